/** `thor export`: rows of a data directory to stdout. */
import { UsageError } from '../core/numbers/errors.js';
import { EXPORT_FORMATS, EXPORT_KINDS, runExport } from '../storage/export.js';
import { configOf, dataOf, mongoStoreOf } from './stores.js';
import { oneOf } from './trade-options.js';

const STORES = ['lmdb', 'mongo'] as const;

export async function runExportVerb(what: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const given = (name: 'from' | 'to'): Partial<Record<'from' | 'to', string>> =>
    typeof flags[name] === 'string' ? { [name]: flags[name] } : {};
  const kind = oneOf('export', what, EXPORT_KINDS);
  const format = oneOf('--format', typeof flags['format'] === 'string' ? flags['format'] : 'ndjson', EXPORT_FORMATS);
  const which = oneOf('--store', typeof flags['store'] === 'string' ? flags['store'] : 'lmdb', STORES);
  const mongo = which === 'mongo' ? mongoStoreOf(configOf(flags), dataOf(flags).file.tag) : null;
  if (which === 'mongo' && mongo === null)
    throw new UsageError('export --store mongo: the configuration names no database (storage.mongo.url)');
  await runExport(
    { kind, format, data: String(flags['data']), ...given('from'), ...given('to'), ...(mongo === null ? {} : { store: mongo }) },
    (text) => void process.stdout.write(text),
  );
  return 0;
}
