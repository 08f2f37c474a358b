/**
 * A BitMEX recording served as the venue served it: instruments by REST, tables on `/realtime`. Books begin with the recorded partial; who subscribes after it
 * gets a partial of that moment, ids included, and the recorded messages behind it. Called by the `venues` process on its one thread.
 */
import type { HttpReply, HttpRequest, HttpServerHandlers, ServerSocket } from '../../core/ports/http.js';
import { bitmexError } from '../venues/bitmex/public-rest.js';
import { PUBLIC_TABLES } from '../venues/bitmex/public-streams.js';
import { timeText } from '../venues/bitmex/public-tables.js';
import { jsonReply, objectOf } from '../venues/protocol.js';
import { Audience, type Listener } from './audience.js';
import { bitmexInstrument } from './bitmex-info.js';
import { pathOf, type RecordedLine } from './recorded-line.js';
import { Decimals } from './reference-book.js';
import type { ReplayContext, ReplayVenue } from './replay-venue.js';

type Row = Readonly<Record<string, unknown>>;

interface Frame {
  readonly table: string;
  readonly action: string;
  readonly filter?: { readonly symbol?: string };
  readonly data: readonly Row[];
}

/** One table of one symbol. */
interface Stream {
  readonly key: string;
  readonly table: string;
  readonly symbol: string;
  /** Everything of the partial but its rows; null before it came. */
  head: Readonly<Record<string, unknown>> | null;
  /** Book rows by id. Empty for other tables. */
  readonly rows: Map<number, Row>;
}

const BOOK = /^orderBookL2(_25)?$/;

