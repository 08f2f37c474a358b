/** The ladder against the plain book: random operations, moving windows, regrids, overflow. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookReader, DepthView } from '../../../src/core/book/book-reader.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { COARSEST, gridOf } from '../../../src/core/book/grid.js';
import { LevelList } from '../../../src/core/kernel/message.js';
import {
  BOOK_BYTES,
  BOOK_GAP,
  BOOK_LIVE,
  BOOK_SYNCING,
  OVERFLOW_NODES,
  WINDOW_KEYS,
  BOOK_BID_SIDE,
  SIDE_LOTS,
} from '../../../src/core/memory/book-layout.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { RESULT_OK, RESULT_RANGE } from '../../../src/core/numbers/errors.js';
import { formatDecimal } from '../../../src/core/numbers/decimal.js';
import { PlainBook } from './plain-book.js';

/** Of the book in its memory. */
const BASE = 128;

/** A book with its reader; levels go in as texts, one publish a call. */
class Bench {
  readonly views = viewsOf(new SharedArrayBuffer(BOOK_BYTES + 256));
  readonly writer: BookWriter;
  readonly reader: BookReader;
  readonly plain = new PlainBook();
  readonly #bids = new LevelList();
  readonly #asks = new LevelList();

  constructor(grid = COARSEST, base = BASE) {
    this.writer = new BookWriter(this.views, base, grid);
    this.reader = new BookReader(this.views, base);
  }

  change(levels: readonly (readonly [side: number, price: string, qty: string])[]): number {
    this.#bids.count = 0;
    this.#asks.count = 0;
    for (const [side, price, qty] of levels) (side === 0 ? this.#bids : this.#asks).add(price, qty);
    for (const [side, price, qty] of levels) this.plain.set(side, price, qty);
    this.writer.begin();
    const result = this.writer.change(this.#bids, this.#asks);
    this.writer.publish(BOOK_LIVE, 1, 2, 3);
    return result;
  }

  best(side: number, count: number): string[] {
    const view = new DepthView(count);
    expect(this.reader.readDepth(count, view)).toBe(true);
    const { priceUnit, priceScale, lotUnit, lotScale } = this.reader.top;
    const ticks = side === 0 ? view.bidTicks : view.askTicks;
    const lots = side === 0 ? view.bidLots : view.askLots;
    return Array.from({ length: side === 0 ? view.bidCount : view.askCount }, (_, i) => {
      const price = formatDecimal(BigInt(ticks[i]!) * BigInt(priceUnit), priceScale);
      return `${price}:${formatDecimal(BigInt(lots[i]!) * BigInt(lotUnit), lotScale)}`;
    });
  }

  check(count = 40): void {
    for (const side of [0, 1]) expect(this.best(side, count)).toEqual(this.plain.best(side, count));
    expect(this.reader.top.bidLevels).toBe(this.plain.bids.size);
    expect(this.reader.top.askLevels).toBe(this.plain.asks.size);
  }
}

/** Prices in whole units around a centre that wanders: most near, some far outside any window. */
const operation = fc.record({
  side: fc.constantFrom(0, 1),
  offset: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: WINDOW_KEYS * 2 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 50_000_000 }) },
  ),
  qty: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9_999_999 })),
  move: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -400_000, max: 400_000 }) }),
});

/** Both sides of every edge of a window whose best stands a quarter in. */
const EDGES = [0, 1, WINDOW_KEYS / 4, WINDOW_KEYS / 2, (WINDOW_KEYS / 4) * 3, WINDOW_KEYS].flatMap((edge) => [edge - 1, edge, edge + 1]);

