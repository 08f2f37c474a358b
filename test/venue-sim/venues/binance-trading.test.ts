/** What orders, batches, timers and limits of the Binance venues do beyond a single request. */
import { describe, expect, it } from 'vitest';
import { RateLimits, RateRefusal } from '../../../src/venue-sim/venues/binance/rate-limits.js';
import { BinanceClient, type Json } from '../support/binance-client.js';
import type { VenueClient } from '../support/venue-client.js';

const SPOT = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '60000' };
const USDM = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '64000' };
const symbol = 'BTCUSDT';

function subscribed(client: BinanceClient): VenueClient {
  const socket = client.venue.open('/ws-api/v3');
  const timestamp = client.nowMs();
  const signature = client.sign(`apiKey=${client.apiKey}&timestamp=${timestamp}`);
  socket.send({ id: 0, method: 'userDataStream.subscribe.signature', params: { apiKey: client.apiKey, timestamp, signature } });
  socket.take();
  return socket;
}

describe('a spot order', () => {
  it('answers as briefly or as fully as it was asked', () => {
    const client = BinanceClient.at('binance-spot');
    const keys = (newOrderRespType: string): string[] => Object.keys(client.ok('POST', '/api/v3/order', { ...SPOT, newOrderRespType }));
    expect(keys('ACK')).toEqual(['symbol', 'orderId', 'orderListId', 'clientOrderId', 'transactTime']);
    expect(keys('RESULT').slice(5)).toEqual([
      'price',
      'origQty',
      'executedQty',
      'origQuoteOrderQty',
      'cummulativeQuoteQty',
      'status',
      'timeInForce',
      'type',
      'side',
      'workingTime',
      'selfTradePreventionMode',
    ]);
    expect(keys('FULL').at(-1)).toBe('fills');
    const maker = { symbol, side: 'BUY', type: 'LIMIT_MAKER', quantity: '0.001', price: '60000' };
    expect(client.ok('POST', '/api/v3/order', maker)).not.toHaveProperty('status');
  });

  it('that takes is filled level by level, its remainder expires when it is immediate-or-cancel, and the fills add up', () => {
    const client = BinanceClient.at('binance-spot');
    const [market] = client.venue.world.markets;
    const ask = (market?.engine.asks.bestTicks ?? 0) * (market?.tickSize ?? 0);
    const order = { ...SPOT, timeInForce: 'IOC', quantity: '8', price: (ask + 0.01).toFixed(2) };
    const placed = client.ok('POST', '/api/v3/order', order);
    expect(placed['status']).toBe('EXPIRED');
    const fills = placed['fills'] as readonly Json[];
    const sum = fills.reduce((total, fill) => total + Math.round(Number(fill['qty']) * 1e5), 0);
    expect(sum).toBe(Math.round(Number(placed['executedQty']) * 1e5));
    expect(sum).toBeGreaterThan(0);
    expect(client.ok('POST', '/api/v3/order', { ...order, timeInForce: 'FOK' })).toMatchObject({
      status: 'EXPIRED',
      executedQty: '0.00000000',
    });
  });

  it('can be a market order for an amount of the quote asset', () => {
    const client = BinanceClient.at('binance-spot');
    const placed = client.ok('POST', '/api/v3/order', { symbol, side: 'BUY', type: 'MARKET', quoteOrderQty: '1000' });
    expect(placed).toMatchObject({ status: 'FILLED', origQuoteOrderQty: '1000.00000000' });
    const spent = Number(placed['cummulativeQuoteQty']);
    expect(spent).toBeLessThanOrEqual(1_000);
    expect(spent).toBeGreaterThan(999);
  });

  it('of the same account is not traded with: the maker expires', () => {
    const client = BinanceClient.at('binance-spot');
    const [market] = client.venue.world.markets;
    if (market === undefined) throw new Error('no market');
    // An order alone between bid and ask.
    while (market.engine.asks.bestTicks - market.engine.bids.bestTicks < 2) client.venue.run(0.01);
    const socket = subscribed(client);
    const price = market.priceText(market.engine.bids.bestTicks + 1);
    const resting = client.ok('POST', '/api/v3/order', { ...SPOT, price });
    client.ok('POST', '/api/v3/order', { ...SPOT, side: 'SELL', price, timeInForce: 'IOC' });
    expect(client.ok('GET', '/api/v3/order', { symbol, orderId: Number(resting['orderId']) })['status']).toBe('EXPIRED_IN_MATCH');
    const prevented = socket
      .take()
      .map(({ event }) => event as Json)
      .find((event) => event['x'] === 'TRADE_PREVENTION');
    expect(prevented).toMatchObject({ i: resting['orderId'], X: 'EXPIRED_IN_MATCH', V: 'EXPIRE_MAKER' });
  });
});

