import { beforeEach, describe, expect, it } from 'vitest';
import { needRecordings } from '../../support/recordings.js';
import { BitmexClient, dataOf, rowsOf, type Row } from '../support/bitmex-client.js';
import { expectShape, recorded } from '../support/row-shape.js';
import { START_US, TestVenue } from '../support/venue-client.js';

const PRIVATE = 'private/bitmex.ndjson';
let bitmex: BitmexClient;

beforeEach(() => {
  bitmex = new BitmexClient();
  bitmex.venue.run(0.1);
});

const far = (more: Row = {}): Row => ({ symbol: 'XBTUSD', side: 'Buy', orderQty: 100, price: 60_000, ...more });

function refusal(message: string, name = 'HTTPError'): Row {
  return { error: { message, name } };
}

function cancelledFor(reason: string): Row {
  return { ordStatus: 'Canceled', cumQty: 0, leavesQty: 0, text: `Canceled: ${reason}\nSubmitted via API.` };
}

function filterOf(value: object): string {
  return `order?filter=${encodeURIComponent(JSON.stringify(value))}`;
}

describe('bitmex authentication', () => {
  it('refuses keys it does not know, wrong signatures and expired requests', () => {
    const headers = bitmex.headers('GET', 'user', '');
    const send = (changed: Record<string, string>): Row => {
      const { status, json } = bitmex.send('GET', 'user', '', changed);
      return { status, ...(json as Row) };
    };
    expect(send({})).toEqual({ status: 401, ...refusal('Authorization Required') });
    expect(send({ ...headers, 'api-key': 'nobody' })).toEqual({ status: 401, ...refusal('Invalid API Key.') });
    expect(send({ ...headers, 'api-signature': 'ab' })).toEqual({ status: 401, ...refusal('Signature not valid.') });
    const now = bitmex.nowSeconds();
    const late = `This request has expired - \`expires\` is in the past. Current time: ${now}`;
    expect(send(bitmex.headers('GET', 'user', '', now - 1))).toEqual({ status: 400, ...refusal(late) });
    expect(send(headers)).toMatchObject({ status: 200, id: expect.any(Number) });
  });

  it('signs over path, query and body as sent, whatever form the body has', () => {
    const target = 'order?filter=%7B%22open%22%3A%20true%7D&count=10';
    expect(bitmex.get(target).status).toBe(200);
    expect(bitmex.send('GET', target.replace('%20', ''), '', bitmex.headers('GET', target, '')).status).toBe(401);
    const form = 'symbol=XBTUSD&orderQty=-100&price=90000&clOrdID=form';
    const headers = { ...bitmex.headers('POST', 'order', form), 'content-type': 'application/x-www-form-urlencoded' };
    expect(bitmex.send('POST', 'order', form, headers)).toMatchObject({
      status: 200,
      json: { side: 'Sell', orderQty: 100, clOrdID: 'form' },
    });
  });

  it('takes the retired nonce while it rises', () => {
    const call = (nonce: number): number => {
      const headers = { 'api-key': bitmex.apiKey, 'api-nonce': String(nonce), 'api-signature': bitmex.sign(`GET/api/v1/user${nonce}`) };
      return bitmex.send('GET', 'user', '', headers).status;
    };
    expect([call(5), call(6), call(6), call(4), call(7)]).toEqual([200, 200, 401, 401, 200]);
  });

  it('tells what a key may do, and refuses orders of a key that may not trade', () => {
    expect(rowsOf(bitmex.get('apiKey'))).toMatchObject([{ id: bitmex.apiKey, permissions: ['order'], enabled: true }]);
    const { exchange } = bitmex.venue.venue;
    const known = exchange.keyOf(bitmex.apiKey);
    if (known === undefined) throw new Error('no test key');
    exchange.registerKey({ ...known, apiKey: 'reader', canTrade: false });
    bitmex.apiKey = 'reader';
    expect(bitmex.call('POST', 'order', far())).toMatchObject({ status: 403, json: refusal('Access Denied') });
  });

  it('logs sockets in by operation, by query or by headers', () => {
    const expires = bitmex.nowSeconds() + 5;
    const signature = bitmex.sign(`GET/realtime${expires}`);
    const byQuery = bitmex.venue.open(
      `/realtime?api-expires=${expires}&api-key=${bitmex.apiKey}&api-signature=${signature}&subscribe=order,margin:*`,
    );
    expect(byQuery.take().map((message) => message['subscribe'] ?? message['table'])).toEqual([
      undefined,
      'order',
      'order',
      'margin:*',
      'margin',
    ]);
    const wrong = bitmex.venue.open(`/realtime?api-expires=${expires}&api-key=${bitmex.apiKey}&api-signature=ab`);
    expect(wrong.take().at(-1)).toMatchObject({ status: 401, error: 'Signature not valid.' });
    expect(wrong.closed).toBe(1008);
    const socket = bitmex.venue.open('/realtime');
    const request = { op: 'authKeyExpires', args: [bitmex.apiKey, expires, signature] };
    socket.take();
    socket.send({ op: 'subscribe', args: 'order' });
    socket.send({ ...request, args: [bitmex.apiKey, expires, 'ab'] });
    socket.send(request);
    socket.send({ op: 'subscribe', args: 'order' });
    expect(socket.take()).toMatchObject([
      { status: 401, error: 'User requested an account-locked subscription but no authorization was provided.' },
      { status: 401, error: 'Signature not valid.' },
      { success: true, request },
      { success: true, subscribe: 'order' },
      { table: 'order', action: 'partial', keys: ['orderID'], data: [] },
    ]);
  });
});

