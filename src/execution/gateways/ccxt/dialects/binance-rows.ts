/** Orders and trades as the Binance family writes them by REST: spot, USD-M and COIN-M differ in few fields. Used by the two Binance dialects. */
import { decimalOf, listOf, msToUs, objectOf, sideOf, textOf, type Json, type OrderRow, type TradeRow, type VenueStatus } from '../rows.js';
import { verdictOfItem } from '../verdict.js';
import type { Answers, ItemAnswer, OrderItem } from '../dialect.js';

const STATUS: Readonly<Record<string, VenueStatus>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PARTIALLY_FILLED: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  PENDING_CANCEL: 'open',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'cancelled',
  NEW_INSURANCE: 'open',
  NEW_ADL: 'open',
};

/** An answer to a cancel names the order in `origClientOrderId` and the cancelling request in `clientOrderId` (spot). */
export function orderRow(row: Json): OrderRow {
  const type = textOf(row, 'type');
  const status = textOf(row, 'status');
  const updatedUs = msToUs(row, 'updateTime') || msToUs(row, 'transactTime') || msToUs(row, 'time');
  const fills = Array.isArray(row['fills']) ? listOf(row['fills'], 'fills') : [];
  const order = {
    clientId: textOf(row, 'origClientOrderId') || textOf(row, 'clientOrderId'),
    venueOrderId: textOf(row, 'orderId'),
    symbol: textOf(row, 'symbol'),
    side: sideOf(row, 'side'),
  };
  return {
    ...order,
    status: STATUS[status] ?? 'open',
    price: decimalOf(row, 'price'),
    qty: decimalOf(row, 'origQty'),
    cum: decimalOf(row, 'executedQty'),
    reason: status === 'EXPIRED_IN_MATCH' ? 'self-trade prevention' : '',
    tsUs: updatedUs,
    isPostOnly: type === 'LIMIT_MAKER' || textOf(row, 'timeInForce') === 'GTX',
    isReduceOnly: row['reduceOnly'] === true,
    // An answer of type FULL: only a taker fills at once.
    fills: fills.map((fill) => ({
      ...order,
      tradeId: textOf(fill, 'tradeId'),
      price: decimalOf(fill, 'price'),
      qty: decimalOf(fill, 'qty'),
      fee: decimalOf(fill, 'commission'),
      feeAsset: textOf(fill, 'commissionAsset'),
      isMaker: false,
      tsUs: updatedUs,
    })),
  };
}

/** `myTrades` (spot: isBuyer, isMaker) and `userTrades` (side, maker). */
export function tradeRow(row: Json): TradeRow {
  const side = textOf(row, 'side');
  return {
    clientId: '',
    venueOrderId: textOf(row, 'orderId'),
    symbol: textOf(row, 'symbol'),
    side: side === '' ? (row['isBuyer'] === true ? 'buy' : 'sell') : sideOf(row, 'side'),
    tradeId: textOf(row, 'id'),
    price: decimalOf(row, 'price'),
    qty: decimalOf(row, 'qty'),
    fee: decimalOf(row, 'commission'),
    feeAsset: textOf(row, 'commissionAsset'),
    isMaker: row['isMaker'] === true || row['maker'] === true,
    tsUs: msToUs(row, 'time'),
  };
}

/** One order's answer. */
export function soleAnswer(answer: unknown, item: OrderItem): Answers {
  const row = orderRow(objectOf(answer, 'an order'));
  return new Map(row.clientId === item.order.clientId ? [[row.clientId, { kind: 'row', row }]] : []);
}

/**
 * A batch's answer: a list with a row or an error for each item. Rows name their order. Errors name nothing, and the document says that the list is in the
 * order of the request: an error is taken for the item at its place only when every other place is held by the row that belongs there.
 */
export function batchAnswers(answer: unknown, items: readonly OrderItem[]): Answers {
  const list = listOf(answer, 'a batch');
  const answers = new Map<string, ItemAnswer>();
  const errors: { readonly place: number; readonly answer: ItemAnswer }[] = [];
  let isInOrder = list.length === items.length;
  list.forEach((row, place) => {
    const code = textOf(row, 'code');
    if (code !== '' && code !== '200') {
      const text = textOf(row, 'msg');
      errors.push({ place, answer: { kind: 'refused', verdict: verdictOfItem('binance', code, text), text } });
      return;
    }
    const read = orderRow(row);
    answers.set(read.clientId, { kind: 'row', row: read });
    if (items[place]?.order.clientId !== read.clientId) isInOrder = false;
  });
  if (!isInOrder) return answers;
  for (const { place, answer: refusal } of errors) {
    const clientId = items[place]?.order.clientId;
    if (clientId !== undefined && !answers.has(clientId)) answers.set(clientId, refusal);
  }
  return answers;
}
