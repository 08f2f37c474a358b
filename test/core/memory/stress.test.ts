/** Second proof of the shared-memory primitives: two threads under load. Bounded by counts, never by time; rings and seqlock have theirs beside their other tests. */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BroadcastReader, broadcastRingBytes } from '../../../src/core/memory/broadcast-ring.js';
import { Doorbell } from '../../../src/core/memory/doorbell.js';
import { BELL_BYTES, CONTROL_BELLS, type MemoryPlan } from '../../../src/core/memory/layout.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import { times } from '../../support/torture.js';

const DIST = new URL('../../../dist/core/memory/', import.meta.url).href;

function runBeside(body: string, data: unknown): Promise<unknown> {
  const worker = new Worker(
    `const { workerData } = require('node:worker_threads');
     (async () => {
       const { viewsOf } = await import('${DIST}shared-memory.js');
       const { BroadcastWriter } = await import('${DIST}broadcast-ring.js');
       const { Doorbell } = await import('${DIST}doorbell.js');
       ${body}
     })();`,
    { eval: true, workerData: data },
  );
  return new Promise((resolve, reject) => {
    worker.once('exit', resolve);
    worker.once('error', reject);
  });
}

describe('between two threads', () => {
  it('broadcast: no record is torn, none comes twice, and seen and lost add up', async () => {
    const count = times(200_000, 20_000_000);
    const words = 8;
    const capacity = 16;
    const bytes = broadcastRingBytes(words * 8, capacity);
    const buffer = new SharedArrayBuffer(bytes + 8);
    const views = viewsOf(buffer);
    const reader = new BroadcastReader(views, 0, words * 8, capacity);
    const DONE = bytes >> 2;
    const ended = runBeside(
      `const views = viewsOf(workerData.buffer);
       const ring = new BroadcastWriter(views, 0, ${words * 8}, ${capacity});
       for (let n = 1; n <= ${count}; n++) {
         const at = ring.begin() >> 3;
         for (let w = 0; w < ${words}; w++) views.f64[at + w] = n;
         ring.publish();
       }
       Atomics.store(views.i32, ${DONE}, 1);`,
      { buffer },
    );
    let seen = 0;
    let last = 0;
    for (let isDone = false; !isDone;) {
      isDone = Atomics.load(views.i32, DONE) === 1;
      for (let burst = 0; burst < 10_000; burst++) {
        const at = reader.next() >> 3;
        if (at < 0) break;
        const first = views.f64[at]!;
        let isSame = true;
        for (let w = 1; w < words; w++) isSame &&= views.f64[at + w] === first;
        if (!reader.advance()) continue;
        if (!isSame || first <= last) throw new Error(`record ${first} after ${last}, whole: ${isSame}`);
        last = first;
        seen++;
        isDone = false;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect([seen + reader.lost, seen > 0, last]).toEqual([count, true, count]);
  });

  it('doorbell: a lane that sleeps hears of every publication', async () => {
    const rounds = times(5_000, 500_000);
    const base = CONTROL_BELLS + BELL_BYTES * 2;
    const buffer = new SharedArrayBuffer(base + 8);
    const views = viewsOf(buffer);
    const ASKED = base >> 2;
    const ANSWERED = ASKED + 1;
    // The other lane sleeps without a time-out: were one ring lost, both would sleep for ever and the test would end by its limit.
    const ended = runBeside(
      `const views = viewsOf(workerData.buffer);
       const [mine, theirs] = [0, 1].map((lane) => new Doorbell(views, { control: 0 }, lane));
       for (let seen = 0; seen < ${rounds}; ) {
         const armed = mine.arm();
         const asked = Atomics.load(views.i32, ${ASKED});
         if (asked === seen) {
           mine.wait(armed, Infinity);
           continue;
         }
         seen = asked;
         Atomics.store(views.i32, ${ANSWERED}, seen);
         theirs.ring();
       }`,
      { buffer },
    );
    const plan = { control: 0 } as MemoryPlan;
    const [theirs, mine] = [new Doorbell(views, plan, 0), new Doorbell(views, plan, 1)];
    for (let round = 1; round <= rounds; round++) {
      Atomics.store(views.i32, ASKED, round);
      theirs.ring();
      for (;;) {
        const armed = mine.arm();
        if (Atomics.load(views.i32, ANSWERED) === round) break;
        await mine.waitAsync(armed, 3_600_000);
      }
    }
    await ended;
    expect(Atomics.load(views.i32, ANSWERED)).toBe(rounds);
  });
});
