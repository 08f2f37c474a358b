import { describe, expect, it } from 'vitest';
import { layLanes, venuesOfFeedLane } from '../../src/workers/lanes.js';

const VENUES = 5;

describe('layLanes', () => {
  it.each([
    [1, ['all']],
    [2, ['service', 'hot', 'feed-0']],
    [3, ['service', 'hot', 'feed-0']],
    [4, ['service', 'hot', 'feed-0']],
    [5, ['service', 'hot', 'feed-0']],
    [6, ['service', 'hot', 'feed-0', 'feed-1']],
    [7, ['service', 'hot', 'feed-0', 'feed-1']],
    [8, ['service', 'hot', 'feed-0', 'feed-1', 'feed-2']],
    [16, ['service', 'hot', 'feed-0', 'feed-1', 'feed-2']],
  ])('auto on %i cores gives %j', (cores, names) => {
    expect(layLanes('auto', 'auto', cores, VENUES).names).toEqual(names);
  });

  it('auto never warns and never spins more threads than there are cores to spare', () => {
    for (let cores = 1; cores <= 16; cores++) {
      const layout = layLanes('auto', 'auto', cores, VENUES);
      expect(layout.warning).toBeNull();
      expect(layout.wait).toBe(cores >= 4 ? 'spin' : 'balanced');
      if (layout.wait === 'spin') expect(cores).toBeGreaterThan(1);
    }
  });

  it('names each lane once, with the hot lane and the feeds where their indexes say', () => {
    for (let cores = 1; cores <= 16; cores++) {
      for (const asked of ['auto', 1, 2, 3, 6] as const) {
        const { names, hotLane, feedLanes, isSingle } = layLanes(asked, 'auto', cores, VENUES);
        expect(new Set(names).size).toBe(names.length);
        expect(isSingle).toBe(names.length === 1);
        expect(names[hotLane]).toBe(isSingle ? 'all' : 'hot');
        expect(feedLanes.map((lane) => names[lane])).toEqual(isSingle ? ['all'] : feedLanes.map((_, index) => `feed-${index}`));
      }
    }
  });

  it('takes what was asked whatever the cores, but no feed lane without a venue', () => {
    expect(layLanes(1, 'auto', 16, VENUES).names).toEqual(['all']);
    expect(layLanes(2, 'auto', 1, VENUES).names).toEqual(['service', 'hot', 'feed-0']);
    expect(layLanes(6, 'auto', 2, VENUES).feedLanes).toEqual([2, 3, 4, 5, 6]);
    expect(layLanes(64, 'auto', 16, 2).feedLanes).toEqual([2, 3]);
    expect(layLanes('auto', 'auto', 16, 1).feedLanes).toEqual([2]);
  });

  it('warns when the spinning lane would have no core to itself', () => {
    expect(layLanes(2, 'spin', 1, VENUES).warning).toMatch(/^--wait spin on 1 core:/);
    expect(layLanes(2, 'spin', 2, VENUES).warning).toBeNull();
    expect(layLanes(2, 'balanced', 1, VENUES).warning).toBeNull();
    // One lane is an event loop, which does not spin.
    expect(layLanes(1, 'spin', 1, VENUES).warning).toBeNull();
  });

  it('lets feed lanes spin too where that leaves a core', () => {
    for (let cores = 1; cores <= 16; cores++) {
      for (const asked of ['auto', 1, 2, 3, 6] as const) {
        const { feedsSpin, feedLanes, isSingle } = layLanes(asked, 'spin', cores, VENUES);
        expect(feedsSpin).toBe(!isSingle && 1 + feedLanes.length < cores);
        expect(layLanes(asked, 'balanced', cores, VENUES).feedsSpin).toBe(false);
      }
    }
  });

  it('keeps the way of waiting that was asked for', () => {
    expect(layLanes('auto', 'eco', 16, VENUES).wait).toBe('eco');
    expect(layLanes('auto', 'spin', 2, VENUES).wait).toBe('spin');
  });
});

describe('venuesOfFeedLane', () => {
  it('deals every venue to exactly one lane, in turn', () => {
    const venues = ['a', 'b', 'c', 'd', 'e'];
    expect([0, 1].map((lane) => venuesOfFeedLane(venues, lane, 2))).toEqual([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
    for (let count = 1; count <= 5; count++) {
      const dealt = Array.from({ length: count }, (_, lane) => venuesOfFeedLane(venues, lane, count));
      expect(dealt.flat().toSorted()).toEqual(venues);
      for (const some of dealt) expect(some.length).toBeGreaterThan(0);
    }
  });
});
