/** From the bytes of a book message to the changed book, per venue: the feed's own way against `JSON.parse` and sorted arrays, and against our readable path. */
import { arrayBooksOf } from '../alternatives/sorted-arrays.js';
import { interleavePasses, row, type BenchFile, type BenchRow, type PassVariant } from '../harness.js';
import { describe, readCorpus, SOURCES, type Corpus } from '../support/corpus.js';
import { hotPart } from '../support/hot-part.js';
import { OurBooks } from '../support/our-books.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';

/** Of every parse and apply, against parse and sorted arrays. */
const TARGET = { required: 13, goal: 25 };

function ours(corpus: Corpus, kernel: KernelName): PassVariant & { readonly books: OurBooks } {
  const books = new OurBooks(corpus.venue, kernel);
  const landed = books.land(corpus.frames);
  return {
    name: kernel,
    books,
    prepare: () => books.prepare(corpus.before),
    pass: () => books.read(landed),
    result: () => books.result(),
  };
}

function arrays(corpus: Corpus): PassVariant {
  const books = arrayBooksOf(corpus.venue.id);
  return {
    name: 'JSON.parse + sorted arrays',
    prepare() {
      books.reset();
      for (const { restSymbol, conn, bytes } of corpus.before) {
        if (restSymbol === null) books.frame(bytes, conn);
        else books.restSnapshot(restSymbol, bytes);
      }
    },
    pass() {
      for (let i = 0; i < corpus.frames.length; i++) books.frame(corpus.frames[i]!.bytes, corpus.frames[i]!.conn);
    },
    result: () => books.result(),
  };
}

export const rows: BenchFile = async (options) => {
  const table: BenchRow[] = [];
  for (const source of Object.values(SOURCES)) {
    const corpus = hotPart(await readCorpus(source, options.isQuick ? 400 : 2000));
    const fast = ours(corpus, DEFAULT_KERNEL);
    const readable = ours(corpus, 'json');
    const [mine, json, theirs] = await interleavePasses([fast, readable, arrays(corpus)], corpus.frames.length, options);
    if (mine === undefined || json === undefined || theirs === undefined) continue;
    const { stats, gaps } = fast.books;
    if (gaps > 0) throw new Error(`${source.name}: ${gaps} gaps in a recording that has none`);
    const conditions = `${describe(corpus)}; kernel ${DEFAULT_KERNEL}, ${((100 * stats.depthKernel) / (stats.depthKernel + stats.depthMapper)).toFixed(1)} % of book messages by the kernel`;
    const check = 'best 25 levels of every book equal in all three';
    table.push(row(`parse and apply, ${source.name}`, mine, theirs, { conditions, check, unit: 'us/message', target: TARGET }));
    table.push(row(`the readable path, ${source.name}`, json, theirs, { conditions: '--kernel json', check, unit: 'us/message' }));
  }
  return table;
};
