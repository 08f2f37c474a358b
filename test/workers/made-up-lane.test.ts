/** The lane that a warm-up and its rehearsals run on: scratch memory, a made-up market, venues that answer. */
import { describe, expect, it } from 'vitest';
import { MadeUpLane } from '../../src/workers/made-up-lane.js';
import { instrument, laneData, memoryOf, TABLES } from './lane-fixture.js';

const SPOT = { kind: 'spot', settle: 'USDT', feeAssetBuy: 'BTC' } as const;
const INVERSE = {
  kind: 'inverse',
  quote: 'USD',
  settle: 'BTC',
  tickSize: '0.5',
  lotSize: '100',
  minQty: '100',
  minNotional: '0',
  multiplier: '1',
} as const;

/** Every kind of contract, at two venues. */
const KINDS = {
  ...TABLES,
  venues: ['binance-spot', 'bybit'],
  assets: ['BTC', 'USDT', 'USD'],
  instruments: [
    instrument('binance-spot:BTCUSDT', 0, SPOT),
    instrument('bybit:linear:BTCUSDT', 1),
    instrument('bybit:inverse:BTCUSD', 2, INVERSE),
    instrument('bybit:linear:ETHUSDT', 3, { base: 'ETH' }),
  ],
  strategies: [
    { index: 0, name: 'one', kind: 'grid', pnlKind: 'grid' as const, instruments: [0, 1] },
    { index: 1, name: 'two', kind: 'grid', pnlKind: 'grid' as const, instruments: [1, 2] },
  ],
};

describe('MadeUpLane', () => {
  it('drills without end: orders flow as fast after a long time as at first', () => {
    const lane = MadeUpLane.drill(laneData(memoryOf(KINDS), { tables: KINDS }));
    const sentIn = (steps: number): number => {
      const before = lane.orders();
      for (let n = 0; n < steps; n++) lane.step();
      return lane.orders() - before;
    };
    const first = sentIn(3_000);
    expect(first).toBeGreaterThan(1_000);
    sentIn(30_000);
    expect(sentIn(3_000) / first).toBeCloseTo(1, 1);
  });

  it('turns nothing outside of its scratch memory', () => {
    const data = laneData(memoryOf(KINDS), { tables: KINDS });
    const bytes = new Uint8Array(data.buffer).fill(7);
    const lane = MadeUpLane.drill(data);
    for (let n = 0; n < 1_000; n++) lane.step();
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });

  it('has no market where nothing is traded, and turns all the same', () => {
    const none = { ...KINDS, strategies: [] };
    const lane = MadeUpLane.drill(laneData(memoryOf(none), { tables: none }));
    for (let n = 0; n < 10; n++) lane.step();
    expect(lane.orders()).toBe(0);
  });
});
