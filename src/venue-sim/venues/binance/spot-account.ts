/** Account, fees and limits of Binance spot, and the `sapi` paths that clients call with keys when they load markets. Called through `BinanceTrading`. */
import { DISCOUNT_ASSET, wantsDiscount, wishDiscount } from '../../exchange/fee-discount.js';
import type { Market } from '../../market/market.js';
import { milliseconds, moneyText } from './amounts.js';
import type { RateLimits } from './rate-limits.js';
import { fixed, marketOf, optionalMarket, type Call, type Route, type TradingRoom } from './route.js';
import { NO_DISCOUNT, rateText } from './spot-routes.js';
import { balance } from './spot-texts.js';

const ROOT = '/api/v3';
const SAPI = '/sapi/v1';
const DISCOUNT = { enabledForAccount: true, enabledForSymbol: true, discountAsset: DISCOUNT_ASSET, discount: '0.75000000' };
const READ = { security: 'read', op: 'query' } as const;
const NAMES: Readonly<Record<string, string>> = { BTC: 'Bitcoin', ETH: 'Ethereum', SOL: 'Solana', USDT: 'TetherUS', BNB: 'BNB' };

export class SpotAccount {
  readonly #room: TradingRoom;
  readonly #limits: RateLimits;

  constructor(room: TradingRoom, limits: RateLimits) {
    this.#room = room;
    this.#limits = limits;
  }

  routes(): [string, Route][] {
    return [
      [`GET ${ROOT}/account`, { ...READ, weight: fixed(20), reads: ['omitZeroBalances'], answer: (call) => this.#account(call) }],
      [`GET ${ROOT}/account/commission`, { ...READ, weight: fixed(20), reads: ['symbol'], answer: (call) => this.#commission(call) }],
      [`GET ${ROOT}/rateLimit/order`, { ...READ, weight: fixed(40), reads: [], answer: (call) => this.orderLimits(call) }],
    ];
  }

  orderLimits({ account, nowUs }: Call): unknown {
    return this.#limits.orderCounts(account.id, nowUs).map(({ limit, count }) => ({
      rateLimitType: 'ORDERS',
      interval: limit.interval,
      intervalNum: limit.intervalNum,
      limit: limit.limit,
      count,
    }));
  }

  #account({ account, key, params }: Call): unknown {
    const wallets = this.#room.exchange.wallets(account);
    const shown = params.optionalBoolean('omitZeroBalances') === true ? wallets.filter((wallet) => wallet.total !== 0n) : wallets;
    const fees = feesOf(this.#room);
    return {
      makerCommission: basisPoints(fees.maker),
      takerCommission: basisPoints(fees.taker),
      buyerCommission: 0,
      sellerCommission: 0,
      commissionRates: { maker: rateText(fees.maker), taker: rateText(fees.taker), buyer: '0.00000000', seller: '0.00000000' },
      canTrade: key.canTrade,
      canWithdraw: key.canWithdraw,
      canDeposit: true,
      brokered: false,
      requireSelfTradePrevention: false,
      preventSor: false,
      updateTime: milliseconds(Math.max(0, ...wallets.map((wallet) => wallet.updatedUs))),
      accountType: 'SPOT',
      balances: shown.map(balance),
      permissions: ['SPOT'],
      uid: 350_000_000 + account.id,
    };
  }

  #commission({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const { makerFee, takerFee } = this.#room.exchange.terms(market);
    const none = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' };
    return {
      symbol: market.spec.symbol,
      standardCommission: { ...none, maker: rateText(makerFee), taker: rateText(takerFee) },
      specialCommission: none,
      taxCommission: none,
      discount: wantsDiscount(this.#room.exchange.notes, 'spot', account) ? DISCOUNT : NO_DISCOUNT,
    };
  }
}

/** `sapi` lives on the spot host; clients of the futures venues point it wherever their base address is, so all three serve it. */
export function sapiRoutes(room: TradingRoom): [string, Route][] {
  const read = (weight: number, answer: (call: Call) => unknown): Route => ({ ...READ, weight: fixed(weight), answer });
  return [
    [`GET ${SAPI}/capital/config/getall`, read(10, (call) => coins(room, call))],
    [`GET ${SAPI}/account/apiRestrictions`, read(1, restrictions)],
    [`GET ${SAPI}/account/status`, read(1, () => ({ data: 'Normal' }))],
    [
      `GET ${SAPI}/account/apiTradingStatus`,
      read(1, () => ({ data: { isLocked: false, plannedRecoverTime: 0, triggerCondition: {}, updateTime: 0 } })),
    ],
    [`GET ${SAPI}/asset/tradeFee`, read(1, ({ params }) => tradeFees(room, optionalMarket(room, params)))],
    [`GET ${SAPI}/bnbBurn`, read(1, (call) => burning(room, call))],
    [`POST ${SAPI}/bnbBurn`, read(1, (call) => setBurning(room, call))],
    [`GET ${SAPI}/margin/allPairs`, read(1, () => [])],
    [`GET ${SAPI}/margin/isolated/allPairs`, read(1, () => [])],
    [`GET ${SAPI}/margin/allAssets`, read(1, () => [])],
  ];
}

function coins(room: TradingRoom, { account }: Call): unknown {
  return room.exchange.wallets(account).map((wallet) => {
    const coin = wallet.terms.asset;
    return {
      coin,
      depositAllEnable: false,
      free: moneyText(wallet.total - wallet.locked, wallet.terms),
      freeze: '0',
      ipoable: '0',
      ipoing: '0',
      isLegalMoney: false,
      locked: moneyText(wallet.locked, wallet.terms),
      name: NAMES[coin] ?? coin,
      networkList: [],
      storage: '0',
      trading: true,
      withdrawAllEnable: false,
      withdrawing: '0',
    };
  });
}

/** Whether fees are paid in the venue's own coin; interest is not there. */
function burning({ exchange }: TradingRoom, { account }: Call): unknown {
  return { spotBNBBurn: wantsDiscount(exchange.notes, 'spot', account), interestBNBBurn: false };
}

function setBurning(room: TradingRoom, call: Call): unknown {
  const isWanted = call.params.optionalBoolean('spotBNBBurn');
  if (isWanted !== undefined) wishDiscount(room.exchange.notes, 'spot', call.account, isWanted);
  return burning(room, call);
}

function restrictions({ key }: Call): unknown {
  return {
    ipRestrict: false,
    createTime: milliseconds(key.createdUs),
    enableReading: true,
    enableSpotAndMarginTrading: key.canTrade,
    enableWithdrawals: key.canWithdraw,
    enableInternalTransfer: false,
    enableMargin: false,
    enableFutures: key.canTrade,
    permitsUniversalTransfer: false,
    enableVanillaOptions: false,
    enableFixApiTrade: false,
    enableFixReadOnly: false,
    enablePortfolioMarginTrading: false,
  };
}

function tradeFees(room: TradingRoom, market: Market | undefined): unknown {
  return (market === undefined ? room.exchange.markets : [market]).map((one) => {
    const { makerFee, takerFee } = room.exchange.terms(one);
    return { symbol: one.spec.symbol, makerCommission: makerFee, takerCommission: takerFee };
  });
}

function feesOf(room: TradingRoom): { readonly maker: string; readonly taker: string } {
  const [market] = room.exchange.markets;
  if (market === undefined) return { maker: '0', taker: '0' };
  const { makerFee, takerFee } = room.exchange.terms(market);
  return { maker: makerFee, taker: takerFee };
}

/** The old whole-number fields: 0.001 is 10. */
function basisPoints(rate: string): number {
  return Math.round(Number(rate) * 10_000);
}
