/** The first part of a stop: strategies that are told to be flat at the end bring themselves there, others finish what is under way. Over real rings and books. */
import { describe, expect, it } from 'vitest';
import { CONTROL_CLOSED, RUN_CLOSING, RUN_STOPPING } from '../../src/core/memory/layout.js';
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../src/core/memory/record.js';
import arb, { ArbStrategy } from '../../src/strategies/arb.js';
import type { GridStrategy } from '../../src/strategies/grid.js';
import { instrumentOf } from '../support/instruments.js';
import { World } from './harness.js';
import { MID, gridWorld, to } from './grid/grid-world.js';

const A = instrumentOf({ index: 0, venue: 'binance-usdm', id: 'binance-usdm:BTCUSDT' });
const B = instrumentOf({ index: 1, venue: 'bybit', id: 'bybit:linear:BTCUSDT', symbol: 'linear:BTCUSDT' });

const isClosed = (w: World): boolean => w.views.i32[(w.plan.control + CONTROL_CLOSED) >> 2] === 1;
const placed = (w: World) => w.wishes.filter((wish) => wish.kind === RecordKind.INTENT_PLACE);

/** A grid that bought twice: long 20 lots. */
function longGrid(params: Record<string, unknown>): World {
  const w = gridWorld(params);
  to(w, MID);
  to(w, MID - 6_500);
  expect(w.positionOf(0)).toBe(20);
  return w;
}

describe('a grid at a clean stop', () => {
  it('C14: onStop flatten: cancels its orders, then closes what it holds with orders that only reduce and never rest, one at a time', () => {
    const w = longGrid({ onStop: 'flatten' });
    const before = placed(w).length;
    w.setRun(RUN_CLOSING);
    w.step(1, 1_000);
    expect(w.wishes.at(-1)?.kind).toBe(RecordKind.INTENT_CANCEL_ALL);
    expect(w.views.i32[(w.plan.control + CONTROL_CLOSED) >> 2]).toBe(2 + 0); // the first strategy has something left
    w.step(5, 1_000);
    const [closing, ...others] = placed(w).slice(before);
    expect(others).toEqual([]);
    expect(closing).toMatchObject({ side: SIDE_SELL, qtyLots: 20, timeInForce: TIF_IOC });
    expect(closing!.flags & (FLAG_REDUCE_ONLY | FLAG_HEDGE)).toBe(FLAG_REDUCE_ONLY | FLAG_HEDGE);
    expect(isClosed(w)).toBe(false);
    // Half of it, then the rest, tried again after a pause.
    w.fill(w.order(closing!.level), 12);
    w.end(w.order(closing!.level), RecordKind.CANCELLED);
    w.step(20, 100_000);
    expect(placed(w).at(-1)).toMatchObject({ side: SIDE_SELL, qtyLots: 8 });
    w.fill(w.order(closing!.level), 8);
    w.step(3, 1_000);
    expect(w.positionOf(0)).toBe(0);
    expect(w.orders()).toEqual([]);
    expect(isClosed(w)).toBe(true);
    expect(w.faults).toEqual([]);
  });

  it('onStop flatten: the next start has a new ladder around the market, and owes nothing of the old one', () => {
    const w = longGrid({ onStop: 'flatten' });
    w.setRun(RUN_CLOSING);
    w.step(5, 1_000);
    for (const order of w.orders()) w.fill(order, order.qtyLots);
    w.step(5, 1_000);
    w.setRun(RUN_STOPPING);
    w.step(3, 1_000);
    const after = gridWorld({ onStop: 'flatten' }, { recovered: w.crash(), run: 2, startUs: w.nowUs + 1_000_000 });
    expect(after.notes.join()).toContain('starts with a new ladder');
    to(after, MID + 50_000);
    expect((after.strategy as GridStrategy).ladder?.anchorTicks).toBe(MID + 50_000);
    expect(after.orders().map(({ side, qtyLots }) => [side, qtyLots])).toEqual([
      ...Array.from({ length: 3 }, () => [SIDE_BUY, 10]),
      ...Array.from({ length: 3 }, () => [SIDE_SELL, 10]),
    ]);
    expect(after.positionOf(0)).toBe(0);
    expect(after.faults).toEqual([]);
  });

  it('onStop flatten: while something cannot be closed it says so, turn by turn, and sends nothing once the stop goes on', () => {
    const w = longGrid({ onStop: 'flatten' });
    w.setRun(RUN_CLOSING);
    w.step(5, 1_000);
    w.setBook(0, [], [[MID, 10]]); // nobody buys
    w.end(w.orders()[0]!, RecordKind.CANCELLED);
    w.step(50, 100_000);
    expect(isClosed(w)).toBe(false);
    w.setRun(RUN_STOPPING);
    const before = placed(w).length;
    w.quote(0, MID - 5, MID + 5);
    w.step(50, 100_000);
    expect(placed(w)).toHaveLength(before);
    expect(w.positionOf(0)).toBe(20);
  });

  it('onStop keep: closes nothing, places nothing more, and leaves its orders where they are', () => {
    const w = longGrid({});
    const resting = w.orders().map(({ orderId }) => orderId);
    const before = w.wishes.length;
    w.setRun(RUN_CLOSING);
    w.step(1, 1_000);
    expect(isClosed(w)).toBe(true);
    w.quote(0, MID - 5, MID + 5);
    w.step(30, 100_000);
    expect(w.wishes).toHaveLength(before);
    expect(w.orders().map(({ orderId }) => orderId)).toEqual(resting);
  });
});

