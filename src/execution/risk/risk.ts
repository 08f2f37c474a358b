/**
 * Everything that stands between a wish and an order, in one call on the hot lane: rules of one family a file, cheap ones first, the message count last, so that
 * only an order that is otherwise fine uses it up. No allocation; the answer is a Reason.
 *
 * A hedge leg (FLAG_HEDGE) closes naked exposure: limits that would keep the exposure open (position, exposure, our own order count, message rate, cancel ratio,
 * reducing) do not hold it back; size, price, book, self-trade, funds and halt do.
 */
import { BookReader } from '../../core/book/book-reader.js';
import { gridOf } from '../../core/book/grid.js';
import {
  bookBase,
  CONTROL_HALT,
  CONTROL_TRADING_STATE,
  HALT_NONE,
  MARK_BYTES,
  MARK_RECV_US,
  MARK_SEQUENCE,
  MARK_TICKS,
  type MemoryPlan,
} from '../../core/memory/layout.js';
import { FLAG_HEDGE, FLAG_REDUCE_ONLY, SIDE_BUY, SIDE_SELL, TIF_IOC } from '../../core/memory/record.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../../core/memory/seqlock.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import { Reason } from '../../core/orders/reasons.js';
import type { RunTables } from '../../core/orders/tables.js';
import type { Draft } from './draft.js';
import { checkExposure, checkPosition, reducesOnly } from './exposure.js';
import { Funds } from './funds.js';
import { Leverage } from './leverage.js';
import { TRADING_ACTIVE, TRADING_HALTED, TRADING_REDUCING, type RiskLimits } from './limits.js';
import { Losses } from './losses.js';
import { Positions } from './positions.js';
import { checkBook, checkCollar, middleOf } from './price.js';
import { MessageRate } from './rate.js';
import { RestingOrders } from './resting.js';
import { checkShape, checkSize } from './size.js';

/** An open position without any price for this long is valued at its last fill. */
const UNPRICED_US = 10_000_000;

export interface RiskDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly limits: RiskLimits;
}

export class Risk {
  readonly limits: RiskLimits;
  readonly positions: Positions;
  readonly funds: Funds;
  readonly resting: RestingOrders;
  readonly rate: MessageRate;
  readonly leverage: Leverage;
  readonly losses: Losses;
  /** What is said of an order that is refused because the engine only reduces. */
  reducingReason: Reason = Reason.REDUCING;
  /** The price that positions are valued at, by instrument: mark, else middle, as of the last sweep; NaN when none was seen. */
  readonly valueTicks: Float64Array;
  /** A price near the market, by instrument. */
  readonly lastTicks: Float64Array;
  /** Live orders by venue. */
  readonly openByVenue: Int32Array;
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #books: readonly BookReader[];
  /** When each middle was read for `distance`. */
  readonly #middleUs: Float64Array;
  /** When the mark that was read last came. */
  #markUs = 0;
  #sinceUs = Number.NaN;

