/** What a start took over from the runs before it, for page, status and terminal. Made once: it does not change while a run trades. */
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import type { MonitoringDeps } from './deps.js';
import type { ResumedPayload } from './payload.js';

export function resumedOf({ recovered, tables, judgement }: Pick<MonitoringDeps, 'recovered' | 'tables' | 'judgement'>): ResumedPayload {
  if (recovered === null) return { runs: 0, strategies: [], notes: [], judgement: null };
  const { runs, orders, fills, levels, notes } = recovered;
  return {
    runs,
    strategies: tables.strategies.map(({ index, name }) => {
      const own = ofStrategy(orders, index);
      const live = own.filter(({ state }) => !isTerminal(state) && state !== OrderState.PENDING && state !== OrderState.UNKNOWN);
      return {
        strategy: name,
        levels: ofStrategy(levels, index).length,
        orders: live.length,
        doubtful: own.length - live.length,
        fills: ofStrategy(fills, index).length,
      };
    }),
    notes,
    judgement: judgement?.() ?? null,
  };
}

function ofStrategy<Row extends { readonly strategy: number }>(rows: readonly Row[], strategy: number): readonly Row[] {
  return rows.filter((row) => row.strategy === strategy);
}
