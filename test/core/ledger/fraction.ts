/** Exact fractions, for ledgers that are slow on purpose. The denominator is positive, and both are without a common divisor. */
import { parseDecimal } from '../../../src/core/numbers/decimal.js';

export type Fraction = readonly [numerator: bigint, denominator: bigint];

export const ZERO: Fraction = [0n, 1n];

export const plus = (a: Fraction, b: Fraction): Fraction => reduced(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
export const minus = (a: Fraction): Fraction => [-a[0], a[1]];
export const times = (a: Fraction, b: Fraction): Fraction => reduced(a[0] * b[0], a[1] * b[1]);
/** `b` must be positive. */
export const over = (a: Fraction, b: Fraction): Fraction => reduced(a[0] * b[1], a[1] * b[0]);
export const magnitude = (a: Fraction): Fraction => (a[0] < 0n ? minus(a) : a);
export const isLess = (a: Fraction, b: Fraction): boolean => a[0] * b[1] < b[0] * a[1];
export const whole = (value: bigint | number): Fraction => [BigInt(value), 1n];

export function ofDecimal(text: string): Fraction {
  const { mantissa, scale } = parseDecimal(text);
  return reduced(mantissa, 10n ** BigInt(scale));
}

/** To the nearest 1e-8, halves away from zero. */
export function toWallet(value: Fraction): Fraction {
  const [numerator, denominator] = magnitude(value);
  const units = (numerator * 200_000_000n + denominator) / (2n * denominator);
  return reduced(value[0] < 0n ? -units : units, 100_000_000n);
}

/** Whether an integer of 10^-scale equals a fraction, to within `slack` such integers. */
export function isSame(value: bigint, scale: number, fraction: Fraction, slack = 0): boolean {
  const away = plus([value, 10n ** BigInt(scale)], minus(fraction));
  return !isLess([BigInt(slack), 10n ** BigInt(scale)], magnitude(away));
}

function reduced(numerator: bigint, denominator: bigint): Fraction {
  let a = numerator < 0n ? -numerator : numerator;
  let b = denominator;
  while (b !== 0n) [a, b] = [b, a % b];
  return [numerator / a, denominator / a];
}