describe('spot cancel-replace', () => {
  const replace = (change: Record<string, string>): Record<string, string> => ({
    ...SPOT,
    cancelReplaceMode: 'STOP_ON_FAILURE',
    ...change,
  });
  const path = '/api/v3/order/cancelReplace';

  it('places nothing when the cancel failed and it was told to stop', () => {
    const client = BinanceClient.at('binance-spot');
    const { status, json } = client.call('POST', path, replace({ cancelOrderId: '1' }));
    expect([status, json]).toEqual([
      400,
      {
        code: -2022,
        msg: 'Order cancel-replace failed.',
        data: {
          cancelResult: 'FAILURE',
          newOrderResult: 'NOT_ATTEMPTED',
          cancelResponse: { code: -2011, msg: 'Unknown order sent.' },
          newOrderResponse: null,
        },
      },
    ]);
    expect(client.list('GET', '/api/v3/openOrders')).toEqual([]);
  });

  it('places all the same when failures are allowed, and says which half failed', () => {
    const client = BinanceClient.at('binance-spot');
    const { status, json } = client.call('POST', path, replace({ cancelOrderId: '1', cancelReplaceMode: 'ALLOW_FAILURE' }));
    expect([status, json]).toMatchObject([409, { code: -2021, data: { cancelResult: 'FAILURE', newOrderResult: 'SUCCESS' } }]);
    const [open] = client.list('GET', '/api/v3/openOrders');
    const tooMuch = client.call('POST', path, replace({ cancelOrderId: String(open?.['orderId']), quantity: '100' }));
    expect([tooMuch.status, tooMuch.json]).toMatchObject([
      409,
      { code: -2021, data: { cancelResult: 'SUCCESS', newOrderResult: 'FAILURE', newOrderResponse: { code: -2010 } } },
    ]);
    expect(client.list('GET', '/api/v3/openOrders')).toEqual([]);
    const both = client.call('POST', path, replace({ cancelOrderId: '1', cancelReplaceMode: 'ALLOW_FAILURE', quantity: '100' }));
    expect([both.status, both.json]).toMatchObject([400, { code: -2022, data: { cancelResult: 'FAILURE', newOrderResult: 'FAILURE' } }]);
  });

  it('cancels nothing when the new order breaks a filter', () => {
    const client = BinanceClient.at('binance-spot');
    const { orderId } = client.ok('POST', '/api/v3/order', SPOT);
    expect(client.refusal('POST', path, replace({ cancelOrderId: String(orderId), quantity: '0.0010001' }))[1]).toBe(-1013);
    expect(client.list('GET', '/api/v3/openOrders')).toHaveLength(1);
  });

  it('keeps place and number when only the quantity falls, and refuses to raise it', () => {
    const client = BinanceClient.at('binance-spot');
    const socket = subscribed(client);
    const { orderId, clientOrderId } = client.ok('POST', '/api/v3/order', { ...SPOT, quantity: '0.01' });
    const amend = { symbol, orderId: Number(orderId), newClientOrderId: 'less' };
    const path2 = '/api/v3/order/amend/keepPriority';
    expect(client.refusal('PUT', path2, { ...amend, newQty: '0.02' })).toEqual([
      400,
      -2038,
      'Order amend (quantity increase) is not supported.',
    ]);
    expect(client.refusal('PUT', path2, { ...amend, newQty: '0.01' })[1]).toBe(-2038);
    expect(client.ok('PUT', path2, { ...amend, newQty: '0.004' })).toMatchObject({
      amendedOrder: { orderId, qty: '0.00400000', clientOrderId: 'less' },
    });
    const replaced = socket
      .take()
      .map(({ event }) => event as Json)
      .find((event) => event['x'] === 'REPLACED');
    expect(replaced).toMatchObject({ c: 'less', C: clientOrderId, q: '0.00400000', X: 'NEW' });
  });
});

