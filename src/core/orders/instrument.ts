/** What an instrument is, as venue metadata (or, for a recording without metadata, observation) says. Plain data: it crosses threads by copy. */

/** `linear`: quoted and settled in the quote asset. `inverse`: quoted in quote, settled in base. `quanto`: settled in a third asset. */
export type ContractKind = 'spot' | 'linear' | 'inverse' | 'quanto';

export interface Instrument {
  /** Position in the run's instrument table: the index of every shared-memory slot of this instrument. */
  readonly index: number;
  /** Canonical id inside, `VENUE:SYMBOL`, e.g. `binance-spot:BTCUSDT`, `bybit:linear:BTCUSDT`. */
  readonly id: string;
  readonly venue: string;
  /** The venue's own symbol, with the market prefix where the venue needs one (`linear:BTCUSDT`). */
  readonly symbol: string;
  readonly kind: ContractKind;
  readonly base: string;
  readonly quote: string;
  /** Asset in which profit, margin and fees of contracts are counted; the quote for spot. */
  readonly settle: string;
  /** Smallest price step as decimal text, `0.01`. */
  readonly tickSize: string;
  /** Smallest quantity step in the venue's unit (base units or contracts), decimal text. */
  readonly lotSize: string;
  /** Contract value: quantity x multiplier = base units (spot, linear) or quote units (inverse). Decimal text, `1` for spot. */
  readonly multiplier: string;
  readonly minQty: string;
  readonly maxQty: string;
  /** Least order value in the quote asset, `0` when the venue states none. */
  readonly minNotional: string;
  /** Most open orders the venue takes on this instrument. */
  readonly maxOpenOrders: number;
  /** Default-tier fee rates as decimal text; negative is a rebate. */
  readonly makerFee: string;
  readonly takerFee: string;
  /** Asset in which fees of a buy and of a sell are taken: the asset received on spot, `settle` on contracts. */
  readonly feeAssetBuy: string;
  readonly feeAssetSell: string;
  /** From venue metadata, or found from the decimals seen so far in a recording. */
  readonly source: 'venue' | 'observed';
}

/** The venue of a canonical id: `bybit` of `bybit:linear:BTCUSDT`. */
export function venueOf(instrumentId: string): string {
  return instrumentId.slice(0, instrumentId.indexOf(':'));
}

/** A venue's own name of a coin, and everybody's. */
const COIN_NAMES: ReadonlyMap<string, string> = new Map([['XBT', 'BTC']]);

/** One name per coin, whatever a venue calls it: BitMEX's XBT is everybody's BTC. Wallets keep their venue's own name; this tells whether two bases are the same thing. */
export function coinOf(asset: string): string {
  return COIN_NAMES.get(asset) ?? asset;
}
