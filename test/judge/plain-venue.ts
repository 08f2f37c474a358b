/**
 * An account at a venue as a few lists, and its signed REST in the words of Binance, Bybit or BitMEX, written from their documents. Nothing trades here: the test
 * writes down what is in the books. An HttpClient, so that no socket is needed.
 */
import { createHmac } from 'node:crypto';
import type { HttpAnswer, HttpClient } from '../../src/core/ports/http.js';

export const KEY = 'key-of-the-judged-account';
export const SECRET = 'secret-of-the-judged-account';

export interface PlainOrder {
  clientId: string;
  id: string;
  symbol: string;
  side: 'buy' | 'sell';
  price: string;
  qty: string;
  filled: string;
  state: 'open' | 'filled' | 'cancelled';
}

export interface PlainTrade {
  id: number;
  orderId: string;
  symbol: string;
  side: 'buy' | 'sell';
  price: string;
  qty: string;
  fee: string;
  feeAsset: string;
  timeMs: number;
}

export interface PlainPosition {
  symbol: string;
  qty: string;
  mark: string;
  unrealised: string;
}

export class PlainVenue implements HttpClient {
  orders: PlainOrder[] = [];
  trades: PlainTrade[] = [];
  wallets = new Map<string, string>();
  positions: PlainPosition[] = [];
  secret = SECRET;
  /** Called with each request's path before it is answered: may change the books, answer instead, or throw. */
  before: (path: string) => HttpAnswer | null = () => null;
  readonly paths: string[] = [];
  skewMs = 0;

  constructor(
    readonly venue: string,
    readonly nowMs: () => number,
  ) {}

