/** Words of Binance spot that few clients use: order lists, strategies, both ids of an order, microseconds, symbols chosen by status and permission. */
import { describe, expect, it } from 'vitest';
import { inMicroseconds } from '../../../src/venue-sim/venues/binance/time-unit.js';
import { BinanceClient, type Json } from '../support/binance-client.js';
import type { VenueClient } from '../support/venue-client.js';

const BUY = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '60000' } as const;

describe('binance spot refuses what exchangeInfo says it has not', () => {
  it('by name: order lists, routed and pegged orders', () => {
    const spot = BinanceClient.at('binance-spot');
    const refused = (path: string, params: Readonly<Record<string, string>> = BUY): unknown =>
      spot.refusal('POST', `/api/v3/${path}`, params);
    expect(refused('orderList/oco')).toEqual([400, -1013, 'OCO orders are not supported for this symbol']);
    expect(refused('order/oco')).toEqual([400, -1013, 'OCO orders are not supported for this symbol']);
    expect(refused('orderList/oco', { symbol: 'NONE' })).toEqual([400, -1121, 'Invalid symbol.']);
    expect(refused('order', { ...BUY, pegPriceType: 'PRIMARY_PEG' })).toEqual([
      400,
      -1013,
      'Pegged orders are not supported for this symbol.',
    ]);
    expect(refused('sor/order')).toEqual([400, -1013, 'SOR is not supported for this symbol.']);
    expect(spot.refusal('GET', '/api/v3/orderList', { orderListId: 1 })).toEqual([400, -2013, 'Order does not exist.']);
    expect(spot.refusal('GET', '/api/v3/orderList')).toEqual([
      400,
      -1102,
      "Param 'origClientOrderId' or 'orderListId' must be sent, but both were empty/null!",
    ]);
    expect(spot.refusal('DELETE', '/api/v3/orderList', { symbol: 'BTCUSDT', orderListId: 1 })).toEqual([
      400,
      -2011,
      'Unknown order list sent.',
    ]);
    expect(spot.ok('GET', '/api/v3/myFilters', { symbol: 'BTCUSDT' })).toEqual({
      exchangeFilters: [],
      symbolFilters: [],
      assetFilters: [],
    });
  });
});

