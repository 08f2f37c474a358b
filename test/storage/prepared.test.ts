/** Zeros ahead of the records: what a reader makes of them, what a killed process and a power cut leave, and that they never stand in the way of a record. */
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { Disk } from '../../src/storage/disk.js';
import { type Journal, type JournalPosition, PREPARED_BYTES } from '../../src/storage/journal.js';
import { JournalReader, type PreparedSpace, readJournal } from '../../src/storage/journal-reader.js';
import { cutPrepared, repairJournal } from '../../src/storage/journal-repair.js';
import { recover } from '../../src/storage/recover.js';
import { HEADER_BYTES, HOT_FRAME_BYTES, segmentName, segmentNumber } from '../../src/storage/segment.js';
import type { Writer } from '../../src/storage/writer.js';
import { times } from '../support/torture.js';
import { CrashDisk, draws } from './crash-disk.js';
import {
  blockedOf,
  durableOf,
  idsOf,
  journalIn,
  type Memory,
  memory,
  push,
  quickDisk,
  readBack,
  removeTemporaryFolders,
  SmallDisk,
  temporaryFolder,
  writerOn,
  writtenOf,
} from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';

afterEach(removeTemporaryFolders);

const FOLDER = '/journal';
/** Real files on any file system. */
const inPlace: Disk = { ...quickDisk, overwritesInPlace: () => true };
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const endOf = (records: number): number => HEADER_BYTES + records * HOT_FRAME_BYTES;

interface Rig {
  readonly m: Memory;
  readonly journal: Journal;
  readonly writer: Writer;
  /** One group. */
  put(count: number): void;
}

function rigOn(folder: string, disk: Disk, options: { readonly preparedBytes?: number; readonly segmentBytes?: number } = {}): Rig {
  const m = memory(1, 1024);
  const journal = journalIn(folder, { disk, ...options });
  const writer = writerOn(m, journal, { durability: 'each' });
  let id = 0;
  return {
    m,
    journal,
    writer,
    put(count) {
      for (let i = 0; i < count; i++) push(m, 0, ++id);
      writer.step(id, count);
    },
  };
}

/** Reads everything, and says what stands behind it. */
function spaceIn(folder: string, disk: Disk): PreparedSpace | null {
  const told: PreparedSpace[] = [];
  readJournal({ folder, disk }, { onPrepared: (space) => told.push(space) });
  return told[0] ?? null;
}

/** A start, as far as the journal's files are touched by one. */
function mend(folder: string, disk: Disk): string[] {
  const notes = repairJournal(folder, disk, readBack(folder, disk).damage);
  const space = spaceIn(folder, disk);
  if (space !== null) notes.push(...cutPrepared(folder, disk, space));
  return notes;
}

