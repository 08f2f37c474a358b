/** What one strategy sees and does, over shared memory. Built and driven by StrategyRunner; hot lane only. */
import { assert, RESULT_FULL, RESULT_OK } from '../core/numbers/errors.js';
import { CounterBlock, ReasonCounts, STRATEGY_COUNTERS, COUNTER_BLOCK_BYTES, REASON_BLOCK_BYTES } from '../core/memory/counters.js';
import type { StrategyCounter } from '../core/memory/counters.js';
import {
  balanceBase,
  BALANCE_FREE,
  BALANCE_SEQUENCE,
  levelBase,
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_SEQUENCE,
  MARK_TICKS,
  positionBase,
  POSITION_NET_LOTS,
  type MemoryPlan,
} from '../core/memory/layout.js';
import {
  PNL_ARB,
  PNL_GRID,
  PNL_OTHER,
  RecordKind,
  REC_CAUSE_US,
  REC_CUM,
  REC_DECIDED_US,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_GROUP,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_PRODUCER,
  REC_QTY,
  REC_REASON,
  REC_SEQUENCE,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TS_US,
  RECORD_BYTES,
} from '../core/memory/record.js';
import { beginWrite, endWrite } from '../core/memory/seqlock.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { REASON_COUNT } from '../core/orders/reasons.js';
import type { Instrument } from '../core/orders/instrument.js';
import { venueIndexOf, type RunTables, type StrategyEntry } from '../core/orders/tables.js';
import type { BookView, Intents, LevelRecord, Params, StrategyContext } from '../core/ports/strategy.js';
import type { LaneBook } from './books.js';
import { clearRecord, IntentWriter, type DecisionTimes } from './intents.js';

/** Journal places that levels and refusals leave free: orders and, above all, cancels come first. */
const JOURNAL_KEEP = 256;
const REFUSAL_EVERY_US = 1_000_000;

const PNL_CODES = { grid: PNL_GRID, arb: PNL_ARB, other: PNL_OTHER } as const;

export interface ContextSetup {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly entry: StrategyEntry;
  readonly params: Params;
  readonly journal: SpscRing;
  readonly producer: number;
  /** By table index; undefined where no strategy of the lane looks. */
  readonly books: readonly (LaneBook | undefined)[];
  nowUs(): number;
  wallUs(nowUs: number): number;
}

export class RunnerContext implements StrategyContext, DecisionTimes {
  nowUs = 0;
  causeUs = 0;
  isStopping = false;
  isClosing = false;
  turn = 0;
  readonly instruments: readonly Instrument[];
  params: Params;
  readonly intents: Intents;
  readonly counters: CounterBlock<StrategyCounter>;
  readonly #s: ContextSetup;
  readonly #books: readonly LaneBook[];
  readonly #instrumentIndexes: Int32Array;
  readonly #venueIndexes: Int32Array;
  readonly #assets: ReadonlyMap<string, number>;
  readonly #refusals: ReasonCounts;
  readonly #refusedUs = new Float64Array(REASON_COUNT).fill(-Infinity);
  readonly #torn: number;
  readonly #refused: number;
  readonly #taken: number;
  readonly #journalKeep: number;

