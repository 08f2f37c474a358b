/**
 * A person at a running engine: parameters changed while it trades, the kill switch, and what of it a kill -9 and a start by another version leave: the same levels and
 * orders, the changed parameters, an account that is the venue's to the last digit.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { StatusPayload } from '../../src/monitoring/payload.js';
import type { OrderRow } from '../../src/monitoring/payload-rows.js';
import { frameAt, FRAME_COLD, HEADER_BYTES, sealFrame, segmentNumber, type Block } from '../../src/storage/segment.js';
import { until } from '../support/until.js';
import { EngineProcess, temporaryData, thor } from './engine-process.js';

const data = temporaryData();
/** Ended with the tests, whatever came of them. */
const engines: EngineProcess[] = [];
afterAll(() => {
  for (const engine of engines) engine.kill('SIGKILL');
  data.remove();
});

const ARGS = ['--strategies', 'btc-grid', '--only', 'binance-usdm', '--data', data.path, '--port', '0', '--json'];
/** Of the same length, so that every frame keeps its place. */
const OLD_VERSION = '0.0.7';

async function start(more: readonly string[]): Promise<{ engine: EngineProcess; url: string }> {
  const engine = new EngineProcess([...ARGS, ...more], { limitMs: 60_000 });
  engines.push(engine);
  const { url } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string };
  return { engine, url };
}

async function ask<T>(url: string, path: string, method = 'GET', body?: unknown): Promise<T> {
  const { token } = JSON.parse(readFileSync(join(data.path, 'run.json'), 'utf8')) as { token?: string };
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-thor-token': token ?? '' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = (await answer.json()) as T;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

/** Open orders once there are `count` of them and nothing is under way. */
async function resting(url: string, count: number): Promise<OrderRow[]> {
  let live: OrderRow[] = [];
  const isResting = async (): Promise<boolean> => {
    const { orders } = await ask<{ orders: OrderRow[] }>(url, 'orders?limit=2000');
    live = orders.filter((order) => order.isLive);
    return live.length === count && live.every(({ state }) => state === 'open');
  };
  await until(`${count} orders rest`, isResting, { told: () => live.map(({ state }) => state).join(', ') });
  return live;
}

/** The lanes stand: strategies take commands. */
async function untilTrading(url: string): Promise<void> {
  await until('it trades', async () => (await ask<StatusPayload>(url, 'status')).state === 'trading');
}

/** As if an engine of another version had written the directory: its run rows and run.json name that one. Returns how many rows. */
function writtenBy(version: string): number {
  let rows = 0;
  const folder = join(data.path, 'journal');
  for (const name of readdirSync(folder)) {
    const number = segmentNumber(name);
    if (number < 0) continue;
    const file = readFileSync(join(folder, name));
    const buffer = new ArrayBuffer(Math.ceil(file.length / 8) * 8);
    const block: Block = {
      u8: new Uint8Array(buffer),
      i32: new Int32Array(buffer),
      u32: new Uint32Array(buffer),
      f64: new Float64Array(buffer),
    };
    block.u8.set(file);
    const bytes = Buffer.from(buffer);
    for (let at = HEADER_BYTES, size = 0; at < file.length; at += size) {
      size = frameAt(block, at, file.length, number, at);
      if (size <= 0) break;
      const found = bytes.subarray(at, at + size).indexOf('0.1.0');
      if (block.u8[at + 8] !== FRAME_COLD || found < 0) continue;
      bytes.write(version, at + found, 'latin1');
      sealFrame(block, at, block.u32[at >> 2] ?? 0, FRAME_COLD, block.u8[at + 9] ?? 0, 0, block.u32[(at >> 2) + 3] ?? 0, number, at);
      rows++;
    }
    writeFileSync(join(folder, name), bytes.subarray(0, file.length));
  }
  const path = join(data.path, 'run.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"version": "0.1.0"', `"version": "${version}"`));
  return rows;
}

it(
  'G6: changed parameters, levels and orders go on after a kill -9 and in another version; the kill switch empties the market',
  { timeout: 120_000 },
  async () => {
    const first = await start(['--lanes', '1']);
    await resting(first.url, 24);
    const changed = await ask<{ effect: string }>(first.url, 'strategies/btc-grid/params', 'PUT', { step: '3%', count: 4 });
    expect(changed.effect).toBe('rebuilt');
    const before = await resting(first.url, 8);
    // The token is for its owner's eyes only.
    expect(statSync(join(data.path, 'run.json')).mode & 0o777).toBe(0o600);
    first.engine.kill('SIGKILL');
    await first.engine.ended;
    expect(writtenBy(OLD_VERSION)).toBeGreaterThanOrEqual(2);

    const second = await start(['--lanes', '2']);
    const after = await resting(second.url, 8);
    expect(new Set(after.map(({ orderId }) => orderId))).toEqual(new Set(before.map(({ orderId }) => orderId)));
    expect(after.every(({ isAdopted }) => isAdopted)).toBe(true);
    const status = await ask<StatusPayload>(second.url, 'status');
    expect(status.resumed.strategies).toMatchObject([{ strategy: 'btc-grid', orders: 8 }]);
    expect(status.counts.orders.sent).toBe(0);
    await untilTrading(second.url);
    // Into a lane of its own thread: orders far away are taken back, nothing else moves.
    expect((await ask<{ effect: string }>(second.url, 'strategies/btc-grid/params', 'PUT', { activePerSide: 1 })).effect).toBe('live');
    const kept = await resting(second.url, 4);
    expect(before.map(({ orderId }) => orderId)).toEqual(expect.arrayContaining(kept.map(({ orderId }) => orderId)));
    await ask(second.url, 'strategies/btc-grid/rollback', 'POST', {});
    await resting(second.url, 8);

    const halted = await thor(['halt', '--url', second.url, '--cancel']);
    expect([halted.code, halted.stdout]).toEqual([0, ['trading is halted; 8 open orders are asked back']]);
    await resting(second.url, 0);
    second.engine.kill('SIGINT');
    const { code, stdout } = await second.engine.ended;
    const summary = JSON.parse(stdout.at(-1) ?? '{}') as { differences: unknown; pnl: { unexplained: string; residual: string }[] };
    expect([code, summary.differences]).toEqual([0, { orders: 0, fills: 0, balances: 0, positions: 0 }]);
    for (const row of summary.pnl) expect([row.unexplained, row.residual]).toEqual(['0', '0']);
    const { trading, judged } = JSON.parse(readFileSync(join(data.path, 'run.json'), 'utf8')) as {
      trading: string;
      judged: { run: number };
    };
    expect([trading, judged.run]).toEqual(['halted', 2]);
  },
);
