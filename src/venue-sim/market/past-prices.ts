/**
 * Mark price, index price, premium and funding of a contract before it was opened, drawn from the seed along the past of its latent price. Made from the opening
 * backwards, as far as somebody asks: 12 bytes a step. Read by `PriceCandles` and, for the rates that were in force, by the exchange's funding clock.
 */
import type { PastStretch } from '../flow/past-grid.js';
import { farthest, type LatentPast } from '../flow/past-path.js';
import type { FlowRandom } from '../flow/random.js';
import type { CandleRun } from './candle-runs.js';
import type { CandlePast } from './kept-candles.js';
import type { PriceCandle } from './price-candles.js';

export type PriceKind = 'mark' | 'index' | 'premium';

export interface PremiumShape {
  /** Standard deviation, as a fraction of the price, and time constant. */
  readonly deviation: number;
  readonly seconds: number;
}

interface Columns {
  readonly stretch: PastStretch;
  readonly ends: Float32Array;
  readonly highs: Float32Array;
  readonly lows: Float32Array;
  made: number;
}

export class PastPrices {
  readonly #path: LatentPast;
  readonly #shape: PremiumShape;
  readonly #random: FlowRandom;
  readonly #columns: Columns[] = [];
  #premium = 0;

  constructor(path: LatentPast, shape: PremiumShape, random: FlowRandom) {
    this.#path = path;
    this.#shape = shape;
    this.#random = random;
  }

  of(kind: PriceKind): CandlePast<PriceCandle> {
    return { seconds: this.#run(kind, 0), minutes: this.#run(kind, 1), hours: this.#run(kind, 2) };
  }

  /** As they stood at a moment on the grid; null before the past begins. */
  at(timeMs: number): { readonly index: number; readonly premium: number } | null {
    for (const [tier, { startMs, endMs, stepMs }] of this.#path.grid.entries()) {
      if (timeMs < startMs || timeMs > endMs) continue;
      const boundary = Math.floor((endMs - timeMs) / stepMs);
      const columns = this.#reach(tier, Math.max(0, boundary - 1));
      return { index: this.#priceAt(this.#path.level(tier, boundary)), premium: columns.ends[boundary] ?? 0 };
    }
    return null;
  }

  #run(kind: PriceKind, tier: number): CandleRun<PriceCandle> {
    const { count: length, startMs, stepMs } = this.#path.grid[tier] ?? this.#path.grid[0];
    const startAt = (index: number): number => startMs + index * stepMs;
    const filled = { startMs: 0, open: 0, high: 0, low: 0, close: 0, samples: stepMs / 1_000 };
    const at = (index: number): PriceCandle => {
      const step = length - 1 - index;
      filled.startMs = startAt(index);
      this.#read(kind, tier, step, filled);
      return filled;
    };
    return { length, startAt, at };
  }

  #read(kind: PriceKind, tier: number, step: number, into: PriceCandle): void {
    const { ends, highs, lows } = this.#reach(tier, step);
    const [close, open] = [ends[step] ?? 0, ends[step + 1] ?? 0];
    if (kind === 'premium') {
      into.open = open;
      into.high = highs[step] ?? 0;
      into.low = lows[step] ?? 0;
      into.close = close;
      return;
    }
    const path = this.#path;
    const [closeLevel, openLevel] = [path.level(tier, step), path.level(tier, step + 1)];
    const isMark = kind === 'mark';
    const between = 1 + (isMark ? (open + close) / 2 : 0);
    into.open = this.#priceAt(openLevel) * (1 + (isMark ? open : 0));
    into.close = this.#priceAt(closeLevel) * (1 + (isMark ? close : 0));
    const top = this.#priceAt(Math.max(openLevel, closeLevel) + path.above(tier, step)) * between;
    const bottom = this.#priceAt(Math.min(openLevel, closeLevel) - path.below(tier, step)) * between;
    into.high = Math.max(into.open, into.close, top);
    into.low = Math.min(into.open, into.close, bottom);
  }

  #reach(tier: number, step: number): Columns {
    const made = this.#columns[tier];
    if (made !== undefined && made.made > step) return made;
    const finer = this.#path.grid[tier - 1];
    if (finer !== undefined) this.#reach(tier - 1, finer.count - 1);
    const columns = made ?? this.#begin(tier);
    this.#make(tier, columns, step);
    return columns;
  }

  #begin(tier: number): Columns {
    const stretch = this.#path.grid[tier] ?? this.#path.grid[0];
    const { count } = stretch;
    const columns = { stretch, ends: new Float32Array(count + 1), highs: new Float32Array(count), lows: new Float32Array(count), made: 0 };
    columns.ends[0] = this.#premium;
    this.#columns[tier] = columns;
    return columns;
  }

  #make(tier: number, columns: Columns, last: number): void {
    const { ends, highs, lows, stretch } = columns;
    const { deviation, seconds } = this.#shape;
    const random = this.#random;
    const stepSeconds = stretch.stepMs / 1_000;
    const kept = Math.exp(-stepSeconds / seconds);
    const moved = deviation * Math.sqrt(1 - kept * kept);
    const turns = stepSeconds / (2 * Math.PI * seconds);
    const most = Math.min(last, stretch.count - 1);
    this.#path.reach(tier, most);
    for (let step = columns.made; step <= most; step++) {
      const close = this.#premium;
      this.#premium = close * kept + moved * random.normal();
      ends[step + 1] = this.#premium;
      highs[step] = Math.max(close, this.#premium, deviation * farthest(turns, random));
      lows[step] = Math.min(close, this.#premium, -deviation * farthest(turns, random));
    }
    columns.made = Math.max(columns.made, most + 1);
  }

  #priceAt(level: number): number {
    return this.#path.startPrice * Math.exp(level);
  }
}
