import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError, UsageError } from '../../src/core/numbers/errors.js';
import { backupsIn, createBackup, pruneBackups, restoreBackup, verifyBackup } from '../../src/storage/backup.js';
import { opened, sealed } from '../../src/storage/backup-cipher.js';
import { compact } from '../../src/storage/compact.js';
import { DataDir } from '../../src/storage/data-dir.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import { recover } from '../../src/storage/recover.js';
import { differences, digestOf } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { times } from '../support/torture.js';
import { quickDisk, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';
import { feed, INSTRUMENTS, journalOf, trade } from './story.js';

afterEach(removeTemporaryFolders);

const CHEAP = { n: 2 ** 10, r: 8, p: 1 };
const WORD = 'correct horse battery';
const TABLES = tablesOf(99, INSTRUMENTS, ['grid-1', 'arb-1']);
const MINUTE_US = 60_000_000;

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part);
}

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function runFileIn(data: string): DataDir {
  const identity = { mode: 'sim', seed: 1, recording: '' };
  return new DataDir({ path: data, identity, version: '0.1.0', configHash: 'c', pid: process.pid, wallUs: 1, freshTag: 'test1' });
}

describe('a sealed stream', () => {
  it('opens to the bytes that went in, whatever their number', async () => {
    for (const size of [0, 1, 1_048_575, 1_048_576, 1_048_577, 3_000_000]) {
      const plain = Buffer.alloc(size, 7);
      if (size > 0) plain[size - 1] = size & 255;
      const text = await whole(sealed(pieces(plain.subarray(0, size >> 1), plain.subarray(size >> 1)), WORD, CHEAP));
      expect(Buffer.compare(await whole(opened(pieces(text), WORD)), plain)).toBe(0);
      if (size > 20) expect(text.includes(plain.subarray(0, 20))).toBe(false);
    }
  });

  it('is refused with another passphrase, a changed byte, a cut end, chunks dropped or swapped', async () => {
    const text = await whole(sealed(pieces(Buffer.alloc(2_500_000, 1)), WORD, CHEAP));
    await expect(whole(opened(pieces(text), 'another passphrase'))).rejects.toMatchObject({ code: 'BACKUP_LOCKED' });
    for (let at = 0; at < text.length; at += 130_003) {
      const changed = Buffer.from(text);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(whole(opened(pieces(changed), WORD)), `byte ${at}`).rejects.toBeInstanceOf(EngineError);
    }
    for (const end of [5, 60, text.length - 1, text.length - 16, text.length - 451_000]) {
      await expect(whole(opened(pieces(text.subarray(0, end)), WORD)), `cut at ${end}`).rejects.toBeInstanceOf(EngineError);
    }
    const header = 12 + text.readUInt32LE(8);
    const chunk = 4 + (1 << 20) + 16;
    const [head, first, second, last] = [
      text.subarray(0, header),
      text.subarray(header, header + chunk),
      text.subarray(header + chunk, header + 2 * chunk),
      text.subarray(header + 2 * chunk),
    ];
    await expect(whole(opened(pieces(head, second, first, last), WORD))).rejects.toMatchObject({ code: 'BACKUP_LOCKED' });
    await expect(whole(opened(pieces(head, first, last), WORD))).rejects.toMatchObject({ code: 'BACKUP_LOCKED' });
    await expect(whole(opened(pieces(text, Buffer.from('more')), WORD))).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    await expect(whole(sealed(pieces(), 'short', CHEAP))).rejects.toMatchObject({ code: 'PASSPHRASE_TOO_SHORT' });
  });
});

