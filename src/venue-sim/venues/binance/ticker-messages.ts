/**
 * Texts of the Binance venues' ticker streams: 24 hours whole and small, rolling windows, average price, index price. Documents "WebSocket streams", 2026-11;
 * the 24-hour one is held against a recorded one by `test/venue-sim/frames.test.ts`. Called once a topic and turn by `public-streams.ts`.
 */
import { intervalStart } from '../../market/intervals.js';
import type { Market } from '../../market/market.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';
import { otherVolume } from './public-messages.js';
import { averageTicks, lastTradeMs, percent } from './tickers.js';

export function tickerMessage(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const day = market.candles.day(nowMs);
  const open = day?.open ?? market.lastTicks;
  const last = market.lastTrade;
  const change = market.lastTicks - open;
  const p = (ticks: number): string => market.priceText(ticks);
  const average = day === undefined || day.lots === 0 ? market.lastTicks : Math.round(day.tickLots / day.lots);
  const spotOnly =
    dialect.family === 'spot'
      ? `"x":"${p(open)}","c":"${p(market.lastTicks)}","Q":"${market.qtyText(last?.lots ?? 0)}","b":"${p(market.engine.bids.best()?.ticks ?? 0)}",` +
        `"B":"${market.qtyText(market.engine.bids.best()?.lots ?? 0)}","a":"${p(market.engine.asks.best()?.ticks ?? 0)}","A":"${market.qtyText(market.engine.asks.best()?.lots ?? 0)}"`
      : `"c":"${p(market.lastTicks)}","Q":"${market.qtyText(last?.lots ?? 0)}"`;
  const pair = dialect.family === 'coinm' ? `"ps":"${pairOf(market)}",` : '';
  return (
    `{"e":"24hrTicker","E":${nowMs},"s":"${market.spec.symbol}",${pair}"p":"${p(change)}","P":"${((change / open) * 100).toFixed(3)}","w":"${p(average)}",${spotOnly},` +
    `"o":"${p(open)}","h":"${p(day?.high ?? open)}","l":"${p(day?.low ?? open)}","v":"${market.qtyText(day?.lots ?? 0)}","q":"${otherVolume(market, day?.lots ?? 0, day?.tickLots ?? 0)}",` +
    `"O":${nowMs - 86_400_000},"C":${nowMs},"F":${day?.firstTradeId ?? 0},"L":${day?.lastTradeId ?? 0},"n":${day?.trades ?? 0}}`
  );
}

export function miniTickerMessage(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const day = market.candles.day(nowMs);
  const last = market.lastTicks;
  const p = (ticks: number): string => market.priceText(ticks);
  const pair = dialect.family === 'coinm' ? `"ps":"${pairOf(market)}",` : '';
  return (
    `{"e":"24hrMiniTicker","E":${nowMs},"s":"${market.spec.symbol}",${pair}"c":"${p(last)}","o":"${p(day?.open ?? last)}","h":"${p(day?.high ?? last)}",` +
    `"l":"${p(day?.low ?? last)}","v":"${market.qtyText(day?.lots ?? 0)}","q":"${otherVolume(market, day?.lots ?? 0, day?.tickLots ?? 0)}"}`
  );
}

/** `window` as the stream names it: 1h, 4h, 1d. */
export function windowTickerMessage(market: Market, window: string, windowMs: number, nowMs: number): string {
  const openMs = intervalStart(nowMs - windowMs, 60_000);
  const candle = market.candles.window(openMs - 1, nowMs);
  const last = market.lastTicks;
  const open = candle?.open ?? last;
  const average = candle === undefined || candle.lots === 0 ? last : Math.round(candle.tickLots / candle.lots);
  const p = (ticks: number): string => market.priceText(ticks);
  return (
    `{"e":"${window}Ticker","E":${nowMs},"s":"${market.spec.symbol}","p":"${p(last - open)}","P":"${percent(last, open)}","o":"${p(open)}",` +
    `"h":"${p(candle?.high ?? last)}","l":"${p(candle?.low ?? last)}","c":"${p(last)}","w":"${p(average)}","v":"${market.qtyText(candle?.lots ?? 0)}",` +
    `"q":"${otherVolume(market, candle?.lots ?? 0, candle?.tickLots ?? 0)}","O":${openMs},"C":${nowMs},"F":${candle?.firstTradeId ?? 0},` +
    `"L":${candle?.lastTradeId ?? 0},"n":${candle?.trades ?? 0}}`
  );
}

export function averagePriceMessage(market: Market, nowMs: number): string {
  return `{"e":"avgPrice","E":${nowMs},"s":"${market.spec.symbol}","i":"5m","w":"${market.priceText(averageTicks(market, nowMs))}","T":${lastTradeMs(market, nowMs)}}`;
}

/** COIN-M names the pair. */
export function indexPriceMessage(market: Market, nowMs: number): string {
  return `{"e":"indexPriceUpdate","E":${nowMs},"i":"${pairOf(market)}","p":"${market.indexPrice.toFixed(8)}"}`;
}
