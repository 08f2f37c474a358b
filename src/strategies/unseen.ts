/**
 * Fills that a strategy had not counted when the engine died: the orders the journal lists for its levels, against what the levels say they counted.
 * Called at start, by strategies that keep sums per level.
 */
import type { RecoveredLevel, RecoveredOrder, RecoveredStrategy } from '../core/ports/strategy.js';

/** Calls `count` for every listed order, oldest first, with the lots of it that its level has not counted. */
export function countUnseen(recovered: RecoveredStrategy, count: (order: RecoveredOrder, lots: number) => void): void {
  const levels = new Map<number, RecoveredLevel>(recovered.levels.map((level) => [level.level, level]));
  const oldest = new Map<number, number>();
  const orders = [...recovered.orders].sort((a, b) => a.orderId - b.orderId);
  for (const order of orders) {
    if (!oldest.has(order.level)) oldest.set(order.level, order.orderId);
    const level = levels.get(order.level);
    // Without an id in the record, its count belongs to the oldest order that is listed: a level is published before a newer one is created.
    const countedId = level?.orderId ?? oldest.get(order.level);
    const counted = level !== undefined && order.orderId === countedId ? level.cumLots : 0;
    count(order, Math.max(0, order.cumLots - counted));
  }
}
