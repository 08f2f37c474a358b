/**
 * The verb `export`: orders, fills, levels and ledger rows of a data directory as lines of JSON or CSV. Reads the store, and the journal for what the store does not
 * have (all of it when there is no store); works while an engine runs on the directory. Writes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../core/numbers/errors.js';
import { loadCheckpoint } from './checkpoint.js';
import { readRunFile } from './data-dir.js';
import { isRunning } from './directory-lock.js';
import { nodeDisk } from './disk.js';
import { openEmbeddedToRead } from './embedded-store.js';
import { JournalReader } from './journal-reader.js';
import { LMDB_NAME } from './lmdb.js';
import { OverlayStore } from './overlay.js';
import { type JournalItem, Projection } from './projection.js';
import type { StoreReader, TimeRange } from './schema.js';
import { segmentName } from './segment.js';
import { collector } from './store-feed.js';
import { seedFromCheckpoint } from './store-seed.js';

export const EXPORT_KINDS = ['orders', 'fills', 'levels', 'ledger'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];
export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly kind: ExportKind;
  /** The data directory. */
  readonly data: string;
  readonly format?: ExportFormat;
  /** ISO date or time (UTC where it names no zone), or seconds, milliseconds or microseconds since 1970. Orders: by creation. Inclusive. */
  readonly from?: string;
  readonly to?: string;
  /** Read this store instead of the embedded one; it is closed afterwards. */
  readonly store?: StoreReader;
}

type Row = Readonly<Record<string, string | number | boolean>>;

/** Columns in the order of the CSV; the same keys in JSON. */
const COLUMNS: Readonly<Record<ExportKind, readonly string[]>> = {
  orders: [
    'orderId',
    'clientOrderId',
    'run',
    'strategy',
    'kind',
    'venue',
    'instrument',
    'level',
    'side',
    'price',
    'qty',
    'filled',
    'state',
    'reason',
    'postOnly',
    'reduceOnly',
    'timeInForce',
    'group',
    'created',
    'createdUs',
    'updated',
    'updatedUs',
  ],
  fills: [
    'time',
    'tsUs',
    'tradeId',
    'orderId',
    'clientOrderId',
    'run',
    'strategy',
    'kind',
    'venue',
    'instrument',
    'level',
    'side',
    'price',
    'qty',
    'fee',
    'feeAsset',
    'liquidity',
  ],
  levels: ['strategy', 'level', 'instrument', 'side', 'state', 'price', 'qty', 'filled', 'auxTicks', 'auxLots', 'updated', 'updatedUs'],
  ledger: ['time', 'tsUs', 'venue', 'asset', 'amount', 'kind', 'strategy', 'instrument', 'orderId', 'tradeId'],
};

const BATCH_ITEMS = 4096;

/** Calls `write` with whole lines; resolves with the number of rows. Throws UsageError for a directory without a journal and for times that are none. */
export async function runExport(options: ExportOptions, write: (text: string) => void): Promise<number> {
  const folder = join(options.data, 'journal');
  const storePath = join(options.data, LMDB_NAME);
  if (!existsSync(folder) && !existsSync(storePath))
    throw new UsageError(`${options.data} is not a data directory: it has neither journal nor store`);
  const range = { fromUs: timeUs(options.from, 'from') ?? 0, toUs: timeUs(options.to, 'to') ?? Number.MAX_SAFE_INTEGER };
  const store = new OverlayStore(options.store ?? (await openEmbeddedToRead(storePath, !isCrashed(options.data))));
  try {
    await catchUp(store, folder);
    const format = options.format ?? 'ndjson';
    const columns = COLUMNS[options.kind];
    if (format === 'csv') write(`${columns.join(',')}\n`);
    let count = 0;
    for await (const row of rowsOf(store, options.kind, range)) {
      write(format === 'csv' ? `${columns.map((column) => csvField(row[column] ?? '')).join(',')}\n` : `${JSON.stringify(row)}\n`);
      count++;
    }
    return count;
  } finally {
    await store.close();
  }
}

