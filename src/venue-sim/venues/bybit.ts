/**
 * Bybit v5 on one listener: linear, inverse and spot share the REST paths and have a socket path each. Handlers are called by the HTTP server, `publish`
 * by the `venues` process, both on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../core/ports/http.js';
import { BYBIT_CATEGORIES, type BybitCategory } from './bybit-messages.js';
import { BybitRest } from './bybit-rest.js';
import { bybitStream, type UpdateIds } from './bybit-streams.js';
import { Hub, type Client } from './hub.js';
import { objectOf, type VenueContext, type VenueProtocol } from './protocol.js';

/** A connection that says nothing for this long is cut (Bybit v5, "Connect": ten minutes at most). */
const SILENCE_US = 600_000_000;
/** Topics in one request on the spot path (VENUES.md 3), and on the others by the length of `args` in characters (venue's document). */
const MOST_SPOT_ARGS = 10;
const MOST_ARGS_CHARACTERS = 21_000;

export class BybitServer implements VenueProtocol {
  readonly id = 'bybit';
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly #context: VenueContext;
  readonly #rest: BybitRest;
  readonly #hubs: ReadonlyMap<BybitCategory, Hub>;
  readonly #connectionIds = new WeakMap<Client, string>();
  #lastCheckUs = 0;

  constructor(context: VenueContext) {
    this.counters = context.counters;
    this.#context = context;
    this.#rest = new BybitRest(context);
    const updates: UpdateIds = new Map();
    this.#hubs = new Map(
      BYBIT_CATEGORIES.map((category) => {
        const markets = context.markets.filter((market) => market.spec.kind === category);
        return [category, new Hub(context.counters, (topic) => bybitStream(markets, updates, topic))];
      }),
    );
    this.handlers = {
      onRequest: (request, respond) => {
        this.counters.requests++;
        respond(this.#rest.onRequest(request));
      },
      onUpgrade: (request) => this.#onUpgrade(request),
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, bytes, isText),
      onClose: (socket) => this.#hubOf(socket)?.close(socket),
    };
  }

  publish(nowUs: number): void {
    for (const hub of this.#hubs.values()) hub.publish(nowUs);
    if (nowUs - this.#lastCheckUs < 5_000_000) return;
    this.#lastCheckUs = nowUs;
    for (const hub of this.#hubs.values()) {
      for (const client of hub.clients) {
        if (nowUs - client.lastLifeUs <= SILENCE_US) continue;
        hub.close(client.socket);
        client.socket.close(1000, '');
      }
    }
  }

  #hubOf(socket: ServerSocket): Hub | undefined {
    const category = BYBIT_CATEGORIES.find((name) => socket.request.path === `/v5/public/${name}`);
    return category === undefined ? undefined : this.#hubs.get(category);
  }

  #onUpgrade(request: HttpRequest): HttpReply | null {
    if (BYBIT_CATEGORIES.some((name) => request.path === `/v5/public/${name}`)) return null;
    // `/v5/private` and `/v5/trade` open with the trading endpoints.
    this.counters.unknownPath(`WS ${request.path}`);
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
  }

  #onOpen(socket: ServerSocket): void {
    const client = this.#hubOf(socket)?.open(socket, this.#context.nowUs());
    if (client !== undefined)
      this.#connectionIds.set(client, `${this.#context.random.text(20).toLowerCase()}-${this.#context.random.text(5).toLowerCase()}`);
  }

  #onMessage(socket: ServerSocket, bytes: Uint8Array, isText: boolean): void {
    const hub = this.#hubOf(socket);
    const client = hub?.client(socket);
    if (hub === undefined || client === undefined) return;
    this.counters.messagesIn++;
    client.lastLifeUs = this.#context.nowUs();
    const message = isText ? objectOf(new TextDecoder().decode(bytes)) : null;
    const operation = message?.['op'];
    const requestId = typeof message?.['req_id'] === 'string' ? message['req_id'] : undefined;
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
