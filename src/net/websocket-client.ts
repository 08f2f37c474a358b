/**
 * Our own WebSocket client: bytes land in a (shared) receive buffer through `onread`, and frames are handed on where they landed. The hot path of every feed.
 * Called by sessions on event-loop lanes. No extensions: addresses that need permessage-deflate go through `ws-client.ts`, behind the same port.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { assert, messageOf } from '../core/numbers/errors.js';
import type { Clock, TimerHandle, Timers } from '../core/ports/clock.js';
import type { ConnectOptions, FrameConnection, FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { CLOSE_ABNORMAL, CLOSE_INTERNAL, CLOSE_NORMAL, mayTravel } from './close-code.js';
import { FrameParser, type FrameSink, OP_PING, OP_PONG } from './frame-parser.js';
import { FrameWriter } from './frame-writer.js';
import { HEAD_BYTES_MAX, headEnd, parseTarget, refusalOf, requestText, type Target } from './handshake.js';
import { trustOf } from './trust.js';

/** Largest Binance snapshot frames are a few hundred KB; 2 MiB holds several reads' worth (DESIGN.md, section 2). */
export const RECEIVE_BYTES = 2 * 1024 * 1024;
const RECEIVE_BYTES_MIN = 1024;
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long a peer may take to answer our close frame, or to take our last bytes, before the connection is cut. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** Requests are a few hundred bytes: a megabyte that waits means the peer stopped reading. */
export const SEND_BYTES_MAX = 1024 * 1024;
const KEEP_ALIVE_MS = 15_000;

export interface SocketWorld {
  readonly clock: Clock;
  /** Give timers of the wall: sockets do not run faster when market time does. */
  readonly timers: Timers;
  /** A handler threw: the connection is closed, the process lives on. */
  readonly onError: (error: unknown) => void;
}

export class WebSocketClient implements FrameSource {
  readonly #world: SocketWorld;

  constructor(world: SocketWorld) {
    this.#world = world;
  }

  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection {
    return new ClientConnection(this.#world, options, handler);
  }
}

const CONNECTING = 0;
const OPEN = 1;
/** Our close frame is out; frames are no longer handed on. */
const CLOSING = 2;
const CLOSED = 3;

const NOTHING = new Uint8Array(0);

class ClientConnection implements FrameConnection, FrameSink {
  readonly #world: SocketWorld;
  readonly #handler: FrameHandler;
  readonly #receive: Uint8Array;
  readonly #parser: FrameParser;
  readonly #writer = new FrameWriter();
  readonly #key = randomBytes(16).toString('base64');
  #socket: Socket | null = null;
  #state = CONNECTING;
  #timer: TimerHandle | null = null;
  /** One number object for all messages of a read: a field that only ever held numbers would make one anew for each message. */
  #recvUs: number | null = null;
  /** What `onClose` will say once the socket is gone. */
  #closeCode = CLOSE_ABNORMAL;
  #closeReason = '';

