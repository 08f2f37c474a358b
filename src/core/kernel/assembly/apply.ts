/** From a frame to the published book: shape by shape through the interpreter, then gate, ladder and publish, which compiled shapes share. */
import {
  BOOK_ASK_TICKS,
  BOOK_ASK_LEVELS,
  BOOK_BID_LEVELS,
  BOOK_BID_TICKS,
  BOOK_FLAGS,
  BOOK_GATE,
  BOOK_IDS,
  BOOK_LAST_SEQUENCE,
  BOOK_LIVE,
  BOOK_RECV_US,
  BOOK_SEQUENCE,
  BOOK_STATE,
  BOOK_STREAM,
  BOOK_VENUE_US,
  GATE_PLUS_ONE,
  GATE_PREV_CHAIN,
  GATE_RANGE_CHAIN,
  GATE_ROWS,
  GATE_TIMESTAMP,
} from '../../memory/book-layout';
import {
  APPLY_NOT_MINE,
  APPLY_UNKNOWN_SYMBOL,
  CTX_ASK_FROM,
  CTX_ASK_TO,
  CTX_BID_FROM,
  CTX_BID_TO,
  CTX_BOOK,
  CTX_DECIMALS,
  CTX_FAILED_AT,
  CTX_FAILED_WORD,
  CTX_FIELDS,
  CTX_INSTRUMENT,
  CTX_KIND,
  CTX_LEVELS,
  CTX_NEXT,
  CTX_ROW_AT,
  CTX_ROW_COUNT,
  CTX_ROWS,
  CTX_SHAPES,
  CTX_SHARED,
  CTX_STARTS,
  DONE_BOOK,
  DONE_MESSAGE,
  DONE_PART,
  ROW_ABSENT,
  ROW_BYTES,
} from '../context';
import { applySide } from './ladder';
import { applyOne, collectRows } from './rows';
import { NOT_MINE, SCANNED, runShape } from './scan';

/** MESSAGE_DEPTH, MESSAGE_ROWS and FIELD_* of core/kernel/message.ts. */
const DEPTH: i32 = 1;
const ROWS: i32 = 2;
const FIRST: usize = CTX_FIELDS;
const LAST: usize = CTX_FIELDS + 8;
const PREV: usize = CTX_FIELDS + 16;
const TIME: usize = CTX_FIELDS + 24;
const ACTION: usize = CTX_FIELDS + 32;
const STREAM: usize = CTX_FIELDS + 56;
const SNAPSHOT: f64 = 1;

/** Reads the frame `[at, end)`; a book message that is next in order is applied and published. @returns APPLY_*, or instrument x 4 + DONE_* */
export function applyShapes(ctx: usize, at: usize, end: usize, recvUs: f64): i32 {
  const shapes = load<i32>(ctx, CTX_SHAPES);
  const starts = <usize>load<u32>(ctx, CTX_STARTS);
  const shared = <usize>load<u32>(ctx, CTX_SHARED);
  clear(ctx);
  for (let shape = 0; shape < shapes; shape++) {
    let from = 0;
    let start = at;
    if (shape > 0) {
      // The shape before failed where this one begins to differ: nothing was written since.
      if (load<i32>(ctx, CTX_FAILED_WORD) == load<i32>(shared + (<usize>shape << 2))) {
        from = load<i32>(ctx, CTX_FAILED_WORD);
        start = load<u32>(ctx, CTX_FAILED_AT);
      } else clear(ctx);
    }
    store<i32>(ctx, -1, CTX_FAILED_WORD);
    const result = runShape(ctx, load<i32>(starts + (<usize>shape << 2)), from, start, end);
    if (result == NOT_MINE) continue;
    if (result != SCANNED) return APPLY_UNKNOWN_SYMBOL;
    const kind = load<i32>(ctx, CTX_KIND);
    if (kind == DEPTH) return applyDepth(ctx, recvUs);
    if (kind == ROWS) return applyRows(ctx, recvUs);
    return (load<i32>(ctx, CTX_INSTRUMENT) << 2) | DONE_MESSAGE;
  }
  return APPLY_NOT_MINE;
}

