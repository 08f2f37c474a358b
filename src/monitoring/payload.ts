/**
 * The shapes that leave the engine: HTTP API, live socket, page and terminal read these and nothing else; rows stand in payload-rows.ts, what a person orders in
 * payload-admin.ts. Types only, so that the page can import them.
 * Prices, quantities and money are decimal text; times are integer microseconds (wall unless said); latencies are microseconds.
 */
import type { PnlRow } from '../core/ledger/pnl.js';
import type { LatencySummary } from '../core/memory/histogram.js';
import type { Stage } from '../core/memory/layout.js';
import type { TradingLevel } from './payload-admin.js';
import type {
  AuditRow,
  BalanceRow,
  BookRow,
  DepthPayload,
  FillKind,
  FillRow,
  LevelRow,
  OrderRow,
  PositionRow,
  StrategyPnlRow,
} from './payload-rows.js';

export type { LatencySummary, PnlRow, Stage };

/** On every answer: who speaks. `label` is what a person must be shown. */
export interface Envelope {
  readonly mode: 'sim' | 'paper' | 'live';
  readonly simulated: boolean;
  readonly label: 'SIMULATED' | null;
  readonly nowUs: number;
}

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
  /** How often it died or hung and another took its place. */
  readonly restarts: number;
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
