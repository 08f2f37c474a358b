/** Listen keys, the request socket with its sessions, and what a key may do. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BinanceClient, type Json } from '../support/binance-client.js';

const SPOT = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '60000' };
const USDM = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '64000' };
const symbol = 'BTCUSDT';

/** Asks one signed request after the other on a connection of its own. */
function asker(client: BinanceClient, path: string): (method: string, params?: Record<string, string | number>) => Json {
  const socket = client.venue.open(path);
  let id = 0;
  return (method, params = {}) => {
    const signed: Record<string, string | number> = { ...params, apiKey: client.apiKey, timestamp: client.nowMs() };
    const payload = Object.keys(signed)
      .toSorted()
      .map((name) => `${name}=${signed[name]}`)
      .join('&');
    socket.send({ id: `r${++id}`, method, params: { ...signed, signature: client.sign(payload) } });
    return socket.take()[0] ?? {};
  };
}

describe('listen keys', () => {
  it('stay the same while they live, die after an hour without a word, and say so', () => {
    const client = BinanceClient.at('binance-coinm');
    const path = '/dapi/v1/listenKey';
    const key = String(client.ok('POST', path)['listenKey']);
    const raw = client.venue.open(`/ws/${key}`);
    const combined = client.venue.open('/stream?streams=');
    combined.send({ method: 'SUBSCRIBE', params: [key, 'btcusd_perp@bookTicker'], id: 'x' });
    combined.send({ method: 'LIST_SUBSCRIPTIONS', id: 2 });
    expect(combined.take()).toEqual([
      { result: null, id: 'x' },
      { result: [key, 'btcusd_perp@bookTicker'], id: 2 },
    ]);
    client.ok('POST', '/dapi/v1/order', {
      symbol: 'BTCUSD_PERP',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '1',
      price: '64000',
    });
    expect(raw.take()).toMatchObject([{ e: 'ORDER_TRADE_UPDATE', o: { x: 'NEW', ma: 'BTC' } }]);
    expect(combined.take()).toMatchObject([{ stream: key, data: { e: 'ORDER_TRADE_UPDATE' } }]);
    expect(client.ok('POST', path)['listenKey']).toBe(key);
    expect(client.ok('PUT', path)).toEqual({ listenKey: key });
    const exchange = client.venue.venue.exchange;
    const [name = ''] = [...exchange.notes.keys()].filter((note) => note.startsWith('listenKey'));
    exchange.notes.set(name, `${key} ${client.venue.world.nowUs + 50_000}`);
    client.venue.run(0.1);
    expect(raw.take()).toMatchObject([{ e: 'listenKeyExpired', listenKey: key }]);
    expect(client.refusal('PUT', path, { listenKey: key })).toEqual([400, -1125, 'This listenKey does not exist.']);
    expect(client.ok('POST', path)['listenKey']).not.toBe(key);
  });

  it('on USD-M open the private path alone, all events or the chosen ones', () => {
    const client = BinanceClient.at('binance-usdm');
    const key = String(client.ok('POST', '/fapi/v1/listenKey')['listenKey']);
    const elsewhere = client.venue.open(`/public/ws/${key}`);
    const all = client.venue.open(`/private/ws/${key}`);
    const chosen = client.venue.open(`/private/ws?listenKey=${key}&events=ACCOUNT_UPDATE`);
    client.ok('POST', '/fapi/v1/order', { symbol, side: 'BUY', type: 'MARKET', quantity: '0.01' });
    client.venue.run(0.02);
    expect(all.take().map((event) => event['e'])).toEqual(['ORDER_TRADE_UPDATE', 'TRADE_LITE', 'ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE']);
    expect(chosen.take().map((event) => event['e'])).toEqual(['ACCOUNT_UPDATE']);
    expect(elsewhere.take()).toEqual([]);
    client.ok('DELETE', '/fapi/v1/listenKey');
    expect(all.take()).toMatchObject([{ e: 'listenKeyExpired' }]);
  });
});

