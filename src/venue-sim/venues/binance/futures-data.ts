/**
 * Binance's `/futures/data` paths: open interest, taker volumes and basis by period, as far as trades and prices of this exchange tell them. Long/short ratios
 * of accounts and deliveries are not kept: lists without an entry. Beside them, what no index and no deleveraging here has to tell. USD-M asks by symbol, COIN-M by pair. Documents of 2026-11. Called by `BinanceRest`.
 */
import type { HttpReply } from '../../../core/ports/http.js';
import { fixedText } from '../../market/decimal-text.js';
import { FUNDING_PERIOD_MS, type Market } from '../../market/market.js';
import { jsonReply } from '../protocol.js';
import { INVALID_SYMBOL, binanceError, limitOf, malformedParameter, missingParameter, pairOf, type BinanceDialect } from './dialect.js';
import { otherVolume } from './public-messages.js';

const ROOT = '/futures/data/';
const MINUTE_MS = 60_000;
const PERIODS_MS: Readonly<Record<string, number>> = {
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '2h': 120 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '6h': 360 * MINUTE_MS,
  '12h': 720 * MINUTE_MS,
  '1d': 1_440 * MINUTE_MS,
};
const USUAL_ROWS = 30;
const MOST_ROWS = 500;
const RATIO_DECIMALS = 4;
const PERPETUAL = 'PERPETUAL';

interface Ask {
  readonly dialect: BinanceDialect;
  readonly market: Market;
  readonly periodMs: number;
  /** Absent: the last ones. */
  readonly fromMs: number | undefined;
  readonly toMs: number;
  readonly limit: number;
  readonly nowMs: number;
}

type Row = Readonly<Record<string, unknown>>;

const NOTHING = (): Row[] => [];
const RATIOS = { topLongShortAccountRatio: NOTHING, topLongShortPositionRatio: NOTHING, globalLongShortAccountRatio: NOTHING } as const;
const SHARED = { ...RATIOS, openInterestHist: openInterest, basis } as const;
const ANSWERS: Readonly<Record<'usdm' | 'coinm', Readonly<Record<string, (ask: Ask) => Row[]>>>> = {
  usdm: { ...SHARED, takerlongshortRatio: takerRatio },
  coinm: { ...SHARED, takerBuySellVol: takerVolume },
};

/** Undefined: no path of these. */
export function futuresData(
  dialect: BinanceDialect,
  markets: readonly Market[],
  path: string,
  params: ReadonlyMap<string, string>,
  nowMs: number,
): HttpReply | undefined {
  if (dialect.family === 'spot' || !path.startsWith(ROOT)) return undefined;
  const name = path.slice(ROOT.length);
  const byPair = dialect.family === 'coinm' || name === 'basis' || name === 'delivery-price';
  const key = byPair ? 'pair' : 'symbol';
  const answer = name === 'delivery-price' ? NOTHING : ANSWERS[dialect.family][name];
  if (answer === undefined) return undefined;
  const wanted = params.get(key) ?? '';
  if (wanted === '') return missingParameter(key);
  const market = markets.find((candidate) => (byPair ? pairOf(candidate) : candidate.spec.symbol) === wanted);
  if (market === undefined) return byPair ? binanceError(400, -1121, 'Invalid pair.') : INVALID_SYMBOL;
  if (name === 'delivery-price') return jsonReply(200, '[]');
  const period = params.get('period') ?? '';
  if (period === '') return missingParameter('period');
  const periodMs = PERIODS_MS[period];
  if (periodMs === undefined) return binanceError(400, -1130, "Data sent for parameter 'period' is not valid.");
  // Only perpetual contracts are traded here.
  const isRatio = name in RATIOS;
  const type = params.get('contractType') ?? (byPair && !isRatio ? '' : PERPETUAL);
  if (type === '') return missingParameter('contractType');
  const limit = limitOf(params, USUAL_ROWS, MOST_ROWS);
  if (limit === null) return malformedParameter('limit');
  const from = params.get('startTime');
  const span = { fromMs: from === undefined ? undefined : Number(from), toMs: Number(params.get('endTime') ?? nowMs), limit };
  const rows = type === PERPETUAL || type === 'ALL' ? answer({ dialect, market, periodMs, nowMs, ...span }) : [];
  return jsonReply(200, JSON.stringify(rows.slice(-limit)));
}

