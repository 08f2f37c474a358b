/**
 * Turns journal records into the documents of a store, batch by batch. The same code feeds a running engine's stores, catches them up at start, and reads the
 * part of a journal that a store does not have yet for an export. Service thread, or a tool's own process; no clock, no files.
 */
import { formatDecimal, formatTicks } from '../core/numbers/decimal.js';
import { clientOrderIdOf } from '../core/numbers/ids.js';
import { FLAG_MAKER, FLAG_POST_ONLY, FLAG_REDUCE_ONLY, RecordKind, SIDE_BUY } from '../core/memory/record.js';
import { type InstrumentMoney, microOf, MoneyTables } from '../core/ledger/instrument-money.js';
import { WALLET_SCALE } from '../core/ledger/value-rule.js';
import type { Instrument } from '../core/orders/instrument.js';
import { OrderState, orderStateName } from '../core/orders/order-state.js';
import { reasonName } from '../core/orders/reasons.js';
import type { RunTables } from '../core/orders/tables.js';
import { isBefore, type JournalPosition } from './journal.js';
import type { JournalRecord } from '../core/orders/journal-record.js';
import { beginOrder, type FoldedOrder, foldRecord } from '../core/orders/order-fold.js';
import { ratio, scaled } from './run-map.js';
import { parseRunStart } from './run-start.js';
import type { AuditDoc, FillDoc, FlowDoc, LevelDoc, OrderDoc, RunDoc, StoreBatch, StoreReader } from './schema.js';
import { ColdKind } from './segment.js';

/** Something read from the journal, with the position behind it. */
export type JournalItem =
  | { readonly type: 'record'; readonly record: JournalRecord; readonly run: number; readonly at: JournalPosition }
  | { readonly type: 'cold'; readonly kind: number; readonly value: unknown; readonly at: JournalPosition };

const TIME_IN_FORCE = ['gtc', 'ioc', 'fok'];
const PNL_KIND = ['grid', 'arb', 'other'];
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
const AUDIT_KINDS = new Set<number>([RecordKind.DENIED, RecordKind.REFUSED, RecordKind.TAKEN, RecordKind.HALT, RecordKind.FUNDING]);

/** An order while its records are applied. */
interface OpenOrder {
  readonly fold: FoldedOrder;
  readonly trades: number[];
  readonly run: number;
  strategy: string;
  instrument: Instrument;
  clientOrderId: string;
  at: JournalPosition;
}

export class Projection {
  #run: RunDoc | null = null;
  #money: MoneyTables | null = null;
  #isLost = true;

  /** Goes on where the store stands. */
  static async over(store: StoreReader): Promise<Projection> {
    const projection = new Projection();
    const last = (await store.runs()).at(-1);
    if (last !== undefined) projection.#enter(last);
    return projection;
  }

  async project(items: readonly JournalItem[], store: StoreReader, position: JournalPosition): Promise<StoreBatch> {
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
    for (const item of items) {
      if (item.type === 'cold') {
        const run = this.#cold(item.kind, item.value);
        if (run !== null) runs.set(run.tables.run, run);
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
        fills.push(this.#fill(record, tables, order));
      }
      foldRecord(order.fold, record);
    }
    const orders = [...touched].flatMap((id) => {
      const order = open.get(id);
      return order === undefined ? [] : [orderDoc(order)];
    });
    return { orders, fills, levels: [...levels.values()], audit, runs: [...runs.values()], position };
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

  /** Null for records whose run's start is damaged: their indexes would be read by the wrong tables. */
  #tablesOf(run: number): RunTables | null {
    if (this.#run === null || (this.#run.tables.run & 255) !== run) this.#isLost = true;
    return this.#isLost || this.#run === null ? null : this.#run.tables;
  }

  #fill(record: JournalRecord, tables: RunTables, order: OpenOrder): FillDoc {
    const { instrument, strategy } = order;
    const feeAsset = tables.assets[record.feeAsset] ?? '';
    return {
      tradeId: record.tradeId,
      orderId: record.orderId,
      clientOrderId: order.clientOrderId,
      run: tables.run,
      strategy,
      kind: PNL_KIND[record.pnlKind] ?? 'other',
      venue: instrument.venue,
      instrument: instrument.id,
      level: record.level,
      side: sideOf(record.side),
      price: formatTicks(record.fillTicks, instrument.tickSize),
      qty: formatTicks(record.fillLots, instrument.lotSize),
      fee: formatDecimal(BigInt(record.fee), WALLET_SCALE),
      feeAsset,
      liquidity: (record.flags & FLAG_MAKER) !== 0 ? 'maker' : 'taker',
      flows: this.#flows(record, feeAsset),
      tsUs: record.tsUs,
    };
  }

  /** The wallet changes that core/ledger books for this fill, in the same units. */
  #flows(record: JournalRecord, feeAsset: string): FlowDoc[] {
    const money = this.#money;
    if (money === null || record.fillLots <= 0 || record.fillTicks <= 0) return [];
    const one: InstrumentMoney = money.instrument(record.instrument);
    const lots = record.side === SIDE_BUY ? BigInt(record.fillLots) : -BigInt(record.fillLots);
    const flows: FlowDoc[] = [];
    const add = (asset: string, amount: bigint, scale: number, kind: FlowDoc['kind']): void => {
      if (amount !== 0n) flows.push({ asset, amount: formatDecimal(amount, scale), kind });
    };
    const unit = money.assets[one.moneyAsset];
    if (unit !== undefined) add(unit.name, one.buySign * one.value(lots, microOf(record.fillTicks)).venue, unit.scale, 'trade');
    if (one.isSpot) add(one.instrument.base, lots * one.lotQty, money.qtyScale, 'trade');
    add(feeAsset, -BigInt(record.fee), WALLET_SCALE, 'fee');
    return flows;
  }

