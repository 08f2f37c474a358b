/**
 * Answers about orders, trades and income of USD-M and COIN-M, field by field (recordings `private/` and the REST documents of both, 2026-11). COIN-M names
 * the pair, counts value in the coin and says so in other field names. Called for each answer.
 */
import type { Fill, LedgerEntry, Order } from '../../exchange/contract.js';
import { averageText, milliseconds, moneyText, priceText, quoteText, tickLotsText } from './amounts.js';
import { pairOf } from './dialect.js';
import { selfTradeWord, sideWord, stateWord, timeInForceWord, typeWord } from './order-words.js';

export type FuturesFamily = 'usdm' | 'coinm';

/** Average prices have more decimals than prices. */
const AVERAGE_EXTRA_DECIMALS = 3;

/** Orders that the venue itself placed have no client id of their own. */
export function clientIdText(order: Order): string {
  return order.clientId === '' ? `autoclose-${order.number}` : order.clientId;
}

export function averagePrice(order: Order): string {
  return averageText(order, order.market.spec.priceDecimals + AVERAGE_EXTRA_DECIMALS);
}

/** Value of what was filled: quote asset on USD-M, coin on COIN-M. */
function filledValue(family: FuturesFamily, order: Order): Record<string, string> {
  if (family === 'usdm') return { cumQuote: tickLotsText(order.market, order.filledTickLots) };
  return { cumBase: moneyText(order.filledUnits, order.feeAsset) };
}

function terms(family: FuturesFamily, order: Order): Record<string, unknown> {
  const { market } = order;
  return {
    orderId: order.number,
    symbol: market.spec.symbol,
    ...(family === 'coinm' ? { pair: pairOf(market) } : {}),
    status: stateWord(order),
    clientOrderId: clientIdText(order),
    price: priceText(market, order.ticks),
    avgPrice: averagePrice(order),
    origQty: market.qtyText(order.lots),
    executedQty: market.qtyText(order.filledLots),
  };
}

function flags(order: Order): Record<string, unknown> {
  const type = typeWord(order);
  return {
    timeInForce: timeInForceWord(order),
    type,
    reduceOnly: order.reduceOnly,
    closePosition: false,
    side: sideWord(order),
    positionSide: 'BOTH',
    stopPrice: order.market.priceText(0),
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: type,
    priceMatch: order.extra['match'] ?? 'NONE',
    selfTradePreventionMode: selfTradeWord(order),
    goodTillDate: Number(order.extra['gtd'] ?? 0),
  };
}

/** Answers to new, amended and cancelled orders. */
export function orderAnswer(family: FuturesFamily, order: Order): Record<string, unknown> {
  return {
    ...terms(family, order),
    cumQty: order.market.qtyText(order.filledLots),
    ...filledValue(family, order),
    ...flags(order),
    updateTime: milliseconds(order.updatedUs),
  };
}

/** What a new order's answer says without waiting for the engine: nothing of its fills. */
export function ackAnswer(family: FuturesFamily, order: Order): Record<string, unknown> {
  const { market } = order;
  const none = market.qtyText(0);
  return {
    ...orderAnswer(family, order),
    status: 'NEW',
    avgPrice: market.priceText(0),
    executedQty: none,
    cumQty: none,
    ...(family === 'usdm' ? { cumQuote: tickLotsText(market, 0n) } : { cumBase: moneyText(0n, order.feeAsset) }),
  };
}

export function queriedFuturesOrder(family: FuturesFamily, order: Order): Record<string, unknown> {
  return {
    ...terms(family, order),
    ...filledValue(family, order),
    ...flags(order),
    time: milliseconds(order.createdUs),
    updateTime: milliseconds(order.updatedUs),
  };
}

export function futuresTrade(family: FuturesFamily, fill: Fill): Record<string, unknown> {
  const { market } = fill;
  const terms = {
    symbol: market.spec.symbol,
    id: fill.tradeId,
    orderId: fill.orderNumber,
    ...(family === 'coinm' ? { pair: pairOf(market) } : {}),
    side: sideWord(fill),
    price: priceText(market, fill.ticks),
    qty: market.qtyText(fill.lots),
    realizedPnl: moneyText(fill.realisedUnits, fill.feeAsset),
  };
  const value =
    family === 'usdm'
      ? { quoteQty: quoteText(market, fill.ticks, fill.lots) }
      : { marginAsset: market.spec.settle, baseQty: moneyText(fill.valueUnits, fill.feeAsset) };
  return {
    ...terms,
    ...value,
    commission: moneyText(fill.feeUnits, fill.feeAsset),
    commissionAsset: fill.feeAsset.asset,
    time: milliseconds(fill.timeUs),
    positionSide: 'BOTH',
    buyer: fill.side === 'buy',
    maker: fill.isMaker,
  };
}

export const INCOME_TYPES: Readonly<Record<LedgerEntry['kind'], string>> = {
  deposit: 'TRANSFER',
  trade: 'REALIZED_PNL',
  realised: 'REALIZED_PNL',
  fee: 'COMMISSION',
  funding: 'FUNDING_FEE',
  insurance: 'INSURANCE_CLEAR',
};

export function incomeLine(entry: LedgerEntry): Record<string, unknown> {
  const type = INCOME_TYPES[entry.kind];
  const trade = entry.tradeId === null ? '' : String(entry.tradeId);
  return {
    symbol: entry.market?.spec.symbol ?? '',
    incomeType: type,
    income: moneyText(entry.units, entry.asset),
    asset: entry.asset.asset,
    time: milliseconds(entry.timeUs),
    info: entry.kind === 'fee' || entry.kind === 'realised' ? trade : type,
    tranId: entry.id,
    tradeId: trade,
  };
}
