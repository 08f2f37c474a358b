/** What a feed lane tells the others: tapes, marks and the lane's changes ring, then the doorbell of those who wait. Feed thread; the one writer of all of these. */
import { BroadcastWriter } from '../core/memory/broadcast-ring.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import { Histogram } from '../core/memory/histogram.js';
import {
  CHANGE_BOOK,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_MARK,
  CHANGE_RECV_US,
  CHANGE_STATE,
  CHANGE_TRADE,
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_INDEX_TICKS,
  MARK_NEXT_FUNDING_US,
  MARK_RECV_US,
  MARK_SEQUENCE,
  MARK_TICKS,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAGS,
  TAPE_ID,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_RECV_US,
  TAPE_SIDE,
  TAPE_VENUE_US,
  histogramBase,
  type MemoryPlan,
} from '../core/memory/layout.js';
import { beginWrite, endWrite } from '../core/memory/seqlock.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Clock } from '../core/ports/clock.js';
import type { FeedSink, MarkRecord, QuoteRecord, TradeRecord } from '../feeds/sink.js';

/** Of frame to book: a message is measured when none of the last 5 ms was, or when so many before it were not. */
const MEASURE_AGAIN_US = 5_000;
const MEASURED_EVERY = 256;

export class MarketSink implements FeedSink {
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #changes: BroadcastWriter;
  readonly #tapes: (BroadcastWriter | undefined)[];
  readonly #bells: readonly Doorbell[];

  /** Arrival of the message whose way to the book was measured last, and messages since. */
  #measuredUs = -Infinity;
  #sinceMeasured = 0;
  readonly #frameToBook: Histogram;
  readonly #clock: Clock;

  /** @param lane index of this thread, for its histogram */
  constructor(
    views: SharedViews,
    plan: MemoryPlan,
    at: { readonly lane: number; readonly feedLane: number },
    clock: Clock,
    bells: readonly Doorbell[],
  ) {
    this.#clock = clock;
    this.#frameToBook = new Histogram(views, histogramBase(plan, at.lane, 'frameToBook'));
    this.#views = views;
    this.#plan = plan;
    this.#changes = new BroadcastWriter(views, plan.changes + plan.changesStride * at.feedLane, CHANGE_BYTES, CHANGE_CAPACITY);
    this.#tapes = Array.from({ length: plan.counts.instruments });
    this.#bells = bells;
  }

  bookChanged(instrument: number, recvUs: number): void {
    // A look at the clock costs as much as some levels, and 16 bytes of heap.
    if (recvUs - this.#measuredUs >= MEASURE_AGAIN_US || ++this.#sinceMeasured === MEASURED_EVERY) {
      this.#measuredUs = recvUs;
      this.#sinceMeasured = 0;
      this.#frameToBook.record(this.#clock.nowUs() - recvUs);
    }
    this.#change(instrument, CHANGE_BOOK, recvUs);
  }

  state(instrument: number, _state: number, recvUs: number): void {
    this.#change(instrument, CHANGE_STATE, recvUs);
  }

  trade(instrument: number, trade: TradeRecord): void {
    const { u8, f64 } = this.#views;
    const tape = (this.#tapes[instrument] ??= new BroadcastWriter(
      this.#views,
      this.#plan.tapes + this.#plan.tapeStride * instrument,
      TAPE_BYTES,
      TAPE_CAPACITY,
    ));
    const at = tape.begin();
    f64[(at + TAPE_PRICE) >> 3] = trade.priceTicks;
    f64[(at + TAPE_QTY) >> 3] = trade.qtyLots;
    f64[(at + TAPE_VENUE_US) >> 3] = trade.venueUs;
    f64[(at + TAPE_RECV_US) >> 3] = trade.recvUs;
    f64[(at + TAPE_ID) >> 3] = trade.id;
    u8[at + TAPE_SIDE] = trade.side;
    u8[at + TAPE_FLAGS] = trade.flags;
    tape.publish();
    this.#change(instrument, CHANGE_TRADE, trade.recvUs);
  }

  quote(_instrument: number, _quote: QuoteRecord): void {
    // Strategies read the top of the proven book; the venue's best-quote channel proves it in tests and is counted by the feed.
  }

  mark(instrument: number, mark: MarkRecord): void {
    const { i32, f64 } = this.#views;
    const base = this.#plan.marks + MARK_BYTES * instrument;
    const sequence = (base + MARK_SEQUENCE) >> 2;
    beginWrite(i32, sequence);
    if (mark.markTicks === mark.markTicks) f64[(base + MARK_TICKS) >> 3] = mark.markTicks;
    if (mark.indexTicks === mark.indexTicks) f64[(base + MARK_INDEX_TICKS) >> 3] = mark.indexTicks;
    if (mark.fundingRate === mark.fundingRate) f64[(base + MARK_FUNDING_RATE) >> 3] = mark.fundingRate;
    if (mark.nextFundingUs === mark.nextFundingUs) f64[(base + MARK_NEXT_FUNDING_US) >> 3] = mark.nextFundingUs;
    f64[(base + MARK_RECV_US) >> 3] = mark.recvUs;
    endWrite(i32, sequence);
    this.#change(instrument, CHANGE_MARK, mark.recvUs);
  }

  #change(instrument: number, kind: number, recvUs: number): void {
    const { i32, f64 } = this.#views;
    const at = this.#changes.begin();
    i32[(at + CHANGE_INSTRUMENT) >> 2] = instrument;
    i32[(at + CHANGE_KIND) >> 2] = kind;
    f64[(at + CHANGE_RECV_US) >> 3] = recvUs;
    this.#changes.publish();
    for (let i = 0; i < this.#bells.length; i++) this.#bells[i]!.ring();
  }
}
