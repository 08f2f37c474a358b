/** One test a rule of execution that has no better place: what comes back, in which order, for whom, and what may leave. */
import { describe, expect, it } from 'vitest';
import { budgetBase, BUDGET_FREE_CANCELS, BUDGET_FREE_ORDERS, BUDGET_KNOWN, BUDGET_PAUSE_UNTIL_US } from '../../src/core/memory/layout.js';
import { CONTROL_CANCEL_ALL, CONTROL_HALT, HALT_ALL, HALT_NEW_ORDERS } from '../../src/core/memory/layout.js';
import {
  FLAG_MAKER,
  FLAG_POST_ONLY,
  FLAG_REDUCE_ONLY,
  RecordKind,
  SIDE_BUY,
  SIDE_SELL,
  TIF_FOK,
  TIF_IOC,
} from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { capsOf } from '../../src/execution/caps.js';
import { NOTHING, Rig, type RigOptions, type Row } from './rig.js';

const K = RecordKind;
const LINEAR = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10 };
const SPOT = { instrument: 0, side: SIDE_BUY, priceTicks: 5_990_000, qtyLots: 100 };

function ready(options: RigOptions = {}): Rig {
  const rig = new Rig(options);
  rig.book(0, 6_000_000, 6_000_100);
  rig.book(1, 600_000, 600_010);
  rig.book(2, 120_000, 120_002);
  return rig;
}

const kinds = (rows: readonly Row[]): number[] => rows.map((row) => row.kind);

function created(rig: Rig, wish: Partial<Row>, gateway: number): Row {
  rig.place(wish);
  rig.step();
  const request = rig.requests(gateway).find((row) => row.kind === K.CREATE);
  expect(request).toBeDefined();
  return request!;
}

function resting(rig: Rig, wish: Partial<Row>, gateway: number): Row {
  const request = created(rig, wish, gateway);
  rig.answer(gateway, { ...request, kind: K.ACK });
  rig.step();
  rig.events(wish.strategy ?? 0);
  return request;
}

