/** The feed's own way from a frame to books in shared memory, without its socket: kernel, sequence check, ladder, publish. One thread, for benchmarks. */
import { makeKernel } from '../../src/feeds/kernels.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import type { Program } from '../../src/core/kernel/program.js';
import { SLACK_BYTES } from '../../src/core/kernel/context.js';
import { KernelRoom } from '../../src/core/kernel/kernel-room.js';
import { WasmKernel } from '../../src/core/kernel/wasm-kernel.js';
import { SymbolTable } from '../../src/core/kernel/symbol-table.js';
import { BookReader, DepthView } from '../../src/core/book/book-reader.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { formatDecimal } from '../../src/core/numbers/decimal.js';
import { FrameReader, FrameStats } from '../../src/feeds/frame-reader.js';
import { InstrumentSlot } from '../../src/feeds/instrument-slot.js';
import { compileShapes } from '../../src/feeds/shape.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import type { Venue } from '../../src/feeds/venue.js';
import { observed } from '../../src/feeds/verify.js';
import type { CorpusFrame } from './corpus.js';
import { hashOfBooks, SHOWN_LEVELS, type ShownBook } from './shown-book.js';

const ROOM_BYTES = 2 ** 29;
/** As much as a TLS record gives at once. */
const READ_BYTES = 16 * 1024;
/** Before a payload of up to 64 KiB. */
const HEADER_BYTES = 4;

const NOTHING = (): void => undefined;
const SILENT: FeedSink = { bookChanged: NOTHING, state: NOTHING, trade: NOTHING, quote: NOTHING, mark: NOTHING };

/** The order in which reads of READ_BYTES hand over the frames of several connections: that of a connection stays. */
function byReads(frames: readonly CorpusFrame[]): readonly CorpusFrame[] {
  const waiting = new Map<string, { readonly frames: CorpusFrame[]; bytes: number }>();
  const ordered: CorpusFrame[] = [];
  for (const frame of frames) {
    const read = waiting.get(frame.conn) ?? { frames: [], bytes: 0 };
    waiting.set(frame.conn, read);
    const bytes = HEADER_BYTES + frame.bytes.length;
    if (read.bytes + bytes > READ_BYTES) {
      ordered.push(...read.frames.splice(0));
      read.bytes = 0;
    }
    read.frames.push(frame);
    read.bytes += bytes;
  }
  for (const read of waiting.values()) ordered.push(...read.frames);
  return ordered;
}

interface Landed {
  readonly start: number;
  readonly end: number;
  readonly conn: string;
  readonly reader: FrameReader;
}

export interface LandedFrames {
  readonly receive: Uint8Array;
  /** What the socket gives at once: whole frames, headers included, of one connection. */
  readonly reads: readonly (Landed & { readonly frames: number })[];
  /** The payloads in them. */
  readonly frames: readonly Landed[];
}

export class OurBooks {
  readonly stats = new FrameStats();
  gaps = 0;
  readonly #venue: Venue;
  readonly #kernel: KernelName;
  readonly #program: Program;
  readonly #slots: InstrumentSlot[] = [];
  readonly #names: string[] = [];
  readonly #byName = new Map<string, number>();
  readonly #books: BookReader[] = [];
  readonly #readers = new Map<string, FrameReader>();
  /** Books, the kernel's tables, and the frames themselves: where a socket would have put them. */
  readonly room: KernelRoom;
  readonly #bases: number[] = [];
  readonly #contexts = new Map<string, number>();

  readonly #sink: FeedSink;

  /** @param roomBytes of shared memory; untouched pages cost nothing */
  constructor(venue: Venue, kernel: KernelName, roomBytes = ROOM_BYTES, sink = SILENT) {
    this.#sink = sink;
    this.room = KernelRoom.alone(roomBytes);
    this.#venue = venue;
    this.#kernel = kernel;
    this.#program = compileShapes(venue.shapes);
  }

  /** Where a book stands in the room's memory, for readers on other threads. */
  baseOf(instrument: number): number {
    return this.#bases[instrument] ?? 0;
  }

  /** Byte offset of a connection's kernel context; 0 where TypeScript reads. */
  contextOf(conn: string): number {
    return this.#contexts.get(conn) ?? 0;
  }

  /** A receive buffer in the room's memory. */
  receive(bytes: number): Uint8Array {
    const at = this.room.take(bytes + SLACK_BYTES);
    if (at === 0) throw new Error('no room for a receive buffer');
    return this.room.views.u8.subarray(at, at + bytes);
  }

  /** As after the loss of the connection: books wait for their snapshots. */
  reset(): void {
    for (const slot of this.#slots) {
      slot.sync.disconnected();
      slot.sync.connecting();
    }
  }

