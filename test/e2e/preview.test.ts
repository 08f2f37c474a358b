/** `preview` on the command line: the shipped grids, for people and for scripts; nothing trades, nothing stays behind. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryData, thor } from './engine-process.js';

it('preview shows every order of a grid with its sums, and leaves nothing behind', { timeout: 60_000 }, async () => {
  const folder = temporaryData();
  mkdirSync(folder.path, { recursive: true });
  try {
    const done = await thor(['preview', '--strategies', 'xbt-grid,btc-grid-spot', '--json'], { limitMs: 30_000, cwd: folder.path });
    expect(done).toMatchObject({ code: 0, stderr: [] });
    const previews = done.stdout.map(
      (line) =>
        JSON.parse(line) as {
          simulated: boolean;
          name: string;
          lines: { net: string; gross: string; fees: string }[];
          capital: { asset: string }[];
        },
    );
    expect(previews.map((one) => [one.name, one.simulated, one.lines.length])).toEqual([
      ['xbt-grid', true, 16],
      ['btc-grid-spot', true, 12],
    ]);
    expect(previews.map((one) => one.capital.map((need) => need.asset))).toEqual([['XBT'], ['USDT', 'BTC']]);
    for (const line of previews.flatMap((one) => one.lines)) expect(Number(line.net)).toBeGreaterThan(0);
    expect(existsSync(join(folder.path, 'thor-data'))).toBe(false);
    const refused = await thor(['preview', '--strategies', 'btc-arb'], { limitMs: 30_000, cwd: folder.path });
    expect(refused.code).toBe(2);
    expect(refused.stderr.join('')).toMatch(/no grid among btc-arb/);
  } finally {
    folder.remove();
  }
});
