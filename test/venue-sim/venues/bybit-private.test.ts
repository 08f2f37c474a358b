import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { needRecordings } from '../../support/recordings.js';
import { BybitClient, dataOf, rowsOf, type Json } from '../support/bybit-client.js';
import { expectShape, recorded } from '../support/row-shape.js';
import { START_US, TestVenue } from '../support/venue-client.js';

const PRIVATE = 'private/bybit.ndjson';
let bybit: BybitClient;

beforeEach(() => {
  bybit = new BybitClient();
  bybit.venue.run(0.1);
});

/** A limit order far below the market. */
function far(category: string, more: Json = {}): Json {
  const symbol = category === 'inverse' ? 'BTCUSD' : 'BTCUSDT';
  return { category, symbol, side: 'Buy', orderType: 'Limit', qty: category === 'inverse' ? '100' : '0.01', price: '60000', ...more };
}

function crossing(category: string, more: Json = {}): Json {
  return { ...far(category), orderType: 'Market', price: undefined, marketUnit: 'baseCoin', ...more };
}

describe('bybit authentication', () => {
  it('refuses keys it does not know, wrong signatures, and requests from another time', () => {
    const headers = bybit.headers('');
    expect(bybit.send('GET', 'account/info', '', '', {})).toMatchObject({ status: 401, retCode: 10_003 });
    expect(bybit.send('GET', 'account/info', '', '', { ...headers, 'x-bapi-api-key': 'nobody' })).toMatchObject({
      status: 401,
      retCode: 10_003,
    });
    const forged = bybit.send('GET', 'account/info', '', '', { ...headers, 'x-bapi-sign': 'ab' });
    expect(forged).toMatchObject({ status: 200, retCode: 10_004 });
    expect(forged.retMsg).toBe(`error sign! origin_string[${bybit.nowMs()}${bybit.apiKey}5000]`);
    for (const [offsetMs, isTaken] of [
      [-5_000, true],
      [-5_001, false],
      [999, true],
      [1_000, false],
    ] as const) {
      const sent = String(bybit.nowMs() + offsetMs);
      const answer = bybit.send('GET', 'account/info', '', '', bybit.headers('', sent));
      expect([offsetMs, answer.retCode]).toEqual([offsetMs, isTaken ? 0 : 10_002]);
      if (isTaken) continue;
      expect(answer.retMsg).toBe(
        `invalid request, please check your server timestamp or recv_window param. req_timestamp[${sent}],server_timestamp[${bybit.nowMs()}],recv_window[5000]`,
      );
    }
  });

  it('signs over the text as sent, and takes RSA keys', () => {
    const query = 'category=linear&symbol=BTCUSDT&cursor=a%2Cb';
    expect(bybit.send('GET', 'order/realtime', query, '', bybit.headers(query)).retCode).toBe(0);
    expect(bybit.send('GET', 'order/realtime', query.replace('%2C', ','), '', bybit.headers(query)).retCode).toBe(10_004);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const { exchange } = bybit.venue.venue;
    const known = exchange.keyOf(bybit.apiKey);
    if (known === undefined) throw new Error('no test key');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    exchange.registerKey({ ...known, apiKey: 'rsa-key', secret: '', publicKey: pem });
    const sent = String(bybit.nowMs());
    const signature = sign('sha256', Buffer.from(`${sent}rsa-key5000`), privateKey).toString('base64');
    const headers = { 'x-bapi-api-key': 'rsa-key', 'x-bapi-timestamp': sent, 'x-bapi-recv-window': '5000', 'x-bapi-sign': signature };
    expect(bybit.send('GET', 'account/info', '', '', headers).retCode).toBe(0);
    expect(bybit.send('GET', 'account/info', 'a=b', '', headers).retCode).toBe(10_004);
  });

  it('states leverage steps, by category and symbol', () => {
    const tiers = bybit.get('market/risk-limit', { category: 'linear', symbol: 'BTCUSDT' });
    expect(rowsOf(tiers)).toMatchObject([
      { id: 1, symbol: 'BTCUSDT', maintenanceMargin: '0.005', initialMargin: '0.01', maxLeverage: '100.00' },
    ]);
    expect(bybit.get('market/risk-limit', { category: 'spot' }).retCode).toBe(10_001);
  });

  it('tells what a key may do, and refuses orders of a key that may not trade', () => {
    const rights = bybit.get('user/query-api').result;
    expect(rights).toMatchObject({ readOnly: 0, uta: 1, permissions: { Derivatives: ['DerivativesTrade'], Wallet: [] } });
    const { exchange } = bybit.venue.venue;
    const known = exchange.keyOf(bybit.apiKey);
    if (known === undefined) throw new Error('no test key');
    exchange.registerKey({ ...known, apiKey: 'reader', canTrade: false });
    bybit.apiKey = 'reader';
    expect(bybit.post('order/create', far('linear'))).toMatchObject({ status: 200, retCode: 10_005 });
    expect(bybit.get('user/query-api').result).toMatchObject({ readOnly: 1, permissions: { Spot: [] } });
  });
});

