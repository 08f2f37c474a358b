/**
 * What an instrument's mark price, index price and premium did, minute by minute: figures that no trade makes. Sampled by `Market` after each step, read by the
 * klines endpoints of mark, index and premium.
 */
import type { CandleFold } from './candle-runs.js';
import { KEPT_MINUTES, KeptCandles, type CandlePast, type Stretch } from './kept-candles.js';

export interface PriceCandle {
  readonly startMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  samples: number;
}

const MINUTE_MS = 60_000;

/** A minute without a sample has no candle: the exchange slept. */
const FOLD: CandleFold<PriceCandle> = {
  begin: (step, startMs) => ({ ...step, startMs }),
  merge: (group, step) => {
    group.high = Math.max(group.high, step.high);
    group.low = Math.min(group.low, step.low);
    group.close = step.close;
    group.samples += step.samples;
  },
  flat: () => null,
};

export class PriceCandles {
  readonly #kept: KeptCandles<PriceCandle>;

  constructor(past: CandlePast<PriceCandle> | null) {
    this.#kept = new KeptCandles({ stepMs: MINUTE_MS, count: KEPT_MINUTES }, FOLD, past);
  }

  add(price: number, timeMs: number): void {
    const last = this.#kept.steps.at(-1);
    if (last !== undefined && timeMs - last.startMs < MINUTE_MS) {
      last.high = Math.max(last.high, price);
      last.low = Math.min(last.low, price);
      last.close = price;
      last.samples++;
      return;
    }
    this.#kept.push({ startMs: timeMs - (timeMs % MINUTE_MS), open: price, high: price, low: price, close: price, samples: 1 });
  }

  /** Candles of `intervalMs` (at least a minute), oldest first. */
  grouped(intervalMs: number, fromMs: number, toMs: number): PriceCandle[] {
    return this.#kept.grouped(intervalMs, fromMs, toMs);
  }

  page(stretch: Stretch): PriceCandle[] {
    return this.#kept.page(stretch);
  }

  save(): readonly PriceCandle[] {
    return this.#kept.steps;
  }

  saveHours(): readonly PriceCandle[] {
    return this.#kept.hours;
  }

  load(saved: readonly PriceCandle[], hours: readonly PriceCandle[] = []): void {
    this.#kept.load(saved, hours);
  }
}
