/** What the journal of earlier runs says, folded; handed to the executor, the paper venue, the ledger and the strategies at start. Indexes are those of the new run. */

export interface RecoveredOrderState {
  readonly orderId: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly timeInForce: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  /** OrderState; live ones are adopted, PENDING and UNKNOWN ones are asked for. */
  readonly state: number;
  readonly pnlKind: number;
  readonly group: number;
  /** When its first and its newest record were written; absent where nobody knows. */
  readonly createdUs?: number;
  readonly updatedUs?: number;
  /** An amend was under way, and the journal does not have its outcome: the venue may hold another quantity. */
  readonly areTermsOpen?: boolean;
}

export interface RecoveredFill {
  readonly orderId: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly level: number;
  readonly side: number;
  readonly flags: number;
  readonly pnlKind: number;
  readonly fillTicks: number;
  readonly fillLots: number;
  /** 1e-8 of the fee asset. */
  readonly fee: number;
  readonly feeAsset: number;
  readonly tradeId: number;
  readonly tsUs: number;
}

export interface RecoveredLevelState {
  readonly strategy: number;
  readonly level: number;
  readonly state: number;
  readonly side: number;
  readonly instrument: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  readonly auxTicks: number;
  readonly auxLots: number;
  /** REC_ORDER_ID of the level record: the newest order that the strategy had heard of; `cumLots` is what it counted of that one. */
  readonly orderId?: number;
}

/** A funding payment, counted once. */
export interface RecoveredPayment {
  readonly strategy: number;
  readonly instrument: number;
  readonly asset: number;
  /** 1e-8 of the asset, negative when paid. */
  readonly amount: number;
  readonly tsUs: number;
}

/** From where a loss limit counts: the newest one of each strategy, instrument and reason. */
export interface RecoveredLossMark {
  readonly strategy: number;
  readonly instrument: number;
  /** Reason: DAILY_LOSS or DRAWDOWN. */
  readonly reason: number;
  /** The result then, in 1e-8 of the instrument's settle asset. */
  readonly result: number;
  readonly isReached: boolean;
  readonly tsUs: number;
}

export interface RecoveredState {
  /** Runs seen in the journal; the new run is this plus one. */
  readonly runs: number;
  /** Live orders and those whose outcome is unknown, plus orders that ended after their level was last published. */
  readonly orders: readonly RecoveredOrderState[];
  /** Every fill of every run, in journal order, once. */
  readonly fills: readonly RecoveredFill[];
  readonly levels: readonly RecoveredLevelState[];
  /** By venue: wall time up to which the journal has every fill of ours, as the venue's last complete list said. Fills after that may be missing. */
  readonly fillsUpTo?: readonly { readonly venue: string; readonly tsUs: number }[];
  /** Fills of strategies or instruments that the new run does not have: counted already, should a venue tell them again. */
  readonly fillsAside?: readonly { readonly orderId: number; readonly tradeId: number }[];
  /** Every funding payment of every run, once. */
  readonly fundings?: readonly RecoveredPayment[];
  readonly lossMarks?: readonly RecoveredLossMark[];
  /** What was cut or set aside, in words; empty after a clean stop. */
  readonly notes: readonly string[];
}
