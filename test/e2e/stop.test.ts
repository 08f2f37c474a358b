/** Stops in order: code 0, nothing left behind, many times in a row. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { times } from '../support/torture.js';
import { EngineProcess, temporaryData, thor } from './engine-process.js';

/** Each number of lanes at least once. */
const STOPS = times(3, 200);
/** A bound, not a measurement: beside much other work a start takes most of a minute. */
const LIMIT_MS = 180_000;
const data = temporaryData();
afterAll(() => data.remove());

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a stop', () => {
  it(`is clean ${STOPS} times in a row: code 0, summary, no process left`, { timeout: LIMIT_MS * STOPS }, async () => {
    // One process of simulated venues serves all runs; each engine attaches to it and leaves it alone.
    const addresses = join(data.path, 'addresses.json');
    const venues = new EngineProcess(['venues', '--addresses', addresses, '--seed', '7'], { limitMs: LIMIT_MS * STOPS });
    await venues.line((line) => line.includes('SIMULATED exchanges'));
    for (let stop = 0; stop < STOPS; stop++) {
      const lanes = String(1 + (stop % 3));
      const engine = new EngineProcess(
        ['--data', join(data.path, 'd'), '--addresses', addresses, '--port', '0', '--json', '--lanes', lanes],
        { limitMs: LIMIT_MS },
      );
      await engine.line((line) => line.includes('"url"'));
      engine.kill(stop % 2 === 0 ? 'SIGINT' : 'SIGTERM');
      const { code, stdout, stderr } = await engine.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as { mode?: string; error?: string };
      expect(summary.mode).toBe('sim');
      expect(summary.error).toBeUndefined();
    }
    venues.kill('SIGINT');
    expect((await venues.ended).code).toBe(0);
    expect(existsSync(addresses)).toBe(false);
  });

  it('ends the simulated venues that it started, with their state saved', { timeout: LIMIT_MS }, async () => {
    const own = temporaryData();
    const engine = new EngineProcess(['--data', own.path, '--port', '0', '--json'], { limitMs: LIMIT_MS });
    await engine.line((line) => line.includes('"url"'));
    const { pid } = JSON.parse(readFileSync(join(own.path, 'venues', 'addresses.json'), 'utf8')) as { pid: number };
    expect(isAlive(pid)).toBe(true);
    engine.kill('SIGINT');
    expect((await engine.ended).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(own.path, 'venues', 'state'))).toBe(true);
    own.remove();
  });

  it(
    'a second engine on the directory is refused with the pid of the first; a taken port is one clear line',
    { timeout: LIMIT_MS },
    async () => {
      const own = temporaryData();
      const engine = new EngineProcess(['--data', own.path, '--port', '0', '--json', '--strategies', 'btc-grid'], { limitMs: LIMIT_MS });
      const { url, pid } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string; pid: number };
      const second = await thor(['--data', own.path, '--port', '0', '--json']);
      expect(second.code).toBe(2);
      expect(second.stderr.join('\n')).toContain(String(pid));
      const other = temporaryData();
      const third = await thor(['--data', other.path, '--port', new URL(url).port, '--json', '--strategies', 'btc-grid']);
      expect(third.code).toBe(1);
      expect(third.stderr.join('\n')).toMatch(/PORT_IN_USE/);
      engine.kill('SIGINT');
      expect((await engine.ended).code).toBe(0);
      own.remove();
      other.remove();
    },
  );
});
