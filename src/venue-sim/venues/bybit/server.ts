/**
 * Bybit v5 on one listener: linear, inverse and spot share the REST paths and have a socket path each. Handlers are called by the HTTP server, `publish`
 * by the `venues` process, both on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../../core/ports/http.js';
import type { ApiKey, FaultRefusal, LiquidationEvent, Operation } from '../../exchange/contract.js';
import { BYBIT_CATEGORIES } from './public-messages.js';
import { priceLimits } from './order-request.js';
import { onStep } from '../topic-source.js';
import { BybitRest } from './public-rest.js';
import { bybitStream, type UpdateIds } from './public-streams.js';
import { signingKeyOf } from './auth.js';
import { DeadMan } from './dead-man.js';
import { isSet, textOf } from './items.js';
import { BybitPrivateRest, bybitRefusal, type BybitDesk } from './private-rest.js';
import { BybitPrivateStreams } from './private-streams.js';
import { BybitRateLimits } from './rate-limits.js';
import { BybitTradeSocket, faultOf } from './trade-socket.js';
import { BybitTrading } from './trading.js';
import { Hub, type Client } from '../hub.js';
import { objectOf, type VenueContext, type VenueProtocol } from '../protocol.js';
import type { SigningKey } from '../signing.js';
import type { Market } from '../../market/market.js';

/** A connection that says nothing for this long is cut (Bybit v5, "Connect": ten minutes at most). */
const SILENCE_US = 600_000_000;
/** Topics in one request on the spot path (VENUES.md 3), and on the others by the length of `args` in characters (venue's document). */
const MOST_SPOT_ARGS = 10;
const MOST_ARGS_CHARACTERS = 21_000;
const PUBLIC_PATH = '/v5/public/';
const PRIVATE_PATH = '/v5/private';
const TRADE_PATH = '/v5/trade';
/** Public sockets beside those of the categories: options have no market here, and the status of the system never changes. */
const OPTION = 'option';
const STATUS = 'misc/status';

export class BybitServer implements VenueProtocol {
  readonly id = 'bybit';
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly #context: VenueContext;
  readonly #rest: BybitRest;
  /** By the end of their path. */
  readonly #hubs: ReadonlyMap<string, Hub>;
  readonly #connectionIds = new WeakMap<Client, string>();
  readonly #desk: BybitDesk;
  readonly #signed: BybitPrivateRest;
  readonly #private: BybitPrivateStreams;
  readonly #trade: BybitTradeSocket;
  /** Liquidations of the step, for the public topic. */
  readonly #forced: LiquidationEvent[] = [];
  #lastCheckUs = 0;

