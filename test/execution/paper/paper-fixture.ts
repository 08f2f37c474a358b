/** A small shared memory with its feed side (books, tapes, changes) and its executor side (requests, outcomes, journal cursor) in the hands of the test. */
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { gridOf } from '../../../src/core/book/grid.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../../src/core/memory/book-layout.js';
import { BroadcastWriter } from '../../../src/core/memory/broadcast-ring.js';
import {
  bookBase,
  CHANGE_BOOK,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_TRADE,
  CURSOR_WRITTEN,
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_NEXT_FUNDING_US,
  MARK_TICKS,
  planMemory,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAGS,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_RECV_US,
  TAPE_SIDE,
  type MemoryPlan,
} from '../../../src/core/memory/layout.js';
import {
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_INSTRUMENT,
  REC_JOURNAL_SEQ,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_PRODUCER,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
  RecordKind,
} from '../../../src/core/memory/record.js';
import { allocateShared, viewsOf, type SharedViews } from '../../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../../src/core/memory/spsc-ring.js';
import type { RecoveredFill, RecoveredState } from '../../../src/core/orders/recovered.js';
import type { RunTables } from '../../../src/core/orders/tables.js';
import { PaperGateway, type PaperGatewayDeps } from '../../../src/execution/gateways/paper.js';
import { PAPER_DEFAULTS } from '../../../src/execution/paper/options.js';
import { SPOT, TABLES } from '../../core/ledger/money-fixture.js';

export const BUY = 0;
export const SELL = 1;

export const INSTANT = { ...PAPER_DEFAULTS, orderLatencyMs: 0, answerLatencyMs: 0, latencySpread: 0 };

export const NOTHING: RecoveredState = { runs: 0, orders: [], fills: [], levels: [], notes: [] };

const NAMES = new Map<number, string>(Object.entries(RecordKind).map(([name, code]) => [code, name]));

/** An outcome as the executor reads it. */
export interface Heard {
  readonly kind: string;
  readonly reason: number;
  readonly orderId: number;
  readonly instrument: number;
  readonly strategy: number;
  readonly side: number;
  readonly flags: number;
  readonly pnlKind: number;
  readonly price: number;
  readonly qty: number;
  readonly cum: number;
  readonly fillTicks: number;
  readonly fillLots: number;
  readonly fee: number;
  readonly feeAsset: number;
  readonly tradeId: number;
  readonly tsUs: number;
}

export interface Ask {
  readonly kind?: number;
  readonly orderId: number;
  readonly instrument?: number;
  readonly side?: number;
  readonly price?: number;
  readonly qty?: number;
  readonly flags?: number;
  readonly tif?: number;
  readonly strategy?: number;
  readonly pnlKind?: number;
  readonly journalSeq?: number;
}

export class Bench {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly gateway: PaperGateway;
  readonly requests: SpscRing;
  readonly outcomes: SpscRing;
  readonly #books = new Map<number, BookWriter>();
  readonly #tapes = new Map<number, BroadcastWriter>();
  readonly #changes: BroadcastWriter;
  nowUs = 1_000_000;

