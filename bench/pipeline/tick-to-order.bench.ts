/**
 * From a venue's `write` to the order in its request ring, whole: socket, kernel, book, hop, strategy, risk, journal entry, request. The real engine with a user's strategy file runs in
 * a process of its own against a venue that sends at a steady pace; a bare socket that only looks at the clock is what there is at least to pay.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, percentile, type BenchFile, type BenchOptions, type BenchRow } from '../harness.js';
import { BenchChild } from '../support/child.js';
import { usableCores } from '../../src/workers/doctor.js';
import { layLanes } from '../../src/workers/lanes.js';
import type { BareAnswer, BareQuestion } from './bare-socket.child.js';
import type { EngineAnswer } from './engine.child.js';
import { DISTANCE_TICKS, FIRST_BID_TICKS, INSTRUMENT_ID } from './paced-market.js';

const PERIOD_MS = 2;
/** Orders that count as the start: the first of them are decided by code that has not been compiled yet. */
const COLD_ORDERS = 20;
/** With an order for every second change, compiled code is reached after some hundreds. */
const WARM_ORDERS = 200;
const FIRST_ORDERS = 40;
const FIRST_EVERY = 10;
/** 500 changes a second, an order for each 56th: just under the 10 orders a second that the venue allows. */
const EVERY = 56;
const TARGET = { required: 1 / 1.3, goal: 1 / 1.1 };

interface Layout {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** The target is for two lanes. */
  readonly hasTarget: boolean;
}

const LAYOUTS: readonly Layout[] = [
  { name: '1 lane', flags: { lanes: '1', wait: 'balanced' }, hasTarget: false },
  { name: '2 lanes, balanced', flags: { lanes: '2', wait: 'balanced' }, hasTarget: true },
  { name: '2 lanes, spin', flags: { lanes: '2', wait: 'spin' }, hasTarget: true },
];

/** What else turns on the machine. */
type Neighbour = 'none' | 'spinning';
const NEIGHBOURS: readonly Neighbour[] = ['none', 'spinning'];
/** The feeds of the spinning layout keep their event loop turning, where there are cores for it. */
const FEEDS_TURN = layLanes(2, 'spin', usableCores(), 1).feedsSpin;
const neighbourOf = ({ flags }: Layout): Neighbour => (flags['wait'] === 'spin' ? 'spinning' : 'none');

/** Of one layout, over all rounds. */
interface Samples {
  /** By round: ours, and the bare socket's of the same round. */
  readonly p50s: { readonly ours: number; readonly bare: number }[];
  readonly whole: number[];
  readonly inside: number[];
  readonly coldWhole: number[];
  readonly book: number[];
  readonly durable: number[];
}

/** An order as often as the venue's order budget allows, or one order or cancel for every change of the book, with that budget lifted. */
type Pace = 'budget' | 'each';
const PACES: readonly Pace[] = ['budget', 'each'];
const CAPS_MODULE = new URL('../../src/execution/caps.js', import.meta.url).href;

const configOf = (pace: Pace): string => `
venues: [{ id: bybit }]
strategies:
  - name: bench
    kind: ${JSON.stringify(fileURLToPath(new URL('./order-each-tick.js', import.meta.url)))}
    instruments: ['${INSTRUMENT_ID}']
    params: { firstOrders: ${FIRST_ORDERS}, firstEvery: ${FIRST_EVERY}, every: ${EVERY}, distance: ${DISTANCE_TICKS}, cycles: ${pace === 'each'} }
paper:
  orderLatencyMs: 0
  answerLatencyMs: 0
  balances: { bybit: { USDT: '10000000' } }
server: { port: 0 }
${pace === 'each' ? 'risk: { messagesPerSecond: 100000, messageBurst: 100000, cancelGrace: 1000000 }\nengine: { ringRecords: 16384 }\n' : ''}`;

