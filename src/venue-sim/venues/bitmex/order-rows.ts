/** BitMEX's order and execution rows, key by key as recorded, shared by REST and the private tables. Numbers stay integers of satoshi and lots' units. */
import type { EndReason, Exchange, Fill, LedgerEntry, Order, OrderEvent, OrderState } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { timeText } from './public-tables.js';

export type Row = Readonly<Record<string, unknown>>;

const STATUS: Readonly<Record<OrderState, string>> = {
  new: 'New',
  'part-filled': 'PartiallyFilled',
  filled: 'Filled',
  cancelled: 'Canceled',
  expired: 'Canceled',
  rejected: 'Rejected',
};
/** Why an order ended, as the venue's texts tell; the client's own text follows on the next line. */
const ENDED: Readonly<Partial<Record<EndReason, string>>> = {
  user: 'Canceled: Canceled via API.',
  'cancel-all': 'Canceled: Canceled via API.',
  'would-take': 'Canceled: Order had execInst of ParticipateDoNotInitiate',
  'immediate-or-cancel': 'Canceled: Order had timeInForce of ImmediateOrCancel',
  'no-liquidity': 'Canceled: Order had timeInForce of ImmediateOrCancel',
  'not-fillable': 'Canceled: Order had timeInForce of FillOrKill',
  'reduce-only': 'Canceled: Order had execInst of Close or ReduceOnly but current position is 0',
  'self-trade': 'Canceled: Self-trade prevention',
  liquidation: 'Canceled: Position liquidated',
  insufficient: 'Canceled: Account has insufficient Available Balance',
};
const NO_ORDER = '00000000-0000-0000-0000-000000000000';
const DISPLAY_DECIMALS = 4;

export function priceNumber(market: Market, ticks: number): number {
  return Number(market.trimmedPrice(ticks));
}

export function qtyNumber(market: Market, lots: number): number {
  return lots * market.spec.lotUnits;
}

export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** Average fill price: contracts by value for inverse markets, value by contracts for the others. */
function averageOf(order: Order): number | null {
  if (order.filledLots === 0) return null;
  const { market } = order;
  if (market.spec.kind === 'inverse') {
    return rounded((qtyNumber(market, order.filledLots) * 1e8) / Number(order.filledUnits), DISPLAY_DECIMALS);
  }
  return rounded((Number(order.filledTickLots) / order.filledLots) * market.tickSize, DISPLAY_DECIMALS);
}

function textOf(order: Order): string {
  const own = order.extra['text'] ?? (order.extra['forced'] === undefined ? 'Submitted via API.' : 'Liquidation');
  const ended = order.endReason === null ? undefined : ENDED[order.endReason];
  if (ended !== undefined) return `${ended}\n${own}`;
  const amended = order.extra['amended'];
  return amended === undefined || amended === '' ? own : `Amended ${amended}: Amended via API.\n${own}`;
}

function nullIfEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

export function isOpen(order: Order): boolean {
  return order.state === 'new' || order.state === 'part-filled';
}

/** What an order and each execution of it say alike. */
function common(order: Order): Row {
  const { market, account } = order;
  return {
    orderID: order.id,
    clOrdID: order.clientId,
    clOrdLinkID: null,
    account: account.id,
    symbol: market.spec.symbol,
    side: order.side === 'buy' ? 'Buy' : 'Sell',
  };
}

function terms(order: Order): Row {
  const { market } = order;
  return {
    simpleOrderQty: null,
    orderQty: qtyNumber(market, order.lots),
    price: order.ticks === null ? averageOf(order) : priceNumber(market, order.ticks),
    displayQty: null,
    stopPx: null,
    pegOffsetValue: null,
    pegPriceType: null,
    currency: market.spec.quote,
    settlCurrency: market.spec.settle,
  };
}

function kind(order: Order): Row {
  return {
    ordType: order.kind === 'market' ? 'Market' : 'Limit',
    timeInForce: order.extra['tif'] ?? 'GoodTillCancel',
    execInst: nullIfEmpty(order.extra['execInst']),
    contingencyType: null,
    exDestination: 'XBME',
    ordStatus: STATUS[order.state],
    triggered: null,
    workingIndicator: isOpen(order),
    ordRejReason: null,
    simpleLeavesQty: null,
    leavesQty: isOpen(order) ? qtyNumber(order.market, order.lots - order.filledLots) : 0,
    simpleCumQty: null,
    cumQty: qtyNumber(order.market, order.filledLots),
    avgPx: averageOf(order),
  };
}