describe('the request socket', () => {
  it('trades by signed requests, with the counts beside the answer', () => {
    const client = BinanceClient.at('binance-spot');
    const socket = client.venue.open('/ws-api/v3');
    const ask = (id: string | number, method: string, params: Record<string, string | number>): Json => {
      const signed: Record<string, string | number> = { ...params, apiKey: client.apiKey, timestamp: client.nowMs() };
      const payload = Object.keys(signed)
        .toSorted()
        .map((name) => `${name}=${signed[name]}`)
        .join('&');
      socket.send({ id, method, params: { ...signed, signature: client.sign(payload) } });
      return socket.take()[0] ?? {};
    };
    expect(ask('p', 'order.place', { ...SPOT, newClientOrderId: 'ws' })).toMatchObject({
      id: 'p',
      status: 200,
      result: { clientOrderId: 'ws', status: 'NEW', fills: [] },
      rateLimits: [{ rateLimitType: 'ORDERS', count: 1 }, { interval: 'DAY' }, { rateLimitType: 'REQUEST_WEIGHT', limit: 6_000 }],
    });
    expect(ask(2, 'order.status', { symbol, origClientOrderId: 'ws' })).toMatchObject({ id: 2, result: { origQty: '0.00100000' } });
    expect(ask(3, 'openOrders.status', { symbol })).toMatchObject({ result: [{ clientOrderId: 'ws' }] });
    expect(ask(4, 'account.status', {})).toMatchObject({ result: { accountType: 'SPOT' } });
    expect(ask(5, 'order.test', SPOT)).toMatchObject({ status: 200, result: {} });
    expect(ask(6, 'order.cancel', { symbol, origClientOrderId: 'ws' })).toMatchObject({ result: { status: 'CANCELED' } });
    expect(ask(7, 'order.cancel', { symbol, origClientOrderId: 'ws' })).toMatchObject({ status: 400, error: { code: -2011 } });
    socket.send({ id: 8, method: 'order.place', params: { ...SPOT, apiKey: client.apiKey, timestamp: client.nowMs(), signature: 'x' } });
    expect(socket.take()).toMatchObject([{ id: 8, status: 400, error: { code: -1022 } }]);
    client.venue.script.add({ kind: 'status', match: { op: 'place' }, params: { status: 500 } }, client.venue.world.nowUs);
    expect(ask(9, 'order.place', { ...SPOT })).toMatchObject({ id: 9, status: 500, error: { code: -1000 } });
  });

  it('logs a session on with an Ed25519 key alone, and then needs neither key nor signature', () => {
    const client = BinanceClient.at('binance-spot');
    const socket = client.venue.open('/ws-api/v3');
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { exchange } = client.venue.venue;
    const [account] = exchange.testAccounts;
    if (account === undefined) throw new Error('no account');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const key = { apiKey: 'ed', secret: '', publicKey: pem, account, canTrade: true, canWithdraw: false, createdUs: 0 };
    exchange.registerKey(key);
    const timestamp = client.nowMs();
    const own = client.sign(`apiKey=${client.apiKey}&timestamp=${timestamp}`);
    socket.send({ id: 1, method: 'session.logon', params: { apiKey: client.apiKey, timestamp, signature: own } });
    socket.send({ id: 2, method: 'userDataStream.subscribe' });
    const signature = sign(null, Buffer.from(`apiKey=ed&timestamp=${timestamp}`), privateKey).toString('base64');
    socket.send({ id: 3, method: 'session.logon', params: { apiKey: 'ed', timestamp, signature } });
    socket.send({ id: 4, method: 'userDataStream.subscribe' });
    socket.send({ id: 5, method: 'order.place', params: { ...SPOT, newClientOrderId: 'session', timestamp } });
    socket.send({ id: 6, method: 'session.subscriptions' });
    expect(socket.take()).toMatchObject([
      { id: 1, status: 400, error: { code: -4056, msg: 'HMAC_SHA256 API key is not supported.' } },
      { id: 2, status: 401 },
      { id: 3, status: 200, result: { apiKey: 'ed', userDataStream: false } },
      { id: 4, status: 200, result: { subscriptionId: 0 } },
      { id: 5, status: 200, result: { clientOrderId: 'session' } },
      { subscriptionId: 0, event: { e: 'executionReport', x: 'NEW', c: 'session' } },
      { subscriptionId: 0, event: { e: 'outboundAccountPosition' } },
      { id: 6, result: [{ subscriptionId: 0 }] },
    ]);
    socket.send({ id: 7, method: 'userDataStream.unsubscribe', params: { subscriptionId: 0 } });
    socket.send({ id: 8, method: 'session.logout' });
    socket.send({ id: 9, method: 'order.place', params: { ...SPOT, timestamp } });
    expect(socket.take()).toMatchObject([
      { id: 7, status: 200 },
      { id: 8, result: { apiKey: null } },
      { id: 9, error: { code: -1102 } },
    ]);
  });
});

