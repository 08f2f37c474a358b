/** The table of legal transitions, written a second time by what each state means; every pair is compared. */
import { describe, expect, it } from 'vitest';
import { isLegal, isTerminal, OrderState, orderStateName } from '../../../src/core/orders/order-state.js';

const STATES = Object.entries(OrderState);
const ENDED = ['FILLED', 'CANCELLED', 'REJECTED', 'DENIED', 'EXPIRED'];

/** One row a state: what may follow. `=` is the state itself (another partial fill, a second request under way). */
const TABLE: Readonly<Record<string, string>> = {
  NONE: 'PENDING DENIED',
  PENDING: 'OPEN PARTLY_FILLED CANCELLING UNKNOWN FILLED CANCELLED REJECTED EXPIRED',
  OPEN: '= PARTLY_FILLED CANCELLING AMENDING UNKNOWN FILLED CANCELLED EXPIRED',
  PARTLY_FILLED: '= CANCELLING AMENDING UNKNOWN FILLED CANCELLED EXPIRED',
  CANCELLING: '= OPEN PARTLY_FILLED UNKNOWN FILLED CANCELLED REJECTED EXPIRED',
  AMENDING: '= OPEN PARTLY_FILLED CANCELLING UNKNOWN FILLED CANCELLED EXPIRED',
  UNKNOWN: '= OPEN PARTLY_FILLED CANCELLING FILLED CANCELLED REJECTED EXPIRED',
};

describe('order states', () => {
  it.each(STATES)('from %s only the listed states follow', (from, code) => {
    const allowed = (TABLE[from] ?? '').split(' ').map((word) => (word === '=' ? from : word));
    const found = STATES.filter(([, to]) => isLegal(code, to)).map(([name]) => name);
    expect(found.toSorted()).toEqual(allowed.filter((word) => word !== '').toSorted());
  });

  it('an order that ended stays ended', () => {
    for (const [name, code] of STATES) {
      expect(isTerminal(code)).toBe(ENDED.includes(name));
      if (isTerminal(code)) for (const [, to] of STATES) expect(isLegal(code, to)).toBe(false);
    }
  });

  it('every state that is not the end leads to one, and nothing leads back to none or pending', () => {
    for (const [name, code] of STATES) {
      if (!ENDED.includes(name)) expect(STATES.some(([, to]) => isTerminal(to) && isLegal(code, to))).toBe(true);
      expect(isLegal(code, OrderState.NONE)).toBe(false);
      if (name !== 'NONE') expect(isLegal(code, OrderState.PENDING)).toBe(false);
    }
  });

  it('what was filled in part is never merely open again', () => {
    expect(isLegal(OrderState.PARTLY_FILLED, OrderState.OPEN)).toBe(false);
    expect(isLegal(OrderState.PARTLY_FILLED, OrderState.REJECTED)).toBe(false);
  });

  it('knows no transition from or to a number that is no state', () => {
    expect(isLegal(99, OrderState.OPEN)).toBe(false);
    expect(isLegal(OrderState.OPEN, 99)).toBe(false);
    expect(orderStateName(OrderState.PARTLY_FILLED)).toBe('partly_filled');
    expect(orderStateName(99)).toBe('state-99');
  });
});
