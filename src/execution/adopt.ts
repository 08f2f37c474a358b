/**
 * What earlier runs left, taken over at start: positions from every fill of the journal, live orders into slots, those whose outcome is open asked for.
 * Called once by the executor, before its first turn.
 */
import { FLAG_ADOPTED, RecordKind } from '../core/memory/record.js';
import { assert } from '../core/numbers/errors.js';
import { MAX_RUNS, partsOfOrderId } from '../core/numbers/ids.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import type { RecoveredOrderState, RecoveredState } from '../core/orders/recovered.js';
import { venueIndexOf, type RunTables } from '../core/orders/tables.js';
import type { Desk } from './desk.js';
import { IS_KNOWN, TERMS_OPEN, WANT_CANCEL } from './orders.js';
import { Draft } from './risk/draft.js';

/** @param nowUs a venue may still be told of orders of this very run, when another executor took over: they get the grace of young ones */
export function adoptRecovered(desk: Desk, recovered: RecoveredState, nowUs: number): void {
  for (const fill of recovered.fillsAside ?? []) desk.fillsSeen.add(fill.orderId, fill.tradeId);
  for (const fill of recovered.fills) {
    if (!desk.fillsSeen.add(fill.orderId, fill.tradeId)) continue;
    if (fill.strategy >= desk.tables.strategies.length || fill.instrument >= desk.tables.instruments.length) continue;
    const { strategy, instrument, side, fillLots, fillTicks } = fill;
    desk.risk.positions.fill(strategy, instrument, side, fillLots, fillTicks);
    desk.risk.losses.fill(strategy, instrument, side, fillLots, fillTicks, fill.fee, fill.feeAsset, fill.tsUs);
    desk.risk.lastTicks[instrument] = fillTicks;
  }
  for (const { strategy, instrument, asset, amount } of recovered.fundings ?? [])
    desk.risk.losses.pay(strategy, instrument, asset, amount * 1e-8);
  const draft = new Draft();
  for (const order of recovered.orders) {
    if (isTerminal(order.state) || order.state === OrderState.NONE) continue;
    assert(desk.orders.hasFree(1), `engine.orderSlots must hold all live orders of the journal, has ${desk.orders.capacity}`);
    adopt(desk, order, draft, partsOfOrderId(order.orderId).run === desk.tables.run % MAX_RUNS ? nowUs : -Infinity);
  }
}

/** By gateway: wall time up to which the journal has all of the venue's fills, 0 when it does not tell. Without a complete list its newest fill is the next best. */
export function fillsUpTo(tables: RunTables, recovered: RecoveredState): number[] {
  const upTo = tables.venues.map((venue) => recovered.fillsUpTo?.find((one) => one.venue === venue)?.tsUs ?? 0);
  const newest = tables.venues.map(() => 0);
  for (const { instrument, tsUs } of recovered.fills) {
    const entry = tables.instruments[instrument];
    const gateway = entry === undefined ? -1 : venueIndexOf(tables, entry);
    if (gateway >= 0 && tsUs > newest[gateway]!) newest[gateway] = tsUs;
  }
  return upTo.map((tsUs, gateway) => (tsUs > 0 ? tsUs : newest[gateway]!));
}

function adopt(desk: Desk, order: RecoveredOrderState, draft: Draft, createdUs: number): void {
  const { orders } = desk;
  draft.strategy = order.strategy;
  draft.instrument = order.instrument;
  draft.level = order.level;
  draft.side = order.side;
  draft.flags = order.flags | FLAG_ADOPTED;
  draft.timeInForce = order.timeInForce;
  draft.group = order.group;
  draft.groupLegs = 0;
  draft.pnlKind = order.pnlKind;
  draft.clientSeq = 0;
  draft.priceTicks = order.priceTicks;
  draft.qtyLots = order.qtyLots;
  draft.causeUs = 0;
  const areTermsOpen = order.areTermsOpen === true;
  const isSettled = !areTermsOpen && (order.state === OrderState.OPEN || order.state === OrderState.PARTLY_FILLED);
  const slot = desk.adopt(draft, order.orderId, isSettled ? order.state : OrderState.UNKNOWN, order.cumLots);
  // Of an earlier run: a venue that does not know it now never will.
  orders.createdUs[slot] = createdUs;
  const wasSeen = order.state !== OrderState.PENDING && order.state !== OrderState.UNKNOWN;
  if (wasSeen || order.cumLots > 0) orders.wants[slot] = orders.wants[slot]! | IS_KNOWN;
  if (order.state === OrderState.CANCELLING) orders.wants[slot] = orders.wants[slot]! | WANT_CANCEL;
  if (areTermsOpen) orders.wants[slot] = orders.wants[slot]! | TERMS_OPEN;
  if (!isSettled) desk.requests.plan(slot, RecordKind.QUERY);
}
