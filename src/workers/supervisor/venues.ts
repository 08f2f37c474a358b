/** Which venues a supervisor can cancel at. */
import { BinanceOrders } from './binance.js';
import { BitmexOrders } from './bitmex.js';
import { BybitOrders } from './bybit.js';
import type { VenueAccess, VenueOrders } from './venue-orders.js';

/** Null for a venue that is not known here. */
export function venueOrdersOf(access: VenueAccess): VenueOrders | null {
  const { id } = access.venue;
  if (id.startsWith('binance-')) return new BinanceOrders(access);
  if (id === 'bybit') return new BybitOrders(access);
  return id === 'bitmex' ? new BitmexOrders(access) : null;
}
