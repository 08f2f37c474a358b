/** Normalised public records that do not travel in shared memory (verify, recorders, tests). Hot paths use the tape records of `core/memory/layout.ts`. */
export interface PublicTrade {
  readonly symbol: string;
  /** Venue trade id as text; ids have up to 27 digits. */
  readonly id: string;
  /** Venue time, whole milliseconds, rounded down, and as the venue wrote it. */
  readonly timeMs: number;
  readonly timeRaw: string;
  /** Canonical decimal text. */
  readonly price: string;
  readonly qty: string;
  /** Side of the taker. */
  readonly side: 'buy' | 'sell';
  /** Sent as history at subscription. */
  readonly isOld: boolean;
  /** Binance only: `agg`, `trade`, or `trade:X` for prints that do not form a price. */
  readonly kind?: string;
}
