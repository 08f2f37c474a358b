/**
 * A checkpoint: everything the journal's segments before a given one say, folded, so that they need not be read again and may go. Its frames are those of a segment
 * (segment.ts), each with a checksum that covers its place; the last frame says how many there are, so a file without it was never finished and counts for nothing.
 * Written by compact.ts, read at start. Every fill is kept, because the ledger is exact: a row of some 60 bytes where the journal had several records of 144.
 */
import { join } from 'node:path';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import type { Disk } from './disk.js';
import { decodeCold, encodeCold, type JournalPosition } from './journal.js';
import type { FoldState, KeptFill } from './fold-state.js';
import {
  type Block,
  blockOf,
  checkpointName,
  checkpointNumber,
  FRAME_COLD,
  FRAME_HEAD_BYTES,
  frameAt,
  padded,
  sealFrame,
} from './segment.js';

/** Of the content; a newer one is refused by name. */
export const CHECKPOINT_VERSION = 1;

/** Kinds of frames. Values are written to disk: never reuse one. */
const HEAD = 101;
const FILLS = 102;
const REST = 103;
const END = 104;

/** Some 250 KB a frame. */
const FILLS_PER_FRAME = 4096;

export interface Checkpoint {
  /** The journal goes on here: the start of a segment. */
  readonly position: JournalPosition;
  readonly state: FoldState;
}

/** Checkpoints of a folder, the newest first. */
export function checkpointsIn(folder: string, disk: Disk): number[] {
  return disk
    .list(folder)
    .map(checkpointNumber)
    .filter((number) => number >= 0)
    .sort((a, b) => b - a);
}

/** On the device when it returns. A file of the same number is replaced: it holds the same, or was never finished. */
export function writeCheckpoint(folder: string, disk: Disk, segment: number, state: FoldState, version = CHECKPOINT_VERSION): void {
  const path = join(folder, checkpointName(segment));
  disk.remove(path);
  const file = disk.open(path, 'wx');
  try {
    let offset = 0;
    let frames = 0;
    const put = (kind: number, value: unknown): void => {
      const frame = frameOf(kind, value, segment, offset);
      for (let done = 0; done < frame.u8.length;) done += disk.write(file, frame.u8, done, frame.u8.length - done, offset + done);
      offset += frame.u8.length;
      frames++;
    };
    const { fills, ...rest } = state;
    put(HEAD, { version, segment });
    for (let from = 0; from < fills.length; from += FILLS_PER_FRAME) put(FILLS, fills.slice(from, from + FILLS_PER_FRAME).map(rowOf));
    put(REST, rest);
    put(END, { frames, fills: fills.length });
    disk.syncNow(file);
  } catch (error) {
    disk.remove(path);
    throw error;
  } finally {
    disk.close(file);
  }
}

export type CheckpointRead =
  | { readonly kind: 'whole'; readonly checkpoint: Checkpoint }
  /** `torn`: never finished. */
  | { readonly kind: 'torn' | 'damaged'; readonly at: number };

/** Throws UsageError for a checkpoint of a newer version. */
export function readCheckpoint(folder: string, disk: Disk, segment: number): CheckpointRead {
  const path = join(folder, checkpointName(segment));
  const file = disk.open(path, 'r');
  try {
    const size = disk.size(file);
    let offset = 0;
    let frames = 0;
    const fills: KeptFill[] = [];
    let rest: Omit<FoldState, 'fills'> | null = null;
    while (offset < size) {
      const frame = readFrame(disk, file, segment, offset, size);
      if (frame === null) return { kind: isCut(disk, file, offset, size) ? 'torn' : 'damaged', at: offset };
      offset += frame.bytes;
      const { kind, value } = frame;
      if (kind === HEAD) {
        const { version } = value as { readonly version: number };
        if (version > CHECKPOINT_VERSION)
          throw new UsageError(
            `${path} has checkpoint format ${version}; this Thor reads format ${CHECKPOINT_VERSION}: use the version that wrote it`,
          );
      } else if (kind === FILLS) for (const row of value as readonly (readonly number[])[]) fills.push(fillOfRow(row));
      else if (kind === REST) rest = value as Omit<FoldState, 'fills'>;
      else if (kind === END) {
        const end = value as { readonly frames: number; readonly fills: number };
        const isWhole = rest !== null && end.frames === frames && end.fills === fills.length && offset === size;
        if (!isWhole || rest === null) return { kind: 'damaged', at: offset };
        return { kind: 'whole', checkpoint: { position: { segment, offset: 0 }, state: { ...rest, fills } } };
      }
      frames++;
    }
    return { kind: 'torn', at: offset };
  } finally {
    disk.close(file);
  }
}