  constructor(change: Partial<PaperGatewayDeps> & { readonly venue?: string; readonly ringRecords?: number } = {}) {
    this.tables = change.tables ?? TABLES;
    this.plan = planMemory({
      instruments: this.tables.instruments.length,
      bookBytes: BOOK_BYTES,
      strategies: this.tables.strategies.length,
      levelsPerStrategy: 4,
      venues: this.tables.venues.length,
      gateways: this.tables.venues.length,
      assets: this.tables.assets.length,
      feedLanes: 1,
      lanes: 1,
      producers: 1,
      orderSlots: 4,
      ringRecords: change.ringRecords ?? 256,
      journalRecords: 4,
    });
    this.views = viewsOf(allocateShared(this.plan.bytes).buffer);
    const venueIndex = this.tables.venues.indexOf(change.venue ?? 'binance-spot');
    this.gateway = new PaperGateway({
      views: this.views,
      plan: this.plan,
      tables: this.tables,
      venueIndex,
      lane: 0,
      durability: 'none',
      options: { ...PAPER_DEFAULTS, orderLatencyMs: 0, answerLatencyMs: 0, latencySpread: 0 },
      random: { next: () => 0.5 },
      recovered: NOTHING,
      nowUs: () => this.nowUs,
      wallUs: (nowUs) => nowUs + 5e9,
      wakeExecutor: () => undefined,
      ...change,
    });
    this.requests = new SpscRing(
      this.views,
      this.plan.requests + this.plan.ringStride * venueIndex,
      RECORD_BYTES,
      this.plan.counts.ringRecords,
    );
    this.outcomes = new SpscRing(
      this.views,
      this.plan.outcomes + this.plan.ringStride * venueIndex,
      RECORD_BYTES,
      this.plan.counts.ringRecords,
    );
    this.#changes = new BroadcastWriter(this.views, this.plan.changes, CHANGE_BYTES, CHANGE_CAPACITY);
  }

  /** Sets levels [side, ticks, lots] in the instrument's own ticks and lots; 0 lots takes one away. */
  book(instrument: number, levels: readonly (readonly [side: number, ticks: number, lots: number])[], state: number = BOOK_LIVE): void {
    const found = this.#books.get(instrument);
    const about = this.tables.instruments[instrument];
    if (about === undefined) throw new Error(`no instrument ${instrument}`);
    const grid = gridOf(about.tickSize, about.lotSize);
    const writer = found ?? new BookWriter(this.views, bookBase(this.plan, instrument), grid);
    this.#books.set(instrument, writer);
    writer.begin();
    for (const [side, ticks, lots] of levels)
      writer.setLevel(side, ticks * grid.priceUnit, grid.priceScale, lots * grid.lotUnit, grid.lotScale);
    writer.publish(state, Number.NaN, Number.NaN, this.nowUs);
    this.#change(instrument, CHANGE_BOOK);
  }

  trade(instrument: number, ticks: number, lots: number, takerSide: number, flags = 0): void {
    const tape =
      this.#tapes.get(instrument) ??
      new BroadcastWriter(this.views, this.plan.tapes + this.plan.tapeStride * instrument, TAPE_BYTES, TAPE_CAPACITY);
    this.#tapes.set(instrument, tape);
    const at = tape.begin();
    this.views.f64[(at + TAPE_PRICE) >> 3] = ticks;
    this.views.f64[(at + TAPE_QTY) >> 3] = lots;
    this.views.f64[(at + TAPE_RECV_US) >> 3] = this.nowUs;
    this.views.u8[at + TAPE_SIDE] = takerSide;
    this.views.u8[at + TAPE_FLAGS] = flags;
    tape.publish();
    this.#change(instrument, CHANGE_TRADE);
  }

  mark(instrument: number, mark: { readonly ticks: number; readonly rate: number; readonly nextUs: number }): void {
    const base = this.plan.marks + MARK_BYTES * instrument;
    this.views.f64[(base + MARK_TICKS) >> 3] = mark.ticks;
    this.views.f64[(base + MARK_FUNDING_RATE) >> 3] = mark.rate;
    this.views.f64[(base + MARK_NEXT_FUNDING_US) >> 3] = mark.nextUs;
  }

  ask(ask: Ask): void {
    const at = this.requests.reserve();
    if (at < 0) throw new Error('no room for a request');
    const { u8, u16, u32, f64 } = this.views;
    u8.fill(0, at, at + RECORD_BYTES);
    u8[at + REC_KIND] = ask.kind ?? RecordKind.CREATE;
    u8[at + REC_SIDE] = ask.side ?? 0;
    u8[at + REC_FLAGS] = ask.flags ?? 0;
    u8[at + REC_TIF] = ask.tif ?? 0;
    u8[at + REC_PNL_KIND] = ask.pnlKind ?? 0;
    u16[(at + REC_STRATEGY) >> 1] = ask.strategy ?? 0;
    u16[(at + REC_PRODUCER) >> 1] = 0;
    u32[(at + REC_INSTRUMENT) >> 2] = ask.instrument ?? 0;
    u32[(at + REC_LEVEL) >> 2] = 3;
    f64[(at + REC_ORDER_ID) >> 3] = ask.orderId;
    f64[(at + REC_PRICE) >> 3] = ask.price ?? 0;
    f64[(at + REC_QTY) >> 3] = ask.qty ?? 0;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = ask.journalSeq ?? 0;
    f64[(at + REC_DECIDED_US) >> 3] = this.nowUs;
    this.requests.commit();
  }

