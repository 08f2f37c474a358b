/**
 * What a protocol of a simulated venue builds its trading half on: accounts, orders, money and positions of one venue, the events its private streams send,
 * and the fault gate. Implemented in this folder, called by `venues/` on the one thread of the `venues` process.
 *
 * How a protocol uses it:
 *   - `context.exchange` answers everything synchronously; orders match at once, at market time `nowUs`. Prices and quantities are ticks and lots of the market,
 *     money is bigint in units of 10^-decimals of its asset (`unitsText` prints it). Filters (tick, lot, notional) are the protocol's to refuse first, by `terms`.
 *   - Events reach listeners in order, never inside a call: after the answer of the request that caused them, or at the end of the step, before `publish`.
 *   - HTTP handlers are wrapped by the process: faults on requests need nothing of a protocol but `operationOf` and `faultReply` (`VenueProtocol`).
 *     Requests by socket go through `context.faults.onSocketRequest`, private stream messages through `context.faults.sendPrivate`, batch items ask
 *     `context.faults.batchItem`. `context.nowUs()` carries the clock skew: use it for server time and receive windows.
 */
import type { ServerSocket } from '../../core/ports/http.js';
import type { Side } from '../engine/book-side.js';
import type { SelfTradeMode } from '../engine/matching-engine.js';
import type { Market } from '../market/market.js';
import type { VenueId } from '../market/spec.js';

export type { SelfTradeMode } from '../engine/matching-engine.js';

/** How a client proves who it is. `publicKey` (PEM) is set for Ed25519 and RSA keys, `secret` for HMAC ones. */
export interface ApiKey {
  readonly apiKey: string;
  readonly secret: string;
  readonly publicKey: string | null;
  readonly account: Account;
  readonly canTrade: boolean;
  readonly canWithdraw: boolean;
  readonly createdUs: number;
}

export interface Account {
  readonly id: number;
  /** `test`, `spare`, or a flow participant's name. */
  readonly name: string;
}

export interface AssetTerms {
  /** As the venue writes it in the wallet: BTC, USDT, XBt, USDt. */
  readonly asset: string;
  /** Money units are 10^-decimals of the asset; for XBt and USDt the unit itself is the venue's integer (satoshi, 1e-6 USDt). */
  readonly decimals: number;
}

/** Numbers that filters and metadata print; data, in `terms.ts`. Prices in ticks, quantities in lots. */
export interface MarketTerms {
  readonly settle: AssetTerms;
  /** Spot only, else the settle asset again. */
  readonly base: AssetTerms;
  readonly minLots: number;
  readonly maxLots: number;
  readonly maxMarketLots: number;
  /** Least order value in units of the settle asset (spot: quote), 0 when the venue has none. */
  readonly minNotional: bigint;
  /** Furthest a limit price may be from the mark (spot: last) price, as factors; null when the venue does not check. */
  readonly priceBand: { readonly up: number; readonly down: number } | null;
  readonly maxOpenOrders: number;
  readonly maxLeverage: number;
  readonly defaultLeverage: number;
  /** Parts of the position's value; the liquidation fee goes to the insurance fund. */
  readonly maintenanceRate: string;
  readonly liquidationFee: string;
  readonly makerFee: string;
  readonly takerFee: string;
  /** Decimals of the mark price as published and as used for profit and margin. */
  readonly markDecimals: number;
  readonly fundingDecimals: number;
}

export interface Funding {
  readonly timeMs: number;
  readonly rate: string;
  readonly mark: string;
}

export type OrderState = 'new' | 'part-filled' | 'filled' | 'cancelled' | 'expired' | 'rejected';
export type MarginMode = 'cross' | 'isolated';

/** Why an order ended without being filled whole. */
export type EndReason =
  | 'user'
  | 'cancel-all'
  | 'immediate-or-cancel'
  | 'not-fillable'
  | 'would-take'
  | 'self-trade'
  | 'reduce-only'
  | 'no-liquidity'
  | 'liquidation'
  | 'good-till-date'
  | 'replaced'
  | 'insufficient';

