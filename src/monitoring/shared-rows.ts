/** Counters, histograms, positions and balances of shared memory as rows. Called by EngineView and the metrics on the service lane; writes nothing. */
import {
  COUNTER_BLOCK_BYTES,
  CounterBlock,
  GATEWAY_COUNTERS,
  LANE_COUNTERS,
  ORDER_COUNTERS,
  RECONCILE_COUNTERS,
  REASON_BLOCK_BYTES,
  ReasonCounts,
  STRATEGY_COUNTERS,
  VENUE_COUNTERS,
  WRITER_COUNTERS,
  type GatewayCounter,
  type LaneCounter,
  type OrderCounter,
  type ReconcileCounter,
  type StrategyCounter,
  type VenueCounter,
  type WriterCounter,
} from '../core/memory/counters.js';
import { Histogram, mergeHistograms } from '../core/memory/histogram.js';
import {
  BALANCE_FREE,
  BALANCE_SEQUENCE,
  BALANCE_TOTAL,
  balanceBase,
  BUDGET_FREE_CANCELS,
  BUDGET_FREE_ORDERS,
  BUDGET_KNOWN,
  BUDGET_PAUSE_UNTIL_US,
  BUDGET_USED_PERMILLE,
  budgetBase,
  CONTROL_BLOCKED,
  CONTROL_HALT,
  CONTROL_RUN,
  CONTROL_TRADING_STATE,
  histogramBase,
  POSITION_ENTRY_TICKS,
  POSITION_FILLS,
  POSITION_NET_LOTS,
  POSITION_OPEN_BUY_LOTS,
  POSITION_OPEN_SELL_LOTS,
  POSITION_SEQUENCE,
  positionBase,
  STAGES,
  type Stage,
} from '../core/memory/layout.js';
import { RECORD_BYTES } from '../core/memory/record.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../core/memory/seqlock.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { REASON_COUNT, reasonName } from '../core/orders/reasons.js';
import { DecimalGrid } from './decimal-grid.js';
import type { MonitoringDeps } from './deps.js';
import type { GatewayRow } from './payload.js';
import type { BalanceRow, PositionRow } from './payload-rows.js';

const CONTROL_WORDS = { halt: CONTROL_HALT, blocked: CONTROL_BLOCKED, run: CONTROL_RUN, trading: CONTROL_TRADING_STATE } as const;

export class SharedRows {
  readonly #deps: MonitoringDeps;
  readonly venues: readonly CounterBlock<VenueCounter>[];
  readonly strategies: readonly CounterBlock<StrategyCounter>[];
  readonly orders: readonly CounterBlock<OrderCounter>[];
  readonly gateways: readonly CounterBlock<GatewayCounter>[];
  readonly reconcile: readonly CounterBlock<ReconcileCounter>[];
  readonly lanes: readonly CounterBlock<LaneCounter>[];
  readonly writer: CounterBlock<WriterCounter>;
  readonly #risk: readonly ReasonCounts[];
  readonly #refusals: readonly ReasonCounts[];
  readonly #histograms: ReadonlyMap<Stage, readonly Histogram[]>;
  readonly #journals: readonly SpscRing[];

