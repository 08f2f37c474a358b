/** What venues answer, in words that all of them share and in the venue's own decimal texts; and the careful reading of parsed JSON. Used by dialects. */

export type VenueStatus = 'open' | 'filled' | 'cancelled' | 'expired' | 'rejected';

/** A venue's account of one order. */
export interface OrderRow {
  readonly clientId: string;
  readonly venueOrderId: string;
  /** As in the run's instrument table, market prefix included. */
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly status: VenueStatus;
  /** '' when the venue does not say. */
  readonly price: string;
  readonly qty: string;
  /** Filled so far. */
  readonly cum: string;
  /** Why it ended, in the venue's words. */
  readonly reason: string;
  /** 0 when the venue does not say. */
  readonly tsUs: number;
  readonly isPostOnly: boolean;
  readonly isReduceOnly: boolean;
  /** Told in the same breath, where the venue does. */
  readonly fills: readonly TradeRow[];
}

export interface TradeRow {
  /** '' where the venue tells only its own order id. */
  readonly clientId: string;
  readonly venueOrderId: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly tradeId: string;
  readonly price: string;
  readonly qty: string;
  /** Positive when paid. */
  readonly fee: string;
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly tsUs: number;
}

export interface WalletRow {
  readonly asset: string;
  readonly total: string;
  readonly free: string;
}

export interface PositionRow {
  readonly symbol: string;
  /** Signed, in the instrument's quantity unit. */
  readonly qty: string;
  readonly entryPrice: string;
  /** 0 when unknown. */
  readonly leverage: number;
}

export interface AccountRows {
  readonly wallets: readonly WalletRow[];
  readonly positions: readonly PositionRow[];
}

export type Json = Readonly<Record<string, unknown>>;

/** An answer that is not what the venue's document says: whatever was asked for may or may not have happened. */
export class MalformedAnswer extends Error {
  constructor(what: string) {
    super(`malformed answer: ${what}`);
    this.name = 'MalformedAnswer';
  }
}

export function objectOf(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new MalformedAnswer(`${what} must be an object`);
}

export function listOf(value: unknown, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw new MalformedAnswer(`${what} must be a list`);
  return value.map((item: unknown) => objectOf(item, `an item of ${what}`));
}

/** The text of a field: as written, or the shortest text of a JSON number (exact up to 15 digits). '' when absent or null. */
export function textOf(row: Json, key: string): string {
  const value = row[key];
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}

/** A decimal that must be there. */
export function decimalOf(row: Json, key: string): string {
  const text = textOf(row, key);
  if (text === '' || !Number.isFinite(Number(text)))
    throw new MalformedAnswer(`${key} must be a decimal number, was '${text.slice(0, 40)}'`);
  return text;
}

/** Milliseconds, as number or text, in microseconds; 0 when absent. */
export function msToUs(row: Json, key: string): number {
  const value = Number(textOf(row, key));
  return Number.isFinite(value) && value > 0 ? Math.round(value * 1_000) : 0;
}

/** An ISO time in microseconds; 0 when absent. */
export function isoToUs(row: Json, key: string): number {
  const value = Date.parse(textOf(row, key));
  return Number.isFinite(value) ? value * 1_000 : 0;
}

export function sideOf(row: Json, key: string): 'buy' | 'sell' {
  const side = textOf(row, key).toLowerCase();
  if (side === 'buy' || side === 'sell') return side;
  throw new MalformedAnswer(`${key} must be a side, was '${side.slice(0, 40)}'`);
}
