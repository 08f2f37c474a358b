/** Lanes that die or hang, with real threads on simulated exchanges: halted, started again from the journal, and the sums are right in the end. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partsOfOrderId } from '../../src/core/numbers/ids.js';
import { isTorture } from '../support/torture.js';
import { until } from '../support/until.js';
import { EngineProcess } from './engine-process.js';
import { Exchanges, type VenueOrderRow } from './exchanges.js';
import { expectOnce, expectRight, type Summary } from './under-faults.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/strategies/', import.meta.url));
const BREAKER = pathToFileURL(fileURLToPath(new URL('break-lanes.mjs', import.meta.url))).href;
const LIMIT_MS = 120_000;
/** One step of a test; the whole has `LIMIT_MS`. */
const WAIT_MS = 40_000;
/** Places in the run's table of strategies. */
const STUCK = 0;
const RESTLESS = 1;
const GRID = 2;
const SPEED = 4;
/** Wall milliseconds; far more than any turn of a hot lane on a busy machine. */
const WATCHDOG_MS = 1_500;

interface Restart {
  readonly lane: string;
  readonly why: string;
  readonly stopped: string | null;
}
type RestartedSummary = Summary & { readonly restarts?: readonly Restart[] };

let folder = '';
let data = '';
let exchanges: Exchanges;
let engine: EngineProcess | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thor-lanes-'));
  data = join(folder, 'data');
  exchanges = new Exchanges(folder, { seed: 3, speed: SPEED, limitMs: LIMIT_MS * 6, only: ['binance-usdm', 'bybit'] });
  await exchanges.ready();
});

