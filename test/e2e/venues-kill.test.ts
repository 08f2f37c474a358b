/** kill -9 of the exchanges while the engine trades there, and their return at the same addresses with the state that they kept: the engine waits, says so, and goes on. */
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { times } from '../support/torture.js';
import { until } from '../support/until.js';
import { metricSum, tradeUnderFaults } from './under-faults.js';

/** `.ci/run` asks for one. */
const KILLS = Number(process.env['THOR_VENUE_KILLS'] ?? times(1, 10));
const LIMIT_MS = 60_000 + KILLS * 20_000;
/** The admin address and five venues. */
const PORTS = 6;
const TRADING_MS = 2_000;

it(
  `C9 C13: ${KILLS} times the exchanges die and come back; the engine stops there, reconciles, goes on, and every number adds up`,
  { timeout: LIMIT_MS },
  async () => {
    await tradeUnderFaults({
      seed: 1,
      // The clock of exchanges that come back stands where it was: only at the wall's own speed does it not fall behind ours.
      speed: 1,
      port: await freePorts(),
      commits: true,
      limitMs: LIMIT_MS,
      calmMs: 3_000,
      misbehave: async (exchanges, { url }) => {
        for (let kill = 0; kill < KILLS; kill++) {
          const fills = await metricSum(url, 'thor_fills_total');
          await until('fills', async () => (await metricSum(url, 'thor_fills_total')) > fills);
          await exchanges.die();
          await until('every gateway is down', async () => (await metricSum(url, 'thor_gateway_up')) === 0);
          const sent = await metricSum(url, 'thor_orders_total');
          await pause(TRADING_MS / 4);
          expect(await metricSum(url, 'thor_orders_total'), 'sent while nobody was there').toBe(sent);
          await exchanges.rise();
          await until('every gateway is up', async () => (await metricSum(url, 'thor_gateway_up')) === 5);
          await until('orders are sent again', async () => (await metricSum(url, 'thor_orders_total')) > sent);
          await exchanges.pass(TRADING_MS);
        }
      },
    });
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The first of so many free ports in a row. */
async function freePorts(): Promise<number> {
  for (;;) {
    const first = await listened(0);
    const others = Array.from({ length: PORTS - 1 }, (_, index) => listened(first + 1 + index));
    if ((await Promise.all(others)).every((port) => port > 0)) return first;
  }
}

/** The port, when nobody has it; 0 when somebody has. */
function listened(port: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(0));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
