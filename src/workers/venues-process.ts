/**
 * The simulated venues as a process of their own that survives the engine's death. Starts it detached (a Ctrl-C of the terminal reaches only the engine),
 * finds it again after a crash, stops it last. Called by the trading host.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError, UsageError, messageOf } from '../core/numbers/errors.js';
import type { HttpClient } from '../core/ports/http.js';
import type { MarketTime } from './clock.js';

export interface VenueAddress {
  readonly rest: string;
  readonly wsPublic: string;
  readonly wsPrivate?: string;
  readonly wsApi?: string;
  /** The account that a run trades with when its configuration names no keys. */
  readonly apiKey?: string;
  readonly secret?: string;
}

/** An addresses file (INTERFACES: shape fixed); `clock` is the market time of the process. */
export interface Addresses {
  readonly seed: number;
  readonly pid: number;
  readonly admin: string;
  readonly clock?: MarketTime;
  readonly replay?: boolean;
  readonly venues: Readonly<Record<string, VenueAddress>>;
}

const START_TRIES = 400;
const TRY_EVERY_MS = 50;
const STOP_TRIES = 200;

export function readAddresses(file: string): Addresses {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const text = error instanceof SyntaxError ? 'is not JSON; thor venues --addresses FILE writes one' : messageOf(error);
    throw new UsageError(`--addresses: ${file}: ${text}`);
  }
  const { admin, pid, venues } = (value ?? {}) as Partial<Addresses>;
  if (typeof admin !== 'string' || typeof venues !== 'object' || venues === null) {
    throw new UsageError(`--addresses: ${file}: expected an object with admin and venues`);
  }
  // The process may be killed by this number: 0 and below would mean groups of processes.
  if (!Number.isSafeInteger(pid) || Number(pid) <= 0) {
    throw new UsageError(`--addresses: ${file}: pid: expected a process id, was ${JSON.stringify(pid)}`);
  }
  for (const [id, venue] of Object.entries(venues) as [string, Partial<VenueAddress> | null][]) {
    for (const key of ['rest', 'wsPublic'] as const) {
      if (!URL.canParse(venue?.[key] ?? ''))
        throw new UsageError(`--addresses: ${file}: venues.${id}.${key}: expected an address, was ${JSON.stringify(venue?.[key])}`);
    }
  }
  return value as Addresses;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function answers(http: HttpClient, admin: string): Promise<boolean> {
  try {
    return (await http.request('GET', `${admin}/status`, { timeoutMs: 2_000 })).status === 200;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}

export interface VenuesStart {
  /** Folder for addresses, state and output of the process. */
  readonly folder: string;
  readonly seed: number;
  readonly speed: number | 'max';
  readonly replay: readonly string[] | null;
  /** The command line that is started; absent: this program's own. */
  readonly program?: string;
}

/** What an earlier run left; null when there is nothing, or nothing that can be read (it was cut off while writing). */
function leftAddresses(file: string): Addresses | null {
  if (!existsSync(file)) return null;
  try {
    return readAddresses(file);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** The running process of this folder, or a new one. */
export async function findOrStartVenues(
  start: VenuesStart,
  http: HttpClient,
): Promise<{ addresses: Addresses; isFound: boolean; file: string }> {
  mkdirSync(start.folder, { recursive: true });
  const file = join(start.folder, 'addresses.json');
  const known = leftAddresses(file);
  if (known !== null) {
    const isSame = start.replay === null && known.seed === start.seed && (known.clock?.speed ?? 1) === start.speed;
    if (isAlive(known.pid) && (await answers(http, known.admin))) {
      if (isSame) return { addresses: known, isFound: true, file };
      await stopVenues(known, http);
    }
  }
  rmSync(file, { force: true });
  const args = [
    start.program ?? fileURLToPath(new URL('../main.js', import.meta.url)),
    'venues',
    '--addresses',
    file,
    '--seed',
    String(start.seed),
    '--speed',
    String(start.speed),
    '--idle-exit',
  ];
  if (start.replay === null) args.push('--state', join(start.folder, 'state'));
  else args.push('--replay', ...start.replay);
  const output = openSync(join(start.folder, 'output.log'), 'a');
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  let ended: string | null = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `ended with ${code ?? signal}`));
  child.unref();
  for (let tries = 0; tries < START_TRIES; tries++) {
    const addresses = leftAddresses(file);
    if (addresses !== null && (await answers(http, addresses.admin))) return { addresses, isFound: false, file };
    if (ended !== null) break;
    await pause(TRY_EVERY_MS);
  }
  if (ended === null) child.kill('SIGKILL');
  const said = readFileSync(join(start.folder, 'output.log'), 'utf8').trim().split('\n').at(-1) ?? '';
  if (ended === 'ended with 2') throw new UsageError(said.replace(/^thor: /, ''));
  throw new EngineError('VENUES_NOT_STARTED', 'give-up', { reason: ended ?? 'no answer in time', said });
}

/** Asks the process to save its state and end; kills it by its id when it does not. */
export async function stopVenues(addresses: Addresses, http: HttpClient): Promise<void> {
  try {
    await http.request('POST', `${addresses.admin}/stop`, { timeoutMs: 2_000 });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  for (let tries = 0; tries < STOP_TRIES && isAlive(addresses.pid); tries++) await pause(TRY_EVERY_MS);
  if (!isAlive(addresses.pid)) return;
  try {
    process.kill(addresses.pid, 'SIGKILL');
  } catch (error) {
    // It ended between the question and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
