/**
 * Bybit's instruments with their filters, as `market/instruments-info` lists them for everybody and `account/instruments-info` for an account: the same ones.
 * Called by `BybitRest` and `BybitPrivateRest`.
 */
import type { Exchange, MarketTerms } from '../../exchange/contract.js';
import { fixedText } from '../../market/decimal-text.js';
import type { Market } from '../../market/market.js';
import { unitsText } from '../decimal-units.js';
import { CONTRACT_FACTS, SPOT_FACTS } from './instrument-facts.js';
import { CONTRACT_PRICE_LIMIT, SPOT_PRICE_LIMIT } from './order-request.js';
import type { BybitCategory } from './public-messages.js';
import { BAD_SYMBOL } from './refusals.js';

const STATUS = 'Trading';

export interface InstrumentsAsk {
  readonly params: ReadonlyMap<string, string>;
  readonly category: BybitCategory;
  /** Those of the category. */
  readonly markets: readonly Market[];
  readonly exchange: Exchange;
}

/** Pages of `limit` instruments; the cursor names the first one of the next page. */
export function instruments(ask: InstrumentsAsk): string | { readonly code: number; readonly message: string } {
  const { params, category } = ask;
  const symbol = params.get('symbol');
  const base = params.get('baseCoin');
  let markets = ask.markets.filter(
    (market) => (symbol === undefined || market.spec.symbol === symbol) && (base === undefined || market.spec.base === base),
  );
  if (symbol !== undefined && markets.length === 0) return BAD_SYMBOL;
  // All of them are traded: nothing is listed in another state.
  if ((params.get('status') ?? STATUS) !== STATUS) markets = [];
  if (category === 'spot')
    return `{"category":"spot","list":${JSON.stringify(markets.map((market) => spotInstrument(market, ask.exchange.terms(market))))}}`;
  const limit = pageLimit(params, 500, 1_000);
  const cursor = decodeURIComponent(params.get('cursor') ?? '');
  const from = cursor === '' ? 0 : markets.findIndex((market) => `first=${market.spec.symbol}` === cursor);
  if (from === -1) return { code: 10_001, message: 'params error: cursor invalid' };
  const next = markets[from + limit];
  markets = markets.slice(from, from + limit);
  const nextPageCursor = next === undefined ? '' : encodeURIComponent(`first=${next.spec.symbol}`);
  return `{"category":"${category}","list":${JSON.stringify(markets.map((market) => contractInstrument(market, ask.exchange.terms(market))))},"nextPageCursor":"${nextPageCursor}"}`;
}

function contractInstrument(market: Market, terms: MarketTerms): object {
  const { spec } = market;
  const facts = CONTRACT_FACTS[`${spec.kind}:${spec.symbol}`];
  const lot = fixedText(spec.lotUnits, spec.qtyDecimals);
  const isLinear = spec.kind === 'linear';
  return {
    symbol: spec.symbol,
    contractType: isLinear ? 'LinearPerpetual' : 'InversePerpetual',
    status: STATUS,
    baseCoin: spec.base,
    quoteCoin: spec.quote,
    launchTime: facts?.launch ?? '0',
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: String(spec.priceDecimals),
    leverageFilter: { minLeverage: '1', maxLeverage: terms.maxLeverage.toFixed(2), leverageStep: '0.01' },
    priceFilter: {
      minPrice: facts?.minPrice ?? '',
      maxPrice: facts?.maxPrice ?? '',
      tickSize: fixedText(spec.tickUnits, spec.priceDecimals),
    },
    lotSizeFilter: {
      maxOrderQty: market.qtyText(terms.maxLots),
      minOrderQty: market.qtyText(terms.minLots),
      qtyStep: lot,
      postOnlyMaxOrderQty: market.qtyText(terms.maxLots),
      maxMktOrderQty: market.qtyText(terms.maxMarketLots),
      ...(isLinear ? { minNotionalValue: unitsText(terms.minNotional, terms.settle.decimals) } : {}),
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    settleCoin: spec.settle,
    copyTrading: isLinear ? 'both' : 'none',
    upperFundingRate: '0.005',
    lowerFundingRate: '-0.005',
    isPreListing: false,
    preListingInfo: null,
    riskParameters: { priceLimitRatioX: String(CONTRACT_PRICE_LIMIT / 2), priceLimitRatioY: String(CONTRACT_PRICE_LIMIT) },
    displayName: '',
    symbolType: '',
    forbidUplWithdrawal: false,
    symbolId: facts?.id ?? 0,
  };
}

function spotInstrument(market: Market, terms: MarketTerms): object {
  const { spec } = market;
  const facts = SPOT_FACTS[spec.symbol];
  const lot = fixedText(spec.lotUnits, spec.qtyDecimals);
  return {
    symbolId: facts?.id ?? 0,
    symbol: spec.symbol,
    baseCoin: spec.base,
    quoteCoin: spec.quote,
    innovation: '0',
    status: STATUS,
    marginTrading: 'utaOnly',
    stTag: '0',
    lotSizeFilter: {
      basePrecision: lot,
      quotePrecision: '0.0000001',
      minOrderQty: market.trimmedQty(terms.minLots),
      maxOrderQty: market.trimmedQty(terms.maxLots),
      minOrderAmt: unitsText(terms.minNotional, terms.settle.decimals),
      maxOrderAmt: facts?.maxAmount ?? '',
      maxLimitOrderQty: market.trimmedQty(terms.maxLots),
      maxMarketOrderQty: market.trimmedQty(terms.maxMarketLots),
      postOnlyMaxLimitOrderSize: facts?.postOnlyMax ?? '',
    },
    priceFilter: { tickSize: fixedText(spec.tickUnits, spec.priceDecimals) },
    riskParameters: { priceLimitRatioX: String(SPOT_PRICE_LIMIT / 2), priceLimitRatioY: String(SPOT_PRICE_LIMIT) },
    symbolType: '',
    xstockMultiplier: '1',
  };
}

/** Rows of a page: what was asked for within 1 and `most`. */
export function pageLimit(params: ReadonlyMap<string, string>, standard: number, most: number): number {
  const limit = Number(params.get('limit') ?? standard);
  return Number.isInteger(limit) && limit > 0 ? Math.min(most, limit) : standard;
}
