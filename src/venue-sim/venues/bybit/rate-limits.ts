/**
 * Bybit v5's limits per account and endpoint: a window of one second that rolls (Bybit v5, "Rate Limit Rules"). Batches count each of their orders and have
 * allowances of their own. Kept by the protocol; REST and the trade socket draw from the same ones.
 */
import type { BybitCategory } from './public-messages.js';

const WINDOW_MS = 1_000;

/** Requests per second of an endpoint: contracts, spot. Endpoints not named here have the last line. */
const PER_SECOND: Readonly<Record<string, readonly [contracts: number, spot: number]>> = {
  'order/create': [10, 20],
  'order/amend': [10, 20],
  'order/cancel': [10, 20],
  'order/cancel-all': [10, 20],
  'order/create-batch': [10, 20],
  'order/amend-batch': [10, 20],
  'order/cancel-batch': [10, 20],
  'order/disconnected-cancel-all': [5, 5],
  'order/realtime': [50, 50],
  'order/history': [50, 50],
  'execution/list': [50, 50],
  'position/list': [50, 50],
  'position/closed-pnl': [50, 50],
  'account/wallet-balance': [50, 50],
  'account/info': [50, 50],
  'account/transaction-log': [30, 30],
};
const USUAL_PER_SECOND = 10;

export interface Allowance {
  readonly limit: number;
  /** What is left after this request. */
  readonly left: number;
  /** How many of the units asked for were granted. */
  readonly granted: number;
  /** When the oldest unit of the window comes back, milliseconds. */
  readonly resetMs: number;
}

interface Spent {
  atMs: number;
  units: number;
}

export class BybitRateLimits {
  readonly #spent = new Map<string, Spent[]>();

  /** Takes up to `units` of an endpoint's allowance. */
  take(account: number, endpoint: string, category: BybitCategory | undefined, units: number, nowMs: number): Allowance {
    const [contracts, spot] = PER_SECOND[endpoint] ?? [USUAL_PER_SECOND, USUAL_PER_SECOND];
    const limit = category === 'spot' ? spot : contracts;
    const group = category === 'spot' && spot !== contracts ? 'spot' : 'contract';
    const key = `${account} ${group} ${endpoint}`;
    const spent = (this.#spent.get(key) ?? []).filter((entry) => entry.atMs > nowMs - WINDOW_MS);
    const used = spent.reduce((sum, entry) => sum + entry.units, 0);
    const granted = Math.max(0, Math.min(units, limit - used));
    if (granted > 0) spent.push({ atMs: nowMs, units: granted });
    this.#spent.set(key, spent);
    const oldestMs = spent[0]?.atMs;
    const resetMs = granted === units || oldestMs === undefined ? nowMs : oldestMs + WINDOW_MS;
    return { limit, left: limit - used - granted, granted, resetMs };
  }
}

export function limitHeaders(allowance: Allowance): Record<string, string> {
  return {
    'X-Bapi-Limit': String(allowance.limit),
    'X-Bapi-Limit-Status': String(allowance.left),
    'X-Bapi-Limit-Reset-Timestamp': String(allowance.resetMs),
  };
}
