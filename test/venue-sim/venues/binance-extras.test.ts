/** Paths of the Binance venues that clients seldom call: amendments made, dates of orders, lists that stay empty, what weighs how much. */
import { describe, expect, it } from 'vitest';
import { BinanceClient, type Json } from '../support/binance-client.js';
import { TestVenue } from '../support/venue-client.js';

const symbol = 'BTCUSDT';
const SPOT = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.002', price: '60000' };
const USDM = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '64000' };

/** What a request adds to the minute's weight. */
function weigh(client: BinanceClient, target: string): number {
  const used = (): number => Number(client.venue.get(target).headers?.['x-mbx-used-weight-1m']);
  return -used() + used();
}

describe('binance amendments', () => {
  it('are listed with what was and what became, on spot oldest first, on futures newest first', () => {
    const spot = BinanceClient.at('binance-spot');
    const { orderId } = spot.ok('POST', '/api/v3/order', { ...SPOT, newClientOrderId: 'a' });
    const one = { symbol, orderId: Number(orderId) };
    expect(spot.list('GET', '/api/v3/order/amendments', one)).toEqual([]);
    spot.ok('PUT', '/api/v3/order/amend/keepPriority', { ...one, newQty: '0.0015', newClientOrderId: 'b' });
    spot.ok('PUT', '/api/v3/order/amend/keepPriority', { ...one, newQty: '0.001', newClientOrderId: 'c' });
    spot.venue.run(0.02);
    expect(spot.list('GET', '/api/v3/order/amendments', one)).toMatchObject([
      { ...one, executionId: 1, origClientOrderId: 'a', newClientOrderId: 'b', origQty: '0.00200000', newQty: '0.00150000' },
      { ...one, executionId: 2, origClientOrderId: 'b', newClientOrderId: 'c', origQty: '0.00150000', newQty: '0.00100000' },
    ]);
    expect(spot.list('GET', '/api/v3/order/amendments', { ...one, fromExecutionId: 2 })).toHaveLength(1);
    expect(spot.refusal('GET', '/api/v3/order/amendments', { symbol, orderId: 1 })).toEqual([400, -2013, 'Order does not exist.']);

    const usdm = BinanceClient.at('binance-usdm');
    const placed = usdm.ok('POST', '/fapi/v1/order', USDM);
    const same = { symbol, orderId: Number(placed['orderId']) };
    usdm.ok('PUT', '/fapi/v1/order', { ...same, side: 'BUY', quantity: '0.02', price: '63990' });
    usdm.ok('PUT', '/fapi/v1/order', { ...same, side: 'BUY', quantity: '0.02', price: '63980' });
    usdm.venue.run(0.02);
    expect(usdm.list('GET', '/fapi/v1/orderAmendment', same)).toMatchObject([
      { ...same, pair: symbol, amendment: { price: { before: '63990.00', after: '63980.00' }, count: 2 } },
      { amendment: { price: { before: '64000.00', after: '63990.00' }, origQty: { before: '0.010', after: '0.020' }, count: 1 } },
    ]);
  });
});

