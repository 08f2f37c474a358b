/**
 * Where everything stands in the shared memory, and who writes it. `planMemory` is called once by the launching host; the plan is plain data that travels
 * to every thread, which builds its views from it. Regions start on 128-byte boundaries.
 *
 *   control      halt word, trading-blocked word, run word, one doorbell a lane, one journal cursor a producer
 *   books        instruments x bookBytes (core/memory/book-layout.ts)              the feed that owns the instrument
 *   tapes        instruments x broadcast ring of TAPE records                       the feed
 *   changes      feed lanes x broadcast ring of CHANGE records                      the feed lane
 *   intents      strategies x SPSC ring of records                                  strategy -> executor
 *   events       strategies x SPSC ring of records                                  executor -> strategy
 *   requests     gateways x SPSC ring of records                                    executor -> gateway
 *   outcomes     gateways x SPSC ring of records                                    gateway -> executor
 *   journals     producers x SPSC ring of records                                   each producer -> writer
 *   orders       order slots: one record each, seqlock in REC_SEQUENCE              executor
 *   levels       strategies x level slots: one record each, seqlock                 the strategy
 *   orderNumbers strategies x level slots: i32, the last order number of each       executor; outlives it
 *   positions    (strategies + 1) x instruments x POSITION                          executor; row 0 is the sum over strategies
 *   balances     venues x assets x BALANCE                                          executor
 *   marks        instruments x MARK                                                 the feed
 *   budgets      gateways x BUDGET                                                  the gateway
 *   counters     blocks by scope, reason counts by strategy                         see core/memory/counters.ts
 *   histograms   lanes x stages                                                     the lane
 *   rooms        feed lanes x ROOM: receive buffers, kernel tables and scratch      the feed lane; nobody else looks
 */
import { COUNTER_BLOCK_BYTES, REASON_BLOCK_BYTES } from './counters.js';
import { BROADCAST_HEADER_BYTES, broadcastRingBytes } from './broadcast-ring.js';
import { HISTOGRAM_BYTES } from './histogram.js';
import { RECORD_BYTES } from './record.js';
import { spscRingBytes } from './spsc-ring.js';

/** One public trade on an instrument's tape. */
export const TAPE_BYTES = 64;
export const TAPE_PRICE = 0; // f64 ticks
export const TAPE_QTY = 8; // f64 lots
export const TAPE_VENUE_US = 16; // f64 venue wall time, us
export const TAPE_RECV_US = 24; // f64 monotonic, us
export const TAPE_ID = 32; // f64 venue id when it fits 2^53, else a hash of its text
export const TAPE_SIDE = 40; // u8 side of the taker
export const TAPE_FLAGS = 41; // u8 TAPE_FLAG_*
export const TAPE_FLAG_OLD = 1;
export const TAPE_FLAG_NOT_PRICE_FORMING = 2;
export const TAPE_CAPACITY = 1024;

/** "Something about this instrument changed": what wakes strategies, paper fills and the page. */
export const CHANGE_BYTES = 16;
export const CHANGE_INSTRUMENT = 0; // i32
export const CHANGE_KIND = 4; // i32 CHANGE_*
export const CHANGE_RECV_US = 8; // f64 monotonic receive time of the frame
export const CHANGE_CAPACITY = 8192;
export const CHANGE_BOOK = 1;
export const CHANGE_TRADE = 2;
export const CHANGE_STATE = 3;
export const CHANGE_MARK = 4;

/** Position of one strategy (or, row 0, of all) on one instrument. */
export const POSITION_BYTES = 64;
export const POSITION_SEQUENCE = 0; // i32 seqlock
export const POSITION_NET_LOTS = 8; // f64 signed
export const POSITION_ENTRY_TICKS = 16; // f64 average entry, NaN when flat (a view; money is exact elsewhere)
export const POSITION_OPEN_BUY_LOTS = 24; // f64 lots of live buy orders not yet filled
export const POSITION_OPEN_SELL_LOTS = 32; // f64
export const POSITION_FILLS = 40; // f64 count

