/** Everything between the command line and the first thread: data directory, venues, instruments, tables, recovery, memory. Main thread. */
import { join, resolve } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BOOK_BYTES } from '../core/memory/book-layout.js';
import { planMemory, type MemoryPlan } from '../core/memory/layout.js';
import { allocateShared, viewsOf, type SharedViews } from '../core/memory/shared-memory.js';
import { UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Timers } from '../core/ports/clock.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';
import { Journal } from '../storage/journal.js';
import { openStores, type OpenedStores } from './run-stores.js';
import { recover, type Recovery } from '../storage/recover.js';
import { DataDir } from '../storage/data-dir.js';
import { marketTimeNow, realWallUs, SystemClock, type MarketTime } from './clock.js';
import { usableCores } from './doctor.js';
import { allInstruments, assetsOf, namedInstruments } from './instruments.js';
import { openJudgedAccounts, type JudgedAccounts, type Openings } from './judgement.js';
import { withKeptParams } from './kept-entries.js';
import { layLanes, PRODUCERS, type LaneLayout } from './lanes.js';
import { fitToReplay, type RunConfig } from './run-config.js';
import type { TradeOptions } from './trade-options.js';
import { openAccounts, tradesByPaper, type VenueAccount } from './venue-accounts.js';
import { findOrStartVenues, readAddresses, type Addresses } from './venues-process.js';

export interface Prepared {
  readonly options: TradeOptions;
  readonly run: RunConfig;
  readonly version: string;
  readonly dataDir: DataDir;
  readonly addresses: Addresses | null;
  /** The venues process is ours to stop. */
  readonly ownsVenues: boolean;
  readonly market: MarketTime;
  readonly isStepped: boolean;
  /** Null: fill models trade. */
  readonly accounts: readonly VenueAccount[] | null;
  /** Of the accounts, for the judge; null with them. */
  readonly judged: { readonly accounts: JudgedAccounts; readonly openings: Openings } | null;
  readonly tables: RunTables;
  readonly recovered: Recovery;
  readonly journal: Journal;
  readonly opened: OpenedStores;
  readonly layout: LaneLayout;
  readonly plan: MemoryPlan;
  readonly memory: WebAssembly.Memory;
  readonly buffer: SharedArrayBuffer;
  readonly views: SharedViews;
}

/** How fast the timers of a stepped run turn: its time comes from the recording. */
const STEPPED_TIMER_SPEED = 50;

export function defaultData(options: TradeOptions): string {
  if (options.replay === null) return join('thor-data', options.mode);
  const hash = createHash('sha256');
  for (const file of options.replay) hash.update(resolve(file)).update('\0');
  return join('thor-data', `replay-${hash.digest('hex').slice(0, 8)}`);
}

export function engineVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** Takes the data directory. Throws UsageError when another engine has it or it belongs to something else. */
export function takeDataDir(options: TradeOptions, run: RunConfig, version: string): DataDir {
  const isSimulated = options.mode === 'sim' && options.replay === null && options.addresses === null;
  return new DataDir({
    path: resolve(options.data ?? defaultData(options)),
    identity: {
      mode: options.mode,
      seed: isSimulated ? options.seed : null,
      recording: (options.replay ?? []).map((file) => resolve(file)).join(' '),
    },
    version,
    configHash: run.hash,
    pid: process.pid,
    wallUs: realWallUs(),
    freshTag: randomBytes(4).toString('hex'),
  });
}

export interface FoundVenues {
  /** Null: the venues' own addresses. */
  readonly addresses: Addresses | null;
  /** The process is ours to stop. */
  readonly ownsVenues: boolean;
  /** The addresses file. */
  readonly file: string;
}

/** The addresses this run trades at. */
export async function findVenues(options: TradeOptions, dataDir: DataDir, http: HttpClient): Promise<FoundVenues> {
  if (options.addresses !== null) return { addresses: readAddresses(options.addresses), ownsVenues: false, file: options.addresses };
  if (options.mode !== 'sim' && options.replay === null) return { addresses: null, ownsVenues: false, file: '' };
  const { addresses, file } = await findOrStartVenues(
    { folder: join(dataDir.path, 'venues'), seed: options.seed, speed: options.speed, replay: options.replay },
    http,
  );
  return { addresses, ownsVenues: true, file };
}

