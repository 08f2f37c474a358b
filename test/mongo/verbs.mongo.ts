/** Rebuild, compare, export: MongoDB and the embedded store made from one journal, and from each other where the journal begins late. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compact } from '../../src/storage/compact.js';
import { runExport } from '../../src/storage/export.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { MongoStore } from '../../src/storage/mongo.js';
import { checkStores, rebuildStore, syncStore } from '../../src/storage/store-tools.js';
import { quickDisk, removeTemporaryFolders } from '../storage/journal-fixture.js';
import { startRun, tablesOf } from '../storage/run-fixture.js';
import { haveMongo, ReplicaSet } from './mongod.js';
import { INSTRUMENTS, journalOf, trade } from '../storage/story.js';

const isHere = haveMongo();
let set: ReplicaSet;
let tags = 0;
const stores: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  if (isHere) set = await ReplicaSet.start(1);
});
afterAll(async () => {
  if (isHere) await set.remove();
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  removeTemporaryFolders();
});

function both(data: string): { lmdb: LmdbStore; mongo: MongoStore } {
  const lmdb = new LmdbStore(join(data, LMDB_NAME));
  const mongo = new MongoStore({ url: set.url, tag: `v${++tags}` });
  stores.push(lmdb, mongo);
  return { lmdb, mongo };
}

describe.skipIf(!isHere)('G3: two stores of one journal', () => {
  it('are synced and compared with the journal itself, and a difference is found and named', async () => {
    const { data, folder } = await journalOf(2, 200);
    const { lmdb, mongo } = both(data);
    expect(await syncStore({ folder, store: lmdb })).toBe(await syncStore({ folder, store: mongo }));
    const pair = [
      { name: 'lmdb', reader: lmdb },
      { name: 'mongo', reader: mongo },
    ];
    expect((await checkStores(folder, pair)).differences).toEqual([]);
    expect((await checkStores(folder, pair)).stores.map(({ name }) => name)).toEqual(['lmdb', 'mongo', 'journal']);
    const [order] = [...lmdb.allOrders()];
    if (order === undefined) throw new Error('no order');
    const position = await lmdb.position();
    if (position === null) throw new Error('no position');
    const nothing = { fills: [], levels: [], audit: [], runs: [], positions: [], parameters: [] };
    await lmdb.write({ ...nothing, orders: [{ ...order, filled: '99' }], position });
    const found = (await checkStores(folder, pair)).differences;
    expect(found.length).toBe(2);
    expect(found[0]).toMatch(/^orders: 400 in both, but not the same ones/);
    await rebuildStore({ folder, store: lmdb });
    expect((await checkStores(folder, pair)).differences).toEqual([]);
  });

  it('give the same export, row for row', async () => {
    const { data, folder } = await journalOf(1, 120);
    const { lmdb, mongo } = both(data);
    await syncStore({ folder, store: lmdb });
    await syncStore({ folder, store: mongo });
    for (const kind of ['orders', 'fills', 'levels', 'ledger'] as const) {
      const texts: string[] = [];
      for (const options of [
        { kind, data },
        { kind, data, store: new MongoStore({ url: set.url, tag: `v${tags}` }) },
      ]) {
        let text = '';
        await runExport(options, (lines) => void (text += lines));
        texts.push(text);
      }
      expect(texts[0]?.length).toBeGreaterThan(1000);
      expect(texts[1]).toBe(texts[0]);
    }
  });

  it('are made again from each other, history included, when the journal was compacted', async () => {
    const { data, folder } = await journalOf(2, 100, 6000);
    const { lmdb, mongo } = both(data);
    const turn = async (): Promise<void> => {
      await syncStore({ folder, store: lmdb });
      await syncStore({ folder, store: mongo });
      compact({ folder, stores: [await lmdb.position(), await mongo.position()], keepSegments: 1, checkpointEvery: 1, disk: quickDisk });
    };
    await turn();
    for (const run of [3, 4]) {
      const more = startRun(folder, tablesOf(run, INSTRUMENTS, ['grid-1', 'arb-1']), 6000);
      trade(more, 30, run);
      await more.end();
      await turn();
    }
    const pair = [
      { name: 'lmdb', reader: lmdb },
      { name: 'mongo', reader: mongo },
    ];
    const before = await checkStores(folder, pair);
    expect(before.notes).toEqual([expect.stringContaining('the journal begins with segment')]);
    expect(before.differences).toEqual([]);
    for (const [store, elder] of [
      [mongo, lmdb],
      [lmdb, mongo],
    ] as const) {
      await rebuildStore({ folder, store, elder });
      expect((await checkStores(folder, pair)).stores).toEqual(before.stores);
    }
  });
});