describe('bybit refusals', () => {
  it.each([
    [{ category: 'equity' }, 10_001, 'Illegal category'],
    [{ symbol: 'NOPE' }, 10_001, 'params error: symbol invalid'],
    [{ side: 'buy' }, 10_001, 'params error: side invalid'],
    [{ orderType: 'Stop' }, 10_001, 'params error: orderType invalid'],
    [{ timeInForce: 'GTD' }, 10_001, 'params error: timeInForce invalid'],
    [{ positionIdx: 1 }, 10_001, 'position idx not match position mode'],
    [{ triggerPrice: '50000' }, 10_001, 'params error: triggerPrice invalid'],
    [{ orderLinkId: 'a'.repeat(37) }, 10_001, 'params error: orderLinkId invalid'],
    [{ qty: '0.0105' }, 10_001, 'Qty invalid'],
    [{ qty: '0' }, 10_001, 'The number of contracts exceeds minimum limit allowed'],
    [{ qty: '1501' }, 10_001, 'The number of contracts exceeds maximum limit allowed: too large'],
    [{ price: '60000.05' }, 10_001, 'Price invalid'],
    [{ price: '0' }, 10_001, 'Price invalid'],
    [{ price: '70000' }, 110_003, 'Order price exceeds the allowable range.'],
    [{ qty: '0.001', price: '4000' }, 110_094, 'Order does not meet minimum order value 5USDT'],
    [{ qty: '1000' }, 110_007, 'ab not enough for new order'],
    [{ reduceOnly: true }, 110_017, 'current position is zero, cannot fix reduce-only order qty'],
  ] as const)('linear %j: %d', (more, code, message) => {
    expect(bybit.post('order/create', far('linear', more))).toMatchObject({
      status: 200,
      retCode: code,
      retMsg: message,
      result: {},
      retExtInfo: {},
    });
  });

  it.each([
    [{ symbol: 'NOPE' }, 170_121, 'Invalid symbol.'],
    [{ side: 'buy' }, 170_117, 'Invalid side.'],
    [{ orderType: 'Stop' }, 170_116, 'Invalid orderType.'],
    [{ timeInForce: 'GTD' }, 170_115, 'Invalid timeInForce.'],
    [{ qty: '' }, 170_105, "Parameter 'qty' was empty."],
    [{ qty: 'x' }, 170_130, "Data sent for parameter 'qty' is not valid."],
    [{ qty: '0.0100005' }, 170_137, 'Order quantity has too many decimals.'],
    [{ qty: '0' }, 170_136, 'Order quantity exceeded lower limit.'],
    [{ qty: '231' }, 170_135, 'Order quantity exceeded upper limit.'],
    [{ price: '60000.05' }, 170_134, 'Order price has too many decimals.'],
    [{ qty: '0.00001' }, 170_140, 'Order value exceeded lower limit.'],
    [{ qty: '100' }, 170_131, 'Insufficient balance.'],
    [{ qty: '200' }, 170_124, 'Order amount too large.'],
    [{ side: 'Sell', qty: '21', price: '80000' }, 170_131, 'Insufficient balance.'],
  ] as const)('spot %j: %d', (more, code, message) => {
    expect(bybit.post('order/create', far('spot', more))).toMatchObject({ status: 200, retCode: code, retMsg: message });
  });

  it('bounds prices that take, not those that wait', () => {
    expect(bybit.post('order/create', far('spot', { price: '70000' })).retMsg).toMatch(
      /^Buy order price cannot be higher than 6\d{4}(\.\d)?\.$/,
    );
    expect(bybit.post('order/create', far('spot', { side: 'Sell', price: '60000' })).retCode).toBe(170_194);
    expect(bybit.post('order/create', far('linear', { side: 'Sell', price: '90000' })).retCode).toBe(0);
  });

  it.each([
    ['linear', 110_072, 110_001],
    ['spot', 170_141, 170_213],
  ] as const)('%s: an order that is twice there, or not there', (category, duplicate, unknown) => {
    const named = far(category, { orderLinkId: 'twice' });
    expect(bybit.post('order/create', named).retCode).toBe(0);
    expect(bybit.post('order/create', named).retCode).toBe(duplicate);
    const { symbol } = named;
    expect(bybit.post('order/cancel', { category, symbol })).toMatchObject({ retCode: 10_001 });
    expect(bybit.post('order/cancel', { category, symbol, orderId: 'nobody' })).toMatchObject({ retCode: unknown });
    expect(bybit.post('order/amend', { category, symbol, orderLinkId: 'nobody', qty: '1' })).toMatchObject({ retCode: unknown });
    expect(bybit.post('order/amend', { category, symbol, orderLinkId: 'twice', price: '60000' })).toMatchObject({
      retCode: 10_001,
      retMsg: 'order not modified',
    });
    expect(bybit.post('order/cancel', { category, symbol, orderLinkId: 'twice' }).retCode).toBe(0);
    expect(bybit.post('order/cancel', { category, symbol, orderLinkId: 'twice' }).retCode).toBe(unknown);
    expect(bybit.post('order/create', named).retCode).toBe(0);
  });

  it('refuses another account’s orders, leverage that is the same, and modes that it does not have', () => {
    const { orderId } = bybit.post('order/create', far('linear')).result;
    const other = new BybitClient(bybit.venue, 'spare');
    expect(other.post('order/cancel', { category: 'linear', symbol: 'BTCUSDT', orderId }).retCode).toBe(110_001);
    expect(rowsOf(other.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderId: String(orderId) }))).toEqual([]);
    const leverage = (value: string): number =>
      bybit.post('position/set-leverage', { category: 'linear', symbol: 'BTCUSDT', buyLeverage: value, sellLeverage: value }).retCode;
    expect([leverage('25'), leverage('25'), leverage('101'), leverage('0')]).toEqual([0, 110_043, 110_013, 10_001]);
    const mode = (value: number): number =>
      bybit.post('position/switch-mode', { category: 'linear', symbol: 'BTCUSDT', mode: value }).retCode;
    expect([mode(0), mode(3)]).toEqual([110_025, 110_029]);
    expect(bybit.post('position/switch-isolated', {}).retCode).toBe(100_028);
  });
});

