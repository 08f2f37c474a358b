/** What the judge asks a venue, and what it takes for an answer: decimal texts, our asset names, the ids of our instruments. Implemented in `venues/`. */
import type { Instrument } from '../core/orders/instrument.js';

export interface VenueOrder {
  readonly clientId: string;
  readonly venueOrderId: string;
  /** Id of our instrument; the venue's symbol for others. */
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly filled: string;
  readonly isOpen: boolean;
  /** The venue's own word for its state. */
  readonly state: string;
}

export interface VenueTrade {
  readonly instrument: string;
  readonly tradeId: string;
  readonly venueOrderId: string;
  /** Null where the venue's list of trades does not say. */
  readonly clientId: string | null;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly fee: string;
  readonly feeAsset: string;
}

export interface VenuePosition {
  readonly instrument: string;
  /** Signed; never 0. */
  readonly qty: string;
  readonly mark: string;
  readonly unrealised: string;
}

/** Where the reading of trades begins, by instrument: the venue's own word, understood by its reader alone. */
export type TradeCursor = Readonly<Record<string, string>>;

export interface VenueBooks {
  /** Where trades of now end. */
  cursor(): Promise<TradeCursor>;
  openOrders(): Promise<readonly VenueOrder[]>;
  /** By our client id; null when the venue says that there is none. */
  orderOf(clientId: string, instrument: Instrument): Promise<VenueOrder | null>;
  /** Of a trade that did not name it. */
  clientIdOf(trade: VenueTrade, instrument: Instrument): Promise<string>;
  /** All trades of our instruments behind the cursor. Asked again, only new ones are fetched. */
  trades(from: TradeCursor): Promise<readonly VenueTrade[]>;
  /** Everything in each wallet, unrealised profit apart. */
  wallets(): Promise<ReadonlyMap<string, string>>;
  positions(): Promise<readonly VenuePosition[]>;
}