describe('bitmex refusals', () => {
  it.each([
    [{ symbol: undefined }, "'symbol' is a required arg.", 'HTTPError'],
    [{ symbol: 'NOPE' }, 'Invalid symbol', 'HTTPError'],
    [{ side: 'buy' }, 'Invalid side', 'HTTPError'],
    [{ ordType: 'Stop', stopPx: 50_000 }, 'Invalid ordType', 'HTTPError'],
    [{ timeInForce: 'GTD' }, 'Invalid timeInForce', 'HTTPError'],
    [{ execInst: 'Hidden' }, 'Invalid execInst', 'HTTPError'],
    [{ clOrdID: 'a'.repeat(37) }, 'Invalid clOrdID', 'HTTPError'],
    [{ orderQty: undefined }, 'Invalid orderQty', 'HTTPError'],
    [{ orderQty: 150 }, 'Invalid orderQty', 'HTTPError'],
    [{ orderQty: 0 }, 'Invalid orderQty', 'HTTPError'],
    [{ orderQty: -100 }, 'Invalid orderQty', 'HTTPError'],
    [{ orderQty: 100_000_000 }, 'Invalid orderQty', 'HTTPError'],
    [{ price: 60_000.3 }, 'Invalid price tickSize', 'HTTPError'],
    [{ price: -1 }, 'Invalid price', 'HTTPError'],
    [{ price: 1_000_001 }, 'Invalid price', 'HTTPError'],
    [{ ordType: 'Limit', price: undefined }, 'Invalid price', 'HTTPError'],
  ] as const)('%j: %s', (more, message, name) => {
    expect(bitmex.call('POST', 'order', far(more))).toMatchObject({ status: 400, json: refusal(message, name) });
  });

  it('says how much was missing, in the currency’s own unit', () => {
    bitmex.call('POST', 'position/leverage', { symbol: 'XBTUSDT', leverage: 1 });
    const answer = bitmex.call('POST', 'order', { symbol: 'XBTUSDT', orderQty: 1_000_000_000, price: 60_000 });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(
      refusal(expect.stringMatching(/^Account has insufficient Available Balance, \d+ USDt required$/) as never, 'ValidationError'),
    );
  });

  it('knows doubles, strangers, and orders that ended', () => {
    expect(bitmex.call('POST', 'order', far({ clOrdID: 'one' })).status).toBe(200);
    expect(bitmex.call('POST', 'order', far({ clOrdID: 'one' }))).toMatchObject({ status: 400, json: refusal('Duplicate clOrdID') });
    expect(bitmex.call('PUT', 'order', { orderID: 'x', price: 1 })).toMatchObject({ status: 404, json: refusal('Not Found') });
    expect(bitmex.call('DELETE', 'order', { orderID: 'x' })).toMatchObject({ status: 404, json: refusal('Not Found') });
    expect(bitmex.call('DELETE', 'order', {})).toMatchObject({ status: 400 });
    const unchanged = 'Invalid amend: orderQty, leavesQty, price, stopPx unchanged';
    expect(bitmex.call('PUT', 'order', { origClOrdID: 'one', price: 60_000 })).toMatchObject({
      status: 400,
      json: refusal(unchanged, 'ValidationError'),
    });
    expect(bitmex.call('DELETE', 'order', { clOrdID: 'one' }).status).toBe(200);
    expect(bitmex.call('PUT', 'order', { origClOrdID: 'one', price: 61_000 })).toMatchObject({
      status: 400,
      json: refusal('Invalid ordStatus'),
    });
    expect(rowsOf(bitmex.call('DELETE', 'order', { clOrdID: 'one' }))).toMatchObject([
      { error: 'Unable to cancel order due to existing state: Canceled' },
    ]);
    const other = new BitmexClient(bitmex.venue, 'spare');
    expect(other.call('DELETE', 'order', { clOrdID: 'one' }).status).toBe(404);
    expect(bitmex.call('POST', 'order/bulk', { orders: [] }).status).toBe(410);
    expect(bitmex.call('POST', 'order', far({ clOrdLinkID: '' }))).toMatchObject({ status: 200, json: { clOrdLinkID: null } });
  });

  it('counts requests by account: 120 a minute, ten orders a second', () => {
    for (let index = 0; index < 10; index++)
      expect(bitmex.call('POST', 'order', far()).headers['x-ratelimit-remaining-1s']).toBe(String(9 - index));
    const refused = bitmex.call('POST', 'order', far());
    expect(refused).toMatchObject({ status: 429, json: refusal('Rate limit exceeded, retry in 1 seconds.', 'RateLimitError') });
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-ratelimit-limit': '120' });
    for (let index = 0; index < 109; index++) expect(bitmex.get('position').status).toBe(200);
    expect(bitmex.get('position').status).toBe(429);
    expect(bitmex.send('GET', 'instrument', '', bitmex.headers('GET', 'instrument', '')).status).toBe(429);
    expect(new BitmexClient(bitmex.venue, 'spare').call('POST', 'order', far()).status).toBe(200);
    bitmex.venue.run(2);
    expect(bitmex.get('position').status).toBe(200);
  });

  it('gives faults the venue’s shape', () => {
    const add = (fault: Parameters<typeof bitmex.venue.script.add>[0]): void =>
      void bitmex.venue.script.add(fault, bitmex.venue.world.nowUs);
    add({ kind: 'status', count: 1, params: { status: 503 } });
    expect(bitmex.call('POST', 'order', far())).toMatchObject({
      status: 503,
      json: refusal('The system is currently overloaded. Please try again later.'),
    });
    add({ kind: 'rate-limit-storm', count: 1 });
    expect(bitmex.call('POST', 'order', far())).toMatchObject({ status: 429, json: { error: { name: 'RateLimitError' } } });
    const ids = [0, 1].map(() => (bitmex.call('POST', 'order', far()).json as { orderID: string }).orderID);
    add({ kind: 'partial-batch-failure', count: 1 });
    const cancelled = rowsOf(bitmex.call('DELETE', 'order', { orderID: ids }));
    expect(cancelled.filter((row) => row['error'] !== undefined)).toHaveLength(1);
  });
});

