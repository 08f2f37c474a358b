/**
 * The other end of a drill: says yes to every request at once, fills what takes, and answers questions about everything with an end. Allocates nothing, so that a
 * drill may go on for as long as a lane runs. Stepped by `made-up-lane.ts`, on scratch memory only.
 */
import {
  RecordKind,
  REC_CUM,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_KIND,
  REC_PRICE,
  REC_QTY,
  REC_TIF,
  REC_TRADE_ID,
  RECORD_BYTES,
  TIF_GTC,
} from '../core/memory/record.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import type { Role } from '../core/ports/role.js';

/** By kind of request. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [RecordKind.CREATE, RecordKind.ACK],
  [RecordKind.AMEND, RecordKind.AMENDED],
  [RecordKind.CANCEL, RecordKind.CANCELLED],
  [RecordKind.QUERY, RecordKind.ACK],
  [RecordKind.LIST, RecordKind.LIST_END],
  [RecordKind.FILLS, RecordKind.FILLS_END],
  [RecordKind.POSITIONS, RecordKind.POSITIONS_END],
]);

export class DrillVenue implements Role {
  readonly name = 'drill venue';
  readonly #views: SharedViews;
  readonly #requests: SpscRing;
  readonly #outcomes: SpscRing;
  #trades = 0;

  constructor(views: SharedViews, plan: MemoryPlan, venue: number) {
    this.#views = views;
    this.#requests = new SpscRing(views, plan.requests + plan.ringStride * venue, RECORD_BYTES, plan.counts.ringRecords);
    this.#outcomes = new SpscRing(views, plan.outcomes + plan.ringStride * venue, RECORD_BYTES, plan.counts.ringRecords);
  }

  step(_nowUs: number, maxRecords: number): number {
    const { u8 } = this.#views;
    let done = 0;
    for (; done < maxRecords && this.#outcomes.hasRoom(2); done++) {
      const request = this.#requests.front();
      if (request < 0) break;
      const kind = u8[request + REC_KIND]!;
      this.#answer(request, ANSWERS.get(kind)!);
      if (kind === RecordKind.CREATE && u8[request + REC_TIF] !== TIF_GTC) this.#fill(request);
      this.#requests.release();
    }
    return done;
  }

  #answer(request: number, kind: number): void {
    this.#copy(request, kind);
    this.#outcomes.commit();
  }

  /** All of it, at its own price. */
  #fill(request: number): void {
    const { f64 } = this.#views;
    const qtyLots = f64[(request + REC_QTY) >> 3]!;
    const at = this.#copy(request, RecordKind.FILL);
    f64[(at + REC_CUM) >> 3] = qtyLots;
    f64[(at + REC_FILL_PRICE) >> 3] = f64[(request + REC_PRICE) >> 3]!;
    f64[(at + REC_FILL_QTY) >> 3] = qtyLots;
    f64[(at + REC_TRADE_ID) >> 3] = ++this.#trades;
    this.#outcomes.commit();
  }

  #copy(request: number, kind: number): number {
    const { u8 } = this.#views;
    const at = this.#outcomes.reserve();
    u8.copyWithin(at, request, request + RECORD_BYTES);
    u8[at + REC_KIND] = kind;
    return at;
  }
}
