/**
 * The tables by which the kernel turns decimal text into integers: which byte of the text is which digit. Written once a memory and thread, before the first
 * frame; two threads with rooms of their own have tables of their own.
 */
import {
  LINES,
  LINES_HIGH,
  LINES_SHIFT,
  TABLES_BYTES,
  TABLE_ABOVE,
  TABLE_HUNDREDS,
  TABLE_TENS,
  TABLE_TEN_THOUSANDS,
  TABLE_ZERO,
  WATCH_FINE,
  WATCH_LONG,
} from './context.js';

/** Digits that one number has at most. */
const DIGITS = 8;
/** A byte of a swizzle that gives 0. */
const NOWHERE = 0x80;

/** @param at byte offset of TABLES_BYTES on a 16-byte boundary */
export function writeDigitTables(u8: Uint8Array, at: number): void {
  const view = new DataView(u8.buffer, u8.byteOffset + at);
  for (let lane = 0; lane < 16; lane++) {
    u8[at + TABLE_ZERO + lane] = 0x30;
    // Added with saturation, it takes all but digits above 127.
    u8[at + TABLE_ABOVE + lane] = 118;
  }
  for (let lane = 0; lane < 8; lane++) {
    // Two digits as bytes of a word: high x 10 + low in its upper byte.
    view.setUint16(TABLE_TENS + lane * 2, 2561, true);
    view.setUint16(TABLE_HUNDREDS + lane * 2, lane % 2 === 0 ? 100 : 1, true);
    view.setUint16(TABLE_TEN_THOUSANDS + lane * 2, lane % 2 === 0 ? 10_000 : 1, true);
  }
  u8.fill(NOWHERE | WATCH_LONG, at + LINES, at + TABLES_BYTES);
  for (let scale = 0; scale <= DIGITS; scale++) {
    for (let whole = 1; whole + scale <= DIGITS; whole++) {
      for (let length = whole; length < 16; length++) writeLine(u8, at + LINES + (scale << LINES_SHIFT), { scale, whole, length });
    }
  }
}

interface Form {
  readonly scale: number;
  readonly whole: number;
  readonly length: number;
}

function writeLine(u8: Uint8Array, table: number, form: Form): void {
  const { scale, whole, length } = form;
  const low = table + (((whole << 5) + length) << 4);
  const high = low + LINES_HIGH;
  const watch = NOWHERE | (length - whole > scale + 1 ? WATCH_FINE : 0);
  u8.fill(watch, low + DIGITS, low + 16);
  u8.fill(watch, high, high + DIGITS);
  for (let digit = 0; digit < DIGITS; digit++) {
    const place = placeOf(DIGITS - 1 - digit, form);
    u8[low + digit] = place;
    u8[high + DIGITS + digit] = place;
  }
}

/** Byte of the text that is the digit with the weight 10^power of a number in units of 10^-scale. */
function placeOf(power: number, { scale, whole, length }: Form): number {
  if (power < scale) {
    const place = whole + scale - power;
    return place < length ? place : NOWHERE;
  }
  const place = whole - 1 - (power - scale);
  return place >= 0 ? place : NOWHERE;
}
