/**
 * The compiled shapes of core/kernel/program.ts over the bytes of one frame, in place. Levels become keys and lots of the book's own grid at once; whatever does
 * not fit exactly, and every deviation from a shape, is "not mine": JavaScript reads the frame anew, and nothing was touched but the scratch list.
 */
import {
  BOOK_LOT_SCALE,
  BOOK_LOT_UNIT,
  BOOK_PRICE_SCALE,
  BOOK_PRICE_UNIT,
} from '../../memory/book-layout';
import {
  OP_CHOICE,
  OP_DECIMAL,
  OP_END,
  OP_INT,
  OP_LEVELS,
  OP_ROW,
  OP_ROW_ID,
  OP_ROW_NEXT,
  OP_ROW_PRICE,
  OP_ROW_QTY,
  OP_ROW_SIDE,
  OP_ROW_SYMBOL,
  OP_SET,
  OP_SKIP,
  OP_SYMBOL,
  OP_TEXT,
  OP_TIME,
} from '../program';
import {
  CTX_AT,
  CTX_BID_FROM,
  CTX_BID_TO,
  CTX_BOOK,
  CTX_CODE,
  CTX_DECIMALS,
  CTX_FAILED_AT,
  CTX_FAILED_WORD,
  CTX_FIELDS,
  CTX_INSTRUMENT,
  CTX_KIND,
  CTX_LEVELS_END,
  CTX_LOT_FORMS,
  CTX_LOT_SCALE,
  CTX_MANTISSAS,
  CTX_NEXT,
  CTX_POOL,
  CTX_PRICE_FORMS,
  CTX_PRICE_SCALE,
  CTX_ROWS,
  CTX_ROWS_END,
  CTX_ROW_COUNT,
  CTX_SYMBOL_FROM,
  CTX_SYMBOL_TO,
  CTX_TABLES,
  FORMS,
  FORMS_QTY,
  FORMS_SCALE_BYTES,
  FORM_DIGITS,
  FORM_MOST,
  FORM_SCALES,
  FORM_TEXT,
  LEVEL_BYTES,
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
  TABLE_ABOVE,
  TABLE_BRACKET,
  TABLE_HUNDREDS,
  TABLE_NOT_ZERO,
  TABLE_TENS,
  TABLE_TEN_THOUSANDS,
  TABLE_ZERO,
} from '../context';
import { digitsOf, integerOf, lowLane, nonDigits } from './digits';
import { placeOf } from './symbols';

const MAX_SAFE: i64 = 9_007_199_254_740_991;
/** FIELD_UNUSED of message.ts: read and thrown away. */
const UNUSED: i32 = 11;
const MAX_DECIMALS: i32 = 18;
/** Mantissas stay below this: ten times it plus nine is still below 2^53. */
const MANTISSA_LIMIT: i64 = 900_719_925_474_098;

export const SCANNED = 1;
export const NOT_MINE = 0;
export const UNKNOWN_SYMBOL = 2;

/** True when `length` bytes are those of the pool. */
// @ts-ignore: decorator
@inline
function isText(at: usize, end: usize, text: usize, length: i32): bool {
  if (<i32>(end - at) < length) return false;
  let left = length;
  while (left >= 16) {
    if (v128.any_true(v128.xor(v128.load(at), v128.load(text)))) return false;
    at += 16;
    text += 16;
    left -= 16;
  }
  const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text)));
  const wanted = (1 << left) - 1;
  return (same & wanted) == wanted;
}

/** Up to the closing quote, which stays; 0 for escapes and control characters. */
function skipText(at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const bytes = v128.load(at);
    const odd = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.gt_u(i8x16.splat(0x20), bytes),
    );
    const found = i8x16.bitmask(odd);
    if (found == 0) continue;
    at += ctz(found);
    return at < end && load<u8>(at) == 0x22 ? at : 0;
  }
  return 0;
}

