import { describe, expect, it } from 'vitest';
import { createVenueWorld, type SavedWorld, type VenueWorld } from '../../src/venue-sim/world.js';
import { START_US } from './support/venue-client.js';

const quotes = (world: VenueWorld): string[] =>
  world.markets.map(({ engine }) => `${engine.bids.bestTicks} ${engine.asks.bestTicks} ${engine.sequence} ${engine.orderCount}`);

const run = (world: VenueWorld, steps: number): VenueWorld => {
  for (let step = 0; step < steps; step++) world.step();
  return world;
};

describe('venue world', () => {
  it('is repeated by its seed, whatever the start time and the size of the steps of the clock', () => {
    const one = run(createVenueWorld({ seed: 11, startUs: START_US }), 500);
    const two = createVenueWorld({ seed: 11, startUs: START_US + 77_000_000 });
    for (let nowUs = two.nowUs; two.steps < 500; nowUs += 13_700) two.advance(nowUs);
    expect(quotes(two)).toEqual(quotes(one));
    expect(quotes(run(createVenueWorld({ seed: 12, startUs: START_US }), 500))).not.toEqual(quotes(one));
  });

  it('gives a venue the same market whether or not others run beside it', () => {
    const all = run(createVenueWorld({ seed: 5, startUs: START_US }), 300);
    const alone = run(createVenueWorld({ seed: 5, startUs: START_US, only: ['bitmex'] }), 300);
    const ofAll = all.marketsOf('bitmex').map(({ engine }) => engine.save());
    expect(alone.markets.map(({ engine }) => engine.save())).toEqual(ofAll);
  });

  it('goes on after save and load as if it had never stopped', () => {
    const first = run(createVenueWorld({ seed: 4, startUs: START_US, only: ['binance-coinm', 'bybit'] }), 400);
    const saved = JSON.parse(JSON.stringify(first.save())) as SavedWorld;
    const second = createVenueWorld({ seed: 4, startUs: START_US, only: ['binance-coinm', 'bybit'] }, saved);
    expect(second.save()).toEqual(saved);
    run(first, 400);
    run(second, 400);
    expect(second.save()).toEqual(JSON.parse(JSON.stringify(first.save())));
  });

  it('is never crossed, never one-sided, and keeps the size of its books', () => {
    const world = createVenueWorld({ seed: 21, startUs: START_US });
    for (let step = 0; step < 3_000; step++) {
      world.step();
      if (step % 20 !== 0) continue;
      for (const { engine, spec } of world.markets) {
        expect(engine.bids.bestTicks).toBeLessThan(engine.asks.bestTicks);
        expect(engine.orderCount).toBeGreaterThan(spec.flow.levelsPerSide);
        expect(engine.orderCount).toBeLessThan(spec.flow.levelsPerSide * 4);
      }
    }
  });

  it('moves enough for a grid of 0.25 % steps to fill and refill within a minute or two', () => {
    const world = createVenueWorld({ seed: 2, startUs: START_US, only: ['binance-spot'] });
    const market = world.markets[0];
    if (market === undefined) throw new Error('no market');
    const step = 0.0025;
    let line = market.middlePrice;
    let ups = 0;
    let downs = 0;
    for (let quantum = 0; quantum < 12_000; quantum++) {
      world.step();
      // A line counts when the price has come a whole step away from the last one that did.
      if (market.middlePrice >= line * (1 + step)) {
        line *= 1 + step;
        ups++;
      } else if (market.middlePrice <= line * (1 - step)) {
        line *= 1 - step;
        downs++;
      }
    }
    expect(Math.min(ups, downs)).toBeGreaterThanOrEqual(3);
  });

  it('lets cross-venue prices open beyond both taker fees now and then, briefly, and mostly not', () => {
    const world = createVenueWorld({ seed: 1, startUs: START_US, only: ['binance-usdm', 'bybit'] });
    const [usdm] = world.marketsOf('binance-usdm');
    const bybit = world.marketsOf('bybit').find(({ spec }) => spec.kind === 'linear' && spec.asset === 'BTC');
    if (usdm === undefined || bybit === undefined) throw new Error('no market');
    const fees = Number(usdm.spec.takerFee) + Number(bybit.spec.takerFee);
    let open = 0;
    let episodes = 0;
    let brief = 0;
    let since = -1;
    for (let step = 0; step < 30_000; step++) {
      world.step();
      const buyBybit = (usdm.engine.bids.bestTicks * usdm.tickSize) / (bybit.engine.asks.bestTicks * bybit.tickSize) - 1;
      const sellBybit = (bybit.engine.bids.bestTicks * bybit.tickSize) / (usdm.engine.asks.bestTicks * usdm.tickSize) - 1;
      const isOpen = Math.max(buyBybit, sellBybit) > fees;
      if (isOpen) open++;
      if (isOpen && since === -1) {
        since = step;
        episodes++;
      }
      if (!isOpen && since !== -1) {
        if (step - since <= 10) brief++;
        since = -1;
      }
    }
    expect(episodes).toBeGreaterThan(5);
    expect(open / 30_000).toBeLessThan(0.2);
    expect(brief).toBeGreaterThan(0);
  });

  it('treats a foreign order as its own kind: hit when the price comes, in its place in the queue, never moved or taken away', () => {
    const world = createVenueWorld({ seed: 9, startUs: START_US, only: ['binance-usdm'] });
    const market = world.markets[0];
    if (market === undefined) throw new Error('no market');
    run(world, 100);
    const { engine } = market;
    const orders = [20, 60, 150, 400].flatMap((away) => [
      { side: 'buy' as const, ticks: engine.bids.bestTicks - away },
      { side: 'sell' as const, ticks: engine.asks.bestTicks + away },
    ]);
    const placed = orders.map(({ side, ticks }) => {
      const ahead = engine.levelLots(side, ticks);
      return {
        side,
        ticks,
        ahead,
        ...engine.submit({ owner: 5_000, side, ticks, lots: 40, timeInForce: 'gtc', postOnly: true }),
        filled: 0,
      };
    });
    for (const order of placed) expect(engine.lotsAhead(order.orderId)).toBe(order.ahead);
    let fills = 0;
    for (let step = 0; step < 6_000; step++) {
      world.step();
      for (const trade of market.freshTrades) {
        const order = placed.find(({ orderId }) => orderId === trade.makerOrderId);
        if (order === undefined) continue;
        fills++;
        order.filled += trade.lots;
        expect([trade.ticks, trade.takerSide]).toEqual([order.ticks, order.side === 'buy' ? 'sell' : 'buy']);
      }
      for (const order of placed) expect(order.filled + (engine.order(order.orderId)?.lots ?? 0)).toBe(40);
    }
    expect(fills).toBeGreaterThan(3);
    expect(placed.filter(({ filled }) => filled === 40).length).toBeGreaterThan(2);
  });

  it('is not moved by a foreign wall further than the book goes, and comes to it', () => {
    const world = createVenueWorld({ seed: 9, startUs: START_US, only: ['bitmex'] });
    const market = world.markets[0];
    if (market === undefined) throw new Error('no market');
    run(world, 100);
    const { engine } = market;
    const ticks = engine.bids.bestTicks - 30;
    const wall = engine.submit({ owner: 5_000, side: 'buy', ticks, lots: 50_000_000, timeInForce: 'gtc' });
    run(world, 6_000);
    expect(engine.order(wall.orderId)?.lots ?? 0).toBeLessThan(50_000_000);
    expect(engine.bids.bestTicks).toBeGreaterThanOrEqual(ticks);
    expect(engine.asks.bestTicks).toBeGreaterThan(engine.bids.bestTicks);
  });

  it('catches up in turns of the given size, so that a world that is behind does not keep its sockets waiting', () => {
    const world = createVenueWorld({ seed: 1, startUs: START_US, only: ['bitmex'] });
    expect([1, 2, 3].map(() => world.advance(START_US + 1_200_000, 50))).toEqual([50, 50, 20]);
    expect(world.skippedUs).toBe(0);
    expect(world.nowUs).toBe(START_US + 1_200_000);
  });

  it('does not live through a long sleep of the process, and says how much it left out', () => {
    const world = createVenueWorld({ seed: 1, startUs: START_US, only: ['bitmex'] });
    expect(world.advance(START_US + 3_600_000_000)).toBeLessThan(5);
    expect(world.skippedUs).toBeGreaterThan(3_590_000_000);
    expect(world.nowUs).toBeGreaterThan(START_US + 3_599_000_000);
  });
});
