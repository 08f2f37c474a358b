/**
 * The venue's clock against ours: measured now and then, and when a signature was refused for its time. What it finds goes into the times that ccxt signs. One per
 * gateway, on its lane.
 */
import type { Dialect } from './dialect.js';
import { VenueError, type Exchange } from './exchange.js';
import { measureSkew } from './prepare.js';

const EVERY_US = 600_000_000;
const LEAST_US = 1_000_000;

export class VenueClock {
  readonly #exchange: Exchange;
  readonly #dialect: Dialect;
  readonly #nowUs: () => number;
  readonly #wallUs: () => number;
  #dueUs: number;
  #askedUs = -Infinity;
  #setting: Promise<void> | null = null;

  constructor(exchange: Exchange, dialect: Dialect, nowUs: () => number, wallUs: () => number) {
    this.#exchange = exchange;
    this.#dialect = dialect;
    this.#nowUs = nowUs;
    this.#wallUs = wallUs;
    this.#dueUs = nowUs() + EVERY_US;
  }

  /** When it is to be measured next. */
  get dueUs(): number {
    return this.#dueUs;
  }

  /** The venue refused a signature for its time. */
  refused(): void {
    this.#dueUs = Math.max(this.#nowUs(), this.#askedUs + LEAST_US);
  }

  /** Asks for the time, once for all that want to know together. A venue that does not answer is asked again when its time comes. */
  set(): Promise<void> {
    const nowUs = this.#nowUs();
    if (this.#setting !== null && nowUs < this.#askedUs + LEAST_US) return this.#setting;
    this.#askedUs = nowUs;
    this.#dueUs = nowUs + EVERY_US;
    this.#setting = this.#measure().catch((error: unknown) => {
      if (!(error instanceof VenueError)) throw error;
      this.#dueUs = nowUs + LEAST_US;
    });
    return this.#setting;
  }

  async #measure(): Promise<void> {
    const ask = (): Promise<number | null> => this.#dialect.serverTimeMs(this.#exchange);
    this.#exchange.skewMs = (await measureSkew(ask, this.#wallUs)) ?? this.#exchange.skewMs;
  }
}
