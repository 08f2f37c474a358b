/**
 * Bybit v5's signed paths about things that this exchange does not have: loans, options, transfers, sub-accounts, stops by position. Clients ask them when they
 * start, so that each has the true answer in the venue's shape: an empty list, a setting that is off, or a refusal. Documents of 2026-11. Called by
 * `BybitPrivateRest`.
 */
import type { Account, Exchange } from '../../exchange/contract.js';
import { unitsText } from '../decimal-units.js';
import { riskLimitOf } from './account-rows.js';
import { instruments } from './instruments.js';
import { isSet, textOf, type Item } from './items.js';
import { BAD_SYMBOL, ILLEGAL_CATEGORY, KEY_MAY_NOT, SPOT, badParameter, missingParameter } from './refusals.js';
import { categoryOf, type Answer } from './trading.js';

interface Asked {
  readonly account: Account;
  readonly item: Item;
}

export interface Seldom {
  readonly method: 'GET' | 'POST';
  readonly answer: (asked: Asked) => Answer;
}

const PAGE = { list: [], nextPageCursor: '' };
const ROWS = { rows: [], nextPageCursor: '' };
/** Keys of test accounts carry no right to move money (`user/query-api` says so). */
const NO_RIGHT: Answer = { refusal: KEY_MAY_NOT };
const QTY_DECIMALS = 8;

const get = (answer: Seldom['answer']): Seldom => ({ method: 'GET', answer });
const post = (answer: Seldom['answer']): Seldom => ({ method: 'POST', answer });
const always = (result: object): Seldom => ({ method: 'GET', answer: () => ({ result }) });
const refused: Seldom = { method: 'POST', answer: () => NO_RIGHT };

export function seldomAsked(exchange: Exchange): ReadonlyMap<string, Seldom> {
  return new Map<string, Seldom>([
    ['account/collateral-info', get(({ item }) => collateral(exchange, item))],
    ['account/contract-transaction-log', always(PAGE)],
    ['account/instruments-info', get(({ item }) => accountInstruments(exchange, item))],
    ['account/mmp-state', always({ result: [] })],
    ['account/user-setting-config', always({ lpaSpot: false, lpaPerp: false })],
    ['account/set-hedging-mode', post(({ item }) => switchOf(item, 'setHedgingMode', 'OFF'))],
    ['account/set-collateral-switch', post(({ item }) => switchOf(item, 'collateralSwitch', 'ON'))],
    ['account/quick-repayment', post(() => ({ result: { list: [] } }))],
    ['account/mmp-modify', refused],
    ['account/mmp-reset', refused],
    ['asset/coin-greeks', always({ list: [] })],
    ['asset/delivery-record', get(({ item }) => ofCategory(item))],
    ['asset/settlement-record', get(({ item }) => ofCategory(item))],
    ['asset/deposit/query-allowed-list', always({ configList: [], nextPageCursor: '' })],
    ['asset/deposit/query-internal-record', always(ROWS)],
    ['asset/deposit/query-sub-member-record', always(ROWS)],
    ['asset/exchange/order-record', always({ orderBody: [], nextPageCursor: '' })],
    ['asset/transfer/inter-transfer', refused],
    ['asset/transfer/universal-transfer', refused],
    ['asset/transfer/query-asset-info', always({ spot: { status: 'ACCOUNT_STATUS_NORMAL', assets: [] } })],
    ['asset/transfer/query-sub-member-list', always({ subMemberIds: [], transferableSubMemberIds: [] })],
    ['asset/transfer/query-transfer-coin-list', always({ list: [] })],
    ['asset/transfer/query-universal-transfer-list', always(PAGE)],
    ['asset/withdraw/create', refused],
    ['asset/withdraw/withdrawable-amount', get(({ item }) => withdrawable(exchange, item))],
    ['order/spot-borrow-check', get(({ account, item }) => borrowCheck(exchange, account, item))],
    ['position/get-closed-positions', always(PAGE)],
    ['position/move-history', always(PAGE)],
    ['position/set-auto-add-margin', post(({ item }) => contractSwitch(exchange, item, 'autoAddMargin', '0'))],
    ['position/set-tpsl-mode', post(({ item }) => tpSlMode(exchange, item))],
    ['position/set-risk-limit', post(({ item }) => riskLimit(exchange, item))],
    ['spot-margin-trade/state', always({ spotLeverage: '', spotMarginMode: '0', effectiveLeverage: '' })],
    [
      'user/get-member-type',
      get(({ account }) => ({ result: { accounts: [{ uid: String(account.id), accountType: ['UNIFIED', 'FUND'] }] } })),
    ],
    ['user/sub-apikeys', always({ result: [], nextPageCursor: '' })],
    ['user/submembers', always({ subMembers: [], nextCursor: '0' })],
  ]);
}

