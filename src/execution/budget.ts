/**
 * What one venue takes from us now: our own buckets, and the word of the gateway, which reads the venue's headers and knows of what others sent from the same
 * address. The smaller holds. Called by the plan on the hot lane; the gateway's block is read once a release.
 */
import {
  BUDGET_FREE_CANCELS,
  BUDGET_FREE_ORDERS,
  BUDGET_KNOWN,
  BUDGET_PAUSE_UNTIL_US,
  BUDGET_SEEN,
  budgetBase,
  type MemoryPlan,
} from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Bucket, VenueCaps } from './caps.js';

/** Questions count by weight at most venues, not as orders: a bucket of their own, small beside any venue's limit. */
const QUESTIONS: Bucket = { burst: 20, perSecond: 5, cancelReserve: 0 };

/** The gateway's side of a budget, as the plan sees it. */
export interface GatewayWord {
  /** False until the gateway keeps a budget. */
  read(): boolean;
  /** Monotonic time until which the venue wants silence, 0 for none. */
  readonly pauseUntilUs: number;
  readonly freeOrders: number;
  readonly freeCancels: number;
}

/** The block in shared memory. Requests that the gateway had not taken when it wrote it are taken off here. */
export class SharedGatewayWord implements GatewayWord {
  pauseUntilUs = 0;
  freeOrders = 0;
  freeCancels = 0;
  readonly #views: SharedViews;
  readonly #base: number;
  /** Requests put into the gateway's ring so far, modulo 2^32. */
  sent = 0;

  constructor(views: SharedViews, plan: MemoryPlan, gateway: number) {
    this.#views = views;
    this.#base = budgetBase(plan, gateway);
  }

  read(): boolean {
    const { i32, f64 } = this.#views;
    if (Atomics.load(i32, (this.#base + BUDGET_KNOWN) >> 2) === 0) return false;
    // Read first: figures that are younger than the count only make it too careful.
    const unseen = (this.sent - Atomics.load(i32, (this.#base + BUDGET_SEEN) >> 2)) | 0;
    this.pauseUntilUs = f64[(this.#base + BUDGET_PAUSE_UNTIL_US) >> 3]!;
    this.freeOrders = i32[(this.#base + BUDGET_FREE_ORDERS) >> 2]! - unseen;
    this.freeCancels = i32[(this.#base + BUDGET_FREE_CANCELS) >> 2]! - unseen;
    return true;
  }
}

export class Budget {
  readonly #caps: VenueCaps;
  readonly #word: GatewayWord | null;
  readonly #orders: TokenBucket;
  readonly #quick: TokenBucket | null;
  readonly #questions = new TokenBucket(QUESTIONS);
  #hasWord = false;
  #freeOrders = 0;
  #freeCancels = 0;
  #isPaused = false;

  constructor(caps: VenueCaps, word: GatewayWord | null) {
    this.#caps = caps;
    this.#word = word;
    this.#orders = new TokenBucket(caps);
    this.#quick = caps.quick === undefined ? null : new TokenBucket(caps.quick);
  }

  /** Before the credits of a moment are asked for. */
  refresh(nowUs: number): void {
    this.#orders.refill(nowUs);
    this.#quick?.refill(nowUs);
    this.#questions.refill(nowUs);
    const word = this.#word;
    this.#hasWord = word?.read() ?? false;
    if (word === null || !this.#hasWord) {
      this.#isPaused = false;
      return;
    }
    this.#isPaused = word.pauseUntilUs > nowUs;
    this.#freeOrders = word.freeOrders;
    this.#freeCancels = word.freeCancels;
  }

  /** The venue asked for silence: whatever is sent now, cancels too, makes it longer. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** New orders and amends that may leave: the reserve stays for cancels and hedges. */
  orderCredits(): number {
    if (this.#isPaused) return 0;
    let credits = this.#orders.tokens - this.#caps.cancelReserve;
    const quick = this.#quick;
    if (quick !== null) credits = Math.min(credits, quick.tokens - quick.bucket.cancelReserve);
    return this.#hasWord ? Math.min(credits, this.#freeOrders) : credits;
  }

  /** Cancels and hedges may use all of it. */
  urgentCredits(): number {
    if (this.#isPaused) return 0;
    let credits = this.#orders.tokens;
    if (this.#quick !== null) credits = Math.min(credits, this.#quick.tokens);
    return this.#hasWord ? Math.min(credits, this.#freeCancels) : credits;
  }

  questionCredits(): number {
    return this.#isPaused ? 0 : this.#questions.tokens;
  }

  takeOrder(): void {
    this.#orders.tokens--;
    if (this.#quick !== null) this.#quick.tokens--;
    this.#freeOrders--;
    this.#freeCancels--;
  }

  takeQuestion(): void {
    this.#questions.tokens--;
  }
}

class TokenBucket {
  tokens: number;
  #filledUs = Number.NaN;

  constructor(readonly bucket: Bucket) {
    this.tokens = bucket.burst;
  }

  refill(nowUs: number): void {
    const { burst, perSecond } = this.bucket;
    const since = nowUs - this.#filledUs;
    if (since > 0) this.tokens = Math.min(burst, this.tokens + (since * perSecond) / 1e6);
    this.#filledUs = nowUs;
  }
}
