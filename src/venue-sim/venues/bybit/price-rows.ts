/**
 * Bybit's market data that no trade makes: klines of mark price, index price and premium, open interest, and how far a limit price may go. Documents "Get Mark
 * Price Kline" and its neighbours, 2026-11. Called by `BybitRest` with the market already found.
 */
import type { Exchange } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import type { PriceCandle } from '../../market/price-candles.js';
import type { BybitCategory } from './public-messages.js';
import { priceText, qtyText } from './public-messages.js';
import { priceLimits } from './order-request.js';

/** Periods that open interest is asked by. */
const INTEREST_PERIODS_MS: Readonly<Record<string, number>> = {
  '5min': 300_000,
  '15min': 900_000,
  '30min': 1_800_000,
  '1h': 3_600_000,
  '4h': 14_400_000,
  '1d': 86_400_000,
};

/** Start, open, high, low, close. */
export function priceKlineRows(market: Market, kind: keyof Market['prices'], candles: readonly PriceCandle[]): string[][] {
  const decimals = kind === 'premium' ? 8 : market.spec.priceDecimals;
  return candles.map(({ startMs, open, high, low, close }) => [
    String(startMs),
    ...[open, high, low, close].map((price) => price.toFixed(decimals)),
  ]);
}

/** The past is not kept: the figure of now, at the period that began last. Null for a period that the venue does not have. */
export function openInterest(market: Market, category: BybitCategory, period: string, nowMs: number): string | null {
  const periodMs = INTEREST_PERIODS_MS[period];
  if (periodMs === undefined) return null;
  const list = [{ openInterest: qtyText(market, market.openInterestLots), timestamp: String(nowMs - (nowMs % periodMs)) }];
  return JSON.stringify({ symbol: market.spec.symbol, category, list, nextPageCursor: '' });
}

export function priceLimit(exchange: Exchange, market: Market, nowMs: number): string {
  const { most, least } = priceLimits(exchange, market);
  return JSON.stringify({
    symbol: market.spec.symbol,
    buyLmt: priceText(market, most),
    sellLmt: priceText(market, least),
    ts: String(nowMs),
  });
}
