/**
 * One look at the market: best prices of some instruments, by the feeds that trading uses, then everything is closed again. Main thread; for verbs that show
 * something before anything trades.
 */
import { BookReader } from '../core/book/book-reader.js';
import { gridOf } from '../core/book/grid.js';
import type { KernelName } from '../core/kernel/kernel.js';
import { BOOK_BYTES, BOOK_LIVE } from '../core/memory/book-layout.js';
import { bookBase, planMemory } from '../core/memory/layout.js';
import { allocateShared, viewsOf } from '../core/memory/shared-memory.js';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { MarketTime } from './clock.js';
import { SystemTimers } from './clock.js';
import { buildFeedLane } from './feed-lane.js';
import { assetsOf } from './instruments.js';
import { PRODUCERS } from './lanes.js';
import { laneClock } from './market-clock.js';
import type { VenueAddress } from './venues-process.js';

export interface BestPrice {
  readonly bidTicks: number;
  readonly askTicks: number;
}

const LOOK_EVERY_MS = 20;

/** By instrument index. Rejects with EngineError `MARKET_NOT_SEEN`, naming the instruments without a live book after `withinMs` of wall time. */
export async function glanceAtMarket(
  instruments: readonly Instrument[],
  addresses: Readonly<Record<string, VenueAddress>>,
  { kernel, market, withinMs }: { kernel: KernelName; market: MarketTime; withinMs: number },
): Promise<BestPrice[]> {
  const venues = [...new Set(instruments.map((instrument) => instrument.venue))];
  const plan = planMemory({
    instruments: instruments.length,
    bookBytes: BOOK_BYTES,
    strategies: 1,
    levelsPerStrategy: 16,
    venues: venues.length,
    gateways: venues.length,
    assets: 1,
    feedLanes: 1,
    lanes: 1,
    producers: PRODUCERS,
    orderSlots: 256,
    ringRecords: 256,
    journalRecords: 1024,
  });
  const memory = allocateShared(plan.bytes);
  const views = viewsOf(memory);
  const wallTimers = new SystemTimers(1);
  const marketTimers = new SystemTimers(market.speed);
  let trouble = '';
  const lane = buildFeedLane(
    {
      buffer: memory.buffer,
      memory,
      plan,
      tables: {
        run: 1,
        tag: 'glance',
        mode: 'paper',
        simulated: false,
        venues,
        assets: assetsOf(instruments),
        instruments,
        strategies: [],
      },
      recovered: { runs: 0, orders: [], fills: [], levels: [], notes: [] },
      layout: { names: ['all'], hotLane: 0, feedLanes: [0], isSingle: true, wait: 'balanced', feedsSpin: false, warning: null },
      market,
      isStepped: false,
      kernel,
      durability: 'none',
      entries: [],
      directory: '.',
      addresses,
      risk: {},
      lane: 0,
    },
    0,
    {
      clock: laneClock(views, plan, market, false),
      marketTimers,
      wallTimers,
      bells: [],
      note: (source, text) => (trouble = `${source}: ${text}`),
      error: (source, error) => (trouble = `${source}: ${messageOf(error)}`),
    },
  );
  const readers = instruments.map(
    (instrument) => new BookReader(views, bookBase(plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize)),
  );
  lane.start();
  try {
    const untilMs = performance.now() + withinMs;
    while (!readers.every(isSeen)) {
      if (performance.now() > untilMs) {
        const missing = instruments.filter((_, index) => !isSeen(readers[index]!)).map((instrument) => instrument.id);
        throw new EngineError('MARKET_NOT_SEEN', 'retry', { missing: missing.join(', '), trouble });
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return readers.map(({ top }) => ({ bidTicks: top.bidTicks, askTicks: top.askTicks }));
  } finally {
    lane.stop();
    marketTimers.stop();
    wallTimers.stop();
  }
}

function isSeen(reader: BookReader): boolean {
  return reader.readTop() && reader.top.state === BOOK_LIVE && reader.top.bidTicks > 0 && reader.top.askTicks > reader.top.bidTicks;
}
