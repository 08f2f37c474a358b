/** Maker-taker: one order of a pair rests where a fill pays, or none; what it fills is taken on the other side by ArbStrategy, which calls this. Hot lane. */
import { FLAG_POST_ONLY, SIDE_BUY, TIF_GTC } from '../../core/memory/record.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import { DealBound } from './bound.js';
import type { ArbDesk } from './desk.js';
import { LegState, type Leg } from './leg.js';
import { PairState, type Pair } from './pair.js';
import { findQuote, isBeyond, Quote, type QuoteLimits } from './quote.js';

export class PairMaker {
  /** The instrument of a pair on which its order rests: other parameters never change it. */
  readonly side: 0 | 1;
  readonly #desk: ArbDesk;
  readonly #bound: DealBound;
  readonly #wish = new Quote();
  readonly #limits = { minEdge: 0, cost: 0, distance: 0, maxBuy: 0, maxSell: 0 } satisfies QuoteLimits;

  constructor(desk: ArbDesk) {
    this.#desk = desk;
    this.side = desk.settings.maker === 'first' ? 0 : 1;
    this.#bound = new DealBound(desk);
  }

  /** Keeps one order of the pair resting where a fill pays, or none. */
  quote(ctx: StrategyContext, pair: Pair): void {
    const leg = pair.legs[this.side];
    const isQuoting = pair.state === PairState.QUOTING;
    if (!isQuoting && (pair.isAnyOut || ctx.isStopping)) return;
    const wish = this.#wish;
    this.#findWish(ctx, pair, leg);
    if (isQuoting) {
      if (leg.state !== LegState.SENT) return;
      const isOff = Math.abs(wish.ticks - leg.priceTicks) > wish.ticks * this.#desk.settings.requoteRatio;
      const isLate = isOff && ctx.nowUs - leg.sentUs >= this.#desk.settings.requoteUs;
      if (!wish.isWanted || wish.side !== leg.side || isBeyond(leg.side, leg.priceTicks, wish.limitTicks) || isLate)
        this.#desk.withdraw(ctx, leg);
      return;
    }
    if (!wish.isWanted || ctx.nowUs - leg.sentUs < this.#desk.settings.requoteUs) return;
    if (pair.state === PairState.COOLING && !this.#desk.isRested(ctx, pair)) return;
    if (pair.state !== PairState.IDLE || !ctx.intents.hasRoom(1)) return;
    leg.start(wish.side, wish.ticks, wish.lots, ctx.nowUs);
    if (!this.#desk.records.publishLeg(ctx, leg)) {
      leg.undo();
      return;
    }
    pair.startDeal((wish.side === SIDE_BUY) === (this.side === 0) ? 1 : -1);
    this.#desk.pairs.go(pair, PairState.QUOTING);
    this.#desk.place(ctx, leg, FLAG_POST_ONLY, 0, TIF_GTC);
  }

  /** Sets the wish of this moment: nothing while a book is not to be trusted. */
  #findWish(ctx: StrategyContext, pair: Pair, leg: Leg): void {
    const wish = this.#wish;
    wish.isWanted = false;
    const takerSide = this.side === 0 ? 1 : 0;
    const other = pair.legs[takerSide];
    const at = ctx.book(leg.slot);
    const against = ctx.book(other.slot);
    const { bookMaxAgeUs, minEdge, latencyCost, transferCost, quoteDistance } = this.#desk.settings;
    if (!at.isFresh(ctx.nowUs, bookMaxAgeUs) || !against.isFresh(ctx.nowUs, bookMaxAgeUs)) return;
    if (!(at.bidTicks > 0 && at.askTicks > 0 && against.bidTicks > 0 && against.askTicks > 0) || this.#desk.hedges.isSpent) return;
    const maker = pair.terms[this.side];
    const taker = pair.terms[takerSide];
    const limits = this.#limits;
    limits.minEdge = minEdge;
    limits.cost = latencyCost + transferCost;
    limits.distance = quoteDistance;
    const bound = this.#bound;
    bound.find(ctx, leg, other, at.askTicks * maker.tick, against.bidTicks * taker.tick);
    limits.maxBuy = bound.base;
    bound.find(ctx, other, leg, against.askTicks * taker.tick, at.bidTicks * maker.tick);
    limits.maxSell = bound.base;
    findQuote(maker, at, taker, against, limits, wish);
  }

  /** Asks the order back, if one rests. */
  withdraw(ctx: StrategyContext, pair: Pair): void {
    if (pair.state === PairState.QUOTING) this.#desk.withdraw(ctx, pair.legs[this.side]);
  }
}
