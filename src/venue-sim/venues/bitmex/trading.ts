/** BitMEX's order operations: place, amend, cancel by ids, cancel all, close, and the dead man's timer. Called by `BitmexPrivateRest` and the socket's op. */
import type { Account, EndReason, Exchange, FaultGate, Order, OrderName, OrderRequest, Refusal } from '../../exchange/contract.js';
import { timeText } from './public-tables.js';
import { isOpen, orderRow, type Row } from './order-rows.js';
import { marketOf, readAmend, readCreate } from './order-request.js';
import { filterOf, listOf, textOf, type Params } from './params.js';
import {
  DUPLICATE_CLIENT_ID,
  INVALID_QTY,
  INVALID_STATUS,
  NOTHING_AMENDED,
  NOT_FOUND,
  OVERLOADED,
  TOO_MANY_ORDERS,
  invalid,
  notEnough,
  required,
  type BitmexRefusal,
} from './refusals.js';

/** An object or a list, or a refusal. */
export type Answer = { readonly result: unknown } | { readonly refusal: BitmexRefusal };

const no = (refusal: BitmexRefusal): Answer => ({ refusal });

export class BitmexTrading {
  readonly #exchange: Exchange;
  readonly #faults: FaultGate;

  constructor(exchange: Exchange, faults: FaultGate) {
    this.#exchange = exchange;
    this.#faults = faults;
  }

