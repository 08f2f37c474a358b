/** The market of the tick-to-order benchmark: what its venue, its strategy and its judge know of it. */
export const SYMBOL = 'BTCUSDT';
export const INSTRUMENT_ID = `bybit:linear:${SYMBOL}`;
export const FIRST_BID_TICKS = 600_000;
/** Orders rest so far below the best bid that nothing fills them. */
export const DISTANCE_TICKS = 5_000;

/** Ticks of 0.1. */
export function priceText(ticks: number): string {
  return `${Math.floor(ticks / 10)}.${ticks % 10}`;
}
