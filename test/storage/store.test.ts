import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { open } from 'lmdb';
import { pack } from 'msgpackr';
import { afterEach, describe, expect, it } from 'vitest';
import { CounterBlock, WRITER_COUNTERS } from '../../src/core/memory/counters.js';
import { Ledger } from '../../src/core/ledger/ledger.js';
import { FLAG_MAKER, RecordKind, SIDE_SELL } from '../../src/core/memory/record.js';
import { formatDecimal, parseDecimal } from '../../src/core/numbers/decimal.js';
import { UsageError } from '../../src/core/numbers/errors.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { Reason } from '../../src/core/orders/reasons.js';
import { type ExportKind, type ExportOptions, runExport } from '../../src/storage/export.js';
import { journalIn } from './journal-fixture.js';
import { openEmbedded } from '../../src/storage/embedded-store.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import { recover } from '../../src/storage/recover.js';
import type { OrderDoc, Store, StoreBatch } from '../../src/storage/schema.js';
import { crcOf, HOT_FRAME_BYTES } from '../../src/storage/segment.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { memory, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { emptyBatch, type Run, startRun, tablesOf } from './run-fixture.js';

afterEach(removeTemporaryFolders);

const K = RecordKind;
const BTC = 'binance-spot:BTCUSDT';
const ETH = 'binance-spot:ETHUSDT';
const ALL = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

const live = (docs: OrderDoc[]): string[] =>
  docs.filter(({ fold }) => fold.state < 10).map((d) => `${d.orderId} ${d.fold.state} ${d.fold.cumLots}`);

async function all<T>(docs: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const doc of docs) list.push(doc);
  return list;
}

/** A buy that fills in two parts, a resting sell, a level, a refusal. */
function trade(run: Run, offsetUs = 0): void {
  const buy = { orderId: makeOrderId(run.tables.run, 0, 4, 1), level: 4, priceTicks: 600_001, qtyLots: 10 };
  const sell = { orderId: makeOrderId(run.tables.run, 0, 5, 2), level: 5, side: SIDE_SELL, priceTicks: 610_000, qtyLots: 10 };
  const at = (us: number): number => 1_790_000_000_000_000 + offsetUs + us;
  run.put({ ...buy, kind: K.CREATE, tsUs: at(1), flags: 1 });
  run.put({ ...buy, kind: K.ACK, tsUs: at(2) });
  run.put({ ...buy, kind: K.FILL, tsUs: at(3), fillTicks: 600_001, fillLots: 4, tradeId: 41, fee: 400, feeAsset: 0, flags: FLAG_MAKER });
  run.put({ ...buy, kind: K.FILL, tsUs: at(4), fillTicks: 600_001, fillLots: 6, tradeId: 42, fee: 600, feeAsset: 0, flags: FLAG_MAKER });
  run.put({ ...buy, kind: K.FILL, tsUs: at(5), fillTicks: 600_001, fillLots: 6, tradeId: 42, fee: 600, feeAsset: 0, flags: FLAG_MAKER });
  run.put({ ...buy, kind: K.LEVEL, tsUs: at(6), state: 3, cumLots: 10, fillTicks: 610_000, fillLots: 10 });
  run.put({ ...sell, kind: K.CREATE, tsUs: at(7) });
  run.put({ kind: K.REFUSED, tsUs: at(8), reason: Reason.EDGE_TOO_SMALL });
}

async function exported(options: ExportOptions): Promise<{ count: number; text: string }> {
  let text = '';
  const count = await runExport(options, (lines) => {
    text += lines;
  });
  return { count, text };
}

