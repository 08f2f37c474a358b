/**
 * The table of our orders over the order slots in shared memory. Called by the executor on the hot lane, the one writer; strategies and monitoring read the
 * slots under their seqlocks. Bounded: an ended order keeps its slot (its late fills still find it) until the oldest ended one is needed again.
 *
 * What only the executor needs (what it waits for, what it still wants) stands in private arrays by slot, beside the shared record.
 */
import type { MemoryPlan } from '../core/memory/layout.js';
import {
  REC_CUM,
  REC_GATEWAY,
  REC_INSTRUMENT,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_SEQUENCE,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  RECORD_BYTES,
} from '../core/memory/record.js';
import { beginWrite, endWrite } from '../core/memory/seqlock.js';
import type { SharedViews } from '../core/memory/shared-memory.js';

const NONE = -1;

/** Requests sent and not answered. */
export const IN_CREATE = 1;
export const IN_AMEND = 2;
export const IN_CANCEL = 4;
export const IN_QUERY = 8;

/** What is still to be done, and what is known. */
export const WANT_CANCEL = 1;
export const WANT_AMEND = 2;
/** The venue cannot amend: the cancel under way is the first half of one. */
export const REPLACING = 4;
/** The second half: its acknowledgement is told as an amend. */
export const IS_REPLACEMENT = 8;
/** The venue showed that it has (or had) the order. */
export const IS_KNOWN = 16;
/** Its acknowledgement was told. */
export const IS_ACKED = 32;
/** Adopted with an amend of an earlier run in doubt: its quantity is the venue's to say. */
export const TERMS_OPEN = 64;

export class OrderTable {
  readonly capacity: number;
  /** By slot. */
  readonly inflight: Uint8Array;
  readonly wants: Uint8Array;
  /** When the last request went out, and the create. */
  readonly sentUs: Float64Array;
  readonly createdUs: Float64Array;
  /** REC_DECIDED_US of the last question: its answers carry it. */
  readonly askedUs: Float64Array;
  /** When to ask the venue, Infinity when nothing is to be asked. */
  readonly askUs: Float64Array;
  readonly tries: Uint8Array;
  readonly misses: Uint8Array;
  /** Terms of the amend that is wanted or under way. */
  readonly newTicks: Float64Array;
  readonly newLots: Float64Array;
  readonly causeUs: Float64Array;
  /** The venue's time of the answer that told its terms last: an older answer that comes later does not change them back. */
  readonly termsUs: Float64Array;
  /** Filled so far by the venue's own word. */
  readonly venueCum: Float64Array;
  /** The end the venue told, kept until its fills are here; 0 = none. */
  readonly endKind: Uint8Array;
  readonly endReason: Uint16Array;
  /** What risk holds for the order. */
  readonly heldLots: Float64Array;
  readonly heldFunds: Float64Array;

  readonly #views: SharedViews;
  readonly #orders: number;
  readonly #levels: number;
  readonly #byLevel: Int32Array;
  readonly #hash: Int32Array;
  readonly #hashMask: number;
  readonly #ids: Float64Array;
  /** Ended slots, oldest first, and never used ones before them. */
  readonly #free: Int32Array;
  #freeFirst = 0;
  #freeCount: number;
  readonly #live: Int32Array;
  readonly #livePlace: Int32Array;
  #liveCount = 0;

