/**
 * The one writer of a book: applies levels to the ladder and publishes once per message. Called by the book-sync machine on the feed's thread.
 * Beside it the WebAssembly kernel may write, on the same thread, as long as the gate is open: whoever begins finds the other's numbers in the header.
 * Live changes happen inside `begin` .. `publish` (the seqlock is odd meanwhile); a snapshot is built while the state is not live, so readers never wait for it.
 */
import {
  BOOK_ASK_FREE,
  BOOK_ASK_LEVELS,
  BOOK_ASK_LOTS,
  BOOK_ASK_LOW,
  BOOK_ASK_ROOT,
  BOOK_ASK_SIDE,
  BOOK_ASK_SPILLED,
  BOOK_ASK_TICKS,
  BOOK_ASK_USED,
  BOOK_BID_FREE,
  BOOK_BID_LEVELS,
  BOOK_BID_LOTS,
  BOOK_BID_LOW,
  BOOK_BID_ROOT,
  BOOK_BID_SIDE,
  BOOK_BID_SPILLED,
  BOOK_BID_TICKS,
  BOOK_BID_USED,
  BOOK_BYTES,
  BOOK_EMPTY,
  BOOK_FLAGS,
  BOOK_FLAG_TRUNCATED,
  BOOK_GATE,
  BOOK_ID_COUNT,
  BOOK_ID_MASK,
  BOOK_ID_SCALE,
  BOOK_IDS,
  BOOK_LAST_SEQUENCE,
  BOOK_LOT_SCALE,
  BOOK_LOT_UNIT,
  BOOK_PRICE_SCALE,
  BOOK_PRICE_UNIT,
  BOOK_RECV_US,
  BOOK_REGRIDS,
  BOOK_SEQUENCE,
  BOOK_STATE,
  BOOK_STREAM,
  BOOK_VENUE_US,
} from '../memory/book-layout.js';
import { beginWrite, endWrite } from '../memory/seqlock.js';
import type { SharedViews } from '../memory/shared-memory.js';
import { RESULT_OK, RESULT_RANGE } from '../numbers/errors.js';
import { UNITS_FINER, ratioOf, unitsOf, type Grid } from './grid.js';
import { LadderSide } from './ladder-side.js';

/** Levels of a message, as the kernel's `LevelList` holds them. */
export interface LevelSource {
  readonly count: number;
  readonly price: Float64Array;
  readonly qty: Float64Array;
  readonly priceDecimals: Uint8Array;
  readonly qtyDecimals: Uint8Array;
}

export class BookWriter {
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #head: number;
  readonly #words: number;
  readonly #base: number;
  readonly #memory: WebAssembly.Memory | null;
  readonly #bids: LadderSide;
  readonly #asks: LadderSide;
  /** The sequence as we left it: another one is the kernel's. */
  #seen = 0;
  #grid: Grid;
  #state = BOOK_EMPTY;
  #regrids = 0;

