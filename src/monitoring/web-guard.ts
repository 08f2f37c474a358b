/**
 * Who may speak to the page and the API, and with which headers they are answered. The API is read-only; what is left to guard is that a web page of somebody
 * else reads it through a browser: by DNS rebinding (a foreign name that resolves to us) or by a WebSocket from a foreign origin.
 */
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

function isSameOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && originHost === new URL(`${protocol}//${host}`).host;
}
