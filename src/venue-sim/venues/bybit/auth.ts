/**
 * Who signed a Bybit v5 request: headers of REST requests, `auth` of the private and the trade socket. HMAC-SHA256 in hex or RSA in base64 over
 * timestamp + key + window + (query or body) as sent. Called by the protocol for every signed request.
 */
import type { HttpRequest } from '../../../core/ports/http.js';
import type { ApiKey } from '../../exchange/contract.js';
import { isSignedBy, publicSigningKey, type SigningKey } from '../signing.js';
import { INVALID_KEY, badSignature, outsideWindow, type BybitRefusal } from './refusals.js';

/** Window of requests that name none, and how far a request may lie in the future (Bybit v5, "Integration Guidance"). */
const USUAL_WINDOW_MS = '5000';
const MOST_AHEAD_MS = 1_000;
const MOST_WINDOW_MS = 60_000;

export interface KeyHolder<Account> {
  readonly account: Account;
  readonly key: SigningKey;
}

export type FindKey<Account> = (apiKey: string) => KeyHolder<Account> | undefined;

/** What a key signs with: its registered public key, or the shared secret. */
export function signingKeyOf(key: ApiKey): SigningKey | null {
  return key.publicKey === null ? { kind: 'hmac', secret: key.secret } : publicSigningKey(key.publicKey);
}

export type SignedBy<Account> = { readonly account: Account; readonly apiKey: string } | { readonly refusal: BybitRefusal };

export function signerOfRequest<Account>(request: HttpRequest, find: FindKey<Account>, nowMs: number): SignedBy<Account> {
  const { headers } = request;
  const apiKey = headers['x-bapi-api-key'] ?? '';
  const holder = apiKey === '' ? undefined : find(apiKey);
  if (holder === undefined) return { refusal: INVALID_KEY };
  const timestamp = headers['x-bapi-timestamp'] ?? '';
  const window = headers['x-bapi-recv-window'] ?? '';
  const late = windowRefusal(timestamp, window === '' ? USUAL_WINDOW_MS : window, nowMs);
  if (late !== null) return { refusal: late };
  const payload = request.method === 'GET' || request.method === 'HEAD' ? request.query : new TextDecoder().decode(request.body);
  const origin = `${timestamp}${apiKey}${window}${payload}`;
  if (!isSignedBy(holder.key, origin, headers['x-bapi-sign'] ?? '', 'hex')) return { refusal: badSignature(origin) };
  return { account: holder.account, apiKey };
}

/** Null when a request of `timestamp` is neither too old nor from the future. */
export function windowRefusal(timestamp: string, window: string, nowMs: number): BybitRefusal | null {
  const sentMs = Number(timestamp);
  const windowMs = Number(window);
  const isWritten = /^\d{1,16}$/.test(timestamp) && /^\d{1,9}$/.test(window);
  if (isWritten && sentMs < nowMs + MOST_AHEAD_MS && nowMs - Math.min(windowMs, MOST_WINDOW_MS) <= sentMs) return null;
  return outsideWindow(timestamp, nowMs, window);
}

/** `args` of a socket's `auth`: key, time it ends, signature of GET/realtime and that time. */
export function signerOfLogin<Account>(args: unknown, find: FindKey<Account>, nowMs: number): SignedBy<Account> {
  const [apiKey, expires, signature] = Array.isArray(args) ? (args as unknown[]) : [];
  if (typeof apiKey !== 'string' || typeof signature !== 'string') return { refusal: { code: 10_001, message: 'Params Error' } };
  const holder = find(apiKey);
  if (holder === undefined) return { refusal: INVALID_KEY };
  if (!(Number(expires) > nowMs)) return { refusal: { code: 10_004, message: 'Params Error' } };
  const origin = `GET/realtime${String(expires)}`;
  if (!isSignedBy(holder.key, origin, signature, 'hex')) return { refusal: badSignature(origin) };
  return { account: holder.account, apiKey };
}
