import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMemory } from '../../src/core/memory/layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { FillsSeen } from '../../src/execution/fills-seen.js';
import { OrderTable } from '../../src/execution/orders.js';

const SLOTS = 16;

function table(): OrderTable {
  const plan = planMemory({
    instruments: 1,
    bookBytes: 128,
    strategies: 2,
    levelsPerStrategy: 8,
    venues: 1,
    gateways: 1,
    assets: 1,
    feedLanes: 1,
    lanes: 1,
    producers: 1,
    orderSlots: SLOTS,
    ringRecords: 4,
    journalRecords: 4,
  });
  return new OrderTable(viewsOf(new SharedArrayBuffer(plan.bytes)), plan);
}

describe('OrderTable', () => {
  it('finds live orders by id and level and ended ones by id, like a map, until the oldest ended slot is used again', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ strategy: fc.nat(1), level: fc.nat(7), ends: fc.boolean() }), { maxLength: 200 }), (steps) => {
        const orders = table();
        const live = new Map<string, number>();
        let ended: number[] = [];
        let nextId = 2 ** 45;
        for (const { strategy, level, ends } of steps) {
          const key = `${strategy}:${level}`;
          const id = live.get(key);
          expect(orders.at(strategy, level)).toBe(id === undefined ? -1 : orders.find(id));
          if (ends && id !== undefined) {
            orders.end(orders.find(id), strategy, level);
            live.delete(key);
            ended.push(id);
          } else if (!ends && id === undefined) {
            const opened = (nextId += 4_194_304 + 1);
            const slot = orders.open(opened, strategy, level);
            expect(slot >= 0).toBe(live.size < SLOTS);
            if (slot < 0) continue;
            orders.publish(slot);
            live.set(key, opened);
            ended = ended.filter((one) => orders.find(one) >= 0);
            expect(ended.length).toBeLessThanOrEqual(SLOTS - live.size);
          }
          expect(orders.liveCount).toBe(live.size);
          for (const [, one] of live) expect(orders.isLive(orders.find(one))).toBe(true);
          const newest = ended.at(-1);
          if (newest !== undefined && live.size < SLOTS) expect(orders.find(newest)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('uses the oldest ended slot first', () => {
    const orders = table();
    const slots = Array.from({ length: SLOTS }, (_, n) => {
      const slot = orders.open(n + 1, n >> 3, n & 7);
      orders.publish(slot);
      return slot;
    });
    expect(orders.open(99, 0, 0)).toBe(-1);
    orders.end(slots[5]!, 0, 5);
    orders.end(slots[2]!, 0, 2);
    expect(orders.open(100, 0, 5)).toBe(slots[5]);
    expect(orders.find(6)).toBe(-1);
    expect(orders.find(3)).toBe(slots[2]);
  });
});

describe('FillsSeen', () => {
  it('knows the last fills and no others, like a bounded list', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 })), { maxLength: 300 }), (fills) => {
        const seen = new FillsSeen(8);
        let model: string[] = [];
        for (const [order, trade] of fills) {
          const key = `${order}:${trade}`;
          expect(seen.add(order * 2 ** 40, trade)).toBe(!model.includes(key));
          if (!model.includes(key)) model = [...model, key].slice(-8);
        }
      }),
      { numRuns: 200 },
    );
  });
});
