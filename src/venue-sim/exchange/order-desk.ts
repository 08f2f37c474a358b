/**
 * Orders of the clients' accounts from the request to their end: checks, the matching engine, executions as they come, amendments, cancels, self-trade
 * prevention. Books every execution of the markets, the flow's among them. Owned by `VenueExchange`, which gives it state, books and the event queue.
 */
import type { Side } from '../engine/book-side.js';
import type { EngineTrade } from '../engine/matching-engine.js';
import type { Market, MarketObserver, MarketTrade } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket, Books } from './books.js';
import type { AmendRequest, EndReason, Fill, OrderEvent, OrderRequest, OrderState, Placed, Refusal } from './contract.js';
import type { EventQueue } from './event-queue.js';
import type { Margins } from './margin.js';
import { checkMoney, checkOrder, engineOrder, reducibleLots } from './order-checks.js';
import { OrderRecord } from './order-record.js';

export interface DeskDeps {
  readonly books: Books;
  readonly margins: Margins;
  readonly events: EventQueue;
  readonly booked: ReadonlyMap<Market, BookedMarket>;
  nowUs(): number;
  uuid(): string;
  orderId(number: number, market: Market): string;
  onFill(state: AccountState, fill: Fill): void;
  onOrderEnded(state: AccountState, order: OrderRecord): void;
  /** A client's account changed: worth saving soon. */
  onActivity(): void;
}

const refused = (refusal: Refusal): Placed => ({ ok: false, refusal });

export class OrderDesk implements MarketObserver {
  nextOrderNumber: number;
  nextFillId = 1;
  readonly #deps: DeskDeps;
  /** Clients' orders by market and the matching engine's id. */
  readonly #working = new Map<Market, Map<number, OrderRecord>>();
  /** The order that is being matched now, and what it has filled. */
  #active: OrderRecord | null = null;
  #activeFills: Fill[] = [];

  constructor(deps: DeskDeps, firstOrderNumber: number) {
    this.#deps = deps;
    this.nextOrderNumber = firstOrderNumber;
    for (const market of deps.booked.keys()) {
      this.#working.set(market, new Map());
      market.observer = this;
    }
  }