/** Reuse the object freely: it is the live record, read it, never write it. */
export interface Order {
  /** Number in the venue's order id space, rising; the same order is never numbered twice. */
  readonly number: number;
  /** Id as the venue writes it: the number, or a UUID for Bybit contracts and BitMEX. */
  readonly id: string;
  readonly account: Account;
  readonly market: Market;
  /** '' when the client gave none. */
  readonly clientId: string;
  readonly side: Side;
  readonly kind: 'limit' | 'market';
  /** Null for market orders. */
  readonly ticks: number | null;
  /** Whole quantity asked for, as amended. */
  readonly lots: number;
  /** Market orders by quote amount: the amount asked for; `lots` is what it bought. */
  readonly quoteUnits: bigint | null;
  readonly timeInForce: 'gtc' | 'ioc' | 'fok';
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly selfTrade: SelfTradeMode;
  readonly state: OrderState;
  readonly endReason: EndReason | null;
  readonly filledLots: number;
  /** Sum of ticks times lots of its fills: average price is this over `filledLots`. */
  readonly filledTickLots: bigint;
  /** Sum of the fills' values and fees, in units of the settle asset (spot: quote); fees in `feeAsset`. */
  readonly filledUnits: bigint;
  readonly feeUnits: bigint;
  readonly feeAsset: AssetTerms;
  readonly realisedUnits: bigint;
  readonly createdUs: number;
  readonly updatedUs: number;
  readonly amendments: number;
  /** Whatever the protocol wants to find again (its own names of type, time in force and so on); saved with the order. */
  readonly extra: Readonly<Record<string, string>>;
}

export interface Fill {
  /** Per venue, rising. */
  readonly id: number;
  /** Id of the public trade, as the market streams it, and its UUID; both sides share it. */
  readonly tradeId: number;
  readonly tradeUuid: string;
  /** UUID of this side's execution, for venues that name each side. */
  readonly execId: string;
  readonly account: Account;
  readonly market: Market;
  readonly orderNumber: number;
  readonly orderId: string;
  readonly clientId: string;
  readonly side: Side;
  readonly ticks: number;
  readonly lots: number;
  readonly isMaker: boolean;
  /** Positive, units of the settle asset (spot: quote). */
  readonly valueUnits: bigint;
  /** Positive is paid, negative a rebate. */
  readonly feeUnits: bigint;
  readonly feeAsset: AssetTerms;
  readonly feeRate: string;
  readonly realisedUnits: bigint;
  /** Lots of this fill that closed a position. */
  readonly closedLots: number;
  readonly leavesLots: number;
  readonly orderLots: number;
  readonly orderTicks: number | null;
  readonly kind: 'trade' | 'liquidation';
  readonly timeUs: number;
}

export interface WalletView {
  readonly terms: AssetTerms;
  /** Everything in the wallet (spot: free + locked; contracts: without unrealised profit). */
  readonly total: bigint;
  /** Locked by open spot orders. */
  readonly locked: bigint;
  readonly unrealised: bigint;
  /** Of positions, of open contract orders. */
  readonly positionMargin: bigint;
  readonly orderMargin: bigint;
  readonly maintenance: bigint;
  /** Put aside for isolated positions (inside `total`). */
  readonly isolated: bigint;
  /** Free for new orders; never negative. */
  readonly available: bigint;
  readonly updatedUs: number;
}

export interface PositionView {
  readonly account: Account;
  readonly market: Market;
  /** Signed: negative is short. 0 when closed; a market never traded has a view too. */
  readonly lots: number;
  /** Exact value at entry, positive, settle units. */
  readonly entryUnits: bigint;
  /** Value at the mark, positive. */
  readonly markUnits: bigint;
  readonly unrealised: bigint;
  /** Profit of closed lots since the position was opened, and ever; without fees and funding. */
  readonly realised: bigint;
  readonly realisedTotal: bigint;
  readonly feesTotal: bigint;
  readonly fundingTotal: bigint;
  readonly leverage: number;
  readonly marginMode: MarginMode;
  readonly isolatedMargin: bigint;
  readonly initialMargin: bigint;
  readonly maintenance: bigint;
  /** Prices as numbers for display only; null when there is none. */
  readonly entryPrice: number | null;
  readonly liquidationPrice: number | null;
  readonly bankruptcyPrice: number | null;
  readonly markPrice: number;
  readonly openBuyLots: number;
  readonly openSellLots: number;
  readonly boughtLots: number;
  readonly soldLots: number;
  readonly boughtUnits: bigint;
  readonly soldUnits: bigint;
  readonly openedUs: number;
  readonly updatedUs: number;
}

