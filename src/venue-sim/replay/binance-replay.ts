/**
 * A Binance recording (spot, USD-M or COIN-M) served as the venue serves it: exchangeInfo, depth snapshots, combined and raw streams. Messages go out with the
 * bytes that were recorded; only the wrapper of combined connections is put on or taken off. Called by the `venues` process on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../core/ports/http.js';
import { BINANCE_COINM_DIALECT } from '../venues/binance/coinm.js';
import { INVALID_SYMBOL, binanceError, missingParameter, unknownPath, type BinanceDialect } from '../venues/binance/dialect.js';
import { BINANCE_SPOT_DIALECT } from '../venues/binance/spot.js';
import { BINANCE_USDM_DIALECT } from '../venues/binance/usdm.js';
import { jsonReply, objectOf, paramsOf } from '../venues/protocol.js';
import { Audience, type Listener } from './audience.js';
import { BinanceBook, type DepthAnswer, type DepthEvent } from './binance-book.js';
import { exchangeInfo } from './binance-info.js';
import { pathOf, type RecordedLine } from './recorded-line.js';
import { Decimals } from './reference-book.js';
import type { ReplayContext, ReplayVenue } from './replay-venue.js';

const DIALECTS: Readonly<Record<string, BinanceDialect>> = {
  'binance-spot': BINANCE_SPOT_DIALECT,
  'binance-usdm': BINANCE_USDM_DIALECT,
  'binance-coinm': BINANCE_COINM_DIALECT,
};
/** A request for so many levels means the whole book: what the recorder held may be more than one answer carried. */
const WHOLE_BOOK = 1_000;
const NO_SNAPSHOT = binanceError(503, -1001, 'The recording ended without a snapshot of this book.');

interface Frame {
  /** Stream name as recorded, or made from the event of a raw connection. */
  readonly stream: string;
  readonly inner: string;
  readonly isWrapped: boolean;
}

interface SymbolFacts {
  readonly decimals: Decimals;
  hasDepth: boolean;
  hasSnapshot: boolean;
}

export class BinanceReplay implements ReplayVenue {
  readonly id;
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly audience: Audience;
  readonly pingEverySeconds;
  readonly #dialect: BinanceDialect;
  readonly #context: ReplayContext;
  readonly #facts = new Map<string, SymbolFacts>();
  /** Recorded streams by what they carry, whatever their pace: `btcusdt@depth` -> `btcusdt@depth@0ms`. */
  readonly #families = new Map<string, Set<string>>();
  readonly #books = new Map<string, BinanceBook>();
  readonly #waiting = new Map<string, ((reply: HttpReply) => void)[]>();
  #recordedInfo: string | null = null;
  #isFinished = false;

