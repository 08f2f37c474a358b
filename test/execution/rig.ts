/** An executor in one thread with everything around it in hand: books, strategies' wishes, a venue's answers, the journal, time. */
import { BookWriter } from '../../src/core/book/book-writer.js';
import { gridOf } from '../../src/core/book/grid.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { bookBase, BUDGET_SEEN, budgetBase, CONTROL_RUN, planMemory, RUN_TRADING, type MemoryPlan } from '../../src/core/memory/layout.js';
import {
  RecordKind,
  REC_CAUSE_US,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GATEWAY,
  REC_GROUP,
  REC_GROUP_LEGS,
  REC_INSTRUMENT,
  REC_JOURNAL_SEQ,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PRICE,
  REC_PRODUCER,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
} from '../../src/core/memory/record.js';
import { viewsOf, type SharedViews } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RecoveredState } from '../../src/core/orders/recovered.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import { Executor } from '../../src/execution/executor.js';
import type { AnswerTimes } from '../../src/execution/doubts.js';
import { compileRisk } from '../../src/execution/risk/limits.js';
import { DEFAULT_RISK, type RiskConfig } from '../../src/execution/risk/schema.js';

export function instrument(index: number, id: string, more: Partial<Instrument> = {}): Instrument {
  const venue = id.slice(0, id.indexOf(':'));
  return {
    index,
    id,
    venue,
    symbol: id.slice(id.indexOf(':') + 1),
    kind: 'spot',
    base: 'BTC',
    quote: 'USDT',
    settle: 'USDT',
    tickSize: '0.01',
    lotSize: '0.00001',
    multiplier: '1',
    minQty: '0.00001',
    maxQty: '9000',
    minNotional: '0',
    maxOpenOrders: 200,
    makerFee: '0.001',
    takerFee: '0.001',
    feeAssetBuy: 'BTC',
    feeAssetSell: 'USDT',
    source: 'venue',
    ...more,
  };
}

export const SPOT = instrument(0, 'binance-spot:BTCUSDT');
export const LINEAR = instrument(1, 'bybit:linear:BTCUSDT', {
  kind: 'linear',
  tickSize: '0.1',
  lotSize: '0.001',
  minQty: '0.001',
  feeAssetBuy: 'USDT',
});
export const INVERSE = instrument(2, 'bitmex:XBTUSD', {
  kind: 'inverse',
  quote: 'USD',
  settle: 'BTC',
  tickSize: '0.5',
  lotSize: '100',
  minQty: '100',
  maxQty: '10000000',
  feeAssetBuy: 'BTC',
  feeAssetSell: 'BTC',
});

export const TABLES: RunTables = {
  run: 7,
  tag: 'test',
  mode: 'paper',
  simulated: false,
  venues: ['binance-spot', 'bybit', 'bitmex'],
  assets: ['USDT', 'BTC', 'USD'],
  instruments: [SPOT, LINEAR, INVERSE],
  strategies: [
    { index: 0, name: 'a', kind: 'grid', pnlKind: 'grid', instruments: [0, 1, 2] },
    { index: 1, name: 'b', kind: 'arb', pnlKind: 'arb', instruments: [0, 1, 2] },
  ],
};

export const NOTHING: RecoveredState = { runs: 6, orders: [], fills: [], levels: [], notes: [] };

/** Wall time when the monotonic clock was 0. */
export const WALL_AT_ZERO_US = 1_700_000_000_000_000;

export interface Row {
  kind: number;
  side: number;
  flags: number;
  strategy: number;
  reason: number;
  instrument: number;
  level: number;
  orderId: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  fillTicks: number;
  fillLots: number;
  fee: number;
  feeAsset: number;
  group: number;
  groupLegs: number;
  timeInForce: number;
  state: number;
  gateway: number;
  tradeId: number;
  causeUs: number;
  decidedUs: number;
  tsUs: number;
  journalSeq: number;
  producer: number;
}