/** Behind a run of one digit and more; 0 when JSON or 2^53 would not have it. */
function skipInteger(at: usize, end: usize): usize {
  const digits = digitsOf(v128.load(at));
  const count = ctz(nonDigits(digits) | 0x10000);
  const next = at + count;
  if (count == 0 || count == 16 || next > end) return 0;
  if (count > 1 && load<u8>(at) == 0x30) return 0;
  return next;
}

/** As `skipInteger`, and the value goes to the field. */
function readInteger(at: usize, end: usize, field: usize): usize {
  const digits = digitsOf(v128.load(at));
  const count = ctz(nonDigits(digits) | 0x10000);
  const next = at + count;
  if (count == 0 || next > end) return 0;
  if (count > 1 && load<u8>(at) == 0x30) return 0;
  const value = integerOf(digits, count);
  if (count == 16 && (value > MANTISSA_LIMIT * 10 + 9 || <u32>load<u8>(next) - 0x30 <= 9)) return 0;
  store<f64>(field, <f64>value);
  return next;
}

/** A decimal as (mantissa, decimals) without zeros at the end of its fraction, as the readable path keeps it. */
export function readDecimal(ctx: usize, at: usize, end: usize, mantissas: usize, decimalsAt: usize): usize {
  const tables = <usize>load<u32>(ctx, CTX_TABLES);
  const digits = i8x16.sub(v128.load(at), v128.load(tables, TABLE_ZERO));
  const odd = i8x16.bitmask(i8x16.add_sat_u(digits, v128.load(tables, TABLE_ABOVE))) | 0x10000;
  const whole = ctz(odd);
  // A text that is longer than a vector, and everything that is no number, goes the long way.
  const hasPoint = load<u8>(at + whole) == 0x2e;
  const length = hasPoint ? ctz(odd & (odd - 1)) : whole;
  const scale = hasPoint ? length - whole - 1 : 0;
  if (length > 15 || whole == 0 || whole + scale > 8 || at + length > end) return readLongDecimal(at, end, mantissas, decimalsAt);
  if ((whole > 1 && load<u8>(at) == 0x30) || (hasPoint && scale == 0)) return 0;
  const form = tables + FORMS + <usize>scale * FORMS_SCALE_BYTES + (<usize>((whole << 4) + length) << 6);
  const inLine = i8x16.swizzle(digits, v128.load(form, FORM_DIGITS));
  const fours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(inLine, v128.load(tables, TABLE_TENS)), 8), v128.load(tables, TABLE_HUNDREDS));
  let mantissa: u32 = i32x4.extract_lane(
    i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(fours, fours), v128.load(tables, TABLE_TEN_THOUSANDS)),
    0,
  );
  let decimals = scale;
  while (decimals > 0 && mantissa % 10 == 0) {
    mantissa /= 10;
    decimals--;
  }
  store<f64>(mantissas, <f64>mantissa);
  store<i32>(decimalsAt, decimals);
  return at + length;
}

function readLongDecimal(start: usize, end: usize, mantissas: usize, decimalsAt: usize): usize {
  let at = start;
  let mantissa: i64 = 0;
  let digit: u32 = 0;
  while (at < end && (digit = <u32>load<u8>(at) - 0x30) <= 9) {
    if (mantissa > MANTISSA_LIMIT) return 0;
    mantissa = mantissa * 10 + digit;
    at++;
  }
  if (at == start || (load<u8>(start) == 0x30 && at - start > 1)) return 0;
  let decimals = 0;
  if (at < end && load<u8>(at) == 0x2e) {
    const first = ++at;
    let zeros = 0;
    while (at < end && (digit = <u32>load<u8>(at) - 0x30) <= 9) {
      if (digit == 0) zeros++;
      else {
        for (decimals += zeros + 1; zeros >= 0; zeros--) {
          if (mantissa > MANTISSA_LIMIT) return 0;
          mantissa *= 10;
        }
        mantissa += digit;
        zeros = 0;
      }
      at++;
    }
    if (at == first || decimals > MAX_DECIMALS) return 0;
  }
  store<f64>(mantissas, <f64>mantissa);
  store<i32>(decimalsAt, decimals);
  return at;
}

