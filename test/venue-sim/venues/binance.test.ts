import { describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { TestVenue, type VenueClient } from '../support/venue-client.js';

interface Depth {
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: readonly [string, string][];
  readonly a: readonly [string, string][];
}
interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly [string, string][];
  readonly asks: readonly [string, string][];
}

class FollowedBook {
  readonly bids = new Map<string, string>();
  readonly asks = new Map<string, string>();

  constructor(snapshot: Snapshot) {
    for (const [price, qty] of snapshot.bids) this.bids.set(price, qty);
    for (const [price, qty] of snapshot.asks) this.asks.set(price, qty);
  }

  apply(event: Depth): void {
    for (const [side, levels] of [
      [this.bids, event.b],
      [this.asks, event.a],
    ] as const) {
      for (const [price, qty] of levels)
        if (Number(qty) === 0) side.delete(price);
        else side.set(price, qty);
    }
  }

  sorted(): { bids: [string, string][]; asks: [string, string][] } {
    return {
      bids: [...this.bids].sort((x, y) => Number(y[0]) - Number(x[0])),
      asks: [...this.asks].sort((x, y) => Number(x[0]) - Number(y[0])),
    };
  }
}

const VENUES = [
  { id: 'binance-spot', symbol: 'BTCUSDT', rest: '/api/v3', stream: '/ws/btcusdt@depth@100ms', limit: 5_000 },
  { id: 'binance-usdm', symbol: 'ETHUSDT', rest: '/fapi/v1', stream: '/public/ws/ethusdt@depth@0ms', limit: 1_000 },
  { id: 'binance-coinm', symbol: 'BTCUSD_PERP', rest: '/dapi/v1', stream: '/ws/btcusd_perp@depth@0ms', limit: 1_000 },
] as const satisfies readonly { id: VenueId; symbol: string; rest: string; stream: string; limit: number }[];

const depthEvents = (client: VenueClient): Depth[] => client.take() as unknown as Depth[];

describe.each(VENUES)('$id depth', ({ id, symbol, rest, stream, limit }) => {
  it('splices onto a REST book taken between two events and stays equal to it', () => {
    const venue = new TestVenue(id);
    const client = venue.open(stream);
    venue.run(0.33);
    const snapshot = venue.get(`${rest}/depth?symbol=${symbol}&limit=${limit}`).json as Snapshot;
    venue.run(3);
    const events = depthEvents(client).filter((event) =>
      id === 'binance-spot' ? event.u > snapshot.lastUpdateId : event.u >= snapshot.lastUpdateId,
    );
    const [first] = events;
    if (first === undefined) throw new Error('no event');
    if (id === 'binance-spot') expect(first.U <= snapshot.lastUpdateId + 1 && snapshot.lastUpdateId + 1 <= first.u).toBe(true);
    else expect((first.U <= snapshot.lastUpdateId && snapshot.lastUpdateId <= first.u) || first.pu === snapshot.lastUpdateId).toBe(true);
    const book = new FollowedBook(snapshot);
    let previous: Depth | undefined;
    for (const event of events) {
      if (previous !== undefined) expect(id === 'binance-spot' ? event.U - 1 : event.pu).toBe(previous.u);
      book.apply(event);
      previous = event;
    }
    // Run to the exact sequence of the last event, then compare whole books.
    let now = venue.get(`${rest}/depth?symbol=${symbol}&limit=${limit}`).json as Snapshot;
    for (let tries = 0; tries < 200 && previous?.u !== now.lastUpdateId; tries++) {
      venue.run(0.01);
      for (const event of depthEvents(client)) book.apply((previous = event));
      now = venue.get(`${rest}/depth?symbol=${symbol}&limit=${limit}`).json as Snapshot;
    }
    expect(previous?.u).toBe(now.lastUpdateId);
    const held = book.sorted();
    expect({ bids: held.bids.slice(0, now.bids.length), asks: held.asks.slice(0, now.asks.length) }).toEqual({
      bids: now.bids,
      asks: now.asks,
    });
    expect(now.bids.length).toBeGreaterThan(100);
  });

  it('gives book tickers that equal the followed book at the same update id', () => {
    const venue = new TestVenue(id);
    const diff = venue.open(stream);
    const ticker = venue.open(stream.replace(/@depth.*/, '@bookTicker'));
    const book = new FollowedBook(venue.get(`${rest}/depth?symbol=${symbol}&limit=${limit}`).json as Snapshot);
    let compared = 0;
    for (let step = 0; step < 400; step++) {
      venue.run(0.01);
      const events = depthEvents(diff);
      for (const event of events) book.apply(event);
      const last = ticker.take().at(-1);
      if (last === undefined || events.at(-1)?.u !== last['u']) continue;
      const { bids, asks } = book.sorted();
      expect([last['b'], last['B'], last['a'], last['A']]).toEqual([...(bids[0] ?? []), ...(asks[0] ?? [])]);
      compared++;
    }
    expect(compared).toBeGreaterThan(10);
  });
});

