/**
 * Takes crossings as they show: one direction of a pair at a time. Is there one, does it pay, may we, how much; then both legs at once. Every crossing is counted
 * as taken, or once per episode and reason as refused. Called by ArbStrategy for every changed book, on the hot lane.
 */
import { SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import type { BookView, StrategyContext } from '../../core/ports/strategy.js';
import { DealBound } from './bound.js';
import type { ArbDesk } from './desk.js';
import { LegSizes, limitBehind, SideLevels, sizeLegs, walk, Walk, type WalkLimits } from './edge.js';
import { PairState, sizeByHeld, type Pair } from './pair.js';

export class PairTaker {
  readonly #desk: ArbDesk;
  readonly #bound: DealBound;
  readonly #asks: SideLevels;
  readonly #bids: SideLevels;
  readonly #walk = new Walk();
  readonly #sizes = new LegSizes();
  readonly #limits = { minEdge: 0, laterCost: 0, maxBase: 0 } satisfies WalkLimits;

  constructor(desk: ArbDesk) {
    this.#desk = desk;
    this.#bound = new DealBound(desk);
    this.#asks = new SideLevels(desk.settings.depth);
    this.#bids = new SideLevels(desk.settings.depth);
  }

  /** One direction of one pair: is there a crossing, does it pay, may we, how much. */
  consider(ctx: StrategyContext, pair: Pair, direction: 1 | -1): void {
    const buySide = direction > 0 ? 0 : 1;
    const sellSide = direction > 0 ? 1 : 0;
    const buySlot = direction > 0 ? pair.first : pair.second;
    const sellSlot = direction > 0 ? pair.second : pair.first;
    const buyBook = ctx.book(buySlot);
    const sellBook = ctx.book(sellSlot);
    if (!buyBook.isLive || !sellBook.isLive) return;
    const buy = pair.terms[buySide];
    const sell = pair.terms[sellSide];
    const ask = buyBook.askTicks * buy.tick;
    const bid = sellBook.bidTicks * sell.tick;
    if (!(ask > 0 && bid > 0)) return;
    const limits = this.#limits;
    const isReducing = pair.heldBase * direction < 0;
    const isClosing = pair.isBasis && isReducing;
    const { exitEdge, minEdge, reduceEdge, latencyCost, transferCost } = this.#desk.settings;
    limits.minEdge = isClosing ? exitEdge - pair.entryEdge : isReducing ? reduceEdge : minEdge;
    limits.laterCost = latencyCost + (isReducing ? 0 : transferCost);
    if (pair.isBasis && !isClosing) limits.laterCost += buy.fee + sell.fee - this.#funding(ctx, buySlot, sellSlot);
    const pays = bid * (1 - sell.fee) - ask * (1 + buy.fee + limits.laterCost) >= limits.minEdge * ask;
    if (bid <= ask && !(isClosing && pays)) {
      pair.refusedBits[buySide] = 0; // the episode is over
      return;
    }
    if (ctx.isStopping) return;
    const reason = pays ? this.#whyNot(ctx, pair, buyBook, sellBook) : Reason.EDGE_TOO_SMALL;
    if (reason !== Reason.NONE) {
      this.#refuse(ctx, pair, buySide, reason);
      return;
    }
    this.#attempt(ctx, pair, direction, isReducing && (pair.isBasis || buy.isInverse || sell.isInverse));
  }

  /** What the position will be paid (negative: will pay) as a share of its value: the one that is long a contract pays a positive rate, the one short receives it. */
  #funding(ctx: StrategyContext, buySlot: number, sellSlot: number): number {
    const { fundingPeriods } = this.#desk.settings;
    if (fundingPeriods === 0) return 0;
    const paid = this.#desk.terms[buySlot]!.isSpot ? 0 : ctx.fundingRate(buySlot);
    const received = this.#desk.terms[sellSlot]!.isSpot ? 0 : ctx.fundingRate(sellSlot);
    const rate = received - paid;
    // A rate that is not known yet promises nothing.
    return Number.isNaN(rate) ? 0 : rate * fundingPeriods;
  }

  /** What stands against any deal of the pair now. */
  #whyNot(ctx: StrategyContext, pair: Pair, buyBook: BookView, sellBook: BookView): number {
    const { bookMaxAgeUs } = this.#desk.settings;
    if (!buyBook.isFresh(ctx.nowUs, bookMaxAgeUs) || !sellBook.isFresh(ctx.nowUs, bookMaxAgeUs)) return Reason.BOOK_TOO_OLD;
    if (pair.state === PairState.COOLING && !this.#desk.isRested(ctx, pair)) return Reason.COOLING_DOWN;
    if (pair.state !== PairState.IDLE || pair.isAnyOut || this.#desk.pairs.isAnyBusy(pair)) return Reason.LEG_PENDING;
    return this.#desk.hedges.isSpent ? Reason.NAKED_CAP : Reason.NONE;
  }

  #attempt(ctx: StrategyContext, pair: Pair, direction: 1 | -1, isByHeldLots: boolean): void {
    const buySide = direction > 0 ? 0 : 1;
    const sellSide = direction > 0 ? 1 : 0;
    const buyLeg = pair.legs[buySide];
    const sellLeg = pair.legs[sellSide];
    const buy = pair.terms[buySide];
    const sell = pair.terms[sellSide];
    const { depth, slippage } = this.#desk.settings;
    const asks = this.#asks;
    const bids = this.#bids;
    asks.count = ctx.book(buyLeg.slot).levels(SIDE_SELL, depth, asks.ticks, asks.lots);
    bids.count = ctx.book(sellLeg.slot).levels(SIDE_BUY, depth, bids.ticks, bids.lots);
    if (asks.count === 0 || bids.count === 0) return; // torn or gone: the next change decides
    const bound = this.#bound;
    bound.find(ctx, buyLeg, sellLeg, asks.ticks[0]! * buy.tick, bids.ticks[0]! * sell.tick);
    this.#limits.maxBase = isByHeldLots ? Math.min(bound.base, Math.abs(pair.heldBase)) : bound.base;
    const found = this.#walk;
    walk(asks, buy, bids, sell, this.#limits, found);
    const sizes = this.#sizes;
    const fits = isByHeldLots
      ? sizeByHeld(found, pair, buySide, sizes)
      : found.base > 0 && sizeLegs(found.base, buy, found.buyTicks, sell, found.sellTicks, sizes);
    if (!fits) {
      // Too little to trade: because of the bound, when it was the bound that cut it.
      const isCut = found.base >= this.#limits.maxBase * (1 - 1e-9);
      this.#refuse(ctx, pair, buySide, isCut ? bound.reason : Reason.SIZE_BELOW_MINIMUM);
      return;
    }
    const buyTicks = limitBehind(found.buyTicks, true, slippage);
    const sellTicks = limitBehind(found.sellTicks, false, slippage);
    this.#send(ctx, pair, direction, { buyTicks, buyLots: sizes.buyLots, sellTicks, sellLots: sizes.sellLots });
  }

  #send(
    ctx: StrategyContext,
    pair: Pair,
    direction: 1 | -1,
    deal: { readonly buyTicks: number; readonly buyLots: number; readonly sellTicks: number; readonly sellLots: number },
  ): void {
    if (!ctx.intents.hasRoom(2)) return;
    const buyLeg = pair.legs[direction > 0 ? 0 : 1];
    const sellLeg = pair.legs[direction > 0 ? 1 : 0];
    buyLeg.start(SIDE_BUY, deal.buyTicks, deal.buyLots, ctx.nowUs);
    sellLeg.start(SIDE_SELL, deal.sellTicks, deal.sellLots, ctx.nowUs);
    // The levels' records go first: a restart then knows that any fill of these orders is news.
    if (!this.#desk.records.publishLeg(ctx, buyLeg) || !this.#desk.records.publishLeg(ctx, sellLeg)) {
      buyLeg.undo();
      sellLeg.undo();
      return;
    }
    const group = ctx.intents.nextGroup();
    pair.startDeal(direction);
    this.#desk.pairs.go(pair, PairState.LEGS);
    this.#desk.place(ctx, buyLeg, 0, group);
    this.#desk.place(ctx, sellLeg, 0, group);
    ctx.taken(group);
  }

  /** Counted once per episode and reason: a crossing that lasts a minute is one opportunity, not a thousand. */
  #refuse(ctx: StrategyContext, pair: Pair, side: 0 | 1, reason: number): void {
    const bit = 1 << (reason - Reason.EDGE_TOO_SMALL);
    if ((pair.refusedBits[side]! & bit) !== 0) return;
    pair.refusedBits[side] = pair.refusedBits[side]! | bit;
    ctx.refuse(reason);
  }
}
