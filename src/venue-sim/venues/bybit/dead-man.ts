/**
 * Bybit v5's disconnect protection: an account sets a window; when its last private socket that listens to `dcp` is gone for that long, the orders of the
 * products concerned are cancelled. Settings survive a restart of the exchange. Called by the protocol with each step.
 */
import type { Account, Exchange } from '../../exchange/contract.js';
import { isSet, textOf, type Item } from './items.js';
import { badParameter } from './refusals.js';
import type { Answer } from './trading.js';

const LEAST_SECONDS = 3;
const MOST_SECONDS = 300;
const USUAL_SECONDS = 10;

export type DeadManProduct = 'DERIVATIVES' | 'SPOT';
const PRODUCTS: readonly DeadManProduct[] = ['DERIVATIVES', 'SPOT'];
export const DEAD_MAN_TOPICS: Readonly<Record<string, DeadManProduct>> = { 'dcp.future': 'DERIVATIVES', 'dcp.spot': 'SPOT' };

interface Watch {
  readonly account: Account;
  readonly product: DeadManProduct;
  listeners: number;
  /** When the last listener went; null while there is one, or after the cancel. */
  goneUs: number | null;
}

export class DeadMan {
  readonly #exchange: Exchange;
  readonly #watches = new Map<string, Watch>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  set(account: Account, item: Item): Answer {
    const seconds = Number(textOf(item, 'timeWindow'));
    if (!isSet(item, 'timeWindow') || !Number.isInteger(seconds) || seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
      return { refusal: badParameter('timeWindow') };
    }
    const name = textOf(item, 'product');
    // Options, which are meant when nothing is named, have no market here.
    if (name === 'OPTIONS' || name === '') return { result: {} };
    const product = PRODUCTS.find((known) => known === name);
    if (product === undefined) return { refusal: badParameter('product') };
    this.#exchange.notes.set(noteOf(account, product), String(seconds));
    return { result: {} };
  }

  info(account: Account): Answer {
    const dcpInfos = PRODUCTS.flatMap((product) => {
      const seconds = this.#exchange.notes.get(noteOf(account, product));
      return seconds === undefined ? [] : [{ product, dcpStatus: 'ON', timeWindow: seconds }];
    });
    return { result: { dcpInfos } };
  }

  isOn(account: Account): boolean {
    return PRODUCTS.some((product) => this.#exchange.notes.has(noteOf(account, product)));
  }

  windowSeconds(account: Account): number {
    return Number(this.#exchange.notes.get(noteOf(account, 'DERIVATIVES')) ?? USUAL_SECONDS);
  }

  listen(account: Account, product: DeadManProduct): void {
    const watch = this.#watch(account, product);
    watch.listeners++;
    watch.goneUs = null;
  }

  leave(account: Account, product: DeadManProduct, nowUs: number): void {
    const watch = this.#watch(account, product);
    watch.listeners = Math.max(0, watch.listeners - 1);
    if (watch.listeners === 0) watch.goneUs = nowUs;
  }

  step(nowUs: number): void {
    for (const watch of this.#watches.values()) {
      const seconds = Number(this.#exchange.notes.get(noteOf(watch.account, watch.product)) ?? Number.NaN);
      if (watch.goneUs === null || !(nowUs - watch.goneUs >= seconds * 1e6)) continue;
      watch.goneUs = null;
      for (const market of this.#exchange.markets) {
        if ((market.spec.kind === 'spot') === (watch.product === 'SPOT')) this.#exchange.cancelAll(watch.account, market);
      }
    }
  }

  #watch(account: Account, product: DeadManProduct): Watch {
    const key = noteOf(account, product);
    const watch = this.#watches.get(key) ?? { account, product, listeners: 0, goneUs: null };
    this.#watches.set(key, watch);
    return watch;
  }
}

function noteOf(account: Account, product: DeadManProduct): string {
  return `dcp ${account.id} ${product}`;
}
