/** What leaves the engine, row by row: books, orders, fills, levels, positions, balances. Types only; decimal texts and integer microseconds, as in payload.ts. */

export type FillKind = 'grid' | 'arb' | 'other';

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
