import { describe, expect, it } from 'vitest';
import { CONTROL_TRADING_STATE } from '../../src/core/memory/layout.js';
import { FLAG_HEDGE, RecordKind, SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RecoveredState } from '../../src/core/orders/recovered.js';
import type { RiskConfig } from '../../src/execution/risk/schema.js';
import { NOTHING, Rig, WALL_AT_ZERO_US, type Row } from './rig.js';

const K = RecordKind;
const DAY_US = 86_400_000_000;
/** The rig's clock at the next UTC midnight. */
const MIDNIGHT_US = DAY_US - (WALL_AT_ZERO_US % DAY_US);

/** 0.1 coins at 60000, of a linear contract. */
const BUY = { instrument: 1, side: SIDE_BUY, priceTicks: 600_010, qtyLots: 100, level: 4 };
const INVERSE_BUY = { ...BUY, instrument: 2, priceTicks: 120_002 };

function ready(risk: Partial<RiskConfig>, recovered: RecoveredState = NOTHING, nowUs = 1_000_000): Rig {
  const rig = new Rig({ risk, recovered, nowUs });
  rig.book(0, 6_000_000, 6_000_100);
  rig.book(1, 599_990, 600_010);
  rig.book(2, 119_998, 120_002);
  rig.step(20_000);
  return rig;
}

let trades = 0;

/** Filled whole at its price, free of fees unless they are given. */
function fill(rig: Rig, wish: Partial<Row>, more: Partial<Row> = {}): void {
  const gateway = wish.instrument ?? 0;
  rig.place(wish);
  rig.step();
  const request = rig.requests(gateway).at(-1)!;
  rig.answer(gateway, { ...request, kind: K.FILL, fillTicks: wish.priceTicks!, fillLots: wish.qtyLots!, tradeId: ++trades, ...more });
  rig.step();
  rig.events(wish.strategy ?? 0);
}

/** The middle of the linear contract's book, in ticks, as of the next sweep. */
function market(rig: Rig, middle: number): void {
  rig.book(1, middle - 10, middle + 10);
  rig.step(20_000);
}

const state = (rig: Rig): number => rig.views.i32[(rig.plan.control + CONTROL_TRADING_STATE) >> 2]!;
const halts = (rig: Rig): Row[] => rig.entries.filter((row) => row.kind === K.HALT);

function verdicts(rig: Rig, ...wishes: Partial<Row>[]): number[] {
  for (const wish of wishes) rig.place(wish);
  rig.step();
  return rig.events(0).map((row) => row.reason);
}

/** What the journal says, for a start after a kill. */
function died(rig: Rig): RecoveredState {
  const fills = rig.entries
    .filter((row) => row.kind === K.FILL)
    .map((row) => ({ ...row, pnlKind: 0 }) satisfies RecoveredState['fills'][number]);
  const marks = rig.entries.filter((row) => row.kind === K.LOSS_MARK);
  return {
    ...NOTHING,
    fills,
    lossMarks: marks.map(({ strategy, instrument, reason, fee, state: word, tsUs }) => ({
      strategy,
      instrument,
      reason,
      result: fee,
      isReached: word !== 0,
      tsUs,
    })),
  };
}

