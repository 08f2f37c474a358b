/** What readers see of what a feed lane tells. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BroadcastReader } from '../../src/core/memory/broadcast-ring.js';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import { Histogram, mergeHistograms, summarise } from '../../src/core/memory/histogram.js';
import {
  BELL_BYTES,
  BELL_COUNT,
  CHANGE_BOOK,
  CHANGE_BYTES,
  CHANGE_CAPACITY,
  CHANGE_INSTRUMENT,
  CHANGE_KIND,
  CHANGE_MARK,
  CHANGE_RECV_US,
  CHANGE_STATE,
  CHANGE_TRADE,
  CONTROL_BELLS,
  histogramBase,
  MARK_BYTES,
  MARK_FUNDING_RATE,
  MARK_INDEX_TICKS,
  MARK_NEXT_FUNDING_US,
  MARK_RECV_US,
  MARK_SEQUENCE,
  MARK_TICKS,
  TAPE_BYTES,
  TAPE_CAPACITY,
  TAPE_FLAG_OLD,
  TAPE_FLAGS,
  TAPE_ID,
  TAPE_PRICE,
  TAPE_QTY,
  TAPE_RECV_US,
  TAPE_SIDE,
  TAPE_VENUE_US,
  type Stage,
} from '../../src/core/memory/layout.js';
import { SIDE_SELL } from '../../src/core/memory/record.js';
import type { TradeRecord } from '../../src/feeds/sink.js';
import { MarketSink } from '../../src/workers/market-sink.js';
import { ManualTime } from '../support/manual-host.js';
import { memoryOf, TABLES, type Memory } from './lane-fixture.js';

const LANE = 3;
const FEED_LANE = 1;
const TRADE: TradeRecord = {
  priceTicks: 600_001,
  qtyLots: 25,
  side: SIDE_SELL,
  venueUs: 1_700_000_000_000_123,
  recvUs: 2_000_000,
  id: 987_654_321,
  flags: TAPE_FLAG_OLD,
  kind: 0,
  priceMantissa: 0,
  priceDecimals: 0,
  qtyMantissa: 0,
  qtyDecimals: 0,
  time: 0,
  idText: '',
  timeText: '',
  markText: '',
};

let memory: Memory;
let time: ManualTime;
let sink: MarketSink;
let changes: BroadcastReader;

beforeEach(() => {
  memory = memoryOf(TABLES, 4, 2);
  const { views, plan } = memory;
  time = new ManualTime();
  sink = new MarketSink(views, plan, { lane: LANE, feedLane: FEED_LANE }, time, [
    new Doorbell(views, plan, 1),
    new Doorbell(views, plan, 0),
  ]);
  changes = changesOf(FEED_LANE);
});

function changesOf(feedLane: number): BroadcastReader {
  return new BroadcastReader(memory.views, memory.plan.changes + memory.plan.changesStride * feedLane, CHANGE_BYTES, CHANGE_CAPACITY);
}

function readChanges(): number[][] {
  const { i32, f64 } = memory.views;
  const rows: number[][] = [];
  for (let at = changes.next(); at !== -1; at = changes.next()) {
    const row = [i32[(at + CHANGE_INSTRUMENT) >> 2] ?? -1, i32[(at + CHANGE_KIND) >> 2] ?? -1, f64[(at + CHANGE_RECV_US) >> 3] ?? -1];
    if (changes.advance()) rows.push(row);
  }
  return rows;
}

function rings(lane: number): number {
  return memory.views.i32[(memory.plan.control + CONTROL_BELLS + BELL_BYTES * lane + BELL_COUNT) >> 2] ?? -1;
}

function latency(lane: number, stage: Stage) {
  return summarise(mergeHistograms([new Histogram(memory.views, histogramBase(memory.plan, lane, stage))]));
}

function mark(instrument: number, offset: number): number {
  return memory.views.f64[(memory.plan.marks + MARK_BYTES * instrument + offset) >> 3] ?? -1;
}

describe('MarketSink', () => {
  it('puts each change on the ring of its own lane, in order, and rings everyone who waits', () => {
    const neighbour = changesOf(0);
    sink.bookChanged(1, 1_000);
    sink.state(0, 2, 2_000);
    sink.trade(1, TRADE);
    sink.mark(0, { markTicks: 1, indexTicks: 2, fundingRate: 3, nextFundingUs: 4, recvUs: 5_000 });
    expect(readChanges()).toEqual([
      [1, CHANGE_BOOK, 1_000],
      [0, CHANGE_STATE, 2_000],
      [1, CHANGE_TRADE, 2_000_000],
      [0, CHANGE_MARK, 5_000],
    ]);
    expect([0, 1, 2, 3].map(rings)).toEqual([4, 4, 0, 0]);
    expect(neighbour.next()).toBe(-1);
  });

  it('writes a trade to the tape of its instrument before it says so', () => {
    const { views, plan } = memory;
    const [first, second] = [0, 1].map(
      (index) => new BroadcastReader(views, plan.tapes + plan.tapeStride * index, TAPE_BYTES, TAPE_CAPACITY),
    );
    sink.trade(1, TRADE);
    sink.trade(1, { ...TRADE, id: 2 });
    expect(first?.next()).toBe(-1);
    const at = second?.next() ?? -1;
    expect(at).toBeGreaterThan(0);
    expect([TAPE_PRICE, TAPE_QTY, TAPE_VENUE_US, TAPE_RECV_US, TAPE_ID].map((offset) => views.f64[(at + offset) >> 3])).toEqual([
      600_001, 25, 1_700_000_000_000_123, 2_000_000, 987_654_321,
    ]);
    expect([views.u8[at + TAPE_SIDE], views.u8[at + TAPE_FLAGS]]).toEqual([SIDE_SELL, TAPE_FLAG_OLD]);
    expect(second?.advance()).toBe(true);
    expect(views.f64[((second?.next() ?? 0) + TAPE_ID) >> 3]).toBe(2);
  });

  it('a reader that was lapped on the tape counts what it lost', () => {
    const { views, plan } = memory;
    const reader = new BroadcastReader(views, plan.tapes, TAPE_BYTES, TAPE_CAPACITY);
    for (let id = 1; id <= TAPE_CAPACITY * 2; id++) sink.trade(0, { ...TRADE, id });
    const seen: number[] = [];
    for (let at = reader.next(); at !== -1; at = reader.next()) {
      const id = views.f64[(at + TAPE_ID) >> 3] ?? -1;
      if (reader.advance()) seen.push(id);
    }
    expect(seen.length + reader.lost).toBe(TAPE_CAPACITY * 2);
    expect(seen.at(-1)).toBe(TAPE_CAPACITY * 2);
    expect(seen).toEqual(seen.map((_, index) => (seen[0] ?? 0) + index));
  });

  it('keeps of a mark what was not said this time, and leaves the sequence even', () => {
    sink.mark(1, { markTicks: 600_000.5, indexTicks: 600_000, fundingRate: 0.0001, nextFundingUs: 9e15, recvUs: 10 });
    sink.mark(1, { markTicks: 600_002, indexTicks: Number.NaN, fundingRate: Number.NaN, nextFundingUs: Number.NaN, recvUs: 20 });
    expect([MARK_TICKS, MARK_INDEX_TICKS, MARK_FUNDING_RATE, MARK_NEXT_FUNDING_US, MARK_RECV_US].map((offset) => mark(1, offset))).toEqual([
      600_002, 600_000, 0.0001, 9e15, 20,
    ]);
    expect(memory.views.i32[(memory.plan.marks + MARK_BYTES + MARK_SEQUENCE) >> 2]).toBe(4);
    expect(mark(0, MARK_TICKS)).toBe(0);
  });

  it('measures from the frame to the visible book, in the histogram of its lane', () => {
    time.advance(1);
    sink.bookChanged(0, time.nowUs() - 400);
    time.advance(5);
    sink.bookChanged(0, time.nowUs() - 40);
    expect(latency(LANE, 'frameToBook')).toMatchObject({ count: 2, max: 400 });
    sink.trade(0, TRADE);
    sink.state(0, 1, 1);
    expect(latency(LANE, 'frameToBook').count).toBe(2);
    expect(latency(2, 'frameToBook').count).toBe(0);
    expect(latency(LANE, 'tickToOrder').count).toBe(0);
  });

  it('measures one message in 5 ms, and in a burst every 256th', () => {
    time.advance(50);
    const recvUs = time.nowUs();
    sink.bookChanged(0, recvUs);
    sink.bookChanged(0, recvUs + 4_999);
    expect(latency(LANE, 'frameToBook').count).toBe(1);
    sink.bookChanged(0, recvUs + 5_000);
    expect(latency(LANE, 'frameToBook').count).toBe(2);
    for (let n = 0; n < 255; n++) sink.bookChanged(0, recvUs + 5_000);
    expect(latency(LANE, 'frameToBook').count).toBe(2);
    sink.bookChanged(0, recvUs + 5_000);
    expect(latency(LANE, 'frameToBook').count).toBe(3);
  });

  it('says nothing of best quotes: strategies read the proven book', () => {
    sink.quote(0, { bidTicks: 1, bidLots: 1, askTicks: 2, askLots: 1, sequence: 1, venueUs: 1, recvUs: 1 });
    expect(readChanges()).toEqual([]);
    expect([0, 1].map(rings)).toEqual([0, 0]);
  });
});