/** Balance of one asset at one venue, in the asset's units as float64: for guards and screens; money is exact in the ledger. */
export const BALANCE_BYTES = 64;
export const BALANCE_SEQUENCE = 0; // i32 seqlock
export const BALANCE_TOTAL = 8; // f64
export const BALANCE_FREE = 16; // f64

/** Mark price and funding of a contract. */
export const MARK_BYTES = 64;
export const MARK_SEQUENCE = 0; // i32 seqlock
export const MARK_TICKS = 8; // f64 mark price in ticks (may have a fraction)
export const MARK_INDEX_TICKS = 16; // f64
export const MARK_FUNDING_RATE = 24; // f64 of the running interval
export const MARK_NEXT_FUNDING_US = 32; // f64 wall
export const MARK_RECV_US = 40; // f64 monotonic

/** What a venue's rate limits leave to a gateway, corrected from the venue's own headers. All zero where no gateway keeps a budget (`BUDGET_KNOWN` 0). */
export const BUDGET_BYTES = 128;
export const BUDGET_PAUSE_UNTIL_US = 0; // f64 monotonic: the venue asked for silence until then; 0 = none. Cancels wait for it too
export const BUDGET_KNOWN = 8; // i32 1 once a gateway keeps this block
export const BUDGET_FREE_ORDERS = 12; // i32 order requests that the tightest bucket still takes now, requests under way or waiting in the gateway and the part kept for cancels taken off
export const BUDGET_FREE_CANCELS = 16; // i32 as above, for cancels: they may use the kept part
export const BUDGET_USED_PERMILLE = 20; // i32 of the tightest bucket, 0 to 1000
export const BUDGET_SEEN = 32; // u32 requests that the gateway took off its ring so far (modulo 2^32): those after them are not in these figures
export const BUDGET_NEXT_FREE_US = 24; // f64 monotonic: when the tightest bucket gives back its next credit; 0 when it is not empty

/**
 * A feed lane's own part: receive buffers of its sockets (2 MiB each), tables and scratch of its kernels. A connection that finds no room left has buffers of its
 * own and is read in TypeScript. Address space: untouched pages cost nothing.
 */
export const ROOM_BYTES = 64 * 1024 * 1024;

/** Latency stages. frameToBook: frame received to book visible. tickToOrder: frame received to request visible in its ring. orderToBytes: request visible to
 * bytes handed to the socket. orderToAck: request visible to the venue's answer applied. orderToDurable: request visible to its journal entry on disk. */
export const STAGES = ['frameToBook', 'tickToOrder', 'orderToBytes', 'orderToAck', 'orderToDurable'] as const;
export type Stage = (typeof STAGES)[number];

/** Control words, bytes from the control region's start; each on 128 bytes of its own. */
export const CONTROL_HALT = 0; // i32: 0 trade, 1 no new orders (cancels go), 2 nothing goes out
export const CONTROL_TRADING_STATE = 64; // i32: 0 active, 1 only orders that make a position smaller, 2 no new orders; set at start from the risk block
export const CONTROL_CANCEL_ALL = 96; // i32: every increment asks the executor to cancel all our live orders once
export const CONTROL_BLOCKED = 128; // i32 Reason: the writer cannot take new orders (disk full, journal full); 0 = fine
export const CONTROL_RUN = 256; // i32 RUN_*
export const CONTROL_CLOSED = 288; // i32 written by the strategies' runner while the run word says closing: 1 = none of them has anything left to close, n > 1 = the strategy n - 2 has
export const CONTROL_EXECUTOR_STOP = 320; // i32 written by the executor: 0 trading, 1 stopping with work under way, 2 stopping and drained
export const CONTROL_COMMANDS = 448; // i32: every increment says that a command waits for the hot lane; written by the host
export const CONTROL_STOP_LANES = 384; // i32: 1 asks lanes to end their loops
export const CONTROL_MARKET_US = 512; // f64 monotonic market time, written by the host when the recording gives the time (--speed max); else unused
export const CONTROL_RUNNING = 576; // i32 written by the runner: 1 + index of the strategy whose code runs now, 0 none. Read when the hot lane is dead or hangs
export const CONTROL_BELLS = 640; // one doorbell a lane, 128 bytes apart
export const BELL_BYTES = 128;
export const BELL_COUNT = 0; // i32 rings so far
export const BELL_SLEEPING = 64; // i32 1 while the lane waits

