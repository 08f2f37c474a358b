/**
 * Accounts of one simulated venue and their keys: the flow's participants, the account of the addresses file and a spare one for a person's bot. Names, keys and
 * funds follow from the seed alone. Called by `VenueExchange` at start and by protocols for every signed request.
 */
import { FIRST_TEST_ACCOUNT, FLOW_ACCOUNTS } from '../flow/market-flow.js';
import { FlowRandom } from '../flow/random.js';
import type { VenueId } from '../market/spec.js';
import type { Account, ApiKey, AssetTerms } from './contract.js';
import { FLOW_FUNDS, TEST_FUNDS } from './terms.js';

const TEST_ACCOUNTS = ['test', 'spare'] as const;

export interface OpenedAccount {
  readonly account: Account;
  readonly isTest: boolean;
  /** Whole coins of an asset at the start. */
  fundsOf(asset: AssetTerms): bigint;
}

export function openAccounts(): readonly OpenedAccount[] {
  const flow = FLOW_ACCOUNTS.map((id) => ({ account: { id, name: `flow ${id}` }, isTest: false, fundsOf: () => FLOW_FUNDS }));
  const test = TEST_ACCOUNTS.map((name, index) => ({
    account: { id: FIRST_TEST_ACCOUNT + index, name },
    isTest: true,
    fundsOf: (asset: AssetTerms) => TEST_FUNDS[asset.asset] ?? 0n,
  }));
  return [...flow, ...test];
}

/** Key and secret of a test account: the same for the same seed. The first account's are those of the addresses file. */
export function credentialsOf(seed: number, venue: VenueId, name: string): { readonly apiKey: string; readonly secret: string } {
  const random = FlowRandom.of(seed, name === 'test' ? `account ${venue}` : `account ${venue} ${name}`);
  return { apiKey: random.text(64), secret: random.text(64) };
}

export class KeyRing {
  readonly #keys = new Map<string, ApiKey>();

  add(key: ApiKey): void {
    this.#keys.set(key.apiKey, key);
  }

  find(apiKey: string): ApiKey | undefined {
    return this.#keys.get(apiKey);
  }

  of(account: Account): readonly ApiKey[] {
    return [...this.#keys.values()].filter((key) => key.account === account);
  }

  get all(): readonly ApiKey[] {
    return [...this.#keys.values()];
  }
}
