/**
 * The paper venue's own account: wallets by asset and contract positions at average cost, as a venue keeps them. It is the judge of the ledger, so it shares no
 * arithmetic with it: a position's cost is averaged here where the ledger keeps lots, and amounts have another scale. Called by the paper venue on each fill.
 *
 * No margin and no liquidation: contract orders are not refused for want of collateral. Spot orders are.
 */
import type { Marks } from '../../core/ledger/marks.js';
import { MICRO_PER_TICK } from '../../core/ledger/marks.js';
import type { AccountChange } from '../../core/ledger/pnl.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { assert } from '../../core/numbers/errors.js';
import type { RunTables } from '../../core/orders/tables.js';
import { depositOf, type PaperOptions } from './options.js';
import { AMOUNT_SCALE, amountOf, floatOf, Terms, WALLET_UNIT } from './terms.js';

export interface AccountFill {
  readonly instrument: number;
  readonly side: number;
  readonly ticks: number;
  readonly lots: number;
  /** 1e-8 of the fee asset. */
  readonly fee: number;
  readonly feeAsset: string;
}

interface Position {
  lots: bigint;
  /** Signed value at which the open lots were entered. */
  basis: bigint;
  lastMicro: bigint;
}

export class PaperAccount {
  readonly #terms = new Map<number, Terms>();
  readonly #positions = new Map<number, Position>();
  readonly #wallets = new Map<string, bigint>();
  readonly #deposits = new Map<string, bigint>();
  /** Fills applied since the ledger began, recovered ones included. */
  fills = 0;

  constructor(
    tables: RunTables,
    readonly venue: string,
    options: PaperOptions,
  ) {
    for (const instrument of tables.instruments) {
      if (instrument.venue !== venue) continue;
      this.#terms.set(instrument.index, new Terms(instrument));
      const { base, quote, settle } = instrument;
      for (const asset of instrument.kind === 'spot' ? [base, quote] : [settle]) {
        if (this.#deposits.has(asset)) continue;
        this.#deposits.set(asset, amountOf(depositOf(options, venue, asset)));
        this.#wallets.set(asset, amountOf(depositOf(options, venue, asset)));
      }
    }
  }

  terms(instrument: number): Terms {
    const found = this.#terms.get(instrument);
    assert(found !== undefined, `instrument must be one of ${this.venue}, was ${instrument}`);
    return found;
  }

  has(instrument: number): boolean {
    return this.#terms.has(instrument);
  }

  assets(): string[] {
    return [...this.#wallets.keys()];
  }

  wallet(asset: string): bigint {
    return this.#wallets.get(asset) ?? 0n;
  }

  walletFloat(asset: string): number {
    return floatOf(this.wallet(asset));
  }

  /** Net signed lots of a contract. */
  positionLots(instrument: number): number {
    return Number(this.#positions.get(instrument)?.lots ?? 0n);
  }

  applyFill(fill: AccountFill): void {
    const terms = this.terms(fill.instrument);
    const lots = fill.side === SIDE_BUY ? BigInt(fill.lots) : -BigInt(fill.lots);
    const micro = BigInt(fill.ticks) * MICRO_PER_TICK;
    if (terms.isSpot) {
      this.#add(terms.instrument.base, terms.base(lots));
      this.#add(terms.money, -terms.value(lots, micro));
    } else {
      this.#trade(terms, lots, micro);
    }
    this.#add(fill.feeAsset, -BigInt(fill.fee) * WALLET_UNIT);
    this.fills++;
  }

  /** Wallet plus unrealised profit at the marks. */
  equity(asset: string, marks: Marks): bigint {
    let sum = this.wallet(asset);
    for (const [instrument, position] of this.#positions) {
      const terms = this.terms(instrument);
      if (terms.money !== asset || position.lots === 0n) continue;
      const value = terms.value(position.lots, marks(instrument) ?? position.lastMicro);
      sum += terms.isInverse ? position.basis - value : value - position.basis;
    }
    return sum;
  }

  /** Equity minus deposits, per asset. */
  changes(marks: Marks): AccountChange[] {
    return this.assets().map((asset) => ({
      asset,
      scale: AMOUNT_SCALE,
      change: this.equity(asset, marks) - (this.#deposits.get(asset) ?? 0n),
    }));
  }

  /** A contract trade: what closes is realised into the wallet at average cost, the rest is entered. */
  #trade(terms: Terms, lots: bigint, micro: bigint): void {
    const position = this.#positions.get(terms.instrument.index) ?? { lots: 0n, basis: 0n, lastMicro: micro };
    this.#positions.set(terms.instrument.index, position);
    position.lastMicro = micro;
    let value = terms.value(lots, micro);
    let opening = lots;
    if (position.lots !== 0n && position.lots > 0n !== lots > 0n) {
      const held = size(position.lots);
      const closing = size(lots) < held ? size(lots) : held;
      const costShare = (position.basis * closing) / held;
      const valueShare = (value * closing) / size(lots);
      const realised = -valueShare - costShare;
      this.#add(terms.money, terms.isInverse ? -realised : realised);
      position.basis -= costShare;
      position.lots += lots > 0n ? closing : -closing;
      opening += lots > 0n ? -closing : closing;
      value -= valueShare;
    }
    position.lots += opening;
    position.basis += value;
  }

  #add(asset: string, amount: bigint): void {
    this.#wallets.set(asset, this.wallet(asset) + amount);
  }
}

/** Changes of several venues' accounts, summed by asset at the same marks: what the summary's `residual` compares the ledger with. */
export function sumChanges(accounts: readonly PaperAccount[], marks: Marks): AccountChange[] {
  const sums = new Map<string, bigint>();
  for (const account of accounts) {
    for (const one of account.changes(marks)) sums.set(one.asset, (sums.get(one.asset) ?? 0n) + one.change);
  }
  return [...sums].map(([asset, change]) => ({ asset, scale: AMOUNT_SCALE, change }));
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}
