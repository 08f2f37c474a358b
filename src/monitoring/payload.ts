/**
 * The shapes that leave the engine: HTTP API, live socket, page and terminal read these and nothing else. Types only, so that the page can import them.
 * Prices, quantities and money are decimal text; times are integer microseconds (wall unless said); latencies are microseconds.
 */
import type { PnlRow } from '../core/ledger/pnl.js';
import type { LatencySummary } from '../core/memory/histogram.js';
import type { Stage } from '../core/memory/layout.js';
import type { ParamsEffect, ParamSpec, ParamValue } from '../core/ports/strategy.js';

export type { LatencySummary, ParamSpec, ParamValue, PnlRow, Stage };

/** On every answer: who speaks. `label` is what a person must be shown. */
export interface Envelope {
  readonly mode: 'sim' | 'paper' | 'live';
  readonly simulated: boolean;
  readonly label: 'SIMULATED' | null;
  readonly nowUs: number;
}

export type TradingLevel = 'active' | 'reducing' | 'halted';

export type FillKind = 'grid' | 'arb' | 'other';

export interface OrderCounts {
  readonly sent: number;
  readonly accepted: number;
  readonly amended: number;
  readonly rejected: number;
  readonly denied: number;
  readonly cancelled: number;
  readonly filled: number;
  readonly open: number;
  readonly unknown: number;
}

export interface FillCounts {
  readonly count: number;
  readonly byVenue: Readonly<Record<string, number>>;
  readonly byStrategy: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<string, number>>;
}

export interface RefusalCounts {
  readonly risk: Readonly<Record<string, number>>;
  readonly arb: Readonly<Record<string, number>>;
}

/** The part of the run's summary that monitoring counts; profit and differences come from the ledger and the judge. */
export interface SummaryCounts {
  readonly orders: OrderCounts;
  readonly fills: FillCounts;
  readonly refused: RefusalCounts;
  readonly books: { readonly live: number; readonly gaps: number; readonly resyncs: number };
  readonly frames: { readonly kernel: number; readonly mapper: number; readonly bad: number };
  readonly latencyUs: Readonly<Record<Stage, LatencySummary>>;
}

/** Parts of one strategy in one asset: matched is what its kind earned (grid, arb or other). Decimal text. */
export interface StrategyPnlRow {
  readonly strategy: string;
  readonly asset: string;
  readonly matched: string;
  readonly trend: string;
  readonly fees: string;
  readonly funding: string;
}

export interface BookRow {
  readonly instrument: string;
  readonly venue: string;
  readonly symbol: string;
  readonly state: string;
  readonly bid: string | null;
  readonly bidQty: string | null;
  readonly ask: string | null;
  readonly askQty: string | null;
  /** For charts only. */
  readonly mid: number | null;
  readonly spreadTicks: number | null;
  readonly bidLevels: number;
  readonly askLevels: number;
  readonly sequence: number | null;
  /** Since the last message, null before the first. */
  readonly ageUs: number | null;
  /** Venue time to our receipt, by our wall clock: carries the clock offset of that venue. */
  readonly lagUs: number | null;
  readonly markPrice: string | null;
}

