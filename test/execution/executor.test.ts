import { describe, expect, it } from 'vitest';
import { BOOK_STALE } from '../../src/core/memory/book-layout.js';
import { CounterBlock, COUNTER_BLOCK_BYTES, ORDER_COUNTERS, type OrderCounter } from '../../src/core/memory/counters.js';
import {
  balanceBase,
  BALANCE_FREE,
  BALANCE_TOTAL,
  CONTROL_BLOCKED,
  CONTROL_CANCEL_ALL,
  CONTROL_EXECUTOR_STOP,
  CONTROL_HALT,
  CONTROL_TRADING_STATE,
  HALT_ALL,
  HALT_NEW_ORDERS,
  positionBase,
  POSITION_NET_LOTS,
  POSITION_OPEN_BUY_LOTS,
} from '../../src/core/memory/layout.js';
import { FLAG_ADOPTED, FLAG_HEDGE, FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { partsOfOrderId } from '../../src/core/numbers/ids.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { NOTHING, Rig, type Row } from './rig.js';

const K = RecordKind;
const names = new Map<number, string>(Object.entries(K).map(([name, code]) => [code, name]));
const kinds = (rows: readonly Row[]): string[] => rows.map((row) => names.get(row.kind) ?? String(row.kind));

function ready(options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  rig.book(0, 6_000_000, 6_000_100);
  rig.book(1, 600_000, 600_010);
  rig.book(2, 120_000, 120_002);
  return rig;
}

function counter(rig: Rig, strategy: number, name: OrderCounter): number {
  return new CounterBlock(rig.views, rig.plan.orderCounters + COUNTER_BLOCK_BYTES * strategy, ORDER_COUNTERS).get(name);
}

function net(rig: Rig, row: number, instrument: number): number {
  return rig.views.f64[(positionBase(rig.plan, row, instrument) + POSITION_NET_LOTS) >> 3]!;
}

function openBuy(rig: Rig, row: number, instrument: number): number {
  return rig.views.f64[(positionBase(rig.plan, row, instrument) + POSITION_OPEN_BUY_LOTS) >> 3]!;
}

const BUY = { instrument: 0, side: SIDE_BUY, priceTicks: 5_990_000, qtyLots: 100, level: 3 };
const LINEAR_BUY = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, level: 4 };

/** Places one order and has it acknowledged. */
function resting(rig: Rig, wish: Partial<Row>, gateway: number): Row {
  rig.place(wish);
  rig.step();
  const request = rig.requests(gateway)[0]!;
  rig.answer(gateway, { ...request, kind: K.ACK });
  rig.step();
  rig.events(wish.strategy ?? 0);
  rig.requests(gateway);
  return request;
}

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

