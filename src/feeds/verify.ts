/**
 * `verify FILE`: what the engine holds after every line of a recording. The frames go in below the socket of ordinary sessions; kernel, book-sync and books
 * are those of live trading, and the rows are read through the seqlock reader from the same shared memory. Called by `main.ts`, alone in its thread.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { once } from 'node:events';
import path from 'node:path';
import type { KernelName } from '../core/kernel/kernel.js';
import { KernelRoom } from '../core/kernel/kernel-room.js';
import { SymbolTable } from '../core/kernel/symbol-table.js';
import { BOOK_BYTES } from '../core/memory/book-layout.js';
import { viewsOf } from '../core/memory/shared-memory.js';
import { EngineError, UsageError, messageOf } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Clock, Random, Timers } from '../core/ports/clock.js';
import type { FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { FrameReader, FrameStats } from './frame-reader.js';
import { InstrumentSlot } from './instrument-slot.js';
import { checkKernel, makeKernel } from './kernels.js';
import { readRecording, type RecordedLine } from './recording.js';
import { findVenue, VENUES, venueOfRecording } from './registry.js';
import { Session } from './session.js';
import { compileShapes } from './shape.js';
import type { FeedSink, TradeRecord } from './sink.js';
import type { Venue } from './venue.js';
import { BOOKS_HEADER, VerifiedBook, tradeLine, type FinalBook } from './verify-rows.js';

export interface VerifyOptions {
  readonly file: string;
  readonly books?: string | undefined;
  readonly trades?: string | undefined;
  readonly final?: string | undefined;
  /** Venue id, where no manifest says it. */
  readonly venue?: string | undefined;
  readonly kernel: KernelName;
  /** For the time per frame, nothing else. */
  readonly clock: Clock;
  /** Statistics and errors, a line each. */
  readonly print: (line: string) => void;
}

export interface VerifyResult {
  readonly exitCode: 0 | 1;
  readonly rows: number;
  readonly trades: number;
  readonly gaps: number;
  readonly stats: FrameStats;
  readonly error: string | null;
}

/** What a manifest says about a recording. */
export interface RecordingInfo {
  readonly venue: Venue;
  /** Addresses of connections, where known. */
  readonly connections: Readonly<Record<string, string>>;
}

/** Frames of a recording as a socket would deliver them: no timer fires, nothing goes out, nobody connects. */
const NEVER: Timers = { after: () => ({ id: 0 }), every: () => ({ id: 0 }), cancel: () => undefined };
const STEADY: Random = { next: () => 0 };
/** Memory of a run: some 180 books; further ones get memory of their own, where the kernel in TypeScript serves them. Untouched pages cost nothing. */
const ROOM_BYTES = 2 ** 30;
/** Output is handed over in pieces of about this size. */
const WRITE_BYTES = 1 << 16;

/** Throws UsageError when neither manifest nor option names a venue that we read. */
export async function recordingInfo(file: string, venueId: string | undefined): Promise<RecordingInfo> {
  await mustBeFile(file);
  const entries = await manifestOf(path.join(path.dirname(file), 'manifest.json'));
  const name = path.basename(file);
  const own = entries.find((entry) => entry.file === name || entry.file === `${name}.gz`);
  const connections = own?.connections ?? Object.assign({}, ...entries.map((entry) => entry.connections));
  if (venueId !== undefined) {
    const venue = findVenue(venueId);
    if (venue === undefined) throw new UsageError(`unknown venue '${venueId}'; known are ${VENUES.map((known) => known.id).join(', ')}`);
    return { venue, connections };
  }
  const venues = new Set((own === undefined ? entries : [own]).map((entry) => venueOfRecording(entry.exchange, entry.market)));
  const [venue] = venues;
  if (venue === undefined || venues.size !== 1) {
    const said =
      own === undefined ? 'has no entry in a manifest.json beside it' : `is of '${own.exchange}' '${own.market}', which is not read here`;
    throw new UsageError(`${name} ${said}: name the venue with --venue (${VENUES.map((known) => known.id).join(', ')})`);
  }
  return { venue, connections };
}

async function mustBeFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isFile()) return;
  } catch (error) {
    throw new UsageError(`cannot be read: ${messageOf(error)}`);
  }
  throw new UsageError('is no file');
}

interface ManifestEntry {
  readonly file: string;
  readonly exchange: string;
  readonly market: string;
  readonly connections: Readonly<Record<string, string>>;
}

