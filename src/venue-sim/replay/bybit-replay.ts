/**
 * A Bybit v5 recording served as the venue serves it. Books begin with the recorded snapshot; who subscribes after it gets one made of the book of that moment,
 * with its `u`, and the recorded deltas behind it. Called by the `venues` process on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../core/ports/http.js';
import { BYBIT_CATEGORIES, type BybitCategory } from '../venues/bybit/public-messages.js';
import { jsonReply, objectOf } from '../venues/protocol.js';
import { Audience, type Listener } from './audience.js';
import { instrumentsInfo } from './bybit-info.js';
import { pathOf, type RecordedLine } from './recorded-line.js';
import { Decimals, ReferenceBook, type Level } from './reference-book.js';
import type { ReplayContext, ReplayVenue } from './replay-venue.js';

interface BookFrame {
  readonly type: string;
  readonly ts: number;
  readonly cts?: number;
  readonly data: {
    readonly s: string;
    readonly b: readonly Level[];
    readonly a: readonly Level[];
    readonly u: number;
    readonly seq?: number;
  };
}

interface Topic {
  /** `linear/orderbook.200.BTCUSDT`: the same names exist in several categories. */
  readonly key: string;
  readonly category: BybitCategory;
  readonly name: string;
  readonly symbol: string;
  readonly decimals: Decimals;
  readonly book: ReferenceBook;
  /** Of the book now; null before its snapshot, and after a gap in the recording. */
  last: BookFrame | null;
  /** Tickers tell what changed: everything told so far. */
  ticker: Record<string, unknown> | null;
}

/** Connection ids have this form; one for all is enough here. */
const CONNECTION_ID = 'replayed0000000000-00000';

export class BybitReplay implements ReplayVenue {
  readonly id = 'bybit';
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly audience: Audience;
  /** Clients ping here. */
  readonly pingEverySeconds = null;
  readonly #context: ReplayContext;
  readonly #topics = new Map<string, Topic>();
  readonly #symbols = new Set<string>();
  readonly #info = new Map<string, string[]>();

