/** Orders and levels of all runs, as far as a new run has to know them: part of JournalFold. Ended orders stay until their level has counted what they filled. */
import { RecordKind } from '../core/memory/record.js';
import type { JournalRecord } from '../core/orders/journal-record.js';
import { beginOrder, type FoldedOrder, foldRecord } from '../core/orders/order-fold.js';
import { isTerminal, OrderState } from '../core/orders/order-state.js';
import type { FoldState, KeptLevel } from './fold-state.js';
import { type Ratio, scaled } from './run-map.js';

/** Ended orders kept for a level that names no order, or is not published any more: far more than a strategy leaves unsettled, small enough for years. */
const ENDED_PER_LEVEL = 16;

type State = Pick<FoldState, 'orders' | 'ended' | 'newest' | 'levels'>;

export class KeptOrders {
  /** Live orders, and ended ones that their strategy may not have settled. */
  readonly #orders = new Map<number, FoldedOrder>();
  readonly #ended = new Map<number, FoldedOrder[]>();
  readonly #newestId = new Map<number, number>();
  readonly #levels = new Map<number, KeptLevel>();

  orders(): FoldedOrder[] {
    return [...this.#orders.values()];
  }

  levels(): KeptLevel[] {
    return [...this.#levels.values()];
  }

  create(record: JournalRecord): void {
    const place = placeOf(record);
    if (!this.#levels.has(place)) this.#forgetEnded(place, () => true);
    this.#newestId.set(place, record.orderId); // not the largest: ids wrap after 4096 runs
    if (!this.#orders.has(record.orderId)) this.#orders.set(record.orderId, beginOrder(record, OrderState.PENDING));
  }

  answer(record: JournalRecord): void {
    const order = this.#orders.get(record.orderId) ?? this.#behindHole(record);
    if (order === null || isTerminal(order.state)) return;
    foldRecord(order, record);
    if (isTerminal(order.state)) this.#end(order);
  }

  /** Of a fill that was not counted before. */
  fill(record: JournalRecord): void {
    const order = this.#orders.get(record.orderId) ?? this.#behindHole(record);
    if (order !== null) {
      const wasLive = !isTerminal(order.state);
      foldRecord(order, record);
      if (wasLive && isTerminal(order.state)) this.#end(order);
      return;
    }
    // A late fill of an order that its level has settled: listed again with what is new, on top of what the level counts of it.
    const level = this.#levels.get(placeOf(record));
    const late = beginOrder(record, OrderState.CANCELLED);
    late.cumLots = record.fillLots + (level?.orderId === record.orderId ? level.cumLots : 0);
    this.#orders.set(late.orderId, late);
    this.#end(late);
  }

  /** An order whose CREATE was lost with a hole: in doubt, so that it is asked for. Null when the order is merely an old one of its level. */
  #behindHole(record: JournalRecord): FoldedOrder | null {
    const place = placeOf(record);
    if (record.orderId <= 0 || record.orderId <= (this.#newestId.get(place) ?? 0)) return null;
    const order = beginOrder(record, OrderState.UNKNOWN);
    this.#newestId.set(place, record.orderId);
    this.#orders.set(record.orderId, order);
    return order;
  }

  #end(order: FoldedOrder): void {
    const place = placeOf(order);
    const list = this.#ended.get(place);
    if (list === undefined) this.#ended.set(place, [order]);
    else list.push(order);
    if (list !== undefined && list.length > ENDED_PER_LEVEL) this.#orders.delete(list.shift()?.orderId ?? 0);
  }

  /** The level has taken in what it says: an order that ended is settled when the level counts all of it, or has heard of a newer one. */
  level(record: JournalRecord): void {
    const place = placeOf(record);
    this.#forgetEnded(
      place,
      ({ orderId, cumLots }) => orderId < record.orderId || (orderId === record.orderId && cumLots <= record.cumLots),
    );
    this.#levels.set(place, {
      strategy: record.strategy,
      level: record.level,
      state: record.state,
      side: record.side,
      instrument: record.instrument,
      priceTicks: record.priceTicks,
      qtyLots: record.qtyLots,
      cumLots: record.cumLots,
      auxTicks: record.fillTicks,
      auxLots: record.fillLots,
      orderId: record.orderId,
      updatedUs: record.tsUs,
    });
  }

  #forgetEnded(place: number, isSettled: (order: FoldedOrder) => boolean): void {
    const list = this.#ended.get(place);
    if (list === undefined) return;
    const kept = list.filter((order) => !isSettled(order));
    for (const order of list) if (!kept.includes(order)) this.#orders.delete(order.orderId);
    if (kept.length === 0) this.#ended.delete(place);
    else this.#ended.set(place, kept);
  }

