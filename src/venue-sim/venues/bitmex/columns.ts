/**
 * `columns` of BitMEX's list endpoints: a JSON list or names with commas between; the names a row is known by come along unasked ("this method will always
 * return item keys", explorer of the venue's API). Called by the public and the signed lists.
 */
import type { Row } from './order-rows.js';
import { listOf, type Params } from './params.js';

/** By table; public rows have the two of `PUBLIC_KEYS`. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  order: ['orderID', 'account', 'symbol', 'timestamp'],
  execution: ['execID', 'account', 'symbol', 'timestamp'],
  position: ['account', 'symbol', 'currency', 'timestamp'],
};
const PUBLIC_KEYS = ['timestamp', 'symbol'] as const;

/** The row itself when no columns are asked for. */
export function columnsOf(params: Params, table: string): (row: Row) => Row {
  const wanted = listOf(params, 'columns');
  if (wanted.length === 0) return (row) => row;
  const names = new Set<string>([...(KEYS[table] ?? PUBLIC_KEYS), ...wanted]);
  return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name)));
}
