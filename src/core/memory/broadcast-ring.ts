/**
 * One writer thread, any number of readers with cursors of their own; the writer never waits. A reader that was lapped sees the gap and counts it.
 *
 *   byte   0  claimed   i32   records begun (wraps)       a reader that sees `claimed - cursor > capacity` was lapped while copying
 *          4  head      i32   records whole (wraps)
 *        128  records   capacity x recordBytes
 */
import { assert } from '../numbers/errors.js';
import type { SharedViews } from './shared-memory.js';

export const BROADCAST_HEADER_BYTES = 128;

export function broadcastRingBytes(recordBytes: number, capacity: number): number {
  return BROADCAST_HEADER_BYTES + recordBytes * capacity;
}

export class BroadcastWriter {
  readonly #i32: Int32Array;
  readonly #claimed: number;
  readonly #records: number;
  readonly #recordBytes: number;
  readonly #mask: number;
  #count: number;

  constructor(views: SharedViews, base: number, recordBytes: number, capacity: number) {
    assert((capacity & (capacity - 1)) === 0, `ring capacity must be a power of two, was ${capacity}`);
    this.#i32 = views.i32;
    this.#claimed = base >> 2;
    this.#records = base + BROADCAST_HEADER_BYTES;
    this.#recordBytes = recordBytes;
    this.#mask = capacity - 1;
    this.#count = Atomics.load(this.#i32, this.#claimed + 1);
  }

  /** Byte offset of the record to write. Readers of the record it replaces are warned first. */
  begin(): number {
    // Read-modify-write: the stores of the record must not pass it (ARM).
    Atomics.exchange(this.#i32, this.#claimed, this.#i32[this.#claimed]! + 1);
    return this.#records + (this.#count & this.#mask) * this.#recordBytes;
  }

  publish(): void {
    this.#count = (this.#count + 1) | 0;
    Atomics.store(this.#i32, this.#claimed + 1, this.#count);
  }
}

export class BroadcastReader {
  readonly #i32: Int32Array;
  readonly #claimed: number;
  readonly #records: number;
  readonly #recordBytes: number;
  readonly #capacity: number;
  #cursor: number;
  /** Records missed since the start. */
  lost = 0;

  /** Starts behind the newest record. */
  constructor(views: SharedViews, base: number, recordBytes: number, capacity: number) {
    this.#i32 = views.i32;
    this.#claimed = base >> 2;
    this.#records = base + BROADCAST_HEADER_BYTES;
    this.#recordBytes = recordBytes;
    this.#capacity = capacity;
    this.#cursor = Atomics.load(this.#i32, this.#claimed + 1);
  }

  /** Byte offset of the next record, -1 when there is none. Copy what is needed, then ask `advance` whether the copy is whole. */
  next(): number {
    const head = Atomics.load(this.#i32, this.#claimed + 1);
    if (head === this.#cursor) return -1;
    if (((Atomics.load(this.#i32, this.#claimed) - this.#cursor) | 0) > this.#capacity) this.#skipTo(head);
    return this.#records + (this.#cursor & (this.#capacity - 1)) * this.#recordBytes;
  }

  /** True when the record copied since `next` was whole. False: the writer lapped us; the gap is counted and the cursor moved on. */
  advance(): boolean {
    // A read-modify-write of nothing: the loads of the copy must not pass it (ARM).
    const claimed = Atomics.or(this.#i32, this.#claimed, 0);
    if (((claimed - this.#cursor) | 0) > this.#capacity) {
      this.#skipTo(Atomics.load(this.#i32, this.#claimed + 1));
      return false;
    }
    this.#cursor = (this.#cursor + 1) | 0;
    return true;
  }

  /** Half a ring behind the newest: room to catch up before being lapped again. */
  #skipTo(head: number): void {
    const next = (head - (this.#capacity >> 1)) | 0;
    this.lost += (next - this.#cursor) | 0;
    this.#cursor = next;
  }
}
