/** The life of an order from wish to end, of groups of orders, and of orders taken over from the run before. */
import { describe, expect, it } from 'vitest';
import { balanceBase, BALANCE_FREE } from '../../src/core/memory/layout.js';
import { FLAG_ADOPTED, RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { partsOfOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { BUY, counter, kinds, net, openBuy, ready, resting } from './ready-rig.js';
import { NOTHING, type Row } from './rig.js';

const K = RecordKind;

const legs = (second: Partial<Row>): Partial<Row>[] => [
  { instrument: 0, side: SIDE_BUY, priceTicks: 6_000_100, qtyLots: 100, level: 0, group: 5, groupLegs: 2 },
  { instrument: 1, side: SIDE_SELL, priceTicks: 600_000, qtyLots: 1, level: 1, group: 5, groupLegs: 2, ...second },
];

describe('an order', () => {
  it('B6: is journaled with its reserved id before its request, which names the journal position to wait for', () => {
    const rig = ready();
    rig.place(BUY);
    rig.step();
    const [request] = rig.requests(0);
    expect(request).toMatchObject({
      kind: K.CREATE,
      instrument: 0,
      priceTicks: 5_990_000,
      qtyLots: 100,
      gateway: 0,
      producer: 0,
      journalSeq: 1,
    });
    expect(partsOfOrderId(request!.orderId)).toMatchObject({ run: 7, strategy: 0, level: 3 });
    expect(rig.entries.map((entry) => [entry.kind, entry.orderId])).toEqual([[K.CREATE, request!.orderId]]);
    expect(rig.slots()).toMatchObject([{ state: OrderState.PENDING, orderId: request!.orderId }]);
    expect(rig.wakes).toBe(1);
  });

  it('is acknowledged, filled in parts and over when all of it filled; position and events follow', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    expect(rig.slots()[0]!.state).toBe(OrderState.OPEN);
    expect(openBuy(rig, 0, 0)).toBe(100);
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 40, tradeId: 1 });
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 60, tradeId: 2 });
    rig.step();
    expect(rig.events(0)).toMatchObject([
      { kind: K.FILL, cumLots: 40, fillLots: 40, state: OrderState.PARTLY_FILLED },
      { kind: K.FILL, cumLots: 100, fillLots: 60, state: OrderState.FILLED },
    ]);
    expect([net(rig, 0, 0), net(rig, 1, 0), net(rig, 2, 0), openBuy(rig, 0, 0)]).toEqual([100, 100, 0, 0]);
    expect(kinds(rig.entries)).toEqual(['CREATE', 'ACK', 'FILL', 'FILL']);
    expect(rig.executor.openOrders()).toBe(0);
    expect([counter(rig, 0, 'sent'), counter(rig, 0, 'accepted'), counter(rig, 0, 'filled'), counter(rig, 0, 'fills')]).toEqual([
      1, 1, 1, 2,
    ]);
  });

  it('B6: takes a fill before its acknowledgement', () => {
    const rig = ready();
    rig.place(BUY);
    rig.step();
    const [request] = rig.requests(0);
    rig.answer(0, { ...request!, kind: K.FILL, fillTicks: 5_990_000, fillLots: 30, tradeId: 1 });
    rig.answer(0, { ...request!, kind: K.ACK });
    rig.answer(0, { ...request!, kind: K.ACK });
    rig.step();
    expect(kinds(rig.events(0))).toEqual(['FILL', 'ACK']);
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.PARTLY_FILLED, cumLots: 30 });
    expect(counter(rig, 0, 'accepted')).toBe(1);
    expect(counter(rig, 0, 'duplicates')).toBe(1);
  });

  it('C9: counts a fill once however often and late it is told, also after its end', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    const fill = { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 30, tradeId: 9 };
    rig.answer(0, fill);
    rig.answer(0, fill);
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED, cumLots: 30 });
    rig.answer(0, { ...fill, tradeId: 10, fillLots: 5 });
    rig.answer(0, fill);
    rig.step();
    expect(kinds(rig.events(0))).toEqual(['FILL', 'CANCELLED', 'FILL']);
    expect(net(rig, 0, 0)).toBe(35);
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.CANCELLED, cumLots: 35 });
    expect(counter(rig, 0, 'duplicates')).toBe(2);
  });

  it('counts a fill of an order whose slot was used again', () => {
    const rig = ready({ orderSlots: 2 });
    const first = resting(rig, BUY, 0);
    rig.answer(0, { ...first, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.step();
    for (const level of [4, 5]) resting(rig, { ...BUY, level }, 0);
    expect(rig.slots().map((row) => row.level)).not.toContain(3);
    const late = { ...first, kind: K.FILL, fillTicks: 5_990_000, fillLots: 7, tradeId: 77 };
    rig.answer(0, late);
    rig.answer(0, late);
    rig.step();
    expect(net(rig, 0, 0)).toBe(7);
    expect(rig.events(0).filter((row) => row.kind === K.FILL)).toMatchObject([{ orderId: first.orderId, fillLots: 7 }]);
  });

  it('waits with its end until the fills that the venue counts have come', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED, cumLots: 30 });
    rig.step();
    expect(rig.events(0)).toEqual([]);
    expect(rig.slots()[0]!.state).toBe(OrderState.CANCELLING);
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 30, tradeId: 1 });
    rig.step();
    expect(kinds(rig.events(0))).toEqual(['FILL', 'CANCELLED']);
    expect(rig.slots()[0]!.state).toBe(OrderState.CANCELLED);
  });

  it('asks for those fills when they do not come', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED, cumLots: 30 });
    rig.step();
    rig.step(4_000_000);
    expect(kinds(rig.requests(0))).toEqual(['QUERY']);
  });

  it('one live order a level: a second is refused while the first lives', () => {
    const rig = ready();
    resting(rig, BUY, 0);
    rig.place({ ...BUY, priceTicks: 5_980_000 });
    rig.step();
    expect(rig.requests(0)).toEqual([]);
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.LEVEL_BUSY, orderId: 0 }]);
  });

  it('refuses new orders when every slot holds a live one, and takes them again when one ended', () => {
    const rig = ready({ orderSlots: 2 });
    const one = resting(rig, BUY, 0);
    resting(rig, { ...BUY, level: 4 }, 0);
    rig.place({ ...BUY, level: 5 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.NO_ROOM }]);
    rig.answer(0, { ...one, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.place({ ...BUY, level: 5 });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['CREATE']);
  });
});

