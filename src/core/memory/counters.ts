/**
 * Plain counting words, one writer each, read from the side by monitoring. A scope is what the counter is about; each of its members has a block of its own,
 * a multiple of 128 bytes, so that two threads never write one cache line.
 */
import type { SharedViews } from './shared-memory.js';

/** Per venue, written by the feed. */
export const VENUE_COUNTERS = [
  'messages',
  'bytes',
  'framesKernel',
  'framesMapper',
  'framesBad',
  'framesIgnored',
  'bookUpdates',
  'trades',
  'gaps',
  'resyncs',
  'reconnects',
  'stales',
  'snapshots',
  'connected',
  'connections',
] as const;
/** Of these: what is now, not what has come together. */
export const VENUE_GAUGES = ['connected', 'connections'] as const satisfies readonly (typeof VENUE_COUNTERS)[number][];
/** Per strategy, written by its runner (hot lane). */
export const STRATEGY_COUNTERS = [
  'tops',
  'tradesSeen',
  'intents',
  'noRoom',
  'events',
  'taken',
  'refused',
  'tapeLost',
  'errors',
  'torn',
] as const;
/** Per strategy, written by the executor. */
export const ORDER_COUNTERS = [
  'sent',
  'accepted',
  'amended',
  'rejected',
  'denied',
  'cancelled',
  'filled',
  'fills',
  'unknown',
  'cancelRequests',
  'amendRequests',
  'eventsLost',
  'late',
  'duplicates',
] as const;
/** Per gateway, written by the gateway. */
export const GATEWAY_COUNTERS = [
  'requests',
  'outcomes',
  'waitedForJournal',
  'outcomesFull',
  'errors',
  'up',
  'fills',
  'tapeLost',
  /** Calls to the venue, and of these: answered by a rate limit, without an answer that tells the outcome. */
  'calls',
  'rateLimited',
  'unanswered',
  /** Orders under way to the venue now. */
  'inFlight',
] as const;
/** Per gateway, written by the executor: what it asked the venue about everything, and what that put right. */
export const RECONCILE_COUNTERS = [
  'lists',
  'fillQuestions',
  'positionQuestions',
  /** Audit rows of any reason. */
  'repairs',
  'orphansAdopted',
  'orphansCancelled',
  'ghostsRetired',
  'fillsFound',
  'unknownResolved',
  /** Differences that two readings in a row confirmed. */
  'positionsDiffer',
  'balancesDiffer',
  /** Open orders of others in the last list. */
  'foreign',
] as const;
/** Per lane (thread), written by its loop; `restarts` by the main thread, which starts it. */
export const LANE_COUNTERS = ['turns', 'idleTurns', 'work', 'sleeps', 'heartbeatUs', 'heapBytes', 'drained', 'restarts'] as const;
/** One, written by the writer. */
export const WRITER_COUNTERS = [
  'records',
  'bytes',
  'flushes',
  'syncs',
  'storeRecords',
  'storeLag',
  'segments',
  'errors',
  'diskFull',
  'lagRecords',
] as const;

export type VenueCounter = (typeof VENUE_COUNTERS)[number];
export type StrategyCounter = (typeof STRATEGY_COUNTERS)[number];
export type OrderCounter = (typeof ORDER_COUNTERS)[number];
export type GatewayCounter = (typeof GATEWAY_COUNTERS)[number];
export type ReconcileCounter = (typeof RECONCILE_COUNTERS)[number];
export type LaneCounter = (typeof LANE_COUNTERS)[number];
export type WriterCounter = (typeof WRITER_COUNTERS)[number];

/** Every scope has room for this many words. */
export const COUNTER_BLOCK_BYTES = 256;

/** One member's block, e.g. the counters of one venue. */
export class CounterBlock<Name extends string> {
  readonly #f64: Float64Array;
  readonly #word: number;
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(
    views: SharedViews,
    base: number,
    readonly names: readonly Name[],
  ) {
    this.#f64 = views.f64;
    this.#word = base >> 3;
    this.#indexes = new Map(names.map((name, index) => [name, index]));
  }

  /** Index for the hot path: `addAt(indexOf(name), n)`. */
  indexOf(name: Name): number {
    return this.#indexes.get(name)!;
  }

  addAt(index: number, amount: number): void {
    this.#f64[this.#word + index] = this.#f64[this.#word + index]! + amount;
  }

  add(name: Name, amount = 1): void {
    this.addAt(this.#indexes.get(name)!, amount);
  }

  set(name: Name, value: number): void {
    this.#f64[this.#word + this.#indexes.get(name)!] = value;
  }

  get(name: Name): number {
    return this.#f64[this.#word + this.#indexes.get(name)!]!;
  }
}

/**
 * A block for a writer that sets its own counts, from zero: they stand on top of what the block held before, which is the count of a writer that died. Nobody who
 * reads sees a counter fall.
 */
export class ContinuedCounters<Name extends string> extends CounterBlock<Name> {
  readonly #before: ReadonlyMap<Name, number>;

  /** @param gauges names whose words are not counts: set as they are */
  constructor(views: SharedViews, base: number, names: readonly Name[], gauges: readonly Name[]) {
    super(views, base, names);
    this.#before = new Map(names.filter((name) => !gauges.includes(name)).map((name) => [name, this.get(name)]));
  }

  override set(name: Name, value: number): void {
    super.set(name, (this.#before.get(name) ?? 0) + value);
  }
}

/** Counts by reason code (risk blocks of a strategy, refusals of a strategy): REASON_COUNT words. */
export const REASON_BLOCK_BYTES = 128 * 8;

export class ReasonCounts {
  readonly #f64: Float64Array;
  readonly #word: number;

  constructor(views: SharedViews, base: number) {
    this.#f64 = views.f64;
    this.#word = base >> 3;
  }

  add(reason: number): void {
    this.#f64[this.#word + reason] = this.#f64[this.#word + reason]! + 1;
  }

  get(reason: number): number {
    return this.#f64[this.#word + reason]!;
  }
}
