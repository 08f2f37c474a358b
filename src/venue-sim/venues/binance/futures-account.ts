/**
 * Wallets, positions and settings of USD-M and COIN-M by REST path and version. Accounts are in one-way, single-asset mode; every symbol has one leverage
 * bracket, so its maintenance rate holds for any size. Called through `BinanceTrading`.
 */
import type { Account, PositionView, Refusal, WalletView } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { moneyText } from './amounts.js';
import { futuresRefusal } from './futures-orders.js';
import { assetLine, balanceLine, positionInAccount, positionRisk } from './futures-position-texts.js';
import { INCOME_TYPES, incomeLine, queriedFuturesOrder, type FuturesFamily } from './futures-texts.js';
import { unitsOf } from './order-steps.js';
import type { RateLimits } from './rate-limits.js';
import { pairOf } from './dialect.js';
import { BinanceRefusal, refusals } from './refusal.js';
import { bySymbol, fixed, marketOf, optionalMarket, times, type Call, type Route, type TradingRoom } from './route.js';

/** The only bracket's cap: far above what any account here can hold. */
const NOTIONAL_CAP = 1_000_000_000;
const QUANTITY_CAP = 10_000_000;
const DONE = { code: 200, msg: 'success' };

/** Changes of isolated margin that can be looked back on. */
const MOST_CHANGES = 1_000;

interface MarginChange {
  readonly account: Account;
  readonly market: Market;
  /** Positive; type 1 added, type 2 took away. */
  readonly units: bigint;
  readonly type: number;
  readonly timeMs: number;
}

export class FuturesAccount {
  readonly #room: TradingRoom;
  readonly #family: FuturesFamily;
  readonly #limits: RateLimits;
  /** Oldest first; a restart forgets them. */
  readonly #marginChanges: MarginChange[] = [];

  constructor(room: TradingRoom, family: FuturesFamily, limits: RateLimits) {
    this.#room = room;
    this.#family = family;
    this.#limits = limits;
  }