export async function prepare(
  options: TradeOptions,
  given: {
    readonly run: RunConfig;
    readonly version: string;
    readonly dataDir: DataDir;
    readonly addresses: Addresses | null;
    readonly ownsVenues: boolean;
    /** By venue; empty where fill models trade. */
    readonly keys: ReadonlyMap<string, Credentials>;
    readonly timers: Timers;
  },
  http: HttpClient,
  say: (text: string) => void,
): Promise<Prepared> {
  const { dataDir, addresses, version } = given;
  const venueAddresses = addresses?.venues ?? {};
  const isReplay = options.replay !== null;
  let run = given.run;
  let instruments: Instrument[];
  if (isReplay) {
    const recorded = await allInstruments(Object.keys(venueAddresses), venueAddresses, http);
    run = await fitToReplay(run, recorded, options.config === null);
    // Every recorded book is built and shown, also those that no strategy trades.
    instruments = recorded;
  } else {
    const ids = [...new Set(run.entries.flatMap((entry) => entry.instruments))];
    const missing = run.venues.find(
      (id) => addresses !== null && venueAddresses[id] === undefined && ids.some((one) => one.startsWith(`${id}:`)),
    );
    if (missing !== undefined) throw new UsageError(`no address of ${missing} is given (${Object.keys(venueAddresses).join(', ')})`);
    instruments = await namedInstruments(ids, venueAddresses, http);
  }
  const market =
    addresses?.clock === undefined || options.speed === 'max'
      ? marketTimeNow(options.speed === 'max' ? 1 : options.speed)
      : addresses.clock;
  const venues = [...new Set(instruments.map((instrument) => instrument.venue))];
  const wall = new SystemClock(market);
  const accounts = tradesByPaper(options.mode, isReplay, addresses)
    ? null
    : await openAccounts(options, given.keys, { addresses, instruments, http, wallUs: () => wall.wallUs() }, say);
  const bare: Omit<RunTables, 'run'> = {
    tag: dataDir.tag,
    mode: options.mode,
    simulated: addresses !== null,
    venues,
    assets: assetsOf(instruments),
    instruments,
    strategies: run.entries.map((entry, index) => ({
      index,
      name: entry.name,
      kind: entry.kind,
      pnlKind: entry.pnlKind,
      instruments: entry.instruments.map((id) => instruments.findIndex((instrument) => instrument.id === id)),
    })),
  };
  const folder = dataDir.journalFolder;
  const recovered = recover({ folder, tables: { ...bare, run: 0 } });
  run = await withKeptParams(run, recovered.params ?? []);
  const tables: RunTables = { ...bare, run: recovered.runs + 1 };
  const judgedAccounts: JudgedAccounts = { dataDir: dataDir.path, instruments, keys: given.keys, addresses: venueAddresses };
  const judged =
    accounts === null
      ? null
      : {
          accounts: judgedAccounts,
          openings: await openJudgedAccounts(judgedAccounts, recovered.runs > 0, { http, clock: wall, timers: given.timers }),
        };
  const journal = new Journal({ folder, wallUs: () => Math.round(market.marketUs), segmentBytes: run.config.storage.segmentBytes });
  journal.run = tables.run;
  const storeNotes: string[] = [];
  const opened = await openStores(dataDir.path, dataDir.tag, run.config, journal, (text) => storeNotes.push(text));
  const layout = layLanes(options.lanes, options.wait, usableCores(), venues.length);
  const { engine } = run.config;
  const plan = planMemory({
    instruments: instruments.length,
    bookBytes: BOOK_BYTES,
    strategies: tables.strategies.length,
    levelsPerStrategy: engine.levelsPerStrategy,
    venues: venues.length,
    gateways: venues.length,
    assets: tables.assets.length,
    feedLanes: layout.feedLanes.length,
    lanes: layout.names.length,
    producers: PRODUCERS,
    orderSlots: engine.orderSlots,
    ringRecords: engine.ringRecords,
    journalRecords: engine.journalRecords,
  });
  const memory = allocateShared(plan.bytes);
  return {
    options,
    run,
    version,
    dataDir,
    addresses,
    ownsVenues: given.ownsVenues,
    market: options.speed === 'max' ? { ...market, speed: STEPPED_TIMER_SPEED } : market,
    isStepped: options.speed === 'max',
    accounts,
    judged,
    tables,
    recovered: { ...recovered, notes: [...recovered.notes, ...storeNotes] },
    journal,
    opened,
    layout,
    plan,
    memory,
    buffer: memory.buffer,
    views: viewsOf(memory),
  };
}
