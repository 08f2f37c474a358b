/** The engine's side of one venue, as the host reads it from store and journal: plain data, decimal texts. */
import type { TradeCursor } from './venue-books.js';

export interface EngineOrder {
  readonly clientId: string;
  /** Id of our instrument. */
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  /** The name of its order state: `open`, `partly_filled`, `unknown`, `cancelled` ... */
  readonly state: string;
  /** Of a strategy or instrument that the run does not have: it was left as it is, and nobody hears of it. */
  readonly isAside?: boolean;
}

export interface EngineFill {
  readonly clientId: string;
  readonly instrument: string;
  /** `tradeIdOf` of the venue's text. */
  readonly tradeId: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly fee: string;
  readonly feeAsset: string;
}

export interface EngineAccount {
  /** Orders that the engine takes to be open or in doubt; ended ones may be there too and are not looked at. */
  readonly orders: readonly EngineOrder[];
  /** Every fill since the opening, of all runs. */
  readonly fills: readonly EngineFill[];
  /** Signed sums as the engine's own positions say, contracts only; instruments without one are 0. */
  readonly positions: readonly { readonly instrument: string; readonly qty: string }[];
  /** Every funding payment since the opening; negative when paid. */
  readonly fundings: readonly { readonly asset: string; readonly amount: string }[];
}

/** What the venue held before the engine's first order: taken once for a data directory (`openAccount`) and kept in it as it is. */
export interface AccountOpening {
  readonly venue: string;
  readonly atUs: number;
  /** By asset. */
  readonly wallets: Readonly<Record<string, string>>;
  /** Wallets with positions counted as flows (value.ts): sums start here. */
  readonly cash: Readonly<Record<string, string>>;
  /** By instrument, signed; those that were not 0. */
  readonly positions: Readonly<Record<string, string>>;
  readonly cursor: TradeCursor;
}
