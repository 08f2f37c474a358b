/**
 * Rows by id (BitMEX) against the id table of feeds/id-levels.ts: the same places in the same memory. Each row becomes a level of the scratch list; the table is
 * kept as the rows say. The first row that is not as it should be ends it: what it means is for JavaScript to say.
 */
import {
  BOOK_IDS,
  BOOK_ID_COUNT,
  BOOK_ID_MASK,
  BOOK_ID_SCALE,
  BOOK_LOT_SCALE,
  BOOK_LOT_UNIT,
  BOOK_PRICE_SCALE,
  BOOK_PRICE_UNIT,
} from '../../memory/book-layout';
import {
  CTX_ASK_FROM,
  CTX_ASK_TO,
  CTX_BID_FROM,
  CTX_BID_TO,
  CTX_LEVELS,
  CTX_POWERS,
  CTX_ROWS,
  CTX_ROW_COUNT,
  ID_PLACE_BYTES,
  ID_WORD,
  LEVEL_BYTES,
  ROW_ABSENT,
  ROW_BYTES,
  ROW_ID,
  ROW_PRICE,
  ROW_PRICE_DECIMALS,
  ROW_QTY,
  ROW_QTY_DECIMALS,
  ROW_SIDE,
} from '../context';
import { hasLevel, setOne } from './ladder';
import { isWhole, lowHalfOf, wholeOf } from './whole';

/** ACTION_* of core/kernel/message.ts. */
const INSERT: i32 = 2;
const UPDATE: i32 = 3;
const DELETE: i32 = 4;
/** Each insert is compared with those before it in its frame. */
const MOST_INSERTS: i32 = 32;
const MAX_SAFE: f64 = 9_007_199_254_740_991;
const FREE: f64 = -1;
/** Ids are compared as bits: none is below zero, and none is no number. */
const FREE_BITS: i64 = reinterpret<i64>(FREE);

/** As in id-levels.ts. */
// @ts-ignore: decorator
@inline
function home(id: f64, scale: f64): u32 {
  return lowHalfOf(id * scale);
}

/** What a place holds beside its id. */
// @ts-ignore: decorator
@inline
function wordOf(price: i64, decimals: i32, side: i32): i64 {
  return (price << 6) | (<i64>decimals << 1) | <i64>side;
}

// @ts-ignore: decorator
@inline
function priceIn(word: i64): f64 {
  return <f64>(word >>> 6);
}

// @ts-ignore: decorator
@inline
function decimalsIn(word: i64): i32 {
  return <i32>(word >>> 1) & 31;
}

// @ts-ignore: decorator
@inline
function sideIn(word: i64): i32 {
  return <i32>word & 1;
}

/** Byte offset of the id's place, or of the free one where it would stand. */
// @ts-ignore: decorator
@inline
function placeOf(ids: usize, mask: u32, scale: f64, id: f64): usize {
  const wanted = reinterpret<i64>(id);
  let at = home(id, scale) & mask;
  while (true) {
    const place = ids + <usize>at * ID_PLACE_BYTES;
    const here = load<i64>(place);
    if (here == wanted || here == FREE_BITS) return place;
    at = (at + 1) & mask;
  }
}

function freePlace(ids: usize, mask: u32, scale: f64, place: usize): void {
  let hole = <u32>(place - ids) / ID_PLACE_BYTES;
  let at = (hole + 1) & mask;
  while (true) {
    const from = ids + <usize>at * ID_PLACE_BYTES;
    if (load<i64>(from) == FREE_BITS) break;
    const start = home(load<f64>(from), scale) & mask;
    // Stays when its home lies between the hole and itself: it can still be found.
    if (((at - start) & mask) >= ((at - hole) & mask)) {
      const to = ids + <usize>hole * ID_PLACE_BYTES;
      v128.store(to, v128.load(from));
      hole = at;
    }
    at = (at + 1) & mask;
  }
  store<f64>(ids + <usize>hole * ID_PLACE_BYTES, FREE);
}

