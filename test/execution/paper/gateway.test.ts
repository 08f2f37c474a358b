/** The paper gateway over real rings: amends and cancels, delays both ways, funding, restart. Queue and takers have files of their own. */
import { describe, expect, it } from 'vitest';
import { CounterBlock, GATEWAY_COUNTERS } from '../../../src/core/memory/counters.js';
import { CONTROL_HALT, TAPE_CAPACITY } from '../../../src/core/memory/layout.js';
import { Ledger } from '../../../src/core/ledger/ledger.js';
import { pnlRows } from '../../../src/core/ledger/pnl.js';
import { FLAG_POST_ONLY, RecordKind, TIF_IOC } from '../../../src/core/memory/record.js';
import { OrderState } from '../../../src/core/orders/order-state.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { PAPER_DEFAULTS } from '../../../src/execution/paper/options.js';
import { LINEAR, SPOT, TABLES } from '../../core/ledger/money-fixture.js';
import { Bench, brief, BUY, marketed, NOTHING, recoveredFillOf, SELL } from './paper-fixture.js';

describe('paper gateway: amend, cancel, query', () => {
  it('a smaller quantity at the same price keeps the place in the queue; another price loses it', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 9_999, 40, SELL);
    bench.step();
    bench.ask({ kind: RecordKind.AMEND, orderId: 1, price: 9_999, qty: 6 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 2, price: 9_999, qty: 12 });
    expect(bench.step().map(({ kind, qty }) => [kind, qty])).toEqual([
      ['AMENDED', 6],
      ['AMENDED', 12],
    ]);
    bench.trade(SPOT, 9_999, 8, SELL);
    expect(bench.step().map(({ orderId, fillLots }) => [orderId, fillLots])).toEqual([[1, 6]]);
  });

  it('an amend that would take is refused for post-only and takes otherwise; one below the filled quantity is refused', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10, flags: FLAG_POST_ONLY });
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.ask({ kind: RecordKind.AMEND, orderId: 1, price: 10_001, qty: 10 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 2, price: 10_001, qty: 40 });
    expect(brief(bench.step())).toEqual([`AMEND_REJECT ${Reason.POST_ONLY_WOULD_TAKE}`, 'AMENDED', 'FILL 30@10001']);
    bench.ask({ kind: RecordKind.AMEND, orderId: 2, price: 10_001, qty: 30 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 99, price: 10_001, qty: 30 });
    expect(brief(bench.step())).toEqual([`AMEND_REJECT ${Reason.BAD_ORDER}`, `AMEND_REJECT ${Reason.UNKNOWN_ORDER}`]);
  });

  it('cancels once; a second cancel and an unknown one are refused', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ kind: RecordKind.CANCEL, orderId: 1 });
    bench.ask({ kind: RecordKind.CANCEL, orderId: 1 });
    bench.ask({ kind: RecordKind.CANCEL, orderId: 2 });
    expect(brief(bench.step())).toEqual([
      'ACK',
      `CANCELLED ${Reason.BY_REQUEST}`,
      `CANCEL_REJECT ${Reason.UNKNOWN_ORDER}`,
      `CANCEL_REJECT ${Reason.UNKNOWN_ORDER}`,
    ]);
  });

  it('a query tells the whole story again with the same trade ids; an unknown id is not found', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 10_002, qty: 40, tif: TIF_IOC });
    const first = bench.step();
    bench.ask({ kind: RecordKind.QUERY, orderId: 1 });
    bench.ask({ kind: RecordKind.QUERY, orderId: 5 });
    const again = bench.step();
    expect(again.slice(1, 3).map(({ tradeId, cum, fee }) => [tradeId, cum, fee])).toEqual(
      first.slice(1, 3).map(({ tradeId, cum, fee }) => [tradeId, cum, fee]),
    );
    expect(brief(again)).toEqual(['ACK', 'FILL 30@10001', 'FILL 10@10002', `NOT_FOUND ${Reason.UNKNOWN_ORDER}`]);
    expect(bench.gateway.account.entries).toBe(2);
  });

  it('an id that exists is refused', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ orderId: 1, side: BUY, price: 9_998, qty: 10 });
    expect(brief(bench.step())).toEqual(['ACK', `REJECT ${Reason.DUPLICATE_ID}`]);
  });
});

