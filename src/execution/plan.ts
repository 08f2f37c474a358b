/**
 * Requests that wait for room in a venue's rate budget, in the order in which they matter. Called by the executor on the hot lane; one `GatewayPlan` a gateway.
 * An order has at most one waiting request: a later wish replaces it in place, so a price jump sends one amend, not fifty. Bounded by the order slots.
 */
import type { VenueCaps } from './caps.js';

export const LANE_CANCEL = 0;
export const LANE_HEDGE = 1;
export const LANE_QUERY = 2;
export const LANE_AMEND = 3;
export const LANE_NEAR = 4;
export const LANE_FAR = 5;
const LANES = 6;

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
  readonly #waiting: WaitingRequests;
  readonly #caps: VenueCaps;
  readonly #first = new Int32Array(LANES).fill(NONE);
  readonly #last = new Int32Array(LANES).fill(NONE);
  #tokens: number;
  #filledUs = Number.NaN;
  #count = 0;

  constructor(waiting: WaitingRequests, caps: VenueCaps) {
    this.#waiting = waiting;
    this.#caps = caps;
    this.#tokens = caps.burst;
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
    waiting.kind[slot] = kind;
    waiting.lane[slot] = lane;
    waiting.next[slot] = NONE;
    const last = this.#last[lane]!;
    waiting.previous[slot] = last;
    if (last === NONE) this.#first[lane] = slot;
    else waiting.next[last] = slot;
    this.#last[lane] = slot;
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
    this.#count--;
  }

  /**
   * Offers waiting requests to `send`, most important first, as far as the budget goes. Cancels and hedges may use all of it, the rest leaves them a reserve.
   * @returns requests sent
   */
  release(nowUs: number, send: (slot: number, kind: number) => number): number {
    if (this.#count === 0) return 0;
    this.#refill(nowUs);
    let sent = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const least = lane <= LANE_HEDGE ? 1 : this.#caps.cancelReserve + 1;
      while (this.#first[lane] !== NONE) {
        if (this.#tokens < least) break;
        const slot = this.#first[lane]!;
        const kind = this.#waiting.kind[slot]!;
        this.remove(slot);
        const result = send(slot, kind);
        if (result === NO_ROOM) {
          this.#putBack(slot, kind, lane);
          break;
        }
        if (result === DROPPED) continue;
        this.#tokens--;
        sent++;
      }
    }
    return sent;
  }

  #refill(nowUs: number): void {
    const { burst, perSecond } = this.#caps;
    const since = nowUs - this.#filledUs;
    if (since > 0) this.#tokens = Math.min(burst, this.#tokens + (since * perSecond) / 1e6);
    this.#filledUs = nowUs;
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
    this.#count++;
  }
}
