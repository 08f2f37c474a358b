/** What a replay serves, client by client, without sockets: recorded bytes in order, wrappers, snapshots at their place and later, refusals. */
import { describe, expect, it } from 'vitest';
import type { HttpReply, ServerSocket } from '../../../src/core/ports/http.js';
import { readRecording } from '../../../src/feeds/recording.js';
import { recordingInfo } from '../../../src/feeds/verify.js';
import { BinanceReplay } from '../../../src/venue-sim/replay/binance-replay.js';
import { BitmexReplay } from '../../../src/venue-sim/replay/bitmex-replay.js';
import { BybitReplay } from '../../../src/venue-sim/replay/bybit-replay.js';
import type { RecordedLine } from '../../../src/venue-sim/replay/recorded-line.js';
import type { ReplayContext, ReplayVenue } from '../../../src/venue-sim/replay/replay-venue.js';
import { VenueCounters } from '../../../src/venue-sim/venues/protocol.js';
import { writeFixture } from './recorded-fixture.js';

type Json = Record<string, unknown>;

class Client {
  readonly received: string[] = [];
  readonly socket: ServerSocket;

  constructor(
    readonly venue: ReplayVenue,
    id: number,
    target: string,
  ) {
    const [path = '', query = ''] = target.split('?');
    this.socket = {
      id,
      request: { method: 'GET', path, query, headers: {}, remoteAddress: '127.0.0.1' },
      data: null,
      send: (text) => {
        this.received.push(String(text));
        return 'sent';
      },
      bufferedBytes: () => 0,
      ping: () => undefined,
      close: () => undefined,
      terminate: () => undefined,
    };
    venue.handlers.onOpen?.(this.socket);
  }

  send(message: Json | string): this {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.venue.handlers.onMessage?.(this.socket, new TextEncoder().encode(text), true);
    return this;
  }

  take(): string[] {
    return this.received.splice(0);
  }
}

class Stage {
  readonly venue: ReplayVenue;
  readonly lines: RecordedLine[] = [];
  readonly #connections: Readonly<Record<string, string>>;
  #next = 0;
  #clients = 0;
  #nowUs = 0;