  constructor(setup: ContextSetup) {
    const { views, plan, tables, entry } = setup;
    this.#s = setup;
    this.params = setup.params;
    this.instruments = entry.instruments.map((index) => instrumentAt(tables, index));
    this.#books = entry.instruments.map((index) => {
      const book = setup.books[index];
      assert(book !== undefined, `strategy ${entry.name} looks at instrument ${index}, which has no reader`);
      return book;
    });
    this.#instrumentIndexes = Int32Array.from(entry.instruments);
    this.#venueIndexes = Int32Array.from(this.instruments, (instrument) => venueIndexOf(tables, instrument));
    this.#assets = new Map(tables.assets.map((asset, index) => [asset, index]));
    this.counters = new CounterBlock(views, plan.strategyCounters + COUNTER_BLOCK_BYTES * entry.index, STRATEGY_COUNTERS);
    this.#refusals = new ReasonCounts(views, plan.refusalReasons + REASON_BLOCK_BYTES * entry.index);
    this.#torn = this.counters.indexOf('torn');
    this.#refused = this.counters.indexOf('refused');
    this.#taken = this.counters.indexOf('taken');
    this.#journalKeep = Math.min(JOURNAL_KEEP, setup.journal.capacity >> 2);
    this.intents = new IntentWriter({
      views,
      ring: new SpscRing(views, plan.intents + plan.ringStride * entry.index, RECORD_BYTES, plan.counts.ringRecords),
      counters: this.counters,
      times: this,
      strategy: entry.index,
      pnlKind: PNL_CODES[entry.pnlKind],
      instruments: this.#instrumentIndexes,
      gateways: Uint8Array.from(this.#venueIndexes),
    });
  }

  /** Of this turn. Worked out where it is asked for: a turn that finds nothing to do has no use for it. */
  get wallUs(): number {
    return this.#s.wallUs(this.nowUs);
  }

  clockUs(): number {
    return this.#s.nowUs();
  }

  /** Slot of an instrument of this strategy, -1 when it is not one of its own. */
  slotOf(instrument: number): number {
    return this.#instrumentIndexes.indexOf(instrument);
  }

  book(slot: number): BookView {
    const book = this.#books[slot]!;
    const torn = book.refresh(this.turn);
    if (torn !== 0) this.counters.addAt(this.#torn, torn);
    return book;
  }

  // Positions, balances and marks are read one word at a time: a single aligned word is never half written.
  positionLots(slot: number): number {
    const { views, plan, entry } = this.#s;
    return views.f64[(positionBase(plan, entry.index + 1, this.#instrumentIndexes[slot]!) + POSITION_NET_LOTS) >> 3]!;
  }

  freeBalance(slot: number, asset: string): number {
    const { views, plan } = this.#s;
    const index = this.#assets.get(asset);
    if (index === undefined) return Infinity;
    const base = balanceBase(plan, this.#venueIndexes[slot]!, index);
    return views.i32[(base + BALANCE_SEQUENCE) >> 2] === 0 ? Infinity : views.f64[(base + BALANCE_FREE) >> 3]!;
  }

  markTicks(slot: number): number {
    return this.#mark(slot, MARK_TICKS);
  }

  fundingRate(slot: number): number {
    return this.#mark(slot, MARK_FUNDING_RATE);
  }

  publishLevel(record: LevelRecord): number {
    const { views, plan, entry, journal } = this.#s;
    assert(
      record.level >= 0 && record.level < plan.counts.levelsPerStrategy,
      `level must be 0 to ${plan.counts.levelsPerStrategy - 1}, was ${record.level}`,
    );
    if (!journal.hasRoom(this.#journalKeep)) return RESULT_FULL;
    const at = journal.reserve();
    if (at < 0) return RESULT_FULL;
    clearRecord(views, at);
    this.#writeLevel(at, record);
    views.u16[(at + REC_PRODUCER) >> 1] = this.#s.producer;
    journal.commit();
    const slot = levelBase(plan, entry.index, record.level);
    beginWrite(views.i32, (slot + REC_SEQUENCE) >> 2);
    this.#writeLevel(slot, record);
    endWrite(views.i32, (slot + REC_SEQUENCE) >> 2);
    return RESULT_OK;
  }

  refuse(reason: number): void {
    this.#refusals.add(reason);
    this.counters.addAt(this.#refused, 1);
    if (this.nowUs - this.#refusedUs[reason]! < REFUSAL_EVERY_US) return;
    if (this.#journalMark(RecordKind.REFUSED, reason, 0)) this.#refusedUs[reason] = this.nowUs;
  }

  taken(group: number): void {
    this.counters.addAt(this.#taken, 1);
    this.#journalMark(RecordKind.TAKEN, 0, group);
  }

  #mark(slot: number, offset: number): number {
    const { views, plan } = this.#s;
    const base = plan.marks + MARK_BYTES * this.#instrumentIndexes[slot]!;
    return views.i32[(base + MARK_SEQUENCE) >> 2] === 0 ? Number.NaN : views.f64[(base + offset) >> 3]!;
  }

  #writeLevel(at: number, record: LevelRecord): void {
    const { u8, u16, u32, f64 } = this.#s.views;
    u8[at + REC_KIND] = RecordKind.LEVEL;
    u8[at + REC_SIDE] = record.side;
    u8[at + REC_STATE] = record.state;
    u8[at + REC_PNL_KIND] = PNL_CODES[this.#s.entry.pnlKind];
    u16[(at + REC_STRATEGY) >> 1] = this.#s.entry.index;
    u16[(at + REC_REASON) >> 1] = record.reason;
    u32[(at + REC_INSTRUMENT) >> 2] = this.#instrumentIndexes[record.slot]!;
    u32[(at + REC_LEVEL) >> 2] = record.level;
    f64[(at + REC_ORDER_ID) >> 3] = record.orderId;
    f64[(at + REC_PRICE) >> 3] = record.priceTicks;
    f64[(at + REC_QTY) >> 3] = record.qtyLots;
    f64[(at + REC_CUM) >> 3] = record.cumLots;
    f64[(at + REC_FILL_PRICE) >> 3] = record.auxTicks;
    f64[(at + REC_FILL_QTY) >> 3] = record.auxLots;
    f64[(at + REC_DECIDED_US) >> 3] = this.nowUs;
    f64[(at + REC_TS_US) >> 3] = this.wallUs;
  }

  #journalMark(kind: number, reason: number, group: number): boolean {
    const { views, entry, journal, producer } = this.#s;
    if (!journal.hasRoom(this.#journalKeep)) return false;
    const at = journal.reserve();
    if (at < 0) return false;
    clearRecord(views, at);
    views.u8[at + REC_KIND] = kind;
    views.u8[at + REC_PNL_KIND] = PNL_CODES[entry.pnlKind];
    views.u16[(at + REC_STRATEGY) >> 1] = entry.index;
    views.u16[(at + REC_REASON) >> 1] = reason;
    views.u16[(at + REC_GROUP) >> 1] = group;
    views.u16[(at + REC_PRODUCER) >> 1] = producer;
    views.u32[(at + REC_INSTRUMENT) >> 2] = this.#instrumentIndexes[0]!;
    views.f64[(at + REC_CAUSE_US) >> 3] = this.causeUs;
    views.f64[(at + REC_DECIDED_US) >> 3] = this.nowUs;
    views.f64[(at + REC_TS_US) >> 3] = this.wallUs;
    journal.commit();
    return true;
  }
}

function instrumentAt(tables: RunTables, index: number): Instrument {
  const instrument = tables.instruments[index];
  assert(instrument !== undefined, `instrument index must be below ${tables.instruments.length}, was ${index}`);
  return instrument;
}
