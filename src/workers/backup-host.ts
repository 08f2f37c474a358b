/**
 * `thor backup create|restore|verify --data DIR [--file FILE] [--config FILE] [--folder DIR] [--passphrase REF] [--json]`, and the schedule that runs `create` in a process of
 * its own while an engine trades: reading, packing and sealing take nothing from the thread that gateways share.
 */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { constants, setPriority, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ThorConfig } from '../config/schema.js';
import { messageOf, UsageError } from '../core/numbers/errors.js';
import type { Timers } from '../core/ports/clock.js';
import { BACKUP_SUFFIX, createBackup, noteBackup, pruneBackups, restoreBackup, verifyBackup, type Manifest } from '../storage/backup.js';
import { realWallUs } from './clock.js';
import { configOf, dataOf, secretOf } from './stores.js';
import { oneOf } from './trade-options.js';

export const BACKUP_ACTIONS = ['create', 'restore', 'verify'] as const;
const COMMAND = 'command:';
/** A copy to a far place may take long; a hanging one must not hold all further backups. */
const COMMAND_WITHIN_MS = 30 * 60_000;

export async function runBackupVerb(action: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const what = oneOf('backup', action, BACKUP_ACTIONS);
  const config = configOf(flags).backup;
  const passphrase = passphraseOf(flags, config);
  const tell = (result: Readonly<Record<string, unknown>>, line: string): void =>
    void process.stdout.write(`${flags['json'] === true ? JSON.stringify(result) : line}\n`);
  if (what === 'create') return create(flags, config, passphrase, tell);
  const path = text(flags, 'file') ?? newest(flags, config);
  if (what === 'verify') {
    const scratch = mkdtempSync(join(tmpdir(), 'thor-verify-'));
    const { manifest, records } = await verifyBackup(path, passphrase, scratch);
    tell(
      { path, records, ...manifest, files: Object.keys(manifest.files).length },
      `${path}: whole, ${records} records up to segment ${manifest.cut.segment}`,
    );
    return 0;
  }
  const data = text(flags, 'data');
  if (data === null) throw new UsageError('backup restore: say where to, --data DIR');
  const manifest = await restoreBackup(path, passphrase, data);
  tell({ path, data, ...manifest, files: Object.keys(manifest.files).length }, restored(path, data, manifest));
  return 0;
}

function restored(path: string, data: string, { mode, tag }: Manifest): string {
  return `${path}: restored into ${data} (mode ${mode}). Start the engine on it only when no other trades for '${tag}': both would take each other's orders for their own`;
}

async function create(
  flags: Readonly<Record<string, unknown>>,
  config: ThorConfig['backup'],
  passphrase: string,
  tell: (result: Readonly<Record<string, unknown>>, line: string) => void,
): Promise<number> {
  const { data, file } = dataOf(flags);
  const folder = text(flags, 'folder') ?? config?.folder;
  if (folder === undefined) throw new UsageError('backup create: say where to, --folder DIR or backup.folder of the configuration');
  const takenUs = realWallUs();
  try {
    const made = await createBackup({ data, passphrase, folder, wallUs: takenUs, others: otherFiles(data) });
    const removed = config === undefined ? [] : pruneBackups(folder, file.tag, config.keep);
    const second = config?.second === undefined ? null : copyToSecond(made.path, config.second, file.tag, config.keep);
    noteBackup(data, { path: made.path, takenUs, error: second ?? '' });
    tell(
      { path: made.path, bytes: made.bytes, cut: made.manifest.cut, removed, second: second ?? 'ok' },
      `${made.path}: ${made.bytes} bytes${second === null ? '' : `; second place: ${second}`}`,
    );
    return second === null ? 0 : 1;
  } catch (error) {
    noteBackup(data, { path: '', takenUs, error: messageOf(error) });
    throw error;
  }
}

/** What the accounts held when the directory first traded them, without which a run has nothing to compare with, and the simulated exchanges. */
function otherFiles(data: string): string[] {
  return [...(existsSync(join(data, 'accounts.json')) ? ['accounts.json'] : []), ...venueFiles(data)];
}