describe('cancels and amends', () => {
  it('keeps a cancel until the order is acknowledged, then sends it', () => {
    const rig = ready();
    rig.place(BUY);
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    const [request, ...rest] = rig.requests(0);
    expect(rest).toEqual([]);
    rig.answer(0, { ...request!, kind: K.ACK });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
    rig.answer(0, { ...request!, kind: K.CANCELLED, reason: Reason.BY_REQUEST });
    rig.step();
    expect(kinds(rig.events(0))).toEqual(['ACK', 'CANCELLED']);
    expect(openBuy(rig, 0, 0)).toBe(0);
  });

  it('a fill after the cancel request counts, and the order may still be filled whole', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    expect(rig.slots()[0]!.state).toBe(OrderState.CANCELLING);
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 100, tradeId: 1 });
    rig.answer(0, { ...request, kind: K.CANCEL_REJECT, reason: Reason.UNKNOWN_ORDER });
    rig.step();
    expect(kinds(rig.events(0))).toEqual(['FILL']);
    expect(rig.slots()[0]!.state).toBe(OrderState.FILLED);
    expect(rig.executor.counts()).toEqual({ open: 0, waiting: 0, unanswered: 0, unknown: 0 });
  });

  it('C2: asks the venue when a cancel finds no order, and ends it only by the answer', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    rig.requests(0);
    rig.answer(0, { ...request, kind: K.CANCEL_REJECT, reason: Reason.UNKNOWN_ORDER });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['QUERY']);
    expect(rig.executor.openOrders()).toBe(1);
    rig.answer(0, { ...request, kind: K.ACK, cumLots: 100 });
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 100, tradeId: 1 });
    rig.step();
    expect(rig.slots()[0]!.state).toBe(OrderState.FILLED);
  });

  it('amends in one request where the venue can, at new terms, risk held at the worse of both', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.AMEND, orderId: request.orderId, priceTicks: 599_500, qtyLots: 15 }]);
    expect(rig.entries.at(-1)).toMatchObject({ kind: K.AMEND, priceTicks: 599_500, qtyLots: 15 });
    expect(openBuy(rig, 0, 1)).toBe(15);
    rig.answer(1, { ...request, kind: K.AMENDED, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.AMENDED, priceTicks: 599_500, qtyLots: 15 }]);
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.OPEN, priceTicks: 599_500, qtyLots: 15 });
  });

  it('C6: wishes that come while an amend is under way are sent as one', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    for (let n = 1; n <= 50; n++) rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_000 + n, qtyLots: 10 });
    rig.step();
    const [first, ...more] = rig.requests(1);
    expect([first!.kind, more]).toEqual([K.AMEND, []]);
    rig.answer(1, { ...request, kind: K.AMENDED, priceTicks: first!.priceTicks });
    rig.step();
    expect(rig.requests(1)).toMatchObject([{ kind: K.AMEND, priceTicks: 599_050 }]);
  });

  it('a refused amend leaves the order as it was', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    rig.answer(1, { ...request, kind: K.AMEND_REJECT, reason: Reason.POST_ONLY_WOULD_TAKE });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.AMEND_REJECT, reason: Reason.POST_ONLY_WOULD_TAKE, priceTicks: 599_000, qtyLots: 10 }]);
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.OPEN, priceTicks: 599_000 });
    expect(openBuy(rig, 0, 1)).toBe(10);
  });

  it('filled whole while the amend was under way: over, not asked for ever', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    rig.answer(1, { ...request, kind: K.FILL, fillTicks: 599_000, fillLots: 10, tradeId: 1 });
    rig.answer(1, { ...request, kind: K.AMEND_REJECT, reason: Reason.UNKNOWN_ORDER });
    rig.step();
    expect(rig.slots()[0]!.state).toBe(OrderState.FILLED);
    expect(rig.executor.counts()).toMatchObject({ open: 0, waiting: 0, unanswered: 0 });
  });

  it('C7: amends by cancel and create where the venue cannot: the last fills count, only the rest is created, under a new id', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.wish({ kind: K.INTENT_AMEND, level: 3, priceTicks: 5_995_000, qtyLots: 120 });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 30, tradeId: 1 });
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.BY_REQUEST, cumLots: 30 });
    rig.step();
    const [create] = rig.requests(0);
    expect(create).toMatchObject({ kind: K.CREATE, level: 3, priceTicks: 5_995_000, qtyLots: 90, cumLots: 0 });
    expect(create!.orderId).toBeGreaterThan(request.orderId);
    rig.answer(0, { ...create!, kind: K.ACK });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.FILL }, { kind: K.AMENDED, orderId: create!.orderId, qtyLots: 90 }]);
    expect(kinds(rig.entries)).toEqual(['CREATE', 'ACK', 'CANCEL', 'FILL', 'CANCELLED', 'CREATE', 'ACK']);
  });

  it('wishes about levels without an order are answered, nothing is sent', () => {
    const rig = ready();
    rig.wish({ kind: K.INTENT_CANCEL, level: 9 });
    rig.wish({ kind: K.INTENT_AMEND, level: 9, priceTicks: 1, qtyLots: 1 });
    rig.step();
    expect(rig.events(0)).toMatchObject([
      { kind: K.CANCEL_REJECT, reason: Reason.NO_SUCH_ORDER },
      { kind: K.AMEND_REJECT, reason: Reason.NO_SUCH_ORDER },
    ]);
    expect(rig.requests(0)).toEqual([]);
  });
});

