/** What the fill models see of a market: one instrument's book at one moment. The gateway reads it from shared memory (shared-market.ts); tests write it by hand. */

export interface MarketView {
  /** Loads an instrument's book. RESULT_OK; RESULT_NONE: it is not live; RESULT_TORN: no whole view this time, try again. */
  load(instrument: number): number;
  /** Levels loaded of a side (SIDE_BUY = bids). */
  levelCount(side: number): number;
  /** Price and quantity of a level, 0 = best. */
  levelTicks(side: number, levelIndex: number): number;
  levelLots(side: number, levelIndex: number): number;
  /** Quantity at a price; 0 where the book has none, NaN where the loaded levels do not reach. */
  lotsAt(side: number, ticks: number): number;
}
