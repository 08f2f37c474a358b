/** The embedded store's documents as lines of text, for a backup: what a compacted journal does not say any more. Read and written a document at a time. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { decodeCold, encodeCold } from './journal.js';
import type { LmdbStore } from './lmdb.js';
import type { CandleDoc, Store, StoreBatch, StorePosition, StoreReader } from './schema.js';

const EVERYTHING = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };
const NOWHERE: StorePosition = { segment: 0, offset: 0 };
const CHUNK = 1000;

type Kind = keyof Omit<StoreBatch, 'position'>;

/** In the order that store-seed.ts explains: the position first, then orders, then what they have seen. */
export async function* storeLines(store: StoreReader & Partial<Pick<LmdbStore, 'candles'>>): AsyncGenerator<string> {
  const position = await store.position();
  if (position === null) return;
  const tables: readonly (readonly [Kind, AsyncIterable<unknown> | Iterable<unknown>])[] = [
    ['orders', store.allOrders()],
    ['positions', store.positions()],
    ['fills', store.fills(EVERYTHING)],
    ['levels', store.levels()],
    ['audit', store.audit(EVERYTHING)],
    ['parameters', store.parameters()],
    ['runs', await store.runs()],
  ];
  for (const [kind, docs] of tables) for await (const doc of docs) yield lineOf(kind, doc);
  if (store.candles !== undefined) for (const doc of store.candles(EVERYTHING)) yield lineOf('candles', doc);
  yield lineOf('position', position);
}

/** The position comes last, in the file and in the store: until then it says that it has nothing. */
export async function storeFromLines(path: string, store: Store & Pick<LmdbStore, 'writeCandles'>): Promise<void> {
  let batch = emptyBatch();
  let candles: CandleDoc[] = [];
  let count = 0;
  const flush = async (position: StorePosition): Promise<void> => {
    await store.write({ ...batch, position });
    await store.writeCandles(candles);
    batch = emptyBatch();
    candles = [];
    count = 0;
  };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const [kind, text] = line.split(' ') as [Kind | 'candles' | 'position', string];
    const doc = decodeCold(Buffer.from(text, 'base64')) as never;
    if (kind === 'position') await flush(doc);
    else if (kind === 'candles') candles.push(doc);
    else batch[kind].push(doc);
    if (++count >= CHUNK) await flush(NOWHERE);
  }
}

/** Not JSON: it has no NaN, which a level's free words may be. */
function lineOf(kind: string, doc: unknown): string {
  return `${kind} ${Buffer.from(encodeCold(doc)).toString('base64')}\n`;
}

function emptyBatch(): { [K in Kind]: StoreBatch[K][number][] } {
  return { orders: [], fills: [], levels: [], audit: [], runs: [], positions: [], parameters: [] };
}