describe('lost answers', () => {
  it('C1: a create without an answer is asked for, never sent again; found, it goes on', () => {
    const rig = ready();
    rig.place(BUY);
    rig.step();
    const [request] = rig.requests(0);
    rig.step(3_100_000);
    expect(rig.requests(0)).toMatchObject([{ kind: K.QUERY, orderId: request!.orderId }]);
    expect(kinds(rig.events(0))).toEqual(['UNKNOWN']);
    expect(rig.slots()[0]!.state).toBe(OrderState.UNKNOWN);
    rig.answer(0, { ...request!, kind: K.ACK, decidedUs: rig.nowUs });
    rig.step();
    expect(rig.slots()[0]!.state).toBe(OrderState.OPEN);
    expect(kinds(rig.events(0))).toEqual(['ACK']);
    expect(rig.entries.filter((row) => row.kind === K.CREATE)).toHaveLength(1);
  });

  it('not found at the venue, twice if it was young: retired, the level is free', () => {
    const rig = ready({ times: { answerTimeoutUs: 1_000_000, askMostUs: 30_000_000, notFoundGraceUs: 2_000_000 } });
    rig.place(BUY);
    rig.step();
    const [request] = rig.requests(0);
    rig.answer(0, { ...request!, kind: K.UNKNOWN, reason: Reason.TIMEOUT });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['QUERY']);
    rig.answer(0, { ...request!, kind: K.NOT_FOUND, decidedUs: rig.nowUs });
    rig.step();
    expect(rig.executor.openOrders()).toBe(1); // younger than the grace: its create may still be on its way
    rig.step(2_100_000);
    expect(kinds(rig.requests(0))).toEqual(['QUERY']);
    rig.answer(0, { ...request!, kind: K.NOT_FOUND, decidedUs: rig.nowUs });
    rig.step();
    expect(rig.executor.openOrders()).toBe(0);
    expect(kinds(rig.events(0))).toEqual(['UNKNOWN', 'NOT_FOUND']);
    expect(openBuy(rig, 0, 0)).toBe(0);
  });

  it('C2: a question without an answer is asked again, later each time, and never ends an order', () => {
    const rig = ready({ times: { answerTimeoutUs: 1_000_000, askMostUs: 8_000_000, notFoundGraceUs: 0 } });
    rig.place(BUY);
    rig.step();
    rig.requests(0);
    const askedUs: number[] = [];
    for (let n = 0; n < 600; n++) {
      rig.step(100_000);
      if (rig.requests(0).some((row) => row.kind === K.QUERY)) askedUs.push(rig.nowUs);
    }
    const pauses = askedUs.slice(1).map((us, index) => us - askedUs[index]!);
    expect(pauses.slice(0, 3)).toEqual([2_000_000, 4_000_000, 8_000_000]);
    expect(new Set(pauses.slice(3))).toEqual(new Set([8_000_000]));
    expect(rig.executor.counts()).toMatchObject({ open: 1, unknown: 1 });
  });

  it('an order that turns up after it was given up is cancelled', () => {
    const rig = ready({ times: { answerTimeoutUs: 1_000_000, askMostUs: 8_000_000, notFoundGraceUs: 0 } });
    rig.place(BUY);
    rig.step();
    const [request] = rig.requests(0);
    rig.answer(0, { ...request!, kind: K.UNKNOWN });
    rig.step();
    rig.requests(0);
    rig.answer(0, { ...request!, kind: K.NOT_FOUND, decidedUs: rig.nowUs });
    rig.step();
    rig.answer(0, { ...request!, kind: K.ACK });
    rig.step();
    expect(rig.requests(0)).toMatchObject([{ kind: K.CANCEL, orderId: request!.orderId }]);
    rig.answer(0, { ...request!, kind: K.CANCELLED, reason: Reason.BY_REQUEST });
    rig.step();
    expect(rig.executor.counts()).toEqual({ open: 0, waiting: 0, unanswered: 0, unknown: 0 });
  });

  it('a lost cancel is asked for, and sent again only when the venue says that the order stands', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    rig.requests(0);
    rig.step(3_100_000);
    expect(kinds(rig.requests(0))).toEqual(['QUERY']);
    rig.answer(0, { ...request, kind: K.ACK, decidedUs: rig.nowUs });
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
  });

  it('an old acknowledgement that comes late is no answer to a question', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    rig.requests(1);
    rig.step(3_100_000);
    const [query] = rig.requests(1);
    rig.answer(1, { ...request, kind: K.ACK });
    rig.step();
    expect(rig.slots()[0]!.state).toBe(OrderState.UNKNOWN);
    rig.answer(1, { ...query, kind: K.ACK, priceTicks: 599_500, qtyLots: 15 });
    rig.step();
    expect(rig.slots()[0]).toMatchObject({ state: OrderState.OPEN, priceTicks: 599_500, qtyLots: 15 });
  });

  it('a lost amend is settled by the terms that the venue shows', () => {
    for (const isDone of [true, false]) {
      const rig = ready();
      const request = resting(rig, LINEAR_BUY, 1);
      rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_500, qtyLots: 15 });
      rig.step();
      rig.requests(1);
      rig.step(3_100_000);
      rig.events(0);
      expect(kinds(rig.requests(1))).toEqual(['QUERY']);
      rig.answer(1, { ...request, kind: K.ACK, decidedUs: rig.nowUs, ...(isDone ? { priceTicks: 599_500, qtyLots: 15 } : {}) });
      rig.step();
      expect(kinds(rig.events(0))).toEqual([isDone ? 'AMENDED' : 'AMEND_REJECT']);
      expect(rig.slots()[0]).toMatchObject(isDone ? { priceTicks: 599_500, qtyLots: 15 } : { priceTicks: 599_000, qtyLots: 10 });
    }
  });
});

