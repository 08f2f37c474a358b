/** Streams of the three Binance venues: from a stream's name to the source of its messages. Called by `BinanceServer` when somebody subscribes. */
import type { LiquidationEvent } from '../../exchange/contract.js';
import type { Candle } from '../../market/candles.js';
import { intervalEnd, intervalStart } from '../../market/intervals.js';
import { DepthDiff, topOf } from '../../market/depth.js';
import type { Market } from '../../market/market.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';
import {
  aggTradeMessage,
  bookTicker,
  continuousKlineMessage,
  depthUpdate,
  forceOrderMessage,
  klineMessage,
  levelsText,
  markPriceMessage,
  tradeMessage,
} from './public-messages.js';
import { windowMsOf } from './tickers.js';
import type { TopicSource } from '../hub.js';
import { every, onStep } from '../topic-source.js';
import { candlesOf, intervalMsOf, zoneOffsetMs } from './klines.js';
import { averagePriceMessage, indexPriceMessage, miniTickerMessage, tickerMessage, windowTickerMessage } from './ticker-messages.js';

const NONE: readonly string[] = [];

/** Null for a name that is no stream of this venue. */
export function binanceStream(
  dialect: BinanceDialect,
  markets: readonly Market[],
  name: string,
  forced: readonly LiquidationEvent[] = [],
): TopicSource | null {
  if (name.startsWith('!')) return allMarkets(dialect, markets, name, forced);
  const [symbol = '', kind = '', suffix = ''] = name.split('@');
  const market = markets.find((candidate) => candidate.spec.symbol.toLowerCase() === symbol);
  if (market === undefined) return dialect.family === 'spot' ? null : ofPair(dialect, markets, symbol, kind, suffix);
  if (kind === 'bookTicker') return onStep((nowMs) => (market.bestChanged ? [bookTicker(dialect, market, nowMs)] : NONE));
  if (kind === 'trade') return onStep(() => market.freshTrades.map((trade) => tradeMessage(dialect, market, trade)));
  if (kind === 'aggTrade') return onStep(() => market.freshAggregates.map((trade) => aggTradeMessage(dialect, market, trade)));
  if (kind === 'ticker') return every(1_000, (nowMs) => [tickerMessage(dialect, market, nowMs)]);
  if (kind === 'miniTicker') return every(1_000, (nowMs) => [miniTickerMessage(dialect, market, nowMs)]);
  // Price-improving orders wait in the book like all others.
  if (kind === 'rpiDepth' && dialect.family === 'usdm' && suffix === '500ms') return depthStream(dialect, market, suffix);
  if (kind === 'depth') return depthStream(dialect, market, suffix);
  if (/^depth(5|10|20)$/.test(kind)) return partialStream(dialect, market, Number(kind.slice(5)), suffix);
  if (kind.startsWith('kline_')) return klineStream(dialect, market, kind.slice(6), suffix);
  if (dialect.family === 'spot') return spotOnly(market, kind);
  if (kind === 'markPrice') return every(suffix === '1s' ? 1_000 : 3_000, (nowMs) => [markPriceMessage(dialect, market, nowMs)]);
  if (kind !== 'forceOrder') return null;
  return onStep((nowMs) => forced.filter((event) => event.market === market).map((event) => forceOrderMessage(event, nowMs)));
}

function spotOnly(market: Market, kind: string): TopicSource | null {
  if (kind === 'avgPrice') return every(1_000, (nowMs) => [averagePriceMessage(market, nowMs)]);
  const window = /^ticker_(1h|4h|1d)$/.exec(kind)?.[1];
  if (window === undefined) return null;
  const windowMs = windowMsOf(window) ?? 0;
  return every(1_000, (nowMs) => [windowTickerMessage(market, window, windowMs, nowMs)]);
}

/** Streams named by a pair: continuous klines of its perpetual contract, and on COIN-M its index price and the mark prices of its contracts. */
function ofPair(dialect: BinanceDialect, markets: readonly Market[], name: string, kind: string, suffix: string): TopicSource | null {
  const perpetual = /^(.+)_perpetual$/.exec(name)?.[1];
  const market = markets.find((candidate) => pairOf(candidate).toLowerCase() === (perpetual ?? name));
  if (market === undefined) return null;
  if (perpetual !== undefined) return kind.startsWith('continuousKline_') ? klineStream(dialect, market, kind.slice(16), '', true) : null;
  if (dialect.family !== 'coinm') return null;
  const periodMs = suffix === '1s' ? 1_000 : 3_000;
  if (kind === 'indexPrice') return every(periodMs, (nowMs) => [indexPriceMessage(market, nowMs)]);
  return kind === 'markPrice' ? every(periodMs, (nowMs) => [`[${markPriceMessage(dialect, market, nowMs)}]`]) : null;
}

