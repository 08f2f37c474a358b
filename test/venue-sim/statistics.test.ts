/**
 * The simulated markets against the recorded ones: median spread, money on the ten best levels, messages a second, within a factor of three.
 * The targets were computed from the named recordings (README of the recordings; spread and top ten after every fifth book message, messages of the
 * recorded channels over the length of the recording); the tests run without them.
 */
import { describe, expect, it } from 'vitest';
import type { Market } from '../../src/venue-sim/market/market.js';
import { lotUsdOf } from '../../src/venue-sim/market/spec.js';
import type { VenueId } from '../../src/venue-sim/market/spec.js';
import { TestVenue } from './support/venue-client.js';

interface Target {
  readonly market: string;
  readonly venue: VenueId;
  readonly symbol: string;
  readonly kind: string;
  readonly connect: string;
  readonly subscribe?: readonly string[];
  /** Median, in ticks. */
  readonly spreadTicks: number;
  /** Median money on the ten best levels of both sides, US dollars. */
  readonly topTenUsd: number;
  readonly messagesPerSecond: number;
}

const bybit = (kind: string, symbol: string): Pick<Target, 'venue' | 'kind' | 'symbol' | 'connect' | 'subscribe'> => ({
  venue: 'bybit',
  kind,
  symbol,
  connect: `/v5/public/${kind}`,
  subscribe: [`orderbook.200.${symbol}`, `publicTrade.${symbol}`, `tickers.${symbol}`, `kline.1.${symbol}`],
});

const TARGETS: readonly Target[] = [
  {
    market: 'binance/spot-btcusdt-2024-08-08',
    venue: 'binance-spot',
    symbol: 'BTCUSDT',
    kind: 'spot',
    connect: '/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade',
    spreadTicks: 1,
    topTenUsd: 426_836,
    messagesPerSecond: 119.2,
  },
  {
    market: 'binance/usdm-ethusdt-2024-08-08',
    venue: 'binance-usdm',
    symbol: 'ETHUSDT',
    kind: 'linear',
    connect: '/public/stream?streams=ethusdt@depth@0ms/ethusdt@bookTicker/ethusdt@trade',
    spreadTicks: 1,
    topTenUsd: 193_437,
    messagesPerSecond: 216.5,
  },
  {
    market: 'binance/coinm-btcusd_perp-2024-08-08',
    venue: 'binance-coinm',
    symbol: 'BTCUSD_PERP',
    kind: 'inverse',
    connect: '/stream?streams=btcusd_perp@depth@0ms/btcusd_perp@bookTicker/btcusd_perp@trade',
    spreadTicks: 1,
    topTenUsd: 495_600,
    messagesPerSecond: 140.4,
  },
  {
    market: 'bybit/v5-linear-spot-btc-eth-2026-08-09 linear BTCUSDT',
    ...bybit('linear', 'BTCUSDT'),
    spreadTicks: 1,
    topTenUsd: 1_084_574,
    messagesPerSecond: 15.1,
  },
  {
    market: 'bybit/v5-linear-spot-btc-eth-2026-08-09 linear ETHUSDT',
    ...bybit('linear', 'ETHUSDT'),
    spreadTicks: 1,
    topTenUsd: 250_768,
    messagesPerSecond: 15.7,
  },
  {
    market: 'bybit/v5-linear-spot-btc-eth-2026-08-09 spot BTCUSDT',
    ...bybit('spot', 'BTCUSDT'),
    spreadTicks: 1,
    topTenUsd: 98_714,
    messagesPerSecond: 8.6,
  },
  {
    market: 'bitmex/l2-10sym-2021-07-22 XBTUSD',
    venue: 'bitmex',
    symbol: 'XBTUSD',
    kind: 'inverse',
    connect: '/realtime?subscribe=orderBookL2:XBTUSD,trade:XBTUSD,quote:XBTUSD',
    spreadTicks: 1,
    topTenUsd: 2_795_700,
    messagesPerSecond: 47.8,
  },
];

const FACTOR = 3;
const SECONDS = 60;

function topTenUsd(market: Market): number {
  let usd = 0;
  for (const side of [market.engine.bids, market.engine.asks]) {
    for (const level of side.levels(10)) usd += level.lots * lotUsdOf(market.spec, level.ticks * market.tickSize);
  }
  return usd;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function within(found: number, target: number): boolean {
  return found <= target * FACTOR && found >= target / FACTOR;
}

describe.each([1, 2])('statistics with seed %d', (seed) => {
  it.each(TARGETS)('of $venue $kind $symbol are those of $market within a factor of three', (target) => {
    const venue = new TestVenue(target.venue, seed);
    const market = venue.world.markets.find(({ spec }) => spec.symbol === target.symbol && spec.kind === target.kind);
    if (market === undefined) throw new Error('no such market');
    const client = venue.open(target.connect);
    if (target.subscribe !== undefined) client.send({ op: 'subscribe', args: target.subscribe });
    client.take();
    const spreads: number[] = [];
    const money: number[] = [];
    for (let tenth = 0; tenth < SECONDS * 10; tenth++) {
      venue.run(0.1);
      spreads.push(market.engine.asks.bestTicks - market.engine.bids.bestTicks);
      money.push(topTenUsd(market));
    }
    const found = {
      spreadTicks: median(spreads),
      topTenUsd: Math.round(median(money)),
      messagesPerSecond: client.received.length / SECONDS,
    };
    const isLike = {
      spreadTicks: within(found.spreadTicks, target.spreadTicks),
      topTenUsd: within(found.topTenUsd, target.topTenUsd),
      messagesPerSecond: within(found.messagesPerSecond, target.messagesPerSecond),
    };
    expect(isLike, JSON.stringify(found)).toEqual({ spreadTicks: true, topTenUsd: true, messagesPerSecond: true });
  });
});
