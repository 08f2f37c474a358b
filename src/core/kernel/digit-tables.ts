/**
 * The tables by which the kernel turns decimal text into integers: which forms a number can have, and which byte of each is which digit. Written once a memory and
 * thread, before the first frame; two threads with rooms of their own have tables of their own.
 */
import {
  FORMS,
  FORMS_QTY,
  FORMS_SCALE_BYTES,
  FORM_BYTES,
  FORM_DIGITS,
  FORM_MOST,
  FORM_SCALES,
  FORM_TEXT,
  TABLES_BYTES,
  TABLE_ABOVE,
  TABLE_BRACKET,
  TABLE_HUNDREDS,
  TABLE_KEEP,
  TABLE_NOT_ZERO,
  TABLE_QUOTE,
  TABLE_SLIDE,
  TABLE_TENS,
  TABLE_TEN_THOUSANDS,
  TABLE_ZERO,
} from './context.js';

/** Digits that one number has at most. */
const DIGITS = 8;
const LANES = 16;
/** A byte of a swizzle that gives 0. */
const NOWHERE = 0x80;
const ZERO = 0x30;
const POINT = 0x2e;
const BRACKET = 0x5d;
const QUOTE = 0x22;
const ANY = 255;
/** What stands between a price and its quantity, and behind the quantity: the first quote of `","` belongs to the price's vector, the rest to the quantity's. */
const AFTER_PRICE = '"';
const BEFORE_QTY = ',"';
const AFTER_QTY = '"]';

/** @param at byte offset of TABLES_BYTES on a 16-byte boundary */
export function writeDigitTables(u8: Uint8Array, at: number): void {
  const view = new DataView(u8.buffer, u8.byteOffset + at);
  for (let lane = 0; lane < LANES; lane++) {
    u8[at + TABLE_ZERO + lane] = ZERO;
    // Added with saturation, it takes all but digits above 127.
    u8[at + TABLE_ABOVE + lane] = 118;
    u8[at + TABLE_BRACKET + lane] = BRACKET;
    u8[at + TABLE_QUOTE + lane] = QUOTE;
    u8[at + TABLE_NOT_ZERO + lane] = 127;
    u8[at + TABLE_SLIDE + lane] = NOWHERE;
    u8[at + TABLE_SLIDE + LANES + lane] = lane;
    u8[at + TABLE_KEEP + lane] = ANY;
    u8[at + TABLE_KEEP + LANES + lane] = 0;
  }
  for (let lane = 0; lane < LANES / 2; lane++) {
    // Two digits as bytes of a word: high x 10 + low in its upper byte.
    view.setUint16(TABLE_TENS + lane * 2, 2561, true);
    view.setUint16(TABLE_HUNDREDS + lane * 2, lane % 2 === 0 ? 100 : 1, true);
    view.setUint16(TABLE_TEN_THOUSANDS + lane * 2, lane % 2 === 0 ? 10_000 : 1, true);
  }
  // No byte of a text of digits, quotes and points is equal to this one: nothing fits a form that is not written below.
  u8.fill(0, at + FORMS, at + TABLES_BYTES);
  for (let scale = 0; scale < FORM_SCALES; scale++) {
    const prices = at + FORMS + scale * FORMS_SCALE_BYTES;
    for (let whole = 1; whole < LANES; whole++) {
      for (let length = whole; length < LANES; length++) {
        // A point wants a digit behind it.
        if (length === whole + 1) continue;
        const place = ((whole << 4) | length) * FORM_BYTES;
        const form = { scale, whole, length };
        writeForm(u8, prices + place, form, { before: '', after: AFTER_PRICE, firstDigit: 0 });
        writeForm(u8, prices + FORMS_QTY + place, form, { before: BEFORE_QTY, after: AFTER_QTY, firstDigit: DIGITS });
      }
    }
  }
}

interface Form {
  readonly scale: number;
  readonly whole: number;
  readonly length: number;
}

interface Around {
  readonly before: string;
  readonly after: string;
  /** Lane of its most significant digit among those of both numbers. */
  readonly firstDigit: number;
}

function writeForm(u8: Uint8Array, at: number, { scale, whole, length }: Form, { before, after, firstDigit }: Around): void {
  const start = before.length;
  const end = start + length;
  if (end >= LANES) return;
  const text = new Uint8Array(LANES);
  const most = new Uint8Array(LANES).fill(ANY);
  const digits = new Uint8Array(LANES).fill(NOWHERE);
  const must = (lane: number, byte: number, above: number): void => {
    if (lane >= LANES) return;
    text[lane] = byte;
    most[lane] = above;
  };
  for (let i = 0; i < before.length; i++) must(i, before.charCodeAt(i), 0);
  for (let i = 0; i < after.length; i++) must(end + i, after.charCodeAt(i), 0);
  for (let i = 0; i < length; i++) {
    if (i === whole) {
      must(start + i, POINT, 0);
      continue;
    }
    const power = i < whole ? whole - 1 - i + scale : scale - (i - whole);
    const isKept = power >= 0 && power < DIGITS;
    // What the grid does not hold, and what eight digits do not, has to be zero. ZERO ^ digit is the digit.
    must(start + i, ZERO, isKept ? 9 : 0);
    if (isKept) digits[firstDigit + DIGITS - 1 - power] = start + i;
  }
  u8.set(text, at + FORM_TEXT);
  u8.set(most, at + FORM_MOST);
  u8.set(digits, at + FORM_DIGITS);
}
