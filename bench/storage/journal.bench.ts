/**
 * The journal against the least that any journal must do: write the bytes and fdatasync. Records go through their ring, the writer, frames with checksums and cursors;
 * the raw side writes as many 100-byte events from one buffer. Two sizes of group: one record (what `--durability each` pays when nothing else happens) and 64.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CounterBlock, WRITER_COUNTERS, type WriterCounter } from '../../src/core/memory/counters.js';
import { Histogram } from '../../src/core/memory/histogram.js';
import { histogramBase, planMemory } from '../../src/core/memory/layout.js';
import { REC_KIND, REC_ORDER_ID, RECORD_BYTES, RecordKind } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { Journal } from '../../src/storage/journal.js';
import { readJournal } from '../../src/storage/journal-reader.js';
import { Writer } from '../../src/storage/writer.js';
import { type BenchFile, type BenchOptions, type BenchRow, interleave, measuredOf, median, row } from '../harness.js';

const EVENT_BYTES = 100;
const RING_RECORDS = 4096;
/** Of batches, on the device. */
const BATCH_TARGET = { required: 1, goal: 1.2 };

interface Side {
  /** Journals `count` records as one group; on the device when it returns, where `isDurable`. True when it also wrote zeros ahead. */
  commit(count: number, isDurable: boolean): boolean;
}

function rawSide(folder: string): Side & { close(): void } {
  const file = openSync(join(folder, 'raw'), 'w');
  const events = Buffer.alloc(RING_RECORDS * EVENT_BYTES, 7);
  return {
    commit(count, isDurable) {
      writeSync(file, events, 0, count * EVENT_BYTES);
      if (isDurable) fdatasyncSync(file);
      return false;
    },
    close: () => closeSync(file),
  };
}

function ourSide(folder: string): Side & { written(): number; close(): Promise<void> } {
  const plan = planMemory({
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
  const views = viewsOf(new SharedArrayBuffer(plan.bytes));
  const ring = new SpscRing(views, plan.journals, RECORD_BYTES, RING_RECORDS);
  const journal = new Journal({ folder: join(folder, 'journal'), wallUs: () => 0 });
  const writer = new Writer({
    views,
    plan,
    journal,
    durability: 'none',
    syncEveryUs: Infinity,
    nowUs: () => 0,
    counters: new CounterBlock<WriterCounter>(views, plan.writerCounters, WRITER_COUNTERS),
    orderToDurable: new Histogram(views, histogramBase(plan, 0, 'orderToDurable')),
  });
  let id = 0;
  return {
    commit(count, isDurable) {
      for (let i = 0; i < count; i++) {
        const at = ring.reserve();
        views.u8[at + REC_KIND] = RecordKind.ACK;
        views.f64[(at + REC_ORDER_ID) >> 3] = ++id;
        ring.commit();
      }
      writer.step(0, count);
      if (!isDurable) return false;
      // As the writer does; here nobody is waited for, so all that it costs is in the figures.
      const isAhead = journal.prepare();
      journal.syncNow();
      return isAhead;
    },
    written: () => id,
    close: () => writer.close(0),
  };
}

/** Wall time: a sync is waiting, not work. Commits take turns one by one, each side first every other time, as the device is everybody's. */
function groupRow(options: BenchOptions, raw: Side, ours: Side, group: number): BenchRow {
  const groups = options.isQuick ? 40 : 300;
  const rounds: [number[], number[]] = [[], []];
  const sides = [ours, raw] as const;
  /** Of whole commits that wrote zeros ahead as well. */
  const ahead: number[] = [];
  // The first round only warms up.
  for (let round = -1; round < options.rounds; round++) {
    const times: [number[], number[]] = [[], []];
    for (let n = 0; n < groups; n++) {
      for (const index of n % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const started = performance.now();
        const isAhead = sides[index].commit(group, true);
        const us = (performance.now() - started) * 1000;
        times[index].push(us / group);
        if (isAhead) ahead.push(us);
      }
    }
    if (round < 0) continue;
    for (const index of [0, 1] as const) rounds[index].push(median(times[index]));
  }
  const theirs = measuredOf(`write + fdatasync of ${EVENT_BYTES}-byte events`, rounds[1]);
  return row(`journal, group of ${group}, on the device`, measuredOf('ours', rounds[0]), theirs, {
    conditions: `wall time, one thread, medians of ${groups} commits a round, ${ahead.length} of ours with a step of zeros (${ahead.length > 0 ? median(ahead).toFixed(0) : 0} us), ${tmpdir()}`,
    check: 'every record read back once, in order',
    unit: 'us/record',
    ...(group > 1 ? { target: BATCH_TARGET } : {}),
  });
}

export const rows: BenchFile = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  try {
    const raw = rawSide(folder);
    const ours = ourSide(folder);
    const table = [groupRow(options, raw, ours, 1), groupRow(options, raw, ours, 64)];
    const variants = [ours, raw].map((side, index) => ({
      name: index === 0 ? 'writer' : 'write alone',
      run(count: number): number {
        for (let i = 0; i < count; i++) side.commit(64, false);
        return count;
      },
    }));
    // Bounded: without syncs the page cache would fill as fast as it can be written.
    const [mine, theirs] = await interleave(variants, { ...options, roundMs: Math.min(options.roundMs, 50) }, { sameResult: true });
    if (mine !== undefined && theirs !== undefined) {
      const conditions = 'a group of 64 handed to the operating system, CPU time of the process';
      table.push(
        row('journal, group of 64, written', mine, theirs, {
          conditions,
          check: 'every record read back once, in order',
          unit: 'us/group',
        }),
      );
    }
    await ours.close();
    raw.close();
    let expected = 1;
    readJournal(
      { folder: join(folder, 'journal') },
      {
        onHot(block, at) {
          if (block.f64[(at + REC_ORDER_ID) >> 3] !== expected++) throw new Error(`record ${expected - 1} is not where it was written`);
        },
      },
    );
    if (expected !== ours.written() + 1) throw new Error(`${ours.written()} records were journaled, ${expected - 1} read back`);
    return table;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
