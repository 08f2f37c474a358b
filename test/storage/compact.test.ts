import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/core/ledger/ledger.js';
import { RecordKind } from '../../src/core/memory/record.js';
import { UsageError } from '../../src/core/numbers/errors.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { checkpointsIn, readCheckpoint, writeCheckpoint } from '../../src/storage/checkpoint.js';
import { compact } from '../../src/storage/compact.js';
import { nodeDisk } from '../../src/storage/disk.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import { OverlayStore } from '../../src/storage/overlay.js';
import { type Recovery, recover } from '../../src/storage/recover.js';
import { checkpointName, HOT_FRAME_BYTES, segmentName, segmentNumber } from '../../src/storage/segment.js';
import { differences, digestOf } from '../../src/storage/store-compare.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import { journalIn, quickDisk, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { times } from '../support/torture.js';
import { startRun, tablesOf } from './run-fixture.js';
import { END, feed, INSTRUMENTS, journalOf, trade } from './story.js';

afterEach(removeTemporaryFolders);

const K = RecordKind;
const SMALL = 40 * HOT_FRAME_BYTES;
/** A store that has everything. */
const HAS_ALL = { segment: 1e6, offset: 0 };
const TABLES = tablesOf(99, INSTRUMENTS, ['grid-1', 'arb-1']);

const segmentsIn = (folder: string): number[] =>
  readdirSync(folder)
    .map(segmentNumber)
    .filter((number) => number > 0)
    .sort((a, b) => a - b);

/** Makes a checkpoint of what is finished, whatever is kept. */
const checkpointNow = (folder: string, keepSegments = 1e6): ReturnType<typeof compact> =>
  compact({ folder, stores: [HAS_ALL], keepSegments, checkpointEvery: 1, disk: quickDisk });

/** What is set aside because the run does not have its instrument is told in steps of that instrument's own, which no run reads. */
const comparable = (found: Recovery): unknown => ({
  ...found,
  aside: { ...found.aside, orders: found.aside.orders.map(({ orderId, state }) => [orderId, state]) },
});

