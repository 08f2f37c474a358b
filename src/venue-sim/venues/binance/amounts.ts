/** Numbers of orders, executions and wallets as the Binance venues print them. Exact: money is integers to the last digit. Called for each private message. */
import type { AssetTerms, Order } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';

/** `units` of 10^-decimals with `shown` decimals; what does not fit is cut towards zero. */
export function unitsText(units: bigint, decimals: number, shown = decimals): string {
  if (units < 0n) {
    const text = unitsText(-units, decimals, shown);
    return /[1-9]/.test(text) ? `-${text}` : text;
  }
  const scaled = shown >= decimals ? units * 10n ** BigInt(shown - decimals) : units / 10n ** BigInt(decimals - shown);
  if (shown === 0) return scaled.toString();
  const digits = scaled.toString().padStart(shown + 1, '0');
  return `${digits.slice(0, -shown)}.${digits.slice(-shown)}`;
}

/** Money of an asset, always with 8 decimals. */
export function moneyText(units: bigint, terms: AssetTerms): string {
  return unitsText(units, terms.decimals, 8);
}

/** A quotient as decimal text, rounded half up. */
export function ratioText(numerator: bigint, denominator: bigint, shown: number): string {
  if (denominator === 0n) return unitsText(0n, shown);
  const scaled = numerator * 10n ** BigInt(shown);
  const half = denominator / 2n;
  return unitsText(scaled >= 0n ? (scaled + half) / denominator : -((-scaled + half) / denominator), shown);
}

/** Average price of an order's fills; zero without any. */
export function averageText(order: Order, shown: number): string {
  const { market, filledLots, filledTickLots } = order;
  return ratioText(filledTickLots * BigInt(market.spec.tickUnits), BigInt(filledLots) * 10n ** BigInt(market.spec.priceDecimals), shown);
}

export function priceText(market: Market, ticks: number | null): string {
  return market.priceText(ticks ?? 0);
}

/** Value of an execution in the quote asset: as many decimals as price and quantity have together, 8 at most. */
export function quoteText(market: Market, ticks: number, lots: number): string {
  return tickLotsText(market, BigInt(ticks) * BigInt(lots));
}

export function tickLotsText(market: Market, tickLots: bigint): string {
  const { spec } = market;
  const decimals = spec.priceDecimals + spec.qtyDecimals;
  return unitsText(tickLots * BigInt(spec.tickUnits) * BigInt(spec.lotUnits), decimals, Math.min(8, decimals));
}

/** Decimal text of a price that is no multiple of the tick (liquidation, break even); zero when there is none. */
export function displayPrice(price: number | null, decimals: number): string {
  return price === null || !Number.isFinite(price) ? '0' : price.toFixed(decimals);
}

export function milliseconds(timeUs: number): number {
  return Math.floor(timeUs / 1_000);
}
