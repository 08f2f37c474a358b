/** The roles of the hot lane: strategies and the executor, on one thread, with one journal ring. Built in the hot worker, or in the main thread under `--lanes 1`. */
import { CONTROL_RUN, RUN_STOPPING, type MemoryPlan } from '../core/memory/layout.js';
import { RECORD_BYTES } from '../core/memory/record.js';
import { viewsOf, type SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { messageOf } from '../core/numbers/errors.js';
import type { Role } from '../core/ports/role.js';
import { Executor } from '../execution/executor.js';
import { compileRisk } from '../execution/risk/limits.js';
import { parseRisk } from '../execution/risk/schema.js';
import { loadStrategy } from '../strategies/load.js';
import { StrategyRunner, type RunnerStrategy } from '../strategies/runner.js';
import { LaneCommands, type LaneCommandsParts } from './lane-commands.js';
import type { LaneData } from './lane-data.js';
import { PRODUCER_HOT } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { parkedStrategy } from './parked-strategy.js';

/** Wall microseconds that a stop waits for the venues' last word; the host gives up the step later. */
const STOP_SETTLE_US = 3_000_000;

export interface HotLane {
  readonly runner: StrategyRunner;
  readonly executor: Executor;
  readonly roles: readonly Role[];
}

export interface HotLaneTellers {
  note(source: string, text: string): void;
  error(source: string, error: unknown): void;
}

/** Turns the run word into an orderly stop of this lane's roles, and says when nothing is pending any more. */
class StopWatch implements Role {
  readonly name = 'stop-watch';
  readonly #views: SharedViews;
  readonly #word: number;
  readonly #beginStop: () => void;
  readonly #isDrained: () => boolean;
  readonly #onDrained: () => void;
  #isStopping = false;
  #isTold = false;

  constructor(views: SharedViews, plan: MemoryPlan, stop: { beginStop(): void; isDrained(): boolean; onDrained(): void }) {
    this.#views = views;
    this.#word = (plan.control + CONTROL_RUN) >> 2;
    this.#beginStop = () => stop.beginStop();
    this.#isDrained = () => stop.isDrained();
    this.#onDrained = () => stop.onDrained();
  }

  step(): number {
    if (this.#isTold || Atomics.load(this.#views.i32, this.#word) !== RUN_STOPPING) return 0;
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#beginStop();
      return 1;
    }
    if (!this.#isDrained()) return 0;
    this.#isTold = true;
    this.#onDrained();
    return 0;
  }
}

/** The strategies of the run, loaded in this thread: definitions hold functions, which do not cross. */
export async function loadRunStrategies(data: LaneData): Promise<RunnerStrategy[]> {
  return Promise.all(
    data.entries.map(async (entry, index) =>
      data.parked?.includes(index) === true
        ? { index, definition: parkedStrategy, params: {} }
        : { index, definition: await loadStrategy(entry.source, data.directory), params: entry.params },
    ),
  );
}

export interface HotLaneHooks {
  /** Called once, when after a stop nothing is pending. */
  readonly onDrained: () => void;
  /** Wakes the thread of the gateways and the writer. */
  readonly ringService: () => void;
  /** Commands of the main thread; absent where nobody gives any. */
  readonly commands?: Pick<LaneCommandsParts, 'take' | 'answer'>;
}

/** @param data its buffer is where the lane works: the run's, or scratch memory to warm up on */
export function buildHotLane(
  data: LaneData,
  strategies: readonly RunnerStrategy[],
  clock: LaneClock,
  tellers: HotLaneTellers,
  { onDrained, ringService, commands }: HotLaneHooks,
): HotLane {
  const { plan, tables, recovered } = data;
  const views = viewsOf(data.buffer);
  const journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_HOT, RECORD_BYTES, plan.counts.journalRecords);
  const nowUs = (): number => clock.nowUs();
  const wallUs = (at: number): number => clock.wallAt(at);
  const runner = new StrategyRunner({
    views,
    plan,
    tables,
    strategies,
    journal,
    producer: PRODUCER_HOT,
    recovered,
    nowUs,
    wallUs,
    onError: (strategy, error) => tellers.error(strategy, `stopped by an error in its code, its orders are cancelled: ${messageOf(error)}`),
    note: (strategy, text) => tellers.note(strategy, text),
  });
  const executor = new Executor({
    views,
    plan,
    tables,
    recovered,
    limits: compileRisk(parseRisk(data.risk), tables),
    journal,
    producer: PRODUCER_HOT,
    lane: data.lane,
    nowUs,
    wallUs,
    wakeService: ringService,
    lists: tables.venues.map(() => true),
    // A recording's clock stands still when the recording has ended.
    settleWithinUs: data.isStepped ? 0 : STOP_SETTLE_US * Math.max(1, data.market.speed),
    onNotice: (text) => tellers.note('executor', text),
  });
  const stopWatch = new StopWatch(views, plan, {
    beginStop: () => {
      executor.beginStop();
    },
    isDrained: () => executor.isDrained(),
    onDrained,
  });
  if (commands === undefined) return { runner, executor, roles: [runner, executor, stopWatch] };
  const orders = new LaneCommands({ views, plan, runner, ...commands, onError: (error) => tellers.error('commands', error) });
  return { runner, executor, roles: [runner, executor, stopWatch, orders] };
}
