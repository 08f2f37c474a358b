/**
 * Folds the journal's records, of any number of runs, into what a new run has to know: live orders, levels, fills, fundings. Called by recovery (in the terms of the run
 * to come) and for checkpoints (in terms of its own, which lose nothing: see RunMap). What it keeps grows with the fills only.
 */
import { RecordKind } from '../core/memory/record.js';
import { UsageError } from '../core/numbers/errors.js';
import { fillOf, type JournalRecord, readRecord } from '../core/orders/journal-record.js';
import type { FoldedOrder } from '../core/orders/order-fold.js';
import { isTerminal, orderStateName } from '../core/orders/order-state.js';
import type { RecoveredLossMark, RecoveredOrderState, RecoveredState } from '../core/orders/recovered.js';
import type { RunTables } from '../core/orders/tables.js';
import type { FoldState, KeptFill, RecoveredFunding } from './fold-state.js';
import type { JournalPosition } from './journal.js';
import type { HotFrame } from './journal-reader.js';
import { KeptOrders } from './kept-orders.js';
import { type KeptParams, ParamsFold } from './kept-params.js';
import { type Ratio, RunMap, scaled } from './run-map.js';
import { parseRunStart, type RunStart } from './run-start.js';
import { type Block, ColdKind } from './segment.js';

export interface Recovery extends RecoveredState {
  readonly fundings: readonly RecoveredFunding[];
  /** Parameters that were changed while a run traded, the newest of each strategy. */
  readonly params?: readonly KeptParams[];
  /** The last run's tables, null on a first start. */
  readonly last: RunStart | null;
  /** The last run ended with a RUN_STOP. */
  readonly isClean: boolean;
  /** What belongs to strategies or instruments that the new run does not have: still in the journal and the store, not in the new run's state. */
  readonly aside: {
    readonly orders: readonly RecoveredOrderState[];
    readonly fills: number;
    readonly levels: number;
    readonly records: number;
  };
  readonly end: JournalPosition;
}

export class JournalFold {
  readonly #mode: string | null;
  readonly #map: RunMap;
  #run = 0;
  #last: RunStart | null = null;
  #isClean = true;
  /** True while records come that the tables in hand do not explain. */
  #isLost = true;
  readonly #orders = new KeptOrders();
  #fills: KeptFill[] = [];
  /** Trade ids by order: a fill is counted once. */
  readonly #trades = new Map<number, Set<number>>();
  readonly #fundings: RecoveredFunding[] = [];
  readonly #fundingKeys = new Set<string>();
  readonly #fillsUpTo = new Map<string, number>();
  readonly #params = new ParamsFold();
  readonly #lossMarks = new Map<string, RecoveredLossMark>();
  #lostRecords = 0;
  #oddRecords = 0;

  /** @param tables of the run to come; null for a fold that keeps everything in terms of its own */
  constructor(tables: RunTables | null) {
    this.#mode = tables?.mode ?? null;
    this.#map = new RunMap(tables, (instrument, ticks, lots) => this.#regrid(instrument, ticks, lots));
  }

