/**
 * `thor store sync|check|rebuild|compact [lmdb|mongo] --data DIR [--config FILE] [--json]`: the stores of a data directory against its journal. `check` and `compact` work
 * beside a running engine, the others take the directory's lock. Exit code 1: something differs, or a store could not be brought up.
 */
import { join } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import { compact } from '../storage/compact.js';
import { DirectoryLock, isRunning } from '../storage/directory-lock.js';
import { openEmbedded, openEmbeddedToRead, sealEmbedded } from '../storage/embedded-store.js';
import { LMDB_NAME } from '../storage/lmdb.js';
import type { Store, StoreReader } from '../storage/schema.js';
import { checkStores, journalEnd, rebuildStore, syncStore } from '../storage/store-tools.js';
import { configOf, dataOf, mongoStoreOf } from './stores.js';
import { oneOf } from './trade-options.js';

export const STORE_ACTIONS = ['sync', 'check', 'rebuild', 'compact'] as const;
const STORES = ['lmdb', 'mongo'] as const;
type StoreName = (typeof STORES)[number];

export async function runStoreVerb(action: string, which: string | undefined, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const what = oneOf('store', action, STORE_ACTIONS);
  const only = which === undefined ? null : oneOf(`store ${what}`, which, STORES);
  const { data, file } = dataOf(flags);
  const config = configOf(flags);
  const folder = join(data, 'journal');
  const path = join(data, LMDB_NAME);
  const isLive = !file.isStopped && isRunning(file.pid);
  const isJson = flags['json'] === true;
  const tell = (result: Readonly<Record<string, unknown>>, line: string): void =>
    void process.stdout.write(`${isJson ? JSON.stringify(result) : line}\n`);

  if (what === 'check' || what === 'compact') {
    const readers: { readonly name: StoreName; readonly reader: StoreReader }[] = [];
    const lmdb = await openEmbeddedToRead(path, isLive || file.isStopped);
    if (lmdb !== null) readers.push({ name: 'lmdb', reader: lmdb });
    const mongo = mongoStoreOf(config, file.tag);
    if (mongo !== null) readers.push({ name: 'mongo', reader: mongo });
    try {
      if (only === 'mongo' && mongo === null) throw noMongo(what);
      const asked = readers.filter(({ name }) => only === null || name === only);
      if (what === 'check') return await check(folder, asked, config.storage.mongo?.auditDays ?? 0, tell);
      const stores = [];
      for (const { name, reader } of readers)
        stores.push(
          await reader.position().catch((error: unknown) => {
            say(`store ${name} did not answer (${String(error)}): no segment goes`);
            return null;
          }),
        );
      // The embedded store is always one of them: without its file nothing is known to be anywhere else.
      if (lmdb === null) stores.push(null);
      const done = compact({ folder, stores, keepSegments: config.storage.keepSegments });
      for (const note of done.notes) say(note);
      tell(
        { ...done },
        `${done.checkpoint === null ? 'no checkpoint was due' : `checkpoint before segment ${done.checkpoint}`}, ${done.removed.length} segments removed`,
      );
      return 0;
    } finally {
      for (const { reader } of readers) await reader.close();
    }
  }

  const lock = DirectoryLock.take(join(data, 'lock'), process.pid);
  if (!(lock instanceof DirectoryLock))
    throw new UsageError(`store ${what}: ${data} is in use by the engine with pid ${lock.pid}: stop it first`);
  const open: Store[] = [];
  try {
    const lmdb = await openEmbedded({ path, journal: { folder, position: journalEnd(folder) }, onNotice: say });
    open.push(lmdb);
    const mongo = mongoStoreOf(config, file.tag);
    if (mongo !== null) open.push(mongo);
    if (only === 'mongo' && mongo === null) throw noMongo(what);
    if (what === 'rebuild' && only === null) throw new UsageError(`store rebuild: say which one, ${STORES.join(' or ')}`);
    for (const store of open) {
      if (only !== null && store.name !== only) continue;
      const elder = open.find((other) => other !== store);
      const options = { folder, store, onNotice: say, ...(elder === undefined ? {} : { elder }) };
      const records = await (what === 'sync' ? syncStore(options) : rebuildStore(options));
      tell({ store: store.name, records }, `${store.name}: ${records} records ${what === 'sync' ? 'taken in' : 'read again'}`);
    }
    return 0;
  } finally {
    for (const store of open) await store.close();
    sealEmbedded(path);
    lock.release();
  }
}

function noMongo(what: string): UsageError {
  return new UsageError(`store ${what} mongo: the configuration names no storage.mongo.url`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A database drops what is due within a minute; a day of grace covers clocks that differ. */
const DAY_MS = 86_400_000;

async function check(
  folder: string,
  readers: readonly { readonly name: string; readonly reader: StoreReader }[],
  auditDays: number,
  tell: (result: Readonly<Record<string, unknown>>, line: string) => void,
): Promise<number> {
  // What a database may have dropped is left out on both sides.
  const auditFromUs = auditDays === 0 ? 0 : (Date.now() - (auditDays - 1) * DAY_MS) * 1000;
  const { stores, differences, notes } = await checkStores(folder, readers, { auditFromUs });
  const lines = stores.map(
    ({ name, digest }) =>
      `${name}: ${Object.entries(digest)
        .map(([kind, { count }]) => `${count} ${kind}`)
        .join(', ')}`,
  );
  const verdict = differences.length === 0 ? 'the same everywhere, counts and hashes' : differences.join('\n');
  tell({ stores, differences, notes }, [...lines, ...notes, verdict].join('\n'));
  return differences.length === 0 ? 0 : 1;
}
