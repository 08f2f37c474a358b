/**
 * What amendments made of orders, for the paths that list them: spot's `order/amendments`, the futures' `orderAmendment`. Read off the exchange's events, for the
 * orders that changed last; a restart forgets them. Called by the order routes.
 */
import type { Account, Exchange, Order } from '../../exchange/contract.js';

export interface Amendment {
  /** Rising over the venue. */
  readonly id: number;
  /** Of this order: 1 for its first. */
  readonly count: number;
  readonly before: Order;
  readonly after: Order;
}

/** Orders whose past is known; beyond this many the oldest are forgotten. */
const MOST_ORDERS = 10_000;

interface Kept {
  readonly account: Account;
  last: Order;
  readonly amendments: Amendment[];
}

export class Amendments {
  readonly #kept = new Map<number, Kept>();
  #nextId = 1;

  constructor(exchange: Exchange) {
    for (const account of exchange.testAccounts) for (const order of exchange.openOrders(account)) this.#keep(account, { ...order });
    exchange.listen((event) => {
      if (event.type !== 'order') return;
      const kept = this.#kept.get(event.order.number) ?? this.#keep(event.account, event.order);
      if (event.cause === 'amended') {
        const count = kept.amendments.length + 1;
        kept.amendments.push({ id: this.#nextId++, count, before: kept.last, after: event.order });
      }
      kept.last = event.order;
    });
  }

  /** Oldest first. */
  of(order: Order): readonly Amendment[] {
    return this.#kept.get(order.number)?.amendments ?? [];
  }

  #keep(account: Account, order: Order): Kept {
    const kept: Kept = { account, last: order, amendments: [] };
    this.#kept.set(order.number, kept);
    if (this.#kept.size > MOST_ORDERS) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    return kept;
  }
}