describe('binance sockets', () => {
  it('answers subscriptions with the id as it was sent, lists them, and stops after the last', () => {
    const venue = new TestVenue('binance-spot');
    const client = venue.open('/ws');
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@bookTicker', 'ethusdt@trade'], id: 'as-text' });
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 3 });
    expect(client.received).toEqual(['{"result":null,"id":"as-text"}', '{"result":["btcusdt@bookTicker","ethusdt@trade"],"id":3}']);
    client.take();
    venue.run(1);
    expect(client.take().length).toBeGreaterThan(10);
    client.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@bookTicker', 'ethusdt@trade'], id: null });
    expect(client.received).toEqual(['{"result":null,"id":null}']);
    client.take();
    venue.run(1);
    expect(client.received).toEqual([]);
  });

  it('wraps messages of a combined connection, also one opened without streams, and not those of a raw one', () => {
    const venue = new TestVenue('binance-usdm');
    const combined = venue.open('/public/stream?streams=');
    combined.send({ method: 'SUBSCRIBE', params: ['btcusdt@bookTicker'], id: 'a' });
    const raw = venue.open('/public/ws/btcusdt@bookTicker');
    venue.run(0.5);
    expect(combined.received[1]).toBe(`{"stream":"btcusdt@bookTicker","data":${raw.received[0]}}`);
  });

  it('keeps USD-M streams apart by path and has no bare paths any more', () => {
    const venue = new TestVenue('binance-usdm');
    expect(venue.connect('/ws')).toBeNull();
    expect(venue.connect('/stream?streams=btcusdt@depth')).toBeNull();
    const open = venue.open('/public/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s');
    const market = venue.open('/market/stream?streams=btcusdt@markPrice@1s/btcusdt@depth@0ms');
    venue.run(2.5);
    expect(open.received).toEqual([]);
    expect(market.take().map((message) => message['stream'])).toEqual(['btcusdt@markPrice@1s', 'btcusdt@markPrice@1s']);
    expect([...venue.protocol.counters.unknownTopics.values()]).toEqual([1, 1, 1]);
  });

  it('says what is wrong with a message and stays open', () => {
    const client = new TestVenue('binance-spot').open('/ws');
    client.send('not json');
    client.send({ method: 'DANCE', id: 1 });
    client.send({ method: 'SUBSCRIBE', params: 'btcusdt@trade', id: 2 });
    client.send({ method: 'SUBSCRIBE', params: [], id: {} });
    expect(client.take().map((message) => (message['error'] as { code: number }).code)).toEqual([3, 2, 2, 2]);
    expect(client.closed).toBeUndefined();
  });

  it('cuts a client that sends more messages in a second than the venue takes', () => {
    const venue = new TestVenue('binance-spot');
    const client = venue.open('/ws');
    for (let message = 0; message < 5; message++) client.send({ method: 'LIST_SUBSCRIPTIONS', id: message });
    expect([client.received.length, client.closed]).toEqual([5, undefined]);
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 5 });
    expect([client.received.length, client.closed]).toEqual([5, 1008]);
  });

  it('pings as the venue does and cuts a client that does not answer', () => {
    const venue = new TestVenue('binance-spot');
    const dead = venue.open('/ws');
    const live = venue.open('/ws');
    for (let second = 0; second < 85; second++) {
      venue.run(1);
      live.pong();
    }
    expect(live.pings).toBe(4);
    expect(live.closed).toBeUndefined();
    expect(dead.closed).toBe(1008);
  });

  it('counts and drops a client that reads too slowly, and goes on with the others', () => {
    const venue = new TestVenue('binance-spot');
    const slow = venue.open('/ws/btcusdt@bookTicker');
    const quick = venue.open('/ws/btcusdt@bookTicker');
    venue.run(0.5);
    slow.outcome = 'dropped';
    quick.take();
    venue.run(1);
    expect(venue.protocol.counters.slowClients).toBe(1);
    expect(venue.protocol.counters.socketsOpen).toBe(1);
    expect(quick.received.length).toBeGreaterThan(10);
  });

  it('builds candles from the trades it printed', () => {
    const venue = new TestVenue('binance-usdm');
    const client = venue.open('/public/ws/btcusdt@trade');
    venue.run(59);
    const trades = client.take() as unknown as { p: string; q: string; T: number }[];
    const [candle] = venue.get('/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1').json as [
      [number, string, string, string, string, string, number, string, number],
    ];
    expect(candle[1]).toBe(trades[0]?.p);
    expect(candle[4]).toBe(trades.at(-1)?.p);
    expect(Number(candle[2])).toBe(Math.max(...trades.map((trade) => Number(trade.p))));
    expect(Number(candle[5])).toBeCloseTo(
      trades.reduce((sum, trade) => sum + Number(trade.q), 0),
      6,
    );
    expect(candle[8]).toBe(trades.length);
    const hourly = venue.get('/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1').json as [[number, string]];
    expect(hourly[0][0] % 3_600_000).toBe(0);
    expect(hourly[0][1]).toBe(candle[1]);
  });
});

