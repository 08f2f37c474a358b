import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { DataDir, type DataDirOptions, readRunFile } from '../../src/storage/data-dir.js';
import { birthOf, DirectoryLock } from '../../src/storage/directory-lock.js';
import { removeTemporaryFolders, temporaryFolder } from './journal-fixture.js';
import { startRun, tablesOf } from './run-fixture.js';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  removeTemporaryFolders();
});

/** A process that does nothing, for its pid. */
function sleeper(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return child.pid ?? 0;
}

async function deadPid(): Promise<number> {
  const pid = sleeper();
  const child = children.at(-1);
  child?.kill('SIGKILL');
  if (child !== undefined) await once(child, 'exit');
  return pid;
}

function optionsFor(path: string, more: Partial<DataDirOptions> = {}): DataDirOptions {
  const identity = { mode: 'sim', seed: 1, recording: '' };
  return { path, identity, version: '0.1.0', configHash: 'abc', pid: process.pid, wallUs: 5, freshTag: 'tag1', ...more };
}

describe('data directory', () => {
  it("makes a directory that is its owner's alone, and comes back from a place where none can be made", () => {
    const path = join(temporaryFolder(), 'a', 'b');
    new DataDir(optionsFor(path)).close(6);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    if (existsSync('/proc/self')) expect(() => new DataDir(optionsFor('/proc/thor/data'))).toThrow(UsageError);
  });

  it('says whose it is in run.json, keeps its tag, and tells a crash from a stop', async () => {
    const path = join(temporaryFolder(), 'new', 'sim');
    const first = new DataDir(optionsFor(path, { pid: await deadPid() }));
    expect(first.previous).toBe(null);
    first.update({ venuesPid: 77, addresses: { file: 'a.json' } });
    // No close: a crash.
    const second = new DataDir(optionsFor(path, { wallUs: 9, freshTag: 'other' }));
    expect(second.previous).toMatchObject({ stoppedUs: null, isStopped: false, startedUs: 5, venuesPid: 77 });
    expect(first.tag).toBe('tag1');
    expect(second.tag).toBe(first.tag);
    expect(second.file).toMatchObject({ pid: process.pid, venuesPid: 77, addresses: { file: 'a.json' } });
    second.close(11);
    expect(readRunFile(path)).toMatchObject({
      stoppedUs: 11,
      isStopped: true,
      tag: first.tag,
      mode: 'sim',
      seed: 1,
      version: '0.1.0',
      configHash: 'abc',
    });
    expect(existsSync(join(path, 'logs'))).toBe(true);
    new DataDir(optionsFor(path)).close(12);
  });

  it('refuses a second engine, naming the first one, and leaves its run.json alone', () => {
    const path = temporaryFolder();
    const pid = sleeper();
    const first = new DataDir(optionsFor(path, { pid }));
    const before = readFileSync(join(path, 'run.json'), 'utf8');
    expect(() => new DataDir(optionsFor(path))).toThrow(UsageError);
    expect(() => new DataDir(optionsFor(path))).toThrow(new RegExp(`in use by the engine with pid ${pid}`));
    expect(readFileSync(join(path, 'run.json'), 'utf8')).toBe(before);
    first.close(1);
    new DataDir(optionsFor(path)).close(2);
  });

  it.runIf(process.platform === 'linux')('is not fooled by a pid that was given to another process', () => {
    const path = temporaryFolder();
    const pid = sleeper();
    mkdirSync(join(path, 'lock'));
    const write = (birth: string): void =>
      writeFileSync(join(path, 'lock', '00000001.json'), JSON.stringify({ pid, birth, isReleased: false }));
    write(birthOf(pid));
    expect(() => new DataDir(optionsFor(path))).toThrow(/in use/);
    write(birthOf(process.pid));
    new DataDir(optionsFor(path)).close(1);
  });

  it.runIf(process.platform === 'linux')('takes over from a process that was killed and whose parent has not noticed', async () => {
    const path = temporaryFolder();
    // A shell that starts a child, says its pid, and then is replaced by a program that never waits for it.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(shell);
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(new DataDir(optionsFor(path, { pid })).previous).toBe(null);
    expect(() => new DataDir(optionsFor(path))).toThrow(/in use/);
    process.kill(pid, 'SIGKILL');
    const isZombie = (): boolean => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    while (!isZombie()) await new Promise(setImmediate);
    new DataDir(optionsFor(path)).close(1);
  });

  it('refuses a directory of another mode, seed or recording', () => {
    const path = temporaryFolder();
    new DataDir(optionsFor(path)).close(1);
    expect(() => new DataDir(optionsFor(path, { identity: { mode: 'paper', seed: 1, recording: '' } }))).toThrow(
      /belongs to a run with mode sim, this one has mode paper/,
    );
    expect(() => new DataDir(optionsFor(path, { identity: { mode: 'sim', seed: 2, recording: '' } }))).toThrow(
      /belongs to a run with seed 1, this one has seed 2/,
    );
    expect(() => new DataDir(optionsFor(path, { identity: { mode: 'sim', seed: 1, recording: 'r' } }))).toThrow(
      /belongs to a run with no recording, this one has recording r/,
    );
    // A refusal gives the lock back.
    new DataDir(optionsFor(path)).close(2);
  });

  it('says in one line why it cannot be written', () => {
    const path = temporaryFolder();
    const file = join(path, 'file');
    writeFileSync(file, '');
    expect(() => new DataDir(optionsFor(file))).toThrow(/^cannot write to data directory .*file: it is a file \(EEXIST\)$/);
    expect(() => new DataDir(optionsFor(join(file, 'below')))).toThrow(/a part of the path is a file \(ENOTDIR\)/);
  });

  it.runIf(process.getuid?.() !== 0)('says that it has no permission', () => {
    const path = temporaryFolder();
    chmodSync(path, 0o500);
    expect(() => new DataDir(optionsFor(join(path, 'sim')))).toThrow(/permission denied \(EACCES\)/);
    chmodSync(path, 0o700);
  });

  it('finds its tag in the journal when run.json is gone or damaged', async () => {
    const path = temporaryFolder();
    new DataDir(optionsFor(path)).close(1);
    await startRun(join(path, 'journal'), tablesOf(1, ['binance-spot:BTCUSDT'], ['a'])).end();
    rmSync(join(path, 'run.json'));
    new DataDir(optionsFor(path)).close(1);
    expect(readRunFile(path)?.tag).toBe('test1');
    writeFileSync(join(path, 'run.json'), '{"mode":');
    new DataDir(optionsFor(path)).close(1);
    expect(readRunFile(path)?.tag).toBe('test1');
  });
});

