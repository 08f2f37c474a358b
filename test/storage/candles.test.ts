import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { CandleRecorder, type TradeVisitor } from '../../src/storage/candle-recorder.js';
import { CandleBuilder, joinCandles, MINUTE_US } from '../../src/storage/candles.js';
import { LMDB_NAME, LmdbStore } from '../../src/storage/lmdb.js';
import type { CandleDoc, CandleStore, TimeRange } from '../../src/storage/schema.js';
import { removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { instrument } from './run-fixture.js';

afterEach(removeTemporaryFolders);

const ONE = [instrument(0, 'a:BTC', '0.1', '0.001')];
const M = 1_790_000_040_000_000 - (1_790_000_040_000_000 % MINUTE_US);

async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A store in memory that can be away. */
class FakeStore implements CandleStore {
  readonly name = 'fake';
  isAway = false;
  writes = 0;
  readonly docs = new Map<string, CandleDoc>();

  writeCandles(candles: readonly CandleDoc[]): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('away'));
    this.writes++;
    for (const doc of candles) this.docs.set(`${doc.openUs} ${doc.instrument}`, doc);
    return Promise.resolve();
  }

  candles({ fromUs, toUs }: TimeRange): Iterable<CandleDoc> {
    return [...this.docs.values()].filter(({ openUs }) => openUs >= fromUs && openUs <= toUs).sort((a, b) => a.openUs - b.openUs);
  }

  lastCandleUs(): Promise<number> {
    if (this.isAway) return Promise.reject(new Error('away'));
    return Promise.resolve(Math.max(0, ...[...this.docs.values()].map(({ openUs }) => openUs)));
  }
}

describe('candles', () => {
  it('count the trades of a minute, and leave out what comes after it was closed or is no whole step', () => {
    const builder = new CandleBuilder(ONE);
    for (const [ticks, lots, isBuy, us] of [
      [1000, 5, true, 0],
      [1010, 1, false, 10],
      [990, 2, true, 59_999_999],
      [1005, 7, true, 60_000_000],
      [1, 1, true, 59_000_000],
      [NaN, 1, true, 60_000_001],
    ] as const)
      builder.add(0, ticks, lots, isBuy, M + us);
    expect(builder.take(M + MINUTE_US)).toEqual([
      { instrument: 'a:BTC', openUs: M, open: '100', high: '101', low: '99', close: '99', qty: '0.008', buyQty: '0.007', trades: 3 },
    ]);
    expect(builder.take(M + MINUTE_US)).toEqual([]);
    expect(builder.take(Infinity)).toMatchObject([{ openUs: M + MINUTE_US, open: '100.5', trades: 1 }]);
    builder.add(0, 1000, 1, true, M + MINUTE_US + 5);
    expect([builder.late, builder.odd, builder.take(Infinity)]).toEqual([2, 1, []]);
  });

  it('of a minute that a restart cut in two are joined', () => {
    const half = {
      instrument: 'a:BTC',
      openUs: M,
      open: '9.5',
      high: '10',
      low: '9',
      close: '9.75',
      qty: '1.5',
      buyQty: '0.25',
      trades: 3,
    };
    expect(joinCandles(half, { ...half, open: '8', high: '9.99', low: '8', close: '8.1' })).toEqual({
      ...half,
      low: '8',
      close: '8.1',
      qty: '3',
      buyQty: '0.5',
      trades: 6,
    });
  });

  it('go to the embedded store, and from there to one that was away, whole minutes only', async () => {
    const store = new FakeStore();
    const copy = new FakeStore();
    copy.isAway = true;
    let wallUs = M;
    const waiting: Parameters<TradeVisitor>[] = [];
    const notices: string[] = [];
    const recorderOf = (): CandleRecorder =>
      new CandleRecorder({
        source: { drain: (visit) => waiting.splice(0).reduce((count, trade) => (visit(...trade), count + 1), 0) },
        instruments: ONE,
        store,
        copies: [copy],
        wallUs: () => wallUs,
        onNotice: (text) => notices.push(text),
      });
    let recorder = recorderOf();
    let nowUs = 0;
    const turn = async (): Promise<void> => {
      recorder.step((nowUs += 11_000_000), 64);
      await settle();
    };
    for (let minute = 0; minute < 5; minute++) {
      waiting.push([0, 1000 + minute, 2, true, M + minute * MINUTE_US + 1]);
      wallUs = M + minute * MINUTE_US + 4_000_000;
      await turn();
    }
    expect([...store.candles({ fromUs: 0, toUs: Number.MAX_SAFE_INTEGER })].length).toBe(4);
    expect(notices.length).toBe(1);
    await recorder.close();
    recorder = recorderOf();
    copy.isAway = false;
    await turn();
    await turn();
    expect(copy.docs.size).toBe(4);
    waiting.push([0, 1020, 3, false, M + 4 * MINUTE_US + 30_000_000]);
    await turn();
    wallUs = M + 5 * MINUTE_US + 4_000_000;
    await turn();
    await turn();
    const docs = [...store.candles({ fromUs: 0, toUs: Number.MAX_SAFE_INTEGER })];
    expect(docs.at(-1)).toMatchObject({ open: '100.4', high: '102', qty: '0.005', buyQty: '0.002', trades: 2 });
    expect([...copy.candles({ fromUs: 0, toUs: Number.MAX_SAFE_INTEGER })]).toEqual(docs);
  });

  it('stand in the embedded store by minute and instrument, and survive a rebuild of it', async () => {
    const store = new LmdbStore(join(temporaryFolder(), LMDB_NAME));
    const candle = { instrument: 'b', openUs: M, open: '1', high: '1', low: '1', close: '1', qty: '1', buyQty: '1', trades: 1 };
    const all = [candle, { ...candle, openUs: M + MINUTE_US }, { ...candle, instrument: 'a' }];
    await store.writeCandles(all);
    await store.writeCandles([{ ...candle, trades: 2 }]);
    await store.clear();
    const range = { fromUs: M, toUs: M + MINUTE_US };
    expect([...store.candles(range)].map(({ openUs, instrument: id, trades }) => [openUs - M, id, trades])).toEqual([
      [0, 'a', 1],
      [0, 'b', 2],
      [MINUTE_US, 'b', 1],
    ]);
    expect([...store.candles({ fromUs: M, toUs: M })].length).toBe(2);
    expect([...store.candles(range, 1)].length).toBe(1);
    expect(await store.lastCandleUs()).toBe(M + MINUTE_US);
    await store.close();
  });
});
