/**
 * What one lot of an instrument means in money, as exact integers computed once from the run's tables. Called by the ledger, on the thread of the journal's writer.
 *
 * Money of an asset is counted at that asset's own scale, fine enough that every spot, linear and quanto amount, and every position at a mark, is a whole number.
 * Only inverse values are quotients; they are cut at 1e-18, and what the cut or the venue's own rounding takes is booked as `rounding`, so sums stay exact.
 * Prices come in micro-ticks, because a mark price may lie between ticks.
 */
import { parseDecimal } from '../numbers/decimal.js';
import { assert } from '../numbers/errors.js';
import type { Instrument } from '../orders/instrument.js';
import type { RunTables } from '../orders/tables.js';
import { MICRO_PER_TICK, MICRO_SCALE } from './marks.js';
import { valueRuleOf, WALLET_SCALE, type ValueRule } from './value-rule.js';

const INVERSE_SCALE = 18;

export interface AssetUnit {
  readonly name: string;
  /** Digits after the point: 1 unit = 10^-scale of the asset. */
  readonly scale: number;
}

/** A fill or a position in money: what the venue books, and the same before its rounding. */
export interface Value {
  readonly venue: bigint;
  readonly fine: bigint;
}

export class InstrumentMoney {
  readonly isInverse: boolean;
  readonly isSpot: boolean;
  /** Pool quantity of one lot: base units for spot and linear, quote units for inverse, contracts for quanto; at the table's common quantity scale. */
  readonly lotQty: bigint;
  readonly #rule: ValueRule | null;
  /** Linear: money units of one lot at one micro-tick. Inverse: numerator of (money units x micro-ticks) of one lot. */
  readonly #factor: bigint;
  readonly #divisor: bigint;
  readonly #walletUnit: bigint;

  constructor(
    readonly instrument: Instrument,
    readonly venueIndex: number,
    /** Index of the asset that cash flows are counted in. */
    readonly moneyAsset: number,
    moneyScale: number,
    /** Index of the base asset for spot, -1 for contracts. */
    readonly baseAsset: number,
    qtyScale: number,
  ) {
    const { kind } = instrument;
    const tick = parseDecimal(instrument.tickSize);
    const lot = parseDecimal(instrument.lotSize);
    const multiplier = parseDecimal(instrument.multiplier);
    assert(
      tick.mantissa > 0n && lot.mantissa > 0n && multiplier.mantissa > 0n,
      `${instrument.id}: tick, lot and multiplier must be positive`,
    );
    const lotScale = lot.scale + multiplier.scale;
    this.isInverse = kind === 'inverse';
    this.isSpot = kind === 'spot';
    this.lotQty = lot.mantissa * multiplier.mantissa * 10n ** BigInt(qtyScale - lotScale);
    this.#rule = kind === 'inverse' || kind === 'quanto' ? valueRuleOf(instrument.venue) : null;
    this.#walletUnit = 10n ** BigInt(moneyScale - WALLET_SCALE);
    if (this.isInverse) {
      this.#factor = lot.mantissa * multiplier.mantissa * 10n ** BigInt(moneyScale + tick.scale + MICRO_SCALE);
      this.#divisor = tick.mantissa * 10n ** BigInt(lotScale);
    } else {
      this.#factor = tick.mantissa * lot.mantissa * multiplier.mantissa * 10n ** BigInt(moneyScale - tick.scale - lotScale - MICRO_SCALE);
      this.#divisor = 1n;
    }
  }

  /** Value of signed lots at a price; negative lots give the negative of the same value. */
  value(lots: bigint, micro: bigint): Value {
    if (lots < 0n) {
      const opposite = this.value(-lots, micro);
      return { venue: -opposite.venue, fine: -opposite.fine };
    }
    if (lots === 0n) return { venue: 0n, fine: 0n };
    assert(micro > 0n, `${this.instrument.id}: price must be positive, was ${micro} micro-ticks`);
    const [numerator, denominator] = this.isInverse ? [this.#factor, this.#divisor * micro] : [this.#factor * micro, 1n];
    const fine = (lots * numerator) / denominator;
    if (this.#rule === null) return { venue: fine, fine };
    const unit = denominator * this.#walletUnit;
    const wallet = this.#rule === 'per-lot' ? lots * nearest(numerator, unit) : nearest(lots * numerator, unit);
    return { venue: wallet * this.#walletUnit, fine };
  }

  /** Sign of the cash flow of a buy: money leaves, except on an inverse contract, where buying is worth base coins now and gives them back at the exit. */
  get buySign(): bigint {
    return this.isInverse ? 1n : -1n;
  }
}

/** The assets of a run with their scales, and its instruments in money. */
export class MoneyTables {
  readonly assets: readonly AssetUnit[];
  readonly instruments: readonly InstrumentMoney[];
  /** Digits of pool quantities, common to all instruments. */
  readonly qtyScale: number;

  constructor(readonly tables: RunTables) {
    const names = [...tables.assets];
    const scales = names.map(() => WALLET_SCALE);
    const need = (asset: string, scale: number): number => {
      const found = names.indexOf(asset);
      const index = found < 0 ? names.push(asset) - 1 : found;
      scales[index] = Math.max(scales[index] ?? WALLET_SCALE, scale);
      return index;
    };
    this.qtyScale = Math.max(0, ...tables.instruments.map(lotScaleOf));
    for (const one of tables.instruments) {
      const exact = parseDecimal(one.tickSize).scale + lotScaleOf(one) + MICRO_SCALE;
      need(moneyOf(one), one.kind === 'inverse' ? Math.max(INVERSE_SCALE, exact) : exact);
      need(one.base, this.qtyScale);
    }
    this.assets = names.map((name, index) => ({ name, scale: scales[index] ?? WALLET_SCALE }));
    this.instruments = tables.instruments.map((one) => {
      const money = names.indexOf(moneyOf(one));
      const venue = tables.venues.indexOf(one.venue);
      assert(venue >= 0, `${one.id}: venue '${one.venue}' must be in the run's table`);
      const base = one.kind === 'spot' ? names.indexOf(one.base) : -1;
      return new InstrumentMoney(one, venue, money, scales[money] ?? WALLET_SCALE, base, this.qtyScale);
    });
  }

  instrument(index: number): InstrumentMoney {
    const found = this.instruments[index];
    assert(found !== undefined, `instrument index must be in the run's table, was ${index}`);
    return found;
  }

  scaleOf(asset: number): number {
    const found = this.assets[asset];
    assert(found !== undefined, `asset index must be in the run's table, was ${asset}`);
    return found.scale;
  }

  /** 1e-8 units, as fees and funding come in records, in the asset's own units. */
  fromWallet(asset: number, amount: number): bigint {
    return BigInt(amount) * 10n ** BigInt(this.scaleOf(asset) - WALLET_SCALE);
  }

  /** Pool quantity of a base asset in that asset's own units. */
  fromQty(asset: number, qty: bigint): bigint {
    return qty * 10n ** BigInt(this.scaleOf(asset) - this.qtyScale);
  }
}

export function microOf(ticks: number): bigint {
  return BigInt(ticks) * MICRO_PER_TICK;
}

function moneyOf(instrument: Instrument): string {
  return instrument.kind === 'spot' ? instrument.quote : instrument.settle;
}

/** Digits of a lot in the units of its quantity. */
function lotScaleOf(instrument: Instrument): number {
  return parseDecimal(instrument.lotSize).scale + parseDecimal(instrument.multiplier).scale;
}

/** Quotient of positive integers, halves up. */
function nearest(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}
