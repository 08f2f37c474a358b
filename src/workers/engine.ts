/** One run of the engine: lanes, service, stop and summary. Main thread. */
import { join } from 'node:path';
import type { Marks } from '../core/ledger/marks.js';
import { reportOf } from '../core/ledger/report.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS, type LaneCounter } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import {
  CONTROL_COMMANDS,
  CONTROL_HALT,
  CONTROL_RUN,
  CONTROL_STOP_LANES,
  HALT_ALL,
  RUN_STOPPING,
  RUN_TRADING,
} from '../core/memory/layout.js';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import type { HttpClient } from '../core/ports/http.js';
import type { EngineView } from '../monitoring/state.js';
import { TerminalView } from '../monitoring/terminal.js';
import { ColdKind } from '../storage/segment.js';
import type { Writer } from '../storage/writer.js';
import { Admin } from './admin.js';
import { Housekeeping } from './backup-host.js';
import { SystemTimers } from './clock.js';
import { beginClosing, CLOSE_WITHIN_MS, closingOf, isClosed } from './closing.js';
import { buildFeedLane, type FeedLane } from './feed-lane.js';
import { warmUpFeeds } from './feed-warm-up.js';
import { buildHotLane, loadRunStrategies } from './hot-lane.js';
import { KillSwitch } from './kill-switch.js';
import { LaneOrders } from './lane-commands.js';
import { laneDataOf, type ParamsCommand } from './lane-data.js';
import { LaneKeeper } from './lane-keeper.js';
import { EventLoopLane } from './lane-loop.js';
import { judgeAccounts, tradedIn, type Judged, type JudgedEngine } from './judgement.js';
import { endpointsOf, venueAt } from './instruments.js';
import { marketOf } from './market-of.js';
import { laneClock, setMarketUs, type LaneClock } from './market-clock.js';
import { ParamsDesk } from './params-desk.js';
import type { Prepared } from './prepare.js';
import { ReplayWatch } from './replay-watch.js';
import type { RunOutput } from './run-output.js';
import { serverFactory } from './server-choice.js';
import { Service } from './service.js';
import type { Summary } from './summary.js';
import { SupervisorLink } from './supervisor/link.js';
import { warmUp } from './warm-up.js';
import type { LaneThread } from './worker-threads.js';

/** Wall milliseconds that each step of a stop may take before it is given up and said. */
const STOP_STEP_MS = 5_000;
/** Lines of a judgement that the next run still shows. */
const JUDGED_LINES = 20;
const WATCH_MS = 20;
/** Answer to a command that came to no lane. */
const HOT_DOWN = 'the hot lane is being started again: ask once more in a moment';
/** Counters unchanged for this long after a replay's end: the sockets are read empty. */
const QUIET_MS = 250;

export interface EngineDeps {
  readonly wallTimers: SystemTimers;
  readonly http: HttpClient;
  readonly output: RunOutput;
}

export class Engine {
  readonly #prepared: Prepared;
  readonly #deps: EngineDeps;
  readonly #clock: LaneClock;
  readonly #marketTimers: SystemTimers;
  readonly #hotBell: Doorbell;
  readonly #laneCounters: readonly CounterBlock<LaneCounter>[];
  readonly #hotCounters: CounterBlock<LaneCounter>;
  readonly #service: Service;
  #loop: EventLoopLane | null = null;
  #feedLane: FeedLane | null = null;
  /** Null with a single lane: this thread is all of them. */
  #lanes: LaneKeeper | null = null;
  #replay: ReplayWatch | null = null;
  #firstLiveUs: number | null = null;
  #error: string | null = null;
  #stop: (() => void) | null = null;
  #isStopWanted = false;
  #judged: Judged | null = null;
  readonly #housekeeping: Housekeeping;
  #supervisor: SupervisorLink | null = null;
  #killSwitch: KillSwitch | null = null;
  #paramsDesk: ParamsDesk | null = null;
  #token = '';
  readonly #orders: LaneOrders;
  /** Commands to a hot lane on this thread. */
  readonly #ownCommands: ParamsCommand[] = [];
  /** Heartbeat of the hot lane when the supervisor was last told of it. */
  #beatUs = 0;

