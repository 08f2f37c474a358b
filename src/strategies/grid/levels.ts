/**
 * The truth a grid keeps about its lines: for each of the two order places of a line (home 2i, counter 2i + 1; the place's number is its level id) the live
 * order and all that was ever filled. What a line holds is the difference of the two sums, so each place is whole in its own record and a restart adds up.
 * No clock, no venue, no allocation after construction; GridStrategy (hot lane) tells it what happened and asks what is owed.
 *
 *   held(line)     = filled at home - filled at counter         never below zero
 *   home owes        lots of the line - held, less what rests
 *   counter owes     held, less what rests
 */
import { assert } from '../../core/numbers/errors.js';
import { RecordKind, SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import { isTerminal, OrderState } from '../../core/orders/order-state.js';
import { Reason } from '../../core/orders/reasons.js';
import type { OrderEvent, RecoveredStrategy } from '../../core/ports/strategy.js';
import { countUnseen } from '../unseen.js';
import type { Ladder } from './ladder.js';
import { isLiveLevel, LevelEvent, LevelState, nextLevelState } from './level-state.js';

/** First pause after a refusal; doubles with each in a row, up to PAUSE_MOST_US. */
const PAUSE_FIRST_US = 250_000;
const PAUSE_MOST_US = 30_000_000;
/** A level parked for a reason that may pass (no balance, a limit) is tried again this seldom, a wrong order far more seldom still. */
const PARK_US = 10_000_000;
const PARK_WRONG_US = 600_000_000;
/** An order that rested this long before it ended was no refusal: the count of refusals starts again. */
const SETTLED_US = 10_000_000;

export class GridLevels {
  readonly lines: number;
  readonly places: number;
  readonly state: Uint8Array;
  readonly reason: Uint16Array;
  /** The live order of a place: id (0 until the first answer), price, whole quantity, filled so far. */
  readonly orderId: Float64Array;
  readonly orderTicks: Float64Array;
  readonly orderLots: Float64Array;
  readonly cumLots: Float64Array;
  /** All lots ever filled at the place. */
  readonly totalLots: Float64Array;
  /** Nothing is sent for the place before this time. */
  readonly notBeforeUs: Float64Array;
  /** The place changed since it was last published. */
  readonly isDirty: Uint8Array;
  readonly priceTicks: Float64Array;
  readonly side: Uint8Array;
  readonly minLots: Float64Array;
  readonly #qtyLots: Float64Array;
  readonly #minLotsOf: (priceTicks: number) => number;
  readonly #attempts: Uint8Array;
  readonly #sinceUs: Float64Array;
  /** The order before the live one: its late fills are still counted. */
  readonly #pastId: Float64Array;
  readonly #pastCum: Float64Array;
  /** Fills of orders older than both: counted by the fill's own quantity. */
  strays = 0;

  constructor(ladder: Ladder, minLotsOf: (priceTicks: number) => number) {
    const lines = ladder.count;
    const places = lines * 2;
    this.lines = lines;
    this.places = places;
    this.state = new Uint8Array(places);
    this.reason = new Uint16Array(places);
    this.orderId = new Float64Array(places);
    this.orderTicks = new Float64Array(places);
    this.orderLots = new Float64Array(places);
    this.cumLots = new Float64Array(places);
    this.totalLots = new Float64Array(places);
    this.notBeforeUs = new Float64Array(places);
    this.isDirty = new Uint8Array(places).fill(1);
    this.priceTicks = new Float64Array(places);
    this.side = new Uint8Array(places);
    this.minLots = new Float64Array(places);
    this.#qtyLots = ladder.qtyLots;
    this.#minLotsOf = minLotsOf;
    this.#attempts = new Uint8Array(places);
    this.#sinceUs = new Float64Array(places);
    this.#pastId = new Float64Array(places);
    this.#pastCum = new Float64Array(places);
    for (let line = 0; line < lines; line++) {
      this.#setLine(line, ladder.buyTicks[line]!, ladder.sellTicks[line]!, ladder.homeSide[line] === SIDE_BUY);
    }
  }

  /** An empty line gets other prices. Neither of its places may have a live order. */
  moveLine(line: number, buyTicks: number, sellTicks: number, isBuy: boolean, qtyLots: number): void {
    assert(
      this.heldLots(line) === 0 && !isLiveLevel(this.state[line * 2]!) && !isLiveLevel(this.state[line * 2 + 1]!),
      `line ${line} holds ${this.heldLots(line)} lots or has a live order: it must stay`,
    );
    this.#setLine(line, buyTicks, sellTicks, isBuy);
    this.setLineLots(line, qtyLots);
  }

  /** The quantity of a line from its next home order on. */
  setLineLots(line: number, qtyLots: number): void {
    this.#qtyLots[line] = qtyLots;
    this.isDirty[line * 2] = 1;
    this.isDirty[line * 2 + 1] = 1;
  }

  /** True while any order of the ladder may rest at the venue. */
  hasLive(): boolean {
    for (let place = 0; place < this.places; place++) if (isLiveLevel(this.state[place]!)) return true;
    return false;
  }

  heldLots(line: number): number {
    return this.totalLots[line * 2]! - this.totalLots[line * 2 + 1]!;
  }

  /** What rests (or may rest) at the venue for this place. */
  restingLots(place: number): number {
    return isLiveLevel(this.state[place]!) ? this.orderLots[place]! - this.cumLots[place]! : 0;
  }

  /**
   * The quantity that should rest at this place now. Less than the venue takes is kept and joined by later fills; when both places of a line hold only
   * such dust, the home order is rounded up to the least quantity, or the line would stand still for ever.
   */
  wantedLots(place: number): number {
    const line = place >> 1;
    const held = Math.max(0, this.heldLots(line));
    if ((place & 1) === 1) return held >= this.minLots[place]! ? held : 0;
    const open = Math.max(0, this.#qtyLots[line]! - held);
    if (open >= this.minLots[place]!) return open;
    const isStuck = open > 0 && held < this.minLots[place + 1]! && !isLiveLevel(this.state[place + 1]!);
    return isStuck ? this.minLots[place]! : 0;
  }

  /** The newest order of the place that was heard of, and what is counted of it: what its record says. */
  heardId(place: number): number {
    return this.orderId[place] === 0 ? this.#pastId[place]! : this.orderId[place]!;
  }

  heardLots(place: number): number {
    return this.orderId[place] === 0 ? this.#pastCum[place]! : this.cumLots[place]!;
  }

  lineLots(line: number): number {
    return this.#qtyLots[line]!;
  }

  canPlace(place: number, nowUs: number): boolean {
    const state = this.state[place]!;
    if (isLiveLevel(state)) return false;
    return state === LevelState.IDLE || nowUs >= this.notBeforeUs[place]!;
  }

  /** An order is about to be handed over. Publish the place before it is: the record must precede the order in the journal. */
  startPlace(place: number, priceTicks: number, qtyLots: number, nowUs: number): void {
    assert(!isLiveLevel(this.state[place]!), `level ${place} has a live order already (state ${this.state[place]})`);
    this.#apply(place, LevelEvent.SENT_PLACE);
    this.orderTicks[place] = priceTicks;
    this.orderLots[place] = qtyLots;
    this.cumLots[place] = 0;
    this.orderId[place] = 0;
    this.#sinceUs[place] = nowUs;
    this.reason[place] = Reason.NONE;
    this.isDirty[place] = 1;
  }

  /** The hand-over did not happen (no room): as if it had never begun. */
  undoPlace(place: number): void {
    this.state[place] = LevelState.IDLE;
    this.isDirty[place] = 1;
  }

  sentAmend(place: number): void {
    this.#apply(place, LevelEvent.SENT_AMEND);
  }

  sentCancel(place: number): void {
    this.#apply(place, LevelEvent.SENT_CANCEL);
  }

  /** Waits before anything is sent for the place again, without an order having been refused by anyone. */
  hold(place: number, reason: number, untilUs: number): void {
    if (this.state[place] === LevelState.IDLE) this.#apply(place, LevelEvent.REFUSED);
    this.reason[place] = reason;
    this.notBeforeUs[place] = untilUs;
    this.isDirty[place] = 1;
  }

  /** Applies one event of the executor. Returns the lots newly filled. */
  onEvent(event: OrderEvent, nowUs: number): number {
    const place = event.level;
    if (place < 0 || place >= this.places) return 0;
    // An order that ended before: only its late fills count.
    if (event.orderId !== 0 && event.orderId <= this.#pastId[place]! && !this.#isRevival(place, event))
      return this.#countPast(place, event);
    if (event.orderId !== 0 && event.orderId !== this.orderId[place]) this.#adopt(place, event);
    const filled = event.kind === RecordKind.FILL ? this.#credit(place, event.cumLots - this.cumLots[place]!) : 0;
    if (filled > 0) this.cumLots[place] = event.cumLots;
    switch (event.kind) {
      case RecordKind.ACK:
        this.#apply(place, LevelEvent.ACK);
        this.#takeTerms(place, event);
        break;
      case RecordKind.AMENDED:
        this.#apply(place, LevelEvent.AMENDED);
        this.#takeTerms(place, event);
        this.#endIfWhole(place);
        break;
      case RecordKind.FILL:
        if (event.qtyLots > 0) this.orderLots[place] = event.qtyLots;
        if (filled > 0) this.#attempts[place] = 0;
        // While an amend is under way its whole quantity may be about to grow: the answer tells whether it is over.
        if (this.cumLots[place]! < this.orderLots[place]! || this.state[place] === LevelState.AMENDING) this.#apply(place, LevelEvent.PART);
        else this.#end(place, LevelEvent.FILLED);
        break;
      case RecordKind.CANCELLED:
      case RecordKind.EXPIRED:
        this.#ended(place, LevelEvent.ENDED, event.reason, nowUs);
        break;
      case RecordKind.REJECT:
      case RecordKind.NOT_FOUND:
        this.#ended(place, refusalOf(event.reason), event.reason, nowUs);
        break;
      case RecordKind.DENIED:
        this.#denied(place, event.reason, nowUs);
        break;
      case RecordKind.AMEND_REJECT:
      case RecordKind.CANCEL_REJECT:
        // The executor tells an order's end before it forgets it: one it does not have is over.
        if (event.reason === Reason.NO_SUCH_ORDER && isLiveLevel(this.state[place]!))
          this.#ended(place, LevelEvent.ENDED, event.reason, nowUs);
        else this.#stands(place, nowUs);
        break;
      case RecordKind.UNKNOWN:
        this.#apply(place, LevelEvent.LOST);
        break;
      default:
        break;
    }
    return filled;
  }

  /** Pauses that are over end. */
  wake(nowUs: number): void {
    for (let place = 0; place < this.places; place++) {
      const state = this.state[place]!;
      const isPaused = state === LevelState.BACKOFF || state === LevelState.PARKED;
      if (isPaused && nowUs >= this.notBeforeUs[place]!) this.#apply(place, LevelEvent.DUE);
    }
  }

  /** Instead of another ladder, of which nothing rests any more: its orders are known and counted, so that none of their fills is news here or after a restart. */
  follow(before: GridLevels): void {
    for (let place = 0; place < Math.min(this.places, before.places); place++) {
      this.#pastId[place] = before.heardId(place);
      this.#pastCum[place] = before.heardLots(place);
    }
  }

  /** Takes over what the journal says. */
  recover(recovered: RecoveredStrategy): void {
    for (const level of recovered.levels) {
      if (level.level >= this.places) continue;
      this.totalLots[level.level] = level.auxLots;
      this.#pastId[level.level] = level.orderId ?? 0;
      this.#pastCum[level.level] = level.cumLots;
    }
    countUnseen(recovered, (order, lots) => {
      const place = order.level;
      if (place >= this.places) return;
      this.totalLots[place] = this.totalLots[place]! + lots;
      this.orderTicks[place] = order.priceTicks;
      this.orderLots[place] = order.qtyLots;
      this.cumLots[place] = order.cumLots;
      if (isTerminal(order.state)) {
        this.#pastId[place] = order.orderId;
        this.#pastCum[place] = order.cumLots;
        return;
      }
      if (this.#pastId[place] === order.orderId) this.#pastId[place] = 0;
      this.orderId[place] = order.orderId;
      this.state[place] = stateOfOrder(order.state);
    });
    this.isDirty.fill(1);
  }

  #setLine(line: number, buyTicks: number, sellTicks: number, isBuy: boolean): void {
    const home = line * 2;
    this.side[home] = isBuy ? SIDE_BUY : SIDE_SELL;
    this.side[home + 1] = isBuy ? SIDE_SELL : SIDE_BUY;
    const opening = isBuy ? buyTicks : sellTicks;
    const closing = isBuy ? sellTicks : buyTicks;
    this.priceTicks[home] = opening;
    this.priceTicks[home + 1] = closing;
    this.minLots[home] = this.#minLotsOf(opening);
    this.minLots[home + 1] = this.#minLotsOf(closing);
  }

  /** An id not seen before on this place: the answer to our placing, or the order that replaced the live one in an amend by cancel and create. */
  #adopt(place: number, event: OrderEvent): void {
    const isReplacement = this.orderId[place] !== 0;
    if (isReplacement) this.#remember(place);
    this.orderId[place] = event.orderId;
    // Of a replacement only what fills from now on is news; of a fresh order everything is.
    this.cumLots[place] = !isReplacement ? 0 : event.kind === RecordKind.FILL ? event.cumLots - event.fillLots : event.cumLots;
    if (!isLiveLevel(this.state[place]!)) this.#takeTerms(place, event);
  }

  #countPast(place: number, event: OrderEvent): number {
    if (event.kind !== RecordKind.FILL) return 0;
    if (event.orderId < this.#pastId[place]!) {
      this.strays++;
      return this.#credit(place, event.fillLots);
    }
    const lots = this.#credit(place, event.cumLots - this.#pastCum[place]!);
    if (lots > 0) this.#pastCum[place] = event.cumLots;
    return lots;
  }

  #credit(place: number, lots: number): number {
    if (!(lots > 0)) return 0;
    this.totalLots[place] = this.totalLots[place]! + lots;
    this.isDirty[place] = 1;
    return lots;
  }

  #takeTerms(place: number, event: OrderEvent): void {
    if (event.qtyLots > 0) this.orderLots[place] = event.qtyLots;
    if (event.priceTicks > 0) this.orderTicks[place] = event.priceTicks;
  }

  #ended(place: number, what: number, reason: number, nowUs: number): void {
    if (nowUs - this.#sinceUs[place]! > SETTLED_US) this.#attempts[place] = 0;
    this.#end(place, what);
    this.#pause(place, reason, nowUs);
  }

  #denied(place: number, reason: number, nowUs: number): void {
    const state = this.state[place]!;
    const isPlace = state === LevelState.PLACING || this.orderId[place] === 0;
    if (isPlace) this.#ended(place, refusalOf(reason), reason, nowUs);
    else if (reason === Reason.NO_SUCH_ORDER) this.#ended(place, LevelEvent.ENDED, reason, nowUs);
    else this.#stands(place, nowUs);
  }

  #stands(place: number, nowUs: number): void {
    this.#apply(place, LevelEvent.STANDS);
    this.notBeforeUs[place] = nowUs + this.#nextPauseUs(place);
    this.#endIfWhole(place);
  }

  #endIfWhole(place: number): void {
    if (isLiveLevel(this.state[place]!) && this.orderLots[place]! > 0 && this.cumLots[place]! >= this.orderLots[place]!)
      this.#end(place, LevelEvent.FILLED);
  }

  /** It filled whole, we took it for over, and an amend that was under way then made it larger. */
  #isRevival(place: number, event: OrderEvent): boolean {
    const isPast = event.orderId === this.#pastId[place] && !isLiveLevel(this.state[place]!);
    if (!isPast || event.kind !== RecordKind.AMENDED || event.qtyLots <= this.#pastCum[place]!) return false;
    this.orderId[place] = event.orderId;
    this.cumLots[place] = this.#pastCum[place]!;
    this.#pastId[place] = 0;
    return true;
  }

  #end(place: number, what: number): void {
    this.#remember(place);
    this.orderId[place] = 0;
    this.#apply(place, what);
  }

  #remember(place: number): void {
    if (this.orderId[place] === 0) return;
    this.#pastId[place] = this.orderId[place]!;
    this.#pastCum[place] = this.cumLots[place]!;
  }

  #pause(place: number, reason: number, nowUs: number): void {
    const state = this.state[place]!;
    if (state === LevelState.BACKOFF) this.notBeforeUs[place] = nowUs + this.#nextPauseUs(place);
    else if (state === LevelState.PARKED) this.notBeforeUs[place] = nowUs + parkUs(reason);
    else return;
    this.reason[place] = reason;
  }

  #nextPauseUs(place: number): number {
    const attempts = this.#attempts[place]!;
    if (attempts < 20) this.#attempts[place] = attempts + 1;
    return Math.min(PAUSE_MOST_US, PAUSE_FIRST_US * 2 ** attempts);
  }

  #apply(place: number, event: number): void {
    this.state[place] = nextLevelState(this.state[place]!, event);
    this.isDirty[place] = 1;
  }
}

