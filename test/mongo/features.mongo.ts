/** G3: what the MongoDB store holds and how, against a real server: a set of one member, or the one that THOR_TEST_MONGODB_URL names. */
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/core/numbers/errors.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { MongoStore } from '../../src/storage/mongo.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import { differences, digestOf } from '../../src/storage/store-compare.js';
import { removeTemporaryFolders, temporaryFolder } from '../storage/journal-fixture.js';
import { emptyBatch } from '../storage/run-fixture.js';
import { GIVEN_URL, haveMongo, ReplicaSet } from './mongod.js';
import { feed, journalOf } from '../storage/story.js';

const isHere = haveMongo({ given: true });
const DATABASE = `thor_test_${process.pid}`;
let set: ReplicaSet | null = null;
let url = '';
let client: MongoClient;
const stores: MongoStore[] = [];

beforeAll(async () => {
  if (!isHere) return;
  set = GIVEN_URL === null ? await ReplicaSet.start(1) : null;
  const base = new URL((GIVEN_URL ?? set?.url ?? '').replace(/^mongodb(\+srv)?:/, 'http$1:').replace('http+srv', 'https'));
  url = (GIVEN_URL ?? set?.url ?? '').replace(base.pathname, `/${DATABASE}`);
  client = new MongoClient(url);
});

afterAll(async () => {
  if (!isHere) return;
  await client.db(DATABASE).dropDatabase();
  await client.close();
  await set?.remove();
});

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  removeTemporaryFolders();
});

let tags = 0;
function storeOf(options: Partial<ConstructorParameters<typeof MongoStore>[0]> = {}): MongoStore {
  const store = new MongoStore({ url, tag: `t${++tags}`, ...options });
  stores.push(store);
  return store;
}

const db = (): ReturnType<MongoClient['db']> => client.db(DATABASE);

async function all<T>(docs: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const doc of docs) list.push(doc);
  return list;
}

