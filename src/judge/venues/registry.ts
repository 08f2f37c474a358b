/** Which venues the judge can read. */
import { EngineError } from '../../core/numbers/errors.js';
import type { Instrument } from '../../core/orders/instrument.js';
import type { RestWorld } from '../signed-rest.js';
import type { VenueBooks } from '../venue-books.js';
import { BinanceBooks } from './binance.js';
import { BitmexBooks } from './bitmex.js';
import { BybitBooks } from './bybit.js';

export const JUDGED_VENUES: readonly string[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];

export function booksOf(venue: string, world: RestWorld, instruments: readonly Instrument[]): VenueBooks {
  switch (venue) {
    case 'binance-spot':
    case 'binance-usdm':
    case 'binance-coinm':
      return new BinanceBooks(venue, world, instruments);
    case 'bybit':
      return new BybitBooks(world, instruments);
    case 'bitmex':
      return new BitmexBooks(world, instruments);
    default:
      throw new EngineError('CANNOT_JUDGE', 'give-up', { venue, known: JUDGED_VENUES.join(', ') });
  }
}