describe('bybit orders', () => {
  it('takes a post-only order that would take, and cancels it with its reason', () => {
    const { orderId } = bybit.post('order/create', far('linear', { price: '65500', timeInForce: 'PostOnly' })).result;
    const [order] = rowsOf(bybit.get('order/history', { category: 'linear', orderId: String(orderId) }));
    expect(order).toMatchObject({
      orderStatus: 'Cancelled',
      rejectReason: 'EC_PostOnlyWillTakeLiquidity',
      cumExecQty: '0',
      timeInForce: 'PostOnly',
    });
  });

  it.each([
    ['IOC', 'EC_NoImmediateQtyToFill'],
    ['FOK', 'EC_NoEnoughQtyToFill'],
  ])('ends %s orders that find nothing', (timeInForce, rejectReason) => {
    const { orderId } = bybit.post('order/create', far('linear', { timeInForce })).result;
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderId: String(orderId) }))).toMatchObject([
      { orderStatus: 'Cancelled', rejectReason, leavesQty: '0' },
    ]);
  });

  it('buys spot by amount or by quantity, and names the unit', () => {
    const amount = bybit.post('order/create', crossing('spot', { marketUnit: undefined, qty: '1000' })).result;
    const [byAmount] = rowsOf(bybit.get('order/realtime', { category: 'spot', orderId: String(amount['orderId']) }));
    expect(byAmount).toMatchObject({ marketUnit: 'quoteCoin', qty: '1000', orderType: 'Market', price: '0', timeInForce: 'IOC' });
    expect(Number(byAmount?.['cumExecValue'])).toBeGreaterThan(990);
    expect(Number(byAmount?.['cumExecValue'])).toBeLessThanOrEqual(1_000);
    expect(bybit.post('order/create', crossing('spot', { marketUnit: 'quoteCoin', qty: '1' })).retCode).toBe(170_140);
    const quantity = bybit.post('order/create', crossing('spot', { side: 'Sell', marketUnit: undefined })).result;
    expect(rowsOf(bybit.get('order/realtime', { category: 'spot', orderId: String(quantity['orderId']) }))).toMatchObject([
      { marketUnit: 'baseCoin', qty: '0.01', orderStatus: 'Filled', cumExecQty: '0.01' },
    ]);
    const [sold, bought] = rowsOf(bybit.get('execution/list', { category: 'spot' }));
    expect([sold?.['feeCurrency'], bought?.['feeCurrency']]).toEqual(['USDT', 'BTC']);
  });

  it('keeps its own two orders from trading with each other when asked', () => {
    const best = Number(rowsOf(bybit.get('market/tickers', { category: 'linear', symbol: 'ETHUSDT' }))[0]?.['bid1Price']);
    const order = { category: 'linear', symbol: 'ETHUSDT', orderType: 'Limit', qty: '0.1', smpType: 'CancelMaker' };
    const { orderId } = bybit.post('order/create', { ...order, side: 'Sell', price: (best + 0.01).toFixed(2) }).result;
    bybit.post('order/create', { ...order, side: 'Buy', qty: '300', price: (best + 0.05).toFixed(2) });
    const [maker] = rowsOf(bybit.get('order/history', { category: 'linear', orderId: String(orderId) }));
    expect(maker).toMatchObject({ orderStatus: 'Cancelled', cancelType: 'CancelBySmp', smpType: 'CancelMaker' });
  });

  it('lists what is open, what ended, page by page, newest first', () => {
    for (let index = 0; index < 7; index++)
      bybit.post('order/create', far('linear', { orderLinkId: `n${index}`, price: String(60_000 + index) }));
    const scope = { category: 'linear', symbol: 'BTCUSDT' };
    const names: unknown[] = [];
    let cursor = '';
    do {
      const page = bybit.get('order/realtime', { ...scope, limit: '3', cursor });
      names.push(...rowsOf(page).map((row) => row['orderLinkId']));
      cursor = String(page.result['nextPageCursor']);
    } while (cursor !== '');
    expect(names).toEqual(['n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0']);
    bybit.venue.run(1);
    expect(bybit.post('order/cancel-all', { category: 'linear' })).toMatchObject({ retCode: 10_001 });
    const all = bybit.post('order/cancel-all', { category: 'linear', settleCoin: 'USDT' });
    expect(rowsOf(all)).toHaveLength(7);
    expect(all.result['success']).toBe('1');
    expect(rowsOf(bybit.get('order/realtime', scope))).toEqual([]);
    expect(rowsOf(bybit.get('order/realtime', { ...scope, openOnly: '1' }))).toHaveLength(7);
    expect(rowsOf(bybit.get('order/history', { category: 'linear', orderStatus: 'Filled' }))).toEqual([]);
    expect(bybit.get('order/realtime', { category: 'linear' })).toMatchObject({ retCode: 10_001 });
  });
});

