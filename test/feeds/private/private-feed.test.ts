/** Private feeds with the test at the other end: authentication, proofs, listen keys, refusals, cuts, stalls, and what is never said. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/core/numbers/errors.js';
import type { HttpAnswer, HttpClient } from '../../../src/core/ports/http.js';
import { PrivateFeed } from '../../../src/feeds/private-feed.js';
import { findVenue } from '../../../src/feeds/registry.js';
import { ManualSource, ManualTime, halfRandom } from '../../support/manual-host.js';
import { instrumentsOf, Told } from './told.js';

const KEY = 'the-key-of-the-account';
const SECRET = 'the-secret-of-the-account';
const MINUTE = 60_000;

class ScriptedHttp implements HttpClient {
  readonly asked: string[] = [];
  answers: (HttpAnswer | Error)[] = [];
  /** What the list of funding payments answers, and what was asked of it. */
  funding: (target: string) => HttpAnswer = () => answer(200, '[]');
  readonly fundingAsked: string[] = [];

  request(method: string, url: string, options?: { readonly headers?: Readonly<Record<string, string>> }): Promise<HttpAnswer> {
    if (method === 'GET') {
      this.fundingAsked.push(url.slice('http://rest'.length));
      return Promise.resolve(this.funding(url));
    }
    this.asked.push(`${method} ${url} ${JSON.stringify(options?.headers ?? {})}`);
    const answer = this.answers.shift() ?? { status: 200, headers: {}, text: '{"listenKey":"listen-key-1"}' };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
  close(): void {
    this.answers = [];
  }
}

function answer(status: number, text: string): HttpAnswer {
  return { status, headers: {}, text };
}

class World {
  readonly time = new ManualTime();
  readonly source = new ManualSource(this.time);
  readonly http = new ScriptedHttp();
  readonly told = new Told();
  readonly notes: string[] = [];
  readonly feed: PrivateFeed;

  constructor(venueId: string, symbols: readonly string[], answers: readonly HttpAnswer[] = [], speed = 1) {
    this.http.answers.push(...answers);
    const venue = findVenue(venueId);
    if (venue === undefined) throw new Error(`no venue ${venueId}`);
    this.feed = new PrivateFeed({
      venue,
      instruments: instrumentsOf(venueId, symbols),
      endpoints: { rest: 'http://rest', wsPublic: 'ws://public', wsPrivate: 'ws://private', wsApi: 'ws://api' },
      credentials: { apiKey: KEY, secret: SECRET },
      source: this.source,
      http: this.http,
      clock: this.time,
      timers: this.time,
      random: halfRandom,
      sink: this.told,
      note: (text) => this.notes.push(text),
      speed,
    });
    this.feed.start();
  }

  /** Lets answers of the scripted HTTP arrive. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }

  async advance(ms: number): Promise<void> {
    this.time.advance(ms);
    await this.settle();
  }

  get sent(): Record<string, unknown>[] {
    return this.source.last.sent.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Record<string, unknown>);
  }
}

const hmac = (text: string): string => createHmac('sha256', SECRET).update(text).digest('hex');
const SPOT_OK = '{"id":"subscribe","status":200,"result":{"subscriptionId":0},"rateLimits":[]}';

function spot(): World {
  const world = new World('binance-spot', ['BTCUSDT']);
  world.source.last.open();
  return world;
}

async function usdm(): Promise<World> {
  const world = new World('binance-usdm', ['BTCUSDT']);
  await world.settle();
  world.source.last.open();
  world.source.last.say('{"result":[],"id":1}');
  expect(world.told.take()).toEqual(['up']);
  return world;
}

const newOrder = (clientId: string): string =>
  `{"subscriptionId":0,"event":{"e":"executionReport","E":1,"s":"BTCUSDT","c":"${clientId}","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"2","C":"","x":"NEW",` +
  '"X":"NEW","r":"NONE","i":5,"l":"0","z":"0","L":"0","n":"0","N":null,"T":7,"t":-1,"m":false}}';

/** Time passes on a line that answers. */
async function live(world: World, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 5_000) {
    await world.advance(5_000);
    if (!world.source.last.isClosed) world.source.last.say('{"result":[],"id":1}');
  }
}

