/**
 * The judge's host: gives it the venues' keys and addresses, and the engine's side as store and journal have it. At the end of a run, and for `verify-account`.
 * What the accounts held before this data directory's first order is kept in it, in `accounts.json`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDecimal, formatTicks, parseDecimal } from '../core/numbers/decimal.js';
import { UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Clock, Timers } from '../core/ports/clock.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';
import type { AccountOpening, EngineAccount, EngineFill, EngineOrder } from '../judge/engine-account.js';
import { joinInstruments, judge, openAccount, type JudgedVenue, type JudgeWorld, type VenueVerdict, type Verdict } from '../judge/judge.js';
import { writeAtomically } from '../storage/directory-lock.js';
import { catchUp } from '../storage/export.js';
import { OverlayStore } from '../storage/overlay.js';
import type { StoreReader } from '../storage/schema.js';
import { endpointsOf, venueAt } from './instruments.js';
import type { VenueResidual, VenueSums } from './money.js';
import type { VenueAddress } from './venues-process.js';

const OPENINGS_FILE = 'accounts.json';
const OPENINGS_VERSION = 1;
/** A busy engine books while its journal is read. */
const READ_TRIES = 5;
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

export interface Judged {
  readonly verdict: Verdict;
  /** What the accounts had beyond the ledger's sums, each at the moment of its own comparison. Empty without a ledger. */
  readonly residuals: readonly VenueResidual[];
}

export interface JudgedEngine {
  /** Read under what the journal adds; null: the journal alone. */
  readonly store: () => StoreReader | null;
  /** Of a running ledger, which is compared as well; null: there is none. */
  readonly sumsAt: ((venue: string) => VenueSums) | null;
  /** The run has this strategy on this instrument: what earlier runs left on others stays in the journal alone. */
  readonly isTraded: (strategy: string, instrument: string) => boolean;
}

/** What `isTraded` is in a run of these tables. */
export function tradedIn(tables: RunTables): JudgedEngine['isTraded'] {
  const strategies = new Set(tables.strategies.map(({ name }) => name));
  const instruments = new Set(tables.instruments.map(({ id }) => id));
  return (strategy, instrument) => strategies.has(strategy) && instruments.has(instrument);
}

export async function judgeAccounts(
  accounts: JudgedAccounts,
  openings: Openings,
  tag: string,
  { store, sumsAt, isTraded }: JudgedEngine,
  tools: JudgeTools,
): Promise<Judged> {
  const sums = new Map<string, VenueSums>();
  const beside = new Map<string, ReadonlyMap<string, string>>();
  /** The ledger's sums and the journal's rows of one moment: read again while something comes in between. */
  const engineOf = async (venue: string, instruments: readonly Instrument[]): Promise<EngineAccount> => {
    for (let tries = 1; ; tries++) {
      const before = sumsAt?.(venue);
      const found = await engineAccountOf(accounts.dataDir, venue, instruments, store(), isTraded);
      if (before === undefined) return found.account;
      sums.set(venue, before);
      beside.set(venue, found.beside);
      if (sumsAt?.(venue).entries === before.entries || tries === READ_TRIES) return found.account;
    }
  };
  const everTraded = await instrumentsOfAllRuns(accounts, store());
  const venues: JudgedVenue[] = entriesOf({ ...accounts, instruments: everTraded }).flatMap((entry) => {
    const opening = openings[entry.venue];
    if (opening === undefined) return [];
    const instruments = entry.instruments.filter(({ id }) => opening.cursor[id] !== undefined);
    return [{ ...entry, instruments, opening, engine: () => engineOf(entry.venue, instruments) }];
  });
  const verdict = await judge({ ...worldOf(tools), venues, tag });
  return { verdict, residuals: verdict.venues.flatMap((one) => residualsOf(one, sums.get(one.venue), beside.get(one.venue) ?? new Map())) };
}

/** @param beside what the journal has and the ledger has not */
function residualsOf({ venue, assets }: VenueVerdict, sums: VenueSums | undefined, beside: ReadonlyMap<string, string>): VenueResidual[] {
  if (sums === undefined) return [];
  const named = new Set(assets.map(({ asset }) => asset));
  const told = assets.map(({ asset, moved }) => ({
    venue,
    asset,
    residual: difference(difference(moved, beside.get(asset) ?? '0'), sums.wallets.get(asset) ?? '0'),
  }));
  // An asset that the venue's trades do not touch must not have moved here either.
  const untold = [...sums.wallets]
    .filter(([asset]) => !named.has(asset))
    .map(([asset, wallet]) => ({ venue, asset, residual: difference('0', wallet) }));
  return [...told, ...untold];
}

function difference(a: string, b: string): string {
  const x = parseDecimal(a);
  const y = parseDecimal(b);
  const scale = Math.max(x.scale, y.scale);
  return formatDecimal(x.mantissa * 10n ** BigInt(scale - x.scale) - y.mantissa * 10n ** BigInt(scale - y.scale), scale);
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

/** Those of this run first: orders and trades of an earlier one on other instruments are still the account's. */
async function instrumentsOfAllRuns(accounts: JudgedAccounts, below: StoreReader | null): Promise<readonly Instrument[]> {
  const store = new OverlayStore(below);
  await catchUp(store, join(accounts.dataDir, 'journal'));
  const byId = new Map<string, Instrument>();
  for (const { tables } of await store.runs()) for (const instrument of tables.instruments) byId.set(instrument.id, instrument);
  for (const instrument of accounts.instruments) byId.set(instrument.id, instrument);
  return [...byId.values()];
}

/** Everything that store and journal know of one venue's account, and what of it moved the wallets beside the ledger. */
async function engineAccountOf(
  dataDir: string,
  venue: string,
  instruments: readonly Instrument[],
  below: StoreReader | null,
  isTraded: JudgedEngine['isTraded'],
): Promise<{ readonly account: EngineAccount; readonly beside: ReadonlyMap<string, string> }> {
  const store = new OverlayStore(below);
  await catchUp(store, join(dataDir, 'journal'));
  const beside = new Map<string, string>();
  const setAside = (strategy: string, instrument: string, flows: readonly { readonly asset: string; readonly amount: string }[]): void => {
    if (isTraded(strategy, instrument)) return;
    for (const { asset, amount } of flows) beside.set(asset, difference(beside.get(asset) ?? '0', difference('0', amount)));
  };
  const orders: EngineOrder[] = [];
  for await (const doc of store.allOrders()) {
    if (doc.venue !== venue) continue;
    const { clientOrderId: clientId, instrument, side, price, qty, filled, state } = doc;
    orders.push({ clientId, instrument, side, price, qty, filled, state, isAside: !isTraded(doc.strategy, instrument) });
  }
  const fills: EngineFill[] = [];
  for await (const doc of store.fills(ALL_TIME)) {
    if (doc.venue !== venue) continue;
    const { clientOrderId: clientId, instrument, tradeId, side, price, qty, fee, feeAsset } = doc;
    setAside(doc.strategy, doc.instrument, doc.flows);
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
    if (doc.venue !== venue) continue;
    setAside(doc.strategy, doc.instrument, doc.flows);
    for (const { asset, amount } of doc.flows) fundings.push({ asset, amount });
  }
  return { account: { orders, fills, positions, fundings }, beside };
}
