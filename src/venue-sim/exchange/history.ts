/** Questions to an account's past (orders, fills, statement), and the lines that carry it to a file and back. Used by `VenueExchange`. */
import type { Market } from '../market/market.js';
import type { VenueId } from '../market/spec.js';
import type { AccountState } from './account-state.js';
import type { Codec, PlainRecord } from './codec.js';
import type { Fill, HistoryQuery, LedgerEntry, Order } from './contract.js';
import { OrderRecord, type OrderFields } from './order-record.js';

/** A line of the history file: what an account's past is rebuilt from. */
export type HistoryLine = readonly [venue: VenueId, account: number, kind: 'order' | 'fill' | 'entry', record: PlainRecord];

interface Fields<T> {
  idOf(entry: T): number;
  timeOf(entry: T): number;
  marketOf(entry: T): Market | null;
}

const ORDER_FIELDS: Fields<Order> = {
  idOf: ({ number }) => number,
  timeOf: ({ createdUs }) => createdUs,
  marketOf: ({ market }) => market,
};
const FILL_FIELDS: Fields<Fill> = { idOf: ({ id }) => id, timeOf: ({ timeUs }) => timeUs, marketOf: ({ market }) => market };
const ENTRY_FIELDS: Fields<LedgerEntry> = { idOf: ({ id }) => id, timeOf: ({ timeUs }) => timeUs, marketOf: ({ market }) => market };

export function ordersOf(state: AccountState, query: HistoryQuery): readonly Order[] {
  const isWanted = ({ number }: Order): boolean => (query.orderNumber ?? number) === number;
  const found = [
    ...wanted(state.closed.all, query, isWanted, ORDER_FIELDS),
    ...wanted([...state.open.values()], query, isWanted, ORDER_FIELDS),
  ];
  return limited(
    found.toSorted((a, b) => a.number - b.number),
    query,
  );
}

export function fillsOf(state: AccountState, query: HistoryQuery): readonly Fill[] {
  const isWanted = ({ orderNumber }: Fill): boolean => (query.orderNumber ?? orderNumber) === orderNumber;
  return limited(wanted(state.fills.all, query, isWanted, FILL_FIELDS), query);
}

export function ledgerOf(state: AccountState, query: HistoryQuery): readonly LedgerEntry[] {
  return limited(
    wanted(state.ledger.all, query, ({ kind }) => (query.kind ?? kind) === kind, ENTRY_FIELDS),
    query,
  );
}

function wanted<T>(all: readonly T[], query: HistoryQuery, isWanted: (entry: T) => boolean, fields: Fields<T>): readonly T[] {
  return all.filter(
    (entry) =>
      (query.market === undefined || fields.marketOf(entry) === query.market) &&
      fields.timeOf(entry) >= (query.fromUs ?? 0) &&
      fields.timeOf(entry) <= (query.toUs ?? Number.POSITIVE_INFINITY) &&
      fields.idOf(entry) >= (query.fromId ?? 0) &&
      isWanted(entry),
  );
}

function limited<T>(found: readonly T[], query: HistoryQuery): readonly T[] {
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  if (found.length <= limit) return found;
  return query.oldest === true || query.fromId !== undefined ? found.slice(0, limit) : found.slice(-limit);
}

/** Lines that no file holds yet, while somebody writes them. */
export class HistoryLog {
  /** Without a writer nothing piles up. */
  isKept = false;
  readonly #venue: VenueId;
  readonly #codec: Codec;
  readonly #unsaved: HistoryLine[] = [];

  constructor(venue: VenueId, codec: Codec) {
    this.#venue = venue;
    this.#codec = codec;
  }

  get unsaved(): readonly HistoryLine[] {
    return this.#unsaved;
  }

  add(state: AccountState, kind: HistoryLine[2], record: object): void {
    if (this.isKept) this.#unsaved.push(this.#line(state, kind, record));
  }

  /** The first `count` lines are in the file now. */
  saved(count: number): void {
    this.#unsaved.splice(0, count);
  }

  /** Everything that accounts remember, for a file begun anew. */
  whole(states: Iterable<AccountState>): readonly HistoryLine[] {
    const lines: HistoryLine[] = [];
    for (const state of states) {
      for (const order of state.closed.all) lines.push(this.#line(state, 'order', order));
      for (const fill of state.fills.all) lines.push(this.#line(state, 'fill', fill));
      for (const entry of state.ledger.all) lines.push(this.#line(state, 'entry', entry));
    }
    return lines;
  }

  load(state: AccountState, [, , kind, plain]: HistoryLine): void {
    const record: unknown = this.#codec.decode(plain);
    if (kind === 'order') state.addClosed(new OrderRecord(record as OrderFields));
    else if (kind === 'fill') state.fills.push(record as Fill);
    else state.ledger.push(record as LedgerEntry);
  }

  #line(state: AccountState, kind: HistoryLine[2], record: object): HistoryLine {
    return [this.#venue, state.account.id, kind, this.#codec.encode(record)];
  }
}
