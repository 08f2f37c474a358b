/**
 * Reads a journal's frames in order, from any position, a bounded number at a time, in bounded memory. Used at start (recovery), by the store's feed while
 * the writer appends to the same files, and by tools in other processes. Never writes: what it finds damaged it reports (see journal-repair.ts).
 *
 * After a frame that is not valid it looks for the next one that is, eight bytes at a time; segment.ts says why that cannot misread. Records are facts that
 * stand alone, so the facts after a hole are worth having: fewer orders are left in doubt than by giving up the rest of the segment.
 */
import { join } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import { type Disk, nodeDisk } from './disk.js';
import { decodeCold, isBefore, type JournalPosition } from './journal.js';
import {
  type Block,
  blockOf,
  claimedBytes,
  FORMAT_VERSION,
  FRAME_HEAD_BYTES,
  FRAME_HOT,
  frameAt,
  HEADER_BYTES,
  padded,
  readHeader,
  segmentName,
  segmentNumber,
} from './segment.js';

const CHUNK_BYTES = 1024 * 1024;
/** Read at once; behind a piece that ends in zeros no other is read ahead, as all that follows may be zeros. */
const PIECE_BYTES = 16 * 1024;

export interface Damage {
  /** `tail`: from here to the end of the file. `hole`: valid frames follow. `header`: the first bytes of the file. `missing`: no such file. */
  readonly kind: 'tail' | 'hole' | 'header' | 'missing';
  readonly segment: number;
  readonly from: number;
  readonly to: number;
}

/** Zeros behind the last frame of the newest segment: written ahead by a writer that is at it, or was killed. */
export interface PreparedSpace {
  readonly segment: number;
  readonly from: number;
  readonly to: number;
}

/** What a record's frame says beside the record; reused, valid during the call. */
export interface HotFrame {
  producer: number;
  seq: number;
  /** The record's run modulo 256. */
  run: number;
}

export interface JournalVisitor {
  /** A record of core/memory/record.ts at byte `at` of the block, valid during the call. */
  onHot?(block: Block, at: number, frame: HotFrame): void;
  onCold?(kind: number, value: unknown): void;
  onDamage?(damage: Damage): void;
  /** Told at each look at the end. */
  onPrepared?(space: PreparedSpace): void;
}

export interface JournalReaderOptions {
  readonly folder: string;
  readonly disk?: Disk;
  /** Start of the journal when absent. */
  readonly from?: JournalPosition;
}

/** A frame by its place and checksum: enough to tell whether two readers saw the same journal. */
export interface FrameMark {
  readonly segment: number;
  readonly offset: number;
  readonly crc: number;
}

export class JournalReader {
  readonly #folder: string;
  readonly #disk: Disk;
  #block: Block = blockOf(CHUNK_BYTES);
  /** Place in the file of the block's first byte, and how many bytes of it are filled. */
  #base = 0;
  #filled = 0;
  #file = -1;
  #segment: number;
  #offset: number;
  /** Size of the open segment for which a torn tail has been reported: the end is looked at more than once. */
  #toldTailAt = -1;
  /** Zeros were looked through up to here, from the place where the position stood then. */
  #blankTo = 0;
  readonly #head = new Uint8Array(FRAME_HEAD_BYTES);
  readonly #hotFrame: HotFrame = { producer: 0, seq: 0, run: 0 };
  #lastSegment = 0;
  #lastOffset = 0;
  #lastCrc = 0;

  constructor(options: JournalReaderOptions) {
    this.#folder = options.folder;
    this.#disk = options.disk ?? nodeDisk;
    this.#segment = options.from?.segment ?? 0;
    this.#offset = options.from?.offset ?? 0;
  }

