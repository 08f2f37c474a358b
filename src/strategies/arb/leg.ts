/** One order place of a pair: the order that is out, and what it filled. The same rules as everywhere: fills may come early, late, or in parts. Hot lane. */
import { RecordKind } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import type { OrderEvent } from '../../core/ports/strategy.js';
import { namesByCode } from '../level-names.js';

/** Codes are journaled in level records: never reuse one. */
export const LegState = {
  /** No order out. */
  IDLE: 0,
  SENT: 1,
  CANCELLING: 2,
  /** The outcome is being asked for; may still fill. */
  UNKNOWN: 3,
} as const;

/** The record of a pair as a whole. */
export const PAIR_STATE = 15;

export const ARB_STATE_NAMES = namesByCode({ ...LegState, PAIR: PAIR_STATE });

export class Leg {
  state: number = LegState.IDLE;
  side = 0;
  priceTicks = 0;
  qtyLots = 0;
  cumLots = 0;
  sentUs = 0;
  cancelledUs = -Infinity;
  /** Signed sums of all this place ever filled: with `cumLots` in one record, so that a restart adds up. */
  totalBase = 0;
  totalLots = 0;
  #orderId = 0;
  #pastId = 0;
  #pastCum = 0;

  constructor(
    readonly level: number,
    readonly slot: number,
  ) {}

  get isOut(): boolean {
    return this.state !== LegState.IDLE;
  }

  /** The newest order heard of, and what is counted of it: what the leg's record says. */
  get heardId(): number {
    return this.#orderId === 0 ? this.#pastId : this.#orderId;
  }
  get heardLots(): number {
    return this.#orderId === 0 ? this.#pastCum : this.cumLots;
  }

  start(side: number, priceTicks: number, qtyLots: number, nowUs: number): void {
    this.state = LegState.SENT;
    this.side = side;
    this.priceTicks = priceTicks;
    this.qtyLots = qtyLots;
    this.cumLots = 0;
    this.sentUs = nowUs;
    this.cancelledUs = -Infinity;
    this.#orderId = 0;
  }

  undo(): void {
    this.state = LegState.IDLE;
  }

  /** What the leg's record said. */
  remember(orderId: number, cumLots: number): void {
    this.#pastId = orderId;
    this.#pastCum = cumLots;
  }

  recover(orderId: number, side: number, priceTicks: number, qtyLots: number, cumLots: number, isLive: boolean): void {
    this.side = side;
    this.priceTicks = priceTicks;
    this.qtyLots = qtyLots;
    this.cumLots = cumLots;
    if (isLive) {
      this.state = LegState.SENT;
      this.#orderId = orderId;
      if (this.#pastId === orderId) this.#pastId = 0;
    } else {
      this.#pastId = orderId;
      this.#pastCum = cumLots;
    }
  }

  /** Applies an event of this leg's order; returns lots newly filled. */
  onEvent(event: OrderEvent): number {
    if (event.orderId !== 0 && event.orderId <= this.#pastId) return this.#late(event);
    if (event.orderId !== 0) this.#orderId = event.orderId;
    let filled = 0;
    switch (event.kind) {
      case RecordKind.FILL:
        filled = Math.max(0, event.cumLots - this.cumLots);
        this.cumLots += filled;
        if (this.cumLots >= this.qtyLots) this.#end();
        else if (this.state === LegState.UNKNOWN) this.state = LegState.SENT;
        break;
      case RecordKind.ACK:
        if (this.state === LegState.UNKNOWN) this.state = LegState.SENT;
        break;
      case RecordKind.CANCELLED:
      case RecordKind.EXPIRED:
      case RecordKind.REJECT:
      case RecordKind.NOT_FOUND:
        this.#end();
        break;
      case RecordKind.DENIED:
        // The answer to a cancel of an order that ended meanwhile has no order either.
        this.#end();
        break;
      case RecordKind.CANCEL_REJECT:
        // The executor tells an order's end before it forgets it: one it does not have is over. Otherwise the cancel is tried again.
        if (event.reason === Reason.NO_SUCH_ORDER) this.#end();
        else if (this.state === LegState.CANCELLING) this.state = LegState.SENT;
        break;
      case RecordKind.UNKNOWN:
        this.state = LegState.UNKNOWN;
        break;
      default:
        break;
    }
    return filled;
  }

  #late(event: OrderEvent): number {
    if (event.kind !== RecordKind.FILL) return 0;
    if (event.orderId < this.#pastId) return event.fillLots;
    const filled = Math.max(0, event.cumLots - this.#pastCum);
    this.#pastCum += filled;
    return filled;
  }

  #end(): void {
    this.state = LegState.IDLE;
    if (this.#orderId === 0) return;
    this.#pastId = this.#orderId;
    this.#pastCum = this.cumLots;
    this.#orderId = 0;
  }
}
