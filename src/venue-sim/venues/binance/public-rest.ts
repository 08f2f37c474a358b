/** REST market data of the three Binance venues: paths, parameters, weights and refusals. Called by `BinanceServer` for each request. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import { topOf } from '../../market/depth.js';
import { fixedText } from '../../market/decimal-text.js';
import type { Market } from '../../market/market.js';
import {
  INVALID_SYMBOL,
  INVALID_TIME_UNIT,
  binanceError,
  limitOf,
  malformedParameter,
  malformedSymbols,
  missingParameter,
  pairOf,
  unknownPath,
  unknownSymbol,
  wrongMethod,
  type BinanceDialect,
} from './dialect.js';
import { adlRisk, constituents, fundingInfo, futuresData } from './futures-data.js';
import { RateRefusal, type RateLimits } from './rate-limits.js';
import type { BinanceTrading } from './trading.js';
import { klines, klinesWeight, priceKlines, zoneOffsetMs } from './klines.js';
import { levelsText, otherVolume } from './public-messages.js';
import {
  averagePrice,
  bookTickerText,
  premiumIndex,
  rollingTicker,
  ticker24,
  tickerPrice,
  tradingDayTicker,
  windowMsOf,
  type TickerKind,
} from './tickers.js';
import { inMicroseconds, isMicroseconds } from './time-unit.js';
import { spotMarkets, symbolsOf } from './spot-info.js';
import { jsonReply, paramsOf, type VenueContext } from '../protocol.js';

/** What one request asked for, after the parameters every market endpoint shares were checked. */
interface Ask {
  readonly params: Map<string, string>;
  readonly nowMs: number;
}

type Answer = string | HttpReply;

interface Route {
  readonly weight: (params: Map<string, string>) => number;
  readonly answer: (ask: Ask) => Answer;
}

/** The only depth that the book with price-improving orders has. */
const RPI_LEVELS = 1_000;
/** Open to everybody, though below `sapi`. */
const SYSTEM_STATUS_PATH = '/sapi/v1/system/status';

