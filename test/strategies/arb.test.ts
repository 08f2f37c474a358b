/** Arbitrage over real rings and books: what it takes, what it refuses and why, and what it knows after a restart. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAG_HEDGE, RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { A, B, SPOT, world, pairOf, crossed, level } from './arb/arb-world.js';

describe('a crossing that pays', () => {
  it('is taken with two immediate legs of one group and equal quantity', () => {
    const w = world();
    crossed(w);
    w.step();
    expect(w.wishes).toHaveLength(2);
    const [buy, sell] = w.wishes as [(typeof w.wishes)[0], (typeof w.wishes)[0]];
    expect([buy.side, buy.instrument, sell.side, sell.instrument]).toEqual([SIDE_BUY, 0, SIDE_SELL, 1]);
    expect([buy.timeInForce, sell.timeInForce]).toEqual([TIF_IOC, TIF_IOC]);
    expect([buy.group, buy.groupLegs, sell.groupLegs]).toEqual([sell.group, 2, 2]);
    // 1000 USDT at 60,000 is 16 lots of 0.001.
    expect([buy.qtyLots, sell.qtyLots]).toEqual([16, 16]);
    expect([buy.priceTicks, sell.priceTicks]).toEqual([600_120, 601_680]);
    expect(w.counter('taken')).toBe(1);
    expect(buy.causeUs).toBeGreaterThan(0);
  });

  it('that brings positions back may earn less', () => {
    const there = { bids: [[601_800, 1000]], asks: [[601_810, 1000]] } as const;
    const results = [undefined, '-0.002'].map((reduceEdge) => {
      const w = world({ minEdge: '0.001', transferCost: '0.0005', ...(reduceEdge === undefined ? {} : { reduceEdge }) });
      w.setBook(0, [[599_990, 1000]], [[600_000, 1000]]);
      w.setBook(1, there.bids, there.asks);
      w.step();
      for (const order of w.orders()) w.fill(order, order.qtyLots, order.side === SIDE_BUY ? 600_000 : 601_800);
      w.step(10, 100_000);
      // Back by 0.02 %: less than the fees.
      w.setBook(0, [[602_000, 1000]], [[602_010, 1000]]);
      w.setBook(1, [[601_870, 1000]], [[601_880, 1000]]);
      w.step();
      return w.orders().length;
    });
    expect(results).toEqual([0, 2]);
  });

  it('is taken again only after the pause and with new books', () => {
    const w = world();
    crossed(w);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots);
    w.step(2);
    crossed(w);
    w.step();
    expect(w.wishes).toHaveLength(2);
    expect(w.refused(Reason.COOLING_DOWN)).toBe(1);
    w.step(10, 100_000);
    expect(w.wishes).toHaveLength(2);
    crossed(w);
    w.step();
    expect(w.wishes).toHaveLength(4);
  });

  it('is cut to the position that is allowed, then refused, and traded back when the spread reverses', () => {
    const w = world({ maxPosition: '1500' });
    for (let i = 0; i < 4; i++) {
      w.step(10, 100_000);
      crossed(w);
      w.step();
      for (const order of w.orders()) w.fill(order, order.qtyLots);
      w.step(2);
    }
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([24, -24]);
    expect(w.refused(Reason.POSITION_CAP)).toBeGreaterThan(0);
    w.step(10, 100_000);
    w.setBook(0, [[601_800, 1000]], [[601_810, 1000]]);
    w.setBook(1, [[599_990, 1000]], [[600_000, 1000]]);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots);
    w.step(2);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([8, -8]);
  });
});

describe('a position', () => {
  it.each([
    [0, 1, 0, 20],
    [1, 0, 0, 20],
    [0, 1, 20, 0],
    [1, 0, 20, 0],
  ])('is bounded where it is bought (%i) and where it is sold (%i), whichever is nearer to its bound', (cheap, dear, long, short) => {
    const w = world({ maxPosition: '1500' });
    w.setPosition(cheap, long);
    w.setPosition(dear, -short);
    for (let i = 0; i < 4; i++) {
      w.step(10, 100_000);
      w.setBook(cheap, [[599_990, 1000]], [[600_000, 1000]]);
      w.setBook(dear, [[601_800, 1000]], [[601_810, 1000]]);
      w.step();
      for (const order of w.orders()) w.fill(order, order.qtyLots);
      w.step(2);
    }
    // 1500 USDT at 60,000 is 25 lots where it is bought, a little less where it is sold.
    expect([w.positionOf(cheap), w.positionOf(dear)]).toEqual([long === 0 ? 4 : 25, short === 0 ? -5 : -24]);
  });
});

describe('a crossing that is refused', () => {
  it('is counted once with its reason for as long as it lasts', () => {
    const w = world();
    for (let i = 0; i < 20; i++) {
      w.setBook(0, [[599_990, 10]], [[600_000, 10]]);
      w.setBook(1, [[600_300, 10 + i]], [[600_310, 10]]);
      w.step();
    }
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(1);
    w.setBook(1, [[599_000, 10]], [[600_310, 10]]);
    w.step();
    w.setBook(1, [[600_300, 10]], [[600_310, 10]]);
    w.step();
    expect(w.refused(Reason.EDGE_TOO_SMALL)).toBe(2);
    expect(w.wishes).toEqual([]);
    expect(w.journal.filter((entry) => entry.kind === RecordKind.REFUSED)).toHaveLength(1);
  });

  it('does not count books that do not cross', () => {
    const w = world();
    w.quote(0, 599_990, 600_000);
    w.quote(1, 599_995, 600_005);
    w.step(50, 100_000);
    expect(w.counter('refused')).toBe(0);
  });

  it('with an old book, a book out of sync, or too little to trade', () => {
    const old = world({ bookMaxAgeMs: 100 });
    old.setBook(0, [[599_990, 1000]], [[600_000, 1000]]);
    old.step(3, 100_000);
    old.setBook(1, [[601_800, 1000]], [[601_810, 1000]]);
    old.step();
    expect([old.wishes.length, old.refused(Reason.BOOK_TOO_OLD)]).toEqual([0, 1]);

    const hidden = world();
    crossed(hidden);
    hidden.setBook(1, [[601_800, 1000]], [[601_810, 1000]], false);
    hidden.step();
    expect(hidden.wishes).toEqual([]);

    const small = world({}, [{ ...A, minNotional: '500' }, B]);
    crossed(small, 2);
    small.step();
    expect([small.wishes.length, small.refused(Reason.SIZE_BELOW_MINIMUM)]).toEqual([0, 1]);
  });

  it('without the balance for a spot leg', () => {
    const other = { ...SPOT, index: 1, venue: 'bybit', id: 'bybit:spot:BTCUSDT' };
    const w = world({}, [SPOT, other]);
    w.setBalance('binance-spot', 'USDT', 1e6);
    w.setBalance('bybit', 'BTC', 0.00001);
    w.setBook(0, [[5_999_900, 1e6]], [[6_000_000, 1e6]]);
    w.setBook(1, [[6_050_000, 1e6]], [[6_051_000, 1e6]]);
    w.step();
    expect([w.wishes.length, w.refused(Reason.NO_BALANCE)]).toEqual([0, 1]);
  });

  it('when one leg timeout of the smallest deal would cost more than the naked cap', () => {
    const w = world({ nakedCap: '10' });
    crossed(w);
    w.step();
    expect([w.wishes.length, w.refused(Reason.NAKED_CAP)]).toEqual([0, 1]);
  });
});

describe('a restart', () => {
  it('closes what an unseen fill left naked', () => {
    const before = world();
    crossed(before);
    before.step();
    before.fill(level(before, SIDE_BUY), 16);
    before.end(level(before, SIDE_SELL), RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    const after = world({}, [A, B], { recovered: before.crash(), run: 2, startUs: before.nowUs });
    expect(pairOf(after).nakedBase).toBeCloseTo(0.016, 9);
    crossed(after);
    after.step(3);
    const hedge = after.wishes.find((wish) => wish.flags === FLAG_HEDGE)!;
    expect([hedge.side, hedge.qtyLots]).toEqual([SIDE_SELL, 16]);
  });

  it('remembers position and entry edge', () => {
    const before = world();
    crossed(before);
    before.step();
    for (const order of before.orders()) before.fill(order, order.qtyLots);
    before.step(2);
    const after = world({}, [A, B], { recovered: before.crash(), run: 2 });
    expect(pairOf(after).heldBase).toBeCloseTo(pairOf(before).heldBase, 9);
    expect(pairOf(after).entryEdge).toBeCloseTo(pairOf(before).entryEdge, 9);
    expect(pairOf(after).nakedBase).toBe(0);
  });
});

describe('parameters', () => {
  it('are refused when no pair can be made of the instruments', () => {
    expect(() => world({}, [A, { ...B, base: 'ETH' }])).toThrow(/no pair of one base/);
    expect(() => world({ mode: 'basis' })).toThrow(/mode basis finds no pair/);
    expect(() => world({ maxNotional: '0' })).toThrow(/must be above 0/);
  });
});

const outcome = fc.record({
  share: fc.integer({ min: 0, max: 16 }),
  shift: fc.integer({ min: -30, max: 30 }),
  crash: fc.integer({ min: 0, max: 9 }),
});

describe('whatever happens', () => {
  it('ends flat across both venues, or with less naked than a venue takes', () => {
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 3, maxLength: 40 }), (outcomes) => {
        let w = world({ maxPosition: '3000' });
        const faults: string[] = [];
        for (const { share, shift, crash } of outcomes) {
          w.setBook(0, [[599_990, 500]], [[600_000, 500]]);
          w.setBook(1, [[600_000 + shift * 100, 500]], [[600_010 + shift * 100, 500]]);
          w.step(1, 200_000);
          for (const [i, order] of w.orders().entries()) {
            const lots = Math.min(order.qtyLots, i === 0 ? share : 16 - share);
            if (lots > 0) w.fill(order, lots);
            if (w.live.has(`0/${order.level}`)) w.end(order, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
          }
          if (crash === 0) {
            faults.push(...w.faults);
            w = world({ maxPosition: '3000' }, [A, B], { recovered: w.crash(), run: w.tables.run + 1, startUs: w.nowUs });
          }
        }
        for (let i = 0; i < 200; i++) {
          w.quote(0, 599_990, 600_000);
          w.quote(1, 599_990, 600_000);
          w.step(1, 100_000);
          for (const order of w.orders()) w.fill(order, order.qtyLots - order.cumLots);
        }
        expect(w.positionOf(0) + w.positionOf(1)).toBe(0);
        expect(pairOf(w).nakedBase).toBe(0);
        expect(Math.abs(w.positionOf(0))).toBeLessThanOrEqual(50);
        expect([...faults, ...w.faults]).toEqual([]);
        expect(w.errors).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
