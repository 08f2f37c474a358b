/**
 * Funding payments by the venue's own list: asked when the stream comes up, when it says that funding was paid, and now and then, so that none is missed whatever
 * the stream loses. Tells each once. Part of a private feed, on its thread.
 */
import { messageOf } from '../../core/numbers/errors.js';
import { parseExactJson } from '../../core/numbers/exact-json.js';
import type { TimerHandle, Timers } from '../../core/ports/clock.js';
import type { HttpClient } from '../../core/ports/http.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { PrivateFundingEvent } from '../../core/ports/private-events.js';
import type { FundingRest, PrivateContext, PrivateOpening } from './private-stream.js';

/** A payment stands in the list a moment after it was told. */
const SOON_MS = 500;
/** Waits after failures double from here to the regular one. */
const AGAIN_MS = 10_000;
/** Lost messages are found after this time at the latest. */
const REGULARLY_MS = 10 * 60_000;
const TIMEOUT_MS = 10_000;
/** Ids that are kept: months of hourly payments of a few instruments. */
const MOST_TOLD = 20_000;
/** Pages of one reading. */
const MOST_PAGES = 500;

export interface FundingWatchOptions {
  readonly rest: FundingRest;
  readonly base: string;
  readonly instruments: readonly Instrument[];
  readonly http: HttpClient;
  readonly timers: Timers;
  /** Payments from this moment on (wall time of the venue). */
  readonly sinceUs: number;
  /** Key, signature and time for one request. */
  readonly opening: () => PrivateOpening;
  readonly context: Pick<PrivateContext, 'instrumentOf'>;
  readonly tell: (event: PrivateFundingEvent) => void;
  readonly note: (text: string) => void;
}

export class FundingWatch {
  readonly #options: FundingWatchOptions;
  readonly #told = new Set<string>();
  #sinceUs: number;
  #isAsking = false;
  #isRunning = false;
  #failures = 0;
  #timer: TimerHandle | null = null;

  constructor(options: FundingWatchOptions) {
    this.#options = options;
    this.#sinceUs = options.sinceUs;
  }

  start(): void {
    this.#isRunning = true;
    this.ask();
  }

  stop(): void {
    this.#isRunning = false;
    if (this.#timer !== null) this.#options.timers.cancel(this.#timer);
    this.#timer = null;
  }

  /** Soon; what is being asked already is asked again. */
  ask(): void {
    this.#later(SOON_MS);
  }

  /** Also what the stream told: each payment is passed on once. */
  tell(event: PrivateFundingEvent): void {
    const key = `${event.instrument} ${event.id}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (this.#told.size > MOST_TOLD) for (const oldest of this.#told) if (this.#told.size > MOST_TOLD / 2) this.#told.delete(oldest);
    this.#options.tell(event);
  }

  #later(ms: number): void {
    const { timers } = this.#options;
    if (!this.#isRunning) return;
    if (this.#timer !== null) timers.cancel(this.#timer);
    this.#timer = timers.after(ms, () => this.#begin());
  }

  #begin(): void {
    this.#timer = null;
    if (this.#isAsking) {
      this.#later(SOON_MS);
      return;
    }
    this.#isAsking = true;
    this.#read().then(
      () => {
        this.#failures = 0;
        this.#ended(REGULARLY_MS);
      },
      (error: unknown) => {
        this.#options.note(`funding not read: ${messageOf(error)}`);
        this.#ended(Math.min(AGAIN_MS * 2 ** this.#failures++, REGULARLY_MS));
      },
    );
  }

  #ended(nextMs: number): void {
    this.#isAsking = false;
    if (this.#timer === null) this.#later(nextMs);
  }

  async #read(): Promise<void> {
    const { rest, base, http, instruments, opening, context } = this.#options;
    let newestUs = this.#sinceUs;
    let pages = 0;
    for (const first of rest.targets(Math.floor(this.#sinceUs / 1000), opening().nowMs, instruments)) {
      for (let target: string | null = first; target !== null && pages < MOST_PAGES; pages++) {
        const signed = rest.sign(target, opening());
        const answer = await http.request('GET', base + signed.target, { headers: signed.headers, timeoutMs: TIMEOUT_MS });
        const next = rest.read(target, parseExactJson(answer.text), context, (event) => {
          newestUs = Math.max(newestUs, event.tsUs);
          this.tell(event);
        });
        target = next;
      }
    }
    // Only now: a page that failed is asked for again with all behind it.
    this.#sinceUs = newestUs;
  }
}
