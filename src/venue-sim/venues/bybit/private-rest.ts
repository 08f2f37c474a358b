/** Bybit v5's signed REST paths: who asks, may he, how often, and what. Called by `BybitRest` for each request that is no market data. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import type { ApiKey, Operation } from '../../exchange/contract.js';
import { objectOf, jsonReply } from '../protocol.js';
import { BybitAccountExtras } from './account-extras.js';
import { BybitAccount } from './account.js';
import { signerOfRequest, type FindKey } from './auth.js';
import type { DeadMan } from './dead-man.js';
import { isItem, textOf, type Item } from './items.js';
import { BybitQueries } from './queries.js';
import { limitHeaders, type Allowance, type BybitRateLimits } from './rate-limits.js';
import { KEY_MAY_NOT, NOT_A_JSON_BODY, TOO_MANY_VISITS, type BybitRefusal } from './refusals.js';
import { categoryOf, type Answer, type BybitTrading } from './trading.js';
import type { Exchange } from '../../exchange/contract.js';
import { seldomAsked } from './seldom-asked.js';

interface Asked {
  readonly key: ApiKey;
  readonly item: Item;
  /** How many of a batch's items the rate limit grants. */
  readonly granted: number;
}

interface Route {
  readonly method: 'GET' | 'POST';
  /** Kind of operation, for the fault gate. */
  readonly op: string;
  readonly isTrade?: true;
  readonly isBatch?: true;
  readonly answer: (asked: Asked) => Answer;
}

export interface BybitDesk {
  readonly exchange: Exchange;
  readonly trading: BybitTrading;
  readonly deadMan: DeadMan;
  readonly limits: BybitRateLimits;
  readonly findKey: FindKey<ApiKey>;
}

export class BybitPrivateRest {
  readonly #desk: BybitDesk;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(desk: BybitDesk) {
    this.#desk = desk;
    this.#routes = routesOf(desk);
  }

  /** False: the path is none of its own. */
  has(path: string): boolean {
    return this.#routes.has(path.slice('/v5/'.length));
  }

  operationOf(request: HttpRequest): Operation | null {
    const route = this.#routes.get(request.path.slice('/v5/'.length));
    if (route === undefined) return null;
    const item = itemOf(request);
    const symbol = item === null ? '' : textOf(item, 'symbol');
    return symbol === '' ? { op: route.op } : { op: route.op, symbol };
  }

  onRequest(request: HttpRequest, nowMs: number): HttpReply {
    const endpoint = request.path.slice('/v5/'.length);
    const route = this.#routes.get(endpoint);
    if (route === undefined || request.method !== route.method) {
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
    }
    const signer = signerOfRequest(request, this.#desk.findKey, nowMs);
    if ('refusal' in signer) return bybitRefusal(signer.refusal, nowMs);
    const key = signer.account;
    const item = itemOf(request);
    if (item === null) return bybitRefusal(NOT_A_JSON_BODY, nowMs);
    const units = route.isBatch === true && Array.isArray(item['request']) ? Math.max(1, item['request'].length) : 1;
    const allowance = this.#desk.limits.take(key.account.id, endpoint, categoryOf(item), units, nowMs);
    if (allowance.granted === 0) return bybitRefusal(TOO_MANY_VISITS, nowMs, allowance);
    if (route.isTrade === true && !key.canTrade) return bybitRefusal(KEY_MAY_NOT, nowMs, allowance);
    const answer = route.answer({ key, item, granted: allowance.granted });
    if ('refusal' in answer) return bybitRefusal(answer.refusal, nowMs, allowance);
    const body = JSON.stringify({ retCode: 0, retMsg: 'OK', result: answer.result, retExtInfo: answer.ext ?? {}, time: nowMs });
    return jsonReply(200, body, { ...limitHeaders(allowance), Timenow: String(nowMs), ret_code: '0' });
  }
}

export function bybitRefusal(refusal: BybitRefusal, nowMs: number, allowance?: Allowance): HttpReply {
  const body = JSON.stringify({ retCode: refusal.code, retMsg: refusal.message, result: {}, retExtInfo: {}, time: nowMs });
  const headers = { ...(allowance === undefined ? {} : limitHeaders(allowance)), Timenow: String(nowMs), ret_code: String(refusal.code) };
  return jsonReply(refusal.status ?? 200, body, headers);
}

/** Parameters of the query, or the JSON object of the body; null when it is none. */
function itemOf(request: HttpRequest): Item | null {
  if (request.method === 'GET' || request.method === 'HEAD') return Object.fromEntries(new URLSearchParams(request.query));
  const text = new TextDecoder().decode(request.body);
  const body = text === '' ? {} : objectOf(text);
  return isItem(body) ? body : null;
}

