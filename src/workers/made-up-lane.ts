/**
 * A hot lane on scratch memory, with a market that is made up and paper venues that answer: nothing of it leaves the scratch memory. Same code, same shapes as the
 * run's own lane. Built by `warm-up.ts` on the hot lane's thread.
 */
import { BookWriter, type LevelSource } from '../core/book/book-writer.js';
import { gridOf, type Grid } from '../core/book/grid.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, ORDER_COUNTERS } from '../core/memory/counters.js';
import { bookBase, CONTROL_RUN, planMemory, RUN_TRADING, type MemoryPlan } from '../core/memory/layout.js';
import { RECORD_BYTES, SIDE_BUY, SIDE_SELL } from '../core/memory/record.js';
import { viewsOf, type SharedViews } from '../core/memory/shared-memory.js';
import { SpscRing } from '../core/memory/spsc-ring.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RecoveredState } from '../core/orders/recovered.js';
import type { Role } from '../core/ports/role.js';
import { PaperGateway } from '../execution/gateways/paper.js';
import { PAPER_DEFAULTS } from '../execution/paper/options.js';
import { blankTrade } from '../feeds/sink.js';
import type { RunnerStrategy } from '../strategies/runner.js';
import { drill, DRILL_LEVELS } from './drill.js';
import { DrillVenue } from './drill-venue.js';
import { buildHotLane } from './hot-lane.js';
import type { LaneData } from './lane-data.js';
import { PRODUCER_HOT } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { MarketSink } from './market-sink.js';
import { SeededRandom } from './random.js';

const LEVELS = 20;
const TRADE_LOTS = 100_000;
const DRILL_BOOK_LEVELS = 2;
/** The made-up price in quote units: within the sizes that strategies are configured for. */
const PRICE = 50_000;
/** Largest step of the walk between two changes, as a share of the price. */
const STEP_RATIO = 0.0004;
/** And back towards where it began, as a share of the way: however long it goes on, orders stay within the venue's rules. */
const RETURN_RATIO = 0.001;
/** Market time of a pass: in a drill as much as an order budget needs for what one change of a book brings. */
const WALK_PASS_US = 3_000;
const DRILL_PASS_US = 1_000_000;
/** The lane and the venues turn so often for each turn of the market: an order is answered before the next change. */
const ROUNDS = 3;
const TURN_RECORDS = 64;
/** The run's own limits would stop a drill soon. */
const DRILL_RISK = { messagesPerSecond: 100_000, messageBurst: 1_000_000, cancelToFill: 1_000_000, cancelGrace: 1_000_000 };
/** Small enough to stay in the caches while the lane rehearses. */
const DRILL_COUNTS = { feedLanes: 1, ringRecords: 64, journalRecords: 256, orderSlots: 256, levelsPerStrategy: DRILL_LEVELS };
const NOTHING: RecoveredState = { runs: 0, orders: [], fills: [], levels: [], notes: [] };

class Levels implements LevelSource {
  readonly price: Float64Array;
  readonly qty: Float64Array;
  readonly priceDecimals: Uint8Array;
  readonly qtyDecimals: Uint8Array;

  constructor(readonly count: number) {
    this.price = new Float64Array(count);
    this.qty = new Float64Array(count);
    this.priceDecimals = new Uint8Array(count);
    this.qtyDecimals = new Uint8Array(count);
  }
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

interface MadeUpBook {
  readonly instrument: number;
  readonly grid: Grid;
  readonly writer: BookWriter;
  readonly firstTicks: number;
  ticks: number;
}

interface Setup {
  readonly passUs: number;
  /** Of the instruments: which have a market here. */
  readonly instruments: readonly Instrument[];
  readonly levels: number;
  venueAt(scratch: Scratch, venue: number): Role;
}

/** What is built on scratch memory. */
interface Scratch {
  readonly data: LaneData;
  readonly views: SharedViews;
  readonly clock: StepClock;
  readonly random: SeededRandom;
}

export class MadeUpLane {
  turns = 0;
  readonly #scratch: Scratch;
  readonly #passUs: number;
  readonly #roles: readonly Role[];
  readonly #venues: readonly Role[];
  readonly #journal: SpscRing;
  readonly #sink: MarketSink;
  readonly #books: readonly MadeUpBook[];
  readonly #bids: Levels;
  readonly #asks: Levels;
  readonly #trade = blankTrade();

  /** The run's strategies on a market that walks, against paper venues. Throws UsageError where a strategy cannot be made. */
  static walk(data: LaneData, strategies: readonly RunnerStrategy[]): MadeUpLane {
    const { instruments } = data.tables;
    return new MadeUpLane(data, data.plan, strategies, { passUs: WALK_PASS_US, instruments, levels: LEVELS, venueAt: paperVenue });
  }

  /** Drills in the place of the strategies, one market of each kind of contract that they trade, venues that say yes: nothing is allocated. */
  static drill(data: LaneData): MadeUpLane {
    const { tables, plan } = data;
    const traded = tables.instruments.filter(({ index }) => tables.strategies.some(({ instruments }) => instruments.includes(index)));
    const instruments = traded.filter((one, at) => traded.findIndex(({ kind }) => kind === one.kind) === at);
    const orderSlots = Math.max(DRILL_COUNTS.orderSlots, DRILL_LEVELS * tables.strategies.length);
    return new MadeUpLane(
      { ...data, risk: DRILL_RISK },
      planMemory({ ...plan.counts, ...DRILL_COUNTS, orderSlots }),
      tables.strategies.map(({ index }) => ({ index, definition: drill, params: {} })),
      { passUs: DRILL_PASS_US, instruments, levels: DRILL_BOOK_LEVELS, venueAt: drillVenue },
    );
  }

