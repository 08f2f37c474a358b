/**
 * One engine a data directory, on one machine: files `lock/NNNNNNNN.json`, of which the highest number counts. Called by data-dir.ts at start and stop.
 *
 * Who finds the highest lock dead (its process gone, or it says `released`) creates the next number; creating is atomic and fails when the name exists, so of several
 * that find the same dead lock one wins. The highest file is never removed, only those below it; a process that slept between looking and creating finds its
 * number taken, or finds a higher one when it looks again afterwards, and gives way. So a dead lock is taken over without a moment in which two could hold it.
 */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './disk.js';

export interface LockHolder {
  readonly pid: number;
  /** Tells a process from a later one with the same pid: boot and start time where the system says them, else ''. */
  readonly birth: string;
  readonly isReleased: boolean;
}

const TRIES = 100;

export class DirectoryLock {
  readonly #path: string;
  readonly #holder: LockHolder;

  private constructor(path: string, holder: LockHolder) {
    this.#path = path;
    this.#holder = holder;
  }

  /** The lock, or the live process that holds it. */
  static take(folder: string, pid: number): DirectoryLock | LockHolder {
    mkdirSync(folder, { recursive: true });
    const own: LockHolder = { pid, birth: birthOf(pid), isReleased: false };
    for (let tries = 0; tries < TRIES; tries++) {
      const highest = Math.max(0, ...numbersIn(folder));
      const holder = highest === 0 ? null : read(join(folder, nameOf(highest)));
      if (holder !== null && isAlive(holder)) return holder;
      const mine = highest + 1;
      const path = join(folder, nameOf(mine));
      if (!create(path, own)) continue;
      if (numbersIn(folder).some((number) => number > mine)) {
        rmSync(path, { force: true });
        continue;
      }
      for (const number of numbersIn(folder)) if (number < mine) rmSync(join(folder, nameOf(number)), { force: true });
      return new DirectoryLock(path, own);
    }
    throw new Error(`the lock in ${folder} changed hands ${TRIES} times while it was being taken`);
  }

  release(): void {
    writeAtomically(this.#path, JSON.stringify({ ...this.#holder, isReleased: true }));
  }
}

function nameOf(number: number): string {
  return `${String(number).padStart(8, '0')}.json`;
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^\d{8,}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
}

/** False when the name exists. The file appears with its content: nobody ever reads half a lock. */
function create(path: string, holder: LockHolder): boolean {
  const draft = `${path}.${holder.pid}.draft`;
  writeDurably(draft, JSON.stringify(holder));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null when it has just been removed by a newer holder, or is unreadable: not alive, and the look at the folder is repeated. */
function read(path: string): LockHolder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return null;
    return {
      pid: value.pid,
      birth: 'birth' in value && typeof value.birth === 'string' ? value.birth : '',
      isReleased: 'isReleased' in value && value.isReleased === true,
    };
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function isAlive(holder: LockHolder): boolean {
  if (holder.isReleased || !isRunning(holder.pid)) return false;
  const birth = birthOf(holder.pid);
  return holder.birth === '' || birth === '' || birth === holder.birth;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM'; // somebody else's process is a process
  }
  // Killed, but its parent has not looked yet: it answers signals and does nothing any more.
  return statOf(pid)[0] !== 'Z';
}

/** Linux: the machine's boot and the process's start in ticks since then. Elsewhere pids alone must do. */
export function birthOf(pid: number): string {
  const startTicks = statOf(pid)[19];
  const boot = startTicks === undefined ? null : readOrNull('/proc/sys/kernel/random/boot_id');
  return boot === null ? '' : `${boot.trim()}/${startTicks}`;
}

/** The fields of /proc/PID/stat from the third on (the second is the program's name in brackets, which may hold spaces and brackets); none elsewhere. */
function statOf(pid: number): readonly string[] {
  const text = readOrNull(`/proc/${pid}/stat`);
  return text === null ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return null; // no /proc here, or the process ended meanwhile
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The old content or the new one, never half of it. */
export function writeAtomically(path: string, text: string): void {
  const draft = `${path}.draft`;
  writeDurably(draft, text);
  renameSync(draft, path);
}
