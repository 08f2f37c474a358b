/** Waits that say what they waited for: a test that runs into its runner's own limit names nothing. */

export interface UntilOptions {
  /** A bound for the test, not a measurement; far above what a busy machine needs. */
  readonly limitMs?: number;
  readonly everyMs?: number;
  /** Told when the wait fails. */
  readonly told?: () => string;
}

const LIMIT_MS = 60_000;
const EVERY_MS = 30;

/** Asks until the answer is true. Rejects with `what` and what `told` has to say when that takes too long. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, options: UntilOptions = {}): Promise<void> {
  const { limitMs = LIMIT_MS, everyMs = EVERY_MS, told } = options;
  const limit = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${limitMs} ms${told === undefined ? '' : `; ${told()}`}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