/** Result register of `longNumber`. */
let longNext: usize = 0;

/** A number of any length, in units of the grid before its unit; -1 when it does not fit exactly. Its end goes to `longNext`. */
function longNumber(start: usize, end: usize, scale: i32): i64 {
  let at = start;
  let value: i64 = 0;
  let digit: u32 = 0;
  while (at < end && (digit = <u32>load<u8>(at) - 0x30) <= 9) {
    if (value > MANTISSA_LIMIT) return -1;
    value = value * 10 + digit;
    at++;
  }
  if (at == start || (load<u8>(start) == 0x30 && at - start > 1)) return -1;
  let left = scale;
  if (at < end && load<u8>(at) == 0x2e) {
    const first = ++at;
    while (at < end && (digit = <u32>load<u8>(at) - 0x30) <= 9) {
      if (left > 0) {
        if (value > MANTISSA_LIMIT) return -1;
        value = value * 10 + digit;
        left--;
      } else if (digit != 0) return -1;
      at++;
    }
    if (at == first) return -1;
  }
  for (; left > 0; left--) {
    if (value > MANTISSA_LIMIT) return -1;
    value *= 10;
  }
  longNext = at;
  return value;
}

/** `","` between the numbers of a level, `"],["` between two levels as the upper bytes of a word, `"]]` behind the last. */
const PRICE_TO_QTY: u32 = 0x22_2c22;
const LEVEL_TO_LEVEL: u64 = 0x225b_2c5d_2200_0000;
const LEVELS_END: u32 = 0x5d_5d22;
/** `["0","0"]` and a comma. */
const LEAST_LEVEL_BYTES = 10;

/** What `fastLevels` and `longLevel` came to. */
const LEVELS_WHOLE = 1;
const LEVELS_LONG = 2;
const LEVELS_BAD = 0;

/**
 * Levels as long as they have a form of the digit tables, into the scratch list. The mask of what is no digit says where the numbers of a level end, a form what each
 * of their bytes has to be and which are digits; both numbers go through the vector unit together. One check of the frame's end a level: everything that had a
 * say lies before the byte that is checked. No calls: they would cost the registers. @returns LEVELS_*; CTX_AT and CTX_NEXT say how far
 */
