/**
 * Texts of Bybit's public messages, key by key as in the recording of 2026-08-09: the spot endpoint orders its keys differently and prints numbers without
 * zeros at the end. Compared with recorded frames by `test/venue-sim/frames.test.ts`.
 */
import type { Candle } from '../../market/candles.js';
import { intervalEnd } from '../../market/intervals.js';
import { fixedText, trimmedText } from '../../market/decimal-text.js';
import type { LevelChange } from '../../market/depth.js';
import type { Market, MarketTrade } from '../../market/market.js';

export type BybitCategory = 'linear' | 'inverse' | 'spot';
export const BYBIT_CATEGORIES: readonly BybitCategory[] = ['linear', 'inverse', 'spot'];

/** Fields of a ticker, in the order of the venue's snapshot. */
export type TickerFields = readonly (readonly [name: string, value: string])[];

export function priceText(market: Market, ticks: number): string {
  return market.spec.kind === 'spot' ? market.trimmedPrice(ticks) : market.priceText(ticks);
}

/** A level that is gone is `0` on every endpoint. */
export function qtyText(market: Market, lots: number): string {
  if (lots === 0) return '0';
  return market.spec.kind === 'spot' ? market.trimmedQty(lots) : market.qtyText(lots);
}

/** With `improved`, each level also names the quantity of price-improving orders: there is none apart from the others. */
export function levelsText(market: Market, levels: readonly LevelChange[], improved = false): string {
  const tail = improved ? ',"0"]' : ']';
  let text = '[';
  for (const [ticks, lots] of levels) {
    if (text.length > 1) text += ',';
    text += `["${priceText(market, ticks)}","${qtyText(market, lots)}"${tail}`;
  }
  return `${text}]`;
}

export interface BookMessage {
  readonly topic: string;
  readonly type: 'snapshot' | 'delta';
  readonly bids: readonly LevelChange[];
  readonly asks: readonly LevelChange[];
  readonly update: number;
  readonly sequence: number;
  readonly nowMs: number;
  readonly improved?: boolean;
}

export function orderbookMessage(market: Market, message: BookMessage): string {
  const { topic, type, nowMs } = message;
  const head =
    market.spec.kind === 'spot'
      ? `{"topic":"${topic}","ts":${nowMs},"type":"${type}"`
      : `{"topic":"${topic}","type":"${type}","ts":${nowMs}`;
  const improved = message.improved ?? false;
  const sides = `"b":${levelsText(market, message.bids, improved)},"a":${levelsText(market, message.asks, improved)}`;
  return `${head},"data":{"s":"${market.spec.symbol}",${sides},"u":${message.update},"seq":${message.sequence}},"cts":${nowMs}}`;
}

export function publicTradeMessage(market: Market, topic: string, trades: readonly MarketTrade[], nowMs: number): string {
  const { symbol, kind } = market.spec;
  const rows = trades.map((trade) => {
    const timeMs = Math.floor(trade.timeUs / 1_000);
    const side = trade.takerSide === 'buy' ? 'Buy' : 'Sell';
    const price = priceText(market, trade.ticks);
    const qty = qtyText(market, trade.lots);
    if (kind === 'spot')
      return `{"i":"${spotTradeId(trade)}","T":${timeMs},"p":"${price}","v":"${qty}","S":"${side}","seq":${trade.sequence},"s":"${symbol}","BT":false,"RPI":false}`;
    return `{"T":${timeMs},"s":"${symbol}","S":"${side}","v":"${qty}","p":"${price}","L":"${trade.tickDirection}","i":"${trade.uuid}","BT":false,"RPI":false,"seq":${trade.sequence}}`;
  });
  const head =
    kind === 'spot' ? `{"topic":"${topic}","ts":${nowMs},"type":"snapshot"` : `{"topic":"${topic}","type":"snapshot","ts":${nowMs}`;
  return `${head},"data":[${rows.join(',')}]}`;
}

/** Spot trade ids have 19 digits, more than a double holds. */
export function spotTradeId(trade: { readonly id: number }): string {
  return `22900000${String(trade.id).padStart(11, '0')}`;
}

export function klineText(
  market: Market,
  topic: string,
  candle: Candle,
  interval: string,
  intervalMs: number,
  isClosed: boolean,
  nowMs: number,
): string {
  const p = (ticks: number): string => market.trimmedPrice(ticks);
  const data =
    `[{"start":${candle.startMs},"end":${intervalEnd(candle.startMs, intervalMs)},"interval":"${interval}","open":"${p(candle.open)}","close":"${p(candle.close)}",` +
    `"high":"${p(candle.high)}","low":"${p(candle.low)}","volume":"${market.trimmedQty(candle.lots)}","turnover":"${turnoverText(market, candle.lots, candle.tickLots)}",` +
    `"confirm":${isClosed},"timestamp":${nowMs}}]`;
  if (market.spec.kind === 'spot') return `{"type":"snapshot","topic":"${topic}","data":${data},"ts":${nowMs}}`;
  return `{"topic":"${topic}","data":${data},"ts":${nowMs},"type":"snapshot"}`;
}

