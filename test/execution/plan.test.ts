import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/memory/record.js';
import { Budget, type GatewayWord } from '../../src/execution/budget.js';
import { capsOf, type VenueCaps } from '../../src/execution/caps.js';
import {
  DROPPED,
  GatewayPlan,
  LANE_AMEND,
  LANE_CANCEL,
  LANE_HEDGE,
  LANE_NEW,
  LANE_QUERY,
  NO_ROOM,
  SENT,
  WaitingRequests,
} from '../../src/execution/plan.js';

const K = RecordKind;
const caps = (more: Partial<VenueCaps>): VenueCaps => ({ ...capsOf('bybit'), burst: 10, perSecond: 5, cancelReserve: 2, ...more });
const WIDE = caps({ burst: 1000 });

/** A plan of its own; distances are the slot's number unless given. */
function planOf(waiting: WaitingRequests, budget: VenueCaps, distances?: readonly number[], word: GatewayWord | null = null): GatewayPlan {
  return new GatewayPlan(waiting, new Budget(budget, word), (slot) => distances?.[slot] ?? slot);
}

function released(plan: GatewayPlan, nowUs: number): number[] {
  const slots: number[] = [];
  plan.release(nowUs, (slot) => {
    slots.push(slot);
    return SENT;
  });
  return slots;
}

