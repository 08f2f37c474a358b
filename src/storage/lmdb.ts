/**
 * The default store: one LMDB file beside the journal, written by the engine's service thread, readable by any other process meanwhile. A batch and the journal
 * position behind it are committed together, so the store is always the projection of a prefix of the journal.
 */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { type Key, open, type RootDatabase } from 'lmdb';
import { UsageError } from '../core/numbers/errors.js';
import {
  type AuditDoc,
  type FillDoc,
  type CandleDoc,
  type CandleStore,
  type LevelDoc,
  type OrderDoc,
  type ParametersDoc,
  type PositionDoc,
  type RunDoc,
  SCHEMA_VERSION,
  type Store,
  type StoreBatch,
  type StorePosition,
  type TimeRange,
} from './schema.js';

import { type RawTable, Sheet } from './sheet.js';

export const LMDB_NAME = 'store.lmdb';

interface Head {
  readonly version: number;
  readonly position: StorePosition;
}

const HEAD = 'head';
/** Above every key part that is a number. */
const LAST = Number.MAX_VALUE;
export const TABLES = ['head', 'runs', 'orders', 'fills', 'levels', 'audit', 'positions', 'parameters', 'candles'] as const;

export class LmdbStore implements Store, CandleStore {
  readonly name = 'lmdb';
  readonly #root: RootDatabase<unknown, string>;
  readonly #head: Sheet<string, Head>;
  readonly #runs: Sheet<number, RunDoc>;
  readonly #orders: Sheet<number, OrderDoc>;
  readonly #fills: Sheet<[number, number, number], FillDoc>;
  readonly #levels: Sheet<[string, number], LevelDoc>;
  readonly #audit: Sheet<[number, number, number], AuditDoc>;
  readonly #positions: Sheet<[string, string], PositionDoc>;
  readonly #parameters: Sheet<[number, string], ParametersDoc>;
  readonly #candles: Sheet<[number, string], CandleDoc>;

  /**
   * A file that is no whole LMDB file is put aside: what it held is made again from the journal. Damage inside of the pages is found by embedded-store.ts, which
   * hosts call. Throws UsageError for a store of another version.
   */
  constructor(path: string, options: { readonly readOnly?: boolean; readonly onNotice?: (text: string) => void } = {}) {
    if (options.readOnly !== true && !isWholeFile(path)) {
      renameSync(path, `${path}.damaged`);
      rmSync(`${path}-lock`, { force: true });
      options.onNotice?.(`${path} is damaged: it was renamed to ${LMDB_NAME}.damaged and is made again from the journal`);
    }
    this.#root = openRoot(path, options.readOnly ?? false);
    const table = <K extends Key, V>(name: (typeof TABLES)[number], keyOf: (doc: V) => K): Sheet<K, V> =>
      new Sheet<K, V>(name, this.#root.openDB<Uint8Array, K>({ name, encoding: 'binary' }), keyOf);
    this.#head = table<string, Head>('head', () => HEAD);
    this.#runs = table<number, RunDoc>('runs', (doc) => doc.tables.run);
    this.#orders = table<number, OrderDoc>('orders', (doc) => doc.orderId);
    this.#fills = table<[number, number, number], FillDoc>('fills', (doc) => [doc.tsUs, doc.orderId, doc.tradeId]);
    this.#levels = table<[string, number], LevelDoc>('levels', (doc) => [doc.strategy, doc.level]);
    this.#audit = table<[number, number, number], AuditDoc>('audit', (doc) => [doc.tsUs, doc.at.segment, doc.at.offset]);
    this.#positions = table<[string, string], PositionDoc>('positions', (doc) => [doc.strategy, doc.instrument]);
    this.#parameters = table<[number, string], ParametersDoc>('parameters', (doc) => [doc.run, doc.strategy]);
    this.#candles = table<[number, string], CandleDoc>('candles', (doc) => [doc.openUs, doc.instrument]);
    const version = this.#head.get(HEAD)?.version ?? SCHEMA_VERSION;
    if (version === SCHEMA_VERSION) return;
    void this.#root.close();
    throw new UsageError(`${path} has store format ${version}; this Thor reads format ${SCHEMA_VERSION}: use the version that wrote it`);
  }

  /** Null when there is no file, no whole one, or one of an older version: readers of another process neither create nor repair. */
  static openToRead(path: string): LmdbStore | null {
    if (!existsSync(path) || statSync(path).size === 0 || !isWholeFile(path)) return null;
    const root = openRoot(path, true);
    const isOldest = lacksTables(root);
    void root.close();
    return isOldest ? null : new LmdbStore(path, { readOnly: true });
  }

  position(): Promise<StorePosition | null> {
    return Promise.resolve(this.#head.get(HEAD)?.position ?? null);
  }

  runs(): Promise<readonly RunDoc[]> {
    return Promise.resolve([...this.#runs.range()]);
  }

  orders(ids: readonly number[]): Promise<ReadonlyMap<number, OrderDoc>> {
    const found = new Map<number, OrderDoc>();
    for (const id of ids) {
      const doc = this.#orders.get(id);
      if (doc !== undefined) found.set(id, doc);
    }
    return Promise.resolve(found);
  }

  allOrders(): Iterable<OrderDoc> {
    return this.#orders.range({ snapshot: false });
  }

  fills(range: TimeRange): Iterable<FillDoc> {
    return this.#fills.range({ start: [range.fromUs, 0, 0], end: [range.toUs, LAST, LAST], snapshot: false });
  }

  levels(): Iterable<LevelDoc> {
    return this.#levels.range();
  }

  audit(range: TimeRange): Iterable<AuditDoc> {
    return this.#audit.range({ start: [range.fromUs, 0, 0], end: [range.toUs, LAST, LAST], snapshot: false });
  }

  positions(): Iterable<PositionDoc> {
    return this.#positions.range();
  }

  parameters(): Iterable<ParametersDoc> {
    return this.#parameters.range();
  }

  candles(range: TimeRange, most?: number): Iterable<CandleDoc> {
    const limit = most === undefined ? {} : { limit: most };
    return this.#candles.range({ start: [range.fromUs, ''], end: [range.toUs + 1, ''], snapshot: false, ...limit });
  }

  lastCandleUs(): Promise<number> {
    return Promise.resolve(this.#candles.lastKey()?.[0] ?? 0);
  }

  async writeCandles(candles: readonly CandleDoc[]): Promise<void> {
    await this.#commit(() => {
      for (const doc of candles) this.#candles.put(doc);
    });
  }

  async write(batch: StoreBatch): Promise<void> {
    await this.#commit(() => {
      for (const doc of batch.runs) this.#runs.put(doc);
      for (const doc of batch.orders) this.#orders.put(doc);
      for (const doc of batch.fills) this.#fills.put(doc);
      for (const doc of batch.levels) this.#levels.put(doc);
      for (const doc of batch.audit) this.#audit.put(doc);
      for (const doc of batch.positions) this.#positions.put(doc);
      for (const doc of batch.parameters) this.#parameters.put(doc);
      this.#head.put({ version: SCHEMA_VERSION, position: batch.position });
    });
  }

  async clear(): Promise<void> {
    await this.#commit(() => {
      for (const table of this.#fromJournal()) table.clear();
    });
  }

