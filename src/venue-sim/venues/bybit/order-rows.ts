/** Bybit v5's orders and executions as REST and the private topics print them, key by key as recorded. Called by queries and private streams. */
import type { AssetTerms, EndReason, Exchange, Fill, FundingEvent, LedgerEntry, Order, OrderState } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { priceText, spotTradeId } from './public-messages.js';
import { unitsText } from '../decimal-units.js';

const STATUS: Readonly<Record<OrderState, string>> = {
  new: 'New',
  'part-filled': 'PartiallyFilled',
  filled: 'Filled',
  cancelled: 'Cancelled',
  expired: 'Cancelled',
  rejected: 'Rejected',
};
const CANCELLED_AS: Readonly<Partial<Record<EndReason, string>>> = {
  user: 'CancelByUser',
  'cancel-all': 'CancelByUser',
  'reduce-only': 'CancelByReduceOnly',
  'self-trade': 'CancelBySmp',
  liquidation: 'CancelAllBeforeLiq',
  insufficient: 'CancelByCannotAffordOrderCost',
};
const REJECTED_AS: Readonly<Partial<Record<EndReason, string>>> = {
  user: 'EC_PerCancelRequest',
  'cancel-all': 'EC_PerCancelRequest',
  'would-take': 'EC_PostOnlyWillTakeLiquidity',
  'not-fillable': 'EC_NoEnoughQtyToFill',
  'immediate-or-cancel': 'EC_NoImmediateQtyToFill',
  'no-liquidity': 'EC_NoImmediateQtyToFill',
  'self-trade': 'EC_BySelfMatch',
};
/** Averages are printed this much finer than prices. */
const AVERAGE_EXTRA_DECIMALS = 6;

export type Row = Readonly<Record<string, unknown>>;

export function moneyText(units: bigint, asset: AssetTerms): string {
  return unitsText(units, asset.decimals);
}

export function lotsText(market: Market, lots: number): string {
  return market.spec.kind === 'spot' ? market.trimmedQty(lots) : market.qtyText(lots);
}

export function millis(timeUs: number): string {
  return String(Math.floor(timeUs / 1_000));
}

/** Linear and spot: value by quantity. Inverse: quantity by value, as its coin pays. */
export function averageText(order: Order, settle: AssetTerms): string {
  if (order.filledLots === 0) return '';
  const { spec } = order.market;
  const decimals = spec.priceDecimals + AVERAGE_EXTRA_DECIMALS;
  if (spec.kind !== 'inverse') {
    const scaled = order.filledTickLots * BigInt(spec.tickUnits) * 10n ** BigInt(AVERAGE_EXTRA_DECIMALS);
    return unitsText(scaled / BigInt(order.filledLots), decimals);
  }
  if (order.filledUnits === 0n) return '';
  const contracts = BigInt(order.filledLots) * BigInt(spec.lotUnits);
  return unitsText((contracts * 10n ** BigInt(settle.decimals + decimals - spec.qtyDecimals)) / order.filledUnits, decimals);
}

function statusOf(order: Order): string {
  const isEnded = order.state === 'cancelled' || order.state === 'expired';
  if (isEnded && order.filledLots > 0 && order.market.spec.kind === 'spot') return 'PartiallyFilledCanceled';
  return STATUS[order.state];
}

