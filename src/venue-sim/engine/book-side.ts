/**
 * One side of a simulated exchange's book: price levels in order, each with its queue of orders in order of arrival.
 * The sorted keys lie worst first, best last, so that changes near the touch move few of them. Called by `MatchingEngine` only.
 */

export type Side = 'buy' | 'sell';

/** An order resting in the book. `owner` is an account number; nothing in here knows what kind of account it is. */
export class BookOrder {
  previous: BookOrder | null = null;
  next: BookOrder | null = null;

  constructor(
    readonly id: number,
    readonly owner: number,
    readonly side: Side,
    readonly ticks: number,
    public lots: number,
    readonly level: PriceLevel,
  ) {}
}

export interface PriceLevel {
  readonly ticks: number;
  lots: number;
  orders: number;
  first: BookOrder | null;
  last: BookOrder | null;
}

export class BookSide {
  readonly side: Side;
  /** Keys rise towards the best price: the ticks themselves for bids, their negation for asks. */
  readonly #sign: 1 | -1;
  readonly #levels = new Map<number, PriceLevel>();
  #keys = new Float64Array(1024);
  #count = 0;

  constructor(side: Side) {
    this.side = side;
    this.#sign = side === 'buy' ? 1 : -1;
  }

  get levelCount(): number {
    return this.#count;
  }

  /** NaN when the side is empty. */
  get bestTicks(): number {
    return this.#count === 0 ? Number.NaN : this.#sign * (this.#keys[this.#count - 1] ?? Number.NaN);
  }

  best(): PriceLevel | undefined {
    return this.#count === 0 ? undefined : this.#levels.get(this.bestTicks);
  }

  at(ticks: number): PriceLevel | undefined {
    return this.#levels.get(ticks);
  }

  /** The level `rank` places behind the best (0 = best). */
  ranked(rank: number): PriceLevel | undefined {
    return rank >= this.#count ? undefined : this.#levels.get(this.#sign * (this.#keys[this.#count - 1 - rank] ?? Number.NaN));
  }

  /** Best first. */
  *levels(most = Number.POSITIVE_INFINITY): Generator<PriceLevel> {
    const count = Math.min(most, this.#count);
    for (let rank = 0; rank < count; rank++) {
      const level = this.ranked(rank);
      if (level !== undefined) yield level;
    }
  }

  /** Puts the order at the end of its level's queue. */
  append(order: BookOrder): void {
    const level = order.level;
    order.previous = level.last;
    order.next = null;
    if (level.last === null) level.first = order;
    else level.last.next = order;
    level.last = order;
    level.orders++;
    level.lots += order.lots;
  }

  levelFor(ticks: number): PriceLevel {
    const known = this.#levels.get(ticks);
    if (known !== undefined) return known;
    const level: PriceLevel = { ticks, lots: 0, orders: 0, first: null, last: null };
    this.#levels.set(ticks, level);
    this.#insertKey(ticks * this.#sign);
    return level;
  }

  /** Takes the order out of its queue; a level without orders disappears. */
  unlink(order: BookOrder): void {
    const level = order.level;
    if (order.previous === null) level.first = order.next;
    else order.previous.next = order.next;
    if (order.next === null) level.last = order.previous;
    else order.next.previous = order.previous;
    level.orders--;
    level.lots -= order.lots;
    if (level.orders === 0) {
      this.#levels.delete(level.ticks);
      this.#removeKey(level.ticks * this.#sign);
    }
  }

  #insertKey(key: number): void {
    if (this.#count === this.#keys.length) {
      const wider = new Float64Array(this.#keys.length * 2);
      wider.set(this.#keys);
      this.#keys = wider;
    }
    const place = this.#placeOf(key);
    this.#keys.copyWithin(place + 1, place, this.#count);
    this.#keys[place] = key;
    this.#count++;
  }

  #removeKey(key: number): void {
    const place = this.#placeOf(key);
    this.#keys.copyWithin(place, place + 1, this.#count);
    this.#count--;
  }

  /** First index whose key is not below `key`. */
  #placeOf(key: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
