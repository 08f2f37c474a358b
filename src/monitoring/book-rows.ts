/** Books as rows, read whole by the book shelf's reader. Called by EngineView on the service lane. */
import { BookReader, DepthView } from '../core/book/book-reader.js';
import { BOOK_STATE_NAMES } from '../core/book/book-state.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import { bookBase, MARK_BYTES, MARK_SEQUENCE, MARK_TICKS } from '../core/memory/layout.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../core/memory/seqlock.js';
import type { Instrument } from '../core/orders/instrument.js';
import { DecimalGrid } from './decimal-grid.js';
import type { MonitoringDeps } from './deps.js';
import type { BookRow, DepthPayload } from './payload-rows.js';

/** Levels of a side that one answer may hold. */
export const DEPTH_MAX = 1000;

export class BookRows {
  readonly #deps: MonitoringDeps;
  readonly #readers: readonly BookReader[];
  readonly #depth = new DepthView(DEPTH_MAX);

  constructor(deps: MonitoringDeps) {
    this.#deps = deps;
    this.#readers = deps.tables.instruments.map(({ index }) => new BookReader(deps.views, bookBase(deps.plan, index)));
  }

  rows(): BookRow[] {
    return this.#deps.tables.instruments.map((instrument) => this.row(instrument));
  }

  row(instrument: Instrument): BookRow {
    const reader = this.#reader(instrument);
    reader.readTop(); // torn: the last whole view stands
    const header = reader.top;
    const price = gridOf(header.priceUnit, header.priceScale);
    const lot = gridOf(header.lotUnit, header.lotScale);
    const isLive = header.state === BOOK_LIVE;
    const hasBid = isLive && Number.isFinite(header.bidTicks);
    const hasAsk = isLive && Number.isFinite(header.askTicks);
    const { clock } = this.#deps;
    const nowUs = clock.nowUs();
    const seen = header.recvUs > 0;
    const recvWallUs = clock.wallUs() - (nowUs - header.recvUs);
    return {
      instrument: instrument.id,
      venue: instrument.venue,
      symbol: instrument.symbol,
      state: BOOK_STATE_NAMES[header.state] ?? 'empty',
      bid: hasBid ? price.text(header.bidTicks) : null,
      bidQty: hasBid ? lot.text(header.bidLots) : null,
      ask: hasAsk ? price.text(header.askTicks) : null,
      askQty: hasAsk ? lot.text(header.askLots) : null,
      mid: hasBid && hasAsk ? price.float((header.bidTicks + header.askTicks) / 2) : null,
      spreadTicks: hasBid && hasAsk ? header.askTicks - header.bidTicks : null,
      bidLevels: header.bidLevels,
      askLevels: header.askLevels,
      sequence: Number.isFinite(header.lastSequence) && seen ? header.lastSequence : null,
      ageUs: seen ? Math.max(0, Math.round(nowUs - header.recvUs)) : null,
      lagUs: seen && header.venueUs > 0 ? Math.round(recvWallUs - header.venueUs) : null,
      markPrice: this.#mark(instrument),
    };
  }

  /** Empty unless the book is live. */
  depth(instrument: Instrument, count: number): DepthPayload {
    const reader = this.#reader(instrument);
    const found = this.#depth;
    const isWhole = reader.readDepth(Math.min(count, DEPTH_MAX), found);
    const { state, priceUnit, priceScale, lotUnit, lotScale } = reader.top;
    const price = gridOf(priceUnit, priceScale);
    const lot = gridOf(lotUnit, lotScale);
    const side = (ticks: Float64Array, lots: Float64Array, length: number): [string, string][] =>
      Array.from({ length: isWhole ? length : 0 }, (_, i) => [price.text(ticks[i] ?? 0), lot.text(lots[i] ?? 0)]);
    return {
      instrument: instrument.id,
      state: BOOK_STATE_NAMES[state] ?? 'empty',
      bids: side(found.bidTicks, found.bidLots, found.bidCount),
      asks: side(found.askTicks, found.askLots, found.askCount),
    };
  }

  liveCount(): number {
    return this.#readers.reduce((sum, reader) => sum + (reader.isLive() ? 1 : 0), 0);
  }

  isLive(instrument: number): boolean {
    return this.#readers[instrument]?.isLive() ?? false;
  }

  /** Reads that the writers disturbed too often. */
  torn(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.torn, 0);
  }

  #reader(instrument: Instrument): BookReader {
    const reader = this.#readers[instrument.index];
    if (reader === undefined) throw new Error(`no book of instrument ${instrument.index}, there are ${this.#readers.length}`);
    return reader;
  }

  #mark(instrument: Instrument): string | null {
    const { views, plan } = this.#deps;
    const base = plan.marks + MARK_BYTES * instrument.index;
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = beginRead(views.i32, (base + MARK_SEQUENCE) >> 2);
      if (before < 0) continue;
      const ticks = views.f64[(base + MARK_TICKS) >> 3] ?? 0;
      if (!endRead(views.i32, (base + MARK_SEQUENCE) >> 2, before)) continue;
      return ticks > 0 ? DecimalGrid.ofStep(instrument.tickSize).textOrNull(ticks) : null;
    }
    return null;
  }
}

function gridOf(unit: number, scale: number): DecimalGrid {
  return new DecimalGrid(BigInt(unit), scale);
}
