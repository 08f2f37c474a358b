import { describe, expect, it } from 'vitest';
import { BOOK_GAP } from '../../../src/core/memory/book-layout.js';
import { CounterBlock, GATEWAY_COUNTERS } from '../../../src/core/memory/counters.js';
import { CONTROL_HALT, TAPE_CAPACITY, TAPE_FLAG_OLD } from '../../../src/core/memory/layout.js';
import { Ledger } from '../../../src/core/ledger/ledger.js';
import { pnlRows } from '../../../src/core/ledger/pnl.js';
import { FLAG_MAKER, FLAG_POST_ONLY, FLAG_REDUCE_ONLY, RecordKind, TIF_FOK, TIF_IOC } from '../../../src/core/memory/record.js';
import { OrderState } from '../../../src/core/orders/order-state.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { PAPER_DEFAULTS } from '../../../src/execution/paper/options.js';
import { INSTRUMENTS, LINEAR, SPOT, TABLES } from '../../core/ledger/money-fixture.js';
import { Bench, brief, NOTHING, recoveredFillOf } from './paper-fixture.js';

const BUY = 0;
const SELL = 1;

const INSTANT = { ...PAPER_DEFAULTS, orderLatencyMs: 0, answerLatencyMs: 0, latencySpread: 0 };

/** Bids 99.98 (50), 99.99 (40); asks 100.01 (30), 100.02 (60) of the spot instrument, in ticks and lots. */
function marketed(bench = new Bench()): Bench {
  bench.book(SPOT, [
    [BUY, 9_998, 50],
    [BUY, 9_999, 40],
    [SELL, 10_001, 30],
    [SELL, 10_002, 60],
  ]);
  bench.step();
  return bench;
}

describe('paper gateway: queue', () => {
  it('a resting order waits behind what was there, then fills partially, then whole', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    expect(brief(bench.step())).toEqual(['ACK']);
    bench.trade(SPOT, 9_999, 38, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.trade(SPOT, 9_999, 5, SELL);
    expect(brief(bench.step())).toEqual(['FILL 3@9999']);
    bench.trade(SPOT, 9_999, 100, SELL);
    const heard = bench.step();
    expect(brief(heard)).toEqual(['FILL 7@9999']);
    expect(heard[0]).toMatchObject({ cum: 10, qty: 10, flags: FLAG_MAKER, orderId: 7 });
    expect(bench.gateway.openOrderCount()).toBe(0);
  });

  it('a trade of the same side as ours, an old one, or one from before our arrival does not fill', () => {
    const bench = marketed();
    bench.trade(SPOT, 9_999, 500, SELL);
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    expect(brief(bench.step())).toEqual(['ACK']);
    bench.trade(SPOT, 9_999, 500, BUY);
    bench.trade(SPOT, 9_999, 500, SELL, TAPE_FLAG_OLD);
    expect(brief(bench.step())).toEqual([]);
    bench.nowUs -= 10;
    bench.trade(SPOT, 9_999, 500, SELL);
    expect(brief(bench.step(20))).toEqual([]);
  });

  it('a trade through our price fills us fully at our price', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: SELL, price: 10_005, qty: 1_000 });
    bench.step();
    bench.trade(SPOT, 10_006, 1, BUY);
    expect(brief(bench.step())).toEqual(['FILL 1000@10005']);
  });

  it('a book beyond our price fills us at our price, up to what is visible there', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 25 });
    bench.step();
    bench.book(SPOT, [
      [BUY, 9_999, 0],
      [SELL, 9_999, 5],
    ]);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, [
      [BUY, 9_998, 0],
      [SELL, 9_998, 20],
    ]);
    expect(brief(bench.step())).toEqual(['FILL 20@9999']);
    bench.book(SPOT, [[SELL, 10_010, 1]]);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, [[SELL, 9_998, 21]]);
    expect(brief(bench.step())).toEqual(['FILL 5@9999']);
  });

  it('an order far from the market queues behind the level at its price, wherever the book keeps it', () => {
    const bench = marketed();
    const levels: [number, number, number][] = [];
    for (let n = 0; n < 150; n++) levels.push([BUY, 9_900 - n * 10, 5], [SELL, 10_100 + n, 5]);
    levels.push([SELL, 400_000, 25]);
    bench.book(SPOT, levels);
    bench.ask({ orderId: 1, side: BUY, price: 8_410, qty: 10 });
    bench.ask({ orderId: 2, side: SELL, price: 400_000, qty: 10 });
    bench.ask({ orderId: 3, side: SELL, price: 399_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 8_410, 7, SELL);
    bench.trade(SPOT, 399_999, 3, BUY);
    bench.trade(SPOT, 400_000, 31, BUY);
    expect(bench.step().map(({ orderId, fillLots }) => [orderId, fillLots])).toEqual([
      [1, 2],
      [3, 3],
      [3, 7],
      [2, 6],
    ]);
  });

  it('a print with a fraction of a lot fills whole lots', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 9_999, 44.7, SELL);
    expect(brief(bench.step())).toEqual(['FILL 4@9999']);
  });

  it('two of our orders at a price share a trade in order of arrival', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 9_999, 55, SELL);
    expect(bench.step().map(({ orderId, fillLots }) => [orderId, fillLots])).toEqual([
      [1, 10],
      [2, 5],
    ]);
  });

  it('a level that shrinks below our queue moves us up, but its late print does not move us again', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [[BUY, 9_999, 30]]);
    bench.step();
    bench.trade(SPOT, 9_999, 10, SELL);
    bench.trade(SPOT, 9_999, 25, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.trade(SPOT, 9_999, 6, SELL);
    expect(brief(bench.step())).toEqual(['FILL 1@9999']);
  });

  it('a level smaller than the queue before us moves us up', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [[BUY, 9_999, 5]]);
    bench.step();
    bench.step(300_000);
    bench.trade(SPOT, 9_999, 6, SELL);
    expect(brief(bench.step())).toEqual(['FILL 1@9999']);
  });

  it('only the proportional model advances by cancels behind a larger level', () => {
    const fills = (model: 'queue' | 'queue-proportional'): string[] => {
      const bench = marketed(new Bench({ options: { ...INSTANT, model } }));
      bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
      bench.step();
      bench.book(SPOT, [[BUY, 9_999, 400]]);
      bench.step();
      bench.book(SPOT, [[BUY, 9_999, 100]]);
      bench.step(1_000);
      bench.step(300_000);
      bench.trade(SPOT, 9_999, 15, SELL);
      return brief(bench.step());
    };
    expect(fills('queue')).toEqual([]);
    expect(fills('queue-proportional')).toEqual(['FILL 5@9999']);
  });

  it('waits while the book is not live, and fills again after', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [], BOOK_GAP);
    bench.trade(SPOT, 9_990, 500, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, []);
    bench.step();
    bench.trade(SPOT, 9_990, 500, SELL);
    expect(brief(bench.step())).toEqual(['FILL 10@9999']);
  });

  it('what arrives while the book is not live takes, or is cancelled if post-only, when the book is back', () => {
    const bench = marketed();
    bench.book(SPOT, [], BOOK_GAP);
    bench.ask({ orderId: 1, side: BUY, price: 10_001, qty: 10 });
    bench.ask({ orderId: 2, side: BUY, price: 10_001, qty: 10, flags: FLAG_POST_ONLY });
    bench.ask({ orderId: 3, side: BUY, price: 10_001, qty: 10, tif: TIF_IOC });
    expect(brief(bench.step())).toEqual(['ACK', 'ACK', 'ACK', `EXPIRED ${Reason.NO_LIQUIDITY}`]);
    bench.book(SPOT, []);
    expect(brief(bench.step())).toEqual(['FILL 10@10001', `CANCELLED ${Reason.POST_ONLY_WOULD_TAKE}`]);
  });
});

