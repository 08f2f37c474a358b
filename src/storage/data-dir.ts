/**
 * A data directory: whose it is (run.json), that only one engine has it (lock/), and where its parts are. Opened by the host before anything else of a run,
 * closed last. What it refuses it refuses with one line for the person (UsageError, exit code 2).
 */
import { accessSync, constants, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import { DirectoryLock, writeAtomically } from './directory-lock.js';
import { codeOf, nodeDisk } from './disk.js';
import { JournalReader } from './journal-reader.js';
import { LMDB_NAME } from './lmdb.js';
import { parseRunStart } from './run-start.js';
import { ColdKind } from './segment.js';

/** What a directory belongs to for good. A run that differs in any of them is refused. */
export interface DataIdentity {
  readonly mode: string;
  /** Null where it plays no part. */
  readonly seed: number | null;
  /** The recordings of a replay, '' for none. */
  readonly recording: string;
}

/** The content of run.json. Hosts add what they want to find again after a crash. */
export interface RunFile extends DataIdentity {
  readonly pid: number;
  readonly version: string;
  readonly configHash: string;
  /** Names this directory in client order ids. */
  readonly tag: string;
  readonly startedUs: number;
  readonly stoppedUs: number | null;
  /** False while it runs, and after a crash. */
  readonly isStopped: boolean;
  /** Simulated venues of this directory: their process and their addresses file. */
  readonly venuesPid?: number;
  readonly addresses?: unknown;
  readonly url?: string;
  /** A change of the running engine must carry it. */
  readonly token?: string;
  /** As the kill switch was left; absent: never pressed. */
  readonly trading?: 'active' | 'reducing' | 'halted';
  /** How the accounts compared at the end of the last run that was judged. */
  readonly judged?: {
    readonly run: number;
    readonly tsUs: number;
    readonly differences: Readonly<Record<string, number>>;
    readonly lines: readonly string[];
  };
}

export interface DataDirOptions {
  readonly path: string;
  readonly identity: DataIdentity;
  readonly version: string;
  readonly configHash: string;
  readonly pid: number;
  readonly wallUs: number;
  /** For a new directory: 1 to 8 of [a-z0-9], by chance. Two engines on one account tell their orders apart by it. */
  readonly freshTag: string;
}

export class DataDir {
  readonly path: string;
  readonly journalFolder: string;
  readonly storePath: string;
  readonly logsFolder: string;
  /** run.json as the run before left it; null in a new directory. After a crash its `isStopped` is false. */
  readonly previous: RunFile | null;
  readonly #lock: DirectoryLock;
  #file: RunFile;

  /** Throws UsageError: directory in use, not writable, or of another mode, seed or recording. */
  constructor(options: DataDirOptions) {
    this.path = options.path;
    this.journalFolder = join(options.path, 'journal');
    this.storePath = join(options.path, LMDB_NAME);
    this.logsFolder = join(options.path, 'logs');
    this.#lock = claim(options);
    try {
      this.previous = readRunFile(options.path);
      if (this.previous !== null) checkIdentity(options.path, this.previous, options.identity);
      const { identity, version, configHash, pid, wallUs } = options;
      const tag = this.previous?.tag ?? tagOfJournal(this.journalFolder) ?? options.freshTag;
      this.#file = {
        ...identity,
        pid,
        version,
        configHash,
        tag,
        startedUs: wallUs,
        stoppedUs: null,
        isStopped: false,
        ...venuesOf(this.previous),
        ...keptOf(this.previous),
      };
      this.#write();
      mkdirSync(this.logsFolder, { recursive: true });
    } catch (error) {
      this.#lock.release();
      throw error instanceof UsageError ? error : notWritable(options.path, error);
    }
  }

  get file(): RunFile {
    return this.#file;
  }

  get tag(): string {
    return this.#file.tag;
  }

  update(fields: Partial<Omit<RunFile, keyof DataIdentity | 'pid' | 'tag'>>): void {
    this.#file = { ...this.#file, ...fields };
    this.#write();
  }

  /** At the end of a clean stop. A directory that was not closed can be opened again once its process is gone. */
  close(wallUs: number): void {
    this.update({ stoppedUs: wallUs, isStopped: true });
    this.#lock.release();
  }

  #write(): void {
    writeAtomically(runFilePath(this.path), `${JSON.stringify(this.#file, null, 2)}\n`);
  }
}

function claim(options: DataDirOptions): DirectoryLock {
  let lock;
  try {
    makeFolder(options.path);
    accessSync(options.path, constants.R_OK | constants.W_OK | constants.X_OK);
    lock = DirectoryLock.take(join(options.path, 'lock'), options.pid);
  } catch (error) {
    throw notWritable(options.path, error);
  }
  if (lock instanceof DirectoryLock) return lock;
  throw new UsageError(
    `data directory ${options.path} is in use by the engine with pid ${lock.pid}: stop it, or give another directory with --data`,
  );
}

/** Its owner's alone: logs and stores tell what is traded. Step by step, because `recursive` never returns below /proc (seen on Node 20.20). */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, 0o700);
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOENT: 'no directory can be made there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
};

function notWritable(path: string, error: unknown): Error {
  const why = WHY[codeOf(error)];
  if (why === undefined) return error instanceof Error ? error : new Error(String(error));
  return new UsageError(`cannot write to data directory ${path}: ${why} (${codeOf(error)})`);
}

function checkIdentity(path: string, file: RunFile, identity: DataIdentity): void {
  for (const key of ['mode', 'seed', 'recording'] as const) {
    if (file[key] === identity[key]) continue;
    const say = (value: string | number | null): string => (value === null || value === '' ? `no ${key}` : `${key} ${value}`);
    throw new UsageError(
      `data directory ${path} belongs to a run with ${say(file[key])}, this one has ${say(identity[key])}: give another directory with --data`,
    );
  }
}

function runFilePath(path: string): string {
  return join(path, 'run.json');
}

/** For hosts that only look (status, export): null when there is none, or when it is no run.json of ours. */
export function readRunFile(path: string): RunFile | null {
  try {
    const value: unknown = JSON.parse(readFileSync(runFilePath(path), 'utf8'));
    const isOurs =
      typeof value === 'object' && value !== null && 'mode' in value && 'tag' in value && typeof value.tag === 'string' && 'pid' in value;
    return isOurs ? (value as RunFile) : null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

function venuesOf(previous: RunFile | null): Partial<RunFile> {
  if (previous === null) return {};
  const { venuesPid, addresses } = previous;
  return { ...(venuesPid === undefined ? {} : { venuesPid }), ...(addresses === undefined ? {} : { addresses }) };
}

/** What holds until a later run says otherwise. */
function keptOf(previous: RunFile | null): Pick<RunFile, 'trading' | 'judged'> {
  const { trading, judged } = previous ?? {};
  return { ...(trading === undefined ? {} : { trading }), ...(judged === undefined ? {} : { judged }) };
}

/** Where run.json was lost, the journal still knows by which tag its orders are found at the venues. */
function tagOfJournal(folder: string): string | null {
  const tags: string[] = [];
  const reader = new JournalReader({ folder, disk: nodeDisk });
  const onCold = (kind: number, value: unknown): void => {
    const start = kind === ColdKind.RUN_START ? parseRunStart(value) : null;
    if (start !== null) tags.push(start.tables.tag);
  };
  try {
    while (tags.length === 0 && reader.read({ onCold }, 1) > 0);
  } finally {
    reader.close();
  }
  return tags[0] ?? null;
}
