import { describe, expect, it } from 'vitest';
import { Candles, type Candle } from '../../../src/venue-sim/market/candles.js';

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

  it('keep the hours of minutes that they forget, so that longer ones have no hole, also over a restart', () => {
    const candles = filled(Array.from({ length: 3 * 1_440 }, (_, minute) => [MONDAY + minute * MINUTE, 10 + (minute % 7), 1] as const));
    const again = new Candles();
    again.load(candles.save(), candles.saveHours());
    for (const kept of [candles, again]) {
      const days = kept.grouped(1_440 * MINUTE, 0, MONDAY + 3 * 1_440 * MINUTE);
      expect(days.map(({ startMs, lots, open, high }) => [startMs, lots, open, high])).toEqual([
        [MONDAY, 1_440, 10, 16],
        [MONDAY + 1_440 * MINUTE, 1_440, 10 + (1_440 % 7), 16],
        [MONDAY + 2 * 1_440 * MINUTE, 1_440, 10 + (2_880 % 7), 16],
      ]);
      expect(kept.grouped(60 * MINUTE, 0, MONDAY + 3 * 1_440 * MINUTE).map(({ lots }) => lots)).toEqual(
        Array.from({ length: 72 }, () => 60),
      );
    }
  });

  it('are joined to a past only while nothing between the two is missing', () => {
    const before = { startMs: MONDAY - MINUTE, open: 5, high: 6, low: 4, close: 5, lots: 3, tickLots: 15, trades: 3 };
    const step: Candle = { ...before, buyLots: 1, buyTickLots: 5, firstTradeId: 97, lastTradeId: 99 };
    const run = { length: 1, startAt: () => MONDAY - MINUTE, at: () => step };
    const none = { length: 0, startAt: () => 0, at: () => undefined };
    const candles = new Candles(undefined, undefined, { seconds: none, minutes: run, hours: none });
    candles.add(7, 1, 'buy', 100, MONDAY + MINUTE);
    const closes = (intervalMs: number): number[] => candles.grouped(intervalMs, 0, Number.POSITIVE_INFINITY).map(({ close }) => close);
    expect(closes(MINUTE)).toEqual([5, 5, 7]);
    expect(candles.day(MONDAY + MINUTE)).toMatchObject({ open: 5, trades: 4 });
    candles.add(8, 1, 'buy', 101, MONDAY + 3 * 1_440 * MINUTE);
    expect(closes(MINUTE)).toEqual([8]);
    expect(closes(60 * MINUTE).slice(0, 3)).toEqual([5, 7, 7]);
  });
});
