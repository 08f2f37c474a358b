/**
 * Orders of Binance spot by REST path: place, test, cancel, cancel-replace, amend, and the lists of orders and trades. Called through `BinanceTrading` after
 * the request was authenticated; refusals leave by `BinanceRefusal`.
 */
import type { Order, Placed, Refusal } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { CancelNames } from './cancel-names.js';
import { lotsOf } from './order-steps.js';
import { isOpen } from './order-words.js';
import { BinanceRefusal, refusals } from './refusal.js';
import type { BinanceParams } from './request.js';
import { ONE_ORDER, bySymbol, fixed, marketOf, optionalMarket, times, type Call, type Route, type TradingRoom } from './route.js';
import { readSpotOrder } from './spot-order-request.js';
import { amendedAnswer, cancelledAnswer, ownTrade, placedAnswer, queriedOrder } from './spot-texts.js';

const ROOT = '/api/v3';
const ONE = ['symbol', 'orderId', 'origClientOrderId'] as const;
const STRETCH = ['symbol', 'orderId', 'startTime', 'endTime', 'limit'] as const;
const NEW = [
  'symbol',
  'side',
  'type',
  'timeInForce',
  'quantity',
  'quoteOrderQty',
  'price',
  'newClientOrderId',
  'strategyId',
  'strategyType',
  'pegPriceType',
  'pegOffsetType',
  'pegOffsetValue',
  'stopPrice',
  'trailingDelta',
  'icebergQty',
  'newOrderRespType',
  'selfTradePreventionMode',
] as const;
const REPLACEMENT = [
  ...NEW,
  'cancelReplaceMode',
  'cancelOrderId',
  'cancelOrigClientOrderId',
  'cancelNewClientOrderId',
  'cancelRestrictions',
  'orderRateLimitExceededMode',
] as const;
const RESTRICTIONS = ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'] as const;
/** The longest stretch of orders or trades that one request may ask for. */
const ONE_DAY = { days: 1, refuse: () => new BinanceRefusal(-1127, 'More than 24 hours between startTime and endTime.') };
const REPLACE_MODES = ['STOP_ON_FAILURE', 'ALLOW_FAILURE'] as const;

export class SpotOrders {
  readonly #room: TradingRoom;
  readonly #names: CancelNames;

  constructor(room: TradingRoom, names: CancelNames) {
    this.#room = room;
    this.#names = names;
  }

