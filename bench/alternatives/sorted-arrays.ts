/**
 * The way most engines in this language read a market: `JSON.parse`, numbers by `+text`, each side two sorted arrays of numbers with binary search and `splice`.
 * Written as well as we can: one decode and one parse a message, the best level at the end of its array (changes happen near the best, so little moves),
 * sequence numbers checked. It loses to the kernel and the ladder; kept to be measured against.
 */
import { hashOfBooks, SHOWN_LEVELS, type ShownBook } from '../support/shown-book.js';

/** One side; the worst level first. `sign` 1: prices rise towards the best (bids), -1: they fall (asks). */
class SortedSide {
  readonly prices: number[] = [];
  readonly quantities: number[] = [];
  readonly #sign: number;

  constructor(sign: number) {
    this.#sign = sign;
  }

  clear(): void {
    this.prices.length = 0;
    this.quantities.length = 0;
  }

  set(price: number, quantity: number): void {
    const prices = this.prices;
    const sign = this.#sign;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sign * prices[middle]! < sign * price) low = middle + 1;
      else high = middle;
    }
    if (low < prices.length && prices[low] === price) {
      if (quantity === 0) {
        prices.splice(low, 1);
        this.quantities.splice(low, 1);
      } else this.quantities[low] = quantity;
    } else if (quantity !== 0) {
      prices.splice(low, 0, price);
      this.quantities.splice(low, 0, quantity);
    }
  }

  best(count: number): [number, number][] {
    const shown: [number, number][] = [];
    for (let i = this.prices.length - 1; i >= 0 && shown.length < count; i--) shown.push([this.prices[i]!, this.quantities[i]!]);
    return shown;
  }
}

class ArrayBook {
  readonly bids = new SortedSide(1);
  readonly asks = new SortedSide(-1);
  /** Sequence number of the book; NaN before the first snapshot. */
  last = Number.NaN;
  isSpliced = false;
  /** BitMEX: the price of a row is said once, with its id. */
  readonly priceOfId = new Map<number, number>();

  clear(): void {
    this.bids.clear();
    this.asks.clear();
    this.priceOfId.clear();
    this.last = Number.NaN;
    this.isSpliced = false;
  }

  apply(bids: readonly Pair[], asks: readonly Pair[]): void {
    for (let i = 0; i < bids.length; i++) this.bids.set(+bids[i]![0], +bids[i]![1]);
    for (let i = 0; i < asks.length; i++) this.asks.set(+asks[i]![0], +asks[i]![1]);
  }
}

type Pair = readonly [string, string];

interface BinanceDepth {
  readonly s: string;
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: readonly Pair[];
  readonly a: readonly Pair[];
}

interface BybitBook {
  readonly topic: string;
  readonly type: string;
  readonly data: { readonly s: string; readonly b: readonly Pair[]; readonly a: readonly Pair[]; readonly u: number };
}

interface BitmexRow {
  readonly symbol: string;
  readonly id: number;
  readonly side: string;
  readonly size?: number;
  readonly price?: number;
}

interface BitmexTable {
  readonly action: string;
  readonly data: readonly BitmexRow[];
}

export interface ArrayBooks {
  reset(): void;
  /** @param conn names that are equal on two connections are two books */
  frame(bytes: Buffer, conn: string): void;
  restSnapshot(symbol: string, bytes: Buffer): void;
  result(): string;
}

abstract class Books implements ArrayBooks {
  protected readonly books = new Map<string, ArrayBook>();

  protected book(name: string): ArrayBook {
    let book = this.books.get(name);
    if (book === undefined) {
      book = new ArrayBook();
      this.books.set(name, book);
    }
    return book;
  }

  reset(): void {
    for (const book of this.books.values()) book.clear();
  }

  abstract frame(bytes: Buffer, conn: string): void;

  restSnapshot(_symbol: string, _bytes: Buffer): void {
    throw new Error('this venue sends its snapshots in the stream');
  }

