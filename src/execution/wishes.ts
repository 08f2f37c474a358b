/**
 * What strategies wish: place, amend, cancel, cancel all. Judged, put into order slots, planned; each answered at once when it cannot be. Called by the executor on
 * the hot lane, one wish at a time.
 */
import { RecordKind, REC_CAUSE_US, REC_KIND, REC_LEVEL, REC_PRICE, REC_QTY } from '../core/memory/record.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';
import type { Groups } from './groups.js';
import { IN_CANCEL, IN_CREATE, IN_QUERY, REPLACING, WANT_AMEND, WANT_CANCEL } from './orders.js';
import { Draft } from './risk/draft.js';

export class Wishes {
  readonly #desk: Desk;
  readonly #groups: Groups;
  readonly #wallUs: (nowUs: number) => number;
  /** Called when a request of this order was planned. */
  readonly #release: (slot: number) => void;
  readonly #draft = new Draft();

  constructor(desk: Desk, groups: Groups, wallUs: (nowUs: number) => number, release: (slot: number) => void) {
    this.#desk = desk;
    this.#groups = groups;
    this.#wallUs = wallUs;
    this.#release = release;
  }

  /** One wish. False: no room somewhere, it stays in its ring. */
  take(strategy: number, at: number): boolean {
    const { u8, u32, f64 } = this.#desk.views;
    const desk = this.#desk;
    if (!desk.trail.canTell(strategy, 2)) return false;
    const level = u32[(at + REC_LEVEL) >> 2]!;
    switch (u8[at + REC_KIND]!) {
      case RecordKind.INTENT_PLACE:
        return this.#place(strategy, at);
      case RecordKind.INTENT_AMEND:
        this.#amend(strategy, at, level, f64[(at + REC_PRICE) >> 3]!, f64[(at + REC_QTY) >> 3]!);
        return true;
      case RecordKind.INTENT_CANCEL:
        this.#cancelLevel(strategy, at, level);
        return true;
      case RecordKind.INTENT_CANCEL_ALL:
        this.#cancelAllOf(strategy);
        return true;
      default:
        this.#draft.read(desk.views, at, strategy);
        desk.trail.deny(this.#draft, RecordKind.DENIED, 0, Reason.BAD_ORDER, true);
        return true;
    }
  }

  #place(strategy: number, at: number): boolean {
    const desk = this.#desk;
    const draft = this.#draft;
    draft.read(desk.views, at, strategy);
    if (draft.group !== 0 && draft.groupLegs > 1) return this.#groups.collect(draft);
    const reason = this.#groups.judge(draft, 1);
    if (reason !== Reason.NONE) {
      desk.trail.deny(draft, RecordKind.DENIED, 0, reason, true);
      if (reason === Reason.SELF_TRADE) this.clearWay(draft);
      return true;
    }
    const slot = desk.open(draft, 0);
    this.#release(slot);
    return true;
  }

  #amend(strategy: number, at: number, level: number, priceTicks: number, qtyLots: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    const draft = this.#draft;
    const slot = orders.at(strategy, level);
    if (slot < 0) {
      draft.read(desk.views, at, strategy);
      desk.trail.deny(draft, RecordKind.AMEND_REJECT, 0, Reason.NO_SUCH_ORDER, false);
      return;
    }
    desk.draftOf(slot, draft, priceTicks, qtyLots);
    draft.causeUs = desk.views.f64[(at + REC_CAUSE_US) >> 3]!;
    const reason = this.#judgeAmend(slot, draft);
    if (reason !== Reason.NONE) {
      desk.trail.deny(draft, RecordKind.AMEND_REJECT, desk.orders.orderIdOf(slot), reason, true);
      if (reason === Reason.SELF_TRADE) this.clearWay(draft);
      return;
    }
    if (orders.state(slot) === OrderState.NONE) {
      // Its create still waits here: it goes out with the new terms.
      desk.setTerms(slot, priceTicks, qtyLots);
      desk.rehold(slot);
      desk.requests.plan(slot, RecordKind.CREATE);
      desk.trail.tell(RecordKind.AMENDED, slot, Reason.NONE, this.#wallUs(desk.nowUs));
      return;
    }
    orders.newTicks[slot] = priceTicks;
    orders.newLots[slot] = qtyLots;
    orders.causeUs[slot] = draft.causeUs;
    const isNative = desk.requests.amendsNatively(slot);
    orders.wants[slot] = orders.wants[slot]! | (isNative ? WANT_AMEND : REPLACING | WANT_CANCEL);
    desk.rehold(slot);
    this.#advance(slot);
  }

