/** From the decimals of a request to whole ticks and lots, and back to the venue's limits. Called by the order parsers of the three Binance venues. */
import type { Market } from '../../market/market.js';
import type { SentDecimal } from './request.js';

/** How many steps of `stepUnits` x 10^-stepDecimals a decimal is; null when it lies between two of them. */
export function stepsOf(sent: SentDecimal, stepUnits: number, stepDecimals: number): number | null {
  const { units, decimals } = sent;
  const scaled = decimals <= stepDecimals ? units * 10n ** BigInt(stepDecimals - decimals) : null;
  if (scaled === null || scaled % BigInt(stepUnits) !== 0n) return null;
  const steps = Number(scaled / BigInt(stepUnits));
  return Number.isSafeInteger(steps) ? steps : null;
}

export function ticksOf(market: Market, price: SentDecimal): number | null {
  return stepsOf(price, market.spec.tickUnits, market.spec.priceDecimals);
}

export function lotsOf(market: Market, quantity: SentDecimal): number | null {
  return stepsOf(quantity, market.spec.lotUnits, market.spec.qtyDecimals);
}

/** `decimal` in units of 10^-decimals; null when it has more of them. */
export function unitsOf(sent: SentDecimal, decimals: number): bigint | null {
  return sent.decimals > decimals ? null : sent.units * 10n ** BigInt(decimals - sent.decimals);
}
