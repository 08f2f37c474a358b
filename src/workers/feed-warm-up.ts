/**
 * Runs a feed lane's code on scratch memory before its sockets open: made-up frames of the lane's own venues through the socket's frame parser, the readers, the
 * books and the sink. Called once by the host of a feed lane, on its thread.
 */
import { KernelRoom } from '../core/kernel/kernel-room.js';
import { Doorbell } from '../core/memory/doorbell.js';
import { bookBase, ROOM_BYTES, roomBase } from '../core/memory/layout.js';
import { allocateShared, viewsOf } from '../core/memory/shared-memory.js';
import { messageOf } from '../core/numbers/errors.js';
import { warmUpFeed, type WarmReader } from '../feeds/warm-up.js';
import { FrameParser, type FrameSink } from '../net/frame-parser.js';
import { endpointsOf, venueAt } from './instruments.js';
import type { LaneData } from './lane-data.js';
import { venuesOfFeedLane } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { MarketSink } from './market-sink.js';

/** Rounds of one frame of each shape and instrument: V8's optimizing compiler wants some hundreds to thousands of calls. */
const ROUNDS = 400;
/** Wall milliseconds for all venues of the lane: a start must not wait for speed. */
const LIMIT_MS = 500;
const RECEIVE_BYTES = 256 * 1024;

/** What was done, or why not, in words. Never throws: a cold start is slower, not wrong. */
export function warmUpFeeds(data: LaneData, feedLane: number, clock: LaneClock): string {
  const startedMs = performance.now();
  try {
    const { frames, bad } = run(data, feedLane, clock, startedMs);
    const tail = bad === 0 ? '' : `, ${bad} of them not understood`;
    return `warmed up on ${frames} made-up frames in ${(performance.now() - startedMs).toFixed(0)} ms${tail}`;
  } catch (error) {
    return `not warmed up: ${messageOf(error)}`;
  }
}

function run(data: LaneData, feedLane: number, clock: LaneClock, startedMs: number): { readonly frames: number; readonly bad: number } {
  const { plan, tables, layout } = data;
  const memory = allocateShared(plan.bytes);
  const views = viewsOf(memory);
  const room = new KernelRoom(memory, roomBase(plan, feedLane), ROOM_BYTES);
  const bells = layout.isSingle ? [] : [new Doorbell(views, plan, layout.hotLane)];
  const sink = new MarketSink(views, plan, { lane: data.lane, feedLane }, clock, bells);
  const pipe = new Pipe(room);
  const venues = venuesOfFeedLane(tables.venues, feedLane, layout.feedLanes.length);
  let frames = 0;
  let bad = 0;
  for (const [at, id] of venues.entries()) {
    const venue = venueAt(id);
    // Each venue has its share of the time, and what those before it left.
    const untilMs = startedMs + (LIMIT_MS * (at + 1)) / venues.length;
    const warmed = warmUpFeed({
      venue,
      instruments: tables.instruments.filter((instrument) => instrument.venue === id),
      endpoints: endpointsOf(venue, data.addresses),
      kernel: data.kernel,
      room,
      views,
      bookBase: (instrument) => bookBase(plan, instrument),
      sink,
      nowUs: () => clock.nowUs(),
      rounds: ROUNDS,
      isOver: () => performance.now() >= untilMs,
      deliver: (payload, to) => pipe.deliver(payload, to),
    });
    frames += warmed.frames;
    bad += warmed.bad;
  }
  return { frames, bad };
}

/** A socket's receive buffer and parser without the socket. */
class Pipe {
  readonly #parser: FrameParser;
  #to: WarmReader | null = null;

  constructor(room: KernelRoom) {
    const at = room.take(RECEIVE_BYTES);
    const receive = room.views.u8.subarray(at, at + RECEIVE_BYTES);
    const sink: FrameSink = {
      onMessage: (bytes, start, end) => {
        this.#to?.read(bytes, start, end);
        return true;
      },
      onRun: (bytes, start, end) => this.#to?.readRun(bytes, start, end) ?? start,
      onControl: () => true,
      onPeerClose: () => undefined,
    };
    this.#parser = new FrameParser(receive, RECEIVE_BYTES, sink, false);
  }

  deliver(payload: Uint8Array, to: WarmReader): void {
    const { length } = payload;
    const isShort = length < 126;
    const header = isShort ? 2 : 4;
    const room = this.#parser.room();
    room[0] = 0x81; // a whole text frame
    room[1] = isShort ? length : 126;
    if (!isShort) {
      room[2] = length >> 8;
      room[3] = length & 255;
    }
    room.set(payload, header);
    this.#to = to;
    this.#parser.landed(header + length);
    this.#parser.parse();
  }
}
