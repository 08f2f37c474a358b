/** The dead-man switches of venues that have one, against the venues themselves: an engine that stops giving signs of life loses its orders there. */
import { expect, it } from 'vitest';
import type { VenueId } from '../../../../src/venue-sim/market/spec.js';
import { orderId } from './gateway-bench.js';
import { SimLoop } from './sim-loop.js';

const TIMEOUT_MS = 12_000;

/** An order that rests on every instrument of the venue. */
async function resting(id: VenueId): Promise<SimLoop> {
  const loop = await SimLoop.start(id, { deadManMs: TIMEOUT_MS });
  const { instruments } = loop.bench.tables;
  for (const { index } of instruments)
    loop.bench.ask({ orderId: orderId(index + 1), instrument: index, price: loop.farBid(index), qty: 5_000 });
  await loop.until('everything rests', () => loop.openAtVenue().length === instruments.length, 5_000);
  return loop;
}

it.each<VenueId>(['binance-usdm', 'binance-coinm', 'bitmex', 'bybit'])(
  'C12: %s keeps the orders of an engine that lives, and cancels those of one whose executor stopped turning',
  async (id) => {
    const loop = await resting(id);
    const count = loop.openAtVenue().length;
    expect(count).toBeGreaterThan(0);
    await loop.run(3 * TIMEOUT_MS);
    expect(loop.openAtVenue()).toHaveLength(count);
    loop.bench.isAlive = false;
    await loop.run(TIMEOUT_MS / 3);
    expect(loop.openAtVenue()).toHaveLength(count);
    await loop.until('the venue cancels', () => loop.openAtVenue().length === 0, 2 * TIMEOUT_MS);
  },
);

it('C12: bybit cancels when the private stream is gone for so long, and not when it is back before', async () => {
  const loop = await resting('bybit');
  const count = loop.openAtVenue().length;
  const { feed } = loop;
  if (feed === null) throw new Error('there is no private stream');
  feed.reconnect();
  await loop.run(2 * TIMEOUT_MS);
  expect(loop.openAtVenue()).toHaveLength(count);
  feed.stop();
  await loop.run(TIMEOUT_MS - 1_000);
  expect(loop.openAtVenue()).toHaveLength(count);
  await loop.run(2_000);
  expect(loop.openAtVenue()).toHaveLength(0);
});

it('C12: a clean stop takes the switch off, and what rests stays', async () => {
  const loop = await resting('bitmex');
  loop.bench.gateway.beginStop();
  await loop.run(3 * TIMEOUT_MS);
  expect(loop.openAtVenue()).toHaveLength(loop.bench.tables.instruments.length);
});
