/**
 * Is the engine alive? Judged from its signs of life, the end of its pipe and its process id; told once each time the answer changes. Called by the supervisor,
 * which gives the time.
 *
 *   alive -> hung -> alive        no beat for `hangMs`, and a beat again
 *         -> dead                 the pipe ended without a word and the process is gone, or it said itself that it gives up
 *         -> stopped              it said that it stops
 */
export type Verdict = 'alive' | 'hung' | 'dead' | 'stopped';

/** A process that was killed closes its pipe before its id is free. */
const GONE_WITHIN_MS = 2_000;

export class Watch {
  readonly #hangMs: number;
  readonly #isRunning: () => boolean;
  #beatMs: number;
  #closedMs: number | null = null;
  #verdict: Verdict = 'alive';

  /** @param isRunning whether the engine's process id is in use */
  constructor(nowMs: number, hangMs: number, isRunning: () => boolean) {
    this.#beatMs = nowMs;
    this.#hangMs = hangMs;
    this.#isRunning = isRunning;
  }

  beat(nowMs: number): void {
    this.#beatMs = nowMs;
  }

  /** The pipe ended. */
  closed(nowMs: number): void {
    this.#closedMs ??= nowMs;
  }

  stopped(): void {
    if (this.#verdict !== 'dead') this.#verdict = 'stopped';
  }

  failed(): void {
    if (this.#verdict !== 'stopped') this.#verdict = 'dead';
  }

  look(nowMs: number): Verdict {
    if (this.#verdict === 'dead' || this.#verdict === 'stopped') return this.#verdict;
    if (this.#closedMs !== null && (!this.#isRunning() || nowMs - this.#closedMs >= GONE_WITHIN_MS)) this.#verdict = 'dead';
    else if (!this.#isRunning()) this.#verdict = 'dead';
    else this.#verdict = nowMs - this.#beatMs >= this.#hangMs ? 'hung' : 'alive';
    return this.#verdict;
  }
}
