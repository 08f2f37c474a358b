/**
 * A futures order as a client asks for it, from a form or from one item of a batch, read and held against the symbol's filters. Documents: "New order",
 * "Modify order" and "Error codes" of the USD-M and COIN-M REST APIs, 2026-11. Called by the futures routes.
 */
import { topOf } from '../../market/depth.js';
import type { MarketTerms, Order, OrderRequest, SelfTradeMode } from '../../exchange/contract.js';
import { trimmedText } from '../../market/decimal-text.js';
import type { Market } from '../../market/market.js';
import { unitsText } from './amounts.js';
import type { FuturesFamily } from './futures-texts.js';
import { stepsOf } from './order-steps.js';
import { sideWord } from './order-words.js';
import { BinanceRefusal, refusals } from './refusal.js';
import type { BinanceParams, SentDecimal } from './request.js';
import type { TradingRoom } from './route.js';

const TYPES = ['LIMIT', 'MARKET'] as const;
/** Conditional orders have endpoints of their own since 2025-12. */
const CONDITIONAL = new Set(['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']);
const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'] as const;
/** How far ahead the date of an order at least is, and the last one there is (document "New order", `goodTillDate`). */
const LEAST_AHEAD_MS = 600_000;
const LAST_DATE_MS = 253_402_300_799_000;
const SIDES = ['BUY', 'SELL'] as const;
const SELF_TRADE_MODES: Readonly<Record<string, SelfTradeMode>> = {
  NONE: 'none',
  EXPIRE_TAKER: 'expire-taker',
  EXPIRE_MAKER: 'expire-maker',
  EXPIRE_BOTH: 'expire-both',
};
const ANSWER_KINDS = ['ACK', 'RESULT'] as const;
const MOST_PRICE = 1_000_000;
/** `OPPONENT_5` is the fifth level of the other side. */
const PRICE_MATCH = /^(OPPONENT|QUEUE)(_5|_10|_20)?$/;

export interface FuturesOrderRequest {
  readonly request: OrderRequest;
  readonly answerKind: (typeof ANSWER_KINDS)[number];
}

