/**
 * What a supervisor needs of a venue: its open orders, and to cancel some. Plain signed REST, a small file a family of venues, and nothing of the engine's own
 * gateways: what keeps the engine from cancelling must not keep this from it.
 */
import { createHmac } from 'node:crypto';
import type { HttpAnswer, HttpClient } from '../../core/ports/http.js';
import type { SupervisedVenue } from './handover.js';

export interface OpenOrder {
  readonly clientId: string;
  readonly symbol: string;
  /** The part of the venue where it stands (`linear`), '' where there is one only. */
  readonly market: string;
}

export interface VenueOrders {
  /** Most orders of one cancel request. */
  readonly batch: number;
  open(): Promise<OpenOrder[]>;
  /** Cancels orders of one symbol. That some are gone already is no error: the next list tells. */
  cancel(orders: readonly OpenOrder[]): Promise<void>;
}

export interface VenueAccess {
  readonly http: HttpClient;
  readonly venue: SupervisedVenue;
  /** Our picture of the venue's time in milliseconds, for venues that tell none. */
  nowMs(): number;
}

/** The venue refused, or answered with something else than was asked for: its own words, without the key that some venues repeat in them. */
export class VenueRefusal extends Error {
  constructor(text: string, venue: Pick<SupervisedVenue, 'apiKey' | 'secret'>) {
    super(text.replaceAll(venue.apiKey, '(key)').replaceAll(venue.secret, '(secret)'));
  }
}

/** Too many requests for now: nothing was done, and the same may be asked again after the wait. */
export class RateLimited extends VenueRefusal {
  readonly waitMs: number;

  constructor(text: string, venue: Pick<SupervisedVenue, 'apiKey' | 'secret'>, waitMs: number) {
    super(text, venue);
    this.waitMs = Math.min(WAIT_MOST_MS, Math.max(WAIT_LEAST_MS, Number.isFinite(waitMs) ? waitMs : WAIT_USUAL_MS));
  }
}

export const TIMEOUT_MS = 5_000;
const WAIT_LEAST_MS = 100;
const WAIT_USUAL_MS = 1_000;
const WAIT_MOST_MS = 10_000;

/** What a venue says of it in seconds; NaN when it says nothing. */
export function retryAfterMs(answer: HttpAnswer): number {
  return Number(answer.headers['retry-after'] ?? 'none') * 1_000;
}

/** The venue refused a signature for its time. */
export class Late extends VenueRefusal {}

/** The venue's time by ours: asked for once, and again when a signature was refused for it. */
export class VenueTime {
  readonly #access: VenueAccess;
  readonly #ask: () => Promise<number>;
  #aheadMs: number | null = null;

  constructor(access: VenueAccess, ask: () => Promise<number>) {
    this.#access = access;
    this.#ask = ask;
  }

  async nowMs(): Promise<number> {
    this.#aheadMs ??= (await this.#ask()) - this.#access.nowMs();
    return Math.floor(this.#access.nowMs() + this.#aheadMs);
  }

  /** Does it again, once, when what is done was refused for its time. */
  async signed<Answer>(send: (timeMs: string) => Promise<Answer>): Promise<Answer> {
    const wasAsked = this.#aheadMs === null;
    try {
      return await send(String(await this.nowMs()));
    } catch (error) {
      if (wasAsked || !(error instanceof Late)) throw error;
      this.#aheadMs = null;
      return send(String(await this.nowMs()));
    }
  }
}

export function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

export function parseAnswer(answer: HttpAnswer, venue: SupervisedVenue): unknown {
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw new VenueRefusal(`status ${answer.status}, no JSON`, venue);
    throw error;
  }
}

/** A field of a parsed answer, '' when it is not there. */
export function textOf(row: unknown, key: string): string {
  if (typeof row !== 'object' || row === null) return '';
  const value = (row as Record<string, unknown>)[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function rowsOf(value: unknown, venue: SupervisedVenue): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new VenueRefusal('expected a list of orders', venue);
}
