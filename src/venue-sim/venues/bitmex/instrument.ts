/** BitMEX's instrument table: terms as recorded on 2021-07-22 (fees from the later metadata), and the fields that live. Shared by REST and streams. */
import { trimmedText } from '../../market/decimal-text.js';
import type { Market } from '../../market/market.js';
import { timeText, valueOf } from './public-tables.js';

interface Terms {
  readonly rootSymbol: string;
  readonly underlying: string;
  readonly listing: string;
  readonly referenceSymbol: string;
  readonly multiplier: number;
  readonly underlyingToPositionMultiplier: number | null;
  readonly underlyingToSettleMultiplier: number | null;
  readonly quoteToSettleMultiplier: number | null;
  readonly riskLimit: number;
}

const TERMS: Readonly<Record<string, Terms>> = {
  XBTUSD: {
    rootSymbol: 'XBT',
    underlying: 'XBT',
    listing: '2016-05-13T12:00:00.000Z',
    referenceSymbol: '.BXBT',
    multiplier: -100_000_000,
    underlyingToPositionMultiplier: null,
    underlyingToSettleMultiplier: -100_000_000,
    quoteToSettleMultiplier: null,
    riskLimit: 20_000_000_000,
  },
  XBTUSDT: {
    rootSymbol: 'XBT',
    underlying: 'XBT',
    listing: '2021-11-10T04:00:00.000Z',
    referenceSymbol: '.BXBTT',
    multiplier: 1,
    underlyingToPositionMultiplier: 1_000_000,
    underlyingToSettleMultiplier: null,
    quoteToSettleMultiplier: 1_000_000,
    riskLimit: 15_000_000_000_000,
  },
  ETHUSD: {
    rootSymbol: 'ETH',
    underlying: 'ETH',
    listing: '2018-08-01T12:00:00.000Z',
    referenceSymbol: '.BETH',
    multiplier: 100,
    underlyingToPositionMultiplier: null,
    underlyingToSettleMultiplier: null,
    quoteToSettleMultiplier: 3_108,
    riskLimit: 7_500_000_000,
  },
};

export type LiveFields = Readonly<Record<string, string | number | boolean>>;

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** Fields that change while the market lives: the stream sends those that did. */
export function liveFields(market: Market, bitcoinPrice: number, nowUs: number): LiveFields {
  const nowMs = Math.floor(nowUs / 1_000);
  const price = (ticks: number): number => Number(market.trimmedPrice(ticks));
  const day = market.candles.day(nowMs);
  const last = price(market.lastTicks);
  const open = price(day?.open ?? market.lastTicks);
  const bid = price(market.engine.bids.best()?.ticks ?? 0);
  const ask = price(market.engine.asks.best()?.ticks ?? 0);
  const volume = (day?.lots ?? 0) * market.spec.lotUnits;
  const average = day === undefined || day.lots === 0 ? last : (day.tickLots / day.lots) * market.tickSize;
  const value = valueOf(market, volume, average, bitcoinPrice);
  const openInterest = market.openInterestLots * market.spec.lotUnits;
  const mark = rounded(market.markPrice, 2);
  return {
    fundingTimestamp: timeText(market.nextFundingMs(nowMs) * 1_000),
    fundingRate: rounded(market.fundingRate, 6),
    indicativeFundingRate: rounded(market.fundingRate, 6),
    totalVolume: volume,
    volume,
    volume24h: volume,
    totalTurnover: value.gross,
    turnover: value.gross,
    turnover24h: value.gross,
    homeNotional24h: value.home,
    foreignNotional24h: value.foreign,
    prevPrice24h: open,
    vwap: rounded(average, 4),
    highPrice: price(day?.high ?? market.lastTicks),
    lowPrice: price(day?.low ?? market.lastTicks),
    lastPrice: last,
    lastPriceProtected: last,
    lastTickDirection: market.lastTrade?.tickDirection ?? 'ZeroPlusTick',
    lastChangePcnt: rounded(last / open - 1, 4),
    bidPrice: bid,
    midPrice: (bid + ask) / 2,
    askPrice: ask,
    impactBidPrice: bid,
    impactMidPrice: (bid + ask) / 2,
    impactAskPrice: ask,
    hasLiquidity: true,
    openInterest,
    openValue: valueOf(market, openInterest, mark, bitcoinPrice).gross,
    fairBasisRate: rounded(market.fundingRate * 3 * 365, 4),
    fairBasis: rounded(market.markPrice - market.indexPrice, 2),
    fairPrice: mark,
    markPrice: mark,
    indicativeSettlePrice: rounded(market.indexPrice, 2),
    timestamp: timeText(nowUs),
  };
}

