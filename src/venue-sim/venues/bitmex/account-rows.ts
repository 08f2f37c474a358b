/** BitMEX's position, margin and wallet rows as recorded, shared by REST and the private tables. All money in the currency's integer unit. */
import type { Account, Exchange, LedgerEntry, PositionView, WalletView } from '../../exchange/contract.js';
import { timeText } from './public-tables.js';
import { costSign, qtyNumber, rounded, type Row } from './order-rows.js';

/** Shown for positions on cross margin: the most that their first risk step allows. */
const CROSS_LEVERAGE = 100;
const RISK_LIMITS: Readonly<Record<string, number>> = { XBt: 20_000_000_000, USDt: 15_000_000_000_000 };

function displayPrice(value: number | null, tickSize: number): number | null {
  return value === null || !(value > 0) ? null : rounded(Math.round(value / tickSize) * tickSize, 4);
}

export function positionRow(exchange: Exchange, position: PositionView, nowUs: number): Row {
  const { market, account } = position;
  const terms = exchange.terms(market);
  const sign = costSign(market) * (position.lots < 0 ? -1 : 1);
  const isOpen = position.lots !== 0;
  const qty = qtyNumber(market, position.lots);
  const posCost = sign * Number(position.entryUnits);
  const markValue = isOpen ? sign * Number(position.markUnits) : 0;
  const bought = costSign(market) * Number(position.boughtUnits);
  const sold = -costSign(market) * Number(position.soldUnits);
  const gross = Number(position.realisedTotal);
  const commission = Number(position.feesTotal - position.fundingTotal);
  const unrealised = Number(position.unrealised);
  const initial = Number(position.initialMargin);
  const maintenance = Number(position.maintenance);
  const home = !isOpen ? 0 : market.spec.kind === 'inverse' ? rounded(qty / position.markPrice, 8) : qty * market.spec.contractValue;
  const cost = Math.abs(posCost);
  const isCross = position.marginMode === 'cross';
  return {
    account: account.id,
    symbol: market.spec.symbol,
    currency: market.spec.settle,
    underlying: market.spec.base,
    quoteCurrency: market.spec.quote,
    commission: Number(terms.takerFee),
    initMarginReq: isCross || position.leverage <= 0 ? 1 / CROSS_LEVERAGE : 1 / position.leverage,
    maintMarginReq: Number(terms.maintenanceRate),
    riskLimit: RISK_LIMITS[market.spec.settle] ?? 0,
    leverage: isCross || position.leverage <= 0 ? CROSS_LEVERAGE : position.leverage,
    crossMargin: isCross,
    deleveragePercentile: isOpen ? 1 : null,
    rebalancedPnl: 0,
    prevRealisedPnl: 0,
    prevUnrealisedPnl: 0,
    prevClosePrice: position.markPrice,
    openingTimestamp: timeText(nowUs - (nowUs % 3_600_000_000)),
    openingQty: 0,
    openingCost: 0,
    openingComm: 0,
    openOrderBuyQty: qtyNumber(market, position.openBuyLots),
    openOrderBuyCost: 0,
    openOrderBuyPremium: 0,
    openOrderSellQty: qtyNumber(market, position.openSellLots),
    openOrderSellCost: 0,
    openOrderSellPremium: 0,
    execBuyQty: qtyNumber(market, position.boughtLots),
    execBuyCost: bought,
    execSellQty: qtyNumber(market, position.soldLots),
    execSellCost: sold,
    execQty: qty,
    execCost: bought + sold,
    execComm: commission,
    currentTimestamp: timeText(nowUs),
    currentQty: qty,
    currentCost: bought + sold,
    currentComm: commission,
    realisedCost: -gross,
    unrealisedCost: posCost,
    grossOpenCost: 0,
    grossOpenPremium: 0,
    grossExecCost: cost,
    isOpen,
    markPrice: isOpen ? rounded(position.markPrice, 4) : null,
    markValue,
    riskValue: Math.abs(markValue),
    homeNotional: home,
    foreignNotional: !isOpen ? 0 : market.spec.kind === 'inverse' ? -qty : rounded(-home * position.markPrice, 6),
    posState: '',
    posCost,
    posCost2: posCost,
    posCross: 0,
    posInit: initial,
    posComm: 0,
    posLoss: 0,
    posMargin: isCross ? initial : Number(position.isolatedMargin),
    posMaint: maintenance,
    posAllowance: 0,
    taxableMargin: 0,
    initMargin: 0,
    maintMargin: isCross ? initial + unrealised : Number(position.isolatedMargin) + unrealised,
    sessionMargin: 0,
    targetExcessMargin: 0,
    varMargin: 0,
    realisedGrossPnl: gross,
    realisedTax: 0,
    realisedPnl: gross - commission,
    unrealisedGrossPnl: unrealised,
    longBankrupt: 0,
    shortBankrupt: 0,
    taxBase: 0,
    indicativeTaxRate: null,
    indicativeTax: 0,
    unrealisedTax: 0,
    unrealisedPnl: unrealised,
    unrealisedPnlPcnt: cost === 0 ? 0 : rounded(unrealised / cost, 4),
    unrealisedRoePcnt: cost === 0 ? 0 : rounded((unrealised / cost) * (isCross ? CROSS_LEVERAGE : position.leverage), 4),
    simpleQty: null,
    simpleCost: null,
    simpleValue: null,
    simplePnl: null,
    simplePnlPcnt: null,
    avgCostPrice: position.entryPrice === null ? null : rounded(position.entryPrice, 4),
    avgEntryPrice: position.entryPrice === null ? null : rounded(position.entryPrice, 4),
    breakEvenPrice: displayPrice(position.entryPrice, market.tickSize),
    marginCallPrice: displayPrice(position.liquidationPrice, market.tickSize),
    liquidationPrice: displayPrice(position.liquidationPrice, market.tickSize),
    bankruptPrice: displayPrice(position.bankruptcyPrice, market.tickSize),
    timestamp: timeText(Math.max(position.updatedUs, 0)),
    lastPrice: isOpen ? rounded(position.markPrice, 4) : null,
    lastValue: markValue,
  };
}

