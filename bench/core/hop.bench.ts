/**
 * One record from thread to thread through the ring that strategies and executor use: half of a round trip, both threads spinning, and both sleeping on doorbells.
 * The spinning one also against C++ atomics, batches of trips in turns: a batch that the system did not interrupt has no look at the clock in it.
 */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import { planMemory } from '../../src/core/memory/layout.js';
import { RECORD_BYTES, REC_PRICE } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { availableParallelism } from 'node:os';
import { messageOf } from '../../src/core/numbers/errors.js';
import { type HopRing, NotHere, Workshop } from '../alternatives/native.js';
import { measuredOf, median, notRun, percentile, row, type BenchFile, type BenchOptions, type BenchRow } from '../harness.js';
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

/** This thread's end of a pair; the other is a worker. */
class Pair {
  readonly #views;
  readonly #there: SpscRing;
  readonly #back: SpscRing;
  readonly #bell: Doorbell;
  readonly #peer: Doorbell;
  readonly #isSpinning: boolean;
  readonly #ended: Promise<unknown>;

  private constructor(buffer: SharedArrayBuffer, worker: Worker, isSpinning: boolean) {
    this.#ended = once(worker, 'exit');
    this.#views = viewsOf(buffer);
    this.#there = new SpscRing(this.#views, PLAN.intents, RECORD_BYTES, PLAN.counts.ringRecords);
    this.#back = new SpscRing(this.#views, PLAN.events, RECORD_BYTES, PLAN.counts.ringRecords);
    this.#bell = new Doorbell(this.#views, PLAN, 0);
    this.#peer = new Doorbell(this.#views, PLAN, 1);
    this.#isSpinning = isSpinning;
  }

  static async open(isSpinning: boolean): Promise<Pair> {
    const buffer = new SharedArrayBuffer(PLAN.bytes);
    const data: HopData = { buffer, plan: PLAN, isSpinning };
    const worker = new Worker(new URL('./hop.worker.js', import.meta.url), { workerData: data });
    await once(worker, 'message');
    return new Pair(buffer, worker, isSpinning);
  }

  /** There and back; the value as it came back. */
  trip(value: number): number {
    const { f64 } = this.#views;
    const back = this.#back;
    f64[(this.#there.reserve() >> 3) + PRICE] = value;
    this.#there.commit();
    if (!this.#isSpinning) this.#peer.ring();
    for (;;) {
      const at = this.#isSpinning ? back.front() : this.#awaited();
      if (at === -1) continue;
      const answer = f64[(at >> 3) + PRICE]!;
      back.release();
      return answer;
    }
  }

  async close(): Promise<void> {
    this.trip(-1);
    await this.#ended;
  }

  #awaited(): number {
    let at = this.#back.front();
    if (at !== -1) return at;
    const armed = this.#bell.arm();
    at = this.#back.front();
    if (at === -1) this.#bell.wait(armed, 1_000);
    else this.#bell.disarm();
    return at;
  }
}

/** Microseconds of half a trip, one by one. */
async function hops(isSpinning: boolean, trips: number, rounds: number): Promise<{ p50s: number[]; all: number[] }> {
  const pair = await Pair.open(isSpinning);
  const p50s: number[] = [];
  const all: number[] = [];
  const times = new Float64Array(trips);
  // The first round only warms up.
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < trips; i++) {
      const startedMs = performance.now();
      const answer = pair.trip(i);
      times[i] = ((performance.now() - startedMs) * 1000) / 2;
      if (answer !== i + 1) throw new Error(`record ${i} came back as ${answer}`);
    }
    if (round < 0) continue;
    const taken = Array.from(times);
    p50s.push(percentile(taken, 0.5));
    all.push(...taken);
  }
  await pair.close();
  return { p50s, all };
}

const BATCH_TRIPS = 500;
const HOP_TARGET = { required: 1 / 1.1, goal: 1 };

/** Ours and C++ in turns; a round's figure is the median of its batches. */
async function againstCpp(options: BenchOptions): Promise<BenchRow[]> {
  const name = 'hop between threads, against C++';
  const workshop = new Workshop();
  try {
    const program = workshop.buildHop();
    const batches = options.isQuick ? 40 : 200;
    const ours: number[] = [];
    const theirs: Record<HopRing, number[]> = { counted: [], marked: [] };
    for (let round = -1; round < options.rounds; round++) {
      // A pair for each round: its peer must not spin while C++ runs.
      const pair = await Pair.open(true);
      const took: number[] = [];
      for (let batch = -batches / 4; batch < batches; batch++) {
        let sum = 0;
        const startedMs = performance.now();
        for (let i = 0; i < BATCH_TRIPS; i++) sum += pair.trip(i);
        if (batch >= 0) took.push(((performance.now() - startedMs) * 1000) / BATCH_TRIPS / 2);
        if (sum !== (BATCH_TRIPS * (BATCH_TRIPS + 1)) / 2) throw new Error(`a batch of trips came back as ${sum}`);
      }
      await pair.close();
      if (round >= 0) ours.push(median(took));
      for (const ring of ['counted', 'marked'] as const) {
        const cpp = workshop.runHop(program, ring, batches, BATCH_TRIPS);
        if (round >= 0) theirs[ring].push(median(cpp));
      }
    }
    const mine = measuredOf('ours', ours);
    const conditions = `half of a round trip, wall time of batches of ${BATCH_TRIPS} trips, medians of ${batches} batches, ${availableParallelism()} cores`;
    const check = 'every record came back, changed, in order';
    return [
      row(name, mine, measuredOf('C++ -O3 -march=native, std::atomic head and tail', theirs.counted), {
        conditions,
        check,
        target: HOP_TARGET,
      }),
      row(`${name}, marks as ours`, mine, measuredOf('C++ -O3 -march=native, std::atomic, the same ring', theirs.marked), {
        conditions,
        check,
      }),
    ];
  } catch (error) {
    if (error instanceof NotHere) return [notRun(name, messageOf(error))];
    throw error;
  } finally {
    workshop.close();
  }
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
  ...(await againstCpp(options)),
];