/** The newest whole one, and in words what is to be said of others. */
export function loadCheckpoint(
  folder: string,
  disk: Disk,
  isRepairing: boolean,
): { readonly checkpoint: Checkpoint | null; readonly notes: string[] } {
  const notes: string[] = [];
  for (const segment of checkpointsIn(folder, disk)) {
    const read = readCheckpoint(folder, disk, segment);
    if (read.kind === 'whole') return { checkpoint: read.checkpoint, notes };
    const name = checkpointName(segment);
    if (isRepairing) {
      try {
        if (read.kind === 'damaged') copyAside(folder, disk, name);
        disk.remove(join(folder, name));
      } catch (error) {
        notes.push(`${name} could not be put aside (${messageOf(error)}); it is not read`);
        continue;
      }
    }
    if (read.kind === 'torn') notes.push(`${name} was never finished: the checkpoint before it is read`);
    else notes.push(`${name} is damaged at byte ${read.at}: it was put aside as ${name}.damaged, and the one before it is read`);
  }
  return { checkpoint: null, notes };
}

function copyAside(folder: string, disk: Disk, name: string): void {
  const from = disk.open(join(folder, name), 'r');
  try {
    disk.remove(join(folder, `${name}.damaged`));
    const to = disk.open(join(folder, `${name}.damaged`), 'wx');
    try {
      const chunk = new Uint8Array(65_536);
      for (let at = 0; ;) {
        const got = disk.read(from, chunk, 0, chunk.length, at);
        if (got === 0) break;
        for (let done = 0; done < got;) done += disk.write(to, chunk, done, got - done, at + done);
        at += got;
      }
      disk.syncNow(to);
    } finally {
      disk.close(to);
    }
  } finally {
    disk.close(from);
  }
}

function frameOf(kind: number, value: unknown, segment: number, offset: number): Block {
  const payload = encodeCold(value);
  const block = blockOf(padded(payload.length));
  block.u8.set(payload, FRAME_HEAD_BYTES);
  sealFrame(block, 0, payload.length, FRAME_COLD, kind, 0, 0, segment, offset);
  return block;
}

interface ReadFrame {
  readonly kind: number;
  readonly value: unknown;
  readonly bytes: number;
}

function readFrame(disk: Disk, file: number, segment: number, offset: number, size: number): ReadFrame | null {
  if (offset + FRAME_HEAD_BYTES > size) return null;
  const head = blockOf(FRAME_HEAD_BYTES);
  if (!readAll(disk, file, head.u8, offset)) return null;
  const length = head.u32[0] ?? 0;
  if (offset + padded(length) > size) return null;
  const block = blockOf(padded(length));
  if (!readAll(disk, file, block.u8, offset)) return null;
  const bytes = frameAt(block, 0, block.u8.length, segment, offset);
  if (bytes <= 0) return null;
  return { kind: block.u8[9] ?? 0, value: decodeCold(block.u8.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length)), bytes };
}

function readAll(disk: Disk, file: number, into: Uint8Array, offset: number): boolean {
  for (let done = 0; done < into.length;) {
    const got = disk.read(file, into, done, into.length - done, offset + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}

/** Whether the frame here would end behind the file: the write of it was interrupted. */
function isCut(disk: Disk, file: number, offset: number, size: number): boolean {
  if (offset + FRAME_HEAD_BYTES > size) return true;
  const head = blockOf(FRAME_HEAD_BYTES);
  return readAll(disk, file, head.u8, offset) && offset + padded(head.u32[0] ?? 0) > size;
}

function rowOf(fill: KeptFill): readonly number[] {
  const { orderId, strategy, instrument, level, side, flags, pnlKind, fillTicks, fillLots, fee, feeAsset, tradeId, tsUs, run } = fill;
  return [orderId, strategy, instrument, level, side, flags, pnlKind, fillTicks, fillLots, fee, feeAsset, tradeId, tsUs, run];
}

function fillOfRow(row: readonly number[]): KeptFill {
  const [orderId = 0, strategy = 0, instrument = 0, level = 0, side = 0, flags = 0, pnlKind = 0] = row;
  const [fillTicks = 0, fillLots = 0, fee = 0, feeAsset = 0, tradeId = 0, tsUs = 0, run = 0] = row.slice(7);
  return { orderId, strategy, instrument, level, side, flags, pnlKind, fillTicks, fillLots, fee, feeAsset, tradeId, tsUs, run };
}
