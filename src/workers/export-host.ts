/** `thor export`: rows of a data directory to stdout. */
import { EXPORT_FORMATS, EXPORT_KINDS, runExport } from '../storage/export.js';
import { oneOf } from './trade-options.js';

export async function runExportVerb(what: string, flags: Readonly<Record<string, unknown>>): Promise<number> {
  const given = (name: 'from' | 'to'): Partial<Record<'from' | 'to', string>> =>
    typeof flags[name] === 'string' ? { [name]: flags[name] } : {};
  const kind = oneOf('export', what, EXPORT_KINDS);
  const format = oneOf('--format', typeof flags['format'] === 'string' ? flags['format'] : 'ndjson', EXPORT_FORMATS);
  await runExport(
    { kind, format, data: String(flags['data']), ...given('from'), ...given('to') },
    (text) => void process.stdout.write(text),
  );
  return 0;
}