  constructor(deps: MonitoringDeps) {
    const { views, plan, tables } = deps;
    const blocks = <Name extends string>(count: number, base: number, names: readonly Name[]): CounterBlock<Name>[] =>
      Array.from({ length: count }, (_, i) => new CounterBlock(views, base + COUNTER_BLOCK_BYTES * i, names));
    const reasons = (base: number): ReasonCounts[] =>
      tables.strategies.map((_, i) => new ReasonCounts(views, base + REASON_BLOCK_BYTES * i));
    this.#deps = deps;
    this.venues = blocks(plan.counts.venues, plan.venueCounters, VENUE_COUNTERS);
    this.strategies = blocks(plan.counts.strategies, plan.strategyCounters, STRATEGY_COUNTERS);
    this.orders = blocks(plan.counts.strategies, plan.orderCounters, ORDER_COUNTERS);
    this.gateways = blocks(plan.counts.gateways, plan.gatewayCounters, GATEWAY_COUNTERS);
    this.reconcile = blocks(plan.counts.gateways, plan.reconcileCounters, RECONCILE_COUNTERS);
    this.lanes = blocks(plan.counts.lanes, plan.laneCounters, LANE_COUNTERS);
    this.writer = new CounterBlock(views, plan.writerCounters, WRITER_COUNTERS);
    this.#risk = reasons(plan.riskReasons);
    this.#refusals = reasons(plan.refusalReasons);
    this.#histograms = new Map(
      STAGES.map((stage) => [
        stage,
        Array.from({ length: plan.counts.lanes }, (_, lane) => new Histogram(views, histogramBase(plan, lane, stage))),
      ]),
    );
    this.#journals = Array.from(
      { length: plan.counts.producers },
      (_, p) => new SpscRing(views, plan.journals + plan.journalStride * p, RECORD_BYTES, plan.counts.journalRecords),
    );
  }

  control(word: keyof typeof CONTROL_WORDS): number {
    const offset = CONTROL_WORDS[word];
    return Atomics.load(this.#deps.views.i32, (this.#deps.plan.control + offset) >> 2);
  }

  /** Count, sum, max, then buckets, over all lanes. */
  latency(stage: Stage): Float64Array {
    return mergeHistograms(this.#histograms.get(stage) ?? []);
  }

  riskBlocks(strategy: number): Record<string, number> {
    return nonZero(this.#risk[strategy]);
  }

  refusals(strategy: number): Record<string, number> {
    return nonZero(this.#refusals[strategy]);
  }

  /** Records that producers have handed over and the writer has not yet taken. */
  journalWaiting(): number {
    return this.#journals.reduce((sum, ring) => sum + ring.waiting(), 0);
  }

  /** What the venue's rate limits leave to a gateway; null where none keeps count. */
  budget(gateway: number, nowUs: number): GatewayRow['budget'] {
    const { views, plan } = this.#deps;
    const base = budgetBase(plan, gateway);
    const int = (offset: number): number => Atomics.load(views.i32, (base + offset) >> 2);
    if (int(BUDGET_KNOWN) === 0) return null;
    const pauseUntilUs = views.f64[(base + BUDGET_PAUSE_UNTIL_US) >> 3] ?? 0;
    return {
      usedShare: int(BUDGET_USED_PERMILLE) / 1000,
      freeOrders: int(BUDGET_FREE_ORDERS),
      freeCancels: int(BUDGET_FREE_CANCELS),
      pauseUs: Math.max(0, Math.round(pauseUntilUs - nowUs)),
    };
  }

  /** Counters of the comparisons with a venue that are not zero. */
  reconciled(gateway: number): Record<string, number> {
    const block = this.reconcile[gateway];
    return Object.fromEntries(RECONCILE_COUNTERS.map((name) => [name, block?.get(name) ?? 0] as const).filter(([, count]) => count > 0));
  }

  /** Positions that are or were open; the row of all strategies is left out. */
  positions(): PositionRow[] {
    const { views, plan, tables } = this.#deps;
    const rows: PositionRow[] = [];
    for (const strategy of tables.strategies) {
      for (const index of strategy.instruments) {
        const instrument = tables.instruments[index];
        if (instrument === undefined) continue;
        const base = positionBase(plan, strategy.index + 1, index);
        const words = readWords(views, base, POSITION_SEQUENCE, [
          POSITION_NET_LOTS,
          POSITION_ENTRY_TICKS,
          POSITION_OPEN_BUY_LOTS,
          POSITION_OPEN_SELL_LOTS,
          POSITION_FILLS,
        ]);
        if (words === null) continue;
        const [net = 0, entry = Number.NaN, openBuy = 0, openSell = 0, fills = 0] = words;
        const lot = DecimalGrid.ofStep(instrument.lotSize);
        rows.push({
          strategy: strategy.name,
          instrument: instrument.id,
          net: lot.text(net),
          entry: net === 0 ? null : DecimalGrid.ofStep(instrument.tickSize).textOrNull(entry),
          openBuy: lot.text(openBuy),
          openSell: lot.text(openSell),
          fills,
        });
      }
    }
    return rows;
  }

  balances(): BalanceRow[] {
    const { views, plan, tables } = this.#deps;
    const rows: BalanceRow[] = [];
    tables.venues.forEach((venue, v) => {
      tables.assets.forEach((asset, a) => {
        const words = readWords(views, balanceBase(plan, v, a), BALANCE_SEQUENCE, [BALANCE_TOTAL, BALANCE_FREE]);
        const [total = 0, free = 0] = words ?? [];
        if (total !== 0 || free !== 0) rows.push({ venue, asset, total, free });
      });
    });
    return rows;
  }
}

/** Null when a writer disturbed every try: the row is left out of this answer. */
function readWords(views: MonitoringDeps['views'], base: number, sequence: number, offsets: readonly number[]): number[] | null {
  for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
    const before = beginRead(views.i32, (base + sequence) >> 2);
    if (before < 0) continue;
    const words = offsets.map((offset) => views.f64[(base + offset) >> 3] ?? 0);
    if (endRead(views.i32, (base + sequence) >> 2, before)) return words;
  }
  return null;
}

function nonZero(counts: ReasonCounts | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (let reason = 0; reason < REASON_COUNT; reason++) {
    const count = counts?.get(reason) ?? 0;
    if (count > 0) found[reasonName(reason)] = count;
  }
  return found;
}