describe('a backup', () => {
  it('taken while an engine journals is a cut at one place: restored it recovers to exactly what the journal said up to there', async () => {
    const data = temporaryFolder();
    const folder = join(data, 'journal');
    const dir = runFileIn(data);
    const run = startRun(folder, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']), 5_000);
    const backups = temporaryFolder();
    for (let round = 0; round < times(4, 20); round++) {
      trade(run, 15, round + 1);
      const making = createBackup({ data, passphrase: WORD, folder: backups, wallUs: round * MINUTE_US, cost: CHEAP });
      // The engine does not wait.
      trade(run, 25, round + 100);
      const { path, manifest } = await making;
      const into = join(temporaryFolder(), 'new');
      expect(await restoreBackup(path, WORD, into)).toEqual(manifest);
      const found = recover({ folder: join(into, 'journal'), tables: TABLES });
      expect(found.notes).toEqual([]);
      expect(found.end).toEqual(manifest.cut);
      const until = new OverlayStore();
      await new StoreFeed({ store: until, journal: { folder, position: manifest.cut, durable: manifest.cut } }).catchUp();
      expect(found.fills.length).toBe((await digestOf(until)).fills.count);
      expect(found.levels.length).toBe((await digestOf(until)).levels.count);
    }
    await run.end();
    dir.close(2);
  });

  it('of a compacted directory brings the history with it: levels, orders, ledger, documents, and the directory goes on', async () => {
    const { data, folder } = await journalOf(2, 80, 5_000);
    const dir = runFileIn(data);
    const store = new LmdbStore(join(data, LMDB_NAME));
    const turn = async (): Promise<void> => {
      await feed(store, folder);
      compact({ folder, stores: [await store.position()], keepSegments: 1, checkpointEvery: 1, disk: quickDisk });
    };
    await turn();
    await startRun(folder, tablesOf(3, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    await turn();
    const last = startRun(folder, tablesOf(4, INSTRUMENTS, ['grid-1', 'arb-1']), 5_000);
    trade(last, 30, 9);
    await last.end();
    mkdirSync(join(data, 'venues'));
    writeFileSync(join(data, 'venues', 'state.json'), '{"a":1}');
    const made = await createBackup({
      data,
      passphrase: WORD,
      folder: temporaryFolder(),
      wallUs: 5,
      cost: CHEAP,
      others: ['venues/state.json', 'venues/gone.json'],
    });
    expect(Object.keys(made.manifest.files).filter((name) => name.endsWith('.thorj')).length).toBeLessThan(readdirSync(folder).length);
    const into = join(temporaryFolder(), 'deep', 'new');
    await restoreBackup(made.path, WORD, into);
    expect(readFileSync(join(into, 'venues', 'state.json'), 'utf8')).toBe('{"a":1}');
    const [one, two] = [recover({ folder, tables: TABLES }), recover({ folder: join(into, 'journal'), tables: TABLES })];
    expect(two).toEqual(one);
    const copy = new LmdbStore(join(into, LMDB_NAME));
    await feed(copy, join(into, 'journal'));
    await feed(store, folder);
    expect(differences({ name: 'old', digest: await digestOf(store) }, { name: 'new', digest: await digestOf(copy) })).toEqual([]);
    // The restored directory is one whose engine crashed at the cut; its run.json names no process and no addresses.
    expect(JSON.parse(readFileSync(join(into, 'run.json'), 'utf8'))).toMatchObject({ tag: 'test1', mode: 'sim', pid: 0, isStopped: false });
    runFileIn(into).close(3);
    await startRun(join(into, 'journal'), tablesOf(5, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    await copy.close();
    await store.close();
    dir.close(4);
  });

  it('is verified by being used, and a damaged one is said to be so and leaves nothing behind', async () => {
    const { data } = await journalOf(1, 30);
    runFileIn(data).close(2);
    const { path, manifest } = await createBackup({ data, passphrase: WORD, folder: temporaryFolder(), wallUs: 5, cost: CHEAP });
    const scratch = join(temporaryFolder(), 'scratch');
    const verified = await verifyBackup(path, WORD, scratch);
    expect(verified.manifest).toEqual(manifest);
    expect(verified.records).toBeGreaterThan(100);
    expect(existsSync(scratch)).toBe(false);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(verifyBackup(path, WORD, scratch)).rejects.toMatchObject({ code: 'BACKUP_LOCKED' });
    const into = join(temporaryFolder(), 'into');
    await expect(restoreBackup(path, WORD, into)).rejects.toMatchObject({ code: 'BACKUP_LOCKED' });
    expect(existsSync(into)).toBe(false);
    await expect(restoreBackup(path, WORD, data)).rejects.toThrow(UsageError);
  });

  it('is kept as often as configured, the newest, and others are left alone', async () => {
    const { data } = await journalOf(1, 3);
    runFileIn(data).close(2);
    const folder = temporaryFolder();
    for (let hour = 0; hour < 5; hour++) await createBackup({ data, passphrase: WORD, folder, wallUs: hour * 60 * MINUTE_US, cost: CHEAP });
    writeFileSync(join(folder, 'thor-other-19700101T000000Z-1-32.thorbackup'), '');
    expect(pruneBackups(folder, 'test1', 2).length).toBe(3);
    expect(backupsIn(folder, 'test1').map((name) => name.slice(0, 27))).toEqual([
      'thor-test1-19700101T030000Z',
      'thor-test1-19700101T040000Z',
    ]);
    expect(readdirSync(folder).length).toBe(3);
    await expect(createBackup({ data: folder, passphrase: WORD, folder, wallUs: 1 })).rejects.toThrow(/not a data directory/);
  });
});
