/** The fences: what the real code's steps allow on a machine that orders as little as ARM. Each proof is followed by the variant without the fence, which it must catch. */
import { describe, expect, it } from 'vitest';
import { BroadcastReader, BroadcastWriter, broadcastRingBytes } from '../../../src/core/memory/broadcast-ring.js';
import { beginRead, beginWrite, endRead, endWrite } from '../../../src/core/memory/seqlock.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { SpscRing, spscRingBytes } from '../../../src/core/memory/spsc-ring.js';
import { Explorer, type Step } from './explorer.js';
import { everyView, wordOf } from './reordering.js';

const NOTHING = new Map<string, number>();
/** Of a ring at offset 0, as words. */
const HEAD = 0;
const TAIL = 32;
/** Of the first slot, and what stands there when it holds the first record. */
const MARK = 64;
const FIRST = 1;
/** A ring looks at head, mark and tail when it is made. */
const LOOKS = 3;

const kindsOf = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);

function ringOf(): { readonly explorer: Explorer; readonly ring: () => SpscRing } {
  const explorer = new Explorer(new SharedArrayBuffer(spscRingBytes(8, 2)));
  const views = viewsOf(explorer.buffer);
  return { explorer, ring: () => new SpscRing(views, 0, 8, 2) };
}

/** The seqlock's own steps: two writes of a pair, and one read of it. */
function seqlockSteps(): { readonly writer: Step[]; readonly reader: Step[] } {
  const explorer = new Explorer(new SharedArrayBuffer(32));
  const writer = explorer.record(() => {
    for (let n = 1; n <= 2; n++) {
      beginWrite(explorer.i32, 0);
      explorer.write(1, n);
      explorer.write(2, n);
      endWrite(explorer.i32, 0);
    }
  });
  explorer.i32.fill(0);
  const reader = explorer.record(() => {
    const before = beginRead(explorer.i32, 0);
    explorer.read(1);
    explorer.read(2);
    endRead(explorer.i32, 0, before);
  });
  return { writer, reader };
}

function tornPairs(writer: readonly Step[], reader: readonly Step[]): number {
  let torn = 0;
  everyView(writer, reader, NOTHING, ([before = 0, a, b, after]) => {
    if ((before & 1) === 0 && before === after && a !== b) torn++;
  });
  return torn;
}

/** The same steps with one kind of atomic for another, as careless code would have them. */
const weakened = (steps: readonly Step[], from: Step['kind'], to: Step['kind'], which: (n: number) => boolean, value = 0): Step[] =>
  steps.map((step, n) => (step.kind === from && which(n) ? { ...step, kind: to, value: step.value + value } : step));

