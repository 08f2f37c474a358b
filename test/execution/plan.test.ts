import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordKind } from '../../src/core/memory/record.js';
import { capsOf, type VenueCaps } from '../../src/execution/caps.js';
import {
  DROPPED,
  GatewayPlan,
  LANE_AMEND,
  LANE_CANCEL,
  LANE_FAR,
  LANE_HEDGE,
  LANE_NEAR,
  LANE_QUERY,
  NO_ROOM,
  SENT,
  WaitingRequests,
} from '../../src/execution/plan.js';

const K = RecordKind;
const caps = (more: Partial<VenueCaps>): VenueCaps => ({ ...capsOf('bybit'), burst: 10, perSecond: 5, cancelReserve: 2, ...more });
const WIDE = caps({ burst: 1000 });

function released(plan: GatewayPlan, nowUs: number): number[] {
  const slots: number[] = [];
  plan.release(nowUs, (slot) => {
    slots.push(slot);
    return SENT;
  });
  return slots;
}

describe('GatewayPlan', () => {
  it('C8: risk cancel, hedge leg, question, amend, new near, new far, in the order they came within a lane', () => {
    const plan = new GatewayPlan(new WaitingRequests(16), WIDE);
    const lanes = [LANE_FAR, LANE_NEAR, LANE_AMEND, LANE_QUERY, LANE_HEDGE, LANE_CANCEL, LANE_FAR, LANE_CANCEL];
    for (const [slot, lane] of lanes.entries()) plan.add(slot, K.CREATE, lane);
    expect(released(plan, 0)).toEqual([5, 7, 4, 3, 2, 1, 0, 6]);
    expect(plan.count).toBe(0);
  });

  it('C8: part of the budget is kept for cancels, and it fills with time', () => {
    const plan = new GatewayPlan(new WaitingRequests(64), caps({}));
    for (let slot = 0; slot < 20; slot++) plan.add(slot, K.CREATE, LANE_NEAR);
    expect(released(plan, 0)).toHaveLength(8);
    for (let slot = 20; slot < 24; slot++) plan.add(slot, K.CANCEL, LANE_CANCEL);
    expect(released(plan, 0)).toEqual([20, 21]);
    expect(released(plan, 200_000)).toEqual([22]);
    expect(released(plan, 400_000)).toEqual([23]);
    expect(released(plan, 800_000)).toEqual([]); // the reserve fills first
    expect(released(plan, 1_000_000)).toEqual([8]);
  });

  it('C6: a later wish of the same order takes the place of the one that waits', () => {
    const waiting = new WaitingRequests(4);
    const plan = new GatewayPlan(waiting, WIDE);
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
    const plan = new GatewayPlan(new WaitingRequests(8), caps({ burst: 3, cancelReserve: 0 }));
    for (let slot = 0; slot < 4; slot++) plan.add(slot, K.CREATE, LANE_NEAR);
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
    const step = fc.record({ slot: fc.nat(7), lane: fc.nat(5), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const plan = new GatewayPlan(new WaitingRequests(8), WIDE);
        const model: number[][] = Array.from({ length: 6 }, () => []);
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
