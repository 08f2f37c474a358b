// The engine's kernel in C++: core/kernel/assembly/scan.ts and index.ts with the same checks, on the same memory, with what the processor has.
#pragma once
#include <atomic>
#include <immintrin.h>
#include "ladder.hpp"

constexpr i64 MANTISSA_LIMIT = 900'719'925'474'098;
constexpr u32 PRICE_TO_QTY = 0x222c22, LEVELS_END = 0x5d5d22;
constexpr u64 LEVEL_TO_LEVEL = 0x225b'2c5d'2200'0000;

class Kernel {
  u8 *const mem;
  u8 *const ctx;
  const i32 *const code;
  const u8 *const pool;
  Level *const levels;
  u8 *const rows;
  f64 fields[FIELD_COUNT];
  u8 *book = nullptr;
  const u8 *symbolAt = nullptr;
  i32 symbolLength = 0;
  Level *next = nullptr;
  Level *from[2], *to[2];
  i32 rowCount = 0;
  i32 kind = 0;
  const u8 *failedAt = nullptr;
  i32 failedWord = -1;
  const u8 *changed[MOST_CHANGED];
  u32 changedCount = 0;

  static __m128i vector(const u8 *at) { return _mm_loadu_si128((const __m128i *)at); }

  u32 word(u32 at) const { return load<u32>(ctx + at); }

  bool isText(const u8 *at, const u8 *end, u32 offset, i32 length) const { return end - at >= length && memcmp(at, pool + offset, length) == 0; }