export function readRow({ u8, u16, u32, f64 }: SharedViews, at: number): Row {
  return {
    kind: u8[at + REC_KIND]!,
    side: u8[at + REC_SIDE]!,
    flags: u8[at + REC_FLAGS]!,
    timeInForce: u8[at + REC_TIF]!,
    strategy: u16[(at + REC_STRATEGY) >> 1]!,
    reason: u16[(at + REC_REASON) >> 1]!,
    instrument: u32[(at + REC_INSTRUMENT) >> 2]!,
    level: u32[(at + REC_LEVEL) >> 2]!,
    orderId: f64[(at + REC_ORDER_ID) >> 3]!,
    priceTicks: f64[(at + REC_PRICE) >> 3]!,
    qtyLots: f64[(at + REC_QTY) >> 3]!,
    cumLots: f64[(at + REC_CUM) >> 3]!,
    fillTicks: f64[(at + REC_FILL_PRICE) >> 3]!,
    fillLots: f64[(at + REC_FILL_QTY) >> 3]!,
    fee: f64[(at + REC_FEE) >> 3]!,
    feeAsset: u16[(at + REC_FEE_ASSET) >> 1]!,
    group: u16[(at + REC_GROUP) >> 1]!,
    groupLegs: u8[at + REC_GROUP_LEGS]!,
    state: u8[at + REC_STATE]!,
    gateway: u8[at + REC_GATEWAY]!,
    tradeId: f64[(at + REC_TRADE_ID) >> 3]!,
    causeUs: f64[(at + REC_CAUSE_US) >> 3]!,
    decidedUs: f64[(at + REC_DECIDED_US) >> 3]!,
    tsUs: f64[(at + REC_TS_US) >> 3]!,
    journalSeq: f64[(at + REC_JOURNAL_SEQ) >> 3]!,
    producer: u16[(at + REC_PRODUCER) >> 1]!,
  };
}

export function writeRow({ u8, u16, u32, f64 }: SharedViews, at: number, row: Partial<Row>): void {
  u8.fill(0, at, at + RECORD_BYTES);
  u8[at + REC_KIND] = row.kind ?? 0;
  u8[at + REC_SIDE] = row.side ?? 0;
  u8[at + REC_FLAGS] = row.flags ?? 0;
  u8[at + REC_TIF] = row.timeInForce ?? 0;
  u16[(at + REC_STRATEGY) >> 1] = row.strategy ?? 0;
  u16[(at + REC_REASON) >> 1] = row.reason ?? 0;
  u32[(at + REC_INSTRUMENT) >> 2] = row.instrument ?? 0;
  u32[(at + REC_LEVEL) >> 2] = row.level ?? 0;
  f64[(at + REC_ORDER_ID) >> 3] = row.orderId ?? 0;
  f64[(at + REC_PRICE) >> 3] = row.priceTicks ?? 0;
  f64[(at + REC_QTY) >> 3] = row.qtyLots ?? 0;
  f64[(at + REC_CUM) >> 3] = row.cumLots ?? 0;
  f64[(at + REC_FILL_PRICE) >> 3] = row.fillTicks ?? 0;
  f64[(at + REC_FILL_QTY) >> 3] = row.fillLots ?? 0;
  f64[(at + REC_FEE) >> 3] = row.fee ?? 0;
  u16[(at + REC_FEE_ASSET) >> 1] = row.feeAsset ?? 0;
  u16[(at + REC_GROUP) >> 1] = row.group ?? 0;
  u8[at + REC_GROUP_LEGS] = row.groupLegs ?? 0;
  u8[at + REC_GATEWAY] = row.gateway ?? 0;
  f64[(at + REC_TRADE_ID) >> 3] = row.tradeId ?? 0;
  f64[(at + REC_CAUSE_US) >> 3] = row.causeUs ?? 0;
  f64[(at + REC_DECIDED_US) >> 3] = row.decidedUs ?? 0;
  f64[(at + REC_TS_US) >> 3] = row.tsUs ?? 0;
}

export interface RigOptions {
  readonly risk?: Partial<RiskConfig>;
  readonly recovered?: RecoveredState;
  readonly times?: AnswerTimes;
  readonly orderSlots?: number;
  readonly ringRecords?: number;
  readonly journalRecords?: number;
  readonly tables?: RunTables;
  readonly lists?: readonly boolean[];
  readonly reconcileEveryUs?: number;
  readonly nowUs?: number;
}

export class Rig {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly executor: Executor;
  readonly tables: RunTables;
  readonly journal: SpscRing;
  /** Everything journaled, in order. */
  readonly entries: Row[] = [];
  nowUs = 1_000_000;
  wakes = 0;
  /** What a person was told. */
  readonly notices: string[] = [];
  readonly #intents: SpscRing[];
  readonly #events: SpscRing[];
  readonly #requests: SpscRing[];
  readonly #outcomes: SpscRing[];
  readonly #journalReader: SpscRing;
  readonly #books: BookWriter[];
  #sequence = 0;

