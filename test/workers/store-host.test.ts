/** The verb `store` on a real data directory: what it says and its exit codes. */
import { existsSync, readdirSync, rmSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { DataDir } from '../../src/storage/data-dir.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { runStoreVerb } from '../../src/workers/store-host.js';
import { removeTemporaryFolders } from '../storage/journal-fixture.js';
import { journalOf } from '../storage/story.js';

afterEach(() => {
  vi.restoreAllMocks();
  removeTemporaryFolders();
});

async function directory(runs = 2, segmentBytes?: number): Promise<{ data: string; dir: DataDir }> {
  const { data } = await journalOf(runs, 40, segmentBytes);
  const dir = new DataDir({
    path: data,
    identity: { mode: 'sim', seed: 1, recording: '' },
    version: '0.1.0',
    configHash: 'c',
    pid: process.pid,
    wallUs: 1,
    freshTag: 'test1',
  });
  return { data, dir };
}

async function run(action: string, which: string | undefined, data: string): Promise<{ code: number; lines: unknown[] }> {
  const lines: unknown[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(JSON.parse(String(text)));
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const code = await runStoreVerb(action, which, { data, json: true });
  vi.restoreAllMocks();
  return { code, lines };
}

describe('the verb store', () => {
  it('brings a store up, finds it equal to the journal, and finds a document that was changed behind its back', async () => {
    const { data, dir } = await directory();
    dir.close(2);
    expect(await run('sync', undefined, data)).toMatchObject({ code: 0, lines: [{ store: 'lmdb', records: expect.any(Number) }] });
    expect(await run('check', undefined, data)).toMatchObject({ code: 0, lines: [{ differences: [] }] });
    const store = new LmdbStore(join(data, LMDB_NAME));
    const [order] = [...store.allOrders()];
    const position = await store.position();
    if (order === undefined || position === null) throw new Error('nothing was stored');
    await store.write({
      orders: [{ ...order, price: '1' }],
      fills: [],
      levels: [],
      audit: [],
      runs: [],
      positions: [],
      parameters: [],
      position,
    });
    await store.close();
    rmSync(join(data, `${LMDB_NAME}.seal`));
    expect(await run('check', undefined, data)).toMatchObject({ code: 1, lines: [{ differences: [expect.stringContaining('orders: ')] }] });
    expect(await run('rebuild', 'lmdb', data)).toMatchObject({ code: 0 });
    expect(await run('check', undefined, data)).toMatchObject({ code: 0 });
  });

  it('leaves a directory alone that an engine has, except to look and to compact', async () => {
    const { data, dir } = await directory();
    await expect(runStoreVerb('sync', undefined, { data })).rejects.toThrow(/in use by the engine with pid/);
    expect((await run('check', undefined, data)).code).toBe(0);
    dir.close(2);
  });

  it('compacts only what the store has, and says when a file cannot be trusted', async () => {
    const { data, dir } = await directory(3, 4000);
    dir.close(2);
    const config = join(data, 'thor.yaml');
    writeFileSync(
      config,
      "venues: [{ id: binance-spot }]\nstrategies: [{ name: g, kind: grid, instruments: ['binance-spot:BTCUSDT'] }]\nstorage: { keepSegments: 1 }\n",
    );
    const compacted = async (): Promise<unknown> => {
      const lines: unknown[] = [];
      vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(JSON.parse(String(text))) > 0);
      vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
      await runStoreVerb('compact', undefined, { data, json: true, config });
      vi.restoreAllMocks();
      return lines[0];
    };
    // Without a store nothing goes.
    expect(await compacted()).toMatchObject({ checkpoint: expect.any(Number), removed: [] });
    await run('sync', undefined, data);
    const before = readdirSync(join(data, 'journal')).length;
    truncateSync(join(data, LMDB_NAME), statSync(join(data, LMDB_NAME)).size - 4096);
    expect(await compacted()).toMatchObject({ removed: [] });
    expect(readdirSync(join(data, 'journal')).length).toBe(before);
    expect(existsSync(join(data, LMDB_NAME))).toBe(true);
  });

  it('looks at the store that is named, and refuses to call one the same that is not configured', async () => {
    const { data, dir } = await directory();
    dir.close(2);
    await run('sync', undefined, data);
    await expect(run('check', 'mongo', data)).rejects.toThrow('store check mongo: the configuration names no storage.mongo.url');
    await expect(run('compact', 'mongo', data)).rejects.toThrow('store compact mongo: the configuration names no storage.mongo.url');
    expect(await run('check', 'lmdb', data)).toMatchObject({ code: 0, lines: [{ stores: [{ name: 'lmdb' }, { name: 'journal' }] }] });
  });

  it('names the nearest word for one that it does not know', async () => {
    await expect(runStoreVerb('chekc', undefined, { data: '/nowhere' })).rejects.toThrow(/check/);
    await expect(runStoreVerb('check', undefined, { data: '/nowhere' })).rejects.toThrow(UsageError);
  });
});
