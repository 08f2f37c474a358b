// What the code of compiled shapes is made of: core/kernel/assembly/parts.ts. Members of Kernel; what they leave behind stands in it, not in the context.

static constexpr u8 *nowhere = nullptr;
static constexpr f64 NaN = __builtin_nan("");

static bool isNowhere(const u8 *place) { return place == nullptr; }
static i32 left(const u8 *at, const u8 *end) { return (i32)(end - at); }
static u64 word(const u8 *at, u32 offset) { return load<u64>(at + offset); }
static u32 half(const u8 *at, u32 offset) { return load<u32>(at + offset); }
static u32 pair(const u8 *at, u32 offset) { return load<u16>(at + offset); }
static u32 byte(const u8 *at, u32 offset) { return at[offset]; }

void begin(u8 *) {
  for (u32 field = FIELD_FIRST; field <= FIELD_TIME; field++) fields[field] = NaN;
  book = nullptr;
  next = from[0] = to[0] = from[1] = to[1] = levels;
  rowCount = 0;
}

static __m128i digitsAt(u8 *, const u8 *at) { return _mm_sub_epi8(vector(at), _mm_set1_epi8(0x30)); }
static i32 digitCount(u8 *, __m128i digits) { return (i32)_tzcnt_u32(_mm_movemask_epi8(_mm_adds_epu8(digits, _mm_set1_epi8(118))) | 0x10000); }

u8 guesses[64] = {};

i32 guessed(u8 *, u32 place) const {
  i32 count = guesses[place - CTX_GUESSES];
  // Not known to be equal to what it is compared with: else the compiler would wait for that.
  asm("" : "+r"(count));
  return count;
}

void guess(u8 *, u32 place, i32 count) { guesses[place - CTX_GUESSES] = (u8)count; }

static bool isInteger(const u8 *at, i32 count) { return (u32)(count - 1) < 15 && (*at != 0x30 || count == 1); }

f64 integerValue(u8 *, __m128i digits, i32 count) const {
  return (f64)valueOf(_mm_shuffle_epi8(digits, vector(mem + word(CTX_TABLES) + TABLE_SLIDE + count)));
}

static i32 textLength(const u8 *at) {
  const __m256i bytes = _mm256_loadu_si256((const __m256i *)at);
  const u32 quotes = (u32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x22)));
  const __m256i odd = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x5c)), _mm256_cmpeq_epi8(bytes, _mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f))));
  return quotes == 0 || ((u32)_mm256_movemask_epi8(odd) & ~quotes & (quotes - 1)) != 0 ? -1 : (i32)_tzcnt_u32(quotes);
}

static i32 quoteAfter(u8 *, const u8 *at) { return (i32)_tzcnt_u32(_mm_movemask_epi8(_mm_cmpeq_epi8(vector(at), _mm_set1_epi8(0x22))) | 0x10000); }

u8 *knownSymbol(u8 *, const u8 *at, i32 length) const {
  const __m128i text = _mm_and_si128(vector(at), vector(mem + word(CTX_TABLES) + TABLE_KEEP + 16 - length));
  const u64 high = (u64)_mm_extract_epi64(text, 1);
  const u64 hash = ((u64)_mm_cvtsi128_si64(text) ^ (high << 29 | high >> 35)) * 0x9e3779b97f4a7c15ull;
  u8 *place = mem + word(CTX_SYMBOLS) + (size_t)((u32)(hash >> 40) & word(CTX_SYMBOL_MASK)) * SYMBOL_PLACE_BYTES;
  const __m128i differs = _mm_xor_si128(text, vector(place));
  if (load<i32>(place + SYMBOL_LENGTH) == length && _mm_testz_si128(differs, differs)) return place;
  return (u8 *)placeOf(at, length);
}

static i32 instrumentOf(const u8 *place) { return load<i32>(place + SYMBOL_INSTRUMENT); }

u8 *bookOf(u8 *, const u8 *place) {
  const u32 at = load<u32>(place + SYMBOL_BOOK);
  return book = at == 0 ? nullptr : mem + at;
}

u8 *levelsOfSide(u8 *, u8 *, u8 *at, u8 *end, i32 ask) { return (u8 *)readLevels(at, end, ask); }

bool applyDepthFields(u8 *, u8 *, i32, f64 recvUs, f64 first, f64 last, f64 prev, f64 time, f64 action, f64 stream) {
  return applyDepth(recvUs, first, last, prev, time, action, stream);
}

bool applyRowFields(u8 *, f64 recvUs, f64 action) { return applyRows(recvUs, action); }

u8 *firstRow(u8 *) const { return rows; }
u8 *endOfRows(u8 *) const { return mem + word(CTX_ROWS_END); }

static void clearRow(u8 *row) {
  store<i32>(row + ROW_PRICE_DECIMALS, ABSENT);
  store<i32>(row + ROW_QTY_DECIMALS, ABSENT);
}

void countRows(u8 *, u8 *row) { rowCount = (i32)((row - rows) / ROW_BYTES); }

bool isRowSymbol(u8 *context, const u8 *at, i32 length, const u8 *row) {
  if (row != rows) return length == symbolLength && memcmp(at, symbolAt, length) == 0;
  const u8 *place = knownSymbol(context, at, length);
  if (!place) return false;
  symbolAt = at;
  symbolLength = length;
  return bookOf(context, place) != nullptr;
}

static void setRowId(u8 *row, f64 id) { store<f64>(row + ROW_ID, id); }
static void setRowSide(u8 *row, i32 side) { store<i32>(row + ROW_SIDE, side); }

u8 *rowQty(u8 *context, u8 *at, const u8 *end, u8 *row) const {
  const __m128i digits = digitsAt(context, at);
  const i32 count = digitCount(context, digits);
  if (!isInteger(at, count) || at[count] == 0x2e) return rowDecimal(at, end, row + ROW_QTY, row + ROW_QTY_DECIMALS);
  store<f64>(row + ROW_QTY, integerValue(context, digits, count));
  store<i32>(row + ROW_QTY_DECIMALS, 0);
  return at + count;
}
u8 *rowPrice(u8 *, const u8 *at, const u8 *end, u8 *row) const { return rowDecimal(at, end, row + ROW_PRICE, row + ROW_PRICE_DECIMALS); }

u8 *rowDecimal(const u8 *at, const u8 *end, u8 *mantissaAt, u8 *decimalsAt) const {
  f64 mantissa;
  i32 decimals;
  const u8 *after = decimal(at, end, mantissa, decimals);
  if (!after) return nullptr;
  store<f64>(mantissaAt, mantissa);
  store<i32>(decimalsAt, decimals);
  return (u8 *)after;
}

// No recorded row has a time: such a frame is not taken here.
static u8 *timeAt(u8 *, u8 *, u8 *, u32) { return nullptr; }
