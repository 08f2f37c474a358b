/**
 * Turns journal records into the documents of a store, batch by batch. The same code feeds a running engine's stores, catches them up at start, and reads the
 * part of a journal that a store does not have yet for an export. Service thread, or a tool's own process; no clock, no files.
 */
import { formatDecimal } from '../core/numbers/decimal.js';
import { clientOrderIdOf } from '../core/numbers/ids.js';
import { RecordKind } from '../core/memory/record.js';
import { MoneyTables } from '../core/ledger/instrument-money.js';
import { WALLET_SCALE } from '../core/ledger/value-rule.js';
import { OrderState } from '../core/orders/order-state.js';
import { Reason, reasonName } from '../core/orders/reasons.js';
import type { RunTables } from '../core/orders/tables.js';
import { isBefore, type JournalPosition } from './journal.js';
import { fillOf, type JournalRecord } from '../core/orders/journal-record.js';
import { beginOrder, foldRecord } from '../core/orders/order-fold.js';
import { fillDoc, levelDoc, type OpenOrder, orderDoc, rebase, reopen } from './documents.js';
import { parseKeptParams } from './kept-params.js';
import { PositionFold } from './position-fold.js';
import { parseRunStart } from './run-start.js';
import type { AuditDoc, FillDoc, LevelDoc, OrderDoc, ParametersDoc, RunDoc, StoreBatch, StorePosition, StoreReader } from './schema.js';
import { ColdKind } from './segment.js';

/** Something read from the journal, with the position behind it. */
export type JournalItem =
  | { readonly type: 'record'; readonly record: JournalRecord; readonly run: number; readonly at: JournalPosition }
  | { readonly type: 'cold'; readonly kind: number; readonly value: unknown; readonly at: JournalPosition };

const KIND_NAMES = new Map<number, string>(Object.entries(RecordKind).map(([name, code]) => [code, name.toLowerCase()]));

const ORDER_KINDS = new Set<number>([
  RecordKind.CREATE,
  RecordKind.AMEND,
  RecordKind.CANCEL,
  RecordKind.ACK,
  RecordKind.REJECT,
  RecordKind.AMENDED,
  RecordKind.AMEND_REJECT,
  RecordKind.CANCELLED,
  RecordKind.CANCEL_REJECT,
  RecordKind.FILL,
  RecordKind.UNKNOWN,
  RecordKind.EXPIRED,
  RecordKind.NOT_FOUND,
]);
const AUDIT_KINDS = new Set<number>([
  RecordKind.DENIED,
  RecordKind.REFUSED,
  RecordKind.TAKEN,
  RecordKind.HALT,
  RecordKind.REPAIR,
  RecordKind.FUNDING,
]);

export class Projection {
  #run: RunDoc | null = null;
  #money: MoneyTables | null = null;
  #isLost = true;
  readonly #positions = new PositionFold();

  /** Goes on where the store stands. */
  static async over(store: StoreReader): Promise<Projection> {
    const projection = new Projection();
    const at = (await store.position())?.run;
    const runs = await store.runs();
    const run = at === undefined ? runs.at(-1) : runs.find(({ tables }) => tables.run === at);
    if (run !== undefined) projection.#enter(run);
    for await (const doc of store.positions()) projection.#positions.adopt(doc);
    return projection;
  }

