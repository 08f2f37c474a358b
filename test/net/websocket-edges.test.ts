/** The edges of RFC 6455 at our client, over plain TCP and TLS: every length form at its limits, codes at theirs, masks, floods, and frames around the end. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../../src/core/ports/frame-source.js';
import { createFrameSource } from '../../src/net/frame-source.js';
import { FrameWriter } from '../../src/net/frame-writer.js';
import { TEST_CERT } from './certificate.js';
import { closeFrame, frame, type Peer, RawServer, type Transport } from './raw-server.js';
import { Recorder, TestWorld } from './world.js';

let stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops) await stop();
  stops = [];
});

async function meet(
  transport: Transport,
  onPeer: (peer: Peer) => void,
  options: Partial<ConnectOptions> = {},
): Promise<{
  readonly recorder: Recorder;
  readonly connection: ReturnType<ReturnType<typeof createFrameSource>['connect']>;
  readonly peer: Promise<Peer>;
}> {
  let arrived: ((peer: Peer) => void) | null = null;
  const peer = new Promise<Peer>((resolve) => {
    arrived = resolve;
  });
  const server = await RawServer.start(transport, (met) => {
    onPeer(met);
    arrived?.(met);
  });
  const recorder = new Recorder();
  const connection = createFrameSource(new TestWorld()).connect({ url: server.url, ca: TEST_CERT, ...options }, recorder);
  stops.push(() => server.stop());
  return { recorder, connection, peer };
}

describe.each(['plain', 'tls'] as const)('websocket client at the edges, %s', (transport) => {
  it('takes every length form at its least and its most, and control frames of 125 bytes', async () => {
    const sizes = [0, 1, 125, 126, 127, 65_534, 65_535, 65_536, 65_537];
    const { recorder, peer } = await meet(transport, ({ socket }) =>
      socket.write(
        Buffer.concat([...sizes.map((size) => frame(2, Buffer.alloc(size, 1))), frame(9, 'p'.repeat(125)), frame(10, 'q'.repeat(125))]),
      ),
    );
    await recorder.until(() => recorder.events.length === 1 + sizes.length + 2);
    const lengths = recorder.frames.map((text) => Number(/(\d+) chars/.exec(text)?.[1] ?? text.slice('binary:'.length).length) / 2);
    expect(lengths).toEqual(sizes);
    expect(recorder.events.slice(-2)).toEqual(['life', 'life']);
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received).toEqual([`10:${'p'.repeat(125)}`]);
  });

  it('sends every length form at its least and its most', async () => {
    const { recorder, connection, peer } = await meet(transport, () => undefined);
    await recorder.opened;
    const sizes = [0, 125, 126, 65_535, 65_536];
    for (const size of sizes) expect(connection.send('z'.repeat(size))).toBe(true);
    const met = await peer;
    await met.hasReceived(sizes.length);
    expect(met.received.map((text) => text.length - 2)).toEqual(sizes);
  });

  it.each([1000, 1001, 1003, 1007, 1012, 1014, 3000, 3999, 4000, 4999])('takes close code %i and answers with it', async (code) => {
    const { recorder, peer } = await meet(transport, ({ socket }) => socket.write(closeFrame(code, 'r'.repeat(123))));
    expect(await recorder.closed).toEqual({ code, reason: 'r'.repeat(123) });
    const met = await peer;
    await met.hasReceived(1);
    expect(met.received).toEqual([`8:${code}:`]);
  });

  it.each([0, 1004, 1016, 2000, 5000, 65_535])('takes close code %i for a breach', async (code) => {
    const { recorder } = await meet(transport, ({ socket }) => socket.write(closeFrame(code)));
    expect((await recorder.closed).code).toBe(1002);
  });

  it('takes text whose characters are cut between fragments, up to the last code point', async () => {
    const bytes = Buffer.from('a\u{10FFFF}\uFFFDé');
    const parts = [...bytes].map((byte, index) => frame(index === 0 ? 1 : 0, Buffer.from([byte]), { fin: index === bytes.length - 1 }));
    const { recorder } = await meet(transport, ({ socket }) => socket.write(Buffer.concat(parts)));
    await recorder.hasFrames(1);
    expect(recorder.frames).toEqual(['text:a\u{10FFFF}\uFFFDé']);
  });

  it.each([
    ['a code point above the last', [0xf4, 0x90, 0x80, 0x80]],
    ['five-byte forms', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['an overlong three-byte form', [0xe0, 0x80, 0x80]],
    ['a continuation byte alone', [0x80]],
    ['a byte of no encoding', [0xfe]],
  ] as const)('refuses %s', async (_name, bytes) => {
    const { recorder } = await meet(transport, ({ socket }) => socket.write(frame(1, Buffer.from(bytes))));
    expect((await recorder.closed).code).toBe(1007);
  });

  it('a close frame between fragments ends the message unsaid', async () => {
    const { recorder } = await meet(transport, ({ socket }) =>
      socket.write(Buffer.concat([frame(1, 'half', { fin: false }), closeFrame(1000), frame(0, 'other half')])),
    );
    expect((await recorder.closed).code).toBe(1000);
    expect(recorder.frames).toEqual([]);
  });

  it('a message that the end cuts short is not handed on', async () => {
    const whole = frame(1, 'x'.repeat(300));
    const { recorder } = await meet(transport, ({ socket }) =>
      socket.end(Buffer.concat([frame(1, 'a'), whole.subarray(0, whole.length - 1)])),
    );
    expect((await recorder.closed).code).toBe(1006);
    expect(recorder.frames).toEqual(['text:a']);
  });

  it('a hundred thousand empty fragments take no memory, and the message still ends', async () => {
    const one = frame(0, '', { fin: false });
    const { recorder } = await meet(
      transport,
      ({ socket }) => {
        socket.write(frame(1, 'a', { fin: false }));
        socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => one)));
        socket.write(frame(0, 'b'));
      },
      { receive: new Uint8Array(4096), maxMessageBytes: 16 },
    );
    await recorder.hasFrames(1);
    expect(recorder.frames).toEqual(['text:ab']);
  });

  it('a peer that pings without reading our answers does not fill our memory', async () => {
    const { recorder, peer } = await meet(transport, ({ socket }) => {
      socket.pause();
      socket.write(Buffer.concat(Array.from({ length: 50_000 }, () => frame(9, 'p'.repeat(125)))));
      socket.write(frame(1, 'done'));
    });
    await new Promise<void>((resolve) => (recorder.onText = () => resolve()));
    const met = await peer;
    expect(recorder.events.filter((event) => event === 'life')).toHaveLength(50_000);
    met.socket.resume();
    met.socket.write(closeFrame(1000));
    expect((await recorder.closed).code).toBe(1000);
    // 50,000 answers are 6.5 MB; what is over the bound of a megabyte was left out.
    expect(met.received.length).toBeLessThan(50_000);
  });
});

describe('masks', () => {
  it('are drawn anew for every frame, and what travels is not the text', () => {
    const writer = new FrameWriter();
    const keys = new Set<number>();
    let isMasked = true;
    for (let n = 0; n < 5_000; n++) {
      const bytes = writer.text('subscribe');
      isMasked &&= bytes[1] === (0x80 | 9);
      keys.add(bytes.readUInt32BE(2));
      const plain = Buffer.from(bytes.subarray(6));
      for (let i = 0; i < plain.length; i++) plain[i] = (plain[i] ?? 0) ^ (bytes[2 + (i & 3)] ?? 0);
      isMasked &&= plain.toString() === 'subscribe' && !bytes.includes('subscribe');
    }
    expect(isMasked).toBe(true);
    // Of 2^32 keys: one repeat in 5,000 draws has a chance of 0.3 %, three have none.
    expect(keys.size).toBeGreaterThan(4_997);
  });
});
