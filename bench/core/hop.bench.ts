/** One record from thread to thread through the ring that strategies and executor use: half of a round trip, both threads spinning, and both sleeping on doorbells. */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import { planMemory } from '../../src/core/memory/layout.js';
import { RECORD_BYTES, REC_PRICE } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { availableParallelism } from 'node:os';
import { median, percentile, type BenchFile, type BenchOptions, type BenchRow } from '../harness.js';
import type { HopData } from './hop.worker.js';

const PRICE = REC_PRICE >> 3;

const PLAN = planMemory({
  instruments: 1,
  bookBytes: 128,
  strategies: 1,
  levelsPerStrategy: 1,
  venues: 1,
  gateways: 1,
  assets: 1,
  feedLanes: 1,
  lanes: 2,
  producers: 1,
  orderSlots: 1,
  ringRecords: 64,
  journalRecords: 2,
});

async function hops(isSpinning: boolean, trips: number, rounds: number): Promise<{ p50s: number[]; all: number[] }> {
  const buffer = new SharedArrayBuffer(PLAN.bytes);
  const data: HopData = { buffer, plan: PLAN, isSpinning };
  const worker = new Worker(new URL('./hop.worker.js', import.meta.url), { workerData: data });
  await once(worker, 'message');
  const ended = once(worker, 'exit');
  const views = viewsOf(buffer);
  const there = new SpscRing(views, PLAN.intents, RECORD_BYTES, PLAN.counts.ringRecords);
  const back = new SpscRing(views, PLAN.events, RECORD_BYTES, PLAN.counts.ringRecords);
  const bell = new Doorbell(views, PLAN, 0);
  const peer = new Doorbell(views, PLAN, 1);
  const trip = (value: number): number => {
    views.f64[(there.reserve() >> 3) + PRICE] = value;
    there.commit();
    if (!isSpinning) peer.ring();
    for (;;) {
      let at = back.front();
      if (at === -1 && !isSpinning) {
        const armed = bell.arm();
        at = back.front();
        if (at === -1) {
          bell.wait(armed, 1_000);
          continue;
        }
        bell.disarm();
      }
      if (at === -1) continue;
      const answer = views.f64[(at >> 3) + PRICE]!;
      back.release();
      return answer;
    }
  };
  const p50s: number[] = [];
  const all: number[] = [];
  const times = new Float64Array(trips);
  // The first round only warms up.
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < trips; i++) {
      const startedMs = performance.now();
      const answer = trip(i);
      times[i] = ((performance.now() - startedMs) * 1000) / 2;
      if (answer !== i + 1) throw new Error(`record ${i} came back as ${answer}`);
    }
    if (round < 0) continue;
    const taken = Array.from(times);
    p50s.push(percentile(taken, 0.5));
    all.push(...taken);
  }
  trip(-1);
  await ended;
  return { p50s, all };
}

function hopRow(name: string, how: string, { p50s, all }: { p50s: number[]; all: number[] }): BenchRow {
  return {
    name,
    ours: median(p50s),
    theirs: null,
    unit: 'us',
    against: '',
    ratio: null,
    conditions: `half of a round trip, wall time with one look at the clock; p99 ${percentile(all, 0.99).toFixed(2)} us, worst ${percentile(all, 1).toFixed(0)} us; ${all.length} trips, ${how}, ${availableParallelism()} cores`,
    check: 'every record came back, changed, in order',
  };
}

export const rows: BenchFile = async (options: BenchOptions) => [
  hopRow('hop between threads, spinning', 'both threads spin', await hops(true, options.isQuick ? 10_000 : 50_000, options.rounds)),
  hopRow(
    'hop between threads, sleeping',
    'both threads sleep in Atomics.wait',
    await hops(false, options.isQuick ? 500 : 4_000, options.rounds),
  ),
];
