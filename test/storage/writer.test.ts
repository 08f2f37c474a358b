import { afterEach, describe, expect, it } from 'vitest';
import { CounterBlock, WRITER_COUNTERS } from '../../src/core/memory/counters.js';
import { REC_ORDER_ID, RecordKind } from '../../src/core/memory/record.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { ColdKind, HOT_FRAME_BYTES } from '../../src/storage/segment.js';
import {
  blockedOf,
  durableOf,
  idsOf,
  journalIn,
  memory,
  push,
  readBack,
  removeTemporaryFolders,
  ringOf,
  SmallDisk,
  temporaryFolder,
  writerOn,
  writtenOf,
} from './journal-fixture.js';

afterEach(removeTemporaryFolders);

const finishSyncs = (disk: SmallDisk, error: Error | null = null): void => {
  for (const done of disk.pendingSyncs.splice(0)) done(error);
};

describe('writer', () => {
  it('G1: moves the written cursor of each producer with the group, and the durable cursor with the sync', async () => {
    const folder = temporaryFolder();
    const disk = new SmallDisk(Infinity);
    disk.holdSyncs = true;
    const m = memory(2);
    const writer = writerOn(m, journalIn(folder, { disk }), { durability: 'each' });
    push(m, 0, 1);
    push(m, 0, 2);
    push(m, 1, 3);
    expect(writtenOf(m)).toBe(0);
    expect(writer.step(1, 64)).toBe(3);
    expect([writtenOf(m, 0), writtenOf(m, 1), durableOf(m, 0), durableOf(m, 1)]).toEqual([2, 1, 0, 0]);
    // Written while the sync is under way: not covered by it.
    push(m, 0, 4);
    writer.step(2, 64);
    expect(writtenOf(m)).toBe(3);
    disk.pendingSyncs.splice(0, 1)[0]?.(null);
    expect([durableOf(m, 0), durableOf(m, 1)]).toEqual([2, 1]);
    finishSyncs(disk);
    expect(durableOf(m, 0)).toBe(3);
    await writer.close(3);
    expect(idsOf(readBack(folder))).toEqual([1, 2, 3, 4]);
  });

  it('lets what waits for the write leave before it tells its sinks', async () => {
    const m = memory(1);
    const seen: string[] = [];
    const writer = writerOn(m, journalIn(temporaryFolder()), {
      durability: 'interval',
      onWritten: () => void seen.push(`written ${writtenOf(m)}`),
    });
    writer.addSink({ name: 'page', onRecord: () => void seen.push('told'), onBatchEnd: () => void seen.push('end') });
    push(m, 0, 1);
    push(m, 0, 2);
    writer.step(1, 64);
    expect(seen).toEqual(['written 2', 'told', 'told', 'end']);
    await writer.close(2);
  });

  it('syncs every interval, not every group, under `interval`', async () => {
    const disk = new SmallDisk(Infinity);
    disk.holdSyncs = true;
    const m = memory(1);
    const writer = writerOn(m, journalIn(temporaryFolder(), { disk }), { durability: 'interval', syncEveryUs: 1000 });
    for (let us = 1; us < 1000; us += 100) {
      push(m, 0, us);
      writer.step(us, 64);
    }
    expect(disk.pendingSyncs.length).toBe(0);
    writer.step(1000, 64);
    expect(disk.pendingSyncs.length).toBe(1);
    finishSyncs(disk);
    expect(durableOf(m)).toBe(10);
    await writer.close(0);
  });

  it('counts cursors modulo 2^32', async () => {
    const m = memory(1);
    // Rings that have already carried 2^32 - 2 records.
    Atomics.store(m.views.i32, m.plan.journals >> 2, -2);
    Atomics.store(m.views.i32, (m.plan.journals + 128) >> 2, -2);
    const late = { ...m, rings: [ringOf(m.plan, m.views, 0)] };
    const folder = temporaryFolder();
    const writer = writerOn(late, journalIn(folder), { durability: 'each' });
    const seqs = [1, 2, 3].map((id) => push(late, 0, id));
    expect(seqs).toEqual([4294967295, 0, 1]);
    writer.step(0, 64);
    expect(writtenOf(late)).toBe(1);
    await writer.close(0);
    expect(durableOf(late)).toBe(1);
    expect(readBack(folder).hot.map(({ seq }) => seq)).toEqual([4294967295, 0, 1]);
  });

  it('takes a bounded number from each ring in a turn, and each ring gets its turn', async () => {
    const m = memory(3);
    const folder = temporaryFolder();
    const writer = writerOn(m, journalIn(folder));
    for (let i = 0; i < 100; i++) for (let p = 0; p < 3; p++) push(m, p, p * 1000 + i);
    expect(writer.step(0, 10)).toBe(30);
    expect([0, 1, 2].map((p) => writtenOf(m, p))).toEqual([10, 10, 10]);
    await writer.close(0);
    expect(idsOf(readBack(folder)).length).toBe(300);
  });

  it('G1: tells sinks each record once, in journal order, after the written cursor, and takes off one that throws', async () => {
    const m = memory(1);
    const notices: string[] = [];
    const writer = writerOn(m, journalIn(temporaryFolder()), { onNotice: (text) => notices.push(text) });
    const seen: string[] = [];
    writer.addSink({
      name: 'bad',
      onRecord: () => {
        throw new Error('no');
      },
      onBatchEnd: () => undefined,
    });
    writer.addSink({
      name: 'good',
      onRecord: (_u8, f64, at) => seen.push(`${f64[(at + REC_ORDER_ID) >> 3]}@${writtenOf(m)}`),
      onCold: (kind) => seen.push(`cold${kind}`),
      onBatchEnd: () => seen.push('end'),
    });
    push(m, 0, 1);
    push(m, 0, 2);
    writer.step(0, 64);
    writer.appendCold(ColdKind.NOTE, 'n');
    push(m, 0, 3);
    writer.step(0, 64);
    expect(seen).toEqual(['1@2', '2@2', 'end', 'cold3', '3@3', 'end']);
    expect(notices).toEqual(['journal sink bad was taken off: no']);
    await writer.close(0);
  });

  it('goes on after short writes', async () => {
    const disk = new SmallDisk(Infinity);
    disk.mostPerWrite = 100;
    const folder = temporaryFolder();
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder, { disk }));
    for (let id = 1; id <= 50; id++) push(m, 0, id);
    expect(writer.step(0, 64)).toBe(50);
    await writer.close(0);
    expect(idsOf(readBack(folder)).length).toBe(50);
  });

  it('G1: on a full disk blocks new orders, journals from the reserve, loses nothing, and unblocks when there is space', async () => {
    const reserveBytes = 4 * HOT_FRAME_BYTES;
    const disk = new SmallDisk(32 + 10 * HOT_FRAME_BYTES + reserveBytes);
    const folder = temporaryFolder();
    const m = memory(1);
    const notices: string[] = [];
    const writer = writerOn(m, journalIn(folder, { disk, reserveBytes }), { onNotice: (text) => notices.push(text) });
    for (let id = 1; id <= 10; id++) push(m, 0, id);
    writer.step(0, 64);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.NONE, 10]);
    push(m, 0, 11, RecordKind.CANCEL);
    push(m, 0, 12, RecordKind.CANCEL);
    writer.step(10, 64);
    // The cancels are written, so their gateway may send them; creates are blocked.
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.DISK_FULL, 12]);
    // The reserve is used up in the middle of a group: it is kept, and no cursor moves.
    for (let id = 13; id <= 20; id++) push(m, 0, id, RecordKind.CANCEL);
    expect(writer.step(20_000, 64)).toBe(0);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.DISK_FULL, 12]);
    push(m, 0, 21, RecordKind.CANCEL);
    disk.roomBytes += 100 * HOT_FRAME_BYTES;
    for (let us = 40_000; us < 3_000_000; us += 500_000) writer.step(us, 64);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.NONE, 21]);
    await writer.close(4_000_000);
    expect(idsOf(readBack(folder))).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    expect(notices).toEqual([expect.stringContaining('disk is full'), expect.stringContaining('space again')]);
    expect(new CounterBlock(m.views, m.plan.writerCounters, WRITER_COUNTERS).get('diskFull')).toBe(1);
  });

  it('says so when there is no room to begin, and begins without a reserve when there is little', async () => {
    expect(() => journalIn(temporaryFolder(), { disk: new SmallDisk(10) })).toThrow(/JOURNAL_NOT_WRITABLE .*no space left/);
    const m = memory(1);
    const disk = new SmallDisk(1000);
    const writer = writerOn(m, journalIn(temporaryFolder(), { disk }));
    expect(blockedOf(m)).toBe(Reason.DISK_FULL);
    push(m, 0, 1, RecordKind.CANCEL);
    expect(writer.step(0, 64)).toBe(1);
    disk.roomBytes = Infinity;
    writer.step(2_000_000, 64);
    expect(blockedOf(m)).toBe(Reason.NONE);
    await writer.close(0);
  });

  it('on a full disk at the turn to a new segment keeps the records in their rings until there is space', async () => {
    const reserveBytes = 8;
    const disk = new SmallDisk(32 + 4 * HOT_FRAME_BYTES + reserveBytes);
    const folder = temporaryFolder();
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder, { disk, reserveBytes, segmentBytes: 4 * HOT_FRAME_BYTES }));
    for (let id = 1; id <= 4; id++) push(m, 0, id);
    writer.step(0, 64);
    push(m, 0, 5);
    expect(writer.step(10, 64)).toBe(0);
    expect([blockedOf(m), writtenOf(m), m.rings[0]?.waiting()]).toEqual([Reason.DISK_FULL, 4, 1]);
    disk.roomBytes = Infinity;
    expect(writer.step(2_000_000, 64)).toBe(1);
    expect([blockedOf(m), writtenOf(m)]).toEqual([Reason.NONE, 5]);
    await writer.close(0);
    expect(idsOf(readBack(folder))).toEqual([1, 2, 3, 4, 5]);
  });

  it('after a failed sync stops new orders for good and lets cancels go', async () => {
    const disk = new SmallDisk(Infinity);
    disk.holdSyncs = true;
    const m = memory(1);
    const writer = writerOn(m, journalIn(temporaryFolder(), { disk }), { durability: 'each' });
    push(m, 0, 1);
    writer.step(0, 64);
    finishSyncs(disk, new Error('EIO'));
    expect(blockedOf(m)).toBe(Reason.JOURNAL_FAILED);
    push(m, 0, 2, RecordKind.CANCEL);
    writer.step(1, 64);
    expect(durableOf(m)).toBe(2);
    finishSyncs(disk);
    expect(blockedOf(m)).toBe(Reason.JOURNAL_FAILED);
    await writer.close(2);
  });

  it('keeps the batch when the device fails, and writes it once it answers', async () => {
    const disk = new SmallDisk(Infinity);
    const folder = temporaryFolder();
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder, { disk }));
    push(m, 0, 1);
    disk.failWrites = true;
    expect(writer.step(0, 64)).toBe(0);
    expect([writtenOf(m), blockedOf(m)]).toEqual([0, Reason.JOURNAL_FAILED]);
    disk.failWrites = false;
    writer.step(1_000_000, 64);
    expect(writtenOf(m)).toBe(1);
    await writer.close(0);
    expect(idsOf(readBack(folder))).toEqual([1]);
  });
});
