/**
 * What each level of durability costs an order: from its entry in the journal's ring until it may leave (the cursor that a gateway waits for at that level), and until it is on the
 * device; and how many orders a second one producer gets through. Wall time: a sync is waiting, not work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CounterBlock, WRITER_COUNTERS, type WriterCounter } from '../../src/core/memory/counters.js';
import { Histogram } from '../../src/core/memory/histogram.js';
import { CURSOR_DURABLE, CURSOR_WRITTEN, histogramBase, planMemory } from '../../src/core/memory/layout.js';
import { REC_KIND, REC_ORDER_ID, RECORD_BYTES, RecordKind } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { Journal } from '../../src/storage/journal.js';
import { readJournal } from '../../src/storage/journal-reader.js';
import { type Durability, Writer } from '../../src/storage/writer.js';
import { type BenchFile, type BenchRow, percentile } from '../harness.js';

const RING_RECORDS = 4096;
/** Orders a second of the paced part: a busy grid engine. */
const PACE = 2_000;
const AHEAD: Readonly<Record<Durability, string>> = {
  none: 'leaves with the entry in the ring; a killed process may forget it',
  interval: 'leaves when the operating system has it; survives kill -9, a power cut may take the last 50 ms',
  each: 'leaves when the device has it; survives a power cut',
};

class Rig {
  readonly #folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  readonly #views;
  readonly #plan;
  readonly #ring: SpscRing;
  readonly #writer: Writer;
  #sent = 0;

  constructor(readonly durability: Durability) {
    this.#plan = planMemory({
      instruments: 1,
      bookBytes: 128,
      strategies: 1,
      levelsPerStrategy: 1,
      venues: 1,
      gateways: 1,
      assets: 1,
      feedLanes: 1,
      lanes: 1,
      producers: 1,
      orderSlots: 1,
      ringRecords: 2,
      journalRecords: RING_RECORDS,
    });
    this.#views = viewsOf(new SharedArrayBuffer(this.#plan.bytes));
    this.#ring = new SpscRing(this.#views, this.#plan.journals, RECORD_BYTES, RING_RECORDS);
    this.#writer = new Writer({
      views: this.#views,
      plan: this.#plan,
      journal: new Journal({ folder: join(this.#folder, 'journal'), wallUs: () => 0 }),
      durability,
      nowUs: nowUs,
      counters: new CounterBlock<WriterCounter>(this.#views, this.#plan.writerCounters, WRITER_COUNTERS),
      orderToDurable: new Histogram(this.#views, histogramBase(this.#plan, 0, 'orderToDurable')),
    });
  }

  get sent(): number {
    return this.#sent;
  }

  /** False when the ring has no room. */
  order(): boolean {
    const at = this.#ring.reserve();
    if (at < 0) return false;
    this.#views.u8[at + REC_KIND] = RecordKind.CREATE;
    this.#views.f64[(at + REC_ORDER_ID) >> 3] = ++this.#sent;
    this.#ring.commit();
    return true;
  }

  step(): void {
    this.#writer.step(nowUs(), 4096);
  }

  written(): number {
    return Atomics.load(this.#views.u32, (this.#plan.cursors + CURSOR_WRITTEN) >> 2);
  }

  durable(): number {
    return Atomics.load(this.#views.u32, (this.#plan.cursors + CURSOR_DURABLE) >> 2);
  }

  /** Orders that a gateway may send. */
  free(): number {
    return this.durability === 'none' ? this.#sent : this.durability === 'interval' ? this.written() : this.durable();
  }

  /** Resolves with the orders that can be read back. */
  async end(): Promise<number> {
    await this.#writer.close(nowUs());
    let expected = 1;
    readJournal(
      { folder: join(this.#folder, 'journal') },
      {
        onHot(block, at) {
          if (block.f64[(at + REC_ORDER_ID) >> 3] === expected) expected++;
        },
      },
    );
    rmSync(this.#folder, { recursive: true, force: true });
    return expected - 1;
  }
}

function nowUs(): number {
  return performance.now() * 1000;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Microseconds until an order may leave, and until it is durable, at a steady pace. */
async function paced(rig: Rig, orders: number): Promise<{ readonly leave: number[]; readonly durable: number[] }> {
  const enqueued: number[] = [];
  const leave: number[] = [];
  const durable: number[] = [];
  const startUs = nowUs();
  while (durable.length < orders) {
    while (enqueued.length < orders && nowUs() - startUs >= (enqueued.length / PACE) * 1e6) {
      enqueued.push(nowUs());
      rig.order();
      if (rig.durability === 'none') leave.push(nowUs() - (enqueued.at(-1) ?? 0));
    }
    rig.step();
    const at = nowUs();
    while (rig.durability !== 'none' && leave.length < Math.min(rig.free(), enqueued.length))
      leave.push(at - (enqueued[leave.length] ?? at));
    while (durable.length < Math.min(rig.durable(), enqueued.length)) durable.push(at - (enqueued[durable.length] ?? at));
    await turn();
  }
  return { leave, durable };
}

/** Orders a second when the next one is decided as soon as there is room, and none waits behind more than 256 that may not leave yet. */
async function flatOut(rig: Rig, forMs: number): Promise<number> {
  const first = rig.sent;
  const startMs = performance.now();
  while (performance.now() - startMs < forMs) {
    // A gateway's share of a turn.
    for (let n = 0; n < 256 && rig.sent - rig.free() < 256; n++) if (!rig.order()) break;
    rig.step();
    await turn();
  }
  return ((rig.sent - first) * 1000) / (performance.now() - startMs);
}

export const rows: BenchFile = async (options) => {
  const table: BenchRow[] = [];
  const check = 'every order read back once, in order';
  for (const durability of ['none', 'interval', 'each'] as const) {
    const rig = new Rig(durability);
    const { leave, durable } = await paced(rig, options.isQuick ? 400 : 6_000);
    const rate = await flatOut(rig, options.isQuick ? 100 : 2_000);
    const sent = rig.sent;
    const found = await rig.end();
    if (found !== sent) throw new Error(`${durability}: ${sent} orders were journaled, ${found} read back`);
    const figure = (name: string, ours: number, unit: string, conditions: string): BenchRow => ({
      name: `durability ${durability}: ${name}`,
      ours,
      theirs: null,
      unit,
      against: '',
      ratio: null,
      conditions,
      check,
    });
    const pace = `${PACE} orders/s, wall time, ${tmpdir()}`;
    table.push(
      figure('may leave, p50', percentile(leave, 0.5), 'us', `${AHEAD[durability]}; ${pace}`),
      figure('may leave, p99', percentile(leave, 0.99), 'us', pace),
      figure('on the device, p50', percentile(durable, 0.5), 'us', pace),
      figure('on the device, p99', percentile(durable, 0.99), 'us', pace),
      figure('orders a second', rate, '1/s', 'one producer, at most 256 orders waiting to leave'),
    );
  }
  return table;
};
