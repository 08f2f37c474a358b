/**
 * Requests on their way out: each waits in its gateway's plan, is journaled, and goes into the gateway's ring. Owned by the desk; hot lane only.
 * The halt word is read last before each goes; nothing new goes to a gateway that is down or not yet reconciled.
 */
import { CONTROL_HALT, HALT_ALL, HALT_NONE, histogramBase } from '../core/memory/layout.js';
import { Histogram } from '../core/memory/histogram.js';
import {
  FLAG_HEDGE,
  RecordKind,
  REC_CAUSE_US,
  REC_DECIDED_US,
  REC_FLAGS,
  REC_GATEWAY,
  REC_JOURNAL_SEQ,
  REC_KIND,
  REC_PRICE,
  REC_PRODUCER,
  REC_QTY,
  REC_REASON,
  REC_SEQUENCE,
  REC_TS_US,
  RECORD_BYTES,
} from '../core/memory/record.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import { Budget, SharedGatewayWord } from './budget.js';
import { capsOf, type VenueCaps } from './caps.js';
import type { Desk, DeskDeps } from './desk.js';
import { IN_AMEND, IN_CANCEL, IN_CREATE, IN_QUERY, WANT_AMEND, WANT_CANCEL } from './orders.js';
import { DROPPED, GatewayPlan, LANE_AMEND, LANE_CANCEL, LANE_HEDGE, LANE_NEW, LANE_QUERY, NO_ROOM, SENT, WaitingRequests } from './plan.js';

export class Requests {
  readonly plans: readonly GatewayPlan[];
  /** Wakes whoever reads the request rings, once a turn: set when something was sent. */
  hasSent = false;
  readonly #desk: Desk;
  readonly #deps: DeskDeps;
  readonly #waiting: WaitingRequests;
  readonly #rings: readonly SpscRing[];
  readonly #words: readonly SharedGatewayWord[];
  readonly #caps: readonly VenueCaps[];
  readonly #senders: readonly ((slot: number, kind: number) => number)[];
  readonly #tickToOrder: Histogram;
  readonly #haltWord: number;
  /** By gateway: why nothing new goes there now. */
  readonly #holds: Uint16Array;