async function manifestOf(file: string): Promise<readonly ManifestEntry[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`its ${path.basename(file)} is no JSON: ${messageOf(error)}`);
  }
  const list =
    typeof parsed === 'object' && parsed !== null && 'recordings' in parsed && Array.isArray(parsed.recordings) ? parsed.recordings : [];
  return list as readonly ManifestEntry[];
}

export async function runVerify(options: VerifyOptions): Promise<VerifyResult> {
  const kernel = checkKernel(options.kernel);
  const info = await recordingInfo(options.file, options.venue);
  const run = new VerifyRun(info, kernel, options.clock);
  const books = await outputOf(options.books);
  const trades = await outputOf(options.trades);
  let error: string | null = null;
  await books.add(BOOKS_HEADER);
  try {
    for await (const record of readRecording(options.file)) {
      run.line(record);
      await books.add(run.takeRows());
      await trades.add(run.takeTrades());
    }
  } catch (problem) {
    if (!(problem instanceof EngineError)) throw problem;
    error =
      problem.code === 'BAD_RECORDING' ? `${options.file}: line ${problem.facts['line']}: ${problem.facts['reason']}` : messageOf(problem);
  }
  run.stop();
  await books.end();
  await trades.end();
  const final = await outputOf(options.final);
  await final.add(`${JSON.stringify({ recording: `${info.venue.exchange}/${path.basename(options.file)}`, symbols: run.finals() })}\n`);
  await final.end();
  for (const line of run.report(kernel)) options.print(line);
  if (error !== null) options.print(`error: ${error}`);
  return { exitCode: error === null ? 0 : 1, rows: run.rows, trades: run.stats.trades, gaps: run.gaps, stats: run.stats, error };
}

/** A file that text is added to, or nothing. */
interface Output {
  add(text: string): Promise<void> | void;
  end(): Promise<void>;
}

async function outputOf(file: string | undefined): Promise<Output> {
  if (file === undefined) return { add: () => undefined, end: async () => undefined };
  const stream: WriteStream = createWriteStream(file);
  await once(stream, 'open');
  let held = '';
  return {
    add: async (text) => {
      held += text;
      if (held.length < WRITE_BYTES) return;
      const piece = held;
      held = '';
      if (!stream.write(piece)) await once(stream, 'drain');
    },
    end: async () => {
      stream.end(held);
      await once(stream, 'close');
    },
  };
}

/** The run itself, without files: tests feed it lines directly. */
export class VerifyRun implements FeedSink {
  readonly stats = new FrameStats();
  rows = 0;
  gaps = 0;
  readonly #info: RecordingInfo;
  readonly #kernel: KernelName;
  readonly #clock: Clock;
  readonly #program;
  readonly #room = KernelRoom.alone(ROOM_BYTES);
  readonly #slots: InstrumentSlot[] = [];
  readonly #books: VerifiedBook[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #links = new Map<string, { readonly session: Session; readonly handler: FrameHandler }>();
  #bytes = Buffer.alloc(1 << 16);
  #line = 0;
  #rowText = '';
  #tradeText = '';
  #busyUs = 0;

  constructor(info: RecordingInfo, kernel: KernelName, clock: Clock) {
    this.#info = info;
    this.#kernel = kernel;
    this.#clock = clock;
    this.#program = compileShapes(info.venue.shapes);
  }