  routes(): [string, Route][] {
    const trade = { security: 'trade', orders: () => ONE_ORDER } as const;
    const read = { security: 'read', op: 'query' } as const;
    const cancels = { security: 'trade', weight: fixed(1) } as const;
    return [
      [`POST ${ROOT}/order`, { ...trade, weight: fixed(1), reads: NEW, op: 'place', answer: (call) => this.#place(call) }],
      [
        `POST ${ROOT}/order/test`,
        {
          security: 'trade',
          weight: testWeight,
          reads: [...NEW, 'computeCommissionRates'],
          op: 'test',
          answer: (call) => this.#test(call),
        },
      ],
      [`GET ${ROOT}/order`, { ...read, weight: fixed(4), reads: ONE, answer: (call) => this.#query(call) }],
      [
        `DELETE ${ROOT}/order`,
        { ...cancels, reads: [...ONE, 'newClientOrderId', 'cancelRestrictions'], op: 'cancel', answer: (call) => this.#cancel(call) },
      ],
      [
        `POST ${ROOT}/order/cancelReplace`,
        { ...trade, weight: fixed(1), reads: REPLACEMENT, op: 'amend', answer: (call) => this.#cancelReplace(call) },
      ],
      [
        `PUT ${ROOT}/order/amend/keepPriority`,
        {
          security: 'trade',
          weight: fixed(4),
          reads: [...ONE, 'newClientOrderId', 'newQty'],
          op: 'amend',
          answer: (call) => this.#amend(call),
        },
      ],
      [`GET ${ROOT}/openOrders`, { ...read, weight: bySymbol(6, 80), reads: ['symbol'], answer: (call) => this.#openOrders(call) }],
      [`DELETE ${ROOT}/openOrders`, { ...cancels, reads: ['symbol'], op: 'cancel-all', answer: (call) => this.#cancelAll(call) }],
      [`GET ${ROOT}/allOrders`, { ...read, weight: fixed(20), reads: STRETCH, answer: (call) => this.#allOrders(call) }],
      [
        `GET ${ROOT}/myTrades`,
        {
          ...read,
          weight: (params) => (params.has('orderId') ? 5 : 20),
          reads: [...STRETCH, 'fromId'],
          answer: (call) => this.#trades(call),
        },
      ],
    ];
  }

  #place({ account, params }: Call): unknown {
    const { request, answerKind } = readSpotOrder(this.#room, marketOf(this.#room, params), params);
    const { order, fills } = done(this.#room.exchange.place(account, request));
    return placedAnswer(order, fills, answerKind);
  }

  #test({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const { request } = readSpotOrder(this.#room, market, params);
    const outcome = this.#room.exchange.test(account, request);
    if (!outcome.ok) throw spotRefusal(outcome.refusal);
    if (params.optionalBoolean('computeCommissionRates') !== true) return {};
    const { makerFee, takerFee } = this.#room.exchange.terms(market);
    const none = { maker: '0.00000000', taker: '0.00000000' };
    return {
      standardCommissionForOrder: { maker: rateText(makerFee), taker: rateText(takerFee) },
      specialCommissionForOrder: none,
      taxCommissionForOrder: none,
      discount: NO_DISCOUNT,
    };
  }

  #query(call: Call): unknown {
    const order = this.#named(call, marketOf(this.#room, call.params), 'orderId', 'origClientOrderId');
    if (order === undefined) throw refusals.noSuchOrder();
    return queriedOrder(order);
  }

  #cancel(call: Call): unknown {
    const order = this.#open(call, marketOf(this.#room, call.params), 'orderId', 'origClientOrderId');
    return this.#cancelOne(call, order, 'newClientOrderId');
  }

  #cancelOne({ account, params }: Call, order: Order, idName: string): Record<string, unknown> {
    const restriction = params.optionalWord(
      'cancelRestrictions',
      RESTRICTIONS,
      () => new BinanceRefusal(-1145, 'Invalid cancelRestrictions'),
    );
    const cancelId = params.optionalClientId(idName) ?? this.#room.random.text(22);
    const isUntouched = order.filledLots === 0;
    if (restriction !== undefined && isUntouched !== (restriction === 'ONLY_NEW'))
      throw new BinanceRefusal(-2011, 'Order was not canceled due to cancel restrictions.');
    this.#names.cancelledBy(order, cancelId);
    const { order: cancelled } = done(this.#room.exchange.cancel(account, order));
    return cancelledAnswer(cancelled, cancelId);
  }

  #cancelAll({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const open = this.#room.exchange.openOrders(account, market);
    if (open.length === 0) throw refusals.unknownOrder();
    const cancelIds = new Map(open.map((order) => [order.number, this.#room.random.text(22)]));
    for (const order of open) this.#names.cancelledBy(order, cancelIds.get(order.number) ?? '');
    return this.#room.exchange.cancelAll(account, market).map((order) => cancelledAnswer(order, cancelIds.get(order.number) ?? ''));
  }

  /** The cancel goes first; the new order's filters are read before it, so that a malformed one cancels nothing. */
  #cancelReplace(call: Call): unknown {
    const { account, params } = call;
    const market = marketOf(this.#room, params);
    const mode = params.word('cancelReplaceMode', REPLACE_MODES);
    if (!params.has('cancelOrderId') && !params.has('cancelOrigClientOrderId'))
      throw refusals.oneOf('cancelOrigClientOrderId', 'cancelOrderId');
    const { request, answerKind } = readSpotOrder(this.#room, market, params);
    const cancel = attempt(() => {
      const order = this.#open(call, market, 'cancelOrderId', 'cancelOrigClientOrderId');
      return this.#cancelOne(call, order, 'cancelNewClientOrderId');
    });
    if (!cancel.ok && mode === 'STOP_ON_FAILURE') {
      throw replaceFailed(400, -2022, 'Order cancel-replace failed.', {
        cancelResult: 'FAILURE',
        newOrderResult: 'NOT_ATTEMPTED',
        cancelResponse: cancel.body,
        newOrderResponse: null,
      });
    }
    const placed = attempt(() => {
      const { order, fills } = done(this.#room.exchange.place(account, request));
      return placedAnswer(order, fills, answerKind);
    });
    const answer = {
      cancelResult: cancel.ok ? 'SUCCESS' : 'FAILURE',
      newOrderResult: placed.ok ? 'SUCCESS' : 'FAILURE',
      cancelResponse: cancel.body,
      newOrderResponse: placed.body,
    };
    if (cancel.ok && placed.ok) return answer;
    if (!cancel.ok && !placed.ok) throw replaceFailed(400, -2022, 'Order cancel-replace failed.', answer);
    throw replaceFailed(409, -2021, 'Order cancel-replace partially failed.', answer);
  }

  #amend(call: Call): unknown {
    const { account, params } = call;
    const market = marketOf(this.#room, params);
    const order = this.#named(call, market, 'orderId', 'origClientOrderId');
    if (order === undefined || !isOpen(order)) throw new BinanceRefusal(-2013, 'Order does not exist.');
    const lots = lotsOf(market, params.decimal('newQty'));
    const terms = this.#room.exchange.terms(market);
    if (lots === null || lots < terms.minLots) throw refusals.filter('LOT_SIZE');
    if (lots === order.lots) throw new BinanceRefusal(-2038, 'The requested action would change no state; rejecting.');
    if (lots > order.lots) throw new BinanceRefusal(-2038, 'Order amend (quantity increase) is not supported.');
    if (this.#room.exchange.valueOf(market, lots, order.ticks ?? 0) < terms.minNotional) throw refusals.filter('NOTIONAL');
    const previous = order.clientId;
    const clientId = params.optionalClientId('newClientOrderId') ?? this.#room.random.text(22);
    this.#names.renamed(order, previous);
    const { order: amended } = done(this.#room.exchange.amend(account, order, { lots, clientId }));
    return amendedAnswer(amended, previous, amended.amendments);
  }

  #openOrders({ account, params }: Call): unknown {
    return this.#room.exchange.openOrders(account, optionalMarket(this.#room, params)).map(queriedOrder);
  }

  #allOrders({ account, params }: Call): unknown {
    const fromId = params.optionalInteger('orderId');
    const span = times(params, ONE_DAY);
    // From a start on, the first ones: a client goes on from the last one it got.
    const query = { market: marketOf(this.#room, params), limit: params.limit(500, 1_000), ...span, oldest: span.fromUs !== undefined };
    return this.#room.exchange.orders(account, fromId === undefined ? query : { ...query, fromId }).map(queriedOrder);
  }

  #trades({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const orderNumber = params.optionalInteger('orderId');
    const fromId = params.optionalInteger('fromId');
    const span = times(params, ONE_DAY);
    const limit = params.limit(500, 1_000);
    // Trade ids are the market's: the exchange's own cursor counts across markets.
    const fills = this.#room.exchange
      .fills(account, { market, ...span, ...(orderNumber === undefined ? {} : { orderNumber }) })
      .filter((fill) => fromId === undefined || fill.tradeId >= fromId);
    const isFromStart = fromId !== undefined || span.fromUs !== undefined;
    return (isFromStart ? fills.slice(0, limit) : fills.slice(-limit)).map(ownTrade);
  }

  /** By either id; with both, the venue's own counts, and the client's must be right for it. */
  #named({ account, params }: Call, market: Market, idName: string, clientName: string): Order | undefined {
    const number = params.optionalInteger(idName);
    const clientId = params.optionalClientId(clientName);
    if (number === undefined && clientId === undefined) throw refusals.oneOf(clientName, idName);
    const { exchange } = this.#room;
    if (number === undefined) return clientId === undefined ? undefined : exchange.find(account, { clientId }, market);
    const order = exchange.find(account, { number }, market);
    if (order !== undefined && clientId !== undefined && order.clientId !== clientId) throw refusals.wrongClientId();
    return order;
  }

  #open(call: Call, market: Market, idName: string, clientName: string): Order {
    const order = this.#named(call, market, idName, clientName);
    if (order === undefined || !isOpen(order)) throw refusals.unknownOrder();
    return order;
  }
}

function testWeight(params: BinanceParams): number {
  return params.raw('computeCommissionRates') === 'true' ? 20 : 1;
}

export const NO_DISCOUNT = { enabledForAccount: false, enabledForSymbol: false, discountAsset: null, discount: '0.00000000' };

export function rateText(rate: string): string {
  const [whole = '0', fraction = ''] = rate.split('.');
  return `${whole}.${fraction.padEnd(8, '0')}`;
}

function done(placed: Placed): Extract<Placed, { ok: true }> {
  if (!placed.ok) throw spotRefusal(placed.refusal);
  return placed;
}

type Attempt = { readonly ok: boolean; readonly body: Record<string, unknown> };

function attempt(run: () => Record<string, unknown>): Attempt {
  try {
    return { ok: true, body: run() };
  } catch (error) {
    if (error instanceof BinanceRefusal) return { ok: false, body: error.body() };
    throw error;
  }
}

function replaceFailed(status: number, code: number, text: string, data: unknown): BinanceRefusal {
  return new BinanceRefusal(code, text, status, data);
}

export function spotRefusal(refusal: Refusal): BinanceRefusal {
  switch (refusal.reason) {
    case 'duplicate-client-id':
      return new BinanceRefusal(-2010, 'Duplicate order sent.');
    case 'too-many-orders':
      return refusals.filter('MAX_NUM_ORDERS');
    case 'insufficient-balance':
    case 'insufficient-margin':
      return new BinanceRefusal(-2010, 'Account has insufficient balance for requested action.');
    case 'would-take':
      return new BinanceRefusal(-2010, 'Order would immediately match and take.');
    case 'no-liquidity':
      return new BinanceRefusal(-2010, 'Order book liquidity is less than symbol minimum quantity.');
    case 'quote-too-small':
      return refusals.filter('LOT_SIZE');
    case 'unknown-order':
      return refusals.unknownOrder();
    case 'nothing-to-change':
    case 'below-filled':
      return new BinanceRefusal(-2038, 'The requested action would change no state; rejecting.');
    default:
      return new BinanceRefusal(-1014, 'Unsupported order combination.');
  }
}
