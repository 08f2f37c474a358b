/** Finding, starting, replacing and stopping the venues' process, with a small program in its place. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, UsageError } from '../../src/core/numbers/errors.js';
import { NodeHttpClient } from '../../src/net/http-client.js';
import { SystemTimers } from '../../src/workers/clock.js';
import {
  findOrStartVenues,
  isAlive,
  readAddresses,
  stopVenues,
  type Addresses,
  type VenuesStart,
} from '../../src/workers/venues-process.js';

const PROGRAM = fileURLToPath(new URL('./programs/venues.mjs', import.meta.url));
const VENUE = { rest: 'http://127.0.0.1:1', wsPublic: 'ws://127.0.0.1:1' };

let folder = '';
let timers: SystemTimers;
let http: NodeHttpClient;
let running: Addresses[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thor-venues-'));
  timers = new SystemTimers(1);
  http = new NodeHttpClient({ timers });
  running = [];
});
afterEach(async () => {
  for (const addresses of running) if (isAlive(addresses.pid)) await stopVenues(addresses, http);
  http.close();
  timers.stop();
  rmSync(folder, { recursive: true });
});

async function find(more: Partial<VenuesStart> = {}): Promise<Awaited<ReturnType<typeof findOrStartVenues>>> {
  const found = await findOrStartVenues({ folder, seed: 1, speed: 1, replay: null, program: PROGRAM, ...more }, http);
  running.push(found.addresses);
  return found;
}

function refusal(content: unknown): string {
  const file = join(folder, 'given.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  try {
    readAddresses(file);
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(file, 'F');
    throw error;
  }
  return 'accepted';
}

describe('readAddresses', () => {
  it('gives what the file says', () => {
    const good = { seed: 1, pid: 4_711, admin: 'http://127.0.0.1:1', venues: { bybit: VENUE } };
    const file = join(folder, 'good.json');
    writeFileSync(file, JSON.stringify(good));
    expect(readAddresses(file)).toEqual(good);
  });

  it('says which file is missing or is not JSON', () => {
    expect(() => readAddresses(join(folder, 'none.json'))).toThrow(/^--addresses: .*none\.json: ENOENT/);
    expect(refusal('{"seed":')).toMatch(/^--addresses: F: .*JSON/);
  });

  it.each([
    ['null', 'expected an object with admin and venues'],
    ['5', 'expected an object with admin and venues'],
    [{ pid: 1, venues: {} }, 'expected an object with admin and venues'],
    [{ pid: 1, admin: 'http://x', venues: null }, 'expected an object with admin and venues'],
    [{ admin: 'http://x', venues: {} }, 'pid: expected a process id, was undefined'],
    [{ pid: 0, admin: 'http://x', venues: {} }, 'pid: expected a process id, was 0'],
    [{ pid: -1, admin: 'http://x', venues: {} }, 'pid: expected a process id, was -1'],
    [{ pid: 1, admin: 'http://x', venues: { bybit: null } }, 'venues.bybit.rest: expected an address, was undefined'],
    [
      { pid: 1, admin: 'http://x', venues: { bybit: { ...VENUE, wsPublic: 'here' } } },
      'venues.bybit.wsPublic: expected an address, was "here"',
    ],
  ])('refuses %j', (content, message) => {
    expect(refusal(content)).toBe(`--addresses: F: ${message}`);
  });
});

describe('isAlive', () => {
  it('knows this process, and not one that cannot be', () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(2 ** 22 + 1)).toBe(false);
  });
});

describe('findOrStartVenues', () => {
  it('starts the process with its seed, speed and state, and finds it again', async () => {
    const first = await find({ seed: 7, speed: 20 });
    expect(first.isFound).toBe(false);
    expect(first.addresses).toMatchObject({ seed: 7, clock: { speed: 20 } });
    expect((first.addresses as unknown as { args: string[] }).args).toEqual([
      'venues',
      '--addresses',
      join(folder, 'addresses.json'),
      '--seed',
      '7',
      '--speed',
      '20',
      '--idle-exit',
      '--state',
      join(folder, 'state'),
    ]);
    const second = await find({ seed: 7, speed: 20 });
    expect(second.isFound).toBe(true);
    expect(second.addresses.pid).toBe(first.addresses.pid);
  });

  it.each([
    ['seed', { seed: 2 }],
    ['speed', { speed: 5 }],
  ])('stops one that runs with another %s, and starts its own', async (_, more) => {
    const first = await find();
    const second = await find(more);
    expect(second.isFound).toBe(false);
    expect(isAlive(first.addresses.pid)).toBe(false);
    expect(isAlive(second.addresses.pid)).toBe(true);
  });

  it('never takes over a replay: each begins at its beginning', async () => {
    const replay = ['a.ndjson', 'b.ndjson'];
    const first = await find({ replay });
    expect((first.addresses as unknown as { args: string[] }).args.slice(-4)).toEqual(['--idle-exit', '--replay', ...replay]);
    const second = await find({ replay });
    expect(second.isFound).toBe(false);
    expect(isAlive(first.addresses.pid)).toBe(false);
  });

  it('starts anew when the one that left its addresses is gone, or they cannot be read', async () => {
    const first = await find();
    await stopVenues(first.addresses, http);
    writeFileSync(first.file, JSON.stringify(first.addresses));
    const second = await find();
    expect(second.isFound).toBe(false);
    await stopVenues(second.addresses, http);
    writeFileSync(second.file, JSON.stringify(second.addresses).slice(0, 20));
    expect((await find()).isFound).toBe(false);
  });

  it('a living process that does not answer there is somebody else, and is left alone', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'addresses.json'), JSON.stringify({ seed: 1, pid: process.pid, admin: 'http://127.0.0.1:1', venues: {} }));
    const found = await find();
    expect(found.isFound).toBe(false);
    expect(found.addresses.pid).not.toBe(process.pid);
  });

  it("hands on the process's own words when it refuses the start", async () => {
    await expect(find({ speed: 13 })).rejects.toEqual(new UsageError('--seed: a number that the venues do not like'));
  });

  it('says how the process ended when it fails', async () => {
    const error = await find({ speed: 14 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).facts).toEqual({ reason: 'ended with 1', said: 'died of something' });
  });
});

describe('stopVenues', () => {
  it('waits until the process has ended; one that is gone already is fine', async () => {
    const { addresses } = await find();
    await stopVenues(addresses, http);
    expect(isAlive(addresses.pid)).toBe(false);
    await stopVenues(addresses, http);
    expect(existsSync(folder)).toBe(true);
  });
});
