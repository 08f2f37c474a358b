/**
 * What a reader allocates: kernel and books alone in a loop, the whole feed lane behind a socket, or a socket whose callback does nothing. Child process of the
 * allocation benchmark, started with `HEAP_FLAGS` and with the test certificate among those that Node trusts.
 */
import { connect as connectTls } from 'node:tls';
import { BookReader } from '../../src/core/book/book-reader.js';
import { BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS, VENUE_COUNTERS } from '../../src/core/memory/counters.js';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import { bookBase } from '../../src/core/memory/layout.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { DEFAULT_KERNEL } from '../../src/feeds/kernels.js';
import { bybit } from '../../src/feeds/venues/bybit.js';
import { SystemTimers } from '../../src/workers/clock.js';
import { buildFeedLane } from '../../src/workers/feed-lane.js';
import { EventLoopLane } from '../../src/workers/lane-loop.js';
import { laneClock } from '../../src/workers/market-clock.js';
import { median } from '../harness.js';
import { answerQuestions } from '../support/child.js';
import { EndlessStream } from '../support/endless-stream.js';
import { feedLaneData } from '../support/feed-lane-data.js';
import { HeapMeter } from '../support/heap-meter.js';
import { OurBooks } from '../support/our-books.js';

export interface AllocationQuestion {
  readonly kind: 'books' | 'open-lane' | 'open-bare' | 'measure' | 'idle';
  readonly symbols?: readonly string[];
  readonly levels?: number;
  /** Of `books`: messages of one turn, and turns. */
  readonly messages?: number;
  readonly turns?: number;
  readonly port?: number;
  /** Of `measure`: it ends with this update id (lane) or after so many bytes more (bare). */
  readonly lastId?: number;
  readonly bytes?: number;
}

export interface AllocationAnswer {
  /** Allocated while messages were read. */
  readonly bytes: number;
  /** What is held after a forced collection, at the end. */
  readonly heldBytes: number;
  readonly messages: number;
  readonly reads: number;
  readonly collections: number;
  /** How long that took: a loop's timers allocate by the clock, not by the message. */
  readonly tookMs: number;
}

interface Source {
  /** True when everything asked for has been read. */
  isAt(question: AllocationQuestion): boolean;
  messages(): number;
  reads(): number;
}

/** A book's snapshot and the first message behind it are judged in TypeScript. */
const SLOW_OF_A_BOOK = 2;
const POLL_MS = 20;
/** While it is measured: looking allocates too. */
const MEASURED_POLL_MS = 100;
const IDLE_MS = 1_000;
const meter = new HeapMeter();
let source: Source | null = null;

function books(question: AllocationQuestion): AllocationAnswer {
  const { symbols = [], levels = 10, messages = 1000, turns = 1 } = question;
  const stream = new EndlessStream({ symbols, messages, levels });
  const ours = new OurBooks(bybit, DEFAULT_KERNEL);
  const reader = ours.reader('');
  for (const snapshot of stream.snapshots) {
    const bytes = Buffer.from(snapshot);
    reader.read(bytes, 0, bytes.length, 0);
  }
  const receive = ours.receive(stream.bytes.length);
  receive.set(stream.bytes);
  const { starts, ends } = stream;
  const allocated: number[] = [];
  let held = 0;
  // The first tenth warms up.
  for (let turn = -Math.ceil(turns / 10); turn < turns; turn++) {
    if (turn === 0) held = meter.collected();
    const own = meter.used();
    const before = meter.used();
    stream.nextTurn(receive);
    // As all messages of a socket's read have one arrival.
    const recvUs = turn + 0.5;
    for (let n = 0; n < starts.length; n++) reader.read(receive, starts[n]!, ends[n]!, recvUs);
    const bytes = meter.used() - before - (before - own);
    if (turn >= 0) allocated.push(bytes);
  }
  const { stats, gaps } = ours;
  ours.result();
  if (gaps > 0 || stats.frames - stats.fast > SLOW_OF_A_BOOK * symbols.length)
    throw new Error(`${gaps} gaps, ${stats.frames - stats.fast} of ${stats.frames} messages not by the kernel`);
  // Of a turn: now and then V8 puts code or feedback on the heap.
  return { bytes: median(allocated), heldBytes: meter.collected() - held, messages, reads: 0, collections: 0, tookMs: 0 };
}

