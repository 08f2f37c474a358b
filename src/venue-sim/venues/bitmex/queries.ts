/** BitMEX's questions about orders, executions and positions: symbol, filter, times, count and start, oldest first unless `reverse`. Called by `BitmexPrivateRest`. */
import type { Account, Exchange, Order } from '../../exchange/contract.js';
import { positionRow } from './account-rows.js';
import { fundingRow, isOpen, orderRow, reportRow, tradeRow, type Row } from './order-rows.js';
import { filterOf, textOf, type Params } from './params.js';
import { invalid, required, type BitmexRefusal } from './refusals.js';
import { columnsOf } from './columns.js';
import type { Answer } from './trading.js';

const USUAL_COUNT = 100;
const MOST_COUNT = 500;
const DAY_MS = 86_400_000;

interface Listed {
  readonly timeUs: number;
  readonly row: () => Row;
}

export class BitmexQueries {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  orders(account: Account, params: Params): Answer {
    const filter = filterOf(params);
    if (filter === null) return { refusal: invalid('filter') };
    const isOpenWanted = stateFilter(filter);
    const orders = isOpenWanted === true ? this.#exchange.openOrders(account) : this.#exchange.orders(account);
    const listed = orders
      .filter((order) => isNamed(filter, order.id, order.clientId) && (isOpenWanted === null || isOpen(order) === isOpenWanted))
      .map((order) => ({ timeUs: order.createdUs, row: () => orderRow(order) }));
    return pageOf(listed, params, filter, 'order');
  }

