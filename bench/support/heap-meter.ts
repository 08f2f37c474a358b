/**
 * Bytes that this thread's JavaScript heap was asked for. Needs `--expose-gc`, and a young generation so large that nothing is collected between two readings:
 * `HEAP_FLAGS`. Checks itself against objects of known size before it is believed.
 */
import { PerformanceObserver } from 'node:perf_hooks';

/** MiB; what is measured allocates a few bytes a message. */
const YOUNG_MB = 512;
/** Forced collections would also throw away compiled code that has not run lately, which is then allocated anew. */
const KEEPS_CODE = '--no-flush-bytecode';
export const HEAP_FLAGS: readonly string[] = [
  '--expose-gc',
  KEEPS_CODE,
  `--max-semi-space-size=${YOUNG_MB}`,
  `--min-semi-space-size=${YOUNG_MB}`,
];

/** On a busy machine, too. */
const ANSWERS_MS = 100;
const KNOWN_OBJECTS = 100_000;
/** An array of four small integers: 32 bytes, and 48 of elements; a little more where pages of the heap end. */
const KNOWN_BYTES = 80;
const KNOWN_BYTES_MOST = 104;

export class HeapMeter {
  /** When each collection began, milliseconds of this process's clock. */
  readonly #begun: number[] = [];

  constructor() {
    new PerformanceObserver((list) => {
      for (const { startTime } of list.getEntries()) this.#begun.push(startTime);
    }).observe({ entryTypes: ['gc'] });
    const kept: object[] = Array.from({ length: 64 });
    const before = this.used();
    for (let i = 0; i < KNOWN_OBJECTS; i++) kept[i & 63] = [i, i, i, i];
    const each = (this.used() - before) / KNOWN_OBJECTS;
    if (!(each >= KNOWN_BYTES && each <= KNOWN_BYTES_MOST) || kept.length !== 64)
      throw new Error(`the heap meter reads ${each.toFixed(1)} bytes for an array of four small integers`);
  }

  /** Collections since then: readings across one are worth nothing. The observer's answers come some turns of the event loop later. */
  async collectionsSince(fromMs: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
    return this.#begun.filter((beganMs) => beganMs >= fromMs).length;
  }

  /** A reading allocates some two hundred bytes itself: take two before, and their difference off. */
  used(): number {
    return process.memoryUsage().heapUsed;
  }

  /** What is used after everything that can go has gone. */
  collected(): number {
    if (globalThis.gc === undefined) throw new Error('the heap meter needs --expose-gc');
    for (let i = 0; i < 3; i++) globalThis.gc();
    return this.used();
  }
}
