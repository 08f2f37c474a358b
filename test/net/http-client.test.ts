/** The HTTP client against servers that answer well, late, too much, half, or not at all. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/core/numbers/errors.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { TEST_CERT, TEST_KEY } from './certificate.js';
import { TestTimers } from './world.js';

const timers = new TestTimers();
let servers: Server[] = [];
let clients: NodeHttpClient[] = [];

afterEach(async () => {
  for (const client of clients) client.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  servers = [];
  clients = [];
  expect(timers.live).toBe(0);
});

async function start(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  isSecure = false,
): Promise<{ url: string; client: NodeHttpClient }> {
  const server = isSecure ? createTlsServer({ key: TEST_KEY, cert: TEST_CERT }, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const client = new NodeHttpClient({ timers, ca: TEST_CERT });
  clients.push(client);
  return { url: `${isSecure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`, client };
}

async function failureOf(answer: Promise<unknown>): Promise<EngineError> {
  const failure: unknown = await answer.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof EngineError) return failure;
  throw new Error(`expected an EngineError, found ${String(failure)}`);
}

describe('http client', () => {
  it.each([false, true])('sends method, headers and body, and gives any status (TLS: %s)', async (isSecure) => {
    const { url, client } = await start((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.writeHead(418, { 'X-Limit': '5' });
        response.end(`${request.method} ${request.url} ${String(request.headers['x-key'])} ${request.headers['content-length']} ${body}`);
      });
    }, isSecure);
    const answer = await client.request('POST', `${url}/o?a=1`, { headers: { 'X-Key': 'k' }, body: 'grün' });
    expect(answer.status).toBe(418);
    expect(answer.headers['x-limit']).toBe('5');
    expect(answer.text).toBe('POST /o?a=1 k 5 grün');
  });

  it('refuses a certificate that no known authority signed', async () => {
    const { url } = await start((_request, response) => response.end(), true);
    const stranger = new NodeHttpClient({ timers });
    clients.push(stranger);
    expect((await failureOf(stranger.request('GET', url))).code).toBe('HTTP_FAILED');
  });

  it('keeps its connection', async () => {
    const ports = new Set<number | undefined>();
    const { url, client } = await start((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('x');
    });
    for (let i = 0; i < 5; i++) await client.request('GET', url);
    expect(ports.size).toBe(1);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ] as const)('unpacks %s, and not more than the bound', async (coding, pack) => {
    const { url, client } = await start((_request, response) => {
      response.writeHead(200, { 'content-encoding': coding });
      response.end(pack('z'.repeat(1_000_000)));
    });
    expect((await client.request('GET', url)).text.length).toBe(1_000_000);
    expect((await failureOf(client.request('GET', url, { maxBytes: 999_999 }))).code).toBe('HTTP_TOO_LARGE');
  });

  it('gives up on an answer over the bound, also one without end', async () => {
    const { url, client } = await start((_request, response) => {
      const more = (): void => {
        while (response.write('y'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await failureOf(client.request('GET', url, { maxBytes: 1_000_000 }))).toMatchObject({
      code: 'HTTP_TOO_LARGE',
      recovery: 'give-up',
    });
  });

  it('gives up on an answer that does not come, or stops in the middle', async () => {
    const { url, client } = await start((request, response) => {
      if (request.url === '/half') response.write('half');
    });
    expect(await failureOf(client.request('GET', `${url}/never?signature=secret`, { timeoutMs: 30 }))).toMatchObject({
      code: 'HTTP_TIMEOUT',
      recovery: 'retry',
    });
    const failure = await failureOf(client.request('POST', `${url}/half?signature=secret`, { timeoutMs: 30, body: 'x' }));
    expect(failure).toMatchObject({ code: 'HTTP_TIMEOUT', recovery: 'reconcile' });
    expect(failure.message).not.toContain('secret');
  });

  it('says that an answer was cut short', async () => {
    const { url, client } = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('short', () => response.destroy());
    });
    expect((await failureOf(client.request('GET', url))).code).toBe('HTTP_FAILED');
  });

  it('asks again on a fresh connection when a kept one had been closed, but never repeats an order', async () => {
    let served = 0;
    const { url, client } = await start((request, response) => {
      served++;
      if (served % 2 === 0) request.socket.resetAndDestroy();
      else response.end(String(served));
    });
    expect((await client.request('GET', url)).text).toBe('1');
    expect((await client.request('GET', url)).text).toBe('3');
    expect(await failureOf(client.request('POST', url, { body: 'order' }))).toMatchObject({ code: 'HTTP_FAILED', recovery: 'reconcile' });
    expect(served).toBe(4);
  });

  it('says that nobody listens, and that nothing was sent', async () => {
    const { url, client } = await start((_request, response) => response.end());
    const [server] = servers;
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    servers = [];
    expect(await failureOf(client.request('POST', url, { body: 'x' }))).toMatchObject({ code: 'HTTP_FAILED', recovery: 'retry' });
  });

  it('refuses other addresses, unknown codings and broken packing', async () => {
    const { url, client } = await start((request, response) => {
      response.writeHead(200, { 'content-encoding': request.url === '/br' ? 'br' : 'gzip' });
      response.end('not packed');
    });
    for (const address of ['ftp://127.0.0.1/', 'nonsense', `${url}/br`, `${url}/gz`])
      expect((await failureOf(client.request('GET', address))).code).toBe('HTTP_FAILED');
  });

  it('ends what is under way when it is closed', async () => {
    const { url, client } = await start(() => undefined);
    const waiting = failureOf(client.request('GET', url));
    client.close();
    expect((await waiting).code).toBe('HTTP_FAILED');
    expect((await failureOf(client.request('GET', url))).code).toBe('HTTP_FAILED');
  });
});
