import { describe, expect, it } from 'vitest';
import { TestVenue, type VenueClient } from '../support/venue-client.js';

interface BookMessage {
  readonly topic: string;
  readonly type: 'snapshot' | 'delta';
  readonly data: {
    readonly b: readonly [string, string][];
    readonly a: readonly [string, string][];
    readonly u: number;
    readonly seq: number;
  };
}

const booksOf = (client: VenueClient): BookMessage[] =>
  client.take().filter((message) => String(message['topic']).startsWith('orderbook')) as unknown as BookMessage[];

class Follower {
  bids = new Map<string, string>();
  asks = new Map<string, string>();
  update = -1;
  sequence = -1;
  deltas = 0;

  apply(message: BookMessage): void {
    const { data } = message;
    if (message.type === 'snapshot') {
      this.bids = new Map(data.b);
      this.asks = new Map(data.a);
    } else {
      expect(data.u).toBe(this.update + 1);
      this.deltas++;
      for (const [side, levels] of [
        [this.bids, data.b],
        [this.asks, data.a],
      ] as const) {
        for (const [price, qty] of levels) {
          if (qty !== '0') side.set(price, qty);
          else expect(side.delete(price), `deletes ${price}, which the client was not given`).toBe(true);
        }
      }
    }
    this.update = data.u;
    this.sequence = data.seq;
  }

  top(count: number): { b: [string, string][]; a: [string, string][] } {
    return {
      b: [...this.bids].sort((x, y) => Number(y[0]) - Number(x[0])).slice(0, count),
      a: [...this.asks].sort((x, y) => Number(x[0]) - Number(y[0])).slice(0, count),
    };
  }
}

const subscribe = (client: VenueClient, ...args: string[]): void => client.send({ op: 'subscribe', args });

describe.each([
  ['linear', 'BTCUSDT', 1],
  ['linear', 'ETHUSDT', 50],
  ['spot', 'BTCUSDT', 200],
  ['inverse', 'BTCUSD', 1_000],
] as const)('bybit %s orderbook.%s.%d', (category, symbol, depth) => {
  it('never gives more than its levels, never deletes one it did not give, counts u by one, and agrees with REST at the same seq', () => {
    const venue = new TestVenue('bybit');
    const client = venue.open(`/v5/public/${category}`);
    subscribe(client, `orderbook.${depth}.${symbol}`);
    const follower = new Follower();
    let agreed = 0;
    for (let step = 0; step < 1_500; step++) {
      venue.run(0.01);
      for (const message of booksOf(client)) follower.apply(message);
      expect(follower.bids.size).toBeLessThanOrEqual(depth);
      expect(follower.asks.size).toBeLessThanOrEqual(depth);
      if (step % 100 !== 0) continue;
      const limit = Math.min(depth, 200);
      const { result } = venue.get(`/v5/market/orderbook?category=${category}&symbol=${symbol}&limit=${limit}`).json as {
        result: BookMessage['data'];
      };
      if (result.seq !== follower.sequence) continue;
      expect(follower.top(limit)).toEqual({ b: result.b, a: result.a });
      agreed++;
    }
    expect(follower.deltas).toBeGreaterThan(20);
    expect(agreed).toBeGreaterThan(0);
  });
});