  state(): State {
    return {
      orders: this.orders(),
      ended: [...this.#ended].map(([place, list]) => [...partsOfPlace(place), list.map(({ orderId }) => orderId)]),
      newest: [...this.#newestId].map(([place, id]) => [...partsOfPlace(place), id]),
      levels: this.levels(),
    };
  }

  /** @param translated to the tables in hand, null when it does not fit them @param strategyOf an index of the state's names in them */
  restore(state: State, translated: (given: Partial<JournalRecord>) => JournalRecord | null, strategyOf: (index: number) => number): void {
    for (const order of state.orders) {
      const { amendTicks, amendLots, ...rest } = order;
      const record = translated({ ...rest, kind: RecordKind.CREATE, fillTicks: amendTicks, fillLots: amendLots });
      if (record === null) continue;
      const { strategy, instrument, priceTicks, qtyLots, cumLots, fillTicks, fillLots } = record;
      this.#orders.set(order.orderId, {
        ...order,
        strategy,
        instrument,
        priceTicks,
        qtyLots,
        cumLots,
        amendTicks: fillTicks,
        amendLots: fillLots,
      });
    }
    for (const level of state.levels) {
      const { auxTicks, auxLots, ...rest } = level;
      const record = translated({ ...rest, kind: RecordKind.LEVEL, fillTicks: auxTicks, fillLots: auxLots });
      if (record === null) continue;
      const { strategy, instrument, priceTicks, qtyLots, cumLots, fillTicks, fillLots } = record;
      this.#levels.set(placeOf(record), {
        ...level,
        strategy,
        instrument,
        priceTicks,
        qtyLots,
        cumLots,
        auxTicks: fillTicks,
        auxLots: fillLots,
      });
    }
    for (const [strategy, level, id] of state.newest) this.#newestId.set(placeOf({ strategy: strategyOf(strategy), level }), id);
    for (const [strategy, level, ids] of state.ended) {
      const list = ids.flatMap((id) => this.#orders.get(id) ?? []);
      if (list.length > 0) this.#ended.set(placeOf({ strategy: strategyOf(strategy), level }), list);
    }
  }

  /** An instrument is counted in finer steps from here on. */
  regrid(instrument: number, ticks: Ratio, lots: Ratio): void {
    for (const order of this.#orders.values()) {
      if (order.instrument !== instrument) continue;
      order.priceTicks = scaled(order.priceTicks, ticks);
      order.amendTicks = scaled(order.amendTicks, ticks);
      order.qtyLots = scaled(order.qtyLots, lots);
      order.cumLots = scaled(order.cumLots, lots);
      order.amendLots = scaled(order.amendLots, lots);
    }
    for (const [place, level] of this.#levels) {
      if (level.instrument !== instrument) continue;
      this.#levels.set(place, {
        ...level,
        priceTicks: scaled(level.priceTicks, ticks),
        auxTicks: scaled(level.auxTicks, ticks),
        qtyLots: scaled(level.qtyLots, lots),
        cumLots: scaled(level.cumLots, lots),
        auxLots: scaled(level.auxLots, lots),
      });
    }
  }
}

/** Levels are numbered below 2^32, strategies below 2^16: one safe integer. */
function placeOf(record: { readonly strategy: number; readonly level: number }): number {
  return record.strategy * 2 ** 32 + record.level;
}

function partsOfPlace(place: number): readonly [strategy: number, level: number] {
  return [Math.floor(place / 2 ** 32), place % 2 ** 32];
}
