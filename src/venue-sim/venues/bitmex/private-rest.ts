/** BitMEX's signed REST paths: who asks, how often, and what. Called by `BitmexRest` for each request that is no market data. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import type { Account, ApiKey, Exchange, Operation, Refusal } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { jsonReply } from '../protocol.js';
import { marginRow, positionRow, walletHistory, walletRow } from './account-rows.js';
import type { BitmexAuth } from './auth.js';
import { marketOf } from './order-request.js';
import { paramsOfRequest, textOf, type Params } from './params.js';
import { BitmexQueries } from './queries.js';
import { BitmexRateLimits } from './rate-limits.js';
import { ACCESS_DENIED, INVALID_LEVERAGE, NOT_FOUND, invalid, notEnough, rateLimited, type BitmexRefusal } from './refusals.js';
import type { Answer, BitmexDeadMan, BitmexTrading } from './trading.js';
import { walletSummary } from './wallet-summary.js';

interface Asked {
  readonly key: ApiKey;
  readonly account: Account;
  readonly params: Params;
  readonly nowUs: number;
}

interface Route {
  readonly op: string;
  readonly isTrade?: true;
  readonly answer: (asked: Asked) => Answer;
}

export interface BitmexDesk {
  readonly exchange: Exchange;
  readonly trading: BitmexTrading;
  readonly deadMan: BitmexDeadMan;
  readonly auth: BitmexAuth;
}

const MOST_HISTORY = 10_000;

export class BitmexPrivateRest {
  readonly #desk: BitmexDesk;
  readonly #limits = new BitmexRateLimits();
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #paths: ReadonlySet<string>;

  constructor(desk: BitmexDesk) {
    this.#desk = desk;
    this.#routes = routesOf(desk);
    this.#paths = new Set([...this.#routes.keys()].map((name) => name.split(' ')[1] ?? ''));
  }

  has(path: string): boolean {
    return this.#paths.has(path.slice('/api/v1/'.length));
  }

  operationOf(request: HttpRequest): Operation | null {
    const route = this.#routes.get(`${request.method} ${request.path.slice('/api/v1/'.length)}`);
    if (route === undefined) return null;
    const params = paramsOfRequest(request);
    const symbol = params === null ? '' : textOf(params, 'symbol');
    return symbol === '' ? { op: route.op } : { op: route.op, symbol };
  }

  onRequest(request: HttpRequest, nowUs: number): HttpReply {
    const route = this.#routes.get(`${request.method} ${request.path.slice('/api/v1/'.length)}`);
    const signer = this.#desk.auth.ofRequest(request);
    if ('refusal' in signer) return bitmexRefusal(signer.refusal);
    const { key } = signer;
    const verdict = this.limit(key, request, nowUs);
    if (verdict.waitSeconds > 0) return bitmexRefusal(rateLimited(verdict.waitSeconds), verdict.headers);
    if (route === undefined) return bitmexRefusal(NOT_FOUND, verdict.headers);
    if (route.isTrade === true && !key.canTrade) return bitmexRefusal(ACCESS_DENIED, verdict.headers);
    const params = paramsOfRequest(request);
    if (params === null) return bitmexRefusal(invalid('JSON'), verdict.headers);
    const answer = route.answer({ key, account: key.account, params, nowUs });
    if ('refusal' in answer) return bitmexRefusal(answer.refusal, verdict.headers);
    return jsonReply(200, JSON.stringify(answer.result), verdict.headers);
  }

  /** What the limits say of one more request of this key; signed requests for market data count too. */
  limit(key: ApiKey, request: HttpRequest, nowUs: number): ReturnType<BitmexRateLimits['take']> {
    const isOrder = request.method !== 'GET' && /^\/api\/v1\/(order|position)/.test(request.path);
    return this.#limits.take(key.account.id, isOrder, nowUs);
  }
}

export function bitmexRefusal(refusal: BitmexRefusal, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return jsonReply(refusal.status, JSON.stringify({ error: { message: refusal.message, name: refusal.name } }), headers);
}

function get(answer: Route['answer']): Route {
  return { op: 'query', answer };
}

/** Only keys that may trade. */
function act(op: string, answer: Route['answer']): Route {
  return { op, isTrade: true, answer };
}

