/** One instrument behind a real session with the test at the other end of its socket. */
import { BookReader, DepthView } from '../../src/core/book/book-reader.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import { KernelRoom } from '../../src/core/kernel/kernel-room.js';
import { SymbolTable } from '../../src/core/kernel/symbol-table.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { formatDecimal } from '../../src/core/numbers/decimal.js';
import { FrameReader, FrameStats } from '../../src/feeds/frame-reader.js';
import { InstrumentSlot } from '../../src/feeds/instrument-slot.js';
import { makeKernel } from '../../src/feeds/kernels.js';
import { findVenue } from '../../src/feeds/registry.js';
import { Session } from '../../src/feeds/session.js';
import { compileShapes } from '../../src/feeds/shape.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import { observed } from '../../src/feeds/verify.js';
import { frame } from '../net/raw-server.js';
import { ManualSource, ManualTime, halfRandom, type ManualSocket } from '../support/manual-host.js';

export const quietSink: FeedSink = {
  bookChanged: () => undefined,
  state: () => undefined,
  trade: () => undefined,
  quote: () => undefined,
  mark: () => undefined,
};

const ROOM_BYTES = 2 ** 25;
const RECEIVE_BYTES = 2 ** 18;

export class OneBook {
  readonly time = new ManualTime();
  readonly source = new ManualSource(this.time);
  readonly stats = new FrameStats();
  readonly slot: InstrumentSlot;
  readonly session: Session;
  readonly reader: BookReader;
  readonly gaps: string[] = [];
  readonly #view = new DepthView(12);
  /** Where a socket's bytes would land. */
  readonly #receive: Uint8Array;

  constructor(venueId: string, symbol: string, text: string, kernel: KernelName = 'ts', sink: FeedSink = quietSink) {
    const venue = findVenue(venueId)!;
    const room = KernelRoom.alone(ROOM_BYTES);
    const { views } = room;
    const place = room.take(BOOK_BYTES);
    this.#receive = views.u8.subarray(room.take(RECEIVE_BYTES + 128)).subarray(0, RECEIVE_BYTES);
    const instrument = observed(venueId, symbol, 0);
    this.slot = new InstrumentSlot(instrument, views, place, venue, (_instrument, reason) => this.gaps.push(reason), room);
    this.reader = new BookReader(views, place);
    const symbols = new SymbolTable();
    symbols.add(text, 0);
    this.session = new Session({
      venue,
      plan: { name: 'test', url: 'ws://x', symbols: [{ instrument, text }], carriesBooks: true, subscribe: ['subscribe me'] },
      slots: [this.slot],
      makeReader: (reply) =>
        new FrameReader({
          venue,
          kernel: makeKernel(kernel, compileShapes(venue.shapes), symbols, room),
          symbols,
          slots: [this.slot],
          sink,
          stats: this.stats,
          onUnknownSymbol: null,
          reply,
        }),
      source: this.source,
      clock: this.time,
      timers: this.time,
      random: halfRandom,
      hooks: { onSubscribed: () => undefined, onClosed: () => undefined, onStateChange: () => undefined },
    });
    this.session.start();
    this.socket.open();
  }

  get socket(): ManualSocket {
    return this.source.last;
  }

  /** Several messages as one read of the socket gives them. `took` hears how many more have been read; what follows a close is lost. */
  sayAtOnce(messages: readonly Uint8Array[], took: (count: number) => void): void {
    const frames = messages.map((bytes) => frame(1, bytes));
    const bytes = this.#receive;
    bytes.set(Buffer.concat(frames));
    const ends = frames.map(
      (
        (end) => (one: Buffer) =>
          (end += one.length)
      )(0),
    );
    const { handler } = this.socket;
    let done = 0;
    while (done < frames.length && !this.socket.isClosed) {
      const at = done === 0 ? 0 : ends[done - 1]!;
      const next = handler.onRun?.(bytes, at, ends.at(-1)!, this.time.nowUs()) ?? at;
      const before = done;
      if (next !== at) done = ends.indexOf(next) + 1;
      else {
        const end = ends[done++]!;
        handler.onFrame(bytes, end - messages[before]!.length, end, true, this.time.nowUs());
      }
      if (done <= before) throw new Error(`byte ${next} is the end of no frame`);
      took(done - before);
    }
  }

  isLive(): boolean {
    return this.reader.readTop() && this.reader.top.state === BOOK_LIVE;
  }

  /** Best level as the header says it, which strategies read without the ladder; none: empty. After `isLive`. */
  quoted(side: number): string {
    const { bidTicks, bidLots, askTicks, askLots } = this.reader.top;
    const ticks = side === 0 ? bidTicks : askTicks;
    return Number.isNaN(ticks) ? '' : this.#levelText(ticks, side === 0 ? bidLots : askLots);
  }

  /** Best levels of a side as `price:qty`. */
  best(side: number, count: number): string[] {
    this.reader.readDepth(count, this.#view);
    const ticks = side === 0 ? this.#view.bidTicks : this.#view.askTicks;
    const lots = side === 0 ? this.#view.bidLots : this.#view.askLots;
    return Array.from({ length: side === 0 ? this.#view.bidCount : this.#view.askCount }, (_, i) => this.#levelText(ticks[i]!, lots[i]!));
  }

  #levelText(ticks: number, lots: number): string {
    const { priceUnit, priceScale, lotUnit, lotScale } = this.reader.top;
    return `${formatDecimal(BigInt(ticks) * BigInt(priceUnit), priceScale)}:${formatDecimal(BigInt(lots) * BigInt(lotUnit), lotScale)}`;
  }
}
