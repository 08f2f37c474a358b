/**
 * A message's levels of one side into the ladder of core/book/ladder-side.ts: the same words in the same memory. What is seldom (the window moves, a side runs
 * empty, the overflow is full) is left to JavaScript, which goes on at the level where this kernel stopped.
 */
import {
  BOOK_ASK_SIDE,
  BOOK_BID_FREE,
  BOOK_BID_LEVELS,
  BOOK_BID_LOTS,
  BOOK_BID_LOW,
  BOOK_BID_ROOT,
  BOOK_BID_SIDE,
  BOOK_BID_SPILLED,
  BOOK_BID_TICKS,
  BOOK_BID_USED,
  SIDE_BITS,
  SIDE_BITS_WORDS,
  SIDE_BYTES,
  SIDE_LOTS,
  SIDE_SUMMARY,
  SIDE_SUMMARY_WORDS,
  WINDOW_KEYS,
  WINDOW_MASK,
} from '../../memory/book-layout';
import { LEVEL_BYTES } from '../context';
import { isSpilled, removeSpilled, setHinted, setSpilled } from './overflow';
import { isWhole, wholeOf } from './whole';

/** The window follows when the best has fallen this far into it (ladder-side.ts). */
const FOLLOW: i64 = (WINDOW_KEYS >> 2) * 3;
const NONE: i64 = i64.MAX_VALUE;

/** Smallest key of the window above `key`, NONE when there is none. */
function afterInWindow(side: usize, low: i64, key: i64): i64 {
  const from = <u32>(key + 1) & WINDOW_MASK;
  const start = from >>> 5;
  const here = load<u32>(side + (<usize>start << 2), SIDE_BITS) & (0xffff_ffff << (from & 31));
  let distance: u32;
  if (here != 0) distance = (start << 5) + ctz(here) - from;
  else {
    const after = (start + 1) & (SIDE_BITS_WORDS - 1);
    let s = after >>> 5;
    let words = load<u32>(side + (<usize>s << 2), SIDE_SUMMARY) & (0xffff_ffff << (after & 31));
    for (let n = 0; words == 0; n++) {
      if (n == SIDE_SUMMARY_WORDS) return NONE;
      s = (s + 1) & (SIDE_SUMMARY_WORDS - 1);
      words = load<u32>(side + (<usize>s << 2), SIDE_SUMMARY);
    }
    const w = (s << 5) + ctz(words);
    distance = ((w << 5) + ctz(load<u32>(side + (<usize>w << 2), SIDE_BITS)) - from) & WINDOW_MASK;
  }
  const found = key + 1 + <i64>distance;
  return found < low + WINDOW_KEYS ? found : NONE;
}

/** True when the side has a level at the key. */
export function hasLevel(book: usize, ask: i32, key: i64): bool {
  const eights = book + (<usize>ask << 3);
  if (load<i32>(book + (<usize>ask << 2), BOOK_BID_LEVELS) == 0) return false;
  const side = ask != 0 ? book + BOOK_ASK_SIDE : book + BOOK_BID_SIDE;
  const offset = key - <i64>load<f64>(eights, BOOK_BID_LOW);
  if (offset < 0) return false;
  if (offset >= WINDOW_KEYS) return isSpilled(side, book + (<usize>ask << 2) + BOOK_BID_ROOT, <f64>key);
  const index = <u32>key & WINDOW_MASK;
  return ((load<u32>(side + (<usize>(index >>> 5) << 2), SIDE_BITS) >>> (index & 31)) & 1) != 0;
}

/**
 * Levels of the window, as long as the best stays or moves inside its word of bits. No calls: they would cost the registers; for the same reason it is exported,
 * or the compiler would put it into its caller, which has some. @returns the level it stopped at
 */
