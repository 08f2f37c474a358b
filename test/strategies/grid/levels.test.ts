/** Quantities of a line under every order of answers: by table, without rings. */
import { describe, expect, it } from 'vitest';
import { RecordKind, SIDE_BUY } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import type { OrderEvent } from '../../../src/core/ports/strategy.js';
import { LevelState } from '../../../src/strategies/grid/level-state.js';
import { GridLevels } from '../../../src/strategies/grid/levels.js';

const LADDER = {
  count: 1,
  anchorTicks: 100,
  buyTicks: Float64Array.of(90),
  sellTicks: Float64Array.of(100),
  homeSide: Uint8Array.of(SIDE_BUY),
  qtyLots: Float64Array.of(10),
};

/** A line whose home order was placed and acknowledged as order 7. */
function line(): GridLevels {
  const levels = new GridLevels(LADDER, () => 1);
  levels.startPlace(0, 90, 10, 0);
  tell(levels, RecordKind.ACK, { orderId: 7 });
  return levels;
}

function tell(levels: GridLevels, kind: number, over: Partial<OrderEvent> = {}): number {
  const event: OrderEvent = {
    kind,
    level: 0,
    slot: 0,
    side: SIDE_BUY,
    orderId: 7,
    reason: Reason.NONE,
    priceTicks: 90,
    qtyLots: 10,
    cumLots: 0,
    fillTicks: 90,
    fillLots: 0,
    flags: 0,
    group: 0,
    tsUs: 0,
    ...over,
  };
  return levels.onEvent(event, 1_000);
}

describe('fills', () => {
  it('count once when they are told twice', () => {
    const levels = line();
    expect(tell(levels, RecordKind.FILL, { cumLots: 4, fillLots: 4 })).toBe(4);
    expect(tell(levels, RecordKind.FILL, { cumLots: 4, fillLots: 4 })).toBe(0);
    expect(levels.heldLots(0)).toBe(4);
  });

  it('count after the end of their order, and beside the order that followed it', () => {
    const levels = line();
    tell(levels, RecordKind.CANCELLED);
    expect(tell(levels, RecordKind.FILL, { cumLots: 2, fillLots: 2 })).toBe(2);
    levels.startPlace(0, 90, 8, 0);
    tell(levels, RecordKind.ACK, { orderId: 9, qtyLots: 8 });
    expect(tell(levels, RecordKind.FILL, { cumLots: 3, fillLots: 1 })).toBe(1);
    expect(tell(levels, RecordKind.FILL, { orderId: 9, qtyLots: 8, cumLots: 5, fillLots: 5 })).toBe(5);
    expect([levels.heldLots(0), levels.restingLots(0), levels.state[0]]).toEqual([8, 3, LevelState.OPEN]);
  });

  it('of an order two generations old count by their own quantity', () => {
    const levels = line();
    tell(levels, RecordKind.CANCELLED);
    levels.startPlace(0, 90, 10, 0);
    tell(levels, RecordKind.CANCELLED, { orderId: 9 });
    expect(tell(levels, RecordKind.FILL, { cumLots: 6, fillLots: 2 })).toBe(2);
    expect(levels.strays).toBe(1);
  });
});