  /** Brings the books to life anew. */
  prepare(before: readonly CorpusFrame[]): void {
    this.reset();
    for (const { restSymbol, conn, bytes } of before) {
      if (restSymbol === null) this.reader(conn).read(bytes, 0, bytes.length, 0);
      else this.reader(conn).readSnapshot(restSymbol, bytes.toString(), 0);
    }
  }

  /** Frames one behind the other in a receive buffer, as sockets would have put them: what a read brings is of one connection. */
  land(recorded: readonly CorpusFrame[]): LandedFrames {
    const frames = byReads(recorded);
    const receive = this.receive(frames.reduce((sum, { bytes }) => sum + HEADER_BYTES + bytes.length, 0));
    const reads: { start: number; end: number; frames: number; conn: string; reader: FrameReader }[] = [];
    let landed = 0;
    const placed = frames.map(({ bytes, conn }) => {
      const { length } = bytes;
      if (length > 0xffff) throw new Error(`a frame of ${length} bytes has a longer header`);
      const reader = this.reader(conn);
      const at = landed;
      const start = at + (length < 126 ? 2 : HEADER_BYTES);
      receive.set(length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255], at);
      receive.set(bytes, start);
      landed = start + length;
      const last = reads.at(-1);
      if (last?.reader === reader && landed - last.start <= READ_BYTES) {
        last.end = landed;
        last.frames++;
      } else reads.push({ start: at, end: landed, frames: 1, conn, reader });
      return { start, end: landed, conn, reader };
    });
    return { receive, reads, frames: placed };
  }

  /** Reads what has landed: as a session does it, where a kernel writes books. */
  read({ receive, reads, frames }: LandedFrames): void {
    if (this.#kernel !== 'wasm') {
      for (let i = 0; i < frames.length; i++) {
        const { reader, start, end } = frames[i]!;
        reader.read(receive, start, end, i);
      }
      return;
    }
    for (let i = 0; i < reads.length; i++) {
      const { reader, start, end } = reads[i]!;
      for (let at = start; at < end;) {
        const next = reader.readRun(receive, at, end, i);
        if (next === at) throw new Error(`the frame at byte ${at} was not taken`);
        at = next;
      }
    }
  }

  /** One connection's reader; keep it. */
  reader(conn: string): FrameReader {
    let reader = this.#readers.get(conn);
    if (reader === undefined) {
      const symbols = new SymbolTable();
      const kernel = makeKernel(this.#kernel, this.#program, symbols, this.room);
      if (kernel instanceof WasmKernel) this.#contexts.set(conn, kernel.context);
      reader = new FrameReader({
        venue: this.#venue,
        kernel,
        symbols,
        slots: this.#slots,
        sink: this.#sink,
        stats: this.stats,
        reply: NOTHING,
        onUnknownSymbol: (text) => this.#learn(conn, text, symbols),
      });
      this.#readers.set(conn, reader);
    }
    return reader;
  }

  /** Best levels of all books; throws when one is not live. */
  result(): string {
    const shown: ShownBook[] = this.#books.map((book, index) => {
      const view = new DepthView(SHOWN_LEVELS);
      if (!book.readDepth(SHOWN_LEVELS, view) || book.top.state !== BOOK_LIVE)
        throw new Error(`the book of ${this.#names[index]} is not live`);
      const { priceUnit, priceScale, lotUnit, lotScale } = book.top;
      const levels = (ticks: Float64Array, lots: Float64Array, count: number): [number, number][] =>
        Array.from({ length: count }, (_, i) => [value(ticks[i] ?? 0, priceUnit, priceScale), value(lots[i] ?? 0, lotUnit, lotScale)]);
      return {
        name: this.#names[index] ?? '',
        bids: levels(view.bidTicks, view.bidLots, view.bidCount),
        asks: levels(view.askTicks, view.askLots, view.askCount),
      };
    });
    return hashOfBooks(shown);
  }

  #learn(conn: string, text: string, symbols: SymbolTable): number {
    // REST answers carry no connection: on venues that have them, names are unique.
    const name = this.#venue.depth === null ? `${conn} ${text}` : text;
    let index = this.#byName.get(name);
    if (index === undefined) {
      index = this.#slots.length;
      const base = this.room.take(BOOK_BYTES);
      if (base === 0) throw new Error('no room for another book');
      const { views } = this.room;
      this.#slots.push(
        new InstrumentSlot(
          observed(this.#venue.id, name, index),
          views,
          base,
          this.#venue,
          () => {
            this.gaps++;
          },
          this.room,
        ),
      );
      this.#names.push(name);
      this.#books.push(new BookReader(views, base));
      this.#bases.push(base);
      this.#byName.set(name, index);
    }
    symbols.add(text, index);
    return index;
  }
}

/** The number as its decimal text reads. */
function value(units: number, unit: number, scale: number): number {
  return Number(formatDecimal(BigInt(units) * BigInt(unit), scale));
}