  private constructor(make: (context: ReplayContext) => ReplayVenue, id: string, connections: Readonly<Record<string, string>>) {
    this.#connections = connections;
    this.venue = make({ id, counters: new VenueCounters(), nowUs: () => this.#nowUs, onSnapshotAnswered: () => undefined });
  }

  static async of(file: string): Promise<Stage> {
    const info = await recordingInfo(file, undefined);
    const makers: Record<string, (context: ReplayContext) => ReplayVenue> = {
      bybit: (context) => new BybitReplay(context),
      bitmex: (context) => new BitmexReplay(context),
    };
    const stage = new Stage(makers[info.venue.id] ?? ((context) => new BinanceReplay(context)), info.venue.id, info.connections);
    for await (const line of readRecording(file)) stage.lines.push(line);
    for (const line of stage.lines) stage.venue.scan(line, stage.#connections[line.conn] ?? '', new Set());
    return stage;
  }

  client(target: string): Client {
    return new Client(this.venue, ++this.#clients, target);
  }

  get(target: string): { reply: HttpReply | null } {
    const [path = '', query = ''] = target.split('?');
    const box: { reply: HttpReply | null } = { reply: null };
    const request = { method: 'GET', path, query, headers: {}, remoteAddress: '127.0.0.1', body: new Uint8Array() };
    this.venue.handlers.onRequest(request, (reply) => (box.reply = reply));
    return box;
  }

  /** Up to this line, the first after it not included. */
  play(until = this.lines.length): RecordedLine[] {
    const played = this.lines.slice(this.#next, until);
    for (const line of played) {
      this.#nowUs = line.t * 1000;
      this.venue.play(line, this.#connections[line.conn] ?? '');
    }
    this.#next = Math.max(this.#next, until);
    return played;
  }
}

const fixture = writeFixture(120);
const binanceFrames = (lines: readonly RecordedLine[], stream: string): string[] =>
  lines.filter(({ raw }) => raw.startsWith(`{"stream":"${stream}"`)).map(({ raw }) => raw);
const inner = (raw: string): string => raw.slice(raw.indexOf('"data":') + 7, -1);

const ofConnection = (lines: readonly RecordedLine[], conn: string): string[] =>
  lines.filter((line) => line.conn === conn).map(({ raw }) => raw);
const byId = (list: readonly Json[]): Json[] => list.toSorted((x, y) => Number(x['id']) - Number(y['id']));

describe('binance', () => {
  it('sends a combined client the recorded bytes of what it asked for, in order, and nothing else', async () => {
    const stage = await Stage.of(fixture.spot);
    const client = stage.client('/stream').send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 });
    expect(client.take()).toEqual(['{"result":null,"id":1}']);
    const played = stage.play();
    expect(client.take()).toEqual(binanceFrames(played, 'btcusdt@trade'));
  });

  it('takes the wrapper off for raw clients, byte for byte', async () => {
    const stage = await Stage.of(fixture.spot);
    const client = stage.client('/ws/btcusdt@depth@100ms');
    const played = stage.play();
    expect(client.take()).toEqual(binanceFrames(played, 'btcusdt@depth@100ms').map(inner));
  });

  it('answers depth at another pace and aggregated trades with what was recorded; streams that nobody recorded stay silent', async () => {
    const stage = await Stage.of(fixture.coinm);
    const client = stage.client('/stream').send({
      method: 'SUBSCRIBE',
      params: ['btcusd_perp@depth@500ms', 'btcusd_perp@aggTrade', 'btcusd_perp@markPrice@1s', 'ethusd_perp@depth'],
      id: 2,
    });
    expect(client.take()).toEqual(['{"result":null,"id":2}']);
    const played = stage.play();
    expect(client.take()).toEqual(played.filter(({ kind }) => kind === 'in').map(({ raw }) => raw));
    expect([...stage.venue.counters.unknownTopics.keys()]).toEqual(['/stream btcusd_perp@markPrice@1s', '/stream ethusd_perp@depth']);
  });

  it('stops sending after UNSUBSCRIBE, and sends once to a client that asked by two names', async () => {
    const stage = await Stage.of(fixture.spot);
    const client = stage.client('/stream?streams=btcusdt@depth/btcusdt@depth@100ms');
    const first = stage.play(20);
    expect(client.take()).toEqual(binanceFrames(first, 'btcusdt@depth@100ms'));
    client.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@depth'], id: 3 });
    const second = stage.play(30);
    expect(client.take().slice(1)).toEqual(binanceFrames(second, 'btcusdt@depth@100ms'));
    client.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@depth@100ms'], id: 4 }).take();
    stage.play();
    expect(client.take()).toEqual([]);
  });

  it('lets a depth request wait for the place of the recorded answer and gives its bytes; later it answers with the book of the moment', async () => {
    const stage = await Stage.of(fixture.coinm);
    const place = stage.lines.findIndex(({ kind }) => kind === 'http');
    const early = stage.get('/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000');
    stage.play(place);
    expect(early.reply).toBeNull();
    stage.play(place + 1);
    expect(early.reply?.body).toBe(stage.lines[place]?.raw);

    const played = stage.play(place + 60).filter(({ raw }) => raw.includes('depthUpdate'));
    const late = JSON.parse(String(stage.get('/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000').reply?.body)) as {
      lastUpdateId: number;
      bids: [string, string][];
    };
    expect(late.lastUpdateId).toBe((JSON.parse(inner(played.at(-1)?.raw ?? '')) as { u: number }).u);
    const book = new Map((JSON.parse(stage.lines[place]?.raw ?? '') as typeof late).bids);
    for (const { raw } of played)
      for (const [price, qty] of (JSON.parse(inner(raw)) as { b: [string, string][] }).b) {
        if (qty === '0') book.delete(price);
        else book.set(price, qty);
      }
    expect(late.bids).toEqual([...book].sort((x, y) => Number(y[0]) - Number(x[0])));
    const short = JSON.parse(String(stage.get('/dapi/v1/depth?symbol=BTCUSD_PERP&limit=5').reply?.body)) as typeof late;
    expect(short.bids).toEqual(late.bids.slice(0, 5));
  });

  it('refuses what it does not have: another symbol, another path, a book that never came', async () => {
    const stage = await Stage.of(fixture.spot);
    expect(stage.get('/api/v3/depth?symbol=ETHUSDT').reply?.status).toBe(400);
    expect(stage.get('/api/v3/klines?symbol=BTCUSDT').reply?.status).toBe(404);
    const waiting = stage.get('/api/v3/depth?symbol=BTCUSDT&limit=5000');
    stage.venue.finish();
    expect(waiting.reply?.status).toBe(503);
  });

  it('describes instruments by the decimals of the whole file', async () => {
    const infoOf = async (file: string, path: string): Promise<Json> => {
      const stage = await Stage.of(file);
      const { symbols } = JSON.parse(String(stage.get(path).reply?.body)) as { symbols: (Json & { filters: Json[] })[] };
      expect(symbols).toHaveLength(1);
      const [info] = symbols;
      const filter = (name: string): Json | undefined => info?.filters.find((one) => one['filterType'] === name);
      return { ...info, tick: filter('PRICE_FILTER')?.['tickSize'], lot: filter('LOT_SIZE')?.['stepSize'] };
    };
    expect(await infoOf(fixture.spot, '/api/v3/exchangeInfo')).toMatchObject({
      symbol: 'BTCUSDT',
      baseAsset: 'BTC',
      tick: '0.1',
      lot: '0.00001',
    });
    const coin = { symbol: 'BTCUSD_PERP', marginAsset: 'BTC', contractSize: 100, contractStatus: 'TRADING', tick: '0.1', lot: '1' };
    expect(await infoOf(fixture.coinm, '/dapi/v1/exchangeInfo')).toMatchObject(coin);
  });
});

describe('bybit', () => {
  const subscribe = { op: 'subscribe', args: ['orderbook.200.BTCUSDT', 'publicTrade.BTCUSDT'] };
  it('keeps categories apart and sends recorded bytes behind the acknowledgement', async () => {
    const stage = await Stage.of(fixture.bybit);
    const linear = stage.client('/v5/public/linear').send({ ...subscribe, req_id: 'x' });
    const spot = stage.client('/v5/public/spot').send(subscribe);
    const played = stage.play();
    const [ack = '', ...frames] = linear.take();
    expect(JSON.parse(ack)).toMatchObject({ success: true, ret_msg: '', req_id: 'x', op: 'subscribe' });
    expect(frames).toEqual(ofConnection(played, 'a'));
    expect(spot.take().slice(1)).toEqual(ofConnection(played, 'b'));
  });

  it('gives who comes late a snapshot with the number of the last delta, then the deltas behind it', async () => {
    const stage = await Stage.of(fixture.bybit);
    const early = stage.client('/v5/public/linear').send(subscribe);
    const before = ofConnection(stage.play(100), 'a').filter((raw) => raw.includes('"orderbook'));
    early.take();
    // Another depth than the recorded one is answered with the recorded one.
    const late = stage.client('/v5/public/linear').send({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    const [, text = ''] = late.take();
    const snapshot = JSON.parse(text) as { type: string; data: { u: number; b: [string, string][] } };
    const book = new Map<string, string>();
    for (const raw of before)
      for (const [price, qty] of (JSON.parse(raw) as typeof snapshot).data.b) {
        if (qty === '0') book.delete(price);
        else book.set(price, qty);
      }
    expect(snapshot.type).toBe('snapshot');
    expect(snapshot.data.u).toBe((JSON.parse(before.at(-1) ?? '') as typeof snapshot).data.u);
    expect(snapshot.data.b).toEqual([...book].sort((x, y) => Number(y[0]) - Number(x[0])));
    stage.play();
    expect(late.take()).toEqual(early.take().filter((raw) => raw.includes('"orderbook')));
  });

  it('refuses a whole request for one unknown symbol, a second subscription, and answers pings', async () => {
    const stage = await Stage.of(fixture.bybit);
    const client = stage.client('/v5/public/linear').send({ op: 'subscribe', args: ['publicTrade.BTCUSDT', 'publicTrade.ETHUSDT'] });
    expect(JSON.parse(client.take()[0] ?? '')).toMatchObject({
      success: false,
      ret_msg: 'error:handler not found,topic:publicTrade.ETHUSDT',
    });
    client.send(subscribe).take();
    expect(JSON.parse(client.send(subscribe).take()[0] ?? '')).toMatchObject({ success: false });
    expect(JSON.parse(client.send({ op: 'ping' }).take()[0] ?? '')).toMatchObject({ ret_msg: 'pong' });
  });
});

describe('bitmex', () => {
  const books = (lines: readonly string[]): Json[] =>
    lines.map((text) => JSON.parse(text) as Json).filter((frame) => frame['table'] === 'orderBookL2');

  it('welcomes, acknowledges each topic and sends recorded bytes', async () => {
    const stage = await Stage.of(fixture.bitmex);
    const client = stage.client('/realtime').send({ op: 'subscribe', args: ['orderBookL2:XBTUSD', 'trade:XBTUSD'] });
    const head = client.take();
    expect(head[0]).toContain('Welcome');
    expect(head.slice(1).map((text) => (JSON.parse(text) as Json)['subscribe'])).toEqual(['orderBookL2:XBTUSD', 'trade:XBTUSD']);
    const played = stage.play();
    expect(client.take()).toEqual(played.map(({ raw }) => raw));
    expect(client.send('ping').take()).toEqual(['pong']);
  });

  it('gives who comes late a partial with the ids of that moment, then the messages behind it', async () => {
    const stage = await Stage.of(fixture.bitmex);
    const early = stage.client('/realtime?subscribe=orderBookL2:XBTUSD');
    stage.play(150);
    const rows = new Map<unknown, Json>();
    for (const frame of books(early.take()))
      for (const row of frame['data'] as Json[]) {
        if (frame['action'] === 'delete') rows.delete(row['id']);
        else rows.set(row['id'], { ...rows.get(row['id']), ...row });
      }
    const late = stage.client('/realtime?subscribe=orderBookL2:XBTUSD');
    const [partial] = books(late.take());
    expect(partial).toMatchObject({ action: 'partial', filter: { symbol: 'XBTUSD' }, keys: ['symbol', 'id', 'side'] });
    expect(byId(partial?.['data'] as Json[])).toEqual(byId([...rows.values()]));
    stage.play();
    expect(late.take()).toEqual(early.take());
  });

  it('refuses unknown tables and symbols, and a topic asked for twice', async () => {
    const stage = await Stage.of(fixture.bitmex);
    const client = stage.client('/realtime');
    client.take();
    const errors = client.send({ op: 'subscribe', args: ['nothing', 'trade:ETHUSD', 'trade:XBTUSD', 'trade:XBTUSD'] }).take();
    expect(errors.map((text) => (JSON.parse(text) as Json)['status'] ?? 'ok')).toEqual([400, 400, 'ok', 400]);
  });
});
