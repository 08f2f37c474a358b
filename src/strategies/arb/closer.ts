/**
 * Brings a pair to nothing held on either instrument, when the run ends and the strategy is told to be flat then: each instrument by itself, with orders that take
 * and never rest, and, on contracts, only reduce. They are the pair's closing orders, so its records say afterwards what is still held. Called by ArbStrategy.
 */
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import type { ArbDesk } from './desk.js';
import { limitBehind, takes, widened } from './edge.js';
import type { Pair } from './pair.js';

const PAUSE_US = 100_000;
const PAUSE_MOST_US = 2_000_000;

export class PairCloser {
  readonly #desk: ArbDesk;

  constructor(desk: ArbDesk) {
    this.#desk = desk;
  }

  /** With every turn. @returns true while something is held that a venue would take, or an order is out */
  step(ctx: StrategyContext, pair: Pair, slippage: number): boolean {
    if (pair.isAnyOut) return true;
    let isOpen = false;
    let isSent = false;
    for (let side = 0; side < 2; side++) {
      const held = pair.netLots[side]!;
      if (held === 0) continue;
      const leg = pair.hedges[side as 0 | 1];
      const terms = pair.terms[side as 0 | 1];
      const book = ctx.book(leg.slot);
      const touch = held > 0 ? book.bidTicks : book.askTicks;
      const limit = limitBehind(touch, held < 0, widened(slippage, pair.hedgeAttempts));
      // Dust: less than a venue takes, counted at the limit.
      if (touch > 0 && !takes(terms, Math.abs(held), limit * terms.tick)) continue;
      isOpen = true;
      if (!book.isLive || !(touch > 0) || ctx.nowUs < pair.hedgeNotBeforeUs || !ctx.intents.hasRoom(1)) continue;
      leg.start(held > 0 ? SIDE_SELL : SIDE_BUY, limit, Math.abs(held), ctx.nowUs);
      if (!this.#desk.records.publishLeg(ctx, leg)) {
        leg.undo();
        continue;
      }
      this.#desk.place(ctx, leg, terms.isSpot ? FLAG_HEDGE : FLAG_HEDGE | FLAG_REDUCE_ONLY, 0);
      isSent = true;
    }
    if (isSent) {
      pair.hedgeNotBeforeUs = ctx.nowUs + Math.min(PAUSE_MOST_US, PAUSE_US * 2 ** Math.min(pair.hedgeAttempts, 20));
      pair.hedgeAttempts++;
    } else if (!isOpen && pair.heldBase !== 0) {
      pair.endDeal();
      this.#desk.records.publishPair(ctx, pair);
    }
    return isOpen;
  }
}