describe('binance orders with a date', () => {
  it('are told with it and expire on it', () => {
    const client = BinanceClient.at('binance-usdm');
    const goodTillDate = client.nowMs() + 700_500;
    const key = String(client.ok('POST', '/fapi/v1/listenKey')['listenKey']);
    const order = { ...USDM, timeInForce: 'GTD', price: '50000', quantity: '0.1' };
    expect(client.refusal('POST', '/fapi/v1/order', order)).toMatchObject([400, -1102, expect.stringContaining('goodTillDate')]);
    expect(client.refusal('POST', '/fapi/v1/order', { ...order, goodTillDate: client.nowMs() + 500_000 })).toMatchObject([400, -1130, {}]);
    const date = goodTillDate - (goodTillDate % 1_000);
    const placed = client.ok('POST', '/fapi/v1/order', { ...order, goodTillDate });
    expect(placed).toMatchObject({ timeInForce: 'GTD', goodTillDate: date, status: 'NEW' });
    const { exchange } = client.venue.venue;
    const [note = ''] = [...exchange.notes.keys()].filter((name) => name.startsWith('good till'));
    expect(exchange.notes.get(note)).toBe(String(date));
    const socket = client.venue.open(`/private/ws/${key}`);
    exchange.notes.set(note, String(client.nowMs() + 50));
    client.venue.run(0.1);
    expect(socket.take()).toMatchObject([{ e: 'ORDER_TRADE_UPDATE', o: { x: 'EXPIRED', X: 'EXPIRED', f: 'GTD', gtd: date } }]);
    const asked = client.ok('GET', '/fapi/v1/order', { symbol, orderId: Number(placed['orderId']) });
    expect(asked).toMatchObject({ status: 'EXPIRED', goodTillDate: date });
    expect(exchange.notes.has(note)).toBe(false);
    const coinm = BinanceClient.at('binance-coinm');
    const inCoin = { ...order, symbol: 'BTCUSD_PERP', quantity: '1', goodTillDate };
    expect(coinm.refusal('POST', '/dapi/v1/order', inCoin)).toEqual([400, -1115, 'Invalid timeInForce.']);
  });
});

describe('binance batch cancels', () => {
  it('take a single id that is no list', () => {
    const client = BinanceClient.at('binance-coinm');
    const order = { ...USDM, symbol: 'BTCUSD_PERP', quantity: '1' };
    const { orderId } = client.ok('POST', '/dapi/v1/order', order);
    const answer = client.list('DELETE', '/dapi/v1/batchOrders', { symbol: 'BTCUSD_PERP', orderIdList: Number(orderId) });
    expect(answer).toMatchObject([{ orderId, status: 'CANCELED' }]);
    const bad = client.refusal('DELETE', '/dapi/v1/batchOrders', { symbol: 'BTCUSD_PERP', orderIdList: '"x"' });
    expect(bad).toEqual([400, -1130, "Data sent for parameter 'orderIdList' is not valid."]);
  });
});

