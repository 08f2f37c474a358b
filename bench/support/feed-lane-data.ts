/** What a feed lane of Bybit instruments is started with, without the rest of an engine. */
import { BOOK_BYTES } from '../../src/core/memory/book-layout.js';
import { planMemory } from '../../src/core/memory/layout.js';
import { allocateShared } from '../../src/core/memory/shared-memory.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { marketTimeNow } from '../../src/workers/clock.js';
import type { LaneData } from '../../src/workers/lane-data.js';
import { instrumentOf } from '../../test/support/instruments.js';

/** @param address where the venue's socket is, e.g. `wss://127.0.0.1:1234` */
export function feedLaneData(symbols: readonly string[], address: string): LaneData {
  const plan = planMemory({
    instruments: symbols.length,
    bookBytes: BOOK_BYTES,
    strategies: 1,
    levelsPerStrategy: 1,
    venues: 1,
    gateways: 1,
    assets: 2,
    feedLanes: 1,
    lanes: 3,
    producers: 2,
    orderSlots: 16,
    ringRecords: 64,
    journalRecords: 64,
  });
  const memory = allocateShared(plan.bytes);
  if (!(memory.buffer instanceof SharedArrayBuffer)) throw new Error('the memory is not shared');
  return {
    buffer: memory.buffer,
    memory,
    plan,
    tables: {
      run: 1,
      tag: 'bench',
      mode: 'paper',
      simulated: false,
      venues: ['bybit'],
      assets: ['BTC', 'USDT'],
      instruments: symbols.map((symbol, index) =>
        instrumentOf({
          index,
          id: `bybit:linear:${symbol}`,
          venue: 'bybit',
          symbol: `linear:${symbol}`,
          base: symbol.replace(/USDT$/, ''),
        }),
      ),
      strategies: [],
    },
    recovered: { runs: 0, orders: [], fills: [], levels: [], notes: [] },
    layout: {
      names: ['service', 'hot', 'feed-0'],
      hotLane: 1,
      feedLanes: [2],
      isSingle: false,
      wait: 'balanced',
      feedsSpin: false,
      warning: null,
    },
    market: marketTimeNow(1),
    isStepped: false,
    kernel: DEFAULT_KERNEL,
    durability: 'none',
    entries: [],
    directory: process.cwd(),
    addresses: { bybit: { rest: address.replace(/^ws/, 'http'), wsPublic: address } },
    risk: {},
    lane: 2,
  };
}
