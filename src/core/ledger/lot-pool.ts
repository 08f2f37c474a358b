/**
 * Open lots of one pool. Called by the ledger.
 * A lot is a signed quantity with the signed cash flow that opened it. An opposite quantity closes lots, the newest or the oldest first; the flows of what was
 * matched, both sides, are the matched profit. Shares of a flow are cut towards zero and the remainder stays with what stays, so that no unit is ever lost or made.
 */

/** Which open lot an opposite quantity closes first. */
export type MatchOrder = 'newest' | 'oldest';

interface Lot {
  qty: bigint;
  flow: bigint;
}

/** Lots closed before the front of the queue are let go in bulk. */
const COMPACT_AT = 1024;

export class LotPool {
  readonly #order: MatchOrder;
  readonly #lots: Lot[] = [];
  #front = 0;
  /** Signed quantity not matched. */
  openQty = 0n;
  /** Sum of the cash flows of open lots. */
  openFlow = 0n;

  constructor(order: MatchOrder) {
    this.#order = order;
  }

  get lotCount(): number {
    return this.#lots.length - this.#front;
  }

  /** Adds a signed quantity with its signed cash flow; returns the profit of what it matched. */
  apply(qty: bigint, flow: bigint): bigint {
    let restQty = qty;
    let restFlow = flow;
    let profit = 0n;
    while (restQty !== 0n) {
      const lot = this.#order === 'newest' ? this.#lots.at(-1) : this.#lots[this.#front];
      if (lot === undefined || lot.qty > 0n === restQty > 0n) break;
      const size = smaller(magnitude(restQty), magnitude(lot.qty));
      const lotShare = (lot.flow * size) / magnitude(lot.qty);
      const ownShare = (restFlow * size) / magnitude(restQty);
      profit += lotShare + ownShare;
      lot.flow -= lotShare;
      restFlow -= ownShare;
      lot.qty += lot.qty > 0n ? -size : size;
      restQty += restQty > 0n ? -size : size;
      if (lot.qty === 0n) this.#drop();
    }
    if (restQty !== 0n) this.#lots.push({ qty: restQty, flow: restFlow });
    this.openQty += qty;
    this.openFlow += flow - profit;
    return profit;
  }

  #drop(): void {
    if (this.#order === 'newest') {
      this.#lots.pop();
      return;
    }
    this.#front++;
    if (this.#front < COMPACT_AT && this.#front < this.#lots.length) return;
    this.#lots.splice(0, this.#front);
    this.#front = 0;
  }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
