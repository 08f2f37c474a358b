/** What futures clients of Binance ask beside trading: figures by period, lists of what never happens here, orders that the venue sent, and why margin changed. */
import { describe, expect, it } from 'vitest';
import { BinanceClient, type Json } from '../support/binance-client.js';
import { START_US, TestVenue } from '../support/venue-client.js';

/** Begins just before the fifth minute is over, so that trades of two periods are there. */
function aroundFiveMinutes(id: 'binance-usdm' | 'binance-coinm'): TestVenue {
  const venue = new TestVenue(id, 7, START_US + 298_000_000);
  venue.run(4);
  return venue;
}

describe('futures/data of USD-M', () => {
  it('tells what takers bought and sold as the candles of the same period do', () => {
    const venue = aroundFiveMinutes('binance-usdm');
    const rows = venue.get('/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=5m&limit=2').json as Json[];
    const candles = venue.get('/fapi/v1/klines?symbol=BTCUSDT&interval=5m&limit=2').json as unknown[][];
    expect(rows).toHaveLength(2);
    expect(rows.map(({ timestamp, buyVol }) => [timestamp, buyVol])).toEqual(candles.map((candle) => [candle[0], candle[9]]));
    for (const [index, row] of rows.entries()) {
      expect(Number(row['buyVol']) + Number(row['sellVol'])).toBeCloseTo(Number(candles[index]?.[5]), 6);
      expect(Number(row['buySellRatio'])).toBeCloseTo(Number(row['buyVol']) / Number(row['sellVol']), 3);
    }
    expect(venue.get('/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=5m&limit=1').json).toEqual(rows.slice(1));
  });

  it('tells the basis between last price and index, and the open interest of now', () => {
    const venue = aroundFiveMinutes('binance-usdm');
    const [first, ...more] = venue.get('/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m&limit=2').json as Record<
      string,
      string
    >[];
    expect(more).toHaveLength(1);
    expect(Number(first?.['basis'])).toBeCloseTo(Number(first?.['futuresPrice']) - Number(first?.['indexPrice']), 1);
    expect(first).toMatchObject({ pair: 'BTCUSDT', contractType: 'PERPETUAL', timestamp: START_US / 1_000 });
    const [interest] = venue.get('/futures/data/openInterestHist?symbol=BTCUSDT&period=5m').json as Json[];
    const now = venue.get('/fapi/v1/openInterest?symbol=BTCUSDT').json as Json;
    expect(interest).toMatchObject({ symbol: 'BTCUSDT', sumOpenInterest: now['openInterest'], timestamp: START_US / 1_000 + 300_000 });
  });

  it('refuses what is missing or unknown, and lists nothing where nothing is kept', () => {
    const venue = new TestVenue('binance-usdm');
    const said = (query: string): unknown => {
      const { status, json } = venue.get(`/futures/data/${query}`);
      return Array.isArray(json) ? json : [status, (json as Json)['code']];
    };
    expect(said('globalLongShortAccountRatio?symbol=BTCUSDT&period=5m')).toEqual([]);
    expect(said('delivery-price?pair=BTCUSDT')).toEqual([]);
    expect(said('basis?pair=BTCUSDT&contractType=CURRENT_QUARTER&period=5m')).toEqual([]);
    expect(said('basis?pair=BTCUSDT&period=5m')).toEqual([400, -1102]);
    expect(said('openInterestHist?period=5m')).toEqual([400, -1102]);
    expect(said('openInterestHist?symbol=BTCUSDT')).toEqual([400, -1102]);
    expect(said('openInterestHist?symbol=BTCUSDT&period=7m')).toEqual([400, -1130]);
    expect(said('openInterestHist?symbol=NONE&period=5m')).toEqual([400, -1121]);
    expect(said('takerBuySellVol?pair=BTCUSDT&contractType=ALL&period=5m')).toEqual([404, -5000]);
  });
});

