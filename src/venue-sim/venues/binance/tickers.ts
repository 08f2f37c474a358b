/**
 * Tickers of the three Binance venues in REST answers: 24 hours, trading day, rolling window, last price, best bid and ask, premium index, average price.
 * Documents "Market data endpoints", 2026-11. Called by `BinanceRest` with the market already found.
 */
import type { Candle } from '../../market/candles.js';
import { intervalStart } from '../../market/intervals.js';
import type { Market } from '../../market/market.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';
import { otherVolume, quoteText } from './public-messages.js';

const DAY_MS = 86_400_000;
const WINDOW = /^([1-9][0-9]?)([mhd])$/;
const UNITS_MS: Readonly<Record<string, readonly [number, number]>> = { m: [60_000, 59], h: [3_600_000, 23], d: [DAY_MS, 7] };

/** `MINI` leaves changes, averages and the book out. */
export type TickerKind = 'FULL' | 'MINI';

export function ticker24(dialect: BinanceDialect, market: Market, nowMs: number, kind: TickerKind = 'FULL'): string {
  const { spec } = market;
  const day = market.candles.day(nowMs);
  if (kind === 'MINI') return miniTicker(market, day, nowMs - DAY_MS, nowMs);
  const last = market.lastTicks;
  const open = day?.open ?? last;
  const p = (ticks: number): string => market.priceText(ticks);
  const average = day === undefined || day.lots === 0 ? last : Math.round(day.tickLots / day.lots);
  const pair = dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
  const isSpot = dialect.family === 'spot';
  const volume = dialect.family === 'coinm' ? 'baseVolume' : 'quoteVolume';
  const value = isSpot ? quoteText(market, day?.tickLots ?? 0) : otherVolume(market, day?.lots ?? 0, day?.tickLots ?? 0);
  return (
    `{"symbol":"${spec.symbol}",${pair}"priceChange":"${p(last - open)}","priceChangePercent":"${percent(last, open)}",` +
    `"weightedAvgPrice":"${p(average)}",${isSpot ? `"prevClosePrice":"${p(open)}",` : ''}"lastPrice":"${p(last)}","lastQty":"${market.qtyText(market.lastTrade?.lots ?? 0)}",` +
    `${isSpot ? `${best(market)},` : ''}"openPrice":"${p(open)}","highPrice":"${p(day?.high ?? open)}","lowPrice":"${p(day?.low ?? open)}","volume":"${market.qtyText(day?.lots ?? 0)}",` +
    `"${volume}":"${value}","openTime":${nowMs - DAY_MS},"closeTime":${nowMs},"firstId":${day?.firstTradeId ?? 0},"lastId":${day?.lastTradeId ?? 0},"count":${day?.trades ?? 0}}`
  );
}

/** Since midnight of the zone. */
export function tradingDayTicker(market: Market, nowMs: number, offsetMs: number, kind: TickerKind): string {
  const openMs = intervalStart(nowMs, DAY_MS, offsetMs);
  return windowTicker(market, openMs, openMs + DAY_MS - 1, nowMs, kind);
}

/** Begins on a whole minute, so it may hold up to a minute more than was asked for. */
export function rollingTicker(market: Market, nowMs: number, windowMs: number, kind: TickerKind): string {
  const openMs = intervalStart(nowMs - windowMs, 60_000);
  return windowTicker(market, openMs, nowMs, nowMs, kind);
}

/** `15m`, `4h`, `7d` in milliseconds; undefined for what is no window. */
export function windowMsOf(text: string): number | undefined {
  const found = WINDOW.exec(text);
  const unit = UNITS_MS[found?.[2] ?? ''];
  const count = Number(found?.[1]);
  return unit === undefined || count > unit[1] ? undefined : count * unit[0];
}

export function tickerPrice(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const price = `"price":"${market.priceText(market.lastTicks)}"`;
  if (dialect.family === 'spot') return `{"symbol":"${market.spec.symbol}",${price}}`;
  if (dialect.family === 'usdm') return `{"symbol":"${market.spec.symbol}",${price},"time":${nowMs}}`;
  return `{"symbol":"${market.spec.symbol}","ps":"${pairOf(market)}",${price},"time":${nowMs}}`;
}

