/** All venues that we read ourselves. A new one is a file in `venues/` and a line here. */
import type { Venue } from './venue.js';
import { binanceCoinm } from './venues/binance-coinm.js';
import { binanceSpot } from './venues/binance-spot.js';
import { binanceUsdm } from './venues/binance-usdm.js';
import { bitmex } from './venues/bitmex.js';
import { bybit } from './venues/bybit.js';

export const VENUES: readonly Venue[] = [binanceSpot, binanceUsdm, binanceCoinm, bybit, bitmex];

export function findVenue(id: string): Venue | undefined {
  return VENUES.find((venue) => venue.id === id);
}

/** The venue of a recording, by its manifest. */
export function venueOfRecording(exchange: string, market: string): Venue | undefined {
  return VENUES.find((venue) => venue.exchange === exchange && venue.matchesMarket(market));
}