  /** Lets time pass, steps the gateway once and returns what the executor hears (balances left out). */
  step(afterUs = 1, maxRecords = 256): Heard[] {
    this.nowUs += afterUs;
    this.gateway.step(this.nowUs, maxRecords);
    return this.hear().filter(({ kind }) => kind !== 'BALANCE');
  }

  hear(): Heard[] {
    const heard: Heard[] = [];
    const { u8, u16, u32, f64 } = this.views;
    for (let at = this.outcomes.front(); at >= 0; at = this.outcomes.front()) {
      const word = (field: number): number => f64[(at + field) >> 3] ?? Number.NaN;
      heard.push({
        kind: NAMES.get(u8[at + REC_KIND] ?? 0) ?? '?',
        reason: u16[(at + REC_REASON) >> 1] ?? 0,
        orderId: word(REC_ORDER_ID),
        instrument: u32[(at + REC_INSTRUMENT) >> 2] ?? 0,
        strategy: u16[(at + REC_STRATEGY) >> 1] ?? 0,
        side: u8[at + REC_SIDE] ?? 0,
        flags: u8[at + REC_FLAGS] ?? 0,
        pnlKind: u8[at + REC_PNL_KIND] ?? 0,
        price: word(REC_PRICE),
        qty: word(REC_QTY),
        cum: word(REC_CUM),
        fillTicks: word(REC_FILL_PRICE),
        fillLots: word(REC_FILL_QTY),
        fee: word(REC_FEE),
        feeAsset: u16[(at + REC_FEE_ASSET) >> 1] ?? 0,
        tradeId: word(REC_TRADE_ID),
        tsUs: word(REC_TS_US),
      });
      this.outcomes.release();
    }
    return heard;
  }

  /** The writer's cursor: how many entries of producer 0 are written. */
  journaled(count: number): void {
    Atomics.store(this.views.i32, (this.plan.cursors + CURSOR_WRITTEN) >> 2, count | 0);
  }

  #change(instrument: number, kind: number): void {
    const at = this.#changes.begin();
    this.views.i32[(at + CHANGE_INSTRUMENT) >> 2] = instrument;
    this.views.i32[(at + CHANGE_KIND) >> 2] = kind;
    this.#changes.publish();
  }
}

/** Bids 99.98 (50), 99.99 (40); asks 100.01 (30), 100.02 (60) of the spot instrument, in ticks and lots. */
export function marketed(bench = new Bench()): Bench {
  bench.book(SPOT, [
    [BUY, 9_998, 50],
    [BUY, 9_999, 40],
    [SELL, 10_001, 30],
    [SELL, 10_002, 60],
  ]);
  bench.step();
  return bench;
}

/** Kind, filled so far and reason of each: what most tests look at. */
export function brief(heard: readonly Heard[]): string[] {
  return heard.map((one) =>
    one.kind === 'FILL' ? `FILL ${one.fillLots}@${one.fillTicks}` : one.reason === 0 ? one.kind : `${one.kind} ${one.reason}`,
  );
}

export function recoveredFillOf(heard: Heard): RecoveredFill {
  const { orderId, strategy, instrument, side, flags, pnlKind, fillTicks, fillLots, fee, feeAsset, tradeId, tsUs } = heard;
  return { orderId, strategy, instrument, level: 3, side, flags, pnlKind, fillTicks, fillLots, fee, feeAsset, tradeId, tsUs };
}