function fastLevels(ctx: usize, end: usize, sign: i64): i32 {
  const tables = <usize>load<u32>(ctx, CTX_TABLES);
  // From memory, so that they stay in registers: constants and sums would be made anew in each turn.
  const priceForms = <usize>load<u32>(ctx, CTX_PRICE_FORMS);
  const lotForms = <usize>load<u32>(ctx, CTX_LOT_FORMS);
  const zero = v128.load(tables, TABLE_ZERO);
  const above = v128.load(tables, TABLE_ABOVE);
  const tens = v128.load(tables, TABLE_TENS);
  const hundreds = v128.load(tables, TABLE_HUNDREDS);
  const thousands = v128.load(tables, TABLE_TEN_THOUSANDS);
  const bracket = v128.load(tables, TABLE_BRACKET);
  const notZero = v128.load(tables, TABLE_NOT_ZERO);
  let out = <usize>load<u32>(ctx, CTX_NEXT);
  let at = <usize>load<u32>(ctx, CTX_AT);
  let result = LEVELS_LONG;
  while (true) {
    const front = v128.load(at);
    const back = v128.load(at, 16);
    // Where the next level stands hangs on one mask only, so that levels overlap; what it says is judged below.
    const close = ctz(i8x16.bitmask(i8x16.eq(front, bracket)) | (i8x16.bitmask(i8x16.eq(back, bracket)) << 16));
    const ahead = at + close + 4;
    const odd =
      i8x16.bitmask(i8x16.add_sat_u(i8x16.sub(front, zero), above)) |
      (i8x16.bitmask(i8x16.add_sat_u(i8x16.sub(back, zero), above)) << 16);
    const whole = ctz(odd);
    const second = ctz(odd & (odd - 1));
    const length = second == whole + 1 ? whole : second;
    const behind = at + length;
    const oddQty = odd >>> (length + 3);
    const wholeQty = ctz(oddQty);
    const secondQty = ctz(oddQty & (oddQty - 1));
    const lengthQty = secondQty == wholeQty + 1 ? wholeQty : secondQty;
    const last = behind + lengthQty;
    // 32: nothing found; no form stands beyond.
    const priceForm = priceForms + (<usize>((whole << 4) + length) << 6);
    const lotForm = lotForms + (<usize>((wholeQty << 4) + lengthQty) << 6);
    const price = v128.xor(front, v128.load(priceForm, FORM_TEXT));
    const qty = v128.xor(v128.load(behind, 1), v128.load(lotForm, FORM_TEXT));
    const wrong = v128.or(i8x16.sub_sat_u(price, v128.load(priceForm, FORM_MOST)), i8x16.sub_sat_u(qty, v128.load(lotForm, FORM_MOST)));
    if (i8x16.bitmask(i8x16.add_sat_u(wrong, notZero)) != 0) break;
    const inLine = v128.or(i8x16.swizzle(price, v128.load(priceForm, FORM_DIGITS)), i8x16.swizzle(qty, v128.load(lotForm, FORM_DIGITS)));
    const fours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(inLine, tens), 8), hundreds);
    const both = lowLane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(fours, fours), thousands));
    store<i64>(out, ((both & 0xffff_ffff) ^ sign) - sign);
    store<f64>(out, <f64>(both >>> 32), 8);
    out += LEVEL_BYTES;
    // Three conditions as one number: V8 would make a truth of each.
    if (((load<u64>(last, 3) << 24) ^ LEVEL_TO_LEVEL | <u64>((last + 8) ^ ahead) | <u64>(<u32>(end - ahead) >>> 31)) == 0) {
      at = ahead;
      continue;
    }
    at = last + 6;
    result = (load<u32>(last, 3) & 0xff_ffff) == LEVELS_END && at <= end ? LEVELS_WHOLE : LEVELS_BAD;
    break;
  }
  store<u32>(ctx, <u32>at, CTX_AT);
  store<u32>(ctx, <u32>out, CTX_NEXT);
  return result;
}

/** One level that `fastLevels` does not hold, at CTX_AT. */
function longLevel(ctx: usize, end: usize, ask: i32): i32 {
  const ticks = longNumber(<usize>load<u32>(ctx, CTX_AT), end, load<i32>(ctx, CTX_PRICE_SCALE));
  if (ticks < 0 || (load<u32>(longNext) & 0xff_ffff) != PRICE_TO_QTY) return LEVELS_BAD;
  const lots = longNumber(longNext + 3, end, load<i32>(ctx, CTX_LOT_SCALE));
  if (lots < 0) return LEVELS_BAD;
  const last = longNext;
  const out = <usize>load<u32>(ctx, CTX_NEXT);
  store<i64>(out, ask != 0 ? ticks : -ticks);
  store<f64>(out, <f64>lots, 8);
  store<u32>(ctx, <u32>(out + LEVEL_BYTES), CTX_NEXT);
  const isMore = load<u64>(last) << 24 == LEVEL_TO_LEVEL;
  if (!isMore && (load<u32>(last) & 0xff_ffff) != LEVELS_END) return LEVELS_BAD;
  const next = last + (isMore ? 5 : 3);
  store<u32>(ctx, <u32>next, CTX_AT);
  if (next > end) return LEVELS_BAD;
  return isMore ? LEVELS_LONG : LEVELS_WHOLE;
}

/** Where the tick or the lot is no power of ten: divides; false when one does not fit. */
function divideLevels(from: usize, to: usize, ticksEach: i64, lotsEach: f64): bool {
  for (let at = from; at < to; at += LEVEL_BYTES) {
    const ticks = load<i64>(at) / ticksEach;
    const lots = trunc(load<f64>(at, 8) / lotsEach);
    if (ticks * ticksEach != load<i64>(at) || lots * lotsEach != load<f64>(at, 8)) return false;
    store<i64>(at, ticks);
    store<f64>(at, lots, 8);
  }
  return true;
}

