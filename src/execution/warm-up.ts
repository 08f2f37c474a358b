/**
 * Runs orders through an executor of its own, in memory of its own, before trading starts: the first ladder of a real run then meets compiled code instead of
 * milliseconds of interpreter. Called once by the host on the hot lane's thread. Touches nothing of the run; needs no clock.
 */
import { BookWriter } from '../core/book/book-writer.js';
import { gridOf } from '../core/book/grid.js';
import { BOOK_BYTES, BOOK_LIVE } from '../core/memory/book-layout.js';
import { bookBase, CONTROL_RUN, planMemory, RUN_TRADING } from '../core/memory/layout.js';
import {
  RecordKind,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_PRICE,
  REC_QTY,
  REC_SIDE,
  REC_TRADE_ID,
  RECORD_BYTES,
} from '../core/memory/record.js';
import { viewsOf, type SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import type { RunTables } from '../core/orders/tables.js';
import { Executor } from './executor.js';
import { compileRisk } from './risk/limits.js';
import { DEFAULT_RISK } from './risk/schema.js';

/** The very first order costs 5.8 ms, averaged over 3,000 it is 32 us, set-up included (Node 20.20, 2 shared cores, 2026-11-23); 500 take some 45 ms. */
const CYCLES = 500;
/** Slow enough for every venue's rate budget. */
const ORDER_EVERY_US = 1_000_000;
/** Orders on one book: it stays younger than risk's bound. */
const QUOTE_EVERY = 8;
const RISK = { ...DEFAULT_RISK, messageBurst: 1_000_000, cancelGrace: 1_000_000 };

/** @returns orders that went all the way: `cycles`, or the warm-up did not do what a run does */
export function warmUpExecutor(like: RunTables, cycles = CYCLES): number {
  const sample = like.instruments[0];
  const strategy = like.strategies[0];
  if (sample === undefined || strategy === undefined) return 0;
  const tables: RunTables = {
    ...like,
    venues: [sample.venue],
    instruments: [{ ...sample, index: 0, minNotional: '0' }],
    strategies: [{ ...strategy, index: 0, instruments: [0] }],
  };
  const plan = planMemory({
    instruments: 1,
    bookBytes: BOOK_BYTES,
    strategies: 1,
    levelsPerStrategy: 16,
    venues: 1,
    gateways: 1,
    assets: like.assets.length,
    feedLanes: 1,
    lanes: 1,
    producers: 1,
    orderSlots: 64,
    ringRecords: 16,
    journalRecords: 64,
  });
  const views = viewsOf(new SharedArrayBuffer(plan.bytes));
  const ring = (base: number, records = 16): SpscRing => new SpscRing(views, base, RECORD_BYTES, records);
  const [intents, events, requests, outcomes] = [ring(plan.intents), ring(plan.events), ring(plan.requests), ring(plan.outcomes)];
  const journal = ring(plan.journals, 64);
  let nowUs = 1;
  const executor = new Executor({
    views,
    plan,
    tables,
    limits: compileRisk({ ...RISK, maxNotional: '1000000000000', maxPositionNotional: '1000000000000' }, tables),
    journal: ring(plan.journals, 64),
    producer: 0,
    lane: 0,
    nowUs: () => nowUs,
    wallUs: (at) => at,
    recovered: { runs: 0, orders: [], fills: [], levels: [], notes: [] },
    wakeService: () => undefined,
  });
  const book = new BookWriter(views, bookBase(plan, 0), gridOf(sample.tickSize, sample.lotSize));
  views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
  const lots = Math.max(1, Math.ceil(Number(sample.minQty) / Number(sample.lotSize)));
  const middle = 100_000;
  let done = 0;
  for (let n = 0; n < cycles; n++) {
    nowUs += ORDER_EVERY_US;
    if (n % QUOTE_EVERY === 0) quote(book, middle, nowUs);
    const side = n & 1;
    wish(views, intents, side, middle + (side === 0 ? 1 : -1), lots);
    executor.step(nowUs, 64);
    const request = requests.front();
    if (request >= 0) {
      answer(views, outcomes, request, RecordKind.ACK, 0, 0);
      answer(views, outcomes, request, RecordKind.FILL, lots, n + 1);
      requests.release();
    }
    executor.step(nowUs, 64);
    drain(journal);
    if (drain(events) === 2) done++;
  }
  return done;
}

function quote(book: BookWriter, middle: number, nowUs: number): void {
  const { priceUnit, priceScale, lotUnit, lotScale } = book.grid;
  book.begin();
  book.clear();
  book.setLevel(0, (middle - 1) * priceUnit, priceScale, lotUnit, lotScale);
  book.setLevel(1, (middle + 1) * priceUnit, priceScale, lotUnit, lotScale);
  book.publish(BOOK_LIVE, 1, nowUs, nowUs);
}

function wish({ u8, u32, f64 }: SharedViews, ring: SpscRing, side: number, priceTicks: number, lots: number): void {
  const at = ring.reserve();
  u8[at + REC_KIND] = RecordKind.INTENT_PLACE;
  u8[at + REC_SIDE] = side;
  u32[(at + REC_INSTRUMENT) >> 2] = 0;
  u32[(at + REC_LEVEL) >> 2] = 1;
  f64[(at + REC_PRICE) >> 3] = priceTicks;
  f64[(at + REC_QTY) >> 3] = lots;
  ring.commit();
}

function answer({ u8, f64 }: SharedViews, ring: SpscRing, request: number, kind: number, lots: number, tradeId: number): void {
  const at = ring.reserve();
  u8.copyWithin(at, request, request + RECORD_BYTES);
  u8[at + REC_KIND] = kind;
  f64[(at + REC_FILL_PRICE) >> 3] = f64[(request + REC_PRICE) >> 3] ?? 0;
  f64[(at + REC_FILL_QTY) >> 3] = lots;
  f64[(at + REC_TRADE_ID) >> 3] = tradeId;
  ring.commit();
}

function drain(ring: SpscRing): number {
  let count = 0;
  for (; ring.front() >= 0; count++) ring.release();
  return count;
}