/** One line of an account's statement: everything that changes a wallet. */
export interface LedgerEntry {
  /** Per venue, rising. */
  readonly id: number;
  readonly kind: 'deposit' | 'trade' | 'realised' | 'fee' | 'funding' | 'insurance';
  readonly asset: AssetTerms;
  /** Signed change. */
  readonly units: bigint;
  readonly balance: bigint;
  readonly market: Market | null;
  readonly fillId: number | null;
  readonly tradeId: number | null;
  /** Funding: rate as published and the position it was paid on. */
  readonly rate: string | null;
  readonly lots: number | null;
  readonly timeUs: number;
}

export interface OrderRequest {
  readonly market: Market;
  readonly side: Side;
  /** Null is a market order. */
  readonly ticks: number | null;
  /** Null only for market orders by `quoteUnits` (spot). */
  readonly lots: number | null;
  readonly quoteUnits?: bigint;
  readonly timeInForce?: 'gtc' | 'ioc' | 'fok';
  readonly postOnly?: boolean;
  /** A post-only order that would take: refused (no order exists), or accepted and cancelled at once. Default 'refuse'. */
  readonly ifWouldTake?: 'refuse' | 'cancel';
  /** A fill-or-kill order that cannot be filled: refused, or accepted and expired at once. Default 'cancel'. */
  readonly ifNotFillable?: 'refuse' | 'cancel';
  readonly reduceOnly?: boolean;
  /** More than the position: made smaller, or refused. Without any position it is always refused. Default 'clip'. */
  readonly ifTooMuchToReduce?: 'clip' | 'refuse';
  readonly clientId?: string;
  /** Among open orders only (default), or among all that are remembered. */
  readonly uniqueClientId?: 'open' | 'ever';
  readonly selfTrade?: SelfTradeMode;
  readonly extra?: Readonly<Record<string, string>>;
}

export interface AmendRequest {
  readonly ticks?: number;
  /** New whole quantity (filled part included). Keeps its place in the queue when only this falls, unless `losesPlace`. */
  readonly lots?: number;
  readonly losesPlace?: boolean;
  readonly selfTrade?: SelfTradeMode;
  readonly clientId?: string;
  readonly ifWouldTake?: 'refuse' | 'cancel';
  readonly extra?: Readonly<Record<string, string>>;
}

export type Refusal =
  | { readonly reason: 'duplicate-client-id'; readonly order: Order }
  | { readonly reason: 'too-many-orders'; readonly limit: number }
  | { readonly reason: 'insufficient-balance'; readonly asset: AssetTerms; readonly required: bigint; readonly available: bigint }
  | { readonly reason: 'insufficient-margin'; readonly asset: AssetTerms; readonly required: bigint; readonly available: bigint }
  | { readonly reason: 'would-take' }
  | { readonly reason: 'not-fillable' }
  | { readonly reason: 'nothing-to-reduce' }
  | { readonly reason: 'too-much-to-reduce' }
  | { readonly reason: 'no-liquidity' }
  | { readonly reason: 'quote-too-small' }
  /** Amend and cancel: no such open order; `order` is set when it existed and has ended. */
  | { readonly reason: 'unknown-order'; readonly order: Order | null }
  | { readonly reason: 'nothing-to-change' }
  | { readonly reason: 'below-filled' }
  | { readonly reason: 'has-position' }
  | { readonly reason: 'has-orders' }
  | { readonly reason: 'unchanged' }
  | { readonly reason: 'leverage-out-of-range' }
  | { readonly reason: 'not-isolated' }
  | { readonly reason: 'unsupported' };