function routesOf(desk: BitmexDesk): ReadonlyMap<string, Route> {
  const { exchange, trading, deadMan } = desk;
  const queries = new BitmexQueries(exchange);
  return new Map<string, Route>([
    ['POST order', act('place', ({ account, params, nowUs }) => trading.place(account, params, nowUs))],
    ['PUT order', act('amend', ({ account, params }) => trading.amend(account, params))],
    ['DELETE order', act('cancel', ({ account, params }) => trading.cancel(account, params))],
    ['DELETE order/all', act('cancel-all', ({ account, params }) => trading.cancelAll(account, params))],
    ['POST order/cancelAllAfter', act('dead-man', ({ account, params, nowUs }) => deadMan.set(account, textOf(params, 'timeout'), nowUs))],
    ['POST order/closePosition', act('place', ({ account, params, nowUs }) => trading.closePosition(account, params, nowUs))],
    ['GET order', get(({ account, params }) => queries.orders(account, params))],
    ['GET execution', get(({ account, params }) => queries.executions(account, params))],
    ['GET execution/tradeHistory', get(({ account, params }) => queries.tradeHistory(account, params))],
    ['GET position', get(({ account, params, nowUs }) => queries.positions(account, params, nowUs))],
    ['POST position/leverage', act('leverage', (asked) => setLeverage(exchange, asked))],
    ['POST position/isolate', act('mode', (asked) => setIsolated(exchange, asked))],
    ['POST position/transferMargin', act('margin', (asked) => transferMargin(exchange, asked))],
    ['GET user', get(({ account }) => ({ result: userRow(account) }))],
    ['GET user/margin', get((asked) => wallets(exchange, asked, marginRow))],
    ['GET user/wallet', get((asked) => wallets(exchange, asked, walletRow))],
    ['GET user/walletHistory', get((asked) => history(exchange, asked))],
    [
      'GET user/walletSummary',
      get(({ account, params }) => ({ result: walletSummary(exchange, account, textOf(params, 'currency') || 'XBt') })),
    ],
    ['GET user/executionHistory', get(({ account, params }) => queries.ofDay(account, params))],
    // Nobody counts quotes against fills here, and nothing happens to the account itself.
    ['GET user/quoteFillRatio', get(() => ({ result: [] }))],
    ['GET user/quoteValueRatio', get(() => ({ result: [] }))],
    ['GET userEvent', get(() => ({ result: { userEvents: [] } }))],
    // Money comes and goes nowhere: the key has no right to.
    ['GET user/depositAddress', get(() => ({ refusal: ACCESS_DENIED }))],
    ['POST user/requestWithdrawal', act('withdraw', () => ({ refusal: ACCESS_DENIED }))],
    ['POST position/riskLimit', act('margin', (asked) => setRiskLimit(exchange, asked))],
    ['GET user/commission', get(() => ({ result: commissions(exchange) }))],
    ['GET apiKey', get(({ account }) => ({ result: exchange.keysOf(account).map(keyRow) }))],
  ]);
}

/** 0 is cross margin; anything else isolates the position at that leverage. */
function setLeverage(exchange: Exchange, { account, params, nowUs }: Asked): Answer {
  const market = marketOf(exchange, params);
  if ('message' in market) return { refusal: market };
  const text = textOf(params, 'leverage');
  const leverage = Number(text);
  if (text === '' || !(leverage >= 0) || leverage > exchange.terms(market).maxLeverage) return { refusal: INVALID_LEVERAGE };
  const done = exchange.changeMargining(account, market, leverage === 0 ? 'cross' : 'isolated', leverage);
  if (!done.ok && done.refusal.reason !== 'unchanged') return { refusal: marginRefusal(done.refusal) };
  return positionOf(exchange, account, market, nowUs);
}

function setIsolated(exchange: Exchange, { account, params, nowUs }: Asked): Answer {
  const market = marketOf(exchange, params);
  if ('message' in market) return { refusal: market };
  const isIsolated = textOf(params, 'enabled') !== 'false';
  const { leverage } = exchange.position(account, market);
  const done = exchange.changeMargining(account, market, isIsolated ? 'isolated' : 'cross', isIsolated ? leverage : 0);
  if (!done.ok && done.refusal.reason !== 'unchanged') return { refusal: marginRefusal(done.refusal) };
  return positionOf(exchange, account, market, nowUs);
}

