/**
 * Keeps one book true: buffer, snapshot, splice, verify, live. Anything that does not fit hides the book (state gap) until it was rebuilt from a snapshot.
 * Called by the stream reader on the feed's thread; what has to be fetched for a resync is the session's business.
 */
import type { BookWriter } from '../core/book/book-writer.js';
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import {
  ABSENT,
  ACTION_DELETE,
  ACTION_INSERT,
  ACTION_SNAPSHOT,
  FIELD_ACTION,
  FIELD_FIRST,
  FIELD_LAST,
  FIELD_PREV,
  FIELD_STREAM,
  FIELD_TIME,
  venueUsOf,
  type Message,
} from '../core/kernel/message.js';
import {
  BOOK_DOUBTED,
  BOOK_GAP,
  BOOK_LIVE,
  BOOK_STALE,
  BOOK_SYNCING,
  GATE_CLOSED,
  GATE_PLUS_ONE,
  GATE_PREV_CHAIN,
  GATE_RANGE_CHAIN,
  GATE_ROWS,
  GATE_TIMESTAMP,
} from '../core/memory/book-layout.js';
import { RESULT_OK } from '../core/numbers/errors.js';
import { EventBuffer } from './event-buffer.js';
import { IdLevels } from './id-levels.js';
import type { SequenceKind, SnapshotKind } from './venue.js';

/** What became of a message. */
export const SYNC_SNAPSHOT = 1;
export const SYNC_DELTA = 2;
/** Older than the snapshot: ignored. */
export const SYNC_STALE = 3;
/** Kept until the snapshot comes. */
export const SYNC_BUFFERED = 4;
/** Came before the first snapshot of its stream: ignored. */
export const SYNC_DROPPED = 5;
/** The book is not usable: this message broke it, or it was broken before. */
export const SYNC_GAP = 6;
export const SYNC_ACTIONS = ['-', 'snapshot', 'delta', 'stale', 'buffered', 'dropped', 'gap'] as const;

export type GapReason =
  'sequence' | 'splice' | 'unknown-id' | 'known-id' | 'known-price' | 'crossed' | 'range' | 'bad-frame' | 'too-short' | 'stale' | 'command';

export interface SyncRules {
  readonly sequence: SequenceKind;
  readonly snapshot: SnapshotKind;
  readonly spliceByPrev: boolean;
}

/** A sequenced book that stays crossed for more messages than this is doubted in spite of its numbers; without numbers the first one is enough. */
const MOST_CROSSED = 16;

/** Snapshots that do not fit what waits before the waiting messages are let go. */
const MOST_BAD_SPLICES = 3;

/** Rules that the kernel applies by itself. */
const GATES: Readonly<Record<SequenceKind, number>> = {
  'range-chain': GATE_RANGE_CHAIN,
  'prev-chain': GATE_PREV_CHAIN,
  'plus-one': GATE_PLUS_ONE,
  'plus-one-connection': GATE_CLOSED,
  timestamp: GATE_TIMESTAMP,
  none: GATE_ROWS,
};

const PHASE_WAITING = 0;
const PHASE_LIVE = 1;
const PHASE_GAP = 2;

export class BookSync {
  readonly #book: BookWriter;
  readonly #rules: SyncRules;
  readonly #onGap: (reason: GapReason) => void;
  readonly #buffer = new EventBuffer();
  readonly #ids: IdLevels | null;
  #phase = PHASE_WAITING;
  /** Sequence of the book, NaN before the first snapshot. */
  #last = Number.NaN;
  /** Of the message in hand or of the book: what a row shows. */
  shownSequence = Number.NaN;
  /** False until the first message after a snapshot fitted: it may overlap the snapshot. */
  #isSpliced = false;
  #crossed = 0;
  /** Crossed for too long: changes go on, but only a new snapshot makes it a book to trade on. */
  #isDoubted = false;
  #badSplices = 0;
  #isStale = false;
  #stream = Number.NaN;

