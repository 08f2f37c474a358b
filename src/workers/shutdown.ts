/**
 * The stop of a run, in order, each step bounded (see the folder's README): strategies close and drain, the accounts are judged while streams still turn, then
 * gateways, feeds, the hot lane, the last journal group, the summary. What does not keep its time is said, and the stop goes on. Main thread, once.
 */
import type { Marks } from '../core/ledger/marks.js';
import type { CounterBlock, LaneCounter } from '../core/memory/counters.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_RUN, RUN_STOPPING } from '../core/memory/layout.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Housekeeping } from './backup-host.js';
import type { SystemTimers } from './clock.js';
import { beginClosing, CLOSE_WITHIN_MS, isClosed } from './closing.js';
import { judgeAccounts, tradedIn, type Judged, type JudgedEngine } from './judgement.js';
import type { LaneClock } from './market-clock.js';
import type { Prepared } from './prepare.js';
import type { ReplayWatch } from './replay-watch.js';
import type { RunLanes } from './run-lanes.js';
import type { RunOutput } from './run-output.js';
import type { Service } from './service.js';
import type { Summary } from './summary.js';
import type { SupervisorLink } from './supervisor/link.js';
import type { LaneThread } from './worker-threads.js';

/** Wall milliseconds that each step of a stop may take before it is given up and said. */
const STOP_STEP_MS = 5_000;
/** Wall milliseconds between two looks at what is waited for. */
const LOOK_MS = 2;
/** Lines of a judgement that the next run still shows. */
const JUDGED_LINES = 20;

/** What the summary takes from the moment at which the stop began, and from the judge. */
export interface StoppedRun {
  readonly endUs: number;
  readonly booksLive: number;
  readonly middles: Marks;
  /** Null: nothing to compare with, or it could not be compared. */
  readonly judged: Judged | null;
}

export interface ShutdownParts {
  readonly prepared: Prepared;
  readonly clock: LaneClock;
  readonly hotBell: Doorbell;
  readonly hotCounters: CounterBlock<LaneCounter>;
  readonly marketTimers: SystemTimers;
  readonly wallTimers: SystemTimers;
  readonly http: HttpClient;
  readonly output: RunOutput;
  readonly service: Service;
  readonly lanes: RunLanes;
  readonly housekeeping: Housekeeping;
  readonly replay: ReplayWatch | null;
  readonly supervisor: SupervisorLink | null;
  readonly hasFailed: () => boolean;
  /** The stop goes on, but it was not a clean one. */
  readonly fail: (text: string) => void;
  readonly summaryOf: (stopped: StoppedRun) => Summary;
}

export class Shutdown {
  readonly #parts: ShutdownParts;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  async run(): Promise<Summary> {
    const { prepared, clock, hotBell, hotCounters, service, lanes, marketTimers, housekeeping, replay, supervisor } = this.#parts;
    await lanes.beginStop();
    await this.#close();
    const { views, plan } = prepared;
    const endUs = clock.nowUs();
    const booksLive = service.view.books.liveCount();
    const middles = service.money.middles();
    Atomics.store(views.i32, (plan.control + CONTROL_RUN) >> 2, RUN_STOPPING);
    hotBell.ring();
    const { isHotAlive } = lanes;
    // What was asked last may have to time out and be asked again.
    const answersMs = 2 * prepared.run.config.execution.requestTimeoutMs;
    if (isHotAlive && !this.#parts.hasFailed())
      await this.#step('strategies and executor', () => hotCounters.get('drained') === 1, STOP_STEP_MS + answersMs);
    const judged = isHotAlive && !this.#parts.hasFailed() ? await this.#judge() : null;
    service.stopHearing();
    service.beginStop();
    // Gateways wait for an executor to take their answers: without one there is nothing to wait for.
    if (isHotAlive) await this.#step('gateways and writer', () => service.isDrained());
    await Promise.all(lanes.stopFeeds().map((feed) => this.#end(feed)));
    const hot = lanes.stopHot();
    if (hot !== null) await this.#end(hot);
    replay?.stop();
    service.writer.flushNow(clock.nowUs());
    lanes.stopOwn();
    marketTimers.stop();
    housekeeping.stop();
    const summary = this.#parts.summaryOf({ endUs, booksLive, middles, judged });
    await service.close(summary);
    await supervisor?.end(!this.#parts.hasFailed());
    return summary;
  }

  /** Strategies that are to be flat at the end bring themselves there. A failed run sends nothing more, and a recording that has ended fills nothing. */
  async #close(): Promise<void> {
    const { prepared, lanes, hotBell, output } = this.#parts;
    const { views, plan, isStepped } = prepared;
    if (this.#parts.hasFailed() || !lanes.isHotAlive || isStepped || !beginClosing(views, plan)) return;
    hotBell.ring();
    if (await waitFor(() => isClosed(views, plan), CLOSE_WITHIN_MS)) return;
    output.say(`not everything that was to be closed could be closed within ${CLOSE_WITHIN_MS / 1000} s`);
  }

  /** While streams and lanes still turn: what the venues booked meanwhile still comes in. */
  async #judge(): Promise<Judged | null> {
    const { prepared, service, output, http, clock, wallTimers: timers } = this.#parts;
    const { judged, tables, dataDir } = prepared;
    if (judged === null) return null;
    const engine: JudgedEngine = {
      store: () => service.store,
      sumsAt: (venue) => service.money.sumsAt(venue),
      isTraded: tradedIn(tables),
    };
    const found = await judgeAccounts(judged.accounts, judged.openings, tables.tag, engine, { http, clock, timers });
    const { lines, aside, foreign, differences, venues } = found.verdict;
    for (const line of [...lines, ...aside.map((text) => `left by an earlier run: ${text}`), ...foreign.map((text) => `not ours: ${text}`)])
      output.say(`judge: ${line}`);
    dataDir.update({
      judged: { run: tables.run, tsUs: clock.wallUs(), differences: { ...differences }, lines: lines.slice(0, JUDGED_LINES) },
    });
    if (venues.every((venue) => venue.error === null)) return found;
    this.#parts.fail('not every venue could be judged');
    return null;
  }

  async #end(thread: LaneThread): Promise<void> {
    let hasEnded = false;
    void thread.ended.then(() => (hasEnded = true));
    if (await waitFor(() => hasEnded)) return;
    this.#parts.fail(`lane ${thread.name} did not end; it is terminated`);
    await thread.terminate();
  }

  async #step(what: string, isDone: () => boolean, withinMs = STOP_STEP_MS): Promise<void> {
    if (!(await waitFor(isDone, withinMs))) this.#parts.fail(`${what} did not drain within ${withinMs / 1000} s`);
  }
}

/** False when it did not come about in time. */
export async function waitFor(isDone: () => boolean, withinMs = STOP_STEP_MS): Promise<boolean> {
  const untilMs = Date.now() + withinMs;
  while (!isDone()) {
    if (Date.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}
