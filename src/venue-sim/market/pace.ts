/**
 * How much is traded on each market once its participants live: measured over 15 minutes of market time with the profiles of `markets.ts`. The past that is drawn
 * from the seed trades at this pace; `past.test.ts` holds the two against each other.
 */
import type { MarketSpec } from './spec.js';

export interface Pace {
  readonly tradesPerSecond: number;
  readonly lotsPerTrade: number;
}

/** By venue, kind and symbol. */
const MEASURED: Readonly<Record<string, readonly [tradesPerSecond: number, lotsPerTrade: number]>> = {
  'binance-spot:spot:BTCUSDT': [72.4, 13_000],
  'binance-spot:spot:ETHUSDT': [36.9, 36_700],
  'binance-spot:spot:SOLUSDT': [8.47, 48_800],
  'binance-spot:spot:ETHBTC': [5.01, 1_410],
  'binance-usdm:linear:BTCUSDT': [61.4, 298],
  'binance-usdm:linear:ETHUSDT': [49.2, 2_340],
  'binance-coinm:inverse:BTCUSD_PERP': [35.2, 154],
  'binance-coinm:inverse:ETHUSD_PERP': [25.5, 685],
  'bybit:linear:BTCUSDT': [28.9, 381],
  'bybit:linear:ETHUSDT': [20.8, 373],
  'bybit:inverse:BTCUSD': [24.7, 9_910],
  'bybit:spot:BTCUSDT': [16, 38_600],
  'bybit:spot:ETHUSDT': [12.4, 95_300],
  'bitmex:inverse:XBTUSD': [18.2, 668],
  'bitmex:linear:XBTUSDT': [17.4, 292],
  'bitmex:quanto:ETHUSD': [10.7, 105],
};

export function paceOf(spec: MarketSpec, lotUsd: number): Pace {
  const [tradesPerSecond, lotsPerTrade] = MEASURED[`${spec.venue}:${spec.kind}:${spec.symbol}`] ?? [
    spec.flow.takersPerSecond * 5,
    Math.max(1, spec.flow.takerUsd / lotUsd),
  ];
  return { tradesPerSecond, lotsPerTrade };
}
