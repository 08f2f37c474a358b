/**
 * What the executor writes for others to read: journal entries and order events, each a copy of the order's slot with what just happened. Hot lane only.
 * New orders leave a reserve in the journal ring: cancels, outcomes and denials can still be written when the writer is behind.
 */
import {
  CounterBlock,
  COUNTER_BLOCK_BYTES,
  ORDER_COUNTERS,
  ReasonCounts,
  REASON_BLOCK_BYTES,
  type OrderCounter,
} from '../core/memory/counters.js';
import { CONTROL_RUN, RUN_STARTING, type MemoryPlan } from '../core/memory/layout.js';
import {
  RecordKind,
  REC_CAUSE_US,
  REC_CLIENT_SEQ,
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
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
  FLAG_MAKER,
} from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { OrderTable } from './orders.js';
import type { Draft } from './risk/draft.js';

/** A strategy that took no event for this long is taken for dead: it loses events (counted; slots and journal have the truth), nobody waits for it. */
const DEAF_AFTER_US = 1_000_000;
/** A refusal that holds for everything (disk full, journal behind) is audited this often per strategy: the audit must not eat the reserve. */
const BLOCK_AUDIT_EVERY_US = 1_000_000;

/** What a reading of positions and wallets did not agree with. */
export interface Difference {
  readonly reason: number;
  readonly gateway: number;
  readonly instrument: number;
  readonly asset: number;
  readonly theirs: number;
  readonly ours: number;
}

export interface TrailDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly orders: OrderTable;
  readonly journal: SpscRing;
  readonly producer: number;
  readonly wallUs: (nowUs: number) => number;
}

export class Trail {
  readonly counters: readonly CounterBlock<OrderCounter>[];
  readonly #views: SharedViews;
  readonly #runWord: number;
  readonly #orders: OrderTable;
  readonly #journal: SpscRing;
  readonly #producer: number;
  readonly #reserve: number;
  readonly #wallUs: (nowUs: number) => number;
  readonly #events: readonly SpscRing[];
  readonly #fullSinceUs: Float64Array;
  readonly #auditUs: Float64Array;
  readonly #reasons: readonly ReasonCounts[];
  /** Entries committed; the lane below must be woken for them. */
  written = 0;
  nowUs = 0;

  constructor({ views, plan, orders, journal, producer, wallUs }: TrailDeps) {
    const strategies = plan.counts.strategies;
    const each = <T>(make: (strategy: number) => T): T[] => Array.from({ length: strategies }, (_, index) => make(index));
    this.#views = views;
    this.#runWord = (plan.control + CONTROL_RUN) >> 2;
    this.#orders = orders;
    this.#journal = journal;
    this.#producer = producer;
    this.#reserve = journal.capacity >> 2;
    this.#wallUs = wallUs;
    this.#events = each((k) => new SpscRing(views, plan.events + plan.ringStride * k, RECORD_BYTES, plan.counts.ringRecords));
    this.counters = each((k) => new CounterBlock(views, plan.orderCounters + COUNTER_BLOCK_BYTES * k, ORDER_COUNTERS));
    this.#reasons = each((k) => new ReasonCounts(views, plan.riskReasons + REASON_BLOCK_BYTES * k));
    this.#fullSinceUs = new Float64Array(strategies).fill(Number.NaN);
    this.#auditUs = new Float64Array(strategies).fill(-Infinity);
  }

  /** Room for entries that must not wait for the writer: cancels, outcomes. */
  hasRoom(entries: number): boolean {
    return this.#journal.hasRoom(entries);
  }

  /** Room for new orders: what remains belongs to cancels. */
  hasRoomForNew(entries: number): boolean {
    return this.#journal.hasRoom(this.#reserve + entries);
  }

