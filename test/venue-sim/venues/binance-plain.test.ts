/**
 * Clients as somebody writes them from the venue's documents, with `fetch`, `ws` and HMAC alone: none of our code, only another address. They place, amend,
 * are filled in part by the flow, cancel, and find fees and balances right to the last digit.
 */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { ServedVenue } from '../support/served-venue.js';

type Json = Record<string, unknown>;

/** Exact money: a decimal text in units of 1e-8. */
function units(text: unknown): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d{0,8})0*)?$/.exec(String(text)) ?? [];
  return BigInt(`${sign}${whole}${fraction.padEnd(8, '0')}`);
}

class PlainClient {
  readonly served: ServedVenue;
  readonly events: Json[] = [];
  #socket: WebSocket | undefined;

  constructor(served: ServedVenue) {
    this.served = served;
  }

  async call(method: string, path: string, params: Readonly<Record<string, string>> = {}): Promise<Json> {
    const timePath = path.replace(/^(\/\w+\/v)\d.*/, (_, head: string) => `${head}${head === '/api/v' ? 3 : 1}/time`);
    const { serverTime } = (await (await fetch(`${this.served.rest}${timePath}`)).json()) as { readonly serverTime: number };
    const query = new URLSearchParams({ ...params, recvWindow: '5000', timestamp: String(serverTime) }).toString();
    const signature = createHmac('sha256', this.served.secret).update(query).digest('hex');
    const isForm = method === 'POST' || method === 'PUT';
    const signed = `${query}&signature=${signature}`;
    const answer = await fetch(`${this.served.rest}${path}${isForm ? '' : `?${signed}`}`, {
      method,
      headers: { 'X-MBX-APIKEY': this.served.apiKey, ...(isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
      ...(isForm ? { body: signed } : {}),
    });
    const body = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }

  async list(method: string, path: string, params: Readonly<Record<string, string>> = {}): Promise<Json[]> {
    return (await this.call(method, path, params)) as unknown as Json[];
  }

  /** Opens a private stream; `first` is sent at once, and its answer awaited. */
  async listen(path: string, first?: Json): Promise<Json | undefined> {
    const socket = new WebSocket(`${this.served.ws}${path}`);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const answered =
      first === undefined ? undefined : new Promise<Json>((resolve) => socket.once('message', (data) => resolve(parsed(data))));
    if (first !== undefined) socket.send(JSON.stringify(first));
    const answer = await answered;
    socket.on('message', (data) => this.events.push(parsed(data)));
    return answer;
  }

  /** Waits for `read` to be there, market time going on in small steps. */
  async until<T>(read: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (let tries = 0; tries < 2_000; tries++) {
      const found = await read();
      if (found !== undefined) return found;
      this.served.venue.run(0.05);
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error('it did not happen within 100 seconds of market time');
  }

  async best(path: string, symbol: string): Promise<{ readonly bid: number; readonly ask: number }> {
    const answer: unknown = await (await fetch(`${this.served.rest}${path}?symbol=${symbol}`)).json();
    const [ticker] = (Array.isArray(answer) ? answer : [answer]) as Json[];
    return { bid: Number(ticker?.['bidPrice']), ask: Number(ticker?.['askPrice']) };
  }

  close(): void {
    this.#socket?.terminate();
  }
}

function parsed(data: WebSocket.RawData): Json {
  return JSON.parse((data as Buffer).toString()) as Json;
}

let client: PlainClient;

async function at(id: VenueId): Promise<PlainClient> {
  client = new PlainClient(await ServedVenue.start(id, true));
  return client;
}

afterEach(async () => {
  client.close();
  await client.served.stop();
});

describe('a plain client of binance spot', () => {
  const symbol = 'BTCUSDT';

  it('trades, and finds fees and balances right to the last digit', async () => {
    const spot = await at('binance-spot');
    const params: Record<string, string | number> = { apiKey: spot.served.apiKey, timestamp: spot.served.venue.world.nowUs / 1_000 };
    const payload = `apiKey=${params['apiKey']}&timestamp=${params['timestamp']}`;
    params['signature'] = createHmac('sha256', spot.served.secret).update(payload).digest('hex');
    const subscribed = await spot.listen('/ws-api/v3', { id: 'a-1', method: 'userDataStream.subscribe.signature', params });
    expect(subscribed).toMatchObject({ id: 'a-1', status: 200, result: { subscriptionId: 0 } });
    const balances = async (): Promise<Map<string, bigint>> => {
      const { balances: rows } = (await spot.call('GET', '/api/v3/account')) as unknown as { readonly balances: readonly Json[] };
      return new Map(rows.map((row) => [String(row['asset']), units(row['free']) + units(row['locked'])]));
    };
    const before = await balances();

    const order = (side: string, price: number): Record<string, string> => ({ symbol, side, type: 'LIMIT_MAKER', price: price.toFixed(2) });
    const { bid } = await spot.best('/api/v3/ticker/bookTicker', symbol);
    const placed = await spot.call('POST', '/api/v3/order', { ...order('BUY', bid), quantity: '12', newClientOrderId: 'plain-1' });
    expect(placed).toMatchObject({ clientOrderId: 'plain-1', symbol });
    const partly = await spot.until(async () => {
      const now = await spot.call('GET', '/api/v3/order', { symbol, origClientOrderId: 'plain-1' });
      return now['status'] === 'PARTIALLY_FILLED' ? now : undefined;
    });
    expect(units(partly['executedQty'])).toBeGreaterThan(0n);

    const replaced = await spot.call('POST', '/api/v3/order/cancelReplace', {
      symbol,
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      price: (bid * 0.98).toFixed(2),
      quantity: '0.5',
      cancelReplaceMode: 'STOP_ON_FAILURE',
      cancelOrigClientOrderId: 'plain-1',
      newClientOrderId: 'plain-2',
    });
    expect(replaced).toMatchObject({
      cancelResult: 'SUCCESS',
      newOrderResult: 'SUCCESS',
      cancelResponse: { origClientOrderId: 'plain-1', status: 'CANCELED' },
      newOrderResponse: { clientOrderId: 'plain-2', status: 'NEW', fills: [] },
    });
    const amended = await spot.call('PUT', '/api/v3/order/amend/keepPriority', { symbol, origClientOrderId: 'plain-2', newQty: '0.4' });
    const amendedOrder = amended['amendedOrder'] as Json;
    expect(amendedOrder).toMatchObject({ origClientOrderId: 'plain-2', qty: '0.40000000', status: 'NEW' });
    const cancelled = await spot.call('DELETE', '/api/v3/order', { symbol, orderId: String(amendedOrder['orderId']) });
    expect(cancelled).toMatchObject({ status: 'CANCELED', origQty: '0.40000000' });
    const sold = await spot.call('POST', '/api/v3/order', { symbol, side: 'SELL', type: 'MARKET', quantity: '0.02345' });
    expect(sold).toMatchObject({ status: 'FILLED', executedQty: '0.02345000' });
    expect(await spot.list('GET', '/api/v3/openOrders', { symbol })).toEqual([]);

    const trades = await spot.list('GET', '/api/v3/myTrades', { symbol });
    const expected = new Map(before);
    const add = (asset: string, amount: bigint): unknown => expected.set(asset, (expected.get(asset) ?? 0n) + amount);
    for (const trade of trades) {
      const isBuyer = trade['isBuyer'] === true;
      const received = isBuyer ? units(trade['qty']) : units(trade['quoteQty']);
      // 0.001 of what was received, to the nearest 1e-8.
      expect((units(trade['commission']) * 1_000n - received) ** 2n <= 500n ** 2n).toBe(true);
      expect(trade['commissionAsset']).toBe(isBuyer ? 'BTC' : 'USDT');
      add('BTC', isBuyer ? units(trade['qty']) : -units(trade['qty']));
      add('USDT', isBuyer ? -units(trade['quoteQty']) : units(trade['quoteQty']));
      add(String(trade['commissionAsset']), -units(trade['commission']));
    }
    expect(new Set(trades.map((trade) => trade['isMaker']))).toEqual(new Set([true, false]));
    expect(await balances()).toEqual(expected);

    const told = await spot.until(() => {
      const reports = spot.events.map((message) => message['event'] as Json).filter((event) => event['x'] === 'TRADE');
      return reports.length === trades.length ? reports : undefined;
    });
    expect(told.map((report) => [report['t'], report['l'], report['L'], report['n'], report['N'], report['m'], report['Y']])).toEqual(
      trades.map((trade) => [
        trade['id'],
        trade['qty'],
        trade['price'],
        trade['commission'],
        trade['commissionAsset'],
        trade['isMaker'],
        trade['quoteQty'],
      ]),
    );
    const cancels = spot.events.map((message) => message['event'] as Json).filter((event) => event['x'] === 'CANCELED');
    expect(cancels.map((event) => event['C'])).toEqual(['plain-1', amendedOrder['clientOrderId']]);
    const last = spot.events.map((message) => message['event'] as Json).findLast((event) => event['e'] === 'outboundAccountPosition');
    const usdt = ((last ?? {})['B'] as readonly Json[]).find((row) => row['a'] === 'USDT');
    expect(units(usdt?.['f'])).toBe(expected.get('USDT'));
  });
});

describe.each([
  {
    id: 'binance-usdm',
    root: '/fapi/v1',
    symbol: 'BTCUSDT',
    asset: 'USDT',
    stream: '/private/ws?listenKey=',
    quantity: '100',
    less: '90',
    decimals: 1,
    risk: '/fapi/v3/positionRisk',
    balance: '/fapi/v3/balance',
    value: 'quoteQty',
  },
  {
    id: 'binance-coinm',
    root: '/dapi/v1',
    symbol: 'BTCUSD_PERP',
    asset: 'BTC',
    stream: '/ws/',
    quantity: '60000',
    less: '50000',
    decimals: 1,
    risk: '/dapi/v1/positionRisk',
    balance: '/dapi/v1/balance',
    value: 'baseQty',
  },
] as const)('a plain client of $id', ({ id, root, symbol, asset, stream, quantity, less, decimals, risk, balance, value }) => {
  it('trades, and finds fees, profit and balance right to the last digit', async () => {
    const futures = await at(id);
    const { listenKey } = await futures.call('POST', `${root}/listenKey`);
    expect((await futures.call('POST', `${root}/listenKey`))['listenKey']).toBe(listenKey);
    await futures.listen(`${stream}${String(listenKey)}`);
    const wallet = async (): Promise<bigint> =>
      units((await futures.list('GET', balance)).find((row) => row['asset'] === asset)?.['balance']);
    const before = await wallet();
    expect(await futures.call('POST', `${root}/leverage`, { symbol, leverage: '50' })).toMatchObject({ symbol, leverage: 50 });

    const price = (at: number): string => at.toFixed(decimals);
    const { bid } = await futures.best(`${root}/ticker/bookTicker`, symbol);
    const order = { symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTX', quantity, newClientOrderId: 'plain-1' };
    expect(await futures.call('POST', `${root}/order`, { ...order, price: price(bid) })).toMatchObject({ status: 'NEW' });
    const partly = await futures.until(async () => {
      const now = await futures.call('GET', `${root}/order`, { symbol, origClientOrderId: 'plain-1' });
      return now['status'] === 'PARTIALLY_FILLED' ? now : undefined;
    });
    const amend = { symbol, origClientOrderId: 'plain-1', side: 'BUY', quantity: less, price: price(bid * 0.97) };
    const amended = await futures.call('PUT', `${root}/order`, amend);
    expect(amended).toMatchObject({ orderId: partly['orderId'], status: 'PARTIALLY_FILLED' });
    expect([units(amended['origQty']), units(amended['price'])]).toEqual([units(less), units(price(bid * 0.97))]);
    expect(await futures.call('DELETE', `${root}/order`, { symbol, orderId: String(partly['orderId']) })).toMatchObject({
      status: 'CANCELED',
    });
    const [held] = (await futures.list('GET', risk, { symbol })).filter((row) => units(row['positionAmt']) !== 0n);
    const filled = await futures.call('GET', `${root}/order`, { symbol, origClientOrderId: 'plain-1' });
    expect(held?.['positionAmt']).toBe(filled['executedQty']);
    const close = {
      symbol,
      side: 'SELL',
      type: 'MARKET',
      quantity: String(held?.['positionAmt']),
      reduceOnly: 'true',
      newOrderRespType: 'RESULT',
    };
    expect(await futures.call('POST', `${root}/order`, close)).toMatchObject({ status: 'FILLED', reduceOnly: true });
    expect((await futures.list('GET', risk, { symbol })).filter((row) => units(row['positionAmt']) !== 0n)).toEqual([]);

    const trades = await futures.list('GET', `${root}/userTrades`, { symbol });
    let expected = before;
    for (const trade of trades) {
      // 0.0002 for makers and 0.0005 for takers, of the value, to the nearest 1e-8.
      const exact = units(trade[value]) * (trade['maker'] === true ? 2n : 5n);
      expect((units(trade['commission']) * 10_000n - exact) ** 2n <= 5_000n ** 2n).toBe(true);
      expected += units(trade['realizedPnl']) - units(trade['commission']);
    }
    expect(await wallet()).toBe(expected);
    const bought = trades.filter((trade) => trade['buyer'] === true).reduce((sum, trade) => sum + units(trade[value]), 0n);
    const sold = trades.filter((trade) => trade['buyer'] === false).reduce((sum, trade) => sum + units(trade[value]), 0n);
    const profit = trades.reduce((sum, trade) => sum + units(trade['realizedPnl']), 0n);
    expect(profit).toBe(id === 'binance-usdm' ? sold - bought : bought - sold);
    const income = await futures.list('GET', `${root}/income`, { symbol, limit: '1000' });
    expect(income.reduce((sum, line) => sum + units(line['income']), before)).toBe(expected);

    const told = await futures.until(() => {
      const updates = futures.events.filter((event) => event['e'] === 'ORDER_TRADE_UPDATE').map((event) => event['o'] as Json);
      const fills = updates.filter((update) => update['x'] === 'TRADE');
      return fills.length === trades.length ? { updates, fills } : undefined;
    });
    expect(told.fills.map((fill) => [fill['t'], fill['l'], fill['L'], fill['n'], fill['rp'], fill['m']])).toEqual(
      trades.map((trade) => [trade['id'], trade['qty'], trade['price'], trade['commission'], trade['realizedPnl'], trade['maker']]),
    );
    expect(told.updates.filter((update) => update['c'] === 'plain-1' && update['x'] !== 'TRADE').map((update) => update['x'])).toEqual([
      'NEW',
      'AMENDMENT',
      'CANCELED',
    ]);
    const last = await futures.until(() => futures.events.findLast((event) => event['e'] === 'ACCOUNT_UPDATE'));
    const { B, P } = last['a'] as { readonly B: readonly Json[]; readonly P: readonly Json[] };
    expect(units(B[0]?.['wb'])).toBe(expected);
    expect(units(P[0]?.['pa'])).toBe(0n);
    expect(futures.events.find((event) => event['e'] === 'ACCOUNT_CONFIG_UPDATE')).toMatchObject({ ac: { s: symbol, l: 50 } });
  });
});
