/**
 * BitMEX's limits of signed requests: 120 that come back at two a second, and ten a second on the order paths (VENUES.md 2). Headers tell what is left.
 * Kept by `BitmexPrivateRest`.
 */
import { TokenBuckets } from '../token-bucket.js';

const PER_MINUTE = 120;
const ORDERS_PER_SECOND = 10;

export interface Verdict {
  /** Seconds to wait; 0 when the request may pass. */
  readonly waitSeconds: number;
  readonly headers: Readonly<Record<string, string>>;
}

export class BitmexRateLimits {
  readonly #minute = new TokenBuckets(PER_MINUTE, PER_MINUTE / 60);
  readonly #second = new TokenBuckets(ORDERS_PER_SECOND, ORDERS_PER_SECOND);

  take(account: number, isOrder: boolean, nowUs: number): Verdict {
    const name = String(account);
    const leftOfMinute = this.#minute.take(name, nowUs);
    const leftOfSecond = isOrder && leftOfMinute >= 0 ? this.#second.take(name, nowUs) : null;
    const isRefused = leftOfMinute < 0 || (leftOfSecond !== null && leftOfSecond < 0);
    const headers: Record<string, string> = {
      'x-ratelimit-limit': String(PER_MINUTE),
      'x-ratelimit-remaining': String(Math.max(0, leftOfMinute)),
      'x-ratelimit-reset': String(Math.floor(nowUs / 1e6) + 1),
      ...(leftOfSecond === null ? {} : { 'x-ratelimit-remaining-1s': String(Math.max(0, leftOfSecond)) }),
      ...(isRefused ? { 'retry-after': '1' } : {}),
    };
    return { waitSeconds: isRefused ? 1 : 0, headers };
  }
}