  /** The strategy can be told that many things now, or it is deaf and nobody waits for it. Before trading starts no strategy listens: events wait. */
  canTell(strategy: number, events: number): boolean {
    const ring = this.#events[strategy];
    if (ring === undefined || ring.hasRoom(events)) {
      this.#fullSinceUs[strategy] = Number.NaN;
      return true;
    }
    if (this.#views.i32[this.#runWord] === RUN_STARTING) return false;
    if (Number.isNaN(this.#fullSinceUs[strategy]!)) this.#fullSinceUs[strategy] = this.nowUs;
    return this.nowUs - this.#fullSinceUs[strategy]! > DEAF_AFTER_US;
  }

  /** Journals an order's slot as it now stands. Room was asked for. @returns position in the journal ring */
  write(kind: number, slot: number, reason: number, tsUs: number): number {
    const at = this.#copySlot(this.#journal.reserve(), kind, slot, reason, tsUs);
    this.#views.u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    return this.#commit();
  }

  /** An entry about a venue rather than an order: a question about everything, or how far the venue's list of fills is known to be complete. */
  writeAbout(kind: number, gateway: number, instrument: number, tsUs: number): number {
    this.#blank(this.#journal.reserve(), kind, gateway, instrument, tsUs);
    return this.#commit();
  }

  /** Audit: our picture of an order was put right by the venue's word. Room was asked for. */
  repair(slot: number, reason: number, tsUs: number): void {
    this.write(RecordKind.REPAIR, slot, reason, tsUs);
  }

  /** As above, of an order that the table does not have. */
  repairOutcome(outcome: number, reason: number, tsUs: number): void {
    const { u8, u16, i32, f64 } = this.#views;
    const at = this.#journal.reserve();
    u8.copyWithin(at, outcome, outcome + RECORD_BYTES);
    u8[at + REC_KIND] = RecordKind.REPAIR;
    u16[(at + REC_REASON) >> 1] = reason;
    u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    i32[(at + REC_SEQUENCE) >> 2] = 0;
    f64[(at + REC_TS_US) >> 3] = tsUs;
    this.#commit();
  }

  /** Audit: a position (`asset` 0) or a balance is not what the venue says. Nothing is put right. */
  differs(about: Difference, tsUs: number): void {
    const { u16, f64 } = this.#views;
    const at = this.#blank(this.#journal.reserve(), RecordKind.REPAIR, about.gateway, about.instrument, tsUs);
    u16[(at + REC_REASON) >> 1] = about.reason;
    u16[(at + REC_FEE_ASSET) >> 1] = about.asset;
    f64[(at + REC_QTY) >> 3] = about.theirs;
    f64[(at + REC_CUM) >> 3] = about.ours;
    this.#commit();
  }

  /** From where a loss limit counts. @param result of the strategy on the instrument, in 1e-8 of its settle asset */
  lossMark(strategy: number, instrument: number, reason: number, result: number, isReached: boolean, tsUs: number): void {
    const { u8, u16, f64 } = this.#views;
    const at = this.#blank(this.#journal.reserve(), RecordKind.LOSS_MARK, 0, instrument, tsUs);
    u8[at + REC_STATE] = isReached ? 1 : 0;
    u16[(at + REC_STRATEGY) >> 1] = strategy;
    u16[(at + REC_REASON) >> 1] = reason;
    f64[(at + REC_FEE) >> 3] = result;
    this.#commit();
  }

  /** Audit: a loss limit changed the trading state. @param loss in units of `asset` */
  stateChanged(reason: number, state: number, asset: number, loss: number, tsUs: number): void {
    const { u8, u16, f64 } = this.#views;
    const at = this.#blank(this.#journal.reserve(), RecordKind.HALT, 0, 0, tsUs);
    u8[at + REC_STATE] = state;
    u16[(at + REC_REASON) >> 1] = reason;
    u16[(at + REC_FEE_ASSET) >> 1] = asset;
    f64[(at + REC_FEE) >> 3] = Math.round(loss * 1e8);
    this.#commit();
  }

  /** The entry of a request as it leaves the plan: the slot, with the terms that an amend asks for. `leftUs`: monotonic; the time to durable counts from it. */
  writeRequest(kind: number, slot: number, tsUs: number, leftUs: number): number {
    const { u16, f64 } = this.#views;
    const at = this.#copySlot(this.#journal.reserve(), kind, slot, Reason.NONE, tsUs);
    f64[(at + REC_DECIDED_US) >> 3] = leftUs;
    if (kind === RecordKind.AMEND) {
      f64[(at + REC_PRICE) >> 3] = this.#orders.newTicks[slot]!;
      f64[(at + REC_QTY) >> 3] = this.#orders.newLots[slot]!;
    }
    u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    return this.#commit();
  }

  /** The entry of a fill: the slot plus what filled, taken from the outcome's record. */
  writeFill(slot: number, outcome: number, tsUs: number): void {
    const at = this.#copySlot(this.#journal.reserve(), RecordKind.FILL, slot, Reason.NONE, tsUs);
    this.#copyFill(at, outcome);
    this.#views.u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    this.#commit();
  }

  /** An outcome of an order that the table does not know, or of none: as the gateway wrote it. */
  writeOutcome(outcome: number, tsUs: number): void {
    const at = this.#journal.reserve();
    this.#views.u8.copyWithin(at, outcome, outcome + RECORD_BYTES);
    this.#views.i32[(at + REC_SEQUENCE) >> 2] = 0;
    this.#views.f64[(at + REC_TS_US) >> 3] = tsUs;
    this.#views.u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    this.#commit();
  }

  tell(kind: number, slot: number, reason: number, tsUs: number): void {
    const strategy = this.#views.u16[(this.#orders.base(slot) + REC_STRATEGY) >> 1]!;
    const at = this.#event(strategy);
    if (at < 0) return;
    this.#copySlot(at, kind, slot, reason, tsUs);
    this.#events[strategy]!.commit();
  }

  tellFill(slot: number, outcome: number, tsUs: number): void {
    const strategy = this.#views.u16[(this.#orders.base(slot) + REC_STRATEGY) >> 1]!;
    const at = this.#event(strategy);
    if (at < 0) return;
    this.#copySlot(at, RecordKind.FILL, slot, Reason.NONE, tsUs);
    this.#copyFill(at, outcome);
    this.#events[strategy]!.commit();
  }

  /** An outcome of an order that the table does not know, told as it came. */
  tellOutcome(strategy: number, outcome: number, tsUs: number): void {
    const at = this.#event(strategy);
    if (at < 0) return;
    this.#views.u8.copyWithin(at, outcome, outcome + RECORD_BYTES);
    this.#views.i32[(at + REC_SEQUENCE) >> 2] = 0;
    this.#views.f64[(at + REC_TS_US) >> 3] = tsUs;
    this.#events[strategy]!.commit();
  }

  /**
   * A wish that was refused: told, counted by reason, and journaled as an audit row. A live order that keeps standing (a refused amend or cancel) is told as
   * such by `kind`; its audit row names no order, so that no fold takes it for the order's end.
   */
  deny(draft: Draft, kind: number, orderId: number, reason: number, isRisk: boolean): void {
    const tsUs = this.#wallUs(this.nowUs);
    if (isRisk) {
      this.counters[draft.strategy]!.add('denied');
      this.#reasons[draft.strategy]!.add(reason);
      if (this.#shouldAudit(draft.strategy, reason)) {
        this.#writeDraft(this.#journal.reserve(), draft, RecordKind.DENIED, 0, reason, tsUs);
        this.#commit();
      }
    }
    const at = this.#event(draft.strategy);
    if (at < 0) return;
    this.#writeDraft(at, draft, kind, orderId, reason, tsUs);
    this.#events[draft.strategy]!.commit();
  }

  #shouldAudit(strategy: number, reason: number): boolean {
    const isBlock = reason === Reason.JOURNAL_FULL || reason === Reason.DISK_FULL || reason === Reason.JOURNAL_FAILED;
    if (isBlock) {
      if (this.nowUs - this.#auditUs[strategy]! < BLOCK_AUDIT_EVERY_US) return false;
      this.#auditUs[strategy] = this.nowUs;
    }
    return this.#journal.hasRoom((this.#reserve >> 1) + 1);
  }

  #blank(at: number, kind: number, gateway: number, instrument: number, tsUs: number): number {
    const { u8, u16, u32, f64 } = this.#views;
    for (let word = at >> 3; word < (at + RECORD_BYTES) >> 3; word++) f64[word] = 0;
    u8[at + REC_KIND] = kind;
    u8[at + REC_GATEWAY] = gateway;
    u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    u32[(at + REC_INSTRUMENT) >> 2] = instrument;
    f64[(at + REC_TS_US) >> 3] = tsUs;
    return at;
  }

  #commit(): number {
    this.written++;
    return this.#journal.commit();
  }

  #event(strategy: number): number {
    const ring = this.#events[strategy];
    if (ring === undefined) return -1;
    const at = ring.reserve();
    if (at < 0) this.counters[strategy]!.add('eventsLost');
    return at;
  }