describe('an amend', () => {
  it('that grows an order which just filled keeps it alive', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.FILL, { cumLots: 10, fillLots: 10 });
    expect(levels.state[0]).toBe(LevelState.AMENDING);
    tell(levels, RecordKind.AMENDED, { qtyLots: 15, cumLots: 10 });
    expect([levels.state[0], levels.restingLots(0)]).toEqual([LevelState.OPEN, 5]);
  });

  it('that is refused after the order filled ends it', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.FILL, { cumLots: 10, fillLots: 10 });
    tell(levels, RecordKind.AMEND_REJECT, { cumLots: 10 });
    expect(levels.state[0]).toBe(LevelState.IDLE);
  });

  it('by cancel and create goes on with the new order and counts both', () => {
    const levels = line();
    tell(levels, RecordKind.FILL, { cumLots: 4, fillLots: 4 });
    levels.sentAmend(0);
    tell(levels, RecordKind.AMENDED, { orderId: 9, qtyLots: 6, cumLots: 0 });
    expect([levels.state[0], levels.restingLots(0)]).toEqual([LevelState.OPEN, 6]);
    tell(levels, RecordKind.FILL, { orderId: 9, qtyLots: 6, cumLots: 6, fillLots: 6 });
    expect([levels.state[0], levels.heldLots(0)]).toEqual([LevelState.IDLE, 10]);
  });

  it('by cancel and create still counts a late fill of the first order, and of the second only what is new', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.AMENDED, { orderId: 9, qtyLots: 10, cumLots: 2 });
    expect(tell(levels, RecordKind.FILL, { orderId: 7, cumLots: 3, fillLots: 3 })).toBe(3);
    expect(tell(levels, RecordKind.FILL, { orderId: 9, cumLots: 4, fillLots: 2 })).toBe(2);
    expect([levels.heldLots(0), levels.restingLots(0)]).toEqual([5, 6]);
  });

  it('whose answer was lost brings an order back that we took for filled', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.UNKNOWN);
    tell(levels, RecordKind.FILL, { cumLots: 10, fillLots: 10 });
    expect(levels.state[0]).toBe(LevelState.IDLE);
    tell(levels, RecordKind.AMENDED, { qtyLots: 15, cumLots: 10 });
    expect([levels.state[0], levels.restingLots(0)]).toEqual([LevelState.OPEN, 5]);
  });

  it('by cancel and create whose second half was refused leaves no order behind', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.REJECT, { orderId: 9, reason: Reason.POST_ONLY_WOULD_TAKE });
    expect(levels.state[0]).toBe(LevelState.BACKOFF);
  });

  it('of an order that the executor no longer has ends it', () => {
    const levels = line();
    levels.sentAmend(0);
    tell(levels, RecordKind.AMEND_REJECT, { orderId: 0, reason: Reason.NO_SUCH_ORDER });
    expect(levels.state[0]).toBe(LevelState.BACKOFF);
  });
});

describe('what a record says', () => {
  it('names the newest order heard of and what is counted of it', () => {
    const levels = line();
    tell(levels, RecordKind.FILL, { cumLots: 4, fillLots: 4 });
    expect([levels.heardId(0), levels.heardLots(0)]).toEqual([7, 4]);
    tell(levels, RecordKind.CANCELLED, { cumLots: 4 });
    levels.startPlace(0, 90, 6, 0);
    expect([levels.heardId(0), levels.heardLots(0)]).toEqual([7, 4]);
    tell(levels, RecordKind.ACK, { orderId: 9, qtyLots: 6 });
    expect([levels.heardId(0), levels.heardLots(0)]).toEqual([9, 0]);
  });

  it('is enough to add what the journal has and the level has not', () => {
    const of = (
      published: Partial<{ orderId: number; cumLots: number }>,
      orders: readonly (readonly [id: number, cum: number, state: number])[],
    ): number => {
      const levels = new GridLevels(LADDER, () => 1);
      const level = {
        level: 0,
        state: 0,
        side: 0,
        instrument: 0,
        priceTicks: 90,
        qtyLots: 10,
        cumLots: 0,
        auxTicks: 100,
        auxLots: 3,
        ...published,
      };
      const listed = orders.map(([orderId, cumLots, state]) => ({
        orderId,
        level: 0,
        instrument: 0,
        side: 0,
        priceTicks: 90,
        qtyLots: 10,
        cumLots,
        state,
      }));
      levels.recover({ levels: [level], orders: listed, netLots: [0] });
      return levels.heldLots(0);
    };
    expect(of({ orderId: 7, cumLots: 3 }, [])).toBe(3);
    expect(of({ orderId: 7, cumLots: 3 }, [[7, 5, 10]])).toBe(5);
    expect(of({ orderId: 7, cumLots: 3 }, [[9, 2, 10]])).toBe(5);
    expect(of({ orderId: 7, cumLots: 3 }, [[7, 4, 11], [9, 1, 2]])).toBe(5); // prettier-ignore
    expect(of({ orderId: 9, cumLots: 3 }, [[9, 3, 2]])).toBe(3);
    // A hole in the journal may tell less than the level has counted: what was counted stays.
    expect(of({ orderId: 7, cumLots: 3 }, [[7, 1, 11]])).toBe(3);
    // Without an id the count belongs to the oldest that is listed.
    expect(of({ cumLots: 3 }, [[7, 5, 11], [9, 1, 2]])).toBe(6); // prettier-ignore
  });
});
