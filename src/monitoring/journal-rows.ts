/** What people see of journal records: the rows made from folds. Used by JournalView only. */
import {
  FLAG_ADOPTED,
  FLAG_HEDGE,
  FLAG_MAKER,
  FLAG_POST_ONLY,
  FLAG_REDUCE_ONLY,
  RecordKind,
  SIDE_SELL,
  TIF_FOK,
  TIF_IOC,
} from '../core/memory/record.js';
import { formatDecimal } from '../core/numbers/decimal.js';
import { clientOrderIdOf } from '../core/numbers/ids.js';
import type { JournalRecord } from '../core/orders/journal-record.js';
import type { FoldedOrder } from '../core/orders/order-fold.js';
import { isTerminal, orderStateName } from '../core/orders/order-state.js';
import { Reason, reasonName } from '../core/orders/reasons.js';
import type { RunTables } from '../core/orders/tables.js';
import { TRADING_LEVELS } from './admin.js';
import { DecimalGrid } from './decimal-grid.js';
import type { AuditRow, FillKind, FillRow, LevelRow, OrderRow } from './payload-rows.js';

/** One order as folded; a row is made from it for each event. */
export interface OrderFold extends FoldedOrder {
  /** The venue has shown that it knows the order. */
  isAccepted: boolean;
}

export type FillFields = Pick<
  JournalRecord,
  | 'tradeId'
  | 'orderId'
  | 'strategy'
  | 'pnlKind'
  | 'instrument'
  | 'level'
  | 'side'
  | 'fillTicks'
  | 'fillLots'
  | 'fee'
  | 'feeAsset'
  | 'flags'
  | 'tsUs'
> & { readonly isEarlierRun: boolean };

export type LevelFields = Pick<
  JournalRecord,
  'strategy' | 'instrument' | 'level' | 'side' | 'state' | 'priceTicks' | 'qtyLots' | 'cumLots' | 'reason' | 'tsUs'
> & { readonly auxTicks: number; readonly auxLots: number; readonly fills: number };

const PNL_KINDS: readonly FillKind[] = ['grid', 'arb', 'other'];
const KIND_NAMES = new Map<number, string>(Object.entries(RecordKind).map(([name, code]) => [code, name.toLowerCase()]));
/** Fees travel in 1e-8 of their asset. */
const FEE_SCALE = 8;

/** Makes rows with the run's names and each instrument's steps. */
export class RowMaker {
  readonly #tables: RunTables;
  readonly #levelStates: readonly (readonly string[])[];
  readonly #price: readonly DecimalGrid[];
  readonly #lot: readonly DecimalGrid[];

  constructor(tables: RunTables, levelStates: (kind: string) => readonly string[]) {
    this.#tables = tables;
    this.#levelStates = tables.strategies.map(({ kind }) => levelStates(kind));
    this.#price = tables.instruments.map(({ tickSize }) => DecimalGrid.ofStep(tickSize));
    this.#lot = tables.instruments.map(({ lotSize }) => DecimalGrid.ofStep(lotSize));
  }

  strategyName(index: number): string {
    return this.#tables.strategies[index]?.name ?? '';
  }

