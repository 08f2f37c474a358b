/**
 * Who may speak to the page and the API, and with which headers they are answered. Reading is guarded against web pages of somebody else that come through a
 * browser: by DNS rebinding (a foreign name that resolves to us) or by a WebSocket from a foreign origin. What changes something also needs to come from this
 * machine, as JSON (which no form of a foreign page can send), with the token of the run.
 */
import { timingSafeEqual } from 'node:crypto';
import type { HttpReply, HttpRequest } from '../core/ports/http.js';

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Carries the run's token. */
export const TOKEN_HEADER = 'x-thor-token';

export function withHeaders(status: number, type: string, body: string | Uint8Array, cache = 'no-store'): HttpReply {
  return { status, headers: { ...SECURITY_HEADERS, 'content-type': type, 'cache-control': cache }, body };
}

export function jsonReply(status: number, value: unknown): HttpReply {
  return withHeaders(status, 'application/json; charset=utf-8', JSON.stringify(value));
}

/** Null lets the request pass. */
export function refusal(request: Omit<HttpRequest, 'body'>, allowedHosts: readonly string[]): HttpReply | null {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const reply = jsonReply(405, { error: 'METHOD_NOT_ALLOWED', message: 'this address is read-only: GET and HEAD' });
    return { ...reply, headers: { ...reply.headers, allow: 'GET, HEAD' } };
  }
  return foreignTo(request, allowedHosts);
}

/** For requests that change something; null lets them pass. */
export function writeRefusal(request: Omit<HttpRequest, 'body'>, allowedHosts: readonly string[], token: string): HttpReply | null {
  const foreign = foreignTo(request, allowedHosts);
  if (foreign !== null) return foreign;
  if (!isLoopback(request.remoteAddress))
    return jsonReply(403, { error: 'LOOPBACK_ONLY', message: 'changes are taken from this machine only' });
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return jsonReply(403, { error: 'FOREIGN_ORIGIN', message: 'only the page of this address may change something' });
  if (!/^application\/json(?:;|$)/i.test(request.headers['content-type'] ?? ''))
    return jsonReply(415, { error: 'NOT_JSON', message: 'content-type must be application/json' });
  if (!isSameText(request.headers[TOKEN_HEADER] ?? '', token))
    return jsonReply(401, {
      error: 'BAD_TOKEN',
      message: `${TOKEN_HEADER} must be the token of this run: load the page again, or see run.json`,
    });
  return null;
}

function foreignTo(request: Omit<HttpRequest, 'body'>, allowedHosts: readonly string[]): HttpReply | null {
  const host = request.headers['host'] ?? '';
  if (!isKnownHost(host, allowedHosts)) {
    return jsonReply(421, { error: 'UNKNOWN_HOST', message: 'the Host header must be an address, localhost or a configured name' });
  }
  const origin = request.headers['origin'];
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    return jsonReply(403, { error: 'FOREIGN_ORIGIN', message: 'only pages of this address may read it' });
  }
  return null;
}

/** Rebinding needs a name that somebody else controls: addresses and localhost are safe, other names must be configured. */
function isKnownHost(host: string, allowedHosts: readonly string[]): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/i.exec(host);
  const name = match?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (name === 'localhost' || name.startsWith('[') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name)) return true;
  return allowedHosts.includes(name);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address === 'localhost';
}

/** Takes as long for a near miss as for a far one. */
function isSameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return b.length > 0 && a.length === b.length && timingSafeEqual(a, b);
}

function isSameOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && originHost === new URL(`${protocol}//${host}`).host;
}
