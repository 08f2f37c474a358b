/** Reading the ten best levels of both sides from another thread while the feed's own code writes that book as fast as it can: time, retries, torn reads. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BookReader, DepthView } from '../../src/core/book/book-reader.js';
import { BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { percentile, type BenchFile } from '../harness.js';
import type { WriterData } from './book-read.worker.js';

const LEVELS = 10;

function checkOrder(view: DepthView): void {
  for (let i = 1; i < view.bidCount; i++) if (!(view.bidTicks[i]! < view.bidTicks[i - 1]!)) throw new Error('bids out of order');
  for (let i = 1; i < view.askCount; i++) if (!(view.askTicks[i]! > view.askTicks[i - 1]!)) throw new Error('asks out of order');
  if (view.bidCount > 0 && view.askCount > 0 && view.bidTicks[0]! >= view.askTicks[0]!) throw new Error('a live book is crossed');
}

export const rows: BenchFile = async (options) => {
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const data: WriterData = { control };
  const worker = new Worker(new URL('./book-read.worker.js', import.meta.url), { workerData: data });
  const [started] = (await once(worker, 'message')) as [{ book: SharedArrayBuffer; base: number; origin: string; levels: number }];
  const views = viewsOf(started.book);
  const reader = new BookReader(views, started.base);
  const head = started.base >> 2;
  const view = new DepthView(LEVELS);
  const reads = options.isQuick ? 40_000 : 400_000;
  const times = new Float64Array(reads);
  let disturbed = 0;
  let live = 0;
  const messagesBefore = Atomics.load(words, 1);
  const startedMs = performance.now();
  for (let i = -reads / 4; i < reads; i++) {
    const before = Atomics.load(views.i32, head);
    const from = performance.now();
    const isWhole = reader.readDepth(LEVELS, view);
    const took = (performance.now() - from) * 1000;
    if (i < 0) continue;
    times[i] = took;
    if ((before & 1) !== 0 || Atomics.load(views.i32, head) !== before) disturbed++;
    if (!isWhole || reader.top.state !== BOOK_LIVE) continue;
    live++;
    checkOrder(view);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const messages = Atomics.load(words, 1) - messagesBefore;
  const ended = once(worker, 'exit');
  const last = once(worker, 'message');
  Atomics.store(words, 0, 1);
  const [{ gaps }] = (await last) as [{ gaps: number }];
  await ended;
  if (gaps > 0 || live === 0) throw new Error(`${gaps} gaps, ${live} live reads`);
  const all = Array.from(times);
  return [
    {
      name: 'ten best levels, read from another thread',
      ours: percentile(all, 0.5),
      theirs: null,
      unit: 'us',
      against: '',
      ratio: null,
      isShown: true,
      conditions: `wall time with one look at the clock; p99 ${percentile(all, 0.99).toFixed(2)} us, worst ${percentile(all, 1).toFixed(0)} us; the writer applied ${Math.round(messages / seconds)} messages a second of ${started.levels.toFixed(0)} levels; ${((100 * disturbed) / reads).toFixed(1)} % of ${reads} reads met a write and waited or began again, ${reader.torn} gave up and kept the view before (the system had taken the writer off its core in the middle of a write); ${started.origin}`,
      check: 'each view in order and not crossed, no gap in the book',
    },
  ];
};
