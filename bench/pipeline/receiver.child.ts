/**
 * A reader with a process of its own, so that its processor time can be told from the sender's: our client, kernel and books; `ws`, `JSON.parse` and sorted arrays; or ccxt.
 * Before each repetition of the recording the books start anew; the time of that is taken out. Child process of the socket-to-book benchmark.
 */
import WebSocket from 'ws';
import { TEST_CERT } from '../../test/net/certificate.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import type { FrameHandler } from '../../src/core/ports/frame-source.js';
import { createFrameSource } from '../../src/net/frame-source.js';
import { realWallUs, SystemTimers } from '../../src/workers/clock.js';
import { CcxtBooks } from '../alternatives/ccxt-books.js';
import { arrayBooksOf } from '../alternatives/sorted-arrays.js';
import { answerQuestions } from '../support/child.js';
import { readCorpus, SOURCES, type Corpus } from '../support/corpus.js';
import { OurBooks } from '../support/our-books.js';

export type ReceiverKind = 'own' | 'own-json' | 'ws' | 'ccxt';

export interface ReceiveQuestion {
  readonly kind: ReceiverKind;
  readonly source: keyof typeof SOURCES;
  readonly most: number;
  readonly url: string;
  readonly loops: number;
}

export interface ReceiveAnswer {
  readonly cpuUs: number;
  readonly messages: number;
  readonly result: string;
}

interface Reader {
  /** Books as they were before the first message. */
  prepare(): void;
  /** Connects; calls `before` and `after` around messages, `after` with how many they were: all of one repetition. @returns how to close */
  connect(
    url: string,
    opened: () => void,
    before: () => void,
    after: (messages: number) => void,
    failed: (text: string) => void,
  ): () => void;
  result(): string;
}

const RECEIVE_BYTES = 2 * 1024 * 1024;
/** Of a payload below 64 KiB, its header included. */
const frameBytes = (payload: number): number => payload + (payload < 126 ? 2 : 4);

function ours(corpus: Corpus, kernel: KernelName): Reader {
  const books = new OurBooks(corpus.venue, kernel);
  const reader = books.reader(corpus.frames[0]?.conn ?? '');
  const receive = books.receive(RECEIVE_BYTES);
  const loopBytes = corpus.frames.reduce((sum, { bytes }) => sum + frameBytes(bytes.length), 0);
  const clock = { nowUs: () => performance.now() * 1000, wallUs: realWallUs };
  const source = createFrameSource({
    clock,
    timers: new SystemTimers(1),
    onError: (error) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  });
  return {
    prepare() {
      books.reset();
      for (const { restSymbol, bytes } of corpus.before) {
        if (restSymbol === null) reader.read(bytes, 0, bytes.length, 0);
        else reader.readSnapshot(restSymbol, bytes.toString(), 0);
      }
    },
    connect(url, opened, before, after, failed) {
      // A run may not reach into the next repetition, for which the books start anew.
      let leftBytes = loopBytes;
      const took = (bytes: number, messages: number): void => {
        leftBytes -= bytes;
        if (leftBytes === 0) leftBytes = loopBytes;
        after(messages);
      };
      const handler: FrameHandler = {
        onOpen: opened,
        onFrame(bytes, start, end, _isText, recvUs) {
          before();
          reader.read(bytes, start, end, recvUs);
          took(frameBytes(end - start), 1);
        },
        onClose: (code, reason) => failed(`closed ${code} ${reason}`),
      };
      if (kernel === 'wasm') {
        handler.onRun = (bytes, start, end, recvUs) => {
          before();
          const known = books.stats.frames;
          const next = reader.readRun(bytes, start, Math.min(end, start + leftBytes), recvUs);
          if (next !== start) took(next - start, books.stats.frames - known);
          return next;
        };
      }
      // As the feeds' sessions say it.
      const connection = source.connect({ url, receive, ca: TEST_CERT, checksText: true }, handler);
      return () => connection.close();
    },
    result: () => books.result(),
  };
}

function arrays(corpus: Corpus): Reader {
  const books = arrayBooksOf(corpus.venue.id);
  return {
    prepare() {
      books.reset();
      for (const { restSymbol, conn, bytes } of corpus.before) {
        if (restSymbol === null) books.frame(bytes, conn);
        else books.restSnapshot(restSymbol, bytes);
      }
    },
    connect(url, opened, before, after, failed) {
      const socket = new WebSocket(url, { perMessageDeflate: false, ca: TEST_CERT });
      socket.on('open', opened);
      socket.on('message', (bytes: Buffer) => {
        before();
        books.frame(bytes, '');
        after(1);
      });
      socket.on('error', (error) => failed(error.message));
      socket.on('close', () => failed('closed'));
      return () => socket.terminate();
    },
    result: () => books.result(),
  };
}

async function ccxt(corpus: Corpus): Promise<Reader> {
  const books = await CcxtBooks.of(corpus);
  return {
    prepare: () => books.prepare(),
    connect: (url, opened, before, after, failed) => books.connect(url, TEST_CERT, { opened, before, after: () => after(1), failed }),
    result: () => books.result(),
  };
}

async function makeReader(kind: ReceiverKind, corpus: Corpus): Promise<Reader> {
  if (kind === 'ccxt') return ccxt(corpus);
  return kind === 'ws' ? arrays(corpus) : ours(corpus, kind === 'own' ? DEFAULT_KERNEL : 'json');
}

const known = new Map<string, { readonly corpus: Corpus; readonly reader: Reader }>();

async function readerOf(question: ReceiveQuestion): Promise<{ readonly corpus: Corpus; readonly reader: Reader }> {
  const { kind, source, most } = question;
  const key = `${kind} ${source}`;
  let entry = known.get(key);
  if (entry === undefined) {
    const corpus = await readCorpus(SOURCES[source], most);
    entry = { corpus, reader: await makeReader(kind, corpus) };
    known.set(key, entry);
  }
  return entry;
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

answerQuestions(async (asked) => {
  const question = asked as ReceiveQuestion;
  const { corpus, reader } = await readerOf(question);
  const each = corpus.frames.length;
  const wanted = each * question.loops;
  return new Promise<ReceiveAnswer>((resolve, reject) => {
    let seen = 0;
    let startUs = 0;
    let preparingUs = 0;
    let isDone = false;
    const close = reader.connect(
      `${question.url}/${corpus.venue.id === 'binance-spot' ? 'stream' : 'ws'}?loops=${question.loops}`,
      () => {
        startUs = cpuUs();
      },
      () => {
        if (seen % each !== 0) return;
        const from = cpuUs();
        reader.prepare();
        preparingUs += cpuUs() - from;
      },
      (messages) => {
        seen += messages;
        if (seen < wanted) return;
        const spent = cpuUs() - startUs - preparingUs;
        isDone = true;
        close();
        resolve({ cpuUs: spent, messages: seen, result: reader.result() });
      },
      (text) => {
        if (!isDone) reject(new Error(`${question.kind}: ${text} after ${seen} of ${wanted} messages`));
      },
    );
  });
});
