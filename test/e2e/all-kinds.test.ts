/**
 * Every grid type and every kind of arbitrage at once, faster than the clock: the venues' accounts say the same as the engine's, to the last digit. Accounts of
 * even seeds pay their spot fees in BNB.
 */
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isTorture, times } from '../support/torture.js';
import { allKinds, STRATEGY_NAMES } from './all-kinds.config.js';
import { EngineProcess, temporaryData, thor } from './engine-process.js';

const SEEDS = Array.from({ length: times(1, 10) }, (_, index) => index + 1);
/** Of market time. */
const SECONDS = times(40, 600);
/** A machine that runs all other tests beside lets simulated venues fall behind twenty times the clock. */
const SPEED = times(8, 20);

interface Summary {
  readonly error?: string;
  readonly orders: { readonly unknown: number };
  readonly fills: {
    readonly count: number;
    readonly byStrategy: Readonly<Record<string, number>>;
  };
  readonly pnl: readonly { readonly asset: string; readonly fees: string; readonly unexplained: string; readonly residual: string }[];
  readonly report: { readonly profit: string | null };
  readonly differences: Readonly<Record<string, number>>;
}

/** Everything that the run noted, whichever file it went to. */
function logsOf(data: string): string {
  const folder = join(data, 'logs');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

interface Addresses {
  readonly venues: { readonly 'binance-spot': { readonly rest: string; readonly apiKey: string; readonly secret: string } };
}

/** What a person does once, at the venue: fees are taken in BNB from then on. Asked in the venue's own time, which runs behind on a busy machine. */
async function payFeesInBnb({ venues }: Addresses): Promise<void> {
  const { rest, apiKey, secret } = venues['binance-spot'];
  const { serverTime } = (await (await fetch(`${rest}/api/v3/time`)).json()) as { serverTime: number };
  const wish = new URLSearchParams({ spotBNBBurn: 'true', timestamp: String(serverTime), recvWindow: '60000' });
  const signature = createHmac('sha256', secret).update(wish.toString()).digest('hex');
  const body = `${wish.toString()}&signature=${signature}`;
  const headers = { 'x-mbx-apikey': apiKey, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(`${rest}/sapi/v1/bnbBurn`, { method: 'POST', body, headers });
  expect(await answer.json()).toEqual({ spotBNBBurn: true, interestBNBBurn: false });
}

const numbers = (flags: Readonly<Record<string, number>>): string[] =>
  Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);

/** In any of the seeds: on a busy machine the venues live through less of the market. */
const traded = new Set<string>();

describe('all grids and arbitrages together', () => {
  it.each(SEEDS)(
    `seed %i: ${SECONDS} s of market leave no difference, nothing unexplained and no residual`,
    { timeout: 90_000 + SECONDS * 400 },
    async (seed) => {
      const data = temporaryData();
      const beside = temporaryData();
      const limitMs = 60_000 + SECONDS * 400;
      const paysInBnb = seed % 2 === 0;
      const venues = new EngineProcess(['venues', '--addresses', join(beside.path, 'addresses.json'), ...numbers({ seed, speed: SPEED })], {
        limitMs,
      });
      try {
        const config = join(beside.path, 'all-kinds.yaml');
        writeFileSync(config, allKinds());
        const addresses = join(beside.path, 'addresses.json');
        await venues.line((line) => line.includes(addresses));
        if (paysInBnb) await payFeesInBnb(JSON.parse(readFileSync(addresses, 'utf8')) as Addresses);
        const { code, stdout, stderr } = await thor(
          [
            '--mode',
            'sim',
            '--config',
            config,
            '--data',
            data.path,
            '--port',
            '0',
            '--json',
            '--addresses',
            addresses,
            ...numbers({ seed, duration: SECONDS }),
          ],
          { limitMs },
        );
        const summary = JSON.parse(stdout.at(-1) ?? '{}') as Summary;
        expect({ code, stderr, error: summary.error }).toEqual({ code: 0, stderr: [], error: undefined });
        // What a strategy that threw leaves behind.
        expect(logsOf(data.path)).not.toContain('its orders are cancelled');
        expect(summary.differences).toEqual({ orders: 0, fills: 0, balances: 0, positions: 0 });
        const sums = summary.pnl.map(({ asset, unexplained, residual }) => ({ asset, unexplained, residual }));
        expect(sums).toEqual(sums.map(({ asset }) => ({ asset, unexplained: '0', residual: '0' })));
        expect(summary.orders.unknown).toBe(0);
        expect(Object.keys(summary.fills.byStrategy).toSorted()).toEqual([...STRATEGY_NAMES].toSorted());
        expect(summary.fills.count).toBeGreaterThan(0);
        expect(sums.length).toBeGreaterThan(0);
        // BNB has no market in this run: the report says that it does not know.
        expect(summary.report.profit === null).toBe(paysInBnb);
        expect(summary.pnl.find(({ asset }) => asset === 'BNB')?.fees.startsWith('-') ?? false).toBe(paysInBnb);
        for (const [name, count] of Object.entries(summary.fills.byStrategy)) if (count > 0) traded.add(name);
      } finally {
        venues.kill('SIGTERM');
        await venues.ended;
        data.remove();
        beside.remove();
      }
    },
  );

  it.runIf(isTorture)('nearly all of them traded in one of the seeds', () => {
    const idle = STRATEGY_NAMES.filter((name) => !traded.has(name));
    expect(idle.length, idle.join()).toBeLessThan(STRATEGY_NAMES.length * 0.2);
  });
});
