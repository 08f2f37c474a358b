/** The grid of candles: when an interval begins and ends, in UTC or a fixed offset from it. Shared by candles of trades and of prices, by REST and by streams. */
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** The Unix epoch was a Thursday; venues start their weeks on Monday. */
const MONDAY_OFFSET_MS = 4 * DAY_MS;
/** Stands for the calendar month, whose length differs. */
export const MONTH_MS = 31 * DAY_MS;

/** When the interval that holds this moment began. Days and longer begin `offsetMs` before midnight UTC. */
export function intervalStart(timeMs: number, intervalMs: number, offsetMs = 0): number {
  if (intervalMs < DAY_MS) return timeMs - (timeMs % intervalMs);
  const localMs = timeMs + offsetMs;
  if (intervalMs === MONTH_MS) {
    const day = new Date(localMs);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) - offsetMs;
  }
  const phaseMs = intervalMs === WEEK_MS ? MONDAY_OFFSET_MS : 0;
  return timeMs - ((localMs - phaseMs) % intervalMs);
}

/** The last millisecond of the interval that began then. */
export function intervalEnd(startMs: number, intervalMs: number, offsetMs = 0): number {
  if (intervalMs !== MONTH_MS) return startMs + intervalMs - 1;
  const day = new Date(startMs + offsetMs);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1) - offsetMs - 1;
}