  async project(items: readonly JournalItem[], store: StoreReader, position: StorePosition): Promise<StoreBatch> {
    const wanted = new Set<number>();
    for (const item of items) if (item.type === 'record' && ORDER_KINDS.has(item.record.kind)) wanted.add(item.record.orderId);
    const known = wanted.size === 0 ? new Map<number, OrderDoc>() : await store.orders([...wanted]);
    const open = new Map<number, OpenOrder>();
    for (const doc of known.values()) open.set(doc.orderId, reopen(doc));
    const touched = new Set<number>();
    const levels = new Map<string, LevelDoc>();
    const runs = new Map<number, RunDoc>();
    const fills: FillDoc[] = [];
    const audit: AuditDoc[] = [];
    const parameters: ParametersDoc[] = [];
    for (const item of items) {
      if (item.type === 'cold') {
        const run = this.#cold(item.kind, item.value);
        if (run !== null) {
          runs.set(run.tables.run, run);
          parameters.push(...parametersOf(run));
        }
        this.#change(item, parameters, audit);
        continue;
      }
      const { record, at } = item;
      const tables = this.#tablesOf(item.run);
      if (tables === null) continue;
      const instrument = tables.instruments[record.instrument];
      const strategy = tables.strategies[record.strategy]?.name;
      if (AUDIT_KINDS.has(record.kind)) audit.push(this.#audit(record, tables, at));
      if (instrument === undefined || strategy === undefined) continue;
      if (record.kind === RecordKind.LEVEL) levels.set(`${strategy}\n${record.level}`, levelDoc(record, strategy, instrument));
      if (!ORDER_KINDS.has(record.kind) || record.orderId <= 0) continue;
      let order = open.get(record.orderId);
      if (order === undefined) {
        const state = record.kind === RecordKind.CREATE ? OrderState.PENDING : OrderState.UNKNOWN;
        const clientOrderId = clientOrderIdOf(record.orderId, tables.tag);
        order = {
          fold: beginOrder(record, state),
          trades: [],
          run: tables.run,
          strategy,
          instrument,
          clientOrderId,
          at: { segment: 0, offset: 0 },
        };
        open.set(record.orderId, order);
      } else if (!isBefore(order.at, at) || !rebase(order, instrument)) continue;
      order.at = at;
      touched.add(record.orderId);
      if (record.kind === RecordKind.FILL) {
        if (order.trades.includes(record.tradeId)) continue;
        order.trades.push(record.tradeId);
        // Of an order whose strategy this run lacks, another one that trades the instrument has the fill.
        if (this.#money !== null) fills.push(fillDoc(fillOf(record), { ...order, strategy }, tables, this.#money));
        this.#positions.count(strategy, instrument, record, at);
      }
      foldRecord(order.fold, record);
    }
    const orders = [...touched].flatMap((id) => {
      const order = open.get(id);
      return order === undefined ? [] : [orderDoc(order)];
    });
    return {
      orders,
      fills,
      levels: [...levels.values()],
      audit,
      runs: [...runs.values()],
      positions: this.#positions.changed(),
      parameters,
      position: { ...position, run: this.#run?.tables.run ?? 0 },
    };
  }

  #enter(run: RunDoc): void {
    this.#run = run;
    this.#money = new MoneyTables(run.tables);
    this.#isLost = false;
  }

  #cold(kind: number, value: unknown): RunDoc | null {
    if (kind === ColdKind.RUN_STOP && this.#run !== null && typeof value === 'object' && value !== null && 'stoppedUs' in value) {
      this.#run = { ...this.#run, stoppedUs: typeof value.stoppedUs === 'number' ? value.stoppedUs : null };
      return this.#run;
    }
    if (kind !== ColdKind.RUN_START) return null;
    const start = parseRunStart(value);
    if (start === null) return null;
    if (start.tables.run === this.#run?.tables.run) {
      this.#isLost = false;
      return null;
    }
    this.#enter({ ...start, stoppedUs: null });
    return this.#run;
  }

  /** Parameters that were changed while the run traded. */
  #change({ kind, value, at }: Extract<JournalItem, { type: 'cold' }>, parameters: ParametersDoc[], audit: AuditDoc[]): void {
    const kept = kind === ColdKind.PARAMETERS ? parseKeptParams(value) : null;
    if (kept === null || this.#run === null || this.#isLost) return;
    const { strategy, setUs, values } = kept;
    const { run } = this.#run.tables;
    parameters.push({ run, strategy, setUs, values });
    const reason = reasonName(Reason.BY_REQUEST);
    const nothing = { instrument: '', venue: '', level: 0, orderId: 0, group: 0, state: 0, flows: [] };
    audit.push({ ...nothing, at, run, kind: 'parameters', tsUs: setUs, strategy, reason });
  }

  /** Null for records whose run's start is damaged: their indexes would be read by the wrong tables. */
  #tablesOf(run: number): RunTables | null {
    if (this.#run === null || (this.#run.tables.run & 255) !== run) this.#isLost = true;
    return this.#isLost || this.#run === null ? null : this.#run.tables;
  }

  #audit(record: JournalRecord, tables: RunTables, at: JournalPosition): AuditDoc {
    const instrument = tables.instruments[record.instrument];
    const isFunding = record.kind === RecordKind.FUNDING;
    // A repair without an order is about a venue's account: its first instrument names it.
    const isOfAll = record.kind === RecordKind.HALT || (record.kind === RecordKind.REPAIR && record.orderId === 0);
    return {
      at,
      run: tables.run,
      kind: KIND_NAMES.get(record.kind) ?? `kind-${record.kind}`,
      tsUs: record.tsUs,
      strategy: isOfAll ? '' : (tables.strategies[record.strategy]?.name ?? ''),
      instrument: record.kind === RecordKind.HALT ? '' : (instrument?.id ?? ''),
      venue: record.kind === RecordKind.HALT ? '' : (instrument?.venue ?? ''),
      level: record.level,
      orderId: record.orderId,
      reason: reasonName(record.reason),
      group: record.group,
      state: record.state,
      flows: isFunding
        ? [{ asset: tables.assets[record.feeAsset] ?? '', amount: formatDecimal(BigInt(record.fee), WALLET_SCALE), kind: 'funding' }]
        : [],
    };
  }
}

export function parametersOf(run: RunDoc): ParametersDoc[] {
  return Object.entries(run.parameters ?? {}).map(([strategy, values]) => ({
    run: run.tables.run,
    strategy,
    setUs: run.startedUs,
    values,
  }));
}
