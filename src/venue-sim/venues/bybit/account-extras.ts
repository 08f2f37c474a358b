/**
 * Bybit v5's seldom asked account endpoints: margin of an isolated position, stops (there are none), an order tried without being placed, balances by coin, and
 * lists that stay empty because nothing is moved in or out. Documents of 2026-11. Called by `BybitPrivateRest`.
 */
import type { Account, AssetTerms, Exchange } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { unitsOf, unitsText } from '../decimal-units.js';
import { positionRow } from './account-rows.js';
import { isSet, textOf, type Item } from './items.js';
import { BAD_SYMBOL, CONTRACT, ILLEGAL_CATEGORY, badParameter, missingParameter } from './refusals.js';
import { categoryOf, type Answer, type BybitTrading } from './trading.js';

const STOPS = ['takeProfit', 'stopLoss', 'trailingStop'] as const;
/** Account types whose balances can be asked for; the simulated account has its money in the unified one. */
const ACCOUNT_TYPES = new Set(['UNIFIED', 'FUND', 'CONTRACT', 'SPOT']);
const BASIS_POINTS = 10_000n;

export class BybitAccountExtras {
  readonly #exchange: Exchange;
  readonly #trading: BybitTrading;

  constructor(exchange: Exchange, trading: BybitTrading) {
    this.#exchange = exchange;
    this.#trading = trading;
  }

  /** Negative takes margin away. */
  addMargin(account: Account, item: Item): Answer {
    const market = this.#contract(item);
    if ('refusal' in market) return market;
    const { settle } = this.#exchange.terms(market);
    const text = textOf(item, 'margin');
    const units = unitsOf(text.replace(/^-/, ''), settle.decimals);
    if (typeof units === 'string' || units === 0n) return { refusal: badParameter('margin') };
    const done = this.#exchange.changeIsolatedMargin(account, market, text.startsWith('-') ? -units : units);
    if (!done.ok) return { refusal: done.refusal.reason === 'not-isolated' ? CONTRACT.notIsolated : CONTRACT.notEnough };
    return { result: { category: categoryOf(item), ...positionRow(this.#exchange, this.#exchange.position(account, market)) } };
  }

  /** Taking away what is not there changes nothing; stops cannot be set here. */
  tradingStop(item: Item): Answer {
    const market = this.#contract(item);
    if ('refusal' in market) return market;
    const wanted = STOPS.find((name) => isSet(item, name) && Number(textOf(item, name)) !== 0);
    return { refusal: wanted === undefined ? CONTRACT.stopsNotModified : badParameter(wanted) };
  }

  /** Initial and maintenance margin rates before and after, in units of 1/10,000; the order itself is checked and forgotten. */
  preCheck(account: Account, item: Item): Answer {
    const tried = this.#trading.tryCreate(account, item);
    if ('refusal' in tried) return tried;
    const { settle } = this.#exchange.terms(tried.market);
    const wallet = this.#exchange.wallet(account, settle.asset);
    const equity = wallet.total + wallet.unrealised;
    const rate = (units: bigint): number => (equity <= 0n ? 0 : Number((units * BASIS_POINTS) / equity));
    const initial = wallet.positionMargin + wallet.orderMargin;
    const maintenance = rate(wallet.maintenance);
    return {
      result: {
        orderId: '',
        orderLinkId: textOf(item, 'orderLinkId'),
        preImrE4: rate(initial),
        preMmrE4: maintenance,
        postImrE4: rate(initial + tried.marginUnits),
        postMmrE4: maintenance,
      },
    };
  }

  coinsBalance(account: Account, item: Item): Answer {
    const type = textOf(item, 'accountType');
    if (!ACCOUNT_TYPES.has(type)) return { refusal: type === '' ? missingParameter('accountType') : badParameter('accountType') };
    const wanted = textOf(item, 'coin')
      .split(',')
      .filter((coin) => coin !== '');
    const balance = this.#exchange.assets
      .filter(({ asset }) => wanted.length === 0 || wanted.includes(asset))
      .map((terms) => this.#balanceOf(account, terms, type === 'UNIFIED'));
    return { result: { memberId: String(account.id), accountType: type, balance } };
  }

  coinBalance(account: Account, item: Item): Answer {
    const type = textOf(item, 'accountType');
    if (!ACCOUNT_TYPES.has(type)) return { refusal: type === '' ? missingParameter('accountType') : badParameter('accountType') };
    const terms = this.#exchange.assets.find(({ asset }) => asset === textOf(item, 'coin'));
    if (terms === undefined) return { refusal: badParameter('coin') };
    const balance = this.#balanceOf(account, terms, type === 'UNIFIED');
    return { result: { accountType: type, bizType: 1, accountId: String(account.id), memberId: String(account.id), balance } };
  }

  /** What could be moved out: nothing ever is, but clients size by it. */
  transferable(account: Account, item: Item): Answer {
    const coins = textOf(item, 'coinName')
      .split(',')
      .filter((coin) => coin !== '');
    if (coins.length === 0) return { refusal: missingParameter('coinName') };
    const availableWithdrawalMap: Record<string, string> = {};
    for (const coin of coins) {
      const terms = this.#exchange.assets.find(({ asset }) => asset === coin);
      if (terms === undefined) return { refusal: badParameter('coinName') };
      availableWithdrawalMap[coin] = unitsText(this.#exchange.wallet(account, coin).available, terms.decimals);
    }
    return {
      result: { availableWithdrawal: coins.length === 1 ? (availableWithdrawalMap[coins[0] ?? ''] ?? '') : '', availableWithdrawalMap },
    };
  }

  #balanceOf(account: Account, terms: AssetTerms, isHere: boolean): object {
    const wallet = this.#exchange.wallet(account, terms.asset);
    const text = (units: bigint): string => unitsText(isHere ? units : 0n, terms.decimals);
    return { coin: terms.asset, transferBalance: text(wallet.available), walletBalance: text(wallet.total), bonus: '' };
  }

  #contract(item: Item): Market | { readonly refusal: typeof ILLEGAL_CATEGORY } {
    const category = categoryOf(item);
    if (category === undefined || category === 'spot') return { refusal: ILLEGAL_CATEGORY };
    const market = this.#exchange.markets.find(({ spec }) => spec.kind === category && spec.symbol === textOf(item, 'symbol'));
    return market ?? { refusal: BAD_SYMBOL };
  }
}
