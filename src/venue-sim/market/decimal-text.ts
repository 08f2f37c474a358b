/**
 * Decimal text of integers, the way venues print prices and quantities. Own code of the simulated venues: the engine under test has its own.
 * Called on every encoded message.
 */

/** `units` of 10^-decimals with exactly that many decimals: (6511420, 2) is 65114.20. */
export function fixedText(units: number, decimals: number): string {
  if (units < 0) return `-${fixedText(-units, decimals)}`;
  const digits = String(units);
  if (decimals === 0) return digits;
  if (digits.length > decimals) return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return `0.${'0'.repeat(decimals - digits.length)}${digits}`;
}

/** The same without zeros at the end: 65140.0 is 65140. */
export function trimmedText(units: number, decimals: number): string {
  const text = fixedText(units, decimals);
  if (decimals === 0) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (text.charCodeAt(end - 1) === 46) end--;
  return text.slice(0, end);
}

/** Exact product of two integers as decimal text with `decimals` decimals. */
export function productText(a: number, b: number, decimals: number): string {
  const product = a * b;
  if (Number.isSafeInteger(product)) return fixedText(product, decimals);
  const digits = (BigInt(a) * BigInt(b)).toString();
  return digits.length > decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : `0.${digits.padStart(decimals, '0')}`;
}
