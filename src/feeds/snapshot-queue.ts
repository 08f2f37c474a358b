/**
 * REST depth snapshots of one venue: few at once, apart from each other, repeated with growing waits until the book is live. Owned by a feed, on its thread.
 * The venue's request weight decides the pace; an answer that says "too many" stops the queue for as long as it says.
 */
import { EngineError } from '../core/numbers/errors.js';
import type { Clock, TimerHandle, Timers } from '../core/ports/clock.js';
import type { HttpAnswer, HttpClient } from '../core/ports/http.js';
import type { InstrumentSlot } from './instrument-slot.js';
import type { Session } from './session.js';
import type { Venue } from './venue.js';

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 30_000;
const TIMEOUT_MS = 10_000;
/** 5,000 levels a side are some 400 KB. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Waits where a refusal names none: too many requests, and a ban. */
const TOO_MANY_MS = 10_000;
const BANNED_MS = 120_000;

interface Wish {
  readonly slot: InstrumentSlot;
  readonly session: Session;
  readonly symbolText: string;
  waitMs: number;
  dueUs: number;
}

export interface SnapshotQueueOptions {
  readonly venue: Venue;
  readonly rest: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onFailure: (text: string) => void;
}

export class SnapshotQueue {
  readonly #options: SnapshotQueueOptions;
  readonly #wishes = new Map<InstrumentSlot, Wish>();
  #active = 0;
  #nextStartUs = -Infinity;
  #timer: TimerHandle | null = null;
  #isStopped = false;

  constructor(options: SnapshotQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#wishes.size;
  }

  /** Asks for a book's snapshot; a wish that waits already stays as it is. */
  request(slot: InstrumentSlot, session: Session, symbolText: string, delayMs: number): void {
    if (this.#isStopped || this.#wishes.has(slot)) return;
    const dueUs = this.#options.clock.nowUs() + delayMs * 1000;
    this.#wishes.set(slot, { slot, session, symbolText, waitMs: RETRY_FIRST_MS, dueUs });
    this.#turn();
  }

  /** The connection of these wishes ended. */
  drop(session: Session): void {
    for (const [slot, wish] of this.#wishes) if (wish.session === session) this.#wishes.delete(slot);
  }

  stop(): void {
    this.#isStopped = true;
    this.#wishes.clear();
    if (this.#timer !== null) this.#options.timers.cancel(this.#timer);
    this.#timer = null;
  }

  /** Starts what is due and sets the timer for what is not. */
  #turn(): void {
    const { venue, clock, timers } = this.#options;
    if (this.#timer !== null) timers.cancel(this.#timer);
    this.#timer = null;
    if (this.#isStopped || venue.depth === null) return;
    const nowUs = clock.nowUs();
    let nextUs = Infinity;
    for (const wish of this.#wishes.values()) {
      if (this.#active >= venue.depth.concurrency) return;
      const dueUs = Math.max(wish.dueUs, this.#nextStartUs);
      if (dueUs > nowUs) {
        nextUs = Math.min(nextUs, dueUs);
        continue;
      }
      if (wish.dueUs === Infinity) continue;
      this.#nextStartUs = nowUs + venue.depth.gapMs * 1000;
      this.#active++;
      wish.dueUs = Infinity;
      void this.#fetch(wish);
    }
    if (nextUs < Infinity) this.#timer = timers.after(Math.max(1, (nextUs - nowUs) / 1000), () => this.#turn());
  }

  async #fetch(wish: Wish): Promise<void> {
    const { venue, rest, http, clock, onFailure } = this.#options;
    const opened = wish.session.opened;
    let answer: HttpAnswer | null = null;
    try {
      answer = await http.request('GET', rest + (venue.depth?.path(wish.symbolText) ?? ''), {
        timeoutMs: TIMEOUT_MS,
        maxBytes: MOST_BYTES,
      });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      onFailure(`${venue.id} depth of ${wish.symbolText}: ${error.message}`);
    } finally {
      this.#active--;
    }
    if (this.#isStopped || this.#wishes.get(wish.slot) !== wish) {
      this.#turn();
      return;
    }
    const nowUs = clock.nowUs();
    const isCurrent = wish.session.isOpen && wish.session.opened === opened;
    if (answer?.status === 200 && isCurrent) wish.session.reader.readSnapshot(wish.symbolText, answer.text, nowUs);
    else if (answer !== null && answer.status !== 200) this.#refused(answer, wish, nowUs);
    if (!wish.slot.sync.needsSnapshot) this.#wishes.delete(wish.slot);
    else {
      wish.dueUs = nowUs + wish.waitMs * 1000;
      wish.waitMs = Math.min(wish.waitMs * 2, RETRY_MOST_MS);
    }
    this.#turn();
  }

  #refused(answer: HttpAnswer, wish: Wish, nowUs: number): void {
    const { venue, onFailure } = this.#options;
    onFailure(`${venue.id} depth of ${wish.symbolText}: status ${answer.status} ${answer.text.slice(0, 200)}`);
    if (answer.status !== 429 && answer.status !== 418) return;
    const said = Number(answer.headers['retry-after']);
    const waitMs = said > 0 ? said * 1000 : answer.status === 418 ? BANNED_MS : TOO_MANY_MS;
    this.#nextStartUs = nowUs + waitMs * 1000;
  }
}
