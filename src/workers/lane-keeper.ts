/**
 * Keeps the lanes' threads: starts them, sees that they turn, and puts another in the place of one that died or hangs. Main thread, two lanes or more; a single lane
 * is this very thread, whose death only the supervisor sees.
 *
 *   no turn for the watchdog's time, or the thread ended -> halt -> terminated -> requests refused, journal written -> recovered from the journal -> started -> trading
 *
 * The outcome rings stay as they are: what gateways answered meanwhile is read by the next executor. A strategy in whose code the hot lane hung or died is not run
 * again; its orders are cancelled.
 */
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS, type LaneCounter } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import {
  CONTROL_CANCEL_ALL,
  CONTROL_HALT,
  CONTROL_RUN,
  CONTROL_RUNNING,
  CONTROL_TRADING_STATE,
  CURSOR_BYTES,
  CURSOR_WRITTEN,
  HALT_ALL,
  HALT_NEW_ORDERS,
  HALT_NONE,
  RUN_STARTING,
} from '../core/memory/layout.js';
import { RECORD_BYTES } from '../core/memory/record.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { messageOf } from '../core/numbers/errors.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import { recover } from '../storage/recover.js';
import { laneDataOf, type LaneCommand } from './lane-data.js';
import { clearAfterHotLane, markAfterFeedLane } from './lane-repair.js';
import { PRODUCER_HOT } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import type { Prepared } from './prepare.js';
import type { StrategyPlan } from './run-config.js';
import { startLane, type LaneListener, type LaneThread } from './worker-threads.js';

/** A lane that dies more often than this has a cause that no restart mends. */
const RESTARTS_MOST = 3;
const RESTARTS_WITHIN_MS = 600_000;
/** How long a new lane may take until it turns: loading and warming up take two seconds, ten on a machine that is busy. */
const START_WITHIN_MS = 60_000;
/** How long requests and journal entries of a dead lane may take to be taken. */
const SETTLE_WITHIN_MS = 5_000;
const LOOK_MS = 2;
/** A lane must be found still at least so often before it counts as hanging. */
const LOOKS_LEAST = 10;
/** CONTROL_TRADING_STATE: no new orders. */
const TRADING_HALTED = 2;

/** For the summary. */
export interface LaneRestart {
  readonly lane: string;
  readonly why: string;
  /** The strategy that is not run again. */
  readonly stopped: string | null;
}

export interface LaneKeeperParts {
  readonly prepared: Prepared;
  readonly clock: LaneClock;
  readonly note: (source: string, text: string) => void;
  /** To the person and the log. */
  readonly say: (text: string) => void;
  readonly error: (source: string, text: string) => void;
  /** No restart helps: the run has failed. */
  readonly fail: (text: string) => void;
  /** The strategies with the parameters that they have now. */
  readonly entries: () => readonly StrategyPlan[];
  /** It answers nothing that it was asked. */
  readonly onHotLost?: () => void;
  /** Another hot lane stands and does not trade yet: the trading state is the file's until it is put back here. */
  readonly onHotBack?: () => void;
  /** What else is heard of the lanes. */
  readonly listener?: Partial<LaneListener>;
  /** How a thread is started; tests give another. */
  readonly startLane?: typeof startLane;
}

interface Kept {
  readonly lane: number;
  readonly name: string;
  readonly file: string;
  readonly counters: CounterBlock<LaneCounter>;
  thread: LaneThread | null;
  /** The last error that it told. */
  lastWords: string;
  /** Its heartbeat when it was last looked at, and how long that has stood still. */
  beatUs: number;
  stillUs: number;
}

/** Control words when a hot lane was lost. */
interface WordsBefore {
  readonly halt: number;
  readonly run: number;
  readonly cancelAll: number;
}

export class LaneKeeper {
  readonly restarts: LaneRestart[] = [];
  readonly #parts: LaneKeeperParts;
  readonly #hot: Kept;
  readonly #feeds: readonly Kept[];
  readonly #control: number;
  readonly #i32: Int32Array;
  readonly #hotBell: Doorbell;
  readonly #parked = new Set<number>();
  readonly #restartsMs: number[] = [];
  readonly #revivals = new Set<Promise<void>>();
  #isStopping = false;
  #watchedUs = 0;

