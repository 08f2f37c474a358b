/**
 * Client ids that a cancel or an amendment gave an order: private messages name both, the exchange keeps one. Filled by the routes before the change, asked
 * by the private stream when the change is told. On futures a cancel has no id of its own.
 */
import type { Order } from '../../exchange/contract.js';

/** Changes that were not told yet are few; beyond this many the oldest are forgotten. */
const MOST_NAMES = 10_000;

export class CancelNames {
  readonly #cancelIds = new Map<number, string>();
  readonly #previousIds = new Map<number, string>();

  cancelledBy(order: Order, cancelId: string): void {
    keep(this.#cancelIds, order.number, cancelId);
  }

  renamed(order: Order, previousId: string): void {
    keep(this.#previousIds, order.number, previousId);
  }

  /** The id of the request that cancelled the order; undefined when the venue itself ended it. */
  cancelIdOf(order: Order): string | undefined {
    return this.#cancelIds.get(order.number);
  }

  previousIdOf(order: Order): string | undefined {
    return this.#previousIds.get(order.number);
  }
}

function keep(names: Map<number, string>, number: number, name: string): void {
  names.set(number, name);
  if (names.size <= MOST_NAMES) return;
  for (const oldest of names.keys()) {
    names.delete(oldest);
    return;
  }
}
