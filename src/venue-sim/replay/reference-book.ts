/**
 * The whole book of one symbol as the recording says it, in the venue's own texts: what a client that comes late gets as its snapshot. Slow and obvious;
 * it shares nothing with the books of the engine. Owned by a replayed venue.
 */
import { canonicalDecimal } from '../../core/numbers/decimal.js';

export type Level = readonly [price: string, qty: string];

export class ReferenceBook {
  readonly #bids = new Map<string, Level>();
  readonly #asks = new Map<string, Level>();

  replace(bids: readonly Level[], asks: readonly Level[]): void {
    this.#bids.clear();
    this.#asks.clear();
    this.apply(bids, asks);
  }

  /** Amount 0 removes a level. */
  apply(bids: readonly Level[], asks: readonly Level[]): void {
    put(this.#bids, bids);
    put(this.#asks, asks);
  }

  /** Best first. */
  bids(most = Infinity): Level[] {
    return sorted(this.#bids, -1).slice(0, most);
  }

  asks(most = Infinity): Level[] {
    return sorted(this.#asks, 1).slice(0, most);
  }
}

/** The price as sent and its shortest form name the same level. */
function put(side: Map<string, Level>, levels: readonly Level[]): void {
  for (const level of levels) {
    const key = canonicalDecimal(level[0]);
    if (Number(level[1]) === 0) side.delete(key);
    else side.set(key, level);
  }
}

function sorted(side: ReadonlyMap<string, Level>, sign: 1 | -1): Level[] {
  return [...side.values()].sort((a, b) => sign * (Number(a[0]) - Number(b[0])));
}

/** How many decimals the numbers seen so far need. */
export class Decimals {
  price = 0;
  qty = 0;

  see(levels: readonly Level[]): void {
    for (const [price, qty] of levels) {
      this.price = Math.max(this.price, decimalsOf(price));
      this.qty = Math.max(this.qty, decimalsOf(qty));
    }
  }
}

function decimalsOf(text: string): number {
  const plain = /e/i.test(text) ? canonicalDecimal(text) : text;
  const point = plain.indexOf('.');
  if (point < 0) return 0;
  let end = plain.length;
  while (plain.charCodeAt(end - 1) === 48) end--;
  return end - point - 1 > 0 ? end - point - 1 : 0;
}

/** The smallest step with so many decimals: 0.01 for 2. */
export function stepText(decimals: number): string {
  return decimals === 0 ? '1' : `0.${'0'.repeat(decimals - 1)}1`;
}