describe('bitmex orders', () => {
  it('cancels at once what must not take or cannot fill, and says why', () => {
    const place = (more: Row): unknown => bitmex.call('POST', 'order', far(more)).json;
    expect(place({ price: 70_000, execInst: 'ParticipateDoNotInitiate' })).toMatchObject(
      cancelledFor('Order had execInst of ParticipateDoNotInitiate'),
    );
    expect(place({ timeInForce: 'ImmediateOrCancel' })).toMatchObject(cancelledFor('Order had timeInForce of ImmediateOrCancel'));
    expect(place({ timeInForce: 'FillOrKill' })).toMatchObject(cancelledFor('Order had timeInForce of FillOrKill'));
    expect(place({ execInst: 'ReduceOnly' })).toMatchObject(
      cancelledFor('Order had execInst of Close or ReduceOnly but current position is 0'),
    );
    expect(place({ price: 70_000, text: 'mine', timeInForce: 'FillOrKill' })).toMatchObject({ ordStatus: 'Filled', text: 'mine' });
  });

  it('filters orders by state, names and side, and pages them', () => {
    for (let index = 0; index < 4; index++) bitmex.call('POST', 'order', far({ clOrdID: `f${index}`, price: 60_000 + index }));
    bitmex.call('DELETE', 'order', { clOrdID: 'f1,f2' });
    const names = (target: string): unknown[] => rowsOf(bitmex.get(target)).map((row) => row['clOrdID']);
    expect(names(filterOf({ open: true }))).toEqual(['f0', 'f3']);
    expect(names(filterOf({ 'ordStatus.isTerminated': true }))).toEqual(['f1', 'f2']);
    expect(names(filterOf({ clOrdID: ['f2', 'f3'] }))).toEqual(['f2', 'f3']);
    expect(names(filterOf({ ordStatus: 'Canceled', side: 'Buy' }))).toEqual(['f1', 'f2']);
    expect(names('order?count=2&start=1&reverse=true')).toEqual(['f2', 'f1']);
    expect(names('order?symbol=ETHUSD')).toEqual([]);
    expect(bitmex.get('order?count=501').status).toBe(400);
    expect(bitmex.get('order?filter=nonsense').status).toBe(400);
    expect(rowsOf(bitmex.call('DELETE', 'order/all', { symbol: 'XBTUSD', filter: { side: 'Sell' } }))).toEqual([]);
    expect(rowsOf(bitmex.call('DELETE', 'order/all')).map((row) => row['clOrdID'])).toEqual(['f0', 'f3']);
  });

  it('cancels everything when the timer runs out, and not while it is set anew', () => {
    bitmex.call('POST', 'order', far());
    const set = (timeout: number): unknown => bitmex.call('POST', 'order/cancelAllAfter', { timeout }).json;
    const open = (): number => rowsOf(bitmex.get('order?filter=%7B%22open%22%3Atrue%7D')).length;
    expect(set(2_000)).toMatchObject({
      now: expect.any(String),
      cancelTime: new Date(bitmex.venue.world.nowUs / 1_000 + 2_000).toISOString(),
    });
    bitmex.venue.run(1.5);
    set(2_000);
    bitmex.venue.run(1.5);
    expect(open()).toBe(1);
    bitmex.call('POST', 'order/cancelAllAfter', { timeout: '0.0' });
    bitmex.venue.run(3);
    expect(open()).toBe(1);
    const socket = bitmex.socket();
    socket.send({ op: 'cancelAllAfter', args: 1_000 });
    expect(socket.take()).toMatchObject([{ cancelTime: expect.any(String), request: { op: 'cancelAllAfter' } }]);
    bitmex.venue.run(1.1);
    expect(open()).toBe(0);
  });

  it('sets leverage, isolates, and closes a position', () => {
    const position = (): Row => rowsOf(bitmex.get('position'))[0] ?? {};
    expect(bitmex.call('POST', 'position/leverage', { symbol: 'XBTUSD', leverage: 101 })).toMatchObject({ status: 400 });
    expect(bitmex.call('POST', 'position/leverage', { symbol: 'XBTUSD', leverage: 10 }).json).toMatchObject({
      leverage: 10,
      crossMargin: false,
    });
    expect(bitmex.call('POST', 'position/isolate', { symbol: 'XBTUSD', enabled: false }).json).toMatchObject({ crossMargin: true });
    bitmex.call('POST', 'order', { symbol: 'XBTUSD', orderQty: -300 });
    expect(position()).toMatchObject({ currentQty: -300, isOpen: true, crossMargin: true, execSellQty: 300 });
    expect(bitmex.call('POST', 'order/closePosition', { symbol: 'XBTUSD' }).json).toMatchObject({
      side: 'Buy',
      ordStatus: 'Filled',
      orderQty: 300,
    });
    expect(position()).toMatchObject({ currentQty: 0, isOpen: false, unrealisedPnl: 0 });
  });
});

