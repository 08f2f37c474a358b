/**
 * The orders of a ladder: brings what rests in line with what its levels want, nearest to the market first, and places the counter order of a fill at once.
 * Driven by GridStrategy on the hot lane; one for each ladder.
 */
import { RESULT_OK } from '../../core/numbers/errors.js';
import { FLAG_POST_ONLY, SIDE_BUY, TIF_GTC } from '../../core/memory/record.js';
import type { Instrument } from '../../core/orders/instrument.js';
import { Reason } from '../../core/orders/reasons.js';
import type { BookView, StrategyContext } from '../../core/ports/strategy.js';
import { orderDraft } from '../drafts.js';
import { leastLots, lotValue } from './ladder.js';
import { isLiveLevel, LevelState } from './level-state.js';
import type { GridLevels } from './levels.js';
import type { GridSettings } from './params.js';
import type { GridRecords } from './records.js';

/** A resting order is amended (price or quantity) at most this often: each amend costs rate budget and the place in the queue. */
const ADJUST_EVERY_US = 1_000_000;
/** How long a level without balance waits before it looks again. */
const NO_BALANCE_US = 5_000_000;

export class GridOrders {
  #settings: GridSettings;
  readonly #instrument: Instrument;
  readonly #levels: GridLevels;
  readonly #records: GridRecords;
  /** Places of a side, nearest to the market first. */
  #buys = new Int32Array(0);
  #sells = new Int32Array(0);
  readonly #adjustedUs: Float64Array;
  /** Spot funds promised in the running pass, which the account does not show yet. */
  #spentQuote = 0;
  #spentBase = 0;
  readonly #draft = orderDraft(TIF_GTC);

  constructor(settings: GridSettings, instrument: Instrument, levels: GridLevels, records: GridRecords) {
    this.#settings = settings;
    this.#instrument = instrument;
    this.#levels = levels;
    this.#records = records;
    this.#adjustedUs = new Float64Array(levels.places);
    this.sort();
  }

  /** Other parameters of the same ladder. */
  use(settings: GridSettings): void {
    this.#settings = settings;
  }

  /** Whenever a line moved. */
  sort(): void {
    const levels = this.#levels;
    const places = Array.from({ length: levels.places }, (_, place) => place);
    const priceOf = (place: number): number => levels.priceTicks[place] ?? 0;
    this.#buys = Int32Array.from(places.filter((place) => levels.side[place] === SIDE_BUY).sort((a, b) => priceOf(b) - priceOf(a)));
    this.#sells = Int32Array.from(places.filter((place) => levels.side[place] !== SIDE_BUY).sort((a, b) => priceOf(a) - priceOf(b)));
  }

  /** Every place, nearest first. @param leaving line that is about to move: nothing is placed for it; -1 for none */
  pass(ctx: StrategyContext, book: BookView, leaving: number): void {
    this.#spentQuote = 0;
    this.#spentBase = 0;
    this.#walk(ctx, book, this.#buys, leaving);
    this.#walk(ctx, book, this.#sells, leaving);
  }

  /** After an event of one line: its counter order does not wait for the next pass. */
  settle(ctx: StrategyContext, book: BookView, line: number): void {
    this.#spentQuote = 0;
    this.#spentBase = 0;
    this.#settlePlace(ctx, book, line * 2 + 1);
    this.#settlePlace(ctx, book, line * 2);
  }

