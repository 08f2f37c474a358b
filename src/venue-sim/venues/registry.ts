/** Which simulated venue answers by which protocol. One line a venue. */
import type { VenueId } from '../market/spec.js';
import { createBinanceCoinm } from './binance/coinm.js';
import { createBinanceSpot } from './binance/spot.js';
import { createBinanceUsdm } from './binance/usdm.js';
import { createBitmex } from './bitmex/server.js';
import { createBybit } from './bybit/server.js';
import type { VenueContext, VenueProtocol } from './protocol.js';

const PROTOCOLS: Readonly<Record<VenueId, (context: VenueContext) => VenueProtocol>> = {
  'binance-spot': createBinanceSpot,
  'binance-usdm': createBinanceUsdm,
  'binance-coinm': createBinanceCoinm,
  bybit: createBybit,
  bitmex: createBitmex,
};

export const VENUE_IDS: readonly VenueId[] = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];

export function createVenueProtocol(context: VenueContext): VenueProtocol {
  return PROTOCOLS[context.id](context);
}
