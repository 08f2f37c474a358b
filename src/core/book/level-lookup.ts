/**
 * The quantity at one price of a book, however deep it lies: a bit test in the window, a descent in the overflow, under the book's seqlock.
 * Called by readers on any thread that ask about single far levels, where copying every level before them would be waste.
 */
import {
  BOOK_ASK_LOW,
  BOOK_ASK_ROOT,
  BOOK_ASK_SIDE,
  BOOK_BID_LOW,
  BOOK_BID_ROOT,
  BOOK_BID_SIDE,
  BOOK_LIVE,
  BOOK_STATE,
  SIDE_BITS,
  SIDE_LOTS,
  SIDE_NODE_KEYS,
  SIDE_NODE_LINKS,
  SIDE_NODE_LOTS,
  WINDOW_KEYS,
  WINDOW_MASK,
} from '../memory/book-layout.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../memory/seqlock.js';
import type { SharedViews } from '../memory/shared-memory.js';
import { nextAbove } from './overflow.js';

/** @param side 0 = bid, 1 = ask @param ticks in the book's own grid @returns its lots, 0 where the book has no such level, NaN when not live or torn */
export function levelLots(views: SharedViews, base: number, side: number, ticks: number): number {
  const { i32 } = views;
  const head = base >>> 2;
  for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
    const before = beginRead(i32, head);
    if (before < 0) continue;
    const isLive = i32[head + (BOOK_STATE >> 2)] === BOOK_LIVE;
    const lots = isLive ? lookUp(views, base, side, ticks) : Number.NaN;
    if (endRead(i32, head, before)) return lots;
  }
  return Number.NaN;
}

function lookUp(views: SharedViews, base: number, side: number, ticks: number): number {
  const { i32, f64 } = views;
  const start = base + (side === 0 ? BOOK_BID_SIDE : BOOK_ASK_SIDE);
  const key = side === 0 ? 0 - ticks : ticks;
  const low = f64[(base + (side === 0 ? BOOK_BID_LOW : BOOK_ASK_LOW)) >>> 3]!;
  if (key >= low && key < low + WINDOW_KEYS) {
    const place = key & WINDOW_MASK;
    const isSet = ((i32[((start + SIDE_BITS) >>> 2) + (place >>> 5)]! >>> (place & 31)) & 1) !== 0;
    return isSet ? f64[((start + SIDE_LOTS) >>> 3) + place]! : 0;
  }
  const root = i32[(base + (side === 0 ? BOOK_BID_ROOT : BOOK_ASK_ROOT)) >>> 2]!;
  const keys = (start + SIDE_NODE_KEYS) >>> 3;
  const node = nextAbove(views, keys, (start + SIDE_NODE_LINKS) >>> 2, root, key, true);
  // A torn read may send the descent anywhere; what it finds is then thrown away by the caller.
  return node > 0 && f64[keys + node] === key ? f64[((start + SIDE_NODE_LOTS) >>> 3) + node]! : 0;
}