  constructor(context: ReplayContext) {
    const dialect = DIALECTS[context.id];
    if (dialect === undefined) throw new Error(`no Binance venue '${context.id}'`);
    this.id = context.id;
    this.#dialect = dialect;
    this.#context = context;
    this.counters = context.counters;
    this.pingEverySeconds = dialect.pingEverySeconds;
    this.audience = new Audience(context.counters);
    this.handlers = {
      onRequest: (request, respond) => this.#onRequest(request, respond),
      onUpgrade: (request) => {
        if (dialect.groupOf(request.path) !== null) return null;
        this.counters.unknownPath(`WS ${request.path}`);
        return { status: 404, headers: { 'content-type': 'text/plain' }, body: '' };
      },
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, isText ? new TextDecoder().decode(bytes) : ''),
      onClose: (socket) => this.audience.close(socket),
    };
  }

  scan(record: RecordedLine, _url: string, seen: Set<string>): void {
    if (record.kind === 'http') {
      const { path, query } = pathOf(record);
      if (path.endsWith('/exchangeInfo')) this.#recordedInfo ??= record.raw;
      const symbol = query.get('symbol');
      if (!path.endsWith('/depth') || symbol === null) return;
      const facts = this.#factsOf(symbol);
      const answer = JSON.parse(record.raw) as DepthAnswer;
      facts.hasSnapshot = true;
      facts.decimals.see(answer.bids);
      facts.decimals.see(answer.asks);
      return;
    }
    if (record.kind !== 'in') return;
    const frame = frameOf(record.raw);
    if (frame === null) return;
    const family = familyOf(frame.stream);
    let names = this.#families.get(family);
    if (names === undefined) {
      names = new Set();
      this.#families.set(family, names);
    }
    names.add(frame.stream);
    const event = depthOf(frame);
    if (event === null) return;
    const facts = this.#factsOf(event.s);
    facts.hasDepth = true;
    seen.add(event.s);
    facts.decimals.see(event.b);
    facts.decimals.see(event.a);
  }

  symbols(): readonly string[] {
    return [...this.#facts].filter(([, facts]) => facts.hasDepth && facts.hasSnapshot).map(([symbol]) => symbol);
  }

  play(record: RecordedLine): void {
    if (record.kind === 'http') {
      const { path, query } = pathOf(record);
      const symbol = query.get('symbol');
      if (!path.endsWith('/depth') || symbol === null) return;
      this.#bookOf(symbol).snapshot(JSON.parse(record.raw) as DepthAnswer);
      this.#answerWaiting(symbol, jsonReply(200, record.raw));
      return;
    }
    if (record.kind !== 'in') return;
    const frame = frameOf(record.raw);
    if (frame === null) return;
    const event = depthOf(frame);
    if (event !== null) this.#bookOf(event.s).event(event);
    for (const [listener, wish] of this.audience.listenersOf(frame.stream) ?? []) {
      if (!listener.isWrapped) this.audience.send(listener, frame.inner);
      else this.audience.send(listener, frame.isWrapped ? record.raw : `{"stream":"${wish}","data":${frame.inner}}`);
    }
  }

  finish(): void {
    this.#isFinished = true;
    for (const symbol of this.#waiting.keys()) this.#answerWaiting(symbol, NO_SNAPSHOT);
  }

  #factsOf(symbol: string): SymbolFacts {
    let facts = this.#facts.get(symbol);
    if (facts === undefined) {
      facts = { decimals: new Decimals(), hasDepth: false, hasSnapshot: false };
      this.#facts.set(symbol, facts);
    }
    return facts;
  }

  #bookOf(symbol: string): BinanceBook {
    let book = this.#books.get(symbol);
    if (book === undefined) {
      book = new BinanceBook();
      this.#books.set(symbol, book);
    }
    return book;
  }

  #answerWaiting(symbol: string, reply: HttpReply): void {
    const waiting = this.#waiting.get(symbol);
    if (waiting === undefined) return;
    this.#waiting.delete(symbol);
    for (const respond of waiting) respond(reply);
    this.#context.onSnapshotAnswered();
  }

  #onRequest(request: HttpRequest, respond: (reply: HttpReply) => void): void {
    this.counters.requests++;
    this.audience.activity++;
    const root = [this.#dialect.root, ...this.#dialect.aliases].find((prefix) => request.path.startsWith(`${prefix}/`));
    const nowMs = Math.floor(this.#context.nowUs() / 1000);
    switch (root === undefined ? '' : `${request.method} ${request.path.slice(root.length + 1)}`) {
      case 'GET ping':
        return respond(jsonReply(200, '{}'));
      case 'GET time':
        return respond(jsonReply(200, `{"serverTime":${nowMs}}`));
      case 'GET exchangeInfo': {
        const seen = this.symbols().map((symbol) => ({ symbol, decimals: this.#factsOf(symbol).decimals }));
        return respond(jsonReply(200, exchangeInfo(this.#dialect, this.#recordedInfo, seen, nowMs)));
      }
      case 'GET depth':
        return this.#depth(request, respond);
      default:
        this.counters.unknownPath(`${request.method} ${request.path}`);
        return respond(unknownPath(this.#dialect, request.method, request.path));
    }
  }

  /** The recorded answer at its place; before it the request waits, after it the answer is the book of this moment. */
  #depth(request: HttpRequest, respond: (reply: HttpReply) => void): void {
    const params = paramsOf(request);
    const symbol = params.get('symbol');
    if (symbol === undefined) return respond(missingParameter('symbol'));
    if (!this.#facts.has(symbol)) return respond(INVALID_SYMBOL);
    const book = this.#books.get(symbol);
    if (book?.isWhole === true) {
      const limit = Number(params.get('limit') ?? '100');
      respond(jsonReply(200, this.#snapshotText(symbol, book, limit >= WHOLE_BOOK ? Infinity : limit)));
      this.#context.onSnapshotAnswered();
      return undefined;
    }
    if (this.#isFinished) return respond(NO_SNAPSHOT);
    const waiting = this.#waiting.get(symbol);
    if (waiting === undefined) this.#waiting.set(symbol, [respond]);
    else waiting.push(respond);
    return undefined;
  }

  #snapshotText(symbol: string, book: BinanceBook, most: number): string {
    const nowMs = Math.floor(this.#context.nowUs() / 1000);
    const times = this.#dialect.family === 'spot' ? {} : { E: nowMs, T: nowMs };
    const names = this.#dialect.family === 'coinm' ? { symbol, pair: symbol.split('_')[0] } : {};
    return JSON.stringify({ lastUpdateId: book.lastUpdateId, ...times, ...names, bids: book.book.bids(most), asks: book.book.asks(most) });
  }

  #onOpen(socket: ServerSocket): void {
    const listener = this.audience.open(socket);
    const { path, query } = socket.request;
    listener.isWrapped = path.endsWith('/stream');
    const raw = /\/ws\/(.+)$/.exec(path)?.[1];
    const combined = new URLSearchParams(query).get('streams') ?? '';
    for (const stream of (raw ?? combined).split('/')) if (stream !== '') this.#subscribe(listener, decodeURIComponent(stream));
  }

  #onMessage(socket: ServerSocket, text: string): void {
    const listener = this.audience.of(socket);
    if (listener === undefined) return;
    this.counters.messagesIn++;
    const message = objectOf(text);
    const params = message?.['params'];
    const id = JSON.stringify(message?.['id'] ?? null);
    const isList = Array.isArray(params) && params.every((name) => typeof name === 'string');
    let result: string | null = null;
    switch (message?.['method']) {
      case 'SUBSCRIBE':
        if (isList) for (const name of params) this.#subscribe(listener, name);
        if (isList) result = 'null';
        break;
      case 'UNSUBSCRIBE':
        if (isList) for (const name of params) this.audience.unsubscribe(listener, name);
        if (isList) result = 'null';
        break;
      case 'LIST_SUBSCRIPTIONS':
        result = JSON.stringify([...listener.wishes.keys()]);
        break;
      case 'SET_PROPERTY':
        if (!Array.isArray(params) || params[0] !== 'combined' || typeof params[1] !== 'boolean') break;
        listener.isWrapped = params[1];
        result = 'null';
        break;
    }
    if (result === null) {
      this.counters.badMessages++;
      this.audience.send(listener, `{"error":{"code":2,"msg":"Invalid request"},"id":${id}}`);
    } else this.audience.send(listener, `{"result":${result},"id":${id}}`);
  }

  /** Names that nobody recorded are accepted and stay silent, as at the venue. */
  #subscribe(listener: Listener, wish: string): void {
    const isCarried = this.#dialect.groupOf(listener.path)?.(wish) ?? false;
    const stream = isCarried ? this.#streamFor(wish) : null;
    if (stream === null) this.counters.unknownTopic(`${listener.path} ${wish}`);
    this.audience.subscribe(listener, wish, stream);
  }

  /** The recorded stream that answers: of this name, else the same at another pace, else trades one by one for aggregated ones and the reverse. */
  #streamFor(wish: string): string | null {
    const family = familyOf(wish);
    const names = this.#families.get(family);
    if (names?.has(wish) === true) return wish;
    const [first] = names ?? [];
    if (first !== undefined) return first;
    const sibling = family.endsWith('@aggTrade') ? family.replace('@aggTrade', '@trade') : family.replace('@trade', '@aggTrade');
    const [other] = sibling === family ? [] : (this.#families.get(sibling) ?? []);
    return other ?? null;
  }
}

/** Depth and mark prices come at several paces: `x@depth@100ms` and `x@depth` carry the same. */
function familyOf(stream: string): string {
  return stream.replace(/^([^@]+@(?:depth|markPrice))@.*$/, '$1');
}

const WRAPPED = /^\{"stream":"([^"]+)","data":/;

/** Null for acknowledgements and whatever else is no market data. */
function frameOf(raw: string): Frame | null {
  const head = WRAPPED.exec(raw);
  if (head?.[1] !== undefined && raw.endsWith('}')) return { stream: head[1], inner: raw.slice(head[0].length, -1), isWrapped: true };
  const value = objectOf(raw);
  if (value === null) return null;
  if (typeof value['stream'] === 'string' && typeof value['data'] === 'object')
    return { stream: value['stream'], inner: JSON.stringify(value['data']), isWrapped: true };
  const symbol = value['s'];
  if (typeof symbol !== 'string') return null;
  const channel = rawChannel(value);
  return channel === null ? null : { stream: `${symbol.toLowerCase()}@${channel}`, inner: raw, isWrapped: false };
}

/** Raw events name their kind; spot's bookTicker does not. */
function rawChannel(event: Readonly<Record<string, unknown>>): string | null {
  switch (event['e']) {
    case undefined:
      return typeof event['B'] === 'string' ? 'bookTicker' : null;
    case 'depthUpdate':
      return 'depth';
    case 'markPriceUpdate':
      return 'markPrice';
    default:
      return String(event['e']);
  }
}

function depthOf(frame: Frame): DepthEvent | null {
  if (!/@depth(@\d+ms)?$/.test(frame.stream)) return null;
  const event = JSON.parse(frame.inner) as DepthEvent & { readonly e?: string };
  return event.e === 'depthUpdate' ? event : null;
}
