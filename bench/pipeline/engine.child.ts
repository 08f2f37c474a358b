/** The real engine in a process of its own, for one run of the tick-to-order benchmark; afterwards the requests are read from their ring, where nothing was overwritten. */
import { RecordKind, REC_CAUSE_US, REC_DECIDED_US, REC_KIND, REC_PRICE, RECORD_BYTES } from '../../src/core/memory/record.js';
import { SpscRing } from '../../src/core/memory/spsc-ring.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { realWallUs, SystemTimers } from '../../src/workers/clock.js';
import { Engine } from '../../src/workers/engine.js';
import { findVenues, prepare, takeDataDir } from '../../src/workers/prepare.js';
import { readRunConfig } from '../../src/workers/run-config.js';
import { RunOutput } from '../../src/workers/run-output.js';
import { tradeOptionsOf } from '../../src/workers/trade-options.js';
import { answerQuestions } from '../support/child.js';

export interface EngineQuestion {
  readonly flags: Readonly<Record<string, unknown>>;
  /** False: there may be more of them than their ring holds. */
  readonly wantsRequests?: boolean;
}

export interface SeenRequest {
  readonly priceTicks: number;
  /** Machine's monotonic microseconds: the frame's arrival, and the request going into its ring. */
  readonly causeUs: number;
  readonly decidedUs: number;
}

export interface EngineAnswer {
  readonly requests: readonly SeenRequest[];
  readonly accepted: number;
  readonly denied: number;
  /** Denials by the rule's code. */
  readonly why: Readonly<Record<string, number>>;
  /** Orders sent and orders cancelled. */
  readonly sent: number;
  /** Medians of stages, microseconds. */
  readonly frameToBookUs: number;
  readonly orderToDurableUs: number;
}

answerQuestions(async (question): Promise<EngineAnswer> => {
  const { flags, wantsRequests = true } = question as EngineQuestion;
  const options = tradeOptionsOf({ ...flags, json: true });
  const run = await readRunConfig(options);
  const version = 'bench';
  const dataDir = takeDataDir(options, run, version);
  const wallTimers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers: wallTimers });
  const output = new RunOutput(options, dataDir.path);
  try {
    const found = await findVenues(options, dataDir, http);
    const prepared = await prepare(
      options,
      { run, version, dataDir, ...found, keys: new Map(), timers: wallTimers },
      http,
      () => undefined,
    );
    const summary = await new Engine(prepared, { wallTimers, http, output }).run();
    if (summary.error !== undefined) throw new Error(summary.error);
    const { plan, views } = prepared;
    const ring = new SpscRing(views, plan.requests, RECORD_BYTES, plan.counts.ringRecords);
    const committed = wantsRequests ? ring.committed() : 0;
    if (committed > plan.counts.ringRecords) throw new Error(`${committed} requests do not fit the ring of ${plan.counts.ringRecords}`);
    const requests: SeenRequest[] = [];
    for (let i = 0; i < committed; i++) {
      const at = ring.recordAt(i);
      if (views.u8[at + REC_KIND] !== RecordKind.CREATE) continue;
      requests.push({
        priceTicks: views.f64[(at + REC_PRICE) >> 3] ?? 0,
        causeUs: views.f64[(at + REC_CAUSE_US) >> 3] ?? 0,
        decidedUs: views.f64[(at + REC_DECIDED_US) >> 3] ?? 0,
      });
    }
    const { orders, latencyUs, refused } = summary;
    return {
      requests,
      accepted: orders.accepted,
      denied: orders.denied,
      why: refused.risk,
      sent: orders.sent + orders.cancelled,
      frameToBookUs: latencyUs.frameToBook.p50,
      orderToDurableUs: latencyUs.orderToDurable.p50,
    };
  } finally {
    http.close();
    wallTimers.stop();
    await output.close();
    dataDir.close(realWallUs());
  }
});
