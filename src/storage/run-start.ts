/** What the journal says of a run at its start. Written by the writer, read by recovery and by the stores' projection, possibly by a later version. */
import type { RunTables } from '../core/orders/tables.js';

export interface RunStart {
  readonly tables: RunTables;
  readonly startedUs: number;
  /** Of the engine that wrote it. */
  readonly version: string;
  readonly configHash: string;
  /** Parameters of each strategy by name, as set. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface RunStop {
  readonly run: number;
  readonly stoppedUs: number;
  readonly summary?: unknown;
}

/** Checks what is used of a run's start; null when it is not one. */
export function parseRunStart(value: unknown): RunStart | null {
  if (typeof value !== 'object' || value === null || !('tables' in value)) return null;
  const tables: unknown = value.tables;
  if (typeof tables !== 'object' || tables === null) return null;
  const lists = ['venues', 'assets', 'instruments', 'strategies'];
  const isWhole =
    lists.every((key) => Array.isArray((tables as Record<string, unknown>)[key])) && 'run' in tables && typeof tables.run === 'number';
  return isWhole ? (value as RunStart) : null;
}
