/**
 * The `venues` verb: simulated exchanges on loopback, one listener a venue, until they are told to stop. Called by the host of the verb, which gives clocks
 * and servers; everything runs on that one thread. The exchanges live on without clients, so that an engine that died finds them as it left them.
 */
import { rm } from 'node:fs/promises';
import { UsageError } from '../core/numbers/errors.js';
import type { Clock, Timers } from '../core/ports/clock.js';
import type { CreateHttpServer, HttpServer, HttpServerHandlers } from '../core/ports/http.js';
import { adminHandlers } from './admin.js';
import { Auditor } from './auditor.js';
import { Commit } from './commit.js';
import { credentialsOf } from './exchange/accounts.js';
import { plainText } from './exchange/value.js';
import { FaultScript } from './faults/script.js';
import { FlowRandom } from './flow/random.js';
import type { VenueId } from './market/spec.js';
import { StateFolder, replaceFile } from './state-file.js';

import { createVenue } from './venue.js';
import { VenueCounters } from './venues/protocol.js';
import { VENUE_IDS } from './venues/registry.js';
import { QUANTUM_MS, createVenueWorld, type VenueWorld } from './world.js';

/** Wall time between two turns. Shorter than a quantum, so that no quantum waits long for its turn. */
const TURN_MS = QUANTUM_MS / 2;
/** What a turn that is behind catches up with at most, before sockets get theirs. */
const MOST_QUANTA_A_TURN = 50;
const SAVE_EVERY_SECONDS = 20;
/** Wall time between a change of a client's account and the save that keeps it: what a crash may lose. */
const SAVE_SOON_MS = 200;
const AUDIT_EVERY_SECONDS = 10;
/** A detached process without clients ends by itself after this long (wall time). */
const IDLE_EXIT_SECONDS = 600;
/** Bytes that may wait for one client before it is cut, beyond what the operating system holds: many whole books. */
const MOST_BUFFERED_BYTES = 2 * 1024 * 1024;
const MOST_BODY_BYTES = 256 * 1024;
const HOST = '127.0.0.1';

export interface VenuesOptions {
  readonly seed: number;
  readonly speed: number;
  /** Venue ids; all when absent. */
  readonly only?: readonly string[];
  /** First port: the admin address, then the venues in their fixed order. 0 = free ones. */
  readonly port: number;
  /** File to write the addresses to. */
  readonly addresses?: string;
  /** Folder that keeps the exchanges between runs. */
  readonly state?: string;
  readonly idleExit?: boolean;
  /** What clients are told waits until it is saved; needs `state`. */
  readonly commits?: boolean;
}

export interface VenuesDeps {
  readonly createHttpServer: CreateHttpServer;
  /** Market clock and timers: they run `speed` times as fast as the wall. */
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where market time stands against the wall, for the addresses file. Absent: the clock is the wall. */
  readonly marketTime?: { readonly wallUs: number; readonly marketUs: number; readonly speed: number };
  readonly writeLine: (line: string) => void;
}

export interface VenueAddressEntry {
  readonly rest: string;
  readonly wsPublic: string;
  readonly wsPrivate: string;
  readonly wsApi: string;
  readonly apiKey: string;
  readonly secret: string;
  /** Another funded account, for a person's own bot beside the engine; replayed venues have none. */
  readonly spare?: { readonly apiKey: string; readonly secret: string };
}

/** Content of the addresses file. */
export interface VenueAddresses {
  readonly simulated: true;
  readonly seed: number;
  readonly pid: number;
  readonly admin: string;
  readonly clock: { readonly wallUs: number; readonly marketUs: number; readonly speed: number };
  readonly venues: Readonly<Record<string, VenueAddressEntry>>;
}

