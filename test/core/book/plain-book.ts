/** The slow, obvious book: texts in a Map, sorted when asked. What the fast one is compared with. */
import { canonicalDecimal, parseDecimal } from '../../../src/core/numbers/decimal.js';

export class PlainBook {
  readonly bids = new Map<string, string>();
  readonly asks = new Map<string, string>();

  set(side: number, price: string, qty: string): void {
    const map = side === 0 ? this.bids : this.asks;
    const amount = canonicalDecimal(qty);
    if (amount === '0') map.delete(canonicalDecimal(price));
    else map.set(canonicalDecimal(price), amount);
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }

  /** Best `count` levels as `price:qty`. */
  best(side: number, count: number): string[] {
    const levels = [...(side === 0 ? this.bids : this.asks)];
    levels.sort(([a], [b]) => (side === 0 ? compare(b, a) : compare(a, b)));
    return levels.slice(0, count).map(([price, qty]) => `${price}:${qty}`);
  }

  isCrossed(): boolean {
    const bid = this.best(0, 1)[0]?.split(':')[0];
    const ask = this.best(1, 1)[0]?.split(':')[0];
    return bid !== undefined && ask !== undefined && compare(bid, ask) >= 0;
  }
}

function compare(a: string, b: string): number {
  const x = parseDecimal(a);
  const y = parseDecimal(b);
  const scale = Math.max(x.scale, y.scale);
  const difference = x.mantissa * 10n ** BigInt(scale - x.scale) - y.mantissa * 10n ** BigInt(scale - y.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
