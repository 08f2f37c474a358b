/**
 * The operations on one order that intents, outcomes and time-outs share: open it, plan and send a request, hold and release what risk counts, end it.
 * Owned by the executor; hot lane only. Whoever calls has asked for room in the rings first, so that nothing is half done.
 */
import {
  CONTROL_BLOCKED,
  CONTROL_HALT,
  CONTROL_RUN,
  HALT_ALL,
  HALT_NONE,
  histogramBase,
  RUN_STOPPING,
  type MemoryPlan,
} from '../core/memory/layout.js';
import { Histogram } from '../core/memory/histogram.js';
import {
  FLAG_ADOPTED,
  FLAG_HEDGE,
  RecordKind,
  REC_CAUSE_US,
  REC_CLIENT_SEQ,
  REC_CUM,
  REC_DECIDED_US,
  REC_FLAGS,
  REC_GATEWAY,
  REC_GROUP,
  REC_GROUP_LEGS,
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
  REC_SEQUENCE,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TIF,
  REC_TS_US,
  RECORD_BYTES,
} from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { makeOrderId } from '../core/numbers/ids.js';
import { isLegal, isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { RunTables } from '../core/orders/tables.js';
import { capsOf, type VenueCaps } from './caps.js';
import { FillsSeen } from './fills-seen.js';
import { IN_AMEND, IN_CANCEL, IN_CREATE, IN_QUERY, IS_KNOWN, OrderTable, REPLACING, WANT_AMEND, WANT_CANCEL } from './orders.js';
import {
  DROPPED,
  GatewayPlan,
  LANE_AMEND,
  LANE_CANCEL,
  LANE_FAR,
  LANE_HEDGE,
  LANE_NEAR,
  LANE_QUERY,
  NO_ROOM,
  SENT,
  WaitingRequests,
} from './plan.js';
import { Draft } from './risk/draft.js';
import type { RiskLimits } from './risk/limits.js';
import { moreAggressive } from './risk/resting.js';
import { Risk } from './risk/risk.js';
import { Trail } from './trail.js';

/** A new order within this distance of the middle goes before those further out: it is the one that may fill next. */
const NEAR_RATIO = 0.002;
/** Fills remembered against repeats: hours of them, and a venue repeats the last minutes. */
const FILLS_SEEN = 65_536;
/** By PNL_* code. */
const PNL_KINDS = ['grid', 'arb', 'other'];

export interface DeskDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly limits: RiskLimits;
  /** The lane's one journal ring (all its roles share the instance) and its producer index. */
  readonly journal: SpscRing;
  readonly producer: number;
  /** The lane's index: its histograms are written here. */
  readonly lane: number;
  readonly nowUs: () => number;
  readonly wallUs: (nowUs: number) => number;
}

export class Desk {
  readonly orders: OrderTable;
  readonly risk: Risk;
  readonly trail: Trail;
  readonly plans: readonly GatewayPlan[];
  readonly fillsSeen = new FillsSeen(FILLS_SEEN);
  readonly views: SharedViews;
  readonly tables: RunTables;
  /** Wakes whoever reads the request rings, once a turn: set when something was sent. */
  hasSent = false;
  nowUs = 0;
  /** Orders with a request that was not answered. */
  inflightCount = 0;
  readonly #deps: DeskDeps;
  readonly #waiting: WaitingRequests;
  readonly #requests: readonly SpscRing[];
  readonly #caps: readonly VenueCaps[];
  readonly #senders: readonly ((slot: number, kind: number) => number)[];
  readonly #counters: Int32Array;
  readonly #levels: number;
  readonly #tickToOrder: Histogram;
  readonly #haltWord: number;
  readonly #blockedWord: number;
  readonly #runWord: number;
  readonly #draft = new Draft();
  readonly #holds: Uint16Array;

