/**
 * Fees in the venue's own coin, for accounts that want it: Binance takes three quarters of a spot fee in BNB, nine tenths of one of USD-M, while there is some. No
 * market of that coin runs here: it has one price. The wish is kept in the exchange's notes. Called by `Books` for every execution of a client, and by the protocol.
 */
import { assert } from '../../core/numbers/errors.js';
import type { AccountState } from './account-state.js';
import type { BookedMarket } from './books.js';
import type { Account, AssetTerms } from './contract.js';
import { nearest, rateOf, type Rate } from './value.js';

export const DISCOUNT_ASSET = 'BNB';
/** USDT for one. */
const COIN_PRICE = 600n;
const SHARES: Readonly<Record<DiscountKind, Rate>> = {
  spot: { numerator: 3n, denominator: 4n },
  futures: { numerator: 9n, denominator: 10n },
};

/** Each has a switch of its own. */
export type DiscountKind = 'spot' | 'futures';

const noteOf = (kind: DiscountKind, account: Account): string =>
  `${kind === 'spot' ? '' : 'futures '}fees in ${DISCOUNT_ASSET} ${account.id}`;

export function wantsDiscount(notes: ReadonlyMap<string, string>, kind: DiscountKind, account: Account): boolean {
  return notes.has(noteOf(kind, account));
}

export function wishDiscount(notes: Map<string, string>, kind: DiscountKind, account: Account, isWanted: boolean): void {
  if (isWanted) notes.set(noteOf(kind, account), 'yes');
  else notes.delete(noteOf(kind, account));
}

export interface DiscountedFee {
  readonly terms: AssetTerms;
  readonly units: bigint;
}

export class FeeDiscount {
  readonly #notes: ReadonlyMap<string, string>;
  readonly #terms: AssetTerms | undefined;
  readonly #spot: readonly BookedMarket[];

  constructor(notes: ReadonlyMap<string, string>, assets: readonly AssetTerms[], markets: readonly BookedMarket[]) {
    this.#notes = notes;
    this.#terms = assets.find(({ asset }) => asset === DISCOUNT_ASSET);
    this.#spot = markets.filter(({ value }) => value.isSpot);
  }

  /** Null: the fee is taken as always. @param units value of the execution, in units of its quote (settle) asset */
  feeOf(state: AccountState, booked: BookedMarket, units: bigint, rate: Rate): DiscountedFee | null {
    const terms = this.#terms;
    const kind = booked.value.isSpot ? 'spot' : 'futures';
    if (terms === undefined || !state.isTest || !wantsDiscount(this.#notes, kind, state.account)) return null;
    const share = SHARES[kind];
    const price = this.#dollarsOf(booked.value.settle);
    const numerator = units * rate.numerator * price.numerator * share.numerator * 10n ** BigInt(terms.decimals);
    const denominator = rate.denominator * price.denominator * share.denominator * COIN_PRICE * 10n ** BigInt(booked.value.settle.decimals);
    const fee = nearest(numerator, denominator);
    return state.wallet(terms).total < fee ? null : { terms, units: fee };
  }

  /** USDT for one of a quote asset, by that asset's own market here. */
  #dollarsOf(quote: AssetTerms): Rate {
    if (quote.asset === 'USDT') return { numerator: 1n, denominator: 1n };
    const market = this.#spot.find(({ value }) => value.base === quote && value.settle.asset === 'USDT');
    assert(market !== undefined, `no market tells what ${quote.asset} is worth`);
    return rateOf(market.value.mark().text);
  }
}
