/**
 * Bybit v5's market data that has no content on this exchange, in the venue's shape: options, deliveries, the insurance pool, account ratios, auto-deleveraging.
 * The order book with retail price improvement is the plain one: such orders wait in it like all others. Documents of 2026-11. Called by `BybitRest`.
 */
import { topOf, type LevelChange } from '../../market/depth.js';
import type { Market } from '../../market/market.js';
import { priceText, qtyText } from './public-messages.js';

/** Answers to paths below `/v5/` that need no market; undefined when the path is none of them. `result` as JSON text. */
export function emptyAnswer(path: string, params: ReadonlyMap<string, string>, nowMs: number): string | undefined {
  const category = params.get('category') ?? '';
  switch (path) {
    case 'market/insurance':
      return `{"updatedTime":"${nowMs}","list":[]}`;
    case 'market/adlAlert':
      return `{"updatedTime":"${nowMs}","list":[]}`;
    case 'market/historical-volatility':
      return '[]';
    case 'market/delivery-price':
      return JSON.stringify({ category, nextPageCursor: '', list: [] });
    case 'market/new-delivery-price':
      return JSON.stringify({ category, list: [] });
    case 'market/account-ratio':
      return '{"list":[],"nextPageCursor":""}';
    case 'market/fee-group-info':
      return '{"list":[]}';
    case 'spot-margin-trade/data':
    case 'spot-margin-trade/collateral':
      return '{"vipCoinList":[]}';
    default:
      return undefined;
  }
}

/** The venue has options, this exchange no market of them. */
export function optionAnswer(path: string): string | undefined {
  if (path === 'market/instruments-info') return '{"category":"option","list":[],"nextPageCursor":""}';
  if (path === 'market/tickers' || path === 'market/recent-trade') return '{"category":"option","list":[]}';
  return undefined;
}

/** The index is the latent price that the flow follows: no exchange's price makes it. Undefined: no such index. */
export function indexComponents(markets: readonly Market[], name: string, nowMs: number): string | undefined {
  const market = markets.find(({ spec }) => spec.kind !== 'spot' && spec.symbol === name);
  if (market === undefined) return undefined;
  const lastPrice = market.indexPrice.toFixed(market.spec.priceDecimals);
  return JSON.stringify({ indexName: name, lastPrice, updateTime: String(nowMs), components: [] });
}

/** Each level: price, quantity, and that of price-improving orders, which is none of its own. */
export function rpiOrderbook(market: Market, limit: number, nowMs: number): string {
  const { engine, spec } = market;
  const side = (levels: readonly LevelChange[]): string[][] =>
    levels.map(([ticks, lots]) => [priceText(market, ticks), qtyText(market, lots), '0']);
  return JSON.stringify({
    s: spec.symbol,
    b: side(topOf(engine.bids, limit)),
    a: side(topOf(engine.asks, limit)),
    ts: nowMs,
    u: engine.sequence - spec.firstSequence + 1,
    seq: engine.sequence,
    cts: nowMs,
  });
}
