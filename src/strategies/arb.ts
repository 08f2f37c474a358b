/**
 * `arb`: takes both sides of a crossing between two instruments of one base asset, and of a basis between spot and contract. Called by StrategyRunner on the
 * hot lane. The parts that decide stand in arb/: edge (how much, pure), leg (one order), pair (what is going on between two instruments).
 *
 * A deal is taken only if both legs would be accepted: lots, value, balance, position, book age are checked before the first is sent, and the executor checks
 * the group again. Legs are immediate-or-cancel. What one leg fills beyond the other is closed at once where it costs least: on either instrument.
 * Every crossing is counted as taken, or once per episode and reason as refused.
 */
import { assert, RESULT_OK, UsageError } from '../core/numbers/errors.js';
import { FLAG_HEDGE, FLAG_POST_ONLY, SIDE_BUY, SIDE_SELL, TIF_GTC, TIF_IOC } from '../core/memory/record.js';
import { Reason } from '../core/orders/reasons.js';
import type { Instrument } from '../core/orders/instrument.js';
import type {
  BookView,
  OrderDraft,
  OrderEvent,
  Params,
  ParamsEffect,
  Strategy,
  StrategyContext,
  StrategyDefinition,
  StrategySetup,
} from '../core/ports/strategy.js';
import {
  baseOfLot,
  legTerms,
  LegSizes,
  limitBehind,
  SideLevels,
  sizeLegs,
  walk,
  Walk,
  widened,
  type LegTerms,
  type WalkLimits,
} from './arb/edge.js';
import { PairCloser } from './arb/closer.js';
import { Hedges } from './arb/hedges.js';
import { ARB_STATE_NAMES, LegState, type Leg } from './arb/leg.js';
import { PairState, sizeByHeld, type Pair } from './arb/pair.js';
import { PairRecords } from './arb/pair-records.js';
import { PairTable } from './arb/pair-table.js';
import { ARB_PARAMS, arbSettings, type ArbSettings } from './arb/params.js';
import { findQuote, isBeyond, Quote, type QuoteLimits } from './arb/quote.js';

/** Pauses between attempts to close what is naked, and after deals that filled nothing. */
const HEDGE_PAUSE_US = 100_000;
const HEDGE_PAUSE_MOST_US = 5_000_000;
const FAILURE_PAUSE_MOST_US = 30_000_000;

/** Parameters that decide which pairs there are, which of their legs rests, and how large the walked books are. */
const RESHAPING = ['mode', 'equalQuotes', 'maker', 'depth'] as const;

function effectOf(before: Params, after: Params): ParamsEffect {
  return RESHAPING.some((key) => before[key] !== after[key]) ? 'restart' : 'live';
}

