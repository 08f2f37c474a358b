/**
 * The part of a corpus whose messages are each the next one of a live book: what a feed does all day, and what can be compared with programs that do nothing else.
 * The messages before it join the preparation.
 */
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import type { Corpus } from './corpus.js';
import { OurBooks } from './our-books.js';

/**
 * Of the run, what is read before the clock starts, in all variants: a book that was built a moment ago, its builder's garbage beside it, finds caches that no feed
 * finds.
 */
const RUN_IN = 0.25;

/** The longest run of messages that the kernel applied by itself; the corpus as it is where that kernel is not built. */
export function hotPart(corpus: Corpus): Corpus {
  const books = new OurBooks(corpus.venue, DEFAULT_KERNEL);
  books.prepare(corpus.before);
  let start = 0;
  let best = { from: 0, to: 0 };
  corpus.frames.forEach((frame, index) => {
    const before = books.stats.fast;
    books.reader(frame.conn).read(frame.bytes, 0, frame.bytes.length, 0);
    if (books.stats.fast === before) start = index + 1;
    else if (index + 1 - start > best.to - best.from) best = { from: start, to: index + 1 };
  });
  if (best.to === 0) return corpus;
  const from = best.from + Math.floor((best.to - best.from) * RUN_IN);
  const frames = corpus.frames.slice(from, best.to);
  const share = frames.length / corpus.frames.length;
  return {
    ...corpus,
    before: [...corpus.before, ...corpus.frames.slice(0, from)],
    frames,
    bytes: frames.reduce((sum, frame) => sum + frame.bytes.length, 0),
    levelsPerFrame: corpus.levelsPerFrame,
    origin: share === 1 ? corpus.origin : `${corpus.origin}, ${(100 * share).toFixed(1)} % of it`,
  };
}