export const RUN_STARTING = 0;
export const RUN_TRADING = 1;
/** Strategies were asked to stop; no new orders. */
export const RUN_STOPPING = 2;
/** Comes before stopping: strategies decide nothing new, but those that are to be flat at the end bring themselves there, for a bounded time. */
export const RUN_CLOSING = 3;

/** One journal cursor a producer, 128 bytes apart, after the bells. */
export const CURSOR_BYTES = 128;
export const CURSOR_WRITTEN = 0; // u32 records of this producer handed to the operating system (modulo 2^32)
export const CURSOR_DURABLE = 4; // u32 records of this producer known to be on disk

/** Halt levels. */
export const HALT_NONE = 0;
export const HALT_NEW_ORDERS = 1;
export const HALT_ALL = 2;

export interface MemoryCounts {
  readonly instruments: number;
  /** Bytes of one book, given by the book shelf. */
  readonly bookBytes: number;
  readonly strategies: number;
  readonly levelsPerStrategy: number;
  readonly venues: number;
  readonly gateways: number;
  readonly assets: number;
  /** Lanes that read frames; each has a changes ring. */
  readonly feedLanes: number;
  /** All lanes (threads), main included: bells, histograms, lane counters. */
  readonly lanes: number;
  /** Threads that journal. */
  readonly producers: number;
  readonly orderSlots: number;
  readonly ringRecords: number;
  readonly journalRecords: number;
}

/** Regions as byte offsets; strides beside them where a region repeats. */
export interface MemoryPlan {
  readonly counts: MemoryCounts;
  readonly bytes: number;
  readonly control: number;
  readonly cursors: number;
  readonly books: number;
  readonly tapes: number;
  readonly tapeStride: number;
  readonly changes: number;
  readonly changesStride: number;
  readonly intents: number;
  readonly events: number;
  readonly requests: number;
  readonly outcomes: number;
  readonly ringStride: number;
  readonly journals: number;
  readonly journalStride: number;
  readonly orders: number;
  readonly levels: number;
  readonly orderNumbers: number;
  readonly positions: number;
  readonly balances: number;
  readonly marks: number;
  readonly budgets: number;
  readonly venueCounters: number;
  readonly strategyCounters: number;
  readonly orderCounters: number;
  readonly gatewayCounters: number;
  readonly reconcileCounters: number;
  readonly laneCounters: number;
  readonly writerCounters: number;
  /** Risk blocks by reason, per strategy (executor). */
  readonly riskReasons: number;
  /** Refused opportunities by reason, per strategy (its runner). */
  readonly refusalReasons: number;
  readonly histograms: number;
  readonly rooms: number;
}

const ALIGN = 128;

