/** Bybit's public topics: from `orderbook.200.BTCUSDT` and the like to the source of their messages. Called by `BybitServer` when somebody subscribes. */
import type { LiquidationEvent } from '../../exchange/contract.js';
import { MONTH_MS, intervalEnd, intervalStart } from '../../market/intervals.js';
import { DepthWindow } from '../../market/depth.js';
import type { Market } from '../../market/market.js';
import { every, onStep } from '../topic-source.js';
import {
  klineText,
  orderbookMessage,
  priceText,
  publicTradeMessage,
  qtyText,
  tickerFields,
  tickerMessage,
  type TickerFields,
} from './public-messages.js';
import type { TopicSource } from '../hub.js';

const NONE: readonly string[] = [];

/** Depths and how often they are sent; the recording of 2026-08-09 shows 100 ms for 200 levels (Bybit v5 documents for the others). */
const DEPTH_PERIODS_MS: Readonly<Record<string, number>> = { '1': 10, '50': 20, '200': 100, '1000': 200, rpi: 100 };
/** Levels a side of `orderbook.rpi` (Bybit v5, "RPI orderbook"). */
const RPI_DEPTH = 50;
/** Topics of contracts by settle coin that would tell of what never happens here: a pool that pays, positions that are deleveraged. */
const SILENT_TOPIC = /^(insurance|adlAlert)\.(USDT|USDC|inverse)$/;
/** A quiet best price is sent again as a snapshot after this time (Bybit v5, "orderbook", level 1). */
const RESEND_LEVEL_ONE_MS = 3_000;
/** The recording shows four to five ticker messages a second on linear, at most one on spot. */
const TICKER_PERIOD_MS = 200;
const SPOT_TICKER_PERIOD_MS = 1_000;

export const BYBIT_INTERVALS_MS: Readonly<Record<string, number>> = {
  '1': 60_000,
  '3': 180_000,
  '5': 300_000,
  '15': 900_000,
  '30': 1_800_000,
  '60': 3_600_000,
  '120': 7_200_000,
  '240': 14_400_000,
  '360': 21_600_000,
  '720': 43_200_000,
  D: 86_400_000,
  W: 604_800_000,
  M: MONTH_MS,
};

/** Update ids count on while nobody listens to a topic. */
export type UpdateIds = Map<string, number>;

export function bybitStream(
  markets: readonly Market[],
  updates: UpdateIds,
  topic: string,
  forced: readonly LiquidationEvent[],
  limitsOf?: (market: Market) => { readonly most: number; readonly least: number },
): TopicSource | null {
  if (SILENT_TOPIC.test(topic) && markets.some((candidate) => candidate.spec.kind !== 'spot')) return onStep(() => NONE);
  const parts = topic.split('.');
  const symbol = parts.at(-1);
  const market = markets.find((candidate) => candidate.spec.symbol === symbol);
  if (market === undefined) return null;
  const [kind, argument = ''] = parts;
  if (parts.length === 2 && kind === 'publicTrade') {
    return onStep((nowMs) => (market.freshTrades.length === 0 ? NONE : [publicTradeMessage(market, topic, market.freshTrades, nowMs)]));
  }
  if (parts.length === 2 && kind === 'tickers') return tickers(market, topic);
  if (parts.length === 2 && kind === 'allLiquidation' && market.spec.kind !== 'spot') {
    return onStep((nowMs) => liquidations(market, topic, forced, nowMs));
  }
  if (parts.length === 2 && kind === 'priceLimit' && limitsOf !== undefined) return priceLimits(market, topic, () => limitsOf(market));
  if (parts.length === 3 && kind === 'orderbook') return orderbook(market, topic, argument, updates);
  if (parts.length === 3 && kind === 'kline') return kline(market, topic, argument);
  return null;
}

