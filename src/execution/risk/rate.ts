/**
 * How much a strategy may talk: new orders and amends a second (token bucket), and cancels and amends for each fill (venues fine bad ratios; a strategy that
 * only moves its orders about is broken). Cancels are never refused: they count, and what is refused is the next new order. Time is given.
 */

const HALVE_EVERY_US = 600_000_000;

export class MessageRate {
  readonly #tokens: Float64Array;
  readonly #filledUs: Float64Array;
  readonly #moves: Float64Array;
  readonly #fills: Float64Array;
  #halvedUs = Number.NaN;

  constructor(
    strategies: number,
    readonly perSecond: number,
    readonly burst: number,
    readonly cancelToFill: number,
    readonly cancelGrace: number,
  ) {
    this.#tokens = new Float64Array(strategies).fill(burst);
    this.#filledUs = new Float64Array(strategies).fill(Number.NaN);
    this.#moves = new Float64Array(strategies);
    this.#fills = new Float64Array(strategies);
  }

  /** Takes one message out of the bucket; false when it is empty. */
  take(strategy: number, nowUs: number): boolean {
    const since = nowUs - this.#filledUs[strategy]!;
    let tokens = this.#tokens[strategy]!;
    if (since > 0) tokens = Math.min(this.burst, tokens + (since * this.perSecond) / 1e6);
    this.#filledUs[strategy] = nowUs;
    const isAllowed = tokens >= 1;
    this.#tokens[strategy] = isAllowed ? tokens - 1 : tokens;
    return isAllowed;
  }

  isRatioFine(strategy: number, nowUs: number): boolean {
    this.#decay(nowUs);
    return this.#moves[strategy]! <= this.cancelGrace + this.cancelToFill * this.#fills[strategy]!;
  }

  /** A cancel or an amend went out. */
  moved(strategy: number): void {
    this.#moves[strategy] = this.#moves[strategy]! + 1;
  }

  filled(strategy: number): void {
    this.#fills[strategy] = this.#fills[strategy]! + 1;
  }

  #decay(nowUs: number): void {
    if (Number.isNaN(this.#halvedUs)) this.#halvedUs = nowUs;
    if (nowUs - this.#halvedUs < HALVE_EVERY_US) return;
    this.#halvedUs = nowUs;
    for (let i = 0; i < this.#moves.length; i++) {
      this.#moves[i] = this.#moves[i]! / 2;
      this.#fills[i] = this.#fills[i]! / 2;
    }
  }
}
