/**
 * A slow and obvious double-entry ledger of exact fractions. Each movement is written twice, once to the wallet and once to the account that explains it; it
 * has no lots, no pools, no scales: what it knows are final sums per asset, which the ledger under test must reach.
 */
import { parseDecimal } from '../../../src/core/numbers/decimal.js';
import { microOf } from '../../../src/core/ledger/instrument-money.js';
import type { Marks } from '../../../src/core/ledger/marks.js';
import type { Instrument } from '../../../src/core/orders/instrument.js';
import type { RecoveredFill } from '../../../src/core/orders/recovered.js';
import type { RunTables } from '../../../src/core/orders/tables.js';

/** A fraction; the denominator is positive. */
type Fraction = readonly [bigint, bigint];

const plus = (a: Fraction, b: Fraction): Fraction => [a[0] * b[1] + b[0] * a[1], a[1] * b[1]];
const times = (a: Fraction, b: Fraction): Fraction => [a[0] * b[0], a[1] * b[1]];
const over = (a: Fraction, b: Fraction): Fraction => [a[0] * b[1], a[1] * b[0]];
const minus = (a: Fraction): Fraction => [-a[0], a[1]];

function of(text: string): Fraction {
  const { mantissa, scale } = parseDecimal(text);
  return [mantissa, 10n ** BigInt(scale)];
}

/** To the nearest 1e-8, halves away from zero. */
function rounded(value: Fraction): Fraction {
  const scaled = value[0] * 100_000_000n * 2n;
  const size = scaled < 0n ? -scaled : scaled;
  const whole = (size + value[1]) / (2n * value[1]);
  return [scaled < 0n ? -whole : whole, 100_000_000n];
}

export class SlowLedger {
  readonly #tables: RunTables;
  readonly #entries: { readonly asset: string; readonly account: 'wallet' | 'flow' | 'fee'; readonly amount: Fraction }[] = [];
  readonly #fills: RecoveredFill[] = [];

  constructor(tables: RunTables) {
    this.#tables = tables;
  }

  applyFill(fill: RecoveredFill): void {
    const instrument = this.#instrument(fill.instrument);
    const lots: Fraction = [fill.side === 0 ? BigInt(fill.fillLots) : -BigInt(fill.fillLots), 1n];
    this.#fills.push(fill);
    const money = instrument.kind === 'spot' ? instrument.quote : instrument.settle;
    this.#move(money, 'flow', this.#flow(instrument, lots, microOf(fill.fillTicks)));
    if (instrument.kind === 'spot')
      this.#move(instrument.base, 'flow', times(times(lots, of(instrument.lotSize)), of(instrument.multiplier)));
    this.#move(this.#tables.assets[fill.feeAsset] ?? '', 'fee', [-BigInt(fill.fee), 100_000_000n]);
  }

  /** Wallet of an asset plus the value of open positions. */
  equity(asset: string, marks: Marks): Fraction {
    let sum = this.#sum(asset, 'wallet');
    for (const instrument of this.#tables.instruments) {
      if (instrument.kind === 'spot' || instrument.settle !== asset) continue;
      const mine = this.#fills.filter((fill) => fill.instrument === instrument.index);
      const last = mine.at(-1);
      if (last === undefined) continue;
      const net = mine.reduce((lots, fill) => lots + (fill.side === 0 ? 1n : -1n) * BigInt(fill.fillLots), 0n);
      if (net !== 0n) sum = plus(sum, this.#flow(instrument, [-net, 1n], marks(instrument.index) ?? microOf(last.fillTicks)));
    }
    return sum;
  }

  fees(asset: string): Fraction {
    return this.#sum(asset, 'fee');
  }

  /** Both sides of the book agree. */
  isBalanced(asset: string): boolean {
    const explained = plus(this.#sum(asset, 'flow'), this.#sum(asset, 'fee'));
    return plus(this.#sum(asset, 'wallet'), minus(explained))[0] === 0n;
  }

  /** Cash that a trade of signed lots brings, by the venue's rounding. */
  #flow(instrument: Instrument, lots: Fraction, micro: bigint): Fraction {
    const price = times([micro, 1_000_000n], of(instrument.tickSize));
    const size = times(of(instrument.lotSize), of(instrument.multiplier));
    if (instrument.kind === 'spot' || instrument.kind === 'linear') return minus(times(times(lots, size), price));
    const one = instrument.kind === 'inverse' ? over(size, price) : times(size, price);
    const value = instrument.venue === 'bitmex' ? times(lots, rounded(one)) : rounded(times(lots, one));
    return instrument.kind === 'inverse' ? value : minus(value);
  }

  #move(asset: string, account: 'flow' | 'fee', amount: Fraction): void {
    this.#entries.push({ asset, account: 'wallet', amount }, { asset, account, amount });
  }

  #sum(asset: string, account: 'wallet' | 'flow' | 'fee'): Fraction {
    const of = this.#entries.filter((entry) => entry.asset === asset && entry.account === account);
    return of.reduce<Fraction>((sum, { amount }) => plus(sum, amount), [0n, 1n]);
  }

  #instrument(index: number): Instrument {
    const found = this.#tables.instruments[index];
    if (found === undefined) throw new Error(`no instrument ${index}`);
    return found;
  }
}

/** Whether an integer of 10^-scale equals a fraction exactly. */
export function isSame(value: bigint, scale: number, fraction: Fraction): boolean {
  return value * fraction[1] === fraction[0] * 10n ** BigInt(scale);
}