describe.skipIf(!isHere)('G3: MongoDB', () => {
  it('holds what the embedded store holds: counts and hashes equal, batch by batch and at once', async () => {
    const { data, folder } = await journalOf(3, 400);
    const lmdb = new LmdbStore(join(data, LMDB_NAME));
    const memory = new OverlayStore();
    const mongo = storeOf();
    for (const store of [lmdb, memory, mongo]) await feed(store, folder);
    const [one, two, three] = [await digestOf(lmdb), await digestOf(mongo), await digestOf(memory)];
    expect(differences({ name: 'lmdb', digest: one }, { name: 'mongo', digest: two })).toEqual([]);
    expect(two).toEqual(three);
    expect(one.orders.count).toBe(1200);
    expect(one.fills.count).toBeGreaterThan(1000);
    expect(one.ledger.count).toBeGreaterThan(3 * one.fills.count - 10);
    expect(one.positions.count).toBe(4);
    expect(await mongo.count('ledger')).toBe(one.ledger.count);
    expect(await mongo.position()).toEqual(await lmdb.position());
    await lmdb.close();
  });

  it('takes a batch twice, and an old batch after a newer one, without a change', async () => {
    const { folder } = await journalOf(1, 60);
    const mongo = storeOf();
    const batches: Parameters<MongoStore['write']>[0][] = [];
    const memory = new OverlayStore();
    const recorder = Object.assign(Object.create(memory) as OverlayStore, {
      position: () => memory.position(),
      runs: () => memory.runs(),
      orders: (ids: readonly number[]) => memory.orders(ids),
      positions: () => memory.positions(),
      write: (batch: Parameters<MongoStore['write']>[0]) => {
        batches.push(batch);
        return memory.write(batch);
      },
    });
    await feed(recorder, folder);
    // The same story in smaller batches, so that there are several.
    expect(batches.length).toBe(1);
    const { folder: second } = await journalOf(2, 60);
    await feed(mongo, second);
    const before = await digestOf(mongo);
    const position = await mongo.position();
    for (const batch of [...batches, ...batches]) await mongo.write(batch);
    expect(await digestOf(mongo)).toEqual(before);
    expect(await mongo.position()).toEqual(position);
  });

  it('keeps the documents of two data directories apart', async () => {
    const { folder } = await journalOf(1, 50);
    const [one, two] = [storeOf(), storeOf()];
    await feed(one, folder);
    expect(await two.position()).toBeNull();
    await feed(two, folder);
    await one.clear();
    expect(await one.count('orders')).toBe(0);
    expect(await two.count('orders')).toBe(50);
  });

  it('has indexes for the questions of page and export, none of them unique, so that orders and fills can be sharded by _id', async () => {
    await storeOf().position();
    for (const [name, filter, sort] of [
      ['orders', { tag: 't1' }, { orderId: 1 }],
      ['orders', { tag: 't1', state: 'open' }, { updatedUs: -1 }],
      ['fills', { tag: 't1', tsUs: { $gte: 0 } }, { tsUs: 1, orderId: 1, tradeId: 1 }],
      ['fills', { tag: 't1', strategy: 'grid-1' }, { tsUs: -1 }],
      ['ledger', { tag: 't1', asset: 'BTC' }, { tsUs: 1 }],
      ['audit', { tag: 't1', tsUs: { $gte: 0 } }, { tsUs: 1, 'at.segment': 1, 'at.offset': 1 }],
      ['candles', { tag: 't1', openUs: { $gte: 0 } }, { openUs: 1, instrument: 1 }],
    ] as const) {
      const plan = await db()
        .collection(name)
        .find(filter)
        .sort({ ...sort })
        .explain('queryPlanner');
      expect(JSON.stringify(plan['queryPlanner'].winningPlan), name).not.toMatch(/COLLSCAN|"stage":"SORT"/);
    }
    for (const { name } of await db().listCollections().toArray())
      for (const index of await db().collection(name).indexes())
        expect([name, index.name, index.unique ?? false]).toEqual([name, index.name, false]);
  });

  it('refuses a document that lacks what every document of its kind has, and says which', async () => {
    const mongo = storeOf();
    const { folder } = await journalOf(1, 3);
    await feed(mongo, folder);
    const [fill] = await all(mongo.fills({ fromUs: 0, toUs: Number.MAX_SAFE_INTEGER }));
    if (fill === undefined) throw new Error('no fill');
    const broken = { ...fill, orderId: 77, price: 12 as unknown as string };
    await expect(mongo.write({ ...emptyBatch, fills: [broken], position: { segment: 2, offset: 0 } })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      facts: { id: expect.stringContaining('/77/') },
    });
    // Nothing of the batch moved the position.
    expect((await mongo.position())?.segment).toBe(1);
  });

  it('says of a document beyond the limit that it was refused, and goes on with others', async () => {
    const mongo = storeOf();
    const doc = { run: 1, strategy: 'x', setUs: 1, values: { text: 'x'.repeat(17 * 1024 * 1024) } };
    await expect(mongo.write({ ...emptyBatch, parameters: [doc], position: { segment: 1, offset: 0 } })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
    await mongo.write({ ...emptyBatch, parameters: [{ ...doc, values: {} }], position: { segment: 1, offset: 0 } });
    expect(await mongo.position()).toEqual({ segment: 1, offset: 0 });
  });

  it('lets audit and candles expire where the configuration says so, and nothing else', async () => {
    const mongo = storeOf({ lifetimes: { auditDays: 1, candleDays: 1 } });
    const nowUs = Date.now() * 1000;
    const candle = { instrument: 'a:b', open: '1', high: '1', low: '1', close: '1', qty: '1', buyQty: '1', trades: 1 };
    await mongo.writeCandles([
      { ...candle, openUs: 60_000_000 },
      { ...candle, openUs: nowUs },
    ]);
    let left = 2;
    for (let tries = 0; tries < 100 && left > 1; tries++) {
      left = await mongo.count('candles');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(left).toBe(1);
    expect(await mongo.lastCandleUs()).toBe(nowUs);
    // Off again when the configuration says 0.
    await storeOf({ lifetimes: { auditDays: 0, candleDays: 2 } }).position();
    expect((await db().collection('audit').indexes()).some(({ expireAfterSeconds }) => expireAfterSeconds !== undefined)).toBe(false);
    expect((await db().collection('candles').indexes()).find(({ name }) => name === 'lifetime')?.expireAfterSeconds).toBe(172_800);
  });

  it('G6: brings an older database to its version, and refuses a newer one by name', async () => {
    await storeOf().position();
    await db().collection('fills').dropIndexes();
    await db()
      .collection<{ _id: string }>('meta')
      .updateOne({ _id: 'schema' }, { $set: { version: 1 } });
    await storeOf().position();
    expect((await db().collection('fills').indexes()).length).toBe(5);
    expect(await db().collection<{ _id: string }>('meta').findOne({ _id: 'schema' })).toMatchObject({ version: 2 });
    await db()
      .collection<{ _id: string }>('meta')
      .updateOne({ _id: 'schema' }, { $set: { version: 99 } });
    const refused = storeOf().position();
    await expect(refused).rejects.toBeInstanceOf(EngineError);
    await expect(refused).rejects.toMatchObject({ code: 'STORE_VERSION', facts: { version: 99 } });
    await db()
      .collection<{ _id: string }>('meta')
      .updateOne({ _id: 'schema' }, { $set: { version: 2 } });
  });

  it('G5: is fed again from its own position by the next engine, restarts between', async () => {
    const data = temporaryFolder();
    const { folder } = await journalOf(4, 120);
    const tag = `t${++tags}`;
    const memory = new OverlayStore();
    await feed(memory, folder);
    for (let i = 0; i < 3; i++) {
      const store = new MongoStore({ url, tag });
      await feed(store, folder);
      await store.close();
    }
    expect(data).not.toBe('');
    expect(await digestOf(storeOf({ tag }))).toEqual(await digestOf(memory));
  });
});
