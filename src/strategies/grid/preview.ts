/**
 * What a grid will do before it does it: every order, the profit of each round trip after fees, the capital it needs, where it breaks even and where a venue would
 * liquidate it. Exact whole numbers, by the same values as the ledger; only the liquidation price is an estimate, because venues keep the brackets to themselves.
 * Pure; called by the host of `preview` and by the page's answer. A ladder that cannot pay was refused when it was made.
 */
import { InstrumentMoney, MoneyTables, microOf } from '../../core/ledger/instrument-money.js';
import { formatDecimal, formatTicks, parseDecimal } from '../../core/numbers/decimal.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { feeRateOf, lotValue, type Ladder } from './ladder.js';
import type { GridSettings } from './params.js';

export interface PreviewLine {
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly counterPrice: string;
  /** Of one round trip, in the profit asset. */
  readonly gross: string;
  readonly fees: string;
  readonly net: string;
  /** Net profit as a share of the opening order's value, in percent. */
  readonly netPercent: string;
  /** Among the nearest levels that rest at once. */
  readonly rests: boolean;
}

export interface PreviewCapital {
  readonly asset: string;
  readonly amount: string;
  readonly use: 'buy orders' | 'sell orders' | 'margin';
}

/** All orders of one side filled, none of their counter orders. */
export interface PreviewSide {
  readonly qty: string;
  readonly averagePrice: string;
  /** Closing here, at the same fee, leaves nothing lost and nothing won. */
  readonly breakEven: string;
  /** Null for spot, and where the price of no liquidation is in reach. */
  readonly liquidation: string | null;
}

export interface GridPreview {
  readonly name: string;
  readonly instrument: string;
  readonly kind: Instrument['kind'];
  readonly anchor: string;
  readonly profitAsset: string;
  readonly feeRate: string;
  readonly lines: readonly PreviewLine[];
  readonly capital: readonly PreviewCapital[];
  readonly profitPerGrid: { readonly least: string; readonly most: string; readonly leastPercent: string; readonly mostPercent: string };
  readonly long: PreviewSide | null;
  readonly short: PreviewSide | null;
  readonly notes: readonly string[];
}

/** Share of a position's value below which a venue liquidates, where its brackets are not known: the lowest bracket of the large venues for the large coins. */
const MAINTENANCE = 0.005;
/** Venues keep money to this many digits. */
const WALLET_DIGITS = 8;

export function previewGrid(name: string, settings: GridSettings, instrument: Instrument, ladder: Ladder): GridPreview {
  const sheet = new Sheet(settings, instrument);
  const resting = restingLevels(ladder, settings.activePerSide);
  const lines = Array.from({ length: ladder.count }, (_, level) => sheet.line(ladder, level, resting.has(level)));
  const nets = Array.from({ length: ladder.count }, (_, level) => sheet.round(ladder, level));
  const least = nets.reduce((a, b) => (b.net < a.net ? b : a));
  const most = nets.reduce((a, b) => (b.net > a.net ? b : a));
  const byShare = nets.toSorted((a, b) => a.share - b.share);
  const capital = sheet.capital(ladder);
  const margin = instrument.kind === 'spot' ? Infinity : Number(capital[0]?.amount ?? 0);
  return {
    name,
    instrument: instrument.id,
    kind: instrument.kind,
    anchor: formatTicks(ladder.anchorTicks, instrument.tickSize),
    profitAsset: sheet.asset,
    feeRate: sheet.feeRate,
    lines,
    capital,
    profitPerGrid: {
      least: sheet.text(least.net),
      most: sheet.text(most.net),
      leastPercent: percent(byShare[0]?.share ?? 0),
      mostPercent: percent(byShare.at(-1)?.share ?? 0),
    },
    long: sheet.side(ladder, true, margin),
    short: sheet.side(ladder, false, margin),
    notes: notesOf(settings, instrument, ladder),
  };
}

interface Round {
  readonly gross: bigint;
  readonly fees: bigint;
  readonly net: bigint;
  readonly share: number;
}

class Sheet {
  readonly feeRate: string;
  readonly asset: string;
  readonly #instrument: Instrument;
  readonly #settings: GridSettings;
  readonly #money: InstrumentMoney;
  readonly #scale: number;
  readonly #fee: ReturnType<typeof parseDecimal>;

