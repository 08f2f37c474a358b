/** The shared memory that a strategy sees, in the hands of a test: books, tapes, changes, funding, balances and positions. No strategy runs here. */
import { BookWriter, type LevelSource } from '../../src/core/book/book-writer.js';
import { gridOf } from '../../src/core/book/grid.js';
import { BOOK_BYTES, BOOK_GAP, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { BroadcastWriter } from '../../src/core/memory/broadcast-ring.js';
import { CounterBlock, ReasonCounts, COUNTER_BLOCK_BYTES, REASON_BLOCK_BYTES, STRATEGY_COUNTERS } from '../../src/core/memory/counters.js';
import type { StrategyCounter } from '../../src/core/memory/counters.js';
import {
  balanceBase,
  BALANCE_FREE,
  BALANCE_SEQUENCE,
  bookBase,
  CHANGE_BOOK,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_RECV_US,
  CHANGE_TRADE,
  CONTROL_RUN,
  planMemory,
  positionBase,
  POSITION_NET_LOTS,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAGS,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_RECV_US,
  TAPE_SIDE,
  type MemoryPlan,
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_SEQUENCE,
} from '../../src/core/memory/layout.js';
import { viewsOf, type SharedViews } from '../../src/core/memory/shared-memory.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import type { StrategyDefinition } from '../../src/core/ports/strategy.js';

type Pair = readonly [ticks: number, lots: number];

class Levels implements LevelSource {
  readonly price: Float64Array;
  readonly qty: Float64Array;
  readonly priceDecimals: Uint8Array;
  readonly qtyDecimals: Uint8Array;
  readonly count: number;
  constructor(pairs: readonly Pair[], instrument: Instrument) {
    const grid = gridOf(instrument.tickSize, instrument.lotSize);
    this.count = pairs.length;
    this.price = Float64Array.from(pairs, ([ticks]) => ticks * grid.priceUnit);
    this.qty = Float64Array.from(pairs, ([, lots]) => lots * grid.lotUnit);
    this.priceDecimals = new Uint8Array(pairs.length).fill(grid.priceScale);
    this.qtyDecimals = new Uint8Array(pairs.length).fill(grid.lotScale);
  }
}

export interface Entry {
  readonly name: string;
  readonly definition: StrategyDefinition;
  readonly instruments: readonly number[];
  readonly params: Record<string, unknown>;
}

export interface StageOptions {
  readonly instruments: readonly Instrument[];
  readonly entries: readonly Entry[];
  readonly run?: number;
  readonly ringRecords?: number;
  readonly journalRecords?: number;
  readonly startUs?: number;
}

export class Stage {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  nowUs: number;
  /** As `setBook` last left them. */
  protected readonly tops: { bid: number; ask: number }[];
  readonly #books: BookWriter[];
  readonly #changes: BroadcastWriter;
  readonly #tapes: BroadcastWriter[];

  constructor(options: StageOptions) {
    const { instruments, entries } = options;
    this.nowUs = options.startUs ?? 1_000_000_000;
    const venues = [...new Set(instruments.map((instrument) => instrument.venue))];
    const assets = [...new Set(instruments.flatMap((instrument) => [instrument.base, instrument.quote]))];
    this.tables = {
      run: options.run ?? 1,
      tag: 'test',
      mode: 'paper',
      simulated: true,
      venues,
      assets,
      instruments,
      strategies: entries.map((entry, index) => ({
        index,
        name: entry.name,
        kind: entry.definition.kind,
        pnlKind: entry.definition.pnlKind,
        instruments: entry.instruments,
      })),
    };
    this.plan = planMemory({
      instruments: instruments.length,
      bookBytes: BOOK_BYTES,
      strategies: entries.length,
      levelsPerStrategy: 256,
      venues: venues.length,
      gateways: venues.length,
      assets: assets.length,
      feedLanes: 1,
      lanes: 1,
      producers: 1,
      orderSlots: 64,
      ringRecords: options.ringRecords ?? 1024,
      journalRecords: options.journalRecords ?? 8192,
    });
    this.views = viewsOf(new SharedArrayBuffer(this.plan.bytes));
    this.#books = instruments.map(
      (instrument) => new BookWriter(this.views, bookBase(this.plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize)),
    );
    this.tops = instruments.map(() => ({ bid: Number.NaN, ask: Number.NaN }));
    this.#changes = new BroadcastWriter(this.views, this.plan.changes, CHANGE_BYTES, CHANGE_CAPACITY);
    this.#tapes = instruments.map(
      (instrument) => new BroadcastWriter(this.views, this.plan.tapes + this.plan.tapeStride * instrument.index, TAPE_BYTES, TAPE_CAPACITY),
    );
  }

  setRun(run: number): void {
    this.views.i32[(this.plan.control + CONTROL_RUN) >> 2] = run;
  }

  counter(name: StrategyCounter, strategy = 0): number {
    return new CounterBlock(this.views, this.plan.strategyCounters + COUNTER_BLOCK_BYTES * strategy, STRATEGY_COUNTERS).get(name);
  }

  refused(reason: number, strategy = 0): number {
    return new ReasonCounts(this.views, this.plan.refusalReasons + REASON_BLOCK_BYTES * strategy).get(reason);
  }

  setBalance(venue: string, asset: string, free: number): void {
    const base = balanceBase(this.plan, this.tables.venues.indexOf(venue), this.tables.assets.indexOf(asset));
    this.views.f64[(base + BALANCE_FREE) >> 3] = free;
    this.views.i32[(base + BALANCE_SEQUENCE) >> 2] = 2;
  }

  setFunding(instrument: number, rate: number): void {
    const base = this.plan.marks + MARK_BYTES * instrument;
    this.views.f64[(base + MARK_FUNDING_RATE) >> 3] = rate;
    this.views.i32[(base + MARK_SEQUENCE) >> 2] = 2;
  }

  positionOf(instrument: number, strategy = 0): number {
    return this.views.f64[(positionBase(this.plan, strategy + 1, instrument) + POSITION_NET_LOTS) >> 3]!;
  }

  setPosition(instrument: number, lots: number, strategy = 0): void {
    this.views.f64[(positionBase(this.plan, strategy + 1, instrument) + POSITION_NET_LOTS) >> 3] = lots;
  }

  /** The whole book of an instrument, best first, and the change record that announces it. */
  setBook(instrument: number, bids: readonly Pair[], asks: readonly Pair[], isLive = true): void {
    const book = this.#books[instrument]!;
    const meta = this.tables.instruments[instrument]!;
    book.begin();
    book.clear();
    book.change(new Levels(bids, meta), new Levels(asks, meta));
    book.publish(isLive ? BOOK_LIVE : BOOK_GAP, 1, Number.NaN, this.nowUs);
    this.tops[instrument] = { bid: bids[0]?.[0] ?? Number.NaN, ask: asks[0]?.[0] ?? Number.NaN };
    this.change(instrument, CHANGE_BOOK);
  }

  /** Bid and ask one spread apart with plenty behind them. */
  quote(instrument: number, bid: number, ask: number, lots = 1e6): void {
    this.setBook(instrument, [[bid, lots]], [[ask, lots]]);
  }

  change(instrument: number, kind: number): void {
    const at = this.#changes.begin();
    this.views.i32[(at + CHANGE_INSTRUMENT) >> 2] = instrument;
    this.views.i32[(at + CHANGE_KIND) >> 2] = kind;
    this.views.f64[(at + CHANGE_RECV_US) >> 3] = this.nowUs;
    this.#changes.publish();
  }

  trade(instrument: number, priceTicks: number, qtyLots: number, side: number, flags = 0): void {
    const at = this.#tapes[instrument]!.begin();
    this.views.f64[(at + TAPE_PRICE) >> 3] = priceTicks;
    this.views.f64[(at + TAPE_QTY) >> 3] = qtyLots;
    this.views.f64[(at + TAPE_RECV_US) >> 3] = this.nowUs;
    this.views.u8[at + TAPE_SIDE] = side;
    this.views.u8[at + TAPE_FLAGS] = flags;
    this.#tapes[instrument]!.publish();
    this.change(instrument, CHANGE_TRADE);
  }
}
