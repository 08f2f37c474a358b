/** Bybit v5's seldom asked endpoints and topics: prices that no trade makes, liquidations, margin of isolated positions, orders tried without being placed. */
import { describe, expect, it } from 'vitest';
import type { LiquidationEvent } from '../../../src/venue-sim/exchange/contract.js';
import { bybitStream } from '../../../src/venue-sim/venues/bybit/public-streams.js';
import { BybitClient, type Json } from '../support/bybit-client.js';

const LINEAR = { category: 'linear', symbol: 'BTCUSDT' } as const;

function beyond(price: string | undefined, by: number): string {
  return (Number(price) + by).toFixed(1);
}

function clientAfter(seconds: number): BybitClient {
  const bybit = new BybitClient();
  bybit.venue.run(seconds);
  return bybit;
}

describe('bybit prices that no trade makes', () => {
  it('have klines of mark, index and premium, newest first, on contracts alone', () => {
    const bybit = clientAfter(2);
    const rows = (name: string, symbol: string, category: string): string[][] => {
      const { retCode, result } = bybit.get(`market/${name}`, { category, symbol, interval: '1' });
      expect(retCode).toBe(0);
      expect(result).toMatchObject({ symbol, category });
      return result['list'] as string[][];
    };
    for (const [category, symbol] of [
      ['linear', 'BTCUSDT'],
      ['inverse', 'BTCUSD'],
    ] as const) {
      const [mark = []] = rows('mark-price-kline', symbol, category);
      const [index = []] = rows('index-price-kline', symbol, category);
      const [premium = []] = rows('premium-index-price-kline', symbol, category);
      expect([mark.length, index.length, premium.length]).toEqual([5, 5, 5]);
      expect(Math.abs(Number(mark[4]) / Number(index[4]) - 1 - Number(premium[4]))).toBeLessThan(0.001);
    }
    const spot = bybit.get('market/mark-price-kline', { category: 'spot', symbol: 'BTCUSDT', interval: '1' });
    expect([spot.retCode, spot.retMsg]).toEqual([10_001, 'Illegal category']);
    expect(bybit.get('market/mark-price-kline', { ...LINEAR, interval: '7' }).retMsg).toBe('Invalid period!');
  });

  it('have the limits that orders are held to', () => {
    const bybit = clientAfter(1);
    for (const category of ['linear', 'spot'] as const) {
      const { buyLmt, sellLmt } = bybit.get('market/price-limit', { category, symbol: 'BTCUSDT' }).result as Record<string, string>;
      const order = { category, symbol: 'BTCUSDT', orderType: 'Limit', qty: '0.01', timeInForce: 'PostOnly' };
      const codes = [
        bybit.post('order/create', { ...order, side: 'Buy', price: beyond(buyLmt, 0) }).retCode,
        bybit.post('order/create', { ...order, side: 'Buy', price: beyond(buyLmt, 0.1) }).retCode,
        bybit.post('order/create', { ...order, side: 'Sell', price: beyond(sellLmt, 0) }).retCode,
        bybit.post('order/create', { ...order, side: 'Sell', price: beyond(sellLmt, -0.1) }).retCode,
      ];
      expect(codes).toEqual(category === 'spot' ? [0, 170_193, 0, 170_194] : [0, 110_003, 0, 110_003]);
    }
  });

  it('have the open interest of now at the period that began last, and a calendar month as an interval', () => {
    const bybit = clientAfter(1);
    const { result } = bybit.get('market/open-interest', { ...LINEAR, intervalTime: '1h' });
    const [row] = result['list'] as { readonly openInterest: string; readonly timestamp: string }[];
    const [ticker] = bybit.get('market/tickers', LINEAR).result['list'] as { readonly openInterest: string }[];
    expect(row?.openInterest).toBe(ticker?.openInterest);
    expect(Number(row?.timestamp) % 3_600_000).toBe(0);
    const [month = []] = bybit.get('market/kline', { ...LINEAR, interval: 'M' }).result['list'] as string[][];
    expect(Number(month[0])).toBe(Date.UTC(2026, 7, 1));
    expect(bybit.get('system/status').result).toEqual({ list: [] });
  });
});

describe('bybit liquidations', () => {
  it('have a topic on contracts alone', () => {
    const bybit = clientAfter(0.1);
    const socket = bybit.venue.open('/v5/public/linear');
    socket.send({ op: 'subscribe', args: ['allLiquidation.BTCUSDT'], req_id: 'l' });
    expect(socket.take()).toMatchObject([{ success: true, req_id: 'l' }]);
    expect(socket.take()).toEqual([]);
    const spot = bybit.venue.open('/v5/public/spot');
    spot.send({ op: 'subscribe', args: ['allLiquidation.BTCUSDT'] });
    expect(spot.take()).toMatchObject([{ success: false }]);
  });

  it('are told with the side of the position that ended', () => {
    const { exchange } = clientAfter(0.1).venue.venue;
    const market = exchange.markets.find(({ spec }) => spec.kind === 'linear' && spec.symbol === 'BTCUSDT');
    const [account] = exchange.testAccounts;
    if (market === undefined || account === undefined) throw new Error('no market');
    const placed = exchange.place(account, { market, side: 'sell', ticks: market.lastTicks + 900, lots: 250 });
    if (!placed.ok) throw new Error(placed.refusal.reason);
    const base = { sequence: 1, uuid: '', account, timeUs: 1_786_233_600_000_000 };
    const forced: LiquidationEvent[] = [{ ...base, type: 'liquidation', market, order: placed.order }];
    const told = (symbol: string): Json[] => {
      const topic = bybitStream(exchange.markets, new Map(), `allLiquidation.${symbol}`, forced);
      return (topic?.produce(base.timeUs) ?? []).map((text) => JSON.parse(text) as Json);
    };
    const data = [{ T: 1_786_233_600_000, s: 'BTCUSDT', S: 'Buy', v: '0.250', p: ((market.lastTicks + 900) / 10).toFixed(2) }];
    expect(told('BTCUSDT')).toEqual([{ topic: 'allLiquidation.BTCUSDT', type: 'snapshot', ts: 1_786_233_600_000, data }]);
    expect(told('ETHUSDT')).toEqual([]);
  });
});

