/** The documents of a store out of folded state: what an order, a level, a position look like to a person. Called by projection.ts and checkpoint-documents.ts. */
import { formatDecimal, formatTicks } from '../core/numbers/decimal.js';
import { type InstrumentMoney, microOf, type MoneyTables } from '../core/ledger/instrument-money.js';
import { WALLET_SCALE } from '../core/ledger/value-rule.js';
import { FLAG_MAKER, FLAG_POST_ONLY, FLAG_REDUCE_ONLY, SIDE_BUY } from '../core/memory/record.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RecoveredFill } from '../core/orders/recovered.js';
import type { RunTables } from '../core/orders/tables.js';
import type { FoldedOrder } from '../core/orders/order-fold.js';
import { orderStateName } from '../core/orders/order-state.js';
import { reasonName } from '../core/orders/reasons.js';
import type { JournalPosition } from './journal.js';
import { ratio, scaled } from './run-map.js';
import type { FillDoc, FlowDoc, LevelDoc, OrderDoc } from './schema.js';

const TIME_IN_FORCE = ['gtc', 'ioc', 'fok'];
const PNL_KIND = ['grid', 'arb', 'other'];

/** An order while its records are applied. */
export interface OpenOrder {
  readonly fold: FoldedOrder;
  readonly trades: number[];
  readonly run: number;
  strategy: string;
  instrument: Instrument;
  clientOrderId: string;
  at: JournalPosition;
}

export function sideOf(side: number): 'buy' | 'sell' {
  return side === SIDE_BUY ? 'buy' : 'sell';
}

/** A store gives plain documents; the parts that steps and names hang on are kept in `instrument`. */
export function reopen(doc: OrderDoc): OpenOrder {
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
export function rebase(order: OpenOrder, instrument: Instrument): boolean {
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

export function orderDoc(order: OpenOrder): OrderDoc {
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

export function levelDoc(record: LevelFields, strategy: string, instrument: Instrument): LevelDoc {
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

export function fillDoc(
  fill: RecoveredFill,
  order: Pick<OpenOrder, 'strategy' | 'instrument' | 'clientOrderId'>,
  tables: RunTables,
  money: MoneyTables,
): FillDoc {
  const { instrument, strategy } = order;
  const feeAsset = tables.assets[fill.feeAsset] ?? '';
  return {
    tradeId: fill.tradeId,
    orderId: fill.orderId,
    clientOrderId: order.clientOrderId,
    run: tables.run,
    strategy,
    kind: PNL_KIND[fill.pnlKind] ?? 'other',
    venue: instrument.venue,
    instrument: instrument.id,
    level: fill.level,
    side: sideOf(fill.side),
    price: formatTicks(fill.fillTicks, instrument.tickSize),
    qty: formatTicks(fill.fillLots, instrument.lotSize),
    fee: formatDecimal(BigInt(fill.fee), WALLET_SCALE),
    feeAsset,
    liquidity: (fill.flags & FLAG_MAKER) !== 0 ? 'maker' : 'taker',
    flows: flowsOf(fill, feeAsset, money),
    tsUs: fill.tsUs,
  };
}

/** The wallet changes that core/ledger books for this fill, in the same units. */
function flowsOf(fill: RecoveredFill, feeAsset: string, money: MoneyTables): FlowDoc[] {
  if (fill.fillLots <= 0 || fill.fillTicks <= 0) return [];
  const one: InstrumentMoney = money.instrument(fill.instrument);
  const lots = fill.side === SIDE_BUY ? BigInt(fill.fillLots) : -BigInt(fill.fillLots);
  const flows: FlowDoc[] = [];
  const add = (asset: string, amount: bigint, scale: number, kind: FlowDoc['kind']): void => {
    if (amount !== 0n) flows.push({ asset, amount: formatDecimal(amount, scale), kind });
  };
  const unit = money.assets[one.moneyAsset];
  if (unit !== undefined) add(unit.name, one.buySign * one.value(lots, microOf(fill.fillTicks)).venue, unit.scale, 'trade');
  if (one.isSpot) add(one.instrument.base, lots * one.lotQty, money.qtyScale, 'trade');
  add(feeAsset, -BigInt(fill.fee), WALLET_SCALE, 'fee');
  return flows;
}

/** What a LEVEL record says; `fillTicks` and `fillLots` are its free words. */
export interface LevelFields {
  readonly level: number;
  readonly side: number;
  readonly state: number;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly cumLots: number;
  readonly fillTicks: number;
  readonly fillLots: number;
  readonly tsUs: number;
}

/** A level's words are the strategy's own: what is no whole number of steps has no text. */
function textOf(steps: number, step: string): string {
  return Number.isSafeInteger(steps) ? formatTicks(steps, step) : '';
}
