/**
 * The journal's writing side: one open segment at a time, batches of frames, one write a batch. Owned by the writer role on the service thread; a tool that
 * only appends notes may own one too. Every start begins a new segment: a file that was cut by a crash is never written again.
 *
 * A reserve file of real blocks stands beside the segments. When the disk is full it is given back to the file system, so that cancels, answers and fills
 * can still be journaled while new orders are stopped; it is made again when there is space.
 *
 * Zeros are written ahead of the records. A sync after records that overwrite them finds their blocks and the file's size on the device already, and so has no
 * metadata to write, which is half of what it would cost. Finished segments have none; a killed process leaves some at the end of the newest.
 */
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { assert, EngineError, messageOf } from '../core/numbers/errors.js';
import { codeOf, type Disk, nodeDisk, type SyncDone } from './disk.js';
import {
  type Block,
  blockOf,
  checkpointNumber,
  type ColdKind,
  FRAME_COLD,
  FRAME_HEAD_BYTES,
  FRAME_HOT,
  HEADER_BYTES,
  HOT_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  padded,
  sealFrame,
  segmentName,
  segmentNumber,
  writeHeader,
} from './segment.js';
import { RECORD_BYTES } from '../core/memory/record.js';

/** Large enough that a new file is rare, small enough that a copy or a repair of one is quick. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;
/** 29,000 records: hours of cancels and their answers. */
export const RESERVE_BYTES = 4 * 1024 * 1024;
export const RESERVE_NAME = 'reserve';
/**
 * Most zeros ahead of the records; more are written when half of them are used up. A step of 256 KiB is 28 groups of 64 and takes about twice as long as a group
 * took that made its file grow; the half of it takes no less than such a group (README.md).
 */
export const PREPARED_BYTES = 512 * 1024;
const PAGE_BYTES = 4096;
/** Frames of one batch; at 144 bytes each a batch is 590 KB, a fraction of a millisecond of copying. */
const BATCH_FRAMES = 4096;

export const WRITE_OK = 0;
/** No space, and the reserve is used up: the batch is kept, try again. */
export const WRITE_FULL = 1;
/** The device failed: the batch is kept, try again. */
export const WRITE_FAILED = 2;

/** A place in the journal, e.g. how far a store has read. */
export interface JournalPosition {
  readonly segment: number;
  readonly offset: number;
}

