/** Sends recorded frames as fast as the reader takes them, plain or over TLS, until it was asked for enough. Child process of the socket-to-book benchmark. */
import { createHash } from 'node:crypto';
import { createServer as createPlain, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { TEST_CERT, TEST_KEY } from '../../test/net/certificate.js';
import { answerQuestions } from '../support/child.js';
import { readCorpus, SOURCES } from '../support/corpus.js';

export interface ServeQuestion {
  readonly source: keyof typeof SOURCES;
  readonly most: number;
}

export interface ServeAnswer {
  readonly plainPort: number;
  readonly tlsPort: number;
}

const WS_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LOOPS = /[?&]loops=(\d+)/;

/** An unmasked text frame, as servers send them. */
function frameOf(payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
  const head = payload.length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x81;
  if (payload.length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}

function serve(socket: Socket, frames: Buffer): void {
  socket.once('error', () => socket.destroy());
  socket.once('data', (bytes) => {
    const request = bytes.toString('latin1');
    const key = /sec-websocket-key: *(\S+)/i.exec(request)?.[1] ?? '';
    const accept = createHash('sha1')
      .update(key + WS_GUID)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    let left = Number(LOOPS.exec(request)?.[1] ?? 1);
    const send = (): void => {
      while (left > 0 && !socket.destroyed) {
        left--;
        if (!socket.write(frames)) {
          socket.once('drain', send);
          return;
        }
      }
    };
    send();
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

answerQuestions(async (question): Promise<ServeAnswer> => {
  const { source, most } = question as ServeQuestion;
  const corpus = await readCorpus(SOURCES[source], most);
  const frames = Buffer.concat(corpus.frames.map((frame) => frameOf(frame.bytes)));
  return {
    plainPort: await listen(createPlain({ noDelay: true }, (socket) => serve(socket, frames))),
    tlsPort: await listen(createTls({ cert: TEST_CERT, key: TEST_KEY, noDelay: true }, (socket) => serve(socket, frames))),
  };
});
