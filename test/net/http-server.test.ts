/** One behaviour, two servers: everything here runs over uWebSockets.js and over node:http with `ws`. Loopback only. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { HttpReply, HttpRequest, HttpServer, HttpServerHandlers, HttpServerOptions, ServerSocket } from '../../src/core/ports/http.js';
import { createFrameSource } from '../../src/net/frame-source.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { createHttpServer } from '../../src/net/http-server.js';
import { loadUws, uwsFailure } from '../../src/net/uws.js';
import { TEST_CERT, TEST_KEY } from './certificate.js';
import { Recorder, TestTimers, TestWorld } from './world.js';

const IMPLS = loadUws(false) === null ? (['node'] as const) : (['uws', 'node'] as const);

let servers: HttpServer[] = [];
let sockets: Socket[] = [];
const timers = new TestTimers();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) await server.close();
  servers = [];
  sockets = [];
  expect(timers.live).toBe(0);
});

async function serve(
  impl: 'uws' | 'node',
  handlers: Partial<HttpServerHandlers>,
  options: Partial<HttpServerOptions> = {},
): Promise<number> {
  const server = createHttpServer(
    { handlers: { onRequest: (_request, respond) => respond({ status: 200, body: 'ok' }), ...handlers }, ...options },
    impl,
    timers,
  );
  expect(server.impl).toBe(impl);
  servers.push(server);
  return server.listen('127.0.0.1', 0);
}

/** Sends raw text on a connection of its own and gives everything that came back until the other side closed, or `until` was seen. */
async function raw(port: number, text: string | Buffer, until: RegExp | null = null): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => socket.destroy());
  socket.write(text);
  let answer = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (until?.test(answer) === true) resolve();
    });
    socket.once('close', () => resolve());
  });
  socket.destroy();
  return answer;
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

interface Accepted {
  readonly socket: ServerSocket;
  readonly client: Recorder;
  readonly connection: ReturnType<ReturnType<typeof createFrameSource>['connect']>;
  readonly events: string[];
  /** Resolves once the server side heard an event that starts so. */
  readonly heard: (text: string) => Promise<void>;
}

