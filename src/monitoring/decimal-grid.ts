/** Decimal text of ticks and lots of one grid step, for rows shown to people. Service lane. */
import { formatDecimal, parseDecimal } from '../core/numbers/decimal.js';

export class DecimalGrid {
  readonly #unit: bigint;
  readonly #scale: number;
  readonly #float: number;

  constructor(unit: bigint, scale: number) {
    this.#unit = unit;
    this.#scale = scale;
    this.#float = Number(unit) / 10 ** scale;
  }

  static ofStep(step: string): DecimalGrid {
    const { mantissa, scale } = parseDecimal(step);
    return new DecimalGrid(mantissa, scale);
  }

  /** '0' for what is not a whole number: rows never throw. */
  text(count: number): string {
    return Number.isSafeInteger(count) ? formatDecimal(BigInt(count) * this.#unit, this.#scale) : '0';
  }

  /** As `text`, null for NaN and infinities; a fraction of a step is rounded to the nearest. */
  textOrNull(count: number): string | null {
    return Number.isFinite(count) ? this.text(Math.round(count)) : null;
  }

  float(count: number): number {
    return count * this.#float;
  }
}
