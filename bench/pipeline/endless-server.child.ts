/**
 * A venue without an end: Bybit's protocol over TLS on loopback, whole turns of an endless stream sent at full speed whenever it is told to, to whoever is connected.
 * Child process of the allocation benchmark.
 */
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { TEST_CERT, TEST_KEY } from '../../test/net/certificate.js';
import { answerQuestions } from '../support/child.js';
import { EndlessStream } from '../support/endless-stream.js';

export interface EndlessQuestion {
  readonly kind: 'listen' | 'send';
  /** Of `listen`. */
  readonly symbols?: readonly string[];
  readonly messages?: number;
  readonly levels?: number;
  /** Of `send`. */
  readonly turns?: number;
}

export interface EndlessAnswer {
  readonly port: number;
  /** Of a `send`: update id of the last message, and the TLS records that carried it all. */
  readonly lastId: number;
  readonly bytes: number;
}

const WS_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Header of an unmasked text frame. */
export function headOf(payloadBytes: number): Buffer {
  if (payloadBytes < 126) return Buffer.from([0x81, payloadBytes]);
  if (payloadBytes < 65_536) return Buffer.from([0x81, 126, payloadBytes >> 8, payloadBytes & 255]);
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return head;
}

let stream = new EndlessStream({ symbols: ['BTCUSDT'], messages: 1, levels: 2 });
let peer: TLSSocket | null = null;

const server = createServer({ cert: TEST_CERT, key: TEST_KEY, noDelay: true }, (socket) => {
  socket.once('error', () => socket.destroy());
  let isOpen = false;
  socket.on('data', (bytes) => {
    if (!isOpen) {
      isOpen = true;
      const key = /sec-websocket-key: *(\S+)/i.exec(bytes.toString('latin1'))?.[1] ?? '';
      const accept = createHash('sha1')
        .update(key + WS_GUID)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      return;
    }
    if (peer === socket) return;
    // The first frame of a client is its subscription.
    peer = socket;
    for (const snapshot of stream.snapshots) {
      const payload = Buffer.from(snapshot);
      socket.write(Buffer.concat([headOf(payload.length), payload]));
    }
  });
});

async function send(socket: TLSSocket, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    stream.nextTurn();
    // The bytes are written again in the next turn: they must have left.
    await new Promise<void>((resolve, reject) => socket.write(stream.bytes, (error) => (error ? reject(error) : resolve())));
  }
}

let turnsSent = 0;

answerQuestions(async (asked): Promise<EndlessAnswer> => {
  const question = asked as EndlessQuestion;
  if (question.kind === 'listen') {
    const { symbols = ['BTCUSDT'], messages = 1000, levels = 10 } = question;
    stream = new EndlessStream({ symbols, messages, levels, head: headOf });
    turnsSent = 0;
    peer = null;
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  } else {
    if (peer === null) throw new Error('nobody has subscribed');
    await send(peer, question.turns ?? 1);
    turnsSent += question.turns ?? 1;
  }
  return { port: (server.address() as AddressInfo).port, lastId: stream.lastIdAfter(turnsSent), bytes: stream.bytes.length };
});