  constructor(context: VenueContext) {
    this.counters = context.counters;
    this.#context = context;
    const { exchange, faults, counters } = context;
    const findKey = (apiKey: string): { account: ApiKey; key: SigningKey } | undefined => {
      const found = exchange.keyOf(apiKey);
      const key = found === undefined ? null : signingKeyOf(found);
      return found === undefined || key === null ? undefined : { account: found, key };
    };
    const deadMan = new DeadMan(exchange);
    this.#desk = { exchange, trading: new BybitTrading(exchange, faults), deadMan, limits: new BybitRateLimits(), findKey };
    this.#signed = new BybitPrivateRest(this.#desk);
    const nowUs = (): number => context.nowUs();
    this.#private = new BybitPrivateStreams({ exchange, faults, counters, deadMan, findKey, nowUs });
    this.#trade = new BybitTradeSocket({ desk: this.#desk, faults, counters, nowUs });
    this.#rest = new BybitRest(context, this.#signed);
    const updates: UpdateIds = new Map();
    const limitsOf = (market: Market): ReturnType<typeof priceLimits> => priceLimits(exchange, market);
    this.#hubs = new Map([
      ...[...BYBIT_CATEGORIES, OPTION].map((category): [string, Hub] => {
        const markets = context.markets.filter((market) => market.spec.kind === category);
        return [category, new Hub(counters, (topic) => bybitStream(markets, updates, topic, this.#forced, limitsOf))];
      }),
      [STATUS, new Hub(counters, (topic) => (topic === 'system.status' ? onStep(() => []) : null))],
    ]);
    exchange.listen((event) => {
      if (event.type === 'liquidation') this.#forced.push(event);
    });
    this.handlers = {
      onRequest: (request, respond) => {
        this.counters.requests++;
        respond(this.#rest.onRequest(request));
      },
      onUpgrade: (request) => this.#onUpgrade(request),
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, bytes, isText),
      onClose: (socket) => this.#onClose(socket),
    };
  }

  operationOf(request: HttpRequest): Operation | null {
    return this.#signed.operationOf(request);
  }

  faultReply(refusal: FaultRefusal): HttpReply {
    const nowMs = Math.floor(this.#context.nowUs() / 1_000);
    const resetMs = nowMs + refusal.retryAfterSeconds * 1_000;
    if (refusal.kind === 'rate-limit') return bybitRefusal(faultOf(refusal), nowMs, { limit: 10, left: 0, granted: 0, resetMs });
    if (refusal.code !== null) return bybitRefusal({ ...faultOf(refusal), status: refusal.status }, nowMs);
    const body = refusal.message ?? (refusal.kind === 'maintenance' ? 'Service Unavailable' : `${refusal.status} error`);
    return { status: refusal.status, headers: { 'content-type': 'text/plain' }, body };
  }

  publish(nowUs: number): void {
    for (const hub of this.#hubs.values()) hub.publish(nowUs);
    this.#forced.length = 0;
    this.#desk.deadMan.step(nowUs);
    if (nowUs - this.#lastCheckUs < 5_000_000) return;
    this.#lastCheckUs = nowUs;
    this.#private.step(nowUs);
    this.#trade.step(nowUs);
    for (const hub of this.#hubs.values()) {
      for (const client of hub.clients) {
        if (nowUs - client.lastLifeUs <= SILENCE_US) continue;
        hub.close(client.socket);
        client.socket.close(1000, '');
      }
    }
  }

  #hubOf(socket: ServerSocket): Hub | undefined {
    return this.#publicHub(socket.request.path);
  }

  #publicHub(path: string): Hub | undefined {
    return path.startsWith(PUBLIC_PATH) ? this.#hubs.get(path.slice(PUBLIC_PATH.length)) : undefined;
  }

  #onUpgrade(request: HttpRequest): HttpReply | null {
    if (this.#publicHub(request.path) !== undefined) return null;
    if (request.path === PRIVATE_PATH || request.path === TRADE_PATH) return null;
    this.counters.unknownPath(`WS ${request.path}`);
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
  }

  #onOpen(socket: ServerSocket): void {
    const connectionId = `${this.#context.random.text(20).toLowerCase()}-${this.#context.random.text(5).toLowerCase()}`;
    const { path } = socket.request;
    if (path === PRIVATE_PATH) this.#private.open(socket, connectionId);
    else if (path === TRADE_PATH) this.#trade.open(socket, connectionId);
    else {
      const client = this.#hubOf(socket)?.open(socket, this.#context.nowUs());
      if (client !== undefined) this.#connectionIds.set(client, connectionId);
    }
    if (path === PRIVATE_PATH || path === TRADE_PATH) this.counters.socketsOpened++;
    this.#countOpen();
  }

  #onClose(socket: ServerSocket): void {
    this.#private.close(socket);
    this.#trade.close(socket);
    this.#hubOf(socket)?.close(socket);
    this.#countOpen();
  }

  /** Each hub counts its own: the sum is the venue's. */
  #countOpen(): void {
    let open = this.#private.openCount + this.#trade.openCount;
    for (const hub of this.#hubs.values()) open += hub.clients.length;
    this.counters.socketsOpen = open;
  }

