/** The walk over two books: tables, and against a slow search over all sizes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  baseOfLot,
  legTerms,
  LegSizes,
  limitBehind,
  SideLevels,
  sizeLegs,
  walk,
  Walk,
  type LegTerms,
} from '../../../src/strategies/arb/edge.js';
import { instrumentOf } from '../../support/instruments.js';

const free: LegTerms = { ...legTerms(instrumentOf()), tick: 1, lot: 1, fee: 0, minLots: 1, minNotional: 0 };

function side(levels: readonly (readonly [number, number])[]): SideLevels {
  const out = new SideLevels(Math.max(1, levels.length));
  for (const [i, [ticks, lots]] of levels.entries()) {
    out.ticks[i] = ticks;
    out.lots[i] = lots;
  }
  out.count = levels.length;
  return out;
}

function walked(
  asks: readonly (readonly [number, number])[],
  bids: readonly (readonly [number, number])[],
  over: Partial<LegTerms> = {},
  limits = {},
): Walk {
  const out = new Walk();
  const terms = { ...free, ...over };
  walk(side(asks), terms, side(bids), terms, { minEdge: 0, laterCost: 0, maxBase: Infinity, ...limits }, out);
  return out;
}

describe('walk', () => {
  it('takes nothing from books that do not cross', () => {
    expect(walked([[101, 5]], [[100, 5]]).base).toBe(0);
    expect(walked([], [[100, 5]]).base).toBe(0);
    expect(walked([[101, 5]], []).base).toBe(0);
  });

  it('takes level by level while each pays, and no further', () => {
    const out = walked(
      [
        [100, 3],
        [102, 5],
        [106, 9],
      ],
      [
        [104, 4],
        [103, 2],
        [101, 9],
      ],
    );
    // 3 at 4, 1 at 2, 2 at 1; then 102 against 101 costs.
    expect([out.base, out.net, out.buyTicks, out.sellTicks]).toEqual([6, 16, 102, 103]);
  });

  it('stops at the bound, in the middle of a level', () => {
    const out = walked([[100, 10]], [[101, 10]], {}, { maxBase: 4 });
    expect([out.base, out.net]).toEqual([4, 4]);
  });

  it('leaves what the fees of both sides eat', () => {
    expect(walked([[1000, 5]], [[1001, 5]], { fee: 0.001 }).base).toBe(0);
    const out = walked([[1000, 5]], [[1003, 5]], { fee: 0.001 });
    expect(out.net).toBeCloseTo(5 * (1003 * 0.999 - 1000 * 1.001), 9);
  });

  it('counts costs that come later', () => {
    expect(walked([[1000, 5]], [[1003, 5]], { fee: 0.001 }, { laterCost: 0.002 }).base).toBe(0);
  });

  it('keeps the average above the least edge by taking part of a thin level', () => {
    const out = walked(
      [
        [1000, 1],
        [1019, 10],
      ],
      [[1020, 100]],
      {},
      { minEdge: 0.01 },
    );
    expect(out.base).toBeGreaterThan(1);
    expect(out.base).toBeLessThan(11);
    expect(out.edge).toBeCloseTo(0.01, 9);
  });

  it('may close at a small loss when told so', () => {
    const out = walked([[1001, 5]], [[1000, 5]], {}, { minEdge: -0.002 });
    expect(out.base).toBe(5);
    expect(walked([[1003, 5]], [[1000, 5]], {}, { minEdge: -0.002 }).base).toBe(0);
  });

  it('finds the largest net profit that a slow search finds', () => {
    const levels = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 })), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(levels, levels, fc.constantFrom(0, 0.001, 0.004), fc.integer({ min: 1, max: 40 }), (up, down, fee, maxBase) => {
        let price = 1000;
        const asks = up.map(([step, lots]) => [(price += step), lots] as const);
        price = 1060;
        const bids = down.map(([step, lots]) => [(price -= step), lots] as const);
        const out = walked(asks, bids, { fee }, { maxBase });
        let best = 0;
        for (let size = 1; size <= maxBase; size++) best = Math.max(best, netOf(asks, bids, fee, size));
        expect(out.net).toBeCloseTo(best, 6);
      }),
    );
  });
});

type Pairs = readonly (readonly [number, number])[];

/** Price of the n-th unit of a side, NaN beyond its end. */
function unitPrice(levels: Pairs, n: number): number {
  let left = n;
  for (const [ticks, lots] of levels) {
    if (left < lots) return ticks;
    left -= lots;
  }
  return Number.NaN;
}

/** Net profit of buying and selling `size` units one by one; minus infinity when the books do not hold them. */
function netOf(asks: Pairs, bids: Pairs, fee: number, size: number): number {
  let net = 0;
  for (let n = 0; n < size; n++) {
    const step = unitPrice(bids, n) * (1 - fee) - unitPrice(asks, n) * (1 + fee);
    if (Number.isNaN(step)) return Number.NEGATIVE_INFINITY;
    net += step;
  }
  return net;
}

describe('leg sizes', () => {
  it('are the same base quantity where one lot is a multiple of the other', () => {
    const out = new LegSizes();
    const coarse = { ...free, tick: 0.1, lot: 0.001 };
    const fine = { ...free, tick: 0.01, lot: 0.00001 };
    expect(sizeLegs(0.0127, coarse, 600_000, fine, 6_000_000, out)).toBe(true);
    expect([out.buyLots, out.sellLots]).toEqual([12, 1200]);
  });

  it('compare contracts of any kind in base units', () => {
    const inverse = {
      ...legTerms(instrumentOf({ kind: 'inverse', lotSize: '1', multiplier: '100', tickSize: '0.1', minQty: '1', minNotional: '0' })),
      fee: 0,
    };
    const spot = { ...free, tick: 0.01, lot: 0.00001 };
    expect(baseOfLot(inverse, 50_000)).toBe(0.002);
    const out = new LegSizes();
    expect(sizeLegs(0.0093, inverse, 500_000, spot, 5_000_000, out)).toBe(true);
    expect([out.buyLots, out.sellLots]).toEqual([4, 800]);
  });

  it('refuse a leg below the least quantity or value of its venue', () => {
    const out = new LegSizes();
    expect(sizeLegs(0.004, { ...free, lot: 0.001, minLots: 5 }, 1000, { ...free, lot: 0.001 }, 1000, out)).toBe(false);
    expect(sizeLegs(0.004, { ...free, lot: 0.001, minNotional: 10 }, 1000, { ...free, lot: 0.001 }, 1000, out)).toBe(false);
    expect(sizeLegs(0.01, { ...free, lot: 0.001, minNotional: 10 }, 1000, { ...free, lot: 0.001 }, 1000, out)).toBe(true);
  });
});

describe('price limits', () => {
  it('stand behind the price and never before it', () => {
    expect(limitBehind(10_000, true, 0.0002)).toBe(10_002);
    expect(limitBehind(10_000, false, 0.0002)).toBe(9_998);
    expect(limitBehind(10, true, 0.0002)).toBe(10);
    expect(limitBehind(1, false, 0.5)).toBe(1);
  });
});
