/** REST market data of the three Binance venues: paths, parameters, weights and refusals. Called by `BinanceServer` for each request. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import { topOf } from '../../market/depth.js';
import { fixedText } from '../../market/decimal-text.js';
import type { Market } from '../../market/market.js';
import {
  INVALID_INTERVAL,
  INVALID_SYMBOL,
  binanceError,
  malformedParameter,
  missingParameter,
  pairOf,
  unknownPath,
  wrongMethod,
  type BinanceDialect,
} from './dialect.js';
import { RateRefusal, type RateLimits } from './rate-limits.js';
import type { BinanceTrading } from './trading.js';
import { levelsText, otherVolume, quoteText } from './public-messages.js';
import { INTERVALS_MS, jsonReply, paramsOf, type VenueContext } from '../protocol.js';

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
    const name = this.#nameOf(request.path);
    const route = name === null ? undefined : this.#routes.get(name);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (route !== undefined && isRead) return this.#answered(route, request);
    const traded = this.#trading.onRequest(request);
    if (traded !== null) return traded;
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
    const isSpot = this.#dialect.family === 'spot';
    const routes = new Map<string, Route>([
      ['ping', { weight: fixed(1), answer: () => '{}' }],
      ['time', { weight: fixed(1), answer: ({ nowMs }) => `{"serverTime":${nowMs}}` }],
      ['exchangeInfo', { weight: fixed(isSpot ? 20 : 1), answer: (ask) => this.#exchangeInfo(ask) }],
      ['depth', { weight: depthWeight, answer: (ask) => this.#one(ask, (market) => this.#depth(market, ask)) }],
      ['trades', { weight: fixed(isSpot ? 25 : 5), answer: (ask) => this.#one(ask, (market) => this.#trades(market, ask)) }],
      ['historicalTrades', { weight: fixed(isSpot ? 25 : 20), answer: (ask) => this.#one(ask, (market) => this.#trades(market, ask)) }],
      ['aggTrades', { weight: fixed(isSpot ? 4 : 20), answer: (ask) => this.#one(ask, (market) => this.#aggTrades(market, ask)) }],
      ['klines', { weight: fixed(2), answer: (ask) => this.#one(ask, (market) => this.#klines(market, ask)) }],
      ['ticker/24hr', { weight: fixed(2), answer: (ask) => this.#each(ask, (market) => this.#ticker24(market, ask.nowMs)) }],
      ['ticker/price', { weight: fixed(2), answer: (ask) => this.#each(ask, (market) => this.#tickerPrice(market, ask.nowMs)) }],
      ['ticker/bookTicker', { weight: fixed(2), answer: (ask) => this.#each(ask, (market) => this.#bookTicker(market, ask.nowMs)) }],
    ]);
    if (isSpot) {
      routes.set('avgPrice', { weight: fixed(2), answer: (ask) => this.#one(ask, (market) => averagePrice(market, ask.nowMs)) });
      return routes;
    }
    routes.set('premiumIndex', { weight: fixed(1), answer: (ask) => this.#each(ask, (market) => this.#premiumIndex(market, ask.nowMs)) });
    routes.set('fundingRate', { weight: fixed(1), answer: (ask) => this.#fundingRates(ask) });
    routes.set('fundingInfo', { weight: fixed(1), answer: () => '[]' });
    routes.set('openInterest', { weight: fixed(1), answer: (ask) => this.#one(ask, (market) => this.#openInterest(market, ask.nowMs)) });
    return routes;
  }

  #market(params: Map<string, string>): Market | undefined {
    const symbol = params.get('symbol');
    return this.#context.markets.find((market) => market.spec.symbol === symbol);
  }

  /** Endpoints that need a symbol. */
  #one(ask: Ask, answer: (market: Market) => Answer): Answer {
    if ((ask.params.get('symbol') ?? '') === '') return missingParameter('symbol');
    const market = this.#market(ask.params);
    return market === undefined ? INVALID_SYMBOL : answer(market);
  }

  /** Endpoints that answer for one symbol, for several, or for all. COIN-M always answers with a list. */
  #each(ask: Ask, text: (market: Market) => string): Answer {
    const isList = this.#dialect.family === 'coinm';
    if (ask.params.has('symbol')) {
      const market = this.#market(ask.params);
      if (market === undefined) return INVALID_SYMBOL;
      return isList ? `[${text(market)}]` : text(market);
    }
    const names = symbolsOf(ask.params.get('symbols'));
    if (names === null) return malformedParameter('symbols');
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

  #exchangeInfo(ask: Ask): Answer {
    if (this.#dialect.family !== 'spot') return this.#dialect.exchangeInfo(this.#context.markets, ask.nowMs);
    const single = ask.params.get('symbol');
    const names = single === undefined ? symbolsOf(ask.params.get('symbols')) : [single];
    if (names === null) return malformedParameter('symbols');
    if (names === undefined) return this.#dialect.exchangeInfo(this.#context.markets, ask.nowMs);
    const markets = names.map((name) => this.#context.markets.find((market) => market.spec.symbol === name));
    if (markets.some((market) => market === undefined)) return INVALID_SYMBOL;
    return this.#dialect.exchangeInfo(
      markets.filter((market) => market !== undefined),
      ask.nowMs,
    );
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

  #klines(market: Market, ask: Ask): Answer {
    const interval = ask.params.get('interval') ?? '';
    if (interval === '') return missingParameter('interval');
    const intervalMs = INTERVALS_MS[interval];
    if (intervalMs === undefined) return INVALID_INTERVAL;
    const limit = limitOf(ask.params, 500, this.#dialect.family === 'spot' ? 1_000 : 1_500);
    if (limit === null) return malformedParameter('limit');
    const from = ask.params.get('startTime');
    const toMs = Number(ask.params.get('endTime') ?? ask.nowMs);
    const candles = market.candles.grouped(intervalMs, from === undefined ? 0 : Number(from), toMs);
    const p = (ticks: number): string => market.priceText(ticks);
    const texts = (from === undefined ? candles.slice(-limit) : candles.slice(0, limit)).map(
      (candle) =>
        `[${candle.startMs},"${p(candle.open)}","${p(candle.high)}","${p(candle.low)}","${p(candle.close)}","${market.qtyText(candle.lots)}",` +
        `${candle.startMs + intervalMs - 1},"${otherVolume(market, candle.lots, candle.tickLots)}",${candle.trades},"${market.qtyText(candle.buyLots)}",` +
        `"${otherVolume(market, candle.buyLots, candle.buyTickLots)}","0"]`,
    );
    return `[${texts.join(',')}]`;
  }

  #ticker24(market: Market, nowMs: number): string {
    const { spec } = market;
    const day = market.candles.day(nowMs);
    const last = market.lastTicks;
    const open = day?.open ?? last;
    const p = (ticks: number): string => market.priceText(ticks);
    const average = day === undefined || day.lots === 0 ? last : Math.round(day.tickLots / day.lots);
    const pair = this.#dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
    const bid = market.engine.bids.best();
    const ask = market.engine.asks.best();
    const isSpot = this.#dialect.family === 'spot';
    const best = `"bidPrice":"${p(bid?.ticks ?? 0)}","bidQty":"${market.qtyText(bid?.lots ?? 0)}","askPrice":"${p(ask?.ticks ?? 0)}","askQty":"${market.qtyText(ask?.lots ?? 0)}",`;
    const volume = this.#dialect.family === 'coinm' ? 'baseVolume' : 'quoteVolume';
    const value = isSpot ? quoteText(market, day?.tickLots ?? 0) : otherVolume(market, day?.lots ?? 0, day?.tickLots ?? 0);
    return (
      `{"symbol":"${spec.symbol}",${pair}"priceChange":"${p(last - open)}","priceChangePercent":"${(((last - open) / open) * 100).toFixed(3)}",` +
      `"weightedAvgPrice":"${p(average)}",${isSpot ? `"prevClosePrice":"${p(open)}",` : ''}"lastPrice":"${p(last)}","lastQty":"${market.qtyText(market.lastTrade?.lots ?? 0)}",` +
      `${isSpot ? best : ''}"openPrice":"${p(open)}","highPrice":"${p(day?.high ?? open)}","lowPrice":"${p(day?.low ?? open)}","volume":"${market.qtyText(day?.lots ?? 0)}",` +
      `"${volume}":"${value}","openTime":${nowMs - 86_400_000},"closeTime":${nowMs},"firstId":${day?.firstTradeId ?? 0},"lastId":${day?.lastTradeId ?? 0},"count":${day?.trades ?? 0}}`
    );
  }

  #tickerPrice(market: Market, nowMs: number): string {
    const price = `"price":"${market.priceText(market.lastTicks)}"`;
    if (this.#dialect.family === 'spot') return `{"symbol":"${market.spec.symbol}",${price}}`;
    if (this.#dialect.family === 'usdm') return `{"symbol":"${market.spec.symbol}",${price},"time":${nowMs}}`;
    return `{"symbol":"${market.spec.symbol}","ps":"${pairOf(market)}",${price},"time":${nowMs}}`;
  }

  #bookTicker(market: Market, nowMs: number): string {
    const bid = market.engine.bids.best();
    const ask = market.engine.asks.best();
    const best =
      `"bidPrice":"${market.priceText(bid?.ticks ?? 0)}","bidQty":"${market.qtyText(bid?.lots ?? 0)}",` +
      `"askPrice":"${market.priceText(ask?.ticks ?? 0)}","askQty":"${market.qtyText(ask?.lots ?? 0)}"`;
    if (this.#dialect.family === 'spot') return `{"symbol":"${market.spec.symbol}",${best}}`;
    const pair = this.#dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
    return `{"lastUpdateId":${market.engine.sequence},"symbol":"${market.spec.symbol}",${pair}${best},"time":${nowMs}}`;
  }

  #premiumIndex(market: Market, nowMs: number): string {
    const pair = this.#dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
    const index = market.indexPrice.toFixed(8);
    return (
      `{"symbol":"${market.spec.symbol}",${pair}"markPrice":"${market.markPrice.toFixed(8)}","indexPrice":"${index}","estimatedSettlePrice":"${index}",` +
      `"lastFundingRate":"${market.fundingRate.toFixed(8)}","interestRate":"0.00010000","nextFundingTime":${market.nextFundingMs(nowMs)},"time":${nowMs}}`
    );
  }

  /** Payments that were made, oldest first. */
  #fundingRates(ask: Ask): Answer {
    const markets = ask.params.has('symbol') ? [this.#market(ask.params)] : this.#context.markets;
    const fromMs = Number(ask.params.get('startTime') ?? 0);
    const toMs = Number(ask.params.get('endTime') ?? ask.nowMs);
    const limit = limitOf(ask.params, 100, 1_000);
    if (limit === null) return malformedParameter('limit');
    const texts: string[] = [];
    for (const market of markets) {
      if (market === undefined) return INVALID_SYMBOL;
      const due = this.#context.exchange.fundings(market).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs);
      for (const { timeMs, rate, mark } of ask.params.has('startTime') ? due.slice(0, limit) : due.slice(-limit)) {
        texts.push(`{"symbol":"${market.spec.symbol}","fundingTime":${timeMs},"fundingRate":"${rate}","markPrice":"${mark}"}`);
      }
    }
    return `[${texts.join(',')}]`;
  }

  #openInterest(market: Market, nowMs: number): string {
    const quantity = fixedText(market.openInterestLots * market.spec.lotUnits, market.spec.qtyDecimals);
    const pair = this.#dialect.family === 'coinm' ? `"pair":"${pairOf(market)}","contractType":"PERPETUAL",` : '';
    return `{"symbol":"${market.spec.symbol}",${pair}"openInterest":"${quantity}","time":${nowMs}}`;
  }
}

