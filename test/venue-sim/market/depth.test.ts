import { describe, expect, it } from 'vitest';
import type { Side } from '../../../src/venue-sim/engine/book-side.js';
import { DepthDiff, DepthHeld, DepthWindow, topOf, type LevelChange } from '../../../src/venue-sim/market/depth.js';
import { createVenueWorld } from '../../../src/venue-sim/world.js';
import { START_US } from '../support/venue-client.js';

const world = (): ReturnType<typeof createVenueWorld> => createVenueWorld({ seed: 3, startUs: START_US, only: ['bybit'] });

function apply(held: Map<number, number>, changes: readonly LevelChange[]): void {
  for (const [ticks, lots, isNew] of changes) {
    if (lots === 0) {
      expect(held.delete(ticks), `removal of level ${ticks} that the client was not given`).toBe(true);
      continue;
    }
    if (isNew !== undefined) expect(held.has(ticks)).toBe(!isNew);
    held.set(ticks, lots);
  }
}

function listed(held: Map<number, number>, side: Side): [number, number][] {
  return [...held].sort((a, b) => (side === 'buy' ? b[0] - a[0] : a[0] - b[0]));
}

describe('depth windows', () => {
  it.each([1, 25, 50, 200])('a client that follows the changes of the best %d levels always holds exactly those', (depth) => {
    const exchanges = world();
    const market = exchanges.markets[0];
    if (market === undefined) throw new Error('no market');
    const window = new DepthWindow(market.engine, depth);
    const held = { buy: new Map<number, number>(), sell: new Map<number, number>() };
    apply(held.buy, window.bids);
    apply(held.sell, window.asks);
    let changes = 0;
    for (let step = 0; step < 1_500; step++) {
      exchanges.step();
      if (step % 10 !== 0) continue;
      const change = window.advance();
      if (change === undefined) continue;
      changes++;
      apply(held.buy, change.bids);
      apply(held.sell, change.asks);
      expect(listed(held.buy, 'buy')).toEqual(topOf(market.engine.bids, depth));
      expect(listed(held.sell, 'sell')).toEqual(topOf(market.engine.asks, depth));
    }
    expect(changes).toBeGreaterThan(100);
  });

  it('a client that follows the whole book holds all of it, and is told which levels are new', () => {
    const exchanges = world();
    const market = exchanges.markets[1];
    if (market === undefined) throw new Error('no market');
    const book = new DepthHeld(market.engine);
    market.listen(book);
    const held = { buy: new Map<number, number>(), sell: new Map<number, number>() };
    apply(held.buy, book.levels('buy'));
    apply(held.sell, book.levels('sell'));
    for (let step = 0; step < 1_000; step++) {
      exchanges.step();
      if (step % 3 !== 0) continue;
      const change = book.advance();
      if (change === undefined) continue;
      apply(held.buy, change.bids);
      apply(held.sell, change.asks);
      expect(listed(held.buy, 'buy')).toEqual(topOf(market.engine.bids, Number.POSITIVE_INFINITY));
      expect(listed(held.sell, 'sell')).toEqual(book.levels('sell').map(([ticks, lots]) => [ticks, lots]));
    }
  });

  it('diffs name every changed level once, in order, with an unbroken chain of sequences', () => {
    const exchanges = world();
    const market = exchanges.markets[2];
    if (market === undefined) throw new Error('no market');
    const diff = new DepthDiff(market.engine);
    market.listen(diff);
    const held = {
      buy: new Map(topOf(market.engine.bids, 9_999).map(([a, b]) => [a, b])),
      sell: new Map(topOf(market.engine.asks, 9_999).map(([a, b]) => [a, b])),
    };
    let previous = market.engine.sequence;
    for (let step = 0; step < 800; step++) {
      exchanges.step();
      if (step % 7 !== 0) continue;
      const batch = diff.flush();
      if (batch === undefined) continue;
      expect(batch.previous).toBe(previous);
      expect(batch.first).toBeGreaterThan(previous);
      expect(batch.last).toBe(market.engine.sequence);
      previous = batch.last;
      expect(batch.bids.map(([ticks]) => ticks)).toEqual([...new Set(batch.bids.map(([ticks]) => ticks))].sort((a, b) => b - a));
      for (const [side, changes] of [
        ['buy', batch.bids],
        ['sell', batch.asks],
      ] as const) {
        for (const [ticks, lots] of changes)
          if (lots === 0) held[side].delete(ticks);
          else held[side].set(ticks, lots);
      }
      expect(listed(held.buy, 'buy')).toEqual(topOf(market.engine.bids, 9_999));
      expect(listed(held.sell, 'sell')).toEqual(topOf(market.engine.asks, 9_999));
    }
  });
});
