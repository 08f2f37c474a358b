/**
 * Makes a checkpoint of finished segments, and lets those go that nobody needs any more. Called by the verb `store compact`, in a process of its own beside a running
 * engine: it reads what is finished, and writes no file that the engine writes.
 *
 * A segment goes only when the newest checkpoint AND the one before it cover it, every configured store has taken it in, and `keepSegments` newer finished ones
 * stay. Two checkpoints, because one may turn out damaged: then the one before it and the segments behind it tell the same.
 */
import { join } from 'node:path';
import { checkpointsIn, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { type Disk, nodeDisk } from './disk.js';
import type { JournalPosition } from './journal.js';
import { JournalFold } from './journal-fold.js';
import { type Damage, JournalReader } from './journal-reader.js';
import { isPutAside } from './journal-repair.js';
import { checkpointName, segmentName, segmentNumber } from './segment.js';

export interface CompactOptions {
  /** The journal's folder. */
  readonly folder: string;
  /** Of every configured store; null for one that has nothing, or did not answer. */
  readonly stores: readonly (JournalPosition | null)[];
  readonly keepSegments: number;
  /** Finished segments behind the newest checkpoint from which on another is made. */
  readonly checkpointEvery?: number;
  readonly disk?: Disk;
}

export interface Compacted {
  /** Segment before which the new checkpoint stands; null when none was due. */
  readonly checkpoint: number | null;
  readonly removed: readonly number[];
  /** Why nothing more was done, for a person; empty when there is nothing to say. */
  readonly notes: readonly string[];
}

const CHUNK_FRAMES = 65_536;

export function compact(options: CompactOptions): Compacted {
  const disk = options.disk ?? nodeDisk;
  const { folder, keepSegments } = options;
  const notes: string[] = [];
  const segments = segmentsIn(folder, disk);
  const open = segments.at(-1);
  if (open === undefined) return { checkpoint: null, removed: [], notes };
  const every = options.checkpointEvery ?? Math.max(1, keepSegments >> 2);
  const whole = wholeCheckpoints(folder, disk, notes);
  const covered = whole[0] ?? 0;
  const finished = segments.filter((number) => number < open && number >= covered);
  let checkpoint: number | null = null;
  if (finished.length >= every) {
    checkpoint = makeCheckpoint(folder, disk, covered, open, notes);
    if (checkpoint !== null) whole.unshift(checkpoint);
  }
  const [, before] = whole;
  const removed: number[] = [];
  if (before !== undefined) {
    const kept = segments.filter((number) => number < open).slice(-keepSegments)[0] ?? open;
    const taken = Math.min(...options.stores.map((position) => position?.segment ?? 0), before, kept);
    for (const number of segments) {
      if (number >= taken) break;
      disk.remove(join(folder, segmentName(number)));
      removed.push(number);
    }
    if (taken < Math.min(before, kept)) notes.push(`segments from ${segmentName(taken)} on wait for a store that does not have them yet`);
    for (const number of checkpointsIn(folder, disk)) if (number < before) disk.remove(join(folder, checkpointName(number)));
  }
  return { checkpoint, removed, notes };
}

function segmentsIn(folder: string, disk: Disk): number[] {
  return disk
    .list(folder)
    .map(segmentNumber)
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
}

/** Those that can be read, the newest first; the others are left to the next start, which puts them aside. */
function wholeCheckpoints(folder: string, disk: Disk, notes: string[]): number[] {
  return checkpointsIn(folder, disk).filter((segment) => {
    const { kind } = readCheckpoint(folder, disk, segment);
    if (kind === 'damaged') notes.push(`${checkpointName(segment)} is damaged: it is not counted`);
    return kind === 'whole';
  });
}

/** Null when a damaged place stands in the way that no start has looked at yet: what it said could still be asked for while the segment is there. */
function makeCheckpoint(folder: string, disk: Disk, covered: number, open: number, notes: string[]): number | null {
  const fold = new JournalFold(null);
  if (covered > 0) {
    const read = readCheckpoint(folder, disk, covered);
    if (read.kind === 'whole') fold.restore(read.checkpoint.state);
  } else if (!segmentsIn(folder, disk).includes(1)) {
    notes.push('the first segments are missing and no checkpoint covers them: no checkpoint is made of the rest');
    return null;
  }
  const damages: Damage[] = [];
  const reader = new JournalReader({ folder, disk, from: { segment: covered, offset: 0 } });
  try {
    const visitor = {
      onHot: fold.hot.bind(fold),
      onCold: fold.cold.bind(fold),
      onDamage: (damage: Damage) => void damages.push(damage),
    };
    while (reader.read(visitor, CHUNK_FRAMES, { segment: open, offset: 0 }) > 0);
  } finally {
    reader.close();
  }
  const unknown = damages.find((damage) => !isPutAside(folder, disk, damage));
  if (unknown !== undefined) {
    notes.push(
      `${segmentName(unknown.segment)} is damaged at byte ${unknown.from}: no checkpoint is made of it before a start has put that place aside`,
    );
    return null;
  }
  writeCheckpoint(folder, disk, open, fold.state());
  return open;
}
