/** Sessions and feeds with the test at the other end: subscribing, heartbeats, staleness, back-off, resync, snapshots by REST. */
import { describe, expect, it } from 'vitest';
import { BookReader } from '../../src/core/book/book-reader.js';
import { BOOK_BYTES, BOOK_GAP, BOOK_LIVE, BOOK_STALE, BOOK_SYNCING } from '../../src/core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, VENUE_COUNTERS } from '../../src/core/memory/counters.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import { Feed } from '../../src/feeds/feed.js';
import { findVenue } from '../../src/feeds/registry.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import { withBase } from '../../src/feeds/venue.js';
import { observed } from '../../src/feeds/verify.js';
import { ManualHttp, ManualSource, ManualTime, halfRandom } from '../support/manual-host.js';

function instrument(venue: string, symbol: string, index: number): Instrument {
  return { ...observed(venue, symbol, index), tickSize: '0.01', lotSize: '0.001', source: 'venue' };
}

class World {
  readonly time = new ManualTime();
  readonly source = new ManualSource(this.time);
  readonly http = new ManualHttp();
  readonly views;
  readonly readers: readonly BookReader[];
  readonly counters;
  readonly feed: Feed;
  readonly notes: string[] = [];
  readonly states: string[] = [];
  readonly trades: { instrument: number; ticks: number; lots: number; side: number; flags: number }[] = [];
  readonly quotes: number[][] = [];
  readonly marks: number[][] = [];
  changed = 0;

  constructor(venueId: string, symbols: readonly string[]) {
    const venue = findVenue(venueId)!;
    const instruments = symbols.map((symbol, index) => instrument(venueId, symbol, index));
    const counterBase = BOOK_BYTES * symbols.length;
    this.views = viewsOf(new SharedArrayBuffer(counterBase + COUNTER_BLOCK_BYTES));
    this.readers = symbols.map((_, index) => new BookReader(this.views, BOOK_BYTES * index));
    this.counters = new CounterBlock(this.views, counterBase, VENUE_COUNTERS);
    const sink: FeedSink = {
      bookChanged: () => void this.changed++,
      state: (index, state) => void this.states.push(`${index}:${state}`),
      trade: (index, t) => void this.trades.push({ instrument: index, ticks: t.priceTicks, lots: t.qtyLots, side: t.side, flags: t.flags }),
      quote: (index, q) => void this.quotes.push([index, q.bidTicks, q.bidLots, q.askTicks, q.askLots]),
      mark: (index, m) => void this.marks.push([index, m.markTicks, m.indexTicks, m.fundingRate, m.nextFundingUs]),
    };
    this.feed = new Feed({
      venue,
      instruments,
      endpoints: withBase(venue.endpoints, { rest: 'http://rest', wsPublic: 'ws://public' }),
      source: this.source,
      http: this.http,
      clock: this.time,
      timers: this.time,
      random: halfRandom,
      views: this.views,
      bookBase: (index) => BOOK_BYTES * index,
      sink,
      counters: this.counters,
      kernel: 'ts',
      note: (text) => this.notes.push(text),
    });
    this.feed.start();
  }

  state(index = 0): number {
    this.readers[index]!.readTop();
    return this.readers[index]!.top.state;
  }
}

const spotDepth = (first: number, last: number, bid = '100.00', ask = '100.05'): string =>
  JSON.stringify({ stream: 's', data: { e: 'depthUpdate', E: 1, s: 'BTCUSDT', U: first, u: last, b: [[bid, '1.5']], a: [[ask, '2.5']] } });
const bybitBook = (symbol: string, type: string, u: number): string =>
  `{"topic":"orderbook.200.${symbol}","type":"${type}","ts":1,"data":{"s":"${symbol}","b":[["100.00","1"]],"a":[["100.05","1"]],"u":${u},"seq":1},"cts":1}`;
const restBook = (last: number): string => JSON.stringify({ lastUpdateId: last, bids: [['99.99', '1']], asks: [['100.10', '1']] });

