/**
 * Time and chance, given by hosts (`workers/`, `simulation/`, the `venues` process) to everyone else.
 * Market time runs `speed` times as fast as the wall; all values here are market time.
 */
export interface Clock {
  /** Monotonic microseconds; differences are ages and latencies. Never compare across processes. */
  nowUs(): number;
  /** Integer microseconds since 1970, for records. */
  wallUs(): number;
}

export type TimerHandle = { readonly id: number };

/** Timers in market time. A timer of a stopped host never fires. */
export interface Timers {
  after(delayMs: number, run: () => void): TimerHandle;
  every(periodMs: number, run: () => void): TimerHandle;
  cancel(timer: TimerHandle): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