const legs = (second: Partial<Row>): Partial<Row>[] => [
  { instrument: 0, side: SIDE_BUY, priceTicks: 6_000_100, qtyLots: 100, level: 0, group: 5, groupLegs: 2 },
  { instrument: 1, side: SIDE_SELL, priceTicks: 600_000, qtyLots: 1, level: 1, group: 5, groupLegs: 2, ...second },
];

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

describe('halts and blocks', () => {
  it('D13: no new orders under the halt word, cancels go; under the stronger one nothing goes', () => {
    const rig = ready();
    resting(rig, BUY, 0);
    rig.control(CONTROL_HALT, HALT_NEW_ORDERS);
    rig.place({ ...BUY, level: 4 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.HALTED }]);
    rig.control(CONTROL_HALT, HALT_ALL);
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    expect(rig.requests(0)).toEqual([]);
    rig.control(CONTROL_HALT, HALT_NEW_ORDERS);
    rig.step();
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
  });

  it('D13: the kill switch cancels everything of every strategy, once', () => {
    const rig = ready();
    resting(rig, BUY, 0);
    resting(rig, { ...LINEAR_BUY, strategy: 1 }, 1);
    rig.control(CONTROL_HALT, HALT_NEW_ORDERS);
    rig.control(CONTROL_CANCEL_ALL, 1);
    rig.step();
    rig.step();
    expect([kinds(rig.requests(0)), kinds(rig.requests(1))]).toEqual([['CANCEL'], ['CANCEL']]);
  });

  it('a full disk denies new orders, and cancels still go', () => {
    const rig = ready();
    resting(rig, BUY, 0);
    rig.control(CONTROL_BLOCKED, Reason.DISK_FULL);
    for (let level = 4; level < 24; level++) rig.place({ ...BUY, level });
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.step();
    expect(new Set(rig.events(0).map((row) => row.reason))).toEqual(new Set([Reason.DISK_FULL]));
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
    expect(rig.entries.filter((row) => row.kind === K.DENIED)).toHaveLength(1); // the audit does not eat what is left
    expect(counter(rig, 0, 'denied')).toBe(20);
  });

  it('a journal that is not drained denies new orders before its reserve is touched, cancels use the reserve', () => {
    const rig = ready({ journalRecords: 64 });
    resting(rig, BUY, 0);
    for (let n = 0; n < 50; n++) {
      rig.journal.reserve();
      rig.journal.commit();
    }
    rig.place({ ...BUY, level: 4 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.executor.step(rig.nowUs, 64);
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.JOURNAL_FULL }]);
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
  });

  it('outcomes wait when the journal is full, nothing is lost', () => {
    const rig = ready({ journalRecords: 64 });
    const request = resting(rig, BUY, 0);
    while (rig.journal.reserve() >= 0) rig.journal.commit();
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 100, tradeId: 1 });
    rig.executor.step(rig.nowUs, 64);
    expect(net(rig, 0, 0)).toBe(0);
    rig.readJournal();
    rig.step();
    expect(net(rig, 0, 0)).toBe(100);
  });

  it('a request ring without room keeps the order waiting, not half done', () => {
    const rig = ready({ ringRecords: 4 });
    for (let level = 0; level < 4; level++) rig.place({ ...BUY, level });
    rig.step();
    rig.events(0);
    for (let level = 4; level < 6; level++) rig.place({ ...BUY, level });
    rig.step();
    expect(rig.executor.counts()).toMatchObject({ open: 4, waiting: 2 });
    expect(rig.entries.filter((row) => row.kind === K.CREATE)).toHaveLength(4);
    expect(rig.requests(0)).toHaveLength(4);
    rig.step();
    expect(rig.requests(0)).toHaveLength(2);
  });

  it('D14: reducing lets only orders through that make the position smaller', () => {
    const rig = ready();
    const request = resting(rig, LINEAR_BUY, 1);
    rig.answer(1, { ...request, kind: K.FILL, fillTicks: 599_000, fillLots: 10, tradeId: 1 });
    rig.step();
    rig.events(0);
    rig.control(CONTROL_TRADING_STATE, 1);
    rig.place({ ...LINEAR_BUY, level: 5 });
    rig.place({ ...LINEAR_BUY, side: SIDE_SELL, priceTicks: 600_500, level: 6, qtyLots: 11 });
    rig.place({ ...LINEAR_BUY, side: SIDE_SELL, priceTicks: 600_500, level: 7, qtyLots: 10 });
    rig.place({ ...LINEAR_BUY, side: SIDE_SELL, priceTicks: 600_500, level: 8, qtyLots: 1 });
    rig.step();
    expect(rig.events(0).map((row) => [row.level, row.reason])).toEqual([
      [5, Reason.REDUCING],
      [6, Reason.REDUCING],
      [8, Reason.REDUCING],
    ]);
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 7 }]);
  });

  it('stops: no new orders, cancels pass, drained when all is answered', () => {
    const rig = ready();
    const request = resting(rig, BUY, 0);
    rig.executor.beginStop();
    rig.wish({ kind: K.INTENT_CANCEL, level: 3 });
    rig.place({ ...BUY, level: 4 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.HALTED }]);
    expect(kinds(rig.requests(0))).toEqual(['CANCEL']);
    const stopWord = (): number => rig.views.i32[(rig.plan.control + CONTROL_EXECUTOR_STOP) >> 2]!;
    for (let n = 0; n < 5; n++) rig.step();
    expect(stopWord()).toBe(1);
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.BY_REQUEST });
    for (let n = 0; n < 5; n++) rig.step();
    expect(stopWord()).toBe(2);
    expect(rig.executor.isDrained()).toBe(true);
  });
});

