/**
 * The MongoDB store: the same documents as the embedded one, in a database that other programs can ask. Fed from the journal by store-feed.ts on the service
 * thread; the driver is loaded when the first call needs it. Nothing here retries or queues: the journal is the queue, and the feed calls again.
 *
 * Every write waits for majority and journal (with less, acknowledged documents were lost when a server was killed) and can be sent again: what does not change is
 * inserted by its key, what changes is replaced only when the batch is newer. An answer that did not come, or does not account for every document, counts as
 * "outcome unknown", whatever class of error the driver makes of it.
 */
import type { AnyBulkWriteOperation, Collection, Db, MongoBulkWriteError, MongoClient, MongoClientOptions } from 'mongodb';
import { EngineError, messageOf } from '../core/numbers/errors.js';
import {
  COLLECTIONS,
  type CollectionName,
  DATABASE_VERSION,
  FROM_JOURNAL,
  indexesOf,
  keyed,
  ledgerDocs,
  type Lifetimes,
  META,
  type MongoDoc,
  seqOf,
  unkeyed,
  validatorOf,
} from './mongo-schema.js';
import { optionNames, redactor } from './mongo-url.js';
import type { LedgerReader, LedgerRow } from './store-compare.js';
import {
  type AuditDoc,
  type CandleDoc,
  type CandleStore,
  type FillDoc,
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

export interface MongoStoreOptions {
  /** The URL itself, resolved by the host from its reference; never shown with its password. Its path names the database, `thor` when it names none. */
  readonly url: string;
  /** Of the data directory: whose documents these are. */
  readonly tag: string;
  readonly lifetimes?: Lifetimes;
  /** Longest wait for an answer before it counts as unknown. */
  readonly answerWithinMs?: number;
}

const LIFETIMES: Lifetimes = { auditDays: 0, candleDays: 90 };
/** A server that is frozen holds a connection open for ever; the longest batch seen on a loaded machine took 2 s. */
const ANSWER_WITHIN_MS = 15_000;
const CONNECT_WITHIN_MS = 5_000;
const DEFAULT_DATABASE = 'thor';
/** Operations of one bulkWrite: above it throughput does not grow (bench/storage), and each is one stretch of work on the service thread. */
const BULK = 500;
const READ_BATCH = 1000;
const DUPLICATE_KEY = 11_000;
const NAMESPACE_EXISTS = 48;
const INDEX_OPTIONS_CONFLICT = new Set([85, 86]);
/** The server says that it will not take this document, now or later. */
const REFUSALS = new Set([121, 2, 10_334, 17_280, 17_419, 17_420]);
const HEAD_FIELDS = { _id: 1, version: 1, position: 1 } as const;

type Operation = AnyBulkWriteOperation<MongoDoc>;

export class MongoStore implements Store, CandleStore, LedgerReader {
  readonly name = 'mongo';
  /** The URL without its password, for people. */
  readonly place: string;
  readonly #options: MongoStoreOptions;
  readonly #safe: (text: string) => string;
  #client: MongoClient | null = null;
  #opening: Promise<Db> | null = null;

  constructor(options: MongoStoreOptions) {
    this.#options = options;
    const redacted = redactor(options.url);
    this.place = redacted.place;
    this.#safe = redacted.safe;
  }

  async position(): Promise<StorePosition | null> {
    return this.#guarded(async (db) => {
      const head = await db.collection<MongoDoc>('heads').findOne({ _id: this.#options.tag }, { projection: HEAD_FIELDS });
      if (head === null) return null;
      const version = head['version'];
      if (version !== SCHEMA_VERSION)
        throw new EngineError('STORE_VERSION', 'give-up', { store: this.place, version: Number(version), expected: SCHEMA_VERSION });
      return head['position'] as StorePosition;
    });
  }

  async runs(): Promise<readonly RunDoc[]> {
    const docs: RunDoc[] = [];
    for await (const doc of this.#read<RunDoc>('runs', {}, { run: 1 }, 'run')) docs.push(doc);
    return docs;
  }

  async orders(ids: readonly number[]): Promise<ReadonlyMap<number, OrderDoc>> {
    const found = new Map<number, OrderDoc>();
    const keys = ids.map((id) => `${this.#options.tag}/${id}`);
    for await (const doc of this.#read<OrderDoc>('orders', { _id: { $in: keys } }, null)) found.set(doc.orderId, doc);
    return found;
  }

  allOrders(): AsyncIterable<OrderDoc> {
    return this.#read('orders', {}, { orderId: 1 });
  }

  fills(range: TimeRange): AsyncIterable<FillDoc> {
    return this.#read('fills', within('tsUs', range), { tsUs: 1, orderId: 1, tradeId: 1 });
  }

  levels(): AsyncIterable<LevelDoc> {
    return this.#read('levels', {}, { strategy: 1, level: 1 });
  }

  audit(range: TimeRange): AsyncIterable<AuditDoc> {
    return this.#read('audit', within('tsUs', range), { tsUs: 1, 'at.segment': 1, 'at.offset': 1 });
  }

  positions(): AsyncIterable<PositionDoc> {
    return this.#read('positions', {}, { strategy: 1, instrument: 1 });
  }

  parameters(): AsyncIterable<ParametersDoc> {
    return this.#read('parameters', {}, { run: 1, strategy: 1 });
  }

  ledger(): AsyncIterable<LedgerRow> {
    return this.#read('ledger', {}, null);
  }

  candles(range: TimeRange, most = 0): AsyncIterable<CandleDoc> {
    return this.#read('candles', within('openUs', range), { openUs: 1, instrument: 1 }, undefined, most);
  }

  /** Of one collection, counted and not estimated: after a crash the estimate was 0. */
  async count(name: CollectionName): Promise<number> {
    return this.#guarded((db) =>
      db.collection<MongoDoc>(name).countDocuments(name === 'heads' ? { _id: this.#options.tag } : { tag: this.#options.tag }),
    );
  }

  async lastCandleUs(): Promise<number> {
    return this.#guarded(async (db) => {
      const last = await db
        .collection<MongoDoc>('candles')
        .findOne({ tag: this.#options.tag }, { sort: { openUs: -1 }, projection: { openUs: 1 } });
      return last === null ? 0 : Number(last['openUs']);
    });
  }

  async writeCandles(candles: readonly CandleDoc[]): Promise<void> {
    const { tag } = this.#options;
    await this.#guarded((db) =>
      this.#bulk(
        db,
        'candles',
        candles.map((doc) => replacement(keyed.candles(tag, doc))),
      ),
    );
  }

  async write(batch: StoreBatch): Promise<void> {
    const { tag } = this.#options;
    const seq = seqOf(batch.position);
    const docs: Readonly<Record<(typeof FROM_JOURNAL)[number], readonly Operation[]>> = {
      runs: batch.runs.map((doc) => newer(keyed.runs(tag, doc, seq), seq)),
      parameters: batch.parameters.map((doc) => insertion(keyed.parameters(tag, doc))),
      fills: batch.fills.map((doc) => insertion(keyed.fills(tag, doc))),
      ledger: ledgerDocs(tag, batch.fills, batch.audit).map(insertion),
      levels: batch.levels.map((doc) => newer(keyed.levels(tag, doc, seq), seq)),
      audit: batch.audit.map((doc) => insertion(keyed.audit(tag, doc))),
      positions: batch.positions.map((doc) => newer(keyed.positions(tag, doc, seq), seq)),
      orders: batch.orders.map((doc) => newer(keyed.orders(tag, doc, seq), seq)),
    };
    await this.#guarded(async (db) => {
      for (const name of FROM_JOURNAL) await this.#bulk(db, name, docs[name]);
      const head = { _id: tag, tag, seq, version: SCHEMA_VERSION, position: batch.position };
      await this.#bulk(db, 'heads', [newer(head, seq)]);
    });
  }

  async clear(): Promise<void> {
    const { tag } = this.#options;
    await this.#guarded(async (db) => {
      await db.collection<MongoDoc>('heads').deleteOne({ _id: tag });
      for (const name of FROM_JOURNAL) {
        const collection = db.collection<MongoDoc>(name);
        for (;;) {
          // In portions: a server may need minutes for a year of orders, and an answer is waited for only so long.
          const some = await collection.find({ tag }, { projection: { _id: 1 }, limit: 10 * BULK }).toArray();
          if (some.length === 0) break;
          await collection.deleteMany({ _id: { $in: some.map(({ _id }) => _id) } });
        }
      }
    });
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#opening = null;
    await client?.close(true);
  }

  async *#read<T>(
    name: CollectionName,
    filter: Readonly<Record<string, unknown>>,
    sort: Readonly<Record<string, 1 | -1>> | null,
    alsoOff?: string,
    most = 0,
  ): AsyncGenerator<T> {
    const db = await this.#guarded((open) => Promise.resolve(open));
    const cursor = db.collection<MongoDoc>(name).find({ ...filter, tag: this.#options.tag }, { batchSize: READ_BATCH, limit: most });
    if (sort !== null) cursor.sort({ ...sort });
    try {
      for await (const doc of cursor) yield unkeyed(doc, alsoOff) as T;
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Opens when needed; every failure leaves here as an EngineError whose text holds no secret. */
  async #guarded<T>(work: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await work(await (this.#opening ??= this.#open()));
    } catch (error) {
      throw this.#told(error);
    }
  }

  async #open(): Promise<Db> {
    try {
      const { MongoClient } = await import('mongodb');
      const client = (this.#client ??= new MongoClient(this.#options.url, this.#clientOptions()));
      await client.connect();
      const named = client.options.dbName === 'test' && !/\/test(\?|$)/.test(this.#options.url) ? DEFAULT_DATABASE : client.options.dbName;
      const db = client.db(named);
      await migrate(db, this.#options.lifetimes ?? LIFETIMES, this.place);
      return db;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  #clientOptions(): MongoClientOptions {
    const answerMs = this.#options.answerWithinMs ?? ANSWER_WITHIN_MS;
    const defaults: MongoClientOptions = {
      appName: 'thor',
      maxPoolSize: 4,
      serverSelectionTimeoutMS: CONNECT_WITHIN_MS,
      connectTimeoutMS: CONNECT_WITHIN_MS,
      socketTimeoutMS: answerMs,
      waitQueueTimeoutMS: answerMs,
      heartbeatFrequencyMS: 2_000,
    };
    const named = optionNames(this.#options.url);
    return {
      // What a person wrote into the URL counts; what keeps records safe is not up for choice.
      ...Object.fromEntries(Object.entries(defaults).filter(([option]) => !named.has(option.toLowerCase()))),
      // The feed sends again by itself, and a standalone server knows no retryable writes.
      retryWrites: false,
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: answerMs },
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      ignoreUndefined: true,
    };
  }

  async #bulk(db: Db, name: CollectionName, operations: readonly Operation[]): Promise<void> {
    for (let from = 0; from < operations.length; from += BULK) {
      const some = operations.slice(from, from + BULK);
      await sendBulk(db.collection<MongoDoc>(name), some);
    }
  }

  #told(error: unknown): EngineError {
    if (error instanceof EngineError) return error;
    const why = this.#safe(messageOf(error)).slice(0, 300);
    const code = isTooLarge(error) || REFUSALS.has(codeOfServer(error)) ? 'STORE_REFUSED' : 'STORE_FAILED';
    return new EngineError(code, 'retry', { store: this.place, why });
  }
}

/** Resolves when every operation is accounted for by an answer of the majority: done, or already there in this or a newer state. */
async function sendBulk(collection: Collection<MongoDoc>, operations: readonly Operation[]): Promise<void> {
  let accounted: number;
  try {
    const result = await collection.bulkWrite(operations, { ordered: false });
    accounted = result.insertedCount + result.matchedCount + result.upsertedCount;
  } catch (error) {
    accounted = accountedDespite(error);
  }
  if (accounted !== operations.length)
    throw new EngineError('STORE_OUTCOME_UNKNOWN', 'retry', { collection: collection.collectionName, sent: operations.length, accounted });
}

/** Documents that an error's own account covers. Rethrows what is no account: no answer, an answer without a majority, a refusal. */
function accountedDespite(error: unknown): number {
  if (!isBulkError(error)) throw error;
  const writeErrors = [error.writeErrors].flat();
  const other = writeErrors.find(({ code }) => code !== DUPLICATE_KEY);
  if (other !== undefined) {
    const code = REFUSALS.has(other.code) ? 'STORE_REFUSED' : 'STORE_OUTCOME_UNKNOWN';
    throw new EngineError(code, 'retry', { code: other.code, id: keyOf(other.err.op), why: (other.errmsg ?? '').slice(0, 200) });
  }
  if (writeErrors.length === 0 || error.result.getWriteConcernError() !== undefined) throw error;
  return error.insertedCount + error.matchedCount + error.upsertedCount + writeErrors.length;
}

/** Of the document that an insert or a replacement carried. */
function keyOf(operation: unknown): string {
  const { _id, q } = (operation ?? {}) as { readonly _id?: unknown; readonly q?: { readonly _id?: unknown } };
  const id = _id ?? q?._id;
  return typeof id === 'string' ? id : '';
}

function isBulkError(error: unknown): error is MongoBulkWriteError {
  return error instanceof Error && error.name === 'MongoBulkWriteError';
}

/** The driver will not send it: which of the two it throws depends on how far beyond the limit the document is. */
function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === 'MongoInvalidArgumentError');
}