describe('ladder', () => {
  it('keeps every level at the edges of its window, wherever the window goes', () => {
    for (const side of [0, 1]) {
      const sign = side === 0 ? -1 : 1;
      for (const jump of EDGES.filter((edge) => edge > 0)) {
        const bench = new Bench();
        const start = 40_000_000;
        bench.change([[side, String(start), '1']]);
        for (const edge of EDGES) bench.change([[side, String(start + sign * edge), '2']]);
        bench.check();
        // A better price by `jump`, then away with it and with everything from the front.
        bench.change([[side, String(start - sign * jump), '3']]);
        bench.check();
        for (const edge of EDGES) bench.change([[side, String(start - sign * jump + sign * edge), '4']]);
        bench.check();
        for (let best = bench.plain.best(side, 1)[0]; best !== undefined; best = bench.plain.best(side, 1)[0]) {
          bench.change([[side, best.split(':')[0]!, '0']]);
          bench.check();
        }
      }
    }
  });

  it('holds what a plain book holds, over random changes, moving windows and overflow', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 400 }), (operations) => {
        const bench = new Bench();
        let centre = 60_000_000;
        operations.forEach((op, index) => {
          centre = Math.max(55_000_000, centre + op.move);
          const price = op.side === 0 ? centre - op.offset : centre + op.offset;
          bench.change([[op.side, String(Math.max(0, price)), String(op.qty)]]);
          if (index % 7 === 0) bench.check();
        });
        bench.check(1000);
        // Taking the best away again and again walks through window and overflow in order.
        for (const side of [0, 1]) {
          for (let best = bench.plain.best(side, 1)[0]; best !== undefined; best = bench.plain.best(side, 1)[0]) {
            bench.change([[side, best.split(':')[0]!, '0']]);
            expect(bench.best(side, 3)).toEqual(bench.plain.best(side, 3));
          }
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it('regrids without loss when a finer price or quantity comes', () => {
    const text = fc.tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 8 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(0, 1), text, text), { minLength: 1, maxLength: 120 }), (levels) => {
        const bench = new Bench();
        for (const [side, price, qty] of levels) {
          bench.change([[side, formatDecimal(BigInt(price[0]), price[1]), formatDecimal(BigInt(qty[0]), qty[1])]]);
          bench.check();
        }
      }),
      { numRuns: 60, seed: 12 },
    );
  });

  it('counts in the venue’s steps, and goes finer when the venue leaves its own grid', () => {
    const bench = new Bench(gridOf('0.5', '100'));
    bench.change([
      [0, '32180', '1046200'],
      [1, '32180.5', '161000'],
    ]);
    bench.reader.readTop();
    expect([bench.reader.top.bidTicks, bench.reader.top.bidLots]).toEqual([64_360, 10_462]);
    bench.change([[0, '32179.75', '15']]);
    bench.check();
    const inSteps = new BookReader(bench.views, 128, gridOf('0.5', '100'));
    const ticks = new Float64Array(4);
    const lots = new Float64Array(4);
    expect(inSteps.readLevels(0, 4, ticks, lots)).toBe(2);
    // Finer than the instrument: the bid and its quantity are rounded down, never up.
    expect([...ticks.slice(0, 2), ...lots.slice(0, 2)]).toEqual([64_360, 64_359, 10_462, 0]);
    expect([inSteps.top.askTicks, inSteps.top.askLots]).toEqual([64_361, 1_610]);
  });

  it('takes away unknown levels and doubled levels of one message in their order', () => {
    const bench = new Bench();
    bench.change([
      [0, '10', '1'],
      [0, '10', '2'],
      [0, '11', '0'],
      [1, '12', '5'],
      [1, '12', '0'],
    ]);
    bench.check();
    expect(bench.reader.top.askTicks).toBeNaN();
    expect(bench.best(1, 5)).toEqual([]);
  });

  it('says so when a number does not fit, and keeps numbers up to 2^53', () => {
    const bench = new Bench();
    expect(bench.change([[0, '9007199254740991', '9007199254740991']])).toBe(RESULT_OK);
    bench.check();
    expect(bench.change([[0, '1.5', '1']])).toBe(RESULT_RANGE);
  });

  it('clears what it set and nothing else, and starts over anywhere', () => {
    const bench = new Bench();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 300; i++) bench.change([[i & 1, String(1_000_000 * (round + 1) + (i & 1 ? i * 997 : -i * 991)), '3']]);
      bench.check(200);
      bench.writer.begin();
      bench.writer.clear();
      bench.writer.publish(BOOK_SYNCING, Number.NaN, Number.NaN, 0);
      bench.plain.clear();
      bench.change([]);
      bench.check();
      const words = new Int32Array(bench.views.buffer, BASE + BOOK_BID_SIDE, SIDE_LOTS >> 2);
      expect(words.every((word) => word === 0)).toBe(true);
    }
  });

  it('lets the worst levels go when the overflow is full, says so, and stays right up to there', () => {
    const bench = new Bench();
    const levels: (readonly [number, string, string])[] = [[0, '1', '1']];
    for (let i = 0; i < OVERFLOW_NODES + 500; i++) levels.push([1, String(1_000 + i * 200_003), '7']);
    bench.change(levels);
    expect(bench.best(1, 2_000)).toEqual(bench.plain.best(1, 2_000));
    expect(bench.reader.top.flags).toBe(1);
    expect(bench.writer.isTooShort()).toBe(false);
    // Beyond the horizon nothing is known, so nothing is kept.
    const before = bench.reader.top.askLevels;
    bench.change([[1, String(1_000 + (OVERFLOW_NODES + 900) * 200_003), '7']]);
    bench.reader.readTop();
    expect(bench.reader.top.askLevels).toBe(before);
    bench.change(levels.slice(1, OVERFLOW_NODES - 100).map(([side, price]) => [side, price, '0'] as const));
    expect(bench.writer.isTooShort()).toBe(true);
  });

  it('shows no levels unless live', () => {
    const bench = new Bench();
    bench.change([[0, '10', '1']]);
    bench.writer.setState(BOOK_GAP);
    expect(bench.best(0, 5)).toEqual([]);
    expect(bench.reader.isLive()).toBe(false);
    expect(bench.reader.top.state).toBe(BOOK_GAP);
  });

  it('starts empty over what a dead writer left, even in the middle of a write', () => {
    const bench = new Bench();
    bench.change([
      [0, '10', '1'],
      [1, '11', '1'],
    ]);
    bench.writer.begin();
    const heir = new BookWriter(bench.views, 128, COARSEST);
    expect(bench.reader.readTop()).toBe(true);
    expect(bench.reader.top.bidLevels).toBe(0);
    heir.begin();
    heir.publish(BOOK_LIVE, 5, 6, 7);
    expect(bench.best(0, 5)).toEqual([]);
    expect(bench.reader.top.lastSequence).toBe(5);
  });
});