/** Keys of both REST and stream rows, in the recorded order. */
export function orderRow(exchange: Exchange, order: Order): Row {
  const { market, extra } = order;
  const { settle } = exchange.terms(market);
  const isSpot = market.spec.kind === 'spot';
  const isOpen = order.state === 'new' || order.state === 'part-filled';
  const leavesLots = isOpen ? order.lots - order.filledLots : 0;
  const qty =
    extra['marketUnit'] === 'quoteCoin' && order.quoteUnits !== null ? moneyText(order.quoteUnits, settle) : lotsText(market, order.lots);
  return {
    orderId: order.id,
    orderLinkId: order.clientId,
    blockTradeId: '',
    symbol: market.spec.symbol,
    price: order.ticks === null ? '0' : priceText(market, order.ticks),
    qty,
    side: order.side === 'buy' ? 'Buy' : 'Sell',
    isLeverage: extra['isLeverage'] ?? '',
    positionIdx: 0,
    orderStatus: statusOf(order),
    createType: extra['forced'] === undefined ? 'CreateByUser' : 'CreateByLiq',
    cancelType: extra['cancelType'] ?? (order.endReason === null ? 'UNKNOWN' : (CANCELLED_AS[order.endReason] ?? 'UNKNOWN')),
    rejectReason: order.endReason === null ? 'EC_NoError' : (REJECTED_AS[order.endReason] ?? 'EC_NoError'),
    avgPrice: averageText(order, settle),
    leavesQty: leavesLots === 0 ? '0' : lotsText(market, leavesLots),
    leavesValue: leavesLots === 0 || order.ticks === null ? '0' : moneyText(exchange.valueOf(market, leavesLots, order.ticks), settle),
    cumExecQty: order.filledLots === 0 ? '0' : lotsText(market, order.filledLots),
    cumExecValue: moneyText(order.filledUnits, settle),
    cumExecFee: moneyText(order.feeUnits, order.feeAsset),
    cumFeeDetail: order.filledLots === 0 ? {} : { [order.feeAsset.asset]: moneyText(order.feeUnits, order.feeAsset) },
    timeInForce: extra['tif'] ?? order.timeInForce.toUpperCase(),
    orderType: order.kind === 'market' ? 'Market' : 'Limit',
    stopOrderType: '',
    orderIv: '',
    marketUnit: extra['marketUnit'] ?? '',
    triggerPrice: isSpot ? '0.0' : '',
    takeProfit: isSpot ? '0.0' : '',
    stopLoss: isSpot ? '0.0' : '',
    tpTriggerBy: '',
    slTriggerBy: '',
    triggerDirection: 0,
    triggerBy: '',
    lastPriceOnCreated: extra['lastPrice'] ?? '',
    reduceOnly: order.reduceOnly,
    closeOnTrigger: false,
    smpType: extra['smpType'] ?? 'None',
    smpGroup: 0,
    smpOrderId: '',
    // Spot rows do not have the key: clients tell spot from contracts by it.
    ...(isSpot ? {} : { tpslMode: '' }),
    tpLimitPrice: '',
    slLimitPrice: '',
    placeType: '',
    createdTime: millis(order.createdUs),
    updatedTime: millis(order.updatedUs),
  };
}

export function orderStreamRow(exchange: Exchange, order: Order): Row {
  const { market } = order;
  const feeCurrency = market.spec.kind === 'spot' ? order.feeAsset.asset : '';
  const { settle } = exchange.terms(market);
  return {
    category: market.spec.kind,
    ...orderRow(exchange, order),
    feeCurrency,
    closedPnl: moneyText(order.realisedUnits, settle),
  };
}

export function executionRow(exchange: Exchange, fill: Fill, order: Order | undefined): Row {
  const { market } = fill;
  const isSpot = market.spec.kind === 'spot';
  const { settle } = exchange.terms(market);
  return {
    symbol: market.spec.symbol,
    orderId: fill.orderId,
    orderLinkId: fill.clientId,
    side: fill.side === 'buy' ? 'Buy' : 'Sell',
    orderPrice: fill.orderTicks === null ? '0' : priceText(market, fill.orderTicks),
    orderQty: lotsText(market, fill.orderLots),
    leavesQty: fill.leavesLots === 0 ? '0' : lotsText(market, fill.leavesLots),
    createType: fill.kind === 'liquidation' ? 'CreateByLiq' : 'CreateByUser',
    orderType: order?.kind === 'market' ? 'Market' : 'Limit',
    stopOrderType: isSpot ? '' : 'UNKNOWN',
    execFee: moneyText(fill.feeUnits, fill.feeAsset),
    execFeeV2: '',
    feeCurrency: fill.feeAsset.asset,
    execId: execIdOf(fill),
    execPrice: priceText(market, fill.ticks),
    execQty: lotsText(market, fill.lots),
    execType: fill.kind === 'liquidation' ? 'BustTrade' : 'Trade',
    execValue: moneyText(fill.valueUnits, settle),
    execTime: millis(fill.timeUs),
    isMaker: fill.isMaker,
    feeRate: fill.feeRate,
    tradeIv: '',
    markIv: '',
    markPrice: isSpot ? '' : exchange.markText(market),
    indexPrice: '',
    underlyingPrice: '',
    blockTradeId: '',
    closedSize: isSpot ? '' : fill.closedLots === 0 ? '0' : lotsText(market, fill.closedLots),
    seq: fill.tradeId,
    extraFees: '',
  };
}