  static const u8 *skipText(const u8 *at, const u8 *end) {
    for (; at < end; at += 16) {
      const __m128i bytes = _mm_loadu_si128((const __m128i *)at);
      const __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5c))),
                                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
      const u32 found = _mm_movemask_epi8(odd);
      if (found == 0) continue;
      at += __builtin_ctz(found);
      return at < end && *at == 0x22 ? at : nullptr;
    }
    return nullptr;
  }

  static i64 valueOf(__m128i digits) {
    const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010a));
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
    const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
    const u64 both = _mm_cvtsi128_si64(eights);
    return (i64)(both & 0xffff'ffff) * 100'000'000 + (i64)(both >> 32);
  }

  static const u8 *integer(const u8 *at, const u8 *end, f64 *field) {
    const __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)at), _mm_set1_epi8(0x30));
    const i32 count = __builtin_ctz(_mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(118))) | 0x10000);
    const u8 *after = at + count;
    if (count == 0 || after > end || (count > 1 && *at == 0x30)) return nullptr;
    if (!field) return count == 16 ? nullptr : after;
    const __m128i lanes = _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const i64 value = valueOf(_mm_shuffle_epi8(digits, _mm_add_epi8(lanes, _mm_set1_epi8((char)(count - 16)))));
    if (count == 16 && (value > MANTISSA_LIMIT * 10 + 9 || (u32)*after - 0x30 <= 9)) return nullptr;
    *field = (f64)value;
    return after;
  }

  const u8 *decimal(const u8 *at, const u8 *end, f64 &out, i32 &outDecimals) const {
    const __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)at), _mm_set1_epi8(0x30));
    const u32 odd = _mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(118))) | 0x10000;
    const i32 whole = (i32)_tzcnt_u32(odd);
    const bool hasPoint = at[whole] == 0x2e;
    const i32 length = hasPoint ? (i32)_tzcnt_u32(odd & (odd - 1)) : whole;
    const i32 scale = hasPoint ? length - whole - 1 : 0;
    if (length > 15 || whole == 0 || whole + scale > 8 || at + length > end) return longDecimal(at, end, out, outDecimals);
    if ((whole > 1 && *at == 0x30) || (hasPoint && scale == 0)) return nullptr;
    const u8 *form = mem + word(CTX_TABLES) + FORMS + (size_t)scale * FORMS_SCALE_BYTES + (((size_t)whole << 4) + length) * FORM_BYTES;
    const __m128i inLine = _mm_shuffle_epi8(digits, vector(form + FORM_DIGITS));
    const __m128i fours = _mm_madd_epi16(_mm_maddubs_epi16(inLine, _mm_set1_epi16(0x010a)), _mm_set1_epi32(0x00010064));
    u32 mantissa = (u32)_mm_cvtsi128_si32(_mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710)));
    i32 decimals = scale;
    for (; decimals > 0 && mantissa % 10 == 0; decimals--) mantissa /= 10;
    out = mantissa;
    outDecimals = decimals;
    return at + length;
  }

  static const u8 *longDecimal(const u8 *start, const u8 *end, f64 &out, i32 &outDecimals) {
    const u8 *at = start;
    i64 mantissa = 0;
    u32 digit;
    for (; at < end && (digit = (u32)*at - 0x30) <= 9; at++) {
      if (mantissa > MANTISSA_LIMIT) return nullptr;
      mantissa = mantissa * 10 + digit;
    }
    if (at == start || (*start == 0x30 && at - start > 1)) return nullptr;
    i32 decimals = 0;
    if (at < end && *at == 0x2e) {
      const u8 *first = ++at;
      i32 zeros = 0;
      for (; at < end && (digit = (u32)*at - 0x30) <= 9; at++) {
        if (digit == 0) {
          zeros++;
          continue;
        }
        for (decimals += zeros + 1; zeros >= 0; zeros--) {
          if (mantissa > MANTISSA_LIMIT) return nullptr;
          mantissa *= 10;
        }
        mantissa += digit;
        zeros = 0;
      }
      if (at == first || decimals > 18) return nullptr;
    }
    out = (f64)mantissa;
    outDecimals = decimals;
    return at;
  }

  static i64 longNumber(const u8 *start, const u8 *end, i32 scale, const u8 *&after) {
    const u8 *at = start;
    i64 value = 0;
    u32 digit;
    for (; at < end && (digit = (u32)*at - 0x30) <= 9; at++) {
      if (value > MANTISSA_LIMIT) return -1;
      value = value * 10 + digit;
    }
    if (at == start || (*start == 0x30 && at - start > 1)) return -1;
    i32 left = scale;
    if (at < end && *at == 0x2e) {
      const u8 *first = ++at;
      for (; at < end && (digit = (u32)*at - 0x30) <= 9; at++) {
        if (left > 0) {
          if (value > MANTISSA_LIMIT) return -1;
          value = value * 10 + digit;
          left--;
        } else if (digit != 0) return -1;
      }
      if (at == first) return -1;
    }
    for (; left > 0; left--) {
      if (value > MANTISSA_LIMIT) return -1;
      value *= 10;
    }
    after = at;
    return value;
  }

  const u8 *readLevels(const u8 *start, const u8 *end, i32 ask) {
    from[ask] = to[ask] = next;
    if (end - start < 3 || *start != 0x5b) return nullptr;
    if (start[1] == 0x5d) return start + 2;
    if (load<u16>(start + 1) != 0x225b) return nullptr;
    if ((end - start) / 10 >= (Level *)(mem + word(CTX_LEVELS_END)) - next) return nullptr;
    const i32 priceScale = load<i32>(book + BOOK_PRICE_SCALE), lotScale = load<i32>(book + BOOK_LOT_SCALE);
    const u8 *tables = mem + word(CTX_TABLES) + FORMS;
    const u8 *priceForms = tables + (size_t)(priceScale < FORM_SCALES ? priceScale : FORM_SCALES) * FORMS_SCALE_BYTES;
    const u8 *lotForms = tables + FORMS_QTY + (size_t)(lotScale < FORM_SCALES ? lotScale : FORM_SCALES) * FORMS_SCALE_BYTES;
    const __m128i zero = _mm_set1_epi8(0x30), above = _mm_set1_epi8(118), bracket = _mm_set1_epi8(0x5d);
    const i64 sign = ask ? 0 : -1;
    Level *out = next;
    const u8 *at = start + 3;
    for (;;) {
      const __m128i front = vector(at), back = vector(at + 16);
      // Where the next level stands hangs on one mask only, so that levels overlap; what it says is judged below.
      const u8 *ahead = at + _tzcnt_u32((u32)_mm_movemask_epi8(_mm_cmpeq_epi8(front, bracket)) | (u32)_mm_movemask_epi8(_mm_cmpeq_epi8(back, bracket)) << 16) + 4;
      const u32 odd = (u32)_mm_movemask_epi8(_mm_adds_epu8(_mm_sub_epi8(front, zero), above)) |
                      (u32)_mm_movemask_epi8(_mm_adds_epu8(_mm_sub_epi8(back, zero), above)) << 16;
      const u32 whole = _tzcnt_u32(odd), second = _tzcnt_u32(odd & (odd - 1));
      const u32 length = second == whole + 1 ? whole : second;
      const u8 *behind = at + length;
      const u32 oddQty = odd >> ((length + 3) & 31);
      const u32 wholeQty = _tzcnt_u32(oddQty), secondQty = _tzcnt_u32(oddQty & (oddQty - 1));
      const u32 lengthQty = secondQty == wholeQty + 1 ? wholeQty : secondQty;
      const u8 *last = behind + lengthQty;
      const u8 *priceForm = priceForms + (size_t)((whole << 4) + length) * FORM_BYTES;
      const u8 *lotForm = lotForms + (size_t)((wholeQty << 4) + lengthQty) * FORM_BYTES;
      const __m128i price = _mm_xor_si128(front, vector(priceForm + FORM_TEXT));
      const __m128i qty = _mm_xor_si128(vector(behind + 1), vector(lotForm + FORM_TEXT));
      const __m128i wrong = _mm_or_si128(_mm_subs_epu8(price, vector(priceForm + FORM_MOST)), _mm_subs_epu8(qty, vector(lotForm + FORM_MOST)));
      if (_mm_testz_si128(wrong, wrong)) {
        const __m128i inLine =
            _mm_or_si128(_mm_shuffle_epi8(price, vector(priceForm + FORM_DIGITS)), _mm_shuffle_epi8(qty, vector(lotForm + FORM_DIGITS)));
        const __m128i fours = _mm_madd_epi16(_mm_maddubs_epi16(inLine, _mm_set1_epi16(0x010a)), _mm_set1_epi32(0x00010064));
        const u64 both = _mm_cvtsi128_si64(_mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710)));
        *out++ = {((i64)(both & 0xffff'ffff) ^ sign) - sign, (f64)(i64)(both >> 32)};
        if (load<u64>(last + 3) << 24 == LEVEL_TO_LEVEL) {
          // Equal for certain: said so that the compiler does not wait for `last` where it may go on with `ahead`.
          const u8 *next = ahead;
          asm("" : "+r"(next));
          if (next != last + 8 || ahead > end) return nullptr;
          at = ahead;
          continue;
        }
        at = last + 6;
        if (at > end || (load<u32>(last + 3) & 0xff'ffff) != LEVELS_END) return nullptr;
        break;
      }
      const u8 *after;
      const i64 ticks = longNumber(at, end, priceScale, after);
      if (ticks < 0 || (load<u32>(after) & 0xff'ffff) != PRICE_TO_QTY) return nullptr;
      const i64 lots = longNumber(after + 3, end, lotScale, last);
      if (lots < 0) return nullptr;
      *out++ = {ask ? ticks : -ticks, (f64)lots};
      const bool isMore = load<u64>(last) << 24 == LEVEL_TO_LEVEL;
      if (!isMore && (load<u32>(last) & 0xff'ffff) != LEVELS_END) return nullptr;
      at = last + (isMore ? 5 : 3);
      if (at > end) return nullptr;
      if (!isMore) break;
    }
    const f64 priceUnit = load<f64>(book + BOOK_PRICE_UNIT), lotUnit = load<f64>(book + BOOK_LOT_UNIT);
    if (priceUnit != 1 || lotUnit != 1) {
      for (Level *level = next; level < out; level++) {
        const i64 ticks = level->key / (i64)priceUnit;
        const f64 lots = __builtin_trunc(level->lots / lotUnit);
        if (ticks * (i64)priceUnit != level->key || lots * lotUnit != level->lots) return nullptr;
        *level = {ticks, lots};
      }
    }
    next = to[ask] = out;
    return at;
  }

  const u8 *placeOf(const u8 *at, i32 length) const {
    if ((u32)(length - 1) >= (u32)SYMBOL_MOST) return nullptr;
    alignas(16) u8 text[32] = {};
    memcpy(text, at, length);
    const u64 low = load<u64>(text) ^ load<u64>(text + 16) << 1, high = load<u64>(text + 8) ^ load<u64>(text + 24) << 1;
    const u64 hash = (low ^ (high << 29 | high >> 35)) * 0x9e3779b97f4a7c15ull;
    const u8 *table = mem + word(CTX_SYMBOLS);
    const u32 mask = word(CTX_SYMBOL_MASK);
    u32 index = (u32)(hash >> 40) & mask;
    for (u32 tries = 0; tries <= mask; tries++, index = (index + 1) & mask) {
      const u8 *place = table + (size_t)index * SYMBOL_PLACE_BYTES;
      const i32 known = load<i32>(place + SYMBOL_LENGTH);
      if (known == 0) return nullptr;
      if (known == length && memcmp(place, text, 32) == 0) return place;
    }
    return nullptr;
  }

  const i32 *choose(const i32 *table, const u8 *at, const u8 *end) const {
    const i32 *entry = table + 1;
    for (i32 i = 0; i < *table; i++, entry += 3)
      if (isText(at, end, entry[1], entry[2])) return entry;
    return nullptr;
  }

  bool runShape(i32 shape, i32 skipped, const u8 *start, const u8 *end) {
    const i32 *pc = code + shape + skipped;
    u8 *row = rows;
    const u8 *rowsEnd = mem + word(CTX_ROWS_END);
    const u8 *at = start;
    for (;;) {
      switch (*pc) {
      case OP_TEXT:
        if (!isText(at, end, pc[1], pc[2])) {
          failedAt = at;
          failedWord = (i32)(pc - code) - shape;
          return false;
        }
        at += pc[2];
        pc += 3;
        break;
      case OP_INT:
        if (!(at = integer(at, end, pc[1] == (i32)FIELD_UNUSED ? nullptr : &fields[pc[1]]))) return false;
        pc += 2;
        break;
      case OP_SKIP:
        if (!(at = skipText(at, end))) return false;
        pc += 1;
        break;
      case OP_SYMBOL:
      case OP_ROW_SYMBOL: {
        const u8 *name = at;
        if (!(at = skipText(at, end))) return false;
        const i32 length = (i32)(at - name);
        if (book && *pc == OP_ROW_SYMBOL) {
          if (length != symbolLength || memcmp(name, symbolAt, length) != 0) return false;
        } else {
          const u8 *place = placeOf(name, length);
          if (!place || load<u32>(place + SYMBOL_BOOK) == 0) return false;
          symbolAt = name;
          symbolLength = length;
          book = mem + load<u32>(place + SYMBOL_BOOK);
        }
        pc += 1;
        break;
      }
      case OP_LEVELS:
        if (!book || !(at = readLevels(at, end, pc[1]))) return false;
        pc += 2;
        break;
      case OP_CHOICE: {
        const i32 *entry = choose(pc + 2, at, end);
        if (!entry) return false;
        fields[pc[1]] = *entry;
        at += entry[2];
        pc += 3 + pc[2] * 3;
        break;
      }
      case OP_SET:
        fields[pc[1]] = pc[2];
        pc += 3;
        break;
      case OP_ROW:
        if (row >= rowsEnd) return false;
        store<i32>(row + ROW_PRICE_DECIMALS, ABSENT);
        store<i32>(row + ROW_QTY_DECIMALS, ABSENT);
        pc += 1;
        break;
      case OP_ROW_ID: {
        f64 id;
        if (!(at = integer(at, end, &id))) return false;
        store<f64>(row + ROW_ID, id);
        pc += 1;
        break;
      }
      case OP_ROW_SIDE: {
        const i32 *entry = choose(pc + 1, at, end);
        if (!entry) return false;
        store<i32>(row + ROW_SIDE, *entry);
        at += entry[2];
        pc += 2 + pc[1] * 3;
        break;
      }
      case OP_ROW_QTY:
      case OP_ROW_PRICE: {
        f64 mantissa;
        i32 decimals;
        if (!(at = decimal(at, end, mantissa, decimals))) return false;
        const bool isQty = *pc == OP_ROW_QTY;
        store<f64>(row + (isQty ? ROW_QTY : ROW_PRICE), mantissa);
        store<i32>(row + (isQty ? ROW_QTY_DECIMALS : ROW_PRICE_DECIMALS), decimals);
        pc += 1;
        break;
      }
      case OP_ROW_NEXT:
        row += ROW_BYTES;
        if (at < end && *at == 0x2c) {
          at++;
          pc = code + pc[1];
        } else {
          rowCount = (i32)((row - rows) / ROW_BYTES);
          pc += 2;
        }
        break;
      case OP_END:
        if (at != end) return false;
        kind = pc[1];
        return true;
      default:
        return false;
      }
    }
  }

  bool isNext(f64 first, f64 last, f64 prev) const {
    const i32 gate = load<i32>(book + BOOK_GATE);
    const f64 known = load<f64>(book + BOOK_LAST_SEQUENCE);
    if (gate == GATE_PREV_CHAIN) return prev == known;
    if (gate == GATE_PLUS_ONE) return last == known + 1 && last != 1;
    if (gate == GATE_RANGE_CHAIN) return last > known && first == known + 1;
    return gate == GATE_TIMESTAMP && last > known;
  }

  // The low half of the nearest whole number, as the tables have it.
  static u32 home(f64 id, f64 scale) {
    const f64 shifted = id * scale + 6'755'399'441'055'744.0;
    return load<u32>((const u8 *)&shifted);
  }

  static f64 unitsOf(const f64 *powers, f64 mantissa, i32 decimals, f64 unit, i32 scale) {
    if (decimals > scale) return -1;
    const f64 value = mantissa * powers[scale - decimals];
    if (value > 9'007'199'254'740'991.0) return -1;
    if (unit == 1) return value;
    const f64 units = __builtin_trunc(value / unit);
    return units * unit == value ? units : -1;
  }

  static f64 priceIn(i64 word) { return (f64)(word >> 6); }
  static i32 decimalsIn(i64 word) { return (i32)(word >> 1) & 31; }
  static i32 sideIn(i64 word) { return (i32)word & 1; }

  // False when a row is not as it should be.
  bool collectRows(i32 action) {
    const f64 *powers = (const f64 *)(mem + word(CTX_POWERS));
    const i32 priceScale = load<i32>(book + BOOK_PRICE_SCALE), lotScale = load<i32>(book + BOOK_LOT_SCALE);
    const f64 priceUnit = load<f64>(book + BOOK_PRICE_UNIT), lotUnit = load<f64>(book + BOOK_LOT_UNIT);
    u8 *ids = mem + load<u32>(book + BOOK_IDS);
    const u32 mask = load<u32>(book + BOOK_ID_MASK);
    const f64 scale = load<f64>(book + BOOK_ID_SCALE);
    from[0] = to[0] = levels;
    from[1] = to[1] = levels + rowCount;
    const u8 *row = rows;
    for (i32 n = 0; n < rowCount; n++, row += ROW_BYTES) {
      const f64 id = load<f64>(row + ROW_ID);
      u32 at = home(id, scale) & mask;
      f64 here;
      while ((here = load<f64>(ids + (size_t)at * ID_PLACE_BYTES)) != id && here != -1) at = (at + 1) & mask;
      u8 *place = ids + (size_t)at * ID_PLACE_BYTES;
      i32 side = load<i32>(row + ROW_SIDE);
      f64 lots = 0, ticks;
      if (action == 2) {
        const i32 decimals = load<i32>(row + ROW_PRICE_DECIMALS);
        if (here == id || n == 32 || decimals == ABSENT || load<i32>(row + ROW_QTY_DECIMALS) == ABSENT) return false;
        if ((load<u32>(book + BOOK_ID_COUNT) + 1) * 2 > mask) return false;
        ticks = unitsOf(powers, load<f64>(row + ROW_PRICE), decimals, priceUnit, priceScale);
        lots = unitsOf(powers, load<f64>(row + ROW_QTY), load<i32>(row + ROW_QTY_DECIMALS), lotUnit, lotScale);
        if (ticks < 0 || lots <= 0) return false;
        const i64 key = side == 0 ? -(i64)ticks : (i64)ticks;
        if (Side(book, side).has(key)) return false;
        for (const Level *level = from[side]; level < to[side]; level++)
          if (level->key == key) return false;
        store<f64>(place, id);
        store<i64>(place + ID_WORD, (i64)load<f64>(row + ROW_PRICE) << 6 | (i64)decimals << 1 | side);
        store<u32>(book + BOOK_ID_COUNT, load<u32>(book + BOOK_ID_COUNT) + 1);
      } else {
        if (here != id) return false;
        const i64 level = load<i64>(place + ID_WORD);
        const f64 price = priceIn(level);
        const i32 decimals = decimalsIn(level);
        if (action == 3) {
          const i32 said = load<i32>(row + ROW_PRICE_DECIMALS);
          if (side != sideIn(level) || load<i32>(row + ROW_QTY_DECIMALS) == ABSENT) return false;
          if (said != ABSENT && (said != decimals || load<f64>(row + ROW_PRICE) != price)) return false;
          lots = unitsOf(powers, load<f64>(row + ROW_QTY), load<i32>(row + ROW_QTY_DECIMALS), lotUnit, lotScale);
          if (lots <= 0) return false;
        } else if (action != 4) return false;
        side = sideIn(level);
        ticks = unitsOf(powers, price, decimals, priceUnit, priceScale);
        if (ticks < 0) return false;
        if (action == 4) {
          u32 hole = at;
          for (u32 other = (hole + 1) & mask; load<f64>(ids + (size_t)other * ID_PLACE_BYTES) != -1; other = (other + 1) & mask) {
            const u32 start = home(load<f64>(ids + (size_t)other * ID_PLACE_BYTES), scale) & mask;
            if (((other - start) & mask) < ((other - hole) & mask)) continue;
            memcpy(ids + (size_t)hole * ID_PLACE_BYTES, ids + (size_t)other * ID_PLACE_BYTES, ID_PLACE_BYTES);
            hole = other;
          }
          store<f64>(ids + (size_t)hole * ID_PLACE_BYTES, -1);
          store<u32>(book + BOOK_ID_COUNT, load<u32>(book + BOOK_ID_COUNT) - 1);
        }
      }
      *to[side]++ = {side == 0 ? -(i64)ticks : (i64)ticks, lots};
    }
    return true;
  }

  bool isOpen() const { return book && load<i32>(book + BOOK_STATE) == BOOK_LIVE && load<i32>(book + BOOK_FLAGS) == 0; }

  std::atomic<i32> *sequence() const { return (std::atomic<i32> *)(book + BOOK_SEQUENCE); }

  bool applyDepth(f64 recvUs, f64 first, f64 last, f64 prev, f64 time, f64 action, f64 stream) {
    if (!isOpen() || !isNext(first, last, prev) || action == 1) return false;
    if (stream == stream && stream != load<f64>(book + BOOK_STREAM)) return false;
    sequence()->fetch_add(1);
    return applyLevels(recvUs, last, time);
  }

  bool applyRows(f64 recvUs, f64 action) {
    if (!isOpen() || load<i32>(book + BOOK_GATE) != GATE_ROWS || action == 1) return false;
    sequence()->fetch_add(1);
    if (rowCount == 1 && action == 3 && updateOne()) return finish(recvUs, fields[FIELD_LAST], fields[FIELD_TIME]);
    return collectRows((i32)action) && applyLevels(recvUs, fields[FIELD_LAST], fields[FIELD_TIME]);
  }

  // One row that changes a known level of the window.
  bool updateOne() {
    const f64 id = load<f64>(rows + ROW_ID);
    const u8 *place = mem + load<u32>(book + BOOK_IDS) + (size_t)(home(id, load<f64>(book + BOOK_ID_SCALE)) & load<u32>(book + BOOK_ID_MASK)) * ID_PLACE_BYTES;
    const i32 side = load<i32>(rows + ROW_SIDE);
    const i64 level = load<i64>(place + ID_WORD);
    if (load<f64>(place) != id || sideIn(level) != side) return false;
    if (load<i32>(rows + ROW_PRICE_DECIMALS) != ABSENT || load<i32>(rows + ROW_QTY_DECIMALS) == ABSENT) return false;
    const f64 *powers = (const f64 *)(mem + word(CTX_POWERS));
    const f64 lots =
        unitsOf(powers, load<f64>(rows + ROW_QTY), load<i32>(rows + ROW_QTY_DECIMALS), load<f64>(book + BOOK_LOT_UNIT), load<i32>(book + BOOK_LOT_SCALE));
    const f64 ticks =
        unitsOf(powers, priceIn(level), decimalsIn(level), load<f64>(book + BOOK_PRICE_UNIT), load<i32>(book + BOOK_PRICE_SCALE));
    return lots > 0 && ticks >= 0 && Side(book, side).changeOne((i64)ticks, lots);
  }

  bool applyLevels(f64 recvUs, f64 last, f64 time) {
    if (from[0] != to[0] && Side(book, 0).apply(from[0], to[0]) != to[0]) return false;
    if (from[1] != to[1] && Side(book, 1).apply(from[1], to[1]) != to[1]) return false;
    return finish(recvUs, last, time);
  }

  bool finish(f64 recvUs, f64 last, f64 time) {
    if (load<f64>(book + BOOK_BID_TICKS) >= load<f64>(book + BOOK_ASK_TICKS)) return false;
    if (load<i32>(book + BOOK_BID_LEVELS) == 0 || load<i32>(book + BOOK_ASK_LEVELS) == 0) return false;
    store<f64>(book + BOOK_LAST_SEQUENCE, last);
    store<f64>(book + BOOK_VENUE_US, time >= 1e14 ? time : time * 1000);
    store<f64>(book + BOOK_RECV_US, recvUs);
    sequence()->fetch_add(1);
    return true;
  }

  bool apply(f64 recvUs) {
    const f64 action = fields[FIELD_ACTION];
    if (kind == MESSAGE_ROWS) return applyRows(recvUs, action);
    if (kind != MESSAGE_DEPTH) return false;
    return applyDepth(recvUs, fields[FIELD_FIRST], fields[FIELD_LAST], fields[FIELD_PREV], fields[FIELD_TIME], action, fields[FIELD_STREAM]);
  }

#include "parts.hpp"

public:
  Kernel(u8 *mem, u32 at)
      : mem(mem), ctx(mem + at), code((const i32 *)(mem + load<u32>(ctx + CTX_CODE))), pool(mem + load<u32>(ctx + CTX_POOL)),
        levels((Level *)(mem + load<u32>(ctx + CTX_LEVELS))), rows(mem + load<u32>(ctx + CTX_ROWS)) {}

  using Reader = bool (Kernel::*)(u8 *ctx, u8 *from, u8 *end, f64 recvUs);

// Made by core/kernel/shape-compiler.ts: the code of each program's shapes, and `reader`, which says whose is whose.
#include "shapes.hpp"

  struct Run {
    u8 *to;
    u32 frames;
  };

  // Whole text frames for as long as each is a published book: core/kernel/assembly/run.ts. Which books changed is noted, as there.
  Run run(Reader read, u8 *context, u8 *at, u8 *end, f64 recvUs) {
    u32 frames = 0, bytes = 0;
    changedCount = 0;
    for (;;) {
      if (end - at < 2 || *at != 0x81) return {at, frames};
      const u32 shortLength = at[1];
      u8 *payload = at + 2, *to = payload + shortLength;
      if (shortLength >= 126) {
        if (shortLength != 126 || end - at < 4) return {at, frames};
        const u32 length = at[2] << 8 | at[3];
        if (length < 126) return {at, frames};
        payload = at + 4;
        to = payload + length;
      }
      if (to > end || !(this->*read)(context, payload, to, recvUs)) return {at, frames};
      at = to;
      frames++;
      bytes += to - payload;
      u32 place = 0;
      while (place < changedCount && changed[place] != book) place++;
      if (place == changedCount) changed[changedCount++] = book;
      if (bytes >= RUN_BYTES || changedCount == MOST_CHANGED) return {at, frames};
    }
  }

  // One frame through the interpreter; false when it is not one that is next in order and of a known shape.
  bool applyShapes(u8 *, u8 *at, u8 *end, f64 recvUs) {
    const i32 shapes = (i32)word(CTX_SHAPES);
    const u8 *starts = mem + word(CTX_STARTS);
    const u8 *shared = mem + word(CTX_SHARED);
    clear();
    for (i32 shape = 0; shape < shapes; shape++) {
      i32 from = 0;
      const u8 *start = at;
      if (shape > 0) {
        // The shape before failed where this one begins to differ: nothing was written since.
        if (failedWord == load<i32>(shared + shape * 4)) {
          from = failedWord;
          start = failedAt;
        } else clear();
      }
      failedWord = -1;
      if (runShape(load<i32>(starts + shape * 4), from, start, end)) return apply(recvUs);
    }
    return false;
  }

private:
  void clear() {
    for (f64 &field : fields) field = __builtin_nan("");
    book = nullptr;
    next = from[0] = to[0] = from[1] = to[1] = levels;
    rowCount = 0;
  }
};
