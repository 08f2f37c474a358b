/**
 * A book as any other thread sees it: whole or not at all. `read` copies the header and as many levels as asked under the seqlock, tries a bounded number
 * of times, and on failure keeps the last view and counts it. Numbers are in the book's own grid, or, when one is given, in an instrument's ticks and lots:
 * should the book have become finer than that, bids and quantities are rounded down and asks up.
 */
import {
  BOOK_ASK_LEVELS,
  BOOK_ASK_LOTS,
  BOOK_ASK_LOW,
  BOOK_ASK_ROOT,
  BOOK_ASK_SIDE,
  BOOK_ASK_TICKS,
  BOOK_BID_LEVELS,
  BOOK_BID_LOTS,
  BOOK_BID_LOW,
  BOOK_BID_ROOT,
  BOOK_BID_SIDE,
  BOOK_BID_TICKS,
  BOOK_EMPTY,
  BOOK_DOUBTED,
  BOOK_FLAGS,
  BOOK_LAST_SEQUENCE,
  BOOK_LIVE,
  BOOK_LOT_SCALE,
  BOOK_LOT_UNIT,
  BOOK_PRICE_SCALE,
  BOOK_PRICE_UNIT,
  BOOK_RECV_US,
  BOOK_STATE,
  BOOK_VENUE_US,
  SIDE_BITS,
  SIDE_LOTS,
  SIDE_NODE_KEYS,
  SIDE_NODE_LINKS,
  SIDE_NODE_LOTS,
  SIDE_SUMMARY,
  WINDOW_KEYS,
  WINDOW_MASK,
} from '../memory/book-layout.js';
import { SEQLOCK_TRIES, beginRead, endRead } from '../memory/seqlock.js';
import type { SharedViews } from '../memory/shared-memory.js';
import { nextSet } from './bits.js';
import { ratioOf, type Grid } from './grid.js';
import { nextAbove } from './overflow.js';

/** Looks at a lock that is held before that counts as a try: about 5 us. A message of 65 levels holds it about that long. */
const PATIENCE = 500;

/** A header as copied. Reused: take numbers, not the object. */
export class BookTop {
  state = BOOK_EMPTY as number;
  bidTicks = Number.NaN;
  bidLots = 0;
  askTicks = Number.NaN;
  askLots = 0;
  lastSequence = Number.NaN;
  venueUs = Number.NaN;
  recvUs = 0;
  bidLevels = 0;
  askLevels = 0;
  priceUnit = 1;
  priceScale = 0;
  lotUnit = 1;
  lotScale = 0;
  flags = 0;

  copyFrom(other: BookTop): void {
    this.state = other.state;
    this.bidTicks = other.bidTicks;
    this.bidLots = other.bidLots;
    this.askTicks = other.askTicks;
    this.askLots = other.askLots;
    this.lastSequence = other.lastSequence;
    this.venueUs = other.venueUs;
    this.recvUs = other.recvUs;
    this.bidLevels = other.bidLevels;
    this.askLevels = other.askLevels;
    this.priceUnit = other.priceUnit;
    this.priceScale = other.priceScale;
    this.lotUnit = other.lotUnit;
    this.lotScale = other.lotScale;
    this.flags = other.flags;
  }
}

/** Where a copy is made before it is known to be whole. */
const scratch = new BookTop();

export class BookReader {
  readonly #views: SharedViews;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #base: number;
  readonly #head: number;
  readonly #words: number;
  readonly #grid: Grid | null;
  /** The last whole view; state is BOOK_EMPTY before the first. */
  readonly top = new BookTop();
  /** Reads that gave up because the writer got in the way every time. */
  torn = 0;

  constructor(views: SharedViews, base: number, grid: Grid | null = null) {
    this.#views = views;
    this.#i32 = views.i32;
    this.#f64 = views.f64;
    this.#base = base;
    this.#head = base >>> 2;
    this.#words = base >>> 3;
    this.#grid = grid;
  }

