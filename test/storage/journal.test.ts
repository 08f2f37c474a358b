import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { nodeDisk } from '../../src/storage/disk.js';
import { JournalReader, readJournal } from '../../src/storage/journal-reader.js';
import { repairJournal } from '../../src/storage/journal-repair.js';
import { blockOf, ColdKind, crcWords, HEADER_BYTES, HOT_FRAME_BYTES, segmentName, writeHeader } from '../../src/storage/segment.js';
import {
  idsOf,
  journalIn,
  memory,
  push,
  quickDisk,
  readBack,
  removeTemporaryFolders,
  temporaryFolder,
  writerOn,
} from './journal-fixture.js';

afterEach(removeTemporaryFolders);

/** A journal of one segment with `count` records, order ids 1 to count. */
async function written(count: number, segmentBytes?: number): Promise<string> {
  const folder = temporaryFolder();
  const m = memory(1, 1024);
  const writer = writerOn(m, journalIn(folder, segmentBytes === undefined ? {} : { segmentBytes }));
  for (let id = 1; id <= count; id++) {
    push(m, 0, id);
    if (id % 7 === 0) writer.step(id, 64);
  }
  await writer.close(count);
  return folder;
}

const segments = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.thorj'));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('journal', () => {
  it('has the checksum that zlib has', () => {
    const block = blockOf(64);
    for (let i = 0; i < 64; i++) block.u8[i] = (i * 37) & 255;
    for (const seed of [0, 1, 0xdeadbeef]) expect(crcWords(block.i32, 0, 16, seed) >>> 0).toBe(crc32(block.u8, seed));
  });

  it('gives back what was appended, in order, with producer and count', async () => {
    const found = readBack(await written(20));
    expect(found.hot).toEqual(range(1, 20).map((id) => ({ orderId: id, price: id * 3 + 1, producer: 0, seq: id })));
    expect(found.damage).toEqual([]);
  });

  it('begins a new segment at every start and when one has its size, and reads across them', async () => {
    const folder = await written(100, 10 * HOT_FRAME_BYTES);
    expect(segments(folder).length).toBeGreaterThan(4);
    const before = segments(folder).length;
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder));
    push(m, 0, 101);
    await writer.close(0);
    expect(segments(folder).length).toBe(before + 1);
    expect(idsOf(readBack(folder))).toEqual(range(1, 101));
  });

  it('keeps objects of any size between the records', async () => {
    const folder = temporaryFolder();
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder));
    const large = { text: 'x'.repeat(3_000_000), list: [1, 2, { three: null }] };
    writer.appendCold(ColdKind.NOTE, large);
    push(m, 0, 1);
    writer.step(0, 64);
    writer.appendCold(ColdKind.NOTE, 'short');
    await writer.close(0);
    const found = readBack(folder);
    expect(found.cold).toEqual([
      { kind: ColdKind.NOTE, value: large },
      { kind: ColdKind.NOTE, value: 'short' },
    ]);
    expect(idsOf(found)).toEqual([1]);
  });

  it('G2: cuts a tail that is torn at any byte of the last three frames, keeps it aside, and reads the rest', async () => {
    const whole = await written(10);
    const name = segmentName(1);
    const bytes = readFileSync(join(whole, name)).length;
    expect(bytes).toBe(HEADER_BYTES + 10 * HOT_FRAME_BYTES);
    for (let cut = bytes - 3 * HOT_FRAME_BYTES; cut < bytes; cut++) {
      const folder = join(whole, `cut-${cut}`);
      mkdirSync(folder);
      copyFileSync(join(whole, name), join(folder, name));
      truncateSync(join(folder, name), cut);
      const records = Math.floor((cut - HEADER_BYTES) / HOT_FRAME_BYTES);
      const first = readBack(folder);
      expect(idsOf(first)).toEqual(range(1, records));
      const torn = cut - HEADER_BYTES - records * HOT_FRAME_BYTES;
      expect(first.damage.map(({ kind, to, from }) => [kind, to - from])).toEqual(torn === 0 ? [] : [['tail', torn]]);
      const notes = repairJournal(folder, quickDisk, first.damage);
      expect(notes.length).toBe(torn === 0 ? 0 : 1);
      if (torn > 0) expect(readFileSync(join(folder, `00000001-${cut - torn}.torn`)).length).toBe(torn);
      const second = readBack(folder);
      expect(second.damage).toEqual([]);
      expect(idsOf(second)).toEqual(range(1, records));
    }
  });

  it('G2: never misreads a flipped bit: every record but the damaged one is read, the hole is put aside once', async () => {
    const whole = await written(40);
    const name = segmentName(1);
    const original = readFileSync(join(whole, name));
    const random = seeded(11);
    for (let round = 0; round < 200; round++) {
      const folder = join(whole, `flip-${round}`);
      mkdirSync(folder);
      const damaged = Buffer.from(original);
      const bit = Math.floor(random() * damaged.length * 8);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(join(folder, name), damaged);
      const found = readBack(folder);
      const hit = bit >> 3 < HEADER_BYTES ? -1 : Math.floor(((bit >> 3) - HEADER_BYTES) / HOT_FRAME_BYTES) + 1;
      expect(idsOf(found)).toEqual(range(1, 40).filter((id) => id !== hit));
      // The four spare bytes of the header are the only ones that nothing looks at.
      const isSpare = hit < 0 && bit >> 3 >= 28;
      expect(found.damage.map(({ kind }) => kind)).toEqual(isSpare ? [] : [hit < 0 ? 'header' : hit === 40 ? 'tail' : 'hole']);
      const notes = repairJournal(folder, quickDisk, found.damage);
      expect(notes.length).toBe(isSpare ? 0 : 1);
      const again = readBack(folder);
      expect(idsOf(again)).toEqual(idsOf(found));
      expect(repairJournal(folder, quickDisk, again.damage)).toEqual([]);
    }
  });

  it('G2: does not take a frame that stands at another place than it was written for', async () => {
    const folder = await written(12);
    const path = join(folder, segmentName(1));
    const bytes = readFileSync(path);
    // Record 9 is written over record 3, as a disk that lost its way would do.
    bytes.copy(bytes, HEADER_BYTES + 2 * HOT_FRAME_BYTES, HEADER_BYTES + 8 * HOT_FRAME_BYTES, HEADER_BYTES + 9 * HOT_FRAME_BYTES);
    writeFileSync(path, bytes);
    expect(idsOf(readBack(folder))).toEqual(range(1, 12).filter((id) => id !== 3));
  });

  it('says which segment is missing, and reads the others', async () => {
    const folder = await written(60, 20 * HOT_FRAME_BYTES);
    nodeDisk.remove(join(folder, segmentName(2)));
    const found = readBack(folder);
    expect(found.damage).toEqual([{ kind: 'missing', segment: 2, from: 0, to: 0 }]);
    expect(repairJournal(folder, quickDisk, found.damage)[0]).toContain('00000002.thorj is missing');
  });

  it('G6: refuses a journal of another version by name, and does not touch it', async () => {
    const folder = await written(3);
    const path = join(folder, segmentName(1));
    const bytes = readFileSync(path);
    const header = blockOf(HEADER_BYTES);
    writeHeader(header, 1, 0);
    header.u32[2] = 2;
    header.i32[6] = crcWords(header.i32, 0, 6, 0);
    bytes.set(header.u8, 0);
    writeFileSync(path, bytes);
    expect(() => readBack(folder)).toThrow(UsageError);
    expect(() => readBack(folder)).toThrow(/00000001\.thorj has journal format 2; this Thor reads format 1/);
    expect(readFileSync(path)).toEqual(bytes);
  });

  it('follows a journal that is being written, from any position, without reading anything twice', async () => {
    const folder = temporaryFolder();
    const m = memory(1);
    const writer = writerOn(m, journalIn(folder, { segmentBytes: 8 * HOT_FRAME_BYTES }));
    const seen: number[] = [];
    const visitor = { onHot: (block: { f64: Float64Array }, at: number) => void seen.push(block.f64[(at + 16) >> 3] ?? NaN) };
    let reader = new JournalReader({ folder });
    for (let id = 1; id <= 100; id++) {
      push(m, 0, id);
      writer.step(id, 64);
      if (id % 3 === 0) while (reader.read(visitor, 2) > 0);
      if (id % 10 === 0) {
        const from = reader.position;
        reader.close();
        reader = new JournalReader({ folder, from });
      }
    }
    while (reader.read(visitor, 1000) > 0);
    reader.close();
    await writer.close(0);
    expect(seen).toEqual(range(1, 100));
  });

  it('reads an empty folder, a missing folder and a segment that was being made', () => {
    const folder = temporaryFolder();
    expect(readJournal({ folder: join(folder, 'none') }, {})).toEqual({ segment: 0, offset: 0 });
    writeFileSync(join(folder, segmentName(1)), Buffer.alloc(5));
    const found = readBack(folder);
    expect(found.hot).toEqual([]);
    expect(found.damage.length).toBe(1);
  });
});