export function planMemory(counts: MemoryCounts): MemoryPlan {
  let at = 0;
  const take = (bytes: number): number => {
    const start = at;
    at += Math.ceil(bytes / ALIGN) * ALIGN;
    return start;
  };
  const tapeStride = Math.ceil(broadcastRingBytes(TAPE_BYTES, TAPE_CAPACITY) / ALIGN) * ALIGN;
  const changesStride = Math.ceil((BROADCAST_HEADER_BYTES + CHANGE_BYTES * CHANGE_CAPACITY) / ALIGN) * ALIGN;
  const ringStride = Math.ceil(spscRingBytes(RECORD_BYTES, counts.ringRecords) / ALIGN) * ALIGN;
  const journalStride = Math.ceil(spscRingBytes(RECORD_BYTES, counts.journalRecords) / ALIGN) * ALIGN;
  const control = take(CONTROL_BELLS + BELL_BYTES * counts.lanes);
  const cursors = take(CURSOR_BYTES * counts.producers);
  const venueCounters = take(COUNTER_BLOCK_BYTES * counts.venues);
  const strategyCounters = take(COUNTER_BLOCK_BYTES * counts.strategies);
  const orderCounters = take(COUNTER_BLOCK_BYTES * counts.strategies);
  const gatewayCounters = take(COUNTER_BLOCK_BYTES * counts.gateways);
  const reconcileCounters = take(COUNTER_BLOCK_BYTES * counts.gateways);
  const laneCounters = take(COUNTER_BLOCK_BYTES * counts.lanes);
  const writerCounters = take(COUNTER_BLOCK_BYTES);
  const riskReasons = take(REASON_BLOCK_BYTES * counts.strategies);
  const refusalReasons = take(REASON_BLOCK_BYTES * counts.strategies);
  const histograms = take(HISTOGRAM_BYTES * STAGES.length * counts.lanes);
  const positions = take(POSITION_BYTES * (counts.strategies + 1) * counts.instruments);
  const balances = take(BALANCE_BYTES * counts.venues * counts.assets);
  const marks = take(MARK_BYTES * counts.instruments);
  const budgets = take(BUDGET_BYTES * counts.gateways);
  const orders = take(RECORD_BYTES * counts.orderSlots);
  const levels = take(RECORD_BYTES * counts.strategies * counts.levelsPerStrategy);
  const orderNumbers = take(4 * counts.strategies * counts.levelsPerStrategy);
  const intents = take(ringStride * counts.strategies);
  const events = take(ringStride * counts.strategies);
  const requests = take(ringStride * counts.gateways);
  const outcomes = take(ringStride * counts.gateways);
  const journals = take(journalStride * counts.producers);
  const changes = take(changesStride * counts.feedLanes);
  const tapes = take(tapeStride * counts.instruments);
  const rooms = take(ROOM_BYTES * counts.feedLanes);
  const books = take(counts.bookBytes * counts.instruments);
  return {
    counts,
    bytes: at,
    control,
    cursors,
    books,
    tapes,
    tapeStride,
    changes,
    changesStride,
    intents,
    events,
    requests,
    outcomes,
    ringStride,
    journals,
    journalStride,
    orders,
    levels,
    orderNumbers,
    positions,
    balances,
    marks,
    budgets,
    venueCounters,
    strategyCounters,
    orderCounters,
    gatewayCounters,
    reconcileCounters,
    laneCounters,
    writerCounters,
    riskReasons,
    refusalReasons,
    histograms,
    rooms,
  };
}

/** Books start on their own stride; the book shelf says how many bytes one takes. */
export function bookBase(plan: MemoryPlan, instrument: number): number {
  return plan.books + plan.counts.bookBytes * instrument;
}

/** A feed lane's room. */
export function roomBase(plan: MemoryPlan, feedLane: number): number {
  return plan.rooms + ROOM_BYTES * feedLane;
}

export function histogramBase(plan: MemoryPlan, lane: number, stage: Stage): number {
  return plan.histograms + (lane * STAGES.length + STAGES.indexOf(stage)) * HISTOGRAM_BYTES;
}

export function positionBase(plan: MemoryPlan, strategyRow: number, instrument: number): number {
  return plan.positions + (strategyRow * plan.counts.instruments + instrument) * POSITION_BYTES;
}

export function balanceBase(plan: MemoryPlan, venue: number, asset: number): number {
  return plan.balances + (venue * plan.counts.assets + asset) * BALANCE_BYTES;
}

/** Words of one gateway's budget block: pause and next-free as f64, the rest as i32. */
export function budgetBase(plan: MemoryPlan, gateway: number): number {
  return plan.budgets + gateway * BUDGET_BYTES;
}

export function levelBase(plan: MemoryPlan, strategy: number, level: number): number {
  return plan.levels + (strategy * plan.counts.levelsPerStrategy + level) * RECORD_BYTES;
}
