/**
 * The money of a run, exact. Fed from the journal, once per fill and in its order, by the host's ledger sink on the writer's thread; read for the summary,
 * the page and the metrics.
 *
 * Two bookkeepings run side by side and share nothing but the value of a fill:
 * - *wallets*: per (venue, asset) the sum of cash flows, and per instrument the net position. From these comes `equity`.
 * - *parts*: per strategy, pools of open lots (lot-pool.ts). A fill that matches open lots books its spread to the strategy's kind (grid, arb, other); what stays
 *   open is `trend`: its cash flows plus the value of the open positions at their marks. Fees, funding and rounding are counted beside.
 * The parts of an asset sum to its equity, always; the difference is published as `unexplained` and is a fault of this file when it is not 0.
 *
 * Spot assets are not valued in each other: buying 1 BTC at 100 is trend -100 in USDT and trend +1 in BTC; selling it at 101 turns that into USDT grid +1.
 * Grid and other strategies match within one instrument. `arb` matches within (base, money) over all instruments of the strategy, spot and linear alike: buying at
 * one venue and selling at another locks the difference at once, and a spot/perpetual pair locks its basis; the legs' positions stay in trend until they close.
 * Inverse contracts count their quantity in quote units, so inverse legs match each other and no spot leg.
 */
import { PNL_ARB, PNL_GRID, SIDE_BUY } from '../memory/record.js';
import type { RecoveredFill } from '../orders/recovered.js';
import type { RunTables } from '../orders/tables.js';
import { microOf, MoneyTables, type AssetUnit, type InstrumentMoney } from './instrument-money.js';
import type { Marks } from './marks.js';
import { emptyParts, sumOfParts, type AssetParts, type LedgerSnapshot, type Parts, type StrategyParts, type VenueWallet } from './parts.js';
import { StrategyBooks } from './strategy-books.js';

/** A funding payment or receipt, in 1e-8 of its asset; negative when paid. */
export interface Funding {
  readonly instrument: number;
  /** Strategy it is booked to. */
  readonly strategy: number;
  readonly asset: number;
  readonly amount: number;
  /** Unique within (instrument): the interval's end, or the venue's id. */
  readonly id: number;
}

/** Journal and recovery give each fill once; a repeat that the venue sends late comes within seconds. This many keys cover hours of it, in some 10 MB. */
const KEYS_KEPT = 131_072;

/** A set that forgets its oldest entries. */
class NewestKeys {
  readonly #keys = new Set<string>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** False when it is there already. */
  add(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    if (this.#keys.size > this.#capacity) {
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    }
    return true;
  }
}

export class Ledger {
  readonly #money: MoneyTables;
  readonly #tables: RunTables;
  /** Keys of the newest fills and fundings: one delivered twice changes nothing. */
  readonly #seen = new NewestKeys(KEYS_KEPT);
  /** [venue][asset] */
  readonly #wallets: bigint[][];
  readonly #netLots: bigint[];
  readonly #lastMicro: (bigint | null)[];
  readonly #strategies = new Map<number, StrategyBooks>();
  readonly #fillsByVenue: number[];
  /** Fills and fundings. */
  readonly #entriesByVenue: number[];

  constructor(tables: RunTables) {
    this.#tables = tables;
    this.#money = new MoneyTables(tables);
    this.#wallets = tables.venues.map(() => this.#money.assets.map(() => 0n));
    this.#netLots = tables.instruments.map(() => 0n);
    this.#lastMicro = tables.instruments.map(() => null);
    this.#fillsByVenue = tables.venues.map(() => 0);
    this.#entriesByVenue = tables.venues.map(() => 0);
  }

  get assets(): readonly AssetUnit[] {
    return this.#money.assets;
  }