describe('store', () => {
  it('G3: holds orders, fills, positions, levels, parameters, audit and runs as texts that need no table', async () => {
    const data = temporaryFolder();
    const folder = join(data, 'journal');
    const run = startRun(folder, tablesOf(1, [BTC], ['grid-1']));
    trade(run);
    await run.end();
    const store = new LmdbStore(join(data, LMDB_NAME));
    const journal = journalIn(folder);
    journal.syncNow();
    const feed = new StoreFeed({ store, journal });
    await feed.catchUp();
    const orders = await all(store.allOrders());
    expect(orders).toMatchObject([
      {
        strategy: 'grid-1',
        instrument: BTC,
        level: 4,
        side: 'buy',
        price: '60000.1',
        qty: '0.01',
        filled: '0.01',
        state: 'filled',
        postOnly: true,
      },
      { level: 5, side: 'sell', price: '61000', filled: '0', state: 'pending', clientOrderId: expect.stringMatching(/^thortest1x/) },
    ]);
    expect(await all(store.fills(ALL))).toMatchObject([
      { tradeId: 41, price: '60000.1', qty: '0.004', fee: '0.000004', feeAsset: 'BTC', liquidity: 'maker' },
      { tradeId: 42, qty: '0.006', fee: '0.000006' },
    ]);
    expect(await all(store.levels())).toMatchObject([{ strategy: 'grid-1', level: 4, state: 3, filled: '0.01', auxTicks: 610_000 }]);
    expect(await all(store.audit(ALL))).toMatchObject([{ kind: 'refused', reason: 'EDGE_TOO_SMALL' }]);
    expect(await all(store.positions())).toMatchObject([
      { strategy: 'grid-1', venue: 'binance-spot', instrument: BTC, qty: '0.01', bought: '0.01', sold: '0', fills: 2 },
    ]);
    expect(await all(store.parameters())).toEqual([{ run: 1, strategy: 'grid-1', setUs: 1_000_000, values: { grids: 40 } }]);
    expect(await store.runs()).toMatchObject([{ version: '0.1.0', stoppedUs: null, tables: { run: 1 } }]);
    await feed.close();
    journal.close();
  });

  it('gives a fill to the strategy that its run counted it for, also when the order is of one that this run lacks', async () => {
    const data = temporaryFolder();
    const folder = join(data, 'journal');
    const order = { orderId: makeOrderId(1, 0, 4, 1), level: 4, priceTicks: 600_001, qtyLots: 10 };
    const first = startRun(folder, tablesOf(1, [BTC], ['grid-1']));
    first.put({ ...order, kind: K.CREATE, tsUs: 1_000_001 });
    first.put({ ...order, kind: K.ACK, tsUs: 1_000_002 });
    await first.end();
    const second = startRun(folder, tablesOf(2, [BTC], ['arb-1']));
    second.put({ ...order, kind: K.FILL, tsUs: 2_000_001, fillTicks: 600_001, fillLots: 4, tradeId: 41, fee: 400, feeAsset: 0 });
    await second.end();
    const store = new OverlayStore(null);
    const journal = journalIn(folder);
    journal.syncNow();
    const feed = new StoreFeed({ store, journal });
    await feed.catchUp();
    expect(await all(store.fills(ALL))).toMatchObject([{ tradeId: 41, run: 2, strategy: 'arb-1' }]);
    expect(await all(store.positions())).toMatchObject([{ strategy: 'arb-1', qty: '0.004' }]);
    expect(await all(store.allOrders())).toMatchObject([{ strategy: 'grid-1', filled: '0.004' }]);
    await feed.close();
    journal.close();
  });

  it('is the same whether fed in one go, in pieces with restarts, or after failures, and equals what recovery finds', async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(1000), async (cuts, seed) => {
        const folder = temporaryFolder();
        const journal = journalIn(folder, { segmentBytes: 12 * HOT_FRAME_BYTES });
        const inPieces = new OverlayStore();
        let fails = 0;
        const flaky: Store = {
          name: 'flaky',
          position: () => inPieces.position(),
          runs: () => inPieces.runs(),
          orders: (ids) => inPieces.orders(ids),
          allOrders: () => inPieces.allOrders(),
          fills: (range) => inPieces.fills(range),
          levels: () => inPieces.levels(),
          audit: (range) => inPieces.audit(range),
          positions: () => inPieces.positions(),
          parameters: () => inPieces.parameters(),
          close: () => Promise.resolve(),
          clear: () => Promise.resolve(),
          // Every third batch is refused.
          write: (batch: StoreBatch) => (fails++ % 3 === 2 ? Promise.reject(new Error('down')) : inPieces.write(batch)),
        };
        const seen = new Set<number>();
        let next = seed;
        for (const [index, cut] of cuts.entries()) {
          const run = startRun(folder, tablesOf(index + 1, index % 2 === 0 ? [BTC, ETH] : [ETH, BTC], ['a']), 10 * HOT_FRAME_BYTES);
          for (let i = 0; i < cut; i++) {
            next = (Math.imul(next, 1664525) + 1013904223) >>> 0;
            const level = next % 3;
            const orderId = makeOrderId(index + 1, 0, level, 1 + (i >> 3));
            const kind = !seen.has(orderId)
              ? K.CREATE
              : ([K.AMEND, K.ACK, K.FILL, K.CANCEL, K.LEVEL, K.FILL, K.CANCELLED][(next >>> 16) % 7] ?? K.ACK);
            seen.add(orderId);
            run.put({
              kind,
              orderId,
              level,
              instrument: level & 1,
              priceTicks: 100,
              qtyLots: 4,
              fillLots: 1,
              fillTicks: 100,
              tradeId: (next >>> 20) & 3,
              tsUs: 1000 * index + i,
            });
          }
          await run.end();
          const end = { folder, position: { segment: 1e9, offset: 0 }, durable: { segment: 1e9, offset: 0 } };
          const feed = new StoreFeed({ store: flaky, journal: end });
          for (let us = 0; us < 8_000_000; us += 1_000_001) {
            feed.step(us, 64);
            // A turn of the feed is a few promises: let them settle.
            for (let i = 0; i < 30; i++) await Promise.resolve();
          }
          await feed.close();
        }
        const atOnce = new OverlayStore();
        const feed = new StoreFeed({
          store: atOnce,
          journal: { folder, position: { segment: 1e9, offset: 0 }, durable: { segment: 1e9, offset: 0 } },
        });
        await feed.catchUp();
        for (let tries = 0; tries < 5; tries++) {
          const last = new StoreFeed({
            store: flaky,
            journal: { folder, position: { segment: 1e9, offset: 0 }, durable: { segment: 1e9, offset: 0 } },
          });
          await last.catchUp().catch(() => undefined);
        }
        expect(await all(inPieces.allOrders())).toEqual(await all(atOnce.allOrders()));
        expect(await all(inPieces.fills(ALL))).toEqual(await all(atOnce.fills(ALL)));
        expect(await all(inPieces.levels())).toEqual(await all(atOnce.levels()));
        expect(await all(inPieces.positions())).toEqual(await all(atOnce.positions()));
        const recovered = recover({ folder, tables: tablesOf(99, [BTC, ETH], ['a']) });
        const found = recovered.orders.filter(({ state }) => state < 10).map((o) => `${o.orderId} ${o.state} ${o.cumLots}`);
        for (const order of found) expect(live(await all(atOnce.allOrders()))).toContain(order);
        expect((await all(atOnce.fills(ALL))).length).toBe(recovered.fills.length);
        journal.close();
        removeTemporaryFolders();
      }),
      { numRuns: 15, seed: 3 },
    );
  });

  it('is fed only what is on the device, one batch at a time, and rests between batches', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, [BTC], ['a']));
    trade(run);
    await run.end();
    const m = memory(1);
    const counters = new CounterBlock(m.views, m.plan.writerCounters, WRITER_COUNTERS);
    const released: (() => void)[] = [];
    const batches: StoreBatch[] = [];
    const inner = new OverlayStore();
    const slow: Store = Object.assign(Object.create(inner) as Store, {
      position: () => inner.position(),
      runs: () => inner.runs(),
      orders: (ids: readonly number[]) => inner.orders(ids),
      positions: () => inner.positions(),
      write: async (batch: StoreBatch) => {
        batches.push(batch);
        await new Promise<void>((resolve) => released.push(resolve));
        await inner.write(batch);
      },
    });
    const durable = { segment: 1, offset: 0 };
    const feed = new StoreFeed({
      store: slow,
      journal: {
        folder,
        position: { segment: 1, offset: 1e6 },
        get durable() {
          return durable;
        },
      },
      counters,
    });
    feed.step(0, 64);
    await settle();
    expect(batches.length).toBe(0);
    durable.offset = 1e6;
    feed.step(200_000, 64);
    await settle();
    expect(batches.length).toBe(1);
    expect(feed.step(400_000, 64)).toBe(0);
    released.shift()?.();
    await settle();
    expect(counters.get('storeRecords')).toBe(10);
  });

  it('can be read by another process while it is written', async () => {
    const path = join(temporaryFolder(), LMDB_NAME);
    const store = new LmdbStore(path);
    await store.write({ ...emptyBatch, position: { segment: 3, offset: 96 } });
    const script = `
      import { open } from 'lmdb';
      import { unpack } from 'msgpackr';
      const root = open({ path: process.argv[1], noSubdir: true, readOnly: true, maxDbs: 8 });
      const head = root.openDB({ name: 'head', encoding: 'binary' }).get('head');
      console.log(JSON.stringify(unpack(head.subarray(4)).position));
      await root.close();`;
    const text = execFileSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8', cwd: process.cwd() });
    expect(JSON.parse(text)).toEqual({ segment: 3, offset: 96 });
    await store.write({ ...emptyBatch, position: { segment: 4, offset: 32 } });
    expect(await store.position()).toEqual({ segment: 4, offset: 32 });
    await store.close();
  });
});