  #audit(record: JournalRecord, tables: RunTables, at: JournalPosition): AuditDoc {
    const instrument = tables.instruments[record.instrument];
    const isFunding = record.kind === RecordKind.FUNDING;
    return {
      at,
      run: tables.run,
      kind: KIND_NAMES.get(record.kind) ?? `kind-${record.kind}`,
      tsUs: record.tsUs,
      strategy: record.kind === RecordKind.HALT ? '' : (tables.strategies[record.strategy]?.name ?? ''),
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

function sideOf(side: number): 'buy' | 'sell' {
  return side === SIDE_BUY ? 'buy' : 'sell';
}

/** A store gives plain documents; the parts that steps and names hang on are kept in `instrument`. */
function reopen(doc: OrderDoc): OpenOrder {
  const instrument = { id: doc.instrument, venue: doc.venue, tickSize: doc.tickSize, lotSize: doc.lotSize } as Instrument;
  return {
    fold: { ...doc.fold },
    trades: [...doc.trades],
    run: doc.run,
    strategy: doc.strategy,
    instrument,
    clientOrderId: doc.clientOrderId,
    at: doc.at,
  };
}

/** To the steps of the run that speaks of the order now; false when its terms are no whole numbers of them. */
function rebase(order: OpenOrder, instrument: Instrument): boolean {
  const before = order.instrument;
  order.instrument = instrument;
  if (before.tickSize === instrument.tickSize && before.lotSize === instrument.lotSize) return true;
  const ticks = ratio(before.tickSize, instrument.tickSize);
  const lots = ratio(before.lotSize, instrument.lotSize);
  const { fold } = order;
  const next = {
    priceTicks: scaled(fold.priceTicks, ticks),
    qtyLots: scaled(fold.qtyLots, lots),
    cumLots: scaled(fold.cumLots, lots),
    amendTicks: scaled(fold.amendTicks, ticks),
    amendLots: scaled(fold.amendLots, lots),
  };
  if (Object.values(next).some(Number.isNaN)) {
    order.instrument = before;
    return false;
  }
  Object.assign(fold, next);
  return true;
}

function orderDoc(order: OpenOrder): OrderDoc {
  const { fold, instrument } = order;
  return {
    orderId: fold.orderId,
    clientOrderId: order.clientOrderId,
    run: order.run,
    strategy: order.strategy,
    kind: PNL_KIND[fold.pnlKind] ?? 'other',
    venue: instrument.venue,
    instrument: instrument.id,
    level: fold.level,
    side: sideOf(fold.side),
    price: formatTicks(fold.priceTicks, instrument.tickSize),
    qty: formatTicks(fold.qtyLots, instrument.lotSize),
    filled: formatTicks(fold.cumLots, instrument.lotSize),
    state: orderStateName(fold.state),
    reason: fold.reason === 0 ? '' : reasonName(fold.reason),
    postOnly: (fold.flags & FLAG_POST_ONLY) !== 0,
    reduceOnly: (fold.flags & FLAG_REDUCE_ONLY) !== 0,
    timeInForce: TIME_IN_FORCE[fold.timeInForce] ?? '',
    group: fold.group,
    createdUs: fold.createdUs,
    updatedUs: fold.updatedUs,
    fold,
    tickSize: instrument.tickSize,
    lotSize: instrument.lotSize,
    trades: order.trades,
    at: order.at,
  };
}

function levelDoc(record: JournalRecord, strategy: string, instrument: Instrument): LevelDoc {
  return {
    strategy,
    level: record.level,
    instrument: instrument.id,
    side: sideOf(record.side),
    state: record.state,
    price: textOf(record.priceTicks, instrument.tickSize),
    qty: textOf(record.qtyLots, instrument.lotSize),
    filled: textOf(record.cumLots, instrument.lotSize),
    auxTicks: record.fillTicks,
    auxLots: record.fillLots,
    updatedUs: record.tsUs,
  };
}

/** A level's words are the strategy's own: what is no whole number of steps has no text. */
function textOf(steps: number, step: string): string {
  return Number.isSafeInteger(steps) ? formatTicks(steps, step) : '';
}
