/** What a grid does with itself: it ends, it follows the market, it grows. Over real rings and books. */
import { describe, expect, it } from 'vitest';
import { FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import type { RecoveredState } from '../../../src/core/orders/recovered.js';
import grid from '../../../src/strategies/grid.js';
import { instrumentOf } from '../../support/instruments.js';
import { World } from '../harness.js';
import { PARAMS, MID, world, to, shown, levelsOf } from './grid-world.js';

function resumed(w: World, params: Record<string, unknown>): World {
  const recovered: RecoveredState = w.crash();
  return world(params, { recovered, run: 2, startUs: w.nowUs + 1_000_000 });
}

const placed = (w: World) => w.wishes.filter((wish) => wish.kind === RecordKind.INTENT_PLACE);

describe('a grid that ends', () => {
  it('B4: takes profit: cancels its orders first, then closes what it holds with orders that never rest', () => {
    const w = world({ takeProfit: '61000' });
    // Three sells fill on the way up: short 30 lots.
    to(w, 609_500);
    expect(w.positionOf(0)).toBe(-30);
    w.quote(0, 609_995, 610_005);
    w.step(1, 100_000);
    const before = placed(w).length;
    expect(w.wishes.at(-1)?.kind).toBe(RecordKind.INTENT_CANCEL_ALL);
    w.step(5, 100_000);
    const closing = placed(w).slice(before);
    expect(closing).toHaveLength(1);
    expect(closing[0]).toMatchObject({ side: SIDE_BUY, qtyLots: 30, timeInForce: TIF_IOC });
    expect(closing[0]!.flags & FLAG_REDUCE_ONLY).toBe(FLAG_REDUCE_ONLY);
    // 0.2 % behind the touch.
    expect(closing[0]!.priceTicks).toBe(610_005 + 1_220);
    w.fill(w.order(closing[0]!.level), 30, 610_005);
    w.step(50, 100_000);
    expect(w.positionOf(0)).toBe(0);
    expect(shown(w)).toEqual([]);
    expect(placed(w)).toHaveLength(before + 1);
    expect(w.faults).toEqual([]);
  });

  it('a closing order that filled in part is followed by one for the rest', () => {
    const w = world({ stopLoss: '58500' });
    to(w, 590_000);
    expect(w.positionOf(0)).toBe(30);
    const before = placed(w).length;
    w.quote(0, 584_990, 585_000);
    w.step(5, 100_000);
    const first = w.order(placed(w).at(-1)!.level);
    expect(first).toMatchObject({ side: SIDE_SELL, qtyLots: 30 });
    w.fill(first, 12, 584_990);
    w.step();
    w.end(first, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    w.step(10, 100_000);
    expect(
      placed(w)
        .slice(before)
        .map((wish) => wish.qtyLots),
    ).toEqual([30, 18]);
  });

  it('keeps what it holds where it is told to, and stays ended over restarts until its generation rises', () => {
    const params = { takeProfit: '61000', onExit: 'keep' };
    const w = world(params);
    to(w, 609_500);
    to(w, 610_000);
    expect(shown(w)).toEqual([]);
    expect(w.positionOf(0)).toBe(-30);
    const again = resumed(w, params);
    expect(again.notes.join()).toMatch(/ended in an earlier run \(TAKE_PROFIT\)/);
    to(again, 600_100);
    expect(again.wishes).toEqual([]);
    const anew = resumed(again, { ...params, generation: 2 });
    expect(shown(anew)).toHaveLength(6);
  });

  it('a crash while it was leaving goes on leaving', () => {
    const params = { takeProfit: '61000' };
    const w = world(params);
    to(w, 609_500);
    w.quote(0, 609_995, 610_005);
    w.step(1, 100_000);
    const again = resumed(w, params);
    expect(shown(again).filter((text) => !text.includes('@ 601'))).toEqual([]);
    expect(placed(again).map((wish) => [wish.side, wish.qtyLots, wish.timeInForce])).toEqual([[SIDE_BUY, 30, TIF_IOC]]);
  });

  it('leaves a range that the market has left for long, not one that it leaves for a moment', () => {
    const w = world({ rangeExit: 'stop', rangeExitSeconds: 10 });
    w.quote(0, 620_000, 620_010);
    w.step(50, 100_000);
    w.quote(0, 600_000, 600_010);
    w.step(20, 100_000);
    w.quote(0, 620_000, 620_010);
    w.step(60, 100_000);
    expect(shown(w).length).toBeGreaterThan(0);
    w.step(60, 100_000);
    expect(shown(w)).toEqual([]);
  });
});

describe('a grid that trails', () => {
  it('moves the farthest empty level beyond the end that the market left by, one step at a time', () => {
    const w = world({ trailing: 'up' });
    expect(shown(w).filter((text) => text.startsWith('buy'))).toEqual(['buy 10 @ 591000', 'buy 10 @ 594000', 'buy 10 @ 597000']);
    to(w, 611_900);
    expect(shown(w).some((text) => text.includes('591000'))).toBe(true);
    to(w, 612_100);
    const buys = shown(w).filter((text) => text.startsWith('buy'));
    expect(buys).not.toContain('buy 10 @ 591000');
    expect(buys).toContain('buy 10 @ 609000');
    to(w, 615_100);
    expect(shown(w)).toContain('buy 10 @ 612000');
    // It sells a step higher when it fills.
    to(w, 611_900);
    expect(shown(w)).toContain('sell 10 @ 615000');
    expect(w.faults).toEqual([]);
  });

  it('does not move a level that holds something, nor beyond its bound', () => {
    const w = world({ trailing: 'both', trailUpTo: '61200', trailDownTo: '58700' });
    to(w, 640_000);
    // Shorts of 603000, 606000 and 609000 wait below; only one step was left up to the bound.
    const prices = w.orders().map((order) => order.priceTicks);
    expect(prices).toContain(609_000);
    expect(Math.max(...prices)).toBe(609_000);
    expect([0, 1, 2, 3, 4, 5].map((line) => levelsOf(w).heldLots(line))).toEqual([0, 0, 0, 10, 10, 10]);
  });

  it('a restart finds the levels where they went', () => {
    const params = { trailing: 'up' };
    const w = world(params);
    to(w, 612_100);
    const before = shown(w);
    const again = new World({
      instruments: [instrumentOf()],
      entries: [{ name: 'g', definition: grid, instruments: [0], params: { ...PARAMS, ...params } }],
      recovered: w.crash(),
      run: 2,
      startUs: w.nowUs + 1_000_000,
    });
    to(again, 612_100);
    expect(shown(again)).toEqual(before);
    expect(again.wishes).toEqual([]);
    to(again, 615_100);
    expect(shown(again)).toContain('buy 10 @ 612000');
  });

  it('without an upper end: equal ratios, equal values, and no bound', () => {
    const w = world({ infinity: true, step: '1%', direction: 'long', count: 0, buyLevels: 4 });
    // All four buy at or below the market; it runs away by a third.
    for (let mid = MID; mid < 800_000; mid += 1_500) to(w, mid);
    const orders = w.orders();
    expect(orders).toHaveLength(4);
    expect(Math.min(...orders.map((order) => order.priceTicks))).toBeGreaterThan(740_000);
    for (const order of orders) expect((order.qtyLots * order.priceTicks) / (10 * MID)).toBeGreaterThan(0.7);
    expect(w.faults).toEqual([]);
  });
});

describe('a grid that compounds', () => {
  it('makes a level larger by what it earned, in whole lots, and remembers it', () => {
    const params = { compound: true, step: '10%', count: 1, size: '0.1' };
    const w = world(params);
    // 0.1 bought at 54000 and sold at 60000: 600 less 2.28 in fees; a lot of 0.001 is worth 54 there.
    to(w, 539_000);
    to(w, 600_500);
    expect(shown(w)).toContain('buy 111 @ 540000');
    const again = resumed(w, params);
    expect(shown(again)).toContain('buy 111 @ 540000');
  });

  it('without it a level stays what it is', () => {
    const w = world({ step: '10%', count: 1, size: '0.1' });
    to(w, 539_000);
    to(w, 600_500);
    expect(shown(w)).toContain('buy 100 @ 540000');
  });
});