  #copySlot(at: number, kind: number, slot: number, reason: number, tsUs: number): number {
    const { u8, u16, i32, f64 } = this.#views;
    const base = this.#orders.base(slot);
    u8.copyWithin(at, base, base + RECORD_BYTES);
    i32[(at + REC_SEQUENCE) >> 2] = 0;
    u8[at + REC_KIND] = kind;
    u16[(at + REC_REASON) >> 1] = reason;
    f64[(at + REC_TS_US) >> 3] = tsUs;
    return at;
  }

  #copyFill(at: number, outcome: number): void {
    const { u8, u16, f64 } = this.#views;
    f64[(at + REC_FILL_PRICE) >> 3] = f64[(outcome + REC_FILL_PRICE) >> 3]!;
    f64[(at + REC_FILL_QTY) >> 3] = f64[(outcome + REC_FILL_QTY) >> 3]!;
    f64[(at + REC_FEE) >> 3] = f64[(outcome + REC_FEE) >> 3]!;
    f64[(at + REC_TRADE_ID) >> 3] = f64[(outcome + REC_TRADE_ID) >> 3]!;
    u16[(at + REC_FEE_ASSET) >> 1] = u16[(outcome + REC_FEE_ASSET) >> 1]!;
    u8[at + REC_FLAGS] = (u8[at + REC_FLAGS]! & ~FLAG_MAKER) | (u8[outcome + REC_FLAGS]! & FLAG_MAKER);
  }

  #writeDraft(at: number, draft: Draft, kind: number, orderId: number, reason: number, tsUs: number): void {
    const { u8, u16, u32, f64 } = this.#views;
    for (let word = at >> 3; word < (at + RECORD_BYTES) >> 3; word++) f64[word] = 0;
    u8[at + REC_KIND] = kind;
    u8[at + REC_SIDE] = draft.side;
    u8[at + REC_FLAGS] = draft.flags;
    u8[at + REC_TIF] = draft.timeInForce;
    u8[at + REC_PNL_KIND] = draft.pnlKind;
    u8[at + REC_GROUP_LEGS] = draft.groupLegs;
    u8[at + REC_GATEWAY] = 0;
    u8[at + REC_STATE] = orderId === 0 ? OrderState.DENIED : OrderState.NONE;
    u16[(at + REC_STRATEGY) >> 1] = draft.strategy;
    u16[(at + REC_REASON) >> 1] = reason;
    u16[(at + REC_GROUP) >> 1] = draft.group;
    u16[(at + REC_PRODUCER) >> 1] = this.#producer;
    u16[(at + REC_CLIENT_SEQ) >> 1] = draft.clientSeq;
    u32[(at + REC_INSTRUMENT) >> 2] = draft.instrument;
    u32[(at + REC_LEVEL) >> 2] = draft.level;
    f64[(at + REC_ORDER_ID) >> 3] = orderId;
    f64[(at + REC_PRICE) >> 3] = draft.priceTicks;
    f64[(at + REC_QTY) >> 3] = draft.qtyLots;
    f64[(at + REC_CUM) >> 3] = 0;
    f64[(at + REC_CAUSE_US) >> 3] = draft.causeUs;
    f64[(at + REC_DECIDED_US) >> 3] = this.nowUs;
    f64[(at + REC_TS_US) >> 3] = tsUs;
  }
}
