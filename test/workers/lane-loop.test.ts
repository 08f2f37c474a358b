/** Both kinds of lane on the test's own thread: roles decide when the stop word is set, and the doorbell tells what the lane would have slept on. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS, type LaneCounter } from '../../src/core/memory/counters.js';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import { CONTROL_STOP_LANES } from '../../src/core/memory/layout.js';
import type { Role } from '../../src/core/ports/role.js';
import { EventLoopLane, runHotLane, TURN_RECORDS, type LaneParts } from '../../src/workers/lane-loop.js';
import { ManualTime } from '../support/manual-host.js';
import { memoryOf, type Memory } from './lane-fixture.js';

const LANE = 1;

/** Never sleeps: notes whether the lane would have been woken at once, and lets the test act between arming and the lane's last look. */
class WatchedBell extends Doorbell {
  readonly waits: { readonly isMissed: boolean; readonly timeoutMs: number }[] = [];
  readonly spins: { readonly isOver: boolean }[] = [];
  onArm: () => void = () => undefined;
  onWait: () => void = () => undefined;

  override spin(before: number): void {
    this.spins.push({ isOver: before !== this.rings() });
  }

  override arm(): number {
    this.onArm();
    return super.arm();
  }

  override wait(armed: number, timeoutMs: number): void {
    // The count moved since arming: a real wait returns at once.
    this.waits.push({ isMissed: armed !== super.arm(), timeoutMs });
    super.disarm();
    this.onWait();
  }
}

/** Work that is given to it, one piece a turn. */
class Work implements Role {
  readonly name = 'work';
  readonly steps: { readonly nowUs: number; readonly maxRecords: number }[] = [];
  waiting = 0;
  onStep: () => void = () => undefined;

  step(nowUs: number, maxRecords: number): number {
    this.steps.push({ nowUs, maxRecords });
    this.onStep();
    if (this.waiting === 0) return 0;
    this.waiting--;
    return 1;
  }
}

let memory: Memory;
let time: ManualTime;
let counters: CounterBlock<LaneCounter>;
let bell: WatchedBell;
let work: Work;

beforeEach(() => {
  memory = memoryOf();
  time = new ManualTime();
  counters = new CounterBlock(memory.views, memory.plan.laneCounters + COUNTER_BLOCK_BYTES * LANE, LANE_COUNTERS);
  bell = new WatchedBell(memory.views, memory.plan, LANE);
  work = new Work();
});

function parts(...roles: readonly Role[]): LaneParts {
  return { ...memory, clock: time, counters, bell, roles };
}

function stop(): void {
  Atomics.store(memory.views.i32, (memory.plan.control + CONTROL_STOP_LANES) >> 2, 1);
}

