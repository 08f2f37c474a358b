/**
 * What a venue's answers do to our orders. Called by the executor on the hot lane, one outcome at a time, room in journal and event ring asked for before.
 * Answers come late, twice, out of order, or not at all: every handler says what it makes of an answer that does not fit the order's state. Only the venue's
 * word ends an order; what was counted once is not counted again.
 */
import {
  RecordKind,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_GATEWAY,
  REC_INSTRUMENT,
  REC_KIND,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STRATEGY,
  REC_TRADE_ID,
  REC_TS_US,
  SIDE_BUY,
} from '../core/memory/record.js';
import type { Histogram } from '../core/memory/histogram.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import {
  IN_AMEND,
  IN_CANCEL,
  IN_CREATE,
  IN_QUERY,
  IS_ACKED,
  IS_KNOWN,
  IS_REPLACEMENT,
  REPLACING,
  WANT_AMEND,
  WANT_CANCEL,
} from './orders.js';
import { Draft } from './risk/draft.js';

/** Times the venue must say that it does not know an order which it once acknowledged. */
const MISSES_OF_KNOWN = 3;

export interface AnswerTimes {
  /** A request without an answer for this long has an unknown outcome. */
  readonly answerTimeoutUs: number;
  /** Longest pause between two questions about one order. */
  readonly askMostUs: number;
  /** A create younger than this may still be on its way when the venue does not know it yet. */
  readonly notFoundGraceUs: number;
}

export class Outcomes {
  readonly #desk: Desk;
  readonly #times: AnswerTimes;
  readonly #orderToAck: Histogram;
  readonly #wallUs: (nowUs: number) => number;
  readonly #draft = new Draft();
  /** Takes outcomes about a gateway rather than an order; set once by the executor. */
  reconciler: { apply(at: number, kind: number, tsUs: number): boolean } | null = null;

  constructor(desk: Desk, times: AnswerTimes, orderToAck: Histogram, wallUs: (nowUs: number) => number) {
    this.#desk = desk;
    this.#times = times;
    this.#orderToAck = orderToAck;
    this.#wallUs = wallUs;
  }

  /** Applies the outcome at byte `at`. False: no room in the journal or the strategy's events, it stays where it is. */
  apply(at: number): boolean {
    const desk = this.#desk;
    const { u8, u16, f64 } = desk.views;
    const kind = u8[at + REC_KIND]!;
    if (kind === RecordKind.BALANCE) {
      const venue = u8[at + REC_GATEWAY]!;
      desk.risk.funds.told(venue, u16[(at + REC_FEE_ASSET) >> 1]!, f64[(at + REC_QTY) >> 3]!, f64[(at + REC_CUM) >> 3]!);
      return true;
    }
    const strategy = u16[(at + REC_STRATEGY) >> 1]!;
    // At most two entries and two events for one outcome: an end, and the refusal of the amend that was under way.
    if (!desk.trail.hasRoom(2)) return false;
    const slot = desk.orders.find(f64[(at + REC_ORDER_ID) >> 3]!);
    const isOrder = kind < RecordKind.LISTED;
    if (isOrder && !desk.trail.canTell(slot < 0 ? strategy : desk.strategyOf(slot), 2)) return false;
    const told = f64[(at + REC_TS_US) >> 3]!;
    const tsUs = told > 0 ? told : this.#wallUs(desk.nowUs);
    if (kind === RecordKind.FUNDING) this.#onFunding(at, tsUs);
    else if (kind >= RecordKind.LISTED && this.reconciler?.apply(at, kind, tsUs) === true) return true;
    else if (slot < 0) this.#onStray(at, kind, strategy, tsUs);
    else this.#onOrder(slot, at, kind, tsUs);
    return true;
  }