describe('paper gateway: takers', () => {
  it('walks the visible levels within the limit; the rest of a plain order rests', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 10_001, qty: 50 });
    const heard = bench.step();
    expect(brief(heard)).toEqual(['ACK', 'FILL 30@10001']);
    expect(heard[1]?.flags).toBe(0);
    expect(bench.gateway.openOrderCount()).toBe(1);
  });

  it('does not take the same visible lots twice until the level changes', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 10_002, qty: 40, tif: TIF_IOC });
    expect(brief(bench.step())).toEqual(['ACK', 'FILL 30@10001', 'FILL 10@10002']);
    bench.ask({ orderId: 2, side: BUY, price: 10_002, qty: 60, tif: TIF_IOC });
    expect(brief(bench.step())).toEqual(['ACK', 'FILL 50@10002', `EXPIRED ${Reason.TIME_IN_FORCE}`]);
    bench.book(SPOT, [[SELL, 10_001, 12]]);
    bench.ask({ orderId: 3, side: BUY, price: 10_002, qty: 60, tif: TIF_IOC });
    expect(brief(bench.step())).toEqual(['ACK', 'FILL 12@10001', `EXPIRED ${Reason.TIME_IN_FORCE}`]);
  });

  it.each([
    [
      'a post-only order that would take is refused',
      { price: 10_001, qty: 10, flags: FLAG_POST_ONLY },
      [`REJECT ${Reason.POST_ONLY_WOULD_TAKE}`],
    ],
    ['a post-only order below the ask rests', { price: 10_000, qty: 10, flags: FLAG_POST_ONLY }, ['ACK']],
    ['an immediate order with nothing to take ends', { price: 10_000, qty: 10, tif: TIF_IOC }, ['ACK', `EXPIRED ${Reason.NO_LIQUIDITY}`]],
    ['fill-or-kill fills whole', { price: 10_002, qty: 90, tif: TIF_FOK }, ['ACK', 'FILL 30@10001', 'FILL 60@10002']],
    [
      'fill-or-kill does nothing when one lot is missing',
      { price: 10_002, qty: 91, tif: TIF_FOK },
      ['ACK', `EXPIRED ${Reason.NO_LIQUIDITY}`],
    ],
    ['half a tick is no price', { price: 9_999.5, qty: 10 }, [`REJECT ${Reason.BAD_ORDER}`]],
    ['no lots is no order', { price: 9_999, qty: 0 }, [`REJECT ${Reason.BAD_ORDER}`]],
    ['more coins than the wallet has cannot be bought', { price: 9_999, qty: 1_000_000_00000 }, [`REJECT ${Reason.INSUFFICIENT_BALANCE}`]],
    ['more than the largest order is refused', { price: 9_999, qty: 1_000_001_00000 }, [`REJECT ${Reason.SIZE_TOO_LARGE}`]],
    ['an instrument of another venue is no order', { instrument: LINEAR, price: 9_999, qty: 1 }, [`REJECT ${Reason.BAD_ORDER}`]],
  ])('%s', (_, ask, expected) => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, ...ask });
    expect(brief(bench.step())).toEqual(expected);
  });

  it('applies the venue filters: least size, least value, most open orders', () => {
    const instruments = INSTRUMENTS.map((one) =>
      one.index === SPOT ? { ...one, minQty: '0.0001', minNotional: '0.01', maxOpenOrders: 1 } : one,
    );
    const bench = marketed(new Bench({ tables: { ...TABLES, instruments } }));
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 9 });
    bench.ask({ orderId: 2, side: BUY, price: 9_000, qty: 11 });
    bench.ask({ orderId: 3, side: BUY, price: 9_000, qty: 12 });
    bench.ask({ orderId: 4, side: BUY, price: 9_000, qty: 12 });
    const reasons = [Reason.SIZE_TOO_SMALL, Reason.NOTIONAL_TOO_SMALL, 0, Reason.OPEN_ORDERS_LIMIT];
    expect(bench.step().map(({ reason }) => reason)).toEqual(reasons);
  });

  it('what resting spot orders hold cannot be spent again, until they end or are made smaller', () => {
    const bench = marketed(new Bench({ options: { ...INSTANT, balances: { 'binance-spot': { USDT: '10', BTC: '0.001' } } } }));
    bench.ask({ orderId: 1, side: BUY, price: 9_000, qty: 7_000 });
    bench.ask({ orderId: 2, side: BUY, price: 9_000, qty: 5_000 });
    bench.ask({ orderId: 3, side: SELL, price: 20_000, qty: 60 });
    bench.ask({ orderId: 4, side: SELL, price: 20_000, qty: 60 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 1, price: 9_000, qty: 12_000 });
    bench.ask({ kind: RecordKind.AMEND, orderId: 1, price: 9_000, qty: 6_000 });
    bench.ask({ orderId: 5, side: BUY, price: 9_000, qty: 5_000 });
    const short = Reason.INSUFFICIENT_BALANCE;
    expect(brief(bench.step())).toEqual(['ACK', `REJECT ${short}`, 'ACK', `REJECT ${short}`, `AMEND_REJECT ${short}`, 'AMENDED', 'ACK']);
  });

  it('reduce-only never turns a position', () => {
    const bench = new Bench({ venue: 'binance-usdm' });
    bench.book(LINEAR, [
      [BUY, 599_999, 100],
      [SELL, 600_001, 100],
    ]);
    bench.ask({ orderId: 1, instrument: LINEAR, side: SELL, price: 599_999, qty: 5, flags: FLAG_REDUCE_ONLY });
    bench.ask({ orderId: 2, instrument: LINEAR, side: BUY, price: 600_001, qty: 8 });
    bench.ask({ orderId: 3, instrument: LINEAR, side: SELL, price: 599_999, qty: 20, flags: FLAG_REDUCE_ONLY });
    expect(brief(bench.step())).toEqual([
      `REJECT ${Reason.REDUCE_ONLY}`,
      'ACK',
      'FILL 8@600001',
      'ACK',
      'FILL 8@599999',
      `CANCELLED ${Reason.REDUCE_ONLY}`,
    ]);
    expect(bench.gateway.account.positionLots(LINEAR)).toBe(0);
  });

  it('charges the taker and maker rates in the fee asset of the side, rounded up', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 10_001, qty: 7, tif: TIF_IOC });
    bench.ask({ orderId: 2, side: SELL, price: 9_999, qty: 7, tif: TIF_IOC });
    const fills = bench.step().filter(({ kind }) => kind === 'FILL');
    // 0.00007 BTC x 0.0005 = 0.000000035; 0.00007 x 99.99 x 0.0005 = 0.00000349965.
    expect(fills.map(({ fee, feeAsset }) => [fee, TABLES.assets[feeAsset]])).toEqual([
      [4, 'BTC'],
      [350, 'USDT'],
    ]);
  });
});

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
