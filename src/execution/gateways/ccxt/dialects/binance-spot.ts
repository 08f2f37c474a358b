/** Binance spot through ccxt's `binance`: single orders only; an amend would be a cancel and a create without a look at fills between, so there is none here. */
import { FLAG_POST_ONLY, SIDE_BUY, TIF_FOK, TIF_IOC } from '../../../../core/memory/record.js';
import type { Instrument } from '../../../../core/orders/instrument.js';
import type { CallTag } from '../budget.js';
import type { Answers, Dialect, OrderItem, OrderVerb } from '../dialect.js';
import { VenueError, type Exchange } from '../exchange.js';
import { listOf, objectOf, textOf, type AccountRows, type Json, type OrderRow, type TradeRow } from '../rows.js';
import { orderRow, soleAnswer, tradeRow } from './binance-rows.js';
import { allPages } from './paging.js';

const TRADES_PAGE = 1_000;
/** Asking by symbol costs 6 each, asking for all 80. */
const SYMBOLS_SINGLY = 12;

function tag(kind: CallTag['kind'], weight: number, items = 0): CallTag {
  return { kind, items, weight, group: '' };
}

export class BinanceSpotDialect implements Dialect {
  readonly canAmend = false;
  readonly isAsynchronous = false;

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
    const { order, instrument } = item;
    if (verb === 'cancel') {
      const params = { symbol: instrument.symbol, origClientOrderId: order.clientId };
      return soleAnswer(await exchange.call('privateDeleteOrder', params, tag('cancel', 1, 1), item.decidedUs), item);
    }
    const isPostOnly = (order.flags & FLAG_POST_ONLY) !== 0;
    const timeInForce = order.timeInForce === TIF_IOC ? 'IOC' : order.timeInForce === TIF_FOK ? 'FOK' : 'GTC';
    const params = {
      symbol: instrument.symbol,
      side: order.side === SIDE_BUY ? 'BUY' : 'SELL',
      type: isPostOnly ? 'LIMIT_MAKER' : 'LIMIT',
      ...(isPostOnly ? {} : { timeInForce }),
      quantity: item.qty,
      price: item.price,
      newClientOrderId: order.clientId,
      newOrderRespType: 'FULL',
    };
    return soleAnswer(await exchange.call('privatePostOrder', params, tag('new', 1, 1), item.decidedUs), item);
  }

  async query(exchange: Exchange, { order, instrument }: OrderItem): Promise<OrderRow | null> {
    const params = { symbol: instrument.symbol, origClientOrderId: order.clientId };
    return orderRow(objectOf(await exchange.call('privateGetOrder', params, tag('read', 4)), 'an order'));
  }

  async tradesOf(exchange: Exchange, { order, instrument }: OrderItem, row: OrderRow): Promise<readonly TradeRow[]> {
    const params = { symbol: instrument.symbol, orderId: row.venueOrderId, limit: TRADES_PAGE };
    const list = listOf(await exchange.call('privateGetMyTrades', params, tag('read', 20)), 'trades');
    return list.map((trade) => ({ ...tradeRow(trade), clientId: order.clientId }));
  }

  async openOrders(exchange: Exchange, instruments: readonly Instrument[]): Promise<readonly OrderRow[]> {
    const ask = async (params: Json, weight: number): Promise<OrderRow[]> =>
      listOf(await exchange.call('privateGetOpenOrders', params, tag('read', weight)), 'open orders').map((row) => orderRow(row));
    if (instruments.length > SYMBOLS_SINGLY) return ask({}, 80);
    const lists = await Promise.all(instruments.map(({ symbol }) => ask({ symbol }, 6)));
    return lists.flat();
  }

  async tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]> {
    const all: TradeRow[] = [];
    for (const { symbol } of instruments) {
      // A time and an id cannot be asked for together: the first page goes by time, the next ones from the last id.
      const rows = await allPages<TradeRow, string>(async (after) => {
        const from = after === null ? { startTime: Math.floor(sinceUs / 1_000) } : { fromId: after };
        const answer = await exchange.call('privateGetMyTrades', { symbol, ...from, limit: TRADES_PAGE }, tag('read', 20));
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
        const row = objectOf(await exchange.call('privateGetOrder', { symbol, orderId }, tag('read', 4)), 'an order');
        found.set(orderId, textOf(row, 'clientOrderId'));
      } catch (error) {
        // Archived by the venue: too old to be of this engine's open business.
        if (!(error instanceof VenueError && error.verdict.kind === 'not-found')) throw error;
        found.set(orderId, '');
      }
    }
    return found;
  }

  async account(exchange: Exchange): Promise<AccountRows> {
    const answer = objectOf(await exchange.call('privateGetAccount', {}, tag('read', 20)), 'an account');
    const wallets = listOf(answer['balances'], 'balances').map((row) => {
      const free = textOf(row, 'free') || '0';
      return { asset: textOf(row, 'asset'), total: sumOf(free, textOf(row, 'locked') || '0'), free };
    });
    return { wallets, positions: [] };
  }

  async serverTimeMs(exchange: Exchange): Promise<number | null> {
    return Number(objectOf(await exchange.call('publicGetTime', {}, tag('read', 1)), 'the time')['serverTime']);
  }
}

/** The id after the newest of a page. */
export function idAfter(page: readonly TradeRow[]): string {
  let newest = 0n;
  for (const { tradeId } of page) if (BigInt(tradeId) > newest) newest = BigInt(tradeId);
  return (newest + 1n).toString();
}

/** Exact for what a wallet shows: a guard's number, as text. */
function sumOf(free: string, locked: string): string {
  return String(Number(free) + Number(locked));
}
