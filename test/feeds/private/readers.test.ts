/** What the private readers make of messages that the recordings lack: amendments, cancels with ids of their own, funding, rows in pieces, exact numbers. */
import { describe, expect, it } from 'vitest';
import { readerOf, Told } from './told.js';

function told(venueId: string, symbols: readonly string[], ...raws: readonly string[]): string[] {
  const sink = new Told();
  const read = readerOf(venueId, symbols, sink);
  for (const raw of raws) read(raw);
  return sink.lines;
}

const report = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    subscriptionId: 0,
    event: {
      e: 'executionReport',
      E: 1,
      s: 'BTCUSDT',
      c: 'mine',
      S: 'BUY',
      o: 'LIMIT',
      f: 'GTC',
      q: '1.00000000',
      p: '2.00000000',
      C: '',
      x: 'NEW',
      X: 'NEW',
      r: 'NONE',
      i: 5,
      l: '0.00000000',
      z: '0.00000000',
      L: '0.00000000',
      n: '0',
      N: null,
      T: 7,
      t: -1,
      m: false,
      ...fields,
    },
  });
const update = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    e: 'ORDER_TRADE_UPDATE',
    T: 7,
    E: 7,
    o: {
      s: 'BTCUSDT',
      c: 'mine',
      S: 'SELL',
      o: 'LIMIT',
      f: 'GTX',
      q: '1',
      p: '2',
      x: 'NEW',
      X: 'NEW',
      i: 5,
      l: '0',
      z: '0',
      L: '0',
      T: 7,
      t: 0,
      m: false,
      R: false,
      ps: 'BOTH',
      ...fields,
    },
  });

describe('Binance', () => {
  it('C15: a cancel names the order’s own client id, not the cancel’s', () => {
    expect(told('binance-spot', ['BTCUSDT'], report({ c: 'cancel-1', C: 'mine', x: 'CANCELED', X: 'CANCELED' }))).toEqual([
      'order 0 mine/5 buy cancelled 0.00000000 of 1.00000000 @ 2.00000000 at 7000',
    ]);
  });

  it('C15: ids and amounts keep every digit', () => {
    const raw = report({
      x: 'TRADE',
      X: 'FILLED',
      i: 0,
      l: '0.30000000',
      z: '1.00000000',
      L: '2.00000000',
      n: '0.123456789012345678',
      N: 'BNB',
      t: 1,
    })
      .replace('"i":0', '"i":8389765739703625593')
      .replace('"t":1', '"t":9007199254740993');
    expect(told('binance-spot', ['BTCUSDT'], raw)).toEqual([
      'fill 0 mine/8389765739703625593 #9007199254740993 buy 0.30000000 @ 2.00000000 fee 0.123456789012345678 BNB taker at 7000',
      'order 0 mine/8389765739703625593 buy filled 1.00000000 of 1.00000000 @ 2.00000000 at 7000',
    ]);
  });

  it('a repeated message is told again under the same trade id: whoever listens counts each id once', () => {
    const raw = report({ x: 'TRADE', X: 'FILLED', l: '1.00000000', z: '1.00000000', L: '2.00000000', n: '0.1', N: 'BNB', t: 9 });
    const lines = told('binance-spot', ['BTCUSDT'], raw, raw);
    expect(lines).toHaveLength(4);
    expect(lines.slice(2)).toEqual(lines.slice(0, 2));
  });

  it('digits inside texts are left alone', () => {
    expect(told('binance-spot', ['BTCUSDT'], report({ c: 'a\\"1,2:3.5e7', r: '-5' }))).toEqual([
      'order 0 a\\"1,2:3.5e7/5 buy new 0.00000000 of 1.00000000 @ 2.00000000 (-5) at 7000',
    ]);
  });

  it('an amendment says so; a post-only order is one by its time in force', () => {
    expect(told('binance-usdm', ['BTCUSDT'], update({ x: 'AMENDMENT', p: '3' }))).toEqual([
      'order 0 mine/5 sell new 0 of 1 @ 3 amended post-only at 7000',
    ]);
    expect(told('binance-spot', ['BTCUSDT'], report({ o: 'LIMIT_MAKER', x: 'REPLACED', C: 'mine', c: 'next', q: '0.5' }))).toEqual([
      'order 0 mine/5 buy new 0.00000000 of 0.5 @ 2.00000000 amended post-only at 7000',
    ]);
  });

  it('an account update tells wallets and one-way positions', () => {
    const raw = JSON.stringify({
      e: 'ACCOUNT_UPDATE',
      E: 8,
      T: 7,
      a: {
        m: 'ORDER',
        B: [{ a: 'USDT', wb: '122624.12345678', cw: '100.12345678', bc: '0' }],
        P: [
          { s: 'BTCUSDT', pa: '-0.005', ep: '60000.10', ps: 'BOTH' },
          { s: 'BTCUSDT', pa: '1', ep: '1', ps: 'LONG' },
          { s: 'XRPUSDT', pa: '7', ep: '1', ps: 'BOTH' },
        ],
      },
    });
    expect(told('binance-usdm', ['BTCUSDT'], raw)).toEqual([
      'balance USDT 122624.12345678 free ? at 7000',
      'position 0 -0.005 @ 60000.10 at 7000',
      'position -1 7 @ 1 at 7000',
    ]);
  });

  it('an update of funding tells wallets, and that payments are to be looked up: it names no symbol', () => {
    const raw = { e: 'ACCOUNT_UPDATE', E: 8, T: 7, a: { m: 'FUNDING_FEE', B: [{ a: 'BTC', wb: '0.5', cw: '1', bc: '-0.00000123' }] } };
    expect(told('binance-coinm', ['BTCUSD_PERP'], JSON.stringify(raw))).toEqual(['balance BTC 0.5 free ? at 7000', 'funding was paid']);
  });

  it('refuses a status that it does not know', () => {
    expect(() => told('binance-usdm', ['BTCUSDT'], update({ X: 'ODD' }))).toThrow('BAD_SHAPE');
  });
});

