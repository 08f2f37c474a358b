/**
 * Texts of the three Binance venues' public messages, key by key as the recordings of 2024 show them. Written by hand because clients match these bytes;
 * `test/venue-sim/frames.test.ts` compares each with a recorded one.
 */
import type { Candle } from '../../market/candles.js';
import { intervalEnd } from '../../market/intervals.js';
import type { LiquidationEvent } from '../../exchange/contract.js';
import { productText } from '../../market/decimal-text.js';
import type { DiffBatch, LevelChange } from '../../market/depth.js';
import type { AggregateTrade, Market, MarketTrade } from '../../market/market.js';
import type { BinanceDialect } from './dialect.js';
import { pairOf } from './dialect.js';

export function levelsText(market: Market, levels: readonly LevelChange[]): string {
  let text = '[';
  for (const [ticks, lots] of levels) {
    if (text.length > 1) text += ',';
    text += `["${market.priceText(ticks)}","${market.qtyText(lots)}"]`;
  }
  return `${text}]`;
}

export function depthUpdate(dialect: BinanceDialect, market: Market, batch: DiffBatch, nowMs: number): string {
  const symbol = market.spec.symbol;
  if (dialect.family === 'spot') {
    const levels = `"b":${levelsText(market, batch.bids)},"a":${levelsText(market, batch.asks)}`;
    return `{"e":"depthUpdate","E":${nowMs},"s":"${symbol}","U":${batch.first},"u":${batch.last},${levels}}`;
  }
  // Futures list both sides from the lowest price up; spot lists bids from the highest down.
  const bids = levelsText(market, batch.bids.toReversed());
  const pair = dialect.family === 'coinm' ? `"ps":"${pairOf(market)}",` : '';
  const ids = `"U":${batch.first},"u":${batch.last},"pu":${batch.previous}`;
  return `{"e":"depthUpdate","E":${nowMs},"T":${nowMs},"s":"${symbol}",${pair}${ids},"b":${bids},"a":${levelsText(market, batch.asks)}}`;
}

export function bookTicker(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const { engine, spec } = market;
  const bid = engine.bids.best();
  const ask = engine.asks.best();
  const best =
    `"b":"${market.priceText(bid?.ticks ?? 0)}","B":"${market.qtyText(bid?.lots ?? 0)}",` +
    `"a":"${market.priceText(ask?.ticks ?? 0)}","A":"${market.qtyText(ask?.lots ?? 0)}"`;
  if (dialect.family === 'spot') return `{"u":${engine.sequence},"s":"${spec.symbol}",${best}}`;
  if (dialect.family === 'usdm') return `{"e":"bookTicker","u":${engine.sequence},"s":"${spec.symbol}",${best},"T":${nowMs},"E":${nowMs}}`;
  return `{"u":${engine.sequence},"e":"bookTicker","s":"${spec.symbol}","ps":"${pairOf(market)}",${best},"T":${nowMs},"E":${nowMs}}`;
}

export function tradeMessage(dialect: BinanceDialect, market: Market, trade: MarketTrade): string {
  const timeMs = Math.floor(trade.timeUs / 1_000);
  const terms = `"t":${trade.id},"p":"${market.priceText(trade.ticks)}","q":"${market.qtyText(trade.lots)}"`;
  const isMaker = trade.takerSide === 'sell';
  if (dialect.family === 'spot')
    return `{"e":"trade","E":${timeMs},"s":"${market.spec.symbol}",${terms},"T":${timeMs},"m":${isMaker},"M":true}`;
  return `{"e":"trade","E":${timeMs},"T":${timeMs},"s":"${market.spec.symbol}",${terms},"X":"MARKET","m":${isMaker}}`;
}

/** Spot names the symbol before the id, futures after it. */
export function aggTradeMessage(dialect: BinanceDialect, market: Market, trade: AggregateTrade): string {
  const timeMs = Math.floor(trade.timeUs / 1_000);
  const isSpot = dialect.family === 'spot';
  const names = isSpot ? `"s":"${market.spec.symbol}","a":${trade.id}` : `"a":${trade.id},"s":"${market.spec.symbol}"`;
  return (
    `{"e":"aggTrade","E":${timeMs},${names},"p":"${market.priceText(trade.ticks)}","q":"${market.qtyText(trade.lots)}",` +
    `"f":${trade.firstTradeId},"l":${trade.lastTradeId},"T":${timeMs},"m":${trade.takerSide === 'sell'}${isSpot ? ',"M":true' : ''}}`
  );
}

