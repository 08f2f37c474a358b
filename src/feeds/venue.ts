/**
 * What a venue file declares: plain data and pure functions. Sockets, timers, sequence checks and books belong to the session and the book-sync machine,
 * which read this. A new venue is one file under `venues/`, one folder of fixtures and one line in `registry.ts`.
 */
import type { Message } from '../core/kernel/message.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { PrivateStream } from './private/private-stream.js';
import type { Shape } from './shape.js';

/** Base addresses without a path: what follows is the venue's own. An entry of an addresses file replaces bases only. */
export interface Endpoints {
  readonly rest: string;
  readonly wsPublic: string;
  readonly wsPrivate?: string;
  readonly wsApi?: string;
}

/**
 * How a lost message shows (VENUES.md 11).
 *   range-chain   first = last of the message before + 1 (Binance spot U/u)
 *   prev-chain    prev = last of the message before (Binance futures pu, OKX prevSeqId, HTX prevSeqNum)
 *   plus-one      last = last of the message before + 1, per topic (Bybit u, HTX contract version)
 *   plus-one-connection  one count over all messages of the connection (Coinbase, Bitfinex)
 *   timestamp     only "newer than" can be seen (Bitstamp)
 *   none          no number at all (BitMEX: unknown ids and crossed books are the only signs)
 */
export type SequenceKind = 'range-chain' | 'prev-chain' | 'plus-one' | 'plus-one-connection' | 'timestamp' | 'none';

/** Where a book starts: inside the stream, by REST spliced into the buffered stream, or by a request on the socket. */
export type SnapshotKind = 'in-band' | 'rest' | 'request';

/** One socket: where it goes, what it carries. The session opens it, keeps it, and opens it again. */
export interface ConnectionPlan {
  /** Unique within the venue, for logs and metrics: `public-0`. */
  readonly name: string;
  readonly url: string;
  /** Instruments whose messages come here, with the text that names each in this connection's messages. */
  readonly symbols: readonly { readonly instrument: Instrument; readonly text: string }[];
  /** True when the books of these instruments come by this connection: it answers for their freshness. */
  readonly carriesBooks: boolean;
  /** Texts to send after opening, in order, one each `subscribeGapMs`. */
  readonly subscribe: readonly string[];
}

export interface InstrumentPage {
  readonly instruments: readonly Omit<Instrument, 'index'>[];
  /** Path of the next page, null when there is none. */
  readonly next: string | null;
}

export interface Venue {
  readonly id: string;
  /** The recordings' name for it, and the markets (first words of the manifest's `market`) that this file reads. */
  readonly exchange: string;
  readonly matchesMarket: (market: string) => boolean;
  readonly endpoints: Endpoints;
  /** Assets that fees may be taken in when the account says so, beside those that the instruments name. */
  readonly feeAssets?: readonly string[];
  readonly sequence: SequenceKind;
  readonly snapshot: SnapshotKind;
  /**
   * prev-chain and range-chain only: may the first event after a REST snapshot straddle it by the futures rule (U <= id <= u, or pu = id)?
   * False is the spot rule (U <= id + 1).
   */
  readonly spliceByPrev: boolean;
  /** Fast path, most frequent first. */
  readonly shapes: readonly Shape[];
  /**
   * Readable path: one parsed frame to records. Calls `out.begin`, fills `out.message`, calls `out.emit`. Throws on nonsense.
   */
  map(json: unknown, out: MapperOut): void;
  /** REST body of a depth snapshot into the message (kind and instrument are set). Throws on nonsense. */
  mapSnapshot?(json: unknown, out: Message): void;

  connections(instruments: readonly Instrument[], endpoints: Endpoints): readonly ConnectionPlan[];
  /** Texts that make an in-band venue send the book of this symbol anew. */
  resubscribe(symbolText: string): readonly string[];
  readonly subscribeGapMs: number;
  /** What we send when the line is to be kept alive; null text = a WebSocket ping. */
  readonly heartbeat: { readonly everyMs: number; readonly text: string | null };
  /** Our answer to a text heartbeat of the venue; null when the frame is none. */
  heartbeatReply?(json: unknown): string | null;
  /** True for frames that are no JSON and mean only "alive" (`pong`). */
  isAliveText?(text: string): boolean;
  /** No message for a symbol in this time: its book is stale and the connection is opened anew. */
  readonly staleAfterMs: number;
  /** Open a fresh connection before the venue cuts this one. */
  readonly reconnectAfterMs: number;

  readonly instrumentPaths: (symbols: readonly string[]) => readonly string[];
  parseInstruments(body: string, path: string): InstrumentPage;

  /** REST snapshots: null for in-band venues. `symbolOf` reads the symbol back from a recorded path. */
  readonly depth: {
    readonly path: (symbol: string) => string;
    readonly symbolOf: (path: string) => string | null;
    /** The session asks for at most this many at once, `gapMs` apart: the venue's request weight in mind. */
    readonly concurrency: number;
    readonly gapMs: number;
  } | null;

  /** Orders, fills, balances and positions of our account; absent where we cannot read them. */
  readonly private?: PrivateStream;

  /** Verify only. The symbol as the expected files name it, from the recording's connection and the text in the message. */
  readonly recordedPrefix?: (connectionUrl: string) => string;
}

/** Where a mapper puts what it read. */
export interface MapperOut {
  readonly message: Message;
  /** Clears the message and sets kind and instrument; false when the symbol is none of ours (then nothing is to be emitted). */
  begin(kind: number, symbolText: string): boolean;
  /** Instrument index of a row's symbol, -1 when unknown. */
  indexOf(symbolText: string): number;
  emit(): void;
}

/** A venue's own address with the base replaced, if an addresses file names one. */
export function withBase(defaults: Endpoints, replaced: Partial<Endpoints> | undefined): Endpoints {
  return { ...defaults, ...replaced };
}