describe('USD-M batches', () => {
  const items = (changes: readonly Json[]): { batchOrders: string } => ({
    batchOrders: JSON.stringify(changes.map((change) => ({ ...USDM, ...change }))),
  });

  it('answer item by item: what fails, fails alone', () => {
    const client = BinanceClient.at('binance-usdm');
    const placed = client.list(
      'POST',
      '/fapi/v1/batchOrders',
      items([{ newClientOrderId: 'a' }, { price: '64000.05' }, { newClientOrderId: 'c' }]),
    );
    expect(placed).toMatchObject([{ clientOrderId: 'a' }, { code: -4014 }, { clientOrderId: 'c' }]);
    const amended = client.list(
      'PUT',
      '/fapi/v1/batchOrders',
      items([{ origClientOrderId: 'a', price: '63000' }, { origClientOrderId: 'no' }]),
    );
    expect(amended).toMatchObject([{ clientOrderId: 'a', price: '63000.00' }, { code: -2013 }]);
    const lists = { symbol, origClientOrderIdList: '["a","no","c"]' };
    expect(client.list('DELETE', '/fapi/v1/batchOrders', lists)).toMatchObject([
      { status: 'CANCELED' },
      { code: -2011 },
      { status: 'CANCELED' },
    ]);
    expect(client.refusal('POST', '/fapi/v1/batchOrders', items([{}, {}, {}, {}, {}, {}]))[1]).toBe(-4082);
  });

  it('fail in part when a fault says so', () => {
    const client = BinanceClient.at('binance-usdm');
    client.venue.script.add({ venue: 'binance-usdm', kind: 'partial-batch-failure' }, client.venue.world.nowUs);
    const placed = client.list('POST', '/fapi/v1/batchOrders', items([{}, {}, {}]));
    expect(placed.filter((item) => item['code'] !== undefined)).toHaveLength(1);
    expect(client.list('GET', '/fapi/v1/openOrders', { symbol })).toHaveLength(2);
  });

  it('count each item on the ten seconds and once on the minute', () => {
    const client = BinanceClient.at('binance-usdm');
    const { headers } = client.call('POST', '/fapi/v1/batchOrders', items([{}, {}, {}]));
    expect(headers).toMatchObject({ 'x-mbx-order-count-10s': '3', 'x-mbx-order-count-1m': '1', 'x-mbx-used-weight-1m': '5' });
  });
});