/** `[]` or `[["price","qty"],...]` into the scratch list; bids get keys below zero. */
export function readLevels(ctx: usize, book: usize, start: usize, end: usize, ask: i32): usize {
  const range = ctx + (<usize>ask << 3);
  const from = load<u32>(ctx, CTX_NEXT);
  store<u32>(range, from, CTX_BID_FROM);
  store<u32>(range, from, CTX_BID_TO);
  if (<i32>(end - start) < 3 || load<u8>(start) != 0x5b) return 0;
  if (load<u8>(start + 1) == 0x5d) return start + 2;
  if (load<u16>(start + 1) != 0x225b) return 0;
  // A level has ten bytes at least: none is looked for beyond the list.
  if (<i32>(end - start) / LEAST_LEVEL_BYTES >= <i32>(load<u32>(ctx, CTX_LEVELS_END) - from) / LEVEL_BYTES) return 0;
  const tables = load<u32>(ctx, CTX_TABLES);
  const priceScale = load<i32>(book, BOOK_PRICE_SCALE);
  const lotScale = load<i32>(book, BOOK_LOT_SCALE);
  store<i32>(ctx, priceScale, CTX_PRICE_SCALE);
  store<i32>(ctx, lotScale, CTX_LOT_SCALE);
  store<u32>(ctx, tables + FORMS + <u32>min(priceScale, FORM_SCALES) * FORMS_SCALE_BYTES, CTX_PRICE_FORMS);
  store<u32>(ctx, tables + FORMS + FORMS_QTY + <u32>min(lotScale, FORM_SCALES) * FORMS_SCALE_BYTES, CTX_LOT_FORMS);
  store<u32>(ctx, <u32>(start + 3), CTX_AT);
  const sign: i64 = ask != 0 ? 0 : -1;
  let result = fastLevels(ctx, end, sign);
  while (result == LEVELS_LONG) {
    result = longLevel(ctx, end, ask);
    if (result == LEVELS_LONG) result = fastLevels(ctx, end, sign);
  }
  if (result == LEVELS_BAD) return 0;
  const to = load<u32>(ctx, CTX_NEXT);
  store<u32>(range, to, CTX_BID_TO);
  const priceUnit = load<f64>(book, BOOK_PRICE_UNIT);
  const lotUnit = load<f64>(book, BOOK_LOT_UNIT);
  if ((priceUnit != 1 || lotUnit != 1) && !divideLevels(from, to, <i64>priceUnit, lotUnit)) return 0;
  return load<u32>(ctx, CTX_AT);
}

