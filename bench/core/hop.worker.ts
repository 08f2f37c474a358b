/** The other side of the hop benchmark: gives every record back. Spins, or sleeps on its doorbell between records. */
import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../../src/core/memory/doorbell.js';
import type { MemoryPlan } from '../../src/core/memory/layout.js';
import { RECORD_BYTES, REC_PRICE } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';

export interface HopData {
  readonly buffer: SharedArrayBuffer;
  readonly plan: MemoryPlan;
  readonly isSpinning: boolean;
}

const { buffer, plan, isSpinning } = workerData as HopData;
const views = viewsOf(buffer);
const here = new SpscRing(views, plan.intents, RECORD_BYTES, plan.counts.ringRecords);
const back = new SpscRing(views, plan.events, RECORD_BYTES, plan.counts.ringRecords);
const bell = new Doorbell(views, plan, 1);
const peer = new Doorbell(views, plan, 0);
const price = REC_PRICE >> 3;

parentPort?.postMessage('ready');
for (let isRunning = true; isRunning;) {
  let at = here.front();
  if (at === -1) {
    if (isSpinning) continue;
    const armed = bell.arm();
    at = here.front();
    if (at === -1) {
      bell.wait(armed, 1_000);
      continue;
    }
    bell.disarm();
  }
  const value = views.f64[(at >> 3) + price]!;
  here.release();
  isRunning = value >= 0;
  views.f64[(back.reserve() >> 3) + price] = value + 1;
  back.commit();
  if (!isSpinning) peer.ring();
}
