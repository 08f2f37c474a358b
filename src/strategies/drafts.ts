/** The objects that a strategy fills in and hands over, made once: nothing is allocated when it acts. Made by strategies when they are created; hot lane. */
import { SIDE_BUY } from '../core/memory/record.js';
import { Reason } from '../core/orders/reasons.js';
import type { LevelRecord, OrderDraft } from '../core/ports/strategy.js';

export function orderDraft(timeInForce: number): OrderDraft {
  return { level: 0, slot: 0, side: SIDE_BUY, priceTicks: 0, qtyLots: 0, flags: 0, timeInForce, group: 0, groupLegs: 0 };
}

export function levelRecord(): LevelRecord {
  return {
    level: 0,
    state: 0,
    side: SIDE_BUY,
    slot: 0,
    priceTicks: 0,
    qtyLots: 0,
    cumLots: 0,
    auxTicks: 0,
    auxLots: 0,
    orderId: 0,
    reason: Reason.NONE,
  };
}