  place(state: AccountState, request: OrderRequest, isLiquidation = false): Placed {
    const booked = this.#bookedOf(request.market);
    const checked = isLiquidation
      ? ({ refusal: null, lots: request.lots ?? 0, fate: 'works', lockUnits: 0n } as const)
      : checkOrder(state, booked, request, this.#deps.margins);
    if (checked.refusal !== null) return refused(checked.refusal);
    const order = this.#create(state, booked, request, checked.lots, isLiquidation);
    this.#lock(state, booked, order, checked.lockUnits);
    this.#tell(order, 'new');
    if (checked.fate !== 'works') {
      this.#end(state, order, 'expired', checked.fate);
      return { ok: true, order, fills: [] };
    }
    const fills = this.#match(state, order, request.postOnly === true);
    return { ok: true, order, fills };
  }

  amend(state: AccountState, order: OrderRecord, request: AmendRequest): Placed {
    if (!order.isOpen) return refused({ reason: 'unknown-order', order });
    if (request.clientId !== undefined && request.clientId !== order.clientId) {
      const same = state.byClientId(request.clientId).findLast((other) => other.isOpen);
      if (same !== undefined) return refused({ reason: 'duplicate-client-id', order: same });
    }
    const booked = this.#bookedOf(order.market);
    const ticks = request.ticks ?? order.ticks;
    let lots = request.lots ?? order.lots;
    if (ticks === order.ticks && lots === order.lots && request.clientId === undefined && request.extra === undefined)
      return refused({ reason: 'nothing-to-change' });
    if (lots <= order.filledLots) return refused({ reason: 'below-filled' });
    if (order.reduceOnly) lots = Math.min(lots, order.filledLots + reducibleLots(state, order.market, order.side, order.number));
    if (lots <= order.filledLots) return refused({ reason: 'nothing-to-reduce' });
    const wouldTake = order.postOnly && ticks !== order.ticks && order.market.engine.wouldTake(order.side, ticks);
    if (wouldTake && request.ifWouldTake !== 'cancel') return refused({ reason: 'would-take' });
    const money = checkMoney(
      state,
      booked,
      {
        side: order.side,
        ticks,
        lots: lots - order.filledLots,
        reduceOnly: order.reduceOnly,
        insteadOf: order.number,
        lockedBefore: order.lockedUnits,
      },
      this.#deps.margins,
    );
    if (money.refusal !== null) return refused(money.refusal);
    return this.#change(state, booked, order, { ticks, lots, wouldTake, lockUnits: money.lockUnits }, request);
  }

  #change(
    state: AccountState,
    booked: BookedMarket,
    order: OrderRecord,
    to: { readonly ticks: number | null; readonly lots: number; readonly wouldTake: boolean; readonly lockUnits: bigint },
    request: AmendRequest,
  ): Placed {
    const keepsPlace = request.losesPlace !== true && to.ticks === order.ticks && to.lots <= order.lots;
    const isSmaller = to.lots < order.lots;
    if (!keepsPlace) this.#leaveBook(order);
    this.#unlock(state, booked, order, order.lockedUnits);
    order.ticks = to.ticks;
    order.lots = to.lots;
    order.amendments++;
    order.updatedUs = this.#deps.nowUs();
    if (request.clientId !== undefined) state.renameOrder(order, request.clientId);
    if (request.extra !== undefined) order.extra = { ...order.extra, ...request.extra };
    if (request.selfTrade !== undefined) order.selfTrade = request.selfTrade;
    this.#lock(state, booked, order, to.lockUnits);
    this.#tell(order, 'amended');
    this.#deps.onActivity();
    if (to.wouldTake) {
      this.#end(state, order, 'expired', 'would-take');
      return { ok: true, order, fills: [] };
    }
    if (keepsPlace) {
      if (isSmaller) order.market.engine.reduce(order.engineId, order.leftLots);
      return { ok: true, order, fills: [] };
    }
    return { ok: true, order, fills: this.#match(state, order, order.postOnly) };
  }

  cancel(state: AccountState, order: OrderRecord, reason: EndReason): Placed {
    if (!order.isOpen) return refused({ reason: 'unknown-order', order });
    this.#leaveBook(order);
    this.#end(state, order, reason === 'good-till-date' ? 'expired' : 'cancelled', reason);
    return { ok: true, order, fills: [] };
  }

  /** A resting order that was saved with the exchange finds its place in the loaded book again. False when the book does not hold it. */
  adopt(order: OrderRecord): boolean {
    const resting = order.market.engine.order(order.engineId);
    if (resting === undefined || resting.owner !== order.account.id || resting.lots !== order.leftLots) return false;
    this.#workingIn(order.market).set(order.engineId, order);
    return true;
  }

  onTrade(market: Market, trade: EngineTrade, printed: MarketTrade): void {
    const { states } = this.#deps.books;
    const maker = states.get(trade.makerOwner);
    const taker = states.get(trade.takerOwner);
    // An owner that is no account of this exchange (a test's own order): nobody's money moves.
    if (maker === undefined || taker === undefined) return;
    const booked = this.#bookedOf(market);
    const units = booked.value.execution(trade.lots, trade.ticks);
    const makerSide: Side = trade.takerSide === 'buy' ? 'sell' : 'buy';
    this.#book(booked, maker, trade.makerOrderId, makerSide, true, trade, printed, units);
    this.#book(booked, taker, trade.takerOrderId, trade.takerSide, false, trade, printed, units);
  }

  onSelfTrade(market: Market, makerOrderId: number): void {
    const order = this.#workingIn(market).get(makerOrderId);
    const state = order === undefined ? undefined : this.#deps.books.states.get(order.account.id);
    if (order === undefined || state === undefined) return;
    this.#workingIn(market).delete(makerOrderId);
    this.#end(state, order, 'expired', 'self-trade');
  }

  #book(
    booked: BookedMarket,
    state: AccountState,
    engineId: number,
    side: Side,
    isMaker: boolean,
    trade: EngineTrade,
    printed: MarketTrade,
    units: bigint,
  ): void {
    const { books } = this.#deps;
    const nowUs = this.#deps.nowUs();
    const { market } = booked;
    const order = state.isTest ? this.#workingIn(market).get(engineId) : undefined;
    if (order === undefined) {
      books.trade(state, booked, side, trade.lots, units, isMaker, nowUs, { market });
      return;
    }
    const fillId = this.nextFillId++;
    if (order.ticks !== null && order.lockedUnits > 0n) {
      this.#unlock(
        state,
        booked,
        order,
        side === 'buy' ? booked.value.execution(trade.lots, order.ticks) : booked.value.baseUnits(trade.lots),
      );
    }
    const booking = books.trade(state, booked, side, trade.lots, units, isMaker, nowUs, { market, fillId, tradeId: printed.id });
    order.filledLots += trade.lots;
    order.filledTickLots += BigInt(trade.ticks) * BigInt(trade.lots);
    order.filledUnits += units;
    if (booking.feeAsset === order.feeAsset) order.feeUnits += booking.feeUnits;
    order.realisedUnits += booking.realised;
    order.updatedUs = nowUs;
    order.state = order.leftLots === 0 ? 'filled' : 'part-filled';
    const fill: Fill = {
      id: fillId,
      tradeId: printed.id,
      tradeUuid: printed.uuid,
      execId: this.#deps.uuid(),
      account: state.account,
      market,
      orderNumber: order.number,
      orderId: order.id,
      clientId: order.clientId,
      side,
      ticks: trade.ticks,
      lots: trade.lots,
      isMaker,
      valueUnits: units,
      feeUnits: booking.feeUnits,
      feeAsset: booking.feeAsset,
      feeRate: isMaker ? booked.terms.makerFee : booked.terms.takerFee,
      realisedUnits: booking.realised,
      closedLots: booking.closedLots,
      leavesLots: order.leftLots,
      orderLots: order.lots,
      orderTicks: order.ticks,
      kind: order.isLiquidation ? 'liquidation' : 'trade',
      timeUs: nowUs,
    };
    state.fills.push(fill);
    if (order === this.#active) this.#activeFills.push(fill);
    this.#deps.onFill(state, fill);
    this.#deps.onActivity();
    const snapshot = order.snapshot();
    const about = { account: state.account, timeUs: fill.timeUs, order: snapshot, fill };
    this.#deps.events.add({ type: 'order', cause: 'fill', ...about });
    this.#deps.events.add({ type: 'fill', ...about });
    if (order.state === 'filled') this.#close(state, order);
    if (!booked.value.isSpot) {
      this.#deps.events.positionChanged(state, market, order.isLiquidation ? 'liquidation' : 'trade');
      this.#trimReduceOnly(state, market);
    }
  }