/** The simulated exchanges' saved state, below `venues`; their addresses are those of a process that a restored directory does not have. */
function venueFiles(data: string): string[] {
  const folder = join(data, 'venues');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && !/addresses|\.log$|\.new$/.test(basename(path)))
    .map((path) => relative(data, path).replaceAll('\\', '/'));
}

/** Null when it is there; else why not. The first copy stands in any case. */
function copyToSecond(path: string, place: string, tag: string, keep: number): string | null {
  try {
    if (place.startsWith(COMMAND)) {
      const done = spawnSync(`${place.slice(COMMAND.length)} "$THOR_BACKUP_FILE"`, {
        shell: true,
        timeout: COMMAND_WITHIN_MS,
        env: { ...process.env, THOR_BACKUP_FILE: path },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return done.status === 0
        ? null
        : `the command ended with ${done.status ?? done.signal ?? 'no start'}: ${done.stderr.toString().trim().slice(0, 200)}`;
    }
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const draft = join(place, `.${basename(path)}.draft`);
    copyFileSync(path, draft);
    renameSync(draft, join(place, basename(path)));
    pruneBackups(place, tag, keep);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function newest(flags: Readonly<Record<string, unknown>>, config: ThorConfig['backup']): string {
  const folder = text(flags, 'folder') ?? config?.folder;
  if (folder === undefined) throw new UsageError('backup: say which, --file FILE');
  const name = readdirSync(folder)
    .filter((one) => one.endsWith(BACKUP_SUFFIX))
    .sort((one, other) => (stampOf(one) < stampOf(other) ? -1 : 1))
    .at(-1);
  if (name === undefined) throw new UsageError(`${folder} holds no backup`);
  return join(folder, name);
}

/** Of a backup's name, whose second word is the tag: names of several directories sort by time. */
function stampOf(name: string): string {
  return name.split('-')[2] ?? '';
}

function passphraseOf(flags: Readonly<Record<string, unknown>>, config: ThorConfig['backup']): string {
  const reference = text(flags, 'passphrase') ?? config?.passphrase;
  if (reference === undefined)
    throw new UsageError(
      'backup: say where the passphrase is, --passphrase env:NAME or file:PATH, or backup.passphrase of the configuration',
    );
  return secretOf(reference, 'the passphrase of backups');
}

function text(flags: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export interface HousekeepingOptions {
  readonly data: string;
  /** The file that was given with `--config`; null for the shipped one. */
  readonly configFile: string | null;
  readonly config: ThorConfig;
  /** Of the wall. */
  readonly timers: Timers;
  notice(text: string): void;
}

/** While an engine trades: backups as often as configured, and compaction once an hour. One at a time, each a process of low priority. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #waiting: (readonly string[])[] = [];
  #child: ReturnType<typeof spawn> | null = null;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    const { timers, config, data, configFile } = this.#options;
    const common = ['--data', data, ...(configFile === null ? [] : ['--config', configFile])];
    timers.every(60 * 60_000, () => this.#ask(['store', 'compact', ...common]));
    const everyMinutes = config.backup?.everyMinutes ?? 0;
    if (everyMinutes > 0) timers.every(everyMinutes * 60_000, () => this.#ask(['backup', 'create', ...common]));
  }

  /** Ends what is under way: a backup that was not finished leaves no file. */
  stop(): void {
    this.#waiting.length = 0;
    this.#child?.kill();
  }

  #ask(args: readonly string[]): void {
    if (this.#waiting.some((other) => other[0] === args[0])) return;
    this.#waiting.push(args);
    this.#next();
  }

  #next(): void {
    const args = this.#child === null ? this.#waiting.shift() : undefined;
    if (args === undefined) return;
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    this.#child = child;
    let errors = '';
    child.stderr.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-1000)));
    const done = (why: string): void => {
      if (this.#child !== child) return;
      this.#child = null;
      if (why !== '') this.#options.notice(`${args[0] ?? ''} ${args[1] ?? ''}: ${why}`);
      this.#next();
    };
    child.on('error', (error) => done(messageOf(error)));
    child.on('exit', (code, signal) => done(code === 0 ? '' : `ended with ${code ?? signal ?? ''}: ${errors.trim()}`));
  }
}
