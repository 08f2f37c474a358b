/**
 * The requests of one gateway as the executor left them in the ring. A request may be taken once the writer's cursor for its producer has reached its journal entry.
 * Gateway's lane; the ring's one consumer.
 */
import { CURSOR_BYTES, CURSOR_DURABLE, CURSOR_WRITTEN, type MemoryPlan } from '../../../core/memory/layout.js';
import { REC_JOURNAL_SEQ, REC_PRODUCER, REC_TS_US, RECORD_BYTES } from '../../../core/memory/record.js';
import type { SharedViews } from '../../../core/memory/shared-memory.js';
import { SpscRing } from '../../../core/memory/spsc-ring.js';
import { readRequest } from '../../paper/outcome-record.js';
import type { GatewayRequest } from './known-orders.js';

export class RequestRing {
  readonly #views: SharedViews;
  readonly #cursors: number;
  /** The cursor's word that counts; null: nothing is waited for. */
  readonly #cursorWord: number | null;
  readonly #ring: SpscRing;
  /** Requests stand there whose entries are not written yet. */
  isWaiting = false;

  constructor(views: SharedViews, plan: MemoryPlan, gateway: number, durability: 'none' | 'interval' | 'each') {
    this.#views = views;
    this.#cursors = plan.cursors;
    this.#cursorWord = durability === 'none' ? null : durability === 'each' ? CURSOR_DURABLE : CURSOR_WRITTEN;
    this.#ring = new SpscRing(views, plan.requests + plan.ringStride * gateway, RECORD_BYTES, plan.counts.ringRecords);
  }

  get isEmpty(): boolean {
    return this.#ring.waiting() === 0;
  }

  /** Requests taken so far (modulo 2^32, unsigned). */
  released(): number {
    return this.#ring.released();
  }

  /** The oldest request, taken off the ring; null when there is none, or its entry is not written yet. */
  take(): GatewayRequest | null {
    const offset = this.#ring.front();
    this.isWaiting = offset >= 0 && !this.#isJournaled(offset);
    if (offset < 0 || this.isWaiting) return null;
    const request = { ...readRequest(this.#views, offset), tsUs: this.#views.f64[(offset + REC_TS_US) >> 3] ?? 0 };
    this.#ring.release();
    return request;
  }

  /** Counts wrap at 2^32. */
  #isJournaled(offset: number): boolean {
    if (this.#cursorWord === null) return true;
    const { u16, i32, f64 } = this.#views;
    const producer = u16[(offset + REC_PRODUCER) >> 1] ?? 0;
    const wanted = f64[(offset + REC_JOURNAL_SEQ) >> 3] ?? 0;
    const word = this.#cursors + CURSOR_BYTES * producer + this.#cursorWord;
    return ((Atomics.load(i32, word >> 2) - wanted) | 0) >= 0;
  }
}
