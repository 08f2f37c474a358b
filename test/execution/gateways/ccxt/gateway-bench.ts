/** A ccxt gateway in one thread with everything around it in hand: its rings, the journal cursor, time, and the venue's answers (by any HttpClient). */
import { BOOK_BYTES } from '../../../../src/core/memory/book-layout.js';
import { CounterBlock, GATEWAY_COUNTERS, type GatewayCounter } from '../../../../src/core/memory/counters.js';
import {
  CONTROL_HALT,
  histogramBase,
  planMemory,
  positionBase,
  POSITION_NET_LOTS,
  type MemoryPlan,
} from '../../../../src/core/memory/layout.js';
import {
  FLAG_MAKER,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_INSTRUMENT,
  REC_JOURNAL_SEQ,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
  RecordKind,
} from '../../../../src/core/memory/record.js';
import { allocateShared, viewsOf, type SharedViews } from '../../../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../../../src/core/memory/spsc-ring.js';
import { clientOrderIdOf, makeOrderId, partsOfOrderId } from '../../../../src/core/numbers/ids.js';
import type { Instrument } from '../../../../src/core/orders/instrument.js';
import { reasonName } from '../../../../src/core/orders/reasons.js';
import type { RunTables } from '../../../../src/core/orders/tables.js';
import type { HttpClient } from '../../../../src/core/ports/http.js';
import { DEFAULT_CCXT_OPTIONS, openCcxtGateway, type CcxtGateway, type CcxtGatewayDeps } from '../../../../src/execution/gateways/ccxt.js';

export const TAG = 'test';
export const RUN = 7;
export const ASSETS = ['BTC', 'ETH', 'USDT', 'XBT'];

const NAMES = new Map<number, string>(Object.entries(RecordKind).map(([name, code]) => [code, name]));

export interface Told {
  readonly kind: string;
  readonly reason: string;
  readonly orderId: number;
  readonly clientId: string;
  readonly instrument: number;
  readonly strategy: number;
  readonly level: number;
  readonly side: number;
  readonly price: number;
  readonly qty: number;
  readonly cum: number;
  readonly fillTicks: number;
  readonly fillLots: number;
  readonly fee: number;
  readonly feeAsset: string;
  readonly tradeId: number;
  readonly decidedUs: number;
  readonly tsUs: number;
  readonly isMaker: boolean;
}

export interface Ask {
  readonly kind?: number;
  readonly orderId: number;
  readonly instrument?: number;
  readonly side?: number;
  readonly price?: number;
  readonly qty?: number;
  readonly flags?: number;
  readonly tif?: number;
  readonly journalSeq?: number;
  readonly tsUs?: number;
  readonly decidedUs?: number;
}

const SPOT = {
  kind: 'spot',
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tickSize: '0.01',
  lotSize: '0.00001',
  multiplier: '1',
  minQty: '0.00001',
  maxQty: '100',
  minNotional: '5',
  maxOpenOrders: 200,
  makerFee: '0.001',
  takerFee: '0.001',
  feeAssetBuy: 'BTC',
  feeAssetSell: 'USDT',
  source: 'venue',
} as const;
const LINEAR = { ...SPOT, kind: 'linear', tickSize: '0.1', lotSize: '0.001', feeAssetBuy: 'USDT', feeAssetSell: 'USDT' } as const;

/** Instruments of each venue as the tests trade them; indexes are given by `tablesOf`. */
export const INSTRUMENTS: Readonly<Record<string, readonly (Omit<Instrument, 'index' | 'id' | 'venue'> & { readonly symbol: string })[]>> =
  {
    'binance-spot': [
      { ...SPOT, symbol: 'BTCUSDT' },
      { ...SPOT, symbol: 'ETHUSDT', base: 'ETH', feeAssetBuy: 'ETH', lotSize: '0.0001' },
    ],
    'binance-usdm': [
      { ...LINEAR, symbol: 'BTCUSDT' },
      { ...LINEAR, symbol: 'ETHUSDT', base: 'ETH', tickSize: '0.01' },
    ],
    'binance-coinm': [
      {
        ...LINEAR,
        kind: 'inverse',
        symbol: 'BTCUSD_PERP',
        quote: 'USD',
        settle: 'BTC',
        lotSize: '1',
        multiplier: '100',
        feeAssetBuy: 'BTC',
        feeAssetSell: 'BTC',
      },
    ],
    bybit: [
      { ...LINEAR, symbol: 'linear:BTCUSDT' },
      { ...SPOT, symbol: 'spot:BTCUSDT', lotSize: '0.000001' },
      {
        ...LINEAR,
        kind: 'inverse',
        symbol: 'inverse:BTCUSD',
        quote: 'USD',
        settle: 'BTC',
        tickSize: '0.5',
        lotSize: '1',
        feeAssetBuy: 'BTC',
        feeAssetSell: 'BTC',
      },
    ],
    bitmex: [
      {
        ...LINEAR,
        kind: 'inverse',
        symbol: 'XBTUSD',
        base: 'XBT',
        quote: 'USD',
        settle: 'XBT',
        tickSize: '0.5',
        lotSize: '100',
        feeAssetBuy: 'XBT',
        feeAssetSell: 'XBT',
      },
    ],
  };