export class ArbStrategy implements Strategy {
  #settings: ArbSettings;
  readonly #name: string;
  readonly #instruments: readonly Instrument[];
  readonly #terms: readonly LegTerms[];
  readonly #pairs: PairTable;
  readonly #records: PairRecords;
  readonly #hedges: Hedges;
  readonly #closer: PairCloser;
  /** The run ends, and nothing is to be held then. */
  #isFlattening = false;
  /** Pairs with something going on, by slot. */
  readonly #busy: Uint8Array;
  readonly #asks: SideLevels;
  readonly #bids: SideLevels;
  readonly #walk = new Walk();
  readonly #sizes = new LegSizes();
  readonly #wish = new Quote();
  readonly #quoteLimits = { minEdge: 0, cost: 0, distance: 0, maxBuy: 0, maxSell: 0 } satisfies QuoteLimits;
  readonly #limits = { minEdge: 0, laterCost: 0, maxBase: 0 } satisfies WalkLimits;
  readonly #draft: OrderDraft = {
    level: 0,
    slot: 0,
    side: 0,
    priceTicks: 0,
    qtyLots: 0,
    flags: 0,
    timeInForce: TIF_IOC,
    group: 0,
    groupLegs: 0,
  };

  constructor(setup: StrategySetup) {
    this.#name = setup.name;
    this.#settings = arbSettings(setup.name, setup.params);
    this.#instruments = setup.instruments;
    this.#terms = setup.instruments.map(legTerms);
    this.#busy = new Uint8Array(setup.instruments.length);
    this.#pairs = new PairTable(setup, this.#settings);
    this.#records = new PairRecords(this.#pairs);
    this.#hedges = new Hedges(this.#settings, setup.instruments);
    this.#closer = new PairCloser(this.#records, (ctx, leg, flags) => this.#place(ctx, leg, flags, 0));
    this.#asks = new SideLevels(this.#settings.depth);
    this.#bids = new SideLevels(this.#settings.depth);
    if (setup.recovered === null) return;
    this.#pairs.recover(setup.recovered);
    this.#records.oweAll();
    for (const pair of this.#pairs.usable) if (isBusy(pair.state)) this.#countBusy(pair, 1);
    setup.note(`${setup.name}: resumed, ${setup.recovered.orders.length} orders of the last run looked at`);
  }

  /** Read-only, for tests. */
  get pairs(): readonly Pair[] {
    return this.#pairs.usable;
  }

  onStart(ctx: StrategyContext): void {
    this.#records.publishOwed(ctx);
    for (const pair of this.#pairs.usable) this.#progress(ctx, pair);
  }

  onTop(ctx: StrategyContext, slot: number): void {
    const pairs = this.#pairs.ofSlot(slot);
    if (this.#settings.maker !== 'none') {
      for (let i = 0; i < pairs.length; i++) this.#quote(ctx, pairs[i]!);
      return;
    }
    for (let i = 0; i < pairs.length; i++) {
      this.#consider(ctx, pairs[i]!, 1);
      this.#consider(ctx, pairs[i]!, -1);
    }
  }

  /** What decides the pairs stays; what decides whether, where and how much a pair trades is taken from here on. */
  onParams(ctx: StrategyContext, params: Params): void {
    if (effectOf(ctx.params, params) !== 'live') throw new UsageError(`${this.#name}: ${RESHAPING.join(', ')} are taken at a restart only`);
    this.#settings = arbSettings(this.#name, params);
    this.#hedges.use(this.#settings);
  }

  /** Deals under way are brought to their end; `onStop: flatten` closes what is held as well. */
  onClosing(ctx: StrategyContext): boolean {
    this.#isFlattening = this.#settings.isFlatAtStop;
    let isOpen = false;
    for (const pair of this.#pairs.usable) {
      if (pair.state === PairState.QUOTING) this.#withdraw(ctx, pair.legs[this.#makerSide]);
      if (this.#isFlattening) {
        if (this.#closer.step(ctx, pair, this.#settings.hedgeSlippage)) isOpen = true;
        continue;
      }
      this.#progress(ctx, pair);
      if (pair.isAnyOut || isBusy(pair.state) || this.#hedges.isDue(ctx, pair)) isOpen = true;
    }
    return isOpen;
  }

  onStop(ctx: StrategyContext): void {
    // A quote that filled with nobody there to take the other side would be a position.
    for (const pair of this.#pairs.usable) if (pair.state === PairState.QUOTING) this.#withdraw(ctx, pair.legs[this.#makerSide]);
  }

  onOrder(ctx: StrategyContext, event: OrderEvent): void {
    const pair = this.#pairs.ofLevel(event.level);
    if (pair === null || event.level === pair.recordLevel) return;
    const leg = pair.legOf(event.level);
    const lots = leg.onEvent(event);
    pair.fill(leg, lots, event.fillTicks > 0 ? event.fillTicks : leg.priceTicks);
    this.#records.publishLeg(ctx, leg);
    this.#progress(ctx, pair);
  }

  onTimer(ctx: StrategyContext): void {
    this.#hedges.count(ctx, this.#pairs.usable);
    const pairs = this.#pairs.usable;
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!;
      this.#watchOverdue(ctx, pair);
      this.#progress(ctx, pair);
    }
    this.#records.publishOwed(ctx);
  }

  /** One direction of one pair: is there a crossing, does it pay, may we, how much. */
  #consider(ctx: StrategyContext, pair: Pair, direction: 1 | -1): void {
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
    const { exitEdge, minEdge, reduceEdge, latencyCost, transferCost } = this.#settings;
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
    const { fundingPeriods } = this.#settings;
    if (fundingPeriods === 0) return 0;
    const paid = this.#terms[buySlot]!.isSpot ? 0 : ctx.fundingRate(buySlot);
    const received = this.#terms[sellSlot]!.isSpot ? 0 : ctx.fundingRate(sellSlot);
    const rate = received - paid;
    // A rate that is not known yet promises nothing.
    return Number.isNaN(rate) ? 0 : rate * fundingPeriods;
  }

  get #makerSide(): 0 | 1 {
    return this.#settings.maker === 'first' ? 0 : 1;
  }

  /** Maker-taker: keeps one order of the pair resting where a fill pays, or none. */
  #quote(ctx: StrategyContext, pair: Pair): void {
    const leg = pair.legs[this.#makerSide];
    const isQuoting = pair.state === PairState.QUOTING;
    if (!isQuoting && (pair.isAnyOut || ctx.isStopping)) return;
    const wish = this.#wish;
    this.#findWish(ctx, pair, leg);
    if (isQuoting) {
      if (leg.state !== LegState.SENT) return;
      const isOff = Math.abs(wish.ticks - leg.priceTicks) > wish.ticks * this.#settings.requoteRatio;
      const isLate = isOff && ctx.nowUs - leg.sentUs >= this.#settings.requoteUs;
      if (!wish.isWanted || wish.side !== leg.side || isBeyond(leg.side, leg.priceTicks, wish.limitTicks) || isLate)
        this.#withdraw(ctx, leg);
      return;
    }
    if (!wish.isWanted || ctx.nowUs - leg.sentUs < this.#settings.requoteUs) return;
    if (pair.state === PairState.COOLING && !this.#isRested(ctx, pair)) return;
    if (pair.state !== PairState.IDLE || !ctx.intents.hasRoom(1)) return;
    leg.start(wish.side, wish.ticks, wish.lots, ctx.nowUs);
    if (!this.#records.publishLeg(ctx, leg)) {
      leg.undo();
      return;
    }
    pair.startDeal((wish.side === SIDE_BUY) === (this.#makerSide === 0) ? 1 : -1);
    this.#go(pair, PairState.QUOTING);
    this.#place(ctx, leg, FLAG_POST_ONLY, 0, TIF_GTC);
  }

  /** Sets the wish of this moment: nothing while a book is not to be trusted. */
  #findWish(ctx: StrategyContext, pair: Pair, leg: Leg): void {
    const wish = this.#wish;
    wish.isWanted = false;
    const takerSide = this.#makerSide === 0 ? 1 : 0;
    const other = pair.legs[takerSide];
    const at = ctx.book(leg.slot);
    const against = ctx.book(other.slot);
    const { bookMaxAgeUs, minEdge, latencyCost, transferCost, quoteDistance } = this.#settings;
    if (!at.isFresh(ctx.nowUs, bookMaxAgeUs) || !against.isFresh(ctx.nowUs, bookMaxAgeUs)) return;
    if (!(at.bidTicks > 0 && at.askTicks > 0 && against.bidTicks > 0 && against.askTicks > 0) || this.#hedges.isSpent) return;
    const maker = pair.terms[this.#makerSide];
    const taker = pair.terms[takerSide];
    const limits = this.#quoteLimits;
    limits.minEdge = minEdge;
    limits.cost = latencyCost + transferCost;
    limits.distance = quoteDistance;
    this.#bound(ctx, pair, leg, other, at.askTicks * maker.tick, against.bidTicks * taker.tick);
    limits.maxBuy = this.#limits.maxBase;
    this.#bound(ctx, pair, other, leg, against.askTicks * taker.tick, at.bidTicks * maker.tick);
    limits.maxSell = this.#limits.maxBase;
    findQuote(maker, at, taker, against, limits, wish);
  }

  #withdraw(ctx: StrategyContext, leg: Leg): void {
    if (leg.state !== LegState.SENT || ctx.intents.cancel(leg.level) !== RESULT_OK) return;
    leg.state = LegState.CANCELLING;
    leg.cancelledUs = ctx.nowUs;
    this.#records.publishLeg(ctx, leg);
  }

  /** What stands against any deal of the pair now. */
  #whyNot(ctx: StrategyContext, pair: Pair, buyBook: BookView, sellBook: BookView): number {
    const { bookMaxAgeUs } = this.#settings;
    if (!buyBook.isFresh(ctx.nowUs, bookMaxAgeUs) || !sellBook.isFresh(ctx.nowUs, bookMaxAgeUs)) return Reason.BOOK_TOO_OLD;
    if (pair.state === PairState.COOLING && !this.#isRested(ctx, pair)) return Reason.COOLING_DOWN;
    if (pair.state !== PairState.IDLE || pair.isAnyOut || this.#busy[pair.first]! + this.#busy[pair.second]! > 0) return Reason.LEG_PENDING;
    return this.#hedges.isSpent ? Reason.NAKED_CAP : Reason.NONE;
  }

  /** The pause is over and both books have changed since: what we took ourselves is not taken for an opportunity. */
  #isRested(ctx: StrategyContext, pair: Pair): boolean {
    const pauseUs = Math.min(FAILURE_PAUSE_MOST_US, this.#settings.cooldownUs * 2 ** Math.min(pair.failures, 20));
    if (ctx.nowUs - pair.endedUs < pauseUs) return false;
    if (ctx.book(pair.first).recvUs <= pair.endedUs || ctx.book(pair.second).recvUs <= pair.endedUs) return false;
    this.#go(pair, PairState.IDLE);
    return true;
  }

  #attempt(ctx: StrategyContext, pair: Pair, direction: 1 | -1, isByHeldLots: boolean): void {
    const buySide = direction > 0 ? 0 : 1;
    const sellSide = direction > 0 ? 1 : 0;
    const buyLeg = pair.legs[buySide];
    const sellLeg = pair.legs[sellSide];
    const buy = pair.terms[buySide];
    const sell = pair.terms[sellSide];
    const { depth, slippage } = this.#settings;
    const asks = this.#asks;
    const bids = this.#bids;
    asks.count = ctx.book(buyLeg.slot).levels(SIDE_SELL, depth, asks.ticks, asks.lots);
    bids.count = ctx.book(sellLeg.slot).levels(SIDE_BUY, depth, bids.ticks, bids.lots);
    if (asks.count === 0 || bids.count === 0) return; // torn or gone: the next change decides
    const bound = this.#bound(ctx, pair, buyLeg, sellLeg, asks.ticks[0]! * buy.tick, bids.ticks[0]! * sell.tick);
    if (isByHeldLots) this.#limits.maxBase = Math.min(this.#limits.maxBase, Math.abs(pair.heldBase));
    const found = this.#walk;
    walk(asks, buy, bids, sell, this.#limits, found);
    const sizes = this.#sizes;
    const fits = isByHeldLots
      ? sizeByHeld(found, pair, buySide, sizes)
      : found.base > 0 && sizeLegs(found.base, buy, found.buyTicks, sell, found.sellTicks, sizes);
    if (!fits) {
      // Too little to trade: because of the bound, when it was the bound that cut it.
      const isCut = found.base >= this.#limits.maxBase * (1 - 1e-9);
      this.#refuse(ctx, pair, buySide, isCut ? bound : Reason.SIZE_BELOW_MINIMUM);
      return;
    }
    const buyTicks = limitBehind(found.buyTicks, true, slippage);
    const sellTicks = limitBehind(found.sellTicks, false, slippage);
    this.#send(ctx, pair, direction, { buyTicks, buyLots: sizes.buyLots, sellTicks, sellLots: sizes.sellLots });
  }

  /** Sets the largest base quantity allowed now; returns the reason that belongs to the tightest bound. */
  #bound(ctx: StrategyContext, pair: Pair, buyLeg: Leg, sellLeg: Leg, ask: number, bid: number): number {
    const { maxNotional, maxPosition, nakedCap, legTimeoutUs } = this.#settings;
    const buy = this.#terms[buyLeg.slot]!;
    const sell = this.#terms[sellLeg.slot]!;
    let most = maxNotional / ask;
    let reason: number = Reason.SIZE_BELOW_MINIMUM;
    const tighten = (base: number, why: number): void => {
      if (base >= most) return;
      most = Math.max(0, base);
      reason = why;
    };
    // If one leg fills and the other hangs until its timeout, naked value times seconds stays within the cap.
    tighten(nakedCap / (legTimeoutUs / 1e6) / ask, Reason.NAKED_CAP);
    tighten(maxPosition / ask - ctx.positionLots(buyLeg.slot) * baseOfLot(buy, ask), Reason.POSITION_CAP);
    tighten(maxPosition / bid + ctx.positionLots(sellLeg.slot) * baseOfLot(sell, bid), Reason.POSITION_CAP);
    if (buy.isSpot)
      tighten(
        ctx.freeBalance(buyLeg.slot, this.#instruments[buyLeg.slot]!.quote) / (ask * (1 + buy.fee + this.#settings.slippage)),
        Reason.NO_BALANCE,
      );
    if (sell.isSpot) tighten(ctx.freeBalance(sellLeg.slot, this.#instruments[sellLeg.slot]!.base), Reason.NO_BALANCE);
    this.#limits.maxBase = most;
    return reason;
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
    if (!this.#records.publishLeg(ctx, buyLeg) || !this.#records.publishLeg(ctx, sellLeg)) {
      buyLeg.undo();
      sellLeg.undo();
      return;
    }
    const group = ctx.intents.nextGroup();
    pair.startDeal(direction);
    this.#go(pair, PairState.LEGS);
    this.#place(ctx, buyLeg, 0, group);
    this.#place(ctx, sellLeg, 0, group);
    ctx.taken(group);
  }

  /** @param group 0 for an order that stands alone */
  #place(ctx: StrategyContext, leg: Leg, flags: number, group: number, timeInForce: number = TIF_IOC): void {
    const draft = this.#draft;
    draft.level = leg.level;
    draft.slot = leg.slot;
    draft.side = leg.side;
    draft.priceTicks = leg.priceTicks;
    draft.qtyLots = leg.qtyLots;
    draft.flags = flags;
    draft.timeInForce = timeInForce;
    draft.group = group;
    draft.groupLegs = group === 0 ? 0 : 2;
    assert(ctx.intents.place(draft) === RESULT_OK, `room for leg ${leg.level} was checked`);
  }

  /** What the pair's state asks for now. */
  #progress(ctx: StrategyContext, pair: Pair): void {
    if (this.#isFlattening) return;
    switch (pair.state) {
      case PairState.LEGS:
        if (!pair.legs[0].isOut && !pair.legs[1].isOut) this.#settle(ctx, pair);
        break;
      case PairState.HEDGING:
        if (!pair.hedges[0].isOut && !pair.hedges[1].isOut) this.#settle(ctx, pair);
        break;
      case PairState.NAKED:
        this.#settle(ctx, pair);
        break;
      case PairState.QUOTING:
        this.#progressQuote(ctx, pair);
        break;
      case PairState.COOLING:
        if (this.#hedges.isDue(ctx, pair)) this.#settle(ctx, pair);
        else this.#isRested(ctx, pair);
        break;
      default:
        if (this.#hedges.isDue(ctx, pair)) this.#settle(ctx, pair);
        break;
    }
  }

  #progressQuote(ctx: StrategyContext, pair: Pair): void {
    const leg = pair.legs[this.#makerSide];
    if (this.#hedges.isDue(ctx, pair)) {
      // What still rests would fill into a market that has just moved.
      this.#withdraw(ctx, leg);
      ctx.taken(ctx.intents.nextGroup());
      this.#settle(ctx, pair);
    } else if (!leg.isOut) {
      if (leg.cumLots > 0) this.#settle(ctx, pair);
      else this.#go(pair, PairState.IDLE);
    }
  }

  /** Close what is naked, or end the deal. */
  #settle(ctx: StrategyContext, pair: Pair): void {
    if (this.#hedges.isDue(ctx, pair)) {
      this.#go(pair, PairState.NAKED);
      this.#hedge(ctx, pair);
      return;
    }
    pair.endDeal();
    pair.endedUs = ctx.nowUs;
    pair.hedgeAttempts = 0;
    this.#go(pair, PairState.COOLING);
    this.#records.publishPair(ctx, pair);
  }

  #hedge(ctx: StrategyContext, pair: Pair): void {
    // While stopping, after the part that closes, nothing goes out; the next start finds what is naked and closes it.
    if ((ctx.isStopping && !ctx.isClosing) || ctx.nowUs < pair.hedgeNotBeforeUs || !ctx.intents.hasRoom(1)) return;
    const isSell = pair.nakedBase > 0;
    const side = this.#hedges.cheaperSide(ctx, pair, isSell);
    if (side < 0) return; // no live book that takes it: tried again with every timer turn
    const leg = pair.hedges[side as 0 | 1];
    const book = ctx.book(leg.slot);
    const slippage = widened(this.#settings.hedgeSlippage, pair.hedgeAttempts);
    const lots = this.#hedges.lots(ctx, pair, side as 0 | 1);
    leg.start(isSell ? SIDE_SELL : SIDE_BUY, limitBehind(isSell ? book.bidTicks : book.askTicks, !isSell, slippage), lots, ctx.nowUs);
    if (!this.#records.publishLeg(ctx, leg)) {
      leg.undo();
      return;
    }
    pair.hedgeNotBeforeUs = ctx.nowUs + Math.min(HEDGE_PAUSE_MOST_US, HEDGE_PAUSE_US * 2 ** Math.min(pair.hedgeAttempts, 20));
    pair.hedgeAttempts++;
    this.#place(ctx, leg, FLAG_HEDGE, 0);
    this.#go(pair, PairState.HEDGING);
  }

  /** A leg that has no final answer in time is cancelled; a second timeout later the pair goes on without its answer. Late fills are still counted. */
  #watchOverdue(ctx: StrategyContext, pair: Pair): void {
    const { legTimeoutUs } = this.#settings;
    for (let n = 0; n < 4; n++) {
      const leg = pair.placeAt(n);
      if (pair.state === PairState.QUOTING && leg.state === LegState.SENT) continue;
      if (!leg.isOut || ctx.nowUs - leg.sentUs <= legTimeoutUs) continue;
      const isCancelDue = leg.state === LegState.SENT && ctx.nowUs - leg.cancelledUs > legTimeoutUs;
      if (isCancelDue && ctx.intents.cancel(leg.level) === RESULT_OK) {
        leg.state = LegState.CANCELLING;
        leg.cancelledUs = ctx.nowUs;
        this.#records.publishLeg(ctx, leg);
      }
      const isGivenUp = ctx.nowUs - leg.sentUs > 2 * legTimeoutUs;
      if (isGivenUp && n < 2 && pair.state === PairState.LEGS && this.#hedges.isDue(ctx, pair)) this.#go(pair, PairState.NAKED);
    }
  }

  #go(pair: Pair, next: number): void {
    const wasBusy = isBusy(pair.state);
    pair.go(next);
    if (wasBusy !== isBusy(next)) this.#countBusy(pair, wasBusy ? -1 : 1);
  }

  #countBusy(pair: Pair, change: number): void {
    this.#busy[pair.first] = this.#busy[pair.first]! + change;
    this.#busy[pair.second] = this.#busy[pair.second]! + change;
  }

  /** Counted once per episode and reason: a crossing that lasts a minute is one opportunity, not a thousand. */
  #refuse(ctx: StrategyContext, pair: Pair, side: 0 | 1, reason: number): void {
    const bit = 1 << (reason - Reason.EDGE_TOO_SMALL);
    if ((pair.refusedBits[side]! & bit) !== 0) return;
    pair.refusedBits[side] = pair.refusedBits[side]! | bit;
    ctx.refuse(reason);
  }
}

function isBusy(state: number): boolean {
  return state === PairState.LEGS || state === PairState.NAKED || state === PairState.HEDGING;
}

const arb: StrategyDefinition = {
  kind: 'arb',
  pnlKind: 'arb',
  description: 'Takes crossings between two instruments of one base asset, and the basis between spot and contract.',
  params: ARB_PARAMS,
  instruments: { min: 2, max: 12 },
  levelStates: ARB_STATE_NAMES,
  create: (setup) => new ArbStrategy(setup),
  effectOf,
};

export default arb;
