import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { times } from '../support/torture.js';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS } from '../../src/core/memory/counters.js';
import { positionBase, POSITION_NET_LOTS, POSITION_OPEN_BUY_LOTS, POSITION_OPEN_SELL_LOTS } from '../../src/core/memory/layout.js';
import { RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { isTerminal, OrderState } from '../../src/core/orders/order-state.js';
import { FaultyVenue, type Faults } from './faulty-venue.js';
import { Rig } from './rig.js';

const FAULTS: Faults = { loseRequest: 5, loseAnswer: 10, repeatAnswer: 10, requestUs: 400_000, answerUs: 4_000_000 };
const NO_FAULTS: Faults = { loseRequest: 0, loseAnswer: 0, repeatAnswer: 0, requestUs: 1000, answerUs: 1000 };
const LEVELS = 6;

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Two strategies that wish at random on every venue kind of amend, a venue that loses, repeats and reorders; then peace, until nothing is open to doubt. */
function run(seed: number): void {
  const random = mulberry(seed);
  const rig = new Rig({ orderSlots: 64, lists: [true, true, true], reconcileEveryUs: 20_000_000 });
  const venues = [0, 1, 2].map((gateway) => new FaultyVenue(rig, gateway, FAULTS, random));
  const book = (): void => {
    rig.book(0, 6_000_000, 6_000_100);
    rig.book(1, 600_000, 600_010);
    rig.book(2, 120_000, 120_002);
  };
  const middles = [6_000_050, 600_005, 120_001];
  const turn = (advanceUs: number): void => {
    rig.nowUs += advanceUs;
    book();
    rig.step();
    for (const venue of venues) venue.turn();
    rig.events(0);
    rig.events(1);
    checkSlots(rig);
  };
  for (let n = 0; n < 400; n++) {
    const strategy = Math.floor(random() * 2);
    const level = Math.floor(random() * LEVELS);
    const index = level % 3;
    const side = level < LEVELS / 2 ? SIDE_BUY : SIDE_SELL;
    const away = 1 + Math.floor(random() * 1000);
    const priceTicks = middles[index]! + (side === SIDE_BUY ? -away - 100 : away + 100);
    const wish = { strategy, level, instrument: index, side, priceTicks, qtyLots: 5 + Math.floor(random() * 50) };
    const what = random();
    if (what < 0.4) rig.place(wish);
    else if (what < 0.55) rig.wish({ kind: RecordKind.INTENT_AMEND, strategy, level, priceTicks, qtyLots: wish.qtyLots });
    else if (what < 0.7) rig.wish({ kind: RecordKind.INTENT_CANCEL, strategy, level });
    else if (what < 0.71) rig.wish({ kind: RecordKind.INTENT_CANCEL_ALL, strategy });
    else venues[Math.floor(random() * 3)]!.trade();
    turn(random() * 300_000);
  }
  for (const venue of venues) venue.faults = NO_FAULTS;
  for (let n = 0; n < 3000 && !(n > 800 && settled(rig, venues)); n++) turn(50_000);
  check(rig, venues);
}

function settled(rig: Rig, venues: readonly FaultyVenue[]): boolean {
  const counts = rig.executor.counts();
  return counts.unknown + counts.unanswered + counts.waiting === 0 && venues.every((venue) => venue.isQuiet);
}

/** At any moment: one live order a level, nothing filled below zero. */
function checkSlots(rig: Rig): void {
  const seen = new Set<string>();
  for (const row of rig.slots()) {
    if (isTerminal(row.state)) continue;
    const key = `${row.strategy}:${row.level}`;
    expect(seen.has(key), `two live orders on ${key}`).toBe(false);
    seen.add(key);
  }
}

function check(rig: Rig, venues: readonly FaultyVenue[]): void {
  expect(rig.executor.counts()).toMatchObject({ unknown: 0, unanswered: 0, waiting: 0 });
  for (const [gateway, venue] of venues.entries()) {
    expect(venue.doubles).toBe(0);
    expect(venue.mostOnALevel).toBeLessThanOrEqual(1);
    // What is alive there is alive here, at the same terms.
    const theirs = venue.live().map((order) => [order.row.orderId, order.priceTicks, order.qtyLots, order.cumLots]);
    const ours = rig
      .slots()
      .filter((row) => row.gateway === gateway && !isTerminal(row.state) && row.state !== OrderState.NONE)
      .map((row) => [row.orderId, row.priceTicks, row.qtyLots, row.cumLots]);
    expect(sorted(ours)).toEqual(sorted(theirs));
  }
  // Fills that were never told were found by asking, before any difference of positions was believed.
  const names = venues.map(
    (_, gateway) => new CounterBlock(rig.views, rig.plan.reconcileCounters + COUNTER_BLOCK_BYTES * gateway, RECONCILE_COUNTERS),
  );
  expect([names.map((counters) => counters.get('positionsDiffer')), rig.notices]).toEqual([[0, 0, 0], []]);
  const orders = venues.flatMap((venue) => [...venue.orders.values()]);
  for (let row = 0; row <= 2; row++) {
    for (let index = 0; index < 3; index++) {
      const mine = orders.filter((order) => order.row.instrument === index && (row === 0 || order.row.strategy === row - 1));
      const filled = mine.reduce((sum, order) => sum + (order.row.side === SIDE_BUY ? order.cumLots : -order.cumLots), 0);
      const base = positionBase(rig.plan, row, index);
      expect(rig.views.f64[(base + POSITION_NET_LOTS) >> 3], `net of row ${row}, instrument ${index}`).toBe(filled);
      const open = (side: number): number =>
        mine.filter((order) => order.isLive && order.row.side === side).reduce((sum, order) => sum + order.qtyLots - order.cumLots, 0);
      expect(rig.views.f64[(base + POSITION_OPEN_BUY_LOTS) >> 3]).toBe(open(SIDE_BUY));
      expect(rig.views.f64[(base + POSITION_OPEN_SELL_LOTS) >> 3]).toBe(open(SIDE_SELL));
    }
  }
  // The journal knows every order before the venue does, and every fill exactly once.
  const fills = rig.entries.filter((entry) => entry.kind === RecordKind.FILL);
  expect(new Set(fills.map((entry) => `${entry.orderId}:${entry.tradeId}`)).size).toBe(fills.length);
  expect(fills.length).toBe(orders.reduce((sum, order) => sum + order.fills.length, 0));
  const created = new Set(rig.entries.filter((entry) => entry.kind === RecordKind.CREATE).map((entry) => entry.orderId));
  expect(rig.entries.filter((entry) => entry.kind === RecordKind.CREATE)).toHaveLength(created.size);
  expect(orders.every((order) => created.has(order.row.orderId))).toBe(true);
}

function sorted(rows: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return rows.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

describe('executor against a venue that loses, repeats and reorders', () => {
  it(
    'C1 C2 C9: no duplicate order, every fill once, positions = fills, one order a level, and both sides agree in the end',
    { timeout: times(120_000, 900_000) },
    () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => run(seed)),
        { numRuns: times(25, 500) },
      );
    },
  );
});
