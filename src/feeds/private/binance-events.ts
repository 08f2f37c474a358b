/** What the private events of the Binance markets share: status words, and times. Formats: Binance's "User Data Streams" pages, checked against recorded messages. */
import { EngineError } from '../../core/numbers/errors.js';
import type { PrivateOrderStatus } from '../../core/ports/private-events.js';
import { textOf, type JsonRecord } from '../json.js';

const STATUS: Readonly<Record<string, PrivateOrderStatus>> = {
  NEW: 'new',
  PENDING_NEW: 'new',
  PARTIALLY_FILLED: 'partially-filled',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

/** The rest are words for orders that the venue itself made in a liquidation (NEW_INSURANCE, NEW_ADL): their quantities tell. */
export function statusOf(event: JsonRecord): PrivateOrderStatus {
  const word = textOf(event['X']);
  const status = STATUS[word];
  if (status !== undefined) return status;
  if (!word.startsWith('NEW_') && word !== 'PENDING_CANCEL')
    throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'an order status', found: word });
  const filled = textOf(event['z']);
  if (isZero(filled)) return 'new';
  return filled === event['q'] ? 'filled' : 'partially-filled';
}

export function sideOf(event: JsonRecord): 'buy' | 'sell' {
  const side = textOf(event['S']);
  if (side !== 'BUY' && side !== 'SELL') throw new EngineError('BAD_SHAPE', 'give-up', { expected: 'BUY or SELL', found: side });
  return side === 'BUY' ? 'buy' : 'sell';
}

export function isZero(decimal: string): boolean {
  return !/[1-9]/.test(decimal);
}

/** Milliseconds as written, to microseconds. */
export function usOf(value: unknown): number {
  return Number(textOf(value)) * 1000;
}

/** A wrapped event's inside: combined streams say `data`, the order socket says `event`. */
export function unwrapped(frame: JsonRecord): unknown {
  return frame['event'] ?? frame['data'] ?? frame;
}
