/**
 * From the parameters of `order/create` and `order/amend` to what the exchange takes: ticks and lots, or the refusal that the venue gives for them. Filters
 * come before money, as at the venue. Called by `BybitTrading` for REST and the trade socket alike.
 */
import type { AmendRequest, Exchange, Order, OrderRequest, SelfTradeMode } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { priceText } from './public-messages.js';
import { stepsOf, unitsOf, type UnreadNumber } from '../decimal-units.js';
import { SPOT_FACTS } from './instrument-facts.js';
import { isSet, isTrue, textOf, type Item } from './items.js';
import { CONTRACT, SPOT, badParameter, missingParameter, type BybitRefusal } from './refusals.js';

export type Read<Value> = { readonly value: Value } | { readonly refusal: BybitRefusal };

/** Longest `orderLinkId`, and the characters it may have (Bybit v5, "Place Order"). */
const LINK_ID = /^[a-zA-Z0-9_-]{1,36}$/;
/** Decimals of a market order's amount in the quote coin (`quotePrecision` of instruments-info). */
const AMOUNT_DECIMALS = 7;

/** Furthest beyond the mark (spot: last) price that a limit price may take: `priceLimitRatioY` of instruments-info. */
export const CONTRACT_PRICE_LIMIT = 0.02;
export const SPOT_PRICE_LIMIT = 0.01;

const SELF_TRADE: Readonly<Record<string, SelfTradeMode>> = {
  '': 'none',
  None: 'none',
  CancelTaker: 'expire-taker',
  CancelMaker: 'expire-maker',
  CancelBoth: 'expire-both',
};
const TIMES: Readonly<Record<string, 'gtc' | 'ioc' | 'fok'>> = { GTC: 'gtc', IOC: 'ioc', FOK: 'fok', PostOnly: 'gtc', RPI: 'gtc' };
/** What would make a conditional order of it. There are none here: refused by name rather than ignored. */
const CONDITIONAL = ['triggerPrice', 'takeProfit', 'stopLoss', 'orderIv', 'bboSideType'] as const;

const no = (refusal: BybitRefusal): { readonly refusal: BybitRefusal } => ({ refusal });

export function readCreate(exchange: Exchange, market: Market, item: Item): Read<OrderRequest> {
  const isSpot = market.spec.kind === 'spot';
  const conditional = CONDITIONAL.find((name) => isSet(item, name) && textOf(item, name) !== '0');
  if (conditional !== undefined) return no(isSpot ? SPOT.badParameter(conditional) : badParameter(conditional));
  const side = textOf(item, 'side');
  if (side !== 'Buy' && side !== 'Sell') return no(isSpot ? SPOT.badSide : badParameter('side'));
  const type = textOf(item, 'orderType');
  if (type !== 'Limit' && type !== 'Market') return no(isSpot ? SPOT.badType : badParameter('orderType'));
  const tif = type === 'Market' ? 'IOC' : textOf(item, 'timeInForce') || 'GTC';
  const timeInForce = TIMES[tif];
  if (timeInForce === undefined) return no(isSpot ? SPOT.badTimeInForce : badParameter('timeInForce'));
  const selfTrade = SELF_TRADE[textOf(item, 'smpType')];
  if (selfTrade === undefined) return no(badParameter('smpType'));
  const clientId = textOf(item, 'orderLinkId');
  if (clientId !== '' && !LINK_ID.test(clientId)) return no(badParameter('orderLinkId'));
  const positionIdx = textOf(item, 'positionIdx');
  if (!isSpot && positionIdx !== '' && positionIdx !== '0') return no(CONTRACT.positionMode);

  const ticks = type === 'Limit' ? readPrice(exchange, market, side === 'Buy', textOf(item, 'price')) : { value: null };
  if ('refusal' in ticks) return ticks;
  const isByAmount =
    isSpot && type === 'Market' && (textOf(item, 'marketUnit') || (side === 'Buy' ? 'quoteCoin' : 'baseCoin')) === 'quoteCoin';
  const amount = isByAmount ? readAmount(exchange, market, textOf(item, 'qty')) : undefined;
  if (amount !== undefined && 'refusal' in amount) return amount;
  const isReducing = !isSpot && (isTrue(item, 'reduceOnly') || isTrue(item, 'closeOnTrigger'));
  const lots = isByAmount ? { value: null } : readQty(exchange, market, textOf(item, 'qty'), type === 'Market');
  if ('refusal' in lots) return lots;
  if (lots.value !== null && !isReducing && isTooSmall(exchange, market, lots.value, ticks.value ?? market.lastTicks)) {
    return no(isSpot ? SPOT.belowNotional : CONTRACT.belowNotional);
  }
  if (isSpot && lots.value !== null && ticks.value !== null && isTooLarge(exchange, market, lots.value, ticks.value)) {
    return no(SPOT.valueAboveMost);
  }
  return {
    value: {
      market,
      side: side === 'Buy' ? 'buy' : 'sell',
      ticks: ticks.value,
      lots: lots.value,
      ...(amount === undefined ? {} : { quoteUnits: amount.value }),
      timeInForce,
      postOnly: tif === 'PostOnly' || tif === 'RPI',
      ifWouldTake: 'cancel',
      ifNotFillable: 'cancel',
      reduceOnly: isReducing,
      ifTooMuchToReduce: 'clip',
      clientId,
      selfTrade,
      extra: {
        tif,
        smpType: textOf(item, 'smpType') || 'None',
        marketUnit: isSpot && type === 'Market' ? (isByAmount ? 'quoteCoin' : 'baseCoin') : '',
        isLeverage: textOf(item, 'isLeverage') === '1' ? '1' : isSpot ? '0' : '',
        lastPrice: priceText(market, market.lastTicks),
      },
    },
  };
}

