import { describe, expect, it } from 'vitest';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import { KernelRoom } from '../../src/core/kernel/kernel-room.js';
import { BOOK_BYTES } from '../../src/core/memory/book-layout.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import { VENUES } from '../../src/feeds/registry.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import type { Venue } from '../../src/feeds/venue.js';
import { warmUpFeed, type WarmedFeed } from '../../src/feeds/warm-up.js';
import { instrument } from '../workers/lane-fixture.js';

const SYMBOLS: Readonly<Record<string, readonly string[]>> = {
  'binance-spot': ['BTCUSDT'],
  'binance-usdm': ['BTCUSDT', 'ETHUSDT'],
  'binance-coinm': ['BTCUSD_PERP'],
  bybit: ['linear:BTCUSDT', 'spot:BTCUSDT'],
  bitmex: ['XBTUSD'],
};
const ROUNDS = 64;

function warm(venue: Venue, kernel: KernelName, isOver = (): boolean => false): WarmedFeed & { readonly changes: number } {
  const instruments: Instrument[] = (SYMBOLS[venue.id] ?? []).map((symbol, index) =>
    instrument(`${venue.id}:${symbol}`, index, { symbol, tickSize: index === 0 ? '0.1' : '0.01' }),
  );
  let changes = 0;
  const sink: FeedSink = {
    bookChanged: () => void changes++,
    state: () => undefined,
    trade: () => undefined,
    quote: () => undefined,
    mark: () => undefined,
  };
  let nowUs = 1;
  const room = KernelRoom.alone(2 ** 25);
  const books = room.take(BOOK_BYTES * instruments.length);
  const warmed = warmUpFeed({
    venue,
    instruments,
    endpoints: venue.endpoints,
    kernel,
    room,
    views: room.views,
    bookBase: (index) => books + BOOK_BYTES * index,
    sink,
    nowUs: () => ++nowUs,
    rounds: ROUNDS,
    isOver,
    deliver: (payload, to) => to.read(payload, 0, payload.length),
  });
  return { ...warmed, changes };
}

describe('warmUpFeed', () => {
  it.each(VENUES.flatMap((venue) => (['wasm', 'ts'] as const).map((kernel) => [venue.id, kernel, venue] as const)))(
    '%s, kernel %s: every made-up frame is one of the venue, in order, and the books stay live',
    (id, kernel, venue) => {
      const warmed = warm(venue, kernel);
      const books = SYMBOLS[id]?.length ?? 0;
      expect(books).toBeGreaterThan(0);
      expect(warmed).toMatchObject({ bad: 0, gaps: 0, liveBooks: books });
      expect(warmed.kernel).toBeGreaterThan(ROUNDS / 2);
      expect(warmed.mapper).toBeGreaterThan(0);
      // All of them but those that are sent the readable way on purpose.
      expect(warmed.kernel / warmed.frames).toBeGreaterThan(0.8);
      expect(warmed.changes).toBeGreaterThan(ROUNDS / 2);
    },
  );

  it('takes the readable way alone when the run does', () => {
    for (const venue of VENUES) expect(warm(venue, 'json'), venue.id).toMatchObject({ bad: 0, gaps: 0, kernel: 0 });
  });

  it('stops when its time is over', () => {
    const [venue] = VENUES;
    if (venue === undefined) throw new Error('no venue');
    expect(warm(venue, 'ts', () => true).frames).toBeLessThanOrEqual(venue.shapes.length * 2);
  });
});
