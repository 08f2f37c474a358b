/** The accounts of a run at its venues: keys from their references, what each venue says before anything is sent, and every reason not to trade live. Main thread, at start. */
import { dirname, resolve } from 'node:path';
import { EngineError, messageOf, UsageError } from '../core/numbers/errors.js';
import type { Instrument } from '../core/orders/instrument.js';
import type { HttpClient } from '../core/ports/http.js';
import type { Credentials } from '../core/ports/private-events.js';
import { prepareCcxt, type MarketsHandOver } from '../execution/gateways/ccxt.js';
import { exchangeIdOf, loadExchangeClass, type ExchangeClass } from '../execution/gateways/ccxt/exchange-class.js';
import { findVenue } from '../feeds/registry.js';
import { credentialsOf, type SecretSources } from '../security/credentials.js';
import type { KeyEntries } from '../security/key-file.js';
import { readKeyFile, readSecretFile } from './keys-host.js';
import type { RunConfig } from './run-config.js';
import type { Mode, TradeOptions } from './trade-options.js';
import type { Addresses, VenueAddress } from './venues-process.js';

/** One venue that is traded through its own order entry. */
export interface VenueAccount {
  readonly venue: string;
  readonly credentials: Credentials;
  /** Base address of simulated venues, null for the venue's own. */
  readonly address: string | null;
  readonly handOver: MarketsHandOver;
  readonly exchangeClass: ExchangeClass;
  readonly hasPrivateStream: boolean;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** Between questions to a venue that was not ready: a minute in all, which is what venues count by. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** What passes by itself: a rate limit, a maintenance, a connection, a signature that a busy machine held back. */
const PASSING = /rate limit|too many|maintenance|unavailable|timeout|overload|ECONN|HTTP_|50\d|timestamp|recv_?window|request has expired/i;

/** Recordings answer no orders, and mode paper wants none: there the fill models trade. */
export function tradesByPaper(mode: Mode, isReplay: boolean, addresses: Addresses | null): boolean {
  return isReplay || mode === 'paper' || addresses?.replay === true;
}

export interface FoundKeys {
  readonly keys: ReadonlyMap<string, Credentials>;
  /** A line for each venue without a key, and what is wrong with its reference. */
  readonly missing: readonly string[];
}

/** Keys of the venues that trade. The encrypted key file is asked for its passphrase only when something in it is wanted. */
export async function readKeys(run: RunConfig, venues: readonly string[], addresses: Addresses | null): Promise<FoundKeys> {
  const entries = run.config.venues.filter((venue) => venues.includes(venue.id));
  const folder = dirname(resolve(run.file));
  const wantsKeyFile = entries.some((venue) => venue.keys?.startsWith('keys:') === true);
  const keyFile: KeyEntries = wantsKeyFile ? await readKeyFile(resolve(folder, run.config.keyFile)) : {};
  const sources: SecretSources = {
    env: process.env,
    readFile: (path) => readSecretFile(resolve(folder, path)),
    keyEntry: (name) => keyFile[name] ?? null,
  };
  const keys = new Map<string, Credentials>();
  const missing: string[] = [];
  for (const { id, keys: reference } of entries) {
    const given = addressKeys(addresses?.venues[id]);
    if (reference === undefined && given === null) missing.push(nothingOf(id, addresses));
    else if (reference === undefined && given !== null) keys.set(id, given);
    else if (reference !== undefined) {
      try {
        keys.set(id, credentialsOf(reference, `keys of ${id}`, sources));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        missing.push(error.message);
      }
    }
  }
  return { keys, missing };
}

function nothingOf(id: string, addresses: Addresses | null): string {
  if (addresses === null || addresses.venues[id] !== undefined) return `keys of ${id} (venues: keys: 'env:NAME')`;
  return `${id}, which --addresses does not name (--only says which venues trade)`;
}

function addressKeys(address: VenueAddress | undefined): Credentials | null {
  const { apiKey, secret } = address ?? {};
  return apiKey === undefined || secret === undefined ? null : { apiKey, secret };
}

/** What stands against trading in this mode, by name; nothing of it needs a venue. */
export function missingFor(mode: Mode, run: RunConfig, found: FoundKeys): string[] {
  const isUnbounded = mode === 'live' && Object.keys(run.config.risk).length === 0;
  return [...found.missing, ...(isUnbounded ? ['a written risk block (risk:)'] : [])];
}

/** Asks every venue what must be known before trading. Throws UsageError for what a person must change, EngineError for what may pass. */
export async function openAccounts(
  options: TradeOptions,
  keys: ReadonlyMap<string, Credentials>,
  given: { readonly addresses: Addresses | null; readonly instruments: readonly Instrument[]; readonly http: HttpClient; wallUs(): number },
  say: (text: string) => void,
): Promise<VenueAccount[]> {
  const venues = [...new Set(given.instruments.map((instrument) => instrument.venue))];
  const results = await Promise.allSettled(venues.map((venue) => openPatiently(venue, keys.get(venue) ?? null, given, say)));
  const accounts: VenueAccount[] = [];
  const troubles: string[] = [];
  for (const [index, result] of results.entries()) {
    const venue = venues[index] ?? '';
    if (result.status === 'rejected') troubles.push(troubleOf(venue, result.reason));
    else {
      accounts.push(result.value);
      for (const note of result.value.handOver.notes) say(note);
      troubles.push(...objections(options.mode, result.value, say));
    }
  }
  if (troubles.length > 0) throw new UsageError(`--mode ${options.mode} cannot start; ${troubles.join('; ')}`);
  return accounts;
}

/** A venue that is busy, or counts our last run's requests still, is asked again: a restart must not fail for that. */
async function openPatiently(
  venue: string,
  credentials: Credentials | null,
  given: Parameters<typeof openAccount>[2],
  say: (text: string) => void,
): Promise<VenueAccount> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await openAccount(venue, credentials, given);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'VENUE_NOT_READY') throw error;
      if (error.recovery !== 'retry' && !PASSING.test(error.message)) throw error;
      say(`${venue} is not ready, asked again in ${pauseMs / 1000} s: ${messageOf(error)}`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return openAccount(venue, credentials, given);
}

