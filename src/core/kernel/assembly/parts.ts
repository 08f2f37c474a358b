/** What the code of compiled shapes is made of (core/kernel/shape-compiler.ts): pieces that vanish into it. `nowhere` is what a piece says that does not fit. */
import {
  CTX_BOOK,
  CTX_FIELDS,
  CTX_INSTRUMENT,
  CTX_LEVELS,
  CTX_NEXT,
  CTX_ROWS,
  CTX_ROWS_END,
  CTX_ROW_COUNT,
  CTX_SYMBOLS,
  CTX_SYMBOL_FROM,
  CTX_SYMBOL_MASK,
  CTX_SYMBOL_TO,
  CTX_TABLES,
  ROW_ABSENT,
  ROW_BYTES,
  ROW_ID,
  ROW_PRICE,
  ROW_PRICE_DECIMALS,
  ROW_QTY,
  ROW_QTY_DECIMALS,
  ROW_SIDE,
  SYMBOL_BOOK,
  SYMBOL_INSTRUMENT,
  SYMBOL_LENGTH,
  SYMBOL_PLACE_BYTES,
  TABLE_ABOVE,
  TABLE_HUNDREDS,
  TABLE_KEEP,
  TABLE_QUOTE,
  TABLE_SLIDE,
  TABLE_TENS,
  TABLE_TEN_THOUSANDS,
  TABLE_ZERO,
} from '../context';
import { lowLane } from './digits';
import { readDecimal, readLevels, readTime } from './scan';
import { placeOf } from './symbols';

export const nowhere: usize = 0;

// @ts-ignore: decorator
@inline
export function isNowhere(place: usize): bool {
  return place == 0;
}

// @ts-ignore: decorator
@inline
export function left(at: usize, end: usize): i32 {
  return <i32>(end - at);
}

// @ts-ignore: decorator
@inline
export function word(at: usize, offset: usize): u64 {
  return load<u64>(at + offset);
}

// @ts-ignore: decorator
@inline
export function half(at: usize, offset: usize): u32 {
  return load<u32>(at + offset);
}

// @ts-ignore: decorator
@inline
export function pair(at: usize, offset: usize): u32 {
  return <u32>load<u16>(at + offset);
}

// @ts-ignore: decorator
@inline
export function byte(at: usize, offset: usize): u32 {
  return <u32>load<u8>(at + offset);
}

/** Ready for a frame: what its shape does not set is no number. */
// @ts-ignore: decorator
@inline
export function begin(ctx: usize): void {
  const nothing = f64x2.splat(NaN);
  v128.store(ctx, nothing, CTX_FIELDS);
  v128.store(ctx, nothing, CTX_FIELDS + 16);
  store<u32>(ctx, load<u32>(ctx, CTX_LEVELS), CTX_NEXT);
  store<u32>(ctx, 0, CTX_BOOK);
  store<i32>(ctx, 0, CTX_ROW_COUNT);
}

// @ts-ignore: decorator
@inline
export function digitsAt(ctx: usize, at: usize): v128 {
  return i8x16.sub(v128.load(at), v128.load(<usize>load<u32>(ctx, CTX_TABLES), TABLE_ZERO));
}

/** Up to 16. */
// @ts-ignore: decorator
@inline
export function digitCount(ctx: usize, digits: v128): i32 {
  return ctz(i8x16.bitmask(i8x16.add_sat_u(digits, v128.load(<usize>load<u32>(ctx, CTX_TABLES), TABLE_ABOVE))) | 0x10000);
}

// @ts-ignore: decorator
@inline
export function guessed(ctx: usize, place: usize): i32 {
  return <i32>load<u8>(ctx + place);
}

// @ts-ignore: decorator
@inline
export function guess(ctx: usize, place: usize, count: i32): void {
  store<u8>(ctx + place, <u8>count);
}

/** 1 to 15 digits as JSON has them: below 2^53 for certain. */
// @ts-ignore: decorator
@inline
export function isInteger(at: usize, count: i32): bool {
  return <u32>(count - 1) < 15 && (load<u8>(at) != 0x30 || count == 1);
}

// @ts-ignore: decorator
@inline
export function integerValue(ctx: usize, digits: v128, count: i32): f64 {
  const tables = <usize>load<u32>(ctx, CTX_TABLES);
  const inLine = i8x16.swizzle(digits, v128.load(tables + <usize>count, TABLE_SLIDE));
  const fours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(inLine, v128.load(tables, TABLE_TENS)), 8), v128.load(tables, TABLE_HUNDREDS));
  const eights = lowLane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(fours, fours), v128.load(tables, TABLE_TEN_THOUSANDS)));
  return <f64>((eights & 0xffff_ffff) * 100_000_000 + (eights >>> 32));
}

/** Bytes up to the next quote, -1 when it is not among the next 32 or when an escape or a control character stands before it. */
// @ts-ignore: decorator
@inline
export function textLength(at: usize): i32 {
  const front = v128.load(at);
  const back = v128.load(at, 16);
  const quotes = i8x16.bitmask(i8x16.eq(front, i8x16.splat(0x22))) | (i8x16.bitmask(i8x16.eq(back, i8x16.splat(0x22))) << 16);
  const odd = i8x16.bitmask(oddBytes(front)) | (i8x16.bitmask(oddBytes(back)) << 16);
  // Of the bits below the lowest quote.
  return quotes == 0 || (odd & ~quotes & (quotes - 1)) != 0 ? -1 : ctz(quotes);
}

// @ts-ignore: decorator
@inline
function oddBytes(bytes: v128): v128 {
  return v128.or(i8x16.eq(bytes, i8x16.splat(0x5c)), i8x16.eq(bytes, i8x16.min_u(bytes, i8x16.splat(0x1f))));
}

