// Where words stand in the memory that the engine wrote: core/memory/book-layout.ts, core/kernel/context.ts and core/kernel/program.ts, the same numbers.
#pragma once
#include <cstdint>
#include <cstring>

using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i32 = int32_t;
using i64 = int64_t;
using f64 = double;

template <typename T> static inline T load(const u8 *at) {
  T value;
  memcpy(&value, at, sizeof value);
  return value;
}
template <typename T> static inline void store(u8 *at, T value) { memcpy(at, &value, sizeof value); }

// The book.
constexpr i64 WINDOW_KEYS = 131'072;
constexpr u32 WINDOW_MASK = WINDOW_KEYS - 1;
constexpr u32 OVERFLOW_NODES = 65'536;
constexpr u32 SIDE_SUMMARY = 0;
constexpr u32 SIDE_BITS_WORDS = WINDOW_KEYS >> 5;
constexpr u32 SIDE_SUMMARY_WORDS = SIDE_BITS_WORDS >> 5;
constexpr u32 SIDE_BITS = SIDE_SUMMARY_WORDS * 4;
constexpr u32 SIDE_LOTS = SIDE_BITS + SIDE_BITS_WORDS * 4;
constexpr u32 SIDE_NODE_KEYS = SIDE_LOTS + WINDOW_KEYS * 8;
constexpr u32 SIDE_NODE_LOTS = SIDE_NODE_KEYS + OVERFLOW_NODES * 8;
constexpr u32 SIDE_NODE_LINKS = SIDE_NODE_LOTS + OVERFLOW_NODES * 8;
constexpr u32 SIDE_HINTS = SIDE_NODE_LINKS + OVERFLOW_NODES * 8;
constexpr u32 SIDE_BYTES = SIDE_HINTS + 256 * 4;
enum Book : u32 {
  BOOK_SEQUENCE = 0, BOOK_STATE = 4, BOOK_BID_TICKS = 8, BOOK_BID_LOTS = 16, BOOK_ASK_TICKS = 24, BOOK_LAST_SEQUENCE = 40, BOOK_VENUE_US = 48,
  BOOK_RECV_US = 56, BOOK_BID_LEVELS = 64, BOOK_ASK_LEVELS = 68, BOOK_PRICE_UNIT = 72, BOOK_LOT_UNIT = 80, BOOK_PRICE_SCALE = 88, BOOK_LOT_SCALE = 92,
  BOOK_BID_LOW = 96, BOOK_BID_ROOT = 112, BOOK_FLAGS = 124, BOOK_BID_USED = 128, BOOK_BID_FREE = 136, BOOK_BID_SPILLED = 144, BOOK_GATE = 152,
  BOOK_ID_MASK = 156, BOOK_STREAM = 160, BOOK_IDS = 168, BOOK_ID_COUNT = 172, BOOK_ID_SCALE = 176, BOOK_HEADER_BYTES = 256,
};
constexpr u32 BOOK_BID_SIDE = BOOK_HEADER_BYTES;
constexpr u32 BOOK_ASK_SIDE = BOOK_HEADER_BYTES + SIDE_BYTES;
constexpr i32 BOOK_LIVE = 2;
enum Gate : i32 { GATE_RANGE_CHAIN = 1, GATE_PREV_CHAIN, GATE_PLUS_ONE, GATE_TIMESTAMP, GATE_ROWS };

// A connection's context.
enum Ctx : u32 {
  CTX_CODE = 0, CTX_STARTS = 4, CTX_SHAPES = 8, CTX_POOL = 12, CTX_SYMBOLS = 16, CTX_SYMBOL_MASK = 20, CTX_LEVELS = 24, CTX_LEVELS_END = 28,
  CTX_ROWS = 80, CTX_ROWS_END = 84, CTX_POWERS = 88, CTX_TABLES = 92, CTX_SHARED = 116, CTX_GUESSES = 336,
};
constexpr u32 MOST_CHANGED = 16, RUN_BYTES = 4096;
enum Symbol : u32 { SYMBOL_LENGTH = 32, SYMBOL_INSTRUMENT = 36, SYMBOL_BOOK = 40, SYMBOL_PLACE_BYTES = 64 };
constexpr i32 SYMBOL_MOST = 32;
enum Row : u32 { ROW_ID = 0, ROW_PRICE = 8, ROW_QTY = 16, ROW_PRICE_DECIMALS = 24, ROW_QTY_DECIMALS = 28, ROW_SIDE = 32, ROW_BYTES = 48 };
constexpr i32 ABSENT = 255;
enum Id : u32 { ID_WORD = 8, ID_PLACE_BYTES = 16 };
constexpr u32 LEVEL_BYTES = 16;
constexpr u32 TABLE_SLIDE = 80, TABLE_KEEP = 112;
constexpr u32 FORMS = 192, FORM_BYTES = 64, FORM_TEXT = 0, FORM_MOST = 16, FORM_DIGITS = 32;
constexpr u32 FORMS_QTY = 548 * FORM_BYTES, FORMS_SCALE_BYTES = FORMS_QTY * 2;
constexpr i32 FORM_SCALES = 9;

// The program of a venue's shapes.
enum Op : i32 {
  OP_TEXT = 1, OP_INT, OP_SKIP, OP_SYMBOL, OP_DECIMAL, OP_LEVELS, OP_CHOICE, OP_TIME, OP_ROW, OP_ROW_SYMBOL, OP_ROW_ID, OP_ROW_SIDE, OP_ROW_QTY,
  OP_ROW_PRICE, OP_ROW_NEXT, OP_SET, OP_END,
};
enum Field : u32 { FIELD_FIRST = 0, FIELD_LAST, FIELD_PREV, FIELD_TIME, FIELD_ACTION, FIELD_STREAM = 7, FIELD_UNUSED = 11, FIELD_COUNT };
constexpr i32 MESSAGE_DEPTH = 1, MESSAGE_ROWS = 2;
