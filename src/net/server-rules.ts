/** Bounds, texts and small decisions that both server implementations share, so that they cannot drift apart. Event-loop lanes. */
import { STATUS_CODES } from 'node:http';
import { EngineError } from '../core/numbers/errors.js';
import type { HttpReply, HttpRequest, HttpServerHandlers } from '../core/ports/http.js';

export const MAX_BODY_BYTES = 1024 * 1024;
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
/** How long `close()` waits for peers to answer 1001. */
export const CLOSE_GRACE_MS = 500;
/** uWebSockets.js knows 8 to 960 seconds; both implementations keep to that. */
const IDLE_SECONDS_MIN = 8;
const IDLE_SECONDS_MAX = 960;

export type UpgradeRequest = Omit<HttpRequest, 'body'>;

/** 0 is off, and the default: sessions have their own heartbeats. */
export function idleSeconds(wanted: number | undefined): number {
  if (wanted === undefined || wanted === 0) return 0;
  return Math.min(Math.max(Math.ceil(wanted), IDLE_SECONDS_MIN), IDLE_SECONDS_MAX);
}

/** One text for one address: IPv4 stays dotted when it comes mapped into IPv6. */
export function addressText(text: string): string {
  return text.startsWith('::ffff:') ? text.slice(7) : text;
}

export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** The server writes these itself. */
export function isOurs(header: string): boolean {
  const name = header.toLowerCase();
  return name === 'content-length' || name === 'connection' || name === 'transfer-encoding';
}

export const TOO_LARGE: HttpReply = { status: 413, headers: { 'content-type': 'text/plain' }, body: 'body too large\n' };
const NO_UPGRADE: HttpReply = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'no websocket here\n' };
export const GOING_AWAY: HttpReply = { status: 503, headers: { 'content-type': 'text/plain' }, body: 'server is closing\n' };

/** Null accepts the upgrade. */
export function refusalOf(handlers: HttpServerHandlers, head: UpgradeRequest): HttpReply | null {
  return handlers.onUpgrade === undefined ? NO_UPGRADE : handlers.onUpgrade({ ...head, body: new Uint8Array(0) });
}

export function listenError(host: string, port: number, code: string): EngineError {
  const name = code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'LISTEN_FAILED';
  return new EngineError(name, 'give-up', { host, port, reason: code });
}
