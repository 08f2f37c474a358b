/**
 * Orders of USD-M and COIN-M by REST path: new, amended, cancelled, in batches, by timer, and the lists of orders and trades. Called through `BinanceTrading`
 * after the request was authenticated; refusals leave by `BinanceRefusal`.
 */
import type { Account, Order, Placed, Refusal } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { readAmendment, readFuturesOrder } from './futures-order-request.js';
import { ackAnswer, futuresTrade, orderAnswer, queriedFuturesOrder, type FuturesFamily } from './futures-texts.js';
import { isOpen } from './order-words.js';
import { pairOf } from './dialect.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { BinanceParams, jsonOf } from './request.js';
import type { OrderCosts } from './rate-limits.js';
import { ONE_ORDER, bySymbol, fixed, marketOf, optionalMarket, times, type Call, type Route, type TradingRoom } from './route.js';

/** Items of one batch (documents "Place multiple orders", "Cancel multiple orders", 2026-11). */
const MOST_PLACED = 5;
const MOST_CANCELLED = 10;
/** The longest stretch of orders or trades that one request may ask for. */
const SEVEN_DAYS = { days: 7, refuse: () => new BinanceRefusal(-4165, 'Maximum time interval is 7 days') };
const COUNTDOWN = 'countdown ';
const GOOD_TILL = 'good till ';

export class FuturesOrders {
  readonly #room: TradingRoom;
  readonly #family: FuturesFamily;
  readonly #root: string;

  constructor(room: TradingRoom, family: FuturesFamily, root: string) {
    this.#room = room;
    this.#family = family;
    this.#root = root;
  }

