/**
 * What earlier runs left behind, folded from the newest checkpoint and the journal behind it in the terms of the run that is about to start. Called once by the host,
 * before any lane runs. Reads in bounded memory; what it keeps grows with the fills only. Same journal, same result: it may be called again at any time.
 */
import type { RunTables } from '../core/orders/tables.js';
import { loadCheckpoint } from './checkpoint.js';
import { type Disk, nodeDisk } from './disk.js';
import { JournalFold, type Recovery } from './journal-fold.js';
import { type Damage, type PreparedSpace, readJournal } from './journal-reader.js';
import { cutPrepared, repairJournal } from './journal-repair.js';
import { segmentName, segmentNumber } from './segment.js';

export type { RecoveredFunding } from './fold-state.js';
export type { Recovery } from './journal-fold.js';

export interface RecoverOptions {
  /** The journal's folder. */
  readonly folder: string;
  /** Of the run to come; its `run` is not used. */
  readonly tables: RunTables;
  readonly disk?: Disk;
  /** Cut torn tails and prepared space, copy holes aside (default). Off for tools that only look. */
  readonly repair?: boolean;
}

export function recover(options: RecoverOptions): Recovery {
  const disk = options.disk ?? nodeDisk;
  const isRepairing = options.repair !== false;
  const fold = new JournalFold(options.tables);
  const { checkpoint, notes } = loadCheckpoint(options.folder, disk, isRepairing);
  if (checkpoint !== null) fold.restore(checkpoint.state);
  const damages: Damage[] = [];
  const spaces: PreparedSpace[] = [];
  const end = readJournal(
    { folder: options.folder, disk, ...(checkpoint === null ? {} : { from: checkpoint.position }) },
    {
      onHot: (block, at, frame) => fold.hot(block, at, frame),
      onCold: (kind, value) => fold.cold(kind, value),
      onDamage: (damage) => damages.push(damage),
      onPrepared: (space) => void (spaces[0] = space),
    },
  );
  if (checkpoint === null) notes.push(...missingStart(options.folder, disk));
  if (isRepairing) {
    notes.push(...repairJournal(options.folder, disk, damages));
    for (const space of spaces) notes.push(...cutPrepared(options.folder, disk, space));
  }
  return fold.result(end, notes);
}

/** Segments are numbered from 1: where the first ones are gone and no checkpoint says what was in them, a person must know. */
function missingStart(folder: string, disk: Disk): string[] {
  const numbers = disk
    .list(folder)
    .map(segmentNumber)
    .filter((number) => number > 0);
  const first = Math.min(...numbers);
  if (numbers.length === 0 || first === 1) return [];
  return [
    `the journal begins with ${segmentName(first)}: the segments before it are missing, and no checkpoint covers them; what they said of orders and fills is unknown`,
  ];
}