export function fastSide(fours: usize, sixteens: usize, side: usize, low: i64, ask: u32, from: usize, to: usize): usize {
  let count = load<i32>(fours, BOOK_BID_LEVELS);
  const ticks = wholeOf(load<f64>(sixteens, BOOK_BID_TICKS));
  let best = ask != 0 ? ticks : -ticks;
  let at = from;
  for (; at < to; at += LEVEL_BYTES) {
    const key = load<i64>(at);
    // As bits: a quantity is never below zero, and no quantity is all zeros.
    const lots = load<i64>(at, 8);
    if (<u64>(key - low) >= <u64>WINDOW_KEYS) break;
    const index = <u32>key & WINDOW_MASK;
    const word = side + (<usize>(index >>> 5) << 2);
    const before = load<u32>(word, SIDE_BITS);
    // Whether a level comes, stays or goes is anybody's guess: no branch. Shifts take their count modulo 32.
    const bit: u32 = 1 << index;
    const after = (before | bit) ^ select<u32>(bit, 0, lots == 0);
    if (key <= best) {
      if (lots != 0) best = key;
      else if (key == best) {
        // Better levels than the best there are none: what is left in its word stands behind it.
        if (after == 0 || key - low > FOLLOW - 32) break;
        best = key + <i64>(ctz(after) - (index & 31));
      }
    }
    store<u32>(word, after, SIDE_BITS);
    store<i64>(side + (<usize>index << 3), lots, SIDE_LOTS);
    count += popcnt(after) - popcnt(before);
    const summary = side + (<usize>(index >>> 10) << 2);
    const wordBit: u32 = 1 << (index >>> 5);
    store<u32>(summary, (load<u32>(summary, SIDE_SUMMARY) | wordBit) ^ select<u32>(wordBit, 0, after == 0), SIDE_SUMMARY);
  }
  store<i32>(fours, count, BOOK_BID_LEVELS);
  store<f64>(sixteens, <f64>(ask != 0 ? best : -best), BOOK_BID_TICKS);
  return at;
}

/** One level that `fastSide` leaves: outside of the window, or the best that goes. False when it is JavaScript's. */
function slowLevel(fours: usize, sixteens: usize, side: usize, low: i64, ask: u32, at: usize): bool {
  const key = load<i64>(at);
  const lots = load<f64>(at, 8);
  if (key < low) return lots == 0;
  if (key - low >= WINDOW_KEYS) {
    if (lots != 0 && setHinted(side, fours + BOOK_BID_USED, <f64>key, lots)) return true;
    const root = fours + BOOK_BID_ROOT;
    const free = fours + BOOK_BID_FREE;
    const more: i32 = lots == 0 ? 0 - removeSpilled(side, root, free, <f64>key) : setSpilled(side, root, fours + BOOK_BID_USED, free, <f64>key, lots);
    if (lots != 0 && more < 0) return false;
    store<i32>(fours, load<i32>(fours, BOOK_BID_LEVELS) + more, BOOK_BID_LEVELS);
    store<i32>(fours, load<i32>(fours, BOOK_BID_SPILLED) + more, BOOK_BID_SPILLED);
    return true;
  }
  const best = afterInWindow(side, low, key);
  if (best == NONE || best - low > FOLLOW) return false;
  const index = <u32>key & WINDOW_MASK;
  const word = side + (<usize>(index >>> 5) << 2);
  const after = load<u32>(word, SIDE_BITS) & ~(1 << (index & 31));
  store<u32>(word, after, SIDE_BITS);
  if (after == 0) {
    const summary = side + (<usize>(index >>> 10) << 2);
    store<u32>(summary, load<u32>(summary, SIDE_SUMMARY) & ~(1 << ((index >>> 5) & 31)), SIDE_SUMMARY);
  }
  store<i32>(fours, load<i32>(fours, BOOK_BID_LEVELS) - 1, BOOK_BID_LEVELS);
  store<f64>(sixteens, <f64>(ask != 0 ? best : -best), BOOK_BID_TICKS);
  return true;
}

/**
 * One level of the window: comes, stays or goes (no lots), as `fastSide` does it.
 * @param isThere 1 when the side has it, 0 when it has not @returns false: nothing was touched, the long way has to be taken
 */
