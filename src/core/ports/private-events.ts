/**
 * What a venue's private stream tells, in the venue's own decimal texts. A private feed (`feeds/`) reads it, a gateway (`execution/gateways/`) takes it; hosts
 * put the two together on one event-loop lane. Calls are synchronous; objects are reused by the caller: keep what is needed, not the object.
 */

export type PrivateOrderStatus = 'new' | 'partially-filled' | 'filled' | 'cancelled' | 'expired' | 'rejected';

export interface PrivateOrderEvent {
  /** Index in the run's instrument table, -1 when the symbol is not traded by this run. */
  readonly instrument: number;
  /** Our client order id, also where the venue names the cancelling request's id beside it. */
  readonly clientId: string;
  readonly venueOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly status: PrivateOrderStatus;
  /** True when the message says that price or quantity were changed. */
  readonly isAmended: boolean;
  readonly price: string;
  readonly qty: string;
  /** Filled so far. */
  readonly cum: string;
  readonly isPostOnly: boolean;
  readonly isReduceOnly: boolean;
  /** The venue's reason text or code, '' when none. */
  readonly reason: string;
  readonly tsUs: number;
}

export interface PrivateFillEvent {
  readonly instrument: number;
  readonly clientId: string;
  readonly venueOrderId: string;
  /** As the venue writes it; unique within (venue, instrument). BitMEX: `trdMatchID`, for settlements (which have none) `execID`. */
  readonly tradeId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  /** Positive when paid, negative for a rebate. */
  readonly fee: string;
  /** In the instrument table's asset names (`XBT` on BitMEX). */
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly tsUs: number;
}

export interface PrivateBalanceEvent {
  readonly asset: string;
  readonly total: string;
  /** Null when the message does not say. */
  readonly free: string | null;
  readonly tsUs: number;
}

export interface PrivatePositionEvent {
  readonly instrument: number;
  /** Signed, in the instrument's quantity unit. */
  readonly qty: string;
  readonly entryPrice: string;
  readonly tsUs: number;
}

export interface PrivateFundingEvent {
  /** -1 when the venue does not name one. */
  readonly instrument: number;
  readonly asset: string;
  /** Negative when paid. */
  readonly amount: string;
  readonly id: string;
  readonly tsUs: number;
}

export interface PrivateSink {
  /** Authenticated and subscribed: what happens from now on will be told. */
  onPrivateUp(nowUs: number): void;
  /** What happens from now on may not be told. Also called when the stream is merely silent beyond its deadline. @param reason empty when it was told to stop */
  onPrivateDown(nowUs: number, reason: string): void;
  onPrivateOrder(event: PrivateOrderEvent): void;
  onPrivateFill(event: PrivateFillEvent): void;
  onPrivateBalance(event: PrivateBalanceEvent): void;
  onPrivatePosition(event: PrivatePositionEvent): void;
  onPrivateFunding(event: PrivateFundingEvent): void;
}

/** An account's key at one venue. The secret stays inside: nothing may print, log or serialise it. */
export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
  readonly passphrase?: string;
}
