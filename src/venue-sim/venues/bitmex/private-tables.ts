/**
 * BitMEX's private tables on `/realtime`: order, execution, position, margin, wallet, transact. Partials say everything, also when that is nothing; afterwards
 * rows are inserted, and updates carry the keys and what changed. Called by `BitmexServer` and by the exchange's events, on one thread.
 */
import type { Account, Exchange, ExchangeEvent, FaultGate } from '../../exchange/contract.js';
import type { Client } from '../hub.js';
import { marginRow, positionRow, walletRow } from './account-rows.js';
import { fundingRow, isOpen, orderRow, reportRow, tradeRow, type Row } from './order-rows.js';

export const PRIVATE_TABLES: ReadonlySet<string> = new Set([
  'affiliate',
  'execution',
  'margin',
  'order',
  'position',
  'privateNotifications',
  'transact',
  'wallet',
]);
const KEYS: Readonly<Record<string, readonly string[]>> = {
  order: ['orderID'],
  execution: ['execID'],
  position: ['account', 'symbol'],
  margin: ['account', 'currency'],
  wallet: ['account', 'currency'],
  transact: ['transactID'],
  affiliate: ['account', 'currency'],
  privateNotifications: ['id'],
};
/** Columns that updates repeat beside the keys. */
const REPEATED: Readonly<Record<string, readonly string[]>> = {
  order: ['orderID', 'clOrdID', 'account', 'symbol', 'timestamp'],
  position: ['account', 'symbol', 'currency', 'currentQty', 'timestamp'],
  margin: ['account', 'currency', 'timestamp'],
  wallet: ['account', 'currency', 'timestamp'],
};
/** How often marks reach positions and margins that nobody traded. */
const MARK_PERIOD_US = 1_000_000;
/** Currency of the account tables when a topic names none; `*` names all. */
const USUAL_CURRENCY = 'XBt';

interface Session {
  readonly client: Client;
  readonly account: Account;
  /** Topic as subscribed to its table and what it is limited to. */
  readonly topics: Map<string, { readonly table: string; readonly filter: string | undefined }>;
}

export interface PrivateTablesDeps {
  readonly exchange: Exchange;
  readonly faults: FaultGate;
  readonly send: (client: Client, text: string) => void;
  nowUs(): number;
}

export class BitmexPrivateTables {
  readonly #deps: PrivateTablesDeps;
  readonly #sessions = new Map<number, Session>();
  /** Rows as last sent, by account, table and key. */
  readonly #sent = new Map<string, Row>();
  #lastMarkUs = 0;