  constructor(views: SharedViews, plan: MemoryPlan) {
    const n = plan.counts.orderSlots;
    this.capacity = n;
    this.#views = views;
    this.#orders = plan.orders;
    this.#levels = plan.counts.levelsPerStrategy;
    this.inflight = new Uint8Array(n);
    this.wants = new Uint8Array(n);
    this.sentUs = new Float64Array(n);
    this.createdUs = new Float64Array(n);
    this.askedUs = new Float64Array(n);
    this.askUs = new Float64Array(n).fill(Infinity);
    this.tries = new Uint8Array(n);
    this.misses = new Uint8Array(n);
    this.newTicks = new Float64Array(n);
    this.newLots = new Float64Array(n);
    this.causeUs = new Float64Array(n);
    this.termsUs = new Float64Array(n);
    this.venueCum = new Float64Array(n);
    this.endKind = new Uint8Array(n);
    this.endReason = new Uint16Array(n);
    this.heldLots = new Float64Array(n);
    this.heldFunds = new Float64Array(n);
    this.#byLevel = new Int32Array(plan.counts.strategies * plan.counts.levelsPerStrategy).fill(NONE);
    let size = 4;
    while (size < n * 4) size *= 2;
    this.#hash = new Int32Array(size).fill(NONE);
    this.#hashMask = size - 1;
    this.#ids = new Float64Array(n);
    this.#free = Int32Array.from({ length: n }, (_, slot) => slot);
    this.#freeCount = n;
    this.#live = new Int32Array(n);
    this.#livePlace = new Int32Array(n).fill(NONE);
  }

  /** The venue may hold another quantity than we know: nothing that filled is known to be all. */
  isQtyOpen(slot: number): boolean {
    return (this.inflight[slot]! & IN_AMEND) !== 0 || (this.wants[slot]! & TERMS_OPEN) !== 0;
  }

  /** Orders that are not ended, waiting ones included. */
  get liveCount(): number {
    return this.#liveCount;
  }

  /** The `place`-th live slot, 0 to liveCount - 1. Ending an order moves the last one into its place: walk backwards when ending. */
  liveAt(place: number): number {
    return this.#live[place]!;
  }

  /** Byte offset of the slot's record. */
  base(slot: number): number {
    return this.#orders + slot * RECORD_BYTES;
  }

  hasFree(count: number): boolean {
    return this.#freeCount >= count;
  }