export class BinanceRest {
  readonly #dialect: BinanceDialect;
  readonly #context: VenueContext;
  readonly #limits: RateLimits;
  readonly #trading: BinanceTrading;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(dialect: BinanceDialect, context: VenueContext, limits: RateLimits, trading: BinanceTrading) {
    this.#dialect = dialect;
    this.#context = context;
    this.#limits = limits;
    this.#trading = trading;
    this.#routes = this.#makeRoutes();
  }

  onRequest(request: HttpRequest): HttpReply {
    const unit = this.#dialect.family === 'spot' ? request.headers['x-mbx-time-unit'] : undefined;
    const isMicro = isMicroseconds(unit);
    if (isMicro === undefined) return INVALID_TIME_UNIT;
    const reply = this.#reply(request);
    return isMicro ? { ...reply, body: inMicroseconds(String(reply.body)) } : reply;
  }

  #reply(request: HttpRequest): HttpReply {
    const name = this.#nameOf(request.path);
    const route = name === null ? undefined : this.#routes.get(name);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (route !== undefined && isRead) return this.#answered(route, request);
    const traded = this.#trading.onRequest(request);
    if (traded !== null) return traded;
    const data = isRead ? this.#data(request) : undefined;
    if (data !== undefined) return data;
    if (request.path === SYSTEM_STATUS_PATH) return jsonReply(200, '{"status":0,"msg":"normal"}');
    if (route !== undefined || this.#trading.hasPath(request.path)) return wrongMethod();
    this.#context.counters.unknownPath(`${request.method} ${request.path}`);
    return unknownPath(this.#dialect, request.method, request.path);
  }

  /** For the request socket: `name` as of a path below the root. */
  answer(name: string, query: string, remoteAddress: string): HttpReply {
    const path = `${this.#dialect.root}/${name}`;
    return this.onRequest({ method: 'GET', path, query, headers: {}, body: new Uint8Array(), remoteAddress });
  }

  #data(request: HttpRequest): HttpReply | undefined {
    const nowMs = Math.floor(this.#context.nowUs() / 1_000);
    return futuresData(this.#dialect, this.#context.markets, request.path, paramsOf(request), nowMs);
  }

  #answered(route: Route, request: HttpRequest): HttpReply {
    const params = paramsOf(request);
    const nowUs = this.#context.nowUs();
    try {
      this.#limits.spend(request.remoteAddress, route.weight(params), nowUs);
    } catch (error) {
      if (!(error instanceof RateRefusal)) throw error;
      const headers = { ...this.#limits.weightHeaders(request.remoteAddress, nowUs), ...error.headers };
      return jsonReply(error.status, JSON.stringify(error.body()), headers);
    }
    const headers = this.#limits.weightHeaders(request.remoteAddress, nowUs);
    const answer = route.answer({ params, nowMs: Math.floor(nowUs / 1_000) });
    return typeof answer === 'string' ? jsonReply(200, answer, headers) : withHeaders(answer, headers);
  }

  /** `depth` of `/api/v3/depth`; null outside the roots. */
  #nameOf(path: string): string | null {
    for (const root of [this.#dialect.root, ...this.#dialect.aliases]) if (path.startsWith(`${root}/`)) return path.slice(root.length + 1);
    return null;
  }

  #makeRoutes(): Map<string, Route> {
    const dialect = this.#dialect;
    const { family } = dialect;
    const isSpot = family === 'spot';
    const routes = new Map<string, Route>([
      ['ping', { weight: fixed(1), answer: () => '{}' }],
      ['time', { weight: fixed(1), answer: ({ nowMs }) => `{"serverTime":${nowMs}}` }],
      ['exchangeInfo', { weight: fixed(isSpot ? 20 : 1), answer: (ask) => this.#exchangeInfo(ask) }],
      [
        'depth',
        { weight: isSpot ? spotDepthWeight : futuresDepthWeight, answer: (ask) => this.#one(ask, (market) => this.#depth(market, ask)) },
      ],
      ['trades', { weight: fixed(isSpot ? 25 : 5), answer: (ask) => this.#one(ask, (market) => this.#trades(market, ask)) }],
      ['historicalTrades', { weight: fixed(isSpot ? 25 : 20), answer: (ask) => this.#one(ask, (market) => this.#trades(market, ask)) }],
      ['aggTrades', { weight: fixed(isSpot ? 4 : 20), answer: (ask) => this.#one(ask, (market) => this.#aggTrades(market, ask)) }],
      ['klines', { weight: klinesWeight(family), answer: (ask) => this.#one(ask, (market) => this.#klines(market, ask)) }],
      ['ticker/24hr', { weight: bySymbols(isSpot ? 2 : 1, isSpot ? 80 : 40), answer: (ask) => this.#tickers24(ask) }],
      [
        'ticker/price',
        {
          weight: bySymbols(isSpot ? 2 : 1, isSpot ? 4 : 2),
          answer: (ask) => this.#each(ask, (market) => tickerPrice(dialect, market, ask.nowMs)),
        },
      ],
      [
        'ticker/bookTicker',
        { weight: bySymbols(2, isSpot ? 4 : 5), answer: (ask) => this.#each(ask, (market) => bookTickerText(dialect, market, ask.nowMs)) },
      ],
    ]);
    for (const [name, route] of isSpot ? this.#spotRoutes() : this.#futuresRoutes()) routes.set(name, route);
    return routes;
  }

  #spotRoutes(): [string, Route][] {
    return [
      ['avgPrice', { weight: fixed(2), answer: (ask) => this.#one(ask, (market) => averagePrice(market, ask.nowMs)) }],
      ['uiKlines', { weight: fixed(2), answer: (ask) => this.#one(ask, (market) => this.#klines(market, ask)) }],
      ['ticker/tradingDay', { weight: windowsWeight, answer: (ask) => this.#tradingDay(ask) }],
      ['ticker', { weight: windowsWeight, answer: (ask) => this.#rolling(ask) }],
    ];
  }

  #futuresRoutes(): [string, Route][] {
    const dialect = this.#dialect;
    const weight = klinesWeight(dialect.family);
    const prices = (kind: 'mark' | 'index' | 'premium', ask: Ask, market: Market): Answer =>
      priceKlines(dialect, market, kind, ask.params, ask.nowMs);
    return [
      ['continuousKlines', { weight, answer: (ask) => this.#continuous(ask) }],
      ['indexPriceKlines', { weight, answer: (ask) => this.#ofPair(ask, (market) => prices('index', ask, market)) }],
      ['markPriceKlines', { weight, answer: (ask) => this.#one(ask, (market) => prices('mark', ask, market)) }],
      ['premiumIndexKlines', { weight, answer: (ask) => this.#one(ask, (market) => prices('premium', ask, market)) }],
      [
        'premiumIndex',
        { weight: bySymbols(1, 10), answer: (ask) => this.#each(ask, (market) => premiumIndex(dialect, market, ask.nowMs)) },
      ],
      ['fundingRate', { weight: fixed(1), answer: (ask) => this.#fundingRates(ask) }],
      ['fundingInfo', { weight: fixed(1), answer: () => `[${this.#context.markets.map(fundingInfo).join(',')}]` }],
      ['constituents', { weight: fixed(2), answer: (ask) => this.#one(ask, (market) => constituents(market, ask.nowMs)) }],
      // Neither composite indices nor an insurance fund that is told, nor hours that a market is closed.
      ['indexInfo', { weight: fixed(1), answer: () => '[]' }],
      ['insuranceBalance', { weight: fixed(1), answer: () => '[]' }],
      ['tradingSchedule', { weight: fixed(5), answer: ({ nowMs }) => `{"updateTime":${nowMs},"marketSchedules":{}}` }],
      ['rpiDepth', { weight: fixed(20), answer: (ask) => this.#one(ask, (market) => this.#rpiDepth(market, ask)) }],
      ['symbolAdlRisk', { weight: fixed(1), answer: (ask) => this.#each(ask, (market) => adlRisk(market, ask.nowMs)) }],
      ['openInterest', { weight: fixed(1), answer: (ask) => this.#one(ask, (market) => this.#openInterest(market, ask.nowMs)) }],
    ];
  }

  #market(params: Map<string, string>): Market | undefined {
    const symbol = params.get('symbol');
    return this.#context.markets.find((market) => market.spec.symbol === symbol);
  }

  /** Endpoints that need a symbol. */
  #one(ask: Ask, answer: (market: Market) => Answer): Answer {
    if ((ask.params.get('symbol') ?? '') === '') return missingParameter('symbol');
    const market = this.#market(ask.params);
    return market === undefined ? unknownSymbol(this.#dialect.family, ask.params.get('symbol')) : answer(market);
  }

  /** Endpoints that answer for one symbol, for several, or for all. COIN-M always answers with a list. */
  #each(ask: Ask, text: (market: Market) => string): Answer {
    const isList = this.#dialect.family === 'coinm';
    if (ask.params.has('symbol')) {
      const market = this.#market(ask.params);
      if (market === undefined) return unknownSymbol(this.#dialect.family, ask.params.get('symbol'));
      return isList ? `[${text(market)}]` : text(market);
    }
    const names = symbolsOf(ask.params.get('symbols'));
    if (names === null) return malformedSymbols();
    const markets =
      names === undefined
        ? this.#context.markets
        : names.map((name) => this.#context.markets.find((market) => market.spec.symbol === name));
    const pair = ask.params.get('pair');
    const texts: string[] = [];
    for (const market of markets) {
      if (market === undefined) return INVALID_SYMBOL;
      if (pair === undefined || pairOf(market) === pair) texts.push(text(market));
    }
    return `[${texts.join(',')}]`;
  }

  /** Endpoints that name a pair instead of a symbol: the perpetual contract stands for it. */
  #ofPair(ask: Ask, answer: (market: Market) => Answer): Answer {
    const pair = ask.params.get('pair') ?? '';
    if (pair === '') return missingParameter('pair');
    const market = this.#context.markets.find((candidate) => pairOf(candidate) === pair);
    return market === undefined ? binanceError(400, -1121, 'Invalid pair.') : answer(market);
  }

  #continuous(ask: Ask): Answer {
    const type = ask.params.get('contractType') ?? '';
    if (type === '') return missingParameter('contractType');
    if (type !== 'PERPETUAL') return binanceError(400, -1128, 'Combination of optional parameters invalid.');
    return this.#ofPair(ask, (market) => this.#klines(market, ask));
  }

  #klines(market: Market, ask: Ask): Answer {
    return klines(this.#dialect, market, ask.params, ask.nowMs);
  }

  #tickers24(ask: Ask): Answer {
    const kind = this.#dialect.family === 'spot' ? kindOf(ask) : 'FULL';
    if (typeof kind !== 'string') return kind;
    return this.#each(ask, (market) => ticker24(this.#dialect, market, ask.nowMs, kind));
  }

  #tradingDay(ask: Ask): Answer {
    const kind = kindOf(ask);
    if (typeof kind !== 'string') return kind;
    const offsetMs = zoneOffsetMs(ask.params.get('timeZone') ?? '0');
    if (offsetMs === null) return malformedParameter('timeZone');
    return this.#named(ask, (market) => tradingDayTicker(market, ask.nowMs, offsetMs, kind));
  }

  #rolling(ask: Ask): Answer {
    const kind = kindOf(ask);
    if (typeof kind !== 'string') return kind;
    const windowMs = windowMsOf(ask.params.get('windowSize') ?? '1d');
    if (windowMs === undefined) return binanceError(400, -1130, "Data sent for parameter 'windowSize' is not valid.");
    return this.#named(ask, (market) => rollingTicker(market, ask.nowMs, windowMs, kind));
  }

  /** By `symbol` or by `symbols`, never by both or neither. */
  #named(ask: Ask, text: (market: Market) => string): Answer {
    const given = ['symbol', 'symbols'].filter((name) => (ask.params.get(name) ?? '') !== '').length;
    if (given === 0) return binanceError(400, -1102, "Param 'symbol' or 'symbols' must be sent, but both were empty/null!");
    if (given === 2) return binanceError(400, -1128, 'Combination of optional parameters invalid.');
    return this.#each(ask, text);
  }

  #exchangeInfo(ask: Ask): Answer {
    if (this.#dialect.family !== 'spot') return this.#dialect.exchangeInfo(this.#context.markets, ask.nowMs);
    const chosen = spotMarkets(this.#context.markets, ask.params);
    if ('status' in chosen) return chosen;
    return this.#dialect.exchangeInfo(chosen.markets, ask.nowMs, chosen.showsPermissions);
  }

  #depth(market: Market, ask: Ask): Answer {
    const limit = limitOf(ask.params, this.#dialect.defaultDepth, this.#dialect.maxDepth);
    if (limit === null) return malformedParameter('limit');
    if (this.#dialect.depthLimits !== null && !this.#dialect.depthLimits.includes(limit))
      return binanceError(400, -4021, `${limit} is not valid depth limit.`);
    const sides = `"bids":${levelsText(market, topOf(market.engine.bids, limit))},"asks":${levelsText(market, topOf(market.engine.asks, limit))}}`;
    const head = `{"lastUpdateId":${market.engine.sequence}`;
    if (this.#dialect.family === 'spot') return `${head},${sides}`;
    const times = `"E":${ask.nowMs},"T":${ask.nowMs}`;
    if (this.#dialect.family === 'usdm') return `${head},${times},${sides}`;
    return `${head},${times},"symbol":"${market.spec.symbol}","pair":"${pairOf(market)}",${sides}`;
  }

  /** Price-improving orders wait in the book like all others. */
  #rpiDepth(market: Market, ask: Ask): Answer {
    const limit = limitOf(ask.params, RPI_LEVELS, RPI_LEVELS);
    return limit === RPI_LEVELS ? this.#depth(market, ask) : binanceError(400, -4021, `${limit ?? ''} is not valid depth limit.`);
  }

  #trades(market: Market, ask: Ask): Answer {
    const limit = limitOf(ask.params, this.#dialect.defaultTrades, 1_000);
    if (limit === null) return malformedParameter('limit');
    const fromId = Number(ask.params.get('fromId') ?? Number.NaN);
    const known = market.trades(1_000);
    const trades = Number.isNaN(fromId) ? known.slice(-limit) : known.filter((trade) => trade.id >= fromId).slice(0, limit);
    const texts = trades.map((trade) => {
      const terms = `{"id":${trade.id},"price":"${market.priceText(trade.ticks)}","qty":"${market.qtyText(trade.lots)}"`;
      const other = this.#dialect.family === 'coinm' ? 'baseQty' : 'quoteQty';
      const tail = this.#dialect.family === 'spot' ? ',"isBestMatch":true' : '';
      const value = otherVolume(market, trade.lots, trade.ticks * trade.lots);
      return `${terms},"${other}":"${value}","time":${Math.floor(trade.timeUs / 1_000)},"isBuyerMaker":${trade.takerSide === 'sell'}${tail}}`;
    });
    return `[${texts.join(',')}]`;
  }

  #aggTrades(market: Market, ask: Ask): Answer {
    const limit = limitOf(ask.params, 500, 1_000);
    if (limit === null) return malformedParameter('limit');
    const { params } = ask;
    const fromId = Number(params.get('fromId') ?? Number.NaN);
    const fromMs = Number(params.get('startTime') ?? Number.NaN);
    const toMs = Number(params.get('endTime') ?? Number.POSITIVE_INFINITY);
    const known = market.aggregates(1_000);
    const isFromStart = !Number.isNaN(fromId) || !Number.isNaN(fromMs);
    const wanted = known.filter((trade) => {
      const timeMs = trade.timeUs / 1_000;
      return !(trade.id < fromId) && !(timeMs < fromMs) && timeMs <= toMs;
    });
    const tail = this.#dialect.family === 'spot' ? ',"M":true' : '';
    const texts = (isFromStart ? wanted.slice(0, limit) : wanted.slice(-limit)).map(
      (trade) =>
        `{"a":${trade.id},"p":"${market.priceText(trade.ticks)}","q":"${market.qtyText(trade.lots)}","f":${trade.firstTradeId},"l":${trade.lastTradeId},` +
        `"T":${Math.floor(trade.timeUs / 1_000)},"m":${trade.takerSide === 'sell'}${tail}}`,
    );
    return `[${texts.join(',')}]`;
  }

  /** Rates of payments, oldest first, of all contracts when none is named. */
  #fundingRates(ask: Ask): Answer {
    const markets = ask.params.has('symbol') ? [this.#market(ask.params)] : this.#context.markets;
    const fromMs = Number(ask.params.get('startTime') ?? 0);
    const toMs = Number(ask.params.get('endTime') ?? ask.nowMs);
    const limit = limitOf(ask.params, 100, 1_000);
    if (limit === null) return malformedParameter('limit');
    const due: { readonly timeMs: number; readonly text: string }[] = [];
    for (const market of markets) {
      if (market === undefined) return INVALID_SYMBOL;
      for (const { timeMs, rate, mark } of this.#context.exchange.fundings(market)) {
        if (timeMs < fromMs || timeMs > toMs) continue;
        due.push({
          timeMs,
          text: `{"symbol":"${market.spec.symbol}","fundingTime":${timeMs},"fundingRate":"${rate}","markPrice":"${mark}"}`,
        });
      }
    }
    due.sort((a, b) => a.timeMs - b.timeMs);
    const page = ask.params.has('startTime') ? due.slice(0, limit) : due.slice(-limit);
    return `[${page.map(({ text }) => text).join(',')}]`;
  }

  #openInterest(market: Market, nowMs: number): string {
    const quantity = fixedText(market.openInterestLots * market.spec.lotUnits, market.spec.qtyDecimals);
    const pair = this.#dialect.family === 'coinm' ? `"pair":"${pairOf(market)}","contractType":"PERPETUAL",` : '';
    return `{"symbol":"${market.spec.symbol}",${pair}"openInterest":"${quantity}","time":${nowMs}}`;
  }
}

function fixed(weight: number): () => number {
  return () => weight;
}

/** Endpoints that cost more without a symbol. */
function bySymbols(one: number, all: number): (params: Map<string, string>) => number {
  return (params) => (params.has('symbol') || params.has('symbols') ? one : all);
}

function kindOf(ask: Ask): TickerKind | HttpReply {
  const kind = ask.params.get('type') ?? 'FULL';
  return kind === 'FULL' || kind === 'MINI' ? kind : binanceError(400, -1130, "Data sent for parameter 'type' is not valid.");
}

function spotDepthWeight(params: Map<string, string>): number {
  const limit = Number(params.get('limit') ?? 100);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1_000 ? 50 : 250;
}

function futuresDepthWeight(params: Map<string, string>): number {
  const limit = Number(params.get('limit') ?? 500);
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
}

/** By the symbol that is named. */
function windowsWeight(params: Map<string, string>): number {
  return Math.min(200, 4 * (symbolsOf(params.get('symbols'))?.length ?? 1));
}

function withHeaders(reply: HttpReply, headers: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