  constructor(parts: LaneKeeperParts) {
    const { views, plan, layout } = parts.prepared;
    this.#parts = parts;
    this.#i32 = views.i32;
    this.#control = plan.control >> 2;
    this.#hotBell = new Doorbell(views, plan, layout.hotLane);
    const kept = (lane: number, file: string): Kept => ({
      lane,
      name: layout.names[lane] ?? `lane ${lane}`,
      file,
      counters: new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS),
      thread: null,
      lastWords: '',
      beatUs: 0,
      stillUs: 0,
    });
    this.#hot = kept(layout.hotLane, 'hot.worker.js');
    this.#feeds = layout.feedLanes.map((lane) => kept(lane, 'feed.worker.js'));
  }

  /** All lanes. Rejects with what a lane says that cannot start; those that did run on until `stopFeeds` and `endHot`. */
  async start(): Promise<void> {
    await this.#open(this.#hot, this.#parts.prepared.recovered);
    const started = await Promise.allSettled(this.#feeds.map((feed) => this.#open(feed, this.#parts.prepared.recovered)));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * Often: a lane whose heartbeat stands still for `limitUs` hangs. Its first turn starts the watch. Time in which this thread did not look counts little: what
   * stopped it (a machine that sleeps, or has too much to do) may have stopped the lanes as well, and they get their turn first.
   */
  watch(nowUs: number, limitUs: number): void {
    const passedUs = Math.min(nowUs - this.#watchedUs, limitUs / LOOKS_LEAST);
    this.#watchedUs = nowUs;
    for (const kept of [this.#hot, ...this.#feeds]) {
      const beatUs = kept.counters.get('heartbeatUs');
      if (this.#isStopping || kept.thread === null || beatUs === 0 || beatUs !== kept.beatUs) {
        kept.beatUs = beatUs;
        kept.stillUs = 0;
        continue;
      }
      kept.stillUs += passedUs;
      if (kept.stillUs >= limitUs) this.#lost(kept, `it has not turned for ${((nowUs - beatUs) / 1e6).toFixed(1)} s`);
    }
  }

  get isHotAlive(): boolean {
    return this.#hot.thread !== null;
  }

  tellFeeds(command: LaneCommand): void {
    for (const { thread } of this.#feeds) thread?.send(command);
  }

  /** False: no hot lane turns now. */
  tellHot(command: Parameters<LaneThread['send']>[0]): boolean {
    this.#hot.thread?.send(command);
    return this.isHotAlive;
  }

  /** From now on the end of a lane is no death. Resolves when no restart is under way. */
  async beginStop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#revivals);
  }

  /** Threads that were told to end. */
  feedThreads(): readonly LaneThread[] {
    return this.#feeds.flatMap(({ thread }) => (thread === null ? [] : [thread]));
  }

  hotThread(): LaneThread | null {
    return this.#hot.thread;
  }

  async #open(kept: Kept, recovered: RecoveredState): Promise<void> {
    kept.lastWords = '';
    const { note, error } = this.#parts;
    const heard = (source: string, text: string): void => {
      kept.lastWords = text;
      error(source, text);
    };
    const { prepared, entries, listener } = this.#parts;
    const data = { ...laneDataOf(prepared, kept.lane, recovered), entries: entries(), parked: [...this.#parked] };
    const thread = await (this.#parts.startLane ?? startLane)(kept.file, kept.name, data, {
      ...listener,
      onNote: note,
      onError: heard,
      onDeath: (lane, text) => heard(`lane ${lane}`, text),
      startWithinMs: START_WITHIN_MS,
    });
    kept.thread = thread;
    void thread.ended.then((code) => {
      if (kept.thread === thread && !this.#isStopping) this.#lost(kept, `it died: ${kept.lastWords || `its thread ended with ${code}`}`);
    });
  }

  /** Nothing goes out from here on until another turns in its place. */
  #lost(kept: Kept, why: string): void {
    const thread = kept.thread;
    kept.thread = null;
    const revival = this.#revive(kept, thread, why).catch((error: unknown) =>
      this.#parts.fail(`lane ${kept.name} could not be started again: ${messageOf(error)}`),
    );
    this.#revivals.add(revival);
    void revival.then(() => this.#revivals.delete(revival));
  }

  async #revive(kept: Kept, thread: LaneThread | null, why: string): Promise<void> {
    const isHot = kept === this.#hot;
    const before = isHot ? this.#halt() : null;
    if (isHot) this.#parts.onHotLost?.();
    kept.counters.set('heartbeatUs', 0);
    this.#parts.error(
      'thor',
      `lane ${kept.name}: ${why}; ${isHot ? 'nothing goes out' : 'its books are not used'} until it is started again`,
    );
    await thread?.terminate();
    if (isHot) await this.#requestsTaken();
    for (let reason = why; ;) {
      const stopped = isHot ? this.#blame() : null;
      if (!this.#mayRestart()) {
        const often = `${RESTARTS_MOST} restarts in ${RESTARTS_WITHIN_MS / 60_000} minutes did not help`;
        return this.#parts.fail(
          `lane ${kept.name}: ${reason}; ${this.#parts.prepared.isStepped ? 'a recording does not wait for another' : often}`,
        );
      }
      this.restarts.push({ lane: kept.name, why: reason, stopped });
      kept.counters.add('restarts');
      try {
        await (isHot ? this.#openHot() : this.#openFeed(kept));
        break;
      } catch (error) {
        reason = `it could not start: ${messageOf(error)}`;
        this.#parts.error('thor', `lane ${kept.name}: ${reason}`);
      }
    }
    if (before !== null) this.#trade(before);
    this.#parts.say(`lane ${kept.name} turns again${this.#without()}`);
  }

  #without(): string {
    const { strategies } = this.#parts.prepared.tables;
    const names = [...this.#parked].map((index) => strategies[index]?.name ?? index);
    return names.length === 0 ? '' : `, without ${names.join(', ')}: its orders are cancelled`;
  }

  // --- the hot lane

  /** @returns what the words were */
  #halt(): WordsBefore {
    const halt = Atomics.exchange(this.#i32, this.#control + (CONTROL_HALT >> 2), HALT_ALL);
    const run = Atomics.exchange(this.#i32, this.#control + (CONTROL_RUN >> 2), RUN_STARTING);
    return { halt, run, cancelAll: Atomics.load(this.#i32, this.#control + (CONTROL_CANCEL_ALL >> 2)) };
  }

  /** The strategy whose code ran last, if it did, is left out from now on. */
  #blame(): string | null {
    const running = Atomics.exchange(this.#i32, this.#control + (CONTROL_RUNNING >> 2), 0) - 1;
    const strategy = this.#parts.prepared.tables.strategies[running];
    if (strategy === undefined) return null;
    this.#parked.add(running);
    return strategy.name;
  }

  /** Gateways refuse what stands in their rings, the writer writes what the lane had journaled. */
  async #requestsTaken(): Promise<void> {
    const { views, plan } = this.#parts.prepared;
    const ringAt = (base: number, records: number): SpscRing => new SpscRing(views, base, RECORD_BYTES, records);
    const requests = Array.from({ length: plan.counts.gateways }, (_, gateway) =>
      ringAt(plan.requests + plan.ringStride * gateway, plan.counts.ringRecords),
    );
    const journal = ringAt(plan.journals + plan.journalStride * PRODUCER_HOT, plan.counts.journalRecords);
    const cursor = (plan.cursors + CURSOR_BYTES * PRODUCER_HOT + CURSOR_WRITTEN) >> 2;
    const untilMs = performance.now() + SETTLE_WITHIN_MS;
    while (Atomics.load(this.#i32, cursor) >>> 0 !== journal.committed() || requests.some((ring) => ring.waiting() > 0)) {
      if (performance.now() > untilMs) throw new Error('its requests or its journal entries are not taken');
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #openHot(): Promise<void> {
    const { prepared, note } = this.#parts;
    const recovered = recover({ folder: prepared.dataDir.journalFolder, tables: prepared.tables, repair: false });
    for (const text of recovered.notes) note('journal', text);
    clearAfterHotLane(prepared.views, prepared.plan);
    await this.#open(this.#hot, recovered);
    this.#parts.onHotBack?.();
  }

  /** As before, unless a person changed it meanwhile; open orders by the same rule as at a death of the whole engine. */
  #trade(before: WordsBefore): void {
    const word = (offset: number): number => this.#control + (offset >> 2);
    const isAsked = Atomics.load(this.#i32, word(CONTROL_CANCEL_ALL)) !== before.cancelAll;
    if (isAsked || this.#parts.prepared.options.cancelsOnDeath) Atomics.add(this.#i32, word(CONTROL_CANCEL_ALL), 1);
    const isHalted = Atomics.load(this.#i32, word(CONTROL_TRADING_STATE)) >= TRADING_HALTED;
    Atomics.compareExchange(this.#i32, word(CONTROL_HALT), HALT_ALL, Math.max(before.halt, isHalted ? HALT_NEW_ORDERS : HALT_NONE));
    Atomics.compareExchange(this.#i32, word(CONTROL_RUN), RUN_STARTING, before.run);
    this.#hotBell.ring();
  }

  // --- feed lanes

  async #openFeed(kept: Kept): Promise<void> {
    const { prepared, clock } = this.#parts;
    const { views, plan, tables, layout, recovered } = prepared;
    const feedLane = layout.feedLanes.indexOf(kept.lane);
    markAfterFeedLane(views, plan, { lane: kept.lane, feedLane, tables, layout, clock, bells: [this.#hotBell] });
    await this.#open(kept, recovered);
  }

  #mayRestart(): boolean {
    if (this.#parts.prepared.isStepped) return false;
    const nowMs = performance.now();
    while (this.#restartsMs.length > 0 && nowMs - this.#restartsMs[0]! > RESTARTS_WITHIN_MS) this.#restartsMs.shift();
    if (this.#restartsMs.length >= RESTARTS_MOST) return false;
    this.#restartsMs.push(nowMs);
    return true;
  }
}
