/**
 * What a message costs when it is one of many instruments': the same messages, dealt to 1 to 500 books in turn, so that each finds its book as cold as it can be.
 * Against one book; the curve between, and the memory that a book touches, stand in the conditions.
 */
import { BOOK_BYTES } from '../../src/core/memory/book-layout.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { bybit } from '../../src/feeds/venues/bybit.js';
import { cpuMs, measuredOf, median, row, type BenchFile } from '../harness.js';
import { EndlessStream } from '../support/endless-stream.js';
import { OurBooks } from '../support/our-books.js';

const COUNTS = [1, 10, 50, 100, 250, 500] as const;
/** Divisible by every count. */
const MESSAGES = 5_000;
const LEVELS = 10;
/** Twice the cost at 500 at most. */
const TARGET = { required: 1 / 2, goal: 1 / 1.3 };
const OTHER_BYTES = 64 * 1024 * 1024;

/** So many books, alive, and a turn of messages for them. */
class Market {
  readonly touchedBytes: number;
  readonly #books: OurBooks;
  readonly #stream: EndlessStream;
  readonly #receive: Uint8Array;

  constructor(readonly count: number) {
    const symbols = Array.from({ length: count }, (_, i) => `C${String(i).padStart(3, '0')}USDT`);
    this.#stream = new EndlessStream({ symbols, messages: MESSAGES, levels: LEVELS });
    this.#books = new OurBooks(bybit, DEFAULT_KERNEL, BOOK_BYTES * count + OTHER_BYTES);
    this.#receive = this.#books.receive(this.#stream.bytes.length);
    this.#receive.set(this.#stream.bytes);
    const before = process.memoryUsage().rss;
    const reader = this.#books.reader('');
    for (const snapshot of this.#stream.snapshots) {
      const bytes = Buffer.from(snapshot);
      reader.read(bytes, 0, bytes.length, 0);
    }
    this.turn();
    this.touchedBytes = process.memoryUsage().rss - before;
  }

  /** One turn of messages; CPU microseconds of each. */
  turn(): number {
    const { starts, ends } = this.#stream;
    const reader = this.#books.reader('');
    this.#stream.nextTurn(this.#receive);
    const before = cpuMs();
    for (let n = 0; n < starts.length; n++) reader.read(this.#receive, starts[n]!, ends[n]!, 0);
    return ((cpuMs() - before) * 1000) / starts.length;
  }

  /** Throws unless every message was applied in order. */
  check(): void {
    this.#books.result();
    const { stats, gaps } = this.#books;
    // A book's snapshot and the message behind it are judged in TypeScript.
    if (gaps > 0 || stats.frames - stats.fast > 2 * this.count)
      throw new Error(`${this.count} books: ${gaps} gaps, ${stats.frames - stats.fast} messages read slowly`);
  }
}

export const rows: BenchFile = async (options) => {
  const markets = COUNTS.map((count) => new Market(count));
  const turns = options.isQuick ? 6 : 40;
  const times = markets.map((): number[] => []);
  // The first round only warms up.
  for (let round = -1; round < options.rounds; round++) {
    for (const [index, market] of markets.entries()) {
      const took = Array.from({ length: turns }, () => market.turn());
      if (round >= 0) times[index]?.push(median(took));
    }
  }
  for (const market of markets) market.check();
  const [one, ...more] = markets.map(({ count }, index) => measuredOf(`${count} instruments`, times[index] ?? []));
  const most = more.at(-1);
  const largest = markets.at(-1);
  if (one === undefined || most === undefined || largest === undefined) return [];
  const curve = markets.map(({ count }, index) => `${count}: ${(median(times[index] ?? []) / one.medianUs).toFixed(2)}`).join(', ');
  const touched = largest.touchedBytes / largest.count / 1024;
  return [
    row(
      'cost of a message at 500 instruments',
      most,
      { ...one, name: 'one instrument' },
      {
        conditions: `processor time, ${LEVELS} levels a message, instruments in turn; times the cost of one by instruments: ${curve}; ${touched.toFixed(0)} KiB touched by each of ${largest.count} books of 360 levels`,
        check: 'every book live and in sequence',
        unit: 'us/message',
        target: TARGET,
      },
    ),
  ];
};
