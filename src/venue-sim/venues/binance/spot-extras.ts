/**
 * Seldom asked paths of Binance spot: what amendments changed, order lists, prevented matches and allocations (there are none), and the wallet paths of `sapi`
 * whose lists stay empty because nothing is moved in or out. Documents of 2026-11. Called through `BinanceTrading` after the request was authenticated.
 */
import type { Amendments } from './amendments.js';
import { milliseconds, moneyText } from './amounts.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { fixed, marketOf, type Call, type Route, type TradingRoom } from './route.js';

const ROOT = '/api/v3';
const SAPI = '/sapi/v1';
const READ = { security: 'read', op: 'query' } as const;
const STRETCH = ['startTime', 'endTime', 'fromId', 'limit'] as const;

/** Order lists by the end of their path; `exchangeInfo` says that no symbol has them. */
const ORDER_LISTS = [
  ['order/oco', 'OCO'],
  ['orderList/oco', 'OCO'],
  ['orderList/oto', 'OTO'],
  ['orderList/otoco', 'OTO'],
  ['orderList/opo', 'OPO'],
  ['orderList/opoco', 'OPO'],
] as const;
const TRADE = { security: 'trade', weight: fixed(1) } as const;

export function spotExtras(room: TradingRoom, amendments: Amendments): [string, Route][] {
  const ofSymbol = (call: Call): unknown[] => {
    marketOf(room, call.params);
    return [];
  };
  return [
    [
      `GET ${ROOT}/order/amendments`,
      {
        ...READ,
        weight: fixed(4),
        reads: ['symbol', 'orderId', 'fromExecutionId', 'limit'],
        answer: (call) => amended(room, amendments, call),
      },
    ],
    ...ORDER_LISTS.flatMap(([path, kind]): [string, Route][] => [
      [
        `POST ${ROOT}/${path}`,
        { ...TRADE, op: 'place', answer: (call) => notSupported(room, call, `${kind} orders are not supported for this symbol`) },
      ],
    ]),
    ...['sor/order', 'sor/order/test'].map((path): [string, Route] => [
      `POST ${ROOT}/${path}`,
      { ...TRADE, op: 'place', answer: (call) => notSupported(room, call, 'SOR is not supported for this symbol.') },
    ]),
    [
      `GET ${ROOT}/orderList`,
      {
        ...READ,
        weight: fixed(4),
        reads: ['orderListId', 'origClientOrderId'],
        answer: (call) => {
          oneOfLists(call, 'origClientOrderId', 'orderListId');
          throw refusals.noSuchOrder();
        },
      },
    ],
    [
      `DELETE ${ROOT}/orderList`,
      {
        ...TRADE,
        reads: ['symbol', 'orderListId', 'listClientOrderId', 'newClientOrderId'],
        op: 'cancel',
        answer: (call) => {
          marketOf(room, call.params);
          oneOfLists(call, 'orderListId', 'listClientOrderId');
          throw new BinanceRefusal(-2011, 'Unknown order list sent.');
        },
      },
    ],
    [`GET ${ROOT}/myFilters`, { ...READ, weight: fixed(40), reads: ['symbol'], answer: (call) => ownFilters(room, call) }],
    [`GET ${ROOT}/openOrderList`, { ...READ, weight: fixed(6), reads: [], answer: () => [] }],
    [`GET ${ROOT}/allOrderList`, { ...READ, weight: fixed(20), reads: STRETCH, answer: () => [] }],
    [
      `GET ${ROOT}/myPreventedMatches`,
      {
        ...READ,
        weight: fixed(2),
        reads: ['symbol', 'preventedMatchId', 'orderId', 'fromPreventedMatchId', 'limit'],
        answer: ofSymbol,
      },
    ],
    [
      `GET ${ROOT}/myAllocations`,
      { ...READ, weight: fixed(20), reads: ['symbol', 'startTime', 'endTime', 'fromAllocationId', 'limit', 'orderId'], answer: ofSymbol },
    ],
  ];
}

/** On every host that `sapi` is asked at. */
export function sapiExtras(room: TradingRoom): [string, Route][] {
  const read = (weight: number, answer: (call: Call) => unknown): Route => ({ ...READ, weight: fixed(weight), answer });
  return [
    ['POST /sapi/v3/asset/getUserAsset', read(5, (call) => userAssets(room, call))],
    [`POST ${SAPI}/asset/get-funding-asset`, read(1, () => [])],
    [`GET ${SAPI}/asset/assetDetail`, read(1, () => assetDetails(room))],
    [`GET ${SAPI}/asset/transfer`, read(1, () => ({ total: 0, rows: [] }))],
    [`GET ${SAPI}/capital/deposit/hisrec`, read(1, () => [])],
    [`GET ${SAPI}/capital/withdraw/history`, read(1, () => [])],
  ];
}

function notSupported(room: TradingRoom, { params }: Call, text: string): never {
  marketOf(room, params);
  throw new BinanceRefusal(-1013, text);
}

function oneOfLists({ params }: Call, one: string, other: string): void {
  if (params.optional(one) === undefined && params.optional(other) === undefined) throw refusals.oneOf(one, other);
}

/** Filters that hold for this account beyond those of `exchangeInfo`: none. */
function ownFilters(room: TradingRoom, { params }: Call): unknown {
  marketOf(room, params);
  return { exchangeFilters: [], symbolFilters: [], assetFilters: [] };
}

function amended(room: TradingRoom, amendments: Amendments, { account, params }: Call): unknown {
  const market = marketOf(room, params);
  const order = room.exchange.find(account, { number: params.integer('orderId') }, market);
  if (order === undefined) throw refusals.noSuchOrder();
  const from = params.optionalInteger('fromExecutionId') ?? 0;
  return amendments
    .of(order)
    .filter(({ count }) => count >= from)
    .slice(0, params.limit(500, 1_000))
    .map(({ count, before, after }) => ({
      symbol: market.spec.symbol,
      orderId: order.number,
      executionId: count,
      origClientOrderId: before.clientId,
      newClientOrderId: after.clientId,
      origQty: market.qtyText(before.lots),
      newQty: market.qtyText(after.lots),
      time: milliseconds(after.updatedUs),
    }));
}

function userAssets(room: TradingRoom, { account, params }: Call): unknown {
  const wanted = params.optional('asset');
  return room.exchange
    .wallets(account)
    .filter((wallet) => (wanted === undefined ? wallet.total !== 0n : wallet.terms.asset === wanted))
    .map((wallet) => ({
      asset: wallet.terms.asset,
      free: moneyText(wallet.total - wallet.locked, wallet.terms),
      locked: moneyText(wallet.locked, wallet.terms),
      freeze: '0',
      withdrawing: '0',
      ipoable: '0',
      btcValuation: '0',
    }));
}

function assetDetails(room: TradingRoom): unknown {
  const detail = { minWithdrawAmount: '0', depositStatus: false, withdrawFee: 0, withdrawStatus: false };
  return Object.fromEntries(room.exchange.assets.map(({ asset }) => [asset, detail]));
}