export function tablesOf(venue: string, instruments = INSTRUMENTS[venue] ?? []): RunTables {
  const indexes = instruments.map((_, index) => index);
  return {
    run: RUN,
    tag: TAG,
    mode: 'sim',
    simulated: true,
    venues: [venue],
    assets: ASSETS,
    instruments: instruments.map((one, index) => ({ ...one, index, id: `${venue}:${one.symbol}`, venue })),
    strategies: [
      { index: 0, name: 'grid', kind: 'grid', pnlKind: 'grid', instruments: indexes },
      { index: 1, name: 'arb', kind: 'arb', pnlKind: 'arb', instruments: indexes },
    ],
  };
}

export function orderId(counter: number, strategy = 0, level = counter): number {
  return makeOrderId(RUN, strategy, level, counter);
}

export function clientId(counter: number, strategy = 0, level = counter): string {
  return clientOrderIdOf(orderId(counter, strategy, level), TAG);
}

export interface BenchOptions {
  readonly venue: string;
  readonly http: HttpClient;
  readonly address?: string | null;
  readonly apiKey?: string;
  readonly secret?: string;
  readonly ringRecords?: number;
  readonly change?: Partial<CcxtGatewayDeps>;
  readonly tables?: RunTables;
  /** Room for a whole executor beside the gateway. */
  readonly isWhole?: boolean;
}

export const WALL_START_US = 1_790_000_000_000_000;

export class GatewayBench {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly requests: SpscRing;
  readonly outcomes: SpscRing;
  readonly counters: CounterBlock<GatewayCounter>;
  readonly notices: string[] = [];
  nowUs = 1_000_000;
  wakes = 0;
  isAlive = true;
  #gateway: CcxtGateway | null = null;

  private constructor(options: BenchOptions) {
    this.tables = options.tables ?? tablesOf(options.venue);
    this.plan = planMemory({
      instruments: this.tables.instruments.length,
      bookBytes: BOOK_BYTES,
      strategies: this.tables.strategies.length,
      levelsPerStrategy: options.isWhole === true ? 64 : 4,
      venues: 1,
      gateways: 1,
      assets: ASSETS.length,
      feedLanes: 1,
      lanes: 1,
      producers: 1,
      orderSlots: options.isWhole === true ? 512 : 4,
      ringRecords: options.ringRecords ?? 256,
      journalRecords: options.isWhole === true ? 4_096 : 4,
    });
    this.views = viewsOf(allocateShared(this.plan.bytes).buffer);
    this.requests = new SpscRing(this.views, this.plan.requests, RECORD_BYTES, this.plan.counts.ringRecords);
    this.outcomes = new SpscRing(this.views, this.plan.outcomes, RECORD_BYTES, this.plan.counts.ringRecords);
    this.counters = new CounterBlock(this.views, this.plan.gatewayCounters, GATEWAY_COUNTERS);
  }