export function readAmend(exchange: Exchange, order: Order, item: Item): Read<AmendRequest> {
  const { market } = order;
  const isSpot = market.spec.kind === 'spot';
  const conditional = CONDITIONAL.find((name) => isSet(item, name) && textOf(item, name) !== '0');
  if (conditional !== undefined) return no(isSpot ? SPOT.badParameter(conditional) : badParameter(conditional));
  const price = textOf(item, 'price');
  const ticks = price === '' || price === '0' ? undefined : readPrice(exchange, market, order.side === 'buy', price);
  if (ticks !== undefined && 'refusal' in ticks) return ticks;
  const qty = textOf(item, 'qty');
  const lots = qty === '' || qty === '0' ? undefined : readQty(exchange, market, qty, false);
  if (lots !== undefined && 'refusal' in lots) return lots;
  if (ticks === undefined && lots === undefined) return no(CONTRACT.nothingModified);
  const newTicks = ticks?.value ?? order.ticks ?? market.lastTicks;
  if (!order.reduceOnly && isTooSmall(exchange, market, lots?.value ?? order.lots, newTicks)) {
    return no(isSpot ? SPOT.belowNotional : CONTRACT.belowNotional);
  }
  return {
    value: {
      ...(ticks === undefined ? {} : { ticks: ticks.value }),
      ...(lots === undefined ? {} : { lots: lots.value }),
      ifWouldTake: 'cancel',
    },
  };
}

/** The highest price that a buyer may name, and the lowest that a seller may. */
export function priceLimits(exchange: Exchange, market: Market): { readonly most: number; readonly least: number } {
  const isSpot = market.spec.kind === 'spot';
  const reference = isSpot ? market.lastTicks : Number(exchange.markText(market)) / market.tickSize;
  const ratio = isSpot ? SPOT_PRICE_LIMIT : CONTRACT_PRICE_LIMIT;
  return { most: Math.floor(reference * (1 + ratio)), least: Math.ceil(reference * (1 - ratio)) };
}

function readPrice(exchange: Exchange, market: Market, isBuy: boolean, text: string): Read<number> {
  const { spec } = market;
  const isSpot = spec.kind === 'spot';
  if (text === '') return no(isSpot ? SPOT.emptyParameter('price') : missingParameter('price'));
  const ticks = stepsOf(text, spec.tickUnits, spec.priceDecimals);
  if (ticks === 'too-fine') return no(isSpot ? SPOT.priceTooFine : CONTRACT.badPrice);
  if (ticks === 'malformed' || ticks <= 0) return no(isSpot ? SPOT.badParameter('price') : CONTRACT.badPrice);
  const { most, least } = priceLimits(exchange, market);
  // Only the side that would take is bounded: a buyer may bid as low as he likes.
  if (isBuy && ticks > most) return no(isSpot ? SPOT.buyTooHigh(priceText(market, most)) : CONTRACT.priceOutOfRange);
  if (!isBuy && ticks < least) return no(isSpot ? SPOT.sellTooLow(priceText(market, least)) : CONTRACT.priceOutOfRange);
  return { value: ticks };
}

function readQty(exchange: Exchange, market: Market, text: string, isMarketOrder: boolean): Read<number> {
  const { spec } = market;
  const isSpot = spec.kind === 'spot';
  const terms = exchange.terms(market);
  if (text === '') return no(isSpot ? SPOT.emptyParameter('qty') : missingParameter('qty'));
  const lots: number | UnreadNumber = stepsOf(text, spec.lotUnits, spec.qtyDecimals);
  if (lots === 'too-fine') return no(isSpot ? SPOT.qtyTooFine : CONTRACT.badQty);
  if (lots === 'malformed' || lots < 0) return no(isSpot ? SPOT.badParameter('qty') : CONTRACT.badQty);
  if (lots < terms.minLots) return no(isSpot ? SPOT.belowLeast : CONTRACT.belowLeast);
  if (lots > (isMarketOrder ? terms.maxMarketLots : terms.maxLots)) return no(isSpot ? SPOT.aboveMost : CONTRACT.aboveMost);
  return { value: lots };
}

/** A spot market order's amount, in units of the quote asset. */
function readAmount(exchange: Exchange, market: Market, text: string): Read<bigint> {
  const { settle, minNotional } = exchange.terms(market);
  if (text === '') return no(SPOT.emptyParameter('qty'));
  const rough = unitsOf(text, AMOUNT_DECIMALS);
  if (rough === 'too-fine') return no(SPOT.amountTooFine);
  const units = unitsOf(text, settle.decimals);
  if (typeof rough === 'string' || typeof units === 'string' || units <= 0n) return no(SPOT.badParameter('qty'));
  return units < minNotional ? no(SPOT.belowNotional) : { value: units };
}

function isTooSmall(exchange: Exchange, market: Market, lots: number, ticks: number): boolean {
  return exchange.valueOf(market, lots, ticks) < exchange.terms(market).minNotional;
}

/** Most that one spot order may be worth. */
function isTooLarge(exchange: Exchange, market: Market, lots: number, ticks: number): boolean {
  const most = unitsOf(SPOT_FACTS[market.spec.symbol]?.maxAmount ?? '', exchange.terms(market).settle.decimals);
  return typeof most === 'bigint' && exchange.valueOf(market, lots, ticks) > most;
}
