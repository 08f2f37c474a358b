/**
 * The trading host: from the command line to the summary. Main thread. Starts in order (data directory, venues, memory, service lane, hot lane, feeds) and stops in
 * order (strategies, executor, gateways, feeds, writer), each wait bounded.
 */
import { UsageError } from '../core/numbers/errors.js';
import { venueOf } from '../core/orders/instrument.js';
import type { Credentials } from '../core/ports/private-events.js';
import { NodeHttpClient } from '../net/http-client.js';
import { realWallUs, SystemTimers } from './clock.js';
import { engineVersion, findVenues, prepare, takeDataDir, type FoundVenues } from './prepare.js';
import { printRunConfig, readRunConfig, type RunConfig } from './run-config.js';
import { Engine } from './engine.js';
import { RunOutput } from './run-output.js';
import { resumeCommand, type TradeOptions } from './trade-options.js';
import { missingFor, readKeys, tradesByPaper } from './venue-accounts.js';
import { readAddresses, stopVenues, type Addresses } from './venues-process.js';

/** Exit code of a run that a second Ctrl-C ended. */
const INTERRUPTED = 130;

/** @param flags as the command line has them, for `--print-config`, and `given` the names of those that a person gave */
export async function runTrade(options: TradeOptions, flags: Readonly<Record<string, unknown>>, given: readonly string[]): Promise<number> {
  const run = await readRunConfig(options);
  if (options.wantsPrintConfig) {
    process.stdout.write(printRunConfig(run, flags, given));
    return 0;
  }
  // Everything that is missing is said before anything is touched.
  const wanted = run.venues.filter((venue) => run.entries.some((entry) => entry.instruments.some((id) => venueOf(id) === venue)));
  const early =
    options.mode === 'live'
      ? await findKeys(options, run, wanted, options.addresses === null ? null : readAddresses(options.addresses))
      : null;
  const version = engineVersion();
  const dataDir = takeDataDir(options, run, version);
  const wallTimers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers: wallTimers });
  const output = new RunOutput(options, dataDir.path);
  let engine: Engine | null = null;
  let isStopWanted = false;
  const interrupt = (): void => {
    if (isStopWanted) {
      output.leaveTerminal();
      process.exit(INTERRUPTED);
    }
    isStopWanted = true;
    output.say('stopping; a second Ctrl-C ends at once');
    engine?.requestStop(null);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  let venues: FoundVenues = { addresses: null, ownsVenues: false, file: '' };
  try {
    const found = await findVenues(options, dataDir, http);
    venues = found;
    if (found.addresses !== null) dataDir.update({ addresses: found.file, venuesPid: found.addresses.pid });
    const isPaper = tradesByPaper(options.mode, options.replay !== null, found.addresses);
    const keys = early ?? (isPaper ? new Map<string, Credentials>() : await findKeys(options, run, wanted, found.addresses));
    const prepared = await prepare(options, { run, version, dataDir, ...found, keys, timers: wallTimers }, http, (text) =>
      output.say(text),
    );
    for (const note of prepared.run.notes) output.say(note);
    for (const note of prepared.recovered.notes) output.say(note);
    if (prepared.layout.warning !== null) output.say(prepared.layout.warning);
    engine = new Engine(prepared, { wallTimers, http, output });
    if (isStopWanted) engine.requestStop(null);
    const summary = await engine.run();
    output.finish(summary, resumeCommand(options));
    return summary.error === undefined ? 0 : 1;
  } finally {
    if (venues.ownsVenues && venues.addresses !== null) await stopVenues(venues.addresses, http);
    http.close();
    wallTimers.stop();
    await output.close();
    dataDir.close(realWallUs());
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** Throws UsageError with all that is missing in one line. */
async function findKeys(
  options: TradeOptions,
  run: RunConfig,
  venues: readonly string[],
  addresses: Addresses | null,
): Promise<ReadonlyMap<string, Credentials>> {
  const found = await readKeys(run, venues, addresses);
  const missing = missingFor(options.mode, run, found);
  if (missing.length > 0) throw new UsageError(`--mode ${options.mode} cannot start; missing: ${missing.join('; ')}`);
  return found.keys;
}
