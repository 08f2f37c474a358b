/** The opening handshake of RFC 6455, client side: request text, and whether an answer opens the connection. Pure; used by `websocket-client.ts`. */
import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3
/** An answer with a longer head is refused; Node's own HTTP parser allows as much. */
export const HEAD_BYTES_MAX = 16 * 1024;
const OURS = new Set([
  'host',
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

export interface Target {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of the Host header. */
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
}

/** The parts of a ws: or wss: address; a text when it is not one. */
export function parseTarget(url: string): Target | string {
  if (!URL.canParse(url)) return 'not an address';
  const parsed = new URL(url);
  const isSecure = parsed.protocol === 'wss:';
  if (!isSecure && parsed.protocol !== 'ws:') return `expected ws: or wss:, found ${parsed.protocol}`;
  if (parsed.username !== '' || parsed.password !== '') return 'an address must not carry a user name or password';
  if (url.includes('#')) return 'an address must not carry a fragment';
  return {
    isSecure,
    host: parsed.hostname.startsWith('[') ? parsed.hostname.slice(1, -1) : parsed.hostname,
    port: parsed.port === '' ? (isSecure ? 443 : 80) : Number(parsed.port),
    authority: parsed.host,
    path: parsed.pathname + parsed.search,
  };
}

/** Null when a header would break the request or belongs to the handshake itself. */
export function requestText(target: Target, key: string, headers: Readonly<Record<string, string>>): string | null {
  let text = `GET ${target.path} HTTP/1.1\r\nHost: ${target.authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (OURS.has(name.toLowerCase()) || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      return null;
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** Index behind the empty line that ends the head, or -1. */
export function headEnd(bytes: Uint8Array): number {
  for (let i = 3; i < bytes.length; i++)
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) return i + 1;
  return -1;
}

/** '' when the answer opens the connection, else why not. `head` ends with the empty line. */
export function refusalOf(head: string, key: string): string {
  const lines = head.split('\r\n');
  const status = /^HTTP\/1\.1 ([0-9]{3})(?: |$)/.exec(lines[0] ?? '');
  if (status === null) return 'the answer is not HTTP/1.1';
  if (status[1] !== '101') return `handshake refused with status ${status[1]}`;
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) return 'a header of the answer has no name';
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return 'the answer does not upgrade to websocket';
  const tokens = (headers.get('connection') ?? '').split(',').map((token) => token.trim().toLowerCase());
  if (!tokens.includes('upgrade')) return 'the answer does not say Connection: Upgrade';
  if (headers.get('sec-websocket-accept') !== acceptFor(key)) return 'Sec-WebSocket-Accept does not match our key';
  if ((headers.get('sec-websocket-extensions') ?? '') !== '') return 'the answer uses an extension that was not offered';
  if (headers.has('sec-websocket-protocol')) return 'the answer uses a subprotocol that was not offered';
  return '';
}
