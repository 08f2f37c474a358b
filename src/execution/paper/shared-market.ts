/**
 * A venue's market data as the feeds publish it in shared memory: books through the core reader, trades from the tapes, and which instruments changed from the
 * feed lanes' change rings. One for each paper gateway, on its thread; nothing else of the market reaches the fill models.
 */
import { BookReader, DepthView } from '../../core/book/book-reader.js';
import { gridOf, type Grid } from '../../core/book/grid.js';
import { levelLots } from '../../core/book/level-lookup.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../core/memory/book-layout.js';
import { BroadcastReader } from '../../core/memory/broadcast-ring.js';
import {
  bookBase,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAGS,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_RECV_US,
  TAPE_SIDE,
  type MemoryPlan,
} from '../../core/memory/layout.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import { assert, RESULT_NONE, RESULT_OK, RESULT_TORN } from '../../core/numbers/errors.js';
import type { RunTables } from '../../core/orders/tables.js';
import type { MarketView } from './market-view.js';

/** Levels of a side that are copied at once: what takers of sane size walk, and most queues. Single deeper levels are looked up. */
const DEPTH_LEVELS = 100;

export type TradeSink = (ticks: number, lots: number, takerSide: number, recvUs: number) => void;

interface Market {
  readonly book: BookReader;
  readonly base: number;
  readonly grid: Grid;
  readonly tape: BroadcastReader;
  isDirty: boolean;
}

export class SharedMarket implements MarketView {
  readonly #views: SharedViews;
  readonly #markets = new Map<number, Market>();
  readonly #changes: BroadcastReader[] = [];
  readonly #depth = new DepthView(DEPTH_LEVELS);
  /** The market that `load` loaded last. */
  #loaded: Market | null = null;

  constructor(views: SharedViews, plan: MemoryPlan, tables: RunTables, venue: string) {
    this.#views = views;
    assert(plan.counts.bookBytes === BOOK_BYTES, `books must have ${BOOK_BYTES} bytes, had ${plan.counts.bookBytes}`);
    for (const instrument of tables.instruments) {
      if (instrument.venue !== venue) continue;
      const base = bookBase(plan, instrument.index);
      const grid = gridOf(instrument.tickSize, instrument.lotSize);
      this.#markets.set(instrument.index, {
        book: new BookReader(views, base, grid),
        base,
        grid,
        tape: new BroadcastReader(views, plan.tapes + plan.tapeStride * instrument.index, TAPE_BYTES, TAPE_CAPACITY),
        isDirty: true,
      });
    }
    for (let lane = 0; lane < plan.counts.feedLanes; lane++) {
      this.#changes.push(new BroadcastReader(views, plan.changes + plan.changesStride * lane, CHANGE_BYTES, CHANGE_CAPACITY));
    }
  }

  /** Trades that were overwritten before this venue read them. */
  get tapeLost(): number {
    let lost = 0;
    for (const { tape } of this.#markets.values()) lost += tape.lost;
    return lost;
  }

  /** Marks what changed since the last call; returns how many change records were read. */
  drainChanges(): number {
    let seen = 0;
    for (const reader of this.#changes) {
      const lostBefore = reader.lost;
      for (let read = 0; read < CHANGE_CAPACITY; read++) {
        const offset = reader.next();
        if (offset < 0) break;
        const instrument = this.#views.i32[(offset + CHANGE_INSTRUMENT) >> 2] ?? -1;
        if (!reader.advance()) continue;
        seen++;
        const market = this.#markets.get(instrument);
        if (market !== undefined) market.isDirty = true;
      }
      if (reader.lost !== lostBefore) for (const market of this.#markets.values()) market.isDirty = true;
    }
    return seen;
  }

  /** Calls `visit` for each changed instrument; false asks for another call in the next turn. */
  forEachDirty(visit: (instrument: number) => boolean): void {
    for (const [instrument, market] of this.#markets) {
      if (!market.isDirty) continue;
      market.isDirty = !visit(instrument);
    }
  }

  isLive(instrument: number): boolean {
    return this.#markets.get(instrument)?.book.isLive() ?? false;
  }

  /** Hands out trades received before `untilUs`, oldest first; old ones and those that form no price are left out. */
  drainTrades(instrument: number, untilUs: number, sink: TradeSink): void {
    const market = this.#markets.get(instrument);
    if (market === undefined) return;
    const { tape } = market;
    const { f64, u8 } = this.#views;
    for (let read = 0; read < TAPE_CAPACITY; read++) {
      const offset = tape.next();
      if (offset < 0) return;
      const words = offset >> 3;
      const recvUs = f64[words + (TAPE_RECV_US >> 3)] ?? 0;
      const ticks = f64[words + (TAPE_PRICE >> 3)] ?? 0;
      const lots = f64[words + (TAPE_QTY >> 3)] ?? 0;
      const side = u8[offset + TAPE_SIDE] ?? 0;
      const flags = u8[offset + TAPE_FLAGS] ?? 0;
      if (recvUs >= untilUs) return;
      if (tape.advance() && flags === 0) sink(ticks, lots, side, recvUs);
    }
  }

  load(instrument: number): number {
    const market = this.#markets.get(instrument);
    this.#loaded = market ?? null;
    if (market === undefined) return RESULT_NONE;
    if (!market.book.readDepth(DEPTH_LEVELS, this.#depth)) return RESULT_TORN;
    return market.book.top.state === BOOK_LIVE ? RESULT_OK : RESULT_NONE;
  }

  levelCount(side: number): number {
    return side === SIDE_BUY ? this.#depth.bidCount : this.#depth.askCount;
  }

  levelTicks(side: number, levelIndex: number): number {
    return (side === SIDE_BUY ? this.#depth.bidTicks : this.#depth.askTicks)[levelIndex] ?? Number.NaN;
  }

  levelLots(side: number, levelIndex: number): number {
    return (side === SIDE_BUY ? this.#depth.bidLots : this.#depth.askLots)[levelIndex] ?? 0;
  }

  lotsAt(side: number, ticks: number): number {
    const count = this.levelCount(side);
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.levelTicks(side, middle);
      if (at === ticks) return this.levelLots(side, middle);
      if (side === SIDE_BUY ? at > ticks : at < ticks) low = middle + 1;
      else high = middle;
    }
    // Within the levels that were loaded the book has nothing at this price; beyond them there may be more.
    return low === count && count === DEPTH_LEVELS ? this.#deepLots(side, ticks) : 0;
  }

  /** NaN where the book counts finer than the instrument: its levels beyond the loaded ones are then not ours to count. */
  #deepLots(side: number, ticks: number): number {
    const market = this.#loaded;
    if (market === null) return Number.NaN;
    const { priceUnit, priceScale, lotUnit, lotScale } = market.book.top;
    const { grid } = market;
    const isSame = priceUnit === grid.priceUnit && priceScale === grid.priceScale && lotUnit === grid.lotUnit && lotScale === grid.lotScale;
    return isSame ? levelLots(this.#views, market.base, side, ticks) : Number.NaN;
  }
}
