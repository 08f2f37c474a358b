/** Binance USD-M and COIN-M through ccxt's `binanceusdm` and `binancecoinm`: batches of five, cancels of ten of one symbol, amends that keep the order. */
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, SIDE_BUY, TIF_FOK, TIF_IOC } from '../../../../core/memory/record.js';
import type { Instrument } from '../../../../core/orders/instrument.js';
import { capsOf } from '../../../caps.js';
import type { CallTag } from '../budget.js';
import type { Answers, Dialect, OrderItem, OrderVerb } from '../dialect.js';
import { VenueError, type Exchange } from '../exchange.js';
import { listOf, objectOf, textOf, type AccountRows, type Json, type OrderRow, type TradeRow } from '../rows.js';
import { batchAnswers, orderRow, soleAnswer, tradeRow } from './binance-rows.js';
import { idAfter } from './binance-spot.js';
import { allPages } from './paging.js';

const TRADES_PAGE = 1_000;
const SYMBOLS_SINGLY = 12;

function tag(kind: CallTag['kind'], weight: number, items = 0): CallTag {
  return { kind, items, weight, group: '' };
}

/** ccxt's endpoint methods of the two markets. */
const METHODS = {
  'binance-usdm': {
    private: 'fapiPrivate',
    public: 'fapiPublic',
    balance: 'fapiPrivateV2GetBalance',
    positions: 'fapiPrivateV2GetPositionRisk',
  },
  'binance-coinm': {
    private: 'dapiPrivate',
    public: 'dapiPublic',
    balance: 'dapiPrivateGetBalance',
    positions: 'dapiPrivateGetPositionRisk',
  },
} as const;

export class BinanceFuturesDialect implements Dialect {
  readonly canAmend = true;
  readonly isAsynchronous = false;
  readonly #venue: 'binance-usdm' | 'binance-coinm';

  constructor(venue: 'binance-usdm' | 'binance-coinm') {
    this.#venue = venue;
  }

