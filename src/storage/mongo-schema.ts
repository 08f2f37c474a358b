/**
 * What the MongoDB store keeps where: collections, their validators and indexes, and the keys of documents. Plain data and pure functions, without the driver
 * (mongo.ts has that). Every document carries the tag of its data directory, so that several engines can share a database.
 *
 * Keys: `_id` is the tag and the document's own identity, and every write names it in full; no other index is unique. So each collection can be sharded by
 * `{ _id: 'hashed' }` later, and a write still goes to one shard. Mutable documents carry `seq`, the journal position of the batch that wrote them: an older batch
 * that arrives late finds a newer `seq` and changes nothing.
 */
import type { JournalPosition } from './journal.js';
import type { AuditDoc, CandleDoc, FillDoc, LevelDoc, OrderDoc, ParametersDoc, PositionDoc, RunDoc } from './schema.js';

export const COLLECTIONS = ['orders', 'fills', 'positions', 'levels', 'ledger', 'parameters', 'runs', 'audit', 'candles', 'heads'] as const;
export type CollectionName = (typeof COLLECTIONS)[number];
/** Collections made from the journal: what a rebuild takes out and makes again, in the order in which a batch writes them. Parameters come before the run that tells them, orders last (schema.ts). */
export const FROM_JOURNAL = ['parameters', 'runs', 'fills', 'ledger', 'levels', 'audit', 'positions', 'orders'] as const;
/** Version of collections, validators and indexes; `meta` says which one a database has. */
export const DATABASE_VERSION = 2;
export const META = 'meta';

type Fields = Readonly<Record<string, 'string' | 'number' | 'bool' | 'object' | 'array' | 'date'>>;

const OWN: Fields = { tag: 'string' };
const FIELDS: Readonly<Record<CollectionName, Fields>> = {
  orders: {
    ...OWN,
    seq: 'number',
    time: 'date',
    orderId: 'number',
    clientOrderId: 'string',
    strategy: 'string',
    instrument: 'string',
    side: 'string',
    price: 'string',
    qty: 'string',
    filled: 'string',
    state: 'string',
    createdUs: 'number',
    updatedUs: 'number',
    fold: 'object',
    trades: 'array',
    at: 'object',
  },
  fills: {
    ...OWN,
    time: 'date',
    tradeId: 'number',
    orderId: 'number',
    strategy: 'string',
    instrument: 'string',
    side: 'string',
    price: 'string',
    qty: 'string',
    fee: 'string',
    feeAsset: 'string',
    flows: 'array',
    tsUs: 'number',
  },
  positions: { ...OWN, seq: 'number', strategy: 'string', instrument: 'string', qty: 'string', fills: 'number', at: 'object' },
  levels: { ...OWN, seq: 'number', strategy: 'string', level: 'number', instrument: 'string', state: 'number', updatedUs: 'number' },
  ledger: { ...OWN, time: 'date', tsUs: 'number', venue: 'string', asset: 'string', amount: 'string', kind: 'string', strategy: 'string' },
  parameters: { ...OWN, run: 'number', strategy: 'string', setUs: 'number' },
  runs: { ...OWN, seq: 'number', run: 'number', tables: 'object', startedUs: 'number', version: 'string' },
  audit: { ...OWN, time: 'date', tsUs: 'number', run: 'number', kind: 'string', at: 'object' },
  candles: {
    ...OWN,
    time: 'date',
    instrument: 'string',
    openUs: 'number',
    open: 'string',
    close: 'string',
    qty: 'string',
    trades: 'number',
  },
  heads: { seq: 'number', version: 'number', position: 'object' },
};

export interface IndexSpec {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly expireAfterSeconds?: number;
}

/** After how many days the server may drop what grows without end; 0 keeps it. */
export interface Lifetimes {
  readonly auditDays: number;
  readonly candleDays: number;
}

const DAY_S = 86_400;

/** One index for each question that the page, `export` and the projection ask; each begins with the tag. */
const INDEXES: Readonly<Record<CollectionName, readonly Readonly<Record<string, 1 | -1>>[]>> = {
  orders: [
    { tag: 1, orderId: 1 },
    { tag: 1, createdUs: 1 },
    { tag: 1, strategy: 1, updatedUs: -1 },
    { tag: 1, state: 1, updatedUs: -1 },
    { clientOrderId: 1 },
  ],
  fills: [
    { tag: 1, tsUs: 1, orderId: 1, tradeId: 1 },
    { tag: 1, strategy: 1, tsUs: -1 },
    { tag: 1, instrument: 1, tsUs: -1 },
    { tag: 1, orderId: 1 },
  ],
  positions: [{ tag: 1, strategy: 1, instrument: 1 }],
  levels: [{ tag: 1, strategy: 1, level: 1 }],
  ledger: [
    { tag: 1, tsUs: 1 },
    { tag: 1, asset: 1, tsUs: 1 },
    { tag: 1, strategy: 1, tsUs: 1 },
  ],
  parameters: [{ tag: 1, run: 1, strategy: 1 }],
  runs: [{ tag: 1, run: 1 }],
  audit: [
    { tag: 1, tsUs: 1, 'at.segment': 1, 'at.offset': 1 },
    { tag: 1, kind: 1, tsUs: -1 },
  ],
  candles: [
    { tag: 1, openUs: 1, instrument: 1 },
    { tag: 1, instrument: 1, openUs: 1 },
  ],
  heads: [],
};

