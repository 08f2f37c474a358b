/**
 * Loading uWebSockets.js, and the few of its calls that we use, written down here: the package is optional, so neither the build nor the start may depend on its types.
 * Called by `http-server.ts` once for each server, event-loop lanes.
 */
import { createRequire } from 'node:module';
import { EngineError, messageOf } from '../core/numbers/errors.js';

export type UwsData = string | Uint8Array;

export interface UwsRequest {
  getUrl(): string;
  getMethod(): string;
  getQuery(): string | undefined;
  getHeader(lowerCaseName: string): string;
  forEach(visit: (name: string, value: string) => void): void;
}

export interface UwsResponse {
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body?: UwsData, closeConnection?: boolean): UwsResponse;
  endWithoutBody(): UwsResponse;
  onAborted(handler: () => void): UwsResponse;
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  getRemoteAddressAsText(): ArrayBuffer;
  cork(run: () => void): UwsResponse;
  upgrade(userData: object, key: string, protocol: string, extensions: string, context: unknown): void;
}

export interface UwsWebSocket {
  /** 1 sent, 0 waits, 2 dropped. */
  send(data: UwsData, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  ping(): number;
  end(code: number, reason: string): void;
  close(): void;
}

export interface UwsBehavior {
  readonly compression: number;
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  readonly idleTimeout: number;
  readonly sendPingsAutomatically: boolean;
  readonly upgrade: (response: UwsResponse, request: UwsRequest, context: unknown) => void;
  readonly open: (socket: UwsWebSocket) => void;
  readonly message: (socket: UwsWebSocket, message: ArrayBuffer, isBinary: boolean) => void;
  readonly drain: (socket: UwsWebSocket) => void;
  readonly pong: (socket: UwsWebSocket) => void;
  readonly close: (socket: UwsWebSocket, code: number, reason: ArrayBuffer) => void;
}

export interface UwsApp {
  ws(pattern: string, behavior: UwsBehavior): UwsApp;
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  listen(host: string, port: number, options: number, done: (listener: unknown) => void): UwsApp;
  /** Closes the listener and every connection. */
  close(): UwsApp;
}

export interface Uws {
  App(options: object): UwsApp;
  SSLApp(options: { readonly key_file_name: string; readonly cert_file_name: string }): UwsApp;
  us_socket_local_port(listener: unknown): number;
}

const NAME = 'uWebSockets.js';
let loaded: Uws | null = null;
/** Why it did not load, for the log and `doctor`; '' when it did or was not tried. */
let failure = '';

/** Null when it does not load here (no build for this platform, an older libc, not installed), unless it must. */
export function loadUws(must: boolean): Uws | null {
  if (loaded === null && failure === '') {
    try {
      loaded = createRequire(import.meta.url)(NAME) as Uws;
    } catch (error) {
      failure = messageOf(error).split('\n')[0] ?? 'unknown';
    }
  }
  if (loaded === null && must) throw new EngineError('SERVER_UNAVAILABLE', 'give-up', { impl: 'uws', reason: failure });
  return loaded;
}

export function uwsFailure(): string {
  return failure;
}
