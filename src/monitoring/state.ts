/**
 * EngineView: everything that page, API, terminal, metrics and summary show, in one place, so that they agree. Reads shared memory from the side and is fed
 * journaled records by the writer's sink. Lives on the service lane; the host calls `sample` about once a second.
 */
import { HALT_ALL, HALT_NEW_ORDERS, RUN_STARTING, RUN_TRADING, STAGES } from '../core/memory/layout.js';
import { summarise } from '../core/memory/histogram.js';
import { reasonName } from '../core/orders/reasons.js';
import type { Instrument } from '../core/orders/instrument.js';
import { TRADING_LEVELS } from './admin.js';
import { BookRows } from './book-rows.js';
import type { MonitoringDeps } from './deps.js';
import { SeriesSet } from './history.js';
import { JournalView } from './journal-view.js';
import type {
  Envelope,
  HistoryPayload,
  JournalRow,
  LaneRow,
  PnlRow,
  RefusalsPayload,
  ResumedPayload,
  SnapshotMessage,
  StatusMessage,
  StatusPayload,
  StoreRow,
  StrategyRow,
  SummaryCounts,
  VenueRow,
} from './payload.js';
import type { BookRow, DepthPayload, StrategyPnlRow } from './payload-rows.js';
import { resumedOf } from './resumed.js';
import { SharedRows } from './shared-rows.js';

/** Levels of a side that the page's books show. */
export const PAGE_DEPTH = 10;
/** Rows of orders and fills in a snapshot; the lists themselves hold more. */
const SNAPSHOT_ROWS = 300;
const SECOND_US = 1_000_000;
/** More than this many records waiting for the writer is not a healthy journal: half of the smallest ring. */
const JOURNAL_LAG_LIMIT = 512;

interface Rates {
  readonly atUs: number;
  readonly messages: readonly number[];
  readonly bytes: readonly number[];
  readonly turns: readonly number[];
  readonly idle: readonly number[];
}

export class EngineView {
  /** As a sink of the journal writer. */
  readonly name = 'monitoring';
  readonly deps: MonitoringDeps;
  readonly books: BookRows;
  readonly journal: JournalView;
  readonly shared: SharedRows;
  readonly #mids = new SeriesSet(SECOND_US);
  readonly #equity = new SeriesSet(SECOND_US);
  readonly #realised = new SeriesSet(SECOND_US);
  readonly #resumed: ResumedPayload;
  #before: Rates;
  #now: Rates;
  #pnl: readonly PnlRow[] = [];
  #strategyPnl: readonly StrategyPnlRow[] = [];

  constructor(deps: MonitoringDeps) {
    this.deps = deps;
    this.books = new BookRows(deps);
    this.shared = new SharedRows(deps);
    this.journal = new JournalView(
      deps.tables,
      deps.levelStates.bind(deps),
      deps.recovered,
      (strategy) => this.shared.orders[strategy]?.get('denied') ?? 0,
    );
    this.#resumed = resumedOf(deps);
    this.#now = this.#readRates();
    this.#before = this.#now;
  }

  /** The journal writer's sink (JournalSink): one written record of 128 bytes at byte `byteOffset`. */
  onRecord(u8: Uint8Array, f64: Float64Array, byteOffset: number): void {
    this.journal.onRecord(u8, f64, byteOffset);
  }

  /** Events wait for the next tick of the live push: a burst of batches is one message. */
  onBatchEnd(): void {}

  /** About once a second: rates, chart points, profit. */
  sample(): void {
    this.#before = this.#now;
    this.#now = this.#readRates();
    this.#pnl = this.deps.pnl();
    this.#strategyPnl = this.deps.strategyPnl?.() ?? [];
    const tsUs = this.deps.clock.wallUs();
    for (const { instrument, mid } of this.books.rows()) this.#mids.add(instrument, tsUs, mid);
    for (const row of this.#pnl) {
      this.#equity.add(row.asset, tsUs, Number(row.equityChange));
      this.#realised.add(row.asset, tsUs, Number(row.grid) + Number(row.arb) + Number(row.other) + Number(row.fees));
    }
  }

  envelope(): Envelope {
    const { mode, simulated } = this.deps.tables;
    return { mode, simulated, label: simulated ? 'SIMULATED' : null, nowUs: this.deps.clock.wallUs() };
  }

  /** As of the last sample. */
  pnl(): readonly PnlRow[] {
    return this.#pnl;
  }

  strategyPnl(): readonly StrategyPnlRow[] {
    return this.#strategyPnl;
  }

