/**
 * Does one round trip of a grid line earn more than its fees? Exact: whole numbers only. Called when a ladder is made, off the hot path.
 * Buying one unit at `buy` and selling it at `sell` earns sell - buy and costs fee x (buy + sell). For inverse contracts, counted in coin, both sides of
 * the comparison are divided by buy x sell, so the same test holds.
 */
import { parseDecimal } from '../../core/numbers/decimal.js';

export interface RoundTrip {
  /** True when the profit left after fees is at least `leastProfit` of the buy price. */
  readonly pays: boolean;
  /** Shares of the buy price, in percent, for people. */
  readonly stepPercent: string;
  readonly feesPercent: string;
  readonly neededPercent: string;
}

/** @param feeRate per side, decimal text, negative for a rebate @param leastProfit share of the buy price that must be left, decimal text */
export function roundTrip(buyTicks: number, sellTicks: number, feeRate: string, leastProfit: string): RoundTrip {
  const fee = parseDecimal(feeRate);
  const least = parseDecimal(leastProfit);
  const scale = Math.max(fee.scale, least.scale);
  const one = 10n ** BigInt(scale);
  const feeUnits = fee.mantissa * 10n ** BigInt(scale - fee.scale);
  const leastUnits = least.mantissa * 10n ** BigInt(scale - least.scale);
  const buy = BigInt(buyTicks);
  const sell = BigInt(sellTicks);
  const gain = (sell - buy) * one;
  const fees = feeUnits * (buy + sell);
  const left = gain - fees;
  // Least step s with s >= fee x (2 + s) + least, as a share of the buy price.
  const needed = Number(2n * feeUnits + leastUnits) / Number(one - feeUnits);
  return {
    pays: left > 0n && left >= leastUnits * buy,
    stepPercent: percent(Number(sell - buy) / Number(buy)),
    feesPercent: percent(Number(fees) / Number(one * buy)),
    neededPercent: percent(needed),
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}
