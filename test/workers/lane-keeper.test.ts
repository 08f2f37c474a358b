/** Which lanes are started again, with what, and when no more: threads are stand-ins, memory and journal are real. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOOK_GAP, BOOK_LIVE, BOOK_STATE } from '../../src/core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS } from '../../src/core/memory/counters.js';
import {
  bookBase,
  CONTROL_CANCEL_ALL,
  CONTROL_HALT,
  CONTROL_RUN,
  CONTROL_RUNNING,
  CONTROL_TRADING_STATE,
  HALT_ALL,
  HALT_NEW_ORDERS,
  RUN_CLOSING,
  RUN_STARTING,
  RUN_STOPPING,
  RUN_TRADING,
} from '../../src/core/memory/layout.js';
import { RECORD_BYTES } from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import type { LaneData } from '../../src/workers/lane-data.js';
import { LaneKeeper, type LaneKeeperParts } from '../../src/workers/lane-keeper.js';
import type { LaneClock } from '../../src/workers/market-clock.js';
import type { Prepared } from '../../src/workers/prepare.js';
import type { LaneListener, LaneThread } from '../../src/workers/worker-threads.js';
import { laneData, memoryOf, TABLES } from './lane-fixture.js';

const HOT = 1;
const FEED = 2;
const LIMIT_US = 5_000_000;

/** A thread that does what the test says. */
class StandIn implements LaneThread {
  readonly ended: Promise<number>;
  isTerminated = false;
  #end: ((code: number) => void) | null = null;

  constructor(
    readonly name: string,
    readonly data: LaneData,
    readonly listener: LaneListener,
  ) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get lane(): number {
    return this.data.lane;
  }

  send(): void {
    // Nobody reads it.
  }

  die(words: string): void {
    this.listener.onError(this.name, words);
    this.#end?.(1);
  }

  terminate(): Promise<void> {
    this.isTerminated = true;
    this.#end?.(1);
    return Promise.resolve();
  }
}

let folder = '';
const { plan, views } = memoryOf();
const threads: StandIn[] = [];
const said: string[] = [];
const failed: string[] = [];
/** What the next start does: a text makes it fail; a promise delays it. */
let nextStart: (() => Promise<void>) | null = null;
let nowUs = 0;

const word = (offset: number): number => (plan.control + offset) >> 2;
const read = (offset: number): number => Atomics.load(views.i32, word(offset));
const beat = (lane: number, atUs: number): void =>
  new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS).set('heartbeatUs', atUs);
const clock: LaneClock = { nowUs: () => nowUs, wallUs: () => nowUs, wallAt: (at) => at };

async function keeperOf(more: { cancelsOnDeath?: boolean; isStepped?: boolean } = {}): Promise<LaneKeeper> {
  const { layout, entries } = laneData({ plan, views });
  const prepared = {
    views,
    plan,
    layout,
    tables: TABLES,
    buffer: views.buffer,
    memory: null,
    recovered: { runs: 0, orders: [], fills: [], levels: [], notes: [] },
    dataDir: { journalFolder: folder },
    options: { cancelsOnDeath: more.cancelsOnDeath === true, kernel: 'ts', durability: 'none' },
    run: { entries, directory: folder, config: { risk: {} } },
    market: { wallUs: 0, marketUs: 0, speed: 1 },
    addresses: null,
    isStepped: more.isStepped === true,
  } as unknown as Prepared;
  const startLane: LaneKeeperParts['startLane'] = async (_file, name, data, listener) => {
    const thread = new StandIn(name, data, listener);
    threads.push(thread);
    const gate = nextStart;
    nextStart = null;
    await gate?.();
    return thread;
  };
  const keeper = new LaneKeeper({
    prepared,
    clock,
    note: () => undefined,
    say: (text) => said.push(text),
    error: (source, text) => said.push(`${source}: ${text}`),
    fail: (text) => failed.push(text),
    entries: () => entries,
    startLane,
  });
  await keeper.start();
  Atomics.store(views.i32, word(CONTROL_RUN), RUN_TRADING);
  return keeper;
}

