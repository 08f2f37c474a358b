/** What each strategy holds of each instrument, counted from fills in journal order. Called by the projection: it goes on from the documents that the store has. */
import { formatTicks } from '../core/numbers/decimal.js';
import { SIDE_BUY } from '../core/memory/record.js';
import type { Instrument } from '../core/orders/instrument.js';
import { isBefore, type JournalPosition } from './journal.js';
import { ratio, scaled } from './run-map.js';
import type { PositionDoc } from './schema.js';

/** The part of a fill that moves a position. */
export interface PositionFill {
  readonly side: number;
  readonly fillLots: number;
  readonly tsUs: number;
}

export class PositionFold {
  readonly #docs = new Map<string, PositionDoc>();
  readonly #changed = new Set<string>();

  adopt(doc: PositionDoc): void {
    this.#docs.set(keyOf(doc.strategy, doc.instrument), doc);
  }

  /** False when the position has seen this place of the journal already. */
  count(strategy: string, instrument: Instrument, fill: PositionFill, at: JournalPosition): boolean {
    const key = keyOf(strategy, instrument.id);
    const before = this.#docs.get(key);
    if (before !== undefined && !isBefore(before.at, at)) return false;
    const [wasBought, wasSold, lotSize] = before === undefined ? [0, 0, instrument.lotSize] : inLotsOf(before, instrument.lotSize);
    // In the finer of the two lots when a venue changed its step and the count does not divide.
    const lots = lotSize === instrument.lotSize ? fill.fillLots : scaled(fill.fillLots, ratio(instrument.lotSize, lotSize));
    if (Number.isNaN(lots)) return false;
    const boughtLots = wasBought + (fill.side === SIDE_BUY ? lots : 0);
    const soldLots = wasSold + (fill.side === SIDE_BUY ? 0 : lots);
    this.#docs.set(key, {
      strategy,
      venue: instrument.venue,
      instrument: instrument.id,
      qty: formatTicks(boughtLots - soldLots, lotSize),
      bought: formatTicks(boughtLots, lotSize),
      sold: formatTicks(soldLots, lotSize),
      fills: (before?.fills ?? 0) + 1,
      updatedUs: fill.tsUs,
      boughtLots,
      soldLots,
      lotSize,
      at,
    });
    this.#changed.add(key);
    return true;
  }

  /** Positions counted since the last call. */
  changed(): PositionDoc[] {
    const docs = [...this.#changed].flatMap((key) => this.#docs.get(key) ?? []);
    this.#changed.clear();
    return docs;
  }
}

function keyOf(strategy: string, instrument: string): string {
  return `${strategy}\n${instrument}`;
}

/** The counts in lots of the new size, or as they are, with their own size, when they do not divide. */
function inLotsOf(doc: PositionDoc, lotSize: string): readonly [bought: number, sold: number, lotSize: string] {
  const by = ratio(doc.lotSize, lotSize);
  const bought = scaled(doc.boughtLots, by);
  const sold = scaled(doc.soldLots, by);
  return Number.isNaN(bought + sold) ? [doc.boughtLots, doc.soldLots, doc.lotSize] : [bought, sold, lotSize];
}
