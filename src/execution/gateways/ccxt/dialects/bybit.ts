/**
 * Bybit v5 through ccxt's `bybit`. Its order entry is asynchronous: an answer says that the request was taken, the private stream says what became of it.
 * Symbols carry the category in front (`linear:BTCUSDT`); a batch is of one category.
 */
import { FLAG_POST_ONLY, FLAG_REDUCE_ONLY, SIDE_BUY, TIF_FOK, TIF_IOC } from '../../../../core/memory/record.js';
import type { Instrument } from '../../../../core/orders/instrument.js';
import { capsOf } from '../../../caps.js';
import type { CallTag } from '../budget.js';
import type { Answers, Dialect, ItemAnswer, OrderItem, OrderVerb } from '../dialect.js';
import type { Exchange } from '../exchange.js';
import {
  decimalOf,
  listOf,
  msToUs,
  objectOf,
  sideOf,
  textOf,
  type AccountRows,
  type Json,
  type OrderRow,
  type PositionRow,
  type TradeRow,
  type VenueStatus,
} from '../rows.js';
import { verdictOfItem } from '../verdict.js';
import { allPages } from './paging.js';

const STATUS: Readonly<Record<string, VenueStatus>> = {
  New: 'open',
  PartiallyFilled: 'open',
  Untriggered: 'open',
  Triggered: 'open',
  Filled: 'filled',
  Cancelled: 'cancelled',
  PartiallyFilledCanceled: 'cancelled',
  Deactivated: 'cancelled',
  Rejected: 'rejected',
};
const ORDERS_PAGE = 50;
const TRADES_PAGE = 100;
const POSITIONS_PAGE = 200;
const METHOD: Readonly<Record<OrderVerb, string>> = { create: 'Create', amend: 'Amend', cancel: 'Cancel' };
const KIND: Readonly<Record<OrderVerb, CallTag['kind']>> = { create: 'new', amend: 'change', cancel: 'cancel' };
/** The venue takes 3 to 300 seconds. */
const DEAD_MAN_SECONDS = { least: 3, most: 300 };

const READ: CallTag = { kind: 'read', items: 0, weight: 1, group: '' };

export class BybitDialect implements Dialect {
  readonly canAmend = true;
  readonly isAsynchronous = true;

  batchOf(verb: OrderVerb): number {
    const caps = capsOf('bybit');
    return verb === 'create' ? caps.createBatch : verb === 'amend' ? caps.amendBatch : caps.cancelBatch;
  }

  batchKey(_verb: OrderVerb, instrument: Instrument): string {
    return categoryOf(instrument);
  }

  groupOf(instrument: Instrument): string {
    return categoryOf(instrument);
  }

  weightOf(): number {
    return 1;
  }

  async send(verb: OrderVerb, exchange: Exchange, items: readonly OrderItem[]): Promise<Answers> {
    const first = items[0];
    if (first === undefined) return new Map();
    const category = categoryOf(first.instrument);
    const tag: CallTag = { kind: KIND[verb], items: items.length, weight: 1, group: category };
    const method = `privatePostV5Order${METHOD[verb]}`;
    if (items.length === 1) {
      const answer = objectOf(await exchange.call(method, { category, ...termsOf(verb, first) }, tag, first.decidedUs), 'an answer');
      return new Map(takenOf(objectOf(answer['result'], 'result'), msToUs(answer, 'time')));
    }
    const params = { category, request: items.map((item) => termsOf(verb, item)) };
    const answer = objectOf(await exchange.call(`${method}Batch`, params, tag, first.decidedUs), 'an answer');
    return batchAnswers(answer);
  }

  async query(exchange: Exchange, { order, instrument }: OrderItem): Promise<OrderRow | null> {
    const params = { category: categoryOf(instrument), symbol: nameOf(instrument), orderLinkId: order.clientId };
    // Open and lately ended orders are in the first list, older ones in the second; absent only when in neither.
    for (const method of ['privateGetV5OrderRealtime', 'privateGetV5OrderHistory']) {
      const { list } = pageOf(await exchange.call(method, params, READ));
      const row = list.find((one) => textOf(one, 'orderLinkId') === order.clientId);
      if (row !== undefined) return orderRow(row, params.category);
    }
    return null;
  }

  async tradesOf(exchange: Exchange, { order, instrument }: OrderItem, row: OrderRow): Promise<readonly TradeRow[]> {
    const trades = await this.#trades(exchange, instrument, { orderId: row.venueOrderId });
    return trades.filter(({ clientId }) => clientId === order.clientId);
  }

