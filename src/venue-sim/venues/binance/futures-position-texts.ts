/** Wallets and positions of USD-M and COIN-M as their account, balance and position answers and events write them. Called for each of these. */
import type { PositionView, WalletView } from '../../exchange/contract.js';
import { displayPrice, milliseconds, moneyText, ratioText } from './amounts.js';
import type { FuturesFamily } from './futures-texts.js';

const ENTRY_DECIMALS = 8;
const DISPLAY_DECIMALS = 8;

/** Average price of the position as it stands, from its exact value at entry. */
export function entryText(view: PositionView): string {
  if (view.lots === 0) return '0.0';
  const { spec } = view.market;
  const lots = BigInt(Math.abs(view.lots)) * BigInt(spec.lotUnits);
  const value = BigInt(spec.contractValue);
  const qtyScale = 10n ** BigInt(spec.qtyDecimals);
  // Wallet units are 10^-8 of the settle asset on both venues.
  const text =
    spec.kind === 'inverse'
      ? ratioText(lots * value * 100_000_000n, view.entryUnits * qtyScale, ENTRY_DECIMALS)
      : ratioText(view.entryUnits * qtyScale, lots * value * 100_000_000n, ENTRY_DECIMALS);
  return trimmed(text);
}

/** Where closing at the taker fee gives back the fee paid for opening. */
export function breakEvenText(view: PositionView): string {
  const entry = view.entryPrice;
  if (entry === null || view.lots === 0) return '0.0';
  const fee = Number(view.market.spec.takerFee);
  const isLong = view.lots > 0;
  return trimmed(displayPrice(entry * (isLong ? 1 + fee : 1 - fee), DISPLAY_DECIMALS));
}

function trimmed(text: string): string {
  const short = text.replace(/0+$/, '');
  return short.endsWith('.') ? `${short}0` : short;
}

/** Value at the mark with the position's sign. */
function signedValue(view: PositionView, wallet: WalletView['terms']): string {
  return moneyText(view.lots < 0 ? -view.markUnits : view.markUnits, wallet);
}

function settleOf(view: PositionView): WalletView['terms'] {
  return { asset: view.market.spec.settle, decimals: 8 };
}

export function assetLine(family: FuturesFamily, wallet: WalletView, crossProfit: bigint): Record<string, unknown> {
  const money = (units: bigint): string => moneyText(units, wallet.terms);
  return {
    asset: wallet.terms.asset,
    walletBalance: money(wallet.total),
    unrealizedProfit: money(wallet.unrealised),
    marginBalance: money(wallet.total + wallet.unrealised),
    maintMargin: money(wallet.maintenance),
    initialMargin: money(wallet.positionMargin + wallet.orderMargin),
    positionInitialMargin: money(wallet.positionMargin),
    openOrderInitialMargin: money(wallet.orderMargin),
    crossWalletBalance: money(wallet.total - wallet.isolated),
    crossUnPnl: money(crossProfit),
    availableBalance: money(wallet.available),
    maxWithdrawAmount: money(wallet.available),
    ...(family === 'usdm' ? { marginAvailable: true } : {}),
    updateTime: milliseconds(wallet.updatedUs),
  };
}

export function balanceLine(family: FuturesFamily, wallet: WalletView, crossProfit: bigint, alias: string): Record<string, unknown> {
  const money = (units: bigint): string => moneyText(units, wallet.terms);
  const head = { accountAlias: alias, asset: wallet.terms.asset, balance: money(wallet.total) };
  const cross = { crossWalletBalance: money(wallet.total - wallet.isolated), crossUnPnl: money(crossProfit) };
  const updateTime = milliseconds(wallet.updatedUs);
  const available = money(wallet.available);
  if (family === 'coinm') return { ...head, withdrawAvailable: available, ...cross, availableBalance: available, updateTime };
  return { ...head, ...cross, availableBalance: available, maxWithdrawAmount: available, marginAvailable: true, updateTime };
}

export function positionInAccount(family: FuturesFamily, view: PositionView, version: 2 | 3, most: number): Record<string, unknown> {
  const terms = settleOf(view);
  const money = (units: bigint): string => moneyText(units, terms);
  const shared = {
    symbol: view.market.spec.symbol,
    positionSide: 'BOTH',
    positionAmt: view.market.qtyText(view.lots),
    unrealizedProfit: money(view.unrealised),
    initialMargin: money(view.initialMargin),
    maintMargin: money(view.maintenance),
    updateTime: milliseconds(view.updatedUs),
  };
  if (version === 3) {
    const isolated = money(view.isolatedMargin);
    return { ...shared, isolatedMargin: isolated, notional: signedValue(view, terms), isolatedWallet: isolated };
  }
  const terms2 = {
    ...shared,
    positionInitialMargin: money(view.initialMargin),
    openOrderInitialMargin: money(0n),
    leverage: String(view.leverage),
    isolated: view.marginMode === 'isolated',
    entryPrice: entryText(view),
    breakEvenPrice: breakEvenText(view),
  };
  const isolated = money(view.isolatedMargin);
  if (family === 'coinm') return { ...terms2, maxQty: String(most), notionalValue: signedValue(view, terms), isolatedWallet: isolated };
  return {
    ...terms2,
    maxNotional: String(most),
    bidNotional: '0',
    askNotional: '0',
    notional: signedValue(view, terms),
    isolatedWallet: isolated,
  };
}

export function positionRisk(
  family: FuturesFamily,
  view: PositionView,
  mark: string,
  version: 2 | 3,
  most: number,
): Record<string, unknown> {
  const terms = settleOf(view);
  const money = (units: bigint): string => moneyText(units, terms);
  const isolated = money(view.marginMode === 'isolated' ? view.isolatedMargin : 0n);
  const shared = {
    symbol: view.market.spec.symbol,
    positionSide: 'BOTH',
    positionAmt: view.market.qtyText(view.lots),
    entryPrice: entryText(view),
    breakEvenPrice: breakEvenText(view),
    markPrice: mark,
    unRealizedProfit: money(view.unrealised),
    liquidationPrice: displayPrice(view.liquidationPrice, DISPLAY_DECIMALS),
    isolatedMargin: isolated,
    updateTime: milliseconds(view.updatedUs),
  };
  if (version === 3) {
    return {
      ...shared,
      notional: signedValue(view, terms),
      marginAsset: terms.asset,
      isolatedWallet: isolated,
      initialMargin: money(view.initialMargin),
      maintMargin: money(view.maintenance),
      positionInitialMargin: money(view.initialMargin),
      openOrderInitialMargin: money(0n),
      adl: view.lots === 0 ? 0 : 1,
      bidNotional: '0',
      askNotional: '0',
    };
  }
  const settings = {
    leverage: String(view.leverage),
    marginType: view.marginMode === 'cross' ? 'cross' : 'isolated',
    isAutoAddMargin: 'false',
    isolatedWallet: isolated,
  };
  if (family === 'coinm') return { ...shared, ...settings, maxQty: String(most), notionalValue: signedValue(view, terms) };
  return { ...shared, ...settings, maxNotionalValue: String(most), notional: signedValue(view, terms) };
}
