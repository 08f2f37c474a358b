/** G5: what a MongoDB does to those who trust it: killed, cut off, slow, frozen, stepping down, refusing, full. Nothing acknowledged is lost, and counts are equal in the end. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MongoClient } from 'mongodb';
import { MongoStore } from '../../src/storage/mongo.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import type { StoreBatch } from '../../src/storage/schema.js';
import { seqOf } from '../../src/storage/mongo-schema.js';
import { digestOf, type StoreDigest } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { removeTemporaryFolders } from '../storage/journal-fixture.js';
import { startRun, tablesOf } from '../storage/run-fixture.js';
import { times } from '../support/torture.js';
import { admin, direct, haveMongo, ReplicaSet } from './mongod.js';
import { feed, feedThrough, INSTRUMENTS, journalOf, trade } from '../storage/story.js';
import { TcpProxy } from './tcp-proxy.js';

const isHere = haveMongo();
const stores: MongoStore[] = [];
let tags = 0;

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  removeTemporaryFolders();
});

function storeAt(url: string, options: Partial<ConstructorParameters<typeof MongoStore>[0]> = {}): MongoStore {
  const store = new MongoStore({ url, tag: `t${++tags}`, answerWithinMs: 1_500, ...options });
  stores.push(store);
  return store;
}

/** Keeps the newest position that the store acknowledged. */
class Acknowledged {
  seq = 0;

