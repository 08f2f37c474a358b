/**
 * The strategy of a drill: an order, an amend or a cancel for every change of a book, and of every few orders one that takes, so that a short while of it goes every
 * way through runner, risk and executor often. Run by the hot lane, on scratch memory only (`made-up-lane.ts`).
 */
import { FLAG_POST_ONLY, RecordKind, SIDE_BUY, SIDE_SELL, TIF_GTC, TIF_IOC } from '../core/memory/record.js';
import { RESULT_FULL, RESULT_OK } from '../core/numbers/errors.js';
import type { OrderEvent, Strategy, StrategyContext, StrategyDefinition, StrategySetup } from '../core/ports/strategy.js';
import { orderDraft } from '../strategies/drafts.js';
import { leastLots } from '../strategies/grid/ladder.js';

/** Levels of one strategy: orders that rest at once. */
export const DRILL_LEVELS = 16;
/** Of so many orders one takes what stands in the book, buying and selling in turn. */
const TAKES_EVERY = 4;
/** Resting orders stand so far behind the best price, as a share of it: where the made-up market does not reach them within their few turns. */
const BEHIND = 0.005;
const FREE = 0;
const WAITING = 1;
const OPEN = 2;
const AMENDED = 3;

class Drill implements Strategy {
  readonly #setup: StrategySetup;
  /** By slot, of the price there was first: no arithmetic of decimals after that. */
  readonly #lots: Float64Array;
  readonly #levels = new Uint8Array(DRILL_LEVELS);
  /** By level: the slot of its order. */
  readonly #slots = new Uint16Array(DRILL_LEVELS);
  #next = 0;
  #orders = 0;
  readonly #draft = orderDraft(TIF_GTC);

  constructor(setup: StrategySetup) {
    this.#setup = setup;
    this.#lots = new Float64Array(setup.instruments.length);
  }

  onTop(ctx: StrategyContext, slot: number): void {
    const book = ctx.book(slot);
    if (ctx.isStopping || !book.isLive) return;
    this.#step(ctx, slot, this.#next, book.bidTicks, book.askTicks);
    this.#next = (this.#next + 1) % DRILL_LEVELS;
  }

  onOrder(_ctx: StrategyContext, event: OrderEvent): void {
    const { kind, level } = event;
    if (kind === RecordKind.ACK) this.#levels[level] = OPEN;
    else if (kind === RecordKind.AMENDED || kind === RecordKind.AMEND_REJECT) this.#levels[level] = AMENDED;
    else if (kind === RecordKind.FILL ? event.cumLots === event.qtyLots : kind !== RecordKind.CANCEL_REJECT) this.#levels[level] = FREE;
  }

  #step(ctx: StrategyContext, slot: number, level: number, bidTicks: number, askTicks: number): void {
    const state = this.#levels[level]!;
    if (state !== FREE && this.#slots[level] !== slot) return;
    // Twice the least: the price may fall from here.
    if (this.#lots[slot] === 0) this.#lots[slot] = 2 * leastLots(this.#setup.instruments[slot]!, bidTicks);
    const lots = this.#lots[slot]!;
    const draft = this.#draft;
    const behindTicks = Math.floor(bidTicks * (1 - BEHIND));
    let result = RESULT_FULL;
    if (state === FREE) {
      const takes = ++this.#orders % TAKES_EVERY === 0;
      const isSell = this.#orders % (2 * TAKES_EVERY) === 0;
      draft.level = level;
      draft.slot = slot;
      this.#slots[level] = slot;
      draft.side = isSell ? SIDE_SELL : SIDE_BUY;
      draft.priceTicks = !takes ? behindTicks : isSell ? bidTicks : askTicks;
      draft.qtyLots = lots;
      draft.flags = takes ? 0 : FLAG_POST_ONLY;
      draft.timeInForce = takes ? TIF_IOC : TIF_GTC;
      result = ctx.intents.place(draft);
    } else if (state === OPEN) result = ctx.intents.amend(level, behindTicks - 1, 2 * lots);
    else if (state === AMENDED) result = ctx.intents.cancel(level);
    if (result === RESULT_OK) this.#levels[level] = WAITING;
  }
}

export const drill: StrategyDefinition = {
  kind: 'drill',
  pnlKind: 'other',
  description: 'orders, amends and cancels without end',
  params: [],
  instruments: { min: 1, max: 1_000 },
  create: (setup) => new Drill(setup),
};
