/**
 * The documents that stores hold, made from the journal by projection.ts, and what a store must be able to do. Texts and decimals are complete in themselves, so
 * that a document can be read without the tables of its run; integers are kept beside them where the projection has to go on from them.
 */
import type { JournalPosition } from './journal.js';
import type { FrameMark } from './journal-reader.js';
import type { FoldedOrder } from '../core/orders/order-fold.js';
import type { RunStart } from './run-start.js';

/** Of the documents below. 2: positions, parameters, candles. An older embedded store is made again from the journal, a newer one is refused by name. */
export const SCHEMA_VERSION = 2;

export interface OrderDoc {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly run: number;
  readonly strategy: string;
  readonly kind: string;
  readonly venue: string;
  readonly instrument: string;
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  readonly state: string;
  readonly reason: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly timeInForce: string;
  readonly group: number;
  readonly createdUs: number;
  readonly updatedUs: number;
  /** Where the fold stands: the order in integers of these steps, the trades it has counted, and the last record it has seen. */
  readonly fold: FoldedOrder;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly trades: readonly number[];
  readonly at: JournalPosition;
}

/** A change of a wallet. */
export interface FlowDoc {
  readonly asset: string;
  readonly amount: string;
  readonly kind: 'trade' | 'fee';
}

export interface FillDoc {
  readonly tradeId: number;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly run: number;
  readonly strategy: string;
  readonly kind: string;
  readonly venue: string;
  readonly instrument: string;
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly liquidity: 'maker' | 'taker';
  readonly flows: readonly FlowDoc[];
  readonly tsUs: number;
}

export interface LevelDoc {
  readonly strategy: string;
  readonly level: number;
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  /** The strategy's own word. */
  readonly state: number;
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  /** The strategy's free words. */
  readonly auxTicks: number;
  readonly auxLots: number;
  readonly updatedUs: number;
}

/** What a strategy holds of an instrument by its own fills, spot and contracts alike. */
export interface PositionDoc {
  readonly strategy: string;
  readonly venue: string;
  readonly instrument: string;
  /** Signed; a decimal text. */
  readonly qty: string;
  readonly bought: string;
  readonly sold: string;
  readonly fills: number;
  readonly updatedUs: number;
  /** Where the count stands: lots of this size, and the last fill that it has seen. */
  readonly boughtLots: number;
  readonly soldLots: number;
  readonly lotSize: string;
  readonly at: JournalPosition;
}

/** Parameters of a strategy as a run set them. */
export interface ParametersDoc {
  readonly run: number;
  readonly strategy: string;
  readonly setUs: number;
  readonly values: unknown;
}

/** One minute of an instrument's public trades. Not from the journal: what no feed saw is in no store. */
export interface CandleDoc {
  readonly instrument: string;
  readonly openUs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly qty: string;
  /** The part whose taker bought. */
  readonly buyQty: string;
  readonly trades: number;
}

/** Audit: what was decided without an order, and funding. */
export interface AuditDoc {
  readonly at: JournalPosition;
  readonly run: number;
  readonly kind: string;
  readonly tsUs: number;
  readonly strategy: string;
  readonly instrument: string;
  readonly level: number;
  readonly orderId: number;
  readonly reason: string;
  readonly group: number;
  readonly flows: readonly (Omit<FlowDoc, 'kind'> & { readonly kind: 'funding' })[];
  readonly venue: string;
  readonly state: number;
}

export interface RunDoc extends RunStart {
  readonly stoppedUs: number | null;
}

/** Upserts by identity, and the position behind the last record they come from. */
export interface StoreBatch {
  readonly orders: readonly OrderDoc[];
  readonly fills: readonly FillDoc[];
  readonly levels: readonly LevelDoc[];
  readonly audit: readonly AuditDoc[];
  readonly runs: readonly RunDoc[];
  readonly positions: readonly PositionDoc[];
  readonly parameters: readonly ParametersDoc[];
  readonly position: StorePosition;
}

/** How far a store is, with a fingerprint of the last frame before it: a store that was fed from another journal is told by it. */
export interface StorePosition extends JournalPosition {
  readonly last?: FrameMark;
  /** The run whose records stand here. A batch that was written in part may have told the store of a later one already. */
  readonly run?: number;
}

export interface TimeRange {
  /** Wall microseconds, both inclusive. */
  readonly fromUs: number;
  readonly toUs: number;
}

export interface StoreReader {
  /** Null when nothing was ever written. */
  position(): Promise<StorePosition | null>;
  /** In the order of the runs. */
  runs(): Promise<readonly RunDoc[]>;
  orders(ids: readonly number[]): Promise<ReadonlyMap<number, OrderDoc>>;
  /** By id, which is by run, strategy and level. */
  allOrders(): AsyncIterable<OrderDoc> | Iterable<OrderDoc>;
  /** By time, then order and trade. */
  fills(range: TimeRange): AsyncIterable<FillDoc> | Iterable<FillDoc>;
  /** By strategy and level. */
  levels(): AsyncIterable<LevelDoc> | Iterable<LevelDoc>;
  audit(range: TimeRange): AsyncIterable<AuditDoc> | Iterable<AuditDoc>;
  /** By strategy and instrument. */
  positions(): AsyncIterable<PositionDoc> | Iterable<PositionDoc>;
  /** By run and strategy. */
  parameters(): AsyncIterable<ParametersDoc> | Iterable<ParametersDoc>;
  close(): Promise<void>;
}

export interface Store extends StoreReader {
  readonly name: string;
  /**
   * Resolves when the batch is committed. Writing a batch again is harmless, and the position never runs ahead of the documents: a store without transactions
   * writes parameters before the run that tells them, the orders after all other documents (an order says which records it has seen) and the position last.
   */
  write(batch: StoreBatch): Promise<void>;
  /** Takes everything of this journal out, for a rebuild. Candles stay: no journal has them. */
  clear(): Promise<void>;
}

/** Minutes of trades; the embedded store holds them first, others copy from it. */
export interface CandleStore {
  readonly name: string;
  /** Upserts by instrument and minute. */
  writeCandles(candles: readonly CandleDoc[]): Promise<void>;
  /** By minute, then instrument. */
  candles(range: TimeRange, most?: number): AsyncIterable<CandleDoc> | Iterable<CandleDoc>;
  /** The newest minute it has, 0 when it has none. */
  lastCandleUs(): Promise<number>;
}

/** The order in which fills are read. */
export function compareFills(a: FillDoc, b: FillDoc): number {
  return a.tsUs - b.tsUs || a.orderId - b.orderId || a.tradeId - b.tradeId;
}
