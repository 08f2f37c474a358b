import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BOOK_STALE } from '../../src/core/memory/book-layout.js';
import { CONTROL_BLOCKED } from '../../src/core/memory/layout.js';
import * as R from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { LiveMessage } from '../../src/monitoring/payload.js';
import { loadUws } from '../../src/net/uws.js';
import { startDemoServer, type DemoServer } from './demo-server.js';

let server: DemoServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function start(options: Parameters<typeof startDemoServer>[0] = {}): Promise<DemoServer> {
  server = await startDemoServer(options);
  for (let i = 0; i < 50; i++) server.engine.step();
  server.engine.view.sample();
  return server;
}

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const answer = await fetch(new URL(path, server?.url), init);
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

/** A request with headers that fetch would not send. */
function raw(lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server?.url ?? '').port), '127.0.0.1', () =>
      socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (part) => (text += part.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

function watch(
  query = '',
  headers: Record<string, string> = {},
): { socket: WebSocket; messages: LiveMessage[]; next: (type: string) => Promise<LiveMessage>; closed: Promise<number> } {
  const socket = new WebSocket(`${(server?.url ?? '').replace('http', 'ws')}/api/v1/live${query}`, { headers });
  const messages: LiveMessage[] = [];
  const waiting: { type: string; resolve: (message: LiveMessage) => void }[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    messages.push(message);
    const index = waiting.findIndex(({ type }) => type === message.type);
    if (index >= 0) waiting.splice(index, 1)[0]?.resolve(message);
  });
  const next = (type: string): Promise<LiveMessage> => new Promise((resolve) => waiting.push({ type, resolve }));
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve);
    socket.on('error', () => resolve(-1));
  });
  return { socket, messages, next, closed };
}

/** uWebSockets.js is optional: where it does not load, the other serves alone. */
const IMPLS: readonly ('node' | 'uws')[] = loadUws(false) === null ? ['node'] : ['node', 'uws'];

