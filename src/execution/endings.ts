/**
 * How orders end: by the venue's word alone, once all their fills are here. The end is journaled and told, the level is free, and the second half of an amend by
 * cancel and create goes out. Called by the executor's parts on the hot lane.
 */
import { RecordKind } from '../core/memory/record.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import type { Doubts } from './doubts.js';
import { IN_CANCEL, IN_CREATE, IS_REPLACEMENT, REPLACING, WANT_AMEND, WANT_CANCEL } from './orders.js';
import { Draft } from './risk/draft.js';

export class Endings {
  readonly #desk: Desk;
  readonly #doubts: Doubts;
  readonly #draft = new Draft();

  constructor(desk: Desk, doubts: Doubts) {
    this.#desk = desk;
    this.#doubts = doubts;
  }

  /** Cancelled or expired. */
  end(slot: number, kind: number, reason: number, tsUs: number): void {
    const state = kind === RecordKind.EXPIRED ? OrderState.EXPIRED : OrderState.CANCELLED;
    this.retire(slot, kind, state, reason, tsUs, 'cancelled');
  }

  retire(slot: number, kind: number, state: number, reason: number, tsUs: number, counter: 'cancelled' | 'rejected'): void {
    const desk = this.#desk;
    const { orders, trail } = desk;
    if (!desk.move(slot, state)) return this.#doubts.doubt(slot);
    const strategy = orders.strategyOf(slot);
    const wants = orders.wants[slot]!;
    const isReplacing = (wants & REPLACING) !== 0 && kind === RecordKind.CANCELLED && reason === Reason.BY_REQUEST;
    const draft = this.#draft;
    desk.draftOf(slot, draft, orders.newTicks[slot]!, orders.newLots[slot]! - orders.cumOf(slot));
    orders.wants[slot] = wants & ~(REPLACING | WANT_AMEND | WANT_CANCEL);
    desk.close(slot);
    trail.counters[strategy]!.add(counter);
    trail.write(kind, slot, reason, tsUs);
    if (isReplacing && this.#replace(draft)) return;
    trail.tell(kind, slot, reason, tsUs);
  }

  /** Everything had filled while an amend or a question was under way: nothing new happened, the order is just known to be over. */
  completes(slot: number): boolean {
    const desk = this.#desk;
    const { orders } = desk;
    if (orders.cumOf(slot) < orders.qtyOf(slot) || orders.isQtyOpen(slot)) return false;
    if (!desk.move(slot, OrderState.FILLED)) return false;
    desk.trail.counters[orders.strategyOf(slot)]!.add('filled');
    desk.close(slot);
    return true;
  }

  /** The order stands: what was wished meanwhile goes out now. Fills that the venue counts and we have not seen are asked for after a while. */
  goOn(slot: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (this.completes(slot)) return;
    const wants = orders.wants[slot]!;
    if (orders.venueCum[slot]! > orders.cumOf(slot)) this.#doubts.askLater(slot);
    if ((orders.inflight[slot]! & IN_CREATE) !== 0) return;
    if ((wants & WANT_CANCEL) !== 0 && (orders.inflight[slot]! & IN_CANCEL) === 0) desk.requests.plan(slot, RecordKind.CANCEL);
    else if ((wants & WANT_AMEND) !== 0 && orders.inflight[slot] === 0) desk.requests.plan(slot, RecordKind.AMEND);
  }

  /** Alive at the venue although we took it for ended (its create arrived after the venue had said that it knows no such order): it is cancelled. */
  ghost(slot: number, wasAsked: boolean): void {
    const desk = this.#desk;
    const { orders, requests } = desk;
    const isRetired = orders.state(slot) === OrderState.REJECTED;
    this.#doubts.late(slot);
    if (wasAsked) desk.setInflight(slot, 0);
    if (isRetired && requests.waitingKind(slot) === 0 && (orders.inflight[slot]! & IN_CANCEL) === 0) requests.plan(slot, RecordKind.CANCEL);
  }

  /** Opens the order that continues an amended one. False when nothing is left of it, or risk no longer lets it pass: then the cancel is told as such. */
  #replace(draft: Draft): boolean {
    const desk = this.#desk;
    if (draft.qtyLots < desk.risk.limits.minLots[draft.instrument]! || !desk.orders.hasFree(1)) return false;
    if (desk.blocked(1) !== Reason.NONE || desk.risk.checkAmend(draft, draft.qtyLots, desk.nowUs) !== Reason.NONE) return false;
    desk.open(draft, IS_REPLACEMENT);
    return true;
  }
}