export const rows: BenchFile = async (options) => {
  const messages = options.isQuick ? 700 : 2_000;
  const rounds = options.isQuick ? 1 : options.rounds;
  const folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  const venue = new BenchChild('paced-venue.child.js');
  /** Of each neighbourhood, over all rounds. */
  const bare: Record<Neighbour, number[]> = { none: [], spinning: [] };
  const cases = LAYOUTS.flatMap((layout) =>
    PACES.filter((pace) => !options.isQuick || pace === 'each').map((pace) => ({
      layout,
      pace,
      samples: { p50s: [], whole: [], inside: [], coldWhole: [], book: [], durable: [] } as Samples,
    })),
  );
  try {
    const { port } = await venue.ask<{ port: number }>({ kind: 'listen', periodMs: PERIOD_MS, messages }, 10_000);
    const bases = { rest: `http://127.0.0.1:${port}`, wsPublic: `ws://127.0.0.1:${port}` };
    const addresses = join(folder, 'addresses.json');
    writeFileSync(addresses, JSON.stringify({ seed: 1, pid: process.pid, admin: bases.rest, venues: { bybit: bases } }));
    for (const pace of PACES) writeFileSync(join(folder, `${pace}.yaml`), configOf(pace));
    for (let round = 0; round < rounds; round++) {
      for (const neighbour of NEIGHBOURS) {
        // Right before what it is compared with: the machine is not the same from minute to minute.
        const times = await bareRound(venue, port, messages, neighbour === 'spinning');
        bare[neighbour].push(...times);
        for (const [index, { layout, pace, samples }] of cases.entries()) {
          if (neighbourOf(layout) !== neighbour) continue;
          const flags = {
            ...layout.flags,
            mode: 'paper',
            config: join(folder, `${pace}.yaml`),
            addresses,
            data: join(folder, `${index}-${round}`),
            duration: String((messages * PERIOD_MS) / 1000 + 0.2),
          };
          const from = samples.whole.length;
          await engineRound(venue, flags, pace, messages, samples);
          samples.p50s.push({ ours: percentile(samples.whole.slice(from), 0.5), bare: percentile(times, 0.5) });
        }
      }
    }
  } finally {
    venue.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return cases.flatMap(({ layout, pace, samples }) => rowsOf(layout, pace, samples, bare[neighbourOf(layout)], options, rounds));
};

async function bareRound(venue: BenchChild, port: number, messages: number, hasSpinner: boolean): Promise<number[]> {
  const child = new BenchChild('bare-socket.child.js');
  try {
    const question: BareQuestion = { port, messages, hasSpinner, keepsTurning: hasSpinner && FEEDS_TURN };
    const { arrivedUs } = await child.ask<BareAnswer>(question, messages * PERIOD_MS * 4 + 10_000);
    const { sentUs } = await venue.ask<{ sentUs: (number | null)[] }>({ kind: 'sent' }, 10_000);
    const times: number[] = [];
    // As with the engine's, the beginning does not count.
    for (let n = COLD_ORDERS * FIRST_EVERY; n < arrivedUs.length; n++) {
      const sent = sentUs[n];
      const arrived = arrivedUs[n];
      if (sent !== null && sent !== undefined && arrived !== null && arrived !== undefined) times.push(arrived - sent);
    }
    if (times.length === 0) throw new Error('the bare socket saw nothing');
    return times;
  } finally {
    child.stop();
  }
}

async function engineRound(
  venue: BenchChild,
  flags: Readonly<Record<string, string>>,
  pace: Pace,
  messages: number,
  into: Samples,
): Promise<void> {
  const child = new BenchChild('engine.child.js', pace === 'each' ? { THOR_BENCH_CAPS: CAPS_MODULE } : {});
  try {
    const answer = await child.ask<EngineAnswer>({ flags }, messages * PERIOD_MS * 4 + 30_000);
    const { sentUs } = await venue.ask<{ sentUs: (number | null)[] }>({ kind: 'sent' }, 10_000);
    const { requests, accepted, denied, why } = answer;
    if (requests.length < COLD_ORDERS * 2 || denied > 0 || accepted !== requests.length) {
      throw new Error(`${requests.length} orders were sent, ${accepted} accepted, ${denied} denied (${JSON.stringify(why)})`);
    }
    for (const [order, { priceTicks, causeUs, decidedUs }] of requests.entries()) {
      const n = priceTicks + DISTANCE_TICKS - FIRST_BID_TICKS;
      // The first change that the strategy sees is the snapshot, which is not timed.
      if (n <= 0) continue;
      const sent = sentUs[n];
      // The book may be newer than the change that called the strategy, so a tick may be sent after the cause arrived; never after the decision.
      if (sent === null || sent === undefined || !(sent < decidedUs && causeUs < decidedUs)) {
        throw new Error(`order ${order} of ${requests.length}: tick ${n} sent at ${sent}, cause at ${causeUs}, decided at ${decidedUs}`);
      }
      if (order < (pace === 'each' ? WARM_ORDERS : COLD_ORDERS)) into.coldWhole.push(decidedUs - sent);
      else {
        into.whole.push(decidedUs - sent);
        into.inside.push(decidedUs - causeUs);
      }
    }
    into.book.push(answer.frameToBookUs);
    into.durable.push(answer.orderToDurableUs);
  } finally {
    child.stop();
  }
}

const us = (value: number): string => (value >= 10_000 ? `${(value / 1000).toFixed(1)} ms` : `${value.toFixed(value >= 100 ? 0 : 1)} us`);
const spread = (values: readonly number[]): string =>
  `p50 ${us(percentile(values, 0.5))}, p99 ${us(percentile(values, 0.99))}, worst ${us(percentile(values, 1))}`;

function rowsOf(layout: Layout, pace: Pace, samples: Samples, bare: readonly number[], options: BenchOptions, rounds: number): BenchRow[] {
  if (samples.whole.length === 0) return [];
  const conditions = `${1000 / PERIOD_MS} changes a second, ${pace === 'each' ? 'an order or cancel for each, the order budget lifted, ' : 'orders as often as the order budget allows, '}${samples.whole.length} orders in ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, risk on, journal interval, paper gateway`;
  const name = `tick to order, ${layout.name}, ${pace === 'each' ? 'busy' : 'seldom'}`;
  const { p50s } = samples;
  return [
    {
      name: `${name}, from the venue's write`,
      ours: median(p50s.map(({ ours }) => ours)),
      theirs: median(p50s.map(({ bare: theirs }) => theirs)),
      unit: 'us',
      against:
        neighbourOf(layout) === 'spinning'
          ? `bare loopback socket to callback, a spinning thread beside it${FEEDS_TURN ? ', its event loop kept turning as ours' : ''}`
          : 'bare loopback socket to callback',
      ratio: median(p50s.map(({ ours, bare: theirs }) => theirs / ours)),
      ...(layout.hasTarget && pace === 'each' && !options.isQuick ? { target: TARGET } : {}),
      conditions: `medians of the rounds' medians and of their ratios; of all: ${spread(samples.whole)}; bare socket ${spread(bare)}; the first ${pace === 'each' ? WARM_ORDERS : COLD_ORDERS} orders of a start, left out here: ${spread(samples.coldWhole)}; ${conditions}`,
      check: 'each order carries the price of the tick that caused it, all accepted, none denied',
    },
    {
      name: `${name}, inside`,
      ours: percentile(samples.inside, 0.5),
      theirs: null,
      unit: 'us',
      against: '',
      ratio: null,
      conditions: `from the frame's arrival to the request: ${spread(samples.inside)}; of that to the published book p50 ${us(percentile(samples.book, 0.5))}; order to its journal entry on disk p50 ${us(percentile(samples.durable, 0.5))}; ${conditions}`,
      check: 'as above',
    },
  ];
}
