/** Books as compared between ways of making them: the best levels as numbers, hashed. */
import { createHash } from 'node:crypto';

export const SHOWN_LEVELS = 25;

export interface ShownBook {
  readonly name: string;
  /** Best first, `[price, quantity]`. */
  readonly bids: readonly (readonly [number, number])[];
  readonly asks: readonly (readonly [number, number])[];
}

export function hashOfBooks(books: readonly ShownBook[]): string {
  if (books.length === 0 || books.some((book) => book.bids.length === 0 && book.asks.length === 0)) throw new Error('a book is empty');
  const text = books
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((book) => `${book.name}|${book.bids.join(' ')}|${book.asks.join(' ')}`)
    .join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
