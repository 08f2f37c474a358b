/** Everything the exchange holds of one account: wallets, positions, orders and bounded history. Changed by `Books` and `VenueExchange` only. */
import type { Market } from '../market/market.js';
import { BoundedList } from './bounded-list.js';
import type { Account, AssetTerms, Fill, LedgerEntry } from './contract.js';
import type { OrderRecord } from './order-record.js';
import { Position } from './position.js';

const KEPT_ORDERS = 10_000;
const KEPT_FILLS = 20_000;
const KEPT_ENTRIES = 20_000;

export interface Wallet {
  readonly terms: AssetTerms;
  total: bigint;
  locked: bigint;
  updatedUs: number;
}

export class AccountState {
  readonly wallets = new Map<string, Wallet>();
  readonly positions = new Map<Market, Position>();
  /** In order of arrival. */
  readonly open = new Map<number, OrderRecord>();
  readonly closed = new BoundedList<OrderRecord>(KEPT_ORDERS);
  readonly fills = new BoundedList<Fill>(KEPT_FILLS);
  readonly ledger = new BoundedList<LedgerEntry>(KEPT_ENTRIES);
  readonly #byNumber = new Map<number, OrderRecord>();
  readonly #byId = new Map<string, OrderRecord>();
  readonly #byClientId = new Map<string, OrderRecord[]>();

  constructor(
    readonly account: Account,
    /** A client's account: its orders, fills and statement are kept and told. The flow's accounts have money only. */
    readonly isTest: boolean,
  ) {}

  wallet(terms: AssetTerms): Wallet {
    let wallet = this.wallets.get(terms.asset);
    if (wallet === undefined) {
      wallet = { terms, total: 0n, locked: 0n, updatedUs: 0 };
      this.wallets.set(terms.asset, wallet);
    }
    return wallet;
  }

  positionIn(market: Market, leverage: number): Position {
    let position = this.positions.get(market);
    if (position === undefined) {
      position = new Position(leverage);
      this.positions.set(market, position);
    }
    return position;
  }

  addOrder(order: OrderRecord): void {
    this.open.set(order.number, order);
    this.#index(order);
  }

  /** From open to history; the oldest ones leave it. */
  endOrder(order: OrderRecord): void {
    this.open.delete(order.number);
    for (const dropped of this.closed.push(order)) this.#forget(dropped);
  }

  /** A closed order read back from the saved history. */
  addClosed(order: OrderRecord): void {
    this.#index(order);
    for (const dropped of this.closed.push(order)) this.#forget(dropped);
  }

  renameOrder(order: OrderRecord, clientId: string): void {
    this.#forgetClientId(order);
    order.clientId = clientId;
    this.#indexClientId(order);
  }

  byNumber(number: number): OrderRecord | undefined {
    return this.#byNumber.get(number);
  }

  byId(id: string): OrderRecord | undefined {
    return this.#byId.get(id);
  }

  /** Newest last. */
  byClientId(clientId: string): readonly OrderRecord[] {
    return this.#byClientId.get(clientId) ?? [];
  }

  openIn(market: Market): OrderRecord[] {
    return [...this.open.values()].filter((order) => order.market === market);
  }

  #index(order: OrderRecord): void {
    this.#byNumber.set(order.number, order);
    this.#byId.set(order.id, order);
    this.#indexClientId(order);
  }

  #indexClientId(order: OrderRecord): void {
    if (order.clientId === '') return;
    const same = this.#byClientId.get(order.clientId);
    if (same === undefined) this.#byClientId.set(order.clientId, [order]);
    else same.push(order);
  }

  #forget(order: OrderRecord): void {
    this.#byNumber.delete(order.number);
    this.#byId.delete(order.id);
    this.#forgetClientId(order);
  }

  #forgetClientId(order: OrderRecord): void {
    const same = this.#byClientId.get(order.clientId)?.filter((other) => other !== order) ?? [];
    if (same.length === 0) this.#byClientId.delete(order.clientId);
    else this.#byClientId.set(order.clientId, same);
  }
}