describe('the request sockets of futures', () => {
  it.each([
    ['binance-usdm', '/ws-fapi/v1', USDM],
    ['binance-coinm', '/ws-dapi/v1', { ...USDM, symbol: 'BTCUSD_PERP', quantity: '1' }],
  ] as const)('of %s place, modify, tell and cancel orders, and tell of the account as REST does', (id, path, order) => {
    const client = BinanceClient.at(id);
    const root = id === 'binance-usdm' ? '/fapi' : '/dapi';
    const ask = asker(client, path);
    const own = { symbol: order.symbol, origClientOrderId: 'ws' };
    expect(ask('order.place', { ...order, newClientOrderId: 'ws' })).toMatchObject({
      id: 'r1',
      status: 200,
      result: { clientOrderId: 'ws', status: 'NEW' },
      rateLimits: [{ rateLimitType: 'ORDERS' }, ...(id === 'binance-usdm' ? [{}] : []), { rateLimitType: 'REQUEST_WEIGHT', limit: 2_400 }],
    });
    expect(ask('order.modify', { ...own, side: 'BUY', quantity: order.quantity, price: '63900' })).toMatchObject({ status: 200 });
    const asked = ask('order.status', own)['result'] as Json;
    expect(asked).toEqual(client.ok('GET', `${root}/v1/order`, own));
    expect(Number(asked['price'])).toBe(63_900);
    expect(ask('order.cancel', own)).toMatchObject({ result: { status: 'CANCELED' } });
    expect(ask('order.cancel', own)).toMatchObject({ status: 400, error: { code: -2011 } });
    const version = id === 'binance-usdm' ? 'v2' : 'v1';
    for (const [method, rest] of [
      ['account.balance', `${root}/${version}/balance`],
      ['account.status', `${root}/${version}/account`],
      ['account.position', `${root}/${version}/positionRisk`],
    ] as const)
      expect(ask(method)['result'], method).toEqual(client.ok('GET', rest));
    expect(ask('userDataStream.start')['result']).toEqual(client.ok('POST', `${root}/v1/listenKey`));
    expect(ask('userDataStream.subscribe.signature')).toMatchObject({ status: 400, error: { code: -1000 } });
    expect(ask('openOrders.status', { symbol: order.symbol })).toMatchObject({ error: { code: -1000 } });
  });

  it('answer market data of USD-M without a key, and exist on their own paths alone', () => {
    const client = BinanceClient.at('binance-usdm');
    const socket = client.venue.open('/ws-fapi/v1');
    socket.send({ id: 1, method: 'ticker.book', params: { symbol } });
    socket.send({ id: null, method: 'depth', params: { symbol, limit: 5 } });
    const [ticker, depth] = socket.take();
    expect(ticker).toMatchObject({ id: 1, status: 200, result: { symbol } });
    expect(depth).toMatchObject({ id: null, result: client.venue.get('/fapi/v1/depth?symbol=BTCUSDT&limit=5').json as Json });
    for (const path of ['/ws-api/v3', '/ws-dapi/v1']) expect(client.venue.connect(path)).toBeNull();
  });
});

describe('rights of a key', () => {
  it('can be read, and a key that may not trade cannot', () => {
    const client = BinanceClient.at('binance-usdm');
    expect(client.ok('GET', '/sapi/v1/account/apiRestrictions')).toMatchObject({
      enableReading: true,
      enableWithdrawals: false,
      enableFutures: true,
    });
    expect(client.list('GET', '/sapi/v1/capital/config/getall')).toMatchObject([
      { coin: 'USDT', isLegalMoney: false },
      { coin: 'BNB', isLegalMoney: false },
    ]);
    const { exchange } = client.venue.venue;
    const own = exchange.keyOf(client.apiKey);
    if (own === undefined) throw new Error('no key');
    exchange.registerKey({ ...own, canTrade: false });
    expect(client.refusal('POST', '/fapi/v1/order', USDM)).toEqual([401, -2015, 'Invalid API-key, IP, or permissions for action.']);
    expect(client.call('GET', '/fapi/v1/openOrders').status).toBe(200);
  });
});