describe('the day’s loss', () => {
  it('D11: what is open counts at the price of now; at the limit only what makes positions smaller goes, and the journal and the person know', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } });
    fill(rig, BUY); // 0.1 coins: a dollar down is ten cents lost
    market(rig, 590_011); // 999.9 below
    expect(state(rig)).toBe(0);
    market(rig, 590_009);
    expect(state(rig)).toBe(1);
    expect(halts(rig)).toMatchObject([{ reason: Reason.DAILY_LOSS, state: 1, feeAsset: 0, fee: 100.01e8 }]);
    expect(rig.notices.join()).toContain('DAILY_LOSS of USDT');
    const sell = { ...BUY, side: SIDE_SELL, priceTicks: 590_100 };
    expect(verdicts(rig, { ...BUY, priceTicks: 590_000, level: 5 }, { ...sell, qtyLots: 101, level: 6 })).toEqual([
      Reason.DAILY_LOSS,
      Reason.DAILY_LOSS,
    ]);
    expect(verdicts(rig, { ...sell, level: 7 })).toEqual([]);
    expect(rig.requests(1)).toMatchObject([{ kind: K.CREATE, level: 7 }]);
  });

  it('D11: what was realised, fees and funding count as well', () => {
    const rig = ready({ dailyLoss: { USDT: '10' } });
    fill(rig, BUY, { fee: 3e8, feeAsset: 0 });
    fill(rig, { ...BUY, side: SIDE_SELL, priceTicks: 599_810, level: 5 }, { fee: 3e8, feeAsset: 0 }); // 2 lost by price
    rig.step(20_000);
    expect(state(rig)).toBe(0);
    rig.answer(1, { kind: K.FUNDING, instrument: 1, fee: -2e8, feeAsset: 0, tradeId: ++trades });
    rig.step(20_000);
    expect(state(rig)).toBe(1);
  });

  it('D11: a spot fee in the coin that was bought is worth its price; other assets have limits of their own', () => {
    const rig = ready({ dailyLoss: { USDT: '10' } });
    fill(rig, { ...BUY, instrument: 0, priceTicks: 6_000_050, qtyLots: 10_000 }, { fee: 0.0001e8, feeAsset: 1 }); // 6 in fees
    fill(rig, INVERSE_BUY);
    rig.book(2, 60_000, 60_004);
    rig.step(20_000);
    expect(state(rig)).toBe(0);
    rig.book(0, 5_995_950, 5_996_050); // 0.1 x 40.5 on top
    rig.step(20_000);
    expect(state(rig)).toBe(1);
  });

  it('D11: inverse contracts lose coins, and BTC limits what is settled in XBT', () => {
    const rig = ready({ dailyLoss: { XBT: '0.1' } });
    fill(rig, INVERSE_BUY); // 10000 USD long from 60001
    rig.book(2, 75_000, 75_002); // 37500.5: 0.0999...
    rig.step(20_000);
    expect(state(rig)).toBe(0);
    rig.book(2, 74_990, 74_994); // 37496
    rig.step(20_000);
    expect(halts(rig)).toMatchObject([{ reason: Reason.DAILY_LOSS, feeAsset: 1 }]);
  });

  it('D11: resting orders that would make a position larger are cancelled, those that close it stay as far as it goes', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } });
    fill(rig, BUY);
    const sell = { ...BUY, side: SIDE_SELL, priceTicks: 600_500 };
    for (const wish of [
      { ...BUY, priceTicks: 599_000, level: 5 },
      { ...sell, level: 6 },
      { ...sell, level: 7 },
      { ...BUY, priceTicks: 599_000, level: 8, flags: FLAG_HEDGE },
    ])
      rig.place(wish);
    rig.step();
    for (const request of rig.requests(1)) rig.answer(1, { ...request, kind: K.ACK });
    market(rig, 590_000);
    rig.step();
    const cancelled = rig.requests(1).map((row) => [row.kind, row.level]);
    expect(cancelled).toHaveLength(2);
    expect(cancelled).toContainEqual([K.CANCEL, 5]);
    expect(cancelled.filter(([, level]) => level === 6 || level === 7)).toHaveLength(1);
  });

  it('D11: it lets go at the next UTC midnight and counts from there', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } }, NOTHING, MIDNIGHT_US - 60_000_000);
    fill(rig, BUY);
    market(rig, 590_000);
    expect(state(rig)).toBe(1);
    rig.step(59_000_000);
    expect(state(rig)).toBe(1);
    rig.step(2_000_000);
    expect(state(rig)).toBe(0);
    expect(halts(rig).map((row) => row.state)).toEqual([1, 0]);
    market(rig, 580_100);
    expect(state(rig)).toBe(0);
    market(rig, 579_990);
    expect(state(rig)).toBe(1);
  });

  it('D11: a state that a person made stricter stays when the day ends', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } }, NOTHING, MIDNIGHT_US - 60_000_000);
    fill(rig, BUY);
    rig.control(CONTROL_TRADING_STATE, 1);
    market(rig, 590_000);
    rig.step(61_000_000);
    expect(state(rig)).toBe(1);
    expect(halts(rig)).toHaveLength(1);
  });

  it('D11: a kill forgets nothing of it: the loss of before counts at the next start, and what was reached stays reached', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } });
    fill(rig, BUY);
    market(rig, 591_000); // 90 lost
    const again = new Rig({ risk: { dailyLoss: { USDT: '100' } }, recovered: died(rig), nowUs: rig.nowUs });
    market(again, 591_000);
    expect(state(again)).toBe(0);
    market(again, 589_900);
    expect(state(again)).toBe(1);
    // The price came back: a start does not lift it, a new day does.
    const third = ready({ dailyLoss: { USDT: '100' } }, died(again), again.nowUs);
    expect(state(third)).toBe(1);
    expect(ready({ dailyLoss: { USDT: '100' } }, died(again), MIDNIGHT_US).entries.filter((row) => row.kind === K.HALT)).toEqual([]);
    expect(state(ready({ dailyLoss: { USDT: '100' } }, died(again), MIDNIGHT_US))).toBe(0);
  });

  it('D11: a limit that is new counts from its start, not the losses of the past', () => {
    const rig = ready({});
    fill(rig, BUY);
    market(rig, 580_000);
    const late = new Rig({ risk: { dailyLoss: { USDT: '100' } }, recovered: died(rig), nowUs: rig.nowUs });
    market(late, 580_000);
    expect(state(late)).toBe(0);
    market(late, 569_900);
    expect(state(late)).toBe(1);
  });

  it('D11: nothing is decided while an open position has no price at all; after a while its last trade is its price', () => {
    const before = ready({ dailyLoss: { USDT: '100' } });
    fill(before, BUY);
    fill(before, { ...BUY, instrument: 0, priceTicks: 6_000_050, qtyLots: 10, level: 9 });
    before.step(20_000);
    const rig = new Rig({ risk: { dailyLoss: { USDT: '100' } }, recovered: died(before) });
    market(rig, 580_000);
    expect(state(rig)).toBe(0);
    rig.step(11_000_000);
    expect(state(rig)).toBe(1);
  });

  it('D11: strategies that hold against each other need a price too', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } });
    fill(rig, BUY);
    rig.step(20_000);
    fill(rig, { ...BUY, side: SIDE_SELL, priceTicks: 590_110, strategy: 1 }); // 99 lost
    const again = new Rig({ risk: { dailyLoss: { USDT: '100' } }, recovered: died(rig), nowUs: rig.nowUs });
    market(again, 580_000);
    expect(state(again)).toBe(0);
    fill(again, { ...BUY, priceTicks: 580_110, qtyLots: 2, level: 9 }); // 0.022 lost at once
    fill(again, { ...BUY, priceTicks: 580_110, qtyLots: 98, level: 10 }, { fee: 1e8, feeAsset: 0 });
    again.step(20_000);
    expect(state(again)).toBe(1);
  });

  it('D11: a person who sets the state to active trades on, and it counts from there', () => {
    const rig = ready({ dailyLoss: { USDT: '100' } });
    fill(rig, BUY);
    market(rig, 590_000);
    expect(state(rig)).toBe(1);
    rig.control(CONTROL_TRADING_STATE, 0);
    rig.step(20_000);
    expect(state(rig)).toBe(0);
    expect(verdicts(rig, { ...BUY, priceTicks: 589_000, qtyLots: 1, level: 8 })).toEqual([]);
    market(rig, 580_100);
    expect(state(rig)).toBe(0);
    market(rig, 579_900);
    expect(state(rig)).toBe(1);
  });
});