  #walk(ctx: StrategyContext, book: BookView, places: Int32Array, leaving: number): void {
    const levels = this.#levels;
    const active = this.#settings.activePerSide;
    // A little slack, so that an order at the edge is not cancelled and placed again with every small move.
    const kept = active + Math.max(1, active >> 2);
    let rank = 0;
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      const state = levels.state[place]!;
      if (place >> 1 === leaving) continue;
      const wanted = levels.wantedLots(place);
      if (isLiveLevel(state)) {
        rank++;
        if (state === LevelState.OPEN) this.#adjust(ctx, book, place, rank <= kept);
        continue;
      }
      if (wanted === 0 || state === LevelState.PARKED) continue;
      rank++;
      if (rank <= active && levels.canPlace(place, ctx.nowUs)) this.#place(ctx, book, place, wanted);
    }
  }

  #settlePlace(ctx: StrategyContext, book: BookView, place: number): void {
    const levels = this.#levels;
    // Only what just became owed: a level that lies beyond the active ones is the pass's business.
    if (levels.state[place] !== LevelState.IDLE || levels.heldLots(place >> 1) === 0) return;
    const wanted = levels.wantedLots(place);
    if (wanted > 0) this.#place(ctx, book, place, wanted);
  }

  #place(ctx: StrategyContext, book: BookView, place: number, wanted: number): void {
    const levels = this.#levels;
    const home = levels.priceTicks[place]!;
    const isBuy = levels.side[place] === SIDE_BUY;
    const priceTicks = this.#restingPrice(book, isBuy, home);
    if (priceTicks !== home) {
      if (!this.#settings.isImproving && (place & 1) === 0) return;
      if (wanted < leastLots(this.#instrument, priceTicks)) {
        levels.hold(place, Reason.SIZE_BELOW_MINIMUM, ctx.nowUs + NO_BALANCE_US);
        return;
      }
    }
    if (!this.#canPay(ctx, isBuy, priceTicks, wanted)) {
      levels.hold(place, Reason.NO_BALANCE, ctx.nowUs + NO_BALANCE_US);
      ctx.refuse(Reason.NO_BALANCE);
      return;
    }
    if (!ctx.intents.hasRoom(1) || (levels.isDirty[place] !== 0 && !this.#records.publishPlace(ctx, levels, place))) return;
    levels.startPlace(place, priceTicks, wanted, ctx.nowUs);
    // The level's record goes first: a restart then knows that fills of any later order are news.
    if (!this.#records.publishPlace(ctx, levels, place)) {
      levels.undoPlace(place);
      return;
    }
    const draft = this.#draft;
    draft.level = place;
    draft.side = levels.side[place]!;
    draft.priceTicks = priceTicks;
    draft.qtyLots = wanted;
    draft.flags = this.#settings.isPostOnly ? FLAG_POST_ONLY : 0;
    if (ctx.intents.place(draft) !== RESULT_OK) levels.undoPlace(place);
    this.#adjustedUs[place] = ctx.nowUs;
  }

  #adjust(ctx: StrategyContext, book: BookView, place: number, isKept: boolean): void {
    const levels = this.#levels;
    const nowUs = ctx.nowUs;
    if (nowUs < levels.notBeforeUs[place]!) return;
    const line = place >> 1;
    const held = Math.max(0, levels.heldLots(line));
    const owed = (place & 1) === 1 ? held : Math.max(0, levels.lineLots(line) - held);
    const resting = levels.restingLots(place);
    const least = levels.minLots[place]!;
    // Up to the least quantity an order may rest although less is owed: it was rounded up to free a line of dust.
    const isTooMuch = resting > owed && resting > least;
    if (!isKept || (isTooMuch && owed < least)) {
      if (ctx.intents.cancel(place) === RESULT_OK) levels.sentCancel(place);
      return;
    }
    const isDue = nowUs - this.#adjustedUs[place]! >= ADJUST_EVERY_US;
    if (!isTooMuch && !isDue) return;
    const isBuy = levels.side[place] === SIDE_BUY;
    const priceTicks = this.#restingPrice(book, isBuy, levels.priceTicks[place]!);
    const orderTicks = levels.orderTicks[place]!;
    // Only back towards the level's own price: an order that rests at a better price than the market now asks for is left alone.
    const isBack = isBuy ? priceTicks > orderTicks : priceTicks < orderTicks;
    if (!isTooMuch && !isBack && !(owed > resting)) return;
    const qtyLots = levels.cumLots[place]! + (isTooMuch || owed > resting ? owed : resting);
    if (ctx.intents.amend(place, isBack ? priceTicks : orderTicks, qtyLots) !== RESULT_OK) return;
    levels.sentAmend(place);
    this.#adjustedUs[place] = nowUs;
  }

  /** The level's price, or the best price that does not take. */
  #restingPrice(book: BookView, isBuy: boolean, homeTicks: number): number {
    if (!this.#settings.isPostOnly) return homeTicks;
    return isBuy ? Math.min(homeTicks, book.askTicks - 1) : Math.max(homeTicks, book.bidTicks + 1);
  }

  #canPay(ctx: StrategyContext, isBuy: boolean, priceTicks: number, lots: number): boolean {
    const instrument = this.#instrument;
    if (instrument.kind !== 'spot') return true;
    if (isBuy) {
      const cost = lotValue(instrument, priceTicks) * lots;
      if (ctx.freeBalance(0, instrument.quote) - this.#spentQuote < cost) return false;
      this.#spentQuote += cost;
      return true;
    }
    const base = lots * Number(instrument.lotSize);
    if (ctx.freeBalance(0, instrument.base) - this.#spentBase < base) return false;
    this.#spentBase += base;
    return true;
  }
}
