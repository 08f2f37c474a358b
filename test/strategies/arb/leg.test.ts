/** A leg that fails: what is naked is closed where it costs least, within limits. */
import { describe, expect, it } from 'vitest';
import { FLAG_HEDGE, RecordKind, SIDE_BUY, SIDE_SELL } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { PairState } from '../../../src/strategies/arb/pair.js';
import { World } from '../harness.js';
import { world, pairOf, crossed, level } from './arb-world.js';

/** The buy is filled, the sell is not. */
function halfDone(params: Record<string, unknown> = {}): World {
  const w = world(params);
  crossed(w);
  w.step();
  w.fill(level(w, SIDE_BUY), 16);
  w.end(level(w, SIDE_SELL), RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
  w.step();
  return w;
}

describe('a leg that fails', () => {
  it('is closed where it costs least: here on the other venue, whose price is still better', () => {
    const w = halfDone();
    expect(w.wishes).toHaveLength(3);
    const hedge = w.wishes[2]!;
    expect([hedge.side, hedge.instrument, hedge.qtyLots, hedge.flags, hedge.group]).toEqual([SIDE_SELL, 1, 16, FLAG_HEDGE, 0]);
    w.fill(w.orders()[0]!, 16);
    w.step();
    expect(pairOf(w).nakedBase).toBe(0);
    expect(pairOf(w).state).toBe(PairState.COOLING);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([16, -16]);
  });

  it('that is refused again and again is asked for within the same limits: attempts do not run away from the market', () => {
    const w = world();
    w.deny = ({ flags }) => ((flags & FLAG_HEDGE) === 0 ? Reason.NONE : Reason.PRICE_COLLAR);
    crossed(w);
    w.step();
    w.fill(level(w, SIDE_BUY), 16);
    w.end(level(w, SIDE_SELL), RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    for (let turn = 0; turn < 300; turn++) {
      crossed(w);
      w.step(1, 1_000_000);
    }
    const hedges = w.wishes.filter(({ flags }) => (flags & FLAG_HEDGE) !== 0);
    expect(hedges.length).toBeGreaterThan(40);
    // Four times 0.2 % behind the best bid of the venue that it is closed at.
    expect(Math.min(...hedges.map(({ priceTicks }) => priceTicks))).toBe(Math.ceil(601_800 * (1 - 0.008)));
    w.deny = () => Reason.NONE;
    for (let turn = 0; turn < 10 && w.orders().length === 0; turn++) {
      crossed(w);
      w.step(1, 1_000_000);
    }
    expect(w.orders()[0]).toMatchObject({ side: SIDE_SELL, qtyLots: 16 });
  });

  it('is unwound where it was bought when the other side went away', () => {
    const w = world();
    crossed(w);
    w.step();
    w.setBook(1, [[598_000, 1000]], [[598_010, 1000]]);
    w.fill(level(w, SIDE_BUY), 16);
    w.end(level(w, SIDE_SELL), RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    w.step();
    const hedge = w.wishes[2]!;
    expect([hedge.side, hedge.instrument, hedge.qtyLots]).toEqual([SIDE_SELL, 0, 16]);
    w.fill(w.orders()[0]!, 16);
    w.step();
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([0, 0]);
    expect(pairOf(w).heldBase).toBe(0);
  });

  it('is closed again for what a closing order left, with growing pauses', () => {
    const w = halfDone();
    w.fill(w.orders()[0]!, 6);
    w.end(w.orders()[0]!, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    w.step(1);
    w.step(20, 50_000);
    expect(w.wishes.filter((wish) => wish.flags === FLAG_HEDGE).map((wish) => wish.qtyLots)).toEqual([16, 10]);
    w.end(w.orders()[0]!, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    const before = w.wishes.length;
    for (let i = 0; i < 600; i++) {
      w.step(1, 100_000);
      for (const order of w.orders()) w.end(order, RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    }
    expect(w.wishes.length - before).toBeLessThan(25);
  });

  it('is cancelled when it gives no answer in time; what is naked is closed, and a late fill of it is closed too', () => {
    const w = world({ legTimeoutMs: 500 });
    crossed(w);
    w.step();
    const sell = level(w, SIDE_SELL);
    w.deaf.add(sell.level);
    w.fill(level(w, SIDE_BUY), 16);
    w.step(7, 100_000);
    expect(w.wishes.filter((wish) => wish.kind === RecordKind.INTENT_CANCEL).map((wish) => wish.level)).toEqual([sell.level]);
    expect(w.wishes.filter((wish) => wish.flags === FLAG_HEDGE)).toEqual([]);
    w.step(5, 100_000);
    const hedge = w.orders().find((order) => order.flags === FLAG_HEDGE)!;
    expect([hedge.side, hedge.qtyLots]).toEqual([SIDE_SELL, 16]);
    w.fill(hedge, 16);
    w.step();
    expect(pairOf(w).nakedBase).toBe(0);
    w.end(sell, RecordKind.CANCELLED, Reason.BY_REQUEST);
    w.step();
    w.live.set('late', sell);
    w.fill(sell, 16);
    w.live.delete('late');
    w.step(2, 100_000);
    const back = w.orders().find((order) => order.flags === FLAG_HEDGE)!;
    expect([back.side, back.qtyLots]).toEqual([SIDE_BUY, 16]);
  });

  it('stops new deals when naked value times seconds passes the cap', () => {
    const w = world({ nakedCap: '1600', legTimeoutMs: 1000 });
    crossed(w);
    w.step();
    w.fill(level(w, SIDE_BUY), 16);
    w.end(level(w, SIDE_SELL), RecordKind.EXPIRED, Reason.TIME_IN_FORCE);
    w.deny = () => Reason.HALTED;
    w.step(40, 100_000);
    w.deny = () => Reason.NONE;
    for (let i = 0; i < 60; i++) {
      w.step(1, 100_000);
      for (const order of w.orders()) w.fill(order, order.qtyLots);
    }
    expect(pairOf(w).nakedBase).toBe(0);
    const before = w.counter('taken');
    w.setBook(1, [[590_000, 1000]], [[590_010, 1000]]);
    w.step();
    crossed(w);
    w.step(3);
    expect(w.counter('taken')).toBe(before);
    expect(w.refused(Reason.NAKED_CAP)).toBe(1);
  });
});
