/**
 * Terms of the simulated venues' markets and accounts: limits that filters print, margin, fees, decimals, and what accounts are funded with. Data only.
 * Filter figures are those of the venues' metadata (see `markets.ts`); leverage and maintenance are the venues' usual first tier.
 */
import type { Market } from '../market/market.js';
import type { MarketSpec, VenueId } from '../market/spec.js';
import type { AssetTerms, MarketTerms } from './contract.js';

const asset = (name: string, decimals: number): AssetTerms => ({ asset: name, decimals });

const BINANCE_AND_BYBIT = { BTC: asset('BTC', 8), ETH: asset('ETH', 8), SOL: asset('SOL', 8), USDT: asset('USDT', 8) } as const;
const { BTC, ETH, SOL, USDT } = BINANCE_AND_BYBIT;
const BNB = asset('BNB', 8);
const XBT = asset('XBt', 8);
const USDT_OF_BITMEX = asset('USDt', 6);

export const VENUE_ASSETS: Readonly<Record<VenueId, readonly AssetTerms[]>> = {
  'binance-spot': [BTC, ETH, SOL, USDT, BNB],
  'binance-usdm': [USDT, BNB],
  'binance-coinm': [BTC, ETH],
  bybit: [USDT, BTC, ETH],
  bitmex: [XBT, USDT_OF_BITMEX],
};

/** Whole coins of each asset that a test account starts with. */
export const TEST_FUNDS: Readonly<Record<string, bigint>> = {
  BTC: 20n,
  ETH: 400n,
  SOL: 10_000n,
  USDT: 1_000_000n,
  BNB: 100n,
  XBt: 20n,
  USDt: 1_000_000n,
};
/** The flow's participants, each: they never run out. */
export const FLOW_FUNDS = 1_000_000_000_000n;
export const INSURANCE_FUNDS = 1_000_000n;

interface Limits {
  readonly minLots: number;
  readonly maxLots: number;
  readonly maxMarketLots: number;
  readonly minNotional: bigint;
}

/** By venue, kind and symbol. Lots as in `markets.ts`. */
const LIMITS: Readonly<Record<string, Limits>> = {
  'binance-spot:spot:BTCUSDT': { minLots: 1, maxLots: 900_000_000, maxMarketLots: 11_221_108, minNotional: 5_00000000n },
  'binance-spot:spot:ETHUSDT': { minLots: 1, maxLots: 90_000_000, maxMarketLots: 30_000_000, minNotional: 5_00000000n },
  'binance-spot:spot:SOLUSDT': { minLots: 1, maxLots: 90_000_000, maxMarketLots: 30_000_000, minNotional: 5_00000000n },
  'binance-spot:spot:ETHBTC': { minLots: 1, maxLots: 100_000_000, maxMarketLots: 1_000_000, minNotional: 10_000n },
  'binance-usdm:linear:BTCUSDT': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 120_000, minNotional: 100_00000000n },
  'binance-usdm:linear:ETHUSDT': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 120_000, minNotional: 20_00000000n },
  'binance-coinm:inverse:BTCUSD_PERP': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 100_000, minNotional: 0n },
  'binance-coinm:inverse:ETHUSD_PERP': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 100_000, minNotional: 0n },
  'bybit:linear:BTCUSDT': { minLots: 1, maxLots: 1_500_000, maxMarketLots: 150_000, minNotional: 5_00000000n },
  'bybit:linear:ETHUSDT': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 200_000, minNotional: 5_00000000n },
  'bybit:inverse:BTCUSD': { minLots: 1, maxLots: 25_000_000, maxMarketLots: 5_000_000, minNotional: 0n },
  'bybit:spot:BTCUSDT': { minLots: 1, maxLots: 230_000_000, maxMarketLots: 120_000_000, minNotional: 5_00000000n },
  'bybit:spot:ETHUSDT': { minLots: 1, maxLots: 811_800_000, maxMarketLots: 270_600_000, minNotional: 5_00000000n },
  'bitmex:inverse:XBTUSD': { minLots: 1, maxLots: 100_000, maxMarketLots: 100_000, minNotional: 0n },
  'bitmex:linear:XBTUSDT': { minLots: 1, maxLots: 1_000_000, maxMarketLots: 1_000_000, minNotional: 0n },
  'bitmex:quanto:ETHUSD': { minLots: 1, maxLots: 10_000_000, maxMarketLots: 10_000_000, minNotional: 0n },
};

interface VenueTerms {
  readonly priceBand: MarketTerms['priceBand'];
  readonly maxOpenOrders: number;
  readonly maxLeverage: number;
  readonly defaultLeverage: number;
  readonly maintenanceRate: string;
  readonly liquidationFee: string;
  readonly markDecimals: number | null;
  readonly fundingDecimals: number;
}

const NO_MARGIN = { maxLeverage: 1, defaultLeverage: 1, maintenanceRate: '0', liquidationFee: '0' } as const;
const BINANCE_FUTURES = {
  maxOpenOrders: 200,
  maxLeverage: 125,
  defaultLeverage: 20,
  maintenanceRate: '0.004',
  liquidationFee: '0.0125',
  markDecimals: 8,
  fundingDecimals: 8,
} as const;

const VENUES: Readonly<Record<VenueId, VenueTerms>> = {
  'binance-spot': { priceBand: { up: 5, down: 0.2 }, maxOpenOrders: 200, ...NO_MARGIN, markDecimals: 8, fundingDecimals: 8 },
  'binance-usdm': { ...BINANCE_FUTURES, priceBand: { up: 1.05, down: 0.95 } },
  'binance-coinm': { ...BINANCE_FUTURES, priceBand: { up: 1.15, down: 0.85 } },
  bybit: {
    priceBand: null,
    maxOpenOrders: 500,
    maxLeverage: 100,
    defaultLeverage: 10,
    maintenanceRate: '0.005',
    liquidationFee: '0',
    markDecimals: null,
    fundingDecimals: 8,
  },
  bitmex: {
    priceBand: null,
    maxOpenOrders: 200,
    maxLeverage: 100,
    defaultLeverage: 0,
    maintenanceRate: '0.005',
    liquidationFee: '0',
    markDecimals: 2,
    fundingDecimals: 6,
  },
};

/** How a venue rounds the value of an inverse or quanto execution: BitMEX lot by lot, the others once per execution. */
export const ROUNDS_PER_LOT: ReadonlySet<VenueId> = new Set<VenueId>(['bitmex']);

export function termsOf(market: Market): MarketTerms {
  const { spec } = market;
  const venue = VENUES[spec.venue];
  const limits = LIMITS[`${spec.venue}:${spec.kind}:${spec.symbol}`] ?? { minLots: 1, maxLots: 1e9, maxMarketLots: 1e9, minNotional: 0n };
  return {
    ...venue,
    ...(spec.kind === 'spot' ? NO_MARGIN : {}),
    ...limits,
    settle: assetOf(spec, spec.settle),
    base: spec.kind === 'spot' ? assetOf(spec, spec.base) : assetOf(spec, spec.settle),
    makerFee: spec.makerFee,
    takerFee: spec.takerFee,
    markDecimals: venue.markDecimals ?? spec.priceDecimals,
  };
}

function assetOf(spec: MarketSpec, name: string): AssetTerms {
  const found = VENUE_ASSETS[spec.venue].find((terms) => terms.asset === name);
  if (found === undefined) throw new Error(`${spec.venue} keeps no wallet of ${name}`);
  return found;
}