  static async open(options: BenchOptions): Promise<GatewayBench> {
    const bench = new GatewayBench(options);
    bench.#gateway = await openCcxtGateway({
      views: bench.views,
      plan: bench.plan,
      tables: bench.tables,
      venueIndex: 0,
      lane: 0,
      durability: 'none',
      handOver: {
        venue: options.venue,
        exchangeId: options.venue,
        symbols: {},
        markets: null,
        skewMs: 0,
        account: { wallets: [], positions: [] },
        isOneWay: true,
        canWithdraw: null,
        notes: [],
      },
      credentials: { apiKey: options.apiKey ?? 'test-api-key', secret: options.secret ?? 'test-api-secret' },
      address: options.address === undefined ? 'http://venue.test' : options.address,
      http: options.http,
      options: DEFAULT_CCXT_OPTIONS,
      nowUs: () => bench.nowUs,
      wallUs: (nowUs) => WALL_START_US + nowUs,
      wakeExecutor: () => bench.wakes++,
      isExecutorAlive: () => bench.isAlive,
      notice: (text) => bench.notices.push(text),
      ...options.change,
    });
    return bench;
  }

  get gateway(): CcxtGateway {
    if (this.#gateway === null) throw new Error('the gateway is not open yet');
    return this.#gateway;
  }

  /** Worst latency from a decision to the bytes, microseconds. */
  orderToBytesMax(): number {
    return this.views.f64[(histogramBase(this.plan, 0, 'orderToBytes') >> 3) + 2] ?? 0;
  }

  setPosition(strategy: number, instrument: number, lots: number): void {
    this.views.f64[(positionBase(this.plan, strategy + 1, instrument) + POSITION_NET_LOTS) >> 3] = lots;
  }

  /** The private stream is there, what it said at start is read away. */
  async up(): Promise<void> {
    this.gateway.onPrivateUp(this.nowUs);
    await this.settle();
    this.heard();
  }

  halt(level: number): void {
    Atomics.store(this.views.i32, (this.plan.control + CONTROL_HALT) >> 2, level);
  }

  ask(ask: Ask): void {
    const { u8, u16, u32, f64 } = this.views;
    const at = this.requests.reserve();
    if (at < 0) throw new Error('the request ring is full');
    u8.fill(0, at, at + RECORD_BYTES);
    u8[at + REC_KIND] = ask.kind ?? RecordKind.CREATE;
    u8[at + REC_SIDE] = ask.side ?? 0;
    u8[at + REC_FLAGS] = ask.flags ?? 0;
    u8[at + REC_TIF] = ask.tif ?? 0;
    u16[(at + REC_STRATEGY) >> 1] = 0;
    u32[(at + REC_INSTRUMENT) >> 2] = ask.instrument ?? 0;
    u32[(at + REC_LEVEL) >> 2] = partsOfOrderId(ask.orderId).level;
    f64[(at + REC_ORDER_ID) >> 3] = ask.orderId;
    f64[(at + REC_PRICE) >> 3] = ask.price ?? 100;
    f64[(at + REC_QTY) >> 3] = ask.qty ?? 10;
    f64[(at + REC_DECIDED_US) >> 3] = ask.decidedUs ?? this.nowUs;
    f64[(at + REC_JOURNAL_SEQ) >> 3] = ask.journalSeq ?? 0;
    f64[(at + REC_TS_US) >> 3] = ask.tsUs ?? 0;
    this.requests.commit();
  }

  /** Outcomes since the last call, taken from the ring. */
  heard(most = Infinity): Told[] {
    const { u8, u16, u32, f64 } = this.views;
    const all: Told[] = [];
    while (all.length < most) {
      const at = this.outcomes.front();
      if (at < 0) break;
      const id = f64[(at + REC_ORDER_ID) >> 3] ?? 0;
      all.push({
        kind: NAMES.get(u8[at + REC_KIND] ?? 0) ?? '?',
        reason: reasonName(u16[(at + REC_REASON) >> 1] ?? 0),
        orderId: id,
        clientId: id === 0 ? '' : clientOrderIdOf(id, TAG),
        instrument: u32[(at + REC_INSTRUMENT) >> 2] ?? 0,
        strategy: u16[(at + REC_STRATEGY) >> 1] ?? 0,
        level: u32[(at + REC_LEVEL) >> 2] ?? 0,
        side: u8[at + REC_SIDE] ?? 0,
        price: f64[(at + REC_PRICE) >> 3] ?? 0,
        qty: f64[(at + REC_QTY) >> 3] ?? 0,
        cum: f64[(at + REC_CUM) >> 3] ?? 0,
        fillTicks: f64[(at + REC_FILL_PRICE) >> 3] ?? 0,
        fillLots: f64[(at + REC_FILL_QTY) >> 3] ?? 0,
        fee: f64[(at + REC_FEE) >> 3] ?? 0,
        feeAsset: ASSETS[u16[(at + REC_FEE_ASSET) >> 1] ?? 0] ?? '',
        tradeId: f64[(at + REC_TRADE_ID) >> 3] ?? 0,
        decidedUs: f64[(at + REC_DECIDED_US) >> 3] ?? 0,
        tsUs: f64[(at + REC_TS_US) >> 3] ?? 0,
        isMaker: ((u8[at + REC_FLAGS] ?? 0) & FLAG_MAKER) !== 0,
      });
      this.outcomes.release();
    }
    return all;
  }

  step(maxRecords = 64): number {
    return this.gateway.step(this.nowUs, maxRecords);
  }

  /** Turns the gateway until all its promises have come to rest; only for answers that need no real time. */
  async settle(turns = 12): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      this.step();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Turns the gateway, over real sockets, until something holds; bounded by real time. */
  async until(holds: () => boolean, mostTurns = 20_000): Promise<void> {
    for (let turn = 0; turn < mostTurns && !holds(); turn++) {
      this.step();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    if (!holds()) throw new Error('it did not come about');
  }

  async asks(ask: Ask): Promise<Told[]> {
    this.ask(ask);
    await this.settle();
    return this.heard();
  }
}
