/**
 * What a lane that died has left in the shared memory, put in order before another takes its place: half-written slots, wishes and events of strategies that are no
 * more, books that nobody keeps. Main thread, while no thread of that lane lives: its words have no other writer then.
 */
import { BOOK_GAP, BOOK_GATE, BOOK_SEQUENCE, BOOK_STATE, GATE_CLOSED } from '../core/memory/book-layout.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import {
  BALANCE_BYTES,
  BALANCE_SEQUENCE,
  bookBase,
  MARK_BYTES,
  MARK_SEQUENCE,
  POSITION_BYTES,
  POSITION_SEQUENCE,
  type MemoryPlan,
} from '../core/memory/layout.js';
import { REC_SEQUENCE, RECORD_BYTES } from '../core/memory/record.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import type { RunTables } from '../core/orders/tables.js';
import { MarketSink } from './market-sink.js';
import type { LaneClock } from './market-clock.js';
import { venuesOfFeedLane, type LaneLayout } from './lanes.js';

/** Of the hot lane. The next one counts orders, positions and levels again from the journal; what the gateways have answered meanwhile stays in its rings. */
export function clearAfterHotLane(views: SharedViews, plan: MemoryPlan): void {
  const { counts } = plan;
  for (let strategy = 0; strategy < counts.strategies; strategy++) {
    for (const region of [plan.intents, plan.events])
      empty(new SpscRing(views, region + plan.ringStride * strategy, RECORD_BYTES, counts.ringRecords));
  }
  const clear = (base: number, count: number, bytes: number, sequence: number): void => {
    for (let n = 0; n < count; n++) clearSlot(views, base + n * bytes, bytes, sequence);
  };
  clear(plan.orders, counts.orderSlots, RECORD_BYTES, REC_SEQUENCE);
  clear(plan.levels, counts.strategies * counts.levelsPerStrategy, RECORD_BYTES, REC_SEQUENCE);
  clear(plan.positions, (counts.strategies + 1) * counts.instruments, POSITION_BYTES, POSITION_SEQUENCE);
  // Balances are the venue's word, which it does not repeat: they stay.
  for (let n = 0; n < counts.venues * counts.assets; n++) mend(views, (plan.balances + n * BALANCE_BYTES + BALANCE_SEQUENCE) >> 2);
}

export interface DeadFeedLane {
  /** Index among all lanes, and among the feed lanes. */
  readonly lane: number;
  readonly feedLane: number;
  readonly tables: RunTables;
  readonly layout: LaneLayout;
  readonly clock: LaneClock;
  readonly bells: readonly Doorbell[];
}

/** Of a feed lane: its books are no books until another keeps them, and strategies are told at once. */
export function markAfterFeedLane(views: SharedViews, plan: MemoryPlan, dead: DeadFeedLane): void {
  const { tables, layout, feedLane, clock } = dead;
  const venues = venuesOfFeedLane(tables.venues, feedLane, layout.feedLanes.length);
  const sink = new MarketSink(views, plan, dead, clock, dead.bells);
  for (const { index, venue } of tables.instruments) {
    if (!venues.includes(venue)) continue;
    mend(views, (plan.marks + MARK_BYTES * index + MARK_SEQUENCE) >> 2);
    const head = bookBase(plan, index) >> 2;
    begin(views, head + (BOOK_SEQUENCE >> 2));
    views.i32[head + (BOOK_STATE >> 2)] = BOOK_GAP;
    views.i32[head + (BOOK_GATE >> 2)] = GATE_CLOSED;
    mend(views, head + (BOOK_SEQUENCE >> 2));
    sink.state(index, BOOK_GAP, clock.nowUs());
  }
}

/** A consumer that takes no notice. */
function empty(ring: SpscRing): void {
  while (ring.front() >= 0) ring.release();
}

/** All zeros but the sequence, which goes on: a reader in between sees that something was written. */
function clearSlot(views: SharedViews, base: number, bytes: number, sequence: number): void {
  const word = (base + sequence) >> 2;
  begin(views, word);
  views.u8.fill(0, base, base + sequence);
  views.u8.fill(0, base + sequence + 4, base + bytes);
  mend(views, word);
}

/** Odd: where the dead writer was in the middle of a write, it is so already. */
function begin(views: SharedViews, word: number): void {
  if ((Atomics.load(views.i32, word) & 1) === 0) Atomics.add(views.i32, word, 1);
}

/** Even again. What stands there may be half of a write. */
function mend(views: SharedViews, word: number): void {
  if ((Atomics.load(views.i32, word) & 1) !== 0) Atomics.add(views.i32, word, 1);
}