describe('Binance feed', () => {
  it('replaces the base of addresses only, and subscribes in chunks', () => {
    const symbols = Array.from({ length: 40 }, (_, i) => `S${i}USDT`);
    const world = new World('binance-spot', symbols);
    const socket = world.source.last;
    expect(socket.options.url).toBe('ws://public/stream');
    socket.open();
    expect(socket.sent).toHaveLength(1);
    world.time.advance(2_000);
    const sent = socket.sent.map((text) => JSON.parse(text) as { method: string; params: string[]; id: number });
    expect(sent.map((request) => request.id)).toEqual([1, 2, 3]);
    expect(sent.flatMap((request) => request.params)).toHaveLength(120);
    expect(sent[0]!.params.slice(0, 3)).toEqual(['s0usdt@depth@100ms', 's0usdt@trade', 's0usdt@bookTicker']);
    expect(Math.max(...sent.map((request) => request.params.length))).toBeLessThanOrEqual(50);
  });

  it('splices the REST snapshot into the buffered stream and goes live once', async () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    const socket = world.source.last;
    socket.open();
    expect(world.state()).toBe(BOOK_SYNCING);
    socket.say(spotDepth(11, 12));
    socket.say(spotDepth(13, 15, '100.01'));
    expect(world.state()).toBe(BOOK_SYNCING);
    world.time.advance(1_000);
    expect(world.http.urls).toEqual(['http://rest/api/v3/depth?symbol=BTCUSDT&limit=5000']);
    await world.http.answer(200, restBook(13));
    expect(world.state()).toBe(BOOK_LIVE);
    expect(world.readers[0]!.top).toMatchObject({ bidTicks: 10_001, bidLots: 1_500, askTicks: 10_005, askLots: 2_500, lastSequence: 15 });
    expect(world.states).toEqual([`0:${BOOK_SYNCING}`, `0:${BOOK_LIVE}`]);
  });

  it('hides the book at a gap and fetches a snapshot until one fits', async () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    const socket = world.source.last;
    socket.open();
    world.time.advance(1_000);
    await world.http.answer(200, restBook(10));
    expect(world.state()).toBe(BOOK_LIVE);
    socket.say(spotDepth(11, 12));
    socket.say(spotDepth(14, 15));
    expect(world.state()).toBe(BOOK_GAP);
    world.time.advance(1_000);
    expect(world.state()).toBe(BOOK_SYNCING);
    await world.http.answer(200, restBook(12)); // too old for the event that waits
    expect(world.state()).toBe(BOOK_GAP);
    world.time.advance(1_000);
    await world.http.answer(200, restBook(14));
    expect(world.state()).toBe(BOOK_LIVE);
    expect(world.readers[0]!.top.lastSequence).toBe(15);
    world.feed.step(world.time.nowUs());
    expect(world.counters.get('gaps')).toBe(2);
  });

  it('asks for few snapshots at once and waits as long as a refusal says', async () => {
    const world = new World('binance-usdm', ['AUSDT', 'BUSDT', 'CUSDT', 'DUSDT']);
    for (const socket of world.source.sockets) socket.open();
    world.time.advance(3_000);
    expect(world.http.waiting).toHaveLength(2);
    await world.http.answer(429, 'too many', { 'retry-after': '7' });
    world.time.advance(6_000);
    expect(world.http.urls).toHaveLength(2);
    world.time.advance(2_000);
    expect(world.http.urls).toHaveLength(3);
  });

  it('does not use a snapshot of an older connection', async () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    world.source.last.open();
    world.time.advance(1_000);
    world.source.last.drop();
    world.time.advance(1_000);
    world.source.last.open();
    await world.http.answer(200, restBook(10));
    expect(world.state()).toBe(BOOK_SYNCING);
  });

  it('maps trades, best quotes and marks in ticks and lots', () => {
    const world = new World('binance-usdm', ['BTCUSDT']);
    for (const socket of world.source.sockets) socket.open();
    expect(world.source.sockets.map((socket) => socket.options.url)).toEqual(['ws://public/public/stream', 'ws://public/market/stream']);
    const [stream, market] = world.source.sockets;
    stream!.say('{"stream":"b","data":{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"100.10","B":"2","a":"100.2","A":"0.5","T":7,"E":8}}');
    market!.say(
      '{"stream":"a","data":{"e":"aggTrade","E":1,"a":77,"s":"BTCUSDT","p":"100.20","q":"0.25","f":1,"l":2,"T":1700000000000,"m":true}}',
    );
    stream!.say('{"e":"trade","E":1,"T":2,"s":"BTCUSDT","t":9,"p":"100.20","q":"0.25","X":"INSURANCE_FUND","m":false}');
    market!.say(
      '{"stream":"m","data":{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"100.155","i":"100.1","P":"1","r":"-0.0001","T":1700000000000}}',
    );
    expect(world.quotes).toEqual([[0, 10_010, 2_000, 10_020, 500]]);
    expect(world.trades).toEqual([
      { instrument: 0, ticks: 10_020, lots: 250, side: 1, flags: 0 },
      { instrument: 0, ticks: 10_020, lots: 250, side: 0, flags: 2 },
    ]);
    expect(world.marks[0]![1]).toBeCloseTo(10_015.5, 6);
    expect(world.marks[0]!.slice(2)).toEqual([10_010, -0.0001, 1_700_000_000_000_000]);
  });
});