/** `fills` are the executions that this call caused on the order itself (for FULL answers). */
export type Placed =
  { readonly ok: true; readonly order: Order; readonly fills: readonly Fill[] } | { readonly ok: false; readonly refusal: Refusal };
export type Done = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal };

/** An order by the venue's id, its number, or the client's id (newest first when the client reused it). */
export type OrderName = { readonly id: string } | { readonly number: number } | { readonly clientId: string };

export interface HistoryQuery {
  readonly market?: Market;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Only numbers or ids from this one on (orders: `number`; fills and ledger: `id`). */
  readonly fromId?: number;
  readonly orderNumber?: number;
  readonly kind?: LedgerEntry['kind'];
  /** Keeps the newest ones, or the oldest when `fromId` or `oldest` asks for it. */
  readonly limit?: number;
  readonly oldest?: boolean;
}

interface EventBase {
  /** Per venue, rising by 1. */
  readonly sequence: number;
  /** For venues that name each report. */
  readonly uuid: string;
  readonly account: Account;
  readonly timeUs: number;
}

/** The order as it was at that moment: later changes do not show in it. */
export type OrderEvent = EventBase & {
  readonly type: 'order';
  readonly cause: 'new' | 'amended' | 'fill' | 'cancelled' | 'expired' | 'rejected';
  readonly order: Order;
  /** With cause 'fill'. */
  readonly fill: Fill | null;
};
/** After the order event of the same fill. */
export type FillEvent = EventBase & { readonly type: 'fill'; readonly fill: Fill; readonly order: Order };
/** Wallets of these assets changed (total, locked or margin). At most one per account and delivery, with the last state. */
export type WalletEvent = EventBase & {
  readonly type: 'wallet';
  readonly cause: 'order' | 'trade' | 'funding' | 'margin' | 'deposit';
  readonly wallets: readonly WalletView[];
  /** Net change of each wallet's total since the last event. */
  readonly changes: ReadonlyMap<string, bigint>;
};
export type PositionEvent = EventBase & {
  readonly type: 'position';
  readonly cause: 'trade' | 'funding' | 'margin' | 'leverage' | 'liquidation';
  readonly position: PositionView;
};
export type FundingEvent = EventBase & {
  readonly type: 'funding';
  readonly entry: LedgerEntry;
  readonly position: PositionView;
  readonly execId: string;
};
export type LiquidationEvent = EventBase & { readonly type: 'liquidation'; readonly market: Market; readonly order: Order };
export type ExchangeEvent = OrderEvent | FillEvent | WalletEvent | PositionEvent | FundingEvent | LiquidationEvent;

export interface Exchange {
  readonly venue: VenueId;
  readonly markets: readonly Market[];
  terms(market: Market): MarketTerms;
  /** Assets that wallets are kept in. */
  readonly assets: readonly AssetTerms[];

  keyOf(apiKey: string): ApiKey | undefined;
  /** The keys of one account (for "which rights has my key"). */
  keysOf(account: Account): readonly ApiKey[];
  readonly testAccounts: readonly Account[];
  /** Makes another key of an account (Ed25519 and RSA ones carry the PEM of the public key); kept over a restart. */
  registerKey(key: ApiKey): void;

  place(account: Account, request: OrderRequest): Placed;
  /** Everything that `place` checks, without an order. */
  test(account: Account, request: OrderRequest): Done;
  amend(account: Account, order: Order, request: AmendRequest): Placed;
  cancel(account: Account, order: Order, reason?: EndReason): Placed;
  /** Returns what was cancelled. */
  cancelAll(account: Account, market?: Market): readonly Order[];

  find(account: Account, name: OrderName, market?: Market): Order | undefined;
  /** Oldest first, like all lists here. */
  openOrders(account: Account, market?: Market): readonly Order[];
  /** Open and closed ones. The last 10,000 closed ones of an account are kept. */
  orders(account: Account, query?: HistoryQuery): readonly Order[];
  /** The last 20,000. */
  fills(account: Account, query?: HistoryQuery): readonly Fill[];
  /** The last 20,000. */
  ledger(account: Account, query?: HistoryQuery): readonly LedgerEntry[];

