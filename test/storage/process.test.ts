/** Real processes: killed while they journal, and racing for a lock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build } from 'vite';
import { repairJournal } from '../../src/storage/journal-repair.js';
import { idsOf, quickDisk, readBack, removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let bundle = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Inside the project, so that the packages it imports are found.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  bundle = mkdtempSync(join(cache, 'thor-storage-'));
  const entry = fileURLToPath(new URL('child.ts', import.meta.url));
  await build({ configFile: false, logLevel: 'silent', root: ROOT, build: { ssr: entry, outDir: bundle, emptyOutDir: false } });
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(bundle, { recursive: true, force: true });
  removeTemporaryFolders();
});

function start(...args: string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [join(bundle, 'child.js'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  if (child.stdout === null) throw new Error('no stdout');
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

it('G4: has every record exactly once that was said to be written before a kill -9, over five kills', async () => {
  const folder = temporaryFolder();
  let next = 1;
  for (const linesBeforeKill of [1, 40, 3, 300, 77]) {
    const { child, lines } = start('append', folder, String(next));
    const exit = once(child, 'exit');
    let acknowledged = 0;
    for (let seen = 0; seen < linesBeforeKill; seen++) acknowledged = Number((await lines.next()).value);
    child.kill('SIGKILL');
    await exit;
    const found = readBack(folder);
    repairJournal(folder, quickDisk, found.damage);
    const ids = idsOf(found);
    expect(acknowledged).toBeGreaterThanOrEqual(next);
    expect(ids.length).toBeGreaterThanOrEqual(acknowledged);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    next = ids.length + 1;
  }
});

it('gives a dead lock to one of many processes that reach for it at the same moment', async () => {
  const folder = join(temporaryFolder(), 'lock');
  const go = join(temporaryFolder(), 'go');
  mkdirSync(folder);
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  writeFileSync(join(folder, '00000003.json'), JSON.stringify({ pid: gone.pid, birth: '', isReleased: false }));
  const racers = Array.from({ length: 5 }, () => start('lock', folder, go));
  for (const { lines } of racers) await lines.next();
  writeFileSync(go, '');
  const answers = await Promise.all(racers.map(async ({ lines }) => String((await lines.next()).value)));
  const winner = racers[answers.indexOf('won')];
  expect(answers.filter((answer) => answer === 'won').length).toBe(1);
  expect(answers.filter((answer) => answer === `lost to ${winner?.child.pid}`).length).toBe(4);
  for (const { child } of racers) child.kill('SIGKILL');
});
