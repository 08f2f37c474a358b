/**
 * What a Binance venue counts of its clients: request weight by address and minute, new orders by account and interval, and addresses it banned because they
 * went on after being told to stop. Intervals begin on the round second, minute or day of market time (document "Rate limits", 2026-11).
 */
import { Bans, WindowCounters } from '../../limits.js';
import { BinanceRefusal } from './refusal.js';

export interface OrderLimit {
  readonly interval: 'SECOND' | 'MINUTE' | 'DAY';
  readonly intervalNum: number;
  readonly limit: number;
}

/** What a request counts for, by the length of the limit's interval; absent ones count nothing. */
export type OrderCosts = Readonly<Partial<Record<OrderLimit['interval'], number>>>;

export interface RateLimitTerms {
  /** Spot and futures say the same in other words. */
  readonly family: 'spot' | 'usdm' | 'coinm';
  readonly weightPerMinute: number;
  readonly orderLimits: readonly OrderLimit[];
}

const INTERVAL_MS = { SECOND: 1_000, MINUTE: 60_000, DAY: 86_400_000 } as const;
const LETTERS = { SECOND: 's', MINUTE: 'm', DAY: 'd' } as const;
/** Refusals after which an address is banned, and how long: the venue states two minutes to three days, longer each time. */
const REFUSALS_TO_BAN = 20;
const FIRST_BAN_SECONDS = 120;
const LONGEST_BAN_SECONDS = 3 * 86_400;

export type Headers = Readonly<Record<string, string>>;

/** A refusal that says how long to stay away. */
export class RateRefusal extends BinanceRefusal {
  readonly headers: Headers;

  constructor(status: number, code: number, text: string, retryAfterSeconds: number) {
    super(code, text, status);
    this.headers = { 'retry-after': String(Math.max(1, retryAfterSeconds)) };
  }
}

export class RateLimits {
  readonly #isSpot: boolean;
  readonly #weights: WindowCounters;
  readonly #orders: readonly { readonly limit: OrderLimit; readonly counters: WindowCounters }[];
  readonly #bans = new Bans(REFUSALS_TO_BAN, FIRST_BAN_SECONDS, LONGEST_BAN_SECONDS);

  constructor(terms: RateLimitTerms) {
    this.#isSpot = terms.family === 'spot';
    this.#weights = new WindowCounters(INTERVAL_MS.MINUTE, terms.weightPerMinute);
    this.#orders = terms.orderLimits.map((limit) => ({
      limit,
      counters: new WindowCounters(INTERVAL_MS[limit.interval] * limit.intervalNum, limit.limit),
    }));
  }

  /** Throws when the address is banned or this request takes it over the limit. */
  spend(address: string, weight: number, nowUs: number): void {
    const bannedUntilUs = this.#bans.bannedUntil(address, nowUs);
    if (bannedUntilUs !== null) throw this.#banned(bannedUntilUs, nowUs);
    if (this.#weights.spend(address, weight, nowUs) <= this.#weights.limit) {
      this.#bans.forgive(address);
      return;
    }
    const untilUs = this.#bans.offend(address, nowUs);
    if (untilUs !== null) throw this.#banned(untilUs, nowUs);
    const { limit } = this.#weights;
    const text = this.#isSpot
      ? `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`
      : `Too many requests; current limit is ${limit} requests per minute. Please use the websocket for live updates to avoid polling the API.`;
    throw new RateRefusal(429, -1003, text, this.#weights.secondsLeft(nowUs));
  }

  usedWeight(address: string, nowUs: number): number {
    return this.#weights.used(address, nowUs);
  }

  /** Counts new orders of an account. Throws, counting nothing, when an interval has no room for them. */
  spendOrders(account: number, costs: OrderCosts, nowUs: number): void {
    const client = String(account);
    for (const { limit, counters } of this.#orders) {
      if (counters.used(client, nowUs) + (costs[limit.interval] ?? 0) <= limit.limit) continue;
      const text = `Too many new orders; current limit is ${limit.limit} orders per ${limit.intervalNum} ${limit.interval}.`;
      throw new RateRefusal(429, -1015, text, counters.secondsLeft(nowUs));
    }
    for (const { limit, counters } of this.#orders) counters.spend(client, costs[limit.interval] ?? 0, nowUs);
  }

  orderCounts(account: number, nowUs: number): { readonly limit: OrderLimit; readonly count: number }[] {
    return this.#orders.map(({ limit, counters }) => ({ limit, count: counters.used(String(account), nowUs) }));
  }

  /** `x-mbx-used-weight-1m` of every answer. */
  weightHeaders(address: string, nowUs: number): Headers {
    const used = String(this.usedWeight(address, nowUs));
    return { 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used };
  }

  /** `x-mbx-order-count-10s` and the like of answers to new orders. */
  orderHeaders(account: number, nowUs: number): Headers {
    return Object.fromEntries(
      this.orderCounts(account, nowUs).map(({ limit, count }) => [
        `x-mbx-order-count-${limit.intervalNum}${LETTERS[limit.interval]}`,
        String(count),
      ]),
    );
  }

  #banned(untilUs: number, nowUs: number): RateRefusal {
    const until = `IP banned until ${Math.ceil(untilUs / 1_000)}.`;
    const text = this.#isSpot
      ? `Way too much request weight used; ${until} Please use WebSocket Streams for live updates to avoid bans.`
      : `Way too many requests; ${until} Please use the websocket for live updates to avoid bans.`;
    return new RateRefusal(418, -1003, text, Math.ceil((untilUs - nowUs) / 1_000_000));
  }
}
