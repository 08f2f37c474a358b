/** Instruments and books for tests of arbitrage: two contracts of one coin at two venues, a spot market, an inverse contract. */
import arb, { ArbStrategy } from '../../../src/strategies/arb.js';
import { instrumentOf } from '../../support/instruments.js';
import { World, type LiveOrder, type WorldOptions } from '../harness.js';

export const A = instrumentOf({ index: 0, venue: 'binance-usdm', id: 'binance-usdm:BTCUSDT', takerFee: '0.0005' });
export const B = instrumentOf({ index: 1, venue: 'bybit', id: 'bybit:linear:BTCUSDT', symbol: 'linear:BTCUSDT', takerFee: '0.00055' });
export const SPOT = instrumentOf({
  index: 0,
  venue: 'binance-spot',
  id: 'binance-spot:BTCUSDT',
  kind: 'spot',
  tickSize: '0.01',
  lotSize: '0.00001',
  minQty: '0.00001',
  takerFee: '0.001',
});
export const INVERSE = instrumentOf({
  index: 1,
  venue: 'binance-coinm',
  id: 'binance-coinm:BTCUSD_PERP',
  kind: 'inverse',
  quote: 'USD',
  settle: 'BTC',
  lotSize: '1',
  multiplier: '100',
  minQty: '1',
  minNotional: '0',
  takerFee: '0.0005',
});

export function world(params: Record<string, unknown> = {}, instruments = [A, B], more: Partial<WorldOptions> = {}): World {
  return new World({
    instruments,
    entries: [{ name: 'x', definition: arb, instruments: instruments.map((one) => one.index), params }],
    ...more,
  });
}

export function pairOf(w: World): ArbStrategy['pairs'][number] {
  return (w.strategy as ArbStrategy).pairs[0]!;
}

/** A at 60,000, B 0.3 % above: pays after 0.105 % of fees. */
export function crossed(w: World, lots = 1000): void {
  w.setBook(0, [[599_990, lots]], [[600_000, lots]]);
  w.setBook(1, [[601_800, lots]], [[601_810, lots]]);
}

export function level(w: World, side: number): LiveOrder {
  return w.orders().find((order) => order.side === side)!;
}
