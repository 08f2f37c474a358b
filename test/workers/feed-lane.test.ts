/** Feeds of a lane that takes another's place, on the same memory; no socket is opened. */
import { describe, expect, it } from 'vitest';
import { COUNTER_BLOCK_BYTES, CounterBlock, VENUE_COUNTERS } from '../../src/core/memory/counters.js';
import type { Feed } from '../../src/feeds/feed.js';
import { buildFeedLane } from '../../src/workers/feed-lane.js';
import type { LaneClock } from '../../src/workers/market-clock.js';
import { ManualTime } from '../support/manual-host.js';
import { laneData, memoryOf, TABLES } from './lane-fixture.js';

const SECOND_US = 1_000_000;
const memory = memoryOf();
const time = new ManualTime();
const clock: LaneClock = { nowUs: () => time.nowUs(), wallUs: () => time.nowUs(), wallAt: (at) => at };
const counters = new CounterBlock(
  memory.views,
  memory.plan.venueCounters + COUNTER_BLOCK_BYTES * TABLES.venues.indexOf('bybit'),
  VENUE_COUNTERS,
);

function feedOf(venue: string): Feed {
  const { feeds } = buildFeedLane(laneData(memory, { lane: 2 }), 0, {
    clock,
    marketTimers: time,
    wallTimers: time,
    bells: [],
    note: () => undefined,
    error: (_source, error) => {
      throw error;
    },
  });
  const feed = feeds.find(({ venue: { id } }) => id === venue);
  if (feed === undefined) throw new Error(`no feed of ${venue}`);
  return feed;
}

describe('the feeds of a lane', () => {
  it('C17: count on where a lane that died had stopped; what is now is not added up', () => {
    const first = feedOf('bybit');
    first.stats.frames = 7;
    first.gaps = 2;
    first.step(SECOND_US);
    first.stats.frames = 9;
    first.step(2 * SECOND_US);
    expect([counters.get('messages'), counters.get('gaps')]).toEqual([9, 2]);
    const connections = counters.get('connections');
    expect(connections).toBeGreaterThan(0);

    const second = feedOf('bybit');
    expect(counters.get('messages')).toBe(9);
    second.step(3 * SECOND_US);
    expect([counters.get('messages'), counters.get('gaps')]).toEqual([9, 2]);
    second.stats.frames = 4;
    second.step(4 * SECOND_US);
    expect([counters.get('messages'), counters.get('gaps'), counters.get('connections')]).toEqual([13, 2, connections]);
  });
});