// @ts-ignore: decorator
@inline
export function setOne(book: usize, ask: i32, ticks: f64, lots: f64, isThere: u32): bool {
  const fours = book + (<usize>ask << 2);
  const sixteens = book + (<usize>ask << 4);
  const side = book + BOOK_BID_SIDE + <usize>ask * SIDE_BYTES;
  const key = wholeOf(ask != 0 ? ticks : -ticks);
  const count = load<i32>(fours, BOOK_BID_LEVELS);
  const low = wholeOf(load<f64>(book + (<usize>ask << 3), BOOK_BID_LOW));
  // A key that is too large for `wholeOf` is far from any such window.
  if (count == 0 || !isWhole(low) || <u64>(key - low) >= <u64>WINDOW_KEYS) return false;
  const index = <u32>key & WINDOW_MASK;
  const word = side + (<usize>(index >>> 5) << 2);
  const before = load<u32>(word, SIDE_BITS);
  if (((before >>> index) & 1) != isThere) return false;
  const gone: u32 = u32(lots == 0);
  const after = (before | (1 << index)) ^ (gone << index);
  const bestTicks = wholeOf(load<f64>(sixteens, BOOK_BID_TICKS));
  const best = ask != 0 ? bestTicks : -bestTicks;
  if (key <= best) {
    let next = key;
    let nextLots = lots;
    if (gone != 0) {
      if (after == 0 || key - low > FOLLOW - 32) return false;
      next += <i64>(ctz(after) - (index & 31));
      nextLots = load<f64>(side + (<usize>(<u32>next & WINDOW_MASK) << 3), SIDE_LOTS);
    }
    store<f64>(sixteens, <f64>(ask != 0 ? next : -next), BOOK_BID_TICKS);
    store<f64>(sixteens, nextLots, BOOK_BID_LOTS);
  }
  store<u32>(word, after, SIDE_BITS);
  store<f64>(side + (<usize>index << 3), lots, SIDE_LOTS);
  store<i32>(fours, count + 1 - <i32>(gone + isThere), BOOK_BID_LEVELS);
  const summary = side + (<usize>(index >>> 10) << 2);
  store<u32>(summary, load<u32>(summary, SIDE_SUMMARY) ^ ((u32(before == 0) ^ u32(after == 0)) << (index >>> 5)), SIDE_SUMMARY);
  return true;
}

/** @param ask 0 = bids, 1 = asks @param from, to of the scratch list @returns the first level that is not applied, `to` when all are */
export function applySide(book: usize, ask: u32, from: usize, to: usize): usize {
  const fours = book + (<usize>ask << 2);
  const sixteens = book + (<usize>ask << 4);
  const side = ask != 0 ? book + BOOK_ASK_SIDE : book + BOOK_BID_SIDE;
  // The best of an empty side is not a number.
  if (from == to || load<i32>(fours, BOOK_BID_LEVELS) == 0) return from;
  const low = wholeOf(load<f64>(book + (<usize>ask << 3), BOOK_BID_LOW));
  // The best stands in the window: it is whole, too.
  if (!isWhole(low)) return from;
  let at = from;
  while (true) {
    at = fastSide(fours, sixteens, side, low, ask, at, to);
    // Levels outside of the window stand together.
    const first = at;
    while (at < to && (at == first || <u64>(load<i64>(at) - low) >= <u64>WINDOW_KEYS) && slowLevel(fours, sixteens, side, low, ask, at)) at += LEVEL_BYTES;
    if (at == to || at == first) break;
  }
  const ticks = wholeOf(load<f64>(sixteens, BOOK_BID_TICKS));
  store<f64>(sixteens, load<f64>(side + (<usize>(<u32>(ask != 0 ? ticks : -ticks) & WINDOW_MASK) << 3), SIDE_LOTS), BOOK_BID_LOTS);
  return at;
}
