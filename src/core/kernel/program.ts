/**
 * The compiled form of a venue's message shapes: what the scanner runs over the bytes of a frame. Plain integers, so that a WebAssembly kernel can hold
 * the same program. Made once at start by `feeds/shape.ts`.
 */

/** These bytes exactly: offset and length in the text pool. */
export const OP_TEXT = 1;
/** An unsigned integer without leading zeros, below 2^53: field. */
export const OP_INT = 2;
/** The inside of a text up to its closing quote (which stays): no escapes, no control characters. */
export const OP_SKIP = 3;
/** As OP_SKIP, and the text names the instrument. */
export const OP_SYMBOL = 4;
/** An unsigned decimal number: number slot. */
export const OP_DECIMAL = 5;
/** `[]` or `[["price","qty"],...]`: side. */
export const OP_LEVELS = 6;
/** One of several texts: field, count, then value, offset and length of each. */
export const OP_CHOICE = 7;
/** `2026-11-23T05:00:00.123Z`: field, milliseconds. */
export const OP_TIME = 8;
/** Start of a row: clears what the row may leave out. */
export const OP_ROW = 9;
export const OP_ROW_SYMBOL = 10;
export const OP_ROW_ID = 11;
/** As OP_CHOICE, into the row's side: count, then value, offset and length of each. */
export const OP_ROW_SIDE = 12;
export const OP_ROW_QTY = 13;
export const OP_ROW_PRICE = 14;
/** Row done; on a comma another one begins: address of the row's first operation. */
export const OP_ROW_NEXT = 15;
/** Sets a field: field, value. */
export const OP_SET = 16;
/** The frame must end here: kind of the message. */
export const OP_END = 17;

export interface Program {
  /** All shapes, one behind the other. */
  readonly code: Int32Array;
  /** Where each shape starts in `code`. */
  readonly starts: Int32Array;
  /** For each shape, how many words of its beginning are those of the shape before it. */
  readonly shared: Int32Array;
  /** The bytes of all texts. */
  readonly pool: Uint8Array;
  readonly names: readonly string[];
}
