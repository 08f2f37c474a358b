/**
 * What a store holds, as counts and hashes: two stores fed from one journal up to one place must give the same. Called by the verb `store check` and by tests; reads
 * a document at a time. Sums of the ledger are compared exactly, in decimals.
 */
import { createHash } from 'node:crypto';
import { formatDecimal, parseDecimal } from '../core/numbers/decimal.js';
import type { AuditDoc, FillDoc, StoreReader } from './schema.js';

export const COMPARED = ['runs', 'parameters', 'orders', 'fills', 'levels', 'positions', 'audit', 'ledger'] as const;
export type Compared = (typeof COMPARED)[number];

export interface Digest {
  readonly count: number;
  /** SHA-256 of the documents in their order, keys sorted. */
  readonly hash: string;
}

export type StoreDigest = Readonly<Record<Compared, Digest>>;

/** A change of a wallet as a store that keeps them gives it. */
export interface LedgerRow {
  readonly venue: string;
  readonly asset: string;
  readonly amount: string;
  readonly kind: string;
}

/** A store that keeps the ledger as documents of its own. */
export interface LedgerReader {
  ledger(): AsyncIterable<LedgerRow>;
}

export interface DigestOptions {
  /** Audit before this is not compared: a store may have a lifetime for it. */
  readonly auditFromUs?: number;
}

const EVERYTHING = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };

export async function digestOf(store: StoreReader & Partial<LedgerReader>, options: DigestOptions = {}): Promise<StoreDigest> {
  const ledger = new LedgerSums();
  const audit = { fromUs: options.auditFromUs ?? 0, toUs: EVERYTHING.toUs };
  const fills = await digest(store.fills(EVERYTHING), (doc) => ledger.addAll(doc));
  const audits = await digest(store.audit(audit), () => undefined);
  if (store.ledger === undefined) for await (const doc of store.audit(EVERYTHING)) ledger.addAll(doc);
  return {
    runs: await digest(await store.runs()),
    parameters: await digest(store.parameters()),
    orders: await digest(store.allOrders()),
    fills,
    levels: await digest(store.levels()),
    positions: await digest(store.positions()),
    audit: audits,
    ledger: store.ledger === undefined ? ledger.digest() : await sumsOf(store.ledger()),
  };
}

/** One line for each kind of document that differs. */
export function differences(one: { readonly name: string; readonly digest: StoreDigest }, two: typeof one): string[] {
  return COMPARED.flatMap((kind) => {
    const [a, b] = [one.digest[kind], two.digest[kind]];
    if (a.count !== b.count) return [`${kind}: ${one.name} has ${a.count}, ${two.name} has ${b.count}`];
    return a.hash === b.hash ? [] : [`${kind}: ${a.count} in both, but not the same ones (${a.hash.slice(0, 12)}, ${b.hash.slice(0, 12)})`];
  });
}

async function digest<T>(docs: AsyncIterable<T> | Iterable<T>, onDoc?: (doc: T) => void): Promise<Digest> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const doc of docs) {
    hash.update(canonical(doc)).update('\n');
    onDoc?.(doc);
    count++;
  }
  return { count, hash: hash.digest('hex') };
}

async function sumsOf(rows: AsyncIterable<LedgerRow>): Promise<Digest> {
  const sums = new LedgerSums();
  for await (const row of rows) sums.add(row);
  return sums.digest();
}

/** Fine enough for every asset's own scale. */
const SUM_SCALE = 40;

class LedgerSums {
  readonly #sums = new Map<string, bigint>();
  #count = 0;

  addAll({ venue, flows }: Pick<FillDoc | AuditDoc, 'venue' | 'flows'>): void {
    for (const flow of flows) this.add({ venue, ...flow });
  }

  add({ venue, asset, kind, amount }: LedgerRow): void {
    const { mantissa, scale } = parseDecimal(amount);
    const key = `${venue} ${asset} ${kind}`;
    this.#sums.set(key, (this.#sums.get(key) ?? 0n) + mantissa * 10n ** BigInt(SUM_SCALE - scale));
    this.#count++;
  }

  digest(): Digest {
    const lines = [...this.#sums].map(([key, sum]) => `${key} ${formatDecimal(sum, SUM_SCALE)}`).sort();
    return { count: this.#count, hash: createHash('sha256').update(lines.join('\n')).digest('hex') };
  }
}

/** JSON with sorted keys: stores may give the fields of a document in any order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
