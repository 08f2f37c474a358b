/**
 * Candles that a market keeps: steps (minutes, or seconds) for about a day, the hours of older ones folded, and before its first step the past that was drawn
 * from the seed, for as long as nothing is missing between the two. The part that candles of trades and of prices share.
 */
import { groupRuns, listRun, type CandleFold, type CandleRun, type Span } from './candle-runs.js';
import { intervalEnd, intervalStart } from './intervals.js';

/** What was before the market's first step, the finer runs the younger. */
export interface CandlePast<Kind> {
  readonly seconds: CandleRun<Kind>;
  readonly minutes: CandleRun<Kind>;
  readonly hours: CandleRun<Kind>;
}

export interface Stretch {
  readonly intervalMs: number;
  /** Absent: the last ones. */
  readonly fromMs?: number | undefined;
  readonly toMs: number;
  readonly limit: number;
  readonly offsetMs?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A little more than a day: 24-hour statistics need all of it. */
export const KEPT_MINUTES = 1_500;
/** Twelve weeks of hours that were folded; after that the past ends with them. */
const KEPT_HOURS = 2_016;
/** Intervals of all lengths in a few zones. */
const MOST_BEGUN = 64;

export class KeptCandles<Kind extends { readonly startMs: number }> {
  readonly #stepMs: number;
  readonly #kept: number;
  readonly #fold: CandleFold<Kind>;
  readonly #past: CandlePast<Kind> | null;
  #steps: Kind[] = [];
  #hours: Kind[] = [];
  #misses = false;
  /** By interval, start and offset. */
  readonly #begun = new Map<string, Kind>();

  constructor(kept: { readonly stepMs: number; readonly count: number }, fold: CandleFold<Kind>, past: CandlePast<Kind> | null) {
    this.#stepMs = kept.stepMs;
    this.#kept = kept.count;
    this.#fold = fold;
    this.#past = past;
  }

  get steps(): readonly Kind[] {
    return this.#steps;
  }

  get hours(): readonly Kind[] {
    return this.#hours;
  }

  push(candle: Kind): void {
    this.#steps.push(candle);
    const oldestMs = candle.startMs - this.#kept * this.#stepMs;
    while ((this.#steps[0]?.startMs ?? oldestMs) < oldestMs) {
      const dropped = this.#steps.shift();
      if (dropped !== undefined) this.#keepHour(dropped);
    }
  }

  /** Of `intervalMs` (at least a step), from the interval that holds `fromMs` on, oldest first; days and longer begin `offsetMs` before midnight UTC. */
  grouped(intervalMs: number, fromMs: number, toMs: number, offsetMs = 0): Kind[] {
    const span = { intervalMs, fromMs, toMs, offsetMs };
    const runs = this.#runs(intervalMs % HOUR_MS === 0 && offsetMs % HOUR_MS === 0);
    const begun = this.#begunBefore(runs, span);
    return groupRuns(begun === undefined ? runs : [listRun([begun]), listRun(this.#hours), listRun(this.#steps)], this.#fold, span);
  }

  /** The first `limit` that begin at `fromMs` or later, or without it the last ones that begin up to `toMs`. Oldest first. */
  page({ intervalMs, fromMs, toMs, limit, offsetMs = 0 }: Stretch): Kind[] {
    const longMs = limit * intervalMs;
    if (fromMs === undefined) {
      const newestMs = Math.min(toMs, this.#newestMs());
      return this.grouped(intervalMs, newestMs - longMs, lastMsOf(newestMs, intervalMs, offsetMs), offsetMs)
        .filter(({ startMs }) => startMs <= toMs)
        .slice(-limit);
    }
    const beganMs = this.#oldestMs(intervalMs, offsetMs);
    const untilMs = Math.min(toMs, this.#newestMs(), Math.max(fromMs, beganMs) + longMs + intervalMs);
    return this.grouped(intervalMs, fromMs, lastMsOf(untilMs, intervalMs, offsetMs), offsetMs)
      .filter(({ startMs }) => startMs >= fromMs && startMs <= toMs)
      .slice(0, limit);
  }

  /** Steps, not hours, the oldest run first: the past in front of those of the market. */
  get stepRuns(): readonly CandleRun<Kind>[] {
    return this.#runs(false);
  }

  load(steps: readonly Kind[], hours: readonly Kind[]): void {
    this.#steps = steps.map((candle) => ({ ...candle }));
    this.#hours = hours.map((candle) => ({ ...candle }));
    this.#misses = hours.length > 0;
  }

  /** What was kept before is gone, and with it what joined the past. */
  forget(): void {
    this.#misses = true;
  }

  /** What the past has of the interval in which it ended, when that is where the question begins: streams ask for it all day. */
  #begunBefore(runs: readonly CandleRun<Kind>[], { intervalMs, fromMs, toMs, offsetMs }: Required<Span>): Kind | undefined {
    const last = this.#past?.seconds;
    if (intervalMs <= this.#stepMs || last === undefined || last.length === 0 || !runs.includes(last)) return undefined;
    const lastMs = last.startAt(last.length - 1);
    const startMs = intervalStart(Math.max(0, fromMs), intervalMs, offsetMs);
    if (startMs > lastMs || toMs < lastMs || intervalEnd(startMs, intervalMs, offsetMs) < lastMs) return undefined;
    const key = `${intervalMs} ${startMs} ${offsetMs}`;
    let begun = this.#begun.get(key);
    if (begun === undefined) {
      const older = runs.slice(0, runs.indexOf(last) + 1);
      [begun] = groupRuns(older, this.#fold, { intervalMs, fromMs: startMs, toMs: lastMs, offsetMs });
      if (begun !== undefined && this.#begun.size < MOST_BEGUN) this.#begun.set(key, begun);
    }
    return begun;
  }

  #keepHour(step: Kind): void {
    this.#misses = true;
    if (this.#stepMs !== MINUTE_MS) return;
    const startMs = intervalStart(step.startMs, HOUR_MS);
    const hour = this.#hours.at(-1);
    if (hour !== undefined && hour.startMs === startMs) this.#fold.merge(hour, step);
    else this.#hours.push(this.#fold.begin(step, startMs));
    if (this.#hours.length > KEPT_HOURS) this.#hours.shift();
  }

  #runs(isCoarse: boolean): readonly CandleRun<Kind>[] {
    const steps = listRun(this.#steps);
    const past = this.#past;
    if (this.#stepMs < MINUTE_MS) return past === null || this.#misses ? [steps] : [past.seconds, steps];
    const own = isCoarse && this.#hours.length > 0 ? [listRun(this.#hours), steps] : [steps];
    if (past === null) return own;
    if (isCoarse) return this.#hours.length < KEPT_HOURS ? [past.hours, past.minutes, past.seconds, ...own] : own;
    return this.#misses ? own : [past.minutes, past.seconds, ...own];
  }

  #newestMs(): number {
    const run = this.stepRuns.findLast(({ length }) => length > 0);
    return run?.startAt(run.length - 1) ?? 0;
  }

  #oldestMs(intervalMs: number, offsetMs: number): number {
    const run = this.#runs(intervalMs % HOUR_MS === 0 && offsetMs % HOUR_MS === 0).find(({ length }) => length > 0);
    return run?.startAt(0) ?? 0;
  }
}

/** All of the interval that holds this moment: steps that have not been there are none. */
function lastMsOf(timeMs: number, intervalMs: number, offsetMs: number): number {
  return intervalStart(timeMs, intervalMs, offsetMs) + intervalMs - 1;
}
