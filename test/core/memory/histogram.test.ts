import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Histogram,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_BYTES,
  bucketUpperUs,
  mergeHistograms,
  summarise,
} from '../../../src/core/memory/histogram.js';
import { planMemory, histogramBase, STAGES } from '../../../src/core/memory/layout.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';

/** The bucket that a value goes to. */
function into(value: number): number {
  const histogram = new Histogram(viewsOf(new SharedArrayBuffer(HISTOGRAM_BYTES)), 0);
  histogram.record(value);
  return mergeHistograms([histogram]).subarray(3).indexOf(1);
}

describe('Histogram', () => {
  it('gives percentiles within an eighth of the true ones, over all threads together', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
        const views = viewsOf(new SharedArrayBuffer(HISTOGRAM_BYTES * 2));
        const parts = [new Histogram(views, 0), new Histogram(views, HISTOGRAM_BYTES)];
        for (const [index, value] of values.entries()) parts[index % 2]?.record(value);
        const { count, p50, max } = summarise(mergeHistograms(parts));
        const sorted = values.toSorted((a, b) => a - b);
        const median = sorted[Math.ceil(values.length * 0.5) - 1] ?? 0;
        expect(count).toBe(values.length);
        expect(max).toBeCloseTo(sorted.at(-1) ?? 0, 2);
        expect(Math.abs(p50 - median)).toBeLessThanOrEqual(median / 8 + 0.001);
      }),
    );
  });

  it('counts a value in the bucket whose bounds are around it, at the bounds too, and what is too small or too large at the ends', () => {
    for (let i = 1; i + 1 < HISTOGRAM_BUCKETS; i++) {
      const [lower, upper] = [bucketUpperUs(i - 1), bucketUpperUs(i)];
      expect([into(lower), into((lower + upper) / 2), into(upper)]).toEqual([i, i, i + 1]);
    }
    expect([0, -1, 2 ** -4, Number.NaN].map(into)).toEqual([0, 0, 0, 0]);
    expect([2 ** 27, 1e300, Infinity].map(into)).toEqual([HISTOGRAM_BUCKETS - 1, HISTOGRAM_BUCKETS - 1, HISTOGRAM_BUCKETS - 1]);
  });

  it('has rising bucket bounds', () => {
    for (let i = 1; i < 200; i++) expect(bucketUpperUs(i)).toBeGreaterThan(bucketUpperUs(i - 1));
  });
});

describe('planMemory', () => {
  it('keeps regions apart and on 128-byte boundaries', () => {
    const plan = planMemory({
      instruments: 3,
      bookBytes: 4096,
      strategies: 2,
      levelsPerStrategy: 16,
      venues: 2,
      gateways: 2,
      assets: 3,
      feedLanes: 1,
      lanes: 3,
      producers: 2,
      orderSlots: 256,
      ringRecords: 64,
      journalRecords: 128,
    });
    const starts = Object.entries(plan).flatMap(([name, value]) =>
      typeof value === 'number' && !['bytes', 'tapeStride', 'changesStride', 'ringStride', 'journalStride'].includes(name) ? [value] : [],
    );
    expect(new Set(starts).size).toBe(starts.length);
    for (const start of starts) expect(start % 128).toBe(0);
    expect(plan.bytes).toBe(plan.books + 3 * 4096);
    expect(histogramBase(plan, 2, 'orderToDurable') + HISTOGRAM_BYTES).toBeLessThanOrEqual(plan.positions);
    expect(STAGES.length).toBe(5);
  });
});
