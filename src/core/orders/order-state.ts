/** States of an order and their only legal transitions. The executor is the one writer; a transition that is not listed is our mistake, or a late event. */
export const OrderState = {
  NONE: 0,
  /** Id reserved and journaled; no answer yet. */
  PENDING: 1,
  OPEN: 2,
  PARTLY_FILLED: 3,
  /** Cancel sent, order may still fill. */
  CANCELLING: 4,
  /** Amend sent, order may still fill at either price. */
  AMENDING: 5,
  /** The answer was lost: asked for by client order id. */
  UNKNOWN: 6,
  FILLED: 10,
  CANCELLED: 11,
  REJECTED: 12,
  DENIED: 13,
  EXPIRED: 14,
} as const;
export type OrderState = (typeof OrderState)[keyof typeof OrderState];

const NAMES = new Map<number, string>(Object.entries(OrderState).map(([name, code]) => [code, name.toLowerCase()]));

export function orderStateName(state: number): string {
  return NAMES.get(state) ?? `state-${state}`;
}

export function isTerminal(state: number): boolean {
  return state >= OrderState.FILLED;
}

const S = OrderState;
const LEGAL: ReadonlyMap<number, readonly number[]> = new Map([
  [S.NONE, [S.PENDING, S.DENIED]],
  [S.PENDING, [S.OPEN, S.PARTLY_FILLED, S.CANCELLING, S.UNKNOWN, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED]],
  [S.OPEN, [S.OPEN, S.PARTLY_FILLED, S.CANCELLING, S.AMENDING, S.UNKNOWN, S.FILLED, S.CANCELLED, S.EXPIRED]],
  [S.PARTLY_FILLED, [S.PARTLY_FILLED, S.CANCELLING, S.AMENDING, S.UNKNOWN, S.FILLED, S.CANCELLED, S.EXPIRED]],
  [S.CANCELLING, [S.CANCELLING, S.OPEN, S.PARTLY_FILLED, S.UNKNOWN, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED]],
  [S.AMENDING, [S.AMENDING, S.OPEN, S.PARTLY_FILLED, S.CANCELLING, S.UNKNOWN, S.FILLED, S.CANCELLED, S.EXPIRED]],
  [S.UNKNOWN, [S.UNKNOWN, S.OPEN, S.PARTLY_FILLED, S.CANCELLING, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED]],
]);

export function isLegal(from: number, to: number): boolean {
  return LEGAL.get(from)?.includes(to) ?? false;
}
