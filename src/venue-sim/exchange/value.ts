/**
 * What an execution, a position and a fee are worth on one market, in integer units of its settle asset. The simulated venues' own arithmetic: the engine under
 * test has its own, and both are held against the venues' documents. Called for every execution.
 */
import { assert } from '../../core/numbers/errors.js';
import type { Side } from '../engine/book-side.js';
import type { Market } from '../market/market.js';
import type { AssetTerms, MarketTerms } from './contract.js';
import { ROUNDS_PER_LOT } from './terms.js';

/** A decimal text as a fraction: '0.00055' is 55 / 100000. */
export interface Rate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export function rateOf(text: string): Rate {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  assert(match !== null, `a rate is a decimal text, was '${text}'`);
  const [, sign = '', whole = '', fraction = ''] = match;
  const digits = BigInt(whole + fraction);
  return { numerator: sign === '-' ? -digits : digits, denominator: 10n ** BigInt(fraction.length) };
}

/** To the nearest integer, halves away from zero; `denominator` is positive. */
export function nearest(numerator: bigint, denominator: bigint): bigint {
  const twice = numerator >= 0n ? numerator * 2n + denominator : numerator * 2n - denominator;
  return twice / (denominator * 2n);
}

export function partOf(units: bigint, rate: Rate): bigint {
  return nearest(units * rate.numerator, rate.denominator);
}

/** Away from zero: what must be there is never too little. */
export function atLeast(units: bigint, divisor: bigint): bigint {
  return (units + divisor - 1n) / divisor;
}

/** `units` of 10^-decimals as decimal text, exactly that many decimals. */
export function unitsText(units: bigint, decimals: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The same without zeros at the end. */
export function plainText(units: bigint, decimals: number): string {
  const text = unitsText(units, decimals);
  return decimals === 0 ? text : text.replace(/\.?0+$/, '');
}

/** A mark price as a fraction of ticks: `units` / `perTick` ticks. */
export interface Mark {
  readonly units: bigint;
  readonly perTick: bigint;
  readonly price: number;
  readonly text: string;
}

export class MarketValue {
  readonly settle: AssetTerms;
  readonly base: AssetTerms;
  readonly isInverse: boolean;
  readonly isSpot: boolean;
  /** Linear, quanto, spot: value = lots x ticks x n / d. Inverse: value = lots x n / (ticks x d). */
  readonly #numerator: bigint;
  readonly #denominator: bigint;
  readonly #perLot: boolean;
  readonly #baseUnitsPerLot: bigint;
  readonly #markDecimals: number;
  readonly #tickMarkUnits: bigint;
  readonly #market: Market;

  constructor(market: Market, terms: MarketTerms) {
    const { spec } = market;
    this.#market = market;
    this.settle = terms.settle;
    this.base = terms.base;
    this.isInverse = spec.kind === 'inverse';
    this.isSpot = spec.kind === 'spot';
    this.#perLot = ROUNDS_PER_LOT.has(spec.venue);
    const scale = 10n ** BigInt(terms.settle.decimals);
    const lot = BigInt(spec.lotUnits) * scale;
    const contract = contractRate(market);
    const decimals = BigInt(spec.priceDecimals);
    const lots = 10n ** BigInt(spec.qtyDecimals) * contract.denominator;
    this.#numerator = lot * contract.numerator * (this.isInverse ? 10n ** decimals : BigInt(spec.tickUnits));
    this.#denominator = lots * (this.isInverse ? BigInt(spec.tickUnits) : 10n ** decimals);
    this.#baseUnitsPerLot = (BigInt(spec.lotUnits) * 10n ** BigInt(terms.base.decimals)) / 10n ** BigInt(spec.qtyDecimals);
    this.#markDecimals = terms.markDecimals;
    this.#tickMarkUnits = BigInt(spec.tickUnits) * 10n ** BigInt(Math.max(0, terms.markDecimals - spec.priceDecimals));
    assert(terms.markDecimals >= spec.priceDecimals, `a mark price of ${spec.symbol} has at least as many decimals as its prices`);
  }

  /** Of an execution: positive, rounded by the venue's rule. Exact for spot and linear contracts. */
  execution(lots: number, ticks: number): bigint {
    return this.#value(BigInt(lots), BigInt(ticks), 1n);
  }

  /** Of a position at the mark. */
  atMark(lots: number, mark: Mark): bigint {
    return this.#value(BigInt(Math.abs(lots)), mark.units, mark.perTick);
  }

  /** The same without rounding, signed by the sign of `lots`: numerator and denominator. Sums over accounts are exact. */
  exactAtMark(lots: bigint, mark: Mark): { readonly numerator: bigint; readonly denominator: bigint } {
    return this.isInverse
      ? { numerator: lots * this.#numerator * mark.perTick, denominator: this.#denominator * mark.units }
      : { numerator: lots * this.#numerator * mark.units, denominator: this.#denominator * mark.perTick };
  }

  baseUnits(lots: number): bigint {
    return BigInt(lots) * this.#baseUnitsPerLot;
  }

  /** Profit of a holding of `direction` whose value went from `entry` to `exit`: an inverse contract is worth less coins when the price is higher. */
  profit(direction: Side, entry: bigint, exit: bigint): bigint {
    return (direction === 'buy') === this.isInverse ? entry - exit : exit - entry;
  }

  /** Average price of lots that are worth `units`, for display. */
  priceOf(lots: number, units: bigint): number | null {
    if (lots === 0 || units <= 0n) return null;
    const perTick = Number(this.#numerator) / Number(this.#denominator);
    const ticks = this.isInverse ? (lots * perTick) / Number(units) : Number(units) / (lots * perTick);
    return ticks * this.#market.tickSize;
  }

  mark(): Mark {
    const text = this.#market.markPrice.toFixed(this.#markDecimals);
    return { units: BigInt(text.replace('.', '')), perTick: this.#tickMarkUnits, price: Number(text), text };
  }

  #value(lots: bigint, units: bigint, perTick: bigint): bigint {
    const [numerator, denominator] = this.isInverse
      ? [this.#numerator * perTick, this.#denominator * units]
      : [this.#numerator * units, this.#denominator * perTick];
    return this.#perLot ? lots * nearest(numerator, denominator) : nearest(lots * numerator, denominator);
  }
}

/** Settle asset per price unit (inverse: quote units) of quantity 1. A quanto's is fixed in its settle coin: 100 satoshi a dollar for ETHUSD. */
function contractRate(market: Market): Rate {
  const { spec } = market;
  if (spec.kind === 'quanto') return rateOf('0.000001');
  return rateOf(spec.contractValue.toFixed(6));
}
