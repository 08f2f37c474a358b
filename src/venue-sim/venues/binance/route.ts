/** What the trading halves of the three Binance venues declare for each request they answer, by REST path and method or by method of the request socket. */
import type { Account, ApiKey, Exchange, FaultGate, Operation } from '../../exchange/contract.js';
import type { FlowRandom } from '../../flow/random.js';
import type { Market } from '../../market/market.js';
import type { Security } from './authentication.js';
import type { OrderCosts } from './rate-limits.js';
import { SYMBOL_RANGE, isSymbolText } from './dialect.js';
import { refusals } from './refusal.js';
import type { BinanceParams } from './request.js';

/** A request after its key, time and signature were checked. */
export interface Call {
  readonly account: Account;
  readonly key: ApiKey;
  readonly params: BinanceParams;
  readonly nowUs: number;
}

export interface Route {
  readonly security: Security;
  readonly weight: (params: BinanceParams) => number;
  /** New orders it counts for. */
  readonly orders?: (params: BinanceParams) => OrderCosts;
  /** Names of the parameters it reads; others are refused. Absent: unknown ones are passed over, as on futures. */
  readonly reads?: readonly string[];
  /** What faults match on. */
  readonly op: Operation['op'];
  /** The answer's body, before it becomes JSON text. */
  readonly answer: (call: Call) => unknown;
}

/** `GET /api/v3/order` and the like. */
export type Routes = ReadonlyMap<string, Route>;

/** What handlers work with; the same for all three venues. */
export interface TradingRoom {
  readonly exchange: Exchange;
  readonly faults: FaultGate;
  readonly random: FlowRandom;
  nowUs(): number;
}

export const ONE_ORDER: OrderCosts = { SECOND: 1, MINUTE: 1, DAY: 1 };

/** What every signed request may carry, and what the request socket adds. */
const ALWAYS_READ = new Set(['timestamp', 'recvWindow', 'apiKey', 'returnRateLimits']);

/** Throws when something was sent that the route does not read. */
export function checkNames(route: Route, params: BinanceParams): void {
  const { reads } = route;
  if (reads === undefined) return;
  const names = [...params.names];
  const unread = names.filter((name) => !ALWAYS_READ.has(name) && !reads.includes(name));
  // The signature was sent, and read, too.
  if (unread.length > 0) throw refusals.unread(names.length + 1 - unread.length, names.length + 1);
}

export function fixed(weight: number): () => number {
  return () => weight;
}

/** Weight of endpoints that cost more without a symbol. */
export function bySymbol(one: number, all: number): (params: BinanceParams) => number {
  return (params) => (params.has('symbol') ? one : all);
}

export function marketOf(room: TradingRoom, params: BinanceParams): Market {
  return marketNamed(room, params.text('symbol'));
}

export function marketNamed(room: TradingRoom, symbol: string): Market {
  const market = room.exchange.markets.find((candidate) => candidate.spec.symbol === symbol);
  if (market === undefined)
    throw room.exchange.venue === 'binance-spot' && !isSymbolText(symbol) ? refusals.illegal('symbol', SYMBOL_RANGE) : refusals.badSymbol();
  return market;
}

/** Undefined when the request names no symbol. */
export function optionalMarket(room: TradingRoom, params: BinanceParams): Market | undefined {
  const symbol = params.optional('symbol');
  return symbol === undefined ? undefined : marketNamed(room, symbol);
}

export interface TimeSpan {
  readonly fromUs?: number;
  readonly toUs?: number;
}

const DAY_MS = 86_400_000;

/** `startTime` and `endTime`, inclusive; no further apart than the venue lets them be. */
export function times(params: BinanceParams, longest?: { readonly days: number; readonly refuse: () => Error }): TimeSpan {
  const fromMs = params.optionalInteger('startTime');
  const toMs = params.optionalInteger('endTime');
  if (longest !== undefined && fromMs !== undefined && toMs !== undefined && toMs - fromMs > longest.days * DAY_MS) throw longest.refuse();
  return { ...(fromMs === undefined ? {} : { fromUs: fromMs * 1_000 }), ...(toMs === undefined ? {} : { toUs: toMs * 1_000 + 999 }) };
}