const bybitOrder = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    topic: 'order',
    id: 'x',
    creationTime: 8,
    data: [
      {
        category: 'linear',
        symbol: 'BTCUSDT',
        orderId: 'v',
        orderLinkId: 'mine',
        side: 'Buy',
        orderStatus: 'New',
        price: '5',
        qty: '2',
        cumExecQty: '0',
        timeInForce: 'PostOnly',
        reduceOnly: false,
        rejectReason: 'EC_NoError',
        updatedTime: '7',
        ...fields,
      },
    ],
  });
const bybitExecution = (fields: Record<string, unknown>): string =>
  JSON.stringify({
    topic: 'execution',
    id: 'x',
    creationTime: 8,
    data: [
      {
        category: 'linear',
        symbol: 'BTCUSDT',
        orderId: 'v',
        orderLinkId: 'mine',
        side: 'Buy',
        execType: 'Trade',
        execId: 'e',
        execFee: '0.5',
        execPrice: '5',
        execQty: '2',
        execTime: '7',
        isMaker: true,
        ...fields,
      },
    ],
  });

describe('Bybit', () => {
  it('an order with another price or quantity than before was amended', () => {
    expect(
      told(
        'bybit',
        ['linear:BTCUSDT'],
        bybitOrder({}),
        bybitOrder({ price: '6' }),
        bybitOrder({ price: '6', cumExecQty: '1', orderStatus: 'PartiallyFilled' }),
      ),
    ).toEqual([
      'order 0 mine/v buy new 0 of 2 @ 5 post-only at 7000',
      'order 0 mine/v buy new 0 of 2 @ 6 amended post-only at 7000',
      'order 0 mine/v buy partially-filled 1 of 2 @ 6 post-only at 7000',
    ]);
  });

  it('a post-only order that would take ends with the venue’s reason', () => {
    expect(
      told('bybit', ['linear:BTCUSDT'], bybitOrder({ orderStatus: 'Cancelled', rejectReason: 'EC_PostOnlyWillTakeLiquidity' })),
    ).toEqual(['order 0 mine/v buy cancelled 0 of 2 @ 5 post-only (EC_PostOnlyWillTakeLiquidity) at 7000']);
  });

  it('the market in front tells equal symbols apart', () => {
    expect(
      told('bybit', ['linear:BTCUSDT', 'spot:BTCUSDT'], bybitOrder({ category: 'spot' }), bybitOrder({ category: 'inverse' })),
    ).toEqual(['order 1 mine/v buy new 0 of 2 @ 5 post-only at 7000', 'order -1 mine/v buy new 0 of 2 @ 5 post-only at 7000']);
  });

  it('fees are in the currency that the execution names; a rebate is negative', () => {
    expect(told('bybit', ['spot:BTCUSDT'], bybitExecution({ category: 'spot', feeCurrency: 'BTC', execFee: '-0.0000001' }))).toEqual([
      'fill 0 mine/v #e buy 2 @ 5 fee -0.0000001 BTC maker at 7000',
    ]);
  });

  it('a funding fee that is charged is money paid; one that is received has the other sign', () => {
    const row = { execType: 'Funding', execFee: '0.25', feeCurrency: '', orderLinkId: '', side: 'Buy' };
    expect(told('bybit', ['linear:BTCUSDT'], bybitExecution(row), bybitExecution({ ...row, execFee: '-0.25' }))).toEqual([
      'funding 0 -0.25 USDT #e at 7000',
      'funding 0 0.25 USDT #e at 7000',
    ]);
  });
});

const TIME = '1970-01-01T00:00:00.007Z';
const bitmex = (table: string, action: string, ...rows: readonly Record<string, unknown>[]): string =>
  JSON.stringify({ table, action, data: rows });
const ORDER = {
  orderID: 'v',
  clOrdID: 'mine',
  symbol: 'XBTUSD',
  side: 'Buy',
  orderQty: 100,
  price: 98000.5,
  ordStatus: 'New',
  cumQty: 0,
  execInst: 'ParticipateDoNotInitiate',
  ordRejReason: '',
  text: 'Submitted via API.',
  timestamp: TIME,
};

