/**
 * The request socket of a Binance venue: the REST routes by other names, requests signed one by one or a session logged on with an Ed25519 key, and on spot
 * the account's events. Documents "WebSocket API" of the three venues, 2026-11. Called by `BinanceServer` for each message of such a connection.
 */
import type { HttpReply } from '../../../core/ports/http.js';
import type { ApiKey, FaultGate, Operation } from '../../exchange/contract.js';
import type { Client } from '../hub.js';
import { RateRefusal } from './rate-limits.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { readSocketParams, type BinanceParams, type SignedText } from './request.js';
import type { Call, Route } from './route.js';
import { faultBody, type BinanceFamily, type BinanceTrading } from './trading.js';
import type { UserStreams } from './user-streams.js';
import { WS_API_NAMES, type WsApiNames } from './ws-api-names.js';

interface Session {
  readonly key: ApiKey;
  readonly authorizedSinceMs: number;
  /** Of the session's own account, made without a signature. */
  subscription?: number;
}

export interface WsApiDeps {
  readonly family: BinanceFamily;
  readonly trading: BinanceTrading;
  readonly streams: UserStreams;
  readonly faults: FaultGate;
  readonly weightPerMinute: number;
  /** The REST answer of a public path, its weight already spent. */
  readonly publicAnswer: (name: string, query: string, address: string) => HttpReply;
  readonly nowUs: () => number;
  readonly send: (client: Client, text: string) => void;
}

interface Failure {
  readonly status: number;
  readonly error: Readonly<Record<string, unknown>>;
}

export class WsApi {
  readonly #deps: WsApiDeps;
  readonly #names: WsApiNames;
  readonly #sessions = new Map<Client, Session>();

  constructor(deps: WsApiDeps) {
    this.#deps = deps;
    this.#names = WS_API_NAMES[deps.family];
  }

  close(client: Client): void {
    this.#sessions.delete(client);
  }

  onMessage(client: Client, message: Readonly<Record<string, unknown>>): void {
    const { faults, send } = this.#deps;
    const sent = typeof message['method'] === 'string' ? message['method'] : '';
    const method = this.#deps.family === 'spot' ? sent.replace(/^v3\//, '') : sent;
    const signed = readSocketParams(message['params']);
    const route = this.#routeOf(method);
    const symbol = signed.params.raw('symbol');
    const operation: Operation = { op: route?.op ?? 'session', ...(symbol === undefined ? {} : { symbol }) };
    faults.onSocketRequest(
      client.socket,
      operation,
      () => this.#answer(client, message, method, signed, route),
      (refusal) => {
        const { status, code, text } = faultBody(this.#deps.family, refusal);
        return JSON.stringify({ id: message['id'] ?? null, status, error: { code, msg: text } });
      },
      (text) => send(client, text),
    );
  }

  #routeOf(method: string): Route | undefined {
    const name = this.#names.routes.get(method);
    return name === undefined ? undefined : this.#deps.trading.route(name);
  }

