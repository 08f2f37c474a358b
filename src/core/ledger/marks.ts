/**
 * Mark prices as exact integers. Feeds give marks as float ticks, sometimes between two ticks; here they are rounded once, to a millionth of a tick, so that
 * everybody who values a position at a mark (ledger, paper account, judge) uses the same integer. A run that compares two valuations takes one `Marks` for both.
 */

export const MICRO_SCALE = 6;
export const MICRO_PER_TICK = 1_000_000n;

/** Mark of an instrument in micro-ticks, or null when none is known: positions are then valued at the price of their last fill. */
export type Marks = (instrument: number) => bigint | null;

export function markOfTicks(ticks: number): bigint | null {
  const micro = Math.round(ticks * Number(MICRO_PER_TICK));
  return Number.isSafeInteger(micro) && micro > 0 ? BigInt(micro) : null;
}

/** One reading of all marks, so that two valuations cannot see different ones. */
export function freezeMarks(count: number, ticksOf: (instrument: number) => number): Marks {
  const frozen = Array.from({ length: count }, (_, instrument) => markOfTicks(ticksOf(instrument)));
  return (instrument) => frozen[instrument] ?? null;
}
