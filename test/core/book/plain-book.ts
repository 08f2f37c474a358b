/** The slow, obvious book: texts in a Map, sorted when asked. What the fast one is compared with. */
import { canonicalDecimal, parseDecimal } from '../../../src/core/numbers/decimal.js';

/** Price in units of 10^-18: every price that a venue may send compares as a whole number. */
const UNITS = 10n ** 18n;

export class PlainBook {
  readonly bids = new Map<string, string>();
  readonly asks = new Map<string, string>();
  readonly #keys = new Map<string, bigint>();

  set(side: number, price: string, qty: string): void {
    const map = side === 0 ? this.bids : this.asks;
    const name = canonicalDecimal(price);
    const amount = canonicalDecimal(qty);
    if (amount === '0') map.delete(name);
    else map.set(name, amount);
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }

  /** Best `count` levels as `price:qty`. */
  best(side: number, count: number): string[] {
    const levels = [...(side === 0 ? this.bids : this.asks)].map(([price, qty]) => ({ key: this.#keyOf(price), text: `${price}:${qty}` }));
    levels.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key === (side === 1) ? -1 : 1));
    return levels.slice(0, count).map((level) => level.text);
  }

  isCrossed(): boolean {
    const bid = this.best(0, 1)[0]?.split(':')[0];
    const ask = this.best(1, 1)[0]?.split(':')[0];
    return bid !== undefined && ask !== undefined && this.#keyOf(bid) >= this.#keyOf(ask);
  }

  #keyOf(price: string): bigint {
    let key = this.#keys.get(price);
    if (key === undefined) {
      const { mantissa, scale } = parseDecimal(price);
      key = (mantissa * UNITS) / 10n ** BigInt(scale);
      if (this.#keys.size > 20_000) this.#keys.clear();
      this.#keys.set(price, key);
    }
    return key;
  }
}