/** Until the keeper did what follows from the last event. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn++) {
    if (turn > 10_000) throw new Error(`never came; said: ${said.join(' | ')}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const turnsAgain = (lane: string, times = 1): Promise<void> =>
  until(() => said.filter((text) => text.startsWith(`lane ${lane} turns again`)).length === times);

function openGate(release: (() => void) | null): void {
  if (release === null) throw new Error('nothing waits');
  release();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thor-keeper-'));
  views.u8.fill(0, 0, plan.rooms);
  threads.length = 0;
  said.length = 0;
  failed.length = 0;
  nextStart = null;
  nowUs = 1_000_000;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('lane keeper', () => {
  it('C17: a hot lane that turns no more is halted until another stands in its place, without the strategy whose code it hung in', async () => {
    const keeper = await keeperOf();
    beat(HOT, nowUs);
    keeper.watch(nowUs, LIMIT_US);
    const look = (): void => {
      nowUs += LIMIT_US / 10;
      keeper.watch(nowUs, LIMIT_US);
    };
    for (let n = 0; n < 9; n++) look();
    expect(said).toEqual([]);
    Atomics.store(views.i32, word(CONTROL_RUNNING), 1 + 1);
    let release: (() => void) | null = null;
    nextStart = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    look();
    look();
    expect([read(CONTROL_HALT), read(CONTROL_RUN), keeper.isHotAlive]).toEqual([HALT_ALL, RUN_STARTING, false]);
    await until(() => threads.length === 3);
    expect(threads[0]?.isTerminated).toBe(true);
    expect([read(CONTROL_HALT), read(CONTROL_RUN)]).toEqual([HALT_ALL, RUN_STARTING]);
    openGate(release);
    await turnsAgain('hot');
    expect([read(CONTROL_HALT), read(CONTROL_RUN), keeper.isHotAlive]).toEqual([0, RUN_TRADING, true]);
    expect(threads[2]?.data.parked).toEqual([1]);
    expect(keeper.restarts).toEqual([{ lane: 'hot', why: 'it has not turned for 5.0 s', stopped: 'btc-arb' }]);
    expect([read(CONTROL_CANCEL_ALL), failed]).toEqual([0, []]);
    // Its first turn starts the watch again.
    for (let n = 0; n < 20; n++) look();
    expect(threads).toHaveLength(3);
    await keeper.beginStop();
  });

  it('C17: what stopped everything, this thread too, is not held against the lanes', async () => {
    const keeper = await keeperOf();
    beat(HOT, nowUs);
    beat(FEED, nowUs);
    keeper.watch(nowUs, LIMIT_US);
    for (let sleep = 0; sleep < 9; sleep++) {
      nowUs += 100 * LIMIT_US;
      keeper.watch(nowUs, LIMIT_US);
    }
    beat(HOT, nowUs);
    for (let n = 0; n < 9; n++) {
      nowUs += LIMIT_US / 10;
      beat(FEED, nowUs);
      keeper.watch(nowUs, LIMIT_US);
    }
    expect(said).toEqual([]);
    nowUs += LIMIT_US / 10;
    keeper.watch(nowUs, LIMIT_US);
    nowUs += LIMIT_US / 10;
    keeper.watch(nowUs, LIMIT_US);
    expect(said[0]).toMatch(/^thor: lane hot: it has not turned for /);
    await turnsAgain('hot');
  });

  it('C17: one that died by itself takes all strategies with it again; the death is told in its own words', async () => {
    const keeper = await keeperOf();
    threads[0]?.die('slot 7 is twice free');
    await turnsAgain('hot');
    expect(threads[2]?.data.parked).toEqual([]);
    expect(keeper.restarts).toEqual([{ lane: 'hot', why: 'it died: slot 7 is twice free', stopped: null }]);
  });

  it('C17: open orders are cancelled by the rule of a death of the whole engine', async () => {
    await keeperOf({ cancelsOnDeath: true });
    threads[0]?.die('x');
    await turnsAgain('hot');
    expect(read(CONTROL_CANCEL_ALL)).toBe(1);
  });

  it('C17: what a person stopped before or meanwhile stays stopped', async () => {
    await keeperOf();
    Atomics.store(views.i32, word(CONTROL_HALT), HALT_NEW_ORDERS);
    threads[0]?.die('x');
    await turnsAgain('hot');
    expect([read(CONTROL_HALT), read(CONTROL_CANCEL_ALL)]).toEqual([HALT_NEW_ORDERS, 0]);
    Atomics.store(views.i32, word(CONTROL_HALT), 0);
    nextStart = () => {
      Atomics.store(views.i32, word(CONTROL_TRADING_STATE), 2);
      Atomics.add(views.i32, word(CONTROL_CANCEL_ALL), 1);
      return Promise.resolve();
    };
    threads[2]?.die('x');
    await turnsAgain('hot', 2);
    // The executor that was to hear of it never did: it is said again.
    expect([read(CONTROL_HALT), read(CONTROL_CANCEL_ALL)]).toEqual([HALT_NEW_ORDERS, 2]);
  });

  it('C17: a run that is closing goes on closing', async () => {
    await keeperOf();
    Atomics.store(views.i32, word(CONTROL_RUN), RUN_CLOSING);
    threads[0]?.die('x');
    await turnsAgain('hot');
    expect(read(CONTROL_RUN)).toBe(RUN_CLOSING);
    nextStart = () => {
      Atomics.store(views.i32, word(CONTROL_RUN), RUN_STOPPING);
      return Promise.resolve();
    };
    threads[2]?.die('x');
    await turnsAgain('hot', 2);
    expect(read(CONTROL_RUN)).toBe(RUN_STOPPING);
  });

  it('C17: another is started only when the requests of the dead one are taken', async () => {
    await keeperOf();
    const ring = new SpscRing(views, plan.requests, RECORD_BYTES, plan.counts.ringRecords);
    ring.reserve();
    ring.commit();
    threads[0]?.die('x');
    await until(() => said.length >= 2);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(threads).toHaveLength(2);
    const gateway = new SpscRing(views, plan.requests, RECORD_BYTES, plan.counts.ringRecords);
    gateway.front();
    gateway.release();
    await turnsAgain('hot');
  });

  it('C17: a feed lane that died leaves no live book behind, and hot lane and orders are left alone', async () => {
    await keeperOf();
    const state = (bookBase(plan, 0) + BOOK_STATE) >> 2;
    views.i32[state] = BOOK_LIVE;
    let seen = -1;
    nextStart = () => {
      seen = views.i32[state] ?? -1;
      return Promise.resolve();
    };
    threads[1]?.die('no memory');
    await turnsAgain('feed-0');
    expect([seen, read(CONTROL_HALT), read(CONTROL_RUN), threads.length]).toEqual([BOOK_GAP, 0, RUN_TRADING, 3]);
    expect(threads[2]?.lane).toBe(FEED);
  });

  it('C17: the fourth death in ten minutes fails the run, starts that fail counted', async () => {
    const keeper = await keeperOf();
    threads[1]?.die('first');
    await turnsAgain('feed-0');
    nextStart = () => Promise.reject(new Error('no socket'));
    threads[0]?.die('second');
    await turnsAgain('hot');
    expect(keeper.restarts.map(({ why }) => why)).toEqual(['it died: first', 'it died: second', 'it could not start: no socket']);
    threads.at(-1)?.die('fourth');
    await until(() => failed.length > 0);
    expect(failed).toEqual(['lane hot: it died: fourth; 3 restarts in 10 minutes did not help']);
    expect([read(CONTROL_HALT), keeper.isHotAlive]).toEqual([HALT_ALL, false]);
  });

  it('C17: a recording does not wait for another lane', async () => {
    await keeperOf({ isStepped: true });
    threads[1]?.die('x');
    await until(() => failed.length > 0);
    expect(threads).toHaveLength(2);
  });

  it('C17: a stop waits for a restart that is under way, and after it no end is a death', async () => {
    const keeper = await keeperOf();
    let release: (() => void) | null = null;
    nextStart = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    threads[1]?.die('x');
    await until(() => threads.length === 3);
    let isStopped = false;
    const stopped = keeper.beginStop().then(() => (isStopped = true));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    openGate(release);
    await stopped;
    expect(keeper.feedThreads()).toEqual([threads[2]]);
    threads[0]?.die('x');
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([threads.length, failed]).toEqual([3, []]);
  });
});
