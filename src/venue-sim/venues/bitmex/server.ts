/**
 * BitMEX on one listener: REST and `/realtime`. The venue closed on 2026-09-23; its id-keyed book protocol lives on here. Handlers are called by the HTTP
 * server, `publish` by the `venues` process, both on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../../core/ports/http.js';
import { START_PRICES } from '../../markets.js';
import { BitmexRest, HELP, bitmexError } from './public-rest.js';
import { PUBLIC_TABLES, bitmexStream } from './public-streams.js';
import { timeText } from './public-tables.js';
import type { FaultRefusal, LiquidationEvent, Operation } from '../../exchange/contract.js';
import { BitmexAuth, type Signer } from './auth.js';
import { BitmexPrivateRest, bitmexRefusal } from './private-rest.js';
import { BitmexPrivateTables, PRIVATE_TABLES } from './private-tables.js';
import { PastQuotes } from './past-quotes.js';
import { OVERLOADED, rateLimited } from './refusals.js';
import { BitmexDeadMan, BitmexTrading } from './trading.js';
import { Hub, type Client } from '../hub.js';
import { objectOf, type VenueContext, type VenueProtocol } from '../protocol.js';
import { TokenBuckets } from '../token-bucket.js';

/** Connections an address may open at once, and how fast the allowance comes back: 720 an hour (venue's document on limits; the welcome counts it down). */
const CONNECTIONS = 40;
const CONNECTIONS_PER_SECOND = 720 / 3_600;

export class BitmexServer implements VenueProtocol {
  readonly id = 'bitmex';
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly #context: VenueContext;
  readonly #rest: BitmexRest;
  readonly #hub: Hub;
  readonly #auth: BitmexAuth;
  readonly #signed: BitmexPrivateRest;
  readonly #tables: BitmexPrivateTables;
  readonly #deadMan: BitmexDeadMan;
  readonly #pastQuotes: PastQuotes;
  /** Liquidations of the step, for their public table. */
  readonly #forced: LiquidationEvent[] = [];
  readonly #connections = new TokenBuckets(CONNECTIONS, CONNECTIONS_PER_SECOND);