  /** Reads everything; throws EngineError STORE_DAMAGED when a document is not what was written. */
  check(): void {
    for (const table of [...this.#fromJournal(), this.#candles]) table.check();
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #fromJournal(): readonly { check(): void; clear(): void }[] {
    return [this.#head, this.#runs, this.#orders, this.#fills, this.#levels, this.#audit, this.#positions, this.#parameters];
  }

  /** Inside of a batch a put makes no promise of its own. */
  async #commit(puts: () => void): Promise<void> {
    try {
      await this.#root.batch(puts);
    } catch (error) {
      throw await reasonOf(error);
    }
  }
}

function openRoot(path: string, readOnly: boolean): RootDatabase<unknown, string> {
  // Without a batch for each turn of the event loop: its promise is lmdb's own, and rejected by a full disk it would end the process (3.5.6).
  return open<unknown, string>({ path, noSubdir: true, maxDbs: 16, eventTurnBatching: false, readOnly });
}

function lacksTables(root: RootDatabase<unknown, string>): boolean {
  const raw = (name: (typeof TABLES)[number]): RawTable<string> | undefined =>
    root.openDB<Uint8Array, string>({ name, encoding: 'binary' });
  return raw('head')?.get(HEAD) !== undefined && raw('positions') === undefined;
}

/** lmdb's own error says only that a commit failed; a second promise, which must be awaited too, says why. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (why) {
    return why;
  }
}

const META_BYTES = 96;
const META_MAGIC = 24;
const META_PAGE_SIZE = 48;
const META_LAST_PAGE = 88;
const LMDB_MAGIC = 0xbeefc0de;

/**
 * Whether both meta pages are those of an LMDB file and all its pages are there: lmdb maps the file and takes the process down when they are not
 * (tried with 3.5.6: garbage, and a file cut short, end in SIGSEGV or SIGBUS). True for a file that does not exist or is empty.
 */
export function isWholeFile(path: string): boolean {
  if (!existsSync(path)) return true;
  const size = statSync(path).size;
  if (size === 0) return true;
  const file = openSync(path, 'r');
  try {
    const meta = Buffer.alloc(META_BYTES);
    let pageBytes = 0;
    for (let page = 0; page < 2; page++) {
      if (readSync(file, meta, 0, META_BYTES, page * pageBytes) < META_BYTES || meta.readUInt32LE(META_MAGIC) !== LMDB_MAGIC) return false;
      if (page === 0) pageBytes = meta.readUInt32LE(META_PAGE_SIZE);
      const isPageSize = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
      if (!isPageSize || size < (Number(meta.readBigUInt64LE(META_LAST_PAGE)) + 1) * pageBytes) return false;
    }
    return true;
  } finally {
    closeSync(file);
  }
}