describe('bitmex private tables', () => {
  it('sends partials with keys, then inserts and what changed, to the account alone', () => {
    const socket = bitmex.venue.open('/realtime');
    socket.take();
    const expires = bitmex.nowSeconds() + 5;
    socket.send({ op: 'authKeyExpires', args: [bitmex.apiKey, expires, bitmex.sign(`GET/realtime${expires}`)] });
    socket.send({ op: 'subscribe', args: ['order', 'execution', 'position', 'margin:*', 'wallet', 'transact'] });
    socket.send({ op: 'subscribe', args: ['order'] });
    const greeted = socket.take();
    const partials = greeted.filter((message) => message['action'] === 'partial');
    expect(partials.map((message) => [message['table'], message['keys'], (message['data'] as Row[]).length])).toEqual([
      ['order', ['orderID'], 0],
      ['execution', ['execID'], 0],
      ['position', ['account', 'symbol'], 0],
      ['margin', ['account', 'currency'], 2],
      ['wallet', ['account', 'currency'], 1],
      ['transact', ['transactID'], 0],
    ]);
    expect(greeted.at(-1)).toMatchObject({ status: 400, error: 'You are already subscribed to this topic: order.' });
    const other = new BitmexClient(bitmex.venue, 'spare').socket('order', 'execution', 'position', 'margin:*');
    bitmex.call('POST', 'order', far({ clOrdID: 't1' }));
    bitmex.call('PUT', 'order', { origClOrdID: 't1', orderQty: 200 });
    bitmex.call('DELETE', 'order', { clOrdID: 't1' });
    bitmex.venue.run(0.02);
    const messages = socket.take();
    expect(dataOf(messages, 'order', 'insert')).toMatchObject([{ clOrdID: 't1', ordStatus: 'New', orderQty: 100, workingIndicator: true }]);
    const [amended, cancelled] = dataOf(messages, 'order', 'update');
    expect(amended).toMatchObject({ clOrdID: 't1', orderQty: 200, leavesQty: 200 });
    expect(amended).not.toHaveProperty('price');
    expect(cancelled).toMatchObject({ ordStatus: 'Canceled', leavesQty: 0, workingIndicator: false });
    expect(dataOf(messages, 'execution').map((row) => row['execType'])).toEqual(['New', 'Replaced', 'Canceled']);
    expect(dataOf(messages, 'margin').length).toBeGreaterThan(0);
    expect(other.take()).toEqual([]);
    socket.send({ op: 'unsubscribe', args: ['order'] });
    bitmex.call('POST', 'order', far());
    bitmex.venue.run(0.02);
    expect(dataOf(socket.take(), 'order')).toEqual([]);
  });

  it('lets marks move positions and margins, and filters by symbol and currency', () => {
    const all = bitmex.socket('position', 'margin:*', 'order:ETHUSD');
    const bitcoin = bitmex.socket('margin');
    bitmex.call('POST', 'order', { symbol: 'XBTUSDT', orderQty: 100_000 });
    bitmex.venue.run(0.05);
    expect(dataOf(all.take(), 'position', 'insert')).toMatchObject([{ symbol: 'XBTUSDT', currentQty: 100_000 }]);
    bitmex.venue.run(5);
    const moved = all.take();
    expect(dataOf(moved, 'position', 'update').length).toBeGreaterThan(2);
    expect(dataOf(moved, 'position').every((row) => row['unrealisedPnl'] !== undefined && row['currentQty'] === 100_000)).toBe(true);
    expect(dataOf(moved, 'margin').every((row) => row['currency'] === 'USDt')).toBe(true);
    expect(dataOf(moved, 'order')).toEqual([]);
    expect(dataOf(bitcoin.take(), 'margin')).toEqual([]);
  });
});

