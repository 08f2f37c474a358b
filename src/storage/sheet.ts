/**
 * One table of the embedded store: documents by key, each with a checksum over its bytes. The file has none of its own, so a flipped bit in a price would otherwise be
 * read as another price. Used by lmdb.ts only; owns no file.
 */
import { EngineError } from '../core/numbers/errors.js';
import { decodeCold, encodeCold } from './journal.js';
import { crcOf } from './segment.js';

/** What a table asks of the database below it. */
export interface RawTable<K> {
  get(key: K): Uint8Array | undefined;
  put(key: K, value: Uint8Array): unknown;
  clearSync(): void;
  getRange(options: RangeOptions<K>): Iterable<{ readonly key: K; readonly value: Uint8Array }>;
  getKeys(options: RangeOptions<K>): Iterable<K>;
}

export interface RangeOptions<K> {
  readonly start?: K;
  readonly end?: K;
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly snapshot?: boolean;
}

const CHECKSUM_BYTES = 4;

export class Sheet<K, V> {
  readonly name: string;
  readonly #raw: RawTable<K>;
  readonly #keyOf: (doc: V) => K;

  constructor(name: string, raw: RawTable<K>, keyOf: (doc: V) => K) {
    this.name = name;
    this.#raw = raw;
    this.#keyOf = keyOf;
  }

  get(key: K): V | undefined {
    const bytes = this.#raw.get(key);
    return bytes === undefined ? undefined : this.#open(bytes);
  }

  put(doc: V): void {
    const payload = encodeCold(doc);
    const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + payload.length);
    bytes.writeInt32LE(crcOf(payload), 0);
    bytes.set(payload, CHECKSUM_BYTES);
    this.#raw.put(this.#keyOf(doc), bytes);
  }

  clear(): void {
    this.#raw.clearSync();
  }

  lastKey(): K | undefined {
    const [last] = [...this.#raw.getKeys({ reverse: true, limit: 1 })];
    return last;
  }

  *range(options: RangeOptions<K> = {}): Generator<V> {
    for (const { value } of this.#raw.getRange(options)) yield this.#open(value);
  }

  /** Throws EngineError STORE_DAMAGED at the first document that is not what was written under its key. */
  check(): void {
    for (const { key, value } of this.#raw.getRange({})) {
      const doc = this.#open(value);
      if (JSON.stringify(this.#keyOf(doc)) !== JSON.stringify(key)) throw this.#damaged();
    }
  }

  #open(bytes: Uint8Array): V {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const payload = view.subarray(CHECKSUM_BYTES);
    if (view.length <= CHECKSUM_BYTES || view.readInt32LE(0) !== crcOf(payload)) throw this.#damaged();
    return decodeCold(payload) as V;
  }

  #damaged(): EngineError {
    return new EngineError('STORE_DAMAGED', 'give-up', { table: this.name });
  }
}
