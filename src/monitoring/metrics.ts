/**
 * `/metrics`: a prom-client registry whose metrics read shared memory, the journal's counts and the ledger when they are scraped. Names are `thor_*`, units are
 * base units, label values come from the run's tables and closed lists, so their number is bounded. Service lane.
 */
import { Registry } from 'prom-client';
import { bucketUpperUs, HISTOGRAM_BUCKETS, summarise } from '../core/memory/histogram.js';
import { RECONCILE_COUNTERS } from '../core/memory/counters.js';
import { STAGES } from '../core/memory/layout.js';
import { BOOK_STATE_NAMES } from '../core/book/book-state.js';
import type { EngineView } from './state.js';

type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  readonly value: number;
  readonly labels: Labels;
  /** Histograms: the name with its `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string;
}

/** What prom-client's registry asks of a metric; values are made at scrape. */
interface SharedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: 'sum';
  get(): Promise<{ name: string; help: string; type: string; aggregator: 'sum'; values: Sample[] }>;
  reset(): void;
}

/** Upper bounds of the coarse buckets, microseconds: 1, 2, 5 a decade from 1 us to 10 s, of which the fine ones are folded without loss of order. */
const COARSE_US = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7];
const ORDER_OUTCOMES = ['sent', 'accepted', 'amended', 'rejected', 'denied', 'cancelled', 'expired', 'filled'] as const;
const PARTS = ['grid', 'arb', 'other', 'trend', 'fees', 'funding', 'conversion', 'rounding'] as const;
const US_PER_SECOND = 1e6;

export class Metrics {
  readonly #registry = new Registry();
  readonly #view: EngineView;

  constructor(view: EngineView) {
    this.#view = view;
    this.#books();
    this.#feeds();
    this.#orders();
    this.#strategies();
    this.#money();
    this.#journal();
    this.#stores();
    this.#reconcile();
    this.#latency();
    this.#process();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Names as scraped queries may use them, histograms with their suffixes. */
  names(): string[] {
    return this.#registry
      .getMetricsAsArray()
      .flatMap(({ name, type }) => (String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]));
  }

