/** Both carriers behind the one port: our own client and `ws` must look the same to a session; only `ws` unpacks permessage-deflate. */
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ConnectOptions } from '../../src/core/ports/frame-source.js';
import { createFrameSource, type FrameSourceKind } from '../../src/net/frame-source.js';
import { TEST_CERT } from './certificate.js';
import { closeFrame, frame, RawServer } from './raw-server.js';
import { Recorder, TestWorld } from './world.js';

const KINDS: readonly FrameSourceKind[] = ['own', 'ws'];

let server: WebSocketServer | null = null;

afterEach(async () => {
  const stopping = server;
  server = null;
  for (const client of stopping?.clients ?? []) client.terminate();
  await new Promise<void>((resolve) => (stopping === null ? resolve() : stopping.close(() => resolve())));
});

const liveHandles = (): number => process.getActiveResourcesInfo().filter((name) => /TCPSOCKETWRAP|TLSWRAP|Timeout/i.test(name)).length;

/** A deflating server of the `ws` package; gives what the client and the server's own socket see. */
async function meet(kind: FrameSourceKind, onOpen: (socket: WebSocket) => void, options: Partial<ConnectOptions> = {}) {
  const made = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
  server = made;
  await new Promise<void>((resolve) => made.once('listening', () => resolve()));
  const accepted = new Promise<WebSocket>((resolve) => {
    made.once('connection', (socket) => {
      onOpen(socket);
      resolve(socket);
    });
  });
  const world = new TestWorld();
  const recorder = new Recorder();
  const connection = createFrameSource(world, kind).connect(
    { url: `ws://127.0.0.1:${(made.address() as AddressInfo).port}/`, ...options },
    recorder,
  );
  return { world, recorder, connection, accepted };
}

describe.each(KINDS)('frame source carried by %s', (kind) => {
  it('opens, exchanges messages, and says life at ping and pong', async () => {
    const { recorder, connection, accepted, world } = await meet(kind, (socket) => {
      socket.on('message', (data) => socket.send(`echo ${(data as Buffer).toString()}`));
      socket.ping();
    });
    await recorder.until(() => recorder.events.includes('life'));
    expect(connection.send('{"op":"ping"}')).toBe(true);
    await recorder.hasFrames(1);
    connection.ping();
    await recorder.until(() => recorder.events.filter((event) => event === 'life').length === 2);
    expect(recorder.events).toEqual(['open', 'life', 'text:echo {"op":"ping"}', 'life']);
    (await accepted).close(1013, 'later');
    expect(await recorder.closed).toEqual({ code: 1013, reason: 'later' });
    expect(connection.send('late')).toBe(false);
    expect(world.timers.live).toBe(0);
    expect(recorder.closeCount).toBe(1);
  });

  it('closes with its own code, and hands on nothing after that', async () => {
    const { recorder, connection, accepted, world } = await meet(kind, (socket) => {
      socket.send('a');
      socket.send('b');
    });
    recorder.onText = () => connection.close(3001, 'enough');
    const code = new Promise<number>((resolve) => void accepted.then((socket) => socket.once('close', resolve)));
    expect((await recorder.closed).code).toBe(3001);
    expect(await code).toBe(3001);
    expect(recorder.frames).toEqual(['text:a']);
    expect(world.timers.live).toBe(0);
  });

  it('cuts a peer that does not answer the close frame', async () => {
    const raw = await RawServer.start('plain', () => undefined);
    const world = new TestWorld();
    const recorder = new Recorder();
    const connection = createFrameSource(world, kind).connect({ url: raw.url }, recorder);
    await recorder.opened;
    connection.close();
    await recorder.closed;
    expect(world.timers.live).toBe(0);
    await raw.stop();
  });

  it('survives a handler that throws', async () => {
    const { recorder, world } = await meet(kind, (socket) => socket.send('a'));
    recorder.onText = () => {
      throw new Error('boom');
    };
    expect(await recorder.closed).toEqual({ code: 1011, reason: 'handler failed: boom' });
    expect(world.errors.map(String)).toEqual(['Error: boom']);
    expect(world.timers.live).toBe(0);
  });

  it('says why it could not open', async () => {
    const refuse = async (answer: string, expected: string): Promise<void> => {
      const raw = await RawServer.start(
        'tls',
        () => undefined,
        () => answer,
      );
      const recorder = new Recorder();
      createFrameSource(new TestWorld(), kind).connect({ url: raw.url, ca: TEST_CERT, handshakeTimeoutMs: 2000 }, recorder);
      const ending = await recorder.closed;
      expect(ending.code).toBe(1006);
      expect(ending.reason).toContain(expected);
      await raw.stop();
    };
    await refuse('HTTP/1.1 302 Found\r\nLocation: /x\r\ncontent-length: 0\r\n\r\n', '302');
    await refuse('HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n', '429');
    const recorder = new Recorder();
    createFrameSource(new TestWorld(), kind).connect({ url: 'nowhere' }, recorder);
    expect((await recorder.closed).code).toBe(1006);
  });

  it('ends a connection at a broken frame and at a message over the bound', async () => {
    for (const [bytes, maxMessageBytes] of [
      [frame(3, 'x'), 1000],
      [frame(1, 'x'.repeat(1001)), 1000],
      [Buffer.concat([closeFrame(1006)]), 1000],
    ] as const) {
      const raw = await RawServer.start('plain', ({ socket }) => socket.write(bytes));
      const recorder = new Recorder();
      createFrameSource(new TestWorld(), kind).connect({ url: raw.url, maxMessageBytes }, recorder);
      await recorder.closed;
      expect(recorder.frames).toEqual([]);
      await raw.stop();
    }
  });

  it('refuses to queue more than its bound', async () => {
    const raw = await RawServer.start('plain', ({ socket }) => {
      socket.pause();
    });
    const recorder = new Recorder();
    const connection = createFrameSource(new TestWorld(), kind).connect({ url: raw.url }, recorder);
    await recorder.opened;
    const text = 'z'.repeat(100_000);
    let sent = 0;
    while (sent < 10_000 && connection.send(text)) sent++;
    expect(sent).toBeLessThan(200);
    await raw.stop();
    await recorder.closed;
  });
});

