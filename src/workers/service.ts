/**
 * The service lane: journal writer, stores, gateways, money, monitoring. Main thread, an event loop that mostly sleeps. Nothing is shown that is not journaled:
 * page, ledger and store are fed by the writer.
 */
import { fileURLToPath } from 'node:url';
import { CounterBlock, WRITER_COUNTERS, type LaneCounter } from '../core/memory/counters.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import { Histogram } from '../core/memory/histogram.js';
import { histogramBase, type MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Timers } from '../core/ports/clock.js';
import type { CreateHttpServer, HttpServer } from '../core/ports/http.js';
import type { Role } from '../core/ports/role.js';
import type { AdminPort } from '../monitoring/admin.js';
import { Api } from '../monitoring/api.js';
import type { MonitoringDeps } from '../monitoring/deps.js';
import { LivePush } from '../monitoring/live.js';
import type { JudgementRow } from '../monitoring/payload.js';
import { Metrics } from '../monitoring/metrics.js';
import { loadPanel } from '../monitoring/panel/files.js';
import { EngineView } from '../monitoring/state.js';
import type { Journal } from '../storage/journal.js';
import type { Recovery } from '../storage/recover.js';
import { ColdKind } from '../storage/segment.js';
import type { StoreReader } from '../storage/schema.js';
import { parseKeptParams } from '../storage/kept-params.js';
import { type JournalSink, Writer } from '../storage/writer.js';
import type { ThorConfig } from '../config/schema.js';
import { type OpenedStores, RunStores } from './run-stores.js';
import { makeGateways, type Gateways, type TradingGateway } from './gateways.js';
import { TURN_RECORDS } from './lane-loop.js';
import type { LaneLayout } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { Money } from './money.js';
import type { Durability } from './trade-options.js';
import type { VenueAccount } from './venue-accounts.js';
import type { VenueAddress } from './venues-process.js';

const PANEL_FOLDER = fileURLToPath(new URL('../panel', import.meta.url));
const SAMPLE_EVERY_MS = 1_000;

export interface ServiceParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly recovered: Recovery;
  readonly journal: Journal;
  readonly opened: OpenedStores;
  readonly config: ThorConfig;
  readonly layout: LaneLayout;
  readonly clock: LaneClock;
  readonly speed: number;
  /** Timers of the wall. */
  readonly timers: Timers;
  readonly marketTimers: Timers;
  /** Null: fill models trade. */
  readonly accounts: readonly VenueAccount[] | null;
  readonly addresses: Readonly<Record<string, VenueAddress>>;
  readonly hotCounters: CounterBlock<LaneCounter>;
  readonly createHttpServer: CreateHttpServer;
  readonly durability: Durability;
  readonly dataDir: string;
  readonly version: string;
  readonly configHash: string;
  readonly seed: number;
  readonly hotBell: Doorbell;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the last run that was judged. */
  readonly judgement: JudgementRow | null;
  /** What a person may change, given what monitoring sees and the journal's writer. */
  admin(view: EngineView, writer: Writer): AdminPort;
  /** Names of the level states of a strategy kind. */
  levelStates(kind: string): readonly string[];
  notice(text: string): void;
  error(source: string, error: unknown): void;
  /** Wakes this lane. */
  wake(): void;
}

