/**
 * The fill model of one instrument: takers walk the visible book, resting orders queue and fill from public trades. Called by the paper venue.
 *
 *   taker                 walks the opposite levels at its arrival, best first, within its limit, at their prices, less what we took before (taken.ts)
 *   trade at our price    against our side: what is left after the queue before us (queue-rule.ts), then after our own earlier orders there
 *   trade through it      at a worse price for its maker than ours: we would have traded first, so the whole order fills at our price
 *   book beyond us        the opposite best is strictly beyond our price: we fill at our price, up to the quantity visible beyond it
 *
 * Nothing fills while the book is not live.
 */
import { FLAG_POST_ONLY, SIDE_BUY, SIDE_SELL } from '../../core/memory/record.js';
import { RESULT_OK } from '../../core/numbers/errors.js';
import type { MarketView } from './market-view.js';
import type { FillModel } from './options.js';
import type { PaperOrder } from './order.js';
import { joinQueue, seeLevel, tradeAtLevel } from './queue-rule.js';
import { TakenLiquidity } from './taken.js';

/** Told of each fill before the matcher goes on; returns the lots that it accepted (fewer when a reduce-only order runs out of position). */
export type FillSink = (order: PaperOrder, ticks: number, lots: number, isMaker: boolean) => number;

/** Told of an order that arrived unseen and turns out to take though it is post-only. */
export type RefusalSink = (order: PaperOrder) => void;

export class Matcher {
  readonly #view: MarketView;
  readonly #model: FillModel;
  readonly #onFill: FillSink;
  readonly #onWouldTake: RefusalSink;
  /** Resting orders by side, in priority: best price first, then arrival. */
  readonly #resting: readonly [PaperOrder[], PaperOrder[]] = [[], []];
  readonly #taken: readonly [TakenLiquidity, TakenLiquidity] = [new TakenLiquidity(), new TakenLiquidity()];

  constructor(
    readonly instrument: number,
    view: MarketView,
    model: FillModel,
    sinks: { readonly onFill: FillSink; readonly onWouldTake: RefusalSink },
  ) {
    this.#view = view;
    this.#model = model;
    this.#onFill = sinks.onFill;
    this.#onWouldTake = sinks.onWouldTake;
  }

  get restingCount(): number {
    return this.#resting[0].length + this.#resting[1].length;
  }

  resting(side: number): readonly PaperOrder[] {
    return this.#side(side);
  }

  /** Whether an order at this price would take now. The caller has loaded a live book. */
  wouldTake(side: number, priceTicks: number): boolean {
    const opposite = opposed(side);
    return this.#view.levelCount(opposite) > 0 && isWithin(side, this.#view.levelTicks(opposite, 0), priceTicks);
  }

