/** The clock of a lane: the system's at the run's speed, or, when a recording gives the time, the shared market word. */
import { CONTROL_MARKET_US, type MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Clock } from '../core/ports/clock.js';
import { SystemClock, type MarketTime } from './clock.js';

export interface LaneClock extends Clock {
  /** Wall time at a monotonic reading of this clock. */
  wallAt(nowUs: number): number;
}

/** Time as the recording tells it: wall time and monotonic time are the same count. It moves only forward. */
class SteppedClock implements LaneClock {
  readonly #f64: Float64Array;
  readonly #word: number;

  constructor(views: SharedViews, plan: MemoryPlan) {
    this.#f64 = views.f64;
    this.#word = (plan.control + CONTROL_MARKET_US) >> 3;
  }

  nowUs(): number {
    return this.#f64[this.#word]!;
  }

  wallUs(): number {
    return Math.round(this.#f64[this.#word]!);
  }

  wallAt(nowUs: number): number {
    return Math.round(nowUs);
  }
}

export function laneClock(views: SharedViews, plan: MemoryPlan, market: MarketTime, isStepped: boolean): LaneClock {
  return isStepped ? new SteppedClock(views, plan) : new SystemClock(market);
}

/** Main thread only: moves the time of a stepped run forward. */
export function setMarketUs(views: SharedViews, plan: MemoryPlan, marketUs: number): void {
  const word = (plan.control + CONTROL_MARKET_US) >> 3;
  if (marketUs > views.f64[word]!) views.f64[word] = marketUs;
}