describe('binance lists that stay empty', () => {
  it.each([
    ['binance-spot', '/api/v3/openOrderList', {}],
    ['binance-spot', '/api/v3/allOrderList', {}],
    ['binance-spot', '/api/v3/myPreventedMatches', { symbol, orderId: 1 }],
    ['binance-spot', '/api/v3/myAllocations', { symbol }],
    ['binance-spot', '/sapi/v1/capital/deposit/hisrec', {}],
    ['binance-usdm', '/fapi/v1/openAlgoOrders', {}],
    ['binance-usdm', '/fapi/v1/allAlgoOrders', { symbol }],
    ['binance-coinm', '/dapi/v1/openAlgoOrders', {}],
  ] as const)('%s %s', (id, path, params) => {
    expect(BinanceClient.at(id).list('GET', path, params)).toEqual([]);
  });

  it('and conditional orders are refused, not lost', () => {
    const client = BinanceClient.at('binance-usdm');
    const stop = { algoType: 'CONDITIONAL', symbol, side: 'SELL', type: 'STOP_MARKET', triggerPrice: '50000', quantity: '0.01' };
    expect(client.refusal('POST', '/fapi/v1/algoOrder', stop)).toEqual([400, -1020, 'This operation is not supported.']);
    expect(client.refusal('GET', '/fapi/v1/algoOrder', { algoId: 1 })).toEqual([400, -2013, 'Order does not exist.']);
    expect(client.ok('DELETE', '/fapi/v1/algoOpenOrders', { symbol })).toMatchObject({ code: 200 });
    expect(client.refusal('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'X' })).toEqual([400, -1121, 'Invalid symbol.']);
  });
});

describe('binance isolated margin', () => {
  it('that was added and taken away is listed, newest first', () => {
    const client = BinanceClient.at('binance-usdm');
    const history = (params: Record<string, number> = {}): Json[] =>
      client.list('GET', '/fapi/v1/positionMargin/history', { symbol, ...params });
    client.ok('POST', '/fapi/v1/marginType', { symbol, marginType: 'ISOLATED' });
    client.ok('POST', '/fapi/v1/order', { symbol, side: 'BUY', type: 'MARKET', quantity: '0.1' });
    expect(history()).toEqual([]);
    client.ok('POST', '/fapi/v1/positionMargin', { symbol, amount: '12.5', type: 1 });
    client.ok('POST', '/fapi/v1/positionMargin', { symbol, amount: '2', type: 2 });
    expect(history()).toMatchObject([
      { symbol, type: 2, amount: '-2.00000000', asset: 'USDT', positionSide: 'BOTH' },
      { symbol, type: 1, amount: '12.50000000', deltaType: 'USER_ADJUST' },
    ]);
    expect(history({ type: 1 })).toHaveLength(1);
    expect(client.venue.venue.exchange.audit()).toEqual([]);
  });
});

describe('binance odds and ends', () => {
  it('tell what a wallet holds, and remember whether fees are wished in BNB', () => {
    const spot = BinanceClient.at('binance-spot');
    spot.ok('POST', '/api/v3/order', SPOT);
    const [usdt] = spot.list('POST', '/sapi/v3/asset/getUserAsset', { asset: 'USDT' });
    expect(usdt).toMatchObject({ asset: 'USDT', free: '999880.00000000', locked: '120.00000000' });
    const usdm = BinanceClient.at('binance-usdm');
    const wish = (): Json => usdm.ok('GET', '/fapi/v1/feeBurn');
    expect(wish()).toEqual({ feeBurn: false });
    usdm.ok('POST', '/fapi/v1/feeBurn', { feeBurn: 'true' });
    expect(wish()).toEqual({ feeBurn: true });
    usdm.ok('POST', '/fapi/v1/feeBurn', { feeBurn: 'false' });
    expect(wish()).toEqual({ feeBurn: false });
    expect(usdm.venue.get('/fapi/v1/symbolAdlRisk?symbol=BTCUSDT').json).toMatchObject({ symbol, adlRisk: 'low' });
  });

  it('weigh as the documents of each venue say', () => {
    const spot = BinanceClient.at('binance-spot');
    const usdm = BinanceClient.at('binance-usdm');
    const spotWeights = { 'depth?symbol=BTCUSDT&limit=1000': 50, 'ticker/24hr': 80, 'ticker/24hr?symbol=BTCUSDT': 2, 'ticker/price': 4 };
    const usdmWeights = {
      'depth?symbol=BTCUSDT&limit=50': 2,
      'depth?symbol=BTCUSDT&limit=1000': 20,
      'ticker/24hr': 40,
      'ticker/price': 2,
      premiumIndex: 10,
    };
    for (const [path, weight] of Object.entries(spotWeights)) expect(weigh(spot, `/api/v3/${path}`), path).toBe(weight);
    for (const [path, weight] of Object.entries(usdmWeights)) expect(weigh(usdm, `/fapi/v1/${path}`), path).toBe(weight);
    expect(weigh(usdm, '/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500')).toBe(10);
  });
});

describe('fundingInfo', () => {
  it.each([
    ['binance-usdm', '/fapi/v1/fundingInfo'],
    ['binance-coinm', '/dapi/v1/fundingInfo'],
  ] as const)('of %s names every contract with its hours and its bounds', (id, target) => {
    const venue = new TestVenue(id);
    const listed = venue.get(target).json as Record<string, unknown>[];
    expect(listed.map(({ symbol }) => symbol)).toEqual(venue.world.markets.map(({ spec }) => spec.symbol));
    for (const row of listed) {
      expect(row).toMatchObject({
        adjustedFundingRateCap: '0.00300000',
        adjustedFundingRateFloor: '-0.00300000',
        fundingIntervalHours: 8,
        disclaimer: false,
      });
    }
  });
});
