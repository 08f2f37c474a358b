/** What scripts and readers get of a benchmark run: verdicts, the README's table, and which ratios fell. */
import { describe, expect, it } from 'vitest';
import { baselineOf, dropsOf, parseBaseline } from '../../bench/baseline.js';
import type { BenchRow } from '../../bench/harness.js';
import { lineOf, readmeTable, README_END, README_START, told, withTable } from '../../bench/report.js';

const ROW: BenchRow = {
  name: 'ring',
  ours: 1,
  theirs: 6,
  unit: 'us',
  against: 'an array',
  ratio: 6,
  conditions: 'one thread',
  check: 'sums equal',
};
const BARE: BenchRow = { ...ROW, name: 'heap', theirs: null, against: '', ratio: null };

describe('a row as it is told', () => {
  it('passes or not by the least ratio', () => {
    expect(told({ ...ROW, target: { required: 6, goal: 9 } })).toMatchObject({
      pass: true,
      verdict: 'PASS',
      required: 6,
      goal: 9,
      judged: 'ratio',
    });
    expect(told({ ...ROW, target: { required: 6.1, goal: 9 } })).toMatchObject({ pass: false, verdict: 'GAP' });
  });

  it('passes or not by the most that a figure alone may be', () => {
    expect(told({ ...BARE, limit: { most: 1, goal: 0 } })).toMatchObject({
      pass: true,
      verdict: 'PASS',
      required: 1,
      goal: 0,
      judged: 'ours',
    });
    expect(told({ ...BARE, limit: { most: 0.99, goal: 0 } })).toMatchObject({ pass: false, verdict: 'GAP' });
  });

  it('neither passes nor fails where nothing is required, or nothing ran', () => {
    expect(told(ROW)).toMatchObject({ pass: null, verdict: '', required: null });
    expect(told({ ...ROW, ours: null, target: { required: 1, goal: 1 } })).toMatchObject({ pass: null, verdict: 'NOT RUN' });
  });

  it('says in its line what is required and what was checked', () => {
    const line = lineOf(told({ ...ROW, target: { required: 2, goal: 3 } }));
    expect(line).toContain('6.00x PASS');
    expect(line).toContain('required 2x, goal 3x');
    expect(line).toContain('checked: sums equal');
    expect(lineOf(told({ ...BARE, limit: { most: 1, goal: 0 } }))).toContain('required at most 1, goal at most 0');
  });
});

describe('the table of the README', () => {
  it('has the rows that have something to reach, those not run, and those that ask for it', () => {
    const rows = [
      told({ ...ROW, name: 'a', target: { required: 2, goal: 3 } }),
      told({ ...ROW, name: 'b' }),
      told({ ...ROW, name: 'c', isShown: true }),
      told({ ...ROW, name: 'd', ours: null, ratio: null, conditions: 'no g++' }),
    ];
    const lines = readmeTable({ machine: 'a machine', rows }).split('\n');
    expect(lines[0]).toBe('a machine.');
    expect(lines.slice(4)).toEqual([
      '| a | 1.00 us | 6.00x | an array | 2x | 3x | PASS |',
      '| c | 1.00 us | 6.00x | an array |  |  | reported |',
      '| d | - |  | no g++ |  |  | NOT RUN |',
    ]);
  });

  it('takes the place of the one before, and nothing else', () => {
    const before = `# Thor\n\n${README_START}\n\nold\n\n${README_END}\n\nafter\n`;
    const once = withTable(before, 'new');
    expect(once).toBe(`# Thor\n\n${README_START}\n\nnew\n\n${README_END}\n\nafter\n`);
    expect(withTable(once, 'new')).toBe(once);
    expect(() => withTable('# Thor\n', 'new')).toThrow('no block');
  });
});

describe('the baseline', () => {
  const report = { machine: 'm', rows: [told(ROW), told({ ...ROW, name: 'other', ratio: 2 }), told(BARE)] };

  it('has ratios only, and keeps those of rows that a run did not have', () => {
    const first = baselineOf(report, null);
    expect(first).toEqual({ machine: 'm', ratios: { other: 2, ring: 6 } });
    expect(baselineOf({ machine: 'n', rows: [told({ ...ROW, ratio: 7 })] }, first)).toEqual({
      machine: 'n',
      ratios: { other: 2, ring: 7 },
    });
    expect(parseBaseline(JSON.stringify(first))).toEqual(first);
    expect(() => parseBaseline('{"machine":"m","ratios":{"a":"1"}}')).toThrow('ratios');
  });

  it('flags a ratio that fell by more than 15 %, no smaller fall, no new row', () => {
    const baseline = baselineOf(report, null);
    const at = (ratio: number): readonly unknown[] =>
      dropsOf([told({ ...ROW, ratio }), told({ ...ROW, name: 'new', ratio: 0.1 })], baseline);
    expect(at(5.2)).toEqual([]);
    expect(at(5.0)).toEqual([{ name: 'ring', was: 6, is: 5 }]);
  });
});
