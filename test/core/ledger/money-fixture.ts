/** Tables with one instrument of each payoff, twice where two venues matter, and random histories over them. */
import fc from 'fast-check';
import { PNL_ARB, PNL_GRID, PNL_OTHER } from '../../../src/core/memory/record.js';
import type { Funding } from '../../../src/core/ledger/ledger.js';
import { freezeMarks, type Marks } from '../../../src/core/ledger/marks.js';
import type { Instrument } from '../../../src/core/orders/instrument.js';
import type { RecoveredFill } from '../../../src/core/orders/recovered.js';
import type { RunTables } from '../../../src/core/orders/tables.js';

export const SPOT = 0;
export const SPOT_ELSEWHERE = 1;
export const LINEAR = 2;
export const INVERSE = 3;
export const INVERSE_BITMEX = 4;
export const QUANTO = 5;
export const SPOT_CROSS = 6;

type Brief = Pick<Instrument, 'id' | 'kind' | 'base' | 'quote' | 'settle' | 'tickSize' | 'lotSize'> & Partial<Instrument>;

const BRIEFS: readonly Brief[] = [
  { id: 'binance-spot:BTCUSDT', kind: 'spot', base: 'BTC', quote: 'USDT', settle: 'USDT', tickSize: '0.01', lotSize: '0.00001' },
  { id: 'bybit:spot:BTCUSDT', kind: 'spot', base: 'BTC', quote: 'USDT', settle: 'USDT', tickSize: '0.01', lotSize: '0.000001' },
  { id: 'binance-usdm:BTCUSDT', kind: 'linear', base: 'BTC', quote: 'USDT', settle: 'USDT', tickSize: '0.1', lotSize: '0.001' },
  {
    id: 'binance-coinm:BTCUSD_PERP',
    kind: 'inverse',
    base: 'BTC',
    quote: 'USD',
    settle: 'BTC',
    tickSize: '0.1',
    lotSize: '1',
    multiplier: '100',
  },
  { id: 'bitmex:XBTUSD', kind: 'inverse', base: 'XBT', quote: 'USD', settle: 'XBT', tickSize: '0.5', lotSize: '100' },
  { id: 'bitmex:ETHUSD', kind: 'quanto', base: 'ETH', quote: 'USD', settle: 'XBT', tickSize: '0.05', lotSize: '1', multiplier: '0.000001' },
  { id: 'binance-spot:ETHBTC', kind: 'spot', base: 'ETH', quote: 'BTC', settle: 'BTC', tickSize: '0.000001', lotSize: '0.0001' },
  { id: 'bitmex:ETHXBT', kind: 'linear', base: 'ETH', quote: 'XBT', settle: 'XBT', tickSize: '0.000001', lotSize: '0.01' },
];

export const INSTRUMENTS: readonly Instrument[] = BRIEFS.map((brief, index) => {
  const isSpot = brief.kind === 'spot';
  return {
    index,
    venue: brief.id.slice(0, brief.id.indexOf(':')),
    symbol: brief.id.slice(brief.id.indexOf(':') + 1),
    multiplier: '1',
    minQty: brief.lotSize,
    maxQty: '1000000',
    minNotional: '0',
    maxOpenOrders: 200,
    makerFee: '0.0002',
    takerFee: '0.0005',
    feeAssetBuy: isSpot ? brief.base : brief.settle,
    feeAssetSell: isSpot ? brief.quote : brief.settle,
    source: 'venue',
    ...brief,
  };
});

export const TABLES: RunTables = {
  run: 1,
  tag: 'test',
  mode: 'paper',
  simulated: true,
  venues: ['binance-spot', 'bybit', 'binance-usdm', 'binance-coinm', 'bitmex'],
  assets: ['USDT', 'BTC', 'ETH', 'XBT', 'USD', 'BNB'],
  instruments: INSTRUMENTS,
  strategies: [
    { index: 0, name: 'btc-grid', kind: 'grid', pnlKind: 'grid', instruments: [0, 2] },
    { index: 1, name: 'cross', kind: 'arb', pnlKind: 'arb', instruments: [0, 1, 2] },
    { index: 2, name: 'mine', kind: 'custom', pnlKind: 'other', instruments: [3, 4, 5, 6] },
  ],
};

const KINDS = [PNL_GRID, PNL_ARB, PNL_OTHER] as const;

/** About where each instrument trades, in ticks. */
const MIDDLE_TICKS = [6_000_000, 6_000_000, 600_000, 600_000, 64_361, 52_000, 51_234, 51_234];

let lastTradeId = 0;

export interface FillBrief {
  readonly instrument: number;
  readonly side: number;
  readonly ticks: number;
  readonly lots: number;
  readonly strategy?: number;
  readonly pnlKind?: number;
  readonly fee?: number;
  /** Index of the asset; absent: the instrument's own. */
  readonly feeAsset?: number;
  readonly tradeId?: number;
}

export function fillOf(brief: FillBrief): RecoveredFill {
  const instrument = INSTRUMENTS[brief.instrument];
  if (instrument === undefined) throw new Error(`no instrument ${brief.instrument}`);
  const strategy = brief.strategy ?? 0;
  const feeAsset = brief.side === 0 ? instrument.feeAssetBuy : instrument.feeAssetSell;
  lastTradeId++;
  return {
    orderId: lastTradeId * 3,
    strategy,
    instrument: brief.instrument,
    level: 0,
    side: brief.side,
    flags: 0,
    pnlKind: brief.pnlKind ?? KINDS[strategy] ?? PNL_OTHER,
    fillTicks: brief.ticks,
    fillLots: brief.lots,
    fee: brief.fee ?? 0,
    feeAsset: brief.feeAsset ?? TABLES.assets.indexOf(feeAsset),
    tradeId: brief.tradeId ?? lastTradeId,
    tsUs: 0,
  };
}

export const anyFill: fc.Arbitrary<RecoveredFill> = fc
  .record({
    instrument: fc.nat(INSTRUMENTS.length - 1),
    side: fc.nat(1),
    away: fc.integer({ min: -4_000, max: 4_000 }),
    lots: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100_000 })),
    strategy: fc.nat(2),
    fee: fc.integer({ min: -500, max: 100_000 }),
    /** Now and then a third asset. */
    feeAsset: fc.option(fc.nat(TABLES.assets.length - 1), { freq: 3, nil: null }),
  })
  .map(({ away, feeAsset, ...rest }) =>
    fillOf({ ...rest, ...(feeAsset === null ? {} : { feeAsset }), ticks: (MIDDLE_TICKS[rest.instrument] ?? 1) + away }),
  );

let lastFundingId = 0;

export const anyFunding: fc.Arbitrary<Funding> = fc
  .record({ instrument: fc.nat(INSTRUMENTS.length - 1), strategy: fc.nat(2), amount: fc.integer({ min: -1_000_000, max: 1_000_000 }) })
  .map((funding) => ({ ...funding, asset: TABLES.assets.indexOf(INSTRUMENTS[funding.instrument]?.settle ?? ''), id: ++lastFundingId }));

/** Marks that lie between ticks too. */
export const anyMarks: fc.Arbitrary<Marks> = fc
  .array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: INSTRUMENTS.length, maxLength: INSTRUMENTS.length })
  .map((factors) => freezeMarks(INSTRUMENTS.length, (index) => (MIDDLE_TICKS[index] ?? 1) * (factors[index] ?? 1)));

export function marksAt(ticks: Readonly<Record<number, number>>): Marks {
  return freezeMarks(INSTRUMENTS.length, (index) => ticks[index] ?? Number.NaN);
}
