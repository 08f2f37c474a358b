/** An executor that takes over within a run, on the memory that another left: what must not begin anew with it. */
import { describe, expect, it } from 'vitest';
import { BUDGET_KNOWN, budgetBase } from '../../src/core/memory/layout.js';
import { RecordKind } from '../../src/core/memory/record.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import type { RecoveredOrderState } from '../../src/core/orders/recovered.js';
import { Executor } from '../../src/execution/executor.js';
import { compileRisk } from '../../src/execution/risk/limits.js';
import { DEFAULT_RISK } from '../../src/execution/risk/schema.js';
import { LINEAR, NOTHING, Rig, type Row, WALL_AT_ZERO_US } from './rig.js';

const GATEWAY = 1;
const TERMS = { strategy: 0, instrument: LINEAR.index, level: 3, side: 1, priceTicks: 60_000, qtyLots: 10 };

/** Another executor on the rig's memory, with what the journal would tell it. */
function takeOver(rig: Rig, orders: readonly RecoveredOrderState[]): Executor {
  return new Executor({
    views: rig.views,
    plan: rig.plan,
    tables: rig.tables,
    limits: compileRisk(DEFAULT_RISK, rig.tables),
    journal: rig.journal,
    producer: 0,
    lane: 0,
    nowUs: () => rig.nowUs,
    wallUs: (nowUs) => WALL_AT_ZERO_US + nowUs,
    recovered: { ...NOTHING, orders },
    wakeService: () => undefined,
  });
}

function recoveredOf(row: Row, state: number): RecoveredOrderState {
  const { orderId, strategy, instrument, level, side, flags, timeInForce, priceTicks, qtyLots, group } = row;
  return { orderId, strategy, instrument, level, side, flags, timeInForce, priceTicks, qtyLots, group, pnlKind: 0, cumLots: 0, state };
}

/** A rig whose executor has sent one create, and that create. */
function sent(): { readonly rig: Rig; readonly create: Row } {
  const rig = new Rig();
  rig.book(LINEAR.index, 60_500, 60_501);
  rig.place(TERMS);
  rig.step();
  const [create] = rig.requests(GATEWAY);
  if (create === undefined) throw new Error('nothing was sent');
  return { rig, create };
}

describe('an executor that takes over', () => {
  it('C17: gives no order id twice, also where the order before is forgotten', () => {
    const { rig, create } = sent();
    const next = takeOver(rig, []);
    rig.place(TERMS);
    next.step(rig.nowUs, 64);
    const [second] = rig.requests(GATEWAY);
    expect(second?.kind).toBe(RecordKind.CREATE);
    expect(second?.orderId).not.toBe(create.orderId);
  });

  it('C17: asks for an order of this run, and does not take the first "not found" for its end: the venue may not have it yet', () => {
    const { rig, create } = sent();
    const next = takeOver(rig, [recoveredOf(create, OrderState.PENDING)]);
    const ask = (): Row | undefined => {
      rig.nowUs += 10_000;
      next.step(rig.nowUs, 64);
      return rig.requests(GATEWAY).find(({ kind }) => kind === RecordKind.QUERY);
    };
    const question = ask();
    expect(question?.orderId).toBe(create.orderId);
    const notFound = { ...TERMS, kind: RecordKind.NOT_FOUND, orderId: create.orderId };
    rig.answer(GATEWAY, { ...notFound, decidedUs: question?.decidedUs ?? 0 });
    rig.nowUs += 10_000;
    next.step(rig.nowUs, 64);
    expect(next.openOrders()).toBe(1);
    rig.nowUs += 2_100_000;
    const second = ask();
    rig.answer(GATEWAY, { ...notFound, decidedUs: second?.decidedUs ?? 0 });
    rig.nowUs += 10_000;
    next.step(rig.nowUs, 64);
    expect(next.openOrders()).toBe(0);
  });

  it('C17: knows what the gateway has seen of its ring', () => {
    const { rig } = sent();
    rig.views.i32[(budgetBase(rig.plan, GATEWAY) + BUDGET_KNOWN) >> 2] = 1;
    // One request of the executor before was taken: none is on its way.
    const next = takeOver(rig, []);
    rig.place(TERMS);
    next.step(rig.nowUs, 64);
    // The gateway, as far as it says itself, has no room at all.
    expect(rig.requests(GATEWAY)).toEqual([]);
  });
});
