/** The writer of the book-reading benchmark: recorded book messages through kernel and sequence check into a book, again and again, as fast as it can. */
import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus, SOURCES } from '../support/corpus.js';
import { OurBooks } from '../support/our-books.js';

export interface WriterData {
  /** Words: 0 = stop when not 0, 1 = messages written. */
  readonly control: SharedArrayBuffer;
}

const control = new Int32Array((workerData as WriterData).control);
const corpus = await readCorpus(SOURCES.binanceSpot, 1500);
const books = new OurBooks(corpus.venue, 'ts');
const play = (frame: (typeof corpus.frames)[number]): void => {
  const reader = books.reader(frame.conn);
  if (frame.restSymbol === null) reader.read(frame.bytes, 0, frame.bytes.length, 0);
  else reader.readSnapshot(frame.restSymbol, frame.bytes.toString(), 0);
};
corpus.before.forEach(play);
parentPort?.postMessage({ book: books.room.views.buffer, base: books.baseOf(0), origin: corpus.origin, levels: corpus.levelsPerFrame });
for (let isFirst = true; Atomics.load(control, 0) === 0; isFirst = false) {
  if (!isFirst) {
    books.reset();
    corpus.before.forEach(play);
  }
  for (const frame of corpus.frames) {
    play(frame);
    Atomics.add(control, 1, 1);
    if (Atomics.load(control, 0) !== 0) break;
  }
}
parentPort?.postMessage({ gaps: books.gaps });
