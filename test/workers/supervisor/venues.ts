/** Orders placed at simulated venues by a few lines of each venue's own protocol, for tests of who cancels them. */
import { createHmac } from 'node:crypto';
import type { SteppedVenue } from '../../venue-sim/support/stepped-venue.js';

const sign = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');

async function json(url: string, init: RequestInit = {}): Promise<unknown> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as unknown;
}

const field = (value: unknown, ...keys: (string | number)[]): string =>
  String(keys.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value));

export type Place = (venue: SteppedVenue, clientId: string) => Promise<void>;

function binance(path: string, symbol: string, quantity: string, decimals: number): Place {
  return async (venue, clientId) => {
    const ticker = await json(`${venue.rest}${path}/ticker/bookTicker?symbol=${symbol}`);
    const bid = Number(Array.isArray(ticker) ? field(ticker, 0, 'bidPrice') : field(ticker, 'bidPrice'));
    const text = new URLSearchParams({
      symbol,
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity,
      price: (bid * 0.96).toFixed(decimals),
      newClientOrderId: clientId,
      timestamp: String(Math.floor(venue.venue.world.nowUs / 1000)),
    }).toString();
    const headers = { 'x-mbx-apikey': venue.apiKey, 'content-type': 'application/x-www-form-urlencoded' };
    await json(`${venue.rest}${path}/order`, { method: 'POST', headers, body: `${text}&signature=${sign(venue.secret, text)}` });
  };
}

function bybit(category: string, symbol: string, qty: string, decimals: number): Place {
  return async (venue, clientId) => {
    const ticker = await json(`${venue.rest}/v5/market/tickers?category=${category}&symbol=${symbol}`);
    const bid = Number(field(ticker, 'result', 'list', 0, 'bid1Price'));
    const order = { category, symbol, side: 'Buy', orderType: 'Limit', qty, price: (bid * 0.96).toFixed(decimals), orderLinkId: clientId };
    const body = JSON.stringify(order);
    const time = String(Math.floor(venue.venue.world.nowUs / 1000));
    const headers = {
      'content-type': 'application/json',
      'x-bapi-api-key': venue.apiKey,
      'x-bapi-timestamp': time,
      'x-bapi-recv-window': '5000',
      'x-bapi-sign': sign(venue.secret, `${time}${venue.apiKey}5000${body}`),
    };
    const answer = await json(`${venue.rest}/v5/order/create`, { method: 'POST', headers, body });
    if (field(answer, 'retCode') !== '0') throw new Error(JSON.stringify(answer));
  };
}

function bitmex(symbol: string, orderQty: number): Place {
  return async (venue, clientId) => {
    const quotes = await json(`${venue.rest}/api/v1/quote?symbol=${symbol}&count=1&reverse=true`);
    const price = Math.round(Number(field(quotes, 0, 'bidPrice')) * 0.96);
    const body = JSON.stringify({ symbol, side: 'Buy', orderQty, price, clOrdID: clientId, ordType: 'Limit' });
    const expires = String(Math.floor(venue.venue.world.nowUs / 1e6) + 60);
    const headers = {
      'content-type': 'application/json',
      'api-key': venue.apiKey,
      'api-expires': expires,
      'api-signature': sign(venue.secret, `POST/api/v1/order${expires}${body}`),
    };
    await json(`${venue.rest}/api/v1/order`, { method: 'POST', headers, body });
  };
}

/** By venue: how an order is placed at each of its markets. */
export const PLACES = {
  'binance-spot': [binance('/api/v3', 'BTCUSDT', '0.01', 2), binance('/api/v3', 'ETHUSDT', '0.1', 2)],
  'binance-usdm': [binance('/fapi/v1', 'BTCUSDT', '0.01', 1)],
  'binance-coinm': [binance('/dapi/v1', 'BTCUSD_PERP', '1', 1)],
  bybit: [bybit('linear', 'BTCUSDT', '0.01', 1), bybit('inverse', 'BTCUSD', '10', 1), bybit('spot', 'BTCUSDT', '0.01', 1)],
  bitmex: [bitmex('XBTUSD', 100)],
} as const;

/** Client ids of all orders of our account that stand at the venue itself. */
export function standing({ apiKey, venue }: SteppedVenue): string[] {
  const { exchange } = venue.venue;
  const account = exchange.keyOf(apiKey)?.account;
  if (account === undefined) throw new Error('the test key is not known');
  return exchange.openOrders(account).map((order) => order.clientId);
}
