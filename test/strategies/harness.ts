/**
 * A small world for strategies: real shared memory, real runner, real rings and books; the executor and the venue are one obvious object that keeps live
 * orders in a map and does what a test tells it. It also keeps the rules that no strategy may break (one live order a level) and the journal.
 */
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
  RUN_TRADING,
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
import * as R from '../../src/core/memory/record.js';
import { viewsOf, type SharedViews } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { isTerminal, OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RecoveredFill, RecoveredLevelState, RecoveredOrderState, RecoveredState } from '../../src/core/orders/recovered.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import type { Params, Strategy, StrategyDefinition } from '../../src/core/ports/strategy.js';
import { checkParams } from '../../src/strategies/params.js';
import { StrategyRunner } from '../../src/strategies/runner.js';

export const NOTHING_RECOVERED: RecoveredState = { runs: 0, orders: [], fills: [], levels: [], notes: [] };

export function instrumentOf(over: Partial<Instrument> = {}): Instrument {
  return {
    index: 0,
    id: 'binance-usdm:BTCUSDT',
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    kind: 'linear',
    base: 'BTC',
    quote: 'USDT',
    settle: 'USDT',
    tickSize: '0.1',
    lotSize: '0.001',
    multiplier: '1',
    minQty: '0.001',
    maxQty: '1000',
    minNotional: '5',
    maxOpenOrders: 200,
    makerFee: '0.0002',
    takerFee: '0.0005',
    feeAssetBuy: 'USDT',
    feeAssetSell: 'USDT',
    source: 'venue',
    ...over,
  };
}

export interface LiveOrder {
  readonly orderId: number;
  readonly strategy: number;
  readonly level: number;
  readonly instrument: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly group: number;
  readonly groupLegs: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  state: number;
}

export interface Wish {
  readonly kind: number;
  readonly level: number;
  readonly instrument: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly group: number;
  readonly groupLegs: number;
  readonly causeUs: number;
}

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

export interface WorldOptions {
  readonly instruments: readonly Instrument[];
  readonly entries: readonly Entry[];
  readonly recovered?: RecoveredState;
  readonly run?: number;
  readonly ringRecords?: number;
  readonly journalRecords?: number;
  readonly startUs?: number;
}

interface Journaled {
  readonly kind: number;
  readonly strategy: number;
  readonly level: number;
  readonly state: number;
  readonly side: number;
  readonly reason: number;
  readonly group: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  readonly auxTicks: number;
  readonly auxLots: number;
  readonly orderId: number;
}

export class World {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly runner: StrategyRunner;
  readonly live = new Map<string, LiveOrder>();
  readonly wishes: Wish[] = [];
  readonly journal: Journaled[] = [];
  readonly fills: RecoveredFill[] = [];
  readonly notes: string[] = [];
  readonly errors: unknown[] = [];
  /** Asked for every PLACE: a Reason denies it. */
  deny: (order: LiveOrder) => number = () => Reason.NONE;
  /** Levels whose wishes after the placing are lost without an answer. */
  readonly deaf = new Set<number>();
  /** What was wrong with what the strategies did. */
  readonly faults: string[] = [];
  nowUs: number;
  /** Orders are acknowledged at once; false keeps them waiting for `ackAll`. */
  acks = true;
  readonly #books: BookWriter[];
  readonly #tops: { bid: number; ask: number }[];
  readonly #changes: BroadcastWriter;
  readonly #tapes: BroadcastWriter[];
  readonly #intents: SpscRing[];
  readonly #events: SpscRing[];
  readonly #journalRing: SpscRing;
  readonly #instruments: readonly Instrument[];
  readonly #run: number;
  readonly #endedSince: RecoveredOrderState[] = [];
  #counter = 1;
  #tradeId = 1;