/** Bytes up to the next quote, 16 when it is further away. */
// @ts-ignore: decorator
@inline
export function quoteAfter(ctx: usize, at: usize): i32 {
  return ctz(i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(<usize>load<u32>(ctx, CTX_TABLES), TABLE_QUOTE))) | 0x10000);
}

/** Place of a symbol of up to 16 bytes, `nowhere` when it is not known. Escapes stand in no known symbol. */
// @ts-ignore: decorator
@inline
export function knownSymbol(ctx: usize, at: usize, length: i32): usize {
  const tables = <usize>load<u32>(ctx, CTX_TABLES);
  const text = v128.and(v128.load(at), v128.load(tables + <usize>(16 - length), TABLE_KEEP));
  const hash = (lowLane(text) ^ rotl<i64>(i64x2.extract_lane(text, 1), 29)) * <i64>0x9e3779b97f4a7c15;
  const place = <usize>load<u32>(ctx, CTX_SYMBOLS) + <usize>(<u32>(hash >>> 40) & load<u32>(ctx, CTX_SYMBOL_MASK)) * SYMBOL_PLACE_BYTES;
  if (load<i32>(place, SYMBOL_LENGTH) == length && !v128.any_true(v128.xor(text, v128.load(place)))) return place;
  return otherSymbol(ctx, at, length);
}

function otherSymbol(ctx: usize, at: usize, length: i32): usize {
  const place = placeOf(ctx, at, length);
  return place == 0 || load<i32>(place, SYMBOL_LENGTH) == 0 ? nowhere : place;
}

// @ts-ignore: decorator
@inline
export function instrumentOf(place: usize): i32 {
  return load<i32>(place, SYMBOL_INSTRUMENT);
}

// @ts-ignore: decorator
@inline
export function bookOf(ctx: usize, place: usize): usize {
  const book = load<u32>(place, SYMBOL_BOOK);
  store<u32>(ctx, book, CTX_BOOK);
  return <usize>book;
}

// @ts-ignore: decorator
@inline
export function levelsOfSide(ctx: usize, book: usize, at: usize, end: usize, ask: i32): usize {
  return readLevels(ctx, book, at, end, ask);
}

// @ts-ignore: decorator
@inline
export function firstRow(ctx: usize): usize {
  return <usize>load<u32>(ctx, CTX_ROWS);
}

// @ts-ignore: decorator
@inline
export function endOfRows(ctx: usize): usize {
  return <usize>load<u32>(ctx, CTX_ROWS_END);
}

// @ts-ignore: decorator
@inline
export function clearRow(row: usize): void {
  store<i32>(row, ROW_ABSENT, ROW_PRICE_DECIMALS);
  store<i32>(row, ROW_ABSENT, ROW_QTY_DECIMALS);
}

// @ts-ignore: decorator
@inline
export function countRows(ctx: usize, row: usize): void {
  store<u32>(ctx, <u32>(row - <usize>load<u32>(ctx, CTX_ROWS)) / ROW_BYTES, CTX_ROW_COUNT);
}

/** The first row names the book; the others have to be of the same. */
// @ts-ignore: decorator
@inline
export function isRowSymbol(ctx: usize, at: usize, length: i32, row: usize): bool {
  if (row != <usize>load<u32>(ctx, CTX_ROWS)) return isSameSymbol(ctx, at, length);
  const place = knownSymbol(ctx, at, length);
  if (place == 0) return false;
  store<u32>(ctx, <u32>at, CTX_SYMBOL_FROM);
  store<u32>(ctx, <u32>at + length, CTX_SYMBOL_TO);
  store<i32>(ctx, instrumentOf(place), CTX_INSTRUMENT);
  return bookOf(ctx, place) != 0;
}

function isSameSymbol(ctx: usize, at: usize, length: i32): bool {
  const first = <usize>load<u32>(ctx, CTX_SYMBOL_FROM);
  if (<i32>load<u32>(ctx, CTX_SYMBOL_TO) - <i32>first != length) return false;
  const differ = i8x16.bitmask(v128.not(i8x16.eq(v128.load(at), v128.load(first))));
  return (differ & ((1 << length) - 1)) == 0;
}

// @ts-ignore: decorator
@inline
export function setRowId(row: usize, id: f64): void {
  store<f64>(row, id, ROW_ID);
}

// @ts-ignore: decorator
@inline
export function setRowSide(row: usize, side: i32): void {
  store<i32>(row, side, ROW_SIDE);
}

// @ts-ignore: decorator
@inline
export function rowQty(ctx: usize, at: usize, end: usize, row: usize): usize {
  const digits = digitsAt(ctx, at);
  const count = digitCount(ctx, digits);
  if (!isInteger(at, count) || load<u8>(at + count) == 0x2e) return readDecimal(ctx, at, end, row + ROW_QTY, row + ROW_QTY_DECIMALS);
  // Most are whole numbers.
  store<f64>(row, integerValue(ctx, digits, count), ROW_QTY);
  store<i32>(row, 0, ROW_QTY_DECIMALS);
  return at + count;
}

// @ts-ignore: decorator
@inline
export function rowPrice(ctx: usize, at: usize, end: usize, row: usize): usize {
  return readDecimal(ctx, at, end, row + ROW_PRICE, row + ROW_PRICE_DECIMALS);
}

// @ts-ignore: decorator
@inline
export function timeAt(ctx: usize, at: usize, end: usize, field: usize): usize {
  return readTime(at, end, ctx + CTX_FIELDS + (field << 3));
}

export { ROW_BYTES };
