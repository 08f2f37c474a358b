/** The key file on the command line: what is stored, what is shown, who may read it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryData, thor } from './engine-process.js';

it('B18: keys are added, listed, rotated and removed, and nothing ever shows one', { timeout: 60_000 }, async () => {
  const data = temporaryData();
  const file = join(data.path, 'keys.json');
  const env = { THOR_KEYS_PASSPHRASE: 'correct horse battery', FIRST: 'api-one:secret-one', SECOND: 'api-two:secret-two' };
  const keys = (...args: string[]) => thor(['keys', ...args, '--file', file], { limitMs: 20_000, env });
  try {
    expect(await keys('add', 'main', '--from', 'env:FIRST')).toMatchObject({ code: 0, stderr: [] });
    expect(statSync(file).mode & 0o077).toBe(0);
    const before = readFileSync(file, 'utf8');
    expect((await keys('add', 'main', '--from', 'env:SECOND')).stderr.join('')).toMatch(/'main' is there already/);
    expect(await keys('rotate', 'main', '--from', 'env:SECOND')).toMatchObject({ code: 0 });
    const listed = await keys('list');
    expect(listed.stdout.join('')).toMatch(/^main +added \d{4}-.*, rotated \d{4}-/);
    for (const text of [before, readFileSync(file, 'utf8'), ...listed.stdout]) {
      for (const word of ['api-one', 'secret-one', 'api-two', 'secret-two']) expect(text).not.toContain(word);
    }
    expect(await keys('remove', 'main')).toMatchObject({ code: 0 });
    expect((await keys('list')).stdout).toEqual(['no keys']);
    expect(await keys('rotate', 'main', '--from', 'env:FIRST')).toMatchObject({ code: 2 });
    const wrong = await thor(['keys', 'list', '--file', file], { limitMs: 20_000, env: { THOR_KEYS_PASSPHRASE: 'wrong horse battery' } });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr.join('')).toContain('KEY_FILE_LOCKED');
  } finally {
    data.remove();
  }
});
