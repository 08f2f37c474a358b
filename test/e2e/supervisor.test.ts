/** The supervisor as a process, beside a stand-in for the engine, over a simulated venue. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientOrderIdOf, makeOrderId } from '../../src/core/numbers/ids.js';
import type { Handover } from '../../src/workers/supervisor/handover.js';
import { SupervisorLink } from '../../src/workers/supervisor/link.js';
import { until as untilTrue } from '../support/until.js';
import { SteppedVenue } from '../venue-sim/support/stepped-venue.js';
import { PLACES, standing } from '../workers/supervisor/venues.js';

const ENTRY = fileURLToPath(new URL('../../dist/workers/supervisor.js', import.meta.url));
const LIMIT_MS = 20_000;
const OURS = [1, 2].map((level) => clientOrderIdOf(makeOrderId(1, 0, level, 1), 'sup'));

let folder = '';
let venue: SteppedVenue;
let engine: ChildProcess;
let supervisorPid: number | undefined;
const lost: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thor-supervisor-'));
  venue = await SteppedVenue.start('bitmex');
  await venue.run(1);
  for (const clientId of [...OURS, 'by-hand']) await PLACES.bitmex[0](venue, clientId);
  // Its market time stands still from here on: what was asked so far must not count against the supervisor's own requests of that second.
  await venue.run(2);
  // Lives until it is killed, as an engine does.
  engine = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  lost.length = 0;
});

afterEach(async () => {
  engine.kill('SIGKILL');
  if (supervisorPid !== undefined && isRunning(supervisorPid)) process.kill(supervisorPid, 'SIGKILL');
  await venue.stop();
  rmSync(folder, { recursive: true, force: true });
});

function supervise(hangMs: number): SupervisorLink {
  const wallUs = Date.now() * 1000;
  const handover: Handover = {
    type: 'start',
    pid: engine.pid ?? 0,
    tag: 'sup',
    run: 1,
    hangMs,
    logFile: join(folder, 'supervisor.log'),
    market: { wallUs, marketUs: venue.venue.world.nowUs, speed: 1 },
    venues: [{ id: 'bitmex', rest: venue.rest, apiKey: venue.apiKey, secret: venue.secret }],
  };
  const timers = { after: (ms: number, run: () => void): unknown => setTimeout(run, ms) };
  const link = new SupervisorLink(handover, { nowMs: () => performance.now(), timers, onLost: (text) => lost.push(text), entry: ENTRY });
  supervisorPid = link.pid;
  return link;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Events of the log so far: the supervisor may be about to write a line, or in the middle of one. */
function events(): string[] {
  const file = join(folder, 'supervisor.log');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => String((JSON.parse(line) as { event: unknown }).event));
}

function until(what: string, isTrue: () => boolean): Promise<void> {
  return untilTrue(what, isTrue, { limitMs: LIMIT_MS, told: () => events().join(', ') });
}

describe('supervisor', () => {
  it('C17: cancels what is ours when the engine was killed, says so, and ends', async () => {
    const link = supervise(LIMIT_MS * 10);
    await until('watching', () => events().includes('watching'));
    const pid = link.pid ?? 0;
    // Keys stand neither on its command line nor in its environment.
    for (const file of ['cmdline', 'environ']) expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain(venue.secret);
    engine.kill('SIGKILL');
    await until('cancelled', () => standing(venue).length === 1);
    expect(standing(venue)).toEqual(['by-hand']);
    await until('ended', () => !isRunning(pid) || events().includes('done'));
    expect(events()).toEqual(['watching', 'cancelling', 'cancelled', 'done']);
    const text = readFileSync(join(folder, 'supervisor.log'), 'utf8');
    expect(text).toContain('"cancelled":2,"left":0');
    for (const secret of [venue.secret, venue.apiKey]) expect(text).not.toContain(secret);
  });

  it('C17: cancels when the engine hangs, and goes on watching when it turns again', async () => {
    const link = supervise(800);
    await until('watching', () => events().includes('watching'));
    link.beat(true);
    link.beat(false);
    await until('cancelled', () => standing(venue).length === 1 && events().includes('cancelled'));
    await until('turns again', () => {
      link.beat(true);
      return events().includes('turns again');
    });
    await link.end(true, LIMIT_MS);
    expect(events().at(-1)).toBe('engine stopped');
    expect(lost).toEqual([]);
  });

  it('a clean stop leaves every order and ends the supervisor; an engine that gives up has its orders cancelled', async () => {
    const link = supervise(LIMIT_MS * 10);
    await link.end(true, LIMIT_MS);
    expect([events(), standing(venue).length]).toEqual([['watching', 'engine stopped'], 3]);
    rmSync(join(folder, 'supervisor.log'));
    await supervise(LIMIT_MS * 10).end(false);
    await until('done', () => events().includes('done'));
    expect(standing(venue)).toEqual(['by-hand']);
  });

  it('its own death is told', async () => {
    const link = supervise(LIMIT_MS * 10);
    await until('watching', () => events().includes('watching'));
    process.kill(link.pid ?? 0, 'SIGKILL');
    await until('told', () => lost.length === 1);
    link.beat(true);
    await link.end(true);
    expect(lost[0]).toMatch(/^the supervisor is gone/);
  });
});
