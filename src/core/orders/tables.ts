/** The run's tables: what the indexes in records mean. Plain data, the same in every thread, written to the journal at the start of each run. */
import type { Instrument } from './instrument.js';

export interface StrategyEntry {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly pnlKind: 'grid' | 'arb' | 'other';
  /** Indexes in the instrument table; a strategy's `slot` s is instruments[s]. */
  readonly instruments: readonly number[];
}

export interface RunTables {
  /** Counts starts on this data directory, from 1; goes into order ids modulo 4096. */
  readonly run: number;
  /** 1 to 8 of [a-z0-9]: names this data directory in client order ids. */
  readonly tag: string;
  readonly mode: 'sim' | 'paper' | 'live';
  readonly simulated: boolean;
  readonly venues: readonly string[];
  readonly assets: readonly string[];
  readonly instruments: readonly Instrument[];
  readonly strategies: readonly StrategyEntry[];
}

/** Index of an instrument's venue: also the index of its gateway. */
export function venueIndexOf(tables: RunTables, instrument: Instrument): number {
  return tables.venues.indexOf(instrument.venue);
}
