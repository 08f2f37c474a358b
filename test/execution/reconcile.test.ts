import { describe, expect, it } from 'vitest';
import { CONTROL_EXECUTOR_STOP } from '../../src/core/memory/layout.js';
import { FLAG_ADOPTED, RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS, type ReconcileCounter } from '../../src/core/memory/counters.js';
import { NOTHING, Rig, type RigOptions } from './rig.js';

const K = RecordKind;
const ENDS = new Map<number, number>([
  [K.FILLS, K.FILLS_END],
  [K.LIST, K.LIST_END],
  [K.POSITIONS, K.POSITIONS_END],
]);
const LIVE = { side: SIDE_BUY, instrument: 1, priceTicks: 599_000, qtyLots: 10 };
const RECOVERED = {
  ...NOTHING,
  orders: [
    {
      ...LIVE,
      orderId: makeOrderId(6, 0, 4, 1),
      strategy: 0,
      level: 4,
      flags: 0,
      timeInForce: 0,
      cumLots: 0,
      state: OrderState.OPEN,
      pnlKind: 0,
      group: 0,
    },
  ],
};

/** Answers the three questions of a round with nothing: no fill, no open order, no position. */
function settle(rig: Rig, gateway = 1): void {
  for (let turn = 0; turn < 4; turn++) {
    for (const row of rig.requests(gateway)) if (ENDS.has(row.kind)) rig.answer(gateway, { kind: ENDS.get(row.kind)! });
    rig.step(20_000);
  }
}

/** Answers the list of fills with nothing, so that the list of orders is asked for. */
function untilList(rig: Rig): void {
  rig.step();
  expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
  rig.answer(1, { kind: K.FILLS_END });
  rig.step();
  expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
}

function found(rig: Rig, name: ReconcileCounter, gateway = 1): number {
  return new CounterBlock(rig.views, rig.plan.reconcileCounters + COUNTER_BLOCK_BYTES * gateway, RECONCILE_COUNTERS).get(name);
}

/** Audit rows so far: reason and order. */
function repairs(rig: Rig): number[][] {
  return rig.entries.filter((entry) => entry.kind === K.REPAIR).map((entry) => [entry.reason, entry.orderId]);
}

function listing(more: RigOptions = {}): Rig {
  const rig = new Rig({ lists: [false, true, false], ...more });
  rig.book(1, 600_000, 600_010);
  return rig;
}

