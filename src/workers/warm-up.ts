/**
 * Runs the hot lane's own code on scratch memory before the first live tick, so that the first real decision is made by compiled code and not by the
 * interpreter: a made-up market walks up and down, the run's built-in strategies trade on it, a paper venue answers. Nothing of it leaves the scratch memory.
 * Called once by the host of the hot lane. A strategy from a file may keep state of its own between instances: a built-in grid trades in its place.
 */
import { BookWriter, type LevelSource } from '../core/book/book-writer.js';
import { gridOf } from '../core/book/grid.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import { bookBase, CONTROL_RUN, RUN_TRADING } from '../core/memory/layout.js';
import { RECORD_BYTES, SIDE_BUY, SIDE_SELL } from '../core/memory/record.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, ORDER_COUNTERS } from '../core/memory/counters.js';
import { viewsOf } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import { messageOf } from '../core/numbers/errors.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import { PaperGateway } from '../execution/gateways/paper.js';
import { PAPER_DEFAULTS } from '../execution/paper/options.js';
import type { TradeRecord } from '../feeds/sink.js';
import { isPath } from '../strategies/load.js';
import grid from '../strategies/grid.js';
import { checkParams } from '../strategies/params.js';
import type { RunnerStrategy } from '../strategies/runner.js';
import { buildHotLane } from './hot-lane.js';
import type { LaneData } from './lane-data.js';
import { PRODUCER_HOT } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { MarketSink } from './market-sink.js';
import { SeededRandom } from './random.js';

/** Turns of the made-up market. V8 compiles a function after some hundreds of calls; each turn has a few calls of everything. */
const TURNS = 1_500;
const TURN_US = 5_000;
/** Wall milliseconds after which it ends all the same: a start must not wait for speed. */
const LIMIT_MS = 1_500;
const LEVELS = 20;
/** The made-up price in quote units: within the sizes that strategies are configured for. */
const PRICE = 50_000;
/** Largest step of the walk between two turns, as a share of the price. */
const STEP_RATIO = 0.0004;
/** The grid that trades in the place of a strategy from a file. */
const STAND_IN = { step: '0.2%', count: 8, investment: '20000' };
const NOTHING: RecoveredState = { runs: 0, orders: [], fills: [], levels: [], notes: [] };

class Levels implements LevelSource {
  count = LEVELS;
  readonly price = new Float64Array(LEVELS);
  readonly qty = new Float64Array(LEVELS);
  readonly priceDecimals = new Uint8Array(LEVELS);
  readonly qtyDecimals = new Uint8Array(LEVELS);
}

class StepClock implements LaneClock {
  now = 1_000_000;
  nowUs(): number {
    return this.now;
  }
  wallUs(): number {
    return this.now;
  }
  wallAt(nowUs: number): number {
    return nowUs;
  }
}

/** What was done, or why not, in words. Never throws: a cold start is slower, not wrong. */
export function warmUp(data: LaneData, strategies: readonly RunnerStrategy[]): string {
  const startedMs = performance.now();
  try {
    const { turns, orders } = run(
      withoutFiles(data),
      strategies.map((one) => (isFile(data, one.index) ? standIn(one.index) : one)),
      startedMs,
    );
    return `warmed up on ${turns} turns of a made-up market with ${orders} orders in ${(performance.now() - startedMs).toFixed(0)} ms`;
  } catch (error) {
    return `not warmed up: ${messageOf(error)}`;
  }
}

const isFile = (data: LaneData, index: number): boolean => isPath(data.entries[index]?.source ?? '');

function standIn(index: number): RunnerStrategy {
  return { index, definition: grid, params: checkParams('grid', grid, STAND_IN) };
}

/** The same run with grids where it has strategies from files. */
function withoutFiles(data: LaneData): LaneData {
  const strategies = data.tables.strategies.map((one) =>
    isFile(data, one.index) ? { ...one, kind: grid.kind, pnlKind: grid.pnlKind, instruments: one.instruments.slice(0, 1) } : one,
  );
  return { ...data, tables: { ...data.tables, strategies } };
}

