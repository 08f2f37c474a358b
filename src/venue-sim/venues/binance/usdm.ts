/** Binance USD-M: the paths of 2026 (`/public`, `/market`, `/private`; the old bare ones are gone) and exchangeInfo as recorded in 2021. */
import { termsOf } from '../../exchange/terms.js';
import type { Market } from '../../market/market.js';
import { trimmedText } from '../../market/decimal-text.js';
import type { BinanceDialect } from './dialect.js';
import { BinanceServer } from './server.js';
import type { VenueContext, VenueProtocol } from '../protocol.js';

/** Depth, book ticker and single trades; everything else that is public is on `/market`. */
const PUBLIC_STREAM = /@(depth|rpiDepth|bookTicker|trade(@|$))|^!bookTicker/;

export const BINANCE_USDM_DIALECT: BinanceDialect = {
  id: 'binance-usdm',
  family: 'usdm',
  root: '/fapi/v1',
  aliases: ['/fapi/v2', '/fapi/v3'],
  weightPerMinute: 2_400,
  orderLimits: [
    { interval: 'MINUTE', intervalNum: 1, limit: 1_200 },
    { interval: 'SECOND', intervalNum: 10, limit: 300 },
  ],
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
  carriesPrivate: (path) => path.startsWith('/private/'),
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
      ...BINANCE_USDM_DIALECT.orderLimits.map((limit) => ({ rateLimitType: 'ORDERS', ...limit })),
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
  const terms = termsOf(market);
  const quantity = (lots: number): string => trimmedText(lots * spec.lotUnits, spec.qtyDecimals);
  const lot = quantity(1);
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
      { maxQty: quantity(terms.maxLots), minQty: quantity(terms.minLots), stepSize: lot, filterType: 'LOT_SIZE' },
      { maxQty: quantity(terms.maxMarketLots), minQty: quantity(terms.minLots), stepSize: lot, filterType: 'MARKET_LOT_SIZE' },
      { limit: terms.maxOpenOrders, filterType: 'MAX_NUM_ORDERS' },
      { limit: 10, filterType: 'MAX_NUM_ALGO_ORDERS' },
      { notional: trimmedText(Number(terms.minNotional), terms.settle.decimals), filterType: 'MIN_NOTIONAL' },
      { ...priceBand(market), multiplierDecimal: '4', filterType: 'PERCENT_PRICE' },
    ],
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}

/** Furthest a limit price may be from the mark, as both futures venues print it. */
export function priceBand(market: Market): { readonly multiplierUp: string; readonly multiplierDown: string } {
  const band = termsOf(market).priceBand ?? { up: 1, down: 1 };
  return { multiplierUp: band.up.toFixed(4), multiplierDown: band.down.toFixed(4) };
}