describe('outcomes', () => {
  it('C1: confirmed, rejected, denied and unknown are four things, each told as what it is', () => {
    const rig = ready();
    for (const level of [1, 2, 3]) rig.place({ ...LINEAR, level });
    rig.place({ ...LINEAR, level: 4, qtyLots: 0 });
    rig.step();
    const [confirmed, rejected, unknown, ...more] = rig.requests(1);
    expect(more).toEqual([]);
    rig.answer(1, { ...confirmed!, kind: K.ACK });
    rig.answer(1, { ...rejected!, kind: K.REJECT, reason: Reason.VENUE_REJECTED });
    rig.answer(1, { ...unknown!, kind: K.UNKNOWN, reason: Reason.TIMEOUT });
    rig.step();
    expect(rig.events(0).map((row) => [row.level, row.kind, row.reason])).toEqual([
      [4, K.DENIED, Reason.BAD_ORDER],
      [1, K.ACK, Reason.NONE],
      [2, K.REJECT, Reason.VENUE_REJECTED],
      [3, K.UNKNOWN, Reason.TIMEOUT],
    ]);
    expect(rig.slots().map((row) => [row.level, row.state])).toEqual([
      [1, OrderState.OPEN],
      [2, OrderState.REJECTED],
      [3, OrderState.UNKNOWN],
    ]);
  });

  it('C1: an accepted create whose answer was lost is asked for by its client order id; nothing is sent twice, whatever the strategy wishes', () => {
    const rig = ready();
    const request = created(rig, { ...LINEAR, level: 4 }, 1);
    rig.step(3_100_000);
    expect(rig.requests(1)).toMatchObject([{ kind: K.QUERY, orderId: request.orderId }]);
    rig.place({ ...LINEAR, level: 4 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 4 });
    rig.step();
    expect(rig.requests(1)).toEqual([]);
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.TIMEOUT, Reason.LEVEL_BUSY]);
    const decidedUs = rig.nowUs;
    rig.answer(1, { ...request, kind: K.ACK, decidedUs });
    rig.step();
    expect(kinds(rig.requests(1))).toEqual([K.CANCEL]);
    expect(rig.entries.filter((entry) => entry.kind === K.CREATE)).toHaveLength(1);
    expect(rig.entries.filter((entry) => entry.kind === K.REPAIR)).toMatchObject([
      { reason: Reason.UNKNOWN_RESOLVED, orderId: request.orderId },
    ]);
  });

  it('B8: a time-out is no failure: the level stays taken until the venue says that there is no such order', () => {
    const rig = ready();
    const request = created(rig, { ...LINEAR, level: 4 }, 1);
    rig.step(3_100_000);
    const [query] = rig.requests(1);
    rig.place({ ...LINEAR, level: 4 });
    rig.step();
    expect(rig.requests(1)).toEqual([]);
    rig.answer(1, { ...query!, kind: K.NOT_FOUND });
    rig.step();
    rig.place({ ...LINEAR, level: 4 });
    rig.step();
    const [again] = rig.requests(1);
    expect(again).toMatchObject({ kind: K.CREATE, level: 4 });
    expect(again!.orderId).not.toBe(request.orderId);
  });

  it('C2: network errors, however many, end no order', () => {
    const rig = ready();
    const request = resting(rig, { ...LINEAR, level: 4 }, 1);
    rig.wish({ kind: K.INTENT_CANCEL, level: 4 });
    rig.step();
    rig.requests(1);
    for (let n = 0; n < 20; n++) {
      rig.answer(1, { ...request, kind: K.UNKNOWN, reason: Reason.TIMEOUT });
      rig.step(31_000_000);
      expect(kinds(rig.requests(1))).toEqual([K.QUERY]);
    }
    expect(rig.executor.openOrders()).toBe(1);
    expect(rig.slots()[0]!.state).toBe(OrderState.UNKNOWN);
  });

  it('C4: a refused order is told with its reason, its level is free, and nothing is sent again by itself', () => {
    const rig = ready();
    const request = created(rig, { ...LINEAR, level: 4 }, 1);
    rig.answer(1, { ...request, kind: K.REJECT, reason: Reason.INSUFFICIENT_BALANCE });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.REJECT, level: 4, reason: Reason.INSUFFICIENT_BALANCE }]);
    for (let n = 0; n < 10; n++) rig.step(10_000_000);
    expect(rig.requests(1)).toEqual([]);
    expect(rig.executor.counts()).toEqual({ open: 0, waiting: 0, unanswered: 0, unknown: 0 });
    rig.book(1, 600_000, 600_010);
    expect(created(rig, { ...LINEAR, level: 4 }, 1).orderId).not.toBe(request.orderId);
  });

  it('C5: what happens is journaled and told in one order, the order in which the venue said it', () => {
    const rig = ready();
    const [a, b] = [resting(rig, { ...LINEAR, level: 1 }, 1), resting(rig, { ...LINEAR, level: 2 }, 1)];
    const said = [
      { ...b, kind: K.FILL, fillLots: 4, fillTicks: 599_000, tradeId: 1 },
      { ...a, kind: K.FILL, fillLots: 3, fillTicks: 599_000, tradeId: 2 },
      { ...b, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED, cumLots: 4 },
      { ...a, kind: K.FILL, fillLots: 7, fillTicks: 599_000, tradeId: 3 },
    ];
    const before = rig.entries.length;
    for (const row of said) rig.answer(1, row);
    rig.step();
    const expected = [
      [K.FILL, 2, 4],
      [K.FILL, 1, 3],
      [K.CANCELLED, 2, 4],
      [K.FILL, 1, 10],
    ];
    expect(rig.entries.slice(before).map((entry) => [entry.kind, entry.level, entry.cumLots])).toEqual(expected);
    expect(rig.events(0).map((event) => [event.kind, event.level, event.cumLots])).toEqual(expected);
  });

  it('C6: the items of a batch are told apart by their ids, in whatever order their outcomes come', () => {
    const rig = ready();
    for (const level of [1, 2, 3]) rig.place({ ...LINEAR, level });
    rig.step();
    const [one, two, three] = rig.requests(1);
    rig.answer(1, { ...three!, kind: K.ACK });
    rig.answer(1, { ...one!, kind: K.REJECT, reason: Reason.POST_ONLY_WOULD_TAKE });
    rig.answer(1, { ...two!, kind: K.ACK });
    rig.step();
    expect(rig.events(0).map((row) => [row.level, row.kind])).toEqual([
      [3, K.ACK],
      [1, K.REJECT],
      [2, K.ACK],
    ]);
  });

  it('C7: where the venue cannot amend, a fill between the two steps is taken off what is created anew', () => {
    expect(capsOf('binance-spot').amend).toBe('cancel-create');
    const rig = ready();
    const request = resting(rig, { ...SPOT, level: 3 }, 0);
    rig.wish({ kind: K.INTENT_AMEND, level: 3, priceTicks: 5_980_000, qtyLots: 100 });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual([K.CANCEL]);
    // The cancel's answer says that 30 filled; the fill itself is late: nothing is created before it is here.
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.BY_REQUEST, cumLots: 30 });
    rig.step();
    expect(rig.requests(0)).toEqual([]);
    rig.answer(0, { ...request, kind: K.FILL, fillLots: 30, fillTicks: 5_990_000, tradeId: 1 });
    rig.step();
    expect(rig.requests(0)).toMatchObject([{ kind: K.CREATE, level: 3, qtyLots: 70, priceTicks: 5_980_000 }]);
  });

  it('C11: post-only, reduce-only and time in force go out as wished, also in the second half of an amend', () => {
    const rig = ready();
    const recovered = { ...LINEAR, side: SIDE_SELL, priceTicks: 601_000 };
    rig.answer(1, { kind: K.BALANCE, feeAsset: 0, qtyLots: 1e6, cumLots: 1e6 });
    rig.place({ ...LINEAR, level: 1, flags: FLAG_POST_ONLY });
    rig.place({ ...LINEAR, level: 2, timeInForce: TIF_IOC });
    rig.place({ ...LINEAR, level: 3, timeInForce: TIF_FOK });
    rig.step();
    const sent = rig.requests(1);
    expect(sent.map((row) => [row.flags, row.timeInForce])).toEqual([
      [FLAG_POST_ONLY, 0],
      [0, TIF_IOC],
      [0, TIF_FOK],
    ]);
    rig.answer(1, { ...sent[1]!, kind: K.FILL, fillLots: 10, fillTicks: 599_000, tradeId: 1 });
    rig.step();
    rig.place({ ...recovered, level: 4, flags: FLAG_POST_ONLY | FLAG_REDUCE_ONLY });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ flags: FLAG_POST_ONLY | FLAG_REDUCE_ONLY }]);
    const spot = resting(rig, { ...SPOT, level: 5, flags: FLAG_POST_ONLY }, 0);
    rig.wish({ kind: K.INTENT_AMEND, level: 5, priceTicks: 5_980_000, qtyLots: 100 });
    rig.step();
    rig.answer(0, { ...spot, kind: K.CANCELLED, reason: Reason.BY_REQUEST, flags: FLAG_MAKER });
    rig.step();
    expect(rig.requests(0).filter((row) => row.kind === K.CREATE)).toMatchObject([{ flags: FLAG_POST_ONLY, qtyLots: 100 }]);
  });

  it('C14: closing orders together are never larger than the position: a second one for the same lots is refused while the first is open', () => {
    const rig = ready();
    const open = resting(rig, { ...LINEAR, level: 1 }, 1);
    rig.answer(1, { ...open, kind: K.FILL, fillLots: 10, fillTicks: 599_000, tradeId: 1 });
    rig.step();
    rig.events(0);
    const close = { instrument: 1, side: SIDE_SELL, priceTicks: 601_000, flags: FLAG_REDUCE_ONLY };
    const first = resting(rig, { ...close, level: 2, qtyLots: 10 }, 1);
    rig.place({ ...close, level: 3, qtyLots: 1 });
    rig.place({ ...close, level: 3, qtyLots: 1, strategy: 1 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.REDUCE_ONLY }]);
    expect(rig.events(1)).toMatchObject([{ kind: K.DENIED, reason: Reason.REDUCE_ONLY }]);
    rig.wish({ kind: K.INTENT_CANCEL, level: 2 });
    rig.place({ ...close, level: 3, qtyLots: 10 });
    rig.step();
    // Not before the first is known to be gone.
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.REDUCE_ONLY }]);
    rig.requests(1);
    rig.answer(1, { ...first, kind: K.CANCELLED, reason: Reason.BY_REQUEST });
    rig.place({ ...close, level: 3, qtyLots: 10 });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 3, flags: FLAG_REDUCE_ONLY }]);
  });
});

