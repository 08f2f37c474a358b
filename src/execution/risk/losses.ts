/**
 * What the engine has won and lost, per settle asset and since its first fill: flows of fills, fees and funding, and what is open at the price of now. Two limits
 * compare with it: the day's loss with the result at the last UTC midnight, the drawdown with the best result so far. Kept by strategy and instrument, so that one
 * that leaves a run takes its part of the past along. Floats: they guard, money is exact in the ledger. Called on the hot lane; time and prices are given.
 *
 * From where a limit counts (its marks) is told to the journal, so that no restart forgets a loss. The best result is told in steps: a crash loses less than one.
 */
import { SIDE_BUY } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import type { RecoveredLossMark } from '../../core/orders/recovered.js';
import { settleOf, type RiskLimits } from './limits.js';

const DAY_US = 86_400_000_000;
const FEE_UNIT = 1e-8;
/** The best result is journaled when it rose by this share of the limit, and not more often than once a second. */
const PEAK_STEP = 0.02;
const PEAK_EVERY_US = 1_000_000;

/** What a limit made known. */
export interface LossSink {
  /** From where the limit counts is new, or it is reached: to be journaled by `eachMark`. */
  onMark(limit: LossLimit): void;
  onReached(limit: LossLimit): void;
  /** A reached limit let go: a new day. */
  onEnded(limit: LossLimit): void;
}

/** One limit of one asset. */
export class LossLimit {
  /** By strategy and instrument. */
  readonly base: Float64Array;
  readonly isMarked: Uint8Array;
  baseSum = 0;
  loss = 0;
  isReached = false;
  /** UTC day of the base. */
  day = Number.NaN;
  isBegun = false;
  /** Pairs whose mark was told. */
  told = 0;
  /** Wall time of the newest mark that an earlier run told. */
  markUs = -Infinity;
  toldSum = -Infinity;
  toldUs = -Infinity;

  constructor(
    /** DAILY_LOSS or DRAWDOWN. */
    readonly reason: number,
    /** Index in `RiskLimits.losses`. */
    readonly group: number,
    readonly most: number,
    pairs: number,
  ) {
    this.base = new Float64Array(pairs);
    this.isMarked = new Uint8Array(pairs);
  }
}

export class Losses {
  readonly limits: readonly LossLimit[];
  readonly #risk: RiskLimits;
  readonly #ticks: Float64Array;
  readonly #instruments: number;
  /** By strategy x instruments + instrument. */
  readonly #flow: Float64Array;
  readonly #net: Float64Array;
  readonly #result: Float64Array;
  /** Wall time of the first fill. */
  readonly #firstUs: Float64Array;
  readonly #isActive: Uint8Array;
  #active: number[] = [];

  /** @param ticks by instrument: the price that positions are valued at, NaN when none is known yet */
  constructor(risk: RiskLimits, ticks: Float64Array, strategies: number) {
    const pairs = risk.losses.length === 0 ? 0 : strategies * ticks.length;
    this.#risk = risk;
    this.#ticks = ticks;
    this.#instruments = ticks.length;
    this.#flow = new Float64Array(pairs);
    this.#net = new Float64Array(pairs);
    this.#result = new Float64Array(pairs);
    this.#firstUs = new Float64Array(pairs).fill(Number.NaN);
    this.#isActive = new Uint8Array(pairs);
    this.limits = risk.losses.flatMap(({ dailyLoss, drawdown }, group) => [
      ...(dailyLoss < Infinity ? [new LossLimit(Reason.DAILY_LOSS, group, dailyLoss, pairs)] : []),
      ...(drawdown < Infinity ? [new LossLimit(Reason.DRAWDOWN, group, drawdown, pairs)] : []),
    ]);
  }

  /** Strategy and instrument pairs that traded: as many marks a limit may tell. */
  get pairs(): number {
    return this.#active.length;
  }

