/**
 * Frame to records: kernel first, the venue's mapper where no shape fits, then books, trades, quotes and marks. One per connection; live sessions, replays
 * and `verify` all read through it. Feed's thread. It never throws on what a venue sends; an exception here is a mistake of ours.
 */
import type { BookKernel, Kernel } from '../core/kernel/kernel.js';
import {
  APPLY_NOT_MINE,
  APPLY_UNKNOWN_SYMBOL,
  DONE_BOOK,
  DONE_PART,
  RUN_OVER,
  SCAN_DONE,
  SCAN_UNKNOWN_SYMBOL,
} from '../core/kernel/kernel.js';
import {
  ABSENT,
  FIELD_FLAGS,
  FIELD_ID,
  FIELD_KIND,
  FIELD_LAST,
  FIELD_NEXT_FUNDING,
  FIELD_SIDE,
  FIELD_TIME,
  MESSAGE_DEPTH,
  MESSAGE_MARK,
  MESSAGE_NONE,
  MESSAGE_QUOTE,
  MESSAGE_ROWS,
  MESSAGE_TRADE,
  Message,
  NUMBER_ASK,
  NUMBER_ASK_QTY,
  NUMBER_BID,
  NUMBER_BID_QTY,
  NUMBER_FUNDING,
  NUMBER_INDEX,
  NUMBER_MARK,
  NUMBER_PRICE,
  NUMBER_QTY,
  venueUsOf,
} from '../core/kernel/message.js';
import { MAX_SYMBOL_BYTES, type SymbolTable } from '../core/kernel/symbol-table.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import { POWERS } from '../core/book/grid.js';
import { SYNC_DELTA, SYNC_GAP, SYNC_SNAPSHOT } from './book-sync.js';
import type { InstrumentSlot } from './instrument-slot.js';
import { bookKernelOf } from './kernels.js';
import { blankTrade, type FeedSink, type MarkRecord, type QuoteRecord } from './sink.js';
import type { MapperOut, Venue } from './venue.js';

/** Frames and what they went through. `depth…` count frames that carried book messages. */
export class FrameStats {
  frames = 0;
  bytes = 0;
  kernel = 0;
  /** Of `kernel`: read by the WebAssembly kernel, and books written by it. */
  fast = 0;
  mapper = 0;
  ignored = 0;
  bad = 0;
  depthKernel = 0;
  depthMapper = 0;
  bookMessages = 0;
  trades = 0;
  snapshots = 0;
}

export interface FrameReaderOptions {
  readonly venue: Venue;
  /** Null: every frame takes the readable way (`--kernel json`). */
  readonly kernel: Kernel | null;
  /** Names in this connection's messages to instrument indexes. */
  readonly symbols: SymbolTable;
  /** Slots by instrument index; others belong to other feeds. */
  readonly slots: readonly (InstrumentSlot | undefined)[];
  readonly sink: FeedSink;
  readonly stats: FrameStats;
  /** A symbol that the table does not know: its new index, or -1 to leave the message out. */
  readonly onUnknownSymbol: ((symbolText: string) => number) | null;
  /** Our answer to a text heartbeat. */
  readonly reply: (text: string) => void;
}

/** What `read` says about the frame. */
export const READ_OK = 0;
export const READ_BAD = 1;

export class FrameReader implements MapperOut {
  readonly message = new Message();
  readonly #venue: Venue;
  readonly #kernel: Kernel | null;
  readonly #books: BookKernel | null;
  /** The same where nobody wants to hear of each message. */
  readonly #runs: BookKernel | null;
  /** READ_* of the last frame that was read by itself. */
  lastRead = READ_OK;
  readonly #symbols: SymbolTable;
  readonly #slots: readonly (InstrumentSlot | undefined)[];
  readonly #sink: FeedSink;
  readonly #stats: FrameStats;
  readonly #onUnknownSymbol: ((symbolText: string) => number) | null;
  readonly #reply: (text: string) => void;
  /** Number of the frame in which a slot's rows were applied. */
  readonly #rowStamp: number[] = [];
  /** One number object for all messages of a read: a field that only ever held numbers would make one anew at each look. */
  #recvUs: number | null = null;
  #isRest = false;
  #isDispatching = false;
  #sawBook = false;
  readonly #trade = blankTrade();
  readonly #quote: QuoteRecord = { bidTicks: 0, bidLots: 0, askTicks: 0, askLots: 0, sequence: 0, venueUs: 0, recvUs: 0 };
  readonly #mark: MarkRecord = { markTicks: 0, indexTicks: 0, fundingRate: 0, nextFundingUs: 0, recvUs: 0 };

