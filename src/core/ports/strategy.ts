/**
 * What a strategy is and what it sees. A strategy is synchronous, reads views, writes intents, knows the time it is given, and cannot tell backtest from live.
 * All callbacks run on the strategy's lane, one at a time. Views and drafts are reused: read them during the call, keep numbers, not objects.
 */
import type { Instrument } from '../orders/instrument.js';

export type ParamType = 'decimal' | 'integer' | 'boolean' | 'choice' | 'text';
export type ParamValue = string | number | boolean;

/** One parameter as plain data: schema, form and help are made from it. Decimal values are text. */
export interface ParamSpec {
  readonly key: string;
  /** e.g. 'quote', 'ticks', 'ms', 'ratio', '' */
  readonly unit: string;
  readonly type: ParamType;
  /** Absent: the parameter is required. */
  readonly default?: ParamValue;
  readonly min?: string | number;
  readonly max?: string | number;
  readonly choices?: readonly string[];
  /** Optional parameters have no default and may be absent. */
  readonly optional?: boolean;
  readonly reason: string;
}

export type Params = Readonly<Record<string, ParamValue | undefined>>;

/**
 * What new parameters do to a running strategy. `live`: its levels and orders stay. `rebuilt`: its orders are cancelled and its levels made anew; what it holds it keeps.
 * `restart`: it takes them at a start only.
 */
export type ParamsEffect = 'live' | 'rebuilt' | 'restart';

/** Default export of a strategy file. */
export interface StrategyDefinition {
  readonly kind: string;
  /** Where matched profit is booked. */
  readonly pnlKind: 'grid' | 'arb' | 'other';
  readonly description: string;
  readonly params: readonly ParamSpec[];
  /** Names of the level states that this kind publishes, by code: for pages and exports. */
  readonly levelStates?: readonly string[];
  /** Least and most instruments of one entry. */
  readonly instruments: { readonly min: number; readonly max: number };
  /** Throws UsageError, with the numbers, when the parameters cannot work (for example a step below the round-trip cost). */
  create(setup: StrategySetup): Strategy;
  /** Throws UsageError for what parameters cannot be together, whatever the market: told by `config check`, before anything runs. */
  checkTogether?(name: string, params: Params): void;
  /** Told before a change is made. Absent: `live` where the strategy has `onParams`, else `restart`. */
  effectOf?(before: Params, after: Params, instruments: readonly Instrument[]): ParamsEffect;
}

export interface StrategySetup {
  readonly name: string;
  /** Position in the run's strategy table. */
  readonly index: number;
  readonly instruments: readonly Instrument[];
  readonly params: Params;
  /** Number of level slots this strategy may use; levels are 0 .. levelCapacity - 1. */
  readonly levelCapacity: number;
  /** What the journal of earlier runs says of this strategy; null on a first start or when instruments changed. */
  readonly recovered: RecoveredStrategy | null;
  /** Adds a line to the run's log (start-up only). */
  note(text: string): void;
}

/** A level as last published. The meaning of `state` is the strategy's own. */
export interface RecoveredLevel {
  readonly level: number;
  readonly state: number;
  readonly side: number;
  readonly instrument: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  /** The strategy's free words as published (LevelRecord.auxTicks, auxLots). */
  readonly auxTicks: number;
  readonly auxLots: number;
  /** LevelRecord.orderId as published; absent where the journal does not tell. */
  readonly orderId?: number;
}

/** A live order of the strategy that was adopted at start. */
export interface RecoveredOrder {
  readonly orderId: number;
  readonly level: number;
  readonly instrument: number;
  readonly side: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  readonly state: number;
}

/** A fill that the strategy may not have seen before the crash: its levels tell (cumLots of the level against the order's). */
export interface RecoveredStrategy {
  readonly levels: readonly RecoveredLevel[];
  /** Live orders, plus orders that ended after the strategy last published their level: reconcile levels against them. */
  readonly orders: readonly RecoveredOrder[];
  readonly netLots: readonly number[];
}

export interface BookView {
  /** In sync and younger than its venue's staleness bound at the time of this call. Nothing else of a book may be used when false. */
  readonly isLive: boolean;
  readonly bidTicks: number;
  readonly bidLots: number;
  readonly askTicks: number;
  readonly askLots: number;
  /** Monotonic receive time of the last update. */
  readonly recvUs: number;
  /** Live and no older than `maxAgeUs`. */
  isFresh(nowUs: number, maxAgeUs: number): boolean;
  /** Copies the best `count` levels of a side, best first; returns how many there were. Zero when no whole view could be had. */
  levels(side: number, count: number, outTicks: Float64Array, outLots: Float64Array): number;
}

