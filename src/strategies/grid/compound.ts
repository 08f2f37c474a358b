/**
 * Profit that works on: what a line's round trips earned after fees makes its next home order larger, in whole lots. Called by GridStrategy on each fill. The
 * quantity of a line is in its record; what is saved up for less than a lot is not, and a restart begins to save anew. Floats: a size, not a sum of money.
 */
import type { Instrument } from '../../core/orders/instrument.js';
import { feeRateOf, lotValue, type Ladder } from './ladder.js';
import type { GridLevels } from './levels.js';
import type { GridSettings } from './params.js';

export class Compound {
  readonly #instrument: Instrument;
  readonly #ladder: Ladder;
  readonly #feeRate: number;
  /** By line, in quote units. */
  readonly #saved: Float64Array;

  constructor(settings: GridSettings, instrument: Instrument, ladder: Ladder) {
    this.#instrument = instrument;
    this.#ladder = ladder;
    this.#feeRate = Number(feeRateOf(settings, instrument));
    this.#saved = new Float64Array(ladder.count);
  }

  onFill(levels: GridLevels, place: number, lots: number): void {
    if ((place & 1) === 0) return;
    const line = place >> 1;
    const saved = this.#saved[line]! + lots * this.#profitOfLot(line);
    this.#saved[line] = saved;
    if (levels.heldLots(line) !== 0) return;
    const opening = levels.priceTicks[line * 2]!;
    const value = lotValue(this.#instrument, opening);
    const more = Math.floor(saved / value + 1e-9);
    if (more < 1) return;
    this.#saved[line] = saved - more * value;
    levels.setLineLots(line, levels.lineLots(line) + more);
  }

  /** Of one lot bought and sold, in quote units after fees. */
  #profitOfLot(line: number): number {
    const buy = this.#ladder.buyTicks[line]!;
    const sell = this.#ladder.sellTicks[line]!;
    if (this.#instrument.kind === 'inverse') {
      // A lot is worth the same in quote units at both prices; the profit is in coins, valued at the price of the sale.
      const value = lotValue(this.#instrument, sell);
      return value * (sell / buy - 1) - this.#feeRate * value * (1 + sell / buy);
    }
    const bought = lotValue(this.#instrument, buy);
    const sold = lotValue(this.#instrument, sell);
    return sold - bought - this.#feeRate * (bought + sold);
  }
}
