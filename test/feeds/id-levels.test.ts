/** What is known of an id is what was said of it, through growth, removals and moves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookWriter } from '../../src/core/book/book-writer.js';
import { COARSEST } from '../../src/core/book/grid.js';
import { BOOK_BYTES } from '../../src/core/memory/book-layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { IdLevels } from '../../src/feeds/id-levels.js';

const known = fc.record({
  id: fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((n) => 8_799_000_000 + n * 100),
    fc.maxSafeInteger().map((id) => Math.abs(id)),
  ),
  side: fc.constantFrom(0, 1),
  price: fc.oneof(
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.constantFrom(2 ** 26 - 1, 2 ** 26, 2 ** 52, Number.MAX_SAFE_INTEGER),
    fc.maxSafeInteger().map(Math.abs),
  ),
  decimals: fc.integer({ min: 0, max: 31 }),
});

describe('IdLevels', () => {
  it('keeps side, price and decimals of each id', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(known, fc.nat(9)), { maxLength: 120 }), (steps) => {
        const book = new BookWriter(viewsOf(new SharedArrayBuffer(BOOK_BYTES)), 0, COARSEST);
        const ids = new IdLevels(book, null);
        ids.clear([]);
        const model = new Map<number, { side: number; price: number; decimals: number }>();
        for (const [{ id, ...level }, dice] of steps) {
          const place = ids.find(id);
          expect(place >= 0).toBe(model.has(id));
          if (place < 0) ids.add(id, level.side, level.price, level.decimals);
          else if (dice < 5) ids.removeAt(place);
          else ids.move(place, level.side, level.price, level.decimals);
          if (place >= 0 && dice < 5) model.delete(id);
          else model.set(id, level);
        }
        expect(ids.count).toBe(model.size);
        for (const [id, level] of model) {
          const place = ids.find(id);
          expect({ side: ids.sideAt(place), price: ids.priceAt(place), decimals: ids.decimalsAt(place) }).toEqual(level);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('grows', () => {
    const book = new BookWriter(viewsOf(new SharedArrayBuffer(BOOK_BYTES)), 0, COARSEST);
    const ids = new IdLevels(book, null);
    ids.clear([100, 300]);
    for (let n = 0; n < 5_000; n++) ids.add(n * 100, n & 1, 2 ** 40 + n, n % 9);
    for (let n = 0; n < 5_000; n++) {
      const place = ids.find(n * 100);
      expect([ids.sideAt(place), ids.priceAt(place), ids.decimalsAt(place)]).toEqual([n & 1, 2 ** 40 + n, n % 9]);
    }
  });
});
