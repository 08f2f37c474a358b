/** A replay with its real listeners and the product's feeds on it, all in this thread: what was served is read over sockets and compared with `verify`. */
import { BOOK_BYTES } from '../../../src/core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, VENUE_COUNTERS } from '../../../src/core/memory/counters.js';
import { viewsOf } from '../../../src/core/memory/shared-memory.js';
import type { Instrument } from '../../../src/core/orders/instrument.js';
import type { Clock } from '../../../src/core/ports/clock.js';
import { Feed } from '../../../src/feeds/feed.js';
import { loadInstruments } from '../../../src/feeds/instruments.js';
import { readRecording } from '../../../src/feeds/recording.js';
import { findVenue } from '../../../src/feeds/registry.js';
import { VerifyRun, recordingInfo } from '../../../src/feeds/verify.js';
import { VerifiedBook, type FinalBook } from '../../../src/feeds/verify-rows.js';
import { createFrameSource } from '../../../src/net/frame-source.js';
import { NodeHttpClient } from '../../../src/net/http-client.js';
import { createHttpServer } from '../../../src/net/http-server.js';
import { runReplay, type RunningReplay } from '../../../src/venue-sim/replay/process.js';
import { marketTimeNow, SystemClock, SystemTimers } from '../../../src/workers/clock.js';
import { halfRandom } from '../../support/manual-host.js';

/** Clients' timers run in market time; at full speed that is about so much faster than the wall. */
const STEPPED_SPEED = 50;

export interface BookRow {
  readonly symbol: string;
  readonly action: string;
  readonly sequence: string;
  /** Best bid, best ask and hash of the ten best levels. */
  readonly shown: string;
}

export interface FeedReader {
  readonly feed: Feed;
  readonly instruments: readonly Instrument[];
  /** The books as they are now. */
  readonly finals: () => Record<string, FinalBook>;
}

export function rowOf(text: string): BookRow {
  const [, symbol = '', action = '', sequence = '', ...shown] = text.trimEnd().split('\t');
  return { symbol, action, sequence, shown: shown.join(' ') };
}

/** The rows of a recording as `verify` writes them, those with a book only. */
export async function verifiedRows(file: string): Promise<{ rows: BookRow[]; finals: Record<string, FinalBook> }> {
  const run = new VerifyRun(await recordingInfo(file, undefined), 'ts', { nowUs: () => 0, wallUs: () => 0 });
  const rows: BookRow[] = [];
  for await (const line of readRecording(file)) {
    run.line(line);
    for (const text of run.takeRows().split('\n')) if (text !== '' && !text.endsWith('\t-')) rows.push(rowOf(text));
    run.takeTrades();
  }
  const finals = run.finals();
  run.stop();
  return { rows, finals };
}

export class ReplayWorld {
  readonly timers = new SystemTimers(1);
  readonly http = new NodeHttpClient({ timers: this.timers });
  readonly clock = new SystemClock(marketTimeNow(1));
  readonly lines: string[] = [];
  readonly #feedTimers = new SystemTimers(STEPPED_SPEED);
  #replay: RunningReplay | null = null;
  #marketUs = 0;
  #closeClock: () => void = () => undefined;
  #onTime: (us: number) => void = () => undefined;
  ended: Promise<void> = Promise.resolve();

  get replay(): RunningReplay {
    if (this.#replay === null) throw new Error('not open');
    return this.#replay;
  }

  async open(files: readonly string[], speed: number | 'max', addresses?: string): Promise<RunningReplay> {
    this.#replay = await runReplay(
      { files, speed, port: 0, ...(addresses === undefined ? {} : { addresses }) },
      {
        createHttpServer: (options) => createHttpServer(options, 'auto', this.timers),
        clock: this.clock,
        timers: this.timers,
        recordings: { read: readRecording, info: (file) => recordingInfo(file, undefined) },
        writeLine: (line) => this.lines.push(line),
      },
    );
    return this.#replay;
  }

  /** Follows the recording's clock; `onTime` is called at each step of it. */
  async followClock(onTime: (us: number) => void = () => undefined): Promise<void> {
    this.#onTime = onTime;
    const source = createFrameSource({ clock: this.clock, timers: this.timers, onError: (error) => this.lines.push(String(error)) });
    const text = new TextDecoder();
    await new Promise<void>((resolve) => {
      this.ended = new Promise((end) => {
        const connection = source.connect(
          { url: `${this.replay.addresses.admin.replace('http', 'ws')}/clock`, receive: new Uint8Array(65_536) },
          {
            onOpen: () => undefined,
            onFrame: (bytes, start, stop) => {
              const { marketUs, ended } = JSON.parse(text.decode(bytes.slice(start, stop))) as { marketUs?: number; ended?: boolean };
              if (marketUs !== undefined) {
                this.#marketUs = Math.max(this.#marketUs, marketUs);
                this.#onTime(marketUs);
                resolve();
              }
              if (ended === true) end();
            },
            onClose: () => end(),
          },
        );
        this.#closeClock = () => connection.close();
      });
    });
  }

  /** The product's feed of one replayed venue; its rows go to `rows` as `verify` would write them. */
  async feed(id: string, rows: BookRow[]): Promise<FeedReader> {
    const venue = findVenue(id);
    const endpoints = this.replay.addresses.venues[id];
    if (venue === undefined || endpoints === undefined) throw new Error(`no venue ${id}`);
    const found = await loadInstruments(venue, endpoints, this.http, []);
    const instruments = found.map((instrument, index) => ({ ...instrument, index }));
    const views = viewsOf(new SharedArrayBuffer(BOOK_BYTES * instruments.length + COUNTER_BLOCK_BYTES));
    const books = instruments.map((instrument) => new VerifiedBook(instrument.symbol, views, BOOK_BYTES * instrument.index));
    const clock: Clock = { nowUs: () => this.#marketUs, wallUs: () => this.#marketUs };
    const feed = new Feed({
      venue,
      instruments,
      endpoints,
      source: createFrameSource({ clock, timers: this.timers, onError: (error) => this.lines.push(String(error)) }),
      http: this.http,
      clock,
      timers: this.#feedTimers,
      random: halfRandom,
      views,
      bookBase: (instrument) => BOOK_BYTES * instrument,
      sink: {
        bookChanged: () => undefined,
        state: () => undefined,
        trade: () => undefined,
        quote: () => undefined,
        mark: () => undefined,
        bookMessage: (instrument, action, sequence) => {
          const text = books[instrument]?.row(1, action, sequence) ?? '';
          if (!text.trimEnd().endsWith('-')) rows.push(rowOf(text));
        },
      },
      counters: new CounterBlock(views, BOOK_BYTES * instruments.length, VENUE_COUNTERS),
      kernel: 'ts',
      note: (text) => this.lines.push(text),
    });
    feed.start();
    return { feed, instruments, finals: () => Object.fromEntries(books.map((book) => [book.symbol, book.final()])) };
  }

  async start(): Promise<void> {
    await this.http.request('POST', `${this.replay.addresses.admin}/start`);
  }

  /** A client that came back late gets its snapshot also after the recording's end. Bounded; what is not live then shows in the comparison. */
  async untilLive(reader: FeedReader): Promise<void> {
    for (let tries = 0; tries < 500 && reader.feed.liveBooks < reader.instruments.length; tries++) {
      await new Promise<void>((resolve) => this.timers.after(10, resolve));
    }
  }

  async close(): Promise<void> {
    this.#feedTimers.stop();
    this.#closeClock();
    await this.#replay?.stop();
    this.http.close();
    this.timers.stop();
  }
}