  /** Every report of every order: new, replaced, trade, canceled, and funding. */
  executions(account: Account, params: Params): Answer {
    const filter = filterOf(params);
    if (filter === null) return { refusal: invalid('filter') };
    const orders = this.#exchange.orders(account).filter((order) => isNamed(filter, order.id, order.clientId));
    const reports = orders.flatMap((order) => reportsOf(order));
    return pageOf(byTime([...reports, ...this.#trades(account, filter)]), params, filter, 'execution');
  }

  /** Executions that moved money. */
  tradeHistory(account: Account, params: Params): Answer {
    const filter = filterOf(params);
    if (filter === null) return { refusal: invalid('filter') };
    return pageOf(byTime(this.#trades(account, filter)), params, filter, 'execution');
  }

  /** Markets that were ever traded; the others have no row. */
  positions(account: Account, params: Params, nowUs: number): Answer {
    const filter = filterOf(params);
    if (filter === null) return { refusal: invalid('filter') };
    const symbol = textOf(params, 'symbol');
    const rows = this.#exchange.markets
      .map((market) => this.#exchange.position(account, market))
      .filter(
        (position) =>
          position.lots !== 0 || position.boughtLots + position.soldLots > 0 || position.openBuyLots + position.openSellLots > 0,
      )
      .map((position) => positionRow(this.#exchange, position, nowUs))
      .filter((row) => (symbol === '' || row['symbol'] === symbol) && matches(row, filter));
    const count = Number(textOf(params, 'count') || rows.length);
    return { result: rows.slice(0, count).map(columnsOf(params, 'position')) };
  }

  /** Executions of one day of one contract that moved money; both must be named. */
  ofDay(account: Account, params: Params): Answer {
    for (const name of ['symbol', 'timestamp']) if (textOf(params, name) === '') return { refusal: required(name) };
    const dayMs = Date.parse(textOf(params, 'timestamp').slice(0, 10));
    if (Number.isNaN(dayMs)) return { refusal: invalid('timestamp') };
    const bounds = { startTime: new Date(dayMs).toISOString(), endTime: new Date(dayMs + DAY_MS - 1).toISOString(), count: MOST_COUNT };
    return this.tradeHistory(account, { symbol: params['symbol'], ...bounds });
  }

  #trades(account: Account, filter: Params): Listed[] {
    const fills = this.#exchange.fills(account).filter((fill) => isNamed(filter, fill.orderId, fill.clientId));
    const trades = fills.map((fill): Listed => {
      return { timeUs: fill.timeUs, row: () => tradeRow(fill, this.#exchange.find(account, { number: fill.orderNumber })) };
    });
    const fundings = this.#exchange.ledger(account, { kind: 'funding' }).flatMap((entry): Listed[] => {
      const row = fundingRow(this.#exchange, entry, account.id);
      return row === null ? [] : [{ timeUs: entry.timeUs, row: () => row }];
    });
    return [...trades, ...fundings];
  }
}

/** Names are looked at before rows are made: clients ask for one order among thousands. */
function isNamed(filter: Params, id: string, clientId: string): boolean {
  const wantedId = textOf(filter, 'orderID');
  const wantedClientId = textOf(filter, 'clOrdID');
  return (wantedId === '' || wantedId === id) && (wantedClientId === '' || wantedClientId === clientId);
}

function reportsOf(order: Order): Listed[] {
  const begun: Order = { ...order, state: 'new', endReason: null, filledLots: 0, filledTickLots: 0n, filledUnits: 0n };
  const reports: Listed[] = [{ timeUs: order.createdUs, row: () => reportRow(begun, 'new', order.createdUs) }];
  if (order.amendments > 0) reports.push({ timeUs: order.updatedUs, row: () => reportRow(order, 'amended', order.updatedUs) });
  if (order.state === 'cancelled' || order.state === 'expired') {
    reports.push({ timeUs: order.updatedUs, row: () => reportRow(order, 'cancelled', order.updatedUs) });
  }
  return reports;
}

function byTime(listed: readonly Listed[]): Listed[] {
  return listed.toSorted((a, b) => a.timeUs - b.timeUs);
}

/** `{"open":true}` and `{"ordStatus.isTerminated":false}`; null when neither is asked. */
function stateFilter(filter: Params): boolean | null {
  const open = textOf(filter, 'open');
  if (open !== '') return open === 'true';
  const terminated = textOf(filter, 'ordStatus.isTerminated');
  return terminated === '' ? null : terminated === 'false';
}

const NOT_COLUMNS = new Set(['open', 'ordStatus.isTerminated', 'startTime', 'endTime']);

/** Each named column must equal the value, or one of its values. */
export function matches(row: Row, filter: Params): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    if (NOT_COLUMNS.has(name)) return true;
    const value = row[name];
    return Array.isArray(wanted) ? wanted.some((one) => String(one) === String(value)) : String(wanted) === String(value);
  });
}

function pageOf(listed: readonly Listed[], params: Params, filter: Params, table: string): Answer {
  const bounds = boundsOf(params);
  if ('message' in bounds) return { refusal: bounds };
  const { count, start } = bounds;
  const fromUs = timeOf(textOf(params, 'startTime') || textOf(filter, 'startTime'), Number.NEGATIVE_INFINITY);
  const toUs = timeOf(textOf(params, 'endTime') || textOf(filter, 'endTime'), Number.POSITIVE_INFINITY);
  const symbol = textOf(params, 'symbol');
  const picked = columnsOf(params, table);
  const rows: Row[] = [];
  let skipped = 0;
  for (const entry of textOf(params, 'reverse') === 'true' ? listed.toReversed() : listed) {
    if (entry.timeUs < fromUs || entry.timeUs > toUs + 999) continue;
    const row = entry.row();
    if ((symbol !== '' && row['symbol'] !== symbol) || !matches(row, filter)) continue;
    if (skipped++ < start) continue;
    rows.push(picked(row));
    if (rows.length === count) break;
  }
  return { result: rows };
}

function timeOf(text: string, absent: number): number {
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? absent : parsed * 1_000;
}

function boundsOf(params: Params): { readonly count: number; readonly start: number } | BitmexRefusal {
  const count = Number(textOf(params, 'count') || USUAL_COUNT);
  const start = Number(textOf(params, 'start') || 0);
  if (!Number.isInteger(count) || count < 1) return { status: 400, message: 'count must be a positive integer.', name: 'HTTPError' };
  if (count > MOST_COUNT) {
    return { status: 400, message: `count must be less than or equal to ${MOST_COUNT}.`, name: 'HTTPError' };
  }
  if (!Number.isInteger(start) || start < 0) return { status: 400, message: 'start must be a non-negative integer.', name: 'HTTPError' };
  return { count, start };
}
