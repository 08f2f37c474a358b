/**
 * One producer thread, one consumer thread, fixed records, no locks. Never loses a record: a full ring says so and the producer keeps its state.
 *
 *   byte   0  head      i32   records committed (wraps)      written by the producer
 *        128  tail      i32   records released (wraps)       written by the consumer
 *        256  slots     capacity x (8 + recordBytes, up to whole cache lines: 192 for a record of 128)
 *   slot   0  mark      i32   2n + 1 when it holds the n-th record (modulo 2^32), whole; anything else before
 *          8  record
 *
 * Both indexes count for ever modulo 2^32; `head - tail` as int32 is the fill. Head and tail stand 128 bytes apart (neighbours cost 2.2-2.8x). The consumer looks
 * at the mark, which comes with the record in one cache line; the head is for the producer's successor and for those who only count.
 */
import { assert } from '../numbers/errors.js';
import type { SharedViews } from './shared-memory.js';

const HEADER_BYTES = 256;
const TAIL_BYTE = 128;
const MARK_BYTES = 8;
const LINE_BYTES = 64;

const slotBytesOf = (recordBytes: number): number => Math.ceil((MARK_BYTES + recordBytes) / LINE_BYTES) * LINE_BYTES;

export function spscRingBytes(recordBytes: number, capacity: number): number {
  return HEADER_BYTES + slotBytesOf(recordBytes) * capacity;
}

/** Never 0, so that a ring of zeros is empty. */
const markOf = (count: number): number => (count << 1) | 1;

export class SpscRing {
  readonly #i32: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #slots: number;
  readonly #mask: number;
  readonly #slotBytes: number;
  readonly capacity: number;
  /** The producer's last look at the other side: an atomic load is paid only when this does not suffice. */
  #seenTail: number;
  #ownHead: number;
  #ownTail: number;

  constructor(views: SharedViews, base: number, recordBytes: number, capacity: number) {
    assert((capacity & (capacity - 1)) === 0 && capacity > 1, `ring capacity must be a power of two, was ${capacity}`);
    assert(recordBytes % 8 === 0 && base % 8 === 0, `ring records must be multiples of 8 bytes, was ${recordBytes} at ${base}`);
    this.#i32 = views.i32;
    this.#head = base >> 2;
    this.#tail = (base + TAIL_BYTE) >> 2;
    this.#slots = base + HEADER_BYTES;
    this.#mask = capacity - 1;
    this.#slotBytes = slotBytesOf(recordBytes);
    this.capacity = capacity;
    const head = Atomics.load(this.#i32, this.#head);
    // A producer may have died between a record's mark and its count.
    this.#ownHead = this.#isMarked(head) ? (head + 1) | 0 : head;
    this.#ownTail = Atomics.load(this.#i32, this.#tail);
    this.#seenTail = this.#ownTail;
  }

  /** Producer: byte offset of the next free record, -1 when the ring is full. Nothing is visible before `commit`. */
  reserve(): number {
    const head = this.#ownHead;
    if (((head - this.#seenTail) | 0) >= this.capacity) {
      this.#seenTail = Atomics.load(this.#i32, this.#tail);
      if (((head - this.#seenTail) | 0) >= this.capacity) return -1;
    }
    return this.recordAt(head);
  }

  /** Producer: makes the reserved record visible. Returns the count of records committed so far (modulo 2^32, unsigned). */
  commit(): number {
    const head = this.#ownHead;
    Atomics.store(this.#i32, this.#slot(head) >> 2, markOf(head));
    this.#ownHead = (head + 1) | 0;
    Atomics.store(this.#i32, this.#head, this.#ownHead);
    return this.#ownHead >>> 0;
  }

  /** Producer: records committed so far (modulo 2^32, unsigned). */
  committed(): number {
    return this.#ownHead >>> 0;
  }

  /** Producer: room left, as last seen; refreshes when it looks short of `wanted`. */
  hasRoom(wanted: number): boolean {
    if (this.capacity - ((this.#ownHead - this.#seenTail) | 0) >= wanted) return true;
    this.#seenTail = Atomics.load(this.#i32, this.#tail);
    return this.capacity - ((this.#ownHead - this.#seenTail) | 0) >= wanted;
  }

  /** Consumer: byte offset of the oldest record, -1 when the ring is empty. It stays valid until `release`. */
  front(): number {
    const tail = this.#ownTail;
    return this.#isMarked(tail) ? this.recordAt(tail) : -1;
  }

  /** Consumer: gives the oldest record's place back. Returns the count of records released so far (modulo 2^32, unsigned). */
  release(): number {
    this.#ownTail = (this.#ownTail + 1) | 0;
    Atomics.store(this.#i32, this.#tail, this.#ownTail);
    return this.#ownTail >>> 0;
  }

  /** Consumer: records released so far (modulo 2^32, unsigned). */
  released(): number {
    return this.#ownTail >>> 0;
  }

  /** Anyone: records waiting, a snapshot. */
  waiting(): number {
    return (Atomics.load(this.#i32, this.#head) - Atomics.load(this.#i32, this.#tail)) | 0;
  }

  /** Anyone: byte offset of the record with this count, for as long as it is not written over. */
  recordAt(count: number): number {
    return this.#slot(count) + MARK_BYTES;
  }

  #slot(count: number): number {
    return this.#slots + (count & this.#mask) * this.#slotBytes;
  }

  #isMarked(count: number): boolean {
    return Atomics.load(this.#i32, this.#slot(count) >> 2) === markOf(count);
  }
}
