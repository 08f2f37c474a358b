/** The verb `backup`: where things go, what it says, and what is noted beside run.json. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DataDir } from '../../src/storage/data-dir.js';
import { runBackupVerb } from '../../src/workers/backup-host.js';
import { removeTemporaryFolders, temporaryFolder } from '../storage/journal-fixture.js';
import { journalOf } from '../storage/story.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  removeTemporaryFolders();
});

const WORD = 'correct horse battery';

async function run(action: string, flags: Readonly<Record<string, unknown>>): Promise<{ code: number; line: unknown }> {
  let line: unknown = null;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    expect(String(text)).not.toContain(WORD);
    line = JSON.parse(String(text));
    return true;
  });
  const code = await runBackupVerb(action, { ...flags, json: true });
  vi.restoreAllMocks();
  return { code, line };
}

describe('the verb backup', () => {
  it('writes to a folder and a second place, verifies, restores, and notes when and where', async () => {
    vi.stubEnv('THOR_TEST_PASSPHRASE', WORD);
    const { data } = await journalOf(1, 20);
    const identity = { mode: 'paper', seed: null, recording: '' };
    new DataDir({ path: data, identity, version: '0.1.0', configHash: 'c', pid: process.pid, wallUs: 1, freshTag: 'test1' }).close(2);
    writeFileSync(join(data, 'accounts.json'), '{}');
    const [folder, second] = [join(temporaryFolder(), 'one'), join(temporaryFolder(), 'two')];
    const config = join(temporaryFolder(), 'thor.yaml');
    const write = (place: string): void =>
      writeFileSync(
        config,
        `venues: [{ id: binance-spot }]\nstrategies: [{ name: g, kind: grid, instruments: ['binance-spot:BTCUSDT'] }]\nbackup: { folder: '${folder}', second: '${place}', passphrase: 'env:THOR_TEST_PASSPHRASE', keep: 1 }\n`,
      );
    write(second);
    expect(await run('create', { data, config })).toMatchObject({ code: 0, line: { second: 'ok' } });
    expect(readdirSync(folder)).toEqual(readdirSync(second));
    expect(JSON.parse(readFileSync(join(data, 'backup.json'), 'utf8'))).toMatchObject({
      path: join(folder, readdirSync(folder)[0] ?? ''),
      error: '',
    });
    const into = join(temporaryFolder(), 'new');
    expect((await run('restore', { config, data: into })).code).toBe(0);
    expect(existsSync(join(into, 'journal'))).toBe(true);
    expect(existsSync(join(into, 'accounts.json'))).toBe(true);
    // A command is a second place too; one that fails is said, and the first copy stands.
    write(`command:cp -t ${second} "$THOR_BACKUP_FILE" && false`);
    expect(await run('create', { data, config })).toMatchObject({
      code: 1,
      line: { second: expect.stringContaining('the command ended with 1') },
    });
    expect(JSON.parse(readFileSync(join(data, 'backup.json'), 'utf8'))).toMatchObject({ error: expect.stringContaining('command') });
    expect(readdirSync(folder).length).toBe(1);
    expect(readdirSync(second)).toContain(readdirSync(folder)[0]);
  });

  it('asks for a passphrase by reference, and for a place', async () => {
    await expect(runBackupVerb('create', { data: '/nowhere' })).rejects.toThrow(/say where the passphrase is/);
    vi.stubEnv('THOR_TEST_PASSPHRASE', WORD);
    await expect(runBackupVerb('verify', { passphrase: 'env:THOR_TEST_PASSPHRASE' })).rejects.toThrow(/say which/);
    await expect(runBackupVerb('verify', { passphrase: 'env:NOT_SET_AT_ALL' })).rejects.toThrow(/NOT_SET_AT_ALL is not set/);
  });
});