  #answer(
    client: Client,
    message: Readonly<Record<string, unknown>>,
    method: string,
    signed: SignedText,
    route: Route | undefined,
  ): string {
    const id = message['id'] ?? null;
    let account: number | undefined;
    let outcome: { readonly status: 200; readonly result: unknown } | Failure;
    try {
      const result = this.#result(client, method, signed, route, (call) => (account = call.account.id));
      outcome = { status: 200, result };
    } catch (error) {
      if (!(error instanceof BinanceRefusal)) throw error;
      const retryMs = error instanceof RateRefusal ? { retryAfter: this.#nowMs() + Number(error.headers['retry-after']) * 1_000 } : {};
      const isLimited = error instanceof RateRefusal;
      outcome = {
        status: error.status,
        error: isLimited ? { ...error.body(), data: { serverTime: this.#nowMs(), ...retryMs } } : error.body(),
      };
    }
    // A request's own word counts before that of the connection's address.
    const asked = signed.params.raw('returnRateLimits') ?? new URLSearchParams(client.socket.request.query).get('returnRateLimits');
    const isQuiet = asked === 'false';
    return JSON.stringify(isQuiet ? { id, ...outcome } : { id, ...outcome, rateLimits: this.#rateLimits(client, route, account) });
  }

  #result(client: Client, method: string, signed: SignedText, route: Route | undefined, onCall: (call: Call) => void): unknown {
    const publicName = this.#names.publics.get(method);
    if (publicName !== undefined) return this.#publicResult(client, publicName, signed.params);
    const address = client.socket.request.remoteAddress;
    const { trading, nowUs } = this.#deps;
    trading.limits.spend(address, route === undefined ? 2 : route.weight(signed.params), nowUs());
    if (route !== undefined) {
      const call = this.#authorised(client, signed, route);
      onCall(call);
      return trading.run(route, call);
    }
    if (this.#deps.family !== 'spot' && method.startsWith('userDataStream.')) throw unknownMethod(method);
    switch (method) {
      case 'session.logon':
        return this.#logon(client, signed);
      case 'session.status':
        return this.#status(client);
      case 'session.logout':
        return this.#logout(client);
      case 'session.subscriptions':
        return this.#deps.streams.numbersOf(client).map((subscriptionId) => ({ subscriptionId }));
      case 'userDataStream.subscribe':
        return this.#subscribeSession(client);
      case 'userDataStream.subscribe.signature':
        return this.#subscribe(client, this.#signedKey(signed));
      case 'userDataStream.unsubscribe':
        return this.#unsubscribe(client, signed.params);
      default:
        throw unknownMethod(method);
    }
  }

  #publicResult(client: Client, name: string, params: BinanceParams): unknown {
    const query = new URLSearchParams();
    for (const param of params.names) query.set(param, params.raw(param) ?? '');
    const reply = this.#deps.publicAnswer(name, query.toString(), client.socket.request.remoteAddress);
    const body: unknown = JSON.parse(String(reply.body));
    if (reply.status === 200) return body;
    const { code, msg } = body as { readonly code?: number; readonly msg?: string };
    throw new BinanceRefusal(code ?? -1000, msg ?? '', reply.status);
  }

  /** By the request's own key and signature, or by the session's key where neither is given. */
  #authorised(client: Client, signed: SignedText, route: Route): Call {
    const { trading, nowUs } = this.#deps;
    const session = this.#sessions.get(client);
    const isAdHoc = signed.params.has('apiKey') || signed.signature !== undefined;
    if (session !== undefined && !isAdHoc) {
      if (route.security !== 'key') trading.authentication.checkTime(signed);
      if (route.security === 'trade' && !session.key.canTrade) throw refusals.unknownKey();
      return { account: session.key.account, key: session.key, params: signed.params, nowUs: nowUs() };
    }
    const key = trading.authentication.key(signed.params.text('apiKey'));
    if (route.security !== 'key') trading.authentication.check(key, signed, route.security);
    return { account: key.account, key, params: signed.params, nowUs: nowUs() };
  }

  #signedKey(signed: SignedText): ApiKey {
    const { authentication } = this.#deps.trading;
    const key = authentication.key(signed.params.text('apiKey'));
    authentication.check(key, signed, 'read');
    return key;
  }

  #logon(client: Client, signed: SignedText): unknown {
    const { authentication } = this.#deps.trading;
    const key = authentication.key(signed.params.text('apiKey'));
    authentication.checkSessionKey(key);
    authentication.check(key, signed, 'read');
    this.#sessions.set(client, { key, authorizedSinceMs: this.#nowMs() });
    return this.#status(client);
  }

  /** Ends the session's own subscription with it; those by signature go on. */
  #logout(client: Client): unknown {
    const number = this.#sessions.get(client)?.subscription;
    this.#sessions.delete(client);
    if (number !== undefined) this.#deps.streams.detach(client, number);
    return this.#status(client);
  }

  #session(client: Client): Session {
    const session = this.#sessions.get(client);
    if (session === undefined) throw new BinanceRefusal(-1099, 'Not found, unauthenticated, or unauthorized.', 401);
    return session;
  }

  #status(client: Client): unknown {
    const session = this.#sessions.get(client);
    return {
      apiKey: session?.key.apiKey ?? null,
      authorizedSince: session?.authorizedSinceMs ?? null,
      connectedSince: Math.floor(client.openedUs / 1_000),
      returnRateLimits: true,
      serverTime: this.#nowMs(),
      userDataStream: this.#deps.streams.numbersOf(client).length > 0,
    };
  }

  #subscribeSession(client: Client): unknown {
    const session = this.#session(client);
    const subscribed = this.#subscribe(client, session.key);
    session.subscription = subscribed.subscriptionId;
    return subscribed;
  }

  #subscribe(client: Client, key: ApiKey): { readonly subscriptionId: number } {
    const { streams } = this.#deps;
    if (streams.isSubscribed(client, key.account)) throw new BinanceRefusal(-2035, 'User Data Stream subscription already active.');
    return { subscriptionId: streams.subscribe(client, key.account) };
  }

  /** One by its number, or all of them. */
  #unsubscribe(client: Client, params: BinanceParams): unknown {
    const { streams } = this.#deps;
    const number = params.optionalInteger('subscriptionId');
    const numbers = number === undefined ? streams.numbersOf(client) : [number];
    const ended = numbers.filter((one) => streams.detach(client, one));
    if (ended.length === 0) throw new BinanceRefusal(-2036, 'User Data Stream subscription not active.');
    return {};
  }

  #rateLimits(client: Client, route: Route | undefined, account: number | undefined): unknown[] {
    const { trading, weightPerMinute, nowUs } = this.#deps;
    const orders =
      route?.orders === undefined || account === undefined
        ? []
        : trading.limits.orderCounts(account, nowUs()).map(({ limit, count }) => ({ rateLimitType: 'ORDERS', ...limit, count }));
    const used = trading.limits.usedWeight(client.socket.request.remoteAddress, nowUs());
    return [...orders, { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightPerMinute, count: used }];
  }

  #nowMs(): number {
    return Math.floor(this.#deps.nowUs() / 1_000);
  }
}

function unknownMethod(method: string): BinanceRefusal {
  return new BinanceRefusal(-1000, `Unknown method '${method.slice(0, 40)}'.`);
}