  constructor(views: SharedViews, base: number, grid: Grid) {
    this.#i32 = views.i32;
    this.#f64 = views.f64;
    this.#head = base >>> 2;
    this.#words = base >>> 3;
    this.#base = base;
    this.#memory = views.memory;
    // A writer that takes over from one that died finds its levels, and perhaps an odd sequence.
    const sequence = Atomics.load(this.#i32, this.#head + (BOOK_SEQUENCE >> 2));
    if (sequence !== 0) {
      if ((sequence & 1) === 0) beginWrite(this.#i32, this.#head);
      views.u8.fill(0, base + 4, base + BOOK_BYTES);
    } else beginWrite(this.#i32, this.#head);
    this.#bids = new LadderSide(views, base + BOOK_BID_SIDE, (base + BOOK_BID_ROOT) >>> 2);
    this.#asks = new LadderSide(views, base + BOOK_ASK_SIDE, (base + BOOK_ASK_ROOT) >>> 2);
    this.#grid = grid;
    this.#writeHeader();
    this.#f64[this.#words + (BOOK_STREAM >> 3)] = Number.NaN;
    this.#f64[this.#words + (BOOK_LAST_SEQUENCE >> 3)] = Number.NaN;
    this.#f64[this.#words + (BOOK_VENUE_US >> 3)] = Number.NaN;
    this.#end();
  }

  /** Byte offset of the book in that memory, 0 when it stands elsewhere. */
  baseIn(memory: WebAssembly.Memory): number {
    return this.#memory === memory ? this.#base : 0;
  }
  /** GATE_*: by which rule the kernel may apply what is next in order; GATE_CLOSED stops it. A book that is not live is never touched by it. */
  setGate(gate: number): void {
    this.#i32[this.#head + (BOOK_GATE >> 2)] = gate;
  }
  /** Messages of this stream only; NaN: of none that names one. */
  setStream(stream: number): void {
    this.#f64[this.#words + (BOOK_STREAM >> 3)] = stream;
  }
  /** Id-keyed books: byte offset of the table in the book's memory (0: elsewhere), its mask and the scale of its places. */
  setIds(at: number, mask: number, scale: number): void {
    this.#f64[this.#words + (BOOK_ID_SCALE >> 3)] = scale;
    this.#i32[this.#head + (BOOK_IDS >> 2)] = at;
    this.#i32[this.#head + (BOOK_ID_MASK >> 2)] = mask;
  }
  get idCount(): number {
    return this.#i32[this.#head + (BOOK_ID_COUNT >> 2)]!;
  }
  set idCount(count: number) {
    this.#i32[this.#head + (BOOK_ID_COUNT >> 2)] = count;
  }
  /** Of the last message that was published. */
  get lastSequence(): number {
    return this.#f64[this.#words + (BOOK_LAST_SEQUENCE >> 3)]!;
  }

  get state(): number {
    return this.#state;
  }
  get grid(): Grid {
    return this.#grid;
  }
  get bidTicks(): number {
    this.#catchUp();
    return 0 - this.#bids.best;
  }
  get askTicks(): number {
    this.#catchUp();
    return this.#asks.best;
  }
  get levels(): number {
    this.#catchUp();
    return this.#bids.count + this.#asks.count;
  }
  isCrossed(): boolean {
    this.#catchUp();
    return 0 - this.#bids.best >= this.#asks.best;
  }
  /** Levels were let go and too few are left before the place where they are missing. */
  isTooShort(): boolean {
    this.#catchUp();
    return this.#bids.isTooShort() || this.#asks.isTooShort();
  }

  /** Readers turn away until `publish`. */
  begin(): void {
    this.#begin();
  }

  /** A level in the book's own units, for what the kernel left undone of a message that it began. @param side 0 = bid, 1 = ask */
  setKey(side: number, key: number, lots: number): void {
    this.#catchUp();
    (side === 0 ? this.#bids : this.#asks).set(key, lots);
  }

  /** Takes all levels away. Between `begin` and `publish`, or while the book is not live. */
  clear(): void {
    this.#catchUp();
    this.#bids.clear();
    this.#asks.clear();
  }

  /** Applies a message's levels in their order; quantity 0 takes a level away. RESULT_RANGE: a number does not fit, the book is not usable any more. */
  change(bids: LevelSource, asks: LevelSource): number {
    this.#catchUp();
    const result = this.#changeSide(this.#bids, -1, bids);
    return result === RESULT_OK ? this.#changeSide(this.#asks, 1, asks) : result;
  }

  #changeSide(side: LadderSide, sign: number, levels: LevelSource): number {
    const { price, qty, priceDecimals, qtyDecimals, count } = levels;
    let { priceUnit, priceScale, lotUnit, lotScale } = this.#grid;
    for (let i = 0; i < count; i++) {
      let ticks = unitsOf(price[i]!, priceDecimals[i]!, priceUnit, priceScale);
      let lots = unitsOf(qty[i]!, qtyDecimals[i]!, lotUnit, lotScale);
      if (ticks < 0 || lots < 0) {
        const result = this.observe(price[i]!, priceDecimals[i]!, qty[i]!, qtyDecimals[i]!);
        if (result !== RESULT_OK) return result;
        ({ priceUnit, priceScale, lotUnit, lotScale } = this.#grid);
        ticks = unitsOf(price[i]!, priceDecimals[i]!, priceUnit, priceScale);
        lots = unitsOf(qty[i]!, qtyDecimals[i]!, lotUnit, lotScale);
      }
      side.set(sign * ticks, lots);
    }
    return RESULT_OK;
  }

  /** True when there is a level at this price. */
  hasLevel(side: number, price: number, priceDecimals: number): boolean {
    this.#catchUp();
    const ticks = unitsOf(price, priceDecimals, this.#grid.priceUnit, this.#grid.priceScale);
    return ticks >= 0 && (side === 0 ? this.#bids.has(-ticks) : this.#asks.has(ticks));
  }

  /** One level, for id-keyed books. @param side 0 = bid, 1 = ask. */
  setLevel(side: number, price: number, priceDecimals: number, qty: number, qtyDecimals: number): number {
    this.#catchUp();
    const g = this.#grid;
    let ticks = unitsOf(price, priceDecimals, g.priceUnit, g.priceScale);
    let lots = unitsOf(qty, qtyDecimals, g.lotUnit, g.lotScale);
    if (ticks < 0 || lots < 0) {
      const result = this.observe(price, priceDecimals, qty, qtyDecimals);
      if (result !== RESULT_OK) return result;
      ticks = unitsOf(price, priceDecimals, this.#grid.priceUnit, this.#grid.priceScale);
      lots = unitsOf(qty, qtyDecimals, this.#grid.lotUnit, this.#grid.lotScale);
    }
    if (side === 0) this.#bids.set(-ticks, lots);
    else this.#asks.set(ticks, lots);
    return RESULT_OK;
  }

  /**
   * Makes the grid fine enough for a price and a quantity. Nothing is lost: all levels are counted anew. RESULT_RANGE when they would not fit.
   * Inside `begin` .. `publish`, or while the book is not live.
   */
  observe(price: number, priceDecimals: number, qty: number, qtyDecimals: number): number {
    this.#catchUp();
    let { priceUnit, priceScale, lotUnit, lotScale } = this.#grid;
    const ticks = unitsOf(price, priceDecimals, priceUnit, priceScale);
    if (ticks === UNITS_FINER) {
      priceScale = Math.max(priceScale, priceDecimals);
      priceUnit = 1;
    }
    const lots = unitsOf(qty, qtyDecimals, lotUnit, lotScale);
    if (lots === UNITS_FINER) {
      lotScale = Math.max(lotScale, qtyDecimals);
      lotUnit = 1;
    }
    if (unitsOf(price, priceDecimals, priceUnit, priceScale) < 0 || unitsOf(qty, qtyDecimals, lotUnit, lotScale) < 0) return RESULT_RANGE;
    return ticks < 0 || lots < 0 ? this.#regrid({ priceUnit, priceScale, lotUnit, lotScale }) : RESULT_OK;
  }

  /** As `observe`, for a number that is not a level (a trade's), at any time. */
  observeNow(price: number, priceDecimals: number, qty: number, qtyDecimals: number): number {
    this.#begin();
    const result = this.observe(price, priceDecimals, qty, qtyDecimals);
    this.#writeHeader();
    this.#end();
    return result;
  }

  /** Shows what was changed since `begin`. @param sequence, venueUs NaN when the venue gives none. */
  publish(state: number, sequence: number, venueUs: number, recvUs: number): void {
    this.#catchUp();
    const w = this.#words;
    this.#state = state;
    this.#writeHeader();
    this.#f64[w + (BOOK_LAST_SEQUENCE >> 3)] = sequence;
    this.#f64[w + (BOOK_VENUE_US >> 3)] = venueUs;
    this.#f64[w + (BOOK_RECV_US >> 3)] = recvUs;
    this.#end();
  }

  /** Publishes a state alone: hides the book, or shows it again. */
  setState(state: number): void {
    this.#state = state;
    this.#begin();
    this.#i32[this.#head + (BOOK_STATE >> 2)] = state;
    this.#end();
  }

  #begin(): void {
    this.#catchUp();
    beginWrite(this.#i32, this.#head);
    this.#seen = this.#i32[this.#head]!;
  }

  #end(): void {
    endWrite(this.#i32, this.#head);
    this.#seen = this.#i32[this.#head]!;
  }

  /** Takes over what the kernel left in the header since we wrote last. */
  #catchUp(): void {
    const i32 = this.#i32;
    const h = this.#head;
    if (i32[h] === this.#seen) return;
    this.#seen = i32[h]!;
    const bids = i32[h + (BOOK_BID_LEVELS >> 2)]!;
    const asks = i32[h + (BOOK_ASK_LEVELS >> 2)]!;
    this.#bids.restore(
      bids === 0 ? Infinity : 0 - this.#f64[this.#words + (BOOK_BID_TICKS >> 3)]!,
      bids,
      i32[h + (BOOK_BID_USED >> 2)]!,
      i32[h + (BOOK_BID_FREE >> 2)]!,
      i32[h + (BOOK_BID_SPILLED >> 2)]!,
    );
    this.#asks.restore(
      asks === 0 ? Infinity : this.#f64[this.#words + (BOOK_ASK_TICKS >> 3)]!,
      asks,
      i32[h + (BOOK_ASK_USED >> 2)]!,
      i32[h + (BOOK_ASK_FREE >> 2)]!,
      i32[h + (BOOK_ASK_SPILLED >> 2)]!,
    );
  }

  #writeHeader(): void {
    const i32 = this.#i32;
    const f64 = this.#f64;
    const h = this.#head;
    const w = this.#words;
    const bids = this.#bids;
    const asks = this.#asks;
    i32[h + (BOOK_STATE >> 2)] = this.#state;
    f64[w + (BOOK_BID_TICKS >> 3)] = bids.count === 0 ? Number.NaN : 0 - bids.best;
    f64[w + (BOOK_BID_LOTS >> 3)] = bids.count === 0 ? 0 : bids.bestLots;
    f64[w + (BOOK_ASK_TICKS >> 3)] = asks.count === 0 ? Number.NaN : asks.best;
    f64[w + (BOOK_ASK_LOTS >> 3)] = asks.count === 0 ? 0 : asks.bestLots;
    i32[h + (BOOK_BID_LEVELS >> 2)] = bids.count;
    i32[h + (BOOK_ASK_LEVELS >> 2)] = asks.count;
    f64[w + (BOOK_BID_LOW >> 3)] = bids.low;
    f64[w + (BOOK_ASK_LOW >> 3)] = asks.low;
    f64[w + (BOOK_PRICE_UNIT >> 3)] = this.#grid.priceUnit;
    f64[w + (BOOK_LOT_UNIT >> 3)] = this.#grid.lotUnit;
    i32[h + (BOOK_PRICE_SCALE >> 2)] = this.#grid.priceScale;
    i32[h + (BOOK_LOT_SCALE >> 2)] = this.#grid.lotScale;
    i32[h + (BOOK_REGRIDS >> 2)] = this.#regrids;
    const { spilled: below } = bids;
    i32[h + (BOOK_BID_USED >> 2)] = below.used;
    i32[h + (BOOK_BID_FREE >> 2)] = below.free;
    i32[h + (BOOK_BID_SPILLED >> 2)] = below.count;
    const { spilled: above } = asks;
    i32[h + (BOOK_ASK_USED >> 2)] = above.used;
    i32[h + (BOOK_ASK_FREE >> 2)] = above.free;
    i32[h + (BOOK_ASK_SPILLED >> 2)] = above.count;
    i32[h + (BOOK_FLAGS >> 2)] = bids.horizon === Infinity && asks.horizon === Infinity ? 0 : BOOK_FLAG_TRUNCATED;
  }

  #regrid(grid: Grid): number {
    const priceRatio = ratioOf(
      { unit: this.#grid.priceUnit, scale: this.#grid.priceScale },
      { unit: grid.priceUnit, scale: grid.priceScale },
    );
    const lotRatio = ratioOf({ unit: this.#grid.lotUnit, scale: this.#grid.lotScale }, { unit: grid.lotUnit, scale: grid.lotScale });
    for (const side of [this.#bids, this.#asks]) {
      const keys: number[] = [];
      const lots: number[] = [];
      side.forEach((key, quantity) => {
        keys.push(key * priceRatio);
        lots.push(quantity * lotRatio);
      });
      if (keys.some((key) => !Number.isSafeInteger(key)) || lots.some((quantity) => !Number.isSafeInteger(quantity))) return RESULT_RANGE;
      const horizon = side.horizon * priceRatio;
      side.clear();
      for (let i = 0; i < keys.length; i++) side.set(keys[i]!, lots[i]!);
      side.horizon = Math.min(side.horizon, horizon);
    }
    this.#grid = grid;
    this.#regrids++;
    return RESULT_OK;
  }
}
