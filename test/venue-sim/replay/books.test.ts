/** Books read over sockets from a replay equal those of `verify`, message by message and at the end. */
import { afterAll, describe, expect, it } from 'vitest';
import type { FinalBook } from '../../../src/feeds/verify-rows.js';
import { needRecordings, recordingPath } from '../../support/recordings.js';
import { ReplayWorld, verifiedRows, type BookRow } from './replay-world.js';
import { writeFixture } from './recorded-fixture.js';

const fixture = writeFixture(240);
afterAll(() => fixture.remove());

async function withWorld(run: (world: ReplayWorld) => Promise<void>): Promise<void> {
  const world = new ReplayWorld();
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** The line is verify's own, the number of levels that a bounded window holds may differ. */
function withoutLine({ seq, top10_hash, top25_hash, bids, asks }: FinalBook): Omit<FinalBook, 'last_book_line' | 'levels'> {
  return { seq, top10_hash, top25_hash, bids, asks };
}

/** @returns how many rows were compared */
function compare(id: string, got: readonly BookRow[], expected: readonly BookRow[]): number {
  let compared = 0;
  if (id === 'bitmex') {
    for (const symbol of new Set(expected.map((row) => row.symbol))) {
      // A book asked for a second time while its first snapshot was under way shows it twice.
      const of = (rows: readonly BookRow[]): string[] =>
        rows
          .filter((row) => row.symbol === symbol)
          .filter((row, i, all) => row.action !== 'snapshot' || row.shown !== all[i - 1]?.shown)
          .map((row) => `${row.action} ${row.shown}`);
      expect(of(got)).toEqual(of(expected));
      compared += of(got).length;
    }
    return compared;
  }
  // A snapshot can disagree with the event that ends at its own number: two books of one number are in such a recording.
  const known = new Map<string, Set<string>>();
  for (const row of expected) {
    const key = `${row.symbol} ${row.sequence}`;
    known.set(key, (known.get(key) ?? new Set()).add(row.shown));
  }
  for (const row of got) {
    const wanted = known.get(`${row.symbol} ${row.sequence}`);
    if (wanted === undefined) continue;
    if (!wanted.has(row.shown)) expect(row).toEqual({ ...row, shown: [...wanted].join(' or ') });
    compared++;
  }
  return compared;
}

interface Case {
  readonly name: string;
  readonly venue: string;
  readonly file: () => string;
  readonly isRecorded: boolean;
}

const recorded = (venue: string, name: string): Case => ({ name, venue, file: () => recordingPath(name), isRecorded: true });
const CASES: readonly Case[] = [
  { name: 'own spot', venue: 'binance-spot', file: () => fixture.spot, isRecorded: false },
  { name: 'own coinm', venue: 'binance-coinm', file: () => fixture.coinm, isRecorded: false },
  { name: 'own bybit', venue: 'bybit', file: () => fixture.bybit, isRecorded: false },
  { name: 'own bitmex', venue: 'bitmex', file: () => fixture.bitmex, isRecorded: false },
  recorded('bitmex', 'bitmex/l2-10sym-2021-07-22.ndjson.gz'),
  recorded('bybit', 'bybit/v5-linear-spot-btc-eth-2026-08-09.ndjson.gz'),
  recorded('binance-coinm', 'binance/coinm-10sym-2021-07-22.ndjson.gz'),
  recorded('binance-spot', 'binance/spot-4sym-2021-10-12.ndjson.gz'),
  recorded('binance-spot', 'binance/us-4sym-2021-10-12.ndjson.gz'),
  recorded('binance-usdm', 'binance/usdm-4sym-2021-07-22.ndjson.gz'),
];

const FINAL = 'equals the last book of verify';

/** Each waits for sockets most of its time: they run side by side. */
describe.concurrent('a replay at full speed', () => {
  it.each(CASES)(
    'shows the books of verify at every sequence number (BitMEX: after every message) and at the end, without a gap: $name',
    async ({ venue, file, isRecorded }) => {
      if (isRecorded && !needRecordings()) return;
      const expected = await verifiedRows(file());
      await withWorld(async (world) => {
        await world.open([file()], 'max');
        await world.followClock();
        const rows: BookRow[] = [];
        const { feed, finals } = await world.feed(venue, rows);
        await world.start();
        await world.ended;
        expect(feed.gaps, world.lines.join('\n')).toBe(0);
        // A book that waits for its snapshot shows less than the recorder had; most must be there all the same.
        expect(compare(venue, rows, expected.rows)).toBeGreaterThan(expected.rows.length * 0.8);
        for (const [symbol, final] of Object.entries(finals())) {
          expect(withoutLine(final), `${symbol} ${FINAL}`).toEqual(withoutLine(expected.finals[symbol] as FinalBook));
          expect(final.bids.length).toBeGreaterThan(0);
        }
        feed.stop();
      });
    },
  );

  it('plays two recordings of one time together, spot and perpetual of 2024', { timeout: 60_000 }, async () => {
    if (!needRecordings()) return;
    const files = {
      'binance-spot': recordingPath('binance/spot-btcusdt-2024-08-08.ndjson.gz'),
      'binance-coinm': recordingPath('binance/coinm-btcusd_perp-2024-08-08.ndjson.gz'),
    };
    await withWorld(async (world) => {
      await world.open(Object.values(files), 'max');
      await world.followClock();
      const readers = [];
      for (const [venue, file] of Object.entries(files)) {
        const rows: BookRow[] = [];
        readers.push({ venue, file, rows, ...(await world.feed(venue, rows)) });
      }
      await world.start();
      await world.ended;
      for (const { venue, file, rows, feed, finals } of readers) {
        const expected = await verifiedRows(file);
        expect(feed.gaps).toBe(0);
        expect(compare(venue, rows, expected.rows)).toBeGreaterThan(expected.rows.length * 0.95);
        for (const [symbol, final] of Object.entries(finals())) {
          expect(withoutLine(final), `${symbol} ${FINAL}`).toEqual(withoutLine(expected.finals[symbol] as FinalBook));
        }
        feed.stop();
      }
    });
  });
});

describe('a client that comes back', () => {
  it.each(CASES.filter(({ name }) => /own|coinm-10/.test(name)))(
    'in the middle gets a book of that moment, and has the book of verify at the end: $name',
    async ({ venue, file, isRecorded }) => {
      if (isRecorded && !needRecordings()) return;
      const expected = await verifiedRows(file());
      await withWorld(async (world) => {
        const { addresses } = await world.open([file()], 'max');
        const rows: BookRow[] = [];
        let feed: { reconnect(): void } | null = null;
        const startUs = addresses.clock.marketUs + 2_000_000;
        const breaks = [startUs + 4_000_000, startUs + 6_000_000];
        await world.followClock((us) => {
          if (breaks[0] === undefined || us < breaks[0]) return;
          breaks.shift();
          feed?.reconnect();
        });
        const reader = await world.feed(venue, rows);
        feed = reader.feed;
        await world.start();
        await world.ended;
        await world.untilLive(reader);
        expect(breaks).toEqual([]);
        expect(reader.feed.sessions.map((session) => session.opened)).toEqual(reader.feed.sessions.map(() => 3));
        // Between connections rows are missing, and those of an id-keyed book are not numbered: the end decides.
        if (venue !== 'bitmex') expect(compare(venue, rows, expected.rows)).toBeGreaterThan(expected.rows.length * 0.1);
        for (const [symbol, final] of Object.entries(reader.finals())) {
          const { seq: _seq, ...book } = withoutLine(final);
          const { seq: _wanted, ...wanted } = withoutLine(expected.finals[symbol] as FinalBook);
          expect(book, `${symbol} ${FINAL}; ${world.lines.join('; ')}`).toEqual(wanted);
        }
        reader.feed.stop();
      });
    },
  );
});