describe('bybit batches and limits', () => {
  it('answers each order of a batch in two parallel lists', () => {
    const request = [far('linear', { orderLinkId: 'b1' }), far('linear', { qty: '0.0001' }), far('linear', { orderLinkId: 'b1' })];
    const answer = bybit.post('order/create-batch', { category: 'linear', request });
    expect(answer).toMatchObject({ retCode: 0, retMsg: 'OK' });
    expect(rowsOf(answer)).toMatchObject([
      {
        category: 'linear',
        symbol: 'BTCUSDT',
        orderLinkId: 'b1',
        orderId: expect.stringMatching(/.{36}/),
        createAt: String(bybit.nowMs()),
      },
      { orderId: '', createAt: '' },
      { orderId: '', orderLinkId: 'b1', createAt: '' },
    ]);
    expect(answer.retExtInfo['list']).toEqual([
      { code: 0, msg: 'OK' },
      { code: 10_001, msg: 'Qty invalid' },
      { code: 110_072, msg: 'OrderLinkedID is duplicate' },
    ]);
    const items = [
      { symbol: 'BTCUSDT', orderLinkId: 'b1' },
      { symbol: 'BTCUSDT', orderLinkId: 'b9' },
    ];
    const amended = bybit.post('order/amend-batch', { category: 'linear', request: items.map((item) => ({ ...item, qty: '0.02' })) });
    expect(amended.retExtInfo['list']).toMatchObject([{ code: 0 }, { code: 110_001 }]);
    const cancelled = bybit.post('order/cancel-batch', { category: 'linear', request: items });
    expect(cancelled.retExtInfo['list']).toMatchObject([{ code: 0 }, { code: 110_001 }]);
    const many = Array.from({ length: 11 }, () => far('spot'));
    expect(bybit.post('order/create-batch', { category: 'spot', request: many }).retCode).toBe(10_001);
  });

  it('grants ten orders a second to contracts, twenty to spot, and says when to come again', () => {
    for (let index = 0; index < 10; index++) {
      const { headers } = bybit.post('order/create', far('linear'));
      expect([headers['X-Bapi-Limit'], headers['X-Bapi-Limit-Status']]).toEqual(['10', String(9 - index)]);
    }
    const refused = bybit.post('order/create', far('linear'));
    expect(refused).toMatchObject({ status: 200, retCode: 10_006, retMsg: 'Too many visits. Exceeded the API Rate Limit.' });
    expect(refused.headers['X-Bapi-Limit-Reset-Timestamp']).toBe(String(bybit.nowMs() + 1_000));
    for (let index = 0; index < 20; index++) expect(bybit.post('order/create', far('spot')).retCode).toBe(0);
    expect(bybit.post('order/create', far('spot')).retCode).toBe(10_006);
    expect(bybit.post('order/cancel-all', { category: 'linear', symbol: 'BTCUSDT' }).retCode).toBe(0);
    expect(new BybitClient(bybit.venue, 'spare').post('order/create', far('linear')).retCode).toBe(0);
    bybit.venue.run(1);
    expect(bybit.post('order/create', far('linear')).retCode).toBe(0);
  });

  it('does as much of a batch as the limit grants', () => {
    const answer = bybit.post('order/create-batch', { category: 'linear', request: Array.from({ length: 12 }, () => far('linear')) });
    const codes = (answer.retExtInfo['list'] as { code: number }[]).map(({ code }) => code);
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 0), 10_006, 10_006]);
  });

  it('gives faults the venue’s shape', () => {
    bybit.venue.script.add({ kind: 'rate-limit-storm', count: 1 }, bybit.venue.world.nowUs);
    const limited = bybit.get('account/info');
    expect(limited).toMatchObject({ status: 200, retCode: 10_006, headers: { 'X-Bapi-Limit-Status': '0' } });
    expect(Number(limited.headers['X-Bapi-Limit-Reset-Timestamp'])).toBeGreaterThan(bybit.nowMs());
    bybit.venue.script.add({ kind: 'status', count: 1, params: { status: 500, code: 10_016 } }, bybit.venue.world.nowUs);
    expect(bybit.get('account/info')).toMatchObject({ status: 500, retCode: 10_016 });
    expect(bybit.get('account/info')).toMatchObject({ status: 200, retCode: 0 });
  });
});

