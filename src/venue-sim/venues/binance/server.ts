/**
 * One Binance venue on one listener: REST, and the market streams with their paths, subscriptions and pings. The three venues differ by their dialect only.
 * Handlers are called by the HTTP server, `publish` by the `venues` process, both on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../../core/ports/http.js';
import type { FaultRefusal, LiquidationEvent, Operation } from '../../exchange/contract.js';
import type { BinanceDialect } from './dialect.js';
import { BinanceRest } from './public-rest.js';
import { binanceStream } from './public-streams.js';
import { RateLimits } from './rate-limits.js';
import { BinanceTrading, faultReply } from './trading.js';
import { MicrosecondSocket, isMicroseconds } from './time-unit.js';
import { UserStreams } from './user-streams.js';
import { WS_API_NAMES } from './ws-api-names.js';
import { WsApi } from './ws-api.js';
import { Hub, type Client } from '../hub.js';
import { objectOf, type VenueContext, type VenueProtocol } from '../protocol.js';
import { TokenBuckets } from '../token-bucket.js';

/** Streams one connection may carry, and how long it lives (documents of the three venues, 2026-11). */
const MOST_STREAMS = 1_024;
const LONGEST_LIFE_US = 24 * 3_600_000_000;

export class BinanceServer implements VenueProtocol {
  readonly id;
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly #dialect: BinanceDialect;
  readonly #context: VenueContext;
  readonly #rest: BinanceRest;
  readonly #trading: BinanceTrading;
  readonly #streams: UserStreams;
  readonly #wsApi: WsApi;
  readonly #hub: Hub;
  readonly #incoming: TokenBuckets;
  /** Liquidations of the step, for the public stream. */
  readonly #forced: LiquidationEvent[] = [];
  #lastPingCheckUs = 0;

