/** Cancels and amends of the executor, and what it does when no answer comes. */
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/memory/record.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { BUY, kinds, LINEAR_BUY, openBuy, ready, resting } from './ready-rig.js';

const K = RecordKind;

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