/** Whether the last engine on the directory ended without a word: then its store is looked at before it is trusted. */
function isCrashed(data: string): boolean {
  const file = readRunFile(data);
  return file !== null && !file.isStopped && !isRunning(file.pid);
}

/** Adds to a reading of a store what the journal has and the store has not. Where the journal was compacted and there is no store, the checkpoint speaks first. */
export async function catchUp(store: OverlayStore, folder: string): Promise<void> {
  if ((await store.position()) === null) {
    const { checkpoint } = loadCheckpoint(folder, nodeDisk, false);
    if (checkpoint !== null && !nodeDisk.list(folder).includes(segmentName(1))) await seedFromCheckpoint(checkpoint, store);
  }
  const from = await store.position();
  const reader = new JournalReader(from === null ? { folder } : { folder, from });
  const projection = await Projection.over(store);
  try {
    for (;;) {
      const items: JournalItem[] = [];
      if (reader.read(collector(reader, items), BATCH_ITEMS) === 0) return;
      await store.write(await projection.project(items, store, reader.position));
    }
  } finally {
    reader.close();
  }
}

async function* rowsOf(store: OverlayStore, kind: ExportKind, range: TimeRange): AsyncGenerator<Row> {
  if (kind === 'orders') {
    for await (const doc of store.allOrders())
      if (isWithin(doc.createdUs, range)) yield pick(kind, { ...doc, created: isoOf(doc.createdUs), updated: isoOf(doc.updatedUs) });
  } else if (kind === 'fills') {
    for await (const doc of store.fills(range)) yield pick(kind, { ...doc, time: isoOf(doc.tsUs) });
  } else if (kind === 'levels') {
    for await (const doc of store.levels()) if (isWithin(doc.updatedUs, range)) yield pick(kind, { ...doc, updated: isoOf(doc.updatedUs) });
  } else {
    yield* ledgerRows(store, range);
  }
}

/** One row a change of a wallet: fills and funding, by time. */
async function* ledgerRows(store: OverlayStore, range: TimeRange): AsyncGenerator<Row> {
  const fundings: { readonly tsUs: number; readonly row: Row }[] = [];
  for await (const doc of store.audit(range)) {
    const time = isoOf(doc.tsUs);
    for (const flow of doc.flows) fundings.push({ tsUs: doc.tsUs, row: pick('ledger', { ...doc, time, tradeId: '', ...flow }) });
  }
  let next = 0;
  for await (const doc of store.fills(range)) {
    for (let one = fundings[next]; one !== undefined && one.tsUs < doc.tsUs; one = fundings[++next]) yield one.row;
    for (const flow of doc.flows) yield pick('ledger', { ...doc, time: isoOf(doc.tsUs), ...flow });
  }
  for (const { row } of fundings.slice(next)) yield row;
}

function pick(kind: ExportKind, source: Readonly<Record<string, unknown>>): Row {
  const row: Record<string, string | number | boolean> = {};
  for (const column of COLUMNS[kind]) {
    const value = source[column];
    row[column] = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : '';
  }
  return row;
}

function isWithin(us: number, range: TimeRange): boolean {
  return us >= range.fromUs && us <= range.toUs;
}

/** With six digits: the store's microseconds are not cut. */
function isoOf(us: number): string {
  if (!Number.isFinite(us)) return '';
  const whole = Math.floor(us / 1_000_000);
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(Math.floor(us - whole * 1_000_000)).padStart(6, '0')}Z`;
}

function timeUs(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  if (/^\d{1,16}$/.test(text)) {
    const value = Number(text);
    return text.length <= 10 ? value * 1_000_000 : text.length <= 13 ? value * 1000 : value;
  }
  const hasZone = /[zZ]$|[+-]\d\d:?\d\d$/.test(text);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(hasZone || isDate ? text : `${text}Z`) : NaN;
  if (Number.isNaN(ms)) throw new UsageError(`--${name} must be a date, an ISO time or a time since 1970, was '${text}'`);
  // A date as the end of a range means all of that day.
  return ms * 1000 + (isDate && name === 'to' ? 86_400_000_000 - 1 : 0);
}

/** Quoted when it has to be (RFC 4180). */
function csvField(value: string | number | boolean): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