  constructor(prepared: Prepared, deps: EngineDeps) {
    this.#prepared = prepared;
    this.#deps = deps;
    const { views, plan, layout, run, options } = prepared;
    // A stepped run stands just before its recording until the first message of the recording's clock.
    if (prepared.isStepped) setMarketUs(views, plan, prepared.addresses?.clock?.marketUs ?? prepared.market.marketUs);
    this.#clock = laneClock(views, plan, prepared.market, prepared.isStepped);
    this.#marketTimers = new SystemTimers(prepared.market.speed);
    this.#hotBell = new Doorbell(views, plan, layout.hotLane);
    this.#laneCounters = layout.names.map(
      (_, lane) => new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS),
    );
    const hotCounters = this.#laneCounters[layout.hotLane];
    if (hotCounters === undefined) throw new Error('the hot lane has no counters');
    this.#hotCounters = hotCounters;
    this.#housekeeping = new Housekeeping({
      data: prepared.dataDir.path,
      configFile: options.config,
      config: run.config,
      timers: deps.wallTimers,
      notice: (text) => deps.output.say(text),
    });
    this.#orders = new LaneOrders((command) => this.#command(command));
    const ownBell = new Doorbell(views, plan, 0);
    this.#service = new Service({
      views,
      plan,
      tables: prepared.tables,
      recovered: prepared.recovered,
      journal: prepared.journal,
      opened: prepared.opened,
      config: run.config,
      layout,
      clock: this.#clock,
      speed: prepared.market.speed,
      timers: deps.wallTimers,
      marketTimers: this.#marketTimers,
      accounts: prepared.accounts,
      addresses: prepared.addresses?.venues ?? {},
      hotCounters: this.#hotCounters,
      createHttpServer: serverFactory(deps.wallTimers),
      durability: options.durability,
      dataDir: prepared.dataDir.path,
      version: prepared.version,
      configHash: run.hash,
      seed: options.seed,
      hotBell: this.#hotBell,
      parameters: Object.fromEntries(run.entries.map((entry) => [entry.name, entry.params])),
      judgement: prepared.dataDir.previous?.judged ?? null,
      admin: (view, writer) => this.#makeAdmin(view, writer, () => ownBell.ring()),
      levelStates: (kind) => run.entries.find((entry) => entry.kind === kind)?.levelStates ?? [],
      notice: (text) => deps.output.say(text),
      error: (source, error) => deps.output.error(source, messageOf(error)),
      wake: () => ownBell.ring(),
    });
  }

  /** Asks for an orderly stop; `error` makes the run a failed one. */
  requestStop(error: string | null): void {
    this.#error ??= error;
    this.#isStopWanted = true;
    this.#stop?.();
  }

  /** From start to summary. */
  async run(): Promise<Summary> {
    const { output } = this.#deps;
    let status: TerminalView | null = null;
    try {
      await this.#start();
      status = output.usesTerminal ? this.#terminal() : null;
      if (status !== null) output.useTerminal(status);
      status?.start();
      await this.#untilStop();
    } catch (error) {
      this.#error ??= messageOf(error);
      if (this.#loop === null) {
        // No lane turns yet: only the service is open, and its port would keep the process alive.
        await this.#service.close(this.#summary(this.#clock.nowUs(), 0, this.#service.money.middles()));
        throw error;
      }
      // A strategy that refuses its parameters does so in its lane: wrong use, not a failed run.
      if (error instanceof UsageError) {
        await this.#shutDown();
        throw error;
      }
      output.error('thor', this.#error);
    }
    status?.stop();
    output.useTerminal(null);
    return this.#shutDown();
  }

  #makeAdmin(view: EngineView, writer: Writer, wake: () => void): Admin {
    const { views, plan, tables, run, dataDir } = this.#prepared;
    const notice = (text: string): void => this.#deps.output.say(text);
    const wallUs = (): number => this.#clock.wallUs();
    const killSwitch = new KillSwitch({
      views,
      plan,
      hotBell: this.#hotBell,
      wallUs,
      ordersOpen: () => view.journal.orderCounts().open,
      keep: (trading) => dataDir.update({ trading }),
      notice,
      wake,
    });
    const desk = new ParamsDesk({
      tables,
      entries: run.entries,
      directory: run.directory,
      levelCapacity: plan.counts.levelsPerStrategy,
      ...marketOf(view),
      wallUs,
      isTrading: () => Atomics.load(views.i32, (plan.control + CONTROL_RUN) >> 2) === RUN_TRADING,
      journal: (change) => {
        writer.appendCold(ColdKind.PARAMETERS, change);
        wake();
      },
      hand: (strategy, params) => this.#orders.params(strategy, params),
      notice,
    });
    const admin = new Admin(killSwitch, desk);
    this.#killSwitch = killSwitch;
    this.#paramsDesk = desk;
    this.#token = admin.token;
    return admin;
  }

  #command(command: ParamsCommand): void {
    const { views, plan } = this.#prepared;
    if (this.#lanes === null) this.#ownCommands.push(command);
    else if (!this.#lanes.tellHot(command)) this.#orders.answered(command.id, HOT_DOWN);
    Atomics.add(views.i32, (plan.control + CONTROL_COMMANDS) >> 2, 1);
    this.#hotBell.ring();
  }

  #terminal(): TerminalView {
    return new TerminalView({
      out: process.stdout,
      timers: this.#deps.wallTimers,
      view: this.#service.view,
      url: this.#service.url,
      ...(process.env['NO_COLOR'] === undefined ? {} : { isColoured: false }),
    });
  }

  async #start(): Promise<void> {
    const prepared = this.#prepared;
    const { plan, views, options, tables, layout, dataDir, recovered } = prepared;
    const { output } = this.#deps;
    await this.#paramsDesk?.open();
    await this.#service.listen(options.port ?? prepared.run.config.server.port);
    dataDir.update({ url: this.#service.url, token: this.#token });
    const facts = {
      url: this.#service.url,
      pid: process.pid,
      data: dataDir.path,
      mode: tables.mode,
      simulated: tables.simulated,
      run: tables.run,
      lanes: layout.names,
    };
    const label = tables.simulated ? 'SIMULATED  ' : '';
    output.started(
      facts,
      `${label}Thor ${prepared.version}, mode ${tables.mode}, run ${tables.run}: ${this.#service.url}  (data in ${dataDir.path})`,
    );
    for (const strategy of tables.strategies) {
      output.say(`${strategy.name} (${strategy.kind}) on ${strategy.instruments.map((index) => tables.instruments[index]?.id).join(', ')}`);
    }
    const adopted = recovered.orders.length;
    if (tables.run > 1)
      output.say(
        `resumed from ${recovered.runs} earlier runs: ${recovered.fills.length} fills, ${recovered.levels.length} levels, ${adopted} orders`,
      );
    this.#supervise();
    this.#housekeeping.start();
    await this.#startLanes();
    this.#killSwitch?.restore(dataDir.previous?.trading);
    Atomics.store(views.i32, (plan.control + CONTROL_RUN) >> 2, RUN_TRADING);
    if (options.replay !== null && prepared.addresses !== null) {
      this.#replay = new ReplayWatch(prepared.addresses, this.#deps, {
        views,
        plan,
        isStepped: prepared.isStepped,
        onTime: () => this.#onTime(),
      });
      await this.#replay.start();
    }
  }

  async #startLanes(): Promise<void> {
    const { layout, views, plan, market } = this.#prepared;
    const { output, wallTimers } = this.#deps;
    const counters = this.#laneCounters[0];
    if (counters === undefined) return;
    const bell = new Doorbell(views, plan, 0);
    const tellers = {
      note: (source: string, text: string) => output.note(source, text),
      error: (source: string, error: unknown) => output.error(source, messageOf(error)),
    };
    if (layout.isSingle) {
      const data = laneDataOf(this.#prepared, 0, this.#prepared.recovered);
      const strategies = await loadRunStrategies(data);
      output.note('hot lane', warmUp(data, strategies));
      output.note('feed lane', warmUpFeeds(data, 0, this.#clock));
      const hot = buildHotLane(data, strategies, this.#clock, tellers, {
        onDrained: () => counters.set('drained', 1),
        ringService: () => undefined,
        commands: { take: () => this.#ownCommands.shift(), answer: (id, refusal) => this.#orders.answered(id, refusal) },
      });
      this.#feedLane = buildFeedLane(data, 0, {
        clock: this.#clock,
        marketTimers: this.#marketTimers,
        wallTimers,
        bells: [],
        afterFrame: () => this.#loop?.pump(),
        ...tellers,
      });
      const roles = [...hot.roles, ...this.#service.roles, ...this.#feedLane.feeds];
      this.#loop = new EventLoopLane({ views, plan, clock: this.#clock, counters, bell, roles }, layout.wait, market.speed);
      this.#loop.start();
      this.#feedLane.start();
      return;
    }
    this.#loop = new EventLoopLane(
      { views, plan, clock: this.#clock, counters, bell, roles: this.#service.roles },
      layout.wait,
      market.speed,
    );
    this.#loop.start();
    this.#lanes = new LaneKeeper({
      prepared: this.#prepared,
      clock: this.#clock,
      note: tellers.note,
      say: (text) => output.say(text),
      error: (source, text) => output.error(source, text),
      fail: (text) => this.#fail(text),
      entries: () => this.#paramsDesk?.entries() ?? this.#prepared.run.entries,
      listener: { onAnswer: (id, refusal) => this.#orders.answered(id, refusal) },
      onHotLost: () => this.#orders.giveUp(HOT_DOWN),
      onHotBack: () => this.#killSwitch?.restore(this.#prepared.dataDir.previous?.trading),
    });
    await this.#lanes.start();
  }

  /** Halts everything that goes out, then stops. */
  #fail(text: string): void {
    const { views, plan } = this.#prepared;
    Atomics.store(views.i32, (plan.control + CONTROL_HALT) >> 2, HALT_ALL);
    this.#deps.output.error('thor', text);
    this.requestStop(text);
  }

  /** Stepped time moved: lanes that sleep must see it. */
  #onTime(): void {
    this.#hotBell.ring();
    this.#loop?.pump();
  }

  async #untilStop(): Promise<void> {
    const { options, run, market } = this.#prepared;
    const limitUs = options.durationSeconds === null ? Infinity : options.durationSeconds * 1e6;
    const watchdogUs = run.config.engine.watchdogMs * 1000 * Math.max(1, market.speed);
    await new Promise<void>((resolve) => {
      this.#stop = resolve;
      if (this.#isStopWanted) resolve();
      this.#deps.wallTimers.every(WATCH_MS, () => {
        const nowUs = this.#clock.nowUs();
        if (this.#firstLiveUs === null && this.#service.view.books.liveCount() > 0) this.#firstLiveUs = nowUs;
        if (this.#firstLiveUs !== null && nowUs - this.#firstLiveUs >= limitUs) resolve();
        // A recording's clock stands still between its messages.
        if (!this.#prepared.isStepped) this.#lanes?.watch(nowUs, watchdogUs);
        this.#beat();
      });
      void this.#replay?.ended.then(
        () => resolve(),
        (error: unknown) => this.#fail(messageOf(error)),
      );
    });
    if (this.#replay !== null) await this.#untilQuiet();
  }

  /** `--on-death cancel`: a process beside this one that cancels when this one cannot. Fill models have nothing to cancel. */
  #supervise(): void {
    const { options, accounts, addresses, tables, run, market, dataDir } = this.#prepared;
    if (!options.cancelsOnDeath || accounts === null) return;
    const { output, wallTimers } = this.#deps;
    this.#supervisor = new SupervisorLink(
      {
        type: 'start',
        pid: process.pid,
        tag: tables.tag,
        run: tables.run,
        hangMs: run.config.engine.watchdogMs,
        logFile: join(dataDir.logsFolder, 'supervisor.log'),
        market,
        venues: accounts.map(({ venue, credentials }) => ({
          id: venue,
          rest: endpointsOf(venueAt(venue), addresses?.venues ?? {}).rest,
          apiKey: credentials.apiKey,
          secret: credentials.secret,
        })),
      },
      { nowMs: () => performance.now(), timers: wallTimers, onLost: (text) => output.error('supervisor', text) },
    );
  }

  #beat(): void {
    const beatUs = this.#hotCounters.get('heartbeatUs');
    this.#supervisor?.beat(beatUs === 0 || beatUs !== this.#beatUs);
    this.#beatUs = beatUs;
  }

  /** After a replay's last message: until the feeds have read everything. */
  async #untilQuiet(): Promise<void> {
    const total = (): number => this.#service.view.shared.venues.reduce((sum, block) => sum + block.get('messages'), 0);
    await this.#waitFor(
      (() => {
        let last = -1;
        let since = Date.now();
        return () => {
          const now = total();
          if (now !== last) {
            last = now;
            since = Date.now();
          }
          return Date.now() - since >= QUIET_MS;
        };
      })(),
    );
  }

  async #shutDown(): Promise<Summary> {
    this.#orders.giveUp('the engine is stopping');
    await this.#lanes?.beginStop();
    await this.#close();
    const { views, plan, layout } = this.#prepared;
    const service = this.#service;
    const hotCounters = this.#laneCounters[layout.hotLane];
    const endUs = this.#clock.nowUs();
    const booksLive = service.view.books.liveCount();
    const middles = service.money.middles();
    Atomics.store(views.i32, (plan.control + CONTROL_RUN) >> 2, RUN_STOPPING);
    this.#hotBell.ring();
    const isHotAlive = this.#lanes?.isHotAlive ?? this.#feedLane !== null;
    // What was asked last may have to time out and be asked again.
    const answersMs = 2 * this.#prepared.run.config.execution.requestTimeoutMs;
    if (isHotAlive && this.#error === null)
      await this.#step('strategies and executor', () => hotCounters?.get('drained') === 1, STOP_STEP_MS + answersMs);
    if (isHotAlive && this.#error === null) await this.#judge();
    service.stopHearing();
    service.beginStop();
    // Gateways wait for an executor to take their answers: without one there is nothing to wait for.
    if (isHotAlive) await this.#step('gateways and writer', () => service.isDrained());
    this.#lanes?.tellFeeds({ kind: 'stop' });
    this.#feedLane?.stop();
    await Promise.all((this.#lanes?.feedThreads() ?? []).map((feed) => this.#end(feed)));
    Atomics.store(views.i32, (plan.control + CONTROL_STOP_LANES) >> 2, 1);
    this.#hotBell.ring();
    const hot = this.#lanes?.hotThread() ?? null;
    if (hot !== null) await this.#end(hot);
    this.#replay?.stop();
    service.writer.flushNow(this.#clock.nowUs());
    this.#loop?.stop();
    this.#marketTimers.stop();
    this.#housekeeping.stop();
    const summary = this.#summary(endUs, booksLive, middles);
    await service.close(summary);
    await this.#supervisor?.end(this.#error === null);
    return summary;
  }

  /** Strategies that are to be flat at the end bring themselves there. A failed run sends nothing more, and a recording that has ended fills nothing. */
  async #close(): Promise<void> {
    const { views, plan, isStepped } = this.#prepared;
    const isHotAlive = this.#lanes?.isHotAlive ?? this.#feedLane !== null;
    if (this.#error !== null || !isHotAlive || isStepped || !beginClosing(views, plan)) return;
    this.#hotBell.ring();
    if (await this.#waitFor(() => isClosed(views, plan), CLOSE_WITHIN_MS)) return;
    this.#deps.output.say(`not everything that was to be closed could be closed within ${CLOSE_WITHIN_MS / 1000} s`);
  }

  /** While streams and lanes still turn: what the venues booked meanwhile still comes in. */
  async #judge(): Promise<void> {
    const { judged, tables } = this.#prepared;
    if (judged === null) return;
    const { output, http, wallTimers } = this.#deps;
    const service = this.#service;
    const engine: JudgedEngine = {
      store: () => service.store,
      sumsAt: (venue) => service.money.sumsAt(venue),
      isTraded: tradedIn(tables),
    };
    const found = await judgeAccounts(judged.accounts, judged.openings, tables.tag, engine, {
      http,
      clock: this.#clock,
      timers: wallTimers,
    });
    const { lines, aside, foreign } = found.verdict;
    for (const line of [...lines, ...aside.map((text) => `left by an earlier run: ${text}`), ...foreign.map((text) => `not ours: ${text}`)])
      output.say(`judge: ${line}`);
    const { differences } = found.verdict;
    this.#prepared.dataDir.update({
      judged: { run: tables.run, tsUs: this.#clock.wallUs(), differences: { ...differences }, lines: lines.slice(0, JUDGED_LINES) },
    });
    if (found.verdict.venues.some((venue) => venue.error !== null)) this.#failStop('not every venue could be judged');
    else this.#judged = found;
  }

  #summary(endUs: number, booksLive: number, middles: Marks): Summary {
    const { tables, run, views, plan } = this.#prepared;
    const { reporting } = run.config;
    const entries = this.#paramsDesk?.entries() ?? run.entries;
    const closing = closingOf(views, plan, tables, (name) => entries.find((entry) => entry.name === name)?.params);
    const counts = this.#service.view.summaryCounts();
    const pnl = this.#service.money.pnl(this.#judged?.residuals ?? null);
    const seconds = this.#firstLiveUs === null ? 0 : (endUs - this.#firstLiveUs) / 1e6;
    return {
      mode: tables.mode,
      seconds: Math.round(seconds * 10) / 10,
      simulated: tables.simulated,
      ...counts,
      books: { ...counts.books, live: booksLive },
      pnl,
      ...(reporting === undefined ? {} : { report: reportOf(reporting, pnl, tables.instruments, middles) }),
      ...(closing === null ? {} : { closing }),
      differences: this.#judged?.verdict.differences ?? null,
      ...(this.#lanes === null || this.#lanes.restarts.length === 0 ? {} : { restarts: this.#lanes.restarts }),
      ...(this.#error === null ? {} : { error: this.#error }),
    };
  }

  async #end(thread: LaneThread): Promise<void> {
    let hasEnded = false;
    void thread.ended.then(() => (hasEnded = true));
    if (await this.#waitFor(() => hasEnded)) return;
    this.#failStop(`lane ${thread.name} did not end; it is terminated`);
    await thread.terminate();
  }

  async #step(what: string, isDone: () => boolean, withinMs = STOP_STEP_MS): Promise<void> {
    if (!(await this.#waitFor(isDone, withinMs))) this.#failStop(`${what} did not drain within ${withinMs / 1000} s`);
  }

  /** The stop goes on, but it was not a clean one. */
  #failStop(text: string): void {
    this.#error ??= text;
    this.#deps.output.error('thor', text);
  }

  async #waitFor(isDone: () => boolean, withinMs = STOP_STEP_MS): Promise<boolean> {
    const untilMs = Date.now() + withinMs;
    while (!isDone()) {
      if (Date.now() > untilMs) return false;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return true;
  }
}
