/**
 * Candles from several sources put together: runs of steps, the oldest run first, folded into the intervals that somebody asks for. Shared by candles of trades
 * (`Candles`) and of prices (`PriceCandles`).
 */
import { intervalEnd, intervalStart } from './intervals.js';

/** Steps of one length or of several, by their start, oldest first. `at` may return the same object each time, filled anew; undefined: nothing happened in it. */
export interface CandleRun<Kind> {
  readonly length: number;
  startAt(index: number): number;
  at(index: number): Kind | undefined;
}

export interface CandleFold<Kind> {
  begin(step: Kind, startMs: number): Kind;
  merge(group: Kind, step: Kind): void;
  /** An interval in which nothing happened, after `before`; null when such an interval has no candle. */
  flat(startMs: number, before: Kind): Kind | null;
}

export interface Span {
  readonly intervalMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs?: number;
}

export function listRun<Kind extends { readonly startMs: number }>(list: readonly Kind[]): CandleRun<Kind> {
  return { length: list.length, startAt: (index) => list[index]?.startMs ?? Number.POSITIVE_INFINITY, at: (index) => list[index] };
}

/** Candles of `intervalMs` that begin in the interval of `fromMs` or later, made of steps that began up to `toMs`; oldest first. */
export function groupRuns<Kind extends { readonly startMs: number }>(
  runs: readonly CandleRun<Kind>[],
  fold: CandleFold<Kind>,
  span: Span,
): Kind[] {
  const { intervalMs, toMs, offsetMs = 0 } = span;
  const leastMs = intervalStart(Math.max(0, span.fromMs), intervalMs, offsetMs);
  const groups: Kind[] = [];
  let last: Kind | undefined;
  let endMs = Number.NEGATIVE_INFINITY;
  const fillTo = (startMs: number): void => {
    const before = last;
    if (before === undefined) return;
    while (endMs + 1 < Math.min(startMs, toMs + 1)) {
      const flat = fold.flat(endMs + 1, before);
      if (flat === null) return;
      if (flat.startMs >= leastMs) groups.push(flat);
      endMs = intervalEnd(flat.startMs, intervalMs, offsetMs);
    }
  };
  // One step more than asked for on each side: what came before an interval without trades is its price.
  for (const step of steps(runs, leastMs)) {
    if (step.startMs > toMs) {
      fillTo(intervalStart(step.startMs, intervalMs, offsetMs));
      break;
    }
    if (last !== undefined && step.startMs <= endMs) {
      fold.merge(last, step);
      continue;
    }
    const startMs = intervalStart(step.startMs, intervalMs, offsetMs);
    fillTo(startMs);
    // An interval that begins without a trade begins at the price of before, as its first step is printed.
    const first: Kind | null = last === undefined || step.startMs === startMs ? null : fold.flat(startMs, last);
    last = fold.begin(first ?? step, startMs);
    if (first !== null) fold.merge(last, step);
    endMs = intervalEnd(startMs, intervalMs, offsetMs);
    if (startMs >= leastMs) groups.push(last);
  }
  return groups;
}

/** From the last step before `fromMs` on. */
function* steps<Kind>(runs: readonly CandleRun<Kind>[], fromMs: number): Generator<Kind> {
  let begun = runs.length - 1;
  while (begun > 0 && !((runs[begun]?.startAt(0) ?? 0) < fromMs && (runs[begun]?.length ?? 0) > 0)) begun--;
  for (let index = begun; index < runs.length; index++) {
    const run = runs[index];
    if (run === undefined) continue;
    for (let place = index === begun ? lastBefore(run, fromMs) : 0; place < run.length; place++) {
      const step = run.at(place);
      if (step !== undefined) yield step;
    }
  }
}

/** Index of the last step before this moment in which something happened; 0 when there is none. */
function lastBefore(run: CandleRun<unknown>, fromMs: number): number {
  let place = Math.max(0, firstFrom(run, fromMs) - 1);
  while (place > 0 && run.at(place) === undefined) place--;
  return place;
}

/** Index of the first step that begins at this moment or later. */
export function firstFrom(run: CandleRun<unknown>, fromMs: number): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (run.startAt(middle) < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
