/** The executor's rig with three live books, two orders to begin with, and what its tests ask of it: kinds by name, counters, positions. */
import { CounterBlock, COUNTER_BLOCK_BYTES, ORDER_COUNTERS, type OrderCounter } from '../../src/core/memory/counters.js';
import { positionBase, POSITION_NET_LOTS, POSITION_OPEN_BUY_LOTS } from '../../src/core/memory/layout.js';
import { RecordKind, SIDE_BUY } from '../../src/core/memory/record.js';
import { Rig, type RigOptions, type Row } from './rig.js';

const K = RecordKind;
const NAMES = new Map<number, string>(Object.entries(K).map(([name, code]) => [code, name]));
export const kinds = (rows: readonly Row[]): string[] => rows.map((row) => NAMES.get(row.kind) ?? String(row.kind));

export function ready(options: RigOptions = {}): Rig {
  const rig = new Rig(options);
  rig.book(0, 6_000_000, 6_000_100);
  rig.book(1, 600_000, 600_010);
  rig.book(2, 120_000, 120_002);
  return rig;
}

export function counter(rig: Rig, strategy: number, name: OrderCounter): number {
  return new CounterBlock(rig.views, rig.plan.orderCounters + COUNTER_BLOCK_BYTES * strategy, ORDER_COUNTERS).get(name);
}

export function net(rig: Rig, row: number, instrument: number): number {
  return rig.views.f64[(positionBase(rig.plan, row, instrument) + POSITION_NET_LOTS) >> 3]!;
}

export function openBuy(rig: Rig, row: number, instrument: number): number {
  return rig.views.f64[(positionBase(rig.plan, row, instrument) + POSITION_OPEN_BUY_LOTS) >> 3]!;
}

export const BUY = { instrument: 0, side: SIDE_BUY, priceTicks: 5_990_000, qtyLots: 100, level: 3 };
export const LINEAR_BUY = { instrument: 1, side: SIDE_BUY, priceTicks: 599_000, qtyLots: 10, level: 4 };

/** Places one order and has it acknowledged. */
export function resting(rig: Rig, wish: Partial<Row>, gateway: number): Row {
  rig.place(wish);
  rig.step();
  const request = rig.requests(gateway)[0]!;
  rig.answer(gateway, { ...request, kind: K.ACK });
  rig.step();
  rig.events(wish.strategy ?? 0);
  rig.requests(gateway);
  return request;
}
