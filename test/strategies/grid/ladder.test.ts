/** Ladders by table: prices, sizes, and every refusal with its numbers. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/numbers/errors.js';
import { SIDE_BUY } from '../../../src/core/memory/record.js';
import type { Instrument } from '../../../src/core/orders/instrument.js';
import grid from '../../../src/strategies/grid.js';
import { roundTrip } from '../../../src/strategies/grid/cost.js';
import { leastLots, makeLadder, type Ladder } from '../../../src/strategies/grid/ladder.js';
import { gridSettings } from '../../../src/strategies/grid/params.js';
import { instrumentOf } from '../../support/instruments.js';
import { paramsOf } from '../harness.js';

function ladder(given: Record<string, unknown>, anchorTicks = 600_000, over: Partial<Instrument> = {}): Ladder {
  return makeLadder('g', gridSettings('g', paramsOf(grid, given)), instrumentOf(over), anchorTicks);
}

function lines(of: Ladder): string[] {
  return Array.from({ length: of.count }, (_, i) => `${of.homeSide[i] === SIDE_BUY ? 'B' : 'S'} ${of.buyTicks[i]}-${of.sellTicks[i]}`);
}

describe('levels', () => {
  it('stand at equal differences around the anchor, each with its neighbour as counter price', () => {
    expect(lines(ladder({ step: '1%', count: 2, size: '0.01' }))).toEqual([
      'B 588000-594000',
      'B 594000-600000',
      'S 600000-606000',
      'S 606000-612000',
    ]);
  });

  it('stand at equal ratios when geometric', () => {
    expect(lines(ladder({ step: '1%', count: 2, size: '0.01', spacing: 'geometric' }))).toEqual([
      'B 588177-594059',
      'B 594059-600000',
      'S 600000-606000',
      'S 606000-612060',
    ]);
  });

  it('take an absolute step, one-sided counts and an own profit distance', () => {
    expect(lines(ladder({ step: '300', buyLevels: 2, sellLevels: 0, size: '0.01', profit: '450' }))).toEqual([
      'B 594000-598500',
      'B 597000-601500',
    ]);
    expect(lines(ladder({ step: '300', buyLevels: 0, sellLevels: 1, size: '0.01', profit: '1%' }))).toEqual(['S 596970-603000']);
  });

  it('fill a range, leaving the edge nearest to the anchor empty', () => {
    const range = { lower: '59000', upper: '61000', grids: 4, size: '0.01' };
    expect(lines(ladder(range))).toEqual(['B 590000-595000', 'B 595000-600000', 'S 600000-605000', 'S 605000-610000']);
    expect(lines(ladder(range, 603_000))).toEqual(['B 590000-595000', 'B 595000-600000', 'B 600000-605000', 'S 605000-610000']);
    expect(lines(ladder(range, 700_000)).every((line) => line.startsWith('B'))).toBe(true);
  });

  it('open by buying only when long and by selling only when short', () => {
    expect(lines(ladder({ step: '1%', count: 2, size: '0.01', direction: 'long' })).every((line) => line.startsWith('B'))).toBe(true);
    expect(lines(ladder({ step: '1%', count: 2, size: '0.01', direction: 'short' })).every((line) => line.startsWith('S'))).toBe(true);
    expect(() => ladder({ step: '1%', count: 2, size: '0.01', direction: 'short' }, 600_000, { kind: 'spot' })).toThrow(
      /short needs contracts/,
    );
  });
});

describe('sizes', () => {
  it('share the investment: equal quantity when arithmetic, equal value when geometric', () => {
    const equal = ladder({ lower: '59000', upper: '61000', grids: 4, investment: '2400' });
    expect([...equal.qtyLots]).toEqual([10, 10, 10, 10]);
    const value = ladder({ lower: '30000', upper: '60000', grids: 2, investment: '3000', spacing: 'geometric' }, 600_000);
    expect([...value.qtyLots]).toEqual([50, 35]);
  });

  it('count an inverse contract by its value', () => {
    const inverse = ladder({ step: '1%', count: 1, investment: '1000' }, 600_000, {
      kind: 'inverse',
      lotSize: '1',
      multiplier: '100',
      minQty: '1',
      minNotional: '0',
    });
    expect([...inverse.qtyLots]).toEqual([5, 5]);
  });

  it('follow a profile', () => {
    expect([...ladder({ step: '1%', buyLevels: 3, sellLevels: 0, size: '0.012', profile: 'mountain' }).qtyLots]).toEqual([9, 18, 9]);
    expect([...ladder({ step: '1%', buyLevels: 3, sellLevels: 0, size: '0.015', profile: 'valley' }).qtyLots]).toEqual([18, 9, 18]);
  });

  it('never count below the least value of the venue', () => {
    expect(leastLots(instrumentOf({ minNotional: '100', minQty: '0.001' }), 600_000)).toBe(2);
    expect(leastLots(instrumentOf({ minNotional: '0', minQty: '0.004' }), 600_000)).toBe(4);
    expect(leastLots(instrumentOf({ minNotional: '120', minQty: '0.001' }), 600_000)).toBeGreaterThanOrEqual(2);
  });
});

describe('the cost of a round trip', () => {
  it('B16: is compared exactly with what the step earns', () => {
    // 0.1 % a side: a step s pays when s > 0.001 x (2 + s).
    expect(roundTrip(1_000_000, 1_002_002, '0.001', '0').pays).toBe(false);
    expect(roundTrip(1_000_000, 1_002_003, '0.001', '0').pays).toBe(true);
    expect(roundTrip(999, 1001, '0.001', '0').pays).toBe(false); // exactly equal is not enough
    expect(roundTrip(1_000, 1_001, '-0.0001', '0').pays).toBe(true);
    expect(roundTrip(1_000_000, 1_005_000, '0.001', '0.003').pays).toBe(false);
  });

  it('B16: refuses a grid whose step is below it, with the numbers', () => {
    const make = (): Ladder => ladder({ step: '0.03%', count: 2, size: '0.01' });
    expect(make).toThrow(UsageError);
    expect(make).toThrow(/step below cost.*0\.03.*0\.04.*0\.0002 each, maker.*needed: more than 0\.04001 %/);
  });

  it('counts taker fees when the grid may take', () => {
    expect(() => ladder({ step: '0.05%', count: 2, size: '0.01', postOnly: false })).toThrow(/taker/);
    expect(lines(ladder({ step: '0.05%', count: 2, size: '0.01' }))).toHaveLength(4);
  });

  it('is what the automatic step stays above', () => {
    const spot = ladder({ count: 3, size: '0.01' }, 600_000, { makerFee: '0.001' });
    expect(spot.sellTicks[2]! - spot.buyTicks[2]!).toBe(1802);
  });
});

describe('B12: a ladder that no venue would take is refused before it starts', () => {
  it.each([
    [{ step: '1%', count: 2, size: '0.0004' }, /would trade 0; binance-usdm:BTCUSDT takes at least 0\.001/],
    [{ step: '1%', count: 2, size: '2000' }, /at most 1000/],
    [{ lower: '61000', upper: '59000', grids: 4, size: '0.01' }, /below upper/],
    [{ lower: '59000', grids: 4, size: '0.01' }, /belong together; 2 of them given/],
    [{ lower: '59000', upper: '59000.2', grids: 4, size: '0.01' }, /at least one tick/],
    [{ step: '70%', count: 2, size: '0.01' }, /reach below zero/],
    [{ step: '1%', count: 0, size: '0.01' }, /at least one level/],
    [{ step: 'wide', count: 1, size: '0.01' }, /positive distance like 25 or 0\.3%/],
    [{ count: 1 }, /either investment .* or size/],
    [{ count: 1, size: '1', investment: '5' }, /not both/],
    [{ count: 1, size: '1', anchor: 'price' }, /needs anchorPrice/],
  ])('%j', (given, message) => {
    expect(() => ladder(given)).toThrow(message);
    expect(() => ladder(given)).toThrow(UsageError);
  });
});
