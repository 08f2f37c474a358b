/**
 * Spot answers and private messages, field by field in the venue's order (recordings `private/` and the spot REST and user data documents, 2026-11).
 * Prices, quantities and money carry 8 decimals everywhere. Called for each answer and event.
 */
import type { Fill, Order, OrderEvent, WalletEvent, WalletView } from '../../exchange/contract.js';
import { milliseconds, moneyText, priceText, tickLotsText, unitsText } from './amounts.js';
import { isOpen, selfTradeWord, sideWord, stateWord, timeInForceWord, typeWord } from './order-words.js';
import type { AnswerKind } from './spot-order-request.js';

const ZERO = '0.00000000';

function quoteOrderText(order: Order): string {
  return order.quoteUnits === null ? ZERO : unitsText(order.quoteUnits, 8);
}

/** A client's own numbers of its strategy, where it gave them. */
function strategy(order: Order, idName: string, typeName: string): Record<string, number> {
  const { strategyId, strategyType } = order.extra;
  return {
    ...(strategyId === undefined ? {} : { [idName]: Number(strategyId) }),
    ...(strategyType === undefined ? {} : { [typeName]: Number(strategyType) }),
  };
}

/** Terms that answers to new orders, cancels and queries share. */
function terms(order: Order): Record<string, unknown> {
  const { market } = order;
  return {
    price: priceText(market, order.ticks),
    origQty: market.qtyText(order.lots),
    executedQty: market.qtyText(order.filledLots),
    origQuoteOrderQty: quoteOrderText(order),
    cummulativeQuoteQty: tickLotsText(market, order.filledTickLots),
    status: stateWord(order),
    timeInForce: timeInForceWord(order),
    type: typeWord(order),
    side: sideWord(order),
  };
}

export function placedAnswer(order: Order, fills: readonly Fill[], kind: AnswerKind): Record<string, unknown> {
  const ack = {
    symbol: order.market.spec.symbol,
    orderId: order.number,
    orderListId: -1,
    clientOrderId: order.clientId,
    transactTime: milliseconds(order.updatedUs),
  };
  if (kind === 'ACK') return ack;
  const result = {
    ...ack,
    ...terms(order),
    workingTime: milliseconds(order.createdUs),
    selfTradePreventionMode: selfTradeWord(order),
    ...strategy(order, 'strategyId', 'strategyType'),
  };
  return kind === 'RESULT' ? result : { ...result, fills: fills.map(fillInAnswer) };
}

function fillInAnswer(fill: Fill): Record<string, unknown> {
  return {
    price: priceText(fill.market, fill.ticks),
    qty: fill.market.qtyText(fill.lots),
    commission: moneyText(fill.feeUnits, fill.feeAsset),
    commissionAsset: fill.feeAsset.asset,
    tradeId: fill.tradeId,
  };
}

/** `cancelId`: the id that the cancelling request gave itself. */
export function cancelledAnswer(order: Order, cancelId: string): Record<string, unknown> {
  return {
    symbol: order.market.spec.symbol,
    origClientOrderId: order.clientId,
    orderId: order.number,
    orderListId: -1,
    clientOrderId: cancelId,
    transactTime: milliseconds(order.updatedUs),
    ...terms(order),
    selfTradePreventionMode: selfTradeWord(order),
    ...strategy(order, 'strategyId', 'strategyType'),
  };
}

export function queriedOrder(order: Order): Record<string, unknown> {
  const { price, origQty, executedQty, cummulativeQuoteQty, status, timeInForce, type, side } = terms(order);
  return {
    symbol: order.market.spec.symbol,
    orderId: order.number,
    orderListId: -1,
    clientOrderId: order.clientId,
    price,
    origQty,
    executedQty,
    cummulativeQuoteQty,
    status,
    timeInForce,
    type,
    side,
    stopPrice: ZERO,
    icebergQty: ZERO,
    time: milliseconds(order.createdUs),
    updateTime: milliseconds(order.updatedUs),
    isWorking: true,
    workingTime: milliseconds(order.createdUs),
    origQuoteOrderQty: quoteOrderText(order),
    selfTradePreventionMode: selfTradeWord(order),
    ...strategy(order, 'strategyId', 'strategyType'),
  };
}

