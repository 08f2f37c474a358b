/**
 * Latency buckets in shared memory: one writer thread, plain words, monitoring reads from the side.
 * Log-linear: 8 buckets to each doubling from 1/16 us to 2^27 us (134 s): a percentile is at most 6 % off its bucket's middle.
 *
 *   word 0 count   1 sum (us)   2 max (us)   3 spare   4.. bucket counts (float64)
 */
import type { SharedViews } from './shared-memory.js';

const SUB_BUCKETS = 8;
const LOWEST_LOG2 = -4;
const OCTAVES = 31;
export const HISTOGRAM_BUCKETS = SUB_BUCKETS * OCTAVES;
const HEAD_WORDS = 4;
export const HISTOGRAM_BYTES = Math.ceil(((HEAD_WORDS + HISTOGRAM_BUCKETS) * 8) / 128) * 128;

export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A number and its bits: what the buckets are cut by stands in the upper half, eleven bits of exponent and then the fraction. */
const number = new Float64Array(1);
const halves = new Int32Array(number.buffer);
number[0] = 1;
const UPPER = halves[1] === 0 ? 0 : 1;
const EXPONENT_SHIFT = 20;
const EXPONENT_BIAS = 1023;
/** The three bits behind the exponent are the eighth of the octave. */
const EIGHTH_SHIFT = EXPONENT_SHIFT - 3;
const FIRST = (EXPONENT_BIAS + LOWEST_LOG2) * SUB_BUCKETS;

/** From the bits: `Math.log2` and a power were a fifth of what a message costs its feed lane. */
function bucketOf(us: number): number {
  if (!(us > 2 ** LOWEST_LOG2)) return 0;
  number[0] = us;
  const index = (halves[UPPER]! >> EIGHTH_SHIFT) - FIRST;
  return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

/** Upper bound of a bucket in microseconds. */
export function bucketUpperUs(index: number): number {
  return 2 ** (Math.floor(index / SUB_BUCKETS) + LOWEST_LOG2) * (1 + ((index % SUB_BUCKETS) + 1) / SUB_BUCKETS);
}

function bucketMiddleUs(index: number): number {
  return 2 ** (Math.floor(index / SUB_BUCKETS) + LOWEST_LOG2) * (1 + ((index % SUB_BUCKETS) + 0.5) / SUB_BUCKETS);
}

export class Histogram {
  readonly #f64: Float64Array;
  readonly #word: number;

  constructor(views: SharedViews, base: number) {
    this.#f64 = views.f64;
    this.#word = base >> 3;
  }

  record(us: number): void {
    const f = this.#f64;
    const w = this.#word;
    const value = us > 0 ? us : 0;
    f[w] = f[w]! + 1;
    f[w + 1] = f[w + 1]! + value;
    if (value > f[w + 2]!) f[w + 2] = value;
    const b = w + HEAD_WORDS + bucketOf(value);
    f[b] = f[b]! + 1;
  }

  /** Adds this histogram's counts to `into` (length HISTOGRAM_BUCKETS + 3: count, sum, max, then buckets). */
  addTo(into: Float64Array): void {
    const f = this.#f64;
    const w = this.#word;
    into[0] = into[0]! + f[w]!;
    into[1] = into[1]! + f[w + 1]!;
    into[2] = Math.max(into[2]!, f[w + 2]!);
    for (let i = 0; i < HISTOGRAM_BUCKETS; i++) into[3 + i] = into[3 + i]! + f[w + HEAD_WORDS + i]!;
  }
}

/** Sums histograms of several threads into one. */
export function mergeHistograms(histograms: readonly Histogram[]): Float64Array {
  const sum = new Float64Array(3 + HISTOGRAM_BUCKETS);
  for (const histogram of histograms) histogram.addTo(sum);
  return sum;
}

export function summarise(merged: Float64Array): LatencySummary {
  const count = merged[0]!;
  return { count, p50: percentile(merged, 0.5), p99: percentile(merged, 0.99), max: Number(merged[2]!.toFixed(3)) };
}

function percentile(merged: Float64Array, q: number): number {
  const wanted = merged[0]! * q;
  if (wanted === 0) return 0;
  let seen = 0;
  for (let i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += merged[3 + i]!;
    if (seen >= wanted) return Number(Math.min(bucketMiddleUs(i), merged[2]!).toFixed(3));
  }
  return Number(merged[2]!.toFixed(3));
}
