/** The tapes as a source of trades for candles: every instrument in turn, a bounded number at a time. Service thread; a tape that lapped it has lost trades, which is counted. */
import { BroadcastReader } from '../core/memory/broadcast-ring.js';
import {
  type MemoryPlan,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAG_NOT_PRICE_FORMING,
  TAPE_FLAG_OLD,
  TAPE_FLAGS,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_SIDE,
  TAPE_VENUE_US,
} from '../core/memory/layout.js';
import { SIDE_BUY } from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { TradeSource, TradeVisitor } from '../storage/candle-recorder.js';

/** Of one instrument in one turn: a burst is taken in several. */
const MOST_A_TURN = 64;
const LEFT_OUT = TAPE_FLAG_OLD | TAPE_FLAG_NOT_PRICE_FORMING;

export class TapeTrades implements TradeSource {
  readonly #views: SharedViews;
  readonly #tapes: readonly BroadcastReader[];

  constructor(views: SharedViews, plan: MemoryPlan) {
    this.#views = views;
    this.#tapes = Array.from(
      { length: plan.counts.instruments },
      (_, instrument) => new BroadcastReader(views, plan.tapes + plan.tapeStride * instrument, TAPE_BYTES, TAPE_CAPACITY),
    );
  }

  /** Trades that were overwritten before they were read. */
  get lost(): number {
    return this.#tapes.reduce((sum, tape) => sum + tape.lost, 0);
  }

  drain(visit: TradeVisitor): number {
    const { u8, f64 } = this.#views;
    let count = 0;
    for (const [instrument, tape] of this.#tapes.entries()) {
      for (let taken = 0; taken < MOST_A_TURN; taken++) {
        const at = tape.next();
        if (at < 0) break;
        const price = f64[(at + TAPE_PRICE) >> 3]!;
        const qty = f64[(at + TAPE_QTY) >> 3]!;
        const venueUs = f64[(at + TAPE_VENUE_US) >> 3]!;
        const isBuy = u8[at + TAPE_SIDE] === SIDE_BUY;
        const isLeftOut = (u8[at + TAPE_FLAGS]! & LEFT_OUT) !== 0;
        if (!tape.advance()) continue;
        count++;
        if (!isLeftOut) visit(instrument, price, qty, isBuy, venueUs);
      }
    }
    return count;
  }
}
