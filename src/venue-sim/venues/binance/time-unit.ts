/**
 * Times in microseconds where a client of Binance spot asks for them: header `X-MBX-TIME-UNIT` of REST, `timeUnit=` of a socket's address (documents "General
 * information" and "WebSocket streams", 2026-11). Times here are whole milliseconds, so three zeros are the truth. Called by the REST and socket halves.
 */
import type { ServerSocket } from '../../../core/ports/http.js';

/** Undefined: no such unit. */
export function isMicroseconds(unit: string | null | undefined): boolean | undefined {
  if (unit === null || unit === undefined || unit === '') return false;
  const word = unit.toUpperCase();
  return word === 'MICROSECOND' ? true : word === 'MILLISECOND' ? false : undefined;
}

/**
 * Milliseconds of this century, bare in JSON: what has 13 digits in this range is a time on spot, where ids are shorter. A client's own request id is told back as
 * it was sent.
 */
const MILLISECONDS = /(?<=[:[,])(?<!"id":)((?:1[5-9]|2\d)\d{11})(?=[,}\]])/g;

export function inMicroseconds(text: string): string {
  return text.replace(MILLISECONDS, '$1000');
}

/** A socket whose client reads microseconds: everything else is the socket's own. */
export class MicrosecondSocket implements ServerSocket {
  readonly #socket: ServerSocket;

  constructor(socket: ServerSocket) {
    this.#socket = socket;
  }

  get id(): ServerSocket['id'] {
    return this.#socket.id;
  }

  get request(): ServerSocket['request'] {
    return this.#socket.request;
  }

  get data(): ServerSocket['data'] {
    return this.#socket.data;
  }

  set data(data: ServerSocket['data']) {
    this.#socket.data = data;
  }

  send(message: Parameters<ServerSocket['send']>[0]): ReturnType<ServerSocket['send']> {
    return this.#socket.send(typeof message === 'string' ? inMicroseconds(message) : message);
  }

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
