/**
 * Which instruments of a lane changed since its last turn, and by what: reads the change rings of all feed lanes. Called by StrategyRunner on the hot lane;
 * nothing is allocated per turn.
 */
import { BroadcastReader } from '../core/memory/broadcast-ring.js';
import {
  CHANGE_BOOK,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_RECV_US,
  CHANGE_TRADE,
  type MemoryPlan,
} from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';

export class LaneChanges {
  /** Instruments that changed: the first `count` of them. */
  readonly instruments: Int32Array;
  count = 0;
  /** By instrument: one bit for each CHANGE_* kind, and when the newest frame came. */
  readonly kinds: Uint8Array;
  readonly causes: Float64Array;
  readonly #views: SharedViews;
  readonly #readers: readonly BroadcastReader[];
  readonly #lost: Float64Array;
  /** By instrument: 1 where a strategy of this lane listens. */
  readonly #isHeard: Uint8Array;

  constructor(views: SharedViews, plan: MemoryPlan, isHeard: Uint8Array) {
    this.#views = views;
    this.#isHeard = isHeard;
    this.instruments = new Int32Array(isHeard.length);
    this.kinds = new Uint8Array(isHeard.length);
    this.causes = new Float64Array(isHeard.length);
    this.#readers = Array.from(
      { length: plan.counts.feedLanes },
      (_, lane) => new BroadcastReader(views, plan.changes + plan.changesStride * lane, CHANGE_BYTES, CHANGE_CAPACITY),
    );
    this.#lost = new Float64Array(this.#readers.length);
  }

  /** At most so many of each lane. A lane whose ring lapped us: all instruments. @returns records read */
  read(maxRecords: number): number {
    const { i32, f64 } = this.#views;
    let work = 0;
    for (let lane = 0; lane < this.#readers.length; lane++) {
      const reader = this.#readers[lane]!;
      for (let n = 0; n < maxRecords; n++) {
        const at = reader.next();
        if (at < 0) break;
        const instrument = i32[(at + CHANGE_INSTRUMENT) >> 2]!;
        const kind = i32[(at + CHANGE_KIND) >> 2]!;
        const recvUs = f64[(at + CHANGE_RECV_US) >> 3]!;
        if (!reader.advance()) continue;
        work++;
        this.#mark(instrument, kind, recvUs);
      }
      if (reader.lost !== this.#lost[lane]) {
        this.#lost[lane] = reader.lost;
        for (let i = 0; i < this.#isHeard.length; i++) {
          this.#mark(i, CHANGE_BOOK, 0);
          this.#mark(i, CHANGE_TRADE, 0);
        }
      }
    }
    return work;
  }

  forget(): void {
    for (let i = 0; i < this.count; i++) {
      this.kinds[this.instruments[i]!] = 0;
      this.causes[this.instruments[i]!] = 0;
    }
    this.count = 0;
  }

  #mark(instrument: number, kind: number, recvUs: number): void {
    if (this.#isHeard[instrument] !== 1) return;
    if (this.kinds[instrument] === 0) this.instruments[this.count++] = instrument;
    this.kinds[instrument] = this.kinds[instrument]! | (1 << kind);
    // The newest frame is the cause: the decision is made on the book as it is now.
    if (recvUs > 0) this.causes[instrument] = recvUs;
  }
}
