/** What the view says beside its lists: what was taken over, what the venues' limits leave. */
import { describe, expect, it } from 'vitest';
import {
  BUDGET_FREE_CANCELS,
  BUDGET_FREE_ORDERS,
  BUDGET_KNOWN,
  BUDGET_PAUSE_UNTIL_US,
  BUDGET_USED_PERMILLE,
  budgetBase,
  CONTROL_TRADING_STATE,
} from '../../src/core/memory/layout.js';
import { OrderState } from '../../src/core/orders/order-state.js';
import type { RecoveredOrderState, RecoveredState } from '../../src/core/orders/recovered.js';
import { DemoEngine } from './demo-engine.js';

const ORDER: RecoveredOrderState = {
  orderId: 1,
  strategy: 0,
  instrument: 0,
  level: 3,
  side: 0,
  flags: 0,
  timeInForce: 0,
  priceTicks: 100,
  qtyLots: 10,
  cumLots: 0,
  state: OrderState.OPEN,
  pnlKind: 0,
  group: 0,
};

describe('status', () => {
  it('says what was adopted after a restart, by strategy, and how the last run compared with the venues', () => {
    const level = {
      strategy: 0,
      level: 3,
      state: 2,
      side: 0,
      instrument: 0,
      priceTicks: 100,
      qtyLots: 10,
      cumLots: 0,
      auxTicks: 0,
      auxLots: 0,
    };
    const recovered: RecoveredState = {
      runs: 4,
      orders: [
        ORDER,
        { ...ORDER, orderId: 2, state: OrderState.PARTLY_FILLED },
        { ...ORDER, orderId: 3, state: OrderState.UNKNOWN },
        { ...ORDER, orderId: 4, state: OrderState.CANCELLED, cumLots: 3 },
        { ...ORDER, orderId: 5, strategy: 1, state: OrderState.PENDING },
      ],
      fills: [],
      levels: [level, { ...level, level: 4 }],
      notes: ['a torn tail was cut'],
    };
    const judgement = { run: 4, tsUs: 9, differences: { orders: 0, fills: 0 }, lines: [] };
    const { resumed } = new DemoEngine({ recovered, judgement }).view.status();
    expect(resumed).toMatchObject({ runs: 4, notes: ['a torn tail was cut'], judgement });
    expect(resumed.strategies.slice(0, 2)).toEqual([
      { strategy: 'btc-grid', levels: 2, orders: 2, doubtful: 2, fills: 0 },
      { strategy: 'perp-grid', levels: 0, orders: 0, doubtful: 1, fills: 0 },
    ]);
    expect(new DemoEngine().view.status().resumed).toEqual({ runs: 0, strategies: [], notes: [], judgement: null });
  });

  it("says what a venue's rate limits leave, and nothing where nobody counts them", () => {
    const engine = new DemoEngine();
    const base = budgetBase(engine.plan, 3);
    const int = (offset: number, value: number): number => Atomics.store(engine.views.i32, (base + offset) >> 2, value);
    int(BUDGET_KNOWN, 1);
    int(BUDGET_USED_PERMILLE, 850);
    int(BUDGET_FREE_ORDERS, 12);
    int(BUDGET_FREE_CANCELS, 20);
    engine.views.f64[(base + BUDGET_PAUSE_UNTIL_US) >> 3] = engine.view.deps.clock.nowUs() + 5_000;
    const budgets = engine.view.status().venues.map(({ gateway }) => gateway.budget);
    expect(budgets).toEqual([null, null, null, { usedShare: 0.85, freeOrders: 12, freeCancels: 20, pauseUs: 5_000 }, null]);
  });

  it('says what comparing with a venue found, by name', () => {
    const engine = new DemoEngine();
    engine.view.shared.reconcile[1]?.set('lists', 4);
    engine.view.shared.reconcile[1]?.set('ghostsRetired', 1);
    expect(engine.view.status().venues.map(({ reconciled }) => reconciled)).toEqual([{}, { lists: 4, ghostsRetired: 1 }, {}, {}, {}]);
  });

  it.each([
    [0, 'active'],
    [1, 'reducing'],
    [2, 'halted'],
  ])('D14: trading state %i is %s', (word, name) => {
    const engine = new DemoEngine();
    Atomics.store(engine.views.i32, (engine.plan.control + CONTROL_TRADING_STATE) >> 2, word);
    expect(engine.view.status().trading).toBe(name);
  });
});