describe('groups', () => {
  it('sends all legs in one turn, and none before the last is here', () => {
    const rig = ready();
    const [first, second] = legs({});
    rig.place({ ...first, strategy: 1 });
    rig.step();
    expect(rig.requests(0)).toEqual([]);
    rig.place({ ...second, strategy: 1 });
    rig.step();
    expect([kinds(rig.requests(0)), kinds(rig.requests(1))]).toEqual([['CREATE'], ['CREATE']]);
  });

  it('refuses all legs when one is refused; only that one is told why', () => {
    const rig = ready();
    for (const leg of legs({ qtyLots: 10_000_000 })) rig.place({ ...leg, strategy: 1 });
    rig.step();
    expect([...rig.requests(0), ...rig.requests(1)]).toEqual([]);
    expect(rig.events(1).map((row) => [row.level, row.reason])).toEqual([
      [0, Reason.GROUP_REFUSED],
      [1, Reason.SIZE_TOO_LARGE],
    ]);
    expect(openBuy(rig, 0, 0)).toBe(0);
    expect(rig.entries.map((row) => row.kind)).toEqual([K.DENIED, K.DENIED]);
  });

  it('two legs cannot spend one balance', () => {
    const rig = ready();
    rig.answer(0, { kind: K.BALANCE, feeAsset: 0, qtyLots: 100, cumLots: 100 });
    rig.step();
    for (const level of [0, 1])
      rig.place({ strategy: 1, instrument: 0, side: SIDE_BUY, priceTicks: 6_000_000, qtyLots: 100, level, group: 1, groupLegs: 2 });
    rig.step();
    expect(rig.events(1).map((row) => row.reason)).toEqual([Reason.GROUP_REFUSED, Reason.INSUFFICIENT_BALANCE]);
    expect(rig.views.f64[(balanceBase(rig.plan, 0, 0) + BALANCE_FREE) >> 3]).toBe(100);
  });

  it('a group that never becomes whole is refused', () => {
    const rig = ready();
    rig.place({ ...legs({})[0], strategy: 1 });
    rig.step();
    rig.step(1_100_000);
    expect(rig.events(1)).toMatchObject([{ kind: K.DENIED, reason: Reason.GROUP_REFUSED }]);
    expect(rig.executor.isDrained()).toBe(true);
  });
});

describe('recovery', () => {
  const order = {
    strategy: 0,
    instrument: 0,
    side: SIDE_BUY,
    flags: 0,
    timeInForce: 0,
    priceTicks: 5_990_000,
    qtyLots: 100,
    cumLots: 0,
    pnlKind: 0,
    group: 0,
  };

  it('C3: adopts live orders, asks for those whose outcome is open, and folds positions from fills once', () => {
    const fill = {
      orderId: 11,
      strategy: 0,
      instrument: 0,
      level: 1,
      side: SIDE_BUY,
      flags: 0,
      pnlKind: 0,
      fillTicks: 5_990_000,
      fillLots: 40,
      fee: 0,
      feeAsset: 1,
      tradeId: 5,
      tsUs: 1,
    };
    const rig = ready({
      recovered: {
        ...NOTHING,
        orders: [
          { ...order, orderId: 11, level: 1, state: OrderState.PARTLY_FILLED, cumLots: 40 },
          { ...order, orderId: 12, level: 2, state: OrderState.PENDING },
          { ...order, orderId: 13, level: 3, state: OrderState.CANCELLING },
          { ...order, orderId: 14, level: 4, state: OrderState.FILLED, cumLots: 100 },
        ],
        fills: [fill, fill],
      },
    });
    rig.step();
    expect(net(rig, 0, 0)).toBe(40);
    expect(rig.requests(0).map((row) => [row.kind, row.orderId])).toEqual([
      [K.QUERY, 12],
      [K.QUERY, 13],
    ]);
    expect(rig.slots().map((row) => row.flags & FLAG_ADOPTED)).toEqual([FLAG_ADOPTED, FLAG_ADOPTED, FLAG_ADOPTED]);
    rig.answer(0, { kind: K.FILL, strategy: 0, orderId: 11, tradeId: 5, fillLots: 40, fillTicks: 5_990_000 });
    rig.answer(0, { kind: K.NOT_FOUND, strategy: 0, orderId: 12 });
    rig.answer(0, { kind: K.ACK, strategy: 0, orderId: 13, priceTicks: 5_990_000, qtyLots: 100 });
    rig.step();
    expect(net(rig, 0, 0)).toBe(40);
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
    expect(rig.executor.openOrders()).toBe(2);
    expect(counter(rig, 0, 'accepted')).toBe(0);
  });
});
