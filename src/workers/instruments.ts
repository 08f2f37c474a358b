/** Asks each venue for the instruments that this run trades. Main thread, at start, off the lanes that trade. */
import { EngineError, UsageError } from '../core/numbers/errors.js';
import { nearestWord } from '../core/numbers/nearest.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Endpoints, Venue } from '../feeds/venue.js';

/** Most pages of one listing: a venue that never ends its pages must not hold the start. */
const MAX_PAGES = 100;

export type BareInstrument = Omit<Instrument, 'index'>;

/** @param symbols empty asks for all. Throws EngineError `INSTRUMENTS_FAILED`, UsageError when a symbol does not exist. */
export async function fetchInstruments(
  venue: Venue,
  endpoints: Endpoints,
  symbols: readonly string[],
  http: HttpClient,
): Promise<BareInstrument[]> {
  const found = new Map<string, BareInstrument>();
  for (const first of venue.instrumentPaths(symbols)) {
    let path: string | null = first;
    for (let page = 0; path !== null && page < MAX_PAGES; page++) {
      const answer = await http.request('GET', endpoints.rest + path, { timeoutMs: 20_000, maxBytes: 64 << 20 });
      if (answer.status !== 200) {
        throw new EngineError('INSTRUMENTS_FAILED', 'retry', {
          venue: venue.id,
          path,
          status: answer.status,
          said: answer.text.slice(0, 200),
        });
      }
      const { instruments, next } = venue.parseInstruments(answer.text, path);
      for (const instrument of instruments) found.set(instrument.symbol, instrument);
      path = next;
    }
  }
  if (symbols.length === 0) return [...found.values()];
  return symbols.map((symbol) => {
    const instrument = found.get(symbol);
    if (instrument !== undefined) return instrument;
    const near = nearestWord(symbol, [...found.keys()]);
    throw new UsageError(`${venue.id} has no instrument '${symbol}'${near === null ? '' : `; did you mean '${near}'?`}`);
  });
}

/** Every asset that instruments speak of, in order of appearance. */
export function assetsOf(instruments: readonly Instrument[]): string[] {
  return [
    ...new Set(
      instruments.flatMap(({ base, quote, settle, feeAssetBuy, feeAssetSell }) => [base, quote, settle, feeAssetBuy, feeAssetSell]),
    ),
  ];
}