describe('bybit private socket', () => {
  it('wants a login, knows its topics, answers pings', () => {
    const socket = bybit.venue.open('/v5/private');
    socket.send({ op: 'subscribe', args: ['order'], req_id: 'q' });
    socket.send({ op: 'auth', args: [bybit.apiKey, bybit.nowMs() - 1, 'ab'] });
    socket.send({ op: 'auth', args: ['nobody', bybit.nowMs() + 1_000, 'ab'] });
    socket.send({ op: 'auth', args: [bybit.apiKey, bybit.nowMs() + 1_000, 'ab'] });
    socket.send({ op: 'ping', req_id: 'p' });
    const answers = socket.take();
    expect(answers.slice(0, 4).map((message) => [message['success'], message['op']])).toEqual([
      [false, 'subscribe'],
      [false, 'auth'],
      [false, 'auth'],
      [false, 'auth'],
    ]);
    expect(answers[4]).toEqual({ req_id: 'p', op: 'pong', args: [String(bybit.nowMs())], conn_id: answers[0]?.['conn_id'] });
    const known = bybit.socket('/v5/private');
    known.send({ op: 'subscribe', args: ['order', 'orders'] });
    known.send({ op: 'subscribe', args: ['order.linear'] });
    expect(known.take()).toMatchObject([{ success: false, ret_msg: 'error:handler not found,topic:orders' }, { success: true }]);
  });

  it('tells an account its own orders, by category where asked, and nobody else’s', () => {
    const all = bybit.socket('/v5/private', 'order', 'execution.fast', 'wallet');
    const spot = bybit.socket('/v5/private', 'order.spot', 'position');
    const other = new BybitClient(bybit.venue, 'spare').socket('/v5/private', 'order', 'execution', 'position', 'wallet');
    bybit.post('order/create', crossing('linear', { orderLinkId: 'x1' }));
    bybit.post('order/create', far('spot', { orderLinkId: 'x2' }));
    bybit.venue.run(0.02);
    const heard = all.take();
    expect(dataOf(heard, 'order').map((row) => [row['orderLinkId'], row['orderStatus'], row['category']])).toEqual([
      ['x1', 'New', 'linear'],
      ['x1', 'Filled', 'linear'],
      ['x2', 'New', 'spot'],
    ]);
    expect(dataOf(heard, 'execution.fast')).toMatchObject([{ orderLinkId: 'x1', execQty: '0.010', isMaker: false }]);
    expect(dataOf(heard, 'wallet').length).toBeGreaterThan(0);
    const few = spot.take();
    expect(dataOf(few, 'order.spot').map((row) => row['orderLinkId'])).toEqual(['x2']);
    expect(dataOf(few, 'position')).toMatchObject([{ symbol: 'BTCUSDT', side: 'Buy', size: '0.010', category: 'linear' }]);
    expect(other.take()).toEqual([]);
  });

  it('lets go of a client that reads too slowly', () => {
    const slow = bybit.socket('/v5/private', 'order');
    slow.outcome = 'dropped';
    bybit.post('order/create', far('linear'));
    bybit.post('order/create', far('linear'));
    bybit.venue.run(0.02);
    expect(bybit.venue.venue.counters.slowClients).toBe(1);
  });

  it('cancels an account’s orders when its listeners of dcp are gone for the window', () => {
    expect(bybit.post('order/disconnected-cancel-all', { timeWindow: 2, product: 'DERIVATIVES' }).retCode).toBe(10_001);
    expect(bybit.post('order/disconnected-cancel-all', { timeWindow: 5, product: 'DERIVATIVES' }).retCode).toBe(0);
    expect(bybit.get('account/query-dcp-info').result).toEqual({
      dcpInfos: [{ product: 'DERIVATIVES', dcpStatus: 'ON', timeWindow: '5' }],
    });
    bybit.post('order/create', far('linear'));
    bybit.post('order/create', far('spot'));
    const open = (category: string): number => rowsOf(bybit.get('order/realtime', { category, symbol: 'BTCUSDT' })).length;
    const socket = bybit.socket('/v5/private', 'dcp.future');
    bybit.venue.run(6);
    expect([open('linear'), open('spot')]).toEqual([1, 1]);
    socket.leave();
    bybit.venue.run(4.9);
    const again = bybit.socket('/v5/private', 'dcp.future');
    bybit.venue.run(5.5);
    expect(open('linear')).toBe(1);
    again.leave();
    bybit.venue.run(5.1);
    expect([open('linear'), open('spot')]).toEqual([0, 1]);
  });
});

