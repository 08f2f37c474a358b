/** The parser alone: random messages cut anywhere against the list that was sent, random bytes, and memory that stays within its bounds. */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameParser, type FrameSink } from '../../src/net/frame-parser.js';
import { TextCheck } from '../../src/net/text-check.js';
import { frame } from './raw-server.js';

/** Writes bytes into the parser's room in pieces, as reads would; the close code, 0 when none. */
function feed(parser: FrameParser, bytes: Uint8Array, pieceSizes: () => number): number {
  let at = 0;
  while (at < bytes.length) {
    const room = parser.room();
    expect(room.length).toBeGreaterThan(0);
    const count = Math.min(room.length, bytes.length - at, Math.max(1, pieceSizes()));
    room.set(bytes.subarray(at, at + count));
    parser.landed(count);
    at += count;
    const code = parser.parse();
    if (code !== 0) return code;
  }
  return 0;
}

class Sink implements FrameSink {
  readonly seen: string[] = [];

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): boolean {
    this.seen.push(`${isText ? 't' : 'b'}${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
    return true;
  }

  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.seen.push(`c${opcode}${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
    return true;
  }

  onPeerClose(code: number, reason: string): void {
    this.seen.push(`x${code}${reason}`);
  }
}

/** Takes up to `most` whole text frames of up to 64 KiB, as a kernel does. */
function takeRun(sink: Sink, bytes: Uint8Array, start: number, end: number, most: number): number {
  let at = start;
  for (let taken = 0; taken < most && end - at >= 2 && bytes[at] === 0x81; taken++) {
    const short = bytes[at + 1]!;
    if (short > 126 || (short === 126 && end - at < 4)) break;
    const length = short < 126 ? short : bytes[at + 2]! * 256 + bytes[at + 3]!;
    const from = at + (short < 126 ? 2 : 4);
    if ((short === 126 && length < 126) || from + length > end) break;
    sink.onMessage(bytes, from, from + length, true);
    at = from + length;
  }
  return at;
}

/** A receive buffer somewhere inside a larger shared memory, at any alignment. */
function receiveOf(size: number, offset: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size + offset + 8), offset, size);
}

