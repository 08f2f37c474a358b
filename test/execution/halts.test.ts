/** When the executor sends nothing, or later: halts, full disks and rings, a stop, the message budget. */
import { describe, expect, it } from 'vitest';
import {
  CONTROL_BLOCKED,
  CONTROL_CANCEL_ALL,
  CONTROL_EXECUTOR_STOP,
  CONTROL_HALT,
  CONTROL_TRADING_STATE,
  HALT_ALL,
  HALT_NEW_ORDERS,
} from '../../src/core/memory/layout.js';
import { RecordKind, SIDE_SELL } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { BUY, counter, kinds, LINEAR_BUY, net, ready, resting } from './ready-rig.js';

const K = RecordKind;

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
