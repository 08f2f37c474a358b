/** BitMEX's public REST paths: filters, paging, rate limit and refusals; signed paths go on to `BitmexPrivateRest`. Called by `BitmexServer` for each request. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import type { Exchange } from '../../exchange/contract.js';
import type { Stretch } from '../../market/kept-candles.js';
import type { Market } from '../../market/market.js';
import { instrumentRow } from './instrument.js';
import { BINS_MS, bucketRow } from './bin-tables.js';
import { statsRows } from './stats.js';
import { SWAGGER } from './swagger.js';
import { PUBLIC_TABLES } from './public-streams.js';
import { PRIVATE_TABLES } from './private-tables.js';
import type { BitmexAuth } from './auth.js';
import { bitmexRefusal, type BitmexPrivateRest } from './private-rest.js';
import { rateLimited } from './refusals.js';
import { fundingRow, levelRow, quoteRow, tradeRow } from './public-tables.js';
import { jsonReply, paramsOf, type VenueContext } from '../protocol.js';
import { columnsOf } from './columns.js';
import type { Row } from './order-rows.js';
import { filterOf, textOf } from './params.js';
import type { PastQuotes } from './past-quotes.js';
import { matches } from './queries.js';
import { TokenBuckets } from '../token-bucket.js';

/** Requests per minute without a key (VENUES.md 2). */
const REQUESTS_PER_MINUTE = 30;
const MOST_ROWS = 1_000;

interface Ask {
  readonly params: Map<string, string>;
  readonly nowUs: number;
}

/** Nobody announces, chats or leads here; liquidations are over at once, contracts never settle, indices have no instrument, and days of the past are not told. */
const NOTHING_TO_LIST = [
  'announcement',
  'announcement/urgent',
  'chat',
  'chat/channels',
  'globalNotification',
  'instrument/compositeIndex',
  'instrument/indices',
  'insurance',
  'leaderboard',
  'liquidation',
  'settlement',
  'stats/history',
  'stats/historyUSD',
] as const;

export class BitmexRest {
  readonly #context: VenueContext;
  readonly #signed: BitmexPrivateRest;
  readonly #auth: BitmexAuth;
  readonly #bitcoinPrice: () => number;
  readonly #pastQuotes: PastQuotes;
  readonly #routes: ReadonlyMap<string, (ask: Ask) => string | HttpReply>;
  readonly #allowance = new TokenBuckets(REQUESTS_PER_MINUTE, REQUESTS_PER_MINUTE / 60);