  constructor(world: SocketWorld, options: ConnectOptions, handler: FrameHandler) {
    const receive = options.receive ?? new Uint8Array(RECEIVE_BYTES);
    assert(receive.length >= RECEIVE_BYTES_MIN, `receive buffer must have at least ${RECEIVE_BYTES_MIN} bytes, has ${receive.length}`);
    this.#world = world;
    this.#handler = handler;
    this.#receive = receive;
    this.#parser = new FrameParser(receive, options.maxMessageBytes ?? MAX_MESSAGE_BYTES, this, options.checksText !== true);
    const target = parseTarget(options.url);
    const request = typeof target === 'string' ? target : requestText(target, this.#key, options.headers ?? {});
    if (typeof target === 'string' || request === null) {
      this.#closeReason = typeof target === 'string' ? target : 'a header may not be sent';
      // The caller must hold its connection before it hears of the end.
      queueMicrotask(() => this.#ended());
      return;
    }
    this.#timer = world.timers.after(options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS, () => this.#cut('handshake timed out'));
    this.#dial(target, request, options.ca);
  }

  send(text: string): boolean {
    const socket = this.#socket;
    if (this.#state !== OPEN || socket === null) return false;
    const frame = this.#writer.text(text);
    if (socket.writableLength + frame.length > SEND_BYTES_MAX) return false;
    socket.write(frame);
    return true;
  }

  ping(): void {
    if (this.#state === OPEN) this.#control(OP_PING, NOTHING);
  }

  close(code = CLOSE_NORMAL, reason = ''): void {
    assert(mayTravel(code), `close code ${code} may not be sent`);
    if (this.#state === CONNECTING) this.#cut(reason === '' ? 'closed before it opened' : reason);
    else if (this.#state === OPEN) this.#startClosing(code, reason);
  }

  #dial(target: Target, request: string, ca: string | undefined): void {
    const common = {
      host: target.host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      // Bytes that come after the end go to the front of the buffer and nowhere else: TLS may still deliver what it had decrypted.
      onread: {
        buffer: () => (this.#state === CLOSED ? this.#receive : this.#parser.room()),
        callback: (count: number) => this.#onRead(count),
      },
    };
    const socket = target.isSecure
      ? connectTls({
          ...common,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
          ALPNProtocols: ['http/1.1'],
          ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
          ...(ca === undefined ? {} : { secureContext: trustOf(ca) }),
        })
      : connectPlain(common);
    this.#socket = socket;
    socket.once(target.isSecure ? 'secureConnect' : 'connect', () => socket.write(request, 'latin1'));
    socket.on('error', (error) => {
      if (this.#closeReason === '') this.#closeReason = failureText(error);
    });
    socket.on('end', () => socket.destroySoon());
    socket.once('close', () => this.#ended());
  }

  /** Node's callback for each read: `count` bytes are in the room the parser gave. */
  #onRead(count: number): boolean {
    if (this.#state === CLOSED) return true;
    this.#recvUs = this.#world.clock.nowUs();
    this.#parser.landed(count);
    if (this.#state === CONNECTING && !this.#opened()) return true;
    const code = this.#parser.parse();
    if (code !== 0) this.#fail(code, this.#parser.failure);
    return true;
  }

  /** Reads the answer to our handshake; true once the connection is open and frames may follow. */
  #opened(): boolean {
    const waiting = this.#parser.waiting();
    const end = headEnd(waiting.subarray(0, HEAD_BYTES_MAX));
    if (end < 0) {
      if (waiting.length >= Math.min(HEAD_BYTES_MAX, this.#parser.capacity))
        this.#cut(`the head of the answer is over ${HEAD_BYTES_MAX} bytes`);
      return false;
    }
    const refusal = refusalOf(Buffer.from(waiting.subarray(0, end)).toString('latin1'), this.#key);
    if (refusal !== '') {
      this.#cut(refusal);
      return false;
    }
    this.#parser.skip(end);
    this.#stopTimer();
    this.#state = OPEN;
    try {
      this.#handler.onOpen();
    } catch (error) {
      this.#handlerThrew(error);
    }
    return true;
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean): boolean {
    if (this.#state !== OPEN) return this.#state === CLOSING;
    try {
      this.#handler.onFrame(bytes, start, end, isText, this.#recvUs ?? 0);
    } catch (error) {
      this.#handlerThrew(error);
    }
    return this.#state < CLOSED;
  }

  onRun(bytes: Uint8Array, start: number, end: number): number {
    if (this.#state !== OPEN || this.#handler.onRun === undefined) return start;
    try {
      return this.#handler.onRun(bytes, start, end, this.#recvUs ?? 0);
    } catch (error) {
      this.#handlerThrew(error);
      return start;
    }
  }

  onControl(opcode: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (opcode === OP_PING && this.#state === OPEN) this.#control(OP_PONG, bytes.subarray(start, end));
    if (this.#state === OPEN && this.#handler.onLife !== undefined) {
      try {
        this.#handler.onLife(this.#recvUs ?? 0);
      } catch (error) {
        this.#handlerThrew(error);
      }
    }
    return this.#state < CLOSED;
  }

  onPeerClose(code: number, reason: string): void {
    if (this.#state === CLOSED) return;
    this.#closeCode = code;
    this.#closeReason = reason;
    const wasOpen = this.#state === OPEN;
    this.#state = CLOSED;
    this.#leave(wasOpen ? this.#writer.close(code, '') : null);
  }

  /** Control frames over the send bound are left out: the peer does not read, and its silence will be noticed. */
  #control(opcode: typeof OP_PING | typeof OP_PONG, payload: Uint8Array): void {
    const socket = this.#socket;
    if (socket !== null && socket.writableLength < SEND_BYTES_MAX) socket.write(this.#writer.control(opcode, payload));
  }

  #startClosing(code: number, reason: string): void {
    this.#state = CLOSING;
    this.#socket?.write(this.#writer.close(code, reason));
    this.#timer = this.#world.timers.after(CLOSE_TIMEOUT_MS, () => this.#cut('the peer did not answer our close frame'));
  }

  /** Says why, reads no more, and leaves. The handler hears our code, not the peer's. */
  #fail(code: number, why: string): void {
    if (this.#state === CLOSED) return;
    const wasOpen = this.#state === OPEN;
    this.#state = CLOSED;
    this.#closeCode = code;
    this.#closeReason = why;
    this.#leave(wasOpen ? this.#writer.close(code, why) : null);
  }

  /** Sends the last frame and ends the socket. Reading stops first: after `onClose` the receive buffer belongs to the caller again. */
  #leave(last: Buffer | null): void {
    this.#stopTimer();
    const socket = this.#socket;
    if (socket === null) return;
    socket.pause();
    if (last !== null) socket.write(last);
    this.#timer = this.#world.timers.after(CLOSE_TIMEOUT_MS, () => socket.destroy());
    socket.destroySoon();
  }

  #cut(why: string): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#stopTimer();
    this.#closeReason = why;
    this.#socket?.destroy();
  }

  #ended(): void {
    this.#stopTimer();
    this.#state = CLOSED;
    this.#socket = null;
    if (this.#closeReason === '' && this.#closeCode === CLOSE_ABNORMAL) this.#closeReason = 'the connection ended without a close frame';
    try {
      this.#handler.onClose(this.#closeCode, this.#closeReason);
    } catch (error) {
      this.#world.onError(error);
    }
  }

  #handlerThrew(error: unknown): void {
    this.#world.onError(error);
    this.#fail(CLOSE_INTERNAL, `handler failed: ${messageOf(error)}`);
  }

  #stopTimer(): void {
    if (this.#timer === null) return;
    this.#world.timers.cancel(this.#timer);
    this.#timer = null;
  }
}

/** Node gives an AggregateError without a message when every address of a host refused. */
export function failureText(error: Error): string {
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