export class BitmexReplay implements ReplayVenue {
  readonly id = 'bitmex';
  readonly handlers: HttpServerHandlers;
  readonly counters;
  readonly audience: Audience;
  /** Clients ping here. */
  readonly pingEverySeconds = null;
  readonly #context: ReplayContext;
  readonly #streams = new Map<string, Stream>();
  readonly #decimals = new Map<string, Decimals>();
  readonly #instruments = new Map<string, Row>();

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
        if (request.path === '/realtime') return null;
        this.counters.unknownPath(`WS ${request.path}`);
        return bitmexError(404, 'Not Found');
      },
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, bytes, isText) => this.#onMessage(socket, isText ? new TextDecoder().decode(bytes) : ''),
      onClose: (socket) => this.audience.close(socket),
    };
  }

  scan(record: RecordedLine, _url: string, seen: Set<string>): void {
    if (record.kind === 'http') {
      if (!pathOf(record).path.startsWith('/api/v1/instrument')) return;
      const list: unknown = JSON.parse(record.raw);
      if (!Array.isArray(list)) return;
      for (const row of list as readonly Row[])
        if (!this.#instruments.has(String(row['symbol']))) this.#instruments.set(String(row['symbol']), row);
      return;
    }
    const frame = record.kind === 'in' ? frameOf(record.raw) : null;
    if (frame === null) return;
    for (const symbol of symbolsOf(frame)) this.#streamOf(frame.table, symbol);
    if (!BOOK.test(frame.table)) return;
    for (const row of frame.data) {
      if (typeof row['price'] !== 'number') continue;
      const symbol = String(row['symbol']);
      seen.add(symbol);
      let decimals = this.#decimals.get(symbol);
      if (decimals === undefined) {
        decimals = new Decimals();
        this.#decimals.set(symbol, decimals);
      }
      decimals.see([[String(row['price']), '1']]);
    }
  }

  symbols(): readonly string[] {
    return [...this.#decimals.keys()];
  }

  play(record: RecordedLine): void {
    const frame = record.kind === 'in' ? frameOf(record.raw) : null;
    if (frame === null) return;
    const told = new Set<Listener>();
    for (const symbol of symbolsOf(frame)) {
      const stream = this.#streamOf(frame.table, symbol);
      follow(stream, frame, record.raw);
      // A message of several symbols goes out once.
      for (const key of [stream.key, `${frame.table}:`]) {
        for (const listener of this.audience.listenersOf(key)?.keys() ?? []) {
          if (told.has(listener)) continue;
          told.add(listener);
          this.audience.send(listener, record.raw);
        }
      }
    }
  }

  finish(): void {
    // Nothing waits for a later line: partials come in the stream.
  }

  #streamOf(table: string, symbol: string): Stream {
    const key = `${table}:${symbol}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { key, table, symbol, head: null, rows: new Map() };
      this.#streams.set(key, stream);
    }
    return stream;
  }

  #instrumentOf(symbol: string): Row {
    return this.#instruments.get(symbol) ?? bitmexInstrument(symbol, this.#decimals.get(symbol) ?? new Decimals());
  }

  #answer(request: HttpRequest): HttpReply {
    switch (`${request.method} ${request.path}`) {
      case 'GET /api/v1':
        return jsonReply(200, JSON.stringify({ name: 'BitMEX API', timestamp: Math.floor(this.#context.nowUs() / 1000) }));
      case 'GET /api/v1/instrument/active':
      case 'GET /api/v1/instrument': {
        const wanted = new URLSearchParams(request.query).get('symbol');
        const symbols = this.symbols().filter((symbol) => wanted === null || wanted === symbol);
        return jsonReply(200, JSON.stringify(symbols.map((symbol) => this.#instrumentOf(symbol))));
      }
      default:
        this.counters.unknownPath(`${request.method} ${request.path}`);
        return bitmexError(404, 'Not Found');
    }
  }

  #onOpen(socket: ServerSocket): void {
    const listener = this.audience.open(socket);
    const timestamp = timeText(this.#context.nowUs());
    this.audience.send(
      listener,
      `{"info":"Welcome to the BitMEX Realtime API.","version":"2021-07-14T01:26:29.000Z","timestamp":"${timestamp}",` +
        `"docs":"https://www.bitmex.com/app/wsAPI","limit":{"remaining":39}}`,
    );
    const wanted = new URLSearchParams(socket.request.query).get('subscribe') ?? '';
    const topics = wanted.split(',').filter((topic) => topic !== '');
    if (topics.length > 0) this.#subscribe(listener, topics, { op: 'subscribe', args: topics });
  }

  #onMessage(socket: ServerSocket, text: string): void {
    const listener = this.audience.of(socket);
    if (listener === undefined) return undefined;
    this.counters.messagesIn++;
    if (text === 'ping') return this.audience.send(listener, 'pong');
    const request = objectOf(text);
    const args = typeof request?.['args'] === 'string' ? [request['args']] : request?.['args'];
    if (request === null || !Array.isArray(args) || !args.every((topic) => typeof topic === 'string')) {
      this.counters.badMessages++;
      return this.#refuse(listener, 400, 'Unable to parse message.', request ?? {});
    }
    if (request['op'] === 'subscribe') return this.#subscribe(listener, args, request);
    if (request['op'] !== 'unsubscribe') return this.#refuse(listener, 400, `Unknown op: ${String(request['op']).slice(0, 40)}`, request);
    for (const topic of args) {
      this.audience.unsubscribe(listener, topic);
      this.audience.send(listener, JSON.stringify({ success: true, unsubscribe: topic, request }));
    }
    return undefined;
  }

  #subscribe(listener: Listener, topics: readonly string[], request: object): void {
    for (const topic of topics) {
      const [table = '', symbol = ''] = topic.split(':');
      if (!PUBLIC_TABLES.includes(table)) this.#refuse(listener, 400, `Unknown table: ${table}`, request);
      else if (listener.wishes.has(topic)) this.#refuse(listener, 400, `You are already subscribed to this topic: ${topic}.`, request);
      else if (symbol !== '' && !this.#decimals.has(symbol)) this.#refuse(listener, 400, 'Unknown or expired symbol.', request);
      else {
        this.audience.send(listener, JSON.stringify({ success: true, subscribe: topic, request }));
        this.#join(listener, topic, this.#tableFor(table, symbol), symbol);
      }
    }
  }

  /** The recorded table that answers: full and short books stand in for each other. */
  #tableFor(table: string, symbol: string): string {
    if (!BOOK.test(table)) return table;
    const other = table === 'orderBookL2' ? 'orderBookL2_25' : 'orderBookL2';
    const has = (name: string): boolean =>
      [...this.#streams.values()].some((one) => one.table === name && (symbol === '' || one.symbol === symbol));
    return !has(table) && has(other) ? other : table;
  }

  #join(listener: Listener, topic: string, table: string, symbol: string): void {
    this.audience.subscribe(listener, topic, `${table}:${symbol}`);
    const symbols = symbol === '' ? this.symbols() : [symbol];
    for (const one of symbols) {
      const stream = this.#streams.get(`${table}:${one}`);
      if (stream?.head != null) this.audience.send(listener, partialText(stream, stream.head));
      else if (table === 'instrument' && stream === undefined) this.audience.send(listener, this.#instrumentPartial(one));
    }
  }

  /** Where the table was not recorded its rows stand still, as the REST answer had them. */
  #instrumentPartial(symbol: string): string {
    return JSON.stringify({
      table: 'instrument',
      action: 'partial',
      keys: ['symbol'],
      types: { symbol: 'symbol' },
      foreignKeys: {},
      attributes: { symbol: 'unique' },
      filter: { symbol },
      data: [this.#instrumentOf(symbol)],
    });
  }

  #refuse(listener: Listener, status: number, error: string, request: object): void {
    this.audience.send(listener, JSON.stringify({ status, error, meta: {}, request }));
  }
}

/** Null for acknowledgements and the greeting. */
function frameOf(raw: string): Frame | null {
  if (!raw.startsWith('{')) return null;
  const value = objectOf(raw);
  return value !== null && typeof value['table'] === 'string' && Array.isArray(value['data']) ? (value as unknown as Frame) : null;
}

function symbolsOf(frame: Frame): Set<string> {
  const symbols = new Set(frame.data.map((row) => String(row['symbol'])));
  // An empty partial is an empty book: its symbol stands in the filter.
  if (symbols.size === 0 && frame.filter?.symbol !== undefined) symbols.add(frame.filter.symbol);
  return symbols;
}

function follow(stream: Stream, frame: Frame, raw: string): void {
  const isBook = BOOK.test(frame.table);
  if (frame.action === 'partial') {
    const { data: _rows, ...head } = JSON.parse(raw) as Record<string, unknown>;
    stream.head = { ...head, filter: { symbol: stream.symbol } };
    stream.rows.clear();
  }
  if (!isBook || stream.head === null) return;
  for (const row of frame.data) {
    if (row['symbol'] !== stream.symbol || typeof row['id'] !== 'number') continue;
    if (frame.action === 'delete') stream.rows.delete(row['id']);
    else stream.rows.set(row['id'], { ...stream.rows.get(row['id']), ...row });
  }
}

/** Highest price first, as the venue sorts its ids. */
function partialText(stream: Stream, head: Readonly<Record<string, unknown>>): string {
  const rows = [...stream.rows.values()].sort((a, b) => Number(b['price']) - Number(a['price']));
  return JSON.stringify({ ...head, data: rows });
}
