import { describe, expect, it } from 'vitest';
import { TestVenue, type VenueClient } from '../support/venue-client.js';

interface Row {
  readonly symbol: string;
  readonly id: number;
  readonly side: 'Buy' | 'Sell';
  readonly size?: number;
  readonly price?: number;
}
interface TableMessage {
  readonly table: string;
  readonly action: 'partial' | 'insert' | 'update' | 'delete';
  readonly data: readonly Row[];
}

/** Holds a table by the venue's rules; anything about an unknown id, or an insert of a known one, fails the test. */
class TableFollower {
  readonly rows = new Map<number, { side: string; size: number; price: number }>();

  apply({ action, data }: TableMessage): void {
    if (action === 'partial') this.rows.clear();
    for (const row of data) {
      const held = this.rows.get(row.id);
      if (action === 'partial' || action === 'insert') {
        expect(held, `insert of known id ${row.id}`).toBeUndefined();
        this.rows.set(row.id, { side: row.side, size: row.size ?? Number.NaN, price: row.price ?? Number.NaN });
      } else {
        expect(held?.side, `${action} of unknown id ${row.id}`).toBe(row.side);
        if (action === 'delete') this.rows.delete(row.id);
        else if (held !== undefined) held.size = row.size ?? Number.NaN;
      }
    }
    const prices = (side: string): number[] => [...this.rows.values()].filter((row) => row.side === side).map((row) => row.price);
    expect(Math.max(...prices('Buy'))).toBeLessThan(Math.min(...prices('Sell')));
  }
}

const tables = (client: VenueClient, name: string): TableMessage[] =>
  (client.take() as unknown as TableMessage[]).filter((message) => message.table === name);

describe.each(['XBTUSD', 'XBTUSDT', 'ETHUSD'])('bitmex orderBookL2:%s', (symbol) => {
  it('is the REST book after the partial and after every change, without unknown ids and never crossed', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open(`/realtime?subscribe=orderBookL2:${symbol}`);
    const follower = new TableFollower();
    let compared = 0;
    for (const message of tables(client, 'orderBookL2')) follower.apply(message);
    for (let step = 0; step < 600; step++) {
      venue.run(0.01);
      const messages = tables(client, 'orderBookL2');
      for (const message of messages) follower.apply(message);
      if (messages.length === 0 || step % 20 > 2) continue;
      const rows = venue.get(`/api/v1/orderBook/L2?symbol=${symbol}&depth=0`).json as Row[] | { error: object };
      if (!Array.isArray(rows)) continue;
      compared++;
      expect(new Map(rows.map(({ id, side, size, price }) => [id, { side, size, price }]))).toEqual(follower.rows);
    }
    expect(compared).toBeGreaterThan(10);
    expect(follower.rows.size).toBeGreaterThan(200);
  });

  it('gives a late client the partial that the next change fits on', () => {
    const venue = new TestVenue('bitmex');
    const early = venue.open(`/realtime?subscribe=orderBookL2:${symbol}`);
    for (let late = 0; late < 12; late++) {
      venue.run(0.07);
      const client = venue.open(`/realtime?subscribe=orderBookL2:${symbol}`);
      venue.run(0.5);
      const follower = new TableFollower();
      for (const message of tables(client, 'orderBookL2')) follower.apply(message);
      client.leave();
    }
    expect(early.received.length).toBeGreaterThan(20);
  });
});

