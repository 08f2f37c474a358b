/**
 * Where a resting order stands in the queue at its price. Only the sum of a level is public, so this is a model with a name (options.ts).
 * Called by the matcher, once per trade at the price and once per book change.
 */
import type { FillModel } from './options.js';
import type { PaperOrder } from './order.js';

/** A depth update may overtake the trade that caused it: what a level lost this recently is not advanced a second time by the print. Venues' fastest merged depth streams send every 100 ms; twice that. */
const PRINT_LAG_US = 200_000;

/** The order joins the end of the queue; `visibleLots` NaN = its level cannot be seen yet. */
export function joinQueue(order: PaperOrder, visibleLots: number): void {
  order.aheadLots = visibleLots;
  order.levelLots = Number.isNaN(visibleLots) ? 0 : visibleLots;
  order.tradedLots = 0;
  order.shrunkLots = 0;
}

/** The level as a new book shows it. */
export function seeLevel(order: PaperOrder, visibleLots: number, model: FillModel, nowUs: number): void {
  if (Number.isNaN(visibleLots)) return;
  if (Number.isNaN(order.aheadLots)) {
    joinQueue(order, visibleLots);
    return;
  }
  const before = order.aheadLots;
  if (model === 'queue-proportional' && order.levelLots > 0) {
    const cancelled = order.levelLots - visibleLots - order.tradedLots;
    if (cancelled > 0) order.aheadLots -= Math.min(order.aheadLots, Math.floor((cancelled * order.aheadLots) / order.levelLots));
  }
  order.aheadLots = Math.min(order.aheadLots, visibleLots);
  if (order.aheadLots < before) {
    order.shrunkLots = nowUs - order.shrunkUs > PRINT_LAG_US ? before - order.aheadLots : order.shrunkLots + before - order.aheadLots;
    order.shrunkUs = nowUs;
  }
  order.levelLots = visibleLots;
  order.tradedLots = 0;
}

/** A trade at our price; returns the lots of it that reach us, after the queue before us. */
export function tradeAtLevel(order: PaperOrder, lots: number, nowUs: number): number {
  if (Number.isNaN(order.aheadLots)) return 0;
  let rest = lots;
  order.tradedLots += lots;
  if (order.shrunkLots > 0 && nowUs - order.shrunkUs <= PRINT_LAG_US) {
    const counted = Math.min(order.shrunkLots, rest);
    order.shrunkLots -= counted;
    rest -= counted;
  }
  const ahead = Math.min(order.aheadLots, rest);
  order.aheadLots -= ahead;
  return rest - ahead;
}
