/** A run of 500 instruments has books above 2 GiB, where a byte offset is no positive int32 any more. */
import { expect, it } from 'vitest';
import { BookReader } from '../../../src/core/book/book-reader.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { gridOf } from '../../../src/core/book/grid.js';
import { levelLots } from '../../../src/core/book/level-lookup.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../../src/core/memory/book-layout.js';
import { allocateShared, viewsOf } from '../../../src/core/memory/shared-memory.js';

/** One level in the window, one in the overflow of each side. */
const LEVELS = [
  { side: 0, ticks: 999_990, lots: 3 },
  { side: 0, ticks: 1_000, lots: 5 },
  { side: 1, ticks: 1_000_010, lots: 7 },
  { side: 1, ticks: 9_000_000, lots: 11 },
] as const;

it('a book above 2 GiB, or across that line, is read as it was written', () => {
  const middle = 2 ** 31;
  const views = viewsOf(allocateShared(middle + 2 * BOOK_BYTES));
  for (const base of [middle - 128, middle + BOOK_BYTES - 128]) {
    const writer = new BookWriter(views, base, gridOf('1', '1'));
    writer.begin();
    for (const { side, ticks, lots } of LEVELS) writer.setLevel(side, ticks, 0, lots, 0);
    writer.publish(BOOK_LIVE, Number.NaN, Number.NaN, 0);
    const reader = new BookReader(views, base);
    for (const side of [0, 1]) {
      const ticks = new Float64Array(4);
      const lots = new Float64Array(4);
      expect(reader.readLevels(side, 4, ticks, lots)).toBe(2);
      expect([...ticks.subarray(0, 2)]).toEqual(LEVELS.filter((level) => level.side === side).map((level) => level.ticks));
      expect([...lots.subarray(0, 2)]).toEqual(LEVELS.filter((level) => level.side === side).map((level) => level.lots));
    }
    for (const { side, ticks, lots } of LEVELS) expect(levelLots(views, base, side, ticks)).toBe(lots);
  }
});