  orderRow(fold: OrderFold): OrderRow {
    const instrument = this.#tables.instruments[fold.instrument];
    return {
      orderId: fold.orderId,
      clientOrderId: clientOrderIdOf(fold.orderId, this.#tables.tag),
      strategy: this.strategyName(fold.strategy),
      kind: PNL_KINDS[fold.pnlKind] ?? 'other',
      venue: instrument?.venue ?? '',
      instrument: instrument?.id ?? '',
      level: fold.level,
      side: sideName(fold.side),
      price: this.#price[fold.instrument]?.text(fold.priceTicks) ?? '0',
      qty: this.#lot[fold.instrument]?.text(fold.qtyLots) ?? '0',
      filled: this.#lot[fold.instrument]?.text(fold.cumLots) ?? '0',
      state: orderStateName(fold.state),
      isLive: !isTerminal(fold.state),
      reason: fold.reason === 0 ? null : reasonName(fold.reason),
      isAdopted: (fold.flags & FLAG_ADOPTED) !== 0,
      flags: flagNames(fold.flags, fold.timeInForce),
      tsUs: fold.updatedUs,
    };
  }

  fillRow(fill: FillFields): FillRow {
    const instrument = this.#tables.instruments[fill.instrument];
    return {
      fillId: `${instrument?.venue ?? ''}/${fill.tradeId}/${fill.orderId}`,
      tradeId: fill.tradeId,
      orderId: fill.orderId,
      clientOrderId: clientOrderIdOf(fill.orderId, this.#tables.tag),
      strategy: this.strategyName(fill.strategy),
      kind: PNL_KINDS[fill.pnlKind] ?? 'other',
      venue: instrument?.venue ?? '',
      instrument: instrument?.id ?? '',
      level: fill.level,
      side: sideName(fill.side),
      price: this.#price[fill.instrument]?.text(fill.fillTicks) ?? '0',
      qty: this.#lot[fill.instrument]?.text(fill.fillLots) ?? '0',
      fee: formatDecimal(BigInt(Math.round(fill.fee)), FEE_SCALE),
      feeAsset: this.#tables.assets[fill.feeAsset] ?? '',
      isMaker: (fill.flags & FLAG_MAKER) !== 0,
      isEarlierRun: fill.isEarlierRun,
      tsUs: fill.tsUs,
    };
  }

  levelRow(level: LevelFields): LevelRow {
    const instrument = this.#tables.instruments[level.instrument];
    const state = this.#levelStates[level.strategy]?.[level.state];
    return {
      strategy: this.strategyName(level.strategy),
      instrument: instrument?.id ?? '',
      level: level.level,
      side: sideName(level.side),
      state: state === undefined || state === '' ? `state-${level.state}` : state,
      price: this.#price[level.instrument]?.text(level.priceTicks) ?? '0',
      qty: this.#lot[level.instrument]?.text(level.qtyLots) ?? '0',
      filled: this.#lot[level.instrument]?.text(level.cumLots) ?? '0',
      auxPrice: level.auxTicks > 0 ? (this.#price[level.instrument]?.textOrNull(level.auxTicks) ?? null) : null,
      auxQty: level.auxLots > 0 ? (this.#lot[level.instrument]?.textOrNull(level.auxLots) ?? null) : null,
      reason: level.reason === 0 ? null : reasonName(level.reason),
      fills: level.fills,
      tsUs: level.tsUs,
    };
  }

  auditRow(record: JournalRecord): AuditRow {
    const { kind, orderId } = record;
    const instrument = kind === RecordKind.HALT ? undefined : this.#tables.instruments[record.instrument];
    // A repair without an order is about a venue's account; its first instrument names it.
    const isOfAccount = kind === RecordKind.REPAIR && orderId === 0;
    const aboutOrder = !isOfAccount && kind !== RecordKind.HALT && kind !== RecordKind.REFUSED && kind !== RecordKind.TAKEN;
    const isOfAll = isOfAccount || kind === RecordKind.HALT;
    return {
      event: KIND_NAMES.get(kind) ?? `kind-${kind}`,
      strategy: isOfAll ? '' : this.strategyName(record.strategy),
      instrument: instrument?.id ?? null,
      level: aboutOrder ? record.level : null,
      side: aboutOrder ? sideName(record.side) : null,
      price: aboutOrder && record.priceTicks > 0 ? (this.#price[record.instrument]?.textOrNull(record.priceTicks) ?? null) : null,
      qty: aboutOrder && record.qtyLots > 0 ? (this.#lot[record.instrument]?.textOrNull(record.qtyLots) ?? null) : null,
      reason: record.reason === 0 ? null : reasonName(record.reason),
      text: kind === RecordKind.HALT ? this.#haltText(record) : isOfAccount ? this.#differenceText(record) : null,
      tsUs: record.tsUs,
    };
  }

  /** A position in its instrument's quantity, a balance in units of its asset: what the venue says, and what we have. */
  #differenceText({ reason, instrument, feeAsset, qtyLots: theirs, cumLots: ours }: JournalRecord): string | null {
    const meta = this.#tables.instruments[instrument];
    if (reason === Reason.BALANCE_DIFFERS)
      return `${meta?.venue ?? ''} ${this.#tables.assets[feeAsset] ?? ''}: the venue has ${theirs}, we ${ours}`;
    if (reason !== Reason.POSITION_DIFFERS) return null;
    const text = (lots: number): string => this.#lot[instrument]?.text(lots) ?? String(lots);
    return `${meta?.id ?? ''}: the venue has ${text(theirs)}, we ${text(ours)}`;
  }

  /** The new trading state, and of a loss limit the loss. */
  #haltText({ state, fee, feeAsset }: JournalRecord): string {
    const level = `trading ${TRADING_LEVELS[state] ?? 'halted'}`;
    return fee === 0 ? level : `${level}: lost ${formatDecimal(BigInt(Math.round(fee)), FEE_SCALE)} ${this.#tables.assets[feeAsset] ?? ''}`;
  }
}

function sideName(side: number): 'buy' | 'sell' {
  return side === SIDE_SELL ? 'sell' : 'buy';
}

function flagNames(flags: number, timeInForce: number): string[] {
  const names: string[] = [];
  if ((flags & FLAG_POST_ONLY) !== 0) names.push('post-only');
  if ((flags & FLAG_REDUCE_ONLY) !== 0) names.push('reduce-only');
  if ((flags & FLAG_HEDGE) !== 0) names.push('hedge');
  if (timeInForce === TIF_IOC) names.push('ioc');
  if (timeInForce === TIF_FOK) names.push('fok');
  return names;
}
