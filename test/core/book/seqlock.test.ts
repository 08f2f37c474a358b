/**
 * Readers never see half a book. Three proofs: every interleaving of one write with one read by steps, two real threads, and broken variants of the lock
 * that the first must catch.
 */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BookReader, DepthView } from '../../../src/core/book/book-reader.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { COARSEST } from '../../../src/core/book/grid.js';
import { LevelList } from '../../../src/core/kernel/message.js';
import { BOOK_BYTES, BOOK_LIVE, BOOK_SEQUENCE } from '../../../src/core/memory/book-layout.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';

type Step = () => void;

/** One write of two words under a lock, as steps; and one read, as steps. The value pair must always be equal. */
interface Variant {
  readonly writer: (memory: { sequence: number; a: number; b: number }, value: number) => Step[];
  readonly reader: (
    memory: { sequence: number; a: number; b: number },
    seen: { before: number; a: number; b: number; after: number },
  ) => Step[];
}

const reader: Variant['reader'] = (memory, seen) => [
  () => (seen.before = memory.sequence),
  () => (seen.a = memory.a),
  () => (seen.b = memory.b),
  () => (seen.after = memory.sequence),
];

const right: Variant = {
  writer: (memory, value) => [() => memory.sequence++, () => (memory.a = value), () => (memory.b = value), () => memory.sequence++],
  reader,
};
const neverOdd: Variant = {
  writer: (memory, value) => [() => (memory.a = value), () => (memory.b = value), () => (memory.sequence += 2)],
  reader,
};
const evenTooEarly: Variant = {
  writer: (memory, value) => [() => memory.sequence++, () => (memory.a = value), () => memory.sequence++, () => (memory.b = value)],
  reader,
};
const noSecondLook: Variant = {
  writer: right.writer,
  reader: (memory, seen) => [...reader(memory, seen).slice(0, 3), () => (seen.after = seen.before)],
};

/** All interleavings of two writes with one read; counts reads that were accepted although the pair was torn. */
function tornReads(variant: Variant): { torn: number; accepted: number } {
  let torn = 0;
  let accepted = 0;
  const writes = 2;
  const total = variant.writer({ sequence: 0, a: 0, b: 0 }, 1).length * writes;
  // The read's four steps fall into four places among the writer's steps, in order.
  for (let p0 = 0; p0 <= total; p0++)
    for (let p1 = p0; p1 <= total; p1++)
      for (let p2 = p1; p2 <= total; p2++)
        for (let p3 = p2; p3 <= total; p3++) {
          const memory = { sequence: 0, a: 0, b: 0 };
          const seen = { before: 0, a: 0, b: 0, after: 0 };
          const write = [...variant.writer(memory, 1), ...variant.writer(memory, 2)];
          const read = variant.reader(memory, seen);
          const places = [p0, p1, p2, p3];
          let next = 0;
          for (let at = 0; at <= write.length; at++) {
            while (next < 4 && places[next] === at) read[next++]!();
            write[at]?.();
          }
          if (seen.before !== seen.after || (seen.before & 1) !== 0) continue;
          accepted++;
          if (seen.a !== seen.b) torn++;
        }
  return { torn, accepted };
}

describe('seqlock', () => {
  it('accepts no torn read in any interleaving', () => {
    const { torn, accepted } = tornReads(right);
    expect(torn).toBe(0);
    expect(accepted).toBeGreaterThan(0);
  });

  it('would be caught with the odd mark left out, the end too early, or the second look left out', () => {
    for (const broken of [neverOdd, evenTooEarly, noSecondLook]) expect(tornReads(broken).torn).toBeGreaterThan(0);
  });
});

/** Levels of one round: every quantity and every price says which round it is. */
function fill(list: LevelList, round: number, sign: number): void {
  list.count = 0;
  for (let i = 0; i < 12; i++) list.add(String(1_000_000 + sign * (1 + i) + (round % 50) * 20), String(round * 100 + i));
}

describe('book across threads', () => {
  it('turns readers away in the middle of a write, and they keep their last view', () => {
    const views = viewsOf(new SharedArrayBuffer(BOOK_BYTES));
    const writer = new BookWriter(views, 0, COARSEST);
    const bookReader = new BookReader(views, 0);
    const bids = new LevelList();
    const asks = new LevelList();
    fill(bids, 1, -1);
    writer.begin();
    writer.change(bids, asks);
    writer.publish(BOOK_LIVE, 1, 1, 1);
    expect(bookReader.readTop()).toBe(true);
    writer.begin();
    fill(bids, 2, -1);
    writer.change(bids, asks);
    expect(bookReader.readTop()).toBe(false);
    expect(bookReader.readDepth(10, new DepthView(10))).toBe(false);
    expect(bookReader.torn).toBe(2);
    expect(bookReader.top.lastSequence).toBe(1);
    writer.publish(BOOK_LIVE, 2, 2, 2);
    expect(bookReader.readTop()).toBe(true);
    expect(bookReader.top.lastSequence).toBe(2);
  });

  it('never shows levels of two rounds together while another thread writes', async () => {
    const shared = new SharedArrayBuffer(BOOK_BYTES);
    const views = viewsOf(shared);
    const flags = new Int32Array(new SharedArrayBuffer(4));
    // The other thread only turns the lock as a writer does and rewrites the quantities in place: the reader here is the one under test.
    const writer = new BookWriter(views, 0, COARSEST);
    const bids = new LevelList();
    const asks = new LevelList();
    for (let i = 0; i < 12; i++) bids.add(String(1_000 - i), String(100 + i));
    writer.begin();
    writer.change(bids, asks);
    writer.publish(BOOK_LIVE, 1, 1, 1);
    const positions = Array.from({ length: 12 }, (_, i) => positionOf(views.f64, 100 + i));
    const thread = new Worker(
      `const { workerData: w } = require('node:worker_threads');
       const i32 = new Int32Array(w.shared), f64 = new Float64Array(w.shared);
       for (let round = 2; Atomics.load(w.flags, 0) === 0; round++) {
         Atomics.add(i32, w.lock, 1);
         for (let i = 0; i < 12; i++) f64[w.positions[i]] = round * 100 + i;
         Atomics.add(i32, w.lock, 1);
         // A short rest, as a feed has between messages: some reads fit in, some are torn.
         for (let rest = round % 300; rest > 0; rest--) Atomics.load(w.flags, 0);
       }`,
      { eval: true, workerData: { shared, flags, positions, lock: BOOK_SEQUENCE >> 2 } },
    );
    try {
      const bookReader = new BookReader(views, 0);
      const view = new DepthView(12);
      let whole = 0;
      let changes = 0;
      let last = 0;
      for (let reads = 0; reads < 1_000_000 && (changes < 500 || whole < 5_000); reads++) {
        if (!bookReader.readDepth(12, view)) continue;
        whole++;
        const round = Math.floor(view.bidLots[0]! / 100);
        for (let i = 0; i < 12; i++)
          if (view.bidLots[i] !== round * 100 + i) throw new Error(`torn: level ${i} says ${view.bidLots[i]}, round ${round}`);
        if (round !== last) changes++;
        last = round;
      }
      expect(whole).toBeGreaterThan(1_000);
      expect(changes).toBeGreaterThan(100);
    } finally {
      Atomics.store(flags, 0, 1);
      await thread.terminate();
    }
  });
});

/** Where the ladder keeps a quantity that stands nowhere else. */
function positionOf(words: Float64Array, value: number): number {
  const found: number[] = [];
  words.forEach((word, index) => {
    if (word === value && index >= 16) found.push(index);
  });
  expect(found).toHaveLength(1);
  return found[0]!;
}
