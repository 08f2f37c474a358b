/**
 * The measuring rule of this folder: variants take turns in rounds (A B A B ...), each round's result is checked, the median of the rounds' ratios is what counts.
 * A benchmark file exports `rows: BenchFile`; `run.ts` prints them as one table. tinybench times a turn, on the CPU clock of the process; the turns,
 * which it does not have, are taken here.
 */
import { Bench } from 'tinybench';

export interface BenchOptions {
  /** Fewer and shorter rounds; for CI, which wants to know that everything runs, not how fast. */
  readonly isQuick: boolean;
  /** Minutes of load where a row is about rare things. */
  readonly isLong: boolean;
  /** Rounds of each variant, at least five. */
  readonly rounds: number;
  /** Least milliseconds of one timed round. */
  readonly roundMs: number;
}

/** What a ratio has to reach, and what it should. */
export interface Target {
  readonly required: number;
  readonly goal: number;
}

/** For a figure that stands alone: the most that `ours` may be, and should be. */
export interface Limit {
  readonly most: number;
  readonly goal: number;
}

export interface BenchRow {
  readonly name: string;
  /** Ours and theirs in `unit`, medians over the rounds; null when the row could not run. */
  readonly ours: number | null;
  readonly theirs: number | null;
  readonly unit: string;
  readonly against: string;
  /** How many times as fast as the other (above 1: we are faster); null when there is nothing to compare with. */
  readonly ratio: number | null;
  readonly target?: Target;
  /** In place of a target, where there is nothing to compare with. */
  readonly limit?: Limit;
  /** Stands in the README's table although nothing is required of it. */
  readonly isShown?: boolean;
  /** Sizes, rates, threads: what the figure holds for. */
  readonly conditions: string;
  /** What was checked of the result, and that it held. */
  readonly check: string;
}

export type BenchFile = (options: BenchOptions) => Promise<BenchRow[]>;

/** One way to do the work. `run` does `count` units of work and returns a checksum of what it made. */
export interface Variant {
  readonly name: string;
  run(count: number): number | Promise<number>;
}

/** Work that starts from the same state each time: `prepare`, which is not timed, then `pass`, which does `units` units. */
export interface PassVariant {
  readonly name: string;
  prepare(): void;
  pass(): void;
  /** Of the state after a pass; equal in all variants. */
  result(): string;
}

export interface Measured {
  readonly name: string;
  /** Microseconds a unit of work, by round. */
  readonly timesUs: readonly number[];
  /** Their median. */
  readonly medianUs: number;
}

export function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

export function median(values: readonly number[]): number {
  const order = sorted(values);
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? (order[middle] ?? 0) : ((order[middle - 1] ?? 0) + (order[middle] ?? 0)) / 2;
}

/** The smallest value that at least the share `q` of all values does not exceed; 0 of none. */
export function percentile(values: readonly number[], q: number): number {
  if (values.length === 0) return 0;
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.max(0, Math.ceil(q * order.length) - 1))] ?? 0;
}

export function measuredOf(name: string, timesUs: readonly number[]): Measured {
  return { name, timesUs, medianUs: median(timesUs) };
}

/** Milliseconds of processor time of this process, all threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** One turn: CPU milliseconds of `work`, run once. */
async function timeOnce(work: () => void | Promise<void>, isAsync: boolean): Promise<number> {
  const bench = new Bench({ now: cpuMs, iterations: 1, time: 0, warmup: false, throws: true });
  bench.add('turn', work, { async: isAsync });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed') throw new Error('a turn did not complete');
  return task.result.latency.mean;
}

/** Calls before the first that counts. */
const WARM_UP_MS = 100;