/** `mantissa / 10^decimals` in units of the grid, -1 when that is no whole number or too large: `unitsOf` of core/book/grid.ts. */
// @ts-ignore: decorator
@inline
function unitsOf(powers: usize, mantissa: f64, decimals: i32, unit: f64, scale: i32): f64 {
  if (decimals > scale) return -1;
  const value = mantissa * load<f64>(powers + (<usize>(scale - decimals) << 3));
  if (value > MAX_SAFE) return -1;
  if (unit == 1) return value;
  const units = trunc(value / unit);
  return units * unit == value ? units : -1;
}

/**
 * The most frequent row, one level of the window, in one go. What it does cannot be predicted: as few branches as can be.
 * False: nothing was touched, the long way has to be taken.
 */
// @ts-ignore: decorator
@inline
export function applyOne(ctx: usize, book: usize, action: i32, row: usize): bool {
  if (<u32>(action - INSERT) > <u32>(DELETE - INSERT)) return false;
  const isNew = action == INSERT;
  const goes = action == DELETE;
  const id = load<f64>(row, ROW_ID);
  const mask = load<u32>(book, BOOK_ID_MASK);
  const scale = load<f64>(book, BOOK_ID_SCALE);
  const ids = <usize>load<u32>(book, BOOK_IDS);
  const place = placeOf(ids, mask, scale, id);
  const said = load<i32>(row, ROW_PRICE_DECIMALS);
  const rowSide = load<i32>(row, ROW_SIDE);
  const word = load<i64>(place, ID_WORD);
  const side = select<i32>(rowSide, sideIn(word), isNew);
  if (load<i64>(place) != select<i64>(FREE_BITS, reinterpret<i64>(id), isNew)) return false;
  if (action == UPDATE && (side != rowSide || said != ROW_ABSENT)) return false;
  const count = load<u32>(book, BOOK_ID_COUNT);
  if (isNew && (count + 1) * 2 > mask) return false;
  // Absent decimals are more than any grid has: no units.
  const powers = <usize>load<u32>(ctx, CTX_POWERS);
  const decimals = select<i32>(said, decimalsIn(word), isNew);
  const price = select<f64>(load<f64>(row, ROW_PRICE), priceIn(word), isNew);
  const ticks = unitsOf(powers, price, decimals, load<f64>(book, BOOK_PRICE_UNIT), load<i32>(book, BOOK_PRICE_SCALE));
  if (ticks < 0) return false;
  const mantissa = wholeOf(price);
  if (isNew && !isWhole(mantissa)) return false;
  let lots: f64 = 0;
  if (!goes) {
    lots = unitsOf(powers, load<f64>(row, ROW_QTY), load<i32>(row, ROW_QTY_DECIMALS), load<f64>(book, BOOK_LOT_UNIT), load<i32>(book, BOOK_LOT_SCALE));
    if (lots <= 0) return false;
  }
  if (!setOne(book, side, ticks, lots, isNew ? 0 : 1)) return false;
  if (action == UPDATE) return true;
  store<u32>(book, isNew ? count + 1 : count - 1, BOOK_ID_COUNT);
  if (isNew) {
    store<f64>(place, id);
    store<i64>(place, wordOf(mantissa, decimals, side), ID_WORD);
  } else freePlace(ids, mask, scale, place);
  return true;
}

/**
 * The rows from `first` on, into the table; their levels stand in the scratch list then: bids from its front, asks behind the room of all bids.
 * @returns the first row that was not taken
 */