/** The lane as a run builds it, with its own event loop; nobody reads its changes ring. */
async function openLane({ symbols = [], port = 0 }: AllocationQuestion): Promise<Source> {
  const data = feedLaneData(symbols, `wss://127.0.0.1:${port}`);
  const views = viewsOf(data.memory ?? data.buffer);
  const { plan, layout, lane } = data;
  const clock = laneClock(views, plan, data.market, false);
  const timers = new SystemTimers(1);
  const feedLane = buildFeedLane(data, 0, {
    clock,
    marketTimers: timers,
    wallTimers: timers,
    bells: [new Doorbell(views, plan, layout.hotLane)],
    note: () => undefined,
    error: failed,
  });
  const laneCounters = new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS);
  const loop = new EventLoopLane(
    { views, plan, clock, counters: laneCounters, bell: new Doorbell(views, plan, lane), roles: feedLane.feeds },
    'eco',
    1,
  );
  const counters = new CounterBlock(views, plan.venueCounters, VENUE_COUNTERS);
  const readers = symbols.map((_, index) => new BookReader(views, bookBase(plan, index)));
  feedLane.start();
  loop.start();
  const areLive = (): boolean => readers.every((reader) => reader.readTop() && reader.top.state === BOOK_LIVE);
  while (!areLive()) await pause();
  return {
    isAt({ lastId }) {
      const isThere = readers.every((reader) => reader.readTop() && reader.top.lastSequence === lastId);
      if (isThere && (counters.get('gaps') > 0 || counters.get('framesMapper') > symbols.length))
        throw new Error('gaps, or messages that were not read by the kernel');
      return isThere;
    },
    messages: () => counters.get('bookUpdates'),
    reads: () => 0,
  };
}

/** The least: bytes land in one buffer, and nobody looks at them. */
async function openBare({ port = 0 }: AllocationQuestion): Promise<Source> {
  const seen = { bytes: 0, reads: 0 };
  const buffer = new Uint8Array(2 * 1024 * 1024);
  const onread = {
    buffer,
    callback: (count: number): boolean => {
      seen.bytes += count;
      seen.reads++;
      return true;
    },
  };
  const options = { port, host: '127.0.0.1', onread };
  const socket = connectTls(options);
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const key = Buffer.alloc(16, 1).toString('base64');
  socket.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  while (seen.bytes === 0) await pause();
  // A masked text frame of two bytes stands for the subscription.
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]));
  for (let before = -1; before !== seen.bytes; before = seen.bytes) await pause();
  let from = seen.bytes;
  return {
    isAt({ bytes: wanted = 0 }) {
      if (seen.bytes - from < wanted) return false;
      from = seen.bytes;
      return true;
    },
    messages: () => 0,
    reads: () => seen.reads,
  };
}

function failed(from: string, error: unknown): never {
  process.stderr.write(`${from}: ${String(error)}\n`);
  process.exit(1);
}

function pause(ms = POLL_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function measure(question: AllocationQuestion): Promise<AllocationAnswer> {
  if (source === null) throw new Error('nothing is open');
  const held = meter.collected();
  const fromMs = performance.now();
  const [messages, reads] = [source.messages(), source.reads()];
  const own = meter.used();
  const before = meter.used();
  const untilMs = question.kind === 'idle' ? performance.now() + IDLE_MS : Infinity;
  while (performance.now() < untilMs && !(question.kind !== 'idle' && source.isAt(question))) await pause(MEASURED_POLL_MS);
  const tookMs = performance.now() - fromMs;
  const bytes = meter.used() - before - (before - own);
  const collections = await meter.collectionsSince(fromMs);
  return {
    bytes,
    heldBytes: meter.collected() - held,
    messages: source.messages() - messages,
    tookMs,
    reads: source.reads() - reads,
    collections,
  };
}

answerQuestions(async (asked): Promise<AllocationAnswer> => {
  const question = asked as AllocationQuestion;
  if (question.kind === 'books') return books(question);
  if (question.kind === 'measure' || question.kind === 'idle') return measure(question);
  source = question.kind === 'open-lane' ? await openLane(question) : await openBare(question);
  return { bytes: 0, heldBytes: 0, messages: 0, reads: 0, collections: 0, tookMs: 0 };
});
