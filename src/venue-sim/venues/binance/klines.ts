/**
 * Klines of the three Binance venues: of trades by symbol or by pair and contract type, and of mark price, index price and premium. Documents "Kline /
 * candlestick data", "Index price kline data" and their neighbours, 2026-11. Called by `BinanceRest` with the market already found.
 */
import type { HttpReply } from '../../../core/ports/http.js';
import type { Candle } from '../../market/candles.js';
import type { Stretch } from '../../market/kept-candles.js';
import { intervalEnd } from '../../market/intervals.js';
import type { Market } from '../../market/market.js';
import { INTERVALS_MS } from '../protocol.js';
import { INVALID_INTERVAL, limitOf, malformedParameter, missingParameter, type BinanceDialect } from './dialect.js';
import { otherVolume } from './public-messages.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** `8`, `-5:30`, `+08:00`, between -12:00 and +14:00. */
const ZONE = /^([+-]?)(\d{1,2})(?::(\d{2}))?$/;

/** The interval's length; spot has seconds too. */
export function intervalMsOf(family: BinanceDialect['family'], interval: string): number | undefined {
  if (interval === '1s') return family === 'spot' ? SECOND_MS : undefined;
  return Object.hasOwn(INTERVALS_MS, interval) ? INTERVALS_MS[interval] : undefined;
}

/** Candles of a market, oldest first. */
export function candlesOf(market: Market, intervalMs: number, fromMs: number, toMs: number, offsetMs = 0): Candle[] {
  return shelfOf(market, intervalMs)?.grouped(intervalMs, fromMs, toMs, offsetMs) ?? [];
}

function shelfOf(market: Market, intervalMs: number): Market['candles'] | null {
  return intervalMs === SECOND_MS ? market.seconds : market.candles;
}

export function klines(dialect: BinanceDialect, market: Market, params: ReadonlyMap<string, string>, nowMs: number): string | HttpReply {
  const stretch = stretchOf(dialect, params, nowMs);
  if ('status' in stretch) return stretch;
  const { intervalMs, offsetMs } = stretch;
  const candles = shelfOf(market, intervalMs)?.page(stretch) ?? [];
  const p = (ticks: number): string => market.priceText(ticks);
  const texts = candles.map(
    (candle) =>
      `[${candle.startMs},"${p(candle.open)}","${p(candle.high)}","${p(candle.low)}","${p(candle.close)}","${market.qtyText(candle.lots)}",` +
      `${intervalEnd(candle.startMs, intervalMs, offsetMs)},"${otherVolume(market, candle.lots, candle.tickLots)}",${candle.trades},` +
      `"${market.qtyText(candle.buyLots)}","${otherVolume(market, candle.buyLots, candle.buyTickLots)}","0"]`,
  );
  return `[${texts.join(',')}]`;
}

/** Volumes are zero, and the count is that of samples. */
export function priceKlines(
  dialect: BinanceDialect,
  market: Market,
  kind: keyof Market['prices'],
  params: ReadonlyMap<string, string>,
  nowMs: number,
): string | HttpReply {
  const stretch = stretchOf(dialect, params, nowMs);
  if ('status' in stretch) return stretch;
  const texts = market.prices[kind]
    .page(stretch)
    .map(
      (candle) =>
        `[${candle.startMs},"${priceText(candle.open)}","${priceText(candle.high)}","${priceText(candle.low)}","${priceText(candle.close)}","0",` +
        `${intervalEnd(candle.startMs, stretch.intervalMs)},"0",${candle.samples},"0","0","0"]`,
    );
  return `[${texts.join(',')}]`;
}

/** The longer the answer, the more it weighs on futures. */
export function klinesWeight(family: BinanceDialect['family']): (params: ReadonlyMap<string, string>) => number {
  if (family === 'spot') return () => 2;
  return (params) => {
    const limit = Number(params.get('limit') ?? 500);
    if (limit < 100) return 1;
    if (limit < 500) return 2;
    return limit <= 1_000 ? 5 : 10;
  };
}

/** A named start is the first candle's, and the oldest ones come first; without it the last ones. */
function stretchOf(
  dialect: BinanceDialect,
  params: ReadonlyMap<string, string>,
  nowMs: number,
): (Stretch & { readonly offsetMs: number }) | HttpReply {
  const interval = params.get('interval') ?? '';
  if (interval === '') return missingParameter('interval');
  const intervalMs = intervalMsOf(dialect.family, interval);
  if (intervalMs === undefined) return INVALID_INTERVAL;
  const limit = limitOf(params, 500, dialect.family === 'spot' ? 1_000 : 1_500);
  if (limit === null) return malformedParameter('limit');
  const offsetMs = dialect.family === 'spot' ? zoneOffsetMs(params.get('timeZone') ?? '0') : 0;
  if (offsetMs === null) return malformedParameter('timeZone');
  const from = params.get('startTime');
  const fromMs = from === undefined ? undefined : Number(from);
  return { intervalMs, offsetMs, fromMs, toMs: Number(params.get('endTime') ?? nowMs), limit };
}

function priceText(price: number): string {
  return price.toFixed(8);
}

/** Null for what is no offset. */
export function zoneOffsetMs(text: string): number | null {
  const found = ZONE.exec(text);
  if (found === null) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  const offsetMs = (found[1] === '-' ? -minutes : minutes) * MINUTE_MS;
  return offsetMs >= -12 * 60 * MINUTE_MS && offsetMs <= 14 * 60 * MINUTE_MS ? offsetMs : null;
}