function run(
  data: LaneData,
  strategies: readonly RunnerStrategy[],
  startedMs: number,
): { readonly turns: number; readonly orders: number } {
  const scratch: LaneData = {
    ...data,
    buffer: new SharedArrayBuffer(data.plan.bytes),
    recovered: NOTHING,
    layout: { ...data.layout, feedLanes: [0] },
  };
  const { plan, tables } = scratch;
  const views = viewsOf(scratch.buffer);
  const clock = new StepClock();
  const random = new SeededRandom(1);
  const silent = { note: () => undefined, error: () => undefined };
  views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
  const lane = buildHotLane(scratch, strategies, clock, silent, { onDrained: () => undefined, ringService: () => undefined });
  const gateways = tables.venues.map(
    (_, venueIndex) =>
      new PaperGateway({
        views,
        plan,
        tables,
        venueIndex,
        lane: data.lane,
        durability: 'none',
        options: { ...PAPER_DEFAULTS, orderLatencyMs: 1, answerLatencyMs: 1 },
        random,
        recovered: NOTHING,
        nowUs: () => clock.now,
        wallUs: (at) => at,
        wakeExecutor: () => undefined,
      }),
  );
  const journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_HOT, RECORD_BYTES, plan.counts.journalRecords);
  const sink = new MarketSink(views, plan, { lane: data.lane, feedLane: 0 }, clock, []);
  const books = tables.instruments.map((instrument) => {
    const grid = gridOf(instrument.tickSize, instrument.lotSize);
    return {
      grid,
      writer: new BookWriter(views, bookBase(plan, instrument.index), grid),
      ticks: Math.round((PRICE * 10 ** grid.priceScale) / grid.priceUnit),
    };
  });
  const bids = new Levels();
  const asks = new Levels();
  let turn = 0;
  for (; turn < TURNS && performance.now() - startedMs < LIMIT_MS; turn++) {
    clock.now += TURN_US;
    for (const [instrument, book] of books.entries()) {
      const step = Math.round(book.ticks * STEP_RATIO * (random.next() * 2 - 1));
      book.ticks += step;
      fill(bids, book.grid, book.ticks, -1);
      fill(asks, book.grid, book.ticks, 1);
      book.writer.begin();
      book.writer.clear();
      book.writer.change(bids, asks);
      book.writer.publish(BOOK_LIVE, turn, clock.now, clock.now);
      sink.bookChanged(instrument, clock.now);
      sink.trade(instrument, tradeAt(book.ticks, step, clock.now, turn));
    }
    for (let round = 0; round < 3; round++) {
      for (const role of lane.roles) role.step(clock.now, 64);
      for (const gateway of gateways) gateway.step(clock.now, 64);
      clock.now += TURN_US >> 2;
    }
    while (journal.front() !== -1) journal.release();
  }
  const orders = tables.strategies.reduce(
    (sum, { index }) => sum + new CounterBlock(views, plan.orderCounters + COUNTER_BLOCK_BYTES * index, ORDER_COUNTERS).get('sent'),
    0,
  );
  return { turns: turn, orders };
}

/** @param sign -1 below the middle, 1 above */
function fill(
  levels: Levels,
  grid: { priceUnit: number; priceScale: number; lotUnit: number; lotScale: number },
  ticks: number,
  sign: number,
): void {
  for (let i = 0; i < LEVELS; i++) {
    levels.price[i] = (ticks + sign * (i + 1)) * grid.priceUnit;
    levels.priceDecimals[i] = grid.priceScale;
    levels.qty[i] = 1_000 * grid.lotUnit * (i + 1);
    levels.qtyDecimals[i] = grid.lotScale;
  }
}

function tradeAt(ticks: number, step: number, nowUs: number, id: number): TradeRecord {
  return {
    priceTicks: ticks,
    qtyLots: 100_000,
    side: step < 0 ? SIDE_SELL : SIDE_BUY,
    venueUs: nowUs,
    recvUs: nowUs,
    id,
    flags: 0,
    kind: 0,
    priceMantissa: 0,
    priceDecimals: 0,
    qtyMantissa: 0,
    qtyDecimals: 0,
    time: nowUs,
    idText: '',
    timeText: '',
    markText: '',
  };
}
