/**
 * One instrument of one simulated venue: its matching engine, its participants, and what the public may see of it (trades, candles, mark and index price).
 * Stepped by `VenueWorld` once per quantum of market time; the venue's protocol reads it after each step.
 */
import type { Side } from '../engine/book-side.js';
import { MatchingEngine, type EngineEvents, type EngineTrade, type SavedBook } from '../engine/matching-engine.js';
import { MarketFlow, type SavedFlow } from '../flow/market-flow.js';
import type { LatentPast } from '../flow/past-path.js';
import type { LatentPrice } from '../flow/price-path.js';
import { FlowRandom, type RandomState } from '../flow/random.js';
import { Candles, type Candle } from './candles.js';
import { fixedText, trimmedText } from './decimal-text.js';
import type { LevelListener } from './depth.js';
import { paceOf } from './pace.js';
import { PastCandles } from './past-candles.js';
import { PastPrices, type PriceKind } from './past-prices.js';
import { PriceCandles, type PriceCandle } from './price-candles.js';
import { lotSizeOf, lotUsdOf, tickSizeOf, type MarketSpec, type VenueId } from './spec.js';

export interface MarketTrade {
  readonly id: number;
  readonly ticks: number;
  readonly lots: number;
  readonly takerSide: Side;
  readonly timeUs: number;
  readonly sequence: number;
  readonly makerOrderId: number;
  readonly takerOrderId: number;
  /** For venues whose trade ids are UUIDs. */
  readonly uuid: string;
  /** Price against the trade before. */
  readonly tickDirection: 'PlusTick' | 'ZeroPlusTick' | 'MinusTick' | 'ZeroMinusTick';
}

/** Executions of one taker order at one price, as Binance aggregates them. */
export interface AggregateTrade {
  readonly id: number;
  readonly ticks: number;
  lots: number;
  readonly takerSide: Side;
  readonly timeUs: number;
  readonly firstTradeId: number;
  lastTradeId: number;
  readonly takerOrderId: number;
}

/** The exchange behind the market: it books every execution, whoever took part. */
export interface MarketObserver {
  onTrade(market: Market, trade: EngineTrade, printed: MarketTrade): void;
  onSelfTrade(market: Market, makerOrderId: number, lots: number): void;
}

export interface SavedMarket {
  readonly book: SavedBook;
  readonly flow: SavedFlow;
  readonly random: RandomState;
  readonly candles: readonly Candle[];
  /** Absent in states of before they were kept. */
  readonly prices?: Readonly<Record<PriceKind, readonly PriceCandle[]>>;
  /** Hours of older minutes; absent in states of before they were kept. */
  readonly hours?: Readonly<Record<PriceKind, readonly PriceCandle[]>> & { readonly trades: readonly Candle[] };
  readonly trades: readonly MarketTrade[];
  readonly aggregates: readonly AggregateTrade[];
  readonly nextTradeId: number;
  readonly nextAggregateId: number;
  readonly premium: number;
  readonly openInterestLots: number;
}

/** How many trades the REST endpoints can look back on. */
const KEPT_TRADES = 1_000;
/** As many as one answer holds. */
const KEPT_SECONDS = 1_000;
export const FUNDING_PERIOD_MS = 8 * 3_600_000;
/** BitMEX pays at 4, 12 and 20 o'clock UTC, the others at 0, 8 and 16. */
const BITMEX_FUNDING_OFFSET_MS = 4 * 3_600_000;
/** Interest part of the funding rate per eight hours, and how far the premium may move it away (Binance and Bybit documents on funding, 2026-11). */
const FUNDING_INTEREST = 0.0001;
const FUNDING_CLAMP = 0.0005;
/** How far a rate may be from zero, as the venues tell it: Binance three quarters of the maintenance rate, Bybit its own figure. */
const FUNDING_CAPS: Readonly<Partial<Record<VenueId, number>>> = { 'binance-usdm': 0.003, 'binance-coinm': 0.003, bybit: 0.005 };
const PREMIUM_SECONDS = 60;
/** Venues publish mark and index price once a second. */
const SAMPLE_EVERY_MS = 1_000;

