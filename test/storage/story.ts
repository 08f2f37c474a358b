/** A journal that tells of much trading, made from a seed, and stores fed from it. */
import { join } from 'node:path';
import { RecordKind, SIDE_SELL } from '../../src/core/memory/record.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { JournalPosition } from '../../src/storage/journal.js';
import { StoreFeed } from '../../src/storage/store-feed.js';
import type { Store } from '../../src/storage/schema.js';
import { type Run, startRun, tablesOf } from './run-fixture.js';
import { temporaryFolder } from './journal-fixture.js';

const K = RecordKind;
export const INSTRUMENTS = ['binance-spot:BTCUSDT', 'binance-spot:ETHUSDT'];
export const END: { readonly position: JournalPosition; readonly durable: JournalPosition } = {
  position: { segment: 1e6, offset: 0 },
  durable: { segment: 1e6, offset: 0 },
};

/** Journals `orders` orders of one run: created, acknowledged, filled in parts or cancelled, with levels, refusals and funding between. */
export function trade(run: Run, orders: number, seed = 1): void {
  let next = seed;
  const random = (below: number): number => {
    next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((next / 2 ** 32) * below);
  };
  const runUs = 1_790_000_000_000_000 + run.tables.run * 3_600_000_000;
  for (let i = 0; i < orders; i++) {
    const level = random(40);
    const strategy = random(run.tables.strategies.length);
    const order = {
      orderId: makeOrderId(run.tables.run, strategy, level, i + 1),
      strategy,
      level,
      instrument: random(2),
      side: level < 20 ? 0 : SIDE_SELL,
      priceTicks: 600_000 + random(5_000),
      qtyLots: 10 + random(10),
    };
    const at = runUs + i * 1000;
    // In groups, as an engine would: a segment ends with a group.
    if (i % 8 === 7) run.writer.step(i, 4096);
    run.put({ ...order, kind: K.CREATE, tsUs: at, flags: 1 });
    run.put({ ...order, kind: K.ACK, tsUs: at + 1 });
    const parts = random(4);
    for (let part = 0; part < parts; part++) {
      const tradeId = i * 10 + part;
      run.put({
        ...order,
        kind: K.FILL,
        tsUs: at + 2 + part,
        fillTicks: order.priceTicks,
        fillLots: 2,
        tradeId,
        fee: 40 + part,
        feeAsset: random(2),
      });
      // A venue that repeats itself.
      if (random(10) === 0)
        run.put({ ...order, kind: K.FILL, tsUs: at + 9, fillTicks: order.priceTicks, fillLots: 2, tradeId, fee: 40 + part });
    }
    if (random(3) === 0) run.put({ ...order, kind: K.CANCELLED, tsUs: at + 10 });
    run.put({ ...order, kind: K.LEVEL, tsUs: at + 11, state: random(5), cumLots: parts * 2 });
    if (random(5) === 0) run.put({ kind: K.REFUSED, strategy, tsUs: at + 12, reason: Reason.EDGE_TOO_SMALL });
    if (random(20) === 0)
      run.put({
        kind: K.FUNDING,
        strategy,
        instrument: order.instrument,
        tsUs: at + 13,
        fee: random(100) - 50,
        feeAsset: 1,
        tradeId: run.tables.run * 1_000_000 + i,
      });
  }
}

/** A data directory whose journal has `runs` runs of `orders` orders each. */
export async function journalOf(
  runs: number,
  orders: number,
  segmentBytes = 1 << 20,
): Promise<{ readonly data: string; readonly folder: string }> {
  const data = temporaryFolder();
  const folder = join(data, 'journal');
  for (let run = 1; run <= runs; run++) {
    const one = startRun(folder, tablesOf(run, INSTRUMENTS, ['grid-1', 'arb-1']), segmentBytes);
    trade(one, orders, run);
    await one.end();
  }
  return { data, folder };
}

/** Feeds the store with all of a journal that nobody writes any more. */
export async function feed(store: Store, folder: string): Promise<void> {
  await new StoreFeed({ store, journal: { folder, ...END } }).catchUp();
}

/** Feeds the store, beginning again after each failure, until it has everything. Resolves with the failures. */
export async function feedThrough(store: Store, folder: string, most = 200, restMs = 50): Promise<number> {
  for (let failures = 0; failures < most; failures++) {
    try {
      await feed(store, folder);
      return failures;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }
  throw new Error(`the store failed ${most} times`);
}
