/**
 * Parameters that were changed while a run traded, as the journal keeps them: the newest record of a strategy says everything. Folded by JournalFold; written by the
 * host before the strategy hears of the change.
 */
import { ColdKind } from './segment.js';

/** Changes of a strategy that can be taken back. */
export const CHANGES_KEPT = 10;

type Values = Readonly<Record<string, string | number | boolean>>;

export interface KeptParams {
  readonly strategy: string;
  readonly kind: string;
  readonly setUs: number;
  /** From here on. */
  readonly values: Values;
  readonly before: Values;
  /** What the file said then: where it says something else by now, the file was edited since and is the newer word. */
  readonly file: Values;
  /** That can be taken back, oldest first. */
  readonly changes: readonly { readonly tsUs: number; readonly before: Values; readonly after: Values }[];
}

export class ParamsFold {
  readonly #newest = new Map<string, KeptParams>();

  cold(kind: number, value: unknown): void {
    if (kind !== ColdKind.PARAMETERS) return;
    const kept = parseKeptParams(value);
    if (kept !== null) this.#newest.set(kept.strategy, kept);
  }

  all(): KeptParams[] {
    return [...this.#newest.values()];
  }

  restore(all: readonly KeptParams[]): void {
    for (const kept of all) this.#newest.set(kept.strategy, kept);
  }
}

/** Null when it is not one of ours. */
export function parseKeptParams(value: unknown): KeptParams | null {
  if (typeof value !== 'object' || value === null) return null;
  const one = value as Partial<Record<keyof KeptParams, unknown>>;
  const isWhole =
    typeof one.strategy === 'string' &&
    typeof one.kind === 'string' &&
    typeof one.setUs === 'number' &&
    [one.values, one.before, one.file].every((part) => typeof part === 'object' && part !== null) &&
    Array.isArray(one.changes);
  return isWhole ? (value as KeptParams) : null;
}
