/** Symbol text to instrument and book: 64-byte places, hashed by their first 32 bytes, open addressing. Filled by the loader through `admit`. */
import { CTX_SYMBOLS, CTX_SYMBOL_MASK, SYMBOL_BOOK, SYMBOL_INSTRUMENT, SYMBOL_LENGTH, SYMBOL_MOST, SYMBOL_PLACE_BYTES } from '../context';
import { iota } from './digits';

/** The first `count` bytes; zeros behind them. */
// @ts-ignore: decorator
@inline
function head(bytes: v128, count: i32): v128 {
  return v128.and(bytes, i8x16.gt_s(i8x16.splat(<i8>count), iota()));
}

/** Place of the symbol, or the free place where it would stand; 0 when the text is too long. */
export function placeOf(ctx: usize, from: usize, length: i32): usize {
  if (<u32>(length - 1) >= <u32>SYMBOL_MOST) return 0;
  const low = head(v128.load(from), min(length, 16));
  let high = i64x2.splat(0);
  if (length > 16) high = head(v128.load(from, 16), length - 16);
  const mixed = v128.xor(low, i64x2.shl(high, 1));
  let hash = i64x2.extract_lane(mixed, 0) ^ rotl<i64>(i64x2.extract_lane(mixed, 1), 29);
  hash *= <i64>0x9e3779b97f4a7c15;
  const table = <usize>load<u32>(ctx, CTX_SYMBOLS);
  const mask = load<u32>(ctx, CTX_SYMBOL_MASK);
  let index = <u32>(hash >>> 40) & mask;
  for (let tries: u32 = 0; tries <= mask; tries++) {
    const place = table + <usize>index * SYMBOL_PLACE_BYTES;
    const known = load<i32>(place, SYMBOL_LENGTH);
    if (known == 0) return place;
    if (known == length) {
      const differs = v128.or(v128.xor(low, v128.load(place)), v128.xor(high, v128.load(place, 16)));
      if (!v128.any_true(differs)) return place;
    }
    index = (index + 1) & mask;
  }
  return 0;
}

/** Makes a symbol known. 0 when it cannot be: too long, or no room. */
export function admit(ctx: usize, from: usize, length: i32, instrument: i32, book: i32): i32 {
  const place = placeOf(ctx, from, length);
  if (place == 0) return 0;
  v128.store(place, head(v128.load(from), min(length, 16)));
  v128.store(place, length > 16 ? head(v128.load(from, 16), length - 16) : i64x2.splat(0), 16);
  store<i32>(place, length, SYMBOL_LENGTH);
  store<i32>(place, instrument, SYMBOL_INSTRUMENT);
  store<i32>(place, book, SYMBOL_BOOK);
  return 1;
}
