import { describe, expect, it } from 'vitest';
import { FLAG_ADOPTED, RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { NOTHING, Rig, type RigOptions } from './rig.js';

const K = RecordKind;
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

function listing(more: RigOptions = {}): Rig {
  const rig = new Rig({ lists: [false, true, false], ...more });
  rig.book(1, 600_000, 600_010);
  return rig;
}

describe('reconcile', () => {
  it('C9: new orders wait until the list at start is settled, cancels do not', () => {
    const rig = listing({ recovered: RECOVERED });
    rig.place({ ...LIVE, level: 5 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 4 });
    rig.step();
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST, K.CANCEL]);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: RECOVERED.orders[0]!.orderId });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 5 }]);
  });

  it('C2: an order that is missing in the list is asked for by its id before it is given up', () => {
    const rig = listing({ recovered: RECOVERED });
    rig.step();
    rig.requests(1);
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
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
    rig.step();
    rig.requests(1);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: RECOVERED.orders[0]!.orderId, cumLots: 3 });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
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
    rig.step();
    rig.requests(1);
    rig.answer(1, { ...LIVE, kind: K.LISTED, orderId: 0 });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect([rig.requests(1), rig.slots(), rig.events(0)]).toEqual([[], [], []]);
  });

  it('an order of ours that no journal knows is adopted where its level is free, else cancelled', () => {
    const rig = listing({ recovered: RECOVERED });
    rig.step();
    rig.requests(1);
    const orphan = makeOrderId(5, 0, 9, 1);
    const double = makeOrderId(5, 0, 4, 7);
    for (const orderId of [RECOVERED.orders[0]!.orderId, orphan, double]) rig.answer(1, { ...LIVE, kind: K.LISTED, orderId });
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL, orderId: double }]);
    expect(rig.events(0)).toMatchObject([{ kind: K.ACK, orderId: orphan, level: 9, flags: FLAG_ADOPTED, priceTicks: 599_000 }]);
    rig.wish({ kind: K.INTENT_CANCEL, level: 9 });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL, orderId: orphan }]);
  });

  it('asks again when a list is not answered, and lists again after a while', () => {
    const rig = listing({ reconcileEveryUs: 60_000_000 });
    rig.step();
    expect(rig.requests(1)).toHaveLength(1);
    rig.step(3_100_000);
    expect(rig.requests(1)).toMatchObject([{ kind: K.LIST }]);
    rig.answer(1, { kind: K.LIST_END });
    rig.step();
    rig.step(59_000_000);
    expect(rig.requests(1)).toEqual([]);
    rig.step(1_100_000);
    expect(rig.requests(1)).toMatchObject([{ kind: K.LIST }]);
  });

  it('C13: a gateway that is down gets no new orders, cancels stay; up again it is reconciled first', () => {
    const rig = listing();
    rig.step();
    rig.answer(1, { kind: K.LIST_END });
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
    expect(rig.requests(1).map((row) => row.kind)).toEqual([K.LIST]);
  });
});
