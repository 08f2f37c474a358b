/** An allowance per client (its address, or one connection) that comes back with market time. Refused requests cost nothing. Used by the venues' rate limits. */
export class TokenBuckets {
  readonly #size: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { left: number; atUs: number }>();

  constructor(size: number, perSecond: number) {
    this.#size = size;
    this.#perSecond = perSecond;
  }

  /** Whole tokens left after taking one; -1 when there was none to take. */
  take(address: string, nowUs: number): number {
    const bucket = this.#buckets.get(address) ?? { left: this.#size, atUs: nowUs };
    const left = Math.min(this.#size, bucket.left + ((nowUs - bucket.atUs) / 1e6) * this.#perSecond);
    const isTaken = left >= 1;
    this.#buckets.set(address, { left: isTaken ? left - 1 : left, atUs: nowUs });
    return isTaken ? Math.floor(left - 1) : -1;
  }

  /** The client is gone. */
  forget(address: string): void {
    this.#buckets.delete(address);
  }

  left(address: string): number {
    return Math.floor(this.#buckets.get(address)?.left ?? this.#size);
  }
}