describe.each(IMPLS)('api over %s', (impl) => {
  it('answers every resource with mode and label', async () => {
    await start({ impl });
    for (const name of [
      'status',
      'books',
      'orders',
      'fills',
      'levels',
      'positions',
      'pnl',
      'latency',
      'audit',
      'config',
      'refusals',
      'history',
      'summary',
    ]) {
      const { status, body } = await get(`/api/v1/${name}`);
      expect(status, name).toBe(200);
      expect(body, name).toMatchObject({ mode: 'sim', simulated: true, label: 'SIMULATED' });
    }
    expect(server?.errors).toEqual([]);
  });

  it('gives a book to the depth asked for, best first', async () => {
    await start({ impl });
    const { body } = await get('/api/v1/book?instrument=bybit:linear:BTCUSDT&depth=7');
    const bids = body['bids'] as [string, string][];
    expect(bids).toHaveLength(7);
    const prices = bids.map(([price]) => Number(price));
    expect(prices).toEqual(prices.toSorted((a, b) => b - a));
    expect((body['book'] as { bid: string }).bid).toBe(bids[0]?.[0]);
  });

  it.each([
    ['/api/v1/book', 400],
    ['/api/v1/book?instrument=nobody:X', 404],
    ['/api/v1/book?instrument=bybit:linear:BTCUSDT&depth=0', 400],
    ['/api/v1/book?instrument=bybit:linear:BTCUSDT&depth=1e9', 400],
    ['/api/v1/orders?limit=-1', 400],
    ['/api/v1/nothing', 404],
    ['/../../package.json', 404],
    ['/%2e%2e/package.json', 404],
  ])('%s is answered %i', async (path, status) => {
    await start({ impl });
    expect((await get(path)).status).toBe(status);
  });

  it('is read-only', async () => {
    await start({ impl });
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, headers } = await get('/api/v1/status', { method });
      expect(status, method).toBe(405);
      expect(headers.get('allow')).toBe('GET, HEAD');
    }
  });

  it('refuses foreign hosts and origins, takes addresses, localhost and configured names', async () => {
    await start({ impl });
    const status = async (host: string, origin?: string): Promise<string> =>
      (await raw([`GET /api/v1/status HTTP/1.1`, `Host: ${host}`, ...(origin === undefined ? [] : [`Origin: ${origin}`])])).slice(9, 12);
    expect(await status('evil.example')).toBe('421');
    expect(await status('evil.example:9464')).toBe('421');
    expect(await status('127.0.0.1.evil.example')).toBe('421');
    expect(await status('desk.example')).toBe('200');
    expect(await status('localhost:9464')).toBe('200');
    expect(await status('[::1]:9464')).toBe('200');
    expect(await status('localhost:9464', 'http://evil.example')).toBe('403');
    expect(await status('localhost:9464', 'null')).toBe('403');
    expect(await status('localhost:9464', 'http://localhost:9464')).toBe('200');
    expect(await status('localhost:9464', 'http://localhost:8080')).toBe('403');
  });

  it('sends the security headers on every answer, and no way for other sites to read it', async () => {
    await start({ impl });
    for (const path of ['/', '/metrics', '/healthz', '/api/v1/status', '/nothing']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('is healthy while lanes turn, and says which one does not', async () => {
    await start({ impl });
    expect((await get('/healthz')).status).toBe(200);
    const { engine } = await Promise.resolve(server as DemoServer);
    engine.elapsedUs += 60_000_000;
    engine.view.shared.lanes[0]?.set('heartbeatUs', engine.nowUs());
    const { status, body } = await get('/healthz');
    expect(status).toBe(503);
    expect(body['reasons']).toEqual([expect.stringContaining('lane feeds'), expect.stringContaining('lane hot')]);
  });

  it('is ready when books are live, gateways up and the journal writable, and else names what is missing', async () => {
    const { engine } = await start({ impl });
    // A store that is away is said, and is no reason to stop: the journal is its queue.
    expect((await get('/readyz')).body).toMatchObject({
      ready: true,
      checks: { stores: { isOk: false, reasons: ['mongo: connect ECONNREFUSED 127.0.0.1:27017; 120070 records behind for 412.0 s'] } },
    });
    const isReady = async (): Promise<unknown> => (await get('/readyz')).body['ready'];
    engine.hideBook(4, BOOK_STALE);
    expect(await isReady()).toBe(false);
    engine.publishBook(4);
    expect(await isReady()).toBe(true);
    engine.view.shared.gateways[0]?.set('up', 0);
    expect(await isReady()).toBe(false);
    engine.hideBook(4, BOOK_STALE);
    Atomics.store(engine.views.i32, (engine.plan.control + CONTROL_BLOCKED) >> 2, Reason.DISK_FULL);
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(body['checks']).toMatchObject({
      books: { isOk: false, reasons: ['bybit:linear:BTCUSDT is stale'] },
      gateways: { isOk: false, reasons: ['gateway of binance-spot is down'] },
      journal: { isOk: false, reasons: ['DISK_FULL'] },
    });
  });

  it('does not hand out what looks like a secret in the configuration', async () => {
    await start({ impl });
    const { body } = await get('/api/v1/config');
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(JSON.stringify(body)).toContain('env:BINANCE');
  });

  it('hides the prices of a book that is not live', async () => {
    const { engine } = await start({ impl });
    engine.hideBook(0);
    const { body } = await get('/api/v1/book?instrument=binance-spot:BTCUSDT');
    expect(body).toMatchObject({ state: 'gap', bids: [], asks: [], book: { bid: null, ask: null, mid: null } });
  });
});

describe.each(IMPLS)('live push over %s', (impl) => {
  it('sends a snapshot, then every order and fill exactly once', async () => {
    const { engine, live } = await start({ impl });
    const { messages, next, socket } = watch();
    const snapshot = await next('snapshot');
    if (snapshot.type !== 'snapshot') throw new Error('expected a snapshot');
    expect(snapshot.status.label).toBe('SIMULATED');
    const fillsBefore = engine.view.journal.fillCounts().count;
    for (let i = 0; i < 400; i++) {
      engine.step();
      if (i % 20 === 0) live.tick();
    }
    live.tick();
    const received = () => messages.flatMap((message) => (message.type === 'events' ? message.events : []));
    while ((received().at(-1)?.seq ?? 0) < engine.view.journal.seq) await next('events');
    const events = received();
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: events.length }, (_, i) => snapshot.seq + 1 + i));
    const fills = events.flatMap((event) => (event.event === 'fill' ? [event.row.fillId] : []));
    expect(fills).toHaveLength(engine.view.journal.fillCounts().count - fillsBefore);
    expect(new Set(fills).size).toBe(fills.length);
    expect(fills.length).toBeGreaterThan(0);
    socket.close();
  });

  it('shows changed books and status as pictures, and a book that did not change not again', async () => {
    const { engine, live } = await start({ impl });
    const { next, socket } = watch();
    await next('snapshot');
    const first = next('books');
    live.tick();
    live.tick();
    expect(await first).toMatchObject({ books: { length: 8 }, simulated: true });
    engine.publishBook(3);
    const second = next('books');
    live.tick();
    live.tick();
    expect(await second).toMatchObject({ books: [{ instrument: 'binance-coinm:BTCUSD_PERP' }], depth: [{ bids: { length: 10 } }] });
    const status = next('status');
    for (let i = 0; i < 10; i++) live.tick();
    expect(await status).toMatchObject({ status: { label: 'SIMULATED', state: 'trading' } });
    socket.close();
  });

  it('brings an observer that was away what it missed', async () => {
    const { engine } = await start({ impl });
    const seq = engine.view.journal.seq;
    engine.journal(R.RecordKind.CREATE, { orderId: engine.nextOrderId(0, 1), level: 1, priceTicks: 100, qtyLots: 5 });
    const { messages, next, socket } = watch(`?since=${seq}&run=3`);
    const snapshot = await next('snapshot');
    expect(messages[0]).toMatchObject({ type: 'events', events: [{ seq: seq + 1, event: 'order' }] });
    expect(snapshot).toMatchObject({ seq: seq + 1 });
    socket.close();
    const other = watch(`?since=${seq}&run=2`);
    await other.next('snapshot');
    expect(other.messages[0]?.type).toBe('snapshot');
    other.socket.close();
  });

  it('refuses foreign pages, and other addresses', async () => {
    await start({ impl });
    expect(await watch('', { origin: 'http://evil.example' }).closed).toBe(-1);
    expect(await watch('', { host: 'evil.example' }).closed).toBe(-1);
    const fine = watch('', { origin: server?.url ?? '' });
    expect((await fine.next('snapshot')).type).toBe('snapshot');
    fine.socket.close();
  });
});