describe('paper gateway: the way there and back', () => {
  const slow = { ...PAPER_DEFAULTS, orderLatencyMs: 5, answerLatencyMs: 2, latencySpread: 0 };

  it('orders take effect after the order latency, on the book of that moment, and are heard after the answer latency', () => {
    const bench = marketed(new Bench({ options: slow }));
    bench.ask({ orderId: 1, side: BUY, price: 10_001, qty: 10, tif: TIF_IOC });
    expect(brief(bench.step(1))).toEqual([]);
    bench.book(SPOT, [
      [SELL, 10_001, 0],
      [SELL, 10_002, 0],
      [SELL, 10_050, 5],
    ]);
    expect(brief(bench.step(5_000))).toEqual([]);
    expect(bench.gateway.nextDueUs()).toBe(bench.nowUs + 2_000);
    expect(brief(bench.step(1_999))).toEqual([]);
    expect(brief(bench.step(1))).toEqual(['ACK', `EXPIRED ${Reason.NO_LIQUIDITY}`]);
  });

  it('a cancel that is still under way does not save an order from a trade', () => {
    const bench = marketed(new Bench({ options: slow }));
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.step(5_000);
    bench.step(5_000);
    bench.ask({ kind: RecordKind.CANCEL, orderId: 1 });
    bench.step(1);
    bench.nowUs += 4_000;
    bench.trade(SPOT, 9_998, 1, SELL);
    // One late step sees the trade and the cancel's arrival together: the trade was first.
    bench.step(3_000);
    expect(brief(bench.step(2_000))).toEqual(['FILL 10@9999', `CANCEL_REJECT ${Reason.UNKNOWN_ORDER}`]);
  });

  it('a request waits for its journal entry, across the wrap of the counter', () => {
    const bench = marketed(new Bench({ durability: 'interval' }));
    bench.journaled(2 ** 32 - 1);
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10, journalSeq: 1 });
    expect(brief(bench.step())).toEqual([]);
    bench.journaled(0);
    expect(brief(bench.step())).toEqual([]);
    bench.journaled(1);
    expect(brief(bench.step())).toEqual(['ACK']);
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10, journalSeq: 2 ** 31 + 5 });
    bench.journaled(2 ** 31 + 4);
    expect(brief(bench.step())).toEqual([]);
    bench.journaled(2 ** 31 + 5);
    expect(brief(bench.step())).toEqual(['ACK']);
  });

  it('the halt word keeps new orders back and lets cancels go; at its highest nothing goes out', () => {
    const bench = marketed();
    const halt = (level: number): void => {
      Atomics.store(bench.views.i32, (bench.plan.control + CONTROL_HALT) >> 2, level);
    };
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    halt(1);
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 1, price: 9_998, qty: 10 });
    bench.ask({ kind: RecordKind.CANCEL, orderId: 1 });
    const one = bench.step();
    expect(one.map(({ kind }) => kind).toSorted()).toEqual(['AMEND_REJECT', 'CANCELLED', 'REJECT']);
    expect(one.filter(({ reason }) => reason === Reason.HALTED)).toHaveLength(2);
    halt(2);
    bench.ask({ kind: RecordKind.CANCEL, orderId: 1 });
    expect(brief(bench.step())).toEqual([`CANCEL_REJECT ${Reason.HALTED}`]);
  });

  it('a full outcomes ring drops nothing', () => {
    const bench = marketed(new Bench({ ringRecords: 4 }));
    bench.hear();
    const kinds: string[] = [];
    for (let orderId = 1; orderId <= 3; orderId++) bench.ask({ orderId, side: BUY, price: 9_000 + orderId, qty: 1 });
    bench.gateway.step(++bench.nowUs, 256);
    for (let orderId = 4; orderId <= 6; orderId++) bench.ask({ orderId, side: BUY, price: 9_000 + orderId, qty: 1 });
    bench.gateway.step(++bench.nowUs, 256);
    bench.ask({ orderId: 7, side: BUY, price: 9_007, qty: 1 });
    bench.gateway.step(++bench.nowUs, 256);
    expect(bench.outcomes.waiting()).toBe(4);
    expect(bench.requests.waiting()).toBe(1);
    for (let turn = 0; turn < 3; turn++) kinds.push(...bench.step().map(({ kind, orderId }) => `${kind} ${orderId}`));
    expect(kinds).toEqual([1, 2, 3, 4, 5, 6, 7].map((orderId) => `ACK ${orderId}`));
  });

  it('a tape that was overwritten before it was read is counted, and fills nothing twice', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10_000 });
    bench.step();
    for (let n = 0; n < 3 * TAPE_CAPACITY; n++) bench.trade(SPOT, 9_999, 1, SELL);
    const filled = [...bench.step(), ...bench.step()].reduce((sum, { fillLots }) => sum + fillLots, 0);
    const counters = new CounterBlock(bench.views, bench.plan.gatewayCounters, GATEWAY_COUNTERS);
    expect(counters.get('tapeLost')).toBe(2.5 * TAPE_CAPACITY);
    expect(filled).toBe(0.5 * TAPE_CAPACITY - 40);
  });

  it('tells balances first, and after a stop what was under way without further delay', () => {
    const bench = marketed(new Bench({ options: { ...slow, balances: { 'binance-spot': { USDT: '1234.5' } } } }));
    const other = new Bench({ options: { ...slow, balances: { 'binance-spot': { USDT: '1234.5' } } } });
    other.gateway.step(1, 10);
    const told = other.hear();
    expect(told.map(({ kind, feeAsset, qty, cum }) => [kind, TABLES.assets[feeAsset], qty, cum])).toEqual([
      ['BALANCE', 'BTC', 10, 10],
      ['BALANCE', 'USDT', 1234.5, 1234.5],
      ['BALANCE', 'ETH', 100, 100],
    ]);
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.step(1);
    expect(bench.gateway.isDrained()).toBe(false);
    bench.gateway.beginStop();
    expect(brief(bench.step(1))).toEqual(['ACK']);
    expect(bench.gateway.isDrained()).toBe(true);
    bench.trade(SPOT, 9_000, 100, SELL);
    expect(brief(bench.step(10_000))).toEqual([]);
  });
});

