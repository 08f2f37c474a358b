/**
 * Feeding a store from the journal against the least that any program must do to have the same documents there: batches of puts into LMDB, `bulkWrite` of upserts into
 * MongoDB (majority and journal in both). Ours reads the journal, folds orders, makes documents, checks and writes them with their position. Wall time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { MongoClient } from 'mongodb';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { MongoStore } from '../../src/storage/mongo.js';
import { keyed, ledgerDocs, type MongoDoc, seqOf } from '../../src/storage/mongo-schema.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import type { StoreBatch } from '../../src/storage/schema.js';
import { digestOf } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { MONGOD, ReplicaSet } from '../../test/mongo/mongod.js';
import { removeTemporaryFolders } from '../../test/storage/journal-fixture.js';
import { END, feed, journalOf } from '../../test/storage/story.js';
import { type BenchFile, type BenchRow, median, notRun } from '../harness.js';

const ROUNDS = 3;

interface Story {
  readonly folder: string;
  /** What the feed would write, batch by batch. */
  readonly batches: readonly StoreBatch[];
  readonly records: number;
  readonly documents: number;
}

async function storyOf(orders: number): Promise<Story> {
  const { folder } = await journalOf(1, orders, 64 << 20);
  const memory = new OverlayStore();
  const batches: StoreBatch[] = [];
  const write = memory.write.bind(memory);
  memory.write = (batch) => {
    batches.push(batch);
    return write(batch);
  };
  const role = new StoreFeed({ store: memory, journal: { folder, ...END } });
  await role.catchUp();
  const documents = batches.reduce(
    (sum, one) => sum + one.orders.length + one.fills.length + one.levels.length + one.audit.length + one.positions.length,
    0,
  );
  return { folder, batches, records: role.status().records, documents };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) * 1000;
}

async function lmdbRow({ folder, batches, records, documents }: Story): Promise<BenchRow> {
  const times: [number[], number[]] = [[], []];
  const expected = new OverlayStore();
  await feed(expected, folder);
  for (let round = 0; round < ROUNDS; round++) {
    const scratch = mkdtempSync(join(tmpdir(), 'thor-bench-'));
    const store = new LmdbStore(join(scratch, LMDB_NAME));
    times[0].push(await timed(() => feed(store, folder)));
    if (JSON.stringify(await digestOf(store)) !== JSON.stringify(await digestOf(expected)))
      throw new Error('the store does not hold what the journal says');
    await store.close();
    const raw = open<unknown, string>({ path: join(scratch, 'raw.lmdb'), noSubdir: true, eventTurnBatching: false });
    times[1].push(
      await timed(async () => {
        for (const batch of batches) {
          await raw.batch(() => {
            for (const doc of batch.orders) void raw.put(`o${doc.orderId}`, doc);
            for (const doc of batch.fills) void raw.put(`f${doc.orderId}/${doc.tradeId}`, doc);
            for (const doc of batch.levels) void raw.put(`l${doc.strategy}/${doc.level}`, doc);
            for (const doc of batch.audit) void raw.put(`a${doc.at.segment}/${doc.at.offset}`, doc);
            for (const doc of batch.positions) void raw.put(`p${doc.strategy}/${doc.instrument}`, doc);
          });
        }
      }),
    );
    await raw.close();
    rmSync(scratch, { recursive: true, force: true });
  }
  return rowOf('embedded store, catching up', times, records, documents, 'the same documents put into LMDB in the same batches');
}

async function mongoRow({ folder, batches, records, documents }: Story): Promise<BenchRow> {
  const name = 'MongoDB store, catching up';
  if (MONGOD === null) return notRun(name, 'no mongod here (scripts/ci-mongod.sh brings one)');
  const set = await ReplicaSet.start(1);
  const client = new MongoClient(set.url, { writeConcern: { w: 'majority', journal: true } });
  const times: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const store = new MongoStore({ url: set.url, tag: `b${round}` });
      await store.position();
      times[0].push(await timed(() => feed(store, folder)));
      if (
        (await store.count('orders')) !==
        batches.reduce((ids, { orders }) => (orders.forEach(({ orderId }) => ids.add(orderId)), ids), new Set()).size
      )
        throw new Error('the store does not hold every order');
      await store.close();
      const db = client.db(`raw${round}`);
      times[1].push(
        await timed(async () => {
          for (const batch of batches) {
            const seq = seqOf(batch.position);
            const docs: readonly (readonly [string, readonly MongoDoc[]])[] = [
              ['fills', batch.fills.map((doc) => keyed.fills('r', doc))],
              ['ledger', ledgerDocs('r', batch.fills, batch.audit)],
              ['levels', batch.levels.map((doc) => keyed.levels('r', doc, seq))],
              ['audit', batch.audit.map((doc) => keyed.audit('r', doc))],
              ['positions', batch.positions.map((doc) => keyed.positions('r', doc, seq))],
              ['orders', batch.orders.map((doc) => keyed.orders('r', doc, seq))],
            ];
            for (const [collection, some] of docs) {
              for (let from = 0; from < some.length; from += 1000) {
                const upserts = some
                  .slice(from, from + 1000)
                  .map((doc) => ({ replaceOne: { filter: { _id: doc._id }, replacement: doc, upsert: true } }));
                await db.collection<MongoDoc>(collection).bulkWrite(upserts, { ordered: false });
              }
            }
          }
        }),
      );
    }
  } finally {
    await client.close();
    await set.remove();
  }
  return rowOf(name, times, records, documents, 'bulkWrite of the same upserts, 1000 at a time, no indexes, no validators');
}

function rowOf(name: string, times: [number[], number[]], records: number, documents: number, against: string): BenchRow {
  const [ours, theirs] = [median(times[0]) / documents, median(times[1]) / documents];
  const perSecond = Math.round(records / (median(times[0]) / 1e6));
  return {
    name,
    ours,
    theirs,
    unit: 'us/document',
    against,
    ratio: theirs / ours,
    conditions: `wall time, ${records} journal records make ${documents} documents, ${perSecond} records/s, median of ${ROUNDS}`,
    check: 'counts and hashes of what is stored',
  };
}

export const rows: BenchFile = async (options) => {
  try {
    const story = await storyOf(options.isQuick ? 400 : 6_000);
    return [await lmdbRow(story), await mongoRow(story)];
  } finally {
    removeTemporaryFolders();
  }
};
