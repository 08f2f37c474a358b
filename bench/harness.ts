/**
 * The measuring rule of this folder: variants take turns in rounds (A B A B ...), each round's result is checked, medians are compared as ratios.
 * A benchmark file exports `rows: BenchFile`; `run.ts` prints them as one table.
 */

export interface BenchOptions {
  /** Fewer and shorter rounds; for CI, which wants to know that everything runs, not how fast. */
  readonly isQuick: boolean;
  /** Rounds of each variant, at least five. */
  readonly rounds: number;
  /** Least milliseconds of one timed round. */
  readonly roundMs: number;
}

export interface BenchRow {
  readonly name: string;
  /** Ours and theirs in `unit`, medians over the rounds. */
  readonly ours: number;
  readonly theirs: number | null;
  readonly unit: string;
  readonly against: string;
  /** How many times as fast as the other (above 1: we are faster); null when there is nothing to compare with. */
  readonly ratio: number | null;
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

export interface Measured {
  readonly name: string;
  /** Median microseconds a unit of work. */
  readonly medianUs: number;
  readonly lowUs: number;
  readonly highUs: number;
  readonly checksum: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** Times variants in turns on the process's CPU clock; the count is chosen so that a round lasts `roundMs` for the slowest. Throws when results differ. */
export async function interleave(
  variants: readonly Variant[],
  options: BenchOptions,
  { sameResult }: { sameResult: boolean },
): Promise<Measured[]> {
  let count = 1;
  for (;;) {
    const startedUs = performance.now() * 1000;
    for (const variant of variants) await variant.run(count);
    if (performance.now() * 1000 - startedUs > (options.roundMs * 1000 * variants.length) / 4 || count > 2 ** 26) break;
    count *= 2;
  }
  const times = variants.map((): number[] => []);
  const sums = variants.map(() => 0);
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, variant] of variants.entries()) {
      const before = process.cpuUsage();
      const sum = await variant.run(count);
      const used = process.cpuUsage(before);
      times[index]?.push((used.user + used.system) / count);
      sums[index] = sum;
    }
    if (sameResult && sums.some((sum) => sum !== sums[0])) {
      throw new Error(`results differ: ${variants.map((variant, index) => `${variant.name} ${sums[index]}`).join(', ')}`);
    }
  }
  return variants.map((variant, index) => {
    const all = times[index] ?? [];
    return { name: variant.name, medianUs: median(all), lowUs: Math.min(...all), highUs: Math.max(...all), checksum: sums[index] ?? 0 };
  });
}

export function row(
  name: string,
  ours: Measured,
  theirs: Measured | null,
  { conditions, check, unit = 'us' }: { conditions: string; check: string; unit?: string },
): BenchRow {
  return {
    name,
    ours: ours.medianUs,
    theirs: theirs?.medianUs ?? null,
    unit,
    against: theirs?.name ?? '',
    ratio: theirs === null ? null : theirs.medianUs / ours.medianUs,
    conditions,
    check,
  };
}
