import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../../src/core/memory/record.js';
import { OrderState, orderStateName } from '../../../src/core/orders/order-state.js';
import type { JournalRecord } from '../../../src/core/orders/journal-record.js';
import { beginOrder, foldRecord } from '../../../src/core/orders/order-fold.js';

const K = RecordKind;

function record(fields: Partial<JournalRecord>): JournalRecord {
  return {
    kind: 0,
    side: 0,
    flags: 0,
    timeInForce: 0,
    strategy: 0,
    reason: 0,
    instrument: 0,
    level: 0,
    orderId: 1,
    priceTicks: 0,
    qtyLots: 0,
    cumLots: 0,
    fillTicks: 0,
    fillLots: 0,
    fee: 0,
    feeAsset: 0,
    group: 0,
    state: 0,
    pnlKind: 0,
    tradeId: 0,
    tsUs: 0,
    ...fields,
  };
}

const fill = (fillLots: number): Partial<JournalRecord> => ({ kind: K.FILL, fillLots });

/** An order of 10 lots at 100, then what is listed: state, price, quantity, filled. */
function after(...steps: Partial<JournalRecord>[]): string {
  const order = beginOrder(record({ kind: K.CREATE, priceTicks: 100, qtyLots: 10 }), OrderState.PENDING);
  for (const step of steps) foldRecord(order, record(step));
  return `${orderStateName(order.state)} ${order.priceTicks} ${order.qtyLots} ${order.cumLots}`;
}

describe('order fold', () => {
  it.each<[string, Partial<JournalRecord>[], string]>([
    ['nothing', [], 'pending 100 10 0'],
    ['an acknowledgement', [{ kind: K.ACK }], 'open 100 10 0'],
    ['a fill before the acknowledgement', [fill(3)], 'partly_filled 100 10 3'],
    ['a fill, then the acknowledgement', [fill(3), { kind: K.ACK }], 'partly_filled 100 10 3'],
    ['all fills', [{ kind: K.ACK }, fill(3), fill(7)], 'filled 100 10 10'],
    ['a refusal', [{ kind: K.REJECT }], 'rejected 100 10 0'],
    ['a refusal of an open order, which is not believed', [{ kind: K.ACK }, { kind: K.REJECT }], 'open 100 10 0'],
    ['an amend under way', [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }], 'amending 100 10 0'],
    ['an amend done', [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, { kind: K.AMENDED }], 'open 101 12 0'],
    [
      'other terms than asked',
      [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, { kind: K.AMENDED, priceTicks: 102, qtyLots: 11 }],
      'open 102 11 0',
    ],
    ['an amend refused', [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, { kind: K.AMEND_REJECT }], 'open 100 10 0'],
    [
      'filled whole while amended to more',
      [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, fill(10)],
      'amending 100 10 10',
    ],
    [
      'the same, done',
      [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, fill(10), { kind: K.AMENDED }],
      'partly_filled 101 12 10',
    ],
    [
      'the same, refused',
      [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, fill(10), { kind: K.AMEND_REJECT }],
      'filled 100 10 10',
    ],
    ['a fill while being cancelled', [{ kind: K.ACK }, { kind: K.CANCEL }, fill(4)], 'cancelling 100 10 4'],
    ['the last fill while being cancelled', [{ kind: K.ACK }, { kind: K.CANCEL }, fill(10)], 'filled 100 10 10'],
    ['cancelled, then a late fill', [{ kind: K.ACK }, { kind: K.CANCEL }, { kind: K.CANCELLED }, fill(2)], 'cancelled 100 10 2'],
    ['a cancel refused', [{ kind: K.ACK }, fill(2), { kind: K.CANCEL }, { kind: K.CANCEL_REJECT }], 'partly_filled 100 10 2'],
    [
      'amended and cancelled at once',
      [{ kind: K.ACK }, { kind: K.AMEND, priceTicks: 101, qtyLots: 12 }, { kind: K.CANCEL }, { kind: K.AMENDED }],
      'cancelling 101 12 0',
    ],
    ['an answer that was lost', [{ kind: K.ACK }, { kind: K.UNKNOWN }], 'unknown 100 10 0'],
    ['a fill of an order in doubt, which stays in doubt', [{ kind: K.UNKNOWN }, fill(2)], 'unknown 100 10 2'],
    ['asked for and found, with its terms', [{ kind: K.UNKNOWN }, { kind: K.ACK, priceTicks: 105, qtyLots: 8 }], 'open 105 8 0'],
    [
      'asked for during a cancel, and found',
      [{ kind: K.ACK }, { kind: K.CANCEL }, { kind: K.ACK, priceTicks: 100, qtyLots: 10 }],
      'open 100 10 0',
    ],
    ['asked for and not found', [{ kind: K.UNKNOWN }, { kind: K.NOT_FOUND }], 'rejected 100 10 0'],
    ['ended by its time in force', [fill(4), { kind: K.EXPIRED }], 'expired 100 10 4'],
  ])('after %s', (_name, steps, expected) => {
    expect(after(...steps)).toBe(expected);
  });

  it('begins in the middle behind a hole', () => {
    const first = record({ kind: K.FILL, priceTicks: 7, qtyLots: 9, cumLots: 5, fillLots: 2 });
    const order = beginOrder(first, OrderState.UNKNOWN);
    foldRecord(order, first);
    expect([order.cumLots, order.qtyLots, order.state]).toEqual([5, 9, OrderState.UNKNOWN]);
  });
});