export interface RunningVenues {
  readonly addresses: VenueAddresses;
  readonly world: VenueWorld;
  /** Resolves when the exchanges have stopped, by `stop`, by the admin address or by idleness, with their state saved. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function runVenues(options: VenuesOptions, deps: VenuesDeps): Promise<RunningVenues> {
  const ids = venueIdsOf(options.only);
  const folder = options.state === undefined ? undefined : new StateFolder(options.state);
  const loaded = await folder?.load(options.seed);
  const saved = loaded?.saved;
  // After a run at a higher speed market time may be ahead of the wall; it never goes back.
  const offsetUs = Math.max(0, (saved?.nowUs ?? 0) - deps.clock.wallUs());
  const nowUs = (): number => deps.clock.wallUs() + offsetUs;
  const world = createVenueWorld({ seed: options.seed, startUs: nowUs(), only: ids, keepsHistory: folder !== undefined }, saved);
  world.loadHistory(loaded?.history ?? []);

  const script = new FaultScript(FlowRandom.of(options.seed, 'faults'));
  const venues = ids.map((id) => createVenue(world, id, script, new VenueCounters(), FlowRandom.of(options.seed, `protocol ${id}`)));
  const counters = new Map(venues.map(({ id, counters: counted }) => [id as string, counted]));

  const auditor = new Auditor(world);
  const servers: HttpServer[] = [];
  const endings: (() => void)[] = [];
  const ended = new Promise<void>((resolve) => endings.push(resolve));
  let stopping: Promise<void> | undefined;
  const save = async (): Promise<void> => {
    await folder?.save(world);
  };
  let failed = '';
  // A full disk fails many saves a second: each reason is said once.
  const report = (error: unknown): void => {
    const reason = String(error);
    if (reason !== failed) deps.writeLine(`SIMULATED state not saved: ${reason}`);
    failed = reason;
  };
  const commit = options.commits === true && folder !== undefined ? new Commit(() => void folder.save(world, true).catch(report)) : null;
  if (folder !== undefined && commit !== null) folder.watcher = commit;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      for (const timer of timers) deps.timers.cancel(timer);
      if (commit !== null) await save();
      commit?.end();
      for (const { gate } of venues) gate.close();
      await Promise.all(servers.map((server) => server.close()));
      await save();
      if (options.addresses !== undefined) await rm(options.addresses, { force: true });
      deps.writeLine('SIMULATED exchanges stopped');
      for (const end of endings) end();
    })();
    return stopping;
  };
  const listen = async (handlers: HttpServerHandlers, port: number): Promise<number> => {
    const server = deps.createHttpServer({ handlers, maxBodyBytes: MOST_BODY_BYTES, maxBufferedBytes: MOST_BUFFERED_BYTES });
    servers.push(server);
    return server.listen(HOST, port);
  };

  const timers: ReturnType<Timers['every']>[] = [];
  try {
    const stopByAdmin = (): void => {
      deps.timers.after(1, () => void stop());
    };
    // Quick snapshots stand on a whole one.
    if (commit !== null) await save();
    const adminPort = await listen(
      adminHandlers({ world, speed: options.speed, counters, script, auditor, save, stop: stopByAdmin }),
      options.port,
    );
    const entries: Record<string, VenueAddressEntry> = {};
    for (const { id, handlers } of venues) {
      const wanted = options.port === 0 ? 0 : options.port + 1 + VENUE_IDS.indexOf(id);
      entries[id] = addressOf(id, await listen(commit?.wrap(handlers) ?? handlers, wanted), options.seed);
    }
    const wallUs = deps.clock.wallUs();
    const time = deps.marketTime ?? { wallUs, marketUs: wallUs, speed: options.speed };
    const clock = { wallUs: time.wallUs, marketUs: time.marketUs + offsetUs, speed: time.speed };
    const addresses: VenueAddresses = {
      simulated: true,
      seed: options.seed,
      pid: process.pid,
      admin: `http://${HOST}:${adminPort}`,
      clock,
      venues: entries,
    };
    if (options.addresses !== undefined) await replaceFile(options.addresses, `${JSON.stringify(addresses)}\n`);
    announce(deps.writeLine, addresses, world, saved !== undefined);
    if (options.addresses !== undefined) deps.writeLine(`SIMULATED keys and secrets, a spare account's too: ${options.addresses}`);

    const perWallMs = Math.max(1, options.speed);
    timers.push(deps.timers.every(TURN_MS * perWallMs, () => world.advance(nowUs(), MOST_QUANTA_A_TURN)));
    if (folder !== undefined) {
      timers.push(deps.timers.every(SAVE_EVERY_SECONDS * 1_000 * perWallMs, () => void save().catch(report)));
      if (commit === null) {
        saveSoonAfterActivity(world, deps.timers, SAVE_SOON_MS * perWallMs, () => {
          if (stopping === undefined) folder.save(world, true).catch(report);
        });
      } else for (const exchange of world.exchanges.values()) exchange.onActivity = () => commit.changed();
      await save();
    }
    timers.push(deps.timers.every(AUDIT_EVERY_SECONDS * 1_000 * perWallMs, () => auditor.check(deps.writeLine)));
    if (options.idleExit === true) timers.push(watchIdleness(deps.timers, counters, perWallMs, () => void stop()));
    return { addresses, world, ended, stop };
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()));
    throw error;
  }
}

function venueIdsOf(only: readonly string[] | undefined): readonly VenueId[] {
  if (only === undefined) return VENUE_IDS;
  const unknown = only.find((id) => !VENUE_IDS.some((known) => known === id));
  if (unknown !== undefined) throw new UsageError(`--only: no simulated venue '${unknown}', there are ${VENUE_IDS.join(', ')}`);
  return VENUE_IDS.filter((id) => only.includes(id));
}

/** Addresses have no path. Keys are stable for a seed. */
function addressOf(id: VenueId, port: number, seed: number): VenueAddressEntry {
  const socket = `ws://${HOST}:${port}`;
  return {
    rest: `http://${HOST}:${port}`,
    wsPublic: socket,
    wsPrivate: socket,
    wsApi: socket,
    ...credentialsOf(seed, id, 'test'),
    spare: credentialsOf(seed, id, 'spare'),
  };
}

function announce(writeLine: (line: string) => void, addresses: VenueAddresses, world: VenueWorld, isResumed: boolean): void {
  writeLine(
    `SIMULATED exchanges, seed ${addresses.seed}, speed ${addresses.clock.speed}${isResumed ? ', resumed' : ''}; admin ${addresses.admin}`,
  );
  for (const [id, venue] of Object.entries(addresses.venues)) {
    const symbols = world.markets
      .filter((market) => market.spec.venue === id)
      .map((market) => `${market.spec.symbol}${market.spec.venue === 'bybit' ? ` (${market.spec.kind})` : ''}`);
    writeLine(`SIMULATED ${id}  ${venue.rest}  ${symbols.join(', ')}  key ${venue.apiKey.slice(0, 8)}...  ${fundsOf(world, id)}`);
  }
}

/** What the test account holds. */
function fundsOf(world: VenueWorld, id: string): string {
  const exchange = [...world.exchanges.values()].find(({ venue }) => venue === id);
  const account = exchange?.testAccounts[0];
  if (exchange === undefined || account === undefined) return '';
  return exchange
    .wallets(account)
    .map(({ terms, total }) => `${plainText(total, terms.decimals)} ${terms.asset === 'XBt' ? 'XBT' : terms.asset.toUpperCase()}`)
    .join(', ');
}

/** One save for everything that happens meanwhile. */
function saveSoonAfterActivity(world: VenueWorld, timers: Timers, delayMs: number, save: () => void): void {
  let isDue = false;
  const onActivity = (): void => {
    if (isDue) return;
    isDue = true;
    timers.after(delayMs, () => {
      isDue = false;
      save();
    });
  };
  for (const exchange of world.exchanges.values()) exchange.onActivity = onActivity;
}

/** Requests and sockets count as clients; the admin address does not. */
function watchIdleness(
  timers: Timers,
  counters: ReadonlyMap<string, VenueCounters>,
  perWallMs: number,
  stop: () => void,
): ReturnType<Timers['every']> {
  const checkSeconds = 5;
  let idleSeconds = 0;
  let requestsBefore = 0;
  return timers.every(checkSeconds * 1_000 * perWallMs, () => {
    let requests = 0;
    let sockets = 0;
    for (const counted of counters.values()) {
      requests += counted.requests;
      sockets += counted.socketsOpen;
    }
    idleSeconds = sockets > 0 || requests !== requestsBefore ? 0 : idleSeconds + checkSeconds;
    requestsBefore = requests;
    if (idleSeconds >= IDLE_EXIT_SECONDS) stop();
  });
}