  constructor(context: ReplayContext) {
    this.#context = context;
    this.counters = context.counters;
    this.audience = new Audience(context.counters);
    this.handlers = {
      onRequest: (request, respond) => {
        this.counters.requests++;
        this.audience.activity++;
        respond(this.#answer(request));
      },
      onUpgrade: (request) => {
        if (categoryOf(request.path) !== null) return null;
        this.counters.unknownPath(`WS ${request.path}`);
        return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
      },
      onOpen: (socket) => void this.audience.open(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, isText ? new TextDecoder().decode(bytes) : ''),
      onClose: (socket) => this.audience.close(socket),
    };
  }

  scan(record: RecordedLine, url: string, seen: Set<string>): void {
    if (record.kind === 'http') {
      const { path, query } = pathOf(record);
      const category = query.get('category');
      if (!path.endsWith('/instruments-info') || category === null) return;
      this.#info.set(category, [...(this.#info.get(category) ?? []), record.raw]);
      return;
    }
    if (record.kind !== 'in') return;
    const name = topicOf(record.raw);
    if (name === null) return;
    const topic = this.#topicOf(name, categoryOf(url) ?? 'linear');
    this.#symbols.add(`${topic.category}/${topic.symbol}`);
    const frame = bookOf(record.raw, name);
    if (frame === null) return;
    seen.add(`${topic.category}:${topic.symbol}`);
    topic.decimals.see(frame.data.b);
    topic.decimals.see(frame.data.a);
  }

  symbols(): readonly string[] {
    return [...new Set([...this.#topics.values()].filter(isBook).map((topic) => `${topic.category}:${topic.symbol}`))];
  }

  play(record: RecordedLine, url: string): void {
    if (record.kind !== 'in') return;
    const name = topicOf(record.raw);
    if (name === null) return;
    const topic = this.#topicOf(name, categoryOf(url) ?? 'linear');
    const frame = bookOf(record.raw, name);
    if (frame !== null) follow(topic, frame);
    else if (name.startsWith('tickers.')) followTicker(topic, record.raw);
    for (const listener of this.audience.listenersOf(topic.key)?.keys() ?? []) this.audience.send(listener, record.raw);
  }

  finish(): void {
    // Nothing waits for a later line: snapshots come in the stream.
  }

  #topicOf(name: string, category: BybitCategory): Topic {
    const key = `${category}/${name}`;
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      const symbol = name.slice(name.lastIndexOf('.') + 1);
      topic = { key, category, name, symbol, decimals: new Decimals(), book: new ReferenceBook(), last: null, ticker: null };
      this.#topics.set(key, topic);
    }
    return topic;
  }

  #answer(request: HttpRequest): HttpReply {
    const nowMs = Math.floor(this.#context.nowUs() / 1000);
    const params = new URLSearchParams(request.query);
    const category = params.get('category') ?? '';
    switch (`${request.method} ${request.path}`) {
      case 'GET /v5/market/time': {
        const nowUs = this.#context.nowUs();
        const result = { timeSecond: String(Math.floor(nowUs / 1e6)), timeNano: `${nowUs}000` };
        return jsonReply(200, JSON.stringify({ retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time: nowMs }));
      }
      case 'GET /v5/market/instruments-info': {
        if (!BYBIT_CATEGORIES.some((known) => known === category))
          return jsonReply(200, `{"retCode":10001,"retMsg":"Invalid category","result":{},"retExtInfo":{},"time":${nowMs}}`);
        const wanted = params.get('symbol');
        const seen = new Map<string, { symbol: string; decimals: Decimals }>();
        for (const topic of this.#topics.values())
          if (isBook(topic) && topic.category === category && (wanted === null || wanted === topic.symbol)) seen.set(topic.symbol, topic);
        return jsonReply(200, instrumentsInfo(category, this.#info.get(category) ?? [], [...seen.values()], nowMs));
      }
      default:
        this.counters.unknownPath(`${request.method} ${request.path}`);
        return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
    }
  }

  #onMessage(socket: ServerSocket, text: string): void {
    const listener = this.audience.of(socket);
    const category = categoryOf(socket.request.path);
    if (listener === undefined || category === null) return;
    this.counters.messagesIn++;
    const message = objectOf(text);
    const operation = message?.['op'];
    const id = typeof message?.['req_id'] === 'string' ? message['req_id'] : category === 'spot' ? undefined : '';
    const answer = (isDone: boolean, said: string): void => {
      const named = id === undefined ? '' : `"req_id":${JSON.stringify(id)},`;
      const op = typeof operation === 'string' ? operation.slice(0, 40) : '';
      this.audience.send(
        listener,
        `{"success":${isDone},"ret_msg":${JSON.stringify(said)},"conn_id":"${CONNECTION_ID}",${named}"op":${JSON.stringify(op)}}`,
      );
    };
    if (operation === 'ping') return answer(true, 'pong');
    const args = message?.['args'];
    if (
      (operation !== 'subscribe' && operation !== 'unsubscribe') ||
      !Array.isArray(args) ||
      !args.every((arg) => typeof arg === 'string')
    ) {
      this.counters.badMessages++;
      return answer(false, 'Request error');
    }
    if (operation === 'unsubscribe') for (const arg of args) this.audience.unsubscribe(listener, arg);
    else this.#subscribe(listener, category, args, answer);
    if (operation === 'unsubscribe') answer(true, category === 'spot' ? operation : '');
    return undefined;
  }

  /** All topics of a request or none. The answer comes before the first data. */
  #subscribe(listener: Listener, category: BybitCategory, names: readonly string[], answer: (isDone: boolean, said: string) => void): void {
    const twice = names.find((name) => listener.wishes.has(name));
    if (twice !== undefined) return answer(false, `error:already subscribed,topic:${twice}`);
    const unknown = names.find((name) => !this.#symbols.has(`${category}/${name.slice(name.lastIndexOf('.') + 1)}`));
    if (unknown !== undefined) {
      this.counters.unknownTopic(`${listener.path} ${unknown}`);
      return answer(false, `error:handler not found,topic:${unknown}`);
    }
    answer(true, category === 'spot' ? 'subscribe' : '');
    for (const name of names) {
      const topic = this.#recordedFor(category, name);
      if (topic === null) this.counters.unknownTopic(`${listener.path} ${name}`);
      this.audience.subscribe(listener, name, topic?.key ?? null);
      if (topic?.last != null) this.audience.send(listener, snapshotText(topic, topic.last));
      else if (topic?.ticker != null) this.audience.send(listener, JSON.stringify(topic.ticker));
    }
    return undefined;
  }

  /** The recorded topic that answers: of this name, else the book of that symbol at the next depth, deeper ones first. */
  #recordedFor(category: BybitCategory, name: string): Topic | null {
    const exact = this.#topics.get(`${category}/${name}`);
    if (exact !== undefined) return exact;
    const [kind, depth, symbol] = name.split('.');
    if (kind !== 'orderbook') return null;
    const others = [...this.#topics.values()].filter((topic) => isBook(topic) && topic.category === category && topic.symbol === symbol);
    others.sort((a, b) => depthOf(a) - depthOf(b));
    return others.find((topic) => depthOf(topic) >= Number(depth)) ?? others.at(-1) ?? null;
  }
}

function categoryOf(url: string): BybitCategory | null {
  const found = /\/v5\/public\/([a-z]+)/.exec(url)?.[1];
  return BYBIT_CATEGORIES.find((category) => category === found) ?? null;
}

function topicOf(raw: string): string | null {
  const quick = /^\{(?:"type":"[a-z]+",)?"topic":"([^"]+)"/.exec(raw)?.[1];
  if (quick !== undefined) return quick;
  const topic = objectOf(raw)?.['topic'];
  return typeof topic === 'string' ? topic : null;
}

function isBook(topic: Topic): boolean {
  return topic.name.startsWith('orderbook.');
}

function depthOf(topic: Topic): number {
  return Number(topic.name.split('.')[1]);
}

function bookOf(raw: string, name: string): BookFrame | null {
  return name.startsWith('orderbook.') ? (JSON.parse(raw) as BookFrame) : null;
}

/** A snapshot, or `u` = 1, replaces the book; a delta follows by one. */
function follow(topic: Topic, frame: BookFrame): void {
  const { b, a, u } = frame.data;
  if (frame.type === 'snapshot' || u === 1) topic.book.replace(b, a);
  else if (topic.last !== null && u === topic.last.data.u + 1) topic.book.apply(b, a);
  else {
    topic.last = null;
    return;
  }
  topic.last = frame;
}

function followTicker(topic: Topic, raw: string): void {
  const frame = objectOf(raw);
  if (frame === null) return;
  const before = frame['type'] === 'delta' ? (topic.ticker?.['data'] as object | undefined) : {};
  if (before === undefined) return;
  topic.ticker = { ...frame, type: 'snapshot', data: { ...before, ...(frame['data'] as object) } };
}

/** Key order differs between spot and the contract endpoints. */
function snapshotText(topic: Topic, last: BookFrame): string {
  const { s, u, seq = 0 } = last.data;
  const data = { s, b: topic.book.bids(), a: topic.book.asks(), u, seq };
  const cts = last.cts ?? last.ts;
  return topic.category === 'spot'
    ? JSON.stringify({ topic: topic.name, ts: last.ts, type: 'snapshot', data, cts })
    : JSON.stringify({ topic: topic.name, type: 'snapshot', ts: last.ts, data, cts });
}
