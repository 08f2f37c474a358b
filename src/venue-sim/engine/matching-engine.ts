/**
 * The judge: a matching engine with price-time priority over integer ticks and lots. It decides every execution of the simulated exchanges and shares no
 * code with the engine's paper fill models. It knows accounts only as numbers. Called by `Market`
 * (order flow) and by `exchange/` (the accounts of clients), one thread.
 */
import { assert } from '../../core/numbers/errors.js';
import { BookOrder, BookSide, type PriceLevel, type Side } from './book-side.js';

export type TimeInForce = 'gtc' | 'ioc' | 'fok';
/** What happens when an order meets a resting one of its own account. */
export type SelfTradeMode = 'none' | 'expire-taker' | 'expire-maker' | 'expire-both';

export interface NewOrder {
  readonly owner: number;
  readonly side: Side;
  /** Limit price; null is a market order, which never rests. */
  readonly ticks: number | null;
  readonly lots: number;
  readonly timeInForce: TimeInForce;
  readonly postOnly?: boolean;
  readonly selfTrade?: SelfTradeMode;
}

/** Why an order did not enter the book whole; `accepted` covers filled, resting and part filled. */
export type SubmitVerdict = 'accepted' | 'would-take' | 'not-fillable';

export interface SubmitResult {
  readonly verdict: SubmitVerdict;
  readonly orderId: number;
  readonly filledLots: number;
  readonly restingLots: number;
  /** Lots that were given up because they met an order of the same account. */
  readonly selfTradeLots: number;
}

/** One execution between a resting (maker) order and an incoming (taker) one, at the maker's price. */
export interface EngineTrade {
  readonly ticks: number;
  readonly lots: number;
  readonly takerSide: Side;
  readonly makerOrderId: number;
  readonly makerOwner: number;
  readonly makerLotsLeft: number;
  readonly takerOrderId: number;
  readonly takerOwner: number;
}

export interface EngineEvents {
  /** The level's new total, 0 when it is gone. `engine.sequence` already counts this change. */
  onLevel(side: Side, ticks: number, lots: number): void;
  onTrade(trade: EngineTrade): void;
  /** A resting order left the book because an order of the same account met it. */
  onSelfTrade?(makerOrderId: number, lots: number): void;
}

export interface MatchingEngineOptions {
  /** How far the sequence rises with a change: 1 when absent. Futures venues share one counter among symbols, so theirs jump. */
  readonly sequenceStep?: () => number;
}

/** What a restart needs of one resting order; arrays keep their queue order. */
export type SavedOrder = readonly [id: number, owner: number, ticks: number, lots: number];

export interface SavedBook {
  readonly sequence: number;
  readonly nextOrderId: number;
  readonly buy: readonly SavedOrder[];
  readonly sell: readonly SavedOrder[];
}

export class MatchingEngine {
  readonly bids = new BookSide('buy');
  readonly asks = new BookSide('sell');
  readonly #orders = new Map<number, BookOrder>();
  readonly #events: EngineEvents;
  readonly #options: MatchingEngineOptions;
  #sequence: number;
  #nextOrderId: number;

  constructor(events: EngineEvents, first: { readonly sequence: number; readonly orderId: number }, options: MatchingEngineOptions = {}) {
    this.#events = events;
    this.#options = options;
    this.#sequence = first.sequence;
    this.#nextOrderId = first.orderId;
  }

  /** Number of the last change of a level. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The id that the next order will get. */
  get nextOrderId(): number {
    return this.#nextOrderId;
  }

  get orderCount(): number {
    return this.#orders.size;
  }

  side(side: Side): BookSide {
    return side === 'buy' ? this.bids : this.asks;
  }

  order(orderId: number): Readonly<BookOrder> | undefined {
    return this.#orders.get(orderId);
  }

  levelLots(side: Side, ticks: number): number {
    return this.side(side).at(ticks)?.lots ?? 0;
  }

  submit(order: NewOrder): SubmitResult {
    assert(Number.isSafeInteger(order.lots) && order.lots > 0, `order lots must be a positive integer, was ${order.lots}`);
    assert(order.ticks === null || Number.isSafeInteger(order.ticks), `order ticks must be an integer, was ${order.ticks}`);
    const orderId = this.#nextOrderId++;
    const { lots } = order;
    const nothing = { orderId, filledLots: 0, restingLots: 0, selfTradeLots: 0 };
    if (order.postOnly === true && this.wouldTake(order.side, order.ticks)) return { verdict: 'would-take', ...nothing };
    if (order.timeInForce === 'fok' && this.takableLots(order) < lots) return { verdict: 'not-fillable', ...nothing };
    const { left, isStopped } = this.#take(order, orderId);
    const filledLots = lots - left;
    if (isStopped) return { verdict: 'accepted', orderId, filledLots, restingLots: 0, selfTradeLots: left };
    const rests = left > 0 && order.ticks !== null && order.timeInForce === 'gtc';
    if (rests) this.#rest(orderId, order, order.ticks, left);
    return { verdict: 'accepted', orderId, filledLots, restingLots: rests ? left : 0, selfTradeLots: 0 };
  }

  /** Lots taken out of the book; 0 when the order is not there (any more). */
  cancel(orderId: number): number {
    const order = this.#orders.get(orderId);
    if (order === undefined) return 0;
    const lots = order.lots;
    this.#orders.delete(orderId);
    this.side(order.side).unlink(order);
    this.#changed(order.side, order.level);
    return lots;
  }

  /** Makes the order smaller and keeps its place in the queue. False when it is not there or would not get smaller. */
  reduce(orderId: number, lots: number): boolean {
    const order = this.#orders.get(orderId);
    if (order === undefined || !Number.isSafeInteger(lots) || lots <= 0 || lots >= order.lots) return false;
    order.level.lots -= order.lots - lots;
    order.lots = lots;
    this.#changed(order.side, order.level);
    return true;
  }

