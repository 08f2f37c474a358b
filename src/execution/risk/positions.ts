/**
 * Positions in shared memory: a row a strategy and row 0, their sum. Written by the executor on the hot lane, read by strategies and monitoring under a seqlock.
 * Net lots are exact integers; the average entry price is a float for screens (money is exact in the ledger).
 */
import {
  POSITION_ENTRY_TICKS,
  POSITION_FILLS,
  POSITION_NET_LOTS,
  POSITION_OPEN_BUY_LOTS,
  POSITION_OPEN_SELL_LOTS,
  POSITION_SEQUENCE,
  positionBase,
  type MemoryPlan,
} from '../../core/memory/layout.js';
import { SIDE_BUY } from '../../core/memory/record.js';
import { beginWrite, endWrite } from '../../core/memory/seqlock.js';
import type { SharedViews } from '../../core/memory/shared-memory.js';

const NET = POSITION_NET_LOTS >> 3;
const ENTRY = POSITION_ENTRY_TICKS >> 3;
const OPEN_BUY = POSITION_OPEN_BUY_LOTS >> 3;
const OPEN_SELL = POSITION_OPEN_SELL_LOTS >> 3;
const FILLS = POSITION_FILLS >> 3;

export class Positions {
  readonly #views: SharedViews;
  readonly #plan: MemoryPlan;
  readonly #isInverse: Uint8Array;

  constructor(views: SharedViews, plan: MemoryPlan, isInverse: Uint8Array) {
    this.#views = views;
    this.#plan = plan;
    this.#isInverse = isInverse;
    for (let row = 0; row <= plan.counts.strategies; row++) {
      for (let i = 0; i < plan.counts.instruments; i++) views.f64[(positionBase(plan, row, i) >> 3) + ENTRY] = Number.NaN;
    }
  }

  /** Signed lots of all strategies together. */
  net(instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, 0, instrument) >> 3) + NET]!;
  }

  netOf(strategy: number, instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, strategy + 1, instrument) >> 3) + NET]!;
  }

  /** Average entry in ticks of all strategies together, NaN when flat. */
  entry(instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, 0, instrument) >> 3) + ENTRY]!;
  }

  /** Fills counted so far. */
  fills(instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, 0, instrument) >> 3) + FILLS]!;
  }

  openBuy(instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, 0, instrument) >> 3) + OPEN_BUY]!;
  }

  openSell(instrument: number): number {
    return this.#views.f64[(positionBase(this.#plan, 0, instrument) >> 3) + OPEN_SELL]!;
  }

  /** Changes the lots that may still fill on a side. */
  addOpen(strategy: number, instrument: number, side: number, lots: number): void {
    if (lots === 0) return;
    this.#addOpenRow(0, instrument, side, lots);
    this.#addOpenRow(strategy + 1, instrument, side, lots);
  }

  fill(strategy: number, instrument: number, side: number, lots: number, ticks: number): void {
    const signed = side === SIDE_BUY ? lots : -lots;
    this.#fillRow(0, instrument, signed, ticks);
    this.#fillRow(strategy + 1, instrument, signed, ticks);
  }

  #addOpenRow(row: number, instrument: number, side: number, lots: number): void {
    const { i32, f64 } = this.#views;
    const base = positionBase(this.#plan, row, instrument);
    const word = (base >> 3) + (side === SIDE_BUY ? OPEN_BUY : OPEN_SELL);
    beginWrite(i32, (base + POSITION_SEQUENCE) >> 2);
    f64[word] = f64[word]! + lots;
    endWrite(i32, (base + POSITION_SEQUENCE) >> 2);
  }

  #fillRow(row: number, instrument: number, signed: number, ticks: number): void {
    const { i32, f64 } = this.#views;
    const base = positionBase(this.#plan, row, instrument);
    const w = base >> 3;
    const before = f64[w + NET]!;
    const after = before + signed;
    const entry = f64[w + ENTRY]!;
    let next = entry;
    if (after === 0) next = Number.NaN;
    else if (before === 0 || before > 0 !== after > 0) next = ticks;
    else if (before > 0 === signed > 0) next = this.#average(instrument, entry, Math.abs(before), ticks, Math.abs(signed));
    beginWrite(i32, (base + POSITION_SEQUENCE) >> 2);
    f64[w + NET] = after;
    f64[w + ENTRY] = next;
    f64[w + FILLS] = f64[w + FILLS]! + 1;
    endWrite(i32, (base + POSITION_SEQUENCE) >> 2);
  }

  /** Inverse contracts are worth lots / price: their entry is the harmonic mean. */
  #average(instrument: number, entry: number, held: number, ticks: number, added: number): number {
    if (this.#isInverse[instrument] === 1) return (held + added) / (held / entry + added / ticks);
    return (held * entry + added * ticks) / (held + added);
  }
}
