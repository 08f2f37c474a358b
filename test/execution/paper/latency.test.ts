import { describe, expect, it } from 'vitest';
import { Latency } from '../../../src/execution/paper/latency.js';
import { depositOf, describeOptions, PAPER_DEFAULTS } from '../../../src/execution/paper/options.js';
import { Travel } from '../../../src/execution/paper/travel.js';

/** A small generator with a seed (Lehmer). */
function seeded(seed: number): { next(): number } {
  let state = seed;
  return { next: () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 };
}

describe('latency', () => {
  it('without spread it is the same every time and draws nothing', () => {
    const latency = new Latency(5, 0, {
      next: () => {
        throw new Error('drew a number');
      },
    });
    expect([latency.nextUs(), latency.nextUs()]).toEqual([5_000, 5_000]);
  });

  it('with spread it lies around its median, as wide as sigma says, and repeats from a seed', () => {
    const draw = (seed: number): number[] => {
      const latency = new Latency(5, 0.25, seeded(seed));
      return Array.from({ length: 4_001 }, () => latency.nextUs());
    };
    const sorted = draw(7).toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
    expect(Math.abs(at(0.5) / 5_000 - 1)).toBeLessThan(0.03);
    expect(Math.abs(at(0.841) / (5_000 * Math.exp(0.25)) - 1)).toBeLessThan(0.05);
    expect(sorted.every((us) => us > 0)).toBe(true);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
  });

  it('nothing overtakes what was sent before it', () => {
    const travel = new Travel<number>(new Latency(5, 1, seeded(3)));
    const seen: number[] = [];
    for (let n = 0; n < 500; n++) {
      travel.send(n, n * 100);
      for (let item = travel.peek(n * 100); item !== null; item = travel.peek(n * 100)) {
        seen.push(item);
        travel.drop();
      }
    }
    const before = seen.length;
    for (let item = travel.peek(Infinity); item !== null; item = travel.peek(Infinity)) {
      seen.push(item);
      travel.drop();
    }
    expect(before).toBeGreaterThan(100);
    expect(seen).toEqual(Array.from({ length: 500 }, (_, n) => n));
    expect(travel.nextDueUs()).toBe(Infinity);
  });
});

describe('options', () => {
  it('deposits are configured by venue and asset, else by asset, else common', () => {
    const options = { ...PAPER_DEFAULTS, balances: { bybit: { BTC: '2' } } };
    expect(['BTC', 'ETH', 'USDT'].map((asset) => depositOf(options, 'bybit', asset))).toEqual(['2', '100', '1000000']);
    expect(depositOf(options, 'bitmex', 'BTC')).toBe('10');
  });

  it('the report names model, latencies and fees', () => {
    expect(describeOptions(PAPER_DEFAULTS)).toBe(
      'fills: queue; order 5 ms, answer 5 ms (lognormal, sigma 0.25); fees: default tier, rounded up to 1e-8',
    );
  });
});
