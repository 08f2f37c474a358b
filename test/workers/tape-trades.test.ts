import { describe, expect, it } from 'vitest';
import { BroadcastWriter } from '../../src/core/memory/broadcast-ring.js';
import {
  planMemory,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAG_OLD,
  TAPE_FLAGS,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_SIDE,
  TAPE_VENUE_US,
} from '../../src/core/memory/layout.js';
import { SIDE_BUY, SIDE_SELL } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { TapeTrades } from '../../src/workers/tape-trades.js';

const plan = planMemory({
  instruments: 2,
  bookBytes: 128,
  strategies: 1,
  levelsPerStrategy: 1,
  venues: 1,
  gateways: 1,
  assets: 1,
  feedLanes: 1,
  lanes: 1,
  producers: 1,
  orderSlots: 1,
  ringRecords: 2,
  journalRecords: 16,
});

describe('trades of the tapes', () => {
  it('come once, by instrument and in order, a bounded number a turn, without history; what was overwritten is counted', () => {
    const views = viewsOf(new SharedArrayBuffer(plan.bytes));
    const source = new TapeTrades(views, plan);
    const tape = new BroadcastWriter(views, plan.tapes + plan.tapeStride, TAPE_BYTES, TAPE_CAPACITY);
    const print = (price: number, flags = 0): void => {
      const at = tape.begin();
      views.f64[(at + TAPE_PRICE) >> 3] = price;
      views.f64[(at + TAPE_QTY) >> 3] = 2;
      views.f64[(at + TAPE_VENUE_US) >> 3] = price * 10;
      views.u8[at + TAPE_SIDE] = price % 2 === 0 ? SIDE_BUY : SIDE_SELL;
      views.u8[at + TAPE_FLAGS] = flags;
      tape.publish();
    };
    print(1);
    print(2, TAPE_FLAG_OLD);
    print(4);
    const seen: unknown[] = [];
    expect(source.drain((...trade) => seen.push(trade))).toBe(3);
    expect(seen).toEqual([
      [1, 1, 2, false, 10],
      [1, 4, 2, true, 40],
    ]);
    expect(source.drain(() => undefined)).toBe(0);
    for (let price = 0; price < 200; price++) print(price);
    expect(source.drain(() => undefined)).toBe(64);
    for (let price = 0; price < 2 * TAPE_CAPACITY; price++) print(price);
    while (source.drain(() => undefined) > 0);
    expect(source.lost).toBeGreaterThan(TAPE_CAPACITY);
  });
});