function get(answer: Route['answer']): Route {
  return { method: 'GET', op: 'query', answer };
}

/** Only keys that may trade. */
function post(op: string, answer: Route['answer']): Route {
  return { method: 'POST', op, isTrade: true, answer };
}

function routesOf(desk: BybitDesk): ReadonlyMap<string, Route> {
  const { exchange, trading, deadMan } = desk;
  const queries = new BybitQueries(exchange);
  const account = new BybitAccount(exchange, deadMan);
  const extras = new BybitAccountExtras(exchange, trading);
  const empty = (result: object): Route => get(() => ({ result }));
  const batch = (kind: 'create' | 'amend' | 'cancel'): Route => ({
    method: 'POST',
    op: 'batch',
    isTrade: true,
    isBatch: true,
    answer: ({ key, item, granted }) => trading.batch(key.account, kind, item, granted),
  });
  const seldom = [...seldomAsked(exchange)].map(([path, { method, answer }]): [string, Route] => {
    const answered: Route['answer'] = ({ key, item }) => answer({ account: key.account, item });
    return [path, method === 'GET' ? get(answered) : post('settings', answered)];
  });
  return new Map<string, Route>([
    ...seldom,
    ['order/create', post('place', ({ key, item }) => trading.create(key.account, item))],
    ['order/amend', post('amend', ({ key, item }) => trading.amend(key.account, item))],
    ['order/cancel', post('cancel', ({ key, item }) => trading.cancel(key.account, item))],
    ['order/cancel-all', post('cancel-all', ({ key, item }) => trading.cancelAll(key.account, item))],
    ['order/create-batch', batch('create')],
    ['order/amend-batch', batch('amend')],
    ['order/cancel-batch', batch('cancel')],
    ['order/disconnected-cancel-all', post('dead-man', ({ key, item }) => deadMan.set(key.account, item))],
    ['account/query-dcp-info', get(({ key }) => deadMan.info(key.account))],
    ['order/pre-check', post('test', ({ key, item }) => extras.preCheck(key.account, item))],
    ['order/realtime', get(({ key, item }) => queries.realtime(key.account, item))],
    ['order/history', get(({ key, item }) => queries.history(key.account, item))],
    ['execution/list', get(({ key, item }) => queries.executions(key.account, item))],
    ['position/list', get(({ key, item }) => queries.positions(key.account, item))],
    ['position/closed-pnl', get(({ key, item }) => queries.closedProfit(key.account, item))],
    ['position/set-leverage', post('leverage', ({ key, item }) => account.setLeverage(key.account, item))],
    ['position/add-margin', post('position-margin', ({ key, item }) => extras.addMargin(key.account, item))],
    ['position/trading-stop', post('stop', ({ item }) => extras.tradingStop(item))],
    ['position/switch-mode', post('mode', ({ item }) => account.switchMode(item))],
    ['position/switch-isolated', post('mode', () => ({ refusal: { code: 100_028, message: 'unified account is forbidden' } }))],
    ['account/set-margin-mode', post('mode', ({ key, item }) => account.setMarginMode(key.account, item))],
    ['account/wallet-balance', get(({ key, item }) => account.walletBalance(key.account, item))],
    ['account/info', get(({ key }) => account.info(key.account))],
    ['account/fee-rate', get(({ item }) => account.feeRate(item))],
    ['account/transaction-log', get(({ key, item }) => account.transactionLog(key.account, item))],
    ['account/withdrawal', get(({ key, item }) => extras.transferable(key.account, item))],
    ['account/smp-group', empty({ smpGroup: 0 })],
    ['account/borrow-history', empty({ list: [], nextPageCursor: '' })],
    ['asset/transfer/query-account-coins-balance', get(({ key, item }) => extras.coinsBalance(key.account, item))],
    ['asset/transfer/query-account-coin-balance', get(({ key, item }) => extras.coinBalance(key.account, item))],
    ['asset/transfer/query-inter-transfer-list', empty({ list: [], nextPageCursor: '' })],
    ['asset/deposit/query-record', empty({ rows: [], nextPageCursor: '' })],
    ['asset/withdraw/query-record', empty({ rows: [], nextPageCursor: '' })],
    ['user/query-sub-members', empty({ subMembers: [] })],
    ['user/query-api', get(({ key }) => account.keyRights(key))],
    ['asset/coin/query-info', get(({ item }) => account.coins(item))],
  ]);
}