/** `count` digits as a number, -1 when one is none. */
function smallNumber(at: usize, count: i32): i32 {
  let value = 0;
  for (let i = 0; i < count; i++) {
    const digit = <u32>load<u8>(at + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Days from 1970-01-01 to that day of the Gregorian calendar, years from 1970 on. */
function daysTo(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const century = y / 100;
  return 365 * y + y / 4 - century + century / 4 + (153 * m + 2) / 5 + day - 1 - 719_468;
}

/** `2026-11-23T05:00:00.123Z` to milliseconds. */
export function readTime(at: usize, end: usize, field: usize): usize {
  if (<i32>(end - at) < 24) return 0;
  const year = smallNumber(at, 4);
  const month = smallNumber(at + 5, 2);
  const day = smallNumber(at + 8, 2);
  const hour = smallNumber(at + 11, 2);
  const minute = smallNumber(at + 14, 2);
  const second = smallNumber(at + 17, 2);
  const milli = smallNumber(at + 20, 3);
  const most = month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > most || hour < 0 || hour > 23) return 0;
  if (minute < 0 || minute > 59 || second < 0 || second > 59 || milli < 0) return 0;
  if (load<u8>(at + 4) != 0x2d || load<u8>(at + 7) != 0x2d || load<u8>(at + 10) != 0x54 || load<u8>(at + 13) != 0x3a) return 0;
  if (load<u8>(at + 16) != 0x3a || load<u8>(at + 19) != 0x2e || load<u8>(at + 23) != 0x5a) return 0;
  const seconds = <i64>daysTo(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  store<f64>(field, <f64>(seconds * 1000 + milli));
  return at + 24;
}

/** Entry (value, offset, length) of the choice that fits, 0 when none does. @param table where the count stands */
function choose(table: usize, at: usize, end: usize, pool: usize): usize {
  const count = load<i32>(table);
  let entry = table + 4;
  for (let i = 0; i < count; i++, entry += 12) {
    if (isText(at, end, pool + <usize>load<u32>(entry, 4), load<i32>(entry, 8))) return entry;
  }
  return 0;
}

/** A shape that did not fit: what it shares with the next one need not be read again. */
function failed(ctx: usize, at: usize, word: usize): i32 {
  store<u32>(ctx, <u32>at, CTX_FAILED_AT);
  store<u32>(ctx, <u32>word >> 2, CTX_FAILED_WORD);
  return NOT_MINE;
}

/** Runs one shape from the word `from` of its code on. @returns SCANNED, NOT_MINE or UNKNOWN_SYMBOL */
export function runShape(ctx: usize, shape: i32, from: i32, start: usize, end: usize): i32 {
  const code = <usize>load<u32>(ctx, CTX_CODE);
  const pool = <usize>load<u32>(ctx, CTX_POOL);
  const fields = ctx + CTX_FIELDS;
  const first = code + (<usize>shape << 2);
  let pc = first + (<usize>from << 2);
  let row = <usize>load<u32>(ctx, CTX_ROWS);
  const rowsEnd = <usize>load<u32>(ctx, CTX_ROWS_END);
  let at = start;
  while (true) {
    switch (load<i32>(pc)) {
      case OP_TEXT: {
        const length = load<i32>(pc, 8);
        if (!isText(at, end, pool + <usize>load<u32>(pc, 4), length)) return failed(ctx, at, pc - first);
        at += length;
        pc += 12;
        break;
      }
      case OP_INT: {
        const field = load<i32>(pc, 4);
        at = field == UNUSED ? skipInteger(at, end) : readInteger(at, end, fields + (<usize>field << 3));
        if (at == 0) return NOT_MINE;
        pc += 8;
        break;
      }
      case OP_SKIP: {
        at = skipText(at, end);
        if (at == 0) return NOT_MINE;
        pc += 4;
        break;
      }
      case OP_SYMBOL: {
        const from = at;
        at = skipText(at, end);
        if (at == 0) return NOT_MINE;
        store<u32>(ctx, <u32>from, CTX_SYMBOL_FROM);
        store<u32>(ctx, <u32>at, CTX_SYMBOL_TO);
        const place = placeOf(ctx, from, <i32>(at - from));
        if (place == 0) return NOT_MINE;
        if (load<i32>(place, SYMBOL_LENGTH) == 0) return UNKNOWN_SYMBOL;
        store<i32>(ctx, load<i32>(place, SYMBOL_INSTRUMENT), CTX_INSTRUMENT);
        store<u32>(ctx, load<u32>(place, SYMBOL_BOOK), CTX_BOOK);
        pc += 4;
        break;
      }
      case OP_DECIMAL: {
        const slot = <usize>load<u32>(pc, 4);
        at = readDecimal(ctx, at, end, ctx + CTX_MANTISSAS + (slot << 3), ctx + CTX_DECIMALS + (slot << 2));
        if (at == 0) return NOT_MINE;
        pc += 8;
        break;
      }
      case OP_LEVELS: {
        const book = <usize>load<u32>(ctx, CTX_BOOK);
        if (book == 0) return NOT_MINE;
        at = readLevels(ctx, book, at, end, load<i32>(pc, 4));
        if (at == 0) return NOT_MINE;
        pc += 8;
        break;
      }
      case OP_CHOICE: {
        const entry = choose(pc + 8, at, end, pool);
        if (entry == 0) return NOT_MINE;
        store<f64>(fields + (<usize>load<u32>(pc, 4) << 3), <f64>load<i32>(entry));
        at += load<i32>(entry, 8);
        pc += 12 + <usize>load<u32>(pc, 8) * 12;
        break;
      }
      case OP_SET: {
        store<f64>(fields + (<usize>load<u32>(pc, 4) << 3), <f64>load<i32>(pc, 8));
        pc += 12;
        break;
      }
      case OP_ROW: {
        if (row >= rowsEnd) return NOT_MINE;
        store<i32>(row, ROW_ABSENT, ROW_PRICE_DECIMALS);
        store<i32>(row, ROW_ABSENT, ROW_QTY_DECIMALS);
        pc += 4;
        break;
      }
      case OP_ROW_SYMBOL: {
        const from = at;
        at = skipText(at, end);
        if (at == 0) return NOT_MINE;
        const length = <i32>(at - from);
        if (load<u32>(ctx, CTX_BOOK) != 0) {
          // Rows of one book only: others are for JavaScript to sort out.
          const first = <usize>load<u32>(ctx, CTX_SYMBOL_FROM);
          if (<i32>(load<u32>(ctx, CTX_SYMBOL_TO)) - <i32>first != length || !isText(from, at, first, length)) return NOT_MINE;
        } else {
          const place = placeOf(ctx, from, length);
          if (place == 0) return NOT_MINE;
          store<u32>(ctx, <u32>from, CTX_SYMBOL_FROM);
          store<u32>(ctx, <u32>at, CTX_SYMBOL_TO);
          if (load<i32>(place, SYMBOL_LENGTH) == 0) return UNKNOWN_SYMBOL;
          const book = load<u32>(place, SYMBOL_BOOK);
          if (book == 0) return NOT_MINE;
          store<i32>(ctx, load<i32>(place, SYMBOL_INSTRUMENT), CTX_INSTRUMENT);
          store<u32>(ctx, book, CTX_BOOK);
        }
        pc += 4;
        break;
      }
      case OP_ROW_ID: {
        at = readInteger(at, end, row + ROW_ID);
        if (at == 0) return NOT_MINE;
        pc += 4;
        break;
      }
      case OP_ROW_SIDE: {
        const entry = choose(pc + 4, at, end, pool);
        if (entry == 0) return NOT_MINE;
        store<i32>(row, load<i32>(entry), ROW_SIDE);
        at += load<i32>(entry, 8);
        pc += 8 + <usize>load<u32>(pc, 4) * 12;
        break;
      }
      case OP_ROW_QTY: {
        at = readDecimal(ctx, at, end, row + ROW_QTY, row + ROW_QTY_DECIMALS);
        if (at == 0) return NOT_MINE;
        pc += 4;
        break;
      }
      case OP_ROW_PRICE: {
        at = readDecimal(ctx, at, end, row + ROW_PRICE, row + ROW_PRICE_DECIMALS);
        if (at == 0) return NOT_MINE;
        pc += 4;
        break;
      }
      case OP_ROW_NEXT: {
        row += ROW_BYTES;
        if (at < end && load<u8>(at) == 0x2c) {
          at++;
          pc = code + (<usize>load<u32>(pc, 4) << 2);
        } else {
          store<u32>(ctx, <u32>(row - <usize>load<u32>(ctx, CTX_ROWS)) / ROW_BYTES, CTX_ROW_COUNT);
          pc += 8;
        }
        break;
      }
      case OP_TIME: {
        at = readTime(at, end, fields + (<usize>load<u32>(pc, 4) << 3));
        if (at == 0) return NOT_MINE;
        pc += 8;
        break;
      }
      case OP_END: {
        if (at != end) return NOT_MINE;
        store<i32>(ctx, load<i32>(pc, 4), CTX_KIND);
        return SCANNED;
      }
      default:
        return NOT_MINE;
    }
  }
}
