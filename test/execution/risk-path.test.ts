/** Risk where the executor asks it: what blocks an order on its way, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { BOOK_STALE } from '../../src/core/memory/book-layout.js';
import { balanceBase, BALANCE_FREE, BALANCE_TOTAL } from '../../src/core/memory/layout.js';
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, RecordKind, SIDE_SELL, TIF_IOC } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { BUY, counter, LINEAR_BUY, openBuy, ready, resting } from './ready-rig.js';

const K = RecordKind;

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

  it('D10: a hedge that takes stops in front of ours that rest deeper in the book; nothing before ours, and it is blocked', () => {
    const rig = ready();
    const hedge = { ...LINEAR_BUY, flags: FLAG_HEDGE, timeInForce: TIF_IOC, priceTicks: 601_000, level: 6 };
    resting(rig, { ...LINEAR_BUY, side: SIDE_SELL, strategy: 1, priceTicks: 600_500 }, 1);
    rig.place({ ...hedge, flags: 0, level: 5 });
    rig.place({ ...hedge, timeInForce: 0, level: 7 });
    rig.place(hedge);
    rig.step();
    expect(rig.events(0)).toMatchObject([
      { kind: K.DENIED, reason: Reason.SELF_TRADE, level: 5 },
      { kind: K.DENIED, reason: Reason.SELF_TRADE, level: 7 },
    ]);
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 6, priceTicks: 600_499 }]);
    rig.book(1, 600_000, 600_500);
    rig.place({ ...hedge, level: 8 });
    rig.step();
    expect(rig.events(0)).toMatchObject([{ kind: K.DENIED, reason: Reason.SELF_TRADE, level: 8 }]);
    const other = ready();
    resting(other, { ...LINEAR_BUY, strategy: 1, priceTicks: 599_500 }, 1);
    other.place({ ...hedge, side: SIDE_SELL, priceTicks: 599_000 });
    other.step();
    expect(other.requests(1)).toMatchObject([{ kind: K.CREATE, level: 6, priceTicks: 599_501 }]);
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