  routes(): [string, Route][] {
    const root = this.#root;
    const trade = { security: 'trade' } as const;
    const read = { security: 'read', op: 'query' } as const;
    const one = { ...trade, orders: () => ONE_ORDER } as const;
    const batch = { ...trade, weight: fixed(5), orders: (params: BinanceParams) => batchCosts(params) } as const;
    return [
      [`POST ${root}/order`, { ...one, weight: fixed(0), op: 'place', answer: (call) => this.#place(call) }],
      [`POST ${root}/order/test`, { ...trade, weight: fixed(0), op: 'test', answer: (call) => this.#test(call) }],
      [`PUT ${root}/order`, { ...one, weight: fixed(0), op: 'amend', answer: (call) => this.#amend(call.account, call.params) }],
      [`GET ${root}/order`, { ...read, weight: fixed(1), answer: (call) => this.#query(call) }],
      [`DELETE ${root}/order`, { ...trade, weight: fixed(1), op: 'cancel', answer: (call) => this.#cancel(call) }],
      [`POST ${root}/batchOrders`, { ...batch, op: 'batch', answer: (call) => this.#placeBatch(call) }],
      [`PUT ${root}/batchOrders`, { ...batch, op: 'batch', answer: (call) => this.#amendBatch(call) }],
      [`DELETE ${root}/batchOrders`, { ...trade, weight: fixed(1), op: 'batch', answer: (call) => this.#cancelBatch(call) }],
      [`DELETE ${root}/allOpenOrders`, { ...trade, weight: fixed(1), op: 'cancel-all', answer: (call) => this.#cancelAll(call) }],
      [`POST ${root}/countdownCancelAll`, { ...trade, weight: fixed(10), op: 'countdown', answer: (call) => this.#countdown(call) }],
      [`GET ${root}/openOrder`, { ...read, weight: fixed(1), answer: (call) => this.#openOrder(call) }],
      [`GET ${root}/openOrders`, { ...read, weight: bySymbol(1, 40), answer: (call) => this.#openOrders(call) }],
      [`GET ${root}/allOrders`, { ...read, weight: fixed(5), answer: (call) => this.#allOrders(call) }],
      [`GET ${root}/userTrades`, { ...read, weight: fixed(5), answer: (call) => this.#trades(call) }],
    ];
  }

  /** Ends orders whose date has come. */
  #expire(nowUs: number): void {
    const { exchange } = this.#room;
    for (const [name, text] of exchange.notes) {
      if (!name.startsWith(GOOD_TILL) || Number(text) * 1_000 > nowUs) continue;
      exchange.notes.delete(name);
      const [, , accountId, number] = name.split(' ');
      const account = exchange.testAccounts.find((candidate) => candidate.id === Number(accountId));
      const order = account === undefined ? undefined : exchange.find(account, { number: Number(number) });
      if (account !== undefined && order !== undefined && isOpen(order)) exchange.cancel(account, order, 'good-till-date');
    }
  }

  /** Cancels what dead-man timers ran out for. Called after each step of the world. */
  step(nowUs: number): void {
    this.#expire(nowUs);
    const { exchange } = this.#room;
    for (const [name, text] of exchange.notes) {
      if (!name.startsWith(COUNTDOWN) || Number(text) > nowUs) continue;
      exchange.notes.delete(name);
      const [, accountId, symbol] = name.split(' ');
      const account = exchange.testAccounts.find((candidate) => candidate.id === Number(accountId));
      const market = exchange.markets.find((candidate) => candidate.spec.symbol === symbol);
      if (account !== undefined && market !== undefined) exchange.cancelAll(account, market);
    }
  }

  #place({ account, params }: Call): Record<string, unknown> {
    return this.#placeOne(account, params);
  }

  #placeOne(account: Account, params: BinanceParams): Record<string, unknown> {
    const { request, answerKind } = readFuturesOrder(this.#room, marketOf(this.#room, params), params);
    const { order } = done(this.#room.exchange.place(account, request));
    const until = request.extra?.['gtd'];
    if (until !== undefined && isOpen(order)) this.#room.exchange.notes.set(`${GOOD_TILL}${account.id} ${order.number}`, until);
    return answerKind === 'RESULT' ? orderAnswer(this.#family, order) : ackAnswer(this.#family, order);
  }

  #test({ account, params }: Call): unknown {
    const { request } = readFuturesOrder(this.#room, marketOf(this.#room, params), params);
    const outcome = this.#room.exchange.test(account, request);
    if (!outcome.ok) throw futuresRefusal(outcome.refusal);
    return {};
  }

  /**
   * A quantity at or below what was filled ends the order; a post-only order that would take now is cancelled. Whatever changes, the order goes to the end of its
   * queue and its self-trade prevention is off ("Modify Order", read 2026-11).
   */
  #amend(account: Account, params: BinanceParams): Record<string, unknown> {
    const { exchange } = this.#room;
    const market = marketOf(this.#room, params);
    const order = this.#named(account, params, market);
    if (order === undefined || !isOpen(order)) throw refusals.noSuchOrder();
    const { ticks, lots } = readAmendment(this.#room, this.#family, order, params);
    if (ticks === order.ticks && lots === order.lots) throw new BinanceRefusal(-5027, 'No need to modify the order.');
    if (lots <= order.filledLots) return orderAnswer(this.#family, done(exchange.cancel(account, order)).order);
    const change = { ticks, lots, ifWouldTake: 'cancel', losesPlace: true, selfTrade: 'none', extra: { stp: 'NONE' } } as const;
    return orderAnswer(this.#family, done(exchange.amend(account, order, change)).order);
  }

  #query({ account, params }: Call): unknown {
    const order = this.#named(account, params, marketOf(this.#room, params));
    if (order === undefined) throw refusals.noSuchOrder();
    return queriedFuturesOrder(this.#family, order);
  }

  #openOrder({ account, params }: Call): unknown {
    const order = this.#named(account, params, marketOf(this.#room, params));
    if (order === undefined || !isOpen(order)) throw refusals.noSuchOrder();
    return queriedFuturesOrder(this.#family, order);
  }

  #cancel({ account, params }: Call): unknown {
    return this.#cancelOne(account, this.#named(account, params, marketOf(this.#room, params)));
  }

  #cancelOne(account: Account, order: Order | undefined): Record<string, unknown> {
    if (order === undefined || !isOpen(order)) throw refusals.unknownOrder();
    return orderAnswer(this.#family, done(this.#room.exchange.cancel(account, order)).order);
  }

  #placeBatch({ account, params }: Call): unknown {
    return this.#eachItem(params, 'place', (item) => this.#placeOne(account, item));
  }

  #amendBatch({ account, params }: Call): unknown {
    return this.#eachItem(params, 'amend', (item) => this.#amend(account, item));
  }

  /** One answer an item, in their order; what fails, fails alone. */
  #eachItem(params: BinanceParams, op: string, run: (item: BinanceParams) => Record<string, unknown>): unknown {
    const items = batchItems(params);
    if (items.length === 0 || items.length > MOST_PLACED) throw new BinanceRefusal(-4082, 'Invalid number of batch place orders.');
    return items.map((item, index) => this.#guarded(op, item.raw('symbol'), index, () => run(item)));
  }

  #guarded(op: string, symbol: string | undefined, index: number, run: () => Record<string, unknown>): Record<string, unknown> {
    const fault = this.#room.faults.batchItem(symbol === undefined ? { op } : { op, symbol }, index);
    if (fault !== null) return { code: fault.code ?? -1000, msg: fault.message ?? UNKNOWN_ERROR };
    try {
      return run();
    } catch (error) {
      if (error instanceof BinanceRefusal) return error.body();
      throw error;
    }
  }

  #cancelBatch({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const numbers = listParam(params, ['orderIdList', 'orderidlist']);
    const clientIds = listParam(params, ['origClientOrderIdList', 'origclientorderidlist']);
    if (numbers.length === 0 && clientIds.length === 0) throw refusals.oneOf('orderIdList', 'origClientOrderIdList');
    const names = numbers.length > 0 ? numbers.map((id) => ({ number: Number(id) })) : clientIds.map((id) => ({ clientId: String(id) }));
    if (names.length > MOST_CANCELLED) throw new BinanceRefusal(-4032, 'Exceed maximum cancel order size.');
    return names.map((name, index) =>
      this.#guarded('cancel', market.spec.symbol, index, () => this.#cancelOne(account, this.#room.exchange.find(account, name, market))),
    );
  }

  #cancelAll({ account, params }: Call): unknown {
    this.#room.exchange.cancelAll(account, marketOf(this.#room, params));
    return { code: 200, msg: 'The operation of cancel all open order is done.' };
  }

  #countdown({ account, params, nowUs }: Call): unknown {
    const market = marketOf(this.#room, params);
    const countdownMs = params.integer('countdownTime');
    const name = `${COUNTDOWN}${account.id} ${market.spec.symbol}`;
    if (countdownMs === 0) this.#room.exchange.notes.delete(name);
    else this.#room.exchange.notes.set(name, String(nowUs + countdownMs * 1_000));
    return { symbol: market.spec.symbol, countdownTime: String(countdownMs) };
  }

  #openOrders({ account, params }: Call): unknown {
    const pair = params.optional('pair');
    return this.#room.exchange
      .openOrders(account, optionalMarket(this.#room, params))
      .filter((order) => pair === undefined || pairOf(order.market) === pair)
      .map((order) => queriedFuturesOrder(this.#family, order));
  }

  #allOrders({ account, params }: Call): unknown {
    const fromId = params.optionalInteger('orderId');
    const span = times(params, SEVEN_DAYS);
    const query = {
      limit: params.limit(500, 1_000),
      ...span,
      // From a start on, the first ones: a client goes on from the last one it got.
      oldest: span.fromUs !== undefined,
      ...(fromId === undefined ? {} : { fromId }),
    };
    return this.#markets(params).flatMap((market) =>
      this.#room.exchange.orders(account, { ...query, market }).map((order) => queriedFuturesOrder(this.#family, order)),
    );
  }

  #trades({ account, params }: Call): unknown {
    const orderNumber = params.optionalInteger('orderId');
    const fromId = params.optionalInteger('fromId');
    const span = times(params, SEVEN_DAYS);
    const limit = params.limit(500, 1_000);
    // Trade ids are the market's: the exchange's own cursor counts across markets.
    const fills = this.#markets(params)
      .flatMap((market) => this.#room.exchange.fills(account, { market, ...span, ...(orderNumber === undefined ? {} : { orderNumber }) }))
      .filter((fill) => fromId === undefined || fill.tradeId >= fromId);
    const isFromStart = fromId !== undefined || span.fromUs !== undefined;
    return (isFromStart ? fills.slice(0, limit) : fills.slice(-limit)).map((fill) => futuresTrade(this.#family, fill));
  }

  /** The symbol's market; COIN-M takes a pair instead. */
  #markets(params: BinanceParams): readonly Market[] {
    const pair = this.#family === 'coinm' && !params.has('symbol') ? params.optional('pair') : undefined;
    if (this.#family === 'coinm' && pair === undefined && !params.has('symbol')) throw refusals.oneOf('symbol', 'pair');
    if (pair === undefined) return [marketOf(this.#room, params)];
    return this.#room.exchange.markets.filter((market) => pairOf(market) === pair);
  }

  #named(account: Account, params: BinanceParams, market: Market): Order | undefined {
    const number = params.optionalInteger('orderId');
    const clientId = params.optionalClientId('origClientOrderId');
    if (number === undefined && clientId === undefined) throw refusals.oneOf('orderId', 'origClientOrderId');
    const { exchange } = this.#room;
    if (number !== undefined) return exchange.find(account, { number }, market);
    return clientId === undefined ? undefined : exchange.find(account, { clientId }, market);
  }
}

const UNKNOWN_ERROR = 'An unknown error occured while processing the request.';

function batchItems(params: BinanceParams): BinanceParams[] {
  const list = jsonOf('batchOrders', params.text('batchOrders'));
  if (!Array.isArray(list)) throw refusals.badData('batchOrders');
  return list.map((item: unknown) => {
    const entries = typeof item === 'object' && item !== null ? Object.entries(item) : [];
    return new BinanceParams(new Map(entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])));
  });
}

/** A batch counts once on the minute's limit, each item on the ten seconds' one. */
function batchCosts(params: BinanceParams): OrderCosts {
  return { SECOND: batchItems(params).length, MINUTE: 1 };
}

function listParam(params: BinanceParams, names: readonly string[]): readonly unknown[] {
  for (const name of names) {
    const text = params.raw(name);
    if (text === undefined || text === '') continue;
    const list = jsonOf(name, text);
    if (Array.isArray(list)) return list;
    // Some clients send a single id as it is.
    if (typeof list !== 'number') throw refusals.badData(name);
    return [list];
  }
  return [];
}

function done(placed: Placed): Extract<Placed, { ok: true }> {
  if (!placed.ok) throw futuresRefusal(placed.refusal);
  return placed;
}

export function futuresRefusal(refusal: Refusal): BinanceRefusal {
  switch (refusal.reason) {
    case 'duplicate-client-id':
      return new BinanceRefusal(-4116, 'ClientOrderId is duplicated.');
    case 'too-many-orders':
      return new BinanceRefusal(-2025, 'Reach max open order limit.');
    case 'insufficient-balance':
    case 'insufficient-margin':
      return new BinanceRefusal(-2019, 'Margin is insufficient.');
    case 'would-take':
      return new BinanceRefusal(
        -5022,
        'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history',
      );
    case 'not-fillable':
      return new BinanceRefusal(
        -5021,
        'Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history',
      );
    case 'nothing-to-reduce':
    case 'too-much-to-reduce':
      return new BinanceRefusal(-2022, 'ReduceOnly Order is rejected.');
    case 'no-liquidity':
      return new BinanceRefusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.");
    case 'unknown-order':
      return refusals.unknownOrder();
    case 'nothing-to-change':
      return new BinanceRefusal(-5027, 'No need to modify the order.');
    default:
      return new BinanceRefusal(-1014, 'Unsupported order combination.');
  }
}
