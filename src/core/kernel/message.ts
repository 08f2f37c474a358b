/**
 * What one frame said, in numbers: the one shape that the byte scanner and the readable mappers both fill, reused for every frame of a connection.
 * A decimal is kept as (mantissa, decimals) without trailing zeros, so it means the same whatever grid a book has. Written and read on the feed's thread.
 */
import { EngineError } from '../numbers/errors.js';
import { parseDecimal } from '../numbers/decimal.js';

/** Understood, nothing to record: acknowledgements, pongs, channels that we do not use. */
export const MESSAGE_NONE = 0;
/** Levels by price: a snapshot or changes. */
export const MESSAGE_DEPTH = 1;
/** Rows by venue id (BitMEX). */
export const MESSAGE_ROWS = 2;
export const MESSAGE_TRADE = 3;
export const MESSAGE_QUOTE = 4;
export const MESSAGE_MARK = 5;
export const MESSAGE_KINDS = 6;

/** Integers of a message; NaN when the venue gave none. */
export const FIELD_FIRST = 0; // first update id covered
export const FIELD_LAST = 1; // last update id covered
export const FIELD_PREV = 2; // last update id of the message before
export const FIELD_TIME = 3; // venue time: milliseconds or microseconds, see `venueUsOf`
export const FIELD_ACTION = 4; // ACTION_*
export const FIELD_ID = 5; // trade id as a number
export const FIELD_SIDE = 6; // 0 = the taker bought, 1 = the taker sold
export const FIELD_STREAM = 7; // which of several streams of one symbol (the depth of Bybit's)
export const FIELD_FLAGS = 8; // TRADE_FLAG_*
export const FIELD_KIND = 9; // TRADE_KIND_*
export const FIELD_NEXT_FUNDING = 10; // venue time of the next funding
/** Read and thrown away. */
export const FIELD_UNUSED = 11;
export const FIELD_COUNT = 12;

export const ACTION_DELTA = 0;
export const ACTION_SNAPSHOT = 1;
export const ACTION_INSERT = 2;
export const ACTION_UPDATE = 3;
export const ACTION_DELETE = 4;

export const TRADE_FLAG_OLD = 1;
export const TRADE_FLAG_NOT_PRICE_FORMING = 2;

export const TRADE_KIND_PLAIN = 0;
export const TRADE_KIND_AGG = 1;
export const TRADE_KIND_TRADE = 2;

/** Single decimals of a message. */
export const NUMBER_PRICE = 0;
export const NUMBER_QTY = 1;
export const NUMBER_BID = 2;
export const NUMBER_BID_QTY = 3;
export const NUMBER_ASK = 4;
export const NUMBER_ASK_QTY = 5;
export const NUMBER_MARK = 6;
export const NUMBER_INDEX = 7;
export const NUMBER_FUNDING = 8;
export const NUMBER_COUNT = 9;

/** Decimals word of a number that is absent. */
export const ABSENT = 255;
/** More decimals than this go through the readable path and are refused there: powers of ten are exact in float64 up to 10^22. */
export const MAX_DECIMALS = 18;
/** Levels or rows of one frame; a larger frame is refused. */
export const MAX_LEVELS = 2_000_000;

export const BID = 0;
export const ASK = 1;

/** Times of 10^14 and more are microseconds (Binance with timeUnit=microsecond); milliseconds reach that in the year 5138. */
export function venueUsOf(time: number): number {
  return time >= 1e14 ? time : time * 1000;
}

/** Decimal text as (mantissa, decimals); `mantissa` is -1 when it does not fit. Scratch object of the readable path. */
export interface SplitNumber {
  mantissa: number;
  decimals: number;
}

/** Throws EngineError BAD_DECIMAL for what is no number, OUT_OF_RANGE for what float64 integers cannot hold exactly. */
export function splitNumber(text: string, out: SplitNumber): void {
  if (splitPlain(text, out)) return;
  const { mantissa, scale } = parseDecimal(text);
  const number = Number(mantissa);
  if (!Number.isSafeInteger(number) || scale > MAX_DECIMALS) throw new EngineError('OUT_OF_RANGE', 'give-up', { text: text.slice(0, 80) });
  out.mantissa = number;
  out.decimals = scale;
}

/** Digits of a number that is certainly below 2^53. */
const SAFE_DIGITS = 15;

/** Most numbers are a few digits with one point: no pattern, no bigint. False when this one is not. */
function splitPlain(text: string, out: SplitNumber): boolean {
  const length = text.length;
  if (length === 0 || length > SAFE_DIGITS + 1) return false;
  let mantissa = 0;
  let point = -1;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
    else if (digit === -2 && point < 0 && i > 0 && i < length - 1) point = i;
    else return false;
  }
  // Fifteen digits and a point fit; sixteen digits may not.
  if (point < 0 && length > SAFE_DIGITS) return false;
  let decimals = point < 0 ? 0 : length - 1 - point;
  while (decimals > 0 && mantissa % 10 === 0) {
    mantissa /= 10;
    decimals--;
  }
  out.mantissa = mantissa;
  out.decimals = decimals;
  return true;
}

const scratch: SplitNumber = { mantissa: 0, decimals: 0 };