  constructor(context: VenueContext, signed: BitmexPrivateRest, auth: BitmexAuth, bitcoinPrice: () => number, pastQuotes: PastQuotes) {
    this.#pastQuotes = pastQuotes;
    this.#context = context;
    this.#signed = signed;
    this.#auth = auth;
    this.#bitcoinPrice = bitcoinPrice;
    this.#routes = new Map<string, (ask: Ask) => string | HttpReply>([
      // The root names the interface and the time.
      ['', (ask) => `{"name":"BitMEX API","version":"2.0.0","timestamp":${Math.floor(ask.nowUs / 1_000)}}`],
      ['schema/websocketHelp', () => HELP],
      ['instrument', (ask) => this.#rows(ask, (market) => [this.#instrument(market, ask)])],
      ['instrument/active', (ask) => `[${context.markets.map((market) => this.#instrument(market, ask)).join(',')}]`],
      // There are no index instruments here: the same rows.
      ['instrument/activeAndIndices', (ask) => `[${context.markets.map((market) => this.#instrument(market, ask)).join(',')}]`],
      ['wallet/assets', () => ASSETS],
      ['orderBook/L2', (ask) => this.#orderBook(ask)],
      ['trade', (ask) => this.#rows(ask, (market) => market.trades(MOST_ROWS).map((trade) => tradeRow(market, trade, bitcoinPrice())))],
      ['quote', (ask) => this.#rows(ask, (market) => [quoteRow(market, ask.nowUs)])],
      ['trade/bucketed', (ask) => this.#bucketed(ask)],
      ['quote/bucketed', (ask) => this.#bucketedQuotes(ask)],
      ['instrument/activeIntervals', () => intervals(context.markets)],
      ['stats', (ask) => statsRows(context.markets, bitcoinPrice(), ask.nowUs)],
      ...NOTHING_TO_LIST.map((path): [string, (ask: Ask) => string] => [path, () => '[]']),
      ['funding', (ask) => this.#rows(ask, (market) => fundings(context.exchange, market, ask.nowUs))],
    ]);
  }

  onRequest(request: HttpRequest): HttpReply {
    const nowUs = this.#context.nowUs();
    if (request.path === '/api/explorer/swagger.json') return jsonReply(200, SWAGGER);
    if (request.path === '/api/v1/order/bulk') return bitmexError(410, 'This endpoint has been removed.');
    if (this.#signed.has(request.path)) return this.#signed.onRequest(request, nowUs);
    const route = /^\/api\/v1(\/|$)/.test(request.path) ? this.#routes.get(request.path.slice('/api/v1/'.length)) : undefined;
    if (route === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      this.#context.counters.unknownPath(`${request.method} ${request.path}`);
      return bitmexError(404, 'Not Found');
    }
    const allowance = this.#allow(request, nowUs);
    if ('status' in allowance) return allowance;
    const { headers } = allowance;
    const answer = route({ params: paramsOf(request), nowUs });
    return typeof answer === 'string' ? jsonReply(200, answer, headers) : { ...answer, headers: { ...answer.headers, ...headers } };
  }

  /** A signed request for market data draws from its account's larger allowance. */
  #allow(request: HttpRequest, nowUs: number): HttpReply | { readonly headers: Readonly<Record<string, string>> } {
    if ((request.headers['api-key'] ?? '') !== '') {
      const signer = this.#auth.ofRequest(request);
      if ('refusal' in signer) return bitmexRefusal(signer.refusal);
      const verdict = this.#signed.limit(signer.key, request, nowUs);
      return verdict.waitSeconds > 0 ? bitmexRefusal(rateLimited(verdict.waitSeconds), verdict.headers) : { headers: verdict.headers };
    }
    const left = this.#allowance.take(request.remoteAddress, nowUs);
    const headers = {
      'x-ratelimit-limit': String(REQUESTS_PER_MINUTE),
      'x-ratelimit-remaining': String(Math.max(0, left)),
      'x-ratelimit-reset': String(Math.floor(nowUs / 1_000_000) + 1),
    };
    return left < 0 ? bitmexRefusal(rateLimited(1), { ...headers, 'retry-after': '1' }) : { headers };
  }

  #instrument(market: Market, ask: Ask): string {
    return JSON.stringify(instrumentRow(market, this.#bitcoinPrice(), ask.nowUs));
  }

  /** A symbol, a root (`XBT`: its first market) or nothing for all; null for one that does not exist. */
  #markets(ask: Ask): readonly Market[] {
    const filter = filterOf(Object.fromEntries(ask.params)) ?? {};
    const symbol = ask.params.get('symbol') ?? (typeof filter['symbol'] === 'string' ? filter['symbol'] : undefined);
    if (symbol === undefined) return this.#context.markets;
    const [name = ''] = symbol.split(':');
    const exact = this.#context.markets.filter((market) => market.spec.symbol === name);
    return exact.length > 0 ? exact : this.#context.markets.filter((market) => market.spec.base === name).slice(0, 1);
  }

  /**
   * Oldest first unless `reverse`; `start` skips, `count` bounds, `startTime` and `endTime` cut by the row's timestamp, `filter` by its columns; `columns` picks.
   * Rows are texts, read again only where a filter or columns ask for it.
   */
  #rows(ask: Ask, rowsOf: (market: Market) => readonly string[]): string | HttpReply {
    const { params } = ask;
    const count = Number(params.get('count') ?? 100);
    const start = Number(params.get('start') ?? 0);
    if (!Number.isInteger(count) || count < 1) return bitmexError(400, 'count must be a positive integer.');
    if (count > MOST_ROWS) return bitmexError(400, `count must be less than or equal to ${MOST_ROWS}.`);
    if (!Number.isInteger(start) || start < 0) return bitmexError(400, 'start must be a non-negative integer.');
    const given = Object.fromEntries(params);
    const filter = filterOf(given);
    if (filter === null) return bitmexError(400, 'filter must be a JSON object.');
    const { symbol, ...others } = filter;
    // One symbol chose its market already; a list of them is a column like all others.
    const columns = Array.isArray(symbol) ? filter : others;
    const from = Date.parse(params.get('startTime') ?? textOf(filter, 'startTime'));
    const to = Date.parse(params.get('endTime') ?? textOf(filter, 'endTime'));
    const isAll = Object.keys(columns).length === 0;
    const markets = this.#markets(ask);
    const rows = markets.flatMap((market) => [...rowsOf(market)]);
    // Several markets' rows are told in the order of time.
    if (markets.length > 1) rows.sort((a, b) => stampOf(a) - stampOf(b));
    const texts = rows.filter((text) => isWithin(text, from, to) && (isAll || matches(JSON.parse(text) as Row, columns)));
    if (params.get('reverse') === 'true') texts.reverse();
    const page = texts.slice(start, start + count);
    if (!params.has('columns')) return `[${page.join(',')}]`;
    const picked = columnsOf(given, 'public');
    return JSON.stringify(page.map((text) => picked(JSON.parse(text) as Row)));
  }

  #orderBook(ask: Ask): string | HttpReply {
    const symbol = ask.params.get('symbol');
    if (symbol === undefined || symbol === '') return bitmexError(400, "'symbol' is a required arg.");
    const depth = Number(ask.params.get('depth') ?? 25);
    if (!Number.isInteger(depth) || depth < 0) return bitmexError(400, 'depth must be a non-negative integer.');
    const [market] = this.#markets(ask);
    if (market === undefined) return '[]';
    const most = depth === 0 ? Number.POSITIVE_INFINITY : depth;
    const rows: string[] = [];
    for (const level of market.engine.asks.levels(most))
      rows.unshift(levelRow(market, 'sell', level.ticks, level.lots, { size: true, price: true }));
    for (const level of market.engine.bids.levels(most))
      rows.push(levelRow(market, 'buy', level.ticks, level.lots, { size: true, price: true }));
    return `[${rows.join(',')}]`;
  }

  #bucketedQuotes(ask: Ask): string | HttpReply {
    const binSize = ask.params.get('binSize') ?? '1m';
    if (BINS_MS[binSize] === undefined) return bitmexError(400, 'binSize must be one of 1m, 5m, 1h, 1d.');
    const isPartialWanted = ask.params.get('partial') === 'true';
    return this.#rows(ask, (market) => this.#pastQuotes.rows(market, binSize, isPartialWanted ? ask.nowUs : undefined));
  }

  #bucketed(ask: Ask): string | HttpReply {
    const binMs = BINS_MS[ask.params.get('binSize') ?? '1m'];
    if (binMs === undefined) return bitmexError(400, 'binSize must be one of 1m, 5m, 1h, 1d.');
    const nowMs = Math.floor(ask.nowUs / 1_000);
    const isPartialWanted = ask.params.get('partial') === 'true';
    return this.#rows(ask, (market) => {
      const candles = market.candles.page(binsAsked(ask.params, binMs, nowMs));
      const told = candles.filter((candle) => isPartialWanted || candle.startMs + binMs <= nowMs);
      return told.map((candle) => bucketRow(market, candle, binMs, this.#bitcoinPrice()));
    });
  }
}

export function bitmexError(status: number, message: string, name = 'HTTPError'): HttpReply {
  return jsonReply(status, JSON.stringify({ error: { message, name } }));
}

/** As many bins, named by their ends, as the page needs: from its start on, or back from its end. All of them when columns are to be looked through. */
function binsAsked(params: ReadonlyMap<string, string>, binMs: number, nowMs: number): Stretch {
  const from = Date.parse(params.get('startTime') ?? '');
  const to = Date.parse(params.get('endTime') ?? '');
  const rows = Number(params.get('start') ?? 0) + Number(params.get('count') ?? 100) + 1;
  const limit = params.has('filter') ? Math.ceil(nowMs / binMs) : rows;
  const toMs = Number.isNaN(to) ? nowMs : Math.min(nowMs, to - binMs);
  return { intervalMs: binMs, fromMs: params.get('reverse') === 'true' ? undefined : Number.isNaN(from) ? 0 : from - binMs, toMs, limit };
}

/** Rates of payments, oldest first; before the first one, the rate of the period that began last. */
function fundings(exchange: Exchange, market: Market, nowUs: number): string[] {
  const paid = exchange.fundings(market).map(({ timeMs, rate }) => fundingRow(market, timeMs, Number(rate)));
  return paid.length > 0 ? paid : [fundingRow(market, market.nextFundingMs(Math.floor(nowUs / 1_000)) - 8 * 3_600_000)];
}

/** Bounds that were not given are not numbers. */
function isWithin(row: string, from: number, to: number): boolean {
  if (Number.isNaN(from) && Number.isNaN(to)) return true;
  const stamp = stampOf(row);
  return !(stamp < from) && !(stamp > to);
}

function stampOf(row: string): number {
  return Date.parse(/"timestamp":"([^"]+)"/.exec(row)?.[1] ?? '');
}