describe('GatewayPlan', () => {
  it('C8: risk cancel, hedge leg, question, amend, new, in the order they came while the budget is ample', () => {
    const plan = planOf(new WaitingRequests(16), WIDE);
    const lanes = [LANE_NEW, LANE_NEW, LANE_AMEND, LANE_QUERY, LANE_HEDGE, LANE_CANCEL, LANE_NEW, LANE_CANCEL];
    for (const [slot, lane] of lanes.entries()) plan.add(slot, K.CREATE, lane);
    expect(released(plan, 0)).toEqual([5, 7, 4, 3, 2, 0, 1, 6]);
    expect(plan.count).toBe(0);
  });

  it('C8: part of the budget is kept for cancels, and it fills with time', () => {
    const plan = planOf(new WaitingRequests(64), caps({}));
    for (let slot = 0; slot < 20; slot++) plan.add(slot, K.CREATE, LANE_NEW);
    expect(released(plan, 0)).toHaveLength(8);
    for (let slot = 20; slot < 24; slot++) plan.add(slot, K.CANCEL, LANE_CANCEL);
    expect(released(plan, 0)).toEqual([20, 21]);
    expect(released(plan, 200_000)).toEqual([22]);
    expect(released(plan, 400_000)).toEqual([23]);
    expect(released(plan, 800_000)).toEqual([]); // the reserve fills first
    expect(released(plan, 1_000_000)).toEqual([8]);
  });

  it('C8: where the budget is short, amends go before new orders and what stands nearest goes first', () => {
    const distances = [9, 3, 7, 1, 8, 2];
    const plan = planOf(new WaitingRequests(8), caps({ burst: 5, cancelReserve: 1, perSecond: 1 }), distances);
    for (const slot of [0, 1, 2, 3]) plan.add(slot, K.CREATE, LANE_NEW);
    for (const slot of [4, 5]) plan.add(slot, K.AMEND, LANE_AMEND);
    expect(released(plan, 0)).toEqual([4, 5, 3, 1]);
    // The market moved while they waited: what counts is where it is when one may go.
    distances[0] = 0;
    expect(released(plan, 1_000_000)).toEqual([0]);
    expect(released(plan, 2_000_000)).toEqual([2]);
  });

  it('C8: the smallest of all buckets holds, and the reserve of each is kept for cancels', () => {
    const plan = planOf(new WaitingRequests(64), caps({ burst: 100, quick: { burst: 6, perSecond: 2, cancelReserve: 2 } }));
    for (let slot = 0; slot < 20; slot++) plan.add(slot, K.CREATE, LANE_NEW);
    expect(released(plan, 0)).toHaveLength(4);
    for (let slot = 20; slot < 24; slot++) plan.add(slot, K.CANCEL, LANE_CANCEL);
    expect(released(plan, 0)).toEqual([20, 21]);
    expect(released(plan, 500_000)).toEqual([22]);
  });

  it('C8: questions are no orders: they use a bucket of their own', () => {
    const plan = planOf(new WaitingRequests(64), caps({ burst: 4, cancelReserve: 2 }));
    for (let slot = 0; slot < 10; slot++) plan.add(slot, K.QUERY, LANE_QUERY);
    for (let slot = 10; slot < 14; slot++) plan.add(slot, K.CREATE, LANE_NEW);
    expect(released(plan, 0)).toHaveLength(12);
  });

  it('C8: the gateway knows what the venue has left; the smaller of its word and ours holds, and a pause holds for all', () => {
    const word = { isKnown: true, pauseUntilUs: 0, freeOrders: 2, freeCancels: 3, read: () => word.isKnown };
    const plan = planOf(new WaitingRequests(64), WIDE, undefined, word);
    for (let slot = 0; slot < 6; slot++) plan.add(slot, K.CREATE, LANE_NEW);
    expect(released(plan, 0)).toEqual([0, 1]);
    word.freeOrders = 0;
    word.freeCancels = 1;
    for (let slot = 6; slot < 8; slot++) plan.add(slot, K.CANCEL, LANE_CANCEL);
    expect(released(plan, 0)).toEqual([6]);
    word.freeOrders = word.freeCancels = 50;
    word.pauseUntilUs = 1_000_000;
    plan.add(8, K.QUERY, LANE_QUERY);
    expect(released(plan, 999_999)).toEqual([]);
    expect(released(plan, 1_000_000)).toEqual([7, 8, 2, 3, 4, 5]);
  });

  it('C6: a later wish of the same order takes the place of the one that waits', () => {
    const waiting = new WaitingRequests(4);
    const plan = planOf(waiting, WIDE);
    plan.add(0, K.AMEND, LANE_AMEND);
    plan.add(1, K.AMEND, LANE_AMEND);
    plan.add(0, K.AMEND, LANE_AMEND);
    plan.add(1, K.CANCEL, LANE_CANCEL);
    const sent: [number, number][] = [];
    plan.release(0, (slot, kind) => {
      sent.push([slot, kind]);
      return SENT;
    });
    expect(sent).toEqual([
      [1, K.CANCEL],
      [0, K.AMEND],
    ]);
  });

  it('without room the request stays first in its lane; what is dropped uses nothing up', () => {
    const plan = planOf(new WaitingRequests(8), caps({ burst: 3, cancelReserve: 0 }));
    for (let slot = 0; slot < 4; slot++) plan.add(slot, K.CREATE, LANE_NEW);
    plan.release(0, () => NO_ROOM);
    expect(plan.count).toBe(4);
    const offered: number[] = [];
    plan.release(0, (slot) => {
      offered.push(slot);
      return slot === 0 ? DROPPED : SENT;
    });
    expect(offered).toEqual([0, 1, 2, 3]);
  });

  it('holds what a list of lanes would hold, whatever is added and taken away', () => {
    const step = fc.record({ slot: fc.nat(7), lane: fc.nat(4), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const plan = planOf(new WaitingRequests(8), WIDE);
        const model: number[][] = Array.from({ length: 5 }, () => []);
        for (const { slot, lane, remove } of steps) {
          const has = model.findIndex((one) => one.includes(slot));
          if (remove || (has >= 0 && has !== lane)) for (const one of model) if (one.includes(slot)) one.splice(one.indexOf(slot), 1);
          if (remove) {
            plan.remove(slot);
            continue;
          }
          if (has !== lane) model[lane]!.push(slot);
          plan.add(slot, K.CREATE, lane);
        }
        expect(plan.count).toBe(model.flat().length);
        expect(released(plan, 0)).toEqual(model.flat());
      }),
    );
  });
});

describe('capsOf', () => {
  it('C7: emulated amends are never used; a venue that nothing is known of is treated with care', () => {
    expect(capsOf('binance-spot').amend).toBe('cancel-create');
    expect(capsOf('bybit').amend).toBe('native');
    expect(capsOf('ccxt:somewhere')).toMatchObject({ amend: 'cancel-create', createBatch: 1 });
  });
});
