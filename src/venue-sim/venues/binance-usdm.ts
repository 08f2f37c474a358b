/** Binance USD-M: the paths of 2026 (`/public`, `/market`, `/private`; the old bare ones are gone) and exchangeInfo as recorded in 2021. */
import type { Market } from '../market/market.js';
import { trimmedText } from '../market/decimal-text.js';
import type { BinanceDialect } from './binance-dialect.js';
import { BinanceServer } from './binance-server.js';
import type { VenueContext, VenueProtocol } from './protocol.js';

/** Depth, book ticker and single trades; everything else that is public is on `/market`. */
const PUBLIC_STREAM = /@(depth|bookTicker|trade(@|$))|^!bookTicker/;

export const FUTURES_PRIVATE_PATHS: readonly string[] = [
  'order',
  'order/test',
  'batchOrders',
  'allOpenOrders',
  'countdownCancelAll',
  'openOrder',
  'openOrders',
  'allOrders',
  'userTrades',
  'income',
  'leverage',
  'marginType',
  'positionMargin',
  'positionSide/dual',
  'multiAssetsMargin',
  'leverageBracket',
  'commissionRate',
  'listenKey',
  'account',
  'balance',
  'positionRisk',
  'symbolConfig',
  'accountConfig',
];

/** The least order value per symbol (Binance USD-M trading rules, 2026-11). */
const MIN_NOTIONAL: Readonly<Record<string, string>> = { BTCUSDT: '100', ETHUSDT: '20' };

export const BINANCE_USDM_DIALECT: BinanceDialect = {
  id: 'binance-usdm',
  family: 'usdm',
  root: '/fapi/v1',
  aliases: ['/fapi/v2', '/fapi/v3'],
  weightPerMinute: 2_400,
  depthLimits: [5, 10, 20, 50, 100, 500, 1_000],
  defaultDepth: 500,
  maxDepth: Number.POSITIVE_INFINITY,
  defaultTrades: 500,
  pingEverySeconds: 180,
  pongWithinSeconds: 600,
  messagesPerSecond: 10,
  depthPeriodsMs: { '': 250, '500ms': 500, '250ms': 250, '100ms': 100, '0ms': 30 },
  groupOf: (path) => {
    const group = /^\/(public|market|private)\/(ws|ws\/.+|stream)$/.exec(path)?.[1];
    if (group === undefined) return null;
    if (group === 'private') return () => false;
    return (stream) => PUBLIC_STREAM.test(stream) === (group === 'public');
  },
  exchangeInfo,
  privatePaths: new Set(FUTURES_PRIVATE_PATHS),
};

export function createBinanceUsdm(context: VenueContext): VenueProtocol {
  return new BinanceServer(BINANCE_USDM_DIALECT, context);
}

function exchangeInfo(markets: readonly Market[], nowMs: number): string {
  return JSON.stringify({
    timezone: 'UTC',
    serverTime: nowMs,
    futuresType: 'U_MARGINED',
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2_400 },
      { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1_200 },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
    ],
    exchangeFilters: [],
    assets: [
      { asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' },
      { asset: 'BTC', marginAvailable: true, autoAssetExchange: '-0.10000000' },
      { asset: 'ETH', marginAvailable: true, autoAssetExchange: '-5' },
    ],
    symbols: markets.map(symbolOf),
  });
}

function symbolOf(market: Market): object {
  const { spec } = market;
  const lot = trimmedText(spec.lotUnits, spec.qtyDecimals);
  const tick = spec.symbol === 'BTCUSDT' ? '0.10' : trimmedText(spec.tickUnits, spec.priceDecimals);
  return {
    symbol: spec.symbol,
    pair: spec.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: 'TRADING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.base,
    quoteAsset: spec.quote,
    marginAsset: spec.settle,
    pricePrecision: spec.priceDecimals,
    quantityPrecision: spec.qtyDecimals,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: [
      { maxPrice: '1000000', minPrice: tick, tickSize: tick, filterType: 'PRICE_FILTER' },
      { maxQty: '1000', minQty: lot, stepSize: lot, filterType: 'LOT_SIZE' },
      { maxQty: '120', minQty: lot, stepSize: lot, filterType: 'MARKET_LOT_SIZE' },
      { limit: 200, filterType: 'MAX_NUM_ORDERS' },
      { limit: 10, filterType: 'MAX_NUM_ALGO_ORDERS' },
      { notional: MIN_NOTIONAL[spec.symbol] ?? '5', filterType: 'MIN_NOTIONAL' },
      { multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4', filterType: 'PERCENT_PRICE' },
    ],
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
  };
}