  constructor(options: RigOptions = {}) {
    const tables = options.tables ?? TABLES;
    this.nowUs = options.nowUs ?? this.nowUs;
    this.tables = tables;
    this.plan = planMemory({
      instruments: tables.instruments.length,
      bookBytes: BOOK_BYTES,
      strategies: tables.strategies.length,
      levelsPerStrategy: 64,
      venues: tables.venues.length,
      gateways: tables.venues.length,
      assets: tables.assets.length,
      feedLanes: 1,
      lanes: 1,
      producers: 1,
      orderSlots: options.orderSlots ?? 256,
      ringRecords: options.ringRecords ?? 1024,
      journalRecords: options.journalRecords ?? 4096,
    });
    this.views = viewsOf(new SharedArrayBuffer(this.plan.bytes));
    const { plan, views } = this;
    const ring = (region: number, index: number): SpscRing =>
      new SpscRing(views, region + plan.ringStride * index, RECORD_BYTES, plan.counts.ringRecords);
    this.#intents = tables.strategies.map((_, k) => ring(plan.intents, k));
    this.#events = tables.strategies.map((_, k) => ring(plan.events, k));
    this.#requests = tables.venues.map((_, g) => ring(plan.requests, g));
    this.#outcomes = tables.venues.map((_, g) => ring(plan.outcomes, g));
    this.journal = new SpscRing(views, plan.journals, RECORD_BYTES, plan.counts.journalRecords);
    this.#journalReader = new SpscRing(views, plan.journals, RECORD_BYTES, plan.counts.journalRecords);
    this.#books = tables.instruments.map((one) => new BookWriter(views, bookBase(plan, one.index), gridOf(one.tickSize, one.lotSize)));
    views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
    this.executor = new Executor({
      views,
      plan,
      tables,
      limits: compileRisk({ ...DEFAULT_RISK, ...options.risk }, tables),
      journal: this.journal,
      producer: 0,
      lane: 0,
      nowUs: () => this.nowUs,
      wallUs: (nowUs) => WALL_AT_ZERO_US + nowUs,
      recovered: options.recovered ?? NOTHING,
      ...(options.lists === undefined ? {} : { lists: options.lists }),
      ...(options.reconcileEveryUs === undefined ? {} : { reconcileEveryUs: options.reconcileEveryUs }),
      ...(options.times === undefined ? {} : { times: options.times }),
      onNotice: (text) => this.notices.push(text),
      wakeService: () => {
        this.wakes++;
      },
    });
  }

  control(offset: number, value: number): void {
    Atomics.store(this.views.i32, (this.plan.control + offset) >> 2, value);
  }

  /** One level a side, live as of now. */
  book(index: number, bidTicks: number, askTicks: number): void {
    const book = this.#books[index]!;
    const { priceUnit, priceScale, lotUnit, lotScale } = book.grid;
    book.begin();
    book.clear();
    book.setLevel(0, bidTicks * priceUnit, priceScale, 1000 * lotUnit, lotScale);
    book.setLevel(1, askTicks * priceUnit, priceScale, 1000 * lotUnit, lotScale);
    book.publish(BOOK_LIVE, ++this.#sequence, this.nowUs, this.nowUs);
  }

  setBookState(index: number, state: number): void {
    this.#books[index]!.setState(state);
  }

  wish(row: Partial<Row>): void {
    const at = this.#intents[row.strategy ?? 0]!.reserve();
    writeRow(this.views, at, row);
    this.#intents[row.strategy ?? 0]!.commit();
  }

  place(row: Partial<Row>): void {
    this.wish({ kind: RecordKind.INTENT_PLACE, ...row });
  }

  answer(gateway: number, row: Partial<Row>): void {
    const at = this.#outcomes[gateway]!.reserve();
    writeRow(this.views, at, { gateway, ...row });
    this.#outcomes[gateway]!.commit();
  }

  step(advanceUs = 0, maxRecords = 64): number {
    this.nowUs += advanceUs;
    const work = this.executor.step(this.nowUs, maxRecords);
    this.readJournal();
    return work;
  }

  readJournal(): void {
    for (let at = this.#journalReader.front(); at >= 0; at = this.#journalReader.front()) {
      this.entries.push(readRow(this.views, at));
      this.#journalReader.release();
    }
  }

  /** Takes the requests off a gateway's ring, and says so in its budget block as a gateway does. */
  requests(gateway: number): Row[] {
    const rows = drain(this.views, this.#requests[gateway]!);
    Atomics.store(this.views.i32, (budgetBase(this.plan, gateway) + BUDGET_SEEN) >> 2, this.#requests[gateway]!.released() | 0);
    return rows;
  }

  events(strategy: number): Row[] {
    return drain(this.views, this.#events[strategy]!);
  }

  slots(): Row[] {
    const rows: Row[] = [];
    for (let slot = 0; slot < this.plan.counts.orderSlots; slot++) {
      const row = readRow(this.views, this.plan.orders + slot * RECORD_BYTES);
      if (row.orderId !== 0) rows.push(row);
    }
    return rows;
  }
}

function drain(views: SharedViews, ring: SpscRing): Row[] {
  const rows: Row[] = [];
  for (let at = ring.front(); at >= 0; at = ring.front()) {
    rows.push(readRow(views, at));
    ring.release();
  }
  return rows;
}
