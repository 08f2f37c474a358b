/** A grid of three levels on each side that stands in the market's middle, over real rings and books. */
import { SIDE_BUY } from '../../../src/core/memory/record.js';
import grid, { type GridStrategy } from '../../../src/strategies/grid.js';
import { instrumentOf } from '../../support/instruments.js';
import { World, type WorldOptions } from '../harness.js';

export const PARAMS = { step: '300', count: 3, size: '0.01', anchor: 'mid' };
export const MID = 600_000; // 60,000.0

export function gridWorld(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  return new World({
    instruments: [instrumentOf()],
    entries: [{ name: 'g', definition: grid, instruments: [0], params: { ...PARAMS, ...params } }],
    ...more,
  });
}

/** It stands. */
export function world(params: Record<string, unknown> = {}, more: Partial<WorldOptions> = {}): World {
  const w = gridWorld(params, more);
  to(w, MID);
  return w;
}

/** The market goes there, what it crosses fills, and strategies have time to answer. */
export function to(w: World, mid: number): void {
  w.quote(0, mid - 5, mid + 5);
  w.match();
  w.step(40, 100_000);
}

export const shown = (w: World): string[] =>
  w.orders().map((order) => `${order.side === SIDE_BUY ? 'buy' : 'sell'} ${order.qtyLots - order.cumLots} @ ${order.priceTicks}`);
export const levelsOf = (w: World) => (w.strategy as GridStrategy).levels!;
