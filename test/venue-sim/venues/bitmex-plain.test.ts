/**
 * A client of BitMEX written from the venue's documents with `fetch` and `ws` alone: signs, places, amends, is filled by the flow, cancels, closes, and checks
 * every cost, commission and balance to the satoshi (or millionth of a dollar).
 */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SteppedVenue } from '../support/stepped-venue.js';

type Row = Readonly<Record<string, string | number | boolean | null>>;

class PlainClient {
  readonly #venue: SteppedVenue;
  /** Tables as the venue's document says to keep them: partial, insert, update and delete by keys. */
  readonly tables = new Map<string, Row[]>();
  readonly keys = new Map<string, string[]>();
  readonly acknowledged: unknown[] = [];
  #socket: WebSocket | null = null;

  constructor(venue: SteppedVenue) {
    this.#venue = venue;
  }

  #expires(): number {
    return Math.floor(this.#venue.venue.world.nowUs / 1e6) + 30;
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#venue.secret).update(text).digest('hex');
  }

  async call(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
    const expires = this.#expires();
    const text = body === undefined ? '' : JSON.stringify(body);
    const answer = await fetch(`${this.#venue.rest}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'api-key': this.#venue.apiKey,
        'api-expires': String(expires),
        'api-signature': this.#sign(`${method}/api/v1${path}${expires}${text}`),
      },
      ...(text === '' ? {} : { body: text }),
    });
    expect(answer.headers.get('x-ratelimit-limit')).toBe('120');
    return { status: answer.status, json: await answer.json() };
  }

  async rows(path: string): Promise<Row[]> {
    const { status, json } = await this.call('GET', path);
    expect(status).toBe(200);
    return json as Row[];
  }

  async listen(topics: readonly string[]): Promise<void> {
    const socket = new WebSocket(`${this.#venue.socket}/realtime`);
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as Record<string, unknown>));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const expires = this.#expires();
    socket.send(JSON.stringify({ op: 'authKeyExpires', args: [this.#venue.apiKey, expires, this.#sign(`GET/realtime${expires}`)] }));
    socket.send(JSON.stringify({ op: 'subscribe', args: topics }));
    await this.#venue.until('partials', () => topics.every((topic) => this.tables.has(topic.split(':')[0] ?? '')), 5);
    expect(this.acknowledged).toHaveLength(topics.length + 1);
  }

  #take(message: Record<string, unknown>): void {
    const { table, action } = message as { table?: string; action?: string };
    if (message['success'] === true) this.acknowledged.push(message);
    if (table === undefined) return;
    const data = message['data'] as Row[];
    if (action === 'partial') {
      this.keys.set(table, message['keys'] as string[]);
      this.tables.set(table, data);
      return;
    }
    const held = this.tables.get(table) ?? [];
    const keys = this.keys.get(table) ?? [];
    for (const row of data) {
      const at = held.findIndex((other) => keys.every((key) => other[key] === row[key]));
      if (action === 'insert') {
        expect(at, `insert of a row that ${table} has: ${JSON.stringify(row)}`).toBe(-1);
        held.push(row);
      } else {
        expect(at, `${action} of a row that ${table} has not: ${JSON.stringify(row)}`).not.toBe(-1);
        held[at] = { ...held[at], ...row };
      }
    }
    this.tables.set(table, held);
  }

  close(): void {
    this.#socket?.close();
  }
}

/** Halves away from zero, as integers. */
function nearest(numerator: bigint, denominator: bigint): bigint {
  const twice = numerator >= 0n ? numerator * 2n + denominator : numerator * 2n - denominator;
  return twice / (denominator * 2n);
}

/** Price in thousandths, whatever its decimals. */
const thousandths = (price: unknown): bigint => BigInt(Math.round(Number(price) * 1_000));

/** XBTUSD: one lot of 100 contracts is worth 1e10 / price satoshi, rounded lot by lot. XBTUSDT: a contract is a millionth of a coin, in millionths of a dollar. */
function valueOf(symbol: string, qty: number, price: unknown): bigint {
  if (symbol === 'XBTUSD') return BigInt(qty / 100) * nearest(10_000_000_000n * 1_000n, thousandths(price));
  return nearest(BigInt(qty) * thousandths(price), 1_000n);
}

describe.each([
  ['XBTUSD', 'XBt', 100, -1n],
  ['XBTUSDT', 'USDt', 1_000, 1n],
] as const)('a plain client of BitMEX %s', (symbol, currency, lot, costSign) => {
  let venue: SteppedVenue;
  let client: PlainClient;
  beforeAll(async () => {
    venue = await SteppedVenue.start('bitmex');
    client = new PlainClient(venue);
    await venue.run(1);
  });
  afterAll(async () => {
    client.close();
    await venue.stop();
  });

  it('places, amends, is filled in parts, cancels and closes, with every cost and balance right to the last unit', async () => {
    await client.listen(['order', 'execution', 'position', 'margin:*', 'wallet:*']);
    expect(client.tables.get('order')).toEqual([]);
    const [quote] = (await (await fetch(`${venue.rest}/api/v1/quote?symbol=${symbol}`)).json()) as Row[];
    const balance = async (): Promise<bigint> => {
      const rows = await client.rows('/user/margin?currency=all');
      return BigInt(Number(rows.find((row) => row['currency'] === currency)?.['walletBalance']));
    };
    const before = await balance();
    const far = Math.floor(Number(quote?.['bidPrice']) * 0.9);

    const placed = await client.call('POST', '/order', {
      symbol,
      orderQty: 10 * lot,
      price: far,
      clOrdID: 'p-1',
      execInst: 'ParticipateDoNotInitiate',
    });
    expect(placed).toMatchObject({ status: 200, json: { ordStatus: 'New', side: 'Buy', leavesQty: 10 * lot, workingIndicator: true } });
    const again = await client.call('POST', '/order', { symbol, orderQty: lot, price: far, clOrdID: 'p-1' });
    expect(again).toEqual({ status: 400, json: { error: { message: 'Duplicate clOrdID', name: 'HTTPError' } } });
    const moved = await client.call('PUT', '/order', { origClOrdID: 'p-1', price: far - 10, orderQty: 20 * lot });
    expect(moved.json).toMatchObject({
      price: far - 10,
      orderQty: 20 * lot,
      text: expect.stringMatching(/^Amended price orderQty: Amended via API\./),
    });

    // A negative quantity sells. It takes what the best bid holds; what is left rests and waits for the flow.
    const qty = Number(quote?.['bidSize']) + 200 * lot;
    const crossed = await client.call('POST', '/order', { symbol, orderQty: -qty, price: quote?.['bidPrice'], clOrdID: 'p-2' });
    expect(crossed.json).toMatchObject({ side: 'Sell', ordStatus: 'PartiallyFilled' });
    const fills = (): Row[] =>
      (client.tables.get('execution') ?? []).filter((row) => row['clOrdID'] === 'p-2' && row['execType'] === 'Trade');
    await venue.until('filled by the flow', () => fills().some((row) => row['lastLiquidityInd'] === 'AddedLiquidity'), 300);
    const open = await client.rows(`/order?symbol=${symbol}&filter=${encodeURIComponent('{"open":true}')}`);
    const ended = await client.call('DELETE', '/order', { clOrdID: ['p-1', 'p-2', 'p-3'] });
    const isOpen = open.some((row) => row['clOrdID'] === 'p-2');
    expect(ended.json).toMatchObject([
      { clOrdID: 'p-1', ordStatus: 'Canceled', text: 'Canceled: Canceled via API.\nSubmitted via API.' },
      isOpen ? { clOrdID: 'p-2', ordStatus: 'Canceled' } : { error: 'Unable to cancel order due to existing state: Filled' },
      { clOrdID: 'p-3', error: 'Not Found' },
    ]);
    const [position] = await client.rows(`/position?filter=${encodeURIComponent(JSON.stringify({ symbol }))}`);
    expect(position).toMatchObject({ symbol, isOpen: true });
    expect(Number(position?.['currentQty'])).toBeLessThan(0);
    expect(Number(position?.['unrealisedPnl'])).toBe(Number(position?.['markValue']) - Number(position?.['unrealisedCost']));
    const opening = await client.rows(`/execution/tradeHistory?symbol=${symbol}&count=500`);
    const paid = opening.reduce((sum, row) => sum + BigInt(Number(row['execComm'])), 0n);
    expect(await balance(), 'only commissions while nothing was closed').toBe(before - paid);
    const closed = await client.call('POST', '/order', { symbol, ordType: 'Market', execInst: 'Close', clOrdID: 'p-4' });
    expect(closed.json).toMatchObject({ side: 'Buy', ordStatus: 'Filled', cumQty: -Number(position?.['currentQty']) });

    const trades = await client.rows(`/execution/tradeHistory?symbol=${symbol}&count=500`);
    let wanted = 0n;
    for (const trade of trades) {
      const value = valueOf(symbol, Number(trade['lastQty']), trade['lastPx']);
      const cost = costSign * (trade['side'] === 'Buy' ? value : -value);
      expect([trade['execID'], BigInt(Number(trade['execCost']))]).toEqual([trade['execID'], cost]);
      const commission = nearest(value * BigInt(Math.round(Number(trade['commission']) * 1e8)), 100_000_000n);
      expect([trade['execID'], BigInt(Number(trade['execComm']))]).toEqual([trade['execID'], commission]);
      wanted -= cost + commission;
    }
    expect(await balance()).toBe(before + wanted);
    await venue.until(
      'the balance told',
      () => (client.tables.get('margin') ?? []).some((row) => BigInt(Number(row['walletBalance'])) === before + wanted),
      5,
    );
    const history = await client.rows(`/user/walletHistory?currency=${currency}`);
    expect(BigInt(Number(history[0]?.['walletBalance']))).toBe(before + wanted);
    expect(BigInt(Number(history[0]?.['amount']))).toBe(wanted);

    // What the stream told and what REST says are the same rows.
    const told = (client.tables.get('execution') ?? []).filter((row) => row['execType'] === 'Trade');
    expect(told.map((row) => row['execID'])).toEqual(trades.map((row) => row['execID']));
    const orders = await client.rows(`/order?symbol=${symbol}`);
    for (const order of orders) {
      const held = client.tables.get('order')?.find((row) => row['orderID'] === order['orderID']);
      expect(held).toEqual(order);
      const own = trades.filter((row) => row['orderID'] === order['orderID']);
      expect(order['cumQty']).toBe(own.reduce((sum, row) => sum + Number(row['lastQty']), 0));
    }
    const all = await client.rows(`/execution?symbol=${symbol}&count=500`);
    const ids = new Set(all.map((row) => row['execID']));
    for (const row of client.tables.get('execution') ?? []) expect(ids).toContain(row['execID']);
    expect((await client.rows('/position'))[0]).toMatchObject({ currentQty: 0, isOpen: false, avgEntryPrice: null });
    expect(client.tables.get('position')?.[0]).toMatchObject({ currentQty: 0, isOpen: false });
  });
});