// @ts-ignore: decorator
@inline
function clear(ctx: usize): void {
  const nothing = f64x2.splat(NaN);
  v128.store(ctx, nothing, CTX_FIELDS);
  v128.store(ctx, nothing, CTX_FIELDS + 16);
  v128.store(ctx, nothing, CTX_FIELDS + 32);
  v128.store(ctx, nothing, CTX_FIELDS + 48);
  v128.store(ctx, nothing, CTX_FIELDS + 64);
  v128.store(ctx, nothing, CTX_FIELDS + 80);
  // ABSENT in each of the nine.
  const absent = i32x4.splat(ROW_ABSENT);
  v128.store(ctx, absent, CTX_DECIMALS);
  v128.store(ctx, absent, CTX_DECIMALS + 16);
  store<i32>(ctx, ROW_ABSENT, CTX_DECIMALS + 32);
  store<u32>(ctx, load<u32>(ctx, CTX_LEVELS), CTX_NEXT);
  store<u32>(ctx, 0, CTX_BOOK);
  store<i32>(ctx, 0, CTX_ROW_COUNT);
  store<i64>(ctx, 0, CTX_BID_FROM);
  store<i64>(ctx, 0, CTX_ASK_FROM);
}

/** True when the message is the very next one of a live book; everything else is judged by JavaScript. */
// @ts-ignore: decorator
@inline
function isNext(book: usize, first: f64, last: f64, prev: f64): bool {
  const gate = load<i32>(book, BOOK_GATE);
  const known = load<f64>(book, BOOK_LAST_SEQUENCE);
  if (gate == GATE_PREV_CHAIN) return prev == known;
  if (gate == GATE_PLUS_ONE) return last == known + 1 && last != 1;
  if (gate == GATE_RANGE_CHAIN) return last > known && first == known + 1;
  return gate == GATE_TIMESTAMP && last > known;
}

function applyDepth(ctx: usize, recvUs: f64): i32 {
  const book = <usize>load<u32>(ctx, CTX_BOOK);
  if (book == 0) return APPLY_NOT_MINE;
  const first = load<f64>(ctx, FIRST);
  const last = load<f64>(ctx, LAST);
  const prev = load<f64>(ctx, PREV);
  return applyDepthFields(ctx, book, load<i32>(ctx, CTX_INSTRUMENT), recvUs, first, last, prev, load<f64>(ctx, TIME), load<f64>(ctx, ACTION), load<f64>(ctx, STREAM));
}

/** A message whose levels stand in the scratch list, and its fields: what a shape does not set is not a number. */
// @ts-ignore: decorator
@inline
export function applyDepthFields(
  ctx: usize,
  book: usize,
  instrument: i32,
  recvUs: f64,
  first: f64,
  last: f64,
  prev: f64,
  time: f64,
  action: f64,
  stream: f64,
): i32 {
  if (load<i32>(book, BOOK_STATE) != BOOK_LIVE || load<i32>(book, BOOK_FLAGS) != 0) return APPLY_NOT_MINE;
  if (!isNext(book, first, last, prev) || action == SNAPSHOT) return APPLY_NOT_MINE;
  if (stream == stream && stream != load<f64>(book, BOOK_STREAM)) return APPLY_NOT_MINE;
  store<f64>(ctx, last, LAST);
  store<f64>(ctx, time, TIME);
  openBook(book);
  return applyLevels(ctx, book, instrument, recvUs, last, time, true);
}

/** Rows by id, without numbers: those that say what they should are applied; from the first that does not, JavaScript goes on. */
function applyRows(ctx: usize, recvUs: f64): i32 {
  return applyRowFields(ctx, recvUs, load<f64>(ctx, ACTION));
}

