import { describe, expect, it } from 'vitest';
import { Candles } from '../../../src/venue-sim/market/candles.js';

const MINUTE = 60_000;
/** A Monday, 00:00 UTC. */
const MONDAY = Date.UTC(2026, 7, 10);

function filled(trades: readonly (readonly [atMs: number, ticks: number, lots: number])[]): Candles {
  const candles = new Candles();
  for (const [index, [atMs, ticks, lots]] of trades.entries())
    candles.add(ticks, lots, index % 2 === 0 ? 'buy' : 'sell', 100 + index, atMs);
  return candles;
}

describe('candles', () => {
  it('keep first, highest, lowest and last price, volumes and trade ids of a minute', () => {
    const [candle] = filled([
      [MONDAY, 10, 1],
      [MONDAY + 10_000, 14, 2],
      [MONDAY + 20_000, 9, 3],
      [MONDAY + 59_999, 12, 4],
    ]).steps(0, MONDAY);
    expect(candle).toEqual({
      startMs: MONDAY,
      open: 10,
      high: 14,
      low: 9,
      close: 12,
      lots: 10,
      tickLots: 10 + 28 + 27 + 48,
      trades: 4,
      buyLots: 4,
      buyTickLots: 10 + 27,
      firstTradeId: 100,
      lastTradeId: 103,
    });
  });

  it('repeat the last close without volume through minutes without trades', () => {
    const minutes = filled([
      [MONDAY, 10, 1],
      [MONDAY + 3 * MINUTE, 12, 1],
    ]).steps(0, MONDAY + 9 * MINUTE);
    expect(minutes.map(({ open, close, lots }) => [open, close, lots])).toEqual([
      [10, 10, 1],
      [10, 10, 0],
      [10, 10, 0],
      [12, 12, 1],
    ]);
  });

  it('are cut to the time asked for', () => {
    const candles = filled([
      [MONDAY, 10, 1],
      [MONDAY + 5 * MINUTE, 12, 1],
    ]);
    expect(candles.steps(MONDAY + 2 * MINUTE, MONDAY + 3 * MINUTE).map(({ startMs }) => startMs)).toEqual([
      MONDAY + 2 * MINUTE,
      MONDAY + 3 * MINUTE,
    ]);
  });

  it('make longer ones that start at whole hours, days and Mondays', () => {
    const candles = filled([
      [MONDAY + 30 * MINUTE, 10, 1],
      [MONDAY + 59 * MINUTE, 20, 2],
      [MONDAY + 61 * MINUTE, 5, 3],
    ]);
    const hours = candles.grouped(60 * MINUTE, 0, MONDAY + 1_440 * MINUTE);
    expect(hours.map(({ startMs, open, high, low, close, lots }) => [startMs, open, high, low, close, lots])).toEqual([
      [MONDAY, 10, 20, 10, 20, 3],
      [MONDAY + 60 * MINUTE, 20, 20, 5, 5, 3],
    ]);
    expect(candles.grouped(7 * 1_440 * MINUTE, 0, MONDAY + 1_440 * MINUTE).map(({ startMs, lots }) => [startMs, lots])).toEqual([
      [MONDAY, 6],
    ]);
  });

  it('forget what is older than a day and an hour, also after a long rest of the exchange', () => {
    const candles = filled([
      [MONDAY, 10, 1],
      [MONDAY + 400 * 1_440 * MINUTE, 30, 1],
    ]);
    expect(candles.steps(0, Number.POSITIVE_INFINITY)).toHaveLength(1);
    expect(candles.day(MONDAY + 400 * 1_440 * MINUTE)).toMatchObject({ open: 30, lots: 1 });
  });
});