describe('space that is prepared', () => {
  it('G2: is a clean end after a kill at any point of preparing; a start cuts it off, twice the same', () => {
    const disk = new CrashDisk();
    const rig = rigOn(FOLDER, disk, { preparedBytes: 1024 });
    disk.mostPerWrite = times(64, 7);
    let kills = 0;
    let withZeros = 0;
    disk.onStep = () => {
      if (rig.journal.batchBytes > 0 && writtenOf(rig.m) * HOT_FRAME_BYTES + HEADER_BYTES !== rig.journal.position.offset) return;
      const left = disk.killed();
      const found = readBack(FOLDER, left);
      // Records of a group that is being written may be there before they are counted; none is torn while only zeros are written.
      if (found.damage.length > 0) return;
      kills++;
      expect(idsOf(found)).toEqual(range(1, idsOf(found).length));
      expect(idsOf(found).length).toBeGreaterThanOrEqual(writtenOf(rig.m));
      if (spaceIn(FOLDER, left) !== null) withZeros++;
      expect(mend(FOLDER, left)).toEqual([]);
      const file = left.open(join(FOLDER, segmentName(1)), 'r');
      expect(left.size(file)).toBe(endOf(idsOf(found).length));
      expect(mend(FOLDER, left)).toEqual([]);
      expect(idsOf(readBack(FOLDER, left))).toEqual(idsOf(found));
    };
    for (let n = 0; n < 3; n++) rig.put(10);
    disk.rethrow();
    expect(kills).toBeGreaterThan(90);
    expect(withZeros).toBeGreaterThan(90);
  });

  it(`G4: loses nothing that was on the device to a power cut at any step, whatever of the rest is lost: ${times(40, 2000)} lives`, async () => {
    let cuts = 0;
    for (let life = 0; life < times(40, 2000); life++) {
      const draw = draws(life + 1);
      const disk = new CrashDisk();
      disk.holdSyncs = true;
      const rig = rigOn(FOLDER, disk, { preparedBytes: 256 + draw(2048), segmentBytes: 1500 + draw(12_000) });
      const check = (): void => {
        if (draw(12) !== 0) return;
        cuts++;
        const durable = durableOf(rig.m);
        const left = disk.crashed(draw);
        const found = idsOf(readBack(FOLDER, left));
        expect(found.slice(0, durable), `life ${life}`).toEqual(range(1, durable));
        // What was not yet durable may be there in part: each once, in order, as it was written.
        expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
        mend(FOLDER, left);
        expect(idsOf(readBack(FOLDER, left))).toEqual(found);
        // A segment whose name never reached the device is missing for good; everything else was put in order.
        expect(mend(FOLDER, left).filter((note) => !note.includes('is missing'))).toEqual([]);
      };
      disk.onStep = check;
      for (let n = 0; n < 12; n++) {
        rig.put(1 + draw(12));
        if (draw(4) > 0) for (const finish of disk.pendingSyncs.splice(0)) finish();
      }
      disk.onStep = () => undefined;
      while (disk.pendingSyncs.length > 0) for (const finish of disk.pendingSyncs.splice(0)) finish();
      await rig.writer.close(0);
      disk.rethrow();
      expect(idsOf(readBack(FOLDER, disk)).length).toBe(writtenOf(rig.m));
    }
    expect(cuts).toBeGreaterThan(200);
  });

  it('G2: a block that was lost is a hole, a torn frame before it a tail of its own length, and an end of zeros in a finished segment a loss', async () => {
    const folder = temporaryFolder();
    const rig = rigOn(folder, inPlace);
    rig.put(10);
    const path = join(folder, segmentName(1));
    const size = statSync(path).size;
    expect(size).toBeGreaterThanOrEqual(endOf(10) + PREPARED_BYTES / 2);
    const whole = readFileSync(path);
    const holed = Buffer.from(whole).fill(0, endOf(3), endOf(6));
    writeFileSync(path, holed);
    expect(readBack(folder)).toMatchObject({ damage: [{ kind: 'hole', segment: 1, from: endOf(3), to: endOf(6) }] });
    expect(idsOf(readBack(folder))).toEqual([1, 2, 3, 7, 8, 9, 10]);
    // Only the first 40 bytes of the last record came; zeros in it are its own, those behind it are not.
    writeFileSync(path, Buffer.from(whole).fill(0, endOf(9) + 40));
    const torn = readBack(folder).damage;
    expect(torn).toEqual([{ kind: 'tail', segment: 1, from: endOf(9), to: endOf(10) }]);
    expect(repairJournal(folder, quickDisk, torn)).toEqual([expect.stringContaining('144 bytes of a torn tail')]);
    expect(statSync(path).size).toBe(endOf(9));
    await rig.writer.close(0);
    // Of the same journal, later: its last two records were lost to zeros.
    writeFileSync(path, whole.subarray(0, endOf(10)).fill(0, endOf(8)));
    journalIn(folder).close();
    expect(readBack(folder).damage).toEqual([{ kind: 'tail', segment: 1, from: endOf(8), to: endOf(10) }]);
  });

  it('G4: is cut off by recovery without a word, and not by those who only look', () => {
    const folder = temporaryFolder();
    const tables = tablesOf(1, ['sim:BTCUSDT'], ['a']);
    const run = startRun(folder, tables);
    const path = join(folder, segmentName(1));
    // As a killed process leaves it, on any file system.
    const { offset } = run.journal.position;
    truncateSync(path, offset);
    truncateSync(path, offset + 100_000);
    expect(recover({ folder, tables, repair: false }).notes).toEqual([]);
    expect(statSync(path).size).toBe(offset + 100_000);
    for (let start = 0; start < 2; start++) {
      expect(recover({ folder, tables }).notes).toEqual([]);
      expect(statSync(path).size).toBe(offset);
    }
  });

  it('is cut off by a clean stop, and no finished segment has any', async () => {
    const folder = temporaryFolder();
    const rig = rigOn(folder, inPlace, { segmentBytes: 20 * HOT_FRAME_BYTES, preparedBytes: 4096 });
    for (let n = 0; n < 30; n++) rig.put(3);
    await rig.writer.close(0);
    const names = inPlace.list(folder).filter((name) => segmentNumber(name) > 0);
    expect(names.length).toBeGreaterThan(4);
    const bytes = names.map((name) => statSync(join(folder, name)).size - HEADER_BYTES);
    expect(bytes.every((size) => size % HOT_FRAME_BYTES === 0)).toBe(true);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBe(90 * HOT_FRAME_BYTES);
  });
});