describe('runHotLane', () => {
  it('ends on the stop word, before it turns its roles again', () => {
    work.onStep = () => stop();
    work.waiting = 5;
    runHotLane(parts(work), 'balanced', 1);
    expect(work.steps).toHaveLength(1);
    work.steps.length = 0;
    runHotLane(parts(work), 'balanced', 1);
    expect(work.steps).toHaveLength(0);
  });

  it('spinning, looks at the stop word within a bounded number of turns and never sleeps', () => {
    work.onStep = () => {
      if (work.steps.length === 10) stop();
    };
    runHotLane(parts(work), 'spin', 1);
    expect(work.steps.length).toBeLessThanOrEqual(512);
    expect(bell.waits).toEqual([]);
    expect(counters.get('idleTurns')).toBe(work.steps.length);
  });

  it('spinning, watches its bell between two turns that find nothing: a ring since before its look at the inputs ends that at once', () => {
    work.onStep = () => {
      // Somebody publishes and rings after the lane has looked there, and again while it has something to do.
      if (work.steps.length === 2) bell.ring();
      if (work.steps.length === 4) {
        work.waiting = 1;
        bell.ring();
      }
      if (work.steps.length === 6) stop();
    };
    runHotLane(parts(work), 'spin', 1);
    expect(bell.spins.slice(0, 4)).toEqual([{ isOver: false }, { isOver: true }, { isOver: false }, { isOver: false }]);
    expect(bell.spins).toHaveLength(counters.get('idleTurns'));

    const loads = vi.spyOn(Atomics, 'load');
    const plain = new Doorbell(memory.views, memory.plan, LANE);
    const before = plain.rings();
    loads.mockClear();
    plain.spin(before, 100);
    expect(loads).toHaveBeenCalledTimes(100);
    plain.ring();
    loads.mockClear();
    plain.spin(before, 100);
    expect(loads).toHaveBeenCalledTimes(1);
    loads.mockRestore();
  });

  it('spinning, rehearses when nothing happens, at most once in 300 us of the wall', () => {
    const rehearsedUs: number[] = [];
    const turnUs = 100;
    for (const speed of [1, 4]) {
      rehearsedUs.length = 0;
      work.steps.length = 0;
      Atomics.store(memory.views.i32, (memory.plan.control + CONTROL_STOP_LANES) >> 2, 0);
      work.onStep = () => {
        time.advance(turnUs / 1_000);
        // Every third turn finds work: no rehearsal stands between it and the next look.
        if (work.steps.length % 3 === 0) work.waiting = 1;
        if (work.steps.length === 400) stop();
      };
      const startedUs = time.nowUs();
      runHotLane({ ...parts(work), rehearse: () => void rehearsedUs.push(time.nowUs() - startedUs) }, 'spin', speed);
      const passedUs = work.steps.length * turnUs;
      expect(rehearsedUs.length).toBeGreaterThan(passedUs / (300 * speed) / 3);
      for (const [n, at] of rehearsedUs.entries()) expect(at - (rehearsedUs[n - 1] ?? 0)).toBeGreaterThanOrEqual(300 * speed);
    }
  });

  it('rehearses before it sleeps, but not under eco', () => {
    let rehearsals = 0;
    bell.onWait = () => {
      time.advance(5);
      if (bell.waits.length === 4) stop();
    };
    for (const wait of ['balanced', 'eco'] as const) {
      Atomics.store(memory.views.i32, (memory.plan.control + CONTROL_STOP_LANES) >> 2, 0);
      bell.waits.length = 0;
      runHotLane({ ...parts(work), rehearse: () => void rehearsals++ }, wait, 1);
    }
    expect(rehearsals).toBe(3);
  });

  it('gives every role the same time and the bound of a turn', () => {
    const other = new Work();
    bell.onWait = stop;
    runHotLane(parts(work, other), 'balanced', 1);
    expect(work.steps).toEqual(other.steps);
    expect(work.steps[0]).toEqual({ nowUs: time.nowUs(), maxRecords: TURN_RECORDS });
  });

  it('sleeps only when idle, as long as its way of waiting says, in market time', () => {
    work.waiting = 3;
    bell.onWait = stop;
    runHotLane(parts(work), 'balanced', 1);
    expect(bell.waits).toEqual([{ isMissed: false, timeoutMs: 5 }]);
    expect(counters.get('work')).toBe(3);
    expect(counters.get('turns')).toBe(4);
    expect(counters.get('idleTurns')).toBe(1);
    expect(counters.get('sleeps')).toBe(1);
    expect(counters.get('heartbeatUs')).toBe(time.nowUs());
    for (const [wait, speed, timeoutMs] of [
      ['eco', 1, 20],
      ['eco', 4, 5],
      ['balanced', 20, 1],
    ] as const) {
      Atomics.store(memory.views.i32, (memory.plan.control + CONTROL_STOP_LANES) >> 2, 0);
      bell.waits.length = 0;
      runHotLane(parts(work), wait, speed);
      expect(bell.waits[0]?.timeoutMs).toBe(timeoutMs);
    }
  });

  it('does not sleep on work that came between the idle turn and arming', () => {
    let isGiven = false;
    bell.onArm = () => {
      if (isGiven) return;
      isGiven = true;
      work.waiting = 1;
      bell.ring();
    };
    bell.onWait = () => {
      expect(work.waiting).toBe(0);
      stop();
    };
    runHotLane(parts(work), 'balanced', 1);
    expect(counters.get('work')).toBe(1);
    expect(bell.waits).toHaveLength(1);
  });

  it('a ring during its last look ends the sleep at once', () => {
    // The role had its turn, then somebody publishes for it and rings, then the lane goes to sleep.
    const publisher: Role = {
      name: 'publisher',
      step: () => {
        if (work.steps.length === 2) bell.ring();
        return 0;
      },
    };
    bell.onWait = stop;
    runHotLane(parts(work, publisher), 'balanced', 1);
    expect(bell.waits).toEqual([{ isMissed: true, timeoutMs: 5 }]);
  });

  it('is not marked as sleeping while it works', () => {
    const sleeping: number[] = [];
    const notify = vi.spyOn(Atomics, 'notify');
    bell.onArm = () => {
      work.waiting = 2;
      bell.onArm = () => undefined;
    };
    work.onStep = () => {
      notify.mockClear();
      bell.ring();
      sleeping.push(notify.mock.calls.length);
    };
    bell.onWait = stop;
    runHotLane(parts(work), 'balanced', 1);
    notify.mockRestore();
    // Idle turn, last look (armed), then awake again, idle turn, last look (armed).
    expect(sleeping).toEqual([0, 1, 0, 0, 1]);
  });
});