/** Each market without an end is its root's perpetual one. */
function intervals(markets: readonly Market[]): string {
  const perpetuals = markets.filter(({ spec }, index) => markets.findIndex((other) => other.spec.base === spec.base) === index);
  return JSON.stringify({
    intervals: perpetuals.map(({ spec }) => `${spec.base}:perpetual`),
    symbols: perpetuals.map(({ spec }) => spec.symbol),
  });
}

/** For REST and for the socket's `help`. */
export const HELP = JSON.stringify({
  info: 'See https://www.bitmex.com/app/wsAPI and https://www.bitmex.com/explorer for more documentation.',
  usage: 'Send a message to the websocket in the format {"op": string, "args": Array<string>}.',
  ops: ['authKeyExpires', 'cancelAllAfter', 'help', 'ping', 'subscribe', 'unsubscribe'],
  subscribe: 'To subscribe, send: {"op": "subscribe", "args": [subscriptionTopic, ...]}.',
  subscriptionSubjects: {
    authenticationRequired: [...PRIVATE_TABLES],
    public: [...PUBLIC_TABLES],
  },
});

/** Settlement currencies and their smallest units; clients ask for them before the instruments. */
const ASSETS = JSON.stringify(
  [
    { asset: 'XBT', currency: 'XBt', name: 'Bitcoin', scale: 8, network: 'btc', fee: 20_000 },
    { asset: 'USDT', currency: 'USDt', name: 'Tether', scale: 6, network: 'eth', fee: 5_000_000 },
  ].map(({ asset, currency, name, scale, network, fee }) => ({
    asset,
    currency,
    majorCurrency: asset,
    name,
    currencyType: 'Crypto',
    scale,
    enabled: true,
    isMarginCurrency: true,
    networks: [
      {
        asset: network,
        tokenAddress: '',
        depositEnabled: true,
        withdrawalEnabled: true,
        withdrawalFee: fee,
        minFee: fee,
        maxFee: fee * 100,
      },
    ],
  })),
);