describe('bitmex funding', () => {
  it('lists what a position paid, and takes exactly that from the wallet', () => {
    const paidAtMs = bitmex.venue.world.markets[0]?.nextFundingMs(START_US / 1_000) ?? 0;
    bitmex = new BitmexClient(new TestVenue('bitmex', 7, paidAtMs * 1_000 - 2_000_000));
    bitmex.venue.run(0.1);
    const socket = bitmex.socket('execution', 'funding:XBTUSD');
    bitmex.call('POST', 'order', { symbol: 'XBTUSD', orderQty: 100_000 });
    bitmex.venue.run(0.1);
    const balance = (): number => Number((bitmex.get('user/margin').json as Row)['walletBalance']);
    const before = balance();
    socket.take();
    bitmex.venue.run(3);
    const paid = rowsOf(bitmex.get('execution/tradeHistory?reverse=true&count=1'))[0] ?? {};
    expect(paid).toMatchObject({ execType: 'Funding', symbol: 'XBTUSD', lastQty: 100_000, text: 'Funding' });
    expect(Number(paid['execComm'])).not.toBe(0);
    expect(before - balance()).toBe(Number(paid['execComm']));
    expect(Number(paid['execComm'])).toBe(Math.round(Math.abs(Number(paid['execCost'])) * Number(paid['commission'])));
    const told = socket.take();
    expect(dataOf(told, 'execution')).toMatchObject([{ execID: paid['execID'], execType: 'Funding' }]);
    expect(dataOf(told, 'funding', 'insert')).toMatchObject([{ symbol: 'XBTUSD', timestamp: new Date(paidAtMs).toISOString() }]);
    expect(rowsOf(bitmex.get('funding?symbol=XBTUSD&reverse=true&count=1'))).toMatchObject([
      { fundingRate: paid['commission'], timestamp: paid['timestamp'] },
    ]);
    expect(bitmex.venue.get('/api/v1').json).toEqual({ name: 'BitMEX API', version: '2.0.0', timestamp: bitmex.venue.world.nowUs / 1_000 });
    expect(rowsOf(bitmex.get('user/walletHistory'))).toContainEqual(
      expect.objectContaining({ transactType: 'Funding', amount: -Number(paid['execComm']) }),
    );
  });
});