export function klineMessage(
  market: Market,
  candle: Candle,
  interval: string,
  intervalMs: number,
  isClosed: boolean,
  nowMs: number,
  offsetMs = 0,
): string {
  const symbol = market.spec.symbol;
  const head = `{"e":"kline","E":${nowMs},"s":"${symbol}","k":`;
  return `${head}${klineText(market, candle, interval, intervalEnd(candle.startMs, intervalMs, offsetMs), isClosed, `"s":"${symbol}",`)}}`;
}

/** Named by pair and contract type instead of by symbol. */
export function continuousKlineMessage(
  market: Market,
  candle: Candle,
  interval: string,
  intervalMs: number,
  isClosed: boolean,
  nowMs: number,
): string {
  const head = `{"e":"continuous_kline","E":${nowMs},"ps":"${pairOf(market)}","ct":"PERPETUAL","k":`;
  return `${head}${klineText(market, candle, interval, intervalEnd(candle.startMs, intervalMs), isClosed, '')}}`;
}

function klineText(market: Market, candle: Candle, interval: string, endMs: number, isClosed: boolean, symbol: string): string {
  const p = (ticks: number): string => market.priceText(ticks);
  return (
    `{"t":${candle.startMs},"T":${endMs},${symbol}"i":"${interval}",` +
    `"f":${candle.firstTradeId},"L":${candle.lastTradeId},"o":"${p(candle.open)}","c":"${p(candle.close)}","h":"${p(candle.high)}","l":"${p(candle.low)}",` +
    `"v":"${market.qtyText(candle.lots)}","n":${candle.trades},"x":${isClosed},"q":"${otherVolume(market, candle.lots, candle.tickLots)}",` +
    `"V":"${market.qtyText(candle.buyLots)}","Q":"${otherVolume(market, candle.buyLots, candle.buyTickLots)}","B":"0"}`
  );
}

/** Quote volume; on coin-margined contracts the volume in the coin. */
export function otherVolume(market: Market, lots: number, tickLots: number): string {
  const { spec } = market;
  if (spec.kind !== 'inverse') return quoteText(market, tickLots);
  const price = lots === 0 ? 0 : (tickLots / lots) * market.tickSize;
  return (price === 0 ? 0 : (lots * market.lotSize * spec.contractValue) / price).toFixed(8);
}

/** A sum of ticks times lots in quote units: spot keeps 8 decimals, USD-M as many as price and quantity have together. */
export function quoteText(market: Market, tickLots: number): string {
  const { spec } = market;
  if (spec.priceDecimals + spec.qtyDecimals > 12) return productText(tickLots, (spec.tickUnits * spec.lotUnits) / 1e8, 8);
  return productText(tickLots, spec.tickUnits * spec.lotUnits, spec.priceDecimals + spec.qtyDecimals);
}

export function markPriceMessage(dialect: BinanceDialect, market: Market, nowMs: number): string {
  const mark = market.markPrice.toFixed(8);
  const index = market.indexPrice.toFixed(8);
  const prices = dialect.family === 'usdm' ? `"p":"${mark}","i":"${index}","P":"${index}"` : `"p":"${mark}","P":"${index}","i":"${index}"`;
  const funding = `"r":"${market.fundingRate.toFixed(8)}","T":${market.nextFundingMs(nowMs)}`;
  return `{"e":"markPriceUpdate","E":${nowMs},"s":"${market.spec.symbol}",${prices},${funding}}`;
}

/** A position that the venue closed by force. */
export function forceOrderMessage({ market, order, timeUs }: LiquidationEvent, nowMs: number): string {
  const average = order.filledLots === 0 ? 0 : Math.round(Number(order.filledTickLots) / order.filledLots);
  const state = order.state === 'filled' ? 'FILLED' : order.filledLots > 0 ? 'PARTIALLY_FILLED' : 'NEW';
  const price = market.priceText(order.ticks ?? average);
  return (
    `{"e":"forceOrder","E":${nowMs},"o":{"s":"${market.spec.symbol}","S":"${order.side === 'buy' ? 'BUY' : 'SELL'}","o":"LIMIT","f":"IOC",` +
    `"q":"${market.qtyText(order.lots)}","p":"${price}","ap":"${market.priceText(average)}","X":"${state}",` +
    `"l":"${market.qtyText(order.filledLots)}","z":"${market.qtyText(order.filledLots)}","T":${Math.floor(timeUs / 1_000)}}}`
  );
}
