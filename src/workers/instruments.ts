/** The run's instrument table: what strategies trade, as the venues describe it. Main thread, at start. */
import { EngineError, UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import { venueOf, type Instrument } from '../core/orders/instrument.js';
import type { HttpClient } from '../core/ports/http.js';
import { loadInstruments, type InstrumentInfo } from '../feeds/instruments.js';
import { findVenue } from '../feeds/registry.js';
import { withBase, type Endpoints, type Venue } from '../feeds/venue.js';
import type { VenueAddress } from './venues-process.js';

export function venueAt(id: string): Venue {
  const venue = findVenue(id);
  if (venue === undefined) throw new UsageError(`no venue '${id}'`);
  return venue;
}

export function endpointsOf(venue: Venue, addresses: Readonly<Record<string, VenueAddress>>): Endpoints {
  const address = addresses[venue.id];
  return withBase(venue.endpoints, address);
}

/** Between questions to a venue that is busy or limits us: a restart must not fail for that. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export type Pause = (ms: number) => Promise<void>;

const wallPause: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function patiently<Answer>(ask: () => Promise<Answer>, pause: Pause): Promise<Answer> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
      await pause(pauseMs);
    }
  }
  return ask();
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof EngineError) || error.code !== 'INSTRUMENTS_FAILED') return false;
  const status = Number(error.facts['status']);
  // Binance calls its own trouble a bad request now and then.
  return status === 429 || status === 418 || status >= 500 || String(error.facts['text']).includes('try again later');
}

/** Every instrument that a recording's venues list. */
export async function allInstruments(
  venues: readonly string[],
  addresses: Readonly<Record<string, VenueAddress>>,
  http: HttpClient,
): Promise<Instrument[]> {
  const lists = await Promise.all(venues.map((id) => loadInstruments(venueAt(id), endpointsOf(venueAt(id), addresses), http, [])));
  return indexed(lists.flat());
}

/** @param ids VENUE:SYMBOL; throws UsageError, with the nearest one, for what a venue does not list */
export async function namedInstruments(
  ids: readonly string[],
  addresses: Readonly<Record<string, VenueAddress>>,
  http: HttpClient,
  pause: Pause = wallPause,
): Promise<Instrument[]> {
  const venues = [...new Set(ids.map(venueOf))];
  const lists = await Promise.all(
    venues.map(async (id) => {
      const symbols = [...new Set(ids.filter((one) => venueOf(one) === id).map((one) => one.slice(id.length + 1)))];
      const load = (wanted: readonly string[]): ReturnType<typeof loadInstruments> =>
        patiently(() => loadInstruments(venueAt(id), endpointsOf(venueAt(id), addresses), http, wanted), pause);
      const found = await load(symbols);
      const missing = symbols.find((symbol) => !found.some((instrument) => instrument.symbol === symbol));
      if (missing === undefined) return found;
      const all = await load([]);
      const symbolsThere = all.map((instrument) => instrument.symbol);
      throw new UsageError(`${id} has no instrument '${missing}'${didYouMean(missing, symbolsThere)}`);
    }),
  );
  return indexed(lists.flat());
}

function indexed(found: readonly InstrumentInfo[]): Instrument[] {
  return found.map((instrument, index) => ({ ...instrument, index }));
}

/** Every asset that instruments speak of, in order of appearance, then those that their venues may take fees in. */
export function assetsOf(instruments: readonly Instrument[]): string[] {
  const named = instruments.flatMap(({ base, quote, settle, feeAssetBuy, feeAssetSell }) => [
    base,
    quote,
    settle,
    feeAssetBuy,
    feeAssetSell,
  ]);
  return [...new Set([...named, ...instruments.flatMap(({ venue }) => findVenue(venue)?.feeAssets ?? [])])];
}
