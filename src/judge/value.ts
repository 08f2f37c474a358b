/**
 * What trades and positions are worth, by the venues' documents; written for the judge alone, so that a mistake of the ledger is not repeated here.
 *
 * `cash` is what a wallet would hold if every position were closed for nothing: a trade moves it by its value, a mark does not move it at all. Wallet plus
 * unrealised profit is cash plus the value of the positions at the venue's mark, so the venue's cash follows from three things that it tells together.
 */
import { parseDecimal } from '../core/numbers/decimal.js';
import type { Instrument } from '../core/orders/instrument.js';
import { Amount } from './exact.js';
import type { VenuePosition } from './venue-books.js';

/** Digits of a wallet: 1e-8 everywhere, except tether at BitMEX. */
function walletScaleOf(instrument: Instrument): number {
  return instrument.venue === 'bitmex' && instrument.settle === 'USDT' ? 6 : 8;
}

/**
 * Positive value of a quantity at a price in the asset that it is settled in. BitMEX rounds the value of one lot and multiplies; elsewhere the whole is rounded,
 * which leaves trades of spot and linear contracts as they are: a tick times a lot is no finer than a wallet.
 */
export function valueOf(instrument: Instrument, qty: Amount, price: Amount): Amount {
  const scale = walletScaleOf(instrument);
  const size = (qty.isNegative ? qty.negated() : qty).times(Amount.of(instrument.multiplier));
  if (instrument.venue !== 'bitmex') return instrument.kind === 'inverse' ? size.dividedBy(price, scale) : size.times(price).rounded(scale);
  const lot = Amount.of(instrument.lotSize).times(Amount.of(instrument.multiplier));
  const ofLot = instrument.kind === 'inverse' ? lot.dividedBy(price, scale) : lot.times(price).rounded(scale);
  const lots = size.dividedBy(lot, parseDecimal(size.toString()).scale);
  return ofLot.times(lots);
}

/** The asset in which trades of an instrument are paid. */
export function moneyOf(instrument: Instrument): string {
  return instrument.kind === 'spot' ? instrument.quote : instrument.settle;
}

export interface Trade {
  readonly side: 'buy' | 'sell';
  readonly qty: string;
  readonly price: string;
  readonly fee: string;
  readonly feeAsset: string;
}

/** Changes of cash (spot: of wallets) by a trade, fee included. */
export function flowsOf(instrument: Instrument, trade: Trade): readonly { readonly asset: string; readonly amount: Amount }[] {
  const qty = Amount.of(trade.qty);
  const value = valueOf(instrument, qty, Amount.of(trade.price));
  // Buying costs money, except on an inverse contract: there it is a sale of coins' worth for dollars.
  const isPaid = (trade.side === 'buy') !== (instrument.kind === 'inverse');
  const flows = [{ asset: moneyOf(instrument), amount: isPaid ? value.negated() : value }];
  if (instrument.kind === 'spot') flows.push({ asset: instrument.base, amount: trade.side === 'buy' ? qty : qty.negated() });
  if (trade.feeAsset !== '') flows.push({ asset: trade.feeAsset, amount: Amount.of(trade.fee).negated() });
  return flows;
}

/** What is to be added to the wallet to get its cash: unrealised profit less the signed value at the mark. */
export function cashOf(instrument: Instrument, position: VenuePosition): Amount {
  const qty = Amount.of(position.qty);
  const value = valueOf(instrument, qty, Amount.of(position.mark));
  const isWorth = !qty.isNegative === (instrument.kind !== 'inverse');
  return Amount.of(position.unrealised).minus(isWorth ? value : value.negated());
}
