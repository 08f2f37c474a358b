/** Thread of a feed lane: an event loop with sockets. */
import { parentPort, workerData } from 'node:worker_threads';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import { viewsOf } from '../core/memory/shared-memory.js';
import { UsageError, messageOf } from '../core/numbers/errors.js';
import { SystemTimers } from './clock.js';
import { buildFeedLane } from './feed-lane.js';
import { warmUpFeeds } from './feed-warm-up.js';
import type { LaneCommand, LaneData, LaneMessage } from './lane-data.js';
import { EventLoopLane } from './lane-loop.js';
import { laneClock } from './market-clock.js';

const data = workerData as LaneData;
const tell = (message: LaneMessage): void => parentPort?.postMessage(message);

try {
  const views = viewsOf(data.buffer);
  const { plan, layout, lane, market } = data;
  const clock = laneClock(views, plan, market, data.isStepped);
  const wallTimers = new SystemTimers(1);
  const marketTimers = new SystemTimers(market.speed);
  const index = layout.feedLanes.indexOf(lane);
  tell({ kind: 'note', source: `feed lane ${index}`, text: warmUpFeeds(data, index, clock) });
  const feedLane = buildFeedLane(data, index, {
    clock,
    marketTimers,
    wallTimers,
    bells: [new Doorbell(views, plan, layout.hotLane)],
    note: (source, text) => tell({ kind: 'note', source, text }),
    error: (source, error) => tell({ kind: 'error', source, text: messageOf(error), isUsage: false }),
  });
  const counters = new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * lane, LANE_COUNTERS);
  // Sockets turn this lane; the loop publishes counters and the heartbeat, and keeps the thread awake where it is to spin.
  const loop = new EventLoopLane({ views, plan, clock, counters, bell: new Doorbell(views, plan, lane), roles: feedLane.feeds }, 'eco', 1);
  parentPort?.on('message', (command: LaneCommand) => {
    if (command.kind === 'resync') for (const feed of feedLane.feeds) feed.resync(command.instrument);
    else if (command.kind === 'reconnect') feedLane.feeds.find((feed) => feed.venue.id === command.venue)?.reconnect();
    else {
      loop.stop();
      feedLane.stop();
      marketTimers.stop();
      wallTimers.stop();
      parentPort?.close();
    }
  });
  feedLane.start();
  loop.start(layout.feedsSpin);
  tell({ kind: 'ready' });
} catch (error) {
  tell({ kind: 'error', source: 'feed lane', text: messageOf(error), isUsage: error instanceof UsageError });
  process.exitCode = 1;
}
