/** What a lane's thread is started with: plain data that crosses by copy, beside the one shared block. */
import type { KernelName } from '../core/kernel/kernel.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Params } from '../core/ports/strategy.js';
import type { MarketTime } from './clock.js';
import type { LaneLayout } from './lanes.js';
import type { Prepared } from './prepare.js';
import type { StrategyPlan } from './run-config.js';
import type { Durability } from './trade-options.js';
import type { VenueAddress } from './venues-process.js';

export interface LaneData {
  readonly buffer: SharedArrayBuffer;
  /** The memory of that buffer, where the feed lanes' kernels work; null: they read in TypeScript. */
  readonly memory: WebAssembly.Memory | null;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly recovered: RecoveredState;
  readonly layout: LaneLayout;
  readonly market: MarketTime;
  /** The recording gives the time (--speed max): the clock is the market word of the shared memory. */
  readonly isStepped: boolean;
  readonly kernel: KernelName;
  readonly durability: Durability;
  readonly entries: readonly StrategyPlan[];
  readonly directory: string;
  /** Venue id to the bases that replace its own. */
  readonly addresses: Readonly<Record<string, VenueAddress>>;
  /** The risk block as the file has it. */
  readonly risk: unknown;
  /** Lane index of this thread. */
  readonly lane: number;
  /** Strategies in whose code a hot lane hung or died: not run again. Absent: none. */
  readonly parked?: readonly number[];
}

/** Feed lanes need nothing of earlier runs; what crosses to a thread is copied. */
export function laneDataOf(prepared: Prepared, lane: number, recovered: RecoveredState): LaneData {
  const { buffer, memory, plan, tables, layout, market, isStepped, options, run, addresses } = prepared;
  return {
    buffer,
    memory,
    plan,
    tables,
    recovered: lane === layout.hotLane ? recovered : { runs: recovered.runs, orders: [], fills: [], levels: [], notes: [] },
    layout,
    market,
    isStepped,
    kernel: options.kernel,
    durability: options.durability,
    entries: run.entries,
    directory: run.directory,
    addresses: addresses?.venues ?? {},
    risk: run.config.risk,
    lane,
  };
}

/** New parameters for a strategy of the hot lane. */
export interface ParamsCommand {
  readonly kind: 'params';
  readonly id: number;
  /** Its place in the run's table. */
  readonly strategy: number;
  readonly params: Params;
}

/** From a lane to the main thread. */
export type LaneMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly refusal: string | null }
  | { readonly kind: 'note'; readonly source: string; readonly text: string }
  | { readonly kind: 'error'; readonly source: string; readonly text: string; readonly isUsage: boolean };

/** From the main thread to a feed lane. */
export type LaneCommand =
  | { readonly kind: 'stop' }
  | { readonly kind: 'resync'; readonly instrument: number }
  | { readonly kind: 'reconnect'; readonly venue: string };