describe('directory lock', () => {
  it('gives way when it slept between looking and creating, and a newer one came and went', async () => {
    const folder = temporaryFolder();
    const gone = await deadPid();
    // The sleeper saw lock 1 dead. Meanwhile 2 was taken and released, and 3 is held; 1 and 2 are removed.
    const holder = DirectoryLock.take(folder, process.pid);
    (holder as DirectoryLock).release();
    const live = sleeper();
    const held = DirectoryLock.take(folder, live);
    expect(held).toBeInstanceOf(DirectoryLock);
    expect(readdirSync(folder)).toEqual(['00000002.json']);
    // What the sleeper would now create is a lower number, or one that exists: either way it finds the holder.
    expect(DirectoryLock.take(folder, gone)).toMatchObject({ pid: live });
    expect(readdirSync(folder)).toEqual(['00000002.json']);
  });

  it('lets one of many processes win that all find the same dead lock', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '00000007.json'), JSON.stringify({ pid: await deadPid(), birth: '', isReleased: false }));
    const pids = Array.from({ length: 6 }, () => sleeper());
    const results = pids.map((pid) => DirectoryLock.take(folder, pid));
    expect(results.filter((one) => one instanceof DirectoryLock).length).toBe(1);
    expect(results.slice(1)).toMatchObject(Array.from({ length: 5 }, () => ({ pid: pids[0] })));
  });
});
