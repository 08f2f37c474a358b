/** `onStop: flatten` against the simulated venues: at the end nothing is held, neither by the engine's books nor at the venues. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryData, thor } from './engine-process.js';

/** Long grids buy what lies above the market at once: they hold something whatever the market does. */
const LONG = { direction: 'long', step: '0.06%', count: 6, investment: '9000' };
const grid = (name: string, instrument: string, onStop: string) => ({
  name,
  kind: 'grid',
  instruments: [instrument],
  params: { ...LONG, onStop },
});
const CONFIG = {
  venues: [{ id: 'binance-usdm' }, { id: 'binance-coinm' }, { id: 'bybit' }],
  strategies: [
    grid('linear', 'binance-usdm:BTCUSDT', 'flatten'),
    grid('inverse', 'binance-coinm:BTCUSD_PERP', 'flatten'),
    grid('kept', 'bybit:linear:BTCUSDT', 'keep'),
  ],
};

interface Summary {
  readonly error?: string;
  readonly orders: { readonly open: number };
  readonly fills: { readonly byStrategy: Readonly<Record<string, number>> };
  readonly pnl: readonly { readonly asset: string; readonly trend: string; readonly unexplained: string; readonly residual: string }[];
  readonly closing?: unknown;
  readonly differences: Readonly<Record<string, number>>;
}

describe('a stop that leaves nothing behind', () => {
  it('closes what grids with onStop: flatten hold, on linear and inverse contracts, and says so', { timeout: 120_000 }, async () => {
    const data = temporaryData();
    try {
      const config = join(data.path, 'flatten.yaml');
      writeFileSync(config, JSON.stringify(CONFIG));
      const { code, stdout, stderr } = await thor(
        ['--config', config, '--data', join(data.path, 'd'), '--port', '0', '--json', '--duration', '48', '--speed', '8'],
        { limitMs: 100_000 },
      );
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as Summary;
      expect({ code, stderr, error: summary.error }).toEqual({ code: 0, stderr: [], error: undefined });
      expect(summary.closing).toEqual({ strategies: ['linear', 'inverse'], left: [] });
      for (const name of ['linear', 'inverse', 'kept']) expect(summary.fills.byStrategy[name], name).toBeGreaterThan(0);
      // The inverse grid is alone in its asset: nothing of it is open.
      expect(summary.pnl.find(({ asset }) => asset === 'BTC')).toMatchObject({ trend: '0', unexplained: '0', residual: '0' });
      // Of the one that keeps, orders rest.
      expect(summary.orders.open).toBeGreaterThan(0);
      expect(summary.differences).toEqual({ orders: 0, fills: 0, balances: 0, positions: 0 });
    } finally {
      data.remove();
    }
  });
});