/** Times variants in turns on the process's CPU clock; the count is chosen so that a round lasts `roundMs`. Throws when results differ. */
export async function interleave(
  variants: readonly Variant[],
  options: BenchOptions,
  { sameResult }: { sameResult: boolean },
): Promise<Measured[]> {
  let count = 1;
  let isAsync = false;
  const warmMs = performance.now() + WARM_UP_MS;
  for (;;) {
    const startedMs = performance.now();
    for (const variant of variants) {
      const result = variant.run(count);
      if (typeof result !== 'number') isAsync = true;
      await result;
    }
    const isLong = performance.now() - startedMs > (options.roundMs * variants.length) / 4 || count > 2 ** 26;
    // The first calls are slow ones: a count chosen by them would be too small.
    if (isLong && performance.now() > warmMs) break;
    if (!isLong) count *= 2;
  }
  const times = variants.map((): number[] => []);
  const sums = variants.map(() => 0);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, variant] of variants.entries()) {
      const work = isAsync
        ? async (): Promise<void> => {
            sums[index] = await variant.run(count);
          }
        : (): void => {
            sums[index] = variant.run(count) as number;
          };
      times[index]?.push(((await timeOnce(work, isAsync)) * 1000) / count);
    }
    if (sameResult && sums.some((sum) => sum !== sums[0])) {
      throw new Error(`results differ: ${variants.map((variant, index) => `${variant.name} ${sums[index]}`).join(', ')}`);
    }
  }
  return variants.map((variant, index) => measuredOf(variant.name, times[index] ?? []));
}

/** As `interleave`, for work that has to start anew: in a round each variant makes passes until they took `roundMs`. Throws when results differ. */
export async function interleavePasses(variants: readonly PassVariant[], units: number, options: BenchOptions): Promise<Measured[]> {
  const times = variants.map((): number[] => []);
  // The first round only warms up.
  for (let round = -1; round < options.rounds; round++) {
    const results: string[] = [];
    for (const [index, variant] of variants.entries()) {
      const bench = new Bench({ now: cpuMs, iterations: 1, time: options.roundMs, warmup: false, throws: true });
      bench.add(variant.name, () => variant.pass(), { async: false, beforeEach: () => variant.prepare() });
      const [task] = await bench.run();
      if (task?.result.state !== 'completed') throw new Error(`${variant.name} did not complete`);
      if (round >= 0) times[index]?.push((task.result.latency.mean * 1000) / units);
      results.push(variant.result());
    }
    if (results.some((result) => result !== results[0])) {
      throw new Error(`results differ: ${variants.map((variant, index) => `${variant.name} ${results[index]}`).join(', ')}`);
    }
  }
  return variants.map((variant, index) => measuredOf(variant.name, times[index] ?? []));
}

/**
 * How many times as fast as the other: the median of the rounds' ratios. A machine that is slower for seconds at a time is so for both sides of a round, and not for
 * two medians. Throws when the two did not take the same rounds.
 */
export function ratioOf(ours: Measured, theirs: Measured): number {
  const { length } = ours.timesUs;
  if (length !== theirs.timesUs.length) throw new Error(`${ours.name} and ${theirs.name} must have taken the same rounds`);
  return median(ours.timesUs.map((time, round) => (theirs.timesUs[round] ?? 0) / time));
}

export function row(
  name: string,
  ours: Measured,
  theirs: Measured | null,
  { conditions, check, unit = 'us', target }: { conditions: string; check: string; unit?: string; target?: Target },
): BenchRow {
  return {
    name,
    ours: ours.medianUs,
    theirs: theirs?.medianUs ?? null,
    unit,
    against: theirs?.name ?? '',
    ratio: theirs === null ? null : ratioOf(ours, theirs),
    ...(target === undefined ? {} : { target }),
    conditions,
    check,
  };
}

/** A row for what could not be measured here, with the reason. It is no pass. */
export function notRun(name: string, reason: string): BenchRow {
  return { name, ours: null, theirs: null, unit: '', against: '', ratio: null, conditions: reason, check: 'nothing' };
}

export type Verdict = 'PASS' | 'GAP' | 'NOT RUN' | '';

/** Against the row's target or limit; '' where it names none. */
export function verdictOf({ ours, ratio, target, limit }: BenchRow): Verdict {
  if (ours === null) return 'NOT RUN';
  if (limit !== undefined) return ours <= limit.most ? 'PASS' : 'GAP';
  if (target === undefined) return '';
  return ratio !== null && ratio >= target.required ? 'PASS' : 'GAP';
}