  async openOrders(exchange: Exchange, instruments: readonly Instrument[]): Promise<readonly OrderRow[]> {
    const lists = await Promise.all(
      scopesOf(instruments).map(({ category, scope }) =>
        pages(exchange, 'privateGetV5OrderRealtime', { category, ...scope, limit: ORDERS_PAGE }, (row) => orderRow(row, category)),
      ),
    );
    return lists.flat();
  }

  async tradesSince(exchange: Exchange, instruments: readonly Instrument[], sinceUs: number): Promise<readonly TradeRow[]> {
    const startTime = Math.floor(sinceUs / 1_000);
    const all: TradeRow[] = [];
    for (const instrument of instruments) all.push(...(await this.#trades(exchange, instrument, { startTime })));
    return all;
  }

  async account(exchange: Exchange, instruments: readonly Instrument[]): Promise<AccountRows> {
    const contracts = instruments.filter(({ kind }) => kind !== 'spot');
    const [wallet, ...positions] = await Promise.all([
      exchange.call('privateGetV5AccountWalletBalance', { accountType: 'UNIFIED' }, READ),
      ...scopesOf(contracts).map(({ category, scope }) =>
        pages(exchange, 'privateGetV5PositionList', { category, ...scope, limit: POSITIONS_PAGE }, (row) => positionRow(row, category)),
      ),
    ]);
    const { list } = pageOf(wallet);
    const coins = list.flatMap((account) => listOf(account['coin'], 'coin'));
    return {
      wallets: coins.map((coin) => {
        const total = textOf(coin, 'walletBalance') || '0';
        const held = ['locked', 'totalOrderIM', 'totalPositionIM'].reduce((sum, key) => sum + (Number(textOf(coin, key)) || 0), 0);
        return { asset: textOf(coin, 'coin'), total, free: String(Math.max(0, Number(total) - held)) };
      }),
      positions: positions.flat(),
    };
  }

  async serverTimeMs(exchange: Exchange): Promise<number | null> {
    const answer = objectOf(await exchange.call('publicGetV5MarketTime', {}, READ), 'the time');
    return Math.floor(Number(textOf(objectOf(answer['result'], 'result'), 'timeNano')) / 1e6);
  }

  /** The venue watches its own private stream: set once, it acts when that stream has been gone for so long. It cannot be switched off, only set long. */
  async armDeadMan(exchange: Exchange, instruments: readonly Instrument[], timeoutMs: number): Promise<void> {
    const seconds = timeoutMs === 0 ? DEAD_MAN_SECONDS.most : Math.round(timeoutMs / 1_000);
    const timeWindow = Math.min(DEAD_MAN_SECONDS.most, Math.max(DEAD_MAN_SECONDS.least, seconds));
    const products = new Set(instruments.map(({ kind }) => (kind === 'spot' ? 'SPOT' : 'DERIVATIVES')));
    for (const product of products) await exchange.call('privatePostV5OrderDisconnectedCancelAll', { product, timeWindow }, READ);
  }

  #trades(exchange: Exchange, instrument: Instrument, more: Json): Promise<TradeRow[]> {
    const category = categoryOf(instrument);
    const params = { category, symbol: nameOf(instrument), ...more, limit: TRADES_PAGE };
    return pages(exchange, 'privateGetV5ExecutionList', params, (row) =>
      textOf(row, 'execType') === 'Trade' ? tradeRow(row, instrument) : null,
    );
  }
}

function categoryOf({ symbol }: Instrument): string {
  return symbol.slice(0, symbol.indexOf(':'));
}

function nameOf({ symbol }: Instrument): string {
  return symbol.slice(symbol.indexOf(':') + 1);
}

/** Lists go by category; `linear` wants a settle coin beside it. */
function scopesOf(instruments: readonly Instrument[]): { readonly category: string; readonly scope: Json }[] {
  const scopes = new Map<string, { readonly category: string; readonly scope: Json }>();
  for (const instrument of instruments) {
    const category = categoryOf(instrument);
    const scope: Json = category === 'linear' ? { settleCoin: instrument.settle } : {};
    scopes.set(category === 'linear' ? `linear ${instrument.settle}` : category, { category, scope });
  }
  return [...scopes.values()];
}

function pageOf(answer: unknown): { readonly list: readonly Json[]; readonly cursor: string } {
  const result = objectOf(objectOf(answer, 'an answer')['result'], 'result');
  return { list: listOf(result['list'], 'result.list'), cursor: textOf(result, 'nextPageCursor') };
}

function pages<Row>(
  exchange: Exchange,
  method: string,
  params: Json & { readonly limit: number },
  read: (row: Json) => Row | null,
): Promise<Row[]> {
  return allPages<Row, string>(async (cursor) => {
    const { list, cursor: after } = pageOf(await exchange.call(method, cursor === null ? params : { ...params, cursor }, READ));
    const rows = list.map((row) => read(row)).filter((row): row is Awaited<Row> & Row => row !== null);
    return { rows, after: after === '' || list.length < params.limit ? null : after };
  });
}

function termsOf(verb: OrderVerb, { order, instrument, price, qty }: OrderItem): Record<string, unknown> {
  const symbol = nameOf(instrument);
  const orderLinkId = order.clientId;
  if (verb === 'cancel') return { symbol, orderLinkId };
  if (verb === 'amend') return { symbol, orderLinkId, qty, price };
  const isPostOnly = (order.flags & FLAG_POST_ONLY) !== 0;
  const timeInForce = isPostOnly ? 'PostOnly' : order.timeInForce === TIF_IOC ? 'IOC' : order.timeInForce === TIF_FOK ? 'FOK' : 'GTC';
  return {
    symbol,
    side: order.side === SIDE_BUY ? 'Buy' : 'Sell',
    orderType: 'Limit',
    qty,
    price,
    timeInForce,
    orderLinkId,
    ...(instrument.kind !== 'spot' && (order.flags & FLAG_REDUCE_ONLY) !== 0 ? { reduceOnly: true } : {}),
  };
}

function takenOf(row: Json, tsUs: number): [string, ItemAnswer][] {
  const clientId = textOf(row, 'orderLinkId');
  return clientId === '' ? [] : [[clientId, { kind: 'taken', venueOrderId: textOf(row, 'orderId'), tsUs }]];
}

/** Two lists in parallel: which order, and what became of it. An item that does not name its order was not answered. */
function batchAnswers(answer: Json): Answers {
  const list = listOf(objectOf(answer['result'], 'result')['list'], 'result.list');
  const codes = listOf(objectOf(answer['retExtInfo'], 'retExtInfo')['list'], 'retExtInfo.list');
  const tsUs = msToUs(answer, 'time');
  const answers = new Map<string, ItemAnswer>();
  list.forEach((row, place) => {
    const outcome = codes[place];
    const clientId = textOf(row, 'orderLinkId');
    if (outcome === undefined || clientId === '') return;
    const code = textOf(outcome, 'code');
    const text = textOf(outcome, 'msg');
    if (code === '0') for (const [id, taken] of takenOf(row, tsUs)) answers.set(id, taken);
    else answers.set(clientId, { kind: 'refused', verdict: verdictOfItem('bybit', code, text), text });
  });
  return answers;
}

function orderRow(row: Json, category: string): OrderRow {
  const reason = textOf(row, 'rejectReason');
  return {
    clientId: textOf(row, 'orderLinkId'),
    venueOrderId: textOf(row, 'orderId'),
    symbol: `${category}:${textOf(row, 'symbol')}`,
    side: sideOf(row, 'side'),
    status: STATUS[textOf(row, 'orderStatus')] ?? 'open',
    price: decimalOf(row, 'price'),
    qty: decimalOf(row, 'qty'),
    cum: textOf(row, 'cumExecQty') || '0',
    reason: reason === '' || reason === 'EC_NoError' ? textOf(row, 'cancelType') : reason,
    tsUs: msToUs(row, 'updatedTime'),
    isPostOnly: textOf(row, 'timeInForce') === 'PostOnly',
    isReduceOnly: row['reduceOnly'] === true,
    fills: [],
  };
}

/** The fee's coin is named on spot; a contract's is the coin that it settles in. */
function tradeRow(row: Json, { symbol, settle }: Instrument): TradeRow {
  return {
    clientId: textOf(row, 'orderLinkId'),
    venueOrderId: textOf(row, 'orderId'),
    symbol,
    side: sideOf(row, 'side'),
    tradeId: textOf(row, 'execId'),
    price: decimalOf(row, 'execPrice'),
    qty: decimalOf(row, 'execQty'),
    fee: textOf(row, 'execFee') || '0',
    feeAsset: textOf(row, 'feeCurrency') || settle,
    isMaker: row['isMaker'] === true,
    tsUs: msToUs(row, 'execTime'),
  };
}

function positionRow(row: Json, category: string): PositionRow {
  const size = textOf(row, 'size') || '0';
  return {
    symbol: `${category}:${textOf(row, 'symbol')}`,
    qty: textOf(row, 'side') === 'Sell' && Number(size) !== 0 ? `-${size}` : size,
    entryPrice: textOf(row, 'avgPrice') || '0',
    leverage: Number(textOf(row, 'leverage')) || 0,
  };
}
