/** Binance COIN-M: contracts of a fixed number of dollars, paths not split, exchangeInfo as recorded in 2021. */
import { termsOf } from '../../exchange/terms.js';
import type { Market } from '../../market/market.js';
import { trimmedText } from '../../market/decimal-text.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';
import { BinanceServer } from './server.js';
import { priceBand } from './usdm.js';
import type { VenueContext, VenueProtocol } from '../protocol.js';

export const BINANCE_COINM_DIALECT: BinanceDialect = {
  id: 'binance-coinm',
  family: 'coinm',
  root: '/dapi/v1',
  aliases: ['/dapi/v2'],
  weightPerMinute: 2_400,
  orderLimits: [{ interval: 'MINUTE', intervalNum: 1, limit: 1_200 }],
  depthLimits: [5, 10, 20, 50, 100, 500, 1_000],
  defaultDepth: 500,
  maxDepth: Number.POSITIVE_INFINITY,
  defaultTrades: 500,
  pingEverySeconds: 180,
  pongWithinSeconds: 600,
  messagesPerSecond: 10,
  depthPeriodsMs: { '': 250, '500ms': 500, '250ms': 250, '100ms': 100, '0ms': 0 },
  groupOf: (path) => (/^\/(ws|ws\/.+|stream)$/.test(path) ? () => true : null),
  exchangeInfo,
  carriesPrivate: () => true,
};

export function createBinanceCoinm(context: VenueContext): VenueProtocol {
  return new BinanceServer(BINANCE_COINM_DIALECT, context);
}

function exchangeInfo(markets: readonly Market[], nowMs: number): string {
  return JSON.stringify({
    timezone: 'UTC',
    serverTime: nowMs,
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2_400 },
      ...BINANCE_COINM_DIALECT.orderLimits.map((limit) => ({ rateLimitType: 'ORDERS', ...limit })),
    ],
    exchangeFilters: [],
    symbols: markets.map(symbolOf),
  });
}

function symbolOf(market: Market): object {
  const { spec } = market;
  const terms = termsOf(market);
  const tick = trimmedText(spec.tickUnits, spec.priceDecimals);
  return {
    symbol: spec.symbol,
    pair: pairOf(market),
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_597_042_800_000,
    contractStatus: 'TRADING',
    contractSize: spec.contractValue,
    marginAsset: spec.settle,
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.base,
    quoteAsset: spec.quote,
    pricePrecision: spec.priceDecimals,
    quantityPrecision: spec.qtyDecimals,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    equalQtyPrecision: 4,
    maxMoveOrderLimit: 10_000,
    triggerProtect: '0.0500',
    underlyingType: 'COIN',
    underlyingSubType: [],
    filters: [
      { minPrice: spec.asset === 'BTC' ? '1000' : '50', maxPrice: '1000000', filterType: 'PRICE_FILTER', tickSize: tick },
      { stepSize: '1', filterType: 'LOT_SIZE', maxQty: String(terms.maxLots), minQty: String(terms.minLots) },
      { stepSize: '1', filterType: 'MARKET_LOT_SIZE', maxQty: String(terms.maxMarketLots), minQty: String(terms.minLots) },
      { limit: terms.maxOpenOrders, filterType: 'MAX_NUM_ORDERS' },
      { limit: 100, filterType: 'MAX_NUM_ALGO_ORDERS' },
      { ...priceBand(market), multiplierDecimal: '4', filterType: 'PERCENT_PRICE' },
    ],
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
    liquidationFee: spec.asset === 'BTC' ? '0.006000' : '0.010000',
    marketTakeBound: '0.30',
  };
}
