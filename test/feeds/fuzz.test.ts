/**
 * 200,000 damaged frames: flipped bits, cut, doubled, reordered, stuffed. After each the book equals that of JSON.parse and a plain book fed the same bytes,
 * or it is not live; and it is never crossed while live. The bytes behind a cut frame are those of the frame as it was, so reading on would show. Some come one
 * by one, some several in one read.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OneBook } from './one-book.js';
import { times } from '../support/torture.js';
import { chance, protocols, type Protocol } from './protocols.js';

const FRAMES = times(200_000, 10_000_000);
const LEVELS = 5;
/** Messages of one read at most. */
const AT_ONCE = 4;
/** What a failure shows of the messages before it. */
const SHOWN_BEFORE = 6;

/** One damage; several may follow each other. */
function damage(bytes: Uint8Array, next: () => number): Uint8Array {
  const at = Math.floor(next() * bytes.length);
  switch (Math.floor(next() * 7)) {
    case 0: {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = flipped[at]! ^ (1 << Math.floor(next() * 8));
      return flipped;
    }
    case 1:
      // Only the view ends: what was cut off still stands behind it.
      return bytes.subarray(0, at);
    case 2: {
      const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
      const changed = Uint8Array.from(bytes);
      const place = digits[Math.floor(next() * digits.length)];
      if (place !== undefined) changed[place] = 0x30 + Math.floor(next() * 10);
      return changed;
    }
    case 3: {
      const grown = new Uint8Array(bytes.length + 1);
      grown.set(bytes.subarray(0, at));
      grown[at] = [0x20, 0x30, 0x2e, 0x22, 0x65, 0x2d, 0x5d, 0x7d][Math.floor(next() * 8)]!;
      grown.set(bytes.subarray(at), at + 1);
      return grown;
    }
    case 4: {
      const shrunk = new Uint8Array(Math.max(0, bytes.length - 1));
      shrunk.set(bytes.subarray(0, at));
      shrunk.set(bytes.subarray(at + 1), at);
      return shrunk;
    }
    case 5: {
      const random = Uint8Array.from(bytes);
      for (let i = at; i < Math.min(at + 4, random.length); i++) random[i] = Math.floor(next() * 256);
      return random;
    }
    default: {
      const part = bytes.subarray(at, Math.min(bytes.length, at + Math.floor(next() * 30)));
      const doubled = new Uint8Array(bytes.length + part.length);
      doubled.set(bytes.subarray(0, at));
      doubled.set(part, at);
      doubled.set(bytes.subarray(at), at + part.length);
      return doubled;
    }
  }
}

function run(protocol: Protocol, count: number, seed: number): { live: number; damaged: number; hidden: number; fast: number } {
  const next = chance(seed);
  const one = new OneBook(protocol.venue, protocol.symbol, protocol.text, 'wasm');
  const { reference } = protocol;
  const seen = { live: 0, damaged: 0, hidden: 0, fast: 0 };
  const before: string[] = [];
  let waiting: Uint8Array[] = [];
  let wanted = 1;
  const give = (bytes: Uint8Array): void => {
    waiting.push(bytes);
    if (waiting.length >= wanted) flush();
  };
  const flush = (): void => {
    const messages = waiting;
    waiting = [];
    wanted = 1 + Math.floor(next() * AT_ONCE);
    if (messages.length === 0) return;
    before.push(...messages.map((bytes) => Buffer.from(bytes).toString('utf8')));
    before.splice(0, before.length - messages.length - SHOWN_BEFORE);
    let heard = 0;
    const took = (count: number): void => {
      for (const bytes of messages.slice(heard, heard + count)) reference.frame(Buffer.from(bytes).toString('utf8'));
      heard += count;
    };
    if (messages.length > 1) one.sayAtOnce(messages, took);
    else {
      one.socket.sayBytes(messages[0]!);
      took(1);
    }
    // Too many bad frames: the session wants a new connection.
    if (one.socket.isClosed) reopen();
    if (!one.isLive()) {
      seen.hidden++;
      return;
    }
    seen.live++;
    const where = (): string => `${protocol.name} seed ${seed}, ${messages.length} at once, behind others:\n${before.join('\n')}`;
    if (!reference.isLive()) throw new Error(`live against the rules: ${where()}`);
    for (const side of [0, 1]) {
      const ours = one.best(side, LEVELS).join();
      const levels = reference.book.best(side, LEVELS);
      const theirs = levels.join();
      if (ours !== theirs) throw new Error(`side ${side} ${ours} instead of ${theirs}: ${where()}`);
      if (one.quoted(side) !== (levels[0] ?? '')) throw new Error(`side ${side} quoted ${one.quoted(side)} of ${theirs}: ${where()}`);
    }
    if (reference.book.isCrossed()) throw new Error(`crossed while live: ${where()}`);
  };
  const reopen = (): void => {
    reference.disconnected();
    one.time.advance(60_000);
    one.socket.open();
  };
  const recover = (): void => {
    flush();
    // What hid our book, a price that is no venue's, may have passed for a number there: both begin anew.
    if (!one.isLive() && reference.isLive()) {
      one.socket.drop();
      reopen();
    }
    const snapshot = protocol.snapshot();
    if ('frame' in snapshot) give(Buffer.from(snapshot.frame));
    else {
      one.session.reader.readSnapshot(protocol.text, snapshot.rest, one.time.nowUs());
      reference.rest(snapshot.rest);
    }
  };
  recover();
  let held: Uint8Array | null = null;
  while (seen.damaged < count) {
    const frame = Buffer.from(protocol.frame());
    const dice = next();
    if (dice < 0.1) give(frame);
    else {
      seen.damaged++;
      if (dice < 0.15) {
        give(frame);
        give(frame);
      } else if (dice < 0.2 && held === null) held = frame;
      else {
        let bytes = damage(frame, next);
        if (next() < 0.2) bytes = damage(bytes, next);
        give(bytes);
        // Mostly the right frame follows, so that damage that does no harm leaves the book live.
        if (next() < 0.9) give(frame);
      }
    }
    if (held !== null && next() < 0.5) {
      give(held);
      held = null;
    }
    if (!one.isLive() && next() < 0.5) recover();
  }
  flush();
  seen.fast = one.stats.fast;
  return seen;
}

describe('damaged frames', () => {
  // Most damage ends in an error that is told by its code: collecting stacks is an eighth of the time.
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  const all = protocols(0);
  for (const [index, protocol] of all.entries()) {
    it(`${protocol.name}: equal to the plain book or not live, never crossed`, () => {
      const seen = run(protocol, FRAMES / all.length, 1_000 + index);
      expect(seen.damaged).toBe(FRAMES / all.length);
      // The comparison is worth something only while the book is live, and damage must also have been noticed.
      expect(seen.live).toBeGreaterThan(seen.damaged / 5);
      expect(seen.fast).toBeGreaterThan(seen.damaged / 5);
      expect(seen.hidden).toBeGreaterThan(seen.damaged / 50);
    });
  }
});