export function indexesOf(name: CollectionName, lifetimes: Lifetimes): IndexSpec[] {
  const plain = INDEXES[name].map((key) => ({ name: nameOf(key), key }));
  const days = name === 'audit' ? lifetimes.auditDays : name === 'candles' ? lifetimes.candleDays : 0;
  return days > 0 ? [...plain, { name: 'lifetime', key: { time: 1 }, expireAfterSeconds: days * DAY_S }] : plain;
}

function nameOf(key: Readonly<Record<string, 1 | -1>>): string {
  return Object.entries(key)
    .map(([field, direction]) => (direction === 1 ? field : `${field}-down`))
    .join('_')
    .replaceAll('.', '-');
}

/** What every document of a collection must have; further fields are free. */
export function validatorOf(name: CollectionName): object {
  const fields = FIELDS[name];
  const properties = Object.fromEntries(Object.entries(fields).map(([field, bsonType]) => [field, { bsonType }]));
  return {
    $jsonSchema: {
      bsonType: 'object',
      required: ['_id', ...Object.keys(fields)],
      properties: { _id: { bsonType: 'string' }, ...properties },
    },
  };
}

/** Grows with the position; exact while there are fewer than 4 million segments (each of less than 2 GiB). */
export function seqOf({ segment, offset }: JournalPosition): number {
  return segment * 2 ** 31 + offset;
}

export interface MongoDoc {
  readonly _id: string;
  readonly tag: string;
  readonly [field: string]: unknown;
}

const timeOf = (us: number): Date => new Date(Math.floor(us / 1000));

/** Documents with their keys. */
export const keyed = {
  orders: (tag: string, doc: OrderDoc, seq: number): MongoDoc => ({
    _id: `${tag}/${doc.orderId}`,
    tag,
    seq,
    time: timeOf(doc.createdUs),
    ...doc,
  }),
  fills: (tag: string, doc: FillDoc): MongoDoc => ({ _id: `${tag}/${doc.orderId}/${doc.tradeId}`, tag, time: timeOf(doc.tsUs), ...doc }),
  positions: (tag: string, doc: PositionDoc, seq: number): MongoDoc => ({
    _id: `${tag}/${doc.strategy}/${doc.instrument}`,
    tag,
    seq,
    ...doc,
  }),
  levels: (tag: string, doc: LevelDoc, seq: number): MongoDoc => ({ _id: `${tag}/${doc.strategy}/${doc.level}`, tag, seq, ...doc }),
  runs: (tag: string, doc: RunDoc, seq: number): MongoDoc => ({ _id: `${tag}/${doc.tables.run}`, tag, seq, run: doc.tables.run, ...doc }),
  parameters: (tag: string, doc: ParametersDoc): MongoDoc => ({ _id: `${tag}/${doc.run}/${doc.strategy}`, tag, ...doc }),
  audit: (tag: string, doc: AuditDoc): MongoDoc => ({
    _id: `${tag}/${doc.at.segment}/${doc.at.offset}`,
    tag,
    time: timeOf(doc.tsUs),
    ...doc,
  }),
  candles: (tag: string, doc: CandleDoc): MongoDoc => ({
    _id: `${tag}/${doc.instrument}/${doc.openUs}`,
    tag,
    time: timeOf(doc.openUs),
    ...doc,
  }),
};

/** The wallet changes of fills and funding, one document each. */
export function ledgerDocs(tag: string, fills: readonly FillDoc[], audit: readonly AuditDoc[]): MongoDoc[] {
  const rows: MongoDoc[] = [];
  for (const { flows, orderId, tradeId, tsUs, venue, strategy, instrument, run } of fills) {
    for (const [index, flow] of flows.entries())
      rows.push({
        _id: `${tag}/${orderId}/${tradeId}/${index}`,
        tag,
        time: timeOf(tsUs),
        tsUs,
        run,
        venue,
        strategy,
        instrument,
        orderId,
        tradeId,
        ...flow,
      });
  }
  for (const { flows, at, tsUs, venue, strategy, instrument, run } of audit) {
    for (const [index, flow] of flows.entries())
      rows.push({
        _id: `${tag}/${at.segment}/${at.offset}/f${index}`,
        tag,
        time: timeOf(tsUs),
        tsUs,
        run,
        venue,
        strategy,
        instrument,
        orderId: 0,
        tradeId: 0,
        ...flow,
      });
  }
  return rows;
}

const KEYS = new Set(['_id', 'tag', 'seq', 'time']);

/** The document as it was given: without what this store adds. */
export function unkeyed(doc: Readonly<Record<string, unknown>>, alsoOff?: string): unknown {
  return Object.fromEntries(Object.entries(doc).filter(([field]) => !KEYS.has(field) && field !== alsoOff));
}