  routes(): [string, Route][] {
    const read = { security: 'read', op: 'query' } as const;
    const set = { security: 'trade', weight: fixed(1) } as const;
    const root = this.#family === 'usdm' ? '/fapi' : '/dapi';
    const routes: [string, Route][] = [
      [`GET ${root}/v1/income`, { ...read, weight: fixed(30), answer: (call) => this.#income(call) }],
      [`POST ${root}/v1/leverage`, { ...set, op: 'leverage', answer: (call) => this.#setLeverage(call) }],
      [`POST ${root}/v1/marginType`, { ...set, op: 'margin-mode', answer: (call) => this.#setMarginType(call) }],
      [`POST ${root}/v1/positionMargin`, { ...set, op: 'position-margin', answer: (call) => this.#changeMargin(call) }],
      [`GET ${root}/v1/positionSide/dual`, { ...read, weight: fixed(30), answer: () => ({ dualSidePosition: false }) }],
      [`POST ${root}/v1/positionSide/dual`, { ...set, op: 'position-mode', answer: (call) => setDualSide(call) }],
      [`GET ${root}/v1/commissionRate`, { ...read, weight: fixed(20), answer: (call) => this.#commissionRate(call) }],
      [
        `GET ${root}/v1/leverageBracket`,
        { ...read, weight: fixed(1), answer: (call) => this.#brackets(call, root === '/dapi' ? 'pair' : 'symbol') },
      ],
      [`GET ${root}/v1/positionMargin/history`, { ...read, weight: fixed(1), answer: (call) => this.#marginHistory(call) }],
      [`GET ${root}/v1/forceOrders`, { ...read, weight: bySymbol(20, 50), answer: (call) => this.#forceOrders(call) }],
      [`GET ${root}/v1/adlQuantile`, { ...read, weight: fixed(5), answer: (call) => this.#quantiles(call) }],
      [`GET ${root}/v1/rateLimit/order`, { ...read, weight: fixed(1), answer: (call) => this.#orderLimits(call) }],
    ];
    if (this.#family === 'coinm') {
      return [
        ...routes,
        [`GET ${root}/v2/leverageBracket`, { ...read, weight: fixed(1), answer: (call) => this.#brackets(call, 'symbol') }],
        [`GET ${root}/v1/account`, { ...read, weight: fixed(5), answer: (call) => this.#coinmAccount(call) }],
        [`GET ${root}/v1/balance`, { ...read, weight: fixed(1), answer: (call) => this.#balances(call) }],
        [`GET ${root}/v1/positionRisk`, { ...read, weight: fixed(1), answer: (call) => this.#positionRisks(call, 2) }],
      ];
    }
    return [
      ...routes,
      [`GET ${root}/v1/multiAssetsMargin`, { ...read, weight: fixed(30), answer: () => ({ multiAssetsMargin: false }) }],
      [`POST ${root}/v1/multiAssetsMargin`, { ...set, op: 'asset-mode', answer: (call) => setMultiAssets(call) }],
      [`GET ${root}/v1/symbolConfig`, { ...read, weight: fixed(5), answer: (call) => this.#symbolConfig(call) }],
      [`GET ${root}/v1/accountConfig`, { ...read, weight: fixed(5), answer: (call) => accountFlags(call) }],
      [`GET ${root}/v2/account`, { ...read, weight: fixed(5), answer: (call) => this.#usdmAccount(call, 2) }],
      [`GET ${root}/v3/account`, { ...read, weight: fixed(5), answer: (call) => this.#usdmAccount(call, 3) }],
      [`GET ${root}/v2/balance`, { ...read, weight: fixed(5), answer: (call) => this.#balances(call) }],
      [`GET ${root}/v3/balance`, { ...read, weight: fixed(5), answer: (call) => this.#balances(call) }],
      [`GET ${root}/v2/positionRisk`, { ...read, weight: fixed(5), answer: (call) => this.#positionRisks(call, 2) }],
      [`GET ${root}/v3/positionRisk`, { ...read, weight: fixed(5), answer: (call) => this.#positionRisks(call, 3) }],
    ];
  }

  #views(account: Account): PositionView[] {
    return this.#room.exchange.markets.map((market) => this.#room.exchange.position(account, market));
  }

  /** Unrealised profit of the asset's cross positions. */
  #crossProfit(account: Account, wallet: WalletView): bigint {
    return this.#views(account)
      .filter((view) => view.marginMode === 'cross' && view.market.spec.settle === wallet.terms.asset)
      .reduce((sum, view) => sum + view.unrealised, 0n);
  }

  #balances({ account }: Call): unknown {
    return this.#room.exchange
      .wallets(account)
      .map((wallet) => balanceLine(this.#family, wallet, this.#crossProfit(account, wallet), aliasOf(account)));
  }

  #assets(account: Account): Record<string, unknown>[] {
    return this.#room.exchange.wallets(account).map((wallet) => assetLine(this.#family, wallet, this.#crossProfit(account, wallet)));
  }

  #usdmAccount(call: Call, version: 2 | 3): unknown {
    const { account } = call;
    const wallet = this.#room.exchange.wallet(account, 'USDT');
    const money = (units: bigint): string => moneyText(units, wallet.terms);
    const crossProfit = this.#crossProfit(account, wallet);
    const totals = {
      totalInitialMargin: money(wallet.positionMargin + wallet.orderMargin),
      totalMaintMargin: money(wallet.maintenance),
      totalWalletBalance: money(wallet.total),
      totalUnrealizedProfit: money(wallet.unrealised),
      totalMarginBalance: money(wallet.total + wallet.unrealised),
      totalPositionInitialMargin: money(wallet.positionMargin),
      totalOpenOrderInitialMargin: money(wallet.orderMargin),
      totalCrossWalletBalance: money(wallet.total - wallet.isolated),
      totalCrossUnPnl: money(crossProfit),
      availableBalance: money(wallet.available),
      maxWithdrawAmount: money(wallet.available),
    };
    const views = this.#views(account).filter((view) => version === 2 || isActive(view));
    const positions = views.map((view) => positionInAccount('usdm', view, version, NOTIONAL_CAP));
    const parts = { ...totals, assets: this.#assets(account), positions };
    return version === 3 ? parts : { ...accountFlags(call), ...parts };
  }

  #coinmAccount(call: Call): unknown {
    const positions = this.#views(call.account).map((view) => positionInAccount('coinm', view, 2, QUANTITY_CAP));
    const { canDeposit, canTrade, canWithdraw, feeTier, updateTime } = accountFlags(call);
    return { assets: this.#assets(call.account), positions, canDeposit, canTrade, canWithdraw, feeTier, updateTime };
  }

  #positionRisks({ account, params }: Call, version: 2 | 3): unknown {
    const market = optionalMarket(this.#room, params);
    const pair = params.optional('pair');
    return this.#views(account)
      .filter((view) => (market === undefined || view.market === market) && (pair === undefined || pairOf(view.market) === pair))
      .filter((view) => version === 2 || isActive(view))
      .map((view) =>
        positionRisk(
          this.#family,
          view,
          this.#room.exchange.markText(view.market),
          version,
          this.#family === 'usdm' ? NOTIONAL_CAP : QUANTITY_CAP,
        ),
      );
  }

  /** The newest ones, unless a start or a page is named: pages count from the oldest, so that a client that turns them comes to an empty one. */
  #income({ account, params }: Call): unknown {
    const type = params.optional('incomeType');
    const market = optionalMarket(this.#room, params);
    const limit = params.limit(100, 1_000);
    const span = times(params);
    const entries = this.#room.exchange
      .ledger(account, { ...span, ...(market === undefined ? {} : { market }) })
      .filter((entry) => type === undefined || INCOME_TYPES[entry.kind] === type);
    const page = params.optionalInteger('page');
    if (page === undefined && span.fromUs === undefined) return entries.slice(-limit).map(incomeLine);
    const from = (Math.max(1, page ?? 1) - 1) * limit;
    return entries.slice(from, from + limit).map(incomeLine);
  }

  #setLeverage({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const leverage = params.integer('leverage');
    const outcome = this.#room.exchange.setLeverage(account, market, leverage);
    if (!outcome.ok && outcome.refusal.reason !== 'unchanged') throw leverageRefusal(outcome.refusal, leverage);
    const most = this.#family === 'usdm' ? { maxNotionalValue: String(NOTIONAL_CAP) } : { maxQty: String(QUANTITY_CAP) };
    return { leverage, ...most, symbol: market.spec.symbol };
  }

  #setMarginType({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const mode = params.word('marginType', ['ISOLATED', 'CROSSED']) === 'ISOLATED' ? 'isolated' : 'cross';
    const outcome = this.#room.exchange.setMarginMode(account, market, mode);
    if (outcome.ok) return DONE;
    switch (outcome.refusal.reason) {
      case 'unchanged':
        throw new BinanceRefusal(-4046, 'No need to change margin type.');
      case 'has-orders':
        throw new BinanceRefusal(-4047, 'Margin type cannot be changed if there exists open orders.');
      case 'has-position':
        throw new BinanceRefusal(-4048, 'Margin type cannot be changed if there exists position.');
      default:
        throw futuresRefusal(outcome.refusal);
    }
  }

  /** Type 1 adds, type 2 takes away. */
  #changeMargin({ account, params, nowUs }: Call): unknown {
    const market = marketOf(this.#room, params);
    const { settle } = this.#room.exchange.terms(market);
    const amount = unitsOf(params.decimal('amount'), settle.decimals);
    const type = params.integer('type');
    if (amount === null) throw new BinanceRefusal(-1111, 'Precision is over the maximum defined for this asset.');
    if (amount <= 0n) throw new BinanceRefusal(-4055, 'Amount must be positive.');
    if (type !== 1 && type !== 2) throw refusals.badData('type');
    const view = this.#room.exchange.position(account, market);
    if (view.marginMode !== 'isolated') throw new BinanceRefusal(-4049, 'Add margin only support for isolated position.');
    if (view.lots === 0) throw new BinanceRefusal(-4054, 'Cannot add position margin: position is 0.');
    const outcome = this.#room.exchange.changeIsolatedMargin(account, market, type === 1 ? amount : -amount);
    if (!outcome.ok) {
      if (type === 1) throw new BinanceRefusal(-4050, 'Cross balance insufficient.');
      throw new BinanceRefusal(-4051, 'Isolated balance insufficient.');
    }
    this.#marginChanges.push({ account, market, units: amount, type, timeMs: Math.floor(nowUs / 1_000) });
    if (this.#marginChanges.length > MOST_CHANGES) this.#marginChanges.shift();
    return { amount: Number(params.text('amount')), code: 200, msg: 'Successfully modify position margin.', type };
  }

  /** Newest first. */
  #marginHistory({ account, params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const type = params.optionalInteger('type');
    const { fromUs = 0, toUs = Number.POSITIVE_INFINITY } = times(params);
    return this.#marginChanges
      .filter((change) => change.account === account && change.market === market && (type === undefined || change.type === type))
      .filter(({ timeMs }) => timeMs * 1_000 >= fromUs && timeMs * 1_000 <= toUs)
      .toReversed()
      .slice(0, params.limit(500, 500))
      .map(({ units, type: changeType, timeMs }) => {
        const { settle } = this.#room.exchange.terms(market);
        const amount = moneyText(changeType === 1 ? units : -units, settle);
        const head = { symbol: market.spec.symbol, type: changeType, deltaType: 'USER_ADJUST', amount, asset: settle.asset };
        return { ...head, time: timeMs, positionSide: 'BOTH' };
      });
  }

  /** Orders that the venue sent to close positions; nobody is ever deleveraged. */
  #forceOrders({ account, params }: Call): unknown {
    const market = optionalMarket(this.#room, params);
    const type = params.optionalWord('autoCloseType', ['LIQUIDATION', 'ADL']);
    const limit = params.limit(50, 100);
    if (type === 'ADL') return [];
    return this.#room.exchange
      .orders(account, { ...times(params), ...(market === undefined ? {} : { market }) })
      .filter((order) => order.extra['forced'] === 'liquidation')
      .slice(-limit)
      .map((order) => queriedFuturesOrder(this.#family, order));
  }

  #commissionRate({ params }: Call): unknown {
    const market = marketOf(this.#room, params);
    const { makerFee, takerFee } = this.#room.exchange.terms(market);
    return { symbol: market.spec.symbol, makerCommissionRate: makerFee, takerCommissionRate: takerFee };
  }

  #brackets({ params }: Call, key: 'symbol' | 'pair'): unknown {
    const market = optionalMarket(this.#room, params);
    const pair = params.optional('pair');
    return this.#room.exchange.markets
      .filter((one) => (market === undefined || one === market) && (pair === undefined || pairOf(one) === pair))
      .map((one) => ({ [key]: key === 'pair' ? pairOf(one) : one.spec.symbol, brackets: [this.#bracket(one, key)] }));
  }

  #bracket(market: Market, key: 'symbol' | 'pair'): Record<string, unknown> {
    const { maxLeverage, maintenanceRate } = this.#room.exchange.terms(market);
    const head = { bracket: 1, initialLeverage: maxLeverage };
    const tail = { maintMarginRatio: Number(maintenanceRate), cum: 0 };
    if (this.#family === 'usdm') return { ...head, notionalCap: NOTIONAL_CAP, notionalFloor: 0, ...tail };
    // The older of the two COIN-M paths spells its floor with an l too many.
    return { ...head, qtyCap: QUANTITY_CAP, [key === 'pair' ? 'qtylFloor' : 'qtyFloor']: 0, ...tail };
  }

  #symbolConfig({ account, params }: Call): unknown {
    const market = optionalMarket(this.#room, params);
    return this.#views(account)
      .filter((view) => market === undefined || view.market === market)
      .map((view) => ({
        symbol: view.market.spec.symbol,
        marginType: view.marginMode === 'cross' ? 'CROSSED' : 'ISOLATED',
        isAutoAddMargin: false,
        leverage: view.leverage,
        maxNotionalValue: String(NOTIONAL_CAP),
      }));
  }

  #quantiles({ account, params }: Call): unknown {
    const market = optionalMarket(this.#room, params);
    return this.#views(account)
      .filter((view) => (market === undefined || view.market === market) && view.lots !== 0)
      .map((view) => ({ symbol: view.market.spec.symbol, adlQuantile: { LONG: 0, SHORT: 0, BOTH: 0 } }));
  }

  #orderLimits({ account, nowUs }: Call): unknown {
    return this.#limits.orderCounts(account.id, nowUs).map(({ limit }) => ({ rateLimitType: 'ORDERS', ...limit }));
  }
}

function isActive(view: PositionView): boolean {
  return view.lots !== 0 || view.openBuyLots !== 0 || view.openSellLots !== 0;
}

function accountFlags({ account, key }: Call): Record<string, unknown> {
  return {
    feeTier: 0,
    canTrade: key.canTrade,
    canDeposit: true,
    canWithdraw: key.canWithdraw,
    dualSidePosition: false,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    accountAlias: aliasOf(account),
  };
}

function aliasOf(account: Account): string {
  return `sim${account.id}`;
}

function leverageRefusal(refusal: Refusal, leverage: number): BinanceRefusal {
  switch (refusal.reason) {
    case 'leverage-out-of-range':
      return new BinanceRefusal(-4028, `Leverage ${leverage} is not valid`);
    case 'insufficient-margin':
    case 'insufficient-balance':
      return new BinanceRefusal(-2028, 'Leverage is smaller than permitted: insufficient margin balance.');
    case 'has-position':
      return new BinanceRefusal(-4161, 'Leverage reduction is not supported in Isolated Margin Mode with open positions.');
    default:
      return futuresRefusal(refusal);
  }
}

/** Hedge mode is not simulated. */
function setDualSide({ params }: Call): never {
  const isDual = params.optionalBoolean('dualSidePosition');
  if (isDual === undefined) throw refusals.missing('dualSidePosition');
  if (!isDual) throw new BinanceRefusal(-4059, 'No need to change position side.');
  throw new BinanceRefusal(-1020, 'This operation is not supported.');
}

/** Neither is multi-assets margin. */
function setMultiAssets({ params }: Call): never {
  const isMulti = params.optionalBoolean('multiAssetsMargin');
  if (isMulti === undefined) throw refusals.missing('multiAssetsMargin');
  if (!isMulti) throw new BinanceRefusal(-4171, 'No need to change multi-assets mode.');
  throw new BinanceRefusal(-1020, 'This operation is not supported.');
}