  #onOrder(slot: number, at: number, kind: number, tsUs: number): void {
    const { u16 } = this.#desk.views;
    const reason = u16[(at + REC_REASON) >> 1]!;
    this.#stampAck(slot, kind);
    switch (kind) {
      case RecordKind.ACK:
        return this.#onAck(slot, at, tsUs);
      case RecordKind.FILL:
        return this.#onFill(slot, at, tsUs);
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
        this.lost(slot, reason === Reason.NONE ? Reason.TIMEOUT : reason);
        return undefined;
      case RecordKind.NOT_FOUND:
        return this.#onNotFound(slot, at, tsUs);
      default:
        return this.#late(slot);
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
    const wasAsked = this.#isAnswer(slot, at);
    const isFirst = (orders.wants[slot]! & IS_ACKED) === 0;
    if (isTerminal(orders.state(slot))) return this.#onGhost(slot, wasAsked);
    if (!isFirst && !wasAsked) return this.#duplicate(slot);
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
      orders.tries[slot] = 0;
      this.#takeTerms(slot, at, tsUs);
    } else {
      desk.setInflight(slot, inflight & ~IN_CREATE);
    }
    desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.ACK, slot, Reason.NONE, tsUs);
    const isReplacement = isFirst && (orders.wants[slot] & IS_REPLACEMENT) !== 0;
    if (isAmended) trail.counters[desk.strategyOf(slot)]!.add('amended');
    if (wasAmending && !isAmended) trail.tell(RecordKind.AMEND_REJECT, slot, Reason.TIMEOUT, tsUs);
    else trail.tell(isReplacement || isAmended ? RecordKind.AMENDED : RecordKind.ACK, slot, Reason.NONE, tsUs);
    this.#continue(slot);
  }

  /** It answers our question: an older message of the same kind that comes late does not. Answers carry REC_DECIDED_US of their request (0: none known). */
  #isAnswer(slot: number, at: number): boolean {
    const { orders, views } = this.#desk;
    const decidedUs = views.f64[(at + REC_DECIDED_US) >> 3]!;
    return (orders.inflight[slot]! & IN_QUERY) !== 0 && (decidedUs === 0 || decidedUs >= orders.askedUs[slot]!);
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

  /** The order stands: what was wished meanwhile goes out now. Fills that the venue counts and we have not seen are asked for after a while. */
  #continue(slot: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    const wants = orders.wants[slot]!;
    if (this.#completes(slot)) return;
    if (orders.venueCum[slot]! > desk.cumOf(slot)) this.#askLater(slot);
    if (isTerminal(orders.state(slot)) || (orders.inflight[slot]! & IN_CREATE) !== 0) return;
    if ((wants & WANT_CANCEL) !== 0 && (orders.inflight[slot]! & IN_CANCEL) === 0) desk.plan(slot, RecordKind.CANCEL);
    else if ((wants & WANT_AMEND) !== 0 && orders.inflight[slot] === 0) desk.plan(slot, RecordKind.AMEND);
  }

  /** Everything had filled while an amend or a question was under way: nothing new happened, the order is just known to be over. */
  #completes(slot: number): boolean {
    const desk = this.#desk;
    if (desk.cumOf(slot) < desk.qtyOf(slot) || (desk.orders.inflight[slot]! & IN_AMEND) !== 0) return false;
    if (!desk.move(slot, OrderState.FILLED)) return false;
    desk.trail.counters[desk.strategyOf(slot)]!.add('filled');
    desk.close(slot);
    return true;
  }

  /** Alive at the venue although we took it for ended (its create arrived after the venue had said that it knows no such order): it is cancelled. */
  #onGhost(slot: number, wasAsked: boolean): void {
    const desk = this.#desk;
    const isRetired = desk.orders.state(slot) === OrderState.REJECTED;
    this.#late(slot);
    if (wasAsked) desk.setInflight(slot, 0);
    if (isRetired && desk.waitingKind(slot) === 0 && (desk.orders.inflight[slot]! & IN_CANCEL) === 0) desk.plan(slot, RecordKind.CANCEL);
  }

  #onFill(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail, risk } = desk;
    const { u8, u16, f64 } = desk.views;
    const strategy = desk.strategyOf(slot);
    const base = orders.base(slot);
    if (!desk.fillsSeen.add(f64[(base + REC_ORDER_ID) >> 3]!, f64[(at + REC_TRADE_ID) >> 3]!)) return this.#duplicate(slot);
    const lots = f64[(at + REC_FILL_QTY) >> 3]!;
    const ticks = f64[(at + REC_FILL_PRICE) >> 3]!;
    const instrument = desk.instrumentOf(slot);
    const side = u8[base + REC_SIDE]!;
    const state = orders.state(slot);
    if (state === OrderState.REJECTED) this.#onGhost(slot, false);
    desk.markKnown(slot);
    const cum = desk.cumOf(slot) + lots;
    const isWhole = cum >= desk.qtyOf(slot) && (orders.inflight[slot]! & IN_AMEND) === 0;
    orders.begin(slot);
    f64[(base + REC_CUM) >> 3] = cum;
    orders.publish(slot);
    const endKind = orders.endKind[slot]!;
    let next = state;
    if (!isTerminal(state)) {
      if (isWhole) next = OrderState.FILLED;
      else if (state !== OrderState.UNKNOWN) next = desk.livingState(slot);
      desk.move(slot, next);
    }
    this.#account(strategy, instrument, side, lots, ticks, f64[(at + REC_FEE) >> 3]!, u16[(at + REC_FEE_ASSET) >> 1]!);
    risk.lastTicks[instrument] = ticks;
    trail.counters[strategy]!.add('fills');
    risk.rate.filled(strategy);
    if (next === OrderState.FILLED && state !== OrderState.FILLED) {
      trail.counters[strategy]!.add('filled');
      desk.close(slot);
    }
    desk.rehold(slot);
    trail.writeFill(slot, at, tsUs);
    trail.tellFill(slot, at, tsUs);
    if (endKind !== 0 && !isTerminal(next) && cum >= orders.venueCum[slot]!) this.#end(slot, endKind, orders.endReason[slot]!, tsUs);
  }

  #account(strategy: number, instrument: number, side: number, lots: number, ticks: number, fee: number, feeAsset: number): void {
    const { positions, funds } = this.#desk.risk;
    const net = positions.net(instrument);
    const isClosing = side === SIDE_BUY ? net < 0 : net > 0;
    const closed = isClosing ? Math.min(Math.abs(net), lots) : 0;
    funds.fill(instrument, side, lots, ticks, fee, feeAsset, closed, positions.entry(instrument));
    positions.fill(strategy, instrument, side, lots, ticks);
  }

  #onReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (isTerminal(orders.state(slot))) return this.#late(slot);
    // A refusal of an order that was seen alive is not believed: the venue is asked.
    if ((orders.wants[slot]! & IS_KNOWN) !== 0) return this.#doubt(slot);
    this.#retire(slot, RecordKind.REJECT, OrderState.REJECTED, reason, tsUs, 'rejected');
  }

  #onAmended(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    const { f64 } = desk.views;
    if (isTerminal(orders.state(slot))) return this.#late(slot);
    const [ticks, lots] = [f64[(at + REC_PRICE) >> 3]!, f64[(at + REC_QTY) >> 3]!];
    // Not waited for any more, but news: the venue's terms hold.
    const isOther = (ticks > 0 && ticks !== desk.priceOf(slot)) || (lots > 0 && lots !== desk.qtyOf(slot));
    const isNews = isOther && tsUs >= orders.termsUs[slot]!;
    if ((orders.inflight[slot]! & IN_AMEND) === 0 && !isNews) return this.#duplicate(slot);
    desk.markKnown(slot);
    if (ticks > 0 && lots > 0) this.#takeTerms(slot, at, tsUs);
    else desk.setTerms(slot, orders.newTicks[slot]!, orders.newLots[slot]!);
    desk.setInflight(slot, orders.inflight[slot]! & ~(IN_AMEND | IN_CREATE));
    orders.wants[slot] = orders.wants[slot]! | IS_ACKED;
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    trail.counters[desk.strategyOf(slot)]!.add('amended');
    desk.rehold(slot);
    trail.write(RecordKind.AMENDED, slot, Reason.NONE, tsUs);
    trail.tell(RecordKind.AMENDED, slot, Reason.NONE, tsUs);
    this.#continue(slot);
  }

  #onAmendReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (isTerminal(orders.state(slot))) return this.#late(slot);
    if ((orders.inflight[slot]! & IN_AMEND) === 0) return this.#duplicate(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_AMEND);
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.AMEND_REJECT, slot, reason, tsUs);
    trail.tell(RecordKind.AMEND_REJECT, slot, reason, tsUs);
    if (this.#completes(slot)) return;
    // No longer there: the venue says how it ended.
    if (reason === Reason.UNKNOWN_ORDER) this.#ask(slot);
    else this.#continue(slot);
  }

  #onEnded(slot: number, at: number, kind: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (isTerminal(orders.state(slot))) {
      if ((orders.inflight[slot]! & (IN_CANCEL | IN_QUERY)) !== 0) desk.setInflight(slot, 0);
      return this.#late(slot);
    }
    desk.markKnown(slot);
    const venueCum = desk.views.f64[(at + REC_CUM) >> 3]!;
    if (venueCum > orders.venueCum[slot]!) orders.venueCum[slot] = venueCum;
    if (orders.venueCum[slot]! > desk.cumOf(slot)) {
      // Its last fills are still on their way (or lost): it ends when they are here.
      orders.endKind[slot] = kind;
      orders.endReason[slot] = reason;
      desk.setInflight(slot, 0);
      if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, OrderState.CANCELLING);
      desk.unplan(slot);
      return this.#askLater(slot);
    }
    return this.#end(slot, kind, reason, tsUs);
  }

  #end(slot: number, kind: number, reason: number, tsUs: number): void {
    const state = kind === RecordKind.EXPIRED ? OrderState.EXPIRED : OrderState.CANCELLED;
    this.#retire(slot, kind, state, reason, tsUs, 'cancelled');
  }

  /** The end of an order: journaled, told, its level free; the second half of an amend by cancel and create goes out. */
  #retire(slot: number, kind: number, state: number, reason: number, tsUs: number, counter: 'cancelled' | 'rejected'): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (!desk.move(slot, state)) return this.#doubt(slot);
    const strategy = desk.strategyOf(slot);
    const wants = orders.wants[slot]!;
    const isReplacing = (wants & REPLACING) !== 0 && kind === RecordKind.CANCELLED && reason === Reason.BY_REQUEST;
    const draft = this.#draft;
    desk.draftOf(slot, draft, orders.newTicks[slot]!, orders.newLots[slot]! - desk.cumOf(slot));
    orders.wants[slot] = wants & ~(REPLACING | WANT_AMEND | WANT_CANCEL);
    desk.close(slot);
    trail.counters[strategy]!.add(counter);
    trail.write(kind, slot, reason, tsUs);
    if (isReplacing && this.#replace(draft)) return;
    trail.tell(kind, slot, reason, tsUs);
  }

  /** Opens the order that continues an amended one. False when nothing is left of it, or risk no longer lets it pass: then the cancel is told as such. */
  #replace(draft: Draft): boolean {
    const desk = this.#desk;
    if (draft.qtyLots < desk.risk.limits.minLots[draft.instrument]! || !desk.orders.hasFree(1)) return false;
    if (desk.blocked(1) !== Reason.NONE || desk.risk.checkAmend(draft, draft.qtyLots, desk.nowUs) !== Reason.NONE) return false;
    desk.open(draft, IS_REPLACEMENT);
    return true;
  }

  #onCancelReject(slot: number, reason: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (isTerminal(orders.state(slot))) {
      desk.setInflight(slot, orders.inflight[slot]! & ~IN_CANCEL);
      return this.#late(slot);
    }
    if ((orders.inflight[slot]! & IN_CANCEL) === 0) return this.#duplicate(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_CANCEL);
    // It is gone: filled, ended, or never there. Only the venue's own account of it ends it here.
    if (reason === Reason.UNKNOWN_ORDER) return this.#ask(slot);
    const wasReplacing = (orders.wants[slot]! & REPLACING) !== 0;
    orders.wants[slot] = orders.wants[slot]! & ~REPLACING;
    if (orders.state(slot) !== OrderState.UNKNOWN) desk.move(slot, desk.livingState(slot));
    desk.rehold(slot);
    trail.write(RecordKind.CANCEL_REJECT, slot, reason, tsUs);
    trail.tell(wasReplacing ? RecordKind.AMEND_REJECT : RecordKind.CANCEL_REJECT, slot, reason, tsUs);
    this.#continue(slot);
  }

  #onNotFound(slot: number, at: number, tsUs: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (!this.#isAnswer(slot, at)) return this.#late(slot);
    desk.setInflight(slot, orders.inflight[slot]! & ~IN_QUERY);
    if (isTerminal(orders.state(slot))) return;
    if ((orders.wants[slot]! & IS_KNOWN) === 0) {
      if (desk.nowUs - orders.createdUs[slot]! < this.#times.notFoundGraceUs) {
        orders.askUs[slot] = desk.nowUs + this.#times.notFoundGraceUs;
        return;
      }
      this.#retire(slot, RecordKind.NOT_FOUND, OrderState.REJECTED, Reason.UNKNOWN_ORDER, tsUs, 'rejected');
      return;
    }
    orders.misses[slot] = orders.misses[slot]! + 1;
    if (orders.misses[slot] < MISSES_OF_KNOWN) this.#askLater(slot);
    else this.#end(slot, RecordKind.CANCELLED, Reason.UNKNOWN_ORDER, tsUs);
  }

  /** An answer did not come, or makes no sense: the outcome is unknown and asked for. Nothing is sent a second time. Room was asked for. */
  lost(slot: number, reason: number): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    const state = orders.state(slot);
    if (isTerminal(state)) {
      desk.setInflight(slot, 0);
      return;
    }
    if (state !== OrderState.UNKNOWN) {
      desk.move(slot, OrderState.UNKNOWN);
      trail.counters[desk.strategyOf(slot)]!.add('unknown');
      const tsUs = this.#wallUs(desk.nowUs);
      trail.write(RecordKind.UNKNOWN, slot, reason, tsUs);
      trail.tell(RecordKind.UNKNOWN, slot, reason, tsUs);
    }
    this.#ask(slot);
  }

  /** A question was not answered: it is asked again, later each time. */
  unanswered(slot: number): void {
    const desk = this.#desk;
    desk.setInflight(slot, desk.orders.inflight[slot]! & ~IN_QUERY);
    if (!isTerminal(desk.orders.state(slot))) this.#ask(slot);
  }

  #doubt(slot: number): void {
    this.#late(slot);
    this.#ask(slot);
  }

  #ask(slot: number): void {
    const { orders } = this.#desk;
    if ((orders.inflight[slot]! & IN_QUERY) !== 0) return;
    if (orders.tries[slot]! < 30) orders.tries[slot] = orders.tries[slot]! + 1;
    this.#desk.plan(slot, RecordKind.QUERY);
  }

  #askLater(slot: number): void {
    const { orders, nowUs } = this.#desk;
    const at = nowUs + this.patienceUs(slot);
    if (orders.tries[slot]! < 30) orders.tries[slot] = orders.tries[slot]! + 1;
    if (at < orders.askUs[slot]!) orders.askUs[slot] = at;
  }

  /** The venue seems to know more than we do: it is asked, unless the news comes by itself within one answer's time. */
  askSoon(slot: number): void {
    this.#askLater(slot);
  }

  /** How long an answer may take: longer with every question about the same order. */
  patienceUs(slot: number): number {
    const { answerTimeoutUs, askMostUs } = this.#times;
    return Math.min(askMostUs, answerTimeoutUs * 2 ** Math.min(this.#desk.orders.tries[slot]!, 16));
  }

  /** The table forgot the order, or never had it: its fills count all the same, everything else is late news. */
  #onStray(at: number, kind: number, strategy: number, tsUs: number): void {
    const desk = this.#desk;
    const { u8, u16, u32, f64 } = desk.views;
    const counters = desk.trail.counters[strategy];
    const instrument = u32[(at + REC_INSTRUMENT) >> 2]!;
    const orderId = f64[(at + REC_ORDER_ID) >> 3]!;
    counters?.add('late');
    if (kind !== RecordKind.FILL || counters === undefined || orderId === 0 || instrument >= desk.tables.instruments.length) return;
    if (!desk.fillsSeen.add(orderId, f64[(at + REC_TRADE_ID) >> 3]!)) {
      counters.add('duplicates');
      return;
    }
    const lots = f64[(at + REC_FILL_QTY) >> 3]!;
    const ticks = f64[(at + REC_FILL_PRICE) >> 3]!;
    this.#account(strategy, instrument, u8[at + REC_SIDE]!, lots, ticks, f64[(at + REC_FEE) >> 3]!, u16[(at + REC_FEE_ASSET) >> 1]!);
    counters.add('fills');
    desk.trail.writeOutcome(at, tsUs);
    desk.trail.tellOutcome(strategy, at, tsUs);
  }

  #onFunding(at: number, tsUs: number): void {
    const desk = this.#desk;
    const { u8, u16, f64 } = desk.views;
    const amount = f64[(at + REC_FEE) >> 3]! * 1e-8;
    desk.risk.funds.add(u8[at + REC_GATEWAY]!, u16[(at + REC_FEE_ASSET) >> 1]!, amount);
    desk.trail.writeOutcome(at, tsUs);
  }

  #late(slot: number): void {
    this.#desk.trail.counters[this.#desk.strategyOf(slot)]!.add('late');
  }

  #duplicate(slot: number): void {
    this.#desk.trail.counters[this.#desk.strategyOf(slot)]!.add('duplicates');
  }
}
