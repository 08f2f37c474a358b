/**
 * The paper venue's own account, as a venue keeps one. It is the judge of the ledger, so it shares no arithmetic with it: a position's cost is averaged here
 * where the ledger keeps lots, and amounts have another scale. Called by the paper venue on each fill, and by the host for the summary's `residual`.
 *
 * A fill is in this account at once, in the ledger only when its outcome was journaled. So that the two can be compared at any moment, a second set of books
 * lags behind: `changes` brings it up to the number of entries that the ledger has seen of this venue, in the same order, and compares those.
 *
 * No margin and no liquidation: contract orders are not refused for want of collateral. Spot orders are.
 */
import type { LedgerSnapshot } from '../../core/ledger/parts.js';
import type { Marks } from '../../core/ledger/marks.js';
import type { AccountChange } from '../../core/ledger/pnl.js';
import { assert } from '../../core/numbers/errors.js';
import type { RunTables } from '../../core/orders/tables.js';
import { AccountBooks, type AccountFill, type AccountFunding } from './account-books.js';
import { depositOf, type PaperOptions } from './options.js';
import { AMOUNT_SCALE, amountOf, floatOf, Terms } from './terms.js';

export class PaperAccount {
  readonly #terms = new Map<number, Terms>();
  readonly #deposits = new Map<string, bigint>();
  readonly #now: AccountBooks;
  readonly #told: AccountBooks;
  /** Entries in #now that #told does not have yet. */
  readonly #untold: (AccountFill | AccountFunding)[] = [];

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
        if (!this.#deposits.has(asset)) this.#deposits.set(asset, amountOf(depositOf(options, venue, asset)));
      }
    }
    this.#now = new AccountBooks(this.#terms, this.#deposits);
    this.#told = new AccountBooks(this.#terms, this.#deposits);
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
    return [...this.#deposits.keys()];
  }

  /** Indexes of the instruments that have positions. */
  contracts(): number[] {
    return [...this.#terms.values()].filter((terms) => !terms.isSpot).map((terms) => terms.instrument.index);
  }

  wallet(asset: string): bigint {
    return this.#now.wallet(asset);
  }

  walletFloat(asset: string): number {
    return floatOf(this.wallet(asset));
  }

  /** Net signed lots of a contract. */
  positionLots(instrument: number): number {
    return Number(this.#now.lots(instrument));
  }

  /** Price of the last fill in micro-ticks, null before the first. */
  lastMicro(instrument: number): bigint | null {
    return this.#now.lastMicro(instrument);
  }

  /** Fills and fundings of all runs. */
  get entries(): number {
    return this.#now.entries;
  }

  apply(entry: AccountFill | AccountFunding): void {
    this.#now.apply(entry);
    this.#untold.push(entry);
  }

  /** Equity minus deposits, per asset. @param entries that the ledger has seen of this venue; absent: all that this account has */
  changes(marks: Marks, entries?: number): AccountChange[] {
    this.#tell(entries ?? this.#now.entries);
    const books = entries === undefined ? this.#now : this.#told;
    return this.assets().map((asset) => ({
      asset,
      scale: AMOUNT_SCALE,
      change: books.equity(asset, marks) - (this.#deposits.get(asset) ?? 0n),
    }));
  }

  #tell(entries: number): void {
    const ready = this.#untold.splice(0, Math.max(0, entries - this.#told.entries));
    for (const entry of ready) this.#told.apply(entry);
  }
}

/**
 * Changes of several venues' accounts, summed by asset at the same marks: what the summary's `residual` compares the ledger with.
 * @param ledger at the same marks: compares what both sides have seen, while fills are still on their way to the journal. Absent: everything, for the end of a run.
 */
export function sumChanges(accounts: readonly PaperAccount[], marks: Marks, ledger?: LedgerSnapshot): AccountChange[] {
  const sums = new Map<string, bigint>();
  for (const account of accounts) {
    const venueIndex = ledger?.venues.findIndex(({ venue }) => venue === account.venue) ?? -1;
    const changes = ledger === undefined ? account.changes(marks) : account.changes(marks, ledger.entriesByVenue[venueIndex] ?? 0);
    for (const one of changes) sums.set(one.asset, (sums.get(one.asset) ?? 0n) + one.change);
  }
  return [...sums].map(([asset, change]) => ({ asset, scale: AMOUNT_SCALE, change }));
}
