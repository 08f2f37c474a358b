/**
 * Orders of which the venue counts more as filled than we were told by trade. The trade is usually a message behind; when it does not come (a gap in the private
 * stream tells of itself in no other way), the venue is asked for it. Gateway's lane.
 */
import type { KnownOrder } from './known-orders.js';

/** The trade's own message comes within this, or it was lost. */
const PATIENCE_US = 1_000_000;
/** Then the executor's reconciliation has it. */
const TRIES_MOST = 4;

interface Owed {
  dueUs: number;
  tries: number;
}

export class OwedFills {
  readonly #owed = new Map<KnownOrder, Owed>();

  note(order: KnownOrder, nowUs: number): void {
    if (!this.#owed.has(order)) this.#owed.set(order, { dueUs: nowUs + PATIENCE_US, tries: 0 });
  }

  get dueUs(): number {
    let due = Infinity;
    for (const owed of this.#owed.values()) due = Math.min(due, owed.dueUs);
    return due;
  }

  /** An order to ask for now, null when there is none; it comes again, later each time, until its trades are told. */
  next(nowUs: number): KnownOrder | null {
    for (const [order, owed] of this.#owed) {
      if (order.toldLots >= order.cumLots || owed.tries >= TRIES_MOST) {
        this.#owed.delete(order);
        continue;
      }
      if (nowUs < owed.dueUs) continue;
      owed.tries++;
      owed.dueUs = nowUs + PATIENCE_US * 2 ** owed.tries;
      return order;
    }
    return null;
  }
}