describe('paper gateway: funding', () => {
  it('pays each strategy its share once when the funding time passes, at the rate known before it', () => {
    const bench = new Bench({ venue: 'binance-usdm', wallUs: (nowUs) => nowUs });
    const hourUs = 3_600_000_000;
    bench.book(LINEAR, [
      [BUY, 599_999, 100],
      [SELL, 600_001, 100],
    ]);
    bench.mark(LINEAR, { ticks: 600_000, rate: 0.0001, nextUs: hourUs });
    bench.ask({ orderId: 1, instrument: LINEAR, side: BUY, price: 600_001, qty: 10, strategy: 0 });
    bench.ask({ orderId: 2, instrument: LINEAR, side: SELL, price: 599_999, qty: 4, strategy: 1 });
    bench.step(200_000);
    bench.nowUs = hourUs - 200_000;
    expect(brief(bench.step())).toEqual([]);
    bench.mark(LINEAR, { ticks: 610_000, rate: -0.0003, nextUs: hourUs });
    bench.nowUs = hourUs;
    const heard = bench.step();
    expect(brief(bench.step(1_000_000))).toEqual([]);
    expect(brief(bench.step(1_000_000))).toEqual([]);
    bench.mark(LINEAR, { ticks: 610_000, rate: -0.0003, nextUs: 9 * hourUs });
    // 0.01 BTC x 61000 x 0.0001 is paid, 0.004 x 61000 x 0.0001 received.
    expect(heard.map(({ kind, strategy, fee, feeAsset, tradeId }) => [kind, strategy, fee, TABLES.assets[feeAsset], tradeId])).toEqual([
      ['FUNDING', 0, -6_100_000, 'USDT', 3_600],
      ['FUNDING', 1, 2_440_000, 'USDT', 3_600],
    ]);
    expect(brief(bench.step(hourUs))).toEqual([]);
    const ledger = new Ledger(TABLES);
    const start = ledger.snapshot(() => null);
    for (const { instrument, strategy, feeAsset, fee, tradeId } of heard) {
      ledger.applyFunding({ instrument, strategy, asset: feeAsset, amount: fee, id: tradeId });
    }
    const row = pnlRows(
      start,
      ledger.snapshot(() => null),
      null,
    )[0];
    expect(row).toMatchObject({ funding: '-0.0366', equityChange: '-0.0366', unexplained: '0' });
    expect(bench.gateway.account.entries).toBe(4);
  });

  it('is told again by recovery and not paid again', () => {
    const recovered = { ...NOTHING, fundings: [{ instrument: LINEAR, asset: 0, amount: -6_100_000 }] };
    const bench = new Bench({ venue: 'binance-usdm', recovered });
    expect(bench.gateway.account.changes(() => null)).toMatchObject([{ asset: 'USDT', change: -61n * 10n ** 27n }]);
  });
});