describe('budget', () => {
  it('C8: a burst beyond the budget waits, cancels go before it, and a stop drops what never left', () => {
    const rig = ready({ risk: { messageBurst: 1000 } });
    for (let level = 0; level < 60; level++) rig.place({ ...LINEAR_BUY, level, qtyLots: 1 });
    rig.step();
    const sent = rig.requests(1);
    expect(sent).toHaveLength(40); // bybit: 50 at once, 10 of them for cancels
    for (const request of sent) rig.answer(1, { ...request, kind: K.ACK });
    rig.wish({ kind: K.INTENT_CANCEL, level: 0 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 59 });
    rig.step();
    expect(kinds(rig.requests(1))).toEqual(['CANCEL']);
    rig.events(0);
    rig.step(1_000_000);
    expect(rig.requests(1).length).toBeGreaterThan(5);
    const waiting = rig.executor.counts().waiting;
    expect(waiting).toBeGreaterThan(5);
    rig.executor.beginStop();
    rig.step();
    expect(rig.events(0).map((row) => row.reason)).toEqual(Array.from({ length: waiting }, () => Reason.HALTED));
    expect(rig.executor.counts().waiting).toBe(0);
    expect(rig.requests(1)).toEqual([]);
  });

  it('an order that waits takes new terms in place, and its cancel sends nothing', () => {
    const rig = ready();
    for (let level = 0; level < 42; level++) rig.place({ ...LINEAR_BUY, level, qtyLots: 1 });
    rig.step();
    rig.events(0);
    rig.wish({ kind: K.INTENT_AMEND, level: 40, priceTicks: 599_900, qtyLots: 2 });
    rig.wish({ kind: K.INTENT_CANCEL, level: 41 });
    rig.step();
    expect(rig.events(0)).toMatchObject([
      { kind: K.AMENDED, level: 40, priceTicks: 599_900, qtyLots: 2 },
      { kind: K.CANCELLED, level: 41, reason: Reason.BY_REQUEST },
    ]);
    rig.requests(1);
    rig.step(1_000_000);
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 40, priceTicks: 599_900, qtyLots: 2 }]);
    expect(rig.entries.filter((row) => row.level >= 40).map((row) => row.kind)).toEqual([K.CREATE]);
  });
});

