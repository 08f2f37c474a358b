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

export const TIMEOUT_MS = 5_000;

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
