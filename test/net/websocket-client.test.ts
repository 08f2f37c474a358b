/** Our client against a peer that keeps the protocol, and against one that breaks every rule of it, over plain TCP and TLS. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ConnectOptions, FrameConnection } from '../../src/core/ports/frame-source.js';
import { createFrameSource } from '../../src/net/frame-source.js';
import { TEST_CERT } from './certificate.js';
import { closeFrame, frame, goodAnswer, type Peer, RawServer, type Transport } from './raw-server.js';
import { Recorder, TestWorld } from './world.js';

const BIG = 0x10000;

interface Meeting {
  readonly world: TestWorld;
  readonly server: RawServer;
  readonly recorder: Recorder;
  readonly connection: FrameConnection;
  readonly peer: Promise<Peer>;
}

let running: Meeting[] = [];

async function meet(
  transport: Transport,
  onPeer: (peer: Peer) => void,
  options: Partial<ConnectOptions> = {},
  answer?: (peer: Peer) => string,
): Promise<Meeting> {
  let arrived: ((peer: Peer) => void) | null = null;
  const peer = new Promise<Peer>((resolve) => {
    arrived = resolve;
  });
  const onArrival = (met: Peer): void => {
    onPeer(met);
    arrived?.(met);
  };
  const server = await RawServer.start(transport, onArrival, answer);
  const world = new TestWorld();
  const recorder = new Recorder();
  const connection = createFrameSource(world).connect({ url: server.url, ca: TEST_CERT, ...options }, recorder);
  const meeting = { world, server, recorder, connection, peer };
  running.push(meeting);
  return meeting;
}

afterEach(async () => {
  const done = running;
  running = [];
  for (const meeting of done) {
    await meeting.server.stop();
    await meeting.recorder.closed;
    expect(meeting.recorder.closeCount).toBe(1);
    expect(meeting.recorder.events.at(-1)).toMatch(/^close:/);
    expect(meeting.world.timers.live).toBe(0);
  }
});

const lengthOf = (bytes: number[]): Buffer => Buffer.from(bytes);

/** What the peer sends, the code the handler hears, and the code the peer is told. */
const BREACHES: readonly (readonly [string, Buffer, number])[] = [
  ['a reserved bit', frame(1, 'x', { first: 0xc1 }), 1002],
  ['another reserved bit', frame(2, 'x', { first: 0x92 }), 1002],
  ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), 1002],
  ['an unknown data opcode', frame(3, 'x'), 1002],
  ['an unknown control opcode', frame(11, 'x'), 1002],
  ['a control frame over 125 bytes', frame(9, 'x'.repeat(126)), 1002],
  ['a fragmented ping', frame(9, 'x', { fin: false }), 1002],
  ['a continuation of nothing', frame(0, 'x'), 1002],
  ['a new message inside a fragmented one', Buffer.concat([frame(1, 'a', { fin: false }), frame(1, 'b')]), 1002],
  ['a 16-bit length that fits 7 bits', lengthOf([0x82, 126, 0, 125]), 1002],
  ['a 64-bit length that fits 16 bits', lengthOf([0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), 1002],
  ['a 64-bit length with its high bit set', lengthOf([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1002],
  ['a length of a million terabytes', lengthOf([0x82, 127, 0x0f, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ['a close frame of one byte', frame(8, 'x'), 1002],
  ['close code 1005', closeFrame(1005), 1002],
  ['close code 1006', closeFrame(1006), 1002],
  ['close code 1015', closeFrame(1015), 1002],
  ['close code 999', closeFrame(999), 1002],
  ['close code 2999', closeFrame(2999), 1002],
  ['a close reason that is not UTF-8', frame(8, Buffer.from([3, 0xe8, 0xff])), 1007],
  ['text that is not UTF-8', frame(1, Buffer.from([0x61, 0xc3, 0x28])), 1007],
  ['an overlong encoding', frame(1, Buffer.from([0xc0, 0xaf])), 1007],
  ['a surrogate in UTF-8', frame(1, Buffer.from([0xed, 0xa0, 0x80])), 1007],
  ['long text that is not UTF-8', frame(1, Buffer.concat([Buffer.alloc(5000, 97), Buffer.from([0xff])])), 1007],
  ['text cut inside a character', frame(1, Buffer.from('grün').subarray(0, 3)), 1007],
  [
    'fragmented text that is not UTF-8 as a whole',
    Buffer.concat([frame(1, Buffer.from([0xc3]), { fin: false }), frame(0, Buffer.from([0x28]))]),
    1007,
  ],
];

describe.each(['plain', 'tls'] as const)('websocket client, %s', (transport) => {
  it('opens, sends the headers it was given, and exchanges messages in order', async () => {
    const { recorder, connection, peer } = await meet(
      transport,
      ({ socket }) => socket.write(Buffer.concat([frame(1, '{"a":1}'), frame(2, Buffer.from([1, 2])), frame(1, ''), frame(1, 'grün €')])),
      { headers: { 'X-Api': 'k v' } },
    );
    await recorder.hasFrames(4);
    expect(recorder.events).toEqual(['open', 'text:{"a":1}', 'binary:0102', 'text:', 'text:grün €']);
    const met = await peer;
    expect(met.requestHead).toMatch(/^GET \/stream\?a=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    expect(met.requestHead).toContain('\r\nX-Api: k v\r\n');
    for (const text of ['{"op":"subscribe"}', 'é'.repeat(100), 'y'.repeat(BIG)]) expect(connection.send(text)).toBe(true);
    await met.hasReceived(3);
    expect(met.received).toEqual(['1:{"op":"subscribe"}', `1:${'é'.repeat(100)}`, `1:${'y'.repeat(BIG)}`]);
  });

  it('hands on frames that arrive in the same packet as the answer to the handshake', async () => {
    const { recorder } = await meet(
      transport,
      () => undefined,
      {},
      (peer) => goodAnswer(peer) + frame(1, 'early').toString('latin1'),
    );
    await recorder.hasFrames(1);
    expect(recorder.events).toEqual(['open', 'text:early']);
  });

  it('leaves messages where they landed: in the shared buffer it was given', async () => {
    const memory = new SharedArrayBuffer(1 << 17);
    const receive = new Uint8Array(memory, 4096, 1 << 16);
    const seen: boolean[] = [];
    const server = await RawServer.start(transport, ({ socket }) =>
      socket.write(Buffer.concat([frame(1, 'one'), frame(1, 'two'.repeat(9000))])),
    );
    const world = new TestWorld();
    const recorder = new Recorder();
    const onFrame = recorder.onFrame.bind(recorder);
    recorder.onFrame = (bytes, start, end, isText) => {
      seen.push(bytes === receive && Buffer.from(memory, 4096 + start, 3).toString() === (seen.length === 0 ? 'one' : 'two'));
      onFrame(bytes, start, end, isText);
    };
    createFrameSource(world).connect({ url: server.url, ca: TEST_CERT, receive }, recorder);
    await recorder.hasFrames(2);
    expect(seen).toEqual([true, true]);
    await server.stop();
    await recorder.closed;
  });

  it('answers a ping with its payload, takes pongs, and says both as life', async () => {
    const { recorder, connection, peer } = await meet(transport, ({ socket }) =>
      socket.write(Buffer.concat([frame(9, 'are you there'), frame(10, '')])),
    );
    await recorder.until(() => recorder.events.length === 3);
    expect(recorder.events).toEqual(['open', 'life', 'life']);
    connection.ping();
    const met = await peer;
    await met.hasReceived(2);
    expect(met.received).toEqual(['10:are you there', '9:']);
  });

  it('gathers fragments with control frames between them', async () => {
    const parts = Buffer.concat([
      frame(1, 'Gr', { fin: false }),
      frame(9, 'p'),
      frame(0, Buffer.from([0xc3]), { fin: false }),
      frame(0, '', { fin: false }),
      frame(0, Buffer.from([0xbc, 0x6e])),
      frame(2, '', { fin: false }),
      frame(0, ''),
      frame(1, 'whole'),
    ]);
    const { recorder } = await meet(transport, ({ socket }) => socket.write(parts));
    await recorder.hasFrames(3);
    expect(recorder.events).toEqual(['open', 'life', 'text:Grün', 'binary:', 'text:whole']);
  });

  it('carries messages larger than its receive buffer, then small ones again', async () => {
    const { recorder } = await meet(
      transport,
      ({ socket }) => {
        socket.write(
          Buffer.concat([frame(1, 'a'), frame(1, 'x'.repeat(200_000)), frame(1, 'b'), frame(1, 'y'.repeat(5000)), frame(1, 'c')]),
        );
      },
      { receive: new Uint8Array(8192) },
    );
    await recorder.hasFrames(5);
    expect(recorder.frames).toEqual(['text:a', 'text:200000 chars', 'text:b', 'text:5000 chars', 'text:c']);
  });

  it('carries a message of 64 MB', async () => {
    const size = 64 * 1024 * 1024;
    const { recorder } = await meet(transport, ({ socket }) => {
      socket.write(frame(2, Buffer.alloc(size, 7)));
      socket.write(frame(1, 'after'));
    });
    await recorder.hasFrames(2);
    expect(recorder.frames).toEqual([`binary:${size * 2} chars`, 'text:after']);
  });

  it.each(BREACHES)('ends the connection at %s', async (_name, bytes, code) => {
    const { recorder, peer, connection } = await meet(transport, ({ socket }) =>
      socket.write(Buffer.concat([frame(1, 'before'), bytes, frame(1, 'after')])),
    );
    const ending = await recorder.closed;
    expect(ending.code).toBe(code);
    expect(ending.reason).not.toBe('');
    expect(recorder.frames).toEqual(['text:before']);
    expect(connection.send('too late')).toBe(false);
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received[0]).toMatch(new RegExp(`^8:${code}:`));
  });

  it('ends the connection with 1009 at a message over the bound, whole or in fragments', async () => {
    const whole = await meet(transport, ({ socket }) => socket.write(frame(1, 'x'.repeat(1001))), { maxMessageBytes: 1000 });
    expect((await whole.recorder.closed).code).toBe(1009);
    const parts = await meet(
      transport,
      ({ socket }) => socket.write(Buffer.concat([frame(1, 'x'.repeat(600), { fin: false }), frame(0, 'x'.repeat(401))])),
      { maxMessageBytes: 1000 },
    );
    expect((await parts.recorder.closed).code).toBe(1009);
    const exact = await meet(transport, ({ socket }) => socket.write(frame(1, 'x'.repeat(1000))), { maxMessageBytes: 1000 });
    await exact.recorder.hasFrames(1);
  });

  it('leaves the look at text to a handler that does it, but not that at close reasons', async () => {
    const bad = Buffer.from([0xc3, 0x28]);
    const bytes = Buffer.concat([
      frame(1, bad),
      frame(1, Buffer.concat([bad, Buffer.alloc(3000, 97)])),
      frame(8, Buffer.from([3, 0xe8, 0xff])),
    ]);
    const { recorder } = await meet(transport, ({ socket }) => socket.write(bytes), { checksText: true });
    expect((await recorder.closed).code).toBe(1007);
    expect(recorder.frames).toHaveLength(2);
  });

  it('answers a close frame with its code, and says code and reason', async () => {
    const { recorder, peer } = await meet(transport, ({ socket }) =>
      socket.write(Buffer.concat([closeFrame(1012, 'restart'), frame(1, 'after')])),
    );
    expect(await recorder.closed).toEqual({ code: 1012, reason: 'restart' });
    expect(recorder.frames).toEqual([]);
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received).toEqual(['8:1012:']);
  });

  it('says 1005 for an empty close frame and 1006 for none', async () => {
    const empty = await meet(transport, ({ socket }) => socket.write(frame(8, '')));
    expect((await empty.recorder.closed).code).toBe(1005);
    const none = await meet(transport, ({ socket }) => socket.end(frame(1, 'bye')));
    expect((await none.recorder.closed).code).toBe(1006);
    const reset = await meet(transport, ({ socket }) => (transport === 'tls' ? socket.destroy() : socket.resetAndDestroy()));
    expect((await reset.recorder.closed).code).toBe(1006);
  });

  it('closes with a code of its own and waits for the answer', async () => {
    const { recorder, connection, peer } = await meet(transport, () => undefined);
    await recorder.opened;
    connection.close(1001, 'going');
    expect(connection.send('late')).toBe(false);
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received).toEqual(['8:1001:going']);
    met.socket.write(Buffer.concat([frame(1, 'not handed on'), closeFrame(1001)]));
    expect(await recorder.closed).toEqual({ code: 1001, reason: '' });
    expect(recorder.frames).toEqual([]);
  });

  it('cuts a peer that does not answer the close frame', async () => {
    const { recorder, connection } = await meet(transport, () => undefined);
    await recorder.opened;
    connection.close();
    expect((await recorder.closed).code).toBe(1006);
  });

  it('can be closed from inside a message and before it opened', async () => {
    const inside = await meet(transport, ({ socket }) => socket.write(Buffer.concat([frame(1, 'a'), frame(1, 'b'), closeFrame(1000)])));
    inside.recorder.onText = () => inside.connection.close(1000);
    expect((await inside.recorder.closed).code).toBe(1000);
    expect(inside.recorder.frames).toEqual(['text:a']);
    const early = await meet(transport, () => undefined);
    early.connection.close();
    expect((await early.recorder.closed).code).toBe(1006);
    expect(early.recorder.events).toEqual(['close:1006']);
  });

  it('survives a handler that throws: reports it and closes with 1011', async () => {
    const { recorder, world, peer } = await meet(transport, ({ socket }) => socket.write(Buffer.concat([frame(1, 'a'), frame(1, 'b')])));
    recorder.onText = () => {
      throw new Error('boom');
    };
    const ending = await recorder.closed;
    expect(ending).toEqual({ code: 1011, reason: 'handler failed: boom' });
    expect(recorder.frames).toEqual(['text:a']);
    expect(world.errors.map(String)).toEqual(['Error: boom']);
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received[0]).toBe('8:1011:handler failed: boom');
  });

  it('refuses to queue more than its bound towards a peer that does not read', async () => {
    const { recorder, connection, peer } = await meet(transport, ({ socket }) => {
      socket.pause();
    });
    await recorder.opened;
    await peer;
    const text = 'z'.repeat(100_000);
    let sent = 0;
    while (sent < 10_000 && connection.send(text)) sent++;
    expect(sent).toBeLessThan(200);
    expect(connection.send('{}')).toBe(true);
  });

  it.each([
    ['a redirect', () => 'HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n', 'status 302'],
    ['a refusal', () => 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\r\n', 'status 429'],
    ['a plain answer', () => 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'status 200'],
    ['another protocol', () => 'SSH-2.0-x\r\n\r\n', 'not HTTP/1.1'],
    ['no upgrade header', (peer: Peer) => goodAnswer(peer).replace('upgrade: WebSocket\r\n', ''), 'upgrade'],
    ['no connection header', (peer: Peer) => goodAnswer(peer).replace('Connection: keep-alive, Upgrade\r\n', ''), 'Connection'],
    ['a wrong accept key', (peer: Peer) => goodAnswer({ ...peer, key: 'AAAA' }), 'Accept'],
    [
      'an extension that was not offered',
      (peer: Peer) => goodAnswer(peer).replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'),
      'extension',
    ],
    [
      'a subprotocol that was not offered',
      (peer: Peer) => goodAnswer(peer).replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: x\r\n\r\n'),
      'subprotocol',
    ],
    ['a head without end', () => `HTTP/1.1 101 Switching Protocols\r\n${'x: y\r\n'.repeat(6000)}`, 'over 16384 bytes'],
  ])('does not open at %s', async (_name, answer, expected) => {
    const { recorder } = await meet(transport, () => undefined, {}, answer);
    const ending = await recorder.closed;
    expect(ending.code).toBe(1006);
    expect(ending.reason).toContain(expected);
    expect(recorder.events).toEqual(['close:1006']);
  });

  it('gives up on a peer that never answers the handshake', async () => {
    const { recorder } = await meet(
      transport,
      () => undefined,
      { handshakeTimeoutMs: 50 },
      () => '',
    );
    expect(await recorder.closed).toEqual({ code: 1006, reason: 'handshake timed out' });
  });

  it('reads frames that arrive one byte at a time', async () => {
    const { recorder, peer } = await meet(transport, () => undefined, { receive: new Uint8Array(1024) });
    const { socket } = await peer;
    const bytes = Buffer.concat([frame(1, 'slow'), frame(9, 'q'), frame(1, 's'.repeat(300)), frame(1, Buffer.from('ü'))]);
    for (const byte of bytes) await new Promise<void>((resolve) => socket.write(Buffer.from([byte]), () => resolve()));
    await recorder.hasFrames(3);
    expect(recorder.events).toEqual(['open', 'text:slow', 'life', 'text:300 chars', 'text:ü']);
  });
});

describe('websocket client', () => {
  it('refuses a certificate that no known authority signed', async () => {
    const server = await RawServer.start('tls', () => undefined);
    const recorder = new Recorder();
    const world = new TestWorld();
    createFrameSource(world).connect({ url: server.url }, recorder);
    const ending = await recorder.closed;
    expect(ending.code).toBe(1006);
    expect(ending.reason).toMatch(/self.signed/);
    expect(world.timers.live).toBe(0);
    await server.stop();
  });

  it.each([
    ['not an address', {}],
    ['http://127.0.0.1/', {}],
    ['ws://user:pw@127.0.0.1/', {}],
    ['ws://127.0.0.1/#x', {}],
    ['ws://127.0.0.1/', { 'X-A': 'a\r\nX-B: b' }],
    ['ws://127.0.0.1/', { Host: 'other' }],
  ])('does not dial %s %j', async (url, headers) => {
    const world = new TestWorld();
    const recorder = new Recorder();
    const connection = createFrameSource(world).connect({ url, headers }, recorder);
    expect(recorder.events).toEqual([]);
    expect(connection.send('x')).toBe(false);
    expect((await recorder.closed).code).toBe(1006);
    expect(world.timers.live).toBe(0);
  });

  it('says 1006 with the reason when nobody listens', async () => {
    const server = await RawServer.start('plain', () => undefined);
    const url = server.url;
    await server.stop();
    const recorder = new Recorder();
    const world = new TestWorld();
    createFrameSource(world).connect({ url }, recorder);
    const ending = await recorder.closed;
    expect(ending.code).toBe(1006);
    expect(ending.reason).toContain('ECONNREFUSED');
    expect(world.timers.live).toBe(0);
  });

  it('refuses to send a close code that may not travel', async () => {
    const { connection } = await meet('plain', () => undefined);
    expect(() => connection.close(1006)).toThrow('close code 1006');
    connection.close();
  });
});
