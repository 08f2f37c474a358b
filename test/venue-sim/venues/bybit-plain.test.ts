/**
 * A client of Bybit v5 written from the venue's documents with `fetch` and `ws` alone: signs, places, amends, is filled by the flow, cancels, closes, and checks
 * every fee and balance to the last digit.
 */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SteppedVenue } from '../support/stepped-venue.js';

type Json = Record<string, unknown>;
type Texts = Readonly<Record<string, string>>;

const SCALE = 8;
/** Decimal text as an integer of 1e-8. */
function exact(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  expect(fraction.length, text).toBeLessThanOrEqual(SCALE);
  const units = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return text.startsWith('-') ? -units : units;
}
const ONE = 10n ** BigInt(SCALE);
function nearest(numerator: bigint, denominator: bigint): bigint {
  return (numerator * 2n + denominator) / (denominator * 2n);
}
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

class PlainClient {
  readonly #venue: SteppedVenue;
  readonly events: Json[] = [];
  #socket: WebSocket | null = null;

  constructor(venue: SteppedVenue) {
    this.#venue = venue;
  }

  async #time(): Promise<string> {
    const answer = (await (await fetch(`${this.#venue.rest}/v5/market/time`)).json()) as { time: number };
    return String(answer.time);
  }

  async get(path: string, query: Texts = {}): Promise<Json> {
    const text = new URLSearchParams(query).toString();
    return this.#signed(`${path}${text === '' ? '' : `?${text}`}`, 'GET', text);
  }

  async post(path: string, body: Json): Promise<Json> {
    return this.#signed(path, 'POST', JSON.stringify(body));
  }

  async public(path: string, query: Texts): Promise<Json> {
    const answer = await fetch(`${this.#venue.rest}${path}?${new URLSearchParams(query).toString()}`);
    return ((await answer.json()) as { result: Json }).result;
  }

  async #signed(target: string, method: string, payload: string): Promise<Json> {
    const timestamp = await this.#time();
    const { apiKey, secret } = this.#venue;
    const sign = createHmac('sha256', secret).update(`${timestamp}${apiKey}5000${payload}`).digest('hex');
    const answer = await fetch(`${this.#venue.rest}${target}`, {
      method,
      headers: {
        'X-BAPI-API-KEY': apiKey,
        'X-BAPI-TIMESTAMP': timestamp,
        'X-BAPI-RECV-WINDOW': '5000',
        'X-BAPI-SIGN': sign,
        'Content-Type': 'application/json',
      },
      ...(method === 'POST' ? { body: payload } : {}),
    });
    expect(answer.headers.get('x-bapi-limit')).toMatch(/^\d+$/);
    return (await answer.json()) as Json;
  }

  /** Login and subscription go out without waiting for answers. */
  async listen(...topics: string[]): Promise<void> {
    const expires = Number(await this.#time()) + 10_000;
    const sign = createHmac('sha256', this.#venue.secret).update(`GET/realtime${expires}`).digest('hex');
    const socket = new WebSocket(`${this.#venue.socket}/v5/private`);
    this.#socket = socket;
    socket.on('message', (data: Buffer) => void this.events.push(JSON.parse(data.toString()) as Json));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.send(JSON.stringify({ op: 'auth', args: [this.#venue.apiKey, expires, sign] }));
    socket.send(JSON.stringify({ op: 'subscribe', req_id: 's1', args: topics }));
    await this.#venue.until('subscribed', () => this.events.some((event) => event['op'] === 'subscribe'), 5);
    expect(this.events.splice(0)).toMatchObject([
      { success: true, op: 'auth' },
      { success: true, op: 'subscribe', req_id: 's1' },
    ]);
  }

  rows(topic: string): Texts[] {
    return this.events.filter((event) => event['topic'] === topic).flatMap((event) => event['data'] as Texts[]);
  }

  close(): void {
    this.#socket?.close();
  }
}

function okOf(answer: Json): Json {
  expect(answer).toMatchObject({ retCode: 0, retMsg: 'OK' });
  return answer['result'] as Json;
}

function listOf(result: Json): Texts[] {
  return result['list'] as Texts[];
}

function isLastFilled(row: Texts): boolean {
  return row['orderLinkId'] === 'plain-3' && row['orderStatus'] === 'Filled';
}

let venue: SteppedVenue;
let client: PlainClient;

async function balances(): Promise<Record<string, bigint>> {
  const result = okOf(await client.get('/v5/account/wallet-balance', { accountType: 'UNIFIED' }));
  const account = (result['list'] as [{ coin: Texts[] }])[0];
  return Object.fromEntries(account.coin.map((coin) => [coin['coin'] ?? '', exact(coin['walletBalance'] ?? '')]));
}

/** What one execution is worth and costs by the venue's document: inverse value is quantity by price, to the nearest 1e-8. */
function expectMoney(category: string, fill: Texts, makerRate: string, takerRate: string): void {
  const qty = exact(fill['execQty'] ?? '');
  const price = exact(fill['execPrice'] ?? '');
  const value = category === 'inverse' ? nearest(qty * ONE, price) : (qty * price) / ONE;
  expect(exact(fill['execValue'] ?? '')).toBe(value);
  const rate = (fill['isMaker'] as unknown as boolean) ? makerRate : takerRate;
  expect(fill['feeRate']).toBe(rate);
  const isBaseFee = category === 'spot' && fill['side'] === 'Buy';
  expect(exact(fill['execFee'] ?? '')).toBe(nearest((isBaseFee ? qty : value) * exact(rate), ONE));
  expect(fill['feeCurrency']).toBe(category === 'inverse' || isBaseFee ? 'BTC' : 'USDT');
}

describe.each([
  ['linear', 'BTCUSDT', 0.4],
  ['inverse', 'BTCUSD', 60_000],
  ['spot', 'BTCUSDT', 0.6],
] as const)('a plain client of Bybit %s', (category, symbol, size) => {
  beforeAll(async () => {
    venue = await SteppedVenue.start('bybit');
    client = new PlainClient(venue);
    await venue.run(1);
  });
  afterAll(async () => {
    client.close();
    await venue.stop();
  });

  it('places, amends, is filled in parts, cancels and closes, with every fee and balance right to the last digit', async () => {
    await client.listen('order', 'execution', 'position', 'wallet');
    const [fee] = listOf(okOf(await client.get('/v5/account/fee-rate', { category, symbol })));
    const makerRate = fee?.['makerFeeRate'] ?? '';
    const takerRate = fee?.['takerFeeRate'] ?? '';
    const [instrument] = listOf(await client.public('/v5/market/instruments-info', { category, symbol })) as unknown as [
      { lotSizeFilter: Texts; priceFilter: Texts },
    ];
    const step = instrument.lotSizeFilter['qtyStep'] ?? instrument.lotSizeFilter['basePrecision'] ?? '1';
    const decimals = step.includes('.') ? (step.split('.')[1] ?? '').length : 0;
    const qtyText = (qty: number): string => qty.toFixed(decimals);
    const before = await balances();

    // Far below the market: rests whole, and is moved.
    const far = async (): Promise<string> => {
      const [ticker] = listOf(await client.public('/v5/market/tickers', { category, symbol }));
      return Math.floor(Number(ticker?.['bid1Price']) * 0.9).toFixed(0);
    };
    const resting = {
      category,
      symbol,
      side: 'Buy',
      orderType: 'Limit',
      qty: qtyText(size),
      timeInForce: 'PostOnly',
      orderLinkId: 'plain-1',
    };
    const placed = okOf(await client.post('/v5/order/create', { ...resting, price: await far() }));
    expect(placed).toEqual({ orderId: expect.any(String), orderLinkId: 'plain-1' });
    const { orderId } = placed as { orderId: string };
    expect(listOf(okOf(await client.get('/v5/order/realtime', { category, symbol })))).toMatchObject([
      { orderId, orderLinkId: 'plain-1', orderStatus: 'New', cumExecQty: '0', timeInForce: 'PostOnly' },
    ]);
    expect(await client.post('/v5/order/create', { ...resting, price: await far() })).toMatchObject({
      retCode: category === 'spot' ? 170_141 : 110_072,
    });
    const [ticker] = listOf(await client.public('/v5/market/tickers', { category, symbol }));
    // Its new price takes what the best level holds; what is left rests and waits for the flow.
    const cross = { category, symbol, side: 'Buy', orderType: 'Limit', orderLinkId: 'plain-2', price: ticker?.['ask1Price'] ?? '' };
    okOf(await client.post('/v5/order/create', { ...cross, qty: qtyText(Number(ticker?.['ask1Size']) + size) }));
    okOf(await client.post('/v5/order/amend', { category, symbol, orderId, price: (Number(await far()) - 100).toFixed(0) }));
    const fills = (): Texts[] => client.rows('execution').filter((row) => row['orderLinkId'] === 'plain-2');
    await venue.until('filled by the flow', () => fills().some((row) => row['isMaker']), 120);
    const [open] = listOf(okOf(await client.get('/v5/order/realtime', { category, symbol, orderLinkId: 'plain-2' })));
    if (open?.['orderStatus'] !== 'Filled') okOf(await client.post('/v5/order/cancel', { category, symbol, orderLinkId: 'plain-2' }));
    okOf(await client.post('/v5/order/cancel', { category, symbol, orderId }));
    const unknown = category === 'spot' ? 170_213 : 110_001;
    expect(await client.post('/v5/order/cancel', { category, symbol, orderId })).toMatchObject({ retCode: unknown });

    // Everything that was bought is sold at the market.
    const bought = sum(fills().map((row) => exact(row['execQty'] ?? '')));
    expect(bought).toBeGreaterThan(0n);
    const feeInBase = category === 'spot' ? sum(fills().map((row) => exact(row['execFee'] ?? ''))) : 0n;
    const unit = exact(step);
    const toSell = ((bought - feeInBase) / unit) * unit;
    const sellText = `${toSell / ONE}.${(toSell % ONE).toString().padStart(SCALE, '0')}`.replace(/\.?0+$/, '');
    const closing = { category, symbol, side: 'Sell', orderType: 'Market', qty: sellText, orderLinkId: 'plain-3' };
    okOf(await client.post('/v5/order/create', category === 'spot' ? closing : { ...closing, reduceOnly: true }));
    const executions = listOf(okOf(await client.get('/v5/execution/list', { category, symbol, limit: '100' })));
    await venue.until('every execution told', () => client.rows('execution').length >= executions.length, 5);
    for (const execution of executions) expectMoney(category, execution, makerRate, takerRate);
    const told = client.rows('execution').map((row) => row['execId']);
    expect(executions.map((row) => row['execId']).toReversed()).toEqual(told);
    const buys = executions.filter((row) => row['side'] === 'Buy');
    const sells = executions.filter((row) => row['side'] === 'Sell');
    const total = (rows: readonly Texts[], name: string): bigint => sum(rows.map((row) => exact(row[name] ?? '')));
    expect(total(sells, 'execQty')).toBe(toSell);

    const after = await balances();
    const change = (coin: string): bigint => (after[coin] ?? 0n) - (before[coin] ?? 0n);
    if (category === 'spot') {
      expect(change('USDT')).toBe(total(sells, 'execValue') - total(sells, 'execFee') - total(buys, 'execValue'));
      expect(change('BTC')).toBe(total(buys, 'execQty') - total(buys, 'execFee') - total(sells, 'execQty'));
    } else {
      const fees = total(executions, 'execFee');
      const gain = total(sells, 'execValue') - total(buys, 'execValue');
      expect(change(category === 'linear' ? 'USDT' : 'BTC')).toBe((category === 'linear' ? gain : -gain) - fees);
      expect(change(category === 'linear' ? 'BTC' : 'USDT')).toBe(0n);
      expect(listOf(okOf(await client.get('/v5/position/list', { category, symbol })))).toMatchObject([{ size: '0', side: '' }]);
      expect(client.rows('position').at(-1)).toMatchObject({ symbol, size: '0' });
    }
    // The statement says the same.
    const log = listOf(okOf(await client.get('/v5/account/transaction-log', { accountType: 'UNIFIED', category, limit: '50' })));
    for (const coin of ['USDT', 'BTC']) {
      expect(
        total(
          log.filter((row) => row['currency'] === coin),
          'change',
        ),
      ).toBe(change(coin));
    }
    await venue.until('the last order told', () => client.rows('order').some(isLastFilled), 5);
    const history = listOf(okOf(await client.get('/v5/order/history', { category, symbol })));
    expect(history.map((row) => [row['orderLinkId'], row['cumExecQty'] === '0'])).toEqual([
      ['plain-3', false],
      ['plain-2', false],
      ['plain-1', true],
    ]);
    for (const order of history) {
      const own = executions.filter((row) => row['orderId'] === order['orderId']);
      expect(exact(order['cumExecFee'] ?? '')).toBe(total(own, 'execFee'));
      expect(exact(order['cumExecValue'] ?? '')).toBe(total(own, 'execValue'));
      const last = client.rows('order').findLast((row) => row['orderId'] === order['orderId']);
      for (const name of ['orderStatus', 'cumExecQty', 'cumExecFee', 'avgPrice', 'rejectReason', 'cancelType']) {
        expect([order['orderLinkId'], name, last?.[name]]).toEqual([order['orderLinkId'], name, order[name]]);
      }
    }
  });
});