  result(): string {
    const shown: ShownBook[] = [];
    for (const [name, book] of this.books) shown.push({ name, bids: book.bids.best(SHOWN_LEVELS), asks: book.asks.best(SHOWN_LEVELS) });
    return hashOfBooks(shown);
  }
}

class BinanceBooks extends Books {
  readonly #waiting = new Map<string, BinanceDepth[]>();

  override reset(): void {
    super.reset();
    this.#waiting.clear();
  }

  frame(bytes: Buffer): void {
    const json = JSON.parse(bytes.toString()) as { data?: BinanceDepth } & BinanceDepth;
    const depth = json.data ?? json;
    const book = this.book(depth.s);
    if (Number.isNaN(book.last)) {
      const waiting = this.#waiting.get(depth.s);
      if (waiting === undefined) this.#waiting.set(depth.s, [depth]);
      else waiting.push(depth);
      return;
    }
    this.#apply(book, depth);
  }

  override restSnapshot(symbol: string, bytes: Buffer): void {
    const json = JSON.parse(bytes.toString()) as { lastUpdateId: number; bids: Pair[]; asks: Pair[] };
    const book = this.book(symbol);
    book.clear();
    book.apply(json.bids, json.asks);
    book.last = json.lastUpdateId;
    for (const depth of this.#waiting.get(symbol) ?? []) this.#apply(book, depth);
    this.#waiting.delete(symbol);
  }

  #apply(book: ArrayBook, depth: BinanceDepth): void {
    const { pu } = depth;
    if (pu === undefined ? depth.u <= book.last : depth.u < book.last) return;
    if (book.isSpliced) {
      if (pu === undefined ? depth.U !== book.last + 1 : pu !== book.last) throw new Error(`gap of ${depth.s} at ${depth.u}`);
    } else book.isSpliced = true;
    book.last = depth.u;
    book.apply(depth.b, depth.a);
  }
}

class BybitBooks extends Books {
  frame(bytes: Buffer, conn: string): void {
    const { type, data } = JSON.parse(bytes.toString()) as BybitBook;
    const book = this.book(`${conn} ${data.s}`);
    if (type === 'snapshot' || data.u === 1) book.clear();
    else if (data.u !== book.last + 1) throw new Error(`gap of ${data.s} at ${data.u}`);
    book.last = data.u;
    book.apply(data.b, data.a);
  }
}

class BitmexBooks extends Books {
  frame(bytes: Buffer, conn: string): void {
    const { action, data } = JSON.parse(bytes.toString()) as BitmexTable;
    if (action === 'partial') {
      for (const row of data) {
        const book = this.book(`${conn} ${row.symbol}`);
        if (Number.isNaN(book.last)) book.last = 0;
      }
      const first = data[0];
      if (first !== undefined) this.book(`${conn} ${first.symbol}`).clear();
    }
    let symbol = '';
    let book: ArrayBook | null = null;
    for (let i = 0; i < data.length; i++) {
      const row = data[i]!;
      if (book === null || row.symbol !== symbol) {
        symbol = row.symbol;
        book = this.book(`${conn} ${symbol}`);
      }
      let price = row.price;
      if (action === 'delete') {
        price = book.priceOfId.get(row.id);
        book.priceOfId.delete(row.id);
      } else if (action === 'update') price = book.priceOfId.get(row.id);
      else if (price !== undefined) book.priceOfId.set(row.id, price);
      if (price === undefined) throw new Error(`unknown id ${row.id} of ${symbol}`);
      (row.side === 'Buy' ? book.bids : book.asks).set(price, action === 'delete' ? 0 : (row.size ?? 0));
    }
  }
}

/** @param venueId one of the venues that are measured */
export function arrayBooksOf(venueId: string): ArrayBooks {
  if (venueId.startsWith('binance')) return new BinanceBooks();
  if (venueId === 'bybit') return new BybitBooks();
  if (venueId === 'bitmex') return new BitmexBooks();
  throw new Error(`no books of sorted arrays for ${venueId}`);
}
