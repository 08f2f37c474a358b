/** The markets of the demo engine: tables, shared memory, and books that move by chance from a seed. No thread, no socket, no wall clock. */
import { BookWriter } from '../../src/core/book/book-writer.js';
import { gridOf } from '../../src/core/book/grid.js';
import { BOOK_BYTES, BOOK_GAP, BOOK_LIVE, BOOK_SYNCING } from '../../src/core/memory/book-layout.js';
import { bookBase, CONTROL_RUN, MARK_BYTES, MARK_TICKS, planMemory, RUN_TRADING, type MemoryPlan } from '../../src/core/memory/layout.js';
import { allocateShared, viewsOf, type SharedViews } from '../../src/core/memory/shared-memory.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, VENUE_COUNTERS, type VenueCounter } from '../../src/core/memory/counters.js';

export const START_WALL_US = Date.UTC(2026, 10, 23, 6, 0, 0) * 1000;
const START_MONO_US = 5_000_000;

interface Shape {
  readonly venue: string;
  readonly symbol: string;
  readonly kind: Instrument['kind'];
  readonly base: string;
  readonly quote: string;
  readonly tick: string;
  readonly lot: string;
  readonly price: number;
}

export const SHAPES: readonly Shape[] = [
  { venue: 'binance-spot', symbol: 'BTCUSDT', kind: 'spot', base: 'BTC', quote: 'USDT', tick: '0.01', lot: '0.00001', price: 61_804.2 },
  { venue: 'binance-spot', symbol: 'ETHUSDT', kind: 'spot', base: 'ETH', quote: 'USDT', tick: '0.01', lot: '0.0001', price: 2_688.4 },
  { venue: 'binance-usdm', symbol: 'BTCUSDT', kind: 'linear', base: 'BTC', quote: 'USDT', tick: '0.1', lot: '0.001', price: 61_811 },
  { venue: 'binance-coinm', symbol: 'BTCUSD_PERP', kind: 'inverse', base: 'BTC', quote: 'USD', tick: '0.1', lot: '1', price: 61_808 },
  { venue: 'bybit', symbol: 'linear:BTCUSDT', kind: 'linear', base: 'BTC', quote: 'USDT', tick: '0.1', lot: '0.001', price: 61_806 },
  { venue: 'bybit', symbol: 'spot:BTCUSDT', kind: 'spot', base: 'BTC', quote: 'USDT', tick: '0.01', lot: '0.000001', price: 61_802 },
  { venue: 'bybit', symbol: 'inverse:BTCUSD', kind: 'inverse', base: 'BTC', quote: 'USD', tick: '0.5', lot: '1', price: 61_809 },
  { venue: 'bitmex', symbol: 'XBTUSD', kind: 'inverse', base: 'XBT', quote: 'USD', tick: '0.5', lot: '100', price: 61_807 },
];

export class DemoMarket {
  readonly tables: RunTables;
  readonly plan: MemoryPlan;
  readonly views: SharedViews;
  /** Market time since the start. */
  elapsedUs = 0;
  protected readonly random: () => number;
  protected readonly midTicks: number[];
  readonly #writers: BookWriter[];
  readonly #sequences: number[];
  readonly #feeds: readonly CounterBlock<VenueCounter>[];

