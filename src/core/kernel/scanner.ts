/**
 * The kernel in TypeScript: runs a venue's compiled shapes over the bytes of a frame, in place, without making an object. First implementation, fallback
 * (`--kernel ts`) and judge of the WebAssembly one. What it accepts, JSON.parse and the venue's mapper accept too, and read the same; everything else is
 * "not mine". It never reads at or past `end`. One object per connection, on the feed's thread.
 */
import type { Kernel } from './kernel.js';
import { SCAN_DONE, SCAN_NOT_MINE, SCAN_UNKNOWN_SYMBOL } from './kernel.js';
import { ABSENT, BID, MAX_DECIMALS, type LevelList, type Message } from './message.js';
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
  type Program,
} from './program.js';
import type { SymbolTable } from './symbol-table.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const POINT = 0x2e;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ZERO = 0x30;

/** Mantissas stay below this: ten times it plus nine is still below 2^53. */
const MANTISSA_LIMIT = 900_719_925_474_098;
/** Longest each month can be. */
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Result of a sub-scan that does not fit. */
const NO = -1;

export class ScanKernel implements Kernel {
  readonly name = 'ts';
  symbolStart = 0;
  symbolEnd = 0;
  readonly #program: Program;
  readonly #symbols: SymbolTable;
  /** Result registers of the number scan. */
  #mantissa = 0;
  #decimals = 0;
  /** The message holds something of the shape in hand. */
  #isDirty = false;

  constructor(program: Program, symbols: SymbolTable) {
    this.#program = program;
    this.#symbols = symbols;
  }

  scan(bytes: Uint8Array, start: number, end: number, out: Message): number {
    const starts = this.#program.starts;
    out.clear();
    for (let shape = 0; shape < starts.length; shape++) {
      // A shape that went wrong late left something behind.
      if (this.#isDirty) out.clear();
      this.#isDirty = false;
      const result = this.#run(starts[shape]!, bytes, start, end, out);
      if (result !== SCAN_NOT_MINE) return result;
    }
    return SCAN_NOT_MINE;
  }

  #run(address: number, bytes: Uint8Array, start: number, end: number, out: Message): number {
    const code = this.#program.code;
    let pc = address;
    let at = start;
    for (;;) {
      switch (code[pc]!) {
        case OP_TEXT:
          at = this.#text(bytes, at, end, code[pc + 1]!, code[pc + 2]!);
          if (at < 0) return SCAN_NOT_MINE;
          pc += 3;
          break;
        case OP_INT:
          this.#isDirty = true;
          at = this.#integer(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.fields[code[pc + 1]!] = this.#mantissa;
          pc += 2;
          break;
        case OP_SKIP:
          at = skipText(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          pc += 1;
          break;
        case OP_SYMBOL: {
          const from = at;
          this.#isDirty = true;
          at = skipText(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.instrument = this.#symbols.find(bytes, from, at);
          this.symbolStart = from;
          this.symbolEnd = at;
          pc += 1;
          break;
        }
        case OP_DECIMAL: {
          this.#isDirty = true;
          at = this.#number(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          const slot = code[pc + 1]!;
          out.mantissa[slot] = this.#mantissa;
          out.decimals[slot] = this.#decimals;
          pc += 2;
          break;
        }
        case OP_LEVELS:
          this.#isDirty = true;
          at = this.#levels(bytes, at, end, code[pc + 1] === BID ? out.bids : out.asks);
          if (at < 0) return SCAN_NOT_MINE;
          pc += 2;
          break;
        case OP_CHOICE: {
          this.#isDirty = true;
          const chosen = this.#choice(bytes, at, end, pc + 2);
          if (chosen < 0) return SCAN_NOT_MINE;
          out.fields[code[pc + 1]!] = code[chosen]!;
          at += code[chosen + 2]!;
          pc += 3 + code[pc + 2]! * 3;
          break;
        }
        case OP_TIME: {
          this.#isDirty = true;
          at = this.#time(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.fields[code[pc + 1]!] = this.#mantissa;
          pc += 2;
          break;
        }
        case OP_SET:
          this.#isDirty = true;
          out.fields[code[pc + 1]!] = code[pc + 2]!;
          pc += 3;
          break;
        case OP_ROW: {
          this.#isDirty = true;
          const rows = out.rows;
          if (rows.count === rows.id.length && !rows.grow()) return SCAN_NOT_MINE;
          rows.priceDecimals[rows.count] = ABSENT;
          rows.qtyDecimals[rows.count] = ABSENT;
          pc += 1;
          break;
        }
        case OP_ROW_SYMBOL: {
          const from = at;
          at = skipText(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          const instrument = this.#symbols.find(bytes, from, at);
          out.rows.instrument[out.rows.count] = instrument;
          if (instrument < 0 || out.rows.count === 0) {
            out.instrument = instrument;
            this.symbolStart = from;
            this.symbolEnd = at;
            // The rest is not read: the caller makes the symbol known, or skips the frame by the readable way.
            if (instrument < 0) return SCAN_UNKNOWN_SYMBOL;
          }
          pc += 1;
          break;
        }
        case OP_ROW_ID:
          at = this.#integer(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.rows.id[out.rows.count] = this.#mantissa;
          pc += 1;
          break;
        case OP_ROW_SIDE: {
          const chosen = this.#choice(bytes, at, end, pc + 1);
          if (chosen < 0) return SCAN_NOT_MINE;
          out.rows.side[out.rows.count] = code[chosen]!;
          at += code[chosen + 2]!;
          pc += 2 + code[pc + 1]! * 3;
          break;
        }
        case OP_ROW_QTY:
          at = this.#number(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.rows.qty[out.rows.count] = this.#mantissa;
          out.rows.qtyDecimals[out.rows.count] = this.#decimals;
          pc += 1;
          break;
        case OP_ROW_PRICE:
          at = this.#number(bytes, at, end);
          if (at < 0) return SCAN_NOT_MINE;
          out.rows.price[out.rows.count] = this.#mantissa;
          out.rows.priceDecimals[out.rows.count] = this.#decimals;
          pc += 1;
          break;
        case OP_ROW_NEXT:
          out.rows.count++;
          if (at < end && bytes[at] === COMMA) {
            at++;
            pc = code[pc + 1]!;
          } else pc += 2;
          break;
        case OP_END:
          if (at !== end) return SCAN_NOT_MINE;
          out.kind = code[pc + 1]!;
          return out.instrument < 0 ? SCAN_UNKNOWN_SYMBOL : SCAN_DONE;
        default:
          return SCAN_NOT_MINE;
      }
    }
  }

  #text(bytes: Uint8Array, at: number, end: number, offset: number, length: number): number {
    if (end - at < length) return NO;
    const pool = this.#program.pool;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== pool[offset + i]) return NO;
    return at + length;
  }

  /** Address of the entry (value, offset, length) that fits, NO when none does. @param table address of the count. */
  #choice(bytes: Uint8Array, at: number, end: number, table: number): number {
    const code = this.#program.code;
    for (let i = 0, entry = table + 1; i < code[table]!; i++, entry += 3) {
      if (this.#text(bytes, at, end, code[entry + 1]!, code[entry + 2]!) >= 0) return entry;
    }
    return NO;
  }

  #integer(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let value = 0;
    let digit = 0;
    while (at < end && (digit = bytes[at]! - ZERO) >= 0 && digit <= 9) {
      if (value > MANTISSA_LIMIT) return NO;
      value = value * 10 + digit;
      at++;
    }
    if (at === start || (bytes[start] === ZERO && at - start > 1)) return NO;
    this.#mantissa = value;
    return at;
  }

  /** `digits` or `digits.digits`; zeros at the end of the fraction do not count. Leading zeros as JSON has them: none but a single one. */
  #number(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let mantissa = 0;
    let digit = 0;
    while (at < end && (digit = bytes[at]! - ZERO) >= 0 && digit <= 9) {
      if (mantissa > MANTISSA_LIMIT) return NO;
      mantissa = mantissa * 10 + digit;
      at++;
    }
    if (at === start || (bytes[start] === ZERO && at - start > 1)) return NO;
    let decimals = 0;
    if (at < end && bytes[at] === POINT) {
      const first = ++at;
      let zeros = 0;
      while (at < end && (digit = bytes[at]! - ZERO) >= 0 && digit <= 9) {
        if (digit === 0) zeros++;
        else {
          for (decimals += zeros + 1; zeros >= 0; zeros--) {
            if (mantissa > MANTISSA_LIMIT) return NO;
            mantissa *= 10;
          }
          mantissa += digit;
          zeros = 0;
        }
        at++;
      }
      if (at === first || decimals > MAX_DECIMALS) return NO;
    }
    this.#mantissa = mantissa;
    this.#decimals = decimals;
    return at;
  }

