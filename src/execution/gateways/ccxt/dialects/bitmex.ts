/**
 * BitMEX through ccxt's `bitmex` (the last release that has the class). Its unified methods are not used for amends and for the dead-man switch: in 4.5.82
 * `editOrder` by client id renames the order to the text `clientOrderId`, and `cancelAllOrdersAfter` sends seconds where the venue takes milliseconds.
 */
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, SIDE_BUY, TIF_FOK, TIF_IOC } from '../../../../core/memory/record.js';
import { formatDecimal, parseDecimal } from '../../../../core/numbers/decimal.js';
import type { Instrument } from '../../../../core/orders/instrument.js';
import { capsOf } from '../../../caps.js';
import type { CallTag } from '../budget.js';
import type { Answers, Dialect, ItemAnswer, OrderItem, OrderVerb } from '../dialect.js';
import type { Exchange } from '../exchange.js';
import {
  decimalOf,
  isoToUs,
  listOf,
  objectOf,
  sideOf,
  textOf,
  type AccountRows,
  type Json,
  type OrderRow,
  type TradeRow,
  type VenueStatus,
} from '../rows.js';
import { verdictOfItem } from '../verdict.js';
import { allPages } from './paging.js';

const STATUS: Readonly<Record<string, VenueStatus>> = {
  New: 'open',
  PartiallyFilled: 'open',
  Filled: 'filled',
  Canceled: 'cancelled',
  Rejected: 'rejected',
  Expired: 'expired',
  DoneForDay: 'cancelled',
  Stopped: 'open',
};
/** The venue's money units: its name, our asset, digits after the point. */
const UNITS: Readonly<Record<string, readonly [asset: string, scale: number]>> = {
  XBt: ['XBT', 8],
  USDt: ['USDT', 6],
  USDc: ['USDC', 6],
  Gwei: ['ETH', 9],
  MXt: ['BMEX', 6],
};
const PAGE = 500;

function tag(kind: CallTag['kind'], items = 0): CallTag {
  return { kind, items, weight: 1, group: '' };
}

export class BitmexDialect implements Dialect {
  readonly canAmend = true;
  readonly isAsynchronous = false;

  batchOf(verb: OrderVerb): number {
    return verb === 'cancel' ? capsOf('bitmex').cancelBatch : 1;
  }

  batchKey(): string {
    return '';
  }

  groupOf(): string {
    return '';
  }

  weightOf(): number {
    return 1;
  }

  async send(verb: OrderVerb, exchange: Exchange, items: readonly OrderItem[]): Promise<Answers> {
    const first = items[0];
    if (first === undefined) return new Map();
    if (verb === 'cancel') {
      const params = { clOrdID: items.map(({ order }) => order.clientId) };
      const answer = await exchange.call('privateDeleteOrder', params, tag('cancel', items.length), first.decidedUs);
      return cancelAnswers(listOf(answer, 'cancelled orders'));
    }
    const answer =
      verb === 'amend'
        ? await exchange.call('privatePutOrder', amendTerms(first), tag('change', 1), first.decidedUs)
        : await exchange.call('privatePostOrder', createTerms(first), tag('new', 1), first.decidedUs);
    const row = orderRow(objectOf(answer, 'an order'));
    return new Map(row.clientId === first.order.clientId ? [[row.clientId, { kind: 'row', row }]] : []);
  }

  async query(exchange: Exchange, { order, instrument }: OrderItem): Promise<OrderRow | null> {
    const params = { symbol: instrument.symbol, filter: JSON.stringify({ clOrdID: order.clientId }), count: 2, reverse: true };
    const list = listOf(await exchange.call('privateGetOrder', params, tag('read')), 'orders');
    const row = list.find((one) => textOf(one, 'clOrdID') === order.clientId);
    return row === undefined ? null : orderRow(row);
  }

  async tradesOf(exchange: Exchange, { order, instrument }: OrderItem, row: OrderRow): Promise<readonly TradeRow[]> {
    const trades = await this.#trades(exchange, { symbol: instrument.symbol, filter: JSON.stringify({ orderID: row.venueOrderId }) });
    return trades.filter(({ clientId }) => clientId === order.clientId);
  }

  openOrders(exchange: Exchange): Promise<readonly OrderRow[]> {
    return allPages<OrderRow, number>(async (start) => {
      const params = { filter: JSON.stringify({ open: true }), count: PAGE, start: start ?? 0 };
      const list = listOf(await exchange.call('privateGetOrder', params, tag('read')), 'orders');
      return { rows: list.map((row) => orderRow(row)), after: list.length < PAGE ? null : (start ?? 0) + PAGE };
    });
  }