describe('frame source', () => {
  it('unpacks permessage-deflate when asked to, into the receive buffer where it fits', async () => {
    const receive = new Uint8Array(new SharedArrayBuffer(64 * 1024));
    const big = 'b'.repeat(100_000);
    const { recorder, accepted, connection } = await meet(
      'own',
      (socket) => {
        socket.send('small'.repeat(100));
        socket.send(big);
      },
      { deflate: true, receive },
    );
    const places: boolean[] = [];
    const onFrame = recorder.onFrame.bind(recorder);
    recorder.onFrame = (bytes, start, end, isText) => {
      places.push(bytes === receive);
      onFrame(bytes, start, end, isText);
    };
    await recorder.hasFrames(2);
    expect((await accepted).extensions).toContain('permessage-deflate');
    expect(places).toEqual([true, false]);
    expect(recorder.frames).toEqual(['text:500 chars', 'text:100000 chars']);
    connection.close();
    await recorder.closed;
  });

  it('does not offer deflate otherwise', async () => {
    for (const kind of KINDS) {
      const { recorder, accepted, connection } = await meet(kind, () => undefined);
      await recorder.opened;
      expect((await accepted).extensions).toBe('');
      connection.close();
      await recorder.closed;
      server?.close();
    }
  });

  it('leaves no socket and no timer behind', async () => {
    const raw = await RawServer.start('plain', (peer) => {
      peer.socket.write(frame(1, 'x'));
      void peer.hasReceived(1).then(() => peer.socket.end(closeFrame(1000)));
    });
    const before = liveHandles();
    for (let i = 0; i < 20; i++) {
      const world = new TestWorld();
      const recorder = new Recorder();
      const connection = createFrameSource(world, i % 2 === 0 ? 'own' : 'ws').connect({ url: raw.url }, recorder);
      await recorder.hasFrames(1);
      connection.close();
      await recorder.closed;
      expect(world.timers.live).toBe(0);
    }
    await raw.stop();
    expect(liveHandles()).toBeLessThanOrEqual(before);
  });
});
