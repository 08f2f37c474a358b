/** A strategy's wishes, written to its ring for the executor. One writer: the strategy's runner, on the hot lane. */
import { RESULT_FULL, RESULT_OK } from '../core/numbers/errors.js';
import type { CounterBlock, StrategyCounter } from '../core/memory/counters.js';
import {
  RecordKind,
  REC_CAUSE_US,
  REC_DECIDED_US,
  REC_FLAGS,
  REC_GATEWAY,
  REC_GROUP,
  REC_GROUP_LEGS,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_SIDE,
  REC_STRATEGY,
  REC_TIF,
  REC_TS_US,
  RECORD_BYTES,
} from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { SpscRing } from '../core/memory/spsc-ring.js';
import type { Intents, OrderDraft } from '../core/ports/strategy.js';

/** What the context knows at the moment of the decision. */
export interface DecisionTimes {
  readonly causeUs: number;
  readonly wallUs: number;
  /** Monotonic, read now. */
  clockUs(): number;
}

export interface IntentsSetup {
  readonly views: SharedViews;
  readonly ring: SpscRing;
  readonly counters: CounterBlock<StrategyCounter>;
  readonly times: DecisionTimes;
  readonly strategy: number;
  readonly pnlKind: number;
  /** By slot: index in the instrument table, and of the venue's gateway. */
  readonly instruments: Int32Array;
  readonly gateways: Uint8Array;
}

/** Zeroes a ring's or slot's record: what a kind does not use must not hold an older record's numbers. */
export function clearRecord(views: SharedViews, at: number): void {
  const first = at >> 3;
  for (let word = first; word < first + (RECORD_BYTES >> 3); word++) views.f64[word] = 0;
}

export class IntentWriter implements Intents {
  readonly #s: IntentsSetup;
  readonly #intents: number;
  readonly #noRoom: number;
  #group = 0;

  constructor(setup: IntentsSetup) {
    this.#s = setup;
    this.#intents = setup.counters.indexOf('intents');
    this.#noRoom = setup.counters.indexOf('noRoom');
  }

  place(draft: OrderDraft): number {
    const at = this.#begin(RecordKind.INTENT_PLACE, draft.level);
    if (at < 0) return RESULT_FULL;
    const { u8, u16, u32, f64 } = this.#s.views;
    u8[at + REC_SIDE] = draft.side;
    u8[at + REC_FLAGS] = draft.flags;
    u8[at + REC_TIF] = draft.timeInForce;
    u32[(at + REC_INSTRUMENT) >> 2] = this.#s.instruments[draft.slot]!;
    u8[at + REC_GATEWAY] = this.#s.gateways[draft.slot]!;
    f64[(at + REC_PRICE) >> 3] = draft.priceTicks;
    f64[(at + REC_QTY) >> 3] = draft.qtyLots;
    u16[(at + REC_GROUP) >> 1] = draft.group;
    u8[at + REC_GROUP_LEGS] = draft.groupLegs;
    return this.#commit();
  }

  amend(level: number, priceTicks: number, qtyLots: number): number {
    const at = this.#begin(RecordKind.INTENT_AMEND, level);
    if (at < 0) return RESULT_FULL;
    const { f64 } = this.#s.views;
    f64[(at + REC_PRICE) >> 3] = priceTicks;
    f64[(at + REC_QTY) >> 3] = qtyLots;
    return this.#commit();
  }

  cancel(level: number): number {
    return this.#begin(RecordKind.INTENT_CANCEL, level) < 0 ? RESULT_FULL : this.#commit();
  }

  cancelAll(): number {
    return this.#begin(RecordKind.INTENT_CANCEL_ALL, 0) < 0 ? RESULT_FULL : this.#commit();
  }

  hasRoom(count: number): boolean {
    if (this.#s.ring.hasRoom(count)) return true;
    this.#s.counters.addAt(this.#noRoom, 1);
    return false;
  }

  nextGroup(): number {
    this.#group = (this.#group % 65_535) + 1;
    return this.#group;
  }

  #begin(kind: number, level: number): number {
    const { ring, views, times } = this.#s;
    const at = ring.reserve();
    if (at < 0) {
      this.#s.counters.addAt(this.#noRoom, 1);
      return -1;
    }
    clearRecord(views, at);
    views.u8[at + REC_KIND] = kind;
    views.u8[at + REC_PNL_KIND] = this.#s.pnlKind;
    views.u16[(at + REC_STRATEGY) >> 1] = this.#s.strategy;
    views.u32[(at + REC_LEVEL) >> 2] = level;
    views.f64[(at + REC_CAUSE_US) >> 3] = times.causeUs;
    views.f64[(at + REC_TS_US) >> 3] = times.wallUs;
    return at;
  }

  #commit(): number {
    const { ring, views, times, counters } = this.#s;
    // The record of `begin` is still the reserved one: the time of decision is taken last.
    views.f64[(ring.reserve() + REC_DECIDED_US) >> 3] = times.clockUs();
    ring.commit();
    counters.addAt(this.#intents, 1);
    return RESULT_OK;
  }
}
