/**
 * A slow and obvious double-entry ledger of exact fractions. Each movement is written twice, once to the wallet and once to the account that explains it. What
 * strategies earned comes from looking, for each fill, through the list of their open ones. It has no pools, no scales, no integers of money.
 */
import { microOf } from '../../../src/core/ledger/instrument-money.js';
import type { Funding } from '../../../src/core/ledger/ledger.js';
import type { Marks } from '../../../src/core/ledger/marks.js';
import { coinOf, type Instrument } from '../../../src/core/orders/instrument.js';
import type { RecoveredFill } from '../../../src/core/orders/recovered.js';
import type { RunTables } from '../../../src/core/orders/tables.js';
import { isLess, magnitude, minus, ofDecimal, over, plus, times, toWallet, whole, ZERO, type Fraction } from './fraction.js';

type Account = 'wallet' | 'flow' | 'fee' | 'funding';
export type Part = 'grid' | 'arb' | 'other' | 'trend' | 'fees' | 'funding' | 'rounding';

interface Entry {
  readonly asset: string;
  readonly account: Account;
  readonly strategy: number;
  readonly amount: Fraction;
}

/** What is left of a fill that nothing has closed yet: signed quantity, and the cash that it brought. */
interface OpenFill {
  readonly where: string;
  qty: Fraction;
  cash: Fraction;
}

const KINDS: readonly Part[] = ['grid', 'arb', 'other'];
const WALLET_UNIT: Fraction = [1n, 100_000_000n];

export class SlowLedger {
  readonly #tables: RunTables;
  readonly #entries: Entry[] = [];
  readonly #fills: RecoveredFill[] = [];

  constructor(tables: RunTables) {
    this.#tables = tables;
  }

  applyFill(fill: RecoveredFill): void {
    const instrument = this.#instrument(fill.instrument);
    this.#fills.push(fill);
    this.#move(moneyOf(instrument), 'flow', fill.strategy, flowOf(instrument, lotsOf(fill), microOf(fill.fillTicks)).venue);
    if (instrument.kind === 'spot') this.#move(instrument.base, 'flow', fill.strategy, qtyOf(instrument, fill));
    this.#move(this.#tables.assets[fill.feeAsset] ?? '', 'fee', fill.strategy, times(whole(-fill.fee), WALLET_UNIT));
  }

  applyFunding({ asset, strategy, amount }: Funding): void {
    this.#move(this.#tables.assets[asset] ?? '', 'funding', strategy, times(whole(amount), WALLET_UNIT));
  }

  /** Wallet of an asset plus what closing each instrument's net position would bring. */
  equity(asset: string, marks: Marks): Fraction {
    let sum = this.#sum(asset, 'wallet');
    for (const instrument of this.#contractsIn(asset))
      sum = plus(sum, this.#closing(instrument, marks, (fill) => fill.instrument === instrument.index).venue);
    return sum;
  }

  fees(asset: string): Fraction {
    return this.#sum(asset, 'fee');
  }

  /** Both sides of the book agree. */
  isBalanced(asset: string): boolean {
    const explained = plus(plus(this.#sum(asset, 'flow'), this.#sum(asset, 'fee')), this.#sum(asset, 'funding'));
    return plus(this.#sum(asset, 'wallet'), minus(explained))[0] === 0n;
  }

  /** What one strategy's result in an asset is made of. */
  parts(strategy: number, asset: string, marks: Marks): Readonly<Record<Part, Fraction>> {
    const parts: Record<Part, Fraction> = {
      grid: ZERO,
      arb: ZERO,
      other: ZERO,
      trend: ZERO,
      fees: this.#sum(asset, 'fee', strategy),
      funding: this.#sum(asset, 'funding', strategy),
      rounding: ZERO,
    };
    const mine = this.#fills.filter((fill) => fill.strategy === strategy);
    const open: OpenFill[] = [];
    for (const fill of mine) {
      const instrument = this.#instrument(fill.instrument);
      if (instrument.kind === 'spot' && instrument.base === asset) parts.trend = plus(parts.trend, qtyOf(instrument, fill));
      if (moneyOf(instrument) !== asset) continue;
      const kind = KINDS[fill.pnlKind] ?? 'other';
      const flow = flowOf(instrument, lotsOf(fill), microOf(fill.fillTicks));
      parts.rounding = plus(parts.rounding, plus(flow.venue, minus(flow.exact)));
      parts[kind] = plus(
        parts[kind],
        close(open, { where: whereOf(kind, instrument), qty: qtyOf(instrument, fill), cash: flow.exact }, kind),
      );
    }
    for (const { cash } of open) parts.trend = plus(parts.trend, cash);
    for (const instrument of this.#contractsIn(asset)) {
      const value = this.#closing(instrument, marks, (fill) => fill.instrument === instrument.index && fill.strategy === strategy);
      parts.trend = plus(parts.trend, value.exact);
    }
    return parts;
  }

  #closing(instrument: Instrument, marks: Marks, isCounted: (fill: RecoveredFill) => boolean): { venue: Fraction; exact: Fraction } {
    const last = this.#fills.findLast((fill) => fill.instrument === instrument.index);
    const net = this.#fills.filter(isCounted).reduce((lots, fill) => lots + lotsOf(fill), 0n);
    if (last === undefined || net === 0n) return { venue: ZERO, exact: ZERO };
    return flowOf(instrument, -net, marks(instrument.index) ?? microOf(last.fillTicks));
  }

  #contractsIn(asset: string): readonly Instrument[] {
    return this.#tables.instruments.filter(({ kind, settle }) => kind !== 'spot' && settle === asset);
  }

  #move(asset: string, account: Account, strategy: number, amount: Fraction): void {
    this.#entries.push({ asset, account: 'wallet', strategy, amount }, { asset, account, strategy, amount });
  }

  #sum(asset: string, account: Account, strategy?: number): Fraction {
    const some = this.#entries.filter(
      (entry) => entry.asset === asset && entry.account === account && (strategy === undefined || entry.strategy === strategy),
    );
    return some.reduce<Fraction>((sum, { amount }) => plus(sum, amount), ZERO);
  }