describe('bybit sockets', () => {
  it('starts a second client on the book that the first one holds', () => {
    const venue = new TestVenue('bybit');
    const first = venue.open('/v5/public/linear');
    subscribe(first, 'orderbook.200.BTCUSDT');
    venue.run(1.05);
    const second = venue.open('/v5/public/linear');
    subscribe(second, 'orderbook.200.BTCUSDT');
    venue.run(1);
    const [one, two] = [first, second].map((client) => {
      const follower = new Follower();
      for (const message of booksOf(client)) follower.apply(message);
      return follower;
    });
    expect(two?.update).toBe(one?.update);
    expect(two?.top(200)).toEqual(one?.top(200));
  });

  it('acknowledges first, echoes req_id, and answers pings', () => {
    const venue = new TestVenue('bybit');
    const linear = venue.open('/v5/public/linear');
    linear.send({ op: 'subscribe', args: ['tickers.BTCUSDT'], req_id: 'r1' });
    linear.send({ op: 'ping' });
    expect(linear.received[0]).toMatch(/^\{"success":true,"ret_msg":"","conn_id":"[a-z0-9-]+","req_id":"r1","op":"subscribe"\}$/);
    expect(linear.received[1]).toMatch(/^\{"topic":"tickers.BTCUSDT","type":"snapshot"/);
    expect(linear.received[2]).toMatch(/"ret_msg":"pong","conn_id":"[^"]+","req_id":"","op":"ping"\}$/);
    const spot = venue.open('/v5/public/spot');
    spot.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
    expect(spot.received[0]).toMatch(/^\{"success":true,"ret_msg":"subscribe","conn_id":"[a-z0-9-]+","op":"subscribe"\}$/);
  });

  it('takes all topics of a request or none, and says which one it does not know', () => {
    const venue = new TestVenue('bybit');
    const client = venue.open('/v5/public/linear');
    subscribe(client, 'publicTrade.BTCUSDT', 'orderbook.7.BTCUSDT');
    expect(client.take()).toMatchObject([{ success: false, ret_msg: 'error:handler not found,topic:orderbook.7.BTCUSDT' }]);
    venue.run(2);
    expect(client.received).toEqual([]);
    subscribe(client, 'publicTrade.BTCUSDT');
    subscribe(client, 'publicTrade.BTCUSDT');
    expect(client.take().at(-1)).toMatchObject({ success: false, ret_msg: 'error:already subscribed,topic:publicTrade.BTCUSDT' });
    client.send({ op: 'unsubscribe', args: ['publicTrade.BTCUSDT'] });
    client.take();
    venue.run(2);
    expect(client.received).toEqual([]);
  });

  it('refuses more than ten topics at once on spot, bad messages, and paths it does not have', () => {
    const venue = new TestVenue('bybit');
    const client = venue.open('/v5/public/spot');
    subscribe(client, ...Array.from({ length: 11 }, (_, index) => `kline.${index}.BTCUSDT`));
    client.send('nonsense');
    client.send({ op: 'dance' });
    expect(client.take().map((message) => message['success'])).toEqual([false, false, false]);
    expect(venue.connect('/v5/public/nothing')).toBeNull();
  });

  it('keeps linear, inverse and spot markets of one name apart', () => {
    const venue = new TestVenue('bybit');
    const prices = (['linear', 'spot'] as const).map((category) => {
      const client = venue.open(`/v5/public/${category}`);
      subscribe(client, 'orderbook.1.BTCUSDT');
      return booksOf(client)[0]?.data.b[0];
    });
    expect(prices[0]?.[0]).toMatch(/^\d+\.\d0$/);
    expect(prices[1]?.[1]).not.toBe(prices[0]?.[1]);
    const inverse = venue.open('/v5/public/inverse');
    subscribe(inverse, 'orderbook.1.BTCUSDT');
    expect(inverse.take()[0]).toMatchObject({ success: false });
  });

  it('sends ticker deltas that, put on the snapshot, equal the REST ticker', () => {
    const venue = new TestVenue('bybit');
    const client = venue.open('/v5/public/linear');
    subscribe(client, 'tickers.ETHUSDT');
    let held = client.take().find((message) => message['type'] === 'snapshot')?.['data'] as Record<string, string>;
    let deltas = 0;
    for (let step = 0; step < 500; step++) {
      venue.run(0.01);
      for (const message of client.take()) {
        if (message['topic'] === undefined) continue;
        held = { ...held, ...(message['data'] as typeof held) };
        deltas++;
        const { result } = venue.get('/v5/market/tickers?category=linear&symbol=ETHUSDT').json as { result: { list: [typeof held] } };
        expect(held).toEqual(result.list[0]);
      }
    }
    expect(deltas).toBeGreaterThan(15);
  });
});

function tickerHeld(client: VenueClient): object {
  const messages = client.take().filter((message) => message['topic'] !== undefined);
  return messages.reduce((fields, message) => ({ ...fields, ...(message['data'] as object) }), {});
}

describe('bybit tickers', () => {
  it('starts a late client where the others are, so that the next deltas fit on it', () => {
    const venue = new TestVenue('bybit');
    const first = venue.open('/v5/public/linear');
    subscribe(first, 'tickers.BTCUSDT');
    venue.run(1.05);
    const second = venue.open('/v5/public/linear');
    subscribe(second, 'tickers.BTCUSDT');
    expect(tickerHeld(second)).toEqual(tickerHeld(first));
  });
});

describe('bybit REST', () => {
  it('serves every public path of its surface for every category', () => {
    const venue = new TestVenue('bybit');
    venue.run(2);
    for (const [category, symbol] of [
      ['linear', 'BTCUSDT'],
      ['inverse', 'BTCUSD'],
      ['spot', 'ETHUSDT'],
    ] as const) {
      for (const path of [
        'instruments-info',
        'orderbook',
        'tickers',
        'recent-trade',
        'kline',
        ...(category === 'spot' ? [] : ['funding/history']),
      ]) {
        const reply = venue.get(`/v5/market/${path}?category=${category}&symbol=${symbol}&interval=1`);
        expect([path, category, reply.json]).toMatchObject([path, category, { retCode: 0, retMsg: 'OK' }]);
      }
    }
    expect(venue.get('/v5/market/time').json).toMatchObject({ retCode: 0, result: { timeSecond: expect.any(String) } });
  });

  it('takes 600 requests in five seconds from an address', () => {
    const venue = new TestVenue('bybit');
    for (let request = 0; request < 600; request++) expect(venue.get('/v5/market/time').status).toBe(200);
    expect(venue.get('/v5/market/time').status).toBe(403);
    venue.run(1);
    expect(venue.get('/v5/market/time').status).toBe(200);
  });

  it('pages instruments by cursor', () => {
    const venue = new TestVenue('bybit');
    type Page = { result: { list: { symbol: string }[]; nextPageCursor: string } };
    const first = venue.get('/v5/market/instruments-info?category=linear&limit=1').json as Page;
    const second = venue.get(
      `/v5/market/instruments-info?category=linear&limit=1&cursor=${encodeURIComponent(first.result.nextPageCursor)}`,
    ).json as Page;
    expect([...first.result.list, ...second.result.list].map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(second.result.nextPageCursor).toBe('');
  });

  it.each([
    ['/v5/market/orderbook?category=linear&symbol=NOPE', 200, { retCode: 10_001, retMsg: 'params error: symbol invalid' }],
    ['/v5/market/tickers?category=equity', 200, { retCode: 10_001, retMsg: 'Illegal category' }],
    ['/v5/market/kline?symbol=BTCUSDT&interval=9', 200, { retCode: 10_001 }],
    ['/v5/order/realtime?category=linear', 401, { retCode: 10_003, retMsg: 'API key is invalid.' }],
    ['/v5/market/nothing?category=linear', 404, undefined],
  ] as const)('refuses %s', (target, status, body) => {
    const reply = new TestVenue('bybit').get(target);
    expect(reply.status).toBe(status);
    if (body === undefined) expect(reply.json).toBeUndefined();
    else expect(reply.json).toMatchObject(body);
  });
});
