/** Money is neither made nor lost: random histories of two accounts against the living flow, on every venue, and the venue's own sum after each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VenueExchange } from '../../../src/venue-sim/exchange/exchange.js';
import type { Market } from '../../../src/venue-sim/market/market.js';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { createVenueWorld, type SavedWorld, type VenueWorld } from '../../../src/venue-sim/world.js';
import { times } from '../../support/torture.js';
import { START_US } from '../support/venue-client.js';

const VENUES: readonly VenueId[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      account: fc.nat(1),
      market: fc.nat(9),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      /** Ticks from the touch; null is a market order. */
      away: fc.option(fc.integer({ min: -30, max: 60 }), { freq: 6, nil: null }),
      usd: fc.integer({ min: 10, max: 400_000 }),
      timeInForce: fc.constantFrom('gtc' as const, 'gtc' as const, 'ioc' as const, 'fok' as const),
      postOnly: fc.boolean(),
      reduceOnly: fc.boolean(),
      selfTrade: fc.constantFrom('none' as const, 'expire-taker' as const, 'expire-maker' as const, 'expire-both' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), account: fc.nat(1), pick: fc.nat(50) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('amend' as const),
      account: fc.nat(1),
      pick: fc.nat(50),
      away: fc.integer({ min: -9, max: 20 }),
      percent: fc.integer({ min: 20, max: 180 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('leverage' as const),
      account: fc.nat(1),
      market: fc.nat(9),
      leverage: fc.integer({ min: 1, max: 100 }),
      isolated: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), steps: fc.integer({ min: 1, max: 30 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function act(world: VenueWorld, exchange: VenueExchange, taken: Step): void {
  if (taken.kind === 'time') {
    for (let count = 0; count < taken.steps; count++) world.step();
    return;
  }
  const account = exchange.testAccounts[taken.account];
  if (account === undefined) throw new Error('no account');
  const marketAt = (index: number): Market => {
    const market = exchange.markets[index % exchange.markets.length];
    if (market === undefined) throw new Error('no market');
    return market;
  };
  const open = exchange.openOrders(account);
  switch (taken.kind) {
    case 'place': {
      const market = marketAt(taken.market);
      const { side } = taken;
      const best = market.engine.side(side).bestTicks;
      // A market order of this size may have emptied the side.
      const touch = Number.isNaN(best) ? Math.round(market.middlePrice / market.tickSize) : best;
      const ticks = taken.away === null ? null : Math.max(1, touch + (side === 'buy' ? -taken.away : taken.away));
      const lotUsd = (market.spec.kind === 'inverse' ? market.lotSize : market.lotSize * market.middlePrice) * market.spec.contractValue;
      const lots = Math.max(1, Math.round(taken.usd / lotUsd));
      const { timeInForce, postOnly, selfTrade } = taken;
      const isSpot = market.spec.kind === 'spot';
      exchange.place(account, {
        market,
        side,
        ticks,
        lots,
        timeInForce,
        postOnly: postOnly && ticks !== null,
        selfTrade,
        ifWouldTake: 'cancel',
        reduceOnly: taken.reduceOnly && !isSpot,
      });
      return;
    }
    case 'cancel': {
      const order = open[taken.pick % Math.max(1, open.length)];
      if (order !== undefined) exchange.cancel(account, order);
      return;
    }
    case 'amend': {
      const order = open[taken.pick % Math.max(1, open.length)];
      if (order === undefined || order.ticks === null) return;
      const lots = Math.max(1, Math.round((order.lots * taken.percent) / 100));
      exchange.amend(account, order, { ticks: order.ticks + (order.side === 'buy' ? -taken.away : taken.away), lots });
      return;
    }
    case 'leverage': {
      const market = marketAt(taken.market);
      exchange.setMarginMode(account, market, taken.isolated ? 'isolated' : 'cross');
      exchange.setLeverage(account, market, taken.leverage);
    }
  }
}

/** What must be true between any two calls, besides the sums. */
function checkOrders(exchange: VenueExchange): void {
  for (const account of exchange.testAccounts) {
    for (const order of exchange.openOrders(account)) {
      const resting = order.market.engine.save();
      const found = [...resting.buy, ...resting.sell].filter(([, owner]) => owner === account.id);
      expect(found.map(([, , ticks, lots]) => `${ticks} ${lots}`)).toContain(`${order.ticks} ${order.lots - order.filledLots}`);
    }
    const locked = new Map<string, bigint>();
    for (const order of exchange.openOrders(account)) {
      if (order.market.spec.kind !== 'spot' || order.ticks === null) continue;
      const left = order.lots - order.filledLots;
      const { base, settle } = exchange.terms(order.market);
      const [asset, units] =
        order.side === 'buy'
          ? [settle.asset, exchange.valueOf(order.market, left, order.ticks)]
          : [
              base.asset,
              (BigInt(left * order.market.spec.lotUnits) * 10n ** BigInt(base.decimals)) / 10n ** BigInt(order.market.spec.qtyDecimals),
            ];
      locked.set(asset, (locked.get(asset) ?? 0n) + units);
    }
    for (const wallet of exchange.wallets(account)) {
      expect([wallet.terms.asset, wallet.locked]).toEqual([wallet.terms.asset, locked.get(wallet.terms.asset) ?? 0n]);
    }
    for (const market of exchange.markets) {
      const held = exchange.position(account, market).lots;
      const reduce = exchange.openOrders(account, market).filter((order) => order.reduceOnly);
      const sum = (side: 'buy' | 'sell'): number =>
        reduce.filter((order) => order.side === side).reduce((lots, order) => lots + order.lots - order.filledLots, 0);
      expect(sum('sell')).toBeLessThanOrEqual(Math.max(0, held));
      expect(sum('buy')).toBeLessThanOrEqual(Math.max(0, -held));
    }
  }
}

describe.each(VENUES)('money of %s', (venue) => {
  it(
    'adds up exactly after any history, and again after a restart',
    () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.array(step, { minLength: 30, maxLength: 60 }), (seed, steps) => {
          const world = createVenueWorld({ seed, startUs: START_US, only: [venue] });
          const exchange = world.exchangeOf(venue);
          for (let count = 0; count < 20; count++) world.step();
          for (const taken of steps) {
            act(world, exchange, taken);
            expect(exchange.audit()).toEqual([]);
          }
          checkOrders(exchange);
          const saved = JSON.parse(JSON.stringify(world.save())) as SavedWorld;
          const again = createVenueWorld({ seed, startUs: START_US, only: [venue] }, saved);
          expect(again.save()).toEqual(saved);
          for (let count = 0; count < 20; count++) {
            world.step();
            again.step();
          }
          expect(again.exchangeOf(venue).audit()).toEqual([]);
          const books = (one: VenueWorld): unknown => JSON.parse(JSON.stringify(one.exchangeOf(venue).save()));
          expect(books(again)).toEqual(books(world));
        }),
        { numRuns: times(4, 300) },
      );
    },
    times(120_000, 3_600_000),
  );
});