describe('a reader along a journal with prepared space', () => {
  it('does not read it again at each look', () => {
    const folder = temporaryFolder();
    let bytes = 0;
    const counting: Disk = {
      ...inPlace,
      read(...args) {
        const got = inPlace.read(...args);
        bytes += got;
        return got;
      },
    };
    const rig = rigOn(folder, inPlace);
    rig.put(10);
    const seen: number[] = [];
    const reader = new JournalReader({ folder, disk: counting });
    const visitor = { onHot: (block: { f64: Float64Array }, at: number) => void seen.push(block.f64[(at + 16) >> 3] ?? NaN) };
    while (reader.read(visitor, 64) > 0);
    expect(bytes).toBeGreaterThan(PREPARED_BYTES / 2);
    const looks = 200;
    bytes = 0;
    for (let n = 0; n < looks; n++) expect(reader.read(visitor, 64)).toBe(0);
    expect(bytes / looks).toBeLessThan(20_000);
    bytes = 0;
    for (let n = 0; n < looks; n++) {
      rig.put(1);
      while (reader.read(visitor, 64) > 0);
    }
    reader.close();
    expect(bytes / looks).toBeLessThan(3 * 20_000);
    expect(seen).toEqual(range(1, 10 + looks));
  });

  it('G2: neither passes over nor reports what is written between any two of its steps, across segments as well', () => {
    let moments = 0;
    // More than one piece of what a reader reads at once, then the rest of the segment and the first of the next; or all of that in one piece.
    const stories = [
      { segmentBytes: 700 * HOT_FRAME_BYTES, groups: [500, 250, 40] },
      { segmentBytes: 25 * HOT_FRAME_BYTES, groups: [5, 3] },
      { segmentBytes: 900 * HOT_FRAME_BYTES, groups: [500] },
    ];
    for (const { segmentBytes, groups } of stories) {
      // The reader has looked at the end before, has looked and is told of a bit more, or has not looked yet.
      for (const before of ['looked', 'more', 'not']) {
        for (let moment = 0; moment < 40; moment++) {
          const disk = new CrashDisk();
          const rig = rigOn(FOLDER, disk, { segmentBytes, preparedBytes: 150_000 });
          rig.put(20);
          const seen: number[] = [];
          const damage: unknown[] = [];
          const visitor = {
            onHot: (block: { f64: Float64Array }, at: number) => void seen.push(block.f64[(at + 16) >> 3] ?? NaN),
            onDamage: (what: unknown) => void damage.push(what),
          };
          const reader = new JournalReader({ folder: FOLDER, disk });
          if (before !== 'not') while (reader.read(visitor, 64) > 0);
          if (before === 'more') rig.put(2);
          let step = 0;
          disk.onStep = () => {
            if (step++ !== moment) return;
            disk.onStep = () => undefined;
            moments++;
            for (const count of groups) rig.put(count);
          };
          while (reader.read(visitor, 64) > 0);
          disk.onStep = () => undefined;
          while (reader.read(visitor, 64) > 0);
          reader.close();
          disk.rethrow();
          expect(seen).toEqual(range(1, writtenOf(rig.m)));
          expect(damage).toEqual([]);
        }
      }
    }
    expect(moments).toBeGreaterThan(60);
  });

  it('G2: tells a damaged frame where it has seen zeros, and a hole of zeros where it is told that something was written', () => {
    const folder = temporaryFolder();
    const rig = rigOn(folder, inPlace);
    const path = join(folder, segmentName(1));
    rig.put(10);
    const damage: unknown[] = [];
    const reader = new JournalReader({ folder, disk: inPlace });
    const visitor = { onDamage: (what: unknown) => void damage.push(what) };
    const read = (until?: JournalPosition): number => {
      let count = 0;
      for (let got = -1; got !== 0; count += got) got = reader.read(visitor, 64, until);
      return count;
    };
    const spoil = (from: number, to: number, value: number): void => {
      const file = inPlace.open(path, 'r+');
      inPlace.write(file, new Uint8Array(to - from).fill(value), 0, to - from, from);
      inPlace.close(file);
    };
    expect(read()).toBe(10);
    rig.put(3);
    spoil(endOf(10) + 8, endOf(10) + 16, 255);
    expect(read()).toBe(2);
    rig.put(3);
    spoil(endOf(13), endOf(14), 0);
    expect(read(rig.journal.position)).toBe(2);
    expect(damage).toEqual([
      { kind: 'hole', segment: 1, from: endOf(10), to: endOf(11) },
      { kind: 'hole', segment: 1, from: endOf(13), to: endOf(14) },
    ]);
    reader.close();
  });
});

