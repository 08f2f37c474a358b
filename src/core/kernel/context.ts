/**
 * One connection's block in shared memory: where its program, symbols and scratch stand, and what the last frame left. Written by the loader (wasm-kernel.ts)
 * and by this kernel, both on the feed's thread; nobody else looks.
 *
 *   byte   0  code        i32   byte offset of the compiled shapes (program.ts), i32 each
 *          4  starts      i32   byte offset of each shape's first word, as indexes of `code`
 *          8  shapes      i32   how many
 *         12  pool        i32   byte offset of the bytes of all texts
 *         16  symbols     i32   byte offset of the symbol table (symbols.ts)
 *         20  symbolMask  i32   its places less one
 *         24  levels      i32   byte offset of the scratch list: LEVEL_BYTES each
 *         28  levelsEnd   i32   byte offset behind it
 *   what the last frame left
 *         32  kind        i32   MESSAGE_*
 *         36  instrument  i32
 *         40  book        i32   byte offset of its book, 0 when it is not in this memory
 *         44  symbolFrom  i32   byte offsets of the symbol's text
 *         48  symbolTo    i32
 *         52  bidFrom     i32   byte offsets into the scratch list
 *         56  bidTo       i32
 *         60  askFrom     i32
 *         64  askTo       i32
 *         68  next        i32   first level that is not applied, where JavaScript has to go on
 *         72  rowAt       i32   rows: the first that is not applied
 *         76  rowCount    i32   rows of the frame
 *         80  rows        i32   byte offset of the scratch list of rows: ROW_BYTES each
 *         84  rowsEnd     i32   byte offset behind it
 *         88  powers      i32   byte offset of 10^0 .. 10^22, f64
 *         92  tables      i32   byte offset of the digit tables (digit-tables.ts)
 *         96  at          i32   of the levels: byte offset of the next price
 *        100  priceScale  i32   of the book
 *        104  lotScale    i32
 *        108  priceForms  i32   byte offset of the price forms of that scale
 *        112  lotForms    i32
 *        116  shared      i32   byte offset of each shape's `shared` (program.ts)
 *        120  failedAt    i32   where the last shape that did not fit ended: the byte,
 *        124  failedWord  i32   and the word of its code
 *        128  fields      f64   FIELD_*
 *        224  mantissas   f64   NUMBER_*
 *        296  decimals    i32   NUMBER_*
 *        336  guesses     u8    of shapes compiled to code: how long each integer was the last time
 *   what the last run of frames left
 *        384  runFrames   i32   frames that were applied and published
 *        388  runBytes    i32   of their payloads
 *        392  runFrom     i32   byte offsets of the payload that followed them and was not a published book, 0 when there was no whole text frame
 *        396  runTo       i32
 *        400  changed     i32   how many instruments
 *        404  -
 *        408  changedAt   i32   the instruments, each once
 */
export const CTX_CODE = 0;
export const CTX_STARTS = 4;
export const CTX_SHAPES = 8;
export const CTX_POOL = 12;
export const CTX_SYMBOLS = 16;
export const CTX_SYMBOL_MASK = 20;
export const CTX_LEVELS = 24;
export const CTX_LEVELS_END = 28;
export const CTX_KIND = 32;
export const CTX_INSTRUMENT = 36;
export const CTX_BOOK = 40;
export const CTX_SYMBOL_FROM = 44;
export const CTX_SYMBOL_TO = 48;
export const CTX_BID_FROM = 52;
export const CTX_BID_TO = 56;
export const CTX_ASK_FROM = 60;
export const CTX_ASK_TO = 64;
export const CTX_NEXT = 68;
export const CTX_ROW_AT = 72;
export const CTX_ROW_COUNT = 76;
export const CTX_ROWS = 80;
export const CTX_ROWS_END = 84;
export const CTX_POWERS = 88;
export const CTX_TABLES = 92;
export const CTX_AT = 96;
export const CTX_PRICE_SCALE = 100;
export const CTX_LOT_SCALE = 104;
export const CTX_PRICE_FORMS = 108;
export const CTX_LOT_FORMS = 112;
export const CTX_SHARED = 116;
export const CTX_FAILED_AT = 120;
export const CTX_FAILED_WORD = 124;
export const CTX_FIELDS = 128;
export const CTX_MANTISSAS = 224;
export const CTX_DECIMALS = 296;
export const CTX_GUESSES = 336;
export const CTX_GUESSES_END = 384;
export const CTX_RUN_FRAMES = 384;
export const CTX_RUN_BYTES = 388;
export const CTX_RUN_FROM = 392;
export const CTX_RUN_TO = 396;
export const CTX_CHANGED = 400;
export const CTX_CHANGED_AT = 408;
/** Instruments of one run; it ends when so many have changed. */
export const MOST_CHANGED = 16;
export const CTX_BYTES = 512;

