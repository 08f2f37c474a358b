/** One run of the engine: lanes, service, stop and summary. Main thread. */
import { join } from 'node:path';
import { reportOf } from '../core/ledger/report.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS, type LaneCounter } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_HALT, CONTROL_RUN, HALT_ALL, RUN_TRADING } from '../core/memory/layout.js';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import type { HttpClient } from '../core/ports/http.js';
import type { EngineView } from '../monitoring/state.js';
import { TerminalView } from '../monitoring/terminal.js';
import type { Writer } from '../storage/writer.js';
import { Admin } from './admin.js';
import { Housekeeping } from './backup-host.js';
import { SystemTimers } from './clock.js';
import { closingOf, unclosedOf } from './closing.js';
import { endpointsOf, venueAt } from './instruments.js';
import { laneClock, setMarketUs, type LaneClock } from './market-clock.js';
import type { Prepared } from './prepare.js';
import { ReplayWatch } from './replay-watch.js';
import type { StrategyPlan } from './run-config.js';
import { RunLanes } from './run-lanes.js';
import type { RunOutput } from './run-output.js';
import { serverFactory } from './server-choice.js';
import { Service } from './service.js';
import { Shutdown, waitFor, type StoppedRun } from './shutdown.js';
import type { Summary } from './summary.js';
import { SupervisorLink } from './supervisor/link.js';

const WATCH_MS = 20;
/** Wall milliseconds that trading waits for the first private streams. */
const FIRST_UP_WITHIN_MS = 3_000;
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
  readonly #hotCounters: CounterBlock<LaneCounter>;
  readonly #service: Service;
  readonly #lanes: RunLanes;
  #replay: ReplayWatch | null = null;
  #firstLiveUs: number | null = null;
  #error: string | null = null;
  #stop: (() => void) | null = null;
  #isStopWanted = false;
  readonly #housekeeping: Housekeeping;
  #supervisor: SupervisorLink | null = null;
  #admin: Admin | null = null;
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
    const countersOf = (lane: number): CounterBlock<LaneCounter> =>
      new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS);
    this.#hotCounters = countersOf(layout.hotLane);
    this.#housekeeping = new Housekeeping({
      data: prepared.dataDir.path,
      configFile: options.config,
      config: run.config,
      timers: deps.wallTimers,
      notice: (text) => deps.output.say(text),
    });
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
    this.#lanes = new RunLanes({
      prepared,
      clock: this.#clock,
      marketTimers: this.#marketTimers,
      wallTimers: deps.wallTimers,
      hotBell: this.#hotBell,
      ownCounters: countersOf(0),
      serviceRoles: this.#service.roles,
      output: deps.output,
      entries: () => this.#entries(),
      restoreTrading: () => this.#admin?.restoreTrading(),
      fail: (text) => this.#fail(text),
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
      if (!this.#lanes.isTurning) {
        // No lane turns yet: only the service is open, and its port would keep the process alive.
        await this.#service.close(
          this.#summary({ endUs: this.#clock.nowUs(), booksLive: 0, middles: this.#service.money.middles(), judged: null }),
        );
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
    this.#admin = new Admin({
      prepared: this.#prepared,
      view,
      writer,
      hotBell: this.#hotBell,
      wallUs: () => this.#clock.wallUs(),
      hand: (strategy, params) => this.#lanes.hand(strategy, params),
      notice: (text) => this.#deps.output.say(text),
      wake,
    });
    return this.#admin;
  }

  #entries(): readonly StrategyPlan[] {
    return this.#admin?.entries() ?? this.#prepared.run.entries;
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
    await this.#admin?.open();
    await this.#service.listen(options.port ?? prepared.run.config.server.port);
    dataDir.update({ url: this.#service.url, token: this.#admin?.token ?? '' });
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
    await this.#lanes.start();
    // What strategies want before a stream is up would be refused. A venue that does not come is not waited for.
    await waitFor(() => this.#isStopWanted || this.#service.gateways.every((gateway) => gateway.isUp), FIRST_UP_WITHIN_MS);
    this.#admin?.restoreTrading();
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
    this.#lanes.pump();
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
        if (!this.#prepared.isStepped) this.#lanes.watch(nowUs, watchdogUs);
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
    await waitFor(
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

  #shutDown(): Promise<Summary> {
    const prepared = this.#prepared;
    const { wallTimers, http, output } = this.#deps;
    return new Shutdown({
      prepared,
      clock: this.#clock,
      hotBell: this.#hotBell,
      hotCounters: this.#hotCounters,
      marketTimers: this.#marketTimers,
      wallTimers,
      http,
      output,
      service: this.#service,
      lanes: this.#lanes,
      housekeeping: this.#housekeeping,
      replay: this.#replay,
      supervisor: this.#supervisor,
      hasFailed: () => this.#error !== null,
      fail: (text) => {
        this.#error ??= text;
        output.error('thor', text);
      },
      summaryOf: (stopped) => this.#summary(stopped),
    }).run();
  }

  #summary({ endUs, booksLive, middles, judged }: StoppedRun): Summary {
    const { tables, run, views, plan } = this.#prepared;
    const { reporting } = run.config;
    const entries = this.#entries();
    const closing = closingOf(views, plan, tables, (name) => entries.find((entry) => entry.name === name)?.params);
    const unclosed = unclosedOf(views, plan, tables);
    const counts = this.#service.view.summaryCounts();
    const stopped = this.#service.view.strategies().flatMap(({ strategy, errors }) => (errors > 0 ? [strategy] : []));
    const pnl = this.#service.money.pnl(judged?.residuals ?? null);
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
      ...(unclosed === null ? {} : { unclosed }),
      differences: judged?.verdict.differences ?? null,
      ...(this.#lanes.restarts.length === 0 ? {} : { restarts: this.#lanes.restarts }),
      ...(stopped.length === 0 ? {} : { stopped }),
      ...(this.#error === null ? {} : { error: this.#error }),
    };
  }
}
