/**
 * Which fills were counted: a set of (order, trade id), bounded, the oldest forgotten first. Venues repeat fills on reconnects and when asked; trade ids are
 * unique only within an instrument on some venues, so the order's id (which names the instrument) is part of the key. Called by the executor on the hot lane.
 */

const NONE = -1;

export class FillsSeen {
  readonly #orders: Float64Array;
  readonly #trades: Float64Array;
  readonly #hash: Int32Array;
  readonly #mask: number;
  #next = 0;
  #count = 0;

  /** @param capacity fills remembered, a power of two */
  constructor(readonly capacity: number) {
    this.#orders = new Float64Array(capacity);
    this.#trades = new Float64Array(capacity);
    this.#hash = new Int32Array(capacity * 4).fill(NONE);
    this.#mask = capacity * 4 - 1;
  }

  has(orderId: number, tradeId: number): boolean {
    for (let at = this.#hashOf(orderId, tradeId); ; at = (at + 1) & this.#mask) {
      const entry = this.#hash[at]!;
      if (entry === NONE) return false;
      if (this.#orders[entry] === orderId && this.#trades[entry] === tradeId) return true;
    }
  }

  /** True when it was not there. */
  add(orderId: number, tradeId: number): boolean {
    if (this.has(orderId, tradeId)) return false;
    const entry = this.#next;
    this.#next = (this.#next + 1) % this.capacity;
    if (this.#count === this.capacity) this.#forget(entry);
    else this.#count++;
    this.#orders[entry] = orderId;
    this.#trades[entry] = tradeId;
    let at = this.#hashOf(orderId, tradeId);
    while (this.#hash[at] !== NONE) at = (at + 1) & this.#mask;
    this.#hash[at] = entry;
    return true;
  }

  #hashOf(orderId: number, tradeId: number): number {
    const mixed = Math.imul(fold(orderId) ^ Math.imul(fold(tradeId), 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  #forget(entry: number): void {
    let hole = this.#hashOf(this.#orders[entry]!, this.#trades[entry]!);
    while (this.#hash[hole] !== entry) hole = (hole + 1) & this.#mask;
    for (let at = (hole + 1) & this.#mask; this.#hash[at] !== NONE; at = (at + 1) & this.#mask) {
      const other = this.#hash[at]!;
      const home = this.#hashOf(this.#orders[other]!, this.#trades[other]!);
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#hash[hole] = other;
      hole = at;
    }
    this.#hash[hole] = NONE;
  }
}

function fold(id: number): number {
  const low = id % 4_294_967_296;
  return (low | 0) ^ ((id - low) / 4_294_967_296);
}
