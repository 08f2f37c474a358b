/** Clocks with the machine's own clocks in hand: `performance.now` and the process's monotonic clock are set by the test. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planMemory } from '../../src/core/memory/layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { marketTimeNow, realWallUs, SystemClock, SystemTimers } from '../../src/workers/clock.js';
import { laneClock, setMarketUs } from '../../src/workers/market-clock.js';

/** Milliseconds of this thread's clock, and what the process's clock said when it stood at 0. */
let nowMs = 0;
let threadOriginMs = 0;

function machine(): void {
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => BigInt(Math.round((threadOriginMs + nowMs) * 1e6)));
}

/** The same machine seen by a thread that started `ms` later: its clock is younger, its origin older. */
function asThreadStartedLater(ms: number): void {
  nowMs -= ms;
  threadOriginMs += ms;
  vi.spyOn(performance, 'timeOrigin', 'get').mockReturnValue(originAtStart + ms);
}

const originAtStart = performance.timeOrigin;

beforeEach(() => {
  nowMs = 10_000;
  threadOriginMs = 5_000_000;
  machine();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('SystemClock', () => {
  it('at speed 1 tells the wall', () => {
    const clock = new SystemClock(marketTimeNow(1));
    expect(clock.wallUs()).toBe(realWallUs());
    nowMs += 1_234.5;
    expect(Math.abs(clock.wallUs() - realWallUs())).toBeLessThanOrEqual(1);
  });

  it('at speed 20 lets market time pass twenty times as fast, from the moment of the market time', () => {
    const market = marketTimeNow(20);
    const clock = new SystemClock(market);
    const [wall, mono] = [clock.wallUs(), clock.nowUs()];
    expect(wall).toBe(market.marketUs);
    nowMs += 50;
    expect(clock.wallUs() - wall).toBe(1_000_000);
    expect(clock.nowUs() - mono).toBeCloseTo(1_000_000, 0);
  });

  it('gives wall time in whole microseconds, also for earlier readings', () => {
    const clock = new SystemClock(marketTimeNow(3));
    const before = clock.nowUs();
    const wall = clock.wallUs();
    nowMs += 0.123456;
    expect(Number.isInteger(clock.wallUs())).toBe(true);
    expect(clock.wallAt(before)).toBe(wall);
    expect(clock.wallAt(clock.nowUs())).toBe(clock.wallUs());
  });

  it('two threads with one market time agree, wherever their own clocks began', () => {
    const market = marketTimeNow(7);
    const first = new SystemClock(market);
    nowMs += 400;
    const [mono, wall] = [first.nowUs(), first.wallUs()];
    asThreadStartedLater(300);
    const second = new SystemClock(market);
    expect(second.nowUs()).toBeCloseTo(mono, 0);
    expect(Math.abs(second.wallUs() - wall)).toBeLessThanOrEqual(1);
  });

  it('calibrates on the shortest of its tries: a pause in between does not move its origin', () => {
    let reads = 0;
    vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => {
      // The first try is interrupted for 80 ms behind the reading.
      const value = BigInt(Math.round((threadOriginMs + nowMs) * 1e6));
      if (reads++ === 0) nowMs += 80;
      return value;
    });
    const clock = new SystemClock(marketTimeNow(1));
    expect(clock.nowUs()).toBeCloseTo((threadOriginMs + nowMs) * 1000, 0);
  });
});

describe('SystemTimers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });

  it('fires after market milliseconds, once or again and again', () => {
    const timers = new SystemTimers(10);
    const fired: string[] = [];
    timers.after(1_000, () => fired.push('once'));
    timers.every(500, () => fired.push('again'));
    vi.advanceTimersByTime(49);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(51);
    expect(fired.toSorted()).toEqual(['again', 'again', 'once']);
    vi.advanceTimersByTime(100);
    expect(fired.filter((word) => word === 'once')).toHaveLength(1);
    expect(fired.filter((word) => word === 'again')).toHaveLength(4);
  });

  it('a cancelled timer does not fire, and cancelling it again is nothing', () => {
    const timers = new SystemTimers(1);
    const run = vi.fn();
    const [once, again] = [timers.after(10, run), timers.every(10, run)];
    timers.cancel(once);
    timers.cancel(again);
    timers.cancel(once);
    vi.advanceTimersByTime(100);
    expect(run).not.toHaveBeenCalled();
  });

  it('after a stop nothing fires, keeps the process alive or can be added', () => {
    const timers = new SystemTimers(1);
    const run = vi.fn();
    timers.after(10, run);
    timers.every(10, run);
    timers.stop();
    timers.after(10, run);
    timers.every(10, run);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100);
    expect(run).not.toHaveBeenCalled();
  });
});

describe('laneClock', () => {
  const plan = planMemory({
    instruments: 1,
    bookBytes: 128,
    strategies: 1,
    levelsPerStrategy: 16,
    venues: 1,
    gateways: 1,
    assets: 1,
    feedLanes: 1,
    lanes: 1,
    producers: 1,
    orderSlots: 16,
    ringRecords: 16,
    journalRecords: 16,
  });

  it('stepped: stands still until the host moves it, and every lane sees the same', () => {
    const views = viewsOf(new SharedArrayBuffer(plan.bytes));
    const market = marketTimeNow(1);
    const [one, other] = [laneClock(views, plan, market, true), laneClock(views, plan, market, true)];
    setMarketUs(views, plan, 1_600_000_000_000_000.5);
    nowMs += 1_000;
    for (const clock of [one, other]) {
      expect(clock.nowUs()).toBe(1_600_000_000_000_000.5);
      expect(clock.wallUs()).toBe(Math.round(1_600_000_000_000_000.5));
      expect(clock.wallAt(5.4)).toBe(5);
    }
  });

  it('stepped: moves only forward', () => {
    const views = viewsOf(new SharedArrayBuffer(plan.bytes));
    const clock = laneClock(views, plan, marketTimeNow(1), true);
    setMarketUs(views, plan, 2_000);
    setMarketUs(views, plan, 1_000);
    setMarketUs(views, plan, Number.NaN);
    expect(clock.nowUs()).toBe(2_000);
    setMarketUs(views, plan, 2_001);
    expect(clock.nowUs()).toBe(2_001);
  });

  it('otherwise it is the system clock', () => {
    const views = viewsOf(new SharedArrayBuffer(plan.bytes));
    const clock = laneClock(views, plan, marketTimeNow(1), false);
    setMarketUs(views, plan, 5);
    expect(clock.wallUs()).toBe(realWallUs());
  });
});
