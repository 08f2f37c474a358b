/** Every fault that simulated exchanges take, against the running engine: afterwards no order, fill, balance or position differs, and nothing was done twice. */
import { describe, it } from 'vitest';
import { SeededRandom } from '../../src/workers/random.js';
import { isTorture } from '../support/torture.js';
import type { Exchanges, ScriptedFault } from './exchanges.js';
import { tradeUnderFaults, type RunningEngine } from './under-faults.js';

const VENUES = ['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'];
const SPEED = 6;
const LIMIT_MS = 180_000;

/** Each kind in every form that asks something else of the engine. Venue absent: all five. */
const FAULTS: Readonly<Record<string, readonly ScriptedFault[]>> = {
  'lose-answer': [
    { kind: 'lose-answer', match: { op: 'place' }, probability: 0.5 },
    { kind: 'lose-answer', match: { op: 'batch' }, probability: 0.3 },
    { kind: 'lose-answer', match: { op: 'amend' }, probability: 0.3 },
    { kind: 'lose-answer', match: { op: 'cancel' }, probability: 0.3 },
    { kind: 'lose-answer', match: { op: 'query' }, probability: 0.1 },
  ],
  'answer-after-fill': [{ kind: 'answer-after-fill', probability: 0.5, params: { ms: 2_000 } }],
  'fill-before-ack': [{ kind: 'fill-before-ack', params: { ms: 300 } }],
  'repeat-fill': [{ kind: 'repeat-fill' }],
  delay: [
    { kind: 'delay', probability: 0.2, params: { ms: 1_500 } },
    { kind: 'delay', probability: 0.2, params: { ms: 4_000, before: true } },
  ],
  status: [
    { kind: 'status', probability: 0.2, params: { status: 503 } },
    { kind: 'status', probability: 0.2, params: { status: 502, accepted: true } },
    { kind: 'status', probability: 0.1, params: { status: 400 } },
  ],
  maintenance: [{ kind: 'maintenance' }],
  'rate-limit-storm': [{ kind: 'rate-limit-storm', probability: 0.5, params: { retryAfterSeconds: 1 } }],
  'clock-skew': [{ kind: 'clock-skew', params: { ms: -6_000 } }],
  'stream-cut': [{ kind: 'stream-cut', probability: 0.01 }],
  'stream-stall': [{ kind: 'stream-stall' }],
  'stream-gap': [{ kind: 'stream-gap', match: { stream: 'private' }, probability: 0.3 }],
  'wrong-order': [{ kind: 'wrong-order', probability: 0.5 }],
  'partial-batch-failure': [{ kind: 'partial-batch-failure', probability: 0.5 }],
};

/** Of the usual run: one form of each kind, and it strikes wherever it can. */
const SHORT = Object.values(FAULTS).flatMap((forms) => forms.slice(0, 1));
const MIXED_SEEDS = 20;
const MIXED_MS = 40_000;
const KILLED_SEEDS = 10;

/** What a seed makes of the forms: some of them, at one venue or all, for a while, often at the same time. */
function mixed(seed: number): ScriptedFault[] {
  const random = new SeededRandom(seed);
  const upTo = (most: number): number => Math.floor(random.next() * most);
  const forms = Object.values(FAULTS).flat();
  return Array.from({ length: 4 + upTo(8) }, () => ({
    ...(forms[upTo(forms.length)] ?? { kind: 'stream-cut' }),
    ...(upTo(2) === 0 ? {} : { venue: VENUES[upTo(VENUES.length)] ?? 'bybit' }),
    afterMs: upTo(MIXED_MS / 2),
    forMs: 1_000 + upTo(MIXED_MS / 2 - 1_000),
  }));
}

type Misbehaviour = (exchanges: Exchanges, engine: RunningEngine) => Promise<void>;

function tradeUnder(seed: number, misbehave: Misbehaviour, limitMs = LIMIT_MS): Promise<void> {
  return tradeUnderFaults({ seed, speed: SPEED, limitMs, calmMs: 3_000, misbehave });
}

describe('faults of venues', () => {
  it.runIf(!isTorture)('C1 C2 C6 C9 C13: one of each, in turn, loses and doubles nothing', { timeout: LIMIT_MS }, () =>
    tradeUnder(1, async (exchanges) => {
      for (const fault of SHORT) await exchanges.untilStruck([fault], 1);
    }),
  );

  it.runIf(isTorture).each(Object.entries(FAULTS))(
    'C1 C2 C6 C9 C13: %s in every form loses and doubles nothing',
    { timeout: LIMIT_MS },
    (_, forms) => tradeUnder(2, (exchanges) => exchanges.untilStruck(forms, 5)),
  );

  it.runIf(isTorture).each(Array.from({ length: MIXED_SEEDS }, (_, index) => index + 1))(
    'C1 C2 C6 C9 C13: mixed by seed %i, they lose and double nothing',
    { timeout: LIMIT_MS },
    (seed) =>
      tradeUnder(seed, async (exchanges) => {
        await exchanges.script(mixed(seed));
        await exchanges.pass(MIXED_MS);
      }),
  );

  it.runIf(isTorture).each(Array.from({ length: KILLED_SEEDS }, (_, index) => MIXED_SEEDS + index + 1))(
    'C1 C3 C9 G4: mixed by seed %i under an engine that is killed twice, they lose and double nothing',
    { timeout: 2 * LIMIT_MS },
    (seed) =>
      tradeUnder(
        seed,
        async (exchanges, engine) => {
          for (let kill = 0; kill < 2; kill++) {
            await exchanges.script(mixed(seed + 100 * kill));
            await exchanges.pass(MIXED_MS / 4);
            await engine.restart();
          }
          await exchanges.pass(MIXED_MS / 2);
        },
        2 * LIMIT_MS,
      ),
  );
});
