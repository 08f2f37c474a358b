/**
 * Leverage of each margin account, which is one venue's contracts that are settled in one asset: the value of all positions, with every open order of their worse
 * side filled, over wallet and unrealised profit. Kept up to date as orders and fills move it, so that an order costs a few words whatever else is held; prices
 * are those of the last sweep. Also the venue's own setting, read back with its positions. Called by risk on the hot lane.
 */
import { SIDE_BUY } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import type { Funds } from './funds.js';
import { settleOf, type RiskLimits } from './limits.js';
import type { Positions } from './positions.js';

export class Leverage {
  readonly #limits: RiskLimits;
  readonly #positions: Positions;
  readonly #funds: Funds;
  readonly #ticks: Float64Array;
  /** By instrument: value of its worse side and its unrealised profit, as they stand in the sums. */
  readonly #value: Float64Array;
  readonly #gain: Float64Array;
  /** By instrument: the venue's setting, 0 when it told none (or crosses the whole wallet). */
  readonly #setting: Float64Array;
  /** By margin account. */
  readonly #values: Float64Array;
  readonly #gains: Float64Array;

  /** @param ticks by instrument: the price that positions are valued at, NaN when none was seen */
  constructor(limits: RiskLimits, positions: Positions, funds: Funds, ticks: Float64Array) {
    const count = limits.marginAccount.length;
    this.#limits = limits;
    this.#positions = positions;
    this.#funds = funds;
    this.#ticks = ticks;
    this.#value = new Float64Array(count);
    this.#gain = new Float64Array(count);
    this.#setting = new Float64Array(count);
    this.#values = new Float64Array(count);
    this.#gains = new Float64Array(count);
  }

  /** The venue's own word on what it lends for this instrument. True when that is more than our limit and was not so before. */
  told(instrument: number, setting: number): boolean {
    const limit = this.#limits.maxLeverage[instrument]!;
    const wasBeyond = this.#setting[instrument]! > limit;
    this.#setting[instrument] = setting;
    return setting > limit && !wasBeyond;
  }

  /** Position, open orders or price of this instrument changed. */
  touch(instrument: number): void {
    const account = this.#limits.marginAccount[instrument]!;
    if (account < 0) return;
    const value = this.#valueOf(instrument, this.#worst(instrument, SIDE_BUY, 0));
    const gain = this.#gainOf(instrument);
    this.#values[account] = this.#values[account]! + value - this.#value[instrument]!;
    this.#gains[account] = this.#gains[account]! + gain - this.#gain[instrument]!;
    this.#value[instrument] = value;
    this.#gain[instrument] = gain;
  }

  /** Everything anew, at the prices of now: nothing that additions of floats leave over stays. What is held or ordered must be touched next. */
  clear(): void {
    this.#values.fill(0);
    this.#gains.fill(0);
    this.#value.fill(0);
    this.#gain.fill(0);
  }

  /** An order that makes no side larger than the larger one is fine. An unknown wallet refuses nothing: the venue will. @param middle of the book, ticks */
  check(instrument: number, side: number, middle: number, lots: number): number {
    const limits = this.#limits;
    const account = limits.marginAccount[instrument]!;
    if (account < 0) return Reason.NONE;
    const worst = this.#worst(instrument, side, lots);
    if (worst <= this.#worst(instrument, side, 0)) return Reason.NONE;
    const limit = limits.maxLeverage[instrument]!;
    if (this.#setting[instrument]! > limit) return Reason.LEVERAGE;
    const venue = limits.venue[instrument]!;
    const settle = limits.settleAsset[instrument]!;
    if (settle < 0 || !this.#funds.isKnown(venue, settle)) return Reason.NONE;
    const value = this.#values[account]! - this.#value[instrument]! + worst * settleOf(limits, instrument, middle);
    const equity = this.#funds.total(venue, settle) + this.#gains[account]!;
    return value > limit * equity ? Reason.LEVERAGE : Reason.NONE;
  }

  /** Lots of the larger side if every open order of it fills, with `lots` more on `side`. */
  #worst(instrument: number, side: number, lots: number): number {
    const positions = this.#positions;
    const net = positions.net(instrument);
    const long = net + positions.openBuy(instrument) + (side === SIDE_BUY ? lots : 0);
    const short = positions.openSell(instrument) - net + (side === SIDE_BUY ? 0 : lots);
    return Math.max(long, short);
  }

  #valueOf(instrument: number, lots: number): number {
    const ticks = this.#ticks[instrument]!;
    return ticks > 0 ? lots * settleOf(this.#limits, instrument, ticks) : 0;
  }

  #gainOf(instrument: number): number {
    const net = this.#positions.net(instrument);
    const ticks = this.#ticks[instrument]!;
    if (net === 0 || !(ticks > 0)) return 0;
    const entry = this.#positions.entry(instrument);
    const sign = this.#limits.isInverse[instrument] === 1 ? -1 : 1;
    return sign * net * (settleOf(this.#limits, instrument, ticks) - settleOf(this.#limits, instrument, entry));
  }
}