  batchOf(verb: OrderVerb): number {
    const caps = capsOf(this.#venue);
    return verb === 'create' ? caps.createBatch : verb === 'amend' ? caps.amendBatch : caps.cancelBatch;
  }

  batchKey(verb: OrderVerb, instrument: Instrument): string {
    return verb === 'cancel' ? instrument.symbol : '';
  }

  groupOf(): string {
    return '';
  }

  /** One order counts on the order counters only; a batch weighs 5. */
  weightOf(verb: OrderVerb, items: number): number {
    return items > 1 && verb !== 'cancel' ? 5 : 1;
  }

  async send(verb: OrderVerb, exchange: Exchange, items: readonly OrderItem[]): Promise<Answers> {
    const first = items[0];
    if (first === undefined) return new Map();
    const kind = verb === 'create' ? 'new' : verb === 'amend' ? 'change' : 'cancel';
    const callTag = tag(kind, this.weightOf(verb, items.length), items.length);
    const http = verb === 'create' ? 'Post' : verb === 'amend' ? 'Put' : 'Delete';
    const method = METHODS[this.#venue].private + http;
    if (items.length === 1) return soleAnswer(await exchange.call(`${method}Order`, termsOf(verb, first), callTag, first.decidedUs), first);
    const params =
      verb === 'cancel'
        ? { symbol: first.instrument.symbol, origClientOrderIdList: items.map(({ order }) => order.clientId) }
        : { batchOrders: items.map((item) => termsOf(verb, item)) };
    return batchAnswers(await exchange.call(`${method}BatchOrders`, params, callTag, first.decidedUs), items);
  }

  async query(exchange: Exchange, { order, instrument }: OrderItem): Promise<OrderRow | null> {
    const params = { symbol: instrument.symbol, origClientOrderId: order.clientId };
    return orderRow(objectOf(await this.#get(exchange, 'Order', params, 1), 'an order'));
  }

  async tradesOf(exchange: Exchange, { order, instrument }: OrderItem, row: OrderRow): Promise<readonly TradeRow[]> {
    const params = { symbol: instrument.symbol, orderId: row.venueOrderId, limit: TRADES_PAGE };
    const list = listOf(await this.#get(exchange, 'UserTrades', params, 5), 'trades');
    // The order id is a filter of later versions of the interface: what else comes is left out.
    return list
      .map((trade) => tradeRow(trade))
      .filter(({ venueOrderId }) => venueOrderId === row.venueOrderId)
      .map((trade) => ({ ...trade, clientId: order.clientId }));
  }

  async openOrders(exchange: Exchange, instruments: readonly Instrument[]): Promise<readonly OrderRow[]> {
    const ask = async (params: Json, weight: number): Promise<OrderRow[]> =>
      listOf(await this.#get(exchange, 'OpenOrders', params, weight), 'open orders').map((row) => orderRow(row));
    if (instruments.length > SYMBOLS_SINGLY) return ask({}, 40);
    const lists = await Promise.all(instruments.map(({ symbol }) => ask({ symbol }, 1)));
    return lists.flat();
  }

  async tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]> {
    const all: TradeRow[] = [];
    for (const { symbol } of instruments) {
      const rows = await allPages<TradeRow, string>(async (after) => {
        const from = after === null ? { startTime: Math.floor(sinceUs / 1_000) } : { fromId: after };
        const answer = await this.#get(exchange, 'UserTrades', { symbol, ...from, limit: TRADES_PAGE }, 5);
        const page = listOf(answer, 'trades').map((row) => tradeRow(row));
        return { rows: page, after: page.length < TRADES_PAGE ? null : idAfter(page) };
      });
      all.push(...rows);
    }
    return all;
  }

  async clientIds(exchange: Exchange, { symbol }: Instrument, venueOrderIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const orderId of venueOrderIds) {
      try {
        const row = objectOf(await this.#get(exchange, 'Order', { symbol, orderId }, 1), 'an order');
        found.set(orderId, textOf(row, 'clientOrderId'));
      } catch (error) {
        if (!(error instanceof VenueError && error.verdict.kind === 'not-found')) throw error;
        found.set(orderId, '');
      }
    }
    return found;
  }

  async account(exchange: Exchange, instruments: readonly Instrument[]): Promise<AccountRows> {
    const { balance, positions } = METHODS[this.#venue];
    const [wallets, risks] = await Promise.all([exchange.call(balance, {}, tag('read', 5)), exchange.call(positions, {}, tag('read', 5))]);
    const symbols = new Set(instruments.map(({ symbol }) => symbol));
    return {
      wallets: listOf(wallets, 'balances').map((row) => ({
        asset: textOf(row, 'asset'),
        total: textOf(row, 'balance') || '0',
        free: textOf(row, 'availableBalance') || '0',
      })),
      positions: listOf(risks, 'positions')
        .filter((row) => symbols.has(textOf(row, 'symbol')))
        .map((row) => ({
          symbol: textOf(row, 'symbol'),
          qty: textOf(row, 'positionAmt') || '0',
          entryPrice: textOf(row, 'entryPrice') || '0',
          leverage: Number(textOf(row, 'leverage')) || 0,
        })),
    };
  }

  async serverTimeMs(exchange: Exchange): Promise<number | null> {
    const answer = await exchange.call(`${METHODS[this.#venue].public}GetTime`, {}, tag('read', 1));
    return Number(objectOf(answer, 'the time')['serverTime']);
  }

  async armDeadMan(exchange: Exchange, instruments: readonly Instrument[], timeoutMs: number): Promise<void> {
    const method = `${METHODS[this.#venue].private}PostCountdownCancelAll`;
    await Promise.all(
      instruments.map(({ symbol }) => exchange.call(method, { symbol, countdownTime: String(timeoutMs) }, tag('read', 10))),
    );
  }

  #get(exchange: Exchange, what: string, params: Json, weight: number): Promise<unknown> {
    return exchange.call(`${METHODS[this.#venue].private}Get${what}`, params, tag('read', weight));
  }
}

function termsOf(verb: OrderVerb, { order, instrument, price, qty }: OrderItem): Record<string, string> {
  const { symbol } = instrument;
  const side = order.side === SIDE_BUY ? 'BUY' : 'SELL';
  if (verb === 'cancel') return { symbol, origClientOrderId: order.clientId };
  if (verb === 'amend') return { symbol, side, origClientOrderId: order.clientId, quantity: qty, price };
  const isPostOnly = (order.flags & FLAG_POST_ONLY) !== 0;
  const timeInForce = isPostOnly ? 'GTX' : order.timeInForce === TIF_IOC ? 'IOC' : order.timeInForce === TIF_FOK ? 'FOK' : 'GTC';
  return {
    symbol,
    side,
    type: 'LIMIT',
    timeInForce,
    quantity: qty,
    price,
    newClientOrderId: order.clientId,
    newOrderRespType: 'RESULT',
    ...((order.flags & FLAG_REDUCE_ONLY) === 0 ? {} : { reduceOnly: 'true' }),
  };
}
