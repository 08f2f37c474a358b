import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { createLogger, scrub } from '../../src/monitoring/logs.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thor-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = (prefix: string): string[] => readdirSync(join(folder, 'logs')).filter((name) => name.startsWith(prefix));
const textOf = (prefix: string): string =>
  files(prefix)
    .map((name) => readFileSync(join(folder, 'logs', name), 'utf8'))
    .join('');

describe('logs', () => {
  it('keeps every line that was written before the files were open, errors twice', async () => {
    const log = createLogger({ dataDir: folder });
    for (let i = 0; i < 500; i++) log.info({ i }, 'line');
    log.error({ source: 'feed' }, 'lost the venue');
    await log.close();
    const lines = textOf('thor')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { i?: number; level: string; msg: string });
    expect(lines.filter(({ msg }) => msg === 'line').map(({ i }) => i)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(lines.at(-1)).toMatchObject({ level: 'error', msg: 'lost the venue' });
    expect(textOf('error').trim().split('\n')).toHaveLength(1);
  });

  it('rotates by size and keeps a bounded number of files', async () => {
    const log = createLogger({ dataDir: folder, fileBytes: 2048, keptFiles: 3 });
    // A file is looked at when the disk has taken what was written: how many lines that is depends on the disk.
    const wroteSix = (): boolean => {
      for (let i = 0; i < 20; i++) log.info({ i, pad: 'x'.repeat(100) }, 'filler');
      return existsSync(join(folder, 'logs', 'thor.6.log'));
    };
    await until('a sixth file', wroteSix, { everyMs: 1, told: () => files('thor').join(', ') });
    await log.close();
    expect(files('thor')).not.toContain('thor.1.log');
    expect(files('thor').length).toBeLessThanOrEqual(5);
  });

  it('never writes a secret, by name or inside of a text', async () => {
    const log = createLogger({ dataDir: folder });
    log.info({ apiKey: 'K1', venue: { secret: 'S1', deep: { passphrase: 'P1' } } }, 'GET /order?symbol=BTC&signature=abc123&x=1');
    log.error({ error: 'connect mongodb://thor:hunter2@db:27017 failed' }, 'token=TOKEN-1');
    await log.close();
    const text = textOf('thor') + textOf('error');
    for (const secret of ['K1', 'S1', 'P1', 'abc123', 'hunter2', 'TOKEN-1']) expect(text).not.toContain(secret);
    expect(text).toContain('symbol=BTC');
    expect(scrub('apiKey=1&b=2')).toBe('apiKey=[redacted]&b=2');
  });

  it('goes on without a log, and says so once a file, when the folder cannot be written', async () => {
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const said: string[] = [];
    const log = createLogger({ dataDir: folder, onError: (text) => said.push(text) });
    log.info({}, 'one');
    log.error({}, 'two');
    await log.close();
    log.info({}, 'after the end');
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/cannot be written/);
  });
});