/** The past is not kept: the figure of now, at the period that began last. */
function openInterest({ dialect, market, periodMs, fromMs, toMs, nowMs }: Ask): Row[] {
  const timestamp = nowMs - (nowMs % periodMs);
  if (timestamp < (fromMs ?? 0) || timestamp > toMs) return [];
  const { openInterestLots: lots, spec } = market;
  const sums = {
    sumOpenInterest: fixedText(lots * spec.lotUnits, spec.qtyDecimals),
    sumOpenInterestValue: otherVolume(market, lots, lots * market.lastTicks),
  };
  return [{ ...(dialect.family === 'usdm' ? { symbol: spec.symbol } : pairHead(market)), ...sums, timestamp }];
}

/** What takers bought and sold, from the exchange's own trades. */
function takerRatio(ask: Ask): Row[] {
  const { market } = ask;
  return volumes(ask).map(({ buyLots, sellLots, startMs }) => ({
    buySellRatio: sellLots === 0 ? '0' : (buyLots / sellLots).toFixed(RATIO_DECIMALS),
    sellVol: market.qtyText(sellLots),
    buyVol: market.qtyText(buyLots),
    timestamp: startMs,
  }));
}

function takerVolume(ask: Ask): Row[] {
  const { market } = ask;
  return volumes(ask).map((bin) => ({
    ...pairHead(market),
    takerBuyVol: market.qtyText(bin.buyLots),
    takerSellVol: market.qtyText(bin.sellLots),
    takerBuyVolValue: otherVolume(market, bin.buyLots, bin.buyTickLots),
    takerSellVolValue: otherVolume(market, bin.sellLots, bin.sellTickLots),
    timestamp: bin.startMs,
  }));
}

function volumes({ market, periodMs, fromMs, toMs, limit }: Ask): {
  readonly startMs: number;
  readonly buyLots: number;
  readonly sellLots: number;
  readonly buyTickLots: number;
  readonly sellTickLots: number;
}[] {
  return market.candles.page({ intervalMs: periodMs, fromMs, toMs, limit }).map(({ startMs, lots, tickLots, buyLots, buyTickLots }) => ({
    startMs,
    buyLots,
    sellLots: lots - buyLots,
    buyTickLots,
    sellTickLots: tickLots - buyTickLots,
  }));
}

/** How far the contract's last price of a period was from the index. */
function basis({ market, periodMs, fromMs, toMs, limit }: Ask): Row[] {
  const stretch = { intervalMs: periodMs, fromMs, toMs, limit };
  const closes = new Map(market.candles.page(stretch).map(({ startMs, close }) => [startMs, close * market.tickSize]));
  return market.prices.index.page(stretch).flatMap(({ startMs, close: index }) => {
    const price = closes.get(startMs);
    if (price === undefined) return [];
    const { priceDecimals } = market.spec;
    return [
      {
        indexPrice: index.toFixed(priceDecimals),
        contractType: PERPETUAL,
        basisRate: ((price - index) / index).toFixed(RATIO_DECIMALS),
        futuresPrice: price.toFixed(priceDecimals),
        annualizedBasisRate: '',
        basis: (price - index).toFixed(priceDecimals),
        pair: pairOf(market),
        timestamp: startMs,
      },
    ];
  });
}

function pairHead(market: Market): Row {
  return { pair: pairOf(market), contractType: PERPETUAL };
}

/** The index is the latent price that the flow follows: no exchange's price makes it. */
export function constituents(market: Market, nowMs: number): string {
  return `{"symbol":"${market.spec.symbol}","time":${nowMs},"constituents":[]}`;
}

/** How often a rate is paid and how far it may go. The venue lists contracts whose terms are not its usual ones; here all that are served. */
export function fundingInfo(market: Market): string {
  const cap = market.fundingCap.toFixed(8);
  return (
    `{"symbol":"${market.spec.symbol}","adjustedFundingRateCap":"${cap}","adjustedFundingRateFloor":"-${cap}",` +
    `"fundingIntervalHours":${FUNDING_PERIOD_MS / 3_600_000},"disclaimer":false}`
  );
}

/** Nobody is ever deleveraged here. */
export function adlRisk(market: Market, nowMs: number): string {
  return `{"symbol":"${market.spec.symbol}","adlRisk":"low","updateTime":${nowMs}}`;
}