export function orderRow(order: Order): Row {
  return {
    ...common(order),
    ...terms(order),
    ...kind(order),
    multiLegReportingType: 'SingleSecurity',
    text: textOf(order),
    transactTime: timeText(order.updatedUs),
    timestamp: timeText(order.updatedUs),
  };
}

/** Reports that are no fills have no record at the exchange: named after the order and its step, the same by REST and stream. */
export function reportId(order: Order, step: number): string {
  return `00000000-006d-1000-${step.toString(16).padStart(4, '0').slice(-4)}-${order.number.toString(16).padStart(12, '0')}`;
}

const REPORT_STEPS: Readonly<Record<OrderEvent['cause'], { readonly type: string; readonly step: number }>> = {
  new: { type: 'New', step: 0 },
  amended: { type: 'Replaced', step: 0x1000 },
  fill: { type: 'Trade', step: 0 },
  cancelled: { type: 'Canceled', step: 0xffff },
  expired: { type: 'Canceled', step: 0xffff },
  rejected: { type: 'Rejected', step: 0xfffe },
};

/** An execution that moved nothing: New, Replaced, Canceled. */
export function reportRow(order: Order, cause: OrderEvent['cause'], timeUs: number): Row {
  const { type, step } = REPORT_STEPS[cause];
  return {
    execID: reportId(order, cause === 'amended' ? step + order.amendments : step),
    ...common(order),
    lastQty: null,
    lastPx: null,
    underlyingLastPx: null,
    lastMkt: null,
    lastLiquidityInd: null,
    ...terms(order),
    execType: type,
    ...kind(order),
    commission: null,
    tradePublishIndicator: null,
    multiLegReportingType: 'SingleSecurity',
    text: textOf(order),
    trdMatchID: NO_ORDER,
    execCost: null,
    execComm: null,
    homeNotional: null,
    foreignNotional: null,
    transactTime: timeText(timeUs),
    timestamp: timeText(timeUs),
  };
}

/** Costs rise with what is bought where the settlement currency pays for the contract, and fall on inverse markets. */
export function costSign(market: Market): 1 | -1 {
  return market.spec.kind === 'inverse' ? -1 : 1;
}

/** A trade. The order is as it stood right after it where the event tells; REST shows it as it is now, with this fill's own remainder. */
export function tradeRow(fill: Fill, order: Order | undefined): Row {
  const { market } = fill;
  const isBuy = fill.side === 'buy';
  const value = Number(fill.valueUnits);
  const qty = qtyNumber(market, fill.lots);
  const price = priceNumber(market, fill.ticks);
  const home = homeOf(market, qty, price);
  const filledLots = fill.orderLots - fill.leavesLots;
  return {
    execID: fill.execId,
    orderID: fill.orderId,
    clOrdID: fill.clientId,
    clOrdLinkID: null,
    account: fill.account.id,
    symbol: market.spec.symbol,
    side: isBuy ? 'Buy' : 'Sell',
    lastQty: qty,
    lastPx: price,
    underlyingLastPx: null,
    lastMkt: 'XBME',
    lastLiquidityInd: fill.isMaker ? 'AddedLiquidity' : 'RemovedLiquidity',
    simpleOrderQty: null,
    orderQty: qtyNumber(market, fill.orderLots),
    price: fill.orderTicks === null ? price : priceNumber(market, fill.orderTicks),
    displayQty: null,
    stopPx: null,
    pegOffsetValue: null,
    pegPriceType: null,
    currency: market.spec.quote,
    settlCurrency: market.spec.settle,
    execType: 'Trade',
    ordType: order?.kind === 'market' ? 'Market' : 'Limit',
    timeInForce: order?.extra['tif'] ?? 'GoodTillCancel',
    execInst: nullIfEmpty(order?.extra['execInst']),
    contingencyType: null,
    exDestination: 'XBME',
    ordStatus: fill.leavesLots === 0 ? 'Filled' : 'PartiallyFilled',
    triggered: null,
    workingIndicator: fill.leavesLots !== 0,
    ordRejReason: null,
    simpleLeavesQty: null,
    leavesQty: qtyNumber(market, fill.leavesLots),
    simpleCumQty: null,
    cumQty: qtyNumber(market, filledLots),
    avgPx: order?.filledLots === filledLots ? averageOf(order) : price,
    commission: Number(fill.feeRate),
    tradePublishIndicator: fill.isMaker ? 'DoNotPublishTrade' : 'PublishTrade',
    multiLegReportingType: 'SingleSecurity',
    text: fill.kind === 'liquidation' ? 'Liquidation' : (order?.extra['text'] ?? 'Submitted via API.'),
    trdMatchID: fill.tradeUuid,
    execCost: costSign(market) * (isBuy ? value : -value),
    execComm: Number(fill.feeUnits),
    homeNotional: isBuy ? home : -home,
    foreignNotional: isBuy ? -foreignOf(market, qty, price) : foreignOf(market, qty, price),
    transactTime: timeText(fill.timeUs),
    timestamp: timeText(fill.timeUs),
  };
}

