/** One-minute candles out of public trades. Pure: fed and asked by candle-recorder.ts. */
import { formatDecimal, formatTicks, parseDecimal } from '../core/numbers/decimal.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { CandleDoc } from './schema.js';

export const MINUTE_US = 60_000_000;

interface OpenCandle {
  readonly openUs: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  lots: number;
  buyLots: number;
  trades: number;
}

export class CandleBuilder {
  /** Trades of minutes that were closed before they came. */
  late = 0;
  /** Trades that are no whole number of steps. */
  odd = 0;
  readonly #instruments: readonly Instrument[];
  readonly #open: (OpenCandle | undefined)[];
  readonly #closedUs: number[];
  readonly #done: CandleDoc[] = [];

  constructor(instruments: readonly Instrument[]) {
    this.#instruments = instruments;
    this.#open = instruments.map(() => undefined);
    this.#closedUs = instruments.map(() => 0);
  }

  add(instrument: number, priceTicks: number, qtyLots: number, isBuy: boolean, venueUs: number): void {
    const openUs = Math.floor(venueUs / MINUTE_US) * MINUTE_US;
    if (!Number.isSafeInteger(priceTicks) || !Number.isSafeInteger(qtyLots) || !Number.isSafeInteger(openUs)) {
      this.odd++;
      return;
    }
    if (openUs < (this.#closedUs[instrument] ?? Infinity)) {
      this.late++;
      return;
    }
    let candle = this.#open[instrument];
    if (candle !== undefined && openUs > candle.openUs) this.#close(instrument, candle);
    else if (candle !== undefined && openUs < candle.openUs) {
      this.late++;
      return;
    }
    candle = this.#open[instrument] ??= {
      openUs,
      open: priceTicks,
      high: priceTicks,
      low: priceTicks,
      close: 0,
      lots: 0,
      buyLots: 0,
      trades: 0,
    };
    candle.high = Math.max(candle.high, priceTicks);
    candle.low = Math.min(candle.low, priceTicks);
    candle.close = priceTicks;
    candle.lots += qtyLots;
    candle.buyLots += isBuy ? qtyLots : 0;
    candle.trades++;
  }

  /** Minutes that ended at or before this time. */
  take(untilUs: number): CandleDoc[] {
    for (const [instrument, candle] of this.#open.entries())
      if (candle !== undefined && candle.openUs + MINUTE_US <= untilUs) this.#close(instrument, candle);
    return this.#done.splice(0);
  }

  #close(instrument: number, candle: OpenCandle): void {
    this.#open[instrument] = undefined;
    this.#closedUs[instrument] = candle.openUs + 1;
    const one = this.#instruments[instrument];
    if (one === undefined) return;
    const { openUs, open, high, low, close, lots, buyLots, trades } = candle;
    const price = (ticks: number): string => formatTicks(ticks, one.tickSize);
    const qty = (count: number): string => formatTicks(count, one.lotSize);
    this.#done.push({
      instrument: one.id,
      openUs,
      open: price(open),
      high: price(high),
      low: price(low),
      close: price(close),
      qty: qty(lots),
      buyQty: qty(buyLots),
      trades,
    });
  }
}

/** Two parts of one minute, a restart between them. */
export function joinCandles(first: CandleDoc, second: CandleDoc): CandleDoc {
  return {
    ...first,
    high: difference(first.high, second.high) >= 0n ? first.high : second.high,
    low: difference(first.low, second.low) <= 0n ? first.low : second.low,
    close: second.close,
    qty: sum(first.qty, second.qty),
    buyQty: sum(first.buyQty, second.buyQty),
    trades: first.trades + second.trades,
  };
}

function aligned(a: string, b: string): readonly [a: bigint, b: bigint, scale: number] {
  const [one, two] = [parseDecimal(a), parseDecimal(b)];
  const scale = Math.max(one.scale, two.scale);
  return [one.mantissa * 10n ** BigInt(scale - one.scale), two.mantissa * 10n ** BigInt(scale - two.scale), scale];
}

function difference(a: string, b: string): bigint {
  const [one, two] = aligned(a, b);
  return one - two;
}

function sum(a: string, b: string): string {
  const [one, two, scale] = aligned(a, b);
  return formatDecimal(one + two, scale);
}
