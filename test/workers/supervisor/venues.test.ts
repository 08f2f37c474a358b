/** The supervisor's own small code against simulated venues, in each venue's protocol. */
import { afterEach, describe, expect, it } from 'vitest';
import { clientOrderIdOf, makeOrderId } from '../../../src/core/numbers/ids.js';
import { NodeHttpClient } from '../../../src/net/http-client.js';
import { SystemTimers } from '../../../src/workers/clock.js';
import { cancelAll } from '../../../src/workers/supervisor/cancel-all.js';
import { venueOrdersOf } from '../../../src/workers/supervisor/venues.js';
import { SteppedVenue } from '../../venue-sim/support/stepped-venue.js';
import { PLACES, standing } from './venues.js';

const TAG = 'sup';
const RUN = 3;
/** Orders of ours in each market: few enough for a venue's limit on orders in one moment. */
const EACH = 3;
const timers = new SystemTimers(1);
const http = new NodeHttpClient({ timers });
const open: SteppedVenue[] = [];

afterEach(async () => {
  for (const venue of open.splice(0)) await venue.stop();
});

const ours = (level: number): string => clientOrderIdOf(makeOrderId(RUN, 0, level, 1), TAG);

describe('a supervisor at a venue', () => {
  for (const [id, places] of Object.entries(PLACES)) {
    it(`C17: cancels our orders at ${id} on every market and leaves the others`, async () => {
      const venue = await SteppedVenue.start(id as keyof typeof PLACES);
      open.push(venue);
      await venue.run(1);
      let level = 0;
      for (const place of places) {
        for (let n = 0; n < EACH; n++) await place(venue, ours(level++));
        await place(venue, `manual-${level}`);
      }
      expect(standing(venue)).toHaveLength((EACH + 1) * places.length);
      const supervised = { id, rest: venue.rest, apiKey: venue.apiKey, secret: venue.secret };
      const orders = venueOrdersOf({ http, venue: supervised, nowMs: () => venue.venue.world.nowUs / 1000 });
      const pause = async (): Promise<void> => venue.run(1);
      const lines: unknown[] = [];
      const result = await cancelAll(id, orders!, { tag: TAG, run: RUN, pause, log: (line) => lines.push(line) });
      expect([result, lines]).toEqual([{ venue: id, cancelled: level, left: 0, error: '' }, []]);
      expect(standing(venue).toSorted()).toEqual(places.map((_, at) => `manual-${(at + 1) * EACH}`).toSorted());
    });
  }

  it('C17: more orders than Bybit lets cancel in a second take seconds, not rounds', async () => {
    const venue = await SteppedVenue.start('bybit');
    open.push(venue);
    const [place] = PLACES.bybit;
    for (let level = 0; level < 35; level++) {
      // The limit on placing them.
      if (level % 10 === 0) await venue.run(1.1);
      await place(venue, ours(level));
    }
    const supervised = { id: 'bybit', rest: venue.rest, apiKey: venue.apiKey, secret: venue.secret };
    const orders = venueOrdersOf({ http, venue: supervised, nowMs: () => venue.venue.world.nowUs / 1000 });
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => {
      pauses.push(ms);
      await venue.run(ms / 1000);
    };
    const lines: unknown[] = [];
    const result = await cancelAll('bybit', orders!, { tag: TAG, run: RUN, pause, log: (line) => lines.push(line) });
    expect([result, lines]).toEqual([{ venue: 'bybit', cancelled: 35, left: 0, error: '' }, []]);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(6_000);
  });

  it('C17: a clock that runs away from the venue is set again', async () => {
    const venue = await SteppedVenue.start('binance-usdm');
    open.push(venue);
    await venue.run(1);
    const supervised = { id: 'binance-usdm', rest: venue.rest, apiKey: venue.apiKey, secret: venue.secret };
    let aheadMs = 0;
    const orders = venueOrdersOf({ http, venue: supervised, nowMs: () => venue.venue.world.nowUs / 1000 + aheadMs });
    expect(await orders!.open()).toEqual([]);
    aheadMs = 60_000;
    expect(await orders!.open()).toEqual([]);
  });

  it('C17: a wrong key is said in the words of the venue, without the key', async () => {
    const venue = await SteppedVenue.start('bybit');
    open.push(venue);
    const supervised = { id: 'bybit', rest: venue.rest, apiKey: venue.apiKey, secret: 'not-the-secret' };
    const orders = venueOrdersOf({ http, venue: supervised, nowMs: () => 0 });
    const failure = await orders!.open().catch((error: unknown) => String(error));
    expect(failure).toMatch(/10004/);
    expect(failure).not.toContain('not-the-secret');
    expect(failure).not.toContain(venue.apiKey);
  });

  it('a venue that is not known here is none', () => {
    expect(venueOrdersOf({ http, venue: { id: 'okx', rest: '', apiKey: '', secret: '' }, nowMs: () => 0 })).toBeNull();
  });
});