  constructor(seed: number, simulated: boolean) {
    this.random = randomOf(seed);
    const assets = ['USDT', 'BTC', 'ETH', 'XBT', 'USD'];
    const venues = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];
    const instruments = SHAPES.map((shape, index) => instrumentOf(shape, index));
    this.tables = {
      run: 3,
      tag: 'demo',
      mode: simulated ? 'sim' : 'paper',
      simulated,
      venues,
      assets,
      instruments,
      strategies: [
        { index: 0, name: 'btc-grid', kind: 'grid', pnlKind: 'grid', instruments: [0] },
        { index: 1, name: 'perp-grid', kind: 'grid', pnlKind: 'grid', instruments: [4] },
        { index: 2, name: 'btc-cross', kind: 'arb', pnlKind: 'arb', instruments: [0, 5] },
        { index: 3, name: 'btc-basis', kind: 'arb', pnlKind: 'arb', instruments: [0, 2, 4] },
      ],
    };
    this.plan = planMemory({
      instruments: instruments.length,
      bookBytes: BOOK_BYTES,
      strategies: this.tables.strategies.length,
      levelsPerStrategy: 64,
      venues: venues.length,
      gateways: venues.length,
      assets: assets.length,
      feedLanes: 1,
      lanes: 3,
      producers: 2,
      orderSlots: 256,
      ringRecords: 256,
      journalRecords: 1024,
    });
    this.views = viewsOf(allocateShared(this.plan.bytes).buffer);
    this.#writers = instruments.map(
      ({ tickSize, lotSize }, index) => new BookWriter(this.views, bookBase(this.plan, index), gridOf(tickSize, lotSize)),
    );
    this.midTicks = SHAPES.map(({ price, tick }) => Math.round(price / Number(tick)));
    this.#sequences = SHAPES.map((_, i) => 40_000_000 + i * 1_000_000);
    this.#feeds = venues.map(
      (_, venue) => new CounterBlock(this.views, this.plan.venueCounters + COUNTER_BLOCK_BYTES * venue, VENUE_COUNTERS),
    );
    for (const feed of this.#feeds) feed.set('connected', 1);
    Atomics.store(this.views.i32, (this.plan.control + CONTROL_RUN) >> 2, RUN_TRADING);
  }

  nowUs(): number {
    return START_MONO_US + this.elapsedUs;
  }

  wallUs(): number {
    return START_WALL_US + this.elapsedUs;
  }

  publishBook(index: number, state: number = BOOK_LIVE): void {
    const writer = this.#writers[index];
    const shape = SHAPES[index];
    if (writer === undefined || shape === undefined) throw new Error(`no instrument ${index}`);
    const mid = this.midTicks[index] ?? 0;
    const tick = Number(shape.tick);
    const spread = Math.max(1, Math.round((0.2 + this.random() * 0.6) / tick));
    const bid = Math.floor(mid - spread / 2);
    writer.begin();
    writer.clear();
    for (let level = 0; level < 20; level++) {
      const gap = Math.round(level * (0.4 / tick) * (0.6 + this.random() * 0.8)) + level;
      const lots = Math.max(
        1,
        Math.round(((0.05 + this.random() * 1.4 + level * 0.05) / Number(shape.lot)) * (shape.quote === 'USD' ? 9000 : 1)),
      );
      this.#setLevel(writer, 0, bid - gap, lots, shape);
      this.#setLevel(writer, 1, bid + spread + gap, lots + Math.round(lots * (this.random() - 0.5)), shape);
    }
    const sequence = (this.#sequences[index] ?? 0) + 1 + Math.floor(this.random() * 40);
    this.#sequences[index] = sequence;
    writer.publish(state, sequence, this.wallUs() - 1_500 - this.random() * 4_000, this.nowUs() - this.random() * 30);
    this.views.f64[(this.plan.marks + MARK_BYTES * index + MARK_TICKS) >> 3] = shape.kind === 'spot' ? 0 : mid;
  }

  hideBook(index: number, state: number = BOOK_GAP): void {
    this.#writers[index]?.setState(state);
  }

  syncBook(index: number): void {
    this.hideBook(index, BOOK_SYNCING);
  }

  /** Market time passes: prices move, books are published, the feeds count it. */
  protected move(us: number): void {
    this.elapsedUs += us;
    const pull = (this.midTicks[0] ?? 0) * 0.01 - (SHAPES[0]?.price ?? 0); // prices come back, so that grids fill again and again
    const shock = (this.random() - 0.5) * 1.1e-4 - (pull / 61_804) * 0.01;
    SHAPES.forEach((_, index) => {
      const noise = (this.random() - 0.5) * 1.5e-5;
      this.midTicks[index] = (this.midTicks[index] ?? 0) * (1 + shock + noise);
      this.publishBook(index);
      this.#countVenue(index);
    });
  }

  protected mid(instrument: number): number {
    return Math.round(this.midTicks[instrument] ?? 0);
  }

  #countVenue(instrument: number): void {
    const venue = this.tables.venues.indexOf(SHAPES[instrument]?.venue ?? '');
    const counters = this.#feeds[venue];
    const messages = 2 + Math.floor(this.random() * 9);
    counters?.add('messages', messages);
    counters?.add('framesKernel', messages);
    counters?.add('bytes', messages * 640);
    counters?.add('bookUpdates', messages - 1);
    counters?.add('trades', 1);
    if (this.random() < 0.001) {
      counters?.add('gaps', 1);
      counters?.add('resyncs', 1);
    }
  }

  #setLevel(writer: BookWriter, side: number, ticks: number, lots: number, shape: Shape): void {
    const price = Math.round(ticks * Number(shape.tick) * 10 ** decimals(shape.tick));
    const qty = Math.round(lots * Number(shape.lot) * 10 ** decimals(shape.lot));
    writer.setLevel(side, price, decimals(shape.tick), Math.max(1, qty), decimals(shape.lot));
  }
}

function instrumentOf(shape: Shape, index: number): Instrument {
  const { venue, symbol, kind, base, quote, tick, lot } = shape;
  return {
    index,
    id: `${venue}:${symbol}`,
    venue,
    symbol,
    kind,
    base,
    quote,
    settle: kind === 'inverse' ? base : quote,
    tickSize: tick,
    lotSize: lot,
    multiplier: '1',
    minQty: lot,
    maxQty: '1000000',
    minNotional: '5',
    maxOpenOrders: 200,
    makerFee: '0.0002',
    takerFee: '0.0005',
    feeAssetBuy: quote,
    feeAssetSell: quote,
    source: 'venue',
  };
}

function decimals(text: string): number {
  return text.split('.')[1]?.length ?? 0;
}

/** mulberry32: small, seeded, good enough for pictures. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
