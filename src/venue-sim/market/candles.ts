/** One-minute candles of a simulated market, built from its trades, and the longer intervals made of them. Read by the klines endpoints and streams. */
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
  #minutes: Candle[] = [];

  /** The minute in progress (or the last one that had a trade). */
  get last(): Candle | undefined {
    return this.#minutes.at(-1);
  }

  add(ticks: number, lots: number, takerSide: Side, tradeId: number, timeMs: number): void {
    const startMs = timeMs - (timeMs % MINUTE_MS);
    let candle = this.#minutes.at(-1);
    if (candle === undefined || candle.startMs < startMs) {
      candle = emptyCandle(startMs, ticks, tradeId);
      this.#minutes.push(candle);
      const oldestMs = startMs - KEPT_MINUTES * MINUTE_MS;
      while ((this.#minutes[0]?.startMs ?? startMs) < oldestMs) this.#minutes.shift();
    }
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

  /** Oldest first. A minute without trades repeats the last close with no volume, as venues print it. */
  minutes(fromMs: number, toMs: number): Candle[] {
    const wanted: Candle[] = [];
    let previous: Candle | undefined;
    for (const candle of this.#minutes) {
      if (previous !== undefined) {
        const lastGapMs = Math.min(candle.startMs - MINUTE_MS, toMs);
        for (let gap = previous.startMs + MINUTE_MS; gap <= lastGapMs; gap += MINUTE_MS) {
          if (gap >= fromMs) wanted.push(emptyCandle(gap, previous.close, previous.lastTradeId));
        }
      }
      if (candle.startMs >= fromMs && candle.startMs <= toMs) wanted.push(candle);
      previous = candle;
    }
    return wanted;
  }

  /** Candles of `intervalMs` (at least a minute), oldest first. */
  grouped(intervalMs: number, fromMs: number, toMs: number): Candle[] {
    const groups: Candle[] = [];
    for (const minute of this.minutes(fromMs - (fromMs % intervalMs), toMs)) {
      const startMs = startOf(minute.startMs, intervalMs);
      const group = groups.at(-1);
      if (group === undefined || group.startMs !== startMs) groups.push({ ...minute, startMs });
      else merge(group, minute);
    }
    return groups;
  }

  /** The day that ends now, as one candle; undefined before the first trade. */
  day(nowMs: number): Candle | undefined {
    let day: Candle | undefined;
    for (const minute of this.#minutes) {
      if (minute.startMs <= nowMs - 86_400_000) continue;
      if (day === undefined) day = { ...minute };
      else merge(day, minute);
    }
    return day;
  }

  save(): readonly Candle[] {
    return this.#minutes;
  }

  load(saved: readonly Candle[]): void {
    this.#minutes = saved.map((candle) => ({ ...candle }));
  }
}

const WEEK_MS = 7 * 86_400_000;
/** The Unix epoch was a Thursday; venues start their weeks on Monday. */
const MONDAY_OFFSET_MS = 4 * 86_400_000;

function startOf(timeMs: number, intervalMs: number): number {
  const offset = intervalMs === WEEK_MS ? MONDAY_OFFSET_MS : 0;
  return timeMs - ((timeMs - offset) % intervalMs);
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
