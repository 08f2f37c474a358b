/** Why something was refused, parked or ended. Codes are written to the journal: never reuse one. Names appear in summaries, metrics and the page. */
export const Reason = {
  NONE: 0,
  // risk (executor, before any send)
  SIZE_TOO_SMALL: 1,
  SIZE_TOO_LARGE: 2,
  NOTIONAL_TOO_SMALL: 3,
  NOTIONAL_TOO_LARGE: 4,
  POSITION_LIMIT: 5,
  OPEN_ORDERS_LIMIT: 6,
  PRICE_COLLAR: 7,
  STALE_BOOK: 8,
  MESSAGE_RATE: 9,
  SELF_TRADE: 10,
  HALTED: 11,
  REDUCING: 12,
  EXPOSURE_LIMIT: 13,
  BAD_ORDER: 14,
  LEVEL_BUSY: 15,
  NO_SUCH_ORDER: 16,
  INSUFFICIENT_BALANCE: 17,
  JOURNAL_FULL: 18,
  DISK_FULL: 19,
  GROUP_REFUSED: 20,
  GATEWAY_DOWN: 21,
  NO_ROOM: 22,
  CANCEL_RATIO: 23,
  REDUCE_ONLY: 24,
  LEVERAGE: 25,
  DAILY_LOSS: 26,
  DRAWDOWN: 27,
  /** The journal's device failed: no new orders until a restart. */
  JOURNAL_FAILED: 33,
  // venue answers
  POST_ONLY_WOULD_TAKE: 40,
  VENUE_REJECTED: 41,
  RATE_LIMITED: 42,
  UNKNOWN_ORDER: 43,
  DUPLICATE_ID: 44,
  VENUE_CANCELLED: 45,
  BY_REQUEST: 46,
  TIME_IN_FORCE: 47,
  TIMEOUT: 48,
  NO_LIQUIDITY: 49,
  // strategies: an opportunity seen and refused
  EDGE_TOO_SMALL: 60,
  BOOK_TOO_OLD: 61,
  SIZE_BELOW_MINIMUM: 62,
  NO_BALANCE: 63,
  NAKED_CAP: 64,
  LEG_PENDING: 65,
  COOLING_DOWN: 66,
  POSITION_CAP: 67,
  STEP_BELOW_COST: 68,
  OUT_OF_RANGE: 69,
  BOOK_NOT_LIVE: 70,
  /** A grid ended by itself. */
  TAKE_PROFIT: 71,
  STOP_LOSS: 72,
  /** The run ended, and it was to be flat then. */
  RUN_ENDED: 73,
  // repairs by reconciliation
  ORPHAN_ADOPTED: 80,
  ORPHAN_CANCELLED: 81,
  GHOST_RETIRED: 82,
  FILL_FOUND: 83,
  UNKNOWN_RESOLVED: 84,
  POSITION_DIFFERS: 85,
  BALANCE_DIFFERS: 86,
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

const NAMES = new Map<number, string>(Object.entries(Reason).map(([name, code]) => [code, name]));
export const REASON_COUNT = 128;

export function reasonName(code: number): string {
  return NAMES.get(code) ?? `REASON_${code}`;
}