  /** `[]` or `[["price","qty"],...]`. */
  #levels(bytes: Uint8Array, start: number, end: number, out: LevelList): number {
    if (end - start < 2 || bytes[start] !== OPEN) return NO;
    let at = start + 1;
    if (bytes[at] === CLOSE) return at + 1;
    for (let count = out.count; ; count++) {
      if (count === out.price.length && !out.grow()) return NO;
      if (end - at < 2 || bytes[at] !== OPEN || bytes[at + 1] !== QUOTE) return NO;
      at = this.#number(bytes, at + 2, end);
      if (at < 0 || end - at < 3 || bytes[at] !== QUOTE || bytes[at + 1] !== COMMA || bytes[at + 2] !== QUOTE) return NO;
      out.price[count] = this.#mantissa;
      out.priceDecimals[count] = this.#decimals;
      at = this.#number(bytes, at + 3, end);
      if (at < 0 || end - at < 3 || bytes[at] !== QUOTE || bytes[at + 1] !== CLOSE) return NO;
      out.qty[count] = this.#mantissa;
      out.qtyDecimals[count] = this.#decimals;
      const next = bytes[at + 2]!;
      at += 3;
      if (next === CLOSE) {
        out.count = count + 1;
        return at;
      }
      if (next !== COMMA) return NO;
    }
  }

  /** `2026-11-23T05:00:00.123Z` to milliseconds. */
  #time(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 24) return NO;
    const year = digits(bytes, at, 4);
    const month = digits(bytes, at + 5, 2);
    const day = digits(bytes, at + 8, 2);
    const hour = digits(bytes, at + 11, 2);
    const minute = digits(bytes, at + 14, 2);
    const second = digits(bytes, at + 17, 2);
    const milli = digits(bytes, at + 20, 3);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]! || hour < 0 || hour > 23) return NO;
    if (minute < 0 || minute > 59 || second < 0 || second > 59 || milli < 0) return NO;
    if (bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d || bytes[at + 10] !== 0x54 || bytes[at + 13] !== 0x3a) return NO;
    if (bytes[at + 16] !== 0x3a || bytes[at + 19] !== POINT || bytes[at + 23] !== 0x5a) return NO;
    this.#mantissa = Date.UTC(year, month - 1, day, hour, minute, second, milli);
    return at + 24;
  }
}

/** Up to the closing quote, which stays. Escapes and control characters are not ours. */
function skipText(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte < 0x20) return NO;
  }
  return NO;
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) {
    const digit = bytes[at + i]! - ZERO;
    if (digit < 0 || digit > 9) return NO;
    value = value * 10 + digit;
  }
  return value;
}