describe('USD-M orders', () => {
  it('are acknowledged before they are looked at, and told whole on request', () => {
    const client = BinanceClient.at('binance-usdm');
    const market = { symbol, side: 'BUY', type: 'MARKET', quantity: '0.01' };
    expect(client.ok('POST', '/fapi/v1/order', market)).toMatchObject({ status: 'NEW', executedQty: '0.000' });
    expect(client.ok('POST', '/fapi/v1/order', { ...market, newOrderRespType: 'RESULT' })).toMatchObject({
      status: 'FILLED',
      executedQty: '0.010',
    });
  });

  it('end when they are amended to less than was filled; a maker order is cancelled when it would take now', () => {
    const client = BinanceClient.at('binance-usdm');
    const placed = client.ok('POST', '/fapi/v1/order', { ...USDM, timeInForce: 'GTX', newClientOrderId: 'm' });
    const amended = client.ok('PUT', '/fapi/v1/order', { symbol, side: 'BUY', origClientOrderId: 'm', quantity: '0.01', price: '66000' });
    expect(amended).toMatchObject({ orderId: placed['orderId'] });
    expect(client.ok('GET', '/fapi/v1/order', { symbol, origClientOrderId: 'm' })['status']).toMatch(/CANCELED|EXPIRED/);
    expect(client.list('GET', '/fapi/v1/userTrades', { symbol })).toEqual([]);
  });

  it('on COIN-M are amended in price or in quantity alone', () => {
    const client = BinanceClient.at('binance-coinm');
    const own = { symbol: 'BTCUSD_PERP', side: 'BUY', origClientOrderId: 'm' };
    const { origClientOrderId, ...rest } = own;
    client.ok('POST', '/dapi/v1/order', {
      ...rest,
      newClientOrderId: origClientOrderId,
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: 5,
      price: '64000',
    });
    expect(client.ok('PUT', '/dapi/v1/order', { ...own, quantity: 3 })).toMatchObject({ origQty: '3', price: '64000.0' });
    expect(client.ok('PUT', '/dapi/v1/order', { ...own, price: '63000' })).toMatchObject({ origQty: '3', price: '63000.0' });
    expect(client.refusal('PUT', '/dapi/v1/order', own)[1]).toBe(-1102);
    expect(client.refusal('PUT', '/dapi/v1/order', { ...own, side: 'SELL', price: '62000' })[1]).toBe(-1117);
  });

  it.each([
    ['binance-usdm', '/fapi/v1/order', { ...USDM, selfTradePreventionMode: 'EXPIRE_MAKER' }],
    ['binance-coinm', '/dapi/v1/order', { ...USDM, symbol: 'BTCUSD_PERP', quantity: '4', selfTradePreventionMode: 'EXPIRE_MAKER' }],
  ] as const)(
    'of %s go to the end of their queue when modified, also for a smaller quantity, and lose their self-trade prevention',
    (id, path, terms) => {
      const client = BinanceClient.at(id);
      const { exchange } = client.venue.venue;
      const market = client.venue.world.markets.find(({ spec }) => spec.symbol === terms.symbol);
      const account = exchange.keyOf(client.apiKey)?.account;
      const ids: unknown[] = [];
      for (let one = 0; one < 2; one++) ids.push(client.ok('POST', path, terms)['orderId']);
      const queue = (): number[] => {
        const lots: number[] = [];
        const ticks = exchange.openOrders(account!)[0]?.ticks ?? 0;
        for (let resting = market?.engine.side('buy').at(ticks)?.first ?? null; resting !== null; resting = resting.next)
          if (resting.owner === account?.id) lots.push(resting.lots);
        return lots;
      };
      const [whole] = queue();
      expect(queue()).toEqual([whole, whole]);
      const change = { symbol: terms.symbol, side: 'BUY', orderId: Number(ids[0]), price: terms.price };
      const smaller = { ...change, quantity: String(Number(terms.quantity) / 2) };
      expect(client.ok('PUT', path, smaller)).toMatchObject({ orderId: ids[0], selfTradePreventionMode: 'NONE' });
      expect(queue()).toEqual([whole, (whole ?? 0) / 2]);
    },
  );

  it('are all cancelled when nobody resets the countdown', () => {
    const client = BinanceClient.at('binance-usdm');
    client.ok('POST', '/fapi/v1/order', USDM);
    expect(client.ok('POST', '/fapi/v1/countdownCancelAll', { symbol, countdownTime: 1_000 })).toEqual({ symbol, countdownTime: '1000' });
    client.venue.run(0.9);
    client.ok('POST', '/fapi/v1/countdownCancelAll', { symbol, countdownTime: 1_000 });
    client.venue.run(0.9);
    expect(client.list('GET', '/fapi/v1/openOrders', { symbol })).toHaveLength(1);
    client.venue.run(0.2);
    expect(client.list('GET', '/fapi/v1/openOrders', { symbol })).toEqual([]);
    client.ok('POST', '/fapi/v1/order', USDM);
    client.ok('POST', '/fapi/v1/countdownCancelAll', { symbol, countdownTime: 100 });
    client.ok('POST', '/fapi/v1/countdownCancelAll', { symbol, countdownTime: 0 });
    client.venue.run(0.5);
    expect(client.list('GET', '/fapi/v1/openOrders', { symbol })).toHaveLength(1);
  });

  it('take their price from the book when they are told to', () => {
    const client = BinanceClient.at('binance-usdm');
    const [market] = client.venue.world.markets;
    const { price, ...order } = USDM;
    expect(price).toBe('64000');
    const placed = client.ok('POST', '/fapi/v1/order', { ...order, priceMatch: 'QUEUE_5' });
    const bids = (
      client.venue.get('/fapi/v1/depth?symbol=BTCUSDT&limit=5').json as { readonly bids: readonly (readonly [string, string])[] }
    ).bids;
    expect(placed['price']).toBe(bids.at(-1)?.[0]);
    expect(market?.spec.symbol).toBe(symbol);
    expect(client.refusal('POST', '/fapi/v1/order', { ...USDM, priceMatch: 'QUEUE' })[1]).toBe(-1106);
  });
});