describe('with as little order as on ARM', () => {
  it('seqlock: no pair is torn', () => {
    const { writer, reader } = seqlockSteps();
    expect([writer.length, reader.length]).toEqual([8, 4]);
    expect(tornPairs(writer, reader)).toBe(0);
  });

  it('seqlock: with a plain store for the first half of a write, or a plain load for the last of a read, pairs would be torn', () => {
    const { writer, reader } = seqlockSteps();
    expect(
      tornPairs(
        weakened(writer, 'exchange', 'store', () => true),
        reader,
      ),
    ).toBeGreaterThan(0);
    expect(
      tornPairs(
        writer,
        weakened(reader, 'rmw', 'load', () => true),
      ),
    ).toBeGreaterThan(0);
    // The second half is a store already: what stands before it stays there. A plain one would not do.
    expect(
      tornPairs(
        weakened(writer, 'store', 'relaxed store', () => true),
        reader,
      ),
    ).toBeGreaterThan(0);
  });

  it('ring: what a consumer finds behind the mark is what was written there', () => {
    const { explorer, ring } = ringOf();
    const writer = explorer.record(() => {
      const producer = ring();
      explorer.write(producer.reserve() >> 3, 7);
      producer.commit();
    });
    explorer.i32.fill(0);
    const reader = explorer.record(() => {
      const consumer = ring();
      explorer.i32[MARK] = FIRST;
      explorer.read(consumer.front() >> 3);
      consumer.release();
    });
    const [writes, reads] = [writer.slice(LOOKS), reader.slice(LOOKS)];
    expect([writes, reads].map(kindsOf)).toEqual([
      ['write', 'store', 'store'],
      ['load', 'read', 'store'],
    ]);
    const wrong = (looks: readonly Step[]): number => {
      let count = 0;
      everyView(writes, looks, NOTHING, ([mark, value]) => {
        if (mark === FIRST && value !== 7) count++;
      });
      return count;
    };
    expect(wrong(reads)).toBe(0);
    // A look that orders nothing would let the read pass it.
    const careless = reads.map((step) => (step.kind === 'load' ? { ...step, kind: 'relaxed' as const } : step));
    expect(wrong(careless)).toBeGreaterThan(0);
  });

  it('ring: a place is not written over while it is read', () => {
    const { explorer, ring } = ringOf();
    const reads = explorer
      .record(() => {
        explorer.i32[HEAD] = 2;
        explorer.i32[MARK] = FIRST;
        const consumer = ring();
        explorer.read(consumer.front() >> 3);
        consumer.release();
      })
      .slice(LOOKS);
    explorer.i32.fill(0);
    const writes = explorer
      .record(() => {
        explorer.i32[HEAD] = 2;
        const producer = ring();
        explorer.i32[TAIL] = 1;
        explorer.write(producer.reserve() >> 3, 9);
        producer.commit();
      })
      .slice(LOOKS);
    expect([writes, reads].map(kindsOf)).toEqual([
      ['load', 'write', 'store', 'store'],
      ['load', 'read', 'store'],
    ]);
    const full = new Map([
      [wordOf({ kind: 'load', index: HEAD }), 2],
      [wordOf({ kind: 'load', index: MARK }), FIRST],
    ]);
    const over = (looks: readonly Step[]): number => {
      let count = 0;
      everyView(writes, looks, full, ([mark, value]) => {
        if (mark === FIRST && value === 9) count++;
      });
      return count;
    };
    expect(over(reads)).toBe(0);
    const careless = reads.map((step) => (step.kind === 'store' ? { ...step, kind: 'relaxed store' as const } : step));
    expect(over(careless)).toBeGreaterThan(0);
  });

  it('broadcast: a record that was written over while it was copied is not taken for whole', () => {
    const explorer = new Explorer(new SharedArrayBuffer(broadcastRingBytes(16, 2)));
    const views = viewsOf(explorer.buffer);
    const put = (n: number, write: (at: number) => void): void => {
      const ring = new BroadcastWriter(views, 0, 16, 2);
      for (let k = 0; k < n; k++) {
        write(ring.begin() >> 3);
        ring.publish();
      }
    };
    put(2, (at) => explorer.f64.fill(1, at, at + 2));
    const start = new Map<string, number>();
    for (const index of [0, 1]) start.set(wordOf({ kind: 'load', index }), explorer.i32[index]!);
    for (let index = 16; index < 20; index++) start.set(wordOf({ kind: 'read', index }), 1);
    // The reader stands before the first of the two; the writer writes over just that.
    const reads = (() => {
      const memory = explorer.i32.slice();
      explorer.i32[1] = 0;
      const reader = explorer.record(() => {
        const ring = new BroadcastReader(views, 0, 16, 2);
        explorer.i32[1] = 2;
        const at = ring.next() >> 3;
        explorer.read(at);
        explorer.read(at + 1);
        ring.advance();
      });
      explorer.i32.set(memory);
      return reader.slice(reader.findIndex(({ kind }) => kind === 'read') - 1);
    })();
    const writes = explorer
      .record(() =>
        put(1, (at) => {
          explorer.write(at, 2);
          explorer.write(at + 1, 2);
        }),
      )
      .slice(1);
    expect([writes, reads].map(kindsOf)).toEqual([
      ['exchange', 'write', 'write', 'store'],
      ['load', 'read', 'read', 'rmw'],
    ]);
    const torn = (writer: readonly Step[], reader: readonly Step[]): number => {
      let count = 0;
      everyView(writer, reader, start, ([, a, b, claimed = 0]) => {
        if (claimed <= 2 && a !== b) count++;
      });
      return count;
    };
    expect(torn(writes, reads)).toBe(0);
    expect(
      torn(
        weakened(writes, 'exchange', 'store', () => true),
        reads,
      ),
    ).toBeGreaterThan(0);
    expect(
      torn(
        writes,
        weakened(reads, 'rmw', 'load', () => true),
      ),
    ).toBeGreaterThan(0);
  });
});
