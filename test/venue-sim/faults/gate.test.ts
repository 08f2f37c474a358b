/** Every scripted fault at a hand-made protocol: what a client sees, and that the exchange did what it did. */
import { describe, expect, it } from 'vitest';
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../../src/core/ports/http.js';
import type { FaultKind } from '../../../src/venue-sim/exchange/contract.js';
import { VenueFaultGate } from '../../../src/venue-sim/faults/gate.js';
import { FaultScript, readFault, type FaultRequest } from '../../../src/venue-sim/faults/script.js';
import { FlowRandom } from '../../../src/venue-sim/flow/random.js';
import { TestExchange } from '../exchange/support.js';

/** POST /order places at the touch (`away` ticks behind it), GET /trades lists, the socket `/private` hears of executions and orders. */
class Bench extends TestExchange {
  readonly script = new FaultScript(FlowRandom.of(1, 'faults'));
  readonly gate: VenueFaultGate;
  readonly handlers: HttpServerHandlers;
  readonly log: string[] = [];
  readonly #sockets: ServerSocket[] = [];
  #nextSocket = 1;

  constructor() {
    super('binance-spot', 'BTCUSDT');
    this.gate = new VenueFaultGate('binance-spot', this.script, this.exchange, () => this.world.nowUs);
    this.exchange.listen((event) => {
      if (event.type !== 'order' && event.type !== 'fill') return;
      const text = event.type === 'order' ? `order ${event.order.state}` : `fill ${event.fill.lots}`;
      const listeners = this.#sockets.filter((socket) => socket.request.path !== '/public');
      for (const socket of listeners) this.gate.sendPrivate(socket, text, { type: event.type, symbol: 'BTCUSDT' });
    });
    this.handlers = this.gate.wrap(
      {
        onRequest: (request, respond) => respond(this.#answer(request)),
        onUpgrade: () => null,
        onOpen: (socket) => void this.#sockets.push(socket),
        onMessage: (socket, bytes) => this.#onMessage(socket, new TextDecoder().decode(bytes)),
        onClose: (socket) => void this.#sockets.splice(this.#sockets.indexOf(socket), 1),
      },
      {
        operationOf: (request) => (request.method === 'POST' ? { op: 'place', symbol: 'BTCUSDT' } : null),
        refuse: ({ kind, status, code }) => ({ status, body: `${kind} ${code}` }),
      },
    );
    this.world.afterStep(() => {
      this.gate.onStep();
      for (const socket of this.#sockets) if (socket.request.path === '/public') socket.send('depth');
    });
  }

  fault(kind: FaultKind, more: Partial<FaultRequest> = {}): void {
    this.script.add({ kind, ...more }, this.world.nowUs);
  }

  /** The answer goes to the log. */
  request(method: string, path: string, query = ''): void {
    const request: HttpRequest = { method, path, query, headers: {}, body: new Uint8Array(), remoteAddress: '127.0.0.1' };
    this.handlers.onRequest(request, (reply) => void this.log.push(`${reply.status} ${String(reply.body)}`));
  }

  connect(path: string): { readonly received: string[]; isOpen: boolean; say(text: string): void } {
    const client = {
      received: [] as string[],
      isOpen: true,
      say: (text: string): void => this.handlers.onMessage?.(socket, new TextEncoder().encode(text), true),
    };
    const request = { method: 'GET', path, query: '', headers: {}, remoteAddress: '127.0.0.1' };
    const end = (): void => {
      if (!client.isOpen) return;
      client.isOpen = false;
      this.handlers.onClose?.(socket, 1006, '');
    };
    const send = (data: string | Uint8Array): 'sent' => {
      client.received.push(String(data));
      this.log.push(String(data));
      return 'sent';
    };
    const socket: ServerSocket = {
      id: this.#nextSocket++,
      request,
      data: null,
      send,
      bufferedBytes: () => 0,
      ping: () => undefined,
      close: end,
      terminate: end,
    };
    this.handlers.onOpen?.(socket);
    return client;
  }

  #answer(request: HttpRequest): HttpReply {
    if (request.method === 'GET') return { status: 200, body: `${this.exchange.fills(this.account).length} trades` };
    const away = Number(new URLSearchParams(request.query).get('away') ?? 0);
    const order = this.placed({ side: 'buy', ticks: this.touch - away, lots: 100 });
    return { status: 200, body: `placed ${order.state}` };
  }

  get touch(): number {
    return this.market.engine.asks.bestTicks;
  }

  #onMessage(socket: ServerSocket, text: string): void {
    if (text === 'ping') {
      socket.send('pong');
      return;
    }
    this.gate.onSocketRequest(
      socket,
      { op: 'place', symbol: 'BTCUSDT' },
      () => `ws placed ${this.placed({ side: 'buy', ticks: this.touch, lots: 100 }).state}`,
      ({ kind }) => `ws ${kind}`,
    );
  }
}

const read = (value: unknown): unknown => readFault(value, ['bybit']);

const heard = (bench: Bench): string[] => bench.log.splice(0).filter((text) => text !== 'depth');