  constructor(desk: Desk, deps: DeskDeps) {
    const { views, plan, tables } = deps;
    this.#desk = desk;
    this.#deps = deps;
    this.#waiting = new WaitingRequests(plan.counts.orderSlots);
    this.#caps = tables.venues.map((venue) => capsOf(venue));
    this.#rings = tables.venues.map(
      (_, gateway) => new SpscRing(views, plan.requests + plan.ringStride * gateway, RECORD_BYTES, plan.counts.ringRecords),
    );
    this.#words = tables.venues.map((_, gateway) => new SharedGatewayWord(views, plan, gateway));
    // An executor that takes over from one that died goes on in its rings.
    this.#words.forEach((word, gateway) => (word.sent = this.#rings[gateway]!.committed()));
    const distance = (slot: number): number => this.#distance(slot);
    this.plans = this.#caps.map((caps, gateway) => new GatewayPlan(this.#waiting, new Budget(caps, this.#words[gateway]!), distance));
    this.#senders = tables.venues.map((_, gateway) => (slot, kind) => this.#send(gateway, slot, kind));
    this.#holds = new Uint16Array(tables.venues.length);
    this.#tickToOrder = new Histogram(views, histogramBase(plan, deps.lane, 'tickToOrder'));
    this.#haltWord = (plan.control + CONTROL_HALT) >> 2;
  }

  // --- gateways

  /** Why new orders of a gateway wait (it is being reconciled) or are refused (it is down); Reason.NONE when they go. */
  hold(gateway: number, reason: number): void {
    this.#holds[gateway] = reason;
  }

  isDown(instrument: number): boolean {
    return this.#holds[this.#desk.risk.limits.venue[instrument]!] === Reason.GATEWAY_DOWN;
  }

  /**
   * Asks a gateway about everything: LIST, FILLS since the wall time `tsUs`, POSITIONS. Returns REC_DECIDED_US of the question, which its answers carry,
   * or 0 when there is no room for it now.
   */
  askAll(gateway: number, kind: number, tsUs: number): number {
    const { views, trail } = this.#desk;
    const ring = this.#rings[gateway]!;
    if (Atomics.load(views.i32, this.#haltWord) === HALT_ALL || !ring.hasRoom(1) || !trail.hasRoom(1)) return 0;
    const sequence = trail.writeAbout(kind, gateway, this.#desk.firstInstrument(gateway), tsUs);
    const { u8, u16, f64 } = views;
    const at = ring.reserve();
    const askedUs = this.#deps.nowUs();
    for (let word = at >> 3; word < (at + RECORD_BYTES) >> 3; word++) f64[word] = 0;
    u8[at + REC_KIND] = kind;
    u8[at + REC_GATEWAY] = gateway;
    u16[(at + REC_PRODUCER) >> 1] = this.#deps.producer;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = sequence;
    f64[(at + REC_DECIDED_US) >> 3] = askedUs;
    f64[(at + REC_TS_US) >> 3] = tsUs;
    this.#words[gateway]!.sent = ring.commit();
    this.hasSent = true;
    return askedUs;
  }

  amendsNatively(slot: number): boolean {
    return this.#caps[this.#desk.orders.gatewayOf(slot)]!.amend === 'native';
  }

  // --- orders

  get isAnyWaiting(): boolean {
    for (const plan of this.plans) if (plan.count > 0) return true;
    return false;
  }

  waitingKind(slot: number): number {
    return this.#waiting.kind[slot]!;
  }

  /** Lets a request wait in its lane; it goes out with the next release, most often in this very turn. */
  plan(slot: number, kind: number): void {
    this.plans[this.#desk.orders.gatewayOf(slot)]!.add(slot, kind, this.#laneOf(slot, kind));
  }

  unplan(slot: number): void {
    this.plans[this.#desk.orders.gatewayOf(slot)]!.remove(slot);
  }

  /** True when what waits for a gateway, with `more` wishes that may be about it, is beyond its budget. */
  isShort(gateway: number, more: number): boolean {
    return this.plans[gateway]!.isShort(this.#desk.nowUs, more);
  }

  /** Hands out what budgets and rings allow. */
  release(gateway: number): number {
    return this.plans[gateway]!.release(this.#desk.nowUs, this.#senders[gateway]!);
  }

  #laneOf(slot: number, kind: number): number {
    if (kind === RecordKind.CANCEL) return LANE_CANCEL;
    if (kind === RecordKind.QUERY) return LANE_QUERY;
    if (kind === RecordKind.AMEND) return LANE_AMEND;
    return (this.#desk.views.u8[this.#desk.orders.base(slot) + REC_FLAGS]! & FLAG_HEDGE) !== 0 ? LANE_HEDGE : LANE_NEW;
  }

  #distance(slot: number): number {
    const { orders, risk, nowUs } = this.#desk;
    const ticks = this.#waiting.kind[slot] === RecordKind.AMEND ? orders.newTicks[slot]! : orders.priceOf(slot);
    return risk.distance(orders.instrumentOf(slot), ticks, nowUs);
  }

  /** One request into its ring, journaled first. The halt word is read last. */
  #send(gateway: number, slot: number, kind: number): number {
    const { orders, trail } = this.#desk;
    const isNew = kind === RecordKind.CREATE || kind === RecordKind.AMEND;
    const strategy = orders.strategyOf(slot);
    const ring = this.#rings[gateway]!;
    const halt = Atomics.load(this.#desk.views.i32, this.#haltWord);
    if (halt === HALT_ALL) return NO_ROOM;
    if (!ring.hasRoom(1) || !trail.hasRoom(1) || !trail.canTell(strategy, 1)) return NO_ROOM;
    const refusal = !isNew ? Reason.NONE : halt !== HALT_NONE ? Reason.HALTED : this.#desk.blocked(1);
    if (refusal === Reason.JOURNAL_FULL || (isNew && this.#holds[gateway] !== Reason.NONE)) return NO_ROOM;
    if (refusal !== Reason.NONE) {
      if (kind === RecordKind.CREATE) this.#desk.dropUnsent(slot, RecordKind.DENIED, refusal);
      else this.#desk.refuseAmend(slot, refusal);
      return DROPPED;
    }
    this.#beforeSend(slot, kind);
    const nowUs = this.#deps.nowUs();
    const tsUs = this.#deps.wallUs(this.#desk.nowUs);
    const sequence = trail.writeRequest(kind, slot, tsUs, nowUs);
    this.#writeRequest(ring.reserve(), slot, kind, sequence, nowUs);
    if (kind === RecordKind.QUERY) orders.askedUs[slot] = nowUs;
    this.#words[gateway]!.sent = ring.commit();
    this.hasSent = true;
    const causeUs = orders.causeUs[slot]!;
    if (causeUs > 0) {
      orders.causeUs[slot] = 0;
      this.#tickToOrder.record(nowUs - causeUs);
    }
    return SENT;
  }

  #beforeSend(slot: number, kind: number): void {
    const { orders, trail } = this.#desk;
    const counters = trail.counters[orders.strategyOf(slot)]!;
    orders.sentUs[slot] = this.#desk.nowUs;
    orders.askUs[slot] = Infinity;
    const inflight = orders.inflight[slot]!;
    if (kind === RecordKind.CREATE) {
      orders.createdUs[slot] = this.#desk.nowUs;
      this.#desk.setInflight(slot, inflight | IN_CREATE);
      this.#desk.move(slot, OrderState.PENDING);
      counters.add('sent');
    } else if (kind === RecordKind.CANCEL) {
      orders.wants[slot] = orders.wants[slot]! & ~WANT_CANCEL;
      this.#desk.setInflight(slot, inflight | IN_CANCEL);
      if (!isTerminal(orders.state(slot))) this.#desk.move(slot, OrderState.CANCELLING);
      counters.add('cancelRequests');
      this.#desk.risk.rate.moved(orders.strategyOf(slot));
    } else if (kind === RecordKind.AMEND) {
      orders.wants[slot] = orders.wants[slot]! & ~WANT_AMEND;
      this.#desk.setInflight(slot, inflight | IN_AMEND);
      this.#desk.move(slot, OrderState.AMENDING);
      counters.add('amendRequests');
      this.#desk.risk.rate.moved(orders.strategyOf(slot));
    } else {
      this.#desk.setInflight(slot, inflight | IN_QUERY);
    }
  }

  #writeRequest(at: number, slot: number, kind: number, sequence: number, nowUs: number): void {
    const { u8, u16, i32, f64 } = this.#desk.views;
    const base = this.#desk.orders.base(slot);
    u8.copyWithin(at, base, base + RECORD_BYTES);
    u8[at + REC_KIND] = kind;
    u16[(at + REC_REASON) >> 1] = Reason.NONE;
    i32[(at + REC_SEQUENCE) >> 2] = 0;
    u16[(at + REC_PRODUCER) >> 1] = this.#deps.producer;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = sequence;
    f64[(at + REC_DECIDED_US) >> 3] = nowUs;
    f64[(at + REC_CAUSE_US) >> 3] = this.#desk.orders.causeUs[slot]!;
    if (kind === RecordKind.AMEND) {
      f64[(at + REC_PRICE) >> 3] = this.#desk.orders.newTicks[slot]!;
      f64[(at + REC_QTY) >> 3] = this.#desk.orders.newLots[slot]!;
    }
  }
}
