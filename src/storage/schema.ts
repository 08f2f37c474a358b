/**
 * The documents that stores hold, made from the journal by projection.ts, and what a store must be able to do. Texts and decimals are complete in themselves, so
 * that a document can be read without the tables of its run; integers are kept beside them where the projection has to go on from them.
 */
import type { JournalPosition } from './journal.js';
import type { FoldedOrder } from '../core/orders/order-fold.js';
import type { RunStart } from './run-start.js';

/** Of the documents below; a store of another version is refused by name. */
export const SCHEMA_VERSION = 1;

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
  readonly position: JournalPosition;
}

export interface TimeRange {
  /** Wall microseconds, both inclusive. */
  readonly fromUs: number;
  readonly toUs: number;
}

export interface StoreReader {
  /** Null when nothing was ever written. */
  position(): Promise<JournalPosition | null>;
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
  close(): Promise<void>;
}

export interface Store extends StoreReader {
  readonly name: string;
  /**
   * Resolves when the batch is committed. Writing a batch again is harmless, and the position never runs ahead of the documents: a store without transactions
   * writes the orders after all other documents (an order says which records it has seen) and the position last.
   */
  write(batch: StoreBatch): Promise<void>;
}

/** The order in which fills are read. */
export function compareFills(a: FillDoc, b: FillDoc): number {
  return a.tsUs - b.tsUs || a.orderId - b.orderId || a.tradeId - b.tradeId;
}