describe('paper gateway: restart', () => {
  it('the account is the fold of the fills, acknowledged orders rest again at the back, others do not exist, trade ids go on', () => {
    const before = marketed();
    before.ask({ orderId: 1, side: BUY, price: 10_001, qty: 50 });
    before.ask({ orderId: 2, side: BUY, price: 9_990, qty: 5 });
    const heard = before.step();
    const fills = heard.filter(({ kind }) => kind === 'FILL').map(recoveredFillOf);
    expect(fills).toHaveLength(1);
    const order = { strategy: 0, instrument: SPOT, level: 3, side: BUY, flags: 0, timeInForce: 0, pnlKind: 0, group: 0 };
    const orders = [
      { ...order, orderId: 1, priceTicks: 10_001, qtyLots: 50, cumLots: 30, state: OrderState.PARTLY_FILLED },
      { ...order, orderId: 2, priceTicks: 9_990, qtyLots: 5, cumLots: 0, state: OrderState.PENDING },
      { ...order, orderId: 3, priceTicks: 9_990, qtyLots: 5, cumLots: 0, state: OrderState.OPEN, timeInForce: TIF_IOC },
    ];
    const after = new Bench({ tables: { ...TABLES, run: 2 }, recovered: { ...NOTHING, runs: 1, fills, orders } });
    for (const asset of before.gateway.account.assets()) {
      expect(after.gateway.account.wallet(asset)).toBe(before.gateway.account.wallet(asset));
    }
    expect(after.gateway.openOrderCount()).toBe(1);
    after.book(SPOT, [
      [BUY, 10_001, 15],
      [SELL, 10_003, 10],
    ]);
    after.ask({ kind: RecordKind.QUERY, orderId: 2 });
    after.ask({ kind: RecordKind.QUERY, orderId: 1 });
    expect(brief(after.step())).toEqual([`EXPIRED ${Reason.TIME_IN_FORCE}`, `NOT_FOUND ${Reason.UNKNOWN_ORDER}`, 'ACK', 'FILL 30@10001']);
    after.trade(SPOT, 10_001, 18, SELL);
    const fill = after.step();
    expect(brief(fill)).toEqual(['FILL 3@10001']);
    expect(fill[0]).toMatchObject({ cum: 33, qty: 50 });
    expect(fill[0]?.tradeId).toBeGreaterThan(fills[0]?.tradeId ?? Infinity);
    expect(Number.isSafeInteger(fill[0]?.tradeId)).toBe(true);
  });
});
