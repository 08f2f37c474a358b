/**
 * Whole numbers that stand in memory as f64, which is what JavaScript reads there. WebAssembly's own conversion rounds, converts, converts back and compares, nine
 * instructions and some 25 cycles; adding 1.5 x 2^52 leaves the number in the low bits of the sum.
 */

const SHIFT: f64 = 6_755_399_441_055_744;
const SHIFT_BITS: i64 = 0x4338_0000_0000_0000;
/** Half of what the sum could hold: what is larger, or no number, comes out beyond it. */
const MOST: i64 = 1 << 50;

/** Right when `isWhole` says so. */
// @ts-ignore: decorator
@inline
export function wholeOf(value: f64): i64 {
  return reinterpret<i64>(value + SHIFT) - SHIFT_BITS;
}

/** That `wholeOf` was given a number from -2^50 to 2^50. */
// @ts-ignore: decorator
@inline
export function isWhole(whole: i64): bool {
  return <u64>(whole + MOST) <= <u64>(MOST * 2);
}

/** The nearest whole number's low half; the same of any number on both sides of the memory (feeds/id-levels.ts). */
// @ts-ignore: decorator
@inline
export function lowHalfOf(value: f64): u32 {
  return <u32>reinterpret<i64>(value + SHIFT);
}
