/**
 * The lanes of one run. With a single one, everything turns on this thread; with more, this thread is the service lane and the keeper starts the others. Commands
 * find the hot lane here wherever it is. Made and asked by the engine, main thread.
 */
import type { CounterBlock, LaneCounter } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_COMMANDS, CONTROL_STOP_LANES } from '../core/memory/layout.js';
import { messageOf } from '../core/numbers/errors.js';
import type { Params } from '../core/ports/strategy.js';
import type { Role } from '../core/ports/role.js';
import type { SystemTimers } from './clock.js';
import { buildFeedLane, type FeedLane } from './feed-lane.js';
import { warmUpFeeds } from './feed-warm-up.js';
import { buildHotLane, loadRunStrategies } from './hot-lane.js';
import { LaneOrders } from './lane-commands.js';
import { laneDataOf, type ParamsCommand } from './lane-data.js';
import { LaneKeeper, type LaneRestart } from './lane-keeper.js';
import { EventLoopLane } from './lane-loop.js';
import type { LaneClock } from './market-clock.js';
import type { Prepared } from './prepare.js';
import type { StrategyPlan } from './run-config.js';
import type { RunOutput } from './run-output.js';
import { warmUp } from './warm-up.js';
import type { LaneThread } from './worker-threads.js';

/** Answer to a command that came to no lane. */
const HOT_DOWN = 'the hot lane is being started again: ask once more in a moment';

export interface RunLanesParts {
  readonly prepared: Prepared;
  readonly clock: LaneClock;
  readonly marketTimers: SystemTimers;
  readonly wallTimers: SystemTimers;
  readonly hotBell: Doorbell;
  /** Of this thread's lane. */
  readonly ownCounters: CounterBlock<LaneCounter>;
  readonly serviceRoles: readonly Role[];
  readonly output: RunOutput;
  /** The strategies with the parameters that they have now. */
  readonly entries: () => readonly StrategyPlan[];
  /** The trading state is put back: another hot lane stands. */
  readonly restoreTrading: () => void;
  /** No restart helps: the run has failed. */
  readonly fail: (text: string) => void;
}

export class RunLanes {
  readonly #parts: RunLanesParts;
  readonly #orders = new LaneOrders((command) => this.#command(command));
  /** Commands to a hot lane on this thread. */
  readonly #ownCommands: ParamsCommand[] = [];
  #loop: EventLoopLane | null = null;
  #feedLane: FeedLane | null = null;
  /** Null with a single lane: this thread is all of them. */
  #keeper: LaneKeeper | null = null;

  constructor(parts: RunLanesParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { prepared, clock, output, serviceRoles } = this.#parts;
    if (prepared.layout.isSingle) return this.#startSingle();
    this.#turn(serviceRoles);
    this.#keeper = new LaneKeeper({
      prepared,
      clock,
      note: (source, text) => output.note(source, text),
      say: (text) => output.say(text),
      error: (source, text) => output.error(source, text),
      fail: this.#parts.fail,
      entries: this.#parts.entries,
      listener: { onAnswer: (id, refusal) => this.#orders.answered(id, refusal) },
      onHotLost: () => this.#orders.giveUp(HOT_DOWN),
      onHotBack: this.#parts.restoreTrading,
    });
    await this.#keeper.start();
  }

  /** This thread turns. */
  get isTurning(): boolean {
    return this.#loop !== null;
  }

  get isHotAlive(): boolean {
    return this.#keeper?.isHotAlive ?? this.#feedLane !== null;
  }

  get restarts(): readonly LaneRestart[] {
    return this.#keeper?.restarts ?? [];
  }

  watch(nowUs: number, limitUs: number): void {
    this.#keeper?.watch(nowUs, limitUs);
  }

  pump(): void {
    this.#loop?.pump();
  }

  /** To a strategy of the hot lane; the text of a refusal, or null once it has them. */
  hand(strategy: number, params: Params): Promise<string | null> {
    return this.#orders.params(strategy, params);
  }

  /** No command is answered any more, and no lane started again. */
  async beginStop(): Promise<void> {
    this.#orders.giveUp('the engine is stopping');
    await this.#keeper?.beginStop();
  }

  /** Sockets close. Threads that were told to end are the caller's to wait for. */
  stopFeeds(): readonly LaneThread[] {
    this.#keeper?.tellFeeds({ kind: 'stop' });
    this.#feedLane?.stop();
    return this.#keeper?.feedThreads() ?? [];
  }

  /** The hot lane leaves its loop; its thread, where it has one. */
  stopHot(): LaneThread | null {
    const { prepared, hotBell } = this.#parts;
    Atomics.store(prepared.views.i32, (prepared.plan.control + CONTROL_STOP_LANES) >> 2, 1);
    hotBell.ring();
    return this.#keeper?.hotThread() ?? null;
  }

  /** This thread turns no more. */
  stopOwn(): void {
    this.#loop?.stop();
  }

  async #startSingle(): Promise<void> {
    const { prepared, clock, marketTimers, wallTimers, output, ownCounters, serviceRoles } = this.#parts;
    const tellers = {
      note: (source: string, text: string) => output.note(source, text),
      error: (source: string, error: unknown) => output.error(source, messageOf(error)),
    };
    const data = laneDataOf(prepared, 0, prepared.recovered);
    const strategies = await loadRunStrategies(data);
    const note = (text: string): void => output.note('hot lane', text);
    const { said, rehearse } = warmUp(data, strategies, note);
    note(said);
    output.note('feed lane', warmUpFeeds(data, 0, clock));
    const hot = buildHotLane(data, strategies, clock, tellers, {
      onDrained: () => ownCounters.set('drained', 1),
      ringService: () => undefined,
      commands: { take: () => this.#ownCommands.shift(), answer: (id, refusal) => this.#orders.answered(id, refusal) },
    });
    this.#feedLane = buildFeedLane(data, 0, { clock, marketTimers, wallTimers, bells: [], afterFrame: () => this.pump(), ...tellers });
    this.#turn([...hot.roles, ...serviceRoles, ...this.#feedLane.feeds], rehearse);
    this.#feedLane.start();
  }

  #turn(roles: readonly Role[], rehearse: () => void = () => undefined): void {
    const { prepared, clock, ownCounters: counters } = this.#parts;
    const { views, plan, layout, market } = prepared;
    const bell = new Doorbell(views, plan, 0);
    this.#loop = new EventLoopLane({ views, plan, clock, counters, bell, roles, rehearse }, layout.wait, market.speed);
    this.#loop.start();
  }

  #command(command: ParamsCommand): void {
    const { prepared, hotBell } = this.#parts;
    if (this.#keeper === null) this.#ownCommands.push(command);
    else if (!this.#keeper.tellHot(command)) this.#orders.answered(command.id, HOT_DOWN);
    Atomics.add(prepared.views.i32, (prepared.plan.control + CONTROL_COMMANDS) >> 2, 1);
    hotBell.ring();
  }
}
