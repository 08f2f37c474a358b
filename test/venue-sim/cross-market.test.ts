/** ETHBTC: a market between two others of its venue. */
import { describe, expect, it } from 'vitest';
import type { Market } from '../../src/venue-sim/market/market.js';
import { MARKETS } from '../../src/venue-sim/markets.js';
import { createVenueWorld } from '../../src/venue-sim/world.js';
import { START_US } from './support/venue-client.js';

const SPOT = { startUs: START_US, only: ['binance-spot'] } as const;
const FEES = 0.999 ** 3;
/** Of a turn, after fees: what the strategy asks for by default. */
const LEAST_EDGE = 0.0003;

const bid = ({ engine, tickSize }: Market): number => engine.bids.bestTicks * tickSize;
const ask = ({ engine, tickSize }: Market): number => engine.asks.bestTicks * tickSize;

describe('the cross market', () => {
  it('changes nothing in the markets that were there without it', () => {
    const all = createVenueWorld({ seed: 5, ...SPOT });
    const without = createVenueWorld({ seed: 5, ...SPOT, markets: MARKETS.filter(({ symbol }) => symbol !== 'ETHBTC') });
    for (let step = 0; step < 200; step++) {
      all.step();
      without.step();
    }
    const kept = all.markets.filter(({ spec }) => spec.symbol !== 'ETHBTC');
    expect(kept.map(({ engine }) => engine.save())).toEqual(without.markets.map(({ engine }) => engine.save()));
  });

  it('leads around at a profit after three fees now and then, briefly, and mostly not', () => {
    const world = createVenueWorld({ seed: 1, ...SPOT });
    const [btc, eth, cross] = ['BTCUSDT', 'ETHUSDT', 'ETHBTC'].map((symbol) => world.markets.find(({ spec }) => spec.symbol === symbol));
    if (btc === undefined || eth === undefined || cross === undefined) throw new Error('no market');
    let open = 0;
    let episodes = 0;
    let wasOpen = false;
    let furthest = 0;
    const steps = 9_000;
    for (let step = 0; step < steps; step++) {
      world.step();
      const out = (FEES * bid(cross) * bid(btc)) / ask(eth) - 1;
      const back = (FEES * bid(eth)) / (ask(cross) * ask(btc)) - 1;
      const isOpen = Math.max(out, back) > LEAST_EDGE;
      if (isOpen) open++;
      if (isOpen && !wasOpen) episodes++;
      wasOpen = isOpen;
      furthest = Math.max(furthest, Math.abs(cross.middlePrice / (eth.middlePrice / btc.middlePrice) - 1));
    }
    expect(episodes).toBeGreaterThan(1);
    expect(open / steps).toBeLessThan(0.1);
    expect(furthest).toBeLessThan(0.03);
  });
});