  constructor({ views, plan, tables, limits }: RiskDeps) {
    this.limits = limits;
    this.#views = views;
    this.#plan = plan;
    this.positions = new Positions(views, plan, limits.isInverse);
    this.funds = new Funds(views, plan, limits);
    this.resting = new RestingOrders(plan.counts.instruments, plan.counts.orderSlots);
    this.rate = new MessageRate(
      plan.counts.strategies,
      limits.messagesPerSecond,
      limits.messageBurst,
      limits.cancelToFill,
      limits.cancelGrace,
    );
    this.lastTicks = new Float64Array(plan.counts.instruments).fill(Number.NaN);
    this.#middleUs = new Float64Array(plan.counts.instruments).fill(Number.NaN);
    this.valueTicks = new Float64Array(plan.counts.instruments).fill(Number.NaN);
    this.leverage = new Leverage(limits, this.positions, this.funds, this.valueTicks);
    this.losses = new Losses(limits, this.valueTicks, plan.counts.strategies);
    this.openByVenue = new Int32Array(plan.counts.venues);
    this.#books = tables.instruments.map(
      (instrument) => new BookReader(views, bookBase(plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize)),
    );
    Atomics.store(views.i32, (plan.control + CONTROL_TRADING_STATE) >> 2, limits.state);
  }

  /** The halt word, the trading state: what stops everything new. */
  checkState(): number {
    const { i32 } = this.#views;
    if (Atomics.load(i32, (this.#plan.control + CONTROL_HALT) >> 2) !== HALT_NONE) return Reason.HALTED;
    return i32[(this.#plan.control + CONTROL_TRADING_STATE) >> 2] === TRADING_HALTED ? Reason.HALTED : Reason.NONE;
  }

  /** @param leavesLots what may still trade: the whole quantity of a new order */
  checkPlace(draft: Draft, leavesLots: number, nowUs: number): number {
    const shape = checkShape(draft, this.#plan.counts.instruments, this.#plan.counts.levelsPerStrategy);
    return shape === Reason.NONE ? this.#check(draft, leavesLots, nowUs, true) : shape;
  }

  /**
   * A hedge that takes: its limit says how far it may go, not where it wants to trade. Where one of ours rests within that, it stops one tick in front, if the
   * book offers anything there: a naked leg must not stay open because a grid of ours rests deeper in the same book.
   */
  keepInFront(draft: Draft): void {
    const { instrument, side } = draft;
    if ((draft.flags & FLAG_HEDGE) === 0 || draft.timeInForce !== TIF_IOC) return;
    if (!this.resting.wouldMeet(instrument, side, draft.priceTicks)) return;
    const book = this.#books[instrument]!;
    if (!book.look()) return;
    const isBuy = side === SIDE_BUY;
    const front = this.resting.best(instrument, isBuy ? SIDE_SELL : SIDE_BUY) + (isBuy ? -1 : 1);
    if (isBuy ? front >= book.top.askTicks : front <= book.top.bidTicks) draft.priceTicks = front;
  }

  /** An amend: the order itself must not be counted in positions, funds and resting orders at this moment. */
  checkAmend(draft: Draft, leavesLots: number, nowUs: number): number {
    return this.#check(draft, leavesLots, nowUs, false);
  }

  #check(draft: Draft, lots: number, nowUs: number, isNew: boolean): number {
    const { limits, positions } = this;
    const { instrument, side, priceTicks } = draft;
    const isHedge = (draft.flags & FLAG_HEDGE) !== 0;
    let reason = this.checkState();
    if (reason !== Reason.NONE) return reason;
    reason = checkSize(limits, instrument, priceTicks, lots);
    if (reason !== Reason.NONE) return reason;
    reason = this.#checkPrice(instrument, side, priceTicks, nowUs);
    if (reason !== Reason.NONE) return reason;
    if (this.resting.wouldMeet(instrument, side, priceTicks)) return Reason.SELF_TRADE;
    if ((draft.flags & FLAG_REDUCE_ONLY) !== 0 && !reducesOnly(positions, instrument, side, lots)) return Reason.REDUCE_ONLY;
    if (!this.funds.canPay(instrument, side, lots, priceTicks)) return Reason.INSUFFICIENT_BALANCE;
    if (isHedge) return Reason.NONE;
    const state = this.#views.i32[(this.#plan.control + CONTROL_TRADING_STATE) >> 2]!;
    if (state !== TRADING_ACTIVE && (state !== TRADING_REDUCING || !reducesOnly(positions, instrument, side, lots)))
      return this.reducingReason;
    if (isNew && this.#tooManyOpen(instrument)) return Reason.OPEN_ORDERS_LIMIT;
    reason = checkPosition(limits, positions, instrument, side, priceTicks, lots);
    if (reason !== Reason.NONE) return reason;
    reason = checkExposure(limits, positions, this.lastTicks, instrument, side, lots);
    if (reason !== Reason.NONE) return reason;
    reason = this.leverage.check(instrument, side, this.lastTicks[instrument]!, lots);
    if (reason !== Reason.NONE) return reason;
    if (!this.rate.isRatioFine(draft.strategy, nowUs)) return Reason.CANCEL_RATIO;
    return this.rate.take(draft.strategy, nowUs) ? Reason.NONE : Reason.MESSAGE_RATE;
  }

  /** Values what is held at the prices of now, for leverage and losses. Called with every sweep. */
  revalue(nowUs: number): void {
    if (Number.isNaN(this.#sinceUs)) this.#sinceUs = nowUs;
    const { limits, positions, leverage, lastTicks, valueTicks } = this;
    leverage.clear();
    for (let instrument = 0; instrument < valueTicks.length; instrument++) {
      // Strategies may hold against each other what together is nothing: each needs its price.
      const isFlat = positions.net(instrument) === 0 && positions.openBuy(instrument) === 0 && positions.openSell(instrument) === 0;
      if (isFlat && limits.lossOf[instrument]! < 0) continue;
      const ticks = this.#priceNow(instrument, nowUs, limits.bookMaxAgeUs[instrument]!);
      if (ticks > 0) valueTicks[instrument] = ticks;
      // Its feed says nothing: what it last traded at is better than no limit at all.
      else if (!(valueTicks[instrument]! > 0) && nowUs - this.#sinceUs > UNPRICED_US) valueTicks[instrument] = lastTicks[instrument]!;
      leverage.touch(instrument);
    }
  }

  #priceNow(instrument: number, nowUs: number, maxAgeUs: number): number {
    const mark = this.#mark(instrument);
    if (mark > 0 && nowUs - this.#markUs <= maxAgeUs) return mark;
    const book = this.#books[instrument]!;
    return book.look() ? middleOf(book.top.bidTicks, book.top.askTicks) : Number.NaN;
  }

  /** Distance of a price from the middle of the book as it is now, as a ratio; a book is read once a moment. Infinity without a middle. */
  distance(instrument: number, priceTicks: number, nowUs: number): number {
    if (this.#middleUs[instrument] !== nowUs) {
      this.#middleUs[instrument] = nowUs;
      const book = this.#books[instrument]!;
      if (book.look()) {
        const now = middleOf(book.top.bidTicks, book.top.askTicks);
        if (now > 0) this.lastTicks[instrument] = now;
      }
    }
    const middle = this.lastTicks[instrument]!;
    return middle > 0 ? Math.abs(priceTicks - middle) / middle : Infinity;
  }

  #checkPrice(instrument: number, side: number, priceTicks: number, nowUs: number): number {
    const { limits } = this;
    const book = this.#books[instrument]!;
    const isLive = book.look();
    const top = book.top;
    const stale = checkBook(isLive, nowUs - top.recvUs, limits.bookMaxAgeUs[instrument]!);
    if (stale !== Reason.NONE) return stale;
    const middle = middleOf(top.bidTicks, top.askTicks);
    if (Number.isNaN(middle)) return Reason.STALE_BOOK;
    this.lastTicks[instrument] = middle;
    const collar = limits.collar[instrument]!;
    const far = limits.far[instrument]!;
    const near = checkCollar(side, priceTicks, middle, collar, far);
    return near === Reason.NONE ? checkCollar(side, priceTicks, this.#mark(instrument), collar, far) : near;
  }

  #mark(instrument: number): number {
    const { i32, f64 } = this.#views;
    const base = this.#plan.marks + instrument * MARK_BYTES;
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = beginRead(i32, (base + MARK_SEQUENCE) >> 2);
      if (before === 0) return Number.NaN; // never written
      if (before < 0) continue;
      const ticks = f64[(base + MARK_TICKS) >> 3]!;
      this.#markUs = f64[(base + MARK_RECV_US) >> 3]!;
      if (endRead(i32, (base + MARK_SEQUENCE) >> 2, before)) return ticks > 0 ? ticks : Number.NaN;
    }
    return Number.NaN;
  }

  #tooManyOpen(instrument: number): boolean {
    const venue = this.limits.venue[instrument]!;
    return (
      this.resting.count(instrument) >= this.limits.maxOpenOrders[instrument]! || this.openByVenue[venue]! >= this.limits.maxOpenOrdersVenue
    );
  }
}
