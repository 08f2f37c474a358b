/**
 * What the journal's records make of an order: the one fold that recovery, the stores and the page share. It tells the state as of the last record, not what to do about it:
 * after a crash an order that was being cancelled or amended is as much in doubt as one without an answer, and the executor asks.
 */
import { RecordKind } from '../memory/record.js';
import { isTerminal, OrderState } from './order-state.js';
import type { JournalRecord } from './journal-record.js';

export interface FoldedOrder {
  readonly orderId: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly pnlKind: number;
  readonly group: number;
  readonly createdUs: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  state: number;
  reason: number;
  /** Terms of the amend under way; 0 when there is none. */
  amendTicks: number;
  amendLots: number;
  updatedUs: number;
}

/** A new order from the record that speaks of it first: its CREATE, or whatever came behind a hole. */
export function beginOrder(record: JournalRecord, state: number): FoldedOrder {
  return {
    orderId: record.orderId,
    strategy: record.strategy,
    instrument: record.instrument,
    level: record.level,
    side: record.side,
    flags: record.flags,
    timeInForce: record.timeInForce,
    pnlKind: record.pnlKind,
    group: record.group,
    createdUs: record.tsUs,
    priceTicks: record.priceTicks,
    qtyLots: record.qtyLots,
    cumLots: Math.max(0, record.cumLots - (record.kind === RecordKind.FILL ? record.fillLots : 0)),
    state,
    reason: 0,
    amendTicks: 0,
    amendLots: 0,
    updatedUs: record.tsUs,
  };
}

const S = OrderState;

/**
 * Applies one record to its order. Fills must have been checked for duplicates.
 * False when the record does not fit the order's state: then it changed nothing but the time of the last word.
 */
export function foldRecord(order: FoldedOrder, record: JournalRecord): boolean {
  order.updatedUs = record.tsUs;
  if (record.kind === RecordKind.FILL) {
    order.cumLots += record.fillLots;
    if (!isTerminal(order.state)) order.state = stateAfterFill(order);
    return true;
  }
  if (isTerminal(order.state)) return false;
  const isUnanswered = order.state === S.PENDING || order.state === S.UNKNOWN;
  switch (record.kind) {
    case RecordKind.AMEND:
      order.amendTicks = record.priceTicks;
      order.amendLots = record.qtyLots;
      order.state = S.AMENDING;
      break;
    case RecordKind.CANCEL:
      order.state = S.CANCELLING;
      break;
    case RecordKind.ACK:
      // The first answer, or the venue's word on an order that was asked for: then it answers all that was under way.
      takeTerms(order, record.priceTicks, record.qtyLots);
      clearAmend(order);
      order.state = stateOnBook(order);
      break;
    case RecordKind.AMENDED:
      takeTerms(order, record.priceTicks > 0 ? record.priceTicks : order.amendTicks, record.qtyLots > 0 ? record.qtyLots : order.amendLots);
      clearAmend(order);
      settleAmend(order);
      break;
    case RecordKind.AMEND_REJECT:
      clearAmend(order);
      settleAmend(order);
      order.reason = record.reason;
      break;
    case RecordKind.CANCEL_REJECT:
      if (order.state === S.CANCELLING) order.state = stateOnBook(order);
      order.reason = record.reason;
      break;
    case RecordKind.CANCELLED:
      end(order, S.CANCELLED, record.reason);
      break;
    case RecordKind.EXPIRED:
      end(order, S.EXPIRED, record.reason);
      break;
    case RecordKind.REJECT:
    case RecordKind.NOT_FOUND:
      if (!isUnanswered && order.state !== S.CANCELLING) return false;
      end(order, order.cumLots > 0 ? S.CANCELLED : S.REJECTED, record.reason);
      break;
    case RecordKind.UNKNOWN:
      order.state = S.UNKNOWN;
      break;
    default:
      return false;
  }
  return true;
}

/** While an amend is under way the whole quantity may not be the last word; what is in doubt stays in doubt. */
function stateAfterFill(order: FoldedOrder): number {
  if (order.cumLots >= order.qtyLots && order.amendLots === 0) return S.FILLED;
  return order.state === S.PENDING || order.state === S.OPEN ? S.PARTLY_FILLED : order.state;
}

function settleAmend(order: FoldedOrder): void {
  const isInDoubt = order.state === S.CANCELLING || order.state === S.UNKNOWN;
  if (!isInDoubt || order.cumLots >= order.qtyLots) order.state = stateOnBook(order);
}

function stateOnBook(order: FoldedOrder): number {
  if (order.cumLots >= order.qtyLots) return S.FILLED;
  return order.cumLots > 0 ? S.PARTLY_FILLED : S.OPEN;
}

function takeTerms(order: FoldedOrder, ticks: number, lots: number): void {
  if (ticks > 0) order.priceTicks = ticks;
  if (lots > 0) order.qtyLots = lots;
}

function clearAmend(order: FoldedOrder): void {
  order.amendTicks = 0;
  order.amendLots = 0;
}

function end(order: FoldedOrder, state: number, reason: number): void {
  order.state = state;
  order.reason = reason;
  clearAmend(order);
}