  /** Behind the last frame that was visited. */
  get position(): JournalPosition {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** The last frame that was visited, null when none was. */
  get last(): FrameMark | null {
    return this.#lastSegment === 0 ? null : { segment: this.#lastSegment, offset: this.#lastOffset, crc: this.#lastCrc };
  }

  /**
   * Visits at most `maxFrames` frames, none from `until` on; 0 means that there is nothing more for now.
   * Throws UsageError for a journal of another version.
   */
  read(visitor: JournalVisitor, maxFrames: number, until?: JournalPosition): number {
    let count = 0;
    while (count < maxFrames) {
      if (until !== undefined && !isBefore(this.position, until)) break;
      if (this.#file < 0) {
        if (!this.#open(visitor)) break;
        continue;
      }
      const bytes = this.#frame(this.#offset);
      if (bytes > 0) {
        this.#visit(visitor, bytes);
        count++;
      } else if (!this.#lookAgain() && !this.#skip(visitor, until !== undefined)) break;
    }
    return count;
  }

  close(): void {
    if (this.#file >= 0) this.#disk.close(this.#file);
    this.#file = -1;
  }

  #visit(visitor: JournalVisitor, bytes: number): void {
    const at = this.#offset - this.#base;
    const block = this.#block;
    this.#lastSegment = this.#segment;
    this.#lastOffset = this.#offset;
    this.#lastCrc = block.u32[(at + 4) >> 2]!;
    this.#offset += bytes;
    if (block.u8[at + 8] === FRAME_HOT) {
      const frame = this.#hotFrame;
      frame.run = block.u8[at + 9]!;
      frame.producer = block.u32[(at + 8) >> 2]! >>> 16;
      frame.seq = block.u32[(at + 12) >> 2]!;
      visitor.onHot?.(block, at + FRAME_HEAD_BYTES, frame);
    } else if (visitor.onCold !== undefined) {
      const payload = block.u8.slice(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + block.u32[at >> 2]!);
      visitor.onCold(block.u8[at + 9]!, decodeCold(payload));
    }
  }

  /** What was read ahead may have been zeros then and be a frame now. */
  #lookAgain(): boolean {
    if (this.#base === this.#offset) return false;
    this.#forget(this.#offset);
    return this.#frame(this.#offset) > 0;
  }

  /** No valid frame stands at the offset: goes behind a hole or to the next segment. False at the end of the journal. `isBounded`: something was written here, says the caller. */
  #skip(visitor: JournalVisitor, isBounded: boolean): boolean {
    const start = this.#offset;
    // Asked before the look: nothing is added to a segment once there is a newer one, so the look then sees all there will ever be.
    const next = this.#numberAfter(this.#segment);
    const size = this.#disk.size(this.#file);
    // Frames are written in order. Where one would stand and zeros do, those seen behind it before are zeros still: only what the file has grown by is new.
    const from = !isBounded && next < 0 && start <= this.#blankTo && this.#isBlank(start) ? this.#blankTo : start;
    this.#forget(from);
    let at = this.#firstFrame(from, size);
    if (at > start) {
      // The writer may have been at both places while they were read: whatever is before a frame that was seen is there by now.
      this.#forget(start);
      at = this.#firstFrame(start, size);
    }
    if (at >= 0) {
      if (at > start) visitor.onDamage?.({ kind: 'hole', segment: this.#segment, from: start, to: at });
      this.#offset = at;
      return true;
    }
    if (next < 0) {
      // The writer may be at it: the place is kept, and looked at again in the next call.
      // Nothing is prepared in a file that has no header yet.
      const end = start < HEADER_BYTES ? size : this.#writtenEnd(from, size);
      this.#forget(start);
      if (end > from) {
        // Written since zeros were read there?
        if (this.#frame(start) > 0) return true;
        this.#forget(start);
        this.#tellTail(visitor, start, end);
      } else {
        this.#blankTo = size & ~7;
        if (size > start) visitor.onPrepared?.({ segment: this.#segment, from: start, to: size });
      }
      return false;
    }
    // No zeros were left at the end of a finished segment: where some stand, something was lost.
    this.#tellTail(visitor, start, size);
    if (next > this.#segment + 1) visitor.onDamage?.({ kind: 'missing', segment: this.#segment + 1, from: 0, to: 0 });
    this.close();
    this.#segment = next;
    this.#offset = 0;
    return true;
  }

  /** Place of the first valid frame from `from` on, -1 when there is none. */
  #firstFrame(from: number, size: number): number {
    for (let at = from; at + FRAME_HEAD_BYTES <= size; at += 8) if (this.#frame(at) > 0) return at;
    return -1;
  }

  /** Whether nothing has been written to the place of a frame's head yet. Asks the file, not what was read of it. */
  #isBlank(offset: number): boolean {
    const got = this.#disk.read(this.#file, this.#head, 0, FRAME_HEAD_BYTES, offset);
    return this.#head.every((byte, index) => index >= got || byte === 0);
  }

  /** Behind the last bytes that are not zero; a frame that was begun counts whole, as the zeros in it are its own. */
  #writtenEnd(from: number, size: number): number {
    let end = from;
    for (let at = from; at < size; at += 8) {
      const bytes = Math.min(8, size - at);
      if (!this.#load(at, bytes)) break;
      for (let i = at - this.#base; i < at - this.#base + bytes; i++) if (this.#block.u8[i] !== 0) end = at + bytes;
    }
    if (end === from || !this.#load(from, FRAME_HEAD_BYTES)) return end;
    return Math.max(end, Math.min(size, from + claimedBytes(this.#block, from - this.#base)));
  }

  #tellTail(visitor: JournalVisitor, from: number, to: number): void {
    if (to === from || to === this.#toldTailAt) return;
    this.#toldTailAt = to;
    visitor.onDamage?.({ kind: 'tail', segment: this.#segment, from, to });
  }

  /** Opens the segment of the position, or the first one after it. */
  #open(visitor: JournalVisitor): boolean {
    const wanted = this.#segment;
    const number = this.#numberAfter(wanted - 1);
    if (number < 0) return false;
    if (number > wanted) this.#offset = 0;
    if (wanted > 0 && number > wanted) visitor.onDamage?.({ kind: 'missing', segment: wanted, from: 0, to: 0 });
    this.#segment = number;
    this.#toldTailAt = -1;
    this.#blankTo = 0;
    this.#file = this.#disk.open(join(this.#folder, segmentName(number)), 'r');
    this.#base = 0;
    this.#filled = 0;
    if (!this.#load(0, HEADER_BYTES)) return true; // a crash while it was made: #skip reports what there is
    const header = readHeader(this.#block, this.#filled);
    if (header.isWhole && header.version !== FORMAT_VERSION) {
      const path = join(this.#folder, segmentName(number));
      throw new UsageError(
        `${path} has journal format ${header.version}; this Thor reads format ${FORMAT_VERSION}: use the version that wrote it`,
      );
    }
    if (!header.isWhole && this.#offset === 0) visitor.onDamage?.({ kind: 'header', segment: number, from: 0, to: HEADER_BYTES });
    this.#offset = Math.max(this.#offset, HEADER_BYTES);
    return true;
  }

  #numberAfter(segment: number): number {
    let best = -1;
    for (const name of this.#disk.list(this.#folder)) {
      const number = segmentNumber(name);
      if (number > segment && (best < 0 || number < best)) best = number;
    }
    return best;
  }

  /** Bytes of the valid frame at this place of the file, else 0 or less. */
  #frame(offset: number): number {
    if (!this.#load(offset, FRAME_HEAD_BYTES)) return 0;
    const bytes = this.#probe(offset);
    if (bytes !== 0) return bytes;
    // The frame says that it is longer than what is loaded.
    const whole = padded(this.#block.u32[(offset - this.#base) >> 2]!);
    return this.#load(offset, whole) ? this.#probe(offset) : 0;
  }

  #probe(offset: number): number {
    return frameAt(this.#block, offset - this.#base, this.#filled, this.#segment, offset);
  }

  /** Brings bytes of the file into the block; false when the file ends before them. Offsets and base are multiples of 8. */
  #load(offset: number, bytes: number): boolean {
    if (offset >= this.#base && offset + bytes <= this.#base + this.#filled) return true;
    const keepFrom = offset - this.#base;
    const isInside = keepFrom >= 0 && keepFrom <= this.#filled;
    const old = this.#block;
    if (bytes > old.u8.length) this.#block = blockOf(bytes + CHUNK_BYTES);
    if (isInside) this.#block.u8.set(old.u8.subarray(keepFrom, this.#filled), 0);
    this.#filled = isInside ? this.#filled - keepFrom : 0;
    this.#base = offset;
    for (;;) {
      const room = Math.min(PIECE_BYTES, this.#block.u8.length - this.#filled);
      const got = room === 0 ? 0 : this.#disk.read(this.#file, this.#block.u8, this.#filled, room, this.#base + this.#filled);
      if (got === 0) return this.#filled >= bytes;
      this.#filled += got;
      if (this.#filled >= bytes && this.#block.u32[(this.#filled >> 2) - 1] === 0) return true;
    }
  }

  /** Nothing of the file is held any more: it is read again from this place. */
  #forget(offset: number): void {
    this.#base = offset;
    this.#filled = 0;
  }
}

/** Reads everything there is, in one go. Returns the position behind the last frame. */
export function readJournal(options: JournalReaderOptions, visitor: JournalVisitor): JournalPosition {
  const reader = new JournalReader(options);
  try {
    while (reader.read(visitor, 65_536) > 0);
    return reader.position;
  } finally {
    reader.close();
  }
}