export class Service {
  readonly writer: Writer;
  readonly gateways: readonly TradingGateway[];
  readonly money: Money;
  readonly view: EngineView;
  readonly roles: readonly Role[];
  readonly store: StoreReader;
  readonly #parts: ServiceParts;
  readonly #live: LivePush;
  readonly stores: RunStores;
  readonly #server: HttpServer;
  readonly #gateways: Gateways;
  #port = 0;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    const { views, plan, tables, recovered, journal, config, clock, layout } = parts;
    const nowUs = (): number => clock.nowUs();
    const counters = new CounterBlock(views, plan.writerCounters, WRITER_COUNTERS);
    this.writer = new Writer({
      views,
      plan,
      journal,
      durability: parts.durability,
      syncEveryUs: config.storage.syncEveryMs * 1000 * parts.speed,
      nowUs,
      counters,
      orderToDurable: new Histogram(views, histogramBase(plan, 0, 'orderToDurable')),
      onWritten: () => this.#release(),
      onAdvance: () => parts.wake(),
      onNotice: (text) => parts.notice(text),
    });
    this.#gateways = makeGateways({
      views,
      plan,
      tables,
      recovered,
      config,
      clock,
      speed: parts.speed,
      accounts: parts.accounts,
      addresses: parts.addresses,
      durability: parts.durability,
      seed: parts.seed,
      wallTimers: parts.timers,
      marketTimers: parts.marketTimers,
      hotCounters: parts.hotCounters,
      wakeExecutor: () => parts.hotBell.ring(),
      wake: () => parts.wake(),
      notice: (text) => parts.notice(text),
      error: (source, error) => parts.error(source, error),
    });
    this.gateways = this.#gateways.all;
    this.money = new Money(views, plan, tables, recovered, this.#gateways.paperAccounts);
    const deps: MonitoringDeps = {
      views,
      plan,
      tables,
      clock,
      version: parts.version,
      pid: process.pid,
      dataDir: parts.dataDir,
      startedUs: clock.wallUs(),
      speed: parts.speed,
      laneNames: layout.names,
      watchdogMs: config.engine.watchdogMs,
      recovered,
      levelStates: (kind) => parts.levelStates(kind),
      pnl: () => this.money.pnlSoFar(),
      strategyPnl: () => this.money.strategyPnl(),
      judgement: () => parts.judgement,
      stores: () => this.stores.status(),
      config: () => config,
      transport: () => ({ http: this.#server.impl, feeds: 'own' }),
    };
    this.view = new EngineView(deps);
    this.#live = new LivePush(this.view, parts.timers);
    const metrics = new Metrics(this.view);
    const api = new Api({
      view: this.view,
      live: this.#live,
      panel: loadPanel(PANEL_FOLDER),
      metrics,
      admin: parts.admin(this.view, this.writer),
      allowedHosts: [config.server.host.toLowerCase()],
      onError: (error) => parts.error('api', error),
    });
    this.#server = parts.createHttpServer({ handlers: api });
    this.store = parts.opened.lmdb;
    this.stores = new RunStores({
      opened: parts.opened,
      dataDir: parts.dataDir,
      config,
      journal,
      tables,
      views,
      plan,
      counters,
      timers: parts.timers,
      wallUs: () => clock.wallUs(),
      notice: (text) => parts.notice(text),
    });
    this.writer.addSink(this.money);
    this.writer.addSink(sinkOf(this.view));
    this.roles = [this.writer, ...this.gateways, ...this.stores.roles];
    const startedUs = clock.wallUs();
    this.writer.startRun(
      { tables, startedUs, version: parts.version, configHash: parts.configHash, parameters: parts.parameters },
      clock.nowUs(),
    );
  }

  get url(): string {
    const { host } = this.#parts.config.server;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /** Opens the page's port; rejects with EngineError `PORT_IN_USE`. */
  async listen(port: number): Promise<void> {
    this.#port = await this.#server.listen(this.#parts.config.server.host, port);
    this.#live.start();
    this.#gateways.start();
    this.#parts.timers.every(SAMPLE_EVERY_MS, () => this.view.sample());
  }

  /** What waited for the write leaves at once: ledger and page, which are told next, take longer than the write itself. */
  #release(): void {
    const nowUs = this.#parts.clock.nowUs();
    for (const gateway of this.gateways) gateway.step(nowUs, TURN_RECORDS);
  }

  /** Private streams end: what happens at the venues from now on is found by the next start. */
  stopHearing(): void {
    this.#gateways.stop();
  }

  /** Gateways take no more, what is under way is answered. */
  beginStop(): void {
    for (const gateway of this.gateways) gateway.beginStop();
  }

  isDrained(): boolean {
    return this.gateways.every((gateway) => gateway.isDrained()) && this.writer.lag() === 0;
  }

  /** Writes the run's end, drains, closes page, stores and journal. */
  async close(summary: unknown): Promise<void> {
    const { clock, tables } = this.#parts;
    this.writer.appendCold(ColdKind.RUN_STOP, { run: tables.run, stoppedUs: clock.wallUs(), summary });
    this.writer.flushNow(clock.nowUs());
    this.#gateways.stop();
    this.#gateways.close();
    this.#live.stop();
    await this.#server.close();
    await this.stores.close();
    await this.writer.close(clock.nowUs());
  }
}

/** What is journaled, as the page's view takes it. */
function sinkOf(view: EngineView): JournalSink {
  return {
    name: view.name,
    onRecord: (u8, f64, byteOffset) => view.onRecord(u8, f64, byteOffset),
    onCold: (kind, value) => {
      const kept = kind === ColdKind.PARAMETERS ? parseKeptParams(value) : null;
      if (kept !== null) view.journal.onParams(kept);
    },
    onBatchEnd: () => view.onBatchEnd(),
  };
}