export class Market implements EngineEvents {
  readonly spec: MarketSpec;
  readonly engine: MatchingEngine;
  readonly tickSize: number;
  readonly lotSize: number;
  readonly candles: Candles;
  /** By the second, where the venue has them; not kept over a restart. */
  readonly seconds: Candles | null;
  /** Contracts only. */
  readonly prices: Readonly<Record<PriceKind, PriceCandles>>;
  /** Executions that nobody was told of yet, oldest first: those of the last step and those that requests caused since the step before. */
  readonly freshTrades: MarketTrade[] = [];
  readonly freshAggregates: AggregateTrade[] = [];
  /** Whether price or quantity of the best bid or ask changed in the last step. */
  bestChanged = false;
  observer: MarketObserver | null = null;
  #seenTrades = 0;
  #seenAggregates = 0;
  readonly #flow: MarketFlow;
  readonly #path: LatentPrice;
  readonly #pastPrices: PastPrices | null;
  /** When the market was opened for the first time, to the second; 0 for a market without a past. */
  readonly pastEndMs: number;
  readonly #random: FlowRandom;
  readonly #lagQuanta: number;
  readonly #listeners = new Set<LevelListener>();
  #trades: MarketTrade[] = [];
  #aggregates: AggregateTrade[] = [];
  #nextTradeId: number;
  #nextAggregateId: number;
  #nowUs = 0;
  #premium = 0;
  #sampledMs = 0;
  #openInterestLots: number;
  #bestBefore: readonly [number, number, number, number] = [0, 0, 0, 0];

