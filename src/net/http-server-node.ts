/** HttpServer on node:http (or node:https) and `ws`. Chosen by `http-server.ts`; event-loop lanes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { assert } from '../core/numbers/errors.js';
import type { TimerHandle, Timers } from '../core/ports/clock.js';
import type { HttpReply, HttpServer, HttpServerHandlers, HttpServerOptions, ServerSocket } from '../core/ports/http.js';
import { CLOSE_ABNORMAL, CLOSE_GOING_AWAY, CLOSE_NORMAL, CLOSE_TOO_BIG, mayTravel } from './close-code.js';
import {
  addressText,
  CLOSE_GRACE_MS,
  GOING_AWAY,
  idleSeconds,
  isOurs,
  listenError,
  MAX_BODY_BYTES,
  MAX_BUFFERED_BYTES,
  refusalOf,
  statusLine,
  TOO_LARGE,
  type UpgradeRequest,
} from './server-rules.js';

/** As long as uWebSockets.js keeps a silent HTTP connection. */
const KEEP_ALIVE_MS = 10_000;

export class NodeHttpServer implements HttpServer {
  readonly impl = 'node';
  readonly #server: Server;
  readonly #upgrader: WebSocketServer;
  readonly #handlers: HttpServerHandlers;
  readonly #timers: Timers | undefined;
  readonly #maxBodyBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #idleSeconds: number;
  readonly #sockets = new Set<NodeSocket>();
  #sweep: TimerHandle | null = null;
  #nextId = 1;
  #isClosing = false;

