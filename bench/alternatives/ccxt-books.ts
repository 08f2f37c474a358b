/**
 * ccxt's own way from a socket to an order book: its client (`ws`, a stream, `JSON.parse`), its `handleMessage` and its order book classes, untouched. The class is
 * the venue's own one of ccxt.pro; only the address is ours, and the snapshots come from the recording instead of by REST. Binance only. Used by the socket-to-book
 * benchmark.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Corpus } from '../support/corpus.js';
import { hashOfBooks, SHOWN_LEVELS, type ShownBook } from '../support/shown-book.js';

type Levels = readonly (readonly [number, number])[];

interface ProBook {
  readonly bids: Levels;
  readonly asks: Levels;
  readonly nonce: number | undefined;
  readonly cache: unknown[];
  reset(snapshot: unknown): void;
}

interface ProClient {
  connect(): Promise<unknown>;
  close(): unknown;
  readonly connection?: { on(event: string, listener: (error: Error) => void): void; terminate(): void };
}

interface ProExchange {
  options: Record<string, unknown>;
  orderbooks: Record<string, ProBook>;
  clients: Record<string, ProClient>;
  handleMessage(client: unknown, message: unknown): void;
  orderBook(snapshot: object, limit: number): ProBook;
  parseOrderBook(json: unknown, symbol: string): Record<string, unknown>;
  safeMarketStructure(market: object): object;
  setMarkets(markets: readonly object[]): unknown;
  client(url: string): ProClient;
  onError(client: ProClient, error: unknown): void;
}

export interface CcxtEvents {
  readonly opened: () => void;
  readonly before: () => void;
  readonly after: () => void;
  readonly failed: (text: string) => void;
}

/** As `watchOrderBook` asks for where the user names no limit. */
const LIMIT = 1000;
const CLASSES: Readonly<Record<string, string>> = { 'binance-usdm': 'binanceusdm', 'binance-spot': 'binance' };

export class CcxtBooks {
  readonly #exchange: ProExchange;
  readonly #corpus: Corpus;
  /** Venue's name to ccxt's. */
  readonly #symbols = new Map<string, string>();
  #events: CcxtEvents | null = null;

  private constructor(exchange: ProExchange, corpus: Corpus) {
    this.#exchange = exchange;
    this.#corpus = corpus;
    const isSpot = corpus.venue.id === 'binance-spot';
    const markets: object[] = [];
    for (const { restSymbol } of corpus.before) {
      if (restSymbol === null || this.#symbols.has(restSymbol)) continue;
      const base = restSymbol.replace(/USDT$/, '');
      const symbol = isSpot ? `${base}/USDT` : `${base}/USDT:USDT`;
      this.#symbols.set(restSymbol, symbol);
      const kind = isSpot
        ? { type: 'spot', spot: true }
        : { type: 'swap', swap: true, contract: true, linear: true, settle: 'USDT', settleId: 'USDT' };
      markets.push(
        exchange.safeMarketStructure({ id: restSymbol, symbol, base, quote: 'USDT', baseId: base, quoteId: 'USDT', active: true, ...kind }),
      );
    }
    exchange.setMarkets(markets);
    const handle = exchange.handleMessage.bind(exchange);
    exchange.handleMessage = (client, message): void => {
      const events = this.#events;
      events?.before();
      handle(client, message);
      events?.after();
    };
  }

  static async of(corpus: Corpus): Promise<CcxtBooks> {
    const name = CLASSES[corpus.venue.id];
    if (name === undefined) throw new Error(`no ccxt reader for ${corpus.venue.id}`);
    // The package exports only its root, which loads every exchange.
    const root = pathToFileURL(createRequire(import.meta.url).resolve('ccxt'));
    const loaded = (await import(new URL(`../js/src/pro/${name}.js`, root).href)) as {
      readonly default: new (settings: object) => ProExchange;
    };
    return new CcxtBooks(new loaded.default({}), corpus);
  }

  /** Books from the snapshots, and the messages before them, as `watchOrderBook` would have got them. */
  prepare(): void {
    const exchange = this.#exchange;
    const events = this.#events;
    this.#events = null;
    const client = {
      url: this.#corpus.venue.id === 'binance-spot' ? '/stream' : '',
      subscriptions: {},
      resolve: () => undefined,
      reject: fail,
    };
    for (const symbol of this.#symbols.values()) exchange.orderbooks[symbol] = exchange.orderBook({}, LIMIT);
    for (const { restSymbol, bytes } of this.#corpus.before) {
      const json: unknown = JSON.parse(bytes.toString());
      if (restSymbol === null) {
        exchange.handleMessage(client, json);
        continue;
      }
      const symbol = this.#symbols.get(restSymbol) ?? '';
      const book = exchange.orderbooks[symbol];
      if (book === undefined) throw new Error(`no book of ${symbol}`);
      const { lastUpdateId } = json as { readonly lastUpdateId: number };
      book.reset({ ...exchange.parseOrderBook(json, symbol), nonce: lastUpdateId });
      for (const message of book.cache.splice(0)) {
        if ((message as { readonly u: number }).u > lastUpdateId) exchange.handleMessage(client, message);
      }
    }
    this.#events = events;
  }

  /** @returns how to end it */
  connect(url: string, ca: string, events: CcxtEvents): () => void {
    const exchange = this.#exchange;
    this.#events = events;
    exchange.options = { ...exchange.options, ws: { options: { ca } } };
    exchange.onError = (_client, error): void => events.failed(String(error));
    const client = exchange.client(url);
    client.connect().then(events.opened, (error: unknown) => events.failed(String(error)));
    return () => {
      this.#events = null;
      Reflect.deleteProperty(exchange.clients, url);
      exchange.onError = (): void => undefined;
      client.connection?.terminate();
    };
  }

  result(): string {
    const shown: ShownBook[] = [];
    for (const [name, symbol] of this.#symbols) {
      const book = this.#exchange.orderbooks[symbol];
      if (book !== undefined) shown.push({ name, bids: best(book.bids), asks: best(book.asks) });
    }
    return hashOfBooks(shown);
  }
}

/** ccxt's sides are arrays with methods of their own. */
function best(levels: Levels): [number, number][] {
  return Array.from(levels)
    .slice(0, SHOWN_LEVELS)
    .map(([price, quantity]) => [price, quantity]);
}

function fail(error: unknown): never {
  throw new Error(`ccxt: ${String(error)}`);
}
