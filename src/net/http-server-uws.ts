/** HttpServer on uWebSockets.js. Chosen by `http-server.ts`; event-loop lanes. Differences from the Node implementation are listed in README.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../core/numbers/errors.js';
import type { Timers } from '../core/ports/clock.js';
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
import type { Uws, UwsApp, UwsRequest, UwsResponse, UwsWebSocket } from './uws.js';

/** Two servers must not share a port: the library's default lets the kernel deal connections out between them. */
const EXCLUSIVE_PORT = 1;
/** How often a port that was just free may be snatched before we give up. */
const FREE_PORT_TRIES = 5;
/** The library cuts what is over its own bound without a word; up to this much more we answer 1009 ourselves. */
const SLACK_BYTES = 1024 * 1024;
/** Our own bound, checked before each send, is the one that counts; the library's is out of the way. */
const NO_BACKPRESSURE_BOUND = 0x7fff_ffff;

/** What the library carries from `upgrade` to the socket's own callbacks. */
interface Carried extends UwsWebSocket {
  readonly ours: UwsSocket;
}

export class UwsHttpServer implements HttpServer {
  readonly impl = 'uws';
  readonly #uws: Uws;
  readonly #app: UwsApp;
  readonly #handlers: HttpServerHandlers;
  readonly #timers: Timers | undefined;
  readonly #maxBodyBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #sockets = new Set<UwsSocket>();
  #nextId = 1;
  #isClosing = false;

  constructor(uws: Uws, options: HttpServerOptions, timers: Timers | undefined) {
    this.#uws = uws;
    this.#handlers = options.handlers;
    this.#timers = timers;
    this.#maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? MAX_BUFFERED_BYTES;
    this.#app = options.tls === undefined ? uws.App({}) : secureApp(uws, options.tls);
    this.#app.ws('/*', {
      compression: 0,
      maxPayloadLength: this.#maxBodyBytes + SLACK_BYTES,
      maxBackpressure: NO_BACKPRESSURE_BOUND,
      idleTimeout: idleSeconds(options.idleTimeoutSeconds),
      sendPingsAutomatically: false,
      upgrade: (response, request, context) => this.#onUpgrade(response, request, context),
      open: (socket) => this.#onOpen((socket as Carried).ours, socket),
      message: (socket, message, isBinary) => this.#onMessage((socket as Carried).ours, message, isBinary),
      drain: (socket) => {
        if (socket.getBufferedAmount() === 0) this.#handlers.onDrain?.((socket as Carried).ours);
      },
      pong: (socket) => this.#handlers.onPong?.((socket as Carried).ours),
      close: (socket, code, reason) => this.#onClose((socket as Carried).ours, code, reason),
    });
    this.#app.any('/*', (response, request) => this.#onRequest(response, request));
  }

  async listen(host: string, port: number): Promise<number> {
    // Asked for port 0, the library leaves SO_REUSEADDR out, and the port could not be bound again for a minute after the stop: Node picks it.
    for (let tries = 0; tries < (port === 0 ? FREE_PORT_TRIES : 1); tries++) {
      const wanted = port === 0 ? await freePort(host) : port;
      let bound = 0;
      this.#app.listen(host, wanted, EXCLUSIVE_PORT, (listener) => {
        if (listener !== false) bound = this.#uws.us_socket_local_port(listener);
      });
      if (bound > 0) return bound;
    }
    // The library only says that it could not; Node says why.
    await freePort(host, port);
    throw listenError(host, port, 'refused by uWebSockets.js');
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const timers = this.#timers;
    const hadSockets = this.#sockets.size > 0;
    for (const socket of this.#sockets) socket.close(CLOSE_GOING_AWAY, 'server is closing');
    // The library calls a socket closed as soon as the close frame is on its way; the grace lets that frame, and what waits before it, go out.
    if (timers !== undefined && hadSockets) await new Promise<void>((resolve) => timers.after(CLOSE_GRACE_MS, resolve));
    this.#app.close();
  }

  #onRequest(response: UwsResponse, request: UwsRequest): void {
    const head = headOf(response, request);
    let isOver = false;
    const answer = (reply: HttpReply, mustClose: boolean): void => {
      if (isOver) return;
      isOver = true;
      response.cork(() => writeReply(response, reply, head.method === 'HEAD', mustClose));
    };
    response.onAborted(() => {
      isOver = true;
    });
    if (Number(head.headers['content-length'] ?? 0) > this.#maxBodyBytes) return answer(TOO_LARGE, true);
    let body = Buffer.alloc(0);
    response.onData((chunk, isLast) => {
      if (isOver) return;
      if (body.length + chunk.byteLength > this.#maxBodyBytes) return answer(TOO_LARGE, true);
      // The library takes its memory back when this returns.
      if (chunk.byteLength > 0) body = Buffer.concat([body, new Uint8Array(chunk)]);
      if (isLast) this.#handlers.onRequest({ ...head, body }, (reply) => answer(reply, false));
    });
  }

  #onUpgrade(response: UwsResponse, request: UwsRequest, context: unknown): void {
    const head = headOf(response, request);
    const refusal = this.#isClosing ? GOING_AWAY : refusalOf(this.#handlers, head);
    if (refusal !== null) {
      writeReply(response, refusal, false, true);
      return;
    }
    const ours = new UwsSocket(this.#nextId++, head, this.#maxBufferedBytes);
    response.upgrade({ ours }, request.getHeader('sec-websocket-key'), '', '', context);
  }

  #onOpen(ours: UwsSocket, socket: UwsWebSocket): void {
    ours.attach(socket);
    this.#sockets.add(ours);
    this.#handlers.onOpen?.(ours);
  }

  #onMessage(ours: UwsSocket, message: ArrayBuffer, isBinary: boolean): void {
    if (message.byteLength > this.#maxBodyBytes) ours.close(CLOSE_TOO_BIG, 'message too large');
    else this.#handlers.onMessage?.(ours, new Uint8Array(message), !isBinary);
  }

  #onClose(ours: UwsSocket, code: number, reason: ArrayBuffer): void {
    this.#sockets.delete(ours);
    const ending = ours.detach();
    if (ending === null) this.#handlers.onClose?.(ours, code, Buffer.from(reason).toString('utf8'));
    // Our own close or terminate: the library tells us inside the call, Node's `ws` later. Later it is, for both.
    else queueMicrotask(() => this.#handlers.onClose?.(ours, ending.code, ending.reason));
  }
}