describe('EventLoopLane', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('turns its roles until none has work', () => {
    work.waiting = 3;
    new EventLoopLane(parts(work), 'balanced', 1).pump();
    expect(work.steps).toHaveLength(4);
    expect(counters.get('work')).toBe(3);
    expect(counters.get('turns')).toBe(4);
    expect(counters.get('heartbeatUs')).toBe(time.nowUs());
  });

  it('stops a busy pump after a bounded number of rounds, and goes on in the next turn of the event loop', () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'setInterval'] });
    work.waiting = 100;
    const lane = new EventLoopLane(parts(work), 'balanced', 1);
    lane.pump();
    expect(work.waiting).toBe(68);
    lane.pump(); // a socket pumps too: still one follow-up only
    expect(work.waiting).toBe(36);
    expect(vi.getTimerCount()).toBe(1);
    vi.runAllTimers();
    expect(work.waiting).toBe(0);
    expect(counters.get('work')).toBe(100);
  });

  it('a role that pumps does not enter itself', () => {
    const lane: EventLoopLane = new EventLoopLane(parts(work), 'balanced', 1);
    work.onStep = () => lane.pump();
    work.waiting = 1;
    lane.pump();
    expect(work.steps).toHaveLength(2);
  });

  it('can be pumped again after a role threw', () => {
    const lane = new EventLoopLane(parts(work), 'balanced', 1);
    work.onStep = () => {
      throw new Error('ours');
    };
    expect(() => lane.pump()).toThrow('ours');
    work.onStep = () => undefined;
    lane.pump();
    expect(work.steps).toHaveLength(2);
  });

  it('is pumped by its timer, and by its doorbell', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const plain = new Doorbell(memory.views, memory.plan, LANE);
    const lane = new EventLoopLane({ ...parts(work), bell: plain }, 'eco', 1);
    lane.start();
    expect(work.steps).toHaveLength(1);
    vi.advanceTimersByTime(4);
    expect(work.steps).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(work.steps).toHaveLength(2);
    const rung = new Promise<void>((resolve) => (work.onStep = resolve));
    plain.ring();
    await rung;
    expect(work.steps).toHaveLength(3);
    work.onStep = () => undefined;
    lane.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps its thread turning when it is to, until it stops', () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'setInterval', 'clearInterval'] });
    for (const isTurning of [false, true]) {
      const lane = new EventLoopLane(parts(work), 'eco', 1);
      lane.start(isTurning);
      for (let turn = 0; turn < 5; turn++) {
        // The interval, and what keeps the loop from sleeping.
        expect(vi.getTimerCount()).toBe(isTurning ? 2 : 1);
        vi.advanceTimersToNextTimer();
      }
      lane.stop();
      vi.runAllTimers();
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it('after a stop it turns no role, whoever pumps', () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'setInterval', 'clearInterval'] });
    work.waiting = 100;
    const lane = new EventLoopLane(parts(work), 'balanced', 1);
    lane.pump();
    lane.stop();
    const turned = work.steps.length;
    vi.runAllTimers();
    lane.pump();
    expect(work.steps).toHaveLength(turned);
  });
});
