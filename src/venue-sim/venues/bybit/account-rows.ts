/** Bybit v5's positions, wallets and statement lines as REST and the private topics print them. Called by account queries and private streams. */
import type { Account, Exchange, Fill, LedgerEntry, PositionView, WalletView } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { priceText } from './public-messages.js';
import { unitsText } from '../decimal-units.js';
import { lotsText, millis, moneyText, type Row } from './order-rows.js';

const CURRENT_DECIMALS = 8;
const RATE_DECIMALS = 4;

/** Price as display number with the venue's decimals; '' when there is none. */
function displayPrice(market: Market, price: number | null): string {
  return price === null || !(price > 0) ? '' : price.toFixed(market.spec.priceDecimals);
}

/** Average entry: exact fraction cut to twice the price's decimals and more, as the venue prints many. */
function entryText(position: PositionView, settleDecimals: number): string {
  if (position.lots === 0 || position.entryUnits === 0n) return '0';
  const { spec } = position.market;
  const decimals = spec.priceDecimals + 6;
  const qtyUnits = BigInt(Math.abs(position.lots)) * BigInt(spec.lotUnits);
  if (spec.kind === 'inverse') {
    return unitsText((qtyUnits * 10n ** BigInt(settleDecimals + decimals - spec.qtyDecimals)) / position.entryUnits, decimals);
  }
  return unitsText((position.entryUnits * 10n ** BigInt(spec.qtyDecimals + decimals - settleDecimals)) / qtyUnits, decimals);
}

/** Value of the only risk step, in the settle coin; printed, not kept. */
export function riskLimitOf(market: Market): string {
  return market.spec.kind === 'inverse' ? '150' : '2000000';
}

function sideOf(position: PositionView): string {
  return position.lots > 0 ? 'Buy' : position.lots < 0 ? 'Sell' : '';
}

export function positionRow(exchange: Exchange, position: PositionView): Row {
  const { market } = position;
  const { settle } = exchange.terms(market);
  const isOpen = position.lots !== 0;
  const money = (units: bigint): string => moneyText(units, settle);
  return {
    positionIdx: 0,
    riskId: 1,
    riskLimitValue: riskLimitOf(market),
    symbol: market.spec.symbol,
    side: sideOf(position),
    size: isOpen ? lotsText(market, Math.abs(position.lots)) : '0',
    avgPrice: entryText(position, settle.decimals),
    positionValue: isOpen ? money(position.markUnits) : '',
    tradeMode: position.marginMode === 'isolated' ? 1 : 0,
    positionStatus: 'Normal',
    autoAddMargin: 0,
    adlRankIndicator: isOpen ? 2 : 0,
    leverage: String(position.leverage),
    positionBalance: money(position.isolatedMargin),
    markPrice: exchange.markText(market),
    liqPrice: displayPrice(market, position.liquidationPrice),
    bustPrice: displayPrice(market, position.bankruptcyPrice),
    positionMM: money(position.maintenance),
    positionIM: money(position.initialMargin),
    positionMMByMp: money(position.maintenance),
    positionIMByMp: money(position.initialMargin),
    tpslMode: 'Full',
    takeProfit: '',
    stopLoss: '',
    trailingStop: '0',
    sessionAvgPrice: '',
    unrealisedPnl: isOpen ? money(position.unrealised) : '',
    curRealisedPnl: money(position.realised),
    cumRealisedPnl: money(position.realisedTotal - position.feesTotal + position.fundingTotal),
    seq: market.engine.sequence,
    isReduceOnly: false,
    leverageSysUpdatedTime: '',
    mmrSysUpdatedTime: '',
    createdTime: millis(position.openedUs),
    updatedTime: millis(position.updatedUs),
    openTime: Math.floor(position.openedUs / 1_000),
  };
}

/** The stream's row names the average `entryPrice` and the market's category. */
export function positionStreamRow(exchange: Exchange, position: PositionView): Row {
  const { avgPrice, ...row } = positionRow(exchange, position);
  return { category: position.market.spec.kind, ...row, entryPrice: avgPrice };
}

/** US dollars of one coin: its index price where a market has one, else a dollar. */
function dollarsOf(exchange: Exchange, asset: string): number {
  return exchange.markets.find((market) => market.spec.base === asset)?.indexPrice ?? 1;
}

function coinRow(exchange: Exchange, wallet: WalletView): Row {
  const { terms } = wallet;
  const money = (units: bigint): string => moneyText(units, terms);
  const equity = wallet.total + wallet.unrealised;
  return {
    coin: terms.asset,
    equity: money(equity),
    usdValue: (Number(money(equity)) * dollarsOf(exchange, terms.asset)).toFixed(CURRENT_DECIMALS),
    walletBalance: money(wallet.total),
    availableToWithdraw: money(wallet.available),
    availableToBorrow: '',
    borrowAmount: '0',
    accruedInterest: '0',
    totalOrderIM: money(wallet.orderMargin),
    totalPositionIM: money(wallet.positionMargin),
    totalPositionMM: money(wallet.maintenance),
    unrealisedPnl: money(wallet.unrealised),
    cumRealisedPnl: '0',
    bonus: '0',
    locked: money(wallet.locked),
    collateralSwitch: true,
    marginCollateral: true,
    spotHedgingQty: '0',
    spotBorrow: '0',
  };
}

