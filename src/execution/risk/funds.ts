/**
 * Balances in shared memory, in units of the asset as floats: for guards and screens; money is exact in the ledger. Written by the executor on the hot lane.
 * The venue tells the start (BALANCE records) and may correct later; between, balances follow our fills. Free is what is left after what our own live spot
 * orders may take and what the venue locks for orders that are not ours.
 */
import { BALANCE_FREE, BALANCE_SEQUENCE, BALANCE_TOTAL, balanceBase, type MemoryPlan } from '../../core/memory/layout.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { beginWrite, endWrite } from '../../core/memory/seqlock.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';
import type { RiskLimits } from './limits.js';

/** Sums of floats: what is short by less than this share is not short. */
const SLACK = 1e-9;
const FEE_UNIT = 1e-8;
/** How long the venue may take over a first reading of wallets. */
const READING_US = 1_000_000;

export class Funds {
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #limits: RiskLimits;
  /** By venue and asset: held by our orders, held for others, and how many orders hold. */
  readonly #held: Float64Array;
  readonly #foreign: Float64Array;
  readonly #holders: Int32Array;
  /** The venue's time of its last word, by venue and asset. */
  readonly #toldUs: Float64Array;
  readonly #assets: number;

  constructor(views: SharedViews, plan: MemoryPlan, limits: RiskLimits) {
    this.#views = views;
    this.#plan = plan;
    this.#limits = limits;
    this.#assets = plan.counts.assets;
    const count = plan.counts.venues * plan.counts.assets;
    this.#held = new Float64Array(count);
    this.#foreign = new Float64Array(count);
    this.#holders = new Int32Array(count);
    this.#toldUs = new Float64Array(count);
  }

  /** True once the venue told this balance. */
  isKnown(venue: number, asset: number): boolean {
    return this.#views.i32[(balanceBase(this.#plan, venue, asset) + BALANCE_SEQUENCE) >> 2] !== 0;
  }

  free(venue: number, asset: number): number {
    return this.#views.f64[(balanceBase(this.#plan, venue, asset) + BALANCE_FREE) >> 3]!;
  }

  total(venue: number, asset: number): number {
    return this.#views.f64[(balanceBase(this.#plan, venue, asset) + BALANCE_TOTAL) >> 3]!;
  }

  /** The venue's word, as of its time `tsUs` (0: of no known time): it holds the fills until then, also those that we hear of later. What it locks beyond our own orders is somebody else's. */
  told(venue: number, asset: number, total: number, free: number, tsUs: number): void {
    const key = venue * this.#assets + asset;
    // The first word is a reading that was under way for a while: what filled just before its time may not be in it.
    const sinceUs = this.isKnown(venue, asset) ? tsUs : tsUs - READING_US;
    if (sinceUs > this.#toldUs[key]!) this.#toldUs[key] = sinceUs;
    this.#foreign[key] = Math.max(0, total - free - this.#held[key]!);
    this.#write(venue, asset, total);
  }

  /** What an order of these lots takes of the asset it pays with; 0 for contracts. */
  needOf(instrument: number, side: number, lots: number, ticks: number): number {
    if (this.#limits.isSpot[instrument] === 0) return 0;
    return side === SIDE_BUY ? lots * ticks * this.#limits.tickWorth[instrument]! : lots * this.#limits.lotWorth[instrument]!;
  }

  /** False: a spot order cannot be paid. Unknown balances refuse nothing: the venue will. */
  canPay(instrument: number, side: number, lots: number, ticks: number): boolean {
    if (this.#limits.isSpot[instrument] === 0) return true;
    const venue = this.#limits.venue[instrument]!;
    const asset = this.#payAsset(instrument, side);
    if (asset < 0 || !this.isKnown(venue, asset)) return true;
    const need = this.needOf(instrument, side, lots, ticks);
    return need <= this.free(venue, asset) + need * SLACK;
  }

  hold(instrument: number, side: number, amount: number, holders: number): void {
    if (this.#limits.isSpot[instrument] === 0) return;
    const venue = this.#limits.venue[instrument]!;
    const asset = this.#payAsset(instrument, side);
    if (asset < 0) return;
    const key = venue * this.#assets + asset;
    this.#holders[key] = this.#holders[key]! + holders;
    // Nothing rests: whatever additions and subtractions of floats have left over goes.
    this.#held[key] = this.#holders[key] === 0 ? 0 : this.#held[key]! + amount;
    if (this.isKnown(venue, asset)) this.#write(venue, asset, this.total(venue, asset));
  }

  /** @param closed lots of the position that this fill closed @param entry average entry of those, ticks @param fee in 1e-8 of `feeAsset` */
  fill(
    instrument: number,
    side: number,
    lots: number,
    ticks: number,
    fee: number,
    feeAsset: number,
    closed: number,
    entry: number,
    tsUs: number,
  ): void {
    const { isSpot, isInverse, venue: venues, lotWorth, tickWorth, baseAsset, quoteAsset, settleAsset } = this.#limits;
    const venue = venues[instrument]!;
    if (isSpot[instrument] === 1) {
      const sign = side === SIDE_BUY ? 1 : -1;
      this.#book(venue, baseAsset[instrument]!, sign * lots * lotWorth[instrument]!, tsUs);
      this.#book(venue, quoteAsset[instrument]!, -sign * lots * ticks * tickWorth[instrument]!, tsUs);
    } else if (closed > 0 && entry > 0) {
      const long = side === SIDE_BUY ? -1 : 1;
      const gain =
        isInverse[instrument] === 1
          ? (closed * lotWorth[instrument]! * (1 / entry - 1 / ticks)) / tickWorth[instrument]!
          : closed * (ticks - entry) * tickWorth[instrument]!;
      this.#book(venue, settleAsset[instrument]!, long * gain, tsUs);
    }
    this.#book(venue, feeAsset, -fee * FEE_UNIT, tsUs);
  }

  /** A payment at the venue's time `tsUs`. */
  pay(venue: number, asset: number, amount: number, tsUs: number): void {
    this.#book(venue, asset, amount, tsUs);
  }

  #payAsset(instrument: number, side: number): number {
    return side === SIDE_BUY ? this.#limits.quoteAsset[instrument]! : this.#limits.baseAsset[instrument]!;
  }

  /** A change at the venue's time `tsUs`, unless the venue's last word on this balance has it already. */
  #book(venue: number, asset: number, amount: number, tsUs: number): void {
    if (tsUs > 0 && tsUs <= this.#toldUs[venue * this.#assets + asset]!) return;
    this.#add(venue, asset, amount);
  }

  #add(venue: number, asset: number, amount: number): void {
    if (amount === 0 || asset < 0 || asset >= this.#assets || !this.isKnown(venue, asset)) return;
    this.#write(venue, asset, this.total(venue, asset) + amount);
  }

  #write(venue: number, asset: number, total: number): void {
    const { i32, f64 } = this.#views;
    const base = balanceBase(this.#plan, venue, asset);
    const key = venue * this.#assets + asset;
    beginWrite(i32, (base + BALANCE_SEQUENCE) >> 2);
    f64[(base + BALANCE_TOTAL) >> 3] = total;
    f64[(base + BALANCE_FREE) >> 3] = total - this.#held[key]! - this.#foreign[key]!;
    endWrite(i32, (base + BALANCE_SEQUENCE) >> 2);
  }
}