  #onMessage(socket: ServerSocket, bytes: Uint8Array, isText: boolean): void {
    const { path } = socket.request;
    if (path === PRIVATE_PATH || path === TRADE_PATH) {
      this.counters.messagesIn++;
      const text = isText ? new TextDecoder().decode(bytes) : '';
      if (path === PRIVATE_PATH) this.#private.message(socket, text);
      else this.#trade.message(socket, text);
      return;
    }
    const hub = this.#hubOf(socket);
    const client = hub?.client(socket);
    if (hub === undefined || client === undefined) return;
    this.counters.messagesIn++;
    client.lastLifeUs = this.#context.nowUs();
    const message = isText ? objectOf(new TextDecoder().decode(bytes)) : null;
    const operation = message?.['op'];
    // Numbers are told back as texts.
    const requestId = message !== null && isSet(message, 'req_id') ? textOf(message, 'req_id') : undefined;
    const answer = (isDone: boolean, text: string, op: string): void => hub.send(client, this.#ack(client, isDone, text, requestId, op));
    if (message === null || typeof operation !== 'string') {
      this.counters.badMessages++;
      answer(false, 'Request error', '');
      return;
    }
    if (operation === 'ping') answer(true, 'pong', 'ping');
    else if (operation === 'subscribe' || operation === 'unsubscribe') this.#changeTopics(hub, client, operation, message['args'], answer);
    else {
      this.counters.badMessages++;
      answer(false, `error:${operation.slice(0, 40)} is not a valid operation`, operation.slice(0, 40));
    }
  }

  /** All topics of a request or none of them. The answer comes before the first data. */
  #changeTopics(
    hub: Hub,
    client: Client,
    operation: 'subscribe' | 'unsubscribe',
    args: unknown,
    answer: (isDone: boolean, text: string, op: string) => void,
  ): void {
    const topics = Array.isArray(args) && args.every((topic) => typeof topic === 'string') ? args : null;
    const isSpot = client.path.endsWith('/spot');
    if (topics === null || topics.length === 0) return answer(false, 'error:args is empty or malformed', operation);
    if (isSpot && topics.length > MOST_SPOT_ARGS) return answer(false, `args size >${MOST_SPOT_ARGS}`, operation);
    if (topics.join('').length > MOST_ARGS_CHARACTERS) return answer(false, `args length >${MOST_ARGS_CHARACTERS}`, operation);
    const text = isSpot ? operation : '';
    if (operation === 'unsubscribe') {
      for (const topic of topics) hub.unsubscribe(client, topic);
      return answer(true, text, operation);
    }
    const added: string[] = [];
    for (const topic of topics) {
      const isKnown = client.topics.has(topic);
      if (!isKnown && hub.subscribe(client, topic, this.#context.nowUs(), true)) {
        added.push(topic);
        continue;
      }
      for (const undone of added) hub.unsubscribe(client, undone);
      if (!isKnown) this.counters.unknownTopic(`${client.path} ${topic}`);
      return answer(false, isKnown ? `error:already subscribed,topic:${topic}` : `error:handler not found,topic:${topic}`, operation);
    }
    answer(true, text, operation);
    for (const topic of added) hub.greet(client, topic, this.#context.nowUs());
  }

  /** Spot names the request only when the client did; the contract paths always have the key. */
  #ack(client: Client, isDone: boolean, text: string, requestId: string | undefined, op: string): string {
    const id = requestId ?? (client.path.endsWith('/spot') ? undefined : '');
    const named = id === undefined ? '' : `"req_id":${JSON.stringify(id)},`;
    return `{"success":${isDone},"ret_msg":${JSON.stringify(text)},"conn_id":"${this.#connectionIds.get(client) ?? ''}",${named}"op":${JSON.stringify(op)}}`;
  }
}

export function createBybit(context: VenueContext): VenueProtocol {
  return new BybitServer(context);
}