function codeOfServer(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 0;
}

function insertion(doc: MongoDoc): Operation {
  return { insertOne: { document: doc } };
}

/** Replaces what an older batch wrote; where a newer one was there first, the insert that follows finds the key taken. */
function newer(doc: MongoDoc, seq: number): Operation {
  return { replaceOne: { filter: { _id: doc._id, seq: { $lt: seq } }, replacement: doc, upsert: true } };
}

function replacement(doc: MongoDoc): Operation {
  return { replaceOne: { filter: { _id: doc._id }, replacement: doc, upsert: true } };
}

function within(field: string, { fromUs, toUs }: TimeRange): Readonly<Record<string, unknown>> {
  return { [field]: { $gte: fromUs, $lte: toUs } };
}

type Step = (db: Db, lifetimes: Lifetimes) => Promise<void>;

/** From version 0 on; each may be repeated, and two engines may run them at once. */
const MIGRATIONS: readonly Step[] = [
  async (db) => {
    for (const name of COLLECTIONS) {
      const rules = { validator: validatorOf(name), validationLevel: 'strict', validationAction: 'error' } as const;
      try {
        await db.createCollection(name, rules);
      } catch (error) {
        if (codeOfServer(error) !== NAMESPACE_EXISTS) throw error;
      }
    }
  },
  async (db, lifetimes) => {
    for (const name of COLLECTIONS)
      for (const { name: index, key, ...rest } of indexesOf(name, lifetimes))
        await db.collection(name).createIndex(key, { name: index, ...rest });
  },
];

