/** Thread of the hot lane: no promise, no socket once it runs; it spins or sleeps on shared memory until the stop word is set. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { COUNTER_BLOCK_BYTES, CounterBlock, LANE_COUNTERS } from '../core/memory/counters.js';
import { Doorbell } from '../core/memory/doorbell.js';
import { viewsOf } from '../core/memory/shared-memory.js';
import { UsageError, messageOf } from '../core/numbers/errors.js';
import { buildHotLane, loadRunStrategies } from './hot-lane.js';
import type { LaneData, LaneMessage, ParamsCommand } from './lane-data.js';
import { runHotLane } from './lane-loop.js';
import { laneClock } from './market-clock.js';
import { warmUp } from './warm-up.js';

const data = workerData as LaneData;
const tell = (message: LaneMessage): void => parentPort?.postMessage(message);

/** This thread's event loop never turns: messages are taken, not awaited. */
function takeCommand(): ParamsCommand | undefined {
  if (parentPort === null) return undefined;
  const message: unknown = receiveMessageOnPort(parentPort)?.message;
  return message === undefined ? undefined : (message as ParamsCommand);
}

try {
  const views = viewsOf(data.buffer);
  const { plan, layout } = data;
  const clock = laneClock(views, plan, data.market, data.isStepped);
  const service = new Doorbell(views, plan, 0);
  const counters = new CounterBlock(views, plan.laneCounters + COUNTER_BLOCK_BYTES * data.lane, LANE_COUNTERS);
  const strategies = await loadRunStrategies(data);
  const note = (text: string): void => tell({ kind: 'note', source: 'hot lane', text });
  const { said, rehearse } = warmUp(data, strategies, note);
  note(said);
  const { roles } = buildHotLane(
    data,
    strategies,
    clock,
    {
      note: (source, text) => tell({ kind: 'note', source, text }),
      error: (source, error) => tell({ kind: 'error', source, text: messageOf(error), isUsage: false }),
    },
    {
      onDrained: () => counters.set('drained', 1),
      ringService: () => service.ring(),
      commands: { take: takeCommand, answer: (id, refusal) => tell({ kind: 'answer', id, refusal }) },
    },
  );
  tell({ kind: 'ready' });
  const bell = new Doorbell(views, plan, data.lane);
  runHotLane({ views, plan, clock, counters, bell, roles, rehearse }, layout.wait, data.market.speed);
} catch (error) {
  tell({ kind: 'error', source: 'hot lane', text: messageOf(error), isUsage: error instanceof UsageError });
  process.exitCode = 1;
}
