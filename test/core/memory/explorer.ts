/**
 * Runs small programs over shared memory in every interleaving of their steps, on the real code: `Atomics` is replaced while it runs, and each of its calls is one
 * step, as is each `read` and `write` of a plain word. JavaScript cannot stop a function in its middle, so a program is run again from its start for each of its
 * steps: what it had done is answered from its log, the next step is done on the memory, and the one after that is where it is left. Programs must therefore make
 * all that they change (rings, counts) anew in each run. Steps are sequentially consistent here; `reordering.ts` has the weaker order of ARM.
 */
const REAL = globalThis.Atomics;

/** `relaxed` steps are no code's: atomic words without any order, for variants that must be caught. */
export type StepKind = 'load' | 'store' | 'rmw' | 'exchange' | 'read' | 'write' | 'notify' | 'wait' | 'relaxed' | 'relaxed store';

export interface Step {
  readonly kind: StepKind;
  readonly index: number;
  /** What it gave back. */
  readonly result: number;
  /** Of stores, writes, exchanges and additions. */
  readonly value: number;
}

/** Thrown where a program is left; a program must not catch it. */
class Left extends Error {}

interface Thread {
  readonly log: readonly Step[];
  readonly isDone: boolean;
  /** Waits for a notify of this word; -1 when it does not. */
  readonly sleepsOn: number;
}

export interface Ends {
  /** Leaves of the tree that were reached, alike ones once. */
  readonly ends: number;
  /** States in which somebody sleeps and nobody is left to wake him. */
  readonly stuck: number;
}

export class Explorer {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  #log: readonly Step[] = [];
  #at = 0;
  #new: Step | null = null;
  #sleepsOn = -1;
  #woken: number[] = [];

  constructor(readonly buffer: SharedArrayBuffer) {
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** A plain load of a program under test. */
  read(index: number): number {
    return this.#step('read', index, 0, () => this.f64[index] ?? 0);
  }

  /** A plain store. */
  write(index: number, value: number): void {
    this.#step('write', index, value, () => (this.f64[index] = value));
  }

  /** The steps of one program alone, on the memory as it is. */
  record(program: () => void): Step[] {
    const steps: Step[] = [];
    for (let isDone = false; !isDone;) {
      const after = this.#advance(program, { log: steps, isDone: false, sleepsOn: -1 });
      if (after.log.length > steps.length) steps.push(after.log.at(-1)!);
      isDone = after.isDone;
    }
    return steps;
  }

  /** Every interleaving; `check` is called at each end, with the memory as it is then. */
  explore(programs: readonly (() => void)[], check: () => void): Ends {
    const seen = new Set<string>();
    let ends = 0;
    let stuck = 0;
    const walk = (threads: readonly Thread[]): void => {
      const key =
        this.i32.join(',') + threads.map(({ log, sleepsOn }) => `|${sleepsOn};${log.map(({ result }) => result).join(';')}`).join('');
      if (seen.has(key)) return;
      seen.add(key);
      const able = threads.flatMap(({ isDone, sleepsOn }, thread) => (isDone || sleepsOn >= 0 ? [] : [thread]));
      if (able.length === 0) {
        if (threads.some(({ isDone }) => !isDone)) stuck++;
        else {
          ends++;
          // Once more with all answers, so that what the programs saw is what their last run saw.
          threads.forEach((state, thread) => this.#advance(programs[thread]!, state));
          check();
        }
        return;
      }
      const memory = this.i32.slice();
      for (const thread of able) {
        const next = threads.slice();
        next[thread] = this.#advance(programs[thread]!, threads[thread]!);
        for (const word of this.#woken) {
          next.forEach((state, other) => {
            if (state.sleepsOn === word) next[other] = { ...state, sleepsOn: -1 };
          });
        }
        walk(next);
        this.i32.set(memory);
      }
    };
    walk(programs.map(() => ({ log: [], isDone: false, sleepsOn: -1 })));
    return { ends, stuck };
  }

  /** One step further. */
  #advance(program: () => void, thread: Thread): Thread {
    this.#log = thread.log;
    this.#at = 0;
    this.#new = null;
    this.#sleepsOn = -1;
    this.#woken = [];
    let isDone = false;
    globalThis.Atomics = this.#traced();
    try {
      program();
      isDone = true;
    } catch (error) {
      if (!(error instanceof Left)) throw error;
    } finally {
      globalThis.Atomics = REAL;
    }
    return { log: this.#new === null ? thread.log : [...thread.log, this.#new], isDone, sleepsOn: this.#sleepsOn };
  }

  #step(kind: StepKind, index: number, value: number, run: () => number): number {
    const before = this.#log[this.#at];
    if (before !== undefined) {
      this.#at++;
      return before.result;
    }
    if (this.#new !== null) throw new Left();
    const result = run();
    this.#new = { kind, index, result, value };
    if (this.#sleepsOn >= 0) throw new Left();
    return result;
  }

  /** What the code under test calls. A call that is not here fails, so none goes unseen. */
  #traced(): typeof Atomics {
    const words = this.i32;
    const traced = {
      load: (_words: Int32Array, index: number) => this.#step('load', index, 0, () => REAL.load(words, index)),
      store: (_words: Int32Array, index: number, value: number) => this.#step('store', index, value, () => REAL.store(words, index, value)),
      add: (_words: Int32Array, index: number, value: number) => this.#step('rmw', index, value, () => REAL.add(words, index, value)),
      or: (_words: Int32Array, index: number, value: number) => this.#step('rmw', index, value, () => REAL.or(words, index, value)),
      exchange: (_words: Int32Array, index: number, value: number) =>
        this.#step('exchange', index, value, () => REAL.exchange(words, index, value)),
      notify: (_words: Int32Array, index: number) =>
        this.#step('notify', index, 0, () => {
          this.#woken.push(index);
          return 0;
        }),
      // Without its time-out: what is proven must not stand on it.
      wait: (_words: Int32Array, index: number, value: number) => {
        this.#step('wait', index, value, () => {
          if (REAL.load(words, index) === value) this.#sleepsOn = index;
          return 0;
        });
        return 'ok';
      },
    };
    return traced as unknown as typeof Atomics;
  }
}