  wallet(account: Account, asset: string): WalletView;
  wallets(account: Account): readonly WalletView[];
  position(account: Account, market: Market): PositionView;
  /** Open ones. */
  positions(account: Account): readonly PositionView[];

  setLeverage(account: Account, market: Market, leverage: number): Done;
  setMarginMode(account: Account, market: Market, mode: MarginMode): Done;
  /** Both at once, with a position open too (BitMEX). */
  changeMargining(account: Account, market: Market, mode: MarginMode, leverage: number): Done;
  /** Adds to (or takes from, when negative) an isolated position's margin. */
  changeIsolatedMargin(account: Account, market: Market, units: bigint): Done;

  /** Value of an execution: settle units (spot: quote), rounded by the venue's rule. */
  valueOf(market: Market, lots: number, ticks: number): bigint;
  /** Mark price as published and used for profit: decimal text with `terms.markDecimals`. */
  markText(market: Market): string;
  /** Rate of the next payment as published: decimal text with `terms.fundingDecimals`. */
  fundingText(market: Market): string;
  /** Payments that were made, oldest first; the last 1,000 of a market. */
  fundings(market: Market): readonly Funding[];

  /** Called in order, after the answer that caused them or at the end of the step. Returns the way to stop. */
  listen(run: (event: ExchangeEvent) => void): () => void;

  /** Differences between what was minted and what is there, per asset; empty when the books are right. */
  audit(): readonly AuditDifference[];
  /** Small texts of the protocol that must survive a restart (listen keys and the like). */
  readonly notes: Map<string, string>;
  /** UUID-shaped text from the venue's own chance. */
  uuid(): string;
}

export interface AuditDifference {
  readonly asset: string;
  readonly what: string;
  readonly minted: string;
  readonly found: string;
}

/* Faults */

export type FaultKind =
  | 'lose-answer'
  | 'answer-after-fill'
  | 'fill-before-ack'
  | 'repeat-fill'
  | 'delay'
  | 'status'
  | 'maintenance'
  | 'rate-limit-storm'
  | 'clock-skew'
  | 'stream-cut'
  | 'stream-stall'
  | 'stream-gap'
  | 'wrong-order'
  | 'partial-batch-failure';

/** What a request is about, for `match` of a fault. `op`: place, amend, cancel, cancel-all, batch, query, or a name of the protocol's own. */
export interface Operation {
  readonly op: string;
  readonly symbol?: string;
}

/** A refusal that a fault asks for; the protocol gives it the venue's shape. */
export interface FaultRefusal {
  readonly kind: 'status' | 'maintenance' | 'rate-limit';
  readonly status: number;
  /** Venue's own error code, when the script gives one. */
  readonly code: number | null;
  readonly message: string | null;
  readonly retryAfterSeconds: number;
}

export interface FaultGate {
  /** Clock skew in force, microseconds; already inside `context.nowUs()`. */
  readonly skewUs: number;
  /**
   * A request that came by a socket (Binance `/ws-api/v3`, Bybit `/v5/trade`). `handle` does the work and returns its answer; the gate decides whether it is called,
   * and when (whether) the answer leaves. `refuse` makes the text of a refusal.
   */
  onSocketRequest(
    socket: ServerSocket,
    operation: Operation,
    handle: () => string | null,
    refuse: (refusal: FaultRefusal) => string,
    send?: (text: string) => void,
  ): void;
  /**
   * A message of a private stream. May be held, dropped, repeated or swapped with the next one. `send` (default `socket.send`) does it.
   */
  sendPrivate(
    socket: ServerSocket,
    text: string,
    about: { readonly type: ExchangeEvent['type']; readonly symbol?: string },
    send?: (text: string) => void,
  ): void;
  /** Asked for each item of a batch before it is done; a refusal makes that item fail, nothing else. */
  batchItem(operation: Operation, index: number): FaultRefusal | null;
}