export function marginRow(exchange: Exchange, account: Account, wallet: WalletView, nowUs: number): Row {
  const { asset } = wallet.terms;
  const positions = exchange.positions(account).filter((position) => position.market.spec.settle === asset);
  const sum = (of: (position: PositionView) => bigint): number => Number(positions.reduce((units, position) => units + of(position), 0n));
  const total = Number(wallet.total);
  const unrealised = Number(wallet.unrealised);
  const balance = total + unrealised;
  const maintMargin = Number(wallet.positionMargin);
  const initMargin = Number(wallet.orderMargin);
  const available = Number(wallet.available);
  const risk = sum((position) => position.markUnits);
  const realised = exchange.markets
    .filter((market) => market.spec.settle === asset)
    .map((market) => exchange.position(account, market))
    .reduce((units, position) => units + position.realisedTotal - position.feesTotal + position.fundingTotal, 0n);
  return {
    account: account.id,
    currency: asset,
    riskLimit: RISK_LIMITS[asset] ?? 0,
    amount: total,
    prevRealisedPnl: 0,
    grossComm: 0,
    grossOpenCost: 0,
    grossOpenPremium: 0,
    grossExecCost: sum((position) => position.entryUnits),
    grossMarkValue: risk,
    riskValue: risk,
    initMargin,
    maintMargin,
    targetExcessMargin: 0,
    realisedPnl: Number(realised),
    unrealisedPnl: unrealised,
    walletBalance: total,
    marginBalance: balance,
    marginLeverage: balance > 0 ? rounded(risk / balance, 4) : 0,
    marginUsedPcnt: balance > 0 ? rounded((initMargin + maintMargin) / balance, 4) : 0,
    excessMargin: balance - initMargin - maintMargin,
    availableMargin: available,
    withdrawableMargin: available,
    makerFeeDiscount: 0,
    takerFeeDiscount: 0,
    timestamp: timeText(wallet.updatedUs > 0 ? wallet.updatedUs : nowUs),
    foreignMarginBalance: 0,
    foreignRequirement: 0,
  };
}

