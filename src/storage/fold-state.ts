/** What a fold of the journal holds, in plain data: the shapes that it is handed out and kept in a checkpoint as. Types only. */
import type { FoldedOrder } from '../core/orders/order-fold.js';
import type { RecoveredFill, RecoveredLevelState, RecoveredLossMark } from '../core/orders/recovered.js';
import type { KeptParams } from './kept-params.js';
import type { NamedTables } from './run-map.js';
import type { RunStart } from './run-start.js';

export interface RecoveredFunding {
  readonly strategy: number;
  readonly instrument: number;
  readonly asset: number;
  /** 1e-8 of the asset, negative when paid. */
  readonly amount: number;
  readonly id: number;
  readonly tsUs: number;
}

/** With the run that journaled it: documents are made of it when a store has to be made again. */
export interface KeptFill extends RecoveredFill {
  readonly run: number;
}

export interface KeptLevel extends RecoveredLevelState {
  readonly updatedUs: number;
}

/** Everything a fold holds, in plain data: what a checkpoint keeps. Indexes are those of `names`. */
export interface FoldState {
  readonly run: number;
  readonly last: RunStart | null;
  readonly isClean: boolean;
  readonly isLost: boolean;
  readonly names: NamedTables;
  readonly orders: readonly FoldedOrder[];
  /** Ids of ended orders that stand by for their level, by [strategy, level]. */
  readonly ended: readonly (readonly [strategy: number, level: number, ids: readonly number[]])[];
  readonly newest: readonly (readonly [strategy: number, level: number, id: number])[];
  readonly levels: readonly KeptLevel[];
  readonly fills: readonly KeptFill[];
  readonly fundings: readonly RecoveredFunding[];
  /** Venues with the time up to which their list of fills is complete. */
  readonly fillsUpTo: readonly (readonly [venue: string, tsUs: number])[];
  /** Absent in checkpoints of before there were any. */
  readonly lossMarks?: readonly RecoveredLossMark[];
  /** As above. */
  readonly params?: readonly KeptParams[];
  readonly lostRecords: number;
  readonly oddRecords: number;
}
