/**
 * Numbers that clients of Bybit and BitMEX send, read as integers of a venue's own unit. Exact: the text is never a float on the way. Called by the
 * venues' request parsers on the thread of the `venues` process.
 */

/** A number that is none, or one with more decimals than the unit has. */
export type UnreadNumber = 'malformed' | 'too-fine';

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const MOST_LENGTH = 64;

/** `text` in units of 10^-decimals: ('65114.2', 2) is 6511420. */
export function unitsOf(text: string, decimals: number): bigint | UnreadNumber {
  const match = text.length <= MOST_LENGTH ? DECIMAL.exec(text.trim()) : null;
  if (match === null) return 'malformed';
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return 'malformed';
  const shift = decimals - fraction.length + Number(exponent);
  const digits = BigInt(`${whole}${fraction}`);
  if (shift >= 0) return (sign === '-' ? -digits : digits) * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  if (digits % divisor !== 0n) return 'too-fine';
  return sign === '-' ? -(digits / divisor) : digits / divisor;
}

/** How many steps of `stepUnits` a number is; 'too-fine' when it lies between two of them. */
export function stepsOf(text: string, stepUnits: number, decimals: number): number | UnreadNumber {
  const units = unitsOf(text, decimals);
  if (typeof units === 'string') return units;
  const step = BigInt(stepUnits);
  if (units % step !== 0n) return 'too-fine';
  const steps = Number(units / step);
  return Number.isSafeInteger(steps) ? steps : 'malformed';
}

/** Decimal text of an integer of 10^-decimals, without zeros at the end. */
export function unitsText(units: bigint, decimals: number): string {
  if (units < 0n) return `-${unitsText(-units, decimals)}`;
  if (decimals === 0) return units.toString();
  const digits = units.toString().padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.replace(/\.?0+$/, '');
}
