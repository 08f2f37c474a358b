/** The feed's own way from a frame to books in shared memory, without its socket: kernel, sequence check, ladder, publish. One thread, for benchmarks. */
import { makeKernel } from '../../src/feeds/kernels.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import type { Program } from '../../src/core/kernel/program.js';
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
/** As in a receive buffer, something follows each frame. */
const SLACK_BYTES = 128;

const NOTHING = (): void => undefined;
const SILENT: FeedSink = { bookChanged: NOTHING, state: NOTHING, trade: NOTHING, quote: NOTHING, mark: NOTHING };

export interface LandedFrames {
  readonly receive: Uint8Array;
  readonly frames: readonly { readonly start: number; readonly end: number; readonly conn: string; readonly reader: FrameReader }[];
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

  /** @param roomBytes of shared memory; untouched pages cost nothing */
  constructor(venue: Venue, kernel: KernelName, roomBytes = ROOM_BYTES) {
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

  /** Frames one behind the other in a receive buffer, as a socket would have put them. */
  land(frames: readonly CorpusFrame[]): LandedFrames {
    const receive = this.receive(frames.reduce((sum, { bytes }) => sum + bytes.length, 0));
    let landed = 0;
    return {
      receive,
      frames: frames.map(({ bytes, conn }) => {
        const start = landed;
        receive.set(bytes, start);
        landed += bytes.length;
        return { start, end: landed, conn, reader: this.reader(conn) };
      }),
    };
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
        sink: SILENT,
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