/** The whole row, keys in the recorded order. */
export function instrumentRow(market: Market, bitcoinPrice: number, nowUs: number): Readonly<Record<string, unknown>> {
  const { spec } = market;
  const terms = TERMS[spec.symbol];
  const live = liveFields(market, bitcoinPrice, nowUs);
  const hourUs = 3_600_000_000;
  const openUs = nowUs - (nowUs % hourUs);
  const nothing = null;
  return {
    symbol: spec.symbol,
    rootSymbol: terms?.rootSymbol ?? spec.base,
    state: 'Open',
    typ: 'FFWCSX',
    listing: terms?.listing ?? nothing,
    front: terms?.listing ?? nothing,
    expiry: nothing,
    settle: nothing,
    listedSettle: nothing,
    relistInterval: nothing,
    inverseLeg: '',
    sellLeg: '',
    buyLeg: '',
    optionStrikePcnt: nothing,
    optionStrikeRound: nothing,
    optionStrikePrice: nothing,
    optionMultiplier: nothing,
    positionCurrency: spec.kind === 'inverse' ? 'USD' : spec.kind === 'linear' ? 'XBT' : '',
    underlying: terms?.underlying ?? spec.base,
    quoteCurrency: spec.quote,
    underlyingSymbol: `${spec.base}${spec.kind === 'linear' ? 'T' : ''}=`,
    reference: 'BMEX',
    referenceSymbol: terms?.referenceSymbol ?? '',
    calcInterval: nothing,
    publishInterval: nothing,
    publishTime: nothing,
    maxOrderQty: spec.kind === 'linear' ? 1_000_000_000 : 10_000_000,
    maxPrice: 1_000_000,
    lotSize: spec.lotUnits,
    tickSize: Number(trimmedText(spec.tickUnits, spec.priceDecimals)),
    multiplier: terms?.multiplier ?? 1,
    settlCurrency: spec.settle,
    underlyingToPositionMultiplier: terms?.underlyingToPositionMultiplier ?? nothing,
    underlyingToSettleMultiplier: terms?.underlyingToSettleMultiplier ?? nothing,
    quoteToSettleMultiplier: terms?.quoteToSettleMultiplier ?? nothing,
    isQuanto: spec.kind === 'quanto',
    isInverse: spec.kind === 'inverse',
    initMargin: 0.01,
    maintMargin: 0.005,
    riskLimit: terms?.riskLimit ?? 0,
    riskStep: terms?.riskLimit ?? 0,
    limit: nothing,
    capped: false,
    taxed: true,
    deleverage: true,
    makerFee: Number(spec.makerFee),
    takerFee: Number(spec.takerFee),
    settlementFee: 0,
    insuranceFee: 0,
    fundingBaseSymbol: `.${spec.base}BON8H`,
    fundingQuoteSymbol: '.USDBON8H',
    fundingPremiumSymbol: `.${spec.symbol}PI8H`,
    fundingTimestamp: live['fundingTimestamp'],
    fundingInterval: '2000-01-01T08:00:00.000Z',
    fundingRate: live['fundingRate'],
    indicativeFundingRate: live['indicativeFundingRate'],
    rebalanceTimestamp: nothing,
    rebalanceInterval: nothing,
    openingTimestamp: timeText(openUs),
    closingTimestamp: timeText(openUs + hourUs),
    sessionInterval: '2000-01-01T01:00:00.000Z',
    prevClosePrice: live['prevPrice24h'],
    limitDownPrice: nothing,
    limitUpPrice: nothing,
    bankruptLimitDownPrice: nothing,
    bankruptLimitUpPrice: nothing,
    prevTotalVolume: 0,
    ...live,
    fairMethod: 'FundingRate',
    markMethod: 'FairPrice',
    indicativeTaxRate: 0,
    optionUnderlyingPrice: nothing,
    settledPriceAdjustmentRate: nothing,
    settledPrice: nothing,
    timestamp: live['timestamp'],
  };
}
