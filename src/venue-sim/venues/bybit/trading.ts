/**
 * Bybit v5's order operations: create, amend, cancel, cancel all, their batches, and the dead man's switch that cancels when the private socket is gone. REST
 * and the trade socket call the same ones; answers are results as objects or refusals. One thread.
 */
import type { Account, Exchange, FaultGate, Order, Refusal } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { BYBIT_CATEGORIES, type BybitCategory } from './public-messages.js';
import { isItem, isSet, textOf, type Item } from './items.js';
import { readAmend, readCreate } from './order-request.js';
import {
  BAD_SYMBOL,
  CONTRACT,
  ILLEGAL_CATEGORY,
  SERVER_ERROR,
  SPOT,
  TOO_MANY_VISITS,
  badParameter,
  missingParameter,
  type BybitRefusal,
} from './refusals.js';

/** Orders a batch may hold (VENUES.md 3). */
const MOST_IN_BATCH: Readonly<Record<BybitCategory, number>> = { linear: 20, inverse: 20, spot: 10 };

export interface Outcome {
  readonly result: object;
  readonly ext?: object;
}
export type Answer = Outcome | { readonly refusal: BybitRefusal };

const no = (refusal: BybitRefusal): Answer => ({ refusal });

export function categoryOf(item: Item): BybitCategory | undefined {
  return BYBIT_CATEGORIES.find((name) => name === textOf(item, 'category'));
}

export class BybitTrading {
  readonly #exchange: Exchange;
  readonly #faults: FaultGate;

  constructor(exchange: Exchange, faults: FaultGate) {
    this.#exchange = exchange;
    this.#faults = faults;
  }

