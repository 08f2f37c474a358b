/** The feeds of one lane: sockets, books, tapes. Built in a feed worker, or in the main thread under `--lanes 1`. Event loop; never blocks. */
import { SLACK_BYTES } from '../core/kernel/context.js';
import { KernelRoom } from '../core/kernel/kernel-room.js';
import { ContinuedCounters, COUNTER_BLOCK_BYTES, VENUE_COUNTERS, VENUE_GAUGES } from '../core/memory/counters.js';
import type { Doorbell } from '../core/memory/doorbell.js';
import { bookBase, ROOM_BYTES, roomBase } from '../core/memory/layout.js';
import { viewsOf } from '../core/memory/shared-memory.js';
import type { Timers } from '../core/ports/clock.js';
import type { FrameHandler, FrameSource } from '../core/ports/frame-source.js';
import { Feed } from '../feeds/feed.js';
import { createFrameSource } from '../net/frame-source.js';
import { NodeHttpClient } from '../net/http-client.js';
import { endpointsOf, venueAt } from './instruments.js';
import type { LaneData } from './lane-data.js';
import { venuesOfFeedLane } from './lanes.js';
import type { LaneClock } from './market-clock.js';
import { MarketSink } from './market-sink.js';
import { machineRandom } from './random.js';

/** A larger frame is gathered elsewhere (net/frame-parser.ts). */
const RECEIVE_BYTES = 2 * 1024 * 1024;

export interface FeedLane {
  readonly feeds: readonly Feed[];
  start(): void;
  stop(): void;
}

export interface FeedLaneParts {
  readonly clock: LaneClock;
  /** Timers in market time (sessions) and of the wall (sockets). */
  readonly marketTimers: Timers;
  readonly wallTimers: Timers;
  /** Doorbells of the lanes that wait for changes. */
  readonly bells: readonly Doorbell[];
  /** Called after each frame or short run of frames, where strategies share this thread. */
  readonly afterFrame?: () => void;
  note(source: string, text: string): void;
  error(source: string, error: unknown): void;
}

export function buildFeedLane(data: LaneData, feedLane: number, parts: FeedLaneParts): FeedLane {
  const { plan, tables, layout, addresses } = data;
  const views = viewsOf(data.memory ?? data.buffer);
  const room = data.memory === null ? null : new KernelRoom(data.memory, roomBase(plan, feedLane), ROOM_BYTES);
  const sink = new MarketSink(views, plan, { lane: data.lane, feedLane }, parts.clock, parts.bells);
  const socketSource = createFrameSource({
    clock: parts.clock,
    timers: parts.wallTimers,
    onError: (error) => parts.error('socket', error),
  });
  const source = parts.afterFrame === undefined ? socketSource : new PumpingSource(socketSource, parts.afterFrame);
  const http = new NodeHttpClient({ timers: parts.wallTimers });
  const feeds = venuesOfFeedLane(tables.venues, feedLane, layout.feedLanes.length).map((id) => {
    const venue = venueAt(id);
    const venueIndex = tables.venues.indexOf(id);
    return new Feed({
      venue,
      instruments: tables.instruments.filter((instrument) => instrument.venue === id),
      endpoints: endpointsOf(venue, addresses),
      source,
      http,
      clock: parts.clock,
      timers: parts.marketTimers,
      random: machineRandom,
      views,
      bookBase: (instrument) => bookBase(plan, instrument),
      sink,
      counters: new ContinuedCounters(views, plan.venueCounters + COUNTER_BLOCK_BYTES * venueIndex, VENUE_COUNTERS, VENUE_GAUGES),
      kernel: data.kernel,
      ...(room === null ? {} : { room, receive: () => receiveBuffer(room) }),
      note: (text) => parts.note(id, text),
    });
  });
  return {
    feeds,
    start: () => {
      for (const feed of feeds) feed.start();
    },
    stop: () => {
      for (const feed of feeds) feed.stop();
      http.close();
    },
  };
}

/** Socket bytes land where the kernel reads them; undefined when the room is full: the socket then has a buffer of its own. */
function receiveBuffer(room: KernelRoom): Uint8Array | undefined {
  const at = room.take(RECEIVE_BYTES + SLACK_BYTES);
  return at === 0 ? undefined : room.views.u8.subarray(at, at + RECEIVE_BYTES);
}

/** Turns the roles of this thread after each frame or run: socket to order without a hop. */
class PumpingSource implements FrameSource {
  readonly #source: FrameSource;
  readonly #afterFrame: () => void;

  constructor(source: FrameSource, afterFrame: () => void) {
    this.#source = source;
    this.#afterFrame = afterFrame;
  }

  connect(options: Parameters<FrameSource['connect']>[0], handler: FrameHandler): ReturnType<FrameSource['connect']> {
    const afterFrame = this.#afterFrame;
    return this.#source.connect(options, {
      onOpen: () => handler.onOpen(),
      onFrame: (bytes, start, end, isText, recvUs) => {
        handler.onFrame(bytes, start, end, isText, recvUs);
        afterFrame();
      },
      onRun: (bytes, start, end, recvUs) => {
        const next = handler.onRun?.(bytes, start, end, recvUs) ?? start;
        if (next !== start) afterFrame();
        return next;
      },
      onLife: (recvUs) => handler.onLife?.(recvUs),
      onClose: (code, reason) => handler.onClose(code, reason),
    });
  }
}