  /** False when this fill was applied before. */
  applyFill(fill: RecoveredFill): boolean {
    const instrument = this.#money.instrument(fill.instrument);
    const venue = instrument.venueIndex;
    const key = `${venue}:${fill.tradeId}:${fill.orderId}`;
    if (!this.#seen.add(key)) return false;
    this.#fillsByVenue[venue] = (this.#fillsByVenue[venue] ?? 0) + 1;
    this.#entriesByVenue[venue] = (this.#entriesByVenue[venue] ?? 0) + 1;
    const lots = BigInt(fill.fillLots);
    const signedLots = fill.side === SIDE_BUY ? lots : -lots;
    const micro = microOf(fill.fillTicks);
    const fee = this.#money.fromWallet(fill.feeAsset, fill.fee);
    const flow = instrument.value(signedLots, micro);
    const venueFlow = instrument.buySign * flow.venue;
    this.#addToWallet(venue, instrument.moneyAsset, venueFlow);
    this.#addToWallet(venue, fill.feeAsset, -fee);
    if (instrument.isSpot) {
      this.#addToWallet(venue, instrument.baseAsset, this.#money.fromQty(instrument.baseAsset, signedLots * instrument.lotQty));
    }
    this.#netLots[fill.instrument] = (this.#netLots[fill.instrument] ?? 0n) + signedLots;
    this.#lastMicro[fill.instrument] = micro;
    const kind = fill.pnlKind === PNL_GRID ? 'grid' : fill.pnlKind === PNL_ARB ? 'arb' : 'other';
    this.#strategy(fill.strategy).applyFill(instrument, {
      kind,
      signedLots,
      fineFlow: instrument.buySign * flow.fine,
      venueFlow,
      fee,
      feeAsset: fill.feeAsset,
    });
    return true;
  }

  /** False when it was applied before. */
  applyFunding(funding: Funding): boolean {
    const key = `f${funding.instrument}:${funding.id}:${funding.strategy}`;
    if (!this.#seen.add(key)) return false;
    const amount = this.#money.fromWallet(funding.asset, funding.amount);
    const venue = this.#money.instrument(funding.instrument).venueIndex;
    this.#entriesByVenue[venue] = (this.#entriesByVenue[venue] ?? 0) + 1;
    this.#addToWallet(venue, funding.asset, amount);
    this.#strategy(funding.strategy).applyFunding(funding.asset, amount);
    return true;
  }

  /** Everything at the given marks. Sizes are those of the tables; call it a few times a second at most. */
  snapshot(marks: Marks): LedgerSnapshot {
    const microAt = (index: number): bigint => marks(index) ?? this.#lastMicro[index] ?? 0n;
    const totals = this.#money.assets.map(() => emptyParts());
    const strategies: StrategyParts[] = [];
    const fineByStrategies = this.#netLots.map(() => 0n);
    for (const [index, books] of this.#strategies) {
      const parts = books.parts(microAt, fineByStrategies);
      for (const [asset, one] of parts.entries()) addParts(totals[asset], one);
      strategies.push({ strategy: index, name: this.#tables.strategies[index]?.name ?? `strategy-${index}`, assets: this.#named(parts) });
    }
    const wallets = this.#venueWallets(microAt);
    for (const [index, instrument] of this.#money.instruments.entries()) {
      const total = totals[instrument.moneyAsset];
      if (total === undefined || instrument.isSpot) continue;
      // The venue rounds the net position; strategies value their own shares unrounded.
      total.rounding += this.#positionValue(instrument, index, microAt) - (fineByStrategies[index] ?? 0n);
    }
    for (const [asset, total] of totals.entries()) {
      total.equity = wallets.reduce((sum, venue) => sum + (venue.assets[asset]?.equity ?? 0n), 0n);
    }
    return {
      assets: this.#named(totals).map((one) => ({ ...one, unexplained: one.equity - sumOfParts(one) })),
      strategies,
      venues: wallets,
      fills: this.#fillsByVenue.reduce((sum, count) => sum + count, 0),
      fillsByVenue: [...this.#fillsByVenue],
      entriesByVenue: [...this.#entriesByVenue],
    };
  }

  /** Net signed lots of an instrument over all strategies. */
  netLots(instrument: number): number {
    return Number(this.#netLots[instrument] ?? 0n);
  }

  #venueWallets(microAt: (index: number) => bigint): VenueWallet[] {
    return this.#tables.venues.map((venue, venueIndex) => {
      const assets = this.#money.assets.map((unit, asset) => {
        const wallet = this.#wallets[venueIndex]?.[asset] ?? 0n;
        return { asset: unit.name, scale: unit.scale, wallet, equity: wallet };
      });
      for (const [index, instrument] of this.#money.instruments.entries()) {
        if (instrument.venueIndex !== venueIndex || instrument.isSpot) continue;
        const row = assets[instrument.moneyAsset];
        if (row !== undefined) row.equity += this.#positionValue(instrument, index, microAt);
      }
      return { venue, assets };
    });
  }

  /** What closing the venue's net position at the mark would bring, by the venue's rounding. */
  #positionValue(instrument: InstrumentMoney, index: number, microAt: (index: number) => bigint): bigint {
    const lots = this.#netLots[index] ?? 0n;
    return lots === 0n ? 0n : -instrument.buySign * instrument.value(lots, microAt(index)).venue;
  }

  #strategy(index: number): StrategyBooks {
    const found = this.#strategies.get(index);
    if (found !== undefined) return found;
    const made = new StrategyBooks(this.#money);
    this.#strategies.set(index, made);
    return made;
  }

  #addToWallet(venue: number, asset: number, amount: bigint): void {
    const wallet = this.#wallets[venue];
    if (wallet !== undefined) wallet[asset] = (wallet[asset] ?? 0n) + amount;
  }

  #named(parts: readonly Parts[]): AssetParts[] {
    return this.#money.assets.map((unit, asset) => ({ ...(parts[asset] ?? emptyParts()), asset: unit.name, scale: unit.scale }));
  }
}

function addParts(total: Parts | undefined, one: Parts): void {
  if (total === undefined) return;
  total.grid += one.grid;
  total.arb += one.arb;
  total.other += one.other;
  total.trend += one.trend;
  total.fees += one.fees;
  total.funding += one.funding;
  total.conversion += one.conversion;
  total.rounding += one.rounding;
}
