/** Price and quantity of open orders as last told, for venues that do not say in words that an order was amended. One per connection. */
import type { PrivateOrderStatus } from '../../core/ports/private-events.js';

/** Far above what an account may have open; forgets the oldest beyond. */
const MOST_ORDERS = 5_000;

export class OrderTerms {
  readonly #terms = new Map<string, string>();

  /** True when this order was told before with another price or quantity. */
  changed(orderId: string, price: string, qty: string, status: PrivateOrderStatus): boolean {
    const now = `${price} ${qty}`;
    const before = this.#terms.get(orderId);
    if (status === 'new' || status === 'partially-filled') this.#terms.set(orderId, now);
    else this.#terms.delete(orderId);
    if (this.#terms.size > MOST_ORDERS) this.#forgetOldest();
    return before !== undefined && before !== now;
  }

  #forgetOldest(): void {
    for (const orderId of this.#terms.keys()) {
      this.#terms.delete(orderId);
      return;
    }
  }
}
