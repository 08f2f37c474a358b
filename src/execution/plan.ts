/**
 * Requests that wait for room in a venue's budget, in the order in which they matter. Called by the executor on the hot lane; one `GatewayPlan` a gateway.
 * An order has at most one waiting request: a later wish replaces it in place, so a price jump sends one amend, not fifty. Bounded by the order slots.
 *
 * Lanes: cancel, hedge, question, amend, new. Where an amend or new lane holds more than the budget, what stands nearest to the market goes first: distances are
 * looked at only then, as they are at that moment.
 */
import type { Budget } from './budget.js';

export const LANE_CANCEL = 0;
export const LANE_HEDGE = 1;
export const LANE_QUERY = 2;
export const LANE_AMEND = 3;
export const LANE_NEW = 4;
const LANES = 5;

const NONE = -1;

/** What became of an offer to send. */
export const SENT = 0;
/** The order does not want it any more; nothing was sent, nothing was used up. */
export const DROPPED = 1;
/** No room in a ring: try again next turn. */
export const NO_ROOM = 2;

/** Waiting requests of all gateways; an order belongs to one. */
export class WaitingRequests {
  /** RecordKind of the order's waiting request, 0 when none waits. */
  readonly kind: Uint8Array;
  readonly lane: Uint8Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;

  constructor(slots: number) {
    this.kind = new Uint8Array(slots);
    this.lane = new Uint8Array(slots);
    this.next = new Int32Array(slots).fill(NONE);
    this.previous = new Int32Array(slots).fill(NONE);
  }
}

export class GatewayPlan {
  readonly budget: Budget;
  readonly #waiting: WaitingRequests;
  readonly #distance: (slot: number) => number;
  readonly #first = new Int32Array(LANES).fill(NONE);
  readonly #last = new Int32Array(LANES).fill(NONE);
  readonly #counts = new Int32Array(LANES);
  #count = 0;

  /** @param distance of an order's price (an amend's new one) from the market now */
  constructor(waiting: WaitingRequests, budget: Budget, distance: (slot: number) => number) {
    this.#waiting = waiting;
    this.budget = budget;
    this.#distance = distance;
  }

  get count(): number {
    return this.#count;
  }

  /** Puts an order's request at the end of a lane; what it had waiting is replaced, keeping its place when the lane is the same. */
  add(slot: number, kind: number, lane: number): void {
    const waiting = this.#waiting;
    if (waiting.kind[slot] !== 0) {
      if (waiting.lane[slot] === lane) {
        waiting.kind[slot] = kind;
        return;
      }
      this.remove(slot);
    }
    const last = this.#last[lane]!;
    waiting.kind[slot] = kind;
    waiting.lane[slot] = lane;
    waiting.next[slot] = NONE;
    waiting.previous[slot] = last;
    if (last === NONE) this.#first[lane] = slot;
    else waiting.next[last] = slot;
    this.#last[lane] = slot;
    this.#counts[lane] = this.#counts[lane]! + 1;
    this.#count++;
  }

  remove(slot: number): void {
    const waiting = this.#waiting;
    if (waiting.kind[slot] === 0) return;
    const lane = waiting.lane[slot]!;
    const next = waiting.next[slot]!;
    const previous = waiting.previous[slot]!;
    if (previous === NONE) this.#first[lane] = next;
    else waiting.next[previous] = next;
    if (next === NONE) this.#last[lane] = previous;
    else waiting.previous[next] = previous;
    waiting.kind[slot] = 0;
    this.#counts[lane] = this.#counts[lane]! - 1;
    this.#count--;
  }

  /** True when what waits here and `more` that may join it are beyond the budget: then it is worth to see all of it before any of it leaves. */
  isShort(nowUs: number, more: number): boolean {
    this.budget.refresh(nowUs);
    return this.budget.orderCredits() < this.#count + more;
  }

  /** Offers waiting requests to `send`, most important first, as far as the budget goes. @returns requests sent */
  release(nowUs: number, send: (slot: number, kind: number) => number): number {
    if (this.#count === 0) return 0;
    const { budget } = this;
    budget.refresh(nowUs);
    if (budget.isPaused) return 0;
    let sent = 0;
    for (let lane = 0; lane < LANES; lane++) {
      while (this.#first[lane] !== NONE) {
        const credits = this.#creditsOf(lane);
        if (credits < 1) break;
        const slot = lane >= LANE_AMEND && this.#counts[lane]! > credits ? this.#nearest(lane) : this.#first[lane]!;
        const kind = this.#waiting.kind[slot]!;
        this.remove(slot);
        const result = send(slot, kind);
        if (result === NO_ROOM) {
          this.#putBack(slot, kind, lane);
          break;
        }
        if (result === DROPPED) continue;
        if (lane === LANE_QUERY) budget.takeQuestion();
        else budget.takeOrder();
        sent++;
      }
    }
    return sent;
  }

  #creditsOf(lane: number): number {
    if (lane === LANE_QUERY) return this.budget.questionCredits();
    return lane <= LANE_HEDGE ? this.budget.urgentCredits() : this.budget.orderCredits();
  }

  /** The first of those that are nearest. */
  #nearest(lane: number): number {
    const { next } = this.#waiting;
    let best = this.#first[lane]!;
    let least = this.#distance(best);
    for (let slot = next[best]!; slot !== NONE; slot = next[slot]!) {
      const distance = this.#distance(slot);
      if (distance >= least) continue;
      best = slot;
      least = distance;
    }
    return best;
  }

  #putBack(slot: number, kind: number, lane: number): void {
    const waiting = this.#waiting;
    const first = this.#first[lane]!;
    waiting.kind[slot] = kind;
    waiting.lane[slot] = lane;
    waiting.previous[slot] = NONE;
    waiting.next[slot] = first;
    if (first === NONE) this.#last[lane] = slot;
    else waiting.previous[first] = slot;
    this.#first[lane] = slot;
    this.#counts[lane] = this.#counts[lane]! + 1;
    this.#count++;
  }
}
