/**
 * A small world for strategies: real shared memory, real runner, real rings and books; the executor and the venue are one obvious object that keeps live
 * orders in a map and does what a test tells it. It also keeps the rules that no strategy may break (one live order a level) and the journal.
 */
import { positionBase, POSITION_NET_LOTS, RUN_TRADING } from '../../src/core/memory/layout.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import * as R from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { isTerminal, OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RecoveredFill, RecoveredLevelState, RecoveredOrderState, RecoveredState } from '../../src/core/orders/recovered.js';
import type { Params, Strategy, StrategyDefinition } from '../../src/core/ports/strategy.js';
import { checkParams } from '../../src/strategies/params.js';
import { StrategyRunner } from '../../src/strategies/runner.js';
import { Stage, type StageOptions } from './stage.js';

export const NOTHING_RECOVERED: RecoveredState = { runs: 0, orders: [], fills: [], levels: [], notes: [] };

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

export interface WorldOptions extends StageOptions {
  readonly recovered?: RecoveredState;
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

export class World extends Stage {
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
  /** Orders are acknowledged at once; false keeps them waiting for `ackAll`. */
  acks = true;
  readonly #intents: SpscRing[];
  readonly #events: SpscRing[];
  readonly #journalRing: SpscRing;
  readonly #endedSince: RecoveredOrderState[] = [];
  #counter = 1;
  #tradeId = 1;

  constructor(options: WorldOptions) {
    super(options);
    const { entries } = options;
    const { ringRecords, journalRecords } = this.plan.counts;
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
      const top = this.tops[order.instrument]!;
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
    return {
      runs: this.tables.run,
      orders: [...this.#endedSince, ...live],
      fills: [...this.fills],
      levels: [...levels.values()],
      notes: [],
    };
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
      const orderId = makeOrderId(this.tables.run, strategy, wish.level, this.#counter++);
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
