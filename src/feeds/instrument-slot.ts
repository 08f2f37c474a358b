/** What a feed holds for one of its instruments: the book's writer, its sync machine, and the units in which records are told. Feed's thread. */
import { BookWriter } from '../core/book/book-writer.js';
import { COARSEST, POWERS, gridOf, unitsOf, type Grid } from '../core/book/grid.js';
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Instrument } from '../core/orders/instrument.js';
import { BookSync, type GapReason, type SyncRules } from './book-sync.js';

export class InstrumentSlot {
  readonly book: BookWriter;
  readonly sync: BookSync;
  /** State last told to the sink. */
  shownState = 0;
  /** Monotonic time of the last message about this instrument's book. */
  heardUs = 0;
  readonly #fixed: Grid | null;

  constructor(
    readonly instrument: Instrument,
    views: SharedViews,
    bookBase: number,
    rules: SyncRules,
    onGap: (instrument: Instrument, reason: GapReason) => void,
    room: KernelRoom | null = null,
  ) {
    this.#fixed = instrument.source === 'venue' ? gridOf(instrument.tickSize, instrument.lotSize) : null;
    this.book = new BookWriter(views, bookBase, this.#fixed ?? COARSEST);
    this.sync = new BookSync(this.book, rules, (reason) => onGap(instrument, reason), room);
  }

  /** Where no metadata says the tick, a number that is finer than all before makes the book's grid finer. */
  observe(price: number, priceDecimals: number, qty: number, qtyDecimals: number): void {
    if (this.#fixed !== null) return;
    const grid = this.book.grid;
    const isFiner =
      unitsOf(price, priceDecimals, grid.priceUnit, grid.priceScale) < 0 || unitsOf(qty, qtyDecimals, grid.lotUnit, grid.lotScale) < 0;
    if (isFiner) this.book.observeNow(price, priceDecimals, qty, qtyDecimals);
  }

  /** In ticks; with a fraction when the number is off the grid. */
  ticks(mantissa: number, decimals: number): number {
    const grid = this.#fixed ?? this.book.grid;
    return units(mantissa, decimals, grid.priceUnit, grid.priceScale);
  }

  lots(mantissa: number, decimals: number): number {
    const grid = this.#fixed ?? this.book.grid;
    return units(mantissa, decimals, grid.lotUnit, grid.lotScale);
  }
}

function units(mantissa: number, decimals: number, unit: number, scale: number): number {
  const exact = unitsOf(mantissa, decimals, unit, scale);
  return exact >= 0 ? exact : (mantissa / POWERS[decimals]! / unit) * POWERS[scale]!;
}
