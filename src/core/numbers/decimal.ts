/**
 * Decimal text and exact integers. A decimal is `mantissa / 10^scale`; its canonical form has no exponent, no plus sign, no needless zeros.
 * Off the hot path (metadata, mappers, files, screens); the kernel parses the bytes of hot frames itself, to the same meaning.
 */
import { EngineError } from './errors.js';

export interface Decimal {
  /** Signed, without trailing zeros after the point. */
  readonly mantissa: bigint;
  /** Digits after the point, 0 or more. */
  readonly scale: number;
}

/** Longest text and largest exponent taken: a venue's number, not an attack on memory. */
const MAX_TEXT = 400;
const MAX_EXPONENT = 400;
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

function bad(text: string): EngineError {
  return new EngineError('BAD_DECIMAL', 'give-up', { text: text.slice(0, 80) });
}

/** Throws EngineError BAD_DECIMAL for anything that is not a decimal number. */
export function parseDecimal(text: string): Decimal {
  const parts = text.length <= MAX_TEXT ? PATTERN.exec(text) : null;
  if (parts === null) throw bad(text);
  const whole = parts[2] ?? '';
  const fraction = parts[3] ?? '';
  if (whole.length + fraction.length === 0) throw bad(text);
  const exponent = parts[4] === undefined ? 0 : Number(parts[4]);
  if (Math.abs(exponent) > MAX_EXPONENT) throw bad(text);
  let digits = whole + fraction;
  let scale = fraction.length - exponent;
  if (scale < 0) {
    digits += '0'.repeat(-scale);
    scale = 0;
  }
  let end = digits.length;
  while (scale > 0 && end > 0 && digits.charCodeAt(end - 1) === 48) {
    end--;
    scale--;
  }
  const magnitude = end === 0 ? 0n : BigInt(digits.slice(0, end));
  if (magnitude === 0n) return { mantissa: 0n, scale: 0 };
  return { mantissa: parts[1] === '-' ? -magnitude : magnitude, scale };
}

/** `mantissa / 10^scale` in canonical form. */
export function formatDecimal(mantissa: bigint, scale: number): string {
  if (mantissa === 0n) return '0';
  const sign = mantissa < 0n ? '-' : '';
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString();
  if (scale <= 0) return sign + digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale);
  let end = padded.length;
  while (end > whole.length && padded.charCodeAt(end - 1) === 48) end--;
  return end === whole.length ? sign + whole : `${sign}${whole}.${padded.slice(whole.length, end)}`;
}

/** `61800.20` becomes `61800.2`, `9.12E-7` becomes `0.000000912`, `-0` becomes `0`. */
export function canonicalDecimal(text: string): string {
  const { mantissa, scale } = parseDecimal(text);
  return formatDecimal(mantissa, scale);
}

/** Decimals that the value really has: 2 for `0.010`, 0 for `100.00`. */
export function scaleOf(text: string): number {
  return parseDecimal(text).scale;
}

function quotient(text: string, step: string): { readonly whole: bigint; readonly rest: bigint } {
  const value = parseDecimal(text);
  const unit = parseDecimal(step);
  if (unit.mantissa <= 0n) throw new EngineError('BAD_STEP', 'give-up', { step });
  const scale = Math.max(value.scale, unit.scale);
  const numerator = value.mantissa * 10n ** BigInt(scale - value.scale);
  const denominator = unit.mantissa * 10n ** BigInt(scale - unit.scale);
  let whole = numerator / denominator;
  let rest = numerator % denominator;
  if (rest < 0n) {
    whole -= 1n;
    rest += denominator;
  }
  return { whole, rest };
}

function safe(value: bigint, text: string, step: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new EngineError('OUT_OF_RANGE', 'give-up', { text, step, most: Number.MAX_SAFE_INTEGER });
  return number;
}

/** How many steps make up the value; throws EngineError OFF_GRID when it is not a whole number of them, OUT_OF_RANGE beyond 2^53. */
export function ticksOf(text: string, tickSize: string): number {
  const { whole, rest } = quotient(text, tickSize);
  if (rest !== 0n) throw new EngineError('OFF_GRID', 'give-up', { text, step: tickSize });
  return safe(whole, text, tickSize);
}

/** Largest whole number of steps that is not above the value. */
export function toTicksDown(text: string, tickSize: string): number {
  return safe(quotient(text, tickSize).whole, text, tickSize);
}

/** Smallest whole number of steps that is not below the value. */
export function toTicksUp(text: string, tickSize: string): number {
  const { whole, rest } = quotient(text, tickSize);
  return safe(rest === 0n ? whole : whole + 1n, text, tickSize);
}

/** A whole number of steps as canonical decimal text. */
export function formatTicks(ticks: number, tickSize: string): string {
  if (!Number.isSafeInteger(ticks)) throw new EngineError('OUT_OF_RANGE', 'give-up', { ticks: String(ticks), step: tickSize });
  const unit = parseDecimal(tickSize);
  return formatDecimal(BigInt(ticks) * unit.mantissa, unit.scale);
}
