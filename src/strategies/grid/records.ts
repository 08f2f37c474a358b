/** What a grid publishes of itself: a record for each place, and one of the ladder behind them; a restart goes on from these. Driven by GridStrategy, hot lane. */
import { RESULT_OK } from '../../core/numbers/errors.js';
import { Reason } from '../../core/orders/reasons.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import { levelRecord } from '../drafts.js';
import type { GridExit } from './exit.js';
import type { Ladder } from './ladder.js';
import { LevelState } from './level-state.js';
import type { GridLevels } from './levels.js';
import { exitWord } from './memory.js';

export class GridRecords {
  #ladder: Ladder | null = null;
  #levels: GridLevels | null = null;
  /** The ladder before this one: its orders are heard of, its inventory is the account's. */
  #past: GridLevels | null = null;
  /** What the ladder in use was made from. */
  #hash = 0;
  #isLadderOwed = true;
  /** Level records above the ladder's own up to this one are a larger ladder's: to be emptied. */
  #eraseTo = -1;
  readonly #record = levelRecord();

  /** @param hash of what the ladder was made from */
  use(ladder: Ladder, levels: GridLevels, hash: number): void {
    if (this.#past !== null) levels.follow(this.#past);
    this.#ladder = ladder;
    this.#levels = levels;
    this.#hash = hash;
    this.#isLadderOwed = true;
  }

  /** The ladder in use is given up: nothing is published until the next one is there. */
  leave(levels: GridLevels): void {
    this.#past = levels;
    this.#eraseTo = Math.max(this.#eraseTo, levels.places);
    this.#ladder = null;
    this.#levels = null;
  }

  get hash(): number {
    return this.#hash;
  }

  /** The ladder's own record is not true any more: it goes out with the next `publish`. */
  oweLadder(): void {
    this.#isLadderOwed = true;
  }

  /** All that is owed, as far as the journal has room. @param stepWord of the trail */
  publish(ctx: StrategyContext, stepWord: number, exit: GridExit): void {
    const levels = this.#levels;
    const ladder = this.#ladder;
    if (levels === null || ladder === null) return;
    if (this.#isLadderOwed) {
      const record = this.#record;
      record.level = levels.places;
      record.state = LevelState.META;
      record.side = 0;
      record.slot = 0;
      record.priceTicks = ladder.anchorTicks;
      record.qtyLots = stepWord;
      record.cumLots = exitWord(exit.phase, exit.reason);
      record.orderId = 0;
      record.auxTicks = ladder.count;
      record.auxLots = this.#hash;
      record.reason = exit.reason;
      if (ctx.publishLevel(record) !== RESULT_OK) return;
      this.#isLadderOwed = false;
    }
    for (let place = 0; place < levels.places; place++) if (levels.isDirty[place] !== 0 && !this.publishPlace(ctx, levels, place)) return;
    for (; this.#eraseTo > levels.places; this.#eraseTo--) if (!this.#publishEmpty(ctx, this.#eraseTo)) return;
  }

  /** False: the journal has no room; the place stays dirty. */
  publishPlace(ctx: StrategyContext, levels: GridLevels, place: number): boolean {
    const record = this.#record;
    const line = place >> 1;
    record.level = place;
    record.state = levels.state[place]!;
    record.side = levels.side[place]!;
    record.slot = 0;
    record.priceTicks = levels.priceTicks[place]!;
    record.qtyLots = (place & 1) === 0 ? levels.lineLots(line) : levels.heldLots(line);
    record.cumLots = levels.heardLots(place);
    record.orderId = levels.heardId(place);
    record.auxTicks = levels.priceTicks[place ^ 1]!;
    record.auxLots = levels.totalLots[place]!;
    record.reason = levels.reason[place]!;
    if (ctx.publishLevel(record) !== RESULT_OK) return false;
    levels.isDirty[place] = 0;
    return true;
  }

  /** The record of a place that the ladder does not have any more: settled, and without a price. */
  #publishEmpty(ctx: StrategyContext, level: number): boolean {
    const past = this.#past !== null && level < this.#past.places ? this.#past : null;
    const record = this.#record;
    record.level = level;
    record.state = LevelState.IDLE;
    record.side = 0;
    record.slot = 0;
    record.priceTicks = 0;
    record.qtyLots = 0;
    record.cumLots = past?.heardLots(level) ?? 0;
    record.orderId = past?.heardId(level) ?? 0;
    record.auxTicks = 0;
    record.auxLots = 0;
    record.reason = Reason.NONE;
    return ctx.publishLevel(record) === RESULT_OK;
  }
}