/** Spot executions have the number of the public trade, contracts a name of their own for each side. */
export function execIdOf(fill: Fill): string {
  return fill.market.spec.kind === 'spot' ? spotTradeId({ id: fill.tradeId }) : fill.execId;
}

export function executionStreamRow(exchange: Exchange, fill: Fill, order: Order): Row {
  const row = executionRow(exchange, fill, order);
  return {
    category: fill.market.spec.kind,
    ...row,
    isLeverage: order.extra['isLeverage'] === '1' ? '1' : '0',
    execPnl: moneyText(fill.realisedUnits, exchange.terms(fill.market).settle),
  };
}

export function fastExecutionRow(fill: Fill): Row {
  const { market } = fill;
  return {
    category: market.spec.kind,
    symbol: market.spec.symbol,
    execId: execIdOf(fill),
    execPrice: priceText(market, fill.ticks),
    execQty: lotsText(market, fill.lots),
    orderId: fill.orderId,
    isMaker: fill.isMaker,
    orderLinkId: fill.clientId,
    side: fill.side === 'buy' ? 'Buy' : 'Sell',
    execTime: millis(fill.timeUs),
    seq: fill.tradeId,
  };
}

/** A funding payment, listed among the executions: the fee is what was paid, negative when received. */
export function fundingRow(exchange: Exchange, entry: LedgerEntry, execId: string): Row | null {
  const { market } = entry;
  if (market === null) return null;
  const lots = Math.abs(entry.lots ?? 0);
  const markText =
    exchange.fundings(market).findLast((funding) => funding.timeMs * 1_000 <= entry.timeUs)?.mark ?? exchange.markText(market);
  const ticks = Math.round(Number(markText) / market.tickSize);
  return {
    symbol: market.spec.symbol,
    orderId: execId,
    orderLinkId: '',
    side: (entry.lots ?? 0) >= 0 ? 'Buy' : 'Sell',
    orderPrice: '0',
    orderQty: '0',
    leavesQty: '0',
    createType: '',
    orderType: 'UNKNOWN',
    stopOrderType: 'UNKNOWN',
    execFee: moneyText(-entry.units, entry.asset),
    execFeeV2: '',
    feeCurrency: entry.asset.asset,
    execId,
    execPrice: markText,
    execQty: lotsText(market, lots),
    execType: 'Funding',
    execValue: moneyText(exchange.valueOf(market, lots, ticks), entry.asset),
    execTime: millis(entry.timeUs),
    isMaker: false,
    feeRate: entry.rate ?? '0',
    tradeIv: '',
    markIv: '',
    markPrice: markText,
    indexPrice: '',
    underlyingPrice: '',
    blockTradeId: '',
    closedSize: '',
    seq: entry.id,
    extraFees: '',
  };
}

/** Payments have no name of their own in the statement: made of its number, the same each time it is asked for. */
export function fundingExecId(entry: LedgerEntry): string {
  return `f${entry.timeUs.toString(16).slice(0, 7)}-0000-5000-a000-${entry.id.toString(16).padStart(12, '0')}`;
}

export function fundingStreamRow(exchange: Exchange, event: FundingEvent): Row | null {
  const row = fundingRow(exchange, event.entry, fundingExecId(event.entry));
  return row === null ? null : { category: event.position.market.spec.kind, ...row, isLeverage: '0', execPnl: '' };
}