  cold(kind: number, value: unknown): void {
    if (kind === ColdKind.RUN_STOP) this.#isClean = true;
    this.#params.cold(kind, value);
    if (kind !== ColdKind.RUN_START) return;
    const start = parseRunStart(value);
    if (start === null) return;
    const { mode, run } = start.tables;
    if (this.#mode !== null && mode !== this.#mode)
      throw new UsageError(`the journal belongs to mode ${mode}, this run is mode ${this.#mode}: use another --data directory`);
    this.#isLost = false;
    this.#isClean = false;
    if (run === this.#run && this.#last !== null) return; // the second copy
    this.#run = Math.max(run, this.#run + 1);
    this.#last = start;
    this.#map.enter(start.tables);
  }

  hot(block: Block, at: number, frame: HotFrame): void {
    if (this.#isLost || frame.run !== (this.#run & 255)) {
      // Both copies of a run's start are gone. Its number is still counted, so that the new run's order ids are not ones that were used.
      if (!this.#isLost) this.#run += 1;
      this.#isLost = true;
      this.#isClean = false;
      this.#run += (frame.run - this.#run) & 255;
      this.#lostRecords++;
      return;
    }
    const record = readRecord(block.u8, block.f64, at);
    if (!this.#map.translate(record)) {
      this.#oddRecords++;
      return;
    }
    this.#apply(record);
  }

  #apply(record: JournalRecord): void {
    switch (record.kind) {
      case RecordKind.CREATE:
        this.#orders.create(record);
        break;
      case RecordKind.LEVEL:
        this.#orders.level(record);
        break;
      case RecordKind.FILL:
        this.#fill(record);
        break;
      case RecordKind.FUNDING:
        this.#funding(record);
        break;
      case RecordKind.FILLS_END:
        this.#fillsEnd(record);
        break;
      case RecordKind.LOSS_MARK:
        this.#lossMark(record);
        break;
      case RecordKind.AMEND:
      case RecordKind.CANCEL:
      case RecordKind.ACK:
      case RecordKind.REJECT:
      case RecordKind.AMENDED:
      case RecordKind.AMEND_REJECT:
      case RecordKind.CANCELLED:
      case RecordKind.CANCEL_REJECT:
      case RecordKind.UNKNOWN:
      case RecordKind.EXPIRED:
      case RecordKind.NOT_FOUND:
        this.#orders.answer(record);
        break;
      default: // wishes, queries, refusals and audit say nothing of an order's state
        break;
    }
  }

  #fill(record: JournalRecord): void {
    const trades = this.#trades.get(record.orderId);
    if (trades?.has(record.tradeId) === true) return;
    if (trades === undefined) this.#trades.set(record.orderId, new Set([record.tradeId]));
    else trades.add(record.tradeId);
    this.#fills.push({ ...fillOf(record), run: this.#run });
    this.#orders.fill(record);
  }

  /** A complete list of a venue's fills was told up to then; the record names the venue by one of its instruments. */
  #fillsEnd(record: JournalRecord): void {
    const venue = this.#map.instruments[record.instrument]?.venue;
    if (venue !== undefined && record.tsUs > (this.#fillsUpTo.get(venue) ?? 0)) this.#fillsUpTo.set(venue, record.tsUs);
  }

  #lossMark({ strategy, instrument, reason, fee: result, state, tsUs }: JournalRecord): void {
    this.#lossMarks.set(`${strategy}:${instrument}:${reason}`, { strategy, instrument, reason, result, isReached: state !== 0, tsUs });
  }

  #funding(record: JournalRecord): void {
    const key = `${record.strategy}:${record.instrument}:${record.tradeId}`;
    if (this.#fundingKeys.has(key)) return;
    this.#fundingKeys.add(key);
    const { strategy, instrument, feeAsset: asset, fee: amount, tradeId: id, tsUs } = record;
    this.#fundings.push({ strategy, instrument, asset, amount, id, tsUs });
  }

  /** For a checkpoint. The lists are the fold's own: write them out before it goes on. */
  state(): FoldState {
    const { strategies, instruments, assets } = this.#map;
    return {
      run: this.#run,
      last: this.#last,
      isClean: this.#isClean,
      isLost: this.#isLost,
      names: { strategies: strategies.map((name) => ({ name })), instruments, assets },
      ...this.#orders.state(),
      fills: this.#fills,
      fundings: this.#fundings,
      fillsUpTo: [...this.#fillsUpTo],
      lossMarks: [...this.#lossMarks.values()],
      params: this.#params.all(),
      lostRecords: this.#lostRecords,
      oddRecords: this.#oddRecords,
    };
  }

  /** Begins where a checkpoint ends; call it before any record. */
  restore(state: FoldState): void {
    this.#run = state.run;
    this.#last = state.last;
    this.#isClean = state.isClean;
    this.#isLost = state.isLost;
    this.#lostRecords = state.lostRecords;
    this.#oddRecords = state.oddRecords;
    if (this.#mode !== null && state.last !== null && state.last.tables.mode !== this.#mode)
      throw new UsageError(
        `the journal belongs to mode ${state.last.tables.mode}, this run is mode ${this.#mode}: use another --data directory`,
      );
    this.#params.restore(state.params ?? []);
    for (const [venue, tsUs] of state.fillsUpTo) this.#fillsUpTo.set(venue, tsUs);
    this.#map.enter(state.names);
    this.#orders.restore(
      state,
      (given) => this.#translated(given),
      (index) => this.#map.strategies.indexOf(state.names.strategies[index]?.name ?? ''),
    );
    for (const fill of state.fills) {
      const trades = this.#trades.get(fill.orderId);
      if (trades === undefined) this.#trades.set(fill.orderId, new Set([fill.tradeId]));
      else trades.add(fill.tradeId);
      const record = this.#translated({ ...fill, kind: RecordKind.FILL });
      if (record === null) continue;
      const { strategy, instrument, fillTicks, fillLots, feeAsset } = record;
      this.#fills.push({ ...fill, strategy, instrument, fillTicks, fillLots, feeAsset });
    }
    for (const funding of state.fundings) {
      const record = this.#translated({
        ...funding,
        kind: RecordKind.FUNDING,
        feeAsset: funding.asset,
        fee: funding.amount,
        tradeId: funding.id,
      });
      if (record !== null) this.#funding(record);
    }
    for (const { result, isReached, ...mark } of state.lossMarks ?? []) {
      const record = this.#translated({ ...mark, kind: RecordKind.LOSS_MARK, fee: result, state: isReached ? 1 : 0 });
      if (record !== null) this.#lossMark(record);
    }
    if (state.last !== null) this.#map.enter(state.last.tables);
  }

  /** Null, and counted, when it is no whole number of the new steps. */
  #translated(given: Partial<JournalRecord>): JournalRecord | null {
    const record = { ...EMPTY_RECORD, ...given };
    if (this.#map.translate(record)) return record;
    this.#oddRecords++;
    return null;
  }

  /** A run came with finer steps of an instrument: what is kept of it is counted in steps that fit both. */
  #regrid(instrument: number, ticks: Ratio, lots: Ratio): void {
    this.#orders.regrid(instrument, ticks, lots);
    this.#fills = this.#fills.map((fill) =>
      fill.instrument === instrument ? { ...fill, fillTicks: scaled(fill.fillTicks, ticks), fillLots: scaled(fill.fillLots, lots) } : fill,
    );
  }

  result(end: JournalPosition, notes: string[]): Recovery {
    const orders: RecoveredOrderState[] = [];
    const aside: RecoveredOrderState[] = [];
    for (const order of this.#orders.orders()) {
      if (this.#map.isKnown(order.strategy, order.instrument)) orders.push(plain(order));
      else if (!isTerminal(order.state)) {
        aside.push(plain(order));
        const strategy = this.#map.strategies[order.strategy] ?? '';
        const instrument = this.#map.instruments[order.instrument]?.id ?? '';
        notes.push(
          `order ${order.orderId} of ${strategy} on ${instrument} (${orderStateName(order.state)}) is not part of this run: it was left as it is`,
        );
      }
    }
    const isKnown = (one: { readonly strategy: number; readonly instrument: number }): boolean =>
      this.#map.isKnown(one.strategy, one.instrument);
    const allLevels = this.#orders.levels();
    const known = allLevels.filter(isKnown);
    const levels = allLevels.length - known.length;
    const fills = this.#fills.filter(isKnown);
    const fillsAside = this.#fills.filter((fill) => !isKnown(fill)).map(({ orderId, tradeId }) => ({ orderId, tradeId }));
    const asideFills = fillsAside.length;
    if (levels > 0 || asideFills > 0)
      notes.push(
        `${asideFills} fills and ${levels} levels belong to strategies or instruments that this run does not have: they stay in the journal`,
      );
    if (this.#lostRecords > 0)
      notes.push(
        `${this.#lostRecords} records belong to a run whose start is damaged: they were set aside, their orders are found by reconciling`,
      );
    if (this.#oddRecords > 0)
      notes.push(
        `${this.#oddRecords} records do not fit the tables of their run or the price and quantity steps of this one: they were set aside`,
      );
    return {
      runs: this.#run,
      orders,
      fills,
      fillsAside,
      levels: known,
      fillsUpTo: [...this.#fillsUpTo].map(([venue, tsUs]) => ({ venue, tsUs })),
      notes,
      fundings: this.#fundings.filter(isKnown),
      lossMarks: [...this.#lossMarks.values()].filter(isKnown),
      params: this.#params.all(),
      last: this.#last,
      isClean: this.#isClean,
      aside: { orders: aside, fills: asideFills, levels, records: this.#lostRecords + this.#oddRecords },
      end,
    };
  }
}

const EMPTY_RECORD: JournalRecord = {
  kind: 0,
  side: 0,
  flags: 0,
  timeInForce: 0,
  strategy: 0,
  reason: 0,
  instrument: 0,
  level: 0,
  orderId: 0,
  priceTicks: 0,
  qtyLots: 0,
  cumLots: 0,
  fillTicks: 0,
  fillLots: 0,
  fee: 0,
  feeAsset: 0,
  group: 0,
  state: 0,
  pnlKind: 0,
  tradeId: 0,
  tsUs: 0,
};

function plain(order: FoldedOrder): RecoveredOrderState {
  const { orderId, strategy, instrument, level, side, flags, timeInForce, priceTicks, qtyLots, cumLots, state, pnlKind, group } = order;
  const { createdUs, updatedUs } = order;
  const areTermsOpen = order.amendLots > 0;
  return {
    orderId,
    strategy,
    instrument,
    level,
    side,
    flags,
    timeInForce,
    priceTicks,
    qtyLots,
    cumLots,
    state,
    pnlKind,
    group,
    createdUs,
    updatedUs,
    ...(areTermsOpen ? { areTermsOpen } : {}),
  };
}
