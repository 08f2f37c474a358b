/**
 * What a market traded before it was opened: candles drawn from the seed along the past of its latent price, with its own noise, on its tick grid and at its own
 * pace, ending at the price it opens with. Made from the opening backwards, as far as somebody asks, and kept in columns: 40 bytes a step, at most some
 * 43,000 steps. Nobody was paid for these trades: they have ids and volumes, but no row of their own. Read by `Candles`.
 */
import type { LatentPast } from '../flow/past-path.js';
import type { PastStretch } from '../flow/past-grid.js';
import type { FlowRandom } from '../flow/random.js';
import type { CandleRun } from './candle-runs.js';
import type { Candle } from './candles.js';
import type { CandlePast } from './kept-candles.js';
import type { Pace } from './pace.js';
import type { MarketSpec } from './spec.js';

/** Variance of the number of trades in a step over its mean: they come in bursts. */
const BURSTS = 10;
/** What the market's own noise adds to how far a step reaches, in standard deviations of the noise. */
const NOISE_REACH = 0.7;
/** How much a step that rose was bought. */
const LEAN = 0.12;

interface Columns {
  readonly stretch: PastStretch;
  /** Price at the younger end of each step: its close, and the open of the step after. */
  readonly ends: Int32Array;
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  readonly trades: Int32Array;
  readonly lots: Float64Array;
  readonly buyLots: Float64Array;
  readonly firstIds: Float64Array;
  made: number;
}

export interface PastMarket {
  readonly spec: MarketSpec;
  readonly tickSize: number;
  readonly pace: Pace;
}

export class PastCandles implements CandlePast<Candle> {
  readonly seconds: CandleRun<Candle>;
  readonly minutes: CandleRun<Candle>;
  readonly hours: CandleRun<Candle>;
  readonly #path: LatentPast;
  readonly #market: PastMarket;
  readonly #random: FlowRandom;
  readonly #columns: Columns[] = [];
  #noise = 0;
  #nextId: number;

  constructor(path: LatentPast, market: PastMarket, random: FlowRandom) {
    this.#path = path;
    this.#market = market;
    this.#random = random;
    this.#nextId = market.spec.firstTradeId;
    this.seconds = this.#run(0);
    this.minutes = this.#run(1);
    this.hours = this.#run(2);
  }

  #run(tier: number): CandleRun<Candle> {
    const { count: length, startMs, stepMs } = this.#path.grid[tier] ?? this.#path.grid[0];
    const startAt = (index: number): number => startMs + index * stepMs;
    const numbers = { open: 0, high: 0, low: 0, close: 0, lots: 0, tickLots: 0, trades: 0, buyLots: 0, buyTickLots: 0 };
    const filled = { startMs: 0, ...numbers, firstTradeId: 0, lastTradeId: 0 };
    const at = (index: number): Candle | undefined => {
      const step = length - 1 - index;
      filled.startMs = startAt(index);
      return read(this.#reach(tier, step), step, filled);
    };
    return { length, startAt, at };
  }