  /**
   * @param onGap the book became unusable; called once a gap, for counting and resync
   * @param room of the book's memory, where the kernel may write too; null: it does not
   */
  constructor(book: BookWriter, rules: SyncRules, onGap: (reason: GapReason) => void, room: KernelRoom | null = null) {
    this.#book = book;
    this.#rules = rules;
    this.#onGap = onGap;
    this.#ids = rules.sequence === 'none' ? new IdLevels(book, room) : null;
    // Rows have no numbers to wait for: whether the book is live is all that there is.
    if (this.#ids !== null) book.setGate(GATE_ROWS);
  }

  get isLive(): boolean {
    return this.#phase === PHASE_LIVE && this.#crossed === 0 && !this.#isDoubted;
  }
  get needsSnapshot(): boolean {
    return this.#phase !== PHASE_LIVE || this.#isDoubted;
  }
  get lastSequence(): number {
    return this.#last;
  }

  /** A depth message of the stream. @returns SYNC_* */
  onDepth(message: Message, recvUs: number): number {
    const fields = message.fields;
    const last = fields[FIELD_LAST]!;
    // A count that starts again at 1 is a restarted service whose first message is the whole book (Bybit's document, "Orderbook").
    if (fields[FIELD_ACTION] === ACTION_SNAPSHOT || (this.#rules.sequence === 'plus-one' && last === 1)) {
      return this.#replace(message, last, venueTime(fields), recvUs);
    }
    if (this.#phase !== PHASE_LIVE) return this.#hold(message, last, venueTime(fields));
    this.shownSequence = this.#last;
    const verdict = this.#judge(fields[FIELD_FIRST]!, last, fields[FIELD_PREV]!);
    if (verdict !== SYNC_DELTA) {
      if (verdict === SYNC_GAP) {
        this.shownSequence = last;
        this.fail('sequence');
        this.#hold(message, last, venueTime(fields));
      }
      return verdict;
    }
    this.#spliced();
    this.#last = last;
    this.shownSequence = last;
    this.#book.begin();
    const result = this.#book.change(message.bids, message.asks);
    return this.#finish(result, venueTime(fields), recvUs, SYNC_DELTA);
  }

  /** The kernel applied and published what was next in order. */
  applied(): void {
    this.#caughtUp(this.#book.lastSequence);
  }

  /** The kernel applied the next message in order, but did not publish: the verdict is ours. @returns SYNC_* */
  finishApplied(last: number, time: number, recvUs: number): number {
    this.#caughtUp(last);
    return this.#finish(RESULT_OK, venueUsOf(time), recvUs, SYNC_DELTA);
  }

  /** A snapshot that came by REST. Waiting messages are applied to it before anybody sees it. @returns SYNC_* */
  onRestSnapshot(message: Message, recvUs: number): number {
    const last = message.fields[FIELD_LAST]!;
    // A live book is ahead of an older snapshot, and the messages in between are gone. One of its own age is as good as it, or better.
    if (this.#phase === PHASE_LIVE && last < this.#last) {
      this.shownSequence = this.#last;
      return SYNC_STALE;
    }
    return this.#replace(message, last, venueTime(message.fields), recvUs);
  }

  /** Goes on with the rows of a frame of which the kernel applied those before `from`, its lock still held. @returns SYNC_* */
  finishRows(message: Message, instrument: number, recvUs: number, from: number): number {
    return this.#rows(message, instrument, recvUs, from);
  }

  /** The rows of this book in an id-keyed message. @returns SYNC_* */
  onRows(message: Message, instrument: number, recvUs: number): number {
    const ids = this.#ids;
    const action = message.fields[FIELD_ACTION]!;
    if (ids === null) return SYNC_DROPPED;
    const isSnapshot = action === ACTION_SNAPSHOT;
    if (!isSnapshot && this.#phase !== PHASE_LIVE) return this.#phase === PHASE_GAP ? SYNC_GAP : SYNC_DROPPED;
    if (isSnapshot) {
      this.#hide();
      this.#book.clear();
      ids.clear(idsOf(message, instrument));
    }
    this.#book.begin();
    return this.#rows(message, instrument, recvUs, 0);
  }

  /** The book is open. */
  #rows(message: Message, instrument: number, recvUs: number, from: number): number {
    const ids = this.#ids;
    if (ids === null) return SYNC_DROPPED;
    const rows = message.rows;
    const action = message.fields[FIELD_ACTION]!;
    const isSnapshot = action === ACTION_SNAPSHOT;
    let result = RESULT_OK;
    let reason: GapReason | null = null;
    for (let i = from; i < rows.count && reason === null && result === RESULT_OK; i++) {
      if (rows.instrument[i] !== instrument) continue;
      const place = ids.find(rows.id[i]!);
      if (isSnapshot || action === ACTION_INSERT) {
        if (place >= 0) reason = 'known-id';
        else if (rows.priceDecimals[i] === ABSENT || rows.qtyDecimals[i] === ABSENT || rows.qty[i] === 0) reason = 'bad-frame';
        else if (this.#book.hasLevel(rows.side[i]!, rows.price[i]!, rows.priceDecimals[i]!)) reason = 'known-price';
        else {
          ids.add(rows.id[i]!, rows.side[i]!, rows.price[i]!, rows.priceDecimals[i]!);
          result = this.#book.setLevel(rows.side[i]!, rows.price[i]!, rows.priceDecimals[i]!, rows.qty[i]!, rows.qtyDecimals[i]!);
        }
      } else if (place < 0) reason = 'unknown-id';
      else if (action === ACTION_DELETE) {
        result = this.#book.setLevel(ids.sideAt(place), ids.priceAt(place), ids.decimalsAt(place), 0, 0);
        ids.removeAt(place);
      } else if (this.#isUnclear(message, i, place)) reason = 'bad-frame';
      else if (this.#moves(message, i, place)) reason = 'known-price';
      else result = this.#updateRow(message, i, place);
    }
    if (isSnapshot) {
      this.#buffer.clear();
      this.#phase = PHASE_LIVE;
      this.#crossed = 0;
      this.#isDoubted = false;
      this.#isStale = false;
    }
    if (reason !== null) {
      this.#book.publish(BOOK_GAP, Number.NaN, venueTime(message.fields), recvUs);
      this.fail(reason);
      return SYNC_GAP;
    }
    return this.#finish(result, venueTime(message.fields), recvUs, isSnapshot ? SYNC_SNAPSHOT : SYNC_DELTA);
  }

  /** The book can not be trusted any more. Does nothing when it was not trusted before. */
  fail(reason: GapReason): void {
    if (this.#phase !== PHASE_LIVE) return;
    this.#phase = PHASE_GAP;
    this.#book.setState(BOOK_GAP);
    this.#onGap(reason);
  }

  /** The connection went away: what was buffered belongs to a stream that has ended. */
  disconnected(): void {
    this.#buffer.clear();
    this.#stream = Number.NaN;
    this.#book.setStream(Number.NaN);
    if (this.#phase === PHASE_LIVE) this.#phase = PHASE_GAP;
    if (this.#book.state !== BOOK_GAP && this.#book.state !== BOOK_STALE) this.#book.setState(BOOK_GAP);
  }

  /** A new stream begins: a snapshot is on its way. */
  connecting(): void {
    if (this.#phase !== PHASE_LIVE) this.#book.setState(BOOK_SYNCING);
  }

  /** Quiet for too long. */
  stale(): void {
    if (this.#phase !== PHASE_LIVE) return;
    this.#phase = PHASE_GAP;
    this.#isStale = true;
    this.#book.setState(BOOK_STALE);
    this.#onGap('stale');
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  /** Of several streams of one symbol the first that brought a snapshot is followed; true when this message belongs to another one. */
  isOtherStream(message: Message): boolean {
    const stream = message.fields[FIELD_STREAM]!;
    if (Number.isNaN(stream) || stream === this.#stream) return false;
    if (Number.isNaN(this.#stream)) {
      this.#stream = stream;
      this.#book.setStream(stream);
      return false;
    }
    return true;
  }

  /** A message followed the snapshot: from now on each must be next, which the kernel can see. */
  #spliced(): void {
    if (this.#isSpliced) return;
    this.#isSpliced = true;
    this.#book.setGate(GATES[this.#rules.sequence]);
  }

  /** An update to nothing, or one that names another level and leaves out how much of it there is. */
  #isUnclear({ rows }: Message, i: number, place: number): boolean {
    return rows.qtyDecimals[i] === ABSENT ? !this.#stays(rows, i, place) : rows.qty[i] === 0;
  }

  /** True when an update's level is the one that its id has. */
  #stays(rows: Message['rows'], i: number, place: number): boolean {
    const ids = this.#ids!;
    if (rows.side[i] !== ids.sideAt(place)) return false;
    return rows.priceDecimals[i] === ABSENT || (rows.price[i] === ids.priceAt(place) && rows.priceDecimals[i] === ids.decimalsAt(place));
  }

  /** True when an update would put its level where another id has one: an id stands for a price. */
  #moves({ rows }: Message, i: number, place: number): boolean {
    if (this.#stays(rows, i, place)) return false;
    const ids = this.#ids!;
    const hasPrice = rows.priceDecimals[i] !== ABSENT;
    const price = hasPrice ? rows.price[i]! : ids.priceAt(place);
    const decimals = hasPrice ? rows.priceDecimals[i]! : ids.decimalsAt(place);
    return this.#book.hasLevel(rows.side[i]!, price, decimals);
  }

  #updateRow(message: Message, i: number, place: number): number {
    const ids = this.#ids!;
    const rows = message.rows;
    const side = rows.side[i]!;
    const hasPrice = rows.priceDecimals[i] !== ABSENT;
    const price = hasPrice ? rows.price[i]! : ids.priceAt(place);
    const decimals = hasPrice ? rows.priceDecimals[i]! : ids.decimalsAt(place);
    if (rows.qtyDecimals[i] === ABSENT) return RESULT_OK;
    if (!this.#stays(rows, i, place)) {
      const result = this.#book.setLevel(ids.sideAt(place), ids.priceAt(place), ids.decimalsAt(place), 0, 0);
      if (result !== RESULT_OK) return result;
      ids.move(place, side, price, decimals);
    }
    return this.#book.setLevel(side, price, decimals, rows.qty[i]!, rows.qtyDecimals[i]!);
  }

  #judge(first: number, last: number, prev: number): number {
    switch (this.#rules.sequence) {
      case 'range-chain':
        if (last <= this.#last) return SYNC_STALE;
        return first === this.#last + 1 || (!this.#isSpliced && first <= this.#last + 1) ? SYNC_DELTA : SYNC_GAP;
      case 'prev-chain':
        if (prev === this.#last) return SYNC_DELTA;
        if (this.#isSpliced || !this.#rules.spliceByPrev) return SYNC_GAP;
        if (last < this.#last) return SYNC_STALE;
        return first <= this.#last && this.#last <= last ? SYNC_DELTA : SYNC_GAP;
      case 'plus-one':
        return last === this.#last + 1 ? SYNC_DELTA : SYNC_GAP;
      case 'timestamp':
        return last > this.#last ? SYNC_DELTA : SYNC_STALE;
      case 'plus-one-connection':
      case 'none':
        return SYNC_DELTA;
      default:
        return SYNC_GAP;
    }
  }

  /** Not live: keep the message for the splice, or let it go where the snapshot comes in the stream. */
  #hold(message: Message, last: number, venueUs: number): number {
    this.shownSequence = last;
    const isGap = this.#phase === PHASE_GAP;
    if (this.#rules.snapshot === 'in-band') return isGap ? SYNC_GAP : SYNC_DROPPED;
    this.#buffer.add(message, venueUs);
    return isGap ? SYNC_GAP : SYNC_BUFFERED;
  }

  #hide(): void {
    if (this.#book.state === BOOK_LIVE || this.#book.state === BOOK_DOUBTED) this.#book.setState(BOOK_SYNCING);
  }

  #replace(message: Message, last: number, venueUs: number, recvUs: number): number {
    this.#hide();
    this.#book.clear();
    this.#phase = PHASE_LIVE;
    this.#last = last;
    this.#isSpliced = false;
    this.#book.setGate(GATE_CLOSED);
    this.#crossed = 0;
    this.#isDoubted = false;
    this.#isStale = false;
    let shownUs = venueUs;
    let result = this.#book.change(message.bids, message.asks);
    for (const event of this.#buffer.events) {
      if (result !== RESULT_OK) break;
      const verdict = this.#judge(event.first, event.last, event.prev);
      if (verdict === SYNC_STALE) continue;
      if (verdict === SYNC_GAP) {
        this.shownSequence = this.#last;
        // Too old for what waits: a younger snapshot may fit. If several do not, what waits is wrong.
        if (++this.#badSplices > MOST_BAD_SPLICES) this.#buffer.clear();
        else this.#buffer.dropBefore(event);
        this.fail('splice');
        return SYNC_GAP;
      }
      this.#spliced();
      this.#last = event.last;
      shownUs = event.venueUs;
      result = this.#book.change(event.bids, event.asks);
    }
    this.#buffer.clear();
    this.#badSplices = 0;
    this.shownSequence = this.#last;
    this.#book.begin();
    return this.#finish(result, shownUs, recvUs, SYNC_SNAPSHOT);
  }

  #caughtUp(last: number): void {
    this.#last = last;
    this.shownSequence = last;
  }

  /** Between `begin` and here the readers wait. */
  #finish(result: number, venueUs: number, recvUs: number, done: number): number {
    const book = this.#book;
    const sequence = this.#last;
    if (result !== RESULT_OK || book.isTooShort()) {
      book.publish(BOOK_GAP, sequence, venueUs, recvUs);
      this.fail(result === RESULT_OK ? 'too-short' : 'range');
      return SYNC_GAP;
    }
    this.#crossed = book.isCrossed() ? this.#crossed + 1 : 0;
    const isDoubtedNow = !this.#isDoubted && this.#crossed > (this.#rules.sequence === 'none' ? 0 : MOST_CROSSED);
    if (isDoubtedNow) this.#isDoubted = true;
    book.publish(this.#crossed > 0 || this.#isDoubted ? BOOK_DOUBTED : BOOK_LIVE, sequence, venueUs, recvUs);
    if (isDoubtedNow) this.#onGap('crossed');
    return done;
  }
}

function venueTime(fields: Float64Array): number {
  return venueUsOf(fields[FIELD_TIME]!);
}

function* idsOf({ rows }: Message, instrument: number): Iterable<number> {
  for (let i = 0; i < rows.count; i++) if (rows.instrument[i] === instrument) yield rows.id[i]!;
}