describe('private feed', () => {
  it('Binance spot: signs the subscription over market time, and is up when the venue says so', () => {
    const world = spot();
    expect(world.source.last.options.url).toBe('ws://api/ws-api/v3');
    const timestamp = Math.floor(world.time.wallUs() / 1000);
    expect(world.sent).toEqual([
      {
        id: 'subscribe',
        method: 'userDataStream.subscribe.signature',
        params: { apiKey: KEY, recvWindow: 10_000, timestamp, signature: hmac(`apiKey=${KEY}&recvWindow=10000&timestamp=${timestamp}`) },
      },
    ]);
    expect(world.feed.isUp).toBe(false);
    world.source.last.say('{"id":"beat","status":200,"result":{},"rateLimits":[]}');
    expect(world.feed.isUp).toBe(false);
    world.source.last.say(SPOT_OK);
    expect(world.feed.isUp).toBe(true);
    expect(world.told.take()).toEqual(['up']);
  });

  it('Binance USD-M: asks for a listen key with the key header alone, and is up when the server answers on the stream', async () => {
    const world = await usdm();
    expect(world.http.asked).toEqual([`POST http://rest/fapi/v1/listenKey {"X-MBX-APIKEY":"${KEY}"}`]);
    expect(world.source.last.options.url).toBe('ws://private/private/ws?listenKey=listen-key-1');
  });

  it('Binance COIN-M: the key stands in the path of its own stream host', async () => {
    const world = new World('binance-coinm', ['BTCUSD_PERP']);
    await world.settle();
    expect(world.http.asked).toEqual([`POST http://rest/dapi/v1/listenKey {"X-MBX-APIKEY":"${KEY}"}`]);
    expect(world.source.last.options.url).toBe('ws://private/ws/listen-key-1');
  });

  it('Bybit: authenticates and subscribes without waiting, and is up when both are answered', () => {
    const world = new World('bybit', ['linear:BTCUSDT']);
    world.source.last.open();
    world.time.advance(0);
    const expires = Math.floor(world.time.wallUs() / 1000) + 10_000;
    expect(world.source.last.options.url).toBe('ws://private/v5/private');
    expect(world.sent).toEqual([
      { req_id: 'auth', op: 'auth', args: [KEY, expires, hmac(`GET/realtime${expires}`)] },
      { req_id: 'subscribe', op: 'subscribe', args: ['order', 'execution', 'position', 'wallet'] },
    ]);
    world.source.last.say('{"success":true,"ret_msg":"","op":"subscribe","req_id":"subscribe","conn_id":"c"}');
    expect(world.told.take()).toEqual([]);
    world.source.last.say('{"success":true,"ret_msg":"","op":"auth","req_id":"auth","conn_id":"c"}');
    expect(world.told.take()).toEqual(['up']);
  });

  it('C13: BitMEX is up when every table has sent its state, and not before', () => {
    const world = new World('bitmex', ['XBTUSD']);
    world.source.last.open();
    world.time.advance(0);
    const expires = Math.floor(world.time.wallUs() / 1_000_000) + 60;
    expect(world.source.last.options.url).toBe('ws://private/realtime');
    expect(world.sent).toEqual([
      { op: 'authKeyExpires', args: [KEY, expires, hmac(`GET/realtime${expires}`)] },
      { op: 'subscribe', args: ['order', 'execution', 'position', 'margin:*'] },
    ]);
    const socket = world.source.last;
    socket.say('{"info":"Welcome to the BitMEX Realtime API.","version":"1"}');
    socket.say(`{"success":true,"request":{"op":"authKeyExpires","args":["${KEY}",1,"x"]}}`);
    for (const table of ['order', 'execution', 'position']) {
      socket.say(`{"success":true,"subscribe":"${table}","request":{"op":"subscribe","args":[]}}`);
      socket.say(`{"table":"${table}","action":"partial","keys":["x"],"data":[]}`);
    }
    expect(world.told.take()).toEqual([]);
    socket.say(
      '{"table":"margin","action":"partial","data":[{"currency":"XBt","walletBalance":1,"timestamp":"2026-11-23T00:00:00.000Z"}]}',
    );
    expect(world.told.take()).toEqual(['up']);
  });

  it('C13: a refused authentication is told once with the venue’s words, tried again ever more slowly', async () => {
    const world = spot();
    world.source.last.say('{"id":"subscribe","status":401,"error":{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}}');
    expect(world.told.take()).toEqual(['down: refused: -2015 Invalid API-key, IP, or permissions for action.']);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const before = world.time.nowUs();
      const sockets = world.source.sockets.length;
      while (world.source.sockets.length === sockets) await world.advance(50);
      waits.push((world.time.nowUs() - before) / 1000);
      world.source.last.open();
      world.source.last.say('{"id":"subscribe","status":401,"error":{"code":-2015,"msg":"no"}}');
    }
    expect(waits.every((wait, at) => at === 0 || wait >= (waits[at - 1] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(22_000);
    expect(world.told.take()).toEqual([]);
  });

  it('C13: an authentication that is not answered at all is given up', () => {
    const world = spot();
    for (let beat = 0; beat < 11; beat++) {
      world.time.advance(1_000);
      world.source.last.say('{"id":"beat","status":200,"result":{}}');
    }
    expect(world.told.take()).toEqual(['down: not authenticated in time']);
  });

  it('C13: a cut line is down at once, and up again only when authenticated anew', () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    world.told.take();
    world.source.last.drop();
    expect(world.told.take()).toEqual(['down: closed 1006 lost']);
    world.time.advance(300);
    world.source.last.open();
    expect(world.told.take()).toEqual([]);
    world.source.last.say(SPOT_OK);
    expect(world.told.take()).toEqual(['up']);
    expect(world.feed.reconnects).toBe(1);
  });

  it('C13: a stalled stream is down after 15 s although the transport still answers pings', () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    world.told.take();
    for (let i = 0; i < 14; i++) {
      world.time.advance(1_000);
      world.source.last.handler.onLife?.(world.time.nowUs());
    }
    expect(world.source.last.sent.filter((text) => text.includes('"ping"'))).toHaveLength(2);
    expect(world.told.take()).toEqual([]);
    world.time.advance(2_000);
    expect(world.told.take()).toEqual(['down: silent']);
  });

  it('C13: a stream that answers its heartbeats and tells nothing of an order that was taken is dead', () => {
    const world = spot();
    const beat = (seconds: number): void => {
      for (let at = 0; at < seconds; at++) {
        world.time.advance(1_000);
        if (!world.source.last.isClosed) world.source.last.say('{"id":"beat","status":200,"result":{}}');
      }
    };
    world.source.last.say(SPOT_OK);
    // Told before the answer, told after it, told in time.
    world.source.last.say(newOrder('early'));
    world.feed.expect('early');
    world.feed.expect('late');
    beat(9);
    world.source.last.say(newOrder('late'));
    beat(20);
    expect(world.told.take().filter((line) => !line.startsWith('order'))).toEqual(['up']);
    world.feed.expect('lost');
    beat(11);
    expect(world.told.take()).toEqual(['down: order lost was taken and not told']);
    world.source.last.open();
    world.source.last.say(SPOT_OK);
    beat(30);
    expect(world.told.take()).toEqual(['up']);
  });

  it('deadlines are longer where market time runs faster than a machine can answer', () => {
    const world = new World('binance-spot', ['BTCUSDT'], [], 20);
    world.source.last.open();
    world.time.advance(39_000);
    expect(world.told.take()).toEqual([]);
    world.source.last.say(SPOT_OK);
    world.time.advance(22_000);
    expect(world.told.take()).toEqual(['up']);
    world.time.advance(45_000);
    expect(world.told.take()).toEqual(['down: silent']);
  });

  it('a silent account is no reason to doubt: answered heartbeats keep the stream up', () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    for (let i = 0; i < 120; i++) {
      world.time.advance(5_000);
      world.source.last.say('{"id":"beat","status":200,"result":{}}');
    }
    expect(world.told.take()).toEqual(['up']);
  });

  it('C13: a message that cannot be read may have been a fill: down, and a fresh connection', () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    world.told.take();
    world.source.last.say('{"subscriptionId":0,"event":{"e":"executionReport","s":"BTCUSDT"}}');
    expect(world.told.take()).toEqual([expect.stringMatching(/^down: unreadable message/)]);
    world.time.advance(300);
    world.source.last.open();
    world.source.last.say(SPOT_OK);
    world.told.take();
    world.source.last.say('{"subscriptionId":0,"ev');
    expect(world.told.take()).toEqual([expect.stringMatching(/^down: unreadable message/)]);
    expect(world.feed.bad).toBe(2);
  });

  it('the end of the subscription by the venue is a loss', () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    world.told.take();
    world.source.last.say('{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}}');
    expect(world.told.take()).toEqual(['down: the venue ended the subscription']);
  });

  it('prolongs the listen key every 30 minutes', async () => {
    const world = await usdm();
    await live(world, 61 * MINUTE);
    const put = `PUT http://rest/fapi/v1/listenKey {"X-MBX-APIKEY":"${KEY}"}`;
    expect(world.http.asked.slice(1)).toEqual([put, put]);
    expect(world.told.take()).toEqual([]);
  });

  it('C13: an expired listen key is down at once and replaced', async () => {
    const world = await usdm();
    world.http.answers = [answer(200, '{"listenKey":"listen-key-2"}')];
    world.source.last.say('{"e":"listenKeyExpired","E":1,"listenKey":"listen-key-1"}');
    expect(world.told.take()).toEqual(['down: the listen key expired']);
    await world.advance(300);
    expect(world.source.last.options.url).toContain('listen-key-2');
  });

  it('a listen key that the venue no longer knows is replaced; a failing prolongation is tried again until it is too old', async () => {
    const gone = await usdm();
    gone.http.answers = [answer(400, '{"code":-1125,"msg":"This listenKey does not exist."}')];
    await live(gone, 30 * MINUTE);
    expect(gone.told.take()).toEqual(['down: listen key not prolonged: the venue does not know it']);

    const failing = await usdm();
    failing.http.answers = Array.from({ length: 100 }, () => answer(503, 'busy'));
    await live(failing, 54 * MINUTE);
    expect(failing.told.take()).toEqual([]);
    expect(failing.http.asked.length).toBeGreaterThan(20);
    await live(failing, 3 * MINUTE);
    expect(failing.told.take()).toEqual([expect.stringMatching(/^down: listen key not prolonged: answer 503/)]);
  });

  it('a listen key that cannot be had is tried again', async () => {
    const world = new World('binance-usdm', ['BTCUSDT'], [answer(503, 'busy')]);
    await world.settle();
    expect(world.told.take()).toEqual(['down: no listen key: answer 503: busy']);
    expect(world.source.sockets).toHaveLength(0);
    await world.advance(300);
    expect(world.source.sockets).toHaveLength(1);
  });

  it('B18: no secret is in a note, a reason or an error, whatever venue and transport repeat', async () => {
    const said: string[] = [];
    const collect = (world: World): void => void said.push(...world.notes, ...world.told.lines);
    const refusal = `{"code":-2015,"msg":"bad key ${KEY} ${SECRET}"}`;

    const one = spot();
    one.source.last.say(`{"id":"subscribe","status":401,"error":${refusal}}`);
    collect(one);

    const two = new World('bitmex', ['XBTUSD']);
    two.source.last.open();
    two.source.last.say(
      `{"status":401,"error":"Signature not valid for ${KEY}.","request":{"op":"authKeyExpires","args":["${KEY}",1,"${hmac('x')}"]}}`,
    );
    two.time.advance(300);
    two.source.last.open();
    two.source.last.say(`{"table":"order","action":"insert","data":[{"orderID":"${SECRET}","ordStatus":"${SECRET}"}]}`);
    collect(two);

    const three = new World('bybit', ['linear:BTCUSDT']);
    three.source.last.open();
    three.source.last.say(`{"success":false,"ret_msg":"params ${KEY} ${SECRET}","op":"auth"}`);
    collect(three);

    const four = await usdm();
    four.http.answers = [
      new EngineError('HTTP_FAILED', 'retry', { url: 'http://rest', reason: `${KEY} listen-key-1` }),
      answer(401, refusal),
    ];
    four.source.last.handler.onClose(1006, 'cannot open ws://private/private/ws?listenKey=listen-key-1');
    await four.advance(10_000);
    collect(four);

    expect(said.length).toBeGreaterThan(8);
    const text = said.join('\n');
    for (const word of [KEY, SECRET, 'listen-key-1', hmac('x')]) expect(text).not.toContain(word);
  });

  it('stops for good', async () => {
    const world = spot();
    world.source.last.say(SPOT_OK);
    world.feed.stop();
    expect(world.told.take()).toEqual(['up', 'down: ']);
    expect(world.notes).toEqual(['private binance-spot: up']);
    await world.advance(120_000);
    expect(world.source.sockets).toHaveLength(1);
    expect(world.time.timers).toBe(0);
  });
});