export function isBefore(a: JournalPosition, b: JournalPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

export interface JournalOptions {
  readonly folder: string;
  readonly disk?: Disk;
  readonly wallUs: () => number;
  readonly segmentBytes?: number;
  readonly reserveBytes?: number;
  readonly preparedBytes?: number;
}

const packr = new Packr({ useRecords: false });

export function encodeCold(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function decodeCold(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

export class Journal {
  readonly folder: string;
  /** The run whose records are appended. */
  run = 0;
  readonly #disk: Disk;
  readonly #wallUs: () => number;
  readonly #segmentBytes: number;
  readonly #reserveBytes: number;
  readonly #zeros: Uint8Array;
  #batch: Block = blockOf(BATCH_FRAMES * HOT_FRAME_BYTES);
  #batchBytes = 0;
  #writtenOfBatch = 0;
  #file = -1;
  #number: number;
  #offset = 0;
  /** How far the open segment has been written with zeros; behind the offset where there are none. */
  #prepared = 0;
  /** After a failure: the place from which it is tried again. */
  #prepareFrom = 0;
  #isFull = false;
  #hasReserve = false;
  /** Segments that were left behind and are not yet known to be on the device. */
  #retired: number[] = [];
  #isFolderDirty = false;
  #isSyncing = false;
  #lastError = '';
  #durable: JournalPosition = { segment: 0, offset: 0 };

  constructor(options: JournalOptions) {
    this.folder = options.folder;
    this.#disk = options.disk ?? nodeDisk;
    this.#wallUs = options.wallUs;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#reserveBytes = options.reserveBytes ?? RESERVE_BYTES;
    assert(this.#segmentBytes >= HEADER_BYTES + HOT_FRAME_BYTES, `a segment must hold a record, was ${this.#segmentBytes} bytes`);
    this.#disk.makeFolder(this.folder);
    this.#zeros = new Uint8Array(this.#disk.overwritesInPlace(this.folder) ? (options.preparedBytes ?? PREPARED_BYTES) : 0);
    const names = this.#disk.list(this.folder);
    // A checkpoint speaks of every segment before its number, also where those behind it were lost.
    this.#number = Math.max(0, ...names.map(segmentNumber), ...names.map((name) => checkpointNumber(name) - 1));
    this.#makeReserve();
    if (!this.begin()) throw new EngineError('JOURNAL_NOT_WRITABLE', 'give-up', { folder: this.folder, error: this.#lastError });
  }

  /** Where the next frame will stand. */
  get position(): JournalPosition {
    return { segment: this.#number, offset: this.#offset };
  }

  /** Everything before it is on the device. */
  get durable(): JournalPosition {
    return this.#durable;
  }

  get segment(): number {
    return this.#number;
  }

  /** True from the moment the disk was full until the reserve could be made again. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get lastError(): string {
    return this.#lastError;
  }

  /** The frames of the batch under way, for those who read along after the write. */
  get batch(): Block {
    return this.#batch;
  }

  get batchBytes(): number {
    return this.#batchBytes;
  }

  get batchHasRoom(): boolean {
    return this.#batchBytes + HOT_FRAME_BYTES <= this.#batch.u8.length;
  }

  /** Call before the first frame of a batch: turns to a new segment when the open one has its size. False when that needs space that is not there. */
  begin(): boolean {
    assert(this.#writtenOfBatch === 0, 'a batch that is partly written must be finished first');
    this.#batchBytes = 0;
    if (this.#file >= 0 && this.#offset < this.#segmentBytes) return true;
    try {
      this.#nextSegment();
      return true;
    } catch (error) {
      return this.#fail(error) && this.begin();
    }
  }

  /** Copies one record. `word` is its place as an index into `i32`. */
  addHot(i32: Int32Array, word: number, producer: number, seq: number): void {
    const at = this.#batchBytes;
    const batch = this.#batch;
    const to = (at + FRAME_HEAD_BYTES) >> 2;
    // As integers: copied as doubles, words that happen to spell a NaN could change.
    for (let i = 0; i < RECORD_BYTES >> 2; i++) batch.i32[to + i] = i32[word + i]!;
    sealFrame(batch, at, RECORD_BYTES, FRAME_HOT, this.run & 255, producer, seq, this.#number, this.#offset + at);
    this.#batchBytes = at + HOT_FRAME_BYTES;
  }

  addCold(kind: ColdKind, value: unknown): void {
    const payload = encodeCold(value);
    assert(payload.length <= MAX_PAYLOAD_BYTES, `a journal object must be at most ${MAX_PAYLOAD_BYTES} bytes, was ${payload.length}`);
    const bytes = padded(payload.length);
    const at = this.#batchBytes;
    if (at + bytes > this.#batch.u8.length) {
      const larger = blockOf(at + bytes);
      larger.u8.set(this.#batch.u8.subarray(0, at));
      this.#batch = larger;
    }
    this.#batch.u8.fill(0, at, at + bytes);
    this.#batch.u8.set(payload, at + FRAME_HEAD_BYTES);
    sealFrame(this.#batch, at, payload.length, FRAME_COLD, kind, 0, 0, this.#number, this.#offset + at);
    this.#batchBytes = at + bytes;
  }

  /** Hands the batch to the operating system. Anything but WRITE_OK keeps it whole for another call. */
  write(): number {
    while (this.#writtenOfBatch < this.#batchBytes) {
      const done = this.#writtenOfBatch;
      try {
        this.#writtenOfBatch += this.#disk.write(this.#file, this.#batch.u8, done, this.#batchBytes - done, this.#offset + done);
      } catch (error) {
        if (!this.#fail(error)) return this.#isFull ? WRITE_FULL : WRITE_FAILED;
      }
    }
    this.#offset += this.#batchBytes;
    this.#writtenOfBatch = 0;
    return WRITE_OK;
  }

  /**
   * Writes zeros ahead of the records when few are left. True when it did: a sync must follow, which costs more than others, so it is asked for when nobody waits;
   * where records wait already (`isBusy`), it puts that off for as long as a quarter is left. Never fails: without zeros records are appended as to any file.
   */
  prepare(isBusy = false): boolean {
    const most = this.#zeros.length;
    const offset = this.#offset;
    // The part of a batch that is written stands behind the offset.
    if (most === 0 || this.#isFull || this.#writtenOfBatch > 0 || offset < this.#prepareFrom) return false;
    if (this.#prepared - offset >= (isBusy ? most >> 2 : most >> 1)) return false;
    const from = Math.max(this.#prepared, offset);
    const to = Math.min(this.#segmentBytes, Math.ceil((offset + most) / PAGE_BYTES) * PAGE_BYTES);
    if (from >= to) return false;
    try {
      for (let done = from; done < to;) done += this.#disk.write(this.#file, this.#zeros, 0, Math.min(most, to - done), done);
    } catch {
      // The last space is for records, the store and the next segment: what was taken of it is given back. If records fail as well, `write` says so.
      this.#prepareFrom = offset + (most >> 1);
      this.#cut(from);
      return false;
    }
    this.#prepared = to;
    return true;
  }

  /** Asynchronous: everything written before this call is on the device when `done` is called without an error. One at a time. */
  sync(done: SyncDone): void {
    assert(!this.#isSyncing, 'one sync at a time');
    this.#isSyncing = true;
    const retired = this.#retired;
    this.#retired = [];
    const files = [...retired, this.#file];
    const position = this.position;
    const finish: SyncDone = (error) => {
      for (const file of retired) this.#disk.close(file);
      this.#isSyncing = false;
      if (error === null) this.#durable = position;
      else this.#lastError = error.message;
      done(error);
    };
    const next = (index: number): void => {
      const file = files[index];
      if (file === undefined) finish(null);
      else this.#disk.sync(file, (error) => (error === null ? next(index + 1) : finish(error)));
    };
    if (!this.#isFolderDirty) return next(0);
    this.#isFolderDirty = false;
    this.#disk.syncFolder(this.folder, (error) => (error === null ? next(0) : finish(error)));
  }

  get isSyncing(): boolean {
    return this.#isSyncing;
  }

  /** At start and stop only: blocks until the device has everything. */
  syncNow(): void {
    for (const file of this.#retired) {
      this.#disk.syncNow(file);
      this.#disk.close(file);
    }
    this.#retired = [];
    this.#disk.syncNow(this.#file);
    this.#durable = this.position;
  }

  /** After a full disk: true when there is space again, reserve included. */
  tryUnblock(): boolean {
    if (this.#isFull) this.#isFull = !this.#makeReserve();
    return !this.#isFull;
  }

  close(): void {
    assert(!this.#isSyncing, 'close after the sync under way');
    for (const file of this.#retired) this.#disk.close(file);
    this.#retired = [];
    if (this.#file >= 0) {
      const end = this.#offset + this.#writtenOfBatch;
      if (this.#prepared > end) this.#cut(end);
      this.#disk.close(this.#file);
    }
    this.#file = -1;
  }

  #nextSegment(): void {
    const number = this.#number + 1;
    const path = join(this.folder, segmentName(number));
    // `wx`: if another engine got past the directory lock, it stops here.
    const file = this.#disk.open(path, 'wx');
    const header = blockOf(HEADER_BYTES);
    writeHeader(header, number, this.#wallUs());
    try {
      for (let done = 0; done < HEADER_BYTES;) done += this.#disk.write(file, header.u8, done, HEADER_BYTES - done, done);
    } catch (error) {
      this.#disk.close(file);
      this.#disk.remove(path);
      throw error;
    }
    if (this.#file >= 0) this.#retired.push(this.#file);
    this.#file = file;
    this.#number = number;
    this.#offset = HEADER_BYTES;
    this.#prepared = 0;
    this.#prepareFrom = 0;
    this.#isFolderDirty = true;
  }

  /** Takes zeros off the end of the open segment. Where that fails they stay: a reader knows them. */
  #cut(to: number): void {
    this.#prepared = to;
    try {
      this.#disk.truncate(this.#file, to);
    } catch (error) {
      this.#lastError = messageOf(error);
    }
  }

  /** True when the caller should try again at once: the disk was full and the reserve has been given back. */
  #fail(error: unknown): boolean {
    this.#lastError = error instanceof Error ? error.message : String(error);
    if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') return false;
    this.#isFull = true;
    if (!this.#hasReserve) return false;
    this.#disk.remove(join(this.folder, RESERVE_NAME));
    this.#hasReserve = false;
    return true;
  }

  #makeReserve(): boolean {
    const path = join(this.folder, RESERVE_NAME);
    this.#disk.remove(path);
    const file = this.#disk.open(path, 'wx');
    try {
      // Zeros are written, not skipped: only real blocks can be given back.
      const zeros = new Uint8Array(Math.min(this.#reserveBytes, 1024 * 1024));
      for (let done = 0; done < this.#reserveBytes;)
        done += this.#disk.write(file, zeros, 0, Math.min(zeros.length, this.#reserveBytes - done), done);
      this.#hasReserve = true;
    } catch (error) {
      this.#hasReserve = false;
      this.#isFull = true;
      this.#lastError = error instanceof Error ? error.message : String(error);
    }
    this.#disk.close(file);
    if (!this.#hasReserve) this.#disk.remove(path);
    return this.#hasReserve;
  }
}