describe('frame parser', () => {
  it('hands on every message once and in order, however reads cut them', () => {
    const message = fc.record({
      isText: fc.boolean(),
      size: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 60_000, max: 70_000 })),
      cuts: fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 4 }),
      ping: fc.boolean(),
      isWide: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1024, max: 5000 }),
        fc.integer({ min: 0, max: 7 }),
        fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1, maxLength: 8 }),
        (messages, capacity, offset, pieces) => {
          const expected: string[] = [];
          const wire: Buffer[] = [];
          messages.forEach(({ isText, size, cuts, ping, isWide }, index) => {
            const payload = isText
              ? Buffer.from((isWide ? 'aé€😀' : 'abcd').repeat(size)).subarray(0, size)
              : Buffer.alloc(size, index + 200);
            const whole = isText && !isUtf8(payload) ? Buffer.from(payload.toString('utf8')) : payload;
            const edges = [...new Set([...cuts.map((cut) => Math.min(cut, whole.length)), whole.length])].sort((a, b) => a - b);
            let from = 0;
            edges.forEach((edge, part) => {
              wire.push(frame(part > 0 ? 0 : isText ? 1 : 2, whole.subarray(from, edge), { fin: part === edges.length - 1 }));
              from = edge;
              if (ping) {
                wire.push(frame(9, `p${index}`));
                expected.push(`c9${Buffer.from(`p${index}`).toString('hex')}`);
              }
            });
            const text = `${isText ? 't' : 'b'}${whole.toString('hex')}`;
            expected.splice(expected.length - (ping ? 1 : 0), 0, text);
          });
          const sink = new Sink();
          let turn = 0;
          const parser = new FrameParser(receiveOf(capacity, offset), 1 << 20, sink);
          expect(feed(parser, Buffer.concat(wire), () => pieces[turn++ % pieces.length] ?? 1)).toBe(0);
          expect(sink.seen).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('hands on the same when somebody takes whole frames in runs, and offers only what need not be looked at', () => {
    const message = fc.record({
      opcode: fc.constantFrom(1, 1, 1, 2, 9, 10),
      size: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) }, fc.integer({ min: 60_000, max: 70_000 })),
      isCut: fc.boolean(),
    });
    const damage = fc.option(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }));
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 20 }),
        damage,
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1024, max: 200_000 }),
        (messages, hurt, pieces, most, capacity) => {
          const wire = Buffer.concat(
            messages.flatMap(({ opcode, size, isCut }, index) => {
              const payload = Buffer.alloc(opcode > 2 ? size % 126 : size, index + 97);
              if (!isCut || opcode > 2 || size === 0) return [frame(opcode, payload)];
              return [frame(opcode, payload.subarray(0, size >> 1), { fin: false }), frame(0, payload.subarray(size >> 1))];
            }),
          );
          if (hurt !== null) wire[hurt.at % wire.length] = hurt.byte;
          const runs = new Sink();
          const answers = [runs, new Sink()].map((sink, index) => {
            let turn = 0;
            let offer = 0;
            const given: FrameSink =
              index === 1
                ? sink
                : {
                    onMessage: (...args) => sink.onMessage(...args),
                    onControl: (...args) => sink.onControl(...args),
                    onPeerClose: (...args) => sink.onPeerClose(...args),
                    onRun: (bytes, start, end) => takeRun(sink, bytes, start, end, most[offer++ % most.length] ?? 0),
                  };
            const parser = new FrameParser(receiveOf(capacity, 0), 1 << 20, given, false);
            const code = feed(parser, wire, () => pieces[turn++ % pieces.length] ?? 1);
            return { code, seen: sink.seen };
          });
          expect(answers[0]).toEqual(answers[1]);
        },
      ),
      { numRuns: 300 },
    );
    for (const [maxMessageBytes, checksText] of [
      [1 << 20, true],
      [65_534, false],
    ] as const) {
      const sink = new Sink();
      const given: FrameSink = {
        onMessage: (...args) => sink.onMessage(...args),
        onControl: () => true,
        onPeerClose: () => undefined,
        onRun: () => {
          throw new Error('offered');
        },
      };
      expect(feed(new FrameParser(receiveOf(1024, 0), maxMessageBytes, given, checksText), frame(1, 'whole'), () => 100)).toBe(0);
      expect(sink.seen).toHaveLength(1);
    }
  });

  it('survives floods of random bytes: it ends with a close code or goes on, and never throws or reads past its bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 6000 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 0, max: 3 }),
        (bytes, piece, offset) => {
          const sink = new Sink();
          const code = feed(new FrameParser(receiveOf(1024, offset), 4096, sink), bytes, () => piece);
          expect([0, 1002, 1007, 1009]).toContain(code);
          const handed = sink.seen.reduce((sum, text) => sum + (text.length >> 1), 0);
          expect(handed).toBeLessThanOrEqual(bytes.length + sink.seen.length * 4);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes the next read behind a frame cut short, near the front, in places it made once', () => {
    const sink = new Sink();
    const parser = new FrameParser(receiveOf(256 * 1024, 0), 1024 * 1024, sink);
    const places = new Set<Uint8Array>();
    const message = frame(1, Buffer.alloc(300, 'a'));
    const stream = Buffer.concat(Array.from({ length: 60 }, () => message));
    for (let turn = 0; turn < 2; turn++) {
      const before = places.size;
      for (let cut = 0; cut < message.length; cut++) {
        for (const bytes of [stream.subarray(0, stream.length - cut), stream.subarray(stream.length - cut)]) {
          const room = parser.room();
          expect(room.byteOffset).toBeLessThan(message.length + 64);
          places.add(room);
          room.set(bytes);
          parser.landed(bytes.length);
          expect(parser.parse()).toBe(0);
        }
      }
      expect(places.size).toBe(turn === 0 ? 1 + Math.ceil(message.length / 64) : before);
    }
    expect(sink.seen.length).toBe(2 * 60 * message.length);
    expect(new Set(sink.seen).size).toBe(1);
  });

  it('does not take memory on the word of a header', () => {
    const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff]); // 1 GiB announced
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 8 }, () => new FrameParser(receiveOf(1024, 0), 2 ** 31, new Sink()));
    for (const parser of parsers) expect(feed(parser, Buffer.concat([head, Buffer.alloc(1000)]), () => 500)).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('gives a large gathering buffer back after its message', () => {
    const sink: FrameSink = { onMessage: () => true, onControl: () => true, onPeerClose: () => undefined };
    const parser = new FrameParser(receiveOf(65_536, 0), 64 << 20, sink);
    const bytes = frame(2, Buffer.alloc(48 << 20));
    feed(parser, bytes, () => 65_536);
    expect(parser.gatheredCapacity).toBeLessThanOrEqual(4 << 20);
  });

  it('stops at once when the sink says so', () => {
    const seen: number[] = [];
    const sink: FrameSink = {
      onMessage: (_bytes, start, end) => seen.push(end - start) < 1,
      onControl: () => true,
      onPeerClose: () => undefined,
    };
    const parser = new FrameParser(receiveOf(1024, 0), 4096, sink);
    expect(feed(parser, Buffer.concat([frame(1, 'abc'), frame(1, 'de')]), () => 1024)).toBe(0);
    expect(seen).toEqual([3]);
  });
});

describe('text check', () => {
  it('agrees with a byte by byte look at every start, end and alignment', () => {
    for (let offset = 0; offset < 8; offset++) {
      const bytes = receiveOf(80, offset).fill(0x61);
      const check = new TextCheck(bytes);
      for (const high of [-1, 0, 1, 3, 4, 5, 31, 32, 33, 40, 63, 78, 79]) {
        if (high >= 0) bytes[high] = 0x80;
        for (let start = 0; start <= 12; start++)
          for (let end = start; end <= 80; end++) expect(check.isAscii(start, end)).toBe(high < start || high >= end);
        if (high >= 0) bytes[high] = 0x61;
      }
    }
  });

  it('agrees with Node on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 0, max: 5 }), (text, offset) => {
        const bytes = receiveOf(128, offset);
        bytes.set(text, 3);
        expect(new TextCheck(bytes).isUtf8(3, 3 + text.length)).toBe(isUtf8(text));
      }),
      { numRuns: 1000 },
    );
  });
});