export function amendedAnswer(order: Order, previousClientId: string, executionId: number): Record<string, unknown> {
  const { price, origQty, executedQty, cummulativeQuoteQty, status, timeInForce, type, side } = terms(order);
  return {
    transactTime: milliseconds(order.updatedUs),
    executionId,
    amendedOrder: {
      symbol: order.market.spec.symbol,
      orderId: order.number,
      orderListId: -1,
      origClientOrderId: previousClientId,
      clientOrderId: order.clientId,
      price,
      qty: origQty,
      executedQty,
      preventedQty: ZERO,
      quoteOrderQty: ZERO,
      cumulativeQuoteQty: cummulativeQuoteQty,
      status,
      timeInForce,
      type,
      side,
      workingTime: milliseconds(order.createdUs),
      selfTradePreventionMode: selfTradeWord(order),
    },
  };
}

export function ownTrade(fill: Fill): Record<string, unknown> {
  const { market } = fill;
  return {
    symbol: market.spec.symbol,
    id: fill.tradeId,
    orderId: fill.orderNumber,
    orderListId: -1,
    price: priceText(market, fill.ticks),
    qty: market.qtyText(fill.lots),
    quoteQty: unitsText(fill.valueUnits, 8),
    commission: moneyText(fill.feeUnits, fill.feeAsset),
    commissionAsset: fill.feeAsset.asset,
    time: milliseconds(fill.timeUs),
    isBuyer: fill.side === 'buy',
    isMaker: fill.isMaker,
    isBestMatch: true,
  };
}

export function balance(wallet: WalletView): Record<string, unknown> {
  return {
    asset: wallet.terms.asset,
    free: moneyText(wallet.total - wallet.locked, wallet.terms),
    locked: moneyText(wallet.locked, wallet.terms),
  };
}

const EXECUTIONS = {
  new: 'NEW',
  amended: 'REPLACED',
  fill: 'TRADE',
  cancelled: 'CANCELED',
  expired: 'EXPIRED',
  rejected: 'REJECTED',
} as const;

/**
 * `names.current` is what the venue shows as the client id now (a cancel's own id after a cancel), `names.original` the id it replaced, '' without one.
 */
export function executionReport(
  event: OrderEvent,
  names: { readonly current: string; readonly original: string },
): Record<string, unknown> {
  const { order, fill } = event;
  const { market } = order;
  const isPrevented = event.cause === 'expired' && order.endReason === 'self-trade';
  const timeMs = milliseconds(event.timeUs);
  const quote = fill === null ? ZERO : unitsText(fill.valueUnits, 8);
  return {
    e: 'executionReport',
    E: timeMs,
    s: market.spec.symbol,
    c: names.current,
    S: sideWord(order),
    o: typeWord(order),
    f: timeInForceWord(order),
    q: market.qtyText(order.lots),
    p: priceText(market, order.ticks),
    P: ZERO,
    F: ZERO,
    g: -1,
    C: names.original,
    x: isPrevented ? 'TRADE_PREVENTION' : EXECUTIONS[event.cause],
    X: stateWord(order),
    r: isPrevented ? 'SELF_TRADE_PREVENTION' : 'NONE',
    i: order.number,
    l: market.qtyText(fill?.lots ?? 0),
    z: market.qtyText(order.filledLots),
    L: priceText(market, fill?.ticks ?? 0),
    n: fill === null ? '0' : moneyText(fill.feeUnits, fill.feeAsset),
    N: fill === null ? null : fill.feeAsset.asset,
    T: timeMs,
    t: fill?.tradeId ?? -1,
    I: event.sequence,
    w: isOpen(order),
    m: fill?.isMaker ?? false,
    M: fill !== null,
    O: milliseconds(order.createdUs),
    Z: tickLotsText(market, order.filledTickLots),
    Y: quote,
    Q: quoteOrderText(order),
    W: milliseconds(order.createdUs),
    V: selfTradeWord(order),
    ...strategy(order, 'j', 'J'),
  };
}

export function accountPosition(event: WalletEvent): Record<string, unknown> {
  const timeMs = milliseconds(event.timeUs);
  return {
    e: 'outboundAccountPosition',
    E: timeMs,
    u: timeMs,
    B: event.wallets.map(({ terms: asset, total, locked }) => ({
      a: asset.asset,
      f: moneyText(total - locked, asset),
      l: moneyText(locked, asset),
    })),
  };
}

/** Deposits and withdrawals only: one message an asset. */
export function balanceUpdates(event: WalletEvent): Record<string, unknown>[] {
  const timeMs = milliseconds(event.timeUs);
  return event.wallets.map(({ terms: asset }) => ({
    e: 'balanceUpdate',
    E: timeMs,
    a: asset.asset,
    d: moneyText(event.changes.get(asset.asset) ?? 0n, asset),
    T: timeMs,
  }));
}
