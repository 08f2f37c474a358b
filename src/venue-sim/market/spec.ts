/** What a simulated market is: the venue's contract terms and the behaviour of its participants. Data only, written in `markets.ts`. */
import type { FlowProfile } from '../flow/profile.js';

export type VenueId = 'binance-spot' | 'binance-usdm' | 'binance-coinm' | 'bybit' | 'bitmex';
export type Asset = 'BTC' | 'ETH' | 'SOL';
export type MarketKind = 'spot' | 'linear' | 'inverse' | 'quanto';

export interface MarketSpec {
  readonly venue: VenueId;
  /** The venue's own symbol, without any market prefix. */
  readonly symbol: string;
  readonly kind: MarketKind;
  readonly asset: Asset;
  /** The asset that prices are in, when it is not a dollar: a cross market's latent price is the ratio of the two. */
  readonly quoteAsset?: Asset;
  readonly base: string;
  readonly quote: string;
  readonly settle: string;
  /** Price of one tick in units of 10^-priceDecimals; `priceDecimals` is how many decimals the venue prints. */
  readonly tickUnits: number;
  readonly priceDecimals: number;
  /** Quantity of one lot in units of 10^-qtyDecimals. */
  readonly lotUnits: number;
  readonly qtyDecimals: number;
  /** Value of quantity 1: base units (spot, linear), quote units (inverse), dollars per price unit (quanto). */
  readonly contractValue: number;
  readonly makerFee: string;
  readonly takerFee: string;
  /** Sequence numbers rise by 1 to this many per change: 1 where a venue counts per symbol. */
  readonly sequenceJump: number;
  /** Ids start high, as at the venues: 32 bits are not enough for them. */
  readonly firstSequence: number;
  readonly firstTradeId: number;
  readonly flow: FlowProfile;
}

export function tickSizeOf(spec: MarketSpec): number {
  return spec.tickUnits / 10 ** spec.priceDecimals;
}

export function lotSizeOf(spec: MarketSpec): number {
  return spec.lotUnits / 10 ** spec.qtyDecimals;
}

/** Value of one lot in US dollars. @param quoteUsd what a unit of the quote asset is worth */
export function lotUsdOf(spec: MarketSpec, price: number, quoteUsd = 1): number {
  const value = lotSizeOf(spec) * spec.contractValue * quoteUsd;
  return spec.kind === 'inverse' ? value : value * price;
}