describe('risk in the path', () => {
  it('D10: an order that would meet one of ours is blocked, whoever placed that', () => {
    const rig = ready();
    const request = resting(rig, { ...BUY, side: SIDE_SELL, priceTicks: 6_001_000, strategy: 1 }, 0);
    rig.place({ ...BUY, priceTicks: 6_001_000 });
    rig.place({ ...BUY, priceTicks: 6_000_999, level: 4 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.SELF_TRADE, level: 3 }]);
    expect(rig.requests(0)).toMatchObject([{ level: 4 }]);
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED });
    rig.place({ ...BUY, priceTicks: 6_001_000 });
    rig.step();
    expect(rig.requests(0)).toMatchObject([{ level: 3 }]);
  });

  it('D10: while an amend is under way both its prices count', () => {
    const rig = ready();
    const request = resting(rig, { ...LINEAR_BUY, side: SIDE_SELL, priceTicks: 601_000 }, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 600_500, qtyLots: 10 });
    rig.place({ ...LINEAR_BUY, level: 5, priceTicks: 600_600, strategy: 1 });
    rig.step();
    expect(rig.events(1)).toMatchObject([{ reason: Reason.SELF_TRADE }]);
    rig.answer(1, { ...request, kind: K.AMEND_REJECT, reason: Reason.VENUE_REJECTED });
    rig.place({ ...LINEAR_BUY, level: 5, priceTicks: 600_600, strategy: 1 });
    rig.step();
    expect(rig.events(1)).toEqual([]);
  });

  it('D10: where the configuration says so, what a new order would meet is cancelled first; confirmed, the order may be asked for again', () => {
    const rig = ready({ risk: { selfTrade: 'cancel' } });
    const sell = { ...BUY, side: SIDE_SELL, strategy: 1 };
    const near = resting(rig, { ...sell, priceTicks: 6_001_000, level: 1 }, 0);
    resting(rig, { ...sell, priceTicks: 6_003_000, level: 2 }, 0);
    resting(rig, { ...BUY, priceTicks: 5_990_000, level: 5 }, 0);
    rig.place({ ...BUY, priceTicks: 6_001_000 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.SELF_TRADE, level: 3 }]);
    expect(rig.requests(0)).toMatchObject([{ kind: K.CANCEL, orderId: near.orderId }]);
    rig.place({ ...BUY, priceTicks: 6_001_000 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ reason: Reason.SELF_TRADE }]); // not confirmed yet
    expect(rig.requests(0)).toEqual([]);
    rig.answer(0, { ...near, kind: K.CANCELLED, reason: Reason.BY_REQUEST });
    rig.place({ ...BUY, priceTicks: 6_001_000 });
    rig.step();
    expect(rig.requests(0)).toMatchObject([{ kind: K.CREATE, level: 3 }]);
    rig.wish({ kind: K.INTENT_AMEND, level: 2, strategy: 1, priceTicks: 6_000_500, qtyLots: 100 });
    rig.step();
    expect(rig.events(1).at(-1)).toMatchObject({ kind: K.AMEND_REJECT, reason: Reason.SELF_TRADE });
  });

  it('D10: of a group whose leg would meet ours nothing goes, and what it would meet is cancelled', () => {
    const rig = ready({ risk: { selfTrade: 'cancel' } });
    const near = resting(rig, { ...BUY, side: SIDE_SELL, strategy: 1, priceTicks: 6_001_000, level: 1 }, 0);
    rig.place({ ...LINEAR_BUY, group: 9, groupLegs: 2, level: 6 });
    rig.place({ ...BUY, priceTicks: 6_001_000, group: 9, groupLegs: 2, level: 7 });
    rig.step();
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.GROUP_REFUSED, Reason.SELF_TRADE]);
    expect(rig.requests(0)).toMatchObject([{ kind: K.CANCEL, orderId: near.orderId }]);
    expect(rig.requests(1)).toEqual([]);
  });

  it('an amend is judged as if its order were not there: limits hold for what would be, not for both', () => {
    const rig = ready({ risk: { maxPosition: '0.1' } });
    resting(rig, { ...LINEAR_BUY, qtyLots: 60 }, 1);
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_000, qtyLots: 101 });
    rig.wish({ kind: K.INTENT_AMEND, level: 4, priceTicks: 599_000, qtyLots: 100 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.AMEND_REJECT, reason: Reason.POSITION_LIMIT, qtyLots: 101 }]);
    expect(rig.requests(1)).toMatchObject([{ kind: K.AMEND, qtyLots: 100 }]);
    expect(openBuy(rig, 0, 1)).toBe(100);
  });

  it('D8: nothing is priced on a book that is not live or too old', () => {
    const rig = ready();
    rig.setBookState(0, BOOK_STALE);
    rig.place(BUY);
    rig.step();
    rig.book(0, 6_000_000, 6_000_100);
    rig.nowUs += 10_000_001;
    rig.place(BUY);
    rig.step();
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.STALE_BOOK, Reason.STALE_BOOK]);
  });

  it('D15: reduce-only needs a position against it; a hedge leg passes limits that would keep exposure open', () => {
    const rig = ready({ risk: { maxPosition: '0.005' } });
    rig.place({ ...LINEAR_BUY, flags: FLAG_REDUCE_ONLY });
    rig.place({ ...LINEAR_BUY, level: 5 });
    rig.place({ ...LINEAR_BUY, level: 6, flags: FLAG_HEDGE });
    rig.step();
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.REDUCE_ONLY, Reason.POSITION_LIMIT]);
    expect(rig.requests(1)).toMatchObject([{ level: 6 }]);
  });

  it('D16: every block is counted by reason and leaves an audit row', () => {
    const rig = ready();
    rig.place({ ...BUY, priceTicks: 6_400_000 });
    rig.step();
    expect(rig.entries).toMatchObject([{ kind: K.DENIED, reason: Reason.PRICE_COLLAR, level: 3, priceTicks: 6_400_000 }]);
    expect(counter(rig, 0, 'denied')).toBe(1);
    expect(rig.views.f64[(rig.plan.riskReasons >> 3) + Reason.PRICE_COLLAR]).toBe(1);
  });

  it('spot funds: what open orders may take is not free, fills move totals, ends give back', () => {
    const rig = ready();
    rig.answer(0, { kind: K.BALANCE, feeAsset: 0, qtyLots: 1000, cumLots: 900 });
    rig.answer(0, { kind: K.BALANCE, feeAsset: 1, qtyLots: 0, cumLots: 0 });
    rig.step();
    const free = (asset: number): number => rig.views.f64[(balanceBase(rig.plan, 0, asset) + BALANCE_FREE) >> 3]!;
    const total = (asset: number): number => rig.views.f64[(balanceBase(rig.plan, 0, asset) + BALANCE_TOTAL) >> 3]!;
    const request = resting(rig, { ...BUY, qtyLots: 1000 }, 0); // 0.01 at 59900.00
    expect(free(0)).toBeCloseTo(900 - 599, 9);
    rig.place({ ...BUY, level: 4, qtyLots: 1000 });
    rig.place({ ...BUY, level: 5, side: SIDE_SELL, priceTicks: 6_100_000 });
    rig.step();
    expect(rig.events(0).map((row) => row.reason)).toEqual([Reason.INSUFFICIENT_BALANCE, Reason.INSUFFICIENT_BALANCE]);
    rig.answer(0, { ...request, kind: K.FILL, fillTicks: 5_990_000, fillLots: 500, tradeId: 1, fee: 500, feeAsset: 1 });
    rig.answer(0, { ...request, kind: K.CANCELLED, reason: Reason.VENUE_CANCELLED, cumLots: 500 });
    rig.step();
    expect(total(0)).toBeCloseTo(1000 - 299.5, 9);
    expect(free(0)).toBeCloseTo(900 - 299.5, 9);
    expect(total(1)).toBeCloseTo(0.005 - 0.000005, 12);
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