describe('preparing', () => {
  it('follows a sync when nobody waits, with a sync of its own, and is put off while records wait', () => {
    const disk = new SmallDisk(Infinity);
    disk.isInPlace = true;
    disk.holdSyncs = true;
    const folder = temporaryFolder();
    const rig = rigOn(folder, disk, { preparedBytes: 64 * HOT_FRAME_BYTES });
    const path = join(folder, segmentName(1));
    const finish = (): void => disk.pendingSyncs.splice(0, 1)[0]?.(null);
    rig.put(5);
    expect([statSync(path).size, disk.pendingSyncs.length]).toEqual([endOf(5), 1]);
    finish();
    // Zeros, and the sync that puts them and their metadata on the device.
    const size = statSync(path).size;
    expect(size).toBeGreaterThan(endOf(5 + 60));
    expect([durableOf(rig.m), disk.pendingSyncs.length]).toEqual([5, 1]);
    finish();
    expect(disk.pendingSyncs.length).toBe(0);
    // Less than half is left, and there is always somebody waiting: nothing yet.
    rig.put(Math.ceil((size - endOf(5)) / HOT_FRAME_BYTES) - 24);
    rig.put(1);
    finish();
    expect(statSync(path).size).toBe(size);
    // Less than a quarter: now, together with those records.
    rig.put(10);
    finish();
    expect(statSync(path).size).toBeGreaterThan(size);
    finish();
    expect([durableOf(rig.m), disk.pendingSyncs.length]).toEqual([writtenOf(rig.m), 0]);
  });

  it('G1: takes no space that records need: what a full disk does not give is given back and asked for later', async () => {
    const reserveBytes = 4 * HOT_FRAME_BYTES;
    const disk = new SmallDisk(32 + 40 * HOT_FRAME_BYTES + reserveBytes);
    disk.isInPlace = true;
    const folder = temporaryFolder();
    const m = memory(1);
    const journal = journalIn(folder, { disk, reserveBytes, preparedBytes: 64 * HOT_FRAME_BYTES });
    const writer = writerOn(m, journal, { durability: 'each' });
    let id = 0;
    const put = (count: number, us: number, kind: number = RecordKind.CANCEL): void => {
      for (let i = 0; i < count; i++) push(m, 0, ++id, kind);
      writer.step(us, 64);
    };
    put(10, 1);
    expect(disk.usedBytes).toBe(32 + 10 * HOT_FRAME_BYTES + reserveBytes);
    expect([blockedOf(m), journal.isFull]).toEqual([Reason.NONE, false]);
    // Every byte that is left is for records, then the reserve is.
    for (let n = 0; n < 3; n++) put(10, 2 + n);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.NONE, 40]);
    put(4, 10);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.DISK_FULL, 44]);
    expect(disk.usedBytes).toBe(disk.roomBytes);
    disk.roomBytes = Infinity;
    put(1, 2_000_000);
    put(1, 4_000_000);
    expect(blockedOf(m)).toBe(Reason.NONE);
    expect(statSync(join(folder, segmentName(1))).size).toBeGreaterThan(endOf(id + 50));
    await writer.close(5_000_000);
    expect(idsOf(readBack(folder))).toEqual(range(1, id));
  });

  it('does not touch a batch that is partly written, and a stop then keeps what was', () => {
    const disk = new SmallDisk(32 + 6 * HOT_FRAME_BYTES + 8);
    disk.isInPlace = true;
    const folder = temporaryFolder();
    const m = memory(1);
    const journal = journalIn(folder, { disk, reserveBytes: 8, preparedBytes: 64 * HOT_FRAME_BYTES });
    const writer = writerOn(m, journal, { durability: 'each' });
    for (let id = 1; id <= 10; id++) push(m, 0, id);
    writer.step(1, 64);
    expect(writtenOf(m)).toBe(0);
    expect(journal.prepare()).toBe(false);
    journal.close();
    expect(idsOf(readBack(folder))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is left alone where overwriting is not known to help', async () => {
    const disk = new SmallDisk(Infinity);
    const folder = temporaryFolder();
    const rig = rigOn(folder, disk);
    rig.put(10);
    expect(rig.journal.prepare()).toBe(false);
    expect(statSync(join(folder, segmentName(1))).size).toBe(endOf(10));
    await rig.writer.close(0);
  });
});
