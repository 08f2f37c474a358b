/** Wrong use: one line, the nearest valid word, exit code 2. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryData, thor } from './engine-process.js';

const data = temporaryData();
afterEach(() => data.remove());

describe('the command line', () => {
  it.each([
    [['trad'], /'trad' is not a verb; did you mean 'trade'\?/],
    [['--strategis', 'grid'], /--strategis.*--strategies/],
    [['--mode', 'simm'], /--mode: 'simm' is not one of sim, paper, live; did you mean 'sim'\?/],
    [['--kernel', 'wsm'], /--kernel.*wasm/],
    [['--lanes', '0'], /--lanes: expected a whole number from 1 to 64, was '0'/],
    [['--duration', 'ten'], /--duration: expected a number/],
    [['--speed', 'max'], /'max' goes with --replay/],
    [['--mode', 'paper'], /--config/],
    [['--mode', 'live'], /--config/],
    [['--config', '/nowhere/thor.yaml'], /\/nowhere\/thor\.yaml/],
    [['config', 'chek'], /did you mean 'check'\?/],
    [['export', 'order', '--data', '/nowhere'], /'order'.*orders/],
    [['config', 'new', '--instrument', 'binance-usdm:BTCUSDT', '--set', 'investmnt=5'], /'investmnt'; did you mean 'investment'\?/],
    [['config', 'new', '--instrument', 'binanc:BTCUSDT'], /'binanc:BTCUSDT'.*binance-spot/],
    [['verify'], /file/],
  ])('%j ends with code 2 and says what was meant', async (args, pattern) => {
    const { code, stdout, stderr } = await thor(args, { limitMs: 20_000 });
    expect(stderr.join('\n')).toMatch(pattern);
    expect(code).toBe(2);
    expect(stderr).toHaveLength(1);
    expect(stdout).toEqual([]);
  });

  it.each(['1', '2'])('a strategy that refuses its parameters ends the run with code 2, on %s lanes', async (lanes) => {
    const file = join(data.path, 'refused.yaml');
    const grid = "{ name: g, kind: grid, instruments: ['binance-usdm:BTCUSDT'], params: { step: '0.001%', count: 2, investment: '1000' } }";
    mkdirSync(data.path, { recursive: true });
    writeFileSync(file, `venues: [{ id: binance-usdm }]\nstrategies: [${grid}]\n`);
    const { code, stderr } = await thor(['--config', file, '--data', join(data.path, lanes), '--lanes', lanes, '--port', '0', '--quiet'], {
      limitMs: 30_000,
    });
    expect(stderr.join('\n')).toMatch(/^thor: g: step below cost/);
    expect(code).toBe(2);
  });

  it('--version and --help answer on stdout, with code 0', async () => {
    expect(await thor(['--version'], { limitMs: 20_000 })).toMatchObject({
      code: 0,
      stdout: [expect.stringMatching(/^\d+\.\d+\.\d+$/)],
      stderr: [],
    });
    const help = await thor(['--help'], { limitMs: 20_000 });
    expect([help.code, help.stderr]).toEqual([0, []]);
    expect(help.stdout.join('\n')).toContain('--version');
  });

  it('config: path, value, expectation and nearest key', async () => {
    const folder = temporaryData();
    const file = join(folder.path, 'bad.yaml');
    writeFileSync(file, "venues: [{ id: binance-spot }]\nstrategies: [{ name: a, kind: grid, instrument: ['binance-spot:BTCUSDT'] }]\n");
    const { code, stderr } = await thor(['--config', file], { limitMs: 20_000 });
    expect(code).toBe(2);
    expect(stderr.join('\n')).toMatch(/strategies\.0\.instrument: unknown key, did you mean 'instruments'\?/);
    folder.remove();
  });
});