  /** Lots that a taker could have within its limit. The caller has loaded a live book. */
  takeable(side: number, priceTicks: number, wantedLots: number): number {
    const opposite = opposed(side);
    const taken = this.#takenOf(opposite);
    let lots = 0;
    for (let index = 0; index < this.#view.levelCount(opposite) && lots < wantedLots; index++) {
      const ticks = this.#view.levelTicks(opposite, index);
      if (!isWithin(side, ticks, priceTicks)) break;
      lots += Math.max(0, taken.available(ticks, this.#view.levelLots(opposite, index)));
    }
    return Math.min(lots, wantedLots);
  }

  /** Fills a taker from the visible book. The caller has loaded a live book. */
  take(order: PaperOrder): void {
    this.#walk(order, order.priceTicks, null);
  }

  /** The order rests at the end of its price's queue. The caller has loaded the book, or not (`isSeen` false): then it queues when the book is next seen. */
  rest(order: PaperOrder, isSeen: boolean): void {
    joinQueue(order, isSeen ? this.#view.lotsAt(order.side, order.priceTicks) : Number.NaN);
    const orders = this.#side(order.side);
    let at = orders.length;
    while (at > 0 && isBetter(order.side, order.priceTicks, orders[at - 1]?.priceTicks ?? Number.NaN)) at--;
    orders.splice(at, 0, order);
  }

  remove(order: PaperOrder): void {
    const orders = this.#side(order.side);
    const at = orders.indexOf(order);
    if (at >= 0) orders.splice(at, 1);
  }

  /** A public trade, received at `recvUs`. The caller knows that the book is live. */
  onTrade(ticks: number, lots: number, takerSide: number, recvUs: number): void {
    this.#tradeAgainst(SIDE_BUY, ticks, lots, takerSide, recvUs);
    this.#tradeAgainst(SIDE_SELL, ticks, lots, takerSide, recvUs);
  }

  /** The book changed. Returns the result of loading it: RESULT_TORN asks for another call. */
  onBook(nowUs: number): number {
    const result = this.#view.load(this.instrument);
    if (result !== RESULT_OK) return result;
    for (const side of [SIDE_BUY, SIDE_SELL]) {
      this.#try(side);
      this.#cross(side);
      for (const order of this.#side(side)) seeLevel(order, this.#view.lotsAt(side, order.priceTicks), this.#model, nowUs);
    }
    return result;
  }

  #tradeAgainst(side: number, ticks: number, lots: number, takerSide: number, recvUs: number): void {
    let filledHere = 0;
    for (const order of this.#side(side).slice()) {
      if (order.priceTicks !== ticks && !isBetter(side, order.priceTicks, ticks)) break;
      if (order.activeUs > recvUs) continue;
      if (order.priceTicks !== ticks) {
        this.#onFill(order, order.priceTicks, order.openLots, true);
      } else if (takerSide === opposed(side)) {
        // A print off the venue's own lot grid has a fraction; fills are whole lots.
        const reaching = Math.floor(tradeAtLevel(order, lots, recvUs)) - filledHere;
        if (reaching > 0) filledHere += this.#onFill(order, ticks, Math.min(reaching, order.openLots), true);
      }
    }
  }

  /** Orders that arrived while the book could not be seen: they take now what they would have taken. */
  #try(side: number): void {
    for (const order of this.#side(side).slice()) {
      if (!order.isUntried) continue;
      order.isUntried = false;
      if (!this.wouldTake(side, order.priceTicks)) continue;
      if ((order.flags & FLAG_POST_ONLY) !== 0) this.#onWouldTake(order);
      else this.take(order);
    }
  }

  /** Resting orders that the opposite side has moved beyond. */
  #cross(side: number): void {
    const opposite = opposed(side);
    if (this.#view.levelCount(opposite) === 0) return;
    for (const order of this.#side(side).slice()) {
      if (!isBetter(side, order.priceTicks, this.#view.levelTicks(opposite, 0))) break;
      this.#walk(order, order.priceTicks, order.priceTicks);
    }
  }

  /** Takes from the opposite levels: at their prices as a taker, or all at `makerTicks` for a resting order, which levels at its very price do not fill. */
  #walk(order: PaperOrder, limitTicks: number, makerTicks: number | null): void {
    const opposite = opposed(order.side);
    const taken = this.#takenOf(opposite);
    for (let index = 0; index < this.#view.levelCount(opposite) && order.openLots > 0 && order.isLive; index++) {
      const ticks = this.#view.levelTicks(opposite, index);
      if (!isWithin(order.side, ticks, limitTicks) || ticks === makerTicks) break;
      const shown = this.#view.levelLots(opposite, index);
      const lots = Math.min(taken.available(ticks, shown), order.openLots);
      if (lots <= 0) continue;
      const filled = this.#onFill(order, makerTicks ?? ticks, lots, makerTicks !== null);
      if (filled > 0) taken.take(ticks, shown, filled);
    }
  }

  #side(side: number): PaperOrder[] {
    return side === SIDE_BUY ? this.#resting[0] : this.#resting[1];
  }

  #takenOf(side: number): TakenLiquidity {
    return side === SIDE_BUY ? this.#taken[0] : this.#taken[1];
  }
}

export function opposed(side: number): number {
  return side === SIDE_BUY ? SIDE_SELL : SIDE_BUY;
}

/** A price that an order of this side accepts. */
function isWithin(side: number, ticks: number, limitTicks: number): boolean {
  return side === SIDE_BUY ? ticks <= limitTicks : ticks >= limitTicks;
}

/** Strictly before another price in the queue of this side. */
function isBetter(side: number, ticks: number, otherTicks: number): boolean {
  return side === SIDE_BUY ? ticks > otherTicks : ticks < otherTicks;
}