afterEach(async () => {
  engine?.kill('SIGKILL');
  await exchanges.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(flags: readonly string[]): Promise<void> {
  const file = join(folder, 'lanes.yaml');
  const entries = [
    `{ name: stuck, kind: '${FIXTURES}stuck.js', instruments: ['bybit:linear:BTCUSDT'], params: { lots: 2 } }`,
    `{ name: restless, kind: '${FIXTURES}restless.js', instruments: ['binance-usdm:BTCUSDT'], params: { lots: 2 } }`,
    "{ name: grid, kind: grid, instruments: ['bybit:linear:ETHUSDT'], params: { step: '0.06%', count: 6, investment: '6000' } }",
  ];
  mkdirSync(join(folder, 'break'));
  writeFileSync(
    file,
    ['venues: [{ id: binance-usdm }, { id: bybit }]', 'strategies:', ...entries.map((one) => `  - ${one}`)]
      .concat(`engine: { watchdogMs: ${WATCHDOG_MS} }`, "risk: { maxNotional: '25000', maxPositionNotional: '250000' }")
      .join('\n'),
  );
  engine = new EngineProcess(
    ['--config', file, '--data', data, '--speed', String(SPEED), '--addresses', exchanges.addresses, '--port', '0', '--json']
      .concat('--lanes', '2', '--wait', 'balanced')
      .concat(flags),
    { limitMs: LIMIT_MS, env: { THOR_TEST_BREAK: join(folder, 'break'), NODE_OPTIONS: `--import ${BREAKER}` } },
  );
  await engine.line((line) => line.includes('"url"'));
}

function log(): string {
  const file = join(data, 'logs', 'thor.1.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Waits for something that only a running engine brings about. */
async function untilItIs(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const child = engine?.child;
  const told = (): string => log().slice(-3_000);
  const isTrueYet = async (): Promise<boolean> => {
    // Asked first: what an engine that has ended did is complete.
    const hasEnded = child?.exitCode !== null || child.signalCode !== null;
    if (await isTrue()) return true;
    if (hasEnded) throw new Error(`${what}: the engine ended before; ${told()}`);
    return false;
  };
  await until(what, isTrueYet, { limitMs: WAIT_MS, told });
}

/** Until the log has said it so often. */
async function said(text: string, times = 1): Promise<void> {
  await untilItIs(`it says '${text}'`, () => log().split(text).length > times);
}

function breakLane(name: string): void {
  writeFileSync(join(folder, 'break', name), '');
}

/** Client ids at the venues of one strategy's orders; its index in the run's table. */
async function ordersOf(strategy: number, isWanted: (order: VenueOrderRow) => boolean): Promise<string[]> {
  const ours = (await exchanges.orders()).filter(({ clientId }) => {
    const id = /^thor\w+x([0-9a-z]{11})$/.exec(clientId)?.[1];
    return id !== undefined && partsOfOrderId(Number.parseInt(id, 36)).strategy === strategy;
  });
  return ours.filter(isWanted).map(({ clientId }) => clientId);
}

const isOpen = ({ state }: VenueOrderRow): boolean => state === 'new' || state === 'partial';

async function untilOpen(strategy: number, least: number): Promise<void> {
  await untilItIs(`strategy ${strategy} has ${least} open orders`, async () => (await ordersOf(strategy, isOpen)).length >= least);
}

/** The strategy sends more orders than it has so far. */
async function untilMore(strategy: number): Promise<void> {
  const before = (await ordersOf(strategy, () => true)).length;
  await untilItIs(`strategy ${strategy} sends more`, async () => (await ordersOf(strategy, () => true)).length > before);
}

async function stop(): Promise<RestartedSummary> {
  engine?.kill('SIGINT');
  const { code, stdout, stderr } = (await engine?.ended) ?? { code: null, stdout: [], stderr: [] };
  const summary = JSON.parse(stdout.at(-1) ?? '{}') as RestartedSummary;
  expect({ code, error: summary.error, stderr }, log().slice(-3_000)).toEqual({ code: 0, error: undefined, stderr: [] });
  return summary;
}

describe('a lane that dies or hangs', () => {
  it('C17: is halted and started again, without the strategy that hung it; nothing is lost or doubled', { timeout: LIMIT_MS }, async () => {
    await start(['--on-death', 'keep']);
    await untilOpen(STUCK, 2);
    await untilOpen(GRID, 8);

    breakLane('feed-0');
    await said('lane feed-0 turns again');
    await untilMore(RESTLESS);

    const rested = await ordersOf(STUCK, isOpen);
    breakLane('hot');
    await said('lane hot turns again');
    expect(log()).toContain('hot breaks as asked');
    await untilMore(RESTLESS);
    expect(rested.length).toBeGreaterThan(0);
    expect(await ordersOf(STUCK, ({ state }) => state === 'cancelled')).toEqual([]);

    breakLane('stuck');
    await said('lane hot: it has not turned for');
    await said('lane hot turns again, without stuck: its orders are cancelled');
    await untilMore(RESTLESS);
    await untilItIs('the stopped one has no open orders', async () => (await ordersOf(STUCK, isOpen)).length === 0);
    const summary = await stop();
    expect(summary.restarts?.map(({ lane, stopped }) => [lane, stopped])).toEqual([
      ['feed-0', null],
      ['hot', null],
      ['hot', 'stuck'],
    ]);
    expectRight(summary, log().slice(-3_000));
    await expectOnce(exchanges, data, folder);
    expect(await exchanges.audit()).toBe(true);
  });

  it.runIf(isTorture)('C17: with --on-death cancel no order of before stands after it', { timeout: LIMIT_MS }, async () => {
    await start(['--on-death', 'cancel']);
    await untilOpen(STUCK, 2);
    await untilOpen(GRID, 8);
    const rested = [...(await ordersOf(STUCK, isOpen)), ...(await ordersOf(GRID, isOpen))];
    breakLane('stuck');
    await said('lane hot turns again, without stuck');
    const stands = (order: VenueOrderRow): boolean => isOpen(order) && rested.includes(order.clientId);
    await untilItIs('no order of before stands', async () => !(await exchanges.orders()).some(stands));
    await untilOpen(GRID, 8);
    const summary = await stop();
    expectRight(summary, log().slice(-3_000));
    await expectOnce(exchanges, data, folder);
  });

  it.runIf(isTorture)('C17: more than three times in ten minutes fails the run, and says so', { timeout: LIMIT_MS }, async () => {
    await start([]);
    await untilOpen(GRID, 8);
    breakLane('feed-0-always');
    const { code, stdout } = (await engine?.ended) ?? { code: null, stdout: [] };
    const summary = JSON.parse(stdout.at(-1) ?? '{}') as RestartedSummary;
    expect(code).toBe(1);
    expect(summary.error).toMatch(/^lane feed-0: .*feed-0 breaks as asked; 3 restarts in 10 minutes did not help$/);
    expect(summary.restarts?.length).toBe(3);
  });

  it.runIf(isTorture)('C17: twenty deaths of the hot lane at any moment lose and double nothing', { timeout: LIMIT_MS * 5 }, async () => {
    for (let round = 0; round < 10; round++) {
      if (round > 0) rmSync(join(folder, 'break'), { recursive: true });
      await start(['--on-death', 'keep']);
      for (let death = 1; death <= 2; death++) {
        await untilMore(RESTLESS);
        breakLane('hot');
        await said('lane hot turns again', round * 2 + death);
      }
      await untilMore(RESTLESS);
      const summary = await stop();
      expectRight(summary, log().slice(-3_000));
    }
    await expectOnce(exchanges, data, folder);
  });
});
