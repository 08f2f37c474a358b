/** The first part of a clean stop: strategies close what they were told not to leave behind; and what could not be closed, for the summary. Main thread. */
import {
  CONTROL_CLOSED,
  CONTROL_HALT,
  CONTROL_RUN,
  HALT_NONE,
  positionBase,
  POSITION_NET_LOTS,
  RUN_CLOSING,
  RUN_TRADING,
} from '../core/memory/layout.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { formatTicks } from '../core/numbers/decimal.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Params } from '../core/ports/strategy.js';

/** What strategies with `onStop: flatten` still hold at the end. */
export interface Closing {
  /** Their names. */
  readonly strategies: readonly string[];
  readonly left: readonly { readonly strategy: string; readonly instrument: string; readonly qty: string }[];
}

/** Wall milliseconds that it may take: orders that found no price are tried again for so long. */
export const CLOSE_WITHIN_MS = 10_000;

/** False where nothing may go out, or nothing was traded yet. */
export function beginClosing({ i32 }: SharedViews, plan: MemoryPlan): boolean {
  if (Atomics.load(i32, (plan.control + CONTROL_HALT) >> 2) !== HALT_NONE) return false;
  return Atomics.compareExchange(i32, (plan.control + CONTROL_RUN) >> 2, RUN_TRADING, RUN_CLOSING) === RUN_TRADING;
}

export function isClosed({ i32 }: SharedViews, plan: MemoryPlan): boolean {
  return Atomics.load(i32, (plan.control + CONTROL_CLOSED) >> 2) === 1;
}

/** A strategy that had something left to close when it last looked; null when none had, or none was asked. */
export function unclosedOf({ i32 }: SharedViews, plan: MemoryPlan, { strategies }: RunTables): string | null {
  const word = Atomics.load(i32, (plan.control + CONTROL_CLOSED) >> 2);
  return word > 1 ? (strategies[word - 2]?.name ?? null) : null;
}

/** Once nothing fills any more; null where no strategy is told to be flat. */
export function closingOf(
  { f64 }: SharedViews,
  plan: MemoryPlan,
  tables: RunTables,
  paramsOf: (strategy: string) => Params | undefined,
): Closing | null {
  const flat = tables.strategies.filter(({ name }) => paramsOf(name)?.['onStop'] === 'flatten');
  if (flat.length === 0) return null;
  const left = flat.flatMap(({ index, name, instruments }) =>
    instruments.flatMap((at) => {
      const instrument = tables.instruments[at];
      const lots = f64[(positionBase(plan, index + 1, at) + POSITION_NET_LOTS) >> 3] ?? 0;
      if (instrument === undefined || lots === 0) return [];
      return [{ strategy: name, instrument: instrument.id, qty: formatTicks(lots, instrument.lotSize) }];
    }),
  );
  return { strategies: flat.map(({ name }) => name), left };
}
