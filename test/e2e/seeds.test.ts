/** Grids and arbitrage of the shipped configuration on simulated exchanges, seed by seed: every venue with a strategy fills, and at the end all numbers add up. */
import { describe, expect, it } from 'vitest';
import { isTorture } from '../support/torture.js';
import { temporaryData, thor } from './engine-process.js';
import { expectRight, judged, type Summary } from './under-faults.js';

/** `.ci/run` asks for one. */
const SEEDS = Array.from({ length: Number(process.env['THOR_SEEDS'] ?? (isTorture ? 10 : 1)) }, (_, index) => index + 1);
/** Of market time, which goes faster than the clock here. */
const SECONDS = 120;
const SPEED = 8;
const LIMIT_MS = 120_000;
/** Of the shipped configuration: these have a strategy. */
const VENUES = ['binance-coinm', 'binance-spot', 'binance-usdm', 'bitmex', 'bybit'];

describe('seeds', () => {
  it.each(SEEDS)(
    'C1 C6 C9: seed %i trades two minutes on every venue; nothing is unknown, different or unexplained',
    { timeout: LIMIT_MS + 10_000 },
    async (seed) => {
      const data = temporaryData();
      const flags = ['--strategies', 'grid,arb', '--duration', String(SECONDS), '--speed', String(SPEED), '--seed', String(seed)];
      const { code, stdout, stderr } = await thor([...flags, '--data', data.path, '--port', '0', '--json'], { limitMs: LIMIT_MS });
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as Summary & { readonly mode: string };
      const where = [data.path, ...judged(data.path), ''].join('\n');
      expect({ code, error: summary.error, stderr, mode: summary.mode }, where).toEqual({
        code: 0,
        error: undefined,
        stderr: [],
        mode: 'sim',
      });
      expectRight(summary, where);
      const filled = Object.entries(summary.fills.byVenue).filter(([, count]) => count > 0);
      expect(filled.map(([venue]) => venue).toSorted(), where).toEqual(VENUES);
      // What a failed run left stays where its message says.
      data.remove();
    },
  );
});
