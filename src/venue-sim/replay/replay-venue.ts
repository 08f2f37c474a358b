/** What the replay needs of a venue: two passes over its lines, handlers for one listener, and who listens. */
import type { HttpServerHandlers } from '../../core/ports/http.js';
import type { VenueCounters } from '../venues/protocol.js';
import type { Audience } from './audience.js';
import type { RecordedLine } from './recorded-line.js';

export interface ReplayVenue {
  readonly id: string;
  readonly handlers: HttpServerHandlers;
  readonly counters: VenueCounters;
  readonly audience: Audience;
  /** The server pings this often; null: it waits for pings. Seconds of market time. */
  readonly pingEverySeconds: number | null;
  /** First pass: what was recorded. `url` is the connection's address, '' when unknown; symbols whose book is in this file are added to `seen`. */
  scan(record: RecordedLine, url: string, seen: Set<string>): void;
  /** Symbols with a book, as clients name them. After the first pass. */
  symbols(): readonly string[];
  /** Second pass, at its time: to everybody who asked for it. */
  play(record: RecordedLine, url: string): void;
  /** After the last line. */
  finish(): void;
}

export interface ReplayContext {
  readonly id: string;
  readonly counters: VenueCounters;
  /** Recorded time now, microseconds. */
  nowUs(): number;
  /** A REST answer that belongs to this moment went out: it shall arrive before what follows. */
  onSnapshotAnswered(): void;
}

/** Quote currencies by which a pair's name is cut where nothing recorded says how; longest first. */
const QUOTES = [
  'FDUSD',
  'USDT',
  'USDC',
  'BUSD',
  'TUSD',
  'USDP',
  'USDE',
  'DAI',
  'EUR',
  'TRY',
  'BRL',
  'GBP',
  'AUD',
  'BTC',
  'ETH',
  'BNB',
  'USD',
];

export function cutPair(symbol: string): { readonly base: string; readonly quote: string } {
  const pair = symbol.split(/[_-]/)[0] ?? symbol;
  const quote = QUOTES.find((name) => pair.endsWith(name) && pair.length > name.length) ?? pair.slice(-3);
  return { base: pair.slice(0, pair.length - quote.length), quote };
}