/** A wish, reused by its owner; all numbers are integers. `level` names the order: one live order per (strategy, level). */
export interface OrderDraft {
  level: number;
  /** Index into the strategy's own instruments. */
  slot: number;
  side: number;
  priceTicks: number;
  qtyLots: number;
  /** FLAG_* of core/memory/record.ts. */
  flags: number;
  timeInForce: number;
  /** Legs of one decision share a group id; the executor checks all `groupLegs` legs before it sends the first. 0 = alone. */
  group: number;
  groupLegs: number;
}

export interface Intents {
  /** RESULT_OK, or RESULT_FULL: there is no room, nothing was written, the state stays with the strategy. */
  place(draft: OrderDraft): number;
  /** New price and whole quantity of the level's live order. */
  amend(level: number, priceTicks: number, qtyLots: number): number;
  cancel(level: number): number;
  cancelAll(): number;
  /** Room for that many more intents: legs of a group are written only when all fit. */
  hasRoom(count: number): boolean;
  /** A fresh group id. */
  nextGroup(): number;
}

/** What the executor tells a strategy; fields as in core/memory/record.ts. Valid during the call. */
export interface OrderEvent {
  /** RecordKind: ACK, REJECT, AMENDED, AMEND_REJECT, CANCELLED, CANCEL_REJECT, FILL, EXPIRED, DENIED, UNKNOWN, NOT_FOUND. */
  readonly kind: number;
  readonly level: number;
  readonly slot: number;
  readonly side: number;
  readonly orderId: number;
  readonly reason: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  /** Filled so far, this fill included. */
  readonly cumLots: number;
  readonly fillTicks: number;
  readonly fillLots: number;
  readonly flags: number;
  readonly group: number;
  readonly tsUs: number;
}

export interface TradeView {
  readonly priceTicks: number;
  readonly qtyLots: number;
  /** SIDE_* of the taker. */
  readonly side: number;
  readonly recvUs: number;
}

export interface LevelRecord {
  level: number;
  state: number;
  side: number;
  slot: number;
  priceTicks: number;
  qtyLots: number;
  cumLots: number;
  /** Free words for the strategy: the counter price, the lots owed. */
  auxTicks: number;
  auxLots: number;
  /** The newest order of the level that the strategy has heard of (0: none yet); `cumLots` is how much of it the level counts. */
  orderId: number;
  /** Why the level is parked or waits; Reason.NONE when it does neither. */
  reason: number;
}

export interface StrategyContext {
  readonly nowUs: number;
  readonly wallUs: number;
  readonly instruments: readonly Instrument[];
  readonly params: Params;
  /** The book of the strategy's instrument `slot`. */
  book(slot: number): BookView;
  /** Own signed lots on `slot`. */
  positionLots(slot: number): number;
  /** Free units of an asset at the instrument's venue, as a float for guards; Infinity where the venue gives none. */
  freeBalance(slot: number, asset: string): number;
  /** Mark price in ticks, NaN when unknown; funding rate of the running interval, NaN when unknown. */
  markTicks(slot: number): number;
  fundingRate(slot: number): number;
  readonly intents: Intents;
  /** Publishes a level to shared memory and journal. RESULT_FULL: journal ring full, publish again later. */
  publishLevel(record: LevelRecord): number;
  /** An opportunity seen and not taken: counted, and journaled at most once a second per reason. */
  refuse(reason: number): void;
  taken(group: number): void;
  /** True once the engine is stopping: place nothing new. */
  readonly isStopping: boolean;
  /** True in the first part of a stop: orders that close what is held still go out. */
  readonly isClosing: boolean;
}

export interface Strategy {
  onStart?(ctx: StrategyContext): void;
  /** The book of `slot` changed (it may have become not live). Called at most once a turn for each changed book. */
  onTop?(ctx: StrategyContext, slot: number): void;
  onTrade?(ctx: StrategyContext, slot: number, trade: TradeView): void;
  onOrder?(ctx: StrategyContext, event: OrderEvent): void;
  /** About every 100 ms of market time. */
  onTimer?(ctx: StrategyContext): void;
  /**
   * New parameters while it runs, checked as at a start. Throws UsageError to refuse them: nothing may have changed then. Absent: new ones are taken at a start only.
   * From the next call on `ctx.params` are these.
   */
  onParams?(ctx: StrategyContext, params: Params): void;
  /**
   * Before `onStop`, with every turn of the first part of a clean stop: true while something is left that the strategy is to close. Bounded by the host; not
   * called where the run ends by an error or a recording.
   */
  onClosing?(ctx: StrategyContext): boolean;
  /** Resting orders stay (they are adopted at the next start) unless the strategy cancels them here. */
  onStop?(ctx: StrategyContext): void;
}