describe('fault gate', () => {
  it('lets everything pass without faults: the answer first, then the private events', () => {
    const bench = new Bench();
    bench.connect('/private');
    bench.request('POST', '/order');
    expect(heard(bench)).toEqual(['200 placed filled', 'order new', 'order filled', 'fill 100']);
  });

  it('C1: lose-answer: the venue did it, nobody says so; the closing venue ends the wait', () => {
    const bench = new Bench();
    bench.fault('lose-answer', { match: { op: 'place' } });
    bench.request('GET', '/trades');
    bench.request('POST', '/order');
    bench.run(100);
    expect(heard(bench)).toEqual(['200 0 trades']);
    expect(bench.exchange.fills(bench.account)).toHaveLength(1);
    bench.request('POST', '/order', 'away=1000');
    expect(heard(bench)).toEqual(['200 placed new']);
    bench.gate.close();
    expect(heard(bench)).toEqual(['504 SIMULATED exchange stopped']);
  });

  it('C1: status: refused before it is done, or done and refused all the same', () => {
    const bench = new Bench();
    bench.fault('status', { params: { status: 502, code: -1 } });
    bench.request('POST', '/order');
    expect(bench.exchange.fills(bench.account)).toHaveLength(0);
    bench.fault('status', { params: { status: 504, accepted: true } });
    bench.request('POST', '/order');
    expect(bench.exchange.fills(bench.account)).toHaveLength(1);
    expect(heard(bench)).toEqual(['502 status -1', '504 status null']);
  });

  it('maintenance and rate-limit-storm: everybody is refused until it is over; sockets too while it is maintenance', () => {
    const bench = new Bench();
    bench.fault('maintenance', { forMs: 1_000 });
    bench.request('GET', '/trades');
    const request: HttpRequest = { method: 'GET', path: '/private', query: '', headers: {}, body: new Uint8Array(), remoteAddress: '' };
    expect(bench.handlers.onUpgrade?.(request)).toMatchObject({ status: 503 });
    bench.run(101);
    expect(bench.handlers.onUpgrade?.(request)).toBeNull();
    bench.fault('rate-limit-storm', { count: 2 });
    for (let count = 0; count < 3; count++) bench.request('GET', '/trades');
    expect(heard(bench)).toEqual(['503 maintenance null', '429 rate-limit null', '429 rate-limit null', '200 0 trades']);
  });

  it('delay: late answers, or late work', () => {
    const bench = new Bench();
    bench.fault('delay', { params: { ms: 300 } });
    bench.request('POST', '/order');
    expect(bench.exchange.fills(bench.account)).toHaveLength(1);
    bench.run(29);
    expect(heard(bench)).toEqual([]);
    bench.run(1);
    expect(heard(bench)).toEqual(['200 placed filled']);
    bench.fault('delay', { params: { ms: 300, before: true } });
    bench.request('POST', '/order');
    expect(bench.exchange.fills(bench.account)).toHaveLength(1);
    bench.run(30);
    expect(bench.exchange.fills(bench.account)).toHaveLength(2);
    expect(heard(bench)).toEqual(['200 placed filled']);
  });

  it('answer-after-fill: the answer waits until the order has filled, or for so long', () => {
    const bench = new Bench();
    bench.connect('/private');
    bench.fault('answer-after-fill', { count: 2, params: { ms: 60_000 } });
    bench.request('POST', '/order', 'away=1');
    bench.until(() => bench.exchange.fills(bench.account).length > 0);
    bench.run(1);
    const told = heard(bench);
    expect(told.indexOf('200 placed new')).toBeGreaterThan(told.findIndex((text) => text.startsWith('fill')));
    bench.script.remove();
    bench.fault('answer-after-fill', { params: { ms: 100 } });
    bench.request('POST', '/order', 'away=30000');
    bench.run(10);
    expect(heard(bench)).toContain('200 placed new');
  });

  it('fill-before-ack: the private message overtakes the answer', () => {
    const bench = new Bench();
    bench.connect('/private');
    bench.fault('fill-before-ack');
    bench.request('POST', '/order');
    bench.run(5);
    expect(heard(bench)).toEqual(['order new', 'order filled', 'fill 100', '200 placed filled']);
  });

  it('C9: repeat-fill: private messages and the list of trades say it twice', () => {
    const bench = new Bench();
    bench.connect('/private');
    bench.fault('repeat-fill');
    bench.request('POST', '/order');
    bench.request('POST', '/order');
    bench.request('GET', '/trades');
    expect(heard(bench)).toEqual(
      ['200 placed filled', 'order new', 'order filled', 'order filled', 'fill 100', 'fill 100'].concat([
        '200 placed filled',
        'order new',
        'order filled',
        'fill 100',
        '200 3 trades',
      ]),
    );
    expect(bench.exchange.wallet(bench.account, 'BTC').total).toBe(20n * 10n ** 8n + 2n * 99_900n);
    bench.run(500);
    bench.request('GET', '/trades');
    expect(heard(bench)).toEqual(['200 2 trades']);
  });

  it('wrong-order: two private messages change places; a single one comes late', () => {
    const bench = new Bench();
    bench.connect('/private');
    bench.fault('wrong-order');
    bench.request('POST', '/order');
    expect(heard(bench)).toEqual(['200 placed filled', 'order filled', 'order new', 'fill 100']);
    bench.fault('wrong-order', { match: { type: 'fill' } });
    bench.request('POST', '/order');
    expect(heard(bench)).toEqual(['200 placed filled', 'order new', 'order filled']);
    bench.run(10);
    expect(heard(bench)).toEqual(['fill 100']);
  });

  it('stream-gap, stream-stall and stream-cut: lost, late, gone', () => {
    const bench = new Bench();
    const open = bench.connect('/public');
    const mine = bench.connect('/private');
    bench.fault('stream-gap', { match: { stream: 'private', type: 'order' }, count: 2 });
    bench.request('POST', '/order');
    expect(heard(bench)).toEqual(['200 placed filled', 'fill 100']);
    bench.fault('stream-stall', { match: { path: '/private' }, forMs: 500 });
    bench.request('POST', '/order');
    mine.say('ping');
    open.received.length = 0;
    bench.run(49);
    expect([heard(bench), open.received.length]).toEqual([['200 placed filled'], 49]);
    bench.run(2);
    expect(heard(bench)).toEqual(['order new', 'order filled', 'fill 100', 'pong']);
    bench.fault('stream-stall', { match: { stream: 'public' }, forMs: 100 });
    open.received.length = 0;
    bench.run(5);
    expect(open.received).toEqual([]);
    bench.run(6);
    expect(open.received.length).toBeGreaterThanOrEqual(10);
    bench.fault('stream-cut', { match: { path: '/private' } });
    bench.run(1);
    expect([open.isOpen, mine.isOpen]).toEqual([true, false]);
    const again = bench.connect('/private');
    bench.run(5);
    expect(again.isOpen).toBe(true);
  });

  it('acts on requests by socket as on others', () => {
    const bench = new Bench();
    const socket = bench.connect('/ws-api');
    socket.say('place');
    bench.fault('status');
    socket.say('place');
    bench.fault('lose-answer');
    socket.say('place');
    expect(heard(bench).filter((text) => text.startsWith('ws'))).toEqual(['ws placed filled', 'ws status']);
    expect(bench.exchange.fills(bench.account)).toHaveLength(2);
  });

  it('clock-skew moves the clock that protocols see, and only while it lasts', () => {
    const bench = new Bench();
    bench.fault('clock-skew', { forMs: 100, params: { ms: -5_000 } });
    expect(bench.gate.skewUs).toBe(-5_000_000);
    bench.run(11);
    expect(bench.gate.skewUs).toBe(0);
  });

  it('C6: partial-batch-failure takes single items of a batch', () => {
    const bench = new Bench();
    bench.fault('partial-batch-failure', { match: { op: 'place' }, params: { index: 1, status: 400, code: -1001 } });
    const items = [0, 1, 2].map((index) => bench.gate.batchItem({ op: 'place', symbol: 'BTCUSDT' }, index));
    expect(items).toMatchObject([null, { status: 400, code: -1001 }, null]);
    expect(bench.gate.batchItem({ op: 'place' }, 1)).toBeNull();
  });

  it('strikes by chance from its seed, at the venue and symbol it names, from its time on', () => {
    const script = new FaultScript(FlowRandom.of(3, 'faults'));
    script.add({ kind: 'delay', venue: 'bybit', match: { symbol: 'BTCUSDT' }, afterMs: 10, count: 1_000, probability: 0.3 }, 0);
    expect(script.strike('bybit', 'delay', { symbol: 'BTCUSDT' }, 9_999)).toBeNull();
    expect(script.strike('bitmex', 'delay', { symbol: 'BTCUSDT' }, 10_000)).toBeNull();
    expect(script.strike('bybit', 'delay', { symbol: 'ETHUSDT' }, 10_000)).toBeNull();
    expect(script.strike('bybit', 'delay', {}, 10_000)).toBeNull();
    const hits = Array.from({ length: 1_000 }, () => script.strike('bybit', 'delay', { symbol: 'BTCUSDT' }, 10_000)).filter(
      (fault) => fault !== null,
    );
    expect(hits.length).toBeGreaterThan(250);
    expect(hits.length).toBeLessThan(350);
  });

  it('says what is wrong with a fault that it cannot read', () => {
    expect(read({ kind: 'delay', venue: 'bybit', count: 2 })).toEqual({ kind: 'delay', venue: 'bybit', count: 2 });
    expect(read('delay')).toBe('a fault is an object');
    expect(read({ kind: 'explode' })).toMatch(/^kind must be one of lose-answer/);
    expect(read({ kind: 'delay', venue: 'nyse' })).toBe('venue must be one of bybit');
    expect(read({ kind: 'delay', count: -1 })).toBe('count must be a number, 0 or more');
    expect(read({ kind: 'delay', sum: 1 })).toMatch(/^no field 'sum'/);
    expect(read({ kind: 'delay', match: { verb: 'GET' } })).toMatch(/^match has no 'verb'/);
    expect(read({ kind: 'delay', params: { ms: null } })).toBe('params.ms must be a text, a number, true or false');
  });
});