  constructor(settings: GridSettings, instrument: Instrument) {
    const tables = new MoneyTables({
      run: 1,
      tag: 'preview',
      mode: 'paper',
      simulated: false,
      venues: [instrument.venue],
      assets: [...new Set([instrument.base, instrument.quote, instrument.settle])],
      instruments: [{ ...instrument, index: 0 }],
      strategies: [],
    });
    this.#settings = settings;
    this.#instrument = instrument;
    this.#money = tables.instrument(0);
    this.#scale = tables.scaleOf(this.#money.moneyAsset);
    this.asset = tables.assets[this.#money.moneyAsset]?.name ?? '';
    this.feeRate = feeRateOf(settings, instrument);
    this.#fee = parseDecimal(this.feeRate);
  }

  text(amount: bigint): string {
    return formatDecimal(amount, this.#scale);
  }

  line(ladder: Ladder, level: number, rests: boolean): PreviewLine {
    const { tickSize, lotSize } = this.#instrument;
    const isBuy = ladder.homeSide[level] === SIDE_BUY;
    const { gross, fees, net, share } = this.round(ladder, level);
    const buy = formatTicks(ladder.buyTicks[level] ?? 0, tickSize);
    const sell = formatTicks(ladder.sellTicks[level] ?? 0, tickSize);
    return {
      level,
      side: isBuy ? 'buy' : 'sell',
      price: isBuy ? buy : sell,
      qty: formatTicks(ladder.qtyLots[level] ?? 0, lotSize),
      counterPrice: isBuy ? sell : buy,
      gross: this.text(gross),
      fees: this.text(fees),
      net: this.text(net),
      netPercent: percent(share),
      rests,
    };
  }

  /** Both orders of a level filled whole. */
  round(ladder: Ladder, level: number): Round {
    const lots = BigInt(ladder.qtyLots[level] ?? 0);
    const buy = this.#valueAt(lots, ladder.buyTicks[level] ?? 0);
    const sell = this.#valueAt(lots, ladder.sellTicks[level] ?? 0);
    const gross = this.#money.buySign * (buy - sell);
    const fees = this.#feeOf(buy) + this.#feeOf(sell);
    const opening = ladder.homeSide[level] === SIDE_BUY ? buy : sell;
    return { gross, fees, net: gross - fees, share: Number(gross - fees) / Number(opening) };
  }

  /** Spot: what the orders of each side hold. Contracts: margin for the larger side at the configured leverage, since one position cannot be both. */
  capital(ladder: Ladder): PreviewCapital[] {
    const instrument = this.#instrument;
    let buys = 0n;
    let sells = 0n;
    let sellLots = 0n;
    for (let level = 0; level < ladder.count; level++) {
      const lots = BigInt(ladder.qtyLots[level] ?? 0);
      if (ladder.homeSide[level] === SIDE_BUY) buys += this.#valueAt(lots, ladder.buyTicks[level] ?? 0);
      else {
        sells += this.#valueAt(lots, ladder.sellTicks[level] ?? 0);
        sellLots += lots;
      }
    }
    if (instrument.kind === 'spot') {
      return [
        { asset: instrument.quote, amount: this.text(buys), use: 'buy orders' },
        { asset: instrument.base, amount: formatTicks(Number(sellLots), instrument.lotSize), use: 'sell orders' },
      ];
    }
    const larger = buys > sells ? buys : sells;
    const leverage = parseDecimal(String(this.#settings.leverage));
    const margin = ceilDivide(larger * 10n ** BigInt(leverage.scale), leverage.mantissa);
    return [{ asset: this.asset, amount: this.text(this.#toWallet(margin, true)), use: 'margin' }];
  }

  side(ladder: Ladder, isLong: boolean, margin: number): PreviewSide | null {
    const { tickSize, lotSize, kind } = this.#instrument;
    let lots = 0n;
    let value = 0n;
    let far = 0;
    for (let level = 0; level < ladder.count; level++) {
      if ((ladder.homeSide[level] === SIDE_BUY) !== isLong) continue;
      const ticks = (isLong ? ladder.buyTicks[level] : ladder.sellTicks[level]) ?? 0;
      const own = BigInt(ladder.qtyLots[level] ?? 0);
      lots += own;
      value += this.#money.value(own, microOf(ticks)).fine;
      far = far === 0 || (isLong ? ticks < far : ticks > far) ? ticks : far;
    }
    if (lots === 0n) return null;
    const average = this.#averageTicks(lots, value);
    const breakEven = this.#breakEven(lots, value, isLong, Math.round(average));
    const liquidation = kind === 'spot' ? null : this.#liquidation(Number(lots), average, isLong, margin);
    return {
      qty: formatTicks(Number(lots), lotSize),
      averagePrice: formatTicks(Math.round(average), tickSize),
      breakEven: formatTicks(breakEven, tickSize),
      liquidation: liquidation === null ? null : formatTicks(liquidation, tickSize),
    };
  }

  #valueAt(lots: bigint, ticks: number): bigint {
    return this.#money.value(lots, microOf(ticks)).venue;
  }

  /** To the venue's digits, halves away from zero; positive when paid. */
  #feeOf(value: bigint): bigint {
    const exact = value * this.#fee.mantissa;
    const divisor = 10n ** BigInt(this.#fee.scale) * this.#walletUnit();
    const twice = 2n * exact;
    const nearest = twice < 0n ? -((-twice + divisor) / (2n * divisor)) : (twice + divisor) / (2n * divisor);
    return nearest * this.#walletUnit();
  }

  #toWallet(amount: bigint, isUp: boolean): bigint {
    const unit = this.#walletUnit();
    return (isUp ? ceilDivide(amount, unit) : amount / unit) * unit;
  }

  #walletUnit(): bigint {
    return 10n ** BigInt(Math.max(0, this.#scale - WALLET_DIGITS));
  }

  #averageTicks(lots: bigint, value: bigint): number {
    // One lot at one tick, as a float: only the shown average comes from it.
    const perLot = Number(value) / Number(lots);
    const oneTick = Number(this.#money.value(1n, microOf(1)).fine);
    return this.#money.isInverse ? oneTick / perLot : perLot / oneTick;
  }

  /** The nearest tick at which closing pays the fees of both sides; found by exact trial around the average. */
  #breakEven(lots: bigint, value: bigint, isLong: boolean, startTicks: number): number {
    const pays = (ticks: number): boolean => {
      const exit = this.#money.value(lots, microOf(ticks)).fine;
      const gain = this.#money.buySign * (isLong ? value - exit : exit - value);
      return gain * 10n ** BigInt(this.#fee.scale) >= this.#fee.mantissa * (value + exit);
    };
    const better = isLong ? 1 : -1;
    // A rebate pays before the average is reached, a fee after it.
    let step = 1;
    let inside = startTicks;
    let outside = startTicks;
    if (pays(startTicks)) {
      while (outside > 1 && pays(outside)) {
        inside = outside;
        outside = Math.max(1, outside - better * step);
        step *= 2;
        if (outside === inside) return inside;
      }
    } else {
      while (!pays(inside)) {
        outside = inside;
        inside = Math.max(1, inside + better * step);
        step *= 2;
        if (inside === outside) return inside;
      }
    }
    while (Math.abs(inside - outside) > 1) {
      const middle = Math.trunc((inside + outside) / 2);
      if (pays(middle)) inside = middle;
      else outside = middle;
    }
    return inside;
  }

  /** Where margin plus loss falls to the maintenance share of the position's value. Null when no price above zero does. */
  #liquidation(lots: number, averageTicks: number, isLong: boolean, margin: number): number | null {
    const unit = lotValue(this.#instrument, 1) * lots;
    const direction = isLong ? 1 : -1;
    const isSafe = (ticks: number): boolean => {
      const isInverse = this.#money.isInverse;
      // lotValue is in quote units for inverse contracts; the price in quote units turns it into coins.
      const price = isInverse ? ticks * Number(this.#instrument.tickSize) : ticks;
      const average = isInverse ? averageTicks * Number(this.#instrument.tickSize) : averageTicks;
      const now = isInverse ? unit / price : unit * price;
      const then = isInverse ? unit / average : unit * average;
      const gain = direction * (isInverse ? then - now : now - then);
      return margin + gain > MAINTENANCE * now;
    };
    let safe = Math.round(averageTicks);
    let unsafe = isLong ? 1 : safe * 1_000;
    if (!isSafe(safe)) return safe;
    if (isSafe(unsafe)) return null;
    while (Math.abs(safe - unsafe) > 1) {
      const middle = Math.trunc((safe + unsafe) / 2);
      if (isSafe(middle)) safe = middle;
      else unsafe = middle;
    }
    return unsafe;
  }
}

/** Levels of each side whose home orders stand nearest to the anchor. */
function restingLevels(ladder: Ladder, active: number): Set<number> {
  const nearest = (isBuy: boolean): number[] =>
    Array.from({ length: ladder.count }, (_, level) => level)
      .filter((level) => (ladder.homeSide[level] === SIDE_BUY) === isBuy)
      .sort((a, b) =>
        isBuy ? (ladder.buyTicks[b] ?? 0) - (ladder.buyTicks[a] ?? 0) : (ladder.sellTicks[a] ?? 0) - (ladder.sellTicks[b] ?? 0),
      )
      .slice(0, active);
  return new Set([...nearest(true), ...nearest(false)]);
}

function notesOf(settings: GridSettings, instrument: Instrument, ladder: Ladder): string[] {
  const notes: string[] = [];
  const sells = ladder.homeSide.filter((side) => side !== SIDE_BUY).length;
  if (instrument.kind === 'spot') {
    notes.push(`fees of buys are taken in ${instrument.feeAssetBuy}; they are counted here at the price of the buy`);
    if (sells > 0) notes.push(`the ${sells} sell levels need ${instrument.base} that the account already holds; a level without it waits`);
  } else {
    notes.push(
      `liquidation is an estimate: isolated margin, maintenance ${MAINTENANCE * 100} %, fees and funding not counted; the venue's own brackets decide`,
    );
  }
  const waiting = ladder.count - Math.min(ladder.count - sells, settings.activePerSide) - Math.min(sells, settings.activePerSide);
  if (waiting > 0)
    notes.push(`${waiting} levels further away are placed when the market comes near (activePerSide ${settings.activePerSide})`);
  if (settings.direction === 'long' && settings.isImproving)
    notes.push('levels above the market are bought near the touch at the start: the initial inventory');
  return notes;
}

function ceilDivide(amount: bigint, divisor: bigint): bigint {
  return (amount + divisor - 1n) / divisor;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
