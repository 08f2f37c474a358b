/** Instruments of a venue from its own metadata, by REST, once at start. Called by hosts before the tables of a run are made. */
import { EngineError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Endpoints, Venue } from './venue.js';

/** Pages of one list: a venue that never ends must not hold the start. */
const MOST_PAGES = 50;
/** The largest metadata answer known is Binance spot's, some 15 MB. */
const MOST_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export type InstrumentInfo = Omit<Instrument, 'index'>;

/**
 * @param symbols the venue's own symbols wanted; empty = all. A wanted one that the venue does not list is not in the answer.
 * Rejects with EngineError INSTRUMENTS_FAILED (status and the beginning of the answer) or the HTTP client's own errors.
 */
export async function loadInstruments(
  venue: Venue,
  endpoints: Endpoints,
  http: HttpClient,
  symbols: readonly string[],
): Promise<readonly InstrumentInfo[]> {
  const wanted = new Set(symbols);
  const found: InstrumentInfo[] = [];
  for (const first of venue.instrumentPaths(symbols)) {
    let path: string | null = first;
    for (let page = 0; path !== null && page < MOST_PAGES; page++) {
      const answer = await http.request('GET', endpoints.rest + path, { timeoutMs: TIMEOUT_MS, maxBytes: MOST_BYTES });
      if (answer.status !== 200) {
        throw new EngineError('INSTRUMENTS_FAILED', 'retry', {
          venue: venue.id,
          path,
          status: answer.status,
          text: answer.text.slice(0, 200),
        });
      }
      const part = venue.parseInstruments(answer.text, path);
      for (const instrument of part.instruments) if (wanted.size === 0 || wanted.has(instrument.symbol)) found.push(instrument);
      path = part.next;
    }
  }
  return found;
}
