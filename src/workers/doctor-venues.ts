/** `doctor --config FILE`: can the venues of a configuration be reached, how far are the clocks apart, do the keys work, and what may they do. Sends no order. */
import { EngineError, messageOf, UsageError } from '../core/numbers/errors.js';
import { venueOf } from '../core/orders/instrument.js';
import type { Credentials } from '../core/ports/private-events.js';
import { prepareCcxt } from '../execution/gateways/ccxt.js';
import { NodeHttpClient } from '../net/http-client.js';
import { marketTimeNow, SystemClock, SystemTimers } from './clock.js';
import { endpointsOf, namedInstruments, venueAt } from './instruments.js';
import { readRunConfig } from './run-config.js';
import { tradeOptionsOf } from './trade-options.js';
import { readKeys } from './venue-accounts.js';
import { readAddresses, type Addresses } from './venues-process.js';

export type Verdict = 'ok' | 'note' | 'bad';
export type DoctorLine = readonly [verdict: Verdict, name: string, text: string];

const TIMEOUT_MS = 10_000;
/** Venues refuse requests that are older than five seconds, some than one. */
const SKEW_NOTE_MS = 500;

export async function venueLines(flags: Readonly<Record<string, unknown>>): Promise<DoctorLine[]> {
  const options = tradeOptionsOf(flags);
  const run = await readRunConfig(options);
  const addresses = options.addresses === null ? null : readAddresses(options.addresses);
  const timers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers });
  const clock = new SystemClock(addresses?.clock ?? marketTimeNow(1));
  try {
    const { keys, missing } = await readKeys(run, run.venues, addresses);
    const lines: DoctorLine[] = missing.map((text) => ['note', 'keys', `${text}; only mode live needs them`]);
    for (const venue of run.venues) {
      const ids = [...new Set(run.entries.flatMap((entry) => entry.instruments).filter((id) => venueOf(id) === venue))];
      lines.push(...(await linesOf(venue, ids, { addresses, http, clock, credentials: keys.get(venue) ?? null })));
    }
    return lines;
  } finally {
    http.close();
    timers.stop();
  }
}

async function linesOf(
  venue: string,
  ids: readonly string[],
  world: {
    readonly addresses: Addresses | null;
    readonly http: NodeHttpClient;
    readonly clock: SystemClock;
    readonly credentials: Credentials | null;
  },
): Promise<DoctorLine[]> {
  const { addresses, http, clock, credentials } = world;
  const given = addresses?.venues ?? {};
  const base = endpointsOf(venueAt(venue), given).rest;
  const startedMs = performance.now();
  try {
    const instruments = await namedInstruments(ids, given, http);
    const lines: DoctorLine[] = [
      ['ok', venue, `answers at ${base} in ${(performance.now() - startedMs).toFixed(0)} ms, ${ids.length} instruments found`],
    ];
    if (credentials === null) return lines;
    const { skewMs, canWithdraw, isOneWay, notes } = await prepareCcxt(venue, {
      credentials,
      address: given[venue]?.rest ?? null,
      instruments,
      http,
      timeoutMs: TIMEOUT_MS,
      wallUs: () => clock.wallUs(),
    });
    lines.push([Math.abs(skewMs) > SKEW_NOTE_MS ? 'note' : 'ok', `${venue} clock`, `${skewMs} ms ahead of ours`]);
    if (canWithdraw === true) lines.push(['bad', `${venue} key`, 'may withdraw: make one that may only trade']);
    else
      lines.push([
        canWithdraw === null ? 'note' : 'ok',
        `${venue} key`,
        canWithdraw === null ? 'works; the venue does not tell whether it may withdraw' : 'works, may not withdraw',
      ]);
    if (isOneWay === false) lines.push(['bad', `${venue} mode`, 'hedge mode: set the position mode to one-way']);
    lines.push(...notes.map((note): DoctorLine => ['note', venue, note]));
    return lines;
  } catch (error) {
    if (error instanceof EngineError || error instanceof UsageError) return [['bad', venue, messageOf(error)]];
    throw error;
  }
}
