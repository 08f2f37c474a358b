/**
 * Any other class of ccxt by its unified methods: one order at a time, amends only where `has` says that they are the venue's own. Its numbers went through
 * floats, so sums are as exact as ccxt is; the five venues with a dialect of their own do better.
 */
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, SIDE_BUY, TIF_FOK, TIF_IOC } from '../../../../core/memory/record.js';
import { Reason } from '../../../../core/orders/reasons.js';
import type { Instrument } from '../../../../core/orders/instrument.js';
import type { CallTag } from '../budget.js';
import type { Answers, Dialect, OrderItem, OrderVerb } from '../dialect.js';
import { VenueError, type Exchange } from '../exchange.js';
import {
  listOf,
  msToUs,
  objectOf,
  sideOf,
  textOf,
  type AccountRows,
  type Json,
  type OrderRow,
  type TradeRow,
  type VenueStatus,
} from '../rows.js';
import { refusedBy } from '../verdict.js';

const STATUS: Readonly<Record<string, VenueStatus>> = {
  open: 'open',
  closed: 'filled',
  canceled: 'cancelled',
  canceling: 'open',
  expired: 'expired',
  rejected: 'rejected',
};
const KIND: Readonly<Record<OrderVerb, CallTag['kind']>> = { create: 'new', amend: 'change', cancel: 'cancel' };
const READ: CallTag = { kind: 'read', items: 0, weight: 1, group: '' };
const PAGE = 500;

export class UnifiedDialect implements Dialect {
  readonly canAmend: boolean;
  readonly isAsynchronous = false;
  /** ccxt's symbols by ours, and back. */
  readonly #unified: ReadonlyMap<string, string>;
  readonly #ours: ReadonlyMap<string, string>;

  /** @param symbols ccxt's symbol of each of the run's instruments, by the venue's own */
  constructor(symbols: Readonly<Record<string, string>>, has: Readonly<Record<string, unknown>>) {
    this.#unified = new Map(Object.entries(symbols));
    this.#ours = new Map(Object.entries(symbols).map(([ours, unified]) => [unified, ours]));
    this.canAmend = has['editOrder'] === true;
  }

  batchOf(): number {
    return 1;
  }

  batchKey(): string {
    return '';
  }

  groupOf(): string {
    return '';
  }

  weightOf(): number {
    return 1;
  }