  #create(state: AccountState, booked: BookedMarket, request: OrderRequest, lots: number, isLiquidation: boolean): OrderRecord {
    const number = this.nextOrderNumber++;
    const nowUs = this.#deps.nowUs();
    const { value } = booked;
    const order = new OrderRecord({
      number,
      id: this.#deps.orderId(number, request.market),
      account: state.account,
      market: request.market,
      clientId: request.clientId ?? '',
      side: request.side,
      kind: request.ticks === null ? 'market' : 'limit',
      ticks: request.ticks,
      lots,
      quoteUnits: request.quoteUnits ?? null,
      timeInForce: request.timeInForce ?? 'gtc',
      postOnly: request.postOnly === true,
      reduceOnly: request.reduceOnly === true,
      selfTrade: request.selfTrade ?? 'none',
      state: 'new',
      endReason: null,
      filledLots: 0,
      filledTickLots: 0n,
      filledUnits: 0n,
      feeUnits: 0n,
      feeAsset: value.isSpot && request.side === 'buy' ? value.base : value.settle,
      realisedUnits: 0n,
      createdUs: nowUs,
      updatedUs: nowUs,
      amendments: 0,
      extra: request.extra ?? {},
      engineId: 0,
      lockedUnits: 0n,
      isLiquidation,
    });
    state.addOrder(order);
    this.#deps.onActivity();
    return order;
  }

  /** Into the matching engine; what does not rest afterwards is over. Returns its own executions. */
  #match(state: AccountState, order: OrderRecord, postOnly: boolean): readonly Fill[] {
    const { engine } = order.market;
    const { market, side, ticks, timeInForce, selfTrade } = order;
    const request = engineOrder(state, { market, side, ticks, lots: null, timeInForce, selfTrade, postOnly }, order.leftLots);
    order.engineId = engine.nextOrderId;
    this.#workingIn(market).set(order.engineId, order);
    this.#active = order;
    this.#activeFills = [];
    const result = engine.submit(request);
    const fills = this.#activeFills;
    this.#active = null;
    this.#activeFills = [];
    if (!order.isOpen || result.restingLots > 0) return fills;
    this.#workingIn(market).delete(order.engineId);
    if (result.verdict !== 'accepted') this.#end(state, order, 'expired', result.verdict);
    else if (result.selfTradeLots > 0) this.#end(state, order, 'expired', 'self-trade');
    else this.#end(state, order, 'expired', order.kind === 'market' ? 'no-liquidity' : 'immediate-or-cancel');
    return fills;
  }

  #leaveBook(order: OrderRecord): void {
    order.market.engine.cancel(order.engineId);
    this.#workingIn(order.market).delete(order.engineId);
  }

  #end(state: AccountState, order: OrderRecord, as: OrderState, reason: EndReason): void {
    order.state = as;
    order.endReason = reason;
    order.updatedUs = this.#deps.nowUs();
    this.#tell(order, as === 'cancelled' ? 'cancelled' : 'expired');
    this.#close(state, order);
  }

  /** Out of the open orders, with everything it had locked given back. */
  #close(state: AccountState, order: OrderRecord): void {
    this.#workingIn(order.market).delete(order.engineId);
    const booked = this.#bookedOf(order.market);
    this.#unlock(state, booked, order, order.lockedUnits);
    if (!booked.value.isSpot) this.#deps.events.walletChanged(state, booked.value.settle.asset, 'order', 0n);
    state.endOrder(order);
    this.#deps.onOrderEnded(state, order);
    this.#deps.onActivity();
  }

  /** Reduce-only orders never add up to more than the position: the newest ones shrink first. */
  #trimReduceOnly(state: AccountState, market: Market): void {
    const held = state.positions.get(market)?.lots ?? 0;
    for (const side of ['buy', 'sell'] as const) {
      let allowed = Math.max(0, side === 'sell' ? held : -held);
      for (const order of state.open.values()) {
        if (!order.reduceOnly || order.market !== market || order.side !== side) continue;
        if (order === this.#active) {
          allowed -= order.leftLots;
          continue;
        }
        const keep = Math.max(0, Math.min(order.leftLots, allowed));
        allowed -= keep;
        if (keep === 0) this.cancel(state, order, 'reduce-only');
        else if (keep < order.leftLots) {
          order.market.engine.reduce(order.engineId, keep);
          order.lots = order.filledLots + keep;
          order.amendments++;
          order.updatedUs = this.#deps.nowUs();
          this.#tell(order, 'amended');
        }
      }
    }
  }

  #lock(state: AccountState, booked: BookedMarket, order: OrderRecord, units: bigint): void {
    order.lockedUnits += units;
    const { value } = booked;
    const terms = value.isSpot && order.side === 'sell' ? value.base : value.settle;
    if (units !== 0n) state.wallet(terms).locked += units;
    this.#deps.events.walletChanged(state, terms.asset, 'order', 0n);
  }

  #unlock(state: AccountState, booked: BookedMarket, order: OrderRecord, units: bigint): void {
    if (units === 0n) return;
    this.#lock(state, booked, order, -units);
  }

  #tell(order: OrderRecord, cause: OrderEvent['cause']): void {
    const { account, updatedUs } = order;
    this.#deps.events.add({ type: 'order', cause, account, timeUs: updatedUs, order: order.snapshot(), fill: null });
  }

  #bookedOf(market: Market): BookedMarket {
    const booked = this.#deps.booked.get(market);
    if (booked === undefined) throw new Error(`${market.spec.symbol} is no market of this exchange`);
    return booked;
  }

  #workingIn(market: Market): Map<number, OrderRecord> {
    const working = this.#working.get(market);
    if (working === undefined) throw new Error(`${market.spec.symbol} is no market of this exchange`);
    return working;
  }
}