  /** @param past where the latent price came from; null for a market without a past */
  constructor(spec: MarketSpec, path: LatentPrice, past: LatentPast | null, seed: number, quantumMs: number) {
    const name = `${spec.venue}:${spec.kind}:${spec.symbol}`;
    this.spec = spec;
    this.tickSize = tickSizeOf(spec);
    this.lotSize = lotSizeOf(spec);
    this.#path = path;
    this.#random = FlowRandom.of(seed, `ids ${name}`);
    this.#lagQuanta = Math.round(spec.flow.lagMs / quantumMs);
    this.#nextTradeId = spec.firstTradeId;
    this.#nextAggregateId = Math.floor(spec.firstTradeId * 0.8);
    const first = { sequence: spec.firstSequence, orderId: 1 };
    const jump = spec.sequenceJump;
    this.engine = new MatchingEngine(this, first, jump === 1 ? {} : { sequenceStep: () => 1 + this.#random.below(jump) });
    const lotUsd = (price: number): number => lotUsdOf(spec, price, path.quoteUsd);
    this.#flow = new MarketFlow(this.engine, { tick: this.tickSize, lotUsd }, spec.flow, FlowRandom.of(seed, `flow ${name}`));
    this.#openInterestLots = Math.max(1, Math.round(2e8 / lotUsd(path.price())));
    const { tickSize } = this;
    this.pastEndMs = past?.grid[0].endMs ?? 0;
    const traded =
      past === null
        ? null
        : new PastCandles(past, { spec, tickSize, pace: paceOf(spec, lotUsd(path.price())) }, FlowRandom.of(seed, `past ${name}`));
    this.candles = new Candles(undefined, undefined, traded);
    this.seconds = spec.venue === 'binance-spot' ? new Candles(1_000, KEPT_SECONDS, traded) : null;
    const { noiseBp, noiseSeconds } = spec.flow;
    // What is left of the participants' noise after the premium's own smoothing.
    const premium = { deviation: noiseBp * 1e-4 * Math.sqrt(noiseSeconds / (noiseSeconds + PREMIUM_SECONDS)), seconds: PREMIUM_SECONDS };
    this.#pastPrices = past === null || spec.kind === 'spot' ? null : new PastPrices(past, premium, FlowRandom.of(seed, `premium ${name}`));
    const candlesOf = (kind: PriceKind): PriceCandles => new PriceCandles(this.#pastPrices?.of(kind) ?? null);
    this.prices = { mark: candlesOf('mark'), index: candlesOf('index'), premium: candlesOf('premium') };
  }

  /** The first book of a new exchange. */
  open(nowUs: number): void {
    this.#nowUs = nowUs;
    this.#flow.open(this.#path.price());
  }

  step(seconds: number, nowUs: number): void {
    this.#nowUs = nowUs;
    this.freshTrades.splice(0, this.#seenTrades);
    this.freshAggregates.splice(0, this.#seenAggregates);
    this.#flow.step(seconds, this.#path.price(this.#lagQuanta));
    this.#settle(seconds);
  }

  /** Everybody has been told what is fresh; what requests cause from now on is for the next step. */
  told(): void {
    this.#seenTrades = this.freshTrades.length;
    this.#seenAggregates = this.freshAggregates.length;
  }

  onLevel(side: Side, ticks: number): void {
    const sequence = this.engine.sequence;
    for (const listener of this.#listeners) listener.mark(side, ticks, sequence);
  }

  onTrade(trade: EngineTrade): void {
    this.#flow.onTrade(trade);
    const last = this.#trades.at(-1);
    const printed: MarketTrade = {
      id: this.#nextTradeId++,
      ticks: trade.ticks,
      lots: trade.lots,
      takerSide: trade.takerSide,
      timeUs: this.#nowUs,
      sequence: this.engine.sequence,
      makerOrderId: trade.makerOrderId,
      takerOrderId: trade.takerOrderId,
      uuid: this.#random.uuid(),
      tickDirection: directionAfter(last, trade.ticks),
    };
    this.#trades.push(printed);
    if (this.#trades.length > KEPT_TRADES * 2) this.#trades = this.#trades.slice(-KEPT_TRADES);
    this.freshTrades.push(printed);
    const nowMs = Math.floor(this.#nowUs / 1_000);
    this.candles.add(trade.ticks, trade.lots, trade.takerSide, printed.id, nowMs);
    this.seconds?.add(trade.ticks, trade.lots, trade.takerSide, printed.id, nowMs);
    this.#aggregate(printed);
    this.#openInterestLots = Math.max(1, this.#openInterestLots + (this.#random.chance(0.5) ? trade.lots : -trade.lots));
    this.observer?.onTrade(this, trade, printed);
  }

  onSelfTrade(makerOrderId: number, lots: number): void {
    this.observer?.onSelfTrade(this, makerOrderId, lots);
  }

  listen(listener: LevelListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: LevelListener): void {
    this.#listeners.delete(listener);
  }

  /** Newest last. */
  trades(count: number): readonly MarketTrade[] {
    return this.#trades.slice(-Math.min(count, KEPT_TRADES));
  }

  aggregates(count: number): readonly AggregateTrade[] {
    return this.#aggregates.slice(-Math.min(count, KEPT_TRADES));
  }

  get lastTrade(): MarketTrade | undefined {
    return this.#trades.at(-1);
  }

  /** Last traded price, or the middle of the book before the first trade. */
  get lastTicks(): number {
    return this.lastTrade?.ticks ?? Math.round(this.middlePrice / this.tickSize);
  }

  get middlePrice(): number {
    const bid = this.engine.bids.bestTicks;
    const ask = this.engine.asks.bestTicks;
    if (Number.isNaN(bid) || Number.isNaN(ask)) return this.#path.price();
    return ((bid + ask) / 2) * this.tickSize;
  }

  get indexPrice(): number {
    return this.#path.price();
  }

  get markPrice(): number {
    return this.#path.price() * (1 + this.#premium);
  }

  get fundingRate(): number {
    return this.#rateOf(this.#premium);
  }

  /** Largest funding rate either way; infinite where the venue tells none. */
  get fundingCap(): number {
    return FUNDING_CAPS[this.spec.venue] ?? Number.POSITIVE_INFINITY;
  }

  /** Rate and mark price at a moment before the market was opened; null when there was no past. */
  fundingBefore(timeMs: number): { readonly rate: number; readonly mark: number } | null {
    const then = this.#pastPrices?.at(timeMs) ?? null;
    return then === null ? null : { rate: this.#rateOf(then.premium), mark: then.index * (1 + then.premium) };
  }

  get openInterestLots(): number {
    return this.#openInterestLots;
  }

  nextFundingMs(nowMs: number): number {
    const offsetMs = this.spec.venue === 'bitmex' ? BITMEX_FUNDING_OFFSET_MS : 0;
    return nowMs - ((nowMs - offsetMs) % FUNDING_PERIOD_MS) + FUNDING_PERIOD_MS;
  }

  priceText(ticks: number): string {
    return fixedText(ticks * this.spec.tickUnits, this.spec.priceDecimals);
  }

  qtyText(lots: number): string {
    return fixedText(lots * this.spec.lotUnits, this.spec.qtyDecimals);
  }

  trimmedPrice(ticks: number): string {
    return trimmedText(ticks * this.spec.tickUnits, this.spec.priceDecimals);
  }

  trimmedQty(lots: number): string {
    return trimmedText(lots * this.spec.lotUnits, this.spec.qtyDecimals);
  }

  save(): SavedMarket {
    return {
      book: this.engine.save(),
      flow: this.#flow.save(),
      random: this.#random.state,
      candles: this.candles.save(),
      prices: { mark: this.prices.mark.save(), index: this.prices.index.save(), premium: this.prices.premium.save() },
      hours: {
        trades: this.candles.saveHours(),
        mark: this.prices.mark.saveHours(),
        index: this.prices.index.saveHours(),
        premium: this.prices.premium.saveHours(),
      },
      trades: this.trades(KEPT_TRADES),
      aggregates: this.aggregates(KEPT_TRADES),
      nextTradeId: this.#nextTradeId,
      nextAggregateId: this.#nextAggregateId,
      premium: this.#premium,
      openInterestLots: this.#openInterestLots,
    };
  }

  load(saved: SavedMarket): void {
    this.engine.load(saved.book);
    this.#flow.load(saved.flow);
    this.#random.state = saved.random;
    this.candles.load(saved.candles, saved.hours?.trades);
    this.seconds?.forget();
    for (const kind of ['mark', 'index', 'premium'] as const) this.prices[kind].load(saved.prices?.[kind] ?? [], saved.hours?.[kind]);
    this.#trades = [...saved.trades];
    this.#aggregates = saved.aggregates.map((aggregate) => ({ ...aggregate }));
    this.#nextTradeId = saved.nextTradeId;
    this.#nextAggregateId = saved.nextAggregateId;
    this.#premium = saved.premium;
    this.#openInterestLots = saved.openInterestLots;
  }

  #rateOf(premium: number): number {
    const rate = premium + Math.max(-FUNDING_CLAMP, Math.min(FUNDING_CLAMP, FUNDING_INTEREST - premium));
    return Math.max(-this.fundingCap, Math.min(this.fundingCap, rate));
  }

  #settle(seconds: number): void {
    const bid = this.engine.bids.best();
    const ask = this.engine.asks.best();
    const best = [bid?.ticks ?? 0, bid?.lots ?? 0, ask?.ticks ?? 0, ask?.lots ?? 0] as const;
    this.bestChanged = best.some((value, index) => value !== this.#bestBefore[index]);
    this.#bestBefore = best;
    if (this.spec.kind === 'spot') return;
    const premium = this.middlePrice / this.#path.price() - 1;
    this.#premium += (premium - this.#premium) * Math.min(1, seconds / PREMIUM_SECONDS);
    const nowMs = Math.floor(this.#nowUs / 1_000);
    if (nowMs - this.#sampledMs < SAMPLE_EVERY_MS) return;
    this.#sampledMs = nowMs;
    this.prices.mark.add(this.markPrice, nowMs);
    this.prices.index.add(this.indexPrice, nowMs);
    this.prices.premium.add(this.#premium, nowMs);
  }

  #aggregate(trade: MarketTrade): void {
    const last = this.freshAggregates.at(-1);
    if (last !== undefined && last.takerOrderId === trade.takerOrderId && last.ticks === trade.ticks) {
      last.lots += trade.lots;
      last.lastTradeId = trade.id;
      return;
    }
    const { ticks, lots, takerSide, timeUs, takerOrderId } = trade;
    const aggregate = {
      id: this.#nextAggregateId++,
      ticks,
      lots,
      takerSide,
      timeUs,
      firstTradeId: trade.id,
      lastTradeId: trade.id,
      takerOrderId,
    };
    this.freshAggregates.push(aggregate);
    this.#aggregates.push(aggregate);
    if (this.#aggregates.length > KEPT_TRADES * 2) this.#aggregates = this.#aggregates.slice(-KEPT_TRADES);
  }
}

function directionAfter(last: MarketTrade | undefined, ticks: number): MarketTrade['tickDirection'] {
  if (last === undefined || ticks > last.ticks) return 'PlusTick';
  if (ticks < last.ticks) return 'MinusTick';
  return last.tickDirection === 'PlusTick' || last.tickDirection === 'ZeroPlusTick' ? 'ZeroPlusTick' : 'ZeroMinusTick';
}
