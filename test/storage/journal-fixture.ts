/** Memory, rings and folders for the tests of the journal: what a launching host would set up, without threads. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CounterBlock, WRITER_COUNTERS, type WriterCounter } from '../../src/core/memory/counters.js';
import { Histogram } from '../../src/core/memory/histogram.js';
import {
  CONTROL_BLOCKED,
  CURSOR_BYTES,
  CURSOR_DURABLE,
  CURSOR_WRITTEN,
  histogramBase,
  type MemoryPlan,
  planMemory,
} from '../../src/core/memory/layout.js';
import { REC_KIND, REC_ORDER_ID, REC_PRICE, RECORD_BYTES, RecordKind } from '../../src/core/memory/record.js';
import { type SharedViews, viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { type Disk, nodeDisk } from '../../src/storage/disk.js';
import { Journal, type JournalOptions } from '../../src/storage/journal.js';
import { type Damage, readJournal } from '../../src/storage/journal-reader.js';
import { Writer, type WriterOptions } from '../../src/storage/writer.js';

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thor-storage-'));
  folders.push(folder);
  return folder;
}

export function removeTemporaryFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export interface Memory {
  readonly plan: MemoryPlan;
  readonly views: SharedViews;
  readonly rings: readonly SpscRing[];
}

export function memory(producers: number, journalRecords = 256): Memory {
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
    producers,
    orderSlots: 1,
    ringRecords: 2,
    journalRecords,
  });
  const views = viewsOf(new SharedArrayBuffer(plan.bytes));
  return { plan, views, rings: Array.from({ length: producers }, (_, p) => ringOf(plan, views, p)) };
}

export function ringOf(plan: MemoryPlan, views: SharedViews, producer: number): SpscRing {
  return new SpscRing(views, plan.journals + plan.journalStride * producer, RECORD_BYTES, plan.counts.journalRecords);
}

/** Commits a record that a test can tell from every other by its order id. */
export function push(m: Memory, producer: number, orderId: number, kind: number = RecordKind.CREATE): number {
  const ring = m.rings[producer];
  const at = ring?.reserve() ?? -1;
  if (ring === undefined || at < 0) throw new Error('ring full');
  m.views.u8.fill(0, at, at + RECORD_BYTES);
  m.views.u8[at + REC_KIND] = kind;
  m.views.f64[(at + REC_ORDER_ID) >> 3] = orderId;
  m.views.f64[(at + REC_PRICE) >> 3] = orderId * 3 + 1;
  return ring.commit();
}

export const writtenOf = (m: Memory, producer = 0): number =>
  Atomics.load(m.views.u32, (m.plan.cursors + CURSOR_BYTES * producer + CURSOR_WRITTEN) >> 2);
export const durableOf = (m: Memory, producer = 0): number =>
  Atomics.load(m.views.u32, (m.plan.cursors + CURSOR_BYTES * producer + CURSOR_DURABLE) >> 2);
export const blockedOf = (m: Memory): number => Atomics.load(m.views.i32, (m.plan.control + CONTROL_BLOCKED) >> 2);

/** Real files, without waiting for the device: no test here cuts the power. */
export const quickDisk: Disk = {
  ...nodeDisk,
  sync: (_file, done) => done(null),
  syncNow: () => undefined,
  syncFolder: (_path, done) => done(null),
};

export function journalIn(folder: string, options: Partial<JournalOptions> = {}): Journal {
  return new Journal({ folder, disk: quickDisk, wallUs: () => 1_700_000_000_000_000, reserveBytes: 8192, ...options });
}

export function writerOn(m: Memory, journal: Journal, options: Partial<WriterOptions> = {}): Writer {
  return new Writer({
    views: m.views,
    plan: m.plan,
    journal,
    durability: 'interval',
    nowUs: () => 0,
    counters: new CounterBlock<WriterCounter>(m.views, m.plan.writerCounters, WRITER_COUNTERS),
    orderToDurable: new Histogram(m.views, histogramBase(m.plan, 0, 'orderToDurable')),
    ...options,
  });
}

export interface ReadBack {
  readonly hot: { orderId: number; price: number; producer: number; seq: number }[];
  readonly cold: { kind: number; value: unknown }[];
  readonly damage: Damage[];
}

export function readBack(folder: string, disk: Disk = nodeDisk): ReadBack {
  const found: ReadBack = { hot: [], cold: [], damage: [] };
  readJournal(
    { folder, disk },
    {
      onHot: (block, at, { producer, seq }) =>
        found.hot.push({
          orderId: block.f64[(at + REC_ORDER_ID) >> 3] ?? NaN,
          price: block.f64[(at + REC_PRICE) >> 3] ?? NaN,
          producer,
          seq,
        }),
      onCold: (kind, value) => found.cold.push({ kind, value }),
      onDamage: (damage) => found.damage.push(damage),
    },
  );
  return found;
}

export const idsOf = (found: ReadBack): number[] => found.hot.map(({ orderId }) => orderId);

/** A disk with so many bytes of room, which it counts over files that are open or left behind, and syncs that end when the test says. */
export class SmallDisk implements Disk {
  readonly #sizes = new Map<string, number>();
  readonly #paths = new Map<number, string>();
  readonly pendingSyncs: ((error: Error | null) => void)[] = [];
  roomBytes: number;
  /** Most bytes one write call takes: short writes happen. */
  mostPerWrite = Infinity;
  failWrites = false;
  isInPlace = false;
  holdSyncs = false;

  constructor(roomBytes: number) {
    this.roomBytes = roomBytes;
  }

  get usedBytes(): number {
    let sum = 0;
    for (const size of this.#sizes.values()) sum += size;
    return sum;
  }

  makeFolder(path: string): void {
    nodeDisk.makeFolder(path);
  }

  list(path: string): string[] {
    return nodeDisk.list(path);
  }

  size(file: number): number {
    return nodeDisk.size(file);
  }

  read(file: number, into: Uint8Array, at: number, bytes: number, position: number): number {
    return nodeDisk.read(file, into, at, bytes, position);
  }

  syncNow(): void {
    // what is written is as good as durable here
  }

  open(path: string, mode: 'r' | 'r+' | 'wx'): number {
    const file = nodeDisk.open(path, mode);
    this.#paths.set(file, path);
    if (mode === 'wx') this.#sizes.set(path, 0);
    return file;
  }

  close(file: number): void {
    nodeDisk.close(file);
    this.#paths.delete(file);
  }

  write(file: number, from: Uint8Array, at: number, bytes: number, position: number): number {
    if (this.failWrites) throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    const path = this.#paths.get(file) ?? '';
    const size = this.#sizes.get(path) ?? 0;
    const room = this.roomBytes - this.usedBytes + Math.max(0, size - position);
    if (room <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const done = nodeDisk.write(file, from, at, Math.min(bytes, room, this.mostPerWrite), position);
    this.#sizes.set(path, Math.max(size, position + done));
    return done;
  }

  truncate(file: number, bytes: number): void {
    nodeDisk.truncate(file, bytes);
    this.#sizes.set(this.#paths.get(file) ?? '', bytes);
  }

  remove(path: string): void {
    nodeDisk.remove(path);
    this.#sizes.delete(path);
  }

  sync(_file: number, done: (error: Error | null) => void): void {
    if (this.holdSyncs) this.pendingSyncs.push(done);
    else done(null);
  }

  syncFolder(_path: string, done: (error: Error | null) => void): void {
    done(null);
  }

  overwritesInPlace(): boolean {
    return this.isInPlace;
  }
}