async function accept(
  impl: 'uws' | 'node',
  onOpen: (socket: ServerSocket) => void = () => undefined,
  options: Partial<HttpServerOptions> = {},
): Promise<Accepted & { port: number }> {
  const events: string[] = [];
  let waiters: (() => void)[] = [];
  const say = (text: string): void => {
    events.push(text);
    const woken = waiters;
    waiters = [];
    for (const run of woken) run();
  };
  const heard = async (text: string): Promise<void> => {
    while (!events.some((event) => event.startsWith(text))) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const opened: ServerSocket[] = [];
  const port = await serve(
    impl,
    {
      onUpgrade: () => null,
      onOpen: (socket) => {
        opened.push(socket);
        onOpen(socket);
        say('open');
      },
      onMessage: (_socket, bytes, isText) => say(`${isText ? 'text' : 'binary'}:${Buffer.from(bytes).toString(isText ? 'utf8' : 'hex')}`),
      onPong: () => say('pong'),
      onDrain: () => say('drain'),
      onClose: (_socket, code, reason) => say(`close:${code}:${reason}`),
    },
    options,
  );
  const client = new Recorder();
  const scheme = options.tls === undefined ? 'ws' : 'wss';
  const connection = createFrameSource(new TestWorld()).connect({ url: `${scheme}://127.0.0.1:${port}/s`, ca: TEST_CERT }, client);
  await client.opened;
  await heard('open');
  const socket = opened[0];
  if (socket === undefined) throw new Error('no socket was opened');
  return { socket, client, connection, events, heard, port };
}

it('uWebSockets.js loads here, or says why not', () => {
  expect(loadUws(false) === null).toBe(uwsFailure() !== '');
  expect(createHttpServer({ handlers: { onRequest: () => undefined } }).impl).toBe(loadUws(false) === null ? 'node' : 'uws');
  expect(createHttpServer({ handlers: { onRequest: () => undefined }, tls: { key: TEST_KEY, cert: TEST_CERT } }).impl).toBe('node');
});

describe.each(IMPLS)('http server, %s', (impl) => {
  it('gives method, raw path and query, lower-case headers, body and address', async () => {
    const seen: HttpRequest[] = [];
    const port = await serve(impl, {
      onRequest: (request, respond) => {
        seen.push({ ...request, body: Buffer.from(request.body) });
        respond({ status: 201, headers: { 'Content-Type': 'application/json', 'X-Limit': '7' }, body: '{"é":1}' });
      },
    });
    const answer = await raw(
      port,
      'POST /api/v3/order?symbol=BTCUSDT&x=%20a+b&signature=AB HTTP/1.1\r\nHost: h\r\nX-MBX-APIKEY: Key\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
      /\{"/,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer.toLowerCase()).toContain('\r\nx-limit: 7\r\n');
    expect(answer.toLowerCase()).toContain('\r\ncontent-length: 8\r\n');
    expect(bodyOf(answer)).toBe(Buffer.from('{"é":1}').toString('latin1'));
    const [request] = seen;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/api/v3/order',
      query: 'symbol=BTCUSDT&x=%20a+b&signature=AB',
      remoteAddress: '127.0.0.1',
    });
    expect(request?.headers['x-mbx-apikey']).toBe('Key');
    expect(Buffer.from(request?.body ?? []).toString()).toBe('hello');
  });

  it('serves every method, an empty query as empty text, and bodies of bytes', async () => {
    const port = await serve(impl, {
      onRequest: (request, respond) =>
        respond({ status: 200, body: Buffer.from(`${request.method}|${request.path}|${request.query}|${request.body.length}`) }),
    });
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect(bodyOf(await raw(port, `${method} /a/b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`, /\|0$/))).toBe(`${method}|/a/b||0`);
  });

  it('answers HEAD with the length and no body', async () => {
    const port = await serve(impl, {});
    const answer = await raw(port, 'HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect(answer.toLowerCase()).toContain('content-length: 2\r\n');
    expect(bodyOf(answer)).toBe('');
  });

  it('serves any order of methods over the kept connections of a client', async () => {
    const port = await serve(impl, { onRequest: (request, respond) => respond({ status: 200, body: request.method }) });
    const web = new NodeHttpClient({ timers });
    for (const method of ['GET', 'DELETE', 'GET', 'DELETE', 'POST', 'DELETE', 'PUT', 'HEAD', 'PATCH', 'HEAD', 'POST'])
      expect((await web.request(method, `http://127.0.0.1:${port}/`)).text).toBe(method === 'HEAD' ? '' : method);
    web.close();
  });

  it('answers later, and ignores answers to requests that were aborted or answered before', async () => {
    const waiting: ((reply: HttpReply) => void)[] = [];
    let arrived: (() => void) | null = null;
    const port = await serve(impl, {
      onRequest: (_request, respond) => {
        waiting.push(respond);
        arrived?.();
      },
    });
    const arrival = (): Promise<void> =>
      new Promise((resolve) => {
        arrived = resolve;
      });
    const first = arrival();
    const gone = connect(port, '127.0.0.1');
    sockets.push(gone);
    gone.write('GET /gone HTTP/1.1\r\nHost: h\r\n\r\n');
    await first;
    gone.resetAndDestroy();
    const second = arrival();
    const late = raw(port, 'GET /late HTTP/1.1\r\nHost: h\r\n\r\n', /late$/);
    await second;
    waiting[0]?.({ status: 200, body: 'nobody' });
    waiting[1]?.({ status: 200, body: 'late' });
    waiting[1]?.({ status: 500, body: 'twice' });
    expect(bodyOf(await late)).toBe('late');
  });

  it('answers 413 to a body over the bound, announced or not', async () => {
    const seen: number[] = [];
    const port = await serve(
      impl,
      {
        onRequest: (request, respond) => {
          seen.push(request.body.length);
          respond({ status: 200, body: 'fits' });
        },
      },
      { maxBodyBytes: 1000 },
    );
    expect(await raw(port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n', /413/)).toMatch(/^HTTP\/1\.1 413 /);
    const chunk = `${(600).toString(16)}\r\n${'x'.repeat(600)}\r\n`;
    expect(await raw(port, `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`, /413/)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    expect(bodyOf(await raw(port, `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`, /fits$/))).toBe('fits');
    expect(seen).toEqual([1000]);
  });

  it('survives broken and random requests', async () => {
    const port = await serve(impl, {});
    let seed = 7;
    const noise = Buffer.alloc(4000).map(() => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16);
    for (const text of [
      '\r\n\r\n\r\n',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      `GET / HTTP/1.1\r\n${'x'.repeat(100_000)}\r\n\r\n`,
      noise,
    ]) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
      socket.end(text);
      socket.resume();
      await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    }
    expect(bodyOf(await raw(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', /ok$/))).toBe('ok');
  });

  it('accepts or refuses upgrades by path and headers', async () => {
    const asked: string[] = [];
    const port = await serve(impl, {
      onUpgrade: (request) => {
        asked.push(`${request.method} ${request.path}?${request.query} ${request.headers['x-key'] ?? ''} ${request.remoteAddress}`);
        return request.path === '/no' ? { status: 403, headers: { 'x-why': 'key' }, body: 'forbidden' } : null;
      },
      onOpen: (socket) => socket.send(`${socket.request.path}?${socket.request.query}`),
    });
    const source = createFrameSource(new TestWorld());
    const yes = new Recorder();
    const connection = source.connect({ url: `ws://127.0.0.1:${port}/yes?a=%20b`, headers: { 'X-Key': 'K' } }, yes);
    await yes.hasFrames(1);
    expect(yes.frames).toEqual(['text:/yes?a=%20b']);
    expect(asked).toEqual(['GET /yes?a=%20b K 127.0.0.1']);
    connection.close();
    const no = new Recorder();
    source.connect({ url: `ws://127.0.0.1:${port}/no` }, no);
    expect((await no.closed).reason).toContain('status 403');
    await yes.closed;
  });

  it('refuses every upgrade with 404 when it has no rule for them', async () => {
    const port = await serve(impl, {});
    const no = new Recorder();
    createFrameSource(new TestWorld()).connect({ url: `ws://127.0.0.1:${port}/` }, no);
    expect((await no.closed).reason).toContain('status 404');
  });

  it('carries text and bytes both ways, with data and numbers of its own for each socket', async () => {
    const { socket, client, connection, heard, events } = await accept(impl);
    socket.data = { topic: 'a' };
    expect(socket.id).toBe(1);
    expect(socket.send('grün')).toBe('sent');
    expect(socket.send(new Uint8Array([1, 255]))).toBe('sent');
    expect(socket.bufferedBytes()).toBe(0);
    await client.hasFrames(2);
    expect(client.frames).toEqual(['text:grün', 'binary:01ff']);
    connection.send('{"op":"é"}');
    await heard('text:');
    expect(events).toEqual(['open', 'text:{"op":"é"}']);
    expect(socket.data).toEqual({ topic: 'a' });
    connection.close(1000);
    await heard('close:1000');
    expect(socket.send('late')).toBe('dropped');
    expect(socket.bufferedBytes()).toBe(0);
    socket.ping();
    socket.close();
    socket.terminate();
  });

  it('pings and hears the pong', async () => {
    const { socket, heard, client, connection } = await accept(impl);
    socket.ping();
    await heard('pong');
    expect(client.events).toEqual(['open', 'life']);
    connection.close();
    await client.closed;
  });

  it('closes with a code and a reason, and says its own code', async () => {
    const { socket, client, heard } = await accept(impl);
    socket.close(1008, 'bad key');
    expect(socket.send('late')).toBe('dropped');
    expect(await client.closed).toEqual({ code: 1008, reason: 'bad key' });
    await heard('close:1008:bad key');
    expect(() => socket.close(1006)).toThrow('close code 1006');
  });

  it('does not say the end of a socket inside the call that ended it', async () => {
    const { socket, events, client, heard } = await accept(impl);
    socket.terminate();
    expect(events).toEqual(['open']);
    await heard('close:1006');
    expect((await client.closed).code).toBe(1006);
  });

  it('says 1006 when the peer is cut off', async () => {
    const { port, heard, events, client, connection } = await accept(impl);
    expect(port).toBeGreaterThan(0);
    connection.close(4000, 'app');
    await heard('close:4000:app');
    await client.closed;
    const rude = new WebSocket(`ws://127.0.0.1:${port}/`);
    await new Promise<void>((resolve) => rude.once('open', () => resolve()));
    rude.terminate();
    await heard('close:1006');
    expect(events.filter((event) => event.startsWith('close'))).toHaveLength(2);
  });

  it('closes a socket with 1009 at a message over the bound', async () => {
    const { connection, client, heard, events } = await accept(impl, undefined, { maxBodyBytes: 1000 });
    connection.send('x'.repeat(1000));
    await heard('text:');
    connection.send('y'.repeat(1001));
    expect((await client.closed).code).toBe(1009);
    await heard('close:1009');
    expect(events.filter((event) => event.startsWith('text'))).toHaveLength(1);
  });

  it('cuts a socket at a message far over the bound', async () => {
    const { connection, client, heard } = await accept(impl, undefined, { maxBodyBytes: 1000 });
    for (let i = 0; i < 10; i++) connection.send('');
    connection.send('y'.repeat(1_000_000));
    await client.closed;
    await heard('close:');
  });

  it('queues under back-pressure, says when it drained, and loses nothing', async () => {
    const { socket, port, events, heard, client, connection } = await accept(impl, undefined, { maxBufferedBytes: 256 * 1024 * 1024 });
    connection.close();
    await client.closed;
    expect(port).toBeGreaterThan(0);
    expect(socket.send('x')).toBe('dropped');
    const outcomes: string[] = [];
    const second = await accept(impl, undefined, { maxBufferedBytes: 256 * 1024 * 1024 });
    const message = 'm'.repeat(1024 * 1024);
    for (let i = 0; i < 40; i++) outcomes.push(second.socket.send(message));
    expect(outcomes).toContain('queued');
    expect(outcomes).not.toContain('dropped');
    expect(second.socket.bufferedBytes()).toBeGreaterThan(0);
    await second.heard('drain');
    await second.client.hasFrames(40);
    expect(second.socket.bufferedBytes()).toBe(0);
    expect(events).not.toContain('drain');
    await heard('close');
    second.connection.close();
    await second.client.closed;
  });

  it('drops a socket over its bound, so that a peer that does not read costs no more than that', async () => {
    const bound = 4 * 1024 * 1024;
    const { socket, heard, client } = await accept(impl, undefined, { maxBufferedBytes: bound });
    const message = 'm'.repeat(512 * 1024);
    let most = 0;
    let outcome = socket.send(message);
    for (let i = 0; i < 1000 && outcome !== 'dropped'; i++) {
      most = Math.max(most, socket.bufferedBytes());
      outcome = socket.send(message);
    }
    expect(outcome).toBe('dropped');
    expect(most).toBeLessThanOrEqual(bound + 1024);
    await heard('close:1006');
    await client.closed;
  });

  it('says 1001 to its sockets when it closes, and frees the port', async () => {
    const { client, port, heard } = await accept(impl);
    const [server] = servers;
    await server?.close();
    expect((await client.closed).code).toBe(1001);
    await heard('close:1001');
    const next = createHttpServer({ handlers: { onRequest: (_request, respond) => respond({ status: 200, body: 'next' }) } }, impl, timers);
    servers.push(next);
    expect(await next.listen('127.0.0.1', port)).toBe(port);
    expect(bodyOf(await raw(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', /next$/))).toBe('next');
  });

  it('closes without timers too, and twice', async () => {
    const server = createHttpServer({ handlers: { onRequest: () => undefined, onUpgrade: () => null } }, impl);
    const port = await server.listen('127.0.0.1', 0);
    const client = new Recorder();
    createFrameSource(new TestWorld()).connect({ url: `ws://127.0.0.1:${port}/` }, client);
    await client.opened;
    await server.close();
    await server.close();
    expect([1001, 1006]).toContain((await client.closed).code);
  });

  it('says that a port is in use, by either server, and that an address is not ours', async () => {
    const port = await serve(impl, {});
    for (const other of IMPLS) {
      const second = createHttpServer({ handlers: { onRequest: () => undefined } }, other, timers);
      await expect(second.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'PORT_IN_USE', facts: { port } });
      await second.close();
    }
    const elsewhere = createHttpServer({ handlers: { onRequest: () => undefined } }, impl, timers);
    await expect(elsewhere.listen('192.0.2.1', 0)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    await elsewhere.close();
  });

  it('keeps a silent socket when no idle timeout is set, and wants timers for one', async () => {
    expect(() => createHttpServer({ handlers: { onRequest: () => undefined }, idleTimeoutSeconds: 10 }, impl)).toThrow('timers');
  });

  it('serves HTTP and sockets over TLS', async () => {
    const tls = { key: TEST_KEY, cert: TEST_CERT };
    const { socket, client, connection, heard, port } = await accept(impl, undefined, { tls });
    const web = new NodeHttpClient({ timers, ca: TEST_CERT });
    expect((await web.request('GET', `https://localhost:${port}/x`)).text).toBe('ok');
    web.close();
    expect(socket.send('over tls')).not.toBe('dropped');
    await client.hasFrames(1);
    connection.send('back');
    await heard('text:back');
    connection.close();
    await client.closed;
    const plain = connectTls({ port, host: '127.0.0.1', ca: TEST_CERT });
    sockets.push(plain);
    await new Promise<void>((resolve) => plain.once('secureConnect', () => resolve()));
  });
});
