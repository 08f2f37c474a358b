/**
 * What a store does not have yet, in memory over it: an export projects the rest of the journal into this and reads both as one. With no store below it is a
 * store in memory, which is what backtests use.
 */
import { isBefore, type JournalPosition } from './journal.js';
import {
  type AuditDoc,
  compareFills,
  type FillDoc,
  type LevelDoc,
  type OrderDoc,
  type RunDoc,
  type Store,
  type StoreBatch,
  type StoreReader,
  type TimeRange,
} from './schema.js';

export class OverlayStore implements Store {
  readonly name = 'memory';
  readonly #below: StoreReader | null;
  #position: JournalPosition | null = null;
  readonly #orders = new Map<number, OrderDoc>();
  readonly #fills: FillDoc[] = [];
  readonly #levels = new Map<string, LevelDoc>();
  readonly #audit: AuditDoc[] = [];
  readonly #runs = new Map<number, RunDoc>();

  constructor(below: StoreReader | null = null) {
    this.#below = below;
  }

  async position(): Promise<JournalPosition | null> {
    return this.#position ?? (await this.#below?.position()) ?? null;
  }

  async runs(): Promise<readonly RunDoc[]> {
    const below = (await this.#below?.runs()) ?? [];
    return [...below.filter(({ tables }) => !this.#runs.has(tables.run)), ...this.#runs.values()];
  }

  async orders(ids: readonly number[]): Promise<ReadonlyMap<number, OrderDoc>> {
    const found = new Map<number, OrderDoc>();
    const missing: number[] = [];
    for (const id of ids) {
      const doc = this.#orders.get(id);
      if (doc === undefined) missing.push(id);
      else found.set(id, doc);
    }
    if (this.#below !== null && missing.length > 0) for (const [id, doc] of await this.#below.orders(missing)) found.set(id, doc);
    return found;
  }

  allOrders(): AsyncIterable<OrderDoc> {
    const own = [...this.#orders.values()].sort((a, b) => a.orderId - b.orderId);
    return merged(this.#below?.allOrders() ?? [], own, (a, b) => a.orderId - b.orderId);
  }

  fills(range: TimeRange): AsyncIterable<FillDoc> {
    const own = this.#fills.filter(({ tsUs }) => isWithin(tsUs, range)).sort(compareFills);
    return merged(this.#below?.fills(range) ?? [], own, compareFills);
  }

  levels(): AsyncIterable<LevelDoc> {
    return merged(this.#below?.levels() ?? [], [...this.#levels.values()].sort(compareLevels), compareLevels);
  }

  audit(range: TimeRange): AsyncIterable<AuditDoc> {
    const own = this.#audit.filter(({ tsUs }) => isWithin(tsUs, range)).sort(compareAudit);
    return merged(this.#below?.audit(range) ?? [], own, compareAudit);
  }

  write(batch: StoreBatch): Promise<void> {
    for (const doc of batch.orders) this.#orders.set(doc.orderId, doc);
    for (const doc of batch.levels) this.#levels.set(`${doc.strategy}\n${doc.level}`, doc);
    for (const doc of batch.runs) this.#runs.set(doc.tables.run, doc);
    this.#fills.push(...batch.fills);
    this.#audit.push(...batch.audit);
    this.#position = batch.position;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#below?.close();
  }
}

function compareLevels(a: LevelDoc, b: LevelDoc): number {
  return a.strategy < b.strategy ? -1 : a.strategy > b.strategy ? 1 : a.level - b.level;
}

function compareAudit(a: AuditDoc, b: AuditDoc): number {
  return a.tsUs - b.tsUs || (isBefore(a.at, b.at) ? -1 : isBefore(b.at, a.at) ? 1 : 0);
}

function isWithin(tsUs: number, range: TimeRange): boolean {
  return tsUs >= range.fromUs && tsUs <= range.toUs;
}

/** Two sorted sequences as one; of equals the second's. */
async function* merged<T>(below: AsyncIterable<T> | Iterable<T>, own: readonly T[], compare: (a: T, b: T) => number): AsyncGenerator<T> {
  let next = 0;
  for await (const doc of below) {
    let isReplaced = false;
    for (let mine = own[next]; mine !== undefined && compare(mine, doc) <= 0; mine = own[next]) {
      isReplaced ||= compare(mine, doc) === 0;
      yield mine;
      next++;
    }
    if (!isReplaced) yield doc;
  }
  yield* own.slice(next);
}