  constructor(options: FrameReaderOptions) {
    this.#venue = options.venue;
    this.#kernel = options.kernel;
    this.#books = bookKernelOf(options.kernel);
    this.#runs = options.sink.bookMessage === undefined ? this.#books : null;
    this.#symbols = options.symbols;
    this.#slots = options.slots;
    this.#sink = options.sink;
    this.#stats = options.stats;
    this.#onUnknownSymbol = options.onUnknownSymbol;
    this.#reply = options.reply;
  }

  /** One frame of the socket. @returns READ_* */
  read(bytes: Uint8Array, start: number, end: number, recvUs: number): number {
    this.#recvUs = recvUs;
    this.#isRest = false;
    const books = this.#books;
    return this.#readOne(books === null ? APPLY_NOT_MINE : books.apply(bytes, start, end, recvUs), bytes, start, end);
  }

  /**
   * Waiting bytes of the socket, from the beginning of a frame: the whole text frames that the kernel takes by itself, some microseconds of work at most, and the
   * first that it does not (`lastRead` says how that went). Books that changed are told of once. @returns where the next frame begins, `start` when none was taken
   */
  readRun(bytes: Uint8Array, start: number, end: number, recvUs: number): number {
    this.lastRead = READ_OK;
    const books = this.#runs;
    if (books === null) return start;
    this.#recvUs = recvUs;
    this.#isRest = false;
    const done = books.applyRun(bytes, start, end, recvUs);
    const taken = books.runFrames;
    if (taken > 0) this.#tellRun(books, taken);
    else if (done === RUN_OVER) return start;
    const next = books.runTo;
    if (done !== RUN_OVER) this.lastRead = this.#readOne(done, bytes, books.runFrom, next);
    return next;
  }