describe('drawdown', () => {
  const risk = { drawdown: { USDT: '100' } };

  it('D12: counts from the best result so far, not from the start', () => {
    const rig = ready(risk);
    fill(rig, BUY);
    market(rig, 620_000); // 200 won
    market(rig, 610_100);
    expect(state(rig)).toBe(0);
    market(rig, 609_900);
    expect(state(rig)).toBe(1);
    expect(halts(rig)).toMatchObject([{ reason: Reason.DRAWDOWN, state: 1 }]);
    expect(verdicts(rig, { ...BUY, level: 5 })).toEqual([Reason.DRAWDOWN]);
  });

  it('D12: no new day and no start lifts it, and the best result is not forgotten; the time of the decision does', () => {
    const rig = ready(risk);
    fill(rig, BUY);
    market(rig, 620_000);
    rig.step(2_000_000);
    market(rig, 625_000);
    const early = new Rig({ risk, recovered: died(rig), nowUs: rig.nowUs });
    market(early, 615_100);
    expect(state(early)).toBe(0);
    market(early, 614_900);
    expect(state(early)).toBe(1);
    market(rig, 614_900);
    expect(state(rig)).toBe(1);
    rig.step(DAY_US);
    expect(state(rig)).toBe(1);
    const started = new Rig({ risk, recovered: died(rig), nowUs: rig.nowUs });
    market(started, 625_000);
    expect(state(started)).toBe(1);
    expect(verdicts(started, { ...BUY, level: 5 })).toEqual([Reason.DRAWDOWN]);
    const drawdownFrom = new Date((WALL_AT_ZERO_US + rig.nowUs) / 1000 + 1).toISOString();
    const accepted = new Rig({ risk: { ...risk, drawdownFrom }, recovered: died(rig), nowUs: rig.nowUs + 1_000_000 });
    market(accepted, 614_900);
    expect(state(accepted)).toBe(0);
    market(accepted, 604_800);
    expect(state(accepted)).toBe(1);
    expect(accepted.notices).toHaveLength(1);
    expect(new Rig({ risk: { ...risk, drawdownFrom: '2099-01-01T00:00:00Z' } }).notices.join()).toContain('is in the future');
  });

  it('D12: a day that ends leaves a drawdown standing, and refusals say so', () => {
    const rig = ready({ ...risk, dailyLoss: { USDT: '50' } }, NOTHING, MIDNIGHT_US - 60_000_000);
    fill(rig, BUY);
    market(rig, 594_000);
    expect(verdicts(rig, { ...BUY, priceTicks: 594_000, level: 5 })).toEqual([Reason.DAILY_LOSS]);
    market(rig, 589_900);
    rig.step(61_000_000);
    expect(state(rig)).toBe(1);
    rig.book(1, 589_890, 589_910);
    expect(verdicts(rig, { ...BUY, priceTicks: 589_900, level: 5 })).toEqual([Reason.DRAWDOWN]);
  });

  it('D12: a strategy whose first fill came right before a kill counts in full after it', () => {
    const rig = ready(risk);
    fill(rig, BUY);
    market(rig, 600_010);
    rig.nowUs += 5_000_000;
    fill(rig, { ...BUY, strategy: 1, level: 9 }, { tsUs: WALL_AT_ZERO_US + rig.nowUs });
    const again = new Rig({ risk, recovered: died(rig), nowUs: rig.nowUs });
    market(again, 595_100); // 49.1 each
    expect(state(again)).toBe(0);
    market(again, 594_900); // 51.1 each
    expect(state(again)).toBe(1);
  });
});