function arbWorld(params: Record<string, unknown>): World {
  const w = new World({ instruments: [A, B], entries: [{ name: 'x', definition: arb, instruments: [0, 1], params }] });
  // A at 60,000, B 0.3 % above: pays after fees.
  w.setBook(0, [[599_990, 1000]], [[600_000, 1000]]);
  w.setBook(1, [[601_800, 1000]], [[601_810, 1000]]);
  w.step();
  return w;
}

/** Both legs of 16 lots filled: long A, short B. */
function heldArb(params: Record<string, unknown>): World {
  const w = arbWorld(params);
  for (const order of w.orders()) w.fill(order, order.qtyLots);
  w.step(2);
  expect([w.positionOf(0), w.positionOf(1)]).toEqual([16, -16]);
  return w;
}

describe('an arbitrage at a clean stop', () => {
  it('C14: onStop flatten: closes each instrument by itself, with one order at a time that only reduces, until nothing is held', () => {
    const w = heldArb({ onStop: 'flatten' });
    const before = placed(w).length;
    w.setRun(RUN_CLOSING);
    w.step(1);
    const closing = placed(w).slice(before);
    expect(closing.map(({ instrument, side, qtyLots, timeInForce }) => [instrument, side, qtyLots, timeInForce])).toEqual([
      [0, SIDE_SELL, 16, TIF_IOC],
      [1, SIDE_BUY, 16, TIF_IOC],
    ]);
    for (const { flags } of closing) expect(flags & FLAG_REDUCE_ONLY).toBe(FLAG_REDUCE_ONLY);
    const [sell, buy] = [w.order(closing[0]!.level), w.order(closing[1]!.level)];
    w.step(10, 100_000);
    expect(placed(w)).toHaveLength(before + 2);
    w.fill(sell, 16);
    w.fill(buy, 5);
    w.end(buy, RecordKind.CANCELLED);
    w.step(20, 100_000);
    expect(isClosed(w)).toBe(false);
    expect(placed(w).at(-1)).toMatchObject({ instrument: 1, side: SIDE_BUY, qtyLots: 11 });
    w.fill(w.order(buy.level), 11);
    w.step(2);
    expect([w.positionOf(0), w.positionOf(1)]).toEqual([0, 0]);
    expect(isClosed(w)).toBe(true);
    const pair = (w.strategy as ArbStrategy).pairs[0]!;
    expect([pair.heldBase, pair.nakedBase]).toEqual([0, 0]);
    expect(w.faults).toEqual([]);
    const after = new World({
      instruments: [A, B],
      entries: [{ name: 'x', definition: arb, instruments: [0, 1], params: {} }],
      recovered: w.crash(),
      run: 2,
      startUs: w.nowUs + 1_000_000,
    });
    after.step(20, 100_000);
    expect(after.wishes).toEqual([]);
    expect((after.strategy as ArbStrategy).pairs[0]!.heldBase).toBe(0);
  });

  it('onStop keep: keeps both legs, but closes the one that stands alone', () => {
    const kept = heldArb({});
    const before = kept.wishes.length;
    kept.setRun(RUN_CLOSING);
    kept.step(5);
    expect(kept.wishes).toHaveLength(before);
    expect(isClosed(kept)).toBe(true);

    const naked = arbWorld({});
    const [buy, sell] = [naked.orders().find(({ side }) => side === SIDE_BUY)!, naked.orders().find(({ side }) => side === SIDE_SELL)!];
    naked.setRun(RUN_CLOSING);
    naked.fill(buy, 16);
    naked.end(sell, RecordKind.CANCELLED);
    naked.step(2);
    expect(isClosed(naked)).toBe(false);
    const hedge = placed(naked).at(-1)!;
    expect(hedge).toMatchObject({ side: SIDE_SELL, qtyLots: 16 });
    naked.fill(naked.order(hedge.level), 16);
    naked.step(2);
    expect(isClosed(naked)).toBe(true);
    expect(naked.positionOf(0) + naked.positionOf(1)).toBe(0);
  });
});
