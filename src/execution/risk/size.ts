/** Whether an order is well formed, and its quantity and value are within the venue's rules and our limits. Pure. */
import { SIDE_SELL, TIF_FOK } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import type { Draft } from './draft.js';
import { unitsOfOrder, type RiskLimits } from './limits.js';

/** @returns Reason; NONE when it is fine */
export function checkShape(draft: Draft, instruments: number, levels: number): number {
  const isWhole = Number.isSafeInteger(draft.priceTicks) && Number.isSafeInteger(draft.qtyLots);
  if (!isWhole || draft.priceTicks <= 0 || draft.qtyLots <= 0) return Reason.BAD_ORDER;
  if (draft.instrument >= instruments || draft.level >= levels) return Reason.BAD_ORDER;
  return draft.side > SIDE_SELL || draft.timeInForce > TIF_FOK ? Reason.BAD_ORDER : Reason.NONE;
}

/** @param lots what may trade (for an amend: what is left of it) */
export function checkSize(limits: RiskLimits, instrument: number, priceTicks: number, lots: number): number {
  if (lots < limits.minLots[instrument]!) return Reason.SIZE_TOO_SMALL;
  if (lots > limits.maxLots[instrument]!) return Reason.SIZE_TOO_LARGE;
  const units = unitsOfOrder(limits, instrument, priceTicks, lots);
  if (units < limits.minUnits[instrument]!) return Reason.NOTIONAL_TOO_SMALL;
  return units > limits.maxUnits[instrument]! ? Reason.NOTIONAL_TOO_LARGE : Reason.NONE;
}
