/** Binance `exchangeInfo`: the recorded answer cut down to what was recorded, or one made in its format from what the recording shows. */
import { EngineError } from '../../core/numbers/errors.js';
import type { BinanceDialect } from '../venues/binance/dialect.js';
import { stepText, type Decimals } from './reference-book.js';
import { cutPair } from './replay-venue.js';

export interface SeenSymbol {
  readonly symbol: string;
  readonly decimals: Decimals;
}

export function exchangeInfo(dialect: BinanceDialect, recorded: string | null, seen: readonly SeenSymbol[], nowMs: number): string {
  const info = recorded === null ? head(dialect, nowMs) : objectOf(recorded);
  const listed = new Map<string, object>();
  const list: unknown = info['symbols'];
  for (const entry of Array.isArray(list) ? (list as readonly Record<string, unknown>[]) : []) listed.set(String(entry['symbol']), entry);
  return JSON.stringify({ ...info, symbols: seen.map((one) => listed.get(one.symbol) ?? made(dialect, one)) });
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null)
    throw new EngineError('BAD_RECORDING', 'give-up', { line: 0, reason: 'exchangeInfo is no object' });
  return value as Record<string, unknown>;
}

function head(dialect: BinanceDialect, nowMs: number): Record<string, unknown> {
  const limit = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: dialect.weightPerMinute };
  return { timezone: 'UTC', serverTime: nowMs, rateLimits: [limit], exchangeFilters: [] };
}

/** Grids are those of the numbers seen; sizes and limits are wide, because a recording says nothing about them. */
function made(dialect: BinanceDialect, { symbol, decimals }: SeenSymbol): object {
  const { base, quote } = cutPair(symbol);
  const tick = stepText(decimals.price);
  const lot = stepText(decimals.qty);
  const most = '100000000';
  const common = { symbol, baseAsset: base, quoteAsset: quote };
  const price = { filterType: 'PRICE_FILTER', minPrice: tick, maxPrice: most, tickSize: tick };
  const size = { filterType: 'LOT_SIZE', minQty: lot, maxQty: most, stepSize: lot };
  if (dialect.family === 'spot') {
    const notional = { filterType: 'NOTIONAL', minNotional: '5', applyMinToMarket: true, maxNotional: most, avgPriceMins: 5 };
    const filters = [price, size, notional, { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 }];
    return { ...common, status: 'TRADING', isSpotTradingAllowed: true, filters };
  }
  const isCoin = dialect.family === 'coinm';
  const filters = [
    price,
    size,
    { filterType: 'MAX_NUM_ORDERS', limit: 200 },
    ...(isCoin ? [] : [{ filterType: 'MIN_NOTIONAL', notional: '5' }]),
  ];
  const contractType = /_\d+$/.test(symbol) ? 'CURRENT_QUARTER' : 'PERPETUAL';
  const pair = symbol.split('_')[0] ?? symbol;
  return {
    ...common,
    pair,
    contractType,
    pricePrecision: decimals.price,
    quantityPrecision: decimals.qty,
    marginAsset: isCoin ? base : quote,
    // The venue's two sizes: 100 dollars a contract for bitcoin, 10 for everything else.
    ...(isCoin ? { contractStatus: 'TRADING', contractSize: base === 'BTC' ? 100 : 10 } : { status: 'TRADING' }),
    filters,
  };
}
