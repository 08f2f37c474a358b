import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BroadcastReader, BroadcastWriter, broadcastRingBytes } from '../../../src/core/memory/broadcast-ring.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { SpscRing, spscRingBytes } from '../../../src/core/memory/spsc-ring.js';
import { times } from '../../support/torture.js';

const RECORD = 16;

describe('SpscRing', () => {
  it('gives records back in order, says full instead of losing one, and refuses to read what was not committed', () => {
    const capacity = 8;
    const views = viewsOf(new SharedArrayBuffer(spscRingBytes(RECORD, capacity)));
    fc.assert(
      fc.property(fc.array(fc.constantFrom('push', 'reserve', 'pop'), { maxLength: 200 }), (steps) => {
        views.u8.fill(0);
        const producer = new SpscRing(views, 0, RECORD, capacity);
        const consumer = new SpscRing(views, 0, RECORD, capacity);
        const model: number[] = [];
        let next = 1;
        for (const step of steps) {
          if (step === 'pop') {
            const at = consumer.front();
            expect(at === -1).toBe(model.length === 0);
            if (at !== -1) {
              expect(views.f64[at >> 3]).toBe(model.shift());
              consumer.release();
            }
            continue;
          }
          const at = producer.reserve();
          expect(at === -1).toBe(model.length === capacity);
          if (at === -1) continue;
          views.f64[at >> 3] = next;
          if (step === 'push') {
            producer.commit();
            model.push(next++);
          }
        }
        expect(consumer.waiting()).toBe(model.length);
      }),
    );
  });

  it('goes on over the wrap of its 32-bit counters', () => {
    const views = viewsOf(new SharedArrayBuffer(spscRingBytes(RECORD, 4)));
    views.i32[0] = 0x7fff_fffe;
    views.i32[32] = 0x7fff_fffe;
    const producer = new SpscRing(views, 0, RECORD, 4);
    const consumer = new SpscRing(views, 0, RECORD, 4);
    for (let i = 0; i < 20; i++) {
      views.f64[producer.reserve() >> 3] = i;
      expect(producer.commit()).toBe((0x7fff_fffe + i + 1) % 2 ** 32);
      expect(views.f64[consumer.front() >> 3]).toBe(i);
      consumer.release();
    }
  });

  it('ring: loses nothing of a producer that died between a record and its count', () => {
    const views = viewsOf(new SharedArrayBuffer(spscRingBytes(RECORD, 4)));
    for (const isTaken of [false, true]) {
      views.u8.fill(0);
      const dead = new SpscRing(views, 0, RECORD, 4);
      const consumer = new SpscRing(views, 0, RECORD, 4);
      for (const value of [1, 2]) {
        views.f64[dead.reserve() >> 3] = value;
        dead.commit();
      }
      // The count of the second was never written, and a third was begun.
      views.i32[0] = 1;
      views.f64[dead.reserve() >> 3] = 99;
      consumer.release();
      if (isTaken) consumer.release();
      const next = new SpscRing(views, 0, RECORD, 4);
      views.f64[next.reserve() >> 3] = 3;
      expect(next.commit()).toBe(3);
      const seen: number[] = [];
      for (const ring = isTaken ? new SpscRing(views, 0, RECORD, 4) : consumer; ring.front() >= 0; ring.release())
        seen.push(views.f64[ring.front() >> 3]!);
      expect(seen).toEqual(isTaken ? [3] : [2, 3]);
    }
  });

  it('carries every record once and in order between two threads', async () => {
    const capacity = 64;
    const count = times(50_000, 5_000_000);
    const buffer = new SharedArrayBuffer(spscRingBytes(RECORD, capacity));
    const url = new URL('../../../dist/core/memory/', import.meta.url).href;
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       (async () => {
         const { SpscRing } = await import('${url}spsc-ring.js');
         const { viewsOf } = await import('${url}shared-memory.js');
         const views = viewsOf(workerData);
         const ring = new SpscRing(views, 0, ${RECORD}, ${capacity});
         for (let i = 0; i < ${count};) {
           const at = ring.reserve();
           if (at === -1) continue;
           views.f64[at >> 3] = i;
           views.f64[(at >> 3) + 1] = -i;
           ring.commit();
           i++;
         }
         parentPort.postMessage('done');
       })();`,
      { eval: true, workerData: buffer },
    );
    const views = viewsOf(buffer);
    const ring = new SpscRing(views, 0, RECORD, capacity);
    const ended = new Promise((resolve, reject) => {
      worker.once('exit', resolve);
      worker.once('error', reject);
    });
    let expected = 0;
    while (expected < count) {
      for (let at = ring.front(); at !== -1; at = ring.front()) {
        if (views.f64[at >> 3] !== expected || views.f64[(at >> 3) + 1] !== -expected)
          throw new Error(`record ${expected} was ${views.f64[at >> 3]}`);
        ring.release();
        expected++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect(ring.waiting()).toBe(0);
  });
});

describe('BroadcastRing', () => {
  it('shows each record once to a reader that keeps up, and counts what a lapped reader missed', () => {
    const capacity = 8;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -12, max: 12 }), { maxLength: 60 }), (moves) => {
        const views = viewsOf(new SharedArrayBuffer(broadcastRingBytes(RECORD, capacity)));
        const writer = new BroadcastWriter(views, 0, RECORD, capacity);
        const reader = new BroadcastReader(views, 0, RECORD, capacity);
        let written = 0;
        let seen = 0;
        let last = -1;
        for (const move of moves) {
          for (let i = 0; i < move; i++) {
            views.f64[writer.begin() >> 3] = written++;
            writer.publish();
          }
          for (let i = 0; i > move; i--) {
            const at = reader.next();
            if (at === -1) break;
            const value = views.f64[at >> 3] ?? -1;
            if (!reader.advance()) continue;
            expect(value).toBeGreaterThan(last);
            last = value;
            seen++;
          }
        }
        for (let at = reader.next(); at !== -1; at = reader.next()) if (reader.advance()) seen++;
        expect(seen + reader.lost).toBe(written);
      }),
    );
  });

  it('tells a reader that the record changed under its hands', () => {
    const views = viewsOf(new SharedArrayBuffer(broadcastRingBytes(RECORD, 2)));
    const writer = new BroadcastWriter(views, 0, RECORD, 2);
    const reader = new BroadcastReader(views, 0, RECORD, 2);
    for (let i = 0; i < 2; i++) {
      writer.begin();
      writer.publish();
    }
    expect(reader.next()).not.toBe(-1);
    writer.begin(); // overwrites the record that the reader is copying
    expect(reader.advance()).toBe(false);
    expect(reader.lost).toBeGreaterThan(0);
  });
});
