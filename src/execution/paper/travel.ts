/** Things on their way, in order: none arrives before one that was sent earlier, as on one connection. Called by the paper gateway. */
import type { Latency } from './latency.js';

interface Item<T> {
  readonly what: T;
  readonly dueUs: number;
}

/** Places before the front of the queue are given back in bulk. */
const COMPACT_AT = 1_024;

export class Travel<T> {
  readonly #latency: Latency;
  readonly #items: Item<T>[] = [];
  #front = 0;
  #lastDueUs = -Infinity;

  constructor(latency: Latency) {
    this.#latency = latency;
  }

  get count(): number {
    return this.#items.length - this.#front;
  }

  send(what: T, nowUs: number): void {
    this.#lastDueUs = Math.max(this.#lastDueUs, nowUs + this.#latency.nextUs());
    this.#items.push({ what, dueUs: this.#lastDueUs });
  }

  nextDueUs(): number {
    return this.#items[this.#front]?.dueUs ?? Infinity;
  }

  /** The oldest, when it has arrived; it stays until `drop`. */
  peek(nowUs: number): T | null {
    const item = this.#items[this.#front];
    return item !== undefined && item.dueUs <= nowUs ? item.what : null;
  }

  drop(): void {
    this.#front++;
    if (this.#front < COMPACT_AT && this.#front < this.#items.length) return;
    this.#items.splice(0, this.#front);
    this.#front = 0;
  }
}
