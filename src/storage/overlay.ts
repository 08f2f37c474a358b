/**
 * What a store does not have yet, in memory over it: an export projects the rest of the journal into this and reads both as one. With no store below it is a
 * store in memory, which is what backtests use.
 */
import { isBefore } from './journal.js';
import {
  type AuditDoc,
  compareFills,
  type FillDoc,
  type LevelDoc,
  type OrderDoc,
  type ParametersDoc,
  type PositionDoc,
  type RunDoc,
  type Store,
  type StoreBatch,
  type StorePosition,
  type StoreReader,
  type TimeRange,
} from './schema.js';

export class OverlayStore implements Store {
  readonly name = 'memory';
  #below: StoreReader | null;
  #position: StorePosition | null = null;
  readonly #orders = new Map<number, OrderDoc>();
  readonly #fills = new Map<string, FillDoc>();
  readonly #levels = new Map<string, LevelDoc>();
  readonly #audit = new Map<string, AuditDoc>();
  readonly #positions = new Map<string, PositionDoc>();
  readonly #parameters = new Map<string, ParametersDoc>();
  readonly #runs = new Map<number, RunDoc>();

  constructor(below: StoreReader | null = null) {
    this.#below = below;
  }

  async position(): Promise<StorePosition | null> {
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
    const own = [...this.#fills.values()].filter(({ tsUs }) => isWithin(tsUs, range)).sort(compareFills);
    return merged(this.#below?.fills(range) ?? [], own, compareFills);
  }

  levels(): AsyncIterable<LevelDoc> {
    return merged(this.#below?.levels() ?? [], [...this.#levels.values()].sort(compareLevels), compareLevels);
  }

  audit(range: TimeRange): AsyncIterable<AuditDoc> {
    const own = [...this.#audit.values()].filter(({ tsUs }) => isWithin(tsUs, range)).sort(compareAudit);
    return merged(this.#below?.audit(range) ?? [], own, compareAudit);
  }

  positions(): AsyncIterable<PositionDoc> {
    return merged(this.#below?.positions() ?? [], [...this.#positions.values()].sort(comparePositions), comparePositions);
  }

  parameters(): AsyncIterable<ParametersDoc> {
    return merged(this.#below?.parameters() ?? [], [...this.#parameters.values()].sort(compareParameters), compareParameters);
  }

  write(batch: StoreBatch): Promise<void> {
    for (const doc of batch.orders) this.#orders.set(doc.orderId, doc);
    for (const doc of batch.levels) this.#levels.set(`${doc.strategy}\n${doc.level}`, doc);
    for (const doc of batch.runs) this.#runs.set(doc.tables.run, doc);
    for (const doc of batch.positions) this.#positions.set(`${doc.strategy}\n${doc.instrument}`, doc);
    for (const doc of batch.parameters) this.#parameters.set(`${doc.run}\n${doc.strategy}`, doc);
    for (const doc of batch.fills) this.#fills.set(`${doc.orderId}/${doc.tradeId}`, doc);
    for (const doc of batch.audit) this.#audit.set(`${doc.at.segment}/${doc.at.offset}`, doc);
    this.#position = batch.position;
    return Promise.resolve();
  }

  /** Of what is below nothing is seen any more; it is not touched. */
  async clear(): Promise<void> {
    await this.#below?.close();
    this.#below = null;
    this.#position = null;
    for (const map of [this.#fills, this.#audit, this.#orders, this.#levels, this.#runs, this.#positions, this.#parameters]) map.clear();
  }

  async close(): Promise<void> {
    await this.#below?.close();
  }
}

function compareLevels(a: LevelDoc, b: LevelDoc): number {
  return compareTexts(a.strategy, b.strategy) || a.level - b.level;
}

function comparePositions(a: PositionDoc, b: PositionDoc): number {
  return compareTexts(a.strategy, b.strategy) || compareTexts(a.instrument, b.instrument);
}

function compareParameters(a: ParametersDoc, b: ParametersDoc): number {
  return a.run - b.run || compareTexts(a.strategy, b.strategy);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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