describe('binance spot request socket', () => {
  it('answers ping and time with the id as it was sent, and refuses what needs a key', () => {
    const venue = new TestVenue('binance-spot');
    const client = venue.open('/ws-api/v3');
    client.send({ id: 'a', method: 'ping' });
    client.send({ id: 7, method: 'time' });
    client.send({ id: 8, method: 'order.place', params: { apiKey: 'nobody' } });
    client.send({ id: 9, method: 'dance' });
    const nowMs = Math.floor(venue.world.nowUs / 1_000);
    expect(client.take()).toMatchObject([
      { id: 'a', status: 200, result: {}, rateLimits: [{ limit: 6_000, count: 1 }] },
      { id: 7, status: 200, result: { serverTime: nowMs } },
      { id: 8, status: 401, error: { code: -2015 } },
      { id: 9, status: 400 },
    ]);
    expect(new TestVenue('binance-usdm').connect('/ws-api/v3')).toBeNull();
  });
});

describe('binance REST', () => {
  it.each([
    ['binance-spot', '/api/v3/depth', 400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    ['binance-spot', '/api/v3/depth?symbol=NOPE', 400, -1121, 'Invalid symbol.'],
    [
      'binance-spot',
      '/api/v3/depth?symbol=BTCUSDT&limit=-5',
      400,
      -1100,
      "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
    ],
    ['binance-spot', '/api/v3/klines?symbol=BTCUSDT&interval=7m', 400, -1120, 'Invalid interval.'],
    ['binance-spot', '/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22NO%22%5D', 400, -1121, 'Invalid symbol.'],
    ['binance-spot', '/api/v3/account?timestamp=1&signature=x', 401, -2014, 'API-key format invalid.'],
    ['binance-usdm', '/fapi/v1/depth?symbol=BTCUSDT&limit=33', 400, -4021, '33 is not valid depth limit.'],
    ['binance-usdm', '/fapi/v1/nothing', 404, -5000, 'Path /fapi/v1/nothing, Method GET is invalid'],
    ['binance-coinm', '/dapi/v1/ticker/price?symbol=BTCUSDT', 400, -1121, 'Invalid symbol.'],
  ] as const)('%s refuses %s as the venue does', (id, target, status, code, message) => {
    const reply = new TestVenue(id).get(target);
    expect([reply.status, reply.json]).toEqual([status, { code, msg: message }]);
  });

  it('answers signed paths as to an unknown key, and counts paths that nobody serves', () => {
    const venue = new TestVenue('binance-spot');
    expect(venue.get('/api/v3/order?symbol=BTCUSDT', { 'x-mbx-apikey': 'k' }, 'POST')).toMatchObject({
      status: 401,
      json: { code: -2015 },
    });
    expect(venue.get('/api/v9/else').status).toBe(404);
    expect([...venue.protocol.counters.unknownPaths]).toEqual([['GET /api/v9/else', 1]]);
  });

  it('serves every public path of its surface', () => {
    const surface = {
      'binance-spot': [
        'ping',
        'time',
        'exchangeInfo',
        'depth',
        'trades',
        'aggTrades',
        'klines',
        'ticker/24hr',
        'ticker/price',
        'ticker/bookTicker',
        'avgPrice',
      ],
      'binance-usdm': [
        'ping',
        'time',
        'exchangeInfo',
        'depth',
        'trades',
        'aggTrades',
        'klines',
        'premiumIndex',
        'fundingRate',
        'fundingInfo',
        'ticker/24hr',
        'ticker/price',
        'ticker/bookTicker',
      ],
      'binance-coinm': [
        'ping',
        'time',
        'exchangeInfo',
        'depth',
        'trades',
        'aggTrades',
        'klines',
        'premiumIndex',
        'fundingRate',
        'ticker/24hr',
        'ticker/price',
        'ticker/bookTicker',
      ],
    };
    for (const { id, rest, symbol } of VENUES) {
      const venue = new TestVenue(id);
      venue.run(3);
      for (const path of surface[id]) {
        const reply = venue.get(`${rest}/${path}?symbol=${symbol}&interval=1m`);
        expect([id, path, reply.status, reply.json === undefined]).toEqual([id, path, 200, false]);
        expect(Number(reply.headers?.['x-mbx-used-weight-1m'])).toBeGreaterThan(0);
      }
    }
    expect(new TestVenue('binance-spot').get('/api/v1/trades?symbol=BTCUSDT').status).toBe(200);
  });

  it('limits by request weight and forgives with the next minute', () => {
    const venue = new TestVenue('binance-usdm');
    const status = (): number => venue.get('/fapi/v1/depth?symbol=BTCUSDT&limit=1000').status;
    for (let request = 0; request < 120; request++) expect(status()).toBe(200);
    expect(status()).toBe(429);
    venue.run(60);
    expect(status()).toBe(200);
  });
});