export function readFuturesOrder(room: TradingRoom, market: Market, params: BinanceParams): FuturesOrderRequest {
  const side = params.word('side', SIDES, refusals.badSide);
  const typeText = params.text('type');
  if (CONDITIONAL.has(typeText))
    throw new BinanceRefusal(-4120, 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.');
  const type = params.word('type', TYPES, refusals.badType);
  checkPositionSide(params);
  if (params.optionalBoolean('closePosition') === true)
    throw new BinanceRefusal(-4136, 'Target strategy invalid for orderType MARKET,closePosition true');
  const clientId = clientIdOf(params) ?? room.random.text(22);
  const answerKind = params.optionalWord('newOrderRespType', ANSWER_KINDS) ?? 'ACK';
  const stp = params.optional('selfTradePreventionMode') ?? 'NONE';
  const selfTrade = SELF_TRADE_MODES[stp];
  if (selfTrade === undefined) throw refusals.badData('selfTradePreventionMode');
  const reduceOnly = params.optionalBoolean('reduceOnly') ?? false;
  const terms = room.exchange.terms(market);
  const common = { market, side: side === 'BUY' ? 'buy' : 'sell', clientId, selfTrade, reduceOnly } as const;
  if (type === 'MARKET') {
    if (params.has('price')) throw refusals.notRequired('price');
    if (params.has('timeInForce')) throw refusals.notRequired('timeinforce');
    const lots = checkQuantity(market, terms, params.decimal('quantity'), terms.maxMarketLots);
    const value = room.exchange.valueOf(market, lots, market.lastTicks);
    if (!reduceOnly) checkNotional(terms, value);
    return { request: { ...common, ticks: null, lots, extra: { type, tif: 'GTC', stp, match: 'NONE' } }, answerKind };
  }
  const tif = params.word('timeInForce', TIMES_IN_FORCE, refusals.badTimeInForce);
  const gtd = tif === 'GTD' ? { gtd: String(dateOf(room, market, params)) } : {};
  const lots = checkQuantity(market, terms, params.decimal('quantity'), terms.maxLots);
  const match = params.optional('priceMatch') ?? 'NONE';
  const ticks =
    match === 'NONE' ? checkPrice(room, market, terms, side, params.decimal('price')) : matchedTicks(market, side, match, params);
  if (!reduceOnly) checkNotional(terms, room.exchange.valueOf(market, lots, ticks));
  const request: OrderRequest = {
    ...common,
    ticks,
    lots,
    timeInForce: tif === 'IOC' ? 'ioc' : tif === 'FOK' ? 'fok' : 'gtc',
    postOnly: tif === 'GTX',
    ifNotFillable: 'refuse',
    extra: { type, tif, stp, match, ...gtd },
  };
  return { request, answerKind };
}

/** Milliseconds, on a whole second. COIN-M has no such orders. */
function dateOf(room: TradingRoom, market: Market, params: BinanceParams): number {
  if (market.spec.venue === 'binance-coinm') throw refusals.badTimeInForce();
  const dateMs = params.integer('goodTillDate');
  if (dateMs <= room.nowUs() / 1_000 + LEAST_AHEAD_MS || dateMs >= LAST_DATE_MS) throw refusals.badData('goodTillDate');
  return dateMs - (dateMs % 1_000);
}

/** What an amendment asks for. USD-M wants quantity and price, COIN-M either of them; the other stays as it is. */
export function readAmendment(
  room: TradingRoom,
  family: FuturesFamily,
  order: Order,
  params: BinanceParams,
): { readonly ticks: number; readonly lots: number } {
  const { market } = order;
  const side = params.word('side', SIDES, refusals.badSide);
  if (side !== sideWord(order)) throw refusals.badSide();
  const terms = room.exchange.terms(market);
  const match = params.optional('priceMatch') ?? 'NONE';
  const isEither = family === 'coinm';
  if (isEither && !params.has('quantity') && !params.has('price') && match === 'NONE') throw refusals.oneOf('quantity', 'price');
  const lots = isEither && !params.has('quantity') ? order.lots : checkQuantity(market, terms, params.decimal('quantity'), terms.maxLots);
  const ticks =
    match !== 'NONE'
      ? matchedTicks(market, side, match, params)
      : isEither && !params.has('price')
        ? (order.ticks ?? 0)
        : checkPrice(room, market, terms, side, params.decimal('price'));
  checkNotional(terms, room.exchange.valueOf(market, lots, ticks));
  return { ticks, lots };
}

export function clientIdOf(params: BinanceParams): string | undefined {
  const text = params.raw('newClientOrderId');
  if (text !== undefined && text.length > 36) throw new BinanceRefusal(-4015, 'Client order id length should not be more than 36 chars');
  return params.optionalClientId('newClientOrderId');
}

/** Accounts here are in one-way mode. */
export function checkPositionSide(params: BinanceParams): void {
  const positionSide = params.optionalWord(
    'positionSide',
    ['BOTH', 'LONG', 'SHORT'],
    () => new BinanceRefusal(-4060, 'Invalid position side.'),
  );
  if (positionSide !== undefined && positionSide !== 'BOTH')
    throw new BinanceRefusal(-4061, "Order's position side does not match user's setting.");
}

function matchedTicks(market: Market, side: 'BUY' | 'SELL', match: string, params: BinanceParams): number {
  const found = PRICE_MATCH.exec(match);
  if (found === null) throw refusals.badData('priceMatch');
  if (params.has('price')) throw refusals.notRequired('price');
  const isOther = found[1] === 'OPPONENT';
  const book = (side === 'BUY') === isOther ? market.engine.asks : market.engine.bids;
  const depth = Number(found[2]?.slice(1) ?? 1);
  const level = topOf(book, depth).at(-1);
  if (level === undefined) throw new BinanceRefusal(-1112, 'No orders on book for symbol.');
  return level[0];
}

function checkQuantity(market: Market, terms: MarketTerms, quantity: SentDecimal, mostLots: number): number {
  if (quantity.decimals > market.spec.qtyDecimals) throw tooPrecise();
  if (quantity.units === 0n) throw new BinanceRefusal(-4003, 'Quantity less than or equal to zero.');
  const lots = stepsOf(quantity, market.spec.lotUnits, market.spec.qtyDecimals);
  if (lots === null) throw new BinanceRefusal(-4023, 'Qty not increased by step size.');
  if (lots < terms.minLots) throw new BinanceRefusal(-4004, 'Quantity less than min quantity.');
  if (lots > mostLots) throw new BinanceRefusal(-4005, 'Quantity greater than max quantity.');
  return lots;
}

function checkPrice(room: TradingRoom, market: Market, terms: MarketTerms, side: 'BUY' | 'SELL', price: SentDecimal): number {
  const { spec } = market;
  if (price.decimals > spec.priceDecimals) throw tooPrecise();
  if (price.units === 0n) throw new BinanceRefusal(-4001, 'Price less than 0.');
  const ticks = stepsOf(price, spec.tickUnits, spec.priceDecimals);
  if (ticks === null) throw new BinanceRefusal(-4014, 'Price not increased by tick size.');
  if (ticks * market.tickSize > MOST_PRICE) throw new BinanceRefusal(-4002, 'Price greater than max price.');
  const band = terms.priceBand;
  if (band === null) return ticks;
  // The band binds the side that would trade at a loss: buys from above, sells from below.
  const mark = Number(room.exchange.markText(market));
  const most = Math.floor((mark * band.up) / market.tickSize);
  const least = Math.ceil((mark * band.down) / market.tickSize);
  const text = (steps: number): string => trimmedText(steps * spec.tickUnits, spec.priceDecimals);
  if (side === 'BUY' && ticks > most) throw new BinanceRefusal(-4016, `Limit price can't be higher than ${text(most)}.`);
  if (side === 'SELL' && ticks < least) throw new BinanceRefusal(-4024, `Limit price can't be lower than ${text(least)}.`);
  return ticks;
}

function checkNotional(terms: MarketTerms, value: bigint): void {
  if (value >= terms.minNotional) return;
  const least = unitsText(terms.minNotional, terms.settle.decimals).replace(/\.?0+$/, '');
  throw new BinanceRefusal(-4164, `Order's notional must be no smaller than ${least} (unless you choose reduce only).`);
}

function tooPrecise(): BinanceRefusal {
  return new BinanceRefusal(-1111, 'Precision is over the maximum defined for this asset.');
}