export function applyRowFields(ctx: usize, recvUs: f64, action: f64): i32 {
  const book = <usize>load<u32>(ctx, CTX_BOOK);
  if (book == 0 || load<i32>(book, BOOK_STATE) != BOOK_LIVE || load<i32>(book, BOOK_FLAGS) != 0) return APPLY_NOT_MINE;
  if (load<i32>(book, BOOK_GATE) != GATE_ROWS || load<u32>(book, BOOK_IDS) == 0) return APPLY_NOT_MINE;
  if (action == SNAPSHOT || action != action) return APPLY_NOT_MINE;
  openBook(book);
  const count = load<i32>(ctx, CTX_ROW_COUNT);
  let done = 0;
  let row = <usize>load<u32>(ctx, CTX_ROWS);
  while (done < count && applyOne(ctx, book, <i32>action, row)) {
    done++;
    row += ROW_BYTES;
  }
  if (done == count) {
    store<i32>(ctx, done, CTX_ROW_AT);
    return finish(ctx, book, recvUs, load<f64>(ctx, LAST), load<f64>(ctx, TIME)) | (load<i32>(ctx, CTX_INSTRUMENT) << 2);
  }
  done = collectRows(ctx, book, <i32>action, done);
  store<i32>(ctx, done, CTX_ROW_AT);
  return applyLevels(ctx, book, load<i32>(ctx, CTX_INSTRUMENT), recvUs, load<f64>(ctx, LAST), load<f64>(ctx, TIME), done == count);
}

/** @param isWhole false: something of the message is left for JavaScript in any case */
// @ts-ignore: decorator
@inline
function applyLevels(ctx: usize, book: usize, instrument: i32, recvUs: f64, last: f64, time: f64, isWhole: bool): i32 {
  const answer = instrument << 2;
  const bidTo = <usize>load<u32>(ctx, CTX_BID_TO);
  const askTo = <usize>load<u32>(ctx, CTX_ASK_TO);
  const bidFrom = <usize>load<u32>(ctx, CTX_BID_FROM);
  const askFrom = <usize>load<u32>(ctx, CTX_ASK_FROM);
  if (bidFrom != bidTo) {
    const at = applySide(book, 0, bidFrom, bidTo);
    if (at != bidTo) return stop(ctx, at) | answer;
  }
  if (askFrom != askTo) {
    const at = applySide(book, 1, askFrom, askTo);
    if (at != askTo) return stop(ctx, at) | answer;
  }
  return (isWhole ? finish(ctx, book, recvUs, last, time) : stop(ctx, 0)) | answer;
}

/** The sequence becomes odd, and no store behind it comes before it: `beginWrite` of core/memory/seqlock.ts. */
// @ts-ignore: decorator
@inline
function openBook(book: usize): void {
  atomic.xchg<i32>(book, load<i32>(book, BOOK_SEQUENCE) + 1, BOOK_SEQUENCE);
}

function stop(ctx: usize, at: usize): i32 {
  store<u32>(ctx, <u32>at, CTX_NEXT);
  return DONE_PART;
}

/** All levels are applied: publishes, unless bids meet asks. */
// @ts-ignore: decorator
@inline
function finish(ctx: usize, book: usize, recvUs: f64, last: f64, time: f64): i32 {
  // An empty side's best is not a number, and no comparison holds.
  if (load<f64>(book, BOOK_BID_TICKS) >= load<f64>(book, BOOK_ASK_TICKS)) return stop(ctx, 0);
  if (load<i32>(book, BOOK_BID_LEVELS) == 0 || load<i32>(book, BOOK_ASK_LEVELS) == 0) return stop(ctx, 0);
  store<f64>(book, last, BOOK_LAST_SEQUENCE);
  store<f64>(book, time >= 1e14 ? time : time * 1000, BOOK_VENUE_US);
  store<f64>(book, recvUs, BOOK_RECV_US);
  atomic.store<i32>(book, load<i32>(book, BOOK_SEQUENCE) + 1, BOOK_SEQUENCE);
  return DONE_BOOK;
}
