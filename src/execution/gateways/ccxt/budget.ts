/**
 * What a venue's rate limits leave, as several buckets at once: request weight, order counts, rates of one endpoint. Debited where a request leaves, corrected
 * from the headers of every answer (the venue counts other tools of the same address or account too), part of it kept for cancels. Kept by the gateway on its
 * lane, published in the shared budget block for the executor's planner and for metrics. Limits are the venues' documents' as gathered in 2026-11; `SHARE` of
 * them is ours.
 */
import {
  BUDGET_FREE_CANCELS,
  BUDGET_FREE_ORDERS,
  BUDGET_KNOWN,
  BUDGET_NEXT_FREE_US,
  BUDGET_PAUSE_UNTIL_US,
  BUDGET_SEEN,
  BUDGET_USED_PERMILLE,
} from '../../../core/memory/layout.js';
import type { SharedViews } from '../../../core/memory/shared-memory.js';
import { capsOf } from '../../caps.js';

/** What a call is to the venue. `new`: creates; `change`: amends; `cancel`; `read`: everything that changes nothing. */
export type CallKind = 'new' | 'change' | 'cancel' | 'read';

export interface CallTag {
  readonly kind: CallKind;
  /** Orders in it. */
  readonly items: number;
  /** Request weight as the venue counts it. */
  readonly weight: number;
  /** Where limits go by market (Bybit): its category. */
  readonly group: string;
}

/** Of a limit that is counted by intervals: ours may begin a little before or after the venue's, and answers that correct us are on their way. */
const SHARE = 0.9;
/** Requests overtake each other on the way: two that leave a second apart may arrive closer together. */
const ON_THE_WAY_US = 100_000;
/** Kept from new orders and amends in buckets that cancels draw from too; questions settle what cancels need, and may use it. */
const CANCEL_RESERVE = 0.1;
/** A limit answer without a stated time. */
const PAUSE_US = 1_000_000;
/** No stated time is believed beyond this: a ban of days is for a person. */
const PAUSE_MOST_US = 86_400_000_000;
const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;

interface BucketRule {
  readonly name: string;
  readonly limit: number;
  readonly windowUs: number;
  /**
   * `window`: the venue counts from the start of its own interval; `rolling`: the last so many microseconds, whenever they are; `refill`: credits come back evenly.
   */
  readonly shape: 'window' | 'rolling' | 'refill';
  /** Credits that a call takes; 0 = none of its business. */
  cost(tag: CallTag): number;
  /** Credits used as a header says, null when it does not. */
  used(header: (name: string) => string | undefined, limit: number, tag: CallTag): number | null;
}

const orders = (tag: CallTag): number => (tag.kind === 'new' || tag.kind === 'change' ? tag.items : 0);
const weight = (tag: CallTag): number => tag.weight;
const unread = (): null => null;

function counted(name: string): BucketRule['used'] {
  return (header) => numberOf(header(name));
}

function remaining(name: string): BucketRule['used'] {
  return (header, limit) => {
    const left = numberOf(header(name));
    return left === null ? null : Math.max(0, limit - left);
  };
}

function window(name: string, limit: number, windowUs: number, cost: BucketRule['cost'], used: BucketRule['used']): BucketRule {
  return { name, limit, windowUs, shape: 'window', cost, used };
}

function bybitRate(kind: CallKind, group: string): BucketRule {
  const isOurs = (tag: CallTag): boolean => tag.kind === kind && tag.group === group;
  const used = remaining('x-bapi-limit-status');
  return {
    name: `${kind}-${group}`,
    limit: 10,
    windowUs: SECOND_US,
    shape: 'rolling',
    cost: (tag) => (isOurs(tag) ? tag.items : 0),
    used: (header, limit, tag) => (isOurs(tag) ? used(header, limit, tag) : null),
  };
}

const RULES: Readonly<Record<string, readonly BucketRule[]>> = {
  'binance-spot': [
    window('weight-1m', 6_000, MINUTE_US, weight, counted('x-mbx-used-weight-1m')),
    window('orders-10s', 100, 10 * SECOND_US, (tag) => (tag.kind === 'new' ? tag.items : 0), counted('x-mbx-order-count-10s')),
  ],
  'binance-usdm': [
    window('weight-1m', 2_400, MINUTE_US, weight, counted('x-mbx-used-weight-1m')),
    window('orders-10s', 300, 10 * SECOND_US, orders, counted('x-mbx-order-count-10s')),
    window('orders-1m', 1_200, MINUTE_US, orders, counted('x-mbx-order-count-1m')),
  ],
  'binance-coinm': [
    window('weight-1m', 2_400, MINUTE_US, weight, counted('x-mbx-used-weight-1m')),
    window('orders-10s', 300, 10 * SECOND_US, orders, counted('x-mbx-order-count-10s')),
    window('orders-1m', 1_200, MINUTE_US, orders, counted('x-mbx-order-count-1m')),
  ],
  bybit: [
    window('requests-5s', 600, 5 * SECOND_US, () => 1, unread),
    ...['linear', 'inverse', 'spot'].flatMap((group) => (['new', 'change', 'cancel'] as const).map((kind) => bybitRate(kind, group))),
  ],
  bitmex: [
    { name: 'requests-1m', limit: 120, windowUs: MINUTE_US, shape: 'refill', cost: () => 1, used: remaining('x-ratelimit-remaining') },
    {
      name: 'orders-1s',
      limit: 10,
      windowUs: SECOND_US,
      shape: 'rolling',
      cost: (tag) => (tag.kind === 'read' ? 0 : 1),
      used: remaining('x-ratelimit-remaining-1s'),
    },
  ],
};