export function walletRow(exchange: Exchange, account: Account, wallet: WalletView, nowUs: number): Row {
  const { asset } = wallet.terms;
  const deposited = exchange
    .ledger(account, { kind: 'deposit' })
    .reduce((units, entry) => (entry.asset.asset === asset ? units + entry.units : units), 0n);
  const total = Number(wallet.total);
  const at = timeText(wallet.updatedUs > 0 ? wallet.updatedUs : nowUs);
  return {
    account: account.id,
    currency: asset,
    prevDeposited: Number(deposited),
    prevWithdrawn: 0,
    prevTransferIn: 0,
    prevTransferOut: 0,
    prevAmount: Number(deposited),
    prevTimestamp: at,
    deltaDeposited: 0,
    deltaWithdrawn: 0,
    deltaTransferIn: 0,
    deltaTransferOut: 0,
    deltaAmount: total - Number(deposited),
    deposited: Number(deposited),
    withdrawn: 0,
    transferIn: 0,
    transferOut: 0,
    amount: total,
    pendingCredit: 0,
    pendingDebit: 0,
    confirmedDebit: 0,
    timestamp: at,
    addr: '',
    script: '',
    withdrawalLock: [],
  };
}

function lastId(line: Line): number {
  return line.entries.at(-1)?.id ?? 0;
}

interface Line {
  readonly kind: 'Deposit' | 'RealisedPNL' | 'Funding';
  readonly address: string;
  entries: LedgerEntry[];
}

/**
 * The statement, newest first: deposits one by one, funding payments one by one, profit and fees of a market day by day, and the unrealised profit of open
 * positions as pending lines without times.
 */
export function walletHistory(exchange: Exchange, account: Account, currency: string): Row[] {
  const dayUs = 86_400_000_000;
  const lines = new Map<string, Line>();
  for (const entry of exchange.ledger(account)) {
    if (currency !== 'all' && entry.asset.asset !== currency) continue;
    const kind = entry.kind === 'deposit' ? 'Deposit' : entry.kind === 'funding' ? 'Funding' : 'RealisedPNL';
    const address = entry.market?.spec.symbol ?? '';
    const key = kind === 'RealisedPNL' ? `${entry.asset.asset} ${address} ${Math.floor(entry.timeUs / dayUs)}` : `entry ${entry.id}`;
    const line = lines.get(key);
    if (line === undefined) lines.set(key, { kind, address, entries: [entry] });
    else line.entries.push(entry);
  }
  const balances = new Map<string, bigint>();
  const rows = [...lines.values()]
    .toSorted((a, b) => lastId(a) - lastId(b))
    .map((line) => {
      const [first] = line.entries;
      const last = line.entries.at(-1);
      const asset = first?.asset.asset ?? '';
      const amount = line.entries.reduce((units, entry) => units + entry.units, 0n);
      // Entries older than the statement reaches are in the first balance.
      const before = balances.get(asset) ?? (first === undefined ? 0n : first.balance - first.units);
      balances.set(asset, before + amount);
      return historyRow(account, line, asset, amount, before + amount, last);
    });
  return [...pendingRows(exchange, account, currency), ...rows.toReversed()];
}

function historyRow(account: Account, line: Line, asset: string, amount: bigint, balance: bigint, last: LedgerEntry | undefined): Row {
  const at = timeText(last?.timeUs ?? 0);
  return {
    transactID: `00000000-006d-4000-0000-${(last?.id ?? 0).toString(16).padStart(12, '0')}`,
    account: account.id,
    currency: asset,
    network: '',
    transactType: line.kind,
    amount: Number(amount),
    fee: 0,
    transactStatus: 'Completed',
    address: line.address,
    tx: '',
    orderID: '',
    text: '',
    transactTime: at,
    walletBalance: Number(balance),
    marginBalance: null,
    memo: '',
    timestamp: at,
  };
}

function pendingRows(exchange: Exchange, account: Account, currency: string): Row[] {
  return exchange
    .positions(account)
    .filter((position) => currency === 'all' || position.market.spec.settle === currency)
    .map((position) => ({
      transactID: '00000000-0000-0000-0000-000000000000',
      account: account.id,
      currency: position.market.spec.settle,
      network: '',
      transactType: 'UnrealisedPNL',
      amount: Number(position.unrealised),
      fee: 0,
      transactStatus: 'Pending',
      address: position.market.spec.symbol,
      tx: '',
      orderID: '',
      text: '',
      transactTime: null,
      walletBalance: Number(exchange.wallet(account, position.market.spec.settle).total),
      marginBalance: null,
      memo: '',
      timestamp: null,
    }));
}