describe('bitmex sockets', () => {
  it('keeps orderBookL2_25 at 25 levels a side', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open('/realtime');
    client.send({ op: 'subscribe', args: 'orderBookL2_25:XBTUSD' });
    const follower = new TableFollower();
    for (let step = 0; step < 1_000; step++) {
      venue.run(0.01);
      const messages = tables(client, 'orderBookL2_25');
      for (const message of messages) follower.apply(message);
      if (messages.length > 0 && step % 3 === 2) expect(follower.rows.size).toBeLessThanOrEqual(50);
    }
    expect(follower.rows.size).toBe(50);
  });

  it('welcomes, acknowledges each topic before its partial, and answers the text ping', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open('/realtime?subscribe=trade:XBTUSD,funding:ETHUSD');
    client.send('ping');
    expect(client.received.at(-1)).toBe('pong');
    client.received.pop();
    const messages = client.take();
    expect(messages[0]).toMatchObject({ info: 'Welcome to the BitMEX Realtime API.', limit: { remaining: 39 } });
    expect(messages.slice(1).map((message) => message['subscribe'] ?? `${String(message['table'])} ${String(message['action'])}`)).toEqual([
      'trade:XBTUSD',
      'trade partial',
      'funding:ETHUSD',
      'funding partial',
    ]);
    expect(messages[2]).toMatchObject({ keys: [], filter: { symbol: 'XBTUSD' }, data: [] });
  });

  it('sends a table for all symbols when none is named', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open('/realtime?subscribe=instrument,orderBook10');
    venue.run(1.2);
    const partials = (client.take() as unknown as TableMessage[]).filter((message) => message.action === 'partial');
    expect(partials.map(({ table, data }) => [table, data.length])).toEqual([
      ['instrument', 3],
      ['orderBook10', 3],
    ]);
  });

  it('refuses unknown tables and symbols, private tables and second subscriptions, and stays open', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open('/realtime');
    client.take();
    client.send({ op: 'subscribe', args: ['dance:XBTUSD', 'trade:NOPE', 'order', 'quote:XBTUSD', 'quote:XBTUSD'] });
    client.send({ op: 'authKeyExpires', args: ['key', 1, 'sig'] });
    client.send('{broken');
    const answers = client.take();
    expect(answers.map((message) => message['status'] ?? message['success'] ?? message['action'])).toEqual([
      400,
      400,
      401,
      true,
      'partial',
      400,
      401,
      400,
    ]);
    expect(client.closed).toBeUndefined();
  });

  it('stops what was unsubscribed', () => {
    const venue = new TestVenue('bitmex');
    const client = venue.open('/realtime?subscribe=quote:XBTUSD');
    venue.run(1);
    client.send({ op: 'unsubscribe', args: ['quote:XBTUSD'] });
    expect(client.take().at(-1)).toMatchObject({ success: true, unsubscribe: 'quote:XBTUSD' });
    venue.run(1);
    expect(client.received).toEqual([]);
  });

  it('bounds connections per address and lets them come back with time', () => {
    const venue = new TestVenue('bitmex');
    for (let connection = 0; connection < 40; connection++) venue.open('/realtime').leave();
    expect(venue.connect('/realtime')).toBeNull();
    venue.run(10);
    expect(venue.connect('/realtime')).not.toBeNull();
  });
});

describe('bitmex REST', () => {
  it('serves every public path of its surface', () => {
    const venue = new TestVenue('bitmex');
    venue.run(3);
    for (const path of [
      'schema/websocketHelp',
      'instrument?symbol=XBTUSD',
      'instrument/active',
      'instrument/activeAndIndices',
      'wallet/assets',
      'orderBook/L2?symbol=XBTUSD&depth=5',
      'trade?symbol=XBT&count=3&reverse=true',
      'quote?symbol=ETHUSD',
      'trade/bucketed?binSize=1m&symbol=XBTUSD&partial=true',
      'funding?symbol=XBTUSD',
    ]) {
      const reply = venue.get(`/api/v1/${path}`);
      expect([path, reply.status, reply.json === undefined]).toEqual([path, 200, false]);
      expect(reply.headers).toHaveProperty('x-ratelimit-remaining');
    }
    const rows = venue.get('/api/v1/orderBook/L2?symbol=XBTUSD&depth=5').json as Row[];
    expect(rows).toHaveLength(10);
    expect(rows.map(({ price }) => price)).toEqual(rows.map(({ price }) => price).toSorted((a, b) => Number(b) - Number(a)));
  });

  it('filters, skips, reverses and cuts rows', () => {
    const venue = new TestVenue('bitmex');
    venue.run(20);
    const ids = (query: string): string[] =>
      (venue.get(`/api/v1/trade?${query}`).json as { trdMatchID: string }[]).map((row) => row.trdMatchID);
    const all = ids('symbol=XBTUSD&count=1000');
    expect(all.length).toBeGreaterThan(10);
    expect(ids('symbol=XBTUSD&count=3')).toEqual(all.slice(0, 3));
    expect(ids('symbol=XBTUSD&count=3&start=2&reverse=true')).toEqual(all.toReversed().slice(2, 5));
    expect(ids(`count=3&filter=${encodeURIComponent('{"symbol":"XBTUSD"}')}`)).toEqual(all.slice(0, 3));
  });

  it.each([
    ['/api/v1/nothing', 404, 'Not Found'],
    ['/api/v1/orderBook/L2', 400, "'symbol' is a required arg."],
    ['/api/v1/trade?count=5000', 400, 'count must be less than or equal to 1000.'],
    ['/api/v1/trade/bucketed?binSize=7m', 400, 'binSize must be one of 1m, 5m, 1h, 1d.'],
    ['/api/v1/order', 401, 'Authorization Required'],
    ['/api/v1/order/bulk', 410, 'This endpoint has been removed.'],
  ])('refuses %s', (target, status, message) => {
    expect(new TestVenue('bitmex').get(target)).toMatchObject({ status, json: { error: { message, name: 'HTTPError' } } });
  });

  it('limits requests per minute and says when to come back', () => {
    const venue = new TestVenue('bitmex');
    for (let request = 0; request < 30; request++) expect(venue.get('/api/v1/instrument/active').status).toBe(200);
    expect(venue.get('/api/v1/instrument/active')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    venue.run(3);
    expect(venue.get('/api/v1/instrument/active').status).toBe(200);
  });
});