describe('what may leave', () => {
  it('C6: 200 wishes for 50 levels in one turn and room for 5: the last wish of the nearest 5 levels leaves, nothing superseded ever does', () => {
    const rig = ready();
    for (const [offset, value] of [
      [BUDGET_KNOWN, 1],
      [BUDGET_FREE_ORDERS, 5],
      [BUDGET_FREE_CANCELS, 5],
    ] as const)
      rig.views.i32[(budgetBase(rig.plan, 1) + offset) >> 2] = value;
    const last = new Map<number, number>();
    for (let round = 0; round < 4; round++) {
      for (let level = 0; level < 50; level++) {
        const priceTicks = 599_900 - ((level * 37) % 50) * 10 - round;
        last.set(level, priceTicks);
        if (round === 0) rig.place({ ...LINEAR, level, priceTicks });
        else rig.wish({ kind: K.INTENT_AMEND, level, priceTicks, qtyLots: 10 });
      }
    }
    rig.step(0, 256);
    const nearest = [...last].sort((a, b) => b[1] - a[1]);
    const sent = rig.requests(1);
    expect(sent.map((row) => [row.kind, row.level, row.priceTicks])).toEqual(
      nearest.slice(0, 5).map(([level, ticks]) => [K.CREATE, level, ticks]),
    );
    // The market falls through half of the ladder: what waits is ranked anew when there is room again.
    rig.book(1, 599_640, 599_650);
    for (const row of sent) rig.answer(1, { ...row, kind: K.ACK });
    rig.step(1000);
    const rest = nearest.slice(5).sort((a, b) => Math.abs(a[1] - 599_645) - Math.abs(b[1] - 599_645));
    expect(rig.requests(1).map((row) => row.level)).toEqual(rest.slice(0, 5).map(([level]) => level));
    expect(new Set(rig.entries.filter((entry) => entry.kind === K.CREATE).map((entry) => entry.level)).size).toBe(10);
  });

  it('C6: wishes that a turn cannot take yet are waited for where the budget is short', () => {
    const rig = ready();
    rig.views.i32[(budgetBase(rig.plan, 1) + BUDGET_KNOWN) >> 2] = 1;
    rig.views.i32[(budgetBase(rig.plan, 1) + BUDGET_FREE_ORDERS) >> 2] = 1;
    for (let level = 0; level < 20; level++) rig.place({ ...LINEAR, level, priceTicks: 599_000 + level });
    rig.step(0, 8);
    rig.step(0, 8);
    expect(rig.requests(1)).toEqual([]);
    rig.step(0, 8);
    expect(rig.requests(1)).toMatchObject([{ level: 19 }]);
  });

  it('C8: requests that the gateway has not taken yet count against what it says the venue has left', () => {
    const rig = ready();
    const base = budgetBase(rig.plan, 1);
    rig.views.i32[(base + BUDGET_KNOWN) >> 2] = 1;
    rig.views.i32[(base + BUDGET_FREE_ORDERS) >> 2] = 3;
    for (let level = 0; level < 20; level++) {
      rig.place({ ...LINEAR, level, priceTicks: 599_000 + level });
      rig.step(1000);
    }
    expect(rig.executor.counts()).toMatchObject({ unanswered: 3, waiting: 17 });
    // Taken, and nothing debited yet: the figures are written together with the count of what they hold.
    rig.requests(1);
    rig.views.i32[(base + BUDGET_FREE_ORDERS) >> 2] = 0;
    rig.step(1000);
    expect(rig.requests(1)).toEqual([]);
  });

  it('C8: a pause that the venue asked for holds back everything; after it what is wanted by then goes', () => {
    const rig = ready();
    resting(rig, { ...LINEAR, level: 1 }, 1);
    const base = budgetBase(rig.plan, 1);
    rig.views.i32[(base + BUDGET_KNOWN) >> 2] = 1;
    rig.views.i32[(base + BUDGET_FREE_ORDERS) >> 2] = 100;
    rig.views.i32[(base + BUDGET_FREE_CANCELS) >> 2] = 100;
    rig.views.f64[(base + BUDGET_PAUSE_UNTIL_US) >> 3] = rig.nowUs + 500_000;
    for (let n = 0; n < 30; n++) rig.wish({ kind: K.INTENT_AMEND, level: 1, priceTicks: 599_000 - n, qtyLots: 10 });
    rig.step(100_000);
    rig.wish({ kind: K.INTENT_CANCEL, level: 1 });
    rig.step(100_000);
    expect(rig.requests(1)).toEqual([]);
    rig.step(400_000);
    expect(kinds(rig.requests(1))).toEqual([K.CANCEL]);
  });

  it("C16: a venue that takes nothing delays nobody else's orders and cancels", () => {
    const rig = ready({ ringRecords: 4 });
    const other = resting(rig, { ...LINEAR, level: 9 }, 1);
    for (let level = 0; level < 4; level++) {
      rig.place({ ...SPOT, level });
      rig.step();
    }
    // Its ring of 4 is full: nobody reads it.
    rig.place({ ...SPOT, level: 5 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 9 });
    rig.step();
    rig.place({ ...LINEAR, level: 6 });
    rig.step();
    expect(rig.requests(1).map((row) => [row.kind, row.level])).toEqual([
      [K.CANCEL, 9],
      [K.CREATE, 6],
    ]);
    expect(other.level).toBe(9);
    expect(rig.executor.counts().waiting).toBe(1);
  });

  it('C17: the halt word is read last: what waits for budget when it is set never leaves, cancels do, and at its highest nothing does', () => {
    const rig = ready();
    const live = resting(rig, { ...LINEAR, level: 1 }, 1);
    const base = budgetBase(rig.plan, 1);
    rig.views.i32[(base + BUDGET_KNOWN) >> 2] = 1;
    rig.views.i32[(base + BUDGET_FREE_CANCELS) >> 2] = 100;
    rig.place({ ...LINEAR, level: 2 });
    rig.step();
    expect(rig.requests(1)).toEqual([]);
    rig.control(CONTROL_HALT, HALT_NEW_ORDERS);
    rig.views.i32[(base + BUDGET_FREE_ORDERS) >> 2] = 100;
    rig.wish({ kind: K.INTENT_CANCEL, level: 1 });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL, orderId: live.orderId }]);
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, level: 2, reason: Reason.HALTED }]);
    rig.answer(1, { ...live, kind: K.CANCEL_REJECT, reason: Reason.VENUE_REJECTED });
    rig.control(CONTROL_HALT, HALT_ALL);
    rig.control(CONTROL_CANCEL_ALL, 1);
    rig.step();
    rig.step(5_000_000);
    expect(rig.requests(1)).toEqual([]);
  });
});

