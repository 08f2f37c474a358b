/**
 * How one family of venues is spoken to through ccxt: which endpoint, which parameters, how its answers read. A dialect keeps no state of orders and decides
 * nothing; `Requests` and `Questions` do. Most speak by ccxt's endpoint methods (`privatePostV5OrderCreate`): they take and give the venue's own texts.
 */
import type { Instrument } from '../../../core/orders/instrument.js';
import type { Exchange } from './exchange.js';
import type { KnownOrder } from './known-orders.js';
import type { AccountRows, OrderRow, TradeRow } from './rows.js';
import type { Verdict } from './verdict.js';

/** One order as a call speaks of it. Terms are decimal text. */
export interface OrderItem {
  readonly order: KnownOrder;
  readonly instrument: Instrument;
  readonly price: string;
  readonly qty: string;
  /** When the request was decided. */
  readonly decidedUs: number;
}

/** What the venue said of one item. */
export type ItemAnswer =
  /** Its own account of the order. */
  | { readonly kind: 'row'; readonly row: OrderRow }
  /** Taken, and nothing more: what became of it is told by the private stream. */
  | { readonly kind: 'taken'; readonly venueOrderId: string; readonly tsUs: number }
  | { readonly kind: 'refused'; readonly verdict: Verdict; readonly text: string };

/** Answers by client order id; an item that is missing was not answered. */
export type Answers = ReadonlyMap<string, ItemAnswer>;

export type OrderVerb = 'create' | 'amend' | 'cancel';

export interface Dialect {
  /** Most items that one call takes, for this instrument; 1 = no batch. */
  batchOf(verb: OrderVerb, instrument: Instrument): number;
  /** Items of one call must share it. */
  batchKey(verb: OrderVerb, instrument: Instrument): string;
  /** Market of the rate limits, '' where they do not go by market. */
  groupOf(instrument: Instrument): string;
  /** Request weight of one call. */
  weightOf(verb: OrderVerb, items: number): number;
  readonly canAmend: boolean;
  /** Orders are judged after they were taken: a refusal comes by the private stream. */
  readonly isAsynchronous: boolean;

  send(verb: OrderVerb, exchange: Exchange, items: readonly OrderItem[]): Promise<Answers>;
  /** Null: the venue says that it knows no such order. */
  query(exchange: Exchange, item: OrderItem): Promise<OrderRow | null>;
  tradesOf(exchange: Exchange, item: OrderItem, row: OrderRow): Promise<readonly TradeRow[]>;
  openOrders(exchange: Exchange, instruments: readonly Instrument[]): Promise<readonly OrderRow[]>;
  /** Own trades of the instruments since a time; all pages. */
  tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]>;
  /** Client ids of orders that trades name by the venue's id only. Absent where trades carry ours. */
  clientIds?(exchange: Exchange, instrument: Instrument, venueOrderIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  account(exchange: Exchange, instruments: readonly Instrument[]): Promise<AccountRows>;
  /** The venue's clock in ms, null where it tells none; also the sign of life that a lost venue is probed by. */
  serverTimeMs(exchange: Exchange): Promise<number | null>;
  /** Arms the venue's own cancel-all for when it hears nothing for so long, 0 disarms. Absent where the venue has none. */
  armDeadMan?(exchange: Exchange, instruments: readonly Instrument[], timeoutMs: number): Promise<void>;
}
