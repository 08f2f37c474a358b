/** The feed's own way from a frame to books in shared memory, without its socket: kernel, sequence check, ladder, publish. One thread, for benchmarks. */
import { makeKernel } from '../../src/feeds/kernels.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import type { Program } from '../../src/core/kernel/program.js';
import { SymbolTable } from '../../src/core/kernel/symbol-table.js';
import { BookReader, DepthView } from '../../src/core/book/book-reader.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { formatDecimal } from '../../src/core/numbers/decimal.js';
import { FrameReader, FrameStats } from '../../src/feeds/frame-reader.js';
import { InstrumentSlot } from '../../src/feeds/instrument-slot.js';
import { compileShapes } from '../../src/feeds/shape.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import type { Venue } from '../../src/feeds/venue.js';
import { observed } from '../../src/feeds/verify.js';
import { hashOfBooks, SHOWN_LEVELS, type ShownBook } from './shown-book.js';

const NOTHING = (): void => undefined;
const SILENT: FeedSink = { bookChanged: NOTHING, state: NOTHING, trade: NOTHING, quote: NOTHING, mark: NOTHING };

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
  readonly #buffers: SharedArrayBuffer[] = [];
  readonly #readers = new Map<string, FrameReader>();
  readonly #give: (bytes: number) => SharedArrayBuffer;

  constructor(venue: Venue, kernel: KernelName, give: (bytes: number) => SharedArrayBuffer = (bytes) => new SharedArrayBuffer(bytes)) {
    this.#venue = venue;
    this.#kernel = kernel;
    this.#program = compileShapes(venue.shapes);
    this.#give = give;
  }

  /** The memory of a book, for readers on other threads. */
  bufferOf(instrument: number): SharedArrayBuffer | undefined {
    return this.#buffers[instrument];
  }

  /** As after the loss of the connection: books wait for their snapshots. */
  reset(): void {
    for (const slot of this.#slots) {
      slot.sync.disconnected();
      slot.sync.connecting();
    }
  }

  /** One connection's reader; keep it. */
  reader(conn: string): FrameReader {
    let reader = this.#readers.get(conn);
    if (reader === undefined) {
      const symbols = new SymbolTable();
      reader = new FrameReader({
        venue: this.#venue,
        kernel: makeKernel(this.#kernel, this.#program, symbols),
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
      const buffer = this.#give(BOOK_BYTES);
      const views = viewsOf(buffer);
      this.#slots.push(
        new InstrumentSlot(observed(this.#venue.id, name, index), views, 0, this.#venue, () => {
          this.gaps++;
        }),
      );
      this.#names.push(name);
      this.#books.push(new BookReader(views, 0));
      this.#buffers.push(buffer);
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