describe('a restart', () => {
  const base = { ...LINEAR, strategy: 0, flags: 0, timeInForce: 0, pnlKind: 0, group: 0, cumLots: 0 };
  const recovered = {
    ...NOTHING,
    orders: [
      { ...base, level: 1, orderId: makeOrderId(6, 0, 1, 1), state: OrderState.OPEN },
      { ...base, level: 2, orderId: makeOrderId(6, 0, 2, 1), state: OrderState.PENDING },
      { ...base, level: 3, orderId: makeOrderId(6, 0, 3, 1), state: OrderState.UNKNOWN },
      { ...base, level: 4, orderId: makeOrderId(6, 0, 4, 1), state: OrderState.CANCELLING },
    ],
  };

  it('C3: orders whose outcome was open when the engine died are asked for, held against their levels, and never sent again', () => {
    const rig = ready({ recovered });
    for (const level of [1, 2, 3, 4]) rig.place({ ...LINEAR, level });
    rig.step();
    const sent = rig.requests(1);
    expect(sent.map((row) => [row.kind, row.level])).toEqual([
      [K.QUERY, 2],
      [K.QUERY, 3],
      [K.QUERY, 4],
    ]);
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.LEVEL_BUSY, Reason.LEVEL_BUSY, Reason.LEVEL_BUSY, Reason.LEVEL_BUSY]);
    rig.answer(1, { ...sent[0]!, kind: K.ACK });
    rig.answer(1, { ...sent[1]!, kind: K.NOT_FOUND });
    rig.answer(1, { ...sent[2]!, kind: K.ACK });
    rig.step();
    // The cancel that was under way is wanted still.
    expect(rig.requests(1)).toMatchObject([{ kind: K.CANCEL, level: 4 }]);
    expect(rig.slots().map((row) => [row.level, row.state])).toEqual([
      [1, OrderState.OPEN],
      [2, OrderState.OPEN],
      [3, OrderState.REJECTED],
      [4, OrderState.CANCELLING],
    ]);
  });

  it('B9: what runs is adopted: no start cancels by itself', () => {
    const rig = ready({ recovered, lists: [false, true, false], reconcileEveryUs: Infinity });
    rig.step();
    const asked = rig.requests(1).map((row) => row.kind);
    expect(asked).toEqual([K.FILLS, K.QUERY, K.QUERY, K.QUERY]);
    rig.answer(1, { kind: K.FILLS_END });
    rig.step();
    for (const order of recovered.orders.slice(0, 3)) rig.answer(1, { ...order, kind: K.LISTED, gateway: 1 });
    rig.answer(1, { kind: K.LIST_END });
    for (let n = 0; n < 5; n++) rig.step(1_000_000);
    expect(rig.requests(1).filter((row) => row.kind === K.CANCEL)).toEqual([]);
    expect(rig.executor.openOrders()).toBe(4);
  });
});