describe('session', () => {
  it('pings at the venue’s pace and answers nothing it does not have to', () => {
    const world = new World('bybit', ['linear:BTCUSDT']);
    const socket = world.source.last;
    expect(socket.options.url).toBe('ws://public/v5/public/linear');
    socket.open();
    socket.say('{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":1,"seq":1},"cts":1}');
    socket.sent.length = 0;
    world.time.advance(18_000);
    expect(socket.sent).toEqual(['{"op":"ping"}']);
    socket.say('{"success":true,"ret_msg":"pong","op":"ping"}');
    expect(socket.sent).toHaveLength(1);
  });

  it('marks a silent symbol stale although others speak, and opens the connection anew', () => {
    const world = new World('bybit', ['linear:BTCUSDT', 'linear:ETHUSDT']);
    const socket = world.source.last;
    socket.open();
    socket.say(bybitBook('BTCUSDT', 'snapshot', 1));
    socket.say(bybitBook('ETHUSDT', 'snapshot', 1));
    for (let second = 1; second <= 29; second++) {
      world.time.advance(1_000);
      socket.say(bybitBook('BTCUSDT', 'delta', second + 1));
    }
    expect([world.state(0), world.state(1)]).toEqual([BOOK_LIVE, BOOK_LIVE]);
    world.time.advance(2_000);
    expect(socket.isClosed).toBe(true);
    expect(world.state(1)).toBe(BOOK_STALE);
    expect(world.state(0)).not.toBe(BOOK_LIVE);
    world.time.advance(1_000);
    expect(world.source.sockets).toHaveLength(2);
    world.source.last.open();
    world.source.last.say(bybitBook('ETHUSDT', 'snapshot', 50));
    expect(world.state(1)).toBe(BOOK_LIVE);
  });

  it('leaves a line on which not even a pong comes', () => {
    const world = new World('bitmex', ['XBTUSD']);
    world.source.last.open();
    world.time.advance(14_000);
    expect(world.source.last.isClosed).toBe(false);
    world.time.advance(2_000);
    expect(world.source.sockets[0]!.isClosed).toBe(true);
  });

  it('backs off with growing waits and starts over after a sound connection', () => {
    const world = new World('bybit', ['linear:BTCUSDT']);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const before = world.source.sockets.length;
      world.source.last.drop();
      let waited = 0;
      while (world.source.sockets.length === before) {
        world.time.advance(10);
        waited += 10;
      }
      waits.push(waited);
    }
    for (let i = 1; i < waits.length; i++) expect(waits[i]).toBeGreaterThanOrEqual(waits[i - 1]!);
    expect(waits[0]).toBeLessThan(300);
    expect(waits.at(-1)).toBeGreaterThan(15_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(30_000);
    world.source.last.open();
    world.source.last.say('{"op":"pong"}');
    world.time.advance(12_000);
    world.source.last.drop();
    world.time.advance(300);
    expect(world.source.last.isClosed).toBe(false);
  });

  it('asks for the book again inside the stream at a gap, but not without end', () => {
    const world = new World('bitmex', ['XBTUSD']);
    const socket = world.source.last;
    socket.open();
    world.time.advance(1_000);
    const partial =
      '{"table":"orderBookL2","action":"partial","filter":{"symbol":"XBTUSD"},"data":[{"symbol":"XBTUSD","id":1,"side":"Buy","size":5,"price":100}]}';
    const unknown = '{"table":"orderBookL2","action":"delete","data":[{"symbol":"XBTUSD","id":9,"side":"Buy"}]}';
    socket.say(partial);
    expect(world.state()).toBe(BOOK_LIVE);
    socket.sent.length = 0;
    socket.say(unknown);
    expect(world.state()).toBe(BOOK_GAP);
    world.time.advance(1);
    expect(socket.sent).toEqual(['{"op":"unsubscribe","args":["orderBookL2:XBTUSD"]}', '{"op":"subscribe","args":["orderBookL2:XBTUSD"]}']);
    for (let i = 0; i < 50; i++) {
      socket.say(partial);
      socket.say(unknown);
      world.time.advance(10);
    }
    expect(socket.sent.length).toBeLessThanOrEqual(4);
  });

  it('opens a fresh connection before the venue cuts it after a day', () => {
    const world = new World('bybit', ['linear:BTCUSDT']);
    world.source.last.open();
    let u = 1;
    const say = (): void =>
      world.source.sockets[0]!.say(
        `{"topic":"orderbook.200.BTCUSDT","type":"${u === 1 ? 'snapshot' : 'delta'}","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":${u++},"seq":1},"cts":1}`,
      );
    for (let minute = 0; minute < 24 * 60 && world.source.sockets.length === 1; minute++) {
      for (let i = 0; i < 3; i++) {
        say();
        world.time.advance(20_000);
      }
    }
    expect(world.source.sockets).toHaveLength(2);
    expect(world.time.nowUs()).toBeGreaterThan(22 * 3_600_000_000);
    expect(world.notes.some((note) => note.includes('planned'))).toBe(true);
  });

  it('survives garbage, counts it, and reconnects after too much of it', () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    const socket = world.source.last;
    socket.open();
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"x"',
      '{"e":"depthUpdate"}',
      '\u0000\u0001',
      '{"data":null}',
      '{"stream":3,"data":[]}',
    ])
      socket.say(text);
    socket.sayBytes(new Uint8Array(0));
    expect(world.feed.stats.bad).toBeGreaterThan(5);
    for (let i = 0; i < 120; i++) socket.say('{"broken');
    expect(socket.isClosed).toBe(true);
    world.time.advance(1_000);
    expect(world.source.sockets).toHaveLength(2);
  });

  it('obeys the commands resync and reconnect', async () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    const socket = world.source.last;
    socket.open();
    world.time.advance(1_000);
    await world.http.answer(200, restBook(10));
    expect(world.state()).toBe(BOOK_LIVE);
    expect(world.feed.resync(0)).toBe(true);
    expect(world.feed.resync(7)).toBe(false);
    expect(world.state()).toBe(BOOK_SYNCING);
    world.time.advance(1_000);
    await world.http.answer(200, restBook(11));
    expect(world.state()).toBe(BOOK_LIVE);
    world.feed.reconnect();
    expect(socket.isClosed).toBe(true);
    world.time.advance(1_000);
    expect(world.source.sockets).toHaveLength(2);
  });

  it('leaves no timer and no live book behind when stopped', async () => {
    const world = new World('binance-spot', ['BTCUSDT']);
    world.source.last.open();
    world.time.advance(1_000);
    await world.http.answer(200, restBook(10));
    world.feed.stop();
    expect(world.time.timers).toBe(0);
    expect(world.state()).not.toBe(BOOK_LIVE);
    expect(world.source.last.isClosed).toBe(true);
  });
});
