/** Bybit v5 market data over REST: envelope, categories, paging, refusals. Called by `BybitServer` for each request. */
import type { HttpReply, HttpRequest } from '../../../core/ports/http.js';
import { topOf } from '../../market/depth.js';
import { trimmedText } from '../../market/decimal-text.js';
import type { Exchange } from '../../exchange/contract.js';
import { intervalStart } from '../../market/intervals.js';
import type { Stretch } from '../../market/kept-candles.js';
import type { Market } from '../../market/market.js';
import { riskLimitOf } from './account-rows.js';
import { instruments, pageLimit } from './instruments.js';
import {
  BYBIT_CATEGORIES,
  levelsText,
  priceText,
  qtyText,
  spotTradeId,
  tickerFields,
  turnoverText,
  type BybitCategory,
} from './public-messages.js';
import { BYBIT_INTERVALS_MS } from './public-streams.js';
import { openInterest, priceKlineRows, priceLimit } from './price-rows.js';
import { emptyAnswer, indexComponents, optionAnswer, rpiOrderbook } from './public-extras.js';
import type { BybitPrivateRest } from './private-rest.js';
import { jsonReply, paramsOf, type VenueContext } from '../protocol.js';
import { TokenBuckets } from '../token-bucket.js';

interface Ask {
  readonly params: Map<string, string>;
  readonly category: BybitCategory;
  readonly markets: readonly Market[];
  readonly nowMs: number;
  readonly exchange: Exchange;
}

/** `result` as JSON text, or a refusal. */
type Answer = string | { readonly code: number; readonly message: string };

const BAD_SYMBOL = { code: 10_001, message: 'params error: symbol invalid' };
const BAD_INTERVAL = { code: 10_001, message: 'Invalid period!' };
const BAD_CATEGORY = { code: 10_001, message: 'Illegal category' };

/** Requests per address: 600 in five seconds (VENUES.md 3). */
const REQUESTS = 600;
const REQUESTS_PER_SECOND = 120;

export class BybitRest {
  readonly #context: VenueContext;
  readonly #signed: BybitPrivateRest;
  readonly #routes: ReadonlyMap<string, (ask: Ask) => Answer>;
  readonly #allowance = new TokenBuckets(REQUESTS, REQUESTS_PER_SECOND);

