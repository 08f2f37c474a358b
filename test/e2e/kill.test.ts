/** G4: kill -9 during sends and fills; what an outside observer saw exists exactly once afterwards, and the grid goes on with the same orders. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { EngineProcess, temporaryData, thor } from './engine-process.js';
import { times } from '../support/torture.js';
import { foldJournal } from './journal-fold.js';

/** `.ci/run` asks for more than the usual run, in a step of its own. */
const KILLS = Number(process.env['THOR_KILLS'] ?? times(3, 200));
const data = temporaryData();
afterAll(() => data.remove());

interface Started {
  readonly url: string;
  readonly run: number;
}

interface LiveEvent {
  readonly event: string;
  readonly row: { readonly orderId: number; readonly fillId?: string; readonly isLive?: boolean };
}

/** Watches the page's push; resolves when `enough` says so. */
function observe(url: string, orders: Set<number>, fills: Set<string>, enough: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`);
    const take = (event: LiveEvent): void => {
      if (event.event === 'order') orders.add(event.row.orderId);
      if (event.event === 'fill' && event.row.fillId !== undefined) fills.add(event.row.fillId);
    };
    socket.on('message', (bytes: Buffer) => {
      const message = JSON.parse(bytes.toString()) as {
        type: string;
        events?: LiveEvent[];
        orders?: LiveEvent['row'][];
        fills?: LiveEvent['row'][];
      };
      for (const row of message.orders ?? []) take({ event: 'order', row });
      for (const row of message.fills ?? []) take({ event: 'fill', row });
      for (const event of message.events ?? []) take(event);
      if (enough()) {
        socket.terminate();
        resolve();
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the live push ended too early')));
  });
}

const ARGS = ['--strategies', 'btc-grid,btc-grid-bybit,btc-arb', '--data', data.path, '--port', '0', '--json', '--lanes', '2'];

async function rows(what: string): Promise<Record<string, unknown>[]> {
  const { code, stdout } = await thor(['export', what, '--data', data.path]);
  expect(code).toBe(0);
  return stdout.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('kill -9', () => {
  it(
    `loses and doubles nothing at ${KILLS} moments during sends and fills, and resumes the grid (G4)`,
    { timeout: 30_000 * KILLS },
    async () => {
      const orders = new Set<number>();
      const fills = new Set<string>();
      for (let kill = 0; kill < KILLS; kill++) {
        const engine = new EngineProcess(ARGS, { limitMs: 60_000 });
        const started = JSON.parse(await engine.line((line) => line.includes('"url"'))) as Started;
        expect(started.run).toBe(kill + 1);
        // Each kill comes at another count of fills, so at another place of the send and fill cycle.
        const wanted = fills.size + 1 + ((kill * 7) % 5);
        await observe(started.url, orders, fills, () => fills.size >= wanted && orders.size > 0);
        engine.kill('SIGKILL');
        const { signal } = await engine.ended;
        expect(signal).toBe('SIGKILL');
      }
      const before = foldJournal(data.path);
      const openBefore = [...before.orders.values()].filter((order) => order.state === 'open');

      // The next start adopts what rested, and a clean stop ends it.
      const engine = new EngineProcess(ARGS, { limitMs: 60_000 });
      const { url } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as Started;
      const first = (await (await fetch(`${url}/api/v1/orders?limit=2000`)).json()) as {
        orders: { orderId: number; isLive: boolean; isAdopted: boolean }[];
      };
      const adopted = new Set(first.orders.filter((order) => order.isAdopted).map((order) => order.orderId));
      for (const order of openBefore) expect(adopted.has(order.orderId), `order ${order.orderId} rested before the kill`).toBe(true);
      await observe(url, orders, fills, () => true);
      engine.kill('SIGINT');
      const { code, stdout } = await engine.ended;
      expect(code).toBe(0);
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as {
        orders: { unknown: number };
        differences: unknown;
        pnl: { unexplained: string; residual: string }[];
      };
      expect(summary.orders.unknown).toBe(0);
      // What the judge said of them stands in the data directory.
      const said = readFileSync(join(data.path, 'run.json'), 'utf8');
      expect(summary.differences, said).toEqual({ orders: 0, fills: 0, balances: 0, positions: 0 });
      for (const row of summary.pnl) expect([row.unexplained, row.residual]).toEqual(['0', '0']);

      const folded = foldJournal(data.path);
      for (const [id, count] of folded.creates) expect(count, `creates of ${id}`).toBe(1);
      for (const [key, count] of folded.fills) expect(count, `fill ${key}`).toBe(1);
      const orderRows = await rows('orders');
      const fillRows = await rows('fills');
      const seenOrders = new Map<number, number>();
      for (const row of orderRows) seenOrders.set(Number(row['orderId']), (seenOrders.get(Number(row['orderId'])) ?? 0) + 1);
      for (const id of orders) expect(seenOrders.get(id), `order ${id} that the page had shown`).toBe(1);
      expect(fillRows.length).toBe(folded.fills.size);
      const keys = fillRows.map((row) => `${String(row['orderId'])}:${String(row['tradeId'])}`);
      expect(new Set(keys)).toEqual(new Set(folded.fills.keys()));
      expect(fills.size).toBeGreaterThan(KILLS);
      for (const fillId of fills) {
        const [, tradeId, orderId] = /(\d+)\/(\d+)$/.exec(fillId) ?? [];
        expect(folded.fills.get(`${orderId}:${tradeId}`), `fill ${fillId} that the page had shown`).toBe(1);
      }
      // The state that the engine recovered is the fold's.
      for (const row of orderRows) {
        const order = folded.orders.get(Number(row['orderId']));
        if (order === undefined) throw new Error(`the journal has no order ${String(row['orderId'])}`);
        const isLive = ['pending', 'open', 'partly_filled', 'cancelling', 'amending', 'unknown'].includes(String(row['state']));
        expect(isLive, `order ${order.orderId} is ${String(row['state'])}, the fold says ${order.state}`).toBe(order.state !== 'ended');
      }
    },
  );
});