  private constructor(given: LaneData, plan: MemoryPlan, strategies: readonly RunnerStrategy[], setup: Setup) {
    const buffer = new SharedArrayBuffer(plan.bytes);
    const data = { ...given, plan, buffer, recovered: NOTHING, layout: { ...given.layout, feedLanes: [0] } };
    const views = viewsOf(buffer);
    const clock = new StepClock();
    this.#scratch = { data, views, clock, random: new SeededRandom(1) };
    this.#passUs = setup.passUs;
    views.i32[(plan.control + CONTROL_RUN) >> 2] = RUN_TRADING;
    const silent = { note: () => undefined, error: () => undefined };
    this.#roles = buildHotLane(data, strategies, clock, silent, { onDrained: () => undefined, ringService: () => undefined }).roles;
    this.#venues = data.tables.venues.map((_, venue) => setup.venueAt(this.#scratch, venue));
    this.#journal = new SpscRing(views, plan.journals + plan.journalStride * PRODUCER_HOT, RECORD_BYTES, plan.counts.journalRecords);
    this.#sink = new MarketSink(views, plan, { lane: data.lane, feedLane: 0 }, clock, []);
    this.#books = setup.instruments.map(({ index, tickSize, lotSize }) => {
      const grid = gridOf(tickSize, lotSize);
      const ticks = Math.round((PRICE * 10 ** grid.priceScale) / grid.priceUnit);
      return { instrument: index, grid, writer: new BookWriter(views, bookBase(plan, index), grid), firstTicks: ticks, ticks };
    });
    this.#bids = new Levels(setup.levels);
    this.#asks = new Levels(setup.levels);
  }

  /** All books move, then strategies, executor and venues take their turns, until what came of it is answered. */
  turn(): void {
    for (const book of this.#books) this.#move(book);
    for (let round = 0; round < ROUNDS; round++) this.#pass();
    this.turns++;
  }

  /** As a turn, in small: one of the books moves, strategies, executor and venues take one turn; what came of it is answered with the next. */
  step(): void {
    const book = this.#books[this.turns % this.#books.length];
    if (book !== undefined) this.#move(book);
    this.#pass();
    this.turns++;
  }

  /** Orders that were sent. */
  orders(): number {
    const { data, views } = this.#scratch;
    const sentOf = (index: number): number =>
      new CounterBlock(views, data.plan.orderCounters + COUNTER_BLOCK_BYTES * index, ORDER_COUNTERS).get('sent');
    return data.tables.strategies.reduce((sum, { index }) => sum + sentOf(index), 0);
  }

  #pass(): void {
    const { clock } = this.#scratch;
    for (let i = 0; i < this.#roles.length; i++) this.#roles[i]!.step(clock.now, TURN_RECORDS);
    for (let i = 0; i < this.#venues.length; i++) this.#venues[i]!.step(clock.now, TURN_RECORDS);
    while (this.#journal.front() !== -1) this.#journal.release();
    clock.now += this.#passUs;
  }

  #move(book: MadeUpBook): void {
    const { clock, random } = this.#scratch;
    const { now } = clock;
    const chance = book.ticks * STEP_RATIO * (random.next() * 2 - 1);
    const step = Math.round(chance + (book.firstTicks - book.ticks) * RETURN_RATIO);
    book.ticks += step;
    fill(this.#bids, book.grid, book.ticks, -1);
    fill(this.#asks, book.grid, book.ticks, 1);
    book.writer.begin();
    book.writer.clear();
    book.writer.change(this.#bids, this.#asks);
    book.writer.publish(BOOK_LIVE, this.turns, now, now);
    this.#sink.bookChanged(book.instrument, now);
    const trade = this.#trade;
    trade.priceTicks = book.ticks;
    trade.qtyLots = TRADE_LOTS;
    trade.side = step < 0 ? SIDE_SELL : SIDE_BUY;
    trade.venueUs = trade.recvUs = trade.time = now;
    trade.id = this.turns;
    this.#sink.trade(book.instrument, trade);
  }
}

function paperVenue({ data, views, clock, random }: Scratch, venueIndex: number): Role {
  return new PaperGateway({
    views,
    plan: data.plan,
    tables: data.tables,
    venueIndex,
    lane: data.lane,
    durability: 'none',
    options: { ...PAPER_DEFAULTS, orderLatencyMs: 1, answerLatencyMs: 1 },
    random,
    recovered: NOTHING,
    nowUs: () => clock.now,
    wallUs: (at) => at,
    wakeExecutor: () => undefined,
  });
}

function drillVenue({ data, views }: Scratch, venue: number): Role {
  return new DrillVenue(views, data.plan, venue);
}

/** @param sign -1 below the middle, 1 above */
function fill(levels: Levels, grid: Grid, ticks: number, sign: number): void {
  for (let i = 0; i < levels.count; i++) {
    levels.price[i] = (ticks + sign * (i + 1)) * grid.priceUnit;
    levels.priceDecimals[i] = grid.priceScale;
    levels.qty[i] = 1_000 * grid.lotUnit * (i + 1);
    levels.qtyDecimals[i] = grid.lotScale;
  }
}