describe('a checkpoint', () => {
  it('G4: with the journal behind it recovers what the whole journal does, over random histories and runs whose tables and steps differ', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), fc.nat(1000), async (sizes, seed) => {
        const folder = temporaryFolder();
        let next = seed;
        const random = (below: number): number => {
          next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
          return Math.floor((next / 2 ** 32) * below);
        };
        const live: number[] = [];
        for (const [index, size] of sizes.entries()) {
          const steps = [
            { tickSize: '0.5', lotSize: '0.01' },
            { tickSize: '0.2', lotSize: '0.01' },
            { tickSize: '0.1', lotSize: '0.001' },
          ][random(3)];
          const isTurned = random(2) === 1;
          const run = startRun(
            folder,
            tablesOf(index + 1, isTurned ? [...INSTRUMENTS].reverse() : INSTRUMENTS, isTurned ? ['b', 'a'] : ['a', 'b'], steps ?? {}),
            6 * HOT_FRAME_BYTES,
          );
          for (let i = 0; i < size; i++) {
            // An order's strategy, level and instrument are told by its number, in whatever order the tables are.
            const isNew = live.length === 0 || random(4) === 0;
            const orderId = isNew ? makeOrderId(index + 1, random(2), random(3), i + 1) : (live[random(live.length)] ?? 0);
            if (isNew) live.push(orderId);
            const strategy = (orderId & 1) ^ (isTurned ? 1 : 0);
            const instrument = ((orderId >> 1) & 1) ^ (isTurned ? 1 : 0);
            const kind = isNew
              ? K.CREATE
              : ([K.ACK, K.FILL, K.FILL, K.AMEND, K.CANCELLED, K.LEVEL, K.FUNDING, K.FILLS_END][random(8)] ?? K.ACK);
            const order = { orderId, strategy, instrument, level: orderId % 3, tsUs: 1000 * index + i };
            run.put({
              ...order,
              kind,
              priceTicks: 20 + 10 * random(5),
              qtyLots: 10,
              fillLots: 1,
              fillTicks: 10,
              tradeId: random(6),
              fee: 3,
              feeAsset: random(2),
            });
            if (random(3) === 0) run.writer.step(i, 64);
            if (random(12) === 0) checkpointNow(folder);
          }
          await run.end();
        }
        const whole = temporaryFolder();
        for (const name of readdirSync(folder)) if (segmentNumber(name) > 0) copyFileSync(join(folder, name), join(whole, name));
        for (const tables of [
          tablesOf(99, INSTRUMENTS, ['a', 'b']),
          tablesOf(99, [INSTRUMENTS[1] ?? ''], ['b']),
          tablesOf(99, INSTRUMENTS, ['b'], { tickSize: '0.1', lotSize: '0.001' }),
        ]) {
          const expected = recover({ folder: whole, tables });
          const found = recover({ folder, tables });
          // What does not fit the new steps is set aside record by record from the journal, order by order from a checkpoint.
          if (expected.aside.records === 0 && found.aside.records === 0) expect(comparable(found)).toEqual(comparable(expected));
        }
        // In steps so fine that everything fits nothing may be set aside at all.
        const fine = tablesOf(99, INSTRUMENTS, ['a', 'b'], { tickSize: '0.1', lotSize: '0.001' });
        expect(comparable(recover({ folder, tables: fine }))).toEqual(comparable(recover({ folder: whole, tables: fine })));
        removeTemporaryFolders();
      }),
      { numRuns: times(4, 200), seed: 11 },
    );
  });

  it('keeps the ledger exact to the last unit when every segment but the last is gone', async () => {
    const { folder } = await journalOf(3, 80, SMALL);
    const money = (): unknown => {
      const ledger = new Ledger(TABLES);
      const recovered = recover({ folder, tables: TABLES });
      for (const fill of recovered.fills) ledger.applyFill(fill);
      for (const { strategy, instrument, asset, amount, id } of recovered.fundings)
        ledger.applyFunding({ strategy, instrument, asset, amount, id });
      return ledger.snapshot(() => null);
    };
    const before = money();
    expect(checkpointNow(folder).checkpoint).toBe(segmentsIn(folder).at(-1));
    await startRun(folder, tablesOf(5, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    await startRun(folder, tablesOf(6, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    const second = checkpointNow(folder, 1);
    expect(second.removed.length).toBeGreaterThan(20);
    expect(segmentsIn(folder).length).toBeLessThan(4);
    expect(money()).toEqual(before);
    expect(recover({ folder, tables: TABLES }).runs).toBe(6);
  });

  it('G2: that is damaged is put aside and said, and the one before it with the segments behind it tells the same', async () => {
    const { folder } = await journalOf(2, 60, SMALL);
    checkpointNow(folder);
    await startRun(folder, tablesOf(3, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    await startRun(folder, tablesOf(4, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    checkpointNow(folder, 1);
    const [newest = 0, before = 0] = checkpointsIn(folder, quickDisk);
    expect(before).toBeGreaterThan(1);
    const expected = recover({ folder, tables: TABLES });
    const path = join(folder, checkpointName(newest));
    const bytes = readFileSync(path);
    for (const at of [4, 20, bytes.length >> 1, bytes.length - 3]) {
      const broken = Buffer.from(bytes);
      broken[at] = (broken[at] ?? 0) ^ 16;
      writeFileSync(path, broken);
      const found = recover({ folder, tables: TABLES });
      expect(found.notes).toEqual([expect.stringMatching(/checkpoint (is damaged|was never finished)/)]);
      expect({ ...found, notes: [] }).toEqual({ ...expected, notes: [] });
      expect(existsSync(path)).toBe(false);
      // Told once.
      expect(recover({ folder, tables: TABLES }).notes).toEqual([]);
    }
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 10);
    expect(recover({ folder, tables: TABLES }).notes).toEqual([expect.stringContaining('was never finished')]);
  });

  it('G6: of a newer version is refused by name', async () => {
    const { folder } = await journalOf(1, 40, SMALL);
    checkpointNow(folder);
    const [segment = 0] = checkpointsIn(folder, quickDisk);
    const read = readCheckpoint(folder, quickDisk, segment);
    if (read.kind !== 'whole') throw new Error('no checkpoint');
    writeCheckpoint(folder, quickDisk, segment, read.checkpoint.state, 2);
    expect(() => recover({ folder, tables: TABLES })).toThrow(UsageError);
    expect(() => recover({ folder, tables: TABLES })).toThrow(/has checkpoint format 2/);
  });
});

describe('compaction', () => {
  it('G1: lets no segment go that a store lacks, that only one checkpoint covers, or that is among those to be kept', async () => {
    const { folder } = await journalOf(1, 100, SMALL);
    const all = segmentsIn(folder);
    expect(all.length).toBeGreaterThan(8);
    // One checkpoint is not enough.
    expect(checkpointNow(folder, 1).removed).toEqual([]);
    await startRun(folder, tablesOf(2, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    const once = { folder, keepSegments: 1, checkpointEvery: 1, disk: quickDisk };
    // A store that did not answer has nothing; another stands in segment 3.
    expect(compact({ ...once, stores: [HAS_ALL, null] }).removed).toEqual([]);
    expect(compact({ ...once, stores: [HAS_ALL, { segment: 3, offset: 500 }] })).toMatchObject({
      removed: [1, 2],
      notes: [expect.stringContaining('wait for a store')],
    });
    expect(compact({ ...once, stores: [HAS_ALL], keepSegments: all.length - 4 }).removed.length).toBeLessThan(4);
    const [, before = 0] = checkpointsIn(folder, quickDisk);
    compact({ ...once, stores: [HAS_ALL] });
    expect(segmentsIn(folder)[0]).toBe(Math.min(before, (segmentsIn(folder).at(-1) ?? 0) - 1));
  });

  it('G2: makes no checkpoint over a damaged place that no start has put aside yet', async () => {
    const { folder } = await journalOf(1, 60, SMALL);
    const path = join(folder, segmentName(2));
    const bytes = readFileSync(path);
    bytes[300] = (bytes[300] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const refused = checkpointNow(folder, 1);
    expect(refused).toMatchObject({ checkpoint: null, removed: [], notes: [expect.stringContaining('is damaged')] });
    expect(recover({ folder, tables: TABLES }).notes.length).toBe(1);
    expect(checkpointNow(folder, 1).checkpoint).not.toBeNull();
  });

  it('goes on beside a running engine: what is being written is not touched, and stores read on', async () => {
    const folder = temporaryFolder();
    const run = startRun(folder, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']), SMALL);
    const store = new OverlayStore();
    const role = new StoreFeed({ store, journal: run.journal });
    let removed = 0;
    for (let round = 0; round < 12; round++) {
      trade(run, 30, round + 1);
      run.writer.flushNow(round);
      await role.catchUp();
      removed += compact({ folder, stores: [await store.position()], keepSegments: 2, checkpointEvery: 2, disk: quickDisk }).removed.length;
    }
    await run.end();
    expect(removed).toBeGreaterThan(10);
    const found = recover({ folder, tables: TABLES });
    expect(found.notes).toEqual([]);
    expect(found.fills.length).toBe((await digestOf(store)).fills.count);
    // A journal after a checkpoint goes on with a number that nobody used.
    const journal = journalIn(folder);
    expect(journal.segment).toBeGreaterThan(segmentsIn(folder).at(-2) ?? 0);
    journal.close();
  });
});

async function held(from: OverlayStore | LmdbStore): Promise<unknown[]> {
  const list = [];
  for await (const { strategy, instrument, qty, bought, sold, fills } of from.positions())
    list.push({ strategy, instrument, qty, bought, sold, fills });
  return list;
}

describe('a store on a compacted journal', () => {
  async function compacted(): Promise<{ data: string; folder: string; whole: OverlayStore }> {
    const { data, folder } = await journalOf(3, 80, SMALL);
    const whole = new OverlayStore();
    checkpointNow(folder);
    await startRun(folder, tablesOf(4, INSTRUMENTS, ['grid-1', 'arb-1'])).end();
    const last = startRun(folder, tablesOf(5, INSTRUMENTS, ['grid-1', 'arb-1']), SMALL);
    trade(last, 20, 5);
    await last.end();
    await feed(whole, folder);
    checkpointNow(folder, 1);
    expect(segmentsIn(folder)[0]).toBeGreaterThan(20);
    return { data, folder, whole };
  }

  it('that is empty is filled from the checkpoint: every fill, ledger and position as they were, with a message of what is gone', async () => {
    const { data, folder, whole } = await compacted();
    const store = new LmdbStore(join(data, LMDB_NAME));
    const notices: string[] = [];
    await new StoreFeed({ store, journal: { folder, ...END }, onNotice: (text) => notices.push(text) }).catchUp();
    expect(notices).toEqual([
      expect.stringMatching(/was empty and the journal begins with segment \d+: \d+ fills, .* come from the checkpoint/),
    ]);
    const [one, two] = [await digestOf(store), await digestOf(whole)];
    expect(one.fills).toEqual(two.fills);
    expect(one.ledger).toEqual(two.ledger);
    expect(one.levels).toEqual(two.levels);
    expect(await held(store)).toEqual(await held(whole));
    expect(one.orders.count).toBeLessThan(two.orders.count);
    await store.close();
  });

  it('that is empty is filled from another store that has everything', async () => {
    const { folder, whole } = await compacted();
    const store = new OverlayStore();
    await new StoreFeed({ store, journal: { folder, ...END }, elder: whole }).catchUp();
    expect(differences({ name: 'one', digest: await digestOf(store) }, { name: 'two', digest: await digestOf(whole) })).toEqual([]);
  });

  it('that was away for longer than the journal remembers is told so, and not fed over the hole', async () => {
    const { folder, whole } = await compacted();
    const store = new OverlayStore();
    await store.write({
      orders: [],
      fills: [],
      levels: [],
      audit: [],
      runs: await whole.runs(),
      positions: [],
      parameters: [],
      position: { segment: 2, offset: 32 },
    });
    await expect(new StoreFeed({ store, journal: { folder, ...END } }).catchUp()).rejects.toThrow(/STORE_BEHIND_JOURNAL/);
  });
});

describe('the journal says what a store is to it', () => {
  it('another journal, one put back to an earlier state, a damaged place, an end that was lost', async () => {
    const { folder } = await journalOf(1, 60, 1 << 20);
    const store = new OverlayStore();
    await feed(store, folder);
    const aside = temporaryFolder();
    cpSync(folder, aside, { recursive: true });
    const path = join(folder, segmentName(1));
    const bytes = readFileSync(path);
    const tries = async (): Promise<string> =>
      new StoreFeed({ store, journal: { folder, position: { segment: 2, offset: 0 }, durable: { segment: 2, offset: 0 } } }).catchUp().then(
        () => 'fed',
        (error: unknown) => String(error),
      );
    expect(await tries()).toBe('fed');
    // The last frame that the store read was flipped since: it is the journal that lost something.
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 20] = (flipped[bytes.length - 20] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    expect(await tries()).toBe('fed');
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 2 * HOT_FRAME_BYTES);
    expect(await tries()).toMatch(/STORE_AHEAD_OF_JOURNAL/);
    // Put back to an earlier state, then written on: as long again, and another story.
    const other = temporaryFolder();
    const run = startRun(other, tablesOf(1, INSTRUMENTS, ['grid-1', 'arb-1']));
    trade(run, 90, 77);
    await run.end();
    copyFileSync(join(other, segmentName(1)), path);
    expect(await tries()).toMatch(/STORE_OF_ANOTHER_JOURNAL/);
    expect(nodeDisk.list(aside).length).toBeGreaterThan(0);
  });
});
