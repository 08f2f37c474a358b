/** Ratios as they were, and which of today's are worse. Called by `run.ts`; the file is `bench/baseline.json`. */
import type { Report, ToldRow } from './report.js';

/** Of the ratio that was: below it, a row is flagged. */
export const KEPT_SHARE = 0.85;

export interface Baseline {
  readonly machine: string;
  /** Ratio by row name. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface Drop {
  readonly name: string;
  readonly was: number;
  readonly is: number;
}

/** Rows that this run did not have keep what they had. */
export function baselineOf({ machine, rows }: Report, before: Baseline | null): Baseline {
  const ratios: Record<string, number> = { ...before?.ratios };
  for (const { name, ratio } of rows) if (ratio !== null) ratios[name] = Number(ratio.toFixed(3));
  return { machine, ratios: Object.fromEntries(Object.entries(ratios).toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Rows whose ratio fell by more than the share allows. A row that is not in the baseline, or has no ratio today, cannot be compared. */
export function dropsOf(rows: readonly ToldRow[], { ratios }: Baseline): Drop[] {
  return rows.flatMap(({ name, ratio }) => {
    const was = ratios[name];
    return was !== undefined && ratio !== null && ratio < was * KEPT_SHARE ? [{ name, was, is: ratio }] : [];
  });
}

export function parseBaseline(text: string): Baseline {
  const { machine, ratios } = JSON.parse(text) as Partial<Baseline>;
  if (typeof machine !== 'string' || typeof ratios !== 'object' || Object.values(ratios).some((ratio) => typeof ratio !== 'number'))
    throw new Error('a baseline has a machine and ratios by row name');
  return { machine, ratios };
}