  async send(verb: OrderVerb, exchange: Exchange, items: readonly OrderItem[]): Promise<Answers> {
    const item = items[0];
    if (item === undefined) return new Map();
    const { order, instrument, price, qty } = item;
    const symbol = this.#symbolOf(instrument);
    const side = order.side === SIDE_BUY ? 'buy' : 'sell';
    const tag: CallTag = { kind: KIND[verb], items: 1, weight: 1, group: '' };
    const named = { clientOrderId: order.clientId };
    const args: readonly unknown[] =
      verb === 'cancel'
        ? [order.venueOrderId, symbol, named]
        : verb === 'amend'
          ? [order.venueOrderId, symbol, 'limit', side, qty, price, {}]
          : [symbol, 'limit', side, qty, price, { ...named, ...flagsOf(item) }];
    const method = verb === 'cancel' ? 'cancelOrder' : verb === 'amend' ? 'editOrder' : 'createOrder';
    const answer = await this.#use(exchange, method, args, tag, item.decidedUs);
    const row = objectOf(answer, 'an order');
    const isComplete = textOf(row, 'status') !== '' && textOf(row, 'amount') !== '' && textOf(row, 'side') !== '';
    return new Map([
      [
        order.clientId,
        isComplete
          ? { kind: 'row', row: { ...this.#orderRow(row), clientId: order.clientId } }
          : { kind: 'taken', venueOrderId: textOf(row, 'id'), tsUs: msToUs(row, 'timestamp') },
      ],
    ]);
  }

  async query(exchange: Exchange, { order, instrument }: OrderItem): Promise<OrderRow | null> {
    const args = [order.venueOrderId, this.#symbolOf(instrument), { clientOrderId: order.clientId }];
    const row = this.#orderRow(objectOf(await this.#use(exchange, 'fetchOrder', args, READ), 'an order'));
    return { ...row, clientId: order.clientId };
  }

  async tradesOf(exchange: Exchange, { order, instrument }: OrderItem, row: OrderRow): Promise<readonly TradeRow[]> {
    const trades = await this.#trades(exchange, instrument, undefined);
    return trades.filter((one) => one.venueOrderId === row.venueOrderId).map((one) => ({ ...one, clientId: order.clientId }));
  }

  async openOrders(exchange: Exchange, instruments: readonly Instrument[]): Promise<readonly OrderRow[]> {
    const all: OrderRow[] = [];
    for (const instrument of instruments) {
      const list = listOf(await this.#use(exchange, 'fetchOpenOrders', [this.#symbolOf(instrument)], READ), 'open orders');
      all.push(...list.map((row) => this.#orderRow(row)));
    }
    return all;
  }

  async tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]> {
    const all: TradeRow[] = [];
    for (const instrument of instruments) all.push(...(await this.#trades(exchange, instrument, Math.floor(sinceUs / 1_000))));
    return all;
  }

  async clientIds(exchange: Exchange, instrument: Instrument, venueOrderIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const id of venueOrderIds) {
      try {
        const row = objectOf(await this.#use(exchange, 'fetchOrder', [id, this.#symbolOf(instrument)], READ), 'an order');
        found.set(id, textOf(row, 'clientOrderId'));
      } catch (error) {
        if (!(error instanceof VenueError && error.verdict.kind === 'not-found')) throw error;
        found.set(id, '');
      }
    }
    return found;
  }

  async account(exchange: Exchange, instruments: readonly Instrument[]): Promise<AccountRows> {
    const balance = objectOf(await this.#use(exchange, 'fetchBalance', [], READ), 'a balance');
    const total = objectOf(balance['total'], 'total');
    const free = objectOf(balance['free'] ?? {}, 'free');
    const wallets = Object.keys(total).map((asset) => ({ asset, total: textOf(total, asset) || '0', free: textOf(free, asset) || '0' }));
    if (!instruments.some(({ kind }) => kind !== 'spot') || exchange.instance.has['fetchPositions'] !== true)
      return { wallets, positions: [] };
    const positions = listOf(await this.#use(exchange, 'fetchPositions', [], READ), 'positions');
    return {
      wallets,
      positions: positions.map((row) => ({
        symbol: this.#ours.get(textOf(row, 'symbol')) ?? '',
        qty: (textOf(row, 'side') === 'short' ? '-' : '') + (textOf(row, 'contracts') || '0'),
        entryPrice: textOf(row, 'entryPrice') || '0',
        leverage: Number(textOf(row, 'leverage')) || 0,
      })),
    };
  }

  async serverTimeMs(exchange: Exchange): Promise<number | null> {
    if (exchange.instance.has['fetchTime'] !== true) return null;
    const time = Number(await this.#use(exchange, 'fetchTime', [], READ));
    return Number.isFinite(time) && time > 0 ? time : null;
  }

  async #trades(exchange: Exchange, instrument: Instrument, since: number | undefined): Promise<TradeRow[]> {
    const list = listOf(await this.#use(exchange, 'fetchMyTrades', [this.#symbolOf(instrument), since, PAGE], READ), 'trades');
    return list.map((row) => this.#tradeRow(row, instrument));
  }

  #use(exchange: Exchange, method: string, args: readonly unknown[], tag: CallTag, decidedUs = 0): Promise<unknown> {
    exchange.followCalls();
    const unified: unknown = Reflect.get(exchange.instance, method);
    if (typeof unified !== 'function') {
      const text = `ccxt class ${exchange.exchangeId} has no ${method}`;
      return Promise.reject(new VenueError(refusedBy(Reason.VENUE_REJECTED), text, null));
    }
    return exchange.run(() => unified.apply(exchange.instance, [...args]) as Promise<unknown>, tag, decidedUs);
  }

  #symbolOf({ symbol }: Instrument): string {
    return this.#unified.get(symbol) ?? symbol;
  }

  #orderRow(row: Json): OrderRow {
    return {
      clientId: textOf(row, 'clientOrderId'),
      venueOrderId: textOf(row, 'id'),
      symbol: this.#ours.get(textOf(row, 'symbol')) ?? textOf(row, 'symbol'),
      side: sideOf(row, 'side'),
      status: STATUS[textOf(row, 'status')] ?? 'open',
      price: textOf(row, 'price'),
      qty: textOf(row, 'amount'),
      cum: textOf(row, 'filled') || '0',
      reason: '',
      tsUs: msToUs(row, 'lastUpdateTimestamp') || msToUs(row, 'timestamp'),
      isPostOnly: row['postOnly'] === true,
      isReduceOnly: row['reduceOnly'] === true,
      fills: [],
    };
  }

  #tradeRow(row: Json, instrument: Instrument): TradeRow {
    const fee = typeof row['fee'] === 'object' && row['fee'] !== null ? objectOf(row['fee'], 'fee') : {};
    return {
      clientId: '',
      venueOrderId: textOf(row, 'order'),
      symbol: instrument.symbol,
      side: sideOf(row, 'side'),
      tradeId: textOf(row, 'id'),
      price: textOf(row, 'price'),
      qty: textOf(row, 'amount'),
      fee: textOf(fee, 'cost') || '0',
      feeAsset: textOf(fee, 'currency') || instrument.settle,
      isMaker: textOf(row, 'takerOrMaker') === 'maker',
      tsUs: msToUs(row, 'timestamp'),
    };
  }
}

function flagsOf({ order }: OrderItem): Json {
  return {
    ...((order.flags & FLAG_POST_ONLY) === 0 ? {} : { postOnly: true }),
    ...((order.flags & FLAG_REDUCE_ONLY) === 0 ? {} : { reduceOnly: true }),
    ...(order.timeInForce === TIF_IOC ? { timeInForce: 'IOC' } : order.timeInForce === TIF_FOK ? { timeInForce: 'FOK' } : {}),
  };
}