describe('bybit trade socket', () => {
  const header = (): Json => ({ 'X-BAPI-TIMESTAMP': String(bybit.nowMs()), 'X-BAPI-RECV-WINDOW': '5000' });

  it('trades by request id with the limits and refusals of REST', () => {
    const stranger = bybit.venue.open('/v5/trade');
    stranger.send({ reqId: 'r0', header: header(), op: 'order.create', args: [far('linear')] });
    expect(stranger.take()).toMatchObject([{ reqId: 'r0', retCode: 10_005, op: 'order.create' }]);
    const trade = bybit.socket('/v5/trade');
    trade.send({ op: 'ping', reqId: 'p1' });
    trade.send({ reqId: 'r1', header: header(), op: 'order.create', args: [far('linear', { orderLinkId: 'w1' })] });
    trade.send({ reqId: 'r1', header: header(), op: 'order.create', args: [far('linear')] });
    trade.send({ reqId: 'r2', header: {}, op: 'order.create', args: [far('linear')] });
    trade.send({
      reqId: 'r3',
      header: header(),
      op: 'order.amend',
      args: [{ category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w1', price: '60001' }],
    });
    trade.send({ reqId: 'r4', header: header(), op: 'order.cancel', args: [{ category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w2' }] });
    trade.send({
      reqId: 'r5',
      header: header(),
      op: 'order.create-batch',
      args: [{ category: 'linear', request: [far('linear'), far('linear', { qty: 'x' })] }],
    });
    trade.send({ reqId: 'r6', header: header(), op: 'order.dance', args: [] });
    expect(trade.take()).toMatchObject([
      { reqId: 'p1', retCode: 0, op: 'pong' },
      { reqId: 'r1', retCode: 0, data: { orderLinkId: 'w1' }, header: { 'X-Bapi-Limit': '10', 'X-Bapi-Limit-Status': '9' } },
      { reqId: 'r1', retCode: 20_006 },
      { reqId: 'r2', retCode: 10_002 },
      { reqId: 'r3', retCode: 0, data: { orderLinkId: 'w1' } },
      { reqId: 'r4', retCode: 110_001, retMsg: 'order not exists or too late to cancel' },
      {
        reqId: 'r5',
        retCode: 0,
        data: { list: [{ symbol: 'BTCUSDT' }, { orderId: '' }] },
        retExtInfo: { list: [{ code: 0 }, { code: 10_001 }] },
      },
      { reqId: 'r6', retCode: 10_404 },
    ]);
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderLinkId: 'w1' }))).toMatchObject([
      { price: '60001.00' },
    ]);
    const expires = bybit.nowMs() + 5_000;
    trade.send({ op: 'auth', args: [bybit.apiKey, expires, bybit.sign(`GET/realtime${expires}`)] });
    expect(trade.take()).toMatchObject([{ retCode: 20_001, op: 'auth' }]);
  });

  it('fails one order of a batch when a fault asks for it', () => {
    bybit.venue.script.add({ kind: 'partial-batch-failure', count: 1 }, bybit.venue.world.nowUs);
    const trade = bybit.socket('/v5/trade');
    const request = [far('linear'), far('linear')];
    trade.send({ reqId: 'f1', header: header(), op: 'order.create-batch', args: [{ category: 'linear', request }] });
    const [answer] = trade.take() as [{ retExtInfo: { list: { code: number }[] } }];
    expect(answer.retExtInfo.list.filter(({ code }) => code !== 0)).toHaveLength(1);
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT' }))).toHaveLength(1);
  });
});

describe('bybit funding', () => {
  it.each([
    ['linear', 'BTCUSDT', 'USDT'],
    ['inverse', 'BTCUSD', 'BTC'],
  ])('%s: lists what a position paid, and takes exactly that from the wallet', (category, symbol, coin) => {
    const paidAtMs = bybit.venue.world.markets[0]?.nextFundingMs(START_US / 1_000) ?? 0;
    bybit = new BybitClient(new TestVenue('bybit', 7, paidAtMs * 1_000 - 2_000_000));
    bybit.venue.run(0.1);
    const socket = bybit.socket('/v5/private', 'execution');
    expect(bybit.post('order/create', crossing(category)).retCode).toBe(0);
    bybit.venue.run(0.1);
    const wallet = (): string => {
      const [account] = rowsOf(bybit.get('account/wallet-balance', { accountType: 'UNIFIED', coin })) as [
        { coin: [{ walletBalance: string }] },
      ];
      return account.coin[0].walletBalance;
    };
    const before = wallet();
    socket.take();
    bybit.venue.run(3);
    const [paid] = rowsOf(bybit.get('execution/list', { category, symbol, execType: 'Funding' }));
    expect(paid).toMatchObject({
      symbol,
      execType: 'Funding',
      execQty: category === 'linear' ? '0.010' : '100',
      feeCurrency: coin,
      closedSize: '',
    });
    const fee = String(paid?.['execFee']);
    expect(Math.abs(Number(fee))).toBeGreaterThan(0);
    expect(Number(fee) - Number(paid?.['execValue']) * Number(paid?.['feeRate'])).toBeCloseTo(0, 7);
    expect(Number(before) - Number(wallet())).toBeCloseTo(Number(fee), 8);
    expect(dataOf(socket.take(), 'execution')).toMatchObject([{ category, execType: 'Funding', execFee: fee, execId: paid?.['execId'] }]);
    const log = rowsOf(bybit.get('account/transaction-log', { category, type: 'SETTLEMENT' }));
    expect(log).toMatchObject([{ symbol, currency: coin, cashBalance: wallet(), feeRate: paid?.['feeRate'] }]);
    expect(Number(log[0]?.['funding'])).toBe(-Number(fee));
    const [published] = rowsOf(bybit.get('market/funding/history', { category, symbol }));
    expect(Number(published?.['fundingRate'])).toBe(Number(paid?.['feeRate']));
  });
});

describe('bybit shapes', () => {
  it('prints what was recorded of orders, executions, positions, wallets and refusals', () => {
    if (!needRecordings()) return;
    const socket = bybit.socket('/v5/private', 'order', 'execution', 'execution.fast', 'position', 'wallet');
    bybit.post('order/create', crossing('linear', { orderLinkId: 's1' }));
    bybit.post('order/create', far('linear'));
    bybit.venue.run(0.02);
    const messages = socket.take();
    const row = (name: string): unknown => (recorded(PRIVATE, name) as { result: { list: unknown[] } }).result.list[0];
    const told = (name: string): unknown => (recorded(PRIVATE, name) as { data: unknown[] }).data[0];
    const scope = { category: 'linear', symbol: 'BTCUSDT' };
    expectShape(rowsOf(bybit.get('order/realtime', scope))[0], row('http_get_orders_realtime'), 'order');
    expectShape(rowsOf(bybit.get('order/history', scope))[0], row('http_get_orders_history'), 'history');
    expectShape(rowsOf(bybit.get('position/list', scope))[0], row('http_get_positions_with_open_time'), 'position');
    expectShape(rowsOf(bybit.get('account/fee-rate', scope))[0], row('http_get_fee_rate'), 'fee');
    expectShape(bybit.get('account/info').result, (recorded(PRIVATE, 'http_get_account_info') as { result: unknown }).result, 'info');
    const [account] = rowsOf(bybit.get('account/wallet-balance', { accountType: 'UNIFIED' })) as [{ coin: unknown[] }];
    const theirs = row('http_get_wallet_balance_with_spot_borrow') as { coin: unknown[] };
    expectShape(account, theirs, 'account');
    expectShape(account.coin[0], theirs.coin[0], 'coin');
    for (const [topic, name] of [
      ['order', 'ws_account_order_filled'],
      ['execution', 'ws_account_execution'],
      ['execution.fast', 'ws_account_execution_fast'],
      ['position', 'ws_account_position'],
    ] as const) {
      expectShape(dataOf(messages, topic).at(-1), told(name), topic);
      const envelope = messages.find((message) => message['topic'] === topic);
      expectShape(envelope, { id: '', topic: '', creationTime: 0, data: [] }, topic);
    }
    const wallet = dataOf(messages, 'wallet')[0] as { coin: unknown[] };
    const { totalPerpUpl: _spelledOtherwise, ...told_ } = told('ws_account_wallet') as Json;
    expectShape(wallet, told_, 'wallet');
    expectShape(wallet.coin[0], (told('ws_account_wallet') as { coin: unknown[] }).coin[0], 'wallet coin');
    const refused = bybit.post('order/cancel', { ...scope, orderId: 'x' });
    const { time: _time, ...wanted } = recorded(PRIVATE, 'doc_error_bybit_19') as Json;
    expect(refused).toMatchObject(wanted);
    expect(bybit.post('order/create', far('linear', { orderLinkId: 's1' })).retCode).toBe(0);
  });
});
