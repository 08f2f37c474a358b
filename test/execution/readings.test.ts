/** Positions and wallets as the venue reads them, against the fills that we counted. */
import { describe, expect, it } from 'vitest';
import { CounterBlock, COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS, type ReconcileCounter } from '../../src/core/memory/counters.js';
import { balanceBase, BALANCE_TOTAL, positionBase, POSITION_NET_LOTS } from '../../src/core/memory/layout.js';
import { RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RiskConfig } from '../../src/execution/risk/schema.js';
import { Rig, WALL_AT_ZERO_US, type Row } from './rig.js';

const K = RecordKind;
const EVERY_US = 30_000_000;
const WISH = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, level: 4 };

function ready(risk: Partial<RiskConfig> = {}): Rig {
  const rig = new Rig({ lists: [false, true, false], reconcileEveryUs: EVERY_US, risk });
  rig.book(1, 600_000, 600_010);
  rig.answer(1, { kind: K.BALANCE, feeAsset: 0, qtyLots: 1000, cumLots: 1000 });
  return rig;
}

/** Lets the reconciler come to its question about positions. */
function asked(rig: Rig, waitUs = EVERY_US): Row {
  rig.step(waitUs);
  for (let turn = 0; turn < 6; turn++) {
    for (const row of rig.requests(1)) {
      if (row.kind === K.POSITIONS) return row;
      if (row.kind === K.FILLS) rig.answer(1, { kind: K.FILLS_END, decidedUs: row.decidedUs });
      if (row.kind === K.LIST) rig.answer(1, { kind: K.LIST_END, decidedUs: row.decidedUs });
    }
    rig.step(10_000);
  }
  throw new Error('positions were not asked for');
}

/** The venue holds these lots of the linear contract, and these USDT. */
function answer(rig: Rig, { decidedUs }: Row, lots: number, usdt = 1000): void {
  rig.answer(1, { kind: K.BALANCE, feeAsset: 0, qtyLots: usdt, cumLots: usdt, decidedUs });
  if (lots !== 0) rig.answer(1, { kind: K.POSITION, instrument: 1, qtyLots: lots, decidedUs });
  rig.answer(1, { kind: K.POSITIONS_END, decidedUs });
  rig.step();
}

/** A position of 10 lots, bought without a fee. */
function bought(rig: Rig): void {
  answer(rig, asked(rig, 0), 0);
  rig.place(WISH);
  rig.step();
  const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
  rig.answer(1, { ...created, kind: K.ACK });
  rig.answer(1, { ...created, kind: K.FILL, fillLots: 10, fillTicks: 599_000, tradeId: 1 });
  rig.step(4_000_000);
}

function found(rig: Rig, name: ReconcileCounter): number {
  return new CounterBlock(rig.views, rig.plan.reconcileCounters + COUNTER_BLOCK_BYTES, RECONCILE_COUNTERS).get(name);
}

const repairs = (rig: Rig): number[][] =>
  rig.entries
    .filter((entry) => entry.kind === K.REPAIR)
    .map(({ reason, instrument, qtyLots, cumLots }) => [reason, instrument, qtyLots, cumLots]);
const net = (rig: Rig): number => rig.views.f64[(positionBase(rig.plan, 0, 1) + POSITION_NET_LOTS) >> 3]!;
const usdtOf = (rig: Rig): number => rig.views.f64[(balanceBase(rig.plan, 1, 0) + BALANCE_TOTAL) >> 3]!;

describe('a reading of positions', () => {
  it('C9: that agrees says nothing', () => {
    const rig = ready();
    bought(rig);
    answer(rig, asked(rig), 10);
    answer(rig, asked(rig), 10);
    expect([repairs(rig), rig.notices, net(rig)]).toEqual([[], [], 10]);
  });

  it('D6: tells what the venue lends: more than our limit is said once, and refuses what makes a position larger', () => {
    const rig = ready({ maxLeverage: '5' });
    const tell = (leverage: number): void => {
      const { decidedUs } = asked(rig);
      rig.answer(1, { kind: K.POSITION, instrument: 1, qtyLots: 0, fee: leverage, decidedUs });
      rig.answer(1, { kind: K.POSITIONS_END, decidedUs });
      rig.step();
    };
    const judged = (level: number): number[] => {
      rig.book(1, 600_000, 600_010);
      rig.place({ ...WISH, level });
      rig.step();
      return rig.events(0).map((row) => row.reason);
    };
    tell(20);
    tell(20);
    expect(rig.notices).toEqual([
      'bybit:linear:BTCUSDT: the venue is set to leverage 20, the limit is 5: nothing that makes a position larger goes there',
    ]);
    expect(judged(4)).toEqual([Reason.LEVERAGE]);
    tell(5);
    expect(judged(5)).toEqual([]);
  });

  it('C9: that differs is an audit row, read again soon, counted and said when confirmed, and changes nothing', () => {
    const rig = ready();
    bought(rig);
    answer(rig, asked(rig), 12);
    expect(repairs(rig)).toEqual([[Reason.POSITION_DIFFERS, 1, 12, 10]]);
    expect([found(rig, 'positionsDiffer'), rig.notices]).toEqual([0, []]);
    answer(rig, asked(rig, 3_100_000), 12);
    expect([found(rig, 'positionsDiffer'), rig.notices.length, net(rig)]).toEqual([1, 1, 10]);
    // It is known now: not said every time.
    answer(rig, asked(rig), 12);
    answer(rig, asked(rig), 12);
    expect([repairs(rig).length, found(rig, 'positionsDiffer'), rig.notices.length]).toEqual([1, 1, 1]);
    answer(rig, asked(rig), 10);
    answer(rig, asked(rig), 7);
    expect(repairs(rig)).toHaveLength(2);
  });

  it('C9: what the stream tells of a position meanwhile is no part of it', () => {
    const rig = ready();
    bought(rig);
    const question = asked(rig);
    rig.answer(1, { kind: K.POSITION, instrument: 1, qtyLots: 99 });
    answer(rig, question, 0);
    expect(repairs(rig)).toEqual([[Reason.POSITION_DIFFERS, 1, 0, 10]]);
  });

  it('C9: that a fill on its way explains is not said, once the fill is here', () => {
    const rig = ready();
    bought(rig);
    const question = asked(rig);
    rig.book(1, 600_000, 600_010);
    rig.place(WISH);
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, { ...created, kind: K.ACK });
    rig.answer(1, { ...created, kind: K.FILL, fillLots: 5, fillTicks: 599_000, tradeId: 2 });
    answer(rig, question, 10);
    expect(repairs(rig)).toEqual([]);
    answer(rig, asked(rig, 3_100_000), 15);
    expect([repairs(rig), rig.notices]).toEqual([[], []]);
  });

  it('C9: an instrument that the venue does not name has no position there', () => {
    const rig = ready();
    bought(rig);
    answer(rig, asked(rig), 10);
    answer(rig, asked(rig), 0);
    answer(rig, asked(rig, 3_100_000), 0);
    expect(repairs(rig)).toEqual([[Reason.POSITION_DIFFERS, 1, 0, 10]]);
    expect(rig.notices).toHaveLength(1);
  });
});

