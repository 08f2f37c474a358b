/** What an arbitrage publishes of its pairs: one record for each order place, whole in itself, and one for screens. Hot lane. */
import { RESULT_OK } from '../../core/numbers/errors.js';
import type { StrategyContext } from '../../core/ports/strategy.js';
import { levelRecord } from '../drafts.js';
import { PAIR_STATE, type Leg } from './leg.js';
import type { Pair } from './pair.js';
import type { PairTable } from './pair-table.js';

/** Scales of the records: base units, and base x edge, as whole numbers. */
export const BASE_SCALE = 1e9;
export const EDGE_SCALE = 1e12;

export class PairRecords {
  readonly #pairs: PairTable;
  /** Levels whose record the journal had no room for. */
  readonly #owed: Uint8Array;
  readonly #record = levelRecord();

  constructor(pairs: PairTable) {
    this.#pairs = pairs;
    this.#owed = new Uint8Array(pairs.levels);
  }

  /** After a restart everything is said again, the sums that were completed from the journal included. */
  oweAll(): void {
    for (const pair of this.#pairs.usable) {
      this.#owed[pair.recordLevel] = 1;
      for (let n = 0; n < 4; n++) this.#owed[pair.placeAt(n).level] = 1;
    }
  }

  publishOwed(ctx: StrategyContext): void {
    for (let level = 0; level < this.#owed.length; level++) {
      const pair = this.#owed[level] === 0 ? null : this.#pairs.ofLevel(level);
      if (pair === null) continue;
      if (level === pair.recordLevel) this.publishPair(ctx, pair);
      else this.publishLeg(ctx, pair.legOf(level));
    }
  }

  /** False: the journal has no room; owed until it has. */
  publishLeg(ctx: StrategyContext, leg: Leg): boolean {
    const record = this.#record;
    record.level = leg.level;
    record.state = leg.state;
    record.side = leg.side;
    record.slot = leg.slot;
    record.priceTicks = leg.priceTicks;
    record.qtyLots = leg.qtyLots;
    record.cumLots = leg.heardLots;
    record.auxTicks = leg.totalLots;
    record.auxLots = Math.round(leg.totalBase * BASE_SCALE);
    record.orderId = leg.heardId;
    return this.#publish(ctx);
  }

  /** For screens, and for the edge of the entry; a restart derives the rest from the legs' own records. */
  publishPair(ctx: StrategyContext, pair: Pair): boolean {
    const record = this.#record;
    record.level = pair.recordLevel;
    record.state = PAIR_STATE;
    record.side = 0;
    record.slot = pair.first;
    record.priceTicks = 0;
    record.qtyLots = Math.round(pair.heldBase * BASE_SCALE);
    record.cumLots = 0;
    record.auxTicks = Math.round(pair.heldEdge * EDGE_SCALE);
    record.auxLots = Math.round(pair.nakedBase * BASE_SCALE);
    record.orderId = 0;
    return this.#publish(ctx);
  }

  #publish(ctx: StrategyContext): boolean {
    const isWritten = ctx.publishLevel(this.#record) === RESULT_OK;
    this.#owed[this.#record.level] = isWritten ? 0 : 1;
    return isWritten;
  }
}