  constructor(context: VenueContext) {
    this.counters = context.counters;
    this.#context = context;
    const bitcoin = context.markets.find((market) => market.spec.symbol === 'XBTUSD');
    const bitcoinPrice = (): number => bitcoin?.indexPrice ?? START_PRICES.BTC;
    const { exchange, faults } = context;
    const nowUs = (): number => context.nowUs();
    this.#auth = new BitmexAuth((apiKey) => exchange.keyOf(apiKey), nowUs);
    this.#deadMan = new BitmexDeadMan(exchange);
    const trading = new BitmexTrading(exchange, faults);
    this.#signed = new BitmexPrivateRest({ exchange, trading, deadMan: this.#deadMan, auth: this.#auth });
    this.#pastQuotes = new PastQuotes(context.markets);
    this.#rest = new BitmexRest(context, this.#signed, this.#auth, bitcoinPrice, this.#pastQuotes);
    this.#hub = new Hub(context.counters, (topic) => {
      const [table = '', symbol] = topic.split(':');
      return bitmexStream(context.markets, table, symbol, bitcoinPrice, this.#forced);
    });
    exchange.listen((event) => {
      if (event.type === 'liquidation') this.#forced.push(event);
    });
    this.#tables = new BitmexPrivateTables({ exchange, faults, nowUs, send: (client, text) => this.#hub.send(client, text) });
    this.handlers = {
      onRequest: (request, respond) => {
        this.counters.requests++;
        respond(this.#rest.onRequest(request));
      },
      onUpgrade: (request) => this.#onUpgrade(request),
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, bytes, isText),
      onClose: (socket) => {
        this.#tables.close(socket.id);
        this.#hub.close(socket);
      },
    };
  }

  operationOf(request: HttpRequest): Operation | null {
    return this.#signed.operationOf(request);
  }

  faultReply(refusal: FaultRefusal): HttpReply {
    const retryAfter = { 'retry-after': String(refusal.retryAfterSeconds) };
    if (refusal.kind === 'rate-limit') {
      return bitmexRefusal(rateLimited(refusal.retryAfterSeconds), {
        'x-ratelimit-limit': '120',
        'x-ratelimit-remaining': '0',
        ...retryAfter,
      });
    }
    return bitmexRefusal({ ...OVERLOADED, status: refusal.status, message: refusal.message ?? OVERLOADED.message });
  }

  publish(nowUs: number): void {
    this.#pastQuotes.step(nowUs);
    this.#hub.publish(nowUs);
    this.#forced.length = 0;
    this.#tables.step(nowUs);
    this.#deadMan.step(nowUs);
  }

  #onUpgrade(request: HttpRequest): HttpReply | null {
    if (request.path !== '/realtime') {
      this.counters.unknownPath(`WS ${request.path}`);
      return bitmexError(404, 'Not Found');
    }
    const left = this.#connections.take(request.remoteAddress, this.#context.nowUs());
    return left < 0 ? bitmexError(429, 'Rate limit exceeded, retry in 5 seconds.', 'RateLimitError') : null;
  }

  #onOpen(socket: ServerSocket): void {
    const nowUs = this.#context.nowUs();
    const client = this.#hub.open(socket, nowUs);
    const remaining = this.#connections.left(socket.request.remoteAddress);
    this.#hub.send(
      client,
      `{"info":"Welcome to the BitMEX Realtime API.","version":"2021-07-14T01:26:29.000Z","timestamp":"${timeText(nowUs)}",` +
        `"docs":"https://www.bitmex.com/app/wsAPI","limit":{"remaining":${remaining}}}`,
    );
    const signer = this.#auth.ofUpgrade(socket.request);
    if (signer !== null && !this.#login(client, signer, {})) return socket.close(1008, '');
    const wanted = new URLSearchParams(socket.request.query).get('subscribe') ?? '';
    const topics = wanted.split(',').filter((topic) => topic !== '');
    if (topics.length > 0) this.#subscribe(client, topics, { op: 'subscribe', args: topics });
  }

  #onMessage(socket: ServerSocket, bytes: Uint8Array, isText: boolean): void {
    const client = this.#hub.client(socket);
    if (client === undefined) return;
    this.counters.messagesIn++;
    const text = isText ? new TextDecoder().decode(bytes) : '';
    if (text === 'ping') return this.#hub.send(client, 'pong');
    if (text === 'help') return this.#hub.send(client, '{"info":"See https://www.bitmex.com/app/wsAPI for more documentation."}');
    const request = objectOf(text);
    if (request === null) {
      this.counters.badMessages++;
      return this.#hub.send(
        client,
        JSON.stringify({ status: 400, error: 'Unable to parse message: it must be JSON, or the text ping.', meta: {}, request: {} }),
      );
    }
    const args = typeof request['args'] === 'string' ? [request['args']] : request['args'];
    switch (request['op']) {
      case 'subscribe':
      case 'unsubscribe': {
        if (!Array.isArray(args) || !args.every((topic) => typeof topic === 'string'))
          return this.#refuse(client, 400, 'args must be a topic or a list of topics.', request);
        if (request['op'] === 'subscribe') return this.#subscribe(client, args, request);
        for (const topic of args) {
          if (!this.#tables.unsubscribe(client, topic)) this.#hub.unsubscribe(client, topic);
          this.#hub.send(client, JSON.stringify({ success: true, unsubscribe: topic, request }));
        }
        return undefined;
      }
      case 'ping':
        return this.#hub.send(client, 'pong');
      case 'help':
        return this.#hub.send(client, HELP);
      case 'authKeyExpires':
        if (this.#login(client, this.#auth.ofArguments(args), request)) this.#hub.send(client, JSON.stringify({ success: true, request }));
        return undefined;
      case 'cancelAllAfter':
        return this.#cancelAllAfter(client, args, request);
      default:
        this.counters.badMessages++;
        return this.#refuse(client, 400, `Unknown op: ${String(request['op']).slice(0, 40)}`, request);
    }
  }

  #login(client: Client, signer: Signer, request: object): boolean {
    if ('refusal' in signer) {
      this.#refuse(client, signer.refusal.status, signer.refusal.message, request);
      return false;
    }
    this.#tables.login(client, signer.key.account);
    return true;
  }

  #cancelAllAfter(client: Client, args: unknown, request: object): void {
    const account = this.#tables.accountOf(client);
    if (account === undefined) return this.#refuse(client, 401, 'Not authenticated.', request);
    const [timeout] = Array.isArray(args) ? (args as unknown[]) : [args];
    const answer = this.#deadMan.set(account, String(timeout), this.#context.nowUs());
    if ('refusal' in answer) return this.#refuse(client, answer.refusal.status, answer.refusal.message, request);
    this.#hub.send(client, JSON.stringify({ ...(answer.result as object), request }));
  }

  #subscribe(client: Client, topics: readonly string[], request: object): void {
    for (const topic of topics) {
      const [table = '', symbol] = topic.split(':');
      if (PRIVATE_TABLES.has(table) && !this.#tables.isKnown(client)) {
        this.#refuse(client, 401, 'User requested an account-locked subscription but no authorization was provided.', request);
      } else if (PRIVATE_TABLES.has(table) && !this.#tables.has(client, topic)) {
        this.#tables.subscribe(client, topic);
        this.#hub.send(client, JSON.stringify({ success: true, subscribe: topic, request }));
        this.#tables.greet(client, topic);
      } else if (PRIVATE_TABLES.has(table)) {
        this.#refuse(client, 400, `You are already subscribed to this topic: ${topic}.`, request);
      } else if (!PUBLIC_TABLES.includes(table)) {
        this.counters.unknownTopic(topic);
        this.#refuse(client, 400, `Unknown table: ${table}`, request);
      } else if (client.topics.has(topic)) {
        this.#refuse(client, 400, `You are already subscribed to this topic: ${topic}.`, request);
      } else if (!this.#hub.subscribe(client, topic, this.#context.nowUs(), true)) {
        this.counters.unknownTopic(topic);
        this.#refuse(client, 400, 'Unknown or expired symbol.', request, { symbol: symbol ?? '' });
      } else {
        this.#hub.send(client, JSON.stringify({ success: true, subscribe: topic, request }));
        this.#hub.greet(client, topic, this.#context.nowUs());
      }
    }
  }

  #refuse(client: Client, status: number, error: string, request: object, meta: object = {}): void {
    this.#hub.send(client, JSON.stringify({ status, error, meta, request }));
  }
}

export function createBitmex(context: VenueContext): VenueProtocol {
  return new BitmexServer(context);
}