function allMarkets(
  dialect: BinanceDialect,
  markets: readonly Market[],
  name: string,
  forced: readonly LiquidationEvent[],
): TopicSource | null {
  const arrayOf = (periodMs: number, text: (market: Market, nowMs: number) => string): TopicSource =>
    every(periodMs, (nowMs) => [`[${markets.map((market) => text(market, nowMs)).join(',')}]`]);
  if (name === '!bookTicker')
    return onStep((nowMs) => markets.filter((market) => market.bestChanged).map((market) => bookTicker(dialect, market, nowMs)));
  if (name === '!ticker@arr') return arrayOf(1_000, (market, nowMs) => tickerMessage(dialect, market, nowMs));
  // Older clients name a period.
  const small = /^!miniTicker@arr(?:@(1000|3000)ms)?$/.exec(name);
  if (small !== null) return arrayOf(Number(small[1] ?? 1_000), (market, nowMs) => miniTickerMessage(dialect, market, nowMs));
  if (dialect.family === 'spot') {
    const window = /^!ticker_(1h|4h|1d)@arr$/.exec(name)?.[1];
    const windowMs = windowMsOf(window ?? '') ?? 0;
    return window === undefined ? null : arrayOf(1_000, (market, nowMs) => windowTickerMessage(market, window, windowMs, nowMs));
  }
  if (name === '!forceOrder@arr') return onStep((nowMs) => forced.map((event) => forceOrderMessage(event, nowMs)));
  if (!/^!markPrice@arr(@1s)?$/.test(name)) return null;
  return arrayOf(name.endsWith('@1s') ? 1_000 : 3_000, (market, nowMs) => markPriceMessage(dialect, market, nowMs));
}

function depthStream(dialect: BinanceDialect, market: Market, speed: string): TopicSource | null {
  const periodMs = dialect.depthPeriodsMs[speed];
  if (periodMs === undefined) return null;
  const diff = new DepthDiff(market.engine);
  market.listen(diff);
  const timed = every(periodMs, (nowMs) => {
    const batch = diff.flush();
    if (batch === undefined) return NONE;
    // Spot counts without holes: an event begins where the last one ended.
    return [depthUpdate(dialect, market, dialect.family === 'spot' ? { ...batch, first: batch.previous + 1 } : batch, nowMs)];
  });
  return { ...timed, stop: () => market.unlisten(diff) };
}

function partialStream(dialect: BinanceDialect, market: Market, depth: number, speed: string): TopicSource | null {
  const periodMs = dialect.depthPeriodsMs[speed];
  if (periodMs === undefined) return null;
  let previous = market.engine.sequence;
  return every(periodMs, (nowMs) => {
    const last = market.engine.sequence;
    if (last === previous) return NONE;
    const bids = topOf(market.engine.bids, depth);
    const asks = topOf(market.engine.asks, depth);
    const first = previous + 1;
    const before = previous;
    previous = last;
    if (dialect.family === 'spot')
      return [`{"lastUpdateId":${last},"bids":${levelsText(market, bids)},"asks":${levelsText(market, asks)}}`];
    const pair = dialect.family === 'coinm' ? `"ps":"${pairOf(market)}",` : '';
    const head = `{"e":"depthUpdate","E":${nowMs},"T":${nowMs},"s":"${market.spec.symbol}",${pair}"U":${first},"u":${last},"pu":${before}`;
    return [`${head},"b":${levelsText(market, bids)},"a":${levelsText(market, asks)}}`];
  });
}

/** The candle in progress whenever it changed, at most four times a second, and once when it closes. Spot takes an offset from UTC as well: `+08:00`. */
function klineStream(dialect: BinanceDialect, market: Market, interval: string, zone: string, isContinuous = false): TopicSource | null {
  const intervalMs = intervalMsOf(dialect.family, interval);
  const offsetMs = zone === '' ? 0 : dialect.family === 'spot' ? zoneOffsetMs(zone) : null;
  if (intervalMs === undefined || offsetMs === null) return null;
  const text = (candle: Candle, isClosed: boolean, nowMs: number): string =>
    isContinuous
      ? continuousKlineMessage(market, candle, interval, intervalMs, isClosed, nowMs)
      : klineMessage(market, candle, interval, intervalMs, isClosed, nowMs, offsetMs);
  let sentTrade = -1;
  let openStartMs = -1;
  return every(250, (nowMs) => {
    const startMs = intervalStart(nowMs, intervalMs, offsetMs);
    const texts: string[] = [];
    if (openStartMs !== -1 && startMs > openStartMs) {
      const closed = candlesOf(market, intervalMs, openStartMs, intervalEnd(openStartMs, intervalMs, offsetMs), offsetMs).at(-1);
      if (closed !== undefined) texts.push(text(closed, true, nowMs));
      openStartMs = -1;
    }
    const candle = candlesOf(market, intervalMs, startMs, nowMs, offsetMs).at(-1);
    if (candle === undefined || candle.startMs !== startMs || candle.lastTradeId === sentTrade) return texts;
    sentTrade = candle.lastTradeId;
    openStartMs = startMs;
    texts.push(text(candle, false, nowMs));
    return texts;
  });
}