  constructor(options: HttpServerOptions, timers: Timers | undefined) {
    this.#handlers = options.handlers;
    this.#timers = timers;
    this.#maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? MAX_BUFFERED_BYTES;
    this.#idleSeconds = idleSeconds(options.idleTimeoutSeconds);
    const common = { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#onRequest(request, response);
    this.#server = options.tls === undefined ? createServer(common, onRequest) : createTlsServer({ ...common, ...options.tls }, onRequest);
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#maxBodyBytes,
      handleProtocols: () => false,
    });
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      const onError = (error: NodeJS.ErrnoException): void => reject(listenError(host, port, error.code ?? error.message));
      server.once('error', onError);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', onError);
        const address = server.address();
        if (this.#idleSeconds > 0) this.#sweep = this.#timers?.every(1000, () => this.#sweepIdle()) ?? null;
        resolve(address !== null && typeof address === 'object' ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const timers = this.#timers;
    if (this.#sweep !== null) timers?.cancel(this.#sweep);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const cut = (): void => {
      for (const socket of this.#sockets) socket.terminate();
      this.#server.closeAllConnections();
    };
    for (const socket of this.#sockets) socket.close(CLOSE_GOING_AWAY, 'server is closing');
    this.#server.closeIdleConnections();
    if (timers === undefined || this.#sockets.size === 0) cut();
    const timer = timers?.after(CLOSE_GRACE_MS, cut);
    await closed;
    if (timer !== undefined) timers?.cancel(timer);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    let isOver = false;
    const answer = (reply: HttpReply, mustClose: boolean): void => {
      if (isOver || response.destroyed) return;
      isOver = true;
      response.statusCode = reply.status;
      for (const [name, value] of Object.entries(reply.headers ?? {})) if (!isOurs(name)) response.setHeader(name, value);
      response.setHeader('content-length', Buffer.byteLength(reply.body));
      if (mustClose) response.setHeader('connection', 'close');
      response.end(reply.body);
    };
    if (Number(request.headers['content-length'] ?? 0) > this.#maxBodyBytes) return answer(TOO_LARGE, true);
    const head = headOf(request);
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > this.#maxBodyBytes) answer(TOO_LARGE, true);
      else chunks.push(chunk);
    });
    request.on('error', () => {
      isOver = true; // Aborted: whatever is answered later goes nowhere.
    });
    request.on('end', () => {
      if (!isOver) this.#handlers.onRequest({ ...head, body: Buffer.concat(chunks, size) }, (reply) => answer(reply, false));
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = headOf(request);
    socket.on('error', () => socket.destroy());
    const refusal = this.#isClosing ? GOING_AWAY : refusalOf(this.#handlers, upgrade);
    if (refusal !== null) {
      socket.end(refusalBytes(refusal), () => socket.destroy());
      return;
    }
    this.#upgrader.handleUpgrade(request, socket, head, (ws) => this.#onOpen(ws, upgrade));
  }

  #onOpen(ws: WebSocket, request: UpgradeRequest): void {
    const ours = new NodeSocket(this.#nextId++, request, ws, this.#maxBufferedBytes, this.#handlers);
    this.#sockets.add(ours);
    ws.on('message', (data, isBinary) => {
      ours.quietSeconds = 0;
      this.#handlers.onMessage?.(ours, data as Buffer, !isBinary);
    });
    ws.on('pong', () => {
      ours.quietSeconds = 0;
      this.#handlers.onPong?.(ours);
    });
    ws.on('ping', () => {
      ours.quietSeconds = 0;
    });
    ws.on('error', (error: NodeJS.ErrnoException) => {
      // `ws` answers a bad frame with the right code by itself; `close` follows, and this is what it should say.
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') ours.ending = CLOSE_TOO_BIG;
    });
    ws.once('close', (code, reason) => {
      this.#sockets.delete(ours);
      this.#handlers.onClose?.(ours, ours.ending ?? code, ours.ending === null ? reason.toString('utf8') : ours.endingReason);
    });
    this.#handlers.onOpen?.(ours);
  }

  #sweepIdle(): void {
    for (const socket of this.#sockets) if (++socket.quietSeconds > this.#idleSeconds) socket.terminate();
  }
}

class NodeSocket implements ServerSocket {
  data: unknown = undefined;
  quietSeconds = 0;
  /** The code with which we ended it ourselves, null when the peer did. */
  ending: number | null = null;
  endingReason = '';
  readonly #ws: WebSocket;
  readonly #maxBufferedBytes: number;
  readonly #flushed: () => void;
  #isWaiting = false;

  constructor(
    readonly id: number,
    readonly request: UpgradeRequest,
    ws: WebSocket,
    maxBufferedBytes: number,
    handlers: HttpServerHandlers,
  ) {
    this.#ws = ws;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#flushed = () => {
      if (!this.#isWaiting || ws.bufferedAmount > 0 || ws.readyState !== ws.OPEN) return;
      this.#isWaiting = false;
      handlers.onDrain?.(this);
    };
  }

  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    const ws = this.#ws;
    if (ws.readyState !== ws.OPEN) return 'dropped';
    if (ws.bufferedAmount + data.length > this.#maxBufferedBytes) {
      this.terminate();
      return 'dropped';
    }
    ws.send(data, { binary: typeof data !== 'string' }, this.#flushed);
    if (ws.bufferedAmount === 0) return 'sent';
    this.#isWaiting = true;
    return 'queued';
  }

  bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping();
  }

  close(code = CLOSE_NORMAL, reason = ''): void {
    assert(mayTravel(code), `close code ${code} may not be sent`);
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.ending = code;
    this.endingReason = reason;
    this.#ws.close(code, reason);
  }

  terminate(): void {
    if (this.#ws.readyState === this.#ws.CLOSED) return;
    this.ending ??= CLOSE_ABNORMAL;
    this.#ws.terminate();
  }
}

function headOf(request: IncomingMessage): UpgradeRequest {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers,
    remoteAddress: addressText(request.socket.remoteAddress ?? ''),
  };
}

function refusalBytes(reply: HttpReply): Buffer {
  let text = `HTTP/1.1 ${statusLine(reply.status)}\r\n`;
  for (const [name, value] of Object.entries(reply.headers ?? {})) if (!isOurs(name)) text += `${name}: ${value}\r\n`;
  const body = Buffer.from(reply.body);
  return Buffer.concat([Buffer.from(`${text}content-length: ${body.length}\r\nconnection: close\r\n\r\n`, 'latin1'), body]);
}
