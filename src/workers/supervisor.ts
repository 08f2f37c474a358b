/**
 * The supervisor: a small process that outlives the engine by a bounded piece of work. When the engine hangs or dies it cancels the engine's orders at every venue,
 * says what it did in `logs/supervisor.log`, and ends. Started by the host for `--on-death cancel` (`supervisor/link.ts`); everything it needs comes through its
 * standard input, whose end is the engine's. It loads nothing of the engine's gateways.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf } from '../core/numbers/errors.js';
import { NodeHttpClient } from '../net/http-client.js';
import { realWallUs, SystemTimers } from './clock.js';
import { cancelAll, type CancelResult } from './supervisor/cancel-all.js';
import { type Handover, parseLine } from './supervisor/handover.js';
import { venueOrdersOf } from './supervisor/venues.js';
import { Watch } from './supervisor/watch.js';

const LOOK_MS = 100;
/** The handover is the first thing that is written. */
const START_WITHIN_MS = 10_000;
/** All of the work, whatever venues do. */
const WORK_MOST_MS = 60_000;

const timers = new SystemTimers(1);
let watch: Watch | null = null;
let handover: Handover | null = null;
let isWorking = false;
let wasHung = false;
/** Log lines that the disk did not take. */
let unwritten = 0;

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const message = parseLine(line);
  if (message?.type === 'start' && handover === null) {
    handover = message;
    watch = new Watch(performance.now(), message.hangMs, () => isRunning(message.pid));
    log({ event: 'watching', pid: message.pid, venues: message.venues.map((venue) => venue.id).join(',') });
  } else if (message?.type === 'beat') watch?.beat(performance.now());
  else if (message?.type === 'stop') watch?.stopped();
  else if (message?.type === 'fail') watch?.failed();
});
input.on('close', () => {
  if (watch === null) process.exit(1);
  watch.closed(performance.now());
});
// The terminal's Ctrl-C is the engine's to answer.
process.on('SIGINT', () => undefined);
timers.after(START_WITHIN_MS, () => {
  if (handover === null) process.exit(1);
});
timers.every(LOOK_MS, () => {
  if (watch === null || isWorking) return;
  const verdict = watch.look(performance.now());
  if (verdict === 'alive') {
    if (wasHung) log({ event: 'turns again' });
    wasHung = false;
  } else if (verdict === 'stopped') end('engine stopped');
  else if (verdict === 'dead') void work('dead').then(() => end('done'));
  else if (!wasHung) {
    wasHung = true;
    void work('hung');
  }
});

async function work(why: string): Promise<void> {
  const given = handover;
  if (given === null) return;
  isWorking = true;
  log({ event: 'cancelling', why });
  const bound = timers.after(WORK_MOST_MS, () => end('the work took too long'));
  const results = await Promise.all(given.venues.map((venue) => cancelAt(given, venue)));
  timers.cancel(bound);
  for (const { venue, cancelled, left, error } of results)
    log({ event: 'cancelled', venue, cancelled, left: left ?? 'unknown', ...(error === '' ? {} : { error }) });
  isWorking = false;
}

async function cancelAt(given: Handover, venue: Handover['venues'][number]): Promise<CancelResult> {
  const http = new NodeHttpClient({ timers });
  const orders = venueOrdersOf({ http, venue, nowMs: () => marketMs(given) });
  if (orders === null) return { venue: venue.id, cancelled: 0, left: null, error: 'this venue is not known here' };
  try {
    return await cancelAll(venue.id, orders, {
      tag: given.tag,
      run: given.run,
      pause: (ms) => new Promise((resolve) => timers.after(ms, () => resolve())),
      log: (line) => log({ event: 'failed', ...line }),
    });
  } catch (error) {
    return { venue: venue.id, cancelled: 0, left: null, error: messageOf(error) };
  } finally {
    http.close();
  }
}

function marketMs({ market }: Handover): number {
  return (market.marketUs + (realWallUs() - market.wallUs) * market.speed) / 1000;
}

/** Signal 0 asks only whether the process is there. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A disk that takes no line must not keep orders standing: what could not be written is counted in the next line that can. */
function log(line: Readonly<Record<string, string | number>>): void {
  if (handover === null) return;
  const unsaid = unwritten === 0 ? {} : { unwritten };
  const text = `${JSON.stringify({ time: new Date().toISOString(), ...line, ...unsaid })}\n`;
  try {
    appendFileSync(handover.logFile, text, { mode: 0o600 });
    unwritten = 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    unwritten++;
  }
}

function end(event: string): void {
  log({ event });
  process.exit(0);
}
