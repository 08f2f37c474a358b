/** Collections of garbage on the hot lane's thread while the real engine trades at full load: an order or a cancel for every change of the book, bursts every millisecond. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { BenchFile, BenchRow } from '../harness.js';
import { BenchChild } from '../support/child.js';
import type { EngineAnswer } from './engine.child.js';
import { INSTRUMENT_ID } from './paced-market.js';

const SECONDS = { quick: 4, usual: 20, long: 600 } as const;
const WAITS = ['balanced', 'spin'] as const;
const BURST = 4;
const PERIOD_MS = 1;
/** "None over": milliseconds. */
const GOAL_MS = 0.2;
const CAPS_MODULE = new URL('../../src/execution/caps.js', import.meta.url).href;

const CONFIG = `
venues: [{ id: bybit }]
strategies:
  - name: bench
    kind: ${JSON.stringify(fileURLToPath(new URL('./order-each-tick.js', import.meta.url)))}
    instruments: ['${INSTRUMENT_ID}']
    params: { firstOrders: 1, firstEvery: 1, every: 1, distance: 20, cycles: true }
paper:
  orderLatencyMs: 0
  answerLatencyMs: 0
  balances: { bybit: { USDT: '10000000' } }
server: { port: 0 }
risk: { messagesPerSecond: 100000, messageBurst: 100000, cancelGrace: 1000000 }
`;

interface Watched {
  readonly changes: number;
  readonly fromMs: number | null;
  readonly untilMs: number;
  readonly seen: readonly { readonly kind: number; readonly atMs: number; readonly tookMs: number }[];
}

export const rows: BenchFile = async (options) => {
  const seconds = options.isLong ? SECONDS.long : options.isQuick ? SECONDS.quick : SECONDS.usual;
  const found: BenchRow[] = [];
  for (const wait of WAITS) found.push(await watched(wait, seconds));
  return found;
};

async function watched(wait: (typeof WAITS)[number], seconds: number): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  const gcFile = join(folder, 'gc.json');
  const venue = new BenchChild('paced-venue.child.js');
  const engine = new BenchChild('engine.child.js', { THOR_BENCH_CAPS: CAPS_MODULE, THOR_BENCH_GC: gcFile });
  try {
    const question = { kind: 'listen', periodMs: PERIOD_MS, messages: Math.ceil((seconds * 1000 * BURST) / PERIOD_MS), burst: BURST };
    const { port } = await venue.ask<{ port: number }>(question, 10_000);
    const bases = { rest: `http://127.0.0.1:${port}`, wsPublic: `ws://127.0.0.1:${port}` };
    const addresses = join(folder, 'addresses.json');
    const config = join(folder, 'gc.yaml');
    writeFileSync(addresses, JSON.stringify({ seed: 1, pid: process.pid, admin: bases.rest, venues: { bybit: bases } }));
    writeFileSync(config, CONFIG);
    const flags = { lanes: '2', wait, mode: 'paper', config, addresses, data: join(folder, 'data'), duration: String(seconds) };
    const { sent, denied } = await engine.ask<EngineAnswer>({ flags, wantsRequests: false }, seconds * 2_000 + 30_000);
    const { changes, fromMs, untilMs, seen } = JSON.parse(readFileSync(gcFile, 'utf8')) as Watched;

    if (fromMs === null || denied > sent / 100 || sent < changes / 4)
      throw new Error(`${changes} changes, ${sent} orders and cancels, ${denied} denied`);
    if (!seen.some(({ kind, atMs }) => isMajor(kind) && atMs < fromMs))
      throw new Error('the collection that was forced at the start was not seen');
    const under = seen.filter(({ atMs }) => atMs >= fromMs);
    const pauses = under.map(({ tookMs }) => tookMs);
    const worst = Math.max(0, ...pauses);
    return {
      name: `major collections on the hot lane, ${wait}`,
      ours: under.filter(({ kind }) => isMajor(kind)).length,
      theirs: null,
      unit: 'collections',
      against: '',
      ratio: null,
      limit: { most: 0, goal: 0 },
      conditions: `${((untilMs - fromMs) / 1000).toFixed(0)} s of full load, ${Math.round((changes * 1000) / untilMs)} changes of the book a second and ${sent} orders and cancels (${denied} denied); ${under.length} collections in all, longest pause ${worst.toFixed(2)} ms (goal: none over ${GOAL_MS})`,
      check: 'a collection forced at the start was seen; orders flow to the end',
    };
  } finally {
    engine.stop();
    venue.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function isMajor(kind: number): boolean {
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