/** The same for every account. */
function accountInstruments(exchange: Exchange, item: Item): Answer {
  const category = categoryOf(item);
  if (category === undefined) return { refusal: ILLEGAL_CATEGORY };
  const params = new Map(Object.keys(item).map((name) => [name, textOf(item, name)]));
  const markets = exchange.markets.filter(({ spec }) => spec.kind === category);
  const answer = instruments({ params, category, markets, exchange });
  return typeof answer === 'string' ? { result: JSON.parse(answer) as object } : { refusal: answer };
}

/** Every asset stands for itself, nothing is lent. */
function collateral(exchange: Exchange, item: Item): Answer {
  const wanted = textOf(item, 'currency');
  const assets = exchange.assets.filter(({ asset }) => wanted === '' || asset === wanted);
  if (assets.length === 0) return { refusal: badParameter('currency') };
  const list = assets.map(({ asset }) => ({
    currency: asset,
    hourlyBorrowRate: '0',
    maxBorrowingAmount: '0',
    freeBorrowingLimit: '0',
    freeBorrowAmount: '0',
    freeBorrowingAmount: '',
    borrowAmount: '0',
    otherBorrowAmount: '0',
    availableToBorrow: '0',
    borrowable: false,
    borrowUsageRate: '0',
    marginCollateral: true,
    collateralSwitch: true,
    collateralRatio: '1',
  }));
  return { result: { list } };
}

/** A setting that can only be what it is. */
function switchOf(item: Item, name: string, only: string): Answer {
  const value = textOf(item, name);
  if (value === '') return { refusal: missingParameter(name) };
  return value === only ? { result: {} } : { refusal: badParameter(name) };
}

function contractSwitch(exchange: Exchange, item: Item, name: string, only: string): Answer {
  const market = contractOf(exchange, item);
  return 'refusal' in market ? market : switchOf(item, name, only);
}

function tpSlMode(exchange: Exchange, item: Item): Answer {
  const market = contractOf(exchange, item);
  if ('refusal' in market) return market;
  return textOf(item, 'tpSlMode') === 'Full' ? { result: { tpSlMode: 'Full' } } : { refusal: badParameter('tpSlMode') };
}

/** Limits follow the position by themselves since 2024: the request is answered and changes nothing. */
function riskLimit(exchange: Exchange, item: Item): Answer {
  const market = contractOf(exchange, item);
  if ('refusal' in market) return market;
  if (textOf(item, 'riskId') !== '1') return { refusal: badParameter('riskId') };
  return { result: { category: market.spec.kind, riskId: 1, riskLimitValue: riskLimitOf(market) } };
}

function contractOf(exchange: Exchange, item: Item): Exchange['markets'][number] | { readonly refusal: typeof ILLEGAL_CATEGORY } {
  const category = categoryOf(item);
  if (category === undefined || category === 'spot') return { refusal: ILLEGAL_CATEGORY };
  const market = exchange.markets.find(({ spec }) => spec.kind === category && spec.symbol === textOf(item, 'symbol'));
  return market ?? { refusal: BAD_SYMBOL };
}

/** Contracts without an end are never delivered or settled. */
function ofCategory(item: Item): Answer {
  const category = textOf(item, 'category');
  if (!['linear', 'inverse', 'option'].includes(category)) return { refusal: ILLEGAL_CATEGORY };
  return { result: { nextPageCursor: '', category, list: [] } };
}

/** Money cannot leave. */
function withdrawable(exchange: Exchange, item: Item): Answer {
  const coin = textOf(item, 'coin');
  if (exchange.assets.every(({ asset }) => asset !== coin)) return { refusal: badParameter('coin') };
  const amount = { coin, withdrawableAmount: '0', availableBalance: '0' };
  return { result: { limitAmountUsd: '0', withdrawableAmount: { UTA: amount, FUND: amount } } };
}

/** What a spot order of now could be: nothing can be borrowed, so both figures are the same. */
function borrowCheck(exchange: Exchange, account: Account, item: Item): Answer {
  if (categoryOf(item) !== 'spot') return { refusal: ILLEGAL_CATEGORY };
  const market = exchange.markets.find(({ spec }) => spec.kind === 'spot' && spec.symbol === textOf(item, 'symbol'));
  if (market === undefined) return { refusal: isSet(item, 'symbol') ? SPOT.badSymbol : SPOT.emptyParameter('symbol') };
  const side = textOf(item, 'side');
  if (side !== 'Buy' && side !== 'Sell') return { refusal: SPOT.badSide };
  const isBuy = side === 'Buy';
  const { base, settle } = exchange.terms(market);
  const terms = isBuy ? settle : base;
  const text = unitsText(exchange.wallet(account, terms.asset).available, terms.decimals);
  const qty = isBuy ? rounded(Number(text) / (market.lastTicks * market.tickSize)) : text;
  const amount = isBuy ? text : '';
  return {
    result: {
      symbol: market.spec.symbol,
      side,
      maxTradeQty: qty,
      maxTradeAmount: amount,
      spotMaxTradeQty: qty,
      spotMaxTradeAmount: amount,
      borrowCoin: terms.asset,
    },
  };
}

function rounded(qty: number): string {
  return qty.toFixed(QTY_DECIMALS).replace(/\.?0+$/, '');
}
