/**
 * Records of the exchange as plain JSON and back: whole numbers of any size, markets, accounts and assets are written as short tagged texts. Used by save and load.
 */
import type { Market } from '../market/market.js';
import type { Account, AssetTerms } from './contract.js';

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };
export type PlainRecord = Readonly<Record<string, Plain>>;

/** Texts that start with this carry something else than text. */
const TAG = '\u0001';

export class Codec {
  readonly #markets = new Map<string, Market>();
  readonly #accounts = new Map<number, Account>();
  readonly #assets = new Map<string, AssetTerms>();
  readonly #names = new Map<object, string>();

  constructor(markets: readonly Market[], accounts: readonly Account[], assets: readonly AssetTerms[]) {
    for (const market of markets) {
      const name = marketName(market);
      this.#markets.set(name, market);
      this.#names.set(market, `${TAG}m${name}`);
    }
    for (const account of accounts) {
      this.#accounts.set(account.id, account);
      this.#names.set(account, `${TAG}a${account.id}`);
    }
    for (const asset of assets) {
      this.#assets.set(asset.asset, asset);
      this.#names.set(asset, `${TAG}s${asset.asset}`);
    }
  }

  encode(record: object): PlainRecord {
    const plain: Record<string, Plain> = {};
    for (const [key, value] of Object.entries(record)) if (value !== undefined) plain[key] = this.#plain(value);
    return plain;
  }

  decode(plain: PlainRecord): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(plain)) record[key] = this.#value(value);
    return record;
  }

  market(name: string): Market | undefined {
    return this.#markets.get(name);
  }

  #plain(value: unknown): Plain {
    if (typeof value === 'bigint') return `${TAG}n${value}`;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'object') return this.#names.get(value) ?? this.encode(value);
    throw new Error(`a saved record cannot hold a ${typeof value}`);
  }

  #value(plain: Plain): unknown {
    if (typeof plain === 'object' && plain !== null && !Array.isArray(plain)) return this.decode(plain as PlainRecord);
    if (typeof plain !== 'string' || !plain.startsWith(TAG)) return plain;
    const text = plain.slice(2);
    switch (plain[1]) {
      case 'n':
        return BigInt(text);
      case 'm':
        return known(this.#markets.get(text), text);
      case 'a':
        return known(this.#accounts.get(Number(text)), text);
      default:
        return known(this.#assets.get(text), text);
    }
  }
}

export function marketName({ spec }: Market): string {
  return `${spec.kind}:${spec.symbol}`;
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`saved state names '${name}', which is not here`);
  return value;
}
