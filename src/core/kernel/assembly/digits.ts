/**
 * Decimal text in 16-byte loads, without a branch that depends on the digits. A load may touch bytes behind a frame's end; callers make sure that nothing
 * behind the last byte they accept has a say: the first byte that is no digit ends a number, and its place is checked against the end.
 */

// @ts-ignore: decorator
@inline
export function iota(): v128 {
  return i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Digits as 0..9; other bytes as 10 and more. */
// @ts-ignore: decorator
@inline
export function digitsOf(bytes: v128): v128 {
  return i8x16.sub(bytes, i8x16.splat(0x30));
}

/** One bit for each byte that is no digit. */
// @ts-ignore: decorator
@inline
export function nonDigits(digits: v128): i32 {
  return i8x16.bitmask(i8x16.gt_u(digits, i8x16.splat(9)));
}

/** Its lower half: as a number it is one move, where V8 has two for the lane of an integer. */
// @ts-ignore: decorator
@inline
export function lowLane(lanes: v128): i64 {
  return reinterpret<i64>(f64x2.extract_lane(lanes, 0));
}

/** 16 digits, the most significant first. */
// @ts-ignore: decorator
@inline
export function valueOf(digits: v128): i64 {
  const pairs = i16x8.shr_u(i16x8.mul(digits, i16x8.splat(2561)), 8);
  const fours = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const narrow = i16x8.narrow_i32x4_u(fours, fours);
  const eights = lowLane(i32x4.dot_i16x8_s(narrow, i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1)));
  return (eights & 0xffff_ffff) * 100_000_000 + (eights >>> 32);
}

/** An unsigned integer of `count` (1 to 16) digits at `at`, of which the digits are given. */
// @ts-ignore: decorator
@inline
export function integerOf(digits: v128, count: i32): i64 {
  return valueOf(i8x16.swizzle(digits, i8x16.add(iota(), i8x16.splat(<i8>(count - 16)))));
}