  constructor(dialect: BinanceDialect, context: VenueContext) {
    this.id = dialect.id;
    this.counters = context.counters;
    this.#dialect = dialect;
    this.#context = context;
    const { exchange, faults, random } = context;
    const limits = new RateLimits(dialect);
    const room = { exchange, faults, random, nowUs: () => context.nowUs() };
    this.#trading = new BinanceTrading(room, dialect.family, dialect.root, limits);
    this.#rest = new BinanceRest(dialect, context, limits, this.#trading);
    this.#incoming = new TokenBuckets(dialect.messagesPerSecond, dialect.messagesPerSecond);
    this.#hub = new Hub(
      context.counters,
      (topic) => binanceStream(dialect, context.markets, topic, this.#forced),
      (topic, text) => `{"stream":"${topic}","data":${text}}`,
    );
    this.#streams = new UserStreams(this.#hub, faults, this.#trading.keys, this.#trading.messages);
    this.#trading.onKeyEnded = (key, { account, nowUs }) => this.#streams.endKey(key, account, nowUs);
    this.#wsApi = new WsApi({
      family: dialect.family,
      trading: this.#trading,
      streams: this.#streams,
      faults,
      weightPerMinute: dialect.weightPerMinute,
      publicAnswer: (name, query, address) => this.#rest.answer(name, query, address),
      nowUs: () => context.nowUs(),
      send: (client, text) => this.#hub.send(client, text),
    });
    exchange.listen((event) => {
      if (event.type === 'liquidation') this.#forced.push(event);
      this.#streams.onEvent(event);
    });
    this.handlers = {
      onRequest: (request, respond) => {
        this.counters.requests++;
        respond(this.#rest.onRequest(request));
      },
      onUpgrade: (request) => this.#onUpgrade(request),
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, bytes, isText),
      onPong: (socket) => {
        const client = this.#hub.client(socket);
        if (client !== undefined) client.lastLifeUs = context.nowUs();
      },
      onClose: (socket) => {
        const client = this.#hub.client(socket);
        if (client !== undefined) this.#forget(client);
      },
    };
  }

  operationOf(request: HttpRequest): Operation | null {
    return this.#trading.operationOf(request);
  }

  faultReply(refusal: FaultRefusal): HttpReply {
    return faultReply(this.#dialect.family, refusal);
  }

  publish(nowUs: number): void {
    this.#trading.step(nowUs);
    this.#streams.step(nowUs);
    this.#hub.publish(nowUs);
    this.#forced.length = 0;
    if (nowUs - this.#lastPingCheckUs < 1_000_000) return;
    this.#lastPingCheckUs = nowUs;
    for (const client of this.#hub.clients) this.#keepAlive(client, nowUs);
  }

  #keepAlive(client: Client, nowUs: number): void {
    if (nowUs - client.openedUs > LONGEST_LIFE_US || nowUs - client.lastLifeUs > this.#silenceUs()) {
      this.#end(client, 'disconnected');
      return;
    }
    if (nowUs - client.lastPingUs < this.#dialect.pingEverySeconds * 1_000_000) return;
    client.lastPingUs = nowUs;
    client.socket.ping();
  }

  #end(client: Client, reason: string): void {
    this.#forget(client);
    client.socket.close(1008, reason);
  }

  #forget(client: Client): void {
    this.#streams.close(client);
    this.#wsApi.close(client);
    this.#hub.close(client.socket);
    this.#incoming.forget(String(client.socket.id));
  }

  #silenceUs(): number {
    return (this.#dialect.pingEverySeconds + this.#dialect.pongWithinSeconds) * 1_000_000;
  }

  #onUpgrade(request: HttpRequest): HttpReply | null {
    if (this.#dialect.groupOf(request.path) !== null || this.#isRequestSocket(request.path)) return null;
    this.counters.unknownPath(`WS ${request.path}`);
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '' };
  }

  #onOpen(socket: ServerSocket): void {
    const { path, query } = socket.request;
    const isMicro = this.#dialect.family === 'spot' && isMicroseconds(new URLSearchParams(query).get('timeUnit')) === true;
    const client = this.#hub.open(isMicro ? new MicrosecondSocket(socket) : socket, this.#context.nowUs());
    client.isWrapped = path.endsWith('/stream');
    const raw = /\/ws\/(.+)$/.exec(path)?.[1];
    const params = new URLSearchParams(query);
    // A plus sign in a stream's name is itself (`@kline_1d@+08:00`): a form's reading would make it a space.
    const combined = /(?:^|&)streams=([^&]*)/.exec(query)?.[1]?.replaceAll('%2F', '/') ?? '';
    const listenKey = params.get('listenKey');
    const events = params.get('events');
    if (listenKey !== null) this.#listen(client, listenKey, events === null || events === '' ? null : new Set(events.split('/')));
    for (const stream of (raw ?? combined).split('/')) if (stream !== '') this.#subscribe(client, decodeURIComponent(stream));
  }

  #onMessage(socket: ServerSocket, bytes: Uint8Array, isText: boolean): void {
    const client = this.#hub.client(socket);
    if (client === undefined) return;
    this.counters.messagesIn++;
    // The request socket is limited by weight instead.
    if (!this.#isRequestSocket(client.path) && this.#incoming.take(String(socket.id), this.#context.nowUs()) < 0) {
      this.#end(client, 'Too many requests');
      return;
    }
    const text = isText ? new TextDecoder().decode(bytes) : '';
    const message = objectOf(text);
    if (message === null) {
      this.counters.badMessages++;
      this.#hub.send(client, '{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}');
      return;
    }
    if (this.#isRequestSocket(client.path)) this.#wsApi.onMessage(client, message);
    else this.#hub.send(client, this.#answer(client, message));
  }

  #isRequestSocket(path: string): boolean {
    return path === WS_API_NAMES[this.#dialect.family].path;
  }

  #answer(client: Client, message: Record<string, unknown>): string {
    const id = message['id'];
    if (id !== null && typeof id !== 'number' && typeof id !== 'string')
      return refused(2, 'Invalid request: request ID must be an unsigned integer or a string', null);
    const done = (result: unknown): string => `{"result":${JSON.stringify(result)},"id":${JSON.stringify(id)}}`;
    const params = message['params'];
    switch (message['method']) {
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE': {
        if (!isTexts(params)) return refused(2, 'Invalid request: params must be an array of strings', id);
        if (message['method'] === 'UNSUBSCRIBE') for (const stream of params) this.#unsubscribe(client, stream);
        else if (client.topics.size + params.length > MOST_STREAMS)
          return refused(2, `Invalid request: too many streams, at most ${MOST_STREAMS}`, id);
        else for (const stream of params) this.#subscribe(client, stream);
        return done(null);
      }
      case 'LIST_SUBSCRIPTIONS':
        return done([...client.topics]);
      case 'SET_PROPERTY':
        if (!Array.isArray(params) || params[0] !== 'combined' || typeof params[1] !== 'boolean')
          return refused(1, 'Invalid value type: expected Boolean', id);
        client.isWrapped = params[1];
        return done(null);
      case 'GET_PROPERTY':
        return Array.isArray(params) && params[0] === 'combined' ? done(client.isWrapped) : refused(0, 'Unknown property', id);
      default:
        this.counters.badMessages++;
        return refused(
          2,
          `Invalid request: unknown variant \`${String(message['method']).slice(0, 40)}\`, expected one of \`SUBSCRIBE\`, \`UNSUBSCRIBE\`, \`LIST_SUBSCRIPTIONS\`, \`SET_PROPERTY\`, \`GET_PROPERTY\``,
          id,
        );
    }
  }

  /** Names nobody knows, and streams of another path group, are accepted and stay silent, as at the venue; they are counted. */
  #subscribe(client: Client, stream: string): void {
    if (this.#listen(client, stream, null)) return;
    const isCarried = this.#dialect.groupOf(client.path)?.(stream) ?? false;
    if (!isCarried || !this.#hub.subscribe(client, stream, this.#context.nowUs())) this.counters.unknownTopic(`${client.path} ${stream}`);
  }

  #unsubscribe(client: Client, stream: string): void {
    if (!this.#streams.detach(client, stream)) this.#hub.unsubscribe(client, stream);
  }

  /** False when this is no listen key, or the path carries no private streams. */
  #listen(client: Client, key: string, events: ReadonlySet<string> | null): boolean {
    return this.#dialect.carriesPrivate(client.path) && this.#streams.attach(client, key, events, this.#context.nowUs());
  }
}

function refused(code: number, message: string, id: unknown): string {
  return JSON.stringify({ error: { code, msg: message }, id });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
