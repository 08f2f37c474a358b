/** Exact sums of decimal texts: a sum is an integer of 10^-scale, and its scale grows with what is added. */
import { formatDecimal, parseDecimal } from '../core/numbers/decimal.js';

export class Amount {
  static readonly ZERO = new Amount(0n, 0);

  constructor(
    readonly mantissa: bigint,
    readonly scale: number,
  ) {}

  static of(text: string): Amount {
    const { mantissa, scale } = parseDecimal(text);
    return new Amount(mantissa, scale);
  }

  plus(other: Amount): Amount {
    const scale = Math.max(this.scale, other.scale);
    return new Amount(this.at(scale) + other.at(scale), scale);
  }

  minus(other: Amount): Amount {
    return this.plus(other.negated());
  }

  times(other: Amount): Amount {
    return new Amount(this.mantissa * other.mantissa, this.scale + other.scale);
  }

  negated(): Amount {
    return new Amount(-this.mantissa, this.scale);
  }

  /** The quotient in whole units of 10^-scale, to the nearest, halves away from zero. */
  dividedBy(other: Amount, scale: number): Amount {
    const numerator = this.mantissa * 10n ** BigInt(other.scale + scale);
    return new Amount(nearest(numerator, other.mantissa * 10n ** BigInt(this.scale)), scale);
  }

  /** To whole units of 10^-scale, to the nearest, halves away from zero. */
  rounded(scale: number): Amount {
    return this.scale <= scale ? this : new Amount(nearest(this.mantissa, 10n ** BigInt(this.scale - scale)), scale);
  }

  get isZero(): boolean {
    return this.mantissa === 0n;
  }

  get isNegative(): boolean {
    return this.mantissa < 0n;
  }

  equals(other: Amount): boolean {
    return this.minus(other).isZero;
  }

  toString(): string {
    return formatDecimal(this.mantissa, this.scale);
  }

  /** The integer at a scale that is not smaller than its own. */
  at(scale: number): bigint {
    return this.mantissa * 10n ** BigInt(scale - this.scale);
  }
}

/** Canonical texts equal? `1.50` is `1.5`. */
export function isSame(a: string, b: string): boolean {
  return Amount.of(a).equals(Amount.of(b));
}

/** Sums by name. */
export class Sums {
  readonly #sums = new Map<string, Amount>();

  add(name: string, amount: Amount): void {
    this.#sums.set(name, this.of(name).plus(amount));
  }

  of(name: string): Amount {
    return this.#sums.get(name) ?? Amount.ZERO;
  }

  get names(): readonly string[] {
    return [...this.#sums.keys()];
  }
}

function nearest(numerator: bigint, denominator: bigint): bigint {
  const isNegative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  const whole = (2n * top + bottom) / (2n * bottom);
  return isNegative ? -whole : whole;
}