describe('damaged store', () => {
  it.each([
    ['garbage', (bytes: Buffer) => Buffer.alloc(bytes.length, 0xa5)],
    ['cut to one page', (bytes: Buffer) => bytes.subarray(0, 4096)],
    ['cut in a page', (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['a few bytes', () => Buffer.from('hello')],
  ])('is put aside and made again from the journal: %s', async (_name, damage) => {
    const data = temporaryFolder();
    const folder = join(data, 'journal');
    const run = startRun(folder, tablesOf(1, [BTC], ['a']));
    trade(run);
    await run.end();
    const path = join(data, LMDB_NAME);
    const end = { folder, position: { segment: 1, offset: 1e9 }, durable: { segment: 1, offset: 1e9 } };
    await new StoreFeed({ store: new LmdbStore(path), journal: end }).close();
    const rows = await exported({ kind: 'fills', data });
    writeFileSync(path, damage(readFileSync(path)));
    expect(await exported({ kind: 'fills', data })).toEqual(rows);
    const notices: string[] = [];
    const store = new LmdbStore(path, { onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([expect.stringContaining('is damaged')]);
    expect(existsSync(`${path}.damaged`)).toBe(true);
    const feed = new StoreFeed({ store, journal: end });
    await feed.catchUp();
    expect((await all(store.fills(ALL))).length).toBe(rows.count);
    await feed.close();
  });

  it('G6: of an older version is put aside and made again from the journal; of a newer one it is refused by name', async () => {
    const data = temporaryFolder();
    const folder = join(data, 'journal');
    const run = startRun(folder, tablesOf(1, [BTC], ['a']));
    trade(run);
    await run.end();
    const path = join(data, LMDB_NAME);
    const old = open<unknown, string>({ path, noSubdir: true, maxDbs: 8 });
    await old.openDB<unknown, string>({ name: 'head' }).put('head', { version: 1, position: { segment: 1, offset: 1e6 } });
    for (const name of ['runs', 'orders', 'fills', 'levels', 'audit']) old.openDB({ name });
    await old.close();
    expect((await exported({ kind: 'fills', data })).count).toBe(2);
    const notices: string[] = [];
    const journal = { folder, position: { segment: 1, offset: 1e9 } };
    const store = await openEmbedded({ path, journal, onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([expect.stringMatching(/is of an older version: it was renamed to .*store\.lmdb\.v1/)]);
    await new StoreFeed({ store, journal: { ...journal, durable: journal.position } }).close();
    expect((await exported({ kind: 'fills', data })).count).toBe(2);
    const newer = open<unknown, string>({ path, noSubdir: true, maxDbs: 16 });
    const head = Buffer.from(pack({ version: 3, position: { segment: 1, offset: 1 } }));
    const checksum = Buffer.alloc(4);
    checksum.writeInt32LE(crcOf(head));
    await newer.openDB<Uint8Array, string>({ name: 'head', encoding: 'binary' }).put('head', Buffer.concat([checksum, head]));
    await newer.close();
    await expect(openEmbedded({ path, journal })).rejects.toThrow(/has store format 3; this Thor reads format 2/);
  });

  it('is said when it belongs to another journal', async () => {
    const store = new OverlayStore();
    await store.write({ ...emptyBatch, position: { segment: 9, offset: 32 } });
    const feed = new StoreFeed({
      store,
      journal: { folder: temporaryFolder(), position: { segment: 1, offset: 32 }, durable: { segment: 1, offset: 32 } },
    });
    await expect(feed.catchUp()).rejects.toThrow(/STORE_AHEAD_OF_JOURNAL/);
  });
});

describe('export', () => {
  async function directory(): Promise<string> {
    const data = temporaryFolder();
    const run = startRun(join(data, 'journal'), tablesOf(1, [BTC], ['grid, "one"']));
    trade(run);
    await run.end();
    return data;
  }

  it('writes the same rows from the journal alone, from the store, and from a store that is behind', async () => {
    const data = await directory();
    const folder = join(data, 'journal');
    const kinds: ExportKind[] = ['orders', 'fills', 'levels', 'ledger'];
    const fromJournal = await Promise.all(kinds.map((kind) => exported({ kind, data })));
    expect(fromJournal.map(({ count }) => count)).toEqual([2, 2, 1, 6]);
    const journal = journalIn(folder);
    const store = new LmdbStore(join(data, LMDB_NAME));
    const feed = new StoreFeed({ store, journal: { folder, position: { segment: 1, offset: 1e9 }, durable: { segment: 1, offset: 1e9 } } });
    await feed.close();
    expect(await Promise.all(kinds.map((kind) => exported({ kind, data })))).toEqual(fromJournal);
    const run = startRun(folder, tablesOf(2, [BTC], ['grid, "one"']));
    trade(run, 1_000_000);
    await run.end();
    const behind = await Promise.all(kinds.map((kind) => exported({ kind, data })));
    expect(behind.map(({ count }) => count)).toEqual([4, 4, 1, 12]);
    expect(behind[1]?.text.startsWith(fromJournal[1]?.text ?? '?')).toBe(true);
    journal.close();
  });

  it('quotes what a CSV must quote, and takes times in every usual form', async () => {
    const data = await directory();
    const { text } = await exported({ kind: 'fills', data, format: 'csv' });
    const [head, first] = text.split('\n');
    expect(head?.startsWith('time,tsUs,tradeId,')).toBe(true);
    expect(first).toContain('"grid, ""one"""');
    expect(first?.startsWith('2026-09-21T14:13:20.000003Z,1790000000000003,41,')).toBe(true);
    const counts = [
      { from: '2026-09-21' },
      { to: '2026-09-21' },
      { to: '2026-09-20' },
      { from: '2026-09-21T14:13:20Z' },
      { from: '2026-09-21T14:13:21' },
      { from: '1790000000', to: '1790000000000003' },
      { from: '1790000000001' },
    ].map(async (range) => (await exported({ kind: 'fills', data, ...range })).count);
    expect(await Promise.all(counts)).toEqual([2, 2, 0, 2, 0, 1, 0]);
    await expect(exported({ kind: 'fills', data, from: 'yesterday' })).rejects.toThrow(UsageError);
    await expect(exported({ kind: 'fills', data: join(data, 'none') })).rejects.toThrow(/not a data directory/);
  });

  it('has ledger rows that add up to the wallets of the ledger', async () => {
    const data = await directory();
    const tables = tablesOf(1, [BTC], ['grid, "one"']);
    const ledger = new Ledger(tables);
    for (const fill of recover({ folder: join(data, 'journal'), tables }).fills) ledger.applyFill(fill);
    const sums = new Map<string, bigint>();
    for (const line of (await exported({ kind: 'ledger', data })).text.trim().split('\n')) {
      const { asset, amount } = JSON.parse(line) as { asset: string; amount: string };
      const { mantissa, scale } = parseDecimal(amount);
      sums.set(asset, (sums.get(asset) ?? 0n) + mantissa * 10n ** BigInt(30 - scale));
    }
    const wallets = ledger.snapshot(() => null).venues.flatMap(({ assets }) => assets);
    expect(wallets.length).toBe(2);
    for (const { asset, scale, wallet } of wallets) expect(formatDecimal(sums.get(asset) ?? 0n, 30)).toBe(formatDecimal(wallet, scale));
    expect(formatDecimal(sums.get('USDT') ?? 0n, 30)).toBe('-600.001');
    expect(formatDecimal(sums.get('BTC') ?? 0n, 30)).toBe('0.00999');
  });
});
