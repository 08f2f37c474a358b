/**
 * The venue's own switch: it cancels all our orders when it has heard nothing for a time. Renewed while the executor's lane turns, so that a hung engine counts as
 * dead; taken off at a clean stop. Off unless asked for: at most venues it cancels the orders of everybody on the account. Gateway's lane.
 */
const RENEWALS = 4;

export interface DeadManDeps {
  readonly timeoutMs: number;
  /** The executor's lane turned lately. */
  readonly isAlive: () => boolean;
  readonly arm: (timeoutMs: number) => Promise<void>;
}

export class DeadMan {
  readonly #deps: DeadManDeps;
  #dueUs = 0;
  #isArmed = false;
  #isOff = false;

  constructor(deps: DeadManDeps) {
    this.#deps = deps;
  }

  get dueUs(): number {
    return this.#isOff ? Infinity : this.#dueUs;
  }

  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** The renewal that is due now, null when none is. */
  due(nowUs: number): (() => Promise<void>) | null {
    if (this.#isOff || nowUs < this.#dueUs) return null;
    const { timeoutMs, isAlive, arm } = this.#deps;
    this.#dueUs = nowUs + (timeoutMs * 1_000) / RENEWALS;
    if (!isAlive()) return null;
    this.#isArmed = true;
    return () => arm(timeoutMs);
  }

  /** Takes the switch off; null when it was never on. */
  disarm(): (() => Promise<void>) | null {
    const wasArmed = this.#isArmed;
    this.#isOff = true;
    this.#isArmed = false;
    return wasArmed ? () => this.#deps.arm(0) : null;
  }
}
