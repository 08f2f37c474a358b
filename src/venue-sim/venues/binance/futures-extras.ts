/**
 * Seldom asked paths of USD-M and COIN-M: what amendments changed, conditional (algo) orders, which are refused and therefore never listed, the trading rules'
 * indicators, fees in BNB. Documents of 2026-11. Called through `BinanceTrading` after the request was authenticated.
 */
import { wantsDiscount, wishDiscount } from '../../exchange/fee-discount.js';
import type { Amendment, Amendments } from './amendments.js';
import { milliseconds } from './amounts.js';
import { pairOf } from './dialect.js';
import type { FuturesFamily } from './futures-texts.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { fixed, marketOf, optionalMarket, type Call, type Route, type TradingRoom } from './route.js';

const CANCELLED_ALL = { code: 200, msg: 'The operation of cancel all open order is done.' };

export class FuturesExtras {
  readonly #room: TradingRoom;
  readonly #family: FuturesFamily;
  readonly #amendments: Amendments;

  constructor(room: TradingRoom, family: FuturesFamily, amendments: Amendments) {
    this.#room = room;
    this.#family = family;
    this.#amendments = amendments;
  }

  routes(root: string): [string, Route][] {
    const read = { security: 'read', op: 'query' } as const;
    const trade = { security: 'trade', weight: fixed(1) } as const;
    const routes: [string, Route][] = [
      [`GET ${root}/orderAmendment`, { ...read, weight: fixed(1), answer: (call) => this.#amended(call) }],
      [`POST ${root}/algoOrder`, { ...trade, op: 'place', answer: unsupported }],
      [`DELETE ${root}/algoOrder`, { ...trade, op: 'cancel', answer: noOrder }],
      [`GET ${root}/algoOrder`, { ...read, weight: fixed(1), answer: noOrder }],
      [`GET ${root}/openAlgoOrders`, { ...read, weight: fixed(1), answer: (call) => this.#none(call) }],
      [`GET ${root}/allAlgoOrders`, { ...read, weight: fixed(5), answer: (call) => this.#none(call) }],
      [`DELETE ${root}/algoOpenOrders`, { ...trade, op: 'cancel-all', answer: (call) => ({ ...CANCELLED_ALL, ...this.#known(call) }) }],
    ];
    if (this.#family === 'coinm') return routes;
    return [
      ...routes,
      [
        `GET ${root}/apiTradingStatus`,
        { ...read, weight: fixed(10), answer: ({ nowUs }) => ({ indicators: {}, updateTime: milliseconds(nowUs) }) },
      ],
      [
        `GET ${root}/feeBurn`,
        {
          ...read,
          weight: fixed(30),
          answer: ({ account }) => ({ feeBurn: wantsDiscount(this.#room.exchange.notes, 'futures', account) }),
        },
      ],
      [`POST ${root}/feeBurn`, { ...trade, op: 'fees', answer: (call) => this.#setFeeBurn(call) }],
    ];
  }

  /** Newest first. */
  #amended({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const number = params.optionalInteger('orderId');
    const clientId = params.optionalClientId('origClientOrderId');
    if (number === undefined && clientId === undefined) throw refusals.oneOf('orderId', 'origClientOrderId');
    const name = number === undefined ? { clientId: clientId ?? '' } : { number };
    const order = this.#room.exchange.find(account, name, market);
    if (order === undefined) throw refusals.noSuchOrder();
    return this.#amendments.of(order).toReversed().slice(0, params.limit(50, 100)).map(amendmentText);
  }

  #none({ params }: Call): unknown[] {
    optionalMarket(this.#room, params);
    return [];
  }

  #known({ params }: Call): object {
    marketOf(this.#room, params);
    return {};
  }

  #setFeeBurn({ account, params }: Call): unknown {
    params.text('feeBurn');
    wishDiscount(this.#room.exchange.notes, 'futures', account, params.optionalBoolean('feeBurn') === true);
    return { code: 200, msg: 'success' };
  }
}

function noOrder(): never {
  throw refusals.noSuchOrder();
}

function unsupported(): never {
  throw new BinanceRefusal(-1020, 'This operation is not supported.');
}

function amendmentText({ id, count, before, after }: Amendment): Record<string, unknown> {
  const { market } = after;
  return {
    amendmentId: id,
    symbol: market.spec.symbol,
    pair: pairOf(market),
    orderId: after.number,
    clientOrderId: after.clientId,
    time: milliseconds(after.updatedUs),
    amendment: {
      price: { before: market.priceText(before.ticks ?? 0), after: market.priceText(after.ticks ?? 0) },
      origQty: { before: market.qtyText(before.lots), after: market.qtyText(after.lots) },
      count,
    },
    priceMatch: after.extra['match'] ?? 'NONE',
  };
}