describe('BitMEX', () => {
  it('C15: rows in pieces are put together; another price or quantity is an amendment', () => {
    expect(
      told(
        'bitmex',
        ['XBTUSD'],
        bitmex('order', 'partial', ORDER),
        bitmex('order', 'update', { orderID: 'v', price: 98001, timestamp: TIME }),
        bitmex('order', 'update', { orderID: 'v', ordStatus: 'PartiallyFilled', cumQty: 40, leavesQty: 60, timestamp: TIME }),
        bitmex('order', 'update', {
          orderID: 'v',
          ordStatus: 'Canceled',
          leavesQty: 0,
          text: 'Canceled: Canceled via API.\nSubmitted via API.',
          timestamp: TIME,
        }),
      ),
    ).toEqual([
      'proved order',
      'order 0 mine/v buy new 0 of 100 @ 98001 amended post-only at 7000',
      'order 0 mine/v buy partially-filled 40 of 100 @ 98001 post-only at 7000',
      'order 0 mine/v buy cancelled 40 of 100 @ 98001 post-only (Canceled: Canceled via API.\nSubmitted via API.) at 7000',
    ]);
  });

  it('C15: a repeated insert is not told twice; an update of an unknown order is a loss', () => {
    const filled = { orderID: 'v', ordStatus: 'Filled', cumQty: 100, timestamp: TIME };
    expect(
      told('bitmex', ['XBTUSD'], bitmex('order', 'insert', ORDER), bitmex('order', 'update', filled), bitmex('order', 'insert', ORDER)),
    ).toEqual([
      'order 0 mine/v buy new 0 of 100 @ 98000.5 post-only at 7000',
      'order 0 mine/v buy filled 100 of 100 @ 98000.5 post-only at 7000',
    ]);
    expect(told('bitmex', ['XBTUSD'], bitmex('order', 'update', filled))).toEqual(['lost: an update of an order that was never told']);
  });

  it('the state at subscription is not told, what comes after it is', () => {
    const execution = {
      execID: 'e',
      orderID: 'v',
      clOrdID: 'mine',
      symbol: 'XBTUSD',
      side: 'Buy',
      lastQty: 40,
      lastPx: 98000,
      execType: 'Trade',
      lastLiquidityInd: 'AddedLiquidity',
      execComm: -10,
      settlCurrency: 'XBt',
      trdMatchID: 't',
      timestamp: TIME,
    };
    expect(
      told(
        'bitmex',
        ['XBTUSD'],
        bitmex('execution', 'partial', execution),
        bitmex('execution', 'insert', { ...execution, settlCurrency: 'USDt', execComm: 2_500_001 }),
        bitmex('execution', 'insert', { ...execution, execType: 'New' }),
        bitmex('execution', 'insert', { ...execution, execType: 'Settlement', orderID: '', clOrdID: '', trdMatchID: '0', side: 'Sell' }),
      ),
    ).toEqual([
      'proved execution',
      'fill 0 mine/v #t buy 40 @ 98000 fee 2.500001 USDT maker at 7000',
      'fill 0 / #e sell 40 @ 98000 fee -0.0000001 XBT maker at 7000',
    ]);
  });

  it('funding is money only: a charge is paid, a rebate received', () => {
    const row = {
      execID: 'f',
      symbol: 'XBTUSD',
      side: '',
      execType: 'Funding',
      settlCurrency: 'XBt',
      lastQty: 100,
      execComm: 12,
      timestamp: TIME,
    };
    expect(told('bitmex', ['XBTUSD'], bitmex('execution', 'insert', row, { ...row, execComm: -12 }, { ...row, execComm: 0 }))).toEqual([
      'funding 0 -0.00000012 XBT #f at 7000',
      'funding 0 0.00000012 XBT #f at 7000',
      'funding 0 0 XBT #f at 7000',
    ]);
  });

  it('positions and balances are told when their sums change, not with every mark', () => {
    expect(
      told(
        'bitmex',
        ['XBTUSD'],
        bitmex('position', 'partial', { symbol: 'XBTUSD', currency: 'XBt', currentQty: 10, avgEntryPrice: 97000.5, timestamp: TIME }),
        bitmex('position', 'update', { symbol: 'XBTUSD', currency: 'XBt', markPrice: 97001, timestamp: TIME }),
        bitmex('position', 'update', { symbol: 'XBTUSD', currency: 'XBt', currentQty: -20, timestamp: TIME }),
        bitmex('margin', 'partial', { currency: 'USDt', walletBalance: 5_000_000, availableMargin: 4_000_000, timestamp: TIME }),
        bitmex('margin', 'update', { currency: 'USDt', unrealisedPnl: 5, timestamp: TIME }),
        bitmex('margin', 'update', { currency: 'USDt', walletBalance: 5_000_001, timestamp: TIME }),
        bitmex('margin', 'update', { currency: 'Gwei', walletBalance: 1, timestamp: TIME }),
      ),
    ).toEqual(['proved position', 'position 0 -20 @ 97000.5 at 7000', 'proved margin', 'balance USDT 5.000001 free 4 at 7000']);
  });
});
