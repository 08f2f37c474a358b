/**
 * What a venue file declares about its private stream: plain data and pure functions. Keys, sockets, timers and deadlines belong to the private feed
 * (`private-feed.ts`), which reads this. Messages come with every number as its text (core/numbers/exact-json.ts).
 */
import type { Instrument } from '../../core/orders/instrument.js';
import type { PrivateFundingEvent, PrivateSink } from '../../core/ports/private-events.js';
import type { Endpoints } from '../venue.js';

/** Everything that opening needs to know. `sign` uses the account's secret, which nobody else sees. */
export interface PrivateOpening {
  readonly apiKey: string;
  readonly sign: (text: string) => string;
  /** The venue's time as we know it, milliseconds. */
  readonly nowMs: number;
  /** How long the signature is to be good for. */
  readonly windowMs: number;
  /** Kinds of instruments whose orders the venue is to cancel when this connection is gone for too long; none: its switch is off. */
  readonly guarded: readonly Instrument['kind'][];
}

/** Binance futures: a stream is opened with a key that REST gives and keeps alive. */
export interface ListenKey {
  readonly path: string;
  /** Header that carries the API key: these calls are not signed. */
  readonly header: string;
  readonly keepAliveMs: number;
  /** A key that was not prolonged for this long is not worth waiting for. */
  readonly livesMs: number;
  /** Answer of the POST. Throws on nonsense. */
  keyOf(json: unknown): string;
  /** An answer that says the key is gone: a new one is needed now. */
  isGone(json: unknown): boolean;
}

/** Payments of funding by REST: streams do not name them all, and one that got lost is told by nothing else. */
export interface FundingRest {
  /** Paths with queries that together ask for every payment since then. */
  targets(sinceMs: number, nowMs: number, instruments: readonly Instrument[]): readonly string[];
  sign(target: string, opening: PrivateOpening): { readonly target: string; readonly headers: Readonly<Record<string, string>> };
  /** Tells an answer's payments; gives the target of the next page, null behind the last. Throws EngineError on a refusal and on nonsense. */
  read(
    target: string,
    json: unknown,
    context: Pick<PrivateContext, 'instrumentOf'>,
    tell: (event: PrivateFundingEvent) => void,
  ): string | null;
}

/** What a reader may say and ask. */
export interface PrivateContext {
  /** Everything but funding, which is told through `funding`: the same payment comes by REST too. */
  readonly sink: PrivateSink;
  readonly funding: (event: PrivateFundingEvent) => void;
  /** The run's instrument with this symbol (ours, with the market in front where we have it), if it is traded. */
  readonly instrumentOf: (symbol: string) => Instrument | undefined;
  /** One of the stream's `proofs` has come. */
  readonly proved: (step: string) => void;
  /** Funding was paid, and the message does not say for what: the history is to be asked. */
  readonly fundingPaid: () => void;
  /** For a person. */
  readonly note: (text: string) => void;
  /** Nothing on this connection can be trusted from here on: refused, expired, or something was missed. */
  readonly lost: (reason: string) => void;
}

/** Reads the messages of one connection, in order; made anew for each. Throws on nonsense, which ends the connection. */
export interface PrivateReader {
  read(json: unknown): void;
}

export interface PrivateStream {
  /** Null: authentication is by a message on the open connection. */
  readonly listenKey: ListenKey | null;
  url(endpoints: Endpoints, listenKey: string): string;
  /** Texts that authenticate and subscribe, in order. */
  opening(opening: PrivateOpening): readonly string[];
  readonly gapMs: number;
  /** All of these must be said by the reader before the stream counts as up. */
  readonly proofs: readonly string[];
  /** Always a text that the venue answers with a message: a silent account is normal, a silent line is not. */
  readonly heartbeat: { readonly everyMs: number; readonly text: string };
  /** Answers to the heartbeat that are no JSON. */
  isAliveText?(text: string): boolean;
  readonly reconnectAfterMs: number;
  /** The venue's dead-man switch watches this very connection. */
  readonly isDeadMan?: boolean;
  /** Null where there is no funding. */
  readonly funding: FundingRest | null;
  makeReader(context: PrivateContext): PrivateReader;
}

/** Heartbeat of private streams: three missed ones, 15 s, are the longest that a dead stream goes unnoticed. */
export const PRIVATE_BEAT_MS = 5_000;
/** A day is the longest that venues keep a connection; half an hour before is better. */
export const PRIVATE_RECONNECT_MS = 23.5 * 3_600_000;
