/**
 * A spot order as a client asks for it, read and held against the symbol's filters in the venue's order: parameters, precision, price, quantity, value.
 * Documents: "New order (TRADE)", "Filters" and "Error codes" of the spot REST API, 2026-11. Called by the spot routes for new and replacing orders.
 */
import type { MarketTerms, OrderRequest, SelfTradeMode } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { lotsOf, ticksOf, unitsOf } from './order-steps.js';
import { BinanceRefusal, refusals } from './refusal.js';
import type { BinanceParams, SentDecimal } from './request.js';
import type { TradingRoom } from './route.js';

const TYPES = ['LIMIT', 'MARKET', 'LIMIT_MAKER', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'] as const;
const UNSUPPORTED: Readonly<Record<string, string>> = {
  STOP_LOSS: 'Stop loss',
  STOP_LOSS_LIMIT: 'Stop loss limit',
  TAKE_PROFIT: 'Take profit',
  TAKE_PROFIT_LIMIT: 'Take profit limit',
};
const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK'] as const;
export const SELF_TRADE_MODES: Readonly<Record<string, SelfTradeMode>> = {
  NONE: 'none',
  EXPIRE_TAKER: 'expire-taker',
  EXPIRE_MAKER: 'expire-maker',
  EXPIRE_BOTH: 'expire-both',
};
/** What `exchangeInfo` allows. */
const SPOT_SELF_TRADE_MODES = new Set(['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH']);
const USUAL_SELF_TRADE_MODE = 'EXPIRE_MAKER';
/** Prices and quantities of any spot asset have at most this many decimals. */
const MOST_DECIMALS = 8;
const MOST_PRICE = 1_000_000;
/** Lower ones are the venue's own (document "New order", `strategyType`). */
const LEAST_STRATEGY_TYPE = 1_000_000;

export const ANSWER_KINDS = ['ACK', 'RESULT', 'FULL'] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

export interface SpotOrderRequest {
  readonly request: OrderRequest;
  readonly answerKind: AnswerKind;
}

export function readSpotOrder(room: TradingRoom, market: Market, params: BinanceParams): SpotOrderRequest {
  const side = params.word('side', ['BUY', 'SELL'], refusals.badSide);
  const type = params.word('type', TYPES, refusals.badType);
  const clientId = params.optionalClientId('newClientOrderId') ?? room.random.text(22);
  const answerKind = params.optionalWord('newOrderRespType', ANSWER_KINDS) ?? (type === 'LIMIT_MAKER' ? 'ACK' : 'FULL');
  const selfTradeText = params.optional('selfTradePreventionMode') ?? USUAL_SELF_TRADE_MODE;
  const selfTrade = SELF_TRADE_MODES[selfTradeText];
  if (selfTrade === undefined) throw refusals.badData('selfTradePreventionMode');
  if (!SPOT_SELF_TRADE_MODES.has(selfTradeText))
    throw new BinanceRefusal(-1013, 'This symbol does not allow the specified self-trade prevention mode.');
  const unsupported = UNSUPPORTED[type];
  if (unsupported !== undefined) throw new BinanceRefusal(-1013, `${unsupported} orders are not supported for this symbol.`);
  if (params.has('icebergQty')) throw new BinanceRefusal(-1013, 'Iceberg orders are not supported for this symbol.');
  if (params.has('trailingDelta')) throw new BinanceRefusal(-1013, 'Trailing stop orders are not supported for this symbol.');
  if (params.has('pegPriceType')) throw new BinanceRefusal(-1013, 'Pegged orders are not supported for this symbol.');
  if (params.has('stopPrice')) throw refusals.notRequired('stopPrice');

  const strategy = strategyOf(params);
  const terms = room.exchange.terms(market);
  const common = { market, side: side === 'BUY' ? 'buy' : 'sell', clientId, selfTrade } as const;
  if (type === 'MARKET') {
    const request = {
      ...common,
      ...marketTerms(room, market, terms, params),
      extra: { type, tif: 'GTC', stp: selfTradeText, ...strategy },
    };
    return { request, answerKind };
  }
  const timeInForce = type === 'LIMIT' ? params.word('timeInForce', TIMES_IN_FORCE, refusals.badTimeInForce) : 'GTC';
  if (type === 'LIMIT_MAKER' && params.has('timeInForce')) throw refusals.notRequired('timeInForce');
  if (params.has('quoteOrderQty')) throw refusals.notRequired('quoteOrderQty');
  const quantity = params.decimal('quantity');
  const price = params.decimal('price');
  const ticks = checkPrice(market, terms, price);
  const lots = checkQuantity(market, terms, quantity, terms.maxLots, 'LOT_SIZE');
  if (room.exchange.valueOf(market, lots, ticks) < terms.minNotional) throw refusals.filter('NOTIONAL');
  const request: OrderRequest = {
    ...common,
    ticks,
    lots,
    timeInForce: timeInForce === 'GTC' ? 'gtc' : timeInForce === 'IOC' ? 'ioc' : 'fok',
    postOnly: type === 'LIMIT_MAKER',
    extra: { type, tif: timeInForce, stp: selfTradeText, ...strategy },
  };
  return { request, answerKind };
}

/** A client's own numbers, told back with the order. */
function strategyOf(params: BinanceParams): Readonly<Record<string, string>> {
  const id = params.optionalInteger('strategyId');
  const type = params.optionalInteger('strategyType');
  if (type !== undefined && type < LEAST_STRATEGY_TYPE)
    throw new BinanceRefusal(-1134, `strategyType was less than ${LEAST_STRATEGY_TYPE}.`);
  return { ...(id === undefined ? {} : { strategyId: String(id) }), ...(type === undefined ? {} : { strategyType: String(type) }) };
}

/** Market orders are valued at the last price (the filter's average over `avgPriceMins` differs little). */
function marketTerms(
  room: TradingRoom,
  market: Market,
  terms: MarketTerms,
  params: BinanceParams,
): Pick<OrderRequest, 'ticks' | 'lots' | 'quoteUnits'> {
  if (params.has('price')) throw refusals.notRequired('price');
  if (params.has('timeInForce')) throw refusals.notRequired('timeInForce');
  const quantity = params.optionalDecimal('quantity');
  const quoteQuantity = params.optionalDecimal('quoteOrderQty');
  if (quantity === undefined && quoteQuantity === undefined) throw refusals.oneOf('quantity', 'quoteOrderQty');
  if (quantity !== undefined && quoteQuantity !== undefined) throw new BinanceRefusal(-1128, 'Combination of optional parameters invalid.');
  if (quoteQuantity !== undefined) {
    const units = unitsOf(quoteQuantity, Math.min(MOST_DECIMALS, terms.settle.decimals));
    if (units === null) throw tooPrecise('quoteOrderQty');
    if (units < terms.minNotional) throw refusals.filter('NOTIONAL');
    return { ticks: null, lots: null, quoteUnits: units };
  }
  if (quantity === undefined) throw refusals.missing('quantity');
  const lots = checkQuantity(market, terms, quantity, terms.maxLots, 'LOT_SIZE');
  if (lots > terms.maxMarketLots) throw refusals.filter('MARKET_LOT_SIZE');
  if (room.exchange.valueOf(market, lots, market.lastTicks) < terms.minNotional) throw refusals.filter('NOTIONAL');
  return { ticks: null, lots };
}

function checkPrice(market: Market, terms: MarketTerms, price: SentDecimal): number {
  if (price.decimals > MOST_DECIMALS) throw tooPrecise('price');
  const ticks = ticksOf(market, price);
  if (ticks === null || ticks <= 0 || ticks * market.tickSize > MOST_PRICE) throw refusals.filter('PRICE_FILTER');
  const band = terms.priceBand;
  if (band !== null) {
    const relative = ticks / market.lastTicks;
    if (relative > band.up || relative < band.down) throw refusals.filter('PERCENT_PRICE_BY_SIDE');
  }
  return ticks;
}

export function checkQuantity(market: Market, terms: MarketTerms, quantity: SentDecimal, mostLots: number, filter: string): number {
  if (quantity.decimals > MOST_DECIMALS) throw tooPrecise('quantity');
  const lots = lotsOf(market, quantity);
  if (lots === null || lots < terms.minLots || lots > mostLots) throw refusals.filter(filter);
  return lots;
}

function tooPrecise(name: string): BinanceRefusal {
  return new BinanceRefusal(-1111, `Parameter '${name}' has too much precision.`);
}