describe('a spot order', () => {
  it('tells its strategy back wherever it is told, and one without has none', () => {
    const spot = BinanceClient.at('binance-spot');
    const { listenKey } = spot.ok('POST', '/api/v3/userDataStream');
    const socket = spot.venue.open(`/ws/${String(listenKey)}`);
    const mark = { strategyId: 7, strategyType: 1_000_001 };
    expect(spot.ok('POST', '/api/v3/order', { ...BUY, ...mark, newClientOrderId: 'a' })).toMatchObject(mark);
    expect(spot.ok('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'a' })).toMatchObject(mark);
    expect(spot.ok('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'a' })).toMatchObject(mark);
    expect(spot.ok('POST', '/api/v3/order', BUY)).not.toHaveProperty('strategyId');
    spot.venue.run(0.05);
    const reports = socket.take().filter(({ e }) => e === 'executionReport');
    expect(reports.map(({ j, J }) => [j, J])).toEqual([
      [7, 1_000_001],
      [7, 1_000_001],
      [undefined, undefined],
    ]);
    expect(spot.refusal('POST', '/api/v3/order', { ...BUY, strategyType: 999_999 })).toEqual([
      400,
      -1134,
      'strategyType was less than 1000000.',
    ]);
  });

  it('is not found by the venue’s id with a client’s id that is not its own', () => {
    const spot = BinanceClient.at('binance-spot');
    const { orderId } = spot.ok('POST', '/api/v3/order', { ...BUY, newClientOrderId: 'a' });
    const wrong = [400, -2039, 'Client order ID is not correct for this order ID.'];
    for (const method of ['GET', 'DELETE'])
      expect(spot.refusal(method, '/api/v3/order', { symbol: 'BTCUSDT', orderId: String(orderId), origClientOrderId: 'b' })).toEqual(wrong);
    expect(spot.ok('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', orderId: String(orderId), origClientOrderId: 'a' })['status']).toBe(
      'CANCELED',
    );
  });
});

function tradesOf(socket: VenueClient): Json[] {
  return socket.take().map(({ data }) => data as Json);
}

describe('microseconds', () => {
  it('are told by REST and by sockets whose client asks for them, and by nobody else', () => {
    const spot = BinanceClient.at('binance-spot');
    const time = (unit: string): unknown => (spot.venue.get('/api/v3/time', { 'x-mbx-time-unit': unit }).json as Json)['serverTime'];
    expect(time('MICROSECOND')).toBe(spot.nowMs() * 1_000);
    expect(time('millisecond')).toBe(spot.nowMs());
    expect(spot.venue.get('/api/v3/time', { 'x-mbx-time-unit': 'HOUR' }).json).toMatchObject({ code: -1194 });
    const micro = spot.venue.open('/stream?streams=btcusdt@trade&timeUnit=MICROSECOND');
    const plain = spot.venue.open('/stream?streams=btcusdt@trade');
    spot.venue.run(3);
    const inMillis = tradesOf(plain);
    expect(inMillis.length).toBeGreaterThan(0);
    expect(tradesOf(micro)).toEqual(inMillis.map((trade) => ({ ...trade, E: Number(trade['E']) * 1_000, T: Number(trade['T']) * 1_000 })));
  });

  it('leave a client’s request id, texts, ids and amounts as they are', () => {
    const text = '{"id":1795444458966,"a":"1795444458966","b":17954444589,"t":[1795444458966,"x"],"E":1795444458966}';
    expect(inMicroseconds(text)).toBe(
      '{"id":1795444458966,"a":"1795444458966","b":17954444589,"t":[1795444458966000,"x"],"E":1795444458966000}',
    );
  });
});

describe('spot exchangeInfo', () => {
  it('chooses symbols by name, status or permission, and refuses to mix them', () => {
    const spot = BinanceClient.at('binance-spot');
    const info = (query: string): Json => spot.venue.get(`/api/v3/exchangeInfo${query === '' ? '' : `?${query}`}`).json as Json;
    const count = (query: string): number => (info(query)['symbols'] as Json[]).length;
    const all = count('');
    expect([count('symbolStatus=TRADING'), count('symbolStatus=HALT'), count('permissions=SPOT')]).toEqual([all, 0, all]);
    expect([count('permissions=MARGIN'), count('permissions=["MARGIN","SPOT"]')]).toEqual([0, all]);
    expect(info('symbolStatus=DEAD')['code']).toBe(-1122);
    expect(info('symbol=BTCUSDT&permissions=SPOT')['code']).toBe(-1128);
    expect(info('symbols=["BTCUSDT","BTCUSDT"]')['code']).toBe(-1151);
    expect((info('symbol=BTCUSDT&showPermissionSets=false')['symbols'] as Json[])[0]).toMatchObject({ permissionSets: [] });
  });
});

describe('the request socket of spot', () => {
  it('tells its limits unless the address or the request asks it not to', () => {
    const spot = BinanceClient.at('binance-spot');
    const hasLimits = (path: string, params: Json): boolean => {
      const socket = spot.venue.open(path);
      socket.send({ id: 1, method: 'time', params });
      return 'rateLimits' in (socket.take()[0] ?? {});
    };
    expect(hasLimits('/ws-api/v3', {})).toBe(true);
    expect(hasLimits('/ws-api/v3?returnRateLimits=false', {})).toBe(false);
    expect(hasLimits('/ws-api/v3?returnRateLimits=false', { returnRateLimits: true })).toBe(true);
  });
});

describe('a symbol that cannot be one', () => {
  it('is refused by what it is made of on spot, in public and in signed requests; on futures there is just none', () => {
    const spot = BinanceClient.at('binance-spot');
    const text = String.raw`Illegal characters found in parameter 'symbol'; legal range is '^[\w\-._&&[^a-z]]{1,50}$'.`;
    for (const path of ['ticker/price', 'depth', 'exchangeInfo', 'klines'])
      expect([path, spot.venue.get(`/api/v3/${path}?symbol=btcusdt&interval=1m`).json]).toEqual([path, { code: -1100, msg: text }]);
    expect(spot.refusal('POST', '/api/v3/order', { ...BUY, symbol: 'BTC/USDT' })).toEqual([400, -1100, text]);
    expect(spot.venue.get('/api/v3/ticker/price?symbol=BTCEUR').json).toEqual({ code: -1121, msg: 'Invalid symbol.' });
    const lists = spot.venue.get('/api/v3/ticker/price?symbols=["btcusdt"]').json as Json;
    expect([lists['code'], String(lists['msg'])]).toEqual([-1100, expect.stringContaining("parameter 'symbols'; legal range is '^\\[(")]);
    const usdm = BinanceClient.at('binance-usdm');
    expect(usdm.venue.get('/fapi/v1/ticker/price?symbol=btcusdt').json).toMatchObject({ code: -1121 });
  });
});
