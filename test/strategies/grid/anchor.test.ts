/** Anchors by table: where a ladder is built, from one book or from an average of books. */
import { describe, expect, it } from 'vitest';
import type { BookView } from '../../../src/core/ports/strategy.js';
import grid from '../../../src/strategies/grid.js';
import { Anchor } from '../../../src/strategies/grid/anchor.js';
import { gridSettings } from '../../../src/strategies/grid/params.js';
import { paramsOf } from '../harness.js';

function book(bidTicks: number, bidLots: number, askTicks: number, askLots: number): BookView {
  return { isLive: true, bidTicks, bidLots, askTicks, askLots, recvUs: 0, isFresh: () => true, levels: () => 0 };
}

function anchor(given: Record<string, unknown>): Anchor {
  return new Anchor(gridSettings('g', paramsOf(grid, { size: '1', ...given })));
}

describe('an anchor', () => {
  it('B11: is the middle, in whole ticks', () => {
    expect(anchor({ anchor: 'mid' }).see(book(100, 1, 110, 9), 0)).toBe(105);
    expect(anchor({ anchor: 'mid' }).see(book(100, 1, 101, 9), 0)).toBe(101);
  });

  it('B11: leans to the thinner side as microprice', () => {
    expect(anchor({ anchor: 'microprice' }).see(book(100, 1, 110, 9), 0)).toBe(101);
    expect(anchor({ anchor: 'microprice' }).see(book(100, 9, 110, 1), 0)).toBe(109);
  });

  it('B11: is an average that is taken after its time constant, whatever the pace of the books', () => {
    const slow = anchor({ anchor: 'ema', emaSeconds: 10 });
    expect(slow.see(book(99, 1, 101, 1), 0)).toBeNaN();
    expect(slow.see(book(199, 1, 201, 1), 5e6)).toBeNaN();
    const reached = slow.see(book(199, 1, 201, 1), 10e6);
    expect(reached).toBe(163); // 200 - 100 / e
    const fine = anchor({ anchor: 'ema', emaSeconds: 10 });
    let last = fine.see(book(99, 1, 101, 1), 0);
    for (let i = 1; i <= 1000; i++) last = fine.see(book(199, 1, 201, 1), i * 1e4);
    expect(last).toBe(163);
  });

  it('is not told by a book with an empty or crossed side', () => {
    for (const kind of ['mid', 'microprice', 'ema']) {
      expect(anchor({ anchor: kind }).see(book(Number.NaN, 0, 110, 9), 0)).toBeNaN();
      expect(anchor({ anchor: kind }).see(book(110, 1, 100, 9), 0)).toBeNaN();
    }
  });
});
