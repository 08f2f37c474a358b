/** How long an order takes to the venue and its answer back. Called by the paper gateway, once per request and once per answer. */
import type { Random } from '../../core/ports/clock.js';

/** Beyond this the tail of the lognormal is cut: a venue's answer may be late, not absurd. */
const MOST_TIMES_MEDIAN = 50;

export class Latency {
  readonly #medianUs: number;
  readonly #sigma: number;
  readonly #random: Random;

  /** @param sigma of the logarithm; 0 gives the median every time and draws no random number. */
  constructor(medianMs: number, sigma: number, random: Random) {
    this.#medianUs = Math.round(medianMs * 1_000);
    this.#sigma = sigma;
    this.#random = random;
  }

  nextUs(): number {
    if (this.#sigma === 0) return this.#medianUs;
    // Box-Muller; 1 - u keeps the logarithm's argument above 0.
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next());
    return Math.round(this.#medianUs * Math.min(MOST_TIMES_MEDIAN, Math.exp(this.#sigma * normal)));
  }
}