async function openAccount(
  venue: string,
  credentials: Credentials | null,
  given: { readonly addresses: Addresses | null; readonly instruments: readonly Instrument[]; readonly http: HttpClient; wallUs(): number },
): Promise<VenueAccount> {
  if (credentials === null) throw new UsageError(`no key of ${venue} is given`);
  const address = given.addresses?.venues[venue]?.rest ?? null;
  const handOver = await prepareCcxt(venue, {
    credentials,
    address,
    instruments: given.instruments,
    http: given.http,
    timeoutMs: REQUEST_TIMEOUT_MS,
    wallUs: () => given.wallUs(),
  });
  return {
    venue,
    credentials,
    address,
    handOver,
    exchangeClass: await loadExchangeClass(exchangeIdOf(venue)),
    hasPrivateStream: findVenue(venue)?.private !== undefined,
  };
}

function troubleOf(venue: string, error: unknown): string {
  if (error instanceof EngineError || error instanceof UsageError) return `${venue}: ${messageOf(error)}`;
  throw error;
}

/** A key that may withdraw is refused wherever the venue tells; an account with two positions a contract would double what is meant to be closed. */
function objections(mode: Mode, { venue, handOver }: VenueAccount, say: (text: string) => void): string[] {
  const wrong: string[] = [];
  if (handOver.canWithdraw === true) wrong.push(`the key of ${venue} may withdraw: make one that may only trade`);
  if (handOver.canWithdraw === null && mode === 'live') say(`${venue} does not tell whether its key may withdraw: see that it may not`);
  if (handOver.isOneWay === false) wrong.push(`${venue} is in hedge mode: set its position mode to one-way`);
  return wrong;
}
