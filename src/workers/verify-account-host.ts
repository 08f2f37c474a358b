/** `thor verify-account`: reads the venues' accounts by REST and a data directory by store and journal, and prints what differs. Works while an engine runs; writes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import type { Verdict } from '../judge/judge.js';
import { NodeHttpClient } from '../net/http-client.js';
import { catchUp } from '../storage/export.js';
import { LMDB_NAME, LmdbStore } from '../storage/lmdb.js';
import { OverlayStore } from '../storage/overlay.js';
import type { RunFile } from '../storage/data-dir.js';
import { marketTimeNow, SystemClock, SystemTimers } from './clock.js';
import { judgeAccounts, readOpenings, tradedIn } from './judgement.js';
import { defaultData } from './prepare.js';
import { readRunConfig } from './run-config.js';
import { tradeOptionsOf } from './trade-options.js';
import { readKeys } from './venue-accounts.js';
import { readAddresses, type Addresses } from './venues-process.js';

export async function runVerifyAccountVerb(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const options = tradeOptionsOf(flags);
  const dataDir = resolve(options.data ?? defaultData(options));
  const openings = readOpenings(dataDir);
  if (openings === null)
    throw new UsageError(`${dataDir}: no venue's account was traded from there; fill models have none to compare with`);
  const file = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunFile;
  const addresses = addressesOf(options.addresses, file);
  const store = LmdbStore.openToRead(join(dataDir, LMDB_NAME));
  const timers = new SystemTimers(1);
  const http = new NodeHttpClient({ timers });
  try {
    const reading = new OverlayStore(store);
    await catchUp(reading, join(dataDir, 'journal'));
    const tables = (await reading.runs()).at(-1)?.tables;
    if (tables === undefined) throw new UsageError(`${dataDir}: no run is in its journal`);
    const run = await readRunConfig({ ...options, mode: tables.mode, strategies: null, only: null });
    const { keys, missing } = await readKeys(run, tables.venues, addresses);
    if (missing.length > 0) throw new UsageError(`verify-account: missing: ${missing.join('; ')}`);
    const { verdict } = await judgeAccounts(
      { dataDir, instruments: tables.instruments, keys, addresses: addresses?.venues ?? {} },
      openings,
      tables.tag,
      { store: () => store, sumsAt: null, isTraded: tradedIn(tables) },
      { http, timers, clock: new SystemClock(addresses?.clock ?? marketTimeNow(1)) },
    );
    const lines = options.isJson ? [JSON.stringify(verdict)] : verdictLines(verdict, addresses !== null);
    process.stdout.write(`${lines.join('\n')}\n`);
    return verdict.isClean ? 0 : 1;
  } finally {
    await store?.close();
    http.close();
    timers.stop();
  }
}

/** Given by flag, or where the directory's own simulated venues are. Null: the venues' own addresses. */
function addressesOf(given: string | null, { addresses, mode }: RunFile): Addresses | null {
  const file = given ?? (typeof addresses === 'string' && existsSync(addresses) ? addresses : null);
  if (file !== null) return readAddresses(file);
  if (mode === 'sim')
    throw new UsageError('verify-account: the simulated venues of this directory do not run; start the engine, or give --addresses');
  return null;
}

function verdictLines(verdict: Verdict, isSimulated: boolean): string[] {
  const label = isSimulated ? 'SIMULATED  ' : '';
  return [
    ...verdict.venues.map(({ venue, error, trades, openOrders, differences, assets }) =>
      error === null
        ? `${label}${venue}: ${trades} trades, ${openOrders} open orders; differences: orders ${differences.orders}, fills ${differences.fills}, balances ${differences.balances}, positions ${differences.positions}; equity ${assets.map((one) => `${one.equity} ${one.asset}`).join(', ')}`
        : `${label}${venue}: not judged, ${error}`,
    ),
    ...verdict.lines,
    ...verdict.aside.map((line) => `left by an earlier run: ${line}`),
    ...verdict.foreign.map((line) => `not ours: ${line}`),
    verdict.isClean ? 'the same at the venues and here' : 'not the same',
  ];
}