describe('limits', () => {
  it('on new orders answer 429 and count again in the next ten seconds', () => {
    const client = BinanceClient.at('binance-spot');
    let last = client.call('POST', '/api/v3/order', { ...SPOT, quantity: '0.0001' });
    for (let count = 2; count <= 100; count++) last = client.call('POST', '/api/v3/order', { ...SPOT, quantity: '0.0001' });
    expect([last.status, last.headers?.['x-mbx-order-count-10s']]).toEqual([200, '100']);
    const refused = client.call('POST', '/api/v3/order', SPOT);
    expect([refused.status, refused.json]).toEqual([
      429,
      { code: -1015, msg: 'Too many new orders; current limit is 100 orders per 10 SECOND.' },
    ]);
    expect(Number(refused.headers?.['retry-after'])).toBe(10);
    expect(client.list('GET', '/api/v3/rateLimit/order')).toMatchObject([
      { intervalNum: 10, count: 100 },
      { interval: 'DAY', count: 100 },
    ]);
    client.venue.run(10);
    expect(client.call('POST', '/api/v3/order', SPOT).headers?.['x-mbx-order-count-10s']).toBe('1');
  });

  it('on weight end in a ban for those who do not listen, and nobody else', () => {
    const client = BinanceClient.at('binance-usdm');
    for (let calls = 0; calls < 60; calls++) client.call('GET', '/fapi/v1/openOrders');
    const first = client.call('GET', '/fapi/v1/openOrders');
    expect([first.status, (first.json as Json)['code'], Number(first.headers?.['retry-after']) > 0]).toEqual([429, -1003, true]);
    let last = first;
    for (let calls = 0; calls < 20; calls++) last = client.call('GET', '/fapi/v1/openOrders');
    expect(last.status).toBe(418);
    expect(String((last.json as Json)['msg'])).toMatch(
      /^Way too many requests; IP banned until \d{13}\. Please use the websocket for live updates to avoid bans\.$/,
    );
  });

  it('bans last longer each time, and behaving forgives what was refused', () => {
    const limits = new RateLimits({ family: 'spot', weightPerMinute: 10, orderLimits: [] });
    const minute = 60_000_000;
    const status = (nowUs: number): number => {
      try {
        limits.spend('a', 6, nowUs);
        return 200;
      } catch (error) {
        if (error instanceof RateRefusal) return error.status;
        throw error;
      }
    };
    const first = Array.from({ length: 21 }, () => status(0));
    const words = (): string => {
      try {
        limits.spend('a', 1, 1);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(words()).toContain('Way too much request weight used; IP banned until 120000. Please use WebSocket Streams');
    expect(first).toEqual([200, ...Array<number>(19).fill(429), 418]);
    expect([status(2 * minute - 1), status(2 * minute)]).toEqual([418, 200]);
    for (let count = 0; count < 20; count++) status(2 * minute);
    expect([status(6 * minute - 1), status(6 * minute)]).toEqual([418, 200]);
    for (let count = 0; count < 19; count++) expect(status(6 * minute)).toBe(429);
    expect(status(7 * minute)).toBe(200);
    for (let count = 0; count < 19; count++) expect(status(7 * minute)).toBe(429);
  });
});