/** Best first; each level is [price, quantity]. */
export interface DepthPayload {
  readonly instrument: string;
  readonly state: string;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

export interface OrderRow {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly strategy: string;
  readonly kind: FillKind;
  readonly venue: string;
  readonly instrument: string;
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  readonly state: string;
  readonly isLive: boolean;
  readonly reason: string | null;
  readonly isAdopted: boolean;
  readonly flags: readonly string[];
  readonly tsUs: number;
}

export interface FillRow {
  /** Venue, trade id and order id: the same fill has the same text for ever. */
  readonly fillId: string;
  readonly tradeId: number;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly strategy: string;
  readonly kind: FillKind;
  readonly venue: string;
  readonly instrument: string;
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly isEarlierRun: boolean;
  readonly tsUs: number;
}

export interface LevelRow {
  readonly strategy: string;
  readonly instrument: string;
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly state: string;
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  readonly auxPrice: string | null;
  readonly auxQty: string | null;
  readonly reason: string | null;
  /** Fills of this level in this run. */
  readonly fills: number;
  readonly tsUs: number;
}

export interface AuditRow {
  readonly event: string;
  readonly strategy: string;
  readonly instrument: string | null;
  readonly level: number | null;
  readonly side: 'buy' | 'sell' | null;
  readonly price: string | null;
  readonly qty: string | null;
  readonly reason: string | null;
  /** What is to be said beside these, in words. */
  readonly text: string | null;
  readonly tsUs: number;
}

export interface PositionRow {
  readonly strategy: string;
  readonly instrument: string;
  readonly net: string;
  readonly entry: string | null;
  readonly openBuy: string;
  readonly openSell: string;
  readonly fills: number;
}

export interface BalanceRow {
  readonly venue: string;
  readonly asset: string;
  /** Floats for screens; money is exact in the ledger. */
  readonly total: number;
  readonly free: number;
}

export interface VenueRow {
  readonly venue: string;
  readonly state: 'up' | 'degraded' | 'down';
  readonly connections: number;
  readonly books: number;
  readonly booksLive: number;
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly lagUs: number | null;
  readonly framesKernel: number;
  readonly framesMapper: number;
  readonly framesBad: number;
  readonly trades: number;
  readonly gaps: number;
  readonly resyncs: number;
  readonly reconnects: number;
  readonly stales: number;
  readonly gateway: GatewayRow;
  /** What comparing with the venue asked, found and put right in this run, by name. */
  readonly reconciled: Readonly<Record<string, number>>;
}

/** The way of orders to a venue. */
export interface GatewayRow {
  /** The private stream runs and the account was compared: new orders are taken. */
  readonly isUp: boolean;
  readonly requests: number;
  readonly outcomes: number;
  readonly errors: number;
  readonly inFlight: number;
  /** Calls to the venue; of these answered by a rate limit, and without an answer that tells the outcome. */
  readonly calls: number;
  readonly rateLimited: number;
  readonly unanswered: number;
  /** What the venue's rate limits leave; null where nobody counts them (fill models). */
  readonly budget: {
    readonly usedShare: number;
    readonly freeOrders: number;
    readonly freeCancels: number;
    readonly pauseUs: number;
  } | null;
}

/** What a start took over from the runs before it. */
export interface ResumedPayload {
  readonly runs: number;
  readonly strategies: readonly ResumedRow[];
  /** What was cut, set aside or not used, in words. */
  readonly notes: readonly string[];
  /** Of the last run that ended in order; null when none did. */
  readonly judgement: JudgementRow | null;
}

export interface ResumedRow {
  readonly strategy: string;
  readonly levels: number;
  /** Live orders, adopted as they were. */
  readonly orders: number;
  /** Orders that ended while nobody looked, or that the venue is asked about. */
  readonly doubtful: number;
  readonly fills: number;
}

/** How an account compared with ours at the end of a run. */
export interface JudgementRow {
  readonly run: number;
  readonly tsUs: number;
  /** By what was compared: orders, fills, balances, positions. */
  readonly differences: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

export interface StrategyRow {
  readonly strategy: string;
  readonly kind: string;
  readonly pnlKind: FillKind;
  readonly instruments: readonly string[];
  readonly open: number;
  readonly sent: number;
  readonly fills: number;
  readonly taken: number;
  readonly refused: number;
  readonly denied: number;
  readonly errors: number;
}

export interface JournalRow {
  readonly records: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly syncs: number;
  readonly segments: number;
  readonly lagRecords: number;
  readonly storeLag: number;
  readonly errors: number;
  readonly isWritable: boolean;
  readonly blockedReason: string | null;
}

/** One store that the journal is copied into; the journal is its queue. */
export interface StoreRow {
  readonly name: string;
  readonly state: 'starting' | 'current' | 'behind' | 'failing';
  readonly lagBytes: number;
  readonly lagRecords: number;
  /** How long ago it last had everything; 0 while it has. */
  readonly behindUs: number;
  readonly records: number;
  readonly failures: number;
  /** Of the last failure, '' while it works. */
  readonly error: string;
}

export interface LaneRow {
  readonly lane: number;
  readonly name: string;
  readonly turnsPerSecond: number;
  readonly busyShare: number;
  readonly heartbeatAgeUs: number | null;
}

export interface StatusPayload extends Envelope {
  readonly version: string;
  readonly pid: number;
  readonly run: number;
  readonly tag: string;
  readonly dataDir: string;
  readonly state: 'starting' | 'trading' | 'stopping';
  /** The kill switch and the loss limits: `reducing` takes only what makes a position smaller, `halted` nothing new. */
  readonly trading: TradingLevel;
  readonly halt: 'none' | 'new orders stopped' | 'all stopped';
  readonly startedUs: number;
  readonly uptimeSeconds: number;
  readonly speed: number;
  readonly http: string;
  readonly venues: readonly VenueRow[];
  readonly strategies: readonly StrategyRow[];
  readonly resumed: ResumedPayload;
  readonly journal: JournalRow;
  readonly stores: readonly StoreRow[];
  readonly lanes: readonly LaneRow[];
  readonly counts: SummaryCounts;
}

export interface HaltOrder {
  readonly level: TradingLevel;
  /** Also asks the venues to cancel every order of ours. */
  readonly cancel: boolean;
}

export interface HaltAnswer {
  readonly level: TradingLevel;
  readonly cancel: boolean;
  /** Live orders at that moment: those that a `cancel` asks back. */
  readonly ordersOpen: number;
}

/** One strategy's parameters: what it declares, what runs, what the file says. */
export interface ParamsPayload {
  readonly strategy: string;
  readonly kind: string;
  readonly specs: readonly ParamSpec[];
  readonly values: Readonly<Record<string, ParamValue>>;
  readonly file: Readonly<Record<string, ParamValue>>;
  /** Where `values` come from. */
  readonly from: 'file' | 'change';
  /** Takes new parameters while it runs. */
  readonly isLive: boolean;
  /** Changes that a rollback can take back, newest last. */
  readonly changes: readonly ParamsChange[];
}

export interface ParamsChange {
  readonly tsUs: number;
  readonly before: Readonly<Record<string, ParamValue>>;
  readonly after: Readonly<Record<string, ParamValue>>;
}

export interface ParamsAnswer {
  readonly strategy: string;
  /** `live`: the levels stay. `rebuilt`: old orders are cancelled, a new ladder is placed. */
  readonly effect: ParamsEffect;
  readonly text: string;
  readonly values: Readonly<Record<string, ParamValue>>;
}

export interface PreviewLineRow {
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly counterPrice: string;
  /** Of one round trip, in the profit asset. */
  readonly gross: string;
  readonly fees: string;
  readonly net: string;
  readonly netPercent: string;
  /** Placed at once, or when the market comes near. */
  readonly rests: boolean;
}

/** All orders of one side filled, none of their counter orders. */
export interface PreviewSideRow {
  readonly qty: string;
  readonly averagePrice: string;
  readonly breakEven: string;
  readonly liquidation: string | null;
}

/** What a grid would do, before it does it. */
export interface GridPreviewPayload {
  readonly instrument: string;
  readonly kind: string;
  readonly anchor: string;
  readonly profitAsset: string;
  readonly feeRate: string;
  readonly lines: readonly PreviewLineRow[];
  readonly capital: readonly { readonly asset: string; readonly amount: string; readonly use: string }[];
  readonly profitPerGrid: { readonly least: string; readonly most: string; readonly leastPercent: string; readonly mostPercent: string };
  readonly long: PreviewSideRow | null;
  readonly short: PreviewSideRow | null;
  readonly notes: readonly string[];
}

export interface PreviewPayload {
  readonly strategy: string;
  readonly kind: string;
  readonly values: Readonly<Record<string, ParamValue>>;
  /** They differ from what runs. */
  readonly isChange: boolean;
  readonly effect: ParamsEffect;
  /** What applying them would do, in words. */
  readonly said: string;
  /** Null for strategies that are no grid. */
  readonly grid: GridPreviewPayload | null;
}

/** Strategy -> reason -> count. */
export interface RefusalsPayload {
  readonly risk: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly opportunities: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly taken: Readonly<Record<string, number>>;
}

/** Points of a bounded chart: when it is full, every second point goes and the step doubles. */
export interface SeriesPayload {
  readonly stepUs: number;
  readonly tsUs: readonly number[];
  readonly values: readonly (number | null)[];
}

export interface HistoryPayload {
  /** Mid price by instrument. */
  readonly mids: Readonly<Record<string, SeriesPayload>>;
  /** Equity change and realised parts by asset. */
  readonly equity: Readonly<Record<string, SeriesPayload>>;
  readonly realised: Readonly<Record<string, SeriesPayload>>;
}

/** One thing that happened, pushed once: `seq` counts without holes within a run. */
export type LiveEvent =
  | { readonly seq: number; readonly event: 'order'; readonly row: OrderRow }
  | { readonly seq: number; readonly event: 'fill'; readonly row: FillRow }
  | { readonly seq: number; readonly event: 'level'; readonly row: LevelRow }
  | { readonly seq: number; readonly event: 'audit'; readonly row: AuditRow };

export interface SnapshotMessage {
  readonly type: 'snapshot';
  /** Events up to and including this one are in the lists below. */
  readonly seq: number;
  readonly status: StatusPayload;
  readonly books: readonly BookRow[];
  readonly depth: readonly DepthPayload[];
  readonly orders: readonly OrderRow[];
  readonly fills: readonly FillRow[];
  readonly levels: readonly LevelRow[];
  readonly positions: readonly PositionRow[];
  readonly balances: readonly BalanceRow[];
  readonly pnl: readonly PnlRow[];
  readonly strategyPnl: readonly StrategyPnlRow[];
  readonly audit: readonly AuditRow[];
  readonly refusals: RefusalsPayload;
  readonly history: HistoryPayload;
}

export interface EventsMessage {
  readonly type: 'events';
  readonly simulated: boolean;
  readonly events: readonly LiveEvent[];
}

export interface BooksMessage {
  readonly type: 'books';
  readonly simulated: boolean;
  readonly nowUs: number;
  readonly books: readonly BookRow[];
  readonly depth: readonly DepthPayload[];
}

export interface StatusMessage {
  readonly type: 'status';
  readonly simulated: boolean;
  readonly status: StatusPayload;
  readonly pnl: readonly PnlRow[];
  readonly strategyPnl: readonly StrategyPnlRow[];
  readonly positions: readonly PositionRow[];
  readonly balances: readonly BalanceRow[];
  readonly refusals: RefusalsPayload;
}

export type LiveMessage = SnapshotMessage | EventsMessage | BooksMessage | StatusMessage;
