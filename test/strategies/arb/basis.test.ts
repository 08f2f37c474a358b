/** A basis: entered when it pays entry and exit and funding, held, left when it reverted. */
import { describe, expect, it } from 'vitest';
import { FLAG_HEDGE, SIDE_BUY } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { A, SPOT, INVERSE, world, pairOf } from './arb-world.js';

describe('a basis', () => {
  it('is entered when it pays entry and exit, held, and left when it reverted', () => {
    const perp = { ...A, index: 1 };
    const w = world({ minEdge: '0.0005' }, [SPOT, perp]);
    w.setBook(0, [[5_999_900, 1e6]], [[6_000_000, 1e6]]);
    w.setBook(1, [[602_000, 1e6]], [[602_010, 1e6]]);
    w.step();
    // 0.33 % is above the fees of the entry (0.15 %) and of the exit (0.15 %), but leaves less than 0.05 %.
    expect([w.wishes.length, w.refused(Reason.EDGE_TOO_SMALL)]).toEqual([0, 1]);
    w.setBook(1, [[603_000, 1e6]], [[603_010, 1e6]]);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots, order.side === SIDE_BUY ? 6_000_000 : 603_000);
    w.step(2);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([1600, -16]);
    expect(pairOf(w).entryEdge).toBeCloseTo((60_300 * 0.9995 - 60_000 * 1.001) / 60_000, 9);
    w.step(10, 100_000);
    w.setBook(0, [[5_999_900, 1e6]], [[6_000_000, 1e6]]);
    w.setBook(1, [[601_500, 1e6]], [[601_510, 1e6]]);
    w.step();
    expect(w.positionOf(1)).toBe(-16);
    w.setBook(1, [[600_000, 1e6]], [[600_010, 1e6]]);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots);
    w.step(2);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([0, 0]);
    expect(pairOf(w).heldBase).toBe(0);
  });

  it('counts the funding that it will be paid, and that it will pay', () => {
    const perp = { ...A, index: 1 };
    const seen = (rate: number, params: Record<string, unknown> = {}): number => {
      const w = world({ minEdge: '0.0005', ...params }, [SPOT, perp]);
      w.setFunding(1, rate);
      w.setBook(0, [[5_999_900, 1e6]], [[6_000_000, 1e6]]);
      w.setBook(1, [[602_000, 1e6]], [[602_010, 1e6]]);
      w.step();
      return w.wishes.length;
    };
    // 0.333 % less 0.3 % for entry and exit leaves 0.033 %; 0.05 % are wanted. Short the contract, a positive rate is received.
    expect(seen(0)).toBe(0);
    expect(seen(0.0003)).toBe(2);
    expect(seen(0.0001)).toBe(0);
    expect(seen(0.0001, { fundingPeriods: '3' })).toBe(2);
    expect(seen(-0.0003)).toBe(0);
    expect(seen(0.0003, { fundingPeriods: '0' })).toBe(0);
    expect(seen(0.0003, { latencyCost: '0.0002' })).toBe(0);
    expect(seen(0.0003, { transferCost: '0.0002' })).toBe(0);
  });

  it('between two contracts is held for the difference of their funding', () => {
    const w = world({ mode: 'perp', minEdge: '0.0001' });
    w.setFunding(0, -0.001);
    w.setFunding(1, 0.002);
    // No crossing that pays the fees of entry and exit (0.21 %), but 0.3 % of funding.
    w.setBook(0, [[599_990, 1000]], [[600_000, 1000]]);
    w.setBook(1, [[600_300, 1000]], [[600_310, 1000]]);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots, order.side === SIDE_BUY ? 600_000 : 600_300);
    w.step(2);
    expect([Math.sign(w.positionOf(0)), Math.sign(w.positionOf(1))]).toEqual([1, -1]);
    // The same books again: in auto mode this is a crossing that does not pay.
    const auto = world({ minEdge: '0.0001' });
    auto.setFunding(0, -0.001);
    auto.setFunding(1, 0.002);
    auto.setBook(0, [[599_990, 1000]], [[600_000, 1000]]);
    auto.setBook(1, [[600_300, 1000]], [[600_310, 1000]]);
    auto.step();
    expect(auto.wishes).toEqual([]);
  });

  it('closes an inverse contract by the contracts it opened, whatever the price does meanwhile', () => {
    const w = world({ minEdge: '0.0005', maxNotional: '3000' }, [SPOT, INVERSE]);
    w.setBook(0, [[4_999_900, 1e6]], [[5_000_000, 1e6]]);
    w.setBook(1, [[505_000, 1e6]], [[505_010, 1e6]]);
    w.step();
    for (const order of w.orders()) w.fill(order, order.qtyLots, order.side === SIDE_BUY ? 5_000_000 : 505_000);
    w.step(2);
    const contracts = w.positionOf(1);
    expect(contracts).toBeLessThan(0);
    expect(w.orders()).toEqual([]);
    w.step(20, 100_000);
    // Ten per cent higher, and no basis left.
    for (let i = 0; i < 3; i++) {
      w.setBook(0, [[5_500_000, 1e6]], [[5_500_100, 1e6]]);
      w.setBook(1, [[549_900, 1e6]], [[550_000, 1e6]]);
      w.step();
      for (const order of w.orders()) w.fill(order, order.qtyLots);
      w.step(20, 100_000);
    }
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([0, 0]);
    expect(w.wishes.filter((wish) => wish.flags === FLAG_HEDGE)).toEqual([]);
  });
});
