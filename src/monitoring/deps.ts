/** What monitoring is given by the host. It reads shared memory from the side and writes nothing there. */
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Clock } from '../core/ports/clock.js';
import type { JudgementRow, PnlRow, StoreRow } from './payload.js';
import type { StrategyPnlRow } from './payload-rows.js';

export interface MonitoringDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  /** Market time: the clock of every record. */
  readonly clock: Clock;
  readonly version: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Market wall time of the start. */
  readonly startedUs: number;
  readonly speed: number;
  /** Name of each lane, by index in the plan. */
  readonly laneNames: readonly string[];
  /** A lane that has not turned for this long is stuck. */
  readonly watchdogMs: number;
  /** What the journal of earlier runs says: live orders, levels and fills are shown from the start. */
  readonly recovered: RecoveredState | null;
  /** Names of the level states of a strategy kind, by code. */
  levelStates(kind: string): readonly string[];
  /** The run's exact profit, as in the summary. Called about once a second. */
  pnl(): readonly PnlRow[];
  strategyPnl?(): readonly StrategyPnlRow[];
  /** Of the last run that was judged. */
  judgement?(): JudgementRow | null;
  /** How far each store is behind the journal. Absent: a run without stores. */
  stores?(): readonly StoreRow[];
  /** The configuration with secrets as references. */
  config(): unknown;
  /** Which HTTP server and which feed transport carry this run. */
  transport(): { readonly http: string; readonly feeds: string };
}