class UwsSocket implements ServerSocket {
  data: unknown = undefined;
  readonly #maxBufferedBytes: number;
  #socket: UwsWebSocket | null = null;
  #ending: { readonly code: number; readonly reason: string } | null = null;

  constructor(
    readonly id: number,
    readonly request: UpgradeRequest,
    maxBufferedBytes: number,
  ) {
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  attach(socket: UwsWebSocket): void {
    this.#socket = socket;
  }

  /** How we ended it ourselves, null when the peer did. */
  detach(): { readonly code: number; readonly reason: string } | null {
    this.#socket = null;
    return this.#ending;
  }

  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    const socket = this.#socket;
    if (socket === null) return 'dropped';
    if (socket.getBufferedAmount() + data.length > this.#maxBufferedBytes) {
      this.terminate();
      return 'dropped';
    }
    const outcome = socket.send(data, typeof data !== 'string', false);
    if (outcome === 1) return 'sent';
    if (outcome === 0) return 'queued';
    this.terminate();
    return 'dropped';
  }

  bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  ping(): void {
    this.#socket?.ping();
  }

  close(code = CLOSE_NORMAL, reason = ''): void {
    assert(mayTravel(code), `close code ${code} may not be sent`);
    const socket = this.#socket;
    if (socket === null) return;
    this.#ending = { code, reason };
    socket.end(code, reason);
  }

  terminate(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#ending = { code: CLOSE_ABNORMAL, reason: '' };
    socket.close();
  }
}

function headOf(response: UwsResponse, request: UwsRequest): UpgradeRequest {
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  });
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    headers,
    remoteAddress: addressText(Buffer.from(response.getRemoteAddressAsText()).toString('latin1')),
  };
}

function writeReply(response: UwsResponse, reply: HttpReply, isHead: boolean, mustClose: boolean): void {
  response.writeStatus(statusLine(reply.status));
  for (const [name, value] of Object.entries(reply.headers ?? {})) if (!isOurs(name)) response.writeHeader(name, value);
  // Told the length by argument, the library waits for a body that never comes and aborts the next request on the connection; as a header it is just text.
  if (isHead) response.writeHeader('Content-Length', String(Buffer.byteLength(reply.body))).endWithoutBody();
  else response.end(reply.body, mustClose);
}

/** The library reads keys from files only: a private folder that lives for the length of this call. */
function secureApp(uws: Uws, tls: { readonly key: string; readonly cert: string }): UwsApp {
  const folder = mkdtempSync(join(tmpdir(), 'thor-tls-'));
  try {
    const keyFile = join(folder, 'key.pem');
    const certFile = join(folder, 'cert.pem');
    writeFileSync(keyFile, tls.key, { mode: 0o600 });
    writeFileSync(certFile, tls.cert, { mode: 0o600 });
    return uws.SSLApp({ key_file_name: keyFile, cert_file_name: certFile });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The port that Node could bind just now; rejects as `listen` does. */
function freePort(host: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => reject(listenError(host, port, error.code ?? error.message)));
    probe.listen({ host, port, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });
}
