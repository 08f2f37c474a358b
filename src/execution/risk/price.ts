/** The book must be live and young, and the price near enough to its middle and to the mark. Pure. */
import { SIDE_BUY } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';

/** @param ageUs since the book's last frame */
export function checkBook(isLive: boolean, ageUs: number, maxAgeUs: number): number {
  return isLive && ageUs <= maxAgeUs ? Reason.NONE : Reason.STALE_BOOK;
}

/**
 * @param reference middle or mark in ticks; NaN when unknown: nothing to compare with
 * @param collar how far through it towards the market @param far how far away from it
 */
export function checkCollar(side: number, priceTicks: number, reference: number, collar: number, far: number): number {
  if (Number.isNaN(reference)) return Reason.NONE;
  const isOut =
    side === SIDE_BUY
      ? priceTicks > reference * (1 + collar) || priceTicks < reference * (1 - far)
      : priceTicks < reference * (1 - collar) || priceTicks > reference * (1 + far);
  return isOut ? Reason.PRICE_COLLAR : Reason.NONE;
}

/** Middle of a top; the one side when the other is empty; NaN when both are. */
export function middleOf(bidTicks: number, askTicks: number): number {
  if (Number.isNaN(bidTicks)) return askTicks;
  return Number.isNaN(askTicks) ? bidTicks : (bidTicks + askTicks) / 2;
}