  constructor(deps: DeskDeps) {
    const { views, plan, tables, limits } = deps;
    this.#deps = deps;
    this.views = views;
    this.tables = tables;
    this.orders = new OrderTable(views, plan);
    this.risk = new Risk({ views, plan, tables, limits });
    this.trail = new Trail({ ...deps, orders: this.orders, wallUs: deps.wallUs });
    this.#waiting = new WaitingRequests(plan.counts.orderSlots);
    this.#caps = tables.venues.map((venue) => capsOf(venue));
    this.plans = this.#caps.map((caps) => new GatewayPlan(this.#waiting, caps));
    this.#requests = tables.venues.map(
      (_, gateway) => new SpscRing(views, plan.requests + plan.ringStride * gateway, RECORD_BYTES, plan.counts.ringRecords),
    );
    this.#senders = tables.venues.map((_, gateway) => (slot, kind) => this.#send(gateway, slot, kind));
    this.#holds = new Uint16Array(tables.venues.length);
    this.#levels = plan.counts.levelsPerStrategy;
    this.#counters = new Int32Array(plan.counts.strategies * this.#levels);
    this.#tickToOrder = new Histogram(views, histogramBase(plan, deps.lane, 'tickToOrder'));
    this.#haltWord = (plan.control + CONTROL_HALT) >> 2;
    this.#blockedWord = (plan.control + CONTROL_BLOCKED) >> 2;
    this.#runWord = (plan.control + CONTROL_RUN) >> 2;
  }

  /** Why nothing new may go out at all; Reason.NONE when it may. */
  blocked(entries: number): number {
    const { i32 } = this.views;
    const blocked = Atomics.load(i32, this.#blockedWord);
    if (blocked !== Reason.NONE) return blocked;
    if (i32[this.#runWord] === RUN_STOPPING) return Reason.HALTED;
    return this.trail.hasRoomForNew(entries) ? Reason.NONE : Reason.JOURNAL_FULL;
  }

  /** Why new orders of a gateway wait (a list is under way) or are refused (it is down); Reason.NONE when they go. */
  hold(gateway: number, reason: number): void {
    this.#holds[gateway] = reason;
  }

  isDown(instrument: number): boolean {
    return this.#holds[this.risk.limits.venue[instrument]!] === Reason.GATEWAY_DOWN;
  }

  /** Asks a gateway for all our open orders. False: no room just now. */
  sendList(gateway: number): boolean {
    const ring = this.#requests[gateway]!;
    if (Atomics.load(this.views.i32, this.#haltWord) === HALT_ALL || !ring.hasRoom(1) || !this.trail.hasRoom(1)) return false;
    const sequence = this.trail.writeList(gateway, this.#deps.wallUs(this.nowUs));
    const { u8, u16, f64 } = this.views;
    const at = ring.reserve();
    for (let word = at >> 3; word < (at + RECORD_BYTES) >> 3; word++) f64[word] = 0;
    u8[at + REC_KIND] = RecordKind.LIST;
    u8[at + REC_GATEWAY] = gateway;
    u16[(at + REC_PRODUCER) >> 1] = this.#deps.producer;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = sequence;
    f64[(at + REC_DECIDED_US) >> 3] = this.#deps.nowUs();
    ring.commit();
    this.hasSent = true;
    return true;
  }

  get levelCapacity(): number {
    return this.#levels;
  }

  pnlKindOf(strategy: number): number {
    return PNL_KINDS.indexOf(this.tables.strategies[strategy]?.pnlKind ?? 'other');
  }

  // --- reading a slot

  strategyOf(slot: number): number {
    return this.views.u16[(this.orders.base(slot) + REC_STRATEGY) >> 1]!;
  }

  instrumentOf(slot: number): number {
    return this.views.u32[(this.orders.base(slot) + REC_INSTRUMENT) >> 2]!;
  }

  gatewayOf(slot: number): number {
    return this.views.u8[this.orders.base(slot) + REC_GATEWAY]!;
  }

  cumOf(slot: number): number {
    return this.views.f64[(this.orders.base(slot) + REC_CUM) >> 3]!;
  }

  qtyOf(slot: number): number {
    return this.views.f64[(this.orders.base(slot) + REC_QTY) >> 3]!;
  }

  priceOf(slot: number): number {
    return this.views.f64[(this.orders.base(slot) + REC_PRICE) >> 3]!;
  }

  /** The slot's order as a draft, with other terms. */
  draftOf(slot: number, into: Draft, priceTicks: number, qtyLots: number): void {
    const base = this.orders.base(slot);
    into.read(this.views, base, this.strategyOf(slot));
    into.priceTicks = priceTicks;
    into.qtyLots = qtyLots;
    into.causeUs = 0;
  }

  waitingKind(slot: number): number {
    return this.#waiting.kind[slot]!;
  }

  amendsNatively(slot: number): boolean {
    return this.#caps[this.gatewayOf(slot)]!.amend === 'native';
  }

  // --- an order's life

  /** Opens an order that risk let pass: slot, id, holds, its create planned. A free slot was asked for. */
  open(draft: Draft, wants: number): number {
    const { orders } = this;
    const key = draft.strategy * this.#levels + draft.level;
    this.#counters[key] = this.#counters[key]! + 1;
    this.#clearNextFree();
    const slot = orders.open(makeOrderId(this.tables.run, draft.strategy, draft.level, this.#counters[key]), draft.strategy, draft.level);
    this.writeSlot(slot, draft, OrderState.NONE, 0);
    orders.publish(slot);
    orders.wants[slot] = wants;
    orders.causeUs[slot] = draft.causeUs;
    this.#enter(slot, draft.instrument, draft.side, draft.priceTicks);
    this.rehold(slot);
    this.plan(slot, RecordKind.CREATE);
    return slot;
  }

  /** An order of an earlier run. */
  adopt(draft: Draft, orderId: number, state: number, cumLots: number): number {
    this.#clearNextFree();
    const slot = this.orders.open(orderId, draft.strategy, draft.level);
    this.writeSlot(slot, draft, state, cumLots);
    this.orders.publish(slot);
    this.#enter(slot, draft.instrument, draft.side, draft.priceTicks);
    this.rehold(slot);
    return slot;
  }

  /** Between `orders.open` and `orders.publish`. */
  writeSlot(slot: number, draft: Draft, state: number, cumLots: number): void {
    const { u8, u16, u32, f64 } = this.views;
    const base = this.orders.base(slot);
    u8[base + REC_KIND] = RecordKind.CREATE;
    u8[base + REC_SIDE] = draft.side;
    u8[base + REC_FLAGS] = draft.flags;
    u8[base + REC_TIF] = draft.timeInForce;
    u8[base + REC_GROUP_LEGS] = draft.groupLegs;
    u8[base + REC_STATE] = state;
    u8[base + REC_PNL_KIND] = draft.pnlKind;
    u8[base + REC_GATEWAY] = this.risk.limits.venue[draft.instrument]!;
    u16[(base + REC_STRATEGY) >> 1] = draft.strategy;
    u16[(base + REC_GROUP) >> 1] = draft.group;
    u16[(base + REC_PRODUCER) >> 1] = this.#deps.producer;
    u16[(base + REC_CLIENT_SEQ) >> 1] = draft.clientSeq;
    u32[(base + REC_INSTRUMENT) >> 2] = draft.instrument;
    u32[(base + REC_LEVEL) >> 2] = draft.level;
    f64[(base + REC_PRICE) >> 3] = draft.priceTicks;
    f64[(base + REC_QTY) >> 3] = draft.qtyLots;
    f64[(base + REC_CUM) >> 3] = cumLots;
    f64[(base + REC_CAUSE_US) >> 3] = draft.causeUs;
    f64[(base + REC_DECIDED_US) >> 3] = this.nowUs;
    f64[(base + REC_TS_US) >> 3] = this.#deps.wallUs(this.nowUs);
  }

  /** A cancel of an order long ended may still wait or be unanswered in the slot that is used next. */
  #clearNextFree(): void {
    const slot = this.orders.nextFree;
    if (slot < 0) return;
    if (this.#waiting.kind[slot] !== 0) this.unplan(slot);
    this.setInflight(slot, 0);
  }

  #enter(slot: number, instrument: number, side: number, ticks: number): void {
    this.risk.resting.add(slot, instrument, side, ticks);
    const venue = this.gatewayOf(slot);
    this.risk.openByVenue[venue] = this.risk.openByVenue[venue]! + 1;
  }

  /** Holds in positions, funds and the self-trade guard what the order may still do, at the worse of its old and new terms while it changes. */
  rehold(slot: number): void {
    const { orders, risk } = this;
    const base = this.orders.base(slot);
    const side = this.views.u8[base + REC_SIDE]!;
    const instrument = this.instrumentOf(slot);
    let qty = this.qtyOf(slot);
    let ticks = this.priceOf(slot);
    let fundsTicks = ticks;
    const changes = (orders.wants[slot]! & (WANT_AMEND | REPLACING)) !== 0 || (orders.inflight[slot]! & IN_AMEND) !== 0;
    if (changes) {
      qty = Math.max(qty, orders.newLots[slot]!);
      ticks = moreAggressive(side, ticks, orders.newTicks[slot]!);
      fundsTicks = Math.max(fundsTicks, orders.newTicks[slot]!);
    }
    const isLive = orders.isLive(slot);
    const lots = isLive ? Math.max(0, qty - this.cumOf(slot)) : 0;
    const before = orders.heldLots[slot]!;
    if (lots !== before) risk.positions.addOpen(this.strategyOf(slot), instrument, side, lots - before);
    orders.heldLots[slot] = lots;
    const funds = risk.funds.needOf(instrument, side, lots, fundsTicks);
    const hadFunds = orders.heldFunds[slot]!;
    const holders = (funds > 0 ? 1 : 0) - (hadFunds > 0 ? 1 : 0);
    if (funds !== hadFunds) risk.funds.hold(instrument, side, funds - hadFunds, holders);
    orders.heldFunds[slot] = funds;
    if (isLive) risk.resting.move(slot, ticks);
  }

  /** Takes an order out of what risk counts, for judging its amend; `rehold` puts it back. */
  unhold(slot: number): void {
    const { orders, risk } = this;
    const side = this.views.u8[this.orders.base(slot) + REC_SIDE]!;
    const instrument = this.instrumentOf(slot);
    risk.positions.addOpen(this.strategyOf(slot), instrument, side, -orders.heldLots[slot]!);
    if (orders.heldFunds[slot]! > 0) risk.funds.hold(instrument, side, -orders.heldFunds[slot]!, -1);
    orders.heldLots[slot] = 0;
    orders.heldFunds[slot] = 0;
  }

  /** Moves to a state if the table of transitions allows it; otherwise the event is late and counted. */
  move(slot: number, state: number): boolean {
    const base = this.orders.base(slot);
    const from = this.views.u8[base + REC_STATE]!;
    if (from === state) return true;
    if (!isLegal(from, state)) {
      this.trail.counters[this.strategyOf(slot)]!.add('late');
      return false;
    }
    this.orders.begin(slot);
    this.views.u8[base + REC_STATE] = state;
    this.views.f64[(base + REC_TS_US) >> 3] = this.#deps.wallUs(this.nowUs);
    this.orders.publish(slot);
    return true;
  }

  /** The state of a living order, from what is under way and what filled. */
  livingState(slot: number): number {
    const inflight = this.orders.inflight[slot]!;
    if ((inflight & IN_CANCEL) !== 0 || this.orders.endKind[slot] !== 0) return OrderState.CANCELLING;
    if ((inflight & IN_AMEND) !== 0) return OrderState.AMENDING;
    return this.cumOf(slot) > 0 ? OrderState.PARTLY_FILLED : OrderState.OPEN;
  }

  setTerms(slot: number, priceTicks: number, qtyLots: number): void {
    const base = this.orders.base(slot);
    this.orders.begin(slot);
    this.views.f64[(base + REC_PRICE) >> 3] = priceTicks;
    this.views.f64[(base + REC_QTY) >> 3] = qtyLots;
    this.orders.publish(slot);
  }

  setInflight(slot: number, inflight: number): void {
    const before = this.orders.inflight[slot]!;
    if (before === 0 && inflight !== 0) this.inflightCount++;
    else if (before !== 0 && inflight === 0) this.inflightCount--;
    this.orders.inflight[slot] = inflight;
  }

  /** The venue showed that it has the order: it counts as accepted, once. */
  markKnown(slot: number): void {
    if ((this.orders.wants[slot]! & IS_KNOWN) !== 0) return;
    this.orders.wants[slot] = this.orders.wants[slot]! | IS_KNOWN;
    if ((this.views.u8[this.orders.base(slot) + REC_FLAGS]! & FLAG_ADOPTED) === 0)
      this.trail.counters[this.strategyOf(slot)]!.add('accepted');
  }

  /** The order is over: nothing is held, its level is free, nothing of it waits. Its state was moved before. */
  close(slot: number): void {
    const { orders, risk } = this;
    this.plans[this.gatewayOf(slot)]!.remove(slot);
    this.setInflight(slot, 0);
    orders.askUs[slot] = Infinity;
    if (!orders.isLive(slot)) return;
    const venue = this.gatewayOf(slot);
    risk.openByVenue[venue] = risk.openByVenue[venue]! - 1;
    risk.resting.remove(slot);
    orders.end(slot, this.strategyOf(slot), this.views.u32[(this.orders.base(slot) + REC_LEVEL) >> 2]!);
    this.rehold(slot);
  }

  /** A create that still waited for budget is given up: nothing ever left the engine. Room for an event was asked for. */
  dropUnsent(slot: number, kind: number, reason: number): void {
    const draft = this.#draft;
    this.draftOf(slot, draft, this.priceOf(slot), this.qtyOf(slot));
    const orderId = kind === RecordKind.CANCELLED ? this.orderIdOf(slot) : 0;
    this.move(slot, OrderState.DENIED);
    this.close(slot);
    this.trail.deny(draft, kind, orderId, reason, kind === RecordKind.DENIED);
  }

  /** A leg that was opened and never sent, because another leg of its group was refused: as if it had not been. */
  withdraw(slot: number): void {
    this.move(slot, OrderState.DENIED);
    this.close(slot);
  }

  orderIdOf(slot: number): number {
    return this.views.f64[(this.orders.base(slot) + REC_ORDER_ID) >> 3]!;
  }

  // --- requests

  /** Lets a request wait in its lane; it goes out with the next release, most often in this very turn. */
  plan(slot: number, kind: number): void {
    this.plans[this.gatewayOf(slot)]!.add(slot, kind, this.#laneOf(slot, kind));
  }

  unplan(slot: number): void {
    this.plans[this.gatewayOf(slot)]!.remove(slot);
  }

  /** Hands out what budgets and rings allow. */
  release(gateway: number): number {
    return this.plans[gateway]!.release(this.nowUs, this.#senders[gateway]!);
  }

  #laneOf(slot: number, kind: number): number {
    if (kind === RecordKind.CANCEL) return LANE_CANCEL;
    if (kind === RecordKind.QUERY) return LANE_QUERY;
    if (kind === RecordKind.AMEND) return LANE_AMEND;
    if ((this.views.u8[this.orders.base(slot) + REC_FLAGS]! & FLAG_HEDGE) !== 0) return LANE_HEDGE;
    return this.risk.distance(this.instrumentOf(slot), this.priceOf(slot)) <= NEAR_RATIO ? LANE_NEAR : LANE_FAR;
  }

  /** One request into its ring, journaled first. The halt word is read last. */
  #send(gateway: number, slot: number, kind: number): number {
    const { orders, trail } = this;
    const isNew = kind === RecordKind.CREATE || kind === RecordKind.AMEND;
    const strategy = this.strategyOf(slot);
    const ring = this.#requests[gateway]!;
    const halt = Atomics.load(this.views.i32, this.#haltWord);
    if (halt === HALT_ALL) return NO_ROOM;
    if (!ring.hasRoom(1) || !trail.hasRoom(1) || !trail.canTell(strategy, 1)) return NO_ROOM;
    const refusal = !isNew ? Reason.NONE : halt !== HALT_NONE ? Reason.HALTED : this.blocked(1);
    if (refusal === Reason.JOURNAL_FULL || (isNew && this.#holds[gateway] !== Reason.NONE)) return NO_ROOM;
    if (refusal !== Reason.NONE) {
      if (kind === RecordKind.CREATE) this.dropUnsent(slot, RecordKind.DENIED, refusal);
      else this.refuseAmend(slot, refusal);
      return DROPPED;
    }
    this.#beforeSend(slot, kind);
    const nowUs = this.#deps.nowUs();
    const tsUs = this.#deps.wallUs(this.nowUs);
    const sequence = trail.writeRequest(kind, slot, tsUs, nowUs);
    this.#writeRequest(ring.reserve(), slot, kind, sequence, nowUs);
    if (kind === RecordKind.QUERY) orders.askedUs[slot] = nowUs;
    ring.commit();
    this.hasSent = true;
    const causeUs = orders.causeUs[slot]!;
    if (causeUs > 0) {
      orders.causeUs[slot] = 0;
      this.#tickToOrder.record(nowUs - causeUs);
    }
    return SENT;
  }

  #beforeSend(slot: number, kind: number): void {
    const { orders, trail } = this;
    const counters = trail.counters[this.strategyOf(slot)]!;
    orders.sentUs[slot] = this.nowUs;
    orders.askUs[slot] = Infinity;
    const inflight = orders.inflight[slot]!;
    if (kind === RecordKind.CREATE) {
      orders.createdUs[slot] = this.nowUs;
      this.setInflight(slot, inflight | IN_CREATE);
      this.move(slot, OrderState.PENDING);
      counters.add('sent');
    } else if (kind === RecordKind.CANCEL) {
      orders.wants[slot] = orders.wants[slot]! & ~WANT_CANCEL;
      this.setInflight(slot, inflight | IN_CANCEL);
      if (!isTerminal(orders.state(slot))) this.move(slot, OrderState.CANCELLING);
      counters.add('cancelRequests');
      this.risk.rate.moved(this.strategyOf(slot));
    } else if (kind === RecordKind.AMEND) {
      orders.wants[slot] = orders.wants[slot]! & ~WANT_AMEND;
      this.setInflight(slot, inflight | IN_AMEND);
      this.move(slot, OrderState.AMENDING);
      counters.add('amendRequests');
      this.risk.rate.moved(this.strategyOf(slot));
    } else {
      this.setInflight(slot, inflight | IN_QUERY);
    }
  }

  #writeRequest(at: number, slot: number, kind: number, sequence: number, nowUs: number): void {
    const { u8, u16, i32, f64 } = this.views;
    const base = this.orders.base(slot);
    u8.copyWithin(at, base, base + RECORD_BYTES);
    u8[at + REC_KIND] = kind;
    u16[(at + REC_REASON) >> 1] = Reason.NONE;
    i32[(at + REC_SEQUENCE) >> 2] = 0;
    u16[(at + REC_PRODUCER) >> 1] = this.#deps.producer;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = sequence;
    f64[(at + REC_DECIDED_US) >> 3] = nowUs;
    f64[(at + REC_CAUSE_US) >> 3] = this.orders.causeUs[slot]!;
    if (kind === RecordKind.AMEND) {
      f64[(at + REC_PRICE) >> 3] = this.orders.newTicks[slot]!;
      f64[(at + REC_QTY) >> 3] = this.orders.newLots[slot]!;
    }
  }

  /** A wished amend that will not happen; the order stands as it is. Room for an event was asked for. */
  refuseAmend(slot: number, reason: number): void {
    const { orders } = this;
    const draft = this.#draft;
    this.draftOf(slot, draft, orders.newTicks[slot]!, orders.newLots[slot]!);
    orders.wants[slot] = orders.wants[slot]! & ~(WANT_AMEND | REPLACING);
    this.rehold(slot);
    this.trail.deny(draft, RecordKind.AMEND_REJECT, this.orderIdOf(slot), reason, true);
  }
}