  #add(type: 'counter' | 'gauge' | 'histogram', name: string, help: string, values: () => Sample[]): void {
    const metric: SharedMetric = {
      name,
      help,
      type,
      aggregator: 'sum',
      get: () => Promise.resolve({ name, help, type, aggregator: 'sum', values: values() }),
      reset: () => undefined, // the words belong to their writers
    };
    // The declared type names prom-client's own classes; the registry only ever calls `get` and reads the fields above.
    this.#registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
  }

  #counter(name: string, help: string, values: () => Sample[]): void {
    this.#add('counter', name, help, values);
  }

  #gauge(name: string, help: string, values: () => Sample[]): void {
    this.#add('gauge', name, help, values);
  }

  #books(): void {
    const { books } = this.#view;
    const rows = (value: (row: ReturnType<typeof books.rows>[number]) => number | null) => (): Sample[] =>
      books.rows().flatMap((row) => {
        const found = value(row);
        return found === null ? [] : [{ value: found, labels: { venue: row.venue, instrument: row.instrument } }];
      });
    this.#gauge('thor_books_live', 'Books in sequence and usable.', () => [one(books.liveCount())]);
    this.#gauge('thor_books_configured', 'Books that this run wants.', () => [one(this.#view.deps.tables.instruments.length)]);
    this.#gauge('thor_book_state', '1 for the state that the book is in.', () =>
      books.rows().flatMap((row) =>
        BOOK_STATE_NAMES.map((state) => ({
          value: row.state === state ? 1 : 0,
          labels: { venue: row.venue, instrument: row.instrument, state },
        })),
      ),
    );
    this.#gauge(
      'thor_book_age_seconds',
      'Time since the last message of the book.',
      rows(({ ageUs }) => seconds(ageUs)),
    );
    this.#gauge(
      'thor_book_lag_seconds',
      'Venue time to our receipt; carries the clock offset of the venue.',
      rows(({ lagUs }) => seconds(lagUs)),
    );
    this.#gauge(
      'thor_book_spread_ticks',
      'Best ask minus best bid in ticks of the book.',
      rows(({ spreadTicks }) => spreadTicks),
    );
    this.#gauge(
      'thor_book_mid_price',
      'Middle of best bid and ask, in the quote asset.',
      rows(({ mid }) => mid),
    );
    this.#counter('thor_book_torn_reads_total', 'Reads of books by monitoring that a writer disturbed too often.', () => [
      one(books.torn()),
    ]);
  }

  #feeds(): void {
    const { shared, deps } = this.#view;
    const venues = (value: (index: number) => number) => (): Sample[] =>
      deps.tables.venues.map((venue, index) => ({ value: value(index), labels: { venue } }));
    const count = (name: Parameters<(typeof shared.venues)[number]['get']>[0]) => venues((index) => shared.venues[index]?.get(name) ?? 0);
    this.#counter('thor_feed_messages_total', 'Messages received from a venue.', count('messages'));
    this.#counter('thor_feed_received_bytes_total', 'Bytes received from a venue.', count('bytes'));
    this.#counter('thor_feed_frames_total', 'Frames by the path that read them.', () =>
      deps.tables.venues.flatMap((venue, index) =>
        (
          [
            ['kernel', 'framesKernel'],
            ['mapper', 'framesMapper'],
            ['bad', 'framesBad'],
            ['ignored', 'framesIgnored'],
          ] as const
        ).map(([path, name]) => ({ value: shared.venues[index]?.get(name) ?? 0, labels: { venue, path } })),
      ),
    );
    this.#counter('thor_feed_book_updates_total', 'Messages applied to books.', count('bookUpdates'));
    this.#counter('thor_feed_trades_total', 'Public trades read.', count('trades'));
    this.#counter('thor_feed_gaps_total', 'Broken sequences found.', count('gaps'));
    this.#counter('thor_feed_resyncs_total', 'Books rebuilt after a gap.', count('resyncs'));
    this.#counter('thor_feed_reconnects_total', 'Connections made again.', count('reconnects'));
    this.#counter('thor_feed_stale_total', 'Times a symbol was quiet for longer than its venue allows.', count('stales'));
    this.#counter('thor_feed_snapshots_total', 'Snapshots taken.', count('snapshots'));
    this.#gauge('thor_feed_connections', 'Open connections to a venue.', count('connected'));
    this.#gauge('thor_transport_info', 'Which implementation carries what; always 1.', () => {
      const { http, feeds } = deps.transport();
      return [
        { value: 1, labels: { role: 'http', impl: http } },
        { value: 1, labels: { role: 'feeds', impl: feeds } },
      ];
    });
  }

  #orders(): void {
    const { shared, journal, deps } = this.#view;
    this.#counter('thor_orders_total', 'Orders of this run by outcome, as journaled.', () =>
      deps.tables.strategies.flatMap(({ name, index }) =>
        ORDER_OUTCOMES.map((outcome) => ({ value: journal.outcomes(index, outcome), labels: { strategy: name, outcome } })),
      ),
    );
    this.#gauge('thor_orders_open', 'Live orders, adopted ones included.', () =>
      deps.tables.strategies.map(({ name, index }) => ({ value: journal.openBy(index), labels: { strategy: name } })),
    );
    this.#gauge('thor_orders_unknown', 'Orders whose outcome is being asked for.', () => [one(journal.orderCounts().unknown)]);
    this.#counter('thor_fills_total', 'Fills of this run by venue, as journaled.', () =>
      Object.entries(journal.fillCounts().byVenue).map(([venue, value]) => ({ value, labels: { venue } })),
    );
    this.#counter('thor_strategy_fills_total', 'Fills of this run by strategy, as journaled.', () =>
      Object.entries(journal.fillCounts().byStrategy).map(([strategy, value]) => ({ value, labels: { strategy } })),
    );
    this.#counter('thor_risk_blocks_total', 'Orders blocked before the send, by reason.', () =>
      this.#byReason((index) => shared.riskBlocks(index)),
    );
    const gateways = (name: 'requests' | 'outcomes' | 'errors' | 'waitedForJournal' | 'outcomesFull' | 'up') => (): Sample[] =>
      deps.tables.venues.map((venue, index) => ({ value: shared.gateways[index]?.get(name) ?? 0, labels: { venue } }));
    this.#gauge('thor_gateway_up', '1 while the gateway takes requests.', gateways('up'));
    this.#counter('thor_gateway_requests_total', 'Requests handed to the gateway.', gateways('requests'));
    this.#counter('thor_gateway_outcomes_total', 'Outcomes that the gateway gave back.', gateways('outcomes'));
    this.#counter('thor_gateway_errors_total', 'Failures of the gateway.', gateways('errors'));
    this.#counter('thor_gateway_journal_waits_total', 'Requests that waited for their journal entry.', gateways('waitedForJournal'));
    this.#counter(
      'thor_gateway_backpressure_total',
      'Times the gateway stopped reading because its outcomes had no room.',
      gateways('outcomesFull'),
    );
    this.#gauge('thor_trading_state', '0 active, 1 only what makes positions smaller, 2 nothing new.', () => [
      one(shared.control('trading')),
    ]);
    this.#gauge('thor_halt_level', '0 trading, 1 no new orders, 2 nothing goes out.', () => [one(shared.control('halt'))]);
  }

  #strategies(): void {
    const { shared, deps } = this.#view;
    const count = (name: Parameters<(typeof shared.strategies)[number]['get']>[0]) => (): Sample[] =>
      deps.tables.strategies.map((strategy, index) => ({
        value: shared.strategies[index]?.get(name) ?? 0,
        labels: { strategy: strategy.name },
      }));
    this.#counter('thor_strategy_intents_total', 'Intents written.', count('intents'));
    this.#counter('thor_strategy_no_room_total', 'Intents that found their ring full.', count('noRoom'));
    this.#counter('thor_strategy_taken_total', 'Opportunities taken.', count('taken'));
    this.#counter('thor_strategy_refusals_total', 'Opportunities seen and refused, by reason.', () =>
      this.#byReason((index) => shared.refusals(index)),
    );
    this.#counter('thor_strategy_errors_total', 'Strategies stopped because they threw.', count('errors'));
    this.#counter('thor_strategy_lost_trades_total', 'Trades of the tape that a strategy was too slow to see.', count('tapeLost'));
    this.#counter('thor_strategy_torn_reads_total', 'Views that a writer disturbed too often.', count('torn'));
  }

  /** Profit as of the last sample, a second old at most: a scrape must not make the ledger count anew for each part. */
  #money(): void {
    const rows = (value: (row: ReturnType<EngineView['pnl']>[number]) => string | null) => (): Sample[] =>
      this.#view.pnl().flatMap((row) => {
        const text = value(row);
        return text === null ? [] : [{ value: Number(text), labels: { asset: row.asset } }];
      });
    for (const part of PARTS) {
      this.#gauge(
        `thor_pnl_${part}`,
        `Part '${part}' of the profit of this run, in the asset.`,
        rows((row) => row[part]),
      );
    }
    this.#gauge(
      'thor_pnl_equity_change',
      'Change of equity in this run, from balances and positions, in the asset.',
      rows((row) => row.equityChange),
    );
    this.#gauge(
      'thor_pnl_unexplained',
      'Equity change minus the sum of the parts: must be 0.',
      rows((row) => row.unexplained),
    );
    this.#gauge(
      'thor_pnl_residual',
      "The venue's equity minus ours at the venue's mark: must be 0.",
      rows((row) => row.residual),
    );
    this.#gauge('thor_balance', 'Balance of an asset at a venue, in the asset.', () =>
      this.#view.shared.balances().map(({ venue, asset, total }) => ({ value: total, labels: { venue, asset } })),
    );
    this.#gauge('thor_position', "Signed position of a strategy in the instrument's quantity unit.", () =>
      this.#view.shared.positions().map(({ strategy, instrument, net }) => ({ value: Number(net), labels: { strategy, instrument } })),
    );
  }

  #journal(): void {
    const { writer } = this.#view.shared;
    this.#counter('thor_journal_records_total', 'Records written to the journal.', () => [one(writer.get('records'))]);
    this.#counter('thor_journal_written_bytes_total', 'Bytes written to the journal.', () => [one(writer.get('bytes'))]);
    this.#counter('thor_journal_flushes_total', 'Writes to the operating system.', () => [one(writer.get('flushes'))]);
    this.#counter('thor_journal_syncs_total', 'Syncs to disk.', () => [one(writer.get('syncs'))]);
    this.#counter('thor_journal_errors_total', 'Failed writes and syncs.', () => [one(writer.get('errors'))]);
    this.#gauge('thor_journal_segments', 'Segments of the journal.', () => [one(writer.get('segments'))]);
    this.#gauge('thor_journal_lag_records', 'Records handed over and not yet written.', () => [one(this.#view.shared.journalWaiting())]);
    this.#gauge('thor_journal_writable', '1 while new orders may be journaled.', () => [one(this.#view.journalRow().isWritable ? 1 : 0)]);
  }

  #stores(): void {
    const stores = (value: (row: ReturnType<EngineView['stores']>[number]) => number) => (): Sample[] =>
      this.#view.stores().map((row) => ({ value: value(row), labels: { store: row.name } }));
    this.#gauge(
      'thor_store_lag_records',
      'Journal that a store has not taken yet, in records.',
      stores(({ lagRecords }) => lagRecords),
    );
    this.#gauge(
      'thor_store_lag_bytes',
      'Journal that a store has not taken yet, in bytes.',
      stores(({ lagBytes }) => lagBytes),
    );
    this.#gauge(
      'thor_store_behind_seconds',
      'Time since a store last had the whole journal; 0 while it has.',
      stores(({ behindUs }) => behindUs / US_PER_SECOND),
    );
    this.#gauge(
      'thor_store_failing',
      '1 while the last batch of a store failed.',
      stores(({ state }) => (state === 'failing' ? 1 : 0)),
    );
    this.#counter(
      'thor_store_records_total',
      'Records that a store took in this run.',
      stores(({ records }) => records),
    );
    this.#counter(
      'thor_store_failures_total',
      'Batches that a store did not take.',
      stores(({ failures }) => failures),
    );
  }

  #reconcile(): void {
    const { shared, deps } = this.#view;
    this.#counter('thor_reconcile_total', 'What comparing with the venues asked, found and repaired.', () =>
      deps.tables.venues.flatMap((venue, index) =>
        RECONCILE_COUNTERS.filter((what) => what !== 'foreign').map((what) => ({
          value: shared.reconcile[index]?.get(what) ?? 0,
          labels: { venue, what },
        })),
      ),
    );
    this.#gauge('thor_reconcile_foreign_orders', 'Open orders of others in the last list of the account.', () =>
      deps.tables.venues.map((venue, index) => ({ value: shared.reconcile[index]?.get('foreign') ?? 0, labels: { venue } })),
    );
  }

  #latency(): void {
    const { shared } = this.#view;
    const name = 'thor_stage_latency_seconds';
    this.#add('histogram', name, 'Latency by stage, over all lanes.', () =>
      STAGES.flatMap((stage) => {
        const merged = shared.latency(stage);
        const counts = coarse(merged);
        return [
          ...COARSE_US.map((us, i) => ({ metricName: `${name}_bucket`, labels: { le: us / US_PER_SECOND, stage }, value: counts[i] ?? 0 })),
          { metricName: `${name}_bucket`, labels: { le: '+Inf', stage }, value: merged[0] ?? 0 },
          { metricName: `${name}_sum`, labels: { stage }, value: (merged[1] ?? 0) / US_PER_SECOND },
          { metricName: `${name}_count`, labels: { stage }, value: merged[0] ?? 0 },
        ];
      }),
    );
    this.#gauge('thor_stage_latency_max_seconds', 'Worst latency of the run by stage.', () =>
      STAGES.map((stage) => ({ value: summarise(shared.latency(stage)).max / US_PER_SECOND, labels: { stage } })),
    );
  }

  #process(): void {
    const { deps, shared } = this.#view;
    this.#gauge('thor_build_info', 'Version and mode; always 1.', () => [
      { value: 1, labels: { version: deps.version, mode: deps.tables.mode, simulated: String(deps.tables.simulated) } },
    ]);
    this.#gauge('thor_uptime_seconds', 'Market time since the start.', () => [
      one(Math.max(0, deps.clock.wallUs() - deps.startedUs) / US_PER_SECOND),
    ]);
    this.#gauge('thor_resident_memory_bytes', 'Resident memory of the process.', () => [one(process.memoryUsage.rss())]);
    this.#counter('thor_cpu_seconds_total', 'Processor time of the process, user and system.', () => {
      const { user, system } = process.cpuUsage();
      return [one((user + system) / US_PER_SECOND)];
    });
    const lanes = (name: 'turns' | 'idleTurns' | 'work' | 'sleeps' | 'restarts') => (): Sample[] =>
      shared.lanes.map((lane, index) => ({ value: lane.get(name), labels: { lane: deps.laneNames[index] ?? String(index) } }));
    this.#counter('thor_lane_turns_total', 'Turns of a lane.', lanes('turns'));
    this.#counter('thor_lane_idle_turns_total', 'Turns that found nothing to do.', lanes('idleTurns'));
    this.#counter('thor_lane_work_total', 'Records that the roles of a lane took.', lanes('work'));
    this.#counter('thor_lane_sleeps_total', 'Times a lane went to sleep.', lanes('sleeps'));
    this.#counter('thor_lane_restarts_total', 'Times another thread took the place of a lane that died or hung.', lanes('restarts'));
    this.#gauge('thor_lane_heartbeat_age_seconds', 'Time since a lane last turned.', () =>
      this.#view.lanes().flatMap((lane) => {
        const value = seconds(lane.heartbeatAgeUs);
        return value === null ? [] : [{ value, labels: { lane: lane.name } }];
      }),
    );
  }

  #byReason(read: (index: number) => Record<string, number>): Sample[] {
    return this.#view.deps.tables.strategies.flatMap(({ name, index }) =>
      Object.entries(read(index)).map(([reason, value]) => ({ value, labels: { strategy: name, reason } })),
    );
  }
}

function one(value: number): Sample {
  return { value, labels: {} };
}

function seconds(us: number | null): number | null {
  return us === null ? null : us / US_PER_SECOND;
}

/** Cumulative counts at the coarse bounds. A fine bucket counts where its upper bound fits: a coarse bound may be short by less than one fine bucket (12 %). */
function coarse(merged: Float64Array): number[] {
  const counts: number[] = [];
  let sum = 0;
  let fine = 0;
  for (const bound of COARSE_US) {
    for (; fine < HISTOGRAM_BUCKETS && bucketUpperUs(fine) <= bound; fine++) sum += merged[3 + fine] ?? 0;
    counts.push(sum);
  }
  return counts;
}
