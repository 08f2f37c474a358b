/** What an exchange looks at before it takes an order: reasons to refuse it, how many lots it really is, and what money it needs. Called by `OrderDesk`. */
import type { Side } from '../engine/book-side.js';
import type { NewOrder } from '../engine/matching-engine.js';
import type { Market } from '../market/market.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket } from './books.js';
import type { OrderRequest, Refusal } from './contract.js';
import type { Margins } from './margin.js';

export type Fate = 'works' | 'would-take' | 'not-fillable';
export type Checked =
  { readonly refusal: Refusal } | { readonly refusal: null; readonly lots: number; readonly fate: Fate; readonly lockUnits: bigint };

const refused = (refusal: Refusal): Checked => ({ refusal });

export function checkOrder(state: AccountState, booked: BookedMarket, request: OrderRequest, margins: Margins): Checked {
  const { market, side, ticks } = request;
  const clientId = request.clientId ?? '';
  if (clientId !== '') {
    const same = state.byClientId(clientId).findLast((order) => request.uniqueClientId === 'ever' || order.isOpen);
    if (same !== undefined) return refused({ reason: 'duplicate-client-id', order: same });
  }
  const limit = booked.terms.maxOpenOrders;
  if (ticks !== null && state.openIn(market).length >= limit) return refused({ reason: 'too-many-orders', limit });
  let lots = request.lots ?? 0;
  if (ticks === null) {
    if (market.engine.side(side === 'buy' ? 'sell' : 'buy').levelCount === 0) return refused({ reason: 'no-liquidity' });
    if (request.lots === null) lots = lotsForQuote(booked, side, request.quoteUnits ?? 0n);
    if (lots <= 0) return refused({ reason: 'quote-too-small' });
  }
  if (request.reduceOnly === true) {
    const most = reducibleLots(state, market, side);
    if (most <= 0) return refused({ reason: 'nothing-to-reduce' });
    if (lots > most && request.ifTooMuchToReduce === 'refuse') return refused({ reason: 'too-much-to-reduce' });
    lots = Math.min(lots, most);
  }
  if (request.postOnly === true && market.engine.wouldTake(side, ticks)) {
    return request.ifWouldTake === 'cancel'
      ? { refusal: null, lots, fate: 'would-take', lockUnits: 0n }
      : refused({ reason: 'would-take' });
  }
  if (request.timeInForce === 'fok') {
    const order = engineOrder(state, request, lots);
    if (market.engine.takableLots(order) < lots) {
      if (request.ifNotFillable === 'refuse') return refused({ reason: 'not-fillable' });
      return { refusal: null, lots, fate: 'not-fillable', lockUnits: 0n };
    }
  }
  const money = checkMoney(state, booked, { side, ticks, lots, reduceOnly: request.reduceOnly === true }, margins);
  return money.refusal !== null ? refused(money.refusal) : { refusal: null, lots, fate: 'works', lockUnits: money.lockUnits };
}

/** Lots an account may still close in the direction of `side`, beside its other reduce-only orders. */
export function reducibleLots(state: AccountState, market: Market, side: Side, except: number | null = null): number {
  const held = state.positions.get(market)?.lots ?? 0;
  const against = side === 'sell' ? held : -held;
  let taken = 0;
  for (const order of state.open.values()) {
    if (order.reduceOnly && order.market === market && order.side === side && order.number !== except) taken += order.leftLots;
  }
  return against - taken;
}

interface Money {
  readonly side: Side;
  readonly ticks: number | null;
  /** Lots that are still to be filled. */
  readonly lots: number;
  readonly reduceOnly: boolean;
  /** An order that this one replaces, and what it has locked. */
  readonly insteadOf?: number;
  readonly lockedBefore?: bigint;
}

/** Spot orders lock what they may give away; contract orders need margin. */
export function checkMoney(
  state: AccountState,
  booked: BookedMarket,
  order: Money,
  margins: Margins,
): { readonly refusal: Refusal } | { readonly refusal: null; readonly lockUnits: bigint } {
  const { value } = booked;
  const units = order.ticks === null ? walk(booked, order.side, order.lots).units : value.execution(order.lots, order.ticks);
  if (value.isSpot) {
    const asset = order.side === 'buy' ? value.settle : value.base;
    const required = order.side === 'buy' ? units : value.baseUnits(order.lots);
    const available = margins.spendable(state, asset) + (order.lockedBefore ?? 0n);
    if (required > available) return { refusal: { reason: 'insufficient-balance', asset, required, available } };
    return { refusal: null, lockUnits: order.ticks === null ? 0n : required };
  }
  if (order.reduceOnly) return { refusal: null, lockUnits: 0n };
  const wanted = { side: order.side, units, reduceOnly: false, insteadOf: order.insteadOf ?? null };
  const required = margins.needed(state, booked, wanted);
  if (required === 0n) return { refusal: null, lockUnits: 0n };
  const { available } = margins.wallet(state, value.settle);
  if (required > available) return { refusal: { reason: 'insufficient-margin', asset: value.settle, required, available } };
  return { refusal: null, lockUnits: 0n };
}

export function engineOrder(state: AccountState, request: OrderRequest, lots: number): NewOrder {
  const { side, ticks } = request;
  const timeInForce = request.timeInForce ?? 'gtc';
  const order: NewOrder = { owner: state.account.id, side, ticks, lots, timeInForce };
  return { ...order, postOnly: request.postOnly === true, selfTrade: request.selfTrade ?? 'none' };
}

/** What taking `lots` from the book as it stands costs, as far as the book goes. */
export function walk(booked: BookedMarket, side: Side, lots: number): { readonly lots: number; readonly units: bigint } {
  let left = lots;
  let units = 0n;
  for (const level of booked.market.engine.side(side === 'buy' ? 'sell' : 'buy').levels()) {
    const taken = Math.min(left, level.lots);
    units += booked.value.execution(taken, level.ticks);
    left -= taken;
    if (left === 0) break;
  }
  return { lots: lots - left, units };
}

/** Lots that a market order by quote amount trades: as many as the amount pays for, never more. */
function lotsForQuote(booked: BookedMarket, side: Side, quoteUnits: bigint): number {
  let left = quoteUnits;
  let lots = 0;
  for (const level of booked.market.engine.side(side === 'buy' ? 'sell' : 'buy').levels()) {
    const perLot = booked.value.execution(1, level.ticks);
    const affordable = Number(left / perLot);
    const taken = Math.min(affordable, level.lots);
    lots += taken;
    left -= perLot * BigInt(taken);
    if (taken < level.lots) break;
  }
  return lots;
}