/** A venue without rules of its own gets what the planner's table says of it. */
function rulesOf(venue: string): readonly BucketRule[] {
  const rules = RULES[venue];
  if (rules !== undefined) return rules;
  const { burst, perSecond } = capsOf(venue);
  return [{ name: 'requests', limit: burst, windowUs: (burst / perSecond) * SECOND_US, shape: 'refill', cost: () => 1, used: unread }];
}

class Bucket {
  used = 0;
  #atUs = 0;
  /** `rolling`: when each part of `used` was taken, oldest first; the limits that roll are small. */
  #taken: { readonly wallUs: number; readonly cost: number }[] = [];

  constructor(readonly rule: BucketRule) {}

  get room(): number {
    return this.rule.shape === 'refill' ? this.rule.limit : this.rule.limit * SHARE;
  }

  /** @param wallUs the venue's time as we know it: its intervals are aligned to it */
  advance(wallUs: number): void {
    const { windowUs, shape, limit } = this.rule;
    if (shape === 'window') {
      const start = Math.floor(wallUs / windowUs) * windowUs;
      if (start > this.#atUs) {
        this.used = 0;
        this.#atUs = start;
      }
      return;
    }
    if (shape === 'rolling') {
      const gone = wallUs - windowUs - ON_THE_WAY_US;
      while (this.#taken[0] !== undefined && this.#taken[0].wallUs <= gone) this.used -= this.#taken.shift()?.cost ?? 0;
      return;
    }
    if (wallUs > this.#atUs) {
      if (this.#atUs > 0) this.used = Math.max(0, this.used - ((wallUs - this.#atUs) / windowUs) * limit);
      this.#atUs = wallUs;
    }
  }

  /** After `advance`. */
  take(cost: number, wallUs: number): void {
    this.used += cost;
    if (this.rule.shape === 'rolling' && cost > 0) this.#taken.push({ wallUs, cost });
  }

  /** Credits for the tag's kind; from a bucket that cancels draw from too, orders leave their part. */
  free(tag: CallTag): number {
    const keeps = (tag.kind === 'new' || tag.kind === 'change') && this.rule.cost(CANCEL) > 0 ? this.rule.limit * CANCEL_RESERVE : 0;
    return this.room - keeps - this.used;
  }

  /** Microseconds until this many credits are free, 0 when they are. */
  waitUs(tag: CallTag, cost: number, wallUs: number): number {
    const short = cost - this.free(tag);
    if (short <= 0) return 0;
    const { windowUs, shape, limit } = this.rule;
    if (shape === 'window') return this.#atUs + windowUs - wallUs;
    if (shape === 'refill') return (short / limit) * windowUs;
    let back = 0;
    for (const taken of this.#taken) {
      back += taken.cost;
      if (back >= short) return taken.wallUs + windowUs + ON_THE_WAY_US - wallUs;
    }
    return windowUs;
  }
}

const CANCEL: CallTag = { kind: 'cancel', items: 1, weight: 1, group: '' };

export class Budget {
  readonly #buckets: readonly Bucket[];
  readonly #wallUs: (nowUs: number) => number;
  readonly #groups: readonly string[];
  #pauseUntilUs = 0;
  /** Refusals in a row without a stated time: the pause doubles. */
  #strikes = 0;

  /** @param groups markets that the run trades, where limits go by market */
  constructor(venue: string, groups: readonly string[], wallUs: (nowUs: number) => number) {
    this.#buckets = rulesOf(venue).map((rule) => new Bucket(rule));
    this.#groups = groups.length === 0 ? [''] : groups;
    this.#wallUs = wallUs;
  }

  get pauseUntilUs(): number {
    return this.#pauseUntilUs;
  }

  isPaused(nowUs: number): boolean {
    return nowUs < this.#pauseUntilUs;
  }

  /** Microseconds until the call may leave, 0 when it may now. */
  waitUs(tag: CallTag, nowUs: number): number {
    let wait = Math.max(0, this.#pauseUntilUs - nowUs);
    const wallUs = this.#wallUs(nowUs);
    for (const bucket of this.#buckets) {
      const cost = bucket.rule.cost(tag);
      if (cost === 0) continue;
      bucket.advance(wallUs);
      wait = Math.max(wait, bucket.waitUs(tag, Math.min(cost, bucket.room), wallUs));
    }
    return wait;
  }

  /** The call leaves now. */
  debit(tag: CallTag, nowUs: number): void {
    const wallUs = this.#wallUs(nowUs);
    for (const bucket of this.#buckets) {
      bucket.advance(wallUs);
      bucket.take(bucket.rule.cost(tag), wallUs);
    }
  }

  /** An answer came: its headers count what the venue counts. */
  correct(tag: CallTag, status: number, headers: Readonly<Record<string, string>>, nowUs: number): void {
    const wallUs = this.#wallUs(nowUs);
    const header = (name: string): string | undefined => headers[name];
    for (const bucket of this.#buckets) {
      const said = bucket.rule.used(header, numberOf(header('x-bapi-limit')) ?? bucket.rule.limit, tag);
      if (said === null) continue;
      bucket.advance(wallUs);
      if (said > bucket.used) bucket.take(said - bucket.used, wallUs);
    }
    if (status < 400) this.#strikes = 0;
  }

  /** The venue asked for silence: for the time it stated, or for a pause that doubles with every repetition. */
  pause(headers: Readonly<Record<string, string>>, text: string, nowUs: number): void {
    const wallUs = this.#wallUs(nowUs);
    const stated = statedPauseUs(headers, text, wallUs);
    if (stated === null) this.#strikes = Math.min(this.#strikes + 1, 8);
    const forUs = Math.min(PAUSE_MOST_US, stated ?? PAUSE_US * 2 ** (this.#strikes - 1));
    this.#pauseUntilUs = Math.max(this.#pauseUntilUs, nowUs + forUs);
  }

  /** @param waiting requests that have not left the gateway yet: nothing was debited for them @param seen requests taken off the ring so far */
  publish(views: SharedViews, base: number, nowUs: number, waiting: number, seen: number): void {
    const freeOrders = Math.max(0, this.#free('new', nowUs) - waiting);
    const freeCancels = Math.max(0, this.#free('cancel', nowUs) - waiting);
    let used = 0;
    for (const bucket of this.#buckets) used = Math.max(used, bucket.used / bucket.rule.limit);
    let wait = 0;
    if (freeOrders === 0) for (const group of this.#groups) wait = Math.max(wait, this.waitUs({ ...NEW, group }, nowUs));
    views.f64[(base + BUDGET_PAUSE_UNTIL_US) >> 3] = this.#pauseUntilUs;
    views.f64[(base + BUDGET_NEXT_FREE_US) >> 3] = wait > 0 ? nowUs + wait : 0;
    const word = base >> 2;
    Atomics.store(views.i32, word + (BUDGET_FREE_CANCELS >> 2), freeCancels);
    Atomics.store(views.i32, word + (BUDGET_USED_PERMILLE >> 2), Math.min(1_000, Math.round(used * 1_000)));
    Atomics.store(views.i32, word + (BUDGET_FREE_ORDERS >> 2), freeOrders);
    // Last: a reader that sees the count sees figures that hold it.
    Atomics.store(views.i32, word + (BUDGET_SEEN >> 2), seen | 0);
    Atomics.store(views.i32, word + (BUDGET_KNOWN >> 2), 1);
  }

  #free(kind: 'new' | 'cancel', nowUs: number): number {
    if (this.isPaused(nowUs)) return 0;
    const wallUs = this.#wallUs(nowUs);
    let least = Infinity;
    for (const bucket of this.#buckets) {
      bucket.advance(wallUs);
      for (const group of this.#groups) {
        const tag = { ...NEW, kind, group };
        const cost = bucket.rule.cost(tag);
        if (cost > 0) least = Math.min(least, Math.floor(bucket.free(tag) / cost));
      }
    }
    return Math.max(0, Math.min(least, 1_000_000));
  }
}

const NEW: CallTag = { kind: 'new', items: 1, weight: 1, group: '' };

/** How long the venue wants silence, by any of the ways in which venues say so; null when it says nothing. */
export function statedPauseUs(headers: Readonly<Record<string, string>>, text: string, wallUs: number): number | null {
  const seconds = numberOf(headers['retry-after']);
  if (seconds !== null) return seconds * SECOND_US;
  // Binance: "IP banned until 1700000000000".
  const until = /banned until (\d{13})/.exec(text)?.[1];
  if (until !== undefined) return Math.max(0, Number(until) * 1_000 - wallUs);
  const bybitMs = numberOf(headers['x-bapi-limit-reset-timestamp']);
  if (bybitMs !== null && bybitMs * 1_000 > wallUs) return bybitMs * 1_000 - wallUs;
  const retryIn = /retry in (\d+) seconds?/i.exec(text)?.[1];
  if (retryIn !== undefined) return Number(retryIn) * SECOND_US;
  const resetSeconds = numberOf(headers['x-ratelimit-reset']);
  return resetSeconds !== null && resetSeconds * SECOND_US > wallUs ? resetSeconds * SECOND_US - wallUs : null;
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return null;
  return Number(text);
}
