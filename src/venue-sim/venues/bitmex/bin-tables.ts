/**
 * BitMEX's bins: trades by the minute, five minutes, hour and day, and the best quote at the end of each. Rows are named by the bin's end, as this venue does.
 * Called by REST and, when somebody subscribes, by `public-streams.ts`.
 */
import type { Candle } from '../../market/candles.js';
import type { Market } from '../../market/market.js';
import type { TopicSource } from '../hub.js';
import { every } from '../topic-source.js';
import { quoteRow, timeText, valueOf } from './public-tables.js';

export const BINS_MS: Readonly<Record<string, number>> = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000, '1d': 86_400_000 };

export const BIN_TABLES: readonly string[] = ['tradeBin', 'quoteBin'].flatMap((kind) =>
  Object.keys(BINS_MS).map((size) => `${kind}${size}`),
);

export const TRADE_BIN_HEAD =
  '"keys":[],"types":{"timestamp":"timestamp","symbol":"symbol","open":"float","high":"float","low":"float","close":"float","trades":"long","volume":"long",' +
  '"vwap":"float","lastSize":"long","turnover":"long","homeNotional":"float","foreignNotional":"float"},"foreignKeys":{"symbol":"instrument"},' +
  '"attributes":{"timestamp":"sorted","symbol":"grouped"}';

export function bucketRow(market: Market, candle: Candle, binMs: number, bitcoinPrice: number): string {
  const average = candle.lots === 0 ? null : Number(((candle.tickLots / candle.lots) * market.tickSize).toFixed(4));
  const volume = candle.lots * market.spec.lotUnits;
  const value = valueOf(market, volume, average ?? 1, bitcoinPrice);
  const p = (ticks: number): string => market.trimmedPrice(ticks);
  return (
    `{"timestamp":"${timeText((candle.startMs + binMs) * 1_000)}","symbol":"${market.spec.symbol}","open":${p(candle.open)},"high":${p(candle.high)},` +
    `"low":${p(candle.low)},"close":${p(candle.close)},"trades":${candle.trades},"volume":${volume},"vwap":${average},"lastSize":null,` +
    `"turnover":${value.gross},"homeNotional":${value.home},"foreignNotional":${value.foreign}}`
  );
}

/** The bin that closed last in the partial, each one that closes after it. `table` is one of `BIN_TABLES`. */
export function bins(
  markets: readonly Market[],
  table: string,
  partial: (rows: readonly string[]) => string,
  insert: (rows: readonly string[]) => string,
  bitcoinPrice: () => number,
): TopicSource {
  const binMs = BINS_MS[table.replace(/^(trade|quote)Bin/, '')] ?? 0;
  const rows = (nowMs: number): string[] => {
    const endMs = nowMs - (nowMs % binMs);
    if (table.startsWith('quote')) return markets.map((market) => quoteRow(market, endMs * 1_000));
    return markets.flatMap((market) => {
      const candle = market.candles.grouped(binMs, endMs - binMs, endMs - 1).at(-1);
      return candle === undefined ? [] : [bucketRow(market, candle, binMs, bitcoinPrice())];
    });
  };
  const source = every(binMs, (nowMs) => {
    const closed = rows(nowMs);
    return closed.length === 0 ? [] : [insert(closed)];
  });
  // A quote of the past is not known any more: that table's partial is empty.
  return { ...source, greeting: (nowUs) => [partial(table.startsWith('quote') ? [] : rows(Math.floor(nowUs / 1_000)))] };
}
