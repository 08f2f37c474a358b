/** Streams of the three Binance venues: from a stream's name to the source of its messages. Called by `BinanceServer` when somebody subscribes. */
import type { LiquidationEvent } from '../../exchange/contract.js';
import { DepthDiff, topOf } from '../../market/depth.js';
import type { Market } from '../../market/market.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';
import {
  aggTradeMessage,
  bookTicker,
  depthUpdate,
  forceOrderMessage,
  klineMessage,
  levelsText,
  markPriceMessage,
  tickerMessage,
  tradeMessage,
} from './public-messages.js';
import type { TopicSource } from '../hub.js';
import { every, onStep } from '../topic-source.js';
import { INTERVALS_MS } from '../protocol.js';

const NONE: readonly string[] = [];

/** Null for a name that is no stream of this venue. */
export function binanceStream(
  dialect: BinanceDialect,
  markets: readonly Market[],
  name: string,
  forced: readonly LiquidationEvent[] = [],
): TopicSource | null {
  if (name.startsWith('!')) return allMarkets(dialect, markets, name, forced);
  const [symbol = '', kind = '', speed = ''] = name.split('@');
  const market = markets.find((candidate) => candidate.spec.symbol.toLowerCase() === symbol);
  if (market === undefined) return null;
  if (kind === 'bookTicker') return onStep((nowMs) => (market.bestChanged ? [bookTicker(dialect, market, nowMs)] : NONE));
  if (kind === 'trade') return onStep(() => market.freshTrades.map((trade) => tradeMessage(dialect, market, trade)));
  if (kind === 'aggTrade') return onStep(() => market.freshAggregates.map((trade) => aggTradeMessage(dialect, market, trade)));
  if (kind === 'ticker') return every(1_000, (nowMs) => [tickerMessage(dialect, market, nowMs)]);
  if (kind === 'depth') return depthStream(dialect, market, speed);
  if (/^depth(5|10|20)$/.test(kind)) return partialStream(dialect, market, Number(kind.slice(5)), speed);
  if (kind.startsWith('kline_')) return klineStream(market, kind.slice(6));
  if (dialect.family === 'spot') return null;
  if (kind === 'markPrice') return every(speed === '1s' ? 1_000 : 3_000, (nowMs) => [markPriceMessage(dialect, market, nowMs)]);
  if (kind !== 'forceOrder') return null;
  return onStep((nowMs) => forced.filter((event) => event.market === market).map((event) => forceOrderMessage(event, nowMs)));
}

function allMarkets(
  dialect: BinanceDialect,
  markets: readonly Market[],
  name: string,
  forced: readonly LiquidationEvent[],
): TopicSource | null {
  if (name === '!bookTicker')
    return onStep((nowMs) => markets.filter((market) => market.bestChanged).map((market) => bookTicker(dialect, market, nowMs)));
  if (name === '!ticker@arr')
    return every(1_000, (nowMs) => [`[${markets.map((market) => tickerMessage(dialect, market, nowMs)).join(',')}]`]);
  if (dialect.family !== 'spot' && name === '!forceOrder@arr')
    return onStep((nowMs) => forced.map((event) => forceOrderMessage(event, nowMs)));
  if (dialect.family === 'spot' || !/^!markPrice@arr(@1s)?$/.test(name)) return null;
  return every(name.endsWith('@1s') ? 1_000 : 3_000, (nowMs) => [
    `[${markets.map((market) => markPriceMessage(dialect, market, nowMs)).join(',')}]`,
  ]);
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

/** The candle in progress whenever it changed, at most four times a second, and once when it closes. */
function klineStream(market: Market, interval: string): TopicSource | null {
  const intervalMs = INTERVALS_MS[interval];
  if (intervalMs === undefined) return null;
  let sentTrade = -1;
  let openStartMs = -1;
  return every(250, (nowMs) => {
    const startMs = nowMs - (nowMs % intervalMs);
    const texts: string[] = [];
    if (openStartMs !== -1 && startMs > openStartMs) {
      const closed = market.candles.grouped(intervalMs, openStartMs, openStartMs + intervalMs - 1).at(-1);
      if (closed !== undefined) texts.push(klineMessage(market, closed, interval, intervalMs, true, nowMs));
      openStartMs = -1;
    }
    const candle = market.candles.grouped(intervalMs, startMs, nowMs).at(-1);
    if (candle === undefined || candle.startMs !== startMs || candle.lastTradeId === sentTrade) return texts;
    sentTrade = candle.lastTradeId;
    openStartMs = startMs;
    texts.push(klineMessage(market, candle, interval, intervalMs, false, nowMs));
    return texts;
  });
}