  /** @param fee in 1e-8 of asset `feeAsset` @param tsUs wall */
  fill(strategy: number, instrument: number, side: number, lots: number, ticks: number, fee: number, feeAsset: number, tsUs: number): void {
    const pair = this.#enter(strategy, instrument);
    if (pair < 0) return;
    const signed = side === SIDE_BUY ? lots : -lots;
    this.#net[pair] = this.#net[pair]! + signed;
    this.#flow[pair] = this.#flow[pair]! - this.#valueOf(instrument, signed, ticks) - this.#feeOf(instrument, ticks, fee, feeAsset);
    if (Number.isNaN(this.#firstUs[pair])) this.#firstUs[pair] = tsUs;
  }

  /** A funding payment. @param amount in units */
  pay(strategy: number, instrument: number, asset: number, amount: number): void {
    if (this.#risk.lossOfAsset[asset] !== this.#risk.lossOf[instrument]) return;
    const pair = this.#enter(strategy, instrument);
    if (pair >= 0) this.#flow[pair] = this.#flow[pair]! + amount;
  }

  /** What earlier runs told. Marks of another day, or of before the drawdown was accepted, say nothing. */
  recover(marks: readonly RecoveredLossMark[], wallUs: number): void {
    for (const mark of marks) {
      const limit = this.limits.find(({ reason, group }) => reason === mark.reason && group === this.#risk.lossOf[mark.instrument]);
      if (limit === undefined) continue;
      if (limit.reason === Reason.DAILY_LOSS ? dayOf(mark.tsUs) !== dayOf(wallUs) : mark.tsUs < this.#risk.drawdownFromUs) continue;
      const pair = this.#enter(mark.strategy, mark.instrument);
      if (pair < 0) continue;
      limit.base[pair] = mark.result * FEE_UNIT;
      limit.isMarked[pair] = 1;
      limit.markUs = Math.max(limit.markUs, mark.tsUs);
      limit.day = dayOf(wallUs);
      limit.isReached ||= mark.isReached;
    }
  }

  /** Compares each limit with the results of now. */
  sweep(nowUs: number, wallUs: number, sink: LossSink): void {
    for (const limit of this.limits) {
      const sum = this.#value(limit.group);
      if (Number.isNaN(sum)) continue;
      if (!limit.isBegun) this.#begin(limit, wallUs, sink);
      // Whoever trades for the first time began with nothing.
      if (limit.told < this.#active.length) sink.onMark(limit);
      if (limit.reason === Reason.DAILY_LOSS && limit.day !== dayOf(wallUs)) this.#newDay(limit, wallUs, sink);
      if (limit.reason === Reason.DRAWDOWN && sum > limit.baseSum && !limit.isReached) this.#rise(limit, sum, nowUs, sink);
      limit.loss = limit.baseSum - sum;
      if (limit.isReached || limit.loss < limit.most) continue;
      limit.isReached = true;
      sink.onMark(limit);
      sink.onReached(limit);
    }
  }

  /** A person trades on: what is reached counts from now. False: nothing could be valued yet. */
  restart(wallUs: number, sink: LossSink): boolean {
    let isAny = false;
    for (const limit of this.limits) {
      if (!limit.isReached || Number.isNaN(this.#value(limit.group))) continue;
      limit.isReached = false;
      this.#rebase(limit);
      limit.day = dayOf(wallUs);
      sink.onMark(limit);
      isAny = true;
    }
    return isAny;
  }

  eachMark(limit: LossLimit, tell: (strategy: number, instrument: number, result: number) => void): void {
    limit.told = this.#active.length;
    for (const pair of this.#active) {
      const instrument = pair % this.#instruments;
      if (this.#risk.lossOf[instrument] === limit.group)
        tell((pair - instrument) / this.#instruments, instrument, limit.base[pair]! / FEE_UNIT);
    }
  }

  /** What has no mark counts from now, because the limit is new to it; unless it traded first after the marks were told: then all of it counts. */
  #begin(limit: LossLimit, wallUs: number, sink: LossSink): void {
    limit.isBegun = true;
    for (const pair of this.#active) {
      if (this.#risk.lossOf[pair % this.#instruments] !== limit.group || limit.isMarked[pair] === 1) continue;
      if (!(this.#firstUs[pair]! >= limit.markUs && limit.markUs > 0)) limit.base[pair] = this.#result[pair]!;
    }
    limit.day = dayOf(wallUs);
    this.#sum(limit);
    sink.onMark(limit);
  }

  #newDay(limit: LossLimit, wallUs: number, sink: LossSink): void {
    const wasReached = limit.isReached;
    limit.isReached = false;
    limit.day = dayOf(wallUs);
    this.#rebase(limit);
    sink.onMark(limit);
    if (wasReached) sink.onEnded(limit);
  }

  #rise(limit: LossLimit, sum: number, nowUs: number, sink: LossSink): void {
    this.#rebase(limit);
    if (sum - limit.toldSum < limit.most * PEAK_STEP || nowUs - limit.toldUs < PEAK_EVERY_US) return;
    limit.toldSum = sum;
    limit.toldUs = nowUs;
    sink.onMark(limit);
  }

  #rebase(limit: LossLimit): void {
    for (const pair of this.#active) limit.base[pair] = this.#result[pair]!;
    this.#sum(limit);
  }

  #sum(limit: LossLimit): void {
    let sum = 0;
    for (const pair of this.#active) if (this.#risk.lossOf[pair % this.#instruments] === limit.group) sum += limit.base[pair]!;
    limit.baseSum = sum;
    if (limit.toldSum === -Infinity) limit.toldSum = sum;
  }

  /** Result of an asset now; NaN while something that is open has no price. */
  #value(group: number): number {
    let sum = 0;
    for (const pair of this.#active) {
      const instrument = pair % this.#instruments;
      if (this.#risk.lossOf[instrument] !== group) continue;
      const net = this.#net[pair]!;
      const open = net === 0 ? 0 : this.#valueOf(instrument, net, this.#ticks[instrument]!);
      const result = this.#flow[pair]! + open;
      this.#result[pair] = result;
      sum += result;
    }
    return sum;
  }

  /** A position's value in its settle asset, such that result = value - what it was worth when bought. Inverse contracts gain as their value in coins falls. */
  #valueOf(instrument: number, lots: number, ticks: number): number {
    const value = ticks > 0 ? lots * settleOf(this.#risk, instrument, ticks) : Number.NaN;
    return this.#risk.isInverse[instrument] === 1 ? -value : value;
  }

  /** In the settle asset; a spot fee in the base is worth what was just paid for it. A fee in a third asset is no loss of this one. */
  #feeOf(instrument: number, ticks: number, fee: number, feeAsset: number): number {
    const risk = this.#risk;
    const amount = fee * FEE_UNIT;
    if (risk.lossOfAsset[feeAsset] === risk.lossOf[instrument]) return amount;
    if (risk.isSpot[instrument] !== 1 || risk.baseAsset[instrument] !== feeAsset) return 0;
    return (amount * ticks * risk.tickWorth[instrument]!) / risk.lotWorth[instrument]!;
  }

  #enter(strategy: number, instrument: number): number {
    if (instrument >= this.#instruments || !(this.#risk.lossOf[instrument]! >= 0)) return -1;
    const pair = strategy * this.#instruments + instrument;
    if (pair >= this.#isActive.length) return -1;
    if (this.#isActive[pair] === 0) {
      this.#isActive[pair] = 1;
      this.#active.push(pair);
    }
    return pair;
  }
}

function dayOf(wallUs: number): number {
  return Math.floor(wallUs / DAY_US);
}
