/**
 * The operations on one order that intents, outcomes and time-outs share: open it, hold and release what risk counts, move it, end it.
 * Owned by the executor; hot lane only. Whoever calls has asked for room in the rings first, so that nothing is half done.
 */
import { CONTROL_BLOCKED, CONTROL_RUN, RUN_CLOSING, RUN_STOPPING, type MemoryPlan } from '../core/memory/layout.js';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS, type ReconcileCounter } from '../core/memory/counters.js';
import {
  FLAG_ADOPTED,
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
  REC_KIND,
  REC_LEVEL,
  REC_PNL_KIND,
  REC_PRICE,
  REC_PRODUCER,
  REC_QTY,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TIF,
  REC_TS_US,
} from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { SpscRing } from '../core/memory/spsc-ring.js';
import { makeOrderId } from '../core/numbers/ids.js';
import { isLegal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { RunTables } from '../core/orders/tables.js';
import { FillsSeen } from './fills-seen.js';
import { IN_AMEND, IN_CANCEL, IS_KNOWN, OrderTable, REPLACING, WANT_AMEND } from './orders.js';
import { Requests } from './requests.js';
import { Draft } from './risk/draft.js';
import type { RiskLimits } from './risk/limits.js';
import { moreAggressive } from './risk/resting.js';
import { Risk } from './risk/risk.js';
import { Trail, type Difference } from './trail.js';

/** Fills remembered against repeats: hours of them, and a venue repeats the last minutes. */
const FILLS_SEEN = 65_536;
/** By PNL_* code. */
const PNL_KINDS = ['grid', 'arb', 'other'];

const REPAIR_COUNTERS: ReadonlyMap<number, ReconcileCounter> = new Map([
  [Reason.ORPHAN_ADOPTED, 'orphansAdopted'],
  [Reason.ORPHAN_CANCELLED, 'orphansCancelled'],
  [Reason.GHOST_RETIRED, 'ghostsRetired'],
  [Reason.FILL_FOUND, 'fillsFound'],
  [Reason.UNKNOWN_RESOLVED, 'unknownResolved'],
]);

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
  readonly requests: Requests;
  readonly fillsSeen = new FillsSeen(FILLS_SEEN);
  /** By gateway: what reconciliation asked and found. */
  readonly reconciled: readonly CounterBlock<ReconcileCounter>[];
  readonly views: SharedViews;
  readonly tables: RunTables;
  nowUs = 0;
  /** Orders with a request that was not answered. */
  inflightCount = 0;
  readonly #deps: DeskDeps;
  readonly #counters: Int32Array;
  readonly #levels: number;
  readonly #blockedWord: number;
  readonly #runWord: number;
  readonly #draft = new Draft();
  readonly #firstInstruments: readonly number[];

  constructor(deps: DeskDeps) {
    const { views, plan, tables, limits } = deps;
    this.#deps = deps;
    this.views = views;
    this.tables = tables;
    this.orders = new OrderTable(views, plan);
    this.risk = new Risk({ views, plan, tables, limits });
    this.trail = new Trail({ ...deps, orders: this.orders, wallUs: deps.wallUs });
    this.requests = new Requests(this, deps);
    this.reconciled = tables.venues.map(
      (_, gateway) => new CounterBlock(views, plan.reconcileCounters + COUNTER_BLOCK_BYTES * gateway, RECONCILE_COUNTERS),
    );
    this.#firstInstruments = tables.venues.map((_, gateway) => Math.max(0, limits.venue.indexOf(gateway)));
    this.#levels = plan.counts.levelsPerStrategy;
    // In the shared memory: an executor that takes over from one that died repeats no order id.
    this.#counters = new Int32Array(views.buffer, plan.orderNumbers, plan.counts.strategies * this.#levels);
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

  /** The run is about to end: only orders that close something go out. */
  get isClosing(): boolean {
    return this.views.i32[this.#runWord] === RUN_CLOSING;
  }

  get levelCapacity(): number {
    return this.#levels;
  }

  /** Names a venue in records that are about no order: tables of instruments are translated from run to run, gateway indexes are not. */
  firstInstrument(gateway: number): number {
    return this.#firstInstruments[gateway] ?? 0;
  }

  pnlKindOf(strategy: number): number {
    return PNL_KINDS.indexOf(this.tables.strategies[strategy]?.pnlKind ?? 'other');
  }

  /** The slot's order as a draft, with other terms. */
  draftOf(slot: number, into: Draft, priceTicks: number, qtyLots: number): void {
    const base = this.orders.base(slot);
    into.read(this.views, base, this.orders.strategyOf(slot));
    into.priceTicks = priceTicks;
    into.qtyLots = qtyLots;
    into.causeUs = 0;
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
    this.requests.plan(slot, RecordKind.CREATE);
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
    if (this.requests.waitingKind(slot) !== 0) this.requests.unplan(slot);
    this.setInflight(slot, 0);
  }

  #enter(slot: number, instrument: number, side: number, ticks: number): void {
    this.risk.resting.add(slot, instrument, side, ticks);
    const venue = this.orders.gatewayOf(slot);
    this.risk.openByVenue[venue] = this.risk.openByVenue[venue]! + 1;
  }

  /** Holds in positions, funds and the self-trade guard what the order may still do, at the worse of its old and new terms while it changes. */
  rehold(slot: number): void {
    const { orders, risk } = this;
    const base = this.orders.base(slot);
    const side = this.views.u8[base + REC_SIDE]!;
    const instrument = this.orders.instrumentOf(slot);
    let qty = this.orders.qtyOf(slot);
    let ticks = this.orders.priceOf(slot);
    let fundsTicks = ticks;
    const changes = (orders.wants[slot]! & (WANT_AMEND | REPLACING)) !== 0 || (orders.inflight[slot]! & IN_AMEND) !== 0;
    if (changes) {
      qty = Math.max(qty, orders.newLots[slot]!);
      ticks = moreAggressive(side, ticks, orders.newTicks[slot]!);
      fundsTicks = Math.max(fundsTicks, orders.newTicks[slot]!);
    }
    const isLive = orders.isLive(slot);
    const lots = isLive ? Math.max(0, qty - this.orders.cumOf(slot)) : 0;
    const before = orders.heldLots[slot]!;
    if (lots !== before) {
      risk.positions.addOpen(this.orders.strategyOf(slot), instrument, side, lots - before);
      risk.leverage.touch(instrument);
    }
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
    const instrument = this.orders.instrumentOf(slot);
    risk.positions.addOpen(this.orders.strategyOf(slot), instrument, side, -orders.heldLots[slot]!);
    risk.leverage.touch(instrument);
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
      this.trail.counters[this.orders.strategyOf(slot)]!.add('late');
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
    return this.orders.cumOf(slot) > 0 ? OrderState.PARTLY_FILLED : OrderState.OPEN;
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
      this.trail.counters[this.orders.strategyOf(slot)]!.add('accepted');
  }

  /** The order is over: nothing is held, its level is free, nothing of it waits. Its state was moved before. */
  close(slot: number): void {
    const { orders, risk } = this;
    this.requests.unplan(slot);
    this.setInflight(slot, 0);
    orders.askUs[slot] = Infinity;
    if (!orders.isLive(slot)) return;
    const venue = this.orders.gatewayOf(slot);
    risk.openByVenue[venue] = risk.openByVenue[venue]! - 1;
    risk.resting.remove(slot);
    orders.end(slot, orders.strategyOf(slot), orders.levelOf(slot));
    this.rehold(slot);
  }

  /** A create that still waited for budget is given up: nothing ever left the engine. Room for an event was asked for. */
  dropUnsent(slot: number, kind: number, reason: number): void {
    const draft = this.#draft;
    this.draftOf(slot, draft, this.orders.priceOf(slot), this.orders.qtyOf(slot));
    const orderId = kind === RecordKind.CANCELLED ? this.orders.orderIdOf(slot) : 0;
    this.move(slot, OrderState.DENIED);
    this.close(slot);
    this.trail.deny(draft, kind, orderId, reason, kind === RecordKind.DENIED);
  }

  /** A leg that was opened and never sent, because another leg of its group was refused: as if it had not been. */
  withdraw(slot: number): void {
    this.move(slot, OrderState.DENIED);
    this.close(slot);
  }

  /** Audit, counted: our picture of an order was put right. Room for an entry was asked for. */
  repair(slot: number, reason: number, tsUs: number): void {
    this.#countRepair(this.orders.gatewayOf(slot), reason);
    this.trail.repair(slot, reason, tsUs);
  }

  /** As above, of an order that the table does not have: as its outcome's record says. */
  repairOutcome(at: number, reason: number, tsUs: number): void {
    this.#countRepair(this.views.u8[at + REC_GATEWAY]!, reason);
    this.trail.repairOutcome(at, reason, tsUs);
  }

  /** Audit, counted as a repair: the venue says other than we do of a position or a balance. */
  differs(difference: Difference, tsUs: number): void {
    this.#countRepair(difference.gateway, difference.reason);
    this.trail.differs(difference, tsUs);
  }

  #countRepair(gateway: number, reason: number): void {
    const counters = this.reconciled[gateway];
    if (counters === undefined) return;
    counters.add('repairs');
    const name = REPAIR_COUNTERS.get(reason);
    if (name !== undefined) counters.add(name);
  }

  /** A wished amend that will not happen; the order stands as it is. Room for an event was asked for. */
  refuseAmend(slot: number, reason: number): void {
    const { orders } = this;
    const draft = this.#draft;
    this.draftOf(slot, draft, orders.newTicks[slot]!, orders.newLots[slot]!);
    orders.wants[slot] = orders.wants[slot]! & ~(WANT_AMEND | REPLACING);
    this.rehold(slot);
    this.trail.deny(draft, RecordKind.AMEND_REJECT, this.orders.orderIdOf(slot), reason, true);
  }
}
