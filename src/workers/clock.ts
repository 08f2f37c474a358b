/** Real clocks and timers in market time, for hosts. Market time runs `speed` times as fast as the wall from a common base, so that engine and venues agree. */
import type { Clock, TimerHandle, Timers } from '../core/ports/clock.js';

/** At wall time `wallUs` it was `marketUs` of market time; since then market time runs `speed` times as fast. Plain data: it crosses threads and processes. */
export interface MarketTime {
  readonly wallUs: number;
  readonly marketUs: number;
  readonly speed: number;
}

export function realWallUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

export function marketTimeNow(speed: number): MarketTime {
  const wallUs = realWallUs();
  return { wallUs, marketUs: wallUs, speed };
}

/** Microseconds of the process's monotonic clock at `performance.now() === 0` of this thread: each thread has an origin of its own. */
function threadOriginUs(): number {
  let best = Infinity;
  let origin = 0;
  for (let i = 0; i < 16; i++) {
    const before = performance.now();
    const process0 = Number(process.hrtime.bigint()) / 1000;
    const after = performance.now();
    if (after - before < best) {
      best = after - before;
      origin = process0 - ((before + after) / 2) * 1000;
    }
  }
  return origin;
}

export class SystemClock implements Clock {
  readonly #originUs: number;
  readonly #market: MarketTime;
  readonly #wallOriginUs: number;

  constructor(market: MarketTime) {
    this.#originUs = threadOriginUs();
    this.#market = market;
    // Wall time of performance.now() === 0; kept, so that wall and monotonic time never drift apart within a run.
    this.#wallOriginUs = realWallUs() - performance.now() * 1000;
  }

  nowUs(): number {
    return (this.#originUs + performance.now() * 1000) * this.#market.speed;
  }

  wallUs(): number {
    return Math.round(this.#market.marketUs + (this.#wallOriginUs + performance.now() * 1000 - this.#market.wallUs) * this.#market.speed);
  }

  /** Wall time at a monotonic reading of this clock. */
  wallAt(nowUs: number): number {
    const sinceThreadStartUs = nowUs / this.#market.speed - this.#originUs;
    return Math.round(this.#market.marketUs + (this.#wallOriginUs + sinceThreadStartUs - this.#market.wallUs) * this.#market.speed);
  }
}

/** Timers of this thread's event loop; `stop` cancels all, so that nothing keeps the process alive. */
export class SystemTimers implements Timers {
  readonly #speed: number;
  readonly #live = new Map<number, () => void>();
  #nextId = 1;
  #isStopped = false;

  constructor(speed: number) {
    this.#speed = speed;
  }

  after(delayMs: number, run: () => void): TimerHandle {
    const id = this.#nextId++;
    if (this.#isStopped) return { id };
    const timer = setTimeout(() => {
      this.#live.delete(id);
      run();
    }, delayMs / this.#speed);
    this.#live.set(id, () => clearTimeout(timer));
    return { id };
  }

  every(periodMs: number, run: () => void): TimerHandle {
    const id = this.#nextId++;
    if (this.#isStopped) return { id };
    const timer = setInterval(run, Math.max(1, periodMs / this.#speed));
    this.#live.set(id, () => clearInterval(timer));
    return { id };
  }

  cancel(timer: TimerHandle): void {
    this.#live.get(timer.id)?.();
    this.#live.delete(timer.id);
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#live.values()) cancel();
    this.#live.clear();
  }
}