function stateOfOrder(state: number): number {
  switch (state) {
    case OrderState.PENDING:
      return LevelState.PLACING;
    case OrderState.CANCELLING:
      return LevelState.CANCELLING;
    case OrderState.UNKNOWN:
      return LevelState.UNKNOWN;
    default:
      // An amend that was under way: the venue's answer, or the reconciliation, tells its terms.
      return LevelState.OPEN;
  }
}

/** A wrong order stays wrong; a limit or an empty purse may pass; everything else may well be gone in a moment. */
function refusalOf(reason: number): number {
  switch (reason) {
    case Reason.BAD_ORDER:
    case Reason.SIZE_TOO_SMALL:
    case Reason.SIZE_TOO_LARGE:
    case Reason.NOTIONAL_TOO_SMALL:
    case Reason.NOTIONAL_TOO_LARGE:
    case Reason.INSUFFICIENT_BALANCE:
    case Reason.POSITION_LIMIT:
    case Reason.EXPOSURE_LIMIT:
    case Reason.OPEN_ORDERS_LIMIT:
    case Reason.REDUCING:
    case Reason.REDUCE_ONLY:
    case Reason.LEVERAGE:
    case Reason.DAILY_LOSS:
    case Reason.DRAWDOWN:
      return LevelEvent.REFUSED_FOR_GOOD;
    default:
      return LevelEvent.REFUSED;
  }
}

function parkUs(reason: number): number {
  const isWrong =
    reason === Reason.BAD_ORDER ||
    reason === Reason.SIZE_TOO_SMALL ||
    reason === Reason.SIZE_TOO_LARGE ||
    reason === Reason.NOTIONAL_TOO_SMALL ||
    reason === Reason.NOTIONAL_TOO_LARGE;
  return isWrong ? PARK_WRONG_US : PARK_US;
}
