/**
 * What the request sockets of the three Binance venues call the REST paths: methods of the documents "WebSocket API", 2026-11. Signed ones are the routes of
 * `BinanceTrading`, public ones the paths of `BinanceRest` below its root. Read by `WsApi` and by `BinanceServer` for the socket's path.
 */
import type { BinanceFamily } from './trading.js';

export interface WsApiNames {
  readonly path: string;
  readonly routes: ReadonlyMap<string, string>;
  readonly publics: ReadonlyMap<string, string>;
}

const SPOT_ROUTES: Readonly<Record<string, string>> = {
  'order.place': 'POST /api/v3/order',
  'order.test': 'POST /api/v3/order/test',
  'order.status': 'GET /api/v3/order',
  'order.cancel': 'DELETE /api/v3/order',
  'order.cancelReplace': 'POST /api/v3/order/cancelReplace',
  'order.amend.keepPriority': 'PUT /api/v3/order/amend/keepPriority',
  'order.amendments': 'GET /api/v3/order/amendments',
  'openOrders.status': 'GET /api/v3/openOrders',
  'openOrders.cancelAll': 'DELETE /api/v3/openOrders',
  'orderList.place': 'POST /api/v3/order/oco',
  'orderList.place.oco': 'POST /api/v3/orderList/oco',
  'orderList.place.oto': 'POST /api/v3/orderList/oto',
  'orderList.place.otoco': 'POST /api/v3/orderList/otoco',
  'orderList.place.opo': 'POST /api/v3/orderList/opo',
  'orderList.place.opoco': 'POST /api/v3/orderList/opoco',
  'orderList.status': 'GET /api/v3/orderList',
  'orderList.cancel': 'DELETE /api/v3/orderList',
  'sor.order.place': 'POST /api/v3/sor/order',
  'sor.order.test': 'POST /api/v3/sor/order/test',
  myFilters: 'GET /api/v3/myFilters',
  'openOrderLists.status': 'GET /api/v3/openOrderList',
  allOrderLists: 'GET /api/v3/allOrderList',
  allOrders: 'GET /api/v3/allOrders',
  myTrades: 'GET /api/v3/myTrades',
  myPreventedMatches: 'GET /api/v3/myPreventedMatches',
  myAllocations: 'GET /api/v3/myAllocations',
  'account.status': 'GET /api/v3/account',
  'account.commission': 'GET /api/v3/account/commission',
  'account.rateLimits.orders': 'GET /api/v3/rateLimit/order',
  'userDataStream.start': 'POST /api/v3/userDataStream',
  'userDataStream.ping': 'PUT /api/v3/userDataStream',
  'userDataStream.stop': 'DELETE /api/v3/userDataStream',
};

const SPOT_PUBLICS: Readonly<Record<string, string>> = {
  ping: 'ping',
  time: 'time',
  exchangeInfo: 'exchangeInfo',
  depth: 'depth',
  'trades.recent': 'trades',
  'trades.historical': 'historicalTrades',
  'trades.aggregate': 'aggTrades',
  klines: 'klines',
  uiKlines: 'uiKlines',
  avgPrice: 'avgPrice',
  ticker: 'ticker',
  'ticker.24hr': 'ticker/24hr',
  'ticker.tradingDay': 'ticker/tradingDay',
  'ticker.price': 'ticker/price',
  'ticker.book': 'ticker/bookTicker',
};

/** Version 1 of an account's methods answers like version 2 of the REST paths, version 2 like version 3. */
const USDM_ROUTES: Readonly<Record<string, string>> = {
  ...futuresRoutes('/fapi/v1'),
  'account.balance': 'GET /fapi/v2/balance',
  'v2/account.balance': 'GET /fapi/v3/balance',
  'account.status': 'GET /fapi/v2/account',
  'v2/account.status': 'GET /fapi/v3/account',
  'account.position': 'GET /fapi/v2/positionRisk',
  'v2/account.position': 'GET /fapi/v3/positionRisk',
};

const COINM_ROUTES: Readonly<Record<string, string>> = {
  ...futuresRoutes('/dapi/v1'),
  'account.balance': 'GET /dapi/v1/balance',
  'account.status': 'GET /dapi/v1/account',
  'account.position': 'GET /dapi/v1/positionRisk',
};

const COINM_PUBLICS: Readonly<Record<string, string>> = { ping: 'ping', time: 'time' };

const USDM_PUBLICS: Readonly<Record<string, string>> = {
  ...COINM_PUBLICS,
  depth: 'depth',
  'ticker.price': 'ticker/price',
  'ticker.book': 'ticker/bookTicker',
};

export const WS_API_NAMES: Readonly<Record<BinanceFamily, WsApiNames>> = {
  spot: names('/ws-api/v3', SPOT_ROUTES, SPOT_PUBLICS),
  usdm: names('/ws-fapi/v1', USDM_ROUTES, USDM_PUBLICS),
  coinm: names('/ws-dapi/v1', COINM_ROUTES, COINM_PUBLICS),
};

function futuresRoutes(root: string): Record<string, string> {
  return {
    'order.place': `POST ${root}/order`,
    'order.modify': `PUT ${root}/order`,
    'order.status': `GET ${root}/order`,
    'order.cancel': `DELETE ${root}/order`,
    'algoOrder.place': `POST ${root}/algoOrder`,
    'algoOrder.cancel': `DELETE ${root}/algoOrder`,
    'userDataStream.start': `POST ${root}/listenKey`,
    'userDataStream.ping': `PUT ${root}/listenKey`,
    'userDataStream.stop': `DELETE ${root}/listenKey`,
  };
}

function names(path: string, routes: Readonly<Record<string, string>>, publics: Readonly<Record<string, string>>): WsApiNames {
  return { path, routes: new Map(Object.entries(routes)), publics: new Map(Object.entries(publics)) };
}