/** Every contract has one step of risk: the limit that it has can be set again. */
function setRiskLimit(exchange: Exchange, { account, params, nowUs }: Asked): Answer {
  const market = marketOf(exchange, params);
  if ('message' in market) return { refusal: market };
  const row = positionRow(exchange, exchange.position(account, market), nowUs);
  return textOf(params, 'riskLimit') === String(row['riskLimit']) ? { result: row } : { refusal: invalid('riskLimit') };
}

function transferMargin(exchange: Exchange, { account, params, nowUs }: Asked): Answer {
  const market = marketOf(exchange, params);
  if ('message' in market) return { refusal: market };
  const amount = textOf(params, 'amount');
  if (!/^-?\d{1,18}$/.test(amount)) return { refusal: invalid('amount') };
  const done = exchange.changeIsolatedMargin(account, market, BigInt(amount));
  return done.ok ? positionOf(exchange, account, market, nowUs) : { refusal: marginRefusal(done.refusal) };
}

function marginRefusal(refusal: Refusal): BitmexRefusal {
  if (refusal.reason === 'insufficient-balance' || refusal.reason === 'insufficient-margin') {
    return notEnough(refusal.required, refusal.asset.asset);
  }
  return refusal.reason === 'leverage-out-of-range' ? INVALID_LEVERAGE : invalid(`position: ${refusal.reason}`);
}

function positionOf(exchange: Exchange, account: Account, market: Market, nowUs: number): Answer {
  return { result: positionRow(exchange, exchange.position(account, market), nowUs) };
}

/** One currency (bitcoin when none is named) as an object, `all` as a list. */
function wallets(exchange: Exchange, { account, params, nowUs }: Asked, rowOf: typeof marginRow): Answer {
  const currency = textOf(params, 'currency') || 'XBt';
  const rows = exchange
    .wallets(account)
    .filter((wallet) => currency === 'all' || wallet.terms.asset === currency)
    .map((wallet) => rowOf(exchange, account, wallet, nowUs));
  if (currency === 'all') return { result: rows };
  const [row] = rows;
  return row === undefined ? { refusal: invalid('currency') } : { result: row };
}

function history(exchange: Exchange, { account, params }: Asked): Answer {
  const count = Number(textOf(params, 'count') || 100);
  const start = Number(textOf(params, 'start') || 0);
  if (!Number.isInteger(count) || count < 1 || count > MOST_HISTORY) return { refusal: invalid('count') };
  const rows = walletHistory(exchange, account, textOf(params, 'currency') || 'XBt');
  if (textOf(params, 'reverse') === 'true') rows.reverse();
  return { result: rows.slice(start, start + count) };
}

function commissions(exchange: Exchange): Readonly<Record<string, object>> {
  return Object.fromEntries(
    exchange.markets.map((market) => {
      const { makerFee, takerFee } = exchange.terms(market);
      return [market.spec.symbol, { makerFee: Number(makerFee), takerFee: Number(takerFee), settlementFee: 0, maxFee: Number(takerFee) }];
    }),
  );
}

function userRow(account: Account): object {
  return {
    id: account.id,
    firstname: null,
    lastname: null,
    username: `SIMULATED-${account.name}`,
    accountName: null,
    isUser: true,
    email: null,
    phone: null,
    created: null,
    lastUpdated: null,
    preferences: {},
    TFAEnabled: '',
    affiliateID: null,
    country: null,
    geoipCountry: null,
    geoipRegion: null,
    firstTradeTimestamp: null,
    firstDepositTimestamp: null,
    typ: 'Individual',
  };
}

function keyRow(key: ApiKey): object {
  const permissions = [...(key.canTrade ? ['order'] : []), ...(key.canWithdraw ? ['withdraw'] : [])];
  return {
    id: key.apiKey,
    name: 'SIMULATED',
    nonce: 0,
    cidr: '0.0.0.0/0',
    cidrs: [],
    targetAccountId: null,
    permissions,
    enabled: true,
    userId: key.account.id,
    created: new Date(Math.floor(key.createdUs / 1_000)).toISOString(),
  };
}