  /** Lots that rest before this order at its price: its place in the queue. -1 when it is not there. */
  lotsAhead(orderId: number): number {
    const order = this.#orders.get(orderId);
    if (order === undefined) return -1;
    let lots = 0;
    for (let ahead = order.previous; ahead !== null; ahead = ahead.previous) lots += ahead.lots;
    return lots;
  }

  save(): SavedBook {
    const saved = (side: BookSide): SavedOrder[] => {
      const orders: SavedOrder[] = [];
      for (const level of side.levels()) {
        for (let order = level.first; order !== null; order = order.next) {
          orders.push([order.id, order.owner, order.ticks, order.lots]);
        }
      }
      return orders;
    };
    return { sequence: this.#sequence, nextOrderId: this.#nextOrderId, buy: saved(this.bids), sell: saved(this.asks) };
  }

  /** Into an empty engine, without events. */
  load(saved: SavedBook): void {
    assert(this.#orders.size === 0, `a book is loaded into an empty engine, this one holds ${this.#orders.size} orders`);
    for (const side of [this.bids, this.asks]) {
      for (const [id, owner, ticks, lots] of side === this.bids ? saved.buy : saved.sell) this.#insert(id, owner, side, ticks, lots);
    }
    this.#sequence = saved.sequence;
    this.#nextOrderId = saved.nextOrderId;
  }

  wouldTake(side: Side, ticks: number | null): boolean {
    const best = this.side(side === 'buy' ? 'sell' : 'buy').bestTicks;
    return !Number.isNaN(best) && reaches(side, ticks, best);
  }

  /** What a fill-or-kill order could take; it never counts orders of its own account that self-trade prevention would keep from it. */
  takableLots(taker: NewOrder): number {
    const isGuarded = isGuardedAgainstItself(taker);
    const mode = taker.selfTrade;
    let lots = 0;
    for (const level of this.side(taker.side === 'buy' ? 'sell' : 'buy').levels()) {
      if (!reaches(taker.side, taker.ticks, level.ticks) || lots >= taker.lots) break;
      if (!isGuarded) {
        lots += level.lots;
        continue;
      }
      for (let maker = level.first; maker !== null; maker = maker.next) {
        if (maker.owner !== taker.owner) lots += maker.lots;
        else if (mode !== 'expire-maker') return lots;
      }
    }
    return lots;
  }

  /** Trades against the other side, best price first, oldest order first. `isStopped`: self-trade prevention ended the order. */
  #take(taker: NewOrder, takerOrderId: number): { left: number; isStopped: boolean } {
    const other = this.side(taker.side === 'buy' ? 'sell' : 'buy');
    let left = taker.lots;
    let isStopped = false;
    while (left > 0 && !isStopped) {
      const level = other.best();
      if (level === undefined || !reaches(taker.side, taker.ticks, level.ticks)) break;
      const before = level.lots;
      ({ left, isStopped } = this.#takeLevel(taker, takerOrderId, other, level, left));
      if (level.lots !== before || level.orders === 0) this.#changed(other.side, level);
    }
    return { left, isStopped };
  }

  #takeLevel(
    taker: NewOrder,
    takerOrderId: number,
    other: BookSide,
    level: PriceLevel,
    lots: number,
  ): { left: number; isStopped: boolean } {
    const isGuarded = isGuardedAgainstItself(taker);
    let left = lots;
    for (let maker = level.first; maker !== null && left > 0; maker = level.first) {
      if (isGuarded && maker.owner === taker.owner) {
        if (taker.selfTrade !== 'expire-taker') {
          this.#orders.delete(maker.id);
          other.unlink(maker);
          this.#events.onSelfTrade?.(maker.id, maker.lots);
        }
        if (taker.selfTrade !== 'expire-maker') return { left, isStopped: true };
        continue;
      }
      const traded = Math.min(left, maker.lots);
      left -= traded;
      if (traded === maker.lots) {
        this.#orders.delete(maker.id);
        other.unlink(maker);
        maker.lots = 0;
      } else {
        maker.lots -= traded;
        level.lots -= traded;
      }
      this.#events.onTrade({
        ticks: level.ticks,
        lots: traded,
        takerSide: taker.side,
        makerOrderId: maker.id,
        makerOwner: maker.owner,
        makerLotsLeft: maker.lots,
        takerOrderId,
        takerOwner: taker.owner,
      });
    }
    return { left, isStopped: false };
  }

  #rest(id: number, order: NewOrder, ticks: number, lots: number): void {
    const resting = this.#insert(id, order.owner, this.side(order.side), ticks, lots);
    this.#changed(order.side, resting.level);
  }

  #insert(id: number, owner: number, book: BookSide, ticks: number, lots: number): BookOrder {
    const resting = new BookOrder(id, owner, book.side, ticks, lots, book.levelFor(ticks));
    book.append(resting);
    this.#orders.set(id, resting);
    return resting;
  }

  #changed(side: Side, level: PriceLevel): void {
    this.#sequence += this.#options.sequenceStep?.() ?? 1;
    this.#events.onLevel(side, level.ticks, level.orders === 0 ? 0 : level.lots);
  }
}

function isGuardedAgainstItself(order: NewOrder): boolean {
  return order.selfTrade !== undefined && order.selfTrade !== 'none';
}

/** Whether an order of `side` limited to `ticks` may trade at `price`. */
function reaches(side: Side, ticks: number | null, price: number): boolean {
  if (ticks === null) return true;
  return side === 'buy' ? price <= ticks : price >= ticks;
}