function homeOf(market: Market, qty: number, price: number): number {
  if (market.spec.kind === 'inverse') return rounded(qty / price, 8);
  return market.spec.kind === 'linear' ? rounded(qty * market.spec.contractValue, 8) : qty;
}

function foreignOf(market: Market, qty: number, price: number): number {
  if (market.spec.kind === 'inverse') return qty;
  return market.spec.kind === 'linear' ? rounded(qty * market.spec.contractValue * price, 6) : rounded(qty * price, 6);
}

/** A funding payment, listed among the executions: `execComm` is what was paid, negative when received. */
export function fundingRow(exchange: Exchange, entry: LedgerEntry, account: number): Row | null {
  const { market } = entry;
  if (market === null) return null;
  const lots = entry.lots ?? 0;
  const mark = exchange.fundings(market).findLast((funding) => funding.timeMs * 1_000 <= entry.timeUs)?.mark ?? exchange.markText(market);
  const qty = qtyNumber(market, Math.abs(lots));
  const price = Number(mark);
  const value = Number(exchange.valueOf(market, Math.abs(lots), Math.max(1, Math.round(price / market.tickSize))));
  const isLong = lots >= 0;
  return {
    execID: `00000000-006d-2000-0000-${entry.id.toString(16).padStart(12, '0')}`,
    orderID: NO_ORDER,
    clOrdID: '',
    clOrdLinkID: null,
    account,
    symbol: market.spec.symbol,
    side: '',
    lastQty: qty,
    lastPx: price,
    underlyingLastPx: null,
    lastMkt: 'XBME',
    lastLiquidityInd: null,
    simpleOrderQty: null,
    orderQty: qty,
    price,
    displayQty: null,
    stopPx: null,
    pegOffsetValue: null,
    pegPriceType: null,
    currency: market.spec.quote,
    settlCurrency: market.spec.settle,
    execType: 'Funding',
    ordType: 'Limit',
    timeInForce: 'AtTheClose',
    execInst: null,
    contingencyType: null,
    exDestination: 'XBME',
    ordStatus: 'Filled',
    triggered: null,
    workingIndicator: false,
    ordRejReason: null,
    simpleLeavesQty: null,
    leavesQty: 0,
    simpleCumQty: null,
    cumQty: qty,
    avgPx: price,
    commission: Number(entry.rate ?? 0),
    tradePublishIndicator: null,
    multiLegReportingType: 'SingleSecurity',
    text: 'Funding',
    trdMatchID: entryUuid(entry),
    execCost: costSign(market) * (isLong ? value : -value),
    execComm: -Number(entry.units),
    homeNotional: 0,
    foreignNotional: 0,
    transactTime: timeText(entry.timeUs),
    timestamp: timeText(entry.timeUs),
  };
}

function entryUuid(entry: LedgerEntry): string {
  return `00000000-006d-3000-0000-${entry.id.toString(16).padStart(12, '0')}`;
}