function orderbook(market: Market, topic: string, depthText: string, updates: UpdateIds): TopicSource | null {
  const periodMs = DEPTH_PERIODS_MS[depthText];
  if (periodMs === undefined) return null;
  const improved = depthText === 'rpi';
  const window = new DepthWindow(market.engine, improved ? RPI_DEPTH : Number(depthText));
  const key = `${market.spec.kind}.${topic}`;
  let update = updates.get(key) ?? 1_000 + (market.spec.firstSequence % 90_000_000);
  let sentMs = 0;
  const whole = (nowMs: number): string =>
    orderbookMessage(market, {
      topic,
      type: 'snapshot',
      bids: window.bids,
      asks: window.asks,
      update,
      sequence: window.sequence,
      nowMs,
      improved,
    });
  const timed = every(periodMs, (nowMs) => {
    const change = window.advance();
    if (change === undefined) {
      if (depthText !== '1' || nowMs - sentMs < RESEND_LEVEL_ONE_MS) return NONE;
      sentMs = nowMs;
      return [whole(nowMs)];
    }
    sentMs = nowMs;
    update++;
    updates.set(key, update);
    return [orderbookMessage(market, { topic, type: 'delta', ...change, update, sequence: window.sequence, nowMs, improved })];
  });
  return { ...timed, greeting: (nowUs) => [whole(Math.floor(nowUs / 1_000))] };
}

/** When a limit moved, at most once a second. */
function priceLimits(market: Market, topic: string, limits: () => { readonly most: number; readonly least: number }): TopicSource {
  let sent = '';
  return every(1_000, (nowMs) => {
    const { most, least } = limits();
    const data = `{"symbol":"${market.spec.symbol}","buyLmt":"${priceText(market, most)}","sellLmt":"${priceText(market, least)}"}`;
    if (data === sent) return NONE;
    sent = data;
    return [`{"topic":"${topic}","ts":${nowMs},"data":${data}}`];
  });
}

/** Linear and inverse send what changed; spot sends everything with each trade. A new client starts where the others are. */
function tickers(market: Market, topic: string): TopicSource {
  let sent: TickerFields | undefined;
  let sentTrade = market.lastTrade?.id;
  const whole = (nowMs: number): readonly string[] => {
    sent ??= tickerFields(market, nowMs);
    return [tickerMessage(market, topic, 'snapshot', sent, nowMs)];
  };
  const timed = every(market.spec.kind === 'spot' ? SPOT_TICKER_PERIOD_MS : TICKER_PERIOD_MS, (nowMs) => {
    const before = sent;
    if (market.spec.kind === 'spot') {
      if (market.lastTrade?.id === sentTrade) return NONE;
      sentTrade = market.lastTrade?.id;
      sent = tickerFields(market, nowMs);
      return whole(nowMs);
    }
    sent = tickerFields(market, nowMs);
    const changed = sent.filter(([name, value], index) => name === 'symbol' || before?.[index]?.[1] !== value);
    if (changed.length === 1) return NONE;
    // In deltas the single-sided interest stands last.
    changed.sort((a, b) => Number(a[0].startsWith('single')) - Number(b[0].startsWith('single')));
    return [tickerMessage(market, topic, 'delta', changed, nowMs)];
  });
  return { ...timed, greeting: (nowUs) => whole(Math.floor(nowUs / 1_000)) };
}

/** The side is the position's: a long one that was sold is a Buy. */
function liquidations(market: Market, topic: string, forced: readonly LiquidationEvent[], nowMs: number): readonly string[] {
  const own = forced.filter((event) => event.market === market);
  if (own.length === 0) return NONE;
  const data = own.map(({ order, timeUs }) => ({
    T: Math.floor(timeUs / 1_000),
    s: market.spec.symbol,
    S: order.side === 'buy' ? 'Sell' : 'Buy',
    v: qtyText(market, order.lots),
    p: priceText(market, order.ticks ?? market.lastTicks),
  }));
  return [JSON.stringify({ topic, type: 'snapshot', ts: nowMs, data })];
}

function kline(market: Market, topic: string, interval: string): TopicSource | null {
  const intervalMs = BYBIT_INTERVALS_MS[interval];
  if (intervalMs === undefined) return null;
  let sentTrade = -1;
  let openStartMs = -1;
  return every(1_000, (nowMs) => {
    const texts: string[] = [];
    const startMs = intervalStart(nowMs, intervalMs);
    if (openStartMs !== -1 && startMs > openStartMs) {
      const closed = market.candles.grouped(intervalMs, openStartMs, intervalEnd(openStartMs, intervalMs)).at(-1);
      if (closed !== undefined) texts.push(klineText(market, topic, closed, interval, intervalMs, true, nowMs));
      openStartMs = -1;
    }
    const candle = market.candles.grouped(intervalMs, startMs, nowMs).at(-1);
    if (candle === undefined || candle.startMs !== startMs || candle.lastTradeId === sentTrade) return texts;
    sentTrade = candle.lastTradeId;
    openStartMs = startMs;
    return [...texts, klineText(market, topic, candle, interval, intervalMs, false, nowMs)];
  });
}