function averagePrice(market: Market, nowMs: number): string {
  let lots = 0;
  let tickLots = 0;
  for (const candle of market.candles.minutes(nowMs - 5 * 60_000, nowMs)) {
    lots += candle.lots;
    tickLots += candle.tickLots;
  }
  const ticks = lots === 0 ? market.lastTicks : Math.round(tickLots / lots);
  return `{"mins":5,"price":"${market.priceText(ticks)}","closeTime":${Math.floor((market.lastTrade?.timeUs ?? nowMs * 1_000) / 1_000)}}`;
}

function fixed(weight: number): () => number {
  return () => weight;
}

function depthWeight(params: Map<string, string>): number {
  const limit = Number(params.get('limit') ?? 100);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1_000 ? 50 : 250;
}

/** Null when it is no whole number; more than the venue gives is cut to what it gives. */
function limitOf(params: Map<string, string>, standard: number, most: number): number | null {
  const text = params.get('limit');
  if (text === undefined) return standard;
  if (!/^[0-9]{1,20}$/.test(text)) return null;
  return Math.max(1, Math.min(most, Number(text)));
}

/** `["BTCUSDT","ETHUSDT"]`: undefined when absent, null when it cannot be read. */
function symbolsOf(text: string | undefined): readonly string[] | null | undefined {
  if (text === undefined) return undefined;
  return /^\[("[A-Z0-9_-]{1,20}")(,"[A-Z0-9_-]{1,20}")*\]$/.test(text) ? (JSON.parse(text) as string[]) : null;
}

function withHeaders(reply: HttpReply, headers: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
