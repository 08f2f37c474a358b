/**
 * The same FrameSource by the `ws` package: for addresses that need permessage-deflate, and for servers our own client does not get on with. Event-loop lanes.
 * Each message is copied into the caller's receive buffer when it fits, so that the kernel finds it where it looks; a larger one is handed on in a buffer of its own.
 */
import { WebSocket } from 'ws';
import { assert, messageOf } from '../core/numbers/errors.js';
import type { TimerHandle } from '../core/ports/clock.js';
import type { ConnectOptions, FrameConnection, FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { CLOSE_ABNORMAL, CLOSE_INTERNAL, CLOSE_NORMAL, mayTravel } from './close-code.js';
import { parseTarget } from './handshake.js';
import { trustOf } from './trust.js';
import {
  CLOSE_TIMEOUT_MS,
  failureText,
  HANDSHAKE_TIMEOUT_MS,
  MAX_MESSAGE_BYTES,
  SEND_BYTES_MAX,
  type SocketWorld,
} from './websocket-client.js';

export class WsClient implements FrameSource {
  readonly #world: SocketWorld;

  constructor(world: SocketWorld) {
    this.#world = world;
  }

  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection {
    return new WsConnection(this.#world, options, handler);
  }
}

class WsConnection implements FrameConnection {
  readonly #world: SocketWorld;
  readonly #handler: FrameHandler;
  readonly #receive: Uint8Array | null;
  #socket: WebSocket | null = null;
  #timer: TimerHandle | null = null;
  #isClosing = false;
  /** Why we ended it ourselves; the peer's code and reason count otherwise. */
  #failCode = 0;
  #reason = '';

  constructor(world: SocketWorld, options: ConnectOptions, handler: FrameHandler) {
    this.#world = world;
    this.#handler = handler;
    this.#receive = options.receive ?? null;
    const target = parseTarget(options.url);
    if (typeof target === 'string') {
      this.#reason = target;
      queueMicrotask(() => this.#ended(CLOSE_ABNORMAL, ''));
      return;
    }
    this.#open(options);
  }

  send(text: string): boolean {
    const socket = this.#socket;
    if (socket === null || this.#isClosing || socket.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount + text.length > SEND_BYTES_MAX) return false;
    socket.send(text);
    return true;
  }

  ping(): void {
    const socket = this.#socket;
    if (socket !== null && socket.readyState === WebSocket.OPEN && socket.bufferedAmount < SEND_BYTES_MAX) socket.ping();
  }

  close(code = CLOSE_NORMAL, reason = ''): void {
    assert(mayTravel(code), `close code ${code} may not be sent`);
    const socket = this.#socket;
    if (socket === null || this.#isClosing) return;
    if (socket.readyState === WebSocket.CONNECTING) this.#reason = reason === '' ? 'closed before it opened' : reason;
    this.#shut(socket, code, reason);
  }

  #open(options: ConnectOptions): void {
    let socket: WebSocket;
    try {
      socket = new WebSocket(options.url, {
        perMessageDeflate: options.deflate === true,
        maxPayload: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
        handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
        followRedirects: false,
        skipUTF8Validation: options.checksText === true,
        rejectUnauthorized: true,
        ...(options.headers === undefined ? {} : { headers: options.headers }),
        ...(options.ca === undefined ? {} : { secureContext: trustOf(options.ca) }),
      });
    } catch (error) {
      this.#reason = messageOf(error);
      queueMicrotask(() => this.#ended(CLOSE_ABNORMAL, ''));
      return;
    }
    this.#socket = socket;
    socket.on('open', () => this.#guard(() => this.#handler.onOpen()));
    socket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, !isBinary));
    socket.on('ping', () => this.#onLife());
    socket.on('pong', () => this.#onLife());
    socket.on('error', (error) => {
      if (this.#reason === '') this.#reason = failureText(error);
    });
    socket.once('close', (code, reason) => this.#ended(code, reason.toString('utf8')));
  }

  #onMessage(data: Buffer, isText: boolean): void {
    if (this.#isClosing) return;
    const receive = this.#receive;
    const recvUs = this.#world.clock.nowUs();
    if (receive !== null && data.length <= receive.length) {
      receive.set(data);
      this.#guard(() => this.#handler.onFrame(receive, 0, data.length, isText, recvUs));
    } else this.#guard(() => this.#handler.onFrame(data, 0, data.length, isText, recvUs));
  }

  #onLife(): void {
    if (!this.#isClosing) this.#guard(() => this.#handler.onLife?.(this.#world.clock.nowUs()));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#world.onError(error);
      this.#failCode = CLOSE_INTERNAL;
      this.#reason = `handler failed: ${messageOf(error)}`;
      if (this.#socket !== null && !this.#isClosing) this.#shut(this.#socket, CLOSE_INTERNAL, '');
    }
  }

  #shut(socket: WebSocket, code: number, reason: string): void {
    this.#isClosing = true;
    this.#timer = this.#world.timers.after(CLOSE_TIMEOUT_MS, () => socket.terminate());
    socket.close(code, reason);
  }

  #ended(code: number, reason: string): void {
    if (this.#timer !== null) this.#world.timers.cancel(this.#timer);
    this.#socket = null;
    this.#isClosing = true;
    try {
      this.#handler.onClose(this.#failCode === 0 ? code : this.#failCode, this.#reason === '' ? reason : this.#reason);
    } catch (error) {
      this.#world.onError(error);
    }
  }
}
