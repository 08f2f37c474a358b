/**
 * The least that any reader must do: a loopback socket, its callback, a look at the clock; beside it, where the lanes that it is compared with spin, a thread that
 * spins, and where their feeds keep their event loops turning, so does this one. Child process of the tick-to-order benchmark.
 */
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { answerQuestions, machineUs } from '../support/child.js';
import { SYMBOL } from './paced-market.js';

export interface BareQuestion {
  readonly port: number;
  readonly messages: number;
  readonly hasSpinner: boolean;
  readonly keepsTurning: boolean;
}

export interface BareAnswer {
  /** Arrival by message number; the message is told by its update id. */
  readonly arrivedUs: readonly (number | null)[];
}

/** A neighbour as a hot lane is one under `--wait spin`: it looks at a shared word for ever. */
const SPINNER = `const { workerData } = require('node:worker_threads'); const word = new Int32Array(workerData); while (Atomics.load(word, 0) === 0);`;

answerQuestions(
  (question) =>
    new Promise<BareAnswer>((resolve, reject) => {
      const { port, messages, hasSpinner, keepsTurning } = question as BareQuestion;
      const spinning = new SharedArrayBuffer(4);
      if (hasSpinner) new Worker(SPINNER, { eval: true, workerData: spinning }).once('error', reject);
      let isOver = false;
      const turn = (): void => {
        if (!isOver) setImmediate(turn);
      };
      if (keepsTurning) turn();
      const arrivedUs: (number | null)[] = [];
      const socket = connect({ port, host: '127.0.0.1' }, () => {
        socket.setNoDelay(true);
        const key = Buffer.alloc(16, 1).toString('base64');
        socket.write(
          `GET /v5/public/linear HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
        );
      });
      let isOpen = false;
      socket.on('data', (bytes) => {
        const atUs = machineUs();
        if (!isOpen) {
          isOpen = true;
          const text = Buffer.from(`{"op":"subscribe","args":["orderbook.200.${SYMBOL}"]}`);
          // A masked text frame, with a mask of zeros.
          socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
          return;
        }
        for (const match of bytes.toString('latin1').matchAll(/"u":(\d+)/g)) {
          const n = Number(match[1]) - 2;
          arrivedUs[n] = atUs;
          if (n >= messages) {
            isOver = true;
            socket.destroy();
            Atomics.store(new Int32Array(spinning), 0, 1);
            resolve({ arrivedUs: Array.from(arrivedUs, (us) => us ?? null) });
          }
        }
      });
      socket.once('error', reject);
    }),
);