  #reach(tier: number, step: number): Columns {
    const made = this.#columns[tier];
    if (made !== undefined && made.made > step) return made;
    const finer = this.#path.grid[tier - 1];
    const before = finer === undefined ? undefined : this.#reach(tier - 1, finer.count - 1);
    const columns = made ?? this.#begin(tier, before === undefined ? this.#firstTicks() : (before.ends[before.made] ?? 1));
    this.#make(tier, columns, step);
    return columns;
  }

  #firstTicks(): number {
    this.#path.reach(0, 0);
    return this.#ticksAt(this.#path.level(0, 0));
  }

  #begin(tier: number, endTicks: number): Columns {
    const stretch = this.#path.grid[tier] ?? this.#path.grid[0];
    const { count } = stretch;
    const columns: Columns = {
      stretch,
      ends: new Int32Array(count + 1),
      highs: new Int32Array(count),
      lows: new Int32Array(count),
      trades: new Int32Array(count),
      lots: new Float64Array(count),
      buyLots: new Float64Array(count),
      firstIds: new Float64Array(count),
      made: 0,
    };
    columns.ends[0] = endTicks;
    this.#columns[tier] = columns;
    return columns;
  }

  #make(tier: number, columns: Columns, last: number): void {
    const { stretch, ends, highs, lows } = columns;
    const path = this.#path;
    const random = this.#random;
    const { flow } = this.#market.spec;
    const seconds = stretch.stepMs / 1_000;
    const kept = Math.exp(-seconds / flow.noiseSeconds);
    const noiseBp = flow.noiseBp * 1e-4;
    const noiseStep = Math.sqrt(1 - kept * kept) * noiseBp;
    const most = Math.min(last, stretch.count - 1);
    path.reach(tier, most);
    for (let step = columns.made; step <= most; step++) {
      const youngest = path.level(tier, step) + this.#noise;
      this.#noise = this.#noise * kept + noiseStep * random.normal();
      const oldest = path.level(tier, step + 1) + this.#noise;
      const reach = NOISE_REACH * (noiseStep + noiseBp * Math.min(1, seconds / 60)) * 0.5;
      const open = this.#ticksAt(oldest);
      const close = ends[step] ?? open;
      ends[step + 1] = open;
      highs[step] = Math.max(open, close, this.#ticksAt(Math.max(youngest, oldest) + path.above(tier, step) + reach));
      lows[step] = Math.min(open, close, this.#ticksAt(Math.min(youngest, oldest) - path.below(tier, step) - reach));
      this.#trade(columns, step, seconds);
    }
    columns.made = Math.max(columns.made, most + 1);
  }

  /** A minute or an hour is never without a trade; a second may be. */
  #trade(columns: Columns, step: number, seconds: number): void {
    const { ends, highs, lows } = columns;
    const random = this.#random;
    const { tradesPerSecond, lotsPerTrade } = this.#market.pace;
    const mean = tradesPerSecond * seconds;
    const trades = Math.max(seconds > 1 ? 1 : 0, Math.round(mean * spread(BURSTS / mean, random)));
    const lots = Math.max(trades, Math.round(trades * lotsPerTrade * spread(1 / Math.max(1, trades), random)));
    const close = ends[step] ?? 0;
    if (trades <= 1) ends[step + 1] = highs[step] = lows[step] = close;
    const open = ends[step + 1] ?? close;
    const range = Math.max(1, (highs[step] ?? close) - (lows[step] ?? close));
    const share = 0.5 + (LEAN * (close - open)) / range + (0.5 * random.normal()) / Math.sqrt(mean / BURSTS + 1);
    this.#nextId -= trades;
    columns.trades[step] = trades;
    columns.lots[step] = lots;
    columns.buyLots[step] = Math.round(lots * Math.min(1, Math.max(0, share)));
    columns.firstIds[step] = this.#nextId;
  }

  #ticksAt(level: number): number {
    return Math.max(1, Math.round((this.#path.startPrice * Math.exp(level)) / this.#market.tickSize));
  }
}

/** Undefined for a step without a trade. */
function read(columns: Columns, step: number, into: Candle): Candle | undefined {
  const trades = columns.trades[step] ?? 0;
  if (trades === 0) return undefined;
  into.open = columns.ends[step + 1] ?? 0;
  into.high = columns.highs[step] ?? 0;
  into.low = columns.lows[step] ?? 0;
  into.close = columns.ends[step] ?? 0;
  into.lots = columns.lots[step] ?? 0;
  into.trades = trades;
  into.buyLots = columns.buyLots[step] ?? 0;
  const average = (into.open + into.high + into.low + into.close) / 4;
  into.tickLots = Math.round(average * into.lots);
  into.buyTickLots = Math.round(average * into.buyLots);
  into.firstTradeId = columns.firstIds[step] ?? 0;
  into.lastTradeId = into.firstTradeId + trades - 1;
  return into;
}

/** A factor around 1 (its mean) with this variance, never negative. */
function spread(variance: number, random: FlowRandom): number {
  const sigma2 = Math.log(1 + variance);
  return Math.exp(Math.sqrt(sigma2) * random.normal() - sigma2 / 2);
}