  summaryCounts(): SummaryCounts {
    const sum = (name: 'gaps' | 'resyncs' | 'framesKernel' | 'framesMapper' | 'framesBad'): number =>
      this.shared.venues.reduce((total, block) => total + block.get(name), 0);
    const risk: Record<string, number> = {};
    const arb: Record<string, number> = {};
    for (const strategy of this.deps.tables.strategies) {
      addAll(risk, this.shared.riskBlocks(strategy.index));
      addAll(arb, this.shared.refusals(strategy.index));
    }
    return {
      orders: this.journal.orderCounts(),
      fills: this.journal.fillCounts(),
      refused: { risk, arb },
      books: { live: this.books.liveCount(), gaps: sum('gaps'), resyncs: sum('resyncs') },
      frames: { kernel: sum('framesKernel'), mapper: sum('framesMapper'), bad: sum('framesBad') },
      latencyUs: {
        frameToBook: summarise(this.shared.latency('frameToBook')),
        tickToOrder: summarise(this.shared.latency('tickToOrder')),
        orderToBytes: summarise(this.shared.latency('orderToBytes')),
        orderToAck: summarise(this.shared.latency('orderToAck')),
        orderToDurable: summarise(this.shared.latency('orderToDurable')),
      },
    };
  }

  status(): StatusPayload {
    const { deps } = this;
    const envelope = this.envelope();
    const run = this.shared.control('run');
    const halt = this.shared.control('halt');
    const books = this.books.rows();
    return {
      ...envelope,
      version: deps.version,
      pid: deps.pid,
      run: deps.tables.run,
      tag: deps.tables.tag,
      dataDir: deps.dataDir,
      state: run === RUN_STARTING ? 'starting' : run === RUN_TRADING ? 'trading' : 'stopping',
      trading: TRADING_LEVELS[this.shared.control('trading')] ?? 'halted',
      halt: halt >= HALT_ALL ? 'all stopped' : halt === HALT_NEW_ORDERS ? 'new orders stopped' : 'none',
      startedUs: deps.startedUs,
      uptimeSeconds: Math.max(0, Math.round((envelope.nowUs - deps.startedUs) / 100_000) / 10),
      speed: deps.speed,
      http: deps.transport().http,
      venues: this.venues(books),
      strategies: this.strategies(),
      resumed: this.#resumed,
      journal: this.journalRow(),
      stores: this.stores(),
      lanes: this.lanes(),
      counts: this.summaryCounts(),
    };
  }

