/**
 * Listen keys of one Binance venue: one an account, alive for 60 minutes after it was made or kept alive. They outlive a restart in the exchange's notes.
 * Called by the listen key paths and by private connections.
 */
import type { Account, Exchange } from '../../exchange/contract.js';
import type { FlowRandom } from '../../flow/random.js';

const LIFE_US = 60 * 60_000_000;
const KEY_LENGTH = 64;
const NOTE = 'listenKey ';

export interface ListenKey {
  readonly key: string;
  readonly account: Account;
  readonly expiresUs: number;
}

export class ListenKeys {
  readonly #exchange: Exchange;
  readonly #random: FlowRandom;

  constructor(exchange: Exchange, random: FlowRandom) {
    this.#exchange = exchange;
    this.#random = random;
  }

  /** The key that lives, its life extended, or a new one. */
  make(account: Account, nowUs: number): string {
    const key = this.of(account, nowUs)?.key ?? this.#random.text(KEY_LENGTH);
    this.#exchange.notes.set(`${NOTE}${account.id}`, `${key} ${nowUs + LIFE_US}`);
    return key;
  }

  of(account: Account, nowUs: number): ListenKey | undefined {
    const note = this.#exchange.notes.get(`${NOTE}${account.id}`);
    const [key = '', expires = '0'] = note?.split(' ') ?? [];
    return key !== '' && Number(expires) > nowUs ? { key, account, expiresUs: Number(expires) } : undefined;
  }

  find(key: string, nowUs: number): ListenKey | undefined {
    for (const account of this.#exchange.testAccounts) {
      const own = this.of(account, nowUs);
      if (own?.key === key) return own;
    }
    return undefined;
  }

  end(account: Account): void {
    this.#exchange.notes.delete(`${NOTE}${account.id}`);
  }

  /** Takes keys whose time is over out and returns them. */
  expire(nowUs: number): { readonly key: string; readonly account: Account }[] {
    const expired: { readonly key: string; readonly account: Account }[] = [];
    for (const account of this.#exchange.testAccounts) {
      const [key = '', expires = '0'] = this.#exchange.notes.get(`${NOTE}${account.id}`)?.split(' ') ?? [];
      if (key === '' || Number(expires) > nowUs) continue;
      this.end(account);
      expired.push({ key, account });
    }
    return expired;
  }
}
