/** What differs between the three Binance venues, and the answers they share. Read by the REST and stream halves. */
import type { HttpReply } from '../../../core/ports/http.js';
import type { Market } from '../../market/market.js';
import type { VenueId } from '../../market/spec.js';
import type { OrderLimit } from './rate-limits.js';
import { jsonReply } from '../protocol.js';

export interface BinanceDialect {
  readonly id: VenueId;
  readonly family: 'spot' | 'usdm' | 'coinm';
  /** `/api/v3` and the like. */
  readonly root: string;
  /** Older names of the same paths. */
  readonly aliases: readonly string[];
  /** Request weight per minute and address. */
  readonly weightPerMinute: number;
  /** New orders per account. */
  readonly orderLimits: readonly OrderLimit[];
  readonly depthLimits: readonly number[] | null;
  readonly defaultDepth: number;
  readonly maxDepth: number;
  readonly defaultTrades: number;
  /** Servers ping this often and close when no pong came in time (VENUES.md 4 and 5). */
  readonly pingEverySeconds: number;
  readonly pongWithinSeconds: number;
  /** Messages (pings and pongs apart) a client may send per second before it is cut. */
  readonly messagesPerSecond: number;
  /** Period of the depth stream by its suffix; '' is the bare `@depth`. */
  readonly depthPeriodsMs: Readonly<Record<string, number>>;
  /** The path groups of sockets: which streams a connection of this path may carry. Null: there is no such path. */
  groupOf(path: string): ((stream: string) => boolean) | null;
  /** `showsPermissions` is spot's alone. */
  exchangeInfo(markets: readonly Market[], nowMs: number, showsPermissions?: boolean): string;
  /** Whether a connection of this path may carry an account's events. */
  carriesPrivate(path: string): boolean;
}

export function binanceError(status: number, code: number, message: string): HttpReply {
  return jsonReply(status, JSON.stringify({ code, msg: message }));
}

export const INVALID_SYMBOL = binanceError(400, -1121, 'Invalid symbol.');
export const INVALID_TIME_UNIT = binanceError(400, -1194, 'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.');
export const INVALID_INTERVAL = binanceError(400, -1120, 'Invalid interval.');

/** What spot lets a symbol be made of, as it says it: capital letters, digits and three signs (reports of 2026). Futures only say that there is none. */
export const SYMBOL_RANGE = String.raw`^[\w\-._&&[^a-z]]{1,50}$`;
const SYMBOLS_RANGE = String.raw`^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$`;
const SYMBOL = /^[A-Z0-9_.-]{1,50}$/;

export function isSymbolText(text: string): boolean {
  return SYMBOL.test(text);
}

export function unknownSymbol(family: BinanceDialect['family'], name: string | undefined): HttpReply {
  if (family !== 'spot' || name === undefined || isSymbolText(name)) return INVALID_SYMBOL;
  return binanceError(400, -1100, `Illegal characters found in parameter 'symbol'; legal range is '${SYMBOL_RANGE}'.`);
}

export function malformedSymbols(): HttpReply {
  return binanceError(400, -1100, `Illegal characters found in parameter 'symbols'; legal range is '${SYMBOLS_RANGE}'.`);
}

export function missingParameter(name: string): HttpReply {
  return binanceError(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

export function malformedParameter(name: string): HttpReply {
  return binanceError(400, -1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`);
}

export function unknownPath(dialect: BinanceDialect, method: string, path: string): HttpReply {
  if (dialect.family === 'spot')
    return { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><body><h2>404 Not found</h2></body></html>\n' };
  return binanceError(404, -5000, `Path ${path}, Method ${method} is invalid`);
}

export function wrongMethod(): HttpReply {
  return binanceError(405, -1000, 'Request method not supported');
}

/** The pair that futures messages name beside the symbol: BTCUSD of BTCUSD_PERP. */
export function pairOf(market: Market): string {
  return market.spec.symbol.split('_')[0] ?? market.spec.symbol;
}

/** Null when it is no whole number; more than the venue gives is cut to what it gives. */
export function limitOf(params: ReadonlyMap<string, string>, standard: number, most: number): number | null {
  const text = params.get('limit');
  if (text === undefined) return standard;
  if (!/^[0-9]{1,20}$/.test(text)) return null;
  return Math.max(1, Math.min(most, Number(text)));
}
