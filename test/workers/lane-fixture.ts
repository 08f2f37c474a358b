/** One run's tables, memory and lane data, small: two venues with one instrument each. */
import { BOOK_BYTES } from '../../src/core/memory/book-layout.js';
import { planMemory, type MemoryPlan } from '../../src/core/memory/layout.js';
import { viewsOf, type SharedViews } from '../../src/core/memory/shared-memory.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import type { Params } from '../../src/core/ports/strategy.js';
import type { Recovery } from '../../src/storage/recover.js';
import { checkParams } from '../../src/strategies/params.js';
import { STRATEGIES } from '../../src/strategies/registry.js';
import type { LaneData } from '../../src/workers/lane-data.js';
import type { StrategyPlan } from '../../src/workers/run-config.js';
import { instrumentOf } from '../support/instruments.js';

export function instrument(id: string, index: number, more: Partial<Instrument> = {}): Instrument {
  const colon = id.indexOf(':');
  return instrumentOf({ index, id, venue: id.slice(0, colon), symbol: id.slice(colon + 1), ...more });
}

/** Of a first run. */
export const FIRST_RUN: Recovery = {
  runs: 0,
  orders: [],
  fills: [],
  levels: [],
  notes: [],
  fundings: [],
  last: null,
  isClean: true,
  aside: { orders: [], fills: 0, levels: 0, records: 0 },
  end: { segment: 0, offset: 0 },
};

export const USDM = 'binance-usdm:BTCUSDT';
export const BYBIT = 'bybit:linear:BTCUSDT';

export function entry(name: string, kind: 'grid' | 'arb', instruments: readonly string[], more: Partial<StrategyPlan> = {}): StrategyPlan {
  return { name, source: kind, kind, pnlKind: kind, instruments, params: {}, levelStates: [], ...more };
}

/** As the strategy itself checks and completes them. */
function paramsOf(kind: string, given: Params): Params {
  const definition = STRATEGIES.find((one) => one.kind === kind);
  if (definition === undefined) throw new Error(`no strategy ${kind}`);
  return checkParams(kind, definition, given);
}

export const TABLES: RunTables = {
  run: 1,
  tag: 'test',
  mode: 'sim',
  simulated: true,
  venues: ['binance-usdm', 'bybit'],
  assets: ['BTC', 'USDT'],
  instruments: [instrument(USDM, 0), instrument(BYBIT, 1)],
  strategies: [
    { index: 0, name: 'btc-grid', kind: 'grid', pnlKind: 'grid', instruments: [0] },
    { index: 1, name: 'btc-arb', kind: 'arb', pnlKind: 'arb', instruments: [0, 1] },
  ],
};

export function planOf(tables: RunTables, lanes = 3, feedLanes = 1): MemoryPlan {
  return planMemory({
    instruments: tables.instruments.length,
    bookBytes: BOOK_BYTES,
    strategies: tables.strategies.length,
    levelsPerStrategy: 64,
    venues: tables.venues.length,
    gateways: tables.venues.length,
    assets: tables.assets.length,
    feedLanes,
    lanes,
    producers: 2,
    orderSlots: 256,
    ringRecords: 256,
    journalRecords: 1024,
  });
}

export interface Memory {
  readonly plan: MemoryPlan;
  readonly views: SharedViews;
}

export function memoryOf(tables: RunTables = TABLES, lanes = 3, feedLanes = 1): Memory {
  const plan = planOf(tables, lanes, feedLanes);
  return { plan, views: viewsOf(new SharedArrayBuffer(plan.bytes)) };
}

export function laneData({ plan, views }: Memory, more: Partial<LaneData> = {}): LaneData {
  return {
    buffer: views.buffer,
    memory: null,
    plan,
    tables: TABLES,
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
    market: { wallUs: 0, marketUs: 0, speed: 1 },
    isStepped: false,
    kernel: 'ts',
    durability: 'interval',
    entries: [
      entry('btc-grid', 'grid', [USDM], { params: paramsOf('grid', { step: '0.2%', count: 4, investment: '8000' }) }),
      entry('btc-arb', 'arb', [USDM, BYBIT], { params: paramsOf('arb', { minEdge: '0.0001', maxNotional: '2000' }) }),
    ],
    directory: process.cwd(),
    addresses: {},
    risk: {},
    lane: 1,
    ...more,
  };
}
