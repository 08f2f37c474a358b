/**
 * Our own orders by instrument and side, of all strategies together: the best price of each is what the self-trade guard compares with, in one load.
 * An order counts from the moment it is accepted until the venue says that it ended; while an amend is under way it counts at the price nearer to the market.
 * Called by the executor on the hot lane. Adding costs a few words; taking the best away walks the side's list.
 */
import { SIDE_BUY } from '../../core/memory/record.js';

const NONE = -1;

export class RestingOrders {
  readonly #best: Float64Array;
  readonly #first: Int32Array;
  readonly #count: Int32Array;
  /** By slot. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #ticks: Float64Array;
  readonly #list: Int32Array;

  constructor(instruments: number, slots: number) {
    this.#best = new Float64Array(instruments * 2).fill(Number.NaN);
    this.#first = new Int32Array(instruments * 2).fill(NONE);
    this.#count = new Int32Array(instruments * 2);
    this.#next = new Int32Array(slots).fill(NONE);
    this.#previous = new Int32Array(slots).fill(NONE);
    this.#ticks = new Float64Array(slots);
    this.#list = new Int32Array(slots).fill(NONE);
  }

  /** Best own price of a side, NaN when none rests. */
  best(instrument: number, side: number): number {
    return this.#best[instrument * 2 + side]!;
  }

  /** Own live orders of the instrument, both sides. */
  count(instrument: number): number {
    return this.#count[instrument * 2]! + this.#count[instrument * 2 + 1]!;
  }

  /** True when an order of `side` at `ticks` would meet one of ours. */
  wouldMeet(instrument: number, side: number, ticks: number): boolean {
    const other = this.#best[instrument * 2 + (1 - side)]!;
    return side === SIDE_BUY ? ticks >= other : ticks <= other;
  }

  /** Slots of our orders that an order of `side` at `ticks` would meet. Not for the hot path: the list is walked, and what is called may change it. */
  meeting(instrument: number, side: number, ticks: number): number[] {
    const slots: number[] = [];
    for (let slot = this.#first[instrument * 2 + (1 - side)]!; slot !== NONE; slot = this.#next[slot]!) {
      const other = this.#ticks[slot]!;
      if (side === SIDE_BUY ? ticks >= other : ticks <= other) slots.push(slot);
    }
    return slots;
  }

  add(slot: number, instrument: number, side: number, ticks: number): void {
    const list = instrument * 2 + side;
    this.#list[slot] = list;
    this.#ticks[slot] = ticks;
    const first = this.#first[list]!;
    this.#next[slot] = first;
    this.#previous[slot] = NONE;
    if (first !== NONE) this.#previous[first] = slot;
    this.#first[list] = slot;
    this.#count[list] = this.#count[list]! + 1;
    if (isBetter(list, ticks, this.#best[list]!)) this.#best[list] = ticks;
  }

  move(slot: number, ticks: number): void {
    const list = this.#list[slot]!;
    if (list === NONE) return;
    this.#ticks[slot] = ticks;
    this.#findBest(list);
  }

  remove(slot: number): void {
    const list = this.#list[slot]!;
    if (list === NONE) return;
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous === NONE) this.#first[list] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#list[slot] = NONE;
    this.#count[list] = this.#count[list]! - 1;
    if (this.#ticks[slot] === this.#best[list]) this.#findBest(list);
  }

  #findBest(list: number): void {
    let best = Number.NaN;
    for (let slot = this.#first[list]!; slot !== NONE; slot = this.#next[slot]!) {
      if (isBetter(list, this.#ticks[slot]!, best)) best = this.#ticks[slot]!;
    }
    this.#best[list] = best;
  }
}

/** Even lists are bids. */
function isBetter(list: number, ticks: number, best: number): boolean {
  return Number.isNaN(best) || ((list & 1) === SIDE_BUY ? ticks > best : ticks < best);
}

export function moreAggressive(side: number, a: number, b: number): number {
  return side === SIDE_BUY ? Math.max(a, b) : Math.min(a, b);
}