  constructor(context: VenueContext, signed: BybitPrivateRest) {
    this.#context = context;
    this.#signed = signed;
    this.#routes = new Map<string, (ask: Ask) => Answer>([
      ['instruments-info', (ask) => instruments(ask)],
      ['orderbook', (ask) => withSymbol(ask, (market) => orderbook(market, ask))],
      ['rpi_orderbook', (ask) => withSymbol(ask, (market) => rpi(market, ask))],
      ['tickers', (ask) => tickers(ask)],
      ['recent-trade', (ask) => withSymbol(ask, (market) => recentTrades(market, ask))],
      ['kline', (ask) => withSymbol(ask, (market) => klines(market, ask))],
      ['mark-price-kline', (ask) => withSymbol(ask, (market) => priceKlines(market, 'mark', ask))],
      ['index-price-kline', (ask) => withSymbol(ask, (market) => priceKlines(market, 'index', ask))],
      ['premium-index-price-kline', (ask) => withSymbol(ask, (market) => priceKlines(market, 'premium', ask))],
      ['open-interest', (ask) => withSymbol(ask, (market) => interest(market, ask))],
      ['price-limit', (ask) => withSymbol(ask, (market) => priceLimit(ask.exchange, market, ask.nowMs))],
      ['risk-limit', riskLimits],
      ['funding/history', (ask) => withSymbol(ask, (market) => fundingHistory(market, ask))],
    ]);
  }

  onRequest(request: HttpRequest): HttpReply {
    const nowMs = Math.floor(this.#context.nowUs() / 1_000);
    if (this.#allowance.take(request.remoteAddress, this.#context.nowUs()) < 0) {
      return { status: 403, headers: { 'content-type': 'text/plain' }, body: '403, access too frequent' };
    }
    if (request.path === '/v5/market/time') {
      return envelope(`{"timeSecond":"${Math.floor(nowMs / 1_000)}","timeNano":"${nowMs}000000"}`, nowMs);
    }
    // Nothing is under maintenance, nobody announces anything.
    if (request.path === '/v5/system/status') return envelope('{"list":[]}', nowMs);
    if (request.path === '/v5/announcements/index') return envelope('{"total":0,"list":[]}', nowMs);
    if (this.#signed.has(request.path)) return this.#signed.onRequest(request, nowMs);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const params = paramsOf(request);
    const path = request.path.slice('/v5/'.length);
    const empty = isRead
      ? (emptyAnswer(path, params, nowMs) ?? (params.get('category') === 'option' ? optionAnswer(path) : undefined))
      : undefined;
    if (empty !== undefined) return envelope(empty, nowMs);
    if (isRead && path === 'market/index-price-components') {
      const components = indexComponents(this.#context.markets, params.get('indexName') ?? '', nowMs);
      return components === undefined
        ? refusal({ code: 10_001, message: 'params error: indexName invalid' }, nowMs)
        : envelope(components, nowMs);
    }
    const route = request.path.startsWith('/v5/market/') ? this.#routes.get(request.path.slice('/v5/market/'.length)) : undefined;
    if (route === undefined || !isRead) {
      this.#context.counters.unknownPath(`${request.method} ${request.path}`);
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
    }
    const category = BYBIT_CATEGORIES.find(
      (name) => name === (params.get('category') ?? (/kline$|price-limit$/.test(request.path) ? 'linear' : '')),
    );
    if (category === undefined) return refusal(BAD_CATEGORY, nowMs);
    const markets = this.#context.markets.filter((market) => market.spec.kind === category);
    const answer = route({ params, category, markets, nowMs, exchange: this.#context.exchange });
    return typeof answer === 'string' ? envelope(answer, nowMs) : refusal(answer, nowMs);
  }
}

function envelope(result: string, nowMs: number): HttpReply {
  return jsonReply(200, `{"retCode":0,"retMsg":"OK","result":${result},"retExtInfo":{},"time":${nowMs}}`);
}

function refusal(reason: { readonly code: number; readonly message: string }, nowMs: number): HttpReply {
  return jsonReply(200, JSON.stringify({ retCode: reason.code, retMsg: reason.message, result: {}, retExtInfo: {}, time: nowMs }));
}

function withSymbol(ask: Ask, answer: (market: Market) => Answer): Answer {
  const market = ask.markets.find((candidate) => candidate.spec.symbol === ask.params.get('symbol'));
  return market === undefined ? BAD_SYMBOL : answer(market);
}

function orderbook(market: Market, ask: Ask): Answer {
  const limit = pageLimit(ask.params, ask.category === 'spot' ? 1 : 25, ask.category === 'spot' ? 200 : 1_000);
  const { engine } = market;
  const sides = `"b":${levelsText(market, topOf(engine.bids, limit))},"a":${levelsText(market, topOf(engine.asks, limit))}`;
  const update = engine.sequence - market.spec.firstSequence + 1;
  return `{"s":"${market.spec.symbol}",${sides},"ts":${ask.nowMs},"u":${update},"seq":${engine.sequence},"cts":${ask.nowMs}}`;
}

/** From 1 to 50 levels, which the request must say. */
function rpi(market: Market, ask: Ask): Answer {
  const limit = Number(ask.params.get('limit') ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || limit > 50) return { code: 10_001, message: 'params error: limit invalid' };
  return rpiOrderbook(market, limit, ask.nowMs);
}

function tickers(ask: Ask): Answer {
  const symbol = ask.params.get('symbol');
  const markets = symbol === undefined ? ask.markets : ask.markets.filter((market) => market.spec.symbol === symbol);
  if (markets.length === 0) return BAD_SYMBOL;
  const list = markets.map((market) => {
    const fields = tickerFields(market, ask.nowMs);
    const bid = market.engine.bids.best();
    const best = market.engine.asks.best();
    if (ask.category !== 'spot') return Object.fromEntries(fields);
    return {
      ...Object.fromEntries(fields),
      bid1Price: priceText(market, bid?.ticks ?? 0),
      bid1Size: qtyText(market, bid?.lots ?? 0),
      ask1Price: priceText(market, best?.ticks ?? 0),
      ask1Size: qtyText(market, best?.lots ?? 0),
    };
  });
  return `{"category":"${ask.category}","list":${JSON.stringify(list)}}`;
}

function recentTrades(market: Market, ask: Ask): Answer {
  const limit = pageLimit(ask.params, ask.category === 'spot' ? 60 : 500, ask.category === 'spot' ? 60 : 1_000);
  const list = market
    .trades(limit)
    .toReversed()
    .map((trade) => ({
      execId: ask.category === 'spot' ? spotTradeId(trade) : trade.uuid,
      symbol: market.spec.symbol,
      price: priceText(market, trade.ticks),
      size: qtyText(market, trade.lots),
      side: trade.takerSide === 'buy' ? 'Buy' : 'Sell',
      time: String(Math.floor(trade.timeUs / 1_000)),
      isBlockTrade: false,
      isRPITrade: false,
      seq: String(trade.sequence),
    }));
  return `{"category":"${ask.category}","list":${JSON.stringify(list)}}`;
}

/**
 * Null when there is no such interval. A start alone counts from there (from the candle that holds it), an end with or without it counts back: a request from long
 * ago for one row has the first candle there is (the venue's own library, issue 186, 2026-03; ccxt issue 26736).
 */
function stretchOf({ params, nowMs }: Ask): BybitStretch | null {
  const intervalMs = BYBIT_INTERVALS_MS[params.get('interval') ?? ''];
  if (intervalMs === undefined) return null;
  const toMs = Number(params.get('end') ?? nowMs);
  const start = params.get('start');
  const limit = pageLimit(params, 200, 1_000);
  if (start === undefined) return { intervalMs, toMs, limit };
  const fromMs = intervalStart(Math.max(0, Number(start)), intervalMs);
  return params.has('end') ? { intervalMs, toMs, limit, leastMs: fromMs } : { intervalMs, fromMs, toMs, limit };
}

/** Newest first, as this venue lists them. */
function newestFirst<Kind extends { readonly startMs: number }>(
  page: (stretch: Stretch) => readonly Kind[],
  stretch: BybitStretch,
): Kind[] {
  const { leastMs = 0 } = stretch;
  return page(stretch)
    .filter(({ startMs }) => startMs >= leastMs)
    .toReversed();
}

interface BybitStretch extends Stretch {
  /** Of a stretch that counts back. */
  readonly leastMs?: number;
}

function klineAnswer(market: Market, ask: Ask, list: readonly string[][]): string {
  return `{"symbol":"${market.spec.symbol}","category":"${ask.category}","list":${JSON.stringify(list)}}`;
}

function priceKlines(market: Market, kind: keyof Market['prices'], ask: Ask): Answer {
  if (ask.category === 'spot') return BAD_CATEGORY;
  const stretch = stretchOf(ask);
  return stretch === null
    ? BAD_INTERVAL
    : klineAnswer(
        market,
        ask,
        priceKlineRows(
          market,
          kind,
          newestFirst((wanted) => market.prices[kind].page(wanted), stretch),
        ),
      );
}

function interest(market: Market, ask: Ask): Answer {
  if (ask.category === 'spot') return BAD_CATEGORY;
  return openInterest(market, ask.category, ask.params.get('intervalTime') ?? '', ask.nowMs) ?? BAD_INTERVAL;
}

function klines(market: Market, ask: Ask): Answer {
  const stretch = stretchOf(ask);
  if (stretch === null) return BAD_INTERVAL;
  const list = newestFirst((wanted) => market.candles.page(wanted), stretch).map((candle) => [
    String(candle.startMs),
    ...[candle.open, candle.high, candle.low, candle.close].map((ticks) => market.trimmedPrice(ticks)),
    trimmedText(candle.lots * market.spec.lotUnits, market.spec.qtyDecimals),
    turnoverText(market, candle.lots, candle.tickLots),
  ]);
  return klineAnswer(market, ask, list);
}

/** One step for every market: the terms that the exchange keeps. */
function riskLimits(ask: Ask): Answer {
  if (ask.category === 'spot') return BAD_CATEGORY;
  const symbol = ask.params.get('symbol');
  const markets = symbol === undefined ? ask.markets : ask.markets.filter((market) => market.spec.symbol === symbol);
  if (markets.length === 0) return BAD_SYMBOL;
  const list = markets.map((market) => {
    const { maintenanceRate, maxLeverage } = ask.exchange.terms(market);
    return {
      id: 1,
      symbol: market.spec.symbol,
      riskLimitValue: riskLimitOf(market),
      maintenanceMargin: maintenanceRate,
      initialMargin: String(1 / maxLeverage),
      isLowestRisk: 1,
      maxLeverage: maxLeverage.toFixed(2),
      mmDeduction: '',
    };
  });
  return `{"category":"${ask.category}","list":${JSON.stringify(list)},"nextPageCursor":""}`;
}

/** Payments that were made, newest first. */
function fundingHistory(market: Market, ask: Ask): Answer {
  if (ask.category === 'spot') return BAD_CATEGORY;
  const fromMs = Number(ask.params.get('startTime') ?? 0);
  const toMs = Number(ask.params.get('endTime') ?? ask.nowMs);
  const list = ask.exchange
    .fundings(market)
    .filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs)
    .toReversed()
    .slice(0, pageLimit(ask.params, 200, 200))
    .map(({ timeMs, rate }) => ({ symbol: market.spec.symbol, fundingRate: shortText(rate), fundingRateTimestamp: String(timeMs) }));
  return `{"category":"${ask.category}","list":${JSON.stringify(list)}}`;
}

/** Without zeros at the end. */
function shortText(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