/** A run ends behind this many bytes, some 3 us of work: its books are told of when it has ended. */
export const RUN_BYTES = 4096;

/** A row of the scratch list: id f64, price f64 (mantissa), qty f64 (mantissa), decimals of both (i32, ABSENT where it has none), side i32. */
export const ROW_BYTES = 48;
export const ROW_ID = 0;
export const ROW_PRICE = 8;
export const ROW_QTY = 16;
export const ROW_PRICE_DECIMALS = 24;
export const ROW_QTY_DECIMALS = 28;
export const ROW_SIDE = 32;
export const ROW_ABSENT = 255;

/** A place of a book's id table (feeds/id-levels.ts): id f64, -1 = free; then one i64: price mantissa x 64 + its decimals x 2 + side. */
export const ID_PLACE_BYTES = 16;
export const ID_WORD = 8;

/** A level of the scratch list: key (i64), lots (f64). */
export const LEVEL_BYTES = 16;

/** One place of the symbol table: text in 32 bytes, zeros behind it; length (i32, 0 = free), instrument (i32), book (i32). */
export const SYMBOL_PLACE_BYTES = 64;
export const SYMBOL_LENGTH = 32;
export const SYMBOL_INSTRUMENT = 36;
export const SYMBOL_BOOK = 40;
export const SYMBOL_MOST = 32;

/** What `apply` says about a frame; else the instrument x 4 + one of DONE_*. */
export const APPLY_NOT_MINE = -1;
export const APPLY_UNKNOWN_SYMBOL = -2;
/** Applied and published. */
export const DONE_BOOK = 0;
/** The book is open (its sequence odd): JavaScript applies what is left of the message, judges and publishes. */
export const DONE_PART = 1;
/** A trade, quote or mark stands in the fields and numbers. */
export const DONE_MESSAGE = 2;
/** Of a run: what follows is no whole text frame, or enough was done. */
export const RUN_OVER = -3;

/**
 * Digit tables, one set a memory (digit-tables.ts): vectors that stay in registers, then for each scale of 0 to 8 decimals the forms of a price and those of a
 * quantity, and one more scale whose forms fit nothing. A form is chosen by `whole << 4 | length`, the digits before the point and the bytes of the text: what the
 * bytes are to be (`text ^ FORM_TEXT <= FORM_MOST` in each), and which of them are the digits. It says all there is to say about the text: a form that fits is a
 * number that fits the grid.
 */
export const TABLE_ZERO = 0;
export const TABLE_ABOVE = 16;
export const TABLE_TENS = 32;
export const TABLE_HUNDREDS = 48;
export const TABLE_TEN_THOUSANDS = 64;
/** 16 bytes of "nowhere", then 0 to 15: the vector at byte n lines up n digits at the right. */
export const TABLE_SLIDE = 80;
/** 16 bytes of ones, then zeros: the vector at byte 16 - n keeps n bytes. */
export const TABLE_KEEP = 112;
/** `]` and `"` in each byte. */
export const TABLE_BRACKET = 144;
export const TABLE_QUOTE = 160;
/** Added with saturation, it takes every byte but 0 above 127. */
export const TABLE_NOT_ZERO = 176;
export const FORMS = 192;
export const FORM_BYTES = 64;
export const FORM_TEXT = 0;
export const FORM_MOST = 16;
export const FORM_DIGITS = 32;
/** Ends are looked for in 32 bytes: either part of the index is 32 at most. */
export const FORM_COUNT = 548;
export const FORMS_QTY = FORM_COUNT * FORM_BYTES;
export const FORMS_SCALE_BYTES = FORMS_QTY * 2;
/** Scales beyond stand for "no form fits". */
export const FORM_SCALES = 9;
export const TABLES_BYTES = FORMS + (FORM_SCALES + 1) * FORMS_SCALE_BYTES;

/** Bytes behind the end of a frame that must belong to the memory: they are loaded, and nothing that is in them counts. */
export const SLACK_BYTES = 1024;