function unsigned(text: string): SplitNumber {
  splitNumber(text, scratch);
  if (scratch.mantissa < 0) throw new EngineError('NEGATIVE_NUMBER', 'give-up', { text: text.slice(0, 80) });
  return scratch;
}

/** Levels of one side, in the order of the frame. Grows when a larger frame comes, never shrinks. */
export class LevelList {
  count = 0;
  price = new Float64Array(1024);
  qty = new Float64Array(1024);
  priceDecimals = new Uint8Array(1024);
  qtyDecimals = new Uint8Array(1024);

  /** Room for one more; false beyond MAX_LEVELS. */
  grow(): boolean {
    const size = this.price.length * 2;
    if (size > MAX_LEVELS) return false;
    this.price = larger(this.price, new Float64Array(size));
    this.qty = larger(this.qty, new Float64Array(size));
    this.priceDecimals = larger(this.priceDecimals, new Uint8Array(size));
    this.qtyDecimals = larger(this.qtyDecimals, new Uint8Array(size));
    return true;
  }

  /** The readable path: decimal texts. */
  add(price: string, qty: string): void {
    const i = this.count;
    if (i === this.price.length && !this.grow()) throw new EngineError('TOO_MANY_LEVELS', 'give-up', { most: MAX_LEVELS });
    const p = unsigned(price);
    this.price[i] = p.mantissa;
    this.priceDecimals[i] = p.decimals;
    const q = unsigned(qty);
    this.qty[i] = q.mantissa;
    this.qtyDecimals[i] = q.decimals;
    this.count = i + 1;
  }
}

/** Rows of an id-keyed book, in the order of the frame. */
export class RowList {
  count = 0;
  id = new Float64Array(256);
  instrument = new Int32Array(256);
  side = new Uint8Array(256);
  price = new Float64Array(256);
  priceDecimals = new Uint8Array(256);
  qty = new Float64Array(256);
  qtyDecimals = new Uint8Array(256);

  grow(): boolean {
    const size = this.id.length * 2;
    if (size > MAX_LEVELS) return false;
    this.id = larger(this.id, new Float64Array(size));
    this.instrument = larger(this.instrument, new Int32Array(size));
    this.side = larger(this.side, new Uint8Array(size));
    this.price = larger(this.price, new Float64Array(size));
    this.priceDecimals = larger(this.priceDecimals, new Uint8Array(size));
    this.qty = larger(this.qty, new Float64Array(size));
    this.qtyDecimals = larger(this.qtyDecimals, new Uint8Array(size));
    return true;
  }

  /** The readable path. Price and quantity are null where the venue left them out. */
  add(row: { instrument: number; id: number; side: number; price: string | null; qty: string | null }): void {
    const i = this.count;
    if (i === this.id.length && !this.grow()) throw new EngineError('TOO_MANY_LEVELS', 'give-up', { most: MAX_LEVELS });
    // Below zero means "free" in the id table; -0 has other bits than 0.
    if (!Number.isSafeInteger(row.id) || row.id < 0 || Object.is(row.id, -0))
      throw new EngineError('OUT_OF_RANGE', 'give-up', { id: String(row.id) });
    this.id[i] = row.id;
    this.instrument[i] = row.instrument;
    this.side[i] = row.side;
    this.priceDecimals[i] = ABSENT;
    this.qtyDecimals[i] = ABSENT;
    if (row.price !== null) {
      const p = unsigned(row.price);
      this.price[i] = p.mantissa;
      this.priceDecimals[i] = p.decimals;
    }
    if (row.qty !== null) {
      const q = unsigned(row.qty);
      this.qty[i] = q.mantissa;
      this.qtyDecimals[i] = q.decimals;
    }
    this.count = i + 1;
  }
}

function larger<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class Message {
  kind = MESSAGE_NONE;
  /** Index of the instrument, -1 when the message is about none or an unknown one. */
  instrument = -1;
  readonly fields = new Float64Array(FIELD_COUNT);
  readonly mantissa = new Float64Array(NUMBER_COUNT);
  readonly decimals = new Uint8Array(NUMBER_COUNT);
  readonly bids = new LevelList();
  readonly asks = new LevelList();
  readonly rows = new RowList();
  /** The readable path only: texts that are no numbers (ids of up to 36 characters, times with a date), else ''. */
  idText = '';
  timeText = '';
  /** A mark of the venue on this trade that is not a market trade, '' for normal ones (Binance `X`). */
  markText = '';

  /** Ready for another message. */
  clear(): void {
    this.kind = MESSAGE_NONE;
    this.instrument = -1;
    this.fields.fill(Number.NaN);
    this.decimals.fill(ABSENT);
    this.bids.count = 0;
    this.asks.count = 0;
    this.rows.count = 0;
    this.idText = '';
    this.timeText = '';
    this.markText = '';
  }

  /** The readable path: a decimal as text; signed numbers are taken. */
  setNumber(slot: number, text: string): void {
    splitNumber(text, scratch);
    this.mantissa[slot] = scratch.mantissa;
    this.decimals[slot] = scratch.decimals;
  }

  /** The readable path: an integer that must be exact. */
  setField(field: number, value: unknown): void {
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw new EngineError('BAD_INTEGER', 'give-up', { field, value: String(value).slice(0, 80) });
    this.fields[field] = value;
  }
}
