/** The units in which a book counts, and the exact way from a venue's number to them. Off the hot path, except `units`. */
import { parseDecimal } from '../numbers/decimal.js';
import { EngineError } from '../numbers/errors.js';

export interface Grid {
  /** One tick is priceUnit / 10^priceScale. */
  readonly priceUnit: number;
  readonly priceScale: number;
  /** One lot is lotUnit / 10^lotScale. */
  readonly lotUnit: number;
  readonly lotScale: number;
}

/** 10^0 .. 10^22, all exact. */
export const POWERS = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/** The number is finer than the grid. */
export const UNITS_FINER = -1;
/** The number is beyond 2^53 units. */
export const UNITS_RANGE = -2;

/** Starting point where no metadata exists: whole numbers, until a finer one is seen. */
export const COARSEST: Grid = { priceUnit: 1, priceScale: 0, lotUnit: 1, lotScale: 0 };

/** `mantissa / 10^decimals` counted in `unit / 10^scale`; UNITS_FINER or UNITS_RANGE when that is no whole number or too large. Never negative else. */
export function unitsOf(mantissa: number, decimals: number, unit: number, scale: number): number {
  if (decimals > scale) return UNITS_FINER;
  const value = mantissa * POWERS[scale - decimals]!;
  if (value > Number.MAX_SAFE_INTEGER) return UNITS_RANGE;
  if (unit === 1) return value;
  return value % unit === 0 ? value / unit : UNITS_FINER;
}

function stepOf(text: string): { readonly unit: number; readonly scale: number } {
  const { mantissa, scale } = parseDecimal(text);
  const unit = Number(mantissa);
  if (mantissa <= 0n || !Number.isSafeInteger(unit) || scale > 18) throw new EngineError('BAD_STEP', 'give-up', { step: text });
  return { unit, scale };
}

export function gridOf(tickSize: string, lotSize: string): Grid {
  const price = stepOf(tickSize);
  const lot = stepOf(lotSize);
  return { priceUnit: price.unit, priceScale: price.scale, lotUnit: lot.unit, lotScale: lot.scale };
}

/** `units x unit / 10^scale` as a ratio of two grids' units: exact powers where possible. Multiply units of `from` by it to count in `to`. */
export function ratioOf(
  from: { readonly unit: number; readonly scale: number },
  to: { readonly unit: number; readonly scale: number },
): number {
  const shift = to.scale - from.scale;
  return shift >= 0 ? (from.unit * POWERS[shift]!) / to.unit : from.unit / (to.unit * POWERS[-shift]!);
}
