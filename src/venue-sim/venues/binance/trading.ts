/**
 * The trading half of one Binance venue: from a request to its route, through limits, key, time and signature, to the answer or the refusal in the venue's
 * words. Called by `BinanceServer` for REST requests and by `WsApi` for those of the request socket.
 */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import type { FaultRefusal, Operation } from '../../exchange/contract.js';
import { jsonReply } from '../protocol.js';
import { Amendments } from './amendments.js';
import { Authentication, type Security } from './authentication.js';
import { CancelNames } from './cancel-names.js';
import { FuturesAccount } from './futures-account.js';
import { FuturesExtras } from './futures-extras.js';
import { FuturesOrders } from './futures-orders.js';
import { ListenKeys } from './listen-keys.js';
import { FuturesMessages, SpotMessages, type PrivateMessages } from './private-messages.js';
import { RateRefusal, type Headers, type RateLimits } from './rate-limits.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { readRestRequest } from './request.js';
import { checkNames, fixed, type Call, type Route, type TradingRoom } from './route.js';
import { SpotAccount, sapiRoutes } from './spot-account.js';
import { sapiExtras, spotExtras } from './spot-extras.js';
import { SpotOrders } from './spot-routes.js';

export type BinanceFamily = 'spot' | 'usdm' | 'coinm';

const FAULT_TEXTS = {
  status: 'Unknown error, please check your request or try again later.',
  maintenance: 'System is under maintenance.',
  'rate-limit': 'Too many requests; please use WebSocket Streams for live updates.',
  ban: 'Way too many requests; IP banned.',
} as const;

export class BinanceTrading {
  readonly authentication: Authentication;
  readonly keys: ListenKeys;
  readonly messages: PrivateMessages;
  readonly limits: RateLimits;
  /** Listen keys that were given back: their listeners are told. */
  onKeyEnded: (key: string, call: Call) => void = () => undefined;
  readonly #room: TradingRoom;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #paths: ReadonlySet<string>;
  readonly #futures: FuturesOrders | null;

  constructor(room: TradingRoom, family: BinanceFamily, root: string, limits: RateLimits) {
    this.#room = room;
    this.limits = limits;
    this.authentication = new Authentication(room.exchange, () => room.nowUs());
    this.keys = new ListenKeys(room.exchange, room.random);
    const names = new CancelNames();
    const amendments = new Amendments(room.exchange);
    const routes = new Map<string, Route>([...sapiRoutes(room), ...sapiExtras(room)]);
    const add = (more: readonly [string, Route][]): void => {
      for (const [name, route] of more) routes.set(name, route);
    };
    if (family === 'spot') {
      this.#futures = null;
      this.messages = new SpotMessages(names);
      add(new SpotOrders(room, names).routes());
      add(new SpotAccount(room, limits).routes());
      add(spotExtras(room, amendments));
      add(this.#keyRoutes(`${root}/userDataStream`, false));
    } else {
      this.#futures = new FuturesOrders(room, family, root);
      this.messages = new FuturesMessages(family);
      add(this.#futures.routes());
      add(new FuturesAccount(room, family, limits).routes());
      add(new FuturesExtras(room, family, amendments).routes(root));
      add(this.#keyRoutes(`${root}/listenKey`, true));
    }
    this.#routes = routes;
    this.#paths = new Set([...routes.keys()].map((name) => name.slice(name.indexOf(' ') + 1)));
  }

  /** Null when the path and method are none of its own. */
  onRequest(request: HttpRequest): HttpReply | null {
    const route = this.#routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return null;
    const nowUs = this.#room.nowUs();
    let account: number | undefined;
    const headers = (): Headers => ({
      ...this.limits.weightHeaders(request.remoteAddress, nowUs),
      ...(route.orders === undefined || account === undefined ? {} : this.limits.orderHeaders(account, nowUs)),
    });
    try {
      const signed = readRestRequest(request);
      this.limits.spend(request.remoteAddress, route.weight(signed.params), nowUs);
      const key = this.authentication.key(request.headers['x-mbx-apikey']);
      if (route.security !== 'key') this.authentication.check(key, signed, route.security);
      account = key.account.id;
      const body = this.run(route, { account: key.account, key, params: signed.params, nowUs });
      return jsonReply(200, JSON.stringify(body), headers());
    } catch (error) {
      if (!(error instanceof BinanceRefusal)) throw error;
      const more = error instanceof RateRefusal ? error.headers : {};
      return jsonReply(error.status, JSON.stringify(error.body()), { ...headers(), ...more });
    }
  }

  /** True when some method of the path is served. */
  hasPath(path: string): boolean {
    return this.#paths.has(path);
  }

  route(name: string): Route | undefined {
    return this.#routes.get(name);
  }

  /** Counts new orders and answers; the request was authenticated. */
  run(route: Route, call: Call): unknown {
    checkNames(route, call.params);
    if (route.orders !== undefined) this.limits.spendOrders(call.account.id, route.orders(call.params), call.nowUs);
    return route.answer(call);
  }

  operationOf(request: HttpRequest): Operation | null {
    const route = this.#routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return null;
    const symbol = symbolOf(request);
    return symbol === undefined ? { op: route.op } : { op: route.op, symbol };
  }

  step(nowUs: number): void {
    this.#futures?.step(nowUs);
  }

  /** Listen keys need the key's header alone. On futures they are kept alive without being named. */
  #keyRoutes(path: string, isFutures: boolean): [string, Route][] {
    const open = { security: 'key' satisfies Security, weight: fixed(isFutures ? 1 : 2), op: 'listen-key' } as const;
    const own = (call: Call): string => {
      const known = this.keys.of(call.account, call.nowUs);
      const named = isFutures ? (call.params.raw('listenKey') ?? known?.key) : call.params.text('listenKey');
      if (known === undefined || named !== known.key) throw refusals.badListenKey();
      return known.key;
    };
    return [
      [`POST ${path}`, { ...open, answer: ({ account, nowUs }) => ({ listenKey: this.keys.make(account, nowUs) }) }],
      [
        `PUT ${path}`,
        {
          ...open,
          answer: (call) => {
            own(call);
            const listenKey = this.keys.make(call.account, call.nowUs);
            return isFutures ? { listenKey } : {};
          },
        },
      ],
      [
        `DELETE ${path}`,
        {
          ...open,
          answer: (call) => {
            const key = own(call);
            this.keys.end(call.account);
            this.onKeyEnded(key, call);
            return {};
          },
        },
      ],
    ];
  }
}

function symbolOf(request: HttpRequest): string | undefined {
  const text = request.body.length === 0 ? request.query : `${request.query}&${new TextDecoder().decode(request.body)}`;
  return new URLSearchParams(text).get('symbol') ?? undefined;
}

/** What a scripted fault makes the venue say. A 5xx never tells whether the request was carried out. */
export function faultBody(
  family: BinanceFamily,
  refusal: FaultRefusal,
): { readonly status: number; readonly code: number; readonly text: string } {
  const { status, kind } = refusal;
  const usual = kind === 'rate-limit' ? -1003 : kind === 'maintenance' && family === 'spot' ? -1016 : -1000;
  return { status, code: refusal.code ?? usual, text: refusal.message ?? FAULT_TEXTS[status === 418 ? 'ban' : kind] };
}

export function faultReply(family: BinanceFamily, refusal: FaultRefusal): HttpReply {
  const { status, code, text } = faultBody(family, refusal);
  const headers: Record<string, string> = refusal.retryAfterSeconds > 0 ? { 'retry-after': String(refusal.retryAfterSeconds) } : {};
  return jsonReply(status, JSON.stringify({ code, msg: text }), headers);
}
