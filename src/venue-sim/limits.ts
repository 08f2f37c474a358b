/**
 * Counting what a client spends, in market time: fixed windows as Binance counts weights and orders, and how long somebody who went on asking is banned. Allowances
 * that come back steadily are `venues/token-bucket.ts`. Used by the protocols.
 */

/** One counter per client that starts again at each multiple of the window, like a wall clock's minute. */
export class WindowCounters {
  readonly windowMs: number;
  readonly limit: number;
  readonly #counts = new Map<string, { window: number; used: number }>();

  constructor(windowMs: number, limit: number) {
    this.windowMs = windowMs;
    this.limit = limit;
  }

  /** Counts `weight` and returns what is used in this window, also beyond the limit. */
  spend(client: string, weight: number, nowUs: number): number {
    const counter = this.#counterOf(client, nowUs);
    counter.used += weight;
    return counter.used;
  }

  used(client: string, nowUs: number): number {
    return this.#counterOf(client, nowUs).used;
  }

  isExceeded(client: string, nowUs: number): boolean {
    return this.used(client, nowUs) > this.limit;
  }

  /** Whole seconds until the next window, at least 1. */
  secondsLeft(nowUs: number): number {
    const windowUs = this.windowMs * 1_000;
    return Math.max(1, Math.ceil((windowUs - (nowUs % windowUs)) / 1_000_000));
  }

  #counterOf(client: string, nowUs: number): { window: number; used: number } {
    const window = Math.floor(nowUs / (this.windowMs * 1_000));
    let counter = this.#counts.get(client);
    if (counter === undefined || counter.window !== window) {
      counter = { window, used: 0 };
      this.#counts.set(client, counter);
    }
    return counter;
  }
}

/** Clients that kept asking after they were told to stop are banned, each time twice as long. */
export class Bans {
  readonly #patience: number;
  readonly #firstSeconds: number;
  readonly #longestSeconds: number;
  readonly #clients = new Map<string, { offences: number; bans: number; untilUs: number }>();

  /** @param patience refusals within one ban-free stretch before a ban */
  constructor(patience: number, firstSeconds: number, longestSeconds: number) {
    this.#patience = patience;
    this.#firstSeconds = firstSeconds;
    this.#longestSeconds = longestSeconds;
  }

  /** Call for each refusal. Returns the end of the ban it caused, or null. */
  offend(client: string, nowUs: number): number | null {
    const known = this.#clients.get(client) ?? { offences: 0, bans: 0, untilUs: 0 };
    this.#clients.set(client, known);
    known.offences++;
    if (known.offences < this.#patience) return null;
    const seconds = Math.min(this.#longestSeconds, this.#firstSeconds * 2 ** known.bans);
    known.offences = 0;
    known.bans++;
    known.untilUs = nowUs + seconds * 1_000_000;
    return known.untilUs;
  }

  /** End of the ban in force, or null. */
  bannedUntil(client: string, nowUs: number): number | null {
    const known = this.#clients.get(client);
    return known !== undefined && known.untilUs > nowUs ? known.untilUs : null;
  }

  /** A client that behaves has its refusals forgotten, not its bans. */
  forgive(client: string): void {
    const known = this.#clients.get(client);
    if (known !== undefined) known.offences = 0;
  }
}