describe('bitmex shapes', () => {
  it('prints what was recorded of orders, executions, positions, margins, wallets and refusals', () => {
    if (!needRecordings()) return;
    const socket = bitmex.socket('order', 'execution', 'margin:*', 'wallet');
    bitmex.call('POST', 'order', { symbol: 'XBTUSD', orderQty: 1_000 });
    bitmex.call('POST', 'order', far());
    bitmex.venue.run(0.02);
    const messages = socket.take();
    const first = (name: string): unknown => (recorded(PRIVATE, name) as unknown[])[0];
    expectShape(rowsOf(bitmex.get('execution/tradeHistory'))[0], first('http_get_executions'), 'execution');
    expectShape(rowsOf(bitmex.get('position'))[0], first('http_get_positions'), 'position');
    expectShape(bitmex.get('user/wallet').json, first('http_get_wallet'), 'wallet');
    expectShape(rowsOf(bitmex.get('order?reverse=true'))[0], recorded(PRIVATE, 'ws_order'), 'order');
    expectShape(dataOf(messages, 'order', 'insert').at(-1), recorded(PRIVATE, 'ws_order'), 'order row');
    expectShape(bitmex.get('user/margin').json, recorded(PRIVATE, 'ws_margin'), 'margin');
    const trade = dataOf(messages, 'execution').find((row) => row['execType'] === 'Trade');
    const [theirs] = dataOf([recorded(PRIVATE, 'gct_ws_execution_insert_01') as Row], 'execution');
    expectShape(trade, theirs, 'execution row');
    expect(trade).toMatchObject({ execCost: expect.any(Number), lastLiquidityInd: theirs?.['lastLiquidityInd'], lastMkt: 'XBME' });
    // Bought bitcoin for dollars: what it cost is negative satoshi, as recorded for a buyer.
    expect(Number(trade?.['execCost'])).toBeLessThan(0);
    expect(bitmex.call('DELETE', 'order', { orderID: 'x' }).json).toEqual(recorded(PRIVATE, 'doc_error_bitmex_30'));
    expect(bitmex.send('GET', 'user', '', { 'api-key': 'x' }).json).toEqual(recorded(PRIVATE, 'http_error_response'));
  });
});
