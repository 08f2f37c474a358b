/**
 * A range that follows the market. When the market stands a whole step beyond one end, the farthest level that holds nothing is taken from the other end and set
 * beyond this one: its order is cancelled first, and only an empty level moves, so nothing that is held loses its counter order. Driven by GridStrategy; pure but
 * for the wish to cancel. Levels keep their identity; their new prices are in their records, so a restart finds them where they went.
 */
import { RESULT_OK } from '../../core/numbers/errors.js';
import { toTicksDown, toTicksUp } from '../../core/numbers/decimal.js';
import { SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import { leastLots, lotValue, ticksOfDistance, type Ladder } from './ladder.js';
import { isLiveLevel, LevelState } from './level-state.js';
import type { GridLevels } from './levels.js';
import type { GridSettings } from './params.js';

/** The step is journaled as a whole number: ticks, or this many parts of one for a ratio. */
const RATIO_PARTS = 1e9;

const NONE = -1;

export class GridTrail {
  /** The level that is about to move: nothing is placed for it meanwhile. NONE (-1) when none is. */
  leaving = NONE;
  /** Ticks between neighbours, or their ratio in parts; goes into the ladder's record. */
  readonly stepWord: number;
  readonly #settings: GridSettings;
  readonly #instrument: Instrument;
  readonly #ladder: Ladder;
  /** What a level that moved is worth where ratios are equal: the same for all, whatever rounding took from it before. */
  readonly #value: number;
  readonly #most: number;
  readonly #least: number;

  /** @param stepWord as journaled, 0 when the ladder was just made */
  constructor(settings: GridSettings, instrument: Instrument, ladder: Ladder, stepWord: number) {
    this.#settings = settings;
    this.#instrument = instrument;
    this.#ladder = ladder;
    this.#value = levelValue(settings, instrument, ladder);
    this.#most = settings.trailUpTo === null ? Infinity : toTicksDown(settings.trailUpTo, instrument.tickSize);
    this.#least = settings.trailDownTo === null ? 1 : toTicksUp(settings.trailDownTo, instrument.tickSize);
    this.stepWord = stepWord > 0 ? stepWord : stepOf(settings, ladder);
  }

  /** One look at the market; at most one level moves. Returns true when one did. */
  step(ctx: StrategyContext, levels: GridLevels, mid: number): boolean {
    const { trailsUp, trailsDown } = this.#settings;
    if (!trailsUp && !trailsDown) return false;
    const ends = this.#ends();
    const above = this.#next(ends.high, 1);
    const below = this.#next(ends.low, -1);
    const goesUp = trailsUp && mid >= above && above <= this.#most;
    const goesDown = trailsDown && mid <= below && below >= this.#least;
    if (!goesUp && !goesDown) {
      this.leaving = NONE;
      return false;
    }
    const line = this.#farthestEmpty(levels, goesUp);
    this.leaving = line;
    if (line === NONE || !this.#isFree(ctx, levels, line)) return false;
    this.leaving = NONE;
    return goesUp ? this.#move(levels, line, ends.high, above) : this.#move(levels, line, below, ends.low);
  }

  #ends(): { low: number; high: number } {
    let low = Infinity;
    let high = -Infinity;
    const { count, buyTicks, sellTicks } = this.#ladder;
    for (let line = 0; line < count; line++) {
      low = Math.min(low, buyTicks[line]!);
      high = Math.max(high, sellTicks[line]!);
    }
    return { low, high };
  }

  #next(edge: number, direction: 1 | -1): number {
    if (!this.#settings.isGeometric) return edge + direction * this.stepWord;
    const ratio = 1 + this.stepWord / RATIO_PARTS;
    return direction > 0 ? Math.ceil(edge * ratio) : Math.floor(edge / ratio);
  }

  #farthestEmpty(levels: GridLevels, goesUp: boolean): number {
    const { count, buyTicks } = this.#ladder;
    let farthest = NONE;
    for (let line = 0; line < count; line++) {
      if (levels.heldLots(line) !== 0 || isLiveLevel(levels.state[line * 2 + 1]!)) continue;
      const isFarther = farthest === NONE || (goesUp ? buyTicks[line]! < buyTicks[farthest]! : buyTicks[line]! > buyTicks[farthest]!);
      if (isFarther) farthest = line;
    }
    return farthest;
  }

  /** Asks its order back first. */
  #isFree(ctx: StrategyContext, levels: GridLevels, line: number): boolean {
    const place = line * 2;
    const state = levels.state[place]!;
    if (!isLiveLevel(state)) return true;
    if (state === LevelState.OPEN && ctx.nowUs >= levels.notBeforeUs[place]! && ctx.intents.cancel(place) === RESULT_OK) {
      levels.sentCancel(place);
    }
    return false;
  }

  #move(levels: GridLevels, line: number, low: number, high: number): boolean {
    const { direction, profit } = this.#settings;
    // Above the range that was left upwards the market is beyond, so the level buys below it; and the other way round.
    const isBuy = direction === 'long' || (direction === 'neutral' && low >= (this.#ladder.sellTicks[line] ?? 0));
    const distance = profit === null ? high - low : ticksOfDistance(profit, isBuy ? low : high, this.#instrument);
    const buy = isBuy ? low : high - distance;
    const sell = isBuy ? low + distance : high;
    const lots = this.#settings.isGeometric ? Math.floor(this.#value / lotValue(this.#instrument, buy) + 1e-9) : levels.lineLots(line);
    if (buy < 1 || lots < Math.max(leastLots(this.#instrument, buy), leastLots(this.#instrument, sell))) return false;
    this.#ladder.buyTicks[line] = buy;
    this.#ladder.sellTicks[line] = sell;
    this.#ladder.homeSide[line] = isBuy ? SIDE_BUY : SIDE_SELL;
    levels.moveLine(line, buy, sell, isBuy, lots);
    return true;
  }
}

function levelValue(settings: GridSettings, instrument: Instrument, ladder: Ladder): number {
  if (settings.size !== null) return toTicksDown(settings.size, instrument.lotSize) * lotValue(instrument, ladder.anchorTicks);
  return (Number(settings.investment) * (instrument.kind === 'spot' ? 1 : settings.leverage)) / ladder.count;
}

function stepOf(settings: GridSettings, ladder: Ladder): number {
  let low = Infinity;
  let high = -Infinity;
  let widest = 0;
  for (let line = 0; line < ladder.count; line++) {
    low = Math.min(low, homeTicks(ladder, line));
    high = Math.max(high, homeTicks(ladder, line));
    widest = Math.max(widest, ladder.sellTicks[line]! - ladder.buyTicks[line]!);
  }
  const gaps = gapsBetween(ladder);
  if (settings.isGeometric) {
    const ratio = gaps > 0 ? (high / low) ** (1 / gaps) - 1 : widest / low;
    return Math.max(1, Math.round(ratio * RATIO_PARTS));
  }
  return Math.max(1, Math.round(gaps > 0 ? (high - low) / gaps : widest));
}

/** Steps between the lowest and the highest home price: one more than their count where the empty edge lies between buys and sells. */
function gapsBetween(ladder: Ladder): number {
  let buys = 0;
  for (let line = 0; line < ladder.count; line++) if (ladder.homeSide[line] === SIDE_BUY) buys++;
  const isMixed = buys > 0 && buys < ladder.count;
  return ladder.count - 1 + (isMixed ? 1 : 0);
}

function homeTicks(ladder: Ladder, line: number): number {
  return ladder.homeSide[line] === SIDE_BUY ? ladder.buyTicks[line]! : ladder.sellTicks[line]!;
}
