/** What takes at the paper gateway, what is refused, and what it costs. */
import { describe, expect, it } from 'vitest';
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, RecordKind, TIF_FOK, TIF_IOC } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { INSTRUMENTS, LINEAR, SPOT, TABLES } from '../../core/ledger/money-fixture.js';
import { Bench, brief, BUY, INSTANT, marketed, SELL } from './paper-fixture.js';

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
