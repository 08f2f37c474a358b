/**
 * What a venue's answers do to our orders. Called by the executor on the hot lane, one outcome at a time, room in journal and event ring asked for before.
 * Answers come late, twice, out of order, or not at all: every handler says what it makes of an answer that does not fit the order's state. Only the venue's
 * word ends an order; what was counted once is not counted again.
 */
import {
  RecordKind,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE_ASSET,
  REC_GATEWAY,
  REC_KIND,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_STRATEGY,
  REC_TS_US,
} from '../core/memory/record.js';
import type { Histogram } from '../core/memory/histogram.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import type { Doubts } from './doubts.js';
import type { Endings } from './endings.js';
import type { Fills } from './fills.js';
import {
  IN_AMEND,
  IN_CANCEL,
  IN_CREATE,
  IN_QUERY,
  IS_ACKED,
  IS_KNOWN,
  IS_REPLACEMENT,
  REPLACING,
  TERMS_OPEN,
  WANT_CANCEL,
} from './orders.js';

/** Times the venue must say that it does not know an order which it once acknowledged. */
const MISSES_OF_KNOWN = 3;

/** Most journal entries and events of one outcome: a fill, the end that waited for it, and two audit rows. */
const MOST_ENTRIES = 4;
const MOST_EVENTS = 2;

export interface OutcomesDeps {
  readonly desk: Desk;
  readonly doubts: Doubts;
  readonly endings: Endings;
  readonly fills: Fills;
  /** Takes outcomes about a gateway rather than an order. */
  readonly reconciler: { apply(at: number, kind: number, tsUs: number): boolean };
  readonly orderToAck: Histogram;
  readonly wallUs: (nowUs: number) => number;
}

export class Outcomes {
  readonly #desk: Desk;
  readonly #doubts: Doubts;
  readonly #endings: Endings;
  readonly #fills: Fills;
  readonly #reconciler: OutcomesDeps['reconciler'];
  readonly #orderToAck: Histogram;
  readonly #wallUs: (nowUs: number) => number;

  constructor({ desk, doubts, endings, fills, reconciler, orderToAck, wallUs }: OutcomesDeps) {
    this.#desk = desk;
    this.#doubts = doubts;
    this.#endings = endings;
    this.#fills = fills;
    this.#reconciler = reconciler;
    this.#orderToAck = orderToAck;
    this.#wallUs = wallUs;
  }

  /** Applies the outcome at byte `at`. False: no room in the journal or the strategy's events, it stays where it is. */
  apply(at: number): boolean {
    const desk = this.#desk;
    const { u8, u16, f64 } = desk.views;
    const kind = u8[at + REC_KIND]!;
    const strategy = u16[(at + REC_STRATEGY) >> 1]!;
    if (!desk.trail.hasRoom(MOST_ENTRIES)) return false;
    const slot = desk.orders.find(f64[(at + REC_ORDER_ID) >> 3]!);
    const isOrder = kind < RecordKind.FUNDING;
    if (isOrder && !desk.trail.canTell(slot < 0 ? strategy : desk.orders.strategyOf(slot), MOST_EVENTS)) return false;
    const told = f64[(at + REC_TS_US) >> 3]!;
    const tsUs = told > 0 ? told : this.#wallUs(desk.nowUs);
    if (this.#reconciler.apply(at, kind, tsUs)) return true;
    if (kind === RecordKind.FUNDING) this.#fills.onFunding(at, tsUs);
    else if (kind === RecordKind.BALANCE) this.#onBalance(at, told);
    else if (slot >= 0) this.#onKnown(slot, at, kind, tsUs);
    else if (kind === RecordKind.FILL) this.#fills.onStray(at, tsUs);
    // The table forgot the order: whatever else is said of it is late news.
    else desk.trail.counters[strategy]?.add('late');
    return true;
  }

  #onBalance(at: number, toldUs: number): void {
    const desk = this.#desk;
    const { u8, u16, f64 } = desk.views;
    const asset = u16[(at + REC_FEE_ASSET) >> 1]!;
    // A reading that was asked for is as of the question: what filled while it was read may not be in it.
    const askedUs = f64[(at + REC_DECIDED_US) >> 3]!;
    if (askedUs > 1) toldUs = this.#wallUs(askedUs);
    desk.risk.funds.told(u8[at + REC_GATEWAY]!, asset, f64[(at + REC_QTY) >> 3]!, f64[(at + REC_CUM) >> 3]!, toldUs);
  }