  request(method: string, url: string, options?: { readonly headers?: Readonly<Record<string, string>> }): Promise<HttpAnswer> {
    const at = new URL(url);
    const path = at.pathname;
    this.paths.push(path);
    try {
      const instead = this.before(path);
      if (instead !== null) return Promise.resolve(instead);
      if (method !== 'GET') return Promise.resolve(answer(405, {}));
      const headers = options?.headers ?? {};
      if (this.venue === 'bybit') return Promise.resolve(this.#bybit(path, at.search.slice(1), headers));
      if (this.venue === 'bitmex') return Promise.resolve(this.#bitmex(path, at.search, headers));
      return Promise.resolve(this.#binance(path, at.search.slice(1), headers));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): void {
    this.orders = [];
  }

  get #now(): number {
    return this.nowMs() + this.skewMs;
  }

  #mac(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('hex');
  }

  #binance(path: string, query: string, headers: Readonly<Record<string, string>>): HttpAnswer {
    const name = path.split('/').at(-1) ?? '';
    if (name === 'time') return answer(200, { serverTime: this.#now });
    const params = new URLSearchParams(query);
    const signed = query.slice(0, query.lastIndexOf('&signature='));
    if (headers['X-MBX-APIKEY'] !== KEY) return answer(401, { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' });
    if (Math.abs(Number(params.get('timestamp')) - this.#now) > Number(params.get('recvWindow')))
      return answer(400, { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' });
    if (params.get('signature') !== this.#mac(signed))
      return answer(400, { code: -1022, msg: `Signature for this request is not valid: ${KEY}.` });
    switch (name) {
      case 'openOrders':
        return answer(200, this.orders.filter(({ state }) => state === 'open').map(binanceOrder));
      case 'order': {
        const found = this.orders.find(
          (order) =>
            order.symbol === params.get('symbol') &&
            (order.clientId === params.get('origClientOrderId') || order.id === params.get('orderId')),
        );
        return found === undefined ? answer(400, { code: -2013, msg: 'Order does not exist.' }) : answer(200, binanceOrder(found));
      }
      case 'myTrades':
      case 'userTrades': {
        const limit = Number(params.get('limit') ?? 500);
        const all = this.trades.filter(({ symbol }) => symbol === params.get('symbol'));
        const from = params.get('fromId');
        const rows = from === null ? all.slice(-limit) : all.filter(({ id }) => id >= Number(from)).slice(0, limit);
        return answer(
          200,
          rows.map((trade) => ({
            symbol: trade.symbol,
            id: trade.id,
            orderId: Number(trade.orderId),
            price: trade.price,
            qty: trade.qty,
            commission: trade.fee,
            commissionAsset: trade.feeAsset,
            time: trade.timeMs,
            ...(name === 'myTrades' ? { isBuyer: trade.side === 'buy' } : { side: trade.side.toUpperCase() }),
          })),
        );
      }
      case 'account':
        return answer(200, { balances: [...this.wallets].map(([asset, total]) => ({ asset, free: total, locked: '0.00000000' })) });
      case 'balance':
        return answer(
          200,
          [...this.wallets].map(([asset, balance]) => ({ asset, balance, crossUnPnl: '0' })),
        );
      case 'positionRisk':
        return answer(200, [
          ...this.positions.map(({ symbol, qty, mark, unrealised }) => ({
            symbol,
            positionAmt: qty,
            markPrice: mark,
            unRealizedProfit: unrealised,
          })),
          { symbol: 'XRPUSDT', positionAmt: '0.0', markPrice: '1.0', unRealizedProfit: '0.00000000' },
        ]);
    }
    return answer(404, { code: -1, msg: 'not found' });
  }

  #bybit(path: string, query: string, headers: Readonly<Record<string, string>>): HttpAnswer {
    const say = (result: object): HttpAnswer => answer(200, { retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time: this.#now });
    const refuse = (retCode: number, retMsg: string): HttpAnswer => answer(200, { retCode, retMsg, result: {} });
    if (path === '/v5/market/time') return say({ timeSecond: String(Math.floor(this.#now / 1000)), timeNano: `${this.#now}000000` });
    const time = headers['X-BAPI-TIMESTAMP'] ?? '';
    if (headers['X-BAPI-API-KEY'] !== KEY) return refuse(10003, 'API key is invalid.');
    if (Math.abs(Number(time) - this.#now) > Number(headers['X-BAPI-RECV-WINDOW']))
      return refuse(10002, 'invalid request, please check your server timestamp');
    if (headers['X-BAPI-SIGN'] !== this.#mac(`${time}${KEY}${headers['X-BAPI-RECV-WINDOW']}${query}`))
      return refuse(10004, `error sign! origin_string[${time}${KEY}]`);
    const params = new URLSearchParams(query);
    const prefix = `${params.get('category')}:`;
    const symbol = params.get('symbol');
    const here = (own: string): boolean => own.startsWith(prefix) && (symbol === null || own === prefix + symbol);
    const page = (rows: readonly object[]): HttpAnswer => {
      const limit = Number(params.get('limit') ?? 20);
      const from = Number((params.get('cursor') ?? '0%2C0').split('%2C')[0]?.split(',')[0]);
      const next = from + limit;
      return say({
        category: params.get('category'),
        list: rows.slice(from, next),
        nextPageCursor: next < rows.length ? `${next}%2C${rows.length}` : '',
      });
    };
    const orderRow = (order: PlainOrder): object => ({
      symbol: order.symbol.slice(prefix.length),
      orderId: order.id,
      orderLinkId: order.clientId,
      side: order.side === 'buy' ? 'Buy' : 'Sell',
      price: order.price,
      qty: order.qty,
      cumExecQty: order.filled,
      orderStatus:
        order.state === 'open' ? (Number(order.filled) > 0 ? 'PartiallyFilled' : 'New') : order.state === 'filled' ? 'Filled' : 'Cancelled',
    });
    const byLink = (isOpen: boolean): readonly PlainOrder[] =>
      this.orders.filter(
        (order) => here(order.symbol) && (order.state === 'open') === isOpen && [null, order.clientId].includes(params.get('orderLinkId')),
      );
    switch (path) {
      case '/v5/order/realtime':
        return page(byLink(true).map(orderRow));
      case '/v5/order/history':
        return page(byLink(false).map(orderRow));
      case '/v5/execution/list': {
        const start = Number(params.get('startTime'));
        const end = Number(params.get('endTime') ?? start + 7 * 86_400_000);
        const rows = this.trades.filter((trade) => here(trade.symbol) && trade.timeMs >= start && trade.timeMs <= end).toReversed();
        const funding = {
          symbol: symbol,
          execId: 'f',
          execType: 'Funding',
          execTime: String(start),
          execFee: '1',
          side: 'Buy',
          orderId: '',
          orderLinkId: '',
        };
        return page([
          ...rows.map((trade) => ({
            symbol: trade.symbol.slice(prefix.length),
            execId: `e-${trade.id}`,
            execType: 'Trade',
            execTime: String(trade.timeMs),
            execPrice: trade.price,
            execQty: trade.qty,
            execFee: trade.fee,
            feeCurrency: trade.feeAsset,
            side: trade.side === 'buy' ? 'Buy' : 'Sell',
            orderId: trade.orderId,
            orderLinkId: this.orders.find(({ id }) => id === trade.orderId)?.clientId ?? '',
          })),
          funding,
        ]);
      }
      case '/v5/account/wallet-balance':
        return say({
          list: [{ accountType: 'UNIFIED', coin: [...this.wallets].map(([coin, walletBalance]) => ({ coin, walletBalance })) }],
        });
      case '/v5/position/list':
        return page(
          this.positions
            .filter((position) => here(position.symbol))
            .map(({ symbol: own, qty, mark, unrealised }) => ({
              symbol: own.slice(prefix.length),
              side: qty.startsWith('-') ? 'Sell' : 'Buy',
              size: qty.replace('-', ''),
              markPrice: mark,
              unrealisedPnl: unrealised,
            })),
        );
    }
    return answer(404, {});
  }

  #bitmex(path: string, search: string, headers: Readonly<Record<string, string>>): HttpAnswer {
    const refuse = (status: number, message: string): HttpAnswer => answer(status, { error: { message, name: 'HTTPError' } });
    if (path === '/api/v1') return answer(200, { name: 'BitMEX API', version: '1.2.0', timestamp: this.#now });
    const expires = headers['api-expires'] ?? '';
    if (headers['api-key'] !== KEY) return refuse(401, 'Invalid API Key.');
    if (Number(expires) * 1000 < this.#now || Number(expires) * 1000 > this.#now + 3_600_000)
      return refuse(401, `This request has expired - \`expires\` is in the past.`);
    if (headers['api-signature'] !== this.#mac(`GET${path}${search}${expires}`)) return refuse(401, 'Signature not valid.');
    const params = new URLSearchParams(search);
    const filter = JSON.parse(params.get('filter') ?? '{}') as { open?: boolean; clOrdID?: string };
    const page = (rows: readonly object[]): HttpAnswer => {
      const start = Number(params.get('start') ?? 0);
      return answer(200, rows.slice(start, start + Number(params.get('count') ?? 100)));
    };
    switch (path.slice('/api/v1'.length)) {
      case '/order':
        return page(
          this.orders
            .filter((order) => (filter.open !== true || order.state === 'open') && [undefined, order.clientId].includes(filter.clOrdID))
            .map((order) => ({
              orderID: order.id,
              clOrdID: order.clientId,
              symbol: order.symbol,
              side: order.side === 'buy' ? 'Buy' : 'Sell',
              orderQty: Number(order.qty),
              price: Number(order.price),
              cumQty: Number(order.filled),
              ordStatus:
                order.state === 'open'
                  ? Number(order.filled) > 0
                    ? 'PartiallyFilled'
                    : 'New'
                  : order.state === 'filled'
                    ? 'Filled'
                    : 'Canceled',
            })),
        );
      case '/execution/tradeHistory': {
        const from = Date.parse(params.get('startTime') ?? '');
        return page(
          this.trades
            .filter(({ timeMs }) => timeMs >= from)
            .map((trade) => ({
              execID: `x-${trade.id}`,
              trdMatchID: `t-${trade.id}`,
              orderID: trade.orderId,
              clOrdID: this.orders.find(({ id }) => id === trade.orderId)?.clientId ?? '',
              symbol: trade.symbol,
              side: trade.side === 'buy' ? 'Buy' : 'Sell',
              lastQty: Number(trade.qty),
              lastPx: Number(trade.price),
              execType: 'Trade',
              execComm: satoshi(trade.fee),
              settlCurrency: 'XBt',
              timestamp: new Date(trade.timeMs).toISOString(),
            })),
        );
      }
      case '/user/margin':
        return answer(
          200,
          [...this.wallets].map(([, total]) => ({ currency: 'XBt', walletBalance: satoshi(total) })),
        );
      case '/position':
        return answer(200, [
          ...this.positions.map(({ symbol, qty, mark, unrealised }) => ({
            symbol,
            currency: 'XBt',
            currentQty: Number(qty),
            markPrice: Number(mark),
            unrealisedPnl: satoshi(unrealised),
          })),
          { symbol: 'ETHUSD', currency: 'XBt', currentQty: 0, markPrice: null, unrealisedPnl: 0 },
        ]);
    }
    return refuse(404, 'Not Found');
  }
}

export function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers, text: JSON.stringify(body) };
}

function binanceOrder(order: PlainOrder): object {
  return {
    symbol: order.symbol,
    orderId: Number(order.id),
    clientOrderId: order.clientId,
    price: order.price,
    origQty: order.qty,
    executedQty: order.filled,
    status:
      order.state === 'open' ? (Number(order.filled) > 0 ? 'PARTIALLY_FILLED' : 'NEW') : order.state === 'filled' ? 'FILLED' : 'CANCELED',
    side: order.side.toUpperCase(),
  };
}

function satoshi(text: string): number {
  return Math.round(Number(text) * 1e8);
}
