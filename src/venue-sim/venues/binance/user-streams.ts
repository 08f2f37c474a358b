/**
 * Who listens to which account on one Binance venue: connections with a listen key, and subscriptions of the request socket. Texts are made once an account
 * and sent through the fault gate. Called by `BinanceServer` as connections come and go, by the exchange with its events, and after each step.
 */
import type { Account, ExchangeEvent, FaultGate } from '../../exchange/contract.js';
import type { Client, Hub } from '../hub.js';
import type { ListenKeys } from './listen-keys.js';
import type { PrivateMessage, PrivateMessages } from './private-messages.js';

interface Subscription {
  readonly client: Client;
  readonly account: Account;
  /** The listen key, or the number of a request socket's subscription. */
  readonly name: string | number;
  /** Null is all of them. */
  readonly events: ReadonlySet<string> | null;
}

export class UserStreams {
  readonly #hub: Hub;
  readonly #faults: FaultGate;
  readonly #keys: ListenKeys;
  readonly #messages: PrivateMessages;
  readonly #byAccount = new Map<number, Set<Subscription>>();
  readonly #byClient = new Map<Client, Map<string | number, Subscription>>();
  readonly #nextNumbers = new Map<Client, number>();
  /** Subscriptions of the request socket that ended: told after the answer that ended them. */
  #ended: Subscription[] = [];

  constructor(hub: Hub, faults: FaultGate, keys: ListenKeys, messages: PrivateMessages) {
    this.#hub = hub;
    this.#faults = faults;
    this.#keys = keys;
    this.#messages = messages;
  }

  /** False when no account has this listen key. */
  attach(client: Client, key: string, events: ReadonlySet<string> | null, nowUs: number): boolean {
    const found = this.#keys.find(key, nowUs);
    if (found === undefined) return false;
    if (this.#byClient.get(client)?.has(key) !== true) this.#add({ client, account: found.account, name: key, events });
    client.topics.add(key);
    return true;
  }

  /** A subscription of the request socket; its number. */
  subscribe(client: Client, account: Account): number {
    const number = this.#nextNumbers.get(client) ?? 0;
    this.#nextNumbers.set(client, number + 1);
    this.#add({ client, account, name: number, events: null });
    return number;
  }

  isSubscribed(client: Client, account: Account): boolean {
    return this.numbersOf(client).some((number) => this.#byClient.get(client)?.get(number)?.account.id === account.id);
  }

  numbersOf(client: Client): number[] {
    return [...(this.#byClient.get(client)?.keys() ?? [])].filter((name) => typeof name === 'number');
  }

  detach(client: Client, name: string | number): boolean {
    const own = this.#byClient.get(client);
    const subscription = own?.get(name);
    if (own === undefined || subscription === undefined) return false;
    own.delete(name);
    if (own.size === 0) this.#byClient.delete(client);
    this.#byAccount.get(subscription.account.id)?.delete(subscription);
    if (typeof name === 'string') client.topics.delete(name);
    else this.#ended.push(subscription);
    return true;
  }

  close(client: Client): void {
    for (const name of this.#byClient.get(client)?.keys() ?? []) this.detach(client, name);
    this.#ended = this.#ended.filter((subscription) => subscription.client !== client);
    this.#nextNumbers.delete(client);
  }

  onEvent(event: ExchangeEvent): void {
    if ((this.#byAccount.get(event.account.id)?.size ?? 0) === 0) return;
    for (const message of this.#messages.of(event)) this.#tell(event.account.id, message);
  }

  /** After each step: what waited, and listen keys whose time is over. */
  step(nowUs: number): void {
    const terminated = JSON.stringify({ e: 'eventStreamTerminated', E: Math.floor(nowUs / 1_000) });
    for (const subscription of this.#ended.splice(0)) this.#hub.send(subscription.client, wrapped(subscription, terminated));
    for (const accountId of this.#byAccount.keys()) {
      for (const message of this.#messages.rest(accountId)) this.#tell(accountId, message);
    }
    for (const { key, account } of this.#keys.expire(nowUs)) this.endKey(key, account, nowUs);
  }

  /** Tells those who listen by the key that it is over. */
  endKey(key: string, account: Account, nowUs: number): void {
    const text = JSON.stringify({ e: 'listenKeyExpired', E: Math.floor(nowUs / 1_000), listenKey: key });
    for (const subscription of this.#byAccount.get(account.id) ?? []) {
      if (subscription.name !== key) continue;
      this.#hub.send(subscription.client, wrapped(subscription, text));
      this.detach(subscription.client, key);
    }
  }

  #add(subscription: Subscription): void {
    const { client, account, name } = subscription;
    const own = this.#byClient.get(client) ?? new Map<string | number, Subscription>();
    this.#byClient.set(client, own.set(name, subscription));
    const listeners = this.#byAccount.get(account.id) ?? new Set<Subscription>();
    this.#byAccount.set(account.id, listeners.add(subscription));
  }

  #tell(accountId: number, message: PrivateMessage): void {
    const text = JSON.stringify(message.body);
    for (const subscription of this.#byAccount.get(accountId) ?? []) {
      if (subscription.events !== null && !subscription.events.has(message.name)) continue;
      const { client } = subscription;
      this.#faults.sendPrivate(client.socket, wrapped(subscription, text), message.about, (held) => this.#hub.send(client, held));
    }
  }
}

function wrapped({ client, name }: Subscription, text: string): string {
  if (typeof name === 'number') return `{"subscriptionId":${name},"event":${text}}`;
  return client.isWrapped ? `{"stream":"${name}","data":${text}}` : text;
}