describe('futures/data of COIN-M', () => {
  it('asks by pair and tells volumes in contracts and in the coin', () => {
    const venue = aroundFiveMinutes('binance-coinm');
    const rows = venue.get('/futures/data/takerBuySellVol?pair=BTCUSD&contractType=PERPETUAL&period=5m').json as Json[];
    const candles = venue.get('/dapi/v1/klines?symbol=BTCUSD_PERP&interval=5m&limit=30').json as unknown[][];
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(({ takerBuyVol, takerBuyVolValue }) => [takerBuyVol, takerBuyVolValue])).toEqual(
      candles.map((candle) => [candle[9], candle[10]]),
    );
    expect(rows[0]).toMatchObject({ pair: 'BTCUSD', contractType: 'PERPETUAL' });
    expect(venue.get('/futures/data/openInterestHist?symbol=BTCUSD_PERP&period=5m').json).toMatchObject({ code: -1102 });
    expect(venue.get('/futures/data/openInterestHist?pair=BTCUSD&period=5m').json).toMatchObject({ code: -1102 });
    expect(venue.get('/futures/data/globalLongShortAccountRatio?pair=BTCUSD&period=5m').json).toEqual([]);
  });
});

describe('market data of futures that nothing makes here', () => {
  it('is empty in its shape, and the book with price-improving orders is the plain one', () => {
    const venue = new TestVenue('binance-usdm');
    venue.run(0.2);
    const get = (name: string): unknown => venue.get(`/fapi/v1/${name}`).json;
    expect([get('indexInfo'), get('insuranceBalance')]).toEqual([[], []]);
    expect(get('constituents?symbol=BTCUSDT')).toMatchObject({ symbol: 'BTCUSDT', constituents: [] });
    expect(get('rpiDepth?symbol=BTCUSDT&limit=1000')).toEqual(get('depth?symbol=BTCUSDT&limit=1000'));
    expect(get('rpiDepth?symbol=BTCUSDT&limit=5')).toMatchObject({ code: -4021 });
    const socket = venue.open('/public/stream?streams=btcusdt@rpiDepth@500ms/btcusdt@depth@500ms');
    venue.run(1.2);
    const messages = socket.take();
    const of = (stream: string): unknown[] => messages.filter((message) => message['stream'] === stream).map(({ data }) => data);
    expect(of('btcusdt@rpiDepth@500ms').length).toBeGreaterThan(0);
    expect(of('btcusdt@rpiDepth@500ms')).toEqual(of('btcusdt@depth@500ms'));
  });
});

