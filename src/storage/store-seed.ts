/**
 * Fills an empty store with what no segment of the journal says any more: from another store, which has all of it, or else from a checkpoint, which has the runs' money
 * and state but not the history of orders that ended. Called by the feed of a store and by the verb `store rebuild`. May be interrupted and done again.
 */
import { MoneyTables } from '../core/ledger/instrument-money.js';
import { WALLET_SCALE } from '../core/ledger/value-rule.js';
import { formatDecimal } from '../core/numbers/decimal.js';
import { clientOrderIdOf, partsOfOrderId } from '../core/numbers/ids.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Checkpoint } from './checkpoint.js';
import { fillDoc, levelDoc, orderDoc } from './documents.js';
import type { JournalPosition } from './journal.js';
import { PositionFold } from './position-fold.js';
import { parametersOf } from './projection.js';
import type { AuditDoc, FillDoc, OrderDoc, Store, StoreBatch, StoreReader } from './schema.js';

const CHUNK = 500;
/** Until everything is there the store says that it has nothing. */
const NOWHERE: JournalPosition = { segment: 0, offset: 0 };
const NOTHING: Omit<StoreBatch, 'position'> = { orders: [], fills: [], levels: [], audit: [], runs: [], positions: [], parameters: [] };
const EVERYTHING = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };

/**
 * Copies one store into another while the first may still be fed: what it learns meanwhile is told again by the journal, which is read from the place where the copy
 * began. Orders go first, because an order says which fills it has seen: those and the positions that count them are read later, so none is missing.
 */
export async function copyStore(from: StoreReader, to: Store): Promise<boolean> {
  const position = await from.position();
  if (position === null || position.segment === 0) return false;
  await inChunks(from.allOrders(), (orders) => to.write({ ...NOTHING, orders, position: NOWHERE }));
  await inChunks(from.positions(), (positions) => to.write({ ...NOTHING, positions, position: NOWHERE }));
  await inChunks(from.fills(EVERYTHING), (fills) => to.write({ ...NOTHING, fills, position: NOWHERE }));
  await inChunks(from.levels(), (levels) => to.write({ ...NOTHING, levels, position: NOWHERE }));
  await inChunks(from.audit(EVERYTHING), (audit) => to.write({ ...NOTHING, audit, position: NOWHERE }));
  await inChunks(from.parameters(), (parameters) => to.write({ ...NOTHING, parameters, position: NOWHERE }));
  await to.write({ ...NOTHING, runs: await from.runs(), position });
  return true;
}

/** Returns in words what a checkpoint cannot tell. */
export async function seedFromCheckpoint({ state, position }: Checkpoint, to: Store): Promise<string> {
  const { last, names } = state;
  if (last === null) return 'the checkpoint knows of no run';
  const venues = [...new Set(names.instruments.map(({ venue }) => venue))];
  const strategies = names.strategies.map(({ name }, index) => ({ index, name, kind: '', pnlKind: 'other' as const, instruments: [] }));
  const tables: RunTables = { ...last.tables, venues, assets: names.assets, instruments: names.instruments, strategies };
  const money = new MoneyTables(tables);
  const named = ({ strategy, instrument, orderId }: { strategy: number; instrument: number; orderId: number }) => ({
    strategy: names.strategies[strategy]?.name ?? '',
    instrument: names.instruments[instrument] as Instrument,
    clientOrderId: clientOrderIdOf(orderId, tables.tag),
  });
  const positions = new PositionFold();
  const fills: FillDoc[] = [];
  const trades = new Map<number, number[]>();
  for (const [index, fill] of state.fills.entries()) {
    const names = named(fill);
    fills.push(fillDoc(fill, names, { ...tables, run: fill.run }, money));
    positions.count(names.strategy, names.instrument, fill, { segment: 0, offset: index + 1 });
    const list = trades.get(fill.orderId);
    if (list === undefined) trades.set(fill.orderId, [fill.tradeId]);
    else list.push(fill.tradeId);
  }
  const orders: OrderDoc[] = state.orders.map((fold) =>
    orderDoc({
      fold: { ...fold },
      trades: trades.get(fold.orderId) ?? [],
      run: partsOfOrderId(fold.orderId).run,
      at: position,
      ...named(fold),
    }),
  );
  const levels = state.levels.map((level) => {
    const { strategy, instrument } = named({ ...level, orderId: 0 });
    return levelDoc({ ...level, fillTicks: level.auxTicks, fillLots: level.auxLots, tsUs: level.updatedUs }, strategy, instrument);
  });
  const audit: AuditDoc[] = state.fundings.map((funding, index) => {
    const { strategy, instrument } = named({ ...funding, orderId: 0 });
    const asset = names.assets[funding.asset] ?? '';
    return {
      at: { segment: 0, offset: index + 1 },
      run: 0,
      kind: 'funding',
      tsUs: funding.tsUs,
      strategy,
      instrument: instrument.id,
      venue: instrument.venue,
      level: 0,
      orderId: 0,
      reason: '',
      group: 0,
      state: 0,
      flows: [{ asset, amount: formatDecimal(BigInt(funding.amount), WALLET_SCALE), kind: 'funding' }],
    };
  });
  const run = { ...last, stoppedUs: null };
  await inChunks(fills, (some) => to.write({ ...NOTHING, fills: some, position: NOWHERE }));
  await inChunks(audit, (some) => to.write({ ...NOTHING, audit: some, position: NOWHERE }));
  await inChunks(levels, (some) => to.write({ ...NOTHING, levels: some, position: NOWHERE }));
  const counted = positions.changed().map((doc) => ({ ...doc, at: position }));
  await to.write({ ...NOTHING, positions: counted, position: NOWHERE });
  await inChunks(orders, (some) => to.write({ ...NOTHING, orders: some, position: NOWHERE }));
  await to.write({ ...NOTHING, runs: [run], parameters: parametersOf(run), position: { ...position, run: run.tables.run } });
  return `${fills.length} fills, ${orders.length} orders and ${levels.length} levels come from the checkpoint before segment ${position.segment}; older orders that had ended, refusals and earlier runs are in no file any more`;
}

async function inChunks<T>(docs: AsyncIterable<T> | Iterable<T>, write: (some: readonly T[]) => Promise<void>): Promise<void> {
  let some: T[] = [];
  for await (const doc of docs) {
    some.push(doc);
    if (some.length < CHUNK) continue;
    await write(some);
    some = [];
  }
  if (some.length > 0) await write(some);
}
