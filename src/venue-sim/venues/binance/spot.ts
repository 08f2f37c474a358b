/** Binance spot: paths, limits and exchangeInfo (shape of the recorded answer of 2021, filters of 2026: NOTIONAL instead of MIN_NOTIONAL, permission sets). */
import { termsOf } from '../../exchange/terms.js';
import type { Market } from '../../market/market.js';
import { fixedText } from '../../market/decimal-text.js';
import type { BinanceDialect } from './dialect.js';
import { BinanceServer } from './server.js';
import type { VenueContext, VenueProtocol } from '../protocol.js';

export const BINANCE_SPOT_DIALECT: BinanceDialect = {
  id: 'binance-spot',
  family: 'spot',
  root: '/api/v3',
  aliases: ['/api/v1'],
  weightPerMinute: 6_000,
  orderLimits: [
    { interval: 'SECOND', intervalNum: 10, limit: 100 },
    { interval: 'DAY', intervalNum: 1, limit: 200_000 },
  ],
  depthLimits: null,
  defaultDepth: 100,
  maxDepth: 5_000,
  defaultTrades: 500,
  pingEverySeconds: 20,
  pongWithinSeconds: 60,
  messagesPerSecond: 5,
  depthPeriodsMs: { '': 1_000, '1000ms': 1_000, '100ms': 100 },
  groupOf: (path) => (/^\/(ws|ws\/.+|stream)$/.test(path) ? () => true : null),
  exchangeInfo,
  carriesPrivate: () => true,
};

export function createBinanceSpot(context: VenueContext): VenueProtocol {
  return new BinanceServer(BINANCE_SPOT_DIALECT, context);
}

function exchangeInfo(markets: readonly Market[], nowMs: number, showsPermissions = true): string {
  return JSON.stringify({
    timezone: 'UTC',
    serverTime: nowMs,
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6_000 },
      ...BINANCE_SPOT_DIALECT.orderLimits.map((limit) => ({ rateLimitType: 'ORDERS', ...limit })),
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
    ],
    exchangeFilters: [],
    symbols: markets.map((market) => symbolOf(market, showsPermissions)),
  });
}

function symbolOf(market: Market, showsPermissions: boolean): object {
  const { spec } = market;
  const terms = termsOf(market);
  const lot = fixedText(spec.lotUnits, spec.qtyDecimals);
  const quantity = (lots: number): string => fixedText(lots * spec.lotUnits, spec.qtyDecimals);
  return {
    symbol: spec.symbol,
    status: 'TRADING',
    baseAsset: spec.base,
    baseAssetPrecision: 8,
    quoteAsset: spec.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    opoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    pegInstructionsAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: fixedText(spec.tickUnits, 8),
        maxPrice: '1000000.00000000',
        tickSize: fixedText(spec.tickUnits, 8),
      },
      { filterType: 'LOT_SIZE', minQty: quantity(terms.minLots), maxQty: quantity(terms.maxLots), stepSize: lot },
      { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: quantity(terms.maxMarketLots), stepSize: '0.00000000' },
      {
        filterType: 'PERCENT_PRICE_BY_SIDE',
        bidMultiplierUp: '5',
        bidMultiplierDown: '0.2',
        askMultiplierUp: '5',
        askMultiplierDown: '0.2',
        avgPriceMins: 5,
      },
      {
        filterType: 'NOTIONAL',
        minNotional: fixedText(Number(terms.minNotional), terms.settle.decimals),
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: terms.maxOpenOrders },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    ],
    permissions: [],
    permissionSets: showsPermissions ? [['SPOT']] : [],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  };
}
