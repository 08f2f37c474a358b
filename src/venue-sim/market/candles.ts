/** One-minute (or one-second) candles of a simulated market, built from its trades, and the longer intervals made of them. Read by the klines endpoints and streams. */
import type { Side } from '../engine/book-side.js';

export interface Candle {
  readonly startMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  lots: number;
  /** Sum of ticks times lots. */
  tickLots: number;
  trades: number;
  buyLots: number;
  buyTickLots: number;
  firstTradeId: number;
  lastTradeId: number;
}

const MINUTE_MS = 60_000;
/** A little more than a day: 24-hour statistics need all of it. */
const KEPT_MINUTES = 1_500;

export class Candles {
  readonly #stepMs: number;
  readonly #kept: number;
  #steps: Candle[] = [];

  constructor(stepMs = MINUTE_MS, kept = KEPT_MINUTES) {
    this.#stepMs = stepMs;
    this.#kept = kept;
  }

  /** The step in progress (or the last one that had a trade). */
  get last(): Candle | undefined {
    return this.#steps.at(-1);
  }

  add(ticks: number, lots: number, takerSide: Side, tradeId: number, timeMs: number): void {
    const startMs = timeMs - (timeMs % this.#stepMs);
    let candle = this.#steps.at(-1);
    if (candle === undefined || candle.startMs < startMs) {
      candle = emptyCandle(startMs, ticks, tradeId);
      this.#steps.push(candle);
      const oldestMs = startMs - this.#kept * this.#stepMs;
      while ((this.#steps[0]?.startMs ?? startMs) < oldestMs) this.#steps.shift();
    }
    mergeTrade(candle, ticks, lots, takerSide, tradeId);
  }

  /** Oldest first. A step without trades repeats the last close with no volume, as venues print it. */
  steps(fromMs: number, toMs: number): Candle[] {
    const wanted: Candle[] = [];
    let previous: Candle | undefined;
    for (const candle of this.#steps) {
      if (previous !== undefined) {
        const lastGapMs = Math.min(candle.startMs - this.#stepMs, toMs);
        for (let gap = previous.startMs + this.#stepMs; gap <= lastGapMs; gap += this.#stepMs) {
          if (gap >= fromMs) wanted.push(emptyCandle(gap, previous.close, previous.lastTradeId));
        }
      }
      if (candle.startMs >= fromMs && candle.startMs <= toMs) wanted.push(candle);
      previous = candle;
    }
    return wanted;
  }

  /** Candles of `intervalMs` (at least a step), oldest first; days and longer begin `offsetMs` before midnight UTC. */
  grouped(intervalMs: number, fromMs: number, toMs: number, offsetMs = 0): Candle[] {
    const groups: Candle[] = [];
    for (const step of this.steps(intervalStart(fromMs, intervalMs, offsetMs), toMs)) {
      const startMs = intervalStart(step.startMs, intervalMs, offsetMs);
      const group = groups.at(-1);
      if (group === undefined || group.startMs !== startMs) groups.push({ ...step, startMs });
      else merge(group, step);
    }
    return groups;
  }

  /** The day that ends now, as one candle; undefined before the first trade. */
  day(nowMs: number): Candle | undefined {
    return this.window(nowMs - 86_400_000, nowMs);
  }

  /** Everything after `fromMs` up to `toMs` as one candle; undefined without a trade. */
  window(fromMs: number, toMs: number): Candle | undefined {
    let window: Candle | undefined;
    for (const step of this.#steps) {
      if (step.startMs <= fromMs || step.startMs > toMs) continue;
      if (window === undefined) window = { ...step };
      else merge(window, step);
    }
    return window;
  }

  save(): readonly Candle[] {
    return this.#steps;
  }

  load(saved: readonly Candle[]): void {
    this.#steps = saved.map((candle) => ({ ...candle }));
  }
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The Unix epoch was a Thursday; venues start their weeks on Monday. */
const MONDAY_OFFSET_MS = 4 * DAY_MS;
/** Stands for the calendar month, whose length differs. */
export const MONTH_MS = 31 * DAY_MS;

/** When the interval that holds this moment began. */
export function intervalStart(timeMs: number, intervalMs: number, offsetMs = 0): number {
  if (intervalMs < DAY_MS) return timeMs - (timeMs % intervalMs);
  const localMs = timeMs + offsetMs;
  if (intervalMs === MONTH_MS) {
    const day = new Date(localMs);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) - offsetMs;
  }
  const phaseMs = intervalMs === WEEK_MS ? MONDAY_OFFSET_MS : 0;
  return timeMs - ((localMs - phaseMs) % intervalMs);
}

/** The last millisecond of the interval that began then. */
export function intervalEnd(startMs: number, intervalMs: number, offsetMs = 0): number {
  if (intervalMs !== MONTH_MS) return startMs + intervalMs - 1;
  const day = new Date(startMs + offsetMs);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1) - offsetMs - 1;
}

function emptyCandle(startMs: number, ticks: number, tradeId: number): Candle {
  const none = { lots: 0, tickLots: 0, trades: 0, buyLots: 0, buyTickLots: 0 };
  return { startMs, open: ticks, high: ticks, low: ticks, close: ticks, ...none, firstTradeId: tradeId, lastTradeId: tradeId };
}

function merge(group: Candle, minute: Candle): void {
  group.high = Math.max(group.high, minute.high);
  group.low = Math.min(group.low, minute.low);
  group.close = minute.close;
  group.lots += minute.lots;
  group.tickLots += minute.tickLots;
  group.trades += minute.trades;
  group.buyLots += minute.buyLots;
  group.buyTickLots += minute.buyTickLots;
  group.lastTradeId = minute.lastTradeId;
}

function mergeTrade(candle: Candle, ticks: number, lots: number, takerSide: Side, tradeId: number): void {
  candle.high = Math.max(candle.high, ticks);
  candle.low = Math.min(candle.low, ticks);
  candle.close = ticks;
  candle.lots += lots;
  candle.tickLots += ticks * lots;
  candle.trades++;
  candle.lastTradeId = tradeId;
  if (takerSide === 'buy') {
    candle.buyLots += lots;
    candle.buyTickLots += ticks * lots;
  }
}