  async tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]> {
    const symbols = new Set(instruments.map(({ symbol }) => symbol));
    const trades = await this.#trades(exchange, { startTime: new Date(Math.floor(sinceUs / 1_000)).toISOString() });
    return trades.filter(({ symbol }) => symbols.has(symbol));
  }

  async account(exchange: Exchange, instruments: readonly Instrument[]): Promise<AccountRows> {
    const [margins, positions] = await Promise.all([
      exchange.call('privateGetUserMargin', { currency: 'all' }, tag('read')),
      exchange.call('privateGetPosition', {}, tag('read')),
    ]);
    const symbols = new Set(instruments.map(({ symbol }) => symbol));
    // One currency may come as an object instead of a list.
    const rows = listOf(Array.isArray(margins) ? margins : [margins], 'margins');
    return {
      wallets: rows.map((row) => {
        const total = moneyOf(row, 'walletBalance', textOf(row, 'currency'));
        return { asset: total.asset, total: total.amount, free: moneyOf(row, 'availableMargin', textOf(row, 'currency')).amount };
      }),
      positions: listOf(positions, 'positions')
        .filter((row) => symbols.has(textOf(row, 'symbol')))
        .map((row) => ({
          symbol: textOf(row, 'symbol'),
          qty: textOf(row, 'currentQty') || '0',
          entryPrice: textOf(row, 'avgEntryPrice') || '0',
          leverage: Number(textOf(row, 'leverage')) || 0,
        })),
    };
  }

  /** It has no clock to ask; its instruments carry the time of their last change. */
  async serverTimeMs(exchange: Exchange): Promise<number | null> {
    await exchange.call('publicGetInstrument', { count: 1, columns: 'symbol,timestamp' }, tag('read'));
    return null;
  }

  async armDeadMan(exchange: Exchange, _instruments: readonly Instrument[], timeoutMs: number): Promise<void> {
    await exchange.call('privatePostOrderCancelAllAfter', { timeout: timeoutMs }, tag('read'));
  }

  #trades(exchange: Exchange, params: Json): Promise<TradeRow[]> {
    return allPages<TradeRow, number>(async (start) => {
      const answer = await exchange.call('privateGetExecutionTradeHistory', { ...params, count: PAGE, start: start ?? 0 }, tag('read'));
      const list = listOf(answer, 'executions');
      const rows = list.filter((row) => textOf(row, 'execType') === 'Trade').map((row) => tradeRow(row));
      return { rows, after: list.length < PAGE ? null : (start ?? 0) + PAGE };
    });
  }
}

/** The venue takes JSON numbers; the shortest text of a double is the decimal it came from, up to 15 digits. */
function createTerms({ order, instrument, price, qty }: OrderItem): Json {
  const flags = [
    ...((order.flags & FLAG_REDUCE_ONLY) === 0 ? [] : ['ReduceOnly']),
    ...((order.flags & FLAG_POST_ONLY) === 0 ? [] : ['ParticipateDoNotInitiate']),
  ];
  return {
    symbol: instrument.symbol,
    side: order.side === SIDE_BUY ? 'Buy' : 'Sell',
    orderQty: Number(qty),
    ordType: 'Limit',
    price: Number(price),
    clOrdID: order.clientId,
    timeInForce: order.timeInForce === TIF_IOC ? 'ImmediateOrCancel' : order.timeInForce === TIF_FOK ? 'FillOrKill' : 'GoodTillCancel',
    ...(flags.length === 0 ? {} : { execInst: flags.join(',') }),
  };
}

function amendTerms({ order, price, qty }: OrderItem): Json {
  return { origClOrdID: order.clientId, orderQty: Number(qty), price: Number(price) };
}

/** A row for each order; one that could not be cancelled carries `error`. */
function cancelAnswers(rows: readonly Json[]): Answers {
  const answers = new Map<string, ItemAnswer>();
  for (const row of rows) {
    const clientId = textOf(row, 'clOrdID');
    const error = textOf(row, 'error');
    if (clientId === '') continue;
    if (error === '') answers.set(clientId, { kind: 'row', row: orderRow(row) });
    else answers.set(clientId, { kind: 'refused', verdict: verdictOfItem('bitmex', '', error), text: error });
  }
  return answers;
}

function orderRow(row: Json): OrderRow {
  const flags = textOf(row, 'execInst');
  const refusal = textOf(row, 'ordRejReason');
  return {
    clientId: textOf(row, 'clOrdID'),
    venueOrderId: textOf(row, 'orderID'),
    symbol: textOf(row, 'symbol'),
    side: sideOf(row, 'side'),
    status: STATUS[textOf(row, 'ordStatus')] ?? 'open',
    price: textOf(row, 'price'),
    qty: decimalOf(row, 'orderQty'),
    cum: textOf(row, 'cumQty') || '0',
    reason: refusal === '' ? textOf(row, 'text') : refusal,
    tsUs: isoToUs(row, 'timestamp'),
    isPostOnly: flags.includes('ParticipateDoNotInitiate'),
    isReduceOnly: flags.includes('ReduceOnly'),
    fills: [],
  };
}

function tradeRow(row: Json): TradeRow {
  const fee = moneyOf(row, 'execComm', textOf(row, 'settlCurrency') || textOf(row, 'currency'));
  return {
    clientId: textOf(row, 'clOrdID'),
    venueOrderId: textOf(row, 'orderID'),
    symbol: textOf(row, 'symbol'),
    side: sideOf(row, 'side'),
    // As the private stream names it; settlements have no match.
    tradeId: textOf(row, 'trdMatchID') || textOf(row, 'execID'),
    price: decimalOf(row, 'lastPx'),
    qty: decimalOf(row, 'lastQty'),
    fee: fee.amount,
    feeAsset: fee.asset,
    isMaker: textOf(row, 'lastLiquidityInd') === 'AddedLiquidity' || textOf(row, 'lastLiquidityInd') === 'Added',
    tsUs: isoToUs(row, 'transactTime') || isoToUs(row, 'timestamp'),
  };
}

function moneyOf(row: Json, key: string, currency: string): { readonly asset: string; readonly amount: string } {
  const units = textOf(row, key) || '0';
  const [asset, scale] = UNITS[currency] ?? [currency, 0];
  return { asset, amount: formatDecimal(parseDecimal(units).mantissa, scale) };
}
