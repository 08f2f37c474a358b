/**
 * Every reading method that ccxt's own classes have, and the ones that set something, against each simulated venue: each gives an answer, or ccxt itself says
 * that the venue has no such thing. What the venues do not serve stands in the table, by name.
 */
import type { Exchange as CcxtExchange } from 'ccxt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { SteppedVenue } from '../support/stepped-venue.js';

type Unified = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

interface Table {
  readonly id: VenueId;
  readonly name: 'binance' | 'binanceusdm' | 'binancecoinm' | 'bybit' | 'bitmex';
  readonly symbol: string;
  readonly amount: number;
  readonly coin: string;
  /** Methods whose paths are not served, or answer that there is nothing. */
  readonly refused: readonly string[];
}

const TABLES: readonly Table[] = [
  { id: 'binance-spot', name: 'binance', symbol: 'BTC/USDT', amount: 0.01, coin: 'USDT', refused: [] },
  {
    id: 'binance-usdm',
    name: 'binanceusdm',
    symbol: 'BTC/USDT:USDT',
    amount: 0.01,
    coin: 'USDT',
    refused: [],
  },
  {
    id: 'binance-coinm',
    name: 'binancecoinm',
    symbol: 'BTC/USD:BTC',
    amount: 5,
    coin: 'BTC',
    // The class names the contract where the venue asks for its pair.
    refused: ['fetchOpenInterestHistory'],
  },
  { id: 'bybit', name: 'bybit', symbol: 'BTC/USDT:USDT', amount: 0.01, coin: 'USDT', refused: [] },
  { id: 'bybit', name: 'bybit', symbol: 'BTC/USD:BTC', amount: 100, coin: 'BTC', refused: [] },
  {
    id: 'bybit',
    name: 'bybit',
    symbol: 'BTC/USDT',
    amount: 0.01,
    coin: 'USDT',
    refused: ['fetchLeverage', 'fetchPosition', 'fetchPositions', 'fetchPositionsADLRank'],
  },
  // The class looks for the bitcoin market under another name than its own.
  { id: 'bitmex', name: 'bitmex', symbol: 'BTC/USD:BTC', amount: 100, coin: 'BTC', refused: ['fetchOpenInterest'] },
];

/** Of the whole exchange. */
const OF_ALL = ['fetchTime', 'fetchStatus', 'fetchCurrencies', 'fetchMarkets', 'fetchBalance', 'fetchTradingFees'] as const;
/** Of one market. */
const OF_ONE = [
  'fetchTicker',
  'fetchOrderBook',
  'fetchTrades',
  'fetchOHLCV',
  'fetchMarkOHLCV',
  'fetchIndexOHLCV',
  'fetchPremiumIndexOHLCV',
  'fetchFundingRate',
  'fetchFundingRateHistory',
  'fetchFundingInterval',
  'fetchFundingHistory',
  'fetchMarkPrice',
  'fetchOpenInterest',
  'fetchOpenInterestHistory',
  'fetchLongShortRatioHistory',
  'fetchMarketLeverageTiers',
  'fetchTradingFee',
  'fetchOpenOrders',
  'fetchOrders',
  'fetchClosedOrders',
  'fetchCanceledOrders',
  'fetchCanceledAndClosedOrders',
  'fetchMyTrades',
  'fetchPositionHistory',
  'fetchPosition',
  'fetchPositionMode',
  'fetchLeverage',
  'fetchMarginMode',
  'fetchLiquidations',
  'fetchMyLiquidations',
] as const;
/** Of a list of markets. */
const OF_MANY = [
  'fetchTickers',
  'fetchBidsAsks',
  'fetchLastPrices',
  'fetchMarkPrices',
  'fetchFundingRates',
  'fetchFundingIntervals',
  'fetchOpenInterests',
  'fetchLeverageTiers',
  'fetchPositions',
  'fetchPositionsRisk',
  'fetchPositionsADLRank',
  'fetchLeverages',
  'fetchMarginModes',
] as const;

/** The class has the method for markets of another kind. */
const OF_OTHER_MARKETS =
  /NotSupported|supports? .* (only|contract|linear|option)|only support|does not support|is not supported|can only be used/;
const OF_OTHER_HOSTS = /\/(fapi|dapi|futures|sapi\/v1\/margin)\//;

let ccxt: typeof import('ccxt').default;

beforeAll(async () => {
  ({ default: ccxt } = await import('ccxt'));
});

async function clientOf(table: Table, venue: SteppedVenue): Promise<CcxtExchange> {
  const exchange = new ccxt[table.name]({ apiKey: venue.apiKey, secret: venue.secret, enableRateLimit: false });
  exchange.urls['api'] = onHost(exchange.urls['api'], venue.rest) as never;
  if (table.name === 'binance') exchange.options['fetchMarkets'] = { types: ['spot'] };
  if (table.name === 'bybit') exchange.options['defaultSubType'] = table.symbol === 'BTC/USD:BTC' ? 'inverse' : 'linear';
  // Market time is the venue's own and stands still between calls.
  const nowMs = (): number => Math.floor(venue.venue.world.nowUs / 1_000);
  Object.assign(exchange, { milliseconds: nowMs, seconds: () => Math.floor(nowMs() / 1_000), nonce: nowMs });
  await exchange.loadMarkets();
  return exchange;
}

function onHost(urls: unknown, rest: string): unknown {
  if (typeof urls === 'string') return urls.replace(/^https:\/\/[^/]+/, rest);
  if (typeof urls !== 'object' || urls === null) return urls;
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, onHost(url, rest)]));
}

describe.each(TABLES)('ccxt on $id $symbol', (table) => {
  let venue: SteppedVenue;
  let exchange: CcxtExchange;

  beforeAll(async () => {
    venue = await SteppedVenue.start(table.id);
    await venue.run(1);
    exchange = await clientOf(table, venue);
  });
  afterAll(() => venue.stop());

  it('answers every unified method that it has', async () => {
    const { symbol, amount, coin } = table;
    const unified = exchange as unknown as Unified;
    const calls: [string, readonly unknown[]][] = [
      ...OF_ALL.map((method): [string, readonly unknown[]] => [method, []]),
      ...OF_ONE.map((method): [string, readonly unknown[]] => [method, [symbol]]),
      ...OF_MANY.map((method): [string, readonly unknown[]] => [method, [[symbol]]]),
      ['fetchLedger', [coin]],
    ];
    await exchange.createOrder(symbol, 'market', 'buy', amount, Number((await exchange.fetchTicker(symbol)).last));
    const failed = new Map<string, string>();
    for (const [method, args] of calls) {
      if (exchange.has[method] !== true && exchange.has[method] !== 'emulated') continue;
      // BitMEX takes two requests a second for long.
      await venue.run(table.id === 'bitmex' ? 0.5 : 0.1);
      try {
        if ((await unified[method]?.(...args)) === undefined) failed.set(method, 'undefined');
      } catch (error) {
        const text = String(error);
        if (OF_OTHER_MARKETS.test(text) || (table.id === 'binance-spot' && OF_OTHER_HOSTS.test(text))) continue;
        failed.set(method, text.slice(0, 160));
      }
    }
    expect(Object.fromEntries(failed)).toEqual(Object.fromEntries(table.refused.map((method) => [method, expect.any(String)])));
    expect(venue.venue.venue.exchange.audit()).toEqual([]);
  });
});
