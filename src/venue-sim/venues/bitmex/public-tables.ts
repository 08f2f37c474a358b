/**
 * BitMEX's tables as rows of JSON text, key by key as in the recording of 2021-07-22: order book rows are known by an id made of the price, prices are
 * numbers without zeros at the end. Shared by REST and streams; compared with recorded frames by `test/venue-sim/frames.test.ts`.
 */
import type { Side } from '../../engine/book-side.js';
import type { Market, MarketTrade } from '../../market/market.js';

/** Satoshi in a bitcoin: values settled in XBt are counted in them. */
const XBT = 100_000_000;
/** Contracts of the linear market per bitcoin. */
const CONTRACTS_PER_XBT = 1_000_000;

/** Number of the instrument in level ids, and the price step that ids count in (both as recorded for XBTUSD and ETHUSD). */
const LEVEL_IDS: Readonly<Record<string, { readonly base: number; readonly idUnits: number }>> = {
  XBTUSD: { base: 8_800_000_000, idUnits: 1 },
  XBTUSDT: { base: 63_600_000_000, idUnits: 50 },
  ETHUSD: { base: 18_000_000_000, idUnits: 5 },
};

export function levelId(market: Market, ticks: number): number {
  const ids = LEVEL_IDS[market.spec.symbol] ?? { base: 90_000_000_000, idUnits: market.spec.tickUnits };
  return ids.base - Math.round((ticks * market.spec.tickUnits) / ids.idUnits);
}

export function levelRow(
  market: Market,
  side: Side,
  ticks: number,
  lots: number,
  has: { readonly size: boolean; readonly price: boolean },
): string {
  const size = has.size ? `,"size":${market.qtyText(lots)}` : '';
  const price = has.price ? `,"price":${market.trimmedPrice(ticks)}` : '';
  return `{"symbol":"${market.spec.symbol}","id":${levelId(market, ticks)},"side":"${side === 'buy' ? 'Buy' : 'Sell'}"${size}${price}}`;
}

export function timeText(timeUs: number): string {
  return new Date(Math.floor(timeUs / 1_000)).toISOString();
}

export function tradeRow(market: Market, trade: MarketTrade, bitcoinPrice: number): string {
  const price = trade.ticks * market.tickSize;
  const size = trade.lots * market.spec.lotUnits;
  const value = valueOf(market, size, price, bitcoinPrice);
  return (
    `{"timestamp":"${timeText(trade.timeUs)}","symbol":"${market.spec.symbol}","side":"${trade.takerSide === 'buy' ? 'Buy' : 'Sell'}","size":${size},` +
    `"price":${market.trimmedPrice(trade.ticks)},"tickDirection":"${trade.tickDirection}","trdMatchID":"${trade.uuid}","grossValue":${value.gross},` +
    `"homeNotional":${value.home},"foreignNotional":${value.foreign}}`
  );
}

/** Value in the settlement currency's smallest unit, in the underlying and in the quote currency. Inverse contracts round per contract. */
export function valueOf(
  market: Market,
  size: number,
  price: number,
  bitcoinPrice: number,
): { gross: number; home: number; foreign: number } {
  if (market.spec.kind === 'inverse') {
    const gross = size * Math.round(XBT / price);
    return { gross, home: Number((gross / XBT).toFixed(8)), foreign: size };
  }
  if (market.spec.kind === 'linear') {
    const home = size / CONTRACTS_PER_XBT;
    return { gross: Math.round(size * price), home, foreign: Number((home * price).toFixed(6)) };
  }
  const gross = Math.round(size * price * 100);
  const foreign = (gross / XBT) * bitcoinPrice;
  return { gross, home: foreign / price, foreign };
}

export function quoteRow(market: Market, timeUs: number): string {
  const bid = market.engine.bids.best();
  const ask = market.engine.asks.best();
  return (
    `{"timestamp":"${timeText(timeUs)}","symbol":"${market.spec.symbol}","bidSize":${market.qtyText(bid?.lots ?? 0)},"bidPrice":${market.trimmedPrice(bid?.ticks ?? 0)},` +
    `"askPrice":${market.trimmedPrice(ask?.ticks ?? 0)},"askSize":${market.qtyText(ask?.lots ?? 0)}}`
  );
}

/** The rate of the period that ends at `timeMs`: the one in force when none is given. */
export function fundingRow(market: Market, timeMs: number, rate = Number(market.fundingRate.toFixed(6))): string {
  return (
    `{"timestamp":"${timeText(timeMs * 1_000)}","symbol":"${market.spec.symbol}","fundingInterval":"2000-01-01T08:00:00.000Z","fundingRate":${rate},` +
    `"fundingRateDaily":${Number((rate * 3).toFixed(6))}}`
  );
}

/** What partials say about a table: its keys and types. */
export const TABLE_HEADS: Readonly<Record<string, string>> = {
  orderBookL2:
    '"keys":["symbol","id","side"],"types":{"symbol":"symbol","id":"long","side":"symbol","size":"long","price":"float"},' +
    '"foreignKeys":{"symbol":"instrument","side":"side"},"attributes":{"symbol":"parted","id":"sorted"}',
  orderBookL2_25:
    '"keys":["symbol","id","side"],"types":{"symbol":"symbol","id":"long","side":"symbol","size":"long","price":"float"},' +
    '"foreignKeys":{"symbol":"instrument","side":"side"},"attributes":{"symbol":"parted","id":"sorted"}',
  orderBook10:
    '"keys":["symbol"],"types":{"symbol":"symbol","bids":"","asks":"","timestamp":"timestamp"},"foreignKeys":{"symbol":"instrument"},"attributes":{"symbol":"sorted"}',
  trade:
    '"keys":[],"types":{"timestamp":"timestamp","symbol":"symbol","side":"symbol","size":"long","price":"float","tickDirection":"symbol","trdMatchID":"guid",' +
    '"grossValue":"long","homeNotional":"float","foreignNotional":"float"},"foreignKeys":{"symbol":"instrument","side":"side"},' +
    '"attributes":{"timestamp":"sorted","symbol":"grouped"}',
  quote:
    '"keys":[],"types":{"timestamp":"timestamp","symbol":"symbol","bidSize":"long","bidPrice":"float","askPrice":"float","askSize":"long"},' +
    '"foreignKeys":{"symbol":"instrument"},"attributes":{"timestamp":"sorted","symbol":"grouped"}',
  funding:
    '"keys":["timestamp","symbol"],"types":{"timestamp":"timestamp","symbol":"symbol","fundingInterval":"timespan","fundingRate":"float","fundingRateDaily":"float"},' +
    '"foreignKeys":{"symbol":"instrument"},"attributes":{"timestamp":"sorted","symbol":"grouped"}',
};