export function collectRows(ctx: usize, book: usize, action: i32, first: i32): i32 {
  const count = load<i32>(ctx, CTX_ROW_COUNT);
  const powers = <usize>load<u32>(ctx, CTX_POWERS);
  const priceScale = load<i32>(book, BOOK_PRICE_SCALE);
  const lotScale = load<i32>(book, BOOK_LOT_SCALE);
  const priceUnit = load<f64>(book, BOOK_PRICE_UNIT);
  const lotUnit = load<f64>(book, BOOK_LOT_UNIT);
  const ids = <usize>load<u32>(book, BOOK_IDS);
  const mask = load<u32>(book, BOOK_ID_MASK);
  const scale = load<f64>(book, BOOK_ID_SCALE);
  const firstBid = <usize>load<u32>(ctx, CTX_LEVELS);
  const firstAsk = firstBid + <usize>count * LEVEL_BYTES;
  let bid = firstBid;
  let ask = firstAsk;
  let done = first;
  let row = <usize>load<u32>(ctx, CTX_ROWS) + <usize>done * ROW_BYTES;
  for (; done < count; done++, row += ROW_BYTES) {
    const id = load<f64>(row, ROW_ID);
    const place = placeOf(ids, mask, scale, id);
    const isKnown = load<f64>(place) == id;
    let side = load<i32>(row, ROW_SIDE);
    let lots: f64 = 0;
    let ticks: f64 = 0;
    if (action == INSERT) {
      if (isKnown || done - first == MOST_INSERTS || load<i32>(row, ROW_PRICE_DECIMALS) == ROW_ABSENT || load<i32>(row, ROW_QTY_DECIMALS) == ROW_ABSENT) break;
      if ((load<u32>(book, BOOK_ID_COUNT) + 1) * 2 > mask) break;
      const price = load<f64>(row, ROW_PRICE);
      const decimals = load<i32>(row, ROW_PRICE_DECIMALS);
      ticks = unitsOf(powers, price, decimals, priceUnit, priceScale);
      lots = unitsOf(powers, load<f64>(row, ROW_QTY), load<i32>(row, ROW_QTY_DECIMALS), lotUnit, lotScale);
      if (ticks < 0 || lots <= 0) break;
      const key = side == 0 ? -<i64>ticks : <i64>ticks;
      if (hasLevel(book, side, key) || isListed(side == 0 ? firstBid : firstAsk, side == 0 ? bid : ask, key)) break;
      store<f64>(place, id);
      store<i64>(place, wordOf(<i64>price, decimals, side), ID_WORD);
      store<u32>(book, load<u32>(book, BOOK_ID_COUNT) + 1, BOOK_ID_COUNT);
    } else {
      if (!isKnown) break;
      const word = load<i64>(place, ID_WORD);
      const price = priceIn(word);
      const decimals = decimalsIn(word);
      if (action == UPDATE) {
        if (side != sideIn(word) || load<i32>(row, ROW_QTY_DECIMALS) == ROW_ABSENT) break;
        const said = load<i32>(row, ROW_PRICE_DECIMALS);
        if (said != ROW_ABSENT && (said != decimals || load<f64>(row, ROW_PRICE) != price)) break;
        lots = unitsOf(powers, load<f64>(row, ROW_QTY), load<i32>(row, ROW_QTY_DECIMALS), lotUnit, lotScale);
        if (lots <= 0) break;
      } else if (action != DELETE) break;
      side = sideIn(word);
      ticks = unitsOf(powers, price, decimals, priceUnit, priceScale);
      if (ticks < 0) break;
      if (action == DELETE) {
        freePlace(ids, mask, scale, place);
        store<u32>(book, load<u32>(book, BOOK_ID_COUNT) - 1, BOOK_ID_COUNT);
      }
    }
    const out = side == 0 ? bid : ask;
    store<i64>(out, side == 0 ? -<i64>ticks : <i64>ticks);
    store<f64>(out, lots, 8);
    if (side == 0) bid += LEVEL_BYTES;
    else ask += LEVEL_BYTES;
  }
  store<u32>(ctx, <u32>firstBid, CTX_BID_FROM);
  store<u32>(ctx, <u32>bid, CTX_BID_TO);
  store<u32>(ctx, <u32>firstAsk, CTX_ASK_FROM);
  store<u32>(ctx, <u32>ask, CTX_ASK_TO);
  return done;
}

/** True when a level before it in this frame has the key. */
function isListed(from: usize, to: usize, key: i64): bool {
  for (let at = from; at < to; at += LEVEL_BYTES) if (load<i64>(at) == key) return true;
  return false;
}