  /** One outcome of an order in the table, and the audit row when an answer to a question put our picture of it right. */
  #onKnown(slot: number, at: number, kind: number, tsUs: number): void {
    const { orders, views } = this.#desk;
    const orderId = orders.orderIdOf(slot);
    const before = orders.state(slot);
    const wasLeaving = (orders.inflight[slot]! & IN_CANCEL) !== 0 || (orders.wants[slot]! & WANT_CANCEL) !== 0;
    const decidedUs = views.f64[(at + REC_DECIDED_US) >> 3]!;
    const isAnswer = decidedUs > 0 && decidedUs === orders.askedUs[slot];
    this.#onOrder(slot, at, kind, tsUs);
    // A replacement may have taken the slot at once.
    if (isTerminal(before) || orders.orderIdOf(slot) !== orderId) return;
    const after = orders.state(slot);
    if (before === OrderState.UNKNOWN && after !== OrderState.UNKNOWN) this.#desk.repair(slot, Reason.UNKNOWN_RESOLVED, tsUs);
    else if (isAnswer && kind !== RecordKind.FILL && isTerminal(after) && !wasLeaving && after !== OrderState.FILLED)
      this.#desk.repair(slot, Reason.GHOST_RETIRED, tsUs);
  }

  #onOrder(slot: number, at: number, kind: number, tsUs: number): void {
    const { u16 } = this.#desk.views;
    const reason = u16[(at + REC_REASON) >> 1]!;
    this.#stampAck(slot, kind);
    switch (kind) {
      case RecordKind.ACK:
        return this.#onAck(slot, at, tsUs);
      case RecordKind.FILL:
        return this.#fills.onFill(slot, at, tsUs);
      case RecordKind.REJECT:
        return this.#onReject(slot, reason, tsUs);
      case RecordKind.AMENDED:
        return this.#onAmended(slot, at, tsUs);
      case RecordKind.AMEND_REJECT:
        return this.#onAmendReject(slot, reason, tsUs);
      case RecordKind.CANCELLED:
      case RecordKind.EXPIRED:
        return this.#onEnded(slot, at, kind, reason, tsUs);
      case RecordKind.CANCEL_REJECT:
        return this.#onCancelReject(slot, reason, tsUs);
      case RecordKind.UNKNOWN:
        return this.#doubts.lost(slot, reason === Reason.NONE ? Reason.TIMEOUT : reason, tsUs);
      case RecordKind.NOT_FOUND:
        return this.#onNotFound(slot, at, tsUs);
      default:
        return this.#doubts.late(slot);
    }
  }

  #stampAck(slot: number, kind: number): void {
    if (kind === RecordKind.UNKNOWN || kind === RecordKind.FILL) return;
    const { orders, nowUs } = this.#desk;
    if ((orders.inflight[slot]! & (IN_CREATE | IN_AMEND | IN_CANCEL)) !== 0) this.#orderToAck.record(nowUs - orders.sentUs[slot]!);
  }

  #onAck(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    const { f64 } = desk.views;
    const inflight = orders.inflight[slot]!;
    const wasAsked = this.#doubts.isAnswer(slot, at);
    const isFirst = (orders.wants[slot]! & IS_ACKED) === 0;
    if (isTerminal(orders.state(slot))) return this.#endings.ghost(slot, wasAsked);
    if (!isFirst && !wasAsked) return this.#doubts.duplicate(slot);
    desk.markKnown(slot);
    orders.wants[slot] = orders.wants[slot]! | IS_ACKED;
    orders.misses[slot] = 0;
    const venueCum = f64[(at + REC_CUM) >> 3]!;
    if (venueCum > orders.venueCum[slot]!) orders.venueCum[slot] = venueCum;
    const wasAmending = wasAsked && (inflight & IN_AMEND) !== 0;
    const isAmended = wasAmending && this.#hasNewTerms(slot, at);
    if (wasAsked) {
      // The venue's word answers everything that was under way.
      if ((inflight & IN_CANCEL) !== 0) orders.wants[slot] = orders.wants[slot] | WANT_CANCEL;
      desk.setInflight(slot, 0);
      orders.wants[slot] = orders.wants[slot] & ~TERMS_OPEN;
      orders.tries[slot] = 0;
      this.#takeTerms(slot, at, tsUs);
    } else {
      desk.setInflight(slot, inflight & ~IN_CREATE);
    }
    desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.ACK, slot, Reason.NONE, tsUs);
    const isReplacement = isFirst && (orders.wants[slot] & IS_REPLACEMENT) !== 0;
    if (isAmended) trail.counters[desk.orders.strategyOf(slot)]!.add('amended');
    if (wasAmending && !isAmended) trail.tell(RecordKind.AMEND_REJECT, slot, Reason.TIMEOUT, tsUs);
    else trail.tell(isReplacement || isAmended ? RecordKind.AMENDED : RecordKind.ACK, slot, Reason.NONE, tsUs);
    this.#endings.goOn(slot);
  }

  /** Price and quantity by the venue's word, unless it spoke of them later already. */
  #takeTerms(slot: number, at: number, tsUs: number): void {
    const { orders, views } = this.#desk;
    const [ticks, lots] = [views.f64[(at + REC_PRICE) >> 3]!, views.f64[(at + REC_QTY) >> 3]!];
    if (!(ticks > 0 && lots > 0) || tsUs < orders.termsUs[slot]!) return;
    orders.termsUs[slot] = tsUs;
    this.#desk.setTerms(slot, ticks, lots);
  }

  #hasNewTerms(slot: number, at: number): boolean {
    const { orders, views } = this.#desk;
    return views.f64[(at + REC_PRICE) >> 3] === orders.newTicks[slot] && views.f64[(at + REC_QTY) >> 3] === orders.newLots[slot];
  }

  #onReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (isTerminal(orders.state(slot))) return this.#doubts.late(slot);
    // A refusal of an order that was seen alive is not believed: the venue is asked.
    if ((orders.wants[slot]! & IS_KNOWN) !== 0) return this.#doubts.doubt(slot);
    this.#endings.retire(slot, RecordKind.REJECT, OrderState.REJECTED, reason, tsUs, 'rejected');
  }

  #onAmended(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    const { f64 } = desk.views;
    if (isTerminal(orders.state(slot))) return this.#doubts.late(slot);
    const [ticks, lots] = [f64[(at + REC_PRICE) >> 3]!, f64[(at + REC_QTY) >> 3]!];
    // Not waited for any more, but news: the venue's terms hold.
    const isOther = (ticks > 0 && ticks !== desk.orders.priceOf(slot)) || (lots > 0 && lots !== desk.orders.qtyOf(slot));
    const isNews = isOther && tsUs >= orders.termsUs[slot]!;
    if ((orders.inflight[slot]! & IN_AMEND) === 0 && !isNews) return this.#doubts.duplicate(slot);
    // The amend before, told again while the next one is under way, is no answer to that: its quantity may still be about to grow.
    const isTold = ticks > 0 && lots > 0 && !isOther && tsUs <= orders.termsUs[slot]!;
    if (isTold && !this.#hasNewTerms(slot, at)) return this.#doubts.duplicate(slot);
    desk.markKnown(slot);
    if (ticks > 0 && lots > 0) this.#takeTerms(slot, at, tsUs);
    else desk.setTerms(slot, orders.newTicks[slot]!, orders.newLots[slot]!);
    desk.setInflight(slot, orders.inflight[slot]! & ~(IN_AMEND | IN_CREATE));
    orders.wants[slot] = (orders.wants[slot]! & ~TERMS_OPEN) | IS_ACKED;
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    trail.counters[desk.orders.strategyOf(slot)]!.add('amended');
    desk.rehold(slot);
    trail.write(RecordKind.AMENDED, slot, Reason.NONE, tsUs);
    trail.tell(RecordKind.AMENDED, slot, Reason.NONE, tsUs);
    this.#endings.goOn(slot);
  }

  #onAmendReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (isTerminal(orders.state(slot))) return this.#doubts.late(slot);
    if ((orders.inflight[slot]! & IN_AMEND) === 0) return this.#doubts.duplicate(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_AMEND);
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.AMEND_REJECT, slot, reason, tsUs);
    trail.tell(RecordKind.AMEND_REJECT, slot, reason, tsUs);
    if (this.#endings.completes(slot)) return;
    // No longer there: the venue says how it ended.
    if (reason === Reason.UNKNOWN_ORDER) this.#doubts.ask(slot);
    else this.#endings.goOn(slot);
  }

  #onEnded(slot: number, at: number, kind: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (isTerminal(orders.state(slot))) {
      if ((orders.inflight[slot]! & (IN_CANCEL | IN_QUERY)) !== 0) desk.setInflight(slot, 0);
      return this.#doubts.late(slot);
    }
    desk.markKnown(slot);
    const venueCum = desk.views.f64[(at + REC_CUM) >> 3]!;
    if (venueCum > orders.venueCum[slot]!) orders.venueCum[slot] = venueCum;
    if (orders.venueCum[slot]! > desk.orders.cumOf(slot)) {
      // Its last fills are still on their way (or lost): it ends when they are here.
      orders.endKind[slot] = kind;
      orders.endReason[slot] = reason;
      desk.setInflight(slot, 0);
      if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, OrderState.CANCELLING);
      desk.requests.unplan(slot);
      return this.#doubts.askLater(slot);
    }
    return this.#endings.end(slot, kind, reason, tsUs);
  }

  #onCancelReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (isTerminal(orders.state(slot))) {
      desk.setInflight(slot, orders.inflight[slot]! & ~IN_CANCEL);
      return this.#doubts.late(slot);
    }
    if ((orders.inflight[slot]! & IN_CANCEL) === 0) return this.#doubts.duplicate(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_CANCEL);
    // It is gone: filled, ended, or never there. Only the venue's own account of it ends it here.
    if (reason === Reason.UNKNOWN_ORDER) return this.#doubts.ask(slot);
    const wasReplacing = (orders.wants[slot]! & REPLACING) !== 0;
    orders.wants[slot] = orders.wants[slot]! & ~REPLACING;
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.CANCEL_REJECT, slot, reason, tsUs);
    trail.tell(wasReplacing ? RecordKind.AMEND_REJECT : RecordKind.CANCEL_REJECT, slot, reason, tsUs);
    this.#endings.goOn(slot);
  }

  #onNotFound(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (!this.#doubts.isAnswer(slot, at)) return this.#doubts.late(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_QUERY);
    if (isTerminal(orders.state(slot))) return;
    if ((orders.wants[slot]! & IS_KNOWN) === 0) {
      if (desk.nowUs - orders.createdUs[slot]! < this.#doubts.times.notFoundGraceUs) {
        orders.askUs[slot] = desk.nowUs + this.#doubts.times.notFoundGraceUs;
        return;
      }
      this.#endings.retire(slot, RecordKind.NOT_FOUND, OrderState.REJECTED, Reason.UNKNOWN_ORDER, tsUs, 'rejected');
      return;
    }
    orders.misses[slot] = orders.misses[slot]! + 1;
    if (orders.misses[slot] < MISSES_OF_KNOWN) this.#doubts.askLater(slot);
    else this.#endings.end(slot, RecordKind.CANCELLED, Reason.UNKNOWN_ORDER, tsUs);
  }
}
