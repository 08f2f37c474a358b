/** One-minute (or one-second) candles of a simulated market, built from its trades, and the longer intervals made of them. Read by the klines endpoints and streams. */
import type { Side } from '../engine/book-side.js';
import { firstFrom, type CandleFold, type CandleRun } from './candle-runs.js';
import { KEPT_MINUTES, KeptCandles, type CandlePast, type Stretch } from './kept-candles.js';

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
const DAY_MS = 86_400_000;

/** A step without trades repeats the last close with no volume, as venues print it. */
const FOLD: CandleFold<Candle> = {
  begin: (step, startMs) => ({ ...step, startMs }),
  merge,
  flat: (startMs, before) => emptyCandle(startMs, before.close, before.lastTradeId),
};

export class Candles {
  readonly #stepMs: number;
  readonly #kept: KeptCandles<Candle>;
  /** The past's part of a window that ends after it: the same until the window's start leaves a step behind. */
  #pastWindow: { readonly key: string; readonly folded: Candle | undefined } = { key: '', folded: undefined };

  constructor(stepMs = MINUTE_MS, kept = KEPT_MINUTES, past: CandlePast<Candle> | null = null) {
    this.#stepMs = stepMs;
    this.#kept = new KeptCandles({ stepMs, count: kept }, FOLD, past);
  }

  add(ticks: number, lots: number, takerSide: Side, tradeId: number, timeMs: number): void {
    const startMs = timeMs - (timeMs % this.#stepMs);
    let candle = this.#kept.steps.at(-1);
    if (candle === undefined || candle.startMs < startMs) {
      candle = emptyCandle(startMs, ticks, tradeId);
      this.#kept.push(candle);
    }
    mergeTrade(candle, ticks, lots, takerSide, tradeId);
  }

  /** Steps that begin within these times, oldest first. */
  steps(fromMs: number, toMs: number): Candle[] {
    return this.grouped(this.#stepMs, fromMs, toMs).filter(({ startMs }) => startMs >= fromMs);
  }

  /** Candles of `intervalMs` (at least a step), oldest first; days and longer begin `offsetMs` before midnight UTC. */
  grouped(intervalMs: number, fromMs: number, toMs: number, offsetMs = 0): Candle[] {
    return this.#kept.grouped(intervalMs, fromMs, toMs, offsetMs);
  }

  page(stretch: Stretch): Candle[] {
    return this.#kept.page(stretch);
  }

  /** The day that ends now, as one candle; undefined when nothing was traded in it. */
  day(nowMs: number): Candle | undefined {
    return this.window(nowMs - DAY_MS, nowMs);
  }

  /** Everything after `fromMs` up to `toMs` as one candle; undefined without a trade. */
  window(fromMs: number, toMs: number): Candle | undefined {
    const runs = this.#kept.stepRuns;
    const own = runs.slice(-1);
    const past = this.#pastPart(runs.slice(0, -1), fromMs, toMs);
    return folded(own, fromMs, toMs, past === undefined ? undefined : { ...past });
  }

  save(): readonly Candle[] {
    return this.#kept.steps;
  }

  saveHours(): readonly Candle[] {
    return this.#kept.hours;
  }

  load(saved: readonly Candle[], hours: readonly Candle[] = []): void {
    this.#kept.load(saved, hours);
  }

  /** Candles that are not kept over a restart have lost what joined them to the past. */
  forget(): void {
    this.#kept.forget();
  }

  #pastPart(runs: readonly CandleRun<Candle>[], fromMs: number, toMs: number): Candle | undefined {
    const last = runs.findLast(({ length }) => length > 0);
    if (last === undefined) return undefined;
    if (toMs < last.startAt(last.length - 1)) return folded(runs, fromMs, toMs, undefined);
    const key = runs.map((run) => firstFrom(run, fromMs + 1)).join();
    if (this.#pastWindow.key !== key) this.#pastWindow = { key, folded: folded(runs, fromMs, toMs, undefined) };
    return this.#pastWindow.folded;
  }
}

function folded(runs: readonly CandleRun<Candle>[], fromMs: number, toMs: number, begun: Candle | undefined): Candle | undefined {
  let window = begun;
  for (const run of runs) {
    for (let index = firstFrom(run, fromMs + 1); index < run.length && run.startAt(index) <= toMs; index++) {
      const step = run.at(index);
      if (step === undefined) continue;
      if (window === undefined) window = { ...step };
      else merge(window, step);
    }
  }
  return window;
}

function emptyCandle(startMs: number, ticks: number, tradeId: number): Candle {
  const none = { lots: 0, tickLots: 0, trades: 0, buyLots: 0, buyTickLots: 0 };
  return { startMs, open: ticks, high: ticks, low: ticks, close: ticks, ...none, firstTradeId: tradeId, lastTradeId: tradeId };
}

function merge(group: Candle, step: Candle): void {
  group.high = Math.max(group.high, step.high);
  group.low = Math.min(group.low, step.low);
  group.close = step.close;
  group.lots += step.lots;
  group.tickLots += step.tickLots;
  group.trades += step.trades;
  group.buyLots += step.buyLots;
  group.buyTickLots += step.buyTickLots;
  group.lastTradeId = step.lastTradeId;
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