  #instrument(index: number): Instrument {
    const found = this.#tables.instruments[index];
    if (found === undefined) throw new Error(`no instrument ${index}`);
    return found;
  }
}

const moneyOf = ({ kind, quote, settle }: Instrument): string => (kind === 'spot' ? quote : settle);
const lotsOf = ({ side, fillLots }: RecoveredFill): bigint => (side === 0 ? BigInt(fillLots) : -BigInt(fillLots));
const sizeOf = ({ lotSize, multiplier }: Instrument): Fraction => times(ofDecimal(lotSize), ofDecimal(multiplier));
const qtyOf = (instrument: Instrument, fill: RecoveredFill): Fraction => times(whole(lotsOf(fill)), sizeOf(instrument));

/** Cash that a trade of signed lots brings: exactly, and by the venue's rounding. */
function flowOf(instrument: Instrument, lots: bigint, micro: bigint): { venue: Fraction; exact: Fraction } {
  const price = times([micro, 1_000_000n], ofDecimal(instrument.tickSize));
  const size = sizeOf(instrument);
  const isInverse = instrument.kind === 'inverse';
  const one = isInverse ? over(size, price) : times(size, price);
  const value = times(whole(lots), one);
  const exact = isInverse ? value : minus(value);
  if (instrument.kind === 'spot' || instrument.kind === 'linear') return { venue: exact, exact };
  const rounded = instrument.venue === 'bitmex' ? times(whole(lots), toWallet(one)) : toWallet(value);
  return { venue: isInverse ? rounded : minus(rounded), exact };
}

/** What may close what. */
function whereOf(kind: Part, { index, base, quote, settle, kind: payoff }: Instrument): string {
  if (kind !== 'arb' || payoff === 'quanto') return `${kind} ${index}`;
  return payoff === 'inverse' ? `arb of ${quote} in ${settle}` : `arb of ${coinOf(base)}`;
}

/** Profit of what a fill closes; what is left of it is added to the open ones. Grids and pairs close the newest first, others the oldest. */
function close(open: OpenFill[], fill: OpenFill, kind: Part): Fraction {
  let profit = ZERO;
  for (;;) {
    const isOpposite = (one: OpenFill): boolean => one.where === fill.where && one.qty[0] * fill.qty[0] < 0n;
    const other = kind === 'other' ? open.find(isOpposite) : open.findLast(isOpposite);
    if (other === undefined || fill.qty[0] === 0n) break;
    const size = isLess(magnitude(other.qty), magnitude(fill.qty)) ? magnitude(other.qty) : magnitude(fill.qty);
    profit = plus(profit, plus(take(other, size), take(fill, size)));
    if (other.qty[0] === 0n) open.splice(open.indexOf(other), 1);
  }
  if (fill.qty[0] !== 0n) open.push(fill);
  return profit;
}

/** Takes a share out of an open fill; returns its cash. */
function take(from: OpenFill, size: Fraction): Fraction {
  const cash = over(times(from.cash, size), magnitude(from.qty));
  from.cash = plus(from.cash, minus(cash));
  from.qty = plus(from.qty, from.qty[0] > 0n ? minus(size) : size);
  return cash;
}
