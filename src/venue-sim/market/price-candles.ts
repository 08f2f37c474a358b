/**
 * What an instrument's mark price, index price and premium did, minute by minute: figures that no trade makes. Sampled by `Market` after each step, read by the
 * klines endpoints of mark, index and premium.
 */
import { intervalStart } from './candles.js';

export interface PriceCandle {
  readonly startMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  samples: number;
}

const MINUTE_MS = 60_000;
/** As long as candles of trades are kept. */
const KEPT_MINUTES = 1_500;

export class PriceCandles {
  #minutes: PriceCandle[] = [];

  add(price: number, timeMs: number): void {
    const last = this.#minutes.at(-1);
    if (last !== undefined && timeMs - last.startMs < MINUTE_MS) {
      last.high = Math.max(last.high, price);
      last.low = Math.min(last.low, price);
      last.close = price;
      last.samples++;
      return;
    }
    this.#minutes.push({ startMs: timeMs - (timeMs % MINUTE_MS), open: price, high: price, low: price, close: price, samples: 1 });
    if (this.#minutes.length > KEPT_MINUTES) this.#minutes.shift();
  }

  /** Candles of `intervalMs` (at least a minute), oldest first. */
  grouped(intervalMs: number, fromMs: number, toMs: number): PriceCandle[] {
    const groups: PriceCandle[] = [];
    const leastMs = intervalStart(fromMs, intervalMs);
    for (const minute of this.#minutes) {
      if (minute.startMs < leastMs || minute.startMs > toMs) continue;
      const startMs = intervalStart(minute.startMs, intervalMs);
      const group = groups.at(-1);
      if (group === undefined || group.startMs !== startMs) {
        groups.push({ ...minute, startMs });
        continue;
      }
      group.high = Math.max(group.high, minute.high);
      group.low = Math.min(group.low, minute.low);
      group.close = minute.close;
      group.samples += minute.samples;
    }
    return groups;
  }

  save(): readonly PriceCandle[] {
    return this.#minutes;
  }

  load(saved: readonly PriceCandle[]): void {
    this.#minutes = saved.map((candle) => ({ ...candle }));
  }
}
