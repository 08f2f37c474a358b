/**
 * The three proofs of the sequence lock: every interleaving of one write with one read in sequentially consistent steps, two threads under load,
 * and broken variants that the first must catch.
 */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { beginRead, endRead } from '../../../src/core/memory/seqlock.js';

type Step = (memory: Int32Array) => void;
interface Reader {
  readonly steps: readonly ((memory: Int32Array, seen: { before: number; a: number; b: number; whole: boolean }) => void)[];
}

/** Words: 0 sequence, 1 and 2 the data, which must be read as a pair. */
const WRITER: readonly Step[] = [
  (m) => void (m[0] = m[0]! + 1),
  (m) => void (m[1] = 7),
  (m) => void (m[2] = 7),
  (m) => void (m[0] = m[0]! + 1),
];
const READER: Reader = {
  steps: [
    (m, s) => void (s.before = m[0]!),
    (m, s) => void (s.a = m[1]!),
    (m, s) => void (s.b = m[2]!),
    (m, s) => void (s.whole = (s.before & 1) === 0 && m[0] === s.before),
  ],
};

/** Runs all interleavings; returns how many gave a torn pair that was taken for whole. */
function tornReads(writer: readonly Step[], reader: Reader): number {
  let torn = 0;
  const walk = (w: number, r: number, memory: Int32Array, seen: { before: number; a: number; b: number; whole: boolean }): void => {
    if (w === writer.length && r === reader.steps.length) {
      if (seen.whole && seen.a !== seen.b) torn++;
      return;
    }
    if (w < writer.length) {
      const next = memory.slice();
      writer[w]!(next);
      walk(w + 1, r, next, seen);
    }
    if (r < reader.steps.length) {
      const next = { ...seen };
      reader.steps[r]!(memory, next);
      walk(w, r + 1, memory, next);
    }
  };
  walk(0, 0, new Int32Array(3), { before: 0, a: 0, b: 0, whole: false });
  return torn;
}

describe('seqlock', () => {
  it('never shows half a write, in any interleaving', () => {
    expect(tornReads(WRITER, READER)).toBe(0);
  });

  it('is caught when broken: sequence not made odd first, written late, or not compared', () => {
    expect(tornReads([WRITER[1]!, WRITER[0]!, WRITER[2]!, WRITER[3]!], READER)).toBeGreaterThan(0);
    expect(tornReads([WRITER[0]!, WRITER[1]!, WRITER[3]!, WRITER[2]!], READER)).toBeGreaterThan(0);
    const careless: Reader = { steps: [...READER.steps.slice(0, 3), (_m, s) => void (s.whole = (s.before & 1) === 0)] };
    expect(tornReads(WRITER, careless)).toBeGreaterThan(0);
  });

  it('holds between two threads under load', async () => {
    const words = 16;
    const buffer = new SharedArrayBuffer(4 + 4 + words * 8 + 8);
    const i32 = new Int32Array(buffer);
    const f64 = new Float64Array(buffer);
    const url = new URL('../../../dist/core/memory/seqlock.js', import.meta.url).href;
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       (async () => {
         const { beginWrite, endWrite } = await import('${url}');
         const i32 = new Int32Array(workerData), f64 = new Float64Array(workerData);
         for (let n = 1; Atomics.load(i32, 1) === 0; n++) {
           beginWrite(i32, 0);
           for (let w = 1; w <= ${words}; w++) f64[w] = n;
           endWrite(i32, 0);
         }
       })();`,
      { eval: true, workerData: buffer },
    );
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    let whole = 0;
    let newest = 0;
    // Reads while the writer runs, until many were whole; bounded by tries, not by time.
    for (let tries = 0; tries < 50_000_000 && (whole < 100_000 || newest < 1_000); tries++) {
      const before = beginRead(i32, 0);
      if (before === -1) continue;
      const first = f64[1]!;
      let isSame = true;
      for (let w = 2; w <= words; w++) isSame &&= f64[w] === first;
      if (!endRead(i32, 0, before)) continue;
      if (!isSame) throw new Error(`torn read taken for whole after ${whole} reads`);
      whole++;
      newest = first;
      if (whole % 1024 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(i32, 1, 1);
    await ended;
    expect(whole).toBeGreaterThan(0);
    expect(newest).toBeGreaterThan(0);
  });
});
