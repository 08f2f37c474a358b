/** The statistics that every figure of the benchmarks goes through, and their two promises: variants take turns, and results that differ are an error. */
import { describe, expect, it } from 'vitest';
import {
  interleave,
  interleavePasses,
  measuredOf,
  median,
  notRun,
  percentile,
  row,
  verdictOf,
  type BenchOptions,
  type PassVariant,
} from '../../bench/harness.js';

const OPTIONS: BenchOptions = { isQuick: true, isLong: false, rounds: 5, roundMs: 1 };

describe('median', () => {
  it('is the middle of an odd number of values and does not reorder them', () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
  });

  it('is half way between the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it('is not moved by one wild value', () => {
    expect(median([1, 1, 1, 1, 1e9])).toBe(1);
  });

  it('orders by value, not by text', () => {
    expect(median([10, 9, 100])).toBe(10);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  it('is a value that was measured, with at least that share at or below it', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile(hundred, 0)).toBe(1);
  });

  it('of one value is that value, of none is 0', () => {
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBe(0);
  });
});

describe('rows', () => {
  const mine = measuredOf('mine', [2, 1, 3]);
  const theirs = measuredOf('theirs', [30, 10, 20]);
  const said = { conditions: '', check: '' };

  it('say how many times as fast as the other: above 1 is faster', () => {
    expect(row('work', mine, theirs, said)).toMatchObject({ ours: 2, theirs: 20, ratio: 10, against: 'theirs' });
    expect(row('work', mine, null, said)).toMatchObject({ theirs: null, ratio: null });
  });

  it('compare round by round: where the machine is slow for both, the ratio stays', () => {
    const ratio = row('work', measuredOf('mine', [1, 1, 3, 3, 3]), measuredOf('theirs', [2, 2, 2, 6, 6]), said).ratio;
    expect(ratio).toBe(2);
    expect(() => row('work', mine, measuredOf('theirs', [1]), said)).toThrow('mine and theirs must have taken the same rounds');
  });

  it('pass or show a gap only where a target is named', () => {
    const target = { required: 10, goal: 20 };
    expect(verdictOf(row('work', mine, theirs, said))).toBe('');
    expect(verdictOf(row('work', mine, theirs, { ...said, target }))).toBe('PASS');
    expect(verdictOf(row('work', mine, theirs, { ...said, target: { required: 10.1, goal: 20 } }))).toBe('GAP');
    expect(verdictOf(row('work', mine, null, { ...said, target }))).toBe('GAP');
  });

  it('that could not run are no pass', () => {
    expect(verdictOf({ ...notRun('work', 'no compiler'), target: { required: 0, goal: 0 } })).toBe('NOT RUN');
  });
});

/** Burns a little processor time, so that a round ends. */
function burn(): number {
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += Math.sqrt(i);
  return sum;
}

describe('interleave', () => {
  it('lets the variants take turns in every round', async () => {
    const turns: string[] = [];
    const variant = (name: string): { name: string; run(count: number): number } => ({
      name,
      run(count) {
        turns.push(name);
        for (let i = 0; i < count; i++) burn();
        return count;
      },
    });
    const measured = await interleave([variant('a'), variant('b')], OPTIONS, { sameResult: true });
    expect(turns.slice(-10)).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
    expect(measured.map(({ name }) => name)).toEqual(['a', 'b']);
    for (const { timesUs, medianUs } of measured) {
      expect(timesUs).toHaveLength(OPTIONS.rounds);
      expect(timesUs).toContain(medianUs);
    }
  });

  it('refuses results that differ, and names them', async () => {
    const variants = [
      { name: 'right', run: (count: number): number => (burn(), count) },
      { name: 'wrong', run: (count: number): number => (burn(), count + 1) },
    ];
    await expect(interleave(variants, OPTIONS, { sameResult: true })).rejects.toThrow(/results differ: right \d+, wrong \d+/);
  });

  it('takes work that ends later', async () => {
    const variant = { name: 'later', run: async (count: number): Promise<number> => (burn(), Promise.resolve(count)) };
    expect(await interleave([variant], OPTIONS, { sameResult: true })).toHaveLength(1);
  });
});

describe('interleavePasses', () => {
  const variant = (name: string, result: string, log: string[] = []): PassVariant => ({
    name,
    prepare: () => log.push(`${name} prepares`),
    pass: () => {
      burn();
      log.push(`${name} passes`);
    },
    result: () => result,
  });

  it('prepares before each pass', async () => {
    const log: string[] = [];
    await interleavePasses([variant('a', 'x', log)], 10, OPTIONS);
    expect(log.length).toBeGreaterThan(10);
    log.forEach((entry, index) => expect(entry).toBe(index % 2 === 0 ? 'a prepares' : 'a passes'));
  });

  it('refuses results that differ', async () => {
    await expect(interleavePasses([variant('a', 'x'), variant('b', 'y')], 1, OPTIONS)).rejects.toThrow('results differ: a x, b y');
  });

  it('passes on what a pass throws', async () => {
    const broken: PassVariant = {
      ...variant('a', 'x'),
      pass: () => {
        throw new Error('a gap');
      },
    };
    await expect(interleavePasses([broken], 1, OPTIONS)).rejects.toThrow('a gap');
  });
});
