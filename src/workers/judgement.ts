/**
 * The judge's host: gives it the venues' keys and addresses, and the engine's side as store and journal have it. At the end of a run, and for `verify-account`.
 * What the accounts held before this data directory's first order is kept in it, in `accounts.json`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTicks } from '../core/numbers/decimal.js';
import { UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { Clock, Timers } from '../core/ports/clock.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';
import type { AccountOpening, EngineAccount, EngineFill, EngineOrder } from '../judge/engine-account.js';
import { joinInstruments, judge, openAccount, type JudgedVenue, type JudgeWorld, type Verdict } from '../judge/judge.js';
import { writeAtomically } from '../storage/directory-lock.js';
import { catchUp } from '../storage/export.js';
import { OverlayStore } from '../storage/overlay.js';
import type { StoreReader } from '../storage/schema.js';
import { endpointsOf, venueAt } from './instruments.js';
import type { VenueMove } from './money.js';
import type { VenueAddress } from './venues-process.js';

const OPENINGS_FILE = 'accounts.json';
const OPENINGS_VERSION = 1;
const ALL_TIME = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };

export type Openings = Readonly<Record<string, AccountOpening>>;

export interface JudgedAccounts {
  readonly dataDir: string;
  readonly instruments: readonly Instrument[];
  readonly keys: ReadonlyMap<string, Credentials>;
  readonly addresses: Readonly<Record<string, VenueAddress>>;
}

export interface JudgeTools {
  readonly http: HttpClient;
  /** Market time: requests are signed with it. */
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Null in a directory that no run has traded a venue's account from. */
export function readOpenings(dataDir: string): Openings | null {
  const file = join(dataDir, OPENINGS_FILE);
  if (!existsSync(file)) return null;
  const { version, openings } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown; openings?: Openings };
  if (version !== OPENINGS_VERSION || openings === undefined)
    throw new UsageError(`${file}: version ${String(version)} is not one that this program reads (${OPENINGS_VERSION})`);
  return openings;
}

/**
 * Opens what was never traded from this directory, before the first order there. Throws UsageError for a directory whose journal has orders of fill models: their
 * positions exist at no venue.
 */
export async function openJudgedAccounts(accounts: JudgedAccounts, hasHistory: boolean, tools: JudgeTools): Promise<Openings> {
  const known = readOpenings(accounts.dataDir);
  if (known === null && hasHistory) {
    throw new UsageError(
      `${accounts.dataDir} was traded by fill models, whose positions no venue knows; start with another --data, or go on there with --mode paper`,
    );
  }
  const openings: Record<string, AccountOpening> = { ...known };
  for (const entry of entriesOf(accounts)) {
    const before = openings[entry.venue];
    openings[entry.venue] =
      before === undefined ? await openAccount(entry, worldOf(tools)) : await joinInstruments(before, entry, worldOf(tools));
  }
  writeAtomically(join(accounts.dataDir, OPENINGS_FILE), `${JSON.stringify({ version: OPENINGS_VERSION, openings }, null, 1)}\n`);
  return openings;
}

/** @param store read under what the journal adds; null: the journal alone */
export async function judgeAccounts(
  accounts: JudgedAccounts,
  openings: Openings,
  tag: string,
  store: () => StoreReader | null,
  tools: JudgeTools,
): Promise<Verdict> {
  const venues: JudgedVenue[] = entriesOf(accounts).flatMap((entry) => {
    const opening = openings[entry.venue];
    return opening === undefined
      ? []
      : [{ ...entry, opening, engine: () => engineAccountOf(accounts.dataDir, entry.venue, entry.instruments, store()) }];
  });
  return judge({ ...worldOf(tools), venues, tag });
}

/** What each account moved by, for the ledger's comparison. */
export function movesOf(verdict: Verdict): VenueMove[] {
  return verdict.venues.flatMap(({ venue, assets }) => assets.map(({ asset, moved }) => ({ venue, asset, moved })));
}

function entriesOf({ instruments, keys, addresses }: JudgedAccounts): Omit<JudgedVenue, 'opening' | 'engine'>[] {
  const venues = [...new Set(instruments.map((instrument) => instrument.venue))];
  return venues.flatMap((venue) => {
    const credentials = keys.get(venue);
    if (credentials === undefined) return [];
    const rest = endpointsOf(venueAt(venue), addresses).rest;
    return [{ venue, rest, credentials, instruments: instruments.filter((instrument) => instrument.venue === venue) }];
  });
}

function worldOf({ http, clock, timers }: JudgeTools): JudgeWorld {
  return { http, clock, timers };
}

/** Everything that store and journal know of one venue's account. */
async function engineAccountOf(
  dataDir: string,
  venue: string,
  instruments: readonly Instrument[],
  below: StoreReader | null,
): Promise<EngineAccount> {
  const store = new OverlayStore(below);
  await catchUp(store, join(dataDir, 'journal'));
  const orders: EngineOrder[] = [];
  for await (const doc of store.allOrders()) {
    if (doc.venue !== venue) continue;
    const { clientOrderId: clientId, instrument, side, price, qty, filled, state } = doc;
    orders.push({ clientId, instrument, side, price, qty, filled, state });
  }
  const fills: EngineFill[] = [];
  for await (const doc of store.fills(ALL_TIME)) {
    if (doc.venue !== venue) continue;
    const { clientOrderId: clientId, instrument, tradeId, side, price, qty, fee, feeAsset } = doc;
    fills.push({ clientId, instrument, tradeId, side, price, qty, fee, feeAsset });
  }
  const contracts = new Set(instruments.filter(({ kind }) => kind !== 'spot').map(({ id }) => id));
  const lots = new Map<string, { lots: bigint; lotSize: string }>();
  for await (const { instrument, boughtLots, soldLots, lotSize } of store.positions()) {
    if (!contracts.has(instrument)) continue;
    const sum = (lots.get(instrument)?.lots ?? 0n) + BigInt(boughtLots - soldLots);
    lots.set(instrument, { lots: sum, lotSize });
  }
  const positions = [...lots].map(([instrument, held]) => ({ instrument, qty: formatTicks(Number(held.lots), held.lotSize) }));
  const fundings: { asset: string; amount: string }[] = [];
  for await (const doc of store.audit(ALL_TIME)) {
    if (doc.venue === venue) for (const { asset, amount } of doc.flows) fundings.push({ asset, amount });
  }
  return { orders, fills, positions, fundings };
}
