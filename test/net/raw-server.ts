/** A WebSocket server that does exactly what a test tells it, right or wrong, byte by byte, over plain TCP or TLS on loopback. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { acceptFor } from '../../src/net/handshake.js';
import { TEST_CERT, TEST_KEY } from './certificate.js';

export type Transport = 'plain' | 'tls';

export interface Peer {
  readonly socket: Socket;
  readonly requestHead: string;
  readonly key: string;
  /** Frames of the client, unmasked, as `opcode:payload`. */
  readonly received: string[];
  readonly closed: Promise<void>;
  /** Resolves once this many frames came. */
  hasReceived(count: number): Promise<void>;
}

export class RawServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  url = '';
  port = 0;

  private constructor(
    readonly transport: Transport,
    onPeer: (peer: Peer) => void,
    answer: (peer: Peer) => string,
    tls: TlsOptions,
  ) {
    const onSocket = (socket: Socket): void => this.#serve(socket, onPeer, answer);
    this.#server = transport === 'tls' ? createTlsServer({ key: TEST_KEY, cert: TEST_CERT, ...tls }, onSocket) : createServer(onSocket);
  }

  /** @param tls beside the key and the good certificate */
  static async start(
    transport: Transport,
    onPeer: (peer: Peer) => void,
    answer: (peer: Peer) => string = goodAnswer,
    tls: TlsOptions = {},
  ): Promise<RawServer> {
    const server = new RawServer(transport, onPeer, answer, tls);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    server.port = (server.#server.address() as AddressInfo).port;
    server.url = `${transport === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${server.port}/stream?a=1`;
    return server;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket, onPeer: (peer: Peer) => void, answer: (peer: Peer) => string): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    const received: string[] = [];
    let wake: (() => void)[] = [];
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        this.#sockets.delete(socket);
        resolve();
      });
    });
    const hasReceived = async (count: number): Promise<void> => {
      while (received.length < count) await new Promise<void>((resolve) => wake.push(resolve));
    };
    let pending: Buffer = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      if (!isOpen) {
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const requestHead = pending.subarray(0, end + 4).toString('latin1');
        pending = pending.subarray(end + 4);
        isOpen = true;
        const key = /sec-websocket-key: (.*)\r\n/i.exec(requestHead)?.[1] ?? '';
        const peer: Peer = { socket, requestHead, key, received, closed, hasReceived };
        socket.write(answer(peer), 'latin1');
        onPeer(peer);
      }
      for (;;) {
        const frame = unmask(pending);
        if (frame === null) break;
        pending = frame.rest;
        received.push(frame.text);
      }
      const woken = wake;
      wake = [];
      for (const run of woken) run();
    });
  }
}

export function goodAnswer(peer: Peer): string {
  return `HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(peer.key)}\r\n\r\n`;
}

/** A server frame: unmasked, minimal length, unless told otherwise. */
export function frame(
  opcode: number,
  payload: string | Uint8Array,
  options: { readonly fin?: boolean; readonly first?: number } = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = options.first ?? (options.fin === false ? 0 : 0x80) | opcode;
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body]);
  if (body.length < 0x10000) return Buffer.concat([Buffer.from([first, 126, body.length >> 8, body.length & 0xff]), body]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

export function closeFrame(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return frame(8, payload);
}

function unmask(bytes: Buffer): { text: string; rest: Buffer } | null {
  if (bytes.length < 6) return null;
  const opcode = (bytes[0] ?? 0) & 15;
  let length = (bytes[1] ?? 0) & 127;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 8) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 14) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (((bytes[1] ?? 0) & 128) === 0) throw new Error('the client sent a frame without a mask');
  if (bytes.length < at + 4 + length) return null;
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (bytes[at + (i & 3)] ?? 0);
  const text =
    opcode === 8 && length >= 2 ? `8:${payload.readUInt16BE(0)}:${payload.subarray(2).toString()}` : `${opcode}:${payload.toString()}`;
  return { text, rest: bytes.subarray(at + 4 + length) };
}