  create(account: Account, item: Item): Answer {
    const market = this.#marketOf(item);
    if ('code' in market) return no(market);
    const request = readCreate(this.#exchange, market, item);
    if ('refusal' in request) return request;
    const placed = this.#exchange.place(account, request.value);
    return placed.ok ? { result: namesOf(placed.order) } : no(refusalOf(placed.refusal, market, 'create'));
  }

  /** Everything that `create` checks, and the margin that the order would need; no order comes of it. */
  tryCreate(account: Account, item: Item): { readonly refusal: BybitRefusal } | { readonly market: Market; readonly marginUnits: bigint } {
    const market = this.#marketOf(item);
    if ('code' in market) return { refusal: market };
    const request = readCreate(this.#exchange, market, item);
    if ('refusal' in request) return request;
    const outcome = this.#exchange.test(account, request.value);
    if (!outcome.ok) return { refusal: refusalOf(outcome.refusal, market, 'create') };
    const { lots, ticks } = request.value;
    if (market.spec.kind === 'spot' || lots === null) return { market, marginUnits: 0n };
    const value = this.#exchange.valueOf(market, lots, ticks ?? market.lastTicks);
    const hundredths = BigInt(Math.round(this.#exchange.position(account, market).leverage * 100));
    return { market, marginUnits: (value * 100n) / hundredths };
  }

  amend(account: Account, item: Item): Answer {
    const order = this.#orderOf(account, item, CONTRACT.unknownAmended);
    if ('code' in order) return no(order);
    const request = readAmend(this.#exchange, order, item);
    if ('refusal' in request) return request;
    const amended = this.#exchange.amend(account, order, request.value);
    return amended.ok ? { result: namesOf(amended.order) } : no(refusalOf(amended.refusal, order.market, 'amend'));
  }

  cancel(account: Account, item: Item): Answer {
    const order = this.#orderOf(account, item, CONTRACT.unknownOrder);
    if ('code' in order) return no(order);
    const cancelled = this.#exchange.cancel(account, order);
    return cancelled.ok ? { result: namesOf(cancelled.order) } : no(refusalOf(cancelled.refusal, order.market, 'cancel'));
  }

  cancelAll(account: Account, item: Item): Answer {
    const category = categoryOf(item);
    if (category === undefined) return no(ILLEGAL_CATEGORY);
    const symbol = textOf(item, 'symbol');
    const base = textOf(item, 'baseCoin');
    const settle = textOf(item, 'settleCoin');
    if (category !== 'spot' && symbol === '' && base === '' && settle === '') {
      return no({ code: 10_001, message: 'Missing some parameters that must be filled in, symbol or settleCoin or baseCoin at least one' });
    }
    const markets = this.#exchange.markets.filter(
      ({ spec }) =>
        spec.kind === category &&
        (symbol === '' || spec.symbol === symbol) &&
        (base === '' || spec.base === base) &&
        (settle === '' || spec.settle === settle),
    );
    if (symbol !== '' && markets.length === 0) return no(category === 'spot' ? SPOT.badSymbol : BAD_SYMBOL);
    const list = isOfConditional(item) ? [] : markets.flatMap((market) => this.#exchange.cancelAll(account, market).map(namesOf));
    return { result: { list, success: '1' } };
  }

  /** One outcome per item, in two parallel lists. Items beyond what the rate limit grants fail alone. */
  batch(account: Account, kind: 'create' | 'amend' | 'cancel', item: Item, granted: number): Answer {
    const category = categoryOf(item);
    if (category === undefined) return no(ILLEGAL_CATEGORY);
    const requests = item['request'];
    if (!Array.isArray(requests) || requests.length === 0) return no(missingParameter('request'));
    if (requests.length > MOST_IN_BATCH[category]) return no(badParameter('request size'));
    const list: object[] = [];
    const details: object[] = [];
    for (const [index, raw] of requests.entries()) {
      const order: Item = { ...(isItem(raw) ? raw : {}), category };
      const answer = index < granted ? this.#batchItem(account, kind, order, index) : no(TOO_MANY_VISITS);
      const isDone = 'result' in answer;
      const names = isDone ? (answer.result as Readonly<Record<string, unknown>>) : {};
      list.push({
        category,
        symbol: textOf(order, 'symbol'),
        orderId: names['orderId'] ?? textOf(order, 'orderId'),
        orderLinkId: names['orderLinkId'] ?? textOf(order, 'orderLinkId'),
        ...(kind === 'create' ? { createAt: isDone ? this.#createdText(account, String(names['orderId'])) : '' } : {}),
      });
      details.push(isDone ? { code: 0, msg: 'OK' } : { code: answer.refusal.code, msg: answer.refusal.message });
    }
    return { result: { list }, ext: { list: details } };
  }

  #batchItem(account: Account, kind: 'create' | 'amend' | 'cancel', item: Item, index: number): Answer {
    const op = kind === 'create' ? 'place' : kind;
    const fault = this.#faults.batchItem({ op, symbol: textOf(item, 'symbol') }, index);
    if (fault !== null) return no({ code: fault.code ?? SERVER_ERROR.code, message: fault.message ?? SERVER_ERROR.message });
    if (kind === 'create') return this.create(account, item);
    return kind === 'amend' ? this.amend(account, item) : this.cancel(account, item);
  }

  #createdText(account: Account, id: string): string {
    const createdUs = this.#exchange.find(account, { id })?.createdUs;
    return createdUs === undefined ? '' : String(Math.floor(createdUs / 1_000));
  }

  #marketOf(item: Item): Market | BybitRefusal {
    const category = categoryOf(item);
    if (category === undefined) return ILLEGAL_CATEGORY;
    const symbol = textOf(item, 'symbol');
    const market = this.#exchange.markets.find(({ spec }) => spec.kind === category && spec.symbol === symbol);
    if (market !== undefined) return market;
    if (symbol === '') return category === 'spot' ? SPOT.emptyParameter('symbol') : missingParameter('symbol');
    return category === 'spot' ? SPOT.badSymbol : BAD_SYMBOL;
  }

  /** An open order of the account; the venue's id counts when both ids are given. */
  #orderOf(account: Account, item: Item, unknownContract: BybitRefusal): Order | BybitRefusal {
    const market = this.#marketOf(item);
    if ('code' in market) return market;
    const unknown = market.spec.kind === 'spot' ? SPOT.unknownOrder : unknownContract;
    const id = textOf(item, 'orderId');
    if (id === '' && !isSet(item, 'orderLinkId')) return missingParameter('orderId or orderLinkId');
    const order = this.#exchange.find(account, id === '' ? { clientId: textOf(item, 'orderLinkId') } : { id }, market);
    return order === undefined || (order.state !== 'new' && order.state !== 'part-filled') ? unknown : order;
  }
}

/** What is asked of conditional orders concerns nothing here. */
export function isOfConditional(item: Item): boolean {
  return ['StopOrder', 'tpslOrder', 'OcoOrder', 'BidirectionalTpslOrder'].includes(textOf(item, 'orderFilter'));
}

function namesOf(order: Order): { orderId: string; orderLinkId: string } {
  return { orderId: order.id, orderLinkId: order.clientId };
}

function refusalOf(refusal: Refusal, market: Market, asked: 'create' | 'amend' | 'cancel'): BybitRefusal {
  const isSpot = market.spec.kind === 'spot';
  switch (refusal.reason) {
    case 'duplicate-client-id':
      return isSpot ? SPOT.duplicate : CONTRACT.duplicate;
    case 'too-many-orders':
      return isSpot ? SPOT.tooManyOrders : CONTRACT.tooManyOrders;
    case 'insufficient-balance':
    case 'insufficient-margin':
      return isSpot ? SPOT.notEnough : CONTRACT.notEnough;
    case 'nothing-to-reduce':
      return CONTRACT.nothingToReduce;
    case 'too-much-to-reduce':
      return CONTRACT.wouldNotReduce;
    case 'unknown-order':
      return isSpot ? SPOT.unknownOrder : asked === 'amend' ? CONTRACT.unknownAmended : CONTRACT.unknownOrder;
    case 'nothing-to-change':
      return CONTRACT.nothingModified;
    case 'below-filled':
      return isSpot ? SPOT.badParameter('qty') : CONTRACT.amendedBelowFilled;
    case 'quote-too-small':
      return SPOT.belowNotional;
    default:
      return isSpot ? SPOT.tooManyOrders : { code: 110_032, message: `Illegal order: ${refusal.reason}` };
  }
}