  constructor(options: WorldOptions) {
    const { instruments, entries } = options;
    this.#instruments = instruments;
    this.#run = options.run ?? 1;
    this.nowUs = options.startUs ?? 1_000_000_000;
    const venues = [...new Set(instruments.map((instrument) => instrument.venue))];
    const assets = [...new Set(instruments.flatMap((instrument) => [instrument.base, instrument.quote]))];
    this.tables = {
      run: this.#run,
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
    const ringRecords = options.ringRecords ?? 1024;
    const journalRecords = options.journalRecords ?? 8192;
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
      ringRecords,
      journalRecords,
    });
    this.views = viewsOf(new SharedArrayBuffer(this.plan.bytes));
    this.#books = instruments.map(
      (instrument) => new BookWriter(this.views, bookBase(this.plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize)),
    );
    this.#tops = instruments.map(() => ({ bid: Number.NaN, ask: Number.NaN }));
    this.#changes = new BroadcastWriter(this.views, this.plan.changes, CHANGE_BYTES, CHANGE_CAPACITY);
    this.#tapes = instruments.map(
      (instrument) => new BroadcastWriter(this.views, this.plan.tapes + this.plan.tapeStride * instrument.index, TAPE_BYTES, TAPE_CAPACITY),
    );
    const ring = (base: number): SpscRing => new SpscRing(this.views, base, R.RECORD_BYTES, ringRecords);
    this.#intents = entries.map((_, k) => ring(this.plan.intents + this.plan.ringStride * k));
    this.#events = entries.map((_, k) => ring(this.plan.events + this.plan.ringStride * k));
    this.#journalRing = new SpscRing(this.views, this.plan.journals, R.RECORD_BYTES, journalRecords);
    this.#adopt(options.recovered ?? NOTHING_RECOVERED);
    this.runner = new StrategyRunner({
      views: this.views,
      plan: this.plan,
      tables: this.tables,
      strategies: entries.map((entry, index) => ({
        index,
        definition: entry.definition,
        params: checkParams(entry.name, entry.definition, entry.params),
      })),
      journal: this.#journalRing,
      producer: 0,
      recovered: options.recovered ?? NOTHING_RECOVERED,
      nowUs: () => this.nowUs,
      wallUs: (nowUs) => nowUs + 1e15,
      onError: (_, error) => this.errors.push(error),
      note: (_, text) => this.notes.push(text),
    });
    this.setRun(RUN_TRADING);
  }

  get strategy(): Strategy {
    return this.runner.strategies()[0]!;
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
    const meta = this.#instruments[instrument]!;
    book.begin();
    book.clear();
    book.change(new Levels(bids, meta), new Levels(asks, meta));
    book.publish(isLive ? BOOK_LIVE : BOOK_GAP, 1, Number.NaN, this.nowUs);
    this.#tops[instrument] = { bid: bids[0]?.[0] ?? Number.NaN, ask: asks[0]?.[0] ?? Number.NaN };
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

  /** Time passes, strategies run, the executor takes their wishes; `turns` times. */
  step(turns = 1, stepUs = 1_000): void {
    for (let i = 0; i < turns; i++) {
      this.nowUs += stepUs;
      this.runner.step(this.nowUs, 256);
      this.#drainIntents();
      this.drainJournal();
    }
  }

  orders(strategy = 0): LiveOrder[] {
    return [...this.live.values()].filter((order) => order.strategy === strategy).sort((a, b) => a.priceTicks - b.priceTicks);
  }

  order(level: number, strategy = 0): LiveOrder {
    const order = this.live.get(`${strategy}/${level}`);
    if (order === undefined) throw new Error(`no live order on level ${level}`);
    return order;
  }

  fill(order: LiveOrder, lots: number, priceTicks = order.priceTicks): void {
    order.cumLots += lots;
    if (order.cumLots > order.qtyLots) this.faults.push(`order ${order.orderId} overfilled`);
    this.#move(order, lots);
    this.fills.push({
      orderId: order.orderId,
      strategy: order.strategy,
      instrument: order.instrument,
      level: order.level,
      side: order.side,
      flags: R.FLAG_MAKER,
      pnlKind: 0,
      fillTicks: priceTicks,
      fillLots: lots,
      fee: 0,
      feeAsset: 0,
      tradeId: this.#tradeId++,
      tsUs: this.nowUs,
    });
    const isDone = order.cumLots === order.qtyLots;
    order.state = isDone ? OrderState.FILLED : OrderState.PARTLY_FILLED;
    if (isDone) this.#end(order);
    this.#event(order, R.RecordKind.FILL, { fillTicks: priceTicks, fillLots: lots });
  }

  end(order: LiveOrder, kind: number, reason: number = Reason.NONE): void {
    order.state = OrderState.CANCELLED;
    this.#end(order);
    this.#event(order, kind, { reason });
  }

  ack(order: LiveOrder): void {
    order.state = OrderState.OPEN;
    this.#event(order, R.RecordKind.ACK, {});
  }

  tell(order: LiveOrder, kind: number, reason: number = Reason.NONE): void {
    this.#event(order, kind, { reason });
  }

  /** Fills every resting order that the book now crosses. */
  match(): void {
    for (const order of this.orders()) {
      const top = this.#tops[order.instrument]!;
      const crosses = order.side === R.SIDE_BUY ? top.ask <= order.priceTicks : top.bid >= order.priceTicks;
      if (crosses && order.state !== OrderState.PENDING) this.fill(order, order.qtyLots - order.cumLots);
    }
  }

  drainJournal(): void {
    const { u8, u16, u32, f64 } = this.views;
    for (let at = this.#journalRing.front(); at >= 0; at = this.#journalRing.front()) {
      this.journal.push({
        kind: u8[at + R.REC_KIND]!,
        strategy: u16[(at + R.REC_STRATEGY) >> 1]!,
        level: u32[(at + R.REC_LEVEL) >> 2]!,
        state: u8[at + R.REC_STATE]!,
        side: u8[at + R.REC_SIDE]!,
        reason: u16[(at + R.REC_REASON) >> 1]!,
        group: u16[(at + R.REC_GROUP) >> 1]!,
        priceTicks: f64[(at + R.REC_PRICE) >> 3]!,
        qtyLots: f64[(at + R.REC_QTY) >> 3]!,
        cumLots: f64[(at + R.REC_CUM) >> 3]!,
        auxTicks: f64[(at + R.REC_FILL_PRICE) >> 3]!,
        auxLots: f64[(at + R.REC_FILL_QTY) >> 3]!,
        orderId: f64[(at + R.REC_ORDER_ID) >> 3]!,
      });
      const level = u32[(at + R.REC_LEVEL) >> 2]!;
      const strategy = u16[(at + R.REC_STRATEGY) >> 1]!;
      if (u8[at + R.REC_KIND] === R.RecordKind.LEVEL) {
        for (let i = this.#endedSince.length - 1; i >= 0; i--) {
          const ended = this.#endedSince[i]!;
          if (ended.level === level && ended.strategy === strategy && ended.cumLots === f64[(at + R.REC_CUM) >> 3])
            this.#endedSince.splice(i, 1);
        }
      }
      this.#journalRing.release();
    }
  }

  /** What a start after a crash right now would be given. */
  crash(): RecoveredState {
    this.drainJournal();
    const levels = new Map<string, RecoveredLevelState>();
    for (const entry of this.journal) {
      if (entry.kind !== R.RecordKind.LEVEL) continue;
      levels.set(`${entry.strategy}/${entry.level}`, { ...entry, instrument: this.tables.strategies[entry.strategy]!.instruments[0]! });
    }
    const live = [...this.live.values()].map((order) => ({ ...order, pnlKind: 0 }));
    return { runs: this.#run, orders: [...this.#endedSince, ...live], fills: [...this.fills], levels: [...levels.values()], notes: [] };
  }

  #adopt(recovered: RecoveredState): void {
    for (const order of recovered.orders) {
      if (!isTerminal(order.state)) this.live.set(`${order.strategy}/${order.level}`, { groupLegs: 0, ...order });
    }
    for (const order of recovered.orders) if (isTerminal(order.state)) this.#endedSince.push(order);
    for (const level of recovered.levels)
      this.journal.push({ orderId: 0, ...level, kind: R.RecordKind.LEVEL, reason: Reason.NONE, group: 0 });
    for (const fill of recovered.fills) {
      this.fills.push(fill);
      this.#move(fill, fill.fillLots);
    }
    this.#tradeId = recovered.fills.length + 1;
  }

  #move(of: { readonly strategy: number; readonly instrument: number; readonly side: number }, lots: number): void {
    const word = (positionBase(this.plan, of.strategy + 1, of.instrument) + POSITION_NET_LOTS) >> 3;
    this.views.f64[word] = this.views.f64[word]! + (of.side === R.SIDE_BUY ? lots : -lots);
  }

  #end(order: LiveOrder): void {
    this.live.delete(`${order.strategy}/${order.level}`);
    if (order.cumLots > 0) this.#endedSince.push({ ...order, pnlKind: 0 });
  }

  #drainIntents(): void {
    for (const [strategy, ring] of this.#intents.entries()) {
      for (let at = ring.front(); at >= 0; at = ring.front()) {
        const wish = this.#readWish(at);
        ring.release();
        this.wishes.push(wish);
        this.#obey(strategy, wish);
      }
    }
  }

  #readWish(at: number): Wish {
    const { u8, u16, u32, f64 } = this.views;
    return {
      kind: u8[at + R.REC_KIND]!,
      level: u32[(at + R.REC_LEVEL) >> 2]!,
      instrument: u32[(at + R.REC_INSTRUMENT) >> 2]!,
      side: u8[at + R.REC_SIDE]!,
      flags: u8[at + R.REC_FLAGS]!,
      timeInForce: u8[at + R.REC_TIF]!,
      priceTicks: f64[(at + R.REC_PRICE) >> 3]!,
      qtyLots: f64[(at + R.REC_QTY) >> 3]!,
      group: u16[(at + R.REC_GROUP) >> 1]!,
      groupLegs: u8[at + R.REC_GROUP_LEGS]!,
      causeUs: f64[(at + R.REC_CAUSE_US) >> 3]!,
    };
  }

  #obey(strategy: number, wish: Wish): void {
    const key = `${strategy}/${wish.level}`;
    const known = this.live.get(key);
    if (wish.kind === R.RecordKind.INTENT_CANCEL_ALL) {
      for (const order of this.orders(strategy))
        if (!this.deaf.has(order.level)) this.end(order, R.RecordKind.CANCELLED, Reason.BY_REQUEST);
      return;
    }
    if (wish.kind === R.RecordKind.INTENT_PLACE) {
      const { kind: _, causeUs: __, ...rest } = wish;
      const orderId = makeOrderId(this.#run, strategy, wish.level, this.#counter++);
      const order: LiveOrder = { ...rest, strategy, orderId, cumLots: 0, state: OrderState.PENDING };
      if (known !== undefined) {
        this.faults.push(`level ${wish.level} has two orders`);
        this.#event({ ...order, orderId: 0 }, R.RecordKind.DENIED, { reason: Reason.LEVEL_BUSY });
        return;
      }
      const reason = this.deny(order);
      if (reason !== Reason.NONE) {
        this.#event({ ...order, orderId: 0 }, R.RecordKind.DENIED, { reason });
        return;
      }
      this.live.set(key, order);
      if (this.acks) this.ack(order);
      return;
    }
    if (this.deaf.has(wish.level)) return;
    if (known === undefined) {
      const nobody: LiveOrder = { ...wish, strategy, orderId: 0, cumLots: 0, state: 0 };
      this.#event(nobody, R.RecordKind.DENIED, { reason: Reason.NO_SUCH_ORDER });
      return;
    }
    if (wish.kind === R.RecordKind.INTENT_CANCEL) {
      this.end(known, R.RecordKind.CANCELLED, Reason.BY_REQUEST);
      return;
    }
    if (wish.qtyLots < known.cumLots) this.faults.push(`amend of level ${wish.level} below what filled`);
    known.priceTicks = wish.priceTicks;
    known.qtyLots = wish.qtyLots;
    this.#event(known, R.RecordKind.AMENDED, {});
  }

  #event(
    order: LiveOrder,
    kind: number,
    more: { readonly reason?: number; readonly fillTicks?: number; readonly fillLots?: number },
  ): void {
    const ring = this.#events[order.strategy]!;
    const at = ring.reserve();
    if (at < 0) throw new Error('events ring full: the test does too much between steps');
    const { u8, u16, u32, f64 } = this.views;
    u8.fill(0, at, at + R.RECORD_BYTES);
    u8[at + R.REC_KIND] = kind;
    u8[at + R.REC_SIDE] = order.side;
    u8[at + R.REC_FLAGS] = order.flags;
    u16[(at + R.REC_REASON) >> 1] = more.reason ?? 0;
    u16[(at + R.REC_GROUP) >> 1] = order.group;
    u32[(at + R.REC_INSTRUMENT) >> 2] = order.instrument;
    u32[(at + R.REC_LEVEL) >> 2] = order.level;
    f64[(at + R.REC_ORDER_ID) >> 3] = order.orderId;
    f64[(at + R.REC_PRICE) >> 3] = order.priceTicks;
    f64[(at + R.REC_QTY) >> 3] = order.qtyLots;
    f64[(at + R.REC_CUM) >> 3] = order.cumLots;
    f64[(at + R.REC_FILL_PRICE) >> 3] = more.fillTicks ?? 0;
    f64[(at + R.REC_FILL_QTY) >> 3] = more.fillLots ?? 0;
    ring.commit();
  }
}

export function paramsOf(definition: StrategyDefinition, given: Record<string, unknown>): Params {
  return checkParams('test', definition, given);
}
