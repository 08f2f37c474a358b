/** First proof of the shared-memory primitives: the real code in every interleaving of its steps. */
import { describe, expect, it } from 'vitest';
import { BroadcastReader, BroadcastWriter, BROADCAST_HEADER_BYTES, broadcastRingBytes } from '../../../src/core/memory/broadcast-ring.js';
import { Doorbell } from '../../../src/core/memory/doorbell.js';
import { CONTROL_BELLS, BELL_BYTES, type MemoryPlan } from '../../../src/core/memory/layout.js';
import { beginRead, beginWrite, endRead, endWrite } from '../../../src/core/memory/seqlock.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { SpscRing, spscRingBytes } from '../../../src/core/memory/spsc-ring.js';
import { Explorer } from './explorer.js';

const RECORD = 8;

function explorerOf(bytes: number): Explorer {
  return new Explorer(new SharedArrayBuffer(Math.ceil(bytes / 8) * 8));
}

describe('in every interleaving', () => {
  it('ring: each record comes once, in order and whole; none is written over before it was given back', () => {
    const explorer = explorerOf(spscRingBytes(RECORD, 2));
    const views = viewsOf(explorer.buffer);
    const COUNT = 3;
    let sent: number[] = [];
    let got: number[] = [];
    const producer = (): void => {
      const ring = new SpscRing(views, 0, RECORD, 2);
      sent = [];
      for (let tries = 0; sent.length < COUNT && tries < COUNT + 2; tries++) {
        const at = ring.reserve();
        if (at < 0) continue;
        explorer.write(at >> 3, 10 + sent.length);
        ring.commit();
        sent.push(10 + sent.length);
      }
    };
    const consumer = (): void => {
      const ring = new SpscRing(views, 0, RECORD, 2);
      got = [];
      for (let tries = 0; tries < COUNT + 2; tries++) {
        const at = ring.front();
        if (at < 0) continue;
        got.push(explorer.read(at >> 3));
        ring.release();
      }
    };
    let most = 0;
    const { ends } = explorer.explore([producer, consumer], () => {
      if (got.some((value, n) => value !== 10 + n) || got.length > sent.length) throw new Error(`got ${got.join()} of ${sent.join()}`);
      const waiting = explorer.i32[0]! - explorer.i32[32]!;
      if (waiting !== sent.length - got.length) throw new Error(`${waiting} wait, sent ${sent.length}, got ${got.length}`);
      most = Math.max(most, got.length);
    });
    expect([ends > 100, most]).toEqual([true, COUNT]);
  });

  it('seqlock: a reader takes no half of a write for whole, and a quiet lock can be read', () => {
    const explorer = explorerOf(32);
    let seen: number[] | null = null;
    const writer = (): void => {
      for (let n = 1; n <= 2; n++) {
        beginWrite(explorer.i32, 0);
        explorer.write(1, n);
        explorer.write(2, n);
        endWrite(explorer.i32, 0);
      }
    };
    const reader = (): void => {
      seen = null;
      const before = beginRead(explorer.i32, 0);
      if (before < 0) return;
      const pair = [explorer.read(1), explorer.read(2)];
      if (endRead(explorer.i32, 0, before)) seen = pair;
    };
    const whole = new Set<number>();
    const { ends } = explorer.explore([writer, reader], () => {
      if (seen === null) return;
      if (seen[0] !== seen[1]) throw new Error(`torn: ${seen.join()}`);
      whole.add(seen[0]!);
    });
    expect([ends > 10, [...whole].toSorted((a, b) => a - b)]).toEqual([true, [0, 1, 2]]);
  });

  it('broadcast: what a reader takes for whole is the record it asked for, and what it missed is counted', () => {
    const explorer = explorerOf(broadcastRingBytes(RECORD * 2, 2));
    const views = viewsOf(explorer.buffer);
    const COUNT = 3;
    let got: number[] = [];
    let lost = 0;
    const writer = (): void => {
      const ring = new BroadcastWriter(views, 0, RECORD * 2, 2);
      for (let n = 1; n <= COUNT; n++) {
        const at = ring.begin() >> 3;
        explorer.write(at, n);
        explorer.write(at + 1, n);
        ring.publish();
      }
    };
    const reader = (): void => {
      const ring = new BroadcastReader(views, 0, RECORD * 2, 2);
      got = [];
      for (let tries = 0; tries < 2; tries++) {
        const at = ring.next() >> 3;
        if (at < 0) continue;
        const pair = [explorer.read(at), explorer.read(at + 1)];
        if (!ring.advance()) continue;
        if (pair[0] !== pair[1]) throw new Error(`torn: ${pair.join()}`);
        got.push(pair[0]!);
      }
      lost = ring.lost;
    };
    let mostLost = 0;
    explorer.explore([writer, reader], () => {
      if (got.some((value, n) => n > 0 && value <= got[n - 1]!)) throw new Error(`not in order: ${got.join()}`);
      // It may have begun when some were there already: those before it count for nothing.
      if (got.length + lost > COUNT) throw new Error(`${got.length} seen and ${lost} lost of ${COUNT}`);
      mostLost = Math.max(mostLost, lost);
    });
    expect(mostLost).toBeGreaterThan(0);
    expect(BROADCAST_HEADER_BYTES % 128).toBe(0);
  });

  it('broadcast: a writer that takes over from one that died in the middle of a record lets no reader take that record for whole', () => {
    const explorer = explorerOf(broadcastRingBytes(RECORD * 2, 2));
    const views = viewsOf(explorer.buffer);
    let got: number[][] = [];
    const first = new BroadcastWriter(views, 0, RECORD * 2, 2);
    const put = (ring: BroadcastWriter, n: number): void => {
      const at = ring.begin() >> 3;
      explorer.f64[at] = n;
      explorer.f64[at + 1] = n;
      ring.publish();
    };
    const cursor = new BroadcastReader(views, 0, RECORD * 2, 2);
    put(first, 1);
    put(first, 2);
    const half = first.begin() >> 3;
    explorer.f64[half] = 3;
    // A reader that stood before all of it.
    const successor = (): void => {
      const ring = new BroadcastWriter(views, 0, RECORD * 2, 2);
      const at = ring.begin() >> 3;
      explorer.write(at, 4);
      explorer.write(at + 1, 4);
      ring.publish();
    };
    got = [];
    for (let at = cursor.next() >> 3; at >= 0; at = cursor.next() >> 3) {
      const pair = [explorer.f64[at]!, explorer.f64[at + 1]!];
      if (cursor.advance()) got.push(pair);
    }
    expect(got.every(([a, b]) => a === b)).toBe(true);
    let seen: number[] = [];
    const reader = (): void => {
      const ring = new BroadcastReader(views, 0, RECORD * 2, 2);
      seen = [];
      const at = ring.next() >> 3;
      if (at < 0) return;
      const pair = [explorer.read(at), explorer.read(at + 1)];
      if (ring.advance()) seen = pair;
    };
    explorer.explore([successor, reader], () => {
      if (seen.length > 0 && (seen[0] !== 4 || seen[1] !== 4)) throw new Error(`torn: ${seen.join()}`);
    });
  });

  it('doorbell: whoever sleeps is woken by what was published before the ring', () => {
    const explorer = explorerOf(CONTROL_BELLS + BELL_BYTES * 2);
    const views = viewsOf(explorer.buffer);
    const plan = { control: 0 } as MemoryPlan;
    const PUBLISHED = 0;
    let seen = 0;
    const producer = (): void => {
      const bell = new Doorbell(views, plan, 0);
      for (let n = 1; n <= 2; n++) {
        Atomics.store(explorer.i32, PUBLISHED, n);
        bell.ring();
      }
    };
    /** As the hot lane does: look, arm, look again, sleep. Ends when it saw everything. */
    const lane = (): void => {
      const bell = new Doorbell(views, plan, 0);
      for (let turn = 0; turn < 6; turn++) {
        seen = Atomics.load(explorer.i32, PUBLISHED);
        if (seen === 2) return;
        const armed = bell.arm();
        seen = Atomics.load(explorer.i32, PUBLISHED);
        if (seen === 2) {
          bell.disarm();
          return;
        }
        bell.wait(armed, 1_000);
      }
    };
    const { ends, stuck } = explorer.explore([producer, lane], () => {
      if (seen !== 2) throw new Error(`saw ${seen} of 2`);
    });
    expect([ends > 0, stuck]).toEqual([true, 0]);
  });

  it('doorbell: two that ring at once wake once for both', () => {
    const explorer = explorerOf(CONTROL_BELLS + BELL_BYTES);
    const views = viewsOf(explorer.buffer);
    const plan = { control: 0 } as MemoryPlan;
    const producer = (word: number) => (): void => {
      Atomics.store(explorer.i32, word, 1);
      new Doorbell(views, plan, 0).ring();
    };
    let seen = 0;
    const lane = (): void => {
      const bell = new Doorbell(views, plan, 0);
      for (let turn = 0; turn < 4; turn++) {
        const armed = bell.arm();
        seen = Atomics.load(explorer.i32, 0) + Atomics.load(explorer.i32, 1);
        if (seen === 2) return;
        bell.wait(armed, 1_000);
      }
    };
    const { stuck } = explorer.explore([producer(0), producer(1), lane], () => {
      if (seen !== 2) throw new Error(`saw ${seen} of 2`);
    });
    expect(stuck).toBe(0);
  });
});
