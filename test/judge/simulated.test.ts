/** Private stream and judge on the simulated venues: an account that trades through fills, cancels and a funding hour agrees to the last digit, and only then. */
import { describe, expect, it } from 'vitest';
import { isLive } from '../../src/judge/compare.js';
import { judge, openAccount, type Verdict } from '../../src/judge/judge.js';
import type { AccountOpening } from '../../src/judge/engine-account.js';
import type { VenueId } from '../../src/venue-sim/market/spec.js';
import { times } from '../support/torture.js';
import { TAG } from './scenes.js';
import { SimulatedAccount } from './simulated.js';

/** Funding is paid on 2026-08-09 at 08:00 UTC, at BitMEX at 12:00; less what the test needs until then. */
const LEAD_US = 12_000_000;
const FUNDING_US = 1_786_262_400_000_000;
const BITMEX_FUNDING_US = FUNDING_US + 4 * 3_600_000_000;
const VENUES: readonly VenueId[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];

async function verdictOf(world: SimulatedAccount, opening: AccountOpening, account = world.account): Promise<Verdict> {
  const { credentials, instruments } = world;
  const venue = world.venue.venue.id;
  return world.living(
    judge({
      http: world,
      clock: world,
      timers: world,
      tag: TAG,
      tries: 1,
      venues: [{ venue, rest: 'http://venue', credentials, instruments, opening, engine: () => Promise.resolve(account) }],
    }),
  );
}

describe.each(VENUES)('%s', (id) => {
  it('C9, C15: what the private stream told is what the venue has', { timeout: 60_000 }, async () => {
    const world = new SimulatedAccount(id, (id === 'bitmex' ? BITMEX_FUNDING_US : FUNDING_US) - LEAD_US);
    world.feed.start();
    const opening = await world.living(
      openAccount(
        { venue: id, rest: 'http://venue', credentials: world.credentials, instruments: world.instruments },
        { http: world, clock: world, timers: world },
      ),
    );
    await world.run(1);
    expect(world.told).toEqual([`private ${id}: up`, 'up']);
    world.told.length = 0;

    // Some at the touch, some through it, some behind it; some are taken back.
    for (let round = 0; round < times(14, 200); round++) {
      for (const instrument of world.instruments) {
        const price = world.marketOf(instrument).middlePrice;
        const least = Math.ceil(Number(instrument.minNotional) / price / Number(instrument.multiplier) / Number(instrument.lotSize));
        const size = Math.max(2, least * 3);
        await world.place(instrument, round % 2 === 0 ? 'buy' : 'sell', (round % 5) * 30 - 2, size + (round % 3));
      }
      // BitMEX takes two requests a second in the long run.
      await world.run(id === 'bitmex' && round > 10 ? 2 : 1);
      if (round % 4 === 3) for (const order of [...world.orders.values()].filter(isLive).slice(0, 2)) await world.cancel_(order);
    }
    await world.run(0.5);
    expect(world.told).toEqual([]);
    expect(world.fills.size).toBeGreaterThan(5);
    if (id !== 'binance-spot') expect(world.fundings.size).toBeGreaterThan(0);

    const verdict = await verdictOf(world, opening);
    expect(verdict.lines).toEqual([]);
    expect(verdict.foreign).toEqual([]);
    expect(verdict).toMatchObject({
      isClean: true,
      venues: [{ trades: world.fills.size, openOrders: [...world.orders.values()].filter(isLive).length }],
    });
    for (const [asset, total] of world.wallets) {
      const wallet = verdict.venues[0]?.assets.find((entry) => entry.asset === asset)?.wallet;
      if (wallet !== undefined) expect(Number(total)).toBe(Number(wallet));
    }

    const { account } = world;
    const withoutOne = { ...account, fills: account.fills.slice(1) };
    expect((await verdictOf(world, opening, withoutOne)).differences).toMatchObject({ orders: 0, fills: 1 });
    if (id !== 'binance-spot')
      expect((await verdictOf(world, opening, { ...account, fundings: [] })).differences.balances).toBeGreaterThan(0);

    // What happens while the stream is down is not told: the judge sees it.
    world.cut();
    world.told.length = 0;
    const [first] = world.instruments;
    if (first === undefined) throw new Error('no instruments');
    const unheard = await world.place(first, 'buy', -40, 50);
    const blind = await verdictOf(world, opening, account);
    expect(blind.lines.filter((line) => line.includes(unheard))).not.toEqual([]);
    await world.run(2);
    expect(world.told.at(-1)).toBe('up');
  });
});
