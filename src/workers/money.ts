/** The run's money, folded from the journal as it is written: the ledger, and beside it what it is compared with: fill models' accounts, or the venues'. Main thread. */
import { Ledger, type Funding } from '../core/ledger/ledger.js';
import { freezeMarks, type Marks } from '../core/ledger/marks.js';
import { pnlRows, type AccountChange, type PnlRow } from '../core/ledger/pnl.js';
import type { LedgerSnapshot } from '../core/ledger/parts.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import { MARK_BYTES, MARK_SEQUENCE, MARK_TICKS, type MemoryPlan } from '../core/memory/layout.js';
import { formatDecimal, parseDecimal } from '../core/numbers/decimal.js';
import { assert } from '../core/numbers/errors.js';
import { REC_KIND, RecordKind } from '../core/memory/record.js';
import { beginRead, endRead, SEQLOCK_TRIES } from '../core/memory/seqlock.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { RunTables } from '../core/orders/tables.js';
import { BookReader } from '../core/book/book-reader.js';
import { gridOf } from '../core/book/grid.js';
import { bookBase } from '../core/memory/layout.js';
import { sumChanges, type PaperAccount } from '../execution/paper/account.js';
import type { StrategyPnlRow } from '../monitoring/payload-rows.js';
import { strategyPnlRows } from '../monitoring/strategy-pnl.js';
import { fillOf, readRecord } from '../core/orders/journal-record.js';
import type { Recovery } from '../storage/recover.js';
import type { JournalSink } from '../storage/writer.js';

/** The ledger's sums at one venue at one moment. */
export interface VenueSums {
  /** Fills and fundings in them. */
  readonly entries: number;
  /** Flows since the ledger's beginning, positions counted as flows, by asset; decimal text. */
  readonly wallets: ReadonlyMap<string, string>;
}

/** What a venue's account had beyond the ledger's sums when the two were compared; decimal text. */
export interface VenueResidual {
  readonly venue: string;
  readonly asset: string;
  readonly residual: string;
}

function atScale(text: string, scale: number): bigint {
  const { mantissa, scale: own } = parseDecimal(text);
  assert(own <= scale, `an amount of a venue must have at most ${scale} digits, was ${text}`);
  return mantissa * 10n ** BigInt(scale - own);
}

export class Money implements JournalSink {
  readonly name = 'ledger';
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #tables: RunTables;
  readonly #ledger: Ledger;
  readonly #start: LedgerSnapshot;
  readonly #accounts: readonly PaperAccount[];
  readonly #readers: readonly BookReader[];
  readonly #mids: Float64Array;

  /** @param accounts of paper gateways, recovered from the same journal; empty where venues keep the accounts */
  constructor(views: SharedViews, plan: MemoryPlan, tables: RunTables, recovered: Recovery, accounts: readonly PaperAccount[]) {
    this.#views = views;
    this.#plan = plan;
    this.#tables = tables;
    this.#accounts = accounts;
    this.#ledger = new Ledger(tables);
    for (const fill of recovered.fills) this.#ledger.applyFill(fill);
    for (const funding of recovered.fundings) this.#ledger.applyFunding(funding);
    this.#start = this.#ledger.snapshot(() => null);
    this.#readers = tables.instruments.map(
      (instrument) => new BookReader(views, bookBase(plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize)),
    );
    this.#mids = new Float64Array(tables.instruments.length).fill(Number.NaN);
  }

  onRecord(u8: Uint8Array, f64: Float64Array, at: number): void {
    const kind = u8[at + REC_KIND]!;
    if (kind === RecordKind.FILL) this.#ledger.applyFill(fillOf(readRecord(u8, f64, at)));
    else if (kind === RecordKind.FUNDING) {
      const { strategy, instrument, feeAsset, fee, tradeId } = readRecord(u8, f64, at);
      const funding: Funding = { strategy, instrument, asset: feeAsset, amount: fee, id: tradeId };
      this.#ledger.applyFunding(funding);
    }
  }

  onBatchEnd(): void {
    // Profit is read when somebody asks.
  }

  /** One reading of all marks: the venue's mark of a contract, else the middle of the book, as last seen. */
  marks(): Marks {
    return freezeMarks(this.#tables.instruments.length, (instrument) => {
      const mark = this.#tables.instruments[instrument]?.kind === 'spot' ? 0 : this.#markTicks(instrument);
      return mark > 0 ? mark : this.#midTicks(instrument);
    });
  }

  /** The middles of all books, as last seen: what a report in one currency takes assets for. */
  middles(): Marks {
    return freezeMarks(this.#tables.instruments.length, (instrument) => this.#midTicks(instrument));
  }

  /**
   * Since the start of this run. `residual` compares with the fill models' accounts at the same marks, or is what the judge found at the venues.
   * @param found null where no venue was asked
   */
  pnl(found: readonly VenueResidual[] | null): PnlRow[] {
    const marks = this.marks();
    const now = this.#ledger.snapshot(marks);
    if (this.#accounts.length > 0) return pnlRows(this.#start, now, sumChanges(this.#accounts, marks));
    if (found === null) return pnlRows(this.#start, now, null);
    const changes = now.assets.map(({ asset, scale, equity }): AccountChange => {
      const beyond = found.filter((one) => one.asset === asset).map((one) => atScale(one.residual, scale));
      return { asset, scale, change: beyond.reduce((sum, amount) => sum + amount, equity) };
    });
    return pnlRows(this.#start, now, changes);
  }

  /** A mark does not change these: so no moment has to be agreed on with a venue to compare them. */
  sumsAt(venue: string): VenueSums {
    const snapshot = this.#ledger.snapshot(() => null);
    const index = this.#tables.venues.indexOf(venue);
    const wallets = (snapshot.venues[index]?.assets ?? []).map(
      ({ asset, scale, wallet }) => [asset, formatDecimal(wallet, scale)] as const,
    );
    return { entries: snapshot.entriesByVenue[index] ?? 0, wallets: new Map(wallets) };
  }

  /** The same while trading: what the paper accounts know and the journal does not yet say is left out of the comparison. */
  pnlSoFar(): PnlRow[] {
    const marks = this.marks();
    const now = this.#ledger.snapshot(marks);
    return pnlRows(this.#start, now, this.#accounts.length > 0 ? sumChanges(this.#accounts, marks, now) : null);
  }

  /** By strategy, since the start of this run. */
  strategyPnl(): StrategyPnlRow[] {
    return strategyPnlRows(this.#start, this.#ledger.snapshot(this.marks()));
  }

  #midTicks(instrument: number): number {
    const reader = this.#readers[instrument];
    if (reader?.readTop() === true && reader.top.state === BOOK_LIVE && reader.top.bidTicks > 0 && reader.top.askTicks > 0) {
      this.#mids[instrument] = (reader.top.bidTicks + reader.top.askTicks) / 2;
    }
    return this.#mids[instrument]!;
  }

  #markTicks(instrument: number): number {
    const { i32, f64 } = this.#views;
    const base = this.#plan.marks + MARK_BYTES * instrument;
    for (let tries = 0; tries < SEQLOCK_TRIES; tries++) {
      const before = beginRead(i32, (base + MARK_SEQUENCE) >> 2);
      if (before === -1) continue;
      const ticks = f64[(base + MARK_TICKS) >> 3]!;
      if (endRead(i32, (base + MARK_SEQUENCE) >> 2, before)) return ticks;
    }
    return Number.NaN;
  }
}
