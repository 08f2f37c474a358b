/** Which dialect speaks for a venue. */
import type { Dialect } from '../dialect.js';
import { BinanceFuturesDialect } from './binance-futures.js';
import { BinanceSpotDialect } from './binance-spot.js';
import { BitmexDialect } from './bitmex.js';
import { BybitDialect } from './bybit.js';
import { UnifiedDialect } from './unified.js';

/** @param symbols ccxt's symbols by the venue's own, for venues without a dialect of their own */
export function dialectOf(venue: string, symbols: Readonly<Record<string, string>>, has: Readonly<Record<string, unknown>>): Dialect {
  switch (venue) {
    case 'binance-spot':
      return new BinanceSpotDialect();
    case 'binance-usdm':
    case 'binance-coinm':
      return new BinanceFuturesDialect(venue);
    case 'bybit':
      return new BybitDialect();
    case 'bitmex':
      return new BitmexDialect();
    default:
      return new UnifiedDialect(symbols, has);
  }
}
