/** A run of the engine on simulated exchanges that misbehave as scripted, and everything that must hold when they no longer do. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { EngineProcess, type Ended } from './engine-process.js';
import { Exchanges } from './exchanges.js';
import { foldJournal } from './journal-fold.js';

const RESTLESS = fileURLToPath(new URL('../fixtures/strategies/restless.js', import.meta.url));
/** Small orders on every venue: place, amend, cancel and take without a rest, beside two grids and an arbitrage. */
const RESTLESS_ON: Readonly<Record<string, number>> = {
  'binance-spot:BTCUSDT': 100,
  'binance-usdm:BTCUSDT': 2,
  'binance-coinm:BTCUSD_PERP': 1,
  'bybit:linear:BTCUSDT': 2,
  'bitmex:XBTUSD': 100,
};
const OTHERS = [
  "{ name: usdm-grid, kind: grid, instruments: ['binance-usdm:ETHUSDT'], params: { step: '0.06%', count: 6, investment: '6000' } }",
  "{ name: bybit-grid, kind: grid, instruments: ['bybit:linear:ETHUSDT'], params: { step: '0.06%', count: 6, investment: '6000' } }",
  "{ name: arb, kind: arb, instruments: ['binance-usdm:ETHUSDT', 'bybit:linear:ETHUSDT'], params: { minEdge: '0.0001', maxNotional: '2000' } }",
];

export interface Summary {
  readonly orders: Readonly<Record<string, number>>;
  readonly fills: { readonly count: number; readonly byVenue: Readonly<Record<string, number>> };
  readonly pnl: readonly { readonly asset: string; readonly unexplained: string; readonly residual: string }[];
  readonly differences: Readonly<Record<string, number>> | null;
  readonly error?: string;
}

export interface FaultyRun {
  readonly seed: number;
  readonly speed: number;
  readonly limitMs: number;
  readonly port?: number;
  readonly commits?: boolean;
  /** Market time without faults before the stop. */
  readonly calmMs: number;
  /** Makes the exchanges misbehave while the engine trades. What is still scripted when it returns is taken away. */
  misbehave(exchanges: Exchanges, engine: RunningEngine): Promise<void>;
}

export interface RunningEngine {
  readonly url: string;
  /** kill -9, and a new engine in the same directory, which trades when it resolves. */
  restart(): Promise<void>;
}

/** Writes a configuration that trades on every venue, and returns its file. */
export function restlessConfig(folder: string): string {
  const file = join(folder, 'restless.yaml');
  const venues = [...new Set(Object.keys(RESTLESS_ON).map((instrument) => instrument.slice(0, instrument.indexOf(':'))))];
  const entries = Object.entries(RESTLESS_ON).map(
    ([instrument, lots], index) =>
      `{ name: restless-${index}, kind: '${RESTLESS}', instruments: ['${instrument}'], params: { lots: ${lots} } }`,
  );
  const lines = [
    `venues: [${venues.map((id) => `{ id: ${id} }`).join(', ')}]`,
    'strategies:',
    ...[...entries, ...OTHERS].map((entry) => `  - ${entry}`),
    "risk: { maxNotional: '25000', maxPositionNotional: '250000' }",
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** Trades under the faults, waits for calm, stops, and compares. What a failed run left stays where its message says. */
export async function tradeUnderFaults(run: FaultyRun): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'thor-faults-'));
  const data = join(folder, 'data');
  const exchanges = new Exchanges(folder, run);
  const args = ['--config', restlessConfig(folder), '--data', data, '--seed', String(run.seed), '--speed', String(run.speed)];
  let engine: EngineProcess | null = null;
  let url = '';
  const start = async (): Promise<void> => {
    engine = new EngineProcess([...args, '--addresses', exchanges.addresses, '--port', '0', '--json'], { limitMs: run.limitMs });
    url = (JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string }).url;
    await untilTrading(url, engine);
  };
  const restart = async (): Promise<void> => {
    engine?.kill('SIGKILL');
    await engine?.ended;
    await start();
  };
  try {
    await exchanges.ready();
    await start();
    await run.misbehave(exchanges, {
      get url() {
        return url;
      },
      restart,
    });
    await exchanges.clear();
    await exchanges.pass(run.calmMs);
    const { code, stdout, stderr } = await ended(engine, 'SIGINT');
    const summary = JSON.parse(stdout.at(-1) ?? '{}') as Summary;
    const where = `${folder}\n${judged(data).join('\n')}\n`;
    expect({ code, error: summary.error, stderr }, where).toEqual({ code: 0, error: undefined, stderr: [] });
    expectRight(summary, where);
    expect(await exchanges.audit(), where).toBe(true);
    await expectOnce(exchanges, data, where);
  } finally {
    await ended(engine, 'SIGKILL');
    await exchanges.stop();
  }
  // Not before: until they have ended, the exchanges write their state there.
  rmSync(folder, { recursive: true, force: true });
}

async function ended(engine: EngineProcess | null, signal: NodeJS.Signals): Promise<Ended> {
  if (engine === null) throw new Error('no engine was started');
  engine.kill(signal);
  return engine.ended;
}

/** What must be zero at the end of any run. */
export function expectRight(summary: Summary, where: string): void {
  expect(summary.orders['unknown'], where).toBe(0);
  expect(summary.differences, where).toEqual({ orders: 0, fills: 0, balances: 0, positions: 0 });
  expect(summary.pnl.length, where).toBeGreaterThan(0);
  for (const { asset, unexplained, residual } of summary.pnl)
    expect({ asset, unexplained, residual }, where).toEqual({ asset, unexplained: '0', residual: '0' });
}

/** No order was made twice, at the venue or in the journal; no fill counted twice; none is at a venue that the journal does not know. */
export async function expectOnce(exchanges: Exchanges, data: string, where: string): Promise<void> {
  const orders = await exchanges.orders();
  expect(orders.length, where).toBeGreaterThan(0);
  const ids = orders.map(({ venue, clientId }) => `${venue} ${clientId}`);
  expect(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    `twice at the venue; ${where}`,
  ).toEqual([]);
  const folded = foldJournal(data);
  expect(
    [...folded.creates].filter(([, count]) => count !== 1),
    `created twice; ${where}`,
  ).toEqual([]);
  expect(
    [...folded.fills].filter(([, count]) => count !== 1),
    `filled twice; ${where}`,
  ).toEqual([]);
  expect(orders.length, `more at the venues than were sent; ${where}`).toBeLessThanOrEqual(folded.creates.size);
}

/** Orders rest at every venue and something has filled. */
async function untilTrading(url: string, engine: EngineProcess): Promise<void> {
  let hasEnded = false;
  void engine.ended.then(() => (hasEnded = true));
  for (;;) {
    if ((await metricSum(url, 'thor_gateway_up')) === 5 && (await metricSum(url, 'thor_fills_total')) > 0) return;
    if (hasEnded) throw new Error(`the engine ended: ${engine.stderr.slice(-5).join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Over all labels. */
export async function metricSum(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^${name}\\S* (\\S+)$`, 'gm'))].reduce((total, [, value]) => total + Number(value), 0);
}

/** What the judge said, and what went wrong. */
export function judged(data: string): string[] {
  return readFileSync(join(data, 'logs', 'thor.1.log'), 'utf8')
    .split('\n')
    .flatMap((line) => /"msg":"(judge: .*|.*did not drain.*)"/.exec(line)?.[1] ?? []);
}