  /** The order's own holds are lifted while its new terms are judged, and put back. */
  #judgeAmend(slot: number, draft: Draft): number {
    const desk = this.#desk;
    const { orders } = desk;
    const cum = desk.orders.cumOf(slot);
    const isWhole = Number.isSafeInteger(draft.priceTicks) && Number.isSafeInteger(draft.qtyLots) && draft.priceTicks > 0;
    if (!isWhole || draft.qtyLots <= cum) return Reason.BAD_ORDER;
    // It is on its way out, or nobody knows: an amend would be a guess.
    if ((orders.wants[slot]! & (WANT_CANCEL | REPLACING)) === WANT_CANCEL || orders.state(slot) === OrderState.UNKNOWN)
      return Reason.LEVEL_BUSY;
    if ((orders.inflight[slot]! & IN_CANCEL) !== 0 && (orders.wants[slot]! & REPLACING) === 0) return Reason.LEVEL_BUSY;
    if (orders.endKind[slot] !== 0) return Reason.LEVEL_BUSY;
    const blocked = desk.blocked(1);
    if (blocked !== Reason.NONE) return blocked;
    desk.unhold(slot);
    const reason = desk.risk.checkAmend(draft, draft.qtyLots - cum, desk.nowUs);
    desk.rehold(slot);
    return reason;
  }

  #cancelLevel(strategy: number, at: number, level: number): void {
    const desk = this.#desk;
    const slot = desk.orders.at(strategy, level);
    if (slot >= 0) {
      desk.orders.causeUs[slot] = desk.views.f64[(at + REC_CAUSE_US) >> 3]!;
      this.cancel(slot);
      return;
    }
    this.#draft.read(desk.views, at, strategy);
    desk.trail.deny(this.#draft, RecordKind.CANCEL_REJECT, 0, Reason.NO_SUCH_ORDER, false);
  }

  #cancelAllOf(strategy: number): void {
    const desk = this.#desk;
    this.#groups.drop(strategy);
    for (let place = desk.orders.liveCount - 1; place >= 0; place--) {
      const slot = desk.orders.liveAt(place);
      if (desk.orders.strategyOf(slot) === strategy) this.cancel(slot);
    }
  }

  /** Where the configuration says so, what a refused order would meet is cancelled: once that is confirmed the order may be asked for again. */
  clearWay(draft: Draft): void {
    const { orders, risk, trail } = this.#desk;
    if (!risk.limits.cancelsForNew) return;
    for (const slot of risk.resting.meeting(draft.instrument, draft.side, draft.priceTicks)) {
      const isUnsent = orders.state(slot) === OrderState.NONE;
      if (!isUnsent || trail.canTell(orders.strategyOf(slot), 1)) this.cancel(slot);
    }
  }

  /** Cancels a live order of ours; one that still waits here never leaves. */
  cancel(slot: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    if (orders.state(slot) === OrderState.NONE) {
      desk.dropUnsent(slot, RecordKind.CANCELLED, Reason.BY_REQUEST);
      return;
    }
    orders.wants[slot] = (orders.wants[slot]! & ~(WANT_AMEND | REPLACING)) | WANT_CANCEL;
    desk.rehold(slot);
    this.#advance(slot);
  }

  /** Plans what the order wants, if nothing forbids it now; else it is planned when the answer comes. */
  #advance(slot: number): void {
    const desk = this.#desk;
    const { orders } = desk;
    const inflight = orders.inflight[slot]!;
    const wants = orders.wants[slot]!;
    // Not acknowledged, or in doubt: a cancel now might reach the venue before the order does.
    const mustWait = (inflight & (IN_CREATE | IN_QUERY)) !== 0 || orders.state(slot) === OrderState.UNKNOWN || orders.endKind[slot] !== 0;
    if (mustWait) {
      orders.causeUs[slot] = 0;
      return;
    }
    if ((wants & WANT_CANCEL) !== 0) {
      if ((inflight & IN_CANCEL) !== 0) orders.wants[slot] = wants & ~WANT_CANCEL;
      else desk.requests.plan(slot, RecordKind.CANCEL);
    } else if ((wants & WANT_AMEND) !== 0) {
      if (inflight !== 0) return;
      desk.requests.plan(slot, RecordKind.AMEND);
    } else {
      return;
    }
    this.#release(slot);
  }
}