export function bookTickerText(dialect: BinanceDialect, market: Market, nowMs: number): string {
  if (dialect.family === 'spot') return `{"symbol":"${market.spec.symbol}",${best(market)}}`;
  const pair = dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
  return `{"lastUpdateId":${market.engine.sequence},"symbol":"${market.spec.symbol}",${pair}${best(market)},"time":${nowMs}}`;
}

export function premiumIndex(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const pair = dialect.family === 'coinm' ? `"pair":"${pairOf(market)}",` : '';
  const index = market.indexPrice.toFixed(8);
  return (
    `{"symbol":"${market.spec.symbol}",${pair}"markPrice":"${market.markPrice.toFixed(8)}","indexPrice":"${index}","estimatedSettlePrice":"${index}",` +
    `"lastFundingRate":"${market.fundingRate.toFixed(8)}","interestRate":"0.00010000","nextFundingTime":${market.nextFundingMs(nowMs)},"time":${nowMs}}`
  );
}

/** Over five minutes, weighted by quantity. */
export function averageTicks(market: Market, nowMs: number): number {
  let lots = 0;
  let tickLots = 0;
  for (const candle of market.candles.steps(nowMs - 5 * 60_000, nowMs)) {
    lots += candle.lots;
    tickLots += candle.tickLots;
  }
  return lots === 0 ? market.lastTicks : Math.round(tickLots / lots);
}

export function lastTradeMs(market: Market, nowMs: number): number {
  return Math.floor((market.lastTrade?.timeUs ?? nowMs * 1_000) / 1_000);
}

export function averagePrice(market: Market, nowMs: number): string {
  return `{"mins":5,"price":"${market.priceText(averageTicks(market, nowMs))}","closeTime":${lastTradeMs(market, nowMs)}}`;
}

export function percent(last: number, open: number): string {
  return (((last - open) / open) * 100).toFixed(3);
}

function windowTicker(market: Market, openMs: number, closeMs: number, nowMs: number, kind: TickerKind): string {
  const window = market.candles.window(openMs - 1, nowMs);
  if (kind === 'MINI') return miniTicker(market, window, openMs, closeMs);
  const last = market.lastTicks;
  const open = window?.open ?? last;
  const average = window === undefined || window.lots === 0 ? last : Math.round(window.tickLots / window.lots);
  const p = (ticks: number): string => market.priceText(ticks);
  return (
    `{"symbol":"${market.spec.symbol}","priceChange":"${p(last - open)}","priceChangePercent":"${percent(last, open)}",` +
    `"weightedAvgPrice":"${p(average)}",${prices(market, window)},${counts(market, window, openMs, closeMs)}}`
  );
}

function miniTicker(market: Market, window: Candle | undefined, openMs: number, closeMs: number): string {
  return `{"symbol":"${market.spec.symbol}",${prices(market, window)},${counts(market, window, openMs, closeMs)}}`;
}

function prices(market: Market, window: Candle | undefined): string {
  const last = market.lastTicks;
  const p = (ticks: number): string => market.priceText(ticks);
  return `"openPrice":"${p(window?.open ?? last)}","highPrice":"${p(window?.high ?? last)}","lowPrice":"${p(window?.low ?? last)}","lastPrice":"${p(last)}"`;
}

function counts(market: Market, window: Candle | undefined, openMs: number, closeMs: number): string {
  return (
    `"volume":"${market.qtyText(window?.lots ?? 0)}","quoteVolume":"${quoteText(market, window?.tickLots ?? 0)}","openTime":${openMs},"closeTime":${closeMs},` +
    `"firstId":${window?.firstTradeId ?? 0},"lastId":${window?.lastTradeId ?? 0},"count":${window?.trades ?? 0}`
  );
}

function best(market: Market): string {
  const bid = market.engine.bids.best();
  const ask = market.engine.asks.best();
  return (
    `"bidPrice":"${market.priceText(bid?.ticks ?? 0)}","bidQty":"${market.qtyText(bid?.lots ?? 0)}",` +
    `"askPrice":"${market.priceText(ask?.ticks ?? 0)}","askQty":"${market.qtyText(ask?.lots ?? 0)}"`
  );
}