async function migrate(db: Db, lifetimes: Lifetimes, place: string): Promise<void> {
  const meta = db.collection<{ readonly _id: string; version: number }>(META);
  const found = (await meta.findOne({ _id: 'schema' }))?.version ?? 0;
  if (found > DATABASE_VERSION)
    throw new EngineError('STORE_VERSION', 'give-up', { store: place, version: found, expected: DATABASE_VERSION });
  for (const step of MIGRATIONS.slice(found)) await step(db, lifetimes);
  if (found < DATABASE_VERSION) await meta.updateOne({ _id: 'schema' }, { $max: { version: DATABASE_VERSION } }, { upsert: true });
  await applyLifetimes(db, lifetimes);
}

/** Lifetimes are the configuration's: changed there, changed here. */
async function applyLifetimes(db: Db, lifetimes: Lifetimes): Promise<void> {
  for (const name of ['audit', 'candles'] as const) {
    const collection = db.collection(name);
    const wanted = indexesOf(name, lifetimes).find((index) => index.expireAfterSeconds !== undefined);
    const existing = (await collection.indexes()).find((index) => index.name === 'lifetime');
    if (existing?.expireAfterSeconds === wanted?.expireAfterSeconds) continue;
    if (existing !== undefined) await collection.dropIndex('lifetime');
    if (wanted === undefined) continue;
    try {
      await collection.createIndex(wanted.key, { name: wanted.name, expireAfterSeconds: wanted.expireAfterSeconds ?? 0 });
    } catch (error) {
      // Another engine on this database was quicker, with its own lifetime: the last one to start decides.
      if (!INDEX_OPTIONS_CONFLICT.has(codeOfServer(error))) throw error;
    }
  }
}
