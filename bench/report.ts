/** How rows are shown: the line on the terminal, the JSON that scripts read, the table of the README. Called by `run.ts`. */
import { verdictOf, type BenchRow, type Verdict } from './harness.js';

/** A row as scripts read it. */
export type ToldRow = Omit<BenchRow, 'target' | 'limit'> & {
  readonly required: number | null;
  readonly goal: number | null;
  /** Whether `required` is the least ratio, or the most that `ours` may be. */
  readonly judged: 'ratio' | 'ours' | null;
  readonly pass: boolean | null;
  readonly verdict: Verdict;
};

export interface Report {
  readonly machine: string;
  readonly rows: readonly ToldRow[];
}

export const README_START = '<!-- bench: written by `npm run bench -- --readme` -->';
export const README_END = '<!-- /bench -->';

export function figure(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

export function told(row: BenchRow): ToldRow {
  const { target, limit, ...rest } = row;
  const verdict = verdictOf(row);
  return {
    ...rest,
    required: target?.required ?? limit?.most ?? null,
    goal: target?.goal ?? limit?.goal ?? null,
    judged: target !== undefined ? 'ratio' : limit !== undefined ? 'ours' : null,
    pass: verdict === 'PASS' ? true : verdict === 'GAP' ? false : null,
    verdict,
  };
}

export function lineOf(row: ToldRow): string {
  const ours = row.ours === null ? '-' : `${figure(row.ours)} ${row.unit}`;
  const theirs = row.theirs === null ? '-' : `${figure(row.theirs)} ${row.unit}`;
  const ratio = row.ratio === null ? '-' : `${row.ratio.toFixed(2)}x`;
  const wanted = row.required === null ? '' : `required ${bound(row, row.required)}, goal ${bound(row, row.goal)}; `;
  const against = row.against === '' ? '' : `against ${row.against}; `;
  return `${row.name.padEnd(46)} ${ours.padStart(17)} ${theirs.padStart(17)} ${ratio.padStart(8)} ${row.verdict.padEnd(7)}  ${wanted}${against}${row.conditions}; checked: ${row.check}\n`;
}

/** What is required, or wished for, of a row. */
function bound(row: ToldRow, value: number | null): string {
  if (value === null) return '-';
  return row.judged === 'ours' ? `at most ${Number(value.toFixed(2))}` : `${Number(value.toFixed(2))}x`;
}

/** What the README shows: every row that has something to reach, and those that ask to be shown. */
export function readmeTable({ machine, rows }: Report): string {
  const cells = rows
    .filter((row) => row.verdict !== '' || row.isShown === true)
    .map((row) =>
      [
        row.name,
        row.ours === null ? '-' : `${figure(row.ours)} ${row.unit}`,
        row.ratio === null ? '' : `${row.ratio.toFixed(2)}x`,
        row.verdict === 'NOT RUN' ? row.conditions : row.against,
        row.required === null ? '' : bound(row, row.required),
        row.required === null ? '' : bound(row, row.goal),
        row.verdict === '' ? 'reported' : row.verdict,
      ]
        .map((text) => text.replaceAll('|', '\\|'))
        .join(' | '),
    );
  return [
    `${machine}.`,
    '',
    '| what | ours | times as fast as | the other | required | goal | |',
    '|---|--:|--:|---|--:|--:|---|',
    ...cells.map((cell) => `| ${cell} |`),
  ].join('\n');
}

/** The README with the table in its place. Throws where it has no such place. */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(README_START);
  const end = readme.indexOf(README_END);
  if (start === -1 || end < start) throw new Error(`the README has no block between ${README_START} and ${README_END}`);
  return `${readme.slice(0, start)}${README_START}\n\n${table}\n\n${readme.slice(end)}`;
}