describe('bybit order rows', () => {
  it('have a stop mode on contracts alone, on the stream and by request', () => {
    const bybit = clientAfter(0.1);
    const socket = bybit.socket('/v5/private', 'order');
    for (const category of ['linear', 'spot'] as const) {
      const order = { category, symbol: 'BTCUSDT', side: 'Buy', orderType: 'Limit', qty: '0.01', price: '60000' };
      expect(bybit.post('order/create', order).retCode).toBe(0);
      bybit.venue.run(0.02);
      const [told] = socket.take().flatMap((message) => message['data'] as Json[]);
      const [asked] = bybit.get('order/realtime', { category, symbol: 'BTCUSDT' }).result['list'] as Json[];
      expect(
        [told, asked].map((row) => Object.hasOwn(row ?? {}, 'tpslMode')),
        category,
      ).toEqual(category === 'spot' ? [false, false] : [true, true]);
    }
  });
});

describe('bybit request ids', () => {
  it('that are numbers are told back as texts, on public and private sockets', () => {
    const bybit = clientAfter(0.1);
    for (const path of ['/v5/public/linear', '/v5/public/spot', '/v5/private']) {
      const socket = bybit.venue.open(path);
      socket.send({ op: 'ping', req_id: 3 });
      expect(socket.take(), path).toMatchObject([{ req_id: '3' }]);
    }
  });
});

describe('bybit account extras', () => {
  it('add margin to isolated positions, take it away again, and refuse what is not there', () => {
    const bybit = clientAfter(0.1);
    const add = (margin: string): ReturnType<BybitClient['post']> => bybit.post('position/add-margin', { ...LINEAR, margin });
    expect(bybit.post('account/set-margin-mode', { setMarginMode: 'ISOLATED_MARGIN' }).retCode).toBe(0);
    bybit.post('order/create', { ...LINEAR, side: 'Buy', orderType: 'Market', qty: '0.1' });
    const margin = (): number => Number((bybit.get('position/list', LINEAR).result['list'] as Json[])[0]?.['positionIM']);
    const before = margin();
    expect(add('12.5').result).toMatchObject({ ...LINEAR, side: 'Buy', size: '0.100' });
    expect(margin()).toBeCloseTo(before + 12.5, 6);
    expect(add('-12.5').retCode).toBe(0);
    expect(margin()).toBeCloseTo(before, 6);
    expect(add('-12.5').retCode).toBe(110_007);
    expect(add('x').retCode).toBe(10_001);
    expect(bybit.post('position/trading-stop', { ...LINEAR, takeProfit: '0', positionIdx: 0 }).retCode).toBe(34_040);
    expect(bybit.post('position/trading-stop', { ...LINEAR, stopLoss: '60000', positionIdx: 0 }).retMsg).toContain('stopLoss');
    expect(bybit.venue.venue.exchange.audit()).toEqual([]);
  });

  it('try an order with all its checks, and leave none behind', () => {
    const bybit = clientAfter(0.1);
    const price = (Number((bybit.get('market/tickers', LINEAR).result['list'] as Json[])[0]?.['lastPrice']) * 0.99).toFixed(1);
    const order = { ...LINEAR, side: 'Buy', orderType: 'Limit', qty: '1', price };
    const checked = bybit.post('order/pre-check', { ...order, orderLinkId: 'p' });
    expect(checked.result).toMatchObject({
      orderLinkId: 'p',
      preImrE4: 0,
      postImrE4: Math.floor((Number(price) / 10 / 1_000_000) * 10_000),
    });
    expect(bybit.post('order/pre-check', { ...order, qty: '1400' }).retCode).toBe(110_007);
    expect(bybit.post('order/pre-check', { ...order, price: '0.05' }).retCode).toBe(10_001);
    expect(bybit.get('order/realtime', LINEAR).result['list']).toEqual([]);
  });

  it('tell balances by coin, and of lists that nothing ever enters', () => {
    const bybit = clientAfter(0.1);
    const one = bybit.get('asset/transfer/query-account-coin-balance', { accountType: 'UNIFIED', coin: 'USDT' }).result;
    expect(one).toMatchObject({ accountType: 'UNIFIED', balance: { coin: 'USDT', walletBalance: '1000000', transferBalance: '1000000' } });
    const funding = bybit.get('asset/transfer/query-account-coins-balance', { accountType: 'FUND', coin: 'BTC,ETH' }).result;
    expect(funding['balance']).toMatchObject([
      { coin: 'BTC', walletBalance: '0' },
      { coin: 'ETH', walletBalance: '0' },
    ]);
    expect(bybit.get('asset/transfer/query-account-coin-balance', { accountType: 'UNIFIED', coin: 'DOGE' }).retCode).toBe(10_001);
    expect(bybit.get('account/withdrawal', { coinName: 'USDT' }).result).toMatchObject({ availableWithdrawal: '1000000' });
    for (const path of ['asset/deposit/query-record', 'asset/withdraw/query-record']) expect(bybit.get(path).result['rows']).toEqual([]);
  });
});
