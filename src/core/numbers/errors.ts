/** Typed failures (kind 2: the world) and hot-path result numbers (kind 3). Kind 1, our own mistake, is `assert`. */

/** What a caller may do: send again, ask the venue first, or stop trying. */
export type Recovery = 'retry' | 'reconcile' | 'give-up';

/** A failure of the world around us: a stable code, the facts (never a secret), and what a caller may do. */
export class EngineError extends Error {
  constructor(
    readonly code: string,
    readonly recovery: Recovery,
    readonly facts: Readonly<Record<string, string | number>>,
  ) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.name = 'EngineError';
  }
}

/** Wrong use of the command line or of a configuration: one line for the person, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Always on. Says what was expected and what was found. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${text}`);
}

export const RESULT_OK = 0;
/** A ring had no room: the caller keeps its state and counts it. */
export const RESULT_FULL = 1;
/** A bounded number of tries did not give a whole view. */
export const RESULT_TORN = 2;
/** Not there (no record, no level, no shape). */
export const RESULT_NONE = 3;
/** A number does not fit our integers (more than 2^53 units). */
export const RESULT_RANGE = 4;

/** Text of an unknown thrown value, for logs: an Error's message, else its string form. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