  line(record: RecordedLine): void {
    this.#line = record.line;
    const recvUs = Math.floor(record.t * 1000);
    if (record.kind === 'in') {
      const link = this.#link(record.conn);
      const length = this.#fill(record.raw);
      const before = this.#clock.nowUs();
      link.handler.onFrame(this.#bytes, 0, length, true, recvUs);
      this.#busyUs += this.#clock.nowUs() - before;
    } else if (record.kind === 'http') {
      const symbol = this.#info.venue.depth?.symbolOf(record.http) ?? null;
      if (symbol !== null) this.#link('').session.reader.readSnapshot(symbol, record.raw, recvUs);
    }
  }

  takeRows(): string {
    const text = this.#rowText;
    this.#rowText = '';
    return text;
  }

  takeTrades(): string {
    const text = this.#tradeText;
    this.#tradeText = '';
    return text;
  }

  finals(): Record<string, FinalBook> {
    const shown = this.#books.filter((book) => book.hasRows);
    shown.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
    return Object.fromEntries(shown.map((book) => [book.symbol, book.final()]));
  }

  stop(): void {
    for (const link of this.#links.values()) link.session.stop();
  }

  report(kernel: KernelName): readonly string[] {
    const s = this.stats;
    const perFrame = s.frames === 0 ? 0 : this.#busyUs / s.frames;
    const depth = s.depthKernel + s.depthMapper;
    const share = depth === 0 ? 100 : (100 * s.depthKernel) / depth;
    return [
      `venue ${this.#info.venue.id}, kernel ${kernel}`,
      `rows ${this.rows}, trades ${s.trades}, gaps ${this.gaps}, symbols ${this.#books.length}`,
      `frames ${s.frames}: kernel ${s.kernel}, mapper ${s.mapper}, ignored ${s.ignored}, bad ${s.bad}; depth frames ${depth}, ${share.toFixed(2)} % by the kernel`,
      `time per frame ${perFrame.toFixed(2)} us, rows written included`,
    ];
  }

  bookChanged(): void {
    // Rows are written for every message, not only for visible changes.
  }
  state(): void {
    // The state stands in each row.
  }
  quote(): void {
    // The expected files hold none.
  }
  mark(): void {
    // The expected files hold none.
  }

  bookMessage(instrument: number, action: number, sequence: number): void {
    this.rows++;
    this.#rowText += this.#books[instrument]?.row(this.#line, action, sequence) ?? '';
  }

  trade(instrument: number, trade: TradeRecord): void {
    this.#tradeText += tradeLine(this.#line, this.#books[instrument]?.symbol ?? '', trade);
  }

  #fill(text: string): number {
    const most = text.length * 3;
    if (most > this.#bytes.length) this.#bytes = Buffer.alloc(most * 2);
    return this.#bytes.write(text, 0, 'utf8');
  }

  /** The session of a recorded connection, opened when its first frame comes. */
  #link(conn: string): { readonly session: Session; readonly handler: FrameHandler } {
    const known = this.#links.get(conn);
    if (known !== undefined) return known;
    const { venue, connections } = this.#info;
    const url = connections[conn] ?? '';
    const symbols = new SymbolTable();
    let handler: FrameHandler | null = null;
    const source: FrameSource = {
      connect: (_options, given) => {
        handler = given;
        return { send: () => true, ping: () => undefined, close: () => undefined };
      },
    };
    const session = new Session({
      venue,
      plan: { name: conn, url, symbols: [], carriesBooks: true, subscribe: [] },
      slots: [],
      makeReader: (reply) =>
        new FrameReader({
          venue,
          kernel: makeKernel(this.#kernel, this.#program, symbols, this.#room),
          symbols,
          slots: this.#slots,
          sink: this,
          stats: this.stats,
          reply,
          onUnknownSymbol: (text) => this.#learn(conn, url, text, symbols),
        }),
      source,
      clock: this.#clock,
      timers: NEVER,
      random: STEADY,
      hooks: { onSubscribed: () => undefined, onClosed: () => undefined, onStateChange: () => undefined },
    });
    session.start();
    if (handler === null) throw new Error('a session connects when it is started');
    const link = { session, handler: handler as FrameHandler };
    link.handler.onOpen();
    this.#links.set(conn, link);
    return link;
  }

  /** No table of known symbols: a book begins when its symbol is first named. */
  #learn(conn: string, url: string, text: string, symbols: SymbolTable): number {
    const { venue } = this.#info;
    const prefix = venue.recordedPrefix?.(url) ?? '';
    // Where the address of a connection is unknown, equal names on two connections stay two books.
    const key = venue.recordedPrefix !== undefined && prefix === '' ? `${conn}\n${text}` : prefix + text;
    let index = this.#byKey.get(key);
    if (index === undefined) {
      index = this.#slots.length;
      const place = this.#room.take(BOOK_BYTES);
      const views = place === 0 ? viewsOf(new SharedArrayBuffer(BOOK_BYTES)) : this.#room.views;
      const instrument = observed(venue.id, prefix + text, index);
      const onGap = (): void => {
        this.gaps++;
      };
      this.#slots.push(new InstrumentSlot(instrument, views, place, venue, onGap, place === 0 ? null : this.#room));
      this.#books.push(new VerifiedBook(instrument.symbol, views, place));
      this.#byKey.set(key, index);
    }
    symbols.add(text, index);
    return index;
  }
}

/** An instrument of which nothing is known but its name: its grid is found from what is seen. */
export function observed(venue: string, symbol: string, index: number): Instrument {
  return {
    index,
    id: `${venue}:${symbol}`,
    venue,
    symbol,
    kind: 'spot',
    base: symbol,
    quote: '',
    settle: '',
    tickSize: '1',
    lotSize: '1',
    multiplier: '1',
    minQty: '0',
    maxQty: '0',
    minNotional: '0',
    maxOpenOrders: 0,
    makerFee: '0',
    takerFee: '0',
    feeAssetBuy: '',
    feeAssetSell: '',
    source: 'observed',
  };
}
