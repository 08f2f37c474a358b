import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookReader } from '../../../src/core/book/book-reader.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { gridOf } from '../../../src/core/book/grid.js';
import { levelLots } from '../../../src/core/book/level-lookup.js';
import { BOOK_BYTES, BOOK_LIVE, BOOK_SYNCING } from '../../../src/core/memory/book-layout.js';
import { beginWrite, endWrite } from '../../../src/core/memory/seqlock.js';
import { allocateShared, viewsOf } from '../../../src/core/memory/shared-memory.js';

const LEVELS = 200;

describe('level lookup', () => {
  const views = viewsOf(allocateShared(BOOK_BYTES).buffer);

  it('finds what a reader of whole sides finds, in the window and beyond it, and nothing between', () => {
    const change = fc.record({
      side: fc.nat(1),
      away: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 900_000 })),
      lots: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.integer({ min: 1, max: 999 }) }),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: LEVELS }),
        fc.array(fc.integer({ min: 1, max: 2_000_000 }), { maxLength: 20 }),
        (changes, others) => {
          const writer = new BookWriter(views, 0, gridOf('1', '1'));
          const reader = new BookReader(views, 0);
          writer.begin();
          for (const { side, away, lots } of changes) writer.setLevel(side, side === 0 ? 1_000_000 - away : 1_000_000 + away, 0, lots, 0);
          writer.publish(BOOK_LIVE, Number.NaN, Number.NaN, 0);
          for (const side of [0, 1]) {
            const ticks = new Float64Array(LEVELS);
            const lots = new Float64Array(LEVELS);
            const count = reader.readLevels(side, LEVELS, ticks, lots);
            const held = new Map(Array.from({ length: count }, (_, n) => [ticks[n], lots[n]]));
            for (const [price, quantity] of held) expect(levelLots(views, 0, side, price ?? 0)).toBe(quantity);
            for (const price of others) expect(levelLots(views, 0, side, price)).toBe(held.get(price) ?? 0);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('has no answer while the book is not live or is being written', () => {
    const writer = new BookWriter(views, 0, gridOf('1', '1'));
    writer.begin();
    writer.setLevel(0, 100, 0, 7, 0);
    writer.publish(BOOK_LIVE, Number.NaN, Number.NaN, 0);
    expect(levelLots(views, 0, 0, 100)).toBe(7);
    beginWrite(views.i32, 0);
    expect(levelLots(views, 0, 0, 100)).toBeNaN();
    endWrite(views.i32, 0);
    writer.setState(BOOK_SYNCING);
    expect(levelLots(views, 0, 0, 100)).toBeNaN();
  });
});
