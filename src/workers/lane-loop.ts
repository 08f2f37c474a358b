/**
 * How a thread turns its roles. Two kinds: a hot lane blocks or spins on shared memory and runs no event loop; an event-loop lane is pumped by its sockets,
 * by timers and by its doorbell, and never blocks.
 */
import type { CounterBlock, LaneCounter } from '../core/memory/counters.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import { CONTROL_STOP_LANES, type MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Clock } from '../core/ports/clock.js';
import type { Role } from '../core/ports/role.js';

export type WaitMode = 'spin' | 'balanced' | 'eco';

/** Records each role takes from each input in one turn: bounds how long a busy neighbour delays the next role. */
export const TURN_RECORDS = 64;
/** Longest sleep of a hot lane: strategies' timers run every 100 ms of market time. */
const SLEEP_MS: Readonly<Record<WaitMode, number>> = { spin: 0, balanced: 5, eco: 20 };
/** Turns between two looks at the stop word and the heartbeat when spinning. */
const SPIN_CHECK_TURNS = 256;
/** Looks at the bell between two turns that find nothing: some 10 us, in which everything that is published rings. A turn takes a third of one and allocates its times. */
const SPIN_LOOKS = 10_000;

export interface LaneParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly clock: Clock;
  readonly counters: CounterBlock<LaneCounter>;
  readonly bell: Doorbell;
  readonly roles: readonly Role[];
  /** Keeps the hot lane's code in the caches while nothing happens: some microseconds on memory of its own. Not done under `eco`. */
  readonly rehearse?: () => void;
}

/** Wall microseconds between two rehearsals: a step takes 18 us when done each millisecond, 8 every 300 us, 6 every 100 us; so soon is code cold again. */
const REHEARSE_EVERY_US = 300;

/** Says when it is time to rehearse. */
class Rehearsals {
  readonly #rehearse: (() => void) | undefined;
  readonly #everyUs: number;
  #lastUs: number;

  constructor({ rehearse, clock }: LaneParts, wait: WaitMode, speed: number) {
    this.#rehearse = wait === 'eco' ? undefined : rehearse;
    this.#everyUs = REHEARSE_EVERY_US * speed;
    this.#lastUs = clock.nowUs();
  }

  idle(nowUs: number): void {
    if (this.#rehearse === undefined || nowUs - this.#lastUs < this.#everyUs) return;
    this.#lastUs = nowUs;
    this.#rehearse();
  }
}

/** Runs until the stop word is set. Blocks this thread. */
export function runHotLane(parts: LaneParts, wait: WaitMode, speed: number): void {
  const { views, plan, clock, counters, bell, roles } = parts;
  const stopWord = (plan.control + CONTROL_STOP_LANES) >> 2;
  const turns = counters.indexOf('turns');
  const idle = counters.indexOf('idleTurns');
  const sleeps = counters.indexOf('sleeps');
  const workCount = counters.indexOf('work');
  const sleepMs = Math.max(1, SLEEP_MS[wait] / speed);
  const rehearsals = new Rehearsals(parts, wait, speed);
  const turn = (nowUs: number): number => {
    let work = 0;
    for (let i = 0; i < roles.length; i++) work += roles[i]!.step(nowUs, TURN_RECORDS);
    return work;
  };
  for (let count = 0; ; count++) {
    if (wait !== 'spin' || count % SPIN_CHECK_TURNS === 0) {
      if (Atomics.load(views.i32, stopWord) !== 0) return;
      counters.set('heartbeatUs', clock.nowUs());
    }
    const rings = bell.rings();
    const nowUs = clock.nowUs();
    const work = turn(nowUs);
    counters.addAt(turns, 1);
    if (work > 0) {
      counters.addAt(workCount, work);
      continue;
    }
    counters.addAt(idle, 1);
    rehearsals.idle(nowUs);
    if (wait === 'spin') {
      bell.spin(rings, SPIN_LOOKS);
      continue;
    }
    const armed = bell.arm();
    const late = turn(clock.nowUs()); // what came between the idle turn and arming
    if (late > 0) {
      bell.disarm();
      counters.addAt(workCount, late);
      continue;
    }
    counters.addAt(sleeps, 1);
    bell.wait(armed, sleepMs);
  }
}

/** Most rounds in one pump: sockets must get their turn. */
const PUMP_ROUNDS = 32;

/** An event-loop lane: `pump` after every socket read and timer; the doorbell pumps it too. */
export class EventLoopLane {
  readonly #parts: LaneParts;
  readonly #tickMs: number;
  readonly #rehearsals: Rehearsals;
  #isPumping = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | null = null;
  #again = false;

  constructor(parts: LaneParts, wait: WaitMode, speed: number) {
    this.#parts = parts;
    this.#tickMs = Math.max(1, (wait === 'eco' ? 5 : 1) / speed);
    this.#rehearsals = new Rehearsals(parts, wait, speed);
  }

  /** @param isTurning the thread never waits for its sockets: a wake-up of 30-50 us becomes a turn of 1, for a whole core */
  start(isTurning = false): void {
    this.#timer = setInterval(() => this.pump(), this.#tickMs);
    void this.#listen();
    if (isTurning) this.#turn();
  }

  /** Turns all roles until none has work, bounded; the rest follows in the next event-loop turn. */
  pump(): void {
    if (this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    const { clock, counters, roles } = this.#parts;
    let rounds = 0;
    let work = 1;
    try {
      for (; work > 0 && rounds < PUMP_ROUNDS; rounds++) {
        work = 0;
        const nowUs = clock.nowUs();
        for (const role of roles) work += role.step(nowUs, TURN_RECORDS);
        counters.add('work', work);
        if (work === 0) this.#rehearsals.idle(nowUs);
      }
    } finally {
      this.#isPumping = false;
    }
    counters.add('turns', rounds);
    counters.set('heartbeatUs', clock.nowUs());
    if (work > 0 && !this.#again) {
      this.#again = true;
      setImmediate(() => {
        this.#again = false;
        this.pump();
      });
    }
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#parts.bell.ring();
  }

  #turn(): void {
    if (!this.#isStopped) setImmediate(() => this.#turn());
  }

  async #listen(): Promise<void> {
    while (!this.#isStopped) {
      const armed = this.#parts.bell.arm();
      this.pump();
      await this.#parts.bell.waitAsync(armed, 1_000);
    }
  }
}