  /** Refreshes `top`. False: torn, `top` is the last whole view. */
  readTop(): boolean {
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = this.#begin();
      if (before < 0) continue;
      this.#copyHeader(scratch);
      if (!endRead(this.#i32, this.#head, before)) continue;
      this.#keep(scratch);
      return true;
    }
    this.torn++;
    return false;
  }

  /** Refreshes `top` and says whether it may be traded on. Torn: the last whole view, a moment old, and live only if the state word says so now; its age is the caller's to judge. */
  look(): boolean {
    const isWhole = this.readTop();
    return this.top.state === BOOK_LIVE && (isWhole || this.isLive());
  }

  /** The state alone: one load, no lock. */
  isLive(): boolean {
    return Atomics.load(this.#i32, this.#head + (BOOK_STATE >> 2)) === BOOK_LIVE;
  }

  /** Best `count` levels of a side (0 = bid, 1 = ask), best first; refreshes `top` too. Returns how many; 0 when not live or torn. */
  readLevels(side: number, count: number, ticks: Float64Array, lots: Float64Array): number {
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = this.#begin();
      if (before < 0) continue;
      this.#copyHeader(scratch);
      const found = scratch.state === BOOK_LIVE ? this.#copySide(side, count, ticks, lots) : 0;
      if (!endRead(this.#i32, this.#head, before)) continue;
      this.#keep(scratch);
      this.#convert(side, found, ticks, lots);
      return found;
    }
    this.torn++;
    return 0;
  }

  /**
   * Both sides and the header of one moment. False: torn. `bidCount` and `askCount` say how many levels were copied.
   * @param doubted a book that bids and asks cross is wanted too: for who checks books, not for who trades on them
   */
  readDepth(count: number, out: DepthView, doubted = false): boolean {
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = this.#begin();
      if (before < 0) continue;
      this.#copyHeader(scratch);
      const isShown = scratch.state === BOOK_LIVE || (doubted && scratch.state === BOOK_DOUBTED);
      const bids = isShown ? this.#copySide(0, count, out.bidTicks, out.bidLots) : 0;
      const asks = isShown ? this.#copySide(1, count, out.askTicks, out.askLots) : 0;
      if (!endRead(this.#i32, this.#head, before)) continue;
      this.#keep(scratch);
      this.#convert(0, bids, out.bidTicks, out.bidLots);
      this.#convert(1, asks, out.askTicks, out.askLots);
      out.bidCount = bids;
      out.askCount = asks;
      return true;
    }
    this.torn++;
    return false;
  }

  /** Waits, bounded, for a write to end: it takes some microseconds, and what it leaves is fresher than what the reader has. */
  #begin(): number {
    let before = beginRead(this.#i32, this.#head);
    for (let looks = 0; before < 0 && looks < PATIENCE; looks++) before = beginRead(this.#i32, this.#head);
    return before;
  }

  #copyHeader(out: BookTop): void {
    const i32 = this.#i32;
    const f64 = this.#f64;
    const h = this.#head;
    const w = this.#words;
    out.state = i32[h + (BOOK_STATE >> 2)]!;
    out.bidTicks = f64[w + (BOOK_BID_TICKS >> 3)]!;
    out.bidLots = f64[w + (BOOK_BID_LOTS >> 3)]!;
    out.askTicks = f64[w + (BOOK_ASK_TICKS >> 3)]!;
    out.askLots = f64[w + (BOOK_ASK_LOTS >> 3)]!;
    out.lastSequence = f64[w + (BOOK_LAST_SEQUENCE >> 3)]!;
    out.venueUs = f64[w + (BOOK_VENUE_US >> 3)]!;
    out.recvUs = f64[w + (BOOK_RECV_US >> 3)]!;
    out.bidLevels = i32[h + (BOOK_BID_LEVELS >> 2)]!;
    out.askLevels = i32[h + (BOOK_ASK_LEVELS >> 2)]!;
    out.priceUnit = f64[w + (BOOK_PRICE_UNIT >> 3)]!;
    out.lotUnit = f64[w + (BOOK_LOT_UNIT >> 3)]!;
    out.priceScale = i32[h + (BOOK_PRICE_SCALE >> 2)]!;
    out.lotScale = i32[h + (BOOK_LOT_SCALE >> 2)]!;
    out.flags = i32[h + (BOOK_FLAGS >> 2)]!;
  }

  /** Walks the bits from the best on, then the overflow. What a torn read finds is thrown away by the caller; every loop is bounded by `count`. */
  #copySide(side: number, count: number, ticks: Float64Array, lots: Float64Array): number {
    const i32 = this.#i32;
    const f64 = this.#f64;
    const best = f64[this.#words + ((side === 0 ? BOOK_BID_TICKS : BOOK_ASK_TICKS) >> 3)]!;
    if (Number.isNaN(best)) return 0;
    const base = this.#base + (side === 0 ? BOOK_BID_SIDE : BOOK_ASK_SIDE);
    const sign = side === 0 ? -1 : 1;
    const end = f64[this.#words + ((side === 0 ? BOOK_BID_LOW : BOOK_ASK_LOW) >> 3)]! + WINDOW_KEYS;
    const bits = (base + SIDE_BITS) >>> 2;
    const summary = (base + SIDE_SUMMARY) >>> 2;
    const quantities = (base + SIDE_LOTS) >>> 3;
    let found = 0;
    let key = sign * best;
    while (found < count) {
      const distance = nextSet(i32, bits, summary, key & WINDOW_MASK);
      if (distance < 0 || key + distance >= end) break;
      key += distance;
      ticks[found] = sign * key + 0;
      lots[found] = f64[quantities + (key & WINDOW_MASK)]!;
      found++;
      key++;
      if (key >= end) break;
    }
    if (found === count) return found;
    const nodeKeys = (base + SIDE_NODE_KEYS) >>> 3;
    const nodeLots = (base + SIDE_NODE_LOTS) >>> 3;
    const links = (base + SIDE_NODE_LINKS) >>> 2;
    const root = i32[this.#head + ((side === 0 ? BOOK_BID_ROOT : BOOK_ASK_ROOT) >> 2)]!;
    let last = -Infinity;
    while (found < count) {
      const node = nextAbove(this.#views, nodeKeys, links, root, last, false);
      if (node <= 0) break;
      last = f64[nodeKeys + node]!;
      ticks[found] = sign * last + 0;
      lots[found] = f64[nodeLots + node]!;
      found++;
    }
    return found;
  }

  #keep(from: BookTop): void {
    const top = this.top;
    top.copyFrom(from);
    const grid = this.#grid;
    if (grid === null || sameGrid(from, grid)) return;
    const price = ratioOf({ unit: from.priceUnit, scale: from.priceScale }, { unit: grid.priceUnit, scale: grid.priceScale });
    const lot = ratioOf({ unit: from.lotUnit, scale: from.lotScale }, { unit: grid.lotUnit, scale: grid.lotScale });
    top.bidTicks = roundDown(from.bidTicks * price);
    top.askTicks = roundUp(from.askTicks * price);
    top.bidLots = roundDown(from.bidLots * lot);
    top.askLots = roundDown(from.askLots * lot);
  }

  #convert(side: number, count: number, ticks: Float64Array, lots: Float64Array): void {
    const grid = this.#grid;
    const top = this.top;
    if (grid === null || sameGrid(top, grid)) return;
    const price = ratioOf({ unit: top.priceUnit, scale: top.priceScale }, { unit: grid.priceUnit, scale: grid.priceScale });
    const lot = ratioOf({ unit: top.lotUnit, scale: top.lotScale }, { unit: grid.lotUnit, scale: grid.lotScale });
    for (let i = 0; i < count; i++) {
      ticks[i] = side === 0 ? roundDown(ticks[i]! * price) : roundUp(ticks[i]! * price);
      lots[i] = roundDown(lots[i]! * lot);
    }
  }
}

/** Levels copied by `readDepth`. */
export class DepthView {
  bidCount = 0;
  askCount = 0;
  readonly bidTicks: Float64Array;
  readonly bidLots: Float64Array;
  readonly askTicks: Float64Array;
  readonly askLots: Float64Array;

  constructor(readonly capacity: number) {
    this.bidTicks = new Float64Array(capacity);
    this.bidLots = new Float64Array(capacity);
    this.askTicks = new Float64Array(capacity);
    this.askLots = new Float64Array(capacity);
  }
}

function sameGrid(top: BookTop, grid: Grid): boolean {
  return (
    top.priceUnit === grid.priceUnit && top.priceScale === grid.priceScale && top.lotUnit === grid.lotUnit && top.lotScale === grid.lotScale
  );
}

/** A ratio such as 1/10 is not exact in binary: what is within this of a whole number is that number. */
const SLACK = 1e-6;

function roundDown(value: number): number {
  return Math.floor(value + SLACK);
}

function roundUp(value: number): number {
  return Math.ceil(value - SLACK);
}