describe('a reading of wallets', () => {
  it('the first word on a balance hides no fill of the moment before it', () => {
    const rig = new Rig();
    rig.book(1, 600_000, 600_010);
    rig.answer(1, { kind: K.BALANCE, feeAsset: 0, qtyLots: 1000, cumLots: 1000, tsUs: WALL_AT_ZERO_US });
    rig.step();
    rig.place(WISH);
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, {
      ...created,
      kind: K.FILL,
      fillLots: 5,
      fillTicks: 599_000,
      tradeId: 2,
      fee: 1e9,
      feeAsset: 0,
      tsUs: WALL_AT_ZERO_US - 500_000,
    });
    rig.step();
    expect(usdtOf(rig)).toBe(990);
  });

  it('C9: that differs twice is an audit row, counted, said, and the guard takes the word of the venue', () => {
    const rig = ready();
    answer(rig, asked(rig, 0), 0);
    answer(rig, asked(rig), 0, 900);
    expect(repairs(rig)).toEqual([[Reason.BALANCE_DIFFERS, 1, 900, 1000]]);
    expect([usdtOf(rig), rig.notices, found(rig, 'balancesDiffer')]).toEqual([1000, [], 0]);
    answer(rig, asked(rig, 3_100_000), 0, 900);
    expect([usdtOf(rig), rig.notices.length, found(rig, 'balancesDiffer')]).toEqual([900, 1, 1]);
    answer(rig, asked(rig), 0, 900);
    expect([repairs(rig).length, rig.notices.length]).toEqual([1, 1]);
  });

  it('C9: a start compares with nothing: fills of before are in the first wallets, and the first undisturbed reading is what counting begins with', () => {
    const rig = ready();
    const fill = {
      kind: K.FILL,
      instrument: 1,
      side: SIDE_BUY,
      orderId: makeOrderId(3, 0, 9, 5),
      fillLots: 3,
      fillTicks: 601_000,
      fee: 1e9,
      feeAsset: 0,
    };
    rig.step();
    const [fills] = rig.requests(1);
    rig.answer(1, { ...fill, tradeId: 1, decidedUs: fills!.decidedUs, tsUs: 5 });
    rig.answer(1, { kind: K.FILLS_END, decidedUs: fills!.decidedUs });
    answer(rig, asked(rig, 0), 3, 1000);
    expect([usdtOf(rig), repairs(rig).filter(([reason]) => reason === Reason.BALANCE_DIFFERS), rig.notices]).toEqual([1000, [], []]);
    answer(rig, asked(rig), 3, 1000);
    expect([repairs(rig).filter(([reason]) => reason === Reason.BALANCE_DIFFERS), rig.notices]).toEqual([[], []]);
  });

  it('C9: roundings of the venue are no difference', () => {
    const rig = ready();
    answer(rig, asked(rig, 0), 0);
    answer(rig, asked(rig), 0, 1000.000000009);
    expect([repairs(rig), usdtOf(rig)]).toEqual([[], 1000]);
  });

  it('a balance that the stream told holds the fills until its time, also those heard of later', () => {
    const rig = ready();
    answer(rig, asked(rig, 0), 0);
    rig.place(WISH);
    rig.step();
    const created = rig.requests(1).find((row) => row.kind === K.CREATE)!;
    rig.answer(1, { ...created, kind: K.ACK });
    rig.answer(1, { kind: K.BALANCE, feeAsset: 0, qtyLots: 990, cumLots: 990, tsUs: WALL_AT_ZERO_US + 1e9 });
    const fee = 10 * 1e8;
    rig.answer(1, { ...created, kind: K.FILL, fillLots: 5, fillTicks: 599_000, tradeId: 2, fee, feeAsset: 0, tsUs: WALL_AT_ZERO_US + 1e9 });
    rig.step();
    expect(usdtOf(rig)).toBe(990);
    rig.answer(1, {
      ...created,
      kind: K.FILL,
      fillLots: 5,
      fillTicks: 599_000,
      tradeId: 3,
      fee,
      feeAsset: 0,
      tsUs: WALL_AT_ZERO_US + 1e9 + 1,
    });
    rig.step();
    expect(usdtOf(rig)).toBe(980);
  });
});
