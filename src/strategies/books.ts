/** The books and tapes a lane's strategies look at: one reader an instrument, shared by all strategies of the lane, read at most once a turn. Hot lane. */
import { BookReader } from '../core/book/book-reader.js';
import { gridOf } from '../core/book/grid.js';
import { bookBase, type MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { BookView } from '../core/ports/strategy.js';

export class LaneBook implements BookView {
  readonly #reader: BookReader;
  #turn = -1;
  isLive = false;

  constructor(views: SharedViews, plan: MemoryPlan, instrument: Instrument) {
    this.#reader = new BookReader(views, bookBase(plan, instrument.index), gridOf(instrument.tickSize, instrument.lotSize));
  }

  /** A fresh look, unless this turn has had one. Returns the looks that gave up because the feed was writing. */
  refresh(turn: number): number {
    if (turn === this.#turn) return 0;
    this.#turn = turn;
    const { torn } = this.#reader;
    this.isLive = this.#reader.look();
    return this.#reader.torn - torn;
  }

  get bidTicks(): number {
    return this.#reader.top.bidTicks;
  }
  get bidLots(): number {
    return this.#reader.top.bidLots;
  }
  get askTicks(): number {
    return this.#reader.top.askTicks;
  }
  get askLots(): number {
    return this.#reader.top.askLots;
  }
  get recvUs(): number {
    return this.#reader.top.recvUs;
  }

  isFresh(nowUs: number, maxAgeUs: number): boolean {
    return this.isLive && nowUs - this.#reader.top.recvUs <= maxAgeUs;
  }

  levels(side: number, count: number, outTicks: Float64Array, outLots: Float64Array): number {
    return this.#reader.readLevels(side, Math.min(count, outTicks.length, outLots.length), outTicks, outLots);
  }
}