describe('a futures account', () => {
  it('is told that a margin type changed, and that margin was moved, by different reasons', () => {
    const usdm = BinanceClient.at('binance-usdm');
    const { listenKey } = usdm.ok('POST', '/fapi/v1/listenKey');
    const socket = usdm.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
    const reasons = (): unknown[] => {
      usdm.venue.run(0.02);
      const updates = socket.take().filter(({ e }) => e === 'ACCOUNT_UPDATE');
      return updates.map(({ a }) => (a as Json)['m']);
    };
    usdm.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });
    expect(reasons()).toEqual(['MARGIN_TYPE_CHANGE']);
    usdm.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' });
    expect(reasons()).toEqual(['ORDER']);
    usdm.ok('POST', '/fapi/v1/positionMargin', { symbol: 'BTCUSDT', amount: '5', type: 1 });
    expect(reasons()).toEqual(['MARGIN_TRANSFER']);
  });

  it('hears of each trade twice, the short word first, and by name alone when it asks for that', () => {
    const usdm = BinanceClient.at('binance-usdm');
    const { listenKey } = usdm.ok('POST', '/fapi/v1/listenKey');
    const socket = usdm.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
    const lite = usdm.venue.open(`/private/ws?listenKey=${String(listenKey)}&events=TRADE_LITE`);
    usdm.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', newClientOrderId: 'a' });
    usdm.venue.run(0.02);
    const words = socket.take().map(({ e, o }) => [e, (o as Json | undefined)?.['x']]);
    expect(words).toEqual([
      ['ORDER_TRADE_UPDATE', 'NEW'],
      ['TRADE_LITE', undefined],
      ['ORDER_TRADE_UPDATE', 'TRADE'],
      ['ACCOUNT_UPDATE', undefined],
    ]);
    const [trade] = usdm.list('GET', '/fapi/v1/userTrades', { symbol: 'BTCUSDT' });
    const told = { s: 'BTCUSDT', q: '0.010', p: '0', m: false, c: 'a', S: 'BUY' };
    expect(lite.take()).toMatchObject([
      { e: 'TRADE_LITE', ...told, L: trade?.['price'], l: trade?.['qty'], t: trade?.['id'], i: trade?.['orderId'] },
    ]);
  });

  it('turns the pages of its statement to an empty one, each line once', () => {
    const usdm = BinanceClient.at('binance-usdm');
    for (let order = 0; order < 3; order++)
      usdm.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' });
    const all = usdm.list('GET', '/fapi/v1/income', { limit: 1_000 });
    const pages: Json[][] = [];
    for (let page = 1; page < 20; page++) {
      const lines = usdm.list('GET', '/fapi/v1/income', { limit: 2, page });
      if (lines.length === 0) break;
      pages.push(lines);
    }
    expect(pages.length).toBe(Math.ceil(all.length / 2));
    expect(pages.flat()).toEqual(all);
    expect(usdm.list('GET', '/fapi/v1/income', { limit: 2 })).toEqual(all.slice(-2));
  });

  it('of COIN-M asks for trades by contract or by pair, one of them', () => {
    const coinm = BinanceClient.at('binance-coinm');
    expect(coinm.list('GET', '/dapi/v1/userTrades', { pair: 'BTCUSD' })).toEqual([]);
    const text = "Param 'symbol' or 'pair' must be sent, but both were empty/null!";
    expect(coinm.refusal('GET', '/dapi/v1/userTrades')).toEqual([400, -1102, text]);
  });

  it('finds the orders that the venue sent to close its positions, and no other', () => {
    const usdm = BinanceClient.at('binance-usdm');
    const { exchange } = usdm.venue.venue;
    const account = exchange.testAccounts.find(({ name }) => name === 'test');
    const [market] = exchange.markets;
    if (account === undefined || market === undefined) throw new Error('no account');
    usdm.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' });
    expect(usdm.list('GET', '/fapi/v1/forceOrders')).toEqual([]);
    const closed = exchange.place(account, {
      market,
      side: 'sell',
      ticks: null,
      lots: 10,
      timeInForce: 'ioc',
      extra: { forced: 'liquidation' },
    });
    if (!closed.ok) throw new Error(closed.refusal.reason);
    const [order, ...more] = usdm.list('GET', '/fapi/v1/forceOrders', { symbol: market.spec.symbol, autoCloseType: 'LIQUIDATION' });
    expect(more).toEqual([]);
    expect(order).toMatchObject({ orderId: closed.order.number, side: 'SELL', status: 'FILLED' });
    expect(String(order?.['clientOrderId'])).toMatch(/^autoclose-/);
    expect(usdm.list('GET', '/fapi/v1/forceOrders', { autoCloseType: 'ADL' })).toEqual([]);
  });
});

describe('orders of the past', () => {
  it('are the first ones from a start on, so that pages by time come to every order, and the last ones without a start', () => {
    for (const [id, root, symbol, quantity] of [
      ['binance-spot', '/api/v3', 'BTCUSDT', '0.01'],
      ['binance-usdm', '/fapi/v1', 'BTCUSDT', '0.01'],
      ['binance-coinm', '/dapi/v1', 'BTCUSD_PERP', '1'],
    ] as const) {
      const client = BinanceClient.at(id);
      const startTime = client.nowMs();
      const order = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity, price: '60000' };
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        client.ok('POST', `${root}/order`, { ...order, newClientOrderId: name });
        client.venue.run(0.02);
      }
      const names = (params: Readonly<Record<string, number>>): unknown[] =>
        client.list('GET', `${root}/allOrders`, { symbol, limit: 2, ...params }).map(({ clientOrderId }) => clientOrderId);
      expect([id, names({})]).toEqual([id, ['d', 'e']]);
      expect([id, names({ startTime })]).toEqual([id, ['a', 'b']]);
    }
  });
});