  constructor(deps: PrivateTablesDeps) {
    this.#deps = deps;
    deps.exchange.listen((event) => this.#onEvent(event));
  }

  login(client: Client, account: Account): void {
    this.#sessions.set(client.socket.id, { client, account, topics: new Map() });
  }

  isKnown(client: Client): boolean {
    return this.#sessions.has(client.socket.id);
  }

  accountOf(client: Client): Account | undefined {
    return this.#sessions.get(client.socket.id)?.account;
  }

  close(socketId: number): void {
    this.#sessions.delete(socketId);
  }

  has(client: Client, topic: string): boolean {
    return this.#sessions.get(client.socket.id)?.topics.has(topic) === true;
  }

  /** Remembers the topic; the caller acknowledges, then `greet` sends its partial. */
  subscribe(client: Client, topic: string): void {
    const [table = '', filter] = topic.split(':');
    this.#sessions.get(client.socket.id)?.topics.set(topic, { table, filter });
  }

  unsubscribe(client: Client, topic: string): boolean {
    return this.#sessions.get(client.socket.id)?.topics.delete(topic) === true;
  }

  greet(client: Client, topic: string): void {
    const session = this.#sessions.get(client.socket.id);
    const subscription = session?.topics.get(topic);
    if (session === undefined || subscription === undefined) return;
    const { table, filter } = subscription;
    const rows = this.#rowsOf(session.account, table).filter((row) => isWanted(table, filter, row));
    for (const row of rows) this.#sent.set(this.#keyOf(session.account, table, row), row);
    const shown = filter === undefined || filter === '*' ? {} : { [isOfCurrency(table) ? 'currency' : 'symbol']: filter };
    const text = JSON.stringify({
      table,
      action: 'partial',
      keys: KEYS[table] ?? [],
      types: typesOf(rows[0] ?? {}),
      foreignKeys: {},
      attributes: {},
      filter: { account: session.account.id, ...shown },
      data: rows,
    });
    this.#deps.send(client, text);
  }

  /** Tells listeners how marks moved their positions and margins. */
  step(nowUs: number): void {
    if (nowUs - this.#lastMarkUs < MARK_PERIOD_US) return;
    this.#lastMarkUs = nowUs;
    const accounts = new Map([...this.#sessions.values()].map((session) => [session.account.id, session.account]));
    for (const account of accounts.values()) {
      if (this.#deps.exchange.positions(account).length === 0) continue;
      for (const table of ['position', 'margin']) {
        if (!this.#isHeard(account, table)) continue;
        for (const row of this.#rowsOf(account, table))
          this.#changed(account, table, row, { type: table === 'margin' ? 'wallet' : 'position' });
      }
    }
  }

  #rowsOf(account: Account, table: string): Row[] {
    const { exchange } = this.#deps;
    const nowUs = this.#deps.nowUs();
    switch (table) {
      case 'order':
        return exchange.openOrders(account).map(orderRow);
      case 'position':
        return exchange.markets
          .map((market) => exchange.position(account, market))
          .filter((position) => position.lots !== 0 || position.boughtLots + position.soldLots > 0)
          .map((position) => positionRow(exchange, position, nowUs));
      case 'margin':
        return exchange.wallets(account).map((wallet) => marginRow(exchange, account, wallet, nowUs));
      case 'wallet':
        return exchange.wallets(account).map((wallet) => walletRow(exchange, account, wallet, nowUs));
      default:
        return [];
    }
  }

  #onEvent(event: ExchangeEvent): void {
    const { exchange } = this.#deps;
    const { account } = event;
    if (![...this.#sessions.values()].some((session) => session.account.id === account.id)) return;
    const nowUs = this.#deps.nowUs();
    switch (event.type) {
      case 'order': {
        const row = orderRow(event.order);
        if (event.cause === 'new') this.#insert(account, 'order', row, event);
        else this.#changed(account, 'order', row, event);
        if (!isOpen(event.order)) this.#sent.delete(this.#keyOf(account, 'order', row));
        if (event.cause !== 'fill') this.#insert(account, 'execution', reportRow(event.order, event.cause, event.timeUs), event);
        return;
      }
      case 'fill':
        return this.#insert(account, 'execution', tradeRow(event.fill, event.order), event);
      case 'funding': {
        const row = fundingRow(exchange, event.entry, account.id);
        if (row !== null) this.#insert(account, 'execution', row, event);
        return;
      }
      case 'position':
        return this.#changed(account, 'position', positionRow(exchange, event.position, nowUs), event);
      case 'wallet':
        for (const wallet of event.wallets) {
          this.#changed(account, 'margin', marginRow(exchange, account, wallet, nowUs), event);
          const change = event.changes.get(wallet.terms.asset) ?? 0n;
          if (change !== 0n) this.#changed(account, 'wallet', walletRow(exchange, account, wallet, nowUs), event);
        }
        return;
      case 'liquidation':
        return;
    }
  }

  #insert(account: Account, table: string, row: Row, about: { readonly type: ExchangeEvent['type'] }): void {
    if (table !== 'execution') this.#sent.set(this.#keyOf(account, table, row), row);
    this.#publish(account, table, 'insert', row, row, about);
  }

  /** Only what differs from the row as last sent; all of it when it never was. */
  #changed(account: Account, table: string, row: Row, about: { readonly type: ExchangeEvent['type'] }): void {
    const key = this.#keyOf(account, table, row);
    const before = this.#sent.get(key);
    this.#sent.set(key, row);
    if (before === undefined) return this.#publish(account, table, table === 'position' ? 'insert' : 'update', row, row, about);
    const repeated = REPEATED[table] ?? [];
    const changed = Object.entries(row).filter(
      ([name, value]) => !repeated.includes(name) && !isSame(before[name], value) && !name.endsWith('imestamp'),
    );
    if (changed.length === 0) return;
    const kept = Object.fromEntries(repeated.map((name) => [name, row[name]]));
    this.#publish(account, table, 'update', { ...kept, ...Object.fromEntries(changed) }, row, about);
  }

  #publish(account: Account, table: string, action: string, data: Row, row: Row, about: { readonly type: ExchangeEvent['type'] }): void {
    const text = JSON.stringify({ table, action, data: [data] });
    const symbol = row['symbol'];
    const named = typeof symbol === 'string' ? { type: about.type, symbol } : { type: about.type };
    for (const session of this.#sessions.values()) {
      if (session.account.id !== account.id) continue;
      for (const subscription of session.topics.values()) {
        if (subscription.table !== table || !isWanted(table, subscription.filter, row)) continue;
        this.#deps.faults.sendPrivate(session.client.socket, text, named, (late) => this.#deps.send(session.client, late));
      }
    }
  }

  #isHeard(account: Account, table: string): boolean {
    return [...this.#sessions.values()].some(
      (session) => session.account.id === account.id && [...session.topics.values()].some((topic) => topic.table === table),
    );
  }

  #keyOf(account: Account, table: string, row: Row): string {
    return `${account.id} ${table} ${(KEYS[table] ?? []).map((name) => String(row[name])).join(' ')}`;
  }
}

function isOfCurrency(table: string): boolean {
  return table === 'margin' || table === 'wallet' || table === 'transact';
}

function isWanted(table: string, filter: string | undefined, row: Row): boolean {
  if (filter === '*') return true;
  if (isOfCurrency(table)) return row['currency'] === (filter ?? USUAL_CURRENCY);
  return filter === undefined || row['symbol'] === filter;
}

function isSame(before: unknown, after: unknown): boolean {
  return before === after || (Array.isArray(before) && Array.isArray(after) && before.length === 0 && after.length === 0);
}

/** Column types, read off a row. */
function typesOf(row: Row): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeOf(name, value)]));
}

function typeOf(name: string, value: unknown): string {
  if (/imestamp$|Time$/.test(name)) return 'timestamp';
  if (/(ID|Id)$/.test(name)) return name.startsWith('clOrd') ? 'symbol' : 'guid';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return /Price|Px|Pcnt|Notional|leverage|commission|Req$/.test(name) ? 'float' : 'long';
  return 'symbol';
}
