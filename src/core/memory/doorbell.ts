/** Wakes a sleeping lane. Ringing a lane that is awake costs one atomic add and one load; a sleeping one costs a system call. */
import { BELL_BYTES, BELL_COUNT, BELL_SLEEPING, CONTROL_BELLS, type MemoryPlan } from './layout.js';
import type { SharedViews } from './shared-memory.js';

export class Doorbell {
  readonly #i32: Int32Array;
  readonly #count: number;
  readonly #sleeping: number;

  constructor(views: SharedViews, plan: MemoryPlan, lane: number) {
    const base = plan.control + CONTROL_BELLS + BELL_BYTES * lane;
    this.#i32 = views.i32;
    this.#count = (base + BELL_COUNT) >> 2;
    this.#sleeping = (base + BELL_SLEEPING) >> 2;
  }

  /** Anyone, after publishing what the lane should see. */
  ring(): void {
    Atomics.add(this.#i32, this.#count, 1);
    if (Atomics.load(this.#i32, this.#sleeping) !== 0) Atomics.notify(this.#i32, this.#count);
  }

  /** Rings so far: read before the inputs are, for `spin`. */
  rings(): number {
    return Atomics.load(this.#i32, this.#count);
  }

  /** Looks at the bell again and again, at most `looks` times (a nanosecond each): until it rang since `before`. Nothing is allocated. */
  spin(before: number, looks: number): void {
    for (let n = 0; n < looks; n++) if (Atomics.load(this.#i32, this.#count) !== before) return;
  }

  /** The lane, before its last look at its inputs: what is rung from now on ends the wait. */
  arm(): number {
    Atomics.store(this.#i32, this.#sleeping, 1);
    return Atomics.load(this.#i32, this.#count);
  }

  disarm(): void {
    Atomics.store(this.#i32, this.#sleeping, 0);
  }

  /** Blocks this thread (never an event-loop lane) until rung after `armed`, or the time is over. */
  wait(armed: number, timeoutMs: number): void {
    Atomics.wait(this.#i32, this.#count, armed, timeoutMs);
    this.disarm();
  }

  /** For event-loop lanes: resolves when rung after `armed`, or the time is over. */
  async waitAsync(armed: number, timeoutMs: number): Promise<void> {
    const answer = Atomics.waitAsync(this.#i32, this.#count, armed, timeoutMs);
    if (answer.async) await answer.value;
    this.disarm();
  }
}
