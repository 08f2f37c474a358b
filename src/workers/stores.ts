/** The stores that a configuration names, opened for a data directory. Hosts call it; secrets are resolved here and go no further than the store. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../config/load.js';
import type { ThorConfig } from '../config/schema.js';
import { UsageError } from '../core/numbers/errors.js';
import { secretText } from '../security/credentials.js';
import { readRunFile, type RunFile } from '../storage/data-dir.js';
import { MongoStore } from '../storage/mongo.js';
import { SHIPPED_CONFIG } from './config-host.js';
import { readSecretFile } from './keys-host.js';
import { readConfigFile } from './run-config.js';

/** What stands behind a reference that names no account: a database's URL, a passphrase. */
export function secretOf(reference: string, what: string): string {
  return secretText(reference, what, { env: process.env, readFile: readSecretFile });
}

/** Null where the configuration names no database. Nothing is connected before the store is first used. */
export function mongoStoreOf(config: ThorConfig, tag: string): MongoStore | null {
  const { mongo } = config.storage;
  if (mongo === undefined) return null;
  const { auditDays, candleDays } = mongo;
  return new MongoStore({ url: secretOf(mongo.url, 'storage.mongo.url'), tag, lifetimes: { auditDays, candleDays } });
}

/** The configuration of a verb that works on a data directory: `--config`, or the shipped one. */
export function configOf(flags: Readonly<Record<string, unknown>>): ThorConfig {
  const file = typeof flags['config'] === 'string' ? flags['config'] : SHIPPED_CONFIG;
  return parseConfig(readConfigFile('--config', file), file);
}

/** `--data`, which must be a data directory that an engine made. */
export function dataOf(flags: Readonly<Record<string, unknown>>): { readonly data: string; readonly file: RunFile } {
  const data = String(flags['data']);
  const file = readRunFile(data);
  if (file === null || !existsSync(join(data, 'journal')))
    throw new UsageError(`${data} is not a data directory: it has no run.json that can be read, or no journal`);
  return { data, file };
}
