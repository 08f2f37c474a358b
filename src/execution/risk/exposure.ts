/** Positions and exposure as they would be if every open order of one direction filled, this one included. Pure over the positions region. */
import { SIDE_BUY } from '../../core/memory/record.js';
import { Reason } from '../../core/orders/reasons.js';
import { unitsOfOrder, type RiskLimits } from './limits.js';
import type { Positions } from './positions.js';

/** An order that leads towards flat is fine however large the position became. */
export function checkPosition(
  limits: RiskLimits,
  positions: Positions,
  instrument: number,
  side: number,
  ticks: number,
  lots: number,
): number {
  const net = positions.net(instrument);
  const worst = side === SIDE_BUY ? net + positions.openBuy(instrument) + lots : positions.openSell(instrument) + lots - net;
  if (worst <= 0) return Reason.NONE;
  if (worst > limits.maxPositionLots[instrument]!) return Reason.POSITION_LIMIT;
  return unitsOfOrder(limits, instrument, ticks, worst) > limits.maxPositionUnits[instrument]! ? Reason.POSITION_LIMIT : Reason.NONE;
}

/**
 * Base units over all venues, in floats. On spot a position is what this engine traded, not what the account held before.
 * @param lastTicks by instrument: a price near the market, for inverse contracts; NaN when none was seen
 */
export function checkExposure(
  limits: RiskLimits,
  positions: Positions,
  lastTicks: Float64Array,
  instrument: number,
  side: number,
  lots: number,
): number {
  const group = limits.exposureOf[instrument]!;
  if (group < 0) return Reason.NONE;
  const members = limits.exposureMembers[group]!;
  let worst = lots * baseOfLot(limits, instrument, lastTicks[instrument]!);
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!;
    const net = positions.net(member);
    const open = side === SIDE_BUY ? net + positions.openBuy(member) : positions.openSell(member) - net;
    worst += open * baseOfLot(limits, member, lastTicks[member]!);
  }
  return worst > limits.maxExposure[group]! ? Reason.EXPOSURE_LIMIT : Reason.NONE;
}

/** The order must be against the position, and with the other closing orders not larger than it. */
export function reducesOnly(positions: Positions, instrument: number, side: number, lots: number): boolean {
  const net = positions.net(instrument);
  return side === SIDE_BUY ? positions.openBuy(instrument) + lots <= -net : positions.openSell(instrument) + lots <= net;
}

function baseOfLot(limits: RiskLimits, instrument: number, ticks: number): number {
  const worth = limits.lotWorth[instrument]!;
  if (limits.isInverse[instrument] === 0) return worth;
  return ticks > 0 ? worth / (ticks * limits.tickWorth[instrument]!) : 0;
}