/** Quote volume of linear and spot, coin volume of inverse contracts. */
export function turnoverText(market: Market, lots: number, tickLots: number): string {
  const { spec } = market;
  if (spec.kind === 'inverse') {
    const price = lots === 0 ? 0 : (tickLots / lots) * market.tickSize;
    return String(price === 0 ? 0 : Number(((lots * market.lotSize) / price).toFixed(8)));
  }
  const units = tickLots * spec.tickUnits * spec.lotUnits;
  const decimals = spec.priceDecimals + spec.qtyDecimals;
  return Number.isSafeInteger(units) ? trimmedText(units, decimals) : (tickLots * market.tickSize * market.lotSize).toFixed(4);
}

/** All fields of a market's ticker now: the stream sends those that changed, REST sends them all. */
export function tickerFields(market: Market, nowMs: number): TickerFields {
  const { spec } = market;
  const day = market.candles.day(nowMs);
  const last = market.lastTicks;
  const open = day?.open ?? last;
  const volume = spec.kind === 'spot' ? market.trimmedQty(day?.lots ?? 0) : fixedText((day?.lots ?? 0) * spec.lotUnits, spec.qtyDecimals);
  const turnover = turnoverText(market, day?.lots ?? 0, day?.tickLots ?? 0);
  const change = ((last - open) / open).toFixed(spec.kind === 'spot' ? 4 : 6);
  const high = priceText(market, day?.high ?? last);
  const low = priceText(market, day?.low ?? last);
  if (spec.kind === 'spot') {
    return [
      ['symbol', spec.symbol],
      ['lastPrice', priceText(market, last)],
      ['highPrice24h', high],
      ['lowPrice24h', low],
      ['prevPrice24h', priceText(market, open)],
      ['volume24h', volume],
      ['turnover24h', turnover],
      ['price24hPcnt', change],
      ['usdIndexPrice', market.indexPrice.toFixed(6)],
    ];
  }
  const hour = market.candles.steps(nowMs - 3_600_000, nowMs)[0]?.open ?? last;
  const openInterest = market.openInterestLots;
  const interestValue = (
    spec.kind === 'inverse' ? (openInterest * market.lotSize) / market.markPrice : openInterest * market.lotSize * market.markPrice
  ).toFixed(2);
  const bid = market.engine.bids.best();
  const ask = market.engine.asks.best();
  return [
    ['symbol', spec.symbol],
    ['tickDirection', market.lastTrade?.tickDirection ?? 'ZeroPlusTick'],
    ['price24hPcnt', change],
    ['lastPrice', priceText(market, last)],
    ['prevPrice24h', priceText(market, open)],
    ['highPrice24h', high],
    ['lowPrice24h', low],
    ['prevPrice1h', priceText(market, hour)],
    ['markPrice', market.markPrice.toFixed(spec.priceDecimals)],
    ['indexPrice', market.indexPrice.toFixed(spec.priceDecimals)],
    ['openInterest', fixedText(openInterest * spec.lotUnits, spec.qtyDecimals)],
    ['openInterestValue', interestValue],
    ['turnover24h', turnover],
    ['volume24h', volume],
    ['fundingIntervalHour', '8'],
    ['fundingCap', '0.005'],
    // One side of the open interest; inverse contracts do not state it.
    ...(spec.kind === 'linear' ? singleInterest(market) : []),
    ['nextFundingTime', String(market.nextFundingMs(nowMs))],
    ['fundingRate', String(Number(market.fundingRate.toFixed(8)))],
    ['bid1Price', priceText(market, bid?.ticks ?? 0)],
    ['bid1Size', qtyText(market, bid?.lots ?? 0)],
    ['ask1Price', priceText(market, ask?.ticks ?? 0)],
    ['ask1Size', qtyText(market, ask?.lots ?? 0)],
    ['preOpenPrice', ''],
    ['preQty', ''],
    ['curPreListingPhase', ''],
  ];
}

function singleInterest(market: Market): TickerFields {
  const lots = Math.floor(market.openInterestLots / 2);
  return [
    ['singleOpenInterest', fixedText(lots * market.spec.lotUnits, market.spec.qtyDecimals)],
    ['singleOpenInterestValue', (lots * market.lotSize * market.markPrice).toFixed(2)],
  ];
}

export function tickerMessage(market: Market, topic: string, type: 'snapshot' | 'delta', fields: TickerFields, nowMs: number): string {
  const data = `{${fields.map(([name, value]) => `"${name}":"${value}"`).join(',')}}`;
  const sequence = market.engine.sequence;
  if (market.spec.kind === 'spot') return `{"topic":"${topic}","ts":${nowMs},"type":"${type}","cs":${sequence},"data":${data}}`;
  return `{"topic":"${topic}","type":"${type}","data":${data},"cs":${sequence},"ts":${nowMs}}`;
}
