/**
 * When the past of a simulated exchange was: back from the moment at which it was opened, in seconds, then minutes, then hours, on the grid of the venues'
 * intervals. Finer steps end where a coarser one begins, so every longer candle is a fold of these. Pure; made once a world.
 *
 *   first of a month a year ago ... hours ... midnight three weeks ago ... minutes ... a whole minute 1,000 s ago ... seconds ... opening
 */
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** As many as an answer with candles of a second holds. */
const SECONDS_BACK_MS = 1_000 * SECOND_MS;
/** A thousand half hours. */
const DAYS_OF_MINUTES = 21;
const MONTHS_OF_HOURS = 12;

export interface PastStretch {
  readonly stepMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
}

/** The youngest stretch first. */
export type PastGrid = readonly [seconds: PastStretch, minutes: PastStretch, hours: PastStretch];

export function pastGrid(bornMs: number): PastGrid {
  const end = bornMs - (bornMs % SECOND_MS);
  const minutesEnd = floorTo(end - SECONDS_BACK_MS, MINUTE_MS);
  const hoursEnd = floorTo(end - DAYS_OF_MINUTES * DAY_MS, DAY_MS);
  const born = new Date(end);
  const begin = Math.max(0, Date.UTC(born.getUTCFullYear(), born.getUTCMonth() - MONTHS_OF_HOURS, 1));
  return [
    stretch(SECOND_MS, minutesEnd, end),
    stretch(MINUTE_MS, hoursEnd, minutesEnd),
    stretch(HOUR_MS, Math.min(begin, hoursEnd), hoursEnd),
  ];
}

/** Nothing was before 1970. */
function floorTo(timeMs: number, stepMs: number): number {
  return Math.max(0, timeMs - (timeMs % stepMs));
}

function stretch(stepMs: number, startMs: number, endMs: number): PastStretch {
  return { stepMs, startMs, endMs, count: Math.floor((endMs - startMs) / stepMs) };
}