  of(store: MongoStore): MongoStore {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'write')
          return async (batch: StoreBatch): Promise<void> => {
            await target.write(batch);
            this.seq = seqOf(batch.position);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

async function expectedOf(folder: string): Promise<StoreDigest> {
  const memory = new OverlayStore();
  await feed(memory, folder);
  return digestOf(memory);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!isHere)('G5: one server behind a proxy', () => {
  let set: ReplicaSet;
  let proxy: TcpProxy;
  const through = (): string => direct(proxy.port, '&serverSelectionTimeoutMS=700&connectTimeoutMS=700');

  beforeAll(async () => {
    set = await ReplicaSet.start(1);
    proxy = await TcpProxy.to(set.members[0]?.port ?? 0);
  });
  afterAll(async () => {
    await proxy.close();
    await set.remove();
  });

  it(`loses nothing that was acknowledged when the server is killed in the middle of a bulk, ${times(4, 10)} rounds`, async () => {
    const { folder } = await journalOf(2, 1_500);
    const [server] = set.members;
    if (server === undefined) throw new Error('no server');
    const acknowledged = new Acknowledged();
    const tag = `t${++tags}`;
    const store = acknowledged.of(storeAt(direct(server.port, '&serverSelectionTimeoutMS=700'), { tag }));
    for (let round = 0; round < times(4, 10); round++) {
      const feeding = feed(store, folder).catch(() => undefined);
      await pause(40 + 60 * (round % 4));
      await server.kill();
      await feeding;
      await server.start();
      await set.primary();
      const position = await storeAt(direct(server.port), { tag }).position();
      expect(position === null ? 0 : seqOf(position)).toBeGreaterThanOrEqual(acknowledged.seq);
    }
    await feedThrough(store, folder);
    expect(await digestOf(storeAt(direct(server.port), { tag }))).toEqual(await expectedOf(folder));
  });

  it.each(['cut-replies', 'black-hole', 'refuse', 'delay'] as const)('catches up after: %s', async (fault) => {
    const { folder } = await journalOf(1, 300);
    const store = storeAt(through());
    const healing = new AbortController();
    const faulty = (async () => {
      // On and off, so that faults fall into every phase of a batch.
      for (let i = 0; i < times(4, 12) && !healing.signal.aborted; i++) {
        await pause(60 + 23 * i);
        proxy.delayMs = 100;
        proxy.fault = fault;
        await pause(fault === 'black-hole' ? 1_700 : 120);
        if (fault !== 'delay') proxy.cutAll();
        proxy.fault = 'none';
      }
    })();
    await feedThrough(store, folder, 400, 20);
    healing.abort();
    await faulty;
    expect(await digestOf(store)).toEqual(await expectedOf(folder));
  });

  it('counts a reply that was cut after the write as unknown, and finds everything there once when it is sent again', async () => {
    const { folder } = await journalOf(1, 100);
    const store = storeAt(through());
    await store.position();
    proxy.cuts = 0;
    proxy.fault = 'cut-replies';
    await expect(feed(store, folder)).rejects.toMatchObject({ recovery: 'retry' });
    proxy.fault = 'none';
    expect(proxy.cuts).toBeGreaterThan(0);
    await feedThrough(store, folder);
    expect(await digestOf(store)).toEqual(await expectedOf(folder));
  });

  it('G5: is absent at the start and for an hour: trading goes on, memory stays, the lag is told, counts are equal in the end', async () => {
    const data = await journalOf(1, 10);
    const run = startRun(data.folder, tablesOf(2, INSTRUMENTS, ['grid-1', 'arb-1']), 1 << 20);
    const notices: string[] = [];
    proxy.fault = 'refuse';
    const store = storeAt(direct(proxy.port, '&serverSelectionTimeoutMS=30&connectTimeoutMS=30'));
    const role = new StoreFeed({ store, journal: run.journal, onNotice: (text) => notices.push(text), stepItems: 256 });
    // An hour of market time in steps of two seconds: the writer turns on, the store fails whenever it is asked.
    const heaps: number[] = [];
    for (let second = 0; second < 3_600; second += 2) {
      role.step(second * 1_000_000, 64);
      trade(run, times(3, 30), second + 1);
      run.writer.step(second * 1_000_000, 4096);
      if (second % 200 !== 0) continue;
      await pause(45);
      if (globalThis.gc === undefined) throw new Error('--expose-gc is missing');
      await globalThis.gc({ execution: 'async', type: 'major' });
      heaps.push(process.memoryUsage().heapUsed);
    }
    const status = role.status();
    expect(status).toMatchObject({ state: 'failing', position: null });
    expect(status.failures).toBeGreaterThan(5);
    expect(status.lagBytes).toBeGreaterThan(times(2_000_000, 20_000_000));
    expect(status.behindUs).toBeGreaterThan(3_500_000_000);
    expect(notices.length).toBe(1);
    // The journal is the queue: what grows is on disk. 16 MB is noise beside what so many queued documents would take.
    expect((heaps.at(-1) ?? 0) - (heaps[1] ?? 0)).toBeLessThan(16 * 1024 * 1024);
    proxy.fault = 'none';
    run.writer.flushNow(3_600_000_000);
    for (let nowUs = 3_700_000_000; role.status().state !== 'current'; nowUs += 20_000_000) {
      role.step(nowUs, 64);
      await pause(1);
    }
    expect(notices[1]).toContain('works again');
    expect(role.status()).toMatchObject({ lagBytes: 0, behindUs: 0, error: '' });
    await run.end();
    await feed(store, data.folder);
    expect(await digestOf(store)).toEqual(await expectedOf(data.folder));
  });

  it('is refused by a stricter rule of the database: says which document, keeps the place, and goes on when the rule is gone', async () => {
    const { folder } = await journalOf(1, 40);
    const store = storeAt(direct(set.members[0]?.port ?? 0));
    await store.position();
    const client = new MongoClient(direct(set.members[0]?.port ?? 0));
    const rule = async (command: Readonly<Record<string, unknown>>): Promise<void> =>
      void (await client.db('thor').command({ collMod: 'fills', ...command }));
    const validator = (await client.db('thor').listCollections({ name: 'fills' }).next()) as { options?: { validator?: unknown } } | null;
    await rule({ validator: { never: { $exists: true } } });
    await expect(feed(store, folder)).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    expect(await store.position()).toBeNull();
    await rule({ validator: validator?.options?.validator ?? {} });
    await feed(store, folder);
    expect(await digestOf(store)).toEqual(await expectedOf(folder));
    await client.close();
  });
});

describe.skipIf(!isHere)('G5: three servers', () => {
  let set: ReplicaSet;
  beforeAll(async () => {
    set = await ReplicaSet.start(3);
  });
  afterAll(() => set.remove());

  const url = (): string => `${set.url}&serverSelectionTimeoutMS=1500&connectTimeoutMS=1000`;

  async function survives(hurt: () => Promise<void>, heal: () => Promise<void>): Promise<void> {
    const { folder } = await journalOf(1, 1_200);
    const acknowledged = new Acknowledged();
    const tag = `t${++tags}`;
    const store = acknowledged.of(storeAt(url(), { tag }));
    await store.position();
    const feeding = feedThrough(store, folder, 400);
    await pause(120);
    await hurt();
    await pause(1_000);
    await heal();
    await feeding;
    const position = await storeAt(url(), { tag }).position();
    expect(position === null ? 0 : seqOf(position)).toBeGreaterThanOrEqual(acknowledged.seq);
    expect(await digestOf(storeAt(url(), { tag }))).toEqual(await expectedOf(folder));
  }

  it('survives that the primary steps down', async () => {
    await survives(
      async () => {
        const primary = await set.primary();
        await admin(direct(primary.port), { replSetStepDown: 5, force: true }).catch(() => undefined);
      },
      () => Promise.resolve(),
    );
  });

  it('survives that the primary is killed', async () => {
    let victim: Awaited<ReturnType<ReplicaSet['primary']>> | null = null;
    await survives(
      async () => {
        victim = await set.primary();
        await victim.kill();
      },
      async () => {
        await set.primary();
        await victim?.start();
      },
    );
  });

  it('survives that the primary freezes and thaws with old writes in its hands', async () => {
    let victim: Awaited<ReturnType<ReplicaSet['primary']>> | null = null;
    await survives(
      async () => {
        victim = await set.primary();
        victim.freeze();
        await pause(2_000);
      },
      () => {
        victim?.thaw();
        return Promise.resolve();
      },
    );
  });

  it.each([
    ['a connection closed in the answer', { closeConnection: true }],
    ['not primary any more', { errorCode: 10_107 }],
    ['no space on its device', { errorCode: 14_031 }],
    ['interrupted at shutdown', { errorCode: 11_600 }],
    ['no majority in time', { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } }],
    ['slow beyond every patience', { blockConnection: true, blockTimeMS: 2_000 }],
  ])('takes an answer for no answer: %s', async (_name, data) => {
    const { folder } = await journalOf(1, 80);
    const store = storeAt(url());
    await store.position();
    const primary = direct((await set.primary()).port);
    const failCommands = ['insert', 'update'];
    await admin(primary, { configureFailPoint: 'failCommand', mode: { times: 3 }, data: { failCommands, appName: 'thor', ...data } });
    const failures = await feedThrough(store, folder, 50, 20);
    await admin(primary, { configureFailPoint: 'failCommand', mode: 'off' });
    expect(failures).toBeGreaterThan(0);
    expect(await digestOf(store)).toEqual(await expectedOf(folder));
  });
});