  /** Slot of an order, live or lately ended; -1 when it is not known. */
  find(orderId: number): number {
    for (let at = this.#hashOf(orderId); ; at = (at + 1) & this.#hashMask) {
      const slot = this.#hash[at]!;
      if (slot === NONE || this.#ids[slot] === orderId) return slot;
    }
  }

  /** Slot of the level's live order, -1 when it has none. */
  at(strategy: number, level: number): number {
    return level < this.#levels ? this.#byLevel[strategy * this.#levels + level]! : NONE;
  }

  isLive(slot: number): boolean {
    return this.#livePlace[slot] !== NONE;
  }

  /** The slot that `open` will take next; whatever still waits for its old order is to be dropped first. */
  get nextFree(): number {
    return this.#freeCount === 0 ? NONE : this.#free[this.#freeFirst]!;
  }

  /** Takes the oldest free slot for an order: its record is zeroed, its private words reset. -1 when all orders are live. */
  open(orderId: number, strategy: number, level: number): number {
    if (this.#freeCount === 0) return NONE;
    const slot = this.#free[this.#freeFirst]!;
    this.#freeFirst = (this.#freeFirst + 1) % this.capacity;
    this.#freeCount--;
    if (this.#ids[slot] !== 0) this.#forget(slot);
    this.inflight[slot] = 0;
    this.wants[slot] = 0;
    this.sentUs[slot] = 0;
    this.createdUs[slot] = 0;
    this.askedUs[slot] = 0;
    this.askUs[slot] = Infinity;
    this.tries[slot] = 0;
    this.misses[slot] = 0;
    this.newTicks[slot] = 0;
    this.newLots[slot] = 0;
    this.causeUs[slot] = 0;
    this.termsUs[slot] = 0;
    this.venueCum[slot] = 0;
    this.endKind[slot] = 0;
    this.endReason[slot] = 0;
    this.heldLots[slot] = 0;
    this.heldFunds[slot] = 0;
    this.#ids[slot] = orderId;
    this.#remember(slot, orderId);
    if (level < this.#levels) this.#byLevel[strategy * this.#levels + level] = slot;
    this.#livePlace[slot] = this.#liveCount;
    this.#live[this.#liveCount++] = slot;
    const base = this.base(slot);
    this.begin(slot);
    const first = base >> 3;
    for (let word = first; word < first + (REC_SEQUENCE >> 3); word++) this.#views.f64[word] = 0;
    this.#views.f64[(base + REC_ORDER_ID) >> 3] = orderId;
    return slot;
  }

  /** The order ended: its level is free at once, its slot becomes the youngest of the free ones. */
  end(slot: number, strategy: number, level: number): void {
    const place = this.#livePlace[slot]!;
    if (place === NONE) return;
    if (this.at(strategy, level) === slot) this.#byLevel[strategy * this.#levels + level] = NONE;
    const last = this.#live[--this.#liveCount]!;
    this.#live[place] = last;
    this.#livePlace[last] = place;
    this.#livePlace[slot] = NONE;
    this.#free[(this.#freeFirst + this.#freeCount) % this.capacity] = slot;
    this.#freeCount++;
  }

  /** Changes of the shared record stand between `begin` and `publish`. */
  begin(slot: number): void {
    beginWrite(this.#views.i32, (this.base(slot) + REC_SEQUENCE) >> 2);
  }

  publish(slot: number): void {
    endWrite(this.#views.i32, (this.base(slot) + REC_SEQUENCE) >> 2);
  }

  state(slot: number): number {
    return this.#views.u8[this.base(slot) + REC_STATE]!;
  }

  strategyOf(slot: number): number {
    return this.#views.u16[(this.base(slot) + REC_STRATEGY) >> 1]!;
  }

  instrumentOf(slot: number): number {
    return this.#views.u32[(this.base(slot) + REC_INSTRUMENT) >> 2]!;
  }

  levelOf(slot: number): number {
    return this.#views.u32[(this.base(slot) + REC_LEVEL) >> 2]!;
  }

  gatewayOf(slot: number): number {
    return this.#views.u8[this.base(slot) + REC_GATEWAY]!;
  }

  sideOf(slot: number): number {
    return this.#views.u8[this.base(slot) + REC_SIDE]!;
  }

  orderIdOf(slot: number): number {
    return this.#views.f64[(this.base(slot) + REC_ORDER_ID) >> 3]!;
  }

  priceOf(slot: number): number {
    return this.#views.f64[(this.base(slot) + REC_PRICE) >> 3]!;
  }

  qtyOf(slot: number): number {
    return this.#views.f64[(this.base(slot) + REC_QTY) >> 3]!;
  }

  cumOf(slot: number): number {
    return this.#views.f64[(this.base(slot) + REC_CUM) >> 3]!;
  }

  #hashOf(orderId: number): number {
    const low = orderId % 4_294_967_296;
    const high = (orderId - low) / 4_294_967_296;
    const mixed = Math.imul((low | 0) ^ Math.imul(high | 0, 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.#hashMask;
  }

  #remember(slot: number, orderId: number): void {
    let at = this.#hashOf(orderId);
    while (this.#hash[at] !== NONE) at = (at + 1) & this.#hashMask;
    this.#hash[at] = slot;
  }

  /** Takes the slot's id out of the hash; entries behind it that would no longer be found move up. */
  #forget(slot: number): void {
    let hole = this.#hashOf(this.#ids[slot]!);
    while (this.#hash[hole] !== slot) hole = (hole + 1) & this.#hashMask;
    for (let at = (hole + 1) & this.#hashMask; this.#hash[at] !== NONE; at = (at + 1) & this.#hashMask) {
      const home = this.#hashOf(this.#ids[this.#hash[at]!]!);
      if (((at - home) & this.#hashMask) < ((at - hole) & this.#hashMask)) continue;
      this.#hash[hole] = this.#hash[at]!;
      hole = at;
    }
    this.#hash[hole] = NONE;
    this.#ids[slot] = 0;
  }
}
