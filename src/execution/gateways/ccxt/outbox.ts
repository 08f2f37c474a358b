/**
 * Outcomes on their way to the ring, in order and none dropped: what the ring has no room for waits here, and the gateway stops taking requests. Only news of
 * the private stream may find it full; then the stream counts as lost, and a reconciliation finds what was not kept. Gateway's lane.
 */
import {
  FLAG_MAKER,
  REC_CAUSE_US,
  REC_CLIENT_SEQ,
  REC_CUM,
  REC_DECIDED_US,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GATEWAY,
  REC_GROUP,
  REC_GROUP_LEGS,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STRATEGY,
  REC_TIF,
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
} from '../../../core/memory/record.js';
import type { SharedViews } from '../../../core/memory/shared-memory.js';
import type { SpscRing } from '../../../core/memory/spsc-ring.js';
import type { KnownOrder } from './known-orders.js';

export interface Outcome {
  readonly kind: number;
  readonly reason?: number;
  /** The order it is about; null = the gateway, an account or somebody else's order. */
  readonly order: KnownOrder | null;
  readonly instrument?: number;
  readonly strategy?: number;
  readonly side?: number;
  readonly priceTicks?: number;
  readonly qtyLots?: number;
  readonly cumLots?: number;
  /** Of the request that it answers, 0 when it answers none. */
  readonly decidedUs?: number;
  readonly tsUs: number;
  readonly fillTicks?: number;
  readonly fillLots?: number;
  readonly fee?: number;
  readonly feeAsset?: number;
  readonly tradeId?: number;
  readonly isMaker?: boolean;
}

/** Waiting outcomes beyond which the private stream is no longer listened to: some seconds of the worst flow. */
export const OUTBOX_MOST = 16_384;

export class Outbox {
  readonly #views: SharedViews;
  readonly #ring: SpscRing;
  readonly #gateway: number;
  #waiting: Outcome[] = [];
  #first = 0;

  constructor(views: SharedViews, ring: SpscRing, gateway: number) {
    this.#views = views;
    this.#ring = ring;
    this.#gateway = gateway;
  }

  /** Outcomes that have not reached the ring. */
  get count(): number {
    return this.#waiting.length - this.#first;
  }

  /** No more news fits; answers to our own requests always do, they are bounded by what is under way. */
  get isFull(): boolean {
    return this.count >= OUTBOX_MOST;
  }

  /** Everything was taken by the executor. */
  get isTaken(): boolean {
    return this.count === 0 && this.#ring.waiting() === 0;
  }

  push(outcome: Outcome): void {
    this.#waiting.push(outcome);
  }

  /** Moves what fits into the ring; returns how many. */
  deliver(): number {
    let delivered = 0;
    while (this.#first < this.#waiting.length) {
      const offset = this.#ring.reserve();
      const outcome = this.#waiting[this.#first];
      if (offset < 0 || outcome === undefined) break;
      this.#write(offset, outcome);
      this.#ring.commit();
      this.#first++;
      delivered++;
    }
    if (this.#first === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#first = 0;
    } else if (this.#first > 1_024) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return delivered;
  }

  #write(offset: number, outcome: Outcome): void {
    const { u8, u16, u32, f64 } = this.#views;
    const half = offset >> 1;
    const words = offset >> 3;
    u8.fill(0, offset, offset + RECORD_BYTES);
    const { order } = outcome;
    u8[offset + REC_KIND] = outcome.kind;
    u8[offset + REC_GATEWAY] = this.#gateway;
    u16[half + (REC_REASON >> 1)] = outcome.reason ?? 0;
    u32[(offset + REC_INSTRUMENT) >> 2] = outcome.instrument ?? 0;
    u16[half + (REC_STRATEGY >> 1)] = outcome.strategy ?? 0;
    u8[offset + REC_SIDE] = outcome.side ?? 0;
    if (order !== null) {
      u32[(offset + REC_INSTRUMENT) >> 2] = order.instrument;
      u16[half + (REC_STRATEGY >> 1)] = order.strategy;
      u8[offset + REC_SIDE] = order.side;
      u8[offset + REC_FLAGS] = outcome.isMaker === true ? order.flags | FLAG_MAKER : order.flags & ~FLAG_MAKER;
      u8[offset + REC_TIF] = order.timeInForce;
      u32[(offset + REC_LEVEL) >> 2] = order.level;
      f64[words + (REC_ORDER_ID >> 3)] = order.orderId;
      u16[half + (REC_GROUP >> 1)] = order.group;
      u8[offset + REC_GROUP_LEGS] = order.groupLegs;
      u8[offset + REC_PNL_KIND] = order.pnlKind;
      u16[half + (REC_CLIENT_SEQ >> 1)] = order.clientSeq;
      f64[words + (REC_CAUSE_US >> 3)] = order.causeUs;
    }
    f64[words + (REC_PRICE >> 3)] = outcome.priceTicks ?? 0;
    f64[words + (REC_QTY >> 3)] = outcome.qtyLots ?? 0;
    f64[words + (REC_CUM >> 3)] = outcome.cumLots ?? 0;
    f64[words + (REC_DECIDED_US >> 3)] = outcome.decidedUs ?? 0;
    f64[words + (REC_TS_US >> 3)] = outcome.tsUs;
    f64[words + (REC_FILL_PRICE >> 3)] = outcome.fillTicks ?? 0;
    f64[words + (REC_FILL_QTY >> 3)] = outcome.fillLots ?? 0;
    f64[words + (REC_FEE >> 3)] = outcome.fee ?? 0;
    u16[half + (REC_FEE_ASSET >> 1)] = outcome.feeAsset ?? 0;
    f64[words + (REC_TRADE_ID >> 3)] = outcome.tradeId ?? 0;
  }
}