  #tellRun(books: BookKernel, taken: number): void {
    const stats = this.#stats;
    stats.frames += taken;
    stats.bytes += books.runBytes;
    stats.kernel += taken;
    stats.fast += taken;
    stats.depthKernel += taken;
    // The last frame of each book is counted with its telling.
    const changed = books.changedCount;
    stats.bookMessages += taken - changed;
    for (let i = 0; i < changed; i++) this.#tellApplied(this.#slots[books.changedAt(i)]!);
  }

  /** The kernel applied and published a message of this book. */
  #tellApplied(slot: InstrumentSlot): void {
    slot.sync.applied();
    this.#tellBook(slot, SYNC_DELTA);
  }

  /** @param done what the kernel said of it */
  #readOne(done: number, bytes: Uint8Array, start: number, end: number): number {
    const stats = this.#stats;
    stats.frames++;
    stats.bytes += end - start;
    const books = this.#books;
    if (books !== null) {
      const answer = done === APPLY_UNKNOWN_SYMBOL && this.#admit(books) ? books.apply(bytes, start, end, this.#recvUs ?? 0) : done;
      if (answer >= 0) {
        stats.kernel++;
        stats.fast++;
        this.#finishFast(books, answer, bytes, start, end);
        return READ_OK;
      }
    }
    const kernel = this.#kernel;
    if (kernel !== null) {
      let result = kernel.scan(bytes, start, end, this.message);
      if (result === SCAN_UNKNOWN_SYMBOL && this.#indexOfUnknown(textOf(bytes, kernel.symbolStart, kernel.symbolEnd)) >= 0) {
        result = kernel.scan(bytes, start, end, this.message);
      }
      if (result === SCAN_DONE) {
        stats.kernel++;
        this.#sawBook = false;
        this.#dispatch();
        if (this.#sawBook) stats.depthKernel++;
        return READ_OK;
      }
    }
    return this.#readSlowly(bytes, start, end);
  }

  /** The kernel learns a name that the connection's table knows; false when it stays unknown. */
  #admit(books: BookKernel): boolean {
    const text = books.unknownSymbol();
    const instrument = this.#symbols.indexOf(text);
    return instrument >= 0 && books.admit(text, instrument, this.#slots[instrument]?.book.baseIn(books.memory) ?? 0);
  }

  /** @param done instrument x 4 + DONE_* */
  #finishFast(books: BookKernel, done: number, bytes: Uint8Array, start: number, end: number): void {
    const what = done & 3;
    const instrument = done >> 2;
    if (what === DONE_BOOK || what === DONE_PART) {
      const slot = this.#slots[instrument]!;
      this.#stats.depthKernel++;
      if (what === DONE_BOOK) this.#tellApplied(slot);
      else {
        books.goOn(slot.book);
        const from = books.rowsLeft;
        if (from >= 0) {
          books.scan(bytes, start, end, this.message);
          this.#tellBook(slot, slot.sync.finishRows(this.message, instrument, this.#recvUs ?? 0, from));
          return;
        }
        this.#tellBook(slot, slot.sync.finishApplied(books.field(FIELD_LAST), books.field(FIELD_TIME), this.#recvUs ?? 0));
      }
      return;
    }
    const message = this.message;
    message.clear();
    message.kind = books.messageKind;
    message.instrument = instrument;
    books.fill(message);
    this.#dispatch();
  }

  /** The body of a REST depth snapshot. @returns READ_* */
  readSnapshot(symbolText: string, body: string, recvUs: number): number {
    this.#recvUs = recvUs;
    this.#isRest = true;
    try {
      const json: unknown = JSON.parse(body);
      if (this.#venue.mapSnapshot === undefined || !this.begin(MESSAGE_DEPTH, symbolText)) return READ_BAD;
      this.#venue.mapSnapshot(json, this.message);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#stats.bad++;
      return READ_BAD;
    }
    this.#dispatch();
    return READ_OK;
  }

  begin(kind: number, symbolText: string): boolean {
    this.message.clear();
    this.message.kind = kind;
    this.message.instrument = this.indexOf(symbolText);
    return this.message.instrument >= 0;
  }

  indexOf(symbolText: string): number {
    const known = this.#symbols.indexOf(symbolText);
    return known >= 0 ? known : this.#indexOfUnknown(symbolText);
  }

  emit(): void {
    this.#isDispatching = true;
    this.#dispatch();
    this.#isDispatching = false;
  }

  #indexOfUnknown(symbolText: string): number {
    if (this.#onUnknownSymbol === null || symbolText.length === 0 || Buffer.byteLength(symbolText) > MAX_SYMBOL_BYTES) return -1;
    return this.#onUnknownSymbol(symbolText);
  }

  #readSlowly(bytes: Uint8Array, start: number, end: number): number {
    const stats = this.#stats;
    const text = textOf(bytes, start, end);
    this.message.clear();
    this.#sawBook = false;
    try {
      const json: unknown = JSON.parse(text);
      const reply = this.#venue.heartbeatReply?.(json) ?? null;
      if (reply !== null) {
        this.#reply(reply);
        stats.ignored++;
        return READ_OK;
      }
      const before = stats.bookMessages + stats.trades;
      this.#venue.map(json, this);
      if (this.message.kind === MESSAGE_NONE && before === stats.bookMessages + stats.trades) stats.ignored++;
      else stats.mapper++;
      if (this.#sawBook) stats.depthMapper++;
      return READ_OK;
    } catch (error) {
      if (this.#isDispatching) throw error;
      if (this.#venue.isAliveText?.(text) === true) {
        stats.ignored++;
        return READ_OK;
      }
      stats.bad++;
      const kind = this.message.kind;
      if (kind === MESSAGE_DEPTH || kind === MESSAGE_ROWS) this.#distrust(this.message.instrument);
      return READ_BAD;
    }
  }

  /** A book message that we could not read is a lost one. */
  #distrust(instrument: number): void {
    const slot = this.#slots[instrument];
    if (slot === undefined) return;
    slot.sync.fail('bad-frame');
    this.#tellState(slot);
  }

  #dispatch(): void {
    const message = this.message;
    if (message.kind === MESSAGE_NONE) return;
    if (message.kind === MESSAGE_ROWS) {
      this.#rows();
      return;
    }
    const slot = this.#slots[message.instrument];
    if (slot === undefined) return;
    switch (message.kind) {
      case MESSAGE_DEPTH:
        this.#depth(slot);
        return;
      case MESSAGE_TRADE:
        this.#tellTrade(slot);
        return;
      case MESSAGE_QUOTE:
        this.#tellQuote(slot);
        return;
      case MESSAGE_MARK:
        this.#tellMark(slot);
        return;
    }
  }

  #depth(slot: InstrumentSlot): void {
    if (this.#isRest) {
      this.#stats.snapshots++;
      this.#tellBook(slot, slot.sync.onRestSnapshot(this.message, this.#recvUs ?? 0));
      return;
    }
    if (slot.sync.isOtherStream(this.message)) return;
    this.#tellBook(slot, slot.sync.onDepth(this.message, this.#recvUs ?? 0));
  }

  /** Rows of several books may stand in one frame: each is applied and published once. */
  #rows(): void {
    const { rows, instrument } = this.message;
    if (rows.count === 0) {
      const slot = this.#slots[instrument];
      if (slot !== undefined) this.#tellBook(slot, slot.sync.onRows(this.message, instrument, this.#recvUs ?? 0));
      return;
    }
    const stamp = this.#stats.frames;
    for (let i = 0; i < rows.count; i++) {
      const at = rows.instrument[i]!;
      if (at < 0 || this.#rowStamp[at] === stamp) continue;
      this.#rowStamp[at] = stamp;
      const slot = this.#slots[at];
      if (slot !== undefined) this.#tellBook(slot, slot.sync.onRows(this.message, at, this.#recvUs ?? 0));
    }
  }

  #tellBook(slot: InstrumentSlot, action: number): void {
    const index = slot.instrument.index;
    this.#sawBook = true;
    this.#stats.bookMessages++;
    const recvUs = this.#recvUs ?? 0;
    slot.heardUs = recvUs;
    const isVisible = action === SYNC_DELTA || action === SYNC_SNAPSHOT || action === SYNC_GAP;
    this.#tellState(slot);
    if (isVisible) this.#sink.bookChanged(index, recvUs);
    this.#sink.bookMessage?.(index, action, slot.sync.shownSequence);
  }

  #tellState(slot: InstrumentSlot): void {
    const state = slot.book.state;
    if (state === slot.shownState) return;
    slot.shownState = state;
    this.#sink.state(slot.instrument.index, state, this.#recvUs ?? 0);
    if (state !== BOOK_LIVE) this.#sink.bookChanged(slot.instrument.index, this.#recvUs ?? 0);
  }

  #tellTrade(slot: InstrumentSlot): void {
    const { fields, mantissa, decimals, idText, timeText, markText } = this.message;
    const t = this.#trade;
    t.priceMantissa = mantissa[NUMBER_PRICE]!;
    t.priceDecimals = decimals[NUMBER_PRICE]!;
    t.qtyMantissa = mantissa[NUMBER_QTY]!;
    t.qtyDecimals = decimals[NUMBER_QTY]!;
    if (t.priceDecimals === ABSENT || t.qtyDecimals === ABSENT) return;
    slot.observe(t.priceMantissa, t.priceDecimals, t.qtyMantissa, t.qtyDecimals);
    t.priceTicks = slot.ticks(t.priceMantissa, t.priceDecimals);
    t.qtyLots = slot.lots(t.qtyMantissa, t.qtyDecimals);
    t.side = fields[FIELD_SIDE]!;
    t.time = fields[FIELD_TIME]!;
    t.venueUs = venueUsOf(t.time);
    t.recvUs = this.#recvUs ?? 0;
    t.id = idText === '' ? fields[FIELD_ID]! : hashOf(idText);
    t.flags = fields[FIELD_FLAGS]! || 0;
    t.kind = fields[FIELD_KIND]! || 0;
    t.idText = idText;
    t.timeText = timeText;
    t.markText = markText;
    this.#stats.trades++;
    this.#sink.trade(slot.instrument.index, t);
  }

  #tellQuote(slot: InstrumentSlot): void {
    const { fields } = this.message;
    const q = this.#quote;
    q.bidTicks = this.#ticks(slot, NUMBER_BID);
    q.bidLots = this.#lots(slot, NUMBER_BID_QTY);
    q.askTicks = this.#ticks(slot, NUMBER_ASK);
    q.askLots = this.#lots(slot, NUMBER_ASK_QTY);
    q.sequence = fields[FIELD_LAST]!;
    q.venueUs = venueUsOf(fields[FIELD_TIME]!);
    q.recvUs = this.#recvUs ?? 0;
    this.#sink.quote(slot.instrument.index, q);
  }

  #tellMark(slot: InstrumentSlot): void {
    const { fields, mantissa, decimals } = this.message;
    const m = this.#mark;
    m.markTicks = this.#ticks(slot, NUMBER_MARK);
    m.indexTicks = this.#ticks(slot, NUMBER_INDEX);
    m.fundingRate = decimals[NUMBER_FUNDING] === ABSENT ? Number.NaN : mantissa[NUMBER_FUNDING]! / POWERS[decimals[NUMBER_FUNDING]!]!;
    m.nextFundingUs = venueUsOf(fields[FIELD_NEXT_FUNDING]!);
    m.recvUs = this.#recvUs ?? 0;
    this.#sink.mark(slot.instrument.index, m);
  }

  #ticks(slot: InstrumentSlot, number: number): number {
    const decimals = this.message.decimals[number]!;
    return decimals === ABSENT ? Number.NaN : slot.ticks(this.message.mantissa[number]!, decimals);
  }

  #lots(slot: InstrumentSlot, number: number): number {
    const decimals = this.message.decimals[number]!;
    return decimals === ABSENT ? Number.NaN : slot.lots(this.message.mantissa[number]!, decimals);
  }
}

/** What is not UTF-8 becomes U+FFFD, which stands in no number and in no name that we know: the message is refused where it matters. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  // A Buffer over the same memory: TextDecoder refuses shared memory.
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** 53-bit hash of an id's text. */
function hashOf(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