  venues(books: readonly BookRow[]): VenueRow[] {
    const seconds = (this.#now.atUs - this.#before.atUs) / SECOND_US;
    const rate = (now: readonly number[], before: readonly number[], i: number): number =>
      seconds > 0 ? Math.round(((now[i] ?? 0) - (before[i] ?? 0)) / seconds) : 0;
    return this.deps.tables.venues.map((venue, i) => {
      const own = books.filter((book) => book.venue === venue);
      const booksLive = own.filter(({ state }) => state === 'live').length;
      const counters = this.shared.venues[i];
      const gateway = this.shared.gateways[i];
      const get = (name: Parameters<NonNullable<typeof counters>['get']>[0]): number => counters?.get(name) ?? 0;
      const lags = own.flatMap(({ lagUs, state }) => (lagUs === null || state !== 'live' ? [] : [lagUs])).sort((a, b) => a - b);
      return {
        venue,
        state: booksLive === 0 ? 'down' : booksLive < own.length ? 'degraded' : 'up',
        connections: get('connected'),
        books: own.length,
        booksLive,
        messages: get('messages'),
        messagesPerSecond: rate(this.#now.messages, this.#before.messages, i),
        bytesPerSecond: rate(this.#now.bytes, this.#before.bytes, i),
        lagUs: lags[lags.length >> 1] ?? null,
        framesKernel: get('framesKernel'),
        framesMapper: get('framesMapper'),
        framesBad: get('framesBad'),
        trades: get('trades'),
        gaps: get('gaps'),
        resyncs: get('resyncs'),
        reconnects: get('reconnects'),
        stales: get('stales'),
        gateway: {
          isUp: (gateway?.get('up') ?? 0) > 0,
          requests: gateway?.get('requests') ?? 0,
          outcomes: gateway?.get('outcomes') ?? 0,
          errors: gateway?.get('errors') ?? 0,
          inFlight: gateway?.get('inFlight') ?? 0,
          calls: gateway?.get('calls') ?? 0,
          rateLimited: gateway?.get('rateLimited') ?? 0,
          unanswered: gateway?.get('unanswered') ?? 0,
          budget: this.shared.budget(i, this.deps.clock.nowUs()),
        },
        reconciled: this.shared.reconciled(i),
      };
    });
  }

  strategies(): StrategyRow[] {
    const fills = this.journal.fillCounts().byStrategy;
    return this.deps.tables.strategies.map(({ index, name, kind, pnlKind, instruments }) => ({
      strategy: name,
      kind,
      pnlKind,
      instruments: instruments.map((i) => this.deps.tables.instruments[i]?.id ?? ''),
      open: this.journal.openBy(index),
      sent: this.journal.outcomes(index, 'sent'),
      fills: fills[name] ?? 0,
      taken: this.shared.strategies[index]?.get('taken') ?? 0,
      refused: this.shared.strategies[index]?.get('refused') ?? 0,
      denied: this.journal.outcomes(index, 'denied'),
      errors: this.shared.strategies[index]?.get('errors') ?? 0,
    }));
  }

  journalRow(): JournalRow {
    const { writer } = this.shared;
    const blocked = this.shared.control('blocked');
    const lagRecords = this.shared.journalWaiting();
    return {
      records: writer.get('records'),
      bytes: writer.get('bytes'),
      flushes: writer.get('flushes'),
      syncs: writer.get('syncs'),
      segments: writer.get('segments'),
      lagRecords,
      storeLag: writer.get('storeLag'),
      errors: writer.get('errors'),
      isWritable: blocked === 0 && lagRecords < Math.max(JOURNAL_LAG_LIMIT, this.deps.plan.counts.journalRecords / 2),
      blockedReason: blocked === 0 ? null : reasonName(blocked),
    };
  }

  stores(): StoreRow[] {
    const rows = this.deps.stores?.() ?? [];
    return rows.map(({ name, state, lagBytes, lagRecords, behindUs, records, failures, error }) => ({
      name,
      state,
      lagBytes,
      lagRecords,
      behindUs,
      records,
      failures,
      error,
    }));
  }

  lanes(): LaneRow[] {
    const nowUs = this.deps.clock.nowUs();
    const seconds = (this.#now.atUs - this.#before.atUs) / SECOND_US;
    return this.shared.lanes.map((lane, i) => {
      const turns = (this.#now.turns[i] ?? 0) - (this.#before.turns[i] ?? 0);
      const idle = (this.#now.idle[i] ?? 0) - (this.#before.idle[i] ?? 0);
      const heartbeatUs = lane.get('heartbeatUs');
      return {
        lane: i,
        name: this.deps.laneNames[i] ?? `lane ${i}`,
        turnsPerSecond: seconds > 0 ? Math.round(turns / seconds) : 0,
        busyShare: turns > 0 ? Math.min(1, Math.max(0, (turns - idle) / turns)) : 0,
        heartbeatAgeUs: heartbeatUs > 0 ? Math.max(0, Math.round(nowUs - heartbeatUs)) : null,
        restarts: lane.get('restarts'),
      };
    });
  }

  refusals(): RefusalsPayload {
    const by = (read: (index: number) => Record<string, number>): Record<string, Record<string, number>> =>
      Object.fromEntries(this.deps.tables.strategies.map(({ name, index }) => [name, read(index)]));
    return {
      risk: by((index) => this.shared.riskBlocks(index)),
      opportunities: by((index) => this.shared.refusals(index)),
      taken: Object.fromEntries(
        this.deps.tables.strategies.map(({ name, index }) => [name, this.shared.strategies[index]?.get('taken') ?? 0]),
      ),
    };
  }

  instrument(id: string): Instrument | null {
    return this.deps.tables.instruments.find((instrument) => instrument.id === id) ?? null;
  }

  depths(count: number): DepthPayload[] {
    return this.deps.tables.instruments.map((instrument) => this.books.depth(instrument, count));
  }

  history(): HistoryPayload {
    return { mids: this.#mids.payload(), equity: this.#equity.payload(), realised: this.#realised.payload() };
  }

  snapshotMessage(): SnapshotMessage {
    return {
      type: 'snapshot',
      seq: this.journal.seq,
      status: this.status(),
      books: this.books.rows(),
      depth: this.depths(PAGE_DEPTH),
      orders: this.journal.orders(SNAPSHOT_ROWS),
      fills: this.journal.fills(SNAPSHOT_ROWS),
      levels: this.journal.levels(),
      positions: this.shared.positions(),
      balances: this.shared.balances(),
      pnl: this.#pnl,
      strategyPnl: this.#strategyPnl,
      audit: this.journal.audit(),
      refusals: this.refusals(),
      history: this.history(),
    };
  }

  statusMessage(): StatusMessage {
    return {
      type: 'status',
      simulated: this.deps.tables.simulated,
      status: this.status(),
      pnl: this.#pnl,
      strategyPnl: this.#strategyPnl,
      positions: this.shared.positions(),
      balances: this.shared.balances(),
      refusals: this.refusals(),
    };
  }

  #readRates(): Rates {
    return {
      atUs: this.deps.clock.nowUs(),
      messages: this.shared.venues.map((block) => block.get('messages')),
      bytes: this.shared.venues.map((block) => block.get('bytes')),
      turns: this.shared.lanes.map((block) => block.get('turns')),
      idle: this.shared.lanes.map((block) => block.get('idleTurns')),
    };
  }
}

/** Stages in the order a message passes them, for tables. */
export const STAGE_ORDER = STAGES;

function addAll(into: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(from)) into[key] = (into[key] ?? 0) + count;
}
