/** What is put in order in the shared memory between two lanes of one place. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BOOK_GAP, BOOK_GATE, BOOK_LIVE, BOOK_SEQUENCE, BOOK_STATE, GATE_PLUS_ONE } from '../../src/core/memory/book-layout.js';
import { BroadcastReader } from '../../src/core/memory/broadcast-ring.js';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import {
  balanceBase,
  BALANCE_SEQUENCE,
  BALANCE_TOTAL,
  bookBase,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_STATE,
  levelBase,
  MARK_BYTES,
  MARK_SEQUENCE,
  positionBase,
  POSITION_NET_LOTS,
  POSITION_SEQUENCE,
} from '../../src/core/memory/layout.js';
import { REC_ORDER_ID, REC_SEQUENCE, RECORD_BYTES } from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { clearAfterHotLane, markAfterFeedLane } from '../../src/workers/lane-repair.js';
import { laneData, memoryOf, TABLES } from './lane-fixture.js';

const memory = memoryOf(TABLES, 4, 2);
const { plan, views } = memory;
const layout = { ...laneData(memory).layout, feedLanes: [2, 3] };

beforeEach(() => {
  views.u8.fill(0, 0, plan.rooms);
});

describe('after a hot lane', () => {
  it.each([6, 7])('C17: orders, levels and positions are zeros under a sequence that goes on from %i to even', (sequence) => {
    const slots = [
      [plan.orders + RECORD_BYTES * 3, REC_SEQUENCE, REC_ORDER_ID],
      [levelBase(plan, 1, 5), REC_SEQUENCE, REC_ORDER_ID],
      [positionBase(plan, 2, 1), POSITION_SEQUENCE, POSITION_NET_LOTS],
    ] as const;
    for (const [base, at, value] of slots) {
      views.i32[(base + at) >> 2] = sequence;
      views.f64[(base + value) >> 3] = 42;
    }
    clearAfterHotLane(views, plan);
    for (const [base, at, value] of slots) expect([views.i32[(base + at) >> 2], views.f64[(base + value) >> 3]]).toEqual([8, 0]);
  });

  it('C17: balances stay, and can be read again', () => {
    const base = balanceBase(plan, 1, 1);
    views.i32[(base + BALANCE_SEQUENCE) >> 2] = 5;
    views.f64[(base + BALANCE_TOTAL) >> 3] = 42;
    clearAfterHotLane(views, plan);
    expect([views.i32[(base + BALANCE_SEQUENCE) >> 2], views.f64[(base + BALANCE_TOTAL) >> 3]]).toEqual([6, 42]);
  });

  it('C17: wishes and events are dropped; requests, outcomes, journal and order numbers stay', () => {
    const ringAt = (base: number, records = plan.counts.ringRecords): SpscRing => new SpscRing(views, base, RECORD_BYTES, records);
    const rings = [plan.intents + plan.ringStride, plan.events, plan.requests, plan.outcomes + plan.ringStride];
    for (const base of rings) {
      const ring = ringAt(base);
      for (let n = 0; n < 3; n++) {
        ring.reserve();
        ring.commit();
      }
    }
    const journal = ringAt(plan.journals, plan.counts.journalRecords);
    journal.reserve();
    journal.commit();
    views.i32[plan.orderNumbers >> 2] = 17;
    clearAfterHotLane(views, plan);
    expect(rings.map((base) => ringAt(base).waiting())).toEqual([0, 0, 3, 3]);
    expect([journal.waiting(), views.i32[plan.orderNumbers >> 2]]).toEqual([1, 17]);
    // Both ends of an emptied ring go on where it stands.
    const intents = ringAt(plan.intents + plan.ringStride);
    intents.reserve();
    expect(intents.commit()).toBe(4);
  });
});

describe('after a feed lane', () => {
  it('C17: its books are no books, its marks can be read, strategies are told; books of others are left alone', () => {
    for (const index of [0, 1]) {
      views.i32[(bookBase(plan, index) + BOOK_STATE) >> 2] = BOOK_LIVE;
      views.i32[(bookBase(plan, index) + BOOK_GATE) >> 2] = GATE_PLUS_ONE;
      views.i32[(bookBase(plan, index) + BOOK_SEQUENCE) >> 2] = 9;
      views.i32[(plan.marks + MARK_BYTES * index + MARK_SEQUENCE) >> 2] = 3;
    }
    const changes = new BroadcastReader(views, plan.changes + plan.changesStride, CHANGE_BYTES, CHANGE_CAPACITY);
    const bell = new Doorbell(views, plan, layout.hotLane);
    const before = bell.arm();
    // The second feed lane keeps the second venue.
    markAfterFeedLane(views, plan, {
      lane: 3,
      feedLane: 1,
      tables: TABLES,
      layout,
      clock: { nowUs: () => 5, wallUs: () => 5, wallAt: () => 5 },
      bells: [bell],
    });
    const words = (index: number): (number | undefined)[] =>
      [BOOK_STATE, BOOK_GATE, BOOK_SEQUENCE].map((at) => views.i32[(bookBase(plan, index) + at) >> 2]);
    expect([words(0), words(1)]).toEqual([
      [BOOK_LIVE, GATE_PLUS_ONE, 9],
      [BOOK_GAP, 0, 10],
    ]);
    expect([0, 1].map((index) => views.i32[(plan.marks + MARK_BYTES * index + MARK_SEQUENCE) >> 2])).toEqual([3, 4]);
    const at = changes.next();
    expect([views.i32[(at + CHANGE_INSTRUMENT) >> 2], views.i32[(at + CHANGE_KIND) >> 2]]).toEqual([1, CHANGE_STATE]);
    expect([changes.advance(), changes.next(), bell.arm() > before]).toEqual([true, -1, true]);
  });
});