  place(account: Account, params: Params, nowUs: number): Answer {
    const request = readCreate(this.#exchange, account, params);
    if ('refusal' in request) return request;
    const placed = this.#exchange.place(account, request.value);
    if (placed.ok) return { result: orderRow(placed.order) };
    // This venue takes such orders and cancels them at once, others refuse them: the answer is of an order that nothing remembers.
    const { reason } = placed.refusal;
    if (reason === 'nothing-to-reduce' || reason === 'no-liquidity') {
      const endReason = reason === 'no-liquidity' ? reason : 'reduce-only';
      return { result: orderRow(stillborn(this.#exchange, account, request.value, endReason, nowUs)) };
    }
    return no(refusalOf(placed.refusal));
  }

  amend(account: Account, params: Params): Answer {
    const id = textOf(params, 'orderID');
    const clientId = textOf(params, 'origClOrdID') || (id === '' ? textOf(params, 'clOrdID') : '');
    if (id === '' && clientId === '') return no(required('orderID'));
    const order = this.#exchange.find(account, id === '' ? { clientId } : { id });
    if (order === undefined) return no(NOT_FOUND);
    if (!isOpen(order)) return no(INVALID_STATUS);
    const request = readAmend(this.#exchange, order, params);
    if ('refusal' in request) return request;
    const { ticks, lots, clientId: newClientId } = request.value;
    const amended = [
      ...(ticks !== undefined && ticks !== order.ticks ? ['price'] : []),
      ...(lots !== undefined && lots !== order.lots ? ['orderQty'] : []),
    ].join(' ');
    if (amended === '' && newClientId === undefined) return no(NOTHING_AMENDED);
    const extra = { ...order.extra, ...request.value.extra, amended };
    const done = this.#exchange.amend(account, order, { ...request.value, extra });
    return done.ok ? { result: orderRow(done.order) } : no(refusalOf(done.refusal));
  }

  /** Orders by either id; one outcome each. Nothing that is known at all: not found. */
  cancel(account: Account, params: Params): Answer {
    const names: { readonly name: OrderName; readonly shown: Row }[] = [
      ...listOf(params, 'orderID').map((id) => ({ name: { id }, shown: { orderID: id } })),
      ...listOf(params, 'clOrdID').map((clientId) => ({ name: { clientId }, shown: { clOrdID: clientId } })),
    ];
    if (names.length === 0) return no(required('orderID'));
    const found = names.map(({ name, shown }) => ({ shown, order: this.#exchange.find(account, name) }));
    if (found.every(({ order }) => order === undefined)) return no(NOT_FOUND);
    const text = textOf(params, 'text');
    const rows = found.map(({ order, shown }, index): Row => {
      if (order === undefined) return { ...shown, error: 'Not Found' };
      const fault = names.length > 1 ? this.#faults.batchItem({ op: 'cancel', symbol: order.market.spec.symbol }, index) : null;
      if (fault !== null) return { ...orderRow(order), error: fault.message ?? OVERLOADED.message };
      if (!isOpen(order)) return { ...orderRow(order), error: `Unable to cancel order due to existing state: ${stateOf(order)}` };
      const cancelled = this.#exchange.cancel(account, order);
      if (!cancelled.ok) return { ...orderRow(order), error: `Unable to cancel order due to existing state: ${stateOf(order)}` };
      return cancelledRow(cancelled.order, text);
    });
    return { result: rows };
  }

  cancelAll(account: Account, params: Params): Answer {
    const filter = filterOf(params);
    if (filter === null) return no(invalid('filter'));
    const symbol = textOf(params, 'symbol') || textOf(filter, 'symbol');
    const market = symbol === '' ? undefined : this.#exchange.markets.find(({ spec }) => spec.symbol === symbol);
    if (symbol !== '' && market === undefined) return no(invalid('symbol'));
    const side = textOf(filter, 'side');
    const text = textOf(params, 'text');
    if (side === '') return { result: this.#exchange.cancelAll(account, market).map((order) => cancelledRow(order, text)) };
    const wanted = this.#exchange.openOrders(account, market).filter((order) => (order.side === 'buy') === (side === 'Buy'));
    const rows = wanted
      .map((order) => this.#exchange.cancel(account, order))
      .flatMap((done) => (done.ok ? [cancelledRow(done.order, text)] : []));
    return { result: rows };
  }

  /** The whole position of a market, at a price or at the market. */
  closePosition(account: Account, params: Params, nowUs: number): Answer {
    const market = marketOf(this.#exchange, params);
    if ('message' in market) return no(market);
    const order = { symbol: market.spec.symbol, execInst: 'Close', price: params['price'], text: 'Position Close via API.' };
    return this.place(account, order, nowUs);
  }
}

function stillborn(exchange: Exchange, account: Account, request: OrderRequest, endReason: EndReason, nowUs: number): Order {
  const { market, ticks } = request;
  return {
    number: 0,
    id: exchange.uuid(),
    account,
    market,
    clientId: request.clientId ?? '',
    side: request.side,
    kind: ticks === null ? 'market' : 'limit',
    ticks,
    lots: request.lots ?? 0,
    quoteUnits: null,
    timeInForce: request.timeInForce ?? 'gtc',
    postOnly: request.postOnly ?? false,
    reduceOnly: request.reduceOnly ?? false,
    selfTrade: 'none',
    state: 'cancelled',
    endReason,
    filledLots: 0,
    filledTickLots: 0n,
    filledUnits: 0n,
    feeUnits: 0n,
    feeAsset: exchange.terms(market).settle,
    realisedUnits: 0n,
    createdUs: nowUs,
    updatedUs: nowUs,
    amendments: 0,
    extra: request.extra ?? {},
  };
}

function cancelledRow(order: Order, text: string): Row {
  const row = orderRow(order);
  return text === '' ? row : { ...row, text: `Canceled: ${text}\n${order.extra['text'] ?? 'Submitted via API.'}` };
}

function stateOf(order: Order): string {
  return String(orderRow(order)['ordStatus']);
}

function refusalOf(refusal: Refusal): BitmexRefusal {
  switch (refusal.reason) {
    case 'duplicate-client-id':
      return DUPLICATE_CLIENT_ID;
    case 'too-many-orders':
      return TOO_MANY_ORDERS;
    case 'insufficient-balance':
    case 'insufficient-margin':
      return notEnough(refusal.required, refusal.asset.asset);
    case 'unknown-order':
      return refusal.order === null ? NOT_FOUND : INVALID_STATUS;
    case 'nothing-to-change':
      return NOTHING_AMENDED;
    default:
      return INVALID_QTY;
  }
}

/** `cancelAllAfter`: the account's orders go when its timer runs out. Timers survive a restart of the exchange. */
export class BitmexDeadMan {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** `timeout` in milliseconds (clients made from the venue's description send a decimal), 0 stops the timer. */
  set(account: Account, timeout: string, nowUs: number): Answer {
    if (!/^\d{1,10}(\.\d{1,9})?$/.test(timeout)) return no(invalid('timeout'));
    const timeoutMs = Math.floor(Number(timeout));
    const dueUs = nowUs + timeoutMs * 1_000;
    const note = noteOf(account);
    if (timeoutMs === 0) this.#exchange.notes.delete(note);
    else this.#exchange.notes.set(note, String(dueUs));
    return { result: { now: timeText(nowUs), cancelTime: timeoutMs === 0 ? 0 : timeText(dueUs) } };
  }

  step(nowUs: number): void {
    for (const account of this.#exchange.testAccounts) {
      const dueUs = this.#exchange.notes.get(noteOf(account));
      if (dueUs === undefined || nowUs < Number(dueUs)) continue;
      this.#exchange.notes.delete(noteOf(account));
      this.#exchange.cancelAll(account);
    }
  }
}

function noteOf(account: Account): string {
  return `cancelAllAfter ${account.id}`;
}
