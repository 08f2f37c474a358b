/** Whom our clients do not talk to over TLS: certificates for others, of another time, of nobody known, old protocols, and servers that do not speak TLS at all. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttps } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/core/numbers/errors.js';
import { createFrameSource, type FrameSourceKind } from '../../src/net/frame-source.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { EARLY_CERT, EXPIRED_CERT, OTHER_HOST_CERT, TEST_CERT, TEST_KEY } from './certificate.js';
import { RawServer } from './raw-server.js';
import { type Ending, Recorder, TestTimers, TestWorld } from './world.js';

/** What the server shows, whom the client trusts beside the known authorities, and what it says. */
const REFUSALS = [
  ['a certificate for another host', { cert: OTHER_HOST_CERT }, TEST_CERT, /altnames|not in the cert's list|not match/i],
  ['a certificate that has ended', { cert: EXPIRED_CERT }, TEST_CERT, /expired/i],
  ['a certificate that has not begun', { cert: EARLY_CERT }, TEST_CERT, /not yet valid/i],
  ['a certificate that nobody known has signed', { cert: TEST_CERT }, undefined, /self.signed/i],
  ['a certificate whose authority is not known', { cert: OTHER_HOST_CERT }, undefined, /unable to verify|self.signed|issuer/i],
] as const;

const OLD_TLS = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

let servers: Server[] = [];

afterEach(async () => {
  for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()));
  servers = [];
});

/** A server that answers whatever comes with these bytes, or with nothing and the end. */
async function babbler(answer: Buffer | null): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => (answer === null ? socket.destroy() : socket.write(answer)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function endingOf(kind: FrameSourceKind, url: string, more: { ca?: string; handshakeTimeoutMs?: number }): Promise<Ending> {
  const world = new TestWorld();
  const recorder = new Recorder();
  createFrameSource(world, kind).connect({ url, ...more }, recorder);
  const ending = await recorder.closed;
  expect(recorder.events).toEqual(['close:1006']);
  expect(world.timers.live).toBe(0);
  return ending;
}

describe.each(['own', 'ws'] as const)('the %s WebSocket client over TLS', (kind) => {
  it.each(REFUSALS)('refuses %s, and sends no request', async (_name, tls, ca, words) => {
    let hasPeer = false;
    const server = await RawServer.start('tls', () => (hasPeer = true), undefined, tls);
    const ending = await endingOf(kind, server.url, ca === undefined ? {} : { ca });
    expect(ending).toEqual({ code: 1006, reason: expect.stringMatching(words) as string });
    await server.stop();
    expect(hasPeer).toBe(false);
  });

  it('is told a name: localhost is checked as such', async () => {
    const good = await RawServer.start('tls', ({ socket }) => socket.destroy());
    const recorder = new Recorder();
    createFrameSource(new TestWorld(), kind).connect({ url: good.url.replace('127.0.0.1', 'localhost'), ca: TEST_CERT }, recorder);
    await recorder.closed;
    expect(recorder.events[0]).toBe('open');
    await good.stop();
    const other = await RawServer.start('tls', () => undefined, undefined, { cert: OTHER_HOST_CERT });
    const ending = await endingOf(kind, other.url.replace('127.0.0.1', 'localhost'), { ca: TEST_CERT });
    expect(ending.reason).toMatch(/altnames/i);
    await other.stop();
  });

  it('refuses protocols before TLS 1.2', async () => {
    const server = await RawServer.start('tls', () => undefined, undefined, OLD_TLS);
    const ending = await endingOf(kind, server.url, { ca: TEST_CERT });
    expect(ending.reason).toMatch(/protocol version|unsupported protocol|handshake/i);
    await server.stop();
  });

  it.each([
    ['answers in plain text', Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'), /wrong version|ssl/i],
    ['answers half a record', Buffer.from([22, 3, 3, 0x40, 0]), /timed out/],
    ['answers a record of nonsense', Buffer.concat([Buffer.from([22, 3, 3, 0, 40]), Buffer.alloc(40, 0xee)]), /ssl|tls/i],
    ['hangs up', null, /disconnected|hang up|ECONNRESET/i],
  ] as const)('gives up on a server that %s', async (_name, answer, words) => {
    const url = `wss://127.0.0.1:${await babbler(answer)}/`;
    const ending = await endingOf(kind, url, { ca: TEST_CERT, handshakeTimeoutMs: 150 });
    expect(ending.reason).toMatch(words);
  });
});

describe('the HTTP client over TLS', () => {
  it('no environment variable switches the check off', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const server = await RawServer.start('tls', () => undefined);
      for (const kind of ['own', 'ws'] as const) expect((await endingOf(kind, server.url, {})).reason).toMatch(/self.signed/);
      const client = new NodeHttpClient({ timers: new TestTimers() });
      await expect(client.request('GET', server.url.replace('wss:', 'https:'))).rejects.toThrow('SELF_SIGNED');
      client.close();
      await server.stop();
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it.each([...REFUSALS, ['a protocol before TLS 1.2', { cert: TEST_CERT, ...OLD_TLS }, TEST_CERT, /./] as const])(
    'refuses %s, and sends nothing',
    async (_name, tls, ca, _words) => {
      let asked = 0;
      const server = createHttps({ key: TEST_KEY, ...tls }, (_request, response) => {
        asked++;
        response.end();
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const timers = new TestTimers();
      const client = new NodeHttpClient({ timers, ...(ca === undefined ? {} : { ca }) });
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const failure: unknown = await client.request('POST', url, { body: 'x' }).catch((error: unknown) => error);
      client.close();
      expect(failure).toBeInstanceOf(EngineError);
      // Nothing left us: what was asked for may be asked for again.
      expect([(failure as EngineError).code, (failure as EngineError).recovery]).toEqual(['HTTP_FAILED', 'retry']);
      expect([asked, timers.live]).toEqual([0, 0]);
    },
  );
});
