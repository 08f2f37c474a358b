/**
 * The default store: one LMDB file beside the journal, written by the engine's service thread, readable by any other process meanwhile. A batch and the journal
 * position behind it are committed together, so the store is always the projection of a prefix of the journal.
 */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
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

export const LMDB_NAME = 'store.lmdb';

interface Head {
  readonly version: number;
  readonly position: StorePosition;
}

const HEAD = 'head';
/** Above every key part that is a number. */
const LAST = Number.MAX_VALUE;

export class LmdbStore implements Store, CandleStore {
  readonly name = 'lmdb';
  readonly #root: RootDatabase<unknown, string>;
  readonly #head: Database<Head, string>;
  readonly #runs: Database<RunDoc, number>;
  readonly #orders: Database<OrderDoc, number>;
  readonly #fills: Database<FillDoc, [number, number, number]>;
  readonly #levels: Database<LevelDoc, [string, number]>;
  readonly #audit: Database<AuditDoc, [number, number, number]>;
  readonly #positions: Database<PositionDoc, [string, string]>;
  readonly #parameters: Database<ParametersDoc, [number, string]>;
  readonly #candles: Database<CandleDoc, [number, string]>;

  /**
   * A file that is no whole LMDB file is put aside: what it held is made again from the journal. Throws UsageError for a store of another version.
   */
  constructor(path: string, options: { readonly readOnly?: boolean; readonly onNotice?: (text: string) => void } = {}) {
    if (options.readOnly !== true && !isWhole(path)) {
      renameSync(path, `${path}.damaged`);
      rmSync(`${path}-lock`, { force: true });
      options.onNotice?.(`${path} is damaged: it was renamed to ${LMDB_NAME}.damaged and is made again from the journal`);
    }
    // Without a batch for each turn of the event loop: its promise is lmdb's own, and rejected by a full disk it would end the process (3.5.6).
    this.#root = open<unknown, string>({ path, noSubdir: true, maxDbs: 16, eventTurnBatching: false, readOnly: options.readOnly ?? false });
    this.#head = this.#root.openDB<Head, string>({ name: 'head' });
    this.#runs = this.#root.openDB<RunDoc, number>({ name: 'runs' });
    this.#orders = this.#root.openDB<OrderDoc, number>({ name: 'orders' });
    this.#fills = this.#root.openDB<FillDoc, [number, number, number]>({ name: 'fills' });
    this.#levels = this.#root.openDB<LevelDoc, [string, number]>({ name: 'levels' });
    this.#audit = this.#root.openDB<AuditDoc, [number, number, number]>({ name: 'audit' });
    this.#positions = this.#root.openDB<PositionDoc, [string, string]>({ name: 'positions' });
    this.#parameters = this.#root.openDB<ParametersDoc, [number, string]>({ name: 'parameters' });
    this.#candles = this.#root.openDB<CandleDoc, [number, string]>({ name: 'candles' });
    const version = this.#head.get(HEAD)?.version ?? SCHEMA_VERSION;
    if (version !== SCHEMA_VERSION) {
      void this.#root.close();
      throw new UsageError(
        `${path} has store format ${version}; this Thor reads format ${SCHEMA_VERSION}: move it away, it is made again from the journal`,
      );
    }
  }

  /** Null when there is no file, or no whole one: readers of another process neither create nor repair. */
  static openToRead(path: string): LmdbStore | null {
    return existsSync(path) && statSync(path).size > 0 && isWhole(path) ? new LmdbStore(path, { readOnly: true }) : null;
  }

  position(): Promise<StorePosition | null> {
    return Promise.resolve(this.#head.get(HEAD)?.position ?? null);
  }

  runs(): Promise<readonly RunDoc[]> {
    return Promise.resolve([...valuesOf(this.#runs.getRange({}))]);
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
    return valuesOf(this.#orders.getRange({ snapshot: false }));
  }

  fills(range: TimeRange): Iterable<FillDoc> {
    return valuesOf(this.#fills.getRange({ start: [range.fromUs, 0, 0], end: [range.toUs, LAST, LAST], snapshot: false }));
  }

  levels(): Iterable<LevelDoc> {
    return valuesOf(this.#levels.getRange({}));
  }

  audit(range: TimeRange): Iterable<AuditDoc> {
    return valuesOf(this.#audit.getRange({ start: [range.fromUs, 0, 0], end: [range.toUs, LAST, LAST], snapshot: false }));
  }

  positions(): Iterable<PositionDoc> {
    return valuesOf(this.#positions.getRange({}));
  }

  parameters(): Iterable<ParametersDoc> {
    return valuesOf(this.#parameters.getRange({}));
  }

  candles(range: TimeRange, most?: number): Iterable<CandleDoc> {
    const limit = most === undefined ? {} : { limit: most };
    return valuesOf(this.#candles.getRange({ start: [range.fromUs, ''], end: [range.toUs + 1, ''], snapshot: false, ...limit }));
  }

  lastCandleUs(): Promise<number> {
    const [last] = [...this.#candles.getKeys({ reverse: true, limit: 1 })];
    return Promise.resolve(last?.[0] ?? 0);
  }

  async writeCandles(candles: readonly CandleDoc[]): Promise<void> {
    await this.#commit(() => {
      for (const doc of candles) void this.#candles.put([doc.openUs, doc.instrument], doc);
    });
  }

  async clear(): Promise<void> {
    await this.#commit(() => {
      for (const one of [this.#head, this.#runs, this.#orders, this.#fills, this.#levels, this.#audit, this.#positions, this.#parameters])
        one.clearSync();
    });
  }

  /** A whole copy as of now, while it is written. */
  copyTo(path: string): Promise<void> {
    return this.#root.backup(path, true);
  }

  async write(batch: StoreBatch): Promise<void> {
    await this.#commit(() => {
      for (const doc of batch.runs) void this.#runs.put(doc.tables.run, doc);
      for (const doc of batch.orders) void this.#orders.put(doc.orderId, doc);
      for (const doc of batch.fills) void this.#fills.put([doc.tsUs, doc.orderId, doc.tradeId], doc);
      for (const doc of batch.levels) void this.#levels.put([doc.strategy, doc.level], doc);
      for (const doc of batch.audit) void this.#audit.put([doc.tsUs, doc.at.segment, doc.at.offset], doc);
      for (const doc of batch.positions) void this.#positions.put([doc.strategy, doc.instrument], doc);
      for (const doc of batch.parameters) void this.#parameters.put([doc.run, doc.strategy], doc);
      void this.#head.put(HEAD, { version: SCHEMA_VERSION, position: batch.position });
    });
  }

  close(): Promise<void> {
    return this.#root.close();
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
function isWhole(path: string): boolean {
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

function* valuesOf<V>(range: Iterable<{ readonly value: V }>): Generator<V> {
  for (const { value } of range) yield value;
}