/** The unified account in dollars, and the coins asked for. */
export function accountRow(exchange: Exchange, account: Account, coins: readonly WalletView[]): Row {
  let total = 0;
  let unrealised = 0;
  let initial = 0;
  let maintenance = 0;
  let available = 0;
  for (const wallet of exchange.wallets(account)) {
    const dollars = (units: bigint): number => Number(moneyText(units, wallet.terms)) * dollarsOf(exchange, wallet.terms.asset);
    total += dollars(wallet.total);
    unrealised += dollars(wallet.unrealised);
    initial += dollars(wallet.positionMargin + wallet.orderMargin);
    maintenance += dollars(wallet.maintenance);
    available += dollars(wallet.available);
  }
  const margin = total + unrealised;
  const text = (value: number): string => value.toFixed(CURRENT_DECIMALS);
  const rate = (value: number): string => (margin > 0 ? (value / margin).toFixed(RATE_DECIMALS) : '0');
  return {
    accountType: 'UNIFIED',
    accountLTV: '0',
    accountIMRate: rate(initial),
    accountMMRate: rate(maintenance),
    accountIMRateByMp: rate(initial),
    accountMMRateByMp: rate(maintenance),
    totalEquity: text(margin),
    totalWalletBalance: text(total),
    totalMarginBalance: text(margin),
    totalAvailableBalance: text(available),
    totalPerpUPL: text(unrealised),
    totalInitialMargin: text(initial),
    totalMaintenanceMargin: text(maintenance),
    totalInitialMarginByMp: text(initial),
    totalMaintenanceMarginByMp: text(maintenance),
    coin: coins.map((wallet) => coinRow(exchange, wallet)),
  };
}

/** The entries of one wallet that one execution (or payment) caused are one line of the statement. */
export interface Transaction {
  /** Number of its last entry. */
  readonly number: number;
  readonly entries: readonly LedgerEntry[];
}

export function transactionsOf(entries: readonly LedgerEntry[]): Transaction[] {
  const grouped = new Map<string, LedgerEntry[]>();
  for (const entry of entries) {
    const key = entry.fillId === null ? `entry ${entry.id}` : `fill ${entry.fillId} ${entry.asset.asset}`;
    const group = grouped.get(key);
    if (group === undefined) grouped.set(key, [entry]);
    else group.push(entry);
  }
  return [...grouped.values()].map((group) => ({ number: group.at(-1)?.id ?? 0, entries: group }));
}

export function typeOf(transaction: Transaction, fills: ReadonlyMap<number, Fill>): string {
  const last = transaction.entries.at(-1);
  if (last?.kind === 'funding') return 'SETTLEMENT';
  if (last?.kind === 'deposit') return 'TRANSFER_IN';
  return fills.get(last?.fillId ?? -1)?.kind === 'liquidation' ? 'LIQUIDATION' : 'TRADE';
}

export function transactionRow(account: Account, transaction: Transaction, fills: ReadonlyMap<number, Fill>): Row | null {
  const { entries } = transaction;
  const last = entries.at(-1);
  if (last === undefined) return null;
  const sum = (...kinds: readonly LedgerEntry['kind'][]): bigint =>
    entries.reduce((units, entry) => (kinds.includes(entry.kind) ? units + entry.units : units), 0n);
  const fill = fills.get(last.fillId ?? -1);
  const { market, asset } = last;
  const isSpot = market?.spec.kind === 'spot';
  const cash = isSpot ? 0n : sum('trade', 'realised', 'deposit', 'insurance');
  const fee = -sum('fee');
  const funding = sum('funding');
  const money = (units: bigint): string => moneyText(units, asset);
  const spotQty = sum('trade');
  return {
    id: `${account.id}_${market?.spec.symbol ?? asset.asset}_${last.id}`,
    symbol: market?.spec.symbol ?? '',
    category: market?.spec.kind ?? '',
    side: fill === undefined ? 'None' : fill.side === 'buy' ? 'Buy' : 'Sell',
    transactionTime: millis(last.timeUs),
    type: typeOf(transaction, fills),
    transSubType: '',
    qty: isSpot
      ? money(spotQty)
      : fill !== undefined && market !== null
        ? lotsText(market, fill.lots)
        : market !== null
          ? lotsText(market, Math.abs(last.lots ?? 0))
          : '0',
    size: last.kind === 'funding' && market !== null ? signedLots(market, last.lots ?? 0) : '0',
    currency: asset.asset,
    tradePrice: fill === undefined || market === null ? '0' : priceText(market, fill.ticks),
    funding: funding === 0n ? '' : money(funding),
    fee: money(fee),
    cashFlow: money(cash),
    change: money(isSpot ? spotQty - fee : cash + funding - fee),
    cashBalance: money(last.balance),
    feeRate: last.kind === 'funding' ? (last.rate ?? '0') : (fill?.feeRate ?? '0'),
    bonusChange: '0',
    tradeId: fill?.execId ?? '',
    orderId: fill?.orderId ?? '',
    orderLinkId: fill?.clientId ?? '',
    extraFees: '',
  };
}

function signedLots(market: Market, lots: number): string {
  return lots < 0 ? `-${lotsText(market, -lots)}` : lotsText(market, lots);
}