describe('reconcile', () => {
  it('B7, C9: new orders wait until the list at start is settled, cancels do not', () => {
    const rig = listing({ recovered: RECOVERED });
    rig.place({ ...LIVE, level: 5 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 4 });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS, K.CANCEL]);
    rig.answer(1, { kind: K.FILLS_END });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: RECOVERED.orders[0]!.orderId });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.POSITIONS }, { kind: K.CREATE, level: 5 }]);
  });

  it('C2: an order that is missing in the list is asked for by its id before it is given up', () => {
    const rig = listing({ recovered: RECOVERED, reconcileEveryUs: Infinity });
    rig.step();
    settle(rig);
    expect(rig.executor.openOrders()).toBe(1);
    rig.step(3_100_000);
    const [query] = rig.requests(1);
    expect(query).toMatchObject({ kind: K.QUERY, orderId: RECOVERED.orders[0]!.orderId });
    rig.answer(1, { ...query, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.step();
    expect(rig.executor.openOrders()).toBe(0);
  });

  it('a fill that was never told shows in the list and is asked for', () => {
    const rig = listing({ recovered: RECOVERED });
    untilList(rig);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: RECOVERED.orders[0]!.orderId, cumLots: 3 });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    settle(rig);
    rig.step(3_100_000);
    const [query] = rig.requests(1);
    expect(query).toMatchObject({ kind: K.QUERY });
    rig.answer(1, { ...query, kind: K.ACK, cumLots: 3 });
    rig.answer(1, { ...query, kind: K.FILL, fillLots: 3, fillTicks: 599_000, tradeId: 8 });
    rig.step();
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.PARTLY_FILLED, cumLots: 3 });
  });

  it('C10: orders of others are left alone', () => {
    const rig = listing();
    untilList(rig);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: 0 });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.POSITIONS]);
    expect([rig.slots(), rig.events(0)]).toEqual([[], []]);
    expect(found(rig, 'foreign')).toBe(1);
  });

  it('an order of ours that no journal knows is adopted where its level is free, else cancelled', () => {
    const rig = listing({ recovered: RECOVERED });
    untilList(rig);
    const orphan = makeOrderId(5, 0, 9, 1);
    const double = makeOrderId(5, 0, 4, 7);
    for (const orderId of [RECOVERED.orders[0]!.orderId, orphan, double]) rig.answer(1, { ...LIVE, kind: K.LISTED, orderId });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.POSITIONS }, { kind: K.CANCEL, orderId: double }]);
    expect(repairs(rig)).toEqual([
      [Reason.ORPHAN_ADOPTED, orphan],
      [Reason.ORPHAN_CANCELLED, double],
    ]);
    expect(rig.events(0)).toMatchObject([{ kind: K.ACK, orderId: orphan, level: 9, flags: FLAG_ADOPTED, priceTicks: 599_000 }]);
    rig.wish({ kind: K.INTENT_CANCEL, level: 9 });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL, orderId: orphan }]);
  });

  it('C9: asks again when a question is not answered, and everything again after a while', () => {
    const rig = listing({ reconcileEveryUs: 60_000_000 });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
    rig.step(3_100_000);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
    rig.answer(1, { kind: K.FILLS_END });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
    rig.step(3_100_000);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    rig.answer(1, { kind: K.POSITIONS_END });
    rig.step();
    rig.requests(1);
    rig.step(59_000_000);
    expect(rig.requests(1)).toEqual([]);
    rig.step(1_100_000);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
  });

  it('C9: an answer to an older question is none to the one that is open', () => {
    const rig = listing();
    rig.step();
    const [first] = rig.requests(1);
    rig.step(3_100_000);
    const [second] = rig.requests(1);
    rig.answer(1, { kind: K.FILLS_END, decidedUs: first!.decidedUs });
    rig.step();
    expect(rig.requests(1)).toEqual([]);
    rig.answer(1, { kind: K.FILLS_END, decidedUs: second!.decidedUs });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
  });

  it('B7, C13: a gateway that is down gets no new orders, cancels stay; up again it is reconciled first', () => {
    const rig = listing({ reconcileEveryUs: Infinity });
    rig.step();
    settle(rig);
    rig.place({ ...LIVE, level: 4 });
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, { ...created, kind: K.ACK });
    rig.answer(1, { kind: K.GATEWAY_DOWN });
    rig.place({ ...LIVE, level: 5 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 4 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.ACK }, { kind: K.DENIED, reason: Reason.GATEWAY_DOWN }]);
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL }]);
    rig.answer(1, { kind: K.GATEWAY_UP });
    rig.step();
    rig.place({ ...LIVE, level: 5 });
    rig.step(20_000);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
    rig.answer(1, { kind: K.FILLS_END });
    rig.step();
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST, K.POSITIONS, K.CREATE]);
  });

  it('C9: a stop compares once more: what is in doubt is asked at once and waited for, and the comparing goes on until the end', () => {
    const rig = listing({ recovered: RECOVERED });
    rig.step();
    const { orderId } = RECOVERED.orders[0]!;
    rig.answer(1, { kind: K.FILLS_END });
    rig.step();
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    rig.answer(1, { kind: K.POSITIONS_END });
    rig.step();
    rig.requests(1);
    rig.executor.beginStop();
    const stopWord = (): number => rig.views.i32[(rig.plan.control + CONTROL_EXECUTOR_STOP) >> 2]!;
    for (const [asked, end] of ENDS) {
      rig.step(20_000);
      expect(rig.requests(1).map((row) => row.kind)).toEqual(asked === K.POSITIONS ? [asked, K.QUERY] : [asked]);
      for (let n = 0; n < 5; n++) rig.step();
      expect([stopWord(), rig.executor.isDrained()]).toEqual([1, false]);
      // The venue's list no longer has the order, and no stream said why.
      rig.answer(1, { kind: end });
    }
    for (let n = 0; n < 5; n++) rig.step();
    expect([stopWord(), rig.executor.isDrained()]).toEqual([1, false]);
    rig.answer(1, { kind: K.CANCELLED, orderId });
    for (let n = 0; n < 5; n++) rig.step();
    expect([stopWord(), rig.executor.isDrained()]).toEqual([2, true]);
    rig.answer(1, { kind: K.GATEWAY_DOWN });
    rig.answer(1, { kind: K.GATEWAY_UP });
    rig.step(20_000);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
  });

  it('C9: a stop asks a venue whose stream is down all the same, again until the end', () => {
    const rig = listing();
    settle(rig);
    rig.answer(1, { kind: K.GATEWAY_DOWN });
    rig.step();
    rig.executor.beginStop();
    rig.step();
    expect(rig.executor.isDrained()).toBe(false);
    settle(rig);
    for (let n = 0; n < 5; n++) rig.step();
    expect(rig.executor.isDrained()).toBe(true);
    for (let again = 0; again < 3; again++) {
      rig.step(600_000);
      expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
      rig.answer(1, { kind: K.FILLS_END });
      settle(rig);
    }
  });

  it('C9: a stop before the first stream is up takes the fills that nobody told', () => {
    const rig = listing({ recovered: RECOVERED });
    const { orderId } = RECOVERED.orders[0]!;
    rig.answer(1, { kind: K.GATEWAY_DOWN });
    rig.executor.beginStop();
    rig.step();
    expect(rig.executor.isDrained()).toBe(false);
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.FILLS]);
    rig.answer(1, { ...LIVE, kind: K.FILL, orderId, fillTicks: LIVE.priceTicks, fillLots: 10, cumLots: 10, tradeId: 71 });
    rig.answer(1, { kind: K.FILLS_END });
    settle(rig);
    expect(rig.entries.filter((entry) => entry.kind === K.FILL).map((entry) => entry.orderId)).toEqual([orderId]);
    // Nothing new leaves while the stream is down.
    rig.place({ ...LIVE, level: 7 });
    rig.step();
    expect(rig.requests(1).filter((row) => row.kind === K.CREATE)).toEqual([]);
  });

  it('C9: a stop does not wait for ever', () => {
    for (const isDown of [false, true]) {
      const silent = listing();
      if (isDown) silent.answer(1, { kind: K.GATEWAY_DOWN });
      silent.executor.beginStop();
      silent.step(2_900_000);
      expect(silent.executor.isDrained()).toBe(false);
      silent.step(200_000);
      expect(silent.executor.isDrained()).toBe(true);
    }
  });
});
